"""Entries of the standard library as tables, in full, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from tonne.bibliography import plain, reference
from tonne.browse import Category, Entry, Fact, columns, unit_of
from tonne.citations import Bibliography, Source
from tonne.formatting import exact
from tonne.report.diagnostics import clean
from tonne.report.plain_table import plain_table

_GAP = 3  # blanks between two columns
_LEAST = 16  # the least room that a description is given
_WHAT = "what it is"


def as_overview(found: Sequence[Category]) -> RenderableType:
    table = plain_table("")
    for head in ("category", "", "for example", "files"):
        table.add_column(head, justify="left" if head else "right", overflow="fold")
    for one in found:
        table.add_row(Text(one.name, "bold"), str(one.count), one.example, Text(", ".join(one.files), "dim"))
    return table


def as_tables(found: Sequence[Entry], width: int, first: str | None = None) -> list[RenderableType]:
    """One table a kind; the column `first` is never left out. Where the width does not hold all columns a line says so."""
    parts: list[RenderableType] = []
    for kind in dict.fromkeys(e.kind for e in found):
        here = [e for e in found if e.kind == kind]
        parts += [Text("")] if parts else []
        parts.append(_kinds(here, width) if kind == "kind" else _table(kind, here, width, first))
    return parts


def _kinds(found: Sequence[Entry], width: int) -> RenderableType:
    table = plain_table("")
    table.add_column("kind", no_wrap=True)
    table.add_column("fields", justify="right")
    table.add_column(_WHAT, overflow="fold")
    for entry in found:
        table.add_row(Text(entry.name, "bold"), str(len(entry.facts)), clean(entry.doc))
    return table


def _table(kind: str, found: Sequence[Entry], width: int, first: str | None) -> RenderableType:
    names = columns(found)
    if first in names:
        names = [first, *(n for n in names if n != first)]
    made = [_Column(n, unit_of(kind, n), [_cell(e.fact(n), unit_of(kind, n)) for e in found], True) for n in names]
    use = _Column("use", "", [e.module for e in found], False)
    period = _Column("period", "", [clean(f.written) if (f := e.fact("period")) else "" for e in found], False)
    what = _Column(_WHAT, "", [clean(e.what) for e in found], False)
    # By how much they matter where not all have room.
    wanted = [*made[:1], use, period, *made[1:2], what, *made[2:]]
    left = width - _widest([kind, *(e.name for e in found)])
    shown: list[_Column] = []
    for column in wanted:
        needed = _GAP + (_LEAST if column is what else column.width)
        if any(column.cells) and needed <= left:
            shown.append(column)
            left -= needed
    table = plain_table("")
    table.add_column(kind, no_wrap=True, style="bold")
    ordered = [c for c in (*made, period, use, what) if c in shown]
    for column in ordered:
        head = f"{column.name}\n{column.unit}".rstrip()
        table.add_column(head, justify="right" if column.is_value else "left", no_wrap=True)
    room = left + _LEAST
    cells = [[_shortened(c, room) for c in column.cells] if column is what else column.cells for column in ordered]
    for entry, *row in zip(found, *cells, strict=True):
        table.add_row(entry.name, *row)
    hidden = [c.name for c in wanted if c not in shown and any(c.cells)]
    if not hidden:
        return table
    return Group(table, Text(f"no room for {', '.join(hidden)}; --long shows all", "dim"))


@dataclass(frozen=True, eq=False)
class _Column:
    name: str
    unit: str
    cells: list[str]
    is_value: bool

    @property
    def width(self) -> int:
        return _widest([self.name, self.unit, *self.cells])


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _widest(texts: Sequence[str]) -> int:
    return max((len(t) for t in texts), default=0)


def _cell(fact: Fact | None, unit: str) -> str:
    """A value without its unit where it is the column's own."""
    if fact is None:
        return ""
    return clean(fact.written.removesuffix(unit).rstrip() if fact.unit == unit else fact.written)


