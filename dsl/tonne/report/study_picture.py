"""Distributions, sweeps and cases as pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tonne.axes import Axis
from tonne.formatting import figure as words
from tonne.model import ShownValue
from tonne.numeric.sample import Distribution
from tonne.report.page import (
    COLOURS,
    LEVEL,
    POINT,
    NoPicture,
    figure,
    is_wide,
    line,
    logarithmic,
    looks,
    plain_ticks,
    saved,
    with_unit,
)
from tonne.run import Run, default_unit
from tonne.swept import Column, Swept
from tonne.units import Unit
from tonne.values import replace

if TYPE_CHECKING:
    from tonne.scenario import Evaluated

MOST_PANELS = 6
# Bars of a histogram; curves of a family.
_BARS, _MOST_CURVES = 60, 8
_HATCHES = ("", "//", "..", "xx", "\\\\", "++")


# ── distributions ──


def draw_distributions(made: Evaluated, file: str, style: str) -> bytes:
    """A panel a shown value: what was drawn, in the file as written and in its cases."""
    run = made.run
    shown = [] if run is None else _drawn_values(run)
    if run is None or run.sampled is None or not shown:
        raise NoPicture("nothing that is shown has a spread, so there is no distribution to draw")
    others = [(case.name, case.run, _shown_values(case.run)) for case in made.cases]
    with looks():
        page = figure(0.9 + 1.7 * len(shown))
        panels = page.subplots(len(shown), 1, squeeze=False)[:, 0]
        for panel, (place, one, unit) in zip(panels, shown, strict=True):
            drawn = run.sampled.distribution(one.node)
            assert drawn is not None
            wide = is_wide(drawn.low, drawn.high)
            curves = [("as written", drawn)]
            for name, case, values in others:
                node = values[place].node if place < len(values) else None
                there = None if case.sampled is None else case.sampled.distribution(node)
                curves += [] if there is None else [(name, there)]
            for number, (name, curve) in enumerate(curves):
                edges, heights = _histogram(curve, unit, wide=wide)
                panel.stairs(
                    heights, edges, label=name if len(curves) > 1 else None, linewidth=1.3, **line(number, number)
                )
                if number == 0:
                    panel.stairs(heights, edges, fill=True, alpha=0.18, color=COLOURS[0])
            low, middle, high = (v / unit.factor for v in (drawn.low, drawn.median, drawn.high))
            panel.axvspan(low, high, color=LEVEL, alpha=0.13, linewidth=0, label="5 % to 95 %")
            panel.axvline(middle, color=COLOURS[0], linewidth=1.2, label="median")
            point = run.in_unit(one.node, unit) if one.node is not None else None
            if point is not None:
                panel.axvline(point, color=POINT, linestyle="--", linewidth=1, label="point value")
            if wide:
                logarithmic(panel, "x")
            panel.set_yticks([])
            panel.set_ylim(bottom=0)
            panel.set_xlabel(with_unit(" ".join(one.text.split()), unit.word))
        panels[0].legend(fontsize=7, frameon=False)
        options = run.sampled.options
        return saved(page, f"What {options.draws:,} draws give", f"{file}, seed {options.seed}", style)


def _shown_values(run: Run) -> list[ShownValue]:
    """What is shown, single values before the tables of members."""
    found = []
    for table in sorted(run.model.shows, key=lambda table: table.is_table):
        for name, row in table.rows:
            found += [replace(one, text=f"{name}.{one.text}" if name else one.text) for one in row]
    return found


def _drawn_values(run: Run) -> list[tuple[int, ShownValue, Unit]]:
    """The shown values that vary, each with its place among all."""
    found: list[tuple[int, ShownValue, Unit]] = []
    for place, one in enumerate(_shown_values(run)):
        drawn = None if run.sampled is None else run.sampled.distribution(one.node)
        if drawn is not None and drawn.least < drawn.greatest and one.dimension is not None:
            found.append((place, one, one.unit or default_unit(run.model, one.references, one.dimension)))
    return found[:MOST_PANELS]


def _histogram(one: Distribution, unit: Unit, *, wide: bool) -> tuple[list[float], list[float]]:
    """Edges in a unit and heights, of bars that are alike on the axis; two in a thousand are left out at each end."""
    low, high = one.percentile(0.002) / unit.factor, one.percentile(0.998) / unit.factor
    if wide and low > 0:
        edges = [low * (high / low) ** (i / _BARS) for i in range(_BARS + 1)]
    else:
        edges = [low + (high - low) * i / _BARS for i in range(_BARS + 1)]
    below = one.shares_below([edge * unit.factor for edge in edges])
    width = [math.log(b / a) if wide and low > 0 else b - a for a, b in pairwise(edges)]
    return edges, [(b - a) / w if w else 0.0 for (a, b), w in zip(pairwise(below), width, strict=True)]


# ── cases ──


def draw_cases(made: Evaluated, file: str, style: str) -> bytes:
    """A panel a shown value: the file as written and its cases side by side."""
    run = made.run
    if run is None or not made.cases:
        raise NoPicture("there is no case to draw")
    rows = [(place, one) for place, one in enumerate(_shown_values(run)) if one.dimension is not None][:MOST_PANELS]
    names = ["as written", *(case.name for case in made.cases)]
    with looks():
        page = figure(0.9 + (0.5 + 0.28 * len(names)) * len(rows))
        panels = page.subplots(max(len(rows), 1), 1, squeeze=False)[:, 0]
        for panel, (place, one) in zip(panels, rows, strict=False):
            assert one.dimension is not None
            unit = one.unit or default_unit(run.model, one.references, one.dimension)
            values = [run.in_unit(one.node, unit) if one.node else None]
            for case in made.cases:
                there = _shown_values(case.run)
                node = there[place].node if place < len(there) else None
                values.append(None if node is None else case.run.in_unit(node, unit))
            heights = [math.nan if v is None else v for v in values]
            bars = panel.barh(names, heights, height=0.7, edgecolor="black", linewidth=0.5)
            for number, bar in enumerate(bars):
                bar.set_facecolor(COLOURS[number % len(COLOURS)] + "b0")
                bar.set_hatch(_HATCHES[number % len(_HATCHES)])
            panel.bar_label(bars, fmt=words, fontsize=7, padding=2)
            panel.margins(x=0.12)
            panel.invert_yaxis()
            panel.set_xlabel(with_unit(" ".join(one.text.split()), unit.word))
        return saved(page, "The file as written, and its cases", file, style)


# ── sweeps ──


def draw_sweep(swept: Swept, file: str, style: str) -> bytes:
    """Lines along one axis of numbers, a heat map over two, bars where there are choices alone."""
    numbers = [axis for axis in swept.numbers if axis.size > 1]
    if not swept.has_cells:
        raise NoPicture(f"`{swept.name}` has {swept.points:,} points, too many to draw; narrow a `vary`")
    if len(numbers) > 2:
        names = ", ".join(f"`{axis.path}`" for axis in numbers)
        raise NoPicture(f"`{swept.name}` varies {len(numbers)} numbers ({names}); a picture has one or two")
    with looks():
        if not numbers:
            page = _bars(swept)
        elif len(numbers) == 2 and min(axis.size for axis in numbers) > _MOST_CURVES:
            page = _heat(swept, numbers)
        else:
            page = _lines(swept, numbers)
        below = f"{file}, sweep {swept.name}"
        if swept.options is not None:
            below += f", {swept.options.draws:,} draws, seed {swept.options.seed}: median, and 5 % to 95 %"
        return saved(page, swept.doc or swept.name, below, style)


def _cells(swept: Swept, number: int, at: int) -> list[Distribution | float]:
    if swept.sampled is not None:
        return swept.sampled[number][at]
    assert swept.values is not None
    return swept.values[number][at].reshape(-1).tolist()  # type: ignore[no-any-return]


def _middle(one: Distribution | float) -> float:
    return one.median if isinstance(one, Distribution) else one


def _chosen(swept: Swept, number: int) -> str:
    return ", ".join(axis.choices[i] for axis, i in zip(swept.choices, swept.combinations[number], strict=True))


def _lines(swept: Swept, numbers: Sequence[Axis]) -> Any:
    """A panel a shown value; a curve for each choice, and for each value of a short second axis."""
    along = max(numbers, key=lambda axis: axis.size)
    family = next((axis for axis in numbers if axis is not along), None)
    columns = swept.columns[:MOST_PANELS]
    share = len({column.unit.word for column in columns}) == 1 and bool(swept.crossings) and len(columns) > 1
    page = figure(0.9 + 2.3 * (1 if share else len(columns)))
    panels = page.subplots(1 if share else len(columns), 1, sharex=True, squeeze=False)[:, 0]
    lows, highs = math.inf, -math.inf
    for at, column in enumerate(columns):
        panel = panels[0 if share else at]
        curves = 0
        for number in range(len(swept.combinations)):
            cells = _cells(swept, number, at)
            for index in range(family.size if family is not None else 1):
                picked = _picked(swept, along, family, index)
                label = ", ".join(x for x in (_chosen(swept, number), _member(family, index)) if x)
                if share:
                    label = f"{column.text}{', ' if label else ''}{label}"
                order = (at if share else number, index) if family is not None else (at if share else curves,) * 2
                values = [_middle(cells[cell]) / column.unit.factor for cell in picked]
                panel.plot(sorted(along.values), values, label=label or None, linewidth=1.5, **line(*order))
                _band(panel, along, [cells[cell] for cell in picked], column, order[0])
                known = [v for v in values if math.isfinite(v)]
                lows, highs = min([lows, *known]), max([highs, *known])
                curves += 1
        panel.set_ylabel(with_unit(column.unit.word if share else column.text, "" if share else column.unit.word, "\n"))
        if is_wide(lows, highs):
            logarithmic(panel, "y")
        for one in swept.crossings:
            if one.axis.path == along.path and (share or (one.column is not None and one.column.name == column.name)):
                panel.axvline(one.value, color=LEVEL, linestyle=":", linewidth=1)
        if curves > 1 and at == 0 and not share:
            page.legend(*panel.get_legend_handles_labels(), loc="outside right center", fontsize=7, frameon=False)
        panel.grid(True, which="major", linewidth=0.3)
        if not share:
            lows, highs = math.inf, -math.inf
    if share:
        page.legend(*panels[0].get_legend_handles_labels(), loc="outside right center", fontsize=7, frameon=False)
    if is_wide(min(along.values), max(along.values)):
        logarithmic(panels[-1], "x")
    panels[-1].set_xlabel(with_unit(along.path, along.unit.word))
    return page


def _member(family: Axis | None, index: int) -> str:
    return "" if family is None else f"{family.path.rpartition('.')[2]} {family.label(index)}"


def _picked(swept: Swept, along: Axis, family: Axis | None, index: int) -> list[int]:
    """The cells of one curve."""
    place = swept.numbers.index(along)
    other = None if family is None else swept.numbers.index(family)
    cells = [(cell, swept.index(cell)) for cell in range(swept.cells)]
    mine = [(along.values[at[place]], cell) for cell, at in cells if other is None or at[other] == index]
    return [cell for _, cell in sorted(mine)]


def _band(panel: Any, along: Axis, cells: Sequence[Distribution | float], column: Column, order: int) -> None:
    drawn = [one for one in cells if isinstance(one, Distribution)]
    if len(drawn) == len(cells):
        low, high = (
            [v / column.unit.factor for v in ends] for ends in zip(*((d.low, d.high) for d in drawn), strict=True)
        )
        panel.fill_between(
            sorted(along.values), low, high, color=COLOURS[order % len(COLOURS)], alpha=0.15, linewidth=0
        )


def _heat(swept: Swept, numbers: Sequence[Axis]) -> Any:
    """A panel for each shown value and choice: one axis across, one up, the value as shade."""
    across, up = numbers
    shown = [(at, number) for at in range(len(swept.columns)) for number in range(len(swept.combinations))]
    if len(shown) > MOST_PANELS:
        raise NoPicture(f"`{swept.name}` would need {len(shown)} heat maps; show fewer values, or vary fewer choices")
    page = figure(0.9 + 2.6 * len(shown))
    panels = page.subplots(len(shown), 1, squeeze=False)[:, 0]
    first = swept.numbers.index(across) < swept.numbers.index(up)
    for panel, (at, number) in zip(panels, shown, strict=True):
        column = swept.columns[at]
        values = [_middle(one) / column.unit.factor for one in _cells(swept, number, at)]
        columns, lines = (sorted(range(axis.size), key=axis.values.__getitem__) for axis in (across, up))
        rows = [[values[i * up.size + j if first else j * across.size + i] for i in columns] for j in lines]
        known = [v for v in values if math.isfinite(v)]
        norm = "log" if known and is_wide(min(known), max(known)) else "linear"
        shade = panel.pcolormesh(
            sorted(across.values),
            sorted(up.values),
            rows,
            cmap="cividis",
            norm=norm,
            shading="nearest",
            rasterized=True,
        )
        bar = page.colorbar(shade, ax=panel)
        if norm == "log":
            plain_ticks(bar.ax.yaxis)
        bar.set_label(with_unit(column.text, column.unit.word, "\n"))
        for axis, name, label in ((across, "x", panel.set_xlabel), (up, "y", panel.set_ylabel)):
            if is_wide(min(axis.values), max(axis.values)):
                logarithmic(panel, name)
            label(with_unit(axis.path, axis.unit.word))
        if swept.choices:
            panel.set_title(_chosen(swept, number), fontsize=8)
    return page


def _bars(swept: Swept) -> Any:
    """A panel a shown value, a bar a choice."""
    columns = swept.columns[:MOST_PANELS]
    names = [_chosen(swept, number) for number in range(len(swept.combinations))]
    page = figure(0.9 + (0.5 + 0.25 * len(names)) * len(columns))
    panels = page.subplots(len(columns), 1, squeeze=False)[:, 0]
    for at, (panel, column) in enumerate(zip(panels, columns, strict=True)):
        cells = [_cells(swept, number, at)[0] for number in range(len(names))]
        values = [_middle(one) / column.unit.factor for one in cells]
        drawn = [one for one in cells if isinstance(one, Distribution)]
        errors = None
        if len(drawn) == len(cells):
            errors = [
                [(d.median - d.low) / column.unit.factor for d in drawn],
                [(d.high - d.median) / column.unit.factor for d in drawn],
            ]
        panel.barh(names, values, xerr=errors, height=0.7, color=COLOURS[0] + "b0", edgecolor="black", linewidth=0.5)
        panel.invert_yaxis()
        panel.set_xlabel(with_unit(column.text, column.unit.word))
    return page
