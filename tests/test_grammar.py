"""The grammar: no conflicts, and two ways of reading a file that agree."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import pytest
from lark import Lark, logger

from tonne.source import SourceFile
from tonne.syntax import tree
from tonne.syntax.build_tree import TreeBuilder
from tonne.syntax.fences import only_fences
from tonne.syntax.parse import STARTS, DropNewlinesInBrackets, grammar, parse

ROOT = Path(__file__).parent.parent
FILES = sorted(
    [*(ROOT / "stdlib").rglob("*.tonne"), *(ROOT / "scenarios").rglob("*.tonne"), *(ROOT / "scenarios").rglob("*.md")]
)


def lark(**options: object) -> Lark:
    return Lark(
        grammar(),
        parser="lalr",
        lexer="contextual",
        start=STARTS,
        postlex=DropNewlinesInBrackets(),
        maybe_placeholders=True,
        **options,
    )  # type: ignore[call-overload]


def test_no_conflicts_and_no_ambiguous_words(caplog: pytest.LogCaptureFixture) -> None:
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG, logger=logger.name):
            lark(debug=True, strict=True)
    finally:
        logger.setLevel(level)
    assert [r.getMessage() for r in caplog.records] == []


@cache
def reader_of_whole_files() -> tuple[Lark, TreeBuilder]:
    builder = TreeBuilder()
    return lark(transformer=builder), builder


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_file_read_whole_and_by_statements_is_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    source = SourceFile(path.name, only_fences(text) if path.suffix == ".md" else text)
    module, found = parse(source)
    assert found == []
    whole_parser, builder = reader_of_whole_files()
    builder.begin(source, 0)
    whole = whole_parser.parse(source.text, start="start")
    assert tuple(whole.children) == module.statements


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("use hardware.nvidia { a, b }", tree.Use),
        ('use "./site" {\n  a,\n  b\n}', tree.Use),
        ('bibliography "x.bib"', tree.Bibliography),
        ("dimension speed = m/s", tree.DimensionDeclaration),
        ("unit household", tree.UnitDeclaration),
        ('unit BTU "British thermal unit" = 1055.06 J prefixes k M alias Btu', tree.UnitDeclaration),
        (
            "kind a like b { x : [run]\n y : tCO2e in 0 tCO2e .. 1 tCO2e usual 2 tCO2e .. 3 tCO2e once = 1 tCO2e\n or 2 tCO2e }",
            tree.KindDeclaration,
        ),
        (
            'run a like b { "doc"\n x = 3 kWh ~ uniform(1 kWh, 2 kWh) from k "table 2", l assumed "why" allow V225 "why"\n without y, z }',
            tree.InstanceDeclaration,
        ),
        ("let a = [b, c]", tree.Let),
        ("let a : tCO2e = - b ^ 2 * (c + d) / min(e, 3 kWh)", tree.Let),
        ('require a.b <= 3 kWh in 90% of draws assumed "x"', tree.Require),
        ("require a within 1% of 318 MWh", tree.Require),
        ("claim a in 1 kWh .. 2 kWh from k", tree.Claim),
        ('show a, b in MWh "title"', tree.Show),
        ('show runs { a, b in MWh } "title"', tree.Show),
        ("sweep s {\n vary a.b in [c, d]\n vary e.f in log(1M, 1B, 31)\n show g\n}", tree.Sweep),
        ('case c "title" {\n a.b = c\n d.e = 3 kWh\n}', tree.Case),
        (
            'optimum o {\n "doc"\n minimize a + b\n over c in 1B param .. 1T param, d\n subject to e == f\n show g\n}',
            tree.Optimum,
        ),
        ("correlate a.x, b.y = 0.8 from k", tree.Correlate),
        ('excluded "data preparation" assumed "under 1 %"', tree.Excluded),
    ],
)
def test_every_statement_is_read(text: str, sort: type) -> None:
    module, found = parse(SourceFile("page", text))
    assert found == []
    assert [type(s) for s in module.statements] == [sort]


def test_numbers() -> None:
    module, _ = parse(
        SourceFile(
            "page",
            "let a = 2_048\nlet b = 70B param\nlet c = 5.88e23 FLOP\nlet d = 40%\nlet e = 1/day\nlet f = 14.80 day",
        )
    )
    numbers = [s.value.expr for s in module.statements]  # type: ignore[union-attr]
    assert [(n.value, n.half_unit, n.whole, n.unit) for n in numbers] == [
        (2048.0, 0.5, True, None),
        (70e9, 0.5e9, False, "param"),
        (5.88e23, 0.005e23, False, "FLOP"),
        (40.0, 0.5, True, "%"),
        (1.0, 0.5, True, "/day"),
        (14.8, 0.005, False, "day"),
    ]


def test_comments_are_kept_and_strings_may_hold_what_looks_like_one() -> None:
    module, found = parse(SourceFile("page", '# head\nlet a = 3 # why\nexcluded "# {no} comment"\n'))
    assert found == []
    assert [c.text for c in module.comments] == ["# head", "# why"]
