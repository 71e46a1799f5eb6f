"""`tonne sweep` as a user runs it: tables, JSON, files of data, a full disk, Ctrl-C, a bar on a terminal.

A process of its own is started where signals, a terminal or limits of the system matter; else the command runs in here.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray
from click.testing import CliRunner, Result

from tonne.cli.commands import tonne

WAIT = 60
FILE = """
grid clean { carbon_intensity = 50 gCO2e/kWh  from "a" }
grid dirty { carbon_intensity = 500 gCO2e/kWh  from "a" }
run r {
  grid      = clean
  it_energy = 100 MWh ~ uniform(50 MWh, 250 MWh)  from "a"
  pue       = 1.1  from "a"
}
let scale = 2  from "a"

sweep few {
  "A few cells."
  vary r.grid in [clean, dirty]
  vary r.pue  in [1, 1.25, 1.5]
  show r.co2e, r.energy in kWh
}

sweep line {
  vary clean.carbon_intensity in linear(100 gCO2e/kWh, 900 gCO2e/kWh, 5)
  vary r.grid in [clean, dirty]
  show r.co2e
}

sweep large {
  vary r.pue in linear(1, 2, 100)
  vary scale in linear(-1, 1, 101)
  vary r.grid in [dirty, clean]
  show r.co2e * scale, sqrt(scale)
}

sweep huge {
  vary r.pue in linear(1, 2, 100_000)
  vary scale in linear(1, 2, 9_000)
  show r.co2e * exp(scale / 3) / scale
}

sweep slow {
  vary scale in linear(1, 2, 9_000)
  show elasticity(r.co2e + 1 tCO2e * scale, r.it_energy)
}

show r.co2e
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    Path("s.tonne").write_text(FILE, encoding="utf-8")

    def run(*arguments: str, file: str = "s.tonne") -> Result:
        return CliRunner().invoke(tonne, ["sweep", file, *arguments])

    return run


# ── what a person reads ──


def test_few_cells_are_a_table_with_a_choice_across(call: Callable[..., Result]) -> None:
    done = call("few")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.rstrip() for line in done.stdout.splitlines()] == [
        "few",
        "A few cells.",
        "",
        "r.co2e (tCO2e)",
        "        r.grid",
        "r.pue    clean   dirty",
        "──────────────────────",
        "    1        5      50",
        " 1.25     6.25    62.5",
        "  1.5      7.5      75",
        "",
        "r.energy (kWh)",
        "         r.grid",
        "r.pue     clean     dirty",
        "─────────────────────────",
        "    1   100,000   100,000",
        " 1.25   125,000   125,000",
        "  1.5   150,000   150,000",
    ]


def test_where_options_cross(call: Callable[..., Result]) -> None:
    last = " ".join(call("line").stdout.split("\n\n")[-1].split())
    assert last == "r.co2e: clean is lower below clean.carbon_intensity = 500 gCO2e/kWh, dirty above it"


def test_many_cells_are_told_by_their_extremes(call: Callable[..., Result]) -> None:
    done = call("large")
    assert done.exit_code == 0
    told = [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip() and not line.startswith("─")]
    assert told[:6] == [
        "large", "r.co2e * scale (tCO2e)", "r.grid at r.pue at scale", "dirty least -100 2 -1", "greatest 100 2 1", told[5],
    ]  # fmt: skip
    assert re.fullmatch(r"mean -?[\d.]+e-\d+|mean 0", told[5])
    assert told[6:8] == ["clean least -10 2 -1", "greatest 10 2 1"]
    assert told[9:12] == ["sqrt(scale)", "r.grid at r.pue at scale", "dirty least 0 1 0"]
    assert (
        "10,100 cells for each choice: r.pue 100 × scale 101 × r.grid 2. `--out FILE.parquet` or `.csv` writes all of them."
        in done.stdout
    )


def test_sampled_cells_are_told_as_intervals(call: Callable[..., Result]) -> None:
    done = call("few", "--draws", "2_000", "--seed", "1")
    assert done.exit_code == 0
    rows = re.findall(r"^ *([\d.]+) +(\S+ \(\S+ \.\. \S+\)) +(\S+ \(\S+ \.\. \S+\)) *$", done.stdout, re.MULTILINE)
    assert [row[0] for row in rows] == ["1", "1.25", "1.5"] * 2
    middle, low, high = (float(x) for x in re.findall(r"[\d.]+(?<!\.)", rows[0][1].replace("..", " ")))
    assert (low, high) == (pytest.approx(50 * 0.06, rel=0.05), pytest.approx(50 * 0.24, rel=0.05))
    assert middle == pytest.approx(7.5, rel=0.05)
    assert "2,000 draws, seed 1" in done.stdout


