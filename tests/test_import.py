"""`tonne import`: records of other tools as scenarios, what is said of them, and what is refused.

The tables of `tests/data/imports` have the columns of CodeCarbon 2.0 (29), 2.2.0 (30), 2.2.3 (31), 2.7 (32), 3.0.8 (34) and 3.2.1
(38), of `sacct --parsable2`, and of an `ImpactsOutput` of EcoLogits 0.9.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonne.catalogue import Severity
from tonne.cli.commands import tonne
from tonne.importers import imported as read_record
from tonne.scenario import Evaluated, evaluate
from tonne.syntax.format import format_text

DATA = Path(__file__).parent / "data" / "imports"
FORMS = [29, 30, 31, 32, 34, 38]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of each test, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(tonne, ["import", *map(str, words)], input=given, catch_exceptions=False)


def imported(*words: object, unusual: bool = False) -> Evaluated:
    """The scenario that a record gives, in standard form and without a warning; `unusual` are figures that no machine has."""
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    assert format_text(text, "import").text == text
    Path("made.tonne").write_text(text, encoding="utf-8")
    made = evaluate(Path("made.tonne"))
    assert unusual or not made.diagnostics, made.diagnostics
    return made


def values(made: Evaluated, name: str) -> dict[str, float]:
    """The fields of an instance in their own units."""
    assert made.run is not None
    state = next(s for s in made.run.model.own_states() if s.instance.name == name)
    found = {}
    for field, node in state.nodes.items():
        unit = state.instance.kind.fields[field].unit
        value = None if unit is None else made.run.in_unit(node, unit)
        if value is not None:
            found[field] = value
    return found


def refused(*words: object, given: bytes | None = None) -> str:
    """What is said of a record that cannot be taken; nothing is on standard output."""
    result = run(*words, given=given)
    assert result.exit_code == 1, (result.exit_code, result.stdout)
    assert result.stdout == ""
    return result.stderr


def table(columns: int = 38) -> list[list[str]]:
    with (DATA / f"codecarbon_{columns}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(rows: list[list[str]], name: str = "emissions.csv", encoding: str = "utf-8", line_end: str = "\n") -> Path:
    with open(name, "w", encoding=encoding, newline="") as file:  # noqa: PTH123  a name in the working folder
        csv.writer(file, lineterminator=line_end).writerows(rows)
    return Path(name)


def changed(**cells: str) -> Path:
    """The table of two runs with some cells of the second changed."""
    header, first, second = table()
    for name, cell in cells.items():
        second[header.index(name)] = cell
    return written([header, first, second])


# ── CodeCarbon: what is taken ──


@pytest.mark.parametrize("columns", FORMS)
def test_each_form_of_codecarbon(columns: int) -> None:
    made = imported("codecarbon", DATA / f"codecarbon_{columns}.csv")
    pretrain = values(made, "measured_pretrain")
    assert pretrain["device_time"] == pytest.approx(8 * 21600.25 / 3600)
    if columns >= 31:  # the first with a column `pue`, and the first whose energy has it in it
        assert pretrain["energy"] == 17.789245891666
        assert pretrain["it_energy"] == pytest.approx(17.789245891666 / 1.2)
        assert pretrain["carbon_intensity"] == pytest.approx(56.0387)
    else:
        assert pretrain["it_energy"] == 14.824371576389
        assert "energy" not in pretrain
        assert "co2e" not in pretrain
    assert ("water" in pretrain) == (columns >= 34)
    assert pretrain["power"] == pytest.approx(290 + (112.5 + 38.2) / 8)  # of a GPU with its share of the machine


def test_emissions_without_a_pue_are_left_out_and_it_is_said() -> None:
    result = run("codecarbon", DATA / "codecarbon_30.csv")
    assert "note[R702]: 2 rows whose emissions are left out: no pue, the first in line 2" in result.stderr
    assert "they are those of the IT alone" in result.stderr
    assert "co2e " not in result.stdout


def test_a_run_without_emissions_leaves_those_of_the_others() -> None:
    path = changed(emissions="nan")
    result = run("codecarbon", path)
    assert "note[R702]: 1 row without emissions, the first in line 3" in result.stderr
    assert "{ device_time, energy }\nshow sum(runs.device_time), sum(runs.energy)" in result.stdout
    assert "let runs_with_co2e = [measured_pretrain]" in result.stdout
    assert "show runs_with_co2e { co2e }" in result.stdout
    assert "co2e" in values(imported("codecarbon", path), "measured_pretrain")


@pytest.mark.parametrize("names", [["energy_consumed"], ["emissions", "duration"]])
def test_a_table_of_codecarbon_that_lacks_columns(names: list[str]) -> None:
    rows = table()
    kept = [i for i, name in enumerate(rows[0]) if name not in names]
    said = refused("codecarbon", written([[row[i] for i in kept] for row in rows]))
    shown = ", ".join(f"`{name}`" for name in sorted(names, key=["duration", "emissions", "energy_consumed"].index))
    assert f"the table has no column {shown}" in said
    assert "this is not a table of CodeCarbon" not in said


def test_every_line_says_where_it_is_from() -> None:
    text = run("codecarbon", DATA / "codecarbon_38.csv").stdout
    assert (
        '  energy   = 1.098572558333 kWh     from "codecarbon_38.csv, line 3, energy_consumed; CodeCarbon 3.3.2, run a4c9d7e2"'
        in text
    )
    assert "Run a4c9d7e2-5b13-4f68-8e20-6d7f8091a2b3, project evaluate, île-de-france, France" in text
    numbers = [line for line in text.splitlines() if " = " in line and "period" not in line and "let" not in line]
    assert numbers
    assert all(' from "' in line for line in numbers)


def test_digits_stay_those_of_the_record() -> None:
    header, first, _ = table()
    first[header.index("energy_consumed")] = "4.256308937249876e-05"
    first[header.index("emissions")] = "2.3851929653454584e-06"
    made = run("codecarbon", written([header, first])).stdout
    assert "= 4.256308937249876e-05 kWh" in made
    assert "= 2.3851929653454584e-06 kgCO2e" in made


def test_runs_added_up() -> None:
    made = imported("codecarbon", DATA / "codecarbon_38.csv", "--runs", "sum")
    total = values(made, "measured")
    assert total["energy"] == float(Decimal("17.789245891666") + Decimal("1.098572558333"))
    assert total["pue"] == 1.2
    assert total["device_time"] == pytest.approx(8 * (21600.25 + 1800.25) / 3600)
    assert 'lines 2 to 3, sum of energy_consumed of 2 runs; CodeCarbon 3.3.2"' in Path("made.tonne").read_text("utf-8")


def test_runs_of_unlike_pue_added_up() -> None:
    path = changed(pue="1.5")
    result = run("codecarbon", path, "--runs", "sum")
    assert "the runs have a pue from 1.2 to 1.5" in result.stderr
    total = values(imported("codecarbon", path, "--runs", "sum"), "measured")
    assert total["it_energy"] == pytest.approx(17.789245891666 / 1.2 + 1.098572558333 / 1.5)
    assert total["pue"] == pytest.approx(total["energy"] / total["it_energy"])


def test_runs_with_and_without_a_pue_added_up() -> None:
    old, (header, first, _) = table(30), table()
    old[2][old[0].index("timestamp")] = "2025-12-30T10:02:41"
    made = imported("codecarbon", written([old[0], old[2], header, first]), "--runs", "sum")
    total = values(made, "measured")
    assert total["it_energy"] == pytest.approx(0.915477131945 + 17.789245891666 / 1.2)
    assert not {"energy", "co2e", "pue", "water"} & set(total)
    text = Path("made.tonne").read_text(encoding="utf-8")
    assert "2 runs, 2025-12-30 to 2026-03-02, added up" in text
    assert "period" not in text  # they are of two years
    assert "CodeCarbon 2.2.0 to 3.3.2" in text


@pytest.mark.parametrize("words", ["3f6b2c1e", "3f6b2c1e-8a44-4d0e-9b57-1c2d3e4f5a60", "pretrain"])
def test_one_run(words: str) -> None:
    text = run("codecarbon", DATA / "codecarbon_38.csv", "--runs", words).stdout
    assert text.count("measurement ") == 1
    assert "measurement measured {" in text


def test_a_run_that_there_is_not() -> None:
    said = refused("codecarbon", DATA / "codecarbon_38.csv", "--runs", "pretrian")
    assert "no run is `pretrian`" in said
    assert "there are: 3f6b2c1e-8a44-4d0e-9b57-1c2d3e4f5a60, a4c9d7e2-5b13-4f68-8e20-6d7f8091a2b3" in said


def test_many_runs_are_added_up_unless_a_list_is_asked_for() -> None:
    header, first, _ = table()
    at = header.index("run_id")
    path = written(
        [header, *([*first[:at], f"{i:08x}-8a44-4d0e-9b57-1c2d3e4f5a60", *first[at + 1 :]] for i in range(13))]
    )
    result = run("codecarbon", path)
    assert "13 runs are added up" in result.stderr
    assert result.stdout.count("measurement ") == 1
    listed = run("codecarbon", path, "--runs", "list").stdout
    assert listed.count("measurement ") == 13
    assert "measurement measured_pretrain_13 {" in listed


def test_a_list_of_too_many_runs() -> None:
    header, first, _ = table()
    at = header.index("run_id")
    rows = ([*first[:at], f"{i:08x}-8a44-4d0e-9b57-1c2d3e4f5a60", *first[at + 1 :]] for i in range(1001))
    said = refused("codecarbon", written([header, *rows]), "--runs", "list")
    assert "1,001 runs to list; the most is 1,000" in said


def test_of_a_run_that_was_flushed_the_last_row_counts() -> None:
    result = run("codecarbon", DATA / "codecarbon_flushed.csv")
    assert "3 rows of 5 are earlier totals of a run, and left out" in result.stderr
    made = imported("codecarbon", DATA / "codecarbon_flushed.csv")
    assert values(made, "measured_pretrain")["energy"] == 17.789245891666
    assert values(made, "measured_pretrain_2")["energy"] == 8.894725891666


def test_rows_of_one_id_that_are_no_running_total() -> None:
    header, first, second = table()
    second[header.index("run_id")] = first[header.index("run_id")]
    said = refused("codecarbon", written([header, first, second]))
    assert "the energy of run `3f6b2c1e-8a44-4d0e-9b57-1c2d3e4f5a60` falls at line 3" in said


def test_runs_without_an_id_are_runs_of_their_own() -> None:
    header, first, second = table()
    for row in (first, second):
        row[header.index("run_id")] = ""
    assert run("codecarbon", written([header, first, second])).stdout.count("measurement ") == 2


@pytest.mark.parametrize(
    ("project", "name"),
    [
        ("codecarbon", "measured"), ("", "measured"), ("3rd try", "measured_3rd_try"), ("evaluate", "measured_evaluate_2"),
        ("Entraînement n° 2", "measured_entrainement_n_2"), ("语言模型", "measured"), ('say "hi"\\', "measured_say_hi"),
    ],
)  # fmt: skip
def test_a_project_becomes_a_legal_name(project: str, name: str) -> None:
    header, first, second = table()
    first[header.index("project_name")] = project
    made = imported("codecarbon", written([header, second, first]))
    assert values(made, name)["energy"] == 17.789245891666
    alone = imported("codecarbon", written([header, first]))
    assert values(alone, "measured")["energy"] == 17.789245891666


def test_files_of_two_versions_in_one() -> None:
    old, new = table(31), table()
    made = imported("codecarbon", written([*old[:2], new[0], new[2]]))
    assert set(values(made, "measured_pretrain")) >= {"energy", "co2e"}
    assert values(made, "measured_evaluate")["water"] == 1.977430604999


def test_line_ends_marks_and_quoted_newlines() -> None:
    header, first, second = table()
    first[header.index("cpu_model")] = "AMD EPYC\n7543"
    made = imported("codecarbon", written([header, first, second], encoding="utf-8-sig", line_end="\r\n"))
    assert values(made, "measured_evaluate")["energy"] == 1.098572558333
    text = Path("made.tonne").read_text(encoding="utf-8")
    assert "AMD EPYC 7543" in text
    assert "line 4, energy_consumed" in text


def test_standard_input_and_a_name_with_blanks() -> None:
    data = (DATA / "codecarbon_38.csv").read_bytes()
    assert 'from "standard input, line 2, duration' in run("codecarbon", "-", given=data).stdout
    Path("my runs.csv").write_bytes(data)
    assert 'from "my runs.csv, line 2, duration' in run("codecarbon", "my runs.csv").stdout


PEAK = """
import resource, sys
from pathlib import Path
from tonne.importers import imported

