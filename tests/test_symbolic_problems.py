"""Problems of other shapes than Chinchilla's: what is recognised, what is derived all the same, what cannot be."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optimum_problems import (
    COST,
    LAW,
    LOSS,
    SPAN,
    Example,
    evaluated,
    example,
    least_cost,
    least_loss,
    number,
    roots,
    solution,
)
from tonne.graph import LEAF, Node
from tonne.problem import Problem
from tonne.symbolic.derive import MOST_TERMS, Derivation, Underivable

VALUES = {
    **LAW, "c": 6.0, "w": 4e13, "k": 2e12, "budget": 5.88e23, "level": 2.0, "q": 1e6, "u": 0.4, "K": 1e9, "r": 0.5,
    "grid": 4e-7,
}  # fmt: skip

# Objective, constraint, free fields, sense.
OUTSIDE = {
    "data cost, least loss": (LOSS, "c * N * D + w * N + k * D == budget", ("N", "D")),
    "data cost, least cost": ("c * N * D + w * N + k * D", f"{LOSS} == level", ("N", "D")),
    "attention, least loss": (LOSS, "c * N * D + q * D * N ** r + w * N == budget", ("N", "D")),
    "attention, least cost": ("c * N * D + q * D * sqrt(N) + w * N", f"{LOSS} == level", ("N", "D")),
    "utilization, least loss": (LOSS, "c * N * D / (u * N / (N + K)) + w * N == budget", ("N", "D")),
    "utilization, least cost": ("c * N * D / (u * N / (N + K)) + w * N", f"{LOSS} == level", ("N", "D")),
    "utilization to a power": (LOSS, "c * N * D / (u * (N / (N + K)) ** r) + w * N == budget", ("N", "D")),
    "utilization by exp": (LOSS, "c * N * D / (u * (1 - exp(-N / K))) + w * N == budget", ("N", "D")),
    "one field": ("c * x + w / x", None, ("x",)),
    "one field, log": ("-log(x) / x", None, ("x",)),
    "one field, held": ("c * x + w / x", "x ** 2 * c + x == budget", ("x",)),
    "two fields, none held": ("c * x * y + w / x + k / y", None, ("x", "y")),
    "squares": ("(x - 1) ** 2 + (y - 2) ** 2", None, ("x", "y")),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_root_is_stationary_and_holds_the_constraint(name: str) -> None:
    objective, constraint, free = OUTSIDE[name]
    problem = example(objective, constraint, VALUES, free)
    derivation = problem.derive()
    assert derivation.compiled.family is None
    inputs = problem.inputs(derivation)
    (t,) = {round(t, 12) for t in roots(derivation, inputs, 0.5, 60, 119)}
    compiled = derivation.compiled
    kept = math.exp(t)
    point = (kept,)
    if compiled.eliminated is not None:
        other = float(compiled.eliminated(t, *inputs))
        point = (kept, other) if compiled.kept == 0 else (other, kept)
    assert_stationary(problem, point)


def assert_stationary(problem: Example, point: tuple[float, ...]) -> None:
    """By the complex step on the graph's own values, in logarithms: it has no rounding of differences."""

    def values(node: Node, place: int) -> complex:
        at = (x * (1 + 1e-30j) if i == place else x for i, x in enumerate(point))
        return complex(
            evaluated(
                node, problem.names.values, dict(zip((id(f.node) for f in problem.problem.free), at, strict=True))
            )
        )

    def slopes(node: Node) -> list[float]:
        return [values(node, place).imag / 1e-30 for place in range(len(point))]

    f, held = slopes(problem.problem.objective), problem.problem.constraint
    if held is None:
        assert f == pytest.approx([0] * len(f), abs=1e-9 + 1e-9 * abs(values(problem.problem.objective, 0)))
        return
    assert values(held.left, 0).real == pytest.approx(values(held.right, 0).real, rel=1e-12)
    if len(point) == 2:
        g = slopes(held.left)
        assert f[0] * g[1] == pytest.approx(f[1] * g[0], rel=1e-9)


def test_the_condition_of_convex_problems_has_one_root_for_certain() -> None:
    for name, (objective, constraint, free) in OUTSIDE.items():
        proved = example(objective, constraint, VALUES, free).derive().compiled.is_monotone
        assert proved is not any(word in name for word in ("power", "exp", "log")), name


