"""Likely causes of refuted claims: each slip is found when it was made, in whatever units; and none where none was made."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.scenario import Evaluated, evaluate
from tonne.verdict import Verdict

SCENARIO = """
hardware chip {
  peak  = 989 TFLOP/s/device  from "a"
  power = 700 W/device        from "a"
}
grid here {
  carbon_intensity = 413 gCO2e/kWh  from "a"
}
grid there {
  carbon_intensity = 57 gCO2e/kWh  from "a"
}
model m {
  parameters = 70_300_000_000 param  from "a"
}
run r {
  model       = m
  hardware    = chip
  grid        = here
  tokens      = 1_437_000_000_000 token  from "a"
  utilization = 38.7%                    from "a"
  devices     = 2048 device              from "a"
  pue         = 1.13                     from "a"
}
run small like r {
  model = half
}
model half {
  parameters = 33_100_000_000 param  from "a"
}
deployment d {
  run              = r
  grid             = here
  requests         = 93_700_000 request/day  from "a"
  output_tokens    = 467 token/request       from "a"
  energy_per_token = 0.3137 Wh/token         from "a"
  pue              = 1.13                    from "a"
}
let both : tCO2e = r.co2e + small.co2e
"""

# The values of `SCENARIO`, by hand.
HOURS = 6 * 70.3e9 * 1437e9 / (989e12 * 0.387) / 3600
IT = HOURS * 700 / 1e6  # MWh
ENERGY = IT * 1.13
CARBON = ENERGY * 0.413
REQUEST = 467 * 0.3137  # Wh
DAILY = REQUEST * 1.13 * 0.413 * 93.7e6 / 1e6  # tCO2e


def judged(claim: str, scenario: str = SCENARIO) -> Verdict:
    return last(evaluated(f'{scenario}\nclaim {claim}  from "b"\n'))


def evaluated(text: str) -> Evaluated:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.tonne")
        path.write_text(text, encoding="utf-8")
        made = evaluate(path)
    assert not [d for d in made.diagnostics if d.is_error]
    return made


def last(made: Evaluated) -> Verdict:
    return made.claims[-1]


def said(value: float, digits: int = 4) -> str:
    return f"{value:.{digits - 1}e}"


SLIPS = [
    (f"r.co2e == {said(CARBON / 1000)} tCO2e", "prefix", "10³"),
    (f"r.energy == {said(ENERGY * 1e6, 3)} MWh", "prefix", "10⁻⁶"),
    (f"r.co2e == {said(CARBON * 1.13)} tCO2e", "input", "`r.pue` (1.13) is applied twice in the claim"),
    (f"r.co2e == {said(IT * 0.413)} tCO2e", "input", "`r.pue` (1.13) is left out of the claim"),
    (f"r.co2e == {said(CARBON / 1.13**2)} tCO2e", "input", "`r.pue` (1.13) is on the wrong side in the claim"),
    (f"r.energy == {said(IT)} MWh", "input", "`r.pue` (1.13) is left out of the claim"),
    (f"r.it_energy == {said(ENERGY)} MWh", "other-value", "the claim is the value of `r.energy`"),
    (f"r.co2e == {said(CARBON * 33.1 / 70.3)} tCO2e", "other-value", "the claim is the value of `small.co2e`"),
    (f"r.duration == {said(HOURS / 2048 / 24 / 7, 6)} day", "calendar", "a factor of 7: the days of a week"),
    (f"d.daily_co2e == {said(DAILY / 24, 5)} tCO2e/day", "calendar", "a factor of 24: the hours of a day"),
    (f"r.device_time == {said(HOURS / 2)} device*h", "sparse-peak", "1,978 TFLOP/s/device for 989 TFLOP/s/device"),
    (f"r.duration == {said(HOURS / 24, 6)} day", "input", "`r.devices` (2,048 device) is left out of the claim"),
    (f"d.co2e_per_request == {said(0.3137 * 1.13 * 0.413, 5)} gCO2e/request", "input", "`d.output_tokens` (467 token/request) is left out"),
    (f"r.co2e == {said(ENERGY * 0.057, 5)} tCO2e", "other-input", "`there.carbon_intensity` (57 gCO2e/kWh) in place of `here.carbon_intensity`"),
    (f"r.co2e == {said(HOURS, 5)} tCO2e", "other-value", "the claim is the number of `r.device_time`"),
    (f"both == {said(CARBON, 5)} tCO2e", "term", "`small.co2e` is left out of the claim"),
    ("r.utilization == 0.387%", "decimal-point", "10²"),
    ("r.co2e == r.it_energy * r.carbon_intensity", "input", "`r.pue` (1.13) is once more in the left side than in the right"),
    ("r.co2e == r.energy * r.pue * r.carbon_intensity", "input", "`r.pue` (1.13) is once more in the right side than in the left"),
    ("r.co2e within 1% of r.energy * r.pue * r.carbon_intensity", "input", "`r.pue` (1.13) is once more in the right side"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "sort", "words"), SLIPS)
def test_a_slip_is_found(claim: str, sort: str, words: str) -> None:
    verdict = judged(claim)
    assert verdict.outcome.value == "refuted"
    assert verdict.likely is not None
    assert words in verdict.cause
    assert verdict.likely.name == sort
    assert verdict.evidence


def test_the_hand_calculation_is_that_of_the_program() -> None:
    values = {"r.co2e": (CARBON, "tCO2e"), "d.daily_co2e": (DAILY, "tCO2e/day"), "r.device_time": (HOURS, "device*h")}
    for path, (value, unit) in values.items():
        assert judged(f"{path} == {value:.9e} {unit}").outcome.value.startswith("holds")


def test_a_negative_claim() -> None:
    scenario = SCENARIO + "let saved : tCO2e = small.co2e - r.co2e\n"
    assert judged(f"saved == -{said((1 - 33.1 / 70.3) * CARBON)} kgCO2e", scenario).cause.endswith("a unit prefix slip")
    twice = judged(f"saved == -{said((1 - 33.1 / 70.3) * CARBON * 1.13)} tCO2e", scenario)
    assert twice.cause == "`r.pue` (1.13) is applied twice in the claim"
    assert twice.evidence[1].startswith("with it twice the scenario gives -")
    assert judged("saved == 60 tCO2e", scenario).cause == ""


def test_numbers_whose_square_is_none() -> None:
    scenario = """
