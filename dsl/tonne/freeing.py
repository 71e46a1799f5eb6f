"""Why an objective does not move with a free field, and the block that would let it.

A given fact cuts its formula off: with `device_time` given, tokens move no carbon. Takes an optimum's problem, gives O504
with the fact and a copy of the instance that goes without it. It is found by trying: one or two facts released, and one
derived field held at its present value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from tonne.catalogue import Severity
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formatting import number
from tonne.graph import FREE, NUMBER, Given, Interval, Node, at_intervals, postorder
from tonne.lower import Formula
from tonne.model import Optimum, State
from tonne.names import Instance
from tonne.paths import Place
from tonne.problem import Free, Problem
from tonne.source import Span
from tonne.syntax import tree
from tonne.values import replace

if TYPE_CHECKING:
    from tonne.optima import Optima

# Variants that are tried; a search that takes more finds nothing that a reader would follow.
_MOST_TRIES = 2000


def is_reached(node: Node, free: Node) -> bool:
    return any(n is free for n in postorder(node))


class _Way(NamedTuple):
    """Facts of an instance to go without, and a field of it to hold."""

    instance: Instance
    released: tuple[str, ...]
    held: str | None


class Cut:
    """What in one problem does not move with its free fields."""

    def __init__(self, optima: Optima, optimum: Optimum, problem: Problem) -> None:
        self.optima = optima
        self.optimum = optimum
        self.problem = problem
        self.tries = 0

    def find(self) -> list[Diagnostic]:
        """Errors where the problem is none; warnings for a term that nothing moves though it could be moved."""
        declaration = self.optimum.study.declaration
        assert isinstance(declaration, tree.Optimum)
        objective = declaration.objectives[0].expr
        problem = self.problem
        sides = [] if problem.constraint is None else [problem.constraint.left, problem.constraint.right]
        if not any(is_reached(problem.objective, free.node) for free in problem.free):
            return [self._unmoved(objective, list(problem.free), fatal=True)]
        idle = [f for f in problem.free if not any(is_reached(n, f.node) for n in (problem.objective, *sides))]
        if idle:
            return [self._unmoved(objective, [free], fatal=True) for free in idle]
        terms = [objective, *([] if not sides else [declaration.subjects[0].test.left])]
        return [found for term in terms for found in self._idle_terms(term)]

    def _idle_terms(self, expr: tree.Expr) -> Iterator[Diagnostic]:
        """The terms of a sum that no free field moves, though one could, were a fact not given."""
        terms = list(_terms(expr))
        for term in terms if len(terms) > 1 else ():
            if isinstance(term, tree.Path) and not self._depends(
                self.optimum, term, [f.node for f in self.problem.free]
            ):
                found = self._unmoved(term, list(self.problem.free), fatal=False)
                if found.help:
                    yield found

    def _unmoved(self, expr: tree.Expr, free: list[Free], *, fatal: bool) -> Diagnostic:
        way = next((w for one in free if (w := self._way(expr, one)) is not None), None)
        fields = " or ".join(f"`{f.name}`" for f in free)
        title = f"`{' '.join(expr.span.text.split())}` does not depend on {fields}"
        labels = [
            Label(expr.span, "not moved by what is chosen"),
            *(Label(f.span, "chosen here") for f in free if fatal),
        ]
        help = "" if not fatal else "choose a field that it follows from; `tonne explain` shows what it follows from"
        if way is not None:
            labels[1:1] = [Label(_binding(way.instance, n), "given, so it is not derived") for n in way.released]
            help = (
                f"minimize a copy that goes without {' and '.join(f'`{n}`' for n in way.released)}:\n{self._block(way)}"
            )
            help = help.replace("minimize", self.problem.sense, 1)
        said = diagnostic("O504", title, *labels, help=help)
        return replace(said, severity=Severity.ERROR) if fatal else said

    # ── the block that frees it ──

    def _way(self, expr: tree.Expr, free: Free) -> _Way | None:
        """What to release and what to hold, so that an expression is determined and moves with a free field."""
        node = self.optimum.model.instantiate(self._lowered(expr), None)
        used = set() if node is None else {id(n) for n in postorder(node)}
        facts: dict[Instance, list[str]] = {}
        for instance in self.optima.model.project.instances:
            state = self.optimum.model.states.get(instance)
            if state is not None and instance not in self.optimum.free_fields:
                facts[instance] = self._facts(state, used)
            elif state is not None:
                facts[instance] = [n for n in self._facts(state, used) if n not in self.optimum.free_fields[instance]]
        for count in (1, 2):
            for instance, names in facts.items():
                for held in (False, True):
                    for released in combinations(names, count):
                        for one in self._held(instance) if held else [None]:
                            if self.tries >= _MOST_TRIES:
                                return None
                            way = _Way(instance, released, one)
                            if one not in released and self._frees(way, expr, free):
                                return way
        return None

    def _lowered(self, expr: tree.Expr) -> Formula:
        return self.optima.formulas.lowering.lower(expr, Place(self.optimum.study.scope))

    @staticmethod
    def _facts(state: State, used: set[int]) -> list[str]:
        """The given quantities of an instance that an expression rests on; what is nearest to the result comes first."""
        given = [n for n in state.instance.kind.fields if state.is_given(n) and n in state.nodes]
        return [n for n in reversed(given) if id(state.nodes[n]) in used]

    def _held(self, instance: Instance) -> list[str]:
        """The derived quantities of an instance: ratios first, which are apt not to move with size."""
        state = self.optima.model.states[instance]
        fields = instance.kind.fields
        known = [n for n in state.determination.chosen if value_of(state.nodes[n]) is not None]
        derived = [*known, *state.determination.undetermined]  # what has no value yet is left for the reader to fill in
        order = {n: i for i, n in enumerate(fields)}
        return sorted(derived, key=lambda n: (n not in known, not fields[n].unit.dimension.is_ratio, order[n]))  # type: ignore[union-attr]

    def _frees(self, way: _Way, expr: tree.Expr, free: Free) -> bool:
        self.tries += 1
        fixed = {instance: dict(nodes) for instance, nodes in self.optimum.free_fields.items()}
        if way.held is not None:
            unit = way.instance.kind.fields[way.held].unit
            assert unit is not None
            given = Given(1.0, unit.dimension, 0.0, None)  # some number: which one does not decide what rests on what
            node = Node(NUMBER, (), way.instance.declaration.name_span, given)
            fixed.setdefault(way.instance, {})[way.held] = node
        variant = self.optima.variant(fixed, {way.instance: frozenset(way.released)})
        tried = Optimum(self.optimum.study, variant.model, variant.ensure)
        return self._depends(tried, expr, [free.node])

    def _depends(self, optimum: Optimum, expr: tree.Expr, free: list[Node]) -> bool:
        formula = self._lowered(expr)
        for reference in formula.references:
            if reference.root is not None and reference.study is None:
                optimum.ensure(reference.root)
        node = optimum.model.instantiate(formula, None)
        return node is not None and any(is_reached(node, one) for one in free)

    def _block(self, way: _Way) -> str:
        instance = way.instance
        lines = [f"{instance.kind.name} freed like {instance.name} {{", f"  without {', '.join(way.released)}"]
        if way.held is not None:
            unit = instance.kind.fields[way.held].unit
            node = self.optima.model.states[instance].nodes.get(way.held)
            value = None if node is None else value_of(node)
            assert unit is not None
            if value is None:
                lines.append(f"  {way.held} = …")
            else:
                written = number(value / unit.factor, unit.word).replace(",", "_")
                lines.append(f'  {way.held} = {written}  assumed "as it was"')
        return "\n".join([*lines, "}"])


def _terms(expr: tree.Expr) -> Iterator[tree.Expr]:
    """The terms of a sum, from right to left."""
    while isinstance(expr, tree.Binary) and expr.operator in ("+", "-"):
        yield expr.right
        expr = expr.left
    yield expr


def _binding(instance: Instance, name: str) -> Span:
    return instance.bindings[name].span


def value_of(node: Node) -> float | None:
    """The value of a node at the point values of all that it rests on; None where it has none."""
    at: dict[int, Interval] = {}
    for one in postorder(node):
        if one.op == NUMBER:
            value = one.payload.value if one.payload is not None else 1.0
            at[id(one)] = (value, value)
        elif one.args and one.op != FREE:
            at[id(one)] = at_intervals(one, [at[id(a)] for a in one.args])
        else:
            return None
    low, high = at[id(node)]
    return low if low == high and math.isfinite(low) else None
