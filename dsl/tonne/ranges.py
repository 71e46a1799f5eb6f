"""Bounds that may not be left, and usual ranges outside which a note is due."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tonne.catalogue import Severity
from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.formatting import number
from tonne.graph import LEAF, NUMBER, Node
from tonne.lower import Formula
from tonne.model import Model, State
from tonne.names import Field
from tonne.paths import Reference
from tonne.relations import value_at
from tonne.run import Run, field_label
from tonne.source import Span
from tonne.syntax import tree
from tonne.syntax.keywords import SUFFIX_EXPONENTS
from tonne.values import replace

# A value this close beyond an end is rounding, not a violation.
_SLACK = 1e-9
_SUFFIXES = {1e3: "k", 1e6: "M", 1e9: "B", 1e12: "T"}


def find(run: Run) -> Iterator[Diagnostic]:
    """V221 for a value out of its bounds, V225 or V229 for one outside its usual range, V233 for a factor on a stand-in."""
    for state in run.model.own_states():
        for name, node in state.nodes.items():
            one = state.instance.kind.fields[name]
            value = run.value(node)
            copied = name in state.instance.bindings and name not in state.instance.own
            if value is None or one.unit is None or copied:
                continue
            outside = _outside(state, one, value, partial(_value_of, run, state))
            typical = _stands_in(state, name) if one.declaration.once else None
            if outside is not None:
                yield outside
            elif typical is not None:
                yield _on_a_stand_in(state, one, value, typical)


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


def _outside(state: State, one: Field, value: float, known: Callable[[Reference], float]) -> Diagnostic | None:
    """What there is to say of a value outside its bounds, or else outside its usual range."""
    left = _left(state, one, value, known)
    if left is None:
        return None
    is_bound, low, high = left
    return (_out_of_bounds if is_bound else _unusual)(state, one, value, low, high)


def _left(
    state: State, one: Field, value: float, known: Callable[[Reference], float]
) -> tuple[bool, float, float] | None:
    """The range that a value lies outside of: whether it is that of the bounds or the usual one, and its ends."""
    for ranges, is_bound in ((state.formulas.bounds, True), (state.formulas.usual, False)):
        ends = ranges.get(one.name)
        if ends is None:
            continue
        low = _end(ends[0], known)
        high = math.inf if ends[1] is None else _end(ends[1], known)
        if low is None or high is None or low - _SLACK * abs(low) <= value <= high + _SLACK * abs(high):
            continue
        return is_bound, low, high
    return None


def beyond(run: Run, state: State, name: str, value: float) -> tuple[str, bool] | None:
    """Which end of its bounds, or of its usual range, a field would leave with a value, and whether it may; None inside."""
    one = state.instance.kind.fields[name]
    left = _left(state, one, value, partial(_value_of, run, state))
    if left is None:
        return None
    is_bound, low, high = left
    declared = one.declaration
    ends = declared.bounds if is_bound or declared.usual is None else declared.usual.range
    assert ends is not None
    end = f"below {_words(one, low, ends.low)}" if value < low else f"above {_words(one, high, ends.high)}"
    return end, not is_bound


def _value_of(run: Run, state: State, reference: Reference) -> float:
    node = state.nodes.get(reference.field.name) if reference.is_own and reference.field else None
    value = run.value(node)
    return math.nan if value is None else value


def _on_a_stand_in(state: State, one: Field, value: float, typical: str) -> Diagnostic:
    """A factor that was solved for with a typical value in place of a measured one."""
    title = f"`{state.instance.name}.{one.name}`, {_words(one, value)}, rests on a typical `{typical}`"
    formula = state.formulas.alternatives[typical][state.determination.chosen[typical]]
    here = field_label(state, one.name)
    stands_in = Label(formula.expr.span, f"stands in for `{typical}`")
    return diagnostic("V233", title, here, stands_in, help=f"bind `{one.name}`, or the `{typical}` that was measured")


def _end(formula: Formula, known: Callable[[Reference], float]) -> float | None:
    """An end of a range; it may name fields of the instance, and is open while one of them is not known."""
    if any(n.op == LEAF and not n.payload.is_own for n in formula.order):
        return None
    value = value_at(formula, lambda reference: (known(reference),) * 2)[0]
    return None if value != value else value


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


def _unusual(state: State, one: Field, value: float, low: float, high: float) -> Diagnostic:
    assert one.unit is not None
    usual = one.declaration.usual
    assert usual is not None
    binding = state.instance.bindings.get(one.name)
    where = Label(usual.range.span, "the usual range")
    written = binding.value.expr if binding is not None and isinstance(binding.value, tree.Value) else None
    if isinstance(written, tree.Number) and re.fullmatch(r"[0-9.]+", written.text):
        fitting = [f for f in _SUFFIXES if low <= value * f <= high]
        if fitting:
            middle = math.sqrt(low * high) if low > 0 else high
            factor = min(fitting, key=lambda f: abs(math.log(value * f / middle)))
            mended = f"{written.text}{_SUFFIXES[factor]} {written.unit or ''}".strip()
            title = f"{written.span.text} is {_FRACTIONS[factor]} of what is usual"
            fix = Fix(written.span, mended)
            return diagnostic("V225", title, Label(written.span), where, help=f"did you mean `{mended}`?", fix=fix)
    name = f"{state.instance.name}.{one.name}"
    low_end, high_end = _words(one, low, usual.range.low), _words(one, high, usual.range.high)
    end = f"below the usual {low_end}" if value < low else f"above the usual {high_end}"
    source = f" ({usual.provenance})" if usual.provenance else ""
    line = f"{where.span.source.name} line {where.span.line}"
    help = f'the range is set in {line}{source}; `allow V229 "why"` accepts it' if binding else _from_what(name)
    return diagnostic(
        "V229", f"`{name}` is {_words(one, value, written)}, {end}", field_label(state, one.name), where, help=help
    )


_FRACTIONS = {1e3: "a thousandth", 1e6: "a millionth", 1e9: "a billionth", 1e12: "a trillionth"}
