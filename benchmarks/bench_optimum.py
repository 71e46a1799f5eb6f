"""How quickly optima are solved: a million instances with every parameter varying, against scipy on the same equation.

Two problems, least loss at a lifetime budget and least lifetime cost at a loss. From the same coefficients to the same
sizes and tokens: tonne's structured family (alone, and within `solve`, which adds the multiplier and the status), its
generic path on what sympy derives from a scenario, `scipy.optimize.elementwise.find_root` on all instances, and a loop of
`scipy.optimize.brentq` with a function of `math`, on 20,000 of them and scaled. Interleaved in one process, medians;
before that the peak memory of new processes.

The goals: the family at least 200 times the loop and 15 times find_root, the generic path 50 and 4 times; 500 MB; a
derivation within 2 s.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.optimize.elementwise import find_root

from tonne.numeric.family import solve_family
from tonne.numeric.least import solve
from tonne.problem import Status

INSTANCES, LOOPED = 1_000_000, 20_000
PAD = 1e-12  # the ends of the bracket may be the root itself, but for rounding
NAMES = ("A", "B", "E", "a", "b", "u", "w", "k", "level")  # those of `tonne.problem.Family`
SCENARIO = """
model chosen { "Its size is chosen." }
run train { model = chosen }
deployment serve {
  run    = train
  tokens = 2e13 token from "the benchmark"
}
scaling_law law {
  run   = train
  A     = 406.4 from "the benchmark"
  B     = 410.7 from "the benchmark"
  E     = 1.69  from "the benchmark"
  alpha = 0.34  from "the benchmark"
  beta  = 0.28  from "the benchmark"
}
let fixed  : FLOP  = 1e20 FLOP    from "the benchmark"
let budget : FLOP  = 5.88e23 FLOP from "the benchmark"
let target : ratio = 2            from "the benchmark"

optimum least_loss {
  minimize law.loss
  over chosen.parameters, train.tokens
  subject to train.compute + serve.compute + fixed == budget
}
optimum least_cost {
  minimize train.compute + serve.compute + fixed
  over chosen.parameters, train.tokens
  subject to law.loss == target
}
"""
# What a name of the scenario is in the family; tokens are served at 2 FLOP a parameter, which makes w.
PLACES = {
    "law.A": "A", "law.B": "B", "law.E": "E", "law.alpha": "a", "law.beta": "b", "train.flop_per_parameter": "u",
    "serve.flop_per_parameter": "served", "serve.tokens": "tokens", "fixed": "k", "budget": "level", "target": "level",
}  # fmt: skip


def instances(problem: str, count: int = INSTANCES) -> dict[str, Any]:
    """Coefficients that all vary, as far as published laws and plans do, and somewhat beyond."""
    random = np.random.default_rng(55)
    exponents = [random.uniform(0.2, 0.6, count) for _ in range(2)]
    varied = {
        "A": random.uniform(300, 600, count),
        "B": random.uniform(300, 2500, count),
        "E": random.uniform(1.5, 2, count),
        "a": exponents[0],
        "b": exponents[1],
        "u": random.uniform(5, 8, count),
        "w": 10 ** random.uniform(10, 15, count),
        "k": 10 ** random.uniform(10, 18, count),
    }
    if problem == "least-loss":
        return {**varied, "level": 10 ** random.uniform(20, 26, count)}
    return {**varied, "level": varied["E"] + 10 ** random.uniform(-1.5, 0.5, count)}


# ── scipy ──


def looped(problem: str, columns: list[list[float]]) -> list[tuple[float, float]]:
    """Each instance by itself: the trinomial about the point without serving, within the bracket that is known to hold it."""
    exp, log, log1p, expm1 = math.exp, math.log, math.log1p, math.expm1

    def difference(z: float, kappa: float, s: float) -> float:
        return z - kappa * log1p(s * exp(-z))

    found = []
    for A, B, E, a, b, u, w, k, level in zip(*columns, strict=True):
        if problem == "least-cost":
            room = level - E
            log_y = log(B * (1 + b / a) / room) / b
            kappa, s = 1 / b, b / (a + b) * w / u * exp(-log_y)
        else:
            log_budget = log((level - k) / u)
            log_y = (a * log_budget - log(a * A / (b * B))) / (a + b)
            kappa, s = (1 - a) / (a + b), w / u * exp(-log_y)
        low = kappa * log1p(s) / (1 + kappa * s / (1 + s))
        high = kappa * log1p(s * exp(-low))
        z = brentq(difference, low - PAD, high + PAD, (kappa, s))
        if problem == "least-cost":
            log_x = (log(A * (1 + a / b) / room) - log1p(-a / b * expm1(-b * z))) / a
            found.append((exp(log_x), exp(log_y + z)))
        else:
            found.append((exp(log_budget - log_y) / (exp(z) + s), exp(log_y + z)))
    return found


def elementwise(problem: str, A: Any, B: Any, E: Any, a: Any, b: Any, u: Any, w: Any, k: Any, level: Any) -> Any:
    """The same, by scipy's root finder for arrays."""

    def difference(z: Any, kappa: Any, s: Any) -> Any:
        return z - kappa * np.log1p(s * np.exp(-z))

    if problem == "least-cost":
        room = level - E
        log_y = np.log(B * (1 + b / a) / room) / b
        kappa, s = 1 / b, b / (a + b) * w / u * np.exp(-log_y)
    else:
        log_budget = np.log((level - k) / u)
        log_y = (a * log_budget - np.log(a * A / (b * B))) / (a + b)
        kappa, s = (1 - a) / (a + b), w / u * np.exp(-log_y)
    low = kappa * np.log1p(s) / (1 + kappa * s / (1 + s))
    high = kappa * np.log1p(s * np.exp(-low))
    z = find_root(difference, (low - PAD, high + PAD), args=(kappa, s)).x
    if problem == "least-cost":
        log_x = (np.log(A * (1 + a / b) / room) - np.log1p(-a / b * np.expm1(-b * z))) / a
        return np.exp(log_x), np.exp(log_y + z)
    return np.exp(log_budget - log_y) / (np.exp(z) + s), np.exp(log_y + z)


