"""What is wrong with a statement that cannot be parsed, in the reader's words.

Takes lark's account of the point where it stopped and gives one diagnostic with something to type.
"""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from tonne.diagnostic import Applicability, Diagnostic, Fix, diagnostic
from tonne.source import SourceFile, Span
from tonne.syntax.keywords import KEYWORDS, OTHER_NAMES
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
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_NAMED_PLACES = {"NAME", "WORD"}


def mistake(error: UnexpectedInput, source: SourceFile, offset: int, length: int) -> Diagnostic:
    """The diagnostic for the statement of `length` characters at `offset` that could not be parsed."""
    if isinstance(error, UnexpectedCharacters):
        at = offset + int(getattr(error, "pos_in_stream", 0))  # typed as None in lark
        return _character(source, at)
    if not isinstance(error, UnexpectedToken):
        raise error  # lark has no other
    token = error.token
    if token.type == "$END":
        return _too_short(error, source, offset + length)
    if token.type == "_NL":  # the line ended too soon
        return _too_short(error, source, offset + (token.start_pos or 0))
    text = str(token)
    word = text.rsplit("\n", 1)[-1].lstrip() if "\n" in text else text
    begin = offset + (token.start_pos or 0) + len(text) - len(word)
    if word[:1] in (",", "."):
        return _character(source, begin)
    span = Span(source, begin, begin + len(word))
    expected = _expected(error)
    previous = _previous(source, begin)
    rest = source.line(span.line)[span.column - 1 + len(word) :]
    if _NAMED_PLACES & expected and word in KEYWORDS and "NUMBER" not in expected:
        return keyword_as_name(word, span)
    if previous is not None and previous.text in ("from", "assumed") and token.type == "STRING":
        return _unreadable(previous, _wanted_value(_previous(source, previous.start)))
    if previous is not None and _ENDS_VALUE.search(previous.text):
        is_name = _NAME.fullmatch(word) is not None
        if is_name and expected & {"EQUAL", "LBRACE"} and "NUMBER" not in expected and _NAME.fullmatch(previous.text):
            return _spaced_name(previous.to(span))
        if (is_name and re.match(r"\s*[=:](?!=)", rest)) or word in STATEMENT_WORDS:
            help = "put each on its own line, so that a change shows alone"
            return diagnostic("S108", "two statements on one line", span, help=help)
        if not previous.text.endswith('"') and _STARTS_VALUE.match(word):
            return _side_by_side(source, previous, span)
    return _unreadable(span, _CHARACTERS.get(word[:1], "") or _wanted(error, source, begin))


def keyword_as_name(word: str, span: Span) -> Diagnostic:
    other = OTHER_NAMES.get(word, f"{word}_")
    help = f"choose another name, such as `{other}`"
    return diagnostic("S107", f"`{word}` is a word of the language", span, help=help, fix=Fix(span, other))


def _character(source: SourceFile, at: int) -> Diagnostic:
    """A character that no word of the language begins with, here."""
    line, column = source.position(at)
    text = source.line(line)
    character = text[column - 1 : column]
    thousands = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
    for match in thousands.finditer(text) if character == "," else ():
        if match.start() < column <= match.end():
            span = Span(source, at - column + 1 + match.start(), at - column + 1 + match.end())
            mended = match.group().replace(",", "_")
            help = f"write `{mended}`"
            return diagnostic(
                "S101", "a number has no commas", span, help=help, fix=Fix(span, mended, Applicability.CERTAIN)
            )
    implicit = re.search(r"([0-9][0-9_.]*)[ \t]+([A-Za-z_]\w*)$", text[: column - 1]) if character == "." else None
    if implicit is not None:
        path = _PATH.match(text, implicit.start(2))
        name = path.group() if path else implicit.group(2)
        span = Span(source, at - column + 1 + implicit.start(), at - column + 1 + implicit.start(2) + len(name))
        mended = f"{implicit.group(1)} * {name}"
        return diagnostic(
            "S105", "two values stand side by side", span, help=f"write `{mended}`", fix=Fix(span, mended)
        )
    if character == ";" and re.match(r"\s*show\b", text):
        return _unreadable(Span(source, at, at + 1), "a comma stands between shown values: `show a, b`")
    return _unreadable(Span(source, at, at + 1), _CHARACTERS.get(character, ""))


