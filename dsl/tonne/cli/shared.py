"""What the commands share: their options and how findings are printed."""

from __future__ import annotations

import json
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

PIPE_WIDTH = 120
UNCUT = 100_000
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


def finding_style(value: F) -> F:
    """`--format` of a command that prints findings."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(["full", "short", "json"]),
        default="full",
        help="How findings are printed.",
    )(value)


def console(stderr: bool = False) -> Console:
    """Colour on a terminal only; in a pipe no line is ever cut, so that output does not depend on the window."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)
    if made.is_terminal:
        return made
    return Console(
        stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False, width=UNCUT, no_color=True
    )


def width_of(out: Console) -> int:
    """The width that tables are laid out for."""
    return out.width if out.is_terminal else PIPE_WIDTH


def print_findings(found: Iterable[Diagnostic], style: str, *, stderr: bool) -> None:
    """Diagnostics in full or one a line, with a count at the end."""
    found = list(found)
    if not found:
        return
    from rich.text import Text

    from tonne.report.diagnostics import in_full, one_line, summary

    out = console(stderr)
    for index, one in enumerate(found):
        if style == "short":
            out.print(Text(one_line(one)))
        else:
            if index:
                out.print()
            out.print(in_full(one))
    counts = summary(found)
    if counts and style != "short":
        out.print()
        out.print(Text(counts))


def print_json(document: Any) -> None:
    """JSON on standard output and nothing else."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def exit_code(found: Iterable[Diagnostic], strict: bool) -> int:
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(d.severity in bad for d in found))
