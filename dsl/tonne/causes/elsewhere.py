"""Values elsewhere: the claimed number is that of another field or instance, or has a term more or less."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tonne.causes.candidate import OF_INPUTS, OF_VALUES, Candidate, Cause
from tonne.causes.question import Named, Question
from tonne.graph import NUMBER, Node
from tonne.names import Instance
from tonne.units import Unit


def like_values(question: Question) -> Iterator[Candidate]:
    """A value of the same dimension: the same field of another instance, another field of the same ones.

    A number that a `let`, or a copy of the same instance, only states is the claim once more, and no cause of it.
    """
    itself = [one for one in question.all_names if one.node is question.left]
    owners = {id(one.state) for one in (*question.below, *itself) if one.state is not None}
    fields = {id(one.field) for one in itself if one.field is not None}
    lines = {id(_origin(one.state.instance)) for one in itself if one.state is not None}
    for one in question.everything:
        if one.unit.dimension != question.unit.dimension or one.node is question.left:
            continue
        is_stated = one.node.op == NUMBER
        if one.state is None:
            related = not is_stated
        else:
            is_copy = id(_origin(one.state.instance)) in lines
            related = id(one.state) in owners or (id(one.field) in fields and not (is_stated and is_copy))
        if related and not question.is_made_of_claim(one.node):
            slack = 0.0 if is_stated else OF_VALUES
            yield Candidate(question.sign * one.value, partial(_that_of, one, f"the value of `{one.name}`"), slack)


def _origin(instance: Instance) -> Instance:
    """What an instance is a copy of, in the end."""
    while instance.like is not None:
        instance = instance.like
    return instance


def unlike_numbers(question: Question) -> Iterator[Candidate]:
    """The number of a value that the computed one rests on, in its declared unit: device-hours printed as tonnes.

    An amount is taken for an amount, and what is per something for what is per something: no total is the number of a PUE.
    """
    is_rate = _is_rate(question.unit)
    for one in question.below:
        if one.unit.dimension != question.unit.dimension and _is_rate(one.unit) == is_rate:
            number = question.sign * one.value / one.unit.factor * question.unit.factor
            words = f"the number of `{one.name}`, {one.told()}"
            yield Candidate(number, partial(_that_of, one, words))


def _that_of(one: Named, words: str) -> Cause:
    evidence = (f"`{one.name}` is {one.told(digits=6)} ({one.place})",)
    return Cause("other-value", f"the claim is {words}", evidence, (one.label("has the claimed number"),))


def unlike_totals(question: Question) -> Iterator[Candidate]:
    """The same of a sum over instances: the sum of another of their fields."""
    parts = [question.names.get(id(node)) for node in _terms(question.left)]
    states = [one.state for one in parts if one is not None and one.state is not None]
    if len(parts) < 2 or len(states) < len(parts) or len({one.field.name for one in parts if one and one.field}) > 1:
        return
    for field in states[0].instance.kind.fields.values():
        values = [question.named_of(state, field.name) for state in states]
        known = [one for one in values if one is not None]
        unit = field.unit
        if unit is None or len(known) < len(values) or _is_rate(unit) or unit.dimension == question.unit.dimension:
            continue
        total = sum(one.value for one in known)
        yield Candidate(
            question.sign * total / unit.factor * question.unit.factor, partial(_that_of_total, known, total)
        )


def _that_of_total(parts: list[Named], total: float) -> Cause:
    assert parts[0].field is not None
    words = f"the number of the sum of their `{parts[0].field.name}`, {parts[0].told(total)}"
    evidence = tuple(f"`{one.name}` is {one.told(digits=6)} ({one.place})" for one in parts)
    return Cause("other-value", f"the claim is {words}", evidence)


def _is_rate(unit: Unit) -> bool:
    """Whether a quantity is per something, or a ratio."""
    return unit.dimension.is_ratio or any(power < 0 for _, power in unit.dimension.powers)


def terms(question: Question) -> Iterator[Candidate]:
    """A term of a sum left out of the claim, or one more in it."""
    parts = _terms(question.left)
    if len(parts) < 2:
        return
    named = [question.names[id(node)] for node in parts if id(node) in question.names]
    ids = {id(node) for node in parts}
    fields = {one.field.name for one in named if one.field is not None}
    for one in named:
        claim = question.computed - question.sign * one.value
        yield Candidate(claim, partial(_term, question, one, "left out of", "without", claim), slack=OF_INPUTS)
    for one in question.everything:
        is_alike = one.field is not None and one.field.name in fields and one.unit.dimension == question.unit.dimension
        if is_alike and id(one.node) not in ids:
            claim = question.computed + question.sign * one.value
            yield Candidate(claim, partial(_term, question, one, "counted too in", "with", claim), slack=OF_INPUTS)


def _term(question: Question, one: Named, words: str, way: str, claim: float) -> Cause:
    evidence = (
        f"`{one.name}` is {one.told(digits=6)} ({one.place})",
        f"{way} it the scenario gives {question.told(claim)}",
    )
    return Cause("term", f"`{one.name}` is {words} the claim", evidence, (one.label(f"{words} the claim"),))


def _terms(node: Node) -> list[Node]:
    """What a sum adds, sums within it taken apart."""
    if node.op in ("+", "sum"):
        return [term for arg in node.args for term in _terms(arg)]
    return [node]
