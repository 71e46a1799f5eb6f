"""What a file shows and names, as tables: beside the file as written each case, under it what was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tonne.formatting import figure
from tonne.graph import Node
from tonne.model import ShownTable, ShownValue
from tonne.report.diagnostics import clean
from tonne.report.draws import COLUMNS, cell, cells, compared, of_draws
from tonne.report.plain_table import plain_table
from tonne.run import Run, default_unit, unit_of_let
from tonne.syntax import tree
from tonne.units import Unit

if TYPE_CHECKING:
    from tonne.scenario import EvaluatedCase

MISSING = "—"
AS_WRITTEN = "as written"
# Cases that stand beside the file as written; more stand under each value.
_MOST_BESIDE = 3


class Column(NamedTuple):
    """A case: its name and its values."""

    name: str
    run: Run


class _Line(NamedTuple):
    """One shown value, in the file as written and in each case."""

    name: str
    node: Node | None
    unit: Unit | None
    others: tuple[Node | None, ...]


def shows(run: Run, cases: Sequence[Column] = ()) -> list[RenderableType]:
    """Each `show` of the file, in its order."""
    made: list[RenderableType] = []
    for number, table in enumerate(run.model.shows):
        others = [case.run.model.shows[number] for case in cases if len(case.run.model.shows) > number]
        if table.is_table:
            made += _of_members(run, table, list(zip(cases, others, strict=False)))
        else:
            made.append(_values(run, table.title or "", _lines(run, table, others), cases))
    return made


def lets(run: Run, cases: Sequence[Column] = ()) -> list[RenderableType]:
    """The `let`s that are not shown."""
    shown = {one.text for t in run.model.shows for _, row in t.rows for one in row if not t.is_table}
    lines = []
    for let in run.model.project.lets:
        unit, node = unit_of_let(run.model, let), run.model.lets.get(let)
        if node is not None and unit is not None and let.name not in shown:
            others = tuple(_let_of(case.run, let.name) for case in cases)
            lines.append(_Line(let.name, node, unit, others))
    return [_values(run, "let", lines, cases)] if lines else []


def titles(cases: Sequence[EvaluatedCase], width: int) -> Text:
    """What the cases are."""
    lines = []
    for case in cases:
        said = f": {clean(case.checked.title)}" if case.checked.title else ""
        changes = ", ".join(map(_rebound, case.checked.declaration.rebindings))
        lines.append(fill(f"case {case.name}{said} ({clean(changes)})", width, subsequent_indent="  "))
    return Text("\n".join(lines), "dim")


def _rebound(one: tree.Rebinding) -> str:
    """A line of a case without where it is from."""
    value = one.value
    end = value.span.end
    if isinstance(value, tree.Value):
        end = (value.spread or value.expr).span.end
    return " ".join(one.span.source.text[one.span.start : end].split())


def _let_of(run: Run, name: str) -> Node | None:
    return next((run.model.lets.get(let) for let in run.model.project.lets if let.name == name), None)


def _lines(run: Run, table: ShownTable, others: Sequence[ShownTable]) -> Iterator[_Line]:
    for index, one in enumerate(table.rows[0][1]):
        nodes = tuple(other.rows[0][1][index].node for other in others)
        yield _Line(_plain(one.text), one.node, _unit_of(run, one), nodes)


def _unit_of(run: Run, one: ShownValue) -> Unit | None:
    """The unit in which a value is shown."""
    return None if one.dimension is None else one.unit or default_unit(run.model, one.references, one.dimension)


def _word(unit: Unit | None) -> Text:
    return Text("" if unit is None or unit.word == "ratio" else unit.word, "dim")


def _figure(run: Run, node: Node | None, unit: Unit | None) -> str:
    value = None if node is None or unit is None else run.in_unit(node, unit)
    return MISSING if value is None or unit is None else of_draws(run, node, value, unit)


def _plain(text: str) -> str:
    return clean(" ".join(text.split()))


# ── values, one a row ──


def _values(run: Run, title: str, lines: Iterable[_Line], cases: Sequence[Column]) -> RenderableType:
    lines = list(lines)
    if run.sampled is not None and (cases or any(run.sampled.distribution(line.node) for line in lines)):
        return _drawn(run, title, lines, cases)
    if len(cases) > _MOST_BESIDE:
        return _below(run, title, lines, cases)
    table = plain_table(clean(title))
    table.show_header = bool(cases)
    table.add_column(no_wrap=True)
    table.add_column(AS_WRITTEN if cases else "", justify="right", no_wrap=True)
    for case in cases:
        table.add_column(case.name, justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for line in lines:
        others = [_beside(run, line, case.run, node) for case, node in zip(cases, line.others, strict=False)]
        table.add_row(line.name, Text(_figure(run, line.node, line.unit), "green"), *others, _word(line.unit))
    return table


def _below(run: Run, title: str, lines: Iterable[_Line], cases: Sequence[Column]) -> Table:
    """Under each value the cases, of which there are too many to stand beside it."""
    table = plain_table(clean(title))
    table.show_header = False
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for line in lines:
        table.add_row(line.name, Text(_figure(run, line.node, line.unit), "green"), _word(line.unit))
        others = list(zip(cases, line.others, strict=False))
        before = run.value(line.node)
        if before is not None and all(case.run.value(node) == before for case, node in others):
            table.add_row(Text("  in each case", "dim"), Text("=", "dim"), "")
            continue
        for case, node in others:
            table.add_row(Text(f"  {case.name}", "dim"), _beside(run, line, case.run, node), "")
    return table


def _beside(run: Run, line: _Line, case: Run, node: Node | None) -> Text:
    """A value in a case, with the difference to the file as written."""
    text = Text(_figure(case, node, line.unit))
    before, after = run.value(line.node), case.value(node)
    if before is not None and after is not None:
        text.append(f"  {difference(before, after):>7}", "dim")
    return text


def difference(before: float, after: float) -> str:
    """`-90 %`, `+3.2 %`, `=`; `12 times` where a per cent says little."""
    if after == before or (before and abs(after / before - 1) < 1e-9):
        return "="
    if not before or (after > 0) != (before > 0):
        return "+" if after > before else "-"
    ratio = after / before
    if ratio >= 10:
        return f"{figure(ratio, 2)} x"
    return f"{'+' if after > before else '-'}{figure(abs(ratio - 1) * 100, 2)} %"


def _drawn(run: Run, title: str, lines: Iterable[_Line], cases: Sequence[Column]) -> Table:
    """Distributions, one a row; under the file as written each case, and how far it differs in the same draws."""
    table = plain_table(clean(title))
    table.add_column("", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    if cases:
        table.add_column("difference", justify="right", no_wrap=True)
        table.add_column("lower in", justify="right", no_wrap=True)
    for line in lines:
        table.add_row(line.name, *cells(run, line.node, line.unit), _word(line.unit))
        for case, node in zip(cases, line.others, strict=False):
            both = compared(run, line.node, node, line.unit)
            table.add_row(Text(f"  {case.name}", "dim"), *cells(case.run, node, line.unit), "", *both)
    return table


# ── tables of members ──


def _of_members(run: Run, table: ShownTable, cases: Sequence[tuple[Column, ShownTable]]) -> Iterator[RenderableType]:
    yield _members(run, table, table.title or "")
    for case, other in cases:
        yield _members(case.run, other, f"{table.title or ''} in the case {case.name}".strip())


def _members(run: Run, table: ShownTable, title: str) -> Table:
    shown = plain_table(clean(title))
    shown.add_column("", no_wrap=True)
    units = [
        next((w.plain for _, row in table.rows if (w := _word(_unit_of(run, row[i]))).plain), "")
        for i in range(len(table.columns))
    ]
    for text, unit in zip(table.columns, units, strict=True):
        shown.add_column(f"{_plain(text)}\n{unit}", justify="right")
    for name, row in table.rows:
        texts = []
        for one in row:
            unit_ = _unit_of(run, one)
            texts.append(cell(run, one.node, unit_) or _figure(run, one.node, unit_))
        shown.add_row(name, *texts)
    return shown
