"""Roots of equations in one variable, for many instances at once.

A function takes the variable and, behind it, whatever varies by instance, as arrays that are cut to the instances that are
still open. What is not finite counts as no value: brackets are never taken across it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Function = Callable[..., Any]

_MOST_STEPS = 200
_MOST_NEWTON = 12
_NEAR = 1.0  # steps below it are bent
_SETTLED, _SMALL = 1e-14, 1e-7
_WIDEST = 700.0  # e^700 is about the largest float
_EPS = 2.0**-52
_NOTHING = 1e-300  # keeps a step of 0 from being divided by


def newton(at: Callable[[Floats], tuple[Any, Any]], start: Floats) -> Floats:
    """The roots of smooth monotone functions by Newton's steps alone; nan where they do not settle soon.

    `at` gives values and slopes. Near the roots the steps are bent by how the slope has changed (Halley's step, the second
    derivative by difference): what is left is of the order of the step squared times the step before.
    """
    x = start
    step = before = np.zeros_like(x)
    last, largest = np.inf, np.inf
    for _ in range(_MOST_NEWTON):
        value, slope = at(x)
        ahead = value / slope
        if largest < _NEAR:
            step += _NOTHING
            bend = (before - slope) / step  # steps are taken away from x
            bend *= ahead
            bend /= slope
            ahead /= 1 - 0.5 * bend
        step, before = ahead, slope
        x = x - step
        last, largest = largest, max(np.max(step), -np.min(step))
        if largest * largest * min(last, 1.0) <= _SETTLED:
            return np.asarray(x)
    return np.asarray(np.where(np.abs(step) <= _SMALL, x, np.nan))


def expand(f: Function, start: Floats, args: Sequence[Any]) -> tuple[Floats, Floats, Floats, Floats]:
    """Ends around a start between which f changes its sign, with f there; where none is found both ends are nan.

    f is taken to be monotone, so that one look says on which side the root lies.
    """
    low, high = start.copy(), start.copy()
    at_low = at_high = np.asarray(f(start, *args) + np.zeros_like(start))
    step = np.ones_like(start)
    ahead = f(start + 1e-3, *args)
    way = np.where(np.sign(ahead - at_low) * np.sign(at_low) > 0, -1.0, 1.0)
    at_low, at_high = at_low.copy(), at_high.copy()
    open_ = np.flatnonzero(np.isfinite(at_low) & (at_low != 0))
    while open_.size:
        there = low[open_] + way[open_] * step[open_]
        value = f(there, *cut(args, open_)) + np.zeros_like(there)
        crossed = np.sign(value) * np.sign(at_low[open_]) <= 0
        done = open_[crossed]
        high[done], at_high[done] = there[crossed], value[crossed]
        on = open_[~crossed]
        low[on], at_low[on] = there[~crossed], value[~crossed]
        step[on] *= 2
        lost = ~np.isfinite(at_low[on]) | (np.abs(low[on]) > _WIDEST)
        low[on[lost]] = high[on[lost]] = np.nan
        open_ = on[~lost]
    low[~np.isfinite(at_low)] = np.nan
    return low, high, at_low, at_high


def refine(
    f: Function, slope: Function | None, low: Floats, high: Floats, at_low: Floats, at_high: Floats, args: Sequence[Any]
) -> Floats:
    """The root between ends where f has different signs, to the last digit: Newton's steps, and halves where they leave."""
    low, high = low.copy(), high.copy()
    rises = np.sign(at_high) >= np.sign(at_low)
    width = np.where(at_high != at_low, at_high - at_low, 1.0)
    x = np.where(at_low == 0, low, np.where(at_high == 0, high, low - at_low * (high - low) / width))
    x = np.where((x - low) * (x - high) <= 0, x, 0.5 * (low + high))
    open_ = np.flatnonzero(np.isfinite(x) & (at_low != 0) & (at_high != 0))
    before = np.abs(high - low)
    for count in range(_MOST_STEPS):
        if not open_.size:
            break
        here, rest = x[open_], cut(args, open_)
        value = f(here, *rest) + np.zeros_like(here)
        beyond = (value > 0) == rises[open_]
        high[open_] = np.where(beyond, here, high[open_])
        low[open_] = np.where(beyond, low[open_], here)
        lower, upper = low[open_], high[open_]
        if slope is not None:
            there = here - value / (slope(here, *rest) + np.zeros_like(here))
        else:
            there = 0.5 * (lower + upper)
        outside = ~((there - lower) * (there - upper) <= 0)
        slow = (count > 6) & (np.abs(there - here) > 0.5 * before[open_])
        there = np.where(outside | slow, 0.5 * (lower + upper), there)
        moved = np.abs(there - here)
        before[open_] = moved
        x[open_] = np.where(value == 0, here, there)
        small = 2 * _EPS * np.maximum(np.abs(there), 1.0)
        open_ = open_[(value != 0) & (moved > small) & (np.abs(upper - lower) > small)]
    return x


def cut(args: Sequence[Any], index: NDArray[np.intp]) -> list[Any]:
    """What varies by instance, for some of them; what is one number for all stays."""
    return [a[index] if np.ndim(a) else a for a in args]
