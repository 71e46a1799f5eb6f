"""Sums of power terms: coefficient * x^p * y^q, with coefficients and exponents as sympy expressions.

A sum is a dictionary from the exponents of the free fields to the coefficient; the fields are positive. In their logarithms
differentiation multiplies each term by an exponent, so that nothing here needs expanding or simplifying.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import sympy as sp

Exponents = tuple[sp.Expr, ...]
Powers = dict[Exponents, sp.Expr]


def add(*sums: Powers) -> Powers:
    total: Powers = {}
    for one in sums:
        for exponents, coefficient in one.items():
            total[exponents] = total[exponents] + coefficient if exponents in total else coefficient
    return {exponents: coefficient for exponents, coefficient in total.items() if coefficient != 0}


def times(a: Powers, b: Powers) -> Powers:
    return add(*({_plus(p, q): c * d} for p, c in a.items() for q, d in b.items()))


def scaled(a: Powers, factor: sp.Expr) -> Powers:
    return {p: c * factor for p, c in a.items()}


def to_the(a: Powers, exponent: sp.Expr) -> Powers | None:
    """A power of a sum; None where that is no sum of powers."""
    if len(a) == 1:
        ((p, c),) = a.items()
        if c.is_positive or (exponent.is_Integer and c.is_zero is False):
            return {tuple(sp.expand(e * exponent) for e in p): c**exponent}
    if exponent in (2, 3):
        return reduce(times, [a] * int(exponent))
    return None


def along(a: Powers, place: int) -> Powers:
    """The derivative by the logarithm of one free field."""
    return {p: c * p[place] for p, c in a.items() if p[place] != 0}


def derivative(a: Powers, place: int) -> Powers:
    """The derivative by one free field."""
    return {tuple(e - 1 if i == place else e for i, e in enumerate(p)): c for p, c in along(a, place).items()}


def by_exponent(a: Powers, place: int) -> dict[sp.Expr, Powers]:
    """The terms in groups of the same exponent of one free field, which is left out of the terms (put to zero)."""
    groups: dict[sp.Expr, Powers] = {}
    for p, c in a.items():
        rest = tuple(sp.S.Zero if i == place else e for i, e in enumerate(p))
        groups.setdefault(p[place], {})[rest] = c
    return groups


def halves(a: Powers) -> tuple[Powers, Powers] | None:
    """The positive terms, and the negative ones with their signs changed; None where a sign is not known."""
    above = {p: c for p, c in a.items() if c.is_positive}
    below = {p: -c for p, c in a.items() if c.is_negative}
    return (above, below) if len(above) + len(below) == len(a) else None


def common_factor(a: Powers) -> Powers:
    """One over the positive symbols that are a factor of each coefficient, or divide each, as a sum of one term."""
    factors = [c.as_powers_dict() for c in a.values()]
    shared = sp.S.One
    for base in factors[0] if factors else ():
        exponents = [f.get(base, sp.S.Zero) for f in factors]
        if base.is_Symbol and base.is_positive and all(e.is_Integer for e in exponents):
            if all(e > 0 for e in exponents):
                shared *= base ** min(exponents)
            elif all(e < 0 for e in exponents):
                shared *= base ** max(exponents)
    return {(sp.S.Zero,) * len(next(iter(a), ())): 1 / shared}


def lowest(a: Powers) -> Powers:
    """One over the lowest powers of the free fields, as a sum of one term; one where no term is the lowest for certain."""
    least = next((p for p in a if all((e - d).is_nonnegative for q in a for d, e in zip(p, q, strict=True))), None)
    return {tuple(-e for e in least or (sp.S.Zero,) * len(next(iter(a)))): sp.S.One}


def lowered(a: Powers) -> Powers:
    """A sum without what all its terms share."""
    return times(times(a, common_factor(a)), lowest(a))


def expression(a: Powers, free: Iterable[sp.Symbol]) -> sp.Expr:
    names = tuple(free)
    return sp.Add(*(c * sp.Mul(*(x**e for x, e in zip(names, p, strict=True))) for p, c in a.items()))


def _plus(p: Exponents, q: Exponents) -> Exponents:
    return tuple(sp.expand(a + b) for a, b in zip(p, q, strict=True))
