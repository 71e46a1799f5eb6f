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
    from tonne.numeric.sample import Distribution
    from tonne.sampling import Sampled
    from tonne.scenario import Evaluated, EvaluatedCase
    from tonne.units import Unit

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


def run_as_json(made: Evaluated) -> dict[str, Any]:
    """Everything that a run says; values are in the unit that the file declares for them."""
    run = made.run
    cases = {case.name: _case(case) for case in made.cases}
    return {
        "version": VERSION,
        "diagnostics": [as_json(d) for d in made.diagnostics],
        "values": {} if run is None else _values(run),
        **({"optima": _optima(run)} if run is not None and run.optima else {}),
        **({} if run is None or run.sampled is None else {"sampling": _sampling(run.sampled)}),
        **({} if run is None or run.sampled is None else {"distributions": distributions(run, run.sampled)}),
        **({"cases": cases} if cases else {}),
        "undetermined": {} if run is None else undetermined(run.model),
        "requirements": [_requirement(v) for v in made.requirements],
        "claims": [claim_as_json(v) for v in made.claims],
    }


def _case(case: EvaluatedCase) -> dict[str, Any]:
    """A case: its values as those of the file, and the requirements in it."""
    run = case.run
    return {
        "title": case.checked.title,
        "values": _values(run),
        **({} if run.sampled is None else {"distributions": distributions(run, run.sampled)}),
        "requirements": [_requirement(v) for v in case.requirements],
    }


def _sampling(sampled: Sampled) -> dict[str, Any]:
    options = sampled.options
    return {
        "draws": options.draws,
        "seed": options.seed,
        "exact": options.exact,
        "assumptions": sorted(sampled.assumptions),
        "cut": {name: _finite(share) for name, share in sorted(sampled.cut.items())},
        "merged": [sorted(names) for names in sampled.merged],
    }


def distributions(run: Run, sampled: Sampled) -> dict[str, Any]:
    """What is shown and named, as it is distributed; what does not vary is left out."""
    found: dict[str, Any] = {}
    for one in quantities(run):
        distribution = sampled.distribution(one.node)
        if distribution is not None and distribution.draws:
            found[one.name] = distribution_as_json(distribution, one.unit)
    return found


def distribution_as_json(one: Distribution, unit: Unit) -> dict[str, Any]:
    figures = {
        "mean": one.mean,
        "sd": one.sd,
        "p5": one.low,
        "median": one.median,
        "p95": one.high,
        "least": one.least,
        "greatest": one.greatest,
    }
    said = {name: _finite(value / unit.factor) for name, value in figures.items()}
    return {"unit": unit.word, **said, "draws": one.draws}


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
    told = {"text": verdict.text, "line": verdict.statement.span.line, "holds": holds}
    wanted = {} if verdict.wanted is None else {"wanted": verdict.wanted}
    return told if verdict.share is None else {**told, "share": verdict.share, **wanted}


def claim_as_json(verdict: Verdict) -> dict[str, Any]:
    """A claim with its verdict; `ratio` is the computed over the claimed value."""
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
        "evidence": list(verdict.evidence),
        **({} if verdict.share is None else {"share": verdict.share}),
    }
