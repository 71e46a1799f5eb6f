"""`tonne audit`: every claim of files and folders with its verdict, in each of its forms, through the command."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from tonne.cli.commands import tonne as command

SCHEMA = json.loads((resources.files("tonne") / "report" / "audit.schema.json").read_text(encoding="utf-8"))
FIRST = """"A paper's | figures"

run r {
  it_energy        = 100.00 MWh     from smith2024 "table 1"
  pue              = 1.130          from smith2024 "table 1"
  carbon_intensity = 400 gCO2e/kWh  from smith2024 "table 1"
}

claim r.energy == 113 MWh                from smith2024 "table 2"
claim r.co2e == 45.2 kgCO2e              from smith2024 "a <b>bold</b> | claim"
claim r.co2e == 51.08 tCO2e              from smith2024 "table 2"
claim r.co2e == 45 tCO2e                 from smith2024 "text"
claim r.co2e == 77.7 tCO2e               from "a newspaper"
claim r.total_co2e == 60 tCO2e           from smith2024 "table 3"
bibliography "refs.bib"
"""
BIB = "@article{smith2024,\n  author = {Smith, Jane},\n  title = {Figures},\n  year = {2024}\n}\n"
SECOND = """# A page *with* a heading

Prose.

```tonne
let x : MWh = 3 MWh  from "a"
claim x + x == 6 MWh  from "b"
```
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "first.tonne").write_text(FIRST, encoding="utf-8")
    (tmp_path / "refs.bib").write_text(BIB, encoding="utf-8")
    (tmp_path / "deep/second.md").write_text(SECOND, encoding="utf-8")
    (tmp_path / "deep/prose.md").write_text("# Nothing to audit\n", encoding="utf-8")
    (tmp_path / "none.tonne").write_text('let y : MWh = 3 MWh  from "a"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*words: str) -> Result:
    return CliRunner().invoke(command, ["audit", *words], catch_exceptions=False)


def test_a_folder_as_text(folder: Path) -> None:
    result = ran(".")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "first.tonne  A paper's | figures" in result.stdout
    assert "deep/second.md  A page *with* a heading" in result.stdout
    assert "none.tonne" not in result.stdout
    [line] = [line for line in result.stdout.splitlines() if "51.08" in line]
    assert re.search(r"11\s+✗ refuted\s+r.co2e == 51.08 tCO2e\s+45.2 tCO2e: 12 % below\s+Smith 2024, table 2", line)
    assert "`r.pue` (1.13) is applied" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "7 claims in 2 files: 3 hold, 3 are refuted (2 with a likely cause), 1 is not comparable"
    )


def test_as_json(folder: Path) -> None:
    document = json.loads(ran(".", "--format", "json").stdout)
    assert document["totals"] == {
        "claims": 7,
        "holds": 3,
        "holds-within-rounding": 0,
        "refuted": 3,
        "not-comparable": 1,
        "not-decided": 0,
    }
    assert document["diagnostics"] == []
    Draft202012Validator(SCHEMA).validate(document)
    [twice] = [one for one in document["claims"] if "51.08" in one["text"]]
    assert twice["file"] == "first.tonne"
    assert twice["line"] == 11
    assert twice["text"] == "r.co2e == 51.08 tCO2e"
    assert twice["source"] == 'smith2024, "table 2"'
    assert twice["verdict"] == "refuted"
    assert twice["ratio"] == pytest.approx(1 / 1.13, rel=1e-3)
    assert twice["cause"] == "`r.pue` (1.13) is applied twice in the claim"
    assert twice["evidence"] == ["`r.pue` is 1.13 (line 5)", "with it twice the scenario gives 51.076 tCO2e"]
    [unexplained] = [one for one in document["claims"] if "77.7" in one["text"]]
    assert (unexplained["cause"], unexplained["evidence"]) == (None, [])
    assert [one["text"] for one in document["claims"] if one["verdict"] == "not-comparable"] == [
        "r.total_co2e == 60 tCO2e"
    ]


