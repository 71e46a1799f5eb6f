"""Rebindings that move nothing: a given fact cuts a formula off.

With `energy` given, `pue` no longer moves carbon. Where nothing that is asked for of an instance rests on what the command
line sets, or on anything that a copy rebinds, O504 says which fact cuts it off.
"""

from __future__ import annotations

from collections.abc import Iterator

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.graph import Node, postorder_all
from tonne.model import State
from tonne.names import Binding
from tonne.plan import shown_nodes
from tonne.relations import needs_of
from tonne.run import Run


def find(run: Run) -> Iterator[Diagnostic]:
    """O504 for each rebound field of the file's own instances that cannot reach what is asked for."""
    wrong = any(optimum.problem is None for optimum in run.model.optima.values())
    if run.model.project.entry.module.lost or wrong:  # what could not be read, or posed, may have asked for it
        return
    asked = {id(node) for node in postorder_all(_asked_for(run))}
    for assumption in run.model.draws.values():
        if id(assumption.node) in asked:  # what a spread is made of moves the draws
            asked.update(id(node) for node in postorder_all(list(assumption.arguments.values())))
    seen_by_optima = [optimum.model for optimum in run.model.optima.values()]
    for state in run.model.own_states():
        own = [b for name, b in state.instance.bindings.items() if name in state.instance.own and b.field.label is None]
        if not own or state.instance in run.model.poisoned:
            continue
        seen = [state, *(there for m in seen_by_optima if (there := m.states.get(state.instance)) is not None)]
        asked_of = {name for one in seen for name, node in one.nodes.items() if id(node) in asked}
        goal = asked_of or set(state.determination.chosen)
        idle = [b for b in own if goal and not any(_reached(one, b.field.name) & goal for one in seen)]
        for binding in idle:
            # a copy of a published run restates several facts; it is odd only when none of them moves anything
            if binding.set_by_command or (state.instance.like is not None and len(idle) == len(own)):
                yield _no_influence(state, binding, _reached(state, binding.field.name))


def _asked_for(run: Run) -> list[Node]:
    """The nodes of what the file shows, names, requires, claims and optimizes."""
    nodes = list(run.model.lets.values())
    for _, sides in (*run.model.requirements, *run.model.claims):
        nodes += [n for n in (*sides.parts.values(), sides.share) if n is not None]
    nodes += shown_nodes(run.model)
    for optimum in run.model.optima.values():
        nodes += [*optimum.asked, *shown_nodes(optimum.model)]
        nodes += [v.node for v in (optimum.objective, *optimum.sides) if v is not None and v.node is not None]
    return list({id(n): n for n in nodes}.values())


def _reached(state: State, name: str) -> set[str]:
    """The quantities of an instance that rest on one of its fields, the field itself among them."""
    users = _users(state)
    reached, waiting = {name}, [name]
    while waiting:
        more = [n for n in users.get(waiting.pop(), ()) if n not in reached]
        reached.update(more)
        waiting += more
    return reached & set(state.nodes)


def _users(state: State) -> dict[str, list[str]]:
    """Field of an instance → the fields that rest on it, as it was determined."""
    users: dict[str, list[str]] = {}
    for name, field in state.instance.kind.fields.items():
        index = state.determination.chosen.get(name, -1)
        if field.target is not None:
            references = [] if name in state.instance.bindings else state.formulas.references.get(name, [])
        else:
            references = list(state.formulas.alternatives[name][index].references) if index >= 0 else []
        for own in {str(reference).split(".")[0] for reference in references if reference.root is None}:
            users.setdefault(own, []).append(name)
    return users


def _no_influence(state: State, binding: Binding, reached: set[str]) -> Diagnostic:
    name, instance = binding.field.name, state.instance
    touched = reached | {name}
    given = {n: b for n, b in instance.bindings.items() if b.field.is_quantity and n not in touched}
    order = {n: i for i, n in enumerate(instance.kind.fields)}
    given = dict(sorted(given.items(), key=lambda item: -order[item[0]]))  # what is nearest to the result comes first
    cuts = [
        n
        for n in given
        if any(touched & {str(f).split(".")[0] for f in needs_of(a)} for a in state.formulas.alternatives[n])
    ]
    labels = [Label(binding.span, "moves nothing that is asked for")]
    labels += [Label(given[n].span, "given, so it is not derived") for n in cuts[:2]]
    if not cuts:
        help = f"`tonne explain FILE {instance.name}.{name}` shows what it is"
    elif cuts[0] in instance.own:
        help = f"leave `{cuts[0]}` out, so that it is derived"
    elif instance.like is not None and not binding.set_by_command:
        help = f"write `without {cuts[0]}` in this block, so that it is derived"
    else:
        help = f"`{cuts[0]}` is given at line {given[cuts[0]].span.line}; without it, it would be derived"
    return diagnostic("O504", f"nothing asked for depends on `{instance.name}.{name}`", *labels, help=help)
