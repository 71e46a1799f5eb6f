"""What the commands share: their options, how findings are printed, and the door through which all text leaves."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tonne.catalogue import Severity
from tonne.formatting import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderHook

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


def console(stderr: bool = False) -> Console:
    """Colour on a terminal only; in a pipe no line is ever cut, so that output does not depend on the window.

    Whatever is printed, a control character from a file or a path is written out and never reaches the terminal.
    """
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)
    if not made.is_terminal:
        made = Console(
            stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False, width=UNCUT, no_color=True
        )
    made.push_render_hook(_door())
    return made


@lru_cache(maxsize=1)
def _door() -> RenderHook:
    """Everything that a console prints, with its text made visible and rich's own codes left alone."""
    from rich.console import ConsoleRenderable, RenderHook
    from rich.segment import Segment

    class Visible:
        def __init__(self, renderable: ConsoleRenderable) -> None:
            self.renderable = renderable

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
            for text, style, control in console.render(self.renderable, options):
                yield Segment(text if control else visible(text, kept="\n\t"), style, control)

    class Door(RenderHook):
        def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
            return [Visible(one) for one in renderables]

    return Door()


def say(text: str) -> None:
    """A line to standard error."""
    console(stderr=True).print(visible(text))


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
    """JSON on standard output and nothing else; what a terminal would obey is escaped by JSON's own means."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(c if c == "\n" or visible(c) == c else json.dumps(c)[1:-1] for c in text)
    sys.stdout.write(text + "\n")


def each_once(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Files without those that are named a second time, by whatever path."""
    return tuple({file.resolve(): file for file in reversed(files)}.values())[::-1]


def without_repeats(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings of several files, each once: what two of them use is looked at for both."""
    return list({(d.code, d.title, d.span.source.name, d.span.start, d.span.end): d for d in found}.values())


def exit_code(found: Iterable[Diagnostic], strict: bool) -> int:
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(d.severity in bad for d in found))
