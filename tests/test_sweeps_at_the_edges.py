"""Sweeps, their files and pictures at the edges: each of these was wrong once, as its test says."""

from __future__ import annotations

import io
import json
import math
import re
import resource
import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import tonne
from test_study_pictures import drawn
from test_sweep_command import FILE as COMMAND_FILE
from test_sweep_command import SCHEMA, Running, got_as_far_as
from test_sweeps import LIFETIME, OF_BEST, SMALL, assert_all_alone, checked, crossings, errors, sweep_of, swept
from tonne.cli.commands import tonne as command
from tonne.draw_options import Request
from tonne.report.sweep import sweep_as_tables
from tonne.sweep_values import evaluate_sweep

pytestmark = pytest.mark.filterwarnings("default")  # so that a leaked warning is seen where a test looks for it


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`tonne … s.tonne …` on a text."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *arguments: str, name: str = "s.tonne") -> Result:
        Path(name).write_text(text, encoding="utf-8")
        first, *rest = arguments or ("sweep",)
        return CliRunner().invoke(command, [first, name, *rest])

    return run


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


# ── sweep_values.py: optima ──


@pytest.mark.parametrize(
    "axes",
    [
        "vary chat.requests in [1k request/day, 1M request/day, 1B request/day]",
        "vary chat.requests in [1M request/day, 0 request/day]",
        "vary chat.requests in [0 request/day, 1M request/day]",
        "vary chat.requests in log(1k request/day, 1B request/day, 4)\nvary pretrain.grid in [clean, dirty]",
        "vary chinchilla.reference in [1B param, 70B param]",
    ],
)
def test_an_optimum_is_solved_in_each_cell(tmp_path: Path, axes: str) -> None:
    """Every cell has the optimum of the first: `run.known` holds what the leaves of the optimum are there."""
    found, said = swept(tmp_path, LIFETIME.replace("{life}", "") + sweep_of(axes, OF_BEST))
    assert_all_alone(tmp_path, found)
    assert [d.title for d in said] == []


@pytest.mark.parametrize("requests", ["[1M request/day, 0 request/day]", "[0 request/day, 1M request/day]"])
def test_a_sampled_optimum_whose_input_passes_through_zero(tmp_path: Path, requests: str) -> None:
    """In one order the cell at 0 has no value; in the other the optimum at 1M is that at 0, whose derivation has no serving."""
    request = Request(draws=50, seed=2)
    text = LIFETIME.replace("{life}", " ~ uniform(0.5 year, 2 year)") + sweep_of(
        f"vary chat.requests in {requests}", OF_BEST
    )
    found, _ = swept(tmp_path, text, request=request)
    assert_all_alone(tmp_path, found, request)


# ── sweep_values.py: draws ──


def test_an_elasticity_in_a_sampled_sweep_has_its_point_value(tmp_path: Path) -> None:
    """`tonne run --draws` shows 0.7143, the sweep shows `—` and writes sd 0."""
    text = (
        SMALL
        + 'run d like r { it_energy = 9 MWh ~ uniform(5 MWh, 20 MWh)  from "a" }\nlet total = d.co2e + scale * 1 tCO2e\n'
    )
    request = Request(draws=100)
    found, _ = swept(
        tmp_path, text + sweep_of("vary scale in [1, 2]", "elasticity(total, d.it_energy), total"), request=request
    )
    assert_all_alone(tmp_path, found, request)


def test_lognormals_that_are_drawn_as_one_are_alike_within_the_error(tmp_path: Path) -> None:
    """Three lognormals are one draw in the file alone and three in the sweep, of which one option lacks one of them: the figures
    differ by what so many draws support, no more.
    """
    text = """
grid one { carbon_intensity = 50 gCO2e/kWh ~ lognormal(cv = 10%)  from "a" }
grid two { carbon_intensity = 500 gCO2e/kWh  from "a" }
run r {
  grid        = one
  device_time = 1000 device*h ~ lognormal(cv = 20%)  from "a"
  power       = 500 W/device ~ lognormal(cv = 10%)   from "a"
  pue         = 1.1  from "a"
}
"""
    request = Request(draws=20_000)
    found, _ = swept(tmp_path, text + sweep_of("vary r.grid in [one, two]", "r.co2e"), request=request)
    assert found.sampled is not None
    alone = tonne.loads(text + "show r.co2e\n").run(draws=20_000)
    told, [[one], _] = alone.distributions["r.co2e"], [row[0] for row in found.sampled]
    assert one.mean / 1e6 == pytest.approx(told.mean, abs=6 * told.sd / 20_000**0.5)
    assert one.median / 1e6 == pytest.approx(told.median, rel=0.02)


