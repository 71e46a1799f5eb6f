"""How long a check takes before it says anything, in a clean environment: whole processes, interleaved.

Prints the median milliseconds above a bare `python -c pass`, and the ratio to it. The goals: a warm check of 50 lines at most
100 ms above it (60 hoped for), the first ever at most 500, a warm one of 1,000 lines at most 200 (100 hoped for).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clean import clean_environment

RUN = """
run pretrain_{i} {{
  hardware    = h100_sxm
  grid        = quebec
  tokens      = {i}B token              from "the paper"
  compute     = 5.88e23 FLOP            from "the paper"
  devices     = 2048 device             from "the paper"
  utilization = 40%                     from "the paper"
  pue         = 1.1                     assumed "a hyperscale data centre"
}}
"""


def scenario(lines: int) -> str:
    """A scenario of so many lines."""
    text = "use hardware.nvidia { h100_sxm }\nuse grids.us { quebec }\n"
    count = (lines - 3) // (RUN.count("\n"))
    text += "".join(RUN.format(i=i + 1) for i in range(count)) + "show pretrain_1.co2e\n"
    return text + "# the end\n" * (lines - text.count("\n"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    with clean_environment() as (programs, variables), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = {lines: folder / f"{lines}.tonne" for lines in (50, 1000)}
        for lines, path in paths.items():
            path.write_text(scenario(lines), encoding="utf-8")
            assert path.read_text(encoding="utf-8").count("\n") == lines

        def tonne(*words: str) -> None:
            subprocess.run([programs / "tonne", *words], env=variables, check=True, stdout=subprocess.DEVNULL)

        def check(path: Path) -> None:
            tonne("check", str(path))

        def edit(path: Path, lines: int) -> None:
            """A text that no cache has, with everything else known."""
            path.write_text(scenario(lines) + f"# {time.time_ns()}\n", encoding="utf-8")

        def python(code: str) -> None:
            subprocess.run([programs / "python", "-c", code], env=variables, check=True)

        changed = {lines: folder / f"edited_{lines}.tonne" for lines in paths}
        # What is done before the clock runs, and what is timed.
        tasks: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "python -c pass": (lambda: None, lambda: python("pass")),
            "python -c 'import click'": (lambda: None, lambda: python("import click")),
            "tonne --help": (lambda: None, lambda: tonne("--help")),
            "first check ever, 50 lines": (
                lambda: shutil.rmtree(variables["TONNE_CACHE_DIR"], ignore_errors=True),
                lambda: check(paths[50]),
            ),
            "check, 50 lines": (lambda: check(paths[50]), lambda: check(paths[50])),
            "check after an edit, 50 lines": (lambda: edit(changed[50], 50), lambda: check(changed[50])),
            "check, 1,000 lines": (lambda: check(paths[1000]), lambda: check(paths[1000])),
            "check after an edit, 1,000 lines": (lambda: edit(changed[1000], 1000), lambda: check(changed[1000])),
            "run, 50 lines": (lambda: check(paths[50]), lambda: tonne("run", str(paths[50]))),
        }
        taken: dict[str, list[float]] = {task: [] for task in tasks}
        for number in range(rounds + 1):
            for task, (before, do) in tasks.items():
                before()
                start = time.perf_counter()
                do()
                if number:  # the first round fills the caches of the system
                    taken[task].append((time.perf_counter() - start) * 1000)
    bare = statistics.median(taken["python -c pass"])
    print(f"{'':36} {'ms above bare':>14} {'times bare':>11}")
    for task, times in taken.items():
        median = statistics.median(times)
        print(f"{task:36} {median - bare:>14.0f} {median / bare:>11.1f}")


if __name__ == "__main__":
    main()
