"""Statistics of draws that are not kept, against numpy's of the draws themselves: any split, any order, any range of numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.numeric.tally import QUANTILE_ERROR, Exact, Histogram, Scale, Tally, moments

SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
Floats = Any

# Numbers of a first look at the draws; beyond them the squares of what comes later may have no number.
ordinary = st.one_of(
    st.floats(1e-130, 1e150),
    st.floats(-1e150, -1e-130),
    st.floats(0.5, 2),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e150, -1e150]),
    st.builds(lambda sign, exponent: sign * 10.0**exponent, st.sampled_from([-1, 1]), st.integers(-130, 150)),
)
numbers = (
    ordinary
    | st.floats(-1e150, 1e150)
    | st.sampled_from([5e-324, -5e-324, 2.2250738585072014e-308, 1e-310, -1e-310, 1e-300])
)
anything = numbers | st.sampled_from([math.inf, -math.inf, math.nan])


@st.composite
def looked_at(draw: st.DrawFn) -> tuple[Scale, Floats]:
    """Draws, and the scale that a first look at some of them gives."""
    first = draw(st.lists(ordinary | st.sampled_from([math.inf, math.nan]), min_size=1, max_size=20))
    rest = draw(st.lists(anything, max_size=40))
    with np.errstate(all="ignore"):
        return Scale(np.array(first)), np.array([*first, *rest])


def counted(scale: Scale, values: Floats) -> tuple[Tally, float, float]:
    """A tally of some values, with the sums that are kept beside it."""
    tally = Tally(scale)
    total, square = tally.add(values, np.empty(values.size)) if values.size else (0.0, 0.0)
    return tally, total, square


def state(tally: Tally) -> Any:
    histogram = tally.histogram
    return tally.count, tally.bad, tally.low, tally.high, histogram.coarse, histogram.first, histogram.counts.tolist()


def figures(tally: Tally) -> list[float]:
    return [tally.quantile(share) for share in SHARES]


def merged(tallies: Sequence[Tally], order: str) -> Tally:
    """All of them as one, in one of the orders in which threads may end."""
    if order == "right":
        tallies = tallies[::-1]
    total = Tally(tallies[0].scale)
    if order == "pairs":
        waiting = [copied(t) for t in tallies]
        while len(waiting) > 1:
            one, other, *waiting = waiting
            one.merge(other)
            waiting.append(one)
        total.merge(waiting[0])
    else:
        for tally in tallies:
            total.merge(tally)
    return total


def copied(tally: Tally) -> Tally:
    """The same, made by merging into nothing."""
    made = Tally(tally.scale)
    made.merge(tally)
    return made


def finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


# ── merging ──


@given(
    looked=looked_at(), cuts=st.lists(st.integers(0, 60), max_size=4), order=st.sampled_from(["left", "right", "pairs"])
)
def test_any_split_counts_as_the_whole(looked: tuple[Scale, Floats], cuts: list[int], order: str) -> None:
    scale, array = looked
    with np.errstate(all="ignore"):
        whole = counted(scale, array)[0]
        parts = [counted(scale, part)[0] for part in np.split(array, sorted(cut for cut in cuts if cut < array.size))]
        found = merged(parts, order)
    assert state(found) == state(whole)
    assert np.array_equal(figures(found), figures(whole), equal_nan=True)
    assert found.count == finite(array).size
    assert found.bad == array.size - found.count
    assert int(found.histogram.counts.sum()) == found.count


@settings(max_examples=10)
@given(
    middle=st.floats(1e-3, 1e3),
    far=st.lists(
        st.builds(lambda s, e: s * 10.0**e, st.sampled_from([-1, 1]), st.integers(-150, -10) | st.integers(10, 140)),
        min_size=1,
        max_size=8,
    ),
    seed=st.integers(0, 2**32 - 1),
    order=st.sampled_from(["left", "right", "pairs"]),
)
def test_bins_that_were_too_fine_are_coarsened_alike(middle: float, far: list[float], seed: int, order: str) -> None:
    rng = np.random.default_rng(seed)
    narrow = middle * (1 + 1e-11 * rng.standard_normal(500))
    array = np.concatenate((narrow, far))
    rng.shuffle(array)
    with np.errstate(all="ignore"):
        scale = Scale(narrow)
        whole = counted(scale, array)[0]
        found = merged([counted(scale, part)[0] for part in np.array_split(array, 5)], order)
    assert whole.histogram.coarse > 0
    assert state(found) == state(whole)
    assert whole.histogram.counts.size <= 1 << 22
    for share in SHARES:
        in_its_bin(whole, array, share)


@settings(max_examples=10)
@given(
    parts=st.lists(
        st.lists(st.integers(-(2**30), 2**30) | st.integers(-(2**19), 2**19), min_size=1, max_size=20),
        min_size=3,
        max_size=3,
    )
)
def test_histograms_merge_in_any_order(parts: list[list[int]]) -> None:
    """(a + b) + c, a + (b + c) and c + (b + a) are the same."""

    def histogram(keys: Sequence[int]) -> Histogram:
        made = Histogram()
        made.add(np.array(keys, np.int64), min(keys), max(keys))
        return made

    def plus(*several: Histogram) -> Histogram:
        total = Histogram()
        for one in several:
            total.merge(one)
        return total

    a, b, c = (histogram(keys) for keys in parts)
    sums = [
        plus(plus(a, b), c),
        plus(a, plus(b, c)),
        plus(c, plus(b, a)),
        histogram([k for keys in parts for k in keys]),
    ]
    known = [(h.coarse, h.first, h.counts.tolist()) for h in sums]
    assert known[1:] == known[:-1]
    assert sums[0].counts.sum() == sum(map(len, parts))


def test_nothing_is_merged_as_nothing() -> None:
    scale = Scale(np.array([1.0, 2.0]))
    empty, some = Tally(scale), counted(scale, np.array([1.0, 1.5]))[0]
    before = state(some)
    some.merge(empty)
    assert state(some) == before
    assert math.isnan(empty.quantile(0.5))
    assert [part.size for part in empty.bins()] == [0, 0]
    only_bad = counted(scale, np.array([math.nan, math.inf]))[0]
    assert (only_bad.count, only_bad.bad) == (0, 2)
    assert math.isnan(only_bad.quantile(0.5))


def test_merging_leaves_the_other_as_it_was() -> None:
    scale = Scale(np.array([1.0, 1 + 1e-12]))
    with np.errstate(all="ignore"):
        fine, wide = counted(scale, np.array([1.0, 1 + 1e-12]))[0], counted(scale, np.array([1e-100, 1e100]))[0]
    before = state(fine)
    wide.merge(fine)
    assert state(fine) == before


# ── quantiles ──


def in_its_bin(tally: Tally, values: Floats, share: float) -> None:
    """A quantile lies in the bin of the draw of its rank, or between it and the next: within the width of it, or next to zero."""
    ordered = np.sort(finite(values))
    rank = share * (ordered.size - 1)
    below, above = float(ordered[math.floor(rank)]), float(ordered[math.ceil(rank)])
    nothing = 2 * tally.scale.ends(0)[1]
    # bins of both signs over all sizes of a number are more than are kept: see tests/test_found_bugs.py
    error = QUANTILE_ERROR * (2 if tally.histogram.coarse and ordered[0] < 0 < ordered[-1] else 1)
    assert below - error * abs(below) - nothing <= tally.quantile(share) <= above + error * abs(above) + nothing
    assert ordered[0] <= tally.quantile(share) <= ordered[-1]


@given(looked=looked_at())
def test_a_quantile_is_in_the_bin_of_its_draw(looked: tuple[Scale, Floats]) -> None:
    scale, array = looked
    with np.errstate(all="ignore"):
        tally = counted(scale, array)[0]
    for share in SHARES if tally.count else ():
        in_its_bin(tally, array, share)


@given(looked=looked_at())
def test_quantiles_rise(looked: tuple[Scale, Floats]) -> None:
    with np.errstate(all="ignore"):
        tally = counted(*looked)[0]
    found = [tally.quantile(i / 20) for i in range(21)]
    assert tally.count == 0 or found == sorted(found)


@st.composite
def smooth(draw: st.DrawFn) -> Floats:
    """Many draws of a law without steps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape, size = (
        draw(st.sampled_from(["normal", "lognormal", "uniform", "two humps", "across"])),
        draw(st.floats(-30, 30)),
    )
    n, spread = 30_000, draw(st.floats(0.001, 1))
    if shape == "lognormal":
        values = np.exp(spread * rng.standard_normal(n))
    elif shape == "uniform":
        values = 1 + spread * (2 * rng.random(n) - 1)
    elif shape == "two humps":
        values = np.where(rng.random(n) < 0.4, 1.0, 3.0) * (1 + 0.2 * spread * rng.standard_normal(n))
    elif shape == "across":
        values = rng.standard_normal(n) + draw(st.floats(-2, 2))
    else:
        values = 1 + 0.2 * spread * rng.standard_normal(n)
    return draw(st.sampled_from([-1.0, 1.0])) * 10**size * values


