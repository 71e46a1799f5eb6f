"""Elasticities of the free fields in the exponents and the shares of cost alone, as a paper gives them.

At a stationary point the two conditions are linear in the terms of objective and constraint. Where one side has two terms,
they follow from the shares of the other side's, and every elasticity is a quotient of exponents and shares, without any
number of the file. Takes a folded problem of two free fields; gives formulas, or None where neither side has two terms.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from tonne.symbolic import powers
from tonne.symbolic.fold import Folded
from tonne.symbolic.powers import Exponents, Powers


@dataclass(frozen=True, eq=False)
class Shares:
    """`of` holds (share, term); `elasticities` (coefficient, one formula a free field); all in `shares` and exponents.

    `curvature` is the second derivative along the constraint, in logarithms, over the total that the shares are of.
    """

    of_constraint: bool
    of: tuple[tuple[sp.Expr, sp.Expr], ...]
    elasticities: tuple[tuple[sp.Expr, tuple[sp.Expr, ...]], ...]
    curvature: sp.Expr


def in_shares(folded: Folded) -> Shares | None:
    f = folded.objective.powers
    g = None if folded.constraint is None else folded.constraint.powers
    if f is None or g is None or len(folded.free) != 2:
        return None
    none = (sp.S.Zero, sp.S.Zero)
    constant = -g.get(none, sp.S.Zero)
    f, g = ({p: c for p, c in side.items() if p != none} for side in (f, g))
    if g and all(c.is_negative for c in g.values()):
        g, constant = powers.scaled(g, sp.S.NegativeOne), -constant
    if constant == 0 or not all(c.is_positive for c in (*f.values(), *g.values())):
        return None
    sides = [(f, g, True), (g, f, False)]
    # The shares of the side whose terms mix the fields: those of cost, not of loss.
    for solved, shared, of_constraint in sorted(sides, key=lambda s: sum(e != 0 for p in s[0] for e in p)):
        if len(solved) == 2 and 1 <= len(shared) <= 3:
            found = _of(folded, solved, shared, of_constraint, constant)
            if found is not None:
                return found
    return None


def _of(folded: Folded, solved: Powers, shared: Powers, of_constraint: bool, constant: sp.Expr) -> Shares | None:
    (p, q) = solved
    determinant = sp.expand(p[0] * q[1] - p[1] * q[0])
    if determinant == 0:
        return None
    count = len(shared) - 1
    names = [sp.Symbol("phi" if count == 1 else f"phi_{i + 1}", positive=True) for i in range(count)]
    parts = [1 - sp.Add(*names), *names]
    sizes = dict(zip(shared, parts, strict=True))
    # The solved side's terms, with the multiplier and the total at one: they cancel the others' pull.
    pull = [-sp.Add(*(size * e[i] for e, size in sizes.items())) for i in (0, 1)]
    first = sp.factor((pull[0] * q[1] - pull[1] * q[0]) / determinant)
    second = sp.factor((pull[1] * p[0] - pull[0] * p[1]) / determinant)
    both = {p: first, q: second}
    f, g = (both, sizes) if of_constraint else (sizes, both)
    along = [sp.Add(*(size * e[i] for e, size in g.items())) for i in (0, 1)]
    tangent = (along[1], -along[0])
    curve = sp.Add(
        *(size * sp.expand(e[0] * tangent[0] + e[1] * tangent[1]) ** 2 for e, size in (*f.items(), *g.items()))
    )
    whole = sp.Add(*g.values())
    moved: list[tuple[sp.Expr, tuple[sp.Expr, ...]]] = []
    coefficients = {**(shared if not of_constraint else solved)}, {**(shared if of_constraint else solved)}
    for is_held, side, coefficient in ((False, f, coefficients[0]), (True, g, coefficients[1])):
        for e, size in side.items():
            answer = _answer(e, size, is_held, along, tangent, (f, g), curve)
            moved.append((coefficient[e], answer))
    moved.append((constant, _answer((sp.S.Zero, sp.S.Zero), -whole, True, along, tangent, (f, g), curve)))
    terms = tuple((size, powers.expression({e: shared[e]}, folded.free)) for e, size in sizes.items())
    return Shares(of_constraint, terms, tuple(moved), sp.factor(curve))


def _answer(
    exponents: Exponents,
    size: sp.Expr,
    is_held: bool,
    along: list[sp.Expr],
    tangent: tuple[sp.Expr, sp.Expr],
    sides: tuple[dict[Exponents, sp.Expr], dict[Exponents, sp.Expr]],
    curve: sp.Expr,
) -> tuple[sp.Expr, ...]:
    """The answer to one term's growing: back to the constraint, then along it. The way back moves one field alone."""
    moved = size if is_held else sp.S.Zero
    place = 0 if along[0] != 0 else 1
    back = [-moved / along[place] if i == place else sp.S.Zero for i in (0, 1)]
    force = size * (exponents[0] * tangent[0] + exponents[1] * tangent[1])
    for side in sides:
        for e, weight in side.items():
            force += weight * (e[0] * tangent[0] + e[1] * tangent[1]) * (e[0] * back[0] + e[1] * back[1])
    far = -force / curve
    return tuple(_tidy(b + far * t) for b, t in zip(back, tangent, strict=True))


def _tidy(value: sp.Expr) -> sp.Expr:
    """A quotient with no common factor."""
    over, under = sp.fraction(sp.cancel(sp.together(value)))
    return sp.factor(over) / sp.factor(under)
