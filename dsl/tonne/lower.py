"""Expressions into formulas: every name bound to what it stands for, every number in base units.

`lower` takes an expression and the place where it stands and gives a `Formula`; each is lowered once, at its kind or in its
file. Reports names and units that are none; dimensions are the business of `tonne.check`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

from tonne.diagnostic import Applicability, Diagnostic, Fix, diagnostic
from tonne.dimension import RATIO
from tonne.graph import (
    ELASTICITY,
    FUNCTIONS,
    LEAF,
    NUMBER,
    OPERATORS,
    OVER_LISTS,
    PERCENTILE,
    PROBABILITY,
    UNKNOWN,
    Given,
    Node,
    postorder,
)
from tonne.limits import MOST_ERRORS
from tonne.names import Scope, closest, did_you_mean
from tonne.paths import Paths, Place, Reference
from tonne.source import Span
from tonne.spread_forms import SPREADS
from tonne.syntax import tree
from tonne.syntax.keywords import SUFFIX_EXPONENTS
from tonne.syntax.walk import test_parts
from tonne.unit_problems import UnitProblem
from tonne.units import UnitTable
from tonne.values import replace


@dataclass(frozen=True, eq=False, repr=False)
class Formula:
    root: Node
    expr: tree.Expr
    place: Place

    @cached_property
    def order(self) -> list[Node]:
        return postorder(self.root)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        return tuple(dict.fromkeys(n.payload for n in self.order if n.op == LEAF))

    @cached_property
    def steps(self) -> list[tuple[Node, tuple[int, ...]]]:
        """Each node with the places of its arguments among the steps before it."""
        place = {id(node): i for i, node in enumerate(self.order)}
        return [(node, tuple(place[id(a)] for a in node.args)) for node in self.order]

    @property
    def is_unknown(self) -> bool:
        return any(n.op == UNKNOWN for n in self.order)

    @property
    def stands_in(self) -> bool:
        """A bare reference or a constant: used where nothing better is known, so that binding over it is no contradiction."""
        return self.root.op == LEAF or not self.references


class Lowering:
    """Lowers the expressions of one project; collects what it has to say in `found`."""

    def __init__(self, units: UnitTable) -> None:
        self.units = units
        self.found: list[Diagnostic] = []
        self.stopped = False
        self.paths = Paths(units, self.found)

    def lower(self, expr: tree.Expr, place: Place) -> Formula:
        if len(self.found) > MOST_ERRORS:
            if not self.stopped:
                self.stopped = True
                title = f"more than {MOST_ERRORS} names and units are wrong"
                help = "the rest of the file was not looked at"
                self.found.append(diagnostic("S109", title, expr.span, help=help))
            return Formula(Node(UNKNOWN, (), expr.span), expr, place)
        return Formula(self._node(expr, place), expr, place)

    def _node(self, expr: tree.Expr, place: Place, list_allowed: bool = False) -> Node:
        if isinstance(expr, tree.Number):
            return self._number(expr, place)
        if isinstance(expr, tree.Path):
            return self._path(expr, place, list_allowed)
        if isinstance(expr, tree.Negate):
            return Node("neg", (self._node(expr.operand, place),), expr.span)
        if isinstance(expr, tree.Call):
            return self._call(expr, place)
        chain = [expr]  # a + b + c leans left: no recursion along it
        while isinstance(chain[-1].left, tree.Binary):
            chain.append(chain[-1].left)
        node = self._node(chain[-1].left, place)
        for one in reversed(chain):
            node = Node(one.operator, (node, self._node(one.right, place)), one.span)
        return node

    # ── numbers ──

    def _number(self, number: tree.Number, place: Place) -> Node:
        if number.unit is None:
            if not math.isfinite(number.value):
                return self._too_large(number)
            half = 0.0 if place.exact or number.whole else number.half_unit  # numbers in full are exact
            return Node(NUMBER, (), number.span, Given(number.value, RATIO, half, number, not place.exact))
        unit = self.units.lookup(number.unit)
        span = number.unit_span or number.span
        if isinstance(unit, UnitProblem):
            self.found += [] if unit.silent else [self._no_unit(number, unit, span, place)]
            return Node(UNKNOWN, (), number.span)
        hidden = self._hidden_unit(number.unit, place.scope)
        if hidden is not None:
            word, file = hidden
            self.found.append(
                diagnostic("D209", f"`{word}` is a unit of {file}", span, help=f"name it in a `use` of {file}")
            )
        if not math.isfinite(number.value * unit.factor):
            return self._too_large(number)
        exact = place.exact or (number.whole and (unit.counted or number.value == 1))  # `1 year` names the unit
        half = 0.0 if exact else number.half_unit * unit.factor
        return Node(
            NUMBER,
            (),
            number.span,
            Given(number.value * unit.factor, unit.dimension, half, number, not place.exact),
        )

    def _too_large(self, number: tree.Number) -> Node:
        """Nothing infinite enters the graph."""
        title = f"`{number.span.text}` is no finite number"
        help = "too large for a 64-bit number: the largest is about 1.8e308 base units"
        self.found.append(diagnostic("V230", title, number.span, help=help))
        return Node(UNKNOWN, (), number.span)

    def _no_unit(self, number: tree.Number, problem: UnitProblem, span: Span, place: Place) -> Diagnostic:
        """What to say of a word that is no unit; `3 kWh/x` may mean a division by the value `x`."""
        word = span.text
        if problem.code == "D209" and "/" in word:
            unit, _, name = word.rpartition("/")
            if unit in self.units and closest(name, self.paths.names(place)) == name:
                mended = f"{number.text} {unit} / {name}"
                return diagnostic(
                    "D209",
                    f"no unit `{name}`",
                    span,
                    help=f"to divide by the value `{name}` write `{mended}`",
                )
        line = span.source.line(span.line)
        hours = re.match(r"[- ](?:hours?|hrs?|h)\b", line[span.column - 1 + len(word) :], re.IGNORECASE)
        if hours and word.lower().rstrip("s") in ("gpu", "tpu", "device", "chip", "accelerator"):
            mended = f"{number.text} device*h"
            whole = Span(span.source, number.span.start, span.end + hours.end())
            return diagnostic(
                "D211", f"no unit `{word}{hours.group()}`", whole, help=f"write `{mended}`", fix=Fix(whole, mended)
            )
        same = _without_prefix(number, problem) if problem.code == "D210" else None
        if same is not None:
            certain = Fix(number.span, same, Applicability.CERTAIN)
            return diagnostic(problem.code, problem.title, span, help=f"write `{same}`", fix=certain)
        fix = None
        if problem.instead and problem.code != "D210":  # to drop a prefix would be another number
            sure = Applicability.CERTAIN if problem.certain else Applicability.LIKELY
            fix = Fix(span, problem.instead, sure)
        return diagnostic(problem.code, problem.title, span, help=problem.help, fix=fix)

    def _hidden_unit(self, word: str, scope: Scope) -> tuple[str, str] | None:
        if word in ("%", "ratio"):
            return None
        for atom in word.replace("*", "/").split("/"):
            source = self.units.declared_in(atom.partition("^")[0])
            if source is not None and all(source is not seen.source for seen in scope.visible):
                return atom, source.name
        return None

    # ── names ──

    def _path(self, path: tree.Path, place: Place, list_allowed: bool) -> Node:
        reference = self.paths.find(path, place)
        if reference is None:
            return Node(UNKNOWN, (), path.span)
        if reference.is_list and not list_allowed:
            over = ", ".join(f"`{f}({path})`" for f in ("sum", "mean", "max"))
            self.found.append(
                diagnostic("N119", f"`{path}` is a list; one value is needed", path.span, help=f"write {over}")
            )
            return Node(UNKNOWN, (), path.span)
        if not reference.is_value and not reference.is_list:
            return self._not_a_value(path, reference)
        return Node(LEAF, (), path.span, reference)

    def _not_a_value(self, path: tree.Path, reference: Reference) -> Node:
        kind = self.paths.kind_at(reference)
        fields = [f.name for f in kind.quantities] if kind else []
        such = "co2e" if "co2e" in fields else (fields[0] if fields else "field")
        what = kind.name if kind else "reference"
        self.found.append(
            diagnostic(
                "N119",
                f"`{path}` is a {what}; a value is needed",
                path.span,
                help=f"name a field of it, such as `{path}.{such}`",
            )
        )
        return Node(UNKNOWN, (), path.span)

    # ── functions ──

    def _call(self, call: tree.Call, place: Place) -> Node:
        row = OPERATORS.get(call.name) if call.name in FUNCTIONS else None
        if row is None:
            help, fix = did_you_mean(call.name, FUNCTIONS, call.name_span)
            if call.name in SPREADS:
                help, fix = f"a spread stands behind a value: `VALUE ~ {call.span.text}`", None
            self.found.append(
                diagnostic(
                    "N111",
                    f"there is no function `{call.name}`",
                    call.name_span,
                    help=help or f"functions: {', '.join(FUNCTIONS)}",
                    fix=fix,
                )
            )
            return Node(UNKNOWN, (), call.span)
        if any(a.name is not None for a in call.arguments):
            named = next(a for a in call.arguments if a.name is not None)
            self.found.append(
                diagnostic("S101", f"`{call.name}` takes no named argument", named.span, help="give the values alone")
            )
            return Node(UNKNOWN, (), call.span)
        values = [a.value for a in call.arguments if not isinstance(a.value, tree.Comparison | tree.Near | tree.Inside)]
        if call.name == PROBABILITY:
            return self._probability(call, place)
        if len(values) < len(call.arguments):
            title = f"`{call.name}` takes values, this is a test"
            self.found.append(diagnostic("S101", title, call.span, help="only `probability( … )` takes a test"))
            return Node(UNKNOWN, (), call.span)
        wanted = row.arity
        if not call.arguments or (wanted is not None and len(call.arguments) != wanted):
            takes = "one or more values" if wanted is None else wanted
            title = f"`{call.name}` takes {takes}, this has {len(call.arguments)}"
            example = {PERCENTILE: "percentile(x, 95%)", ELASTICITY: "elasticity(a, b)"}.get(
                call.name, f"{call.name}(x)"
            )
            self.found.append(diagnostic("S101", title, call.span, help=f"for example `{example}`"))
            return Node(UNKNOWN, (), call.span)
        args = tuple(self._node(value, place, call.name in OVER_LISTS) for value in values)
        if call.name == PERCENTILE and args[1].op == NUMBER and not 0 <= args[1].payload.value <= 1:
            title = f"a percentile lies between 0% and 100%, this is {args[1].span.text}"
            mended = f"{args[1].span.text}%"
            fits = args[1].payload.written.unit is None and args[1].payload.value <= 100
            fix = Fix(args[1].span, mended) if fits else None
            help = f"did you mean `{mended}`?" if fits else "for example `percentile(x, 95%)`"
            self.found.append(diagnostic("D208", title, args[1].span, help=help, fix=fix))
            return Node(UNKNOWN, (), call.span)
        if call.name == ELASTICITY:
            if args[1].op not in (LEAF, UNKNOWN):
                title = f"an elasticity is with respect to a field or a `let`, this is `{args[1].span.text}`"
                help = "for example `elasticity(pretrain.co2e, pretrain.pue)`"
                self.found.append(diagnostic("N119", title, args[1].span, help=help))
                return Node(UNKNOWN, (), call.span)
            args = args[0], _at_the_same_optimum(*args)
        for arg in args:
            whole_list = arg.op == LEAF and arg.payload.is_list and arg.payload.field is None
            if whole_list and call.name != "count":
                kind = self.paths.members(arg.payload.root)
                such = "co2e" if kind and "co2e" in kind[0].kind.fields else "field"
                title = f"`{arg.span.text}` is a list of instances; a field of them is needed"
                self.found.append(
                    diagnostic("N119", title, arg.span, help=f"for example `{call.name}({arg.span.text}.{such})`")
                )
                return Node(UNKNOWN, (), call.span)
        return Node(call.name, args, call.span)

    def _probability(self, call: tree.Call, place: Place) -> Node:
        """The share of draws in which a test holds: the sides of the test, and the test itself."""
        test = call.arguments[0].value if len(call.arguments) == 1 else None
        if not isinstance(test, tree.Comparison | tree.Near | tree.Inside):
            title = "`probability` takes one test"
            help = "for example `probability(pretrain.co2e < 130 tCO2e)`"
            self.found.append(diagnostic("S101", title, call.span, help=help))
            return Node(UNKNOWN, (), call.span)
        sides = tuple(self._node(expr, place) for _, expr in test_parts(test))
        return Node(PROBABILITY, sides, call.span, test)


def _at_the_same_optimum(of: Node, by: Node) -> Node:
    """`elasticity(lifetime.N, requests)` means the requests of the optimum, whose other values follow from them there."""
    references = [n.payload for n in postorder(of) if n.op == LEAF]
    study = next((r.study for r in references if r.study is not None), None)
    if study is None or by.op != LEAF or by.payload.study is not None:
        return by
    return Node(LEAF, (), by.span, replace(by.payload, study=study))


def _without_prefix(number: tree.Number, problem: UnitProblem) -> str | None:
    """`1400 Gtoken` as `1400B token`, `3 Wh/Mtoken` as `3e-6 Wh/token`: the same number without the refused prefix."""
    word, instead = number.unit or "", problem.instead or ""
    if not problem.suffix or not re.fullmatch(r"[0-9_]+(?:\.[0-9]+)?", number.text) or "^" in word:
        return None
    if word.partition("/")[0] != instead.partition("/")[0]:
        return f"{number.text}{problem.suffix} {instead}"
    return f"{number.text}e-{SUFFIX_EXPONENTS[problem.suffix]} {instead}"
