"""A slip that somebody may have made: the number that it would have printed, and how it is told."""

from __future__ import annotations

from collections.abc import Callable

from tonne.diagnostic import Label
from tonne.values import Record, Unprinted

# What the rounding of inputs may move, and what that of a derived value may: what is further off is another number.
OF_INPUTS = 5e-4
OF_VALUES = 1e-5


class Cause(Record, frozen=True):
    """The likely cause of a refuted ratio: `name` is its sort, `text` one clause, `evidence` what it rests on."""

    name: str
    text: str
    evidence: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()


class Candidate(Unprinted, Record, frozen=True, eq=False):
    """`claim` is the value, in base units, that the slip would have printed.

    It need not be the claim to the digit, but for a share of `slack`, where the inputs were rounded when they were printed.
    """

    claim: float
    tell: Callable[[], Cause]
    slack: float = 0.0
