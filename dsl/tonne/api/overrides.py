"""Python values as the `PATH=VALUE` settings that the language reads.

Takes numbers, pairs, quantities and text; gives the text that `--set` would be given, so that an override is checked like a
line of the file: its name, its unit, its bounds. It checks nothing itself but that there is a number to write.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, Protocol, runtime_checkable

from tonne.api.errors import TonneError
from tonne.api.value import Value
from tonne.formatting import exact
from tonne.units import word_of


@runtime_checkable
class PintQuantity(Protocol):
    """A quantity of pint's, of any registry."""

    @property
    def magnitude(self) -> Any: ...
    @property
    def units(self) -> Any: ...


# "1.2" or "grids.us.quebec" as in the language; 0.4; (2e12, "token"); a Value; a pint quantity.
Override = str | float | tuple[float, str] | Value | PintQuantity


def settings(overrides: Mapping[str, Override]) -> dict[str, str]:
    """Each path with its value as the language writes it."""
    return {path: _text(path, value) for path, value in overrides.items()}


def _text(path: str, value: Override) -> str:
    match value:
        case str():
            return value
        case Value():
            return _number(path, value.magnitude, value.unit)
        case (number, str(unit)):
            return _number(path, number, unit)
        case PintQuantity():
            return _number(path, value.magnitude, word_of(value.units))
        case _:
            return _number(path, value, "ratio")


def _number(path: str, value: Any, unit: str) -> str:
    if isinstance(value, bool) or not isinstance(value, Real):
        wanted = (
            'write it as in the file ("1.2", "700 W/device", "grids.us.quebec"), as a number or as (number, "unit")'
        )
        raise TonneError(f"`{path}` cannot be set to {value!r}: {wanted}")
    number = float(value)
    if not math.isfinite(number):
        raise TonneError(f"`{path}` cannot be set to {number}: a finite number is needed")
    return f"{exact(number)}" if unit in ("", "ratio") else f"{exact(number)} {unit}"