# ── tonne ──


def derived() -> dict[str, Any]:
    """The derivation of each problem, from a scenario as a user writes it."""
    from tonne.scenario import evaluate

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "benchmark.tonne"
        path.write_text(SCENARIO, encoding="utf-8")
        evaluated = evaluate(path)
    run = evaluated.run
    assert run is not None, evaluated.diagnostics
    assert len(run.solved) == 2, evaluated.diagnostics
    return {study.name.replace("_", "-"): made for study, made in run.solved.items()}


def name_of(run: Any, node: Any) -> str:
    """The field or the `let` whose value a node is."""
    owner = run.owner(node)
    if owner is not None:
        return f"{owner[0].instance.name}.{owner[1]}"
    return next((let.name for let, known in run.model.lets.items() if known is node), "")


def inputs_of(made: Any, values: dict[str, Any]) -> list[Any]:
    """The values of instances in the order in which the derivation takes them."""
    known = {**values, "served": 2.0, "tokens": values["w"] / 2}
    return [known[PLACES[name_of(made.run, node)]] for node in made.derivation.compiled.inputs]


def solved(made: Any, inputs: list[Any], method: str) -> Any:
    nothing = (None, None)
    solution = solve(made.derivation.compiled, inputs, "==", nothing, nothing, made.free, method)  # as a sweep starts
    assert (solution.status == Status.SOLVED).all()
    return solution.free


def derivation_seconds(made: Any) -> float:
    """From the graph to functions, all of them, and to every step in words; nothing of an earlier time is kept."""
    from sympy.core.cache import clear_cache

    from tonne.symbolic import functions
    from tonne.symbolic.derive import derive

    run = made.run
    inputs = [run.raw(node) for node in made.derivation.compiled.inputs]
    clear_cache()
    functions._made.cache_clear()
    start = time.perf_counter()
    found = derive(made.problem, lambda n: name_of(run, n) or None, lambda n: int(np.sign(run.raw(n))), run.value)
    found.compiled.elasticities(*made.free, made.multiplier, *inputs)
    solved(made, inputs, "generic")
    found.written()
    return time.perf_counter() - start


