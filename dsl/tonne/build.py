"""The one expression graph of a scenario.

`build` takes a `Project` and gives a `Model`: formulas lowered and checked once, instances determined in the order in
which they refer to each other, and a node for each determined field and let, shared wherever a name is used twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tonne.check import Checker
from tonne.determine import Determination, Determiner, Fact, Pattern
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.dimension import RATIO, Dimension
from tonne.graph import LEAF, NUMBER, UNKNOWN, Node
from tonne.lower import Formula, Lowering, Place, Reference
from tonne.order import is_circular, strongly_connected
from tonne.relations import Relation, find_relations, needs_of
from tonne.resolve import Binding, Field, Instance, Kind, Let, Project, Symbol
from tonne.source import Span
from tonne.syntax import tree
from tonne.units import Unit, UnitProblem

Target = Instance | tuple[Instance, ...]


@dataclass(eq=False)
class KindFormulas:
    """A kind with its formulas lowered: alternatives of quantities, ways to references, ranges."""

    kind: Kind
    alternatives: dict[str, list[Formula]]
    references: dict[str, list[Reference]]
    bounds: dict[str, tuple[Formula, Formula]]
    usual: dict[str, tuple[Formula, Formula]]
    determiner: Determiner
    relations: list[Relation]
    outside: list[Reference]


@dataclass(eq=False)
class State:
    """An instance, determined: what its references lead to and the node of each determined quantity."""

    instance: Instance
    formulas: KindFormulas
    targets: dict[str, Target] = field(default_factory=dict)
    pattern: Pattern = Pattern(frozenset())  # noqa: RUF009 (frozen)
    determination: Determination = Determination({}, ())  # noqa: RUF009 (frozen)
    nodes: dict[str, Node] = field(default_factory=dict)

    def is_given(self, name: str) -> bool:
        return name in self.instance.bindings


@dataclass(frozen=True, eq=False)
class TestSides:
    """A test with its parts as nodes; None where a part is undetermined or was found wrong.

    `parts` are named `left`, `right`, `tolerance`, `low`, `high` as the test has them.
    """

    test: tree.Test
    parts: dict[str, Node | None]
    dimension: Dimension | None
    comparable: bool
    because: str = ""
    relative: bool = False  # a tolerance is a share of the right side
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, eq=False)
class ShownValue:
    text: str
    node: Node | None
    unit: Unit | None
    dimension: Dimension | None
    span: Span
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, eq=False)
class ShownTable:
    """A `show`: one row a list member (or one row without a name), one column a shown expression."""

    title: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ShownValue, ...]], ...]
    is_table: bool
    span: Span


@dataclass(eq=False)
class Model:
    """The graph of a scenario, and what was found while building it."""

    project: Project
    states: dict[Instance, State] = field(default_factory=dict)
    lets: dict[Let, Node | None] = field(default_factory=dict)
    let_units: dict[Let, Unit | None] = field(default_factory=dict)
    let_dimensions: dict[Let, Dimension] = field(default_factory=dict)
    requirements: list[tuple[tree.Require, TestSides]] = field(default_factory=list)
    claims: list[tuple[tree.Claim, TestSides]] = field(default_factory=list)
    shows: list[ShownTable] = field(default_factory=list)
    binding_formulas: dict[Binding, Formula] = field(default_factory=dict)
    let_formulas: dict[Let, Formula] = field(default_factory=dict)
    undetermined_facts: Callable[[State], dict[str, list[str]]] = lambda state: {}
    instantiate: Callable[[Formula, State], Node | None] = lambda formula, state: None

    def own_states(self) -> Iterator[State]:
        """The states of the file's own instances, in the order in which they stand."""
        for instance in self.project.instances:
            if instance in self.states:
                yield self.states[instance]


def build(project: Project) -> tuple[Model, list[Diagnostic]]:
    """The model of a project and the errors in its formulas. Always returns; what is wrong is left out."""
    builder = _Builder(project)
    builder.build()
    return builder.model, builder.found