def close(found: float, values: Floats, share: float, relative: float = 0.0, absolute: float = 0.0) -> bool:
    """Within an error of numpy's quantile, up to the draws beside it."""
    ordered = np.sort(values)
    rank = share * (values.size - 1)
    low = float(ordered[max(math.floor(rank) - 1, 0)])
    high = float(ordered[min(math.ceil(rank) + 1, values.size - 1)])
    return low - relative * abs(low) - absolute <= found <= high + relative * abs(high) + absolute


@settings(max_examples=40)
@given(values=smooth(), seen=st.sampled_from([100, 8192, 30_000]))
def test_quantiles_are_within_the_error_that_is_told(values: Floats, seen: int) -> None:
    """The neighbours stand for the bins with few draws in a tail, of which the exact place in a bin is not known."""
    tally = counted(Scale(values[:seen]), values)[0]
    for share in SHARES:
        assert close(tally.quantile(share), values, share, QUANTILE_ERROR)


@given(
    spread=st.floats(1e-9, 1e-3),
    middle=st.floats(1e-20, 1e20),
    sign=st.sampled_from([-1, 1]),
    seed=st.integers(0, 2**32 - 1),
)
def test_narrow_distributions_keep_their_quantiles(spread: float, middle: float, sign: int, seed: int) -> None:
    """Within a hundredth of the standard deviation, of however many digits that leaves of the value."""
    values = sign * middle * (1 + spread * np.random.default_rng(seed).standard_normal(20_000))
    tally = counted(Scale(values[:8192]), values)[0]
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert abs(tally.quantile(share) - np.quantile(values, share)) <= values.std() / 100


