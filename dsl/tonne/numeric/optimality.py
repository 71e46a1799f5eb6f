"""What holds at a stationary point: the multiplier of the constraint, and whether the point is a least one.

Takes a `Compiled`, free values and inputs, all of which may be arrays. Slopes are by the logarithms of the free fields, so
that the units of fields, objective and constraint do not enter. Solves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tonne.problem import Compiled


def slopes(compiled: Compiled, free: Sequence[Any], inputs: Sequence[Any]) -> tuple[list[Any], list[Any] | None]:
    """Those of the objective and of the constraint, by the logarithm of each free field."""
    f = [x * slope for x, slope in zip(free, compiled.objective_gradient(*free, *inputs), strict=True)]
    if compiled.constraint_gradient is None:
        return f, None
    return f, [x * slope for x, slope in zip(free, compiled.constraint_gradient(*free, *inputs), strict=True)]


def multiplier(f: Sequence[Any], g: Sequence[Any] | None, sides: Sequence[Any] | None = None) -> Any:
    """That of objective + multiplier (left - right), from the slopes of both; nan without a constraint.

    A field that lies on a bound (`sides` is not 0) does not answer, the other one alone does; where both do, both are taken.
    """
    if g is None:
        return np.nan
    if sides is not None and len(g) > 1:
        held = [np.asarray(side) != 0 for side in sides]
        fixed = np.logical_and.reduce(np.broadcast_arrays(*held))
        g = [np.where(h & ~fixed, 0.0, slope) for slope, h in zip(g, held, strict=True)]
    along = reduce(add, (np.sign(pull) * slope for slope, pull in zip(f, g, strict=True)))
    return -along / reduce(add, map(np.abs, g))


def curves_up(compiled: Compiled, free: Sequence[Any], inputs: Sequence[Any], lagrange: Any, g: Any) -> Any:
    """Whether the objective grows to both sides of a stationary point, along the constraint.

    In logarithms the curvature of the Lagrangian is the same as without, where its slopes are zero.
    """
    if g is not None and len(free) == 1:
        return True  # nothing to choose: the constraint says it all
    hessian = compiled.lagrangian_hessian(*free, 0.0 if g is None else lagrange, *inputs)
    if len(free) == 1:
        return np.asarray(hessian[0]) > 0
    x, y = free
    xx, xy, yy = hessian[0] * x * x, hessian[1] * x * y, hessian[2] * y * y
    if g is None:
        return (xx > 0) & (xx * yy > xy * xy)
    along = g[0] / g[1]  # how much more the second field gives way for what the first one moves
    return xx + along * (along * yy - 2 * xy) > 0
