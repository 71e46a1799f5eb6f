"""Sweeps evaluated: what a file shows along axes of numbers and of choices.

Each combination of choices is the file bound anew, as a case is; the numbers of the other axes then take the place of one
number of its graph. All combinations are one schedule, so that what they have in common is worked out once. Small sweeps keep
every cell; of large ones only what is said of all cells together is kept, or the cells go to a file block by block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from tonne.axes import Axis, too_many
from tonne.cases import only_of
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.draw_options import Options, Progress, Request, Stopped
from tonne.evaluate import evaluate
from tonne.model import Model, ShownValue
from tonne.numeric import sweep as cells
from tonne.numeric.sample import Distribution
from tonne.numeric.schedule import Builder, Schedule
from tonne.numeric.steps import Opaque, Steps, Table
from tonne.run import Run, default_unit
from tonne.sampling import Sampled, Sampler
from tonne.sweeps import Sweep, bound, numbers_of
from tonne.units import Unit
from tonne.values import Record, Unprinted, replace

# Cells that are kept in memory, of all columns together.
MOST_KEPT = 4_000_000
# Cells that are sampled, each with statistics of its own; and that are evaluated one by one.
MOST_SAMPLED, MOST_SINGLE = 20_000, 10_000


class Column(Unprinted, Record, frozen=True, eq=False):
    """One shown value, in `unit`."""

    text: str
    unit: Unit


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
    along: list[list[cells.Along]] | None
    crossings: tuple[Crossing, ...]
    options: Options | None = None
    sampled: list[list[list[Distribution | float]]] | None = None
    found: Sampled | None = None

    @property
    def numbers(self) -> list[Axis]:
        return [axis for axis in self.axes if not axis.is_choice]

    @property
    def choices(self) -> list[Axis]:
        return [axis for axis in self.axes if axis.is_choice]

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

    def labels(self, combination: int, cell: int) -> list[str]:
        """Where a cell is, along each axis as written."""
        chosen, numbers = iter(self.combinations[combination]), iter(self.index(cell))
        return [axis.label(next(chosen if axis.is_choice else numbers)) for axis in self.axes]


def evaluate_sweep(
    sweep: Sweep, of_file: Sequence[Diagnostic] = (), request: Request | None = None, *, keep: bool = True
) -> tuple[Swept | None, list[Diagnostic]]:
    """The values that a sweep shows, and what is wrong with a combination of its choices that is not wrong with the first.

    `request` asks for draws in every cell. Unless they are to be kept, or are few, only `along` is made of the cells.
    """
    work = _Work(sweep, of_file)
    if not work.make():
        return None, work.found
    swept = work.sampled(request) if work.is_sampled(request) else work.at_points(request, keep=keep)
    return swept, [*work.found, *work.without_influence()]


def blocks(
    sweep: Sweep, of_file: Sequence[Diagnostic] = (), request: Request | None = None
) -> tuple[Blocks | None, list[Diagnostic]]:
    """The same as blocks of cells in order, each combination of choices after the other."""
    work = _Work(sweep, of_file)
    if not work.make():
        return None, work.found
    return Blocks(work, request), work.found


class Blocks:
    """The cells of a sweep as they are worked out; `swept` has its axes and columns."""

    def __init__(self, work: _Work, request: Request | None) -> None:
        self._work = work
        self._request = request
        self.swept: Swept = work.empty()
        self.is_sampled = work.is_sampled(request)

    def __iter__(self) -> Iterator[tuple[int, int, int, list[Any]]]:
        """The number of the combination, the first cell and how many; each axis of numbers and each column, in base units."""
        threads = (self._request or Request()).options(self._work.settings).threads
        for number in range(len(self._work.combinations)):
            schedule = self._work.schedule([number], with_axes=True)
            for first, count, block in cells.blocks(schedule, self.swept.sizes, cells.FILE_BLOCK, threads):
                yield number, first, count, block


class _Work:
    def __init__(self, sweep: Sweep, of_file: Sequence[Diagnostic]) -> None:
        assert sweep.first is not None
        self.of_file = of_file
        self.first = sweep.first
        self.settings = sweep.first.project.settings
        self.sweep = sweep
        self.axes = sweep.axes
        self.numbers = [axis for axis in sweep.axes if not axis.is_choice]
        self.choices = [axis for axis in sweep.axes if axis.is_choice]
        self.combinations = list(product(*(range(axis.size) for axis in self.choices)))
        self.sizes = {index: axis.size for index, axis in enumerate(self.numbers)}
        self.found: list[Diagnostic] = []
        self.runs: list[Run] = []
        self.shown: list[list[ShownValue]] = []
        self.tables: dict[int, Table] = {}
        self.builder = Builder()
        self.places: list[list[int]] | None = None

    # ── a run a combination ──

    def make(self) -> bool:
        """The runs of all combinations, at the first number of each axis; False where one of them is wrong."""
        known = [*self.of_file]
        for chosen in self.combinations:
            model = self.first
            if any(chosen):
                picked = iter(chosen)
                indices = [next(picked) if axis.is_choice else 0 for axis in self.axes]
                made, said = bound(self.sweep.source, self.sweep.declaration, self.axes, indices)
                said = list(only_of(f"sweep `{self.sweep.name}`", said, known))
                self.found += said
                known += said
                if made is None or any(d.is_error for d in said):
                    return False
                model = made
            run, said = evaluate(model)
            said = list(only_of(f"sweep `{self.sweep.name}`", said, known))
            self.found += said
            if any(d.is_error for d in said):
                return False
            self.runs.append(run)
            self.shown.append(_shown(model))
            for index, axis in enumerate(self.numbers):
                for node in numbers_of(model, axis):
                    self.tables[id(node)] = Table(("axis", index), (index,), cells.table(axis.base))
        return all(v.node is not None and v.dimension is not None for row in self.shown for v in row)

    def columns(self) -> tuple[Column, ...]:
        model = self.runs[0].model
        made = []
        for one in self.shown[0]:
            assert one.dimension is not None
            unit = one.unit or default_unit(model, one.references, one.dimension)
            made.append(Column(" ".join(one.text.split()), unit))
        return tuple(made)

    def empty(self) -> Swept:
        return Swept(
            self.sweep.name,
            self.sweep.declaration.doc,
            tuple(self.axes),
            self.columns(),
            tuple(self.combinations),
            None,
            None,
            (),
        )

    # ── at the point values ──

    def lower(self) -> bool:
        """The steps of all that is shown; False where there are none, since a value rests on an elasticity."""
        try:
            self.places = []
            for run, row in zip(self.runs, self.shown, strict=True):
                steps = Steps(self.builder, run, {**run.known, **self.tables}, at_points=True)
                self.places.append([steps.place(one.node) for one in row if one.node is not None])
        except Opaque:
            self.places = None
        return self.places is not None

    def schedule(self, numbers: Sequence[int], *, with_axes: bool = False) -> Schedule:
        """The schedule of some combinations, one after the other; before them the axes of numbers, if they are wanted."""
        if self.places is None and not self.lower():
            raise Opaque
        assert self.places is not None
        roots = [place for number in numbers for place in self.places[number]]
        if with_axes:
            tables = [Table(("axis", i), (i,), cells.table(axis.base)) for i, axis in enumerate(self.numbers)]
            roots = [*(self.builder.table(t.key, t.axes, t.values) for t in tables), *roots]
        return cells.scheduled(self.builder, roots, len(self.sizes))

    def at_points(self, request: Request | None, *, keep: bool) -> Swept:
        everything = range(len(self.combinations))
        count = math.prod(self.sizes.values())
        width = len(self.shown[0])
        progress = None if request is None else request.progress
        values: list[list[Any]] | None = None
        along: list[list[cells.Along]] | None = None
        crossed: tuple[Crossing, ...] = ()
        try:
            schedule = self.schedule(everything)
            if keep or count * len(everything) * width <= MOST_KEPT:
                flat = cells.values(schedule, self.sizes)
                values = [flat[i * width : (i + 1) * width] for i in everything]
            else:
                threads = (request or Request()).options(self.settings).threads
                said = cells.along(schedule, self.sizes, threads, progress)
                along = [said[i * width : (i + 1) * width] for i in everything]
            crossed = tuple(self._crossings(schedule)) if values is not None else ()
        except Opaque:
            values = self._one_by_one(progress)
        return replace(self.empty(), values=values, along=along, crossings=crossed)

    def _one_by_one(self, progress: Progress | None) -> list[list[Any]]:
        """Each cell as a run of its own, where a value rests on an elasticity or an optimum changes its form."""
        swept, shape = self.empty(), [axis.size for axis in self.numbers]
        made: list[list[Any]] = []
        for number, run in enumerate(self.runs):
            rows: list[list[float]] = [[] for _ in self.shown[number]]
            for cell in range(swept.cells):
                done = number * swept.cells + cell
                try:
                    there = self._cell(run, swept.index(cell))
                except KeyboardInterrupt:
                    raise Stopped(done, swept.points) from None
                for row, one in zip(rows, self.shown[number], strict=True):
                    row.append(math.nan if (v := there.value(one.node)) is None else v)
                if progress is not None:
                    progress(done + 1, swept.points)
            made.append([cells.grid(row, shape) for row in rows])
        return made

    def _cell(self, run: Run, index: Sequence[int]) -> Run:
        """The values in one cell, as if its numbers stood in the file."""
        along = zip(self.numbers, index, strict=True)
        there, _ = evaluate(
            run.model, {id(node): axis.base[i] for axis, i in along for node in numbers_of(run.model, axis)}
        )
        return there

    # ── over draws ──

    def is_sampled(self, request: Request | None) -> bool:
        return (request is not None and request.is_asked) or any(run.asks_for_draws for run in self.runs)

    def sampled(self, request: Request | None) -> Swept | None:
        swept = self.empty()
        options = (request or Request()).options(self.settings)
        limit = self.settings.limits.points if request is None or request.limit is None else request.limit
        span = self.sweep.declaration.name_span
        if swept.points > MOST_SAMPLED:
            self.found.append(too_many(f"`{swept.name}` samples {swept.points:,} cells", MOST_SAMPLED, span))
            return None
        if swept.points * options.draws > limit:
            self.found.append(too_many(f"{swept.points:,} cells of {options.draws:,} draws each", limit, span))
            return None
        tables = {**self.tables}
        sampler = Sampler(options, tables, self.sizes, None if request is None else request.progress)
        for run, row in zip(self.runs, self.shown, strict=True):
            for one in row:
                assert one.node is not None
                sampler.ask_value(run, one.node)
        found = sampler.sample()
        made = []
        for row in self.shown:
            said = [found.values.get(id(one.node)) or [math.nan] for one in row]
            made.append([one * swept.cells if len(one) == 1 else one for one in said])
        return replace(swept, options=options, sampled=made, found=found)

    # ── what there is to say ──

    def without_influence(self) -> Iterator[Diagnostic]:
        """O504 for each axis that moves nothing that is shown."""
        if self.places is None:
            return
        moved = {axis for places in self.places for place in places for axis in self.builder.steps[place].axes}
        for index, axis in enumerate(self.numbers):
            if index not in moved:
                yield _idle(axis)
        for index, axis in enumerate(self.choices):
            groups: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
            for chosen, places in zip(self.combinations, self.places, strict=True):
                groups.setdefault((*chosen[:index], *chosen[index + 1 :]), set()).add(tuple(places))
            if axis.size > 1 and all(len(group) == 1 for group in groups.values()):
                yield _idle(axis)

    def _crossings(self, schedule: Schedule) -> Iterator[Crossing]:
        """Where choices of one axis cross in a shown value, and shown values of one dimension cross each other."""
        columns, width = self.columns(), len(self.shown[0])
        swept = self.empty()
        for index, axis in enumerate(self.numbers):
            others = [a for i, a in enumerate(self.numbers) if i != index]
            if any(a.size > 1 for a in others):
                continue  # a curve for each of them would be a table of its own
            for place, of in enumerate(self.choices):
                for column in range(width):
                    pairs, names = self._options(place, column, width)
                    for found, (one, other, where) in zip(
                        cells.crossings(schedule, self.sizes, index, pairs), names, strict=True
                    ):
                        for value, is_less in found:
                            lower, upper = (one, other) if is_less else (other, one)
                            yield Crossing(axis, value / axis.unit.factor, lower, upper, columns[column], of, where)
            for number in range(len(swept.combinations)):
                where = self._where(number, None)
                alike = [
                    (i, j)
                    for i in range(width)
                    for j in range(i)
                    if columns[i].unit.dimension == columns[j].unit.dimension
                ]
                pairs = [(number * width + j, number * width + i) for i, j in alike]
                for found, (i, j) in zip(cells.crossings(schedule, self.sizes, index, pairs), alike, strict=True):
                    for value, is_less in found:
                        one, other = columns[j].text, columns[i].text
                        lower, upper = (one, other) if is_less else (other, one)
                        yield Crossing(axis, value / axis.unit.factor, lower, upper, None, None, where)

    def _options(
        self, place: int, column: int, width: int
    ) -> tuple[list[tuple[int, int]], list[tuple[str, str, tuple[tuple[str, str], ...]]]]:
        """The pairs of roots that differ in one choice alone, with the names of their options."""
        pairs, names = [], []
        of = self.choices[place]
        for i, one in enumerate(self.combinations):
            for j, other in enumerate(self.combinations):
                if (
                    one[place] < other[place]
                    and one[:place] == other[:place]
                    and one[place + 1 :] == other[place + 1 :]
                ):
                    pairs.append((i * width + column, j * width + column))
                    names.append((of.choices[one[place]], of.choices[other[place]], self._where(i, place)))
        return pairs, names

    def _where(self, number: int, without: int | None) -> tuple[tuple[str, str], ...]:
        chosen = self.combinations[number]
        return tuple(
            (axis.path, axis.choices[chosen[i]])
            for i, axis in enumerate(self.choices)
            if i != without and axis.size > 1
        )


def _shown(model: Model) -> list[ShownValue]:
    """What a sweep shows, of a table each cell."""
    made = []
    for table in model.shows:
        for name, row in table.rows:
            for one in row:
                text = f"{name}.{one.text}" if name else one.text
                made.append(ShownValue(text, one.node, one.unit, one.dimension, one.span, one.references))
    return made


def _idle(axis: Axis) -> Diagnostic:
    title = f"nothing that is shown depends on `{axis.path}`"
    help = "a given fact cuts it off, or it is no part of it: `tonne explain FILE PATH` shows what a value rests on"
    return diagnostic("O504", title, Label(axis.span, "moves nothing"), help=help)
