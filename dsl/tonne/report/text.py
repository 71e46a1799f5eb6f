"""Reports as plain text: what the commands print into a pipe.

Takes what `tables`, `diagnostics` and `explanation` make; gives one text without colour, in which no line is cut.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, RenderableType

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
    return Console(
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
