"""The expression graph and its folds.

A `Node` is an operator with arguments, a number, or a leaf that stands for a named value. An operator or function is one
row of `OPERATORS`: its dimension rule, its name in numpy and in sympy, its interval rule, its derivatives, its text and
its LaTeX. Adding a function is adding a row. Whoever works on formulas (the dimension check, evaluation, intervals,
derivatives, explanations) walks `postorder` and reads the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from fractions import Fraction
from typing import Any

from tonne.dimension import RATIO, Dimension
from tonne.source import Span
from tonne.values import Record, Unprinted

NUMBER, LEAF, UNKNOWN = "number", "leaf", "unknown"
# Leaves of an optimum: a field that it chooses, and a value at the point that it finds.
FREE, SOLVED = "free", "solved"
# A value with a spread that names another value: a node of its own, since it is another assumption.
DRAWN = "drawn"
PERCENTILE, SD, PROBABILITY = "percentile", "sd", "probability"
# Functions that ask about draws; they have a value once there was sampling.
OF_DRAWS = (PERCENTILE, SD, PROBABILITY)

Interval = tuple[float, float]


class Node(Unprinted, Record, frozen=True, eq=False):
    """One operation. `payload` is a `Given` for a number, whatever a leaf stands for in a leaf, else None."""

    op: str
    args: tuple[Node, ...]
    span: Span
    payload: Any = None


class Given(Unprinted, Record, frozen=True, eq=False):
    """A number as it enters the graph, in base units.

    `half_unit` is half a unit of its last written digit, 0 when the number is exact. `written` is the tree's number;
    `is_fact` says that a scenario states it, rather than a kind's formula.
    """

    value: float
    dimension: Dimension
    half_unit: float
    written: Any
    is_fact: bool = True


def postorder(root: Node, known: Container[int] = ()) -> list[Node]:
    """Each node once, after its arguments; below a node whose id is `known` it does not look."""
    order: list[Node] = []
    seen: set[int] = set()
    work: list[tuple[Node, bool]] = [(root, False)]
    while work:
        node, ready = work.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            if node.args and id(node) not in known:
                work.append((node, True))
                work += [(arg, False) for arg in reversed(node.args)]
            else:
                order.append(node)
    return order


def postorder_all(roots: Sequence[Node]) -> list[Node]:
    """Each node that the roots need, once, after its arguments."""
    return postorder(Node("roots", tuple(roots), roots[0].span))[:-1] if roots else []


# ── what a row says ──

# The rule of an operator's dimension: "same" (all arguments alike), "product", "quotient", "power", "root" (square root),
# "ratio" (arguments are ratios, so is the result), "keep" (that of the argument), "count" (a ratio, whatever is counted),
# "first" (that of the first; the others are ratios), "alike" (arguments alike, and the result a ratio).


class Operator(Record, frozen=True):
    name: str
    arity: int | None  # None: one or more, or a list
    dimension: str
    numpy: str
    sympy: str
    interval: Callable[..., Interval]
    partials: Callable[[Sequence[float], float], Sequence[float]]
    text: str
    latex: str
    precedence: int = 9


def _spread(values: Sequence[float]) -> Interval:
    if any(v != v for v in values):
        return -math.inf, math.inf
    return min(values), max(values)


def _mul(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _product(x: Interval, y: Interval) -> Interval:
    return _spread([_mul(a, b) for a in x for b in y])


def _quotient(x: Interval, y: Interval) -> Interval:
    if y[0] <= 0 <= y[1]:
        return -math.inf, math.inf
    return _product(x, (1 / y[1], 1 / y[0]))


def power(base: float, exponent: float) -> float:
    """A float power that answers nan or inf where Python raises."""
    try:
        result = base**exponent
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return math.nan if isinstance(result, complex) else result


def _raised(x: Interval, y: Interval) -> Interval:
    if y[0] == y[1] and y[0] == int(y[0]) and abs(y[0]) < 1e6:
        ends = [power(a, y[0]) for a in x]
        if x[0] <= 0 <= x[1]:
            if y[0] < 0:
                return -math.inf, math.inf
            ends.append(0.0 if y[0] else 1.0)
        return _spread(ends)
    if x[0] <= 0:
        return -math.inf, math.inf
    return _spread([power(a, b) for a in x for b in y])


def _rising(function: Callable[[float], float]) -> Callable[[Interval], Interval]:
    def rule(x: Interval) -> Interval:
        ends = []
        for end, beyond in zip(x, (-math.inf, math.inf), strict=True):
            try:
                ends.append(function(end))
            except (ValueError, OverflowError):
                ends.append(beyond)
        return ends[0], ends[1]

    return rule


def _absolute(x: Interval) -> Interval:
    ends = [abs(x[0]), abs(x[1])]
    return (0.0 if x[0] <= 0 <= x[1] else min(ends)), max(ends)


def _each(function: Callable[[Sequence[float]], float]) -> Callable[..., Interval]:
    return lambda *xs: (function([x[0] for x in xs]), function([x[1] for x in xs]))


def _safe(function: Callable[[], float]) -> float:
    try:
        return function()
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan


def _power_partials(a: Sequence[float], r: float) -> Sequence[float]:
    return (
        _safe(lambda: a[1] * power(a[0], a[1] - 1)),
        _safe(lambda: r * math.log(a[0]) if a[0] > 0 else 0.0),
    )


def _chosen(a: Sequence[float], r: float) -> Sequence[float]:
    first = next((i for i, x in enumerate(a) if x == r), -1)
    return [1.0 if i == first else 0.0 for i in range(len(a))]


def _plain(a: Sequence[float], r: float) -> Sequence[float]:
    return (0.0,) * len(a)


_ROWS = [
    Operator(
        "+", 2, "same", "add", "Add", lambda x, y: (x[0] + y[0], x[1] + y[1]),
        lambda a, r: (1.0, 1.0), "{} + {}", "{} + {}", 1,
    ),
    Operator(
        "-", 2, "same", "subtract", "Add", lambda x, y: (x[0] - y[1], x[1] - y[0]),
        lambda a, r: (1.0, -1.0), "{} - {}", "{} - {}", 1,
    ),
    Operator("*", 2, "product", "multiply", "Mul", _product, lambda a, r: (a[1], a[0]), "{} * {}", r"{} \cdot {}", 2),
    Operator(
        "/", 2, "quotient", "divide", "Mul", _quotient,
        lambda a, r: (_safe(lambda: 1 / a[1]), _safe(lambda: -a[0] / a[1] / a[1])), "{} / {}", r"\frac{{{}}}{{{}}}", 2,
    ),
    Operator("^", 2, "power", "power", "Pow", _raised, _power_partials, "{} ^ {}", "{{{}}}^{{{}}}", 4),
    Operator("neg", 1, "keep", "negative", "Mul", lambda x: (-x[1], -x[0]), lambda a, r: (-1.0,), "-{}", "-{}", 3),
    Operator(
        "abs", 1, "keep", "absolute", "Abs", _absolute,
        lambda a, r: (math.copysign(1.0, a[0]),), "abs({})", r"\left|{}\right|",
    ),
    Operator(
        "sqrt", 1, "root", "sqrt", "sqrt", _rising(math.sqrt),
        lambda a, r: (_safe(lambda: 0.5 / r),), "sqrt({})", r"\sqrt{{{}}}",
    ),
    Operator("exp", 1, "ratio", "exp", "exp", _rising(math.exp), lambda a, r: (r,), "exp({})", r"\exp\left({}\right)"),
    Operator(
        "log", 1, "ratio", "log", "log", _rising(math.log),
        lambda a, r: (_safe(lambda: 1 / a[0]),), "log({})", r"\ln\left({}\right)",
    ),
    Operator(
        "log10", 1, "ratio", "log10", "log", _rising(math.log10),
        lambda a, r: (_safe(lambda: 1 / a[0] / math.log(10)),), "log10({})", r"\log_{{10}}\left({}\right)",
    ),
    Operator("ceil", 1, "ratio", "ceil", "ceiling", _rising(math.ceil), _plain, "ceil({})", r"\lceil {} \rceil"),
    Operator("floor", 1, "ratio", "floor", "floor", _rising(math.floor), _plain, "floor({})", r"\lfloor {} \rfloor"),
    Operator("min", None, "same", "minimum", "Min", _each(min), _chosen, "min({})", r"\min\left({}\right)"),
    Operator("max", None, "same", "maximum", "Max", _each(max), _chosen, "max({})", r"\max\left({}\right)"),
    Operator("sum", None, "same", "add", "Add", _each(math.fsum), lambda a, r: (1.0,) * len(a), "sum({})", r"\sum {}"),
    Operator(
        "mean", None, "same", "mean", "Add", _each(lambda v: math.fsum(v) / len(v)),
        lambda a, r: (1.0 / len(a),) * len(a), "mean({})", r"\overline{{{}}}",
    ),
    Operator("count", None, "count", "count", "Integer", lambda *xs: (float(len(xs)),) * 2, _plain, "count({})", r"\#{}"),
    Operator(DRAWN, 1, "keep", "positive", "Mul", lambda x: x, lambda a, r: (1.0,), "{}", "{}"),
    # of the draws of the first
    Operator(
        PERCENTILE, 2, "first", "", "", lambda x, y: (-math.inf, math.inf), _plain,
        "percentile({})", r"\operatorname{{percentile}}\left({}\right)",
    ),
    Operator(
        SD, 1, "keep", "", "", lambda x: (-math.inf, math.inf), _plain, "sd({})", r"\operatorname{{sd}}\left({}\right)"
    ),
    # the sides of a test, which is its payload
    Operator(
        PROBABILITY, None, "alike", "", "", lambda *xs: (-math.inf, math.inf), _plain,
        "probability({})", r"\operatorname{{probability}}\left({}\right)",
    ),
    # d ln(first) / d ln(second), from the graph below the first rather than from their values (`tonne.slopes`)
    Operator(
        "elasticity", 2, "count", "", "", lambda x, y: (-math.inf, math.inf), _plain,
        "elasticity({})", r"\frac{{\partial \ln}}{{\partial \ln}}\left({}\right)",
    ),
]  # fmt: skip

ELASTICITY = "elasticity"
OPERATORS: dict[str, Operator] = {row.name: row for row in _ROWS}
FUNCTIONS = tuple(row.name for row in _ROWS if row.name.isalnum() and row.name not in ("neg", DRAWN))
OVER_LISTS = ("sum", "mean", "count", "min", "max")


def at_intervals(node: Node, args: Sequence[Interval]) -> Interval:
    """The interval of an operation from those of its arguments."""
    try:
        return OPERATORS[node.op].interval(*args)
    except (OverflowError, ValueError):
        return -math.inf, math.inf


def dimension_of(root: Node) -> Dimension | None:
    """The dimension of a node whose formulas were checked, from the numbers that it is made of."""
    known: dict[int, Dimension | None] = {}
    for node in postorder(root):
        args = [known[id(a)] for a in node.args]
        if node.op == NUMBER:
            known[id(node)] = RATIO if node.payload is None else node.payload.dimension
        elif not args or None in args:
            known[id(node)] = None
        else:
            exponent = node.args[-1].payload.value if node.args[-1].op == NUMBER and node.args[-1].payload else None
            known[id(node)] = result_dimension(
                OPERATORS[node.op].dimension, [a for a in args if a is not None], exponent
            )
    return known[id(root)]


def _countable(dimension: Dimension) -> Dimension | None:
    return dimension if dimension.is_countable else None


def result_dimension(rule: str, args: Sequence[Dimension], exponent: float | None = None) -> Dimension | None:
    """The dimension that a rule gives to arguments that fit it, or None where they do not fit or it is beyond counting.

    `exponent` is the value of a constant exponent, which "power" needs when its base is no ratio.
    """
    if rule == "same":
        return args[0] if all(a == args[0] for a in args) else None
    if rule == "product":
        return _countable(args[0] * args[1])
    if rule == "quotient":
        return _countable(args[0] / args[1])
    if rule == "keep":
        return args[0]
    if rule == "root":
        return _countable(args[0] ** Fraction(1, 2))
    if rule == "count":
        return RATIO
    if rule == "first":
        return args[0] if all(a.is_ratio for a in args[1:]) else None
    if rule == "alike":
        return RATIO if all(a == args[0] for a in args) else None
    if rule == "power":
        if not args[1].is_ratio:
            return None
        if args[0].is_ratio:
            return RATIO
        if exponent is None or exponent != int(exponent) or abs(exponent) > 100:
            return None
        return _countable(args[0] ** int(exponent))
    return RATIO if all(a.is_ratio for a in args) else None
