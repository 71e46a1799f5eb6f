"""What is wrong with a statement that cannot be parsed, in the reader's words.

Takes lark's account of the point where it stopped and gives one diagnostic with something to type.
"""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from tonne.diagnostic import Applicability, Diagnostic, Fix, diagnostic
from tonne.source import SourceFile, Span
from tonne.syntax.build_tree import KEYWORDS
from tonne.syntax.split import STATEMENT_WORDS

_MAGNITUDES = {
    "k": "k", "thousand": "k", "m": "M", "M": "M", "million": "M", "mn": "M", "G": "B", "B": "B", "b": "B", "bn": "B",
    "billion": "B", "T": "T", "t": "T", "trillion": "T", "tn": "T",
}  # fmt: skip
_CHARACTERS = {
    "×": "write ` * ` to multiply",
    "·": "write ` * ` to multiply, or `*` inside a unit",
    "÷": "write ` / ` to divide",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≈": "write `within 5% of`",
    "−": "write `-`",
    "–": "write `-`, or `..` for a range",
    "—": "write `-`",
    "…": "write `..` for a range",
    "±": "write the value, then `~ normal(sd = …)`",
    "“": 'write `"`',
    "”": 'write `"`',
    "'": 'texts stand in double quotes: `"`',
    ";": "put each statement on its own line",
    ",": "no comma is needed here: one statement a line",
    "*": "put a space on both sides of `*` between values",
    "/": "put a space on both sides of `/` between values",
    "^": "put a space on both sides of `^` between values",
    "=": "one `=` binds; `==` compares",
    "!": "compare with `==`, `<=`, `>=`, `<` or `>`",
    "&": "write two statements",
}
_NAME = re.compile(r"[A-Za-z_]\w*")
_STARTS_VALUE = re.compile(r"[\w(%$]")
_ENDS_VALUE = re.compile(r'[\w%)"\]]$')
_LAST_WORD = re.compile(r'("(?:\\.|[^"\\])*"|[\w.%$/*^]+|[^\s\w])[ \t]*$')
_NAMED_PLACES = {"NAME", "WORD"}


def mistake(error: UnexpectedInput, source: SourceFile, offset: int, length: int) -> Diagnostic:
    """The diagnostic for the statement of `length` characters at `offset` that could not be parsed."""
    if isinstance(error, UnexpectedCharacters):
        at = offset + (error.pos_in_stream or 0)
        return _unreadable(Span(source, at, at + 1), _CHARACTERS.get(source.text[at : at + 1], ""))
    assert isinstance(error, UnexpectedToken)  # lark has no other
    token = error.token
    if token.type == "$END":
        end = offset + length
        return _unreadable(Span(source, end, end), _wanted(error, source, end))
    text = str(token)
    word = text.rsplit("\n", 1)[-1].lstrip() if "\n" in text else text
    begin = offset + (token.start_pos or 0) + len(text) - len(word)
    if token.type == "_NL":  # the line ended too soon: point at its end
        end = offset + (token.start_pos or 0)
        return _unreadable(Span(source, end, end), _wanted(error, source, end))
    span = Span(source, begin, begin + len(word))
    expected = set(error.accepts or error.expected or ())
    previous = _previous(source, begin)
    rest = source.line(span.line)[span.column - 1 + len(word) :]
    if _NAMED_PLACES & expected and word in KEYWORDS and "NUMBER" not in expected:
        return diagnostic(
            "S107",
            f"`{word}` is a word of the language",
            span,
            help=f"choose another name, such as `{word}_`",
        )
    if previous is not None and _ENDS_VALUE.search(previous.text):
        if (_NAME.fullmatch(word) and re.match(r"\s*[=:](?!=)", rest)) or word in STATEMENT_WORDS:
            return diagnostic(
                "S108",
                "two statements on one line",
                span,
                help="put each on its own line, so that a change shows alone",
            )
        if not previous.text.endswith('"') and _STARTS_VALUE.match(word):
            return _side_by_side(source, previous, span)
    return _unreadable(span, _CHARACTERS.get(word[:1], "") or _wanted(error, source, begin))


