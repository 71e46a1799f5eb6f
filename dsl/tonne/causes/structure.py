"""A claim between two derived values: an input that enters one side once more than the other."""

from __future__ import annotations

import math

from tonne.causes.candidate import Cause
from tonne.causes.question import place
from tonne.formatting import number
from tonne.graph import NUMBER, Node
from tonne.model import TestSides
from tonne.run import Run
from tonne.slopes import elasticities

_NEAR = 1e-6


def structure(run: Run, sides: TestSides) -> Cause | None:
    """The one input in whose power the two sides differ, if that is all that they differ by."""
    left, right = sides.parts.get("left"), sides.parts.get("right")
    if left is None or right is None or right.op == NUMBER:
        return None
    values = run.raw(left), run.raw(right)
    if not all(0 < value < math.inf for value in values):
        return None
    apart: dict[int, tuple[Node, float]] = dict(elasticities(run, left))
    for key, (node, slope) in elasticities(run, right).items():
        apart[key] = (node, apart.get(key, (node, 0.0))[1] - slope)
    differing = [(node, slope) for node, slope in apart.values() if abs(slope) > _NEAR]
    owned = [(node, slope, found) for node, slope in differing if (found := run.owner(node)) is not None]
    if len(differing) != 1 or len(owned) != 1:
        return None
    node, slope, (state, name) = owned[0]
    field = state.instance.kind.fields[name]
    if field.unit is None or abs(abs(slope) - 1) > _NEAR:
        return None
    value = node.payload.value / field.unit.factor
    if value <= 0 or abs(math.log(values[0]) - math.log(values[1]) - slope * math.log(value)) > _NEAR:
        return None
    name = f"`{state.instance.name}.{name}`"
    more, less = ("left", "right") if slope > 0 else ("right", "left")
    text = f"{name} ({number(value, field.unit.word)}) is once more in the {more} side than in the {less}"
    return Cause("input", text, (f"the sides differ by {name} ({place(run, node)}) and by nothing else",))
