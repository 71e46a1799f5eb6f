"""Facts that disagree: what is given determines a value twice, differently.

A relation that derived a field is spent. Every other whose fields are all determined is compared once, unless its
difference moves with no given fact or it rests on the same given facts as one already compared. Two sides that differ by
more than 2 % and by more than the digits of the facts allow are a note (V226). A stand-in that is off by a factor of two
or more from what was derived is another (V228).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formatting import figure, number
from tonne.graph import Node, postorder
from tonne.left_out import factors_left_out
from tonne.model import State
from tonne.names import Instance
from tonne.ranges import is_unusual
from tonne.relations import Relation, needs_of
from tonne.run import Run, field_label
from tonne.slopes import elasticities, floats
from tonne.spread_forms import half_width

# Facts that agree within this are not compared further: sources round.
TOLERANCE = 0.02
FAR_OFF = 2.0
_MOVES = 1e-9


@dataclass(frozen=True)
class Comparison:
    """A relation of an instance, compared: `field` by its own value and by the formula at `index`."""

    state: State
    field: str
    index: int
    value: float
    other: float
    other_node: Node


def find(run: Run) -> Iterator[Diagnostic]:
    """V226 and V228 for the file's own instances; what has one cause is said once."""
    said: set[frozenset[int]] = set()
    left_out = factors_left_out(run.model)
    for state in sorted(run.model.own_states(), key=_copies_last()):
        compared = list(_comparisons(run, state))
        if any(_differ(c) for c in compared):
            factors = [run.value(state.nodes.get(name)) for name in left_out.get(state.instance, ())]
            yield from _disagreements(run, compared, said, [f for f in factors if f])
        yield from _stand_ins(run, state)


def _copies_last() -> Callable[[State], tuple[int, str]]:
    """An order that does not depend on that of the file: what is copied comes before its copies."""
    depths: dict[Instance, int] = {}

    def place(state: State) -> tuple[int, str]:
        chain = [state.instance]
        while chain[-1] not in depths and chain[-1].like is not None:
            chain.append(chain[-1].like)
        start = depths.get(chain[-1], 0)
        depths.update((one, start + i) for i, one in enumerate(reversed(chain)))
        return depths[state.instance], state.instance.name

    return place


def other_ways(run: Run, state: State, field: str) -> list[Comparison]:
    """The alternatives of a field that rest on other facts than its value does, each with its value.

    One that only turns the derivation around, so that no fact could make it differ, is no other way.
    """
    ways = []
    chosen = state.determination.chosen.get(field)
    for index, formula in enumerate(state.formulas.alternatives.get(field, ())):
        compared = None if index == chosen else _compare(run, state, field, index)
        typical = formula.stands_in and bool(formula.references)
        if compared is not None and (typical or _difference(run, compared)):
            ways.append(compared)
    return ways


def _comparisons(run: Run, state: State) -> Iterator[Comparison]:
    determined = set(state.nodes) | set(state.pattern.outside)
    for relation in state.formulas.relations:
        if _is_spent(state, relation) or not relation.facts <= determined:
            continue
        field, index = relation.equations[0]
        compared = _compare(run, state, field, index)
        if compared is not None:
            yield compared


def _is_spent(state: State, relation: Relation) -> bool:
    return any(state.determination.chosen.get(field) == index for field, index in relation.equations)


def _compare(run: Run, state: State, field: str, index: int) -> Comparison | None:
    """A field against one of its formulas, where both are finite."""
    value = run.value(state.nodes.get(field))
    formula = state.formulas.alternatives[field][index]
    if value is None or not needs_of(formula) <= set(state.nodes) | set(state.pattern.outside):
        return None
    node = run.model.instantiate(formula, state)
    if node is None:
        return None
    other = _value(run, node)
    return None if other is None else Comparison(state, field, index, value, other, node)


def _value(run: Run, node: Node) -> float | None:
    """The value of a node that need not be part of the program, from nodes that are."""
    value = floats(run, postorder(node, run.program.place))[id(node)]
    return value if math.isfinite(value) else None


def _differ(c: Comparison) -> bool:
    return abs(c.value - c.other) > TOLERANCE * max(abs(c.value), abs(c.other))


def _difference(run: Run, c: Comparison) -> dict[int, tuple[Node, float]]:
    """The facts that move the two sides of a comparison apart, each with d ln(value / other) / d ln(fact)."""
    mine, theirs = elasticities(run, c.state.nodes[c.field]), elasticities(run, c.other_node)
    moves = {}
    for key in {**mine, **theirs}:
        node = (mine.get(key) or theirs[key])[0]
        slope = mine.get(key, (node, 0.0))[1] - theirs.get(key, (node, 0.0))[1]
        if abs(slope) > _MOVES:
            moves[key] = (node, slope)
    return moves


def _disagreements(
    run: Run, compared: list[Comparison], said: set[frozenset[int]], factors: list[float]
) -> Iterator[Diagnostic]:
    """V226 for each comparison that differs, but where it does by one of the `factors`, which P308 says is left out."""
    rested: set[frozenset[int]] = set()
    for c in compared:
        moves = _difference(run, c)
        facts = frozenset(moves)
        if not facts or facts in rested:
            continue
        rested.add(facts)
        if not _differ(c) or facts in said:
            continue
        allowed = sum(
            abs(slope) * _leeway(run, node) / abs(node.payload.value)
            for node, slope in moves.values()
            if node.payload.value
        )
        alike = (c.value > 0) == (c.other > 0) and c.value != 0 != c.other
        if alike and abs(math.log(abs(c.value)) - math.log(abs(c.other))) <= allowed:
            continue
        said.add(facts)
        if any(_is_factor(c, factor) for factor in factors):
            continue
        mine, theirs = elasticities(run, c.state.nodes[c.field]), elasticities(run, c.other_node)
        yield _disagreement(run, c, mine, theirs)


