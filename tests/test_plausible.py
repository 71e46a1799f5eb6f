"""No honest card is called implausible: every published training of the library, held against the usual ranges."""

from __future__ import annotations

from pathlib import Path

import pytest

from tonne.library import library_root
from tonne.scenario import Evaluated, evaluate
from tonne.source import SourceFile
from tonne.syntax import tree
from tonne.syntax.parse import parse

# What is said of a value that is odd beside what is usual, or that leaves a factor out.
ODD = {"V221", "V225", "V228", "V229", "P308"}


def trainings() -> dict[str, list[str]]:
    """The runs of each file of the library's models."""
    found: dict[str, list[str]] = {}
    for path in sorted((library_root() / "models").glob("*.tonne")):
        module, _ = parse(SourceFile(path.name, path.read_text(encoding="utf-8"), path))
        instances = [s for s in module.statements if isinstance(s, tree.InstanceDeclaration)]
        runs = [s.name for s in instances if str(s.kind) == "run"]
        if runs:
            found[path.stem] = runs
    return found


def scenario(folder: Path, text: str) -> Evaluated:
    (folder / "tonne.toml").touch()
    path = folder / "a.tonne"
    path.write_text(text, encoding="utf-8")
    return evaluate(path)


@pytest.mark.parametrize("more", ["", 'pue = 1.2  assumed "a usual one"'])
def test_no_published_training_is_odd(tmp_path: Path, more: str) -> None:
    lines = []
    for file, runs in trainings().items():
        lines.append(f"use models.{file} {{ {', '.join(runs)} }}")
        lines += [f"run {run}_again like {run} {{ {more} }}" for run in runs]
    result = scenario(tmp_path, "\n".join(lines) + "\n")
    assert [str(d) for d in result.diagnostics if d.code in ODD] == []
    assert result.run is not None
    states = list(result.run.model.own_states())
    assert len(states) > 70
    for name, least in [("tokens_per_parameter", 60), ("utilization", 40), ("co2e_per_device_time", 20), ("power", 40)]:
        assert sum(name in state.nodes for state in states) > least


SLIPS = {
    "device_time": "412_875",
    "it_energy": "289",
    "tokens": "1.4",
    "parameters": "70",
}


@pytest.mark.parametrize("by", ["e3", "e-3"])
@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_a_thousand_is_said_once_or_twice(tmp_path: Path, slip: str, by: str) -> None:
    """Where it stands, or as what it implies beside the other facts; not once for each value that follows."""
    figures = {name: f"{figure}{by}" if name == slip else figure for name, figure in SLIPS.items()}
    text = f"""
use hardware.nvidia {{ h100_sxm }}
model m {{ parameters = {figures["parameters"].replace("_", "")} param * 1e9  from "the card" }}
run r {{
  model            = m
  hardware         = h100_sxm
  tokens           = {figures["tokens"]} token * 1e12                   from "the card"
  device_time      = {figures["device_time"].replace("_", "")} device*h  from "the card"
  it_energy        = {figures["it_energy"]} MWh       from "the card"
  pue              = 1.1           from "the card"
  carbon_intensity = 400 gCO2e/kWh  from "the card"
}}
"""
    found = [d for d in scenario(tmp_path, text).diagnostics if d.code in ODD]
    assert 1 <= len(found) <= 2, found
