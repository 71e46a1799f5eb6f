"""The parts of a derivation put together: from a folded problem to functions, a closed form and, when asked for, steps."""

from __future__ import annotations

from functools import cache

import sympy as sp

from tonne.problem import Problem
from tonne.symbolic.closed_forms import Root, S, Trinomial, explicit, present, root_of, trinomial
from tonne.symbolic.derive import ClosedForm, Derivation, Written
from tonne.symbolic.eliminate import Condition, eliminate
from tonne.symbolic.family import structure
from tonne.symbolic.fold import Folded
from tonne.symbolic.functions import compiled, function
from tonne.symbolic.powers import expression


def derivation_of(problem: Problem, folded: Folded) -> Derivation:
    condition = eliminate(folded)
    family = structure(folded)
    plain = None if condition is None else explicit(condition)
    three = None if condition is None or plain is not None else trinomial(condition)
    rho = None if three is None else present(folded, three.rho)
    root = None if rho is None else root_of(rho)
    formulas = None
    if condition is not None and plain is not None:
        formulas = _solved(folded, condition, plain[0])
    elif condition is not None and three is not None and root is not None:
        formulas = _solved(folded, condition, _of_root(three, root))

    @cache
    def written() -> Written:
        from tonne.symbolic.steps import Steps

        return Steps(problem, folded, condition, family, plain, three, root).written()

    return Derivation(
        problem.name,
        compiled(folded, condition, None if family is None else family.family(folded)),
        None if formulas is None else ClosedForm(function(folded.inputs, formulas)),
        written,
    )


def _of_root(three: Trinomial, root: Root) -> sp.Expr:
    return three.scale * root.whole.xreplace({S: three.shift / three.scale})


def _solved(folded: Folded, condition: Condition, kept: sp.Expr) -> tuple[sp.Expr, ...]:
    """Both free fields in the inputs, in their order."""
    found = {condition.kept: kept}
    path = condition.path
    if path is not None:
        along = (expression(path.over, folded.free) / expression(path.under, folded.free)) ** (1 / path.power)
        found[path.eliminated] = along.xreplace({folded.free[condition.kept]: kept})
    return tuple(folded.in_inputs(found[place]) for place in sorted(found))
