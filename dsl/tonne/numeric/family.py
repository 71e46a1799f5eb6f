"""The structured family solved: L = E + A x^-a + B y^-b against cost = x (u y + w) + k, vectorised.

With (x0, y0) the optimum for w = 0 at the same level and y = y0 e^z, both problems reduce to one equation,
z = kappa log1p(s e^-z):

    least cost   kappa = 1/b           s = b t / (a + b)   x = x0 (1 + (a/b) p / (1 + p))^(-1/a), p = s e^-z
    least loss   kappa = (1-a)/(a+b)   s = t               x = (level - k) / (u y + w)

with t = w / (u y0). Its left side less its right side grows with z, since kappa > -1: there is one root. For w = 0 the root
is 0, with no special case.

Two steps of fourth order end at the root for all exponents that laws have. What is left takes Newton's steps, which cannot
fail: the difference is concave or convex, so that after the first step all lie on one side of the root. Each instance takes
its own steps, whatever stands beside it. Nothing is taken away from what it nearly equals, but for the level's distance to
the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonne.problem import Array, Family, Status

Floats = NDArray[np.float64]
BLOCK = 20480  # few calls, and what they work on stays near
_MOST_STEPS = 100
# After a step of fourth order that is as small as this, and after a step of Newton's as small as that, nothing is left.
_SMALL, _TINY = 2e-4, 1e-9


def solve_family(problem: str, *coefficients: Array) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """x, y and status of each instance; `coefficients` are A, B, E, a, b, u, w, k, level, which broadcast.

    INFEASIBLE where the level lies at the floor or below: E for a loss, k for a cost. NOT_FOUND where a coefficient is no
    finite number or has not its sign, and where x or y is beyond what a float holds. Both are nan where there is no solution.
    """
    shape = np.broadcast_shapes(*(np.shape(c) for c in coefficients))
    x, y = np.empty(shape), np.empty(shape)
    status = np.empty(shape, np.int8)
    flat_x, flat_y, flat_status = x.reshape(-1), y.reshape(-1), status.reshape(-1)
    values = [np.asarray(c, np.float64) for c in coefficients]
    flat = [v if v.ndim == 0 else np.broadcast_to(v, shape).reshape(-1) for v in values]
    solve = _least_cost if problem == "least-cost" else _least_loss
    with np.errstate(all="ignore"):
        for start in range(0, flat_x.size, BLOCK):
            part = slice(start, min(start + BLOCK, flat_x.size))
            block = [v if v.ndim == 0 else v[part] for v in flat]
            room = solve(flat_x[part], flat_y[part], *block)
            flat_status[part] = _judge(flat_x[part], flat_y[part], room, block)
    return x, y, status


def _judge(x: Floats, y: Floats, room: Any, block: list[Any]) -> Any:
    """The status of each instance; what is no solution is made nan."""
    A, B, _, a, b, u, w, *_ = block
    signs = (A, B, a, b, u)
    # Where the level lies at the floor or below, x is no positive number.
    if (
        all(_least(v) > 0 for v in (x, y, *signs))
        and _least(w) >= 0
        and np.isfinite(np.add.reduce(x) + np.add.reduce(y))
    ):
        return Status.SOLVED
    sound = (w >= 0) & np.isfinite(sum(block))
    for value in signs:
        sound = sound & (value > 0)
    solved = sound & (room > 0) & (x > 0) & (y > 0) & np.isfinite(x) & np.isfinite(y)
    x[~solved] = y[~solved] = np.nan
    return np.where(solved, Status.SOLVED, np.where(sound & (room <= 0), Status.INFEASIBLE, Status.NOT_FOUND))


def _least(value: Any) -> Any:
    return np.minimum.reduce(value) if np.ndim(value) else value


def _least_cost(
    x: Floats, y: Floats, A: Any, B: Any, E: Any, a: Any, b: Any, u: Any, w: Any, k: Any, level: Any
) -> Any:
    room = level - E
    kappa, ratio = 1 / b, a / b
    log_y = np.log(B / room * (1 + 1 / ratio))
    log_y *= kappa
    s = w / u
    s /= 1 + ratio
    s /= np.exp(log_y)
    m = _root(kappa, s)
    p = np.exp(m)
    p *= s
    base = ratio * p
    p += 1
    base /= p
    base += 1
    base *= room / (1 + ratio)
    base /= A
    np.log(base, out=base)
    base /= a
    np.exp(-base, out=x)
    np.exp(log_y - m, out=y)
    return room


def _least_loss(
    x: Floats, y: Floats, A: Any, B: Any, E: Any, a: Any, b: Any, u: Any, w: Any, k: Any, level: Any
) -> Any:
    room = level - k
    both = a + b
    log_y = a * np.log(room / u)
    log_y -= np.log(a * A / (b * B))
    log_y /= both
    s = w / u
    s /= np.exp(log_y)
    np.exp(log_y - _root((1 - a) / both, s), out=y)
    cost = u * y
    cost += w
    np.divide(room, cost, out=x)
    return room


def _root(kappa: Any, s: Any) -> Any:
    """Minus the root z of z = kappa log1p(s e^-z), for kappa > -1 and s >= 0; of at least one dimension."""
    m = np.atleast_1d(_start(kappa, s))
    m += _step(m, kappa, s)
    step = _step(m, kappa, s)
    m += step
    if not max(np.maximum.reduce(step), -np.minimum.reduce(step)) <= _SMALL:
        left = np.flatnonzero(~(np.abs(step) <= _SMALL))
        kappa, s = (np.broadcast_to(v, m.shape)[left] for v in (kappa, s))
        m[left] = _newton(_start(kappa, s), kappa, s)
    return m


def _start(kappa: Any, s: Any) -> Any:
    """Newton's step from 0, of -z. It ends on the side of the root that his further steps do not leave."""
    slope = s / (1 + s)
    slope *= kappa
    slope = -1 - slope
    start = np.log1p(s)
    start *= kappa
    start /= slope
    return start


