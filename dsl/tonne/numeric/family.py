"""The structured family solved: L = E + A x^-a + B y^-b against cost = x (u y + w) + k, vectorised.

With (x0, y0) the optimum for w = 0 at the same level and y = y0 e^z, both problems reduce to one equation,
z = kappa log1p(s e^-z):

    least cost   kappa = 1/b           s = b t / (a + b)   x = x0 (1 + (a/b) (1 - e^(-b z)))^(-1/a)
    least loss   kappa = (1-a)/(a+b)   s = t               x = x0 / (e^z + t)

with t = w / (u y0). Its left side less its right side grows with z, since kappa > -1: there is one root. For kappa > 0 that
difference is concave, and a step from 0 is nearly there for small and for large s; Householder's steps do the rest. For w = 0
the root is 0, with no special case.

Blocks fit the cache, and buffers are reused. Logarithms are what is summed, so that nothing overflows on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonne.problem import Array, Family, Status

Floats = NDArray[np.float64]
BLOCK = 15360
_MOST_STEPS = 60
# The step is of fourth order: after one as small as this nothing is left that a float holds.
_SMALL = 2e-4


def solve_family(problem: str, *coefficients: Array) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """x, y and status of each instance; `coefficients` are A, B, E, a, b, u, w, k, level, which broadcast.

    INFEASIBLE where the level lies at the floor or below: E for a loss, k for a cost. NOT_FOUND where a coefficient is no
    finite number or has not its sign.
    """
    shape = np.broadcast_shapes(*(np.shape(c) for c in coefficients))
    x, y = np.empty(shape), np.empty(shape)
    status = np.empty(shape, np.int8)
    flat_x, flat_y, flat_status = x.reshape(-1), y.reshape(-1), status.reshape(-1)
    size = flat_x.size
    values = [np.asarray(c, np.float64) for c in coefficients]
    flat = [v if v.ndim == 0 else np.broadcast_to(v, shape).reshape(-1) for v in values]
    solve = _least_cost if problem == "least-cost" else _least_loss
    with np.errstate(all="ignore"):
        for start in range(0, size, BLOCK):
            part = slice(start, min(start + BLOCK, size))
            block = [v if v.ndim == 0 else v[part] for v in flat]
            flat_x[part], flat_y[part], room = solve(*block)
            flat_status[part] = _status(flat_x[part], flat_y[part], room, block)
    return x, y, status


def _status(x: Floats, y: Floats, room: Any, block: list[Any]) -> Any:
    positive = (*block[:2], *block[3:6])
    if np.min(room) > 0 and all(np.min(v) > 0 for v in positive) and np.min(block[6]) >= 0:
        if np.isfinite(np.sum(x) + np.sum(y)):
            return Status.SOLVED
    signs = np.logical_and.reduce(np.broadcast_arrays(*(np.less(0, v) for v in positive))) & (block[6] >= 0)
    sound = signs & np.isfinite(x) & np.isfinite(y)
    return np.where(sound & (room > 0), Status.SOLVED, np.where(room <= 0, Status.INFEASIBLE, Status.NOT_FOUND))


def _least_cost(A: Any, B: Any, E: Any, a: Any, b: Any, u: Any, w: Any, k: Any, level: Any) -> tuple[Any, Any, Any]:
    room = level - E
    log_room, ratio, over_b = np.log(room), a / b, 1 / b
    log_y = (np.log(B * (1 + 1 / ratio)) - log_room) * over_b
    share = b / (a + b)
    z = _root(over_b, share * (w / u) * np.exp(-log_y))
    log_x = (np.log(A * (1 + ratio)) - log_room - np.log1p(-ratio * np.expm1(-b * z))) / a
    return np.exp(log_x), np.exp(log_y + z), room


def _least_loss(A: Any, B: Any, E: Any, a: Any, b: Any, u: Any, w: Any, k: Any, level: Any) -> tuple[Any, Any, Any]:
    room = level - k
    both = a + b
    log_budget = np.log(room / u)
    log_y = (a * log_budget - np.log(a * A / (b * B))) / both
    t = (w / u) * np.exp(-log_y)
    z = _root((1 - a) / both, t)
    log_v = z + np.log1p(t * np.exp(-z))  # ln(v + t)
    return np.exp(log_budget - log_y - log_v), np.exp(log_y + z), room


def _root(kappa: Any, s: Any) -> Any:
    """The root z of z = kappa log1p(s e^-z), for kappa > -1 and s >= 0."""
    z = np.atleast_1d(kappa * np.log1p(s))
    z /= 1 + kappa * (s / (1 + s))
    for _ in range(_MOST_STEPS):
        p = np.exp(-z)
        p *= s
        difference = np.log1p(p)
        difference *= -kappa
        difference += z
        step = _step(difference, kappa, p)
        z -= step
        if max(np.max(step), -np.min(step)) <= _SMALL:
            break
    return z


def _step(difference: Any, kappa: Any, p: Any) -> Any:
    """Householder's step of fourth order, from the difference of both sides and p = s e^-z. Overwrites its arguments.

    With share = p / (1 + p) the difference has the derivatives 1 + kappa share, -kappa share (1 - share) and, with the other
    sign, that times (1 - 2 share).
    """
    rest = 1 + p
    np.divide(1, rest, out=rest)  # 1 - share
    p *= rest  # share
    pull = kappa * p
    slope = 1 + pull
    difference /= slope  # Newton's step
    pull *= difference
    pull *= rest
    pull /= slope
    rest -= p
    rest *= difference
    rest *= pull
    rest *= 1 / 6
    rest += pull
    rest += 1
    pull *= 0.5
    pull += 1
    pull *= difference
    pull /= rest
    return pull


def within(
    problem: str, x: Floats, y: Floats, low: Sequence[Any], high: Sequence[Any], *coefficients: Any
) -> tuple[Floats, Floats, NDArray[np.int8], NDArray[np.int8], NDArray[np.bool_]]:
    """The optimum within bounds of x and of y: moved along the level's curve, on which it is the only stationary point.

    Gives x, y, on which bound each lies (-1, 0, 1), and where the curve has a point within the bounds at all. `low` and
    `high` are those of x and of y, 0 and infinity where there is none.
    """
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


def without_serving(family: Family, *coefficients: float) -> tuple[float, float]:
    """The point that is best at the same level for w = 0."""
    A, B, E, a, b, u, _, k, level = coefficients
    x, y, _ = solve_family(family.problem, A, B, E, a, b, u, 0.0, k, level)
    return float(x), float(y)


def break_even(family: Family, *coefficients: float) -> float:
    """The factor on w at which, in the optimum for it, the two parts of the cost are alike: w = u y.

    There t = v, so that least cost has v^(1+b) = v + b v / (a+b), and least loss v^(1+b) (2 v)^(a-1) = 1.
    """
    a, b, u, w = coefficients[3:7]
    _, y0 = without_serving(family, *coefficients)
    v = ((a + 2 * b) / (a + b)) ** (1 / b) if family.problem == "least-cost" else 2 ** ((1 - a) / (a + b))
    return v * y0 * u / w
