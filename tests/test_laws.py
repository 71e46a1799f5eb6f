"""The laws of the spreads, drawn as sampling draws them, against scipy's: quantiles, moments, bounds, correlations.

Draws are compared by Kolmogorov and Smirnov's greatest distance to the distribution function. Streams are fixed by a seed, so
that no run differs from another; the bound on the distance is the one that a sound sample exceeds once in 10^9.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tonne.numeric.blocks import DrawMachine
from tonne.numeric.laws import Drawn, drawn
from tonne.numeric.schedule import NORMAL, UNIFORM, Builder, Schedule
from tonne.numeric.steps import Steps
from tonne.run import Run
from tonne.scenario import evaluate
from tonne.spread_forms import half_width

Arguments = Mapping[str, float]
DRAWS = 20_000
FAR = 3.3 / math.sqrt(DRAWS)  # the distance: exp(-2 * 3.3^2) * 2 is 7e-10
Z95 = float(stats.norm.ppf(0.95))


def seen(builder: Builder, *places: int, draws: int = DRAWS, seed: int = 1) -> list[Any]:
    """The draws of some steps, all of the same draws."""
    machine = DrawMachine(Schedule(tuple(builder.steps), places), {}, seed)
    parts: list[list[Any]] = [[] for _ in places]
    with np.errstate(all="ignore"):
        for block in range(-(-draws // 65_536)):
            for _, values in machine.pieces(block, draws):
                for kept, value in zip(parts, values, strict=True):
                    kept.append(np.array(value))
    return [np.concatenate(kept) for kept in parts]


def made(
    spread: str,
    point: float,
    arguments: Arguments,
    bounds: tuple[float | None, float | None] = (None, None),
    z: bool = False,
) -> tuple[Builder, Drawn]:
    """A spread among the steps of a builder; with `z` from a normal that is itself the sum of two."""
    builder = Builder()
    ends = tuple(None if end is None else builder.number(end) for end in bounds)
    normal = None
    if z:
        parts = [(0.6, "one"), (-0.8, "another")]
        first, second = (builder.call("multiply", builder.number(w), builder.source(NORMAL, k)) for w, k in parts)
        normal = builder.call("add", first, second)
    numbers = {name: builder.number(value) for name, value in arguments.items()}
    return builder, drawn(builder, "x", spread, builder.number(point), numbers, ends, normal)  # type: ignore[arg-type]


def draws_of(spread: str, point: float, arguments: Arguments, z: bool = False) -> Any:
    builder, one = made(spread, point, arguments, z=z)
    assert one.cut is None
    return seen(builder, one.place)[0]


def law(spread: str, point: float, arguments: Arguments) -> Any:
    """The same as scipy has it, from the words of the design."""
    low, high = arguments.get("low", math.nan), arguments.get("high", math.nan)
    if spread == "uniform":
        return stats.uniform(low, high - low)
    if spread == "normal":
        return stats.norm(point, arguments["sd"])
    if spread == "lognormal":
        return stats.lognorm(math.sqrt(math.log(1 + arguments["cv"] ** 2)), scale=point)
    if spread == "triangular":
        return stats.triang((point - low) / (high - low), low, high - low)
    if low > 0:
        return stats.lognorm(math.log(high / low) / (2 * Z95), scale=math.sqrt(low * high))
    return stats.norm((low + high) / 2, (high - low) / (2 * Z95))


def distance(values: Any, cdf: Callable[[Any], Any]) -> float:
    """Kolmogorov and Smirnov's: the greatest between the draws and a distribution function."""
    ordered = np.sort(values)
    there = np.asarray(cdf(ordered))
    steps = np.arange(ordered.size + 1) / ordered.size
    # of equal values the last counts from above and the first from below
    first, last = np.searchsorted(ordered, ordered, "left"), np.searchsorted(ordered, ordered, "right")
    return float(max(np.max(steps[last] - there), np.max(there - steps[first])))


# ── parameters ──

sizes = st.floats(1e-6, 1e12)
shares = st.floats(0, 1)


@st.composite
def uniforms(draw: st.DrawFn) -> tuple[str, float, Arguments]:
    width = draw(sizes)
    low = draw(st.floats(-10, 10)) * width
    return "uniform", low + width * draw(shares), {"low": low, "high": low + width}


