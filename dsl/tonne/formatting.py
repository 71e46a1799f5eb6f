"""Numbers in words and figures, the same on every machine: no locale. Text as a terminal may safely show it."""

from __future__ import annotations

import math
import unicodedata
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


def visible(text: str, kept: str = "") -> str:
    """Text with what a terminal would obey, or hide, written out: `\\x1b`, `\\u202e`. Characters in `kept` stay.

    These are control characters, marks of direction and of no width, line separators, and what is no character.
    """
    if text.isprintable():
        return text
    return "".join(c if c in kept or c.isprintable() or unicodedata.category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
