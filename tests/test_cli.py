"""The commands as a person runs them: exit codes, streams, settings, JSON by its schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from tonne.cli.commands import tonne

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "dsl" / "tonne" / "report" / "run.schema.json").read_text(encoding="utf-8"))
QUICKSTART = str(ROOT / "scenarios" / "quickstart.tonne")

GOOD = """use hardware.nvidia { h100_sxm }
grid us { carbon_intensity = 400 gCO2e/kWh from "x" }
model m { parameters = 70B param from "x" }
run pretrain {
  model = m
  hardware = h100_sxm
  grid = us
  tokens = 1.4T token from "x"
  utilization = 40% from "x"
  pue = 1.1 from "x"
}
run same like pretrain {
  pue = 1.2 from "x"
}
let twice : tCO2e = 2 * pretrain.co2e
require pretrain.energy within 1% of 318 MWh
claim pretrain.co2e == 127.2 tCO2e from "x"
claim pretrain.co2e == 127.2 kgCO2e from "y"
claim pretrain.co2e == 3 MWh
show pretrain.co2e in kgCO2e, pretrain.energy * 2
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.tonne").write_text(GOOD, encoding="utf-8")
    (tmp_path / "missed.tonne").write_text("let a : kWh = 3 kWh\nrequire a > 4 kWh\n", encoding="utf-8")
    (tmp_path / "wrong.tonne").write_text("let a : kWh = 3 tCO2e\nlet b : kWh = 2 kWh\nshow b\n", encoding="utf-8")
    (tmp_path / "warned.tonne").write_text("run a {\n  energy = 3 MWh\n}\n", encoding="utf-8")
    return lambda *words: CliRunner().invoke(tonne, list(words), catch_exceptions=False)


def document(result: Result) -> dict[str, Any]:
    made = json.loads(result.stdout)
    jsonschema.validate(made, SCHEMA)
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check", "good.tonne"], 0), (["run", "good.tonne"], 0), (["run", "missed.tonne"], 1), (["check", "missed.tonne"], 0),
        (["check", "wrong.tonne"], 1), (["run", "wrong.tonne"], 1), (["check", "warned.tonne"], 0), (["check", "warned.tonne", "--strict"], 1),
        (["run", "warned.tonne", "--strict"], 1), (["check"], 2), (["check", "no_such.tonne"], 2), (["check", "."], 2), (["nonsense"], 2),
        (["run", "good.tonne", "--set", "pretrain.pue"], 2), (["run", "good.tonne", "--set", "pretrain.pu=1.2"], 1),
        (["explain", "good.tonne", "pretrain.co2e"], 0), (["explain", "good.tonne", "pretrain.co3e"], 2), (["explain", "good.tonne", "pretrain"], 2), (["explain", "good.tonne", "pretrain.facility.pue"], 2),
        (["explain", "good.tonne", "pretrain.cost"], 0), (["help", "D201"], 0), (["help", "D999"], 2), (["run", "good.tonne", "warned.tonne"], 0),
        (["--help"], 0), (["check", "--help"], 0), (["run", "--help"], 0), (["explain", "--help"], 0), (["--version"], 0),
    ],
)  # fmt: skip
def test_exit_codes(call: Callable[..., Result], words: list[str], code: int) -> None:
    result = call(*words)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output


def test_json_of_a_run(call: Callable[..., Result]) -> None:
    made = document(call("run", "good.tonne", "--format", "json"))
    values = made["values"]
    assert values["pretrain.co2e"] == {
        "value": pytest.approx(127.1654870, rel=1e-9),
        "unit": "tCO2e",
        "status": "derived",
    }
    assert values["pretrain.utilization"] == {"value": 40, "unit": "%", "status": "given"}
    assert values["same.tokens"]["status"] == "given"
    assert values["twice"]["value"] == pytest.approx(254.330974, rel=1e-9)
    assert values["pretrain.co2e"]["value"] * 1000 == pytest.approx(127165.487, rel=1e-9)
    assert values["pretrain.energy * 2"]["unit"] == "MWh"
    assert made["undetermined"]["pretrain.duration"] == ["devices"]
    assert made["requirements"] == [{"text": "pretrain.energy within 1% of 318 MWh", "line": 16, "holds": True}]
    verdicts = [(c["verdict"], c["line"], c["source"]) for c in made["claims"]]
    assert verdicts == [("holds", 17, "x"), ("refuted", 18, "y"), ("not-comparable", 19, None)]
    refuted = made["claims"][1]
    assert refuted["ratio"] == pytest.approx(1000, rel=1e-3)
    assert (refuted["claimed"], refuted["unit"]) == (127.2, "kgCO2e")
    assert "10³" in refuted["cause"]
    assert not [d for d in made["diagnostics"] if d["severity"] == "error"]


