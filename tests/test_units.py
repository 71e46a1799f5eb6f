"""Unit words against pint, from a registry of the same declarations."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne import library
from tonne.limits import DEFAULT_LIMITS
from tonne.syntax import tree
from tonne.syntax.parse import parse
from tonne.unit_registry import pint_unit
from tonne.units import Unit, UnitProblem, UnitTable


@cache
def table() -> UnitTable:
    path = library.library_file("core.units")
    assert path is not None
    source, _ = library.read(path, "units", DEFAULT_LIMITS)
    assert source is not None
    module, found = parse(source)
    assert found == []
    made = UnitTable(s for s in module.statements if isinstance(s, tree.UnitDeclaration | tree.DimensionDeclaration))
    assert made.found == []
    return made


ATOMS = [p + w for w in table().declared_words for p in ("", *table().prefixes_of(w))]
factors = st.tuples(st.sampled_from(ATOMS), st.integers(1, 3))


@st.composite
def words(draw: st.DrawFn) -> str:
    above = draw(st.lists(factors, min_size=1, max_size=3))
    below = draw(st.lists(factors, max_size=3))

    def power(factor: tuple[str, int]) -> str:
        return factor[0] if factor[1] == 1 else f"{factor[0]}^{factor[1]}"

    return "*".join(map(power, above)) + "".join(f"/{power(f)}" for f in below)


def unit(word: str) -> Unit:
    found = table().lookup(word)
    assert isinstance(found, Unit), found
    return found


@given(words())
def test_a_word_is_worth_what_pint_says(word: str) -> None:
    ours = unit(word)
    theirs = table().registry.Quantity(1.0, pint_unit(word)).to_root_units()
    assert math.isclose(ours.factor, theirs.magnitude, rel_tol=1e-12)
    powers = {name: Fraction(str(power)) for name, power in theirs.unit_items()}
    assert dict(ours.dimension.powers) == powers


@given(words(), words(), st.floats(1e-6, 1e6))
def test_conversion_is_pints(one: str, other: str, value: float) -> None:
    a, b = unit(one), unit(other)
    registry = table().registry
    quantity = registry.Quantity(value, pint_unit(one))
    assert quantity.is_compatible_with(pint_unit(other)) == (a.dimension == b.dimension)
    if a.dimension == b.dimension:
        converted = value * a.factor / b.factor
        assert math.isclose(converted, quantity.to(pint_unit(other)).magnitude, rel_tol=1e-12)
        assert math.isclose(converted * b.factor / a.factor, value, rel_tol=1e-12)


@given(words(), words(), words())
def test_the_laws_of_dimensions(one: str, other: str, third: str) -> None:
    a, b, c = (unit(w).dimension for w in (one, other, third))
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert (a * b) / b == a
    assert a / a == unit("ratio").dimension
    assert (a**2) ** Fraction(1, 2) == a


@pytest.mark.parametrize(
    ("word", "code", "help"),
    [
        ("Mtoken", "D210", "a million tokens"),
        ("KWh", "D211", "`kWh`"),
        ("Kwh/day", "D211", "`kWh/day`"),
        ("TFLOPS", "D209", "`TFLOP/s`"),
        ("gCO2", "D212", "`gCO2e`"),
        ("kgCO2eq/kWh", None, ""),
        ("gCO2e/token*day", "D213", "`gCO2e/token/day`"),
        ("GPUh", "D211", "`device*h`"),
        ("tokens", "D211", "`token`"),
        ("watt", "D211", "`W`"),
        ("CO2", "D209", "`gCO2e`"),
        ("nonsense", "D209", ""),
        ("L^99", "D209", "24"),
        ("kkWh", "D211", "`kWh`"),
        ("1/day", None, ""),
        ("/day", None, ""),
    ],
)
def test_words_that_are_none(word: str, code: str | None, help: str) -> None:
    found = table().lookup(word)
    if code is None:
        assert isinstance(found, Unit)
    else:
        assert isinstance(found, UnitProblem)
        assert found.code == code
        assert help in found.help


@pytest.mark.parametrize(
    ("word", "counted"),
    [
        ("device", True),
        ("token/request", True),
        ("FLOP/param/token", True),
        ("TFLOP", False),
        ("day", False),
        ("device*h", False),
        ("param", True),
        ("%", False),
        ("USD", False),
    ],
)
def test_which_units_are_counted(word: str, counted: bool) -> None:
    assert unit(word).counted is counted


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("kWh", "energy"),
        ("gCO2e/kWh", "carbon intensity"),
        ("Wh/token", "energy a token"),
        ("W/device", "power a device"),
        ("FLOP/s", "compute rate"),
        ("gCO2e/request", "carbon a request"),
        ("request*gCO2e/Wh", "carbon·request/energy"),
        ("%", "a ratio"),
    ],
)
def test_dimensions_in_words(word: str, name: str) -> None:
    assert table().describe(unit(word).dimension) == name
