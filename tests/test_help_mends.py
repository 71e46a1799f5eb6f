"""The help line mends: typed in as it stands, it makes a refused file check cleanly.

What is typed is a text in backticks of the help; `fix` says in place of what.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tonne.diagnostic import Diagnostic
from tonne.scenario import Evaluated, evaluate


class Case(NamedTuple):
    """A file that is refused with one finding, and what the mended file says in place of `wrong`."""

    text: str
    code: str
    wrong: str
    right: str


METER = """run pretrain {
  energy           = 318 MWh         from "the meter's log"
  carbon_intensity = 400 gCO2e/kWh   from "the grid operator, 2025"
}
"""

CASES = {
    "energy + carbon": Case(
        METER + 'run tuning {\n  co2e = 2.6 tCO2e from "the tracker"\n}\n'
        "let total : tCO2e = pretrain.energy + tuning.co2e\nshow total\n",
        "D201",
        "pretrain.energy + tuning",
        "pretrain.co2e + tuning",
    ),
    "carbon + energy": Case(
        METER + 'run tuning {\n  co2e = 2.6 tCO2e from "the tracker"\n}\n'
        "let total : tCO2e = tuning.co2e + pretrain.energy\nshow total\n",
        "D201",
        "+ pretrain.energy",
        "+ pretrain.co2e",
    ),
    "kWh + tCO2e": Case(
        METER + "let total : tCO2e = pretrain.co2e + 5000 kWh\nshow total\n",
        "D201",
        "5000 kWh",
        "5000 kWh * pretrain.carbon_intensity",
    ),
    "energy against a budget of carbon": Case(
        METER + "require pretrain.energy < 150 tCO2e\n", "D204", "pretrain.energy <", "pretrain.co2e <"
    ),
    "FLOP for FLOP/s": Case(
        'hardware chip {\n  peak = 989 TFLOP/device from "the data sheet"\n}\nshow chip.peak\n',
        "D202",
        "989 TFLOP/device",
        "989 TFLOP/s/device",
    ),
    "FLOP for FLOP/s/device": Case(
        'hardware chip {\n  peak = 989 TFLOP from "the data sheet"\n}\nshow chip.peak\n',
        "D202",
        "989 TFLOP",
        "989 TFLOP/s/device",
    ),
    "FLOP/s for FLOP": Case(
        'run pretrain {\n  compute = 5.88e23 FLOP/s from "6 N D"\n}\nshow pretrain.compute\n',
        "D202",
        "5.88e23 FLOP/s",
        "5.88e23 FLOP",
    ),
    "FLOPS": Case(
        'hardware chip {\n  peak = 989 TFLOPS/device from "the data sheet"\n}\nshow chip.peak\n',
        "D209",
        "TFLOPS/device",
        "TFLOP/s/device",
    ),
    "Wh for W": Case(
        'hardware chip {\n  power = 700 Wh from "the data sheet"\n}\nshow chip.power\n',
        "D202",
        "700 Wh",
        "700 W/device",
    ),
    "token for request": Case(
        'deployment chat {\n  requests = 100M token/day from "the blog"\n}\nshow chat.requests\n',
        "D202",
        "100M token/day",
        "100M request/day",
    ),
    "request for token a request": Case(
        'deployment chat {\n  output_tokens = 500 request from "the blog"\n}\nshow chat.output_tokens\n',
        "D202",
        "500 request",
        "500 token/request",
    ),
    "energy a token for energy a request": Case(
        'deployment chat {\n  energy_per_request = 0.3 Wh/token from "the blog"\n}\nshow chat.energy_per_request\n',
        "D202",
        "0.3 Wh/token",
        "0.3 Wh/request",
    ),
    "KWh": Case(METER.replace("318 MWh", "318 KWh") + "show pretrain.co2e\n", "D211", "KWh", "kWh"),
    "gWh": Case(METER.replace("318 MWh", "318 gWh") + "show pretrain.co2e\n", "D211", "gWh", "GWh"),
    "gCO2": Case(METER.replace("gCO2e", "gCO2") + "show pretrain.co2e\n", "D212", "gCO2/kWh", "gCO2e/kWh"),
    "tCO2Eq": Case(
        'run pretrain {\n  co2e = 552 tCO2Eq from "the paper"\n}\nshow pretrain.co2e\n', "D211", "tCO2Eq", "tCO2eq"
    ),
    "GPU-hours": Case(
        'run pretrain {\n  device_time = 2.8M GPUh from "the paper"\n}\nshow pretrain.device_time\n',
        "D211",
        "GPUh",
        "device*h",
    ),
    "70 G param": Case(
        'model big {\n  parameters = 70 G param from "the card"\n}\nshow big.parameters\n',
        "S104",
        "70 G param",
        "70B param",
    ),
    "70 billion param": Case(
        'model big {\n  parameters = 70 billion param from "the card"\n}\nshow big.parameters\n',
        "S104",
        "70 billion param",
        "70B param",
    ),
    "Wh per token": Case(
        'deployment chat {\n  energy_per_token = 0.3 mWh per token from "the blog"\n}\nshow chat.energy_per_token\n',
        "S104",
        "0.3 mWh per token",
        "0.3 mWh/token",
    ),
    "Gtoken": Case(
        'run pretrain {\n  tokens = 1400 Gtoken from "the card"\n}\nshow pretrain.tokens\n',
        "D210",
        "1400 Gtoken",
        "1400B token",
    ),
    "a misspelt field": Case(
        'run pretrain {\n  utilisation = 40% from "the paper"\n}\nshow pretrain.utilization\n',
        "N112",
        "utilisation",
        "utilization",
    ),
    "a misspelt field that is shown": Case(
        METER + "show pretrain.carbon_intensty\n", "N112", "carbon_intensty", "carbon_intensity"
    ),
    "a misspelt name": Case(METER + "show pretran.co2e\n", "N111", "show pretran.", "show pretrain."),
    "a misspelt kind": Case(METER.replace("run ", "runn ") + "show pretrain.co2e\n", "N120", "runn ", "run "),
    "a misspelt library": Case(
        'use grids.su { quebec }\nrun pretrain {\n  energy = 318 MWh from "the meter"\n  grid = quebec\n}\n'
        "show pretrain.co2e\n",
        "N114",
        "grids.su",
        "grids.us",
    ),
    "a misspelt source": Case(
        'run pretrain {\n  tokens = 1.4T token from hofmann2022 "section 3.4"\n}\nshow pretrain.tokens\n',
        "P302",
        "hofmann2022",
        "hoffmann2022",
    ),
    "a number without a unit": Case(METER.replace("318 MWh", "318") + "show pretrain.co2e\n", "D206", "318", "318 MWh"),
    "values side by side": Case(
        METER + "let carbon : tCO2e = pretrain.energy pretrain.carbon_intensity\nshow carbon\n",
        "S105",
        "pretrain.energy pretrain",
        "pretrain.energy * pretrain",
    ),
    "power for energy": Case(
        'run pretrain {\n  devices = 8 device from "x"\n  duration = 2.0 day from "x"\n  power = 700 W/device from "x"\n}\n'
        "let drawn : MWh = pretrain.devices * pretrain.power\nshow drawn\n",
        "D203",
        "pretrain.devices * pretrain.power",
        "pretrain.devices * pretrain.power * pretrain.duration",
    ),
    "the inverse": Case(
        'run pretrain {\n  energy = 318 MWh from "x"\n  tokens = 1.4T token from "x"\n}\n'
        "let each : Wh/token = pretrain.tokens / pretrain.energy\nshow each\n",
        "D203",
        "pretrain.tokens / pretrain.energy",
        "pretrain.energy / pretrain.tokens",
    ),
    "a power of parameters": Case(
        'model big {\n  parameters = 70B param from "the card"\n}\nlet x = big.parameters ^ 0.34\nshow x\n',
        "D207",
        "big.parameters ^ 0.34",
        "(big.parameters / 1 param) ^ 0.34",
    ),
    "a logarithm of parameters": Case(
        'model big {\n  parameters = 70B param from "the card"\n}\nlet x = log10(big.parameters)\nshow x\n',
        "D208",
        "log10(big.parameters)",
        "log10(big.parameters / 1 param)",
    ),
    "another sign for times": Case(
        METER + "let carbon : tCO2e = pretrain.energy × pretrain.carbon_intensity\nshow carbon\n",
        "S101",
        " × ",
        " * ",
    ),
}

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tonne.toml").touch()
    monkeypatch.chdir(tmp_path)


def checked(text: str) -> Evaluated:
    path = Path("scenario.tonne")
    path.write_text(text, encoding="utf-8")
    return evaluate(path)


def refused(case: Case) -> Diagnostic:
    """The one finding of a case's file."""
    result = checked(case.text)
    assert [d.code for d in result.diagnostics] == [case.code], [(d.code, d.title) for d in result.diagnostics]
    assert result.checked.has_errors
    return result.diagnostics[0]


@every_case
def test_the_case_is_as_it_says(case: Case) -> None:
    assert case.text.count(case.wrong) == 1
    assert not checked(case.text.replace(case.wrong, case.right)).diagnostics


@every_case
def test_refused_where_it_is(case: Case) -> None:
    one = refused(case)
    line = case.text[: case.text.index(case.wrong)].count("\n") + 1
    assert one.span.line == line
    assert len(one.title.split()) <= 12


@every_case
def test_the_help_says_what_to_type(case: Case) -> None:
    one = refused(case)
    offered = re.findall(r"`([^`]+)`", one.help)
    assert offered, one.help
    assert any(text in case.right or case.right.strip() in text for text in offered), one.help


@every_case
def test_what_the_help_says_mends_the_file(case: Case) -> None:
    one = refused(case)
    assert one.fix is not None
    offered = re.findall(r"`([^`]+)`", one.help)
    assert one.fix.replacement in one.help or any(text in one.fix.replacement for text in offered)
    span = one.fix.span
    mended = case.text[: span.start] + one.fix.replacement + case.text[span.end :]
    assert mended == case.text.replace(case.wrong, case.right)
    assert not checked(mended).diagnostics
