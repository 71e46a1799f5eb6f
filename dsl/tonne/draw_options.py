"""How to sample: what somebody asks for, with what the project's settings say of the rest. Draws nothing."""

from __future__ import annotations

import os
from collections.abc import Callable

from tonne.library import Settings
from tonne.values import Record

# Told how much is done, of how much.
Progress = Callable[[int, int], None]


class Stopped(Exception):
    """Long work was interrupted; `done` of `total` of `what` were finished."""

    def __init__(self, done: int, total: int, what: str) -> None:
        super().__init__(f"stopped after {done:,} of {total:,} {what}")
        self.done = done
        self.total = total
        self.what = what


class Options(Record, frozen=True):
    """How to sample: `exact` gathers the very draws about each quantile on a second pass."""

    draws: int
    seed: int = 0
    threads: int = 1
    exact: bool = False


class Request(Record, frozen=True):
    """What somebody asks of sampling; None is what the project's settings say."""

    draws: int | None = None
    seed: int | None = None
    threads: int | None = None
    exact: bool = False
    progress: Progress | None = None
    is_asked: bool = True  # False: how to sample, should the file ask for it
    limit: int | None = None  # of points, over that of the settings

    def options(self, settings: Settings) -> Options:
        drawn = settings.sampling
        return Options(
            drawn.draws if self.draws is None else max(self.draws, 2),
            drawn.seed if self.seed is None else self.seed,
            cores() if self.threads is None else self.threads,
            self.exact,
        )


def cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
