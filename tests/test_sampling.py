"""Whole scenarios in draws, against numpy's own draws, against the file edited by hand, and against what must hold in every draw."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from optimum_scenarios import scenario
from tonne.draw_options import Request, Stopped
from tonne.numeric.blocks import BLOCK, DrawMachine
from tonne.numeric.sample import Distribution
from tonne.numeric.schedule import Builder, Schedule
from tonne.numeric.steps import Steps
from tonne.run import Run
from tonne.scenario import Evaluated, evaluate
from tonne.verdict import Outcome

in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
TOLD = (0.05, 0.5, 0.95)


def sampled(text: str, folder: Path, *overrides: str, errors: Sequence[str] = (), **request: Any) -> Evaluated:
    path = folder / "sampled.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, overrides, Request(**{"draws": 5_000, "threads": 1, **request}))
    assert [d.code for d in found.diagnostics if d.is_error] == list(errors), [str(d.title) for d in found.diagnostics]
    assert found.sampled is not None
    return found


def let(found: Evaluated, name: str, run: Run | None = None) -> Distribution:
    """The distribution of a let, of the file or of a case."""
    one = value(found, name, run)
    assert isinstance(one, Distribution)
    return one


def value(found: Evaluated, name: str, run: Run | None = None) -> Distribution | float:
    """The same, or the number of what does not vary."""
    run = run or found.run
    assert run is not None
    assert found.sampled is not None
    [node] = [node for one, node in run.model.lets.items() if one.name == name]
    one = found.sampled.distribution(node)
    number = run.value(node)
    assert one is not None or number is not None
    return number if one is None else one  # type: ignore[return-value]


def lets(found: Evaluated, run: Run | None = None) -> list[str]:
    run = run or found.run
    assert run is not None
    return [one.name for one in run.model.lets]


def digits(one: Distribution | float) -> Any:
    """All that is told of a value."""
    if not isinstance(one, Distribution):
        return one
    histogram = one._tally.histogram
    told = [one.percentile(share) for share in TOLD]
    counts = histogram.first, histogram.coarse, histogram.counts.tolist()
    return one.draws, one.of, one.mean, one.sd, one.least, one.greatest, told, counts


def draws_of(found: Evaluated, names: Sequence[str], draws: int, seed: int = 0) -> list[Any]:
    """The draws themselves, of some lets."""
    run = found.run
    assert run is not None
    builder = Builder()
    steps = Steps(builder, run, {})
    nodes = {one.name: node for one, node in run.model.lets.items()}
    places = [steps.place(nodes[name]) for name in names]
    with np.errstate(all="ignore"):
        pieces = DrawMachine(Schedule(tuple(builder.steps), tuple(places)), {}, seed).pieces(0, draws)
        kept = [[np.array(np.broadcast_to(v, draws)) for v in values] for _, values in pieces]
    assert len(kept) == 1
    return kept[0]


# ── the whole of a scenario, by another hand ──

PROJECT = """
grid here { carbon_intensity = 400 gCO2e/kWh ~ lognormal(cv = 30%)  from "x" }

run pretrain {
  grid        = here
  devices     = 1024 device
  duration    = 30 day ~ triangular(20 day, 50 day)          from "x"
  power       = 700 W/device ~ normal(sd = 70 W/device)      from "x"
  pue         = 1.1 ~ normal(sd = 0.1)                       from "x"
  utilization = 40% ~ interval(30%, 55%)                     from "x"
  peak        = 989 TFLOP/s/device                           from "x"
}

deployment chat {
  grid               = here
  energy_per_request = 0.3 Wh/request ~ lognormal(cv = 120%)                     from "x"
  requests           = 1M request/day ~ uniform(0.5M request/day, 3M request/day)  from "x"
  service_life       = 2 year                                                    from "x"
}