text, _ = imported("codecarbon", Path(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, text.count("measurement "))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system says no peak")
def test_many_runs_take_bounded_memory() -> None:
    header, first, _ = table()
    at = header.index("run_id")

    def peak(count: int) -> int:
        """In KiB."""
        rows = (
            [*first[:at], f"{i * 2654435761 % 2**32:08x}-8a44-4d0e-9b57-1c2d3e4f5a60", *first[at + 1 :]]
            for i in range(count)
        )
        path = written([header, *rows], f"{count}.csv")
        done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
        used, blocks = map(int, done.stdout.split())
        assert blocks == 1
        return used // (1024 if sys.platform == "darwin" else 1)

    assert peak(25_000) < peak(20) + 25 * 1024  # its rows as lists of cells are 70 MB


# ── CodeCarbon: what is said ──


@pytest.mark.parametrize("nothing", ["nan", "NaN", "", "0.0"])
def test_rows_without_an_energy_are_left_out(nothing: str) -> None:
    path = changed(energy_consumed=nothing)
    result = run("codecarbon", path)
    assert "warning[R702]: 1 row left out: no energy, the first in line 3" in result.stderr
    assert result.stdout.count("measurement ") == 1
    assert run("codecarbon", path, "--strict").exit_code == 1


def test_a_table_without_any_energy() -> None:
    header, first, _ = table()
    first[header.index("energy_consumed")] = "nan"
    assert "none of 1 row has an energy" in refused("codecarbon", written([header, first]))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"pue": "1.0"}, "1 row with a pue of 1, CodeCarbon's default, the first in line 3"),
        ({"pue": ""}, "1 row without a pue, the first in line 3"),
        ({"tracking_mode": "process"}, "1 row of a process alone"),
        ({"cpu_energy": "5"}, "1 row whose parts do not add up"),
    ],
)
def test_what_is_noted(cells: dict[str, str], words: str) -> None:
    result = run("codecarbon", changed(**cells))
    assert result.exit_code == 0
    assert words in result.stderr


