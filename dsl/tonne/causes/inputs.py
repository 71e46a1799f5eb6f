"""Inputs: a factor applied twice, left out, or multiplied in place of divided, and an input that is another instance's.

Found by evaluating the graph of the claimed value again, so that sums and powers are taken as they are. What a factor is
without its unit is its value in the unit that its kind declares: `2048 device` left out is a factor of 2048. A share is a
ratio: `40%` left out is one of 0.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from tonne.causes.candidate import Candidate, Cause
from tonne.causes.question import Named, Question

# A factor this near 1 moves nothing that could be told from rounding.
_LEAST = 1e-3
# Inputs and other instances that are looked at: beyond so many something would fit by accident.
_MOST_INPUTS = 40
_MOST_OTHERS = 40

_WAYS = (
    (0, "is left out of the claim", "without it"),
    (2, "is applied twice in the claim", "with it twice"),
    (-1, "is on the wrong side in the claim", "with its inverse"),
)


def factors_once(question: Question) -> Iterator[Candidate]:
    """A factor that may enter once, such as a PUE, applied twice or left out."""
    once = [one for one in question.inputs if one.field is not None and one.field.declaration.once]
    return _powers(question, once)


def other_inputs(question: Question) -> Iterator[Candidate]:
    """Any other input applied twice, left out or on the wrong side."""
    others = [one for one in question.inputs if one.field is None or not one.field.declaration.once]
    return _powers(question, others[:_MOST_INPUTS])


def _powers(question: Question, inputs: list[Named]) -> Iterator[Candidate]:
    for one in inputs:
        factor = 1.0 if one.unit.dimension.is_ratio else one.unit.factor
        value = one.value / factor
        if value <= 0 or abs(math.log(value)) < _LEAST:
            continue
        for exponent, words, way in _WAYS:
            claim = question.with_inputs({id(one.node): value**exponent * factor})
            if math.isfinite(claim) and claim > 0 and abs(math.log(claim / question.computed)) >= _LEAST:
                yield Candidate(claim, partial(_applied, question, one, words, way, claim))


def _applied(question: Question, one: Named, words: str, way: str, claim: float) -> Cause:
    evidence = (f"`{one.name}` is {one.told()} ({one.place})", f"{way} the scenario gives {question.told(claim)}")
    return Cause("input", f"`{one.name}` ({one.told()}) {words}", evidence, (one.label(words),))


def inputs_of_others(question: Question) -> Iterator[Candidate]:
    """The same field of another instance in place of an input: a row of a table misread."""
    for one in question.inputs[:_MOST_INPUTS]:
        if one.field is None or one.node is question.left:
            continue
        others = [
            other
            for other in question.everything
            if other.field is not None
            and other.node is not one.node
            and other.field.name == one.field.name
            and other.unit.dimension == one.unit.dimension
            and abs(other.value - one.value) > _LEAST * abs(one.value)
        ]
        for other in [one for one in others if not question.is_made_of_claim(one.node)][:_MOST_OTHERS]:
            claim = question.with_inputs({id(one.node): other.value})
            yield Candidate(claim, partial(_other, question, one, other, claim))


def _other(question: Question, one: Named, other: Named, claim: float) -> Cause:
    text = f"`{other.name}` ({other.told()}) in place of `{one.name}` ({one.told()})"
    evidence = (
        f"`{one.name}` is {one.told()} ({one.place}), `{other.name}` is {other.told()} ({other.place})",
        f"with the other the scenario gives {question.told(claim)}",
    )
    return Cause("other-input", text, evidence, (one.label("this one"), other.label("and that one")))
