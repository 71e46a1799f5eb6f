"""`--watch`: a command again at every save."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from tonne.cli.shared import echo

F = TypeVar("F", bound=Callable[..., Any])
# The state of a file by which a change is noticed; None while there is none.
State = tuple[int, int, int] | None

CHECK_EVERY = 1000  # milliseconds: the files themselves are looked at too, for file systems that do not tell of changes


def watching(value: F) -> F:
    """`--watch`."""
    return click.option("--watch", "-w", is_flag=True, help="Again at every save of a file it uses, until Ctrl-C.")(
        value
    )


def finish(once: Callable[[], tuple[int, set[Path]]], files: Iterable[Path], watch: bool) -> None:
    """Ends the command with the exit code of `once`, or calls it again and again.

    `once` prints and gives its exit code and the files that it rests on.
    """
    from tonne.library import STDIN

    if not watch:
        sys.exit(once()[0])
    if STDIN in files:
        raise click.UsageError("standard input cannot be watched; name a file")
    try:
        import watchfiles  # noqa: F401  before the first round, so that it is not missed only after it
    except ImportError:
        raise click.UsageError('--watch needs the package watchfiles: pip install "tonne[watch]"') from None
    seen = {file.resolve(): _state(file) for file in files}
    try:
        while True:
            click.clear()  # on a terminal only
            started = time.time_ns()
            _, used = once()
            seen = {file: seen[file] if file in seen else _state_before(file, started) for file in used}
            echo(f"{time.strftime('%H:%M:%S')}  saving {_told(used)} runs it again; Ctrl-C ends", err=True)
            sys.stdout.flush()
            _wait(seen)
            seen = {file: _state(file) for file in used}
    except KeyboardInterrupt:
        sys.exit(0)


def _state_before(file: Path, started: int) -> State:
    """The state of a file that a round was the first to read; None, so that it is read again, if it was saved since then."""
    state = _state(file)
    return state if state is None or state[0] < started else None


def _told(used: set[Path]) -> str:
    """The names of the files that are there, or how many they are."""
    names = sorted(file.name for file in used if file.is_file())
    return " or ".join(names) if 0 < len(names) <= 3 else f"one of {len(names)} files" if names else "the file"


def _wait(seen: dict[Path, State]) -> None:
    """Returns when a file is no longer as it was seen. Its folder is watched, so that it may go and come back."""
    from watchfiles import watch

    def changed() -> bool:
        return any(_state(file) != state for file, state in seen.items())

    folders = {next(f for f in file.parents if f.is_dir()) for file in seen}
    if not changed():  # it may have been saved while the command ran
        for _ in watch(*folders, watch_filter=None, recursive=False, yield_on_timeout=True, rust_timeout=CHECK_EVERY):
            if changed():
                return


def _state(file: Path) -> State:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
