"""How the time and memory of a whole run grow with the number of instances: 1,000 against 10,000, interleaved processes.

Prints seconds and megabytes of each, and the ratio of the medians. The goal: at most 12 times the time; 10,000 instances
within 15 s and 600 MB.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILE = 2000  # instances in one file, to stay under the limit of a megabyte
WAYS = [
    'tokens = 1.4T token from "x"\n  utilization = 40% from "x"\n  devices = {n} device from "x"',
    'device_time = {n}k device*h from "x"\n  power = 700 W/device from "x"',
    'devices = {n} device from "x"\n  duration = 148 day from "x"\n  tokens = 100B token from "x"',
    'it_energy = {n} MWh from "x"',
    'energy = {n} MWh from "x"\n  devices = 256 device from "x"',
]
HEAD = 'use hardware.nvidia { h100_sxm }\nuse grids.us { quebec }\nmodel m { parameters = 70B param from "x" }\n'
RUN = 'run r{i} {{\n  model = m\n  hardware = h100_sxm\n  grid = quebec\n  pue = 1.1 from "x"\n  {way}\n}}\n'


def write(folder: Path, count: int) -> Path:
    """A scenario of so many runs, stated in five ways, over as many files as they need."""
    (folder / "tonne.toml").touch()
    parts = [range(at, min(count, at + FILE)) for at in range(0, count, FILE)]
    for number, part in enumerate(parts):
        runs = "".join(RUN.format(i=i, way=WAYS[i % 5].format(n=100 + i)) for i in part)
        (folder / f"part{number}.tonne").write_text(HEAD + runs, encoding="utf-8")
    uses = "".join(f'use "./part{n}" {{ {", ".join(f"r{i}" for i in part)} }}\n' for n, part in enumerate(parts))
    path = folder / "main.tonne"
    names = ", ".join(f"r{i}" for i in range(count))
    path.write_text(f"{uses}let all = [{names}]\nshow sum(all.co2e)\n", encoding="utf-8")
    return path


def measure(path: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of `tonne run`."""
    start = time.perf_counter()
    code = (
        "import resource, sys; from tonne.cli.commands import tonne\n"
        "try: tonne(['run', sys.argv[1], '--format', 'json'], prog_name='tonne')\n"
        "except SystemExit as done: status = done.code\n"
        "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return time.perf_counter() - start, int(done.stderr.split()[-1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    counts = (1_000, 10_000)
    with tempfile.TemporaryDirectory() as name:
        paths = {}
        for count in counts:
            folder = Path(name) / str(count)
            folder.mkdir()
            paths[count] = write(folder, count)
        taken: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
        for _ in range(rounds):
            for count in counts:
                taken[count].append(measure(paths[count]))
    medians = {count: [statistics.median(v) for v in zip(*taken[count], strict=True)] for count in counts}
    print(f"{'instances':>10} {'seconds':>8} {'MB':>6}")
    for count in counts:
        print(f"{count:>10,} {medians[count][0]:>8.2f} {medians[count][1]:>6.0f}")
    print(f"ratio of time {medians[counts[1]][0] / medians[counts[0]][0]:.1f} (goal: at most 12)")


if __name__ == "__main__":
    main()