@pytest.mark.parametrize("cells", [{"gpu_count": ""}, {"gpu_count": "0"}, {"duration": "0.0"}, {"emissions": "nan"}])
def test_what_is_not_there_is_left_out(cells: dict[str, str]) -> None:
    field = {"gpu_count": "devices", "duration": "duration", "emissions": "co2e"}[next(iter(cells))]
    made = imported("codecarbon", changed(**cells))
    assert field not in values(made, "measured_evaluate")
    assert field in values(made, "measured_pretrain")


# ── CodeCarbon: what is refused ──


def test_a_row_that_lacks_its_empty_cells() -> None:
    said = refused("codecarbon", DATA / "codecarbon_shifted.csv")
    assert "line 3 has 36 cells under 38 columns" in said
    assert "codecarbon_shifted.csv:3:1" in said
    assert "put the missing cells back, empty, or take the line out" in said


def test_a_row_in_the_order_of_another_header() -> None:
    assert "`55.4` stands under `on_cloud` in line 3" in refused("codecarbon", DATA / "codecarbon_moved.csv")


@pytest.mark.parametrize("dropped", ["timestamp", "run_id", "duration", "country_name", "cpu_model", "on_cloud"])
def test_a_row_shifted_and_filled_up_at_its_end(dropped: str) -> None:
    header, first, second = table()
    at = header.index(dropped)
    said = refused("codecarbon", written([header, first, [*second[:at], *second[at + 1 :], ""]]))
    assert "in line 3" in said or ":3:" in said


