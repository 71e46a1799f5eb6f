"""`--plot`: what a command tells as a picture in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tonne.cli.shared import echo

if TYPE_CHECKING:
    from tonne.run import Run
    from tonne.scenario import Evaluated
    from tonne.swept import Swept

F = TypeVar("F", bound=Callable[..., Any])
_FORMATS = ("svg", "png", "pdf")


def plotting(what: str) -> Callable[[F], F]:
    """`--plot FILE`; `what` says what is drawn."""
    return click.option(
        "--plot",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_checked,
        metavar="FILE",
        help=f"Draw {what}: FILE.svg, .png or .pdf.",
    )


def _checked(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """What can be said of the option before anything is evaluated."""
    if value is None:
        return None
    if value.suffix.lower().removeprefix(".") not in _FORMATS:
        raise click.BadParameter(f"`{value.name}` names no format: end it in {', '.join(f'.{f}' for f in _FORMATS)}")
    if not value.resolve().parent.is_dir():
        raise click.BadParameter(f"there is no folder `{value.parent}`")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise click.UsageError('--plot needs the package matplotlib: pip install "tonne[plot]"') from None
    return value


def drawn_run(target: Path, file: Path, made: Evaluated) -> None:
    """The picture of a run: distributions where it was sampled, else its optimum, else its cases."""
    from tonne.report.study_picture import draw_cases, draw_distributions

    run = made.run
    if run is not None and run.sampled is not None:
        _write(target, lambda style: draw_distributions(made, file.name, style))
    elif made.cases and (run is None or not run.solved):
        _write(target, lambda style: draw_cases(made, file.name, style))
    else:
        drawn(target, file, run, None)


def drawn_sweep(target: Path, file: Path, swept: Swept) -> None:
    from tonne.report.study_picture import draw_sweep

    _write(target, lambda style: draw_sweep(swept, file.name, style))


def drawn(target: Path, file: Path, run: Run | None, name: str | None) -> None:
    """Writes the picture of an optimum, the only one or the one of that name; says why there is none, and ends with 2."""
    from tonne.report.picture import draw

    solved = {} if run is None else {study.name: one for study, one in run.solved.items()}
    if name is None and len(solved) > 1:
        names = ", ".join(solved)
        raise click.UsageError(
            f"{file} has several optima ({names}); draw one: tonne derive {file} NAME --plot {target}"
        )
    one = next(iter(solved.values()), None) if name is None else solved.get(name)
    if one is None:
        have = "no optimum with a solution and no case, and was not sampled (`--draws N`)"
        raise click.UsageError(f"{file} has {have}, so there is nothing to draw")
    _write(target, lambda style: draw(one, file.name, style))


def _write(target: Path, draw: Callable[[str], bytes]) -> None:
    from tonne.report.page import NoPicture
    from tonne.write import write_atomically

    try:
        picture = draw(target.suffix.lower().removeprefix("."))
    except NoPicture as why:
        raise click.UsageError(str(why)) from None
    try:
        write_atomically(target, picture)
    except OSError as error:
        raise click.UsageError(f"cannot write {target}: {error.strerror or error}") from None
    echo(f"drawn: {target}", err=True)
