"""Throws damaged and made-up files at the program, and reports what does not hold of one.

    python tests/fuzz.py --inputs 20000
    python tests/fuzz.py --inputs 1000000 --seed 3 --start 400000 --save crashers

An input is made from a seed and a number alone, so a run is resumed with `--start`, and `--inputs 1 --start N` repeats one.
Each process takes some thousand inputs and hands over to a fresh one: one that dies or hangs is a finding, not the end.
Faults of one sort (exception and innermost place in tonne) are reported once, made as small as is quickly possible.
"""

from __future__ import annotations

import contextlib
import gc
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import click

import tonne
from fuzz_inputs import Input, make
from fuzz_oracles import Broken, try_out, try_twice

PRINTED = 10  # one input in so many is printed as the commands print it
TWICE = 50  # one in so many is looked at twice
SLOW = 2.0  # seconds of processor time beyond which an input is a finding
HANGS = 60  # seconds after which an input is given up
CHUNK = 10_000  # inputs a process
TRIES = 300  # inputs that are tried to make a crasher smaller


class Hangs(Exception):
    """An input that takes longer than anything may."""


@contextmanager
def folder() -> Iterator[Path]:
    """A place for the files of an input, in memory where the system has one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


PACKAGE = Path(tonne.__file__).parent


def write(one: Input, place: Path) -> Path:
    """The files of an input and no others; the one that is run."""
    for old in place.iterdir():
        old.unlink()
    for name, data in one.files.items():
        (place / name).write_bytes(data)
    return place / one.entry


def fault_of(error: BaseException) -> str:
    """What makes two faults one: the exception and the innermost place in tonne, or the oracle."""
    if isinstance(error, Broken):
        return error.what
    places = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(PACKAGE)]
    where = f"{Path(places[-1].filename).name}:{places[-1].name}" if places else "outside tonne"
    return f"{type(error).__name__} in {where}"


def fault(one: Input, place: Path, index: int = 0) -> tuple[str, str] | None:
    """The fault of an input and its traceback, or None when all that should hold does."""
    path = write(one, place)
    try:
        try_out(path, printed=index % PRINTED == 0)
        if index % TWICE == 0:
            try_twice(path)
    except Exception as error:
        return fault_of(error), traceback.format_exc()
    return None


def smaller(one: Input, place: Path, what: str, index: int) -> Input:
    """The same fault from less: lines and then characters of the file that is run are left out while it stays."""
    left = TRIES

    def still(data: bytes) -> bool:
        nonlocal left
        left -= 1
        found = fault(Input(one.sort, {**one.files, one.entry: data}), place, index)
        return found is not None and found[0] == what

    data = one.files[one.entry]
    for split in (lambda d: d.splitlines(keepends=True), lambda d: [d[i : i + 1] for i in range(len(d))]):
        parts: list[bytes] = split(data)  # type: ignore[no-untyped-call]
        size = max(len(parts) // 2, 1)
        while left > 0:
            at = 0
            while at < len(parts) and left > 0:
                fewer = parts[:at] + parts[at + size :]
                if still(b"".join(fewer)):
                    parts = fewer
                else:
                    at += size
            if size == 1:
                break
            size = max(size // 2, 1)
        data = b"".join(parts)
    return Input(one.sort, {**one.files, one.entry: data})


# ── one process ──


def _gives_up(number: int, frame: FrameType | None) -> None:
    raise Hangs


def work(out: Connection, here: Any, seed: int, start: int, stop: int) -> None:
    """Tries the inputs from `start` to `stop`; sends what it finds, and writes into `here` which one it is at."""
    signal.signal(signal.SIGALRM, _gives_up)
    peak = _memory()
    with folder() as place:
        sorts: Counter[str] = Counter()
        for index in range(start, stop):
            here.value = index
            one = make(seed, index)
            sorts[one.sort] += 1
            out.send(("at", index)) if index % 200 == 0 else None
            began = time.process_time()
            signal.alarm(HANGS)
            try:
                found = fault(one, place, index)
            except Hangs:
                found = (f"an input of {HANGS} s", "".join(traceback.format_exc()))
            signal.alarm(0)
            seconds = time.process_time() - began
            if seconds > SLOW / 10:
                out.send(("slow", index, one.sort, seconds))
            if (now := _memory()) > peak + 20:
                out.send(("memory", index, one.sort, now))
                peak = now
            if found is not None:
                out.send(("fault", index, one, *found))
        out.send(("done", stop, dict(sorts), _memory()))


def _memory() -> int:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


# ── all of them ──


class Report:
    """What was seen, over all processes."""

    def __init__(self) -> None:
        self.tried = 0
        self.sorts: Counter[str] = Counter()
        self.faults: dict[str, tuple[int, Input, str]] = {}
        self.times: Counter[str] = Counter()
        self.slow: list[tuple[float, int, str]] = []
        self.memory: tuple[int, int, str] = (0, 0, "")
        self.began = time.monotonic()

    def take(self, message: tuple[Any, ...]) -> None:
        what, index, *more = message
        if what == "slow":
            self.slow = sorted([*self.slow, (more[1], index, more[0])], reverse=True)[:10]
        elif what == "memory" and more[1] > self.memory[0]:
            self.memory = (more[1], index, more[0])
        elif what == "fault":
            one, name, trace = more
            self.times[name] += 1
            self.faults.setdefault(name, (index, one, trace))
        elif what == "done":
            self.sorts.update(more[0])

    def lines(self) -> Iterator[str]:
        seconds = time.monotonic() - self.began
        yield f"{self.tried:,} inputs in {seconds:,.0f} s: {self.tried / max(seconds, 1e-9):,.0f} a second"
        yield "made by: " + ", ".join(f"{sort} {count:,}" for sort, count in self.sorts.most_common())
        yield f"sorts of fault: {len(self.faults)}"
        for name, (index, _, _) in self.faults.items():
            yield f"  {name}: {self.times[name]:,} times, first at {index}"
        yield "slowest: " + (
            ", ".join(f"{s:.2f} s at {i} ({sort})" for s, i, sort in self.slow[:5]) or "none over 0.2 s"
        )
        yield f"most memory: {self.memory[0]} MB at {self.memory[1]} ({self.memory[2]})"

    def figures(self) -> dict[str, Any]:
        faults = {name: {"times": self.times[name], "first": index} for name, (index, _, _) in self.faults.items()}
        return {
            "inputs": self.tried,
            "seconds": round(time.monotonic() - self.began, 1),
            "faults": faults,
            "slow": self.slow,
            "memory": self.memory,
        }

    @property
    def is_clean(self) -> bool:
        return not self.faults and not any(seconds > SLOW for seconds, _, _ in self.slow)


def run(report: Report, seed: int, start: int, inputs: int, workers: int, said: Callable[[int], None]) -> None:
    """Inputs in order, a chunk a process, at most `workers` at a time; a process that dies is a finding."""
    context = multiprocessing.get_context("fork")
    waiting = [(at, min(at + CHUNK, start + inputs)) for at in range(start, start + inputs, CHUNK)][::-1]
    running: dict[Connection, tuple[Any, Any, int, int]] = {}  # its process, where it is, what it said, its end
    while waiting or running:
        while waiting and len(running) < workers:
            first, stop = waiting.pop()
            ours, theirs = context.Pipe(duplex=False)
            here = context.RawValue("q", first)
            process = context.Process(target=work, args=(theirs, here, seed, first, stop))
            process.start()
            theirs.close()
            running[ours] = (process, here, first, stop)
        for ready in multiprocessing.connection.wait(list(running)):
            assert isinstance(ready, Connection)
            process, here, at, stop = running[ready]
            try:
                message = ready.recv()
            except EOFError:  # it is done, or it died
                process.join()
                del running[ready]
                if at < stop:
                    index = here.value
                    report.take(("fault", index, make(seed, index), f"the process died with {process.exitcode}", ""))
                    report.tried += index + 1 - at
                    waiting += [(index + 1, stop)] if index + 1 < stop else []
                continue
            report.take(message)
            if message[0] in ("at", "done"):
                report.tried += message[1] - at
                said(message[1] - at)
                running[ready] = (process, here, message[1], stop)


def save(report: Report, where: Path) -> None:
    """Each crasher in a folder of its own, with its traceback."""
    with folder() as place:
        for name, (index, one, trace) in report.faults.items():
            small = smaller(one, place, name, index) if trace else one
            target = where / "".join(c if c.isalnum() else "-" for c in name)
            target.mkdir(parents=True, exist_ok=True)
            for file, data in small.files.items():
                (target / file).write_bytes(data)
            (target / "why.txt").write_text(f"input {index}: {name}\n\n{trace}", encoding="utf-8")


@click.command(help=__doc__.split("\n\n")[0] if __doc__ else "")
@click.option("--inputs", default=20_000, show_default=True, help="How many.")
@click.option("--seed", default=0, show_default=True, help="Another seed, other inputs.")
@click.option("--start", default=0, show_default=True, help="The number of the first.")
@click.option("--workers", default=1, show_default=True, help="Processes at a time.")
@click.option("--save", "where", type=click.Path(path_type=Path), help="A folder for what does not hold, made smaller.")
@click.option("--json", "document", type=click.Path(path_type=Path), help="A file for the figures.")
def main(inputs: int, seed: int, start: int, workers: int, where: Path | None, document: Path | None) -> None:
    os.environ["TONNE_CACHE_DIR"] = ""  # nothing is kept of a hundred thousand files
    make(seed, start)
    with folder() as place:  # what all processes share is read before they part
        fault(Input("first", {"a.tonne": b"run r {\n  energy = 3 MWh\n}\nshow r.energy, r.co2e\n"}), place)
    gc.freeze()  # what they share is no garbage
    gc.set_threshold(50_000)
    report = Report()
    with click.progressbar(length=inputs, label=f"seed {seed}", file=sys.stderr) as bar:

        def said(more: int) -> None:
            bar.update(more)
            if document is not None and report.tried % CHUNK == 0:  # a long run can be looked at, and ended
                document.write_text(json.dumps(report.figures(), indent=2) + "\n", encoding="utf-8")

        with contextlib.suppress(KeyboardInterrupt):
            run(report, seed, start, inputs, workers, said)
    for line in report.lines():
        click.echo(line)
    if document is not None:
        document.write_text(json.dumps(report.figures(), indent=2) + "\n", encoding="utf-8")
    if where is not None:
        save(report, where)
    sys.exit(not report.is_clean)


if __name__ == "__main__":
    main()
