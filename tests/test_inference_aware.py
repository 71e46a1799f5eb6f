"""Published optima, and those of scenarios/inference_aware.md, held against a search on the problem itself.

Nothing of the program's mathematics is used here: sizes and tokens are searched with scipy, and what is brought to zero at the
end is the slope of the cost itself, by a step into the complex plane. What the scenario gives (constants of laws, hardware, grids, volumes) is read from it.
The digits of what is printed, and how far each fact may be off while it prints the same, were put down from the sources.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import pages
import tonne
from tonne.scenario import evaluate
from tonne.verdict import Outcome, Verdict

ROOT = Path(__file__).parent.parent
SCENARIO = ROOT / "scenarios" / "inference_aware.md"
PAGE = ROOT / "tests" / "cases" / "optimum" / "published.md"
HOLDS, ROUNDING, REFUTED = "holds", "holds within rounding", "refuted"

# ── the second way ──


def slope(function: Callable[[Any], Any], at: float = 0.0) -> float:
    """The derivative of an analytic function, to the last digits: a step that is imaginary takes nothing away."""
    return float(function(at + 1e-20j).imag / 1e-20)


class Law(NamedTuple):
    A: float
    B: float
    E: float
    alpha: float
    beta: float

    def loss(self, size: Any, tokens: Any) -> Any:
        return self.E + self.A / size**self.alpha + self.B / tokens**self.beta

    def tokens(self, size: Any, loss: float) -> Any:
        """What a size needs to reach a loss that it can reach."""
        return (self.B / (loss - self.E - self.A / size**self.alpha)) ** (1 / self.beta)

    def size(self, tokens: float, loss: float) -> float:
        return float((self.A / (loss - self.E - self.B / tokens**self.beta)) ** (1 / self.alpha))

    def chinchilla(self, size: float) -> tuple[float, float]:
        """Tokens and loss where a little more of the size and as little more of the tokens are worth the same."""

        def worth(log: float) -> float:
            tokens = math.exp(log)
            return slope(lambda u: self.loss(size * np.exp(u), tokens)) - slope(
                lambda u: self.loss(size, tokens * np.exp(u))
            )

        tokens = math.exp(brentq(worth, math.log(1e6), math.log(1e18), xtol=1e-15))
        return tokens, self.loss(size, tokens)


class Point(NamedTuple):
    size: float
    tokens: float
    cost: float  # in training of one parameter on one token


def valley(function: Callable[[Any], Any], low: float, high: float) -> float:
    """Where a function is least: found by a search, then by its slope."""
    near = minimize_scalar(function, bounds=(low, high), method="bounded", options={"xatol": 1e-9}).x
    return float(brentq(lambda u: slope(function, u), near - 0.05, near + 0.05, xtol=1e-15))


@cache
def least_cost(law: Law, loss: float, served: float) -> Point:
    """The cheapest size and tokens that reach a loss, where each parameter costs its tokens and `served` more."""
    smallest = math.log(law.A / (loss - law.E)) / law.alpha
    log = valley(lambda u: u + np.log(law.tokens(np.exp(u), loss) + served), smallest + 0.01, smallest + 12)
    size = math.exp(log)
    tokens = law.tokens(size, loss)
    return Point(size, tokens, size * (tokens + served))


def least_loss(law: Law, budget: float, served: float = 0.0) -> Point:
    """The size and tokens of the least loss for a budget in parameters times tokens."""
    log = valley(lambda v: law.loss(budget / (np.exp(v) + served), np.exp(v)), math.log(1e8), math.log(1e16))
    tokens = math.exp(log)
    return Point(budget / (tokens + served), tokens, budget)


# ── the scenario ──


@cache
def result() -> tonne.Result:
    return tonne.load(SCENARIO).run()


def value(path: str, unit: str | None = None) -> float:
    found = result()[path]
    return (found if unit is None else found.to(unit)).magnitude


def law_of(name: str) -> Law:
    return Law(*(value(f"{name}.{constant}") for constant in Law._fields))


def carbon_of_training(run: str) -> float:
    """Grams of CO2e for a parameter and a token."""
    flops = 6 / (value(f"{run}.peak", "TFLOP/s/device") * 1e12 * value(f"{run}.utilization") / 100)
    joules = flops * value(f"{run}.power", "W/device") * value(f"{run}.pue")
    return joules / 3.6e6 * value(f"{run}.carbon_intensity", "gCO2e/kWh")


def carbon_of_serving(name: str) -> float:
    """Grams of CO2e for a parameter, over the life of a deployment."""
    requests = value(f"{name}.requests", "request/day") * value(f"{name}.service_life", "day")
    tokens = requests * (value(f"{name}.prompt_tokens") + value(f"{name}.output_tokens"))
    flops = 2 * tokens / (value(f"{name}.peak", "TFLOP/s/device") * 1e12 * value(f"{name}.utilization") / 100)
    joules = flops * value(f"{name}.hardware.power", "W/device") * value(f"{name}.pue")
    return joules / 3.6e6 * value(f"{name}.grid.carbon_intensity", "gCO2e/kWh")


def requests_of(name: str) -> float:
    return value(f"{name}.total_requests") * value(f"{name}.output_tokens")


class Case(NamedTuple):
    """One optimum of the scenario: its law, its run, what a parameter and token of training cost, what a parameter costs served."""

    law: str
    run: str
    training: Callable[[], float]
    serving: Callable[[], float]
    loss: float | None = None  # of the law's reference, where none is given


def flops(law: str, tokens: Callable[[], float]) -> Case:
    return Case(law, "pretrain", lambda: 6.0, lambda: 2 * tokens())


def dollars(law: str, a_request: str, requests: str) -> Case:
    return Case(law, "pretrain_a100", lambda: 6 * value("train_dollar"), lambda: value(a_request) * value(requests))


def carbon(law: str, run: str, deployment: str) -> Case:
    return Case(law, run, lambda: carbon_of_training(run) / 1e6, lambda: carbon_of_serving(deployment) / 1e6)


CASES = {
    "section": flops("at_70b", lambda: requests_of("answers")),
    "section_twice": flops("at_70b", lambda: requests_of("twice_the_answers")),
    "flops_7b": flops("at_7b", lambda: value("served_100b.tokens")),
    "flops_30b": flops("at_30b", lambda: value("served_10t.tokens")),
    "flops_70b": flops("at_70b", lambda: value("served_10t.tokens")),
    "flops_70b_little": flops("at_70b", lambda: value("served_2t.tokens")),
    "flops_13b": flops("at_13b", lambda: value("served_2t.tokens")),
    "dollars_30b_few": dollars("dollars_at_30b", "a_request", "few"),
    "dollars_70b_several": dollars("dollars_at_70b", "a_request", "several"),
    "dollars_70b_many": dollars("dollars_at_70b", "a_request", "many"),
    "fitted_30b_few": dollars("dollars_at_30b", "fitted_request", "few"),
    "fitted_70b_several": dollars("dollars_at_70b", "fitted_request", "several"),
    "fitted_70b_many": dollars("dollars_at_70b", "fitted_request", "many"),
    "example": Case("at_70b", "pretrain", lambda: 6 * value("example_train"), lambda: value("example_serve"), 1.947),
    "example_classic": Case("at_70b", "pretrain", lambda: 6 * value("example_train"), lambda: 0.0, 1.947),
    "lifetime": carbon("chinchilla", "pretrain_quebec", "chat"),
    "both_in_quebec": carbon("chinchilla", "pretrain_quebec", "chat_quebec"),
    "both_in_virginia": carbon("chinchilla_virginia", "pretrain_virginia", "chat"),
    "the_other_way_round": carbon("chinchilla_virginia", "pretrain_virginia", "chat_quebec"),
    "lifetime_hoffmann": carbon("by_hoffmann", "pretrain_quebec", "chat"),
    "lifetime_hoffmann_tex": carbon("by_hoffmann_tex", "pretrain_quebec", "chat"),
    "lifetime_sardana": carbon("by_sardana", "pretrain_quebec", "chat"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_optimum_of_the_scenario(name: str) -> None:
    case = CASES[name]
    law = law_of(case.law)
    loss = case.loss or law.chinchilla(value(f"{case.law}.reference"))[1]
    found = least_cost(law, loss, case.serving() / case.training())
    assert value(f"{name}.chosen.parameters") == pytest.approx(found.size, rel=1e-9)
    assert value(f"{name}.{case.run}.tokens") == pytest.approx(found.tokens, rel=1e-9)
    assert value(f"{name}.objective") == pytest.approx(found.cost * case.training(), rel=1e-11)
    assert value(f"{name}.{case.law}.loss") == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("name", [n for n in CASES if n != "example_classic"])
def test_the_multiplier_is_what_a_little_more_loss_saves(name: str) -> None:
    case = CASES[name]
    law = law_of(case.law)
    loss = case.loss or law.chinchilla(value(f"{case.law}.reference"))[1]
    served, h = case.serving() / case.training(), 1e-5
    saving = (least_cost(law, loss + h, served).cost - least_cost(law, loss - h, served).cost) / (2 * h)
    assert value(f"{name}.multiplier") == pytest.approx(saving * case.training(), rel=1e-5)


def test_the_optima_with_one_free_field() -> None:
    law = law_of("at_13b")
    _, loss = law.chinchilla(13e9)
    tokens = law.tokens(7e9, loss)
    assert value("flops_13b_as_7b.pretrain_7b.tokens") == pytest.approx(tokens, rel=1e-9)
    assert value("flops_13b_as_7b.objective") == pytest.approx(7e9 * (6 * tokens + 2 * 2e12), rel=1e-9)
    law = law_of("at_70b")
    assert value("section_half.half_and_four.tokens") == pytest.approx(
        law.tokens(35e9, law.chinchilla(70e9)[1]), rel=1e-9
    )


def test_every_optimum_of_the_scenario_is_held_against_the_second_way() -> None:
    text = SCENARIO.read_text(encoding="utf-8")
    named = [line.split()[1] for line in text.splitlines() if line.startswith("optimum ")]
    assert sorted(named) == sorted([*CASES, "flops_13b_as_7b", "section_half"])


def test_how_the_size_answers_to_requests() -> None:
    def log_size(times: float) -> float:
        case = CASES["lifetime"]
        law = law_of(case.law)
        _, loss = law.chinchilla(value("chinchilla.reference"))
        return math.log(least_cost(law, loss, times * case.serving() / case.training()).size)

    h = 1e-3
    moved = (log_size(math.exp(h)) - log_size(math.exp(-h))) / (2 * h)
    assert value("size_by_requests") == pytest.approx(moved, rel=1e-5)


# ── what is published, with the digits of the sources ──

Facts = Mapping[str, float]

# Each fact with half a unit of its last digit.
LAWS = {
    "hoffmann": ((406.4, 0.05), (410.7, 0.05), (1.69, 0.005), (0.34, 0.005), (0.28, 0.005)),
    "tex": ((406.4, 0.05), (410.7, 0.05), (1.6934, 0.00005), (0.3392, 0.00005), (0.2849, 0.00005)),
    "sardana": ((406.4, 0.05), (410.7, 0.05), (1.69, 0.005), (0.336, 0.0005), (0.283, 0.0005)),
    "besiroglu": ((482.01, 0.005), (2085.43, 0.005), (1.8172, 0.00005), (0.3478, 0.00005), (0.3658, 0.00005)),
}
SETTINGS = {
    "": {},
    "dollars": {"train": (1.50, 0.005), "serve": (1.10, 0.005), "peak": (312, 0.5), "int8": (624, 0.5)},
    "fitted": {"ratio": (4.155, 0.0005)},
    "llama": {"budget": (4.14e22, 0.005e22), "share": (0.57, 0.005)},
    "santacoder": {"budget": (1.56e21, 0.005e21), "share": (0.46, 0.005)},
    "gopher": {"budget": (5.76e23, 0.005e23)},
    "sizes": {"400M": (400e6, 0.5e6), "67B": (67e9, 0.5e9), "280B": (280e9, 0.5e9), "10T": (10e12, 0.5e12)},
}


class Published(NamedTuple):
    """A printed figure, what the second way gives for it, and how far from it still prints the same.

    `given` is a law and the settings beside it. `printed` may itself follow from them.
    """

    given: str
    value: Callable[[Law, Facts], float]
    printed: float | Callable[[Law, Facts], float]
    half: float
    is_least: bool = False

    def gap(self, facts: Facts) -> float:
        law = Law(*(facts[constant] for constant in Law._fields))
        return self.value(law, facts) - (self.printed(law, facts) if callable(self.printed) else self.printed)

    @property
    def facts(self) -> dict[str, tuple[float, float]]:
        law, _, settings = self.given.partition(" ")
        return dict(zip(Law._fields, LAWS[law], strict=True)) | SETTINGS[settings]

    def verdict(self) -> str:
        """Whether it holds; or for some facts that print the same; found at the two corners that are furthest apart."""
        middle = {name: value for name, (value, _) in self.facts.items()}
        if self._fits(self.gap(middle), self.gap(middle)):
            return HOLDS
        low, high = dict(middle), dict(middle)
        for name, (value, half) in self.facts.items():
            rises = self.gap(middle | {name: value + half}) > self.gap(middle | {name: value - half})
            low[name], high[name] = (value - half, value + half) if rises else (value + half, value - half)
        return ROUNDING if self._fits(self.gap(low), self.gap(high)) else REFUTED

    def _fits(self, low: float, high: float) -> bool:
        room = self.half * (1 + 1e-9)
        return high >= 0 if self.is_least else low <= room and high >= -room


def at_reference(law: Law, size: float, served: float) -> tuple[Point, float]:
    """The optimum at the loss of a Chinchilla model, and what that model costs over the same life."""
    tokens, loss = law.chinchilla(size)
    return least_cost(law, loss, served), size * (tokens + served)


def saved(law: Law, size: float, served: float) -> float:
    found, classic = at_reference(law, size, served)
    return 1 - found.cost / classic


def excess(law: Law, size: float, served: float) -> float:
    found, classic = at_reference(law, size, served)
    return classic / found.cost - 1


def saved_by_seven(law: Law) -> tuple[float, float]:
    """FLOPs that a 7B saves against a 13B, and of how many."""
    tokens, loss = law.chinchilla(13e9)
    classic = 13e9 * (6 * tokens + 2 * 2e12)
    return classic - 7e9 * (6 * law.tokens(7e9, loss) + 2 * 2e12), classic


SEVEN = [
    Published("sardana", lambda w, f: saved_by_seven(w)[0], 1.7e22, 0.05e22),
    Published("sardana", lambda w, f: saved_by_seven(w)[0] / saved_by_seven(w)[1], 0.17, 0.005),
]
AT_7B = [
    Published("sardana", lambda w, f: at_reference(w, 7e9, 1e11 / 3)[0].size, 6e9, 0.5e9),
    Published("sardana", lambda w, f: at_reference(w, 7e9, 1e11 / 3)[0].tokens / w.chinchilla(7e9)[0], 1.18, 0.005),
]
AT_30B = [
    Published("sardana", lambda w, f: at_reference(w, 30e9, 1e13 / 3)[0].size, 13.6e9, 0.05e9),
    Published("sardana", lambda w, f: at_reference(w, 30e9, 1e13 / 3)[0].tokens / w.chinchilla(30e9)[0], 2.84, 0.005),
    Published("sardana", lambda w, f: saved(w, 30e9, 1e13 / 3), 0.28, 0.005),
]
CHINCHILLA_70B = Published("sardana", lambda w, f: w.chinchilla(70e9)[0], 4.26e12, 0.005e12)
AT_70B = [
    Published("sardana", lambda w, f: at_reference(w, 70e9, 1e13 / 3)[0].size, 41.6e9, 0.05e9),
    Published("sardana", lambda w, f: at_reference(w, 70e9, 1e13 / 3)[0].tokens, 7.92e12, 0.005e12),
    Published("sardana", lambda w, f: saved(w, 70e9, 1e13 / 3), 0.12, 0.005),
    Published("sardana", lambda w, f: excess(w, 70e9, 2e12 / 3), 0.013, 0.0005),
]


def a_request(facts: Facts) -> float:
    """Tokens of training that a request costs as much as, for each parameter."""
    if "ratio" in facts:
        return facts["ratio"] * 285
    served = 2 * (70 / 0.5 + 215 / 0.01) * facts["serve"] / facts["int8"]
    return served / (6 / 0.5 * facts["train"] / facts["peak"])


def in_dollars(given: str) -> list[Published]:
    return [
        Published(given, lambda w, f: at_reference(w, 30e9, a_request(f) * 1.5e9)[0].size, 16e9, 0.5e9),
        Published(given, lambda w, f: at_reference(w, 30e9, a_request(f) * 1.5e9)[0].tokens, 3.35e12, 0.005e12),
        Published(given, lambda w, f: saved(w, 30e9, a_request(f) * 1.5e9), 0.17, 0.005),
        Published(given, lambda w, f: excess(w, 70e9, a_request(f) * 7.02e9), 0.36, 0.005),
        Published(given, lambda w, f: at_reference(w, 70e9, a_request(f) * 35.1e9)[0].size, 21.5e9, 0.05e9),
        Published(given, lambda w, f: at_reference(w, 70e9, a_request(f) * 35.1e9)[0].tokens, 27e12, 0.5e12),
        Published(given, lambda w, f: saved(w, 70e9, a_request(f) * 35.1e9), 0.54, 0.005),
    ]


def example(law: Law, served: float) -> tuple[Point, Point, float]:
    """The optimum at a loss of 1.947, Chinchilla's model, and the share of its cost that the optimum has."""
    found, classic = least_cost(law, 1.947, served), least_cost(law, 1.947, 0)
    return found, classic, found.cost / (classic.size * (classic.tokens + served))


