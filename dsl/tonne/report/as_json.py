"""A run as JSON: the contract of `docs/json.md`, whose schema is `run.schema.json` beside this file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tonne.diagnostic import Diagnostic
from tonne.formatting import exact, visible
from tonne.missing import undetermined
from tonne.quantities import quantities
from tonne.report.diagnostics import as_json
from tonne.run import Run
from tonne.syntax import tree
from tonne.verdict import Outcome, Verdict

VERSION = 1


def as_text(document: Any) -> str:
    """A document as the commands print it; what a terminal would obey is escaped by JSON's own means."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or visible(c) == c else json.dumps(c)[1:-1] for c in text)


def check_as_json(found: Iterable[Diagnostic], mended: Iterable[Diagnostic] | None = None) -> dict[str, Any]:
    """Findings; with `--fix` what was mended too."""
    done = {} if mended is None else {"mended": [as_json(d) for d in mended]}
    return {"version": VERSION, "diagnostics": [as_json(d) for d in found], **done}


def run_as_json(
    run: Run | None, requirements: list[Verdict], claims: list[Verdict], found: tuple[Diagnostic, ...]
) -> dict[str, Any]:
    """Everything that a run says; values are in the unit that the file declares for them."""
    return {
        "version": VERSION,
        "diagnostics": [as_json(d) for d in found],
        "values": {} if run is None else _values(run),
        "undetermined": {} if run is None else undetermined(run.model),
        "requirements": [_requirement(v) for v in requirements],
        "claims": [_claim(v) for v in claims],
    }


def _value(value: float | None, unit: str, status: str) -> dict[str, Any]:
    return {"value": None if value is None else exact(value), "unit": unit, "status": status}


def _values(run: Run) -> dict[str, Any]:
    return {
        one.name: _value(run.in_unit(one.node, one.unit), one.unit.word, "given" if one.is_given else "derived")
        for one in quantities(run)
    }


def _requirement(verdict: Verdict) -> dict[str, Any]:
    holds = None if verdict.outcome is Outcome.NOT_DECIDED else verdict.outcome is Outcome.HOLDS
    return {"text": verdict.text, "line": verdict.statement.span.line, "holds": holds}


def _claim(verdict: Verdict) -> dict[str, Any]:
    assert isinstance(verdict.statement, tree.Claim)
    source = verdict.statement.provenance

    def number(value: float | None) -> float | int | None:
        return None if value is None else exact(value)

    return {
        "text": verdict.text,
        "line": verdict.statement.span.line,
        "source": None if source is None else str(source),
        "verdict": verdict.outcome.value,
        "computed": number(verdict.computed),
        "claimed": number(verdict.claimed),
        "unit": None if verdict.unit is None else verdict.unit.word,
        "ratio": number(verdict.ratio),
        "cause": verdict.cause or None,
    }
