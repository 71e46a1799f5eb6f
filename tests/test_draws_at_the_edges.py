"""Draws at the edges: numbers of every size, and what is drawn as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tonne.draw_options import Request
from tonne.numeric.sample import Distribution
from tonne.numeric.tally import QUANTILE_ERROR, Scale, Tally, moments
from tonne.sampling import Sampled
from tonne.scenario import evaluate

RUN = """
run r {
  it_energy        = 3 MWh ~ lognormal(cv = 10%)          from "x"
  pue              = 1.2                                  from "x"
  carbon_intensity = 400 gCO2e/kWh ~ lognormal(cv = 20%)  from "x"
}
let c : tCO2e = r.co2e
"""


def sampled(text: str, folder: Path) -> tuple[Distribution, Sampled]:
    """The let `c` of a file, and all that was drawn."""
    path = folder / "found.tonne"
    path.write_text(text, encoding="utf-8")
    found = evaluate(path, (), Request(draws=20_000, threads=1))
    assert found.run is not None
    assert found.sampled is not None
    one = found.sampled.distribution(next(node for let, node in found.run.model.lets.items() if let.name == "c"))
    assert isinstance(one, Distribution)
    return one, found.sampled


def test_what_is_drawn_as_one_depends_on_what_is_asked(tmp_path: Path) -> None:
    """Two lognormals are one draw until one of them is asked for; the report says so, and the figures agree."""
    alone, drawn = sampled(RUN, tmp_path)
    assert [sorted(names) for names in drawn.merged] == [["r.carbon_intensity", "r.it_energy"]]
    apart, drawn = sampled(RUN + "let d : MWh = r.it_energy\n", tmp_path)
    assert drawn.merged == ()
    assert apart.mean == pytest.approx(alone.mean, abs=6 * alone.sd / 20_000**0.5)
    assert apart.sd == pytest.approx(alone.sd, rel=0.05)


def test_a_value_that_does_not_vary_is_told_as_it_is() -> None:
    """`low * (1 - share) + high * share` is not `low` where both are: 9768072250519592."""
    values = np.full(5, 9768072250519594.0)
    tally = Tally(Scale(values))
    tally.add(values, np.empty(5))
    assert [tally.quantile(i / 20) for i in range(21)] == [9768072250519594.0] * 21


def test_the_error_of_quantiles_of_both_signs() -> None:
    """Where the first draws are all zero, bins reach down to the smallest number; of both signs there are more than are kept,
    two become one, and the error is twice what is told: 1.0017 in place of 1.
    """
    values = np.array([0.0] * 10 + [-2.0] * 10 + [1.0] * 60 + [2.0] * 20)
    tally = Tally(Scale(values[:10]))
    tally.add(values, np.empty(100))
    assert tally.quantile(0.75) == pytest.approx(1, rel=QUANTILE_ERROR)


def test_the_standard_deviation_of_what_is_far_larger_than_the_first_draws() -> None:
    """Sums are in units of the first draws; in units of 1e-150 the square of a million has no number, and the sd is nan."""
    values = np.array([1e-150, 2e-150, 3e-150, 1e6, 1e6])
    scale = Scale(values[:3])
    tally = Tally(scale)
    with np.errstate(all="ignore"):
        total, square = tally.add(values, np.empty(5))
        mean, sd = moments(5, scale.shift, [total], [square], scale.unit)
    assert mean == pytest.approx(4e5)
    assert sd == pytest.approx(values.std(ddof=1)) or sd == float("inf")
