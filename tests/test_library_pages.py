"""The library's reference is the library: every instance, figure, field, unit and source has its place on a page."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tonne import library
from tonne.browse import entries
from tonne.citations import library_bibliography
from tonne.provenance import citations
from tonne.report.library_pages import data_modules, pages, parsed_module, words
from tonne.scenario import check
from tonne.syntax import tree

ROOT = Path(__file__).parent.parent
PAGES = pages()


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them."""
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def rows_of(page: str, heading: str) -> dict[str, str]:
    """The rows of the table below a heading, by their first cell."""
    part = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| .+$", part, re.MULTILINE)
    return {
        re.sub(r"\[(.*)\]\(.*\)|\\", r"\1", row.split(" | ")[0].strip("| `")).replace("\\", ""): row for row in rows
    }


@pytest.mark.parametrize("name", data_modules())
def test_every_instance_and_figure_is_on_the_page_of_its_module(name: str) -> None:
    found = entries(name)
    assert [e.name for e in found] == [
        s.name for s in parsed_module(name).statements if isinstance(s, tree.InstanceDeclaration)
    ]
    for entry in found:
        rows = rows_of(PAGES[f"{name}.md"], entry.name)
        assert words(entry.doc) in PAGES[f"{name}.md"]
        for fact in entry.facts:
            assert words(fact.written) in rows[fact.name]
            for citation in fact.provenance.citations if fact.provenance is not None else ():
                assert f"(sources.md#{citation.key})" in rows[fact.name]
                assert words(citation.locator or "") in rows[fact.name]
            assert fact.provenance is None or words(fact.provenance.assumed or "") in rows[fact.name]


@pytest.mark.parametrize("name", data_modules())
def test_facts_are_those_in_force_after_like_and_without(name: str) -> None:
    """Held against what the program itself resolves."""
    path = library.library_file(name)
    assert path is not None
    project = check(path).project
    assert project is not None
    assert {e.name: {f.name for f in e.facts} for e in entries(name)} == {
        i.name: set(i.bindings) for i in project.instances
    }


@pytest.mark.parametrize(
    ("page", "heading", "first", "cells"),
    [
        ("hardware.nvidia.md", "h100_sxm", "peak", ["989 TFLOP/s/device", "nvidia\\_h100", "BF16 Tensor Core, dense"]),
        ("grids.us.md", "quebec", "carbon_intensity", ["20 gCO2e/kWh"]),
        ("grids.earlier.world.md", "france_2023", "period", ["2023"]),
        ("models.llama.md", "llama_13b_training", "power", ["400 W/device", "table 15, TDP"]),  # like llama_7b_training
        ("models.llama.md", "llama_13b_training", "hardware", ["(hardware.nvidia.md#a100_sxm_80gb)"]),
        ("models.llama.md", "llama_13b_training", "model", ["[llama\\_13b](#llama_13b)"]),
        ("models.llama.md", "Every run", "llama_13b_training", ["| 0.385 |", "| 135\\_168 |"]),
        ("kinds.md", "run", "utilization", ["`%`", "`0% .. 100%`", "`throughput / peak`", "MFU over all billed device-time"]),
        ("kinds.md", "run", "it_energy", ["`0 MWh ..`", "`energy / pue`<br>or `power * device_time`"]),
        ("kinds.md", "run", "grid", ["[grid](#grid)", "`facility.grid`"]),
        ("kinds.md", "run", "flop_per_parameter", ["[kaplan2020](sources.md#kaplan2020), section 2.1"]),
        ("kinds.md", "model", "parameters", ["usual `1M param .. 10T param`", "*assumed:* from small research models"]),
        ("kinds.md", "facility", "pue", ["enters a result once"]),
        ("units.md", "Energy", "Wh", ["watt-hour", "`3600 J`", "every SI prefix"]),
        ("units.md", "Carbon", "tCO2e", ["`1e6 gCO2e`", "`k` `M` `G`", "`tCO2eq`"]),
    ],
)  # fmt: skip
def test_a_row(page: str, heading: str, first: str, cells: list[str]) -> None:
    row = rows_of(PAGES[page], heading)[first]
    assert [cell for cell in cells if cell not in row] == []


