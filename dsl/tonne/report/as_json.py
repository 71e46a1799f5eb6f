"""A run as JSON: the contract of `docs/json.md`, whose schema is `run.schema.json` beside this file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tonne.diagnostic import Diagnostic
from tonne.formatting import exact, visible
from tonne.missing import undetermined
from tonne.quantities import quantities
from tonne.report.diagnostics import as_json
from tonne.run import Run
from tonne.syntax import tree
from tonne.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from tonne.answer import Answer, Line

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
        **({"optima": _optima(run)} if run is not None and run.optima else {}),
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


def _optima(run: Run) -> dict[str, Any]:
    from tonne.answer import answer

    return {told.name: _optimum(told) for told in map(answer, run.optima)}


def _optimum(told: Answer) -> dict[str, Any]:
    return {
        "statement": told.statement,
        "free": [_line(line) for line in told.free],
        "objective": _line(told.objective),
        "terms": [{**_line(line), "share": _finite(line.share)} for line in told.terms],
        "constraint": told.constraint and _line(told.constraint),
        "binds": told.binds,
        "multiplier": told.multiplier and {"value": exact(told.multiplier.value), "unit": told.multiplier.unit.word},
        "at_bound": list(told.at_bound),
        "without": list(told.without),
        "saving": _finite(told.saving),
        "break_even": told.volume
        and {
            "times": told.volume.times,
            "of": told.volume.text or None,
            "value": _finite(told.volume.value),
            "unit": None if told.volume.unit is None else told.volume.unit.word,
        },
        "elasticities": [
            {"facts": list(moved.facts), "by": dict(zip(told.moves, moved.by, strict=True))} for moved in told.moved
        ],
        "closed_form": told.has_formula,
    }


def _line(line: Line) -> dict[str, Any]:
    """A value at the optimum, and `without`: the same where the optimum leaves serving out."""
    return {"text": line.text, "value": _finite(line.value), "unit": line.unit.word, "without": _finite(line.without)}


def _finite(value: float | None) -> float | int | None:
    return None if value is None or not math.isfinite(value) else exact(value)


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