def test_all_sweeps_without_a_name(call: Callable[..., Result]) -> None:
    Path("s.tonne").write_text(FILE[: FILE.index("sweep huge")], encoding="utf-8")
    done = call()
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line in ("few", "line", "large")] == ["few", "line", "large"]
    assert "\n\nline\n" in done.stdout
    many = document(call("--format", "json"))["sweeps"]
    assert [one["sweep"]["name"] for one in many] == ["few", "line", "large"]


def test_a_setting_moves_all_cells(call: Callable[..., Result]) -> None:
    done = call("few", "--set", "r.it_energy=200 MWh")
    assert "    1       10     100" in done.stdout


def test_lines_of_a_table_do_not_depend_on_the_window(
    call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = call("few").stdout
    monkeypatch.setenv("COLUMNS", "30")
    assert call("few").stdout == wide


# ── JSON ──

SCHEMA = json.loads((resources.files("tonne") / "report" / "sweep.schema.json").read_text(encoding="utf-8"))


def document(done: Result, code: int = 0) -> dict[str, Any]:
    assert done.exit_code == code, done.output
    made = dict(json.loads(done.stdout))
    jsonschema.validate(_first_rows(made), SCHEMA)  # of many rows the first: each takes half a millisecond
    return made


def _first_rows(made: dict[str, Any]) -> dict[str, Any]:
    if "sweeps" in made:
        return {**made, "sweeps": [_first_rows(one) for one in made["sweeps"]]}
    sweep = made.get("sweep")
    return {**made, "sweep": {**sweep, "rows": sweep["rows"][:20]}} if sweep is not None and "rows" in sweep else made


def test_json_of_few_cells(call: Callable[..., Result]) -> None:
    made = document(call("few", "--format", "json"))
    assert (made["version"], made["diagnostics"]) == (1, [])
    sweep = made["sweep"]
    assert (sweep["name"], sweep["doc"], sweep["points"]) == ("few", "A few cells.", 6)
    assert sweep["axes"] == [
        {"name": "r.grid", "choices": ["clean", "dirty"]},
        {"name": "r.pue", "unit": "ratio", "values": [1, 1.25, 1.5]},
    ]
    assert sweep["columns"] == [{"name": "r.co2e", "unit": "tCO2e"}, {"name": "r.energy", "unit": "kWh"}]
    assert [row["r.grid"] for row in sweep["rows"]] == ["clean"] * 3 + ["dirty"] * 3
    assert [row["r.pue"] for row in sweep["rows"]] == [1, 1.25, 1.5] * 2
    assert [row["r.co2e"] for row in sweep["rows"]] == pytest.approx([5, 6.25, 7.5, 50, 62.5, 75])
    assert [row["r.energy"] for row in sweep["rows"]] == pytest.approx([100_000, 125_000, 150_000] * 2)
    assert "sampling" not in sweep
    assert "summary" not in sweep


def test_json_of_crossings(call: Callable[..., Result]) -> None:
    [one] = document(call("line", "--format", "json"))["sweep"]["crossings"]
    assert one.pop("value") == pytest.approx(500, rel=1e-12)
    assert one == {
        "axis": "clean.carbon_intensity", "unit": "gCO2e/kWh", "column": "r.co2e", "of": "r.grid",
        "lower_below": "clean", "lower_above": "dirty", "where": {},
    }  # fmt: skip


def test_json_of_what_is_not_kept(call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tonne.sweep_values.MOST_KEPT", 10)
    sweep = document(call("large", "--format", "json"))["sweep"]
    assert "rows" not in sweep
    assert [(one["r.grid"], one["column"]) for one in sweep["summary"]] == [
        (grid, column) for grid in ("dirty", "clean") for column in ("r.co2e * scale", "sqrt(scale)")
    ]
    first, root = sweep["summary"][:2]
    assert first["least"] == {"value": pytest.approx(-100), "at": {"r.pue": 2, "scale": -1, "r.grid": "dirty"}}
    assert first["greatest"] == {"value": pytest.approx(100), "at": {"r.pue": 2, "scale": 1, "r.grid": "dirty"}}
    assert first["mean"] == pytest.approx(0, abs=1e-12)
    assert (root["least"]["value"], root["least"]["at"]["scale"]) == (0, 0)


def test_json_of_draws(call: Callable[..., Result]) -> None:
    sweep = document(call("few", "--format", "json", "--draws", "1k", "--seed", "7"))["sweep"]
    assert sweep["sampling"] == {"draws": 1000, "seed": 7}
    for row in sweep["rows"]:
        one = row["r.co2e"]
        assert (one["unit"], one["draws"]) == ("tCO2e", 1000)
        assert one["least"] < one["p5"] < one["median"] < one["p95"] < one["greatest"]


def test_json_of_an_error_and_of_a_value_that_is_none(call: Callable[..., Result]) -> None:
    Path("e.tonne").write_text(
        'let x = 2  from "a"\nsweep s {\n  vary x in log(0, 1, 3)\n  show x\n}\n', encoding="utf-8"
    )
    made = document(call("--format", "json", file="e.tonne"), 1)
    assert (made["sweep"], [d["code"] for d in made["diagnostics"]]) == (None, ["V223"])
    Path("n.tonne").write_text(
        'let x = 2  from "a"\nsweep s {\n  vary x in [-1, 0, 1]\n  show sqrt(x), 1 / x\n}\n', encoding="utf-8"
    )
    rows = document(call("--format", "json", file="n.tonne"))["sweep"]["rows"]
    assert [(row["sqrt(x)"], row["1 / x"]) for row in rows] == [(None, -1), (0, None), (1, 1)]


def test_json_is_alone_on_standard_output(call: Callable[..., Result]) -> None:
    text = 'let x = 2  from "a"\nlet y = 3  from "a"\nsweep s {\n  vary y in [1, 2]\n  show x\n}\n'
    Path("o.tonne").write_text(text, encoding="utf-8")
    done = call("--format", "json", "--out", "o.csv", file="o.tonne")
    assert [d["code"] for d in document(done)["diagnostics"]] == ["O504"]
    assert done.stderr == "written: o.csv, 2 rows\n"
    assert call("--strict", file="o.tonne").exit_code == 1


# ── files of data ──

FORMATS = [".parquet", ".csv", ".nc"]


def rows_of(path: Path) -> tuple[list[str], list[list[Any]]]:
    """Columns with their units, and rows, of a file of any format."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = list(csv.reader(file))
        return head, [[_number(cell) for cell in row] for row in rows]
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        units = [(field.metadata or {}).get(b"unit", b"").decode() for field in table.schema]
        head = [
            f"{f.name} [{u}]" if u not in ("", "ratio") else f.name for f, u in zip(table.schema, units, strict=True)
        ]
        return head, [list(row.values()) for row in table.to_pylist()]
    frame = xarray.open_dataset(path, engine="scipy")
    flat = frame.to_dataframe().reset_index()
    units = [frame[name].attrs.get("units", "") for name in flat.columns]
    head = [f"{n} [{u}]" if u not in ("", "ratio") else str(n) for n, u in zip(flat.columns, units, strict=True)]
    return head, [list(row) for row in flat.itertuples(index=False)]


def _number(cell: str) -> float | str:
    try:
        return float(cell) if cell else math.nan
    except ValueError:
        return cell


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_has_every_cell_with_its_unit(call: Callable[..., Result], suffix: str) -> None:
    done = call("few", "--out", f"t{suffix}")
    assert (done.exit_code, done.stderr) == (0, f"written: t{suffix}, 6 rows\n")
    assert "r.co2e (tCO2e)" in done.stdout
    head, rows = rows_of(Path(f"t{suffix}"))
    assert head == ["r.grid", "r.pue", "r.co2e [tCO2e]", "r.energy [kWh]"]
    assert [(row[0], row[1]) for row in rows] == [(g, p) for g in ("clean", "dirty") for p in (1, 1.25, 1.5)]
    assert [row[2] for row in rows] == pytest.approx([5, 6.25, 7.5, 50, 62.5, 75], rel=1e-15)
    assert [row[3] for row in rows] == pytest.approx([100_000, 125_000, 150_000] * 2, rel=1e-15)


def test_the_types_and_metadata_of_parquet(call: Callable[..., Result]) -> None:
    call("few", "--out", "t.parquet")
    schema = pq.read_schema("t.parquet")
    assert schema.types == [pa.dictionary(pa.int32(), pa.string()), pa.float64(), pa.float64(), pa.float64()]
    assert schema.metadata == {b"scenario": b"s.tonne", b"sweep": b"few", b"title": b"A few cells."}
    assert [(f.name, f.metadata) for f in schema] == [
        ("r.grid", None), ("r.pue", {b"unit": b"ratio"}), ("r.co2e", {b"unit": b"tCO2e"}), ("r.energy", {b"unit": b"kWh"}),
    ]  # fmt: skip


def test_the_labels_and_attributes_of_a_dataset(call: Callable[..., Result]) -> None:
    call("line", "--out", "t.nc")
    made = xarray.open_dataset("t.nc", engine="scipy")
    assert dict(made.sizes) == {"clean.carbon_intensity": 5, "r.grid": 2}
    assert made["r.co2e"].dims == ("clean.carbon_intensity", "r.grid")
    assert made.attrs == {"scenario": "s.tonne", "sweep": "line"}
    assert made["r.co2e"].attrs == {"units": "tCO2e"}
    assert made["clean.carbon_intensity"].attrs == {"units": "gCO2e/kWh"}
    assert list(made["r.grid"].values) == ["clean", "dirty"]
    one = made["r.co2e"].sel({"r.grid": "clean", "clean.carbon_intensity": 300})
    assert float(one) == pytest.approx(33)


@pytest.mark.parametrize(("suffix", "kept"), [(s, k) for s in FORMATS for k in (10, 10**7) if s != ".nc" or k > 10])
def test_a_larger_file_is_the_same_however_it_is_made(
    call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, suffix: str, kept: int
) -> None:
    """Block by block where the cells are not kept; choices before numbers, the last axis fastest."""
    monkeypatch.setattr("tonne.sweep_values.MOST_KEPT", kept)
    monkeypatch.setattr("tonne.numeric.sweep.FILE_BLOCK", 1_700)
    done = call("large", "--out", f"t{suffix}")
    assert (done.exit_code, done.stderr) == (0, f"written: t{suffix}, 20,200 rows\n")
    head, rows = rows_of(Path(f"t{suffix}"))
    assert head == ["r.pue", "scale", "r.grid", "r.co2e * scale [tCO2e]", "sqrt(scale)"]
    if suffix == ".nc":
        rows.sort(key=lambda row: row[2] == "clean")
    pue, scale = (
        np.asarray(x).reshape(-1) for x in np.meshgrid(np.linspace(1, 2, 100), np.linspace(-1, 1, 101), indexing="ij")
    )
    assert [row[2] for row in rows] == ["dirty"] * 10_100 + ["clean"] * 10_100
    got = np.array([[row[0], row[1], row[3], row[4]] for row in rows], float)
    for part, intensity in ((got[:10_100], 50), (got[10_100:], 5)):
        np.testing.assert_allclose(part[:, 0], pue, rtol=1e-14)
        np.testing.assert_allclose(part[:, 1], scale, rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(part[:, 2], intensity * pue * scale, rtol=1e-13, atol=1e-13)
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(part[:, 3], np.sqrt(part[:, 1]), rtol=1e-14)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_file_does_not_depend_on_threads(
    call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr("tonne.sweep_values.MOST_KEPT", 10)
    monkeypatch.setattr("tonne.numeric.sweep.FILE_BLOCK", 1_300)
    for threads in ("1", "3"):
        call("large", "--out", f"{threads}{suffix}", "--threads", threads)
    assert Path(f"1{suffix}").read_bytes() == Path(f"3{suffix}").read_bytes()


def test_numbers_of_csv_read_back_as_they_are(call: Callable[..., Result]) -> None:
    made = document(call("large", "--format", "json", "--out", "t.csv"))["sweep"]["rows"]
    _, rows = rows_of(Path("t.csv"))
    told = [[row["r.pue"], row["scale"], row["r.grid"], row["r.co2e * scale"], row["sqrt(scale)"]] for row in made]
    assert [
        [repr(math.nan if v is None else float(v) if not isinstance(v, str) else v) for v in row] for row in told
    ] == [[repr(v) for v in row] for row in rows]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_sampled_file_has_five_figures_of_each_value(call: Callable[..., Result], suffix: str) -> None:
    done = call("few", "--draws", "500", "--out", f"t{suffix}", "--format", "json")
    told = [row["r.co2e"] for row in document(done)["sweep"]["rows"]]
    statistics = ["mean", "sd", "p5", "median", "p95"]
    if suffix == ".nc":
        made = xarray.open_dataset("t.nc", engine="scipy")
        assert dict(made.sizes) == {"r.grid": 2, "r.pue": 3, "statistic": 5}
        assert list(made["statistic"].values) == statistics
        figures = made["r.co2e"].values.reshape(6, 5)
    else:
        head, rows = rows_of(Path(f"t{suffix}"))
        names = [
            f"{name} {s} [{unit}]" for name, unit in (("r.co2e", "tCO2e"), ("r.energy", "kWh")) for s in statistics
        ]
        assert head == ["r.grid", "r.pue", *names]
        figures = [row[2:7] for row in rows]
    assert np.array(figures) == pytest.approx(np.array([[one[s] for s in statistics] for one in told]), rel=1e-15)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_evaluated_cell_by_cell(call: Callable[..., Result], suffix: str) -> None:
    text = FILE.replace(
        "linear(1, 2, 9_000)\n  show elasticity", "[1, 2, 4]\n  vary r.grid in [clean, dirty]\n  show elasticity"
    )
    Path("s.tonne").write_text(text, encoding="utf-8")
    assert call("slow", "--out", f"t{suffix}").exit_code == 0
    head, rows = rows_of(Path(f"t{suffix}"))
    assert head == ["scale", "r.grid", "elasticity(r.co2e + 1 tCO2e * scale, r.it_energy)"]
    wanted = sorted((s, g, c / (c + s)) for s in (1, 2, 4) for g, c in (("clean", 5.5), ("dirty", 55)))
    assert sorted((row[0], row[1], row[2]) for row in rows) == [(s, g, pytest.approx(v)) for s, g, v in wanted]


@pytest.mark.parametrize("suffix", FORMATS)
def test_over_a_file_that_is_there(call: Callable[..., Result], suffix: str) -> None:
    target = Path(f"t{suffix}")
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    assert call("few", "--out", str(target)).exit_code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert len(rows_of(target)[1]) == 6
    assert sorted(p.name for p in Path().iterdir()) == ["s.tonne", f"t{suffix}"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_link_stays_a_link(call: Callable[..., Result], tmp_path: Path, suffix: str) -> None:
    (tmp_path / "data").mkdir()
    link, target = Path(f"link{suffix}"), tmp_path / "data" / f"t{suffix}"
    for is_there in (False, True):
        if not is_there:
            link.symlink_to(target)
        assert call("few", "--out", str(link)).exit_code == 0
        assert link.is_symlink()
        assert len(rows_of(target)[1]) == 6
    assert [p.name for p in (tmp_path / "data").iterdir()] == [f"t{suffix}"]


def test_a_suffix_in_capitals(call: Callable[..., Result]) -> None:
    assert call("few", "--out", "T.CSV").exit_code == 0
    assert Path("T.CSV").read_text(encoding="utf-8").startswith("r.grid,r.pue,r.co2e [tCO2e]")


def test_a_sweep_of_standard_input(tmp_path: Path) -> None:
    text = 'let x = 2  from "a"\nsweep s {\n  vary x in [1, 3]\n  show x * x\n}\n'
    done = subprocess.run(
        [sys.executable, "-m", "tonne", "sweep", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[-4:] == ["1", "1", "3", "9"]


def test_a_sweep_of_a_markdown_file(call: Callable[..., Result]) -> None:
    fences = '# Two options\n\n```tonne\nlet x = 2  from "a"\n```\n\n```tonne\nsweep s {\n  vary x in [1, 3]\n  show x * x\n}\n```\n'
    Path("s.md").write_text(fences, encoding="utf-8")
    assert call("s", file="s.md").stdout.split()[-4:] == ["1", "1", "3", "9"]


# ── what cannot be done ──


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "t.csv"], "--out writes one sweep; name one of: few, line, large, huge, slow"),
        (["--plot", "t.svg"], "--plot draws one sweep; name one of: few, line, large, huge, slow"),
        (["few", "--out", "t.xlsx"], "`t.xlsx` names no format: end it in .parquet, .csv, .nc"),
        (["few", "--out", "t"], "`t` names no format: end it in .parquet, .csv, .nc"),
        (["few", "--out", "no/where/t.csv"], "there is no folder `no/where`"),
        (["few", "--out", "folder.csv"], "is a directory"),
        (["feww"], "no sweep `feww` in s.tonne; did you mean `few`?"),
        (["zzz"], "no sweep `zzz` in s.tonne; there are: few, line, large, huge, slow"),
        (["few", "line"], "unexpected extra argument (line)"),
        (["few", "--limit", "0"], "`0` is no whole number of at least 1"),
        (["few", "--threads", "0"], "`0` is no whole number of at least 1"),
        (["few", "--seed", "-1"], "`-1` is no whole number"),
    ],
)
def test_misuse_is_said_before_anything_is_evaluated(
    call: Callable[..., Result], arguments: list[str], message: str
) -> None:
    Path("folder.csv").mkdir()
    done = call(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert sorted(p.name for p in Path().iterdir()) == ["folder.csv", "s.tonne"]


def test_a_file_without_a_sweep(call: Callable[..., Result]) -> None:
    Path("e.tonne").write_text('let x = 2  from "a"\n', encoding="utf-8")
    for arguments in ((), ("s",)):
        done = call(*arguments, file="e.tonne")
        assert (done.exit_code, done.stdout) == (2, "")
        assert "e.tonne has no `sweep`; `tonne help sweep` shows how one is written" in done.stderr


@pytest.mark.parametrize("draws", ["2", "1e3", "1_000", "1k", "1.5k", "0.001M", "1e+3", " 1000 "])
def test_a_number_of_draws(call: Callable[..., Result], draws: str) -> None:
    made = document(call("few", "--draws", draws, "--format", "json"))
    wanted = {"2": 2, "1.5k": 1500}.get(draws, 1000)
    assert made["sweep"]["sampling"]["draws"] == wanted


@pytest.mark.parametrize(
    "draws", ["0", "1", "-3", "1.5", "abc", "", "1e", "1e-3", "nan", "inf", "1e400", "1 000", "1,000", "1K"]
)
def test_what_is_no_number_of_draws(call: Callable[..., Result], draws: str) -> None:
    done = call("few", "--draws", draws)
    assert done.exit_code == 2
    assert f"`{draws}` is no whole number of at least 2, such as 100_000 or 1e6" in done.stderr


@pytest.mark.parametrize("draws", ["1e9", "1B", "1_000_000_000", "1e15"])
def test_too_many_draws(call: Callable[..., Result], draws: str) -> None:
    done = call("few", "--draws", draws)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error[V227]" in done.stderr
    assert "the limit is 1,000,000,000" in done.stderr


def test_draws_of_what_has_no_spread(call: Callable[..., Result]) -> None:
    Path("e.tonne").write_text('let x = 2  from "a"\nsweep s {\n  vary x in [1, 2]\n  show x\n}\n', encoding="utf-8")
    done = call("--draws", "100", file="e.tonne")
    assert done.exit_code == 0
    assert "nothing that is shown has a spread" in done.stdout


# ── processes of their own ──


def process(
    folder: Path, *arguments: str, before: str = "", limit: int | None = None, text: str = FILE
) -> subprocess.CompletedProcess[str]:
    """`tonne sweep s.tonne …` in a child, after some lines of Python, where no file may be larger than a limit."""
    (folder / "s.tonne").write_text(text, encoding="utf-8")
    program = f"import sys\n{before}\nfrom tonne.cli import main\nsys.argv = {['tonne', 'sweep', 's.tonne', *arguments]!r}\nmain()"

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=WAIT, check=False, preexec_fn=limited
    )  # fmt: skip


@pytest.mark.parametrize(("suffix", "package"), [(".parquet", "pyarrow"), (".nc", "xarray")])
def test_without_the_extra_the_message_names_the_command(tmp_path: Path, suffix: str, package: str) -> None:
    done = process(tmp_path, "few", "--out", f"t{suffix}", before=f"sys.modules[{package!r}] = None")
    assert (done.returncode, done.stdout) == (2, "")
    assert f'{suffix} needs the package {package}: pip install "tonne[data]"' in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.tonne"]


def test_csv_needs_no_extra(tmp_path: Path) -> None:
    hidden = "for name in ('pyarrow', 'xarray', 'pandas', 'matplotlib'): sys.modules[name] = None"
    done = process(tmp_path, "few", "--out", "t.csv", before=hidden)
    assert (done.returncode, done.stderr) == (0, "written: t.csv, 6 rows\n")


@pytest.mark.parametrize(
    ("suffix", "kept", "is_there"),
    [
        (".parquet", True, True),
        (".parquet", False, True),
        (".csv", True, False),
        (".csv", False, True),
        (".nc", True, True),
    ],
)
def test_a_disk_that_fills_leaves_nothing_half_written(tmp_path: Path, suffix: str, kept: bool, is_there: bool) -> None:
    """In blocks and at once: the old file stays, nothing is left beside it, and the exit code is that of a misuse."""
    target = tmp_path / f"t{suffix}"
    if is_there:
        target.write_text("old", encoding="utf-8")
    before = (
        ""
        if kept
        else "import tonne.sweep_values as v, tonne.numeric.sweep as n\nv.MOST_KEPT = 10\nn.FILE_BLOCK = 2_000"
    )
    done = process(tmp_path, "large", "--out", target.name, before=before, limit=100_000)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(rf"cannot write t\{suffix}: .*File too large; nothing of it is left", done.stderr)
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == (["s.tonne", target.name] if is_there else ["s.tonne"])
    assert not is_there or target.read_text(encoding="utf-8") == "old"


# ── Ctrl-C ──


class Running:
    """A command in a process of its own, on a terminal or in a pipe."""

    def __init__(self, folder: Path, *words: str, terminal: bool = False) -> None:
        (folder / "s.tonne").write_text(FILE, encoding="utf-8")
        self.folder, self.seen, self.master = folder, "", -1
        command = [sys.executable, "-m", "tonne", *words]
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
        for name in ("NO_COLOR", "FORCE_COLOR", "CI"):
            environment.pop(name, None)
        if terminal:
            self.master, slave = os.openpty()
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=slave, env=environment, text=True
            )
            os.close(slave)
            os.set_blocking(self.master, False)
        else:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
            )

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT
        while not is_so():
            assert self.process.poll() is None, "it ended before it could be stopped"
            assert time.monotonic() < end
            time.sleep(0.01)

    def until_at_work(self, seconds: float = 0.9) -> None:
        """It has used so much time of the processor, more than starting takes."""
        stat_file = Path(f"/proc/{self.process.pid}/stat")
        if not stat_file.exists():
            time.sleep(3 * seconds)
            return
        per_second = os.sysconf("SC_CLK_TCK")
        self.until(lambda: sum(map(int, stat_file.read_text().rsplit(")", 1)[1].split()[11:13])) > seconds * per_second)

    def until_shown(self, pattern: str) -> str:
        """What the terminal shows up to a pattern."""

        def is_shown() -> bool:
            self._read()
            return re.search(pattern, self.seen) is not None

        self.until(is_shown)
        return self.seen

    def _read(self) -> bool:
        """Whether there was something to read from the terminal."""
        try:
            more = os.read(self.master, 65_536).decode("utf-8", "replace")
        except OSError:  # nothing yet, or nothing any more
            return False
        self.seen += more
        return bool(more)

    def interrupt(self) -> tuple[int, str, str]:
        """Ctrl-C: the exit code, and what it wrote."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str, str]:
        end = time.monotonic() + WAIT
        while self.master >= 0 and (
            self._read() or self.process.poll() is None
        ):  # a terminal that nobody reads is full soon
            assert time.monotonic() < end
            time.sleep(0.01)
        out, err = self.process.communicate(timeout=WAIT)
        return self.process.returncode, out, self.seen if self.master >= 0 else err


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def start(*words: str, terminal: bool = False) -> Running:
        made.append(Running(tmp_path, *words, terminal=terminal))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        if one.master >= 0:
            os.close(one.master)


def got_as_far_as(told: str, total: int, what: str) -> int:
    """How far it got, as the one line says; on a terminal that line stands among the bars."""
    found = re.findall(rf"stopped after ([\d,]+) of {total:,} {what}; nothing of them is kept\r?\n", told)
    assert len(found) == 1, told
    assert "Traceback" not in told
    return int(found[0].replace(",", ""))


def test_ctrl_c_in_a_sample(running: Callable[..., Running]) -> None:
    one = running("run", "s.tonne", "--draws", "1e9", "--threads", "1")
    one.until_at_work()
    code, out, err = one.interrupt()
    assert (code, out) == (130, "")
    assert 0 < got_as_far_as(err, 10**9, "draws") < 10**9


def test_ctrl_c_in_cells_that_are_evaluated_one_by_one(running: Callable[..., Running], tmp_path: Path) -> None:
    one_more = ", ".join(f"elasticity(r.co2e + {i} tCO2e * scale, r.it_energy)" for i in range(2, 30))
    slower = FILE.replace("scale, r.it_energy)", f"scale, r.it_energy), {one_more}")
    (tmp_path / "slower.tonne").write_text(slower, encoding="utf-8")
    one = running("sweep", "slower.tonne", "slow", terminal=True)
    one.until_shown(r"points[^\r\n]*━.*[1-9]\d*/9000")
    code, out, err = one.interrupt()
    assert (code, out) == (130, "")
    assert 0 < got_as_far_as(plain(err), 9000, "points") < 9000


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_ctrl_c_while_a_file_is_written(running: Callable[..., Running], tmp_path: Path, suffix: str) -> None:
    """The old file is still there, and nothing beside it."""
    target = tmp_path / f"t{suffix}"
    target.write_text("old", encoding="utf-8")
    text = FILE.replace("100_000", "9_000")  # enough to be interrupted, few enough to come to the file soon
    one = running("sweep", "big.tonne", "huge", "--out", target.name)
    (tmp_path / "big.tonne").write_text(text, encoding="utf-8")

    def is_written() -> bool:
        return any(p.stat().st_size > 1_000_000 for p in tmp_path.glob(f".t{suffix}.*"))

    one.until(is_written)
    code, out, err = one.interrupt()
    assert (code, out) == (130, "")
    assert (
        0 <= got_as_far_as(err, 81_000_000, "points") < 81_000_000
    )  # of whole blocks, the first of CSV takes a second
    assert sorted(p.name for p in tmp_path.iterdir()) == ["big.tonne", "s.tonne", target.name]
    assert target.read_text(encoding="utf-8") == "old"


# ── a bar on a terminal ──


def plain(text: str) -> str:
    """Without what moves the cursor and colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_bar_on_a_terminal_and_ctrl_c_in_a_sweep(running: Callable[..., Running], tmp_path: Path) -> None:
    one = running("sweep", "s.tonne", "huge", "--out", "t.parquet", terminal=True)
    seen = plain(one.until_shown(r"points[^\r\n]*━.*900000000"))
    assert re.search(r"points .*[1-9]\d*/900000000", seen)
    code, out, err = one.interrupt()
    assert (code, out) == (130, "")
    assert "\x1b[?25h" in err  # the cursor is shown again
    assert 0 < got_as_far_as(plain(err), 900_000_000, "points") < 900_000_000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.tonne"]


def test_a_bar_of_draws_and_ctrl_c(running: Callable[..., Running]) -> None:
    one = running("run", "s.tonne", "--draws", "1e9", terminal=True)
    seen = plain(one.until_shown(r"draws[^\r\n]*━.*1000000000"))
    assert re.search(r"draws .*[1-9]\d*/1000000000", seen)
    code, _, err = one.interrupt()
    assert code == 130
    assert 0 < got_as_far_as(plain(err), 10**9, "draws") < 10**9


def test_no_bar_where_work_is_short_and_none_in_a_pipe(running: Callable[..., Running], tmp_path: Path) -> None:
    code, out, err = running("sweep", "s.tonne", "few", "--draws", "100", terminal=True).end()
    assert (code, plain(err).strip()) == (0, "")
    assert "r.co2e" in out
    long = process(
        tmp_path, "slow", text=FILE.replace("linear(1, 2, 9_000)\n  show elas", "linear(1, 2, 1_500)\n  show elas")
    )
    assert (long.returncode, long.stderr) == (0, "")
    assert "━" not in long.stdout
    assert "\x1b" not in long.stdout