@st.composite
def normals(draw: st.DrawFn) -> tuple[str, float, Arguments]:
    sd = draw(sizes)
    return "normal", sd * draw(st.floats(-100, 100)), {"sd": sd}


@st.composite
def lognormals(draw: st.DrawFn) -> tuple[str, float, Arguments]:
    return "lognormal", draw(sizes), {"cv": draw(st.floats(1e-3, 10))}


@st.composite
def triangulars(draw: st.DrawFn) -> tuple[str, float, Arguments]:
    width = draw(sizes)
    low = draw(st.floats(-10, 10)) * width
    high = low + width
    mode = draw(shares | st.sampled_from([0.0, 0.5, 1.0]))
    return "triangular", high if mode == 1 else min(low + mode * width, high), {"low": low, "high": high}


@st.composite
def positive_intervals(draw: st.DrawFn) -> tuple[str, float, Arguments]:
    low = draw(sizes)
    high = low * draw(st.floats(1.001, 1e4))
    return "interval", low + (high - low) * draw(shares), {"low": low, "high": high}


@st.composite
def other_intervals(draw: st.DrawFn) -> tuple[str, float, Arguments]:
    high = draw(sizes)
    low = -high * draw(st.floats(0, 100))
    low, high = draw(st.sampled_from([(low, high), (-high, -low), (-2 * high, -high), (0.0, high)]))
    return "interval", low + (high - low) * draw(shares), {"low": low, "high": high}


spreads = st.one_of(uniforms(), normals(), lognormals(), triangulars(), positive_intervals(), other_intervals())

# ── whole laws ──


@given(one=spreads, z=st.booleans())
def test_draws_are_of_the_law(one: tuple[str, float, Arguments], z: bool) -> None:
    values = draws_of(*one, z=z)
    assert values.size == DRAWS
    assert distance(values, law(*one).cdf) < FAR


@given(one=spreads)
def test_moments(one: tuple[str, float, Arguments]) -> None:
    """Of laws with tails that so many draws can tell about."""
    spread, point, arguments = one
    if spread == "lognormal":
        arguments = {"cv": min(arguments["cv"], 0.5)}
    if spread == "interval" and arguments["low"] > 0:
        arguments = {"low": arguments["low"], "high": arguments["low"] * min(arguments["high"] / arguments["low"], 5)}
    values, scipys = draws_of(spread, point, arguments), law(spread, point, arguments)
    mean, variance, _, kurtosis = (float(v) for v in scipys.stats("mvsk"))
    assert abs(values.mean() - mean) < 6 * math.sqrt(variance / DRAWS) + 1e-12 * abs(mean)
    assert abs(values.var() - variance) < 6 * variance * math.sqrt((kurtosis + 2) / DRAWS) + 1e-9 * variance


@given(one=spreads, share=st.sampled_from([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]))
def test_quantiles(one: tuple[str, float, Arguments], share: float) -> None:
    values, scipys = draws_of(*one), law(*one)
    beside = 6 * math.sqrt(share * (1 - share) / DRAWS)
    low, high = scipys.ppf(max(share - beside, 0)), scipys.ppf(min(share + beside, 1))
    assert low <= np.quantile(values, share) <= high


def test_the_point_value_is_the_median_of_a_lognormal_and_cv_its_sd_over_its_mean() -> None:
    scipys = law("lognormal", 7.0, {"cv": 0.3})
    assert scipys.median() == pytest.approx(7.0)
    assert scipys.std() / scipys.mean() == pytest.approx(0.3)
    values = draws_of("lognormal", 7.0, {"cv": 0.3})
    assert np.median(values) == pytest.approx(7.0, rel=0.02)
    assert values.std() / values.mean() == pytest.approx(0.3, rel=0.04)


@pytest.mark.parametrize("ends", [(2.0, 9.0), (-3.0, 4.0), (-9.0, -2.0), (0.0, 5.0)])
@pytest.mark.parametrize("point", [0.3, 0.5])
def test_an_interval_is_where_nine_draws_of_ten_are(ends: tuple[float, float], point: float) -> None:
    low, high = ends
    values = draws_of("interval", low + point * (high - low), {"low": low, "high": high})
    error = 6 * math.sqrt(0.05 * 0.95 / DRAWS)
    assert np.mean(values < low) == pytest.approx(0.05, abs=error)
    assert np.mean(values > high) == pytest.approx(0.05, abs=error)
    assert (values.min() > 0) == (low > 0)