def test_of_many_shifted_rows_the_first_are_shown() -> None:
    header, first, second = table()
    said = refused("codecarbon", written([header, first, *[second[:-2]] * 12]))
    assert said.count("has 36 cells under 38 columns") == 5
    assert "so are 7 more lines" in said


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"energy_consumed": "-0.5"}, "`energy_consumed` is below zero, -0.5"),
        ({"duration": "-3"}, "`duration` is below zero, -3"),
        ({"energy_consumed": "1,098"}, "`1,098` under `energy_consumed` has a decimal comma"),
        ({"energy_consumed": "inf"}, "`energy_consumed` cannot be inf"),
        ({"energy_consumed": "nAn"}, "`energy_consumed` cannot be nAn"),
        ({"pue": "0.9"}, "`pue` cannot be 0.9"),
        ({"energy_consumed": "much"}, "`much` stands under `energy_consumed` in line 3"),
        ({"timestamp": "02/03/2026 09:14"}, "`02/03/2026 09:14` stands under `timestamp` in line 3"),
    ],
)
def test_cells_that_cannot_be(cells: dict[str, str], words: str) -> None:
    assert words in refused("codecarbon", changed(**cells))


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("JobID|State|Elapsed|ConsumedEnergy\n", "this looks like an accounting table of Slurm, not a table of CodeCarbon"),
        ("timestamp, name, power.draw [W], utilization.gpu [%]\n", "this looks like a log of nvidia-smi"),
        ("Step,run - loss,run - loss__MIN,run - loss__MAX\n", "this looks like an export of Weights & Biases"),
        ("Run ID,Name,metrics.loss\n", "this looks like a table of MLflow"),
        ("hardware_type,provider,region,hours,co2_emitted\n", "this looks like a table of the ML CO2 Impact calculator"),
        ("model,tokens,gwp (kgCO2eq),adpe,pe\n", "this looks like a table of EcoLogits' calculator"),
        ('{"energy": {"value": 1}, "gwp": {"value": 2}}\n', "this looks like the impacts of EcoLogits"),
        ("<!DOCTYPE html><html>\n", "this looks like a web page"),
        ("a,b,c\n1,2,3\n", "this is not a table of CodeCarbon"),
        ("task_name,timestamp,project_name,duration,emissions,energy_consumed\n", "this is a task file of CodeCarbon"),
        ("timestamp;project_name;run_id;duration;emissions;energy_consumed\n", "the columns are separated by `;`"),
        ("timestamp,project_name,duration,duration,emissions,energy_consumed\n", "the column `duration` stands twice"),
        ("timestamp,project_name,duration,emissions,energy_consumed\n", "has a header and no run"),
        ('timestamp,project_name,duration,emissions,energy_consumed\n"2026,a,1,1,1\n', "a quote is not closed"),
        ("", "`emissions.csv` is empty"),
        ("\n\n", "`emissions.csv` is empty"),
    ],
)  # fmt: skip
def test_a_file_of_another_tool(head: str, words: str) -> None:
    Path("emissions.csv").write_text(head, encoding="utf-8")
    assert words in refused("codecarbon", "emissions.csv")


