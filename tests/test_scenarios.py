"""The shipped scenarios: they run without a complaint, and say what they are meant to say.

The verdicts and values here were worked out from the sources, not taken from the program.
"""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path

import pytest

from test_inference_aware import Law, least_cost
from tonne.report.as_json import run_as_json
from tonne.scenario import Evaluated, evaluate

SCENARIOS = Path(__file__).parent.parent / "scenarios"
SECTION = "published/section55.md"
FILES = [*sorted(p for p in SCENARIOS.iterdir() if p.suffix in (".tonne", ".md")), SCENARIOS / SECTION]

HOLDS, ROUNDING, REFUTED, NOT_COMPARABLE = "holds", "holds-within-rounding", "refuted", "not-comparable"


@cache
def result(name: str) -> Evaluated:
    return evaluate(SCENARIOS / name)


@cache
def values(name: str) -> dict[str, tuple[float, str]]:
    """Values in their declared units, by path."""
    one = result(name)
    report = run_as_json(one)
    return {path: (v["value"], v["unit"]) for path, v in report["values"].items()}


def words(text: str) -> str:
    return " ".join(text.split())


def verdicts(name: str) -> dict[str, str]:
    return {words(v.statement.test.span.text): v.outcome.value for v in result(name).claims}


def causes(name: str) -> dict[str, str]:
    return {words(v.statement.test.span.text): v.cause for v in result(name).claims if v.cause}


def check_values(name: str, expected: dict[str, tuple[float, str]]) -> None:
    found = values(name)
    for path, (value, unit) in expected.items():
        assert found[path][1] == unit, path
        assert found[path][0] == pytest.approx(value, rel=1e-9), path


# ── every scenario ──


