"""The cells of a sweep: all of them in an array, one block after the other, or only what is said of them together.

Takes the roots of a builder and the sizes of the axes of numbers; cells are in the order of the axes, the last fastest.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from tonne.axes import Axis, Spaced
from tonne.draw_options import Progress, Stopped
from tonne.numeric.blocks import CellMachine
from tonne.numeric.schedule import TABLE, Builder, Schedule, arranged
from tonne.units import Unit
from tonne.values import Record, Unprinted, replace

Floats = npt.NDArray[np.float64]
# Rounds of a search for where two curves cross, and points of each.
_ROUNDS, _POINTS = 14, 17
# Curves that differ by less, as a share of their values, are the same but for rounding.
_ALIKE = 1e-12
# Cells of a block that goes to a file.
FILE_BLOCK = 1 << 18


class Along(Unprinted, Record, frozen=True, eq=False):
    """What is said of one value over all cells: least and greatest with the number of their cell, and the mean.

    `count` is how many cells have a finite value.
    """

    count: int
    least: float
    least_at: int
    greatest: float
    greatest_at: int
    mean: float


class Along1D:
    """Very many values of one axis, worked out where they are asked for."""

    ndim = 1

    def __init__(self, name: str, low: float, high: float, count: int, scale: float) -> None:
        self.name, self.low, self.high, self.scale = name, low, high, scale
        self.shape = (count,)

    def __getitem__(self, where: Any) -> Any:
        at = where[0] if isinstance(where, tuple) else where
        index = np.arange(*at.indices(self.shape[0])) if isinstance(at, slice) else np.asarray(at)
        share = index / (self.shape[0] - 1)
        linear = self.name == "linear"
        found = self.low + share * (self.high - self.low) if linear else self.low * (self.high / self.low) ** share
        found = np.where(index == self.shape[0] - 1, self.high, found) * self.scale
        return found if isinstance(at, slice) else np.float64(found)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self[:]


def table(axis: Axis) -> Any:
    """The values of one axis in base units, as the graph has a number that is written in its unit."""
    if isinstance(axis.values, Spaced):
        one = axis.values
        return Along1D(one.name, one.low, one.high, one.size, axis.unit.factor)
    return np.asarray(axis.values, np.float64) * axis.unit.factor


def grid(values: Sequence[Any], shape: Sequence[int]) -> Floats:
    """The values of cells in order, with one dimension an axis."""
    return np.reshape(np.asarray(values, np.float64), tuple(shape))


def constant_column(value: int, count: int) -> npt.NDArray[np.int32]:
    """So many rows with one index."""
    return np.full(count, value, np.int32)


def in_unit(values: Any, unit: Unit) -> Floats:
    """Values in base units as those of a unit."""
    return np.asarray(values, np.float64) if unit.factor == 1 else np.asarray(values, np.float64) / unit.factor


def pieces(axes: Sequence[Axis], columns: Sequence[Any]) -> Iterator[tuple[int, int, list[Floats]]]:
    """Cells that are all there, some at a time as `blocks` does: each axis of numbers and each column, in base units."""
    tables, shape = [table(axis) for axis in axes], tuple(axis.size for axis in axes)
    flat, cells = [np.asarray(column, np.float64).reshape(-1) for column in columns], math.prod(shape)
    for first in range(0, cells, FILE_BLOCK):
        last = min(first + FILE_BLOCK, cells)
        places = np.unravel_index(np.arange(first, last), shape) if shape else ()
        along = [one[place] for one, place in zip(tables, places, strict=True)]
        yield first, last - first, [*along, *(column[first:last] for column in flat)]


def scheduled(builder: Builder, roots: Sequence[int], axes: int) -> Schedule:
    return arranged(builder, roots, {axis: axis for axis in range(axes)})


def values(schedule: Schedule, sizes: dict[int, int]) -> list[Floats]:
    """Each root in all cells, with one dimension an axis."""
    shape = tuple(sizes[axis] for axis in sorted(sizes))
    found = [np.empty(math.prod(shape)) for _ in schedule.roots]
    for first, count, block in blocks(schedule, sizes):
        for array, one in zip(found, block, strict=True):
            array[first : first + count] = one
    return [array.reshape(shape) for array in found]


def blocks(
    schedule: Schedule, sizes: dict[int, int], piece: int | None = None, threads: int = 1
) -> Iterator[tuple[int, int, list[Floats]]]:
    """The cells in order, some at a time: the number of the first, how many, and each root in them."""
    made = threading.local()

    def machine() -> CellMachine:
        if not hasattr(made, "machine"):
            made.machine = CellMachine(schedule, sizes) if piece is None else CellMachine(schedule, sizes, piece)
        return made.machine  # type: ignore[no-any-return]

    def work(number: int) -> tuple[int, int, list[Floats]]:
        with np.errstate(all="ignore"):
            first, count, found = machine().block(number)
            return first, count, [np.array(machine().flat(one, count)) for one in found]

    total = machine().blocks
    if threads == 1:
        yield from map(work, range(total))
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[int, int, list[Floats]]]] = deque()
        try:
            for number in range(total):
                waiting.append(pool.submit(work, number))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def along(schedule: Schedule, sizes: dict[int, int], threads: int, progress: Progress | None = None) -> list[Along]:
    """What is said of each root over all cells, which are not kept."""
    machine = CellMachine(schedule, sizes)
    total, cells = machine.blocks, math.prod(sizes.values())
    threads = max(1, min(threads, total))
    # each thread has a run of neighbouring blocks, so that what an outer loop works out is worked out once
    parts = [range(total * i // threads, total * (i + 1) // threads) for i in range(threads)]
    stop, lock, done = threading.Event(), threading.Lock(), [0]

    def work(part: range) -> list[_Extremes]:
        machine = CellMachine(schedule, sizes)
        found = [_Extremes(part) for _ in schedule.roots]
        ahead = 0
        with np.errstate(all="ignore"):
            for row, number in enumerate(part):
                if stop.is_set():
                    break
                _, count, block = machine.block(number)
                for one, value in zip(found, block, strict=True):
                    one.add(row, value, count)
                ahead += count
                if row % 64 == 63 or row + 1 == len(part):
                    with lock:
                        done[0] += ahead
                        if progress is not None:
                            progress(done[0], cells)
                    ahead = 0
        return found

    try:
        if threads == 1:
            parts_found = [work(parts[0])]
        else:
            with ThreadPoolExecutor(threads) as pool:
                try:
                    parts_found = list(pool.map(work, parts))
                except BaseException:
                    stop.set()
                    raise
    except KeyboardInterrupt:
        raise Stopped(done[0], cells, "points") from None
    roots = range(len(schedule.roots))
    return _located(machine, [_along([part[root] for part in parts_found]) for root in roots])


def along_of(values: Any) -> Along:
    """The same of values that are all there, one a cell."""
    flat = np.asarray(values, np.float64).reshape(-1)
    known = np.isfinite(flat)
    count = int(known.sum())
    if not count:
        return Along(0, math.nan, 0, math.nan, 0, math.nan)
    low, high = int(np.argmin(np.where(known, flat, np.inf))), int(np.argmax(np.where(known, flat, -np.inf)))
    mean = float(flat.mean(where=known))
    return Along(count, float(flat[low]), low, float(flat[high]), high, mean)


class _Extremes:
    """Per block of one thread: its number, least and greatest, the sum and how many are finite."""

    def __init__(self, blocks: range) -> None:
        self.blocks = np.array(blocks)
        self.numbers = np.empty((3, len(blocks)))
        self.counts = np.zeros(len(blocks), np.int64)

    def add(self, row: int, value: Any, count: int) -> None:
        """A root in a block of so many cells, broadcast to fewer where it is the same in several."""
        flat = np.asarray(value)
        repeated = count // flat.size
        least, greatest, total = float(flat.min()), float(flat.max()), float(flat.sum())
        known = flat.size
        if not (math.isfinite(least) and math.isfinite(greatest)):
            flat = flat[np.isfinite(flat)]
            known = flat.size
            least, greatest = (float(flat.min()), float(flat.max())) if known else (np.inf, -np.inf)
            total = float(flat.sum())
        self.numbers[:, row] = least, greatest, total * repeated
        self.counts[row] = known * repeated


def _along(parts: Sequence[_Extremes]) -> Along:
    """`least_at` and `greatest_at` are numbers of blocks, until `_located` finds the cells."""
    least, greatest, total = (np.concatenate([part.numbers[i] for part in parts]) for i in range(3))
    blocks, known = np.concatenate([part.blocks for part in parts]), sum(int(part.counts.sum()) for part in parts)
    low, high = int(np.argmin(least)), int(np.argmax(greatest))
    mean = math.fsum(total) / known if known else math.nan
    return Along(known, float(least[low]), int(blocks[low]), float(greatest[high]), int(blocks[high]), mean)


def _located(machine: CellMachine, found: Sequence[Along]) -> list[Along]:
    """The same with the cells of the least and the greatest value, from the blocks that hold them."""

    def cell(root: int, number: int, value: float) -> int:
        first, count, block = machine.block(number)
        return first + int(np.argmax(machine.flat(block[root], count) == value))

    with np.errstate(all="ignore"):
        return [
            replace(one, least_at=cell(i, one.least_at, one.least), greatest_at=cell(i, one.greatest_at, one.greatest))
            for i, one in enumerate(found)
        ]


# ── where two options cross ──


def crossings(
    schedule: Schedule,
    sizes: dict[int, int],
    axis: int,
    pairs: Sequence[tuple[int, int]],
    cells: Sequence[int] | None = None,
) -> list[list[tuple[float, bool]]]:
    """Per pair of roots, the values of an axis at which they cross, and whether the first is the lesser below.

    The other axes stand at the index that `cells` gives for each of them. Between two neighbouring values of the axis at most
    one crossing is found.
    """
    fixed = dict(enumerate(cells or ()))
    table = next((s for s in schedule.steps if s.op == TABLE and s.axes == (axis,)), None)
    if table is None or not pairs:
        return [[] for _ in pairs]
    grid = np.asarray(table.payload, np.float64)
    order = np.argsort(grid)
    found: list[list[tuple[float, bool]]] = []
    at = _curve(schedule, sizes, axis, fixed)
    curves = at(grid[order])
    points = grid[order].tolist()
    for one, other in pairs:
        signs = _signs(curves[one], curves[other]).tolist()
        crossed: list[tuple[float, bool]] = []
        last = 0  # the place of the last point where one is clearly the lesser
        for i in range(1, len(signs)):
            if signs[i] == 0:
                continue
            if signs[last] * signs[i] < 0:
                value = _refined(at, one, other, points[last], points[i]) if i == last + 1 else points[last + 1]
                if i <= last + 2:  # else they are one curve for a while
                    crossed.append((float(value), signs[last] < 0))
            last = i
        found.append(crossed)
    return found


def _signs(one: Floats, other: Floats) -> Floats:
    """Which of two curves is the lesser at each point, 0 where they differ by no more than rounding."""
    with np.errstate(all="ignore"):
        apart = one - other
        alike = np.abs(apart) <= _ALIKE * np.maximum(np.abs(one), np.abs(other))
        return np.where(alike | np.isnan(apart), 0.0, np.sign(apart))


def _curve(
    schedule: Schedule, sizes: dict[int, int], axis: int, fixed: dict[int, int]
) -> Callable[[Floats], list[Floats]]:
    """The roots as functions of one axis, along any values."""

    def at(points: Floats) -> list[Floats]:
        moved = []
        for step in schedule.steps:
            if step.op == TABLE and step.axes == (axis,):
                step = replace(step, payload=points)
            elif step.op == TABLE:
                where = tuple(
                    slice(None) if a == axis else slice(fixed.get(a, 0), fixed.get(a, 0) + 1) for a in step.axes
                )
                step = replace(step, payload=np.asarray(step.payload)[where])
            moved.append(step)
        there = {a: (points.size if a == axis else 1) for a in sizes}
        found = values(Schedule(tuple(moved), schedule.roots), there)
        return [one.reshape(-1) for one in found]

    return at


def _refined(at: Callable[[Floats], list[Floats]], one: int, other: int, low: float, high: float) -> float:
    for _ in range(_ROUNDS):
        points = np.linspace(low, high, _POINTS)
        curves = at(points)
        with np.errstate(all="ignore"):
            signs = np.sign(curves[one] - curves[other])
        exact = np.flatnonzero(signs == 0)
        if exact.size:
            return float(points[exact[0]])
        turns = np.flatnonzero(signs[:-1] * signs[1:] < 0)
        if turns.size == 0:
            break
        low, high = float(points[turns[0]]), float(points[turns[0] + 1])
    return (low + high) / 2