def of_example(served: float, *printed: tuple[float, float]) -> list[Published]:
    values: list[Callable[[Law, Facts], float]] = [
        lambda w, f: example(w, served)[0].size,
        lambda w, f: example(w, served)[0].tokens,
        lambda w, f: example(w, served)[0].size / example(w, served)[1].size,
        lambda w, f: example(w, served)[0].tokens / example(w, served)[1].tokens,
        lambda w, f: example(w, served)[2],
    ]
    return [Published("sardana", value, *one) for value, one in zip(values, printed, strict=True)]


README_TOKENS = 2 / 6 * 1e10 * (0.60 / 624 * (1000 / 0.4 + 250 / 0.2)) / (1.40 / 312 / 0.5)
README_FLOPS = of_example(
    2e12 / 3, (2.418e10, 0.5e7), (2.657e12, 0.5e9), (0.7096, 0.5e-4), (1.4677, 0.5e-4), (0.9522, 0.5e-4)
)
README_DOLLARS = of_example(
    README_TOKENS, (2.053e10, 0.5e7), (3.302e12, 0.5e9), (0.6023, 0.5e-4), (1.8241, 0.5e-4), (0.8876, 0.5e-4)
)
README_30B = [
    Published("sardana", lambda w, f: w.chinchilla(30e9)[0], 1.556e12, 0.5e9),
    Published("sardana", lambda w, f: w.chinchilla(30e9)[1], 1.958253360475841, 0.5e-15),
    Published("sardana", lambda w, f: 6 * 30e9 * w.chinchilla(30e9)[0], 2.801e23, 0.5e20),
]


