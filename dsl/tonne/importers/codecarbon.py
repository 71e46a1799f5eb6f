"""CodeCarbon's `emissions.csv`, as its versions since 2.0 write it, by the header.

What its columns are is read off its source (mlco2/codecarbon: output_methods/emissions_data.py, emissions_tracker.py):
duration in s, emissions in kg CO2e, energies in kWh, powers in W. Since 2.2.3, the first with a column `pue`, every energy
is multiplied by it (`_do_measurements`: `energy *= self._pue`), those of CPU, GPU and RAM too, and so are the emissions.
Powers are not up to 3.3.0, and are in 3.3.2: they are not taken. A row is the running total of its run: `flush()` appends
another one of the same `run_id`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from tonne.diagnostic import Diagnostic
from tonne.importers.measured import Tool, measurements, run
from tonne.importers.reading import MOST_REFUSED, Counts, Lines, Refused, cells_as_line, counted
from tonne.importers.recognized import looks_like, other_tool
from tonne.importers.store import Runs
from tonne.importers.writing import Made

_UNITS = {
    "duration": "s", "devices": "device", "it_energy": "kWh", "energy": "kWh", "pue": "", "co2e": "kgCO2e", "water": "L",
}  # fmt: skip
_TOOL = Tool("CodeCarbon", "run", _UNITS)
_NEEDED = ("timestamp", "project_name", "duration", "emissions", "energy_consumed")
# Without so many of these a table is another one.
_MOST_MISSING = 3
_NUMBERS = (
    "duration", "emissions", "emissions_rate", "cpu_power", "gpu_power", "ram_power",
    "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "water_consumed",
    "cpu_count", "gpu_count", "longitude", "latitude", "ram_total_size", "pue", "wue",
)  # fmt: skip
_EMPTY = frozenset(("", "nan", "NaN", "NAN", "None", "none", "null", "NULL", "<NA>", "N/A", "NA"))
# What these columns hold is known by its form: a cell that has not that form has come from another column.
_FORMS: dict[str, Callable[[str], Any]] = {
    "timestamp": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.+]+Z?)?").fullmatch,
    "run_id": re.compile(r"[^.]*").fullmatch,
    "country_iso_code": re.compile(r"[A-Z]{2,3}").fullmatch,
    "codecarbon_version": re.compile(r"[0-9]+\.[0-9]+[0-9a-z.+]*").fullmatch,
    "tracking_mode": re.compile(r"machine|process").fullmatch,
    "on_cloud": re.compile(r"[YN]").fullmatch,
}
_SHIFTED = (
    "put the missing cells back, empty, or take the line out; "
    "CodeCarbon 3.2.9 to 3.3.1 leaves empty cells out when it appends a run"
)
_ADDS_UP = 1e-3


def read(lines: Lines, asked: str) -> Made:
    """The scenario of the runs of a table."""
    rows = lines.rows()
    try:
        number, header = next(rows, (1, []))
    except Refused:
        if lines.number and looks_like(lines.first):
            raise other_tool(lines, "a table of CodeCarbon", "name the emissions.csv that CodeCarbon wrote") from None
        raise
    if not header:
        raise Refused(
            lines.refusal(f"`{lines.name}` is empty", 0, help="name the emissions.csv of a run that has ended")
        )
    form = _Form(lines, header, number)
    runs, seen, wrong = Runs(), Counts("row", _NOTES), list[Diagnostic]()
    count = refused = 0
    for number, row in rows:
        if row[0] == header[0] == "timestamp":  # several files in one
            header = row
            form = _Form(lines, header, number)
            continue
        count += 1
        problem = form.problem(row, number)
        if problem is not None:
            refused += 1
            wrong += [problem] if refused <= MOST_REFUSED else []
        elif not refused:
            form.take(row, number, runs, seen)
    if refused:
        if refused > MOST_REFUSED:
            wrong.append(lines.refusal(f"so are {refused - MOST_REFUSED:,} more lines", 0, help="mend the first ones"))
        raise Refused(*wrong)
    if not count:
        help = "name the file of a run that has ended"
        raise Refused(lines.refusal(f"`{lines.name}` has a header and no run", 1, help=help))
    fell = runs.fallen()
    if fell is not None:
        title = f"the energy of run `{fell[2]}` falls at line {fell[0]}: these rows are no running total"
        raise Refused(
            lines.refusal(title, 0, help=f"take out the rows of another run that has this id, from line {fell[1]} on")
        )
    if not len(runs):
        title = f"none of {counted(count, 'row')} has an energy"
        raise Refused(lines.refusal(title, 0, help="`energy_consumed` is empty, NaN or 0 in each; measure again"))
    said = seen.said(lines)
    if repeated := runs.repeated():
        title = f"{counted(repeated, 'row')} of {count:,} are earlier totals of a run, and left out"
        said.append(lines.note(title, "the last row of a run counts: `flush()` writes running totals"))
    return measurements(lines, runs, asked, _TOOL, said)


_NOTES = {
    "no energy": ("left out: no energy", "`energy_consumed` is empty, NaN or 0 there"),
    "no pue": ("without a pue", "the energy is taken for that of the IT alone; bind `pue`, or `energy`"),
    "co2e without pue": (
        "whose emissions are left out: no pue",
        "they are those of the IT alone, `co2e` is that of the site; bind `pue` and `carbon_intensity`",
    ),
    "no emissions": ("without emissions", "`emissions` is empty, NaN or 0 there, so no `co2e` is written"),
    "pue 1": ("with a pue of 1, CodeCarbon's default", "where nobody set it, the energy is that of the IT alone"),
    "process": ("of a process alone", "`tracking_mode` is process: what else the machine did is not in the energy"),
    "parts": (
        "whose parts do not add up",
        "CPU, GPU and RAM together are not `energy_consumed`, which is what is taken",
    ),
}


class _Form:
    """A header, and how its rows are read."""

    def __init__(self, lines: Lines, header: list[str], line: int) -> None:
        self.lines, self.header, self.width = lines, header, len(header)
        self.at = {name: index for index, name in enumerate(header)}
        if "task_name" in self.at and "energy_consumed" in self.at:
            title = "this is a task file of CodeCarbon, which does not say its pue"
            raise Refused(lines.refusal(title, line, help="name the emissions.csv beside it, the totals of its runs"))
        missing = [name for name in _NEEDED if name not in self.at]
        if missing:
            if len(header) == 1 and ";" in header[0]:
                title = "the columns are separated by `;`: a spreadsheet has written this anew"
                raise Refused(lines.refusal(title, line, word=";", help="name the file that CodeCarbon wrote"))
            if len(missing) < _MOST_MISSING and not looks_like(lines.first):
                title = f"the table has no column {', '.join(f'`{name}`' for name in missing)}"
                raise Refused(lines.refusal(title, line, help="name the emissions.csv as CodeCarbon wrote it"))
            raise other_tool(lines, "a table of CodeCarbon", "name the emissions.csv that CodeCarbon wrote")
        if len(self.at) < self.width:
            twice = next(name for name in header if header.count(name) > 1)
            help = "name the file that CodeCarbon wrote"
            raise Refused(lines.refusal(f"the column `{twice}` stands twice", line, word=twice, help=help))
        self.numbers = [(name, self.at[name]) for name in _NUMBERS if name in self.at]
        self.forms = [(name, self.at[name], fits) for name, fits in _FORMS.items() if name in self.at]

    def problem(self, row: list[str], line: int) -> Diagnostic | None:
        """Why a row cannot be taken."""
        if len(row) != self.width:
            title = f"line {line} has {counted(len(row), 'cell')} under {counted(self.width, 'column')}"
            help = _SHIFTED if len(row) < self.width else "take the extra cells, or the line, out"
            return self._refuse(title, row, line, help=help)
        for name, index, fits in self.forms:
            cell = row[index]
            if cell not in _EMPTY and not fits(cell):
                return self._moved(row, line, name, cell)
        for name, index in self.numbers:
            cell = row[index]
            try:
                value = float(cell)
            except ValueError:
                if cell in _EMPTY:
                    continue
                if re.fullmatch(r"-?[0-9]+,[0-9]+", cell.strip()):
                    title = f"`{cell}` under `{name}` has a decimal comma"
                    help = "a spreadsheet has written this anew; name the file that CodeCarbon wrote"
                    return self._refuse(title, row, line, cell, help)
                return self._moved(row, line, name, cell)
            if value < 0 and name not in ("longitude", "latitude"):
                return self._refuse(f"`{name}` is below zero, {cell}", row, line, cell, "take the line out")
            if (not math.isfinite(value) and cell not in _EMPTY) or (name == "pue" and value < 1):
                return self._refuse(f"`{name}` cannot be {cell}", row, line, cell, "take the line out")
        return None

    def _moved(self, row: list[str], line: int, name: str, cell: str) -> Diagnostic:
        title = f"`{cell[:40]}` stands under `{name}` in line {line}"
        help = (
            "the cells of this line stand in other columns than the header says: put them there, or take the line out"
        )
        return self._refuse(title, row, line, cell, help)

    def _refuse(self, title: str, row: list[str], line: int, word: str = "", help: str = "") -> Diagnostic:
        return self.lines.refusal(title, line, cells_as_line(row), " ".join(word.split()), help)

    def _cell(self, row: list[str], name: str) -> str:
        """A cell; empty where there is none, or none that says anything."""
        index = self.at.get(name)
        cell = "" if index is None else row[index]
        return "" if cell in _EMPTY else cell

    def take(self, row: list[str], line: int, runs: Runs, seen: Counts) -> None:
        """Store what a row says, or count it among those that say no energy."""
        cell = self._cell
        energy = float(cell(row, "energy_consumed") or 0)
        if not energy:
            seen.add("no energy", line, row)
            return
        id, version, pue = cell(row, "run_id"), cell(row, "codecarbon_version"), cell(row, "pue")
        figures: dict[str, tuple[str, str]] = {}

        def figure(field: str, column: str, is_known: bool = True) -> None:
            digits = cell(row, column)
            if digits and is_known and float(digits):
                figures[field] = (digits, column)

        figure("duration", "duration")
        if float(cell(row, "gpu_count") or 0):
            figures["devices"] = (f"{float(cell(row, 'gpu_count')):g}", "gpu_count")
        figure("energy" if pue else "it_energy", "energy_consumed")
        figure("pue", "pue")
        figure("co2e", "emissions", bool(pue))
        figure("water", "water_consumed")
        parts = [float(cell(row, f"{part}_energy") or "nan") for part in ("cpu", "gpu", "ram")]
        if abs(sum(parts) - energy) > _ADDS_UP * energy:
            seen.add("parts", line, row)
        has_emissions = float(cell(row, "emissions") or 0) != 0
        if not has_emissions:
            seen.add("no emissions", line, row)
        if not pue:
            seen.add("no pue", line, row)
            if has_emissions:
                seen.add("co2e without pue", line, row)
        elif float(pue) == 1:
            seen.add("pue 1", line, row)
        if cell(row, "tracking_mode") == "process":
            seen.add("process", line, row)
        title = cell(row, "project_name")
        stored = run(figures, self._about(row, id, title), cell(row, "timestamp")[:10], version, id[:8])
        runs.add(id or f"line {line}", line, energy, title if title != "codecarbon" else "", stored)

    def _about(self, row: list[str], id: str, title: str) -> str:
        """A run in words: what it was, where, on what."""
        cell = self._cell
        words = [f"Run {id}" if id else "A run without an id", f"project {title}" if title else ""]
        cards = cell(row, "gpu_model") or cell(row, "gpu_count")
        where = ", ".join(filter(None, (cell(row, "region"), cell(row, "country_name"))))
        cloud = " ".join(filter(None, (cell(row, "cloud_provider"), cell(row, "cloud_region"))))
        mode = cell(row, "tracking_mode")
        words += [
            where,
            cloud,
            cell(row, "cpu_model"),
            cards if cards != "0" else "",
            f"tracking mode {mode}" if mode else "",
        ]
        return ", ".join(filter(None, words)) + "."
