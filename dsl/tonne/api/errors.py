"""What a Python program is told when it asks for something that cannot be given.

Mistakes in a scenario are no exceptions: they are the `diagnostics` of a `Checked` or a `Result`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from tonne.diagnostic import Diagnostic


class TonneError(ValueError):
    """A question that has no answer; `diagnostics` say why, with their codes."""

    def __init__(self, message: str, diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:  # KeyError, which NoValue also is, would quote it
        return str(self.args[0])


class NoValue(TonneError, KeyError):
    """A path that names no value of a result. Also a `KeyError`, so that `result.get(path)` and `in` work."""


# A traceback says the name that a program imports.
TonneError.__module__ = NoValue.__module__ = "tonne"


class InOneProcess:
    """What holds a graph, which no other process would understand: it says so instead of arriving broken."""

    def __reduce__(self) -> NoReturn:
        what = type(self).__name__
        raise TypeError(f"a {what} cannot be pickled; send the Scenario, or numbers, units and `to_dict()`")


def told(found: Iterable[Diagnostic]) -> str:
    """Diagnostics in one line, as the message of an exception."""
    return "; ".join(f"{d.code}: {d.title}" + (f" ({d.help})" if d.help else "") for d in found)