def more_for(law: Law, share: float) -> float:
    """How much more compute a part of the size needs for the same loss."""
    tokens, loss = law.chinchilla(1e10)
    return share * law.tokens(share * 1e10, loss) / tokens - 1


SMALLER = [
    Published("sardana", lambda w, f: more_for(w, 0.75), 0.028, 0.0005),
    Published("sardana", lambda w, f: more_for(w, 0.5), 0.20, 0.005),
    Published("sardana", lambda w, f: more_for(w, 0.5), 0.20, 0.02),
    Published("sardana", lambda w, f: more_for(w, 0.3), 1.00, 0.005),
    Published("sardana", lambda w, f: more_for(w, 0.3), 1.00, 0.1),
    Published("sardana", lambda w, f: more_for(w, 0.25), 1.88, 0.005),
]


def smaller(law: Law, facts: Facts) -> tuple[Point, float, float]:
    """The optimum at a budget, the smaller size, and the tokens that it needs for the same loss."""
    best = least_loss(law, facts["budget"] / 6)
    size = facts["share"] * best.size
    return best, size, law.tokens(size, law.loss(best.size, best.tokens))


def of_model(given: str, *printed: tuple[float, float]) -> list[Published]:
    values: list[Callable[[Law, Facts], float]] = [
        lambda w, f: smaller(w, f)[0].size,
        lambda w, f: smaller(w, f)[0].tokens,
        lambda w, f: smaller(w, f)[1],
        lambda w, f: smaller(w, f)[2],
        lambda w, f: 6 * smaller(w, f)[1] * smaller(w, f)[2] / f["budget"] - 1,
    ]
    return [Published(given, value, *one) for value, one in zip(values, printed, strict=True)]


