"""Closed forms, where there are any: a condition of two powers, or a trinomial whose exponent gives a polynomial of low
degree.

Takes a folded problem and its condition; gives the trinomial v^rho = v + s that it reduces to, and the free fields as
explicit formulas, or nothing. The exponents are symbols; their present values only say which polynomial it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from tonne.symbolic import powers
from tonne.symbolic.eliminate import Condition, Path
from tonne.symbolic.fold import Folded
from tonne.symbolic.powers import Powers

V, S = sp.symbols("v s", positive=True)


@dataclass(frozen=True, eq=False)
class Trinomial:
    """first * y^(rho) = second * y + third for the kept field y; with y = scale * v it is v^rho = v + shift."""

    kept: int
    rho: sp.Expr
    first: sp.Expr
    second: sp.Expr
    third: sp.Expr

    @property
    def scale(self) -> sp.Expr:
        return gathered((self.second / self.first) ** (1 / sp.factor(self.rho - 1)))

    @property
    def shift(self) -> sp.Expr:
        return self.third / self.second


def explicit(condition: Condition) -> tuple[sp.Expr, ...] | None:
    """The kept field, and the other as a factor times a power of it, where the condition has two powers of the kept one."""
    if condition.above is None or condition.below is None:
        return None
    path, kept = condition.path, condition.kept
    factor, slope = sp.S.One, sp.S.Zero
    if path is not None:
        if len(path.over) != 1 or len(path.under) != 1:
            return None
        ((p, c),), ((q, d),) = path.over.items(), path.under.items()
        factor, slope = (c / d) ** (1 / path.power), sp.cancel((p[kept] - q[kept]) / path.power)
    sides = []
    for side in (condition.above, condition.below):
        groups: dict[sp.Expr, sp.Expr] = {}
        for p, c in side.items():
            by_path = sp.S.Zero if path is None else p[path.eliminated]
            exponent = sp.cancel(p[kept] + by_path * slope)
            groups[exponent] = groups.get(exponent, sp.S.Zero) + c * factor**by_path
        if len(groups) != 1:
            return None
        sides.append(next(iter(groups.items())))
    (p, c), (q, d) = ((exponent, sp.factor(coefficient)) for exponent, coefficient in sides)
    power = sp.cancel(p - q)
    if power == 0:
        return None
    value = (
        (d / c) ** (1 / sp.factor(power))
        if not power.could_extract_minus_sign()
        else (c / d) ** (1 / sp.factor(-power))
    )
    return (gathered(value),) if path is None else (gathered(value), factor, slope)


def trinomial(condition: Condition) -> Trinomial | None:
    """The condition as a trinomial of the kept field, where its path has one two-term sum below."""
    path, kept = condition.path, condition.kept
    if path is None or condition.above is None or condition.below is None:
        return None
    if len(path.over) != 1 or len(path.under) != 2:
        return None
    return _from_linear(condition, path, kept) or _from_proportional(condition, path, kept)


def _from_linear(condition: Condition, path: Path, kept: int) -> Trinomial | None:
    """Where the eliminated field enters as one over the path's own power: under / over takes its place."""
    assert condition.above is not None
    assert condition.below is not None
    ((p, c),) = path.over.items()
    inverse = {tuple(-e for e in p): 1 / c}
    total: Powers = {}
    for side, sign in ((condition.above, 1), (condition.below, -1)):
        for exponents, coefficient in side.items():
            by_path = exponents[path.eliminated]
            term = {tuple(e if i == kept else sp.S.Zero for i, e in enumerate(exponents)): sign * coefficient}
            if by_path != 0:
                if sp.expand(by_path + path.power) != 0:
                    return None
                term = powers.times(powers.times(term, path.under), inverse)
            total = powers.add(total, term)
    return _three_terms(total, kept)


def _from_proportional(condition: Condition, path: Path, kept: int) -> Trinomial | None:
    """Where the path's sum times the eliminated field is held: the sum is then a power of the kept field."""
    assert condition.above is not None
    assert condition.below is not None
    for side, other in ((condition.above, condition.below), (condition.below, condition.above)):
        groups = powers.by_exponent(side, path.eliminated)
        if len(groups) != 1 or len(other) != 1 or set(groups) != {sp.S.One}:
            continue
        ((q, level),) = other.items()
        (sums,) = groups.values()
        if any(e != 0 for e in q) or sums.keys() != path.under.keys():
            continue
        ratios = {sp.cancel(sums[e] / path.under[e]) for e in sums}
        if len(ratios) != 1:
            continue
        (ratio,) = ratios
        ((p, c),) = path.over.items()
        left = 1 - path.power
        if left == 0:
            return None
        first = (c * (ratio / level) ** path.power) ** (1 / left)
        whole = tuple(sp.factor(e / left) for e in p)
        return _three_terms(powers.add({whole: first}, powers.scaled(path.under, sp.S.NegativeOne)), kept)
    return None


