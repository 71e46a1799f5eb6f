"""Statistics of draws that are seen once and not kept: mean, standard deviation, extremes, quantiles.

A `Tally` counts values in bins that are narrow in proportion to the value; counts are added, so that neither the order of the
blocks nor who computed them shows. A quantile is within a bin of the value: 0.1 %, or a 128th of the distance between the
quartiles where that is less. Sums are kept by block and added in the order of the blocks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Bits of the mantissa that a bin keeps: 2**-10 of the value is a bin.
_BITS = 10
_MOST_BITS = 40
_MANTISSA = 52
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)
# Values this much smaller than the smallest hundredth of those that were seen first are told as zero.
_NOTHING = 2.0**-20
_TINY = 2.0**-900
# Bins of one tally at most; beyond, neighbours become one.
_MOST_BINS = 1 << 22
# The width of a bin, as a share of the value: values that repeat may all stand at one end of it.
QUANTILE_ERROR = 2.0**-_BITS


class Scale:
    """How finely values are binned, from a first look at some of them.

    Sums are taken about `shift`, in units of `unit`, a power of two that is 1 unless squares would leave the range of floats.
    """

    def __init__(self, values: Floats) -> None:
        known = values[np.isfinite(values)]
        low, middle, high = map(float, np.quantile(known, (0.25, 0.5, 0.75))) if known.size else (0.0, 0.0, 0.0)
        self.shift = middle
        spread = high / 2 - low / 2  # apart, which may be too large for a number
        if spread == 0 and known.size:
            largest = float(np.max(np.abs(known - middle)))
            spread = float(np.std((known - middle) / largest)) * largest if 0 < largest < math.inf else 0.0
        self.unit = 1.0 if 1e-140 < spread < 1e140 or not spread else 2.0 ** min(max(_exponent(spread), -1000), 1000)
        bits = _BITS
        if spread and middle:
            bits = max(bits, _exponent(middle) - _exponent(spread) + 8)
        self.drop = _MANTISSA - min(bits, _MOST_BITS)
        sizes = np.abs(known[known != 0])
        smallest = float(np.quantile(sizes, 0.01)) * _NOTHING if sizes.size else _TINY
        self.floor = int(np.float64(smallest).view(np.int64)) >> self.drop

    def keys(self, values: Floats, low: float) -> Counts:
        """The bin of each value, the least of which is `low`: whole numbers that grow with the value, 0 next to zero."""
        bits = values.view(np.int64)
        if low > 0:
            keys = bits >> self.drop
            keys -= self.floor
            return keys if keys.size == 0 or self.key(low) > 0 else np.maximum(keys, 0, out=keys)
        keys = (bits & _MAGNITUDE) >> self.drop
        keys -= self.floor
        np.maximum(keys, 0, out=keys)
        np.negative(keys, out=keys, where=bits < 0)
        return keys

    def key(self, value: float) -> int:
        key = max((int(np.float64(abs(value)).view(np.int64)) >> self.drop) - self.floor, 0)
        return key if value >= 0 else -key

    def ends(self, key: int) -> tuple[float, float]:
        """The values between which a bin lies."""
        if key == 0:
            edge = self._value(self.floor + 1)
            return -edge, edge
        low, high = self._value(abs(key) + self.floor), self._value(abs(key) + self.floor + 1)
        return (low, high) if key > 0 else (-high, -low)

    def _value(self, key: int) -> float:
        return float(np.int64(key << self.drop).view(np.float64))


def _exponent(value: float) -> int:
    return math.frexp(value)[1]


class Histogram:
    """Counts of bins, from bin `first` on. `coarse` neighbours, a power of two, are one bin."""

    def __init__(self, first: int = 0, counts: Counts | None = None, coarse: int = 0) -> None:
        self.first = first
        self.counts: Counts = np.zeros(0, np.int64) if counts is None else counts
        self.coarse = coarse
        self._cumulated: Counts | None = None  # until something is added

    def add(self, keys: Counts, low: int, high: int) -> None:
        """Adds keys that are not coarsened, the least and the greatest among them."""
        if self.coarse:
            keys, low, high = keys >> self.coarse, low >> self.coarse, high >> self.coarse
        first = min(low, self.first) if self.counts.size else low
        last = max(high, self.first + self.counts.size - 1) if self.counts.size else high
        if last - first >= _MOST_BINS:
            self._coarsen()
            self.add(keys << self.coarse - 1, low << self.coarse - 1, high << self.coarse - 1)
            return
        self._cover(first, last)
        keys -= low
        counted = np.bincount(keys)
        at = low - self.first
        self.counts[at : at + counted.size] += counted
        self._cumulated = None

    def merge(self, other: Histogram) -> None:
        while self.coarse < other.coarse:
            self._coarsen()
        more = other
        while more.coarse < self.coarse:
            more = more.coarser()
        if more.counts.size == 0:
            return
        first, last = more.first, more.first + more.counts.size - 1
        if self.counts.size:
            first, last = min(first, self.first), max(last, self.first + self.counts.size - 1)
        if last - first >= _MOST_BINS:
            self._coarsen()
            self.merge(more)
            return
        self._cover(first, last)
        at = more.first - self.first
        self.counts[at : at + more.counts.size] += more.counts
        self._cumulated = None

    def coarser(self) -> Histogram:
        first = self.first >> 1
        if self.counts.size == 0:
            return Histogram(first, None, self.coarse + 1)
        padded = np.concatenate((np.zeros(self.first - 2 * first, np.int64), self.counts))
        if padded.size % 2:
            padded = np.concatenate((padded, np.zeros(1, np.int64)))
        return Histogram(first, padded[0::2] + padded[1::2], self.coarse + 1)

    def _coarsen(self) -> None:
        new = self.coarser()
        self.first, self.counts, self.coarse = new.first, new.counts, new.coarse
        self._cumulated = None

    def _cover(self, first: int, last: int) -> None:
        if self.counts.size and first >= self.first and last < self.first + self.counts.size:
            return
        counts = np.zeros(last - first + 1, np.int64)
        if self.counts.size:
            at = self.first - first
            counts[at : at + self.counts.size] = self.counts
        self.first, self.counts = first, counts

    def bin_of_rank(self, rank: int) -> tuple[int, int, int]:
        """The bin of the value of a rank (from 0), how many values are below the bin, and how many in it."""
        if self._cumulated is None:
            self._cumulated = np.cumsum(self.counts)
        cumulated = self._cumulated
        at = int(np.searchsorted(cumulated, rank, side="right"))
        at = min(at, self.counts.size - 1)
        below = int(cumulated[at - 1]) if at else 0
        return self.first + at, below, int(self.counts[at])


class Tally:
    """Statistics of one value, of which `count` draws were seen and `bad` were no finite number."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.count = 0
        self.bad = 0
        self.low = math.inf
        self.high = -math.inf
        self.histogram = Histogram()

    def add(self, values: Floats, scratch: Floats, *, binned: bool = True) -> tuple[float, float]:
        """Adds draws; the sums of the deviations from the shift and of their squares are the caller's to keep by block."""
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            fine = np.isfinite(values)
            self.bad += int(values.size - np.count_nonzero(fine))
            values = values[fine]
            if values.size == 0:
                return 0.0, 0.0
            scratch = np.empty_like(values)
            low, high = float(values.min()), float(values.max())
        self.count += values.size
        self.low, self.high = min(self.low, low), max(self.high, high)
        if binned:
            scale = self.scale
            self.histogram.add(scale.keys(values, low), scale.key(low), scale.key(high))
        np.subtract(values, self.scale.shift, out=scratch)
        if self.scale.unit != 1:
            np.divide(scratch, self.scale.unit, out=scratch)
        total = float(scratch.sum())
        np.multiply(scratch, scratch, out=scratch)
        return total, float(scratch.sum())

    def merge(self, other: Tally) -> None:
        self.count += other.count
        self.bad += other.bad
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.histogram.merge(other.histogram)

    # ── quantiles ──

    def quantile(self, share: float) -> float:
        """The value below which this share of the draws lies; between two draws it is interpolated."""
        if self.count == 0 or self.histogram.counts.size == 0:
            return math.nan
        rank = share * (self.count - 1)
        below, above = (self._at(r) for r in (math.floor(rank), math.ceil(rank)))
        return below + (above - below) * (rank - math.floor(rank))

    def _at(self, rank: int) -> float:
        """The value of a rank, as if those of its bin were spread evenly over it."""
        if rank == 0:
            return self.low
        if rank == self.count - 1:
            return self.high
        key, below, inside = self.histogram.bin_of_rank(rank)
        low, high = self.bin_ends(key)
        low, high = max(low, self.low), min(high, self.high)
        if low == high:
            return low
        share = (rank - below + 0.5) / inside
        return low * (1 - share) + high * share

    def bin_ends(self, key: int) -> tuple[float, float]:
        coarse = self.histogram.coarse
        return self.scale.ends(key << coarse)[0], self.scale.ends(((key + 1) << coarse) - 1)[1]

    def bins(self) -> tuple[Floats, Counts]:
        """The edges of the bins that hold something and all between them, and the counts, for a picture."""
        counts = self.histogram.counts
        used = np.flatnonzero(counts)
        if used.size == 0:
            return np.zeros(0), np.zeros(0, np.int64)
        first, last = int(used[0]), int(used[-1])
        keys = range(self.histogram.first + first, self.histogram.first + last + 1)
        edges = [self.bin_ends(key)[0] for key in keys] + [self.bin_ends(keys[-1])[1]]
        return np.array(edges), counts[first : last + 1]


