"""Tests on arrays of draws against the same tests on one value: `tonne.numeric.holding` and the rules of a verdict."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.model import TestSides as Sides
from tonne.numeric.holding import holds
from tonne.syntax.walk import test_parts as parts_of
from tonne.verdict import SAME, _holds, precision

# What stands on the right are the values of a test; those of a literal follow from how it is written.
COMPARISONS = [
    "a {} b",
    "a {} 3",
    "a {} 3.0",
    "a {} -0.25",
    "a {} 1_500",
    "a {} 1.5k",
    "a {} 2e-3",
    "a {} 40%",
    "a {} 0",
]
OTHERS = [
    "a within 5% of b",
    "a within c of b",
    "a within 0% of b",
    "a within 10% of 3.0",
    "a in b .. d",
    "a in 1 .. 2",
    "a in -0.5 .. 0",
    "e within 2 MWh of f",
    "e == 5 MWh",
    "e == 5.00 MWh",
    "e <= 3 kWh",
    "e in 1 MWh .. 2 MWh",
]
OPERATORS = ["==", "<=", ">=", "<", ">"]
TESTS = [text.format(operator) for text in COMPARISONS for operator in OPERATORS] + OTHERS


@cache
def sides_of(text: str, folder: Path) -> Sides:
    """A test as a model has it."""
    from tonne.scenario import check

    lets = "let a = 1\nlet b = 2\nlet c = 10%\nlet d = 3\nlet e : MWh = 1 MWh\nlet f : MWh = 2 MWh\n"
    path = folder / "tests.tonne"
    path.write_text(f"{lets}require {text}\n", encoding="utf-8")
    found = check(path)
    assert [d for d in found.diagnostics if d.is_error] == []
    assert found.model is not None
    [(_, sides)] = found.model.requirements
    assert sides.comparable
    return sides


def one_by_one(sides: Sides, values: dict[str, float]) -> bool:
    return _holds(sides.test, {name: (v, v) for name, v in values.items()}, sides.parts, sides.relative)


def at_once(sides: Sides, values: dict[str, Any]) -> Any:
    names = [name for name, _ in parts_of(sides.test)]
    half = precision(sides.test, sides.parts.get("right"))
    return holds(sides.test, names, half, sides.relative, SAME, [values[name] for name in names])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("holding")


def literal(node: Any) -> float | None:
    """The value of a number that is written in the test."""
    if node.op == "neg":
        inner = literal(node.args[0])
        return None if inner is None else -inner
    return float(node.payload.value) if node.op == "number" and node.args == () and node.payload is not None else None


numbers = st.one_of(
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300),
    st.sampled_from([0.0, -0.0, 1.0, 3.0, 2.95, 3.05, 2.5, 3.5, -0.25, -0.245, -0.255, 1500.0, 0.4, 5e-324]),
)
# How far a value lies from an end: nowhere, at a tie within 10^-9, the last digit beyond it, and away.
beside = st.sampled_from(
    [0.0, 1e-9, -1e-9, 0.999e-9, -0.999e-9, 1.001e-9, -1.001e-9, 1e-12, 0.05, -0.05, 0.1, -0.1, 1e-3]
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    text = draw(st.sampled_from(TESTS))
    return text, {
        "values": draw(st.lists(numbers, min_size=4, max_size=4)),
        "beside": draw(beside),
        "ulp": draw(st.integers(-2, 2)),
    }


def filled(sides: Sides, wanted: dict[str, Any]) -> dict[str, float]:
    """Values for the sides of a test: those of its literals as written, the left often next to an end of what holds."""
    given = dict(zip(("left", "right", "low", "high"), wanted["values"], strict=True))
    values = {name: literal(node) for name, node in sides.parts.items()}
    found = {name: float(given.get(name, abs(given["high"]))) if v is None else v for name, v in values.items()}
    found["left"] = given["left"]
    if wanted["beside"] or wanted["ulp"]:
        end = found.get("right", found.get("low", 0.0))
        half = precision(sides.test, sides.parts.get("right"))
        near = end * (1 + wanted["beside"]) + half * (1 if wanted["beside"] >= 0 else -1)
        for _ in range(abs(wanted["ulp"])):
            near = float(np.nextafter(near, math.inf if wanted["ulp"] > 0 else -math.inf))
        found["left"] = near
    return found


@given(several=st.lists(cases(), min_size=1, max_size=6))
def test_arrays_hold_as_points_do(several: list[tuple[str, dict[str, Any]]], folder: Path) -> None:
    for text, wanted in several:
        sides = sides_of(text, folder)
        values = filled(sides, wanted)
        with np.errstate(all="ignore"):
            assert bool(at_once(sides, {n: np.float64(v) for n, v in values.items()})) == one_by_one(sides, values), (
                text,
                values,
            )


@pytest.mark.parametrize("text", TESTS)
def test_every_test_at_its_ends(text: str, folder: Path) -> None:
    """An array of left sides in which the ends of what holds are, with all that is next to them."""
    sides = sides_of(text, folder)
    given = {"left": 0.0, "right": 7.0, "low": -2.0, "high": 7.0, "tolerance": 0.25}
    values = {name: given[name] if literal(node) is None else literal(node) for name, node in sides.parts.items()}
    half = precision(sides.test, sides.parts.get("right"))
    tolerance = values.get("tolerance") or 0.0
    allowed = tolerance * abs(values.get("right") or 0.0) if sides.relative else tolerance
    lefts = []
    for end in (v for name, v in values.items() if name != "left" and v is not None):
        for apart in (0.0, half, -half, allowed, -allowed):
            for share in (0.0, 1e-9, -1e-9, 2e-9, -2e-9, 1e-10, 0.5, -0.5):
                near = end + apart * (1 + share) + share * abs(end)
                lefts += [near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)]
    lefts += [0.0, -0.0, 1e300, -1e300]
    found = at_once(sides, {**values, "left": np.array(lefts)})
    assert found.dtype == bool
    expected = [one_by_one(sides, {**values, "left": left}) for left in lefts]
    assert found.tolist() == expected
    assert len(set(expected)) == 2  # some hold and some do not


@pytest.mark.parametrize("text", TESTS)
def test_what_is_no_number_holds_nowhere(text: str, folder: Path) -> None:
    sides = sides_of(text, folder)
    values = {name: literal(node) or 1.0 for name, node in sides.parts.items()}
    for name in sides.parts:
        with np.errstate(all="ignore"):
            assert not np.any(at_once(sides, {**values, name: np.array([math.nan, math.nan])}))


@pytest.mark.parametrize("text", TESTS)
def test_what_is_infinite(text: str, folder: Path) -> None:
    """No slack of rounding is as wide as that: infinite is above all numbers, below none and equal to none."""
    sides = sides_of(text, folder)
    values = {name: literal(node) or 1.0 for name, node in sides.parts.items()}
    with np.errstate(all="ignore"):
        found = at_once(sides, {**values, "left": np.array([math.inf, -math.inf])}).tolist()
    operator = getattr(sides.test, "operator", "")
    assert found == [operator in (">", ">="), operator in ("<", "<=")]


def test_each_side_may_vary(folder: Path) -> None:
    sides = sides_of("a in b .. d", folder)
    left, low, high = np.array([1.0, 1.0, 1.0]), np.array([0.0, 2.0, 0.0]), np.array([2.0, 3.0, 0.5])
    assert at_once(sides, {"left": left, "low": low, "high": high}).tolist() == [True, False, False]
    sides = sides_of("a within c of b", folder)
    values = {
        "left": np.array([1.0, 1.0, -1.1]),
        "right": np.array([1.1, 1.2, -1.0]),
        "tolerance": np.array([0.1, 0.1, 0.1]),
    }
    assert at_once(sides, values).tolist() == [True, False, True]


def test_an_open_range(folder: Path) -> None:
    """`in 0 ..` as a bound has it; a test without an upper end."""
    sides = sides_of("a in b .. d", folder)
    found = holds(sides.test, ["left", "low"], 0.0, False, SAME, [np.array([-1.0, 0.0, 1e300]), 0.0])
    assert found.tolist() == [False, True, True]
