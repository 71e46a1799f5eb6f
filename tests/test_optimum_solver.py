"""The numbers of an optimum alone: the family against many digits, the search against problems that one solves by hand.

tests/test_optima.py holds whole scenarios against reference answers; here the solver meets functions that no scenario has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from optimum_problems import least_cost, least_loss
from tonne.numeric.family import BLOCK, solve_family
from tonne.numeric.least import solve
from tonne.numeric.logarithms import logaddexp
from tonne.numeric.roots import expand, newton, refine
from tonne.problem import Compiled, Family, Solution, Status

LAW = {"A": 406.4, "B": 410.7, "E": 1.69, "a": 0.34, "b": 0.28}
Numbers = tuple[Any, ...]

# ── the family ──


def coefficients(level: Any, w: Any = 2e12, **other: Any) -> list[Any]:
    given = {**LAW, "u": 6.0, "w": w, "k": 0.0, "level": level, **other}
    return [given[name] for name in ("A", "B", "E", "a", "b", "u", "w", "k", "level")]


def exactly(problem: str, values: list[float]) -> tuple[Any, Any]:
    """x and y from the conditions of stationarity themselves, with sixty digits: the path of the multiplier, and the level."""
    with mpmath.workdps(60):
        A, B, E, a, b, u, w, k, level = (mpmath.mpf(v) for v in values)

        def x_of(y: Any) -> Any:  # a A x^-a / (x (u y + w)) = b B y^-b / (x u y)
            return (a * A * u * y ** (1 + b) / (b * B * (u * y + w))) ** (1 / a)

        def excess(log_y: Any) -> Any:
            y = mpmath.exp(log_y)
            if problem == "least-loss":
                return mpmath.log(x_of(y) * (u * y + w) / (level - k))
            return mpmath.log((A * x_of(y) ** -a + B * y**-b) / (level - E))

        low, high = mpmath.mpf(-3000), mpmath.mpf(3000)
        rises = excess(high) > excess(low)
        for _ in range(230):
            middle = (low + high) / 2
            low, high = (low, middle) if (excess(middle) > 0) == rises else (middle, high)
        y = mpmath.exp(low)
        return x_of(y), y


families = st.fixed_dictionaries(
    {
        "A": st.floats(1, 1e4),
        "B": st.floats(1, 1e4),
        "E": st.floats(0, 3),
        "a": st.floats(0.05, 1.5) | st.sampled_from([1.0, 0.5]),
        "b": st.floats(0.05, 1.5) | st.sampled_from([1.0, 0.5]),
        "u": st.floats(1e-12, 1e3),
        "w": st.floats(1e-6, 1e30) | st.just(0.0),
        "k": st.floats(0, 1e15),
    }
)


@settings(deadline=None, max_examples=60)
@given(
    values=families,
    above=st.floats(-6, 2),
    budget=st.floats(16, 30),
    problem=st.sampled_from(["least-loss", "least-cost"]),
)
def test_the_family_to_the_last_digits(values: dict[str, float], above: float, budget: float, problem: str) -> None:
    level = values["E"] + 10**above if problem == "least-cost" else 10**budget
    given = coefficients(level, **values)
    x, y = exactly(problem, given)
    if not all(-250 < mpmath.log10(v) < 250 for v in (x, y)):
        return  # a float holds neither or its powers
    found_x, found_y, status = solve_family(problem, *given)
    room = given[-1] - (given[2] if problem == "least-cost" else given[7])
    least = min(given[3], given[4], 1.0)
    allowed = (1e-13 + 4 * 2.0**-52 * given[-1] / room) / least
    assert status == Status.SOLVED
    assert abs(float(found_x / x) - 1) <= allowed
    assert abs(float(found_y / y) - 1) <= allowed


def test_odd_coefficients_have_a_status_and_no_value() -> None:
    """pytest makes an error of any warning."""
    odd = [np.nan, np.inf, -np.inf, -1.0, 0.0]
    for problem, level in (("least-loss", 1e22), ("least-cost", 2.0)):
        for place in range(6):
            column = [np.full(6, v) for v in coefficients(level)]
            column[place][:5] = odd
            x, y, status = solve_family(problem, *column)
            allowed = {Status.NOT_FOUND} if place != 2 else {Status.NOT_FOUND, Status.SOLVED, Status.INFEASIBLE}
            assert set(status[:5].tolist()) <= allowed
            assert status[5] == Status.SOLVED
            unsolved = status != Status.SOLVED
            assert np.isnan(x[unsolved]).all()
            assert np.isnan(y[unsolved]).all()


@pytest.mark.parametrize(("problem", "levels"), [("least-loss", [0.0, -1.0, 1e15]), ("least-cost", [1.69, 1.0, 0.0])])
def test_a_level_at_the_floor_or_below(problem: str, levels: list[float]) -> None:
    status = solve_family(problem, *coefficients(np.array(levels), k=1e15))[2]
    assert status.tolist() == [Status.INFEASIBLE] * 3


def test_each_instance_takes_its_own_steps() -> None:
    """To the last bit, whatever stands beside it: ordinary laws, and some that need many steps."""
    random = np.random.default_rng(4)
    count = BLOCK + 100
    a = np.where(random.uniform(size=count) < 0.01, 30.0, random.uniform(0.2, 1.4, count))
    w, level = 10 ** random.uniform(0, 18, count), 10 ** random.uniform(18, 27, count)
    x, y, status = solve_family("least-loss", *coefficients(level, w, a=a))
    assert (status == Status.SOLVED).all()
    for i in [*range(0, count, 1999), BLOCK, count - 1, *np.flatnonzero(a == 30)[:5]]:
        alone = solve_family("least-loss", *coefficients(level[i], w[i], a=a[i]))
        assert (float(alone[0]), float(alone[1])) == (x[i], y[i])


def test_any_shape_that_broadcasts() -> None:
    w, level = np.geomspace(1e8, 1e15, 7), np.linspace(1.8, 3, 3)[:, None, None]
    x, _, status = solve_family("least-cost", *coefficients(level, w, a=np.array([[0.3], [0.4]])))
    assert x.shape == status.shape == (3, 2, 7)
    assert x[2, 1, 4] == solve_family("least-cost", *coefficients(level[2, 0, 0], w[4], a=0.4))[0]
    assert solve_family("least-cost", *coefficients(2.0))[0].shape == ()
    assert solve_family("least-cost", *coefficients(np.empty(0)))[0].shape == (0,)


# ── roots ──


def test_roots_are_those_of_brent() -> None:
    """Two slopes that differ by far, joined: what conditions in logarithms look like."""
    random = np.random.default_rng(2)
    steep, shift = random.uniform(0.05, 20, 300), random.uniform(-200, 200, 300)

    def f(t: Any, steep: Any, shift: Any) -> Any:
        return np.logaddexp(t, steep * t) - shift

    def slope(t: Any, steep: Any, shift: Any) -> Any:
        return 1 + (steep - 1) / (1 + np.exp(np.minimum(t - steep * t, 700)))

    start = np.zeros(300)
    ends = expand(f, start, (steep, shift))
    found = refine(f, slope, *ends, (steep, shift))
    slowly = refine(f, None, *ends, (steep, shift))
    quickly = newton(lambda t: (f(t, steep, shift), slope(t, steep, shift)), start)
    for i in range(300):
        root = brentq(f, -5000, 5000, (steep[i], shift[i]), xtol=1e-13)
        assert found[i] == pytest.approx(root, rel=1e-13, abs=1e-12)
        assert slowly[i] == pytest.approx(root, rel=1e-13, abs=1e-12)
        assert math.isnan(quickly[i]) or quickly[i] == pytest.approx(root, rel=1e-12, abs=1e-11)
    assert np.isfinite(quickly).mean() > 0.9


def test_no_root_is_nan() -> None:
    with np.errstate(all="ignore"):
        low, high, *_ = expand(lambda t: np.exp(t) + 1, np.zeros(2), ())
        left = newton(lambda t: (np.exp(t) + 1, np.exp(t)), np.zeros(2))
    assert np.isnan([low, high, left]).all()


def test_sums_in_logarithms_are_numpys() -> None:
    values = np.array([-np.inf, -750.0, -1e-9, 0.0, 3.0, 800.0, np.inf])
    a, b = np.meshgrid(values, values)
    with np.errstate(invalid="ignore"):
        assert np.allclose(logaddexp(a, b), np.logaddexp(a, b), rtol=1e-15, atol=0)
        assert np.isnan(logaddexp(np.array([np.nan, 1.0]), 2.0)).tolist() == [True, False]


@pytest.mark.parametrize("example", [least_loss(), least_cost()], ids=["least loss", "least cost"])
def test_a_prepared_condition_is_the_condition(example: Any) -> None:
    derivation = example.derive()
    compiled, inputs = derivation.compiled, example.inputs(derivation)
    both, eliminated = compiled.condition_at(*inputs)
    t = np.linspace(5, 60, 23)
    assert np.allclose(both(t)[0], compiled.condition(t, *inputs), rtol=1e-13, atol=1e-13)
    assert np.allclose(both(t)[1], compiled.condition_slope(t, *inputs), rtol=1e-13)
    assert np.allclose(eliminated(t), compiled.eliminated(t, *inputs), rtol=1e-13)
    assert compiled.is_convex


# ── the search, on problems that one solves by hand ──


def problem(
    f: Callable[..., Any],
    slopes: Callable[..., Numbers],
    g: Callable[..., Any] | None = None,
    g_slopes: Callable[..., Numbers] | None = None,
    sign: int = 1,
    family: Family | None = None,
) -> Compiled:
    """Functions of which nothing is known but their values and slopes."""
    nothing: Callable[..., Numbers] = lambda *_: (np.nan, np.nan, np.nan)  # noqa: E731
    return Compiled((), sign, f, slopes, g, g_slopes, nothing, None, None, None, None, False, family)


def solved(
    of: Compiled,
    operator: str | None = None,
    low: Numbers = (),
    high: Numbers = (),
    inputs: Numbers = (),
    count: int = 2,
) -> Solution:
    nothing = (None,) * count
    return solve(of, inputs, operator, low or nothing, high or nothing, nothing)


AREA = problem(  # the largest area with a fence of so much: a maximum, so with its sign changed
    lambda x, y, fence: -x * y,
    lambda x, y, fence: (-y, -x),
    lambda x, y, fence: 2 * x + 2 * y - fence,
    lambda *_: (2, 2),
    -1,
)
FENCE = problem(lambda x, y, area: x + y, lambda *_: (1, 1), lambda x, y, area: x * y - area, lambda x, y, area: (y, x))
NEAR = problem(  # the nearest point to (3, 2)
    lambda x, y, most: (x - 3) ** 2 + (y - 2) ** 2,
    lambda x, y, most: (2 * (x - 3), 2 * (y - 2)),
    lambda x, y, most: x + y - most,
    lambda *_: (1, 1),
)
CIRCLE = (lambda x, y: (x - 3) ** 2 + (y - 3) ** 2 - 1, lambda x, y: (2 * (x - 3), 2 * (y - 3)))
HIGHEST = problem(lambda x, y: -y, lambda x, y: (0 * x, -1), *CIRCLE)
NEAREST = problem(lambda x, y: x + y, lambda x, y: (1, 1), *CIRCLE)
SOLVED = {
    "a square": (AREA, "==", (8.0,), (), (), (2, 2), 1, (0, 0)),
    "a square, the fence need not be used": (AREA, "<=", (8.0,), (), (), (2, 2), 1, (0, 0)),
    "a wall in the way": (AREA, "<=", (8.0,), (), (1.0, None), (1, 3), 0.5, (1, 0)),
    "a wall at least": (AREA, "<=", (8.0,), (3.0, None), (), (3, 1), 1.5, (-1, 0)),
    "walls on both sides": (AREA, "<=", (8.0,), (), (1.0, 1.0), (1, 1), np.nan, (1, 1)),
    "the least fence": (FENCE, ">=", (4.0,), (), (), (2, 2), 0.5, (0, 0)),
    "a limit that does not matter": (NEAR, "<=", (10.0,), (), (), (3, 2), np.nan, (0, 0)),
    "a limit that does": (NEAR, ">=", (10.0,), (), (), (5.5, 4.5), 5, (0, 0)),
    "an equation": (NEAR, "==", (10.0,), (), (), (5.5, 4.5), 5, (0, 0)),
    "a curve that turns back": (HIGHEST, "==", (), (), (), (3, 4), -0.5, (0, 0)),
    "a disc": (NEAREST, "<=", (), (), (), (3 - math.sqrt(0.5), 3 - math.sqrt(0.5)), -math.sqrt(0.5), (0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("case", SOLVED.values(), ids=SOLVED)
def test_two_fields(case: Any) -> None:
    of, operator, inputs, low, high, free, price, at_bound = case
    found = solved(of, operator, low, high, inputs)
    assert found.status == Status.SOLVED
    assert [float(v) for v in found.free] == pytest.approx(free, rel=1e-12)
    assert float(found.multiplier) == pytest.approx(price, rel=1e-11, nan_ok=True)
    assert bool(found.binds) == (not math.isnan(price))
    assert tuple(map(int, found.at_bound)) == at_bound
    assert found.others == ()
    assert found.method == "generic"


def test_a_multiplier_is_what_one_unit_more_gives() -> None:
    """As written: the largest area grows by half a side for each metre of fence, the least fence by 1 / side."""
    step = 1e-4
    for of, operator, level in ((AREA, "<=", 8.0), (FENCE, ">=", 4.0), (NEAR, ">=", 10.0)):
        ends = [solved(of, operator, inputs=(level + way * step,)) for way in (1, -1)]
        up, down = (of.sign * float(of.objective(*(float(v) for v in e.free), level)) for e in ends)
        price = float(solved(of, operator, inputs=(level,)).multiplier)
        assert price == pytest.approx((up - down) / (2 * step), rel=1e-6)


ENDLESS = {
    "an area without a fence": (AREA, ">=", (8.0,), (1, 1)),
    "a fence without an area": (FENCE, "<=", (4.0,), (-1, -1)),
}


@pytest.mark.parametrize("case", ENDLESS.values(), ids=ENDLESS)
def test_an_objective_without_end(case: Any) -> None:
    of, operator, inputs, direction = case
    found = solved(of, operator, inputs=inputs)
    assert found.status == Status.UNBOUNDED
    assert found.direction == direction
    assert np.isnan(found.free).all()


def test_what_cannot_hold() -> None:
    assert solved(AREA, "<=", inputs=(-1.0,)).status == Status.INFEASIBLE
    assert solved(AREA, "==", low=(5.0, None), inputs=(8.0,)).status == Status.INFEASIBLE
    assert solved(AREA, "<=", low=(3.0, None), high=(1.0, None), inputs=(8.0,)).status == Status.INFEASIBLE
    assert solved(AREA, "<=", inputs=(np.nan,)).status == Status.NOT_FOUND


def test_arrays_are_searched_one_by_one() -> None:
    found = solved(AREA, "<=", inputs=(np.array([[8.0, -1.0], [4.0, np.nan]]),))
    assert found.status.tolist() == [[Status.SOLVED, Status.INFEASIBLE], [Status.SOLVED, Status.NOT_FOUND]]
    assert found.free[0][:, 0] == pytest.approx([2, 1], rel=1e-12)
    assert found.multiplier[:, 0] == pytest.approx([1, 0.5], rel=1e-12)


def test_one_field() -> None:
    between = problem(lambda x: x, lambda x: (1,), lambda x: (x - 2) * (x - 5), lambda x: (2 * x - 7,))
    equal = solved(between, "==", count=1)
    assert float(equal.free[0]) == pytest.approx(2, rel=1e-14)
    assert equal.others == ((pytest.approx(5, rel=1e-14),),)
    least = solved(between, "<=", count=1)  # 5 is no least point there
    assert (float(least.free[0]), least.others) == (pytest.approx(2, rel=1e-14), ())
    assert solved(between, ">=", count=1).direction == (-1,)
    falling = problem(lambda x: 1 / x, lambda x: (-1 / x**2,))
    assert solved(falling, count=1).direction == (1,)
    held = solved(falling, high=(5.0,), count=1)
    assert (held.status, held.free[0], held.at_bound[0]) == (Status.SOLVED, 5.0, 1)


def test_far_from_the_start() -> None:
    """1e30 is no end: what a start of 1 does not see is still looked for before anything is called endless."""
    for least in (1e-30, 1.0, 1e30):
        far = problem(lambda x, s=least: x / s + s / x, lambda x, s=least: (1 / s - s / x**2,))
        assert float(solved(far, count=1).free[0]) == pytest.approx(least, rel=1e-12)


def test_a_constant_is_no_optimum() -> None:
    assert solved(problem(lambda x: 1 + 0 * x, lambda x: (0 * x,)), count=1).status == Status.NOT_UNIQUE


@pytest.mark.parametrize("tilt", [0.0, 0.1])
def test_two_valleys(tilt: float) -> None:
    def value(x: Any) -> Any:
        return (np.log(x) ** 2 - 1) ** 2 + tilt * np.log(x)

    valleys = problem(value, lambda x: ((4 * (np.log(x) ** 2 - 1) * np.log(x) + tilt) / x,))
    found = solved(valleys, count=1)
    left, right = (
        minimize_scalar(lambda t: float(value(np.exp(t))), bracket=(way, 1.1 * way), tol=1e-12).x for way in (-1, 1)
    )
    assert found.status == (Status.SOLVED if tilt else Status.NOT_UNIQUE)
    assert math.log(found.free[0]) == pytest.approx(left, abs=1e-7)
    assert [math.log(x) for (x,) in found.others] == [pytest.approx(right, abs=1e-7)]


def test_the_deeper_valley_is_out_of_reach() -> None:
    """At 1 is the deepest, at 4 another; only 2 to 5 is allowed, and neither end is better than 4."""

    def value(x: Any) -> Any:
        return -2 * np.exp(-8 * (x - 1) ** 2) - np.exp(-8 * (x - 4) ** 2)

    def slope(x: Any) -> Numbers:
        return (32 * (x - 1) * np.exp(-8 * (x - 1) ** 2) + 16 * (x - 4) * np.exp(-8 * (x - 4) ** 2),)

    found = solved(problem(value, slope, lambda x: (x - 2) * (x - 5), lambda x: (2 * x - 7,)), "<=", count=1)
    assert float(found.free[0]) == pytest.approx(4, rel=1e-12)
    assert not found.binds


# ── bounds in the family ──

DERIVED = [(example, example.derive()) for example in (least_loss(), least_cost())]
# Not just at the optimum, where rounding decides whether it lies on the bound.
ends = st.none() | st.floats(0.001, 6) | st.floats(-6, -0.001)


@settings(deadline=None, max_examples=25)
@given(which=st.integers(0, 1), ends=st.tuples(ends, ends, ends, ends), tokens=st.floats(9, 15))
def test_bounds_by_both_paths(which: int, ends: Numbers, tokens: float) -> None:
    """The family moves along the level's curve; the search knows nothing of it. They agree, or both find nothing."""
    example, derivation = DERIVED[which]
    compiled, nothing = derivation.compiled, (None, None)
    inputs = example.inputs(derivation, {**example.names.values, "requests": 10**tokens})
    free = [float(v) for v in solve(compiled, inputs, "==", nothing, nothing, nothing).free]
    bounds = [None if e is None else x * math.exp(e) for e, x in zip(ends, free * 2, strict=True)]
    low, high = bounds[:2], bounds[2:]
    one = solve(compiled, inputs, "==", low, high, free)
    other = solve(compiled, inputs, "==", low, high, free, "generic")
    assert one.status == other.status
    if one.status != Status.SOLVED:
        assert one.status == Status.INFEASIBLE
        return
    assert [float(v) for v in one.free] == pytest.approx([float(v) for v in other.free], rel=1e-9)
    assert float(one.multiplier) == pytest.approx(float(other.multiplier), rel=1e-7)
    assert list(map(int, one.at_bound)) == list(map(int, other.at_bound))
    for value, least, most, side in zip(one.free, low, high, one.at_bound, strict=True):
        assert value == {-1: least, 0: value, 1: most}[int(side)]
        assert least is None or value >= least
        assert most is None or value <= most
