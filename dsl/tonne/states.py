"""Instances determined: which alternative each field takes, and the node of each determined quantity.

Takes a `Model` and an instance whose references are determined, gives its `State`. A study determines anew: with some fields
given (`fixed`) and some bindings set aside.
"""

from __future__ import annotations

from collections.abc import Mapping

from tonne.determine import Fact, Pattern
from tonne.formulas import Formulas
from tonne.graph import UNKNOWN, Node
from tonne.model import Model, State, Target
from tonne.names import Binding, Instance
from tonne.paths import Reference
from tonne.references import References
from tonne.relations import needs_of

# Operations that a search over the square of so many fields counts for.
_SEARCH = 40

Fixed = Mapping[Instance, Mapping[str, Node]]
SetAside = Mapping[Instance, frozenset[str]]


class States:
    """Determines the instances of one model."""

    def __init__(
        self,
        model: Model,
        formulas: Formulas,
        references: References,
        fixed: Fixed | None = None,
        set_aside: SetAside | None = None,
    ) -> None:
        self.model = model
        self.formulas = formulas
        self.references = references
        self.fixed = fixed or {}
        self.set_aside = set_aside or {}
        self.spreads = formulas.spreads
        self._shared: dict[Binding, Node] = {}

    def determine(self, instance: Instance, targets: dict[str, Target] | None = None) -> State:
        """The state of an instance; `targets` are what its references lead to, where that is known."""
        formulas = self.formulas.of_kind(instance.kind)
        fixed = self.fixed.get(instance, {})
        aside = frozenset([*self.set_aside.get(instance, ()), *fixed])
        state = self.model.states[instance] = State(instance, formulas, set_aside=aside)
        if targets is None:
            self._follow_references(state)
        else:
            state.targets = targets
        given: list[str] = []
        bound: list[tuple[str, frozenset[Fact]]] = []
        for name, binding in instance.bindings.items():
            if not binding.field.is_quantity or name in aside:
                continue
            formula = self.formulas.of_binding(binding, instance.kind)
            if formula.references and instance not in self.model.poisoned:
                bound.append((name, needs_of(formula)))
            else:
                given.append(name)
        outside = [*formulas.outside, *(f for _, facts in bound for f in facts if isinstance(f, Reference))]
        determined = frozenset(r for r in outside if self.model.find(r, state) is not None)
        known = frozenset([*given, *fixed])
        state.pattern = Pattern(known, determined, tuple(sorted(bound, key=lambda b: b[0])))
        if not formulas.determiner.knows(state.pattern):  # a search, of which many instances may share one
            self.model.operations += len(formulas.alternatives) ** 2 // _SEARCH
        state.determination = formulas.determiner.determine(state.pattern)
        state.nodes.update(fixed)
        for name in given:
            state.nodes[name] = self._bound_node(state, name)
        for name, index in state.determination.chosen.items():
            if index < 0:
                state.nodes[name] = self._bound_node(state, name)
            else:
                node = self.model.instantiate(formulas.alternatives[name][index], state)
                state.nodes[name] = Node(UNKNOWN, (), instance.declaration.name_span) if node is None else node
        self.spreads.complete(self.model, state)
        return state

    def _follow_references(self, state: State) -> None:
        """Where each reference field of an instance leads, by its binding or by its kind's ways."""
        instance = state.instance
        following: set[str] = set()

        def target(name: str) -> Target | None:
            if name in state.targets:
                return state.targets[name]
            if name in following or instance in self.model.poisoned:
                return None
            following.add(name)
            binding = instance.bindings.get(name)
            if binding is not None:
                found = [t for r in self.references.of_binding(binding, instance) if (t := reach(r)) is not None]
                if instance.kind.fields[name].is_list and found:
                    state.targets[name] = tuple(i for t in found for i in (t if isinstance(t, tuple) else (t,)))
                elif found:
                    state.targets[name] = found[0]
            else:
                ways = (reach(r) for r in state.formulas.references.get(name, ()))
                reached = next((way for way in ways if way is not None), None)
                if reached is not None:
                    state.targets[name] = reached
            following.discard(name)
            return state.targets.get(name)

        def reach(reference: Reference) -> Target | None:
            if reference.root is None:
                return self.model.along(target(reference.refs[0]), reference.refs[1:])
            return self.model.reached(reference, None)

        for one in instance.kind.references:
            target(one.name)

    def _bound_node(self, state: State, name: str) -> Node:
        """The node of a binding: one for all copies, unless it names fields of the instance itself."""
        binding = state.instance.bindings[name]
        if state.instance in self.model.poisoned:
            return Node(UNKNOWN, (), binding.span)
        formula = self.formulas.of_binding(binding, state.instance.kind)
        spread = self.spreads.of_binding(binding, state.instance.kind)
        shared = all(r.root is not None or r.study is not None for r in formula.references)
        shared = shared and (spread is None or spread.is_shared)
        if shared and binding in self._shared:
            return self._shared[binding]
        made = self.model.instantiate(formula, state)
        node = Node(UNKNOWN, (), binding.span) if made is None else self.spreads.drawn(self.model, state, name, made)
        if shared:
            self._shared[binding] = node
        return node
