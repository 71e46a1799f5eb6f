"""The structured family recognised: L = E + A x^-a + B y^-b against cost = x (u y + w) + k.

Takes a `Folded` problem whose sides are sums of powers; gives its `Structure` in symbols, or None. It looks at exponents and
signs alone: which side is the loss, and which field is x, is found and not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from tonne.problem import Family
from tonne.symbolic import powers
from tonne.symbolic.fold import Folded
from tonne.symbolic.functions import function
from tonne.symbolic.powers import Powers


@dataclass(frozen=True, eq=False)
class Structure:
    """The family's parts as the problem has them, in the symbols of inputs and of coefficients."""

    problem: str
    x: int
    y: int
    A: sp.Expr
    B: sp.Expr
    a: sp.Expr
    b: sp.Expr
    u: sp.Expr
    w: sp.Expr

    def family(self, folded: Folded) -> Family:
        """As a function of the inputs."""
        loss, cost, level = _constants(folded, self.problem)
        parts = (self.A, self.B, loss, self.a, self.b, self.u, self.w, cost, level)
        return Family(self.problem, self.x, self.y, function(folded.inputs, tuple(map(folded.in_inputs, parts))))


def structure(folded: Folded) -> Structure | None:
    f = folded.objective.powers
    g = None if folded.constraint is None else folded.constraint.powers
    if f is None or g is None or len(folded.free) != 2 or folded.sign != 1:
        return None
    none = (sp.S.Zero, sp.S.Zero)
    f, g = ({p: c for p, c in side.items() if p != none} for side in (f, g))
    if g and all(c.is_negative for c in g.values()):
        g = powers.scaled(g, sp.S.NegativeOne)
    for problem, loss, cost in (("least-loss", f, g), ("least-cost", g, f)):
        law = _law(loss)
        if law is None:
            continue
        for x, y in ((0, 1), (1, 0)):
            price = _price(cost, x, y)
            if price is not None:
                (A, a), (B, b) = law[x], law[y]
                return Structure(problem, x, y, A, B, a, b, *price)
    return None


def _law(terms: Powers) -> dict[int, tuple[sp.Expr, sp.Expr]] | None:
    """Place → coefficient and exponent of the two falling powers."""
    found: dict[int, tuple[sp.Expr, sp.Expr]] = {}
    for exponents, coefficient in terms.items():
        places = [i for i, e in enumerate(exponents) if e != 0]
        if len(places) != 1 or not exponents[places[0]].is_negative or not coefficient.is_positive:
            return None
        found[places[0]] = coefficient, -exponents[places[0]]
    return found if len(found) == 2 and len(terms) == 2 else None


def _price(terms: Powers, x: int, y: int) -> tuple[sp.Expr, sp.Expr] | None:
    """u and w of x (u y + w); w may be absent."""
    product = (sp.S.One, sp.S.One)
    alone = tuple(sp.Integer(i == x) for i in (0, 1))
    if not {product} <= set(terms) <= {product, alone} or not all(c.is_positive for c in terms.values()):
        return None
    if alone not in terms and x > y:
        return None  # the other way round is the same, and came first
    return terms[product], terms.get(alone, sp.S.Zero)


def _constants(folded: Folded, problem: str) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """The constants of loss and cost, and the level held: those of the file's two sides where one of them is fixed."""
    none = (sp.S.Zero, sp.S.Zero)
    f, g, sides = folded.objective.powers, folded.constraint, folded.sides
    assert f is not None
    assert g is not None
    assert g.powers is not None
    assert sides is not None
    rising = any(c.is_positive for p, c in g.powers.items() if p != none)
    moving, fixed = sides if rising else sides[::-1]
    if fixed.expression.has(*folded.free) or moving.powers is None:
        held, level = sp.S.Zero, g.powers.get(none, sp.S.Zero) * (-1 if rising else 1)
    else:
        held, level = moving.powers.get(none, sp.S.Zero), fixed.expression
    of_objective = f.get(none, sp.S.Zero)
    return (of_objective, held, level) if problem == "least-loss" else (held, of_objective, level)
