"""One value over draws: a distribution that never loses its unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tonne.numeric.sample import Distribution as Drawn
from tonne.report.draws import Figures
from tonne.units import Unit


@dataclass(frozen=True)
class Distribution:
    """What was drawn of a quantity, in the unit that the file declares for it.

    `draws` are those in which it was a finite number. The quantiles are within `error` of those of the draws, as a share of
    the value; 0 where they are exact.

    >>> import tonne
    >>> co2e = tonne.load("scenarios/uncertain.tonne").run(draws=10_000).distributions["pretrain.co2e"]
    >>> co2e.p5 < co2e.median < co2e.p95, co2e.unit
    (True, 'tCO2e')
    """

    path: str
    unit: str
    mean: float
    sd: float
    p5: float
    median: float
    p95: float
    draws: int
    error: float
    _drawn: Drawn = field(repr=False, compare=False)
    _unit: Unit = field(repr=False, compare=False)

    def percentile(self, share: float) -> float:
        """The value below which a share of the draws lies, 0 to 1."""
        if not 0 <= share <= 1:
            raise ValueError(f"a share of draws lies between 0 and 1, this is {share}")
        return self._drawn.percentile(share) / self._unit.factor

    @property
    def text(self) -> str:
        """As tables show it: the median, and between what nine of ten draws lie."""
        unit = "" if self.unit == "ratio" else f" {self.unit}"
        return f"{Figures(self._drawn, self._unit).interval()}{unit}"

    def __str__(self) -> str:
        return self.text

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text)


def distribution_of(path: str, drawn: Drawn, unit: Unit) -> Distribution:
    return Distribution(
        path,
        unit.word,
        drawn.mean / unit.factor,
        drawn.sd / unit.factor,
        drawn.low / unit.factor,
        drawn.median / unit.factor,
        drawn.high / unit.factor,
        drawn.draws,
        drawn.error,
        drawn,
        unit,
    )
