"""How much a value moves with what it rests on: derivatives along the graph, by the chain rule from the value down.

At an optimum a value moves directly and because the optimum moves: the free fields answer, by implicit differentiation of the
conditions of the optimum (`tonne.optimize`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tonne.graph import ELASTICITY, NUMBER, OPERATORS, SOLVED, Interval, Node, at_intervals, postorder
from tonne.run import Run

# Node by its id, with d ln(value) / d ln(node).
Elasticities = dict[int, tuple[Node, float]]


def floats(run: Run, order: list[Node]) -> dict[int, float]:
    """The values of nodes in order, those of the program as they were evaluated; nan for what rests on an error."""
    value: dict[int, float] = {}
    for one in order:
        known = run.program.place.get(id(one))
        if known is not None:
            value[id(one)] = math.nan if known in run.program.unknown else run.values[known]
        elif one.op == NUMBER:
            value[id(one)] = one.payload.value if one.payload else 1.0
        else:
            low, high = at_intervals(one, [(value[id(a)],) * 2 for a in one.args]) if one.args else (math.nan,) * 2
            value[id(one)] = low if low == high else math.nan
    return value


def with_others(order: list[Node], value: Mapping[int, float], others: Mapping[int, float]) -> dict[int, float]:
    """The values of nodes in order with others in place of some, by their ids: all that rests on those is computed anew."""
    changed = {**value, **others}
    moved = set(others)
    for one in order:
        if id(one) not in others and any(id(a) in moved for a in one.args):
            low, high = at_intervals(one, [(changed[id(a)],) * 2 for a in one.args])
            changed[id(one)] = low if low == high else math.nan
            moved.add(id(one))
    return changed


def of_leaves(run: Run, node: Node, stop: Node | None = None) -> Elasticities:
    """d ln(node) / d ln(leaf) for each leaf that a value rests on; `stop` is taken for a leaf.

    Leaves are given numbers, free fields and values of optima.
    """
    order = postorder(node, () if stop is None else {id(stop)})
    value = floats(run, order)
    slope: dict[int, float] = {id(node): 1.0}
    found: Elasticities = {}
    for one in reversed(order):
        above = slope.get(id(one), 0.0)
        if one is stop or not one.args:
            found[id(one)] = (one, above * value[id(one)] / value[id(node)] if value[id(node)] else 0.0)
        elif above and one.op != ELASTICITY:
            partials = OPERATORS[one.op].partials([value[id(a)] for a in one.args], value[id(one)])
            for arg, partial in zip(one.args, partials, strict=True):
                slope[id(arg)] = slope.get(id(arg), 0.0) + above * partial
    return found


def elasticities(run: Run, node: Node) -> Elasticities:
    """d ln(node) / d ln(fact) for each number that the scenario states."""
    found: Elasticities = {}
    for leaf, slope in of_leaves(run, node).values():
        if leaf.op == NUMBER:
            below = {id(leaf): (leaf, 1.0)} if leaf.payload is not None and leaf.payload.is_fact else {}
        else:
            below = _below(run, leaf, slope)
        for key, (fact, more) in below.items():
            found[key] = (fact, found.get(key, (fact, 0.0))[1] + slope * more)
    return found


def leeway(slopes: Elasticities) -> float:
    """How far ln(value) moves while all facts print as they do, each moved by half a unit of its last digit, to first
    order."""
    total = 0.0
    for fact, slope in slopes.values():
        given = fact.payload
        total += abs(slope) * given.half_unit / abs(given.value) if given.value else 0.0
    return total


def interval(value: float, slopes: Elasticities) -> Interval:
    """All values while all facts print as they do, to first order."""
    allowed = leeway(slopes)
    low, high = sorted((value * math.exp(-allowed), value * math.exp(allowed)))
    return low, high


def _below(run: Run, leaf: Node, slope: float) -> Elasticities:
    """What the value at an optimum rests on."""
    solved = run.solved.get(leaf.payload.study) if leaf.op == SOLVED and slope else None
    return {} if solved is None else solved.elasticities(leaf.payload)


def elasticity(run: Run, of: Node, by: Node) -> float:
    """d ln(of) / d ln(by): `by` is moved, and all that follows from it moves; 0 where nothing of `of` does.

    The values of both have to be part of the program.
    """
    inner = by.payload.node if by.op == SOLVED else by  # the same quantity, where the optimum itself sees it
    total = 0.0
    for leaf, slope in of_leaves(run, of, by).values():
        if leaf is by or leaf is inner:
            total += slope
        elif leaf.op == SOLVED and slope and inner is not None:
            solved = run.solved.get(leaf.payload.study)
            total += slope * (math.nan if solved is None else solved.elasticity(leaf.payload, inner))
    return total