@pytest.mark.parametrize("spread", [1e-6, 1e-4])
def test_a_relative_sd_of_a_millionth(spread: float) -> None:
    values = 317.9 * (1 + spread * np.random.default_rng(3).standard_normal(100_000))
    tally = counted(Scale(values[:8192]), values)[0]
    for share in (0.05, 0.5, 0.95):
        assert abs(tally.quantile(share) - np.quantile(values, share)) <= values.std() / 100
    edges, counts = tally.bins()
    assert np.diff(edges).max() <= values.std() / 100
    assert counts.sum() == 100_000


@given(middle=st.floats(-3, 3), size=st.floats(-100, 100), seed=st.integers(0, 2**32 - 1))
def test_distributions_across_zero(middle: float, size: float, seed: int) -> None:
    """Quantiles next to zero have no relative digits: within a hundredth of the standard deviation."""
    values = 10**size * (middle + np.random.default_rng(seed).standard_normal(20_000))
    tally = counted(Scale(values[:8192]), values)[0]
    for share in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99):
        assert close(tally.quantile(share), values, share, absolute=values.std() / 100)


def test_draws_that_are_even_over_a_bin_are_told_in_their_places() -> None:
    """A hundred draws in the middles of the hundredths of a bin."""
    inside = 1 + (np.arange(100) + 0.5) / 100 * QUANTILE_ERROR
    values = np.concatenate((np.linspace(0.01, 0.5, 100), inside, np.linspace(2, 10, 100)))
    tally = counted(Scale(values), values)[0]
    assert tally.scale.ends(tally.scale.key(1.0)) == (1.0, 1 + QUANTILE_ERROR)
    for rank in range(101, 199):
        assert tally.quantile(rank / 299) == pytest.approx(np.quantile(values, rank / 299), rel=1e-6)


def test_a_share_of_zeros() -> None:
    """Of draws that are zero in part, such as what is saved where nothing is."""
    rng = np.random.default_rng(5)
    values = np.maximum(rng.standard_normal(50_000), 0)
    tally = counted(Scale(values[:8192]), values)[0]
    assert tally.low == 0
    for share in (0.05, 0.4):
        assert tally.quantile(share) == pytest.approx(0, abs=1e-6 * values.std())
    assert tally.quantile(0.75) == pytest.approx(np.quantile(values, 0.75), rel=0.01)


@given(value=ordinary, count=st.integers(1, 50))
def test_a_value_that_does_not_vary(value: float, count: int) -> None:
    values = np.full(count, value)
    tally, total, square = counted(Scale(values), values)
    assert all(q == value for q in figures(tally))
    assert moments(count, tally.scale.shift, [total], [square], tally.scale.unit) == (value, 0.0)


