"""How quickly a scenario is drawn, swept and evaluated: against numpy and floats by hand, pint, pyarrow and peers.

The scenario is section 55.1 with eight uncertain inputs and three results. It is drawn against the same laws by hand, in
blocks that fit a cache and in whole arrays; its sweeps are against a meshgrid and against pyarrow's writing of the same
table; one evaluation is against a function of floats and against pint. Interleaved in one process, medians of the ratios of
each round. Programs that are compared are first asked for the same numbers. Memory is the peak of new processes.

`--peers` also draws it by Squiggle, squigglepy and mcerp, as whole processes; it installs them into a temporary folder.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from clean import clean_environment

DRAWS = 10_000_000
WHOLE_PROCESS = 1_000_000  # draws of it
QUANTILES = (0.05, 0.5, 0.95)
PIECES = (4_096, 8_192, 16_384, 32_768)  # of which the program by hand takes the quickest
TRIES = 5  # of a measurement that others disturb
CALLS = 20_000  # of a function of floats; of pint a hundredth
SWEPT, LARGE = (100, 100, 1_000), (100, 1_000, 1_000)

SCENARIO = """
use hardware.nvidia { h100_sxm }

grid us_55 {
  carbon_intensity = 400 gCO2e/kWh ~ lognormal(cv = 15%)  from "section 55.1"
}
model llama_70b { parameters = 70_000_000_000 param  from "section 55.1" }
run pretrain {
  model       = llama_70b
  hardware    = h100_sxm
  grid        = us_55
  tokens      = 1_400_000_000_000 token                  from "section 55.1"
  devices     = 2048 device                              from "section 55.1"
  utilization = 40% ~ uniform(30%, 55%)                  from "section 55.1"
  power       = 700 W/device ~ normal(sd = 40 W/device)  from "section 55.1"
  pue         = 1.1 ~ triangular(1.05, 1.3)              from "section 55.1"
}
deployment chat {
  run              = pretrain
  grid             = us_55
  requests         = 100M request/day ~ lognormal(cv = 50%)             from "section 55.1"
  output_tokens    = 500 token/request ~ lognormal(cv = 40%)            from "section 55.1"
  energy_per_token = 0.3 Wh/token ~ interval(0.1 Wh/token, 0.9 Wh/token)  from "section 55.1" allow V229 "as it says"
  pue              = 1.1 ~ triangular(1.05, 1.4)                        from "section 55.1"
}
let total : tCO2e = pretrain.co2e + chat.daily_co2e * 18 month

show pretrain.co2e, chat.co2e_per_request, total
"""
SWEEP = """
sweep places {{
  vary pretrain.utilization   in linear(30%, 55%, {})
  vary pretrain.pue           in linear(1.05, 1.3, {})
  vary us_55.carbon_intensity in log(20 gCO2e/kWh, 900 gCO2e/kWh, {})
  show {}
}}
"""
ONE, THREE = "pretrain.co2e", "pretrain.co2e, chat.co2e_per_request, total"

# The same in base units: W, s, J, grams.
COMPUTE, PEAK = 5.88e23, 989e12
POINTS = {
    "pretrain.utilization": 0.4,
    "pretrain.power": 700.0,
    "pretrain.pue": 1.1,
    "us_55.carbon_intensity": 400 / 3.6e6,
    "chat.requests": 1e8 / 86_400,
    "chat.output_tokens": 500.0,
    "chat.energy_per_token": 0.3 * 3_600,
    "chat.pue": 1.1,
}
LIFE = 18 / 12 * 365.25 * 86_400
INTENSITY, REQUESTS, TOKENS, ENERGY = (  # sigma
    math.sqrt(math.log1p(0.15**2)),
    math.sqrt(math.log1p(0.5**2)),
    math.sqrt(math.log1p(0.4**2)),
    math.log(9) / (2 * statistics.NormalDist().inv_cdf(0.95)),
)


# ── telling ──


def verdict(value: float, goal: float, *, at_least: bool = False, hoped: float | None = None) -> str:
    def reached(mark: float) -> bool:
        return value >= mark if at_least else value <= mark

    told = f"goal {'at least' if at_least else 'at most'} {goal:g}: {'met' if reached(goal) else 'MISSED'}"
    return told if hoped is None else f"{told}; {hoped:g} hoped for: {'reached' if reached(hoped) else 'no'}"


def tell(what: str, value: str, more: str = "") -> None:
    print(f"  {what:62} {value:>12}  {more}".rstrip(), flush=True)


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


Times = dict[str, list[float]]


def interleaved(tasks: dict[str, Callable[[], Any]], rounds: int) -> Times:
    """The seconds that each task takes, one after the other in each round."""
    taken: Times = {task: [] for task in tasks}
    for _ in range(rounds):
        for task, do in tasks.items():
            taken[task].append(undisturbed(do))
    return taken


_disturbed: list[float] = []


def undisturbed(do: Callable[[], Any]) -> float:
    """Seconds; once more while others have taken a tenth of a core, which two threads would show above all."""
    for _ in range(TRIES):
        others, start = _busy() - _own(), time.perf_counter()
        do()
        seconds = time.perf_counter() - start
        if _busy() - _own() - others < max(0.1 * seconds, 0.03):
            return seconds
        time.sleep(0.5)
    _disturbed.append(seconds)
    return seconds


def _own() -> float:
    return sum(os.times()[:4])


def _busy() -> float:
    """Seconds that all processes of the machine have taken, where that is told."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:]]
    except OSError:
        return 0.0
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def ratio(taken: Times, one: str, other: str, times: float = 1.0) -> float:
    """How many times longer one takes than another: the median over the rounds."""
    return statistics.median(times * a / b for a, b in zip(taken[one], taken[other], strict=True))


