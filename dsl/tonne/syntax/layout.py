"""A piece of a statement into lines cut in cells.

Takes the words of a piece; gives its lines: where it breaks is the author's choice, one space or none between two words
is the language's. Moves blanks only: words and comments stay as they are written.
"""

from __future__ import annotations

from tonne.syntax.align import CONTINUED, Column, Line
from tonne.syntax.parse import Word
from tonne.syntax.pieces import BRACES_WITHOUT_BLOCK, CONTINUES, Gaps, Piece

INDENT = 2
_SOURCES = {"FROM", "ASSUMED"}
_OPEN, _CLOSED = {"LPAR", "LSQB"}, {"RPAR", "RSQB"}
_TIGHT_BEFORE = {"COMMA", "DOT", *_CLOSED}
_TIGHT_AFTER = {"DOT", *_OPEN}
_ENDS_VALUE = {"NAME", "NUMBER", "UNIT", *_CLOSED}
_COLUMNS = {"LBRACE": Column.BRACE, "COLON": Column.COLON}
_EQUALS = {"VARY": {"IN"}}  # what stands where others have their `=`
_EMPTY_BLOCK = ("LBRACE", "RBRACE")
_MAGNITUDES = "kMBT"


def lay_out(piece: Piece, gaps: Gaps) -> tuple[list[Line], bool]:
    """The lines of a piece that could be read, and whether it breaks inside brackets, where it has no columns to share."""
    text, words = gaps.text, piece.words
    indent = INDENT if piece.in_block else 0
    columns = _columns(words)
    opens = _OPEN | ({"LBRACE"} if words[0].kind in BRACES_WITHOUT_BLOCK else set())
    closes = _CLOSED | ({"RBRACE"} if "LBRACE" in opens else set())
    lines = [Line(indent)]
    depth = 0
    broken = False
    for index, word in enumerate(words):
        before = words[index - 1] if index else None
        column = columns.get(index)
        is_empty_block = before is not None and (before.kind, word.kind) == _EMPTY_BLOCK
        if before is not None and not is_empty_block and gaps.breaks(before.end, word.start):
            broken = broken or depth > 0
            inner = depth - (word.kind in closes)
            if word.kind == "_OR" and depth == 0:
                column = Column.EQUAL
            if column is None and word.kind in CONTINUES and depth == 0:
                line = Line(indent + CONTINUED)
            else:
                line = Line(indent + INDENT * inner)
            _between(lines, line, column or Column.START, before.end, word.start, gaps)
            lines.append(line)
        line = lines[-1]
        if column is not None and any(c is column for c, _ in line.cells):
            column = None  # `from … assumed …` is one cell
        shown = text[word.start : word.end]
        if not line.cells or column is not None:
            line.cells.append((column or Column.START, shown))
        else:
            assert before is not None
            last, so_far = line.cells[-1]
            two_before = words[index - 2] if index > 1 else None
            line.cells[-1] = (last, so_far + _space(two_before, before, word, text) + shown)
        depth += (word.kind in opens) - (word.kind in closes)
    return lines, broken


def _between(lines: list[Line], below: Line, column: Column, start: int, end: int, gaps: Gaps) -> None:
    """The comments inside a statement: beside the line that ends there, or above the one that begins, as it is indented."""
    for comment_start, comment_end in gaps.comments(start, end):
        comment = gaps.text[comment_start:comment_end].rstrip()
        if not gaps.breaks(start, comment_start):
            lines[-1].comment = comment
        else:
            lines.append(Line(below.indent, [(column, comment)]))


def _columns(words: tuple[Word, ...]) -> dict[int, Column]:
    """Which words begin a cell: the first `{`, `:` and `=` outside brackets, and the provenance behind them."""
    found: dict[int, Column] = {}
    sources: list[int] = []
    depth = 0
    equals = _EQUALS.get(words[0].kind, {"EQUAL"})
    for index, word in enumerate(words):
        kind = word.kind
        depth += (kind in _OPEN) - (kind in _CLOSED)
        if depth > 0:
            continue
        column = Column.EQUAL if kind in equals else _COLUMNS.get(kind)
        if column is not None and column not in found.values():
            found[index] = column
            if column is Column.EQUAL:
                sources.clear()  # the source of a usual range is a part of the type
        elif kind in _SOURCES:
            sources.append(index)
    if words[-1].kind == "LBRACE":
        found.pop(len(words) - 1)  # the head of a block stands alone
    return found | dict.fromkeys(sources, Column.SOURCE)


def _space(two_before: Word | None, before: Word, word: Word, text: str) -> str:
    """What stands between two words of a line."""
    if word.kind in _TIGHT_BEFORE or before.kind in _TIGHT_AFTER:
        return ""
    pair = (before.kind, word.kind)
    if pair in (("NAME", "LPAR"), _EMPTY_BLOCK):
        return ""
    if pair == ("NUMBER", "UNIT"):
        first = text[word.start]
        return "" if first == "%" or (first == "/" and text[before.end - 1] not in _MAGNITUDES) else " "
    if before.kind == "MINUS" and (two_before is None or two_before.kind not in _ENDS_VALUE):
        return ""
    return " "
