"""The likely cause of a refuted claim, with its evidence.

Takes a run and the sides of a refuted test. A cause is one slip that would have printed the claimed number: each sort of slip
proposes the numbers that it would have printed, the likelier sorts first. A number that fits is no cause yet, since much fits
a claim of one digit: it is one only where few numbers were proposed, for the digits of the claim. No cause is better than a
wrong one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from tonne.causes.candidate import Candidate, Cause
from tonne.causes.digits import digits
from tonne.causes.elsewhere import like_values, terms, unlike_numbers, unlike_totals
from tonne.causes.factors import calendar, decimal_point, prefixes, sparse_peak
from tonne.causes.inputs import factors_once, inputs_of_others, other_inputs
from tonne.causes.question import Question, asked
from tonne.causes.structure import structure
from tonne.graph import Interval
from tonne.model import TestSides
from tonne.run import Run
from tonne.syntax import tree

__all__ = ["Cause", "likely_cause"]

_NEAR = 1e-9
# The greatest chance that one of the numbers that a sort proposes falls on the claim by accident.
_MOST_CHANCE = 0.03
# A number that is the claim to the last bit is so much less likely to be there by accident, if the claim has the digits.
_EXACT = 1 / 20
_WIDEST_EXACT = 0.06

_SORTS: tuple[Callable[[Question], Iterator[Candidate]], ...] = (
    prefixes,
    factors_once,
    terms,
    like_values,
    sparse_peak,
    calendar,
    decimal_point,
    inputs_of_others,
    unlike_numbers,
    unlike_totals,
    other_inputs,
)


def likely_cause(run: Run, test: tree.Test, sides: TestSides, interval: Interval) -> Cause | None:
    """What would explain a refuted claim, or None; `interval` has the values of its left side within its inputs' digits."""
    if isinstance(test, tree.Inside) or (isinstance(test, tree.Comparison) and test.operator != "=="):
        return None
    question = asked(run, sides, interval)
    if question is None:
        return structure(run, sides)
    found = digits(question) if isinstance(test, tree.Comparison) else None
    return found or _likeliest(question)


def _likeliest(question: Question) -> Cause | None:
    for sort in _SORTS:
        proposed = {one.claim: one for one in reversed(list(sort(question))) if 0 < one.claim < math.inf}
        apart = {float(f"{claim:.9g}") for claim in proposed}
        density = sum(_density(math.log(claim) - math.log(question.computed)) for claim in apart)
        for one in sorted(proposed.values(), key=lambda one: abs(one.claim - question.claimed)):
            if _chance(question, one, density) <= _MOST_CHANCE:
                return one.tell()
    return None


def _density(off: float) -> float:
    """How often a claim is off by so much, as a logarithm, for reasons of its own: mostly by little."""
    return 1 / (2 * (abs(off) + 0.5))


def _chance(question: Question, one: Candidate, density: float) -> float:
    """How likely one of the numbers that a sort proposes is as near to the claim by accident as this one.

    1 where it is further off than the digits of the claim, or those of the inputs, allow.
    """
    off = abs(one.claim - question.claimed)
    if off > (question.half + question.claimed * min(question.leeway, one.slack)) * (1 + _NEAR):
        return 1.0
    width = 2 * max(question.half, off) / question.claimed
    is_exact = off <= _NEAR * question.claimed and width <= _WIDEST_EXACT
    return density * width * (_EXACT if is_exact else 1)