# ── the scenario ──


@contextmanager
def scenario_file(text: str) -> Any:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "benchmark.tonne"
        path.write_text(text, encoding="utf-8")
        yield path


def evaluated() -> Any:
    from tonne.scenario import evaluate

    with scenario_file(SCENARIO) as path:
        made = evaluate(path)
    assert made.run is not None, made.diagnostics
    assert not made.diagnostics, made.diagnostics
    return made.run


def scheduled(run: Any, *, merging: bool = True) -> Any:
    """What is drawn, as `Sampler` makes it; without merging, a product of lognormals is a draw for each."""
    from tonne.numeric.schedule import DRAWS as AXIS
    from tonne.numeric.schedule import Builder, arranged
    from tonne.numeric.steps import Steps
    from tonne.plan import shown_nodes

    builder = Builder()
    steps = Steps(builder, run, {})
    places = [steps.place(node) for node in shown_nodes(run.model)]
    return arranged(builder, places, {AXIS: 0}, merging=merging)


# ── draws by hand ──


class OneGenerator:
    """All random numbers from one stream, as one would write it."""

    def __init__(self) -> None:
        self.random = np.random.Generator(np.random.SFC64(0))

    def normal(self, name: str, out: Any) -> None:
        self.random.standard_normal(out=out)

    def uniform(self, name: str, out: Any) -> None:
        self.random.random(out=out)


class Streams:
    """Those of tonne in one block."""

    def __init__(self, block: int) -> None:
        self.block = block
        self.known: dict[tuple[str, str], Any] = {}

    def _stream(self, op: str, name: str) -> Any:
        from tonne.numeric.blocks import stream

        return self.known.setdefault((op, name), stream(0, op, name, self.block))

    def normal(self, name: str, out: Any) -> None:
        self._stream("normal", name).standard_normal(out=out)

    def uniform(self, name: str, out: Any) -> None:
        self._stream("uniform", name).random(out=out)


def triangular(source: Any, name: str, low: float, mode: float, high: float, a: Any, b: Any, out: Any) -> None:
    source.uniform(name, a)
    source.uniform(f"{name} again", b)
    np.maximum(a, b, out=out)
    np.minimum(a, b, out=b)
    np.multiply(out, mode - low, out=out)
    np.multiply(b, high - mode, out=b)
    np.add(out, b, out=out)
    np.add(out, low, out=out)


def lognormal(source: Any, name: str, median: float, sigma: float, out: Any) -> None:
    source.normal(name, out)
    np.multiply(out, sigma, out=out)
    np.exp(out, out=out)
    np.multiply(out, median, out=out)


