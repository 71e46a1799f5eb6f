"""Formulas as functions on numpy: objective, constraint, condition, elasticities.

Takes a `Folded` problem and what was found about it; gives the vectorised functions of `Compiled`. Numbers enter only
here, as arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

import sympy as sp
from sympy.codegen.numpy_nodes import logaddexp as sp_logaddexp
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.precedence import PRECEDENCE

from tonne.numeric.logarithms import logaddexp
from tonne.problem import Compiled, Family
from tonne.symbolic.eliminate import Condition, T
from tonne.symbolic.fold import Folded

LAMBDA = sp.Symbol("lambda", real=True)
# Functions that are kept, for the next problem of the same form.
_KEPT = 256


class _Printer(NumPyPrinter):  # type: ignore[misc]
    """numpy divides three times as fast as it takes a power of -1."""

    def _print_Pow(self, expr: sp.Pow, **settings: Any) -> str:
        if expr.exp == -1:
            return f"(1 / {self.parenthesize(expr.base, PRECEDENCE['Pow'])})"
        return str(super()._print_Pow(expr, **settings))


@lru_cache(_KEPT)
def _made(arguments: tuple[sp.Symbol, ...], value: Any) -> Callable[..., Any]:
    """One function for all problems of a file that have the same formula in the same names."""
    modules, printer = [{"logaddexp": logaddexp}, "numpy"], _Printer({"fully_qualified_modules": False, "inline": True})
    return sp.lambdify(arguments, value, modules=modules, printer=printer, cse=True)  # type: ignore[no-any-return]


def later(arguments: Iterable[sp.Symbol], formula: Callable[[], Any]) -> Callable[..., Any]:
    """A formula, or a tuple of formulas, as a function that is made when it is first called; most are not, and to write one
    out takes long. What several formulas share is evaluated once."""
    symbols = tuple(arguments)

    @cache
    def made() -> Callable[..., Any]:
        return _made(symbols, formula())

    return lambda *values: made()(*values)


def function(arguments: Iterable[sp.Symbol], value: Any) -> Callable[..., Any]:
    return later(arguments, lambda: value)


def functions_of(
    variable: sp.Symbol, inputs: Iterable[sp.Symbol], values: Sequence[Any]
) -> Callable[..., tuple[Callable[[Any], Any], ...]]:
    """Formulas, or tuples of them, as functions of the variable, once inputs are given.

    What the variable does not enter is evaluated once.
    """
    fixed: dict[sp.Expr, sp.Symbol] = {}

    def moving(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(map(moving, part))
        if part.is_Number:
            return part
        if not part.has(variable):
            return fixed.setdefault(part, sp.Dummy(real=True))
        if part.is_Add or part.is_Mul:
            still, rest = part.as_independent(variable, as_Add=part.is_Add)
            return part.func(moving(still), *map(moving, part.func.make_args(rest)))
        return part.func(*map(moving, part.args)) if part.args else part

    @cache
    def made() -> tuple[Callable[..., Any], list[Callable[..., Any]]]:
        moved = list(map(moving, values))
        return function(inputs, tuple(fixed)), [function((variable, *fixed.values()), value) for value in moved]

    def given(*known: Any) -> tuple[Callable[[Any], Any], ...]:
        prepare, follow = made()
        prepared = prepare(*known)
        return tuple(lambda at, one=one: one(at, *prepared) for one in follow)

    return given


def slope(part: sp.Expr) -> sp.Expr:
    """The derivative by T, with one exponential for each `logaddexp`, whose two weights make one."""
    if not part.has(T):
        return sp.S.Zero
    if isinstance(part, sp_logaddexp):
        one, other = part.args
        along = slope(other)
        return along + (slope(one) - along) / (1 + sp.exp(other - one))
    if part.is_Add:
        return sp.Add(*map(slope, part.args))
    if part.is_Mul:
        still, rest = part.as_independent(T, as_Add=False)
        if not rest.is_Mul:
            return still * slope(rest)
    return sp.diff(part, T)


def compiled(folded: Folded, condition: Condition | None, family: Family | None) -> Compiled:
    inputs, free = tuple(folded.inputs), folded.free
    f = folded.in_inputs(folded.objective.expression)
    g = None if folded.constraint is None else folded.in_inputs(folded.constraint.expression)
    lagrangian = f if g is None else f + LAMBDA * g
    pairs = [(a, b) for i, a in enumerate(free) for b in free[i:]]
    here = (T, *inputs)
    at = (*free, *inputs)
    return Compiled(
        inputs=tuple(folded.inputs.values()),
        sign=folded.sign,
        objective=function(at, f),
        objective_gradient=function(at, tuple(sp.diff(f, x) for x in free)),
        constraint=None if g is None else function(at, g),
        constraint_gradient=None if g is None else function(at, tuple(sp.diff(g, x) for x in free)),
        lagrangian_hessian=later((*free, LAMBDA, *inputs), lambda: tuple(sp.diff(lagrangian, a, b) for a, b in pairs)),
        kept=None if condition is None else condition.kept,
        condition=None if condition is None else function(here, condition.value),
        condition_slope=None if condition is None else later(here, lambda: slope(condition.value)),
        eliminated=None
        if condition is None or condition.eliminated is None
        else function(here, sp.exp(condition.eliminated)),
        is_monotone=condition is not None and (condition.slope is not None or condition.is_convex),
        is_convex=condition is not None and condition.is_convex,
        family=family,
        elasticities=elasticities(f, g, free, inputs),
        condition_at=None if condition is None else _condition_at(condition, inputs),
    )


def _condition_at(condition: Condition, inputs: Sequence[sp.Symbol]) -> Callable[..., Any]:
    both = (condition.value, slope(condition.value))
    return functions_of(T, inputs, [both] if condition.eliminated is None else [both, sp.exp(condition.eliminated)])


# ── how a solution answers ──


def elasticities(
    f: sp.Expr, g: sp.Expr | None, free: Sequence[sp.Symbol], inputs: Sequence[sp.Symbol]
) -> Callable[..., tuple[tuple[Any, ...], ...]]:
    """d ln(free) / d ln(input) at a stationary point, by implicit differentiation of its conditions.

    In the logarithms of the free fields, and along the constraint, so that neither the units nor the sizes of objective and
    constraint enter: nothing is squared that could be too large. sympy takes the derivatives; what follows from them is
    reckoned in numbers, since written out as one formula it is long.
    """
    lagrangian = f if g is None else f + LAMBDA * g

    def derivatives() -> Any:
        slopes = [x * sp.diff(lagrangian, x) for x in free]
        curves = tuple(tuple(y * sp.diff(one, y) for y in free) for one in slopes)
        pushes = tuple(tuple(p * sp.diff(one, p) for one in slopes) for p in inputs)
        along = () if g is None else tuple(x * sp.diff(g, x) for x in free)
        moved = () if g is None else tuple(p * sp.diff(g, p) for p in inputs)
        return curves, pushes, along, moved

    known = later((*free, LAMBDA, *inputs), derivatives)

    def answers(*values: Any) -> tuple[tuple[Any, ...], ...]:
        curves, pushes, along, moved = known(*values)
        try:
            found = [
                _on_constraint(curves, push, along, moved[i]) if along else _unconstrained(curves, push)
                for i, push in enumerate(pushes)
            ]
        except ZeroDivisionError:  # of floats: the conditions do not say how the point moves
            found = [[math.nan] * len(free)] * len(inputs)
        return tuple(tuple(one[place] for one in found) for place in range(len(free)))

    return answers


Numbers = Sequence[Any]


def _unconstrained(curves: Sequence[Numbers], push: Numbers) -> Numbers:
    if len(push) == 1:
        return [-push[0] / curves[0][0]]
    (a, b), (_, d) = curves
    determinant = a * d - b * b
    return [(b * push[1] - d * push[0]) / determinant, (b * push[0] - a * push[1]) / determinant]


def _on_constraint(curves: Sequence[Numbers], push: Numbers, along: Numbers, moved: Any) -> Numbers:
    """The way back to the constraint, and from there along it to where the objective is stationary again."""
    if len(push) == 1:
        return [-moved / along[0]]
    size = abs(along[0]) + abs(along[1])
    back = [-moved / size * ((a > 0) * 1.0 - (a < 0)) for a in along]
    tangent = [along[1] / size, -along[0] / size]
    pairs = [(i, j) for i in (0, 1) for j in (0, 1)]
    curve = sum(tangent[i] * curves[i][j] * tangent[j] for i, j in pairs)
    force = sum(tangent[i] * push[i] for i in (0, 1)) + sum(tangent[i] * curves[i][j] * back[j] for i, j in pairs)
    far = -force / curve
    return [b + far * t for b, t in zip(back, tangent, strict=True)]
