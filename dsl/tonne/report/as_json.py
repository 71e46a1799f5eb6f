"""A run as JSON: the contract of `docs/json.md`, whose schema is `run.schema.json` beside this file."""

from __future__ import annotations

from typing import Any

from tonne.diagnostic import Diagnostic
from tonne.formatting import exact
from tonne.missing import would_determine
from tonne.report.diagnostics import as_json
from tonne.run import Run, default_unit, unit_of_let
from tonne.syntax import tree
from tonne.verdict import Outcome, Verdict

VERSION = 1


def run_as_json(
    run: Run | None, requirements: list[Verdict], claims: list[Verdict], found: tuple[Diagnostic, ...]
) -> dict[str, Any]:
    """Everything that a run says; values are in the unit that the file declares for them."""
    return {
        "version": VERSION,
        "diagnostics": [as_json(d) for d in found],
        "values": {} if run is None else _values(run),
        "undetermined": {} if run is None else _undetermined(run),
        "requirements": [_requirement(v) for v in requirements],
        "claims": [_claim(v) for v in claims],
    }


def _value(value: float | None, unit: str, status: str) -> dict[str, Any]:
    return {"value": None if value is None else exact(value), "unit": unit, "status": status}


def _values(run: Run) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for state in run.model.own_states():
        for name, one in state.instance.kind.fields.items():
            node = state.nodes.get(name)
            if node is None or one.unit is None or run.is_unknown(node):
                continue
            status = "given" if state.is_given(name) else "derived"
            values[f"{state.instance.name}.{name}"] = _value(run.in_unit(node, one.unit), one.unit.word, status)
    for let in run.model.project.lets:
        unit, node = unit_of_let(run.model, let), run.model.lets.get(let)
        if node is not None and unit is not None and not run.is_unknown(node):
            status = "derived" if run.model.let_formulas[let].references else "given"
            values[let.name] = _value(run.in_unit(node, unit), unit.word, status)
    for table in run.model.shows:
        for row, cells in table.rows:
            for shown in cells:
                if shown.node is None or shown.dimension is None or run.is_unknown(shown.node):
                    continue
                key = " ".join((f"{row}.{shown.text}" if row else shown.text).split())
                unit = shown.unit or default_unit(run.model, shown.references, shown.dimension)
                values.setdefault(key, _value(run.in_unit(shown.node, unit), unit.word, "derived"))
    return values


def _undetermined(run: Run) -> dict[str, list[str]]:
    return {
        f"{state.instance.name}.{name}": facts
        for state in run.model.own_states()
        for name, facts in would_determine(run.model, state).items()
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
