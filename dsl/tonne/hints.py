"""What to type when dimensions do not fit.

In this order: the inverse is right; one factor is missing and a quantity in sight has exactly its dimension; a unit word
that would fit; otherwise nothing rather than noise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tonne.diagnostic import Fix
from tonne.dimension import RATIO, Dimension
from tonne.graph import LEAF, NUMBER, Node
from tonne.lower import Formula
from tonne.names import Instance, Kind, Let
from tonne.paths import Place, Reference
from tonne.syntax import tree
from tonne.units import Unit, UnitTable

_MOST_INSTANCES = 200


class Hints:
    def __init__(self, units: UnitTable) -> None:
        self.units = units

    # ── a sum of unlike things ──

    def of_sum(
        self,
        formula: Formula,
        left: Node,
        right: Node,
        left_is: Dimension,
        right_is: Dimension,
        wanted: Dimension | None,
    ) -> tuple[str, Fix | None]:
        """What would make two sides alike: the side that is not what is wanted is changed, else the right one."""
        changed, has, needs, other = (
            (left, left_is, right_is, right) if wanted == right_is else (right, right_is, left_is, left)
        )
        bare = next((n for n in (changed, other) if n.op == NUMBER and n.payload.written.unit is None), None)
        beside = other if bare is changed else changed
        if (
            bare is not None
            and beside.op == LEAF
            and beside.payload.field is not None
            and beside.payload.field.unit is not None
        ):
            return f"the number needs a unit, such as `{beside.payload.field.unit.word}`", None
        if changed.op == NUMBER:
            written = self._number_with(changed.payload.written, other)
            if written:
                return f"write `{written}`", Fix(changed.span, written)
        elif other.op == NUMBER and other.payload.written.unit and changed.op == LEAF:
            written = self._number_with(other.payload.written, changed)
            if written:
                return f"write `{written}`", Fix(other.span, written)
        same = self._sibling(changed, needs, other)
        if same is not None:
            text, owner = same
            return f"`{text}` is the {self.units.describe(needs)} of the same {owner}", Fix(changed.span, text)
        factor = self._missing_factor(formula, changed, has, needs)
        if factor:
            return f"write `{factor}`", Fix(changed.span, factor)
        return "", None

    def _sibling(self, node: Node, needs: Dimension, other: Node) -> tuple[str, str] | None:
        """A field of the same instance that has the dimension which is needed."""
        if node.op != LEAF or node.payload.field is None or "." not in node.span.text:
            return None
        kind = _owner(node.payload)
        if kind is None:
            return None
        fits = [f.name for f in kind.quantities if f.unit and f.unit.dimension == needs]
        like = other.span.text.rsplit(".", 1)[-1]
        if not fits:
            return None
        owner = node.span.text.rsplit(".", 1)[0]
        wanted = [like, "co2e", *fits]
        name = next((n for n in wanted if n in fits and f"{owner}.{n}" != other.span.text), None)
        return None if name is None else (f"{owner}.{name}", kind.name)

    # ── a result of another dimension than declared ──

    def of_result(self, formula: Formula, unit: Unit, got: Dimension) -> tuple[str, Fix | None]:
        expr = formula.expr
        text = expr.span.text
        if got == RATIO / unit.dimension:
            if isinstance(expr, tree.Binary) and expr.operator == "/":
                inverse = f"{expr.right.span.text} / {expr.left.span.text}"
            elif isinstance(expr, tree.Number):
                return f"this is the inverse; the unit is `{unit.word}`", None
            else:
                inverse = f"1 / ({text})" if isinstance(expr, tree.Binary) else f"1 / {text}"
            return f"the inverse fits: `{inverse}`", Fix(expr.span, inverse)
        if isinstance(expr, tree.Number):
            word = self._fitting_word(expr.unit or "", unit)
            if word is not None:
                number = f"{expr.text} {word}" if word != "%" else f"{expr.text}%"
                return f"write `{number}`", Fix(expr.span, number)
            return f"its unit is `{unit.word}`", None
        factor = self._missing_factor(formula, formula.root, got, unit.dimension)
        if factor:
            return f"write `{factor}`", Fix(expr.span, factor)
        missing = self.units.describe(unit.dimension / got)
        over = self.units.describe(got / unit.dimension)
        if len(missing) <= len(over) and "/" not in missing:
            return f"a factor of {missing} is missing", None
        return (f"divide by {_article(over)} {over}", None) if "/" not in over else (f"the unit is `{unit.word}`", None)

    def _fitting_word(self, written: str, unit: Unit) -> str | None:
        """A word of the declared dimension that the reader may have meant, of the same size as what is written.

        The reader's first word stays (TFLOP for TFLOP/s/device), or is the same amount of what is counted here: grams of
        CO2e for grams, watt-hours for watts, requests for tokens. None rather than another size or another thing.
        """
        own = re.split(r"[*/]", written)[0]
        mine = self.units.lookup(own) if own else None
        if not isinstance(mine, Unit):
            return None
        atoms = re.split(r"(?=[*/])", unit.word)
        rest = written[len(own) :]
        for first in self._kin(own, mine, atoms[0]):
            for tail in (rest, *(rest + ending for ending in _endings(atoms[1:])), "".join(atoms[1:])):
                longer = self.units.lookup(first + tail)
                if isinstance(longer, Unit) and longer.dimension == unit.dimension:
                    return first + tail
        return None

    def _kin(self, own: str, mine: Unit, declared: str) -> Iterator[str]:
        """The reader's first word, then words for the same number of the thing that is declared."""
        yield own
        first = self.units.lookup(declared)
        if not isinstance(first, Unit):
            return
        for word in (f"{own}CO2e", f"{own}h", own.removesuffix("h")):
            other = self.units.lookup(word) if word != own and word else None
            if isinstance(other, Unit) and other.dimension == first.dimension:
                yield word
        if mine.counted and first.counted:
            yield declared

    # ── factors ──

    def _missing_factor(self, formula: Formula, node: Node, has: Dimension, needs: Dimension) -> str | None:
        """The expression with the one factor that it lacks, when a quantity in sight has exactly that dimension."""
        wanted = needs / has
        if wanted.is_ratio:
            return None
        text = node.span.text
        if node.op in ("+", "-"):
            text = f"({text})"
        inverse = RATIO / wanted
        dividing: str | None = None
        for name, dimension in self._in_sight(formula):
            if dimension == wanted:
                return f"{text} * {name}"
            if dimension == inverse and dividing is None:
                dividing = f"{text} / {name}"
        return dividing

    def _in_sight(self, formula: Formula) -> Iterator[tuple[str, Dimension]]:
        """Quantities that could be named here: of the instances that the formula names, of the kind, of the file."""
        place: Place = formula.place
        for node in formula.order:
            if node.op == LEAF and node.payload.field is not None and "." in node.span.text:
                kind = _owner(node.payload)
                prefix = node.span.text.rsplit(".", 1)[0]
                yield from self._fields(kind, prefix + ".", place)
        if place.kind is not None:
            yield from self._fields(place.kind, "", place)
        for name, symbol in list(place.scope.symbols.items())[:_MOST_INSTANCES]:
            if isinstance(symbol, Instance):
                yield from self._fields(symbol.kind, f"{name}.", place)
            elif isinstance(symbol, Let) and symbol.declaration.type is not None:
                unit = self.units.lookup(symbol.declaration.type.word)
                if isinstance(unit, Unit) and getattr(symbol.value, "expr", None) is not formula.expr:
                    yield name, unit.dimension

    def _fields(self, kind: Kind | None, prefix: str, place: Place) -> Iterator[tuple[str, Dimension]]:
        for field in kind.quantities if kind else ():
            if field.unit is not None and (prefix or field.name != place.bound):
                yield prefix + field.name, field.unit.dimension

    def _number_with(self, number: tree.Number, other: Node) -> str | None:
        """A number with the unit of what it is set against, where the reader may have meant it."""
        unit: Unit | None = None
        if other.op == LEAF and other.payload.field is not None:
            unit = other.payload.field.unit
        elif other.op == NUMBER and other.payload.written.unit:
            known = self.units.lookup(other.payload.written.unit)
            unit = known if isinstance(known, Unit) else None
        if unit is None:
            return None
        word = None if number.unit is None else self._fitting_word(number.unit, unit)
        return None if word is None or word == number.unit else f"{number.text} {word}"

    def one(self, dimension: Dimension) -> str:
        """One of the unit that a dimension is counted in: `1 param`."""
        words = self.units.words_of(dimension, 1)
        return f"1 {words[0]}" if words else "a reference"


def _owner(reference: Reference) -> Kind | None:
    """The kind that a reference's field belongs to."""
    return None if reference.field is None else _kind_of_field(reference)


def _kind_of_field(reference: Reference) -> Kind | None:
    kind = reference.root.kind if isinstance(reference.root, Instance) else None
    for name in reference.refs:
        kind = kind.fields[name].target if kind is not None and name in kind.fields else None
    return kind


def _endings(parts: list[str]) -> Iterator[str]:
    """Tails of `/s`, `/device`, the longest first."""
    for index in range(len(parts)):
        yield "".join(parts[index:])


def _article(word: str) -> str:
    return "an" if word[:1] in "aeio" else "a"