def _step(m: Floats, kappa: Any, s: Any) -> Floats:
    """Householder's step of fourth order of m = -z, for the difference of both sides, kappa log1p(p) + m with p = s e^m.

    Its derivatives by m are kappa p / (1 + p) + 1, kappa p / (1 + p)^2, and that times (1 - p) / (1 + p).
    """
    p = np.exp(m)
    p *= s
    short = np.log1p(p)
    short *= kappa
    short += m
    bend = kappa * p
    steep = 1 + p
    slope = steep + bend
    short /= slope
    bend *= short
    bend /= slope
    steep *= short
    np.subtract(1, p, out=p)
    p *= short
    p *= 1 / 6
    p -= 1
    p *= bend
    p += 1
    bend *= 0.5
    bend -= 1
    bend *= steep
    bend /= p
    return np.asarray(bend)


def _newton(m: Floats, kappa: Floats, s: Floats) -> Floats:
    """The same roots by Newton's steps, each instance as long as it moves; nan where it does not end."""
    found = np.full_like(m, np.nan)
    left = np.arange(m.size)
    for _ in range(_MOST_STEPS):
        p = s * np.exp(m)
        step = (kappa * np.log1p(p) + m) / (1 + kappa * (p / (1 + p)))
        m = m - step
        small = np.abs(step) <= _TINY * np.maximum(np.abs(m), 1)
        found[left[small]] = m[small]
        on = ~small & np.isfinite(m)
        left, m, kappa, s = left[on], m[on], kappa[on], s[on]
        if not left.size:
            break
    return found


def within(
    problem: str, x: Floats, y: Floats, low: Sequence[Any], high: Sequence[Any], *coefficients: Any
) -> tuple[Floats, Floats, NDArray[np.int8], NDArray[np.int8], NDArray[np.bool_]]:
    """The optimum within bounds of x and of y: moved along the level's curve, on which it is the only stationary point.

    Gives x, y, on which bound each lies (-1, 0, 1), and where the curve has a point within the bounds at all. `low` and
    `high` are those of x and of y, 0 and infinity where there is none.
    """
    low, high = [np.asarray(v, np.float64) for v in low], [np.asarray(v, np.float64) for v in high]
    with np.errstate(all="ignore"):
        beside_low, beside_high = (_beside_y(problem, y_end, *coefficients) for y_end in (low[1], high[1]))
        beside_low = np.where(np.isfinite(beside_low) & (beside_low > 0), beside_low, np.inf)
        lowest, highest = np.fmax(low[0], np.where(np.isinf(high[1]), 0.0, beside_high)), np.fmin(high[0], beside_low)
        there = np.isnan(beside_high) & np.isfinite(high[1]) | (lowest > highest)
        moved_x = np.clip(x, lowest, highest)
        moved_y = np.where(moved_x == x, y, _beside_x(problem, moved_x, *coefficients))
        moved_y = np.where((moved_x == beside_high) & (moved_x != x), high[1], moved_y)
        moved_y = np.where((moved_x == beside_low) & (moved_x != x), low[1], moved_y)
        at_x = np.where(moved_x <= low[0], -1, np.where(moved_x >= high[0], 1, 0)).astype(np.int8)
        at_y = np.where(moved_y <= low[1], -1, np.where(moved_y >= high[1], 1, 0)).astype(np.int8)
        return moved_x, moved_y, at_x, at_y, ~there & np.isfinite(moved_y) & (moved_y > 0)


def _beside_y(problem: str, y: Any, A: Any, B: Any, E: Any, a: Any, b: Any, u: Any, w: Any, k: Any, level: Any) -> Any:
    """x at the level, for a value of y; nan where there is none."""
    if problem == "least-loss":
        return (level - k) / (u * y + w)
    return ((level - E - B * y**-b) / A) ** (-1 / a)


def _beside_x(problem: str, x: Any, A: Any, B: Any, E: Any, a: Any, b: Any, u: Any, w: Any, k: Any, level: Any) -> Any:
    if problem == "least-loss":
        return ((level - k) / x - w) / u
    return ((level - E - A * x**-a) / B) ** (-1 / b)


def without_serving(
    family: Family, *coefficients: float, low: Sequence[float] = (0.0, 0.0), high: Sequence[float] = (np.inf, np.inf)
) -> tuple[float, float] | None:
    """The point that is best at the same level for w = 0, within bounds of x and of y; None where there is none."""
    alone = [np.float64(c) for c in (*coefficients[:6], 0.0, *coefficients[7:])]
    x, y, status = solve_family(family.problem, *alone)
    if status != Status.SOLVED:
        return None
    x, y, _, _, there = within(family.problem, x, y, low, high, *alone)
    return (float(x), float(y)) if there else None


def break_even(family: Family, *coefficients: float) -> float:
    """The factor on w at which, in the optimum for it, the two parts of the cost are alike: w = u y.

    There t = v, so that least cost has v^(1+b) = v + b v / (a+b), and least loss v^(1+b) (2 v)^(a-1) = 1.
    """
    a, b, u, w = coefficients[3:7]
    alone = without_serving(family, *coefficients)
    y0 = np.nan if alone is None else alone[1]
    v = ((a + 2 * b) / (a + b)) ** (1 / b) if family.problem == "least-cost" else 2 ** ((1 - a) / (a + b))
    return v * y0 * u / w
