"""What an optimum says: the chosen values and what they cost, beside those of the same problem without serving.

Takes an `Optimized`; gives an `Answer` in the units of the file, which tables, JSON, pictures and Python show. In the
structured family the cost has terms that grow with both free fields (training) and terms that grow with one of them alone
(serving, per parameter): without serving the latter are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from tonne import slopes
from tonne.dimension import RATIO
from tonne.explain import statement_of
from tonne.freeing import is_reached
from tonne.graph import FREE, Node, postorder
from tonne.lower import Lowering
from tonne.model import Optimum, ShownValue, Solved
from tonne.names import Let
from tonne.numeric.evaluate import at_point
from tonne.numeric.family import break_even, without_serving
from tonne.optimize import Optimized
from tonne.paths import Place
from tonne.run import Run, default_unit, unit_of_result
from tonne.syntax import tree
from tonne.units import Unit
from tonne.values import Record

# Elasticities smaller than this are told as none.
_MOVES = 1e-9


class Line(Record, frozen=True):
    """A value at the optimum and without serving, in `unit`; `share` is its part of the sum that it is a term of."""

    text: str
    unit: Unit
    value: float
    without: float | None = None
    share: float | None = None


class Moved(Record, frozen=True):
    """Given facts that move the optimum alike, and by how much: one elasticity for each of the answer's `moves`."""

    facts: tuple[str, ...]
    by: tuple[float, ...]


class Volume(Record, frozen=True):
    """How much serving costs as much as training, at the optimum for that much: `times` what the file states."""

    times: float
    text: str = ""  # the field that counts the requests
    value: float | None = None  # in `unit`
    unit: Unit | None = None


class Answer(Record, frozen=True):
    """An optimum, told."""

    name: str
    statement: str
    doc: str | None
    free: tuple[Line, ...]
    ratio: Line | None  # of two free fields: tokens a parameter
    objective: Line
    terms: tuple[Line, ...]  # of the cost, be it the objective or what is held
    constraint: Line | None
    binds: bool
    multiplier: Line | None
    without: tuple[str, ...]  # the terms that are left out for comparison
    saving: float | None  # of the objective, against the point that is best without serving
    volume: Volume | None
    moves: tuple[str, ...]
    moved: tuple[Moved, ...]
    has_formula: bool
    at_bound: tuple[str, ...]


def answer(at: Optimized) -> Answer:
    return _Teller(at).answer()


