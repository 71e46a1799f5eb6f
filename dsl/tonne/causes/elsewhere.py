"""Values elsewhere: the claimed number is that of another field or instance, or has a term more or less."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tonne.causes.candidate import Candidate, Cause
from tonne.causes.question import Named, Question
from tonne.graph import NUMBER, Node
from tonne.names import Instance


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
            yield Candidate(one.value, partial(_that_of, one, f"the value of `{one.name}`"))


def _origin(instance: Instance) -> Instance:
    """What an instance is a copy of, in the end."""
    while instance.like is not None:
        instance = instance.like
    return instance


def unlike_numbers(question: Question) -> Iterator[Candidate]:
    """The number of a value that the computed one rests on, in its declared unit: device-hours printed as tonnes."""
    for one in question.below:
        if one.unit.dimension != question.unit.dimension:
            number = one.value / one.unit.factor * question.unit.factor
            words = f"the number of `{one.name}`, {one.told()}"
            yield Candidate(number, partial(_that_of, one, words))


def _that_of(one: Named, words: str) -> Cause:
    evidence = (f"`{one.name}` is {one.told(digits=6)} ({one.place})",)
    return Cause("other-value", f"the claim is {words}", evidence, (one.label("has the claimed number"),))


def terms(question: Question) -> Iterator[Candidate]:
    """A term of a sum left out of the claim, or one more in it."""
    parts = _terms(question.left)
    if len(parts) < 2:
        return
    named = [question.names[id(node)] for node in parts if id(node) in question.names]
    ids = {id(node) for node in parts}
    fields = {one.field.name for one in named if one.field is not None}
    for one in named:
        claim = question.computed - one.value
        yield Candidate(claim, partial(_term, question, one, "left out of the claim", claim))
    for one in question.everything:
        if one.field is not None and one.field.name in fields and id(one.node) not in ids:
            claim = question.computed + one.value
            yield Candidate(claim, partial(_term, question, one, "counted too in the claim", claim))


def _term(question: Question, one: Named, words: str, claim: float) -> Cause:
    way = "without" if words.startswith("left") else "with"
    evidence = (
        f"`{one.name}` is {one.told(digits=6)} ({one.place})",
        f"{way} it the scenario gives {question.told(claim)}",
    )
    return Cause("term", f"`{one.name}` is {words}", evidence, (one.label(words),))


def _terms(node: Node) -> list[Node]:
    """What a sum adds, sums within it taken apart."""
    if node.op in ("+", "sum"):
        return [term for arg in node.args for term in _terms(arg)]
    return [node]