MODELS = [
    *of_model("sardana llama", (12.52e9, 0.5e7), (550e9, 0.5e9), (7.13e9, 0.5e7), (1088e9, 0.5e9), (0.12, 0.005)),
    *of_model("sardana santacoder", (2.79e9, 0.5e7), (93e9, 0.5e9), (1.29e9, 0.5e7), (258e9, 0.5e9), (0.24, 0.005)),
]


def at_budget(law: Law, facts: Facts) -> Point:
    return least_loss(law, facts["budget"] / 6)


TABLE_3 = [
    Published("hoffmann gopher", lambda w, f: at_budget(w, f).size, 67e9, 0.5e9),
    Published("tex gopher", lambda w, f: at_budget(w, f).size, 67e9, 0.5e9),
    Published("besiroglu gopher", lambda w, f: at_budget(w, f).size, 67e9, 0.5e9),
    Published("besiroglu gopher", lambda w, f: at_budget(w, f).tokens, 1.5e12, 0.05e12),
]
BY_BUDGET = [
    Published("hoffmann gopher", lambda w, f: at_budget(w, f).size, 3.219e10, 0.5e7),
    Published("hoffmann gopher", lambda w, f: at_budget(w, f).tokens, 2.982e12, 0.5e9),
    Published("tex gopher", lambda w, f: at_budget(w, f).size, 4.031e10, 0.5e7),
    Published("tex gopher", lambda w, f: at_budget(w, f).tokens, 2.382e12, 0.5e9),
    Published("besiroglu gopher", lambda w, f: at_budget(w, f).size, 7.225e10, 0.5e7),
    Published("besiroglu gopher", lambda w, f: at_budget(w, f).tokens, 1.329e12, 0.5e9),
]
TABLE_A3 = [
    Published("sardana sizes", lambda w, f: w.chinchilla(f["400M"])[0], 9.2e9, 0.92e9),
    Published("sardana sizes", lambda w, f: w.chinchilla(f["67B"])[0], 4.1e12, 0.41e12),
    Published("sardana sizes", lambda w, f: w.chinchilla(f["280B"])[0], 20.1e12, 2.01e12),
    Published("sardana sizes", lambda w, f: w.chinchilla(f["10T"])[0], 1425.5e12, 142.55e12),
]
A3_AS_PRINTED = [
    Published("hoffmann", lambda w, f: w.chinchilla(4e8)[0] / 9.2e9, 1.6, 0.05),
    Published("hoffmann", lambda w, f: w.chinchilla(1e13)[0] / 1425.5e12, 2.2, 0.05),
]