@given(one=spreads)
def test_half_width(one: tuple[str, float, Arguments]) -> None:
    low, high = law(*one).ppf([0.05, 0.95])
    assert half_width(*one) == pytest.approx((high - low) / 2, rel=1e-9, abs=1e-13 * max(abs(low), abs(high)))


# ── bounds ──


def kept(scipys: Any, low: float, high: float) -> tuple[Callable[[Any], Any], float]:
    """The distribution function of a law between two bounds, and what they cut off; from the side that keeps its digits."""
    if low > scipys.median():
        whole = scipys.sf(low) - scipys.sf(high)
        return lambda x: (scipys.sf(low) - scipys.sf(x)) / whole, 1 - whole
    whole = scipys.cdf(high) - scipys.cdf(low)
    return lambda x: (scipys.cdf(x) - scipys.cdf(low)) / whole, scipys.cdf(low) + scipys.sf(high)


@st.composite
def bounded(draw: st.DrawFn) -> tuple[tuple[str, float, Arguments], tuple[float | None, float | None]]:
    """A spread with bounds that keep at least a share of 10^-6 of it, one of them perhaps open."""
    one = draw(spreads)
    inside = draw(st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted).filter(lambda v: v[1] - v[0] > 1e-6))
    low, high = (float(v) for v in law(*one).ppf(inside))
    open_ = draw(st.sampled_from(["", "low", "high"]))
    ends = (
        None if open_ == "low" or not math.isfinite(low) else low,
        None if open_ == "high" or not math.isfinite(high) else high,
    )
    return one, ends


def infinite(bounds: tuple[float | None, float | None]) -> tuple[float, float]:
    return (-math.inf if bounds[0] is None else bounds[0]), (math.inf if bounds[1] is None else bounds[1])


@given(case=bounded(), z=st.booleans())
def test_bounds_cut_the_law(case: tuple[Any, tuple[float | None, float | None]], z: bool) -> None:
    one, bounds = case
    builder, found = made(*one, bounds, z)
    values = seen(builder, found.place)[0]
    low, high = infinite(bounds)
    cdf, off = kept(law(*one), low, high)
    assert np.all((values >= low) & (values <= high))
    width = max(abs(float(v)) for v in law(*one).ppf([0.001, 0.999]))
    if values.max() - values.min() > 1e-9 * width:  # else the digits of a number are all that is left
        assert distance(values, cdf) < FAR
    if off > 1e-12:
        assert found.cut == pytest.approx(off, rel=1e-9, abs=1e-12)  # as near as scipy is
    else:
        assert (found.cut or 0.0) < 1e-11


@settings(max_examples=20)
@given(
    z=st.floats(-30, 3),
    width=st.floats(0.01, 5),
    sd=sizes,
    mean=st.floats(-3, 3),
    correlated=st.booleans(),
)
def test_a_normal_below_a_bound_deep_in_its_lower_tail(
    z: float, width: float, sd: float, mean: float, correlated: bool
) -> None:
    """One-sided: all but the last of the tail is cut off. Two-sided: a strip of it is left."""
    mean *= sd
    for ends, scipys in (
        ((None, mean + z * sd), stats.truncnorm(-math.inf, z, mean, sd)),
        ((mean + (z - width) * sd, mean + z * sd), stats.truncnorm(z - width, z, mean, sd)),
    ):
        builder, found = made("normal", mean, {"sd": sd}, ends, correlated)
        values = seen(builder, found.place)[0]
        assert values.max() <= ends[1]
        assert np.all(np.isfinite(values))
        assert distance(values, scipys.cdf) < FAR
        assert found.cut is not None
        low = -math.inf if ends[0] is None else z - width
        assert found.cut == pytest.approx(float(stats.norm.cdf(low) + stats.norm.sf(z)), abs=1e-14)


@settings(max_examples=20)
@given(z=st.floats(3, 30), width=st.floats(0.01, 5), correlated=st.booleans(), sd=sizes)
def test_a_normal_above_a_bound_deep_in_its_upper_tail(z: float, width: float, correlated: bool, sd: float) -> None:
    """Where shares next to 1 have no digits left."""
    for ends, high in (((z * sd, None), math.inf), ((z * sd, (z + width) * sd), z + width)):
        builder, found = made("normal", 0.0, {"sd": sd}, ends, correlated)
        values = seen(builder, found.place)[0]
        assert np.all((values >= ends[0]) & (values <= infinite(ends)[1]))
        assert np.all(np.isfinite(values))
        assert distance(values / sd, stats.truncnorm(z, high).cdf) < FAR


