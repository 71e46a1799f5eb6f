"""A part of a scenario as one function of floats, for a loop of somebody's own.

Takes a run, the nodes that are its arguments and those that are its results; gives a function with constants folded and the
rest written out as straight-line code over floats. What divides by zero, is too large or no number comes out as inf or nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tonne.graph import Node
from tonne.numeric.schedule import DRAWS, NUMBER, SPECIAL, TABLE, Builder, Schedule, Step, arranged, function
from tonne.numeric.steps import Steps, Table
from tonne.run import Run

Function = Callable[..., tuple[float, ...]]

# Of floats, as Python writes them; what is not here is called.
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_CALLS: Mapping[str, Callable[..., Any]] = {
    "negative": float.__neg__,
    "absolute": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "minimum": min,
    "maximum": max,
}


def compiled(
    run: Run, inputs: Sequence[Node], outputs: Sequence[Node], units: Sequence[float] = (), of: Sequence[float] = ()
) -> Function:
    """The function that gives the outputs for values of the inputs, in base units.

    `units` are what the inputs are multiplied by, and `of` what the outputs are divided by. `Opaque` where an output rests on
    an elasticity.
    """
    builder = Builder()
    scales = units or (1.0,) * len(inputs)
    tables = {
        id(node): Table(("argument", i), (i,), np.zeros(1), scale)
        for i, (node, scale) in enumerate(zip(inputs, scales, strict=True))
    }
    steps = Steps(builder, run, {**_statistics(run), **tables}, at_points=True)
    factors = [builder.number(factor) for factor in of or (1.0,) * len(outputs)]
    roots = [builder.call("divide", steps.place(node), f) for node, f in zip(outputs, factors, strict=True)]
    schedule = arranged(builder, roots, {DRAWS: 0, **dict.fromkeys(range(len(inputs)), 0)})
    return _written(schedule, len(inputs))


def _statistics(run: Run) -> dict[int, float]:
    """What is known of functions of draws, which do not move."""
    statistics = {} if run.sampled is None else run.sampled.statistics
    return {key: values[0] for key, values in statistics.items()}


def _written(schedule: Schedule, arguments: int) -> Function:
    known: dict[str, Any] = {}
    lines = []
    names = [""] * len(schedule.steps)
    for at, step in enumerate(schedule.steps):
        if step.op == NUMBER:
            names[at] = repr(step.payload) if math.isfinite(step.payload) else f"k{at}"
            known[f"k{at}"] = step.payload
        elif step.op == TABLE:
            names[at] = f"x{step.axes[0]}"
        else:
            names[at] = f"v{at}"
            lines.append(f"  v{at} = {_formula(step, [names[a] for a in step.args], at, known)}")
    results = ", ".join(names[root] for root in schedule.roots)
    head = ", ".join(f"x{i}" for i in range(arguments))
    text = "\n".join([f"def quick({head}):", *lines, f"  return ({results},)"])
    exec(text, known)  # made of operators, numbers and our own names alone
    quick: Function = known["quick"]

    def careful(*values: float) -> tuple[float, ...]:
        try:
            return quick(*values)
        except (ArithmeticError, ValueError):  # where Python raises, numpy goes on with inf or nan
            return _slow(schedule, values)

    return careful


def _formula(step: Step, args: Sequence[str], at: int, known: dict[str, Any]) -> str:
    sign = _SIGNS.get(step.op)
    if sign is not None:
        return f"{args[0]} {sign} {args[1]}"
    if step.op in SPECIAL:
        payload = step.payload
        known[f"f{at}"] = (
            (lambda found: found[payload]) if isinstance(payload, int) else (lambda *given: payload(given))
        )
    else:
        known[f"f{at}"] = _CALLS.get(step.op) or _as_float(function(step.op))
    return f"f{at}({', '.join(args)})"


def _as_float(call: Callable[..., Any]) -> Callable[..., float]:
    return lambda *args: float(call(*args))


def _slow(schedule: Schedule, values: Sequence[float]) -> tuple[float, ...]:
    found: list[Any] = []
    with np.errstate(all="ignore"):
        for step in schedule.steps:
            if step.op == NUMBER:
                found.append(np.float64(step.payload))
            elif step.op == TABLE:
                found.append(np.float64(values[step.axes[0]]))
            else:
                args = [found[a] for a in step.args]
                if step.op in SPECIAL:
                    payload = step.payload
                    found.append(args[0][payload] if isinstance(payload, int) else payload(args))
                else:
                    found.append(function(step.op)(*args))
    return tuple(float(found[root]) for root in schedule.roots)
