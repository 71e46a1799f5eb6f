"""Diagnostics that a page cannot show: they need a setting, another command, a file that is none, or a link."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tonne.diagnostic import Diagnostic
from tonne.scenario import Evaluated, evaluate
from tonne.sources import unused_sources
from tonne.syntax.changes import not_formatted
from tonne.syntax.format import format_text

RUN = """run pretrain {
  energy           = 318 MWh         from "the meter's log"
  carbon_intensity = 400 gCO2e/kWh   from "the grid operator, 2025"
}
show pretrain.co2e
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is also the working folder."""
    (tmp_path / "tonne.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scenario(folder: Path, text: str = RUN, settings: str = "", name: str = "scenario.tonne") -> Evaluated:
    (folder / "tonne.toml").write_text(settings, encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return evaluate(folder / name)


def only(result: Evaluated) -> Diagnostic:
    """The one diagnostic that there is."""
    assert len(result.diagnostics) == 1, [(d.code, d.title) for d in result.diagnostics]
    return result.diagnostics[0]


# ── S109: limits ──


def test_a_file_over_the_limit_of_bytes(project: Path) -> None:
    text = RUN + "# a comment\n" * 2000  # above the size of the core's files
    one = only(scenario(project, text, "[limits]\nfile-bytes = 20000\n"))
    assert one.code == "S109"
    assert one.title == f"`scenario.tonne` has {len(text):,} bytes; the limit is 20,000"
    assert one.help == "split it with `use`, or raise `[limits] file-bytes` in tonne.toml"


def test_a_file_at_the_limit_of_bytes(project: Path) -> None:
    text = RUN + "# a comment\n" * 2000
    assert not scenario(project, text, f"[limits]\nfile-bytes = {len(text)}\n").diagnostics
    assert only(scenario(project, text, f"[limits]\nfile-bytes = {len(text) - 1}\n")).code == "S109"


def test_the_limit_of_bytes_is_not_for_the_library(project: Path) -> None:
    assert not scenario(project, RUN, "[limits]\nfile-bytes = 1000\n").diagnostics


def test_operations_nested_over_the_limit(project: Path) -> None:
    text = "let x = 1" + " ^ 1" * 12 + "\nshow x\n"
    one = only(scenario(project, text, "[limits]\nnesting = 10\n"))
    assert (one.code, one.span.line) == ("S109", 1)
    assert "nested more than 10 deep" in one.title
    assert "`let`" in one.help


def test_brackets_nested_over_the_limit(project: Path) -> None:
    text = "let x = " + "(" * 12 + "1" + ")" * 12 + "\nlet y = 2\nshow y\n"
    one = only(scenario(project, text, "[limits]\nnesting = 10\n"))
    assert (one.code, one.span.line, one.span.column) == ("S109", 1, 19)
    assert one.title == "brackets are nested more than 10 deep"


def test_brackets_nested_within_the_limit(project: Path) -> None:
    text = "let x = " + "(" * 10 + "1" + ")" * 10 + "\nshow x\n"
    assert not scenario(project, text, "[limits]\nnesting = 10\n").diagnostics


def test_a_long_sum_is_not_deep(project: Path) -> None:
    text = "let x = 1" + " + 1" * 500 + "\nshow x\n"
    assert not scenario(project, text, "[limits]\nnesting = 10\n").diagnostics


def test_the_default_limit_of_nesting(project: Path) -> None:
    assert not scenario(project, "let x = " + "(" * 200 + "1" + ")" * 200 + "\nshow x\n").diagnostics
    assert only(scenario(project, "let x = " + "(" * 201 + "1" + ")" * 201 + "\n")).code == "S109"


@pytest.mark.parametrize("repeated", ["-", " + 1", "abs(1) * ", "1, ", '"', "#", "x "])
def test_what_repeats_ends_soon(project: Path, repeated: str) -> None:
    found = scenario(project, "let x = 1" + repeated * 20_000).diagnostics
    count = len(found)
    assert count <= 2


@pytest.mark.parametrize("text", ["let x = 1" + " ^ 1" * 2_000, "let x = 2 * " + "-" * 3_000 + "1"])
def test_operations_far_over_the_limit_of_nesting(project: Path, text: str) -> None:
    assert only(scenario(project, text)).code == "S109"


@pytest.mark.parametrize("bracket", ["(", "[", "{", "sum("])
def test_brackets_that_repeat_are_reported_once(project: Path, bracket: str) -> None:
    found = scenario(project, "let x = " + bracket * 2_000).diagnostics
    count = len(found)
    assert count <= 2


def test_more_files_than_the_limit(project: Path) -> None:
    for i in range(6):
        (project / f"site{i}.tonne").write_text(
            f'grid site{i} {{ carbon_intensity = 400 gCO2e/kWh from "the grid operator" }}\n', encoding="utf-8"
        )
    uses = "".join(f'use "./site{i}" {{ site{i} }}\n' for i in range(6))
    runs = "".join(f"run run{i} {{ grid = site{i} }}\n" for i in range(6))
    found = scenario(project, uses + runs, "[limits]\nfiles = 5\n").diagnostics
    assert [(d.code, d.title) for d in found] == [("S109", "this scenario uses more than 5 files")]
    assert not scenario(project, uses + runs, "[limits]\nfiles = 9\n").diagnostics


def test_more_operations_than_the_limit(project: Path) -> None:
    copies = "".join(f"run copy{i} like pretrain {{ }}\n" for i in range(100))
    one = only(scenario(project, RUN + copies, "[limits]\nnodes = 50\n"))
    assert (one.code, one.title) == ("S109", "this scenario has more than 50 operations")
    assert one.help == "raise `[limits] nodes` in tonne.toml"


def test_as_many_operations_as_there_are_by_default(project: Path) -> None:
    copies = "".join(f"run copy{i} like pretrain {{ }}\n" for i in range(100))
    assert not scenario(project, RUN + copies).diagnostics


# ── P304: what to take instead of a grid of another time ──


@pytest.mark.parametrize(
    ("grid", "year", "said"),
    [
        ("use grids.earlier.africa { kenya_2023 }", 2027, "`use grids.africa { kenya }` is the same place in 2024"),
        ("use grids.africa { kenya }", 2021, "`use grids.earlier.africa { kenya_2023 }` is the same place in 2023"),
        ("grid kenya_2015 {\n  period = 2015\n}", 2023, "`use grids.earlier.africa { kenya_2023 }` is the same place in 2023"),
        ("use grids.africa { kenya }", 2027, 'take figures of 2027, or accept these with `allow P304 "why"` on the line of `grid`'),
        ("grid here_2015 {\n  period = 2015\n}\ngrid here {\n  period = 2024\n}", 2023, "`here` is the same place in 2024"),
    ],
)  # fmt: skip
def test_the_help_names_the_place_at_a_nearer_time(project: Path, grid: str, year: int, said: str) -> None:
    name = re.search(r"\{ (\w+) \}|grid (\w+)", grid)
    assert name is not None
    text = f'{grid}\nrun a {{\n  period = {year}\n  grid   = {name[1] or name[2]}\n  energy = 3 MWh   from "x"\n}}\nshow a.energy\n'
    one = only(scenario(project, text))
    assert (one.code, one.help) == ("P304", said)


# ── L603: settings ──


@pytest.mark.parametrize(
    ("settings", "title", "said"),
    [
        ('[severities]\nunsourced-numbers = "error"\n', "there is no diagnostic `unsourced-numbers`", "docs/errors"),
        ('[severities]\nP999 = "error"\n', "there is no diagnostic `P999`", "docs/errors"),
        ('[severities]\nunsourced-number = "fatal"\n', "`fatal` is no severity", "`warning`"),
        ('[severities]\nunknown-name = "note"\n', "`unknown-name` is an error and stays one", "turned off"),
        ('[severities]\nD201 = "off"\n', "`D201` is an error and stays one", "turned off"),
        ("[limits]\ndepth = 3\n", "there is no limit `depth`", "nesting"),
        ("[limits]\nnesting = 0\n", "the limit `nesting` is a whole number above zero", "nesting = 1000"),
        ("[limits]\nnesting = true\n", "the limit `nesting` is a whole number above zero", "nesting = 1000"),
        ("[limits]\nnesting = 2.5\n", "the limit `nesting` is a whole number above zero", "nesting = 1000"),
        ("[units]\nday = 24\n", "tonne.toml has no `units`", "`[limits]`"),
        ("severities = 3\n", "tonne.toml has no `severities`", "`[limits]`"),
        ("[severities\n", "tonne.toml cannot be read", "TOML"),
    ],
)
def test_a_setting_that_is_not_known(project: Path, settings: str, title: str, said: str) -> None:
    result = scenario(project, RUN, settings)
    one = only(result)
    assert one.code == "L603"
    assert one.title.startswith(title)
    assert said in one.help
    assert one.span.source.name == "tonne.toml"
    assert result.run is not None, "the scenario is evaluated all the same"


def test_each_setting_is_looked_at_by_itself(project: Path) -> None:
    settings = '[severities]\nno-such = "off"\nunsourced-number = "off"\n[limits]\nno-limit = 1\n'
    result = scenario(project, RUN.replace('from "the meter\'s log"', ""), settings)
    assert [(d.code, d.span.line) for d in result.diagnostics] == [("L603", 2), ("L603", 5)]


@pytest.mark.parametrize(("word", "severity"), [("unsourced-number", "error"), ("P301", "note"), ("P301", "off")])
def test_severities_by_name_and_by_code(project: Path, word: str, severity: str) -> None:
    text = RUN.replace('from "the meter\'s log"', "")
    found = scenario(project, text, f'[severities]\n{word} = "{severity}"\n').diagnostics
    assert [d.severity.value for d in found] == [severity][: severity != "off"]


# ── L604: files ──


def test_a_file_that_is_not_there(project: Path) -> None:
    one = only(evaluate(project / "sites.tonne"))
    assert (one.code, one.title, one.help) == ("L604", "there is no file `sites.tonne`", "check the path")


def test_a_folder(project: Path) -> None:
    (project / "folder.tonne").mkdir()
    one = only(evaluate(project / "folder.tonne"))
    assert (one.code, one.title) == ("L604", "`folder.tonne` is not a file")


def test_a_file_that_is_not_utf_8(project: Path) -> None:
    (project / "latin.tonne").write_bytes(b"# caf\xe9\n" + RUN.encode())
    one = only(evaluate(project / "latin.tonne"))
    assert (one.code, one.help) == ("L604", "save it as UTF-8")
    assert one.title == "`latin.tonne` is not UTF-8 text: byte 5 cannot be read"


def test_a_file_that_may_not_be_read(project: Path) -> None:
    closed = project / "closed.tonne"
    closed.write_text(RUN, encoding="utf-8")
    closed.chmod(0)
    if os.geteuid() == 0:  # nothing is forbidden to the administrator but to read a process's memory from its start
        closed = Path("/proc/self/mem")
    one = only(evaluate(closed))
    assert (one.code, one.help) == ("L604", "check its permissions")


def test_a_used_file_that_is_not_utf_8_is_said_once(project: Path) -> None:
    (project / "site.tonne").write_bytes(b'grid site { carbon_intensity = 4 gCO2e/kWh from "caf\xe9" }\n')
    text = 'use "./site" { site }\nrun pretrain {\n  grid = site\n}\n'
    one = only(scenario(project, text))
    assert (one.code, one.span.source.name) == ("L604", "site.tonne")


@pytest.mark.parametrize("text", ["\ufeff" + RUN, RUN.replace("\n", "\r\n"), RUN.replace("\n", "\r")])
def test_marks_and_line_ends_of_other_systems(project: Path, text: str) -> None:
    (project / "scenario.tonne").write_bytes(text.encode())
    assert not evaluate(project / "scenario.tonne").diagnostics


def test_a_null_byte_does_not_stop_it(project: Path) -> None:
    assert scenario(project, RUN + "\0").checked.has_errors


# ── N118: links ──


@pytest.mark.parametrize(
    "target", ["../outside", "../outside.tonne", "./../project/../outside", "/etc/hostname", "link", "folder/outside"]
)
def test_a_file_outside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "outside.tonne").write_text('grid site { carbon_intensity = 4 gCO2e/kWh from "x" }\n')
    (inside / "link.tonne").symlink_to(tmp_path / "outside.tonne")
    (inside / "folder").symlink_to(tmp_path)
    monkeypatch.chdir(inside)
    one = only(scenario(inside, f'use "{target}" {{ site }}\nrun pretrain {{\n  grid = site\n}}\n'))
    assert (one.code, one.title) == ("N118", f"`{target}` is outside the project")
    assert (one.span.line, one.span.column) == (1, 5)


def test_a_bibliography_outside_the_project(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "own.bib").write_text("@misc{a, title = {A}}\n")
    one = only(scenario(inside, 'bibliography "../own.bib"\nrun r {\n  pue = 1.1 from a\n}\n'))
    assert one.code == "N118"


def test_a_link_within_the_project(project: Path) -> None:
    (project / "sites").mkdir()
    (project / "sites" / "one.tonne").write_text('grid site { carbon_intensity = 4 gCO2e/kWh from "x" }\n')
    (project / "link.tonne").symlink_to(project / "sites" / "one.tonne")
    assert not scenario(project, 'use "./link" { site }\nrun pretrain {\n  grid = site\n}\n').diagnostics


def test_the_project_is_the_nearest_folder_with_settings(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "outer" / "site.tonne").write_text('grid site { carbon_intensity = 4 gCO2e/kWh from "x" }\n')
    (tmp_path / "outer" / "tonne.toml").touch()
    text = 'use "../site" { site }\nrun pretrain {\n  grid = site\n}\n'
    (inner / "scenario.tonne").write_text(text)
    assert not evaluate(inner / "scenario.tonne").diagnostics
    assert only(scenario(inner, text)).code == "N118"


# ── P307: entries of a bibliography ──


def test_a_broken_entry_is_said_once_and_its_neighbours_are_read(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "x.bib").write_text(
        "@misc{good, title={a}}\n@article{broken,\n title={b\n}\n@misc{after, title={c}}\n@misc{good, title={\x1b[31md}}\n",
        encoding="utf-8",
    )
    text = (
        'bibliography "x.bib"\nrun r {\n  energy = 3 MWh from good\n  pue = 1.2 from broken\n'
        "  carbon_intensity = 400 gCO2e/kWh from after\n}\nshow r.co2e\n"
    )
    found = scenario(project, text).diagnostics
    assert [(d.code, d.span.line, d.span.source.name.endswith("x.bib")) for d in found] == [
        ("P307", 2, True),
        ("P307", 6, True),
    ]
    assert "`broken` cannot be read" in found[0].title
    assert "`good` stands twice" in found[1].title
    assert capfd.readouterr().err == ""  # the reader of BibTeX says nothing by itself


def test_a_broken_entry_s_key_is_not_reported_again(project: Path) -> None:
    (project / "x.bib").write_text("@misc{a, title = {A}}\n@misc{b, title {B}}\n", encoding="utf-8")
    found = scenario(project, 'bibliography "x.bib"\nrun r {\n  pue = 1.2 from b\n}\nshow r.pue\n').diagnostics
    assert [(d.title, d.is_error) for d in found] == [("`b` cannot be read: no `=` after `title`", True)]


def test_an_unreadable_entry_that_nobody_cites_stays_a_warning(project: Path) -> None:
    (project / "x.bib").write_text("@misc{a, title = {A}}\n@misc{b, title {B}}\n", encoding="utf-8")
    one = only(scenario(project, 'bibliography "x.bib"\nrun r {\n  pue = 1.2 from a\n}\nshow r.pue\n'))
    assert (one.code, one.is_error) == ("P307", False)


def test_a_cited_entry_that_is_unreadable_cannot_be_turned_off(project: Path) -> None:
    (project / "x.bib").write_text("@misc{a, title {A}}\n@misc{b, title {B}}\n", encoding="utf-8")
    text = 'bibliography "x.bib"\nrun r {\n  pue = 1.2 from a\n}\nshow r.pue\n'
    one = only(scenario(project, text, '[severities]\nunreadable-source = "off"\n'))
    assert one.title.startswith("`a` cannot be read")


def test_an_entry_without_its_at_is_pointed_at_where_it_is_cited(project: Path) -> None:
    (project / "x.bib").write_text(
        "@misc{a, title = {A}}\n\n  article{b,\n  title = {B}\n}\nmisc{c, title = {C}}\n", encoding="utf-8"
    )
    one = only(scenario(project, 'bibliography "x.bib"\nrun r {\n  pue = 1.2 from b\n}\nshow r.pue\n'))
    assert (one.code, one.title, one.help) == (
        "P307",
        "`b` cannot be read: no `@` before `article`",
        "write `@article{b,`",
    )
    assert (one.span.line, one.span.column, one.span.text, one.is_error) == (3, 3, "article", True)


def test_a_key_with_a_blank_is_not_proposed(project: Path) -> None:
    (project / "x.bib").write_text("@misc{grid 2024, title = {G}}\n@misc{a, title = {A}}\n", encoding="utf-8")
    found = scenario(project, 'bibliography "x.bib"\nrun r {\n  pue = 1.2 from grid_2024\n}\nshow r.pue\n').diagnostics
    assert [(d.code, d.span.text) for d in found] == [("P302", "grid_2024"), ("P307", "grid 2024")]
    assert "grid 2024" not in found[0].help
    assert found[1].help == "a key has no blank: write `grid_2024`"


# ── P309: a bibliography that is none ──


def test_a_bibliography_of_another_format_is_one_error(project: Path) -> None:
    (project / "x.bib").write_text("TY  - JOUR\nTI  - The grid operator's report\nER  - \n", encoding="utf-8")
    one = only(scenario(project, 'bibliography "x.bib"\nrun r {\n  pue = 1.2 from a, b\n}\nshow r.pue\n'))
    assert (one.code, one.help) == ("P309", "export the sources as BibTeX, and name that file")
    assert one.title.endswith("x.bib` is RIS, not BibTeX")


# ── P303: a source that says nothing ──


@pytest.mark.parametrize("field", ["title", "booktitle", "url", "doi", "eprint"])
def test_a_source_without_title_and_address(project: Path, field: str) -> None:
    value = {"url": "https://a.org/b", "doi": "10.1000/1", "eprint": "2104.10350"}.get(field, "T")
    (project / "x.bib").write_text(
        f"@misc{{bare, author = {{A, B}},\n year = 2020}}\n@misc{{whole, {field} = {{{value}}}}}\n@misc{{other}}\n",
        encoding="utf-8",
    )
    text = 'bibliography "x.bib"\nrun r {\n  energy = 3 MWh from bare\n  pue = 1.2 from whole, bare\n}\nshow r.energy\n'
    (one,) = scenario(project, text).diagnostics  # of `other`, which nothing cites, nothing is said
    assert (one.code, one.title, one.span.line) == ("P303", "source `bare` has neither title nor url", 1)
    assert one.help == "add `title = {…}`, or its `doi`, `eprint` or `url`"


# ── P305: sources that support nothing, which `tonne sources` alone says ──


def test_a_source_that_supports_nothing(project: Path) -> None:
    entries = [f"@misc{{{key}, title = {{T}}}}" for key in ("meter2024", "grid2024", "old2019")]
    (project / "x.bib").write_text("\n".join(entries), encoding="utf-8")
    text = (
        'bibliography "x.bib"\nrun r {\n  energy = 3 MWh from meter2024\n  pue = 1.2 from grid2024\n}\nshow r.energy\n'
    )
    result = scenario(project, text)
    assert not result.diagnostics
    assert result.checked.project is not None
    (one,) = unused_sources([result.checked.project])
    assert (one.code, one.title, one.span.line, one.help) == (
        "P305",
        "`old2019` supports no number",
        3,
        "cite or remove",
    )
    (project / "x.bib").write_text("\n".join([*entries, "@misc{other, title = {T}}"]), encoding="utf-8")
    result = scenario(
        project, text
    )  # no more than half of its entries are cited: it is the bibliography of something else
    assert result.checked.project is not None
    assert unused_sources([result.checked.project]) == []


# ── L601: lines that are not in standard form ──


def test_each_stretch_that_is_not_in_standard_form_is_said_once() -> None:
    text = "let a = 1\n  let b=2\n  let c=3\nlet d = 4\nshow a ,b\n"
    found = not_formatted(text, format_text(text, "x.tonne"), "tonne fmt x.tonne")
    assert {d.code for d in found} == {"L601"}
    assert [(d.title, d.span.text) for d in found] == [
        ("line 2 is not in standard form", "  let b=2"),
        ("line 5 is not in standard form", "show a ,b"),
    ]
    assert {d.help for d in found} == {"tonne fmt x.tonne"}


def test_a_file_in_standard_form_has_nothing_to_say() -> None:
    text = "let a = 1\n\nshow a\n"
    assert not_formatted(text, format_text(text, "x.tonne"), "tonne fmt x.tonne") == []


def test_a_folder_in_place_of_a_bibliography(project: Path) -> None:
    (project / "refs.bib").mkdir()
    (project / "refs.bib" / "x.bib").write_text("@misc{a, title = {A}}\n", encoding="utf-8")
    one = only(scenario(project, 'bibliography "refs.bib"\nrun r {\n  pue = 1.2 from a\n}\nshow r.pue\n'))
    assert (one.code, one.title) == ("N114", "`refs.bib` is a folder, not a file")
