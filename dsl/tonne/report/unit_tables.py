"""Units and conversions as tables, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.text import Text

from tonne.formatting import exact, figure
from tonne.unit_list import Conversion, Named, Row
from tonne.unit_prefixes import SI_PREFIXES

_DIGITS = 6


def as_text(found: Sequence[Named | Conversion]) -> Text:
    """Dimensions with their units below, conversions a line a unit."""
    rows = [r for one in found if isinstance(one, Named) for r in one.rows]
    widths = [max((len(cell) for cell in column), default=0) for column in zip(*map(_cells, rows), strict=True)]
    lines: list[Text] = []
    after_line = False
    for one in found:
        is_line = isinstance(one, Named) and not one.rows
        lines += [Text("")] if lines and not (is_line and after_line) else []
        after_line = is_line
        lines += _conversion(one) if isinstance(one, Conversion) else _named(one, widths)
    if any(r.prefixes == SI_PREFIXES for r in rows):
        lines += [Text(""), Text(f"prefixes si: {' '.join(SI_PREFIXES)}", "dim")]
    return Text("\n").join(lines)


def _cells(row: Row) -> tuple[str, str, str]:
    return row.word, row.name if row.name != row.word else "", f"= {row.definition}" if row.definition else ""


def _named(one: Named, widths: Sequence[int]) -> list[Text]:
    head = Text(one.name.removeprefix("a "), "bold")
    if not one.rows:
        return [head.append(f"   {one.unit}", "not bold")]
    lines = [head]
    for row in one.rows:
        cells = [f"{cell:{width}}" for cell, width in zip(_cells(row), widths, strict=True) if width]
        extra = [f"prefixes {row.takes}"] if row.prefixes else []
        extra += [f"also {', '.join(row.aliases)}"] if row.aliases else []
        lines.append(Text(f"  {'   '.join([*cells, '   '.join(extra)])}".rstrip()))
    return lines


def _conversion(one: Conversion) -> list[Text]:
    """`1287 MWh = 4,633.2 GJ   energy`, a line a unit."""
    quantity = one.quantity
    left = f"{figure(quantity.amount, max(_DIGITS, quantity.digits))} {quantity.unit.word}"
    lines: list[Text] = []
    for amount, unit in one.results:
        line = Text(left if not lines else " " * len(left))
        line.append(" = ").append(figure(amount, max(_DIGITS, quantity.digits)), "bold green").append(f" {unit}")
        lines.append(line)
    if not lines:
        lines.append(Text(left))
    lines[0].append(f"   {one.dimension}", "dim")
    return lines


def as_json(found: Iterable[Named | Conversion]) -> dict[str, Any]:
    """`units` are declared units, `dimensions` names without a unit of their own, `conversions` are not rounded."""
    units, dimensions, conversions = [], [], []
    for one in found:
        if isinstance(one, Conversion):
            conversions.append(
                {
                    "value": exact(one.quantity.amount),
                    "unit": one.quantity.unit.word,
                    "dimension": one.dimension,
                    "in": [{"value": exact(value), "unit": unit} for value, unit in one.results],
                }
            )
        elif one.rows:
            units += [_row(r) for r in one.rows]
        else:
            dimensions.append({"name": one.name, "unit": one.unit})
    return {"version": 1, "units": units, "dimensions": dimensions, "conversions": conversions}


def _row(row: Row) -> dict[str, Any]:
    return {
        "word": row.word,
        "name": row.name,
        "dimension": row.dimension,
        "definition": row.definition or None,
        "factor": exact(row.factor),
        "base": row.base,
        "prefixes": list(row.prefixes),
        "aliases": list(row.aliases),
    }
