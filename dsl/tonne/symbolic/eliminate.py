"""From the conditions of a stationary point to one equation in one variable.

Takes a `Folded` problem; gives what could be eliminated: the multiplier, one of two free fields (along the path that
stationarity leaves, else along the constraint), the condition that remains in t = ln(the kept field), and whether signs
prove that it has at most one root. Works on sums of powers; where the problem is none, it says that nothing could be
eliminated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp
from sympy.codegen.numpy_nodes import logaddexp

from tonne.symbolic import powers
from tonne.symbolic.fold import Folded
from tonne.symbolic.powers import Powers

T = sp.Symbol("t", real=True)


@dataclass(frozen=True, eq=False)
class Path:
    """One free field by the other: eliminated^power = over / under, where `over` and `under` are sums in the kept one."""

    eliminated: int
    power: sp.Expr
    over: Powers
    under: Powers
    by: str  # stationarity | constraint


@dataclass(frozen=True, eq=False)
class Condition:
    """above = below, and in logarithms value = ln(above) - ln(below), a function of `T`, the logarithm of the kept field.

    `above` and `below` are sums in the free fields, of which `path` eliminates one; `eliminated` is its logarithm by
    `T`. They are absent where the condition is no equation of two such sums. `slope` is the slope of `value`, or where
    it `falls` the slope with its sign changed, times a positive sum: all its terms are positive. It is absent where
    signs do not show that.
    """

    kept: int
    path: Path | None
    above: Powers | None
    below: Powers | None
    value: sp.Expr
    eliminated: sp.Expr | None
    isolated: tuple[int, sp.Expr] | None = None  # in place of `path`: the eliminated field, and what it is
    slope: Powers | None = None
    falls: bool = False
    is_convex: bool = False


def multiplied_out(folded: Folded) -> Powers | None:
    """What is zero once the multiplier is gone: x f_x * y g_y - y f_y * x g_x, in sums of powers."""
    if folded.constraint is None or folded.objective.powers is None or folded.constraint.powers is None:
        return None
    f, g = folded.objective.powers, folded.constraint.powers
    fx, fy, gx, gy = (powers.along(s, i) for s in (f, g) for i in (0, 1))
    crossed = powers.add(powers.times(fx, gy), powers.scaled(powers.times(fy, gx), sp.S.NegativeOne))
    return powers.times(crossed, powers.common_factor(crossed))


def eliminate(folded: Folded) -> Condition | None:
    return _of_powers(folded) or _of_expressions(folded)


def _of_powers(folded: Folded) -> Condition | None:
    f = folded.objective.powers
    g = None if folded.constraint is None else folded.constraint.powers
    if f is None or (folded.constraint is not None and g is None):
        return None
    if len(folded.free) == 1:
        return _condition(folded, 0, None, g if g is not None else powers.along(f, 0))
    if g is None:
        by_x, by_y = powers.along(f, 0), powers.along(f, 1)
        return _along(folded, [(by_x, by_y), (by_y, by_x)], "stationarity")
    crossed = multiplied_out(folded)
    assert crossed is not None
    on_path = _along(folded, [(crossed, g)], "stationarity")
    return on_path or _along(folded, [(g, crossed)], "constraint")


def _of_expressions(folded: Folded) -> Condition | None:
    """The condition where the problem is no sum of powers: written plainly, along the constraint if there is one."""
    free, f = folded.free, folded.objective.expression
    g = None if folded.constraint is None else folded.constraint.expression
    if len(free) == 1:
        plain = free[0] * sp.diff(f, free[0]) if g is None else g
        value = _balanced(sp.Add.make_args(sp.expand(folded.in_inputs(plain))), {free[0]: sp.exp(T)})
        return Condition(0, None, None, None, value, None) if _is_finite(value) else None
    if g is None:
        return None
    fx, fy, gx, gy = (x * sp.diff(side, x) for side in (f, g) for x in free)
    for place, kept in ((0, 1), (1, 0)):
        found = _logarithm_on(folded, place)
        if found is None:
            continue
        path, eliminated, plain = found
        at = {free[kept]: sp.exp(T), free[place]: sp.exp(eliminated)}
        value = _balanced([folded.in_inputs(side) for side in (fx * gy, -fy * gx)], at)
        if _is_finite(value):
            return Condition(kept, path, None, None, value, eliminated, None if plain is None else (place, plain))
    return None


def _balanced(terms: Iterable[sp.Expr], at: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """A sum over the sum of the sizes of its terms: between -1 and 1 in whatever units."""
    placed = [term.xreplace(at) for term in terms]
    return sp.Add(*placed) / sp.Add(*map(sp.Abs, placed))


def _logarithm_on(folded: Folded, place: int) -> tuple[Path | None, sp.Expr, sp.Expr | None] | None:
    """The logarithm of one field by the other's, from a constraint with two powers of it or linear in it; and what it
    is then."""
    assert folded.constraint is not None
    kept, x = 1 - place, folded.free[place]
    if folded.constraint.powers is not None:
        path = _isolated(folded.constraint.powers, place, "constraint")
        logarithm = None if path is None else _log_path(folded, path, kept)
        return None if logarithm is None or not _is_finite(logarithm) else (path, logarithm, None)
    slope = sp.diff(folded.constraint.expression, x)
    if slope == 0 or slope.has(x):
        return None
    rest = sp.expand(slope * x - folded.constraint.expression)
    sides = (folded.in_inputs(side).xreplace({folded.free[kept]: sp.exp(T)}) for side in (rest, slope))
    over, under = map(_log_if_positive, sides)
    return (None, over - under, rest / slope) if _is_finite(over, under) else None


def _along(folded: Folded, pairs: list[tuple[Powers, Powers]], by: str) -> Condition | None:
    """The condition from two equations: the first is solved for one field, the second becomes the condition."""
    for is_definite in (True, False):
        for solved, remaining in pairs:
            for place in (0, 1):
                path = _isolated(solved, place, by)
                if path is None or (_is_definite(path) is not is_definite):
                    continue
                if not is_definite and by == "stationarity" and folded.constraint is not None:
                    continue
                found = _condition(folded, 1 - place, path, remaining)
                if found is not None:
                    return found
    return None


def _isolated(equation: Powers, place: int, by: str) -> Path | None:
    """An equation of two powers of one field, solved for it."""
    groups = powers.by_exponent(equation, place)
    if len(groups) != 2:
        return None
    (p, a), (q, b) = groups.items()
    if all(c.is_negative for c in a.values()) or not any(c.is_negative for c in b.values()):
        a, b = powers.scaled(a, sp.S.NegativeOne), powers.scaled(b, sp.S.NegativeOne)
    power, over, under = p - q, powers.scaled(b, sp.S.NegativeOne), a
    if power.could_extract_minus_sign():
        power, over, under = -power, under, over
    return Path(place, power, *_reduced(over, under), by)


def _reduced(over: Powers, under: Powers) -> tuple[Powers, Powers]:
    """A quotient of sums without what is a factor of both, and with no factor left below that all terms there share."""
    factor = powers.times(powers.common_factor(under), powers.lowest(under))
    return powers.times(over, factor), powers.times(under, factor)


def _is_definite(path: Path) -> bool:
    return all(c.is_positive for side in (path.over, path.under) for c in side.values())


def _condition(folded: Folded, kept: int, path: Path | None, equation: Powers) -> Condition | None:
    split = powers.halves(equation)
    if split is None or not all(split):
        return None
    above, below = split
    eliminated = None
    if path is not None:
        eliminated = _log_path(folded, path, kept)
        if not _is_finite(eliminated):
            return None
        shift = _largest(path.eliminated, above, below) if path.by == "constraint" else sp.S.Zero
        above_, below_ = (_shifted(side, path.eliminated, shift) for side in (above, below))
    else:
        above_, below_ = above, below
    other = None if path is None else (path.eliminated, eliminated)
    value = _log(folded, above_, kept, other) - _log(folded, below_, kept, other)
    if not _is_finite(value):
        return None
    slope, falls = _slope(path, kept, above, below)
    return Condition(kept, path, above, below, value, eliminated, None, slope, falls, _is_convex(folded))


def _log_path(folded: Folded, path: Path, kept: int) -> sp.Expr:
    return (_log(folded, path.over, kept) - _log(folded, path.under, kept)) / folded.in_inputs(path.power)


def _largest(place: int, *sides: Powers) -> sp.Expr:
    """The exponent of a field that is largest for certain, so that no infinity is taken from another."""
    exponents = {p[place] for side in sides for p in side}
    return next((e for e in exponents if all((e - o).is_nonnegative for o in exponents)), sp.S.Zero)


def _shifted(side: Powers, place: int, shift: sp.Expr) -> Powers:
    return {tuple(e - shift if i == place else e for i, e in enumerate(p)): c for p, c in side.items()}


def _log(folded: Folded, terms: Powers, kept: int, other: tuple[int, sp.Expr | None] | None = None) -> sp.Expr:
    """The logarithm of a sum of positive terms: of each term, then added up without leaving logarithms."""
    if not powers.halves(terms) or powers.halves(terms)[1]:  # type: ignore[index]
        plain = powers.expression(terms, [sp.exp(T) if i == kept else sp.S.One for i in range(len(folded.free))])
        return _log_if_positive(folded.in_inputs(plain))
    logs = []
    for p, c in terms.items():
        exponents = c * 0 + p[kept] * T
        if other is not None:
            exponents += p[other[0]] * other[1]
        logs.append(_log_of_coefficient(folded, c) + exponents)
    total = logs[0]
    for one in logs[1:]:
        total = logaddexp(total, one)
    return total


def _log_of_coefficient(folded: Folded, coefficient: sp.Expr) -> sp.Expr:
    factors = coefficient.as_powers_dict()
    certain = sp.Mul(*(b**e for b, e in factors.items() if b not in folded.uncertain))
    parts = [e * _log_if_positive(folded.in_inputs(b)) for b, e in factors.items() if b in folded.uncertain]
    return sp.Add(sp.log(folded.in_inputs(certain)), *parts)


def _log_if_positive(x: sp.Expr) -> sp.Expr:
    """The logarithm; what cannot be made has -inf, and the condition no root."""
    part = (x + sp.Abs(x)) / 2
    return -sp.oo if sp.expand(part) == 0 else sp.log(part)


def _is_finite(*parts: sp.Expr) -> bool:
    """Whether signs alone do not already show that there is no such point."""
    return not any(part.has(sp.oo, -sp.oo, sp.zoo, sp.nan) for part in parts)


# ── uniqueness ──


def _slope(path: Path | None, kept: int, above: Powers, below: Powers) -> tuple[Powers | None, bool]:
    """The slope of the condition times a positive sum, and whether it falls; none where its terms have several signs.

    Its slope is the sum over all pairs above_i * below_j of the differences of their slopes, over above * below; the slope of
    the path is a quotient of sums in the kept field. All denominators are positive, so the signs of the numerator's
    coefficients decide.
    """
    slope_over: Powers = {}
    slope_under: Powers = {(sp.S.Zero,) * len(next(iter(above))): sp.S.One}
    if path is not None:
        if not _is_definite(path) or path.power.is_positive is not True:
            return None, False
        over, under = path.over, path.under
        slope_over = powers.add(
            powers.times(powers.along(over, kept), under),
            powers.scaled(powers.times(powers.along(under, kept), over), sp.S.NegativeOne),
        )
        slope_under = powers.scaled(powers.times(over, under), path.power)
    total: Powers = {}
    for p, c in above.items():
        for q, d in below.items():
            by_path = sp.S.Zero if path is None else sp.expand(p[path.eliminated] - q[path.eliminated])
            slope = powers.add(
                powers.scaled(slope_over, by_path), powers.scaled(slope_under, sp.expand(p[kept] - q[kept]))
            )
            total = powers.add(total, powers.times(powers.times({p: c}, {q: d}), slope))
    total = {p: sp.factor(c) for p, c in total.items()}
    total = {p: c for p, c in total.items() if c != 0}
    falls = all(c.is_negative for c in total.values())
    if not total or not (falls or all(c.is_positive for c in total.values())):
        return None, False
    return powers.lowered(powers.scaled(total, sp.S.NegativeOne) if falls else total), falls


def _is_convex(folded: Folded) -> bool:
    """Whether the problem is convex in the logarithms of the free fields, with a multiplier that is positive for certain.

    Sums of exponentials with positive coefficients are convex. The objective then has one least point on the
    constraint, where the terms pull in directions that span all free fields and every stationary point has a positive
    multiplier.
    """
    f, g = folded.objective.powers, None if folded.constraint is None else folded.constraint.powers
    none = (sp.S.Zero,) * len(folded.free)
    moving_f = {p: c for p, c in (f or {}).items() if p != none}
    moving_g = {p: c for p, c in (g or {}).items() if p != none}
    if g and all(c.is_negative for c in moving_g.values()):
        moving_g = powers.scaled(moving_g, sp.S.NegativeOne)
    if not moving_f or not all(c.is_positive for c in (*moving_f.values(), *moving_g.values())):
        return False
    if g is not None and not _is_opposed(moving_f, moving_g):
        return False
    directions = [*moving_f, *moving_g]
    return len(folded.free) == 1 or any(
        sp.expand(p[0] * q[1] - p[1] * q[0]) != 0 for p in directions for q in directions
    )


def _is_opposed(f: Powers, g: Powers) -> bool:
    """Whether in one free field one of the two only falls and the other only rises."""
    for place in range(len(next(iter(f)))):
        falls, rises = ({p[place] for p in side if p[place] != 0} for side in (f, g))
        if falls and rises:
            if all(e.is_negative for e in falls) and all(e.is_positive for e in rises):
                return True
            if all(e.is_positive for e in falls) and all(e.is_negative for e in rises):
                return True
    return False
