"""Optima solved: the problem derived, its inputs evaluated, the condition solved, all values of the file at the solution.

Takes an `Optimum` and the values that it rests on; gives an `Optimized`, or the reason why there is none (O501, O503), in the
units of the file. The mathematics is in `tonne.symbolic`, the numbers in `tonne.numeric`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from tonne import slopes
from tonne.diagnostic import Diagnostic
from tonne.graph import Interval, Node, postorder
from tonne.model import Optimum, Solved
from tonne.names import Study
from tonne.no_optimum import not_derived, not_solved
from tonne.numeric.evaluate import at_point, evaluate_into
from tonne.numeric.least import solve
from tonne.plan import plan_of, shown_nodes
from tonne.problem import Problem, Solution, Status
from tonne.run import Run
from tonne.slopes import Elasticities
from tonne.symbolic.derive import Derivation, Underivable, derive


@dataclass(frozen=True, eq=False, repr=False)
class Optimized:
    """An optimum at its solution. `run` has the values of the file there, `known` those of its leaves by their id."""

    optimum: Optimum
    problem: Problem
    derivation: Derivation
    solution: Solution
    run: Run
    known: dict[int, float]

    @property
    def free(self) -> tuple[float, ...]:
        """The chosen values, in base units."""
        return tuple(float(value) for value in self.solution.free)

    @property
    def objective(self) -> float:
        return self.run.raw(self.problem.objective)

    @property
    def multiplier(self) -> float:
        return float(self.solution.multiplier)

    def value(self, at: Solved) -> float:
        """The value of a leaf of this optimum, in base units."""
        if at.result:
            slack = self.problem.constraint is not None and not self.solution.binds
            return self.objective if at.result == "objective" else 0.0 if slack else self.multiplier
        assert at.node is not None
        return self.run.raw(at.node)

    def at(self, free: Iterable[float], instead: Mapping[int, float] | None = None) -> Run:
        """The values of the file where the free fields are others, and numbers too, by the ids of their nodes."""
        known = {**self.known, **_of_free(self.problem, free), **(instead or {})}
        return _evaluated(Run(self.optimum.model, self.run.program, solved=self.run.solved), known)

    def along(self, number: Node, values: Iterable[float]) -> Solution:
        """The solutions with other values, in base units, in place of one given number."""
        runs = [self.at(self.free, {id(number): value}) for value in values]
        inputs = [[run.raw(node) for run in runs] for node in self.derivation.compiled.inputs]
        return _solve(self.problem, self.derivation, inputs, self.run, self.free)

    # ── how it moves ──

    @cached_property
    def _answers(self) -> tuple[tuple[float, ...], ...]:
        """d ln(free field) / d ln(input), for each free field and each input of the derivation."""
        inputs = [self.run.raw(node) for node in self.derivation.compiled.inputs]
        slack = self.problem.constraint is not None and not self.solution.binds
        if slack or any(self.solution.at_bound) or self.derivation.compiled.elasticities is None:
            return _by_solving_again(self, inputs)
        found = at_point(self.derivation.compiled.elasticities, *self.free, self._lagrange, *inputs)
        return tuple(tuple(float(e) for e in one) for one in found)

    @property
    def _lagrange(self) -> float:
        """The multiplier of the problem that is solved: least objective + multiplier * (left - right)."""
        return 0.0 if math.isnan(self.multiplier) else -self.derivation.compiled.sign * self.multiplier

    def elasticities(self, at: Solved) -> Elasticities:
        """d ln(value) / d ln(fact) for each number that the scenario states, the free fields answering."""
        node = self._node(at)
        found: Elasticities = {} if node is None else dict(slopes.elasticities(self.run, node))
        for moved, input_ in self._through_inputs(node):
            for key, (fact, slope) in slopes.elasticities(self.run, input_).items():
                found[key] = (fact, found.get(key, (fact, 0.0))[1] + moved * slope)
        return found

    def elasticity(self, at: Solved, by: Node) -> float:
        """The same for one node, which no free field moves."""
        node = self._node(at)
        if node is None:
            return math.nan
        total = slopes.elasticity(self.run, node, by)
        return total + sum(moved * slopes.elasticity(self.run, i, by) for moved, i in self._through_inputs(node, by))

    def _through_inputs(self, node: Node | None, stop: Node | None = None) -> Iterator[tuple[float, Node]]:
        """How a value moves with each input because the free fields answer to it."""
        leaves = {} if node is None else slopes.of_leaves(self.run, node, stop)
        for free, answers in zip(self.problem.free, self._answers if leaves else (), strict=False):
            slope = leaves.get(id(free.node), (free.node, 0.0))[1]
            for input_, answer in zip(self.derivation.compiled.inputs, answers, strict=True):
                if slope * answer:
                    yield slope * answer, input_

    def _node(self, at: Solved) -> Node | None:
        return self.problem.objective if at.result == "objective" else at.node

    def interval(self, at: Solved) -> Interval:
        """All values while the inputs print as they do, as `Run.interval`, to first order."""
        return slopes.interval(self.value(at), self.elasticities(at))


def optimize(
    optimum: Optimum, solved: dict[Study, Optimized], known: Mapping[int, float]
) -> tuple[Optimized | None, list[Diagnostic]]:
    """The solution of an optimum; `solved` are those that it may rest on, `known` the values of their leaves."""
    problem = optimum.problem
    if problem is None:
        return None, []
    asked = [
        *problem.sides,
        *(n for free in problem.free for n in (free.low, free.high, free.start) if n is not None),
    ]
    before = _run(optimum, solved, asked, known)
    if any(before.is_unknown(n) for n in _fixed(asked, problem)):
        return None, []
    derivation = derive(problem, partial(_name_of, before), partial(_sign_of, before), before.value)
    if isinstance(derivation, Underivable):
        anywhere = {**known, **_of_free(problem, (1.0 for _ in problem.free))}
        value = _run(optimum, solved, [problem.objective], anywhere).raw(problem.objective)
        return None, [not_derived(optimum, problem, derivation, before, value)]
    inputs = [before.raw(node) for node in derivation.compiled.inputs]
    solution = _solve(problem, derivation, inputs, before, [before.value(free.start) for free in problem.free])
    if solution.status != Status.SOLVED:
        return None, [not_solved(optimum, problem, derivation.compiled, solution, before)]
    leaves = {**known, **_of_free(problem, (float(v) for v in solution.free))}
    nodes = [*derivation.compiled.inputs, *asked, *_all_of(optimum)]  # an elasticity looks at what stands before it
    run = Run(optimum.model, plan_of(nodes, leaves), solved=solved)
    made = Optimized(optimum, problem, derivation, solution, run, leaves)
    evaluate_into(
        run.values, run.program, leaves, lambda n: made.elasticity(Solved(optimum.study, n.args[0]), n.args[1])
    )
    return made, []


def _solve(
    problem: Problem, derivation: Derivation, inputs: Sequence[object], run: Run, start: Sequence[float | None]
) -> Solution:
    low, high = (
        [run.value(end) for end in ends] for ends in zip(*((f.low, f.high) for f in problem.free), strict=True)
    )
    operator = None if problem.constraint is None else problem.constraint.operator
    return solve(derivation.compiled, inputs, operator, low, high, start)


def _run(optimum: Optimum, solved: dict[Study, Optimized], nodes: Iterable[Node], known: Mapping[int, float]) -> Run:
    return _evaluated(Run(optimum.model, plan_of(nodes, known), solved=solved), known)


def _evaluated(run: Run, known: Mapping[int, float]) -> Run:
    evaluate_into(run.values, run.program, known, lambda node: slopes.elasticity(run, *node.args))
    return run


def _of_free(problem: Problem, values: Iterable[float]) -> dict[int, float]:
    return {id(free.node): value for free, value in zip(problem.free, values, strict=True)}


def _fixed(nodes: Iterable[Node], problem: Problem) -> Iterator[Node]:
    """Those that no free field moves, and what such nodes are made of."""
    frees = {id(free.node) for free in problem.free}
    for node in nodes:
        moved: set[int] = set()
        for one in postorder(node):
            if id(one) in frees or any(id(a) in moved for a in one.args):
                moved.add(id(one))
            else:
                yield one


def _all_of(optimum: Optimum) -> list[Node]:
    """All nodes of the file as the optimum has it."""
    states = [state for state in optimum.model.states.values() if state.instance in optimum.moved]
    nodes = [node for state in states for node in state.nodes.values()]
    nodes += optimum.model.lets.values()
    return [*nodes, *shown_nodes(optimum.model), *optimum.asked]


def _name_of(run: Run, node: Node) -> str | None:
    """The path of a field or the name of a `let` whose value a node is."""
    owner = run.owner(node)
    if owner is not None:
        return f"{owner[0].instance.name}.{owner[1]}"
    return next((let.name for let, known in run.model.lets.items() if known is node), None)


def _sign_of(run: Run, node: Node) -> int | None:
    value = run.raw(node)
    return None if math.isnan(value) else (value > 0) - (value < 0)


def _by_solving_again(at: Optimized, inputs: list[float], step: float = 1e-6) -> tuple[tuple[float, ...], ...]:
    """Answers by central differences of the solution, where a bound holds or the constraint does not bind.

    The derivation takes the constraint for an equation, and every free field for one that moves.
    """
    count = len(inputs)
    moved = [
        [value * math.exp(step * ((i == index) - (i == index + count))) for i in range(2 * count)]
        for index, value in enumerate(inputs)
    ]
    found = _solve(at.problem, at.derivation, moved, at.run, at.free)
    answers = []
    for values in found.free:
        logs = [math.log(v) if s == Status.SOLVED else math.nan for v, s in zip(values, found.status, strict=True)]
        answers.append(tuple((logs[i] - logs[i + count]) / (2 * step) for i in range(count)))
    return tuple(answers)
