"""`--plot`: an optimum as a picture in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tonne.cli.shared import echo

if TYPE_CHECKING:
    from tonne.run import Run

F = TypeVar("F", bound=Callable[..., Any])
_FORMATS = ("svg", "png", "pdf")


def plotting(value: F) -> F:
    """`--plot FILE`."""
    return click.option(
        "--plot",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_checked,
        metavar="FILE",
        help="Draw the optimum against the requests of a lifetime: FILE.svg, .png or .pdf.",
    )(value)


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


def drawn(target: Path, file: Path, run: Run | None, name: str | None) -> None:
    """Writes the picture of an optimum, the only one or the one of that name; says why there is none, and ends with 2."""
    from tonne.report.picture import NoPicture, draw
    from tonne.write import write_atomically

    solved = {} if run is None else {study.name: one for study, one in run.solved.items()}
    if name is None and len(solved) > 1:
        names = ", ".join(solved)
        raise click.UsageError(
            f"{file} has several optima ({names}); draw one: tonne derive {file} NAME --plot {target}"
        )
    one = next(iter(solved.values()), None) if name is None else solved.get(name)
    if one is None:
        raise click.UsageError(f"{file} has no optimum with a solution, so there is nothing to draw")
    try:
        picture = draw(one, file.name, target.suffix.lower().removeprefix("."))
    except NoPicture as why:
        raise click.UsageError(str(why)) from None
    try:
        write_atomically(target, picture)
    except OSError as error:
        raise click.UsageError(f"cannot write {target}: {error.strerror or error}") from None
    echo(f"drawn: {target}", err=True)