MEMORY = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import bench_optimum as bench
problem, method = sys.argv[2:]
values = bench.instances(problem)
if method == "family":
    from tonne.numeric.family import solve_family
    solve_family(problem, *(values[name] for name in bench.NAMES))
else:
    made = bench.derived()[problem]
    bench.solved(made, bench.inputs_of(made, values), method)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak_megabytes(problem: str, method: str) -> float:
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, folder, problem, method], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def verdict(value: float, goal: float, *, at_least: bool) -> str:
    met = value >= goal if at_least else value <= goal
    return f"goal {'at least' if at_least else 'at most'} {goal:g}: {'met' if met else 'MISSED'}"


def compare(problem: str, made: Any, rounds: int) -> None:
    values = instances(problem)
    coefficients = [values[name] for name in NAMES]
    columns = [column[:LOOPED].tolist() for column in coefficients]
    inputs = inputs_of(made, values)
    tasks: dict[str, Callable[[], Any]] = {
        "brentq in a loop": lambda: looped(problem, columns),
        "elementwise.find_root": lambda: elementwise(problem, *coefficients),
        "the family": lambda: solve_family(problem, *coefficients),
        "solve, structured": lambda: solved(made, inputs, "structured"),
        "solve, generic": lambda: solved(made, inputs, "generic"),
    }
    order = (made.derivation.compiled.family.x, made.derivation.compiled.family.y)
    expected = np.array(tasks["brentq in a loop"]()).T
    for task in list(tasks)[1:]:  # all do the same work, and it is warm
        found = tasks[task]()
        found = [found[i] for i in order] if task.startswith("solve") else found[:2]
        for mine, theirs in zip(found, expected, strict=True):
            assert np.allclose(mine[:LOOPED], theirs, rtol=1e-9, atol=0), task
    taken: dict[str, list[float]] = {task: [] for task in tasks}
    for _ in range(rounds):
        for task, do in tasks.items():
            start = time.process_time()
            do()
            count = LOOPED if task == "brentq in a loop" else INSTANCES
            taken[task].append((time.process_time() - start) / count * 1e9)
    medians = {task: statistics.median(times) for task, times in taken.items()}
    loop, root, family, structured, generic = medians.values()
    print(f"\n{problem}, {INSTANCES:,} instances (the loop: {LOOPED:,}, scaled)")
    print(f"{'':24} {'ns an instance':>14} {'against the loop':>17} {'against find_root':>18}")
    for task, median in medians.items():
        print(f"{task:24} {median:>14,.0f} {loop / median:>17,.1f} {root / median:>18,.1f}")
    print(f"the family against the loop {loop / family:.0f} times ({verdict(loop / family, 200, at_least=True)})")
    print(f"the family against find_root {root / family:.1f} times ({verdict(root / family, 15, at_least=True)})")
    print(f"generic against the loop {loop / generic:.0f} times ({verdict(loop / generic, 50, at_least=True)})")
    print(f"generic against find_root {root / generic:.1f} times ({verdict(root / generic, 4, at_least=True)})")
    print(f"with multiplier and status, structured: {loop / structured:.0f} and {root / structured:.1f} times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    # First, while this process is small: a child's peak starts from what its parent had.
    for method in ("family", "structured", "generic"):
        megabytes = max(peak_megabytes(problem, method) for problem in ("least-loss", "least-cost"))
        print(f"peak memory, {method}: {megabytes:.0f} MB ({verdict(megabytes, 500, at_least=False)})", flush=True)
    made = derived()
    for problem, one in made.items():
        compare(problem, one, rounds)
    print()
    for problem, one in made.items():
        seconds = statistics.median(derivation_seconds(one) for _ in range(rounds))
        print(f"derivation, {problem}: {seconds:.2f} s ({verdict(seconds, 2, at_least=False)})")


if __name__ == "__main__":
    main()
