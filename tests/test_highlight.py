"""The highlighter: it knows the words of the language, and no text of ours is beyond it."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.token import Error, Keyword, Name, Number, Operator, String, Token

from tonne.editor.highlight import TonneLexer
from tonne.source import SourceFile
from tonne.syntax.fences import only_fences
from tonne.syntax.keywords import KEYWORDS
from tonne.syntax.parse import parse

ROOT = Path(__file__).parent.parent
FILES = sorted(p for f in ("stdlib", "scenarios", "docs/examples") for p in (ROOT / f).rglob("*.tonne"))
CASES = [
    p for p in (ROOT / "tests/cases").rglob("*.md") if p.parent.name != "diagnostics"
]  # those write what is not tonne
PAGES = sorted([*(ROOT / "scenarios").glob("*.md"), *CASES, ROOT / "docs/language.md"])


def tokens(text: str) -> list[tuple[object, str]]:
    """The words of a text with their sorts, blanks left out."""
    return [(sort, word) for sort, word in TonneLexer().get_tokens(text) if word.strip()]


def sort_of(word: str, text: str) -> object:
    """The sort of the first token that is this word."""
    return next(sort for sort, found in tokens(text) if found == word)


@pytest.mark.parametrize("path", [*FILES, *PAGES], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_file_is_coloured_without_an_error(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = only_fences(text) if path.suffix == ".md" else text
    assert [word for sort, word in tokens(text) if sort is Error] == []


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_no_text_is_lost(text: str) -> None:
    lexer = TonneLexer(stripnl=False, ensurenl=False)
    plain = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    assert "".join(word for _, word in lexer.get_tokens(text)) == plain


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_a_word_of_the_language_is_a_keyword(word: str) -> None:
    sort = sort_of(word, f"x {word} y\n")
    assert sort in (Keyword, Operator.Word)


@pytest.mark.parametrize(
    ("text", "word", "sort"),
    [
        ("run pretrain {", "run", Name.Class),
        ("run pretrain {", "pretrain", Name),
        ("run moved like pretrain { grid = hydro }", "like", Keyword),
        ("kind storage like disk {", "storage", Name.Class),
        ("  energy = 318 MWh  from meter_log", "energy", Name.Attribute),
        ("  energy = 318 MWh  from meter_log", "318", Number),
        ("  energy = 318 MWh  from meter_log", "MWh", Keyword.Type),
        ("  energy = 318 MWh  from meter_log", "meter_log", Name.Label),
        ('  tokens = 1.4T token from a2021 "table 2", b2022', "1.4T", Number),
        ('  tokens = 1.4T token from a2021 "table 2", b2022', "b2022", Name.Label),
        ("  pue = 1.1 once", "once", Keyword),  # not the unit of 1.1
        ("  pue : ratio in 1 .. 4 once = facility.pue", "in", Operator.Word),
        ("  energy : MWh = it_energy * pue", "MWh", Keyword.Type),
        ("  speed = 989 TFLOP/s/device", "TFLOP/s/device", Keyword.Type),
        ("let share = 40% ~ uniform(30%, 55%)", "%", Keyword.Type),
        ("let share = 40% ~ uniform(30%, 55%)", "uniform", Name.Function),
        ("let x = 3 kWh / y", "/", Operator),
        ("show pretrain.energy in GWh, x", "GWh", Keyword.Type),
        ("unit ream = 500 page", "ream", Keyword.Type),
        ("unit L prefixes m k alias litre", "litre", Keyword.Type),
        ("use hardware.nvidia { h100_sxm }", "hardware.nvidia", Name.Namespace),
        ("  n = 70 param assumed \"toy\" allow V225 \"small\"", "V225", Name.Label),
        ("  period = 2026-02", "2026-02", Token.Literal.Date),
        ('"A scenario."\n', '"A scenario."', String.Doc),
        ('run a {\n  "As its paper states it."\n}', '"As its paper states it."', String.Doc),
        ('  energy = 3 MWh from "the invoice"', '"the invoice"', String.Double),
    ],
)  # fmt: skip
def test_the_sort_of_a_word(text: str, word: str, sort: object) -> None:
    assert sort_of(word, text + "\n") is sort


@pytest.mark.parametrize("path", [p for p in FILES if p.name not in ("units.tonne", "mistakes.tonne")], ids=str)
def test_units_are_those_that_the_parser_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    statements = repr(parse(SourceFile(path.name, text))[0].statements)
    read = set(re.findall(r"\bunit='([^']+)'|\bTypeName\(word='([^']+)'", statements))
    coloured = {word for sort, word in tokens(text) if sort is Keyword.Type}
    assert coloured == {unit or word for unit, word in read}


def test_pygments_finds_the_lexer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["tonne"].partition(":")
    assert getattr(importlib.import_module(module), name) is TonneLexer
    assert (TonneLexer.aliases, TonneLexer.filenames) == (["tonne"], ["*.tonne"])
