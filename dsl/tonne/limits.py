"""How much a file may ask for, so that checking one from a stranger takes bounded time and memory; how much is drawn."""

from __future__ import annotations

from tonne.values import Record


class Limits(Record, frozen=True):
    """Set in `tonne.toml` under `[limits]`, where `_` is written `-`."""

    file_bytes: int = 1_000_000
    nesting: int = 200
    files: int = 100
    project_bytes: int = 2_000_000
    nodes: int = 1_000_000
    points: int = 1_000_000_000  # of a sweep, draws of a sample, or both multiplied


class Sampling(Record, frozen=True):
    """How much is drawn where nothing else is said: set in `tonne.toml` under `[sampling]`."""

    draws: int = 100_000
    seed: int = 0


# Of a file with more errors than this the rest is not looked at.
MOST_ERRORS = 500

DEFAULT_LIMITS = Limits()
DEFAULT_SAMPLING = Sampling()
