"""Sweeps: a cell is the scenario run alone with its values, and what is said of all cells together.

Scenarios and axes are random: numbers in a list, at even distances or ratios, in mixed units, and choices of instances, lets
and lists. A scenario run alone is the same file with `--set` for each axis.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from tonne import sweep_values
from tonne.axes import Axis
from tonne.diagnostic import Diagnostic
from tonne.draw_options import Request
from tonne.numeric import sweep as cells
from tonne.numeric.sample import Distribution
from tonne.report.sweep import crossing_line, extremes
from tonne.scenario import Checked, check, evaluate
from tonne.source import Span
from tonne.sweep_values import Swept, evaluate_sweep
from tonne.values import replace

in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
MANY_EXAMPLES = settings().max_examples  # of the profile: TONNE_EXAMPLES scales all of them


# ── a sweep, and the file run alone ──


def checked(folder: Path, text: str, limit: int | None = None) -> Checked:
    path = folder / "s.tonne"
    path.write_text(text, encoding="utf-8")
    return check(path, limit=limit)


def swept(folder: Path, text: str, name: str = "s", request: Request | None = None) -> tuple[Swept, list[Diagnostic]]:
    """A sweep of a file without an error, and what was found while it was evaluated."""
    made = checked(folder, text)
    assert not made.has_errors, [d.title for d in made.diagnostics]
    one = next(one for one in made.sweeps if one.name == name)
    found, said = evaluate_sweep(one, made.diagnostics, request)
    assert found is not None, [d.title for d in said]
    return found, said


def column(found: Swept, at: int = 0, combination: int = 0) -> list[float]:
    """A shown value in its unit, cell by cell."""
    assert found.values is not None
    return [v / found.columns[at].unit.factor for v in found.values[combination][at].reshape(-1).tolist()]


def place(found: Swept, combination: int, cell: int) -> list[tuple[Axis, int]]:
    chosen, numbers = iter(found.combinations[combination]), iter(found.index(cell))
    return [(axis, next(chosen if axis.is_choice else numbers)) for axis in found.axes]


def settings_of(found: Swept, combination: int, cell: int) -> list[str]:
    """A cell as `--set` says it."""
    return [setting(axis, index) for axis, index in place(found, combination, cell)]


def setting(axis: Axis, index: int) -> str:
    if axis.is_choice:
        return f"{axis.path}={axis.choices[index]}"
    unit = "" if axis.unit.word == "ratio" else f" {axis.unit.word}"
    return f"{axis.path}={axis.values[index]!r}{unit}"


def same(one: float, other: float, size: float = 0.0) -> bool:
    if one == other or (math.isnan(one) and math.isnan(other)):
        return True
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12 * abs(size))


def assert_alone(folder: Path, found: Swept, combination: int, cell: int, request: Request | None = None) -> None:
    """A cell against the file run alone, whose last `show` statements are those of the sweep."""
    words = settings_of(found, combination, cell)
    alone = evaluate(folder / "s.tonne", words, request)
    assert [d.title for d in alone.diagnostics if d.is_error] == []
    run = alone.run
    assert run is not None
    nodes = [one.node for table in run.model.shows for _, row in table.rows for one in row]
    assert len(nodes) == len(found.columns)
    for at, node in enumerate(nodes):
        assert node is not None
        what = (words, found.columns[at].text)
        if found.sampled is None:
            assert found.values is not None
            assert same(float(found.values[combination][at].reshape(-1)[cell]), run.raw(node)), what
            continue
        assert run.sampled is not None
        one, other = found.sampled[combination][at][cell], run.sampled.distribution(node)
        if not isinstance(one, Distribution):
            assert other is None, what
            assert same(one, run.raw(node)), what
        elif other is None:  # it varies in other cells
            assert one.draws == one.of, what
            assert (one.sd, one.least) == (
                pytest.approx(0, abs=1e-9 * abs(one.mean)),
                pytest.approx(one.greatest, rel=1e-9),
            ), what
            assert one.mean == pytest.approx(run.raw(node), rel=1e-9), what
        else:
            assert (one.draws, one.of) == (other.draws, other.of), what
            for statistic in ("mean", "sd", "low", "median", "high", "least", "greatest"):
                ours, theirs = getattr(one, statistic), getattr(other, statistic)
                assert same(ours, theirs, 1000 * other.mean), (*what, statistic)


# ── any scenario, any axes ──

FILE = """
use hardware.nvidia {{ h100_sxm, a100_sxm_80gb, v100_sxm2 }}
model small {{ parameters = 7B param  from "a" }}
model big {{ parameters = 70B param  from "a" }}
grid one {{ carbon_intensity = 50 gCO2e/kWh{0}  from "a" }}
grid two {{ carbon_intensity = 500 gCO2e/kWh{1}  from "a" }}
run r {{
  model       = small
  hardware    = h100_sxm
  grid        = one
  tokens      = 1T token{2}  from "a"
  utilization = 40%{3}  from "a"
  pue         = 1.1{4}  from "a"
}}
run copy like r {{
  {rebound}
}}
run apart like r {{
  grid = two
  pue  = 1.3{5}  from "a"
}}
let scale       = 1.5{6}  from "a"
let extra : MWh = 3 MWh{7}  from "a"
let low : MWh   = 1 MWh{8}  from "a"
let high : MWh  = 40 MWh  from "a"
let everything  = [r, copy, apart]
let some_of_it  = [r, apart]
let counted     = everything
let total : tCO2e = sum(counted.co2e) * scale + extra * one.carbon_intensity
sweep s {{
  {varied}
  {shown}
}}
{shown}
"""
SHOWN = """show r.co2e, copy.co2e, apart.co2e, total, count(counted), max(counted.energy) in kWh, r.co2e / r.tokens
  show everything { co2e, energy } "All of them\""""
SPREADS = (
    " ~ uniform(20 gCO2e/kWh, 90 gCO2e/kWh)", " ~ lognormal(cv = 20%)", " ~ lognormal(cv = 10%)", " ~ triangular(30%, 55%)",
    " ~ uniform(1.05, 1.3)", " ~ normal(sd = 0.1)", " ~ normal(sd = 1)", " ~ interval(1 MWh, 9 MWh)", " ~ uniform(0 MWh, 2 MWh)",
)  # fmt: skip
# Between what values a path is varied, and in which units, each with what it is worth.
NUMBERS: dict[str, tuple[float, float, dict[str, float]]] = {
    "r.tokens": (1e9, 1e14, {"token": 1}),
    "r.utilization": (0.05, 1, {"%": 0.01, "": 1}),
    "r.pue": (1, 4, {"": 1}),
    "one.carbon_intensity": (1, 2000, {"gCO2e/kWh": 1, "kgCO2e/kWh": 1000, "gCO2e/MWh": 1e-3}),
    "small.parameters": (1e6, 1e12, {"param": 1}),
    "r.energy": (1, 1e4, {"MWh": 1, "kWh": 1e-3}),  # derived in the file: varied, it counts as given
    "r.device_time": (1e3, 1e7, {"device*h": 1, "device*day": 24}),
    "scale": (-5, 5, {"": 1, "%": 0.01}),
    "extra": (-1000, 1000, {"MWh": 1, "kWh": 1e-3, "GWh": 1000, "GJ": 1 / 3.6}),
}
CHOICES = {
    "r.grid": ["one", "two"],
    "r.hardware": ["h100_sxm", "a100_sxm_80gb", "v100_sxm2"],
    "r.model": ["small", "big"],
    "counted": ["everything", "some_of_it"],
    "extra": ["low", "high"],
    "apart.grid": ["one", "two"],
}
REBOUND = ["", 'pue = 1.2  from "b"', 'utilization = 0.5  from "b"', "grid = two", 'tokens = 2T token  from "b"']


