"""Metered runs as blocks of the kind `measurement`: each by itself, or all of them added.

Takes the runs of a record; a run has figures by field of the kind, each with its digits as they stand and the column it is
from.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tonne.diagnostic import Diagnostic
from tonne.importers.reading import Lines, Refused, counted
from tonne.importers.store import Runs
from tonne.importers.writing import Block, Figure, Made, Names, as_written, in_digits

# So many runs are listed where nobody says how, and where somebody does.
_FEW, _MOST = 12, 1_000
# What adds up over runs; what is shown of each where there are several.
_ADDED = ("device_time", "duration", "it_energy", "energy", "co2e", "water")
_SHOWN = ("device_time", "it_energy", "energy", "co2e")


@dataclass(frozen=True)
class Tool:
    """Whose runs they are: the tool, what it calls a run, and the unit of each field."""

    name: str
    run: str
    units: dict[str, str]


def run(
    figures: dict[str, tuple[str, str]], about: str, date: str, version: str = "", short: str = ""
) -> dict[str, Any]:
    """A run as it is stored. `figures` are digits and column by field; `short` is its id as a source gives it."""
    return {"figures": figures, "about": about, "date": date, "version": version, "short": short}


def measurements(lines: Lines, runs: Runs, asked: str, tool: Tool, said: list[Diagnostic]) -> Made:
    """The scenario of the runs that are asked for: `list`, `sum`, or words that name some; few are listed otherwise."""
    how = asked if asked in ("list", "sum") else ""
    if asked and not how:
        runs.choose(asked)
    count = len(runs)
    if not count and asked:
        there = Runs.names(runs, 6)
        more = "; …" if len(there) > 5 else ""
        help = f"there are: {', '.join(there[:5])}{more}; or `--runs list`, `--runs sum`"
        raise Refused(lines.refusal(f"no {tool.run} is `{asked}`", 0, help=help))
    if how == "list" and count > _MOST:
        help = "`--runs sum`, or `--runs` with the beginning of an id"
        raise Refused(lines.refusal(f"{counted(count, tool.run)} to list; the most is {_MOST:,}", 0, help=help))
    if how == "sum" or (not how and count > _FEW):
        if not how:
            help = f"`--runs list` for each by itself, up to {_MOST:,}"
            said.append(lines.note(f"{counted(count, tool.run)} are added up", help))
        return _summed(lines, runs, tool, said, count)
    return _listed(lines, runs, tool, said)


def _file(lines: Lines) -> str:
    return lines.name.replace("\\", "/").rpartition("/")[2]


def _listed(lines: Lines, runs: Runs, tool: Tool, said: list[Diagnostic]) -> Made:
    names, single = Names("measured"), len(runs) == 1
    blocks = []
    for id, line, title, one in runs:
        where = f"{_file(lines)}, line {line}"
        who = f"{tool.name} {one['version']}".strip() + f", {tool.run} {one['short'] or id}"
        figures = tuple(
            Figure(field, as_written(digits), tool.units[field], f"{where}, {column}; {who}")
            for field, (digits, column) in one["figures"].items()
        )
        blocks.append(Block("measurement", names.of("" if single else title), one["about"], figures, one["date"]))
    title = f"What {tool.name} measured: {_file(lines)}."
    return Made(title, tuple(blocks), _shown(blocks), tuple(said))


def _shown(blocks: list[Block]) -> tuple[str, ...]:
    """What is shown of the blocks, and their totals."""
    have = {name: [block.name for block in blocks if _has(name, {f.field for f in block.figures})] for name in _SHOWN}
    shared = [name for name in _SHOWN if len(have[name]) == len(blocks)]
    if len(blocks) == 1:
        return (f"show {', '.join(f'{blocks[0].name}.{name}' for name in shared)}",) if shared else ()
    lets, shows = [], []
    if shared:
        lets.append(f"let runs = [{', '.join(block.name for block in blocks)}]")
        shows.append(f"show runs {{ {', '.join(shared)} }}")
        shows.append(f"show {', '.join(f'sum(runs.{name})' for name in shared)}")
    for name in _SHOWN:  # what some lack has no total, and is shown of the others
        if 0 < len(have[name]) < len(blocks):
            lets.append(f"let runs_with_{name} = [{', '.join(have[name])}]")
            shows.append(f"show runs_with_{name} {{ {name} }}")
    return ("\n".join(lets) + "\n", *shows) if lets else ()


def _has(name: str, given: set[str]) -> bool:
    """Whether a field is given, or follows."""
    return name in given or (name == "device_time" and {"devices", "duration"} <= given)


def _summed(lines: Lines, runs: Runs, tool: Tool, said: list[Diagnostic], count: int) -> Made:
    total: dict[str, Decimal] = {}
    have: Counter[str] = Counter()
    columns: dict[str, str] = {}
    factors: set[Decimal] = set()
    versions: set[str] = set()
    dates: list[str] = []
    first = last = 0
    for _, line, _, one in runs:
        first, last = min(first or line, line), max(last, line)
        dates = [min([*dates, one["date"]]), max([*dates, one["date"]])]
        versions.add(one["version"])
        value = {field: Decimal(digits) for field, (digits, _) in one["figures"].items()}
        columns |= {field: column for field, (_, column) in one["figures"].items()}
        if "pue" in value:
            factors.add(value["pue"])
            value["it_energy"] = value["energy"] / value["pue"]
        if "devices" in value and "duration" in value:
            value["device_time"] = value["devices"] * value["duration"]
        for field, amount in value.items():
            have[field] += 1
            if field in _ADDED:
                total[field] = total.get(field, Decimal(0)) + amount
    if factors:
        columns["it_energy"] = f"{columns['energy']} / {columns['pue']}"
    if have["device_time"]:
        columns["device_time"] = f"{columns['duration']} x {columns['devices']}"
    whose = f"{tool.name} {_span(versions)}".strip()

    def figure(field: str, digits: str, unit: str, words: str) -> Figure:
        source = f"{_file(lines)}, lines {first} to {last}, {words} of {counted(count, tool.run)}; {whose}"
        return Figure(field, digits, unit, source)

    one_factor = have["pue"] == count and len(factors) == 1
    figures = []
    for field in _ADDED:
        if have[field] == count and not (field == "it_energy" and one_factor):
            unit = tool.units.get(field, "device*s")
            figures.append(figure(field, in_digits(total[field]), unit, f"sum of {columns[field]}"))
        elif have[field] and have[field] < count:
            title = f"{counted(count - have[field], tool.run)} of {count:,} without `{field}`"
            said.append(lines.note(title, "the sum has none"))
    if one_factor:
        figures.append(figure("pue", as_written(str(factors.pop())), "", columns["pue"]))
    elif len(factors) > 1:
        low, high = min(factors), max(factors)
        said.append(lines.note(f"the runs have a pue from {low} to {high}", "that of the sum is their mean, by energy"))
    about = f"{counted(count, tool.run)}, {' to '.join(dict.fromkeys(dates))}, added up."
    block = Block("measurement", "measured", about, tuple(figures), _period(*dates))
    return Made(f"What {tool.name} measured: {_file(lines)}.", (block,), _shown([block]), tuple(said))


def _period(start: str, end: str) -> str:
    """The day, the month or the year that two dates share; empty where they are of different years."""
    return next((start[:size] for size in (10, 7, 4) if start[:size] == end[:size]), "")


def _span(versions: set[str]) -> str:
    """Versions in words: one, or the lowest to the highest."""
    known = sorted((v for v in versions if v), key=_numbers)
    return "" if not known else known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


def _numbers(version: str) -> list[tuple[int, str]]:
    return [(int("".join(c for c in part if c.isdigit()) or 0), part) for part in version.split(".")]
