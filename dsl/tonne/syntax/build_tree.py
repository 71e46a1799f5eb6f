"""Lark's reductions into the tree, called while lark parses; one method a rule of the grammar.

A `TreeBuilder` is told the file and the offset of the statement that is being parsed; it reports what the grammar cannot
say: words of the language used as names, and nesting beyond the limit.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from lark import Token, Transformer

from tonne.diagnostic import Diagnostic, diagnostic
from tonne.limits import DEFAULT_LIMITS, Limits
from tonne.source import SourceFile, Span
from tonne.syntax import tree
from tonne.syntax.keywords import KEYWORDS, SUFFIX_EXPONENTS
from tonne.syntax.mistakes import keyword_as_name
from tonne.values import replace

_NUMBER = re.compile(r"([0-9_]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?([kMBT])?$")
_ESCAPE = re.compile(r"\\(.)")

Children = list[Any]
Words = tuple[str, list[tuple[str, Span]]]
B = TypeVar("B", tree.KindDeclaration, tree.InstanceDeclaration, tree.Sweep, tree.Case, tree.Optimum)
N = TypeVar("N", tree.Binary, tree.Negate, tree.Call)


def _exponent(text: str | None) -> int:
    """A written exponent; one with more digits than anything has is as good as a billion."""
    sign, digits = ("-" if text and text[0] == "-" else ""), (text or "").lstrip("+-0")
    return int(sign + (digits if len(digits) < 9 else "1000000000")) if digits else 0


class TreeBuilder(Transformer[Token, Any]):
    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__()
        self.limits = limits
        self.found: list[Diagnostic] = []

    def begin(self, source: SourceFile, offset: int) -> None:
        """Name the statement that is parsed next; `offset` is where its text begins in the file."""
        self.source = source
        self.offset = offset
        self.found = []

    # ── tokens ──

    def span(self, token: Token) -> Span:
        """Where a token stands, without the newlines that a continuing word may carry before it."""
        start = self.offset + (token.start_pos or 0)
        end = start + len(token)
        if token[0] in " \t\r\n#":  # a continuing word carries what stands before it
            start = end - len(token.rpartition("\n")[2].lstrip())
        return Span(self.source, start, end)

    def named(self, token: Token) -> tuple[str, Span]:
        span = self.span(token)
        if token in KEYWORDS:
            self.found.append(keyword_as_name(str(token), span))
        return str(token), span

    @staticmethod
    def string(token: Token) -> str:
        return _ESCAPE.sub(lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), token[1:-1])

    # ── expressions ──

    def number(self, c: Children) -> tree.Number:
        token, unit = c
        span = self.span(token)
        text = str(token)
        match = _NUMBER.match(text)
        assert match is not None
        whole, decimals, exponent, suffix = match.groups()
        power = _exponent(exponent) + SUFFIX_EXPONENTS.get(suffix, 0)
        digits = whole.replace("_", "")
        value = float(f"{digits}.{decimals or 0}e{power}")
        half_unit = float(f"5e{power - len(decimals or '') - 1}") if value else 0.0  # a written zero means none
        is_whole = decimals is None and exponent is None and suffix is None
        if unit is None:
            return tree.Number(text, value, half_unit, is_whole, None, span, None)
        unit_span = self.span(unit)
        return tree.Number(text, value, half_unit, is_whole, str(unit), span.to(unit_span), unit_span)

    def path(self, c: Children) -> tree.Path:
        spans = tuple(map(self.span, c))
        return tree.Path(tuple(map(str, c)), spans[0].to(spans[-1]), spans)

    def binary(self, c: Children) -> tree.Binary:
        left, operator, right = c
        depth = max(getattr(left, "depth", 0), getattr(right, "depth", 0) + 1)
        return self.nested(
            tree.Binary(str(operator), left, right, left.span.to(right.span), self.span(operator), depth)
        )

    def negate(self, c: Children) -> tree.Negate:
        minus, operand = c
        return self.nested(tree.Negate(operand, self.span(minus).to(operand.span), getattr(operand, "depth", 0) + 1))

    def paren(self, c: Children) -> tree.Expr:
        left, inner, right = c
        widened: tree.Expr = replace(inner, span=self.span(left).to(self.span(right)))
        return widened

    def call(self, c: Children) -> tree.Call:
        name, _, *arguments, close = c
        arguments = [a for a in arguments if a is not None]
        name_span = self.span(name)
        depth = max((getattr(a.value, "depth", 0) for a in arguments), default=0) + 1
        return self.nested(tree.Call(str(name), tuple(arguments), name_span.to(self.span(close)), name_span, depth))

    def argument(self, c: Children) -> tree.Argument:
        name, value = c
        return tree.Argument(None if name is None else str(name), value, value.span)

    def test_argument(self, c: Children) -> tree.Argument:
        return tree.Argument(None, c[0], c[0].span)

    def nested(self, node: N) -> N:
        if node.depth == self.limits.nesting + 1:
            self.found.append(
                diagnostic(
                    "S109",
                    f"this expression is nested more than {self.limits.nesting} deep",
                    node.span,
                    help="name a part of it with `let`; `[limits] nesting` in tonne.toml sets the limit",
                )
            )
        return node

    def list(self, c: Children) -> tree.ListOf:
        left, *items, right = c
        return tree.ListOf(tuple(i for i in items if i is not None), self.span(left).to(self.span(right)))

    def range(self, c: Children) -> tree.Range:
        low, high = c
        return tree.Range(low, high, low.span if high is None else low.span.to(high.span))

    # ── provenance ──

    def citation(self, c: Children) -> tree.Citation:
        key, locator = c
        return tree.Citation(str(key), None if locator is None else self.string(locator), self.span(key))

    def cited(self, c: Children) -> tree.Provenance:
        return tree.Provenance(self.span(c[0]).to(c[-1].span), citations=tuple(c[1:]))

    def described(self, c: Children) -> tree.Provenance:
        return tree.Provenance(self.span(c[0]).to(self.span(c[1])), described=self.string(c[1]))

    def assumed(self, c: Children) -> tree.Provenance:
        return tree.Provenance(self.span(c[0]).to(self.span(c[1])), assumed=self.string(c[1]))

    def provenance(self, c: Children) -> tree.Provenance:
        first, second = (c[0], c[1]) if len(c) > 1 else (c[0], None)
        if second is not None:
            first = replace(first, assumed=second.assumed, span=first.span.to(second.span))
        return first  # type: ignore[no-any-return]

    def allow(self, c: Children) -> tree.Allow:
        return tree.Allow(str(c[0]), self.string(c[1]), self.span(c[0]))

    def spread(self, c: Children) -> tree.Call:
        return c[0]  # type: ignore[no-any-return]

    def value(self, c: Children) -> tree.Value:
        expr, spread, provenance, allow = c
        last = next((x for x in (allow, provenance, spread) if x is not None), expr)
        return tree.Value(expr, spread, provenance, allow, expr.span.to(last.span))

    def label(self, c: Children) -> tree.Text:
        token, provenance = c
        is_date = token.type == "DATE"
        return tree.Text(str(token) if is_date else self.string(token), self.span(token), is_date, provenance)

    # ── declarations ──

    def name(self, c: Children) -> tuple[str, Span]:
        return self.named(c[0])

    def module(self, c: Children) -> tuple[str, Span]:
        return ".".join(c), self.span(c[0]).to(self.span(c[-1]))

    def use(self, c: Children) -> tree.Use:
        target, *names = c
        kept = tuple(n for n in names if n is not None)
        if isinstance(target, Token):
            span = self.span(target)
            return tree.Use(self.string(target), True, kept, span, span)
        return tree.Use(target[0], False, kept, target[1], target[1])

    def bibliography(self, c: Children) -> tree.Bibliography:
        return tree.Bibliography(self.string(c[0]), self.span(c[0]))

    def doc(self, c: Children) -> tree.Doc:
        return tree.Doc(self.string(c[0]), self.span(c[0]))

    def dimension(self, c: Children) -> tree.DimensionDeclaration:
        name, unit = c
        word, span = self.named(name)
        unit_span = None if unit is None else self.span(unit)
        return tree.DimensionDeclaration(word, None if unit is None else str(unit), span, span, unit_span)

    def prefixes(self, c: Children) -> Words:
        return "prefixes", [(str(t), self.span(t)) for t in c]

    def alias(self, c: Children) -> Words:
        return "alias", [(str(t), self.span(t)) for t in c]

    def unit(self, c: Children) -> tree.UnitDeclaration:
        word, doc, definition, *clauses, provenance = c
        words: dict[str, list[tuple[str, Span]]] = {"prefixes": [], "alias": []}
        for name, given in clauses:
            words[name] += given
        span = self.span(word)
        return tree.UnitDeclaration(
            str(word),
            None if doc is None else self.string(doc),
            definition,
            tuple(words["prefixes"]),
            tuple(words["alias"]),
            span,
            span,
            provenance,
        )

    def type(self, c: Children) -> tree.TypeName:
        return tree.TypeName(str(c[0]), False, self.span(c[0]))

    def list_type(self, c: Children) -> tree.TypeName:
        token = next(t for t in c if t.type == "NAME")
        return tree.TypeName(str(token), True, self.span(token))

    def bounds(self, c: Children) -> tree.Range:
        return c[0]  # type: ignore[no-any-return]

    def usual(self, c: Children) -> tree.UsualRange:
        return tree.UsualRange(c[0], c[1])

    def alternatives(self, c: Children) -> tuple[tree.Value, ...]:
        return tuple(c)

    def field(self, c: Children) -> tree.FieldDeclaration:
        name, type_, bounds, *usual, once, alternatives = c
        word, span = self.named(name)
        last = alternatives[-1].span if alternatives else type_.span
        return tree.FieldDeclaration(
            word, type_, bounds, tuple(usual), once is not None, alternatives or (), span.to(last), span
        )

    def binding(self, c: Children) -> tree.Binding:
        word, span = self.named(c[0])
        return tree.Binding(word, c[1], span.to(c[1].span), span)

    def without(self, c: Children) -> tree.Without:
        return tree.Without(tuple(c), c[0][1].to(c[-1][1]))

    def _block(self, c: Children) -> Children:
        return c

    kind_block = instance_block = sweep_block = case_block = optimum_block = _block

    def _line(self, c: Children) -> Any:
        return c[0]

    kind_line = instance_line = sweep_line = case_line = optimum_line = _line

    def kind(self, c: Children) -> tree.KindDeclaration:
        name, like, lines = c
        word, span = self.named(name)
        return with_lines(tree.KindDeclaration(word, like, None, (), span, span), lines)

    def instance(self, c: Children) -> tree.InstanceDeclaration:
        kind, name, like, lines = c
        kind_span = self.span(kind)
        word, span = self.named(name)
        node = tree.InstanceDeclaration(str(kind), word, like, None, (), (), kind_span.to(span), kind_span, span)
        return with_lines(node, lines or [])

    def let(self, c: Children) -> tree.Let:
        name, type_, value = c
        word, span = self.named(name)
        return tree.Let(word, type_, value, span.to(value.span), span)

    # ── tests and tables ──

    def comparison(self, c: Children) -> tree.Comparison:
        left, operator, right = c
        return tree.Comparison(str(operator), left, right, left.span.to(right.span), self.span(operator))

    def near(self, c: Children) -> tree.Near:
        left, tolerance, right = c
        return tree.Near(left, tolerance, right, left.span.to(right.span))

    def inside(self, c: Children) -> tree.Inside:
        left, range_ = c
        return tree.Inside(left, range_, left.span.to(range_.span))

    def share(self, c: Children) -> tree.Expr:
        return c[0]  # type: ignore[no-any-return]

    def require(self, c: Children) -> tree.Require:
        test, share, provenance = c
        return tree.Require(test, share, provenance, test.span)

    def claim(self, c: Children) -> tree.Claim:
        test, provenance, allow = c
        return tree.Claim(test, provenance, allow, test.span)

    def shown(self, c: Children) -> tree.Shown:
        expr, unit = c
        if unit is None:
            return tree.Shown(expr, None, expr.span, None)
        unit_span = self.span(unit)
        return tree.Shown(expr, str(unit), expr.span.to(unit_span), unit_span)

    def show_values(self, c: Children) -> tree.Show:
        *shown, title = c
        return tree.Show(
            None,
            tuple(shown),
            None if title is None else self.string(title),
            shown[0].span.to(shown[-1].span),
        )

    def show_table(self, c: Children) -> tree.Show:
        of, *shown, title = c
        return tree.Show(of, tuple(shown), None if title is None else self.string(title), of.span.to(shown[-1].span))

    # ── studies ──

    def vary(self, c: Children) -> tree.Vary:
        return tree.Vary(c[0], c[1], c[0].span.to(c[1].span))

    def sweep(self, c: Children) -> tree.Sweep:
        word, span = self.named(c[0])
        return with_lines(tree.Sweep(word, None, (), (), span, span), c[1])

    def rebinding(self, c: Children) -> tree.Rebinding:
        return tree.Rebinding(c[0], c[1], c[0].span.to(c[1].span))

    def case(self, c: Children) -> tree.Case:
        name, title, lines = c
        word, span = self.named(name)
        return with_lines(tree.Case(word, None if title is None else self.string(title), (), span, span), lines)

    def objective(self, c: Children) -> tree.Objective:
        return tree.Objective(str(c[0]), c[1], self.span(c[0]).to(c[1].span))

    def free(self, c: Children) -> tree.Free:
        return tree.Free(c[0], c[1], c[0].span)

    def over(self, c: Children) -> tree.Over:
        return tree.Over(tuple(c), c[0].span.to(c[-1].span))

    def subject(self, c: Children) -> tree.Subject:
        return tree.Subject(c[0], c[0].span)

    def optimum(self, c: Children) -> tree.Optimum:
        word, span = self.named(c[0])
        return with_lines(tree.Optimum(word, None, (), (), (), (), span, span), c[1])

    def correlate(self, c: Children) -> tree.Correlate:
        left, right, value, provenance = c
        return tree.Correlate(left, right, value, provenance, left.span.to(value.span))

    def excluded(self, c: Children) -> tree.Excluded:
        return tree.Excluded(self.string(c[0]), c[1], self.span(c[0]))


_LINES: dict[type, str] = {
    tree.FieldDeclaration: "fields",
    tree.Binding: "bindings",
    tree.Without: "without",
    tree.Vary: "varied",
    tree.Show: "shows",
    tree.Rebinding: "rebindings",
    tree.Objective: "objectives",
    tree.Over: "overs",
    tree.Subject: "subjects",
}


def with_lines(node: B, lines: Children) -> B:
    """A block's node with the lines of its body in their places; its first text is its documentation."""
    places: dict[str, Any] = {}
    line: Any
    for line in lines:
        if isinstance(line, tree.Doc):
            if not isinstance(node, tree.Case):
                places.setdefault("doc", line.text)
        elif line is not None:
            places[_LINES[type(line)]] = (*places.get(_LINES[type(line)], ()), line)
    return replace(node, **places) if places else node
