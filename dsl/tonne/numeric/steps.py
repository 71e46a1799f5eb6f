"""Nodes of a graph as steps of a schedule: assumptions as draws, what a sweep moves as tables, optima as they are solved.

Several models may share one builder: what they have in common is one step, and assumptions of one name are one draw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tonne.graph import (
    DRAWN,
    ELASTICITY,
    FREE,
    NUMBER,
    OF_DRAWS,
    OPERATORS,
    SOLVED,
    Node,
    postorder,
)
from tonne.model import Assumption
from tonne.numeric.laws import drawn
from tonne.numeric.least import solve
from tonne.numeric.schedule import HOLDS, NORMAL, PICK, SOLVE, Builder
from tonne.problem import Status
from tonne.run import Run
from tonne.slopes import floats

if TYPE_CHECKING:
    from tonne.optimize import Optimized


class Opaque(Exception):
    """A value that steps cannot say: an elasticity, which needs the graph itself."""


class Table:
    """Values of a node along axes, one dimension an axis, in units of `scale`; `key` tells tables apart."""

    def __init__(self, key: Any, axes: tuple[int, ...], values: Any, scale: float = 1.0) -> None:
        self.key = key
        self.axes = axes
        self.values = values
        self.scale = scale


class Steps:
    """Adds the nodes of one run to a builder; those with a spread as draws, unless `at_points`.

    `known` are tables and numbers in place of nodes, by their id.
    """

    def __init__(
        self,
        builder: Builder,
        run: Run,
        known: Mapping[int, float | Table],
        *,
        at_points: bool = False,
    ) -> None:
        self.builder = builder
        self.run = run
        self.known = known
        self.draws: Mapping[int, Assumption] = {} if at_points else run.model.draws
        self.correlated = run.model.correlations
        self.at_points = at_points
        self.cut: dict[str, float] = {}  # by name, the share that bounds cut off, nan where that varies
        self.assumptions: dict[str, Assumption] = {}
        self._places: dict[int, int] = {}
        self._kept: list[Node] = []  # ids are of nodes that live
        self._free: dict[int, tuple[Optimized, int]] = {
            id(free.node): (one, index) for one in run.solved.values() for index, free in enumerate(one.problem.free)
        }

    def place(self, root: Node) -> int:
        """The step of a node; `Opaque` where it rests on an elasticity."""
        places = self._places
        if id(root) in places:
            return places[id(root)]
        for node in postorder(root, {*places, *self.known}):
            if id(node) not in places:
                places[id(node)] = self._made(node)
                self._kept.append(node)
        return places[id(root)]

    def _made(self, node: Node) -> int:
        known = self.known.get(id(node))
        if isinstance(known, Table):
            place = self.builder.table(known.key, known.axes, known.values)
            return self.builder.call("multiply", place, self.builder.number(known.scale))
        if known is not None:
            return self.builder.number(known)
        assumption = self.draws.get(id(node))
        return self._plain(node) if assumption is None else self._drawn(node, assumption)

    def _plain(self, node: Node) -> int:
        builder, args = self.builder, [self._places[id(a)] for a in node.args]
        if node.op == NUMBER:
            return builder.number(node.payload.value if node.payload is not None else 1.0)
        if node.op in (FREE, SOLVED):
            return self._at_optimum(node)
        if node.op == ELASTICITY:
            raise Opaque
        if not args or node.op in OF_DRAWS:
            return builder.number(math.nan)
        if node.op == "count":
            return builder.number(float(len(args)))
        if node.op == "mean":
            return builder.call("divide", self._chained("add", args), builder.number(float(len(args))))
        if node.op == DRAWN:
            return args[0]
        row = OPERATORS[node.op]
        return self._chained(row.numpy, args) if row.arity is None else self._operation(row.numpy, args)

    def _operation(self, op: str, args: Sequence[int]) -> int:
        exponent = self.builder.value(args[1]) if op == "power" else None
        if exponent == 2.0:
            return self.builder.call("multiply", args[0], args[0])
        if exponent == 0.5:
            return self.builder.call("sqrt", args[0])
        return self.builder.call(op, *args)

    def _chained(self, op: str, args: Sequence[int]) -> int:
        place = args[0]
        for arg in args[1:]:
            place = self.builder.call(op, place, arg)
        return place

    # ── draws ──

    def _drawn(self, node: Node, assumption: Assumption) -> int:
        name = assumption.name
        point = self._plain(node)
        arguments = {key: self.place(argument) for key, argument in assumption.arguments.items()}
        bounds = tuple(None if end is None else self.place(end) for end in (assumption.low, assumption.high))
        weights = self.correlated.get(name)
        z = None if weights is None else self._mixed(weights)
        made = drawn(
            self.builder,
            name,
            assumption.spread.name,
            point,
            arguments,
            bounds,  # type: ignore[arg-type]
            z,
            is_positive=self._is_positive(assumption.arguments.get("low")),
        )
        self.assumptions[name] = assumption
        if made.cut is not None:
            self.cut[name] = made.cut
        return made.place

    def _is_positive(self, low: Node | None) -> bool:
        """Whether the low end of a spread is above zero at the point values."""
        return low is not None and floats(self.run, postorder(low))[id(low)] > 0

    def _mixed(self, weights: Sequence[tuple[str, float]]) -> int:
        """A standard normal as a sum of independent ones."""
        call, number = self.builder.call, self.builder.number
        parts = [call("multiply", number(weight), self.builder.source(NORMAL, name)) for name, weight in weights]
        return self._chained("add", parts)

    def holds(self, sides: Iterable[Node], test: Any, key: Any) -> int:
        """Whether a test holds, by a function of the values of its sides."""
        args = [self.place(side) for side in sides]
        values = [self.builder.value(a) for a in args]
        if None not in values:
            return self.builder.number(float(np.asarray(test([np.float64(v) for v in values if v is not None]))))
        return self.builder.special(HOLDS, args, test, key)

    # ── optima ──

    def _at_optimum(self, node: Node) -> int:
        if node.op == FREE:
            found = self._free.get(id(node))
            return self.builder.number(math.nan) if found is None else self._chosen(*found)
        at = node.payload
        optimized = self.run.solved.get(at.study)
        if optimized is None:
            return self.builder.number(math.nan)
        if at.result == "objective":
            return self.place(optimized.problem.objective)
        if at.result == "multiplier":
            return self._chosen(optimized, len(optimized.problem.free))
        return self.place(at.node)

    def _chosen(self, optimized: Optimized, index: int) -> int:
        """A free field at the solution, or behind them the multiplier."""
        problem, compiled = optimized.problem, optimized.derivation.compiled
        builder = self.builder
        inputs = [self.place(node) for node in compiled.inputs]
        ends = [(None if e is None else self.place(e)) for free in problem.free for e in (free.low, free.high)]
        args = [*inputs, *(end for end in ends if end is not None)]
        if all(builder.value(a) is not None for a in args) and self._is_as_solved(optimized, args):
            values = [*optimized.free, 0.0 if math.isnan(optimized.multiplier) else optimized.multiplier]
            return builder.number(values[index])
        solving = builder.special(
            SOLVE,
            args,
            _Solver(optimized, len(inputs), [e is not None for e in ends], strict=self.at_points),
            id(optimized),
        )
        return builder.special(PICK, (solving,), index, index)

    def _is_as_solved(self, optimized: Optimized, args: Sequence[int]) -> bool:
        """Whether the inputs are those of the solution that is there."""
        nodes = [*optimized.derivation.compiled.inputs]
        nodes += [e for free in optimized.problem.free for e in (free.low, free.high) if e is not None]
        return all(
            math.isclose(optimized.run.raw(node), self.builder.value(a) or 0.0, rel_tol=1e-15)
            for node, a in zip(nodes, args, strict=True)
        )


class _Solver:
    """Solves an optimum for many inputs; not a number where there is no solution.

    The derivation looked at the signs of the inputs. Where one has another sign it says nothing: that is `Opaque` if
    `strict`, else not a number.
    """

    def __init__(self, optimized: Optimized, inputs: int, has_end: Sequence[bool], *, strict: bool) -> None:
        self.optimized = optimized
        self.strict = strict
        self.inputs = inputs
        self.has_end = has_end

    def __call__(self, values: Sequence[Any]) -> tuple[Any, ...]:
        problem, compiled = self.optimized.problem, self.optimized.derivation.compiled
        inputs, rest = values[: self.inputs], iter(values[self.inputs :])
        alike: Any = True
        for node, value in zip(compiled.inputs, inputs, strict=True):
            alike = alike & ((np.sign(value) == np.sign(self.optimized.run.raw(node))) | np.isnan(value))
        if self.strict and not np.all(alike):
            raise Opaque
        ends = [next(rest) if has else None for has in self.has_end]
        operator = None if problem.constraint is None else problem.constraint.operator
        found = solve(compiled, inputs, operator, ends[0::2], ends[1::2], self.optimized.free)
        fine = (np.asarray(found.status) == Status.SOLVED) & alike
        multiplier = np.where(found.binds, found.multiplier, 0.0)
        return tuple(np.where(fine, value, np.nan)[()] for value in (*found.free, multiplier))