run r {
  device_time = 1e200 device*h  from "a"
  power       = 1e100 W/device  from "a" allow V229 "a test"
  pue         = 1.1             from "a"
}
"""
    for claim in ("r.energy == 3 MWh", "r.energy == 1e-290 MWh", "r.device_time within 1% of 1e-300 device*h"):
        verdict = judged(claim, scenario)
        assert (verdict.outcome.value, verdict.cause) == ("refuted", "")


def test_truncated() -> None:
    scenario = 'run r {\n  it_energy = 319_000 kWh  from "a"\n  pue = 1.100  from "a"\n}'
    assert "truncated" in judged("r.energy == 350 MWh", scenario).cause  # 350.9
    assert judged("r.energy == 352 MWh", scenario).cause == ""  # one too many is no truncation
    assert judged("r.energy == 349 MWh", scenario).cause == ""


@pytest.mark.parametrize(
    ("claimed", "cause"),
    [
        ("350 MWh", "it holds to 2 digits, if the trailing zero is not significant"),
        ("350e3 kWh", "it holds to 2 digits, if the trailing zero is not significant"),
        ("350_000 kWh", "it holds to 2 digits, if the trailing zeros are not significant"),
        ("350.0 MWh", ""),  # whoever writes the point means its zero
        ("400 MWh", ""),  # one digit would hold for a third of all values
        ("300 MWh", ""),
    ],
)
def test_trailing_zeros(claimed: str, cause: str) -> None:
    scenario = 'run r {\n  it_energy = 321_000 kWh  from "a"\n  pue = 1.100  from "a"\n}'  # 353.1 MWh
    assert judged(f"r.energy == {claimed}", scenario).cause == cause


def test_a_claim_that_the_scenario_states_once_more_is_no_cause_of_itself() -> None:
    scenario = SCENARIO + 'run printed like r {\n  energy = 555 MWh  from "b"\n}\nlet told : MWh = 555 MWh  from "b"\n'
    assert judged("r.energy == 555 MWh", scenario).cause == ""
    assert judged("r.energy within 1% of told", scenario).cause == ""
    assert judged(f"r.co2e == {said(555 * 0.413)} tCO2e", scenario).cause == "the claim is the value of `printed.co2e`"


def test_a_published_row_of_another_run_is_found() -> None:
    scenario = SCENARIO + 'run other {\n  energy = 555 MWh  from "another card"\n}\n'
    verdict = judged("r.energy == 555 MWh", scenario)
    assert verdict.cause == "the claim is the value of `other.energy`"
    assert verdict.evidence == ("`other.energy` is 555 MWh (line 40)",)
    assert [label.text for label in verdict.likely.labels] == ["has the claimed number"]  # type: ignore[union-attr]


TABLE = "".join(
    f"""run {name} {{
  device_time      = {hours} device*h  from "a"
  power            = 400 W/device      from "a"
  pue              = 1.200             from "a"
  carbon_intensity = 385 gCO2e/kWh     from "a"
}}
"""
    for name, hours in {"small": "82_000", "medium": "135_000", "large": "530_500"}.items()
)
TABLE += "let rows = [small, medium, large]\n"  # 747,500 hours, 299 MWh, 358.8 MWh at the meter, 138.138 t


@pytest.mark.parametrize(
    ("claim", "cause"),
    [
        ("sum(rows.co2e) == 165.77 tCO2e", "`small.pue` (1.2), `medium.pue` (1.2) and `large.pue` (1.2) are applied twice in the claim"),
        ("sum(rows.co2e) == 115.12 tCO2e", "`small.pue` (1.2), `medium.pue` (1.2) and `large.pue` (1.2) are left out of the claim"),
        ("sum(rows.co2e) == 122.98 tCO2e", "`small.co2e` is left out of the claim"),
        ("sum(rows.co2e) == 747_500 tCO2e", "the claim is the number of the sum of their `device_time`, 747,500 device*h"),
        ("sum(rows.co2e) == 358.8 tCO2e", "the claim is the number of the sum of their `energy`, 358.8 MWh"),
        ("medium.co2e == 64.8 tCO2e", "the claim is the number of `medium.energy`, 64.8 MWh"),
        ("large.energy == 64.7 MWh", ""),  # near the value of another row, and not it
        ("large.energy == 64.9 MWh", ""),
        ("sum(rows.energy) == 400 MWh", ""),  # a power or an intensity is no total
        ("sum(rows.co2e) == 385 tCO2e", ""),
        ("large.co2e == 980.4 tCO2e", "a factor of 10⁻¹: a slip of the decimal point"),
    ],
)  # fmt: skip
def test_rows_of_a_table_and_their_totals(claim: str, cause: str) -> None:
    verdict = judged(claim, TABLE)
    assert verdict.outcome.value == "refuted"
    assert verdict.cause == cause


def test_another_field_of_the_same_name_is_no_term() -> None:
    kind = 'kind site {\n  power : MW\n}\nsite a { power = 20 MW  from "a" }\n'
    scenario = kind + TABLE.replace("rows = [small, medium, large]", "both = small.power + medium.power")
    assert judged("both == 20_000_800 W/device", scenario).cause == ""


def test_much_fits_a_claim_of_one_digit_so_that_it_has_no_cause() -> None:
    assert judged(f"r.co2e == {said(CARBON * 1.13, 1)} tCO2e").cause == ""
    assert judged("d.daily_co2e == 5 tCO2e/day").cause == ""


@pytest.mark.parametrize("test", ["r.co2e < 1 tCO2e", "r.co2e in 1 kgCO2e .. 2 kgCO2e", "r.co2e > 1 MtCO2e"])
def test_a_bound_has_no_cause(test: str) -> None:
    verdict = judged(test)
    assert verdict.outcome.value == "refuted"
    assert verdict.cause == ""


def test_random_ratios_have_no_cause() -> None:
    random.seed(20)
    paths = {"r.co2e": (CARBON, "tCO2e"), "r.energy": (ENERGY, "MWh"), "d.daily_co2e": (DAILY, "tCO2e/day")}
    claims = []
    for number in range(20 * len(paths)):
        path, (value, unit) = list(paths.items())[number % len(paths)]
        ratio = 10 ** random.uniform(-4, 4)
        claims.append(f'claim {path} == {said(value * ratio, random.choice((2, 3, 4, 6)))} {unit}  from "b"')
    made = evaluated(SCENARIO + "\n".join(claims))
    assert [v.outcome.value for v in made.claims] == ["refuted"] * len(claims)
    assert [(v.text, v.cause) for v in made.claims if v.cause] == []


def test_few_of_many_random_ratios_have_a_cause() -> None:
    random.seed(1)
    claims = [f'claim r.co2e == {said(CARBON * 10 ** random.uniform(-3, 3), 3)} tCO2e  from "b"' for _ in range(1000)]
    made = evaluated(SCENARIO + "\n".join(claims))
    refuted = [v for v in made.claims if v.outcome.value == "refuted"]
    assert len(refuted) > 900
    assert sum(bool(v.cause) for v in refuted) < 0.02 * len(refuted)


# ── units ──

UNITS = {
    "989 TFLOP/s/device": ["0.989 PFLOP/s/device", "989e12 FLOP/s/device"],
    "700 W/device": ["0.700 kW/device"],
    "413 gCO2e/kWh": ["413 kgCO2e/MWh", "0.413 tCO2e/MWh"],
    "57 gCO2e/kWh": ["0.057 kgCO2e/kWh"],
    "38.7%": ["0.387"],
    "0.3137 Wh/token": ["313.7 mWh/token", "1129.32 J/token"],
}
# Units that leave the digits of a claim as they are.
OF_CLAIMS = {
    "tCO2e": (1e3, "kgCO2e"),
    "MWh": (1e3, "kWh"),
    "gCO2e/request": (1e-3, "kgCO2e/request"),
    "tCO2e/day": (1e6, "gCO2e/day"),
}


@given(slip=st.sampled_from(SLIPS), chosen=st.tuples(*(st.integers(0, len(v)) for v in UNITS.values())), data=st.data())
@settings(max_examples=60, deadline=None)
def test_causes_do_not_change_with_units(
    slip: tuple[str, str, str], chosen: tuple[int, ...], data: st.DataObject
) -> None:
    claim, sort, _ = slip
    expected = judged(claim)
    scenario = SCENARIO
    for (written, others), index in zip(UNITS.items(), chosen, strict=True):
        scenario = scenario.replace(written, [written, *others][index])
    head, _, number = claim.rpartition(" == ")
    value, _, unit = number.partition(" ")
    if unit in OF_CLAIMS and data.draw(st.booleans(), label="the claim too"):
        factor, other = OF_CLAIMS[unit]
        claim = f"{head} == {said(float(value) * factor, len(value.split('e')[0]) - 1)} {other}"
    verdict = judged(claim, scenario)
    assert verdict.likely is not None
    assert (verdict.likely.name, verdict.cause) == (sort, expected.cause)