# ── section 55.1 ──

ANSWERS = 2e13 / 3


def in_section(law: Law, times: float = 1.0) -> Point:
    return at_reference(law, 70e9, times * ANSWERS)[0]


def slope_of_size(law: Law, log: float = 0.0) -> float:
    """d ln(size) / d ln(requests) where the section's requests are multiplied."""
    h = 1e-3
    return math.log(in_section(law, math.exp(log + h)).size / in_section(law, math.exp(log - h)).size) / (2 * h)


def steepest(law: Law) -> float:
    """The greatest size of that slope, by trying all numbers of requests."""
    return -float(minimize_scalar(lambda u: slope_of_size(law, u), bounds=(-6, 6), method="bounded").fun)


def data_for_half(law: Law) -> float:
    tokens, loss = law.chinchilla(70e9)
    return law.tokens(35e9, loss) / tokens


def size_for_four(law: Law) -> float:
    tokens, loss = law.chinchilla(70e9)
    return law.size(4 * tokens, loss) / 70e9


def same_budget(law: Law, budget: float) -> tuple[float, float]:
    tokens, _ = law.chinchilla(70e9)
    found = least_loss(law, 70e9 * (tokens + budget), ANSWERS)
    return found.size / 70e9, found.tokens / tokens


SECTION_RULES = [
    Published("hoffmann", lambda w, f: in_section(w).size / in_section(w, 2).size, 1.26, 0.005),
    Published("hoffmann", lambda w, f: steepest(w), 1 / 3, 0, is_least=True),
    Published("besiroglu", lambda w, f: steepest(w), 1 / 3, 0, is_least=True),
    Published("hoffmann", lambda w, f: in_section(w).size / 70e9, 0.5, 0.05),
    Published("hoffmann", lambda w, f: in_section(w).tokens / w.chinchilla(70e9)[0], 4, 0.5),
    Published("besiroglu", lambda w, f: in_section(w).size / 70e9, 0.5, 0.05),
    Published("besiroglu", lambda w, f: in_section(w).tokens / w.chinchilla(70e9)[0], 4, 0.5),
    Published("hoffmann", lambda w, f: data_for_half(w), 4, 0.5),
    Published("hoffmann", lambda w, f: size_for_four(w), 0.5, 0.05),
    Published("hoffmann", lambda w, f: same_budget(w, ANSWERS)[1], 4, 0.5),
    Published("hoffmann", lambda w, f: same_budget(w, 0)[1], 4, 0.5),
]
SECTION_REQUIRED = [
    Published("hoffmann", lambda w, f: steepest(w), 0.272, 0.0005),
    Published("besiroglu", lambda w, f: steepest(w), 0.247, 0.0005),
    Published("hoffmann", lambda w, f: 2 ** steepest(w), 1.207, 0.0005),
    Published("hoffmann", lambda w, f: data_for_half(w), 2.42, 0.005),
    Published("hoffmann", lambda w, f: size_for_four(w), 0.38, 0.005),
    Published("hoffmann", lambda w, f: same_budget(w, ANSWERS)[0], 0.64, 0.005),
    Published("hoffmann", lambda w, f: same_budget(w, ANSWERS)[1], 2.05, 0.005),
    Published("hoffmann", lambda w, f: same_budget(w, 0)[0], 0.41, 0.005),
    Published("hoffmann", lambda w, f: same_budget(w, 0)[1], 1.59, 0.005),
]
SECTION_TOLD = [
    Published("sardana", lambda w, f: in_section(w).size / in_section(w, 2).size, 1.26, 0.005),
    Published("sardana", lambda w, f: slope_of_size(w), -1 / 3, 1 / 30),
    Published("sardana", lambda w, f: steepest(w), 1 / 3, 0, is_least=True),
    Published("sardana", lambda w, f: in_section(w).size / 70e9, 0.5, 0.05),
    Published("sardana", lambda w, f: in_section(w).tokens / w.chinchilla(70e9)[0], 4, 0.5),
    Published("sardana", lambda w, f: data_for_half(w), 4, 0.4),
    Published(
        "sardana", lambda w, f: w.loss(35e9, 4 * w.chinchilla(70e9)[0]), lambda w, f: w.chinchilla(70e9)[1], 1e-9
    ),
]

