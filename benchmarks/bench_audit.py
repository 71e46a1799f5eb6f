"""How long the audit of the whole published record takes, in a clean environment: whole processes, interleaved.

Prints the median seconds of `tonne audit scenarios/published`, warm, and its ratio to a bare `python -c pass` and to one
`tonne run` a page. The goal: under two seconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from clean import clean_environment

ROOT = Path(__file__).parent.parent
RECORD = ROOT / "scenarios" / "published"
GOAL = 2.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    pages = sorted(path for path in RECORD.iterdir() if path.suffix in (".md", ".tonne"))
    with clean_environment() as (programs, variables):

        def run(*words: str | Path) -> None:
            subprocess.run(
                words, env=variables, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
            )

        def one_by_one() -> None:
            for page in pages:
                run(programs / "tonne", "run", page)

        ways: dict[str, Callable[[], None]] = {
            "python -c pass": lambda: run(programs / "python", "-c", "pass"),
            "tonne audit, text": lambda: run(programs / "tonne", "audit", RECORD),
            "tonne audit, JSON": lambda: run(programs / "tonne", "audit", RECORD, "--format", "json"),
            f"tonne run, {len(pages)} times": one_by_one,
        }
        ways["tonne audit, text"]()  # fills the cache
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                taken[name].append(time.perf_counter() - start)
    median = {name: statistics.median(times) for name, times in taken.items()}
    bare, audit = median["python -c pass"], median["tonne audit, text"]
    for name, seconds in median.items():
        print(f"{name:24} {seconds:7.3f} s   {seconds / bare:6.1f} x python   {seconds / audit:6.2f} x audit")
    print(f"the whole record in {audit:.2f} s, goal {GOAL}: {'met' if audit < GOAL else 'NOT met'}")


if __name__ == "__main__":
    main()
