"""Dimensions: a fold over every formula, each once, before anything is evaluated.

`Checker.dimension` gives the dimension of a formula, or None where an error was found in it or in what it rests on: what
follows from an error is silent. `expect` compares with what is declared.
"""

from __future__ import annotations

from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.dimension import MOST_BASES, MOST_POWER, RATIO, Dimension
from tonne.graph import LEAF, NUMBER, OPERATORS, PROBABILITY, UNKNOWN, Node, result_dimension
from tonne.hints import Hints
from tonne.lower import Formula
from tonne.names import Let, Study
from tonne.source import Span
from tonne.syntax import tree
from tonne.syntax.walk import within
from tonne.units import Unit, UnitTable

_VERBS = {"+": ("add", "to"), "-": ("subtract", "from")}


class Checker:
    """Checks the formulas of one project; collects what it has to say in `found`."""

    def __init__(self, units: UnitTable) -> None:
        self.units = units
        self.hints = Hints(units)
        self.found: list[Diagnostic] = []
        self.lets: dict[Let, Dimension | None] = {}
        self.results: dict[tuple[Study, str], Dimension | None] = {}  # of optima
        self._known: dict[Formula, Dimension | None] = {}

    def dimension(self, formula: Formula, wanted: Dimension | None = None) -> Dimension | None:
        """The dimension of a formula; `wanted` is what its place declares, which hints may use."""
        if formula in self._known:
            return self._known[formula]
        at: dict[int, Dimension | None] = {}
        for node in formula.order:
            at[id(node)] = self._of(node, [at[id(a)] for a in node.args], formula, wanted)
        result = self._known[formula] = at[id(formula.root)]
        return result

    def _of(
        self, node: Node, args: list[Dimension | None], formula: Formula, wanted: Dimension | None
    ) -> Dimension | None:
        if node.op == NUMBER:
            return node.payload.dimension  # type: ignore[no-any-return]
        if node.op == UNKNOWN:
            return None
        if node.op == LEAF:
            reference = node.payload
            if reference.field is not None:
                return reference.field.unit.dimension if reference.field.unit else None
            if reference.is_list:
                return RATIO
            if reference.result:
                return self.results.get((reference.study, reference.result))
            return self.lets.get(reference.root)
        known = [a for a in args if a is not None]
        if len(known) < len(args):
            return None
        if node.op == PROBABILITY and isinstance(node.payload, tree.Near) and known[2].is_ratio:
            known = known[:2]  # a tolerance is a share of the right side, or a quantity like it
        row = OPERATORS[node.op]
        exponent = _constant(node.args[1]) if row.dimension == "power" else None
        result = result_dimension(row.dimension, known, exponent)
        if result is None:
            self.found.append(self._misfit(node, known, formula, wanted))
        return result

    def _misfit(self, node: Node, args: list[Dimension], formula: Formula, wanted: Dimension | None) -> Diagnostic:
        name = self.units.describe
        row = OPERATORS[node.op]
        if row.dimension in ("same", "alike"):
            odd = next(i for i, a in enumerate(args) if a != args[0])
            left, right = node.args[0], node.args[odd]
            verb = _VERBS.get(node.op)
            title = (
                f"cannot {verb[0]} {name(args[odd])} {verb[1]} {name(args[0])}"
                if verb
                else f"cannot compare {name(args[odd])} with {name(args[0])}"
            )
            labels = [Label(_operator_span(node, formula))]
            labels += [
                Label(left.span, self._quantity(left, args[0])),
                Label(right.span, self._quantity(right, args[odd])),
            ]
            help, fix = self.hints.of_sum(formula, left, right, args[0], args[odd], wanted)
            return diagnostic("D201", title, *labels, help=help, fix=fix)
        if row.dimension == "power":
            base, exponent = node.args
            if not args[1].is_ratio:
                return diagnostic(
                    "D208",
                    f"an exponent is a ratio, this is {name(args[1])}",
                    exponent.span,
                    help=f"divide by a reference: `({exponent.span.text}) / {self.hints.one(args[1])}`",
                )
            one = self.hints.one(args[0])
            written = f"({base.span.text} / {one}) ^ {exponent.span.text}"
            return diagnostic(
                "D207",
                f"a quantity cannot be raised to {exponent.span.text}",
                node.span,
                help=f"make it a ratio first: `{written}`",
                fix=Fix(node.span, written),
            )
        if row.dimension in ("product", "quotient", "root"):  # these fit all that can be counted
            title = f"the dimension of this has more than {MOST_BASES} parts, or a power beyond {MOST_POWER}"
            return diagnostic("S109", title, node.span, help="divide by a reference on the way")
        odd = next(i for i, a in enumerate(args) if not a.is_ratio)
        arg = node.args[odd]
        written = f"{node.op}({arg.span.text} / {self.hints.one(args[odd])})"
        return diagnostic(
            "D208",
            f"`{node.op}` takes a ratio, this is {name(args[odd])}",
            arg.span,
            help=f"divide by a reference: `{written}`",
            fix=Fix(node.span, written),
        )

    def _quantity(self, node: Node, dimension: Dimension) -> str:
        """A label such as `energy (MWh)`."""
        name = self.units.describe(dimension)
        if node.op == LEAF and node.payload.field is not None and node.payload.field.unit is not None:
            return f"{name} ({node.payload.field.unit.word})"
        return name

    def expect(self, formula: Formula, unit: Unit, code: str, what: str, *declared: Label) -> bool:
        """Whether a formula has the dimension of a unit; if not, and it is not silent, says so under `code`."""
        got = self.dimension(formula, unit.dimension)
        if got is None:
            return False
        if got == unit.dimension:
            return True
        name = self.units.describe
        expr = formula.expr
        if isinstance(expr, tree.Number) and expr.unit is None:
            example = f"{expr.text} {unit.word}"
            self.found.append(
                diagnostic(
                    "D206",
                    f"{expr.text} needs a unit of {name(unit.dimension)}",
                    Label(expr.span),
                    *declared,
                    help=f"for example `{example}`",
                    fix=Fix(expr.span, example),
                )
            )
            return False
        help, fix = self.hints.of_result(formula, unit, got)
        titles = {
            "D202": f"{what} is {name(unit.dimension)}, this is {name(got)}",
            "D203": f"{what} is declared {name(unit.dimension)}, its formula gives {name(got)}",
        }
        self.found.append(diagnostic(code, titles[code], Label(expr.span, name(got)), *declared, help=help, fix=fix))
        return False


def _constant(node: Node) -> float | None:
    """The value of a constant exponent: a number, or one with a minus."""
    if node.op == NUMBER:
        return float(node.payload.value)
    if node.op == "neg" and node.args[0].op == NUMBER:
        return -float(node.args[0].payload.value)
    return None


def _operator_span(node: Node, formula: Formula) -> Span:
    """Where the sign of an operation stands."""
    for one in within(formula.expr):
        if isinstance(one, tree.Binary) and one.span == node.span and one.operator == node.op:
            return one.operator_span
        if isinstance(one, tree.Call) and one.span == node.span:
            return one.name_span
    return node.span
