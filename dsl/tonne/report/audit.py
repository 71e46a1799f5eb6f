"""An audit as a person or a program reads it: a table for a terminal, Markdown, a page of HTML, JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.style import Style as RichStyle
from rich.text import Text

from tonne.audit import OUTCOMES, Audit, AuditedClaim, AuditedFile
from tonne.bibliography import Style, cite, links
from tonne.catalogue import Severity
from tonne.report.as_json import VERSION, claim_as_json
from tonne.report.diagnostics import as_json, clean
from tonne.report.html import page
from tonne.report.markdown import code, table, words
from tonne.report.plain_table import plain_table
from tonne.report.tables import MARKS
from tonne.verdict import Outcome, Verdict, computed_words, measure

_WORDS = {
    Outcome.HOLDS: "holds",
    Outcome.WITHIN_ROUNDING: "within rounding",
    Outcome.REFUTED: "refuted",
    Outcome.NOT_COMPARABLE: "not comparable",
    Outcome.NOT_DECIDED: "not decided",
}


def summary(audit: Audit) -> str:
    """`8 claims in 1 file: 3 hold, 1 holds within rounding, 4 are refuted (4 with a likely cause)`."""
    totals = audit.totals
    claims = len(audit.claims)
    if not claims:
        looked = _many(len(audit.files), "file", "files")
        return f"no claims in {looked}; one is a line such as `claim pretrain.co2e == 14 tCO2e  from smith2024`"
    files = sum(bool(file.claims) for file in audit.files)
    caused = sum(claim.verdict.likely is not None for claim in audit.claims)
    of_refuted = f" ({caused} with a likely cause)" if caused else ""
    said = {
        Outcome.HOLDS: _many(totals[Outcome.HOLDS], "holds", "hold"),
        Outcome.WITHIN_ROUNDING: _many(totals[Outcome.WITHIN_ROUNDING], "holds", "hold") + " within rounding",
        Outcome.REFUTED: _many(totals[Outcome.REFUTED], "is", "are") + f" refuted{of_refuted}",
        Outcome.NOT_COMPARABLE: _many(totals[Outcome.NOT_COMPARABLE], "is", "are") + " not comparable",
        Outcome.NOT_DECIDED: _many(totals[Outcome.NOT_DECIDED], "rests", "rest") + " on an error",
    }
    parts = ", ".join(words for outcome, words in said.items() if totals[outcome])
    odd = sum(d.severity is Severity.WARNING for file in audit.files for d in file.diagnostics)
    warned = f"; {_many(odd, 'warning', 'warnings')}, which `tonne run` shows" if odd else ""
    return f"{_many(claims, 'claim', 'claims')} in {_many(files, 'file', 'files')}: {parts}{warned}"


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


# ── a terminal ──


def as_tables(audit: Audit, only: Sequence[Outcome] = ()) -> Iterator[RenderableType]:
    """A table for each file that has claims, of those with one of some verdicts, and the totals of all."""
    for file in audit.files:
        claims = file.only(only)
        if claims:
            yield _table(file, claims)
            yield Text("")
    yield Text(summary(audit), "bold")


def _table(file: AuditedFile, claims: Sequence[AuditedClaim]) -> RenderableType:
    made = plain_table(clean(f"{file.file}  {file.title}" if file.title else file.file))
    made.add_column("line", justify="right")
    made.add_column("verdict", no_wrap=True)
    made.add_column("claim, likely cause", overflow="fold")
    made.add_column("its inputs give", overflow="fold")
    made.add_column("source", overflow="fold")
    for claim in claims:
        verdict = claim.verdict
        mark, style = MARKS[verdict.outcome]
        told, why = Text(clean(verdict.text)), _why(verdict)
        if why:
            told.append(f"\n{clean(why)}", "italic")
        source = _source_as_text(claim)
        made.add_row(
            str(claim.line), Text(f"{mark} {_WORDS[verdict.outcome]}", style), told, clean(_given(verdict)), source
        )
    return made


def _given(verdict: Verdict) -> str:
    """What follows from the inputs, and how far that is from the claim, where it is not the claim."""
    if verdict.outcome is Outcome.REFUTED:
        return f"{computed_words(verdict)}: {measure(verdict)}"
    return computed_words(verdict) if verdict.outcome is Outcome.WITHIN_ROUNDING else ""


def _why(verdict: Verdict) -> str:
    return verdict.because if verdict.outcome is Outcome.NOT_COMPARABLE else verdict.cause


def _source(claim: AuditedClaim, style: Style = "text") -> str:
    return "" if claim.source is None else cite(claim.source, claim.sources, style)


def _source_as_text(claim: AuditedClaim) -> Text:
    """The source, which leads to where it is to be had, on a terminal too."""
    cited = [claim.sources[c.key] for c in claim.source.citations if c.key in claim.sources] if claim.source else []
    addresses = [link.address for source in cited for link in links(source)]
    return Text(clean(_source(claim)), RichStyle(color="cyan", link=addresses[0] if addresses else None))


# ── a page ──


def as_html(audit: Audit, only: Sequence[Outcome] = ()) -> str:
    """A page of its own, without scripts."""
    tables = [_table(file, claims) for file in audit.files if (claims := file.only(only))]
    return page("Claims on trial", [Text(summary(audit), "bold"), *tables])


def as_markdown(audit: Audit, only: Sequence[Outcome] = (), link: Callable[[str], str] | None = None) -> str:
    """What is refuted or not comparable with its numbers, then every claim with one of some verdicts.

    `link` gives the address of a file, where its title shall lead to it.
    """

    def title_of(file: AuditedFile) -> str:
        title = words(file.title or file.file)
        return title if link is None else f"[{title}]({link(file.file)})"

    lines = [f"{summary(audit)}.", *_by_file(audit, title_of)]
    for outcome, title in ((Outcome.REFUTED, "Refuted"), (Outcome.NOT_COMPARABLE, "Not comparable")):
        if only and outcome not in only:
            continue
        files = [(file, claims) for file in audit.files if (claims := file.only([outcome]))]
        lines += ["", f"## {title}"] if files else []
        for file, claims in files:
            lines += ["", f"### {title_of(file)}", *_differences(claims, outcome)]
    rest = [one for one in only if one not in (Outcome.REFUTED, Outcome.NOT_COMPARABLE)]
    if only and not rest:
        return _joined(lines)
    every = len(lines)
    for file in audit.files:
        rows = [
            [str(claim.line), code(claim.verdict.text), _WORDS[claim.verdict.outcome], _source(claim, "markdown")]
            for claim in file.only(rest)
        ]
        lines += ["", f"### {title_of(file)}", *table(["line", "claim", "verdict", "source"], rows)] if rows else []
    if len(lines) > every:
        lines[every:every] = ["", "## Every claim" if not only else "## Claims that hold"]
    return _joined(lines)


def _by_file(audit: Audit, title_of: Callable[[AuditedFile], str]) -> list[str]:
    """How many claims of each verdict each file has."""
    used = [outcome for outcome in OUTCOMES if audit.totals[outcome]]
    rows = []
    for file in audit.files:
        if file.claims:
            outcomes = [claim.verdict.outcome for claim in file.claims]
            counts = [str(outcomes.count(one) or "") for one in used]
            rows.append([title_of(file), str(len(file.claims)), *counts])
    return table(["source", "claims", *(_WORDS[one] for one in used)], rows) if rows else []


def _differences(claims: Sequence[AuditedClaim], outcome: Outcome) -> list[str]:
    if outcome is Outcome.NOT_COMPARABLE:
        rows = [
            [code(claim.verdict.text), words(claim.verdict.because), _source(claim, "markdown")] for claim in claims
        ]
        return table(["claim", "why", "source"], rows)
    rows = [
        [
            code(claim.verdict.text),
            words(_given(claim.verdict)),
            words("; ".join([claim.verdict.cause, *claim.verdict.evidence]) if claim.verdict.cause else ""),
            _source(claim, "markdown"),
        ]
        for claim in claims
    ]
    return table(["claim", "its inputs give", "likely cause", "source"], rows)


def _joined(lines: Sequence[str]) -> str:
    """Lines as one text, without a second blank one in a row."""
    kept = [line for before, line in zip(["", *lines], lines, strict=False) if line or before]
    return "\n".join(kept).strip() + "\n"


# ── JSON ──


def audit_as_json(audit: Audit, only: Sequence[Outcome] = ()) -> dict[str, Any]:
    """Every claim with one of some verdicts, and how many there are of each verdict."""
    claims = [claim for file in audit.files for claim in file.only(only)]
    return {
        "version": VERSION,
        "claims": [{"file": claim.file, **claim_as_json(claim.verdict)} for claim in claims],
        "totals": {"claims": len(audit.claims), **{one.value: count for one, count in audit.totals.items()}},
        "diagnostics": [as_json(d) for file in audit.files for d in file.diagnostics],
    }