let training : tCO2e = pretrain.co2e
let serving  : tCO2e = chat.co2e
let total    : tCO2e = training + serving
let share    : %     = serving / total
let compute  : FLOP  = pretrain.compute
"""


def by_numpy(n: int) -> dict[str, Any]:
    """The same scenario, from its text alone, with numpy's generator and scipy's laws."""
    rng = np.random.default_rng(99)
    intensity = stats.lognorm(math.sqrt(math.log(1.09)), scale=400).rvs(n, random_state=rng)  # g/kWh
    days = rng.triangular(20, 30, 50, n)
    power = rng.normal(700, 70, n)
    pue = stats.truncnorm(-1, math.inf, 1.1, 0.1).rvs(n, random_state=rng)  # bounds of the field: 1 .. 4
    z95 = stats.norm.ppf(0.95)
    utilization = np.sqrt(0.30 * 0.55) * np.exp(math.log(0.55 / 0.30) / 2 / z95 * rng.standard_normal(n))
    utilization = np.minimum(utilization, 1)  # its field ends at 100 %, which one draw in two million is above
    request = 0.3 * np.exp(math.sqrt(math.log(1 + 1.2**2)) * rng.standard_normal(n))  # Wh
    requests = rng.uniform(0.5e6, 3e6, n) * 2 * 365.25
    kwh = 1024 * days * 24 * power / 1000 * pue
    training = kwh * intensity / 1e6
    serving = request * requests / 1000 * intensity / 1e6
    compute = 1024 * days * 86_400 * 989e12 * utilization
    return {
        "training": training,
        "serving": serving,
        "total": training + serving,
        "share": serving / (training + serving),
        "compute": compute,
    }


UNITS = {"training": 1e6, "serving": 1e6, "total": 1e6, "share": 1.0, "compute": 1.0}  # a tonne is 10^6 g


@pytest.mark.parametrize("exact", [False, True])
def test_a_scenario_recomputed(exact: bool, tmp_path: Path) -> None:
    n, mine = 200_000, by_numpy(800_000)
    found = sampled(PROJECT, tmp_path, draws=n, exact=exact)
    for name, values in mine.items():
        one = let(found, name)
        values = values * UNITS[name]
        assert (one.draws, one.of) == (n, n)
        for share in TOLD:
            beside = 6 * math.sqrt(1.25 * share * (1 - share) / n)
            low, high = np.quantile(values, [share - beside, min(share + beside, 1)])
            assert low * (1 - one.error) <= one.percentile(share) <= high * (1 + one.error), (name, share)
        assert one.mean == pytest.approx(values.mean(), abs=6 * values.std() * math.sqrt(1.25 / n))
        assert one.sd == pytest.approx(values.std(), rel=0.1)
    assert found.sampled is not None
    assert found.sampled.cut["pretrain.pue"] == pytest.approx(float(stats.norm.cdf(-1)), rel=1e-6)
    assert not any(found.sampled.merged)


def test_draws_do_not_move_the_point_values(tmp_path: Path) -> None:
    path = tmp_path / "point.tonne"
    path.write_text(PROJECT, encoding="utf-8")
    plain = evaluate(path)
    found = sampled(PROJECT, tmp_path)
    assert plain.sampled is None
    assert plain.run is not None
    assert found.run is not None
    points = [[run.value(node) for node in run.model.lets.values()] for run in (plain.run, found.run)]
    assert points[0] == points[1]


# ── identity ──


def test_one_assumption_is_one_draw(tmp_path: Path) -> None:
    text = """
run a {
  energy           = 3 MWh ~ lognormal(cv = 80%)              from "x"
  carbon_intensity = 400 gCO2e/kWh ~ normal(sd = 90 gCO2e/kWh)  from "x"
}
run b like a {}
run c like b { carbon_intensity = 2 * a.carbon_intensity  assumed "twice" }
let x = 2 ~ uniform(1, 9)
let y = x
let none = x - x
let same = x - y
let still = a.co2e - b.co2e
let twice = c.co2e / a.co2e
let root = sqrt(x * x) - x
"""
    found = sampled(text, tmp_path)
    for name in ("none", "same", "still"):
        one = let(found, name)
        assert (one.draws, one.least, one.greatest, one.mean, one.sd, one.median) == (5_000, 0, 0, 0, 0, 0)
    assert let(found, "twice").least == let(found, "twice").greatest == 2
    assert max(abs(let(found, "root").least), let(found, "root").greatest) < 1e-14


@pytest.mark.parametrize("original", ["a", "b"])
def test_a_copy_with_a_spread_of_its_own_leaves_the_original_alone(original: str, tmp_path: Path) -> None:
    """A spread that names a field of the instance, and a copy that changes that field: another sd, at the same position."""
    text = 'kind thing {\n  width : ratio\n  x     : ratio\n}\nthing a {\n  width = 0.5  from "x"\n  x = 2 ~ normal(sd = width)  from "x"\n}\n'
    text += f'thing b like a {{}}\nthing c like {original} {{ width = 1.5  from "x" }}\n'
    text += "let first = a.x\nlet same = a.x - b.x\nlet third = c.x\nlet apart = c.x - 2 - 3 * (a.x - 2)\n"
    found = sampled(text, tmp_path)
    assert let(found, "first").sd == pytest.approx(0.5, rel=0.05)
    assert let(found, "third").sd == pytest.approx(1.5, rel=0.05)
    assert (let(found, "same").least, let(found, "same").greatest) == (0, 0)
    assert max(abs(let(found, "apart").least), let(found, "apart").greatest) < 1e-13  # one position of the stream


OPTIONS = """
grid here { carbon_intensity = 400 gCO2e/kWh ~ lognormal(cv = 60%)  from "x" }

run built {
  grid      = here
  it_energy = 3 MWh ~ interval(1 MWh, 9 MWh)  from "x"
  pue       = 1.5 ~ uniform(1.2, 1.8)         from "x"
}

run cooled like built { pue = 0.9 * built.pue  assumed "10 % lower" }

let better   = probability(cooled.co2e < built.co2e)
let worse    = probability(cooled.co2e >= built.co2e)
let relation = cooled.co2e / built.co2e
let first  : tCO2e = built.co2e
let second : tCO2e = cooled.co2e
require cooled.co2e < built.co2e in 100% of draws
"""


def test_a_lower_pue_wins_in_every_draw(tmp_path: Path) -> None:
    """However wide the two overlap: 5 to 95 % of one holds most of the other."""
    found = sampled(OPTIONS, tmp_path)
    assert value(found, "better") == 1
    assert value(found, "worse") == 0
    one = let(found, "relation")
    assert one.least == pytest.approx(0.9, rel=1e-15)
    assert one.greatest == pytest.approx(0.9, rel=1e-15)
    assert let(found, "second").high > let(found, "first").median > let(found, "first").low
    [verdict] = found.requirements
    assert (verdict.outcome, verdict.share, verdict.wanted) == (Outcome.HOLDS, 1.0, 1.0)


# ── cases ──

CASED = """
run pretrain {
  it_energy        = 3 MWh ~ uniform(2 MWh, 5 MWh)               from "x"
  pue              = 1.5 ~ uniform(1.2, 1.8)                     from "x"
  carbon_intensity = 400 gCO2e/kWh ~ normal(sd = 40 gCO2e/kWh)   from "x"
}

