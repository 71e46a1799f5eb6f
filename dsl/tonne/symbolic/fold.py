"""The graph of a problem folded to sympy, once.

Takes a `Problem` and what is known of its nodes; gives a `Folded`: the objective that is made least and the constraint as
expressions, and as sums of powers where they are such; or an `Underivable`. Free fields are positive symbols. Each
largest part of the graph that does not depend on one is an input, one symbol; its number is never put in, because sympy
does not end with numbers for exponents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from tonne.graph import NUMBER, Node, postorder, postorder_all
from tonne.problem import Problem
from tonne.symbolic import powers
from tonne.symbolic.derive import MOST_OPERATIONS, MOST_TERMS, Underivable
from tonne.symbolic.naming import Names
from tonne.symbolic.powers import Powers

# A larger integer is a number of the field, such as 6 FLOP a parameter and token, and has a name.
MOST_EXACT = 3
_WITHOUT_DERIVATIVE = ("abs", "ceil", "floor", "min", "max", "elasticity")


@dataclass(frozen=True, eq=False)
class Side:
    """A value of the graph: as an expression, and as a quotient of two sums of powers where it is one."""

    expression: sp.Expr
    over: Powers | None
    under: Powers

    @property
    def powers(self) -> Powers | None:
        return self.over if len(self.under) == 1 and self.over is not None else None


@dataclass(frozen=True, eq=False)
class Folded:
    """The problem in symbols. `objective` is made least: `sign` is -1 where the file maximizes it. `constraint` is left
    - right.

    `inputs` holds each input's symbol and node, `coefficients` the definition of each c_i in inputs. Those in `uncertain` are
    taken to be positive, and nothing in the graph says that they are.
    """

    names: Names
    free: tuple[sp.Symbol, ...]
    sign: int
    objective: Side
    constraint: Side | None
    inputs: dict[sp.Symbol, Node]
    coefficients: dict[sp.Symbol, sp.Expr]
    uncertain: frozenset[sp.Symbol]
    values: dict[sp.Symbol, float]
    sides: tuple[Side, Side] | None  # of the constraint, as the file writes them

    def in_inputs(self, expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(self.coefficients)


def fold(
    problem: Problem,
    name_of: Callable[[Node], str | None],
    sign_of: Callable[[Node], int | None],
    value_of: Callable[[Node], float | None],
) -> Folded | Underivable:
    walk = _Fold(problem, name_of, sign_of, value_of)
    why = walk.walk()
    return why or walk.folded()


class _Fold:
    def __init__(
        self,
        problem: Problem,
        name_of: Callable[[Node], str | None],
        sign_of: Callable[[Node], int | None],
        value_of: Callable[[Node], float | None],
    ) -> None:
        self.problem, self.name_of, self.sign_of, self.value_of = problem, name_of, sign_of, value_of
        self.names = Names(name_of)
        self.free = self.names.free(problem.free)
        self.sides: dict[int, Side] = {}
        self.inputs: dict[sp.Symbol, Node] = {}
        self.values: dict[sp.Symbol, float] = {}
        self.coefficients: dict[sp.Symbol, sp.Expr] = {}
        self.uncertain: set[sp.Symbol] = set()
        self._symbols: dict[int, sp.Symbol] = {}

    def walk(self) -> Underivable | None:
        problem, free = self.problem, self.problem.free
        for place, (one, symbol) in enumerate(zip(free, self.free, strict=True)):
            exponents = tuple(sp.Integer(i == place) for i in range(len(free)))
            self.sides[id(one.node)] = Side(symbol, {exponents: sp.S.One}, self._one())
        roots = [problem.objective]
        if problem.constraint is not None:
            roots += [problem.constraint.left, problem.constraint.right]
        moved = set(self.sides)
        order = []
        for node in postorder_all(roots):
            if id(node) not in moved and any(id(a) in moved for a in node.args):
                moved.add(id(node))
                order.append(node)
        for node in order:
            if node.op in _WITHOUT_DERIVATIVE:
                return Underivable("steps", node)
        if len(order) > MOST_OPERATIONS:
            return Underivable("terms", problem.objective, MOST_OPERATIONS)
        for node in order:
            side = self._side(node)
            if len(side.over or ()) + len(side.under) > MOST_TERMS:
                return Underivable("terms", node, MOST_TERMS)
            self.sides[id(node)] = side
        objective = self._of(problem.objective)
        if not objective.expression.has(*self.free):
            return Underivable("constant", problem.objective)
        return None

    def folded(self) -> Folded:
        problem = self.problem
        sign = 1 if problem.sense == "minimize" else -1
        objective = self._of(problem.objective)
        objective = self._with_coefficients(self._combine("*", [self._constant(sp.Integer(sign)), objective]))
        constraint, sides = None, None
        if problem.constraint is not None:
            left, right = (
                self._of(side, keep_zero=True) for side in (problem.constraint.left, problem.constraint.right)
            )
            constraint = self._with_coefficients(self._combine("-", [left, right]))
            sides = left, right
        used = self._used(objective, constraint)
        inputs = {symbol: node for symbol, node in self.inputs.items() if symbol in used}
        return Folded(
            self.names, self.free, sign, objective, constraint, inputs, self.coefficients, frozenset(self.uncertain),
            self.values, sides,
        )  # fmt: skip

    def _used(self, *sides: Side | None) -> set[sp.Basic]:
        used: set[sp.Basic] = set()
        for side in sides:
            if side is not None:
                used |= side.expression.xreplace(self.coefficients).free_symbols
        return used

    # ── one node ──

    def _side(self, node: Node) -> Side:
        op = node.op
        args = [
            self._of(a, keep_zero=(op == "/" and i == 1) or (op == "^" and i == 0)) for i, a in enumerate(node.args)
        ]
        return self._combine(op, args)

    def _combine(self, op: str, args: list[Side]) -> Side:
        a, b = args[0], args[-1]
        if op in ("+", "sum", "mean"):
            share = self._constant(sp.Rational(1, len(args)) if op == "mean" else sp.S.One)
            total = args[0]
            for one in args[1:]:
                total = _sum(total, one)
            return total if op != "mean" else self._combine("*", [share, total])
        if op == "-":
            return _sum(a, self._combine("neg", [b]))
        if op == "neg":
            return Side(-a.expression, None if a.over is None else powers.scaled(a.over, sp.S.NegativeOne), a.under)
        if op == "*":
            return _quotient(a.expression * b.expression, _times(a.over, b.over), powers.times(a.under, b.under))
        if op == "/":
            over, under = _times(a.over, b.under), _times(b.over, a.under)
            return _quotient(a.expression / b.expression, over if under else None, under or self._one())
        if op in ("^", "sqrt"):
            exponent = sp.Rational(1, 2) if op == "sqrt" else b.expression
            return self._power(a, exponent)
        if op == "count":
            return self._constant(sp.Integer(len(args)))
        functions = {"exp": sp.exp, "log": sp.log, "log10": lambda x: sp.log(x) / sp.log(10)}
        return Side(functions[op](a.expression), None, self._one())

    def _power(self, base: Side, exponent: sp.Expr) -> Side:
        over = under = None
        if base.over is not None and not exponent.has(*self.free):
            over, under = powers.to_the(base.over, exponent), powers.to_the(base.under, exponent)
        if over is None or under is None:
            return Side(base.expression**exponent, None, self._one())
        return _quotient(base.expression**exponent, over, under)

    def _of(self, node: Node, keep_zero: bool = False) -> Side:
        known = self.sides.get(id(node))
        if known is not None:
            return known
        number = self._exact(node)
        if number is None and not keep_zero and self.sign_of(node) == 0:
            number = sp.S.Zero
        return self._constant(self._input(node) if number is None or (keep_zero and number == 0) else number)

    def _constant(self, value: sp.Expr) -> Side:
        return Side(value, {self._no_exponents(): value} if value != 0 else {}, self._one())

    def _one(self) -> Powers:
        return {self._no_exponents(): sp.S.One}

    def _no_exponents(self) -> powers.Exponents:
        return (sp.S.Zero,) * len(self.free)

    def _exact(self, node: Node) -> sp.Rational | None:
        """A small whole number of a formula, or what is reckoned from such alone."""
        found: dict[int, sp.Rational] = {}
        for one in postorder(node):
            given = one.payload
            if one.op == NUMBER:
                value = 1.0 if given is None else given.value
                exact = given is None or not given.half_unit
                if not exact or value != int(value) or abs(value) > MOST_EXACT or self.name_of(one) is not None:
                    return None
                found[id(one)] = sp.Integer(int(value))
            elif one.op in ("+", "-", "*", "/", "neg") and one.args and all(id(a) in found for a in one.args):
                args = [self._constant(found[id(a)]) for a in one.args]
                value_ = self._combine(one.op, args).expression
                if not value_.is_Rational:
                    return None
                found[id(one)] = value_
            else:
                return None
        return found[id(node)]

    def _input(self, node: Node) -> sp.Symbol:
        if id(node) not in self._symbols:
            sign = self.sign_of(node)
            assumptions = {1: {"positive": True}, -1: {"negative": True}}.get(sign or 0, {"real": True})
            symbol = self._symbols[id(node)] = self.names.input(node, assumptions)
            self.inputs[symbol] = node
            value = self.value_of(node)
            if value is not None:
                self.values[symbol] = value
        return self._symbols[id(node)]

    # ── coefficients ──

    def _with_coefficients(self, side: Side) -> Side:
        """Each coefficient that is more than one symbol under a name.

        A constant whose sign is not known, such as a level less a floor, is the one that the other terms can equal.
        """
        if side.powers is None:
            return side
        none = self._no_exponents()
        wholes = {p: sp.factor_terms(c) for p, c in side.powers.items()}
        signs = {_sign(c) for p, c in wholes.items() if p != none}
        other = signs.pop() if len(signs) == 1 else 0
        named = {p: self._named(c, -other if p == none else 0) for p, c in wholes.items()}
        return Side(powers.expression(named, self.free), named, self._one())

    def _named(self, coefficient: sp.Expr, likely: int) -> sp.Expr:
        sign = _sign(coefficient)
        if (sign and coefficient.as_coeff_Mul()[1].is_Symbol) or coefficient.is_Number:
            return coefficient
        certain = sign != 0
        sign = sign or likely or self._present_sign(coefficient)
        definition = coefficient if sign >= 0 else -coefficient
        for symbol, known in self.coefficients.items():
            if sp.expand(known - definition) == 0:
                return symbol if sign >= 0 else -symbol
        symbol = self.names.coefficient({"positive": True} if sign else {"real": True})
        self.coefficients[symbol] = definition
        if not certain:
            self.uncertain.add(symbol)
        return symbol if sign >= 0 else -symbol

    def _present_sign(self, coefficient: sp.Expr) -> int:
        if not self.values.keys() >= coefficient.free_symbols:
            return 0
        value = coefficient.subs(self.values)  # a formula of numbers that are out of its domain has no sign
        return _sign(value) if value.is_real and value.is_finite else 0


def _sign(coefficient: sp.Expr) -> int:
    return 1 if coefficient.is_positive else -1 if coefficient.is_negative else 0


def _times(a: Powers | None, b: Powers | None) -> Powers | None:
    return None if a is None or b is None else powers.times(a, b)


def _sum(a: Side, b: Side) -> Side:
    expression = a.expression + b.expression
    if a.over is None or b.over is None:
        return Side(expression, None, a.under)
    if a.under == b.under:
        return Side(expression, powers.add(a.over, b.over), a.under)
    over = powers.add(powers.times(a.over, b.under), powers.times(b.over, a.under))
    return _quotient(expression, over, powers.times(a.under, b.under))


def _quotient(expression: sp.Expr, over: Powers | None, under: Powers) -> Side:
    """A quotient with a monomial below it divided out."""
    if over is None:
        return Side(expression, None, under)
    if len(under) != 1:
        return Side(expression, over, under)
    ((p, c),) = under.items()
    inverse = {tuple(-e for e in p): 1 / c}
    none = (sp.S.Zero,) * len(p)
    return Side(expression, powers.times(over, inverse), {none: sp.S.One})
