"""What the commands share: their options and how findings are printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tonne.catalogue import Severity

if TYPE_CHECKING:
    from rich.console import Console

    from tonne.diagnostic import Diagnostic

F = TypeVar("F", bound=Callable[..., Any])

SCENARIO = click.Path(exists=True, dir_okay=False, path_type=Path)


def setting(value: F) -> F:
    """`--set PATH=VALUE`."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="PATH=VALUE",
        callback=_settings,
        help="Bind a field or a `let` anew, such as pretrain.pue=1.2 or pretrain.grid=grids.us.quebec. May be repeated.",
    )(value)


def _settings(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"`{value}` has no `=`; write PATH=VALUE, such as pretrain.pue=1.2")
    return values


def strict(value: F) -> F:
    return click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")(value)


def console(stderr: bool = False) -> Console:
    """Colour on a terminal only; in a pipe no line is ever cut, so that output does not depend on the window."""
    from rich.console import Console

    from tonne.report.text import plain_console

    made = Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)
    return made if made.is_terminal else plain_console(stderr=stderr)


def width_of(out: Console) -> int:
    """The width that tables are laid out for."""
    from tonne.report.text import WIDTH

    return out.width if out.is_terminal else WIDTH


def print_findings(found: Iterable[Diagnostic], style: str, *, stderr: bool) -> None:
    """Diagnostics in full or one a line, with a count at the end."""
    found = list(found)
    if not found:
        return
    from rich.text import Text

    from tonne.report.diagnostics import all_in_full, one_line

    out = console(stderr)
    for text in [Text(one_line(one)) for one in found] if style == "short" else all_in_full(found):
        out.print(text)


def print_json(document: Any) -> None:
    """JSON on standard output and nothing else."""
    from tonne.report.as_json import as_text

    sys.stdout.write(as_text(document) + "\n")


def exit_code(found: Iterable[Diagnostic], strict: bool) -> int:
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(d.severity in bad for d in found))
