"""A factor left out: a field bound to what its own formula multiplies by a `once` factor, such as energy to IT energy.

Takes a `Model` and gives P308. A formula is a product of what it names; put in place of each field its own formulas, and
a field has many products. A binding that is one of them but for the `once` factor leaves it out. Nothing is known by name:
a kind of the file with a `once` of its own works the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.dimension import Dimension
from tonne.graph import LEAF, NUMBER, OVER_LISTS, Node
from tonne.lower import Formula
from tonne.model import KindFormulas, Model, State
from tonne.names import Field, Let
from tonne.syntax import tree

# A product of more is not looked at: no formula of a kind is as long.
_MOST_FACTORS = 8
# Products of one field that are looked at.
_MOST_PRODUCTS = 400


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


class _Way(NamedTuple):
    """A product that a field is, and the formula in which its `once` factor stands, if it has one."""

    factors: _Product
    once: _Factor | None = None
    formula: Formula | None = None


def left_out(model: Model) -> list[Diagnostic]:
    """P308 for each binding of the file that leaves out a factor which the formulas of its field have."""
    ways: dict[tuple[int, str], list[_Way]] = {}
    found: list[Diagnostic] = []
    for state in model.own_states():
        for name in state.instance.bindings:
            binding = state.instance.bindings[name]
            formula = model.binding_formulas.get(binding)
            if name not in state.instance.own or formula is None or not formula.references or formula.is_unknown:
                continue
            key = (id(state.formulas.alternatives), name)
            if key not in ways:
                ways[key] = list(_ways(state.formulas, name))
            if any(way.once is not None for way in ways[key]):
                way = _lacking(model, formula.root, ways[key])
                if way is not None and not _is_one(state, way):
                    found.append(_said(state, name, formula, way))
    return found


def _ways(formulas: KindFormulas, name: str) -> Iterator[_Way]:
    """The products that a field is, the shortest first: by its formulas, and by those of the fields in them."""
    waiting = [way for formula in formulas.alternatives[name] for way in _of_formula(formula)]
    seen: set[frozenset[tuple[int, int, int]]] = set()
    for way in waiting:  # grows while it is walked
        counts: dict[tuple[int, int], int] = {}
        for factor in way.factors:
            counts[id(factor.field), factor.power] = counts.get((id(factor.field), factor.power), 0) + 1
        key = frozenset((*one, count) for one, count in counts.items())
        if key in seen or len(seen) == _MOST_PRODUCTS:
            continue
        seen.add(key)
        yield way
        for at, factor in enumerate(way.factors):
            own = factor.field.name if factor.field is not None and factor.is_own else name
            for formula in formulas.alternatives[own] if own != name else ():
                for inner in _of_formula(formula):
                    if way.once is not None and inner.once is not None:
                        continue  # an energy by way of itself: times the factor, and divided by it
                    inside = tuple(f._replace(power=f.power * factor.power) for f in inner.factors)
                    factors = (*way.factors[:at], *inside, *way.factors[at + 1 :])
                    once = inner.once and inner.once._replace(power=inner.once.power * factor.power)
                    if len(factors) <= _MOST_FACTORS:
                        waiting.append(_Way(factors, way.once or once, way.formula or inner.formula))


def _of_formula(formula: Formula) -> Iterator[_Way]:
    """The product that a formula of a kind is, without its `once` factor; none where it is no product, or has several."""
    factors = _factors(formula.root, 1)
    once = [f for f in factors or () if f.is_once and f.is_own]
    rest = tuple(f for f in factors or () if not f.is_once)
    if rest and len(once) <= 1 and len(rest) + len(once) == len(factors or ()):
        yield _Way(rest, once[0], formula) if once else _Way(rest)


def _factors(node: Node, power: int, model: Model | None = None) -> _Product | None:
    """The factors of a product; None for what is none. With a `model`, a `let` is what it is bound to."""
    if node.op in ("*", "/"):
        left = _factors(node.args[0], power, model)
        right = _factors(node.args[1], power if node.op == "*" else -power, model)
        together = None if left is None or right is None else (*left, *right)
        return together if together is not None and len(together) <= _MOST_FACTORS else None
    if node.op == NUMBER:
        return (_Factor(None, node.payload.dimension, power),)
    if node.op != LEAF or node.payload.study is not None:
        return None
    reference = node.payload
    if reference.field is not None and reference.field.unit is not None:
        return (_Factor(reference.field, reference.field.unit.dimension, power, reference.is_own),)
    let = reference.root if isinstance(reference.root, Let) and model is not None else None
    inner = model.let_formulas.get(let) if model is not None and let is not None and let not in model.poisoned else None
    return None if inner is None else _factors(inner.root, power, model)


def _lacking(model: Model, node: Node, ways: Sequence[_Way]) -> _Way | None:
    """The way that a formula, or a term of it, is but for its `once` factor; None where it is a way as it stands."""
    if node.op in ("+", "-", "neg", "abs", *OVER_LISTS):
        terms = (_lacking(model, arg, ways) for arg in node.args)
        return next((way for way in terms if way is not None), None)
    factors = _factors(node, 1, model)
    if not factors or any(f.is_once for f in factors) or all(f.field is None for f in factors):
        return None
    fitting = [way for way in ways if _fit(factors, way.factors)]
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


def _is_one(state: State, way: _Way) -> bool:
    """Whether the factor is given as 1, so that leaving it out changes nothing."""
    node = state.nodes.get(way.once.field.name) if way.once is not None and way.once.field is not None else None
    return node is not None and node.op == NUMBER and bool(node.payload.value == 1)


def _said(state: State, name: str, formula: Formula, way: _Way) -> Diagnostic:
    assert way.once is not None and way.once.field is not None and way.formula is not None
    factor = way.once.field.name
    expr = formula.expr
    text = " ".join(expr.span.text.split())
    if isinstance(expr, tree.Binary) and expr.operator in ("+", "-"):
        text = f"({text})"
    help = f"write `{text} {'*' if way.once.power > 0 else '/'} {factor}`"
    one = way.factors[0].field if len(way.factors) == 1 else None
    if one is not None and one.name in state.instance.kind.fields:
        help += f", or bind `{one.name}` to it"
    return diagnostic(
        "P308",
        f"`{state.instance.name}.{name}` leaves its `{factor}` out",
        Label(expr.span, f"without `{factor}`"),
        Label(way.formula.expr.span, f"`{factor}` is a factor here"),
        help=help,
    )
