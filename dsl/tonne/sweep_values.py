"""Sweeps evaluated: what a file shows along axes of numbers and of choices.

Each combination of choices is the file bound anew, as a case is; the numbers of the other axes then take the place of one
number of its graph. All combinations are one schedule, so that what they have in common is worked out once. Small sweeps keep
every cell; of large ones only what is said of all cells together is kept, or the cells go to a file block by block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

from tonne.axes import Axis, too_many
from tonne.cases import only_of
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.draw_options import Options, Progress, Request, Stopped
from tonne.evaluate import evaluate
from tonne.model import Model, ShownValue, State
from tonne.numeric import sweep as cells
from tonne.numeric.sample import Distribution
from tonne.numeric.schedule import Builder, Schedule
from tonne.numeric.steps import Opaque, Steps, Table
from tonne.ranges import left_in
from tonne.run import Run, default_unit
from tonne.sampling import Sampled, Sampler
from tonne.sweep_crossings import crossings_of
from tonne.sweeps import Sweep, bound, numbers_of, set_in_vain
from tonne.swept import MOST_KEPT, Column, Crossing, Swept
from tonne.values import replace

# Cells that are sampled, each with statistics of its own; and that are evaluated one by one.
MOST_SAMPLED, MOST_SINGLE = 20_000, 10_000
_NARROW = "narrow a `vary`: an elasticity, or an optimum that changes its form, is worked out for each cell by itself"


def evaluate_sweep(
    sweep: Sweep, of_file: Sequence[Diagnostic] = (), request: Request | None = None
) -> tuple[Swept | None, list[Diagnostic]]:
    """The values that a sweep shows, and what is wrong with a combination of its choices that is not wrong with the first.

    `request` asks for draws in every cell. Of more than `MOST_KEPT` values only `along` is made.
    """
    work = _Work(sweep, of_file)
    if not work.make():
        return None, work.found
    swept = work.sampled(request) if work.is_sampled(request) else work.at_points(request)
    return swept, [*work.found, *set_in_vain(sweep), *work.without_influence()]


# The number of the combination, the first cell and how many; each axis of numbers and each column, in base units.
Block = tuple[int, int, int, list[Any]]


def blocks(
    swept: Swept, sweep: Sweep, of_file: Sequence[Diagnostic] = (), request: Request | None = None
) -> Iterator[Block]:
    """The cells of a sweep at the point values in order, each combination of choices after the other.

    `swept` is what `evaluate_sweep` gave; cells that it does not keep are worked out again, some at a time.
    """
    if swept.values is not None:
        for number, columns in enumerate(swept.values):
            yield from ((number, *piece) for piece in cells.pieces(swept.numbers, columns))
        return
    work = _Work(sweep, of_file)
    work.make()
    threads = (request or Request()).options(work.settings).threads
    for number in range(len(work.combinations)):
        schedule = work.schedule([number], with_axes=True)
        yield from ((number, *piece) for piece in cells.blocks(schedule, swept.sizes, cells.FILE_BLOCK, threads))


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
                    self.tables[id(node)] = Table(("axis", index), (index,), cells.table(axis))
        return all(v.node is not None and v.dimension is not None for row in self.shown for v in row)

    def columns(self) -> tuple[Column, ...]:
        """What is shown, each under a name of its own."""
        model = self.runs[0].model
        names = {axis.path for axis in self.axes}
        texts = [" ".join(one.text.split()) for one in self.shown[0]]
        made: list[Column] = []
        for one, text in zip(self.shown[0], texts, strict=True):
            assert one.dimension is not None
            unit = one.unit or default_unit(model, one.references, one.dimension)
            name = text if texts.count(text) == 1 and text not in names else f"{text} in {unit.word}"
            again = 2
            while name in names:
                name, again = f"{text} in {unit.word} ({again})", again + 1
            names.add(name)
            made.append(Column(text, unit, name))
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

    @property
    def changes_form(self) -> bool:
        """Whether an optimum is another problem in some of the cells, since what it rests on passes through zero."""
        return any(run.model.optima for run in self.runs) and any(axis.changes_sign for axis in self.numbers)

    def lower(self) -> bool:
        """The steps of all that is shown; False where there are none, since a value rests on an elasticity."""
        if self.changes_form:
            return False
        try:
            self.places = []
            for run, row in zip(self.runs, self.shown, strict=True):
                steps = Steps(self.builder, run, self.tables, at_points=True)
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
            tables = [Table(("axis", i), (i,), cells.table(axis)) for i, axis in enumerate(self.numbers)]
            roots = [*(self.builder.table(t.key, t.axes, t.values) for t in tables), *roots]
        return cells.scheduled(self.builder, roots, len(self.sizes))

    def at_points(self, request: Request | None) -> Swept | None:
        everything = range(len(self.combinations))
        count = math.prod(self.sizes.values())
        width = len(self.shown[0])
        progress = None if request is None else request.progress
        values: list[list[Any]] | None = None
        along: list[list[cells.Along]] | None = None
        crossed: tuple[Crossing, ...] = ()
        try:
            schedule = self.schedule(everything)
            if count * len(everything) * width <= MOST_KEPT:
                flat = cells.values(schedule, self.sizes)
                values = [flat[i * width : (i + 1) * width] for i in everything]
                self.found += only_of(f"sweep `{self.sweep.name}`", self._bounded(), self.of_file)
            else:
                threads = (request or Request()).options(self.settings).threads
                said = cells.along(schedule, self.sizes, threads, progress)
                along = [said[i * width : (i + 1) * width] for i in everything]
            crossed = tuple(crossings_of(self.empty(), schedule)) if values is not None else ()
        except Opaque:
            values = self._one_by_one(progress)
            if values is None:
                return None
        return replace(self.empty(), values=values, along=along, crossings=crossed)

    def _bounded(self) -> Iterator[Diagnostic]:
        """V221 for what leaves its bounds in some cell, on the way to what is shown."""
        known: set[tuple[object, str]] = set()
        for run, row in zip(self.runs, self.shown, strict=True):
            steps = Steps(self.builder, run, self.tables, at_points=True)
            bounded: list[tuple[State, str, int]] = []
            for node in run.below([one.node for one in row if one.node is not None]):
                owner = run.owner(node)
                if owner is None or owner[1] not in owner[0].formulas.bounds or id(node) in self.tables:
                    continue
                place = steps.place(node)
                if self.builder.steps[place].axes:
                    bounded.append((*owner, place))
            schedule = cells.scheduled(self.builder, [place for *_, place in bounded], len(self.sizes))
            said = cells.along(schedule, self.sizes, 1) if bounded else []
            for (state, name, _), one in zip(bounded, said, strict=True):
                key = (state.instance.name, name)
                if key not in known:
                    found = left_in(state, name, [one.least, one.greatest])
                    known |= {key} if found else set()
                    yield from found

    def _one_by_one(self, progress: Progress | None) -> list[list[Any]] | None:
        """Each cell as a run of its own, where a value rests on an elasticity or an optimum changes its form; None, and V227,
        where that would take too long."""
        swept, shape = self.empty(), [axis.size for axis in self.numbers]
        if swept.points > MOST_SINGLE:
            what = f"`{swept.name}` evaluates {swept.points:,} cells one by one"
            self.found.append(too_many(what, MOST_SINGLE, self.sweep.declaration.name_span, _NARROW))
            return None
        made: list[list[Any]] = []
        for number, run in enumerate(self.runs):
            rows: list[list[float]] = [[] for _ in self.shown[number]]
            for cell in range(swept.cells):
                with self._counted(number * swept.cells + cell, swept.points, progress):
                    there = self._cell(run, swept.index(cell))
                    for row, one in zip(rows, self.shown[number], strict=True):
                        row.append(math.nan if (v := there.value(one.node)) is None else v)
            made.append([cells.grid(row, shape) for row in rows])
        return made

    @contextmanager
    def _counted(self, done: int, points: int, progress: Progress | None) -> Iterator[None]:
        """While one cell is worked out by itself, so many others of all points being done."""
        try:
            yield
            if progress is not None:
                progress(done + 1, points)
        except (KeyboardInterrupt, Stopped):  # wherever in the cell it was
            raise Stopped(done, points, "points") from None

    def _instead(self, run: Run, index: Sequence[int]) -> dict[int, float]:
        """The numbers of one cell in place of those of the graph."""
        return {
            id(node): axis.values[i] * axis.unit.factor
            for axis, i in zip(self.numbers, index, strict=True)
            for node in numbers_of(run.model, axis)
        }

    def _cell(self, run: Run, index: Sequence[int]) -> Run:
        """The values in one cell, as if its numbers stood in the file."""
        there, _ = evaluate(run.model, self._instead(run, index))
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
        progress = None if request is None else request.progress
        if self.changes_form:
            return self._sampled_one_by_one(swept, options, progress)
        sampler = Sampler(options, {**self.tables}, self.sizes, progress)
        for run, row in zip(self.runs, self.shown, strict=True):
            for one in row:
                assert one.node is not None
                sampler.ask_value(run, one.node)
        found = sampler.sample()
        self.found += found.wrong
        points = self._one_by_one(progress) if found.opaque else None
        if found.opaque and points is None:
            return None
        made: list[list[list[Distribution | float]]] = []
        for number, row in enumerate(self.shown):
            cells_of: list[list[Distribution | float]] = []
            for column, one in enumerate(row):
                said = found.values.get(id(one.node))
                if said is None:  # it rests on an elasticity, which is that of the point values
                    said = [math.nan] if points is None else points[number][column].ravel().tolist()
                cells_of.append(said * swept.cells if len(said) == 1 else said)
            made.append(cells_of)
        errors = [[self._spread_out(found.errors.get(id(one.node)), swept.cells) for one in row] for row in self.shown]
        return replace(swept, options=options, sampled=made, found=found, errors=errors)

    def _spread_out(self, errors: list[float] | None, count: int) -> list[float] | None:
        return errors * count if errors is not None and len(errors) == 1 else errors

    def _sampled_one_by_one(self, swept: Swept, options: Options, progress: Progress | None) -> Swept | None:
        """Each cell sampled by itself, from the same draws."""
        if swept.points > MOST_SINGLE:
            what = f"`{swept.name}` samples {swept.points:,} cells one by one"
            self.found.append(too_many(what, MOST_SINGLE, self.sweep.declaration.name_span, _NARROW))
            return None
        made: list[list[list[Distribution | float]]] = []
        found: Sampled | None = None
        for number, run in enumerate(self.runs):
            columns: list[list[Distribution | float]] = [[] for _ in self.shown[number]]
            for cell in range(swept.cells):
                with self._counted(number * swept.cells + cell, swept.points, progress):
                    index = swept.index(cell)
                    sampler = Sampler(options, {**self._instead(run, index)})
                    there = self._cell(run, index)
                    for one in self.shown[number]:
                        assert one.node is not None
                        sampler.ask_value(there, one.node)
                    found = sampler.sample()
                    for column, one in zip(columns, self.shown[number], strict=True):
                        value = there.value(one.node)
                        [said] = found.values.get(id(one.node)) or [math.nan if value is None else value]
                        column.append(said)
            made.append(columns)
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
