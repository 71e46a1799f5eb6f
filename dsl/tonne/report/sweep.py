"""A sweep as tables for a person, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from textwrap import fill
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tonne.axes import Axis, Spaced, told
from tonne.diagnostic import Diagnostic
from tonne.formatting import exact, figure
from tonne.numeric.sample import Distribution
from tonne.numeric.sweep import along_of
from tonne.report.as_json import VERSION, distribution_as_json
from tonne.report.diagnostics import as_json, clean
from tonne.report.draws import IN_A_CELL, Figures, legend, with_error
from tonne.report.plain_table import plain_table
from tonne.swept import Column, Crossing, Swept

MISSING = "—"
# Rows of a table; what has more is told by its extremes.
MOST_ROWS = 60
# Columns of numbers side by side, of a table with a choice or an axis across.
MOST_ACROSS = 8
MOST_CROSSINGS = 12
# Rows of a document of JSON; what has more is told by its extremes.
MOST_IN_JSON = 100_000
# Combinations of choices that are each told with their extremes.
MOST_CHOSEN = 12


def sweep_as_tables(swept: Swept, width: int) -> list[RenderableType]:
    """The cells where they are few, else least, greatest and mean; then where options cross."""
    parts: list[RenderableType] = [Text(clean(swept.name), "bold")]
    if swept.doc:
        parts.append(Text(fill(clean(swept.doc), width), "italic"))
    parts.append(Text(""))
    parts += _cells(swept, width) if swept.points <= MOST_ROWS else _extremes(swept)
    lines = list(_crossing_lines(swept))
    if lines:
        parts += [Text(""), *(Text(fill(line, width, subsequent_indent="  ")) for line in lines)]
    if swept.found is not None:
        parts += [Text(""), legend(swept.found, width, IN_A_CELL)]
    return parts


# ── few cells ──


def _cells(swept: Swept, width: int) -> Iterator[RenderableType]:
    across = _across(swept)
    if across is None:
        columns = [
            (_with_unit(column.text, column.unit.word), [_told(swept, *where, at) for where in _places(swept)])
            for at, column in enumerate(swept.columns)
        ]
        labels = [swept.labels(*where) for where in _places(swept)]
        yield from _fitted("", list(swept.axes), labels, columns, width)
        return
    place = swept.axes.index(across)
    rest = [axis for axis in swept.axes if axis is not across]
    unit = "" if across.is_choice or across.unit.word == "ratio" else f" {across.unit.word}"
    for at, column in enumerate(swept.columns):
        if at:
            yield Text("")
        rows: dict[tuple[int, ...], dict[int, str]] = {}
        labels_of: dict[tuple[int, ...], list[str]] = {}
        for where in _places(swept):
            index, named = swept.indices(*where), swept.labels(*where)
            key = (*index[:place], *index[place + 1 :])
            labels_of.setdefault(key, [*named[:place], *named[place + 1 :]])
            rows.setdefault(key, {})[index[place]] = _told(swept, *where, at)
        columns = []
        for i in range(across.size):
            head = f"{clean(across.path) if i == 0 else ''}\n{across.label(i)}{unit}"
            columns.append((head, [row.get(i, MISSING) for row in rows.values()]))
        title = _with_unit(column.text, column.unit.word, " ")
        yield from _fitted(title, rest, list(labels_of.values()), columns, width)


def _places(swept: Swept) -> Iterator[tuple[int, int]]:
    """The number of the combination and of the cell, of each row."""
    for number in range(len(swept.combinations)):
        yield from ((number, cell) for cell in range(swept.cells))


def _across(swept: Swept) -> Axis | None:
    """The axis whose values stand side by side: the last choice, or of two axes of numbers the shorter."""
    if len(swept.axes) < 2:
        return None
    choices = [axis for axis in swept.choices if axis.size <= MOST_ACROSS]
    if choices:
        return choices[-1]
    numbers = [axis for axis in swept.numbers if axis.size <= MOST_ACROSS]
    return min(numbers, key=lambda axis: axis.size) if numbers and not swept.choices else None


def _fitted(
    title: str, axes: list[Axis], labels: list[list[str]], columns: list[tuple[str, list[str]]], width: int
) -> Iterator[RenderableType]:
    """As many columns to a table as the width holds, each table with the axes; no figure is ever cut."""

    def wide(head: str, cells: list[str]) -> int:
        return 3 + max(map(len, [*head.split("\n"), *cells]), default=0)

    heads = [_head(axis) for axis in axes]
    around = sum(wide(head, [row[i] for row in labels]) for i, head in enumerate(heads))
    start = 0
    while start < len(columns):
        end, used = start + 1, around + wide(*columns[start])
        while end < len(columns) and used + wide(*columns[end]) <= width:
            used += wide(*columns[end])
            end += 1
        table = plain_table(title if start == 0 else "")
        for axis, head in zip(axes, heads, strict=True):
            table.add_column(head, justify="left" if axis.is_choice else "right", no_wrap=True)
        for head, _ in columns[start:end]:
            table.add_column(head, justify="right", no_wrap=True)
        for row, label in enumerate(labels):
            table.add_row(*label, *(cells[row] for _, cells in columns[start:end]))
        if start:
            yield Text("")
        yield table
        start = end


def _told(swept: Swept, number: int, cell: int, at: int) -> str:
    unit = swept.columns[at].unit
    if swept.sampled is not None:
        one = swept.sampled[number][at][cell]
        if isinstance(one, Distribution):
            return Figures(one, unit).interval() if one.draws else MISSING
        errors = None if swept.errors is None else swept.errors[number][at]
        return with_error(one / unit.factor, errors[cell] / unit.factor if errors else 0.0)
    assert swept.values is not None
    return figure(float(swept.values[number][at].reshape(-1)[cell]) / unit.factor)


def _head(axis: Axis) -> str:
    return _with_unit(axis.path, "" if axis.is_choice else axis.unit.word)


def _with_unit(text: str, unit: str, between: str = "\n") -> str:
    return clean(text) + (f"{between}({unit})" if unit not in ("", "ratio") else "")


# ── many cells ──


def _extremes(swept: Swept) -> Iterator[RenderableType]:
    for at, column in enumerate(swept.columns):
        table = plain_table(_with_unit(column.text, column.unit.word, " "))
        for axis in swept.choices:
            table.add_column(_head(axis), no_wrap=True)
        table.add_column("")
        table.add_column("", justify="right")
        for axis in swept.numbers:
            table.add_column(f"at {_head(axis)}", justify="right")
        if len(swept.combinations) > MOST_CHOSEN:
            _overall(swept, at, column, table)
        else:
            for number in range(len(swept.combinations)):
                _of_combination(swept, number, at, column, table)
        yield table
        yield Text("")
    many = f"{swept.cells:,} cells" if len(swept.combinations) == 1 else f"{swept.cells:,} cells for each choice"
    sizes = " × ".join(f"{clean(axis.path)} {axis.size:,}" for axis in swept.axes)
    yield Text(f"{many}: {sizes}. `--out FILE.parquet` or `.csv` writes all of them.", "dim")


def _of_combination(swept: Swept, number: int, at: int, column: Column, table: Table) -> None:
    """Least, greatest and mean of one combination of choices."""
    labels = [axis.label(i) for axis, i in zip(swept.choices, swept.combinations[number], strict=True)]
    least, low, greatest, high, mean = extremes(swept, number, at)
    factor = column.unit.factor
    table.add_row(*labels, "least", figure(least / factor), *_where(swept, low))
    table.add_row(*[""] * len(labels), "greatest", figure(greatest / factor), *_where(swept, high))
    table.add_row(*[""] * len(labels), "mean", figure(mean / factor))


def _overall(swept: Swept, at: int, column: Column, table: Table) -> None:
    """The same over all combinations, of which there are very many."""
    found = [(number, extremes(swept, number, at)) for number in range(len(swept.combinations))]
    known = [(number, one) for number, one in found if one[0] == one[0]]
    if not known:
        return
    factor = column.unit.factor
    least, greatest = min(known, key=lambda one: one[1][0]), max(known, key=lambda one: one[1][2])
    for word, (number, one), place in (("least", least, 0), ("greatest", greatest, 2)):
        labels = [axis.label(i) for axis, i in zip(swept.choices, swept.combinations[number], strict=True)]
        table.add_row(*labels, word, figure(one[place] / factor), *_where(swept, int(one[place + 1])))
    mean = math.fsum(one[4] for _, one in known) / len(known)
    table.add_row(*[""] * len(swept.choices), "mean", figure(mean / factor))


def extremes(swept: Swept, number: int, at: int) -> tuple[float, int, float, int, float]:
    """Least, its cell, greatest, its cell and mean of a column in one combination; of a sampled one, of its medians."""
    if swept.along is not None:
        one = swept.along[number][at]
    elif swept.sampled is not None:
        one = along_of([d.median if isinstance(d, Distribution) else d for d in swept.sampled[number][at]])
    else:
        assert swept.values is not None
        one = along_of(swept.values[number][at])
    return one.least, one.least_at, one.greatest, one.greatest_at, _mean(one.mean, one.least, one.greatest)


def _mean(mean: float, least: float, greatest: float) -> float:
    """A mean, 0 where it is nothing but the rounding of what it is made of."""
    return 0.0 if abs(mean) < 1e-14 * max(abs(least), abs(greatest)) else mean


def _where(swept: Swept, cell: int) -> list[str]:
    return [axis.label(i) for axis, i in zip(swept.numbers, swept.index(cell), strict=True)]


# ── crossings ──


def _crossing_lines(swept: Swept) -> Iterator[str]:
    for one in swept.crossings[:MOST_CROSSINGS]:
        yield crossing_line(one)
    more = len(swept.crossings) - MOST_CROSSINGS
    if more > 0:
        yield f"{more} more crossings; `--format json` lists all of them."


def crossing_line(one: Crossing) -> str:
    """`pretrain.co2e: quebec is lower below us.carbon_intensity = 212 gCO2e/kWh, us above it`."""
    of = "" if one.column is None else f"{one.column.text}: "
    where = f" ({', '.join(f'{path} = {label}' for path, label in one.where)})" if one.where else ""
    at = f"{one.axis.path} = {told(one.axis, one.value)}"
    return clean(f"{of}{one.lower} is lower below {at}, {one.other} above it{where}")


# ── JSON ──


def sweep_as_json(swept: Swept | None, found: Iterable[Diagnostic]) -> dict[str, Any]:
    """A sweep: its axes and columns with their units, a row a cell, or what is said of all of them, and the crossings."""
    document: dict[str, Any] = {"version": VERSION, "diagnostics": [as_json(d) for d in found], "sweep": None}
    if swept is None:
        return document
    document["sweep"] = {
        "name": swept.name,
        "doc": swept.doc,
        "points": swept.points,
        "axes": [_axis(axis) for axis in swept.axes],
        "columns": [{"name": c.name, "unit": c.unit.word} for c in swept.columns],
        **({} if swept.options is None else {"sampling": {"draws": swept.options.draws, "seed": swept.options.seed}}),
        **(
            {"rows": sweep_as_rows(swept)}
            if swept.has_cells and swept.points <= MOST_IN_JSON
            else {"summary": _summary(swept)}
        ),
        "crossings": [_crossing(one) for one in swept.crossings],
    }
    return document


def _axis(axis: Axis) -> dict[str, Any]:
    if axis.is_choice:
        return {"name": axis.path, "choices": list(axis.choices)}
    if isinstance(axis.values, Spaced):
        low, high = axis.values.low, axis.values.high
        spacing = {"spacing": axis.values.name, "from": exact(low), "to": exact(high), "count": axis.size}
        return {"name": axis.path, "unit": axis.unit.word, **spacing}
    return {"name": axis.path, "unit": axis.unit.word, "values": [exact(v) for v in axis.values]}


def sweep_as_rows(swept: Swept) -> list[dict[str, Any]]:
    """A row a cell: where it is, and what is shown there."""
    rows = []
    for number in range(len(swept.combinations)):
        for cell in range(swept.cells):
            rows.append({**_place(swept, number, cell), **_values(swept, number, cell)})
    return rows


def _place(swept: Swept, number: int, cell: int) -> dict[str, Any]:
    chosen, index = iter(swept.combinations[number]), iter(swept.index(cell))
    return {
        axis.path: axis.choices[next(chosen)] if axis.is_choice else exact(axis.values[next(index)])
        for axis in swept.axes
    }


def _values(swept: Swept, number: int, cell: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for at, column in enumerate(swept.columns):
        if swept.sampled is not None:
            one = swept.sampled[number][at][cell]
            made[column.name] = (
                distribution_as_json(one, column.unit)
                if isinstance(one, Distribution)
                else _number(one / column.unit.factor)
            )
        else:
            assert swept.values is not None
            made[column.name] = _number(float(swept.values[number][at].reshape(-1)[cell]) / column.unit.factor)
    return made


def _number(value: float) -> float | int | None:
    return exact(value) if math.isfinite(value) else None


def _summary(swept: Swept) -> list[dict[str, Any]]:
    made = []
    for number, chosen in enumerate(swept.combinations):
        where = {axis.path: axis.choices[i] for axis, i in zip(swept.choices, chosen, strict=True)}
        for at, column in enumerate(swept.columns):
            least, low, greatest, high, mean = extremes(swept, number, at)
            made.append(
                {
                    **where,
                    "column": column.name,
                    "least": {"value": _number(least / column.unit.factor), "at": _place(swept, number, low)},
                    "greatest": {"value": _number(greatest / column.unit.factor), "at": _place(swept, number, high)},
                    "mean": _number(mean / column.unit.factor),
                }
            )
    return made


def _crossing(one: Crossing) -> dict[str, Any]:
    return {
        "axis": one.axis.path,
        "value": _number(one.value),
        "unit": one.axis.unit.word,
        "column": None if one.column is None else one.column.name,
        "of": None if one.of is None else one.of.path,
        "lower_below": one.lower,
        "lower_above": one.other,
        "where": dict(one.where),
    }
