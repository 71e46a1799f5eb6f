"""A derivation as a tree of frozen steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tonne.explain import Step
from tonne.run import Run


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why a value is what it is: one step, with the steps below it in `because`. `str()` is the tree as text.

    >>> import tonne
    >>> why = tonne.load("scenarios/quickstart.tonne").explain("pretrain.energy")
    >>> why.text, why.formula, why.in_numbers
    ('317.9 MWh', 'it_energy * pue', '289 MWh * 1.1')
    >>> [step.path for step in why.because]
    ['pretrain.it_energy', 'pretrain.pue']
    >>> [step.source for step in why.steps if step.path == "h100_sxm.power"]
    ['nvidia_h100, "max TDP"; bekman2026, "power"']
    """

    _step: Step
    _run: Run

    @property
    def path(self) -> str:
        return self._step.name

    @property
    def magnitude(self) -> float | None:
        """In `unit` with all its digits; None where it is undetermined."""
        return self._step.amount

    @property
    def unit(self) -> str | None:
        return self._step.unit

    @property
    def text(self) -> str:
        """As it is shown, with four significant digits and its unit."""
        return self._step.value

    @property
    def status(self) -> str:
        """`given`, `derived`, `constant` (a number of its kind) or `undetermined`."""
        return self._step.status

    @property
    def formula(self) -> str:
        """What it is computed by, in names; empty for a given number."""
        return self._step.formula

    @property
    def in_numbers(self) -> str:
        """The same formula with its values."""
        return self._step.in_numbers

    @property
    def source(self) -> str:
        """Where the number or the formula is from, as written; empty where nothing says so."""
        return self._step.source

    @property
    def file(self) -> str | None:
        return self._step.where.source.name if self._step.where else None

    @property
    def line(self) -> int | None:
        return self._step.where.line if self._step.where else None

    @property
    def because(self) -> tuple[Explanation, ...]:
        """The steps that the formula rests on."""
        return tuple(Explanation(step, self._run) for step in self._step.because)

    @property
    def would_determine(self) -> tuple[str, ...]:
        """Of an undetermined value the single facts that would determine it."""
        return self._step.would_determine

    @property
    def steps(self) -> tuple[Explanation, ...]:
        """This step and all below it, each value once, in the order in which the tree reads."""
        found, waiting = [], [self._step]
        while waiting:
            step = waiting.pop()
            if not step.repeated:
                found.append(Explanation(step, self._run))
                waiting += reversed(step.because)
        return tuple({step.path: step for step in reversed(found)}.values())[::-1]

    def to_dict(self) -> dict[str, Any]:
        """As `tonne explain --format json` prints it."""
        from tonne.report.as_json import VERSION
        from tonne.report.explanation import whole_as_json

        return {"version": VERSION, **whole_as_json(self._run, self._step)}

    def __str__(self) -> str:
        from tonne.report.explanation import as_parts
        from tonne.report.text import to_text

        return to_text(as_parts(self._run, self._step))

    def __repr__(self) -> str:
        return f"<Explanation {self.path} = {self.text}, {self.status}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from tonne.report.explanation import as_parts
        from tonne.report.html import to_html

        return to_html(as_parts(self._run, self._step))