def test_the_command_for_a_file_of_another_tool() -> None:
    Path("jobs.txt").write_bytes((DATA / "sacct.txt").read_bytes())
    assert "help: `tonne import slurm jobs.txt`" in refused("codecarbon", "jobs.txt")
    assert "`tonne import codecarbon" in refused("ecologits", DATA / "codecarbon_38.csv")
    assert "`tonne import codecarbon" in refused("slurm", DATA / "codecarbon_38.csv")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "this is no text"),
        ("timestamp,project".encode("utf-16"), "this is UTF-16, as spreadsheets write it"),
        ("timestamp,é".encode("latin-1"), "byte 11 of line 1 is not UTF-8"),
        (b"x" * 4_100_000, "this is no text"),
    ],
)
@pytest.mark.parametrize("tool", ["codecarbon", "slurm", "ecologits"])
def test_what_is_no_text(tool: str, data: bytes, words: str) -> None:
    Path("record").write_bytes(data)
    assert words in refused(tool, "record")


def test_latin_1_in_a_row_says_the_line_and_what_to_type() -> None:
    written(table(), "emissions.csv", encoding="latin-1")
    said = refused("codecarbon", "emissions.csv")
    assert "of line 2 is not UTF-8" in said
    assert "`iconv -f latin1 -t utf-8 emissions.csv`" in said


@pytest.mark.parametrize(("path", "words"), [("none.csv", "does not exist"), (".", "is a directory")])
def test_no_file(path: str, words: str) -> None:
    result = run("codecarbon", path)
    assert result.exit_code == 2
    assert words in result.output


def test_what_is_said_has_a_code_a_line_and_a_help() -> None:
    _, found = read_record("codecarbon", DATA / "codecarbon_shifted.csv")
    assert [(d.code, d.severity, d.span.line) for d in found] == [("R701", Severity.ERROR, 3)]
    _, found = read_record("codecarbon", DATA / "codecarbon_gaps.csv")
    assert [(d.code, d.severity, d.span.line) for d in found] == [("R702", Severity.WARNING, 3)]
    assert all(d.help for d in found)


# ── the file that is written ──


def test_a_file_is_not_written_over() -> None:
    source = DATA / "codecarbon_38.csv"
    result = run("codecarbon", source, "-o", "measured.tonne")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "next: tonne run measured.tonne" in result.stderr
    before = Path("measured.tonne").read_bytes()
    assert before == run("codecarbon", source).stdout_bytes
    result = run("codecarbon", source, "-o", "measured.tonne", "--runs", "sum")
    assert result.exit_code == 2
    assert "`measured.tonne` exists and is left as it is" in result.stderr
    assert Path("measured.tonne").read_bytes() == before
    assert run("codecarbon", source, "-o", "measured.tonne", "--runs", "sum", "--force").exit_code == 0
    assert Path("measured.tonne").read_bytes() != before


def test_nothing_is_written_for_a_record_that_is_refused() -> None:
    Path("measured.tonne").write_text("# mine\n", encoding="utf-8")
    assert run("codecarbon", DATA / "codecarbon_shifted.csv", "-o", "measured.tonne", "--force").exit_code == 1
    assert Path("measured.tonne").read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--force",), "--force goes with -o"),
        (("-o", "measured.csv"), "a scenario is a .tonne file: `measured.tonne`"),
        (("-o", "nowhere/measured.tonne"), "cannot write `nowhere/measured.tonne`"),
    ],
)
def test_misuse(words: tuple[str, ...], said: str) -> None:
    result = run("codecarbon", DATA / "codecarbon_38.csv", *words)
    assert result.exit_code == 2
    assert said in result.stderr


# ── a real run of CodeCarbon ──

TRACK = """
import sys
import time
from codecarbon import OfflineEmissionsTracker

for name, pue in (("first", 4), ("second", 4), ("third", 1)):
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA", project_name=name, output_dir=sys.argv[1], pue=pue, log_level="error",
        measure_power_secs=1, allow_multiple_runs=True,
    )
    tracker.start()
    time.sleep(0.5)
    tracker.flush()
    time.sleep(0.5)
    tracker.stop()
"""


def test_a_real_run(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", TRACK, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with Path("emissions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["project_name"] for row in rows] == ["first"] * 2 + ["second"] * 2 + ["third"] * 2
    made, rates = imported("codecarbon", "emissions.csv"), {}
    for row in rows[1::2]:
        measured = values(made, f"measured_{row['project_name']}")
        assert measured["energy"] == float(row["energy_consumed"])
        assert measured["co2e"] == float(row["emissions"])
        assert measured["it_energy"] == pytest.approx(measured["energy"] / float(row["pue"]))
        parts = sum(float(row[f"{part}_energy"]) for part in ("cpu", "gpu", "ram"))
        assert parts == pytest.approx(measured["energy"])
        rates[row["project_name"]] = float(row["ram_energy"]) / float(row["duration"])
    assert 2 < rates["second"] / rates["third"] < 8  # four times: the energies have the PUE in them
    total = values(imported("codecarbon", "emissions.csv", "--runs", "sum"), "measured")
    assert total["energy"] == pytest.approx(sum(float(row["energy_consumed"]) for row in rows[1::2]), rel=1e-15)


# ── Slurm ──

HEAD = "JobID|JobName|State|Start|Elapsed|AllocTRES|ConsumedEnergy\n"


def jobs(text: str) -> Path:
    Path("jobs.txt").write_text(HEAD + text, encoding="utf-8")
    return Path("jobs.txt")


def test_jobs_are_counted_once() -> None:
    result = run("slurm", DATA / "sacct.txt")
    assert "1 job left out: not ended yet, the first in line 8" in result.stderr
    assert "1 job left out: no energy, the first in line 9" in result.stderr
    assert "the energy is that of whole nodes, without cooling" in result.stderr
    made = imported("slurm", DATA / "sacct.txt")
    pretrain, evaluate_ = values(made, "measured_pretrain"), values(made, "measured_evaluate")
    assert pretrain["it_energy"] == pytest.approx(302830500 / 3.6e6)
    assert pretrain["device_time"] == pytest.approx(8 * 86523 / 3600)
    assert evaluate_["it_energy"] == pytest.approx(3150000 / 3.6e6)  # its step .extern has none
    assert "ConsumedEnergyRaw of step .extern in line 4; Slurm, job 2658300" in Path("made.tonne").read_text("utf-8")


