"""What the standard form changes.

Takes a text and its standard form; gives the lines that differ, as diagnostics or as a unified diff. As both have the same
words, lines are matched by the words before them, which takes no longer for a file where every line differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import Match, SequenceMatcher

from tonne.diagnostic import Diagnostic, diagnostic
from tonne.source import Span
from tonne.syntax.format import Formatted, lines_of

_BLANKS = re.compile(r"\s+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def not_formatted(before: str, form: Formatted, command: str) -> list[Diagnostic]:
    """L601 for the first line of each stretch of `before` that is not in its form; `command` is what mends it."""
    if before == form.text:
        return []
    lines, after = (["".join(line) for line in lines_of(text)] for text in (before, form.text))
    found = []
    for first in [low for tag, low, *_ in _SameWords(lines, after).get_opcodes() if tag != "equal"]:
        number = min(first + 1, len(lines))
        start = form.source.line_starts[number - 1]
        span = Span(form.source, start, start + len(form.source.line(number)))
        found.append(diagnostic("L601", f"line {number} is not in standard form", span, help=command))
    return found


def unified_diff(before: str, after: str, name: str) -> Iterator[str]:
    """The lines of a diff that `patch` takes; nothing where the texts are the same."""
    a, b = _LINE.findall(before), _LINE.findall(after)
    if before != after:
        yield from (f"--- {name}\n", f"+++ {name}\n")
    for group in _SameWords(a, b).get_grouped_opcodes():
        (_, a_first, _, b_first, _), (_, _, a_last, _, b_last) = group[0], group[-1]
        yield f"@@ -{_range(a_first, a_last)} +{_range(b_first, b_last)} @@\n"
        for tag, a_low, a_high, b_low, b_high in group:
            if tag == "equal":
                yield from (_marked(" ", line) for line in a[a_low:a_high])
            else:
                yield from (_marked("-", line) for line in a[a_low:a_high])
                yield from (_marked("+", line) for line in b[b_low:b_high])


def _range(first: int, last: int) -> str:
    """Lines as a diff counts them: an empty range is named by the line before it."""
    return f"{first + (last > first)},{last - first}"


def _marked(mark: str, line: str) -> str:
    return mark + line + ("" if line.endswith("\n") else "\n\\ No newline at end of file\n")


class _SameWords(SequenceMatcher[str]):
    """Matches the lines of two texts with the same words."""

    def __init__(self, a: list[str], b: list[str]) -> None:
        super().__init__(None, a, b, autojunk=False)
        self.lines = a, b

    def get_matching_blocks(self) -> list[Match]:
        a, b = self.lines
        places = {place: index for index, place in enumerate(_places(b))}
        blocks: list[Match] = []
        for index, place in enumerate(_places(a)):
            other = places.get(place)
            if other is None or a[index] != b[other]:
                continue
            if blocks and blocks[-1].a + blocks[-1].size == index and blocks[-1].b + blocks[-1].size == other:
                blocks[-1] = blocks[-1]._replace(size=blocks[-1].size + 1)
            else:
                blocks.append(Match(index, other, 1))
        return [*blocks, Match(len(a), len(b), 0)]


def _places(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Of each line: how many characters of words stand before it, and how many blank lines since; -1 if it has words."""
    at = blank = 0
    for line in lines:
        words = len(_BLANKS.sub("", line))
        yield at, -1 if words else blank
        at, blank = at + words, 0 if words else blank + 1