def by_hand(source: Any, room: Sequence[Any], merged: str | None) -> Sequence[Any]:
    """The three results into the last of the arrays; `merged` names the one draw for tokens and their energy."""
    a, b, c, intensity, training, request, total = room
    point = POINTS
    lognormal(source, "us_55.carbon_intensity", point["us_55.carbon_intensity"], INTENSITY, intensity)
    source.uniform("pretrain.utilization", a)
    np.multiply(a, 0.25, out=a)
    np.add(a, 0.3, out=a)
    source.normal("pretrain.power", training)
    np.multiply(training, 40 * COMPUTE / PEAK, out=training)
    np.add(training, 700 * COMPUTE / PEAK, out=training)
    np.divide(training, a, out=training)
    triangular(source, "pretrain.pue", 1.05, 1.1, 1.3, a, b, c)
    np.multiply(training, c, out=training)
    np.multiply(training, intensity, out=training)

    energy = point["chat.output_tokens"] * point["chat.energy_per_token"]
    if merged is not None:
        lognormal(source, merged, energy, math.hypot(TOKENS, ENERGY), request)
    else:
        source.normal("chat.output_tokens", request)
        source.normal("chat.energy_per_token", a)
        np.multiply(request, TOKENS, out=request)
        np.multiply(a, ENERGY, out=a)
        np.add(request, a, out=request)
        np.exp(request, out=request)
        np.multiply(request, energy, out=request)
    triangular(source, "chat.pue", 1.05, 1.1, 1.4, a, b, c)
    np.multiply(request, c, out=request)
    np.multiply(request, intensity, out=request)

    lognormal(source, "chat.requests", point["chat.requests"] * LIFE, REQUESTS, total)
    np.multiply(total, request, out=total)
    np.add(total, training, out=total)
    return training, request, total


def in_blocks(draws: int, piece: int, merged: str | None = None) -> list[tuple[float, float, float, float]]:
    """Mean, standard deviation, least and greatest of each result, in buffers that are used again."""
    source, room = OneGenerator(), [np.empty(piece) for _ in range(7)]
    shifts, sums = [0.0] * 3, [[0.0, 0.0, math.inf, -math.inf] for _ in range(3)]
    for start in range(0, draws, piece):
        if draws - start < piece:
            room = [array[: draws - start] for array in room]
        for i, found in enumerate(by_hand(source, room, merged)):
            one, spare = sums[i], room[0]
            if start == 0:
                shifts[i] = float(found.mean())
            one[2], one[3] = min(one[2], float(found.min())), max(one[3], float(found.max()))
            np.subtract(found, shifts[i], out=spare)
            one[0] += float(spare.sum())
            np.multiply(spare, spare, out=spare)
            one[1] += float(spare.sum())
    return [
        (shift + total / draws, math.sqrt((square - total * total / draws) / (draws - 1)), low, high)
        for shift, (total, square, low, high) in zip(shifts, sums, strict=True)
    ]


def in_arrays(draws: int) -> list[tuple[float, float, float, float]]:
    """The same as one writes it first."""
    random, point = np.random.Generator(np.random.SFC64(0)), POINTS
    intensity = point["us_55.carbon_intensity"] * random.lognormal(0, INTENSITY, draws)
    utilization = random.uniform(0.3, 0.55, draws)
    power = random.normal(700, 40, draws)
    pue = random.triangular(1.05, 1.1, 1.3, draws)
    requests = point["chat.requests"] * random.lognormal(0, REQUESTS, draws)
    tokens = point["chat.output_tokens"] * random.lognormal(0, TOKENS, draws)
    energy = point["chat.energy_per_token"] * random.lognormal(0, ENERGY, draws)
    served = random.triangular(1.05, 1.1, 1.4, draws)
    found = formulas(utilization, power, pue, intensity, requests, tokens, energy, served, COMPUTE, PEAK, LIFE)
    return [(x.mean(), x.std(ddof=1), x.min(), x.max()) for x in found]


def formulas(
    utilization: Any,
    power: Any,
    pue: Any,
    intensity: Any,
    requests: Any,
    tokens: Any,
    energy: Any,
    served: Any,
    compute: Any,
    peak: Any,
    life: Any,
) -> tuple[Any, Any, Any]:
    """In the order of `POINTS`; of floats, arrays or quantities."""
    training = compute / (peak * utilization) * power * pue * intensity
    request = energy * tokens * served * intensity
    return training, request, training + request * requests * life


OPERATIONS = 11


def agree(schedule: Any) -> None:
    """That the draws of tonne are those by hand, when both have the same random numbers."""
    from tonne.numeric.blocks import BLOCK, DrawMachine

    merged = " * ".join(sorted(schedule.merged[0])) if schedule.merged else None
    with np.errstate(all="ignore"):
        pieces = [[v.copy() for v in values] for _, values in DrawMachine(schedule, {}, 0).pieces(3, 4 * BLOCK)]
    expected = by_hand(Streams(3), [np.empty(BLOCK) for _ in range(7)], merged)
    for mine, theirs in zip(zip(*pieces, strict=True), expected, strict=True):
        found = np.concatenate(mine)
        assert found.size == BLOCK
        assert np.allclose(found, theirs, rtol=1e-14, atol=0), np.max(np.abs(found / theirs - 1))


def alike(found: Sequence[Any], expected: Sequence[Any], tolerance: float) -> bool:
    return bool(np.allclose(np.array(found)[:, :2], np.array(expected)[:, :2], rtol=tolerance, atol=0))


