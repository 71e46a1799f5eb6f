"""The units that are in scope everywhere, by dimension, and quantities converted between them.

Takes words as a person types them, gives rows and conversions, or the same hints that a diagnostic gives.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tonne.browse import core_declarations
from tonne.dimension import Dimension
from tonne.source import SourceFile
from tonne.syntax import tree
from tonne.syntax.parse import parse_line
from tonne.unit_prefixes import SI_PREFIXES
from tonne.units import Unit, UnitTable


@dataclass(frozen=True)
class Row:
    """A declared unit: one of it is `factor` of `base`; `definition` is as it is written."""

    word: str
    name: str
    dimension: str
    definition: str
    factor: float
    base: str
    prefixes: tuple[str, ...]
    aliases: tuple[str, ...]

    @property
    def takes(self) -> str:
        """The prefixes as a declaration names them."""
        return "si" if self.prefixes == SI_PREFIXES else " ".join(self.prefixes)


@dataclass(frozen=True)
class Named:
    """A dimension with a name: its units, or where none is its own the unit that names it."""

    name: str
    unit: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Quantity:
    """An amount of a unit; `digits` are those that it was written with."""

    amount: float
    unit: Unit
    digits: int


@dataclass(frozen=True)
class Conversion:
    """A quantity and what it is in other units, all of one dimension."""

    quantity: Quantity
    dimension: str
    results: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Refused:
    """Why nothing came of the words, and what to type."""

    title: str
    help: str = ""


class UnitList:
    """The units of the core."""

    def __init__(self) -> None:
        declarations = core_declarations()
        self.table = UnitTable(declarations)
        units = [d for d in declarations if isinstance(d, tree.UnitDeclaration)]
        self.rows = [self._row(d) for d in units]
        self._dimensions = [d for d in declarations if isinstance(d, tree.DimensionDeclaration)]

    def _row(self, declaration: tree.UnitDeclaration) -> Row:
        unit = self.table.lookup(declaration.word)
        assert isinstance(unit, Unit)  # the library's own are tested
        definition = declaration.definition
        return Row(
            declaration.word,
            declaration.doc or declaration.word,
            self.table.describe(unit.dimension),
            "" if definition is None else definition.span.text,
            unit.factor,
            base_of(unit.dimension),
            self.table.prefixes_of(declaration.word),
            tuple(word for word, _ in declaration.aliases),
        )

    def by_dimension(self) -> list[Named]:
        """Every dimension that has a name or a unit of its own, in the order of the declarations."""
        names = dict.fromkeys(r.dimension for r in self.rows)
        units = {d.name.replace("_", " "): d.unit or "" for d in self._dimensions}
        own = [Named(n, units.get(n, ""), tuple(r for r in self.rows if r.dimension == n)) for n in names]
        return [*own, *(Named(n, u, ()) for n, u in units.items() if n not in names)]

    def about(self, words: Sequence[str]) -> list[Named | Conversion] | Refused:
        """What words are about: a dimension, units, or a quantity to convert."""
        text = " ".join(words).strip()
        if re.match(r"[-+]?\.?\d", text):
            converted = self.convert(text)
            return converted if isinstance(converted, Refused) else [converted]
        units = {word: self.table.lookup(word) for word in text.split()}
        refused = [u for u in units.values() if not isinstance(u, Unit)]
        if not refused:
            return [one for u in units.values() if isinstance(u, Unit) for one in self._unit(u)]
        wanted = set(text.replace("_", " ").lower().split())
        named = [n for n in self.by_dimension() if wanted <= set(n.name.lower().split())]
        spelled = [r for r in self.rows if wanted <= set(r.name.lower().split())]
        by_name = [Named(r.dimension, "", (r,)) for r in spelled]
        return [*(named or by_name)] or Refused(refused[0].title, refused[0].help)

    def _unit(self, unit: Unit) -> list[Named | Conversion]:
        """A unit by itself: its declaration where it is one word with a prefix at most, and what it is worth."""
        declared = self.table.split(unit.word)
        rows = tuple(r for r in self.rows if declared is not None and r.word == declared[1])
        return [*([Named(rows[0].dimension, "", rows)] if rows else []), self._in_others(Quantity(1, unit, 1))]

    def convert(self, text: str) -> Conversion | Refused:
        """`1287 MWh`, `1287 MWh in GJ` or `0.3 Wh/token mWh/token`."""
        quantity = self._quantity(text)
        if not isinstance(quantity, Refused):
            return self._in_others(quantity)
        match = re.fullmatch(r"(?P<quantity>.+?)(?:\s+(?:in|to|as|=))?\s+(?P<unit>\S+)", text)
        if match is None:
            return quantity
        quantity = self._quantity(match["quantity"])
        if isinstance(quantity, Refused):
            return quantity
        unit = self.table.lookup(match["unit"])
        if not isinstance(unit, Unit):
            return Refused(unit.title, unit.help)
        dimension = self.table.describe(quantity.unit.dimension)
        if unit.dimension != quantity.unit.dimension:
            words = ", ".join(self.table.words_of(quantity.unit.dimension)) or base_of(quantity.unit.dimension)
            return Refused(
                f"`{quantity.unit.word}` is {dimension}, `{unit.word}` is {self.table.describe(unit.dimension)}",
                f"units of {dimension}: {words}",
            )
        return Conversion(quantity, dimension, (_in(quantity, unit),))

    def _quantity(self, text: str) -> Quantity | Refused:
        node, found = parse_line(SourceFile("units", f"let x = {text}"), "item")
        value = node.value if isinstance(node, tree.Let) else None
        expr = value.expr if isinstance(value, tree.Value) else None
        sign = -1 if isinstance(expr, tree.Negate) else 1
        number = expr.operand if isinstance(expr, tree.Negate) else expr
        if not isinstance(number, tree.Number):
            first = found[0] if found else None
            return Refused(
                first.title if first else f"`{text}` is no number with a unit",
                (first.help if first else "") or "write a number and a unit, such as `1287 MWh`",
            )
        unit = self.table.lookup(number.unit or "ratio")
        if not isinstance(unit, Unit):
            return Refused(unit.title, unit.help)
        digits = len(re.sub(r"[eE].*|\D", "", number.text).lstrip("0"))
        if not math.isfinite(number.value) or not math.isfinite(number.value * unit.factor):
            return Refused(f"`{text}` is more than can be counted here", "use a larger unit")
        return Quantity(sign * number.value, unit, digits)

    def _in_others(self, quantity: Quantity) -> Conversion:
        """A quantity in every declared unit of its dimension, and in base units where none is."""
        dimension = quantity.unit.dimension
        units = [u for r in self.rows if isinstance(u := self.table.lookup(r.word), Unit) and u.dimension == dimension]
        if not units:
            units = [u for u in [self.table.lookup(base_of(dimension))] if isinstance(u, Unit)]
        others = tuple(_in(quantity, u) for u in units if u.word != quantity.unit.word)
        return Conversion(quantity, self.table.describe(dimension), others)


def _in(quantity: Quantity, unit: Unit) -> tuple[float, str]:
    return quantity.amount * quantity.unit.factor / unit.factor, unit.word


def base_of(dimension: Dimension) -> str:
    """A dimension as a unit word of base units, `gCO2e/J`."""
    above = [_power(base, power) for base, power in reversed(dimension.powers) if power > 0]
    below = [_power(base, -power) for base, power in dimension.powers if power < 0]
    if not above and not below:
        return "ratio"
    return ("*".join(above) or "1") + "".join(f"/{part}" for part in below)


def _power(base: str, power: object) -> str:
    return base if power == 1 else f"{base}^{power}"