@pytest.mark.parametrize(
    ("energy", "joules"),
    [("302.83M", 302.83e6), ("4.16G", 4.16e9), ("101.63K", 101.63e3), ("794", 794), ("1.2T", 1.2e12)],
)
def test_joules_with_a_prefix(energy: str, joules: float) -> None:
    made = imported("slurm", jobs(f"1|a|COMPLETED|2026-03-02T09:14:07|1-02:03:04|gres/gpu=8|{energy}\n"), unusual=True)
    assert values(made, "measured")["it_energy"] == pytest.approx(joules / 3.6e6)
    assert values(made, "measured")["duration"] == pytest.approx(26 + 3 / 60 + 4 / 3600)


@pytest.mark.parametrize(
    "energy", ["", "0", "4294967294", "18446744073709551614", "18446744073709551615", "18446744.07T"]
)
def test_no_energy_by_any_name(energy: str) -> None:
    said = refused("slurm", jobs(f"1|a|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=8|{energy}\n"))
    assert "none of 1 job has ended with an energy" in said


@pytest.mark.parametrize(
    ("tres", "devices"),
    [
        ("cpu=4,gres/gpu:a100=8,gres/gpu=8", 8), ("gres/gpu:a100=2,gres/gpu:v100=4", 6), ("billing=64,cpu=4", None),
        ("cpu=4,gres/gpumem=80G", None), ("gres/gpu=16,mem=1T", 16),
    ],
)  # fmt: skip
def test_gpus_of_an_allocation(tres: str, devices: int | None) -> None:
    made = imported("slurm", jobs(f"1|a|COMPLETED|2026-03-02T09:14:07|01:00:00|{tres}|3600000\n"))
    assert values(made, "measured").get("devices") == devices


def test_the_energy_of_a_job_that_adds_up_its_steps() -> None:
    path = jobs(
        "1|a|COMPLETED|2026-03-02T09:14:07|20:00:00|gres/gpu=8|4.16G\n"
        "1.batch|batch|COMPLETED|2026-03-02T09:14:07|20:00:00|gres/gpu=8|38.56M\n"
        "1.extern|extern|COMPLETED|2026-03-02T09:14:07|20:00:00|gres/gpu=8|2.08G\n"
        "1.0|python|COMPLETED|2026-03-02T09:14:07|20:00:00|gres/gpu=8|2.08G\n"
    )
    assert "1 job with another energy than their step .extern" in run("slurm", path).stderr
    assert values(imported("slurm", path), "measured")["it_energy"] == pytest.approx(2.08e9 / 3.6e6)


def test_the_energy_of_steps_alone() -> None:
    path = jobs(
        "1|a|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=8|\n"
        "1.batch|batch|COMPLETED|2026-03-02T09:14:07|01:00:00||5M\n"
        "1.0|one|COMPLETED|2026-03-02T09:14:07|00:30:00||4M\n"
        "1.1|two|COMPLETED|2026-03-02T09:44:07|00:30:00||2M\n"
    )
    assert "1 job with an energy on their steps alone" in run("slurm", path).stderr
    assert values(imported("slurm", path), "measured")["it_energy"] == pytest.approx(6e6 / 3.6e6)


def test_jobs_of_an_array_added_up() -> None:
    path = jobs("".join(f"7_{i}|sweep|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=4|3.6M\n" for i in range(20)))
    made = imported("slurm", path)
    assert values(made, "measured")["it_energy"] == 20
    assert values(made, "measured")["device_time"] == 80
    assert run("slurm", path, "--runs", "7_1 ").stdout.count("measurement ") == 11  # 7_1, and 7_10 to 7_19


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1|a|COMPLETED|2026-03-02T09:14:07|01:00|gres/gpu=8|3600\n", "`Elapsed` is `01:00`"),
        ("1|a|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=8|many\n", "`ConsumedEnergy` is `many`, no joules"),
        ("1|a|b|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=8|3600\n", "line 2 has 8 cells under 7 columns"),
        ("1.0|a|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=8|3600\n", "the step `1.0` stands without its job"),
        ("2658300.ext+|a|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=8|3600\n", "`2658300.ext+` is no job"),
        ("", "the table has no job"),
    ],
)
def test_tables_of_slurm_that_cannot_be_taken(text: str, words: str) -> None:
    assert words in refused("slurm", jobs(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("JobID|State|Elapsed\n1|COMPLETED|01:00:00\n", "the table has no column `ConsumedEnergy`"),
        ("JobID           Elapsed ConsumedEnergy\n", "this is not an accounting table of Slurm"),
        ('{"jobs": []}\n', "this is JSON, not an accounting table of Slurm"),
        ("", "`jobs.txt` is empty"),
    ],
)
def test_what_is_no_table_of_slurm(text: str, words: str) -> None:
    Path("jobs.txt").write_text(text, encoding="utf-8")
    said = refused("slurm", "jobs.txt")
    assert words in said
    assert "sacct --parsable2" in said


