"""The package as a Python program uses it: what it gives is what the commands print, and mistakes are values."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import json
import math
import pickle
import pkgutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas
import pint
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

import tonne
from tonne.api.scenario import Scenario
from tonne.cli.commands import tonne as command
from tonne.report.html import to_html

ROOT = Path(__file__).parent.parent
FILE = """use hardware.nvidia { h100_sxm }
grid us {
  carbon_intensity = 400 gCO2e/kWh from "x"
}
run pretrain {
  hardware = h100_sxm
  grid = us
  device_time = 2 h*device from "y"
  pue = 1.1 from "x"
}
unit household
let homes : household = 3 household from "z"
let each : kgCO2e/household = pretrain.co2e / homes
require pretrain.energy < 1 MWh assumed "our budget"
claim pretrain.co2e == 0.616 tCO2e from "the paper"
claim each == homes
show pretrain.co2e in kgCO2e, pretrain.energy * 2
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tonne").write_text(FILE, encoding="utf-8")
    return Path("a.tonne")


@pytest.fixture
def scenario(path: Path) -> Scenario:
    return tonne.load(path)


def printed(*words: str, stream: str = "output") -> str:
    result = CliRunner().invoke(command, list(words), catch_exceptions=False)
    return str(getattr(result, stream)).rstrip("\n")


# ── the names of the package ──


def python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import tonne; print(*sorted(set(sys.modules) - before))"
    assert python(program) == "tonne"


MODULES = [m.name for m in pkgutil.walk_packages(tonne.__path__, "tonne.") if not m.name.endswith("__main__")]


def test_no_name_is_that_of_a_module() -> None:
    assert not {f"tonne.{name}" for name in tonne.__all__} & set(MODULES)


@pytest.mark.parametrize("order", ["sorted(names)", "sorted(names, reverse=True)", "random.sample(names, len(names))"])
def test_no_import_of_a_module_takes_a_name_away(order: str) -> None:
    program = f"""
import importlib, random, tonne
names = {MODULES!r}
random.seed(4)
for name in {order}:
    importlib.import_module(name)
made = [getattr(tonne, name) for name in tonne.__all__ if name != "__version__"]
assert not [m for m in made if type(m).__name__ == "module"], made
print(tonne.loads("let a : kWh = 3 kWh from 'x'".replace("'", '"')).run()["a"])
"""
    assert python(program) == "3 kWh"


def test_every_name_is_there_and_no_other() -> None:
    assert all(hasattr(tonne, name) for name in tonne.__all__)
    assert set(tonne.__all__) <= set(dir(tonne))
    with pytest.raises(AttributeError, match="lod"):
        tonne.lod  # type: ignore[attr-defined]  # noqa: B018


# ── examples ──


