"""Whether a test holds, for arrays of values: the same rules as `tonne.verdict` has for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tonne.syntax import tree

Array = Any


def holds(
    test: tree.Test, names: Sequence[str], half: float, relative: bool, same: float, values: Sequence[Array]
) -> Array:
    """`values` are those of the parts of a test, by their `names`; what is no number holds nowhere.

    `half` is half a unit of the last digit of a literal, `relative` says that a tolerance is a share of the right side, and
    `same` is how near two values are equal.
    """
    sides = dict(zip(names, values, strict=True))
    left = sides["left"]
    if isinstance(test, tree.Inside):
        low, high = sides["low"], sides.get("high", np.inf)
        return (left >= low - same * _size(low)) & (left <= high + same * _size(high))
    right = sides["right"]
    apart = np.abs(left - right)
    if isinstance(test, tree.Near):
        allowed = sides["tolerance"] * np.abs(right) if relative else sides["tolerance"]
        return apart <= allowed * (1 + same)
    scale = same * np.maximum(_size(right), _size(left))
    if test.operator == "==":
        return apart <= np.maximum(half * (1 + same), scale)
    if test.operator == "<=":
        return left <= right + scale
    if test.operator == "<":
        return left < right - scale
    return left >= right - scale if test.operator == ">=" else left > right + scale


def _size(value: Array) -> Array:
    """How large a value is, for rounding; what is infinite is not rounded."""
    return np.where(np.isfinite(value), np.abs(value), 0.0)
