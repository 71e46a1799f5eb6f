"""A statement into the pieces that stand on lines of their own.

Takes the words that `read_words` found of a statement; gives its pieces in order: a whole statement, the head of a
block, a line of it, its closing brace, or lines that could not be read, which nobody may touch.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tonne.syntax.parse import Word, WordsOfChunk

CONTINUES = {"_OR", "FROM", "ASSUMED"}
BRACES_WITHOUT_BLOCK = {"USE", "SHOW"}
_OPEN, _CLOSED = {"LPAR", "LSQB", "LBRACE"}, {"RPAR", "RSQB", "RBRACE"}
_BLANK = re.compile(r"\s*")


class Role(Enum):
    LINE = "a statement or a line of a block"
    OPEN = "the head of a block"
    CLOSE = "the end of a block"
    UNREAD = "lines that could not be read"


@dataclass(frozen=True)
class Piece:
    """`start` and `end` are offsets in the file; lines that could not be read have no words and are whole lines."""

    role: Role
    start: int
    end: int
    in_block: bool
    words: tuple[Word, ...] = ()


class Gaps:
    """What stands between words: blanks and comments."""

    def __init__(self, text: str, comments: Sequence[tuple[int, int]]) -> None:
        self.text = text
        self._comments = comments
        self._starts = [start for start, _ in comments]

    def comments(self, start: int, end: int) -> Sequence[tuple[int, int]]:
        """The comments that begin in a range."""
        return self._comments[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def breaks(self, start: int, end: int) -> bool:
        return "\n" in self.text[start:end]

    def is_empty(self, start: int, end: int) -> bool:
        return self.first_word(start, end) == end

    def first_word(self, start: int, end: int) -> int:
        """Where the first character stands that is neither blank nor of a comment."""
        for comment_start, comment_end in [*self.comments(start, end), (end, end)]:
            match = _BLANK.match(self.text, start, comment_start)
            if match and match.end() < comment_start:
                return match.end()
            start = comment_end
        return end

    def last_word(self, start: int, end: int) -> int:
        """The end of the line on which the last such character stands."""
        stop = end
        for comment_start, comment_end in reversed([(start, start), *self.comments(start, end)]):
            words = self.text[comment_end:stop].rstrip()
            if words:
                line_end = self.text.find("\n", comment_end + len(words), end)
                return end if line_end < 0 else line_end
            stop = comment_start
        return start


def pieces(read: WordsOfChunk, gaps: Gaps) -> list[Piece]:
    """The pieces of a statement, in order."""
    chunk, parts = read
    start = gaps.first_word(chunk.start, chunk.end)
    if start == chunk.end:
        return []
    unread = _unread(start, chunk.end, False, gaps)
    if not parts or (chunk.open >= 0 and chunk.close < 0):
        return [unread]
    words = parts[0]
    if chunk.open < 0 or words[0].kind in BRACES_WITHOUT_BLOCK:
        return [_of(Role.LINE, words, False)]
    closed = Piece(Role.CLOSE, chunk.close, chunk.close + 1, False, (Word("RBRACE", chunk.close, chunk.close + 1),))
    if words[-1].end == chunk.close + 1:
        at = next(index for index, word in enumerate(words) if word.start == chunk.open)
        lines = list(_lines(words[at + 1 : -1], gaps))
        whole = not gaps.breaks(chunk.open, chunk.close)
        if whole or (not lines and not gaps.comments(chunk.open, chunk.close)):
            return [_of(Role.LINE, words, False)]
        return [_of(Role.OPEN, words[: at + 1], False), *(_of(Role.LINE, line, True) for line in lines), closed]
    # Some line could not be read: what lies between those that could is left as it is.
    if not gaps.is_empty(chunk.close + 1, chunk.end):
        return [unread]
    if len(parts) == 1 and gaps.is_empty(chunk.open + 1, chunk.close) and not gaps.comments(chunk.open, chunk.close):
        return [_of(Role.LINE, (*words, *closed.words), False)]  # blanks that the grammar has not, such as U+00A0
    made = [_of(Role.OPEN, words, False)]
    for part in [*parts[1:], closed.words]:
        last = made[-1].end
        first = gaps.first_word(last, part[0].start)
        if first < part[0].start:
            other = _unread(first, part[0].start, True, gaps)
            if other.start < last or not gaps.breaks(other.end, part[0].start):
                return [unread]  # it shares its line with what could be read
            made.append(other)
        made.append(_of(Role.LINE, part, True))
    return [*made[:-1], closed]


def _of(role: Role, words: tuple[Word, ...], in_block: bool) -> Piece:
    return Piece(role, words[0].start, words[-1].end, in_block, words)


def _unread(first: int, end: int, in_block: bool, gaps: Gaps) -> Piece:
    return Piece(Role.UNREAD, gaps.text.rfind("\n", 0, first) + 1, gaps.last_word(first, end), in_block)


def _lines(words: tuple[Word, ...], gaps: Gaps) -> list[tuple[Word, ...]]:
    """The words of a block's body, line by line."""
    lines: list[tuple[Word, ...]] = []
    begin = depth = 0
    for index, word in enumerate(words):
        starts_line = index > begin and depth == 0 and word.kind not in CONTINUES
        if starts_line and gaps.breaks(words[index - 1].end, word.start):
            lines.append(words[begin:index])
            begin = index
        depth += (word.kind in _OPEN) - (word.kind in _CLOSED)
    return [*lines, words[begin:]] if words else []
