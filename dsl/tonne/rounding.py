"""How far a value moves while the inputs print as they do, by evaluating again: for elasticities, which no interval reaches.

Takes a run and a node of it; each fact is moved once, by half a unit of its last digit, and what rests on it is worked out
anew, optima too.
"""

from __future__ import annotations

import math

from tonne import slopes
from tonne.graph import ELASTICITY, NUMBER, SOLVED, Interval, Node
from tonne.numeric.evaluate import evaluate_into
from tonne.plan import plan_of
from tonne.run import Run


def has_elasticity(run: Run, node: Node) -> bool:
    return any(n.op == ELASTICITY for n in run.below([node]))


def moved(run: Run, node: Node) -> Interval:
    """The values of a node while the facts print as they do, each moved by itself; all values where one of them has none."""
    facts = {id(n): n for n in run.below([node]) if n.op == NUMBER and n.payload is not None and n.payload.half_unit}
    value = run.raw(node)
    allowed = sum(abs(_with(run, node, fact) - value) for fact in facts.values())
    return (value - allowed, value + allowed) if math.isfinite(allowed) else (-math.inf, math.inf)


def _with(run: Run, node: Node, fact: Node) -> float:
    """The value where a fact is half a unit higher."""
    from tonne.optimize import optimize

    known = {id(fact): fact.payload.value + fact.payload.half_unit}
    asked = {n.payload.study for n in run.below([node]) if n.op == SOLVED}
    again = Run(run.model, plan_of([]), solved={})
    for study, optimum in run.model.optima.items():
        one, _ = optimize(optimum, again.solved, known) if study in asked else (None, [])
        if one is not None:
            again.solved[study] = one
            known.update((id(leaf), one.value(leaf.payload)) for leaf in optimum.leaves)
    again.program = plan_of([node], known)
    evaluate_into(again.values, again.program, known, lambda n: slopes.elasticity(again, *n.args))
    return again.raw(node)
