"""Every code has its page and its row in the index, is shown by a test, and speaks in the house's voice.

A ```help fence of a page is the help line of a diagnostic of its section "A file that shows it"; `pytest --update`
rewrites it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pages import WITHOUT_FORMULA, Section, run_section, sections
from tonne.catalogue import CATALOGUE
from tonne.scenario import Evaluated

ROOT = Path(__file__).parent.parent
ERRORS = ROOT / "docs" / "errors"
INDEX = ERRORS / "README.md"
SHOWS, MENDED = "A file that shows it", "Mended"
# Shown by tests/test_errors_outside_pages.py and tests/test_import.py: they need a setting, another command, or a file that is
# none.
OUTSIDE_PAGES = {"S109", "P303", "P305", "P307", "P309", "L601", "L603", "L604", "R701", "R702"}
# Said beside a mistake and of a mended file alike: that an evaluation is to come, that an optimum has no formula.
ASIDE = {"S110", WITHOUT_FORMULA}
MOST_LINES = 60
MOST_WORDS = 12
NOT_OUR_VOICE = ("invalid", "unexpected", "failed to")
_HELP = re.compile(r"^```help\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"#\s*(?:error|warning|note|verdict): \[([A-Z]\d{3})\]")
_ROW = re.compile(
    r"^\| \[(?P<code>\w+)\]\((?P<link>[^)]+)\) \| `(?P<name>[^`]+)` \| (?P<severity>\w+) \| (?P<line>.+) \|$",
    re.MULTILINE,
)

every_code = pytest.mark.parametrize("code", CATALOGUE)
shown_codes = pytest.mark.parametrize("code", [code for code in CATALOGUE if code not in OUTSIDE_PAGES])


def page_of(code: str) -> Path:
    return ERRORS / f"{code}.md"


def section_of(code: str, title: str) -> Section:
    return next(section for section in sections(page_of(code)) if section.title == title)


@pytest.fixture
def shown(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluated:
    """What the file that shows a code gives."""
    monkeypatch.chdir(tmp_path)
    return run_section(section_of(code, SHOWS), tmp_path)[0]


@every_code
def test_page_has_its_parts(code: str) -> None:
    text = page_of(code).read_text(encoding="utf-8")
    assert text.startswith(f"# {code} {CATALOGUE[code].name}\n\n")
    assert "\n**Why it matters.** " in text
    assert len(text.splitlines()) <= MOST_LINES
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ([MENDED] if code in OUTSIDE_PAGES else [SHOWS, MENDED])


def test_pages_are_those_of_the_catalogue() -> None:
    assert {page.stem for page in ERRORS.glob("*.md")} - {"README"} == set(CATALOGUE)


def test_pages_outside_are_not_shown_by_files() -> None:
    assert not [code for code in sorted(OUTSIDE_PAGES) if list(sections(page_of(code)))]


def test_index_has_a_row_for_each_code() -> None:
    rows = [m.group("code", "link", "name", "severity") for m in _ROW.finditer(INDEX.read_text(encoding="utf-8"))]
    assert rows == [(e.code, f"{e.code}.md", e.name, e.severity.value) for e in CATALOGUE.values()]


def test_links_lead_somewhere() -> None:
    for page in ERRORS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@shown_codes
def test_file_that_shows_it_does(code: str, shown: Evaluated) -> None:
    said = [d for d in shown.diagnostics if d.code not in ASIDE - {code}]
    assert [d.code for d in said] == [code]
    assert said[0].severity is CATALOGUE[code].severity


@shown_codes
def test_mended_file_is_silent_and_shows_something(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result, _ = run_section(section_of(code, MENDED), tmp_path)
    assert not [d for d in result.diagnostics if d.code not in ASIDE - {code}]
    assert result.run is not None
    assert result.run.model.shows


@shown_codes
def test_help_on_the_page_is_what_is_said(code: str, shown: Evaluated, request: pytest.FixtureRequest) -> None:
    page = page_of(code)
    text = page.read_text(encoding="utf-8")
    told = _HELP.findall(text)
    helps = [d.help for d in shown.diagnostics]
    if request.config.getoption("--update"):
        assert len(told) <= 1
        own = next(d.help for d in shown.diagnostics if d.code == code)
        text = _HELP.sub(lambda m: f"```help\n{own}\n```", text)
        page.write_text(text, encoding="utf-8")
        return
    assert [line for line in told if line not in helps] == [], "run `pytest --update` if this is right"


@shown_codes
def test_voice(code: str, shown: Evaluated) -> None:
    for one in shown.diagnostics:
        title = one.title
        words = re.sub(r"`[^`]*`", "x", title).split()
        assert len(words) <= MOST_WORDS, title
        assert not [said for said in NOT_OUR_VOICE if said in f"{title} {one.help}".lower()]
        first = title[0]
        assert not first.isupper() or title.startswith(("CO2", "A ")), title
        assert not title.endswith("."), title


@every_code
def test_summary_is_one_line_of_the_index(code: str) -> None:
    summary = CATALOGUE[code].summary
    assert summary[0].islower() or summary.startswith("CO2")
    assert not summary.endswith(".")
    assert not [said for said in NOT_OUR_VOICE if said in summary.lower()]


def test_every_code_is_shown_by_a_page_or_a_test() -> None:
    pages = [*ERRORS.glob("[A-Z][0-9]*.md"), *(ROOT / "tests" / "cases").rglob("*.md")]
    marked = {code for page in pages for code in _MARK.findall(page.read_text(encoding="utf-8"))}
    files = ("test_errors_outside_pages.py", "test_import.py")
    tested = "".join((ROOT / "tests" / name).read_text(encoding="utf-8") for name in files)
    assert set(CATALOGUE) - marked == OUTSIDE_PAGES
    assert [code for code in sorted(OUTSIDE_PAGES) if f'"{code}"' not in tested] == []
