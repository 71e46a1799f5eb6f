"""What was drawn, as tables for a person: distributions with no more digits than spread and number of draws support."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from rich.text import Text

from tonne.formatting import at_place, figure, last_place, share_of_draws
from tonne.graph import Node
from tonne.run import Run
from tonne.units import Unit

if TYPE_CHECKING:
    from tonne.numeric.sample import Distribution
    from tonne.sampling import Sampled

MISSING = "—"
COLUMNS = ("point", "median", "mean", "5 %", "95 %")


class Figures:
    """A distribution in a unit, each figure to the same last digit."""

    def __init__(self, distribution: Distribution, unit: Unit) -> None:
        self.factor = unit.factor
        width = (distribution.high - distribution.low) / unit.factor
        # the median of a normal is known a quarter less well than the mean
        error = max(1.25 * distribution.standard_error, abs(distribution.median) * distribution.error) / unit.factor
        sizes = (distribution.median, distribution.low, distribution.high)
        self.place = last_place(width, error, size=max(map(abs, sizes)) / unit.factor)
        self.distribution = distribution

    def __call__(self, value: float | None) -> str:
        """A value of the same kind, in base units."""
        return MISSING if value is None else at_place(value / self.factor, self.place)

    def interval(self) -> str:
        """`126 (81 .. 200)`: the median, and between what nine of ten draws lie."""
        one = self.distribution
        return f"{self(one.median)} ({self(one.low)} .. {self(one.high)})"


def cells(run: Run, node: Node | None, unit: Unit | None) -> list[Text | str]:
    """Point value, median, mean, and the points below which 5 and 95 % of the draws lie."""
    point = None if node is None or unit is None else run.in_unit(node, unit)
    sampled = run.sampled
    if sampled is not None and id(node) in sampled.opaque and point is not None:
        return [figure(point), "not drawn", *([""] * 3)]
    one = None if sampled is None else sampled.distribution(node)
    if unit is None or one is None or one.draws == 0:
        return [MISSING if point is None or unit is None else of_draws(run, node, point, unit), *([""] * 4)]
    told = Figures(one, unit)
    return [
        MISSING if point is None else at_place(point, told.place),
        Text(told(one.median), "green"),
        told(one.mean),
        told(one.low),
        told(one.high),
    ]


def of_draws(run: Run, node: Node | None, value: float, unit: Unit) -> str:
    """A value that does not vary; of a function of draws only the digits that their number supports."""
    errors = None if run.sampled is None else run.sampled.errors.get(id(node))
    return with_error(value, errors[0] / unit.factor if errors else 0.0)


def with_error(value: float, error: float) -> str:
    """A figure with the digits that its standard error supports."""
    return figure(value) if not error or error != error else at_place(value, last_place(0.0, error, size=value))


def compared(run: Run, node: Node | None, other: Node | None, unit: Unit | None) -> tuple[str, str]:
    """How far a case (`other`) differs from the file as written in the same draws, and in how many of them it is less."""
    if run.sampled is None or node is None or other is None or unit is None:
        return "", ""
    apart, less = run.sampled.difference(other, node)
    if apart is None or less is None:
        return "", ""
    if isinstance(apart, float):
        return f"{figure(apart / unit.factor) if apart else '='}", ""
    if apart.least == apart.greatest == 0:
        return "=", ""
    share = share_of_draws(less, apart.draws).removeprefix("in ").removesuffix(" of draws")
    return Figures(apart, unit).interval(), share


def cell(run: Run, node: Node | None, unit: Unit | None) -> str | None:
    """A value of a table as `126 (81 .. 200)`; None where it does not vary."""
    one = None if run.sampled is None else run.sampled.distribution(node)
    return None if one is None or unit is None or one.draws == 0 else Figures(one, unit).interval()


# What the tables tell of draws: of a run, and of a cell of a sweep.
IN_A_RUN = "median, mean, and the points below which 5 % and 95 % of the draws lie"
IN_A_CELL = "the median, and from which to which value nine draws in ten lie (5 to 95 %)"


def legend(sampled: Sampled, width: int, told: str = IN_A_RUN) -> Text:
    """Of how many draws the tables are, which spreads were cut off and which draws are of a product."""
    options = sampled.options
    quantiles = "exact" if options.exact else "right to 0.1 % of the value"
    lines = [
        f"{options.draws:,} draws, seed {options.seed}: {told}; quantiles are {quantiles}."
        + (" Point values are those of the file as written." if told is IN_A_RUN else "")
    ]
    if not sampled.assumptions:
        lines = ["nothing that is shown has a spread: write `VALUE ~ uniform(LOW, HIGH)`, or see `tonne help spreads`"]
    for name, share in sorted(sampled.cut.items()):
        part = "less than 0.01" if share < 1e-4 else figure(share * 100, 2)
        much = "" if share != share else f", beyond which {part} % of its spread lies"
        lines.append(f"`{name}` is drawn within the bounds of its field{much}.")
    for names in sampled.merged:
        lines.append(f"drawn as one, since only their product is asked for: {', '.join(sorted(names))}.")
    if sampled.opaque:
        lines.append("not drawn is what rests on an elasticity, which is worked out at the point values alone.")
    bad = [d for found in sampled.values.values() for d in found if not isinstance(d, float) and d.draws < d.of]
    if bad:
        worst = max(bad, key=lambda d: d.of - d.draws)
        lines.append(
            f"in {worst.of - worst.draws:,} of {worst.of:,} draws a value is no finite number; they are left out."
        )
    return Text("\n".join(fill(line, width, subsequent_indent="  ") for line in lines), "dim")