@settings(max_examples=20)
@given(z=st.floats(-3, 6), width=st.floats(0.01, 5), cv=st.floats(0.01, 3), median=sizes)
def test_a_lognormal_above_a_bound(z: float, width: float, cv: float, median: float) -> None:
    sigma = math.sqrt(math.log1p(cv * cv))
    low, high = median * math.exp(z * sigma), median * math.exp((z + width) * sigma)
    for ends, scipys in (((low, None), stats.truncnorm(z, math.inf)), ((low, high), stats.truncnorm(z, z + width))):
        builder, found = made("lognormal", median, {"cv": cv}, ends)
        values = seen(builder, found.place)[0]
        assert values.min() >= low
        assert values.max() <= infinite(ends)[1]
        assert distance(np.log(values / median) / sigma, scipys.cdf) < FAR


@pytest.mark.parametrize("mode", [0.0, 1.0])
@pytest.mark.parametrize(
    "ends", [(None, 0.3), (0.6, None), (0.2, 0.7), (None, 1e-4), (1 - 1e-4, None), (-1.0, 0.5), (0.5, 2.0)]
)
@pytest.mark.parametrize("z", [False, True])
def test_a_triangle_with_its_mode_at_an_end(mode: float, ends: tuple[float | None, float | None], z: bool) -> None:
    builder, found = made("triangular", mode, {"low": 0.0, "high": 1.0}, ends, z)
    values = seen(builder, found.place)[0]
    low, high = infinite(ends)
    cdf, off = kept(stats.triang(mode), low, high)
    assert np.all((values >= max(low, 0)) & (values <= min(high, 1)))
    assert distance(values, cdf) < FAR
    assert found.cut == pytest.approx(off, rel=1e-12)


@given(one=spreads, beyond=st.floats(0, 10))
def test_bounds_that_cut_nothing_change_no_draw(one: tuple[str, float, Arguments], beyond: float) -> None:
    low, high = (float(v) for v in law(*one).support())
    if not math.isfinite(low):
        low = float(law(*one).ppf(1e-18)) - beyond  # less than one draw in 10^15
    if not math.isfinite(high):
        high = float(law(*one).isf(1e-18)) + beyond
    builder, found = made(*one, (low - beyond, high + beyond))
    assert found.cut is None
    assert np.array_equal(seen(builder, found.place)[0], draws_of(*one))


@given(one=spreads)
def test_bounds_at_the_point_itself(one: tuple[str, float, Arguments]) -> None:
    """A field whose upper bound is the point value: half of a normal, all below the mode of a triangle."""
    spread, point, arguments = one
    builder, found = made(spread, point, arguments, (None, point))
    values = seen(builder, found.place)[0]
    off = float(law(*one).sf(point))
    assert np.all(values <= point)
    if off > 1 - 1e-9:  # the point is the least value
        assert values.min() == pytest.approx(point, rel=1e-6, abs=1e-6 * max(abs(v) for v in arguments.values()))
    elif off > 1e-15:
        assert found.cut == pytest.approx(off, rel=1e-9)


@given(one=spreads, share=st.floats(0.001, 0.999), digits=st.integers(1, 20))
def test_bounds_that_are_a_few_digits_apart(one: tuple[str, float, Arguments], share: float, digits: int) -> None:
    """Rounding of the inverse distribution leads no draw out of them."""
    low = high = float(law(*one).ppf(share))
    for _ in range(digits):
        high = math.nextafter(high, math.inf)
    builder, found = made(*one, (low, high))
    values = seen(builder, found.place, draws=500)[0]
    assert np.all((values >= low) & (values <= high))


