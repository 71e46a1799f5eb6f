"""`optimum` statements as problems: free fields given, what rests on them determined anew, objective and constraint as nodes.

Takes a model as it is built; reports what an optimum lacks (O505), what is no free field, unlike dimensions, what is
undetermined. Solves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from tonne.check import Checker
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.empty_ranges import inverted
from tonne.formulas import Formulas
from tonne.freeing import Cut
from tonne.graph import FREE, OF_DRAWS, SOLVED, UNKNOWN, Node, postorder_all, result_dimension
from tonne.model import Model, Optimum, ShownValue
from tonne.names import Field, Instance, Study, Symbol
from tonne.paths import RESULTS, Place
from tonne.problem import Constraint, Free, Problem
from tonne.references import References
from tonne.relations import constant
from tonne.statements import Statements
from tonne.syntax import tree
from tonne.variant import Needs, Variant, users_of

MOST_FREE = 2
_FORM = "minimize COST, over FIELD, FIELD, subject to LOSS == LEVEL"


class Optima:
    """Adds the optima of one model; collects what it has to say in `found`."""

    def __init__(
        self, model: Model, formulas: Formulas, references: References, needs: Needs, order: list[Symbol]
    ) -> None:
        self.model = model
        self.formulas = formulas
        self.references = references
        self.needs = needs
        self.users = users_of(needs)
        self.order = {symbol: place for place, symbol in enumerate(order)}
        self.found: list[Diagnostic] = []
        self._variants: list[Variant] = []

    def add(self, study: Study) -> None:
        """Adds an optimum, what it needs being there. One that is wrong has no problem."""
        assert isinstance(study.declaration, tree.Optimum)
        declaration = study.declaration
        frees = [free for over in declaration.overs for free in over.free]
        formed = self._is_formed(declaration, frees) and not declaration.partly_read
        fields = list(self._fields(frees, study)) if formed else []
        fixed: dict[Instance, dict[str, Node]] = {}
        nodes = [Node(FREE, (), free.path.span, index) for index, free in enumerate(frees)]
        for (instance, field), node in zip(fields, nodes, strict=False):
            for one in self._sharing(instance, field):
                fixed.setdefault(one, {})[field.name] = node
        variant = self.variant(fixed, {})
        optimum = self.model.optima[study] = Optimum(
            study, variant.model, variant.ensure, free_fields=fixed, moved=variant.affected
        )
        self._variants.append(variant)
        for result in RESULTS:
            self.formulas.checker.results[study, result] = None
        if not fields or len(fields) < len(frees):
            return
        for name in self.needs[study]:
            variant.ensure(name)
        statements = Statements(variant.model, self.formulas, study.scope)
        self._fill(optimum, declaration, list(self._free(frees, fields, nodes, study)), statements)
        for show in declaration.shows if optimum.problem is not None else ():
            statements.show(show)
        self.found += statements.found

    def complete(self) -> None:
        """Determines at each optimum all that it moves, so that any path of the file can be asked for there."""
        for variant in self._variants:
            variant.ensure_all()

    def variant(self, fixed: dict[Instance, dict[str, Node]], set_aside: dict[Instance, frozenset[str]]) -> Variant:
        known = (self.model, self.formulas, self.references, self.needs, self.users, self.order)
        return Variant(*known, fixed, set_aside)

    # ── its form ──

    def _is_formed(self, declaration: tree.Optimum, frees: list[tree.Free]) -> bool:
        name = f"`{declaration.name}`"
        title, span, help = "", declaration.name_span, f"write {_FORM}"
        if len(declaration.objectives) != 1:
            count = "nothing" if not declaration.objectives else f"{len(declaration.objectives)} things"
            title = f"{name} makes {count} least or greatest; it takes one"
            span = declaration.objectives[1].span if declaration.objectives else span
            help = (
                "add `minimize …` or `maximize …`" if not declaration.objectives else "add them up, or write two optima"
            )
        elif not frees:
            title, help = f"{name} leaves no field free", "add `over FIELD`, the field that is to be chosen"
        elif len(frees) > MOST_FREE:
            title, span = (
                f"{name} leaves {len(frees)} fields free; at most {MOST_FREE} are supported",
                frees[MOST_FREE].span,
            )
            help = "keep the two that matter most; bind the others, and compare a few values of them"
        elif len(declaration.subjects) > 1:
            title = f"{name} has {len(declaration.subjects)} constraints; one is supported"
            span = declaration.subjects[1].span
            help = "a bound on a field stands behind it: `over FIELD in LOW .. HIGH`"
        elif len({str(free.path) for free in frees}) < len(frees):
            title, span, help = f"`{frees[1].path}` is named twice", frees[1].span, "name it once"
        if title and not declaration.partly_read:
            self.found.append(diagnostic("O505", title, span, help=help))
        return not title

    # ── free fields ──

    def _fields(self, frees: list[tree.Free], study: Study) -> Iterator[tuple[Instance, Field]]:
        for free in frees:
            before = len(self.formulas.lowering.found)
            reference = self.formulas.lowering.paths.find(free.path, Place(study.scope))
            if reference is None:
                if len(self.formulas.lowering.found) == before and free.path.parts[0] not in study.scope.lost:
                    self._not_free(free.path, "is a study")
                continue
            at = None if reference.study is not None else self.model.reached(reference, None)
            if reference.study is not None or reference.result:
                self._not_free(free.path, "is the result of an optimum")
            elif not isinstance(reference.root, Instance):
                self._not_free(free.path, "is a list" if reference.is_list else "is a `let`")
            elif reference.field is None:
                self._not_free(free.path, "is no quantity")
            elif isinstance(at, tuple):
                self._not_free(free.path, "is a list")
            elif at is None:
                self._not_free(free.path, "leads nowhere: a name on the way is not bound")
            elif at not in self.model.poisoned:
                yield at, reference.field

    def _not_free(self, path: tree.Path, what: str) -> None:
        help = "an optimum is over fields of instances, such as `llama.parameters`"
        self.found.append(diagnostic("N119", f"`{path}` {what}", path.span, help=help))

    def _sharing(self, instance: Instance, field: Field) -> Iterator[Instance]:
        """The instance, and its copies that have not bound the field anew: for them it is the same assumption."""
        yield instance
        binding = instance.bindings.get(field.name)
        for other in self.needs:
            if isinstance(other, Instance) and other is not instance and other.bindings.get(field.name) is binding:
                at = other.like
                while at is not None and at is not instance:
                    at = at.like
                if at is instance:
                    yield other

    def _free(
        self, frees: list[tree.Free], fields: list[tuple[Instance, Field]], nodes: list[Node], study: Study
    ) -> Iterator[Free]:
        for free, (instance, field), node in zip(frees, fields, nodes, strict=True):
            assert field.unit is not None
            state = self.model.states[instance]
            low, high = self._bounds(free, field, study)
            for index, end in enumerate(state.formulas.bounds.get(field.name, ())):
                if end is not None and constant(end) and free.bounds is None:
                    low, high = (end.root, high) if index == 0 else (low, end.root)
            yield Free(str(free.path), node, field.unit, low, high, state.nodes.get(field.name), free.span)

    def _bounds(self, free: tree.Free, field: Field, study: Study) -> tuple[Node | None, Node | None]:
        """The ends of `in LOW .. HIGH`, as nodes of the file's own model: they do not move with what is chosen."""
        if free.bounds is None:
            return None, None
        assert field.unit is not None
        lower = self.formulas.lowering.lower
        ends = [None if end is None else lower(end, Place(study.scope)) for end in (free.bounds.low, free.bounds.high)]
        label = Label(field.declaration.type.span, "declared here")
        for end in ends:
            if end is not None:
                self.formulas.lets_in(end)
                if not self.formulas.checker.expect(end, field.unit, "D202", f"a bound of `{free.path}`", label):
                    return Node(UNKNOWN, (), free.span), None
        wrong = None if ends[0] is None else inverted(free.bounds, ends[0], ends[1])
        if wrong is not None:
            self.found.append(wrong)
            return Node(UNKNOWN, (), free.span), None
        statements = Statements(self.model, self.formulas, study.scope)
        low, high = (None if end is None else statements.needed(end) for end in ends)
        self.found += statements.found
        return low, high

    def _inner(self, nodes: list[Node], optimum: Optimum) -> Study | None:
        """An optimum whose result a problem uses and whose own problem rests on what is chosen here."""
        chosen = [self.model.states[i].nodes.get(name) for i, fields in optimum.free_fields.items() for name in fields]
        used: dict[Study, None] = {n.payload.study: None for n in postorder_all(nodes) if n.op == SOLVED}
        for study in used:
            problem = self.model.optima[study].problem
            below = {id(n) for n in postorder_all([] if problem is None else problem.sides)}
            if any(node is not None and id(node) in below for node in chosen):
                return study
        return None

    # ── what is made least, and what holds ──

    def _fill(self, optimum: Optimum, declaration: tree.Optimum, free: list[Free], statements: Statements) -> None:
        objective = declaration.objectives[0]
        formula = self.formulas.lowering.lower(objective.expr, statements.place)
        self.formulas.lets_in(formula)
        checker: Checker = self.formulas.checker
        dimension = checker.dimension(formula)
        node = Node(UNKNOWN, (), objective.span) if dimension is None else statements.needed(formula)
        text = " ".join(objective.expr.span.text.split())
        optimum.objective = ShownValue(text, node, None, dimension, objective.expr.span, formula.references)
        constraint, price = None, dimension
        if declaration.subjects:
            test = declaration.subjects[0].test
            sides = statements.test(test, exact=False)
            left, right = sides.parts.get("left"), sides.parts.get("right")
            if left is None or right is None or sides.dimension is None:
                return
            constraint = Constraint(_OPERATORS[test.operator], left, right, test.span)
            optimum.sides = tuple(
                ShownValue(" ".join(expr.span.text.split()), part, None, sides.dimension, expr.span, references)
                for expr, part in ((test.left, left), (test.right, right))
                for references in (self.formulas.lowering.lower(expr, statements.place).references,)
            )
            price = dimension and result_dimension("quotient", [dimension, sides.dimension])
        checker.results[optimum.study, "objective"] = dimension
        checker.results[optimum.study, "multiplier"] = price if declaration.subjects else None
        problem = Problem(declaration.name, objective.sense, node, constraint, tuple(free), declaration.span)
        nodes = [*problem.sides, *(end for f in free for end in (f.low, f.high) if end is not None)]
        if any(n.op == UNKNOWN for n in nodes):
            return
        of_draws = next((n for n in postorder_all(nodes) if n.op in OF_DRAWS), None)
        if of_draws is not None:
            title = f"`{of_draws.op}` of draws inside an optimum is not supported"
            help = "an optimum is of the point values, and has a distribution of its own when it is sampled"
            self.found.append(diagnostic("O505", title, of_draws.span, help=help))
            return
        inner = self._inner(nodes, optimum)
        if inner is not None:
            title = f"`{inner.name}` moves with what `{declaration.name}` chooses"
            help = "an optimum inside of an optimum is not supported; bind what the inner one chose"
            self.found.append(diagnostic("O505", title, objective.span, help=help))
            return
        unreached = Cut(self, optimum, problem).find()
        self.found += unreached
        if not any(d.is_error for d in unreached):
            optimum.problem = problem


_OPERATORS = {"==": "==", "<=": "<=", "<": "<=", ">=": ">=", ">": ">="}