class _Builder:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.model = Model(project)
        self.lowering = Lowering(project.units)
        self.checker = Checker(project.units)
        self.own: list[Diagnostic] = []
        self.kinds: dict[Kind, KindFormulas] = {}
        self.shared: dict[Binding, Node | None] = {}
        self.poisoned: set[Symbol] = set()
        self._references: dict[Binding, list[Reference]] = {}
        self.count = 0
        self.too_many = False
        self.model.undetermined_facts = self.undetermined_facts
        self.model.instantiate = lambda formula, state: self._instantiate(formula, self._finder(state))

    @property
    def found(self) -> list[Diagnostic]:
        return [*self.lowering.found, *self.checker.found, *self.own]

    def build(self) -> None:
        for kind in self.project.entry.kinds.values():
            if kind.scope is self.project.entry:
                self.formulas_of(kind)
        needs = self._needs()
        for group in strongly_connected(needs):
            if is_circular(group, needs):
                self._circular(group)
            for symbol in group:
                if isinstance(symbol, Instance):
                    self._determine(symbol)
                elif isinstance(symbol, Let):
                    self._let(symbol)
        self._statements()

    # ── which needs which ──

    def _needs(self) -> dict[Symbol, list[Symbol]]:
        """The file's own names and all that they refer to, each with what it needs."""
        needs: dict[Symbol, list[Symbol]] = {}
        waiting: list[Symbol] = [*self.project.instances, *self.project.lets]
        for statement in self.project.entry.module.statements:
            waiting += self._named_in(statement)
        while waiting:
            symbol = waiting.pop(0) if len(waiting) < 64 else waiting.pop()
            if symbol in needs:
                continue
            needs[symbol] = list(dict.fromkeys(self._of_symbol(symbol)))
            waiting += [s for s in needs[symbol] if s not in needs]
        order = {s: i for i, s in enumerate([*self.project.instances, *self.project.lets])}
        return dict(sorted(needs.items(), key=lambda item: order.get(item[0], len(order))))

    def _named_in(self, statement: tree.Statement) -> list[Symbol]:
        """Imported names that a test or a table of the file uses."""
        symbols = self.project.entry.symbols
        exprs: list[tree.Expr] = []
        if isinstance(statement, tree.Require | tree.Claim):
            exprs = [e for _, e in _test_parts(statement.test)]
        elif isinstance(statement, tree.Show):
            exprs = [s.expr for s in statement.shown] + ([statement.of] if statement.of else [])
        return [
            symbols[head]
            for e in exprs
            for head in _heads(e)
            if isinstance(symbols.get(head), Instance | Let)
        ]

    def _of_symbol(self, symbol: Symbol) -> Iterator[Symbol]:
        if isinstance(symbol, Instance):
            formulas = self.formulas_of(symbol.kind)
            for references in formulas.outside:
                if references.root is not None:
                    yield references.root
            for binding in symbol.bindings.values():
                yield from self._of_binding(binding, symbol)
        elif isinstance(symbol, Let):
            members = self.lowering.members(symbol)
            if members is not None:
                yield from members
            elif isinstance(symbol.value, tree.Value):
                formula = self._let_formula(symbol)
                for reference in formula.references:
                    if reference.root is not None:
                        yield reference.root
                        if isinstance(reference.root, Let):
                            yield from self.lowering.members(reference.root) or ()

    def _of_binding(self, binding: Binding, instance: Instance) -> Iterator[Symbol]:
        if binding.field.is_quantity:
            formula = self.binding_formula(binding, instance.kind)
            references: Iterable[Reference] = formula.references if formula else ()
        elif binding.field.target is not None:
            references = self._reference_bindings(binding, instance)
        else:
            references = ()
        for reference in references:
            if reference.root is not None:
                yield reference.root
                if isinstance(reference.root, Let):
                    yield from self.lowering.members(reference.root) or ()

    def _circular(self, group: list[Symbol]) -> None:
        names = [s.name for s in group]
        first = group[0]
        self.own.append(
            diagnostic(
                "N116",
                f"`{first.name}` depends on itself",
                first.declaration.name_span,
                help=" → ".join([*names, names[0]]),
            )
        )
        self.poisoned.update(group)

    # ── formulas, each lowered once ──

    def formulas_of(self, kind: Kind) -> KindFormulas:
        if kind not in self.kinds:
            self.kinds[kind] = self._kind(kind)
        return self.kinds[kind]

    def _kind(self, kind: Kind) -> KindFormulas:
        parent = self.formulas_of(kind.parent) if kind.parent is not None else None
        alternatives: dict[str, list[Formula]] = {}
        references: dict[str, list[Reference]] = {}
        ranges: tuple[dict[str, tuple[Formula, Formula]], dict[str, tuple[Formula, Formula]]] = ({}, {})
        for name, one in kind.fields.items():
            if parent is not None and name in parent.kind.fields:
                if one.is_quantity:
                    alternatives[name] = parent.alternatives[name]
                for mine, theirs in zip(ranges, (parent.bounds, parent.usual), strict=True):
                    if name in theirs:
                        mine[name] = theirs[name]
                if name in parent.references:
                    references[name] = parent.references[name]
                continue
            place = Place(one.scope, kind, exact=True)
            declaration = one.declaration
            if one.target is not None:
                references[name] = list(self._reference_ways(one, place))
            elif one.unit is not None:
                alternatives[name] = [
                    formula
                    for value in declaration.alternatives
                    if self._fits(formula := self.lowering.lower(value.expr, place), one, "D203")
                ]
                usual = declaration.usual.range if declaration.usual else None
                for kept, written in zip(ranges, (declaration.bounds, usual), strict=True):
                    if written is not None:
                        ends = [self.lowering.lower(e, place) for e in (written.low, written.high)]
                        if all([self._fits(end, one, "D202") for end in ends]):
                            kept[name] = (ends[0], ends[1])
        relations, unlike = find_relations(alternatives)
        for first, second in unlike:
            if parent is None or first[0] not in parent.kind.fields or second[0] not in parent.kind.fields:
                self._unlike(kind, alternatives, first, second)
        outside = list(
            dict.fromkeys(r for fs in alternatives.values() for f in fs for r in f.references if not r.is_own)
        )
        determiner = Determiner({name: [needs_of(f) for f in fs] for name, fs in alternatives.items()})
        return KindFormulas(
            kind, alternatives, references, ranges[0], ranges[1], determiner, relations, outside
        )

    def _fits(self, formula: Formula, one: Field, code: str) -> bool:
        assert one.unit is not None
        declared = Label(one.declaration.type.span, "declared here")
        return self.checker.expect(formula, one.unit, code, f"`{one.name}`", declared)

    def _reference_ways(self, one: Field, place: Place) -> Iterator[Reference]:
        assert one.target is not None
        for value in one.declaration.alternatives:
            if not isinstance(value.expr, tree.Path):
                self.own.append(
                    diagnostic(
                        "N119",
                        f"`{one.name}` is a {one.target.name}; this is a value",
                        value.expr.span,
                        help="name a field that holds one",
                    )
                )
                continue
            reference = self.lowering.find(value.expr, place)
            if reference is None:
                continue
            kind = self.lowering.kind_at(reference, place.kind)
            if reference.field is not None or kind is None or not kind.is_a(one.target):
                what = reference.field.name if reference.field else (kind.name if kind else "that")
                self.own.append(
                    diagnostic(
                        "N119",
                        f"`{value.expr}` is {what}; a {one.target.name} is needed",
                        value.expr.span,
                        help=f"name a {one.target.name}",
                    )
                )
                continue
            yield reference

    def _unlike(
        self, kind: Kind, formulas: dict[str, list[Formula]], first: tuple[str, int], second: tuple[str, int]
    ) -> None:
        one, other = formulas[first[0]][first[1]], formulas[second[0]][second[1]]
        self.own.append(
            diagnostic(
                "N122",
                f"`{second[0]}` and `{first[0]}` are tied by two formulas that do not solve each other",
                Label(other.expr.span, f"gives `{second[0]}`"),
                Label(one.expr.span, f"gives `{first[0]}`"),
                help="solve one for the other, or let their fields differ",
            )
        )

    def binding_formula(self, binding: Binding, kind: Kind) -> Formula | None:
        """The formula of a bound quantity; None when it has not the dimension of its field."""
        formulas = self.model.binding_formulas
        if binding not in formulas:
            value = binding.value
            if not isinstance(value, tree.Value):
                self._not_a_quantity(binding)
                expr: tree.Expr = tree.Path(("?",), binding.span, (binding.span,))
                formulas[binding] = Formula(Node(UNKNOWN, (), binding.span), expr, Place(binding.scope))
                return formulas[binding]
            place = Place(binding.scope, kind, binding.field.name, in_binding=True)
            formula = self.lowering.lower(value.expr, place)
            if binding.field.unit is not None:
                for reference in formula.references:
                    if isinstance(reference.root, Let) and reference.field is None:
                        self._let_dimension(reference.root)
                label = Label(binding.field.declaration.type.span, "declared here")
                if not self.checker.expect(
                    formula, binding.field.unit, "D202", f"`{binding.field.name}`", label
                ):
                    formula = Formula(Node(UNKNOWN, (), value.expr.span), value.expr, place)
            formulas[binding] = formula
        return formulas[binding]

    def _not_a_quantity(self, binding: Binding) -> None:
        unit = binding.field.unit
        what = self.project.units.describe(unit.dimension) if unit else "a quantity"
        help = f"for example `{binding.field.name} = 1 {unit.word}`" if unit else ""
        self.own.append(
            diagnostic(
                "D202",
                f"`{binding.field.name}` is {what}, this is no quantity",
                binding.value.span,
                help=help,
            )
        )

    def _let_formula(self, let: Let) -> Formula:
        formulas = self.model.let_formulas
        if let not in formulas:
            assert isinstance(let.value, tree.Value)
            formulas[let] = self.lowering.lower(let.value.expr, Place(let.value_scope))
        return formulas[let]

    def _let_dimension(self, let: Let) -> None:
        """The dimension of a let by its declared type, before its own formula is looked at."""
        if let in self.checker.lets or let.declaration.type is None:
            return
        unit = self.project.units.lookup(let.declaration.type.word)
        self.checker.lets[let] = unit.dimension if isinstance(unit, Unit) else None

    # ── instances ──

    def _determine(self, instance: Instance) -> None:
        formulas = self.formulas_of(instance.kind)
        state = self.model.states[instance] = State(instance, formulas)
        self._follow_references(state)
        given: set[str] = set()
        bound: list[tuple[str, frozenset[Fact]]] = []
        for name, binding in instance.bindings.items():
            if not binding.field.is_quantity:
                if binding.field.label is not None:
                    self._label(binding)
                continue
            formula = self.binding_formula(binding, instance.kind)
            assert formula is not None
            if instance in self.poisoned:
                state.nodes[name] = Node(UNKNOWN, (), binding.span)
                given.add(name)
            elif formula.root.op == NUMBER or not formula.references:
                given.add(name)
            else:
                bound.append((name, needs_of(formula)))
        find = self._finder(state)
        bound_outside = {fact for _, facts in bound for fact in facts if isinstance(fact, Reference)}
        outside = frozenset(r for r in (*formulas.outside, *bound_outside) if find(r) is not None)
        state.pattern = Pattern(frozenset(given), outside, tuple(sorted(bound, key=lambda b: b[0])))
        state.determination = formulas.determiner.determine(state.pattern)
        for name in given:
            if name not in state.nodes:
                state.nodes[name] = self._bound_node(instance.bindings[name], instance, find)
        for name, index in state.determination.chosen.items():
            if index < 0:
                state.nodes[name] = self._bound_node(instance.bindings[name], instance, find)
            else:
                node = self._instantiate(formulas.alternatives[name][index], find)
                state.nodes[name] = (
                    node if node is not None else Node(UNKNOWN, (), instance.declaration.name_span)
                )

    def _bound_node(
        self, binding: Binding, instance: Instance, find: Callable[[Reference], Node | list[Node] | None]
    ) -> Node:
        """The node of a binding: one for all copies, unless it names fields of the instance itself."""
        formula = self.binding_formula(binding, instance.kind)
        assert formula is not None
        shared = all(r.root is not None for r in formula.references)
        if shared and binding in self.shared:
            node = self.shared[binding]
        else:
            node = self._instantiate(formula, find)
            if shared:
                self.shared[binding] = node
        return node if node is not None else Node(UNKNOWN, (), binding.span)

    def _label(self, binding: Binding) -> None:
        value, label = binding.value, binding.field.label
        if isinstance(value, tree.Text):
            if label == "date" and not value.is_date:
                self.own.append(
                    diagnostic(
                        "D202",
                        f"`{binding.field.name}` is a date",
                        value.span,
                        help="write `2026`, `2026-02` or `2026-02-01`",
                    )
                )
            elif label == "text" and value.is_date:
                self.own.append(
                    diagnostic(
                        "D202",
                        f"`{binding.field.name}` is a text",
                        value.span,
                        help=f'write `"{value.value}"`',
                    )
                )
            return
        expr = value.expr if isinstance(value, tree.Value) else None
        is_year = (
            isinstance(expr, tree.Number) and expr.unit is None and expr.whole and 1000 <= expr.value <= 9999
        )
        if label != "date" or not is_year:
            example = "2026" if label == "date" else '"a text in quotes"'
            self.own.append(
                diagnostic(
                    "D202",
                    f"`{binding.field.name}` is a {label}",
                    value.span,
                    help=f"for example `{binding.field.name} = {example}`",
                )
            )

    # ── references ──

    def _reference_bindings(self, binding: Binding, instance: Instance) -> list[Reference]:
        """What a bound reference names, or nothing when it is wrong (reported once)."""
        if binding not in self._references:
            self._references[binding] = list(self._read_references(binding, instance))
        return self._references[binding]

    def _read_references(self, binding: Binding, instance: Instance) -> Iterator[Reference]:
        one, value = binding.field, binding.value
        assert one.target is not None
        place = Place(binding.scope, instance.kind, one.name, in_binding=True)
        if isinstance(value, tree.ListOf):
            if not one.is_list:
                self.own.append(
                    diagnostic(
                        "N119",
                        f"`{one.name}` is one {one.target.name}, this is a list",
                        value.span,
                        help="name one",
                    )
                )
                return
            for member in self.lowering.instances(value, place):
                if member.kind.is_a(one.target):
                    yield Reference(member, (), None)
                else:
                    self._wrong_kind(value.span, member.name, member.kind, one, instance)
            return
        expr = value.expr if isinstance(value, tree.Value) else None
        if not isinstance(expr, tree.Path):
            example = self._in_scope(one.target, binding)
            self.own.append(
                diagnostic(
                    "N119",
                    f"`{one.name}` is a {one.target.name}; this is a value",
                    value.span,
                    help=f"name a {one.target.name}{example}",
                )
            )
            return
        reference = self.lowering.find(expr, place)
        if reference is None:
            return
        kind = self.lowering.kind_at(reference, instance.kind)
        if isinstance(reference.root, Let) and reference.is_list and not reference.refs:
            members = self.lowering.members(reference.root) or ()
            kind = members[0].kind if members else None
        if reference.field is not None or kind is None or not kind.is_a(one.target):
            if reference.field is not None or isinstance(reference.root, Let):
                title = f"`{expr}` is a value; a {one.target.name} is needed"
                self.own.append(
                    diagnostic(
                        "N119",
                        title,
                        expr.span,
                        help=f"name a {one.target.name}{self._in_scope(one.target, binding)}",
                    )
                )
            elif kind is not None:
                self._wrong_kind(expr.span, str(expr), kind, one, instance)
            return
        if reference.is_list and not one.is_list:
            self.own.append(
                diagnostic(
                    "N119",
                    f"`{expr}` is a list; one {one.target.name} is needed",
                    expr.span,
                    help="name one of its members",
                )
            )
            return
        yield reference

    def _wrong_kind(self, span: Span, text: str, kind: Kind, one: Field, instance: Instance) -> None:
        assert one.target is not None
        names = [
            n
            for n, s in instance.scope.symbols.items()
            if isinstance(s, Instance) and s.kind.is_a(one.target)
        ]
        help = (
            f"{one.target.name} in scope: {', '.join(names[:8])}"
            if names
            else f"define a {one.target.name}, or import one with `use`"
        )
        self.own.append(
            diagnostic("N119", f"`{text}` is a {kind.name}; {one.target.name} is needed", span, help=help)
        )

    def _in_scope(self, kind: Kind, binding: Binding) -> str:
        names = [n for n, s in binding.scope.symbols.items() if isinstance(s, Instance) and s.kind.is_a(kind)]
        return f", such as `{names[0]}`" if names else ""

    def _follow_references(self, state: State) -> None:
        """Where each reference field of an instance leads, by its binding or by its kind's ways."""
        instance = state.instance
        following: set[str] = set()

        def target(name: str) -> Target | None:
            if name in state.targets:
                return state.targets[name]
            if name in following or instance in self.poisoned:
                return None
            following.add(name)
            binding = instance.bindings.get(name)
            if binding is not None:
                references = self._reference_bindings(binding, instance)
                found = [t for r in references if (t := reach(r)) is not None]
                one = instance.kind.fields[name]
                if one.is_list and found:
                    state.targets[name] = tuple(
                        i for t in found for i in (t if isinstance(t, tuple) else (t,))
                    )
                elif found:
                    state.targets[name] = found[0]
            else:
                for reference in state.formulas.references.get(name, ()):
                    reached = reach(reference)
                    if reached is not None:
                        state.targets[name] = reached
                        break
            following.discard(name)
            return state.targets.get(name)

        def reach(reference: Reference) -> Target | None:
            if reference.root is None:
                at = target(reference.refs[0])
                rest = reference.refs[1:]
            elif isinstance(reference.root, Let):
                at, rest = self.lowering.members(reference.root) or None, reference.refs
            else:
                at, rest = reference.root, reference.refs
            return self._along(at, rest)

        for one in instance.kind.references:
            target(one.name)

    def _along(self, at: Target | None, refs: tuple[str, ...]) -> Target | None:
        """The instance or instances that a chain of reference fields leads to."""
        for name in refs:
            if at is None:
                return None
            if isinstance(at, tuple):
                reached = [self._step(i, name) for i in at]
                if any(r is None for r in reached):
                    return None
                at = tuple(i for r in reached if r is not None for i in (r if isinstance(r, tuple) else (r,)))
            else:
                at = self._step(at, name)
        return at

    def _step(self, instance: Instance, name: str) -> Target | None:
        state = self.model.states.get(instance)
        return None if state is None else state.targets.get(name)

    # ── nodes ──

    def _finder(self, state: State | None) -> Callable[[Reference], Node | list[Node] | None]:
        """What a reference is, seen from an instance: its node, the nodes of a list, or None while undetermined."""

        def find(reference: Reference) -> Node | list[Node] | None:
            root = reference.root
            if root is None:
                if state is None:
                    return None
                if not reference.refs and reference.field is not None:
                    return state.nodes.get(reference.field.name)
                at: Target | None = self._along(state.targets.get(reference.refs[0]), reference.refs[1:])
            elif isinstance(root, Let):
                if not reference.is_list:
                    return self.model.lets.get(root)
                at = self._along(self.lowering.members(root), reference.refs)
            else:
                at = self._along(root, reference.refs)
            if at is None:
                return None
            if reference.field is None:
                return [Node(NUMBER, (), reference_span(i)) for i in at] if isinstance(at, tuple) else None
            if isinstance(at, tuple):
                nodes = [self._field_node(i, reference.field) for i in at]
                return None if any(n is None for n in nodes) else [n for n in nodes if n is not None]
            return self._field_node(at, reference.field)

        return find

    def _field_node(self, instance: Instance, one: Field) -> Node | None:
        if instance in self.poisoned:
            return Node(UNKNOWN, (), instance.declaration.name_span)
        state = self.model.states.get(instance)
        return None if state is None else state.nodes.get(one.name)

    def _instantiate(
        self, formula: Formula, find: Callable[[Reference], Node | list[Node] | None]
    ) -> Node | None:
        """The formula's nodes with its leaves replaced by what they stand for; None when one is undetermined."""
        made: list[Node | list[Node]] = []
        for node, args in formula.steps:
            if node.op == LEAF:
                found = find(node.payload)
                if found is None:
                    return None
                made.append(found)
            elif not node.args:
                made.append(node)
            else:
                parts: list[Node] = []
                for index in args:
                    part = made[index]
                    parts += part if isinstance(part, list) else [part]
                self.count += 1
                made.append(Node(node.op, tuple(parts), node.span))
        if self.count > self.project.settings.limits.nodes and not self.too_many:
            self.too_many = True
            limit = self.project.settings.limits.nodes
            self.own.append(
                diagnostic(
                    "S109",
                    f"this scenario has more than {limit:,} operations",
                    formula.expr.span,
                    help="raise `[limits] nodes` in tonne.toml",
                )
            )
        if self.too_many:
            return Node(UNKNOWN, (), formula.expr.span)
        result = made[-1]
        return result[0] if isinstance(result, list) else result

    # ── lets, tests, tables ──

    def _let(self, let: Let) -> None:
        if self.lowering.members(let) is not None or not isinstance(let.value, tree.Value):
            return
        formula = self._let_formula(let)
        self._lets_in(formula)
        unit: Unit | None = None
        type_ = let.declaration.type
        if type_ is not None:
            known = self.project.units.lookup(type_.word)
            if isinstance(known, UnitProblem):
                self.own.append(diagnostic(known.code, known.title, type_.span, help=known.help))
            elif let not in self.poisoned:
                unit = known
                label = Label(type_.span, "declared here")
                if not self.checker.expect(
                    formula,
                    known,
                    "D203" if not isinstance(formula.expr, tree.Number) else "D202",
                    f"`{let.name}`",
                    label,
                ):
                    formula = Formula(Node(UNKNOWN, (), formula.expr.span), formula.expr, formula.place)
            self.checker.lets[let] = known.dimension if isinstance(known, Unit) else None
        else:
            self.checker.lets[let] = None if let in self.poisoned else self.checker.dimension(formula)
        self.model.let_units[let] = unit
        dimension = self.checker.lets[let]
        if dimension is not None:
            self.model.let_dimensions[let] = dimension
        node: Node | None
        if let in self.poisoned or dimension is None:
            node = Node(UNKNOWN, (), formula.expr.span)
        else:
            node = self._needed(formula)
        self.model.lets[let] = node

    def _lets_in(self, formula: Formula) -> None:
        for reference in formula.references:
            if isinstance(reference.root, Let) and reference.field is None and not reference.is_list:
                self._let_dimension(reference.root)

    def _needed(self, formula: Formula) -> Node:
        """The node of a formula whose value is needed: what is undetermined in it is an error."""
        find = self._finder(None)
        missing = [n for n in formula.order if n.op == LEAF and find(n.payload) is None]
        for node in missing:
            self._undetermined(node)
        if missing:
            return Node(UNKNOWN, (), formula.expr.span)
        return self._instantiate(formula, find) or Node(UNKNOWN, (), formula.expr.span)

    def _undetermined(self, node: Node) -> None:
        reference: Reference = node.payload
        text, facts, partly_read = self._what_is_missing(reference, node.span.text)
        if partly_read:
            return
        help = f"give {_or(facts)}" if facts else f"`tonne explain {text}` says what each way to it lacks"
        self.own.append(diagnostic("N117", f"`{text}` is not determined", node.span, help=help))

    def _what_is_missing(self, reference: Reference, text: str) -> tuple[str, list[str], bool]:
        root = reference.root
        if isinstance(root, Let) and reference.is_list:
            for member in self.lowering.members(root) or ():
                state = self.model.states.get(member)
                if (
                    state
                    and reference.field
                    and reference.field.name not in state.nodes
                    and not reference.refs
                ):
                    facts = self.undetermined_facts(state).get(reference.field.name, [])
                    return (
                        f"{member.name}.{reference.field.name}",
                        [f"{member.name}.{f}" for f in facts],
                        member.partly_read,
                    )
            return text, [], False
        if not isinstance(root, Instance):
            return text, [], True
        at: Target | None = root
        for index, name in enumerate(reference.refs):
            if isinstance(at, Instance):
                if at.partly_read:
                    return text, [], True
                following = self._step(at, name)
                if following is None:
                    return text, [".".join([root.name, *reference.refs[: index + 1]])], name in at.bindings
                at = following
        if isinstance(at, Instance) and reference.field is not None:
            state = self.model.states.get(at)
            if state is None or at.partly_read:
                return text, [], True
            facts = self.undetermined_facts(state).get(reference.field.name, [])
            return text, facts, False
        return text, [], False

    def undetermined_facts(self, state: State) -> dict[str, list[str]]:
        """For each undetermined quantity of an instance, the single facts that would determine it, as paths."""
        lacking = [
            r
            for r in (
                *state.formulas.outside,
                *(f for _, fs in state.pattern.bound for f in fs if isinstance(f, Reference)),
            )
            if r not in state.pattern.outside
        ]
        facts = state.formulas.determiner.would_determine(state.pattern, lacking)
        named: dict[str, list[str]] = {}
        for name in state.determination.undetermined:
            texts: list[str] = []
            for fact in facts.get(name, ()):
                texts += [str(fact)] if isinstance(fact, str) else self._fact_text(state, fact)  # type: ignore[arg-type]
            named[name] = list(dict.fromkeys(texts))
        return named

    def _fact_text(self, state: State, reference: Reference) -> list[str]:
        """An outside fact as something to give: the reference that is not bound, or the field of what it leads to."""
        if reference.root is not None:
            return [
                reference.root.name
                + "".join(f".{r}" for r in reference.refs)
                + (f".{reference.field.name}" if reference.field else "")
            ]
        at: Target | None = state.instance
        for index, name in enumerate(reference.refs):
            if not isinstance(at, Instance):
                return []
            following = self._step(at, name)
            if following is None:
                owner = "" if at is state.instance else f"{at.name}."
                return [] if name in at.bindings else [f"{owner}{name}" if index else name]
            at = following
        if not isinstance(at, Instance) or reference.field is None:
            return []
        name = reference.field.name
        there = (
            self.undetermined_facts(self.model.states[at]).get(name, []) if at in self.model.states else []
        )
        return [f"{at.name}.{name}", *(f if "." in f else f"{at.name}.{f}" for f in there)]

    def _statements(self) -> None:
        place = Place(self.project.entry)
        for statement in self.project.entry.module.statements:
            if isinstance(statement, tree.Require):
                if statement.share is not None:
                    self.own.append(
                        diagnostic(
                            "S110",
                            "`in … of draws` is read but not evaluated yet",
                            statement.share.span,
                            help="the requirement is tested at the point values",
                        )
                    )
                self.model.requirements.append((statement, self._test(statement.test, place, claim=False)))
            elif isinstance(statement, tree.Claim):
                self.model.claims.append((statement, self._test(statement.test, place, claim=True)))
            elif isinstance(statement, tree.Show):
                self._show(statement, place)

    def _test(self, test: tree.Test, place: Place, *, claim: bool) -> TestSides:
        formulas = {name: self.lowering.lower(expr, place) for name, expr in _test_parts(test)}
        for formula in formulas.values():
            self._lets_in(formula)
        before = len(self.checker.found)
        dimensions = {name: self.checker.dimension(f) for name, f in formulas.items()}
        mismatches = self.checker.found[before:]
        if claim and mismatches:
            del self.checker.found[before:]
            return TestSides(test, {}, None, False, mismatches[0].title)
        nothing: dict[str, Node | None] = dict.fromkeys(formulas)
        if any(d is None for d in dimensions.values()):
            return TestSides(test, nothing, None, True)
        left = dimensions["left"]
        assert left is not None
        for name, dimension in dimensions.items():
            fits = dimension == left or (name == "tolerance" and dimension == RATIO)
            if not fits and dimension is not None:
                unlike = f"{self.project.units.describe(left)} with {self.project.units.describe(dimension)}"
                if claim:
                    return TestSides(test, {}, None, False, f"the claim compares {unlike}")
                self._unlike_sides(test, formulas["left"], formulas[name], left, dimension, unlike)
                return TestSides(test, nothing, None, True)
        nodes: dict[str, Node | None] = {}
        for name, formula in formulas.items():
            if claim:
                find = self._finder(None)
                missing = next((n for n in formula.order if n.op == LEAF and find(n.payload) is None), None)
                if missing is not None:
                    text, facts, _ = self._what_is_missing(missing.payload, missing.span.text)
                    more = f"; give {_or(facts)}" if facts else ""
                    return TestSides(test, {}, None, False, f"`{text}` is not determined{more}")
                nodes[name] = self._instantiate(formula, find)
            else:
                nodes[name] = self._needed(formula)
        references = tuple(r for f in formulas.values() for r in f.references)
        return TestSides(
            test, nodes, left, True, relative=dimensions.get("tolerance") == RATIO, references=references
        )

    def _unlike_sides(
        self,
        test: tree.Test,
        left: Formula,
        right: Formula,
        left_is: Dimension,
        right_is: Dimension,
        unlike: str,
    ) -> None:
        help, fix = self.checker.hints.of_sum(right, left.root, right.root, left_is, right_is, left_is)
        span = test.operator_span if isinstance(test, tree.Comparison) else test.span
        name = self.project.units.describe
        labels = (Label(left.expr.span, name(left_is)), Label(right.expr.span, name(right_is)))
        if isinstance(test, tree.Comparison):
            self.own.append(
                diagnostic("D204", f"cannot compare {unlike}", Label(span), *labels, help=help, fix=fix)
            )
        else:
            self.own.append(
                diagnostic("D204", f"cannot compare {unlike}", labels[1], labels[0], help=help, fix=fix)
            )

    def _show(self, show: tree.Show, place: Place) -> None:
        columns = tuple(s.expr.span.text for s in show.shown)
        if show.of is None:
            values = tuple(self._shown(s, place, None) for s in show.shown)
            self.model.shows.append(ShownTable(show.title, columns, (("", values),), False, show.span))
            return
        reference = self.lowering.find(show.of, place)
        if reference is None:
            return
        members: tuple[Instance, ...] | None = None
        if reference.field is None and isinstance(reference.root, Instance) and not reference.refs:
            members = (reference.root,)
        elif isinstance(reference.root, Let) and reference.is_list and not reference.refs:
            members = self.lowering.members(reference.root)
        if not members:
            self.own.append(
                diagnostic(
                    "N119",
                    f"`{show.of}` is no list of instances",
                    show.of.span,
                    help="for example `let runs = [a, b]`",
                )
            )
            return
        kind = members[0].kind
        inside = Place(self.project.entry, kind)
        formulas = [self.lowering.lower(s.expr, inside) for s in show.shown]
        rows = tuple(
            (m.name, tuple(self._shown(s, inside, m, f) for s, f in zip(show.shown, formulas, strict=True)))
            for m in members
        )
        self.model.shows.append(ShownTable(show.title, columns, rows, True, show.span))

    def _shown(
        self, shown: tree.Shown, place: Place, member: Instance | None, formula: Formula | None = None
    ) -> ShownValue:
        """One shown value; in a table of a list what is undetermined is `—`, else it is an error."""
        formula = formula or self.lowering.lower(shown.expr, place)
        self._lets_in(formula)
        text = shown.expr.span.text
        dimension = self.checker.dimension(formula)
        unit: Unit | None = None
        if shown.unit is not None and shown.unit_span is not None:
            known = self.project.units.lookup(shown.unit)
            if isinstance(known, UnitProblem):
                self._once(diagnostic(known.code, known.title, shown.unit_span, help=known.help))
                return ShownValue(text, None, None, None, shown.span)
            if dimension is not None and known.dimension != dimension:
                name = self.project.units.describe(dimension)
                words = ", ".join(self.project.units.words_of(dimension))
                title = f"{name} cannot be shown in `{shown.unit}`"
                self._once(
                    diagnostic(
                        "D205",
                        title,
                        Label(shown.unit_span),
                        Label(shown.expr.span, name),
                        help=f"units of {name}: {words}" if words else "",
                    )
                )
                return ShownValue(text, None, None, None, shown.span)
            unit = known
        elif formula.root.op == LEAF:
            reference: Reference = formula.root.payload
            if reference.field is not None:
                unit = reference.field.unit
            elif isinstance(reference.root, Let):
                unit = self.model.let_units.get(reference.root)
        if dimension is None:
            node: Node | None = Node(UNKNOWN, (), shown.span)
        elif member is None:
            node = self._needed(formula)
        else:
            node = self._instantiate(formula, self._finder(self.model.states.get(member)))
        return ShownValue(text, node, unit, dimension, shown.span, formula.references)

    def _once(self, one: Diagnostic) -> None:
        if not any(d.span == one.span and d.code == one.code for d in self.own):
            self.own.append(one)


def reference_span(instance: Instance) -> Span:
    return instance.declaration.name_span


def _test_parts(test: tree.Test) -> list[tuple[str, tree.Expr]]:
    if isinstance(test, tree.Comparison):
        return [("left", test.left), ("right", test.right)]
    if isinstance(test, tree.Near):
        return [("left", test.left), ("right", test.right), ("tolerance", test.tolerance)]
    return [("left", test.left), ("low", test.range.low), ("high", test.range.high)]


def _heads(expr: tree.Expr) -> Iterator[str]:
    """The first word of each path in an expression."""
    waiting: list[tree.Expr] = [expr]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tree.Path):
            yield one.parts[0]
        elif isinstance(one, tree.Binary):
            waiting += [one.left, one.right]
        elif isinstance(one, tree.Negate):
            waiting.append(one.operand)
        elif isinstance(one, tree.Call):
            waiting += [a.value for a in one.arguments]


def _or(facts: list[str]) -> str:
    return ", or ".join(f"`{f}`" for f in facts[:6])