def test_bounds_that_vary_cut_each_draw_by_itself() -> None:
    """An upper bound that is drawn too: given the bound, the draws are of the law below it."""
    for spread, point, arguments in (
        ("normal", 2.0, {"sd": 1.5}),
        ("lognormal", 2.0, {"cv": 0.8}),
        ("uniform", 2.0, {"low": -1.0, "high": 5.0}),
        ("triangular", 2.0, {"low": -1.0, "high": 5.0}),
        ("interval", 2.0, {"low": 1.0, "high": 4.0}),
    ):
        builder = Builder()
        top = builder.call("multiply", builder.number(4.0), builder.source(UNIFORM, "top"))
        numbers = {name: builder.number(value) for name, value in arguments.items()}
        found = drawn(builder, "x", spread, builder.number(point), numbers, (None, top))
        values, tops = seen(builder, found.place, top)
        scipys = law(spread, point, arguments)
        assert found.cut is not None
        assert math.isnan(found.cut)  # it is another share in each draw
        assert np.all(values <= tops)
        assert distance(scipys.cdf(values) / scipys.cdf(tops), stats.uniform.cdf) < FAR, spread


def test_parameters_that_vary() -> None:
    """A mean and an sd that are drawn: what is left of each draw is a standard normal."""
    builder = Builder()
    mean = builder.source(NORMAL, "mean")
    sd = builder.call("add", builder.source(UNIFORM, "sd"), builder.number(0.5))
    found = drawn(builder, "x", "normal", mean, {"sd": sd})
    values, means, sds = seen(builder, found.place, mean, sd)
    rest = (values - means) / sds
    assert distance(rest, stats.norm.cdf) < FAR
    assert abs(stats.spearmanr(rest, means)[0]) < 6 / math.sqrt(DRAWS)
    assert abs(stats.spearmanr(rest, sds)[0]) < 6 / math.sqrt(DRAWS)


def test_one_name_is_one_draw_and_two_are_two() -> None:
    builder = Builder()
    number = builder.number
    places = [drawn(builder, key, "normal", number(0), {"sd": number(1)}).place for key in ("a", "a", "b")]
    assert places[0] == places[1]
    a, _, b = seen(builder, *places)
    assert abs(stats.spearmanr(a, b)[0]) < 6 / math.sqrt(DRAWS)


# ── correlations ──


@given(case=bounded(), is_cut=st.booleans())
def test_each_draw_is_the_quantile_of_its_normal(
    case: tuple[Any, tuple[float | None, float | None]], is_cut: bool
) -> None:
    """Of a draw that comes from a normal, the digits are known, not the law alone."""
    one, bounds = case if is_cut else (case[0], (None, None))
    builder, found = made(*one, bounds, z=True)
    first, second = (builder.source(NORMAL, name) for name in ("one", "another"))
    values, a, b = seen(builder, found.place, first, second, draws=2_000)
    scipys = law(*one)
    below, above = (float(v) for v in scipys.cdf(infinite(bounds)))
    expected = scipys.ppf(below + (above - below) * stats.norm.cdf(0.6 * a - 0.8 * b))
    width = float(np.ptp(scipys.ppf([0.001, 0.999])))
    tail = (above > 1 - 1e-9) & (expected > scipys.ppf(1 - 1e-6))  # a share next to 1 has few digits
    assert np.allclose(values[~tail], expected[~tail], rtol=1e-7, atol=1e-9 * width)


LETS = {
    "uniform": "3 ~ uniform(2, 7)",
    "normal": "3 ~ normal(sd = 2)",
    "lognormal": "3 ~ lognormal(cv = 80%)",
    "triangular": "3 ~ triangular(2, 9)",
    "interval": "3 ~ interval(1, 9)",
    "around": "3 ~ interval(-4, 6)",
}
CUT = """
kind thing {{ x : ratio in 1 .. 4 }}
thing cut {{ x = 3 ~ {spread}  from "x" }}
"""


def run_of(text: str, folder: Path) -> Run:
    path = folder / "correlated.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path)
    assert [d for d in found.diagnostics if d.is_error] == []
    assert found.run is not None
    return found.run


def draws_in(text: str, folder: Path, names: list[str], draws: int = DRAWS) -> list[Any]:
    """The draws of some lets of a scenario."""
    run = run_of(text, folder)
    builder = Builder()
    steps = Steps(builder, run, {})
    nodes = {let.name: node for let, node in run.model.lets.items()}
    return seen(builder, *[steps.place(nodes[name]) for name in names], draws=draws)


def error(rank: float, draws: int = DRAWS) -> float:
    """Six standard errors of a rank correlation of normals, about."""
    return 6 * 1.1 * (1 - rank * rank + 1e-3) / math.sqrt(draws)