def examples() -> list[doctest.DocTest]:
    names = ["tonne", *(m for m in MODULES if m.startswith("tonne.api"))]
    found = [t for name in names for t in doctest.DocTestFinder().find(importlib.import_module(name)) if t.examples]
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    lines, inside = [], False
    for line in page.splitlines():  # one test of all its fences, at the lines of the page
        inside = line == "```pycon" or (inside and line != "```")
        lines.append(line if inside and line != "```pycon" else "")
    return [*found, doctest.DocTestParser().get_doctest("\n".join(lines), {}, "python.md", "docs/python.md", 0)]


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.name)
def test_examples(example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.DocTestRunner(optionflags=flags).run(example, out=said.append)
    assert result.attempted
    assert not result.failed, "".join(said)


# ── what the commands print ──


def test_a_check_prints_what_the_command_prints(scenario: Scenario) -> None:
    assert str(scenario.check()) == printed("check", "a.tonne")
    fine = tonne.loads('let a : kWh = 3 kWh from "x"', name="b.tonne").check()
    assert str(fine) == "b.tonne: nothing to mend"
    assert fine.to_dict() == {"version": 1, "diagnostics": []}
    assert scenario.check().to_dict() == json.loads(printed("check", "a.tonne", "--format", "json"))


def test_a_run_prints_what_the_command_prints(scenario: Scenario) -> None:
    result = scenario.run()
    assert str(result) == printed("run", "a.tonne")
    assert result.to_json() == printed("run", "a.tonne", "--format", "json", stream="stdout")
    assert list(result) == list(result.to_dict()["values"])
    changed = scenario.run({"pretrain.pue": "1.3", "pretrain.grid": "grids.us.quebec"})
    words = ("run", "a.tonne", "--set", "pretrain.pue=1.3", "--set", "pretrain.grid=grids.us.quebec")
    assert str(changed) == printed(*words)


@pytest.mark.parametrize("name", ["pretrain.co2e", "each", "pretrain.cost", "h100_sxm.power"])
def test_an_explanation_prints_what_the_command_prints(scenario: Scenario, name: str) -> None:
    why = scenario.explain(name)
    assert str(why) == printed("explain", "a.tonne", name)
    assert why.to_dict() == json.loads(printed("explain", "a.tonne", name, "--format", "json"))


# ── values ──


def test_a_value_is_in_the_unit_of_its_declaration(scenario: Scenario) -> None:
    result = scenario.run()
    value = result["pretrain.device_time"]
    assert (value.magnitude, value.unit, value.is_given, value.source) == (2.0, "device*h", True, "y")
    assert result["pretrain.energy"].magnitude == pytest.approx(2 * 0.7 * 1.1 / 1000, rel=1e-12)
    assert not result["pretrain.energy"].is_given
    assert result["each"].unit == "kgCO2e/household"
    assert result["pretrain.energy * 2"].magnitude == 2 * result["pretrain.energy"].magnitude


def test_values_are_frozen_and_compare_by_what_they_say(scenario: Scenario) -> None:
    value = scenario.run()["pretrain.co2e"]
    assert value == tonne.load("a.tonne").run()["pretrain.co2e"]
    assert value != scenario.run({"pretrain.pue": 1.2})["pretrain.co2e"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.magnitude = 3.0  # type: ignore[misc]
    assert (
        repr(value)
        == f"Value(path='pretrain.co2e', magnitude={value.magnitude!r}, unit='tCO2e', is_given=False, source='')"
    )


def test_sources_are_those_of_the_whole_derivation(scenario: Scenario) -> None:
    result = scenario.run()
    assert set(result["each"].sources) == {"x", "y", "z", 'nvidia_h100, "max TDP"; bekman2026, "power"'}
    assert set(result["pretrain.energy * 2"].sources) == set(result["pretrain.energy"].sources)


def test_a_value_in_another_unit(scenario: Scenario) -> None:
    value = scenario.run()["pretrain.co2e"]
    assert value.to("gCO2e").magnitude == pytest.approx(616, rel=1e-12)
    assert value.to("gCO2e").to("tCO2e").magnitude == value.magnitude
    assert f"{value.to('kgCO2e'):.3f}" == "0.616 kgCO2e"
    assert f"{scenario.run()['pretrain.pue']:.2f}" == "1.10"
    assert scenario.run()["pretrain.pue"].to("%").magnitude == pytest.approx(110)


@pytest.mark.parametrize(
    ("unit", "code", "words"),
    [
        ("MWh", "D205", "units of carbon: gCO2e"),
        ("kgCO2", "D212", "gCO2e"),
        ("KgCO2e", "D211", "kgCO2e"),
        ("", "D2", ""),
    ],
)
def test_a_unit_that_does_not_fit_is_said(scenario: Scenario, unit: str, code: str, words: str) -> None:
    with pytest.raises(tonne.TonneError, match=code) as caught:
        scenario.run()["pretrain.co2e"].to(unit)
    assert words in str(caught.value)
    assert caught.value.diagnostics[0].code.startswith(code)


def test_quantities_of_two_runs_go_together(scenario: Scenario) -> None:
    before, after = scenario.run(), tonne.load("a.tonne").run({"pretrain.pue": 1.2})
    more = after["each"].quantity() - before["each"].quantity()
    assert more.to("gCO2e/household").magnitude == pytest.approx(616 / 1.1 * 0.1 / 3, rel=1e-9)
    with pytest.raises(pint.DimensionalityError):
        before["each"].quantity() + before["pretrain.energy"].quantity()


def test_a_value_that_is_no_finite_number() -> None:
    result = tonne.loads('let z : kWh = 0 kWh from "x"\nlet a : ratio = z / z').run()
    assert math.isnan(result["a"].magnitude)
    assert not result.ok


# ── a mapping ──


def test_a_result_is_a_mapping(scenario: Scenario) -> None:
    result = scenario.run()
    assert "pretrain.co2e" in result
    assert "pretrain.cost" not in result
    assert "pretrain.cost" in result.undetermined
    assert result.undetermined["pretrain.cost"] == ("price",)
    assert result.get("pretrain.co3e") is None
    assert len(result) == len(list(result)) == len(dict(result))
    assert result["pretrain.hardware.power"] == result["h100_sxm.power"]
    assert result["pretrain.grid.carbon_intensity"].magnitude == 400


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pretrain.co3e", "did you mean `co2e`"), ("pretrian.co2e", "did you mean `pretrain`"), ("pretrain", "name a field of it: pretrain."),
        ("pretrain.cost", "is undetermined: give price"), ("pretrain.facility.pue", "bind `pretrain.facility`"), ("", "nothing here is called"),
        ("a b", "nothing here is called"), ("pretrain..co2e", "no ``"),
    ],
)  # fmt: skip
def test_a_path_that_names_no_value(scenario: Scenario, name: str, words: str) -> None:
    with pytest.raises(KeyError) as caught:
        scenario.run()[name]
    assert isinstance(caught.value, tonne.TonneError)
    assert words in str(caught.value)