def test_the_error_of_a_quantile_of_values_that_repeat() -> None:
    """A thousand draws at the low end of a bin."""
    values = np.array([0.1] * 500 + [1.0] * 1000 + [3.0] * 500)
    assert np.quantile(values, 0.74) == 1
    tally = counted(Scale(values), values)[0]
    assert tally.quantile(0.74) == pytest.approx(1, rel=QUANTILE_ERROR)


@pytest.mark.parametrize("values", [[0.0, 5.0, 5e-324], [1e200, 2e200, 3e200], [-1e308, 1e308, 0.0]])
def test_a_scale_of_any_numbers(values: list[float]) -> None:
    array = np.array(values)
    with np.errstate(all="ignore"):
        tally = counted(Scale(array), array)[0]
    nothing = tally.scale.ends(0)[1]  # what is told as zero
    assert nothing < 1e-5 * max(map(abs, values))
    for share in (0.0, 0.5, 1.0):
        assert tally.quantile(share) == pytest.approx(np.quantile(array, share), rel=QUANTILE_ERROR, abs=nothing)


@given(size=st.floats(-300, 300), spread=st.floats(-8, 0), seed=st.integers(0, 2**32 - 1))
def test_distributions_of_any_size(size: float, spread: float, seed: int) -> None:
    """Where the square of the standard deviation is too large or too small for a number too."""
    values = 10**size * (1 + 10**spread * np.random.default_rng(seed).random(5_000))
    with np.errstate(all="ignore"):
        tally, total, square = counted(Scale(values), values)
    mean, sd = moments(5_000, tally.scale.shift, [total], [square], tally.scale.unit)
    scaled = values / 2.0 ** (expected := math.frexp(values[0])[1] - 1)
    assert mean == pytest.approx(float(scaled.mean()) * 2.0**expected, rel=1e-12, abs=0)
    assert sd == pytest.approx(float(scaled.std(ddof=1)) * 2.0**expected, rel=1e-9, abs=0)
    for share in (0.05, 0.5, 0.95):
        assert abs(tally.quantile(share) - np.quantile(values, share)) <= sd / 100


@given(power=st.floats(1, 30), seed=st.integers(0, 2**32 - 1))
def test_quantiles_of_a_heavy_tail(power: float, seed: int) -> None:
    """The least likely draws may make the standard deviation 10^40 times the median; the quantiles are as near as ever."""
    values = np.random.default_rng(seed).random(20_000) ** -power
    with np.errstate(all="ignore"):
        tally = counted(Scale(values[:8192]), values)[0]
    for share in (0.05, 0.5, 0.95):
        assert close(tally.quantile(share), values, share, QUANTILE_ERROR)


# ── bins ──


@given(looked=looked_at())
def test_bins_hold_the_draws_between_their_edges(looked: tuple[Scale, Floats]) -> None:
    scale, array = looked
    with np.errstate(all="ignore"):
        tally = counted(scale, array)[0]
    if tally.histogram.counts.size > 10_000:  # the edges are made one by one
        return
    edges, counts = tally.bins()
    if tally.count == 0:
        assert edges.size == counts.size == 0
        return
    assert edges.size == counts.size + 1
    assert np.all(np.diff(edges) > 0)
    ordered = np.sort(finite(array))
    assert edges[0] <= ordered[0]
    assert ordered[-1] <= edges[-1]
    inside = [np.count_nonzero((ordered >= low) & (ordered <= high)) for low, high in itertools.pairwise(edges)]
    assert all(int(count) <= there for count, there in zip(counts, inside, strict=True))
    assert counts.sum() == tally.count


@given(value=numbers, scale=st.lists(ordinary, min_size=1, max_size=5))
def test_a_value_lies_between_the_ends_of_its_bin(value: float, scale: list[float]) -> None:
    with np.errstate(all="ignore"):
        one = Scale(np.array(scale))
    key = one.key(value)
    low, high = one.ends(key)
    assert low <= value <= high
    for least in (value, -1.0, 1e-300):
        if least <= value:
            assert one.keys(np.array([value]), least).tolist() == [key]


@given(values=st.lists(numbers, min_size=2, max_size=60, unique=True), scale=st.lists(ordinary, min_size=1, max_size=5))
def test_keys_rise_with_the_values(values: list[float], scale: list[float]) -> None:
    array = np.sort(np.array(values))
    with np.errstate(all="ignore"):
        keys = Scale(np.array(scale)).keys(array, float(array[0]))
    assert np.all(np.diff(keys) >= 0)


