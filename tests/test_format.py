"""The standard form: the same tree, the same words, the same comments; bad lines untouched; files written whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from test_robust import PIECES, mutated
from tonne.source import SourceFile, Span
from tonne.syntax.changes import not_formatted
from tonne.syntax.fences import only_fences, tonne_fences
from tonne.syntax.format import format_text
from tonne.syntax.parse import parse
from tonne.values import Record, fields

ROOT = Path(__file__).parent.parent
KEPT = ("scenarios", "stdlib", "docs", "tests", "README.md", "CONTRIBUTING.md")
FILES = sorted(
    file
    for name in KEPT
    for file in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
    if file.suffix in (".tonne", ".md")
)


def bare(node: Any) -> Any:
    """A tree without its places."""
    if isinstance(node, Span):
        return None
    if isinstance(node, Record):
        return (type(node).__name__, *(bare(getattr(node, f.name)) for f in fields(node)))
    return tuple(map(bare, node)) if isinstance(node, tuple) else node


def meaning(text: str, markdown: bool = False) -> tuple[Any, ...]:
    """All that a text says: its tree, its errors, its comments."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    module, found = parse(SourceFile("page", only_fences(text) if markdown else text))
    said = [(d.code, d.title) for d in found]
    return bare(module.statements), said, [c.text.rstrip() for c in module.comments], module.lost


def words(text: str) -> str:
    return re.sub(r"\s", "", text)


def formatted(text: str, markdown: bool = False) -> str:
    """The standard form, after what holds for every text."""
    form = format_text(text, "page", markdown=markdown)
    assert format_text(form.text, "page", markdown=markdown).text == form.text
    assert words(form.text) == words(text)
    assert meaning(form.text, markdown) == meaning(text, markdown)
    assert bool(not_formatted(text, form, "tonne fmt page")) == (form.text != text)
    return form.text


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_the_repository(path: Path) -> None:
    formatted(path.read_text(encoding="utf-8"), path.suffix == ".md")


_PAIR = re.compile(r"^## (.+)\n\n```before\n((?:.*\n)*?)```\n\n```after\n((?:.*\n)*?)```$", re.MULTILINE)
RULES = _PAIR.findall((ROOT / "tests" / "format" / "standard_form.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("rule", "before", "after"), RULES, ids=[rule for rule, _, _ in RULES])
def test_a_rule_of_the_page(rule: str, before: str, after: str) -> None:
    assert formatted(before) == after


def test_every_section_of_the_page_is_a_rule() -> None:
    page = (ROOT / "tests" / "format" / "standard_form.md").read_text(encoding="utf-8")
    assert [rule for rule, _, _ in RULES] == re.findall(r"^## (.+)$", page, re.MULTILINE)


# ── any well-formed file ──

# ¦ one blank or more, · none or more, ↓ a blank or a line's end (with comments), ↵ a line's end, ⇣ nothing or a line's end
STATEMENTS = [
    'use¦hardware·.·nvidia·{⇣a·,⇣b·,⇣}', 'use¦"./site"·{·a·}', 'bibliography¦"x.bib"',
    "dimension¦speed·=·m/s", "unit¦household", 'unit¦BTU¦"a {unit} # \\"of\\" old"·=·1055.06·J¦prefixes¦k¦M¦alias¦Btu↓from¦k',
    "let¦list·=·[⇣b·,⇣c·,⇣]", "let¦a·:·tCO2e·=·-·b¦^¦2¦*¦(⇣c·+·d⇣)¦/¦min·(⇣e·,⇣3·kWh⇣)", "let¦share·:·%·=·40·%¦*¦1·/day¦*¦2·$",
    'let¦s·=·80B¦B¦~¦normal·(·sd·=·2B¦B·)↓from¦k¦"table 2"·,·l↓assumed¦"why"¦allow¦V225¦"why"', "let¦u·=·-·(·-·3·)·-·4·-·-·x",
    'require¦a·.·b·<=·3·kWh¦in¦90·%¦of¦draws↓assumed¦"x"', "require¦a¦within¦1·%¦of¦318·MWh", "claim¦a¦in¦1·kWh·..·2·kWh↓from¦k",
    "claim¦total·==·5B¦/day↓from¦arXiv:2211.02001",
    'show¦a·,·b¦in¦MWh¦"title"', 'show¦runs·{⇣a·,⇣b¦in¦MWh⇣}¦"title"', "correlate¦a·.·x·,·b·.·y·=·0.8↓from¦k",
    'excluded¦"data preparation"↓assumed¦"under 1 %"', "run¦a¦like¦b",
    'kind¦a¦like¦b·{↵"doc"↵x·:·[·run·]↵y·:·tCO2e¦in¦0·tCO2e·..¦usual¦2·tCO2e·..·3·tCO2e↓assumed¦"z"¦once·=·1·tCO2e↓or¦2·tCO2e↓from¦k↓or·(·3·tCO2e·)↵}',
    "kind¦c·{·x·:·kWh·=·1·kWh·}", "kind¦empty·{·}", "kind¦empty·{↵}",
    'run¦r·{↵"doc"↵x·=·3·kWh¦~¦uniform·(⇣1·kWh·,⇣2·kWh⇣)↓from¦k¦"table 2"↓assumed¦"why"↵without¦y·,·z↵when·=·2026-02↵}',
    'run¦one·{·a·=·"label"↓from¦"x"·}', 'case¦c¦"title"·{↵a·.·b·=·c↵d·.·e·=·3·kWh↓assumed¦"x"↵}',
    "sweep¦s·{↵vary¦a·.·b¦in¦[⇣c·,⇣d⇣]↵vary¦e·.·f·.·long¦in¦log·(·1M·,·1B·,·31·)↵show¦g·{·h·,⇣i·}↵}",
    'optimum¦o·{↵"doc"↵minimize¦a·+·b↵over¦c¦in¦1B¦param·..·1T¦param·,·d↵subject¦to¦e·==·f↵show¦g↵}',
    "let¦unlike_the_others_by_far·=·somewhere.over_the.rainbow¦*¦(·first·+·second·+·third·+·fourth·+·fifth·)↓from¦k",
]  # fmt: skip
_BLANK = st.sampled_from([" ", "  ", "\t", "      "])
_COMMENT = st.sampled_from(["", "", "", "# why", "#{", '   # "', "\t# or from x  ", "# µ 日本"])
_LINE_END = st.builds(lambda lines: "\n".join(lines) + "\n", st.lists(_COMMENT, min_size=1, max_size=3))
_MARKS = {
    "¦": _BLANK,
    "·": st.one_of(st.just(""), _BLANK),
    "↓": st.one_of(_BLANK, st.builds("{}{}".format, _LINE_END, _BLANK)),
    "↵": st.builds("{}{}".format, _LINE_END, st.one_of(st.just("  "), _BLANK)),
    "⇣": st.one_of(st.just(""), st.builds("{}{}".format, _LINE_END, _BLANK)),
}


@st.composite
def well_formed(draw: st.DrawFn) -> str:
    """Statements in any order, with blanks, breaks and comments wherever the grammar lets them stand."""
    parts = [draw(_LINE_END)] if draw(st.booleans()) else []
    for statement in draw(st.lists(st.sampled_from(STATEMENTS), max_size=8)):
        strings = re.split(r'("(?:\\.|[^"\\])*")', statement)
        for index, piece in enumerate(strings):
            parts += [piece] if index % 2 else [draw(_MARKS[c]) if c in _MARKS else c for c in piece]
        parts.append(draw(_LINE_END))
    return "".join(parts)


@given(well_formed())
def test_any_file_keeps_its_tree_and_its_comments(text: str) -> None:
    _, said, _, _ = meaning(text)
    assert said == []
    form = formatted(text)
    assert not re.search(r"[ \t]$", form, re.MULTILINE)
    assert "\n\n\n" not in form
    assert not form.startswith("\n")
    assert form == "" or (form.endswith("\n") and not form.endswith("\n\n"))


@given(well_formed(), st.randoms(use_true_random=False))
def test_the_form_does_not_depend_on_where_blanks_stood(text: str, random: Any) -> None:
    """A line may be indented and stretched at will; only a line of a block may not stand where a statement would."""
    form = formatted(text)

    def other(match: re.Match[str]) -> str:
        return match[1] or " " * random.randint(1, 9)

    stretched = re.sub(r'("(?:\\.|[^"\\\n])*"|#.*)|[ \t]+', other, form)
    assert formatted(stretched) == form


# ── files with errors ──


def check_damaged(text: str) -> None:
    form = formatted(text)
    after = form.split("\n")
    for one in format_text(text, "page").diagnostics:
        if one.code not in ("S107", "S109"):  # what is read, with a word that is no name or one bracket too many
            assert one.span.source.line(one.span.line) in after


@settings(max_examples=max(1, settings.default.max_examples // 3))  # these files are long
@given(mutated())
def test_a_damaged_file(text: str) -> None:
    check_damaged(text)


@given(st.lists(st.sampled_from([*PIECES, "\n", "\n  "]), max_size=60).map(" ".join))
def test_words_in_any_order(text: str) -> None:
    check_damaged(text)


@example("[\na a")  # a statement at the end of the file, inside a bracket that is never closed
@given(st.text(alphabet='ab=3"#{}()[]., \t\n\r\x0c\u2028\u00a0:', max_size=60))
def test_any_text(text: str) -> None:
    form = format_text(text, "page")
    assert format_text(form.text, "page").text == form.text
    assert words(form.text) == words(text)


def test_a_deep_nest_is_left_alone() -> None:
    deep = "let  x = " + "(" * 300 + "1" + ")" * 300
    long = "let y=1" + "+1" * 3000
    form = format_text(f"{deep}\n{long}\n", "page")
    assert form.text == f"{deep}\nlet y = 1{' + 1' * 3000}\n"
    assert [d.code for d in form.diagnostics] == ["S109"]


# ── what a file is made of besides statements ──


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", ""), ("\n", ""), ("  \n\n\t\n", ""), ("#a", "#a\n"), ("\n\n# a  \n\n\n\n  # b", "# a\n\n# b\n"), ("let a=3", "let a = 3\n"),
        ("let a=3\n\n\n", "let a = 3\n"), ("\ufefflet a=3\r\n\r\n\r\nlet b=4\r\n", "\ufefflet a = 3\r\n\r\nlet b = 4\r\n"), ("\ufeff", "\ufeff"),
        ("let a=3\r\nlet b = = 4\r\n", "let a = 3\r\nlet b = = 4\r\n"), ("let a=3\rlet b=4\r", "let a = 3\rlet b = 4\r"),
        ("let a=3\r\nlet b=4\nlet c=5", "let a = 3\r\nlet b = 4\r\nlet c = 5\r\n"),
    ],
)  # fmt: skip
def test_line_ends(text: str, form: str) -> None:
    assert format_text(text, "page").text == form
    assert format_text(form, "page").text == form


MARKDOWN = """\ufeff# Title  \r
\r
   let a=3   \r
\r
```python\r
let a=3\r
```\r
- item\r
\r
  ```tonne   \r
  let a=3\r
\r
  run r { energy=3 MWh\r
  pue=1 }\r
  ```\r
\r
~~~tonne\r
~~~\r
````tonne file=x\r
```\r
let a=3\r
````   \r
 ```tonne\r
 let  a = = 3\r
let b=3\r
 ```\r
trailing   """


def test_markdown_outside_the_fences_stays_byte_for_byte() -> None:
    """And so does a fence that is indented and has an error."""
    form = formatted(MARKDOWN, markdown=True)
    assert form == MARKDOWN.replace("  let a=3\r\n\r\n  run", "  let a = 3\r\n\r\n  run").replace(
        "  run r { energy=3 MWh\r\n  pue=1 }\r\n", "  run r {\r\n    energy = 3 MWh\r\n    pue    = 1\r\n  }\r\n"
    ).replace("```\r\nlet a=3\r\n````", "```\r\nlet a = 3\r\n````")
    errors = format_text(MARKDOWN, "page", markdown=True).diagnostics
    assert [(d.code, d.span.line) for d in errors] == [("S101", 20), ("S101", 24)]


def test_line_ends_of_a_fence_are_its_own() -> None:
    text = "a\r\n```tonne\nlet a=3\nlet b=4\n```\r\nb\r\n"
    assert formatted(text, markdown=True) == text.replace("a=3", "a = 3").replace("b=4", "b = 4")


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_a_fence_that_is_never_closed(end: str) -> None:
    assert formatted(f"a  \n```tonne\nlet a=3{end}", markdown=True) == "a  \n```tonne\nlet a = 3\n"


_MARKDOWN_LINES = ["```tonne", "```", "  ```tonne", "~~~tonne", "~~~", "let a=3", " x  ", "", "run r {", "}", "\t# a", "````tonne", "> ```tonne"]  # fmt: skip


@example([(line, "\n") for line in ("  ```tonne", "run r {", "let a=3", "}")])
@given(st.lists(st.tuples(st.sampled_from(_MARKDOWN_LINES), st.sampled_from(["\n", "\r\n"])), max_size=16))
def test_any_markdown(lines: list[tuple[str, str]]) -> None:
    text = "".join(line + end for line, end in lines)
    form = format_text(text, "page", markdown=True).text
    assert format_text(form, "page", markdown=True).text == form

    def outside(markdown: str) -> list[str]:
        at, kept = 0, []
        for start, end in tonne_fences(markdown):
            kept.append(markdown[at:start])
            at = end
        return [*kept, markdown[at:]]

    assert outside(form) == outside(text)
