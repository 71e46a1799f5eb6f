"""Spreads: what stands after `~`, as an assumption that can be drawn from. Draws nothing.

While a model is built, `drawn` and `drawn_let` make each value with a spread an `Assumption` of the model, which copies by
`like` share. `check_all` then gives V222 for a point value outside its spread, V223 for a spread that is none, and what is
wrong with the dimensions of its arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.dimension import RATIO
from tonne.graph import DRAWN, LEAF, NUMBER, OF_DRAWS, UNKNOWN, Node, postorder
from tonne.lower import Formula
from tonne.model import Assumption, Model, State
from tonne.names import Binding, Instance, Let, Scope
from tonne.paths import Place
from tonne.relations import constant
from tonne.spread_forms import arguments_of, misfits
from tonne.syntax import tree
from tonne.units import Unit
from tonne.values import replace

if TYPE_CHECKING:
    from tonne.formulas import Formulas

_RATIO = Unit("ratio", 1.0, RATIO, True)


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
        self._wrapped: dict[tuple[int, str, Instance | None], tuple[Node, Node]] = {}
        self._named: dict[int, Assumption] = {}

    # ── lowered ──

    def of_binding(self, binding: Binding, state_kind: object) -> Spread | None:
        """The spread of a bound quantity; None where it has none, or one that is wrong, which is reported once."""
        value = binding.value
        if not isinstance(value, tree.Value) or value.spread is None or binding.field.unit is None:
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
        """A unit of the dimension of a point value that declares none: that of a number in it, or one of the file's."""
        dimension = self.formulas.checker.dimension(point)
        if dimension is None or dimension == RATIO:
            return None if dimension is None else _RATIO
        numbers = [n.payload.written for n in point.order if n.op == NUMBER and n.payload.dimension == dimension]
        words = [*(n.unit for n in numbers if n.unit), *self.formulas.units.words_of(dimension, 1)]
        known = self.formulas.units.lookup(words[0]) if words else None
        return known if isinstance(known, Unit) else Unit("…", 1.0, dimension, False)

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
        values = {name: constant(formula) for name, formula in known.items()}
        wrongs = list(misfits(value.spread, constant(point), point.expr.span, values))
        self.found += wrongs
        return None if wrongs else spread

    # ── as assumptions of a model ──

    def drawn(self, model: Model, state: State, name: str, made: Node) -> Node:
        """The node of a bound quantity, which is an assumption of the model where it has a spread.

        What the spread is made of is worked out by `complete`, when all fields of the instance are there.
        """
        binding = state.instance.bindings[name]
        spread = self.of_binding(binding, state.instance.kind)
        if spread is None or made.op == UNKNOWN:
            return made
        owner = _declared_by(state.instance, name)
        whose = None if spread.is_shared else state.instance
        made = self._own_node(spread, made, f"{_scope_name(model, binding.scope)}{owner.name}.{name}", whose)
        model.draws[id(made)] = self._named[id(made)]
        return made

    def complete(self, model: Model, state: State) -> None:
        """The arguments and the bounds of the spreads of an instance that is determined."""
        for name, binding in state.instance.bindings.items():
            spread = self.of_binding(binding, state.instance.kind)
            node = state.nodes.get(name)
            assumption = None if node is None else model.draws.get(id(node))
            if spread is not None and assumption is not None and not assumption.arguments:
                ends = state.formulas.bounds.get(name, (None, None))
                self._completed(model, spread, assumption, state, ends)

    def drawn_let(self, model: Model, let: Let, made: Node) -> Node:
        spread = self.of_let(let, model.let_units.get(let))
        if spread is None or made.op == UNKNOWN:
            return made
        made = self._own_node(spread, made, f"{_scope_name(model, let.scope)}{let.name}", None)
        self._completed(model, spread, self._named[id(made)], None, (None, None))
        return made

    def _own_node(self, spread: Spread, made: Node, name: str, whose: Instance | None) -> Node:
        """A node that is this assumption alone: what it names, or a number that copies share, may be another's too.

        `whose` is the instance where the spread names its fields, so that it is another in each copy.
        """
        if spread.point.root.op in (LEAF, *OF_DRAWS) or whose is not None:
            key = (id(made), name, whose)
            if key not in self._wrapped:
                self._wrapped[key] = made, Node(DRAWN, (made,), made.span)
            made = self._wrapped[key][1]
        self._named.setdefault(id(made), Assumption(name, made, spread.call, spread.point.expr.span, {}))
        return made

    def _completed(
        self,
        model: Model,
        spread: Spread,
        assumption: Assumption,
        state: State | None,
        bounds: tuple[Formula | None, Formula | None],
    ) -> None:
        arguments: dict[str, Node] = {}
        for key, formula in spread.arguments.items():
            argument = model.instantiate(formula, state)
            if argument is None or _rests_on(argument, assumption.node):
                title = f"`{key}` of `{spread.call.name}` is not determined"
                help = "give it a value, or leave the spread out"
                if argument is not None:
                    title = f"`{key}` of `{spread.call.name}` follows from the value that it is the spread of"
                    help = "write it as a number"
                said = diagnostic("N117", title, formula.expr.span, help=help)
                self.found += [] if said in self.found else [said]
                model.draws.pop(id(assumption.node), None)
                return
            arguments[key] = argument
        made = [None if end is None else model.instantiate(end, state) for end in bounds]
        low, high = (None if end is None or _rests_on(end, assumption.node) else end for end in made)
        model.draws[id(assumption.node)] = replace(assumption, arguments=arguments, low=low, high=high)

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


def _rests_on(node: Node, other: Node) -> bool:
    return any(one is other for one in postorder(node))


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