let fixed = 1.2
let co2e : tCO2e = pretrain.co2e * fixed
let energy : MWh = pretrain.energy
let high : tCO2e = percentile(co2e, 90%)
let above        = probability(co2e > high)
require co2e < 3 tCO2e in 90% of draws
show co2e, energy
"""

EDITS = {
    "a number": (
        "pretrain.it_energy = 4 MWh",
        "it_energy        = 3 MWh ~ uniform(2 MWh, 5 MWh)               from",
        "it_energy = 4 MWh from",
    ),
    "the same spread elsewhere": (
        "pretrain.pue = 1.3 ~ uniform(1.1, 1.4)",
        "pue              = 1.5 ~ uniform(1.2, 1.8) ",
        "pue = 1.3 ~ uniform(1.1, 1.4) ",
    ),
    "in terms of itself": ("fixed = 1.5", "let fixed = 1.2", "let fixed = 1.5"),
    "a spread for a number": (
        "fixed = 1.5 ~ triangular(1, 2)",
        "let fixed = 1.2",
        "let fixed = 1.5 ~ triangular(1, 2)",
    ),
    "two at once": (
        "fixed = 0.9\n  pretrain.carbon_intensity = 300 gCO2e/kWh ~ normal(sd = 10 gCO2e/kWh)",
        "carbon_intensity = 400 gCO2e/kWh ~ normal(sd = 40 gCO2e/kWh) ",
        "carbon_intensity = 300 gCO2e/kWh ~ normal(sd = 10 gCO2e/kWh) ",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_case_is_the_file_edited_by_hand(name: str, tmp_path: Path) -> None:
    """To the last digit, with the same seed."""
    rebound, before, after = EDITS[name]
    assert CASED.count(before) == 1
    edited = CASED.replace(before, after)
    if name == "two at once":
        edited = edited.replace("let fixed = 1.2", "let fixed = 0.9")
    by_hand = _whatever(edited, tmp_path)
    with_case = _whatever(f"{CASED}\ncase other {{\n  {rebound}\n}}\n", tmp_path)
    [case] = with_case.cases
    assert lets(with_case, case.run) == lets(by_hand)
    for one in lets(by_hand):
        assert digits(value(with_case, one, case.run)) == digits(value(by_hand, one)), one
    [mine], [theirs] = case.requirements, by_hand.requirements
    assert (mine.outcome, mine.share) == (theirs.outcome, theirs.share)
    alone = _whatever(CASED, tmp_path)  # and the file as written stays what it is without the case
    for one in lets(alone):
        assert digits(value(with_case, one)) == digits(value(alone, one)), one


def _whatever(text: str, folder: Path) -> Evaluated:
    """Sampled, whether or not its requirements hold."""
    path = folder / "case.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, (), Request(draws=5_000, threads=1))
    assert {d.code for d in found.diagnostics if d.is_error} <= {"C401"}
    assert found.sampled is not None
    return found


def test_a_case_that_is_better_in_every_draw(tmp_path: Path) -> None:
    found = _whatever(
        f"{CASED}\ncase cooled {{ pretrain.pue = 1.35 ~ uniform(1.08, 1.62) }}\ncase same {{ fixed = 1.2 }}\n", tmp_path
    )
    assert found.run is not None
    assert found.sampled is not None
    cooled, same = found.cases
    for case, less in ((cooled, 1.0), (same, 0.0)):
        nodes = [
            next(node for one, node in run.model.lets.items() if one.name == "co2e") for run in (case.run, found.run)
        ]
        apart, share = found.sampled.difference(*nodes)
        assert share == less
        assert isinstance(apart, Distribution)
        if case is cooled:
            assert apart.greatest < 0
            assert apart.mean == pytest.approx(-0.1 * let(found, "co2e").mean, rel=1e-12)
        else:
            assert apart.least == apart.greatest == 0


# ── threads and seeds ──


def test_the_same_digits_on_one_thread_and_on_more(tmp_path: Path) -> None:
    found = [sampled(PROJECT, tmp_path, draws=3 * BLOCK + 17, threads=threads) for threads in (1, 2, 3)]
    again = sampled(PROJECT, tmp_path, draws=3 * BLOCK + 17, threads=2)
    for name in lets(found[0]):
        assert len({str(digits(value(one, name))) for one in (*found, again)}) == 1


def test_another_seed_is_another_sample(tmp_path: Path) -> None:
    one, other = (sampled(PROJECT, tmp_path, seed=seed) for seed in (1, 2))
    for name in lets(one):
        assert let(one, name).mean != let(other, name).mean
        error = 6 * math.hypot(let(one, name).standard_error, let(other, name).standard_error)
        assert let(one, name).mean == pytest.approx(let(other, name).mean, abs=error)


def test_the_settings_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "tonne.toml").write_text("[sampling]\ndraws = 1234\nseed = 7\n", encoding="utf-8")
    text = "let x = 2 ~ uniform(1, 9)\nrequire x < 8 in 50% of draws\n"
    found = sampled(text, tmp_path, draws=None)
    assert let(found, "x").of == 1234
    asked = sampled(text, tmp_path, draws=1234, seed=7)
    assert digits(let(found, "x")) == digits(let(asked, "x"))
    path = tmp_path / "unasked.tonne"
    path.write_text(text, encoding="utf-8")
    of_itself = evaluate(path)  # the file asks about draws
    assert digits(let(of_itself, "x")) == digits(let(asked, "x"))


def test_what_is_not_asked_about_draws_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "plain.tonne"
    path.write_text("let x = 2 ~ uniform(1, 9)\nrequire x < 8\n", encoding="utf-8")
    assert evaluate(path).sampled is None


# ── functions of draws ──

STATISTICS = """
let x = 3 ~ lognormal(cv = 70%)
let y = x ^ 2 - 1
let p90 = percentile(y, 90%)
let p5  = percentile(y, 5%)
let mid = percentile(y, 50%)
let wide = sd(y)
let below = probability(y <= p90)
let half  = probability(y < mid)
let inside = probability(y in p5 .. p90)
let scaled = y / wide
let unity = sd(scaled)
let again = percentile(scaled, 90%)
"""


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("draws", [2, 999, 20_000])
def test_functions_of_draws(exact: bool, draws: int, tmp_path: Path) -> None:
    found = sampled(STATISTICS, tmp_path, draws=draws, exact=exact)
    [y] = draws_of(found, ["y"], draws) if draws <= 8192 else [None]
    one = let(found, "y")
    if exact and y is not None:
        assert value(found, "p90") == pytest.approx(np.quantile(y, 0.9), rel=1e-15)
    assert value(found, "p5") == one.percentile(0.05)
    assert value(found, "mid") == one.median
    assert value(found, "wide") == one.sd
    if exact and draws > 2:
        assert value(found, "below") == pytest.approx(0.9, abs=1 / draws)
        assert value(found, "half") == pytest.approx(0.5, abs=1 / draws)
        assert value(found, "inside") == pytest.approx(0.85, abs=2 / draws)
    if draws > 2:
        assert value(found, "unity") == pytest.approx(1, rel=1e-12)
        ratio = float(value(found, "p90")) / float(value(found, "wide"))  # type: ignore[arg-type]
        assert value(found, "again") == pytest.approx(ratio, rel=1e-14 if exact else 2 * one.error)


@pytest.mark.parametrize("share", [1, 5, 37, 50, 90, 99])
@pytest.mark.parametrize("draws", [1_000, 9_999])
def test_so_many_draws_lie_below_a_percentile(share: int, draws: int, tmp_path: Path) -> None:
    """To one draw, if quantiles are exact; else to the draws that lie within their error."""
    text = f"let x = 3 ~ lognormal(cv = 70%)\nlet below = probability(x <= percentile(x, {share}%))\nlet p = percentile(x, {share}%)\n"
    found = sampled(text, tmp_path, draws=draws, exact=True)
    assert value(found, "below") == pytest.approx(share / 100, abs=1 / draws)
    told = sampled(text, tmp_path, draws=draws)
    [x] = draws_of(told, ["x"], draws) if draws <= 8192 else [None]
    if x is not None:
        p, error = float(value(told, "p")), let(told, "x").error  # type: ignore[arg-type]
        near = np.mean(np.abs(x - p) <= 2 * error * p)
        assert value(told, "below") == pytest.approx(share / 100, abs=1 / draws + near)


def test_statistics_of_what_does_not_vary(tmp_path: Path) -> None:
    text = "let x = 3\nlet y = 1 ~ uniform(0, 2)\nlet s = sd(x)\nlet p = percentile(x, 20%)\nlet q = probability(x < 4)\nlet none = sd(y - y)\n"
    found = sampled(text, tmp_path)
    assert [value(found, name) for name in ("s", "p", "q", "none")] == [0, 3, 1, 0]


def test_later_passes_have_the_draws_of_the_first(tmp_path: Path) -> None:
    """A product of lognormals, of which one factor is asked for in the first pass alone."""
    text = """
