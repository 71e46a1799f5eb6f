"""What is wrong with a statement that cannot be parsed, in the reader's words.

Takes lark's account of the point where it stopped and gives one diagnostic with something to type.
"""

from __future__ import annotations

import difflib
import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from tonne.diagnostic import Applicability, Diagnostic, Fix, diagnostic
from tonne.source import SourceFile, Span
from tonne.syntax.characters import is_odd, odd_character
from tonne.syntax.keywords import KEYWORDS, OTHER_NAMES, STATEMENT_WORDS

_MAGNITUDES = {
    "k": "k", "thousand": "k", "m": "M", "M": "M", "million": "M", "mn": "M", "G": "B", "B": "B", "b": "B", "bn": "B",
    "billion": "B", "T": "T", "t": "T", "trillion": "T", "tn": "T",
}  # fmt: skip
_MASSES = {"g", "kg", "t", "kt", "Mt", "mg", "lb", "Gt"}
_UNIT_LIKE = re.compile(
    r"(?:[kMGTPEmµn]?(?:W|Wh|J|h|s|g|t|B|FLOP|L|m)|min|day|week|month|year|hours?|token|request|param|device|gpu|tpu|GPU|TPU|USD|EUR)"
    r"(?:[/*^][\w/*^-]*)?"
)
_CHARACTERS = {
    "×": "write ` * ` to multiply",
    "·": "write ` * ` to multiply, or `*` inside a unit",
    "÷": "write ` / ` to divide",
    "≈": "write `within 5% of`",
    "‐": "write `-`",
    "‑": "write `-`",
    "–": "write `-`, or `..` for a range",
    "—": "write `-`",
    "…": "write `..` for a range",
    "~": 'a spread stands right after the value, before its source: `x = 2 ~ uniform(1, 3) from "…"`',
    "±": "write the value, then `~ normal(sd = …)`",
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
_TO_DIGITS = str.maketrans("⁻−⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
_DEVICES = re.compile(r"(?:gpu|tpu|device|chip|accelerator)s?", re.IGNORECASE)
_HOURS = re.compile(r"hours?|hrs?|h", re.IGNORECASE)
_BELOW = re.compile(r"([A-Za-z][\w/*]*?)\^?-1")  # a unit to the power of minus one
_NAME = re.compile(r"[A-Za-z_]\w*")
_STARTS_VALUE = re.compile(r"[\w(%$]")
_ENDS_VALUE = re.compile(r'[\w%)"\]]$')
_LAST_WORD = r'("(?:\\.|[^"\\])*"|[\w.%$/*^]+|[^\s\w])[ \t]*$'
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
# Characters before a mistake that are looked at for what was meant.
_MOST_BEFORE = 300
_WITH_COMMAS = re.compile(r"[0-9]+(?:,[0-9]+)+")
_NAMED_PLACES = {"NAME", "WORD"}
_OPTIMUM_LINES = ("minimize", "maximize", "over", "subject to", "show")


def mistake(error: UnexpectedInput, source: SourceFile, offset: int, length: int) -> Diagnostic:
    """The diagnostic for the statement of `length` characters at `offset` that could not be parsed."""
    misspelt = _misspelt_statement(error, source, offset)
    if misspelt is not None:
        return misspelt
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
    if begin >= offset + length:  # the brace that was put in for one that is missing
        return _too_short(error, source, offset + length)
    if word[:1] in (",", ".", "/", "*"):
        return _character(source, begin)
    odd_at = next((i for i, c in enumerate(word) if is_odd(c)), None) if token.type != "STRING" else None
    odd = odd_character(source, begin + odd_at) if odd_at is not None else None
    if odd is not None:
        return odd
    span = Span(source, begin, begin + len(word))
    expected = _expected(error)
    vary = _vary(source, span)
    if vary is not None:
        return vary
    if word == "=" and "COMPARE" in expected and "EQUAL" not in expected:
        return _only_so("one `=` binds; `==` compares", span, "==")
    if word == "-" and "LBRACE" in expected and "NUMBER" not in expected:
        head = re.match(r"[\w-]+", source.line(span.line)[span.column - 1 :])
        name = _previous(source, begin)
        if head and name:
            return _one_word(name.to(Span(source, begin, begin + len(head.group()))))
    previous = _previous(source, begin)
    rest = source.line(span.line)[span.column - 1 + len(word) :]
    if _NAMED_PLACES & expected and word in KEYWORDS and "NUMBER" not in expected:
        return keyword_as_name(word, span)
    if previous is not None and previous.text in ("from", "assumed") and token.type == "STRING":
        return _unreadable(previous, _wanted_value(_previous(source, previous.start)))
    if previous is not None and _ENDS_VALUE.search(previous.text):
        is_name = _NAME.fullmatch(word) is not None
        if previous.text in STATEMENT_WORDS and not source.line(span.line)[: previous.column - 1].strip():
            help = "this is a line of a block: close the block with `}` first, or put the statement after it"
            return diagnostic("S101", f"a `{previous.text}` stands outside of blocks", previous, help=help)
        if is_name and expected & {"EQUAL", "LBRACE"} and "NUMBER" not in expected and _NAME.fullmatch(previous.text):
            return _one_word(previous.to(span))
        if (is_name and re.match(r"\s*[=:](?!=)", rest)) or word in STATEMENT_WORDS:
            return two_on_a_line(span)
        if not previous.text.endswith('"') and _STARTS_VALUE.match(word):
            return _side_by_side(source, previous, span)
    line = _misspelt_line(expected, span, offset)
    return line or _unreadable(span, _CHARACTERS.get(word[:1], "") or _wanted(error, source, begin))


def _vary(source: SourceFile, span: Span) -> Diagnostic | None:
    """What stands in a line of `vary` in place of a list or a spacing."""
    line = source.line(span.line)
    if not line.lstrip().startswith("vary "):
        return None
    if span.text == "=":
        return _only_so("the values of a `vary` stand after `in`", span, "in")
    before = line[: span.column - 1].rstrip()
    if re.search(r"\bin$", before):
        return _unreadable(span, "write a list, `in [A, B, C]`, or a spacing, `in linear(LOW, HIGH, N)`")
    if "[" in before and not before.endswith(",") and _STARTS_VALUE.match(span.text):
        return diagnostic(
            "S101", "two values of a list have a comma between them", span, help="write a comma before it"
        )
    return None


def _misspelt_line(expected: set[str], span: Span, offset: int) -> Diagnostic | None:
    """`minimise a`, where a line of an optimum's block begins."""
    if span.start != offset or "MINIMIZE" not in expected:
        return None
    near = difflib.get_close_matches(span.text.lower(), _OPTIMUM_LINES, 1, 0.6)
    if not near:
        return None
    title = f"no line of an optimum begins with `{span.text}`"
    return diagnostic("S101", title, span, help=f"did you mean `{near[0]}`?", fix=Fix(span, near[0]))


def _misspelt_statement(error: UnexpectedInput, source: SourceFile, offset: int) -> Diagnostic | None:
    """`requre a < 3 kWh`: read as an instance `a` of a kind `requre` until there is no block."""
    allowed = _expected(error) if isinstance(error, UnexpectedToken) else set(getattr(error, "allowed", None) or ())
    first = _NAME.match(source.text, offset)
    if first is None or "LBRACE" not in allowed or first.group() in STATEMENT_WORDS:
        return None
    near = difflib.get_close_matches(first.group().lower(), STATEMENT_WORDS, 1, 0.75)
    if not near:
        return None
    span = Span(source, *first.span())
    title = f"no statement begins with `{first.group()}`"
    return diagnostic("S101", title, span, help=f"did you mean `{near[0]}`?", fix=Fix(span, near[0]))


def keyword_as_name(word: str, span: Span) -> Diagnostic:
    other = OTHER_NAMES.get(word, f"{word}_")
    help = f"choose another name, such as `{other}`"
    return diagnostic("S107", f"`{word}` is a word of the language", span, help=help, fix=Fix(span, other))


def two_on_a_line(second: Span) -> Diagnostic:
    help = "put each on its own line, so that a change shows alone"
    return diagnostic("S108", "two statements on one line", second, help=help)


def _character(source: SourceFile, at: int) -> Diagnostic:
    """A character that no word of the language begins with, here."""
    line, column = source.position(at)
    text = source.line(line)
    character = text[column - 1 : column]
    before, after = text[: column - 1], text[column - 1 :]

    def at_line(start: int, end: int) -> Span:
        return Span(source, at - column + 1 + start, at - column + 1 + end)

    around = slice(max(0, column - _MOST_BEFORE), column + _MOST_BEFORE)
    for match in _WITH_COMMAS.finditer(text, around.start, around.stop) if character == "," else ():
        if match.start() < column <= match.end():
            digits = match.group()
            grouped = re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", digits) is not None
            mended = digits.replace(",", "_" if grouped else ".")
            title = "a number has no commas" if grouped else "a decimal point is a point"
            fix = Fix(at_line(*match.span()), mended)
            return diagnostic("S101", title, at_line(*match.span()), help=f"write `{mended}`", fix=fix)
    power = _at_end(r"(?<![\w.])([0-9][0-9_]*(?:\.[0-9]+)?)[ \t]*$", before)
    ten = re.match(r"[ \t]*[*x×·][ \t]*10(?:[ \t]*\^[ \t]*([-−]?[0-9]+)|([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))(?![\w.^])", after)
    if power and ten:
        exponent = (ten.group(1) or ten.group(2)).translate(_TO_DIGITS)
        span = at_line(power.start(), column - 1 + ten.end())
        mended, title = f"{power.group(1)}e{exponent}", "a power of ten is written with `e`"
        if before[: power.start()].rstrip().endswith(("/", "^")):  # `a / 2 × 10^3` has two readings
            return diagnostic("S101", title, span, help=f"write `{mended}`", fix=Fix(span, mended))
        return _only_so(title, span, mended)
    odd = odd_character(source, at) if is_odd(character) else None
    if odd is not None:
        return odd
    if after.startswith("//"):
        return _unreadable(at_line(column - 1, column + 1), "a comment begins with `#`")
    if character == "." and re.search(r"[0-9]\.[0-9]+$", before):
        return _unreadable(at_line(column - 1, column), "a number has one decimal point")
    below = re.match(r"[·⋅][ \t]*([A-Za-z]\w*)(?:⁻¹|\^?-1)", after)
    if below:  # `gCO2e·kWh⁻¹`
        unit = _at_end(r"[A-Za-z%][\w/*^]*[ \t]*$", before)
        if unit:
            span = at_line(unit.start(), column - 1 + below.end())
            return _spaced_unit(span, f"{unit.group().strip()}/{below.group(1)}")
    hyphen = _at_end(r"([a-zA-Z]*)CO2[- ]?eq?$", before)
    if hyphen and character == "/":
        span = at_line(hyphen.start(), column - 1)
        return diagnostic("S104", f"a unit is one word: `{span.text}`", span, help=f"write `{hyphen.group(1)}CO2e`")
    implicit = _at_end(r"([0-9][0-9_.]*)[ \t]+([A-Za-z_]\w*)$", before) if character == "." else None
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


def _only_so(title: str, span: Span, mended: str) -> Diagnostic:
    """What can only have been meant in one way."""
    fix = Fix(span, mended, Applicability.CERTAIN)
    return diagnostic("S101", title, span, help=f"write `{mended}`", fix=fix)


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
    return re.sub(r'("(?:\\.|[^"\\])*"?)|#.*', lambda m: m.group(1) or "", line)


def _at_end(pattern: str, text: str) -> re.Match[str] | None:
    """Where a pattern that ends with `$` matches the last words of a text, which may be a line of a million characters."""
    return re.compile(pattern).search(text, max(0, len(text) - _MOST_BEFORE))


def _previous(source: SourceFile, at: int) -> Span | None:
    """The word or sign before an offset, on the same line."""
    line, column = source.position(at)
    match = _at_end(_LAST_WORD, source.line(line)[: column - 1])
    return None if match is None else Span(source, at - column + 1 + match.start(1), at - column + 1 + match.end(1))


def _one_word(span: Span) -> Diagnostic:
    mended = re.sub(r"[\s-]+", "_", span.text)
    return diagnostic(
        "S101", f"a name is one word: `{span.text}`", span, help=f"write `{mended}`", fix=Fix(span, mended)
    )


def _side_by_side(source: SourceFile, previous: Span, span: Span) -> Diagnostic:
    """A number followed by two words, or two values with nothing between them."""
    line = source.line(span.line)
    before = line[: span.column - 1]
    spaced = _at_end(r"([0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?)[ \t]*([A-Za-z%][\w/*^]*)[ \t]+$", before)
    after = re.match(r"[A-Za-z][\w/*^-]*", line[span.column - 1 :])
    if spaced and after and spaced.group(2) not in KEYWORDS:
        number, first, second = spaced.group(1), spaced.group(2), after.group()
        whole = Span(source, span.start - len(before) + spaced.start(), span.start + len(second))
        gas = re.match(r"CO2(?:-?eq?)?", second)
        if gas and first in _MASSES:
            return _spaced_unit(
                Span(source, whole.start, span.start + len(second)), f"{number} {first}CO2e{second[gas.end() :]}"
            )
        if first in _MAGNITUDES:
            # `2 B param` may have been meant as bytes a parameter; `m` is also milli, and `t` a tonne
            sure = Applicability.LIKELY if first in ("B", "b", "m", "t") else Applicability.CERTAIN
            return _spaced_unit(whole, f"{number}{_MAGNITUDES[first]} {second}", sure)
        if _DEVICES.fullmatch(first) and _HOURS.fullmatch(second):
            return _spaced_unit(whole, f"{number} device*h")
        below = _BELOW.fullmatch(second)
        if below:  # `103 gCO2e kWh-1`
            return _spaced_unit(whole, f"{number} {first}/{below.group(1)}")
        if first == "per":
            return _spaced_unit(whole, f"{number}/{second}")
        per = re.match(r"per[ \t]+([A-Za-z]\w*)", line[span.column - 1 :])
        if per:
            return _spaced_unit(Span(source, whole.start, span.start + per.end()), f"{number} {first}/{per.group(1)}")
        if _UNIT_LIKE.fullmatch(first) and _UNIT_LIKE.fullmatch(second):
            help = f"write `{number} {first}*{second}` or `{number} {first}/{second}`; between values, ` * ` multiplies"
            return diagnostic("S104", f"a unit is one word: `{whole.text}`", whole, help=help)
    groups = _at_end(r"(?<![\w.])[0-9]{1,3}(?: [0-9]{3})*[ ]$", before)
    rest = re.match(r"[0-9]{3}(?: [0-9]{3})*(?![0-9])", line[span.column - 1 :])
    if groups and rest:
        whole = Span(source, span.start - len(groups.group()), span.start + len(rest.group()))
        mended = whole.text.replace(" ", "_")
        return diagnostic("S101", "a number has no spaces", whole, help=f"write `{mended}`", fix=Fix(whole, mended))
    if previous.text in STATEMENT_WORDS and span.text[0].isdigit():
        return _unreadable(span, "a name begins with a letter")
    if not line[: previous.column - 1].strip() and _NAME.fullmatch(previous.text) and span.text[0].isdigit():
        return _unreadable(span, f"write `{previous.text} = …`")
    code = re.match(r"([A-Za-z])([0-9]{3})\b", line[span.column - 1 :])
    if previous.text == "allow" and code:
        return _unreadable(span, f"a code has a large letter: write `{code.group().upper()}`")
    if previous.text in KEYWORDS or span.text in KEYWORDS:
        return _unreadable(span, f"`{span.text if span.text in KEYWORDS else previous.text}` does not stand here")
    whole_value = _at_end(r"[0-9][0-9_.]*[kMBT]?[ \t]*$", source.line(span.line)[: previous.column - 1])
    if whole_value and _NAME.match(previous.text):
        previous = Span(source, previous.start - len(whole_value.group()), previous.end)
    path = _PATH.match(line, span.column - 1)
    if path:
        span = Span(source, span.start, span.start + len(path.group()))
    whole = previous.to(span)
    if span.text.startswith("("):
        return diagnostic("S105", "two values stand side by side", whole, help="write ` * ` between them to multiply")
    if not (_UNIT_LIKE.fullmatch(span.text.split("/")[0]) or "." in span.text or span.text[0].isdigit()):
        help = "write ` * ` between them to multiply; a source begins with `from`, a comment with `#`"
        return diagnostic("S105", "two values stand side by side", whole, help=help)
    mended = f"{previous.text} * {span.text}"
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
