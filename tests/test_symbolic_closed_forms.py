"""Closed forms at the exponents that have one, against the root of the condition; and none elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from optimum_problems import Example, least_cost, least_loss, solution
from tonne.symbolic.derive import Derivation

THIRD = 1 / 3
# (1 + beta) / (1 - alpha) is 2, 3, 4, 3/2, 4/3.
LEAST_LOSS = [(0.25, 0.5), (0.5, 0.5), (0.6, 0.6), (0.1, 0.35), (0.1, 0.2)]
LEAST_COST = [1.0, 0.5, THIRD, 2.0, 3.0]
WITH_ONE = {
    **{f"least loss, alpha {a} beta {b}": (least_loss, {"alpha": a, "beta": b}) for a, b in LEAST_LOSS},
    **{f"least cost, beta {b:.3g}": (least_cost, {"beta": b}) for b in LEAST_COST},
    "least loss, none served": (least_loss, {"requests": 0.0}),
    "least cost, none served": (least_cost, {"requests": 0.0}),
}


@pytest.mark.parametrize("name", WITH_ONE)
@pytest.mark.parametrize("served", [1e9, 1e12, 1e14])
def test_a_closed_form_is_the_root(name: str, served: float) -> None:
    make, values = WITH_ONE[name]
    problem: Example = make(**{"requests": served, **values})
    derivation = problem.derive()
    assert derivation.closed_form is not None
    inputs = problem.inputs(derivation)
    with np.errstate(all="ignore"):  # the case that does not hold is evaluated too
        found = [float(value) for value in derivation.closed_form.free(*inputs)]
    assert found == pytest.approx(solution(derivation, inputs), rel=1e-9)
    assert "There is none" not in words(derivation, "Closed form")


@pytest.mark.parametrize("problem", [least_loss(), least_cost(), least_cost(alpha=0.3, beta=0.3)])
def test_elsewhere_there_is_none_and_it_says_so(problem: Example) -> None:
    derivation = problem.derive()
    assert derivation.closed_form is None
    assert "There is none" in words(derivation, "Closed form")


def test_without_a_number_there_is_none() -> None:
    """The exponent may be many numbers: no polynomial is chosen by one of them."""
    problem = least_cost(beta=1.0)
    problem.names.value_of = lambda node: None  # type: ignore[method-assign]
    problem.names.sign_of = lambda node: 1  # type: ignore[method-assign]
    assert problem.derive().closed_form is None


def words(derivation: Derivation, title: str) -> str:
    (step,) = (step for step in derivation.written().steps if step.title == title)
    return " ".join(sentence.text for sentence in step.sentences)