# ── the very draws ──


@given(
    looked=looked_at(),
    parts=st.integers(1, 5),
    shares=st.lists(st.floats(0, 1) | st.sampled_from(SHARES), min_size=1, max_size=4, unique=True).map(tuple),
)
def test_exact_quantiles_are_those_of_numpy(
    looked: tuple[Scale, Floats], parts: int, shares: tuple[float, ...]
) -> None:
    scale, array = looked
    with np.errstate(all="ignore"):
        tally = counted(scale, array)[0]
        exact = Exact(tally, shares)
        for part in np.array_split(array, parts):  # as threads gather them
            one = Exact(tally, shares)
            one.add(part)
            exact.merge(one)
    ordered = np.sort(finite(array))
    for share in shares:
        if ordered.size == 0:
            assert math.isnan(exact.quantile(share))
            continue
        rank = share * (ordered.size - 1)
        beside = float(np.abs(ordered[[math.floor(rank), math.ceil(rank)]]).max())
        assert abs(exact.quantile(share) - float(np.quantile(ordered, share))) <= 1e-15 * beside + 1e-323
    assert math.isnan(exact.quantile(0.123456789))


def test_exact_quantiles_of_many_draws() -> None:
    rng = np.random.default_rng(7)
    values = np.exp(rng.standard_normal(100_000))
    shares = (0.05, 0.5, 0.95)
    tally = counted(Scale(values[:8192]), values)[0]
    exact = Exact(tally, shares)
    for part in np.array_split(values, 13):
        exact.add(part)
    for share in shares:
        assert exact.quantile(share) == pytest.approx(np.quantile(values, share), rel=1e-15)
        assert tally.quantile(share) == pytest.approx(exact.quantile(share), rel=QUANTILE_ERROR)


# ── moments ──


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.floats(-60, 60),
    middle=st.floats(-1e5, 1e5),
    shape=st.sampled_from(["normal", "lognormal", "uniform"]),
    count=st.integers(2, 5000),
    blocks=st.integers(1, 7),
)
def test_moments_are_those_of_numpy(seed: int, size: float, middle: float, shape: str, count: int, blocks: int) -> None:
    rng = np.random.default_rng(seed)
    values = 10**size * (
        middle + {"normal": rng.normal, "lognormal": rng.lognormal, "uniform": rng.uniform}[shape](size=count)
    )
    scale = Scale(values[:1000])
    sums = [counted(scale, part)[1:] for part in np.array_split(values, min(blocks, count))]
    mean, sd = moments(count, scale.shift, [total for total, _ in sums], [square for _, square in sums], scale.unit)
    assert mean == pytest.approx(values.mean(), rel=1e-12, abs=1e-12 * values.std())
    assert sd == pytest.approx(values.std(ddof=1), rel=1e-12, abs=0)


@given(looked=looked_at(), order=st.randoms(use_true_random=False))
def test_moments_leave_out_what_is_no_number(looked: tuple[Scale, Floats], order: Any) -> None:
    scale, array = looked
    with np.errstate(all="ignore"):
        sums = [counted(scale, np.array([value]))[1:] for value in array]
        known = finite(array)
        mean, sd = moments(
            known.size, scale.shift, [total for total, _ in sums], [square for _, square in sums], scale.unit
        )
        shuffled = list(sums)
        order.shuffle(shuffled)
        totals, squares = zip(*shuffled, strict=True)
        again = moments(known.size, scale.shift, totals, squares, scale.unit)
    if known.size == 0:
        assert math.isnan(mean)
        assert math.isnan(sd)
        return
    assert again == (mean, sd)  # sums are exact, whatever their order
    widest = max(float(np.ptp(known)), abs(scale.shift))
    assert mean == pytest.approx(float(known.mean()), abs=1e-12 * widest)
    assert sd >= 0


def test_sums_of_squares_that_overflow_between_blocks() -> None:
    mean, sd = moments(4, 0.0, [0.0, 0.0], [1.5e308, 1.5e308])
    assert mean == 0
    assert not math.isfinite(sd) or sd == pytest.approx(1e154)


def test_moments_of_one_draw_and_of_none() -> None:
    assert moments(1, 5.0, [0.5], [0.25]) == (5.5, 0.0)
    assert all(math.isnan(v) for v in moments(0, 5.0, [], []))
