"""One problem searched: where nothing proves that there is one stationary point, or bounds hold.

The problem is looked at along one curve: with two free fields the second is walked over a grid of its logarithm, and the
first follows, by the constraint or as the best for itself; with one free field the curve is its own axis. The least point
of the grid is refined by the sign of the derivative. A least point at an open end is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonne.numeric.roots import Floats, refine
from tonne.problem import Compiled, Status

# The grid reaches e^60 times above and below the start where no bound ends it, and has so many points.
_REACH, _POINTS = 60.0, 481
_ALIKE = 1e-9  # two least values that differ by less are alike
_SAME_POINT = 1e-4
_HOLDS = 1e-9
_MOST_VALLEYS = 12
_ROUND, _MOST_ROUNDS = 33, 16  # points of a round of refining, each of which takes the interval of the turn
_EPS = 2.0**-51

Point = tuple[float, ...]
Curve = tuple[Floats, ...]


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
    """One instance. A point is a tuple of free values; a curve is a tuple of arrays."""

    def __init__(self, compiled: Compiled, inputs: Sequence[float], operator: str | None, ranges: list[Range]) -> None:
        self.compiled = compiled
        self.inputs = [np.float64(value) for value in inputs]  # numpy's own divide by zero without raising
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

    def _holds(self, free: Point) -> bool:
        assert self.compiled.constraint is not None
        point = [np.float64(value) for value in free]
        left_less_right = float(self.compiled.constraint(*point, *self.inputs))
        size = max(abs(float(x * g)) for x, g in zip(point, self._constraint_gradient(point), strict=True))
        sign = 1.0 if self.operator == "<=" else -1.0
        return sign * left_less_right <= _HOLDS * size

    # ── curves ──

    def _inside(self) -> Found:
        """The least point where the constraint is left aside."""
        if len(self.ranges) == 1:
            return self._least(self.ranges[0].grid(), lambda t: (np.exp(t),), lambda c: self._steep(c, 0), binds=False)
        return self._least(
            self.ranges[1].grid(161),
            lambda t: (self._best_first(np.exp(t)), np.exp(t)),
            lambda c: self._steep(c, 1),
            binds=False,
        )

    def _on_constraint(self) -> Found:
        if len(self.ranges) == 1:
            roots = self._roots(self.ranges[0].grid(), 0, None)[1]
            points = sorted(((float(self._value((x,))[0]), (float(x),)) for x in np.exp(roots)), key=lambda p: p[0])
            if not points:
                return Found(Status.INFEASIBLE)
            free = points[0][1]
            return Found(Status.SOLVED, free, self._at_bound(free), True, tuple(p for _, p in points[1:]))

        def follow(t: Floats) -> Curve:
            return self._first(np.exp(t)), np.exp(t)

        grid = self.ranges[1].grid()
        beside = self._beside_bounds()
        if not np.isfinite(follow(grid)[0]).any() and not beside:
            return Found(Status.INFEASIBLE)
        return self._least(grid, follow, self._along, binds=True, beside=beside)

    def _along(self, curve: Curve) -> Floats:
        """The derivative of the objective by the logarithm of the second field, the first one following the constraint."""
        g = self._constraint_gradient(curve)
        return np.asarray(self._steep(curve, 1) - self._steep(curve, 0) * (g[1] * curve[1]) / (g[0] * curve[0]))

    def _best_first(self, y: Floats) -> Floats:
        """The first free field that is best for each value of the second."""
        t = self.ranges[0].grid(161)
        values = self._value((np.exp(t)[:, None], y[None, :]))
        at = np.argmin(np.where(np.isfinite(values), values, np.inf), axis=0)
        low, high = t[np.maximum(at - 1, 0)], t[np.minimum(at + 1, len(t) - 1)]

        def steep(s: Floats, second: Floats) -> Floats:
            return self._steep((np.exp(s), second), 0)

        at_low, at_high = steep(low, y), steep(high, y)
        turns = (at_low < 0) & (at_high > 0)
        found = np.where(at_low >= 0, low, np.where(at_high <= 0, high, np.nan))
        if turns.any():
            ends = (low[turns], high[turns], at_low[turns], at_high[turns])
            found[turns] = refine(steep, None, *ends, [y[turns]])
        return np.exp(found)

    def _first(self, y: Floats) -> Floats:
        """The first free field that satisfies the constraint beside each value of the second; nan where there is none.

        Of several the one where the objective is least.
        """
        place, roots = self._roots(self.ranges[0].grid(121), 0, y)
        x = np.full(y.shape, np.nan)
        values = self._value((np.exp(roots), y[place]))
        for i in np.argsort(-values, kind="stable"):  # the least one comes last, and stays
            x[place[i]] = np.exp(roots[i])
        return x

    def _beside_bounds(self) -> list[Point]:
        """The points of the constraint at which the first field lies on one of its bounds."""
        first = self.ranges[0]
        ends = [t for t, is_bound in ((first.low, first.low_is_bound), (first.high, first.high_is_bound)) if is_bound]
        if not ends:
            return []
        x = np.exp(ends)
        place, roots = self._roots(self.ranges[1].grid(), 1, x)
        return [(float(x[i]), float(np.exp(root))) for i, root in zip(place, roots, strict=True)]

    def _roots(self, grid: Floats, place: int, other: Floats | None) -> tuple[NDArray[np.intp], Floats]:
        """The logarithms of the field at `place` at which the constraint is satisfied as an equation.

        `other` has values of the other field; beside each root stands the number of its value.
        """
        assert self.compiled.constraint is not None
        constraint, gradient = self.compiled.constraint, self._constraint_gradient

        def curve(t: Floats, *rest: Floats) -> Curve:
            return (np.exp(t), *rest) if place == 0 else (*rest, np.exp(t))

        def f(t: Floats, *rest: Floats) -> Floats:
            return np.asarray(constraint(*curve(t, *rest), *self.inputs) + np.zeros_like(t))

        def slope(t: Floats, *rest: Floats) -> Floats:
            return np.asarray(np.exp(t) * gradient(curve(t, *rest))[place] + np.zeros_like(t))

        beside = [] if other is None else [other[None, :]]
        values = f(np.broadcast_to(grid[:, None], (len(grid), 1 if other is None else len(other))), *beside)
        signs = np.where(np.isfinite(values), np.sign(values), np.nan)
        row, column = np.nonzero(signs[:-1] * signs[1:] < 0)
        exact_row, exact_column = np.nonzero(signs == 0)
        rest = [] if other is None else [other[column]]
        ends = (grid[row], grid[row + 1], values[row, column], values[row + 1, column])
        roots = refine(f, slope, *ends, rest) if row.size else np.empty(0)
        return np.concatenate((exact_column, column)), np.concatenate((grid[exact_row], roots))

    # ── the least point of a curve ──

    def _least(
        self,
        grid: Floats,
        follow: Callable[[Floats], Curve],
        steep: Callable[[Curve], Floats],
        *,
        binds: bool,
        beside: Sequence[Point] = (),
    ) -> Found:
        """`beside` are points that the curve does not pass, such as its ends at a bound of the first field."""
        curve = follow(grid)
        values = self._value(curve)
        values = np.where(np.isfinite(values) & np.logical_and.reduce([np.isfinite(c) for c in curve]), values, np.inf)
        inner = np.concatenate(([np.inf], values, [np.inf]))
        places = np.flatnonzero((inner[1:-1] <= inner[:-2]) & (inner[1:-1] <= inner[2:]) & np.isfinite(values))
        places = places[np.argsort(values[places], kind="stable")][:_MOST_VALLEYS]
        points = [(float(self._value(free)[0]), free) for free in beside]
        for place in places.tolist():
            lower = place - 1 if place > 0 and math.isfinite(values[place - 1]) else place
            upper = place + 1 if place + 1 < len(grid) and math.isfinite(values[place + 1]) else place
            t = _turn(lambda s: steep(follow(s)), float(grid[lower]), float(grid[upper]))
            at_end = (t <= grid[lower] and lower == place > 0) or (t >= grid[upper] and upper == place < len(grid) - 1)
            free = tuple(float(c[0]) for c in follow(np.array([t])))
            if all(map(math.isfinite, free)) and not at_end:  # else the curve ends there: a bound of the first field
                points.append((float(self._value(free)[0]), free))
        points = sorted((p for p in points if math.isfinite(p[0])), key=lambda p: p[0])
        if not points:
            return Found(Status.NOT_FOUND)
        least, free = points[0]
        direction = self._direction(free)
        if any(direction):
            return Found(Status.UNBOUNDED, free, direction=direction)
        others = [p for p in points[1:] if not _same(p[1], free)]
        rises = np.fmin(inner[places], inner[places + 2]) - values[places]  # to the nearer neighbour on the grid
        scale = max(abs(least), float(np.min(rises, initial=np.inf, where=np.isfinite(rises))))
        alike = any(value - least <= _ALIKE * scale for value, _ in others)
        if alike or self._is_flat(values):
            return Found(Status.NOT_UNIQUE, free, others=tuple(p for _, p in others))
        return Found(Status.SOLVED, free, self._at_bound(free), binds, tuple(p for _, p in others))

    @staticmethod
    def _is_flat(values: Floats) -> bool:
        known = values[np.isfinite(values)]
        return known.size > 2 and bool(np.ptp(known) <= _ALIKE * np.max(np.abs(known)))

    def _direction(self, free: Point) -> tuple[int, ...]:
        """Per field 1 where a least point lies at the open upper end of what was looked at, -1 at the lower one."""
        ways = []
        for x, r in zip(free, self.ranges, strict=True):
            near = (r.high - r.low) / (_POINTS - 1) * 3.5
            t = math.log(x)
            grows = t > r.high - near and not r.high_is_bound
            ways.append(1 if grows else -1 if t < r.low + near and not r.low_is_bound else 0)
        return tuple(ways)

    def _at_bound(self, free: Point) -> tuple[int, ...]:
        sides = []
        for x, r in zip(free, self.ranges, strict=True):
            t = math.log(x)
            at_high = r.high_is_bound and t >= r.high - 1e-12
            sides.append(1 if at_high else -1 if r.low_is_bound and t <= r.low + 1e-12 else 0)
        return tuple(sides)

    def _value(self, free: Sequence[float | Floats]) -> Floats:
        """The objective, in the shape to which the free values broadcast, at least one value."""
        point = [np.asarray(c, np.float64) for c in free]
        shape = np.broadcast_shapes(*(c.shape for c in point)) or (1,)
        return np.broadcast_to(np.asarray(self.compiled.objective(*point, *self.inputs)), shape)

    def _steep(self, curve: Curve, place: int) -> Floats:
        """The derivative of the objective by the logarithm of a field."""
        return np.asarray(self.compiled.objective_gradient(*curve, *self.inputs)[place] * curve[place])

    def _constraint_gradient(self, curve: Sequence[Any]) -> tuple[Any, ...]:
        assert self.compiled.constraint_gradient is not None
        return tuple(self.compiled.constraint_gradient(*curve, *self.inputs))


def _turn(steep: Callable[[Floats], Floats], low: float, high: float) -> float:
    """Where a derivative turns from falling to rising; an end where it does not turn."""
    for _ in range(_MOST_ROUNDS):
        t = np.linspace(low, high, _ROUND)
        slopes = steep(t)
        falling, rising = slopes < 0, slopes > 0
        if not falling[0]:
            return low if rising[0] or not falling[-1] else high
        turns = np.flatnonzero(falling[:-1] & ~falling[1:])
        if not turns.size:
            return high
        low, high = float(t[turns[0]]), float(t[turns[0] + 1])
        if high - low <= _EPS * max(abs(low), abs(high), 1.0):
            break
    return 0.5 * (low + high)


def _same(one: Point, other: Point) -> bool:
    return all(abs(math.log(a / b)) < _SAME_POINT for a, b in zip(one, other, strict=True))
