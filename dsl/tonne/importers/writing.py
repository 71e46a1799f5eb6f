"""What an importer has read, as the text of a scenario in standard form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal

from tonne.diagnostic import Diagnostic
from tonne.syntax.format import format_text

_LONGEST_NAME = 40
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?")


@dataclass(frozen=True)
class Figure:
    """A line of a block: a number in the record's own digits and unit, its spread, and where it stands."""

    field: str
    value: str
    unit: str
    source: str
    spread: tuple[str, str] = ("", "")  # the ends of a range

    def __str__(self) -> str:
        value = " ".join(filter(None, (self.value, self.unit)))
        if self.spread[0]:
            low, high = (" ".join(filter(None, (end, self.unit))) for end in self.spread)
            value += f" ~ uniform({low}, {high})"
        return f'{self.field} = {value} from "{quoted(self.source)}"'


@dataclass(frozen=True)
class Block:
    """An instance: of which kind, what is said of it, its period and its figures."""

    kind: str
    name: str
    about: str
    figures: tuple[Figure, ...]
    period: str = ""

    def __str__(self) -> str:
        lines = [
            f'"{quoted(self.about)}"',
            *([f"period = {self.period}"] if self.period else []),
            *map(str, self.figures),
        ]
        return "\n".join([f"{self.kind} {self.name} {{", *lines, "}"])


@dataclass(frozen=True)
class Made:
    """A scenario to be: its title, its blocks, what stands below them, and what has to be said of the record."""

    title: str
    blocks: tuple[Block, ...]
    below: tuple[str, ...] = ()
    said: tuple[Diagnostic, ...] = field(default=())


def scenario(made: Made) -> str:
    """The text, in standard form."""
    parts = [f'"{quoted(made.title)}"', *map(str, made.blocks), "\n".join(made.below)]
    return format_text("\n\n".join(part for part in parts if part) + "\n", "import").text


def quoted(text: str) -> str:
    """Words of a record as they may stand between quotes, on one line."""
    plain = "".join(c if c.isprintable() else " " for c in text.replace('"', "'").replace("\\", "/"))
    return " ".join(plain.split())


def as_written(text: str) -> str:
    """A number of a record in its own digits, as the language writes numbers."""
    plain = text.strip().lower().replace("e+", "e")
    return plain if _PLAIN.fullmatch(plain) else in_digits(Decimal(text.strip()))


def in_digits(value: Decimal) -> str:
    """A number that was worked out, with as many digits as a float has."""
    if value == 0:
        return "0"
    short = Decimal(f"{value:.17g}").normalize()
    return f"{short:f}" if -6 < short.adjusted() < 16 else str(short).lower().replace("e+", "e")


class Names:
    """Names for blocks: a word of ours, then words of the record; legal, each once, and none that a scenario is likely to
    have."""

    def __init__(self, first: str) -> None:
        self._first = first
        self._taken: set[str] = set()

    def of(self, words: str) -> str:
        plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
        rest = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_NAME].strip("_")
        name = made = f"{self._first}_{rest}" if rest else self._first
        number = 1
        while made in self._taken:
            number += 1
            made = f"{name}_{number}"
        self._taken.add(made)
        return made
