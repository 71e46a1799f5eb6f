"""The options of sampling, a bar for long work, and what is said when it is stopped."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tonne.cli.shared import console, echo

if TYPE_CHECKING:
    from tonne.draw_options import Progress, Request

if TYPE_CHECKING:
    _Whole = click.ParamType[int]
else:  # not generic before click 8.2
    _Whole = click.ParamType

F = TypeVar("F", bound=Callable[..., Any])
# Work that takes longer than this gets a bar.
_SECONDS = 0.5
_SUFFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
STOPPED = 130  # what a shell gives a command that Ctrl-C ended


class Count(_Whole):
    """A whole number, as `100_000`, `1e6` or `1M`."""

    name = "count"

    def __init__(self, least: int = 1) -> None:
        self.least = least

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?(?:e\+?[0-9]{1,2})?)([kMBT]?)", value.strip())
        plain = value.strip().replace("_", "")
        number: float = int(plain) if plain.isdecimal() else -1  # of a seed every digit counts
        if found and not plain.isdecimal():
            number = float(found[1].replace("_", "")) * _SUFFIXES[found[2]]
        if number != int(number) or number < self.least:
            above = "" if self.least == 0 else f" of at least {self.least}"
            self.fail(f"`{value}` is no whole number{above}, such as 100_000 or 1e6", parameter, context)
        return int(number)


def sampling(value: F) -> F:
    """`--draws`, `--seed`, `--threads`, `--exact`."""
    draws = click.option("--draws", type=Count(2), metavar="N", help="Sample: draw N times from what has a spread.")
    seed = click.option(
        "--seed", type=Count(0), metavar="N", help="Other draws; the default is that of tonne.toml, or 0."
    )
    threads = click.option(
        "--threads", type=Count(1), metavar="N", help="Cores to use; all by default. The digits do not depend on it."
    )
    exact = click.option("--exact", is_flag=True, help="Quantiles of the very draws, by a second pass.")
    return draws(seed(threads(exact(value))))


def requested(
    draws: int | None,
    seed: int | None,
    threads: int | None,
    exact: bool,
    progress: Progress | None,
    limit: int | None = None,
) -> Request:
    """What the options ask for."""
    from tonne.draw_options import Request

    is_asked = draws is not None or exact or seed is not None
    return Request(draws, seed, threads, exact, progress, is_asked, limit)


@contextmanager
def bar(what: str) -> Iterator[Progress | None]:
    """A function that is told how much of long work is done; on a terminal it draws a bar once that takes a while."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    drawn = Progress(*columns, console=out, transient=True)
    start, task = time.monotonic(), drawn.add_task(what, total=None)

    def told(done: int, total: int) -> None:
        if not drawn.live.is_started and time.monotonic() - start > _SECONDS:
            drawn.start()
        drawn.update(task, completed=done, total=total)

    try:
        yield told
    finally:
        drawn.stop()


@contextmanager
def stoppable(what: str) -> Iterator[None]:
    """Ends with a line that says how far it got where somebody stops the work."""
    from tonne.draw_options import Stopped

    try:
        yield
    except Stopped as why:
        echo(f"{why}; nothing of them is kept", err=True)
        sys.exit(STOPPED)
    except KeyboardInterrupt:
        echo(f"stopped before the first of the {what}", err=True)
        sys.exit(STOPPED)