# The claims of the scenario and of each section of the page, and the requirements of the page, each in its order.
SCENARIO_CLAIMS = [*SECTION_TOLD, *AT_7B, *AT_30B, *AT_70B, CHINCHILLA_70B, *SEVEN, *in_dollars("sardana dollars"), *in_dollars("sardana fitted"), *README_DOLLARS]  # fmt: skip
PAGE_CLAIMS = {
    "sardana-13b": SEVEN,
    "sardana-flops": [*AT_7B, *AT_30B, CHINCHILLA_70B, *AT_70B],
    "sardana-dollars-as-printed": in_dollars("sardana dollars"),
    "sardana-dollars-fitted": in_dollars("sardana fitted"),
    "sardana-code": [*README_FLOPS, *README_DOLLARS, *README_30B],
    "devries-smaller": SMALLER,
    "devries-models": MODELS,
    "chinchilla-budget": TABLE_3,
    "hoffmann-table-a3": TABLE_A3,
    "section55-rules": SECTION_RULES,
}
PAGE_REQUIRED = {
    "sardana-dollars-as-printed": [Published("sardana dollars", lambda w, f: a_request(f) / 285, 4.64, 0.005)],
    "chinchilla-budget": BY_BUDGET,
    "hoffmann-table-a3": A3_AS_PRINTED,
    "section55-rules": SECTION_REQUIRED,
}
WORDS = {Outcome.HOLDS: HOLDS, Outcome.WITHIN_ROUNDING: ROUNDING, Outcome.REFUTED: REFUTED}


