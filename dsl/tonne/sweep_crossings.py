"""Where two options of a sweep cross: choices of one axis in a shown value, or shown values of one dimension."""

from __future__ import annotations

from collections.abc import Iterator

from tonne.axes import Axis
from tonne.numeric.schedule import Schedule
from tonne.numeric.sweep import crossings
from tonne.swept import Crossing, Swept

# Combinations of choices that are compared with each other.
_MOST_COMPARED = 60

Where = tuple[tuple[str, str], ...]
# A pair of roots: the names of their options, and where they stand along the other choices.
Pair = tuple[int, int, str, str, Where]


def crossings_of(swept: Swept, schedule: Schedule) -> Iterator[Crossing]:
    """Those along the one axis of numbers; with several a curve for each of the others would be a table of its own.

    The roots of the schedule are the columns of each combination, one combination after the other.
    """
    for index, axis in enumerate(swept.numbers):
        if any(other.size > 1 for other in swept.numbers if other is not axis):
            continue
        for of in swept.choices if len(swept.combinations) <= _MOST_COMPARED else ():
            for at, column in enumerate(swept.columns):
                for one in _crossed(swept, schedule, index, list(_choices(swept, of, at))):
                    yield Crossing(axis, *one[:3], column, of, one[3])
        for one in _crossed(swept, schedule, index, list(_columns(swept))):
            yield Crossing(axis, *one[:3], None, None, one[3])


def _crossed(
    swept: Swept, schedule: Schedule, index: int, pairs: list[Pair]
) -> Iterator[tuple[float, str, str, Where]]:
    """The value, which of a pair is lower below it, which above, and where."""
    factor = swept.numbers[index].unit.factor
    found = crossings(schedule, swept.sizes, index, [pair[:2] for pair in pairs])
    for crossed, (_, _, one, other, where) in zip(found, pairs, strict=True):
        for value, is_less in crossed:
            yield value / factor, *((one, other) if is_less else (other, one)), where


def _choices(swept: Swept, of: Axis, column: int) -> Iterator[Pair]:
    """Combinations that differ in one choice alone."""
    place, width = swept.choices.index(of), len(swept.columns)
    for i, one in enumerate(swept.combinations):
        for j, other in enumerate(swept.combinations):
            apart = [k for k, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
            if apart == [place] and one[place] < other[place]:
                names = of.choices[one[place]], of.choices[other[place]]
                yield i * width + column, j * width + column, *names, _where(swept, i, place)


def _columns(swept: Swept) -> Iterator[Pair]:
    """Shown values of one dimension, in each combination."""
    width = len(swept.columns)
    for number in range(min(len(swept.combinations), _MOST_COMPARED)):
        for j, other in enumerate(swept.columns):
            for i, one in enumerate(swept.columns[:j]):
                if one.unit.dimension == other.unit.dimension:
                    where = _where(swept, number, None)
                    yield number * width + i, number * width + j, one.text, other.text, where


def _where(swept: Swept, number: int, without: int | None) -> Where:
    chosen = swept.combinations[number]
    return tuple(
        (axis.path, axis.choices[chosen[i]]) for i, axis in enumerate(swept.choices) if i != without and axis.size > 1
    )
