"""`scenarios/uncertain.tonne` against an independent calculation: laws of scipy, points of a Sobol sequence, formulas by hand.

The figures of `tests/cases/draws/uncertain.md`, which a person can read, are checked against the same calculation.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import tonne

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "tests" / "cases" / "draws" / "uncertain.md"
COMPUTE = 6 * 70e9 * 1.4e12  # FLOP
PEAK = 989e12  # FLOP/s of one device
J_PER_MWH, G_PER_T = 3.6e9, 1e6
POINTS = 2**19


@cache
def carbon() -> dict[str, np.ndarray]:
    """Energy in MWh and carbon in tCO2e at many points that fill the space of the four assumptions evenly."""
    u = stats.qmc.Sobol(4, seed=np.random.default_rng(1)).random(POINTS)
    utilization = stats.triang(loc=0.30, scale=0.25, c=(0.40 - 0.30) / 0.25).ppf(u[:, 0])
    power = stats.norm(600, 50).ppf(u[:, 1])
    pue = stats.uniform(1.05, 0.25).ppf(u[:, 2])
    sigma = np.log(530 / 270) / (2 * stats.norm.ppf(0.95))
    intensity = stats.lognorm(sigma, scale=np.sqrt(270 * 530)).ppf(u[:, 3])  # g/kWh
    it_energy = COMPUTE / (PEAK * utilization) * power / J_PER_MWH
    return {
        "pretrain.energy": it_energy * pue,
        "pretrain.co2e": it_energy * pue * intensity * 1000 / G_PER_T,
        "careful.co2e": it_energy * (0.9 * pue + 0.1) * intensity * 1000 / G_PER_T,
    }


@pytest.fixture(scope="module")
def drawn() -> tonne.Result:
    return tonne.load(ROOT / "scenarios" / "uncertain.tonne").run(draws=400_000)


@pytest.mark.parametrize("path", ["pretrain.energy", "pretrain.co2e", "careful.co2e"])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
def test_quantiles(drawn: tonne.Result, path: str, share: float) -> None:
    """Within five standard errors of a quantile of so many draws, and the width of a bin."""
    values = carbon()[path]
    beside = 5 * np.sqrt(share * (1 - share) / 400_000)
    low, high = np.quantile(values, [share - beside, share + beside])
    found = drawn.distributions[path]
    assert low * (1 - found.error) <= found.percentile(share) <= high * (1 + found.error)


def test_mean_and_standard_deviation(drawn: tonne.Result) -> None:
    for path, values in carbon().items():
        found = drawn.distributions[path]
        assert found.mean == pytest.approx(values.mean(), abs=5 * values.std() / np.sqrt(found.draws))
        assert found.sd == pytest.approx(values.std(), rel=0.01)


def test_shares(drawn: tonne.Result) -> None:
    [requirement] = drawn.requirements
    expected = float((carbon()["pretrain.co2e"] < 200).mean())
    assert requirement.share == pytest.approx(expected, abs=5 * np.sqrt(expected * (1 - expected) / 400_000))
    assert drawn["probability(careful.co2e < pretrain.co2e)"].magnitude == 1


def test_the_page_says_what_scipy_says() -> None:
    said = re.findall(
        r"^require percentile\((\S+), (\d+)%\) within 1% of ([0-9.]+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(said) == 6
    for path, share, value in said:
        assert float(value) == pytest.approx(np.quantile(carbon()[path], int(share) / 100), rel=0.002)
