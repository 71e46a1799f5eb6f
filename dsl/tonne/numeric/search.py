"""One problem searched: where nothing proves that there is one stationary point, or bounds hold.

The problem is looked at along one curve: with two free fields the second is walked over a grid of its logarithm, and the
first follows, by the constraint or as the best for itself; with one free field the curve is its own axis. The least point
of the grid is refined by the sign of the derivative. A least point at an open end is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tonne.numeric.roots import Floats, refine
from tonne.problem import Compiled, Status

# The grid reaches e^60 times above and below the start where no bound ends it, and has so many points.
_REACH, _POINTS = 60.0, 481
_ALIKE = 1e-9  # two least values that differ by less are alike
_SAME_POINT = 1e-4
_HOLDS = 1e-9


class Found(NamedTuple):
    """A status with the free values, or with the direction in which the objective improves.

    `binds` says whether the constraint holds as an equation.
    """

    status: Status
    free: tuple[float, ...] = ()
    at_bound: tuple[int, ...] = ()
    binds: bool = False
    others: tuple[tuple[float, ...], ...] = ()
    direction: tuple[int, ...] = ()


class Range(NamedTuple):
    """The logarithms of a free field that are looked at; an end may be a bound of the file or just where the look ends."""

    low: float
    high: float
    low_is_bound: bool
    high_is_bound: bool

    def grid(self, points: int = _POINTS) -> Floats:
        return np.linspace(self.low, self.high, points) if self.high > self.low else np.array([self.low])


def search(
    compiled: Compiled,
    inputs: Sequence[float],
    operator: str | None,
    low: Sequence[float | None],
    high: Sequence[float | None],
    start: Sequence[float | None],
) -> Found:
    """The least point of one instance."""
    ranges = [_range(*ends) for ends in zip(low, high, start, strict=True)]
    if any(r is None for r in ranges):
        return Found(Status.INFEASIBLE)
    with np.errstate(all="ignore"):
        return _Search(compiled, inputs, operator, [r for r in ranges if r is not None]).best()


def _range(low: float | None, high: float | None, start: float | None) -> Range | None:
    has_low, has_high = low is not None and low > 0, high is not None and math.isfinite(high)
    if high is not None and (high <= 0 or (low is not None and low > high)):
        return None
    ends = [math.log(v) for v, has in ((low, has_low), (high, has_high)) if has and v is not None]
    middle = math.log(start) if start is not None and start > 0 else (sum(ends) / len(ends) if ends else 0.0)
    bottom = ends[0] if has_low else min([middle, *ends]) - _REACH
    return Range(bottom, ends[-1] if has_high else max([middle, *ends]) + _REACH, has_low, has_high)


class _Search:
    def __init__(self, compiled: Compiled, inputs: Sequence[float], operator: str | None, ranges: list[Range]) -> None:
        self.compiled = compiled
        self.inputs = inputs
        self.operator = operator
        self.ranges = ranges

    def best(self) -> Found:
        """With an inequality the better of what lies inside and what lies on the constraint."""
        if self.operator is None:
            return self._inside()
        bound = self._on_constraint()
        if self.operator == "==":
            return bound
        inside = self._inside()
        if inside.status is Status.SOLVED and self._holds(inside.free):
            return inside
        if inside.status is Status.UNBOUNDED and self._is_open(inside):
            return inside
        if bound.status is Status.INFEASIBLE:  # the constraint holds everywhere or nowhere
            middle = tuple(math.exp(0.5 * (r.low + r.high)) for r in self.ranges)
            return inside if self._holds(middle) else bound
        return bound

    def _is_open(self, inside: Found) -> bool:
        """Whether the objective improves without end where the constraint holds."""
        ends = tuple(
            math.exp(r.high if way > 0 else r.low if way < 0 else 0.5 * (r.low + r.high))
            for r, way in zip(self.ranges, inside.direction, strict=True)
        )
        return self._holds(ends)

    def _holds(self, free: tuple[float, ...]) -> bool:
        assert self.compiled.constraint is not None
        left_less_right = float(self.compiled.constraint(*free, *self.inputs))
        size = max(abs(x * g) for x, g in zip(free, self._constraint_gradient(free), strict=True))
        sign = 1.0 if self.operator == "<=" else -1.0
        return sign * left_less_right <= _HOLDS * size

    # ── one free field ──

    def _inside(self) -> Found:
        """The least point where the constraint is left aside."""
        if len(self.ranges) == 1:
            t = self.ranges[0].grid()
            return self._least(t, [np.exp(t)], lambda free: self._objective_gradient(free)[0], binds=False)
        grid = self.ranges[1].grid(161)
        first = [self._best_first(y) for y in np.exp(grid)]
        return self._least(
            grid,
            [np.array(first), np.exp(grid)],
            lambda free: self._objective_gradient(free)[1],
            binds=False,
            follow=lambda t: (self._best_first(math.exp(t)), math.exp(t)),
        )

    def _best_first(self, y: float) -> float:
        """The first free field that is best for a value of the second."""
        t = self.ranges[0].grid(161)
        values = self._value((np.exp(t), y))
        at = int(np.nanargmin(np.where(np.isfinite(values), values, np.nan))) if np.isfinite(values).any() else 0
        lower, upper = t[max(at - 1, 0)], t[min(at + 1, len(t) - 1)]
        return math.exp(_bisected(lambda s: self._objective_gradient((math.exp(s), y))[0], lower, upper))

    # ── on the constraint ──

    def _on_constraint(self) -> Found:
        if len(self.ranges) == 1:
            roots = [math.exp(t) for t in self._roots(self.ranges[0].grid(), ())]
            if not roots:
                return Found(Status.INFEASIBLE)
            values = [float(self._value((x,))) for x in roots]
            order = sorted(range(len(roots)), key=values.__getitem__)
            at_bound = self._at_bound((roots[order[0]],))
            return Found(Status.SOLVED, (roots[order[0]],), at_bound, True, tuple((roots[i],) for i in order[1:]))
        grid = self.ranges[1].grid()
        first = np.array([self._first(math.exp(t)) for t in grid])
        if not np.isfinite(first).any():
            return Found(Status.INFEASIBLE)
        return self._least(
            grid,
            [first, np.exp(grid)],
            self._along,
            binds=True,
            follow=lambda t: (self._first(math.exp(t)), math.exp(t)),
            beside=self._beside_bounds(),
        )

    def _beside_bounds(self) -> list[tuple[float, ...]]:
        """The points of the constraint at which the first field lies on one of its bounds."""
        first = self.ranges[0]
        ends = [t for t, is_bound in ((first.low, first.low_is_bound), (first.high, first.high_is_bound)) if is_bound]
        return [(math.exp(t), math.exp(s)) for t in ends for s in self._roots(self.ranges[1].grid(), (math.exp(t),), 1)]

    def _along(self, free: tuple[float, ...]) -> float:
        """The derivative of the objective by the logarithm of the second field, the first one following the constraint."""
        f, g = self._objective_gradient(free), self._constraint_gradient(free)
        return float(f[1] * free[1] - f[0] * free[0] * (g[1] * free[1]) / (g[0] * free[0]))

    def _first(self, y: float) -> float:
        """The first free field that satisfies the constraint beside a value of the second; nan where there is none.

        Of several the one where the objective is least.
        """
        roots = [math.exp(t) for t in self._roots(self.ranges[0].grid(121), (y,))]
        return min(roots, key=lambda x: float(self._value((x, y))), default=math.nan)

    def _roots(self, grid: Floats, rest: tuple[float, ...], place: int = 0) -> list[float]:
        """The logarithms of the field at `place` at which the constraint is satisfied as an equation; `rest` is the other."""
        assert self.compiled.constraint is not None
        constraint = self.compiled.constraint

        def f(t: Floats) -> Floats:
            free = [*rest[:place], np.exp(t), *rest[place:]]
            return np.asarray(constraint(*free, *self.inputs) + np.zeros_like(t))

        values = f(grid)
        signs = np.sign(np.where(np.isfinite(values), values, np.nan))
        exact = [float(t) for t in grid[signs == 0]]
        turns = np.flatnonzero(signs[:-1] * signs[1:] < 0)
        if not turns.size:
            return exact
        return exact + [
            float(t) for t in refine(f, None, grid[turns], grid[turns + 1], values[turns], values[turns + 1], ())
        ]

    # ── the least point of a curve ──

    def _least(
        self,
        grid: Floats,
        curve: list[Floats],
        slope: Callable[[tuple[float, ...]], float],
        *,
        binds: bool,
        follow: Callable[[float], tuple[float, ...]] = lambda t: (math.exp(t),),
        beside: Sequence[tuple[float, ...]] = (),
    ) -> Found:
        values = self._value(curve)
        values = np.where(np.isfinite(values) & np.isfinite(sum(curve)), values, np.inf)
        inner = np.concatenate(([np.inf], values, [np.inf]))
        places = np.flatnonzero((inner[1:-1] <= inner[:-2]) & (inner[1:-1] <= inner[2:]) & np.isfinite(values))
        points = [(float(self._value(free)), free) for free in beside]
        for place in places.tolist():
            lower = place - 1 if place > 0 and math.isfinite(values[place - 1]) else place
            upper = place + 1 if place + 1 < len(grid) and math.isfinite(values[place + 1]) else place
            t = _bisected(lambda s: slope(follow(s)), float(grid[lower]), float(grid[upper]))
            at_end = (t <= grid[lower] and lower == place > 0) or (t >= grid[upper] and upper == place < len(grid) - 1)
            free = follow(t)
            if all(map(math.isfinite, free)) and not at_end:  # else the curve ends there: a bound of the first field
                points.append((float(self._value(free)), free))
        points = sorted((p for p in points if math.isfinite(p[0])), key=lambda p: p[0])
        if not points:
            return Found(Status.NOT_FOUND)
        least, free = points[0]
        direction = self._direction(free)
        if any(direction):
            return Found(Status.UNBOUNDED, free, direction=direction)
        others = [p for p in points[1:] if not _same(p[1], free)]
        around = values[np.isfinite(values)]
        scale = max(abs(least), float(np.min(around[around > least], initial=np.inf)) - least if around.size else 0.0)
        alike = math.isfinite(scale) and any(value - least <= _ALIKE * scale for value, _ in others)
        if alike or self._is_flat(values):
            return Found(Status.NOT_UNIQUE, free, others=tuple(p for _, p in others))
        return Found(Status.SOLVED, free, self._at_bound(free), binds, tuple(p for _, p in others))

    @staticmethod
    def _is_flat(values: Floats) -> bool:
        known = values[np.isfinite(values)]
        return known.size > 2 and bool(np.ptp(known) <= _ALIKE * np.max(np.abs(known)))

    def _direction(self, free: tuple[float, ...]) -> tuple[int, ...]:
        """Per field 1 where a least point lies at the open upper end of what was looked at, -1 at the lower one."""
        ways = []
        for x, r in zip(free, self.ranges, strict=True):
            near = (r.high - r.low) / (_POINTS - 1) * 3.5
            t = math.log(x)
            ways.append(
                1 if t > r.high - near and not r.high_is_bound else -1 if t < r.low + near and not r.low_is_bound else 0
            )
        return tuple(ways)

    def _at_bound(self, free: tuple[float, ...]) -> tuple[int, ...]:
        sides = []
        for x, r in zip(free, self.ranges, strict=True):
            t = math.log(x)
            at_high = r.high_is_bound and t >= r.high - 1e-12
            sides.append(1 if at_high else -1 if r.low_is_bound and t <= r.low + 1e-12 else 0)
        return tuple(sides)

    def _value(self, free: Sequence[float | Floats]) -> Floats:
        return np.asarray(self.compiled.objective(*free, *self.inputs) + 0.0 * free[-1])

    def _objective_gradient(self, free: Sequence[float]) -> tuple[float, ...]:
        return tuple(float(g) for g in self.compiled.objective_gradient(*free, *self.inputs))

    def _constraint_gradient(self, free: Sequence[float]) -> tuple[float, ...]:
        assert self.compiled.constraint_gradient is not None
        return tuple(float(g) for g in self.compiled.constraint_gradient(*free, *self.inputs))


def _bisected(slope: Callable[[float], float], low: float, high: float) -> float:
    """Where a derivative turns from falling to rising; an end where it does not turn."""
    at_low, at_high = slope(low), slope(high)
    if not at_low < 0:
        return low if at_low > 0 or not at_high < 0 else high
    if not at_high > 0:
        return high if at_high < 0 or math.isfinite(at_high) else low
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if slope(middle) < 0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(abs(math.log(a / b)) < _SAME_POINT for a, b in zip(one, other, strict=True))
