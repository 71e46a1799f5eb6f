"""The statements that need values: `require`, `claim`, `show`, and what of them is undetermined or of unlike dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.dimension import RATIO, Dimension
from tonne.empty_ranges import inverted, negative_tolerance
from tonne.formulas import Formulas
from tonne.graph import LEAF, NUMBER, SOLVED, UNKNOWN, Node
from tonne.lower import Formula
from tonne.missing import alternatives, what_is_missing
from tonne.model import Model, Optimum, ShownTable, ShownValue, TestSides
from tonne.names import Instance, Let, Scope
from tonne.paths import Place, Reference
from tonne.relations import constant
from tonne.syntax import tree
from tonne.syntax.walk import test_parts
from tonne.unit_problems import UnitProblem
from tonne.units import Unit
from tonne.values import replace


def expressions(statement: tree.Statement) -> Iterator[tree.Expr]:
    """The expressions of a test or a table of the file."""
    if isinstance(statement, tree.Require | tree.Claim):
        yield from (expr for _, expr in test_parts(statement.test))
    elif isinstance(statement, tree.Show):
        if statement.of is not None:
            yield statement.of
        else:
            yield from (shown.expr for shown in statement.shown)
    elif isinstance(statement, tree.Optimum):
        yield from (objective.expr for objective in statement.objectives)
        for over in statement.overs:
            for free in over.free:
                yield free.path
                yield from (() if free.bounds is None else (e for e in (free.bounds.low, free.bounds.high) if e))
        for subject in statement.subjects:
            yield from (expr for _, expr in test_parts(subject.test))
        for show in statement.shows:
            yield from expressions(show)


class Statements:
    """Turns the tests and tables of the file into nodes of a model; collects what it has to say in `found`."""

    def __init__(self, model: Model, formulas: Formulas, scope: Scope | None = None) -> None:
        self.model = model
        self.formulas = formulas
        self.units = formulas.units
        self.place = Place(scope or model.project.entry)
        self.found: list[Diagnostic] = []

    def add_all(self, statements: Iterable[tree.Statement]) -> tree.Statement | None:
        """Adds what is required, claimed and shown, up to the statement that is over the limit, which is given."""
        for statement in statements:
            if isinstance(statement, tree.Require):
                sides = self.test(statement.test)
                if statement.share is not None:
                    sides = replace(sides, share=self._share(statement.share))
                self.model.requirements.append((statement, sides))
            elif isinstance(statement, tree.Claim):
                self.model.claims.append((statement, self.test(statement.test, claim=True)))
            elif isinstance(statement, tree.Show):
                self.show(statement)
            if self.model.is_too_large:
                return statement
        return None

    # ── what is needed ──

    def needed(self, formula: Formula) -> Node:
        """The node of a formula whose value is needed: what is undetermined in it is an error."""
        missing = self.model.lacking(formula, None)
        for node in missing:
            self._undetermined(node)
        made = None if missing else self.model.instantiate(formula, None)
        return Node(UNKNOWN, (), formula.expr.span) if made is None else made

    def _undetermined(self, node: Node) -> None:
        missing = what_is_missing(self.model, node.payload, node.span.text)
        if missing is None:
            return
        text, facts = missing
        at = next(
            (f"{s.name}.{node.span.text}" for s, o in self.model.optima.items() if self._is_chosen(o, node)), None
        )
        help = (
            f"at the optimum it is `{at}`"
            if at is not None
            else f"give {alternatives(facts)}{self._by_a_copy(facts)}"
            if facts
            else f"`tonne explain FILE {text}` says what each way to it lacks"
        )
        self.found.append(diagnostic("N117", f"`{text}` is not determined", node.span, help=help))

    def _is_chosen(self, optimum: Optimum, node: Node) -> bool:
        """Whether what is undetermined in the file has a value at one of its optima."""
        reference: Reference = node.payload
        if optimum.problem is None or reference.study is not None or reference.root is None:
            return False
        found = optimum.find(replace(reference, study=optimum.study))
        return isinstance(found, Node) and found.op == SOLVED

    def _by_a_copy(self, facts: list[str]) -> str:
        """How to give a field of an instance that another file defines, when that is the only way."""
        symbol = self.model.project.entry.symbols.get(facts[0].split(".")[0])
        if (
            any("." not in f for f in facts)
            or not isinstance(symbol, Instance)
            or symbol.scope is self.model.project.entry
        ):
            return ""
        field = facts[-1].split(".")[-1]
        return f" in a copy: `{symbol.kind.name} my_{symbol.name} like {symbol.name} {{ {field} = … }}`"

    # ── tests ──

    def test(self, test: tree.Test, *, claim: bool = False, exact: bool = True) -> TestSides:
        """The sides of a test as nodes.

        Numbers in a requirement or a claim are `exact`, no inputs: only what is given elsewhere is rounded.
        """
        place = replace(self.place, exact=exact)
        formulas = {name: self.formulas.lowering.lower(expr, place) for name, expr in test_parts(test)}
        for formula in formulas.values():
            self.formulas.lets_in(formula)
        found = self.formulas.checker.found
        before = len(found)
        dimensions = {name: self.formulas.checker.dimension(f) for name, f in formulas.items()}
        if claim and len(found) > before:
            because = found[before].title
            del found[before:]
            return TestSides(test, {}, None, False, because)
        nothing: dict[str, Node | None] = dict.fromkeys(formulas)
        references = tuple(r for f in formulas.values() for r in f.references)
        left = dimensions["left"]
        if left is None or any(d is None for d in dimensions.values()):
            return TestSides(test, nothing, None, True)
        for name, dimension in dimensions.items():
            if dimension is None or dimension == left or (name == "tolerance" and dimension == RATIO):
                continue
            unlike = f"{self.units.describe(left)} with {self.units.describe(dimension)}"
            help, fix = self._how_to_mend(formulas["left"], formulas[name], left, dimension)
            if claim:
                return TestSides(test, {}, None, False, f"the claim compares {unlike}", help, references=references)
            self._unlike_sides(test, formulas["left"], formulas[name], left, dimension, unlike, help, fix)
            return TestSides(test, nothing, None, True)
        if self._is_empty(test, formulas):
            return TestSides(test, nothing, None, True)
        nodes: dict[str, Node | None] = {}
        for name, formula in formulas.items():
            if claim:
                missing = self.model.lacking(formula, None)
                lacks = [self._lacks(node) for node in missing]
                if None in lacks:  # it is missing only because of an error that was reported
                    return TestSides(test, nothing, None, True)
                if lacks:
                    return TestSides(test, {}, None, False, lacks[0] or "", references=references)
                nodes[name] = self.model.instantiate(formula, None)
            else:
                nodes[name] = self.needed(formula)
        if claim:
            self._repeats_a_fact(test, formulas)
        relative = dimensions.get("tolerance") == RATIO
        return TestSides(test, nodes, left, True, relative=relative, references=references)

    def _share(self, expr: tree.Expr) -> Node:
        """The share of draws in which a requirement is to hold."""
        formula = self.formulas.lowering.lower(expr, replace(self.place, exact=True))
        self.formulas.lets_in(formula)
        fits = self.formulas.checker.expect(formula, Unit("ratio", 1.0, RATIO, True), "D202", "a share of draws")
        value = constant(formula) if fits else None
        if value is not None and not 0 <= value <= 1:
            is_percent = isinstance(expr, tree.Number) and expr.unit is None and value <= 100
            help = f"did you mean `{expr.span.text}%`?" if is_percent else "a share lies between 0% and 100%"
            fix = Fix(expr.span, f"{expr.span.text}%") if is_percent else None
            title = f"nothing holds in {expr.span.text} of draws"
            self.found.append(diagnostic("V231", title, expr.span, help=help, fix=fix))
            fits = False
        return self.needed(formula) if fits else Node(UNKNOWN, (), expr.span)

    def _is_empty(self, test: tree.Test, formulas: dict[str, Formula]) -> bool:
        """Whether a test's range or tolerance is one that nothing lies in, which is reported."""
        wrong = None
        if isinstance(test, tree.Inside):
            wrong = inverted(test.range, formulas["low"], formulas.get("high"))
        elif isinstance(test, tree.Near):
            wrong = negative_tolerance(formulas["tolerance"])
        self.found += [] if wrong is None else [wrong]
        return wrong is not None

    def _repeats_a_fact(self, test: tree.Test, formulas: dict[str, Formula]) -> None:
        """C405 for a claim that says a given fact once more, or sets two of them side by side."""
        right = formulas.get("right")
        given = self._given(formulas["left"])
        if right is None or given is None:
            return
        other, said = self._given(right), constant(right)
        labels = [Label(test.span, "the claim"), Label(given.span, "given here")]
        if other is not None:
            title = "both sides of the claim are given facts"
            labels.append(Label(other.span, "and here"))
        elif said is not None and math.isclose(said, given.payload.value, rel_tol=1e-9):
            title = f"the claim repeats a given fact, `{formulas['left'].expr.span.text}`"
        else:
            return  # what somebody else says of a given fact is worth a claim
        self.found.append(diagnostic("C405", title, *labels, help="claim what follows from it"))

    def _given(self, formula: Formula) -> Node | None:
        """The number that a file of the project gives to what a formula names, when it names just that."""
        if formula.root.op != LEAF:
            return None
        reference: Reference = formula.root.payload
        if reference.study is not None:
            return None
        if isinstance(reference.root, Let) and reference.field is None:
            node = None if reference.is_list else self.formulas.of_let(reference.root).root
            of_library = reference.root.scope.is_library
        else:
            at = self.model.reached(reference, None)
            state = self.model.states.get(at) if isinstance(at, Instance) else None
            if state is None or reference.field is None or not state.is_given(reference.field.name):
                return None
            node, of_library = state.nodes.get(reference.field.name), state.instance.scope.is_library
        return node if node is not None and node.op == NUMBER and node.payload is not None and not of_library else None

    def _lacks(self, node: Node) -> str | None:
        missing = what_is_missing(self.model, node.payload, node.span.text)
        if missing is None:
            return None
        text, facts = missing
        return f"`{text}` is not determined" + (f"; give {alternatives(facts)}" if facts else "")

    def _how_to_mend(
        self, left: Formula, right: Formula, left_is: Dimension, right_is: Dimension
    ) -> tuple[str, Fix | None]:
        """What would make the sides alike. A number with a unit stays: the field beside it is more likely wrong."""
        wanted = right_is if isinstance(right.expr, tree.Number) and right.expr.unit is not None else left_is
        formula = left if wanted == right_is else right
        return self.formulas.checker.hints.of_sum(formula, left.root, right.root, left_is, right_is, wanted)

    def _unlike_sides(
        self,
        test: tree.Test,
        left: Formula,
        right: Formula,
        left_is: Dimension,
        right_is: Dimension,
        unlike: str,
        help: str,
        fix: Fix | None,
    ) -> None:
        name = self.units.describe
        labels = [Label(left.expr.span, name(left_is)), Label(right.expr.span, name(right_is))]
        if isinstance(test, tree.Comparison):
            labels.insert(0, Label(test.operator_span))
        else:
            labels.reverse()
        self.found.append(diagnostic("D204", f"cannot compare {unlike}", *labels, help=help, fix=fix))

    # ── tables ──

    def show(self, show: tree.Show) -> None:
        columns = tuple(s.expr.span.text for s in show.shown)
        lower = self.formulas.lowering.lower
        if show.of is None:
            values = tuple(self._shown(s, lower(s.expr, self.place), self._unit(s), self.needed) for s in show.shown)
            self.model.shows.append(ShownTable(show.title, columns, (("", values),), False, show.span))
            return
        reference = self.formulas.lowering.paths.find(show.of, self.place)
        if reference is None:
            return
        optimum = None if reference.study is None else self.model.optima.get(reference.study)
        if reference.study is not None and (optimum is None or optimum.problem is None):
            return  # what is wrong with the optimum was reported
        members = self._members(reference, optimum)
        if not members:
            title = f"`{show.of}` is no list of instances"
            self.found.append(diagnostic("N119", title, show.of.span, help="for example `let runs = [a, b]`"))
            return
        inside = Place(self.place.scope, members[0].kind)
        self.model.operations += len(members) * len(show.shown)
        if self.model.is_too_large:
            return
        lowered = [(s, lower(s.expr, inside), self._unit(s)) for s in show.shown]
        rows = tuple(
            (m.name, tuple(self._shown(s, f, unit, partial(self._of_member, m, optimum)) for s, f, unit in lowered))
            for m in members
        )
        self.model.shows.append(ShownTable(show.title, columns, rows, True, show.span))

    def _members(self, reference: Reference, optimum: Optimum | None) -> tuple[Instance, ...]:
        """The rows of a table: one instance, or those of a list."""
        if reference.field is not None:
            return ()
        at = self.model.reached(reference, None)
        members = at if isinstance(at, tuple) else ((at,) if at is not None else ())
        if optimum is not None:
            for member in members:
                optimum.ensure(member)
        return members

    def _of_member(self, member: Instance, optimum: Optimum | None, formula: Formula) -> Node | None:
        """A cell of a table: None, shown as `—`, while it is undetermined."""
        if optimum is None:
            return self.model.instantiate(formula, self.model.states.get(member))
        node = optimum.model.instantiate(formula, optimum.model.states.get(member))
        return None if node is None else optimum.at_solution(node)

    def _unit(self, shown: tree.Shown) -> Unit | None:
        """The unit that `in` names."""
        if shown.unit is None or shown.unit_span is None:
            return None
        known = self.units.lookup(shown.unit)
        if isinstance(known, UnitProblem):
            if not known.silent:
                self.found.append(diagnostic(known.code, known.title, shown.unit_span, help=known.help))
            return None
        return known

    def _shown(
        self, shown: tree.Shown, formula: Formula, unit: Unit | None, made: Callable[[Formula], Node | None]
    ) -> ShownValue:
        """One shown value, whose node is `made` from its formula once its dimension is known."""
        self.formulas.lets_in(formula)
        text = shown.expr.span.text
        dimension = self.formulas.checker.dimension(formula)
        nothing = ShownValue(text, None, None, None, shown.span)
        if shown.unit is not None and unit is None:
            return nothing
        if unit is not None and dimension is not None and unit.dimension != dimension:
            self._wrong_unit(shown, dimension)
            return nothing
        if unit is None and formula.root.op == LEAF:
            reference: Reference = formula.root.payload
            if reference.field is not None:
                unit = reference.field.unit
            elif isinstance(reference.root, Let) and not reference.result:
                unit = self.model.let_units.get(reference.root)
        node = Node(UNKNOWN, (), shown.span) if dimension is None else made(formula)
        return ShownValue(text, node, unit, dimension, shown.span, formula.references)

    def _wrong_unit(self, shown: tree.Shown, dimension: Dimension) -> None:
        if shown.unit_span is None or any(d.span == shown.unit_span for d in self.found):
            return
        name = self.units.describe(dimension)
        words = ", ".join(self.units.words_of(dimension))
        self.found.append(
            diagnostic(
                "D205",
                f"{name} cannot be shown in `{shown.unit}`",
                Label(shown.unit_span),
                Label(shown.expr.span, name),
                help=f"units of {name}: {words}" if words else "leave `in` out",
            )
        )
