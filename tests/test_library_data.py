"""The standard library's data: every number cites a source, every source is used, and figures agree with tables kept beside the tests."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tonne import library
from tonne.citations import library_bibliography
from tonne.scenario import Evaluated, check, evaluate
from tonne.syntax import tree
from tonne.values import Record

DATA = Path(__file__).parent / "data"
MODULES = library.library_modules()


def file_of(module: str) -> Path:
    path = library.library_file(module)
    assert path is not None
    return path


@cache
def of(module: str) -> Evaluated:
    return evaluate(file_of(module))


def value(module: str, instance: str, field: str) -> float | None:
    """A field of an instance in its kind's unit; None where nothing determines it."""
    run = of(module).run
    assert run is not None
    (state,) = (s for s in run.model.own_states() if s.instance.name == instance)
    unit = state.instance.kind.fields[field].unit
    node = state.nodes.get(field)
    if node is None or run.value(node) is None:
        return None
    assert unit is not None
    return float(run.in_unit(node, unit))


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ── no number without a source ──

NUMBER = re.compile(r"(?P<number>[^\"]*?=\s*[\d(][^\"]*?)\s+(?:from|assumed)\b.*?(?P<end>\s*}?)$")


def without_sources(text: str) -> tuple[str, list[int]]:
    """The text with no clause behind a number, and the lines (from 1) that now have a number without one."""
    lines, bare = [], []
    for number, line in enumerate(text.splitlines(), 1):
        found = NUMBER.match(line)
        if found:
            bare.append(number)
            line = found["number"] + found["end"]
        elif re.match(r"\s+(from|assumed) ", line):
            line = ""
        lines.append(line)
    return "\n".join(lines) + "\n", bare


@pytest.mark.parametrize("module", [m for m in MODULES if m != "core.units"])
def test_a_number_that_loses_its_source_is_found(module: str, tmp_path: Path) -> None:
    text, bare = without_sources(file_of(module).read_text(encoding="utf-8"))
    path = tmp_path / "mutated.tonne"
    path.write_text(text, encoding="utf-8")
    assert bare
    assert [d.span.line for d in check(path).diagnostics if d.code == "P301"] == bare


# ── the bibliography ──


def citations(node: object) -> Iterator[tree.Citation]:
    """Every citation below a node of the syntax tree, wherever it stands."""
    if isinstance(node, tree.Citation):
        yield node
    elif isinstance(node, tuple | list):
        for one in node:
            yield from citations(one)
    elif isinstance(node, Record):
        for name in node.__struct_fields__:
            yield from citations(getattr(node, name))


def test_the_bibliography_is_the_sources_that_are_used() -> None:
    used = set()
    for module in MODULES:
        project = check(file_of(module)).project
        assert project is not None
        used |= {citation.key for citation in citations(project.entry.module.statements)}
    assert used == set(library_bibliography().entries)


def test_a_source_says_what_it_is_and_where() -> None:
    for key, source in library_bibliography().entries.items():
        assert source.fields.get("title"), key
        assert source.fields.get("year") or "Undated" in source.fields.get("note", ""), key
        assert any(source.fields.get(name) for name in ("url", "doi", "eprint")), key


def test_each_source_stands_once_and_can_be_read() -> None:
    text = (library.library_root() / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,\s]+),", text, re.MULTILINE)
    assert sorted(keys) == sorted(library_bibliography().entries)


# ── accelerators ──

COLUMNS = {"bf16_fp16_dense_tflops": "peak", "power_w": "power", "memory_gb": "memory", "embodied_kgco2e": "embodied"}
ACCELERATORS = {
    "NVIDIA P100": ("hardware.nvidia", "p100"),
    "NVIDIA V100 SXM2": ("hardware.nvidia", "v100_sxm2"),
    "NVIDIA A100 SXM4 40GB": ("hardware.nvidia", "a100_sxm_40gb"),
    "NVIDIA A100 SXM4 80GB": ("hardware.nvidia", "a100_sxm_80gb"),
    "NVIDIA A100 PCIe 40GB": ("hardware.nvidia", "a100_pcie_40gb"),
    "NVIDIA A100 PCIe 80GB": ("hardware.nvidia", "a100_pcie_80gb"),
    "NVIDIA H100 SXM5": ("hardware.nvidia", "h100_sxm"),
    "NVIDIA H100 PCIe": ("hardware.nvidia", "h100_pcie"),
    "NVIDIA H100 NVL": ("hardware.nvidia", "h100_nvl"),
    "NVIDIA H800 SXM": ("hardware.nvidia", "h800_sxm"),
    "NVIDIA H200 SXM": ("hardware.nvidia", "h200_sxm"),
    "NVIDIA B200 SXM": ("hardware.nvidia", "b200_sxm"),
    "NVIDIA GB200 (per GPU)": ("hardware.nvidia", "gb200"),
    "NVIDIA GH200": ("hardware.nvidia", "gh200_141gb"),
    "NVIDIA L40S": ("hardware.nvidia", "l40s"),
    "NVIDIA T4": ("hardware.nvidia", "t4"),
    "AMD MI250X": ("hardware.amd", "mi250x"),
    "AMD MI300X": ("hardware.amd", "mi300x"),
    "AMD MI325X": ("hardware.amd", "mi325x"),
    "AMD MI355X": ("hardware.amd", "mi355x"),
    "Google TPU v2": ("hardware.google", "tpu_v2"),
    "Google TPU v3": ("hardware.google", "tpu_v3"),
    "Google TPU v4": ("hardware.google", "tpu_v4"),
    "Google TPU v5e": ("hardware.google", "tpu_v5e"),
    "Google TPU v5p": ("hardware.google", "tpu_v5p"),
    "Google TPU v6e (Trillium)": ("hardware.google", "tpu_v6e"),
    "Google TPU v7x (Ironwood)": ("hardware.google", "tpu_v7x"),
}
OTHERWISE = {
    ("NVIDIA V100 SXM2", "power"): (325, "the row has the TDP, the library the measured system average"),
    ("NVIDIA V100 SXM2", "memory"): (None, "sold with 16 or 32 GB"),
    ("NVIDIA GH200", "memory"): (141, "the row lists both sizes; the other one is gh200_96gb"),
    ("Google TPU v2", "power"): (221, "the row has the TDP, the library the measured system average"),
    ("Google TPU v3", "power"): (283, "the row has the TDP, the library the measured system average"),
    ("AMD MI325X", "peak"): (1307.4, "the row is rounded to 1300"),
}


