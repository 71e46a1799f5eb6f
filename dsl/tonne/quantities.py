"""The quantities of a run by name: what a program asks for and what JSON lists.

Takes a `Run`; gives each quantity with its node, the unit in which it is told and whether it is given. It leaves out what is
undetermined and what rests on an error, and never evaluates anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from tonne.graph import Node
from tonne.lookup import find
from tonne.model import ShownValue, State
from tonne.names import Field, Instance, Let
from tonne.paths import RESULTS
from tonne.run import Run, default_unit, unit_of_let
from tonne.units import Unit
from tonne.values import Record, Unprinted


class Quantity(Unprinted, Record, frozen=True, eq=False):
    """A field of an instance (`pretrain.co2e`), a let under its name, or a shown expression under its text."""

    name: str
    node: Node
    unit: Unit
    is_given: bool
    symbol: State | Let | ShownValue
    field: Field | None = None  # of an instance


def quantities(run: Run) -> Iterator[Quantity]:
    """Those of the file: fields of its own instances, lets, shown expressions; each name once, in this order."""
    seen: set[str] = set()
    for one in _all(run):
        if one.name not in seen:
            seen.add(one.name)
            yield one


def _all(run: Run) -> Iterator[Quantity]:
    for state in run.model.own_states():
        for name in state.instance.kind.fields:
            field = field_of(run, state, name)
            if field is not None:
                yield field
    for symbol in run.model.project.lets:
        let = let_of(run, symbol)
        if let is not None:
            yield let
    yield from at_optima(run)
    yield from shown(run)


def at_optima(run: Run) -> Iterator[Quantity]:
    """What each optimum chooses, its least or greatest value, its shadow price."""
    for solved in run.optima:
        optimum, study = solved.optimum, solved.optimum.study
        for name in (*(free.name for free in (optimum.problem.free if optimum.problem else ())), *RESULTS):
            symbol, _, _ = find(run, f"{study.name}.{name}")
            one = quantity_of(run, symbol, "") if isinstance(symbol, ShownValue) else None
            if one is not None and run.value(one.node) is not None:
                yield one


def _shown(one: ShownValue, node: Node, unit: Unit) -> Quantity:
    return Quantity(" ".join(one.text.split()), node, unit, False, one)


def field_of(run: Run, state: State, name: str) -> Quantity | None:
    """A field of an instance, of the library's too."""
    field, node = state.instance.kind.fields[name], state.nodes.get(name)
    if node is None or field.unit is None or run.is_unknown(node):
        return None
    return Quantity(f"{state.instance.name}.{name}", node, field.unit, state.is_given(name), state, field)


def let_of(run: Run, let: Let) -> Quantity | None:
    unit, node = unit_of_let(run.model, let), run.model.lets.get(let)
    if node is None or unit is None or run.is_unknown(node):
        return None
    return Quantity(let.name, node, unit, not run.model.let_formulas[let].references, let)


def quantity_of(run: Run, symbol: Instance | Let | ShownValue, field: str) -> Quantity | None:
    """What `tonne.lookup.find` found, as a quantity."""
    if isinstance(symbol, ShownValue):
        return None if symbol.node is None or symbol.unit is None else _shown(symbol, symbol.node, symbol.unit)
    return let_of(run, symbol) if isinstance(symbol, Let) else field_of(run, run.model.states[symbol], field)


def shown(run: Run) -> Iterator[Quantity]:
    """What the file shows, in the units in which it is shown; of a table each cell as `member.text`."""
    for table in run.model.shows:
        for row, cells in table.rows:
            for one in cells:
                if one.node is None or one.dimension is None or run.is_unknown(one.node):
                    continue
                name = " ".join((f"{row}.{one.text}" if row else one.text).split())
                unit = one.unit or default_unit(run.model, one.references, one.dimension)
                yield Quantity(name, one.node, unit, False, one)
