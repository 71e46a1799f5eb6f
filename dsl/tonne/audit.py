"""Claims on trial: every claim of some scenario files with its verdict, in one list.

Takes paths, gives an `Audit`; each file is evaluated by itself, as `tonne run` does, and nothing is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tonne.citations import Source
from tonne.diagnostic import Diagnostic, without_verdicts
from tonne.library import display_name, read_text
from tonne.limits import DEFAULT_LIMITS
from tonne.scenario import Evaluated, evaluate
from tonne.syntax import tree
from tonne.syntax.fences import heading
from tonne.values import Record, Unprinted
from tonne.verdict import Outcome, Verdict

# Of claims, in the order in which totals are told.
OUTCOMES = (
    Outcome.HOLDS,
    Outcome.WITHIN_ROUNDING,
    Outcome.REFUTED,
    Outcome.NOT_COMPARABLE,
    Outcome.NOT_DECIDED,
)


class AuditedClaim(Unprinted, Record, frozen=True, eq=False):
    """A claim with its verdict, the file in which it stands, and the sources that this file knows."""

    file: str
    verdict: Verdict
    sources: Mapping[str, Source]

    @property
    def line(self) -> int:
        return self.verdict.statement.span.line

    @property
    def source(self) -> tree.Provenance | None:
        return self.verdict.statement.provenance


class AuditedFile(Unprinted, Record, frozen=True, eq=False):
    """A file with its claims in their order; `title` is its first heading or what it says of itself, else empty."""

    file: str
    title: str
    claims: tuple[AuditedClaim, ...]
    diagnostics: tuple[Diagnostic, ...]  # without the verdicts

    def only(self, outcomes: Sequence[Outcome]) -> list[AuditedClaim]:
        """The claims with one of these verdicts; all of them where none is named."""
        return [claim for claim in self.claims if not outcomes or claim.verdict.outcome in outcomes]


class Audit(Unprinted, Record, frozen=True, eq=False):
    """What became of the claims of some files."""

    files: tuple[AuditedFile, ...]

    @property
    def claims(self) -> list[AuditedClaim]:
        return [claim for file in self.files for claim in file.claims]

    @property
    def totals(self) -> dict[Outcome, int]:
        """How many claims have each verdict; one that no claim has is 0."""
        outcomes = [claim.verdict.outcome for claim in self.claims]
        return {one: outcomes.count(one) for one in OUTCOMES}


def audit(paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> Audit:
    """Evaluates each file; `progress` is told how many of how many are done."""
    files = []
    for done, path in enumerate(paths, 1):
        files.append(_audited(path, evaluate(path)))
        if progress is not None:
            progress(done, len(paths))
    return Audit(tuple(files))


def _audited(path: Path, made: Evaluated) -> AuditedFile:
    name = display_name(path)
    findings, _ = without_verdicts(made.diagnostics)
    sources = made.checked.project.entry.sources if made.checked.project is not None else {}
    claims = tuple(AuditedClaim(name, verdict, sources) for verdict in made.claims)
    return AuditedFile(name, _title(path, made), claims, tuple(findings))


def _title(path: Path, made: Evaluated) -> str:
    """The first heading of a Markdown page; else what a file says of itself."""
    project = made.checked.project
    if project is None:
        return ""
    text, _ = read_text(path, "", DEFAULT_LIMITS) if path.suffix == ".md" else (None, [])
    return heading(text or "") or project.entry.module.doc or ""
