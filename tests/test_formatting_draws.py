"""Figures of draws: no more digits than their spread and their number support, and each figure of one row to the same place."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.formatting import at_place, figure, last_place, share_of_draws

values = st.floats(-1e14, 1e14).filter(lambda v: v == 0 or abs(v) > 1e-14)
places = st.integers(-12, 12)


def read(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def written(value: float) -> Decimal:
    """A value to the 14 digits on which rounding is judged."""
    return Decimal(f"{value:.14g}")


@pytest.mark.parametrize(
    ("value", "place", "text"),
    [
        (126.14, -1, "126.1"),
        (126.14, 0, "126"),
        (126.14, 1, "130"),
        (126.14, 2, "100"),
        (126.14, 3, "0"),
        (960.0, 3, "1,000"),
        (499.0, 3, "0"),
        (500.0, 3, "1,000"),
        (126.0, -2, "126.00"),
        (99.96, -1, "100.0"),
        (0.996, -2, "1.00"),
        (9.96, 0, "10"),
        (0.06, -1, "0.1"),
        (0.4, 0, "0"),
        (-0.4, 0, "0"),
        (0.1, -3, "0.100"),
        (-1234.5, 0, "-1,235"),
        (-1234.4, 1, "-1,230"),
        (1234567.891, -2, "1,234,567.89"),
        (0.5, 0, "1"),
        (2.5, 0, "3"),  # ties go away from zero
        (-2.5, 0, "-3"),
        (0.285, -2, "0.29"),  # and are judged on what is written, not on the binary number
        (0.00001234, -8, "1.234e-5"),
        (6e16, 17, "1e17"),
        (1.5e16, 15, "1.5e16"),
        (0.0, 0, "0"),
        (0.0, 2, "0"),
        (0.0, -1, "0.0"),
        (0.04, -1, "0.0"),
        (-0.04, -1, "0.0"),
        (0.05, -1, "0.1"),
        (0.0004999, -3, "0.000"),
        (math.inf, 0, "—"),
        (math.nan, -3, "—"),
    ],
)
def test_to_a_place(value: float, place: int, text: str) -> None:
    assert at_place(value, place) == text


@given(value=values, place=places)
def test_a_figure_is_the_nearest_of_its_place(value: float, place: int) -> None:
    found, unit = read(at_place(value, place)), Decimal(1).scaleb(place)
    if written(value).adjusted() - place >= 14:  # more digits than a number has
        assert found == pytest.approx(written(value), rel=Decimal("1e-13"))
        return
    assert found % unit == 0
    assert abs(found - written(value)) <= unit / 2


@given(value=values, place=places)
def test_a_figure_shows_its_place(value: float, place: int) -> None:
    """So that the figures of one row end in the same place."""
    text = at_place(value, place)
    assert "e" in text or len(text.partition(".")[2]) == max(-place, 0)


@given(value=values, place=places)
def test_signs_and_thousands(value: float, place: int) -> None:
    text = at_place(value, place)
    mirrored = at_place(-value, place)
    assert mirrored == (text if read(text) == 0 else text.removeprefix("-") if text.startswith("-") else f"-{text}")
    assert "e" in text or re.fullmatch(r"-?\d{1,3}(,\d{3})*(\.\d+)?", text)


@given(one=values, other=values, place=places)
def test_figures_rise_with_the_values(one: float, other: float, place: int) -> None:
    low, high = sorted((one, other))
    assert read(at_place(low, place)) <= read(at_place(high, place))


@given(value=values, digits=st.integers(1, 9))
def test_a_place_and_digits_agree(value: float, digits: int) -> None:
    if value:
        place = written(value).adjusted() - digits + 1
        assert read(at_place(value, place)) == read(figure(value, digits))


# ── which place ──


@pytest.mark.parametrize(
    ("width", "error", "size", "place"),
    [
        (120.0, 0.5, 200.0, 0),  # 1 is below a hundredth of the width
        (119.0, 0.5, 200.0, 0),
        (99.0, 0.001, 200.0, -1),
        (120.0, 3.0, 200.0, 0),
        (120.0, 30.0, 200.0, 1),
        (0.0, 0.0, 0.0, 0),
        (0.0, 0.0, 1234.5, 0),  # four digits
        (0.0, 0.0, 0.012345, -5),
        (1e-9, 0.0, 1234.5, 0),  # a narrow spread does not ask for more than four
        (1e9, 0.0, 1e9, 7),
        (0.0, 0.02, 12.3, -2),
        (math.inf, 0.0, 5.0, -3),
        (math.nan, math.nan, 5.0, -3),
        (1.0, 0.0, math.inf, -2),
    ],
)
def test_which_place(width: float, error: float, size: float, place: int) -> None:
    assert last_place(width, error, size=size) == place


sizes = st.floats(1e-12, 1e12)


@given(width=sizes | st.just(0.0), error=sizes | st.just(0.0), size=sizes | st.just(0.0), digits=st.integers(1, 6))
def test_a_place_is_no_finer_than_the_spread_the_error_and_the_digits(
    width: float, error: float, size: float, digits: int
) -> None:
    place = last_place(width, error, digits, size)
    wanted = [Fraction(w) for w in (width / 100, error) if w]
    wanted += [Fraction(10) ** (math.floor(math.log10(size)) - digits + 1)] if size else []
    rounding = Fraction(1, 10**12)
    assert all(Fraction(10) ** (place + 1) > w * (1 - rounding) for w in wanted)
    assert Fraction(10) ** place <= max(wanted, default=Fraction(1)) * (
        1 + rounding
    )  # nor coarser than one of them asks for
    shown = read(at_place(size, place))
    assert shown == 0 or shown.adjusted() - place + 1 <= digits + 1  # 9.99 may become 10.0


@given(width=sizes, error=sizes, size=sizes, factor=st.integers(-6, 6))
def test_a_place_moves_with_the_unit(width: float, error: float, size: float, factor: int) -> None:
    """A thousand times as large is three places further, but for a power of ten that is missed by rounding."""
    scale = 10.0**factor
    moved = last_place(width * scale, error * scale, size=size * scale)
    assert abs(moved - last_place(width, error, size=size) - factor) <= 1
    exponents = [math.log10(v) % 1 for v in (width / 100, error, size)]
    if all(1e-9 < e < 1 - 1e-9 for e in exponents):
        assert moved == last_place(width, error, size=size) + factor


# ── shares ──


@pytest.mark.parametrize(
    ("share", "draws", "text"),
    [
        (0.0, 10, "in no draw"),
        (1.0, 10, "in every draw"),
        (0.71, 10_000, "in 71.0 % of draws"),
        (0.7149, 1_000, "in 71 % of draws"),
        (0.7149, 100_000, "in 71.5 % of draws"),
        (0.7149, 10_000_000, "in 71.49 % of draws"),
        (0.5, 2, "in 50 % of draws"),
        (0.5, 20, "in 50 % of draws"),
        (1 / 3, 3, "in 30 % of draws"),
        (0.001, 1_000, "in 0.10 % of draws"),
        (0.999, 1_000, "in 99.90 % of draws"),
        (1e-7, 10_000_000, "in less than 0.01 % of draws"),
        (1 - 1e-7, 10_000_000, "in more than 99.99 % of draws"),
        (0.9, 10_000_000_000, "in 90.00 % of draws"),
    ],
)
def test_shares(share: float, draws: int, text: str) -> None:
    assert share_of_draws(share, draws) == text


@given(draws=st.integers(1, 10**8), data=st.data())
def test_a_share_is_told_within_its_standard_error(draws: int, data: st.DataObject) -> None:
    counted = data.draw(st.integers(0, draws))
    share = counted / draws
    text = share_of_draws(share, draws)
    assert (text == "in no draw") == (counted == 0)
    assert (text == "in every draw") == (counted == draws)
    if counted in (0, draws):
        return
    told = re.fullmatch(r"in (less than |more than |)([0-9.]+) % of draws", text)
    assert told is not None
    error = 100 * math.sqrt(share * (1 - share) / draws)
    if told[1] == "":
        assert abs(float(told[2]) - 100 * share) <= max(error, 0.01) / 2 * (1 + 1e-9)
        assert 0 < float(told[2]) < 100
        unit = 10.0 ** -len(told[2].partition(".")[2])
        assert unit >= min(error, 1.0) / 10 * (1 - 1e-9)  # no digit that the draws do not support
    elif told[1] == "less than ":
        assert 100 * share < float(told[2])
    else:
        assert 100 * share > float(told[2])
