"""What became of a requirement or a claim."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tonne import verdict as judged


@dataclass(frozen=True)
class Verdict:
    """Of one `require` or `claim`, with its test as written in `text`.

    `verdict` is `holds` or `missed` of a requirement; `holds`, `holds-within-rounding`, `refuted` or `not-comparable` of a
    claim; `not-decided` where it rests on an error. `computed` is what the scenario gives and `claimed` what is claimed or
    required, both in `unit`; `ratio` is the one over the other. `cause` is the likely one of the difference, empty where none
    was found, with its `evidence`. `share` is that of the draws in which it holds, None without sampling.

    >>> import tonne
    >>> [claim] = tonne.load("scenarios/quickstart.tonne").run().claims
    >>> claim.verdict, round(claim.computed), claim.claimed, claim.unit
    ('refuted', 6600, 6.6, 'tCO2e/day')
    >>> claim.cause
    'a factor of exactly 10³: a unit prefix slip'
    """

    text: str
    line: int
    verdict: str
    computed: float | None
    claimed: float | None
    unit: str | None
    ratio: float | None
    cause: str
    evidence: tuple[str, ...]
    source: str
    share: float | None
    _judged: judged.Verdict = field(repr=False, compare=False)

    @property
    def holds(self) -> bool | None:
        """None where it was not decided."""
        outcome = self._judged.outcome
        if outcome in (judged.Outcome.NOT_DECIDED, judged.Outcome.NOT_COMPARABLE):
            return None
        return outcome in (judged.Outcome.HOLDS, judged.Outcome.WITHIN_ROUNDING)

    def __str__(self) -> str:
        from tonne.report.tables import verdict_as_text

        return verdict_as_text(self._judged).plain

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from tonne.report.html import to_html
        from tonne.report.tables import verdict_as_text

        return to_html([verdict_as_text(self._judged)])


def verdict_of(one: judged.Verdict) -> Verdict:
    source = one.statement.provenance
    return Verdict(
        one.text,
        one.statement.span.line,
        one.outcome.value,
        one.computed,
        one.claimed,
        None if one.unit is None else one.unit.word,
        one.ratio,
        one.cause,
        one.evidence,
        "" if source is None else str(source),
        one.share,
        one,
    )