def _previous(source: SourceFile, at: int) -> Span | None:
    """The word or sign before an offset, on the same line."""
    line, column = source.position(at)
    match = _LAST_WORD.search(source.line(line)[: column - 1])
    return None if match is None else Span(source, at - column + 1 + match.start(1), at - column + 1 + match.end(1))


def _side_by_side(source: SourceFile, previous: Span, span: Span) -> Diagnostic:
    """A number followed by two words, or two values with nothing between them."""
    line = source.line(span.line)
    before = line[: span.column - 1]
    spaced = re.search(r"([0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?)[ \t]*([A-Za-z%][\w/*^]*)[ \t]+$", before)
    after = re.match(r"[A-Za-z][\w/*^-]*", line[span.column - 1 :])
    if spaced and after:
        number, first, second = spaced.group(1), spaced.group(2), after.group()
        whole = Span(source, span.start - len(before) + spaced.start(), span.start + len(second))
        if first in _MAGNITUDES:
            mended = f"{number}{_MAGNITUDES[first]} {second}"
            return diagnostic(
                "S104",
                f"a unit is one word: `{whole.text}`",
                whole,
                help=f"write `{mended}`",
                fix=Fix(whole, mended, Applicability.CERTAIN),
            )
        if first == "per":
            return diagnostic("S104", f"a unit is one word: `{whole.text}`", whole, help=f"write `{number} 1/{second}`")
        if second == "per":
            rest = re.match(r"per[ \t]+([A-Za-z]\w*)", line[span.column - 1 :])
            if rest:
                whole = Span(source, whole.start, span.start + rest.end())
                mended = f"{number} {first}/{rest.group(1)}"
                return diagnostic(
                    "S104",
                    f"a unit is one word: `{whole.text}`",
                    whole,
                    help=f"write `{mended}`",
                    fix=Fix(whole, mended),
                )
        return diagnostic(
            "S104",
            f"a unit is one word: `{whole.text}`",
            whole,
            help=f"write `{number} {first}*{second}` or `{number} {first}/{second}`; between values, ` * ` multiplies",
        )
    return diagnostic("S105", "two values stand side by side", previous.to(span), help="write ` * ` to multiply")


def _wanted(error: UnexpectedToken, source: SourceFile, at: int) -> str:
    """What could stand here, when that is one clear thing."""
    expected = set(error.accepts or error.expected or ())
    previous = _previous(source, at)
    after = f"after `{previous.text}`" if previous is not None else "here"
    if {"NUMBER", "NAME", "LPAR"} <= expected:
        return f"{after} a value is needed: a number with its unit, a name, or `( … )`"
    if "COMPARE" in expected:
        return f"{after} a comparison is needed: `==`, `<=`, `>=`, `<`, `>`, `within … of` or `in … .. …`"
    for terminal, words in (
        ("EQUAL", "`=` and a value are needed"),
        ("COLON", "`:` and a unit are needed"),
        ("LBRACE", "a block `{ … }` is needed"),
        ("RPAR", "`)` is needed"),
        ("RSQB", "`]` is needed"),
        ("STRING", 'a text in double quotes is needed: `"…"`'),
        ("KEY", 'a source is needed: a key of the bibliography, or `"…"`'),
        ("UNIT", "a unit is needed"),
        ("NAME", "a name is needed"),
    ):
        if terminal in expected:
            return f"{after} {words}"
    return ""


def _unreadable(span: Span, help: str) -> Diagnostic:
    return diagnostic(
        "S101",
        "cannot read this line from here on",
        span,
        help=help
        or "one statement a line: `name = value`, or a statement such as `run name { … }`, `let`, `require`, `show`",
    )
