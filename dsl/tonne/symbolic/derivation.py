"""The parts of a derivation put together: from a folded problem to functions and steps."""

from __future__ import annotations

from tonne.problem import Problem
from tonne.symbolic.derive import Derivation
from tonne.symbolic.eliminate import eliminate
from tonne.symbolic.family import structure
from tonne.symbolic.fold import Folded
from tonne.symbolic.functions import compiled


def derivation_of(problem: Problem, folded: Folded) -> Derivation:
    condition = eliminate(folded)
    family = structure(folded)
    return Derivation(
        problem.name, compiled(folded, condition, None if family is None else family.family(folded)), (), (), None
    )
