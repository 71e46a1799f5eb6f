"""Verdicts within rounding: every value that the inputs' digits allow is held by one, and what lies beyond is refuted."""

from __future__ import annotations

import itertools
import math
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from tonne.scenario import evaluate

# Field, unit, range of true values; none of the units is one that is counted in whole numbers.
INPUTS = {
    "tokens": ("token", 1e9, 2e13),
    "parameters": ("param", 1e9, 1e12),
    "peak": ("TFLOP/s/device", 100, 2500),
    "utilization": ("", 0.1, 0.6),
    "power": ("W/device", 200, 1000),
    "pue": ("", 1.05, 1.6),
    "intensity": ("gCO2e/kWh", 20, 900),
}
OWNERS = {"parameters": "m", "peak": "h", "intensity": "g"}


def values(inputs: dict[str, float]) -> dict[str, float]:
    """What follows, by hand, in the units of the claims."""
    hours = 6 * inputs["parameters"] * inputs["tokens"] / (inputs["peak"] * 1e12 * inputs["utilization"]) / 3600
    energy = hours * inputs["power"] / 1e6 * inputs["pue"]
    return {"r.device_time": hours, "r.energy": energy, "r.co2e": energy * inputs["intensity"] / 1000}


UNITS = {"r.device_time": "device*h", "r.energy": "MWh", "r.co2e": "tCO2e"}


def printed(value: float, digits: int) -> str:
    return f"{value:.{digits - 1}e}"


def half_unit(text: str) -> float:
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)
    return float(Decimal(5).scaleb(exponent - 1))


def verdict(inputs: dict[str, str], path: str, claimed: str) -> str:
    written = {name: f"{text} {INPUTS[name][0]}".strip() for name, text in inputs.items()}
    text = f"""
model m {{ parameters = {written["parameters"]}  from "a" }}
hardware h {{ peak = {written["peak"]}  from "a" }}
grid g {{ carbon_intensity = {written["intensity"]}  from "a" }}
run r {{
  model       = m
  hardware    = h
  grid        = g
  tokens      = {written["tokens"]}  from "a"
  utilization = {written["utilization"]}  from "a"
  power       = {written["power"]}  from "a"
  pue         = {written["pue"]}  from "a"
}}
claim {path} == {claimed} {UNITS[path]}  from "b"
"""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "s.tonne")
        file.write_text(text, encoding="utf-8")
        made = evaluate(file)
    assert not [d.title for d in made.diagnostics if d.is_error]
    return made.claims[0].outcome.value


TRUTH = st.fixed_dictionaries({name: st.floats(low, high) for name, (_, low, high) in INPUTS.items()})
DIGITS = st.fixed_dictionaries({name: st.integers(2, 5) for name in INPUTS})


@given(truth=TRUTH, digits=DIGITS, path=st.sampled_from(list(UNITS)), of_claim=st.integers(2, 6))
def test_what_the_source_computed_from_its_own_inputs_is_never_refuted(
    truth: dict[str, float], digits: dict[str, int], path: str, of_claim: int
) -> None:
    inputs = {name: printed(value, digits[name]) for name, value in truth.items()}
    assert verdict(inputs, path, printed(values(truth)[path], of_claim)) in ("holds", "holds-within-rounding")


@given(
    truth=TRUTH,
    digits=DIGITS,
    path=st.sampled_from(list(UNITS)),
    of_claim=st.integers(4, 6),
    beyond=st.floats(1e-3, 2),
    above=st.booleans(),
)
def test_what_no_inputs_that_print_so_give_is_refuted(
    truth: dict[str, float], digits: dict[str, int], path: str, of_claim: int, beyond: float, above: bool
) -> None:
    inputs = {name: printed(value, digits[name]) for name, value in truth.items()}
    ends = {name: (float(t) - half_unit(t), float(t) + half_unit(t)) for name, t in inputs.items()}
    corners = [
        values(dict(zip(ends, corner, strict=True)))[path] for corner in itertools.product(*ends.values())
    ]  # monotone in each input, so that the extremes are at corners
    value = max(corners) * (1 + beyond) if above else min(corners) / (1 + beyond)
    claimed = printed(value, of_claim)
    assume(abs(math.log(float(claimed) / value)) < beyond / 4)
    assert half_unit(claimed) < beyond / 2 * value
    assert verdict(inputs, path, claimed) == "refuted"
