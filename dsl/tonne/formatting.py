"""Numbers in words and figures, the same on every machine: no locale."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal


def figure(value: float, digits: int = 4) -> str:
    """A number with so many significant digits, thousands separated; very large and small ones with an exponent.

    Ties go away from zero, judged on the shortest decimal that reads back as the value, so that a value is told alike
    in every unit.
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "—"
    exact_value = Decimal(f"{value:.14g}")
    size = exact_value.adjusted()
    rounded = exact_value.quantize(Decimal(1).scaleb(size - digits + 1), ROUND_HALF_UP)
    if -4 <= rounded.adjusted() < 15:
        text = f"{rounded:,f}" if size < digits - 1 else f"{int(rounded):,}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = str(rounded.scaleb(-rounded.adjusted()).normalize())
    return f"{mantissa}e{rounded.adjusted()}"


def number(value: float, unit: str, digits: int = 4) -> str:
    """A number with its unit: `127.2 tCO2e`, `40 %`, `1.1`."""
    text = figure(value, digits)
    return text if unit in ("", "ratio") else f"{text} {unit}"


def exact(value: float) -> float | int:
    """A number for JSON: the shortest that reads back as the same float, without `.0` where it is whole."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def power_of_ten(exponent: int) -> str:
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def times(ratio: float) -> str:
    """A ratio in words: `1,000 times`, `a 1,000th`."""
    return f"{figure(ratio)} times" if ratio >= 1 or ratio <= 0 else f"1/{figure(1 / ratio)}"