def test_a_function_of_draws_has_the_digits_that_they_support(call: Callable[..., Result]) -> None:
    """Of 100 draws a 90 % quantile and a standard deviation are told to four digits; `tonne run` tells `9.0` and `2.1`."""
    text = SMALL.replace("100 MWh", "100 MWh ~ uniform(50 MWh, 200 MWh)")
    text += sweep_of("vary scale in [1, 1]", "percentile(r.co2e, 90%), sd(r.co2e) in kgCO2e")
    run = call(text, "run", "--draws", "100", "-q").stdout
    row = call(text, "sweep", "--draws", "100").stdout
    for name in ("percentile", "sd"):
        told = re.search(rf"{name}\(.*?\)  +([\d.,]+)", run)
        assert told is not None
        assert re.search(rf"1  .*(?<![\d.,]){re.escape(told[1])}(?![\d.,])", row), (told[1], row)


def test_cells_that_are_evaluated_one_by_one_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MOST_SINGLE` is used nowhere: five hundred million elasticities run until somebody stops them."""
    monkeypatch.setattr("tonne.sweep_values.MOST_SINGLE", 10)
    text = SMALL + sweep_of("vary scale in linear(1, 2, 11)", "elasticity(r.co2e + scale * 1 tCO2e, r.pue)")
    made = checked(tmp_path, text)
    found, said = evaluate_sweep(made.sweeps[0], made.diagnostics)
    assert (found, [d.code for d in said]) == (None, ["V227"])


@pytest.mark.parametrize("way", ["command", "python"])
def test_more_cells_than_are_kept_are_refused(
    call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """`.nc` and `Scenario.sweep` keep any number of cells: 9e8 are 7 GB, exit 70. `TooLarge` and its words are never reached."""
    monkeypatch.setattr("tonne.sweep_values.MOST_KEPT", 5)
    monkeypatch.setattr("tonne.report.table_file.MOST_KEPT", 5)
    text = 'let x = 2  from "a"\nsweep s {\n  vary x in linear(1, 2, 6)\n  show x * x\n}\n'
    if way == "command":
        done = call(text, "sweep", "--out", "t.nc")
        assert done.exit_code == 2
        assert "a dataset holds up to 5" in done.stderr
        return
    sweep = tonne.loads(text).sweep()
    with pytest.raises(tonne.TonneError, match="too many to keep"):
        sweep.records()
    with pytest.raises(tonne.TonneError, match="a dataset holds up to 5"):
        sweep.to_xarray()


def test_a_derived_value_out_of_its_bounds_is_said(call: Callable[..., Result]) -> None:
    """Alone, 500 MWh is V221 (`q.pue` is 5, outside 1 .. 4) and exit 1; in the sweep a PUE of 5 and of 0.9 pass in silence."""
    text = """
grid one { carbon_intensity = 50 gCO2e/kWh  from "a" }
run q {
  it_energy = 100 MWh  from "a"
  energy    = 110 MWh  from "a"
  grid      = one
}
sweep s {
  vary q.energy in [110 MWh, 500 MWh, 90 MWh]
  show q.co2e, q.pue
}
"""
    assert call(text, "run", "--set", "q.energy=500 MWh").exit_code == 1
    assert "V221" in call(text).stderr


# ── axes.py ──


@pytest.mark.parametrize("values", ["[1 MWh, 2 * e1]", "linear(1 MWh, 2 * e1, 3)", "[e1 + 1 MWh, 2 MWh]"])
def test_an_axis_is_never_dropped_in_silence(tmp_path: Path, values: str) -> None:
    """Nothing is said, and the sweep has no axis and one row."""
    made = checked(tmp_path, SMALL + sweep_of(f"vary r.it_energy in {values}", "r.co2e"))
    if not made.has_errors:
        assert [axis.path for axis in made.sweeps[0].axes] == ["r.it_energy"]


@pytest.mark.parametrize(
    "varied", ["vary r.pue in [0.5, 2]", "vary r.pue in linear(0.5, 2, 4)", "vary r.it_energy in [-1 MWh, 1 MWh]"]
)
def test_bounds_that_are_left_are_told_once(tmp_path: Path, varied: str) -> None:
    """V221 stands twice where the first value leaves them: once of the axis, once of the model in which it has its first value."""
    made = checked(tmp_path, SMALL + sweep_of(varied, "r.co2e"))
    assert [d.code for d in made.diagnostics] == ["V221"]


@pytest.mark.parametrize(
    "line",
    ["vary scale in []", "vary scale in [1 2]", "vary scale in 1 .. 2", "vary scale = [1, 2]", "vary scale [1, 2]"],
)
def test_a_line_that_cannot_be_read_does_not_make_the_sweep_vary_nothing(tmp_path: Path, line: str) -> None:
    """One slip, two errors: beside the unreadable line stands S101 "`s` varies nothing"."""
    made = checked(tmp_path, SMALL + f"sweep s {{\n  {line}\n  show r.co2e\n}}\n")
    assert len([d for d in made.diagnostics if d.is_error]) == 1, errors(made.diagnostics)


def test_a_show_that_cannot_be_read_does_not_make_the_sweep_show_nothing(tmp_path: Path) -> None:
    made = checked(tmp_path, SMALL + "sweep s {\n  vary scale in [1, 2]\n  show r.co2e*scale\n}\n")
    assert len([d for d in made.diagnostics if d.is_error]) == 1, errors(made.diagnostics)


def test_checking_a_file_takes_bounded_memory() -> None:
    """Within the limit of 1e9 points: the values are made as Python floats while the file is checked, 80 bytes each."""
    text = 'let x = 2  from "a"\nsweep s {\n  vary x in linear(1, 2, 9e8)\n  show x * 2\n}\n'

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))

    done = subprocess.run(
        [sys.executable, "-m", "tonne", "check", "-"], input=text, capture_output=True, text=True, check=False, preexec_fn=limited, timeout=120
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_too_many_points_are_said_before_any_is_made(tmp_path: Path) -> None:
    """Two axes of two million values: five seconds and 300 MB until V227."""
    axes = "vary scale in linear(0, 1, 200_000)\nvary r.pue in linear(1, 2, 200_000)"
    checked(tmp_path, SMALL)
    tracemalloc.start()
    try:
        found = checked(tmp_path, SMALL + sweep_of(axes, "r.co2e")).diagnostics
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [d.code for d in found] == ["V227"]
    assert peak < 5_000_000


# ── one name for two things ──

TWICE = 'run r { energy = 100 MWh  from "a"\n  carbon_intensity = 50 gCO2e/kWh  from "a" }\n'
SHOWN_TWICE = [
    ("r.co2e, r.co2e in kgCO2e", [0.05, 50]),  # one value in two units
    ("r.energy in kWh, r.co2e", [1000, 0.05]),  # the value that is varied, in another unit
]


@pytest.mark.parametrize(("shown", "values"), SHOWN_TWICE)
def test_a_row_has_all_that_is_shown(shown: str, values: list[float]) -> None:
    """In JSON, records and pandas the second takes the place of the first, or of the axis."""
    sweep = tonne.loads(TWICE + f"sweep s {{\n  vary r.energy in [1 MWh, 2 MWh]\n  show {shown}\n}}\n").sweep()
    row = sweep.records()[0]
    assert [v for v in row.values() if isinstance(v, int | float)] == pytest.approx([1, *values])
    assert sweep.to_pandas().shape == (2, 3)
    made = sweep.to_xarray()
    assert len(made.data_vars) == 2


@pytest.mark.parametrize(("shown", "values"), SHOWN_TWICE)
@pytest.mark.parametrize("suffix", [".parquet", ".nc"])
def test_a_file_has_all_that_is_shown(
    call: Callable[..., Result], shown: str, values: list[float], suffix: str
) -> None:
    """Parquet with two columns of one name is read by nobody; a dataset lacks one, or is exit 70."""
    done = call(
        TWICE + f"sweep s {{\n  vary r.energy in [1 MWh, 2 MWh]\n  show {shown}\n}}\n", "sweep", "--out", f"t{suffix}"
    )
    assert done.exit_code == 0, (done.exception, done.stderr)
    if suffix == ".parquet":
        assert list(pq.read_table("t.parquet").to_pylist()[0].values()) == pytest.approx([1, *values])
    else:
        import xarray

        made = xarray.open_dataset("t.nc", engine="scipy")
        assert [float(made[name][0]) for name in made.data_vars] == pytest.approx(values)


def test_an_axis_that_is_called_statistic(call: Callable[..., Result]) -> None:
    """Exit 70: the dimension of a sampled dataset has that name."""
    text = TWICE.replace("100 MWh", "100 MWh ~ uniform(50 MWh, 200 MWh)") + 'let statistic = 2  from "a"\n'
    done = call(
        text + "sweep s {\n  vary statistic in [1, 2]\n  show r.co2e * statistic\n}\n",
        "sweep",
        "--draws",
        "10",
        "--out",
        "t.nc",
    )
    assert done.exit_code == 0, done.exception


# ── report/sweep.py ──


def test_values_that_print_alike_are_rows_of_their_own(call: Callable[..., Result]) -> None:
    """Three rows of a table with a choice across become one, since a row goes by its label."""
    text = SMALL + sweep_of(
        "vary r.grid in [clean, dirty]\nvary r.it_energy in linear(100.001 MWh, 100.003 MWh, 3)", "r.co2e"
    )
    table = call(text).stdout.split("─\n")[-1]
    assert len([line for line in table.splitlines() if line.strip()]) == 3, table


def test_a_figure_is_never_cut_off(tmp_path: Path) -> None:
    """On a terminal of 80 columns `412,900` is `412,…` and `0.004542` is `0.00…`."""
    shown = "r.co2e in kgCO2e, own_pue.co2e in kgCO2e, own_grid.co2e in kgCO2e, r.energy in kWh, own_pue.energy in kWh, own_grid.energy in kWh, e2 in kWh"
    found, _ = swept(tmp_path, SMALL + sweep_of("vary r.pue in linear(1.1, 1.5, 3)", shown))
    out = Console(width=80, file=io.StringIO(), highlight=False)
    for part in sweep_as_tables(found, 80):
        out.print(part)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in text, text
    for figure in ("5,500", "55,000", "110,000", "2,000,000"):
        assert re.search(rf"(?<![\d,]){figure}(?![\d,])", text)


def test_many_choices_are_no_endless_table(call: Callable[..., Result]) -> None:
    """2,000 combinations of choices are 6,000 lines for each shown value."""
    grids = "".join(f'grid g{i} {{ carbon_intensity = {i + 1} gCO2e/kWh  from "a" }}\n' for i in range(80))
    text = SMALL + grids + sweep_of(f"vary r.grid in [{', '.join(f'g{i}' for i in range(80))}]", "r.co2e")
    assert len(call(text).stdout.splitlines()) < 100


# ── numeric/sweep.py: crossings ──


def test_curves_that_coincide_but_for_rounding_do_not_cross(tmp_path: Path) -> None:
    """(x + 0.3)(x - 0.3) and x² - 0.09 "cross" at 1.043."""
    assert crossings(tmp_path, "linear(1, 2, 50)", "(x + 0.3) * (x - 0.3)", "x * x - 0.3 * 0.3") == []


def test_cells_without_a_value_leak_no_warning_of_numpy(tmp_path: Path) -> None:
    """`RuntimeWarning: invalid value encountered in subtract` on standard error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        swept(tmp_path, SMALL + sweep_of("vary r.grid in [clean, dirty]\nvary scale in [0, 1]", "r.co2e / scale"))
    assert [str(w.message) for w in caught] == []


# ── cli ──


@pytest.mark.parametrize("arguments", [(), ("s",)])
def test_a_sweep_that_cannot_be_read_is_told_with_its_error(
    call: Callable[..., Result], arguments: tuple[str, ...]
) -> None:
    """An unclosed `[` before the last line: "s.tonne has no `sweep`" and exit 2; the error itself is not shown."""
    done = call(SMALL + "sweep s { vary scale in [1, 2\n  show r.co2e }\n", "sweep", *arguments)
    assert done.exit_code == 1
    assert "error[S" in done.stderr


def test_ctrl_c_in_a_sweep_in_a_pipe_says_how_far_it_got(running: Callable[..., Running]) -> None:
    """Always "stopped after 0 of": `along` counts only where there is a bar."""
    one = running("sweep", "s.tonne", "huge", "--threads", "1")
    one.until_at_work()
    code, _, err = one.interrupt()
    assert (code, got_as_far_as(err, 900_000_000, "points") > 0) == (130, True)


def test_ctrl_c_in_a_sampled_sweep_speaks_of_draws(running: Callable[..., Running]) -> None:
    """ "stopped after 22,675,456 of 300,000,000 points", where these are draws, of each cell."""
    one = running("sweep", "s.tonne", "few", "--draws", "1e8")
    one.until_at_work()
    code, _, err = one.interrupt()
    assert code == 130
    assert re.search(r"stopped after [\d,]+ of 100,000,000 draws", err), err


def test_ctrl_c_while_a_file_is_written_at_once(running: Callable[..., Running], tmp_path: Path) -> None:
    """ "stopped before the first of the points", when all are worked out and half are written."""
    (tmp_path / "big.tonne").write_text(COMMAND_FILE.replace("100_000", "400"), encoding="utf-8")
    one = running("sweep", "big.tonne", "huge", "--out", "t.csv", "--threads", "1")
    one.until(lambda: any(p.stat().st_size > 1_000_000 for p in tmp_path.glob(".t.csv.*")))
    code, _, err = one.interrupt()
    assert code == 130
    assert "before the first" not in err


def screen(text: str) -> list[str]:
    """What is left on a terminal, line by line."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif found := re.fullmatch(r"\x1b\[(\d*)A", part):
            row = max(0, row - int(found[1] or 1))
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines if line.strip()]


@pytest.mark.parametrize("words", [("run", "s.tonne", "--draws", "1e9"), ("sweep", "s.tonne", "huge")])
def test_ctrl_c_on_a_terminal_leaves_one_line(running: Callable[..., Running], words: tuple[str, ...]) -> None:
    """The line is printed while the bar still stands: `draws ━━━━ 7143424/1000000000 0:00:15stopped after …`."""
    one = running(*words, terminal=True)
    one.until_shown(r"(draws|points)[^\r\n]*━.*000000")
    code, _, err = one.interrupt()
    assert code == 130
    assert [
        line for line in screen(err) if not re.match(r"stopped after [\d,]+ of [\d,]+ (draws|points); ", line)
    ] == []


def test_a_seed_keeps_all_its_digits(call: Callable[..., Result]) -> None:
    """A count goes through a float: the seeds 2^53 and 2^53 + 1 are one."""
    text = SMALL.replace("100 MWh", "100 MWh ~ uniform(50 MWh, 200 MWh)") + sweep_of("vary scale in [1]", "r.co2e")
    done = call(text, "sweep", "--draws", "10", "--seed", "9007199254740993", "--format", "json")
    assert json.loads(done.stdout)["sweep"]["sampling"]["seed"] == 9007199254740993


# ── syntax/split.py ──


def test_a_show_without_indentation_stays_in_its_sweep(tmp_path: Path) -> None:
    """`show x` alone at the start of a line is read as an instance `x` of a kind `show`, and the sweep as never closed."""
    made = checked(tmp_path, 'let x = 2  from "a"\nsweep s {\nvary x in [1, 2]\nshow x\n}\n')
    assert errors(made.diagnostics) == []


# ── report/study_picture.py ──

PICTURED = SMALL + 'let y = 2  from "a"\n'


def picture(call: Callable[..., Result], text: str, *words: str) -> list[Any]:
    Path("s.tonne").write_text(text, encoding="utf-8")
    return drawn(lambda *arguments: CliRunner().invoke(command, arguments), words[0], "s.tonne", *words[1:])


def test_where_choices_cross_is_marked(call: Callable[..., Result]) -> None:
    """`one.column is column` compares columns of two makings, so that only crossings of values are marked."""
    axes = "vary clean.carbon_intensity in linear(100 gCO2e/kWh, 900 gCO2e/kWh, 9)\nvary r.grid in [clean, dirty]"
    [panel] = picture(call, PICTURED + sweep_of(axes, "r.co2e"), "sweep")
    assert [line.get_xdata()[0] for line in panel.get_lines() if line.get_linestyle() == ":"] == [pytest.approx(500)]


def test_a_line_goes_from_one_end_to_the_other(call: Callable[..., Result]) -> None:
    """`[1, 9, 2, 3]` is drawn to and fro."""
    [panel] = picture(call, PICTURED + sweep_of("vary scale in [1, 9, 2, 3]", "scale * scale"), "sweep")
    [line] = panel.get_lines()
    assert list(line.get_xdata()) == sorted(line.get_xdata())


def test_a_heat_map_has_its_axes_in_order(call: Callable[..., Result]) -> None:
    """matplotlib warns on standard error, and cells lie over each other."""
    axes = "vary scale in [1, 9, 2, 3, 5, 4, 6, 7, 8]\nvary y in [1, 2, 3, 4, 5, 6, 7, 8, 9]"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        panel = picture(call, PICTURED + sweep_of(axes, "scale * y"), "sweep")[0]
    assert [str(w.message)[:60] for w in caught] == []
    assert panel.get_xlim() == (pytest.approx(0.5), pytest.approx(9.5))


def test_histograms_of_cases_have_one_area(call: Callable[..., Result]) -> None:
    """Bars have the height of their share, whatever their width: a case ten times as wide looks ten times as likely."""
    text = SMALL.replace("100 MWh", "100 MWh ~ uniform(50 MWh, 250 MWh)") + "case ten { r.grid = dirty }\nshow r.co2e\n"
    [panel] = picture(call, text, "run", "-q", "--draws", "2000")
    areas = []
    for one in panel.patches:
        values = one.get_data() if hasattr(one, "get_data") else None
        if values is not None and not one.get_fill():
            areas.append(float(np.sum(values.values * np.diff(values.edges))))
    assert len(areas) == 2
    assert areas[1] == pytest.approx(areas[0], rel=0.02)


def test_a_file_whose_name_has_dollars(call: Callable[..., Result]) -> None:
    """Exit 70: the name is read as a formula of TeX."""
    text = PICTURED + sweep_of("vary scale in [1, 2]", "scale * scale")
    done = call(text, "sweep", "--plot", "a.svg", name="a$b_^$.tonne")
    assert done.exit_code == 0, done.exception


# ── api ──


def test_a_case_that_misses_a_requirement_is_not_ok() -> None:
    """As if the file were edited by hand; its `diagnostics` are empty, so that `ok` and `raise_for_errors` pass."""
    text = 'let x = 2  from "a"\nrequire x < 3  assumed "b"\ncase c { x = 5 }\n'
    case, by_hand = tonne.loads(text).run().cases["c"], tonne.loads(text.replace("x = 2", "x = 5")).run()
    assert by_hand.ok is False
    assert [v.verdict for v in case.requirements] == ["missed"]
    assert case.ok is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 2.5}, "draws"),
        ({"draws": "100"}, "draws"),
        ({"draws": 10, "seed": -1}, "seed"),
        ({"draws": 10, "seed": 1.5}, "seed"),
        ({"draws": 10, "threads": 0}, "threads"),
    ],
)
def test_options_of_draws_are_checked(options: dict[str, Any], message: str) -> None:
    """Words out of Python and numpy ("expected non-negative integer"), or nothing, where the command line says what is wrong."""
    scenario = tonne.loads('let x = 2 ~ uniform(1, 3)  from "a"\nshow x\n')
    with pytest.raises((ValueError, TypeError), match=message):
        scenario.run(**options)
    assert math.isfinite(scenario.run(draws=10).distributions["x"].mean)


# ── large sweeps that are kept ──

SQUARED = 'let x = 2  from "a"\nsweep s {{\n  vary x in linear(1, 2, {0})\n  show x * x\n}}\n'


def test_json_of_very_many_cells_lists_neither_them_nor_their_axis(call: Callable[..., Result]) -> None:
    done = call(SQUARED.format("100_001"), "sweep", "--format", "json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)["sweep"]
    assert len(done.stdout) < 10_000
    assert document["axes"] == [
        {"name": "x", "unit": "ratio", "spacing": "linear", "from": 1, "to": 2, "count": 100_001}
    ]
    assert document["summary"][0]["greatest"] == {"value": 4, "at": {"x": 2}}
    jsonschema.validate(document, {"$ref": "#/$defs/sweep", "$defs": SCHEMA["$defs"]})


def test_kept_cells_are_written_in_as_little_memory_as_others(
    call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They went to a file through lists of Python: four times as slow as others, in three times as much memory."""
    peaks = []
    for kept in (10, 10**7):
        monkeypatch.setattr("tonne.sweep_values.MOST_KEPT", kept)
        call(SQUARED.format("200_000"), "sweep", "--out", f"{kept}.parquet")  # so that pyarrow is imported
        tracemalloc.start()
        done = call(SQUARED.format("200_000"), "sweep", "--out", f"{kept}.parquet")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert done.exit_code == 0, done.output
    assert Path("10.parquet").read_bytes() == Path(f"{10**7}.parquet").read_bytes()
    assert peaks[1] < 3 * peaks[0], peaks


def test_the_mean_of_a_symmetric_range_is_zero(call: Callable[..., Result]) -> None:
    done = call('let x = 2  from "a"\nsweep s {\n  vary x in linear(-1, 1, 101)\n  show x\n}\n')
    assert re.search(r"mean +0 *\n", done.stdout), done.stdout


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("vary r.it_energy in [1 MWh 2 MWh]", "write a comma before it"),
        ("vary r.it_energy in 1 MWh .. 2 MWh", "write a list, `in [A, B, C]`, or a spacing, `in linear(LOW, HIGH, N)`"),
        ("vary r.it_energy = [1 MWh, 2 MWh]", "write `in`"),
    ],
)
def test_what_stands_in_place_of_the_values_of_an_axis(call: Callable[..., Result], line: str, help: str) -> None:
    done = call(f"{SMALL}sweep s {{\n  {line}\n  show r.co2e\n}}\n", "check")
    assert done.exit_code == 1
    assert f"help: {help}" in done.output


def test_a_sweep_that_is_named_is_not_held_up_by_another(call: Callable[..., Result]) -> None:
    text = 'let x = 2  from "a"\nsweep wrong {\n  vary y in [1, 2]\n  show x\n}\nsweep right {\n  vary x in [1, 2]\n  show x\n}\n'
    assert call(text, "sweep").exit_code == 1
    done = CliRunner().invoke(command, ["sweep", "s.tonne", "right"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert CliRunner().invoke(command, ["sweep", "s.tonne", "wrong"]).exit_code == 1


def test_a_value_of_the_command_line_that_a_sweep_varies(call: Callable[..., Result]) -> None:
    text = 'let x = 2  from "a"\nlet y = 3  from "a"\nsweep s {\n  vary x in [1, 2]\n  show x * y\n}\n'
    done = call(text, "sweep", "--set", "x=7", "--set", "y=10")
    assert done.exit_code == 0
    assert "warning[O504]: `--set x` moves nothing in a sweep that varies it" in done.stderr
    assert done.stderr.count("O504") == 2  # with the line that names its page
    assert re.search(r"^1 +10\n2 +20$", done.stdout, re.MULTILINE)
    done = call(text + "show x\n", "run", "--set", "x=7")
    assert (done.exit_code, done.stderr) == (0, "")
