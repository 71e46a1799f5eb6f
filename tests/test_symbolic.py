"""The condition that sympy derives, against reference answers of 15 digits, and the functions that come with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from optimum_problems import CASES, LAW, Example, evaluated, least_cost, least_loss, of_case, roots, solution, tolerance
from tonne.symbolic.derive import Derivation

SOLVABLE = [case for case in CASES if "error" not in case["answer"]]
every_case = pytest.mark.parametrize("case", SOLVABLE, ids=lambda case: case["id"])


@every_case
def test_a_root_of_the_condition_is_the_reference_answer(case: dict[str, Any]) -> None:
    example = of_case(case)
    derivation = example.derive()
    n, d = solution(derivation, example.inputs(derivation))
    assert n == pytest.approx(case["answer"]["N"], rel=tolerance(case))
    assert d == pytest.approx(case["answer"]["D"], rel=tolerance(case))
    assert derivation.compiled.is_monotone
    assert derivation.compiled.family is not None


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c["answer"]], ids=lambda case: case["id"])
def test_what_is_infeasible_has_no_root(case: dict[str, Any]) -> None:
    example = of_case(case)
    derivation = example.derive()
    assert not list(roots(derivation, example.inputs(derivation)))
    assert derivation.compiled.family is not None


@every_case
def test_the_multiplier_is_the_reference_answer(case: dict[str, Any]) -> None:
    example = of_case(case)
    derivation = example.derive()
    n, d = solution(derivation, example.inputs(derivation))
    found = multiplier(derivation, (n, d), example.inputs(derivation))
    key = "lambda" if "P2" not in case["input"]["problem"] else "mu"
    assert found == pytest.approx(case["answer"][key], rel=10 * tolerance(case))


def multiplier(derivation: Derivation, point: tuple[float, ...], inputs: list[Any]) -> float:
    compiled = derivation.compiled
    assert compiled.constraint_gradient is not None
    pairs = zip(
        compiled.objective_gradient(*point, *inputs), compiled.constraint_gradient(*point, *inputs), strict=True
    )
    return max((-float(f / g) for f, g in pairs if g), key=abs)


@every_case
def test_elasticities_of_serving_are_the_reference_answer(case: dict[str, Any]) -> None:
    example = of_case(case)
    derivation = example.derive()
    inputs = example.inputs(derivation)
    point = solution(derivation, inputs)
    elasticities = derivation.compiled.elasticities
    assert elasticities is not None
    found = elasticities(*point, multiplier(derivation, point, inputs), *inputs)
    by_name = [node.payload for node in derivation.compiled.inputs]
    if "requests" in by_name:
        place = by_name.index("requests")
        assert found[0][place] == pytest.approx(case["answer"]["elasticity_N"], rel=1e-7, abs=1e-12)
        assert found[1][place] == pytest.approx(case["answer"]["elasticity_D"], rel=1e-7, abs=1e-12)
    else:
        assert case["answer"]["elasticity_N"] == 0


@pytest.mark.parametrize("example", [least_loss(), least_cost()], ids=["least loss", "least cost"])
def test_elasticities_are_what_solving_again_gives(example: Example) -> None:
    derivation = example.derive()
    inputs = example.inputs(derivation)
    point = solution(derivation, inputs)
    elasticities = derivation.compiled.elasticities
    assert elasticities is not None
    found = elasticities(*point, multiplier(derivation, point, inputs), *inputs)
    step = 1e-4
    for place, node in enumerate(derivation.compiled.inputs):
        moved = []
        for way in (1, -1):
            values = {**example.names.values, node.payload: example.names.values[node.payload] * math.exp(way * step)}
            moved.append(solution(derivation, example.inputs(derivation, values)))
        for free in (0, 1):
            again = math.log(moved[0][free] / moved[1][free]) / (2 * step)
            assert found[free][place] == pytest.approx(again, rel=1e-5, abs=1e-8), node.payload


def test_the_slope_is_the_derivative_of_the_condition() -> None:
    for example in (least_loss(), least_cost(), least_loss(requests=0), least_cost(requests=0)):
        derivation = example.derive()
        compiled, inputs = derivation.compiled, example.inputs(derivation)
        assert compiled.condition is not None
        assert compiled.condition_slope is not None
        t, step = np.linspace(5, 60, 23), 1e-4
        numeric = (compiled.condition(t + step, *inputs) - compiled.condition(t - step, *inputs)) / (2 * step)
        assert np.allclose(compiled.condition_slope(t, *inputs), numeric, rtol=1e-6, atol=1e-9)


def test_arrays_of_inputs_broadcast() -> None:
    example = least_loss()
    derivation = example.derive()
    compiled = derivation.compiled
    assert compiled.condition is not None
    names = [node.payload for node in compiled.inputs]
    many = {"requests": np.geomspace(1e9, 1e14, 7), "alpha": np.array([[0.3], [0.4]])}
    inputs = [many.get(name, example.names.values[name]) for name in names]
    values = compiled.condition(np.full((2, 7), 28.0), *inputs)
    assert values.shape == (2, 7)
    one = {**example.names.values, "requests": 1e9, "alpha": 0.4}
    assert values[1, 0] == pytest.approx(float(compiled.condition(28.0, *(one[name] for name in names))), rel=1e-14)


def test_objective_and_constraint_are_those_of_the_graph() -> None:
    example = least_loss()
    derivation = example.derive()
    inputs = example.inputs(derivation)
    free = {id(one.node): value for one, value in zip(example.problem.free, (7e9, 2e12), strict=True)}
    values = example.names.values
    assert derivation.compiled.objective(7e9, 2e12, *inputs) == pytest.approx(
        evaluated(example.problem.objective, values, free), rel=1e-14
    )
    held = example.problem.constraint
    assert held is not None
    assert derivation.compiled.constraint is not None
    assert derivation.compiled.constraint(7e9, 2e12, *inputs) == pytest.approx(
        evaluated(held.left, values, free) - evaluated(held.right, values, free), rel=1e-14
    )


def test_inputs_are_the_largest_parts_that_do_not_move() -> None:
    names = {node.payload for node in least_loss().derive().compiled.inputs}
    assert names == {*LAW, "per_token", "serving", "requests", "budget"}


def test_a_term_that_is_zero_at_present_is_left_out() -> None:
    derivation = least_loss(requests=0).derive()
    assert {"requests", "serving"}.isdisjoint(node.payload for node in derivation.compiled.inputs)
