"""Reports as plain text: what the commands print into a pipe.

Takes what `tables`, `diagnostics` and `explanation` make; gives one text without colour, in which no line is cut.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.segment import Segment

from tonne.formatting import visible

WIDTH = 120  # that tables are laid out for
UNCUT = 100_000


def to_text(parts: Iterable[RenderableType]) -> str:
    """The parts one below the other, without a newline at the end."""
    out = io.StringIO()
    console = plain_console(out)
    for part in parts:
        console.print(part)
    return out.getvalue().rstrip("\n")


def plain_console(file: TextIO | None = None, *, stderr: bool = False) -> Console:
    """No colour, and no line is ever cut, so that output does not depend on a window."""
    return guarded(
        Console(
            file=file,
            stderr=stderr,
            highlight=False,
            soft_wrap=True,
            emoji=False,
            markup=False,
            width=UNCUT,
            no_color=True,
            force_terminal=False,  # whatever FORCE_COLOR says
            force_jupyter=False,  # in a notebook's kernel rich would show each part at once
        )
    )


def guarded(console: Console) -> Console:
    """A console that writes out what a terminal would obey, in whatever it prints; rich's own codes pass."""
    console.push_render_hook(_Door())
    return console


class _Door(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(one) for one in renderables]


class _Visible:
    def __init__(self, renderable: ConsoleRenderable) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for text, style, control in console.render(self.renderable, options):
            yield Segment(text if control else visible(text, kept="\n\t"), style, control)
