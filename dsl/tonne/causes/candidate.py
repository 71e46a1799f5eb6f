"""A slip that somebody may have made: the number that it would have printed, and how it is told."""

from __future__ import annotations

from collections.abc import Callable

from tonne.diagnostic import Label
from tonne.values import Record, Unprinted


class Cause(Record, frozen=True):
    """The likely cause of a refuted ratio: `name` is its sort, `text` one clause, `evidence` what it rests on."""

    name: str
    text: str
    evidence: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()


class Candidate(Unprinted, Record, frozen=True, eq=False):
    """`claim` is the value, in base units, that the slip would have printed."""

    claim: float
    tell: Callable[[], Cause]
