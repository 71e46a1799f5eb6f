"""Made-up problems: what is compiled says what the graph says, and no symbol is left in it."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from optimum_problems import Example, evaluated, example
from tonne.numeric.least import solve
from tonne.problem import Status
from tonne.symbolic.derive import Derivation

COEFFICIENTS = st.sampled_from([0.5, 2.0, 7.0, 1e3])
EXPONENTS = st.sampled_from([0.3, 0.7, 1.5])
SHAPES = ["{x}", "{x} ** {p}", "{x} ** -{p}", "exp({x} / 1000)", "({x} + {c}) ** {p}", "sqrt({x} + 1)"]


class Making:
    """A formula in the making: the values of its names."""

    def __init__(self, draw: Any, free: tuple[str, ...]) -> None:
        self.draw, self.free = draw, free
        self.values: dict[str, float] = {}
        self.numbers = itertools.count()

    def name(self, values: Any) -> str:
        name = f"k{next(self.numbers)}"
        self.values[name] = self.draw(values)
        return name

    def term(self) -> str:
        factors = [self.name(COEFFICIENTS)]
        if self.draw(st.integers(0, 7)) == 0:  # a coefficient that is a difference, or zero
            factors = [f"({factors[0]} - {self.name(COEFFICIENTS)})"]
        for x in self.free:
            if self.draw(st.booleans()):
                shape = self.draw(st.sampled_from(SHAPES))
                factors.append(shape.format(x=x, p=self.name(EXPONENTS), c=factors[0]))
        return " * ".join(factors)

    def side(self, most: int) -> str:
        text = self.term()
        for _ in range(self.draw(st.integers(0, most - 1))):
            text += f" {self.draw(st.sampled_from('+++-'))} {self.term()}"
        return text


@st.composite
def problems(draw: Any) -> Example:
    free = draw(st.sampled_from([("N", "D"), ("N",)]))
    making = Making(draw, free)
    objective = making.side(4)
    constraint = None
    if draw(st.booleans()):
        constraint = " == ".join(draw(st.permutations([making.side(3), making.side(2)])))
    return example(objective, constraint, making.values, free, draw(st.sampled_from(["minimize", "maximize"])))


def numbers(found: Any) -> list[float]:
    """All numbers of a result; a symbol that was left in it has no number."""
    if isinstance(found, tuple):
        return [n for one in found for n in numbers(one)]
    return [float(found)]


@given(problems())
def test_functions_say_what_the_graph_says(made: Example) -> None:
    derivation = made.outcome()
    assume(isinstance(derivation, Derivation))
    assert isinstance(derivation, Derivation)
    compiled, free = derivation.compiled, made.problem.free
    inputs = [np.float64(value) for value in made.inputs(derivation)]
    point = [np.float64(value) for value in (1.3, 0.7)[: len(free)]]

    def of_graph(values: list[Any], held: bool = False) -> Any:
        at = {id(one.node): value for one, value in zip(free, values, strict=True)}
        if not held:
            return compiled.sign * evaluated(made.problem.objective, made.names.values, at)
        assert made.problem.constraint is not None
        left, right = (made.problem.constraint.left, made.problem.constraint.right)
        return evaluated(left, made.names.values, at) - evaluated(right, made.names.values, at)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for function, gradient, held in (
            (compiled.objective, compiled.objective_gradient, False),
            (compiled.constraint, compiled.constraint_gradient, True),
        ):
            if function is None or gradient is None or not np.isfinite(of_graph(point, held)):
                continue  # a power of a negative number has no value
            largest = sum(abs(v) for v in made.names.values.values())
            assert float(function(*point, *inputs)) == pytest.approx(
                of_graph(point, held), rel=1e-9, abs=1e-9 * largest
            )
            for place, slope in enumerate(numbers(tuple(gradient(*point, *inputs)))):
                step = 1e-5
                ends = [[v + way * (i == place) for i, v in enumerate(point)] for way in (step, -step)]
                numeric = (of_graph(ends[0], held) - of_graph(ends[1], held)) / (2 * step)
                assert slope == pytest.approx(numeric, rel=1e-5, abs=1e-6 * largest)
        numbers(tuple(compiled.lagrangian_hessian(*point, 0.5, *inputs)))
        assert compiled.elasticities is not None
        numbers(compiled.elasticities(*point, 0.5, *inputs))
        t = np.float64(0.3)
        for alone in (compiled.condition, compiled.condition_slope, compiled.eliminated):
            if alone is not None:
                numbers(alone(t, *inputs))
        if compiled.condition_at is not None:
            for together in compiled.condition_at(*inputs):
                numbers(together(t))


@given(problems())
def test_each_problem_can_be_told(made: Example) -> None:
    derivation = made.outcome()
    if isinstance(derivation, Derivation):
        written = derivation.written()
        assert written.steps[0].title == "Problem"
        assert written.where
        for text in (sentence.latex for step in written.steps for sentence in (*step.sentences, *step.after)):
            assert text.count("$") % 2 == 0


IMPOSSIBLE = {
    "a constraint without what is chosen": ("c * N + d / N", "d == c", ("N",)),
    "terms that only fall below zero": ("c * N ** p * D", "c * N + D == 0 - d", ("N", "D")),
    "an exponential, and a negative level": ("exp(N / d) * D", "c * N + d * D * N ** p == 0 - c", ("N", "D")),
    "two fields that nothing holds": ("c * N ** p * D ** p", None, ("N", "D")),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_has_no_point_is_derived_and_found_to_have_none(name: str) -> None:
    objective, constraint, free = IMPOSSIBLE[name]
    made = example(objective, constraint, {"c": 2.0, "d": 7.0, "p": 0.7}, free)
    derivation = made.derive()
    none: list[Any] = [None] * len(free)
    found = solve(derivation.compiled, made.inputs(derivation), "==" if constraint else None, none, none, none)
    assert found.status != Status.SOLVED
    assert derivation.compiled.elasticities is not None
    with np.errstate(all="ignore"):
        numbers(derivation.compiled.elasticities(*(1.3, 0.7)[: len(free)], 0.5, *made.inputs(derivation)))