def compare_draws(run: Any, rounds: int) -> None:
    from tonne.draw_options import Options
    from tonne.numeric.sample import sample
    from tonne.plan import shown_nodes
    from tonne.sampling import Sampler

    schedule, apart = scheduled(run), scheduled(run, merging=False)
    assert len(schedule.merged) == 1, schedule.merged
    assert not apart.merged
    agree(schedule)
    agree(apart)
    merged = " * ".join(sorted(schedule.merged[0]))
    trial = interleaved({str(piece): lambda p=piece: in_blocks(1_000_000, p) for piece in PIECES}, 3)  # type: ignore[misc]
    piece = min(PIECES, key=lambda p: min(trial[str(p)]))

    def drawn(schedule: Any, threads: int = 1, quantiles: bool = False) -> Any:
        shares = [QUANTILES if quantiles else ()] * len(schedule.roots)
        return sample(schedule, {}, Options(DRAWS, threads=threads), shares)[0]

    def figures(distributions: Any) -> list[tuple[float, ...]]:
        return [(one.mean, one.sd, one.least, one.greatest) for one in distributions]

    def whole() -> Any:
        """From the nodes of the scenario to what is told of them."""
        sampler = Sampler(Options(DRAWS))
        for node in shown_nodes(run.model):
            sampler.ask_value(run, node)
        sampled = sampler.sample()
        return [sampled.distribution(node) for node in shown_nodes(run.model)]

    one, two = drawn(schedule, 1, True), drawn(schedule, 2, True)
    assert figures(one) == figures(two)  # to the bit
    assert [[d.percentile(q) for q in QUANTILES] for d in one] == [[d.percentile(q) for q in QUANTILES] for d in two]
    assert figures(whole()) == figures(one)
    expected = in_blocks(DRAWS, piece)
    for found in (figures(one), figures(drawn(apart)), in_blocks(DRAWS, piece, merged), in_arrays(DRAWS)):
        assert alike(found, expected, 5e-3), (found, expected)

    arrays, blocks, blocks_merged = "numpy, whole arrays", "numpy, in blocks", "numpy, in blocks, merged by hand"
    apart_, plain, quantiles = "tonne, a draw for each input", "tonne", "tonne, with quantiles"
    tasks: dict[str, Callable[[], Any]] = {
        arrays: lambda: in_arrays(DRAWS),
        blocks: lambda: in_blocks(DRAWS, piece),
        blocks_merged: lambda: in_blocks(DRAWS, piece, merged),
        apart_: lambda: drawn(apart),
        plain: lambda: drawn(schedule),
        quantiles: lambda: drawn(schedule, 1, True),
        f"{plain}, 2 threads": lambda: drawn(schedule, 2),
        f"{quantiles}, 2 threads": lambda: drawn(schedule, 2, True),
        "tonne, from the scenario, with quantiles": whole,
    }
    taken = interleaved(tasks, rounds)
    heading(
        f"draws: 8 inputs, 3 results, {DRAWS:,} draws; mean, sd, extremes (ns a draw; by hand in blocks of {piece:,})"
    )
    for task, times in taken.items():
        tell(task, f"{statistics.median(times) / DRAWS * 1e9:.1f}", f"{ratio(taken, task, blocks):.2f} x in blocks")
    value = ratio(taken, plain, blocks)
    tell("tonne over numpy in blocks", f"{value:.2f} x", verdict(value, 1.1, hoped=0.75))
    value = ratio(taken, apart_, blocks)
    tell("the same, a draw for each input", f"{value:.2f} x", verdict(value, 1.1))
    tell("the same, both merged", f"{ratio(taken, plain, blocks_merged):.2f} x")
    value = ratio(taken, arrays, plain)
    tell("whole arrays over tonne", f"{value:.1f} x", verdict(value, 3.5, at_least=True, hoped=10))
    value = ratio(taken, quantiles, plain) - 1
    tell("quantiles add", f"{value:.0%}", verdict(value * 100, 15, hoped=10))
    value = ratio(taken, plain, f"{plain}, 2 threads")
    tell("2 threads", f"{value:.2f} x", verdict(value, 1.7, at_least=True))
    value = ratio(taken, quantiles, f"{quantiles}, 2 threads")
    tell("2 threads, with quantiles", f"{value:.2f} x", verdict(value, 1.7, at_least=True))


# ── one evaluation ──


