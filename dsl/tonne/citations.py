"""Bibliographies: the sources that numbers are from, by key. The only home of bibtexparser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from tonne.cache import cached
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.limits import DEFAULT_LIMITS
from tonne.source import SourceFile, Span
from tonne.values import Record, field


class Source(Record, frozen=True):
    """One entry: its key, the line where it stands (from 1), and its fields as written."""

    key: str
    line: int
    fields: Mapping[str, str]

    def plain(self, name: str) -> str:
        """A field without BibTeX's braces and escapes; empty when there is none."""
        return re.sub(r"\\([_&%#$])|[{}]", r"\1", self.fields.get(name, ""))

    def __str__(self) -> str:
        parts = [self.plain(name) for name in ("author", "title", "year")]
        return ". ".join(part for part in parts if part) or self.key


class Bibliography(Record, frozen=True):
    entries: Mapping[str, Source] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()  # keys of entries that could not be read


def read_bibliography(source: SourceFile) -> tuple[Bibliography, list[Diagnostic]]:
    """The entries of a BibTeX file, and P307 for each that cannot be read or whose key stands twice."""
    return cached("bibliography", [source.text], lambda: _read(source), source=source)


def _read(source: SourceFile) -> tuple[Bibliography, list[Diagnostic]]:
    import logging

    import bibtexparser

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # it would write the file's own text to the terminal
    library = bibtexparser.parse_string(source.text)
    entries = {
        entry.key: Source(entry.key, (entry.start_line or 0) + 1, {f.key.lower(): str(f.value) for f in entry.fields})
        for entry in library.entries
    }
    lost: set[str] = set()
    found: list[Diagnostic] = []
    for block in library.failed_blocks:
        line = min((block.start_line or 0) + 1, len(source.line_starts))
        start = source.line_starts[line - 1]
        head = re.match(r"@\w+\s*\{\s*([^\s,{}]*)", source.text[start : start + 200])
        key = head.group(1) if head else ""
        span = Span(source, start, start + len(source.line(line)))
        if key in entries:
            title, help = f"the source `{key}` stands twice", "the first one is used; remove the other"
        else:
            lost.add(key)
            title, help = f"the source `{key}` cannot be read" if key else "a source cannot be read", "close its braces"
        found.append(diagnostic("P307", title, span, help=help))
    return Bibliography(entries, frozenset(lost)), found


@lru_cache(maxsize=1)
def library_bibliography() -> Bibliography:
    """The standard library's own sources."""
    from tonne.library import library_root, read

    source, _ = read(library_root() / "references.bib", "stdlib/references.bib", DEFAULT_LIMITS)
    return Bibliography() if source is None else read_bibliography(source)[0]