@st.composite
def quantity(draw: st.DrawFn, path: str, is_positive: bool = False) -> tuple[str, float, str]:
    """A number as written, what it is worth, and its unit."""
    low, high, units = NUMBERS[path]
    if low > 0 or is_positive:
        low = max(low, high / 1e5)
        value = low * (high / low) ** draw(st.floats(0, 1))
    else:
        value = draw(st.sampled_from([0.0, low, high]) | st.floats(low, high))
    unit = draw(st.sampled_from(sorted(units)))
    written = min(max(float(f"{value / units[unit]:.6g}"), low / units[unit]), high / units[unit])
    return f"{written!r}{'' if unit in ('', '%') else ' '}{unit}", written * units[unit], unit


@st.composite
def varied(draw: st.DrawFn, path: str) -> tuple[str, list[float] | None]:
    """A `vary`, and its values as worked out here; None for choices."""
    kinds = [*(["list", "linear", "log"] if path in NUMBERS else []), *(["choice"] if path in CHOICES else [])]
    kind = draw(st.sampled_from(kinds))
    if kind == "choice":
        options = draw(st.lists(st.sampled_from(CHOICES[path]), min_size=1, max_size=3, unique=True))
        if path == "extra" and draw(st.booleans()):
            options.insert(draw(st.integers(0, len(options))), "5 MWh")  # beside a name a number is a choice too
        return f"vary {path} in [{', '.join(options)}]", None
    if kind == "list":
        items = draw(st.lists(quantity(path), min_size=1, max_size=4))
        return f"vary {path} in [{', '.join(i[0] for i in items)}]", [i[1] for i in items]
    is_log = kind == "log"
    ends = draw(
        st.lists(quantity(path, is_log), min_size=2, max_size=2).filter(
            lambda two: abs(two[0][1] - two[1][1]) > 1e-9 * abs(two[0][1])
        )
    )
    count = draw(st.integers(2, 5))
    spaced = (np.geomspace if is_log else np.linspace)(ends[0][1], ends[1][1], count)
    return f"vary {path} in {kind}({ends[0][0]}, {ends[1][0]}, {count})", spaced.tolist()


@st.composite
def scenarios(draw: st.DrawFn, is_spread: bool = False) -> tuple[str, list[list[float] | None], int]:
    paths = draw(st.lists(st.sampled_from(sorted({*NUMBERS, *CHOICES})), min_size=1, max_size=3, unique=True))
    axes = [draw(varied(path)) for path in paths]
    spreads = [spread if is_spread and draw(st.booleans()) else "" for spread in SPREADS]
    lines = "\n  ".join(line for line, _ in axes)
    text = FILE.format(*spreads, varied=lines, rebound=draw(st.sampled_from(REBOUND)), shown=SHOWN)
    return text, [values for _, values in axes], draw(st.integers(0, 2**40))


def some_cells(found: Swept, count: int, seed: int) -> list[tuple[int, int]]:
    everything = list(itertools.product(range(len(found.combinations)), range(found.cells)))
    return random.Random(seed).sample(everything, min(count, len(everything)))