def test_every_field_of_every_core_kind_and_every_unit_has_a_row() -> None:
    for kind in (s for s in parsed_module("core.kinds").statements if isinstance(s, tree.KindDeclaration)):
        rows = rows_of(PAGES["kinds.md"], kind.name)
        assert set(rows) - {"field", "---"} == {f.name for f in kind.fields}
        formulas = [" ".join(v.expr.span.text.split()) for f in kind.fields for v in f.alternatives]
        assert [f for f in formulas if f"`{f}`" not in PAGES["kinds.md"]] == []
    units = [s.word for s in parsed_module("core.units").statements if isinstance(s, tree.UnitDeclaration)]
    assert [u for u in units if f"| `{u}` |" not in PAGES["units.md"]] == []


def test_every_cited_key_is_on_the_page_of_sources() -> None:
    cited = {
        citation.key for name in library.library_modules() for citation in citations(parsed_module(name).statements)
    }
    assert len(cited) > 40
    assert cited <= set(library_bibliography().entries)
    assert cited <= anchors(PAGES["sources.md"])
    assert "[arXiv:2001.08361](https://arxiv.org/abs/2001.08361)" in PAGES["sources.md"]
    assert "Cited in [kinds](kinds.md)." in PAGES["sources.md"]
    assert (
        "Jared Kaplan, Sam McCandlish, Tom Henighan et al. *Scaling Laws for Neural Language Models*. 2020."
        in PAGES["sources.md"]
    )


@pytest.mark.parametrize("name", PAGES)
def test_links_between_the_pages_hold(name: str) -> None:
    links = re.findall(r"\]\(([\w.]*\.md)?(?:#([^)\s]*))?\)", PAGES[name])
    assert links or name == "units.md"
    assert [(p, a) for p, a in links if a and a not in anchors(PAGES[p or name])] == []


def test_a_name_of_the_library_is_used_as_its_page_says(tmp_path: Path) -> None:
    for name in data_modules():
        (use,) = re.findall(r"```tonne\n(.+)\n```", PAGES[f"{name}.md"])
        path = tmp_path / f"{name}.tonne"
        path.write_text(f"{use}\nlet all = [{use.split()[-2]}]\n", encoding="utf-8")
        assert [d.title for d in check(path).diagnostics] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b*c", "a\\_b\\*c"),
        ("as `a_b` is", "as `a_b` is"),
        ("one ` alone_", "one \\` alone\\_"),
        ("a|b <c>", "a\\|b \\<c\\>"),
    ],
)
def test_words_are_read_as_they_are(text: str, shown: str) -> None:
    assert words(text) == shown


# ── the site's pages ──

STAGE = runpy.run_path(str(ROOT / "docs" / "site" / "stage.py"))


def test_every_page_is_in_the_navigation_and_every_relative_link_holds() -> None:
    made = STAGE["gathered"]()
    below = {
        (Path(page).parent / line).as_posix()
        for page, text in made.items()
        for toctree in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
        for line in toctree.split("\n")
        if line and not line.startswith(":")
    }
    assert set(made) - below == {"index.md"}
    for page, text in made.items():
        for target in re.findall(
            r"\]\(([^)\s#:]+\.md)", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        ):
            path = (ROOT / "x" / page).parent / target
            assert path.resolve().relative_to(ROOT / "x").as_posix() in made, f"{page}: {target}"


def test_a_link_to_what_is_not_on_the_site_is_refused() -> None:
    linked, where = STAGE["_linked"], STAGE["places"]()
    assert linked("[a](../CONTRIBUTING.md#set-up)", "docs/library.md", where) == "[a](contributing.md#set-up)"
    assert linked("[a](../llama3.tonne)", "scenarios/published/section55.md", where) == "[a](../llama3.md)"
    assert linked("```text\n[a](nowhere.md)\n```", "docs/library.md", where) == "```text\n[a](nowhere.md)\n```"
    with pytest.raises(SystemExit, match=r"docs/library.md: nowhere.md is not on the site"):
        linked("[a](nowhere.md)", "docs/library.md", where)


def test_what_has_not_changed_is_left_alone(tmp_path: Path) -> None:
    STAGE["write"](tmp_path)
    times = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.md")}
    (tmp_path / "errors" / "Z999.md").write_text("old\n", encoding="utf-8")
    (tmp_path / "index.md").write_text("edited\n", encoding="utf-8")
    STAGE["write"](tmp_path)
    changed = {p.name for p, time in times.items() if p.stat().st_mtime_ns != time}
    assert changed == {"index.md"}
    assert not (tmp_path / "errors" / "Z999.md").exists()
