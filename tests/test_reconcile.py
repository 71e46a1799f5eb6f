"""What alone would make two values equal: found, and right, since binding it makes them equal.

How it is told is on the page `tests/cases/reconciliation.md`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.cli.commands import tonne
from tonne.explain import explain_path
from tonne.reconcile import Comparison
from tonne.scenario import Evaluated, evaluate

MEASURED = """
run pretrain {
  device_time = 900 device*h   from "the log"
  power       = 400 W/device   from "data sheet"
  pue         = 1.2            from "meter"
  grid        = ours
}

measurement measured {
  it_energy = 300 kWh  from "meter"
  pue       = 1.1      from "meter"
}

grid ours { carbon_intensity = 300 gCO2e/kWh  from "the operator" }

require pretrain.energy within 60% of measured.energy
claim pretrain.co2e <= 0.1 tCO2e  from "the report"
require measured.energy in 100 kWh .. 500 kWh
"""
FACTS = ("pretrain.device_time", "pretrain.power", "measured.it_energy", "measured.pue")


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("scenario.tonne")
    path.write_text(MEASURED, encoding="utf-8")
    return path


def explained(*words: str) -> Result:
    return CliRunner().invoke(tonne, ["explain", "scenario.tonne", *words], catch_exceptions=False)


def compared(result: Evaluated, path: str) -> Comparison:
    assert result.run is not None
    step, found = explain_path(result.run, path)
    assert step is not None, found
    assert len(step.compared) == 1
    return step.compared[0]


def test_the_ratio_and_what_would_make_it_one(file: Path) -> None:
    one = compared(evaluate(file), "pretrain.energy")
    ratio = 900 * 0.4 * 1.2 / (300 * 1.1)
    assert one.ratio == pytest.approx(ratio)
    needed = {lever.name: lever.needed for lever in one.levers}
    assert needed["pretrain.power"] == pytest.approx(400 / ratio)
    assert needed["pretrain.device_time"] == pytest.approx(900 / ratio)
    assert needed["measured.it_energy"] == pytest.approx(300 * ratio)
    assert needed["pretrain.pue"] == pytest.approx(1.2 / ratio)
    assert {lever.name: lever.verdict for lever in one.levers if lever.verdict} == {
        "pretrain.pue": "not possible: below 1",
    }
    assert one.levers[-1].name == "pretrain.pue"  # what is not possible stands last


@pytest.mark.parametrize("name", FACTS)
def test_binding_it_makes_the_two_equal(file: Path, name: str) -> None:
    lever = next(one for one in compared(evaluate(file), "pretrain.energy").levers if one.name == name)
    again = evaluate(file, [f"{name}={lever.needed!r} {'' if lever.unit.word == 'ratio' else lever.unit.word}".strip()])
    assert compared(again, "pretrain.energy").ratio == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("words", [":16", "16", "scenario.tonne:16"])
def test_a_test_is_named_by_its_line(words: str) -> None:
    result = explained(words)
    assert result.exit_code == 0
    assert result.stdout.startswith("require pretrain.energy within 60% of measured.energy  scenario.tonne:16\n")
    assert "├── measured.energy = 330 kWh" in result.stdout
    assert "`pretrain.energy` is 1.309 times `measured.energy`; equal if one of these alone were" in result.stdout


def test_against_a_written_number() -> None:
    result = explained(":17")
    assert "claim pretrain.co2e <= 0.1 tCO2e  scenario.tonne:17  [the report]" in result.stdout
    assert "`pretrain.co2e` is 1.296 times 0.1 tCO2e" in result.stdout
    assert "ours.carbon_intensity = 231.5 gCO2e/kWh  in place of 300 gCO2e/kWh, given" in result.stdout


def test_a_range_has_no_ratio() -> None:
    result = explained(":18")
    assert result.exit_code == 0
    assert "times" not in result.stdout


def test_a_claim_that_lacks_a_fact_says_what_would_determine_it(file: Path) -> None:
    file.write_text(
        'run a { it_energy = 900 kWh from "log" }\nclaim a.energy == 1 MWh from "abstract"\n', encoding="utf-8"
    )
    result = explained(":2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "claim a.energy == 1 MWh  scenario.tonne:2  [abstract]"
    assert lines[1].startswith("├── not comparable: `a.energy` is not determined; give")
    alone = explained("a.energy").stdout.splitlines()
    assert alone[0] == "a.energy = —  undetermined"
    assert lines[2] == f"└── {alone[0]}"
    assert [line.strip() for line in lines[3 : 2 + len(alone)]] == [line.strip() for line in alone[1:]]


def test_a_claim_of_unlike_quantities_says_so(file: Path) -> None:
    file.write_text(MEASURED + "claim pretrain.energy == 0.1 tCO2e\n", encoding="utf-8")
    result = explained(":19")
    assert "not comparable: the claim compares energy with carbon; " in result.stdout
    assert "pretrain.energy = " in result.stdout
    assert json.loads(explained(":19", "--format", "json").stdout)["not_comparable"].startswith(
        "the claim compares energy"
    )


@pytest.mark.parametrize("line", ["1", "15", "99999", "0"])
def test_a_line_without_a_test(line: str) -> None:
    result = explained(f":{line}")
    assert result.exit_code == 2
    assert f"no requirement and no claim stands in line {line}" in result.stderr
    assert "they stand in 16, 17, 18" in result.stderr


def test_a_file_without_a_test(file: Path) -> None:
    file.write_text('run a { energy = 1 MWh from "meter" }\n', encoding="utf-8")
    assert "the file has none; name a value of it" in explained(":1").stderr


def test_as_json() -> None:
    document = json.loads(explained("pretrain.energy", "--format", "json").stdout)
    (one,) = document["compared"]
    assert (one["test"], one["line"]) == ("require pretrain.energy within 60% of measured.energy", 16)
    assert one["ratio"] == pytest.approx(1.30909090909)
    pue = next(lever for lever in one["equal_if"] if lever["name"] == "pretrain.pue")
    assert (pue["value"], pue["possible"], pue["limit"]) == (1.2, False, "below 1")
    assert "compared" not in json.loads(explained("pretrain.power", "--format", "json").stdout)
    assert json.loads(explained(":16", "--format", "json").stdout)["status"] == "test"


def test_nothing_alone_would_do(file: Path) -> None:
    file.write_text(
        'run a { energy = 1 MWh from "meter" }\nrun b like a { period = 2026 }\nlet both : MWh = a.energy + b.energy\n'
        'let half : MWh = a.energy * 0.5 assumed "a share"\nrequire both >= half\n',
        encoding="utf-8",
    )
    assert "no value was found that alone would make them equal" in explained(":5").stdout


def test_a_value_of_an_optimum_is_left_alone() -> None:
    result = CliRunner().invoke(
        tonne, ["explain", str(Path(__file__).parent.parent / "docs/examples/lifetime.tonne"), "pretrain.co2e"]
    )
    assert result.exit_code == 0


@settings(max_examples=40, deadline=None)
@given(
    power=st.floats(30, 10_000),
    time=st.floats(0.1, 1e6),
    pue=st.floats(1, 4),
    more=st.floats(0, 1e6),
    energy=st.floats(0.01, 1e6),
)
def test_every_lever_closes_the_gap(power: float, time: float, pue: float, more: float, energy: float) -> None:
    path = Path("scenario.tonne")
    path.write_text(
        f'run a {{\n  device_time = {time!r} device*h from "x"\n  power = {power!r} W/device from "x"\n  pue = {pue!r} from "x"\n}}\n'
        f'run b {{ energy = {more!r} MWh from "x" }}\nmeasurement m {{ energy = {energy!r} MWh from "x" }}\n'
        "let total : MWh = a.energy + b.energy\nrequire total within 1% of m.energy\n",
        encoding="utf-8",
    )
    result = evaluate(path)
    for lever in compared(result, "total").levers:
        if lever.status != "given" or not lever.possible:
            continue
        unit = "" if lever.unit.word == "ratio" else f" {lever.unit.word}"
        again = evaluate(path, [f"{lever.name}={lever.needed!r}{unit}"])
        assert again.run is not None
        step, _ = explain_path(again.run, "total")
        assert step is not None
        assert step.amount == pytest.approx(energy, rel=1e-6)