def agrees(judged: Sequence[Verdict], published: Sequence[Published]) -> None:
    """Each verdict of the program is that of the second way, and rests on the same value."""
    assert len(judged) == len(published)
    wrong = []
    for verdict, one in zip(judged, published, strict=True):
        law = Law(*(one.facts[constant][0] for constant in Law._fields))
        expected = one.value(law, {name: value for name, (value, _) in one.facts.items()})
        assert verdict.computed is not None
        assert verdict.unit is not None
        computed = verdict.computed * verdict.unit.factor
        if computed != pytest.approx(expected, rel=1e-6) or WORDS[verdict.outcome] != one.verdict():
            wrong.append((verdict.text, computed, expected, WORDS[verdict.outcome], one.verdict()))
    assert wrong == []


def test_the_claims_of_the_scenario() -> None:
    agrees(evaluate(SCENARIO).claims, SCENARIO_CLAIMS)


@pytest.mark.parametrize("section", list(pages.sections(PAGE)), ids=lambda s: s.title)
def test_what_is_published(section: pages.Section, tmp_path: Path) -> None:
    found, _ = pages.run_section(section, tmp_path)
    agrees(found.claims, PAGE_CLAIMS[section.title])
    agrees(found.requirements, PAGE_REQUIRED.get(section.title, []))