def in_full(entry: Entry, sources: Bibliography) -> Text:
    """Everything that is stated of an entry: each line with its unit and source, then the sources, then how to use it."""
    text = Text()
    text.append(entry.name, "bold").append(f"  {entry.kind}  ").append(f"{entry.file}:{entry.line}", "dim")
    if entry.doc:
        text.append(f"\n  {clean(entry.doc)}")
    text.append("\n")
    names = _widest([f.name for f in entry.facts])
    middle = _widest([f.unit if entry.kind == "kind" else f.written for f in entry.facts])
    for fact in entry.facts:
        text.append(f"\n  {fact.name:{names}}   ")
        if entry.kind == "kind":
            _add_formulas(text, fact, names, middle)
        else:
            text.append(clean(fact.written), "bold")
            if fact.provenance is not None:
                text.append(" " * (middle - len(fact.written) + _GAP))
                text.append(clean(str(fact.provenance)), "cyan")
    cited = _sources(entry, sources)
    text.append("\n" if cited else "")
    for key, source in cited.items():
        told = reference(source) if source is not None else "not in the bibliography"
        text.append(f"\n  {key}: {clean(told)}", "cyan")
    if entry.use:
        text.append(f"\n\n  {entry.use}", "green")
    else:
        text.append(f"\n\n  {entry.name} NAME {{ … }}", "green").append("   in scope everywhere, without `use`", "dim")
    return text


def _add_formulas(text: Text, fact: Fact, names: int, units: int) -> None:
    """A field of a kind: its type, its formulas one below the other, and beside the first what its line says of it."""
    text.append(fact.unit, "green")
    first, *more = fact.written.splitlines() or [""]
    source = "" if fact.provenance is None else f"[{fact.provenance}]"
    beside = [f"= {first}" if first else "", *(clean(w) for w in (fact.note, source))]
    beside = [w for w in beside if w]
    if beside:
        text.append(" " * (units - len(fact.unit) + _GAP) + beside[0], "" if first else "dim")
        for about in beside[1:]:
            text.append(f"   {about}", "dim")
    for formula in more:
        text.append(f"\n{' ' * (names + units + 2 * _GAP + 1)}{formula}")


def _sources(entry: Entry, sources: Bibliography) -> dict[str, Source | None]:
    cited = [c.key for f in entry.facts if f.provenance is not None for c in f.provenance.citations]
    return {key: sources.entries.get(key) for key in dict.fromkeys(cited)}


# ── JSON ──


def overview_as_json(found: Sequence[Category]) -> dict[str, Any]:
    return {
        "version": 1,
        "categories": [{"name": c.name, "count": c.count, "files": list(c.files), "example": c.example} for c in found],
    }


def as_json(found: Sequence[Entry], sources: Bibliography) -> dict[str, Any]:
    """Every entry in full; `value` is in `unit`, as written, and None for what is no plain number."""
    return {"version": 1, "entries": [_entry(e, sources) for e in found]}


def _entry(entry: Entry, sources: Bibliography) -> dict[str, Any]:
    return {
        "name": entry.name,
        "category": entry.category,
        "kind": entry.kind,
        "module": entry.module,
        "use": entry.use or None,
        "doc": entry.doc or None,
        "file": entry.file,
        "line": entry.line,
        "fields": [_fact(f, sources) for f in entry.facts],
    }


def _fact(fact: Fact, sources: Bibliography) -> dict[str, Any]:
    provenance = fact.provenance
    return {
        "name": fact.name,
        "text": fact.written or None,
        "value": None if fact.number is None else exact(fact.number),
        "unit": fact.unit or None,
        "line": fact.line,
        "note": fact.note or None,
        "assumed": None if provenance is None else provenance.assumed,
        "described": None if provenance is None else provenance.described,
        "sources": [
            {
                "key": c.key,
                "locator": c.locator,
                **{
                    name: (plain(source, name) or None) if source is not None else None
                    for name in ("author", "title", "year", "url")
                },
            }
            for c in (provenance.citations if provenance is not None else ())
            for source in [sources.entries.get(c.key)]
        ],
    }
