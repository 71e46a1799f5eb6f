"""The one expression graph of a scenario.

`build` takes a `Project` and gives a `Model`: instances determined in the order in which they refer to each other, and a
node for each determined quantity and let, shared wherever a name is used twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tonne.correlations import correlations
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formulas import Formulas, formulas_of_core
from tonne.graph import UNKNOWN, Node
from tonne.model import Model
from tonne.names import Instance, Let, Project, Scope, Study, Symbol
from tonne.optima import Optima
from tonne.order import is_circular, strongly_connected
from tonne.paths import Reference
from tonne.references import References
from tonne.source import Span
from tonne.statements import Statements, expressions
from tonne.states import States
from tonne.syntax import tree
from tonne.syntax.walk import within
from tonne.unit_problems import UnitProblem
from tonne.units import Unit


def build(project: Project, asked: Sequence[tree.Statement] | None = None) -> tuple[Model, list[Diagnostic]]:
    """The model of a project and the errors in its formulas. Always returns; what is wrong is left out.

    `asked` are statements that need values in place of those of the file, such as what a sweep shows.
    """
    builder = _Builder(project, project.entry.module.statements if asked is None else asked)
    builder.build()
    return builder.model, builder.found


class _Builder:
    def __init__(self, project: Project, asked: Sequence[tree.Statement]) -> None:
        self.project = project
        self.asked = asked
        self.model = Model(project)
        self.formulas = Formulas(project.units, formulas_of_core(project.units))
        self.references = References(self.model, self.formulas.lowering)
        self.statements = Statements(self.model, self.formulas)
        self.states = States(self.model, self.formulas, self.references)
        self.model.let_formulas = self.formulas.lets
        self.model.binding_formulas = self.formulas.bindings
        self.own: list[Diagnostic] = []
        self.too_large = False

    @property
    def found(self) -> list[Diagnostic]:
        parts = (self.formulas, self.references, self.statements, self.optima)
        return [*(d for part in parts for d in part.found), *self.own]

    def build(self) -> None:
        for kind in self.project.entry.kinds.values():
            if kind.scope is self.project.entry:
                self.formulas.of_kind(kind)
        needs = self._needs()
        groups = strongly_connected(needs)  # each after those that it needs
        order = [symbol for group in groups for symbol in group]
        self.optima = Optima(self.model, self.formulas, self.references, needs, order)
        for group in groups:
            if is_circular(group, needs):
                self._circular(group)
            for symbol in group:
                if self.model.is_too_large:
                    self._too_large(symbol)
                elif isinstance(symbol, Instance):
                    self._determine(symbol)
                elif isinstance(symbol, Let):
                    self._let(symbol)
                elif symbol.is_optimum and not is_circular(group, needs):
                    self.optima.add(symbol)
        statement = self.statements.add_all(self.asked)
        if statement is not None:
            self._say_too_large(statement.span)
        self.optima.complete()
        self.formulas.spreads.check_all(self.model)
        self.model.correlations, wrong = correlations(self.model, self.formulas)
        self.own += wrong

    # ── which needs which ──

    def _needs(self) -> dict[Symbol, list[Symbol]]:
        """The file's own names and all that they refer to, each with what it needs."""
        own: list[Symbol] = [*self.project.instances, *self.project.lets, *self.project.optima]
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
        for statement in self.asked:
            yield from self._named(expressions(statement), self.project.entry)

    def _named(self, exprs: Iterable[tree.Expr], scope: Scope) -> Iterator[Symbol]:
        """The names of a file that expressions begin their paths with."""
        for expr in exprs:
            for part in within(expr):
                symbol = scope.symbols.get(part.parts[0]) if isinstance(part, tree.Path) else None
                if isinstance(symbol, Instance | Let) or (isinstance(symbol, Study) and symbol.is_optimum):
                    yield symbol

    def _of_symbol(self, symbol: Symbol) -> Iterator[Symbol]:
        if isinstance(symbol, Instance):
            yield from self._roots(self.formulas.of_kind(symbol.kind).outside)
            for binding in symbol.bindings.values():
                if binding.field.is_quantity:
                    yield from self._roots(self.formulas.written(binding, symbol.kind).references)
                    yield from self._named(_in_spread(binding.value), binding.scope)
                elif binding.field.target is not None:
                    yield from self._roots(self.references.of_binding(binding, symbol))
        elif isinstance(symbol, Let):
            members = self.formulas.lowering.paths.members(symbol)
            if members is not None:
                yield from members
            elif isinstance(symbol.value, tree.Value):
                yield from self._roots(self.formulas.of_let(symbol).references)
                yield from self._named(_in_spread(symbol.value), symbol.value_scope)
        elif isinstance(symbol.declaration, tree.Optimum):
            yield from self._named(expressions(symbol.declaration), symbol.scope)

    def _roots(self, references: Iterable[Reference]) -> Iterator[Symbol]:
        for reference in references:
            yield from (one for one in (reference.root, reference.study) if one is not None)

    def _circular(self, group: list[Symbol]) -> None:
        first = group[0]
        chain = " → ".join(s.name for s in [*group, first])
        span = first.declaration.name_span
        self.own.append(diagnostic("N116", f"`{first.name}` depends on itself", span, help=chain))
        self.model.poisoned.update(s for s in group if isinstance(s, Instance | Let))

    # ── instances ──

    def _determine(self, instance: Instance) -> None:
        for binding in instance.bindings.values():
            if binding.field.label is not None:
                self.references.check_label(binding)
        self.states.determine(instance)
        self._within_limit(instance)

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
        node = self.statements.needed(formula) if known else Node(UNKNOWN, (), formula.expr.span)
        self.model.lets[let] = self.formulas.spreads.drawn_let(self.model, let, node)
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


def _in_spread(value: object) -> list[tree.Expr]:
    """The expressions in what stands after `~`."""
    spread = value.spread if isinstance(value, tree.Value) else None
    return [] if spread is None else [a.value for a in spread.arguments if not isinstance(a.value, tree.Test)]


def _type_span(let: Let) -> Span:
    return let.declaration.type.span if let.declaration.type is not None else let.declaration.name_span
