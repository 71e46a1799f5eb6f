"""Inputs: a factor applied twice, left out, or multiplied in place of divided, and an input that is another instance's.

Found by evaluating the graph of the claimed value again, so that sums and powers are taken as they are. What a factor is
without its unit is its value in the unit that its kind declares: `2048 device` left out is a factor of 2048. A share is a
ratio: `40%` left out is one of 0.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from tonne.causes.candidate import OF_INPUTS, Candidate, Cause
from tonne.causes.question import Named, Question
from tonne.graph import power

# A factor this near 1 moves nothing that could be told from rounding.
_LEAST = 1e-3
# Inputs and other instances that are looked at: beyond so many something would fit by accident.
_MOST_INPUTS = 40
_MOST_OTHERS = 40
_MOST_TOLD = 3

_WAYS = (
    (0, "left out of the claim", "without {}"),
    (2, "applied twice in the claim", "with {} twice"),
    (-1, "on the wrong side in the claim", "with the inverse of {}"),
)


def factors_once(question: Question) -> Iterator[Candidate]:
    """A factor that may enter once, such as a PUE, applied twice or left out; in a total also that of all its parts."""
    once = [one for one in question.inputs if one.field is not None and one.field.declaration.once]
    alike: dict[str, list[Named]] = {}
    for one in once:
        assert one.field is not None
        alike.setdefault(one.field.name, []).append(one)
    groups = [[one] for one in once] + [group for group in alike.values() if len(group) > 1]
    return (candidate for group in groups for candidate in _powers(question, group, OF_INPUTS))


def other_inputs(question: Question) -> Iterator[Candidate]:
    """Any other input applied twice, left out or on the wrong side."""
    others = [one for one in question.inputs if one.field is None or not one.field.declaration.once]
    return (candidate for one in others[:_MOST_INPUTS] for candidate in _powers(question, [one]))


def _powers(question: Question, inputs: list[Named], slack: float = 0.0) -> Iterator[Candidate]:
    """The inputs, all of them at once, in another power."""
    numbers = {id(one.node): (one.value / _one_of(one), _one_of(one)) for one in inputs}
    if any(value <= 0 or abs(math.log(value)) < _LEAST for value, _ in numbers.values()):
        return
    for exponent, words, way in _WAYS:
        claim = question.with_inputs({key: power(value, exponent) * unit for key, (value, unit) in numbers.items()})
        if math.isfinite(claim) and claim > 0 and abs(math.log(claim) - math.log(question.computed)) >= _LEAST:
            yield Candidate(claim, partial(_applied, question, inputs, words, way, claim), slack)


def _one_of(named: Named) -> float:
    """What is taken for one of an input: its unit, and of a share the whole."""
    return 1.0 if named.unit.dimension.is_ratio else named.unit.factor


def _applied(question: Question, inputs: list[Named], words: str, way: str, claim: float) -> Cause:
    told = [f"`{one.name}` ({one.told()})" for one in inputs]
    if len(inputs) > _MOST_TOLD:
        told = [*told[:_MOST_TOLD], f"{len(inputs) - _MOST_TOLD} more"]
    said = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    them = "it" if len(inputs) == 1 else "them"
    evidence = [f"`{one.name}` is {one.told()} ({one.place})" for one in inputs[:_MOST_TOLD]]
    evidence.append(f"{way.format(them)} the scenario gives {question.told(claim)}")
    verb = "is" if len(inputs) == 1 else "are"
    return Cause(
        "input", f"{said} {verb} {words}", tuple(evidence), tuple(one.label(words) for one in inputs[:_MOST_TOLD])
    )


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
            and not question.is_made_of_claim(other.node)
        ]
        for other in others[:_MOST_OTHERS]:
            claim = question.with_inputs({id(one.node): other.value})
            yield Candidate(claim, partial(_other, question, one, other, claim))


def _other(question: Question, one: Named, other: Named, claim: float) -> Cause:
    text = f"`{other.name}` ({other.told()}) in place of `{one.name}` ({one.told()})"
    evidence = (
        f"`{one.name}` is {one.told()} ({one.place}), `{other.name}` is {other.told()} ({other.place})",
        f"with the other the scenario gives {question.told(claim)}",
    )
    return Cause("other-input", text, evidence, (one.label("this one"), other.label("and that one")))
