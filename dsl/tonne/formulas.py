"""Formulas: those of each kind lowered and checked once, those of bindings and lets where they are written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from tonne.check import Checker
from tonne.determine import Determiner
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.empty_ranges import inverted
from tonne.graph import UNKNOWN, Node
from tonne.kinds import core_kinds
from tonne.lower import Formula, Lowering
from tonne.model import Ends, KindFormulas
from tonne.names import Binding, Field, Kind, Let
from tonne.paths import Place, Reference
from tonne.relations import find_relations, needs_of
from tonne.spreads import Spreads
from tonne.syntax import tree
from tonne.units import Unit, UnitTable
from tonne.values import replace


class Formulas:
    """The formulas of one project; collects what it has to say in `found`. `core` has those of the core's kinds."""

    def __init__(self, units: UnitTable, core: Formulas | None) -> None:
        self.units = units
        self.core = core
        self.lowering = Lowering(units)
        self.checker = Checker(units)
        self.own: list[Diagnostic] = []
        self.kinds: dict[Kind, KindFormulas] = {}
        self.bindings: dict[Binding, Formula] = {}
        self._written: dict[Binding, Formula] = {}
        self.lets: dict[Let, Formula] = {}
        self.spreads = Spreads(self)

    @property
    def found(self) -> list[Diagnostic]:
        return [*self.lowering.found, *self.checker.found, *self.own, *self.spreads.found]

    def of_kind(self, kind: Kind) -> KindFormulas:
        waiting = [kind]
        while waiting[-1].parent is not None and waiting[-1].parent not in self.kinds:
            waiting.append(waiting[-1].parent)
        for one in reversed(waiting):
            if one not in self.kinds:
                self.kinds[one] = self._kept(one) or self._kind(one)
        return self.kinds[kind]

    def _kept(self, kind: Kind) -> KindFormulas | None:
        """Those of a kind of the core, with a determiner that remembers nothing of other projects."""
        if self.core is None or kind not in (core_kinds(self.units) or ()):
            return None
        kept = self.core.of_kind(kind)
        return None if self.core.found else replace(kept, determiner=Determiner(kept.determiner.alternatives))

    def _kind(self, kind: Kind) -> KindFormulas:
        """The formulas of a kind, those of its parent being there."""
        parent = self.kinds[kind.parent] if kind.parent is not None else None
        alternatives: dict[str, list[Formula]] = {}
        references: dict[str, list[Reference]] = {}
        has_errors = parent is not None and parent.has_errors
        bounds: dict[str, Ends] = {}
        usual: dict[str, tuple[tuple[tree.UsualRange, Ends], ...]] = {}
        for name, one in kind.fields.items():
            if parent is not None and name in parent.kind.fields:
                if one.is_quantity:
                    alternatives[name] = parent.alternatives[name]
                if name in parent.bounds:
                    bounds[name] = parent.bounds[name]
                usual[name] = parent.usual.get(name, ())
                if name in parent.references:
                    references[name] = parent.references[name]
                continue
            place = Place(one.scope, kind, exact=True)
            declaration = one.declaration
            if one.target is not None:
                references[name] = list(self._reference_ways(one, place))
            elif one.unit is not None:
                lowered = [self.lowering.lower(value.expr, place) for value in declaration.alternatives]
                self.own += [_spread_in_kind(one, v.spread) for v in declaration.alternatives if v.spread is not None]
                for formula in lowered:
                    self.lets_in(formula, all_types=True)
                alternatives[name] = [formula for formula in lowered if self._fits(formula, one, "D203")]
                has_errors = has_errors or len(alternatives[name]) < len(lowered)
                ends = self._ends(declaration.bounds, one, place) if declaration.bounds is not None else None
                if ends is not None:
                    bounds[name] = ends
                lowered_usual = [(written, self._ends(written.range, one, place)) for written in declaration.usual]
                usual[name] = tuple((written, ends) for written, ends in lowered_usual if ends is not None)
        relations, unlike = find_relations(alternatives)
        for first, second in unlike:
            if parent is None or first[0] not in parent.kind.fields or second[0] not in parent.kind.fields:
                self._unlike(kind, alternatives, first, second)
        outside = list(
            dict.fromkeys(r for fs in alternatives.values() for f in fs for r in f.references if not r.is_own)
        )
        determiner = Determiner({name: [needs_of(f) for f in fs] for name, fs in alternatives.items()})
        return KindFormulas(kind, alternatives, references, bounds, usual, determiner, relations, outside, has_errors)

    def _ends(self, written: tree.Range, one: Field, place: Place) -> Ends | None:
        """The ends of a range of a field; None where one of them is wrong, or nothing lies between them."""
        low = self.lowering.lower(written.low, place)
        high = None if written.high is None else self.lowering.lower(written.high, place)
        fit = [self._fits(end, one, "D202") for end in (low, high) if end is not None]
        wrong = inverted(written, low, high) if all(fit) else None
        self.own += [] if wrong is None else [wrong]
        return (low, high) if all(fit) and wrong is None else None

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
            reference = self.lowering.paths.find(value.expr, place)
            if reference is None:
                continue
            kind = self.lowering.paths.kind_at(reference, place.kind)
            if reference.field is not None or kind is None or not kind.is_a(one.target):
                what = reference.field.name if reference.field else (kind.name if kind else "that")
                self.own.append(
                    diagnostic(
                        "N119",
                        f"`{value.expr}` is {what}; a {one.target.name} is needed",
                        value.expr.span,
                        help="name a field that holds one",
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
                "these two formulas do not solve each other",
                Label(other.expr.span, f"gives `{second[0]}`"),
                Label(one.expr.span, f"gives `{first[0]}`"),
                help="solve one for the other, or let their fields differ",
            )
        )

    def written(self, binding: Binding, kind: Kind) -> Formula:
        """The formula of a bound quantity before its dimension is looked at: what it names is known, lets may not be."""
        if binding not in self._written:
            value = binding.value
            if isinstance(value, tree.Value):
                place = Place(binding.scope, kind, binding.field.name, in_binding=True)
                self._written[binding] = self.lowering.lower(value.expr, place)
            else:
                self._not_a_quantity(binding)
                expr = tree.Path(("?",), binding.span, (binding.span,))
                self._written[binding] = Formula(Node(UNKNOWN, (), binding.span), expr, Place(binding.scope))
        return self._written[binding]

    def of_binding(self, binding: Binding, kind: Kind) -> Formula:
        """The formula of a bound quantity, the lets that it names being there; an unknown one when it has not the
        dimension of its field."""
        if binding not in self.bindings:
            formula, unit = self.written(binding, kind), binding.field.unit
            if unit is not None and isinstance(binding.value, tree.Value):
                self.lets_in(formula)
                label = Label(binding.field.declaration.type.span, "declared here")
                if not self.checker.expect(formula, unit, "D202", f"`{binding.field.name}`", label):
                    formula = Formula(Node(UNKNOWN, (), formula.expr.span), formula.expr, formula.place)
            self.bindings[binding] = formula
        return self.bindings[binding]

    def _not_a_quantity(self, binding: Binding) -> None:
        unit = binding.field.unit
        what = self.units.describe(unit.dimension) if unit else "a quantity"
        help = f"for example `{binding.field.name} = 1 {unit.word}`" if unit else ""
        self.own.append(
            diagnostic(
                "D202",
                f"`{binding.field.name}` is {what}, this is no quantity",
                binding.value.span,
                help=help,
            )
        )

    def of_let(self, let: Let) -> Formula:
        formulas = self.lets
        if let not in formulas:
            assert isinstance(let.value, tree.Value)
            formulas[let] = self.lowering.lower(let.value.expr, Place(let.value_scope))
        return formulas[let]

    def declare_let(self, let: Let, *, all_types: bool = False) -> None:
        """The dimension of a let by its declared type, before its own formula is looked at.

        With `all_types` one without a declared type has that of its formula: a kind's formula is checked before any let is.
        """
        if let in self.checker.lets:
            return
        if let.declaration.type is None:
            if all_types and isinstance(let.value, tree.Value):
                self.checker.lets[let] = None  # what depends on itself has no dimension; that is reported elsewhere
                formula = self.of_let(let)
                self.lets_in(formula, all_types=True)
                self.checker.lets[let] = self.checker.dimension(formula)
            return
        unit = self.units.lookup(let.declaration.type.word)
        self.checker.lets[let] = unit.dimension if isinstance(unit, Unit) else None

    def lets_in(self, formula: Formula, *, all_types: bool = False) -> None:
        """Makes the declared dimensions of the lets in a formula known, before their own formulas are looked at."""
        for reference in formula.references:
            if isinstance(reference.root, Let) and reference.field is None and not reference.is_list:
                self.declare_let(reference.root, all_types=all_types)


def _spread_in_kind(one: Field, spread: tree.Call) -> Diagnostic:
    title = "a formula of a kind has no spread"
    return diagnostic("V223", title, spread.span, help=f"bind `{one.name}` in an instance, with its spread")


@lru_cache(maxsize=8)
def formulas_of_core(units: UnitTable) -> Formulas:
    """The formulas of the core's kinds: each lowered once for all scenarios of a process that have the same units."""
    return Formulas(units, None)
