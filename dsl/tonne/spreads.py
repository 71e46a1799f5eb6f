"""Spreads: what may stand after `~`, checked without drawing from it.

Takes a `Model` whose instances and lets are built; gives V222 for a point value outside its spread, V223 for a spread that is
none, and what is wrong with the dimensions of its arguments. Looks at constants only, and draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.dimension import RATIO
from tonne.formulas import Formulas
from tonne.lower import Formula
from tonne.model import Model
from tonne.names import closest
from tonne.paths import Place
from tonne.relations import constant
from tonne.syntax import tree
from tonne.units import Unit

# The arguments of each spread. `low` and `high` are written by place, the others by name.
SPREADS = {
    "uniform": ("low", "high"),
    "normal": ("sd",),
    "lognormal": ("cv",),
    "triangular": ("low", "high"),
    "interval": ("low", "high"),
}
_BY_PLACE = ("low", "high")
_OTHER_NAMES = {"gaussian": "normal", "gauss": "normal", "triangle": "triangular", "range": "uniform"}
_RATIO = Unit("ratio", 1.0, RATIO, True)
# A point this close beyond an end is rounding.
_SLACK = 1e-9


class _Site(NamedTuple):
    """A value with a spread: its point, the unit that both are of, and where it stands."""

    spread: tree.Call
    point: Formula
    unit: Unit | None
    declared: tuple[Label, ...]
    place: Place


class Spreads:
    """Checks the spreads of one model; collects what it has to say in `found`."""

    def __init__(self, model: Model, formulas: Formulas) -> None:
        self.model = model
        self.formulas = formulas
        self.found: list[Diagnostic] = []

    def check_all(self) -> None:
        for site in self._sites():
            self._check(site)

    def _sites(self) -> Iterator[_Site]:
        bindings = {b: i.kind for i in self.model.states for b in i.bindings.values()}
        for binding, kind in bindings.items():
            value, one = binding.value, binding.field
            if not isinstance(value, tree.Value) or value.spread is None:
                continue
            if one.unit is None:
                self._no_quantity(f"`{one.name}`", value)
                continue
            place = Place(binding.scope, kind, one.name, in_binding=True)
            label = Label(one.declaration.type.span, "declared here")
            yield _Site(value.spread, self.formulas.of_binding(binding, kind), one.unit, (label,), place)
        for let in self.model.lets:
            value = let.value
            if isinstance(value, tree.Value) and value.spread is not None:
                point = self.formulas.of_let(let)
                unit = self.model.let_units.get(let) or self._unit_of(point)
                yield _Site(value.spread, point, unit, (), Place(let.value_scope))

    def _unit_of(self, point: Formula) -> Unit | None:
        """A unit of the dimension of a point value that declares none."""
        dimension = self.formulas.checker.dimension(point)
        words = [] if dimension is None else self.formulas.units.words_of(dimension, 1)
        known = self.formulas.units.lookup(words[0]) if words else None
        return known if isinstance(known, Unit) else (_RATIO if dimension == RATIO else None)

    def _no_quantity(self, what: str, value: tree.Value) -> None:
        assert value.spread is not None
        title, span = f"{what} is no quantity and has no spread", value.spread.span
        self.found.append(diagnostic("V223", title, span, help=f"leave `~ {span.text}` out"))

    # ── one spread ──

    def _check(self, site: _Site) -> None:
        arguments = self._arguments(site.spread)
        if arguments is None:
            return
        known: dict[str, Formula] = {}
        for name, expr in arguments.items():
            formula = known[name] = self.formulas.lowering.lower(expr, site.place)
            self.formulas.lets_in(formula)
            unit, declared = (_RATIO, ()) if name == "cv" else (site.unit, site.declared)
            what = f"`{name}` of `{site.spread.name}`"
            if unit is not None and not self.formulas.checker.expect(formula, unit, "D202", what, *declared):
                return
        self.found += self._values(site, {name: constant(formula) for name, formula in known.items()})

    def _arguments(self, spread: tree.Call) -> dict[str, tree.Expr] | None:
        """The arguments of a spread by name; None, and said, where they are not those that it takes."""
        names = SPREADS.get(spread.name)
        if names is None:
            meant = _OTHER_NAMES.get(spread.name.lower()) or closest(spread.name, SPREADS)
            help = f"did you mean `{meant}`?" if meant else f"spreads: {', '.join(SPREADS)}"
            fix = Fix(spread.name_span, meant) if meant else None
            title = f"there is no spread `{spread.name}`"
            self.found.append(diagnostic("V223", title, spread.name_span, help=help, fix=fix))
            return None
        given: dict[str, tree.Expr] = {}
        for name, argument in zip(names, spread.arguments, strict=False):
            called = argument.name or (name if name in _BY_PLACE else None)
            if called in names and not isinstance(argument.value, tree.Test):
                given[called] = argument.value
        if len(given) == len(names) == len(spread.arguments):
            return given
        title = f"`{spread.name}` takes {' and '.join(f'`{n}`' for n in names)}"
        help, fix = f"write `{_written(spread.name, ['…'] * len(names))}`", None
        if len(spread.arguments) == 1 == len(names) and spread.arguments[0].name is None:
            mended = _written(spread.name, [spread.arguments[0].span.text])
            help, fix = f"write `{mended}`", Fix(spread.span, mended)
        self.found.append(diagnostic("V223", title, spread.span, help=help, fix=fix))
        return None

    def _values(self, site: _Site, known: dict[str, float | None]) -> Iterator[Diagnostic]:
        """What the constants among a spread's arguments, and its point value, show to be wrong."""
        spread, point = site.spread, constant(site.point)
        written = [a.value.span.text for a in spread.arguments]
        for name in ("sd", "cv"):
            value = known.get(name)
            if value is not None and value <= 0:
                title = f"the `{name}` of a spread is above zero, this is {written[0]}"
                yield diagnostic("V223", title, spread.arguments[0].span, help=f"leave `~ {spread.span.text}` out")
                return
        if spread.name == "lognormal" and point is not None and point <= 0:
            title = f"a lognormal needs a value above zero, this is {site.point.expr.span.text}"
            labels = (Label(spread.span), Label(site.point.expr.span, "the point value"))
            yield diagnostic("V223", title, *labels, help="for example `normal(sd = …)`")
        low, high = known.get("low"), known.get("high")
        if low is None or high is None:
            return
        if low >= high:
            ends = sorted(zip((low, high), written, strict=True))
            mended = _written(spread.name, [text for _, text in ends])
            if low == high:
                title, help, fix = f"`{spread.span.text}` has no width", f"leave `~ {spread.span.text}` out", None
            else:
                title = f"this spread runs from {written[0]} down to {written[1]}"
                help, fix = f"write `{mended}`", Fix(spread.span, mended)
            yield diagnostic("V223", title, spread.span, help=help, fix=fix)
        elif point is not None and not low - _SLACK * abs(low) <= point <= high + _SLACK * abs(high):
            text = site.point.expr.span.text
            title = f"{text} lies outside `{spread.span.text}`"
            labels = (Label(site.point.expr.span, "the point value"), Label(spread.span, "its spread"))
            near = written[0] if point < low else written[1]
            help = f"move the value, or widen the spread: {near} is its {'low' if point < low else 'high'} end"
            yield diagnostic("V222", title, *labels, help=help)


def _written(name: str, arguments: list[str]) -> str:
    parts = [
        value if argument in _BY_PLACE else f"{argument} = {value}"
        for argument, value in zip(SPREADS[name], arguments, strict=True)
    ]
    return f"{name}({', '.join(parts)})"