def test_there_are_scenarios() -> None:
    assert {p.name for p in FILES} >= {"quickstart.tonne", "llama3.tonne", "inference_aware.md"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_runs_without_a_complaint(path: Path) -> None:
    one = evaluate(path)
    assert one.run is not None
    # that an optimum has no formula is worth knowing, and no complaint
    said = [(d.code, d.title) for d in one.diagnostics if d.severity.value != "verdict" and d.code != "O502"]
    assert said == []
    assert [words(v.statement.test.span.text) for v in one.requirements if v.outcome.value != HOLDS] == []
    assert {v.outcome.value for v in one.claims} <= {HOLDS, ROUNDING, REFUTED, NOT_COMPARABLE}


# ── quickstart.tonne ──


def test_quickstart() -> None:
    daily = 100e6 * 500 * 0.56 / 3600 * 1.1 * 400 / 1e9  # kilo and tonne: 1e3 * 1e6
    pretrain = 6 * 70e9 * 1.4e12 / (989e12 * 0.4 * 3600) * 700 * 1.1 * 400 / 1e9
    check_values(
        "quickstart.tonne",
        {
            "pretrain.co2e": (pretrain, "tCO2e"),
            "pretrain_in_quebec.co2e": (pretrain / 20, "tCO2e"),
            "chat.daily_co2e": (daily, "tCO2e/day"),
            "chat.break_even_time": (pretrain / daily, "day"),
            "chat_as_printed.daily_co2e": (6600, "tCO2e/day"),
            "first_year": (pretrain + daily * 365.25, "tCO2e"),
        },
    )
    assert pretrain == pytest.approx(127.2, abs=0.05)
    assert verdicts("quickstart.tonne") == {"chat_as_printed.daily_co2e == 6.6 tCO2e/day": REFUTED}
    assert "10³" in causes("quickstart.tonne")["chat_as_printed.daily_co2e == 6.6 tCO2e/day"]


# ── llama3.tonne ──


def test_llama3_sums() -> None:
    def tonnes(device_hours: float, pue: float) -> float:
        return device_hours * 700 * pue * 385 / 1e9  # kilo and tonne

    rows = {
        "train_3_8b": tonnes(1.3e6, 1.1),
        "train_3_70b": tonnes(6.4e6, 1.1),
        "train_3_1_8b": tonnes(1.46e6, 1.08),
        "train_3_1_70b": tonnes(7.0e6, 1.08),
        "train_3_1_405b": tonnes(30.84e6, 1.08),
    }
    check_values(
        "llama3.tonne",
        {f"{name}.co2e": (value, "tCO2e") for name, value in rows.items()}
        | {
            "hours_3": (7.7e6, "device*h"),
            "hours_3_1": (39.3e6, "device*h"),
            "co2e_3": (rows["train_3_8b"] + rows["train_3_70b"], "tCO2e"),
            "co2e_3_1": (sum(v for name, v in rows.items() if name.startswith("train_3_1")), "tCO2e"),
            "energy_3_1": (39.3e6 * 0.7 * 1.08 / 1e3, "MWh"),
            "train_3_1_405b.utilization": (
                100 * 6 * 405e9 * 15.6e12 / (30.84e6 * 3600 * 989e12),
                "%",
            ),
            "card_3_1_405b.carbon_intensity": (8930e6 / (30.84e6 * 0.7 * 1.08), "gCO2e/kWh"),
        },
    )


def test_llama3_verdicts() -> None:
    assert verdicts("llama3.tonne") == {
        "train_3_8b.co2e within 5 tCO2e of 390 tCO2e": HOLDS,
        "train_3_70b.co2e within 5 tCO2e of 1900 tCO2e": HOLDS,
        "co2e_3 within 5 tCO2e of 2290 tCO2e": ROUNDING,
        "train_3_1_8b.co2e within 5 tCO2e of 420 tCO2e": HOLDS,
        "train_3_1_70b.co2e within 5 tCO2e of 2040 tCO2e": HOLDS,
        "train_3_1_405b.co2e within 5 tCO2e of 8930 tCO2e": ROUNDING,
        "co2e_3_1 within 5 tCO2e of 11390 tCO2e": ROUNDING,
        "sum(llama_3_1.market_co2e) == 0 tCO2e": HOLDS,
        "train_3_3_70b.co2e == 12.9 tCO2e": REFUTED,
        "train_3_1_405b.utilization in 38% .. 43%": REFUTED,
    }


# ── published/section55.md ──

# In the order of the page. A claim that stands twice, of two sources, would need a list.
SECTION_55 = {
    # The grid is the last factor
    "quebec.carbon_intensity within 5% of quebec_55.carbon_intensity": HOLDS,
    "west_virginia.carbon_intensity within 5% of west_virginia_55.carbon_intensity": HOLDS,
    "united_states.carbon_intensity within 10% of us_55.carbon_intensity": HOLDS,
    "united_states_2023.carbon_intensity within 10% of us_55.carbon_intensity": HOLDS,
    "west_virginia_55.carbon_intensity / quebec_55.carbon_intensity == 20": REFUTED,
    "mean(hyperscalers.pue) in 1.1 .. 1.3": HOLDS,
    "us_average_2018.pue > 1.5": HOLDS,
    # Training
    "h100_sxm.peak == 989 TFLOP/s/device": HOLDS,
    "h100_sxm.power == 700 W/device": HOLDS,
    "listing_1.compute == 5.88e23 FLOP": HOLDS,
    "listing_1.tokens / dense_70b.parameters == 1": NOT_COMPARABLE,
    "gpt_4.energy / (household_use * 1 year) == 4600 household": ROUNDING,
    "search / car_lifetime == 5 car": HOLDS,
    "search > 5 car * car_lifetime": REFUTED,
    "transformer_big > 5 car * car_lifetime": REFUTED,
    "search == 3.2 tCO2e": REFUTED,
    # Inference
    "chat.co2e_per_request == 66 gCO2e/request": HOLDS,
    "chat.it_energy_per_request == 0.3 Wh/request": REFUTED,
    "chat.energy_per_token in 0.37 J/token .. 3.76 J/token": REFUTED,
    "chat.daily_co2e == 6.6 tCO2e/day": REFUTED,
    "yearly == 2.4 ktCO2e/year": REFUTED,
    "chats == 100M request/day": REFUTED,
    "chat.break_even == chat.training_co2e / (chat.output_tokens * chat.energy_per_token)": NOT_COMPARABLE,
    "chat.break_even_time < 8 week": HOLDS,
    "chat_measured.break_even_time < 8 week": REFUTED,
    "energy_again_chatgpt in 2 week .. 6 week": REFUTED,
    "energy_again_chat in 2 week .. 6 week": REFUTED,
    "inference_over_training >= 10": REFUTED,
    "elasticity(lifetime.smaller.parameters, answers.total_requests) within 10% of -1 / 3": REFUTED,
    "lifetime.smaller.parameters / chinchilla.reference == 0.5": HOLDS,
    "lifetime.longer.tokens / chinchilla.reference_tokens == 4": REFUTED,
    "answers_with_prompts.compute == 2 FLOP/param/token * dense_70b.parameters * answers.total_requests * answers.output_tokens": REFUTED,
    # Efficiency metrics
    "listing_2_7b.device_time == 184_320 device*h": REFUTED,
    "listing_2_70b.device_time == 1_720_320 device*h": REFUTED,
    "listing_2_7b.utilization in 30% .. 55%": REFUTED,
    "listing_2_70b.utilization in 30% .. 55%": REFUTED,
    "card_7b.utilization in 30% .. 55%": HOLDS,
    "card_70b.utilization in 30% .. 55%": HOLDS,
    "listing_2_7b.compute_per_token == 4.2e10 FLOP/token": HOLDS,
    "listing_2_70b.compute_per_token == 4.2e11 FLOP/token": HOLDS,
    "listing_2_7b.energy_per_parameter in 0.01 Wh/param .. 0.1 Wh/param": REFUTED,
    "listing_2_70b.energy_per_parameter in 0.01 Wh/param .. 0.1 Wh/param": HOLDS,
    "train_3_1_8b.energy_per_parameter in 0.01 Wh/param .. 0.1 Wh/param": REFUTED,
    "listing_2_7b.co2e == listing_2_7b.energy * listing_2_7b.pue * listing_2_7b.carbon_intensity": REFUTED,
    "listing_2_7b.co2e > 1 tCO2e": HOLDS,
    "listing_2_70b.co2e > 500 tCO2e": HOLDS,
    "listing_2_7b.tokens_per_energy == 37 token/kWh": REFUTED,
    "listing_2_70b.tokens_per_energy == 2 token/kWh": REFUTED,
    "listing_2_7b.tokens_per_energy == 37M token/kWh": HOLDS,
    "listing_2_70b.tokens_per_energy == 2M token/kWh": REFUTED,
    # Case study
    "deepseek_v3.parameters == 671B param": HOLDS,
    "deepseek_v3.active_parameters == 37B param": HOLDS,
    "deepseek.cost == 5.6M USD": HOLDS,
    "deepseek.co2e == 623 tCO2e": HOLDS,
    "deepseek_us.co2e == 430 tCO2e": ROUNDING,
    "deepseek_us.device_time * 350 W/device * 1.1 * 400 gCO2e/kWh == 430 tCO2e": REFUTED,
    "h100_pcie.power == 350 W/device": HOLDS,
    "h800_sxm.power == 350 W/device": REFUTED,
    "deepseek.co2e within 10% of often_cited": REFUTED,
    "suite == 7.0M tCO2e": REFUTED,
    "suite_of_card == 7.0M tCO2e": REFUTED,
    "suite within 5 tCO2e of suite_of_card": ROUNDING,
    "card_3_70b == 340 tCO2e": REFUTED,
    "suite_as_told / 623 tCO2e within 10% of 6000": REFUTED,
    "suite_as_told / often_cited within 10% of 6000": HOLDS,
    "suite_over_deepseek within 10% of 6000": REFUTED,
    "compute_over_deepseek within 10% of 6000": REFUTED,
    # Measuring instead
    "tracked.co2e == listing_1.co2e": REFUTED,
}


@pytest.mark.parametrize("claim", SECTION_55, ids=str)
def test_section55_verdict(claim: str) -> None:
    assert verdicts(SECTION)[claim] == SECTION_55[claim]


def test_section55_has_no_other_claims() -> None:
    assert [words(v.statement.test.span.text) for v in result(SECTION).claims] == list(SECTION_55)


@pytest.mark.parametrize(
    ("claim", "power"),
    [
        ("chat.daily_co2e == 6.6 tCO2e/day", "10³"),
        ("yearly == 2.4 ktCO2e/year", "10³"),
        ("listing_2_7b.tokens_per_energy == 37 token/kWh", "10⁶"),
    ],
)
def test_section55_prefix_slips(claim: str, power: str) -> None:
    assert power in causes(SECTION)[claim]


# What the section prints, or should have: value, half a unit of its last digit, unit.
PRINTED = {
    "listing_1.compute": (5.88e23, 0.005e23, "FLOP"),
    "listing_1.device_time": (412_875, 0.5, "device*h"),
    "listing_1.duration": (201.6 / 24, 0.05 / 24, "day"),
    "listing_1.it_energy": (289.0, 0.05, "MWh"),
    "listing_1.energy": (317.9, 0.05, "MWh"),
    "listing_1.co2e": (127.2, 0.05, "tCO2e"),
    "chat.co2e_per_request": (66, 0.5, "gCO2e/request"),
    "chat.daily_co2e": (6600, 0.5, "tCO2e/day"),
    "listing_2_7b.utilization": (60.9, 0.05, "%"),
    "listing_2_70b.utilization": (21.2, 0.05, "%"),
    "card_7b.utilization": (40.6, 0.05, "%"),
    "card_70b.utilization": (43.5, 0.05, "%"),
    "listing_2_7b.tokens_per_energy": (3.70e7, 0.005e7, "token/kWh"),
    "listing_2_70b.tokens_per_energy": (1.29e6, 0.005e6, "token/kWh"),
    "deepseek.co2e": (623, 0.5, "tCO2e"),
    "deepseek_us.co2e": (429.4, 0.05, "tCO2e"),
    "deepseek_sxm.co2e": (1245, 0.5, "tCO2e"),
    "deepseek.cost": (5.576e6, 0.0005e6, "USD"),
}


@pytest.mark.parametrize("path", PRINTED)
def test_section55_printed_value(path: str) -> None:
    value, half, unit = PRINTED[path]
    assert values(SECTION)[path] == (pytest.approx(value, abs=half), unit)


def test_section55_values() -> None:
    device_hours = 6 * 70e9 * 1.4e12 / (989e12 * 0.4 * 3600)
    meta_405b, meta_70b = (h * 0.7 * 1.08 * 0.385 for h in (30.84e6 / 1e3, 7.0e6 / 1e3))
    deepseek = 2.788e6 * 0.35 * 1.1 * 580 / 1e6
    request = 500 * 0.3 * 1.1 * 0.4
    llama_70b = 6.4e6 * 0.7 * 1.1 * 0.385 / 1e3
    check_values(
        SECTION,
        {
            "listing_1.device_time": (device_hours, "device*h"),
            "listing_1.co2e": (device_hours * 0.7 * 1.1 * 0.4 / 1e3, "tCO2e"),
            "chat.co2e_per_request": (request, "gCO2e/request"),
            "yearly": (6.6 * 365.25, "ktCO2e/year"),
            "chats": (45e6 * 12 / 365.25, "request/day"),
            "chat.break_even": (llama_70b * 1e6 / request, "request"),
            "chat_measured.break_even_time": (
                llama_70b * 1e6 / (500 * 0.56 / 3600 * 1.1 * 0.4) / 100e6,
                "day",
            ),
            "energy_again_chatgpt": (50e3 / 564 / 7, "week"),
            "node_speed": (8 * 700 / 1080, "token/s"),
            "search": (626_155 * 453.59237 / 1e6, "tCO2e"),
            "suite": (meta_405b + meta_70b, "tCO2e"),
            "suite_over_deepseek": ((meta_405b + meta_70b) / deepseek, "ratio"),
            "compute_over_deepseek": (405e9 * 15.6e12 / (37e9 * 14.8e12), "ratio"),
        },
    )


def test_section55_prose_names_every_kind_of_verdict() -> None:
    """The page explains what it shows: each bold verdict in the prose is one that a claim of the page has."""
    page = (SCENARIOS / SECTION).read_text(encoding="utf-8")
    prose = words(re.sub(r"```.*?```", "", page, flags=re.DOTALL)).lower()
    for said, outcome in (
        ("**hold", HOLDS),
        ("within the rounding**", ROUNDING),
        ("**refuted**", REFUTED),
        ("**not comparable**", NOT_COMPARABLE),
    ):
        assert said in prose
        assert outcome in SECTION_55.values()


# ── inference_aware.md ──

LAWS = {  # in the order of the page's table
    "by_hoffmann": Law(406.4, 410.7, 1.69, 0.34, 0.28),
    "by_hoffmann_tex": Law(406.4, 410.7, 1.6934, 0.3392, 0.2849),
    "by_sardana": Law(406.4, 410.7, 1.69, 0.336, 0.283),
    "chinchilla": Law(482.01, 2085.43, 1.8172, 0.3478, 0.3658),
}
QUEBEC, VIRGINIA = 20e-6, 267.606e-6  # t a kWh
ANSWERED = 5e6 * 1000 * 18 * 365.25 / 12  # 5M requests a day of 1,000 tokens, for 18 months


def training(intensity: float) -> float:
    """Tonnes for a parameter and a token, on an H100 at 40 % and a PUE of 1.1."""
    return 6 / (989e12 * 0.4) * 700 * 1.1 / 3.6e6 * intensity


def serving(intensity: float) -> float:
    """Tonnes for a parameter over the life, on an L40S at 10 % and a PUE of 1.2."""
    return 2 / (362e12 * 0.1) * 350 * 1.2 / 3.6e6 * intensity * ANSWERED


def lifetime(law: Law, trained: float, served: float) -> tuple[float, float, float]:
    """Size, tokens and tonnes of the best model that is as good as a 70B at its Chinchilla point."""
    _, loss = law.chinchilla(70e9)
    best = least_cost(law, loss, serving(served) / training(trained))
    return best.size, best.tokens, best.cost * training(trained)


def rows(first_heading: str) -> list[list[str]]:
    """The cells of a table of the page, without its head."""
    text = (SCENARIOS / "inference_aware.md").read_text(encoding="utf-8")
    lines = text[text.index(f"| {first_heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def as_written(value: float, cell: str) -> bool:
    """Whether a value is what a cell says, in its unit and to its digits."""
    figure, unit = re.fullmatch(r"([\d.,]+) ?(B|T|t|%)", cell).groups()  # type: ignore[union-attr]
    digits = len(figure.partition(".")[2])
    return f"{value / {'B': 1e9, 'T': 1e12, 't': 1, '%': 0.01}[unit]:.{digits}f}" == figure


def test_inference_aware_values() -> None:
    size, tokens, tonnes = lifetime(LAWS["chinchilla"], QUEBEC, VIRGINIA)
    classic = 70e9 * (training(QUEBEC) * LAWS["chinchilla"].chinchilla(70e9)[0] + serving(VIRGINIA))
    more, _, _ = lifetime(LAWS["chinchilla"], QUEBEC, VIRGINIA * 1.0001)
    found = values("inference_aware.md")
    assert found["classic"] == (pytest.approx(classic, rel=1e-9), "tCO2e")
    assert found["saved"][0] == pytest.approx(100 * (1 - tonnes / classic), rel=1e-9)
    assert found["size_by_requests"][0] == pytest.approx(math.log(more / size) / math.log(1.0001), rel=1e-3)
    assert tokens / size == pytest.approx(1200, rel=0.02)  # as the page says


def test_inference_aware_grids_of_the_prose() -> None:
    grids = {"Quebec": QUEBEC, "Virginia": VIRGINIA}
    told = rows("trained in")
    assert len(told) == 4
    for trained, served, *cells in told:
        found = lifetime(LAWS["chinchilla"], grids[trained], grids[served])
        assert [as_written(value, cell) for value, cell in zip(found, cells, strict=True)] == [True] * 3, trained


def test_inference_aware_laws_of_the_prose() -> None:
    told = rows("law")
    for law, (name, *cells) in zip(LAWS.values(), told, strict=True):
        classic, _ = law.chinchilla(70e9)
        size, tokens, tonnes = lifetime(law, QUEBEC, VIRGINIA)
        saved = 1 - tonnes / (70e9 * (training(QUEBEC) * classic + serving(VIRGINIA)))
        found = (classic, size, tokens, tonnes, saved)
        assert [as_written(value, cell) for value, cell in zip(found, cells, strict=True)] == [True] * 5, name


def test_inference_aware_sentences_of_the_prose() -> None:
    """Figures that stand in sentences alone: of a FLOP, and of a volume that is not the one expected."""
    law = LAWS["chinchilla"]
    _, loss = law.chinchilla(70e9)
    served = serving(VIRGINIA) / training(QUEBEC)
    assert served / ANSWERED == pytest.approx(27, abs=0.5)
    assert 3 * served / ANSWERED == pytest.approx(80, abs=0.5)  # 2 FLOPs to answer, 6 to train
    best = least_cost(law, loss, served)
    assert 1 - least_cost(law, loss, 1.1 * served).size / best.size == pytest.approx(0.013, abs=0.0005)
    for times in (0.5, 2):
        other = least_cost(law, loss, times * served)
        assert 0.02 < best.size * (best.tokens + times * served) / other.cost - 1 < 0.035
        assert 0.02 < other.size * (other.tokens + served) / best.cost - 1 < 0.035


# ── an estimate and a measurement ──


def test_measured() -> None:
    it_energy = 17.789245891666 / 1.2
    check_values(
        "measured.tonne",
        {
            "fine_tuning.energy": (8 * 6 * 0.4 * 1.2 / 1000, "MWh"),
            "measured.it_energy": (it_energy, "kWh"),
            "measured.power": (it_energy * 1000 / (8 * 21600.25 / 3600), "W/device"),
            "measured.carbon_intensity": (996.886213749 / 17.789245891666, "gCO2e/kWh"),
        },
    )
    assert [v.outcome.value for v in result("measured.tonne").requirements] == [HOLDS]
