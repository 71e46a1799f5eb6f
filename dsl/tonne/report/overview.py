"""A scenario at a glance: what it says of itself, its instances and lets, what is set anew, what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tonne.names import Instance, Let
from tonne.report.diagnostics import clean, summary
from tonne.scenario import Checked


def overview(checked: Checked, overrides: Mapping[str, str]) -> list[RenderableType]:
    """The parts of an overview, for a terminal or a page."""
    parts: list[RenderableType] = [Text(clean(checked.path.name), "bold")]
    if checked.project is not None:
        doc = checked.project.entry.module.doc
        parts += [Text(clean(" ".join(doc.split())))] if doc else []
        parts += [_names([*checked.project.instances, *checked.project.lets])]
    parts += [Text(clean(f"{path} = {value}"), "cyan") for path, value in overrides.items()]
    return [*parts, Text(summary(checked.diagnostics) or "nothing to mend", "dim")]


def _names(symbols: Iterable[Instance | Let]) -> Table:
    table = Table("name", "kind", "")
    for one in symbols:
        doc = one.declaration.doc if isinstance(one, Instance) else None
        kind = one.kind.name if isinstance(one, Instance) else "let"
        table.add_row(one.name, kind, Text(clean(" ".join((doc or "").split()))))
    return table
