"""Lines that stand below each other, in columns.

Takes the lines of a run, each cut into cells; gives their text, where cells of one column begin below each other. A line
that is much longer than the others of its run keeps its own width, so that it does not push them to the right.
Where a cell stands follows from the words of the run alone, never from where it stood.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from statistics import median_low

FARTHEST = 40  # a line this much wider than the middle one of its run is left out
CONTINUED = 4  # how far a line that goes on is indented where it has no column to go to
_COMMENT_GAP = 2


class Column(IntEnum):
    """What a cell begins with; in this order on a line."""

    START = 0
    BRACE = 1
    COLON = 2
    EQUAL = 3  # also the `in` of a `vary`, and a line that starts with `or`
    SOURCE = 4  # `from` or `assumed`


_GAPS = {Column.BRACE: 1, Column.COLON: 1, Column.EQUAL: 1, Column.SOURCE: 2}


@dataclass
class Line:
    """A line in the making. A line that continues another may begin with a later column; `comment` stands at its end."""

    indent: int
    cells: list[tuple[Column, str]] = field(default_factory=list)
    comment: str = ""


def aligned(lines: Sequence[Line]) -> list[str]:
    """The text of the lines of one run."""
    made = [" " * line.indent + line.cells[0][1] if line.cells[0][0] is Column.START else None for line in lines]
    for column, gap in _GAPS.items():
        of = [next((i for i, (c, _) in enumerate(line.cells) if c is column), None) for line in lines]
        widths = {
            index: width(text) + gap
            for index, (text, cell) in enumerate(zip(made, of, strict=True))
            if text is not None and cell is not None
        }
        target = _target(list(widths.values()))
        for index, cell in enumerate(of):
            if cell is None:
                continue
            before = made[index] or ""
            at = target if index in widths or target else lines[index].indent + CONTINUED
            at = max(at, widths.get(index, 0))
            made[index] = before + " " * (at - width(before)) + lines[index].cells[cell][1]
    return _with_comments([text or "" for text in made], lines)


def _target(widths: list[int]) -> int:
    """The column of those that are not far wider than the middle one; 0 where there are none."""
    return max((w for w in widths if w <= median_low(widths) + FARTHEST), default=0)


def _with_comments(texts: list[str], lines: Sequence[Line]) -> list[str]:
    """Comments of lines that follow each other stand below each other."""
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].comment:
            end += 1
        widths = [width(text) + _COMMENT_GAP for text in texts[start:end]]
        target = _target(widths)
        for index, own in enumerate(widths, start):
            texts[index] += " " * (max(target, own) - own + _COMMENT_GAP) + lines[index].comment
        start = max(end, start + 1)
    return texts


def width(text: str) -> int:
    """How many columns a text takes: two for a wide character, none for an accent that joins the one before."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
