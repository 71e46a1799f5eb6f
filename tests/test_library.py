"""The standard library: each file checks alone, cites every number, and keeps the names and units that tools rely on."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy.optimize import minimize_scalar

from tonne import library
from tonne.browse import entries
from tonne.scenario import Evaluated, check, evaluate

MODULES = library.library_modules()
CONTRACT = {
    "hardware": {"peak": "TFLOP/s/device", "power": "W/device", "memory": "GB/device", "bandwidth": "TB/s/device", "embodied": "kgCO2e/device", "lifetime": "year"},
    "grid": {"carbon_intensity": "gCO2e/kWh", "market_intensity": "gCO2e/kWh", "water_intensity": "L/kWh"},
    "facility": {"pue": "ratio", "wue": "L/kWh"},
    "model": {"parameters": "param", "active_parameters": "param", "bytes_per_parameter": "B/param"},
    "run": {
        "tokens": "token", "compute": "FLOP", "compute_per_token": "FLOP/token", "flop_per_parameter": "FLOP/param/token", "peak": "TFLOP/s/device",
        "throughput": "TFLOP/s/device", "utilization": "%", "devices": "device", "duration": "day", "device_time": "device*h", "power": "W/device",
        "it_energy": "MWh", "pue": "ratio", "energy": "MWh", "carbon_intensity": "gCO2e/kWh", "co2e": "tCO2e", "market_co2e": "tCO2e",
        "embodied_co2e": "tCO2e", "total_co2e": "tCO2e", "water": "L", "price": "USD/device/h", "cost": "USD", "energy_per_parameter": "Wh/param",
        "tokens_per_energy": "token/kWh",
    },
    "deployment": {
        "requests": "request/day", "service_life": "year", "prompt_tokens": "token/request", "output_tokens": "token/request", "compute_per_token": "FLOP/token",
        "compute_per_request": "FLOP/request", "utilization": "%", "time_per_request": "device*s/request", "devices": "device", "power": "W/device",
        "peak": "TFLOP/s/device", "energy_per_token": "mWh/token", "it_energy_per_request": "Wh/request", "energy_per_request": "Wh/request", "pue": "ratio",
        "carbon_intensity": "gCO2e/kWh", "co2e_per_request": "gCO2e/request", "water_per_request": "mL/request", "daily_energy": "MWh/day",
        "daily_co2e": "tCO2e/day", "total_requests": "request", "tokens": "token", "compute": "FLOP", "energy": "MWh", "co2e": "tCO2e",
        "market_co2e": "tCO2e", "embodied_co2e": "tCO2e", "total_co2e": "tCO2e", "water": "L", "break_even": "request", "break_even_time": "day",
        "energy_break_even": "request",
    },
    "scaling_law": {"A": "ratio", "B": "ratio", "E": "ratio", "alpha": "ratio", "beta": "ratio", "loss": "ratio", "reference": "param", "reference_tokens": "token", "reference_loss": "ratio"},
    "measurement": {
        "energy": "kWh", "it_energy": "kWh", "pue": "ratio", "carbon_intensity": "gCO2e/kWh", "co2e": "kgCO2e", "duration": "h", "devices": "device",
        "device_time": "device*h", "power": "W/device", "water": "L",
    },
}  # fmt: skip


def of(module: str) -> Evaluated:
    path = library.library_file(module)
    assert path is not None
    return evaluate(path)


@pytest.mark.parametrize("module", MODULES)
def test_a_file_checks_alone_and_cites_every_number(module: str) -> None:
    assert [(d.code, d.span.line, d.title) for d in of(module).diagnostics] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_file_is_short_and_says_what_it_is(module: str) -> None:
    path = library.library_file(module)
    assert path is not None
    lines = path.read_text(encoding="utf-8").splitlines()
    assert 10 <= len(lines) <= 250
    assert lines[0].startswith('"') or lines[0].startswith("use ")


@pytest.mark.parametrize("kind", CONTRACT)
def test_the_core_kinds_keep_their_names_and_units(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tonne"
    path.write_text("let x = 1\n", encoding="utf-8")
    project = check(path).project
    assert project is not None
    fields = project.entry.kinds[kind].fields
    assert {
        name: f.unit.word for name, f in fields.items() if f.unit is not None and name in CONTRACT[kind]
    } == CONTRACT[kind]


@pytest.mark.parametrize(
    ("module", "name", "field", "value"),
    [
        # makers' figures, dense at bf16 or fp16, and published measurements (Patterson et al. 2021, table 4)
        ("hardware.nvidia", "h100_sxm", "peak", 989), ("hardware.nvidia", "h100_sxm", "power", 700), ("hardware.nvidia", "h100_pcie", "power", 350),
        ("hardware.nvidia", "a100_sxm_80gb", "peak", 312), ("hardware.nvidia", "a100_sxm_80gb", "power", 400), ("hardware.nvidia", "a100_sxm_80gb", "memory", 80),
        ("hardware.nvidia", "v100_sxm2", "peak", 125), ("hardware.nvidia", "h200_sxm", "memory", 141), ("hardware.nvidia", "b200_sxm", "peak", 2250),
        ("hardware.google", "tpu_v3", "peak", 123), ("hardware.google", "tpu_v3", "power", 283), ("hardware.google", "tpu_v4", "peak", 275),
        ("hardware.amd", "mi300x", "peak", 1307), ("hardware.consumer", "rtx_4090", "peak", 165.2), ("grids.us", "quebec", "carbon_intensity", 20),
        # Our World in Data / Ember, 2023
        ("grids.earlier.world", "united_states_2023", "carbon_intensity", 369.473), ("grids.earlier.world", "canada_2023", "carbon_intensity", 170.043),
        # what the authors' code has, and what reports of the replication quote
        ("laws.chinchilla", "sardana2024", "alpha", 0.336), ("laws.chinchilla", "sardana2024", "beta", 0.283), ("laws.chinchilla", "besiroglu2024", "B", 2085.43),
        # sizes as published
        ("models.llama", "llama_2_70b", "parameters", 70e9), ("models.deepseek", "deepseek_v3", "active_parameters", 37e9), ("models.gpt", "gpt_3", "parameters", 175e9),
    ],
)  # fmt: skip
def test_figures(module: str, name: str, field: str, value: float) -> None:
    run = of(module).run
    assert run is not None
    state = next(s for s in run.model.own_states() if s.instance.name == name)
    unit = state.instance.kind.fields[field].unit
    assert unit is not None
    assert run.in_unit(state.nodes[field], unit) == value


def test_no_peak_is_a_sparse_one() -> None:
    """A sparse peak is twice the dense one: every accelerator's peak over its TDP stays below 3.5 TFLOP/s a watt."""
    for module in (m for m in MODULES if m.startswith("hardware.")):
        run = of(module).run
        assert run is not None
        for state in run.model.own_states():
            peak, power = run.value(state.nodes.get("peak")), run.value(state.nodes.get("power"))
            assert peak is None or power is None or peak / power < 3.5e12, state.instance.name


