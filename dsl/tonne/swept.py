"""What a sweep gives: its axes and columns, the cells or what is said of all of them, and where options cross."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tonne.axes import Axis
from tonne.draw_options import Options
from tonne.units import Unit
from tonne.values import Record, Unprinted

if TYPE_CHECKING:
    from tonne.numeric.sample import Distribution
    from tonne.numeric.sweep import Along
    from tonne.sampling import Sampled


# Values that are kept in memory, of all columns together.
MOST_KEPT = 4_000_000


class Column(Unprinted, Record, frozen=True, eq=False):
    """One shown value, in `unit`; `name` is its own among all columns and axes, for files and rows."""

    text: str
    unit: Unit
    name: str


class Crossing(Record, frozen=True):
    """Two options that cross at a value of an axis of numbers, in its unit: `lower` has the lesser `column` below it,
    `other` above.

    An option is a choice of the axis `of`, or a column where `of` is None. `where` are the labels of the other axes.
    """

    axis: Axis
    value: float
    lower: str
    other: str
    column: Column | None
    of: Axis | None
    where: tuple[tuple[str, str], ...] = ()


class Swept(Unprinted, Record, frozen=True, eq=False):
    """A sweep, evaluated.

    `axes` are as written; `numbers` and `choices` are those of each sort, and `combinations` the indices of the choices.
    `values` hold per combination and column the cells in base units with one dimension a number axis, None where they were
    too many to keep; `along` then says what there is to say. `sampled` holds per combination and column the distribution, or
    the number, of each cell.
    """

    name: str
    doc: str | None
    axes: tuple[Axis, ...]
    columns: tuple[Column, ...]
    combinations: tuple[tuple[int, ...], ...]
    values: list[list[Any]] | None
    along: list[list[Along]] | None
    crossings: tuple[Crossing, ...]
    options: Options | None = None
    sampled: list[list[list[Distribution | float]]] | None = None
    errors: list[list[list[float] | None]] | None = None  # standard errors, of functions of draws
    found: Sampled | None = None

    @property
    def numbers(self) -> list[Axis]:
        return [axis for axis in self.axes if not axis.is_choice]

    @property
    def choices(self) -> list[Axis]:
        return [axis for axis in self.axes if axis.is_choice]

    @property
    def has_cells(self) -> bool:
        """Whether each cell is kept, and not only what is said of all of them."""
        return self.values is not None or self.sampled is not None

    @property
    def sizes(self) -> dict[int, int]:
        return {index: axis.size for index, axis in enumerate(self.numbers)}

    @property
    def cells(self) -> int:
        """Of one combination of choices."""
        return math.prod(self.sizes.values())

    @property
    def points(self) -> int:
        return self.cells * len(self.combinations)

    def index(self, cell: int) -> list[int]:
        """The index of a cell along each axis of numbers."""
        found: list[int] = []
        for axis in reversed(self.numbers):
            cell, index = divmod(cell, axis.size)
            found.insert(0, index)
        return found

    def indices(self, combination: int, cell: int) -> tuple[int, ...]:
        """Where a cell is, along each axis as written."""
        chosen, numbers = iter(self.combinations[combination]), iter(self.index(cell))
        return tuple(next(chosen if axis.is_choice else numbers) for axis in self.axes)

    def labels(self, combination: int, cell: int) -> list[str]:
        """The same, told."""
        return [axis.label(i) for axis, i in zip(self.axes, self.indices(combination, cell), strict=True)]
