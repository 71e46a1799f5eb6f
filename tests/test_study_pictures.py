"""`--plot` of draws, cases and sweeps: what stands on the axes, in the legend and below, and what is not drawn."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tonne.cli.commands import tonne

SVG = "{http://www.w3.org/2000/svg}"
FILE = """
grid clean { carbon_intensity = 50 gCO2e/kWh  from "a" }
grid dirty { carbon_intensity = 500 gCO2e/kWh  from "a" }
run r {
  grid      = clean
  it_energy = 100 MWh ~ uniform(50 MWh, 250 MWh)  from "a"
  pue       = 1.1  from "a"
}
run other like r { pue = 1.5  from "a" }
let scale = 2  from "a"

case all_dirty "All of it on the dirty grid" { r.grid = dirty }

sweep line {
  "How the PUE moves it."
  vary r.pue in linear(1, 2, 11)
  show r.co2e, other.energy in kWh
}
sweep options {
  vary clean.carbon_intensity in linear(100 gCO2e/kWh, 900 gCO2e/kWh, 9)
  vary r.grid in [clean, dirty]
  show r.co2e
}
sweep family {
  vary r.it_energy in log(1 MWh, 1 GWh, 12)
  vary r.pue in [1, 1.5, 2]
  vary r.grid in [clean, dirty]
  show r.co2e
}
sweep columns {
  vary r.pue in linear(1, 2, 11)
  show r.co2e, other.co2e
}
sweep heat {
  "Energy and PUE."
  vary r.it_energy in linear(10 MWh, 90 MWh, 9)
  vary r.pue in linear(1, 2, 10)
  vary r.grid in [clean, dirty]
  show r.co2e
}
sweep bars {
  vary r.grid in [clean, dirty]
  vary r.pue in [1.2]
  show r.co2e, r.energy
}
sweep three {
  vary r.it_energy in linear(10 MWh, 90 MWh, 3)
  vary r.pue in linear(1, 2, 3)
  vary scale in [1, 2]
  show r.co2e * scale
}
sweep heats {
  vary r.it_energy in linear(10 MWh, 90 MWh, 9)
  vary r.pue in linear(1, 2, 10)
  vary r.grid in [clean, dirty]
  show r.co2e, r.energy, other.co2e, scale
}
show r.co2e, other.co2e in kgCO2e, scale
"""
SAMPLED = ("--draws", "2000", "--seed", "4")


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    Path("s.tonne").write_text(FILE, encoding="utf-8")
    Path("plain.tonne").write_text(
        FILE.replace('case all_dirty "All of it on the dirty grid" { r.grid = dirty }', ""), encoding="utf-8"
    )

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(tonne, arguments)

    return run


def texts(path: Path) -> list[str]:
    found = ["".join(text.itertext()).strip() for text in ElementTree.parse(path).iter(f"{SVG}text")]
    return [" ".join(text.split()) for text in found if text]


# A picture: what is run, the words on its axes, in its legend, and below it.
PICTURES: dict[str, tuple[tuple[str, ...], set[str], set[str], str]] = {
    "distribution": (
        ("run", "-q", "plain.tonne", *SAMPLED),
        {"r.co2e (tCO2e)", "other.co2e (kgCO2e)"},
        {"What 2,000 draws give", "5 % to 95 %", "median", "point value"},
        "plain.tonne, seed 4",
    ),
    "distribution of cases": (
        ("run", "-q", "s.tonne", *SAMPLED),
        {"r.co2e (tCO2e)", "other.co2e (kgCO2e)"},
        {"as written", "all_dirty", "5 % to 95 %", "median", "point value"},
        "s.tonne, seed 4",
    ),
    "cases": (
        ("run", "-q", "s.tonne"),
        {"r.co2e (tCO2e)", "other.co2e (kgCO2e)", "scale"},
        {"The file as written, and its cases", "as written", "all_dirty", "5.5", "55", "7,500", "75,000", "2"},
        "s.tonne",
    ),
    "lines": (
        ("sweep", "s.tonne", "line"),
        {"r.pue", "r.co2e", "(tCO2e)", "other.energy", "(kWh)"},
        {"How the PUE moves it."},
        "s.tonne, sweep line",
    ),
    "lines of choices": (
        ("sweep", "s.tonne", "options"),
        {"clean.carbon_intensity (gCO2e/kWh)", "r.co2e", "(tCO2e)"},
        {"options", "clean", "dirty"},
        "s.tonne, sweep options",
    ),
    "lines of values": (
        ("sweep", "s.tonne", "columns"),
        {"r.pue", "tCO2e"},
        {"columns", "r.co2e", "other.co2e"},
        "s.tonne, sweep columns",
    ),
    "family": (
        ("sweep", "s.tonne", "family"),
        {"r.it_energy (MWh)", "r.co2e", "(tCO2e)"},
        {f"{grid}, pue {pue}" for grid in ("clean", "dirty") for pue in ("1", "1.5", "2")},
        "s.tonne, sweep family",
    ),
    "sampled lines": (
        ("sweep", "s.tonne", "options", *SAMPLED),
        {"clean.carbon_intensity (gCO2e/kWh)", "r.co2e", "(tCO2e)"},
        {"clean", "dirty"},
        "s.tonne, sweep options, 2,000 draws, seed 4: median, and 5 % to 95 %",
    ),
    "heat map": (
        ("sweep", "s.tonne", "heat"),
        {"r.it_energy (MWh)", "r.pue", "r.co2e", "(tCO2e)"},
        {"Energy and PUE.", "clean", "dirty"},
        "s.tonne, sweep heat",
    ),
    "bars": (
        ("sweep", "s.tonne", "bars"),
        {"r.co2e (tCO2e)", "r.energy (MWh)"},
        {"bars", "clean, 1.2", "dirty, 1.2"},
        "s.tonne, sweep bars",
    ),
    "sampled bars": (
        ("sweep", "s.tonne", "bars", *SAMPLED),
        {"r.co2e (tCO2e)", "r.energy (MWh)"},
        {"bars"},
        "s.tonne, sweep bars, 2,000 draws, seed 4: median, and 5 % to 95 %",
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_what_a_reader_needs(call: Callable[..., Result], name: str) -> None:
    """Units on the axes, what each curve is, the scenario below."""
    words, axes, legend, below = PICTURES[name]
    if "bars" in name:
        legend = {word.removesuffix(", 1.2") for word in legend}  # an axis of one value is no choice
    done = call(*words, "--plot", "a.svg")
    assert (done.exit_code, done.stderr) == (0, "drawn: a.svg\n")
    found = texts(Path("a.svg"))
    assert axes | legend | {below} <= set(found), found
    assert not [text for text in found if "$" in text]  # a formula of matplotlib's, as it writes it


@pytest.mark.parametrize("name", ["distribution of cases", "heat map", "cases"])
def test_the_same_bytes_each_time(call: Callable[..., Result], name: str) -> None:
    for target in ("a.svg", "b.svg"):
        assert call(*PICTURES[name][0], "--plot", target).exit_code == 0
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()


@pytest.mark.parametrize("name", ["distribution of cases", "bars"])
def test_a_png_and_a_pdf_open(call: Callable[..., Result], name: str) -> None:
    words = PICTURES[name][0]
    assert call(*words, "--plot", "a.PNG").stderr == "drawn: a.PNG\n"
    with Image.open("a.PNG") as image:
        image.load()
        assert image.format == "PNG"
        assert image.width == pytest.approx(6.3 * 200, abs=1)
        assert len(set(image.convert("L").resize((64, 64)).tobytes())) > 20  # it is not empty
    assert call(*words, "--plot", "a.pdf").exit_code == 0
    content = Path("a.pdf").read_bytes()
    assert re.match(rb"%PDF-1\.\d", content)
    assert content.rstrip().endswith(b"%%EOF")
    assert (content.count(b"/Type /Page "), b"CreationDate" in content) == (1, False)
    call(*words, "--plot", "b.pdf")
    assert Path("b.pdf").read_bytes() == content


def drawn(call: Callable[..., Result], *words: str) -> list[Any]:
    """The panels of a picture, as matplotlib has them."""
    from matplotlib.figure import Figure

    kept: list[Any] = []
    save = Figure.savefig

    def keep(figure: Any, *arguments: Any, **more: Any) -> None:
        kept.append(figure)
        save(figure, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", keep)
        assert call(*words, "--plot", "x.svg").exit_code == 0
    return list(kept[0].axes)


def test_a_line_is_at_the_values(call: Callable[..., Result]) -> None:
    carbon, energy = drawn(call, "sweep", "s.tonne", "line")
    [line] = carbon.get_lines()
    assert list(line.get_xdata()) == pytest.approx([1 + i / 10 for i in range(11)])
    assert list(line.get_ydata()) == pytest.approx([5 + i / 2 for i in range(11)])
    assert list(energy.get_lines()[0].get_ydata()) == pytest.approx([150_000] * 11)


def test_where_values_cross_is_marked(call: Callable[..., Result]) -> None:
    [shared] = drawn(call, "sweep", "s.tonne", "columns")  # two values in one unit that cross: one panel
    assert {round(line.get_xdata()[0], 9) for line in shared.get_lines() if line.get_linestyle() == ":"} == {1.5}


def test_wide_ranges_are_logarithmic(call: Callable[..., Result]) -> None:
    [panel] = drawn(call, "sweep", "s.tonne", "family")
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")
    ticks = [label.get_text() for label in [*panel.get_xticklabels(), *panel.get_yticklabels()]]
    assert [tick for tick in ticks if tick]
    assert all(re.fullmatch(r"|[\d,.]+(e-?\d+)?", tick) for tick in ticks), ticks
    assert len(panel.get_lines()) == 6
    carbon, _ = drawn(call, "sweep", "s.tonne", "line")
    assert (carbon.get_xscale(), carbon.get_yscale()) == ("linear", "linear")


def test_a_heat_map_has_each_cell_where_it_belongs(call: Callable[..., Result]) -> None:
    clean, dirty = (panel for panel in drawn(call, "sweep", "s.tonne", "heat") if panel.get_title())
    assert [panel.get_title() for panel in (clean, dirty)] == ["clean", "dirty"]
    for panel, intensity in ((clean, 0.05), (dirty, 0.5)):
        [mesh] = panel.collections
        shades = mesh.get_array().reshape(10, 9)
        for j in range(10):
            for i in range(9):
                assert shades[j][i] == pytest.approx(10 * (i + 1) * (1 + j / 9) * intensity)
        assert (panel.get_xlabel(), panel.get_ylabel()) == ("r.it_energy (MWh)", "r.pue")


def test_bands_of_draws_are_beside_the_median(call: Callable[..., Result]) -> None:
    [panel] = drawn(call, "sweep", "s.tonne", "options", *SAMPLED)
    clean = panel.get_lines()[0]
    band = panel.collections[0].get_paths()[0].vertices
    low, high = min(y for x, y in band if x == 900), max(y for x, y in band if x == 900)
    assert (low, high) == (pytest.approx(60 * 1.1 * 0.9, rel=0.1), pytest.approx(240 * 1.1 * 0.9, rel=0.1))
    assert low < clean.get_ydata()[-1] < high


def test_a_distribution_marks_median_and_point(call: Callable[..., Result]) -> None:
    carbon, _ = drawn(call, "run", "-q", "plain.tonne", *SAMPLED)
    lines = {line.get_label(): line.get_xdata()[0] for line in carbon.get_lines()}
    assert lines == {"median": pytest.approx(150 * 1.1 * 0.05, rel=0.05), "point value": pytest.approx(5.5)}


def test_bars_have_the_values(call: Callable[..., Result]) -> None:
    carbon, energy = drawn(call, "sweep", "s.tonne", "bars")
    assert [bar.get_width() for bar in carbon.patches] == pytest.approx([6, 60])
    assert [bar.get_width() for bar in energy.patches] == pytest.approx([120, 120])
    panels = drawn(call, "run", "-q", "s.tonne")
    assert [[bar.get_width() for bar in panel.patches] for panel in panels] == [
        pytest.approx(v) for v in ([5.5, 55], [7500, 75_000], [2, 2])
    ]


# ── what is not drawn ──

REFUSALS: list[tuple[tuple[str, ...], str]] = [
    (("sweep", "s.tonne", "three"), "`three` varies 3 numbers (`r.it_energy`, `r.pue`, `scale`); a picture has one or two"),
    (("sweep", "s.tonne", "heats"), "`heats` would need 8 heat maps; show fewer values, or vary fewer choices"),
    (("sweep", "s.tonne"), "--plot draws one sweep; name one of: line, options, family, columns, heat, bars, three, heats"),
    (("run", "-q", "plain.tonne"), "plain.tonne has no optimum with a solution and no case, and was not sampled (`--draws N`), so there is nothing to draw"),
    (("run", "-q", "plain.tonne", "--draws", "100", "--set", "r.it_energy=1 MWh"), "nothing that is shown has a spread, so there is no distribution to draw"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message"), REFUSALS)
def test_what_cannot_be_drawn_says_why(call: Callable[..., Result], words: tuple[str, ...], message: str) -> None:
    before = sorted(Path().iterdir())
    done = call(*words, "--plot", "a.svg")
    assert done.exit_code == 2
    assert message in done.stderr
    assert sorted(Path().iterdir()) == before


def test_what_is_too_large_is_not_drawn(call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tonne.sweep_values.MOST_KEPT", 10)
    done = call("sweep", "s.tonne", "line", "--plot", "a.svg")
    assert done.exit_code == 2
    assert "`line` has 11 points, too many to draw; narrow a `vary`" in done.stderr


@pytest.mark.parametrize("command", [("run", "-q", "s.tonne"), ("sweep", "s.tonne", "line")])
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("a.gif", "`a.gif` names no format: end it in .svg, .png, .pdf"),
        ("a", "`a` names no format"),
        ("no/a.svg", "there is no folder `no`"),
    ],
)
def test_where_it_cannot_be_drawn(
    call: Callable[..., Result], command: tuple[str, ...], target: str, message: str
) -> None:
    done = call(*command, "--plot", target)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


def test_without_matplotlib_the_message_names_the_command(call: Callable[..., Result], tmp_path: Path) -> None:
    words = ["tonne", "sweep", "s.tonne", "line", "--plot", "a.svg"]
    program = f"import sys; sys.modules['matplotlib'] = None; sys.argv = {words!r}; from tonne.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert '--plot needs the package matplotlib: pip install "tonne[plot]"' in done.stderr
    assert not Path("a.svg").exists()


def test_an_old_picture_is_replaced_and_a_refusal_leaves_it(call: Callable[..., Result]) -> None:
    target = Path("a.svg")
    target.write_text("old", encoding="utf-8")
    assert call("sweep", "s.tonne", "three", "--plot", "a.svg").exit_code == 2
    assert target.read_text(encoding="utf-8") == "old"
    assert call("sweep", "s.tonne", "line", "--plot", "a.svg", "--out", "t.csv").exit_code == 0
    ElementTree.parse(io.BytesIO(target.read_bytes()))
    assert len(Path("t.csv").read_text(encoding="utf-8").splitlines()) == 12
