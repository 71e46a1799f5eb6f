"""The standard form of a text.

Takes the text of a scenario, or of a Markdown file with scenarios in fences; gives the same words and comments in the
standard form (docs/language.md, "The standard form"), and the errors of what could not be read, which is left as it is.
Changes blanks only, so that the tree of a text stays the same, and never the standard form of anything again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tonne.diagnostic import Diagnostic
from tonne.limits import DEFAULT_LIMITS, Limits
from tonne.source import SourceFile
from tonne.syntax.align import Column, Line, aligned
from tonne.syntax.fences import tonne_fences
from tonne.syntax.layout import INDENT, lay_out
from tonne.syntax.parse import read_words
from tonne.syntax.pieces import Gaps, Piece, Role, pieces

_BOM = "\ufeff"
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_RUN_OF_BLOCK = "in a block"
_ALIKE = {"CLAIM": "REQUIRE"}  # both are tests


@dataclass(frozen=True)
class Formatted:
    """The text in standard form, and the errors of what could not be read.

    `source` is the text as it was given, with the line ends that positions are counted by; the errors point into it.
    """

    text: str
    source: SourceFile
    diagnostics: tuple[Diagnostic, ...]


@dataclass
class _Entry:
    """The lines of a piece, or a comment (`role` is None), or lines that could not be read.

    Entries of one `run` that follow each other without a blank line are aligned; None is aligned with nothing.
    """

    role: Role | None
    lines: list[Line] = field(default_factory=list)
    unread: str = ""
    run: str | None = None
    blank_before: bool = False


def format_text(text: str, name: str, limits: Limits = DEFAULT_LIMITS, *, markdown: bool = False) -> Formatted:
    """The standard form; `name` is what diagnostics call the file. Line ends and a byte order mark stay as they are."""
    mark = _BOM if text.startswith(_BOM) else ""
    lines = lines_of(text)
    source = SourceFile(name, "".join(words + "\n" * bool(line_end) for words, line_end in lines))
    made, found, at = [mark], [], 0
    for start, end in tonne_fences(source.text) if markdown else [(0, len(source.text))]:
        first = source.position(start)[0] - 1
        fence = lines[first - 1] if first else ("", "")
        count = source.text.count("\n", start, end) + (end > start and source.text[end - 1] != "\n")
        form, errors = _format_range(source, start, end, limits, " " * (len(fence[0]) - len(fence[0].lstrip(" "))))
        line_end = next((e for _, e in [fence, *lines[first : first + count]] if e), "\n")
        made += [words + e for words, e in lines[at:first]]
        at = first
        found += errors
        if form is not None:
            made.append(form.replace("\n", line_end))
            at = first + count
    made += [words + e for words, e in lines[at:]]
    return Formatted("".join(made), source, tuple(found))


def lines_of(text: str) -> list[tuple[str, str]]:
    """The lines of a text and the line end of each, without a byte order mark."""
    return [(m[1], m[2]) for m in _LINE.finditer(text.removeprefix(_BOM)) if m.group()]


def _format_range(
    source: SourceFile, start: int, end: int, limits: Limits, prefix: str
) -> tuple[str | None, list[Diagnostic]]:
    """The standard form of a scenario that is the whole file or one fence of it, each line after `prefix`.

    None where it had better be left alone: what a slip does to its neighbours depends on which lines begin at the margin,
    and a prefix would move them.
    """
    read, spans, found = read_words(source, start, end, limits)
    gaps = Gaps(source.text, [(span.start, span.end) for span in spans])
    made = [piece for chunk in read for piece in pieces(chunk, gaps)]
    if prefix and any(piece.role is Role.UNREAD for piece in made):
        return None, found
    lines: list[str] = []
    run: list[_Entry] = []

    def finish_run() -> None:
        lines.extend(prefix + line for line in aligned([line for entry in run for line in entry.lines]))
        run.clear()

    for entry in _entries(made, start, end, gaps):
        if run and (entry.blank_before or entry.run is None or entry.run != run[0].run):
            finish_run()
        if entry.blank_before:
            lines.append("")
        if entry.role is Role.UNREAD:
            finish_run()
            lines.append(entry.unread)
        else:
            run.append(entry)
    finish_run()
    return "".join(line + "\n" for line in lines), found


def _entries(made: list[Piece], start: int, end: int, gaps: Gaps) -> list[_Entry]:
    """The pieces and the comments between them, with the blank lines that stay."""
    entries: list[_Entry] = []
    at = start
    indent = 0

    def is_blank(begin: int, stop: int) -> bool:
        return gaps.text.count("\n", begin, stop) > 1

    for piece in [*made, None]:
        stop = end if piece is None else piece.start
        mark = at
        for comment_start, comment_end in gaps.comments(at, stop):
            comment = gaps.text[comment_start:comment_end].rstrip()
            if entries and not gaps.breaks(at, comment_start):
                entries[-1].lines[-1].comment = comment
            else:
                line = Line(indent, [(Column.START, comment)])
                entries.append(_Entry(None, [line], blank_before=is_blank(mark, comment_start)))
            mark = comment_end
        if piece is not None:
            entries.append(_entry(piece, is_blank(mark, stop), gaps))
            at = piece.end
            indent = INDENT if piece.role is Role.OPEN or piece.in_block else 0
    _set_off_blocks(entries)
    return entries


def _entry(piece: Piece, blank_before: bool, gaps: Gaps) -> _Entry:
    if piece.role is Role.UNREAD:
        return _Entry(piece.role, unread=gaps.text[piece.start : piece.end], blank_before=blank_before)
    lines, is_broken = lay_out(piece, gaps)
    kind = piece.words[0].kind
    run = _RUN_OF_BLOCK if piece.in_block else _ALIKE.get(kind, kind)
    return _Entry(piece.role, lines, "", None if is_broken or piece.role is not Role.LINE else run, blank_before)


def _set_off_blocks(entries: list[_Entry]) -> None:
    """A blank line before a block, above the comments that stand on it, and after it; none at its ends or the file's."""
    for index, entry in enumerate(entries):
        if entry.role is Role.OPEN:
            first = index
            while first and entries[first - 1].role is None and not entries[first].blank_before:
                first -= 1
            entries[first].blank_before = True
        if index and entries[index - 1].role is Role.CLOSE:
            entry.blank_before = True
    for before, entry in zip([None, *entries], entries, strict=False):
        if before is None or before.role is Role.OPEN or entry.role is Role.CLOSE:
            entry.blank_before = False
