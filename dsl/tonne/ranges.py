"""Bounds that may not be left, and usual ranges outside which a note is due."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from tonne.catalogue import Severity
from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.formatting import number
from tonne.graph import NUMBER, Node
from tonne.lower import Formula
from tonne.model import Ends, Model, State
from tonne.names import Field
from tonne.paths import Reference
from tonne.relations import value_at
from tonne.run import Run, field_label
from tonne.slopes import elasticities
from tonne.source import Span
from tonne.syntax import tree
from tonne.syntax.keywords import SUFFIX_EXPONENTS
from tonne.values import replace

# A value this close beyond an end is rounding, not a violation.
_SLACK = 1e-9
_SUFFIXES = {1e3: "k", 1e6: "M", 1e9: "B", 1e12: "T"}


class _Found(NamedTuple):
    said: Diagnostic
    facts: frozenset[int]  # the ids of the given numbers that the value rests on


def find(run: Run) -> Iterator[Diagnostic]:
    """V221 for a value out of its bounds, V225 or V229 for one outside its usual range, V233 for a factor on a stand-in."""
    found: list[_Found] = []
    for state in run.model.own_states():
        for name, node in state.nodes.items():
            one = state.instance.kind.fields[name]
            value = run.value(node)
            copied = name in state.instance.bindings and name not in state.instance.own
            if value is None or one.unit is None or copied:
                continue
            facts = partial(_facts, run, node)
            outside = _outside(state, one, value, partial(_value_of, run, state), facts)
            typical = _stands_in(state, name) if one.declaration.once else None
            if outside is not None:
                found.append(_Found(outside, frozenset(map(id, facts()))))
            elif typical is not None:
                yield _on_a_stand_in(state, one, value, typical)
    yield from _nearest_the_cause(found)


def _nearest_the_cause(found: list[_Found]) -> Iterator[Diagnostic]:
    """Findings without those that rest on all that another rests on: of a chain of odd values, the first is said.

    What is out of bounds is an error, and said whatever else is. What rests on no fact is nobody's statement.
    """
    first: dict[frozenset[int], int] = {}
    for at, one in enumerate(found):
        first.setdefault(one.facts, at)
    by_fact: dict[int, list[frozenset[int]]] = {}  # each set of facts, at one of them
    for facts in filter(None, first):
        by_fact.setdefault(min(facts), []).append(facts)
    for at, one in enumerate(found):
        nearer = any(facts < one.facts for fact in one.facts for facts in by_fact.get(fact, ()))
        if one.said.code == "V221" or (one.facts and not nearer and first[one.facts] == at):
            yield one.said


def is_unusual(run: Run, state: State, name: str) -> bool:
    """Whether the value of a field lies outside its usual range, or out of its bounds."""
    value = run.value(state.nodes.get(name))
    one = state.instance.kind.fields[name]
    return value is not None and _outside(state, one, value, partial(_value_of, run, state)) is not None


def _facts(run: Run, node: Node) -> list[Node]:
    """The given numbers that move a value, in the order in which they stand."""
    found = elasticities(run, node).values()
    moving = [fact for fact, slope in found if abs(slope) > _SLACK] or [fact for fact, _ in found]
    return sorted(moving, key=lambda fact: (fact.span.source.name, fact.span.start))


def of_numbers(model: Model) -> Iterator[Diagnostic]:
    """What `find` says of a number that is bound as it stands, which needs no evaluation."""
    for state in model.own_states():
        for name, node in state.nodes.items():
            one = state.instance.kind.fields[name]
            if node.op == NUMBER and name in state.instance.own and one.unit is not None:
                outside = _outside(state, one, node.payload.value, lambda reference: math.nan)
                if outside is not None:
                    yield outside


def left_in(state: State, name: str, values: Sequence[float]) -> list[Diagnostic]:
    """V221 where one of the values that a field has in a study leaves its bounds."""
    one = state.instance.kind.fields[name]
    found = (_outside(state, one, value, lambda reference: math.nan) for value in values if math.isfinite(value))
    return [said for said in found if said is not None and said.code == "V221"][:1]


def bounds_left(model: Model, node: Node, values: Sequence[float], span: Span) -> list[Diagnostic]:
    """V221 where one of the values that a study gives a node leaves the bounds of its field."""
    for state in model.states.values():
        name = next((n for n, one in state.nodes.items() if one is node), None)
        one = None if name is None else state.instance.kind.fields[name]
        if one is None or one.unit is None or one.name not in state.formulas.bounds:
            continue
        for value in values:
            said = _outside(state, one, value, lambda reference: math.nan)
            if said is not None and said.is_error:
                return [replace(said, labels=(Label(span), *said.labels[1:]), fix=None)]
    return []


def _outside(
    state: State,
    one: Field,
    value: float,
    known: Callable[[Reference], float],
    facts: Callable[[], Sequence[Node]] = lambda: (),
) -> Diagnostic | None:
    """What there is to say of a value outside its bounds, or else outside one of its usual ranges.

    `known` gives the values that ends name, `facts` the numbers that the value rests on.
    """
    bounds = state.formulas.bounds.get(one.name)
    left = None if bounds is None else _left(bounds, value, known)
    if left is not None:
        return _out_of_bounds(state, one, value, *left)
    # What stands in, or is a constant of the kind, is nobody's statement.
    index = state.determination.chosen.get(one.name, -1)
    if index >= 0 and state.formulas.alternatives[one.name][index].stands_in:
        return None
    for usual, ends in state.formulas.usual.get(one.name, ()):
        left = _left(ends, value, known)
        if left is not None:
            return _unusual(state, one, value, usual, *left, facts())
    return None


def _left(ends: Ends, value: float, known: Callable[[Reference], float]) -> tuple[float, float] | None:
    """The ends of a range that a value lies outside of; None where it lies inside, or an end is not known."""
    low = _end(ends[0], known)
    high = math.inf if ends[1] is None else _end(ends[1], known)
    if low is None or high is None or low - _SLACK * abs(low) <= value <= high + _SLACK * abs(high):
        return None
    return low, high


def beyond(run: Run, state: State, name: str, value: float) -> tuple[str, bool] | None:
    """Which end of its bounds, or of a usual range, a field would leave with a value, and whether it may; None inside."""
    one = state.instance.kind.fields[name]
    bounds = state.formulas.bounds.get(name)
    ranges = [] if bounds is None or one.declaration.bounds is None else [(one.declaration.bounds, bounds, False)]
    ranges += [(usual.range, ends, True) for usual, ends in state.formulas.usual.get(name, ())]
    for written, ends, may in ranges:
        left = _left(ends, value, partial(_value_of, run, state))
        if left is not None:
            low, high = left
            end = (
                f"below {_words(one, low, written.low)}" if value < low else f"above {_words(one, high, written.high)}"
            )
            return end, may
    return None


def _value_of(run: Run, state: State, reference: Reference) -> float:
    node = run.model.find(reference, state)
    value = run.value(node) if isinstance(node, Node) else None
    return math.nan if value is None else value


def _on_a_stand_in(state: State, one: Field, value: float, typical: str) -> Diagnostic:
    """A factor that was solved for with a typical value in place of a measured one."""
    title = f"`{state.instance.name}.{one.name}`, {_words(one, value)}, rests on a typical `{typical}`"
    formula = state.formulas.alternatives[typical][state.determination.chosen[typical]]
    here = field_label(state, one.name)
    stands_in = Label(formula.expr.span, f"stands in for `{typical}`")
    return diagnostic("V233", title, here, stands_in, help=f"bind `{one.name}`, or the `{typical}` that was measured")


def _end(formula: Formula, known: Callable[[Reference], float]) -> float | None:
    """An end of a range; None while a field that it names is not known."""
    values = {reference: known(reference) for reference in formula.references}
    value = math.nan if any(map(math.isnan, values.values())) else value_at(formula, lambda r: (values[r],) * 2)[0]
    return value if math.isfinite(value) else None


def _words(one: Field, value: float, written: object = None) -> str:
    """A value in the unit of its field; one that was written with a suffix, `70T param`, as it was written."""
    assert one.unit is not None
    if isinstance(written, tree.Number) and written.unit == one.unit.word and written.text[-1] in SUFFIX_EXPONENTS:
        return written.span.text
    return number(value / one.unit.factor, one.unit.word)


def _out_of_bounds(state: State, one: Field, value: float, low: float, high: float) -> Diagnostic:
    bounds = one.declaration.bounds
    assert bounds is not None
    where = bounds.span
    name = f"{state.instance.name}.{one.name}"
    binding = state.instance.bindings.get(one.name)
    typical = _stands_in(state, one.name)
    fix: Fix | None = None
    help = f"the bounds are set in {where.source.name} line {where.line}" if binding else _from_what(name)
    written = binding.value.expr if binding is not None and isinstance(binding.value, tree.Value) else None
    if isinstance(written, tree.Number) and written.unit is None and low <= value / 100 <= high:
        fix = Fix(written.span, f"{written.text}%")
        help = f"did you mean `{written.text}%`?"
    elif typical is not None:
        help = f"a typical value stands in for `{typical}`: bind `{typical}` or `{one.name}`"
    ends = _words(one, low, bounds.low), _words(one, high, bounds.high)
    range_ = f"below {ends[0]}" if value < low else f"above {ends[1]}"
    if math.isfinite(low) and math.isfinite(high):
        range_ = f"outside {ends[0]} .. {ends[1]}"
    said = diagnostic(
        "V221",
        f"`{name}` is {_words(one, value, written)}, {range_}",
        field_label(state, one.name),
        Label(where, "the bounds"),
        help=help,
        fix=fix,
    )
    # what only a typical value says is no error in what the file says
    return said if typical is None else replace(said, severity=Severity.WARNING)


def _stands_in(state: State, name: str) -> str | None:
    """The field of an instance that a typical value stands in for, on the way to a derived one."""
    waiting, seen = [name], set()
    while waiting:
        at = waiting.pop()
        index = state.determination.chosen.get(at, -1)
        if at in seen or index < 0:
            continue
        seen.add(at)
        formula = state.formulas.alternatives[at][index]
        if index > 0 and formula.stands_in and formula.references:
            return at
        waiting += [r.field.name for r in formula.references if r.is_own and r.field is not None]
    return None


def _from_what(name: str) -> str:
    return f"it is derived; `tonne explain FILE {name}` shows from what"


def _unusual(
    state: State, one: Field, value: float, usual: tree.UsualRange, low: float, high: float, facts: Sequence[Node]
) -> Diagnostic:
    assert one.unit is not None
    binding = state.instance.bindings.get(one.name)
    where = Label(usual.range.span, "the usual range")
    written = binding.value.expr if binding is not None and isinstance(binding.value, tree.Value) else None
    if isinstance(written, tree.Number) and re.fullmatch(r"[0-9.]+", written.text) and math.isfinite(high):
        fitting = [f for f in _SUFFIXES if low <= value * f <= high]
        if fitting:
            middle = math.sqrt(low * high) if low > 0 else high
            factor = min(fitting, key=lambda f: abs(math.log(value * f / middle)))
            plain = not one.unit.counted and written.value * factor < 1e6  # nobody writes 0.4k gCO2e/kWh
            text = f"{written.value * factor:.15g}" if plain else f"{written.text}{_SUFFIXES[factor]}"
            mended = f"{text} {written.unit or ''}".strip()
            title = f"{written.span.text} is {_FRACTIONS[factor]} of what is usual"
            fix = Fix(written.span, mended)
            return diagnostic("V225", title, Label(written.span), where, help=f"did you mean `{mended}`?", fix=fix)
    name = f"{state.instance.name}.{one.name}"
    low_end, high_end = _words(one, low, usual.range.low), _words(one, high, usual.range.high)
    end = f"below the usual {low_end}" if value < low else f"above the usual {high_end}"
    title = f"`{name}` is {_words(one, value, written)}, {end}"
    here = field_label(state, one.name)
    rests_on = [] if isinstance(written, tree.Number) else [f for f in facts if "stdlib" not in f.span.source.name]
    lines = {(f.span.source, f.span.line): f.span for f in reversed(rests_on)}
    labels = [Label(span, "it rests on this") for span in reversed(lines.values()) if span.line != here.span.line]
    range_ = " ".join(usual.range.span.text.split()) + ("" if usual.range.high else " ..")
    notes = [f"the usual range `{range_}`: {usual.provenance}"] if usual.provenance else []
    help = "check the line"
    if labels:
        help = "check the lines that it rests on" if len(labels) > 1 else "check the line that it rests on"
    help += ', or accept it there: `allow V229 "why"`'
    return diagnostic("V229", title, here, *labels, where, notes=notes, help=help)


_FRACTIONS = {1e3: "a thousandth", 1e6: "a millionth", 1e9: "a billionth", 1e12: "a trillionth"}