def test_a_shown_expression_in_a_unit_is_a_value(call: Callable[..., Result]) -> None:
    values = document(call("run", "good.tonne", "--format", "json"))["values"]
    assert "pretrain.energy * 2" in values
    assert all(name.startswith(("us.", "m.", "pretrain.", "same.", "twice")) for name in values)


def test_json_is_given_though_errors_stand_elsewhere(call: Callable[..., Result]) -> None:
    result = call("run", "wrong.tonne", "--format", "json")
    made = document(result)
    assert result.exit_code == 1
    assert made["values"] == {"b": {"value": 2, "unit": "kWh", "status": "given"}}
    assert [(d["code"], d["line"], d["column"]) for d in made["diagnostics"]] == [("D202", 1, 15)]
    assert made["diagnostics"][0]["end"] == {"line": 1, "column": 22}


def test_json_of_several_files(call: Callable[..., Result]) -> None:
    made = document(call("run", "good.tonne", "missed.tonne", "--format", "json"))
    assert [f["file"] for f in made["files"]] == ["good.tonne", "missed.tonne"]
    assert made["files"][1]["requirements"][0]["holds"] is False


def test_json_of_a_check(call: Callable[..., Result]) -> None:
    made = json.loads(call("check", "wrong.tonne", "warned.tonne", "--format", "json").stdout)
    assert [(d["code"], d["severity"], d["file"]) for d in made["diagnostics"]] == [
        ("D202", "error", "wrong.tonne"),
        ("P301", "warning", "warned.tonne"),
    ]


def values(result: Result) -> dict[str, Any]:
    return document(result)["values"]  # type: ignore[no-any-return]


def test_settings(call: Callable[..., Result]) -> None:
    run = ("run", "good.tonne", "--format", "json", "--set")
    base = values(call(*run[:-1]))
    quebec = values(call(*run, "pretrain.grid=grids.us.quebec"))
    assert quebec["pretrain.carbon_intensity"]["value"] == 20
    assert quebec["same.carbon_intensity"]["value"] == 20  # a copy is the same assumption
    pue = values(call(*run, "pretrain.pue=1.3"))
    assert pue["pretrain.pue"] == {"value": 1.3, "unit": "ratio", "status": "given"}
    assert pue["same.pue"]["value"] == 1.2  # it has its own
    both = values(call(*run, "pretrain.pue=1.3", "--set", "us.carbon_intensity=100 gCO2e/kWh"))
    assert both["pretrain.co2e"]["value"] == pytest.approx(base["pretrain.co2e"]["value"] * 1.3 / 1.1 / 4)
    energy = values(call(*run, "pretrain.energy = 500 MWh"))
    assert energy["pretrain.it_energy"]["value"] == pytest.approx(500 / 1.1)  # determined again
    let = values(call(*run, "twice=3 tCO2e"))
    assert let["twice"] == {"value": 3, "unit": "tCO2e", "status": "given"}
    expression = values(call(*run, "same.pue = pretrain.pue * 2"))
    assert expression["same.pue"]["value"] == 2.2
    explained = call("explain", "good.tonne", "pretrain.pue", "--set", "pretrain.pue=1.3").stdout
    assert "set for this run" in explained


@pytest.mark.parametrize(
    ("setting", "code", "help"),
    [
        ("pretrain.pu=1.2", "N112", "`pue`"), ("pretran.pue=1.2", "N111", "`pretrain`"), ("pretrain.pue=", "S101", "a value is needed"),
        ("pretrain.grid=grids.us.qebec", "N111", "`quebec`"), ("pretrain.pue=3 kWh", "D202", ""), ("pretrain.grid=m", "N119", "us"),
        ("pretrain.pue=1.2 kWh 3", "S105", ""), ("pretrain=3", "N111", "pretrain.pue"), ("=3", "S101", ""),
    ],
)  # fmt: skip
def test_settings_that_are_wrong(call: Callable[..., Result], setting: str, code: str, help: str) -> None:
    result = call("run", "good.tonne", "--format", "json", "--set", setting)
    found = document(result)["diagnostics"]
    errors = [d for d in found if d["severity"] == "error"]
    assert code in [d["code"] for d in errors], errors
    assert help in " ".join(d["help"] or "" for d in errors if d["code"] == code)
    assert errors[0]["file"] == "--set"
    assert result.exit_code == 1