def test_parsable_ends_its_lines_with_a_bar() -> None:
    Path("jobs.txt").write_text(
        (HEAD + "1|a|COMPLETED|2026-03-02T09:14:07|01:00:00|gres/gpu=8|3600000\n").replace("\n", "|\n"),
        encoding="utf-8",
    )
    assert values(imported("slurm", "jobs.txt"), "measured")["it_energy"] == 1


# ── EcoLogits ──


def impacts(**more: object) -> dict[str, object]:
    document = json.loads((DATA / "ecologits.json").read_text(encoding="utf-8"))
    return {**document, **more}


def test_ranges_become_spreads() -> None:
    made = imported("ecologits", DATA / "ecologits.json")
    text = Path("made.tonne").read_text(encoding="utf-8")
    assert "energy         = 0.00225 kWh ~ uniform(0.0011 kWh, 0.0034 kWh)" in text
    assert "embodied_co2e  = 0.000035 kgCO2e " in text
    assert "The model architecture has not been released" in text
    assert values(made, "served")["energy_per_request"] == pytest.approx(2.25)
    assert "3 figures from a range" in run("ecologits", DATA / "ecologits.json").stderr
    drawn = CliRunner().invoke(tonne, ["run", "-q", "--draws", "1000", "made.tonne"])
    assert drawn.exit_code == 0, drawn.output


def test_responses_with_their_tokens_are_added_up() -> None:
    plain = {"value": 0.002, "unit": "kWh"}
    responses = [
        {"id": "a", "model": "gpt-x", "usage": {"completion_tokens": tokens}, "impacts": impacts(energy=plain)}
        for tokens in (300, 500)
    ]
    Path("all.json").write_text(json.dumps(responses), encoding="utf-8")
    Path("lines.jsonl").write_text("".join(json.dumps(one) + "\n" for one in responses), encoding="utf-8")
    made = imported("ecologits", "all.json")
    found = values(made, "served_gpt_x")
    assert found["total_requests"] == 2
    assert found["output_tokens"] == 400
    assert found["energy"] == pytest.approx(4e-6)
    assert found["co2e"] == pytest.approx(2 * 0.00133e-3)
    assert values(imported("ecologits", "lines.jsonl"), "served_gpt_x") == found


def test_responses_without_impacts() -> None:
    failed = {
        "energy": None,
        "gwp": None,
        "errors": [{"code": "model-not-registered", "message": "Could not find model `x`."}],
    }
    Path("one.json").write_text(json.dumps(failed), encoding="utf-8")
    assert "none of 1 response has an energy: Could not find model `x`." in refused("ecologits", "one.json")
    Path("two.json").write_text(json.dumps([failed, impacts()]), encoding="utf-8")
    result = run("ecologits", "two.json")
    assert "warning[R702]: 1 response left out: Could not find model `x`." in result.stderr
    assert "total_requests = 1 request" in result.stdout


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "`one.json` is empty"),
        ("[]", "there is no response"),
        ('{"a": 1}', "this is JSON without impacts, not of EcoLogits"),
        ('{"jobs": []}', "this is accounting of Slurm, not of EcoLogits"),
        ('{"energy": ', "the JSON ends being JSON here"),
        ('{"energy": {"value": 1, "unit": "MJ"}, "gwp": null}', "`energy` is in `MJ`, not kWh"),
        ('{"energy": {"value": -1, "unit": "kWh"}, "gwp": null}', "`energy` has no value, or none that can be"),
        ('{"energy": {"value": {"min": 2, "max": 1}, "unit": "kWh"}, "gwp": null}', "`energy` has no value"),
        ('{"energy": {"value": NaN, "unit": "kWh"}, "gwp": null}', "`energy` has no value"),
        ("[1]", "this is JSON without impacts, not of EcoLogits"),
        ("energy,gwp\n1,2\n", "not JSON of EcoLogits"),
    ],
)
def test_json_that_cannot_be_taken(document: str, words: str) -> None:
    Path("one.json").write_text(document, encoding="utf-8")
    assert words in refused("ecologits", "one.json")
