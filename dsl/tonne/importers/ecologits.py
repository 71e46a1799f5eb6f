"""EcoLogits' impacts, as JSON: of one response, a list of them, or one a line.

An entry is an `ImpactsOutput` (genai-impact/ecologits: tracers/utils.py), or a response that has one as `impacts`. Its
energy is "measured from the plug", the PUE of the data centre in it (impacts/llm.py: request_energy); `gwp` has a part for
usage and one embodied. A value is a number, or a range from `min` to `max`: that becomes its middle with a uniform spread,
since nothing is said of what lies between. Adding up ranges adds up their ends, as EcoLogits itself does: they are taken to
move together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import Any

from tonne.diagnostic import Diagnostic
from tonne.importers.reading import Lines, Refused, counted
from tonne.importers.recognized import other_tool
from tonne.importers.writing import Block, Figure, Made, Names, in_digits

# Where a field of `deployment` stands in an entry, and the unit that it is in.
_FIELDS = {
    "energy": (("energy",), "kWh", "kWh"),
    "co2e": (("usage", "gwp"), "kgCO2eq", "kgCO2e"),
    "embodied_co2e": (("embodied", "gwp"), "kgCO2eq", "kgCO2e"),
    "water": (("usage", "wcf"), "L", "L"),
}
# Providers count the tokens of an answer under these names.
_TOKENS = ("completion_tokens", "output_tokens")
_LARGEST = 64_000_000  # bytes of JSON, which has to be read whole
_HELP = "write `response.impacts.model_dump_json()` into a file, one a line"


@dataclass
class _Sum:
    """What the entries add up to: the ends of each field, where they are known in all."""

    count: int = 0
    low: dict[str, Decimal] = field(default_factory=dict)
    high: dict[str, Decimal] = field(default_factory=dict)
    have: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    with_tokens: int = 0
    models: dict[str, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def read(lines: Lines, asked: str) -> Made:
    """The scenario of the responses: one deployment, with as many requests as there are entries."""
    if asked not in ("", "sum"):
        raise Refused(lines.refusal("responses are not told apart", 0, help="leave out `--runs`"))
    total = _Sum()
    for number, entry in _entries(lines):
        _add(lines, number, entry, total)
    if not total.count:
        why = f": {total.failed[0]}" if total.failed else ""
        title = (
            f"none of {counted(len(total.failed), 'response')} has an energy{why}"
            if total.failed
            else "there is no response"
        )
        raise Refused(lines.refusal(title, 0, help=_HELP))
    return _made(lines, total)


def _entries(lines: Lines) -> Iterator[tuple[int, Any]]:
    """The entries of a file with the number of their line: one document, or one a line."""
    text: list[str] = []
    size = 0
    for line in lines:
        if text and text[-1].rstrip().endswith("}") and line.lstrip().startswith("{"):
            yield lines.number - len(text), _json(lines, "".join(text), lines.number - len(text))
            text, size = [], 0
        if text or line.strip():
            text.append(line)
        size += len(line)
        if size > _LARGEST:
            raise Refused(
                lines.refusal(f"this is over {_LARGEST:,} characters", 0, help="one response a line has no limit")
            )
    if not text:
        raise Refused(lines.refusal(f"`{lines.name}` is empty", 0, help=_HELP))
    first = lines.number - len(text) + 1
    document = _json(lines, "".join(text), first)
    if isinstance(document, list):
        yield from ((first, entry) for entry in document)
    else:
        yield first, document


def _json(lines: Lines, text: str, line: int) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except (json.JSONDecodeError, RecursionError) as error:
        if not text.lstrip().startswith(("{", "[")):
            raise other_tool(lines, "JSON of EcoLogits", _HELP) from None
        at = line + getattr(error, "lineno", 1) - 1
        words = getattr(error, "msg", "it is nested too deep")
        raise Refused(lines.refusal(f"the JSON ends being JSON here: {words}", at, help=_HELP)) from None


def _add(lines: Lines, line: int, entry: Any, total: _Sum) -> None:
    """Add what an entry says."""
    impacts = entry.get("impacts", entry) if isinstance(entry, dict) else None
    if not isinstance(impacts, dict) or not {"energy", "gwp"} & set(impacts):
        looks = "accounting of Slurm" if isinstance(entry, dict) and "jobs" in entry else ""
        title = f"this is {looks or 'JSON without impacts'}, not of EcoLogits"
        raise Refused(
            lines.refusal(title, line, help="`tonne import slurm` takes `sacct --parsable2`" if looks else _HELP)
        )
    errors = impacts.get("errors") or []
    if not impacts.get("energy"):
        total.failed.append("; ".join(str(e.get("message", e)) if isinstance(e, dict) else str(e) for e in errors))
        return
    total.count += 1
    for warning in impacts.get("warnings") or []:
        total.warnings[str(warning.get("message", warning)) if isinstance(warning, dict) else str(warning)] = None
    for name, (path, unit, _) in _FIELDS.items():
        at: Any = impacts
        for part in path:
            at = at.get(part) if isinstance(at, dict) else None
        if at is None:
            continue
        low, high = _ends(lines, line, ".".join(path), unit, at)
        total.low[name] = total.low.get(name, Decimal(0)) + low
        total.high[name] = total.high.get(name, Decimal(0)) + high
        total.have[name] = total.have.get(name, 0) + 1
    usage = entry.get("usage")
    tokens = (
        next((usage[name] for name in _TOKENS if isinstance(usage.get(name), Decimal)), None)
        if isinstance(usage, dict)
        else None
    )
    if tokens is not None:
        total.tokens += int(tokens)
        total.with_tokens += 1
    if isinstance(entry.get("model"), str):
        total.models[entry["model"]] = None


def _ends(lines: Lines, line: int, path: str, unit: str, impact: Any) -> tuple[Decimal, Decimal]:
    """The ends of an impact, which are one for a plain number."""
    value = impact.get("value") if isinstance(impact, dict) else None
    said = impact.get("unit") if isinstance(impact, dict) else None
    low, high = (value.get("min"), value.get("max")) if isinstance(value, dict) else (value, value)
    if not (isinstance(low, Decimal) and isinstance(high, Decimal)) or not 0 <= low <= high or not high.is_finite():
        raise Refused(lines.refusal(f"`{path}` has no value, or none that can be", line, help=_HELP))
    if said != unit:
        raise Refused(
            lines.refusal(f"`{path}` is in `{said}`, not {unit}", line, help="this form of EcoLogits is not known")
        )
    return low, high


def _made(lines: Lines, total: _Sum) -> Made:
    file = lines.name.replace("\\", "/").rpartition("/")[2]
    responses = counted(total.count, "response")
    figures = [Figure("total_requests", str(total.count), "request", f"{file}, {responses}")]
    if total.with_tokens == total.count and total.tokens:
        mean = in_digits(Decimal(total.tokens) / total.count)
        words = f"{file}, mean of the tokens in usage of {responses}"
        figures.append(Figure("output_tokens", mean, "token/request", words))
    ranges = []
    said: list[Diagnostic] = []
    for name, (path, _, unit) in _FIELDS.items():
        if total.have.get(name, 0) != total.count:
            continue
        low, high = total.low[name], total.high[name]
        words = f"{file}, {'.'.join(path)}" + (f", sum of {responses}" if total.count > 1 else "")
        if low == high:
            figures.append(Figure(name, in_digits(low), unit, f"{words}; EcoLogits"))
            continue
        ranges.append(name)
        middle = in_digits((low + high) / 2)
        figures.append(
            Figure(name, middle, unit, f"{words}, middle of min and max; EcoLogits", (in_digits(low), in_digits(high)))
        )
    if ranges:
        title = f"{counted(len(ranges), 'figure')} from a range: its middle, with a uniform spread"
        said.append(lines.note(title, "EcoLogits names the ends, and no distribution between them"))
    if total.failed:
        title = f"{counted(len(total.failed), 'response')} left out: {total.failed[0] or 'no energy'}"
        said.append(lines.warning(title, "EcoLogits found no figures for it"))
    said.append(lines.note("adpe and pe are left out", "the kind `deployment` has no field for them"))
    name = Names("served").of(next(iter(total.models)) if len(total.models) == 1 else "")
    models = f" of {', '.join(list(total.models)[:5])}" if total.models else ""
    warned = f" EcoLogits warns: {'; '.join(list(total.warnings)[:3])}" if total.warnings else ""
    about = f"{responses}{models}, as EcoLogits estimates them; the energy has the PUE in it.{warned}"
    block = Block("deployment", name, about, tuple(figures))
    why = 'assumed "they rest on the same range of the energy"'
    below = [f"correlate {name}.{one}, {name}.{other} = 1 {why}" for one, other in combinations(ranges, 2)]
    below.append(f"\nshow {name}.energy_per_request" + (f", {name}.co2e_per_request" if "co2e" in total.have else ""))
    return Made(f"What EcoLogits estimates: {file}.", (block,), tuple(below), tuple(said))