def test_what_rests_on_an_error_is_not_there() -> None:
    result = tonne.loads('let a : kWh = 3 tCO2e from "x"\nlet b : kWh = a * 2\nlet c : kWh = 1 kWh from "x"').run()
    assert list(result) == ["c"]
    assert not result.ok
    with pytest.raises(tonne.NoValue, match="rests on an error"):
        result["b"]
    with pytest.raises(tonne.TonneError, match=r"error\[D") as caught:
        result.raise_for_errors()
    assert [d.code for d in caught.value.diagnostics] == [d.code for d in result.diagnostics if d.is_error]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("kind k {\n  a : kWh\n  b : kWhh = a\n}\nk one {\n  a = 1 kWh\n}", "one.b", "rests on an error"),
        ("run a {\n  energy = b.energy\n}\nrun b {\n  energy = a.energy\n}", "a.energy", "rests on an error"),
        ("run a {\n  grid = nothing\n}", "a.grid.carbon_intensity", "bind `a.grid`"),
        ("run a {\n  pue = 1\n}\nsweep s {\n  vary a.pue in [1, 2]\n  show a.pue\n}", "s", "`s` is no quantity"),
        ("run a {\n  pue = 1\n}\nlet all = [a]", "all.pue", "`all.pue` is a list"),
    ],
)
def test_a_path_into_what_is_wrong_says_so(text: str, name: str, words: str) -> None:
    with pytest.raises(tonne.NoValue) as caught:
        tonne.loads(text).run()[name]
    assert words in str(caught.value)


def test_results_that_say_the_same_are_equal(scenario: Scenario) -> None:
    assert scenario.run() == tonne.load("a.tonne").run()
    assert scenario.run() != scenario.run({"pretrain.pue": 1.2})
    assert repr(scenario.run()) == f"<Result of a.tonne: {len(scenario.run())} values, nothing to mend>"
    assert scenario.run().raise_for_errors() == scenario.run()


# ── tests and tables ──


def test_verdicts(scenario: Scenario) -> None:
    result = scenario.run()
    [budget] = result.requirements
    assert (budget.verdict, budget.holds, budget.unit, budget.claimed, budget.line) == ("holds", True, "MWh", 1.0, 14)
    refuted, odd = result.claims
    assert (refuted.verdict, refuted.holds, refuted.source) == ("refuted", False, "the paper")
    assert refuted.ratio == pytest.approx(1e-3, rel=1e-9)
    assert "prefix slip" in refuted.cause
    assert (odd.verdict, odd.holds, odd.computed, odd.unit) == ("not-comparable", None, None, None)
    missed = scenario.run({"pretrain.device_time": "20000 device*h"})
    assert (missed.requirements[0].verdict, missed.ok) == ("missed", False)
    assert str(refuted) in str(result)


