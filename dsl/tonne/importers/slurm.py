"""Slurm's accounting, as `sacct --parsable2` prints it, by the header.

A job has a line of its own and one for each of its steps, `JOB.batch`, `JOB.extern`, `JOB.0`. Its energy is that of the
whole nodes that it had, in joules, without cooling, and right only where it had them for itself (the manual of sacct, under
ConsumedEnergy). The step `.extern` runs on all nodes from the first second to the last, so it holds the energy where there
is one; else the job's own line (src/sacct/print.c: the energy of the allocation); else the steps that were started one by
one. They are never added to each other: they run at the same time. Numbers that stand for "none" (src/common: NO_VAL,
INFINITE, and their 64-bit kin) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from tonne.diagnostic import Diagnostic
from tonne.importers.measured import Tool, measurements, run
from tonne.importers.reading import MOST_REFUSED, Counts, Lines, Refused, counted
from tonne.importers.recognized import other_tool
from tonne.importers.store import Runs
from tonne.importers.writing import Made, in_digits

_TOOL = Tool("Slurm", "job", {"duration": "s", "devices": "device", "it_energy": "J"})
_COMMAND = "`sacct --parsable2 --format=JobID,JobName,State,Start,ElapsedRaw,AllocTRES,ConsumedEnergyRaw`"
# NO_VAL and INFINITE of 32 and of 64 bits: what a cell holds that nobody filled.
_NONE = frozenset(("4294967294", "4294967295", "18446744073709551614", "18446744073709551615"))
_JOB = re.compile(r"([0-9]+(?:_[0-9]+|_\[[^\]]*\])?(?:\+[0-9]+)?)(?:\.(\w+))?")
_ELAPSED = re.compile(r"(?:([0-9]+)-)?([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?")
_ENERGY = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGTP]?)")
_SCALE = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_GPUS = re.compile(r"(?:^|,)gres/gpu=([0-9]+)(?:,|$)")
_TYPED_GPUS = re.compile(r"(?:^|,)gres/gpu:[^=,]+=([0-9]+)")
_RUNNING = ("RUNNING", "PENDING", "SUSPENDED", "REQUEUED", "CONFIGURING", "COMPLETING", "RESIZING")
# How far a job's own figure may be from that of its extern step without a word.
_ALIKE = Decimal("0.05")


@dataclass
class _Job:
    """A job with the lines of its steps: cells by column, with the number of the line."""

    id: str
    line: int
    cells: dict[str, str]
    steps: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Its line."""
        return "|".join(self.cells.values())


_NOTES = {
    "running": ("left out: not ended yet", "ask `sacct` again when they have"),
    "no energy": ("left out: no energy", "there is none where Slurm has no AcctGatherEnergyType, or a job ran for seconds"),
    "no gpu": ("without a GPU in AllocTRES", "their `devices` are left out"),
    "suspended": ("suspended for a while", "that time is not in Elapsed, though the nodes were held"),
    "apart": ("with another energy than their step .extern", "that of .extern is taken: an older Slurm adds up the steps"),
    "steps": ("with an energy on their steps alone", "that of the steps that `srun` started is added up"),
}  # fmt: skip


def read(lines: Lines, asked: str) -> Made:
    """The scenario of the jobs of a table."""
    rows = lines.rows("|")
    number, header = next(rows, (1, []))
    if not header:
        raise Refused(lines.refusal(f"`{lines.name}` is empty", 0, help=f"ask for it with {_COMMAND}"))
    if "JobID" not in header:
        if header[0].strip() == "{" or header[0].lstrip().startswith('{"'):
            raise Refused(
                lines.refusal(
                    "this is JSON, not an accounting table of Slurm", number, help=f"ask for a table: {_COMMAND}"
                )
            )
        raise other_tool(lines, "an accounting table of Slurm", f"ask for it with {_COMMAND}")
    needed = [
        name for name in ("State", "Elapsed", "ConsumedEnergy") if name not in header and f"{name}Raw" not in header
    ]
    if needed:
        title = f"the table has no column {', '.join(f'`{name}`' for name in needed)}"
        raise Refused(lines.refusal(title, number, help=f"ask for it with {_COMMAND}"))
    runs, seen, wrong = Runs(), Counts("job", _NOTES), list[Diagnostic]()
    jobs = 0
    for job in _jobs(lines, header, rows, wrong):
        jobs += 1
        _take(lines, job, runs, seen, wrong)
        if len(wrong) >= MOST_REFUSED:
            break
    if wrong:
        raise Refused(*wrong)
    if not len(runs):
        title = f"none of {counted(jobs, 'job')} has ended with an energy" if jobs else "the table has no job"
        help = "there is none where Slurm has no AcctGatherEnergyType" if jobs else f"ask for it with {_COMMAND}"
        raise Refused(lines.refusal(title, number, help=help))
    said = [
        lines.note(
            "the energy is that of whole nodes, without cooling", "right where a job had its nodes alone; bind `pue`"
        )
    ]
    said += seen.said(lines)
    return measurements(lines, runs, asked, _TOOL, said)


