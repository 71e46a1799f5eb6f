"""Characters that no word of the language has: what each is called, and what to write in its place.

Takes a position in a source file where a character could not be read, gives one diagnostic. Texts and comments may hold any
character; this is about the rest of a line.
"""

from __future__ import annotations

import re
import unicodedata

from tonne.diagnostic import Applicability, Diagnostic, Fix, Label, diagnostic
from tonne.source import SourceFile, Span

# Signs with one meaning here; those between values have a blank on both sides.
_SAME_SIGN = {"≤": "<=", "≥": ">=", "−": "-", "≦": "<=", "≧": ">=", "＝": "=", "＋": "+"}
_SPACED_SIGN = {"×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/"}
_QUOTED = re.compile(r'[“”„«‟]([^"\\“”„«»‟\n]*)[“”»‟]')
_TEXT_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*"|#.*)')
# Letters of other alphabets that look like ours.
_LOOKS_LIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧνο",
    "ABESIJKMHOPCTYXaesijopcyxdqwABEZHIKMNOPTYXvo",
)
_CONTROLS = {
    "\0": "null", "\a": "bell", "\b": "backspace", "\v": "vertical tab", "\f": "form feed", "\x1b": "escape",
    "\x7f": "delete",
}  # fmt: skip


def is_odd(character: str) -> bool:
    """Whether a character is a letter, a blank or a control character that no word of the language has."""
    return character not in "\t\n" and (not character.isascii() or not character.isprintable())


def called(character: str) -> str:
    """What a character is called: `U+00A0 no-break space`."""
    name = _CONTROLS.get(character) or unicodedata.name(character, "control character").lower()
    return f"U+{ord(character):04X} {name}"


def look_alike(word: str) -> str:
    """A word with the letters of other alphabets that look like ours replaced, and fullwidth ones by plain ones."""
    return unicodedata.normalize("NFKC", word).translate(_LOOKS_LIKE)


def odd_character(source: SourceFile, at: int) -> Diagnostic | None:
    """What to say of an odd character at an offset; None where it is a sign that `tonne.syntax.mistakes` knows."""
    character = source.text[at : at + 1]
    span = Span(source, at, at + 1)
    quoted = _QUOTED.match(source.text, at)
    if quoted:
        mended = f'"{quoted.group(1)}"'
        return _said("texts stand in straight quotes", Span(source, at, quoted.end()), mended)
    no_sign = f"`{character}` ({called(character)}) is no sign here"
    if character in _SAME_SIGN:
        return _said(no_sign, span, _SAME_SIGN[character])
    if character in _SPACED_SIGN:
        blanks = source.text[at - 1 : at] == " " and source.text[at + 1 : at + 2] == " "
        return _said(no_sign, span, _SPACED_SIGN[character]) if blanks else None
    category = unicodedata.category(character)
    if category[0] in "ZC":
        line = source.line(span.line)
        start = at - span.column + 1
        mended = "".join(part if i % 2 else _plain(part) for i, part in enumerate(_TEXT_OR_COMMENT.split(line)))
        fix = Fix(Span(source, start, start + len(line)), mended, Applicability.CERTAIN)
        help = "write a plain blank" if _plain(character) else "remove it"
        return diagnostic("S101", f"`{called(character)}` cannot be read here", span, help=help, fix=fix)
    if category[0] in "LMN":
        return _letter(source, at)
    return None


def _plain(text: str) -> str:
    """Text with odd blanks as plain ones, and without characters that cannot be seen."""
    return "".join(
        " " if c.isspace() and c not in "\t" else ("" if unicodedata.category(c)[0] in "ZC" and c != "\t" else c)
        for c in text
    )


def _letter(source: SourceFile, at: int) -> Diagnostic:
    """A letter in a name: the whole name, and how it would be written."""
    text = source.text
    begin, end = at, at + 1
    while begin > 0 and (text[begin - 1].isalnum() or text[begin - 1] == "_"):
        begin -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    word = text[begin:end]
    written = unicodedata.normalize("NFKD", look_alike(word)).encode("ascii", "ignore").decode()
    whole = re.fullmatch(r"[A-Za-z_]\w*", written) is not None and len(written) >= len(word)
    title = f"`{word}` is no name: it is written in a to z, digits and `_`"
    span = Span(source, begin, end)
    fix = Fix(span, written) if whole else None
    help = f"write `{written}`" if whole else "write it in other letters"
    return diagnostic("S101", title, Label(span, f"`{text[at]}` is {called(text[at])}"), help=help, fix=fix)


def _said(title: str, span: Span, mended: str) -> Diagnostic:
    fix = Fix(span, mended, Applicability.CERTAIN)
    return diagnostic("S101", title, span, help=f"write `{mended}`", fix=fix)
