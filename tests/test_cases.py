"""Every section of every page under tests/cases, docs/errors included: see pages.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages import Section, compare_diagnostics, output, run_section, sections, updated

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "tests" / "cases").rglob("*.md")) + sorted((ROOT / "docs" / "errors").glob("[A-Z]*.md"))
SECTIONS = [section for page in PAGES for section in sections(page)]


@pytest.mark.parametrize("section", SECTIONS, ids=str)
def test_section(
    section: Section, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result, path = run_section(section, tmp_path)
    wrong = compare_diagnostics(section, result, path)
    assert not wrong, "\n" + "\n".join(wrong)
    if request.config.getoption("--update"):
        section.page.write_text(updated(section, result), encoding="utf-8")
        return
    for fence in section.fences:
        words = fence.info.split()
        if words[:1] == ["output"]:
            actual, expected = output(result, words[1:]), fence.body
            assert actual == expected, f"run `pytest --update` if this is right: {section.page}"


def test_there_are_pages() -> None:
    assert len(SECTIONS) > 10
