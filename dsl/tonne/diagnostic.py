"""What the program has to say about a file, as data.

A stage returns diagnostics beside its result; it never prints and never raises for a user's mistake. How they look is
the business of `tonne.report`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from tonne.catalogue import CATALOGUE, Severity
from tonne.source import Span
from tonne.values import Record, replace


class Applicability(StrEnum):
    """Whether a mending may be applied without asking."""

    CERTAIN = "certain"
    LIKELY = "likely"


class Label(Record, frozen=True):
    """A place in a file and what it is."""

    span: Span
    text: str = ""


class Fix(Record, frozen=True):
    """A mending: replace the span by the text."""

    span: Span
    replacement: str
    applicability: Applicability = Applicability.LIKELY


class Diagnostic(Record, frozen=True):
    """One finding. The first label is the primary one and gives the position.

    `title` is a lower-case fact about the reader's own words, `help` something to type, `notes` further facts.
    """

    code: str
    title: str
    labels: tuple[Label, ...]
    help: str = ""
    notes: tuple[str, ...] = ()
    fix: Fix | None = None
    severity: Severity = Severity.ERROR

    @property
    def span(self) -> Span:
        return self.labels[0].span

    @property
    def name(self) -> str:
        return CATALOGUE[self.code].name

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        line, column = self.span.source.position(self.span.start)
        help = f" ({' '.join(self.help.split())})" if self.help else ""
        return f"{self.span.source.name}:{line}:{column}: {self.severity.value}[{self.code}] {self.title}{help}"

    def __repr__(self) -> str:
        return f"<{self}>"


def diagnostic(
    code: str,
    title: str,
    *labels: Label | Span,
    help: str = "",
    notes: Iterable[str] = (),
    fix: Fix | None = None,
) -> Diagnostic:
    """A diagnostic with the severity that the catalogue gives its code; a bare span is a label without words."""
    marked = tuple(label if isinstance(label, Label) else Label(label) for label in labels)
    return Diagnostic(code, title, marked, help, tuple(notes), fix, CATALOGUE[code].severity)


def with_severities(found: Iterable[Diagnostic], severities: dict[str, Severity | None]) -> list[Diagnostic]:
    """Diagnostics with the severities that a project sets by name; None turns a finding off. An error stays one."""
    changed = []
    for one in found:
        asked = severities.get(one.name, severities.get(one.code, one.severity))
        severity = one.severity if one.is_error else asked
        if severity is not None:
            changed.append(one if severity is one.severity else replace(one, severity=severity))
    return changed


def without_verdicts(found: Iterable[Diagnostic]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """What is to be said before a result, and the verdicts, which are of what stands in it."""
    found = list(found)
    return (
        [one for one in found if one.severity is not Severity.VERDICT],
        [one for one in found if one.severity is Severity.VERDICT],
    )


def in_file_order(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by file and position; of equal findings at one place only one is kept, an error if there is one."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for one in sorted(found, key=lambda d: (d.span.source.name, d.span.start, d.code, not d.is_error)):
        key = (one.span.source.name, one.span.start, one.span.end, one.code, one.title)
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept
