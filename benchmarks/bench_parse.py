"""How quickly files become trees with positions: 10,000 and 100,000 lines, and python-hcl2 on blocks of the same shape.

All in one process, interleaved; prints lines a second of processor time (medians) and ratios. The goals: at 10,000 lines at
least 12,000 lines a second (20,000 hoped for), at 100,000 lines at least 0.8 times that, and at least 6 times python-hcl2,
which lark parses too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import hcl2

from tonne.limits import Limits
from tonne.source import SourceFile
from tonne.syntax.parse import parse

RUN = """
run pretrain_{i} {{
  "Run number {i}, as its paper states it."
  hardware    = h100_sxm
  grid        = quebec
  tokens      = {i}B token              from paper "table 2"
  compute     = 5.88e23 FLOP            from paper "section 4.1"
  devices     = 2048 device             from paper
  power       = 700 W/device * 0.9      # measured, a little under the TDP
  utilization = 40%                     from paper "table 3"
  pue         = 1.1                     assumed "a hyperscale data centre"
}}
"""
# The same eight bindings: what is a word there has to be a text.
BLOCK = """
resource "run" "pretrain_{i}" {{
  description = "Run number {i}, as its paper states it."
  hardware    = h100_sxm
  grid        = quebec
  tokens      = {i}
  compute     = "5.88e23 FLOP"
  devices     = 2048
  power       = 700 * 0.9 # measured, a little under the TDP
  utilization = 40
  pue         = 1.1
}}
"""
LIMITS = Limits(file_bytes=100_000_000)


def repeated(block: str, lines: int) -> str:
    return "".join(block.format(i=i) for i in range(lines // block.count("\n")))


def tonne(text: str) -> Callable[[], None]:
    def read() -> None:
        module, found = parse(SourceFile("a.tonne", text), LIMITS)
        assert not found
        assert len(module.statements) == text.count("\nrun ")

    return read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    small, large, other = repeated(RUN, 10_000), repeated(RUN, 100_000), repeated(BLOCK, 2_000)
    tasks: dict[str, tuple[Callable[[], object], int]] = {
        "tonne, 10,000 lines": (tonne(small), small.count("\n")),
        "tonne, 100,000 lines": (tonne(large), large.count("\n")),
        "python-hcl2, 2,000 lines": (lambda: hcl2.loads(other), other.count("\n")),
    }
    hcl2.loads(BLOCK.format(i=1))
    tonne(RUN.format(i=1))()
    speeds: dict[str, list[float]] = {task: [] for task in tasks}
    for _ in range(rounds):
        for task, (read, lines) in tasks.items():
            start = time.process_time()
            read()
            speeds[task].append(lines / (time.process_time() - start))
    medians = {task: statistics.median(times) for task, times in speeds.items()}
    print(f"{'':26} {'lines a second':>14}")
    for task, median in medians.items():
        print(f"{task:26} {median:>14,.0f}")
    at_10k, at_100k, hcl = medians.values()
    print(f"100,000 lines against 10,000: {at_100k / at_10k:.2f} times the speed (goal: at least 0.8)")
    print(f"10,000 lines against python-hcl2: {at_10k / hcl:.1f} times the speed (goal: at least 6)")


if __name__ == "__main__":
    main()
