"""One problem searched: where nothing proves that there is one stationary point, or bounds hold.

Takes a `Compiled`, one instance's inputs and the ranges of its free fields; gives a `Found`. The problem is looked at along
curves: one field is walked over a grid of its logarithm and the other follows, by the constraint or as the best for itself;
each field is the one that is walked once, for a curve may turn back in one of them. Where the slope along a curve turns
from falling to rising it is followed to the last digit. What is best at an open end is no optimum, and neither is a point
of an inequality from which the objective improves inwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tonne.numeric.optimality import multiplier, slopes
from tonne.numeric.roots import Floats, refine
from tonne.problem import Compiled, Status

# How far the logarithms reach above and below the start where no bound ends them, and the steps of what is walked and of what
# follows. The far look is there to contradict the near one.
_LOOKS = ((60.0, 0.25, 1.0), (690.0, 1.0, 2.0))
_ALIKE = 1e-9  # least values that differ by less are alike, relative to how the objective rises beside them
_SAME_POINT = 1e-4
_HOLDS = 1e-9


class Found(NamedTuple):
    """A status with the free values, or with the direction in which the objective improves.

    `binds` says whether the constraint holds as an equation; `others` are further points that are best around themselves.
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

    def grid(self, step: float) -> Floats:
        return np.linspace(self.low, self.high, max(2, round((self.high - self.low) / step)) + 1)


class Point(NamedTuple):
    """A point that may be the best; `rise` is how much worse its nearer neighbour on the grid is.

    `ends` says that it is none by its slope: a curve ends there.
    """

    value: float
    free: tuple[float, ...]
    binds: bool
    rise: float
    ends: bool


def search(
    compiled: Compiled,
    inputs: Sequence[float],
    operator: str | None,
    low: Sequence[float | None],
    high: Sequence[float | None],
    start: Sequence[float | None],
) -> Found:
    """The least point of one instance."""
    numbers = [v for values in (inputs, low, high) for v in values if v is not None]
    if any(map(math.isnan, numbers)):
        return Found(Status.NOT_FOUND)
    found = Found(Status.NOT_FOUND)
    with np.errstate(all="ignore"):
        for look in _LOOKS:
            ranges = [_range(*ends, look[0]) for ends in zip(low, high, start, strict=True)]
            if any(r is None for r in ranges):
                return Found(Status.INFEASIBLE)
            again = _Search(compiled, inputs, operator, [r for r in ranges if r is not None], look[1:]).best()
            if again.status is Status.SOLVED or look is _LOOKS[0]:
                found = again
            if found.status in (Status.SOLVED, Status.NOT_UNIQUE):
                break
    ends = zip(found.free, found.at_bound, low, high, strict=False)
    return found._replace(free=tuple(float({-1: a, 0: x, 1: b}[side] or x) for x, side, a, b in ends) or found.free)


def _range(low: float | None, high: float | None, start: float | None, reach: float) -> Range | None:
    has_low, has_high = low is not None and low > 0, high is not None and math.isfinite(high)
    if (high is not None and high <= 0) or (low is not None and (low == math.inf or (high is not None and low > high))):
        return None
    ends = [math.log(v) for v, has in ((low, has_low), (high, has_high)) if has and v is not None]
    known = start is not None and 0 < start < math.inf
    middle = math.log(start) if known and start is not None else (sum(ends) / len(ends) if ends else 0.0)
    bottom = ends[0] if has_low else max(min([middle, *ends]) - reach, -_LOOKS[-1][0])
    top = ends[-1] if has_high else min(max([middle, *ends]) + reach, _LOOKS[-1][0])
    return Range(bottom, top, has_low, has_high)