def test_what_is_shown_is_in_the_unit_in_which_it_is_shown(scenario: Scenario) -> None:
    assert [(v.path, v.unit) for v in scenario.run().shown] == [
        ("pretrain.co2e", "kgCO2e"),
        ("pretrain.energy * 2", "MWh"),
    ]


def test_a_pandas_table(scenario: Scenario) -> None:
    table = scenario.run().to_pandas()
    assert list(table.columns) == ["path", "instance", "kind", "field", "value", "unit", "given", "source"]
    assert table["value"].dtype == float
    assert table["given"].dtype == bool
    row = table.set_index("path").loc["pretrain.co2e"]
    assert (row["instance"], row["kind"], row["field"], row["unit"]) == ("pretrain", "run", "co2e", "tCO2e")
    wide = table[table.kind == "grid"].pivot(index="instance", columns="field", values="value")
    assert wide.loc["us", "carbon_intensity"] == 400
    assert pandas.isna(table.set_index("path").loc["each", "instance"])
    assert list(tonne.loads("").run().to_pandas().columns) == list(table.columns)


def test_without_pandas_it_says_how_to_get_it(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(tonne.TonneError, match=r"pip install 'tonne\[pandas\]'"):
        scenario.run().to_pandas()
    assert len(scenario.run().records()) == len(scenario.run())


# ── overrides ──


@pytest.mark.parametrize(
    "value", ["4 device*h", (4, "device*h"), (4.0, "device*h"), pandas.Series([4]).iloc[0], "same", "pint", "ours"]
)
def test_forms_of_an_override(scenario: Scenario, value: Any) -> None:
    known = scenario.run()
    if value == "same":
        value = known["pretrain.device_time"].quantity() * 2
    elif value == "ours":
        value = tonne.load("a.tonne").run({"pretrain.device_time": "14400 device*s"})["pretrain.device_time"]
    elif value == "pint":
        registry = pint.UnitRegistry()
        registry.define("device = [device]")
        value = 240 * registry.min * registry.device
    elif not isinstance(value, str | tuple):
        value = (value, "device*h")
    changed = scenario.run({"pretrain.device_time": value})
    assert changed.ok
    assert changed["pretrain.energy"].magnitude == pytest.approx(2 * known["pretrain.energy"].magnitude, rel=1e-9)
    assert changed["pretrain.device_time"].source == "set for this run"


@pytest.mark.parametrize(
    ("overrides", "code", "words"),
    [
        ({"pretrain.pu": 1.2}, "N112", "did you mean `pue`"), ({"pretrian.pue": 1.2}, "N111", "did you mean `pretrain`"),
        ({"pretrain.device_time": 3}, "D206", "device*h"), ({"pretrain.device_time": (3, "h")}, "D202", ""), ({"pretrain.pue": 0.5}, "V221", "1 .. 4"),
        ({"pretrain.grid": "grids.us.quebek"}, "N111", "did you mean `quebec`"), ({"pretrain.pue": ""}, "S1", ""), ({"": 3}, "S1", ""),
        ({"pretrain.pue": (1.2, "kWhh")}, "D2", ""), ({"pretrain.pue=1.2\nlet x": "1"}, "S1", ""), ({"homes": -1e300}, "D203", ""),
    ],
)  # fmt: skip
def test_an_override_is_checked_like_a_line(
    scenario: Scenario, overrides: dict[str, Any], code: str, words: str
) -> None:
    result = scenario.run(overrides)
    errors = [d for d in result.diagnostics if d.is_error]
    assert errors
    assert errors[0].code.startswith(code), errors
    assert words in f"{errors[0].title} {errors[0].help}"
    assert not result.ok


@pytest.mark.parametrize("value", [math.nan, math.inf, None, True, [1, 2], (1,), ("1", "h"), (True, "h"), {"a": 1}, 2j])
def test_what_is_no_value_is_refused_at_once(scenario: Scenario, value: Any) -> None:
    with pytest.raises(tonne.TonneError, match=r"`pretrain\.pue` cannot be set"):
        scenario.with_values({"pretrain.pue": value})


def test_overrides_are_kept_and_replaced(scenario: Scenario) -> None:
    changed = scenario.with_values({"pretrain.pue": 1.2}).with_values({"homes": (4, "household"), "pretrain.pue": 1.3})
    assert changed.overrides == {"pretrain.pue": "1.3", "homes": "4 household"}
    assert scenario.overrides == {}
    assert changed == tonne.load("a.tonne", {"pretrain.pue": "1.3", "homes": "4 household"})
    assert repr(changed) == "<Scenario a.tonne with pretrain.pue = 1.3, homes = 4 household>"
    assert scenario.run()["pretrain.pue"].magnitude == 1.1
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.path = Path("b")  # type: ignore[misc]


def test_a_scenario_goes_to_another_process_and_a_result_says_that_it_does_not(scenario: Scenario) -> None:
    changed = scenario.with_values({"pretrain.pue": 1.2})
    result = changed.run()
    assert pickle.loads(pickle.dumps(changed)).run() == result
    assert pickle.loads(pickle.dumps(result.claims)) == result.claims
    for one in (result, result["pretrain.co2e"], changed.check()):
        with pytest.raises(TypeError, match="send the Scenario"):
            pickle.dumps(one)


# ── files and texts ──


def test_a_file_that_is_not_there(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"b\.tonne"):
        tonne.load("b.tonne")
    with pytest.raises(IsADirectoryError):
        tonne.load(".")


def test_a_file_is_read_once(scenario: Scenario, path: Path) -> None:
    before = scenario.run()
    path.write_text(FILE.replace("pue = 1.1", "pue = 1.2"), encoding="utf-8")
    assert scenario.run() == before
    assert tonne.load(path).run()["pretrain.pue"].magnitude == 1.2


def test_a_file_that_cannot_be_read_is_a_finding(path: Path) -> None:
    path.write_bytes(b"let a = \xff")
    result = tonne.load(path).run()
    assert [d.code for d in result.diagnostics] == ["L604"]
    assert not result.ok
    assert len(result) == 0
    assert bool(result)
    with pytest.raises(tonne.NoValue, match="L604"):
        result["a"]
    with pytest.raises(tonne.NoValue, match="L604"):
        result.explain("a")
    for html in (result._repr_html_(), tonne.load(path)._repr_html_()):
        assert html.startswith("<div>")


def test_a_text_uses_the_files_of_its_folder(path: Path, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "site.tonne").write_text(
        'grid ours { carbon_intensity = 25 gCO2e/kWh from "x" }'.replace("{ c", "{\n c").replace(" }", "\n}")
    )
    text = 'use "./site" { ours }\nlet a : gCO2e/kWh = ours.carbon_intensity'
    assert tonne.loads(text, folder="below").run()["a"].magnitude == 25
    assert [d.code for d in tonne.loads(text).check().diagnostics if d.is_error] == ["N114"]
    page = '# A paper\n\n```tonne\nlet a : kWh = 3 kWh from "x"\n```\n'
    assert tonne.loads(page, name="paper.md").run()["a"].magnitude == 3
    wrong = tonne.loads("let a : kWh = 3 kW", name="in the form").check().diagnostics[0]
    assert str(wrong).startswith("in the form:1:")


@pytest.mark.parametrize("text", ["", "\ud800", "\0", "```", "a" * 3_000_000])
def test_any_text_gives_a_result(text: str) -> None:
    result = tonne.loads(text).run()
    assert str(result)
    assert result._repr_html_()


# ── HTML ──


class _Read(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags = "", [""]
        self.tags.clear()
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), st.sampled_from(["", "bold", "red"]))
def test_any_text_stays_text_in_html(text: str, style: str) -> None:
    read = _Read(to_html([Text(text, style)]))
    assert read.text == text
    assert read.tags == ["div", "p", *(["span"] if style else [])]


def test_tables_have_heads(scenario: Scenario) -> None:
    html = scenario.run()._repr_html_()
    for part in (
        '<th scope="col"',
        '<th scope="row"',
        "<summary>All values</summary>",
        ">pretrain</th>",
        ">tCO2e</span></td>",
    ):
        assert part in html
    assert "<details>" in html
    assert "<details open" in tonne.loads('grid a {\n  carbon_intensity = 3 gCO2e/kWh from "x"\n}').run()._repr_html_()
    assert "P301" not in html
    assert "C402" in html
