"""`tonne help`: every topic shows its part of the reference, and every word of the language is in one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonne.catalogue import CATALOGUE
from tonne.cli.commands import tonne
from tonne.graph import FUNCTIONS
from tonne.spread_forms import SPREADS
from tonne.syntax.keywords import KEYWORDS
from tonne.topics import LANGUAGE, TOPICS, kinds, page_on, words

ROOT = Path(__file__).parent.parent


def help(*asked: str) -> Result:
    return CliRunner().invoke(tonne, ["help", *asked], catch_exceptions=False)


def test_every_section_of_the_reference_has_a_topic() -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \d+\. (.+)$", text, re.MULTILINE)
    assert [h for h in headings if h not in {t.heading for t in TOPICS if t.page == LANGUAGE}] == []


@pytest.mark.parametrize("topic", TOPICS, ids=lambda t: t.name)
def test_a_topic_shows_its_section(topic) -> None:  # type: ignore[no-untyped-def]
    page = page_on(topic.name)
    assert page is not None
    assert page.startswith(f"# {topic.heading}\n")
    assert 80 < len(page) < 16_000
    assert all(page_on(other) == page for other in topic.others)
    assert topic.part in page


def test_a_part_ends_where_the_next_begins() -> None:
    for name, unlike in (
        ("markdown", "tonne.toml"),
        ("settings", "file-bytes"),
        ("set", "| 70 |"),
        ("exit-codes", "--set"),
    ):
        page = page_on(name)
        assert page is not None
        assert unlike not in page, name


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_a_word_of_the_language_is_explained(word: str) -> None:
    page = page_on(word)
    assert page is not None
    assert re.search(rf"\b{word}\b", page)


@pytest.mark.parametrize("name", [*FUNCTIONS, *SPREADS])
def test_a_function_has_its_row(name: str) -> None:
    page = page_on(name)
    assert page is not None
    assert f"`{name}(" in page


def test_a_kind_shows_its_fields_with_units_and_formulas() -> None:
    page = page_on("run")
    assert page is not None
    assert (
        "| `energy` | `MWh` | at the meter; in `0 MWh ..`; = `it_energy * pue`, or `co2e / carbon_intensity` |" in page
    )
    assert "| `pue` | `ratio` | in `1 .. 4`; enters a result once; = `facility.pue`" in page
    assert [name for name in kinds() if page_on(name) is None] == []
    assert "scaling_law" in kinds()
    assert page_on("scaling law") == page_on("scaling_law")


def test_no_links_are_left_that_lead_nowhere() -> None:
    assert [word for word in words() if re.search(r"\]\((?!https?:)", page_on(word) or "")] == []
    assert [code for code in CATALOGUE if page_on(code.lower()) is None] == []


def test_without_a_word_all_are_listed() -> None:
    output = help().output
    assert [t.name for t in TOPICS if f"  {t.name} " not in output] == []
    assert [c for c in CATALOGUE if c not in output] == []
    assert output.index("topics") < output.index("diagnostics")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (["units"], "A unit is one word"), (["give", "what", "you", "know"], "A field that is bound is given"), (["P301"], "P301 unsourced-number"),
        (["unsourced-number"], "P301 unsourced-number"), (["check"], "Usage: tonne check"), (["run"], "`tonne run --help` is about the command"),
        (["claim"], "claim TEST [PROVENANCE]"), (["from"], "from KEY"), (["JSON"], "JSON"), (["scaling_law"], "reference_loss"),
    ],
)  # fmt: skip
def test_what_is_asked_is_shown(asked: list[str], shown: str) -> None:
    result = help(*asked)
    assert result.exit_code == 0
    assert shown in result.output


@pytest.mark.parametrize(
    ("asked", "meant"), [("unitz", "unit"), ("exitcodes", "exit-codes"), ("unsourced-numbr", "unsourced-number"), ("clam", "claim"), ("deploymnt", "deployment")]
)  # fmt: skip
def test_a_word_that_is_none(asked: str, meant: str) -> None:
    result = help(asked)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "there is no help on" in result.stderr
    assert f"did you mean `{meant}`?" in result.stderr


def test_it_imports_nothing_heavy() -> None:
    script = "import sys; from tonne.topics import page_on; page_on('units'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pint", "sympy", "lark", "bibtexparser"} & set(loaded)
