"""Draws of a schedule, counted: on several threads, in memory that does not grow with the number of draws.

Each thread works through blocks of its own and counts what it sees; counts are added when all are done, sums are kept by
block and added in their order, so that no digit depends on the number of threads. Of a sweep with many cells some are counted
at a time, and of each only what is asked for is kept.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from tonne.draw_options import Options, Progress, Stopped
from tonne.numeric.blocks import BLOCK, PIECE, DrawMachine
from tonne.numeric.schedule import Schedule
from tonne.numeric.tally import QUANTILE_ERROR, Exact, Scale, Tally, moments
from tonne.values import Record, Unprinted, replace

# The quantiles that every value is told with.
LOW, MEDIAN, HIGH = 0.05, 0.5, 0.95
# Draws by which bins are laid out, before any is counted.
FIRST_LOOK = 8_192
# Values of cells that are counted at a time: each takes up to half a megabyte until then.
AT_ONCE = 150


class Distribution(Unprinted, Record, frozen=True, eq=False):
    """What was seen of a value, in base units. `draws` are those in which it was a finite number, of `of`.

    `error` is how far a quantile may be from that of the draws themselves, as a share of the value; 0 where it is exact.
    """

    draws: int
    of: int
    mean: float
    sd: float
    least: float
    greatest: float
    error: float
    _tally: Tally | None
    _exact: Exact | None = None
    _told: dict[float, float] | None = None

    def percentile(self, share: float) -> float:
        """The value below which a share of the draws lies; of a cell of a large sweep, one of those that were asked for."""
        if self._told is not None:
            return self._told[share]
        assert self._tally is not None
        if self._exact is not None and share in self._exact.ranks:
            return self._exact.quantile(share)
        return self._tally.quantile(share)

    def only(self, shares: Iterable[float]) -> Distribution:
        """The same with no other percentiles, and without the counts."""
        return replace(self, _tally=None, _exact=None, _told={share: self.percentile(share) for share in shares})

    @property
    def low(self) -> float:
        return self.percentile(LOW)

    @property
    def median(self) -> float:
        return self.percentile(MEDIAN)

    @property
    def high(self) -> float:
        return self.percentile(HIGH)

    @property
    def standard_error(self) -> float:
        """Of the mean; that of the median of a normal is a quarter more."""
        return self.sd / math.sqrt(self.draws) if self.draws else math.nan

    def shares_below(self, values: Sequence[float]) -> list[float]:
        """The shares of the draws that lie below each of some values, for a picture."""
        assert self._tally is not None
        edges, counts = self._tally.bins()
        return np.interp(values, edges, np.concatenate(([0], np.cumsum(counts))) / max(self.draws, 1)).tolist()


def sample(
    schedule: Schedule,
    sizes: dict[int, int],
    options: Options,
    shares: Sequence[tuple[float, ...]],
    progress: Progress | None = None,
) -> list[list[Distribution]]:
    """The distribution of each root of a schedule, for each cell of a sweep (one, where there is none).

    `sizes` are the axes of the sweep, `shares` the quantiles that each root is asked for; none for a root of which only the
    mean is wanted, such as whether a test holds. `Stopped` when the work is interrupted.
    """
    cells = math.prod(sizes.values())
    step = max(1, AT_ONCE // max(1, len(shares)))
    parts = [range(first, min(first + step, cells)) for first in range(0, cells, step)]
    course = _Course(options, (2 if options.exact and any(shares) else 1) * len(parts), progress)
    if len(parts) == 1:
        return _counted(schedule, sizes, options, shares, parts[0], course)

    def some(part: range) -> list[list[Distribution]]:
        found = _counted(schedule, sizes, one_thread, shares, part, course)
        return [[one.only(asked) for one, asked in zip(cell, shares, strict=True)] for cell in found]

    # threads have parts of their own where they are as many, else blocks
    threads = options.threads if len(parts) >= options.threads else 1
    one_thread = replace(options, threads=1) if threads > 1 else options
    return [cell for found in course.each(some, parts, threads) for cell in found]


def _counted(
    schedule: Schedule,
    sizes: dict[int, int],
    options: Options,
    shares: Sequence[tuple[float, ...]],
    cells: range,
    course: _Course,
) -> list[list[Distribution]]:
    work = _Work(schedule, sizes, options, shares, cells, course)
    work.run(work.count)
    if options.exact and any(shares):
        work.gather()
    return work.distributions()


class _Course:
    """How far the work is: `passes` over all draws are to be made. An interruption of one thread stops all of them."""

    def __init__(self, options: Options, passes: int, progress: Progress | None) -> None:
        self.draws = options.draws
        self.passes = passes
        self.progress = progress
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.done = 0

    def advance(self, draws: int) -> None:
        with self.lock:
            self.done += draws
            if self.progress is not None:
                self.progress(self.done // self.passes, self.draws)

    def each(self, work: Callable[[Any], Any], parts: Sequence[Any], threads: int) -> list[Any]:
        """Work on each of the parts; an interruption stops it at the next block."""
        try:
            if threads == 1 or len(parts) == 1:
                return [work(part) for part in parts]
            with ThreadPoolExecutor(threads) as pool:
                futures = [pool.submit(work, part) for part in parts]
                try:
                    wait(futures, return_when=FIRST_EXCEPTION)
                finally:
                    if any(not one.done() or one.exception() for one in futures):
                        self.stop.set()
                        pool.shutdown(wait=False, cancel_futures=True)
                return [future.result() for future in futures]
        except KeyboardInterrupt:
            raise Stopped(self.done // self.passes, self.draws, "draws") from None


class _Work:
    """The draws of some neighbouring cells, counted."""

    def __init__(
        self,
        schedule: Schedule,
        sizes: dict[int, int],
        options: Options,
        shares: Sequence[tuple[float, ...]],
        cells: range,
        course: _Course,
    ) -> None:
        self.schedule = schedule
        self.sizes = sizes
        self.options = options
        self.shares = shares
        self.cells = cells
        self.course = course
        self.blocks = -(-options.draws // BLOCK)
        self.sums = np.zeros((len(cells), len(shares), 2, self.blocks))
        with np.errstate(all="ignore"):
            self.scales = self._scales()
        self.tallies: list[list[Tally]] = []
        self.exact: list[list[Exact]] | None = None

    def _machine(self) -> DrawMachine:
        return DrawMachine(self.schedule, self.sizes, self.options.seed)

    def _scales(self) -> list[list[Scale]]:
        """From a first look at the first draws of each cell."""
        first = min(self.options.draws, FIRST_LOOK)
        return [
            [Scale(np.asarray(v, np.float64).reshape(-1)) for v in values]
            for _, values in self._machine().pieces(0, first, self.cells)
        ]

    def _tallies(self) -> list[list[Tally]]:
        return [[Tally(scale) for scale in scales] for scales in self.scales]

    # ── passes over all blocks ──

    def _each(self, work: Callable[[Sequence[int]], Any]) -> list[Any]:
        """Work on the blocks of each thread."""
        threads = max(1, min(self.options.threads, self.blocks))
        return self.course.each(work, [range(i, self.blocks, threads) for i in range(threads)], threads)

    def _pieces(self, blocks: Sequence[int]) -> Iterator[tuple[int, int, list[Any]]]:
        """The block, the number of the cell among those that are counted, and the values."""
        machine = self._machine()
        for block in blocks:
            if self.course.stop.is_set():
                return
            for cell, values in machine.pieces(block, self.options.draws, self.cells):
                yield block, cell - self.cells.start, values
            self.course.advance(min(BLOCK, self.options.draws - block * BLOCK))

    def run(self, work: Callable[[Sequence[int]], list[list[Tally]]]) -> None:
        self.tallies, *others = self._each(work)
        for counted in others:
            for mine, theirs in zip(self.tallies, counted, strict=True):
                for tally, other in zip(mine, theirs, strict=True):
                    tally.merge(other)

    def count(self, blocks: Sequence[int]) -> list[list[Tally]]:
        tallies = self._tallies()
        scratch = np.empty(PIECE)
        binned = [bool(shares) for shares in self.shares]
        with np.errstate(all="ignore"):
            for block, cell, values in self._pieces(blocks):
                sums = self.sums[cell]
                for root, found in enumerate(values):
                    value = found.astype(np.float64, copy=False)  # of a test: whether it holds
                    total, square = tallies[cell][root].add(value, scratch[: value.size], binned=binned[root])
                    sums[root, 0, block] += total
                    sums[root, 1, block] += square
        return tallies

    def gather(self) -> None:
        """The second pass, for exact quantiles."""

        def fresh() -> list[list[Exact]]:
            return [
                [Exact(tally, shares) for tally, shares in zip(tallies, self.shares, strict=True)]
                for tallies in self.tallies
            ]

        def work(blocks: Sequence[int]) -> list[list[Exact]]:
            found = fresh()
            with np.errstate(all="ignore"):
                for _, cell, values in self._pieces(blocks):
                    for root, value in enumerate(values):
                        if self.shares[root]:
                            found[cell][root].add(value)
            return found

        self.exact = fresh()
        for gathered in self._each(work):
            for mine, theirs in zip(self.exact, gathered, strict=True):
                for one, other in zip(mine, theirs, strict=True):
                    one.merge(other)

    def distributions(self) -> list[list[Distribution]]:
        return [
            [self._distribution(cell, root, tally) for root, tally in enumerate(tallies)]
            for cell, tallies in enumerate(self.tallies)
        ]

    def _distribution(self, cell: int, root: int, tally: Tally) -> Distribution:
        totals, squares = self.sums[cell, root]
        mean, sd = moments(tally.count, tally.scale.shift, totals, squares, tally.scale.unit)
        exact = None if self.exact is None else self.exact[cell][root]
        error = 0.0 if exact is not None else QUANTILE_ERROR
        return Distribution(tally.count, tally.count + tally.bad, mean, sd, tally.low, tally.high, error, tally, exact)