def _is_factor(c: Comparison, factor: float) -> bool:
    """Whether two sides differ by a factor, on one side or the other."""
    return any(math.isclose(c.other * by, c.value, rel_tol=_MOVES) for by in (factor, 1 / factor))


def _leeway(run: Run, node: Node) -> float:
    """How far a given fact may be off: half a unit of its last digit, or half of what lies between its 5 and 95 % points."""
    half_unit: float = node.payload.half_unit
    assumption = run.model.draws.get(id(node))
    if assumption is None:
        return half_unit
    known = {name: _value(run, argument) for name, argument in assumption.arguments.items()}
    if any(value is None for value in known.values()):
        return half_unit
    width = half_width(assumption.spread.name, node.payload.value, {n: v for n, v in known.items() if v is not None})
    return max(half_unit, width)


def _disagreement(
    run: Run, c: Comparison, mine: dict[int, tuple[Node, float]], theirs: dict[int, tuple[Node, float]]
) -> Diagnostic:
    unit = c.state.instance.kind.fields[c.field].unit
    assert unit is not None
    value, other = (number(v / unit.factor, unit.word) for v in (c.value, c.other))
    percent = abs(c.other / c.value - 1) * 100 if c.value else math.inf
    formula = c.state.formulas.alternatives[c.field][c.index].expr.span
    if percent < 200:
        apart = f"{figure(percent, 2)} % apart"
    elif math.isfinite(percent):
        apart = f"{figure(c.other / c.value, 3)} times apart"
    else:
        apart = f"{value} and {other}"
    title = f"two ways to `{c.state.instance.name}.{c.field}` are {apart}"
    notes = [
        f"{value} {_by(c)}: {_facts(run, mine)}",
        f"{other} by `{' '.join(formula.text.split())}`: {_facts(run, theirs)}",
    ]
    labels = [_where_it_stands(c, mine, theirs), Label(formula, "the other way to it")]
    return diagnostic(
        "V226",
        title,
        *labels,
        notes=[*notes, *_definitions(c, mine, theirs)],
        help='check both sides; where they are two definitions, `allow V226 "why"` on a line accepts it',
    )


def _definitions(
    c: Comparison, mine: dict[int, tuple[Node, float]], theirs: dict[int, tuple[Node, float]]
) -> Iterator[str]:
    """What the kind says of the given fields that only one side rests on, in the comment behind their declaration."""
    for name, binding in c.state.instance.bindings.items():
        node = c.state.nodes.get(name)
        if node is None or (id(node) in mine) == (id(node) in theirs):
            continue
        declared = binding.field.declaration.name_span
        _, _, comment = declared.source.line(declared.line).partition("#")
        if comment.strip():
            yield f"`{name}` is {comment.strip()}"


def _where_it_stands(
    c: Comparison, mine: dict[int, tuple[Node, float]], theirs: dict[int, tuple[Node, float]]
) -> Label:
    """The field itself when it is given; else the last of the instance's own facts that only one side rests on."""
    instance = c.state.instance
    if c.field not in instance.bindings:
        one_sided = [node for key, (node, _) in {**mine, **theirs}.items() if (key in mine) != (key in theirs)]
        own = [b for name, b in instance.bindings.items() if name in instance.own and b.field.is_quantity]
        facts = [
            b
            for b in own
            for n in one_sided
            if n.span.source is b.span.source and b.span.start <= n.span.start < b.span.end
        ]
        if facts:
            last = max(facts, key=lambda b: b.span.start)
            return field_label(c.state, last.field.name)
    return field_label(c.state, c.field)


def _by(c: Comparison) -> str:
    index = c.state.determination.chosen.get(c.field)
    if index is None or index < 0:
        return "as given"
    return f"by `{' '.join(c.state.formulas.alternatives[c.field][index].expr.span.text.split())}`"


def _facts(run: Run, found: dict[int, tuple[Node, float]]) -> str:
    """The facts that move a value, as written, with their lines."""
    parts = []
    for node, slope in sorted(found.values(), key=lambda f: (f[0].span.source.name, f[0].span.start)):
        if abs(slope) > _MOVES:
            owner = run.owner(node)
            name = f"{owner[1]} = " if owner else ""
            parts.append(f"{name}{node.span.text} ({_where(node)})")
    return ", ".join(parts) or "no given fact"


def _where(node: Node) -> str:
    source = node.span.source
    return f"line {node.span.line}" if "stdlib" not in source.name else f"{source.name}:{node.span.line}"


def _stand_ins(run: Run, state: State) -> Iterator[Diagnostic]:
    for field, index in state.determination.chosen.items():
        if index < 0 or state.formulas.alternatives[field][index].stands_in:
            continue
        for place, formula in enumerate(state.formulas.alternatives[field]):
            if place == index or not formula.stands_in or not formula.references:
                continue
            c = _compare(run, state, field, place)
            if c is None or not c.value or not c.other:
                continue
            ratio = c.other / c.value
            if not (ratio >= FAR_OFF or 0 < ratio <= 1 / FAR_OFF) or is_unusual(run, state, field):
                continue
            unit = state.instance.kind.fields[field].unit
            assert unit is not None
            typical, derived = (
                number(c.other / unit.factor, unit.word),
                number(c.value / unit.factor, unit.word),
            )
            yield diagnostic(
                "V228",
                f"`{formula.expr.span.text}` of `{state.instance.name}` is {typical}; the facts give {derived}",
                Label(state.instance.declaration.name_span, f"`{field}` follows from what is given here"),
                Label(formula.expr.span, "stands in where nothing better is known"),
                help=f"bind `{field}` if {derived} is right, or check what it follows from",
            )