def _expected(error: UnexpectedToken) -> set[str]:
    """The terminals that could have stood there; lark knows them one way for the lexer, another for the parser."""
    return set(error.accepts or ()) or set(error.expected or ())


def _too_short(error: UnexpectedToken, source: SourceFile, end: int) -> Diagnostic:
    """A line that ends before it is complete: the mark stands behind its last word."""
    line, column = source.position(end)
    words = _without_comment(source.line(line)[: column - 1]).rstrip()
    at = end - column + 1 + len(words)
    return _unreadable(Span(source, at, at), _wanted(error, source, at))


def _without_comment(line: str) -> str:
    return re.sub(r'("(?:\\.|[^"\\])*")|#.*', lambda m: m.group(1) or "", line)


def _previous(source: SourceFile, at: int) -> Span | None:
    """The word or sign before an offset, on the same line."""
    line, column = source.position(at)
    match = _LAST_WORD.search(source.line(line)[: column - 1])
    return None if match is None else Span(source, at - column + 1 + match.start(1), at - column + 1 + match.end(1))


def _spaced_name(span: Span) -> Diagnostic:
    mended = "_".join(span.text.split())
    return diagnostic(
        "S101", f"a name is one word: `{span.text}`", span, help=f"write `{mended}`", fix=Fix(span, mended)
    )


def _side_by_side(source: SourceFile, previous: Span, span: Span) -> Diagnostic:
    """A number followed by two words, or two values with nothing between them."""
    line = source.line(span.line)
    before = line[: span.column - 1]
    spaced = re.search(r"([0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?)[ \t]*([A-Za-z%][\w/*^]*)[ \t]+$", before)
    after = re.match(r"[A-Za-z][\w/*^-]*", line[span.column - 1 :])
    if spaced and after and spaced.group(2) not in KEYWORDS:
        number, first, second = spaced.group(1), spaced.group(2), after.group()
        whole = Span(source, span.start - len(before) + spaced.start(), span.start + len(second))
        if first in _MAGNITUDES:
            return _spaced_unit(whole, f"{number}{_MAGNITUDES[first]} {second}", Applicability.CERTAIN)
        if first == "per":
            return _spaced_unit(whole, f"{number}/{second}")
        per = re.match(r"per[ \t]+([A-Za-z]\w*)", line[span.column - 1 :])
        if per:
            return _spaced_unit(Span(source, whole.start, span.start + per.end()), f"{number} {first}/{per.group(1)}")
        if second not in KEYWORDS:
            help = f"write `{number} {first}*{second}` or `{number} {first}/{second}`; between values, ` * ` multiplies"
            return diagnostic("S104", f"a unit is one word: `{whole.text}`", whole, help=help)
    path = _PATH.match(line, span.column - 1)
    if path:
        span = Span(source, span.start, span.start + len(path.group()))
    if re.fullmatch(r"[0-9]+", previous.text) is None and previous.text in STATEMENT_WORDS:
        return _unreadable(span, "a name begins with a letter")
    mended = f"{previous.text} * {span.text}"
    whole = previous.to(span)
    return diagnostic(
        "S105", "two values stand side by side", whole, help=f"write `{mended}` to multiply", fix=Fix(whole, mended)
    )


def _spaced_unit(whole: Span, mended: str, applicability: Applicability = Applicability.LIKELY) -> Diagnostic:
    fix = Fix(whole, mended, applicability)
    return diagnostic("S104", f"a unit is one word: `{whole.text}`", whole, help=f"write `{mended}`", fix=fix)


def _wanted_value(previous: Span | None) -> str:
    after = f"after `{previous.text}`" if previous is not None else "here"
    return f"{after} a value is needed: a number with its unit, a name, or `( … )`"


def _wanted(error: UnexpectedToken, source: SourceFile, at: int) -> str:
    """What could stand here, when that is one clear thing."""
    expected = _expected(error)
    previous = _previous(source, at)
    after = f"after `{previous.text}`" if previous is not None else "here"
    if {"NUMBER", "NAME", "LPAR"} <= expected:
        return _wanted_value(previous)
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
