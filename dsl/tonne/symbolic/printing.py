"""sympy's formulas in the notation of the language, and in LaTeX; sentences with formulas in them.

Factors come in the order of a formula written by hand: numbers, exponents in Greek, coefficients, free fields, sums; terms of
a sum with a plus first. A power with a negative exponent stands below the line.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.str import StrPrinter

from tonne.symbolic.derive import Text, escaped
from tonne.symbolic.naming import GREEK, symbol_latex

_MUL, _POW = PRECEDENCE["Mul"], PRECEDENCE["Pow"]


def _is_negative(value: sp.Expr) -> bool:
    if value.is_Add:
        return all(_is_negative(term) for term in value.args)
    return bool(value.as_coeff_Mul()[0] < 0)


def _turned(product: sp.Expr) -> sp.Expr:
    """-(a - 1) as 1 - a: the sign of a sum is the one with which most of it is positive."""
    factors = []
    sign = 1
    for factor in sp.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent in (1, -1):
            constant = base.as_coeff_Add()[0]
            negatives = sum(_is_negative(term) for term in base.args)
            if constant < 0 or (constant == 0 and negatives * 2 > len(base.args)):
                sign, factor = -sign, (-base) ** exponent
        factors.append(factor)
    return sp.Mul(sign, *factors)


def _parts(value: sp.Expr) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """The factors above and below the line."""
    over: list[sp.Expr] = []
    under: list[sp.Expr] = []
    for factor in sp.Mul.make_args(value):
        if factor.is_Rational and factor.q != 1:
            over += [sp.Integer(factor.p)] if factor.p != 1 else []
            under.append(sp.Integer(factor.q))
        elif factor.is_Pow and _is_negative(factor.exp):
            under.append(factor.base**-factor.exp)
        elif factor != 1:
            over.append(factor)
    return over, under


class _Order:
    """The order of factors and terms, for both printers."""

    def __init__(self, free: Iterable[sp.Symbol]) -> None:
        self.last = tuple(symbol.name for symbol in free)

    def factors(self, factors: Iterable[sp.Expr]) -> list[sp.Expr]:
        return sorted(factors, key=self._rank)

    def _rank(self, factor: sp.Expr) -> tuple[int, str]:
        base = factor.as_base_exp()[0]
        name = base.name if base.is_Symbol else ""
        if factor.is_Number:
            return 0, ""
        if name in self.last:
            return 4 + self.last.index(name), ""
        if base.is_Symbol:
            return (1 if name in GREEK else 2), name
        return (3 if not factor.is_Add else 9), str(factor)

    def terms(self, total: sp.Add) -> list[sp.Expr]:
        return sorted(total.as_ordered_terms(), key=_is_negative)


class _InLanguage(StrPrinter):  # type: ignore[misc]
    order_: _Order

    def _print_Add(self, total: sp.Add, order: object = None) -> str:
        text = ""
        for term in self.order_.terms(total):
            sign, size = (" - ", -term) if _is_negative(term) else (" + ", term)
            text += sign + self.parenthesize(size, PRECEDENCE["Add"], strict=True)
        return text[3:] if text.startswith(" + ") else f"-{text[3:]}"

    def _print_Mul(self, product: sp.Mul) -> str:
        if _is_negative(product):
            return f"-{self.parenthesize(-product, _MUL, strict=True)}"
        over, under = _parts(product)
        above = self._product(over) or "1"
        if not under:
            return above
        below = self._product(under)
        return f"{above} / {below}" if len(under) == 1 and not under[0].is_Mul else f"{above} / ({below})"

    def _product(self, factors: list[sp.Expr]) -> str:
        return " * ".join(self.parenthesize(f, _MUL, strict=True) for f in self.order_.factors(factors))

    def _print_Pow(self, power: sp.Pow, rational: bool = False) -> str:
        if power.exp == sp.Rational(1, 2):
            return f"sqrt({self._print(power.base)})"
        if _is_negative(power.exp):
            return f"1 / {self.parenthesize(power.base**-power.exp, _MUL)}"
        exponent = self._print(power.exp)
        plain = power.exp.is_Symbol or power.exp.is_Integer
        return f"{self.parenthesize(power.base, _POW)}^{exponent if plain else f'({exponent})'}"


class _InLatex(LatexPrinter):  # type: ignore[misc]
    order_: _Order

    def _print_Symbol(self, symbol: sp.Symbol, style: str = "plain") -> str:
        return symbol_latex(symbol.name)

    def _print_Add(self, total: sp.Add, order: object = None) -> str:
        text = ""
        for term in self.order_.terms(total):
            text += f" - {self._print(-term)}" if _is_negative(term) else f" + {self._print(term)}"
        return text[3:] if text.startswith(" + ") else f"-{text[3:]}"

    def _print_Mul(self, product: sp.Mul) -> str:
        if _is_negative(product):
            return f"-{self._print(-product)}"
        over, under = _parts(product)
        above = self._product(over) or "1"
        return rf"\frac{{{above}}}{{{self._product(under)}}}" if under else above

    def _product(self, factors: list[sp.Expr]) -> str:
        alone = len(factors) == 1
        return r" \, ".join(self._print(f) if alone else self._wrapped(f) for f in self.order_.factors(factors))

    def _wrapped(self, factor: sp.Expr) -> str:
        inner = self._print(factor)
        return rf"\left({inner}\right)" if precedence(factor) < _MUL else inner

    def _print_Pow(self, power: sp.Pow) -> str:
        if _is_negative(power.exp):
            return rf"\frac{{1}}{{{self._print(power.base**-power.exp)}}}"
        if power.exp == sp.Rational(1, 2):
            return rf"\sqrt{{{self._print(power.base)}}}"
        base, exponent = self._print(power.base), self.in_line(power.exp)
        return f"{base}^{{{exponent}}}" if power.base.is_Symbol else rf"\left({base}\right)^{{{exponent}}}"

    def in_line(self, exponent: sp.Expr) -> str:
        """An exponent on one line: 1/a."""
        over, under = _parts(exponent)
        if not under or _is_negative(exponent):
            return str(self._print(exponent))
        sides = (self._print(sp.Mul(*side)) if side else "1" for side in (over, under))
        return "/".join(f"({text})" if " " in text else text for text in sides)


class Writer:
    """Formulas of one derivation, as `Text`."""

    def __init__(self, free: Iterable[sp.Symbol]) -> None:
        order = _Order(free)
        self._language, self._latex = _InLanguage(), _InLatex({"ln_notation": True})
        self._language.order_ = self._latex.order_ = order

    def shown(self, value: sp.Expr) -> Text:
        tidy = value.replace(lambda e: e.is_Mul or (e.is_Pow and e.exp == -1), _turned)
        return Text(self._language.doprint(tidy), self._latex.doprint(tidy))

    def power(self, base: sp.Expr, exponent: sp.Expr) -> Text:
        """A power as it stands, not multiplied out."""
        inner, above = self.shown(base), self.shown(exponent)
        in_latex = self._latex.in_line(exponent)
        return Text(f"({inner.text})^({above.text})", rf"\left({inner.latex}\right)^{{{in_latex}}}")

    def equation(self, left: sp.Expr | Text, right: sp.Expr | Text, relation: str = "=") -> Text:
        a, b = (side if isinstance(side, Text) else self.shown(side) for side in (left, right))
        in_latex = {">=": r"\ge", "<=": r"\le"}.get(relation, relation)
        return Text(f"{a.text} {relation} {b.text}", f"{a.latex} {in_latex} {b.latex}")

    def sentence(self, words: str, *parts: sp.Expr | Text) -> Text:
        """Words with a formula for each `{}`."""
        pieces = words.split("{}")
        formulas = [part if isinstance(part, Text) else self.shown(part) for part in parts]
        text, latex = pieces[0], escaped(pieces[0])
        for formula, piece in zip(formulas, pieces[1:], strict=True):
            text += formula.text + piece
            latex += f"${formula.latex}${escaped(piece)}"
        return Text(text, latex)
