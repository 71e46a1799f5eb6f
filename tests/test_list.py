"""`tonne list`: the standard library, browsed."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from test_floors import imported_by
from tonne import browse
from tonne.cli.commands import tonne
from tonne.library import library_modules, library_root
from tonne.report.listing import as_tables
from tonne.scenario import check, evaluate


def call(*words: str) -> Result:
    return CliRunner().invoke(tonne, ["list", *words], catch_exceptions=False)


def found(*words: str) -> list[dict[str, Any]]:
    return json.loads(call(*words, "--format", "json").stdout)["entries"]  # type: ignore[no-any-return]


def names(*words: str) -> list[str]:
    return [e["name"] for e in found(*words)]


def test_the_overview_counts_what_the_files_hold() -> None:
    made = json.loads(call("--format", "json").stdout)["categories"]
    assert [c["name"] for c in made] == browse.category_names()
    for category in made:
        assert category["count"] == len(names(category["name"])), category["name"]
        assert category["example"] in names(category["name"])
    text = call().stdout
    assert all(c["name"] in text and c["example"] in text for c in made)


def test_every_file_of_the_library_is_in_a_category() -> None:
    listed = {m for c in browse.category_names() for m in browse.modules_of(c)}
    assert set(library_modules()) - listed == {"core.units"}


@pytest.mark.parametrize(
    ("words", "has", "has_not"),
    [
        (["h100"], ["h100_sxm", "h100_pcie"], ["a100_sxm_80gb", "h200_sxm"]),
        (["grids", "france", "2019"], ["france_2019"], ["germany_2019", "france"]),
        (["France"], ["france"], ["germany"]),
        (["nvidia", "80gb"], ["a100_sxm_80gb", "h100_sxm"], ["a100_sxm_40gb", "b200_sxm"]),  # a value counts; 180 GB does not
        (["hardware", "NVIDIA"], ["p100"], ["mi300x", "tpu_v4"]),
        (["us-central1"], ["gcp_us_central1"], ["gcp_us_east1"]),
        (["united kingdom"], ["united_kingdom"], ["united_states"]),
        (["Québec"], ["quebec"], ["ontario"]),
        (["kinds", "run"], ["run"], ["grid"]),
        (["grids.us", "virginia"], ["virginia", "west_virginia"], ["gcp_us_east4"]),
    ],
)  # fmt: skip
def test_all_words_must_match(words: list[str], has: list[str], has_not: list[str]) -> None:
    matched = names(*words)
    assert set(has) <= set(matched)
    assert not set(has_not) & set(matched)


def test_the_entry_of_that_name_comes_first_and_in_full() -> None:
    matched = names("france")
    assert matched[0] == "france"
    others = ["france" in name for name in matched]
    assert others == sorted(others, reverse=True)  # a name before a region
    text = call("h100_sxm").stdout
    for part in (
        "989 TFLOP/s/device",
        "nvidia_h100",
        "BF16 Tensor Core, dense",
        "https://www.nvidia.com",
        "use hardware.nvidia { h100_sxm }",
    ):
        assert part in text
    assert "{GPU}" not in text  # BibTeX's braces
    assert re.search(r"stdlib/hardware/nvidia\.tonne:\d+", text)
    assert re.search(r"also matching: .*h800_sxm", text)


def test_the_line_to_paste_works(tmp_path: Path) -> None:
    for category in ("hardware", "grids", "facilities", "models", "laws"):
        for entry in found(category)[::9]:
            file = tmp_path / "paste.tonne"
            file.write_text(f"{entry['use']}\nlet all = [{entry['name']}]\n", encoding="utf-8")
            assert not check(file).has_errors, entry["use"]


def test_values_are_those_that_a_scenario_gets(tmp_path: Path) -> None:
    entry = next(e for e in found("h100_sxm") if e["name"] == "h100_sxm")
    shown = ", ".join(f"h100_sxm.{f['name']} in {f['unit']}" for f in entry["fields"])
    (tmp_path / "s.tonne").write_text(f"{entry['use']}\nshow {shown}\n", encoding="utf-8")
    run = evaluate(tmp_path / "s.tonne").run
    assert run is not None
    for shown_value, field in zip(run.model.shows[0].rows[0][1], entry["fields"], strict=True):
        assert shown_value.node is not None
        assert shown_value.unit is not None
        assert run.in_unit(shown_value.node, shown_value.unit) == pytest.approx(field["value"])
    source = (library_root() / "hardware" / "nvidia.tonne").read_text(encoding="utf-8").splitlines()
    assert all(f["text"] in source[f["line"] - 1] for f in entry["fields"])
    peak = next(f for f in entry["fields"] if f["name"] == "peak")
    assert peak["sources"][0]["key"] == "nvidia_h100"
    assert peak["sources"][0]["locator"] == "BF16 Tensor Core, dense"


def test_sorting_is_by_number_and_what_has_none_comes_last() -> None:
    sizes = [
        next((f["value"] for f in e["fields"] if f["name"] == "power"), None)
        for e in found("hardware", "--sort", "power")
    ]
    known = [s for s in sizes if s is not None]
    assert known == sorted(known)
    assert sizes[len(known) :] == [None] * (len(sizes) - len(known))
    assert None in sizes
    assert (
        names("hardware", "--sort", "power", "--reverse")[: len(known)][-1] == names("hardware", "--sort", "power")[0]
    )
    assert names("grids", "--sort", "name") == sorted(names("grids"))


def test_sorting_a_column_of_several_units() -> None:
    def entry(name: str, number: float, unit: str) -> browse.Entry:
        return browse.Entry(name, "run", "m", "", (browse.Fact("energy", f"{number} {unit}", 1, number, unit),), "f", 1)

    three = [entry("a", 1, "GWh"), entry("b", 5, "MWh"), entry("c", 3.6, "GJ")]
    assert [e.name for e in browse.in_order(three, "energy")] == ["c", "b", "a"]
    (table,) = as_tables(three, 200)
    cells = [list(column.cells) for column in table.columns]  # type: ignore[union-attr]
    assert ["1 GWh", "5", "3.6 GJ"] in cells  # MWh is the declared unit, and stands in the head


def test_a_column_that_there_is_not() -> None:
    result = call("grids", "--sort", "carbon_intensit")
    assert result.exit_code == 2
    assert "did you mean `carbon_intensity`?" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["frnce"], "did you mean `france`"), (["hrdware"], "did you mean `hardware`"), (["grids", "germny"], "did you mean `germany`"),
        (["日本"], "is nowhere"), (["\u0301 \0"], "is nowhere"), (["x" * 5000], "is nowhere"),
        (["france", "h100"], "`h100` alone matches"), (["grids", "zzzz"], "`tonne list grids` shows what there is"),
    ],
)  # fmt: skip
def test_nothing_matches(words: list[str], said: str) -> None:
    result = call(*words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not result.stdout


def test_the_fields_of_a_kind_with_their_formulas() -> None:
    text = call("kinds", "run").stdout
    assert re.search(r"energy +MWh += it_energy \* pue +at the meter\n +or co2e / carbon_intensity\n", text)
    assert "in scope everywhere, without `use`" in text
    kinds = {e["name"]: e for e in found("kinds")}
    assert {f["name"] for f in kinds["grid"]["fields"]} >= {"region", "carbon_intensity"}
    assert kinds["grid"]["use"] is None


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_table_fits_the_window(width: int) -> None:
    for category in ("hardware", "grids", "facilities", "models", "laws", "kinds"):
        out = Console(width=width, file=io.StringIO())
        everything = browse.search(category, [])
        for part in as_tables(everything, width):
            out.print(part)
        text = out.file.getvalue()  # type: ignore[attr-defined]
        assert max(map(len, text.splitlines())) <= width
        assert all(e.name in text for e in everything)  # a name is never cut


def test_in_a_pipe_nothing_is_cut() -> None:
    text = call("hardware").stdout
    assert "…" not in text
    assert "Power is the maximum total graphics power (TGP), which is set like a TDP." in text


def test_nothing_heavy_is_imported() -> None:
    assert imported_by("list", "grids", "europe").isdisjoint({"numpy", "pint", "sympy", "bibtexparser"})
