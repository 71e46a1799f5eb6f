"""Spreads: what stands after `~`, as an assumption that can be drawn from. Draws nothing.

While a model is built, `drawn` and `drawn_let` make each value with a spread an `Assumption` of the model, which copies by
`like` share. `check_all` then gives V222 for a point value outside its spread, V223 for a spread that is none, and what is
wrong with the dimensions of its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.dimension import RATIO
from tonne.graph import DRAWN, LEAF, UNKNOWN, Node
from tonne.lower import Formula
from tonne.model import Assumption, Model, State
from tonne.names import Binding, Instance, Let, Scope
from tonne.paths import Place
from tonne.relations import constant
from tonne.spread_forms import arguments_of, written
from tonne.syntax import tree
from tonne.units import Unit

if TYPE_CHECKING:
    from tonne.formulas import Formulas

_RATIO = Unit("ratio", 1.0, RATIO, True)
# A point this close beyond an end is rounding.
_SLACK = 1e-9


class Spread:
    """What stands after `~`, lowered: its arguments by name, none where one of them is wrong."""

    def __init__(self, value: tree.Value, point: Formula, arguments: dict[str, Formula]) -> None:
        assert value.spread is not None
        self.call = value.spread
        self.point = point
        self.arguments = arguments

    @property
    def is_shared(self) -> bool:
        """Whether it is the same for every copy of the instance, since nothing in it is a field of that."""
        references = [r for formula in self.arguments.values() for r in formula.references]
        return all(r.root is not None or r.study is not None for r in references)


class Spreads:
    """The spreads of one project; collects what it has to say in `found`."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self.found: list[Diagnostic] = []
        self._known: dict[int, tuple[tree.Value, Spread | None]] = {}

    # ── lowered ──

    def of_binding(self, binding: Binding, state_kind: object) -> Spread | None:
        """The spread of a bound quantity; None where it has none, or one that is wrong, which is reported once."""
        value = binding.value
        if not isinstance(value, tree.Value) or value.spread is None:
            return None
        if id(value) not in self._known:
            kind, one = state_kind, binding.field
            place = Place(binding.scope, kind, one.name, in_binding=True)  # type: ignore[arg-type]
            label = Label(one.declaration.type.span, "declared here")
            point = self.formulas.of_binding(binding, kind)  # type: ignore[arg-type]
            self._known[id(value)] = value, self._lowered(value, point, one.unit, (label,), place)
        return self._known[id(value)][1]

    def of_let(self, let: Let, declared: Unit | None) -> Spread | None:
        value = let.value
        if not isinstance(value, tree.Value) or value.spread is None:
            return None
        if id(value) not in self._known:
            point = self.formulas.of_let(let)
            unit = declared or self._unit_of(point)
            self._known[id(value)] = value, self._lowered(value, point, unit, (), Place(let.value_scope))
        return self._known[id(value)][1]

    def _unit_of(self, point: Formula) -> Unit | None:
        """A unit of the dimension of a point value that declares none."""
        dimension = self.formulas.checker.dimension(point)
        words = [] if dimension is None else self.formulas.units.words_of(dimension, 1)
        known = self.formulas.units.lookup(words[0]) if words else None
        return known if isinstance(known, Unit) else (_RATIO if dimension == RATIO else None)

    def _lowered(
        self, value: tree.Value, point: Formula, unit: Unit | None, declared: tuple[Label, ...], place: Place
    ) -> Spread | None:
        assert value.spread is not None
        if unit is None:
            return None
        arguments, wrong = arguments_of(value.spread)
        if wrong is not None:
            self.found.append(wrong)
            return None
        known: dict[str, Formula] = {}
        for name, expr in arguments.items():
            formula = known[name] = self.formulas.lowering.lower(expr, place)
            self.formulas.lets_in(formula)
            of, labels = (_RATIO, ()) if name == "cv" else (unit, declared)
            if not self.formulas.checker.expect(formula, of, "D202", f"`{name}` of `{value.spread.name}`", *labels):
                return None
        spread = Spread(value, point, known)
        wrongs = list(self._values(spread))
        self.found += wrongs
        return None if wrongs else spread

    # ── as assumptions of a model ──

    def drawn(self, model: Model, state: State, name: str, made: Node) -> Node:
        """The node of a bound quantity, which is an assumption of the model where it has a spread."""
        binding = state.instance.bindings[name]
        spread = self.of_binding(binding, state.instance.kind)
        if spread is None or made.op == UNKNOWN:
            return made
        ends = state.formulas.bounds.get(name, (None, None))
        low, high = (None if end is None else model.instantiate(end, state) for end in ends)
        owner = _declared_by(state.instance, name)
        return self._assumed(
            model, spread, made, state, f"{_scope_name(model, binding.scope)}{owner.name}.{name}", (low, high)
        )

    def drawn_let(self, model: Model, let: Let, made: Node) -> Node:
        spread = self.of_let(let, model.let_units.get(let))
        if spread is None or made.op == UNKNOWN:
            return made
        return self._assumed(model, spread, made, None, f"{_scope_name(model, let.scope)}{let.name}", (None, None))

    def _assumed(
        self,
        model: Model,
        spread: Spread,
        made: Node,
        state: State | None,
        name: str,
        bounds: tuple[Node | None, Node | None],
    ) -> Node:
        arguments: dict[str, Node] = {}
        for key, formula in spread.arguments.items():
            argument = model.instantiate(formula, state)
            if argument is None:
                title = f"`{key}` of `{spread.call.name}` is not determined"
                said = diagnostic("N117", title, formula.expr.span, help="give it a value, or leave the spread out")
                self.found += [] if said in self.found else [said]
                return made
            arguments[key] = argument
        if id(made) in model.draws or spread.point.root.op == LEAF or not spread.is_shared:
            made = Node(DRAWN, (made,), made.span)  # another assumption than the one that it names
        model.draws[id(made)] = Assumption(name, made, spread.call, arguments, *bounds)
        return made

    # ── checked ──

    def check_all(self, model: Model) -> None:
        """Looks at the spreads of all bindings and lets, those too that nothing determined."""
        for instance in model.states:
            for binding in instance.bindings.values():
                value = binding.value
                if not isinstance(value, tree.Value) or value.spread is None:
                    continue
                if binding.field.unit is None and id(value) not in self._known:
                    self._known[id(value)] = value, None
                    self._no_quantity(f"`{binding.field.name}`", value)
                else:
                    self.of_binding(binding, instance.kind)
        for let in model.lets:
            self.of_let(let, model.let_units.get(let))

    def _no_quantity(self, what: str, value: tree.Value) -> None:
        assert value.spread is not None
        title, span = f"{what} is no quantity and has no spread", value.spread.span
        self.found.append(diagnostic("V223", title, span, help=f"leave `~ {span.text}` out"))

    def _values(self, one: Spread) -> Iterator[Diagnostic]:
        """What the constants among a spread's arguments, and its point value, show to be wrong."""
        spread, point = one.call, constant(one.point)
        known = {name: constant(formula) for name, formula in one.arguments.items()}
        words = [a.value.span.text for a in spread.arguments]
        for name in ("sd", "cv"):
            value = known.get(name)
            if value is not None and value <= 0:
                title = f"the `{name}` of a spread is above zero, this is {words[0]}"
                yield diagnostic("V223", title, spread.arguments[0].span, help=f"leave `~ {spread.span.text}` out")
                return
        if spread.name == "lognormal" and point is not None and point <= 0:
            title = f"a lognormal needs a value above zero, this is {one.point.expr.span.text}"
            labels = (Label(spread.span), Label(one.point.expr.span, "the point value"))
            yield diagnostic("V223", title, *labels, help="for example `normal(sd = …)`")
        low, high = known.get("low"), known.get("high")
        if low is None or high is None:
            return
        if low >= high:
            ends = sorted(zip((low, high), words, strict=True))
            mended = written(spread.name, [text for _, text in ends])
            if low == high:
                title, help, fix = f"`{spread.span.text}` has no width", f"leave `~ {spread.span.text}` out", None
            else:
                title = f"this spread runs from {words[0]} down to {words[1]}"
                help, fix = f"write `{mended}`", Fix(spread.span, mended)
            yield diagnostic("V223", title, spread.span, help=help, fix=fix)
        elif point is not None and not low - _SLACK * abs(low) <= point <= high + _SLACK * abs(high):
            text = one.point.expr.span.text
            title = f"{text} lies outside `{spread.span.text}`"
            labels = (Label(one.point.expr.span, "the point value"), Label(spread.span, "its spread"))
            near = words[0] if point < low else words[1]
            help = f"move the value, or widen the spread: {near} is its {'low' if point < low else 'high'} end"
            yield diagnostic("V222", title, *labels, help=help)


def _declared_by(instance: Instance, name: str) -> Instance:
    """The instance in whose block a binding stands that another has by `like`."""
    binding = instance.bindings[name]
    while instance.like is not None and instance.like.bindings.get(name) is binding:
        instance = instance.like
    return instance


def _scope_name(model: Model, scope: Scope) -> str:
    """What tells the names of another file from those of the file itself, the same on every machine."""
    project, path = model.project, scope.source.path
    if scope is project.entry or path is None or scope.source is project.entry.source:
        return ""
    if scope.is_library:
        return f"{scope.source.name}:"
    resolved = path.resolve()
    inside = resolved.is_relative_to(project.root)
    return f"{resolved.relative_to(project.root).as_posix() if inside else resolved.name}:"