def test_only_what_is_asked_for_with_the_totals_of_all(folder: Path) -> None:
    document = json.loads(ran(".", "--only", "refuted", "--only", "not-comparable", "--format", "json").stdout)
    assert {one["verdict"] for one in document["claims"]} == {"refuted", "not-comparable"}
    assert document["totals"]["claims"] == 7
    text = ran(".", "--only", "refuted").stdout
    assert "113 MWh" not in text
    assert "7 claims in 2 files" in text


def test_as_markdown(folder: Path) -> None:
    text = ran(".", "--format", "markdown").stdout
    assert "| A paper's \\| figures | 6 | 2 | 3 | 1 |" in text
    assert "## Refuted" in text
    assert "Smith 2024, a \\<b\\>bold\\</b\\> \\| claim" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    for line in tables:
        assert line.endswith("|")
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1, block
    assert "\n\n\n" not in text
    refuted = ran(".", "--format", "markdown", "--only", "refuted").stdout
    assert "113 MWh" not in refuted
    assert "## Every claim" not in refuted
    holding = ran(".", "--format", "markdown", "--only", "holds").stdout
    assert "113 MWh" in holding
    assert "51.08" not in holding


class Page(HTMLParser):
    """The texts of a page by their innermost element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br", "span"):
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag != "span":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data


def test_as_html(folder: Path) -> None:
    text = ran(".", "--format", "html").stdout
    assert "<b>bold</b>" not in text
    page = Page(text)
    assert not page.open
    assert page.texts["title"] == page.texts["h1"] == ["Claims on trial"]
    captions = ["deep/second.md  A page *with* a heading", "first.tonne  A paper's | figures"]
    assert sorted(page.texts["caption"]) == captions
    assert "Smith 2024, a <b>bold</b> | claim" in page.texts["td"]
    assert "script" not in page.texts


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 0),
        (["--fail-on", "refuted"], 1),
        (["--fail-on", "not-comparable"], 1),
        (["--fail-on", "holds-within-rounding"], 0),
        (["--fail-on", "holds-within-rounding", "--fail-on", "refuted"], 1),
        (["--fail-on", "refuted", "--only", "holds"], 1),
    ],
)
def test_what_fails(folder: Path, words: list[str], code: int) -> None:
    assert ran(".", *words).exit_code == code


def test_an_error_in_a_file_is_told_and_the_others_are_audited(folder: Path) -> None:
    (folder / "wrong.tonne").write_text('claim nothing.here == 3 MWh  from "a"\n', encoding="utf-8")
    result = ran(".")
    assert result.exit_code == 1
    assert "error[N111]" in result.stderr
    assert "3 hold, 3 are refuted" in result.stdout
    assert "1 rests on an error" in result.stdout
    assert [d["code"] for d in json.loads(ran(".", "--format", "json").stdout)["diagnostics"]] == ["N111"]


def test_without_claims(folder: Path) -> None:
    result = ran("none.tonne")
    assert result.exit_code == 0
    assert result.stdout.startswith("no claims in 1 file; one is a line such as `claim ")
    assert json.loads(ran("none.tonne", "--format", "json").stdout)["claims"] == []
    assert ran("none.tonne", "--format", "markdown").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["refs.bib"], "`refs.bib` is no scenario"),
        (["nowhere"], "'nowhere' does not exist"),
        (["empty"], "there is no scenario, neither .tonne nor in Markdown, in `empty`"),
        ([".", "--only", "wrong"], "'wrong' is not one of"),
        ([], "Missing argument"),
    ],
)
def test_misuse(folder: Path, words: list[str], said: str) -> None:
    (folder / "empty").mkdir()
    result = ran(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_file_named_twice_is_audited_once(folder: Path) -> None:
    assert json.loads(ran(".", "first.tonne", "./first.tonne", "--format", "json").stdout)["totals"]["claims"] == 7


def test_standard_input(folder: Path) -> None:
    result = CliRunner().invoke(command, ["audit", "-", "--format", "json"], input='claim 1 + 1 == 2  from "a"\n')
    assert json.loads(result.stdout)["totals"]["holds"] == 1