def test_findings_go_to_standard_error_and_results_to_standard_output(call: Callable[..., Result]) -> None:
    result = call("run", "good.tonne")
    assert "refuted" in result.stdout
    assert "C402" not in result.stdout
    assert "C402" in result.stderr


def test_short_form(call: Callable[..., Result]) -> None:
    lines = call("check", "wrong.tonne", "--format", "short").stdout.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("wrong.tonne:1:15: error[D202] ")


def process(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tonne", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **env},
        check=False,
    )


def test_no_colour_in_a_pipe_and_the_same_whatever_the_window() -> None:
    plain = process("run", QUICKSTART)
    assert plain.returncode == 0
    assert "\x1b" not in plain.stdout + plain.stderr
    assert "…" not in plain.stdout
    assert process("run", QUICKSTART, COLUMNS="40").stdout == plain.stdout


def test_colour_on_a_terminal(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    outputs: list[bytes] = []

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 65536)
        outputs.append(data)
        return data

    status = pty.spawn(
        [sys.executable, "-m", "tonne", "check", str(ROOT / "docs" / "examples" / "mistakes.tonne")], read
    )
    assert os.waitstatus_to_exitcode(status) == 1
    assert b"\x1b[1;31merror[" in b"".join(outputs)


def test_a_claim_that_rests_on_an_error_is_not_decided(call: Callable[..., Result]) -> None:
    text = "let a : kWh = 3 tCO2e\nclaim a == 3 kWh\nclaim 2 * 3 kWh == 3 tCO2e\n"
    Path("wrong.tonne").write_text(text, encoding="utf-8")
    made = document(call("run", "wrong.tonne", "--format", "json"))
    assert [c["verdict"] for c in made["claims"]] == ["not-decided", "not-comparable"]
    assert (made["claims"][0]["computed"], made["claims"][0]["ratio"]) == (None, None)
    told = call("run", "wrong.tonne").stdout
    assert "? a == 3 kWh  not decided: it rests on an error" in told
    assert "– 2 * 3 kWh == 3 tCO2e  not comparable" in told


def test_a_file_that_is_named_twice_is_looked_at_once(call: Callable[..., Result], tmp_path: Path) -> None:
    once, twice = (
        call("check", "warned.tonne"),
        call("check", "warned.tonne", f"{tmp_path}/warned.tonne", "./warned.tonne"),
    )
    assert once.output == twice.output
    assert call("run", "good.tonne", "good.tonne").output == call("run", "good.tonne").output
    assert document(call("run", "good.tonne", "./good.tonne", "--format", "json"))["version"] == 1


def test_what_two_files_use_is_reported_once(call: Callable[..., Result]) -> None:
    Path("site.tonne").write_text("grid site {\n  carbon_intensity = 400 gCO2e/kWh\n}\n", encoding="utf-8")
    Path("refs.bib").write_text("@misc{a, title = {A}}\n@misc{a, title = {A again}}\n", encoding="utf-8")
    for name in "ab":
        text = 'bibliography "refs.bib"\nuse "./site" { site }\nshow site.carbon_intensity\n'
        Path(f"{name}.tonne").write_text(text, encoding="utf-8")
    Path("site.tonne").write_text(
        'bibliography "./refs.bib"\n' + Path("site.tonne").read_text(encoding="utf-8"), encoding="utf-8"
    )
    one = call("check", "a.tonne", "--format", "short").output.splitlines()
    assert [line.split(" ")[0] for line in one] == ["refs.bib:2:7:", "site.tonne:3:22:"]
    assert call("check", "a.tonne", "b.tonne", "site.tonne", "--format", "short").output.splitlines() == one


