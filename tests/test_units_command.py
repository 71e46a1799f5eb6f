"""`tonne units`: the units there are, and conversion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tonne.browse import core_declarations
from tonne.cli.commands import tonne
from tonne.syntax import tree


def call(*words: str) -> Result:
    return CliRunner().invoke(tonne, ["units", *words], catch_exceptions=False)


def document(*words: str) -> dict[str, Any]:
    return json.loads(call(*words, "--format", "json").stdout)  # type: ignore[no-any-return]


def test_every_declared_unit_and_dimension_is_listed() -> None:
    made = document()
    units = [d for d in core_declarations() if isinstance(d, tree.UnitDeclaration)]
    assert {u["word"] for u in made["units"]} == {d.word for d in units}
    named = {u["dimension"] for u in made["units"]} | {d["name"] for d in made["dimensions"]}
    declared = {d.name.replace("_", " ") for d in core_declarations() if isinstance(d, tree.DimensionDeclaration)}
    assert declared <= named
    text = call().stdout
    assert all(d.word in text for d in units)
    assert "also gpu, tpu, chip" in text
    assert "prefixes si: n µ m k M" in text


def test_a_unit_of_the_list() -> None:
    (hour,) = [u for u in document("h")["units"] if u["word"] == "h"]
    assert hour == {
        "word": "h", "name": "hour", "dimension": "time", "definition": "3600 s", "factor": 3600, "base": "s",
        "prefixes": [], "aliases": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "value", "unit"),
    [
        (["1287", "MWh", "in", "GJ"], 4633.2, "GJ"), (["0.3", "Wh/token", "mWh/token"], 300, "mWh/token"), (["3kWh", "J"], 10_800_000, "J"),
        (["40%", "ratio"], 0.4, "ratio"), (["-3", "kWh", "in", "J"], -10_800_000, "J"), (["400 gCO2e/kWh to kgCO2e/MWh"], 400, "kgCO2e/MWh"),
        (["70B", "param", "param"], 7e10, "param"), (["1_000", "gpu*h", "device*day"], 1000 / 24, "device*day"), (["1", "year", "in", "month"], 12, "month"),
        (["1", "tCO2e", "lbCO2e"], 1e6 / 453.59237, "lbCO2e"), (["0", "kWh", "J"], 0, "J"),
    ],
)  # fmt: skip
def test_conversions(words: list[str], value: float, unit: str) -> None:
    (made,) = document(*words)["conversions"]
    assert made["in"] == [{"value": pytest.approx(value, rel=1e-12), "unit": unit}]
    assert f"{unit}" in call(*words).stdout


def test_a_conversion_as_a_person_reads_it() -> None:
    assert call("1287", "MWh", "in", "GJ").stdout == "1,287 MWh = 4,633.2 GJ   energy\n"


def test_what_a_unit_is_worth() -> None:
    text = call("MWh").stdout
    assert "watt-hour" in text
    assert "1 MWh = 3,600,000,000 J" in text
    assert "1 gCO2e/kWh = 2.77778e-7 gCO2e/J   carbon intensity" in call("gCO2e/kWh").stdout


def test_dimensions_and_names() -> None:
    assert [u["word"] for u in document("energy")["units"]] == ["J", "Wh"]
    assert document("carbon_intensity")["dimensions"] == [{"name": "carbon intensity", "unit": "gCO2e/J"}]
    assert {u["word"] for u in document("tonne")["units"]} == {"t", "tCO2e"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["KWh"], "did you mean `kWh`?"), (["FLOPS"], "a rate is `FLOP/s`"), (["ktoken"], "1k token"), (["3", "kWh", "in", "joules"], "did you mean `J`?"),
        (["3", "gCO2"], "gCO2e"), (["1287", "MWh", "in", "tCO2e"], "`MWh` is energy, `tCO2e` is carbon"), (["1,287", "MWh", "GJ"], "1_287"),
        (["1", "gCO2e/token*day"], "gCO2e/token/day"), (["xyz"], "tonne units"), (["1e400", "kWh"], "more than can be counted"),
        (["1e308", "TWh", "in", "nJ"], "more than can be counted"), (["h100 3"], "no unit `h100`"), (["3 * 2", "kWh"], "no number with a unit"), (["3", "kWh", "+", "2"], "a value is needed"), (["1/0"], "between values"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_says_what_to_type(words: list[str], said: str) -> None:
    result = call(*words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not result.stdout


def test_an_option_that_there_is_not() -> None:
    assert call("--bogus").exit_code == 2