@pytest.mark.parametrize("pair", list(itertools.combinations_with_replacement(LETS, 2)), ids="-".join)
@pytest.mark.parametrize("rank", [0.8, -0.35])
def test_rank_correlation_of_every_pair_of_laws(pair: tuple[str, str], rank: float, tmp_path: Path) -> None:
    text = f"let a = {LETS[pair[0]]}\nlet b = {LETS[pair[1]]}\nlet c = {LETS[pair[0]]}\ncorrelate a, b = {rank}\n"
    a, b, c = draws_in(text, tmp_path, ["a", "b", "c"])
    assert stats.spearmanr(a, b)[0] == pytest.approx(rank, abs=error(rank))
    assert stats.spearmanr(a, c)[0] == pytest.approx(0, abs=error(0))
    for name, values in zip(pair, (a, b), strict=True):  # and each keeps its law
        spread, given = LETS[name].removeprefix("3 ~ ").rstrip(")").split("(")
        numbers = [float(part.split("=")[-1].strip().replace("80%", "0.8")) for part in given.split(",")]
        keys = {"normal": ["sd"], "lognormal": ["cv"]}.get(spread, ["low", "high"])
        assert distance(values, law(spread, 3.0, dict(zip(keys, numbers, strict=True))).cdf) < FAR


@pytest.mark.parametrize(
    "spread", ["normal(sd = 2)", "lognormal(cv = 80%)", "uniform(0, 5)", "triangular(0, 9)", "interval(1, 9)"]
)
def test_rank_correlation_of_what_bounds_cut(spread: str, tmp_path: Path) -> None:
    text = CUT.format(spread=spread) + "let b = 3 ~ triangular(2, 9)\nlet a = cut.x\ncorrelate cut.x, b = 0.7\n"
    a, b = draws_in(text, tmp_path, ["a", "b"])
    assert stats.spearmanr(a, b)[0] == pytest.approx(0.7, abs=error(0.7))
    assert a.min() >= 1
    assert a.max() <= 4


@pytest.mark.parametrize("three", list(itertools.combinations(LETS, 3)), ids="-".join)
def test_rank_correlations_of_triples(three: tuple[str, str, str], tmp_path: Path) -> None:
    ranks = {("a", "b"): 0.6, ("a", "c"): -0.5, ("b", "c"): 0.2}
    text = "".join(f"let {name} = {LETS[one]}\n" for name, one in zip("abc", three, strict=True))
    text += "".join(f"correlate {a}, {b} = {rank}\n" for (a, b), rank in ranks.items())
    values = dict(zip("abc", draws_in(text, tmp_path, ["a", "b", "c"]), strict=True))
    for (a, b), rank in ranks.items():
        assert stats.spearmanr(values[a], values[b])[0] == pytest.approx(rank, abs=error(rank))


@settings(max_examples=25)
@given(
    factors=st.lists(st.lists(st.floats(-1, 1), min_size=5, max_size=5), min_size=5, max_size=5),
    count=st.integers(2, 5),
)
def test_any_correlations_that_normals_can_have(
    tmp_path_factory: pytest.TempPathFactory, factors: list[list[float]], count: int
) -> None:
    """Correlations of random sums of normals, which are consistent, asked for in a file and found again in the draws."""
    rows = np.array(factors)[:count] + 0.3 * np.eye(5)[:count]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ranks = 6 / np.pi * np.arcsin(np.clip(rows @ rows.T, -1, 1) / 2)
    names = [f"v{i}" for i in range(count)]
    text = "".join(f"let {name} = 1 ~ normal(sd = 1)\n" for name in names)
    pairs = list(itertools.combinations(range(count), 2))
    text += "".join(f"correlate v{i}, v{j} = {ranks[i, j] * (1 - 1e-9):.17g}\n" for i, j in pairs)
    values = draws_in(text, tmp_path_factory.mktemp("ranks"), names)
    for i, j in pairs:
        assert stats.spearmanr(values[i], values[j])[0] == pytest.approx(ranks[i, j], abs=error(ranks[i, j]))


@pytest.mark.parametrize("rank", [1, -1])
def test_the_same_rank_in_every_draw(rank: int, tmp_path: Path) -> None:
    text = f"let a = {LETS['triangular']}\nlet b = {LETS['lognormal']}\ncorrelate a, b = {rank}\n"
    a, b = draws_in(text, tmp_path, ["a", "b"])
    assert stats.spearmanr(a, b)[0] == pytest.approx(rank, abs=1e-6)
