"""The steps of a derivation in words and formulas, as a paper's appendix gives them.

Takes a folded problem and what was found of it; gives `Step`s of text and LaTeX. Finds nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from tonne.problem import Problem
from tonne.symbolic import powers
from tonne.symbolic.closed_forms import Root, S, Trinomial, V, present, roots
from tonne.symbolic.derive import Step, Text, Where, Written
from tonne.symbolic.eliminate import Condition, T
from tonne.symbolic.family import Structure
from tonne.symbolic.fold import Folded
from tonne.symbolic.functions import LAMBDA
from tonne.symbolic.powers import Powers
from tonne.symbolic.printing import Writer
from tonne.symbolic.shares import in_shares

_H = Text("h(t)", "h(t)")
_BORDERED = Text(
    "g_v^2 * L_uu - 2 * g_u * g_v * L_uv + g_u^2 * L_vv > 0",
    r"g_{v}^{2} \mathcal{L}_{uu} - 2 g_{u} g_{v} \mathcal{L}_{uv} + g_{u}^{2} \mathcal{L}_{vv} > 0",
)
_SOLVED = "The constraint in one variable"
_CONVEX_ALONE = "In the logarithms of the free fields the objective is a sum of exponentials, which is convex."
_CONVEX = (
    "In the logarithms of the free fields the objective and the constraint are sums of exponentials with positive "
    "coefficients, which are convex, and the multiplier is positive."
)


class Steps:
    """Writes one derivation. `explicit` or `three` is what its condition reduces to, and `root` solves the latter."""

    def __init__(
        self,
        problem: Problem,
        folded: Folded,
        condition: Condition | None,
        family: Structure | None,
        explicit: tuple[sp.Expr, ...] | None,
        three: Trinomial | None,
        root: Root | None,
    ) -> None:
        self.problem, self.folded, self.condition, self.family = problem, folded, condition, family
        self.explicit, self.three, self.root = explicit, three, root
        self.free = folded.free
        self.write = Writer(self.free)
        self.f = folded.objective.expression
        self.g = None if folded.constraint is None else folded.constraint.expression
        self.shares = in_shares(folded)

    def written(self) -> Written:
        steps = [self.statement()]
        if self.g is not None:
            steps.append(self.lagrangian())
        steps += [self.stationarity(), *self.multiplier(), *self.path(), self.one_variable(), self.uniqueness()]
        steps += [*self.reduction(), self.closed_form(), self.elasticities(), self.second_order()]
        return Written(tuple(self.where()), tuple(steps))

    # ── the problem ──

    def where(self) -> Iterator[Where]:
        """The symbols used, each with what it is: free fields, inputs, then coefficients."""
        sides = [self.f, self.g] if self.g is not None else [self.f]
        shown = {symbol for side in sides for symbol in side.free_symbols}
        used = {*self.free, *(s for symbol in shown for s in self.folded.in_inputs(symbol).free_symbols)}
        yield from self.folded.names.where(used)
        for symbol, definition in self.folded.coefficients.items():
            if symbol in shown:
                yield Where(self.write.shown(symbol), self.write.shown(definition))

    def statement(self) -> Step:
        verb = "Minimize" if self.folded.sign == 1 else "Maximize"
        names = self._list([self.write.shown(x) for x in self.free])
        equations = [self.write.equation(self._of("f"), self.folded.sign * self.f)]
        held = ""
        if self.problem.constraint is not None:
            held = " subject to the constraint"
            equations.append(self._constraint(self.problem.constraint.operator))
        words = self.write.sentence(f"{verb} {{}} over {{}}{held}. All free fields are positive.", self._of("f"), names)
        found = [words]
        if self.folded.sign == -1:
            found.append(self.write.sentence("What follows makes it least with its sign changed."))
        if self.problem.constraint is not None and self.problem.constraint.operator != "==":
            found.append(
                self.write.sentence("What follows is for the case in which the constraint holds as an equation.")
            )
        return Step("Problem", tuple(found), tuple(equations))

    def lagrangian(self) -> Step:
        assert self.g is not None
        equation = self.write.equation(Text("L", r"\mathcal{L}"), self._sum([self.f, LAMBDA * self.g]))
        return Step(
            "Lagrangian", (self.write.sentence("With a multiplier {} for the constraint,", LAMBDA),), (equation,)
        )

    def stationarity(self) -> Step:
        equations = []
        for place, x in enumerate(self.free):
            slope, *held = self._slopes(place)
            whole = [slope, *(LAMBDA * one for one in held)]
            letter, in_latex = ("f", "f") if self.g is None else ("L", r"\mathcal{L}")
            left = Text(
                f"d{letter}/d{x.name}", rf"\frac{{\partial {in_latex}}}{{\partial {self.write.shown(x).latex}}}"
            )
            equations.append(self.write.equation(self.write.equation(left, self._sum(whole)), sp.S.Zero))
        words = self.write.sentence("At a stationary point all derivatives by the free fields vanish.")
        return Step("Stationarity", (words,), tuple(equations))

    def multiplier(self) -> Iterator[Step]:
        """From the stationarity of one field, in which the multiplier is linear."""
        if self.g is None:
            return
        slopes = [(*self._slopes(place), x) for place, x in enumerate(self.free)]
        usable = [s for s in slopes if s[0] != 0 and s[1] != 0]
        if not usable:
            return
        f, g, x = min(usable, key=lambda s: len(sp.Add.make_args(s[0])) + len(sp.Add.make_args(s[1])))
        words = self.write.sentence("The multiplier enters the equation of {} linearly, which gives", x)
        yield Step("Multiplier", (words,), (self.write.equation(LAMBDA, sp.factor_terms(-f / g)),))

    # ── the condition ──

    def path(self) -> Iterator[Step]:
        condition = self.condition
        if condition is not None and condition.isolated is not None:
            place, whole = condition.isolated
            words = self.write.sentence("The constraint is linear in {}; solved for it, it is", self.free[place])
            at = self._at(self.free[place], self.free[condition.kept])
            yield Step(_SOLVED, (words,), (self.write.equation(at, whole),))
        if condition is None or condition.path is None:
            return
        path, x, y = condition.path, self.free[condition.path.eliminated], self.free[condition.kept]
        whole = self._quotient(path.over, path.under)
        equations = []
        if path.power != 1:
            equations.append(self.write.equation(x**path.power, whole))
            whole = self.write.power(whole, 1 / path.power)
        equations.append(self.write.equation(self._at(x, y), whole))
        if path.by == "constraint":
            words = self.write.sentence("The constraint, solved for {}, is", x)
            yield Step(_SOLVED, (words,), tuple(equations))
            return
        told = "Put into the other equation, it" if self.g is not None else "One of the equations"
        yield Step(
            "Path", (self.write.sentence(f"{told} leaves two powers of {{}}, which gives", x),), tuple(equations)
        )

    def one_variable(self) -> Step:
        condition, title = self.condition, "Condition"
        if condition is None:
            words = "No field can be isolated with formulas. The optimum is found from the gradients alone."
            return Step(title, (self.write.sentence(words),))
        y = self.free[condition.kept]
        path = condition.path
        told = [self.write.equation(T, sp.log(y))]
        if condition.eliminated is not None:
            x = self.free[1 - condition.kept]
            told.append(self.write.equation(x, self._at(x, y)))
        found = [
            self.write.sentence(
                "What is left is one equation of one variable, with " + " and ".join("{}" for _ in told) + ":", *told
            )
        ]
        if condition.above is None or condition.below is None:
            found.append(
                self.write.sentence("It is solved as the difference of both sides over the sum of their sizes.")
            )
            return Step(title, tuple(found), (self._plain_condition(),))
        stationary = path is not None and path.by == "constraint"
        if stationary:
            found.insert(0, self.write.sentence("The multiplier put into the other equation gives a second one."))
        above, below = (self._sum(self._terms(side)) for side in (condition.above, condition.below))
        logs = [Text(f"log({side.text})", rf"\ln\left({side.latex}\right)") for side in (above, below)]
        difference = Text(f"{logs[0].text} - {logs[1].text}", f"{logs[0].latex} - {logs[1].latex}")
        equations = (
            self.write.equation(above, below),
            self.write.equation(self.write.equation(_H, difference), sp.S.Zero),
        )
        return Step(title, tuple(found), equations)

    def _plain_condition(self) -> Text:
        if self.g is None:
            return self.write.equation(sp.diff(self.f, self.free[0]), sp.S.Zero)
        if len(self.free) == 1:
            return self.write.equation(self.g, sp.S.Zero)
        letters = [self.write.shown(x) for x in self.free]

        def slope(of: str, at: int) -> Text:
            x = letters[at]
            return Text(f"(d{of}/d{x.text})", rf"\frac{{\partial {of}}}{{\partial {x.latex}}}")

        sides = [(slope("f", 0), slope("g", 1)), (slope("f", 1), slope("g", 0))]
        left, right = (Text(f"{a.text} * {b.text}", f"{a.latex} {b.latex}") for a, b in sides)
        return self.write.equation(left, right)

    def uniqueness(self) -> Step:
        condition, title = self.condition, "Uniqueness"
        if condition is not None and condition.slope is not None:
            sign = "negative" if condition.falls else "positive"
            words = self.write.sentence(f"The slope of {{}}, times a {sign} sum, is", _H)
            slope = self.write.equation(self._sum(self._terms(condition.slope)), sp.S.Zero, ">")
            after = self.write.sentence("All of its terms are positive, so that there is at most one root.")
            return Step(title, (words,), (slope,), (after,))
        if condition is not None and condition.is_convex:
            found = (
                self.write.sentence(_CONVEX if self.g is not None else _CONVEX_ALONE),
                self.write.sentence("There is at most one stationary point, and it is the least."),
            )
            return Step(title, found)
        return Step(
            title, (self.write.sentence("Signs do not show that there is one solution only; all are looked for."),)
        )

    # ── closed forms ──

    def reduction(self) -> Iterator[Step]:
        """The trinomial about the point at which its last term is zero."""
        three = self.three
        if three is None:
            return
        y, start = self.free[three.kept], self._start(three)
        shift = sp.Symbol("s", positive=True)
        moved = self.write.shown(y + sp.factor_terms(three.shift))
        scaled = self.write.shown(sp.Pow(y / start, three.rho, evaluate=False))
        first = self.write.shown(start)
        left = Text(f"{first.text} * {scaled.text}", rf"{first.latex} \, {scaled.latex}")
        equations = [
            self.write.equation(left, moved),
            self.write.equation(start, three.scale),
            self.write.equation(V**three.rho, self._sum([V, S])),
            self.write.equation(shift, sp.factor_terms(three.shift) / start),
        ]
        found = [
            self.write.sentence(
                "The path put into the condition leaves three powers of {}; {} is the solution without the last.",
                y,
                start,
            ),
            self.write.sentence("With {} it has one parameter.", self.write.equation(y, start * V)),
        ]
        after = []
        if self.family is not None and self.family.problem == "least-loss":
            after.append(self.write.sentence("This is for {}.", self.write.equation(self.family.a, sp.S.One, "<")))
        yield Step("Reduction", tuple(found), tuple(equations), tuple(after))

    def closed_form(self) -> Step:
        title, three = "Closed form", self.three
        if self.explicit is not None:
            words = self.write.sentence("The condition has two powers of one variable, so that")
            return Step(title, (words,), self._explicit(self.explicit))
        if three is None:
            told = "There is none: the condition does not reduce to two or three powers of one variable."
            return Step(title, (self.write.sentence(told),))
        value = present(self.folded, three.rho)
        rho = self.write.shown(three.rho) if value is None else self.write.equation(three.rho, _number(value))
        if self.root is not None:
            words = self.write.sentence("With {} the trinomial is a polynomial, whose positive root is", rho)
            return Step(title, (words,), self._of_root(three, self.root))
        known = ", ".join(str(exponent) for exponent in sorted(roots()))
        words = self.write.sentence(
            f"There is none with {{}}: there is one for {known}. The condition is solved numerically.", rho
        )
        return Step(title, (words,))

    def _explicit(self, found: tuple[sp.Expr, ...]) -> tuple[Text, ...]:
        condition = self.condition
        assert condition is not None
        y = self.free[condition.kept]
        equations = [self.write.equation(y, found[0])]
        if condition.path is not None:
            _, factor, slope = found
            equations.append(self.write.equation(self.free[condition.path.eliminated], factor * y**slope))
        return tuple(equations)

    def _of_root(self, three: Trinomial, root: Root) -> tuple[Text, ...]:
        equations = [self.write.equation(symbol, value) for symbol, value in root.by]
        whole = self.write.equation(V, root.v)
        if root.below is None:
            equations.append(whole)
        else:
            assert root.v_below is not None
            for one, relation in ((self.write.equation(V, root.v_below), "<="), (whole, ">")):
                case = self.write.equation(S, root.below, relation)
                equations.append(
                    Text(f"{one.text} where {case.text}", rf"{one.latex} \quad\text{{where }} {case.latex}")
                )
        y = self.free[three.kept]
        return (*equations, self.write.equation(y, self._start(three) * V))

    def _start(self, three: Trinomial) -> sp.Symbol:
        return sp.Symbol(f"{self.free[three.kept].name}_0", positive=True)

    # ── elasticities and the second order ──

    def elasticities(self) -> Step:
        title, shares = "Elasticities", self.shares
        if shares is None:
            words = (
                "They follow from the conditions by implicit differentiation. Their formulas are too long to be read."
            )
            return Step(title, (self.write.sentence(words),))
        found = ["By implicit differentiation of the conditions"]
        named = [part for share, term in shares.of if share.is_Symbol for part in (share, term)]
        if named:
            total = "the constraint" if shares.of_constraint else "the objective"
            found.append(
                f", with {' and '.join(['{} the share of {}'] * (len(named) // 2))} in {total} without its constant"
            )
        equations = [
            self.write.equation(self._elasticity(x, coefficient), answer)
            for coefficient, answers in shares.elasticities
            if not coefficient.is_Number
            for x, answer in zip(self.free, answers, strict=True)
        ]
        alone = "Each symbol is moved by itself; a fact that enters several of them moves all of them"
        return Step(title, (self.write.sentence("".join(found), *named), self.write.sentence(alone)), tuple(equations))

    def _elasticity(self, x: sp.Symbol, coefficient: sp.Expr) -> Text:
        by, letter = self.write.shown(coefficient), self.write.shown(x)
        in_latex = rf"\frac{{\partial \ln {letter.latex}}}{{\partial \ln {by.latex}}}"
        return Text(f"d log({letter.text}) / d log({by.text})", in_latex)

    def second_order(self) -> Step:
        title = "Second-order condition"
        is_convex = self.condition is not None and self.condition.is_convex
        if self.g is None:
            words = (
                _CONVEX_ALONE if is_convex else "The curvature of the objective is looked at where it is stationary."
            )
            return Step(title, (self.write.sentence(words),))
        if len(self.free) == 1:
            return Step(title, (self.write.sentence("The constraint leaves no direction to move in."),))
        logs = [self.write.equation(sp.Symbol(letter), sp.log(x)) for letter, x in zip("uv", self.free, strict=True)]
        words = "By the bordered Hessian in {} and {}, a stationary point is a minimum where"
        equations = [_BORDERED]
        after = [self.write.sentence(_CONVEX if is_convex else "It is looked at where the conditions hold.")]
        if self.shares is not None:
            words += ", and in shares and exponents, without its scale, where"
            equations.append(self.write.equation(self.shares.curvature, sp.S.Zero, ">"))
        return Step(title, (self.write.sentence(words, *logs),), tuple(equations), tuple(after))

    # ── how things are written ──

    def _slopes(self, place: int) -> list[sp.Expr]:
        """The derivatives of objective and constraint by a free field."""
        sides = [side for side in (self.folded.objective, self.folded.constraint) if side is not None]
        return [
            sp.diff(side.expression, self.free[place])
            if side.powers is None
            else powers.expression(powers.derivative(side.powers, place), self.free)
            for side in sides
        ]

    def _of(self, letter: str) -> Text:
        names = self._list([self.write.shown(x) for x in self.free])
        return Text(f"{letter}({names.text})", f"{letter}({names.latex})")

    def _list(self, parts: list[Text]) -> Text:
        return Text(", ".join(p.text for p in parts), ", ".join(p.latex for p in parts))

    def _constraint(self, operator: str) -> Text:
        assert self.g is not None
        relation = {"==": "=", "<=": "<=", ">=": ">="}[operator]
        g = self.folded.constraint.powers if self.folded.constraint is not None else None
        halves = None if g is None else powers.halves(g)
        if halves is None or not all(halves):
            return self.write.equation(self.g, sp.S.Zero, relation)
        above, below = (powers.expression(side, self.free) for side in halves)
        return self.write.equation(above, below, relation)

    def _sum(self, parts: list[sp.Expr]) -> Text:
        """A sum as it stands, none of it multiplied out or put in another order."""
        text = latex = ""
        for part in parts:
            shown = self.write.shown(part)
            if not text:
                text, latex = shown.text, shown.latex
            elif shown.text.startswith("-") and not part.is_Add:
                minus = self.write.shown(-part)
                text, latex = f"{text} - {minus.text}", f"{latex} - {minus.latex}"
            else:
                text, latex = f"{text} + {shown.text}", f"{latex} + {shown.latex}"
        return Text(text, latex)

    def _terms(self, side: Powers) -> list[sp.Expr]:
        return [powers.expression({p: c}, self.free) for p, c in side.items()]

    def _quotient(self, over: Powers, under: Powers) -> sp.Expr:
        return powers.expression(over, self.free) / powers.expression(under, self.free)

    def _at(self, x: sp.Symbol, y: sp.Symbol) -> Text:
        a, b = self.write.shown(x), self.write.shown(y)
        return Text(f"{a.text}({b.text})", f"{a.latex}({b.latex})")


def _number(value: float) -> Text:
    return Text(f"{value:.6g}", f"{value:.6g}")
