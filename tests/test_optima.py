"""Optima: reference answers by both paths, the conditions of an optimum, and properties that no reference value tells."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from optimum_scenarios import CASES, evaluated, of_case, optimized, scenario, tolerance
from tonne.model import Solved
from tonne.numeric.least import solve
from tonne.optimize import Optimized
from tonne.problem import Solution, Status

SOLVABLE = [c for c in CASES if c["tags"] != ["error"]]
INFEASIBLE = [c for c in CASES if c["tags"] == ["error"]]
in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


def again(one: Optimized, method: str, start: tuple[float, float] = (1e9, 1e12), **inputs: Any) -> Solution:
    """The same problem solved by one method, with other inputs by their place."""
    compiled = one.derivation.compiled
    values: list[Any] = [one.run.raw(node) for node in compiled.inputs]
    for name, value in inputs.items():
        values[int(name.removeprefix("at"))] = value
    assert one.problem.constraint is not None
    return solve(compiled, values, one.problem.constraint.operator, [None] * 2, [None] * 2, start, method)


# ── reference answers ──


def test_there_are_all_cases() -> None:
    assert (len(SOLVABLE), len(INFEASIBLE)) == (43, 2)


@pytest.mark.parametrize("case", SOLVABLE, ids=lambda c: c["id"])
def test_reference_case(case: dict[str, Any], tmp_path: Path) -> None:
    one, answer, allowed = optimized(of_case(case), tmp_path), case["answer"], tolerance(case)
    assert one.solution.method == "structured"
    for found in (one.solution, again(one, "generic")):
        assert found.status == Status.SOLVED
        assert float(found.free[0]) == pytest.approx(answer["N"], rel=allowed, abs=0)
        assert float(found.free[1]) == pytest.approx(answer["D"], rel=allowed, abs=0)
    assert again(one, "generic").method == "generic"
    loss = case["input"]["problem"] in ("P2", "P2w")
    price = -answer["mu"] if loss else -answer["lambda"]
    assert one.multiplier == pytest.approx(price, rel=1e-9 + 10 * allowed, abs=0)


@pytest.mark.parametrize("case", INFEASIBLE, ids=lambda c: c["id"])
def test_infeasible_case(case: dict[str, Any], tmp_path: Path) -> None:
    found = evaluated(of_case(case), tmp_path).diagnostics
    assert [d.code for d in found if d.is_error] == ["O503"]


# ── the conditions of an optimum, at any law ──

laws = st.fixed_dictionaries(
    {
        "A": st.floats(1, 1e4),
        "B": st.floats(1, 1e4),
        "E": st.floats(0.5, 3),
        "a": st.floats(0.1, 1.4),
        "b": st.floats(0.1, 1.4),
    }
)
problems = st.tuples(laws, st.floats(0, 16), st.booleans(), st.floats(0.01, 1), st.floats(18, 27))


def of_law(law: dict[str, float], tokens: float, by_loss: bool, above: float, budget: float) -> str:
    cost, law_of = "pretrain.compute + chat.compute", {k: repr(v) for k, v in law.items()}
    level = f"law.loss == {law['E'] + above!r}" if by_loss else f"{cost} == {10**budget!r} FLOP"
    return scenario(cost if by_loss else "law.loss", level, tokens=repr(10**tokens), **law_of)


@in_a_folder
@given(problem=problems)
def test_conditions_of_karush_kuhn_and_tucker(tmp_path: Path, problem: tuple[Any, ...]) -> None:
    one = optimized(of_law(*problem), tmp_path)
    compiled = one.derivation.compiled
    inputs = [one.run.raw(node) for node in compiled.inputs]
    assert compiled.constraint is not None
    assert compiled.constraint_gradient is not None
    f, g = compiled.objective_gradient(*one.free, *inputs), compiled.constraint_gradient(*one.free, *inputs)
    lagrange = -compiled.sign * one.multiplier
    size = max(abs(x * s) for x, s in zip(one.free, g, strict=True))
    assert abs(float(compiled.constraint(*one.free, *inputs))) <= 1e-11 * size  # feasible
    for x, slope, pull in zip(one.free, f, g, strict=True):  # stationary
        assert abs(x * (slope + lagrange * pull)) <= 1e-9 * abs(lagrange) * size


@in_a_folder
@given(problem=problems, seed=st.integers(0, 2**32 - 1))
def test_no_better_point_beside_it(tmp_path: Path, problem: tuple[Any, ...], seed: int) -> None:
    """Points of the constraint, at random distances on both sides, computed from the law itself."""
    law, tokens, by_loss, above, budget = problem
    one = optimized(of_law(*problem), tmp_path)
    a, b, A, B = law["a"], law["b"], law["A"], law["B"]
    served = 2 * 10**tokens
    steps = np.random.default_rng(seed).normal(0, 1.5, 200)
    n = one.free[0] * np.exp(steps)
    with np.errstate(all="ignore"):
        if by_loss:
            room = above - A * n**-a
            d = np.where(room > 0, room / B, np.nan) ** (-1 / b)
            values = n * (6 * d + served)
        else:
            d = (10**budget / n - served) / 6
            values = law["E"] + A * n**-a + B * d**-b
    values = values[np.isfinite(values) & (d > 0)]
    assert values.size
    assert np.min(values) >= one.objective * (1 - 1e-11)


@in_a_folder
@given(problem=problems, factor=st.floats(-12, 12))
def test_units_of_cost_do_not_move_it(tmp_path: Path, problem: tuple[Any, ...], factor: float) -> None:
    law, tokens, _, above, _ = problem
    text = of_law(law, tokens, True, above, 0)
    scaled = text.replace("minimize ", f"minimize {10**factor!r} * (").replace("chat.compute\n", "chat.compute)\n")
    one, other = optimized(text, tmp_path), optimized(scaled, tmp_path)
    assert other.free == pytest.approx(one.free, rel=1e-10)
    assert other.objective == pytest.approx(one.objective * 10**factor, rel=1e-10)


@in_a_folder
@given(problem=problems)
def test_both_paths_agree(tmp_path: Path, problem: tuple[Any, ...]) -> None:
    one = optimized(of_law(*problem), tmp_path)
    generic = again(one, "generic")
    assert [float(v) for v in generic.free] == pytest.approx(one.free, rel=1e-9)
    assert float(generic.multiplier) == pytest.approx(one.multiplier, rel=1e-8)


@in_a_folder
@given(problem=problems)
def test_elasticities_are_those_of_solving_again(tmp_path: Path, problem: tuple[Any, ...]) -> None:
    """What implicit differentiation says of each fact, against two further solutions of the scenario."""
    one = optimized(of_law(*problem), tmp_path)
    study = one.optimum.study
    told = [one.elasticities(Solved(study, free.node)) for free in one.problem.free]
    told.append(one.elasticities(Solved(study, None, "objective")))
    step = 1e-5
    for key in told[0].keys() | told[1].keys() | told[2].keys():
        fact = next(t[key][0] for t in told if key in t)
        value = one.run.raw(fact)
        moved = one.along(fact, [value * math.exp(step), value * math.exp(-step)])
        ends = [
            one.at((float(moved.free[0][i]), float(moved.free[1][i])), {id(fact): value * math.exp(way * step)})
            for i, way in enumerate((1, -1))
        ]
        nodes = [*(free.node for free in one.problem.free), one.problem.objective]
        for found, node in zip(told, nodes, strict=True):
            up, down = (math.log(end.raw(node)) for end in ends)
            expected = (up - down) / (2 * step)
            assert found.get(key, (fact, 0.0))[1] == pytest.approx(expected, rel=1e-4, abs=1e-5)


# ── arrays ──


def test_arrays_are_solved_one_by_one(tmp_path: Path) -> None:
    """A thousand laws beside request volumes, in the shape to which they broadcast."""
    one = optimized(
        scenario("pretrain.compute + chat.compute", "law.loss == law.reference_loss", tokens="1e12"), tmp_path
    )
    names = [owner and owner[1] for owner in map(one.run.owner, one.derivation.compiled.inputs)]
    rng = np.random.default_rng(7)
    alpha, tokens = rng.uniform(0.2, 0.6, (40, 1)), 10 ** rng.uniform(8, 15, 25)
    places = {f"at{names.index('alpha')}": alpha}
    at_tokens = next(i for i, n in enumerate(names) if n in ("output_tokens", "tokens", "compute_per_request"))
    places[f"at{at_tokens}"] = tokens
    for method in ("structured", "generic"):
        found = again(one, method, **places)
        assert found.free[0].shape == (40, 25)
        assert (found.status == Status.SOLVED).all()
        for i, j in itertools.product(range(0, 40, 9), range(0, 25, 6)):
            alone = again(
                one, method, **{**places, f"at{names.index('alpha')}": alpha[i, 0], f"at{at_tokens}": tokens[j]}
            )
            assert float(alone.free[0]) == pytest.approx(float(found.free[0][i, j]), rel=1e-13)
            assert float(alone.multiplier) == pytest.approx(float(found.multiplier[i, j]), rel=1e-12)


def test_an_odd_instance_spoils_no_other(tmp_path: Path) -> None:
    one = optimized(scenario("law.loss", "pretrain.compute + chat.compute == 1e22 FLOP", tokens="1e12"), tmp_path)
    names = [owner and owner[1] for owner in map(one.run.owner, one.derivation.compiled.inputs)]
    at = f"at{names.index('A')}"
    found = again(one, "structured", **{at: np.array([406.4, np.nan, -1.0, 0.0, 406.4])})
    assert found.status.tolist() == [Status.SOLVED, *[Status.NOT_FOUND] * 3, Status.SOLVED]
    assert found.free[0][0] == found.free[0][4] == one.free[0]


# ── outside of the family ──

OUTSIDE = {
    "a cost of data": (
        "pretrain.compute + chat.compute + 2e9 FLOP/token * pretrain.tokens",
        lambda n, d: 6 * n * d + 6e12 * n + 2e9 * d,
    ),
    "attention": (
        "pretrain.compute + chat.compute + 1e5 FLOP/token * (m.parameters / 1 param) ^ 0.5 * pretrain.tokens",
        lambda n, d: 6 * n * d + 6e12 * n + 1e5 * n**0.5 * d,
    ),
    "utilization that falls with size": (
        "(pretrain.compute + chat.compute) * exp(m.parameters / 30B param)",
        lambda n, d: (6 * n * d + 6e12 * n) * np.exp(n / 30e9),
    ),
    "a power of a sum": (
        "((pretrain.compute + chat.compute) / 1 FLOP) ^ 1.5",
        lambda n, d: (6 * n * d + 6e12 * n) ** 1.5,
    ),
}


@pytest.mark.parametrize(("cost", "value"), OUTSIDE.values(), ids=OUTSIDE)
def test_outside_of_the_family(cost: str, value: Callable[..., Any], tmp_path: Path) -> None:
    """Against scipy's search along the constraint, which knows neither gradient nor condition."""
    one = optimized(scenario(cost, "law.loss == 2.0", tokens="3e12"), tmp_path)

    def along(log_n: float) -> float:
        n = np.exp(log_n)
        room = (2.0 - 1.69 - 406.4 * n**-0.336) / 410.7
        with np.errstate(over="ignore"):
            return float(min(value(n, room ** (-1 / 0.283)), 1e300)) if room > 0 else 1e300

    ends = ((low, low + 3) for low in np.arange(20, 30, 1.5))
    best = min((minimize_scalar(along, bounds=end, method="bounded") for end in ends), key=lambda r: float(r.fun))
    assert one.objective == pytest.approx(best.fun, rel=1e-9)
    assert one.free[0] == pytest.approx(math.exp(best.x), rel=1e-4)


