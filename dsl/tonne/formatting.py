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


def last_place(width: float, error: float, digits: int = 4, size: float = 0.0) -> int:
    """The place of the last digit that is worth printing, as a power of ten: of a value of this `size`, of which at most so
    many digits are shown, that is spread over `width` and known to `error`.

    That is the power of ten below a hundredth of the width, or below the error where that is larger.
    """
    finest = max(width / 100, error)
    places = [math.floor(math.log10(abs(size))) - digits + 1] if size and math.isfinite(size) else []
    places += [math.floor(math.log10(finest))] if finest > 0 and math.isfinite(finest) else []
    return max(places, default=0)


def at_place(value: float, place: int) -> str:
    """A number to the place of a power of ten, thousands separated: `126.1` at -1, `130` at 1."""
    if not math.isfinite(value):
        return figure(value)
    if abs(value) < 0.5 * 10.0**place:
        return f"{0:.{max(-place, 0)}f}"
    digits = Decimal(f"{value:.14g}").adjusted() - place + 1
    if digits <= 0:
        rounded = Decimal(f"{value:.14g}").quantize(Decimal(1).scaleb(place), ROUND_HALF_UP)
        return figure(float(rounded))
    text = figure(value, min(digits, 15))
    if place >= 0 or "e" in text:
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(-place, '0')}"


def share_of_draws(share: float, draws: int) -> str:
    """`in 71 % of draws`, with the digits that so many draws support."""
    if share in (0.0, 1.0):
        return "in every draw" if share else "in no draw"
    error = 100 * math.sqrt(share * (1 - share) / max(draws, 1))
    place = max(math.floor(math.log10(error)), -2)
    text = at_place(100 * share, place)
    least = at_place(10.0**place, place)
    if float(text.replace(",", "")) in (0.0, 100.0):
        text = f"less than {least}" if share < 0.5 else f"more than {at_place(100 - 10.0**place, place)}"
    return f"in {text} % of draws"


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