def _three_terms(total: Powers, kept: int) -> Trinomial | None:
    if len(total) != 3:
        return None
    apart = {(p, q) for p in total for q in total if sp.expand(q[kept] - p[kept]) == 1}
    lowest = next((p for p, _ in apart if all(q != p for _, q in apart)), None)
    if lowest is None:
        return None
    by = {sp.factor(p[kept] - lowest[kept]): sp.factor(c) for p, c in total.items()}
    third, second = by.pop(sp.S.Zero), by.pop(sp.S.One)
    ((rho, first),) = by.items()
    if third.is_positive:
        first, second, third = -first, -second, -third
    return Trinomial(kept, rho, first, -second, -third)


# ── v^rho = v + s, where it is a polynomial of degree four at most ──


@dataclass(frozen=True, eq=False)
class Root:
    """v as a formula of s and of what `by` defines before it; where s is at most `below` it is `v_below`."""

    v: sp.Expr
    by: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    below: sp.Expr | None = None
    v_below: sp.Expr | None = None

    @property
    def whole(self) -> sp.Expr:
        found = self.v if self.below is None else sp.Piecewise((self.v_below, self.below >= S), (self.v, True))
        for symbol, value in reversed(self.by):
            found = found.xreplace({symbol: value})
        return found


_Z = sp.Symbol("z", positive=True)


def _cubic(p: sp.Expr, q: sp.Expr) -> sp.Expr:
    """The real root of z^3 + p z = q for positive p and q."""
    return 2 * sp.sqrt(p / 3) * sp.sinh(sp.asinh(3 * q / (2 * p) * sp.sqrt(3 / p)) / 3)


def _quartic(d: sp.Expr, sign: int) -> sp.Expr:
    """The positive root of z^4 + sign d z = e by Ferrari, with the root `_Z` of its resolvent Z^3 + 4 e Z = d^2."""
    root = sp.sqrt(_Z)
    return (-sign * root + sp.sqrt(2 * d / root - _Z)) / 2


def roots() -> dict[sp.Rational, Root]:
    """The exponents with a closed form, and its formula."""
    bend, size = 3 * sp.sqrt(3) / 2 * S, 2 / sp.sqrt(3)
    return {
        sp.Integer(2): Root((1 + sp.sqrt(1 + 4 * S)) / 2),
        sp.Integer(3): Root(
            size * sp.cosh(sp.acosh(bend) / 3), (), 2 * sp.sqrt(3) / 9, size * sp.cos(sp.acos(bend) / 3)
        ),
        sp.Integer(4): Root(_quartic(sp.S.One, -1), ((_Z, _cubic(4 * S, sp.S.One)),)),
        sp.Rational(3, 2): Root(_Z**-2, ((_Z, _cubic(1 / S, 1 / S)),)),
        sp.Rational(4, 3): Root(_quartic(1 / S, 1) ** -3, ((_Z, _cubic(4 / S, S**-2)),)),
    }


def gathered(value: sp.Expr) -> sp.Expr:
    """A product of powers with nested exponents multiplied out, and what has the same exponent under one."""
    flat = sp.powdenest(sp.expand_power_base(value, force=True), force=True)
    flat = flat.replace(lambda e: e.is_Pow, lambda e: e.base ** sp.factor(e.exp))
    return sp.powsimp(flat, combine="base", force=True)


def present(folded: Folded, expression: sp.Expr) -> float | None:
    """The present value of a formula of inputs, where it is one number."""
    inner = folded.in_inputs(expression)
    if not folded.values.keys() >= inner.free_symbols:
        return None
    value = inner.subs({symbol: sp.Float(folded.values[symbol], 17) for symbol in inner.free_symbols})
    return float(value) if value.is_finite and value.is_real else None


def root_of(rho: float) -> Root | None:
    """The closed form of an exponent, where the number is one of those to rounding."""
    return next((root for known, root in roots().items() if abs(float(known) - rho) <= 2e-15 * rho), None)