LAWS = {s.name: {f.name: f.number for f in s.facts} for s in entries("laws.chinchilla")}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("size", [1e9, 70e9, 1e12])
def test_the_reference_of_a_law_takes_the_fewest_flops_to_its_loss(name: str, size: float, tmp_path: Path) -> None:
    """Held against a search on the law itself: no other size reaches that loss with fewer parameters times tokens."""
    path = tmp_path / "a.tonne"
    law = f"use laws.chinchilla {{ {name} }}\nscaling_law of_this like {name} {{ reference = {size:.0f} param }}\n"
    path.write_text(law + "show of_this.reference_tokens, of_this.reference_loss\n", encoding="utf-8")
    run = evaluate(path).run
    assert run is not None
    (state,) = (s for s in run.model.own_states() if s.instance.name == "of_this")
    tokens, loss = run.value(state.nodes["reference_tokens"]), run.value(state.nodes["reference_loss"])
    A, B, E, alpha, beta = (LAWS[name][c] for c in ("A", "B", "E", "alpha", "beta"))
    assert loss == pytest.approx(E + A / size**alpha + B / tokens**beta, rel=1e-12)

    def flops(log_size: float) -> float:
        rest = loss - E - A / math.exp(alpha * log_size)
        return log_size - math.log(rest / B) / beta

    smallest = math.log(A / (loss - E)) / alpha
    found = minimize_scalar(flops, bounds=(smallest + 1e-6, smallest + 20), method="bounded", options={"xatol": 1e-10})
    assert math.exp(found.x) == pytest.approx(size, rel=1e-6)
