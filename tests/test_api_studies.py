"""Draws, cases and sweeps in Python: what is documented, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import tonne
from tonne.cli.commands import tonne as command

ROOT = Path(__file__).parent.parent
FILE = """
grid clean { carbon_intensity = 50 gCO2e/kWh  from "a" }
grid dirty { carbon_intensity = 500 gCO2e/kWh  from "a" }
run r {
  grid      = clean
  it_energy = 100 MWh ~ uniform(50 MWh, 250 MWh)  from "a"
  pue       = 1.1  from "a"
}
run other like r { it_energy = 10 MWh  from "b" }
let twice : kgCO2e = 2 * r.co2e
let fixed : MWh = 3 MWh  from "a"

require r.co2e < 10 tCO2e in 50% of draws  assumed "our budget"

case all_dirty "On the dirty grid" { r.grid = dirty }
case half { r.it_energy = 50 MWh ~ uniform(25 MWh, 125 MWh)  assumed "half of it" }

sweep few {
  "Grids and PUE."
  vary r.grid in [clean, dirty]
  vary r.pue  in [1, 1.25, 1.5]
  show r.co2e, other.energy in kWh
}
sweep line {
  vary clean.carbon_intensity in linear(100 gCO2e/kWh, 900 gCO2e/kWh, 5)
  vary r.grid in [clean, dirty]
  show r.co2e
}
show r.co2e in kgCO2e, other.co2e, r.energy * 2
"""


@pytest.fixture
def scenario(tmp_path: Path) -> tonne.Scenario:
    path = tmp_path / "s.tonne"
    path.write_text(FILE, encoding="utf-8")
    return tonne.load(path)


@pytest.fixture
def drawn(scenario: tonne.Scenario) -> tonne.Result:
    return scenario.run(draws=5000, seed=3)


class _Words(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of(html: str) -> str:
    return " ".join(" ".join(_Words(html).words).split())


def printed(scenario: tonne.Scenario, *arguments: str, code: int = 0) -> str:
    """What the command prints on standard output."""
    done = CliRunner().invoke(command, [arguments[0], str(scenario.path), *arguments[1:]])
    assert done.exit_code == code, done.output
    return done.stdout


# ── draws ──


def test_the_figures_of_a_distribution(drawn: tonne.Result) -> None:
    assert set(drawn.distributions) == {
        "r.co2e",
        "twice",
        "r.energy * 2",
    }  # neither what is fixed nor what nobody asks for
    one = drawn.distributions["r.co2e"]
    assert isinstance(one, tonne.Distribution)
    assert (one.path, one.unit, one.draws) == ("r.co2e", "tCO2e", 5000)
    low, high = 50 * 1.1 * 0.05, 250 * 1.1 * 0.05
    for share, value in ((0.05, one.p5), (0.5, one.median), (0.95, one.p95)):
        assert value == pytest.approx(low + share * (high - low), rel=0.05)
        assert one.percentile(share) == value
    assert one.mean == pytest.approx((low + high) / 2, rel=0.02)
    assert one.sd == pytest.approx((high - low) / math.sqrt(12), rel=0.03)
    assert low <= one.percentile(0) < one.p5 < one.median < one.p95 < one.percentile(1) <= high
    assert 0 < one.error <= 0.0025


def test_a_distribution_is_in_the_unit_that_the_file_declares(drawn: tonne.Result) -> None:
    carbon, twice = drawn.distributions["r.co2e"], drawn.distributions["twice"]
    assert (carbon.unit, drawn["r.co2e"].unit, twice.unit, drawn["twice"].unit) == (
        "tCO2e",
        "tCO2e",
        "kgCO2e",
        "kgCO2e",
    )
    assert (twice.mean, twice.sd) == (pytest.approx(2000 * carbon.mean), pytest.approx(2000 * carbon.sd))


def test_a_distribution_as_text(drawn: tonne.Result) -> None:
    one = drawn.distributions["r.co2e"]
    assert one.text == str(one) == f"{one}"
    middle, low, high = (
        float(x) for x in one.text.removesuffix(" tCO2e").replace("(", "").replace(")", "").replace("..", "").split()
    )
    assert (low, middle, high) == (
        pytest.approx(one.p5, rel=0.05),
        pytest.approx(one.median, rel=0.05),
        pytest.approx(one.p95, rel=0.05),
    )
    assert repr(one).startswith("Distribution(path='r.co2e', unit='tCO2e', mean=")
    assert "_drawn" not in repr(one)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.mean = 3  # type: ignore[misc]


@pytest.mark.parametrize("share", [-0.01, 1.01, 95, math.nan, math.inf])
def test_a_share_is_between_zero_and_one(drawn: tonne.Result, share: float) -> None:
    with pytest.raises(ValueError, match="a share of draws lies between 0 and 1, this is"):
        drawn.distributions["r.co2e"].percentile(share)


def test_the_same_seed_the_same_figures(scenario: tonne.Scenario, drawn: tonne.Result) -> None:
    again, another = scenario.run(draws=5000, seed=3, threads=3), scenario.run(draws=5000, seed=4)
    assert again.distributions["r.co2e"] == drawn.distributions["r.co2e"]
    assert again.to_dict() == drawn.to_dict()
    assert another.distributions["r.co2e"] != drawn.distributions["r.co2e"]
    assert scenario.run(draws=5000, seed=0).to_dict() == scenario.run(draws=5000).to_dict()


def test_exact_quantiles_are_near_the_quick_ones(scenario: tonne.Scenario, drawn: tonne.Result) -> None:
    exact, quick = scenario.run(draws=5000, seed=3, exact=True).distributions["r.co2e"], drawn.distributions["r.co2e"]
    assert exact.error == 0
    assert (exact.mean, exact.sd) == (quick.mean, quick.sd)
    for name in ("p5", "median", "p95"):
        assert getattr(exact, name) == pytest.approx(getattr(quick, name), rel=quick.error)


def test_overrides_and_draws_together(scenario: tonne.Scenario) -> None:
    one = scenario.run({"r.pue": 2.2}, draws=2000).distributions["r.co2e"]
    assert one.mean == pytest.approx(2 * scenario.run(draws=2000).distributions["r.co2e"].mean, rel=1e-12)
    assert set(scenario.run({"r.it_energy": (1, "MWh")}, draws=100).distributions) == set()


def test_the_point_values_stay(scenario: tonne.Scenario, drawn: tonne.Result) -> None:
    assert drawn["r.co2e"].magnitude == pytest.approx(5.5)
    assert [value.magnitude for value in drawn.shown] == pytest.approx([5500, 0.55, 220])


def test_a_file_that_asks_about_draws_is_sampled_unasked(scenario: tonne.Scenario) -> None:
    result = scenario.run()
    assert result.distributions["r.co2e"].draws == 100_000
    assert result.requirements[0].share is not None
    assert result.requirements[0].share == pytest.approx((10 / 0.055 - 50) / 200, abs=0.01)
    without = tonne.loads(FILE.replace(" in 50% of draws", ""))
    assert dict(without.run().distributions) == {}


def test_distributions_cannot_be_changed(drawn: tonne.Result) -> None:
    with pytest.raises(TypeError):
        drawn.distributions["r.co2e"] = None  # type: ignore[index]
    with pytest.raises(KeyError):
        drawn.distributions["r.pue"]


@pytest.mark.parametrize("draws", [1, 0, -5])
def test_too_few_draws(scenario: tonne.Scenario, draws: int) -> None:
    for ask in (scenario.run, scenario.sweep):
        with pytest.raises(ValueError, match=f"`draws` is a whole number of at least 2, this is {draws}"):
            ask(**({} if ask == scenario.run else {"name": "few"}), draws=draws)  # type: ignore[arg-type]


def test_too_many_draws_are_a_finding(scenario: tonne.Scenario) -> None:
    text = FILE.replace(" in 50% of draws", "")
    result = tonne.loads(text).run(draws=10**10)
    assert [d.code for d in result.diagnostics if d.code.startswith("V")] == ["V227"]
    assert (result.ok, dict(result.distributions)) == (False, {})


def test_a_sampled_result_prints_as_the_command(scenario: tonne.Scenario, drawn: tonne.Result) -> None:
    asked = ("run", "--draws", "5000", "--seed", "3")
    told = printed(scenario, *asked, code=1)  # the requirement is missed in one of the cases
    assert str(drawn).rstrip().endswith(told.rstrip())
    assert "error[C401]: `r.co2e < 10 tCO2e` holds in no draw" in str(drawn)
    assert drawn.to_dict() == json.loads(printed(scenario, *asked, "--format", "json", code=1))
    assert json.loads(drawn.to_json()) == drawn.to_dict()
    assert "5,000 draws, seed 3" in text_of(drawn._repr_html_())


# ── cases ──


def test_a_case_is_the_file_edited_by_hand(scenario: tonne.Scenario) -> None:
    result = scenario.run(draws=2000)
    assert list(result.cases) == ["all_dirty", "half"]
    dirty, by_hand = (
        result.cases["all_dirty"],
        tonne.loads(FILE.replace("grid      = clean", "grid = dirty")).run(draws=2000),
    )
    assert isinstance(dirty, tonne.Result)
    assert {p: v.magnitude for p, v in dirty.items()} == {p: v.magnitude for p, v in by_hand.items()}
    assert [dataclasses.replace(v, line=0) for v in dirty.requirements] == [
        dataclasses.replace(v, line=0) for v in by_hand.requirements
    ]
    assert dirty["r.grid.carbon_intensity"].magnitude == 500


def test_the_draws_of_a_case_are_those_of_the_file(scenario: tonne.Scenario) -> None:
    result = scenario.run(draws=2000)
    written, dirty, half = result, result.cases["all_dirty"], result.cases["half"]
    one, ten, less = (r.distributions["r.co2e"] for r in (written, dirty, half))
    assert ten.mean == pytest.approx(10 * one.mean, rel=1e-12)
    assert less.mean == pytest.approx(one.mean / 2, rel=1e-12)
    assert (ten.draws, ten.unit) == (2000, "tCO2e")


def test_what_a_case_prints(scenario: tonne.Scenario) -> None:
    case = scenario.run().cases["all_dirty"]
    assert repr(case).startswith("<Result of s.tonne: ")
    assert "500" in str(case)
    assert case.claims == ()
    assert dict(case.cases) == {}
    assert "carbon_intensity" in text_of(case._repr_html_())
    with pytest.raises(KeyError):
        scenario.run().cases["none"]


def test_a_file_without_a_case() -> None:
    assert dict(tonne.loads('let x = 2  from "a"\n').run().cases) == {}


# ── sweeps ──


def test_the_properties_of_a_sweep(scenario: tonne.Scenario) -> None:
    sweep = scenario.sweep("few")
    assert isinstance(sweep, tonne.Sweep)
    assert (sweep.name, sweep.diagnostics, sweep.crossings) == ("few", (), ())
    assert list(sweep.axes) == ["r.grid", "r.pue"]
    grid, pue = sweep.axes.values()
    assert (grid.path, grid.unit, grid.values) == ("r.grid", "", ("clean", "dirty"))
    assert (pue.path, pue.unit, pue.values) == ("r.pue", "ratio", (1, 1.25, 1.5))
    assert sweep.units == {"r.co2e": "tCO2e", "other.energy": "kWh"}
    assert scenario.sweep("line").crossings == (
        "r.co2e: clean is lower below clean.carbon_intensity = 500 gCO2e/kWh, dirty above it",
    )


def test_records(scenario: tonne.Scenario) -> None:
    rows = scenario.sweep("few").records()
    assert [(row["r.grid"], row["r.pue"]) for row in rows] == [
        (g, p) for g in ("clean", "dirty") for p in (1, 1.25, 1.5)
    ]
    assert [row["r.co2e"] for row in rows] == pytest.approx([5, 6.25, 7.5, 50, 62.5, 75])
    assert [list(row) for row in rows] == [["r.grid", "r.pue", "r.co2e", "other.energy"]] * 6
    assert rows == json.loads(printed(scenario, "sweep", "few", "--format", "json"))["sweep"]["rows"]


def test_records_of_more_points_than_the_json_lists(tmp_path: Path) -> None:
    path = tmp_path / "s.tonne"
    sweep_of_many = "sweep many {\n  vary r.pue in linear(1, 3, 100_001)\n  show r.co2e\n}\n"
    path.write_text(FILE + sweep_of_many, encoding="utf-8")
    sweep = tonne.load(path).sweep("many")
    assert "rows" not in sweep.to_dict()["sweep"]
    rows = sweep.records()
    assert len(rows) == 100_001
    assert rows[-1]["r.co2e"] == pytest.approx(15)


def test_a_sweep_in_pandas(scenario: tonne.Scenario) -> None:
    frame = scenario.sweep("few").to_pandas()
    assert list(frame.columns) == ["r.grid", "r.pue", "r.co2e", "other.energy"]
    assert frame.shape == (6, 4)
    assert frame.groupby("r.grid")["r.co2e"].max().to_dict() == {
        "clean": pytest.approx(7.5),
        "dirty": pytest.approx(75),
    }
    sampled = scenario.sweep("few", draws=500).to_pandas()
    assert {"r.co2e.median", "r.co2e.p5", "r.co2e.p95"} <= set(sampled.columns)
    assert (sampled["r.co2e.p5"] < sampled["r.co2e.median"]).all()


def test_a_sweep_in_xarray(scenario: tonne.Scenario) -> None:
    made = scenario.sweep("few").to_xarray()
    assert dict(made.sizes) == {"r.grid": 2, "r.pue": 3}
    assert made["r.co2e"].attrs["units"] == "tCO2e"
    assert made["r.pue"].attrs["units"] == "ratio"
    assert float(made["r.co2e"].sel({"r.grid": "dirty", "r.pue": 1.25})) == pytest.approx(62.5)
    assert made.attrs == {"scenario": "s.tonne", "sweep": "few"}


def test_a_sampled_sweep(scenario: tonne.Scenario) -> None:
    sweep = scenario.sweep("few", draws=500, seed=2)
    made = sweep.to_xarray()
    assert list(made["statistic"].values) == ["mean", "sd", "p5", "median", "p95"]
    median = made["r.co2e"].sel(statistic="median")
    rows = sweep.records()
    assert [row["r.co2e"]["median"] for row in rows] == pytest.approx(median.values.reshape(-1).tolist(), rel=1e-15)
    assert rows[0]["r.co2e"] == {
        **rows[0]["r.co2e"], "unit": "tCO2e", "draws": 500,
        "median": scenario.run({"r.pue": 1}, draws=500, seed=2).distributions["r.co2e"].median,
    }  # fmt: skip
    assert rows[0]["other.energy"] == pytest.approx(10_000)  # it has no spread
    assert sweep.to_dict()["sweep"]["sampling"] == {"draws": 500, "seed": 2}
    assert scenario.sweep("few", draws=500, seed=2, threads=3).records() == rows
    exact = scenario.sweep("few", draws=500, seed=2, exact=True).records()
    assert exact[0]["r.co2e"]["median"] == pytest.approx(rows[0]["r.co2e"]["median"], rel=0.0025)


def test_overrides_reach_a_sweep(scenario: tonne.Scenario) -> None:
    rows = scenario.with_values({"r.it_energy": (200, "MWh")}).sweep("few").records()
    assert rows[0]["r.co2e"] == pytest.approx(10)


def test_a_sweep_of_a_text() -> None:
    sweep = tonne.loads('let x = 2  from "a"\nsweep s {\n  vary x in [1, 2]\n  show x * x\n}\n').sweep()
    assert [row["x * x"] for row in sweep.records()] == [1, 4]
    assert repr(sweep) == "<Sweep s of <text>: 2 points>"


def test_a_sweep_prints_as_the_command(scenario: tonne.Scenario) -> None:
    sweep = scenario.sweep("few")
    assert str(sweep).rstrip() == printed(scenario, "sweep", "few").rstrip()
    assert sweep.to_dict() == json.loads(printed(scenario, "sweep", "few", "--format", "json"))
    assert repr(sweep) == "<Sweep few of s.tonne: 6 points>"
    html = text_of(sweep._repr_html_())
    assert "Grids and PUE." in html
    assert "(kWh)" in html


def test_which_sweep(scenario: tonne.Scenario) -> None:
    with pytest.raises(tonne.TonneError, match=r"which sweep is meant of s\.tonne; there are: few, line"):
        scenario.sweep()
    with pytest.raises(tonne.TonneError, match=r"no sweep `fe` of s\.tonne; there are: few, line"):
        scenario.sweep("fe")
    with pytest.raises(tonne.TonneError, match="no sweep `` of <text>; it has none"):
        tonne.loads('let x = 2  from "a"\n').sweep()


@pytest.mark.parametrize(
    ("text", "codes", "message"),
    [
        ('let x = 2  from "a"\nsweep s {\n  vary x in log(0, 1, 3)\n  show x\n}\n', ["V223"], "V223: a `log` spacing runs above zero"),
        ('let x = 2 MWh + 1 s\nlet y = 1  from "a"\nsweep s {\n  vary y in [1, 2]\n  show y\n}\n', ["D201"], "D201: cannot add"),
        ('let a = 1  from "a"\ngrid g { carbon_intensity = 5 gCO2e/kWh  from "a" }\nrun r {\n  grid = g\n  energy = 1 MWh  from "a"\n  pue = 1.5  from "a"\n}\nlet bad = 5  from "a"\nsweep s {\n  vary r.pue in [a, bad]\n  show r.co2e\n}\n', ["V221"], "V221: `r.pue` is 5, outside 1 .. 4"),
    ],
)  # fmt: skip
def test_a_sweep_with_a_mistake(text: str, codes: list[str], message: str) -> None:
    with pytest.raises(tonne.TonneError, match=message) as caught:
        tonne.loads(text).sweep("s")
    assert [d.code for d in caught.value.diagnostics] == codes


def test_warnings_of_a_sweep_are_among_its_diagnostics() -> None:
    text = 'let x = 2  from "a"\nlet y = 2  from "a"\nsweep s {\n  vary x in [1, 2]\n  show y\n}\n'
    assert [d.code for d in tonne.loads(text).sweep().diagnostics] == ["O504"]


def test_studies_stay_in_their_process(scenario: tonne.Scenario, drawn: tonne.Result) -> None:
    for one in (scenario.sweep("few"), drawn):
        with pytest.raises(TypeError, match="cannot be pickled; send the Scenario"):
            pickle.dumps(one)
    there = pickle.loads(pickle.dumps(scenario))
    assert there.sweep("few").records() == scenario.sweep("few").records()


def test_without_the_extras_the_message_names_the_command(
    scenario: tonne.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = scenario.sweep("few")
    for name in ("pandas", "xarray"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(tonne.TonneError, match=r"pip install 'tonne\[pandas\]'"):
        sweep.to_pandas()
    with pytest.raises(tonne.TonneError, match=r"pip install 'tonne\[data\]'"):
        sweep.to_xarray()


def test_the_scenarios_of_the_project() -> None:
    """What the tutorial says of them, against arithmetic."""
    switch = tonne.load(ROOT / "scenarios" / "where_to_train.tonne").sweep("switch")
    [row] = [row for row in switch.records() if row["there.carbon_intensity"] == 100]
    assert row["training.co2e"] / row["in_quebec.co2e"] == pytest.approx(100 * 1.1 / (41 * 1.54))
    rows = tonne.load(ROOT / "scenarios" / "where_to_train.tonne").sweep("where_to_train").to_xarray()["training.co2e"]
    shares = rows / rows.sel({"training.utilization": 30, "training.pue": 1.1})
    assert np.allclose(shares.sel({"training.pue": 1.54}) * shares["training.utilization"], 30 * 1.54 / 1.1)