run r {
  it_energy        = 3 MWh ~ lognormal(cv = 40%)          from "x"
  pue              = 1.2                                  from "x"
  carbon_intensity = 400 gCO2e/kWh ~ lognormal(cv = 50%)  from "x"
}
let energy : MWh = r.it_energy
let below = probability(r.co2e <= percentile(r.co2e, 90%))
"""
    found = sampled(text, tmp_path, draws=2_000, exact=True)
    assert value(found, "below") == pytest.approx(0.9, abs=1 / 2_000)


def test_a_spread_of_a_statistic(tmp_path: Path) -> None:
    """Later passes rest on what earlier ones found, and have the same draws."""
    text = (
        "let x = 3 ~ uniform(2, 5)\nlet s = sd(x)\nlet y = 1 ~ normal(sd = s)\nlet z = sd(y)\nlet apart = sd(x - x)\n"
    )
    found = sampled(text, tmp_path, draws=50_000)
    assert value(found, "s") == pytest.approx(3 / math.sqrt(12), rel=0.02)
    assert value(found, "z") == pytest.approx(float(value(found, "s")), rel=0.02)  # type: ignore[arg-type]
    assert value(found, "apart") == 0


# ── requirements and claims ──


@in_a_folder
@given(limit=st.floats(1.5, 8.5), share=st.integers(1, 99))
def test_a_requirement_in_a_share_of_draws(limit: float, share: int, tmp_path: Path) -> None:
    """Held by counting draws; with what is seen beside the point value."""
    text = f"let x = 2 ~ uniform(1, 9)\nlet y = x\nrequire y <= {limit!r} in {share}% of draws\n"
    path = tmp_path / "required.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, (), Request(draws=4_000, threads=1))
    [x] = draws_of(found, ["x"], 4_000)
    counted = float(np.mean(x <= limit))
    [verdict] = found.requirements
    assert verdict.share == pytest.approx(counted, abs=1e-12)
    assert verdict.draws == 4_000
    assert verdict.wanted == pytest.approx(share / 100)
    held = counted >= share / 100 - 1e-9
    assert verdict.outcome == (Outcome.HOLDS if held else Outcome.MISSED)
    assert [d.code for d in found.diagnostics] == ([] if held else ["C401"])


def test_a_share_that_is_met_exactly(tmp_path: Path) -> None:
    """Three draws of four, asked for as 75 %: ends are included."""
    text = "let x = 2 ~ uniform(1, 9)\n"
    [x] = draws_of(sampled(text, tmp_path), ["x"], 4)
    between = float(np.sort(x)[2:].mean())
    for share, outcome in (("75%", Outcome.HOLDS), ("75.01%", Outcome.MISSED), ("3/4", Outcome.HOLDS)):
        if share == "3/4":
            share = "3 / 4"
        path = tmp_path / "exactly.tonne"
        path.write_text(f"{text}require x <= {between!r} in {share} of draws\n", encoding="utf-8")
        found = evaluate(path, (), Request(draws=4, threads=1))
        assert [v.outcome for v in found.requirements] == [outcome]
        assert found.requirements[0].share == 0.75


def test_a_requirement_of_the_point_values_says_in_how_many_draws_it_holds(tmp_path: Path) -> None:
    text = 'let x = 2 ~ uniform(1, 9)\nrequire x < 5\nrequire x < 10\nrequire x > 1.5\nclaim x > 5 from "x"\n'
    found = sampled(text, tmp_path)
    half, always, most = found.requirements
    assert [v.outcome for v in found.requirements] == [Outcome.HOLDS] * 3
    assert [v.wanted for v in found.requirements] == [None] * 3
    assert half.share == pytest.approx(0.5, abs=0.05)
    assert always.share == 1
    assert most.share == pytest.approx(1 - 0.5 / 8, abs=0.02)
    [claim] = found.claims
    assert claim.outcome == Outcome.REFUTED  # a claim is of the point values
    assert claim.share == pytest.approx(0.5, abs=0.05)
    assert [d.code for d in found.diagnostics] == ["C404", "C404", "C402"]


# ── optima in draws ──

UNCERTAIN = """
let served : request = 1e9 request ~ lognormal(cv = 150%)
let floor = 1.69 ~ uniform(1.55, 1.75)
"""


def uncertain_optimum(
    objective: str = "pretrain.compute + chat.compute", constraint: str = "law.loss == law.reference_loss"
) -> str:
    text = scenario(objective, constraint, tokens="500", reference="7e10", E="floor")
    for name, before in (("total_requests     = ", '1 request from "a"'), ("E         = ", 'floor from "a"')):
        assert text.count(name + before) == 1
        text = text.replace(name + before, name + ("served" if "request" in name else "floor"))
    return (
        UNCERTAIN
        + text
        + "let size : param = o.m.parameters\nlet data : token = o.pretrain.tokens\nlet cost : FLOP = o.objective\nlet price = o.multiplier * 1 / 1 FLOP\n"
    )


@pytest.mark.parametrize(
    ("constraint", "bounds"),
    [
        ("law.loss == law.reference_loss", ""),
        ("law.loss <= 1.95", ""),
        ("law.loss == law.reference_loss", " in 1e9 param .. 6.8e10 param"),
    ],
)
def test_an_optimum_is_solved_in_each_draw(constraint: str, bounds: str, tmp_path: Path) -> None:
    text = uncertain_optimum(constraint=constraint).replace("over m.parameters", f"over m.parameters{bounds}")
    names = ["served", "floor", "size", "data", "cost", "price"]
    path = tmp_path / "optimum.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, (), Request(draws=300, threads=1))
    assert [d for d in found.diagnostics if d.is_error] == []
    drawn = dict(zip(names, draws_of(found, names, 5), strict=True))
    assert len(set(drawn["data"])) == 5
    for i in range(5):
        numbers = text.replace("1e9 request ~ lognormal(cv = 150%)", f"{float(drawn['served'][i])!r} request")
        numbers = numbers.replace("1.69 ~ uniform(1.55, 1.75)", repr(float(drawn["floor"][i])))
        path.write_text(numbers, encoding="utf-8")
        alone = evaluate(path)
        assert [d for d in alone.diagnostics if d.is_error] == []
        for name in names[2:]:
            assert drawn[name][i] == pytest.approx(float(value_of(alone, name)), rel=1e-9), (name, i)
    one = let(found, "size")
    assert (one.draws, one.of) == (300, 300)
    assert one.least <= drawn["size"].min()


def value_of(found: Evaluated, name: str) -> float:
    """The point value of a let."""
    assert found.run is not None
    [node] = [node for one, node in found.run.model.lets.items() if one.name == name]
    number = found.run.value(node)
    assert number is not None
    return number


def test_a_constraint_that_binds_in_some_draws(tmp_path: Path) -> None:
    """Its shadow price is zero in the others."""
    text = scenario("law.loss * 1e24 FLOP + pretrain.compute", "pretrain.compute <= cap", E="1.69")
    text = text.replace("over m.parameters, pretrain.tokens", "over m.parameters")
    text = "let cap = 5e22 FLOP ~ uniform(1e22 FLOP, 2e23 FLOP)\n" + text
    text += "let spent : FLOP = o.pretrain.compute\nlet price = o.multiplier\n"
    path = tmp_path / "slack.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, (), Request(draws=30, threads=1))
    assert [str(d.title) for d in found.diagnostics if d.is_error] == []
    cap, spent, price = draws_of(found, ["cap", "spent", "price"], 30)
    binds = spent > cap * (1 - 1e-6)
    assert 0 < binds.sum() < 30
    assert np.all(spent <= cap * (1 + 1e-9))
    assert np.all(price[~binds] == 0)
    assert np.all(price[binds] < 0)
    assert np.ptp(spent[~binds]) < 1e-6 * spent[~binds].max()  # nothing else moves the optimum


def test_draws_without_an_optimum_have_no_value(tmp_path: Path) -> None:
    """A loss that lies below the least that the law has is reached by no size: not in those draws, and in the others it is."""
    text = uncertain_optimum(constraint="law.loss == 1.7")
    path = tmp_path / "lost.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, (), Request(draws=400, threads=1))
    assert [d for d in found.diagnostics if d.is_error] == []
    floor, size = draws_of(found, ["floor", "size"], 400)
    assert np.array_equal(np.isfinite(size), floor < 1.7)
    one = let(found, "size")
    assert (one.draws, one.of) == (int(np.sum(floor < 1.7)), 400)


# ── from the command line ──


@pytest.mark.parametrize(
    "spread", ["uniform(3, 5)", "normal(sd = 1)", "lognormal(cv = 20%)", "triangular(2, 9)", "interval(1, 7)"]
)
def test_a_spread_that_is_set(spread: str, tmp_path: Path) -> None:
    text = "let x = 3 ~ uniform(2, 8)\nlet y = x * 2\n"
    edited = sampled(text.replace("3 ~ uniform(2, 8)", f"4 ~ {spread}"), tmp_path)
    given = sampled(text, tmp_path, f"x = 4 ~ {spread}")
    to_a_number = sampled(text.replace("3 ~ uniform(2, 8)", "3"), tmp_path, f"x = 4 ~ {spread}")
    for one in (given, to_a_number):
        assert [digits(value(one, name)) for name in "xy"] == [digits(value(edited, name)) for name in "xy"]
    assert [value(sampled(text, tmp_path, "x = 4"), name) for name in "xy"] == [4, 8]


# ── correlations ──


def test_correlations_move_what_rests_on_both(tmp_path: Path) -> None:
    text = "let a = 10 ~ normal(sd = 3)\nlet b = 20 ~ normal(sd = 4)\nlet c = a + b\nlet d = a - b\n"
    for rank in (0.9, 0.0, -0.5):
        found = sampled(f"{text}correlate a, b = {rank}\n", tmp_path, draws=50_000)
        linear = 2 * math.sin(math.pi * rank / 6)
        for name, sign in (("c", 1), ("d", -1)):
            sd = math.sqrt(9 + 16 + sign * 2 * linear * 12)
            assert let(found, name).sd == pytest.approx(sd, rel=0.03)
        assert let(found, "a").sd == pytest.approx(3, rel=0.03)


def test_a_correlated_assumption_whose_bound_lies_above_its_median(tmp_path: Path) -> None:
    text = 'kind thing {\n  x : ratio in 4 ..\n}\nthing t { x = 4 ~ interval(1, 5)  from "x" }\nlet a = t.x\nlet b = 3 ~ normal(sd = 1)\n'
    found = sampled(text + "let sum = a + b\nlet difference = a - b\ncorrelate t.x, b = 0.9\n", tmp_path)
    assert let(found, "sum").sd > 1.5 * let(found, "difference").sd


# ── stopping ──


class Interrupt:
    """One Ctrl-C, when so many draws are told as done."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.seen: list[tuple[int, int]] = []
        self.is_over = False

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))
        if done >= self.after and not self.is_over:
            self.is_over = True
            raise KeyboardInterrupt


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("exact", [False, True])
def test_an_interruption_says_how_far_it_got(threads: int, exact: bool, tmp_path: Path) -> None:
    text, draws = "let x = 3 ~ lognormal(cv = 70%)\nlet y = x ^ 2\n", 100 * BLOCK
    before = set(threading.enumerate())
    progress = Interrupt(3 * BLOCK)
    with pytest.raises(Stopped) as why:
        sampled(text, tmp_path, draws=draws, threads=threads, exact=exact, progress=progress)
    assert set(threading.enumerate()) == before
    assert why.value.total == draws
    assert 3 * BLOCK <= why.value.done < draws
    if threads == 1:
        assert why.value.done == 3 * BLOCK
    assert str(why.value).startswith(f"stopped after {why.value.done:,} of {draws:,}")
    told = [done for done, _ in progress.seen]
    assert told == sorted(told)
    assert told[-1] < draws  # the other threads stopped too
    # and the next one is not disturbed by it
    assert let(sampled(text, tmp_path, threads=threads), "x").draws == 5_000