def test_nothing_is_eliminated_where_no_field_can_be_isolated() -> None:
    problem = example("exp(x) * y + log(y) + x", "x * exp(y) + exp(x) * y == budget", VALUES, ("x", "y"))
    derivation = problem.derive()
    compiled = derivation.compiled
    assert compiled.condition is None
    assert compiled.kept is None
    assert compiled.objective_gradient(1.0, 2.0, *problem.inputs(derivation)) == pytest.approx(
        (2 * math.e + 1, math.e + 0.5)
    )


# ── the family ──


def family_of(problem: Example) -> tuple[str, int, int, tuple[Any, ...]] | None:
    derivation = problem.derive()
    family = derivation.compiled.family
    return family and (family.problem, family.x, family.y, family.coefficients(*problem.inputs(derivation)))


LAWS = (406.4, 410.7, 1.69, 0.34, 0.28)


@pytest.mark.parametrize(
    ("objective", "constraint", "free", "expected"),
    [
        (LOSS, "c * N * D + w * N == budget", ("N", "D"), ("least-loss", 0, 1, (*LAWS, 6.0, 4e13, 0, 5.88e23))),
        (LOSS, "budget == c * N * D + w * N", ("N", "D"), ("least-loss", 0, 1, (*LAWS, 6.0, 4e13, 0, 5.88e23))),
        (LOSS, "N * (c * D + w) + q == budget", ("N", "D"), ("least-loss", 0, 1, (*LAWS, 6.0, 4e13, 1e6, 5.88e23))),
        (LOSS, "c * N * D + w * N == budget", ("D", "N"), ("least-loss", 1, 0, (*LAWS, 6.0, 4e13, 0, 5.88e23))),
        ("c * N * D + w * N", f"{LOSS} == level", ("N", "D"), ("least-cost", 0, 1, (*LAWS, 6.0, 4e13, 0, 2.0))),
        ("(c * N * D + w * N) * grid + q", f"level == {LOSS}", ("N", "D"), ("least-cost", 0, 1, (*LAWS, 2.4e-6, 1.6e7, 1e6, 2.0))),
    ],
)  # fmt: skip
def test_the_family_is_recognised_however_it_is_written(
    objective: str, constraint: str, free: tuple[str, ...], expected: tuple[str, int, int, tuple[float, ...]]
) -> None:
    found = family_of(example(objective, constraint, VALUES, free))
    assert found is not None
    assert found[:3] == expected[:3]
    assert found[3] == pytest.approx(expected[3], rel=1e-14)


def test_a_cost_that_grows_with_the_data_swaps_the_roles() -> None:
    found = family_of(example(LOSS, "c * N * D + w * D == budget", VALUES))
    assert found is not None
    assert found[:3] == ("least-loss", 1, 0)
    assert found[3][:5] == (410.7, 406.4, 1.69, 0.28, 0.34)


def test_a_maximized_problem_is_none_of_the_family() -> None:
    assert family_of(example(LOSS, "c * N * D + w * N == budget", VALUES, sense="maximize")) is None


# ── what cannot be derived ──


@pytest.mark.parametrize("kink", ["ceil", "floor", "abs"])
def test_a_step_in_what_is_chosen_is_named(kink: str) -> None:
    found = example(f"c * {kink}(N) * D", f"{LOSS} == level", VALUES).outcome()
    assert isinstance(found, Underivable)
    assert (found.reason, found.node.op) == ("steps", kink)


@pytest.mark.parametrize("kink", ["max(N, K)", "min(N, K)", "elasticity(N, K)"])
def test_a_kink_in_what_is_chosen_is_named(kink: str) -> None:
    found = example(
        COST, f"A / {kink} + B / D == level", {**VALUES, "per_token": 6.0, "serving": 2.0, "requests": 1.0}
    ).outcome()
    assert isinstance(found, Underivable)
    assert (found.reason, found.node.op) == ("steps", kink[: kink.index("(")])


def test_a_step_in_an_input_does_not_matter() -> None:
    problem = example("c * N * D", "A / N + B / D == level", VALUES)
    step = Node("ceil", (Node(LEAF, (), SPAN, "c"),), SPAN)
    objective = Node("*", (step, problem.problem.objective), SPAN)
    changed = Problem("best", "minimize", objective, problem.problem.constraint, problem.problem.free, SPAN)
    found = Example(changed, problem.names)
    found.names.value_of = lambda node: 6.0  # type: ignore[method-assign]
    assert isinstance(found.outcome(), Derivation)