def _jobs(
    lines: Lines, header: list[str], rows: Iterator[tuple[int, list[str]]], wrong: list[Diagnostic]
) -> Iterator[_Job]:
    """Jobs, each with its steps, which stand behind it."""
    width = len(header)
    job: _Job | None = None
    for number, row in rows:
        if row == header:
            continue
        text = "|".join(row)
        if len(row) == width + 1 and not row[-1]:  # `--parsable` ends its lines with a `|`
            row = row[:-1]
        if len(row) != width:
            title = f"line {number} has {counted(len(row), 'cell')} under {counted(width, 'column')}"
            wrong.append(lines.refusal(title, number, text, help="a `|` in a name does this; leave JobName out"))
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        found = _JOB.fullmatch(cells["JobID"])
        if found is None:
            title = f"`{cells['JobID']}` is no job"
            help = "a table that is cut to width: use --parsable2" if "+" in cells["JobID"] else f"ask with {_COMMAND}"
            wrong.append(lines.refusal(title, number, text, cells["JobID"], help))
            continue
        id, step = found[1], found[2]
        if step is None:
            if job is not None:
                yield job
            job = _Job(id, number, cells)
        elif job is None or job.id != id:
            wrong.append(
                lines.refusal(
                    f"the step `{cells['JobID']}` stands without its job", number, text, help="add the job's own line"
                )
            )
        else:
            job.steps[step] = (number, cells)
    if job is not None:
        yield job


def _take(lines: Lines, job: _Job, runs: Runs, seen: Counts, wrong: list[Diagnostic]) -> None:
    """Store what a job says."""
    state = job.cells.get("State", "").split(" ")[0]
    if state in _RUNNING:
        seen.add("running", job.line, [job.text])
        return
    try:
        seconds, elapsed = _seconds(job.cells)
        energy, column, line = _energy_of(job, seen)
    except ValueError as why:
        wrong.append(lines.refusal(str(why), job.line, job.text))
        return
    if not energy:
        seen.add("no energy", job.line, [job.text])
        return
    figures: dict[str, tuple[str, str]] = {}
    if seconds:
        figures["duration"] = (str(seconds), elapsed)
    gpus = _gpus(job.cells.get("AllocTRES", ""))
    if gpus:
        figures["devices"] = (str(gpus), "AllocTRES gres/gpu")
    else:
        seen.add("no gpu", job.line, [job.text])
    figures["it_energy"] = (energy, column if line == job.line else f"{column} in line {line}")
    suspended = job.cells.get("Suspended", "").replace(":", "").strip("0")
    if suspended:
        seen.add("suspended", job.line, [job.text])
    start = job.cells.get("Start", "")
    date = start[:10] if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", start) else ""
    name = job.cells.get("JobName", "")
    words = (f"Job {job.id}", name, state.lower(), job.cells.get("Partition", ""), job.cells.get("NodeList", ""))
    about = ", ".join(filter(None, words)) + ". The energy is that of its nodes, without cooling."
    runs.add(
        f"{job.id} {start}".strip(),
        job.line,
        float(energy),
        name or f"job {job.id}",
        run(figures, about, date, "", job.id),
    )


def _seconds(cells: dict[str, str]) -> tuple[int, str]:
    """How long a job ran, and the column that says so."""
    raw, elapsed = cells.get("ElapsedRaw", ""), cells.get("Elapsed", "")
    if raw and raw not in _NONE:
        if not raw.isdecimal():
            raise ValueError(f"`ElapsedRaw` is `{raw}`, no number of seconds")
        return int(raw), "ElapsedRaw"
    found = _ELAPSED.fullmatch(elapsed)
    if elapsed and found is None:
        raise ValueError(f"`Elapsed` is `{elapsed}`, no [days-]hours:minutes:seconds")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds, f"Elapsed {elapsed}"


def _energy(cells: dict[str, str]) -> tuple[str, str]:
    """The joules of a line, and the column that says so; empty where it has none."""
    for column in ("ConsumedEnergyRaw", "ConsumedEnergy"):
        text = cells.get(column, "")
        if not text or text in _NONE:
            continue
        found = _ENERGY.fullmatch(text)
        if found is None:
            raise ValueError(f"`{column}` is `{text}`, no joules")
        try:
            value = Decimal(found[1]).scaleb(_SCALE[found[2]])
        except InvalidOperation:
            raise ValueError(f"`{column}` is `{text}`, no joules") from None
        if value >= 2**63:  # 18.45E, a sentinel that was scaled
            continue
        return (in_digits(value) if value else ""), f"{column} {text}" if found[2] else column
    return "", ""


def _energy_of(job: _Job, seen: Counts) -> tuple[str, str, int]:
    """The joules of a job, the column and the line that they are from."""
    own, column = _energy(job.cells)
    if "extern" in job.steps:
        line, cells = job.steps["extern"]
        extern, from_column = _energy(cells)
        if extern:
            if own and abs(Decimal(own) - Decimal(extern)) > _ALIKE * Decimal(extern):
                seen.add("apart", job.line, [job.text])
            return extern, f"{from_column} of step .extern", line
    if own:
        return own, column, job.line
    started = {step: _energy(cells)[0] for step, (_, cells) in job.steps.items() if step.isdecimal()}
    known = [Decimal(joules) for joules in started.values() if joules]
    if not known and "batch" in job.steps:
        line, cells = job.steps["batch"]
        return *_energy(cells), line
    if known:
        seen.add("steps", job.line, [job.text])
    return (in_digits(sum(known, Decimal(0))) if known else ""), "ConsumedEnergy, sum of the steps", job.line


def _gpus(tres: str) -> int:
    """The GPUs of an allocation: the count without a type, else those of all types; `billing` is a price and no count."""
    whole = _GPUS.search(tres)
    return int(whole[1]) if whole else sum(map(int, _TYPED_GPUS.findall(tres)))
