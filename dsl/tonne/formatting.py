"""Numbers in words and figures, the same on every machine: no locale."""

from __future__ import annotations

import math


def figure(value: float, digits: int = 4) -> str:
    """A number with so many significant digits, thousands separated; very large and small ones with an exponent."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "—"
    size = math.floor(math.log10(abs(value)))
    rounded = float(f"{value:.{digits - 1}e}")
    if -4 <= size < 15:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
        text = f"{rounded:,.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"


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
