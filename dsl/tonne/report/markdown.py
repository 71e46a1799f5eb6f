"""Pieces of Markdown: text that stays text, and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&])")
_NUMBER = r"[\d._\\]+[kMBT]?|"


def words(text: str) -> str:
    """Text that is to be read as it is, but for names between backquotes."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _SPECIAL.sub(r"\\\1", text)
    return "`".join(part if i % 2 else _SPECIAL.sub(r"\\\1", part) for i, part in enumerate(parts))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose columns of numbers stand to the right."""
    columns = zip(*rows, strict=True)
    rule = ["---:" if all(re.fullmatch(_NUMBER, cell) for cell in column) else "---" for column in columns]
    return ["", *(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows]), ""]


def code(text: str) -> str:
    """Text as code in a cell of a table: as it is written, on one line."""
    text = " ".join(text.split()).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}" if text else ""
