"""Optima: the structured family by its one equation, other problems by their derived condition, the rest by search.

Takes a `Compiled` and the values of its inputs; gives a `Solution`. Any input may be an array: each instance is a problem of
its own. Nothing is guessed: what is not proved to be the one optimum is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tonne.numeric.family import BLOCK, solve_family, within
from tonne.numeric.optimality import curves_up, multiplier, slopes
from tonne.numeric.roots import Floats, expand, newton, refine
from tonne.numeric.search import search
from tonne.problem import Array, Compiled, Solution, Status


def solve(
    compiled: Compiled,
    inputs: Sequence[Array],
    operator: str | None,
    low: Sequence[Array | None],
    high: Sequence[Array | None],
    start: Sequence[Array | None],
    method: str = "auto",
) -> Solution:
    """The optimum of each instance, in the shape to which the inputs broadcast.

    `operator` is that of the constraint, None without one. `low`, `high` and `start` are per free field, None where there is
    none. `method` is auto, structured (the family alone) or generic (as if there were no family).
    """
    varied = [np.asarray(v, np.float64) for v in inputs]
    ends = [[None if v is None else np.asarray(v, np.float64) for v in side] for side in (low, high, start)]
    shape = np.broadcast_shapes(*(v.shape for v in varied), *(v.shape for side in ends for v in side if v is not None))
    size = int(np.prod(shape))
    flat = [_flat(v, shape) for v in varied]
    sides = [[None if v is None else _flat(v, shape) for v in side] for side in ends]
    work = _Work(compiled, operator, len(low), size)
    structured = compiled.family is not None and method != "generic"
    with np.errstate(all="ignore"):
        for begin in range(0, size, BLOCK):
            part = slice(begin, min(begin + BLOCK, size))
            block = [v if v.ndim == 0 else v[part] for v in flat]
            bounds = [[v if v is None or v.ndim == 0 else v[part] for v in side] for side in sides]
            if structured:
                work.by_family(part, block, bounds)
            elif compiled.condition is not None and compiled.is_monotone:
                work.by_condition(part, block, bounds)
        for at in np.flatnonzero(work.status < 0).tolist() if method != "structured" else ():
            work.by_search(at, [_one(v, at) for v in flat], [[_one(v, at) for v in side] for side in sides])
    work.status[work.status < 0] = Status.NOT_FOUND
    if work.status.any():
        for values in (*work.free, work.multiplier):
            values[(work.status != Status.SOLVED) & (work.status != Status.NOT_UNIQUE)] = np.nan
    return Solution(
        status=work.status.reshape(shape),
        free=tuple(v.reshape(shape) for v in work.free),
        multiplier=work.multiplier.reshape(shape),
        binds=work.binds.reshape(shape),
        at_bound=tuple(v.reshape(shape) for v in work.at_bound),
        method="structured" if structured else "generic",
        others=work.others,
        direction=work.direction,
    )


def _flat(value: Floats, shape: tuple[int, ...]) -> Floats:
    return value if value.ndim == 0 else np.broadcast_to(value, shape).reshape(-1)


def _one(value: Floats | None, at: int) -> float | None:
    return None if value is None else np.float64(value if value.ndim == 0 else value[at])


def _prepared(compiled: Compiled, inputs: list[Any]) -> Sequence[Callable[[Any], Any]]:
    """The condition with its slope, and the other free field where there is one, as functions of t."""
    if compiled.condition_at is not None:
        return compiled.condition_at(*inputs)
    condition, slope, eliminated = compiled.condition, compiled.condition_slope, compiled.eliminated
    assert condition is not None
    assert slope is not None
    both = lambda t: (condition(t, *inputs), slope(t, *inputs))  # noqa: E731
    return [both] if eliminated is None else [both, lambda t: eliminated(t, *inputs)]


class _Work:
    """The solution while it is made; a status below zero is open."""

    def __init__(self, compiled: Compiled, operator: str | None, count: int, size: int) -> None:
        self.compiled = compiled
        self.operator = operator
        self.status = np.full(size, -1, np.int8)
        self.free = [np.empty(size) for _ in range(count)]
        self.multiplier = np.empty(size)
        self.binds = np.zeros(size, bool)
        self.at_bound = [np.zeros(size, np.int8) for _ in range(count)]
        self.others: tuple[tuple[float, ...], ...] = ()
        self.direction: tuple[int, ...] = ()

    def by_family(self, part: slice, inputs: list[Any], bounds: list[list[Any]]) -> None:
        family = self.compiled.family
        assert family is not None
        coefficients = family.coefficients(*inputs)
        size = part.stop - part.start
        found = solve_family(family.problem, *coefficients)
        x, y, status = np.broadcast_to(found[0], size), np.broadcast_to(found[1], size), np.broadcast_to(found[2], size)
        free: list[Floats] = [x, y]
        sides: list[Any] | None = None
        if any(end is not None for side in bounds[:2] for end in side):
            order = (family.x, family.y)
            low = [0.0 if bounds[0][i] is None else bounds[0][i] for i in order]
            high = [np.inf if bounds[1][i] is None else bounds[1][i] for i in order]
            x, y, at_x, at_y, there = within(family.problem, x, y, low, high, *coefficients)
            outside = (status == Status.SOLVED) & ~there
            status = np.where(outside, Status.INFEASIBLE if self.operator == "==" else -1, status)
            free, sides = [x, y], [at_x, at_y]
        if family.x > family.y:
            free, sides = free[::-1], sides and sides[::-1]
        self._take(part, free, status, multiplier(*slopes(self.compiled, free, inputs), sides), sides)

    def by_condition(self, part: slice, inputs: list[Any], bounds: list[list[Any]]) -> None:
        compiled = self.compiled
        assert compiled.condition is not None
        assert compiled.condition_slope is not None
        assert compiled.kept is not None
        size = part.stop - part.start
        first = bounds[2][compiled.kept]
        start = np.log(np.broadcast_to(np.where(first > 0, first, 1.0) if first is not None else 1.0, size)).copy()
        condition, *eliminated = _prepared(compiled, inputs)
        t = newton(condition, start)
        lost = np.flatnonzero(np.isnan(t))
        if lost.size:
            rest = [v[lost] if np.ndim(v) else v for v in inputs]
            ends = expand(compiled.condition, start[lost], rest)
            t[lost] = refine(compiled.condition, compiled.condition_slope, *ends, rest)
        free = [np.exp(t)]
        for other in eliminated:
            free.insert(1 - compiled.kept, np.broadcast_to(other(t), size))
        f, g = slopes(compiled, free, inputs)
        lagrange = multiplier(f, g)
        sound = np.full(size, True) if compiled.is_convex else curves_up(compiled, free, inputs, lagrange, g)
        for value, low, high in zip(free, bounds[0], bounds[1], strict=True):
            sound &= (value > 0) & (value < np.inf)
            sound &= (True if low is None else value >= low) & (True if high is None else value <= high)
        self._take(part, free, sound.view(np.int8) - np.int8(1), lagrange)  # 0 is SOLVED

    def _take(
        self, part: slice, free: list[Floats], status: Any, lagrange: Any, sides: Sequence[Any] | None = None
    ) -> None:
        """Takes the points that are optima; those whose multiplier has the wrong sign stay open."""
        mine = self.status[part]
        mine[:] = status
        mine[mine > Status.INFEASIBLE] = -1
        if self.operator in ("<=", ">="):
            pushes = lagrange > 0 if self.operator == "<=" else lagrange < 0
            mine[(mine == Status.SOLVED) & ~pushes] = -1
        for kept, value in zip(self.free, free, strict=True):
            kept[part] = value
        for at_bound, side in zip(self.at_bound, sides or (), strict=False):
            at_bound[part] = side
        np.multiply(lagrange, -self.compiled.sign, out=self.multiplier[part])
        self.binds[part] = self.operator is not None

    def by_search(self, at: int, inputs: list[Any], bounds: list[list[Any]]) -> None:
        found = search(self.compiled, inputs, self.operator, *bounds)
        self.status[at] = found.status
        if self.status.size == 1:
            self.others, self.direction = found.others, found.direction
        for place, value in enumerate(found.free):
            self.free[place][at] = value
        for place, side in enumerate(found.at_bound):
            self.at_bound[place][at] = side
        self.binds[at] = found.binds
        self.multiplier[at] = np.nan
        if found.status is Status.SOLVED and found.binds:
            f, g = slopes(self.compiled, [np.float64(v) for v in found.free], inputs)
            self.multiplier[at] = -self.compiled.sign * float(multiplier(f, g, found.at_bound))
