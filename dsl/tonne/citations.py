"""Bibliographies: the sources that numbers are from, by key. The only home of bibtexparser."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tonne.limits import DEFAULT_LIMITS
from tonne.source import SourceFile


@dataclass(frozen=True, slots=True)
class Source:
    """One entry: its key, the line where it stands (from 1), and its fields as written."""

    key: str
    line: int
    fields: Mapping[str, str]

    def __str__(self) -> str:
        parts = [self.fields.get(name, "").strip("{}") for name in ("author", "title", "year")]
        return ". ".join(part for part in parts if part) or self.key


@dataclass(frozen=True)
class Bibliography:
    entries: Mapping[str, Source] = field(default_factory=dict)


def read_bibliography(source: SourceFile) -> Bibliography:
    """The entries of a BibTeX file."""
    import bibtexparser

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # it would write the file's own text to the terminal
    library = bibtexparser.parse_string(source.text)
    return Bibliography(
        {
            entry.key: Source(
                entry.key, (entry.start_line or 0) + 1, {f.key.lower(): str(f.value) for f in entry.fields}
            )
            for entry in library.entries
        }
    )


@lru_cache(maxsize=1)
def library_bibliography() -> Bibliography:
    """The standard library's own sources."""
    from tonne.library import library_root, read

    source, _ = read(library_root() / "references.bib", "stdlib/references.bib", DEFAULT_LIMITS)
    return Bibliography() if source is None else read_bibliography(source)