@settings(in_a_folder, max_examples=max(1, MANY_EXAMPLES // 2))
@given(scenario=scenarios())
def test_a_cell_is_the_file_with_its_values(
    tmp_path: Path, scenario: tuple[str, list[list[float] | None], int]
) -> None:
    text, wanted, seed = scenario
    found, _ = swept(tmp_path, text)
    for axis, values in zip(found.axes, wanted, strict=True):
        factor = NUMBERS[axis.path][2].get(axis.unit.word.replace("ratio", ""), math.nan) if values is not None else 1
        assert axis.is_choice == (values is None)
        if values is not None:
            assert [v * factor for v in axis.values] == pytest.approx(values, rel=1e-14, abs=1e-12)
    assert found.points == math.prod(axis.size for axis in found.axes)
    for combination, cell in some_cells(found, 5, seed):
        assert_alone(tmp_path, found, combination, cell)


@settings(in_a_folder, max_examples=max(1, MANY_EXAMPLES // 5))
@given(scenario=scenarios(is_spread=True))
def test_a_sampled_cell_is_the_file_sampled_with_its_values(
    tmp_path: Path, scenario: tuple[str, list[list[float] | None], int]
) -> None:
    text, _, seed = scenario
    request = Request(draws=300, seed=seed)
    found, _ = swept(tmp_path, text, request=request)
    for combination, cell in some_cells(found, 3, seed):
        assert_alone(tmp_path, found, combination, cell, request)


# ── what a cell may rest on ──

GRID = 'grid {0} {{ carbon_intensity = {1} gCO2e/kWh  from "a" }}\n'
SMALL = (
    GRID.format("clean", 50)
    + GRID.format("dirty", 500)
    + """
run r {
  grid      = clean
  it_energy = 100 MWh  from "a"
  pue       = 1.1      from "a"
}
run same like r { }
run own_pue like r { pue = 1.5  from "a" }
run own_grid like r { grid = dirty }
let scale = 2  from "a"
let e1 : MWh = 10 MWh  from "a"
let e2 : MWh = 2 GWh  from "a"
let three = [r, own_pue, own_grid]
"""
)


def sweep_of(varied: str, shown: str, name: str = "s") -> str:
    """A sweep, and the same shown by the file."""
    lines = "\n".join(f"  {line}" for line in [*varied.splitlines(), f"show {shown}"])
    return f"sweep {name} {{\n{lines}\n}}\nshow {shown}\n"


def assert_all_alone(folder: Path, found: Swept, request: Request | None = None) -> None:
    for combination, cell in some_cells(found, 10_000, 0):
        assert_alone(folder, found, combination, cell, request)


def test_values_are_told_in_the_unit_of_the_first(tmp_path: Path) -> None:
    text = SMALL + sweep_of("vary r.it_energy in [1500 kWh, 2 MWh, 0.001 GWh, 0 MWh]", "r.energy in kWh")
    found, _ = swept(tmp_path, text)
    assert (found.axes[0].values, found.axes[0].unit.word) == ((1500, 2000, 1000, 0), "kWh")
    assert column(found) == pytest.approx([1650, 2200, 1100, 0], rel=1e-15)


def test_a_let_of_an_unstated_unit_takes_that_of_its_first_value(tmp_path: Path) -> None:
    text = 'let x = 3 MWh  from "a"\n' + sweep_of("vary x in [500 kWh, 2 MWh]", "x in MWh")
    found, _ = swept(tmp_path, text)
    assert (found.axes[0].values, found.axes[0].unit.word, column(found)) == ((500, 2000), "kWh", [0.5, 2])


def test_numbers_beside_names_are_choices(tmp_path: Path) -> None:
    found, _ = swept(tmp_path, SMALL + sweep_of("vary r.it_energy in [e1, 5 MWh, e2]", "r.energy"))
    assert found.axes[0].choices == ("e1", "5 MWh", "e2")
    assert [column(found, 0, n)[0] for n in range(3)] == pytest.approx([11, 5.5, 2200])


def test_a_descending_axis_stays_as_it_is_written(tmp_path: Path) -> None:
    found, _ = swept(tmp_path, SMALL + sweep_of("vary scale in linear(3, -1, 5)", "r.co2e * scale"))
    assert found.axes[0].values == (3, 2, 1, 0, -1)
    assert column(found) == pytest.approx([16.5, 11, 5.5, 0, -5.5])


def test_copies_follow_what_they_copied_and_not_what_they_bind(tmp_path: Path) -> None:
    shown = "r.co2e, same.co2e, own_pue.co2e, own_grid.co2e"
    found, _ = swept(tmp_path, SMALL + sweep_of("vary r.pue in [1, 2]\nvary r.grid in [clean, dirty]", shown))
    assert [[column(found, at, n) for at in range(4)] for n in range(2)] == [
        [pytest.approx(v) for v in ([5, 10], [5, 10], [7.5, 7.5], [50, 100])],
        [pytest.approx(v) for v in ([50, 100], [50, 100], [75, 75], [50, 100])],
    ]
    assert_all_alone(tmp_path, found)


def test_a_copy_can_be_varied_alone(tmp_path: Path) -> None:
    found, _ = swept(tmp_path, SMALL + sweep_of("vary own_pue.pue in [1, 2]", "r.co2e, own_pue.co2e"))
    assert (column(found, 0), column(found, 1)) == (pytest.approx([5.5, 5.5]), pytest.approx([5, 10]))


def test_a_list_is_a_choice(tmp_path: Path) -> None:
    lists = "let two = [r, same]\nlet counted = three\n"
    text = (
        SMALL
        + lists
        + sweep_of("vary counted in [two, three]\nvary r.pue in [1, 2]", "sum(counted.co2e), count(counted)")
    )
    found, _ = swept(tmp_path, text)
    assert [[column(found, at, n) for at in range(2)] for n in range(2)] == [
        [pytest.approx([10, 20]), [2, 2]],
        [pytest.approx([5 + 7.5 + 50, 10 + 7.5 + 100]), [3, 3]],
    ]
    assert_all_alone(tmp_path, found)


def test_a_table_is_a_column_for_each_of_its_cells(tmp_path: Path) -> None:
    varied = "vary r.pue in [1, 2]"
    text = SMALL + f'sweep s {{\n  {varied}\n  show three {{ co2e in kgCO2e, energy }} "All"\n  show scale\n}}\n'
    found, _ = swept(tmp_path, text + 'show three { co2e in kgCO2e, energy } "All"\nshow scale\n')
    assert [(c.text, c.unit.word) for c in found.columns] == [
        ("r.co2e", "kgCO2e"), ("r.energy", "MWh"), ("own_pue.co2e", "kgCO2e"), ("own_pue.energy", "MWh"),
        ("own_grid.co2e", "kgCO2e"), ("own_grid.energy", "MWh"), ("scale", "ratio"),
    ]  # fmt: skip
    assert column(found, 0) == pytest.approx([5000, 10_000])
    assert column(found, 5) == pytest.approx([100, 200])
    assert_all_alone(tmp_path, found)


def test_rows_stand_in_the_order_of_choices_then_of_numbers(tmp_path: Path) -> None:
    axes = "vary scale in [3, 1]\nvary r.grid in [dirty, clean]\nvary r.pue in [1, 2]\nvary own_grid.grid in [clean, dirty]"
    found, _ = swept(tmp_path, SMALL + sweep_of(axes, "r.co2e * scale, own_grid.co2e"))
    assert [axis.path for axis in found.axes] == ["scale", "r.grid", "r.pue", "own_grid.grid"]
    assert [axis.path for axis in found.numbers] == ["scale", "r.pue"]
    rows = [found.labels(n, cell) for n in range(len(found.combinations)) for cell in range(found.cells)]
    wanted = itertools.product(["dirty", "clean"], ["clean", "dirty"], ["3", "1"], ["1", "2"])
    assert rows == [[scale, grid, pue, other] for grid, other, scale, pue in wanted]
    assert (found.cells, found.points, found.sizes) == (4, 16, {0: 2, 1: 2})
    assert_all_alone(tmp_path, found)


@pytest.mark.parametrize("axes", range(1, 6))
def test_any_number_of_axes(tmp_path: Path, axes: int) -> None:
    names = [f"x{i}" for i in range(axes)]
    lets = "".join(f'let {name} = {i + 2}  from "a"\n' for i, name in enumerate(names))
    varied = "\n".join(f"vary {name} in [{i + 1}, {10 * (i + 1)}, -3]" for i, name in enumerate(names))
    found, _ = swept(tmp_path, lets + sweep_of(varied, " + ".join(f"{i + 1} * {n}" for i, n in enumerate(names))))
    values = np.meshgrid(*(np.array([i + 1, 10 * (i + 1), -3.0]) for i in range(axes)), indexing="ij")
    assert found.values is not None
    assert found.values[0][0].shape == (3,) * axes
    assert np.array_equal(found.values[0][0], sum((i + 1) * value for i, value in enumerate(values)))


def test_a_value_that_an_axis_does_not_move_is_the_same_in_every_cell(tmp_path: Path) -> None:
    found, _ = swept(
        tmp_path, SMALL + sweep_of("vary scale in [1, 2]\nvary r.pue in [1, 2, 3]", "own_pue.co2e, scale, r.pue")
    )
    assert column(found, 0) == pytest.approx([7.5] * 6)
    assert (column(found, 1), column(found, 2)) == ([1, 1, 1, 2, 2, 2], [1, 2, 3, 1, 2, 3])


def test_a_cell_without_a_value_is_told_as_none(tmp_path: Path) -> None:
    found, _ = swept(tmp_path, SMALL + sweep_of("vary scale in [-1, 0, 4]", "r.co2e / scale, sqrt(scale)"))
    assert column(found, 0) == [pytest.approx(-5.5), pytest.approx(math.inf), pytest.approx(5.5 / 4)]
    assert [math.isnan(v) for v in column(found, 1)] == [True, False, False]


# ── functions of draws ──

SPREAD = (
    SMALL
    + """
run drawn like r {
  it_energy = 100 MWh ~ uniform(50 MWh, 250 MWh)  from "a"
}
run both like drawn { pue = 1.1 ~ triangular(1, 1.6)  from "a" }
"""
)
OF_DRAWS = (
    "percentile(drawn.co2e, 90%) in kgCO2e, probability(drawn.co2e < 20 tCO2e * scale), sd(both.co2e), "
    "probability(both.co2e < drawn.co2e), drawn.co2e / percentile(drawn.co2e, 50%), own_pue.co2e, percentile(r.co2e, 5%)"
)


@pytest.mark.parametrize(
    "axes",
    [
        "vary scale in [0, 0.2, 0.5, 5]",
        "vary r.grid in [clean, dirty]\nvary scale in linear(0.1, 1, 3)",
        "vary r.pue in [1, 1.2]\nvary r.grid in [dirty, clean]\nvary drawn.grid in [clean, dirty]",
        "vary drawn.it_energy in [1 MWh, 200 MWh]",  # no spread is left in `drawn`, and in `both` through it
    ],
)
def test_functions_of_draws_in_each_cell(tmp_path: Path, axes: str) -> None:
    request = Request(draws=400, seed=3, is_asked=False)  # the file asks for draws itself
    found, _ = swept(tmp_path, SPREAD + sweep_of(axes, OF_DRAWS), request=request)
    assert found.sampled is not None
    assert_all_alone(tmp_path, found, request)


def test_exact_quantiles_in_each_cell(tmp_path: Path) -> None:
    request = Request(draws=301, seed=1, exact=True)
    text = SPREAD + sweep_of("vary r.grid in [clean, dirty]\nvary scale in [1, -2]", "both.co2e * scale, drawn.co2e")
    found, _ = swept(tmp_path, text, request=request)
    assert_all_alone(tmp_path, found, request)
    assert found.sampled is not None
    for cells_ in found.sampled[0]:
        assert all(isinstance(one, Distribution) and one.error == 0 for one in cells_)


@pytest.mark.parametrize("threads", [2, 3])
def test_sampled_cells_do_not_depend_on_threads(tmp_path: Path, threads: int) -> None:
    text = SPREAD + sweep_of("vary scale in [1, 2]\nvary r.grid in [clean, dirty]", "both.co2e * scale, sd(drawn.co2e)")
    told = []
    for number in (1, threads):
        found, _ = swept(tmp_path, text, request=Request(draws=150_000, seed=1, threads=number))
        assert found.sampled is not None
        told.append([
            (one.mean, one.sd, one.low, one.median, one.high) if isinstance(one, Distribution) else one
            for row in found.sampled for cells_ in row for one in cells_
        ])  # fmt: skip
    assert told[0] == told[1]


# ── optima, cell by cell ──

LIFETIME = """
use hardware.nvidia { h100_sxm }
use laws.chinchilla { besiroglu2024 }
grid clean { carbon_intensity = 41 gCO2e/kWh  from "a" }
grid dirty { carbon_intensity = 500 gCO2e/kWh  from "a" }
model llama { parameters = 70B param  from "a" }
run pretrain {
  model       = llama
  hardware    = h100_sxm
  grid        = clean
  tokens      = 1.4T token  from "a"
  utilization = 40%         from "a"
  pue         = 1.1         from "a"
}
deployment chat {
  run           = pretrain
  hardware      = h100_sxm
  grid          = dirty
  requests      = 100M request/day   from "a"
  output_tokens = 500 token/request  from "a"
  service_life  = 1 year{life}       from "a"
  utilization   = 10%                from "a"
  pue           = 1.1                from "a"
}
scaling_law chinchilla like besiroglu2024 {
  run       = pretrain
  reference = 70B param  from "a"
}
optimum best {
  minimize pretrain.co2e + chat.co2e
  over llama.parameters in 1B param .. 1T param, pretrain.tokens
  subject to chinchilla.loss == chinchilla.reference_loss
}
"""
OF_BEST = "best.llama.parameters, best.pretrain.tokens, best.objective, best.multiplier, pretrain.co2e"
ELASTIC = OF_BEST + ", elasticity(best.llama.parameters, chat.requests)"


@pytest.mark.parametrize(
    "axes",
    [
        "vary chat.requests in [0 request/day, 1M request/day]",
        "vary chat.requests in [1M request/day, 0 request/day]",
        "vary chat.requests in log(1k request/day, 1B request/day, 4)\nvary pretrain.grid in [clean, dirty]",
        "vary chinchilla.reference in [1B param, 70B param]",  # the first is at a bound
        "vary pretrain.tokens in [1T token, 2T token]",  # chosen by the optimum, whatever the file says
    ],
)
def test_an_optimum_whose_elasticity_is_shown_is_solved_in_each_cell(tmp_path: Path, axes: str) -> None:
    found, _ = swept(tmp_path, LIFETIME.replace("{life}", "") + sweep_of(axes, ELASTIC))
    assert_all_alone(tmp_path, found)


def test_a_sampled_optimum_is_solved_in_each_cell(tmp_path: Path) -> None:
    request = Request(draws=200, seed=2)
    axes = "vary chat.requests in [1k request/day, 1B request/day]\nvary pretrain.grid in [clean, dirty]"
    text = LIFETIME.replace("{life}", " ~ uniform(0.5 year, 2 year)") + sweep_of(axes, OF_BEST)
    found, _ = swept(tmp_path, text, request=request)
    assert_all_alone(tmp_path, found, request)


def test_elasticities_in_each_cell(tmp_path: Path) -> None:
    shown = "elasticity(total, r.it_energy), elasticity(total, scale), r.co2e"
    text = SMALL + "let total = r.co2e * scale + 7 tCO2e\n"
    found, _ = swept(
        tmp_path, text + sweep_of("vary scale in [1, 2]\nvary r.grid in [clean, dirty]\nvary r.pue in [1, 2]", shown)
    )
    assert_all_alone(tmp_path, found)
    carbon = [5, 10, 10, 20]  # scale × pue × 5 t on the clean grid
    assert column(found, 0, 0) == pytest.approx([c / (c + 7) for c in carbon], rel=1e-12)


# ── of many cells, what is said of them together ──

MANY = """
let x = 2    from "a"
let y = 0.3  from "a"
let z = 4    from "a"
let pick = x
let flip = y
{sweep}
"""


def many(folder: Path, monkeypatch: pytest.MonkeyPatch, axes: str, shown: str, threads: int) -> tuple[Swept, Swept]:
    """A sweep with its cells, and the same with what is said of them alone."""
    text = MANY.format(sweep=sweep_of(axes, shown))
    kept, _ = swept(folder, text)
    monkeypatch.setattr(sweep_values, "MOST_KEPT", 10)
    told, _ = swept(folder, text, request=Request(threads=threads, is_asked=False))
    monkeypatch.undo()
    assert (told.values, kept.along) == (None, None)
    assert told.along is not None
    return kept, told


ALONG = [
    ("vary x in linear(-1, 2, 70_001)", "x * x - x / 3, exp(x), x"),
    ("vary x in linear(-1, 2, 301)\nvary y in linear(3, -3, 207)", "x * x * y, sqrt(x - y), y, x / y"),
    ("vary y in linear(-3, 3, 5)\nvary x in linear(-1, 2, 20_003)", "exp(-x) * y, y, x"),
    ("vary x in linear(0, 1, 40)\nvary pick in [x, y, z]\nvary y in log(1, 9, 50)\nvary z in linear(-2, 5, 30)", "pick * x - z * y"),
    ("vary x in [1, 1, 1]\nvary y in [2, 2, 2, 2, 2]", "x / y, x"),  # the same everywhere: the first cell is told
    ("vary x in [-1, -2, -3, -4]\nvary y in linear(1, 2, 9)", "sqrt(x * y), log(x)"),  # no cell has a value
    ("vary x in linear(-2, 2, 33)\nvary y in linear(-2, 2, 33)", "1 / (x * x + y * y), 1 / x"),  # some are infinite
]  # fmt: skip


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("axes", "shown"), ALONG)
def test_what_is_said_of_cells_that_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, axes: str, shown: str, threads: int
) -> None:
    kept, told = many(tmp_path, monkeypatch, axes, shown, threads)
    for number in range(len(kept.combinations)):
        for at in range(len(kept.columns)):
            assert kept.values is not None
            assert told.along is not None
            values, one = kept.values[number][at].reshape(-1), told.along[number][at]
            known = np.isfinite(values)
            assert one.count == known.sum()
            if not known.any():
                assert not math.isfinite(one.least)
                assert math.isnan(one.mean)
                continue
            finite = np.where(known, values, np.nan)
            assert (one.least, one.greatest) == (np.nanmin(finite), np.nanmax(finite))
            assert (one.least_at, one.greatest_at) == (np.nanargmin(finite), np.nanargmax(finite))
            assert one.mean == pytest.approx(np.nanmean(finite), rel=1e-12, abs=1e-12 * np.nanmax(np.abs(finite)))
            assert extremes(kept, number, at) == pytest.approx(extremes(told, number, at), rel=1e-12, abs=1e-12)


def test_it_does_not_depend_on_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axes, shown = ALONG[1]
    told = [many(tmp_path, monkeypatch, axes, shown, threads)[1].along for threads in (1, 2, 3, 7)]
    words = [[[repr(getattr(a, f)) for f in a.__struct_fields__] for row in one or [] for a in row] for one in told]
    assert words[0] == words[1] == words[2] == words[3]


@pytest.mark.parametrize(("again", "threads"), [(False, 1), (True, 1), (True, 3)], ids=["kept", "again", "in threads"])
@pytest.mark.parametrize(("axes", "shown"), ALONG[:4])
def test_blocks_are_the_cells_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, axes: str, shown: str, again: bool, threads: int
) -> None:
    monkeypatch.setattr(cells, "FILE_BLOCK", 1000)
    made = checked(tmp_path, MANY.format(sweep=sweep_of(axes, shown)))
    kept, _ = evaluate_sweep(made.sweeps[0])
    assert kept is not None
    assert kept.values is not None
    request = Request(threads=threads, is_asked=False)
    found = sweep_values.blocks(replace(kept, values=None) if again else kept, made.sweeps[0], (), request)
    parts: list[list[Any]] = [[] for _ in kept.combinations]
    at = [0] * len(parts)
    for number, first, count, columns in found:
        assert first == at[number]
        assert all(len(one) == count for one in columns)
        at[number] += count
        parts[number].append(columns)
    for number, rows in enumerate(parts):
        whole = [np.concatenate([row[i] for row in rows]) for i in range(len(rows[0]))]
        mesh = np.meshgrid(*([v * axis.unit.factor for v in axis.values] for axis in kept.numbers), indexing="ij")
        for one, values in zip(whole, [*mesh, *kept.values[number]], strict=True):
            assert np.array_equal(one, values.reshape(-1), equal_nan=True)


# ── where two options cross ──

CURVES = """
let x = 2  from "a"
let y = 3  from "a"
let zero = 0  from "a"
let first = {0}
let second = {1}
let option = first
{2}
"""


def crossings(folder: Path, axis: str, first: str, second: str) -> list[str]:
    """Of two columns, and of two choices, in words; both say the same."""
    columns = CURVES.format(first, second, sweep_of(f"vary x in {axis}", "first, second"))
    found, _ = swept(folder, columns)
    chosen = CURVES.format(first, second, sweep_of(f"vary x in {axis}\nvary option in [first, second]", "option"))
    of_choices, _ = swept(folder, chosen)
    lines = [crossing_line(one) for one in found.crossings]
    assert [crossing_line(one) for one in of_choices.crossings] == [f"option: {line}" for line in lines]
    assert all(one.column is None and one.of is None for one in found.crossings)
    assert all(one.column and one.of is of_choices.choices[0] for one in of_choices.crossings)
    assert [one.value for one in of_choices.crossings] == pytest.approx([one.value for one in found.crossings])
    return lines


@in_a_folder
@given(
    a=st.floats(0.1, 10), b=st.floats(-10, 10), c=st.floats(0.1, 10), d=st.floats(-10, 10), n=st.integers(2, 9), down=st.booleans()
)  # fmt: skip
def test_straight_lines_cross_where_algebra_says(
    tmp_path: Path, a: float, b: float, c: float, d: float, n: int, down: bool
) -> None:
    """a x + b and -c x + d."""
    wanted = (d - b) / (a + c)
    ends = (30, -30) if down else (-30, 30)
    text = CURVES.format(
        f"{a!r} * x + {b!r}",
        f"{-c!r} * x + {d!r}",
        sweep_of(f"vary x in linear({ends[0]}, {ends[1]}, {n})", "first, second"),
    )
    found, _ = swept(tmp_path, text)
    if abs(wanted) >= 30:
        assert not found.crossings
        return
    [one] = found.crossings
    assert one.value == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    assert (one.lower, one.other) == ("first", "second")


@pytest.mark.parametrize("axis", ["log(0.1, 20, 8)", "linear(20, 0.1, 30)", "[7, 0.2, 20, 1]"])
def test_curves_cross_where_brentq_says(tmp_path: Path, axis: str) -> None:
    wanted = brentq(lambda x: math.exp(-x / 3) * 8 - math.log(x + 1), 0.1, 20, xtol=1e-14)
    text = CURVES.format("exp(-x / 3) * 8", "log(x + 1)", sweep_of(f"vary x in {axis}", "first, second"))
    found, _ = swept(tmp_path, text)
    [one] = found.crossings
    assert one.value == pytest.approx(wanted, rel=1e-12)
    assert (one.lower, one.other) == ("second", "first")


def test_several_crossings_in_the_order_of_the_axis(tmp_path: Path) -> None:
    assert crossings(tmp_path, "linear(4, -4, 21)", "x ^ 3", "4 * x") == [
        "first is lower below x = -2, second above it",
        "second is lower below x = 0, first above it",
        "first is lower below x = 2, second above it",
    ]


@pytest.mark.parametrize("axis", ["linear(1, 5, 5)", "linear(5, 1, 5)", "[5, 3, 1]", "linear(1, 5, 4)", "log(1, 9, 3)"])
def test_a_crossing_at_a_value_of_the_axis_or_between(tmp_path: Path, axis: str) -> None:
    assert crossings(tmp_path, axis, "2 * x", "2 * y") == ["first is lower below x = 3, second above it"]


@pytest.mark.parametrize(
    ("axis", "first", "second"),
    [
        ("linear(1, 3, 5)", "abs(x - 2)", "zero * x"),  # touches at a value of the axis
        ("linear(1, 3, 6)", "abs(x - 2)", "zero * x"),  # and between two
        ("linear(1, 3, 5)", "(x - 2) ^ 2", "zero * x"),
        ("linear(2, 4, 5)", "2 * x", "4 + zero * x"),  # meets at the first value
        ("linear(1, 2, 5)", "2 * x", "4 + zero * x"),  # and at the last
        ("linear(1, 2, 9)", "2 * x + 1", "2 * x + 1"),  # coincides
        ("linear(1, 2, 9)", "max(x, 1)", "x"),
        ("linear(1, 2, 9)", "x", "x + 1e-9"),  # beside each other
        ("linear(-4, -1, 9)", "sqrt(x)", "x"),  # one has no value
        ("[2]", "x", "y"),
    ],
)
def test_what_is_no_crossing(tmp_path: Path, axis: str, first: str, second: str) -> None:
    assert crossings(tmp_path, axis, first, second) == []


def test_a_crossing_beside_cells_without_a_value(tmp_path: Path) -> None:
    assert crossings(tmp_path, "linear(1, 5, 5)", "sqrt(x - 1.5)", "y / 3") == [
        "first is lower below x = 2.5, second above it"
    ]


def test_a_crossing_is_told_in_the_unit_of_the_axis_and_for_each_other_choice(tmp_path: Path) -> None:
    varied = "vary clean.carbon_intensity in linear(0.1 kgCO2e/kWh, 1 kgCO2e/kWh, 4)\nvary r.pue in [1, 2]"
    text = SMALL + 'grid brown { carbon_intensity = 0.4 kgCO2e/kWh  from "a" }\n'
    options = "vary r.grid in [clean, brown, dirty]\nvary own_pue.grid in [clean]"
    one_value = varied.replace("[1, 2]", "[1]")
    found, _ = swept(tmp_path, text + sweep_of(f"{one_value}\n{options}", "r.co2e"))
    assert [crossing_line(one) for one in found.crossings] == [
        "r.co2e: clean is lower below clean.carbon_intensity = 0.4 kgCO2e/kWh, brown above it",
        "r.co2e: clean is lower below clean.carbon_intensity = 0.5 kgCO2e/kWh, dirty above it",
    ]
    more = options.replace("[clean]", "[clean, dirty]")
    found, _ = swept(tmp_path, text + sweep_of(f"{one_value}\n{more}", "r.co2e"))
    assert sorted((one.other, *one.where) for one in found.crossings) == [
        (other, ("own_pue.grid", name)) for other in ("brown", "dirty") for name in ("clean", "dirty")
    ]
    found, _ = swept(tmp_path, text + sweep_of(f"{varied}\n{options}", "r.co2e"))
    assert found.crossings == ()  # of two axes of numbers there would be a curve


def test_only_values_of_one_dimension_cross(tmp_path: Path) -> None:
    found, _ = swept(
        tmp_path, SMALL + sweep_of("vary r.pue in [1, 2]", "r.pue, 1.5 * scale / 2, r.energy / 1 MWh - 108.5, r.co2e")
    )
    assert [crossing_line(one) for one in found.crossings] == [
        "r.pue is lower below r.pue = 1.5, 1.5 * scale / 2 above it",
        "r.energy / 1 MWh - 108.5 is lower below r.pue = 1.096, r.pue above it",
        "r.energy / 1 MWh - 108.5 is lower below r.pue = 1.1, 1.5 * scale / 2 above it",
    ]


# ── axes that move nothing ──


@pytest.mark.parametrize(
    ("axes", "shown", "idle"),
    [
        ("vary r.pue in [1, 2]", "r.co2e", []),
        ("vary r.pue in [1, 2]", "own_pue.co2e", ["r.pue"]),
        ("vary r.grid in [clean, dirty]", "own_grid.co2e", ["r.grid"]),
        ("vary r.grid in [clean, clean]", "r.co2e", ["r.grid"]),
        ("vary r.grid in [dirty]", "own_grid.co2e", []),  # one choice is no comparison
        ("vary r.pue in [1, 2]\nvary scale in [1, 2]\nvary r.grid in [clean, dirty]", "r.energy", ["scale", "r.grid"]),
        ("vary clean.carbon_intensity in [1 gCO2e/kWh, 2 gCO2e/kWh]\nvary r.grid in [dirty, clean]", "r.co2e", []),
        ("vary clean.carbon_intensity in [1 gCO2e/kWh, 2 gCO2e/kWh]\nvary r.grid in [dirty]", "r.co2e", ["clean.carbon_intensity"]),
    ],
)  # fmt: skip
def test_an_axis_that_moves_nothing_is_said(tmp_path: Path, axes: str, shown: str, idle: list[str]) -> None:
    _, said = swept(tmp_path, SMALL + sweep_of(axes, shown))
    assert [(d.code, d.title, d.severity.value) for d in said] == [
        ("O504", f"nothing that is shown depends on `{path}`", "warning") for path in idle
    ]
    for one, path in zip(said, idle, strict=True):
        assert one.span.text.startswith(path)
        assert one.labels[0].text == "moves nothing"


# ── too many ──


def errors(found: Sequence[Diagnostic]) -> list[tuple[str, str, str, str | None]]:
    return [(d.code, d.title, d.span.text, d.help) for d in found if d.is_error]


NARROW = "narrow a `vary`, or raise the limit: `--limit N`, or `[limits] points` in tonne.toml"


@pytest.mark.parametrize(
    ("axes", "limit", "title", "at"),
    [
        ("vary scale in linear(0, 1, 10_000)\nvary r.pue in linear(1, 2, 10_000)\nvary r.it_energy in linear(1 MWh, 2 MWh, 40_000)", None, "`s` has 4,000,000,000,000 points; the limit is 1,000,000,000", "s"),
        ("vary scale in linear(0, 1, 4e12)", None, "this axis has 4,000,000,000,000 points; the limit is 1,000,000,000", "4e12"),
        ("vary scale in linear(0, 1, 4T)", None, "this axis has 4,000,000,000,000 points; the limit is 1,000,000,000", "4T"),
        ("vary scale in log(1, 2, 11)", 10, "this axis has 11 points; the limit is 10", "11"),
        ("vary scale in [1, 2, 3]\nvary r.grid in [clean, dirty]", 5, "`s` has 6 points; the limit is 5", "s"),
    ],
)  # fmt: skip
def test_too_many_points(tmp_path: Path, axes: str, limit: int | None, title: str, at: str) -> None:
    made = checked(tmp_path, SMALL + sweep_of(axes, "r.co2e * scale"), limit)
    assert errors(made.diagnostics) == [("V227", title, at, NARROW)]
    assert made.sweeps[0].first is None


@pytest.mark.parametrize(("limit", "is_enough"), [(5, False), (6, True), (10**12, True)])
def test_the_limit(tmp_path: Path, limit: int, is_enough: bool) -> None:
    made = checked(
        tmp_path, SMALL + sweep_of("vary scale in [1, 2, 3]\nvary r.grid in [clean, dirty]", "r.co2e"), limit
    )
    assert (made.sweeps[0].first is not None) == is_enough


def test_the_limit_of_a_project(tmp_path: Path) -> None:
    (tmp_path / "tonne.toml").write_text("[limits]\npoints = 5\n", encoding="utf-8")
    text = SMALL + sweep_of("vary scale in [1, 2, 3]\nvary r.grid in [clean, dirty]", "r.co2e")
    assert [d.code for d in checked(tmp_path, text).diagnostics] == ["V227"]
    assert [d.code for d in checked(tmp_path, text, limit=6).diagnostics] == []


def test_too_many_choices(tmp_path: Path) -> None:
    names = "".join(GRID.format(f"g{i}", i + 1) for i in range(101))
    options = ", ".join(f"g{i}" for i in range(101))
    text = (
        SMALL
        + names
        + sweep_of(f"vary r.grid in [{options}]\nvary own_pue.grid in [{options}]", "r.co2e, own_pue.co2e")
    )
    assert errors(checked(tmp_path, text).diagnostics) == [
        ("V227", "`s` has 10,201 combinations of choices; the limit is 10,000", "s", NARROW)
    ]


@pytest.mark.parametrize(
    ("count", "draws", "title"),
    [
        (20_001, 2, "`s` samples 20,001 cells; the limit is 20,000"),
        (20_000, 100_000, "20,000 cells of 100,000 draws each; the limit is 1,000,000,000"),
    ],
)
def test_too_many_sampled_cells(tmp_path: Path, count: int, draws: int, title: str) -> None:
    made = checked(tmp_path, SPREAD + sweep_of(f"vary scale in linear(0, 1, {count})", "drawn.co2e * scale"))
    found, said = evaluate_sweep(made.sweeps[0], made.diagnostics, Request(draws=draws))
    assert found is None
    assert errors(said) == [("V227", title, "s", NARROW)]


def test_a_limit_of_the_command_line_is_of_draws_too(tmp_path: Path) -> None:
    made = checked(tmp_path, SPREAD + sweep_of("vary scale in [1, 2]", "drawn.co2e * scale"))
    for limit, codes in ((199, ["V227"]), (200, [])):
        _, said = evaluate_sweep(made.sweeps[0], made.diagnostics, Request(draws=100, limit=limit))
        assert [d.code for d in said] == codes


# ── mistakes ──

FORM = "for example `vary pretrain.utilization in linear(30%, 55%, 6)`"
FIELDS = "it has: region, period, carbon_intensity, market_intensity, water_intensity"
NAMES = "there are: clean, dirty, r, same, own_pue, own_grid, scale, e1, e2, three"
# The line of a `vary`, the code and title of the one error, the text that it points at, and what helps.
MISTAKES = [
    # of the path
    ("vary q.pue in [1, 2]", "N111", "nothing here is called `q`", "q", NAMES),
    ("vary own_pu.pue in [1, 2]", "N111", "nothing here is called `own_pu`", "own_pu", "did you mean `own_pue`?"),
    ("vary scal in [1, 2]", "N111", "nothing here is called `scal`", "scal", "did you mean `scale`?"),
    ("vary r.pux in [1, 2]", "N112", "`r` has no `pux`", "pux", "did you mean `pue`?"),
    ("vary clean.colour in [1, 2]", "N112", "`clean` has no `colour`", "colour", FIELDS),
    ("vary r.grid.carbon_intensity in [1 gCO2e/kWh, 2 gCO2e/kWh]", "N119", "`r.grid.carbon_intensity` is a field of another instance", "r.grid.carbon_intensity", "name the instance that `r.grid` is"),
    ("vary r in [1, 2]", "N119", "`r` is no field and no `let`", "r", "name a field as in `pretrain.pue`, or a `let`"),
    ("vary grid in [clean, dirty]", "N111", "nothing here is called `grid`", "grid", "did you mean `own_grid`?"),
    ("vary scale.pue in [1, 2]", "N119", "`scale.pue` is no field and no `let`", "scale.pue", "name a field as in `pretrain.pue`, or a `let`"),
    ("vary s in [1, 2]", "N119", "`s` is no field and no `let`", "s", "name a field as in `pretrain.pue`, or a `let`"),
    # of a list
    ("vary r.it_energy in [1, 2 MWh]", "D206", "1 needs a unit of energy", "1", "for example `1 MWh`"),
    ("vary r.it_energy in [1 MWh, 2 tCO2e]", "D202", "`r.it_energy` is energy, this is carbon", "2 tCO2e", "its unit is `MWh`"),
    ("vary r.it_energy in [1 MWh, 2 * 3 tCO2e]", "D202", "`r.it_energy` is energy, this is carbon", "2 * 3 tCO2e", None),
    ("vary scale in [1, 2 MWh]", "D202", "`scale` is a ratio, this is energy", "2 MWh", None),
    ("vary e1 in [1 MWh, 2 kgCO2e]", "D202", "`e1` is energy, this is carbon", "2 kgCO2e", "its unit is `MWh`"),
    ("vary r.it_energy in linear(1 MWh, 2 * r.it_energy, 3)", "N119", "`2 * r.it_energy` is no number", "2 * r.it_energy", "an end of a spacing is a number with its unit"),
    ("vary r.grid in [clean, 5]", "N119", "`r.grid` is no quantity; this is a value", "5", "name instances: `[a, b]`"),
    ("vary r.grid in [5 MWh, clean]", "N119", "`r.grid` is no quantity; this is a value", "5 MWh", "name instances: `[a, b]`"),
    ("vary r.grid in [clean, drty]", "N111", "nothing here is called `drty`", "drty", "did you mean `dirty`?"),
    ("vary r.grid in [clean, r]", "N119", "`r` is a run; grid is needed", "r", None),
    ("vary r.pue in [1.1, dirty]", "N119", "`dirty` is a grid; a value is needed", "dirty", "name a field of it, such as `dirty.carbon_intensity`"),
    ("vary r.it_energy in [e1, scale]", "D202", "`it_energy` is energy, this is a ratio", "scale", None),
    ("vary r.pue in [2, 5]", "V221", "`r.pue` is 5, outside 1 .. 4", "r.pue in [2, 5]", None),
    ("vary clean.carbon_intensity in [2 gCO2e/kWh, 3 kgCO2e/kWh]", "V221", "`clean.carbon_intensity` is 3,000 gCO2e/kWh, outside 0 gCO2e/kWh .. 2,000 gCO2e/kWh", "clean.carbon_intensity in [2 gCO2e/kWh, 3 kgCO2e/kWh]", None),
    # of a spacing
    ("vary r.pue in liner(1, 2, 3)", "N111", "there is no spacing `liner`", "liner", "did you mean `linear`?"),
    ("vary r.pue in uniform(1, 2)", "N111", "there is no spacing `uniform`", "uniform", FORM),
    ("vary r.pue in linear(1, 2)", "S101", "`linear` takes a low end, a high end and a number of points", "linear(1, 2)", FORM),
    ("vary r.pue in log(1, 2, 3, 4)", "S101", "`log` takes a low end, a high end and a number of points", "log(1, 2, 3, 4)", FORM),
    ("vary r.pue in linear(1, 2, n = 3)", "S101", "`linear` takes a low end, a high end and a number of points", "linear(1, 2, n = 3)", FORM),
    ("vary r.pue in linear(1, 2, 2.5)", "S101", "a number of points is a whole number above 1, this is `2.5`", "2.5", FORM),
    ("vary r.pue in linear(1, 2, 1)", "S101", "a number of points is a whole number above 1, this is `1`", "1", FORM),
    ("vary r.pue in linear(1, 2, -3)", "S101", "a number of points is a whole number above 1, this is `-3`", "-3", FORM),
    ("vary r.pue in linear(1, 2, 3 MWh)", "S101", "a number of points is a whole number above 1, this is `3 MWh`", "3 MWh", FORM),
    ("vary r.pue in linear(1, 2, scale)", "S101", "a number of points is a whole number above 1, this is `scale`", "scale", FORM),
    ("vary r.pue in linear(2, 2, 3)", "V231", "`linear(2, 2, 3)` has one value", "linear(2, 2, 3)", "let its ends differ"),
    ("vary r.it_energy in log(1 MWh, 1000 kWh, 3)", "V231", "`log(1 MWh, 1000 kWh, 3)` has one value", "log(1 MWh, 1000 kWh, 3)", "let its ends differ"),
    ("vary r.it_energy in log(0 MWh, 2 MWh, 3)", "V223", "a `log` spacing runs above zero, this is 0 MWh", "0 MWh", "write `linear(…)`"),
    ("vary scale in log(2, -1, 3)", "V223", "a `log` spacing runs above zero, this is -1", "-1", "write `linear(…)`"),
    ("vary r.it_energy in linear(1, 2 MWh, 3)", "D206", "1 needs a unit of energy", "1", "for example `1 MWh`"),
    ("vary r.it_energy in linear(1 MWh, 2 tCO2e, 3)", "D202", "`r.it_energy` is energy, this is carbon", "2 tCO2e", "its unit is `MWh`"),
    ("vary r.it_energy in linear(e1, 2 MWh, 3)", "N119", "`e1` is no number", "e1", "an end of a spacing is a number with its unit"),
    ("vary r.grid in linear(1, 2, 3)", "N119", "`r.grid` is no quantity", "r.grid", "vary it through instances: `[a, b]`"),
    ("vary r.grid in log(clean, dirty, 3)", "N119", "`r.grid` is no quantity", "r.grid", "vary it through instances: `[a, b]`"),
    ("vary r.pue in linear(2, 5, 4)", "V221", "`r.pue` is 5, outside 1 .. 4", "r.pue in linear(2, 5, 4)", None),
    # of a whole sweep
    ("vary scale in [1, 2]\nvary r.pue in [1, 2]\nvary scale in [3]", "N113", "`scale` is varied twice", "scale", "keep one of them"),
    ("", "S101", "`s` varies nothing", "s", FORM),
]  # fmt: skip


@pytest.mark.parametrize(("varied", "code", "title", "at", "help"), MISTAKES, ids=lambda v: str(v)[:50])
def test_a_mistake_is_told_once_where_it_is(
    tmp_path: Path, varied: str, code: str, title: str, at: str, help: str | None
) -> None:
    made = checked(tmp_path, SMALL + f"sweep s {{\n  {varied}\n  show r.co2e\n}}\n")
    found = list(made.diagnostics)
    if not found:  # a choice after the first is looked at when the sweep is evaluated
        _, found = evaluate_sweep(made.sweeps[0], made.diagnostics)
    found = [d for d in found if d.is_error]
    assert [(d.code, d.title, d.span.text) for d in found] == [(code, title, at)]
    assert found[0].notes[-1] == "in the sweep `s`"
    assert help is None or found[0].help == help
    start = made.sweeps[0].declaration.name_span.start
    assert found[0].span.start >= start  # in the sweep, not where the name stands otherwise


def test_the_second_of_two_axes_is_named_with_the_first(tmp_path: Path) -> None:
    made = checked(tmp_path, SMALL + "sweep s {\n  vary scale in [1, 2]\n  vary scale in [3]\n  show r.co2e\n}\n")
    [one] = made.diagnostics
    assert [(label.text, label.span.line) for label in one.labels] == [("again here", 18), ("first here", 17)]


def test_a_sweep_that_shows_nothing(tmp_path: Path) -> None:
    made = checked(tmp_path, SMALL + "sweep s { vary scale in [1, 2] }\n")
    assert errors(made.diagnostics) == [
        ("S101", "`s` shows nothing", "s", "add `show …`, the values that are to be compared")
    ]


@pytest.mark.parametrize(
    ("shown", "code", "title", "at"),
    [
        ("r.wather", "N112", "`r` has no `wather`", "wather"),
        ("r.water", "N117", "`r.water` is not determined", "r.water"),
        ("three.co2e", "N119", "`three.co2e` is a list; one value is needed", "three.co2e"),
        ("r.co2e in MWh", "D205", "carbon cannot be shown in `MWh`", "MWh"),
        ("r.co2e + r.energy", "D201", "cannot add energy to carbon", "+"),
    ],
)
def test_what_cannot_be_shown(tmp_path: Path, shown: str, code: str, title: str, at: str) -> None:
    made = checked(tmp_path, SMALL + f"sweep s {{\n  vary scale in [1, 2]\n  show scale, {shown}\n}}\n")
    assert [(d.code, d.title, d.span.text) for d in made.diagnostics if d.is_error] == [(code, title, at)]


def test_independent_mistakes_are_all_told(tmp_path: Path) -> None:
    text = "sweep s {\n  vary r.pux in [1, 2]\n  vary scale in liner(1, 2, 3)\n  vary q in [1]\n}\nsweep t {\n  vary r.pue in log(0, 2, 3)\n  show r.co2e\n}\n"
    made = checked(tmp_path, SMALL + text)
    assert [(d.code, d.notes[-1]) for d in made.diagnostics if d.is_error] == [
        ("S101", "in the sweep `s`"), ("N112", "in the sweep `s`"), ("N111", "in the sweep `s`"), ("N111", "in the sweep `s`"),
        ("V223", "in the sweep `t`"),
    ]  # fmt: skip


def test_a_did_you_mean_is_a_fix(tmp_path: Path) -> None:
    made = checked(tmp_path, SMALL + "sweep s {\n  vary r.pue in liner(1, 2, 3)\n  show r.co2e\n}\n")
    [one] = made.diagnostics
    assert one.fix is not None
    assert isinstance(one.fix.span, Span)
    assert (one.fix.span.text, one.fix.replacement) == ("liner", "linear")


def test_what_is_wrong_with_one_choice_says_in_which_sweep(tmp_path: Path) -> None:
    text = SMALL + 'let bad = 5  from "a"\nlet good = 2  from "a"\n' + sweep_of("vary r.pue in [good, bad]", "r.co2e")
    made = checked(tmp_path, text)
    assert not made.has_errors
    found, said = evaluate_sweep(made.sweeps[0], made.diagnostics)
    assert found is None
    assert [(d.code, d.title, d.span.text, d.notes[-1]) for d in said] == [
        ("V221", "`r.pue` is 5, outside 1 .. 4", "bad", "in the sweep `s`")
    ]
