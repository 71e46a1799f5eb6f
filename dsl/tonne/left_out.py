"""A factor left out: a field bound to what its own formula multiplies by a `once` factor, such as energy to IT energy.

Takes a `Model` and gives P308. A formula is a product of what it names; put in place of each field its own formulas, and
a field has many products. A binding that is one of them but for the `once` factor leaves it out. Nothing is known by name:
a kind of the file with a `once` of its own works the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.dimension import Dimension
from tonne.graph import LEAF, NUMBER, Node
from tonne.lower import Formula
from tonne.model import KindFormulas, Model, State
from tonne.names import Field, Instance, Let
from tonne.syntax import tree

# A product of more is not looked at: no formula of a kind is as long.
_MOST_FACTORS = 8
# Products of one field that are looked at, and that are made to find them.
_MOST_PRODUCTS, _MOST_MADE = 400, 4000
# An expression that is longer is not repeated in a help line.
_LONGEST = 60
_SUMS = ("+", "-", "neg", "abs", "sum", "mean", "min", "max")


class _Factor(NamedTuple):
    """A factor of a product: a field or, without one, a number; `power` is 1, or -1 where it divides."""

    field: Field | None
    dimension: Dimension | None
    power: int
    is_own: bool = False  # of the instance itself, so that its formulas may stand in its place

    @property
    def is_once(self) -> bool:
        return self.field is not None and self.field.declaration.once


_Product = tuple[_Factor, ...]


class _Once(NamedTuple):
    """A `once` factor: its field, whether it multiplies (1) or divides (-1), and the formula in which it stands."""

    name: str
    power: int
    formula: Formula


class _Way(NamedTuple):
    """A product that a field is, its `once` factor apart."""

    factors: _Product
    once: _Once | None = None


def left_out(model: Model) -> list[Diagnostic]:
    """P308 for each binding of the file that leaves out a factor which the formulas of its field have."""
    return [_said(*one) for one in _all(model)]


def factors_left_out(model: Model) -> dict[Instance, list[str]]:
    """The fields that are left out as factors somewhere in an instance."""
    found: dict[Instance, list[str]] = {}
    for state, _, _, _, once in _all(model):
        found.setdefault(state.instance, []).append(once.name)
    return found


def _all(model: Model) -> Iterator[tuple[State, str, Formula, _Product, _Once]]:
    """Each binding that lacks a factor: its field, its formula, what it is, and the factor."""
    ways: dict[tuple[int, str], _Ways] = {}
    for state in model.own_states():
        for name in state.instance.bindings:
            binding = state.instance.bindings[name]
            formula = model.binding_formulas.get(binding)
            if name not in state.instance.own or formula is None or not formula.references or formula.is_unknown:
                continue
            key = (id(state.formulas.alternatives), name)
            if key not in ways:
                ways[key] = _Ways(state.formulas, name)
            lacking = _lacking(model, formula.root, ways[key])
            if lacking is not None and lacking.once is not None and not _is_one(state, lacking.once):
                yield state, name, formula, lacking.factors, lacking.once


class _Ways:
    """The products that a field is: by its formulas, and by those of the fields in them."""

    def __init__(self, formulas: KindFormulas, name: str) -> None:
        self.formulas = formulas
        self.name = name
        self._products: dict[str, list[_Way]] = {}
        self._known: dict[int, list[_Way]] = {}

    def of(self, length: int) -> list[_Way]:
        """Those with so many factors; putting a product in the place of a factor makes none shorter."""
        if length not in self._known:
            self._known[length] = [way for way in self._up_to(length) if len(way.factors) == length]
        return self._known[length]

    def _up_to(self, length: int) -> Iterator[_Way]:
        waiting = [way for way in self._of_field(self.name) if len(way.factors) <= length]
        seen: set[tuple[tuple[int, int], ...]] = set()
        for way in waiting:  # grows while it is walked
            key = tuple(sorted((id(factor.field), factor.power) for factor in way.factors))
            if key in seen or len(seen) == _MOST_PRODUCTS:
                continue
            seen.add(key)
            yield way
            for at, factor in enumerate(way.factors):
                own = factor.field.name if factor.field is not None and factor.is_own else self.name
                for inner in self._of_field(own) if own != self.name and len(waiting) < _MOST_MADE else ():
                    # with two of them it would be an energy by way of itself, times the factor and divided by it
                    twice = inner.once is not None and way.once is not None
                    if len(inner.factors) + len(way.factors) <= length + 1 and not twice:
                        waiting.append(_put(inner, way, at))

    def _of_field(self, name: str) -> list[_Way]:
        if name not in self._products:
            formulas = self.formulas.alternatives[name]
            self._products[name] = [way for formula in formulas for way in _of_formula(formula)]
        return self._products[name]


def _put(inner: _Way, way: _Way, at: int) -> _Way:
    """A product with another one in the place of a factor."""
    power = way.factors[at].power
    inside = tuple(f._replace(power=f.power * power) for f in inner.factors)
    once = inner.once and inner.once._replace(power=inner.once.power * power)
    return _Way((*way.factors[:at], *inside, *way.factors[at + 1 :]), way.once or once)


def _of_formula(formula: Formula) -> Iterator[_Way]:
    """The product that a formula of a kind is, without its `once` factor; none where it is no product, or has several."""
    factors = _factors(formula.root)
    once = [f for f in factors or () if f.is_once and f.is_own]
    rest = tuple(f for f in factors or () if not f.is_once)
    if rest and len(once) <= 1 and len(rest) + len(once) == len(factors or ()):
        yield _Way(rest, *(_Once(f.field.name, f.power, formula) for f in once if f.field is not None))


def _factors(node: Node, model: Model | None = None) -> _Product | None:
    """The factors of a product; None for what is none. With a `model`, a `let` is what it is bound to."""
    found: list[_Factor] = []
    waiting = [(node, 1)]
    while waiting:
        one, power = waiting.pop()
        reference = one.payload if one.op == LEAF and one.payload.study is None else None
        if len(found) + len(waiting) >= _MOST_FACTORS:
            return None
        if one.op in ("*", "/"):
            waiting += [(one.args[1], power if one.op == "*" else -power), (one.args[0], power)]
        elif one.op == NUMBER:
            found.append(_Factor(None, one.payload.dimension, power))
        elif reference is not None and reference.field is not None and reference.field.unit is not None:
            found.append(_Factor(reference.field, reference.field.unit.dimension, power, reference.is_own))
        else:
            let = reference.root if reference is not None and model is not None else None
            formula = model.let_formulas.get(let) if model is not None and isinstance(let, Let) else None
            if formula is None or model is None or let in model.poisoned:
                return None
            waiting.append((formula.root, power))
    return tuple(found)


def _lacking(model: Model, node: Node, ways: _Ways) -> _Way | None:
    """The way that a formula, or each of its terms, is but for its `once` factor; None where it is a way as it stands.

    A term of another sort may be what the factor adds.
    """
    if node.op in _SUMS:
        found: _Way | None = None
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if one.op in _SUMS:
                waiting += one.args
                continue
            found = _lacking(model, one, ways)
            if found is None:
                return None
        return found
    factors = _factors(node, model)
    if not factors or any(f.is_once for f in factors) or all(f.field is None for f in factors):
        return None
    fitting = [way for way in ways.of(len(factors)) if _fit(factors, way.factors)]
    return fitting[0] if fitting and all(way.once is not None for way in fitting) else None


def _fit(factors: _Product, others: _Product) -> bool:
    """Whether a binding is a product: field for field, and a number for a field of its dimension."""
    left = list(others)
    for factor in sorted(factors, key=lambda f: f.field is None):
        fits = (o for o in left if o.power == factor.power and (o.field is factor.field or _may_be(factor, o)))
        other = next(fits, None)
        if other is None:
            return False
        left.remove(other)
    return not left


def _may_be(number: _Factor, other: _Factor) -> bool:
    return number.field is None and number.dimension == other.dimension


def _is_one(state: State, once: _Once) -> bool:
    """Whether the factor is given as 1, so that leaving it out changes nothing."""
    node = state.nodes.get(once.name)
    return node is not None and node.op == NUMBER and bool(node.payload.value == 1)


def _said(state: State, name: str, formula: Formula, factors: _Product, once: _Once) -> Diagnostic:
    factor, expr = once.name, formula.expr
    text = " ".join(expr.span.text.split())
    if len(text) > _LONGEST:
        text = "( … )"
    elif isinstance(expr, tree.Binary) and expr.operator in ("+", "-"):
        text = f"({text})"
    help = f"write `{text} {'*' if once.power > 0 else '/'} {factor}`"
    one = factors[0].field if len(factors) == 1 else None
    if one is not None and one.name in state.instance.kind.fields:
        help += f", or bind `{one.name}` to it"
    return diagnostic(
        "P308",
        f"`{state.instance.name}.{name}` leaves its `{factor}` out",
        Label(expr.span, f"without `{factor}`"),
        Label(once.formula.expr.span, f"`{factor}` is a factor here"),
        help=help,
    )
