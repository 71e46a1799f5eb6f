"""Runs of a record by their id, for as many as there are: beyond a few megabytes they lie in a file that the system forgets.

A tool that writes out a running total writes several rows of one run; the last of them counts, and the store keeps that one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

# Runs lie in the order in which they came; what the ids need to be found by stays in the cache. Nothing of it outlives the
# program, so that no journal is kept.
_TABLE = """PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;
CREATE TABLE runs (
  id TEXT PRIMARY KEY, first INTEGER, line INTEGER, rows INTEGER, total REAL, fell INTEGER, title TEXT, run TEXT
)"""
# The last row of a run takes the place of the one before; where the total falls, the line that it falls at is kept.
_ADD = """INSERT INTO runs VALUES (?, ?, ?, 1, ?, 0, ?, ?) ON CONFLICT (id) DO UPDATE SET
  rows = rows + 1, fell = CASE WHEN excluded.total < total AND fell = 0 THEN excluded.line ELSE fell END,
  line = excluded.line, total = excluded.total, title = excluded.title, run = excluded.run"""
_BLOCK = 1_000


class Runs:
    """Runs in the order in which they first appear."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("")  # private, in memory at first, on disk where it grows
        self._base.executescript(_TABLE)
        self._waiting: list[tuple[Any, ...]] = []
        self._wanted = ""
        self._values: tuple[str | int, ...] = ()

    def add(self, id: str, line: int, total: float, title: str, run: dict[str, Any]) -> None:
        """A row of a run; `total` is what only grows while it runs."""
        self._waiting.append((id, line, line, total, title, json.dumps(run)))
        if len(self._waiting) >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        self._base.executemany(_ADD, self._waiting)
        self._waiting.clear()

    def choose(self, words: str) -> None:
        """Only the runs whose id begins with these words, or whose title they are."""
        self._wanted, self._values = " WHERE substr(id, 1, ?) = ? OR title = ?", (len(words), words, words)

    def __len__(self) -> int:
        self._flush()
        count: int = self._base.execute(f"SELECT COUNT(*) FROM runs{self._wanted}", self._values).fetchone()[0]
        return count

    def repeated(self) -> int:
        """How many rows are earlier ones of a run that has a later one."""
        self._flush()
        return int(self._base.execute(f"SELECT TOTAL(rows - 1) FROM runs{self._wanted}", self._values).fetchone()[0])

    def fallen(self) -> tuple[int, int, str] | None:
        """A run whose total falls: the line at which it does, that of its first row, its id."""
        self._flush()
        found: tuple[int, int, str] | None = self._base.execute(
            "SELECT fell, first, id FROM runs WHERE fell > 0 ORDER BY fell"
        ).fetchone()
        return found

    def names(self, most: int) -> list[str]:
        """The ids of the first runs."""
        self._flush()
        return [row[0] for row in self._base.execute("SELECT id FROM runs ORDER BY rowid LIMIT ?", (most,))]

    def __iter__(self) -> Iterator[tuple[str, int, str, dict[str, Any]]]:
        """Id, line of the row that counts, title, and what it says."""
        self._flush()
        query = f"SELECT id, line, title, run FROM runs{self._wanted} ORDER BY rowid"
        for id, line, title, run in self._base.execute(query, self._values):
            yield id, line, title, json.loads(run)
