"""What a run leaves open: which single facts would determine the most, and what the rest lacks.

Takes a model, gives a group for each set of instances that lack the same in the same way. `tonne.missing` says it of one
field; here the question is turned round, from the facts.
"""

from __future__ import annotations

from dataclasses import dataclass

from tonne.missing import lacking_names, would_determine
from tonne.model import Model, State
from tonne.names import Instance


@dataclass(frozen=True)
class Opening:
    """Any one of `facts` would determine `follow`, and where they are the instance's `own` the other facts too."""

    facts: tuple[str, ...]
    follow: tuple[str, ...]
    own: bool


@dataclass(frozen=True)
class Gap:
    """Instances that lack the same: facts that would help, the most helpful first; fields by what they need; the rest."""

    instances: tuple[str, ...]
    openings: tuple[Opening, ...]
    needs: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    underived: tuple[str, ...]


def gaps(model: Model) -> list[Gap]:
    """The undetermined fields of the file's own instances."""
    alike: dict[tuple[object, ...], list[str]] = {}
    for state in model.own_states():
        if state.determination.undetermined:
            openings = _openings(model, state)
            key = (state.instance.kind, openings, *_rest(state, openings))
            alike.setdefault(key, []).append(state.instance.name)
    return [Gap(tuple(names), *key[1:]) for key, names in alike.items()]  # type: ignore[arg-type]


def _openings(model: Model, state: State) -> tuple[Opening, ...]:
    """Facts with the same consequences are one opening; left out is one that leads to a single field and follows itself."""
    consequences: dict[str, set[str]] = {}
    for name, facts in would_determine(model, state).items():
        for fact in facts:
            consequences.setdefault(_seen_from(state, fact), set()).add(name)  # without the fact itself
    open_fields = state.determination.undetermined
    alike: dict[tuple[bool, frozenset[str]], list[str]] = {}
    for fact, following in consequences.items():
        own = fact in open_fields
        alike.setdefault((own, frozenset(following | {fact} if own else following)), []).append(fact)

    kept = []
    for (own, fields), facts in alike.items():
        wider = [other for is_own, other in alike if (is_own, other) != (own, fields) and fields <= other]
        follows_itself = any(facts[0] in other for other in wider)
        if len(fields) > 2 or not follows_itself:
            follow = tuple(name for name in open_fields if name in fields and name not in facts)
            kept.append((len(fields), Opening(tuple(facts), follow, own)))
    return tuple(opening for _, opening in sorted(kept, key=lambda one: -one[0]))


def _seen_from(state: State, fact: str) -> str:
    """`quebec.water_intensity` as `grid.water_intensity`, so that instances with other grids read alike."""
    head, _, rest = fact.partition(".")
    for name, target in state.targets.items():
        if rest and isinstance(target, Instance) and target.name == head:
            return f"{name}.{rest}"
    return fact


def _rest(
    state: State, openings: tuple[Opening, ...]
) -> tuple[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...], tuple[str, ...]]:
    """What no single fact determines: fields by what their nearest formula needs, and fields that have none."""
    reached = {name for o in openings for name in (*o.facts, *o.follow)}
    needs: dict[tuple[str, ...], list[str]] = {}
    underived = []
    for name in state.determination.undetermined:
        if name in reached:
            continue
        lacks = [tuple(lacking_names(state, f)) for f in state.formulas.alternatives[name]]
        lacks = [one for one in lacks if one]
        if lacks:
            needs.setdefault(min(lacks, key=len), []).append(name)
        else:
            underived.append(name)
    return tuple((tuple(names), lacking) for lacking, names in needs.items()), tuple(underived)
