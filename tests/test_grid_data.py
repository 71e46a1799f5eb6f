"""The library's grids and facilities against copies of their sources' figures (tests/data), and the rules for their names.

`tests/data/grid.csv` was collected apart from the library, row by row from its sources; the test says where each row is in
the library, or why it is not. `tests/data/grid_samples.csv` holds some rows of each table that the library takes whole.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tonne import library
from tonne.scenario import check, evaluate
from tonne.syntax import tree

DATA = Path(__file__).parent / "data"
MODULES = [m for m in library.library_modules() if m.startswith(("grids.", "facilities."))]
UNITS = {"carbon_intensity": "gCO2e/kWh", "market_intensity": "gCO2e/kWh", "water_intensity": "L/kWh", "pue": "ratio", "wue": "L/kWh"}  # fmt: skip
FIELD = {"grid carbon intensity": "carbon_intensity", "EWIF (off-site water)": "water_intensity", "PUE": "pue", "WUE": "wue"}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """A grid or a facility of the library; `values` are in the units of `UNITS`."""

    name: str
    module: str
    kind: str
    texts: dict[str, str]
    values: dict[str, float]

    @property
    def period(self) -> str:
        return self.texts["period"]


@cache
def things() -> dict[str, Thing]:
    found: dict[str, Thing] = {}
    for module in MODULES:
        path = library.library_file(module)
        assert path is not None
        run = evaluate(path).run
        assert run is not None
        for state in run.model.own_states():
            instance, values, texts = state.instance, {}, {}
            for name, binding in instance.bindings.items():
                unit = instance.kind.fields[name].unit
                if unit is None:  # a text or a date
                    assert isinstance(binding.value, tree.Text | tree.Value)
                    texts[name] = binding.value.span.text.strip('"')
                    continue
                value = run.in_unit(state.nodes[name], unit)
                assert unit.word == UNITS[name]
                assert value is not None
                values[name] = value
            found[instance.name] = Thing(instance.name, module, instance.kind.name, texts, values)
    return found


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def grids() -> list[Thing]:
    return [thing for thing in things().values() if thing.kind == "grid"]


# ---- grid.csv: where each row is in the library

PAPERS = {
    "US average (Patterson 2021)": ("gpt_3_grid", "carbon_intensity"),
    "US average (LLaMA 2023)": ("llama_grid", "carbon_intensity"),
    "Google Iowa Dec 2020, gross": ("google_iowa_grid", "carbon_intensity"),
    "Google Iowa Dec 2020, net": ("google_iowa_grid", "market_intensity"),
    "Google Taiwan Sep 2019": ("t5_grid", "carbon_intensity"),
    "Google Georgia Oct 2020, gross": ("switch_transformer_grid", "carbon_intensity"),
    "Google Georgia Oct 2020, net": ("switch_transformer_grid", "market_intensity"),
    "Google North Carolina Apr 2020, gross": ("gshard_grid", "carbon_intensity"),
    "Google North Carolina Apr 2020, net": ("gshard_grid", "market_intensity"),
    "Google Oklahoma 2021 (PaLM)": ("palm_grid", "market_intensity"),
    "Google, LaMDA training mix": ("lamda_grid", "market_intensity"),
    "Google fleet 2024 (Gemini paper)": ("google_fleet", "market_intensity"),
    "France, Jean Zay (BLOOM)": ("bloom_grid", "carbon_intensity"),
    "OPT data centre": ("opt_grid", "carbon_intensity"),
    "Austin Energy TX (Ai2 Jupiter)": ("ai2_jupiter_grid", "carbon_intensity"),
    "Iowa (Ai2 Augusta)": ("ai2_augusta_grid", "carbon_intensity"),
    "AWS us-west-2 Oregon (Luccioni 2024)": ("aws_us_west_2_2016", "carbon_intensity"),
    "Microsoft Azure (Jegham)": ("azure_estimate_grid", "carbon_intensity"),
    "Azure (Jegham)": ("azure_estimate_grid", "water_intensity"),
    "AWS (Jegham)": ("aws_estimate_grid", ""),
    "DeepSeek China (Jegham)": ("deepseek_estimate_grid", "carbon_intensity"),
}
FACILITIES = {
    ("Microsoft", "PUE", "1.18"): "microsoft_2023",
    ("Microsoft US average (Li)", "PUE", "1.17"): "microsoft_us_2022",
    ("Microsoft US average (Li)", "WUE", "0.55"): "microsoft_us_2022",
    ("Microsoft U.S.Average", "PUE", "1.170"): "microsoft_us_2022",
    ("Microsoft U.S.Average", "WUE", "0.550"): "microsoft_us_2022",
    ("AWS", "PUE", "1.15"): "aws_2023",
    ("AWS", "WUE", "0.18"): "aws_2023",
    ("AWS", "WUE", "0.15"): "aws_2024",
    ("Meta", "PUE", "1.08"): "meta",
    ("Meta", "PUE", "1.1"): "meta_2021",
    ("US datacenter average", "PUE", "1.58"): "us_average_2018",
    ("US datacenter average", "PUE", "1.59"): "us_average_2020",
    ("DeepSeek (Jegham)", "PUE", "1.27"): "deepseek_estimate",
    ("DeepSeek (Jegham)", "WUE", "1.2"): "deepseek_estimate",
    ("DeepSeek (Jegham)", "EWIF (off-site water)", "6.016"): "deepseek_estimate_grid",
    ("Ai2 Jupiter TX", "PUE", "1.2"): "ai2_jupiter_2024",
    ("Ai2 Augusta IA", "PUE", "1.12"): "ai2_augusta_2024",
}
ISO = {"CAN": "canada", "CHN": "china", "DEU": "germany", "FRA": "france", "GBR": "united_kingdom", "IND": "india", "JPN": "japan", "SWE": "sweden", "USA": "united_states", "WOR": "world_average"}  # fmt: skip
TYPING = {"gcp_me_cenrtal1": "gcp_me_central1"}  # as CodeCarbon's file spells it
LEFT_OUT = {
    "one figure for all zones of a country; the library has Electricity Maps' figure of each zone": 10,
    "a source of power, not a grid": 9,
    "a fallback without a year; the library has Ember's and Our World in Data's averages": 1,
    "the country's average, direct emissions only; a country's name stands for life-cycle figures": 1,
    "states no year of its own": 64,
    "no later figure could be confirmed for the region": 1,
    "the file gives no year; the library has Ember's of 2024": 10,
    "the library takes EcoLogits' factor for a country": 9,
    "withdrawn water, where the field means consumed": 1,
    "water alone, without the carbon of a grid": 3,
    "a design or another project's assumption, not a facility's figure": 2,
}


def place(row: dict[str, str]) -> tuple[str, str] | str:
    """The instance and the field that a row is in the library, or why it is not there."""
    name, metric, source = row["name"], row["metric"], row["source"]
    field = FIELD.get(metric, "")
    word = re.sub(r"\W+", "_", name.lower())
    if "global_energy_mix.json" in source:
        return of_year(word, row["year"]), field
    if "usa_emissions" in source:
        if name.endswith(": usa"):
            return "the country's average, direct emissions only; a country's name stands for life-cycle figures"
        return of_year(word.removeprefix("us_state_"), row["year"]), field
    if "nordic_emissions" in source:
        return "one figure for all zones of a country; the library has Electricity Maps' figure of each zone"
    if "carbon_intensity_per_source" in source:
        if "world_average" in name:
            return "a fallback without a year; the library has Ember's and Our World in Data's averages"
        return "a source of power, not a grid"
    if region := re.fullmatch(r"cloud (\w+)/(\S*) \(.*\)", name):
        cloud = f"{region[1]}_{region[2]}".replace("-", "_")
        if "cloud/impact" in source:  # CodeCarbon's copy of Google's table for 2023
            return f"{TYPING.get(cloud, cloud)}_2023", field
        if "eGRID" not in row["notes"] or "seem" in row["notes"]:
            return "states no year of its own"
        if cloud == "azure_westus":
            return "no later figure could be confirmed for the region"
        return f"{cloud}_2016", field
    if name in ISO:
        if field == "carbon_intensity":
            return "the file gives no year; the library has Ember's of 2024"
        return ISO[name], field
    if name in PAPERS:
        return PAPERS[name][0], PAPERS[name][1] or field
    if (name, metric, row["value"]) in FACILITIES:
        return FACILITIES[name, metric, row["value"]], field
    if table := re.fullmatch(r"Microsoft (\w+)(\*?)", name):
        where = table[1].lower()
        if field != "water_intensity":
            return f"microsoft_{where}", field
        if where in things() and "United States" in things()[where].texts["region"]:
            return where, field
        return "the library takes EcoLogits' factor for a country"
    if "withdrawal" in metric:
        return "withdrawn water, where the field means consumed"
    if "EWIF" in metric:
        return "water alone, without the carbon of a grid"
    return "a design or another project's assumption, not a facility's figure"


def of_year(name: str, year: str) -> str:
    """The plain name where that is the grid of the year, else the name with the year."""
    plain = things().get(name)
    return name if plain is not None and plain.period == year else f"{name}_{year}"


def test_every_row_of_the_collected_data_is_in_the_library_or_left_out_for_a_reason() -> None:
    compared, left_out = [], Counter[str]()
    for row in rows("grid.csv"):
        where = place(row)
        if isinstance(where, str):
            left_out[where] += 1
            continue
        name, field = where
        assert name in things(), f"{row['name']}: no `{name}` in the library"
        compared.append((name, field, things()[name].values.get(field), float(row["value"])))
    assert [c for c in compared if c[2] != pytest.approx(c[3], rel=1e-9)] == []
    assert left_out == LEFT_OUT
    assert len(compared) == 250


def test_samples_of_the_tables_that_the_library_takes_whole() -> None:
    compared = Counter[str]()
    for row in rows("grid_samples.csv"):
        thing, value = things()[row["instance"]], float(row["value"])
        if row["source"].endswith("kg/kWh"):
            value *= 1000
        assert thing.values[row["field"]] == pytest.approx(value, rel=1e-9), row
        assert thing.kind == "facility" or thing.period == row["period"], row
        compared[row["source"].split()[1]] += 1
    assert len(compared) == 7
    assert min(compared.values()) >= 5, compared


def test_a_grid_says_where_when_and_how_much() -> None:
    assert len(grids()) > 600
    for grid in grids():
        intensities = [grid.values[f] for f in ("carbon_intensity", "market_intensity") if f in grid.values]
        assert grid.texts["region"], grid
        assert re.fullmatch(r"20\d\d(-\d\d)?", grid.period), grid
        assert intensities, grid
        assert all(0 <= value <= 1500 for value in intensities), grid
        assert 0 <= grid.values.get("water_intensity", 0) < 20, grid


def test_a_facility_has_a_possible_pue_and_water() -> None:
    facilities = [thing for thing in things().values() if thing.kind == "facility"]
    assert len(facilities) > 100
    assert all(thing.values and 1 < thing.values.get("pue", 1.2) < 2 for thing in facilities)
    assert all(0 <= thing.values.get("wue", 0) < 3 for thing in facilities)


def test_a_grid_with_a_year_in_its_name_has_a_newer_plain_one() -> None:
    dated = [grid for grid in grids() if re.search(r"_20\d\d$", grid.name)]
    assert len(dated) > 250
    for grid in dated:
        plain, year = grid.name[:-5], grid.name[-4:]
        assert grid.period == year
        assert plain in things(), grid
        assert things()[plain].period > year, grid


def test_names_are_unique_over_the_library() -> None:
    """A file may name two modules, so no two of them may give the same name; the modules of `hardware` and `models` too."""
    names = Counter[str]()
    for module in library.library_modules():
        path = library.library_file(module)
        assert path is not None
        if not module.startswith("core."):
            names.update(re.findall(r"(?m)^[a-z_]+ +(\w+)(?: +like +\w+)? *\{", path.read_text(encoding="utf-8")))
    assert len(names) > 900
    assert [name for name, count in names.items() if count > 1] == []


def test_the_names_of_earlier_years_are_in_the_folder_for_them() -> None:
    wrong = [g.name for g in grids() if ("earlier" in g.module) != bool(re.search(r"_20\d\d$", g.name))]
    assert wrong == ["gcp_us_central1_2021"]  # it was in `grids.cloud` before the folder was


def test_a_hundred_countries_and_every_state() -> None:
    modules = Counter(grid.module.removeprefix("grids.") for grid in grids())
    assert sum(modules[name] for name in ("world", "europe", "asia", "africa", "americas")) > 150
    assert sum(g.texts["region"].endswith(", United States") for g in grids() if g.module in ("grids.us", "grids.us_more")) == 51  # fmt: skip


def test_a_name_of_another_file_is_told_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tonne"
    path.write_text(
        'use grids.world { austria }\nrun r {\n  grid = austria\n  energy = 3 MWh from "the meter"\n}\n',
        encoding="utf-8",
    )
    found = check(path).diagnostics
    assert [(d.code, d.help) for d in found] == [("N111", "write `use grids.europe { austria }`")]


def test_a_name_of_another_file_is_told_in_a_setting_too(tmp_path: Path) -> None:
    path = tmp_path / "a.tonne"
    path.write_text('run r {\n  energy = 3 MWh from "the meter"\n}\nshow r.co2e\n', encoding="utf-8")
    found = check(path, ["r.grid=grids.world.austria"]).diagnostics
    assert ("N111", "write `grids.europe.austria`") in [(d.code, d.help) for d in found]
