"""Bibliographies: the sources that numbers are from, by key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tonne.cache import cached
from tonne.diagnostic import Diagnostic
from tonne.limits import DEFAULT_LIMITS
from tonne.source import SourceFile, Span
from tonne.values import Record, field


class Source(Record, frozen=True):
    """One entry: its key and where that stands, its type such as `article`, and its fields in LaTeX.

    `taken_from` are the keys that its `crossref` or `xdata` names.
    """

    key: str
    type: str
    span: Span
    fields: Mapping[str, str]
    taken_from: tuple[str, ...] = ()


class Bibliography(Record, frozen=True):
    entries: dict[str, Source] = field(default_factory=dict)
    lost: Mapping[str, Diagnostic] = field(default_factory=dict)  # why an entry could not be read, by its key


def read_bibliography(source: SourceFile) -> tuple[Bibliography, list[Diagnostic]]:
    """The entries of a BibTeX file; P307 for what of it cannot be read as it stands, P309 when it is no BibTeX."""

    def make() -> tuple[Bibliography, list[Diagnostic]]:
        from tonne.bibtex import parse_bibtex

        entries, lost, found = parse_bibtex(source)
        return Bibliography(entries, lost), found

    # Titles of P309 name the file.
    return cached("bibliography", [source.text], make, source=source, worth_keeping=lambda read: bool(read[0].entries))


@lru_cache(maxsize=1)
def library_bibliography() -> Bibliography:
    """The standard library's own sources."""
    from tonne.library import library_root, read

    source, _ = read(library_root() / "references.bib", "stdlib/references.bib", DEFAULT_LIMITS)
    return Bibliography() if source is None else read_bibliography(source)[0]
