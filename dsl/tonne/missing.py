"""What is undetermined, and which single facts would determine it."""

from __future__ import annotations

from collections.abc import Iterable

from tonne.lower import Formula
from tonne.model import Model, State, Target
from tonne.names import Instance, Let
from tonne.paths import Reference
from tonne.values import replace

# Instances on the way to a fact of another one.
_FAR = 3


def would_determine(model: Model, state: State, far: int = _FAR) -> dict[str, list[str]]:
    """For each undetermined quantity of an instance the single facts that would determine it.

    A field of the instance itself is named alone, one of another instance with that instance's name; those of instances
    that are `far` references away are the last that are named.
    """
    known = model.missing.get((state.instance, far))
    if known is None:
        known = model.missing[state.instance, far] = _would_determine(model, state, far)
    return known


def _would_determine(model: Model, state: State, far: int) -> dict[str, list[str]]:
    needed = [fact for _, facts in state.pattern.bound for fact in facts if isinstance(fact, Reference)]
    lacking = [r for r in (*state.formulas.outside, *needed) if r not in state.pattern.outside]
    facts = state.formulas.determiner.would_determine(state.pattern, lacking)
    named: dict[str, list[str]] = {}
    for name in state.determination.undetermined:
        texts: list[str] = []
        for fact in facts.get(name, ()):
            texts += _outside(model, state, fact, far) if isinstance(fact, Reference) else [str(fact)]
        named[name] = list(dict.fromkeys(texts))
    return named


def undetermined(model: Model) -> dict[str, list[str]]:
    """Each undetermined quantity of the file's own instances, with the single facts that would determine it."""
    return {
        f"{state.instance.name}.{name}": facts
        for state in model.own_states()
        for name, facts in would_determine(model, state).items()
    }


def _outside(model: Model, state: State, reference: Reference, far: int) -> list[str]:
    """A fact outside the instance as something to give: the reference that is not bound, or the field that it lacks."""
    if reference.root is not None:
        return [str(reference)]
    at: Target | None = state.instance
    for index, name in enumerate(reference.refs):
        if not isinstance(at, Instance):
            return []
        following = model.target(at, name)
        if following is None:
            if name in at.bindings:
                return []
            return [f"{at.name}.{name}" if index else name]
        at = following
    if not isinstance(at, Instance) or reference.field is None or at not in model.states:
        return []
    there = would_determine(model, model.states[at], far - 1).get(reference.field.name, []) if far else []
    return [f"{at.name}.{reference.field.name}", *(f if "." in f else f"{at.name}.{f}" for f in there)]


def lacking_names(state: State, formula: Formula) -> list[str]:
    """What a formula of an instance lacks: its undetermined fields, and references that are not bound."""
    missing = []
    for reference in formula.references:
        if reference.is_own and reference.field is not None:
            if reference.field.name not in state.nodes:
                missing.append(reference.field.name)
        elif reference not in state.pattern.outside:
            unbound = (
                next((n for n in reference.refs if n not in state.targets), None) if reference.root is None else None
            )
            missing.append(unbound if unbound == (reference.refs or ("",))[0] else str(reference))
    return list(dict.fromkeys(missing))


def what_is_missing(model: Model, reference: Reference, text: str) -> tuple[str, list[str]] | None:
    """For an undetermined reference of the file: its name and the facts that would determine it.

    None when it is missing only because something else was found wrong, so that silence is due.
    """
    root = reference.root
    if reference.study is not None:
        optimum = model.optima.get(reference.study)
        there = None if optimum is None else replace(reference, study=None)
        return None if optimum is None or there is None else what_is_missing(optimum.model, there, text)
    if isinstance(root, Let) and root in model.undetermined:
        return text, []
    if isinstance(root, Let) and reference.is_list:
        return _of_list(model, root, reference, text)
    if not isinstance(root, Instance):
        return None
    at: Target | None = root
    for index, name in enumerate(reference.refs):
        if isinstance(at, Instance):
            if at.partly_read:
                return None
            following = model.target(at, name)
            if following is None:
                return None if name in at.bindings else (text, [".".join([root.name, *reference.refs[: index + 1]])])
            at = following
    if isinstance(at, Instance) and reference.field is not None:
        state = model.states.get(at)
        if state is None or at.partly_read or _lost_a_reference(model, state):
            return None
        return text, would_determine(model, state).get(reference.field.name, [])
    return text, []


def _lost_a_reference(model: Model, state: State) -> bool:
    """Whether the instance refers to something that could not be found or read, which was reported."""
    names = (f.name for f in state.instance.kind.references)
    if state.formulas.has_errors or any(
        name in state.instance.bindings and name not in state.targets for name in names
    ):
        return True
    targets = [t for target in state.targets.values() for t in (target if isinstance(target, tuple) else (target,))]
    return any(t.partly_read or t in model.poisoned for t in targets)


def _of_list(model: Model, let: Let, reference: Reference, text: str) -> tuple[str, list[str]] | None:
    """The first member of a list that lacks the field."""
    for member in model.lists.get(let, ()):
        state = model.states.get(member)
        if state is None or reference.field is None or reference.refs or reference.field.name in state.nodes:
            continue
        if member.partly_read or _lost_a_reference(model, state):
            return None
        facts = would_determine(model, state).get(reference.field.name, [])
        return f"{member.name}.{reference.field.name}", [f if "." in f else f"{member.name}.{f}" for f in facts]
    return text, []


def alternatives(facts: Iterable[str]) -> str:
    """`devices`, or `duration`."""
    return ", or ".join(f"`{f}`" for f in list(facts)[:6])