def cells() -> Iterator[tuple[str, str, str]]:
    for row in table("hardware.csv"):
        for column, field in COLUMNS.items():
            if row[column]:
                yield row["name"], field, row[column]


def test_each_row_of_the_table_is_in_the_library() -> None:
    assert {row["name"] for row in table("hardware.csv")} == set(ACCELERATORS)
    assert set(OTHERWISE) <= {(name, field) for name, field, _ in cells()}


@pytest.mark.parametrize(("name", "field", "cell"), list(cells()))
def test_an_accelerator_agrees_with_the_table(name: str, field: str, cell: str) -> None:
    found = value(*ACCELERATORS[name], field)
    if (name, field) in OTHERWISE:
        expected, why = OTHERWISE[name, field]
        assert found == expected, why
        assert cell != f"{found:g}" if found is not None else True, "the exception is needed no more"
    else:
        assert found == pytest.approx(float(cell), rel=1e-12)


# ── models and their training ──


@pytest.mark.parametrize("row", table("models.csv"), ids=lambda row: row["name"])
def test_a_model_agrees_with_the_table(row: dict[str, str]) -> None:
    module, name = f"models.{row['module']}", row["name"]
    active = row["active_parameters"] or row["parameters"]
    assert value(module, name, "parameters") == pytest.approx(float(row["parameters"]), rel=1e-5)
    assert value(module, name, "active_parameters") == pytest.approx(float(active), rel=1e-5)
    for column, field in (("tokens", "tokens"), ("device_hours", "device_time")):
        if row[column]:
            assert value(module, f"{name}_training", field) == pytest.approx(float(row[column]), rel=1e-9)


@pytest.mark.parametrize(
    ("module", "run", "field", "printed", "digit"),
    [  # what nobody bound follows from what is bound, and is what the source prints, to half of its last digit or 0.5 %
        ("models.llama", "llama_7b_training", "co2e", 14, 1),
        ("models.llama", "llama_13b_training", "co2e", 23, 1),
        ("models.llama", "llama_33b_training", "co2e", 90, 1),
        ("models.llama", "llama_65b_training", "co2e", 173, 1),
        ("models.gpt", "gpt_3_training", "energy", 1287, 1),  # arXiv:2104.10350, table 4
        ("models.gpt", "gpt_3_training", "co2e", 552.1, 0.1),
        ("models.gpt", "gpt_3_training", "compute", 3.14e23, 1e21),
        ("models.google", "t5_11b_training", "energy", 85.7, 0.1),
        ("models.google", "t5_11b_training", "co2e", 46.7, 0.1),
        ("models.google", "meena_training", "energy", 232, 1),
        ("models.google", "meena_training", "co2e", 96.4, 0.1),
        ("models.google", "lamda_training", "energy", 451, 1),  # arXiv:2201.08239, section 10
        ("models.google", "gopher_training", "it_energy", 1066, 1),  # arXiv:2309.03852, table 3
        ("models.bloom", "bloom_training", "it_energy", 433.196, 0.001),  # arXiv:2211.02001, table 1
        ("models.bloom", "bloom_training", "co2e", 30, 1),  # arXiv:2211.02001, table 4
        ("models.deepseek", "deepseek_v3_training", "cost", 5.576e6, 1e3),  # arXiv:2412.19437, table 1
        ("models.starcoder", "starcoderbase_training", "it_energy", 89.67168, 1e-5),  # arXiv:2305.06161, section 5.7
        ("models.olmo", "olmo_2_7b_training", "energy", 157, 1),  # arXiv:2503.05804, table 2
    ],
)
def test_what_follows_is_what_the_source_prints(
    module: str, run: str, field: str, printed: float, digit: float
) -> None:
    assert value(module, run, field) == pytest.approx(printed, abs=digit / 2, rel=0.005)


def test_a_published_run_is_moved_to_another_grid(tmp_path: Path) -> None:
    path = tmp_path / "moved.tonne"
    path.write_text(
        "use grids.us { quebec }\n"
        "use models.llama { llama_3_1_405b, llama_3_1_405b_training }\n\n"
        "run moved like llama_3_1_405b_training {\n"
        "  without co2e, market_co2e\n"
        "  grid = quebec\n"
        '  pue  = 1.1  assumed "a hyperscale data centre"\n'
        "}\n\n"
        "show llama_3_1_405b.parameters, llama_3_1_405b_training.co2e, moved.co2e, moved.utilization\n",
        encoding="utf-8",
    )
    evaluated = evaluate(path)
    assert [(d.code, d.title) for d in evaluated.diagnostics] == []
    run = evaluated.run
    assert run is not None
    (state,) = (s for s in run.model.own_states() if s.instance.name == "moved")
    unit = state.instance.kind.fields["co2e"].unit
    assert unit is not None
    assert run.in_unit(state.nodes["co2e"], unit) == pytest.approx(30.84e6 * 0.7 * 1.1 * 20 / 1e6)
