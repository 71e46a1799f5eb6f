"""How diagnostics look: in full with the reader's own lines, one line each, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from tonne.catalogue import Severity
from tonne.diagnostic import Diagnostic, Label
from tonne.formatting import visible
from tonne.source import SourceFile

_STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold cyan",
    Severity.VERDICT: "bold magenta",
}
# Findings that are shown in full: nobody reads more, and a file can have 100,000.
MOST_SHOWN = 200
_WIDEST = 140
_TAB = "    "


def clean(text: str) -> str:
    """Text as it may be shown: tabs of one width, and what a terminal would obey written out."""
    return visible(text.replace("\t", _TAB))


def one_line(one: Diagnostic) -> str:
    return clean(str(one))


def as_json(one: Diagnostic) -> dict[str, Any]:
    line, column = one.span.source.position(one.span.start)
    end_line, end_column = one.span.source.position(one.span.end)
    return {
        "code": one.code,
        "name": one.name,
        "severity": one.severity.value,
        "message": one.title,
        "file": one.span.source.name,
        "line": line,
        "column": column,
        "end": {"line": end_line, "column": end_column},
        "help": one.help or None,
        "notes": list(one.notes),
    }


def in_full(one: Diagnostic) -> Text:
    """The diagnostic with the lines that it speaks of, the primary label first."""
    style = _STYLES[one.severity]
    text = Text()
    text.append(f"{one.severity.value}[{one.code}]", style)
    text.append(f": {clean(one.title)}\n", "bold")
    margin = max(len(str(label.span.line)) for label in one.labels)
    blocks = _blocks(one.labels)
    for index, (source, lines) in enumerate(blocks):
        first = one.labels[0].span if index == 0 else lines[0][1][0].span
        corner = "┌─" if index == 0 else "├─"
        text.append(f"{' ' * margin} {corner} ", "blue")
        text.append(f"{clean(source.name)}:{first.line}:{first.column}\n")
        if source.text:
            for number, labels in lines:
                _append_line(text, source, number, labels, margin, one.labels[0], style)
    for note in one.notes:
        _append_words(text, "note", note, margin)
    if one.help:
        _append_words(text, "help", one.help, margin)
    _append_words(text, "more", f"tonne help {one.code}", margin)
    text.rstrip()
    return text


def _append_words(text: Text, word: str, words: str, margin: int) -> None:
    """A line of words, and below it, indented, what there is to type on lines of its own."""
    first, *lines = words.split("\n")
    text.append(f"{' ' * max(0, margin - 1)}{word}: ", "bold")
    text.append(clean(first) + "\n")
    for line in lines:
        text.append(f"{' ' * (margin + 5)}{clean(line)}\n")


def _blocks(labels: tuple[Label, ...]) -> list[tuple[SourceFile, list[tuple[int, list[Label]]]]]:
    """Labels by file and line, the file of the primary label first; labels at the place of another are dropped."""
    files: dict[int, tuple[SourceFile, dict[int, list[Label]]]] = {}
    for label in labels:
        _, lines = files.setdefault(id(label.span.source), (label.span.source, {}))
        on_line = lines.setdefault(label.span.line, [])
        if all(other.span != label.span for other in on_line):
            on_line.append(label)
    return [(source, sorted(lines.items())) for source, lines in files.values()]


def _append_line(
    text: Text, source: SourceFile, number: int, labels: list[Label], margin: int, primary: Label, style: str
) -> None:
    """A line of the file with its labels below it: the last one beside its mark, the others on lines of their own."""
    line = source.line(number)
    start = source.line_starts[number - 1]
    places = sorted(((label.span.start - start, label) for label in labels), key=lambda p: p[0])
    cut_from, cut_to = _window(line, [p for p, _ in places])
    shown = clean(line[cut_from:cut_to])
    lead, tail = ("…" if cut_from else ""), ("…" if cut_to < len(line) else "")
    bar = f"{' ' * margin} │ "
    text.append(f"{number:>{margin}} │ ", "blue")
    text.append(f"{lead}{shown}{tail}\n")

    def column(at: int) -> int:
        return len(lead) + cell_len(clean(line[cut_from : max(cut_from, min(at, cut_to))]))

    marks: list[tuple[int, int, Label]] = []
    for at, label in places:
        end = min(label.span.end - start, len(line))
        marks.append((column(at), max(column(end) - column(at), 1), label))
    text.append(bar, "blue")
    at_column = 0
    for begin, width, label in marks:
        mark = "^" if label is primary or label.span == primary.span else "-"
        if begin < at_column:
            continue
        text.append(" " * (begin - at_column))
        text.append(mark * width, style if mark == "^" else "blue")
        at_column = begin + width
    worded = [(begin, label) for begin, _, label in marks if label.text]
    last_begin = marks[-1][0]
    if worded and worded[-1][0] == last_begin:
        text.append(f" {clean(worded[-1][1].text)}")
        worded.pop()
    text.append("\n")
    for begin, label in reversed(worded):
        text.append(bar, "blue")
        text.append(f"{' ' * begin}{clean(label.text)}\n")


def _window(line: str, places: list[int]) -> tuple[int, int]:
    """The part of a long line that is shown: around its marks."""
    if len(line) <= _WIDEST:
        return 0, len(line)
    start = max(0, min(places) - 40)
    return start, min(len(line), start + _WIDEST)


def summary(found: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or nothing."""
    counts = {severity: sum(d.severity is severity for d in found) for severity in Severity}
    words = [f"{n} {s.value}{'s' if n > 1 else ''}" for s, n in counts.items() if n and s is not Severity.VERDICT]
    return ", ".join(words)


def all_in_full(found: Iterable[Diagnostic]) -> list[Text]:
    """Diagnostics in full, a blank line after each, and their count at the end. Of very many, the first."""
    found = list(found)
    parts = [part for one in found[:MOST_SHOWN] for part in (in_full(one), Text())][:-1]
    if len(found) > MOST_SHOWN:
        more = f"… and {len(found) - MOST_SHOWN:,} more, which `--format short` and `--format json` give"
        parts += [Text(), Text(more)]
    counts = summary(found)
    return [*parts, Text(), Text(counts)] if counts else parts