def test_two_least_points_are_told_apart(tmp_path: Path) -> None:
    """A curve with two valleys: the deeper one is the answer, and the other is not hidden."""
    text = scenario("law.loss", "pretrain.compute == 1e22 FLOP").partition("optimum")[0]
    valley = "((log(m.parameters / 1B param) ^ 2 - 4) ^ 2 + 0.5 * log(m.parameters / 1B param))"
    one = optimized(f"{text}\noptimum o {{\n  minimize {valley}\n  over m.parameters\n}}\n", tmp_path)
    assert math.log(one.free[0] / 1e9) == pytest.approx(-2.0154, abs=1e-3)
    (other,) = one.solution.others
    assert math.log(other[0] / 1e9) == pytest.approx(1.984, abs=1e-3)


def test_two_alike_points_are_no_optimum(tmp_path: Path) -> None:
    text = scenario("law.loss", "pretrain.compute == 1e22 FLOP").partition("optimum")[0]
    valley = "(log(m.parameters / 1B param) ^ 2 - 4) ^ 2"
    found = evaluated(f"{text}\noptimum o {{\n  minimize {valley}\n  over m.parameters\n}}\n", tmp_path)
    (error,) = [d for d in found.diagnostics if d.is_error]
    assert error.code == "O501"
    assert "is the same at 2 points" in error.title
