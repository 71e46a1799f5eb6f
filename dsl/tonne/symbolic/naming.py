"""Readable names for what a derivation is about: N and D, alpha as the file calls it, c_1 for a coefficient.

Takes free fields and nodes; gives sympy symbols, each name once, and the list of what each one is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sympy as sp

from tonne.graph import NUMBER, OPERATORS, Node, postorder
from tonne.problem import Free
from tonne.symbolic.derive import Text, Where, escaped

_LETTERS = {"param": "N", "token": "D"}
# Names that the steps use for themselves.
_TAKEN = {"lambda", "phi", "phi_1", "phi_2", "phi_3", *"fghLstuvz"}
_LONGEST = 120


class Names:
    def __init__(self, name_of: Callable[[Node], str | None]) -> None:
        self._name_of = name_of
        self._taken = set(_TAKEN)
        self._coefficients = 0
        self._where: list[Where] = []

    def free(self, fields: Sequence[Free]) -> tuple[sp.Symbol, ...]:
        words = [_LETTERS.get(field.unit.word) for field in fields]
        symbols = []
        for field, word in zip(fields, words, strict=True):
            if word is None or words.count(word) > 1:
                first = field.name.rpartition(".")[2][:1]
                choices = [c for c in (first, "x", "y") if c.isascii() and c.isalpha() and c not in self._taken]
                word = choices[0]
            symbol = sp.Symbol(self._once(word), positive=True)
            symbols.append(symbol)
            self._add(symbol, field.name, field.node)
        return tuple(symbols)

    def input(self, node: Node, assumptions: dict[str, bool]) -> sp.Symbol:
        path = self._name_of(node)
        name = "k" if path is None else path.rpartition(".")[2]
        symbol = sp.Symbol(self._once(name, numbered=path is None), **assumptions)
        self._add(symbol, path or formula(node, self._name_of), node)
        return symbol

    def coefficient(self, assumptions: dict[str, bool]) -> sp.Symbol:
        return sp.Symbol(self._once("c", numbered=True), **assumptions)

    def where(self, used: set[sp.Symbol]) -> Iterator[Where]:
        names = {symbol.name for symbol in used}
        return (w for w in self._where if w.symbol.text in names)

    def _add(self, symbol: sp.Symbol, meaning: str, node: Node) -> None:
        symbol_ = Text(symbol.name, symbol_latex(symbol.name))
        self._where.append(Where(symbol_, Text(meaning, rf"\texttt{{{escaped(meaning)}}}"), node))

    def _once(self, name: str, numbered: bool = False) -> str:
        number, found = 1, f"{name}_1" if numbered else name
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found


_LETTERS_OF_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu "
    "nu xi pi rho sigma tau upsilon phi chi psi omega"
)
GREEK = frozenset(_LETTERS_OF_GREEK.split(" "))


def symbol_latex(name: str) -> str:
    head, _, index = name.rpartition("_")
    if head and index.isdigit():
        return f"{symbol_latex(head)}_{{{index}}}"
    if name in GREEK:
        return f"\\{name}"
    return name if len(name) == 1 and name.isascii() else rf"\mathrm{{{escaped(name)}}}"


def formula(node: Node, name_of: Callable[[Node], str | None]) -> str:
    """A node's formula in names and numbers as written, cut where it is long."""
    texts: dict[int, tuple[str, int]] = {}
    for one in postorder(node):
        name = name_of(one)
        row = OPERATORS.get(one.op)
        if name is not None:
            texts[id(one)] = name, 9
        elif one.op == NUMBER:
            texts[id(one)] = _number(one), 9
        elif row is None:
            texts[id(one)] = one.span.text, 0
        else:
            args = [texts[id(a)] for a in one.args]
            strict = one.op in ("-", "/", "^")
            words = [
                f"({text})" if row.precedence < 9 and (level < row.precedence or (strict and i and level == row.precedence))
                else text
                for i, (text, level) in enumerate(args)
            ]  # fmt: skip
            written = row.text.format(*words) if row.arity is not None else row.text.format(", ".join(words))
            texts[id(one)] = written if len(written) <= _LONGEST else f"{written[: _LONGEST - 2]} …", row.precedence
    return texts[id(node)][0]


def _number(node: Node) -> str:
    given = node.payload
    written = getattr(given, "written", None)
    if given is None or written is None:
        return "1" if given is None else f"{given.value:g}"
    return written.text if written.unit is None else f"{written.text} {written.unit}"
