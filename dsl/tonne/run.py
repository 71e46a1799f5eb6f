"""The values of a scenario, and how they are told: intervals, units, owners."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tonne.diagnostic import Label
from tonne.dimension import RATIO, Dimension
from tonne.graph import ELASTICITY, NUMBER, OF_DRAWS, SOLVED, Interval, Node, at_intervals, postorder
from tonne.lower import Formula
from tonne.model import Model, Optimum, State
from tonne.names import Let, Study
from tonne.paths import Reference
from tonne.plan import Program
from tonne.syntax import tree
from tonne.units import Unit

if TYPE_CHECKING:
    from tonne.optimize import Optimized
    from tonne.sampling import Sampled


@dataclass(eq=False, repr=False)
class Run:
    """The values of a model, in base units."""

    model: Model
    program: Program
    values: list[float] = field(default_factory=list)
    solved: dict[Study, Optimized] = field(default_factory=dict)  # the optima that have a solution
    known: dict[int, float] = field(default_factory=dict)  # values by the id of nodes that have none of their own
    sampled: Sampled | None = None  # what was drawn
    _intervals: dict[int, Interval] = field(default_factory=dict)

    @property
    def optima(self) -> list[Optimized]:
        """The optima of the file itself that have a solution, in its order; of another file's only values are used."""
        own = [one for study, one in self.solved.items() if study.scope is self.model.project.entry]
        return sorted(own, key=lambda one: one.optimum.study.declaration.name_span.start)

    @property
    def asks_for_draws(self) -> bool:
        """Whether the file itself asks about draws."""
        if any(requirement.share is not None for requirement, _ in self.model.requirements):
            return True
        return any(node.op in OF_DRAWS for node, _ in self.program.steps)

    def value(self, node: Node | None) -> float | None:
        """A node's value; None when it is undetermined, rests on an error, or is no finite number."""
        if node is None or self.is_unknown(node):
            return None
        value = self.raw(node)
        return value if math.isfinite(value) else None

    def is_unknown(self, node: Node) -> bool:
        """Whether a value rests on an error that was reported already."""
        at = self.program.place.get(id(node))
        return at in self.program.unknown if at is not None else math.isnan(self.raw(node))

    def raw(self, node: Node) -> float:
        at = self.program.place.get(id(node))
        if at is None:  # a value at an optimum that the file does not ask for itself
            solved = self.solved.get(node.payload.study) if node.op == SOLVED else None
            return math.nan if solved is None else solved.value(node.payload)
        return self.values[at]

    def interval(self, node: Node) -> Interval:
        """All values that a node may have while its inputs print as they do: interval arithmetic over half a unit of
        each given input's last written digit. It contains every such value; it may be wider where an input enters twice.
        """
        known = self._intervals
        for one in postorder(node) if id(node) not in known else ():
            if id(one) in known:
                continue
            if one.op == NUMBER:
                given = one.payload
                half = given.half_unit if given is not None else 0.0
                middle = given.value if given is not None else 1.0
                known[id(one)] = (middle - half, middle + half)
            elif one.op == SOLVED and one.payload.study in self.solved:
                known[id(one)] = self.solved[one.payload.study].interval(one.payload)
            elif one.op == ELASTICITY or one.op in OF_DRAWS:
                known[id(one)] = (self.raw(one),) * 2
            elif one.args:
                known[id(one)] = at_intervals(one, [known[id(a)] for a in one.args])
            else:
                known[id(one)] = (-math.inf, math.inf)
        return known[id(node)]

    def below(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """All that values rest on, themselves too, through optima and what spreads are made of."""
        waiting, seen = list(nodes), set[int]()
        while waiting:
            root = waiting.pop()
            for one in () if id(root) in seen else postorder(root, seen):
                if id(one) in seen:
                    continue
                seen.add(id(one))
                yield one
                assumption = self.model.draws.get(id(one))
                if assumption is not None:
                    ends = (assumption.low, assumption.high)
                    waiting += [*assumption.arguments.values(), *(end for end in ends if end is not None)]
                solved = self.solved.get(one.payload.study) if one.op == SOLVED else None
                if solved is not None:
                    waiting += [n for n in (one.payload.node, *solved.problem.sides) if n is not None]

    # ── units ──

    def in_unit(self, node: Node, unit: Unit) -> float | None:
        """A value in a unit; a number that was written in that unit comes back as it was written.

        None when there is none, or when it is too large in this unit.
        """
        value = self.value(node)
        if value is None:
            return None
        if node.op == NUMBER and node.payload is not None and (node.payload.written.unit or "ratio") == unit.word:
            return float(node.payload.written.value)
        if node.op == NUMBER:  # 0.25 kg is 250 g, without the noise of the conversion
            return _finite(float(f"{value / unit.factor:.15g}"))
        return _finite(value / unit.factor)

    def owner(self, node: Node) -> tuple[State, str] | None:
        """The field of an instance whose value a node is; the file's own instances first."""
        return self._owners.get(id(node))

    @cached_property
    def _owners(self) -> dict[int, tuple[State, str]]:
        owners: dict[int, tuple[State, str]] = {}
        for state in (*self.model.own_states(), *self.model.states.values()):
            for name, node in state.nodes.items():
                owners.setdefault(id(node), (state, name))
        return owners


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def default_unit(model: Model, references: Iterable[Reference], dimension: Dimension) -> Unit:
    """The unit in which an expression without one is shown: that of a field in it which has the same dimension, else the
    first declared, else base units."""
    if dimension == RATIO:
        return Unit("ratio", 1.0, RATIO, True)
    for reference in references:
        unit = reference.field.unit if reference.field is not None else None
        if reference.study is not None and reference.result:
            optimum = model.optima.get(reference.study)
            unit = None if optimum is None else unit_of_result(optimum, reference.result)
        elif unit is None and isinstance(reference.root, Let):
            unit = unit_of_let(model, reference.root)
        if unit is not None and unit.dimension == dimension:
            return unit
    table = model.project.units
    for word in table.words_of(dimension, 1):
        unit_or_problem = table.lookup(word)
        if isinstance(unit_or_problem, Unit):
            return unit_or_problem
    above = [f"{b}^{p}" if p != 1 else b for b, p in dimension.powers if p > 0]
    below = [f"{b}^{-p}" if p != -1 else b for b, p in dimension.powers if p < 0]
    return Unit(("*".join(above) or "1") + "".join(f"/{b}" for b in below), 1.0, dimension, False)


def unit_of_result(optimum: Optimum, result: str) -> Unit | None:
    """The unit of the least value, as it would be shown; that of the shadow price is one over that of the constraint."""
    units = optimum.units
    shown = optimum.objective
    if result not in units and shown is not None and shown.dimension is not None:
        units["objective"] = default_unit(optimum.model, shown.references, shown.dimension)
        if optimum.sides and optimum.sides[0].dimension is not None:
            per = default_unit(optimum.model, optimum.sides[0].references, optimum.sides[0].dimension)
            units["multiplier"] = _quotient(units["objective"], per)
    return units.get(result)


def _quotient(unit: Unit, per: Unit) -> Unit:
    if per.dimension == RATIO:
        return (
            unit
            if per.factor == 1
            else Unit(f"{unit.word}/{per.word}", unit.factor / per.factor, unit.dimension, False)
        )
    above, _, below = unit.word.partition("/")
    over, _, under = per.word.partition("/")
    above = "*".join(w for w in ("" if above == "ratio" else above, under) if w) or "1"
    word = "/".join(w for w in (above, below, over) if w)
    return Unit(word, unit.factor / per.factor, unit.dimension / per.dimension, False)


def unit_of_let(model: Model, let: Let) -> Unit | None:
    """The unit in which a let is shown: its declared one, else one that fits; None when its value rests on an error."""
    if let not in model.shown_units:
        declared, dimension = model.let_units.get(let), model.let_dimensions.get(let)
        if declared is None and dimension is not None:
            formula = model.let_formulas[let]
            written = None if formula.references else _unit_of_number(model, formula, dimension)
            declared = written or default_unit(model, formula.references, dimension)
        model.shown_units[let] = declared
    return model.shown_units[let]


def _unit_of_number(model: Model, formula: Formula, dimension: Dimension) -> Unit | None:
    """The unit of a number in a formula that has the dimension of the whole."""
    for node in formula.order:
        if node.op == NUMBER and node.payload.dimension == dimension and node.payload.written.unit:
            unit = model.project.units.lookup(node.payload.written.unit)
            return unit if isinstance(unit, Unit) else None
    return None


def field_label(state: State, name: str) -> Label:
    """Where a field of an instance got its value: its binding, or the instance's head."""
    binding = state.instance.bindings.get(name)
    if binding is not None:
        value = binding.value
        return Label(
            value.expr.span if isinstance(value, tree.Value) else value.span, f"`{name}` of `{state.instance.name}`"
        )
    return Label(state.instance.declaration.name_span, f"`{name}` follows from what is given here")
