"""Bounds that may not be left, and usual ranges outside which a note is due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.formatting import number
from tonne.graph import LEAF
from tonne.lower import Formula, Reference
from tonne.model import State
from tonne.names import Field
from tonne.relations import value_at

if TYPE_CHECKING:
    from tonne.run import Run

# A value this close beyond an end is rounding, not a violation.
_SLACK = 1e-9
_SUFFIXES = {1e3: "k", 1e6: "M", 1e9: "B", 1e12: "T"}


def find(run: Run) -> Iterator[Diagnostic]:
    """V221 for each value out of its bounds, V225 or V229 for one outside its usual range."""
    for state in run.model.own_states():
        allowed = {b.field.name: getattr(b.value, "allow", None) for b in state.instance.bindings.values()}
        for name, node in state.nodes.items():
            one = state.instance.kind.fields[name]
            value = run.value(node)
            if value is None or one.unit is None:
                continue
            for ranges, report in ((state.formulas.bounds, _out_of_bounds), (state.formulas.usual, _unusual)):
                ends = ranges.get(name)
                if ends is None:
                    continue
                low, high = (_end(run, state, e) for e in ends)
                if low is None or high is None or low - _SLACK * abs(low) <= value <= high + _SLACK * abs(high):
                    continue
                said = report(run, state, one, value, low, high)
                accepted = allowed.get(name)
                if accepted is None or accepted.code != said.code:
                    yield said
                break


def _end(run: Run, state: State, formula: Formula) -> float | None:
    """An end of a range; it may name fields of the instance, and is open while one of them is undetermined."""

    def point(reference: Reference) -> tuple[float, float]:
        node = state.nodes.get(reference.field.name) if reference.is_own and reference.field else None
        value = run.value(node)
        return (float("nan"),) * 2 if value is None else (value, value)

    if any(n.op == LEAF and not n.payload.is_own for n in formula.order):
        return None
    value = value_at(formula, point)[0]
    return None if value != value else value


def _label(run: Run, state: State, one: Field) -> Label:
    from tonne.run import field_label

    return field_label(state, one.name)


def _words(one: Field, value: float) -> str:
    assert one.unit is not None
    return number(value / one.unit.factor, one.unit.word)


def _out_of_bounds(run: Run, state: State, one: Field, value: float, low: float, high: float) -> Diagnostic:
    bounds = one.declaration.bounds
    assert bounds is not None
    where = bounds.span
    return diagnostic(
        "V221",
        f"`{one.name}` of `{state.instance.name}` is {_words(one, value)}; it lies in {_words(one, low)} .. {_words(one, high)}",
        _label(run, state, one),
        Label(where, "the bounds"),
        help=_why_derived(state, one) or f"the bounds are set in {where.source.name} line {where.line}",
    )


def _why_derived(state: State, one: Field) -> str:
    if one.name in state.instance.bindings:
        return ""
    return f"it is derived; `tonne explain {state.instance.name}.{one.name}` shows from what"


def _unusual(run: Run, state: State, one: Field, value: float, low: float, high: float) -> Diagnostic:
    assert one.unit is not None
    usual = one.declaration.usual
    assert usual is not None
    binding = state.instance.bindings.get(one.name)
    where = usual.range.span
    written = getattr(getattr(binding, "value", None), "expr", None)
    if binding is not None and written is not None and hasattr(written, "half_unit"):
        for factor, suffix in _SUFFIXES.items():
            if low <= value * factor <= high and written.text.isdigit():
                mended = f"{written.text}{suffix} {written.unit}" if written.unit else f"{written.text}{suffix}"
                return diagnostic(
                    "V225",
                    f"{_words(one, value)} is {_fraction(factor)} of what is usual",
                    Label(written.span),
                    Label(where, "the usual range"),
                    help=f"did you mean `{mended}`?",
                    fix=Fix(written.span, mended),
                )
    side = "below" if value < low else "above"
    source = f", from {usual.provenance}" if usual.provenance else ""
    return diagnostic(
        "V229",
        f"`{one.name}` of `{state.instance.name}` is {_words(one, value)}: {side} the usual {_words(one, low)} .. {_words(one, high)}",
        _label(run, state, one),
        Label(where, "the usual range"),
        help=f'the range is set in {where.source.name} line {where.line}{source}; `allow V229 "why"` accepts it'
        if binding
        else _why_derived(state, one),
    )


def _fraction(factor: float) -> str:
    return {1e3: "a thousandth", 1e6: "a millionth", 1e9: "a billionth", 1e12: "a trillionth"}[factor]
