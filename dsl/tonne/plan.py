"""The graph in the order in which it is evaluated.

`plan` takes a `Model` and gives a `Program`: each node that anything needs, once, after its arguments, with what rests on
an error marked, so that it is left out in silence.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from tonne.graph import FREE, OF_DRAWS, SOLVED, UNKNOWN, Node, postorder_all
from tonne.model import Model

# What has no value of its own: one has to be known.
_WITHOUT = frozenset((FREE, SOLVED, *OF_DRAWS))


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """Steps in order: the node, the places of its arguments; `unknown` holds the places that rest on an error."""

    steps: tuple[tuple[Node, tuple[int, ...]], ...]
    place: dict[int, int]  # id of a node → its step
    unknown: frozenset[int]


def plan(model: Model, known: Container[int] = ()) -> Program:
    """The program of a file: all that it determines and asks for. See `plan_of` for `known`."""
    roots: list[Node] = [node for state in model.states.values() for node in state.nodes.values()]
    roots += model.lets.values()
    for _, sides in (*model.requirements, *model.claims):
        roots += [n for n in (*sides.parts.values(), sides.share) if n is not None]
    return plan_of([*roots, *shown_nodes(model)], known)


def shown_nodes(model: Model) -> list[Node]:
    return [v.node for table in model.shows for _, row in table.rows for v in row if v.node is not None]


def plan_of(roots: Iterable[Node], known: Container[int] = ()) -> Program:
    """The program of some nodes; `known` are the ids of the leaves of optima that have a value, the others have none."""
    place: dict[int, int] = {}
    steps: list[tuple[Node, tuple[int, ...]]] = []
    unknown: set[int] = set()
    for node in postorder_all(list({id(n): n for n in roots}.values())):
        args = tuple(place[id(a)] for a in node.args)
        at = place[id(node)] = len(steps)
        is_open = node.op in _WITHOUT and id(node) not in known
        if node.op == UNKNOWN or is_open or not unknown.isdisjoint(args):
            unknown.add(at)
        steps.append((node, args))
    return Program(tuple(steps), place, frozenset(unknown))