class _Search:
    def __init__(
        self,
        compiled: Compiled,
        inputs: Sequence[float],
        operator: str | None,
        ranges: list[Range],
        steps: tuple[float, ...],
    ) -> None:
        self.compiled = compiled
        self.inputs = [np.float64(value) for value in inputs]  # numpy divides by zero without raising
        self.operator = operator
        self.ranges = ranges
        self.walked, self.followed = steps

    def best(self) -> Found:
        points: list[Point] = []
        if self.operator != "==":
            points += [p for p in self._inside() if self.operator is None or self._holds(p.free)]
        if self.operator is not None:
            points += [p for p in self._on_constraint() if self.operator == "==" or self._pushes(p.free)]
        points.sort(key=lambda p: p.value)
        if not points:
            return Found(Status.NOT_FOUND if self._is_possible() else Status.INFEASIBLE)
        best = points[0]
        if self._is_flat():
            return Found(Status.NOT_UNIQUE, best.free)
        direction = self._direction(best.free)
        if any(direction):
            return Found(Status.UNBOUNDED, best.free, direction=direction)
        if best.ends and not any(self._at_bound(best.free)):
            return Found(Status.NOT_FOUND)
        others: list[Point] = []
        for point in points[1:]:
            if not point.ends and not any(_same(point.free, p.free) for p in (best, *others)):
                others.append(point)
        scale = max(abs(best.value), min((p.rise for p in (best, *others) if p.rise < math.inf), default=0.0))
        alike = any(p.value - best.value <= _ALIKE * scale for p in others)
        status = Status.NOT_UNIQUE if alike else Status.SOLVED
        return Found(status, best.free, self._at_bound(best.free), best.binds, tuple(p.free for p in others))

    # ── curves, and the least points of each ──

    def _inside(self) -> Iterable[Point]:
        """The points that are best around themselves where the constraint is left aside."""
        if len(self.ranges) == 1:
            return self._least(0, lambda t: [np.exp(t)], lambda free: self._slopes(free)[0][0], binds=False)
        return [
            point
            for place in (1, 0)
            for point in self._least(
                place,
                lambda t, place=place: self._beside(place, t, self._best_of),  # type: ignore[misc]
                lambda free, place=place: self._slopes(free)[0][place],  # type: ignore[misc]
                binds=False,
            )
        ]

    def _on_constraint(self) -> Iterable[Point]:
        """The same among the points where the constraint holds as an equation."""
        if len(self.ranges) == 1:
            roots = self._roots(0, np.zeros(1))[0]
            return [Point(float(self._value([x])), (float(x),), True, math.inf, False) for x in np.exp(roots)]
        points = []
        for place in (1, 0):
            points += self._least(
                place,
                lambda t, place=place: self._beside(place, t, self._solved),  # type: ignore[misc]
                lambda free, place=place: self._along(free, place),  # type: ignore[misc]
                binds=True,
            )
            for t in self._bounds(place):
                rest = np.array([t])
                for s in np.exp(self._roots(1 - place, rest)[0]):
                    free = (math.exp(t), float(s)) if place == 0 else (float(s), math.exp(t))
                    points.append(Point(float(self._value(free)), free, True, math.inf, True))
        return points

    def _least(
        self, place: int, curve: Callable[[Floats], list[Floats]], slope: Callable[[Any], Any], *, binds: bool
    ) -> list[Point]:
        grid = self.ranges[place].grid(self.walked)
        free = curve(grid)
        values = self._value(free)
        values = np.where(np.isnan(values) | ~np.isfinite(sum(free)), np.inf, values)
        padded = np.concatenate(([np.inf], values, [np.inf]))
        rises = np.fmin(padded[:-2], padded[2:]) - values
        places = np.flatnonzero((rises >= 0) & np.isfinite(values))
        before, after = np.maximum(places - 1, 0), np.minimum(places + 1, grid.size - 1)
        before = np.where(np.isfinite(values[before]), before, places)
        after = np.where(np.isfinite(values[after]), after, places)

        def f(t: Floats) -> Floats:
            return np.asarray(slope(curve(t)) + np.zeros_like(t))

        low, high = grid[before], grid[after]
        at_low, at_high = f(low), f(high)
        turns = (at_low < 0) & (at_high > 0)
        t = refine(f, None, low[turns], high[turns], at_low[turns], at_high[turns], ())
        points = self._points(curve(t), rises[places[turns]], binds=binds, ends=False)
        ended = places[~turns & ((before == places) | (after == places))]
        return points + self._points([x[ended] for x in free], rises[ended], binds=binds, ends=True)

    def _points(self, free: list[Floats], rises: Floats, *, binds: bool, ends: bool) -> list[Point]:
        values = self._value(free)
        rows = zip(values.tolist(), *(x.tolist() for x in free), rises.tolist(), strict=True)
        return [
            Point(v, tuple(x), binds, rise, ends and not any(self._at_bound(x)))
            for v, *x, rise in rows
            if math.isfinite(v) and all(0 < one < math.inf for one in x)
        ]

    # ── the field that follows ──

    def _beside(self, place: int, t: Floats, follow: Callable[[int, Floats], Floats]) -> list[Floats]:
        walked, other = np.exp(t), np.exp(follow(1 - place, t))
        return [walked, other] if place == 0 else [other, walked]

    def _best_of(self, place: int, rest: Floats) -> Floats:
        """The logarithm of a field that is best beside each of the other's."""
        grid = self.ranges[place].grid(self.followed)
        values = self._value(self._free(place, grid[:, None], rest))
        at = np.argmin(np.where(np.isnan(values), np.inf, values), axis=0)
        low, high = grid[np.maximum(at - 1, 0)], grid[np.minimum(at + 1, grid.size - 1)]

        def f(t: Floats, rest: Floats) -> Floats:
            return np.asarray(self._slopes(self._free(place, t, rest))[0][place] + np.zeros_like(t))

        at_low, at_high = f(low, rest), f(high, rest)
        t = np.where(at_low >= 0, low, np.where(at_high <= 0, high, np.nan))
        turns = np.flatnonzero((at_low < 0) & (at_high > 0))
        t[turns] = refine(f, None, low[turns], high[turns], at_low[turns], at_high[turns], (rest[turns],))
        return t

    def _solved(self, place: int, rest: Floats) -> Floats:
        """The logarithm of a field by the constraint, beside each of the other's: of several where the objective is least."""
        t, at = self._roots(place, rest)
        best = np.full(rest.shape, np.nan)
        values = self._value(self._free(place, t, rest[at]))
        order = np.argsort(-np.where(np.isnan(values), np.inf, values), kind="stable")
        best[at[order]] = t[order]  # the last that is put down is the least
        return best

    def _roots(self, place: int, rest: Floats) -> tuple[Floats, Any]:
        """All logarithms of a field that satisfy the constraint, and beside which of the other's each is."""
        constraint = self.compiled.constraint
        assert constraint is not None

        def f(t: Floats, rest: Floats) -> Floats:
            return np.asarray(constraint(*self._free(place, t, rest), *self.inputs) + np.zeros_like(t))

        def slope(t: Floats, rest: Floats) -> Floats:
            g = self._slopes(self._free(place, t, rest))[1]
            assert g is not None
            return np.asarray(g[place] + np.zeros_like(t))

        grid = self.ranges[place].grid(self.followed if len(self.ranges) > 1 else self.walked)
        values = f(grid[:, None] + np.zeros_like(rest), rest)
        signs = np.sign(values)
        low, at = np.nonzero(signs[:-1] * signs[1:] < 0)
        exact = np.nonzero(signs == 0)
        ends = values[low, at], values[low + 1, at]
        turned = refine(f, slope, grid[low], grid[low + 1], *ends, (rest[at],))
        return np.concatenate((grid[exact[0]], turned)), np.concatenate((exact[1], at))

    def _free(self, place: int, t: Floats, rest: Floats) -> list[Floats]:
        if len(self.ranges) == 1:
            return [np.exp(t)]
        return [np.exp(t), np.exp(rest)] if place == 0 else [np.exp(rest), np.exp(t)]

    # ── what is asked of a point ──

    def _value(self, free: Sequence[Any]) -> Floats:
        point = [np.asarray(value, np.float64) for value in free]
        return np.asarray(self.compiled.objective(*point, *self.inputs) + 0.0 * sum(point))

    def _slopes(self, free: Sequence[Any]) -> tuple[list[Any], list[Any] | None]:
        return slopes(self.compiled, [np.asarray(value, np.float64) for value in free], self.inputs)

    def _along(self, free: Sequence[Any], place: int) -> Any:
        """The slope of the objective by the logarithm of one field, where the other follows the constraint."""
        f, g = self._slopes(free)
        assert g is not None
        return f[place] - f[1 - place] * (g[place] / g[1 - place])

    def _holds(self, free: tuple[float, ...]) -> bool:
        """Whether a point satisfies the inequality."""
        assert self.compiled.constraint is not None
        g = self._slopes(free)[1]
        assert g is not None
        sign = 1.0 if self.operator == "<=" else -1.0
        return bool(
            sign * float(self.compiled.constraint(*free, *self.inputs)) <= _HOLDS * max(abs(float(s)) for s in g)
        )

    def _pushes(self, free: tuple[float, ...]) -> bool:
        """Whether the objective would improve on the other side of the inequality, and not on its own."""
        lagrange = float(multiplier(*self._slopes(free), self._at_bound(free)))
        return lagrange > 0 if self.operator == "<=" else lagrange < 0

    def _is_possible(self) -> bool:
        """Whether any point of the grid satisfies an inequality."""
        if self.operator in (None, "=="):
            return self.operator is None
        assert self.compiled.constraint is not None
        axes = np.meshgrid(*(np.exp(r.grid(self.followed)) for r in self.ranges))
        values = self.compiled.constraint(*axes, *self.inputs) + 0.0 * axes[0]
        return bool(np.any(values <= 0 if self.operator == "<=" else values >= 0))

    def _is_flat(self) -> bool:
        """Whether the objective is the same wherever it is a number."""
        values = self._value(np.meshgrid(*(np.exp(r.grid(self.followed)) for r in self.ranges)))
        known = values[np.isfinite(values)]
        return known.size > 2 and bool(np.ptp(known) <= _ALIKE * np.max(np.abs(known)))

    def _bounds(self, place: int) -> list[float]:
        r = self.ranges[place]
        return [t for t, is_bound in ((r.low, r.low_is_bound), (r.high, r.high_is_bound)) if is_bound]

    def _direction(self, free: tuple[float, ...]) -> tuple[int, ...]:
        """Per field 1 where a point lies at the open upper end of what is looked at, -1 at the lower one."""
        ways, near = [], 3.5 * self.followed
        for x, r in zip(free, self.ranges, strict=True):
            t = math.log(x)
            up, down = t > r.high - near and not r.high_is_bound, t < r.low + near and not r.low_is_bound
            ways.append(1 if up else -1 if down else 0)
        return tuple(ways)

    def _at_bound(self, free: Sequence[float]) -> tuple[int, ...]:
        sides = []
        for x, r in zip(free, self.ranges, strict=True):
            t = math.log(x) if x > 0 else -math.inf
            at_low, at_high = r.low_is_bound and t <= r.low + 1e-12, r.high_is_bound and t >= r.high - 1e-12
            sides.append(-1 if at_low else 1 if at_high else 0)
        return tuple(sides)


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(abs(math.log(a / b)) < _SAME_POINT for a, b in zip(one, other, strict=True))
