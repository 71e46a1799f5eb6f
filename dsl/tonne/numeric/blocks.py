"""A schedule on numpy: in blocks that fit a cache, in buffers that are used again, on several threads.

Draws come in blocks of `BLOCK`: the random numbers of a block follow from the seed, the key of the stream and the number of
the block alone, so that any thread may compute any block and no digit depends on which did. A block is worked through in
pieces of `PIECE` draws. Along the axes of a sweep there are loops; a step is worked out in the outermost loop that moves it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tonne.numeric.schedule import (
    DRAWS,
    NORMAL,
    NUMBER,
    PICK,
    SOURCES,
    SPECIAL,
    TABLE,
    UNIFORM,
    Schedule,
    Step,
    function,
)

BLOCK = 65_536
# Long enough that a thread waits little for the interpreter between two steps, and still in a cache.
PIECE = 32_768
# Cells of a block of a sweep, which has few buffers: with 16,384 two threads were slower than one.
CELLS = 131_072


def stream(seed: int, op: str, key: str, block: int) -> np.random.Generator:
    """The random numbers of one source, which is of normal or of uniform draws, in one block."""
    digest = hashlib.blake2b(f"{op} {key}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    words = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(*words, block))))


class _Buffers:
    """Arrays that are given back when nothing further on needs them."""

    def __init__(self) -> None:
        self._free: dict[tuple[int, ...], list[Any]] = {}

    def take(self, shape: tuple[int, ...]) -> Any:
        free = self._free.get(shape)
        return free.pop() if free else np.empty(shape)

    def give(self, buffer: Any) -> None:
        self._free.setdefault(buffer.shape, []).append(buffer)


class Machine:
    """The steps of a schedule by the loop in which each is worked out, with their buffers.

    `loops` are axes from the outermost loop to the innermost; `shape` gives the shape of a step's array by its axes, or
    None for a scalar. `values` holds the value of each step once its loop was entered.
    """

    def __init__(
        self, schedule: Schedule, loops: Sequence[int], shape: Callable[[tuple[int, ...]], tuple[int, ...] | None]
    ) -> None:
        self.schedule = schedule
        self.loops = tuple(loops)
        self.values: list[Any] = [step.payload if step.op == NUMBER else None for step in schedule.steps]
        depth = {axis: i for i, axis in enumerate(self.loops)}
        self.level = [max((depth[a] for a in step.axes if a in depth), default=-1) for step in schedule.steps]
        self.tables: list[list[tuple[int, Step]]] = [[] for _ in range(len(self.loops) + 1)]
        self.streams: dict[tuple[str, str], np.random.Generator] = {}
        self._calls: list[list[tuple[Any, ...]]] = [[] for _ in range(len(self.loops) + 1)]
        self._compile(shape)

    def _compile(self, shape: Callable[[tuple[int, ...]], tuple[int, ...] | None]) -> None:
        steps, roots = self.schedule.steps, set(self.schedule.roots)
        last: dict[int, tuple[int, int]] = {}  # the deepest and latest use of each step
        for at, step in enumerate(steps):
            for arg in step.args:
                last[arg] = max(last.get(arg, (-2, -1)), (self.level[at], at))
        by_level = sorted((at for at, s in enumerate(steps) if s.op != NUMBER), key=lambda at: (self.level[at], at))
        buffers, held = _Buffers(), dict[int, Any]()
        for at in by_level:
            step, level = steps[at], self.level[at]
            if step.op == TABLE:
                self.tables[level + 1].append((at, step))
                continue
            for arg in dict.fromkeys(step.args):
                if arg in held and arg not in roots and last[arg] == (level, at) and self.level[arg] == level:
                    buffers.give(held.pop(arg))
            room = shape(step.axes)
            buffer = None
            if room is not None and step.op not in SPECIAL:
                buffer = held[at] = buffers.take(room)
            self._calls[level + 1].append((self._function(step), step.args, at, buffer))

    def _function(self, step: Step) -> Callable[..., Any]:
        """What works a step out: it takes the values of its arguments and a buffer, or None, and gives its value."""
        payload, streams = step.payload, self.streams
        if step.op == NORMAL:
            return lambda out: streams[NORMAL, payload].standard_normal(out=out)
        if step.op == UNIFORM:
            return lambda out: streams[UNIFORM, payload].random(out=out)
        if step.op == PICK:
            return lambda found, out: found[payload]
        if step.op in SPECIAL:
            return lambda *given, out: payload(given)
        return function(step.op)

    def work(self, level: int) -> None:
        """Works out the steps of a loop; level -1 is before all loops."""
        values = self.values
        for call, args, at, buffer in self._calls[level + 1]:
            if len(args) == 2:
                values[at] = call(values[args[0]], values[args[1]], out=buffer)
            elif len(args) == 1:
                values[at] = call(values[args[0]], out=buffer)
            else:
                values[at] = call(*[values[a] for a in args], out=buffer)


class DrawMachine:
    """A schedule over draws, and over the cells of a sweep for each piece of draws."""

    def __init__(self, schedule: Schedule, sizes: dict[int, int], seed: int) -> None:
        self.schedule = schedule
        self.axes = tuple(sorted(sizes))
        self.sizes = sizes
        self.seed = seed
        self._machines: dict[int, Machine] = {}

    def _machine(self, count: int) -> Machine:
        if count not in self._machines:
            self._machines[count] = Machine(
                self.schedule, (DRAWS, *self.axes), lambda axes: (count,) if DRAWS in axes else None
            )
            self._machines[count].work(-1)
        return self._machines[count]

    def pieces(self, block: int, draws: int, cells: range | None = None) -> Iterator[tuple[int, list[Any]]]:
        """For each piece of a block and each cell of the sweep, or some neighbouring ones: the number of the cell, the values
        of the roots."""
        cells = range(math.prod(self.sizes.values())) if cells is None else cells
        keys = [(step.op, step.payload) for step in self.schedule.steps if step.op in SOURCES]
        streams = {(op, key): stream(self.seed, op, key, block) for op, key in keys}
        for start in range(0, min(BLOCK, draws - block * BLOCK), PIECE):
            count = min(PIECE, draws - block * BLOCK - start)
            machine = self._machine(count)
            machine.streams.update(streams)
            machine.work(0)
            yield from self._cells(machine, 0, (), 0, cells)

    def _cells(
        self, machine: Machine, depth: int, index: tuple[int, ...], cell: int, cells: range
    ) -> Iterator[tuple[int, list[Any]]]:
        if depth == len(self.axes):
            yield cell, [machine.values[root] for root in self.schedule.roots]
            return
        axis = self.axes[depth]
        below = math.prod(self.sizes[a] for a in self.axes[depth + 1 :])
        for i in range(self.sizes[axis]):
            number = cell * self.sizes[axis] + i
            if (number + 1) * below <= cells.start or number * below >= cells.stop:
                continue
            here = (*index, i)
            for at, step in machine.tables[depth + 2]:
                machine.values[at] = step.payload[tuple(here[self.axes.index(a)] for a in step.axes)]
            machine.work(depth + 1)
            yield from self._cells(machine, depth + 1, here, number, cells)


class CellMachine:
    """A schedule over the cells of a sweep, without draws: loops along the outer axes, arrays along the inner ones.

    Cells are in the order of the axes, the last fastest. A block is a piece of one axis and all of the axes after it.
    """

    def __init__(self, schedule: Schedule, sizes: dict[int, int], piece: int = CELLS) -> None:
        self.schedule = schedule
        self.axes = tuple(sorted(sizes))
        self.sizes = sizes
        inner, split = 1, len(self.axes)
        while split > 0 and inner * sizes[self.axes[split - 1]] <= piece:
            split -= 1
            inner *= sizes[self.axes[split]]
        self.outer = self.axes[: max(split - 1, 0)]
        self.cut = self.axes[split - 1] if split > 0 else None
        self.inner = self.axes[split:]
        self.step = max(1, piece // inner)
        self.inner_size = inner
        self._machines: dict[int, Machine] = {}
        self._entered: tuple[int | None, tuple[int, ...]] = (None, ())

    @property
    def blocks(self) -> int:
        count = 1
        for axis in self.outer:
            count *= self.sizes[axis]
        return count * (1 if self.cut is None else -(-self.sizes[self.cut] // self.step))

    def _machine(self, count: int) -> Machine:
        if count not in self._machines:
            machine = self._machines[count] = Machine(
                self.schedule,
                (*self.outer, *(() if self.cut is None else (self.cut,))),
                lambda axes: self._shape(axes, count),
            )
            for at, step in machine.tables[0]:
                machine.values[at] = self._laid_out(step, step.payload)
            machine.work(-1)
        return self._machines[count]

    def _shape(self, axes: tuple[int, ...], count: int) -> tuple[int, ...] | None:
        arrays = (*(() if self.cut is None else (self.cut,)), *self.inner)
        if not set(axes) & set(arrays):
            return None
        return tuple((count if a == self.cut else self.sizes[a]) if a in axes else 1 for a in arrays)

    def _laid_out(self, step: Step, values: Any) -> Any:
        """A table over some of the array axes with a dimension for each of them."""
        arrays = (*(() if self.cut is None else (self.cut,)), *self.inner)
        own = [a for a in step.axes if a in arrays]
        shape = tuple(values.shape[own.index(a)] if a in own else 1 for a in arrays)
        return np.asarray(values).reshape(shape) if own else values

    def block(self, number: int) -> tuple[int, int, list[Any]]:
        """The first cell of a block, how many cells it has, and the value of each root in them: flat, or a scalar."""
        slices = 1 if self.cut is None else -(-self.sizes[self.cut] // self.step)
        rest, piece = divmod(number, slices)
        index: list[int] = []
        for axis in reversed(self.outer):
            rest, i = divmod(rest, self.sizes[axis])
            index.insert(0, i)
        start = piece * self.step
        count = 1 if self.cut is None else min(self.step, self.sizes[self.cut] - start)
        machine = self._machine(count)
        for level in range(self._unchanged(count, index), len(self.outer)):
            for at, step in machine.tables[level + 1]:
                machine.values[at] = self._picked(step, index, None)
            machine.work(level)
        self._entered = (count, tuple(index))
        if self.cut is not None:
            for at, step in machine.tables[len(self.outer) + 1]:
                machine.values[at] = self._picked(step, index, slice(start, start + count))
            machine.work(len(self.outer))
        first = 0
        for axis, i in zip(self.outer, index, strict=True):
            first = first * self.sizes[axis] + i
        first = (first * (1 if self.cut is None else self.sizes[self.cut]) + start) * self.inner_size
        return first, count * self.inner_size, [machine.values[root] for root in self.schedule.roots]

    def shape(self, count: int) -> tuple[int, ...]:
        """The shape of a block of so many cells."""
        if self.cut is None:
            return tuple(self.sizes[a] for a in self.inner)
        return (count // self.inner_size, *(self.sizes[a] for a in self.inner))

    def flat(self, value: Any, count: int) -> Any:
        """A root in all cells of a block, one after the other."""
        return np.broadcast_to(value, self.shape(count)).reshape(-1)

    def _picked(self, step: Step, index: Sequence[int], cut: slice | None) -> Any:
        where = tuple(
            index[self.outer.index(a)]
            if a in self.outer
            else (cut if a == self.cut and cut is not None else slice(None))
            for a in step.axes
        )
        return self._laid_out(step, step.payload[where])

    def _unchanged(self, count: int, index: Sequence[int]) -> int:
        """How many of the outer loops stand where they stood."""
        before_count, before = self._entered
        if before_count != count:
            return 0
        same = 0
        while same < len(before) and before[same] == index[same]:
            same += 1
        return same
