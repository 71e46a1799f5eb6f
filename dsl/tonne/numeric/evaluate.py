"""Programs on numpy. The only home of numpy.

Values are in base units; a step is one numpy call. What cannot be a finite number comes out as inf or nan: whether that
matters is for the caller, who knows which values are needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from tonne.graph import ELASTICITY, NUMBER, OF_DRAWS, OPERATORS, Node
from tonne.plan import Program

_CALLS = {name: getattr(np, row.numpy, None) for name, row in OPERATORS.items()}


def evaluate_into(
    values: list[float],
    program: Program,
    known: Mapping[int, float] | None = None,
    derive: Callable[[Node], float] = lambda node: math.nan,
) -> None:
    """Adds the value of each step, at the point values of all inputs.

    `known` are values by the id of their node: of leaves of optima, and in place of numbers. `derive` gives the value of an
    elasticity, whose arguments stand in `values` by then.
    """
    known = known or {}
    with np.errstate(all="ignore"):
        for node, args in program.steps:
            op = node.op
            if id(node) in known:
                values.append(known[id(node)])
            elif op == NUMBER:
                values.append(node.payload.value if node.payload is not None else 1.0)
            elif not args or op in OF_DRAWS:
                values.append(math.nan)
            elif op == ELASTICITY:
                values.append(derive(node))
            elif op == "count":
                values.append(float(len(args)))
            elif op == "mean":
                values.append(float(np.mean([values[i] for i in args])))
            elif OPERATORS[op].arity is None:
                values.append(float(reduce(_CALLS[op], [values[i] for i in args])))  # type: ignore[arg-type]
            else:
                values.append(float(_CALLS[op](*[np.float64(values[i]) for i in args])))  # type: ignore[misc]


def at_point(function: Callable[..., Any], *args: float) -> Any:
    """A derived function at one point, as numpy reckons: what divides by zero is inf or nan, and nothing is raised."""
    with np.errstate(all="ignore"):
        return function(*(np.float64(value) for value in args))