class _Teller:
    def __init__(self, at: Optimized) -> None:
        self.at = at
        self.optimum: Optimum = at.optimum
        self.problem = at.problem
        self.declaration = at.optimum.study.declaration
        assert isinstance(self.declaration, tree.Optimum)
        self.family = at.derivation.compiled.family

    def answer(self) -> Answer:
        objective, sides = self.optimum.objective, self.optimum.sides
        assert objective is not None
        assert isinstance(self.declaration, tree.Optimum)
        binds = self.at.solution.binds and math.isfinite(self.at.multiplier)
        price = unit_of_result(self.optimum, "multiplier") if binds else None
        multiplier = None if price is None else Line("multiplier", price, self.at.multiplier / price.factor)
        told = self._line(objective)
        spent = self.baseline is not None and self.family is not None and self.family.problem == "least-cost"
        saving = 1 - told.value / told.without if spent and told.without else None
        free = tuple(self._of_free(index) for index in range(len(self.problem.free)))
        return Answer(
            name=self.declaration.name,
            statement=statement_of(self.optimum.study),
            doc=self.declaration.doc,
            free=free,
            ratio=_ratio(free),
            objective=told,
            terms=tuple(self._terms()),
            constraint=self._line(sides[0]) if sides else None,
            binds=bool(self.at.solution.binds),
            multiplier=multiplier,
            without=tuple(text for text, _ in self._serving),
            saving=saving,
            volume=self._volume(),
            moves=(*(one.name for one in self.problem.free), "objective"),
            moved=tuple(self._moved()),
            has_formula=self.at.derivation.closed_form is not None,
            at_bound=tuple(f.name for f, w in zip(self.problem.free, self.at.solution.at_bound, strict=True) if w),
        )

    # ── beside the point without serving ──

    @cached_property
    def baseline(self) -> Run | None:
        """The values of the file where the problem without serving has its optimum."""
        if self.family is None or not self._serving:
            return None
        order = (self.family.x, self.family.y)
        ends = [(self.at.run.value(free.low), self.at.run.value(free.high)) for free in self.problem.free]
        low = [ends[place][0] or 0.0 for place in order]
        high = [math.inf if (end := ends[place][1]) is None else end for place in order]
        best = without_serving(self.family, *self._coefficients, low=low, high=high)
        if best is None:
            return None
        free = [0.0, 0.0]
        free[self.family.x], free[self.family.y] = best
        return self.at.at(free)

    @cached_property
    def _coefficients(self) -> tuple[float, ...]:
        assert self.family is not None
        inputs = [self.at.run.raw(node) for node in self.at.derivation.compiled.inputs]
        return tuple(float(c) for c in at_point(self.family.coefficients, *inputs))

    @cached_property
    def _cost(self) -> list[tuple[str, Node]]:
        """The terms of the cost: of the objective where it is a sum, else of what is held."""
        assert isinstance(self.declaration, tree.Optimum)
        exprs = [self.declaration.objectives[0].expr, *(s.test.left for s in self.declaration.subjects)]
        if self.family is not None:
            exprs = [exprs[0] if self.family.problem == "least-cost" else exprs[-1]]
        for expr in exprs:
            terms = list(self._summands(expr))
            if len(terms) > 1:
                return terms
        return []

    def _summands(self, expr: tree.Expr) -> Iterator[tuple[str, Node]]:
        """The terms of a sum, those of a `let` that it names among them."""
        if isinstance(expr, tree.Binary) and expr.operator == "+":
            yield from self._summands(expr.left)
            yield from self._summands(expr.right)
            return
        symbol = self.optimum.study.scope.symbols.get(expr.parts[0]) if isinstance(expr, tree.Path) else None
        if isinstance(symbol, Let) and isinstance(symbol.value, tree.Value):
            yield from self._summands(symbol.value.expr)
            return
        formula = Lowering(self.optimum.model.project.units).lower(expr, Place(self.optimum.study.scope))
        node = self.optimum.model.instantiate(formula, None)
        if node is not None:
            yield " ".join(expr.span.text.split()), node

    @cached_property
    def _serving(self) -> list[tuple[str, Node]]:
        """The terms of the cost that grow with one free field and not with the other."""
        if self.family is None:
            return []
        x, y = (self.problem.free[place].node for place in (self.family.x, self.family.y))
        return [(text, node) for text, node in self._cost if is_reached(node, x) and not is_reached(node, y)]

    def _volume(self) -> Volume | None:
        """None where a bound holds, here or where the parts of the cost are alike."""
        if self.baseline is None or self.family is None or any(self.at.solution.at_bound):
            return None
        if not all(_value(self.at.run, node) > 0 for _, node in self._serving):
            return None
        times = float(break_even(self.family, *self._coefficients))
        u, w = self._coefficients[5:7]
        free = self.problem.free[self.family.y]
        low, high = self.at.run.value(free.low) or 0.0, self.at.run.value(free.high) or math.inf
        if not low <= times * w / u <= high:
            return None
        counted = self._requests() if len(self._serving) == 1 else None
        if counted is None:
            return Volume(times)
        text, node, unit = counted
        return Volume(times, text, times * self.at.run.raw(node) / unit.factor, unit)

    def _requests(self) -> tuple[str, Node, Unit] | None:
        """What counts the requests of the serving term: a quantity in requests that the term is proportional to."""
        request = self.optimum.model.project.units.lookup("request")
        term = self._serving[0][1]
        below = {id(n) for n in postorder(term)}
        for state in self.optimum.model.own_states():
            for name, node in state.nodes.items():
                unit = state.instance.kind.fields[name].unit
                if id(node) not in below or unit is None or not isinstance(request, Unit):
                    continue
                if unit.dimension == request.dimension and not any(n.op == FREE for n in postorder(node)):
                    if abs(_elasticity(self.at.run, term, node) - 1) < _MOVES:
                        return f"{state.instance.name}.{name}", node, unit
        return None

    # ── lines ──

    def _line(self, shown: ShownValue) -> Line:
        assert shown.node is not None
        assert shown.dimension is not None
        unit = default_unit(self.optimum.model, shown.references, shown.dimension)
        return self._of_node(shown.text, shown.node, unit)

    def _of_node(self, text: str, node: Node, unit: Unit, whole: float | None = None) -> Line:
        value = _value(self.at.run, node)
        without = None if self.baseline is None else _value(self.baseline, node) / unit.factor
        return Line(text, unit, value / unit.factor, without, None if not whole else value / whole)

    def _of_free(self, index: int) -> Line:
        free = self.problem.free[index]
        return self._of_node(free.name, free.node, free.unit)

    def _terms(self) -> Iterator[Line]:
        assert self.optimum.objective is not None
        shown = self.optimum.objective
        if self.family is not None and self.family.problem == "least-loss" and self.optimum.sides:
            shown = self.optimum.sides[0]
        assert shown.dimension is not None
        unit = default_unit(self.optimum.model, shown.references, shown.dimension)
        whole = sum(_value(self.at.run, node) for _, node in self._cost)
        for text, node in self._cost:
            yield self._of_node(text, node, unit, whole)

    # ── what moves it ──

    def _moved(self) -> Iterator[Moved]:
        """Facts by how they move the free fields and the objective; those that move all alike together."""
        study = self.optimum.study
        ats = [*(Solved(study, f.node) for f in self.problem.free), Solved(study, None, "objective")]
        columns = [self.at.elasticities(at) for at in ats]
        alike: dict[tuple[str, ...], tuple[list[str], tuple[float, ...]]] = {}
        for key in {k: None for column in columns for k in column}:
            by = tuple(column[key][1] if key in column else 0.0 for column in columns)
            node = next(column[key][0] for column in columns if key in column)
            fact = self._fact(node)
            if fact and all(math.isfinite(e) for e in by) and any(abs(e) > _MOVES for e in by):
                alike.setdefault(tuple(f"{e:.6g}" for e in by), ([], by))[0].append(fact)
        for names, by in sorted(alike.values(), key=lambda one: -float(f"{max(map(abs, one[1][:-1])):.6g}")):
            yield Moved(tuple(names), by)

    @cached_property
    def _graph(self) -> set[int]:
        sides = [side.node for side in (self.optimum.objective, *self.optimum.sides) if side is not None]
        return {id(n) for node in sides if node is not None for n in postorder(node)}

    def _fact(self, node: Node) -> str | None:
        """What a fact is called: its name, else the number as it is written. None for a bare number in a formula, `1 / 2`,
        and for one of a unit, `1 param`, unless the optimum itself states it."""
        owners = [
            (sum(id(n) in self._graph for n in state.nodes.values()), state.instance.name, name)
            for state in self.optimum.model.own_states()
            for name, known in state.nodes.items()
            if known is node
        ]
        if owners:  # of several that share it, the one that has most to do with this optimum
            _, instance, name = max(owners, key=lambda one: one[0])
            return f"{instance}.{name}"
        owner = self.at.run.owner(node)
        if owner is not None:
            return f"{owner[0].instance.name}.{owner[1]}"
        let = next((one.name for one, known in self.optimum.model.lets.items() if known is node), None)
        written = node.payload.written
        says_nothing = node.payload.dimension.is_ratio or (written is not None and written.value == 1)
        return let or (None if says_nothing and not self._states(node) else " ".join(node.span.text.split()))

    def _states(self, node: Node) -> bool:
        """Whether a number stands in the optimum itself."""
        assert isinstance(self.declaration, tree.Optimum)
        own = [one.span for one in self.declaration.objectives] + [one.span for one in self.declaration.subjects]
        return any(s.source is node.span.source and s.start <= node.span.start < s.end for s in own)


def _ratio(free: tuple[Line, ...]) -> Line | None:
    """The second free field to the first, or the other way round: what is told is above one."""
    if len(free) != 2:
        return None
    small, large = sorted(free, key=lambda one: one.value)
    unit = Unit(f"{large.unit.word}/{small.unit.word}", 1.0, large.unit.dimension / small.unit.dimension, False)
    if small.unit.dimension == large.unit.dimension:
        unit = Unit("ratio", 1.0, RATIO, True)
    without = None if large.without is None or not small.without else large.without / small.without
    return Line(f"{large.text} / {small.text}", unit, large.value / small.value, without)


def _value(run: Run, node: Node) -> float:
    return slopes.floats(run, postorder(node, run.program.place))[id(node)]


def _elasticity(run: Run, node: Node, by: Node) -> float:
    found = slopes.of_leaves(run, node, by).get(id(by))
    return 0.0 if found is None else found[1]
