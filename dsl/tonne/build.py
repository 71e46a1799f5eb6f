"""The one expression graph of a scenario.

`build` takes a `Project` and gives a `Model`: instances determined in the order in which they refer to each other, and a
node for each determined quantity and let, shared wherever a name is used twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tonne.determine import Fact, Pattern
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formulas import Formulas, formulas_of_core
from tonne.graph import UNKNOWN, Node
from tonne.model import Model, State, Target
from tonne.names import Binding, Instance, Let, Project, Symbol
from tonne.order import is_circular, strongly_connected
from tonne.paths import Reference
from tonne.references import References
from tonne.relations import needs_of
from tonne.source import Span
from tonne.spreads import Spreads
from tonne.statements import Statements, expressions
from tonne.syntax import tree
from tonne.syntax.walk import within
from tonne.unit_problems import UnitProblem
from tonne.units import Unit

# Operations that a search over the square of so many fields counts for.
_SEARCH = 40


def build(project: Project) -> tuple[Model, list[Diagnostic]]:
    """The model of a project and the errors in its formulas. Always returns; what is wrong is left out."""
    builder = _Builder(project)
    builder.build()
    return builder.model, builder.found


class _Builder:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.model = Model(project)
        self.formulas = Formulas(project.units, formulas_of_core(project.units))
        self.references = References(self.model, self.formulas.lowering)
        self.statements = Statements(self.model, self.formulas)
        self.spreads = Spreads(self.model, self.formulas)
        self.own: list[Diagnostic] = []
        self.shared: dict[Binding, Node] = {}
        self.too_large = False

    @property
    def found(self) -> list[Diagnostic]:
        return [*self.formulas.found, *self.references.found, *self.statements.found, *self.spreads.found, *self.own]

    def build(self) -> None:
        for kind in self.project.entry.kinds.values():
            if kind.scope is self.project.entry:
                self.formulas.of_kind(kind)
        needs = self._needs()
        for group in strongly_connected(needs):
            if is_circular(group, needs):
                self._circular(group)
            for symbol in group:
                if self.model.is_too_large:
                    self._too_large(symbol)
                elif isinstance(symbol, Instance):
                    self._determine(symbol)
                elif isinstance(symbol, Let):
                    self._let(symbol)
        statement = self.statements.add_all()
        if statement is not None:
            self._say_too_large(statement.span)
        self.spreads.check_all()
        self.model.let_formulas = self.formulas.lets
        self.model.binding_formulas = self.formulas.bindings

    # ── which needs which ──

    def _needs(self) -> dict[Symbol, list[Symbol]]:
        """The file's own names and all that they refer to, each with what it needs."""
        own: list[Symbol] = [*self.project.instances, *self.project.lets]
        waiting = [*own, *self._imported_in_statements()][::-1]
        needs: dict[Symbol, list[Symbol]] = {}
        while waiting:
            symbol = waiting.pop()
            if symbol not in needs:
                needs[symbol] = list(dict.fromkeys(self._of_symbol(symbol)))
                waiting += [s for s in needs[symbol] if s not in needs]
        order = {s: i for i, s in enumerate(own)}
        return dict(sorted(needs.items(), key=lambda item: order.get(item[0], len(order))))

    def _imported_in_statements(self) -> Iterator[Symbol]:
        symbols = self.project.entry.symbols
        for statement in self.project.entry.module.statements:
            for expr in expressions(statement):
                for part in within(expr):
                    symbol = symbols.get(part.parts[0]) if isinstance(part, tree.Path) else None
                    if isinstance(symbol, Instance | Let):
                        yield symbol

    def _of_symbol(self, symbol: Symbol) -> Iterator[Symbol]:
        if isinstance(symbol, Instance):
            yield from self._roots(self.formulas.of_kind(symbol.kind).outside)
            for binding in symbol.bindings.values():
                if binding.field.is_quantity:
                    yield from self._roots(self.formulas.written(binding, symbol.kind).references)
                elif binding.field.target is not None:
                    yield from self._roots(self.references.of_binding(binding, symbol))
        elif isinstance(symbol, Let):
            members = self.formulas.lowering.paths.members(symbol)
            if members is not None:
                yield from members
            elif isinstance(symbol.value, tree.Value):
                yield from self._roots(self.formulas.of_let(symbol).references)

    def _roots(self, references: Iterable[Reference]) -> Iterator[Symbol]:
        for reference in references:
            if reference.root is not None:
                yield reference.root

    def _circular(self, group: list[Symbol]) -> None:
        first = group[0]
        chain = " → ".join(s.name for s in [*group, first])
        span = first.declaration.name_span
        self.own.append(diagnostic("N116", f"`{first.name}` depends on itself", span, help=chain))
        self.model.poisoned.update(s for s in group if isinstance(s, Instance | Let))

    # ── instances ──

    def _determine(self, instance: Instance) -> None:
        formulas = self.formulas.of_kind(instance.kind)
        state = self.model.states[instance] = State(instance, formulas)
        self._follow_references(state)
        given: list[str] = []
        bound: list[tuple[str, frozenset[Fact]]] = []
        for name, binding in instance.bindings.items():
            if binding.field.label is not None:
                self.references.check_label(binding)
            if not binding.field.is_quantity:
                continue
            formula = self.formulas.of_binding(binding, instance.kind)
            if formula.references and instance not in self.model.poisoned:
                bound.append((name, needs_of(formula)))
            else:
                given.append(name)
        outside = [*formulas.outside, *(f for _, facts in bound for f in facts if isinstance(f, Reference))]
        determined = frozenset(r for r in outside if self.model.find(r, state) is not None)
        state.pattern = Pattern(frozenset(given), determined, tuple(sorted(bound, key=lambda b: b[0])))
        if not formulas.determiner.knows(state.pattern):  # a search, of which many instances may share one
            self.model.operations += len(formulas.alternatives) ** 2 // _SEARCH
        state.determination = formulas.determiner.determine(state.pattern)
        for name in given:
            state.nodes[name] = self._bound_node(state, name)
        for name, index in state.determination.chosen.items():
            if index < 0:
                state.nodes[name] = self._bound_node(state, name)
            else:
                node = self.model.instantiate(formulas.alternatives[name][index], state)
                state.nodes[name] = Node(UNKNOWN, (), instance.declaration.name_span) if node is None else node
        self._within_limit(instance)

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
        shared = all(r.root is not None for r in formula.references)
        if shared and binding in self.shared:
            return self.shared[binding]
        made = self.model.instantiate(formula, state)
        node = Node(UNKNOWN, (), binding.span) if made is None else made
        if shared:
            self.shared[binding] = node
        return node

    def _within_limit(self, symbol: Instance | Let) -> None:
        if self.model.is_too_large:
            self._too_large(symbol)

    def _too_large(self, symbol: Symbol) -> None:
        """Leaves out what is over the limit of operations."""
        if isinstance(symbol, Instance):
            self.model.poisoned.add(symbol)
            if symbol in self.model.states:
                self.model.states[symbol].nodes.clear()
        elif isinstance(symbol, Let):
            self.model.poisoned.add(symbol)
            self.formulas.of_let(symbol) if isinstance(symbol.value, tree.Value) else None
            self.model.lets[symbol] = Node(UNKNOWN, (), symbol.declaration.name_span)
        self._say_too_large(symbol.declaration.name_span)

    def _say_too_large(self, span: Span) -> None:
        if not self.too_large:
            self.too_large = True
            title = f"this scenario has more than {self.project.settings.limits.nodes:,} operations"
            self.own.append(diagnostic("S109", title, span, help="raise `[limits] nodes` in tonne.toml"))

    # ── lets ──

    def _let(self, let: Let) -> None:
        members = self.formulas.lowering.paths.members(let)
        if members is not None:
            self.model.lists[let] = members
            return
        formula = self.formulas.of_let(let)
        self.formulas.lets_in(formula)
        poisoned = let in self.model.poisoned
        lets = self.formulas.checker.lets
        declared = self._declared_unit(let)
        fits = True
        if declared is not None and not poisoned:
            label = Label(_type_span(let), "declared here")
            code = "D202" if isinstance(formula.expr, tree.Number) else "D203"
            fits = self.formulas.checker.expect(formula, declared, code, f"`{let.name}`", label)
        if let.declaration.type is not None:
            lets[let] = declared.dimension if declared is not None else None
        else:
            lets[let] = None if poisoned else self.formulas.checker.dimension(formula)
        dimension = lets[let]
        self.model.let_units[let] = declared
        if dimension is not None:
            self.model.let_dimensions[let] = dimension
        known = fits and not poisoned and dimension is not None
        self.model.lets[let] = self.statements.needed(formula) if known else Node(UNKNOWN, (), formula.expr.span)
        self._within_limit(let)

    def _declared_unit(self, let: Let) -> Unit | None:
        if let.declaration.type is None:
            return None
        unit = self.project.units.lookup(let.declaration.type.word)
        if isinstance(unit, UnitProblem):
            if not unit.silent:
                self.own.append(diagnostic(unit.code, unit.title, _type_span(let), help=unit.help))
            return None
        return unit


def _type_span(let: Let) -> Span:
    return let.declaration.type.span if let.declaration.type is not None else let.declaration.name_span