def compare_scalars(run: Any, rounds: int) -> None:
    import pint

    from tonne.plan import shown_nodes

    nodes = {run.model.draws[id(node)].name: node for node, _ in run.program.steps if id(node) in run.model.draws}
    inputs, outputs = [nodes[name] for name in POINTS], shown_nodes(run.model)
    values = list(POINTS.values())
    assert np.allclose([run.raw(node) for node in inputs], values, rtol=1e-12, atol=0)
    expected = [run.raw(node) for node in outputs]

    def hand(
        utilization: float,
        power: float,
        pue: float,
        intensity: float,
        requests: float,
        tokens: float,
        energy: float,
        served: float,
    ) -> tuple[float, float, float]:
        training = 5.88e23 / (989e12 * utilization) * power * pue * intensity
        request = energy * tokens * served * intensity
        return training, request, training + request * requests * 47_336_400.0

    units = pint.UnitRegistry()
    for name in ("token", "request", "device", "FLOP", "CO2e"):
        units.define(f"{name} = [{name}]")
    words = ("", "W/device", "", "CO2e/J", "request/s", "token/request", "J/token", "", "FLOP", "FLOP/s/device", "s")
    quantities = [v * units(u) for v, u in zip([*values, COMPUTE, PEAK, LIFE], words, strict=True)]
    for found in (
        hand(*values),
        [q.to("CO2e/request" if i == 1 else "CO2e").m for i, q in enumerate(formulas(*quantities))],
    ):
        assert np.allclose(found, expected, rtol=1e-12, atol=0)

    tasks: dict[str, Callable[[], Any]] = {
        "floats by hand": lambda: [hand(*values) for _ in range(CALLS)],
        "pint": lambda: [formulas(*quantities) for _ in range(CALLS // 100)],
    }
    known = importlib.util.find_spec("tonne.numeric.scalar") is not None
    if known:
        made = importlib.import_module("tonne.numeric.scalar").compiled(run, inputs, outputs)
        assert np.allclose(made(*values), expected, rtol=1e-12, atol=0)
        tasks["tonne, compiled"] = lambda: [made(*values) for _ in range(CALLS)]
    taken = interleaved(tasks, max(rounds, 7))
    heading(f"one evaluation: 8 inputs, 3 results, {OPERATIONS} operations (ns)")
    for task, times in taken.items():
        each = statistics.median(times) / (CALLS // 100 if task == "pint" else CALLS) * 1e9
        tell(task, f"{each:,.0f}", f"{each / OPERATIONS:,.1f} an operation")
    if not known:
        over = ratio(taken, "pint", "floats by hand", 100)
        tell("tonne, compiled", "not built", f"pint over floats by hand: {over:.0f} x")
        return
    value = ratio(taken, "tonne, compiled", "floats by hand")
    tell("tonne over floats by hand", f"{value:.2f} x", verdict(value, 3, hoped=1.2))
    value = ratio(taken, "pint", "tonne, compiled", 100)
    tell("pint over tonne", f"{value:.0f} x", verdict(value, 200, at_least=True))


# ── sweeps ──


def checked_sweep(sizes: Sequence[int], shown: str = ONE) -> Any:
    from tonne.scenario import check

    with scenario_file(SCENARIO + SWEEP.format(*sizes, shown)) as path:
        checked = check(path, limit=10**10)
    assert not checked.diagnostics, checked.diagnostics
    return checked.sweeps[0]


def request_of(threads: int) -> Any:
    from tonne.draw_options import Request

    return Request(threads=threads, is_asked=False, limit=10**10)


Told = list[tuple[float, float, float]]


def swept(sweep: Any, threads: int) -> Told:
    """Least, greatest and mean of each result of a sweep whose cells are not kept."""
    from tonne.sweep_values import evaluate_sweep

    made, _ = evaluate_sweep(sweep, (), request_of(threads))
    assert made is not None
    assert made.along is not None
    assert all(one.count == made.points for one in made.along[0])
    return [(one.least, one.greatest, one.mean) for one in made.along[0]]


def along_axes(sweep: Any, results: int, *, sparse: bool = False) -> Told:
    """The same by numpy: a meshgrid, or with `sparse` arrays that are broadcast."""
    axes = np.meshgrid(*(np.array(axis.values) * axis.unit.factor for axis in sweep.axes), indexing="ij", sparse=sparse)
    utilization, pue, intensity = axes
    found: Sequence[Any] = (COMPUTE / (PEAK * utilization) * POINTS["pretrain.power"] * pue * intensity,)
    if results == 3:
        point = {name.split(".")[-1]: value for name, value in POINTS.items()}
        rest = (point["requests"], point["output_tokens"], point["energy_per_token"], point["pue"])
        found = formulas(utilization, point["power"], pue, intensity, *rest, COMPUTE, PEAK, LIFE)
    return [(float(one.min()), float(one.max()), float(one.mean())) for one in found]


def compare_sweeps(results: int, rounds: int) -> None:
    shown = ONE if results == 1 else THREE
    small, large = checked_sweep(SWEPT, shown), checked_sweep(LARGE, shown)
    points, more = math.prod(SWEPT), math.prod(LARGE)
    expected = along_axes(small, results)
    assert len(expected) == results
    for threads in (1, 2):
        assert np.allclose(swept(small, threads), expected, rtol=1e-12, atol=0)
    assert swept(large, 1) == swept(large, 2)
    tasks: dict[str, Callable[[], Any]] = {
        "meshgrid": lambda: along_axes(small, results),
        "numpy, broadcast": lambda: along_axes(small, results, sparse=True),
        "tonne": lambda: swept(small, 1),
        "tonne, 2 threads": lambda: swept(small, 2),
        "tonne, large": lambda: swept(large, 1),
        "tonne, large, 2 threads": lambda: swept(large, 2),
    }
    taken = interleaved(tasks, rounds)
    heading(
        f"sweeps: 3 axes, results: {results}, {points:,} points, large {more:,}; least, greatest, mean (ns a point)"
    )
    for task, times in taken.items():
        value = statistics.median(times) / (more if "large" in task else points) * 1e9
        tell(task, f"{value:.2f}", verdict(value, 6, hoped=4) if task in ("tonne", "tonne, large") else "")
    value = ratio(taken, "meshgrid", "tonne")
    tell("meshgrid over tonne", f"{value:.1f} x", verdict(value, 25, at_least=True))
    tell("broadcast over tonne", f"{ratio(taken, 'numpy, broadcast', 'tonne'):.1f} x")
    value = ratio(taken, "tonne, large", "tonne", points / more)
    tell("a point of the large over one of the small", f"{value:.2f} x", verdict(value, 1.1))
    value = ratio(taken, "tonne, large", "tonne, large, 2 threads")
    tell("2 threads, large", f"{value:.2f} x")


def written(sweep: Any, path: Path, threads: int) -> int:
    """A sweep as `tonne sweep --out FILE.parquet` writes it; gives the rows."""
    from tonne.report.table_file import write_rows
    from tonne.sweep_values import blocks, evaluate_sweep

    request = request_of(threads)
    swept, _ = evaluate_sweep(sweep, (), request)
    assert swept is not None
    return write_rows(path, swept, blocks(swept, sweep, (), request), {"sweep": sweep.name})


def compare_parquet(rounds: int) -> None:
    heading(f"Parquet: 3 axes and 1 result, {math.prod(SWEPT):,} rows (ns a row)")
    if importlib.util.find_spec("pyarrow") is None:
        tell("pyarrow", "missing", 'pip install "tonne[data]"')
        return
    import pyarrow.parquet as pq

    sweep, rows = checked_sweep(SWEPT), math.prod(SWEPT)
    with tempfile.TemporaryDirectory() as name:
        mine, theirs = Path(name) / "mine.parquet", Path(name) / "theirs.parquet"
        assert written(sweep, mine, 1) == rows
        table, group = pq.read_table(mine), pq.ParquetFile(mine).metadata.row_group(0).num_rows
        pq.write_table(table, theirs, row_group_size=group)
        assert pq.read_table(theirs).equals(table)
        utilization, pue, intensity = (column.to_numpy() for column in table.columns[:3])
        expected = COMPUTE / (PEAK * utilization / 100) * POINTS["pretrain.power"] * pue * intensity / 3.6e6 / 1e6
        assert np.allclose(table.columns[3].to_numpy(), expected, rtol=1e-12, atol=0)
        tasks: dict[str, Callable[[], Any]] = {
            "pyarrow, of the table in memory": lambda: pq.write_table(table, theirs, row_group_size=group),
            "tonne": lambda: written(sweep, mine, 1),
            "tonne, 2 threads": lambda: written(sweep, mine, 2),
        }
        taken = interleaved(tasks, rounds)
    for task, times in taken.items():
        tell(task, f"{statistics.median(times) / rows * 1e9:.1f}")
    for task in ("tonne", "tonne, 2 threads"):
        value = ratio(taken, task, "pyarrow, of the table in memory")
        tell(f"{task}, over pyarrow", f"{value:.2f} x", verdict(value, 1.3))


# ── memory ──


MEMORY = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import bench_sampling as bench
bench.alone(sys.argv[2], int(sys.argv[3]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024))
"""


def alone(what: str, count: int) -> None:
    """The work of a new process: draws of the scenario, or points of a sweep, with statistics or into a file."""
    if what == "draws":
        from tonne.draw_options import Request
        from tonne.scenario import evaluate

        with scenario_file(SCENARIO) as path:
            made = evaluate(path, (), Request(draws=count, limit=count))
        assert made.sampled is not None
        assert made.sampled.options.draws == count
        return
    sweep = checked_sweep((100, count // 100_000, 1_000))
    if what == "sweep":
        swept(sweep, 2)
        return
    with tempfile.TemporaryDirectory() as name:
        written(sweep, Path(name) / "sweep.parquet", 2)


def peak_megabytes(what: str, count: int) -> float:
    command = [sys.executable, "-c", MEMORY, str(Path(__file__).parent), what, str(count)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def compare_memory() -> None:
    heading("peak memory of new processes, all cores (MB)")
    few, many = peak_megabytes("draws", 1_000_000), peak_megabytes("draws", 100_000_000)
    tell("1e6 draws, with quantiles", f"{few:.0f}")
    tell("1e8 draws, with quantiles", f"{many:.0f}", verdict(many, 150, hoped=100))
    tell("1e8 over 1e6", f"{many / few:.2f} x", verdict(many / few, 1.2))
    for count in (10_000_000, 100_000_000):
        value = peak_megabytes("sweep", count)
        tell(f"a sweep of {count:.0e} points, statistics", f"{value:.0f}", verdict(value, 300, hoped=200))
    if importlib.util.find_spec("pyarrow") is None:
        tell("a sweep into Parquet", "missing", "pyarrow")
        return
    value = peak_megabytes("parquet", 100_000_000)
    tell("a sweep of 1e+08 points into Parquet", f"{value:.0f}", verdict(value, 300, hoped=200))


# ── whole processes ──

LAWS = {"draws": WHOLE_PROCESS, "compute": COMPUTE, "peak": PEAK, "life": LIFE, **{
    name.replace(".", "_"): value for name, value in POINTS.items()
}, "intensity": INTENSITY, "requests": REQUESTS, "tokens": TOKENS, "energy": ENERGY}  # fmt: skip

# Each prints mean and quantiles of the three results.
SQUIGGLE = """
import {{ run }} from "@quri/squiggle-lang";
const made = await run(`
  intensity = lognormal(log({us_55_carbon_intensity}), {intensity})
  utilization = uniform(0.3, 0.55)
  power = normal(700, 40)
  pue = triangular(1.05, 1.1, 1.3)
  requests = lognormal(log({chat_requests}), {requests})
  tokens = lognormal(log({chat_output_tokens}), {tokens})
  energy = lognormal(log({chat_energy_per_token}), {energy})
  served = triangular(1.05, 1.1, 1.4)
  training = {compute} / ({peak} * utilization) * power * pue * intensity
  request = energy * tokens * served * intensity
  total = training + request * requests * {life}
  [training, request, total] -> map({{|x| [mean(x), quantile(x, 0.05), quantile(x, 0.5), quantile(x, 0.95)]}})
`, {{ environment: {{ sampleCount: {draws}, xyPointLength: 1000, seed: "0", profile: false }} }});
if (!made.result.ok) throw new Error(made.result.value.toString());
console.log(made.result.value.result.toString());
"""
_FORMULAS = """
training = {compute} / ({peak} * utilization) * power * pue * intensity
request = energy * tokens * served * intensity
total = training + request * requests * {life}
"""
SQUIGGLEPY = """
import math
import numpy as np
import squigglepy as sq
intensity = sq.lognorm(norm_mean=math.log({us_55_carbon_intensity}), norm_sd={intensity})
utilization, power, pue = sq.uniform(0.3, 0.55), sq.norm(mean=700, sd=40), sq.triangular(1.05, 1.1, 1.3)
requests = sq.lognorm(norm_mean=math.log({chat_requests}), norm_sd={requests})
tokens = sq.lognorm(norm_mean=math.log({chat_output_tokens}), norm_sd={tokens})
energy = sq.lognorm(norm_mean=math.log({chat_energy_per_token}), norm_sd={energy})
served = sq.triangular(1.05, 1.1, 1.4)
""" + _FORMULAS + """
samples = [sq.sample(one, n={draws}) for one in (training, request, total)]
print([[float(x.mean()), *np.quantile(x, (0.05, 0.5, 0.95)).tolist()] for x in samples])
"""  # fmt: skip
MCERP = """
import mcerp
import numpy as np
mcerp.npts = {draws}
intensity = mcerp.LogN({us_55_carbon_intensity}, {intensity})
utilization, power, pue = mcerp.U(0.3, 0.55), mcerp.N(700, 40), mcerp.Tri(1.05, 1.1, 1.3)
requests, tokens = mcerp.LogN({chat_requests}, {requests}), mcerp.LogN({chat_output_tokens}, {tokens})
energy, served = mcerp.LogN({chat_energy_per_token}, {energy}), mcerp.Tri(1.05, 1.1, 1.4)
""" + _FORMULAS + """
results = (training, request, total)
print([[float(x.mean), *np.quantile(x._mcpts, (0.05, 0.5, 0.95)).tolist()] for x in results])
"""  # fmt: skip


def installed(folder: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """How to call each peer, and why one is missing."""
    found: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing["Squiggle"] = "node or npm is not there"
    else:
        command = [npm, "install", "--silent", "--no-fund", "--no-audit", "@quri/squiggle-lang"]
        if subprocess.run(command, cwd=folder, capture_output=True).returncode == 0:
            (folder / "squiggle.mjs").write_text(SQUIGGLE.format(**LAWS), encoding="utf-8")
            found["Squiggle"] = [node, str(folder / "squiggle.mjs")]
        else:
            missing["Squiggle"] = "npm does not install it"
    home = folder / "venv"
    venv.create(home, with_pip=True)
    python = str(home / ("Scripts" if os.name == "nt" else "bin") / "python")
    for name, text in (("squigglepy", SQUIGGLEPY), ("mcerp", MCERP)):
        command = [python, "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", name]
        if subprocess.run(command, capture_output=True).returncode == 0:
            (folder / f"{name}_.py").write_text(text.format(**LAWS), encoding="utf-8")
            found[name] = [python, str(folder / f"{name}_.py")]
        else:
            missing[name] = "pip does not install it"
    return found, missing


def compare_processes(run: Any, rounds: int) -> None:
    from tonne.draw_options import Options
    from tonne.numeric.sample import sample

    expected = [
        [one.mean, *(one.percentile(q) for q in QUANTILES)]
        for one in sample(scheduled(run), {}, Options(WHOLE_PROCESS), [QUANTILES] * 3)[0]
    ]
    heading(f"whole processes, {WHOLE_PROCESS:,} draws with quantiles (ms)")
    with (
        clean_environment() as (programs, variables),
        tempfile.TemporaryDirectory() as name,
        scenario_file(SCENARIO) as path,
    ):
        found, missing = installed(Path(name))
        for peer, why in missing.items():
            tell(peer, "missing", why)
        for peer, command in list(found.items()):
            done = subprocess.run(command, capture_output=True, text=True, env=variables)
            if done.returncode != 0:
                tell(peer, "fails", (done.stderr.strip().splitlines() or [""])[-1])
                del found[peer]
                continue
            given = json.loads(done.stdout)
            assert np.allclose(given, expected, rtol=0.02, atol=0), (peer, given, expected)
        found = {"tonne": [str(programs / "tonne"), "run", str(path), "--draws", str(WHOLE_PROCESS)], **found}
        subprocess.run(found["tonne"], env=variables, check=True, stdout=subprocess.DEVNULL)

        def process(command: list[str]) -> Callable[[], Any]:
            return lambda: subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)

        taken = interleaved({peer: process(command) for peer, command in found.items()}, rounds)
    for peer, times in taken.items():
        if peer == "tonne":
            tell(peer, f"{statistics.median(times) * 1e3:,.0f}")
            continue
        value = ratio(taken, peer, "tonne")
        more = verdict(value, 8, at_least=True, hoped=15) if peer == "Squiggle" else ""
        tell(peer, f"{statistics.median(times) * 1e3:,.0f}", f"{value:.1f} x tonne  {more}".rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="install Squiggle, squigglepy and mcerp, and compare")
    given = parser.parse_args()
    from tonne.draw_options import cores

    print(f"{cores()} cores, load average {os.getloadavg()[0]:.1f}: what others do shows most in the threads")
    compare_memory()  # first, while this process is small: a child's peak starts from what its parent had
    run = evaluated()
    compare_draws(run, given.rounds)
    compare_scalars(run, given.rounds)
    for results in (1, 3):
        compare_sweeps(results, given.rounds)
    compare_parquet(given.rounds)
    if given.peers:
        compare_processes(run, given.rounds)
    else:
        heading("whole processes: left out; `--peers` installs Squiggle, squigglepy and mcerp into a temporary folder")
    if _disturbed:
        heading(f"{len(_disturbed)} measurements were disturbed by other processes")


if __name__ == "__main__":
    main()