class Exact:
    """The very draws about some ranks, gathered on a second pass; their bins are known by then."""

    def __init__(self, tally: Tally, shares: tuple[float, ...]) -> None:
        self.tally = tally
        self.ranks = {share: share * (tally.count - 1) for share in shares} if tally.count else {}
        wanted = {r for rank in self.ranks.values() for r in (math.floor(rank), math.ceil(rank))}
        found = {rank: tally.histogram.bin_of_rank(rank) for rank in wanted}
        self.bins = sorted({key for key, _, _ in found.values()})
        self.below = {key: below for key, below, _ in found.values()}
        self.where = {rank: key for rank, (key, _, _) in found.items()}
        self.kept: dict[int, list[Floats]] = {key: [] for key in self.bins}

    def add(self, values: Floats) -> None:
        values = values[np.isfinite(values)]
        keys = self.tally.scale.keys(values, self.tally.low) >> self.tally.histogram.coarse
        for key in self.bins:
            self.kept[key].append(values[keys == key])

    def merge(self, other: Exact) -> None:
        for key, parts in other.kept.items():
            self.kept[key] += parts

    def quantile(self, share: float) -> float:
        """As numpy's default: linear between the two draws around the rank."""
        if share not in self.ranks:
            return math.nan
        rank = self.ranks[share]
        low, high = (self._at(r) for r in (math.floor(rank), math.ceil(rank)))
        return low + (high - low) * (rank - math.floor(rank))

    def _at(self, rank: int) -> float:
        key = self.where[rank]
        return float(np.sort(np.concatenate(self.kept[key]))[rank - self.below[key]])


def moments(count: int, shift: float, totals: Any, squares: Any, unit: float = 1.0) -> tuple[float, float]:
    """Mean and standard deviation of a sample, from the sums of each block in order."""
    if count == 0:
        return math.nan, math.nan
    total, square = _sum(totals), _sum(squares)
    mean = total / count
    variance = (square - total * mean) / (count - 1) if count > 1 else 0.0
    return shift + mean * unit, math.sqrt(max(variance, 0.0)) * unit if variance == variance else square


def _sum(values: Any) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf
