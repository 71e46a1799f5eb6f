"""Draws of a schedule, counted: on several threads, in memory that does not grow with the number of draws.

Each thread works through blocks of its own and counts what it sees; counts are added when all are done, sums are kept by
block and added in their order, so that no digit depends on the number of threads.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from tonne.draw_options import Options, Progress, Stopped
from tonne.numeric.blocks import BLOCK, PIECE, DrawMachine
from tonne.numeric.schedule import Schedule
from tonne.numeric.tally import QUANTILE_ERROR, Exact, Floats, Scale, Tally, moments
from tonne.values import Record, Unprinted

# The quantiles that every value is told with.
LOW, MEDIAN, HIGH = 0.05, 0.5, 0.95
# Draws by which bins are laid out, before any is counted.
FIRST_LOOK = 8_192


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
    _tally: Tally
    _exact: Exact | None = None

    def percentile(self, share: float) -> float:
        """The value below which a share of the draws lies."""
        if self._exact is not None and share in self._exact.ranks:
            return self._exact.quantile(share)
        return self._tally.quantile(share)

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

    def bins(self) -> tuple[Floats, Any]:
        """Edges and counts, for a picture."""
        return self._tally.bins()


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
    work = _Work(schedule, sizes, options, shares, progress)
    work.run(work.count)
    if options.exact and any(shares):
        work.gather()
    return work.distributions()


class _Work:
    def __init__(
        self,
        schedule: Schedule,
        sizes: dict[int, int],
        options: Options,
        shares: Sequence[tuple[float, ...]],
        progress: Progress | None,
    ) -> None:
        self.schedule = schedule
        self.sizes = sizes
        self.options = options
        self.shares = shares
        self.progress = progress
        self.blocks = -(-options.draws // BLOCK)
        self.cells = math.prod(sizes.values())
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.done = 0
        self.passes = 2 if options.exact and any(shares) else 1
        self.sums = np.zeros((self.cells, len(shares), 2, self.blocks))
        with np.errstate(all="ignore"):
            self.scales = self._scales()
        self.tallies = self._tallies()
        self.exact: list[list[Exact]] | None = None

    def _machine(self) -> DrawMachine:
        return DrawMachine(self.schedule, self.sizes, self.options.seed)

    def _scales(self) -> list[list[Scale]]:
        """From a first look at the first draws of each cell."""
        first = min(self.options.draws, FIRST_LOOK)
        found: list[list[Scale]] = []
        for _, values in self._machine().pieces(0, first):
            found.append([Scale(np.asarray(v, np.float64).reshape(-1)) for v in values])
        return found

    def _tallies(self) -> list[list[Tally]]:
        return [[Tally(scale) for scale in scales] for scales in self.scales]

    # ── passes over all blocks ──

    def _each(self, work: Callable[[Sequence[int]], Any]) -> list[Any]:
        """Work on the blocks of each thread; an interruption of one stops all of them at their next block."""
        threads = max(1, min(self.options.threads, self.blocks))
        parts = [range(i, self.blocks, threads) for i in range(threads)]
        try:
            if threads == 1:
                return [work(parts[0])]
            with ThreadPoolExecutor(threads) as pool:
                futures = [pool.submit(work, part) for part in parts]
                try:
                    wait(futures, return_when=FIRST_EXCEPTION)
                finally:
                    if any(not one.done() or one.exception() for one in futures):
                        self.stop.set()
                return [future.result() for future in futures]
        except KeyboardInterrupt:
            raise Stopped(self.done // self.passes, self.options.draws, "draws") from None

    def _pieces(self, blocks: Sequence[int]) -> Iterator[tuple[int, int, list[Any]]]:
        machine = self._machine()
        for block in blocks:
            if self.stop.is_set():
                return
            for cell, values in machine.pieces(block, self.options.draws):
                yield block, cell, values
            self._advance(min(BLOCK, self.options.draws - block * BLOCK))

    def _advance(self, draws: int) -> None:
        with self.lock:
            self.done += draws
            if self.progress is not None:
                self.progress(self.done // self.passes, self.options.draws)

    def run(self, work: Callable[[Sequence[int]], list[list[Tally]]]) -> None:
        for counted in self._each(work):
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