@pytest.mark.parametrize("thread", ["_0", "_1", "_2"])
@pytest.mark.parametrize("why", [KeyboardInterrupt, ValueError])
def test_an_interruption_in_any_thread_stops_the_others(thread: str, why: type[BaseException], tmp_path: Path) -> None:
    """At their next block, not when they are done."""
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if done >= 3 * BLOCK and threading.current_thread().name.endswith(thread):
            raise why

    path = tmp_path / "stopped.tonne"
    path.write_text("let x = 3 ~ lognormal(cv = 70%)\n", encoding="utf-8")
    draws = 300 * BLOCK
    with pytest.raises(Stopped if why is KeyboardInterrupt else why):
        evaluate(path, (), Request(draws=draws, threads=3, progress=progress))
    assert seen[-1] < draws / 4


def test_a_mistake_in_a_callback_is_not_swallowed(tmp_path: Path) -> None:
    def progress(done: int, total: int) -> None:
        raise ValueError("mine")

    before = set(threading.enumerate())
    for threads in (1, 3):
        with pytest.raises(ValueError, match="mine"):
            sampled("let x = 3 ~ uniform(2, 8)\n", tmp_path, draws=4 * BLOCK, threads=threads, progress=progress)
        assert set(threading.enumerate()) == before


@pytest.mark.parametrize(("threads", "exact"), list(itertools.product((1, 2), (False, True))))
def test_progress_goes_to_the_end(threads: int, exact: bool, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    draws = 3 * BLOCK + 5
    sampled(
        "let x = 3 ~ uniform(2, 8)\n",
        tmp_path,
        draws=draws,
        threads=threads,
        exact=exact,
        progress=lambda *now: seen.append(now),
    )
    assert seen[-1] == (draws, draws)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {draws}


# ── what has no number, or hardly one ──


def whatever(text: str, folder: Path, draws: int = 5_000, **request: Any) -> Evaluated:
    """Sampled, whatever is wrong with it."""
    path = folder / "whatever.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, (), Request(draws=draws, threads=1, **request))
    assert found.sampled is not None
    return found


def codes(found: Evaluated) -> list[str]:
    return [d.code for d in found.diagnostics if d.is_error]


@pytest.mark.parametrize("exact", [False, True])
def test_a_heavy_tail(exact: bool, tmp_path: Path) -> None:
    """The sd of 1 / u^6 is 10^20 times its median in so many draws; its quantiles are (1 - share)^-6."""
    found = let(sampled("let u = 0.5 ~ uniform(0, 1)\nlet x = 1 / u ^ 6\n", tmp_path, draws=10_000, exact=exact), "x")
    for share, beside in ((0.05, 0.015), (0.5, 0.03), (0.95, 0.015)):
        assert (1 - share + beside) ** -6 <= found.percentile(share) <= (1 - share - beside) ** -6


def test_a_value_that_many_draws_have(tmp_path: Path) -> None:
    """Of three draws in ten the value is exactly 1, that of the 59 % point too."""
    one = let(sampled("let u = 0.5 ~ uniform(0, 1)\nlet x = min(u / 0.3, 1) + max(20 * (u - 0.6), 0)\n", tmp_path), "x")
    for share in (0.31, 0.45, 0.59):
        assert one.percentile(share) == pytest.approx(1, rel=one.error)


@pytest.mark.parametrize("exponent", [-290, -200, -100, 100, 151, 200, 300])
def test_numbers_of_any_size(exponent: int, tmp_path: Path) -> None:
    text = f"let a = 2e{exponent} ~ normal(sd = 1e{exponent - 4})\nlet b = 2e{exponent} ~ uniform(1e{exponent}, 3e{exponent})\n"
    found = sampled(text, tmp_path)
    scale = 2.0 * 10.0**exponent
    assert let(found, "a").sd / scale == pytest.approx(0.5e-4, rel=0.1)
    assert (let(found, "a").high / scale - let(found, "a").low / scale) == pytest.approx(1.645e-4, rel=0.1)
    assert let(found, "b").median / scale == pytest.approx(1, rel=0.05)


def test_an_interval_whose_ends_vary_around_zero(tmp_path: Path) -> None:
    found = sampled(
        "let s = 1 ~ uniform(0.5, 2)\nlet x = 0 ~ interval(-s, s)\nlet y = 0.1 ~ interval(s / 20, s)\n", tmp_path
    )
    assert let(found, "x").draws == 5_000
    assert let(found, "x").median == pytest.approx(0, abs=0.1)
    assert let(found, "x").least < -1
    assert let(found, "y").least > 0  # a lognormal


def test_a_root_of_a_negative_number_as_an_exponent(tmp_path: Path) -> None:
    assert codes(whatever("let a = 3 ~ uniform(2, 5)\nlet c = a ^ sqrt(-1)\n", tmp_path)) == ["V230"]


def test_a_division_by_zero_in_a_quarter_of_the_draws(tmp_path: Path) -> None:
    """They are no numbers, and hold no test."""
    text = "let b = 1 ~ uniform(-1, 3)\nlet c = 1 / max(b, 0)\nlet p = probability(c <= 1_000_000)\nlet q = probability(c > 1_000_000)\n"
    found = whatever(text + "require c <= 1_000_000 in 90% of draws\n", tmp_path)
    assert let(found, "c").draws / 5_000 == pytest.approx(0.75, abs=0.04)
    assert value(found, "p") == let(found, "c").draws / 5_000
    assert value(found, "q") == pytest.approx(1 - float(value(found, "p")))  # type: ignore[arg-type]
    assert [v.outcome for v in found.requirements] == [Outcome.MISSED]


@pytest.mark.parametrize("statistic", ["sd(y)", "percentile(y, 5%)", "probability(y < 1)"])
def test_a_statistic_of_what_is_finite_in_no_draw(statistic: str, tmp_path: Path) -> None:
    found = whatever(f"let x = 3 ~ uniform(2, 5)\nlet y = sqrt(x - 6)\nlet s = {statistic}\n", tmp_path)
    assert "V230" in codes(found)


# ── questions that are odd ──


def test_a_share_of_draws_that_is_itself_a_statistic(tmp_path: Path) -> None:
    text = "let x = 3 ~ uniform(2, 5)\nrequire x <= {} in probability(x <= 3.5) of draws\n"
    for limit, outcome in ((3.6, Outcome.HOLDS), (3.4, Outcome.MISSED)):
        [verdict] = whatever(text.format(limit), tmp_path).requirements
        assert verdict.outcome is outcome
        assert verdict.wanted == pytest.approx(0.5, abs=0.05)


def test_a_percentile_that_varies(tmp_path: Path) -> None:
    """Not "please report this"."""
    text = "let x = 3 ~ uniform(2, 5)\nlet p = 50% ~ uniform(10%, 90%)\nlet q = percentile(x, p)\nrequire q <= 3\n"
    found = whatever(text, tmp_path)
    assert codes(found)
    assert not [d for d in found.diagnostics if "not decided" in d.title]


def test_a_share_of_draws_of_what_is_not_drawn(tmp_path: Path) -> None:
    """An elasticity: its point value does not decide about draws."""
    text = "let x = 3 ~ uniform(2, 5)\nlet y = x ^ 2\nlet e = elasticity(y, x)\nlet f = e * x\nrequire f <= 7 in 50% of draws\n"
    found = whatever(text, tmp_path)
    [verdict] = found.requirements
    assert verdict.outcome is Outcome.NOT_DECIDED
    assert codes(found)


def test_statistics_of_statistics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long chain of them: each is looked at a few times, not twice as often as the one before."""
    looks = 0
    below = Run.below

    def counting(self: Run, nodes: Any) -> Any:
        nonlocal looks
        looks += 1
        return below(self, nodes)

    monkeypatch.setattr(Run, "below", counting)
    lets_ = "".join(f"let x{i} = x0 * percentile(x{i - 1}, 50%) / 3\n" for i in range(1, 11))
    sampled(f"let x0 = 3 ~ uniform(2, 5)\n{lets_}", tmp_path, draws=100)
    assert looks < 1_000


def test_no_draws_at_all(tmp_path: Path) -> None:
    found = evaluate_text("let x = 3 ~ uniform(2, 5)\n", tmp_path, 0)
    assert value_of(found, "x") == 3


def evaluate_text(text: str, folder: Path, draws: int) -> Evaluated:
    path = folder / "drawn.tonne"
    path.write_text(text, encoding="utf-8")
    return evaluate(path, (), Request(draws=draws, threads=1))


def test_what_bounds_cut_off_in_a_case_alone(tmp_path: Path) -> None:
    """Is not told of the file, whose spread of the same name lies within them."""
    text = (
        'run r {\n  energy = 3 MWh  from "x"\n  pue = 1.3 ~ uniform(1.1, 1.5)  from "x"\n}\nlet c : MWh = r.it_energy\n'
    )
    alone, both = (
        whatever(text, tmp_path),
        whatever(text + 'case wide { r.pue = 1.3 ~ normal(sd = 0.3)  assumed "x" }\n', tmp_path),
    )
    assert alone.sampled is not None
    assert both.sampled is not None
    assert alone.sampled.cut == {}
    assert "r.pue" not in both.sampled.cut
    assert list(both.sampled.cut.values()) == [pytest.approx(float(stats.norm.cdf(-1)), rel=1e-6)]


def test_a_case_with_a_law_that_no_bound_cuts(tmp_path: Path) -> None:
    """The bound of the field at 0 cuts 10^-11 of the file's, which is then drawn in another way; the case is as by hand."""
    text = 'run r {{\n  energy = 3 MWh  from "x"\n  carbon_intensity = 400 gCO2e/kWh ~ normal(sd = {} gCO2e/kWh)  from "x"\n}}\nlet c : tCO2e = r.co2e\n'
    by_hand = whatever(text.format(10), tmp_path)
    case = 'case sure { r.carbon_intensity = 400 gCO2e/kWh ~ normal(sd = 10 gCO2e/kWh)  assumed "x" }\n'
    with_case = whatever(text.format(60) + case, tmp_path)
    assert digits(let(with_case, "c", with_case.cases[0].run)) == digits(let(by_hand, "c"))


def test_an_input_of_an_optimum_that_changes_its_sign(tmp_path: Path) -> None:
    text = "let off = 1e20 FLOP ~ normal(sd = 1e20 FLOP)\n"
    text += scenario(
        "pretrain.compute + chat.compute + off", "law.loss == law.reference_loss", tokens="2e11", reference="7e10"
    )
    found = sampled(text + "let cost : FLOP = o.objective\nlet size : param = o.m.parameters\n", tmp_path, draws=100)
    assert isinstance(value(found, "cost"), Distribution)


def test_progress_of_exact_draws_of_a_requirement_alone(tmp_path: Path) -> None:
    seen: list[int] = []
    text = 'run r { energy = 3 MWh ~ uniform(2 MWh, 4 MWh)  from "x" }\nrequire r.energy <= 3.5 MWh in 70% of draws\n'
    whatever(text, tmp_path, 1_000, exact=True, progress=lambda done, total: seen.append(done))
    assert seen[-1] == 1_000
