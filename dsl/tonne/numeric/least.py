"""Optima: the structured family by its one equation, other problems by their derived condition, the rest by search.

Takes a `Compiled` and the values of its inputs; gives a `Solution`. Any input may be an array: each instance is a problem of
its own. Nothing is guessed: what is not proved to be the one optimum is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tonne.numeric.family import solve_family, within
from tonne.numeric.roots import Floats, expand, newton, refine
from tonne.numeric.search import search
from tonne.problem import Array, Compiled, Solution, Status

BLOCK = 8192


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
    return None if value is None else float(value if value.ndim == 0 else value[at])


class _Work:
    """The solution while it is made; a status below zero is open."""

    def __init__(self, compiled: Compiled, operator: str | None, count: int, size: int) -> None:
        self.compiled = compiled
        self.operator = operator
        self.status = np.full(size, -1, np.int8)
        self.free = [np.full(size, np.nan) for _ in range(count)]
        self.multiplier = np.full(size, np.nan)
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
        order = (family.x, family.y)
        low = [0.0 if bounds[0][i] is None else bounds[0][i] for i in order]
        high = [np.inf if bounds[1][i] is None else bounds[1][i] for i in order]
        x, y, at_x, at_y, there = within(family.problem, x, y, low, high, *coefficients)
        outside = (status == Status.SOLVED) & ~there
        status = np.where(outside, Status.INFEASIBLE if self.operator == "==" else -1, status)
        free, sides = [x, y], [at_x, at_y]
        if family.x > family.y:
            free, sides = [y, x], [at_y, at_x]
        self._take(part, free, status, inputs, sides)

    def by_condition(self, part: slice, inputs: list[Any], bounds: list[list[Any]]) -> None:
        compiled = self.compiled
        assert compiled.condition is not None
        assert compiled.condition_slope is not None
        assert compiled.kept is not None
        size = part.stop - part.start
        first = bounds[2][compiled.kept]
        start = np.log(np.broadcast_to(np.where(first > 0, first, 1.0) if first is not None else 1.0, size)).copy()
        t = newton(compiled.condition, compiled.condition_slope, start, inputs)
        lost = np.flatnonzero(np.isnan(t))
        if lost.size:
            rest = [v[lost] if np.ndim(v) else v for v in inputs]
            ends = expand(compiled.condition, start[lost], rest)
            t[lost] = refine(compiled.condition, compiled.condition_slope, *ends, rest)
        free = [np.exp(t)]
        if compiled.eliminated is not None:
            free.insert(1 - compiled.kept, np.broadcast_to(compiled.eliminated(t, *inputs), size))
        sound = np.logical_and.reduce([np.isfinite(v) & (v > 0) for v in free]) & self._curves_up(free, inputs)
        for value, low, high in zip(free, bounds[0], bounds[1], strict=True):
            sound &= (True if low is None else value >= low) & (True if high is None else value <= high)
        self._take(part, free, np.where(sound, Status.SOLVED, -1), inputs, [np.zeros(size, np.int8) for _ in free])

    def _take(self, part: slice, free: list[Floats], status: Any, inputs: list[Any], sides: list[Any]) -> None:
        """Takes the points that are optima; those whose multiplier has the wrong sign stay open."""
        inside = status == Status.SOLVED
        lagrange = self._lagrange(free, inputs, sides)
        if self.operator in ("<=", ">="):
            inside &= lagrange > 0 if self.operator == "<=" else lagrange < 0
        self.status[part] = np.where(
            inside, Status.SOLVED, np.where(status == Status.INFEASIBLE, Status.INFEASIBLE, -1)
        )
        for mine, value in zip(self.free, free, strict=True):
            mine[part] = value
        for at_bound, side in zip(self.at_bound, sides, strict=True):
            at_bound[part] = side
        self.multiplier[part] = -self.compiled.sign * lagrange
        self.binds[part] = self.operator is not None

    def _curves_up(self, free: Sequence[Any], inputs: Sequence[Any]) -> Any:
        """Whether the objective grows to both sides of a stationary point, along the constraint."""
        gradient = self.compiled.constraint_gradient
        if gradient is not None and len(free) == 1:
            return True  # nothing to choose: the constraint says it all
        lagrange = self._lagrange(free, inputs) if gradient is not None else 0.0
        hessian = self.compiled.lagrangian_hessian(*free, lagrange, *inputs)
        if len(free) == 1:
            return np.asarray(hessian[0]) > 0
        x, y = free
        xx, xy, yy = hessian[0] * x * x, hessian[1] * x * y, hessian[2] * y * y
        if gradient is None:
            return (xx > 0) & (xx * yy > xy * xy)
        # in logarithms, where a stationary point of the Lagrangian has the same curvature
        g = gradient(*free, *inputs)
        gx, gy = g[0] * x, g[1] * y
        size = np.abs(gx) + np.abs(gy)
        gx, gy = gx / size, gy / size
        return gx * gx * yy - 2 * gx * gy * xy + gy * gy * xx > 0

    def _lagrange(self, free: Sequence[Any], inputs: Sequence[Any], sides: Sequence[Any] = (0, 0)) -> Any:
        """The multiplier of objective + multiplier (left - right), from the slopes in the logarithms of the free fields.

        A field that lies at a bound does not answer; the other one alone does.
        """
        if self.compiled.constraint_gradient is None:
            return np.nan
        f = self.compiled.objective_gradient(*free, *inputs)
        g = self.compiled.constraint_gradient(*free, *inputs)
        held = [np.asarray(side) != 0 for side in sides[: len(free)]]
        fixed = np.logical_and.reduce(np.broadcast_arrays(*held))  # neither answers: what they would do together
        steep = [np.where(h & ~fixed, 0.0, x * s) for x, s, h in zip(free, g, held, strict=True)]
        size = sum(np.abs(s) for s in steep)
        steep = [s / size for s in steep]
        along = sum(x * slope * s for x, slope, s in zip(free, f, steep, strict=True))
        return -along / sum(s * s for s in steep) / size

    def by_search(self, at: int, inputs: list[Any], bounds: list[list[Any]]) -> None:
        found = search(self.compiled, inputs, self.operator, *bounds)
        self.status[at] = found.status
        self.others, self.direction = found.others, found.direction
        for place, value in enumerate(found.free):
            self.free[place][at] = value
        for place, side in enumerate(found.at_bound):
            self.at_bound[place][at] = side
        self.binds[at] = found.binds
        self.multiplier[at] = np.nan
        if found.status is Status.SOLVED and found.binds:
            self.multiplier[at] = -self.compiled.sign * float(self._lagrange(found.free, inputs, found.at_bound))
