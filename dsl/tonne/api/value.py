"""One value of a result: a number that never loses its unit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tonne.api.errors import InOneProcess, TonneError, told
from tonne.api.explanation import Explanation
from tonne.diagnostic import diagnostic
from tonne.explain import explain_field, explain_let, explain_shown, source_of, source_of_field
from tonne.formatting import number
from tonne.model import State
from tonne.names import Let
from tonne.quantities import Quantity
from tonne.run import Run
from tonne.source import SourceFile, Span
from tonne.unit_problems import UnitProblem

if TYPE_CHECKING:
    from tonne.unit_registry import PintQuantity


@dataclass(frozen=True)
class Value(InOneProcess):
    """A quantity of a run in the unit that the file declares for it.

    `magnitude` is in `unit` with all its digits, NaN where the value is no finite number. `is_given` says that the file
    gives it, else it is derived. `source` is where its number or formula is from, as written, or empty.

    >>> import tonne
    >>> co2e = tonne.load("scenarios/quickstart.tonne").run()["pretrain.co2e"]
    >>> co2e.magnitude, co2e.unit, co2e.is_given
    (127.165..., 'tCO2e', False)
    >>> print(co2e)
    127.2 tCO2e
    >>> f"{co2e.to('kgCO2e'):,.0f}"
    '127,165 kgCO2e'
    """

    path: str
    magnitude: float
    unit: str
    is_given: bool
    source: str = ""
    _run: Run = field(repr=False, compare=False, kw_only=True)
    _quantity: Quantity = field(repr=False, compare=False, kw_only=True)

    @property
    def text(self) -> str:
        """As tables show it: four significant digits and the unit."""
        return number(self.magnitude, self.unit)

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that the value rests on, as written, each once, in the order of its explanation."""
        return tuple(dict.fromkeys(step.source for step in self.explain().steps if step.source))

    def to(self, unit: str) -> Value:
        """The same value in another unit of the scenario; `TonneError` for a word that is no unit or does not fit."""
        table = self._run.model.project.units
        span = Span(SourceFile("unit", unit), 0, len(unit))
        found = table.lookup(unit)
        own = self._quantity.unit.dimension
        if isinstance(found, UnitProblem):
            problem = diagnostic(found.code, found.title, span, help=found.help)
            raise TonneError(told([problem]), [problem])
        if found.dimension != own:
            name = table.describe(own)
            words = ", ".join(table.words_of(own))
            help = f"units of {name}: {words}" if words else f"for example `{self.unit}`"
            problem = diagnostic("D205", f"{name} cannot be shown in `{unit}`", span, help=help)
            raise TonneError(told([problem]), [problem])
        return replace(self, magnitude=magnitude_in(self._run, self._quantity, found), unit=found.word)

    def quantity(self) -> PintQuantity:
        """As a pint quantity, in a registry of tonne's units alone, for arithmetic that keeps units.

        >>> import tonne
        >>> result = tonne.load("scenarios/quickstart.tonne").run()
        >>> energy, tokens = result["pretrain.energy"].quantity(), result["pretrain.tokens"].quantity()
        >>> f"{(energy / tokens).to('Wh/token'):.4g}"
        '0.0002271 Wh / token'
        """
        return self._run.model.project.units.quantity(self.magnitude, self.unit)

    def explain(self) -> Explanation:
        """Why it is what it is, down to lines and sources."""
        symbol, one = self._quantity.symbol, self._quantity
        if isinstance(symbol, State):
            assert one.field is not None
            return Explanation(explain_field(self._run, symbol, one.field.name), self._run)
        if isinstance(symbol, Let):
            return Explanation(explain_let(self._run, symbol), self._run)
        return Explanation(explain_shown(self._run, symbol, one.unit), self._run)

    def __str__(self) -> str:
        return self.text

    def __format__(self, form: str) -> str:
        """A format of the number, as for a float; the unit stays: `f"{value:.1f}"`."""
        if not form:
            return self.text
        return f"{self.magnitude:{form}}" + ("" if self.unit == "ratio" else f" {self.unit}")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text)

    def _repr_html_(self) -> str:
        from tonne.report.html import to_html
        from tonne.report.tables import value_as_text

        return to_html([value_as_text(self.path, self.text, self.is_given, self.source)])


def value_of(run: Run, one: Quantity) -> Value:
    """A quantity of a run with its number."""
    if isinstance(one.symbol, State):
        source = source_of_field(run, one.symbol, one.field.name) if one.field else ""
    else:
        source = source_of(one.symbol) if isinstance(one.symbol, Let) else ""
    magnitude = magnitude_in(run, one, one.unit)
    return Value(one.name, magnitude, one.unit.word, one.is_given, source, _run=run, _quantity=one)


def magnitude_in(run: Run, one: Quantity, unit: Any) -> float:
    found = run.in_unit(one.node, unit)
    return math.nan if found is None else found
