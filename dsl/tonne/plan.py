"""The graph in the order in which it is evaluated.

`plan` takes a `Model` and gives a `Program`: each node that anything needs, once, after its arguments, with what rests on
an error marked, so that it is left out in silence.
"""

from __future__ import annotations

from dataclasses import dataclass

from tonne.graph import UNKNOWN, Node, postorder_all
from tonne.model import Model


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """Steps in order: the node, the places of its arguments; `unknown` holds the places that rest on an error."""

    steps: tuple[tuple[Node, tuple[int, ...]], ...]
    place: dict[int, int]  # id of a node → its step
    unknown: frozenset[int]


def plan(model: Model) -> Program:
    roots: dict[int, Node] = {}
    for state in model.states.values():
        roots.update((id(n), n) for n in state.nodes.values())
    roots.update((id(n), n) for n in model.lets.values())
    for _, sides in (*model.requirements, *model.claims):
        roots.update((id(n), n) for n in sides.parts.values() if n is not None)
    for table in model.shows:
        roots.update((id(v.node), v.node) for _, row in table.rows for v in row if v.node is not None)
    place: dict[int, int] = {}
    steps: list[tuple[Node, tuple[int, ...]]] = []
    unknown: set[int] = set()
    for node in postorder_all(list(roots.values())):
        args = tuple(place[id(a)] for a in node.args)
        at = place[id(node)] = len(steps)
        if node.op == UNKNOWN or not unknown.isdisjoint(args):
            unknown.add(at)
        steps.append((node, args))
    return Program(tuple(steps), place, frozenset(unknown))
