"""The tight loop over lark's tables gives what lark gives, on what is right and on what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark.exceptions import UnexpectedInput

from tonne.limits import DEFAULT_LIMITS
from tonne.source import SourceFile
from tonne.syntax.drive import REFUSED
from tonne.syntax.fences import only_fences
from tonne.syntax.parse import STARTS, _parser
from tonne.syntax.split import split

ROOT = Path(__file__).parent.parent
FILES = sorted(
    p
    for folder in ("stdlib", "scenarios", "tests/cases")
    for p in (ROOT / folder).rglob("*.*")
    if p.suffix in (".tonne", ".md")
)
PARSER = _parser(DEFAULT_LIMITS)


def by_lark(text: str, rule: str, source: SourceFile) -> Any:
    PARSER.builder.begin(source, 0)
    try:
        return PARSER.lark.parse(text, start=rule)
    except UnexpectedInput:
        return REFUSED


def by_driver(text: str, rule: str, source: SourceFile) -> Any:
    PARSER.builder.begin(source, 0)
    return PARSER.driver.parse(text, rule)


def same(text: str, rule: str) -> bool:
    """Whether both give one tree, or both refuse; true when it is a tree."""
    source = SourceFile("a.tonne", text)
    expected, got = by_lark(text, rule, source), by_driver(text, rule, source)
    assert (got is REFUSED) == (expected is REFUSED), text
    assert got is REFUSED or got == expected, text
    return got is not REFUSED


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_on_every_statement_of_a_file(path: Path) -> None:
    text = only_fences(path.read_text(encoding="utf-8")) if path.suffix == ".md" else path.read_text(encoding="utf-8")
    chunks, _, _ = split(SourceFile("a.tonne", text), 0, len(text), DEFAULT_LIMITS)
    read = [same(text[chunk.start : chunk.end].strip(), "item") for chunk in chunks]
    assert any(read) or path.suffix == ".md"


PIECES = st.sampled_from(
    ['let', 'run', 'show', 'require', 'claim', 'kind', 'x', 'y.z', '=', '==', '+', '-', ' * ', ' / ', ' ^ ', '*', '/', '(', ')', '[', ']', '{', '}', ',',
     ':', '..', '~', '40%', '3 MWh', '1.4T token', '5e3', '2026-02', '"text"', '"open', 'from', 'assumed', 'allow', 'V225', 'key', 'or', 'in', 'within',
     'of', 'draws', 'like', 'without', 'once', 'usual', 'unit', 'prefixes', 'si', '%', '$', 'W/device', '# note', '\n', '\n\n', '\n  ', ' ', '\t', '\r', 'é', '·']
)  # fmt: skip


@given(st.lists(PIECES, max_size=25), st.sampled_from(STARTS), st.sampled_from([" ", ""]))
def test_on_random_words(pieces: list[str], rule: str, between: str) -> None:
    same(between.join(pieces), rule)


STATEMENTS = [
    'run r like s {\n  "doc"\n  tokens = 1.4T token ~ uniform(1T token, 2T token) from a "b", c\n    assumed "why" allow V225 "so"\n  without a, b # note\n}',
    'kind k like run {\n  f : MWh in 0 MWh .. usual 1 MWh .. 2 MWh from a once = a * b  # one\n    # two\n    or c / (d +\n e)\n  g : [run]\n}',
    'require a + b within 5% of c in 90% of draws assumed "x"',
    'show r { a in MWh, b,\n c } "table"',
    'unit t "ton" = 1e6 g prefixes k M\talias u v from "x"',
    "let all = [a, b,\n  c]",
]  # fmt: skip


@given(st.sampled_from(STATEMENTS), st.data())
def test_on_damaged_statements(text: str, data: st.DataObject) -> None:
    assert same(text, "item")
    at = data.draw(st.integers(0, len(text)))
    upto = data.draw(st.integers(at, min(len(text), at + 4)))
    same(text[:at] + data.draw(PIECES) + text[upto:], "item")
