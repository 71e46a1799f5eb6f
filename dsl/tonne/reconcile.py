"""What would make the two sides of a test equal: for each value that they rest on, what it alone would have to be.

Takes a `Run` and one of its tests; follows the graph, whatever the fields are called. A value is moved, all that follows
from it is computed anew, and what is told has been found so: the elasticity gives the first guess, which is exact for
products of powers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tonne import slopes
from tonne.formatting import figure, number
from tonne.graph import ELASTICITY, NUMBER, OF_DRAWS, SOLVED, Node, postorder
from tonne.in_numbers import plain
from tonne.model import State, TestSides
from tonne.ranges import beyond
from tonne.run import Run
from tonne.source import Span
from tonne.syntax import tree
from tonne.units import Unit

# Sides so near each other are equal (as logarithms); a value is moved a trillion times at most; halvings of a bracket.
_EQUAL, _FARTHEST, _HALVINGS = 1e-9, math.log(1e12), 100
_FLAT = 1e-9  # an elasticity below it does not move the ratio


@dataclass(frozen=True)
class Lever:
    """A value that could reconcile two others: what it is, and what it would have to be, in `unit`.

    `limit` says which bound, or which end of the usual range, that leaves, empty where none; a bound makes it not possible.
    """

    name: str
    value: float
    needed: float
    unit: Unit
    status: str  # given or derived
    where: Span
    limit: str = ""
    possible: bool = True

    @property
    def verdict(self) -> str:
        """What there is to say of the value that it would need."""
        return "" if not self.limit else f"unusual: {self.limit}" if self.possible else f"not possible: {self.limit}"


@dataclass(frozen=True)
class Comparison:
    """A test of two values, with their ratio, and the levers that would make it one; those that are possible stand first."""

    statement: tree.Require | tree.Claim
    left: str
    right: str
    ratio: float
    levers: tuple[Lever, ...]

    @property
    def text(self) -> str:
        word = "require" if isinstance(self.statement, tree.Require) else "claim"
        return f"{word} {plain(self.statement.test.span.text)}"

    @property
    def told(self) -> str:
        """How the two stand to each other."""
        if abs(math.log(self.ratio)) <= _EQUAL:
            return f"`{self.left}` is equal to {self.right}"
        more = (
            "equal if one of these alone were" if self.levers else "no value was found that alone would make them equal"
        )
        return f"`{self.left}` is {figure(self.ratio)} times {self.right}; {more}"


def comparison(run: Run, statement: tree.Require | tree.Claim, sides: TestSides) -> Comparison | None:
    """How the sides of a test can be made equal; None where it has not two of them, both above zero."""
    left, right = sides.parts.get("left"), sides.parts.get("right")
    test = statement.test
    if left is None or right is None or isinstance(test, tree.Inside):
        return None
    over, under = run.value(left), run.value(right)
    if over is None or under is None or min(over, under) <= 0:
        return None
    ratio = over / under
    words = plain(test.right.span.text)
    levers = () if abs(math.log(ratio)) <= _EQUAL else tuple(_levers(run, left, right))
    order = sorted(levers, key=lambda lever: (not lever.possible, bool(lever.limit)))
    return Comparison(
        statement,
        plain(test.left.span.text),
        words if _is_literal(run, right) else f"`{words}`",
        ratio,
        tuple(order),
    )


def tests(run: Run) -> Iterator[tuple[tree.Require | tree.Claim, TestSides]]:
    """The requirements and the claims of a file."""
    yield from run.model.requirements
    yield from run.model.claims


def comparisons_of(run: Run, node: Node) -> Iterator[Comparison]:
    """The tests that hold a value against another one that the file derives or states; a written number is none."""
    for statement, sides in tests(run):
        parts = [sides.parts.get("left"), sides.parts.get("right")]
        if any(part is node for part in parts) and not any(part is None or _is_literal(run, part) for part in parts):
            found = comparison(run, statement, sides)
            if found is not None:
                yield found


def _is_literal(run: Run, node: Node) -> bool:
    """Whether a side is a number that stands in the test itself."""
    return node.op == NUMBER and run.owner(node) is None and all(node is not let for let in run.model.lets.values())


def _levers(run: Run, left: Node, right: Node) -> Iterator[Lever]:
    """The file's own fields on the way to one of two values that alone would make them equal, in the order of their kinds."""
    order = list({id(node): node for node in (*postorder(left), *postorder(right))}.values())
    if any(node.op in (SOLVED, ELASTICITY) or node.op in OF_DRAWS for node in order):
        return  # these do not follow from the nodes below them alone
    base = slopes.floats(run, order)
    below = {id(node) for node in order} - {id(left), id(right)}
    owners: dict[int, tuple[State, str]] = {}  # of a value that has several names, the one that gives it
    for state in run.model.own_states():
        for name in state.instance.kind.fields:
            key = id(state.nodes.get(name))
            if key in below and (
                key not in owners or (state.is_given(name) and not owners[key][0].is_given(owners[key][1]))
            ):
                owners[key] = (state, name)
    for key, (state, name) in owners.items():
        node = state.nodes[name]
        if base[key] > 0 and (node.op != NUMBER or (node.payload is not None and node.payload.is_fact)):
            found = _lever(run, state, name, node, _gap(order, base, node, left, right))
            if found is not None:
                yield found


def _gap(order: list[Node], base: dict[int, float], moved: Node, left: Node, right: Node) -> Callable[[float], float]:
    """ln(left / right) where a value is e^t times what it is; nan where it is none."""

    def at(t: float) -> float:
        value = slopes.with_others(order, base, {id(moved): base[id(moved)] * math.exp(t)})
        over, under = value[id(left)], value[id(right)]
        return math.log(over / under) if over > 0 and under > 0 and math.isfinite(over / under) else math.nan

    return at


def _lever(run: Run, state: State, name: str, node: Node, gap: Callable[[float], float]) -> Lever | None:
    t = _root(gap)
    unit = state.instance.kind.fields[name].unit
    if t is None or unit is None:
        return None
    value = run.raw(node)
    needed = value * math.exp(t)
    limit, possible = beyond(run, state, name, needed) or ("", True)
    status = "given" if state.is_given(name) else "derived"
    full = f"{state.instance.name}.{name}"
    return Lever(full, value / unit.factor, needed / unit.factor, unit, status, node.span, limit, possible)


def _root(gap: Callable[[float], float]) -> float | None:
    """Where a gap closes: by its slope at 0, else between 0 and where the slope leads; None where it does not."""
    start, step = gap(0.0), 1e-5
    slope = (gap(step) - gap(-step)) / (2 * step)
    if not abs(slope) > _FLAT:
        return None
    guess = -start / slope
    for _ in range(2):  # the slope is a difference, good to about ten digits: a second step makes up for that
        there = gap(guess) if abs(guess) <= _FARTHEST else math.nan
        if abs(there) <= _EQUAL:
            return guess
        guess -= there / slope
    return _between(gap, start, math.copysign(0.1, -start / slope))


def _between(gap: Callable[[float], float], start: float, step: float) -> float | None:
    """The root on one side of 0: steps that double until the sign changes, then halves."""
    low, high = 0.0, step
    while not (there := gap(high)) * start <= 0:
        low, high = high, 2 * high
        if math.isnan(there) or abs(high) > _FARTHEST:
            return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if gap(middle) * start > 0 else (low, middle)
    return high if abs(gap(high)) <= 1e3 * _EQUAL else None


def in_words(lever: Lever) -> tuple[str, str]:
    """What a lever would have to be, and what it is."""
    return number(lever.needed, lever.unit.word), number(lever.value, lever.unit.word)