def test_an_objective_without_what_is_chosen_is_a_constant() -> None:
    found = example("c * w", "c * N * D == budget", VALUES).outcome()
    assert isinstance(found, Underivable)
    assert found.reason == "constant"


def test_an_objective_whose_coefficient_is_zero_is_a_constant() -> None:
    found = example("c * N * D", f"{LOSS} == level", {**VALUES, "c": 0.0}).outcome()
    assert isinstance(found, Underivable)
    assert found.reason == "constant"


def test_a_problem_of_too_many_terms_is_refused() -> None:
    objective = " + ".join(f"c * N ** {i}" for i in range(1, MOST_TERMS + 5))
    found = example(f"{objective} + D", "N * D == budget", VALUES).outcome()
    assert isinstance(found, Underivable)
    assert (found.reason, found.limit) == ("terms", MOST_TERMS)


def test_a_deep_graph_is_no_matter_of_the_stack() -> None:
    problem = least_loss()
    deep = problem.names.node("budget")
    for _ in range(5000):
        deep = Node("*", (deep, number(1.0)), SPAN)
    held = problem.problem.constraint
    assert held is not None
    from tonne.problem import Constraint

    changed = Problem(
        "best",
        "minimize",
        problem.problem.objective,
        Constraint("==", held.left, deep, SPAN),
        problem.problem.free,
        SPAN,
    )
    found = Example(changed, problem.names)
    derivation = found.derive()
    assert solution(derivation, found.inputs(derivation)) == pytest.approx(
        solution(problem.derive(), problem.inputs(problem.derive())), rel=1e-13
    )


# ── properties ──

exponents = st.sampled_from([-2.0, -1.0, -0.5, -0.25, 0.5, 1.0, 1.5, 3.0])
terms = st.lists(st.tuples(st.floats(0.1, 10), exponents, exponents), min_size=1, max_size=4)


@settings(max_examples=15)  # each is a derivation
@given(terms, terms, st.floats(0.2, 5), st.floats(0.2, 5))
def test_gradients_are_those_of_the_graph(
    f: list[tuple[float, float, float]], g: list[tuple[float, float, float]], x: float, y: float
) -> None:
    """By the complex step, which has no rounding of differences."""
    values: dict[str, float] = {}
    texts = []
    for side, found in (("f", f), ("g", g)):
        for i, (c, p, q) in enumerate(found):
            values |= {f"c{side}{i}": c, f"p{side}{i}": p, f"q{side}{i}": q}
        texts.append(" + ".join(f"c{side}{i} * x ** p{side}{i} * y ** q{side}{i}" for i in range(len(found))))
    problem = example(texts[0], f"{texts[1]} == 3", values, ("x", "y"))
    derivation = problem.derive()
    compiled, inputs = derivation.compiled, problem.inputs(derivation)
    held = problem.problem.constraint
    assert held is not None
    assert compiled.constraint_gradient is not None
    for node, gradient in (
        (problem.problem.objective, compiled.objective_gradient),
        (held.left, compiled.constraint_gradient),
    ):
        slopes = gradient(x, y, *inputs)
        for place, moved in enumerate(((x + 1e-30j, y), (x, y + 1e-30j))):
            free = {id(one.node): value for one, value in zip(problem.problem.free, moved, strict=True)}
            exact = evaluated(node, values, free).imag / 1e-30
            assert slopes[place] == pytest.approx(exact, rel=1e-11, abs=1e-11)


@settings(max_examples=15)
@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.floats(8, 15), st.sampled_from([least_loss, least_cost]))
def test_a_root_is_stationary_for_any_law(alpha: float, beta: float, served: float, make: Any) -> None:
    problem = make(alpha=alpha, beta=beta, requests=10**served)
    derivation = problem.derive()
    point = solution(derivation, problem.inputs(derivation))
    assume(max(point) < 1e100)
    assert_stationary(problem, point)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_units_of_cost_move_nothing(scale: float) -> None:
    one, other = least_cost(), least_cost(per_token=6.0 * scale, serving=2.0 * scale)
    points = [solution(p.derive(), p.inputs(p.derive())) for p in (one, other)]
    assert points[0] == pytest.approx(points[1], rel=1e-12)