def test_a_closed_pipe_ends_a_command_as_it_ends_others() -> None:
    run = f"{sys.executable} -m tonne run {QUICKSTART} --format json"
    done = subprocess.run(
        ["bash", "-c", f"{run} | sleep 0; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("141\n", "")  # by SIGPIPE, as `cat FILE | sleep 0` is


def test_a_closed_pipe_is_no_fault_of_ours() -> None:
    command = f"{sys.executable} -m tonne run {QUICKSTART} --format json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


def test_same_bytes_every_time() -> None:
    outputs = {process("run", QUICKSTART, "--format", "json", PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "2")}
    assert len(outputs) == 1


@pytest.mark.parametrize("operator", ["<", ">"])
def test_a_strict_limit_is_missed_exactly_on_it(call: Callable[..., Result], tmp_path: Path, operator: str) -> None:
    text = 'run a {{\n  energy = 1.0 MWh from "x"\n  carbon_intensity = {} gCO2e/kWh from "x"\n}}\nrequire a.co2e {} {} kgCO2e\n'
    for grams in (7, 57, 400, 429, 583):
        (tmp_path / "limit.tonne").write_text(text.format(grams, operator, grams), encoding="utf-8")
        assert call("run", "limit.tonne").exit_code == 1, grams
        (tmp_path / "limit.tonne").write_text(text.format(grams, operator + "=", grams), encoding="utf-8")
        assert call("run", "limit.tonne").exit_code == 0, grams


def test_explaining_through_a_reference(call: Callable[..., Result]) -> None:
    bound = call("explain", "good.tonne", "pretrain.grid")
    assert bound.exit_code == 2
    assert "pretrain.grid.carbon_intensity" in bound.stderr
    for path in ("pretrain.facility", "pretrain.facility.pue"):
        unbound = call("explain", "good.tonne", path)
        assert unbound.exit_code == 2
        assert "bind `pretrain.facility`" in unbound.stderr


def test_explaining_a_list_and_a_long_chain(call: Callable[..., Result], tmp_path: Path) -> None:
    lets = "let a0 : MWh = 1 MWh\n" + "".join(f"let a{i} = a{i - 1} + 1 MWh\n" for i in range(1, 1500))
    (tmp_path / "chain.tonne").write_text(lets + "show a1499\n", encoding="utf-8")
    assert values(call("run", "chain.tonne", "--format", "json"))["a1499"]["value"] == 1500
    (tmp_path / "list.tonne").write_text('run a {\n  energy = 3 MWh from "x"\n}\nlet runs = [a]\n', encoding="utf-8")
    result = call("explain", "list.tonne", "runs")
    assert result.exit_code == 2
    assert "is a list" in result.output
    assert call("run", "list.tonne", "--set", "runs=3").exit_code == 1


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_long_derivation_is_unfolded_as_far_as_it_can_be_read(
    call: Callable[..., Result], tmp_path: Path, style: str
) -> None:
    lines = ['let x0 : MWh = 3 MWh  from "a meter"', *(f"let x{i + 1} : MWh = x{i} + x{i}" for i in range(900))]
    (tmp_path / "long.tonne").write_text("\n".join(lines) + "\n", encoding="utf-8")
    whole = call("explain", "long.tonne", "x900", "--format", style)
    assert whole.exit_code == 0
    words = '"deeper": true' if style == "json" else "explain `x800` for what it rests on"
    assert words in whole.stdout
    assert "x799 =" not in whole.stdout
    assert "[a meter]" in call("explain", "long.tonne", "x50").stdout


def test_an_explanation_says_why_something_was_chosen(call: Callable[..., Result], tmp_path: Path) -> None:
    text = (
        "use grids.us { quebec }\nuse facilities.operators { meta }\nrun a {\n"
        '  facility = meta  assumed "a guess at the site"\n  grid = quebec  from "the operator\'s letter"\n'
        '  it_energy = 10 MWh  from "x"\n}\nrun b like a { pue = 1.1  from "x" }\n'
    )
    (tmp_path / "choice.tonne").write_text(text, encoding="utf-8")
    shown = call("explain", "choice.tonne", "a.co2e").stdout
    assert "a.facility = meta  given, choice.tonne:4  [assumed: a guess at the site]" in shown
    assert "a.grid = quebec  given, 2019, choice.tonne:5  [the operator's letter]" in shown
    assert "quebec.carbon_intensity = 20 gCO2e/kWh  given, 2019," in shown
    other = call("explain", "choice.tonne", "b.co2e").stdout  # its site moves nothing
    assert "a guess at the site" not in other
    assert "b.grid = quebec" in other


def test_a_name_of_the_library_is_written_out_in_a_setting(call: Callable[..., Result]) -> None:
    assert "write `grids.world.poland`" in call("check", "good.tonne", "--set", "pretrain.grid=poland").stdout
