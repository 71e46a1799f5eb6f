"""Optimum problems built as nodes, for the tests of `tonne.symbolic`: the file's sides are formulas in Python's notation."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tonne.dimension import RATIO
from tonne.graph import FREE, LEAF, NUMBER, OPERATORS, Given, Node, postorder
from tonne.problem import Constraint, Free, Problem
from tonne.source import SourceFile, Span
from tonne.symbolic.derive import Derivation, Underivable, derive
from tonne.syntax import tree
from tonne.units import Unit

SPAN = Span(SourceFile("problem", "problem"), 0, 7)
CASES = json.loads((Path(__file__).parent / "data" / "optimum_cases.json").read_text(encoding="utf-8"))["cases"]
_OPERATIONS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}


def number(value: float, text: str = "") -> Node:
    written = tree.Number(text or f"{value:g}", value, 0.0, value == int(value), None, SPAN, None)
    return Node(NUMBER, (), SPAN, Given(value, RATIO, 0.0, written, is_fact=False))


@dataclass
class Names:
    """What names of a formula stand for: free fields, and values, each one leaf."""

    values: dict[str, float]
    free: dict[str, Node]
    leaves: dict[str, Node] = field(default_factory=dict)

    def node(self, formula: str) -> Node:
        return self._node(ast.parse(formula, mode="eval").body)

    def _node(self, at: ast.expr) -> Node:
        if isinstance(at, ast.Constant):
            assert isinstance(at.value, (int, float))
            return number(at.value)
        if isinstance(at, ast.Name):
            if at.id in self.free:
                return self.free[at.id]
            return self.leaves.setdefault(at.id, Node(LEAF, (), SPAN, at.id))
        if isinstance(at, ast.BinOp):
            return Node(_OPERATIONS[type(at.op)], (self._node(at.left), self._node(at.right)), SPAN)
        if isinstance(at, ast.UnaryOp):
            return Node("neg", (self._node(at.operand),), SPAN)
        assert isinstance(at, ast.Call)
        assert isinstance(at.func, ast.Name)
        return Node(at.func.id, tuple(map(self._node, at.args)), SPAN)

    def name_of(self, node: Node) -> str | None:
        return f"file.{node.payload}" if node.op == LEAF else None

    def value_of(self, node: Node) -> float | None:
        return evaluated(node, self.values)

    def sign_of(self, node: Node) -> int | None:
        value = self.value_of(node)
        return None if value is None or math.isnan(value) else (value > 0) - (value < 0)


def evaluated(node: Node, values: dict[str, float], free: dict[int, Any] | None = None) -> Any:
    """A node's value at those of its leaves; `free` gives those of free fields by their nodes' id."""
    functions: dict[str, Callable[..., Any]] = {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
        "^": lambda a, b: a**b, "neg": lambda a: -a, "sqrt": lambda a: a**0.5, "sum": lambda *a: sum(a),
        "mean": lambda *a: sum(a) / len(a), "exp": np.exp, "log": np.log,
    }  # fmt: skip
    known: dict[int, Any] = {}
    for one in postorder(node):
        if one.op == NUMBER:
            known[id(one)] = one.payload.value
        elif one.op == LEAF:
            known[id(one)] = values[one.payload]
        elif one.op == FREE:
            known[id(one)] = (free or {}).get(id(one), math.nan)
        else:
            assert one.op in OPERATORS
            known[id(one)] = functions[one.op](*(known[id(a)] for a in one.args))
    return known[id(node)]


@dataclass
class Example:
    problem: Problem
    names: Names

    def derive(self) -> Derivation:
        found = self.outcome()
        assert isinstance(found, Derivation), found
        return found

    def outcome(self) -> Derivation | Underivable:
        return derive(self.problem, self.names.name_of, self.names.sign_of, self.names.value_of)

    def inputs(self, derivation: Derivation, values: dict[str, float] | None = None) -> list[Any]:
        return [evaluated(node, values or self.names.values) for node in derivation.compiled.inputs]


def example(
    objective: str,
    constraint: str | None,
    values: dict[str, float],
    free: tuple[str, ...] = ("N", "D"),
    sense: str = "minimize",
) -> Example:
    """A problem; the constraint is `left == right` in one text."""
    words = {"N": ("llama.parameters", "param"), "D": ("pretrain.tokens", "token")}
    nodes = {name: Node(FREE, (), SPAN, place) for place, name in enumerate(free)}
    names = Names(values, nodes)
    fields = tuple(
        Free(
            words.get(n, (f"box.{n}", "m"))[0],
            nodes[n],
            Unit(words.get(n, ("", "m"))[1], 1.0, RATIO, False),
            None,
            None,
            None,
            SPAN,
        )
        for n in free
    )
    held = None
    if constraint is not None:
        left, _, right = constraint.partition("==")
        held = Constraint("==", names.node(left.strip()), names.node(right.strip()), SPAN)
    return Example(Problem("best", sense, names.node(objective), held, fields, SPAN), names)


# ── Chinchilla's problems ──

LOSS = "E + A / (N / 1) ** alpha + B / (D / 1) ** beta"
COST = "per_token * N * D + serving * N * requests"
LAW = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}


def least_loss(**values: float) -> Example:
    given = {**LAW, "per_token": 6.0, "serving": 2.0, "requests": 2e13, "budget": 5.88e23, **values}
    return example(LOSS, f"{COST} == budget", given)


def least_cost(**values: float) -> Example:
    given = {**LAW, "per_token": 6.0, "serving": 2.0, "requests": 1e12, "level": 2.0, **values}
    return example(COST, f"{LOSS} == level", given)


def of_case(case: dict[str, Any]) -> Example:
    """The problem of one reference answer."""
    given = case["input"]
    values = {"A": "A", "B": "B", "E": "E", "alpha": "a", "beta": "b"}
    values_: dict[str, float] = {name: float(given[key]) for name, key in values.items()}
    weights = {key: float(value) for key, value in given.get("weights", {}).items()}
    values_["requests"] = float(given.get("T_inf", 0))
    if "mfu_train" in weights:
        values_["per_token"] = 6 / weights["mfu_train"] * weights["price_train"]
        served = weights["T_in"] / weights["mfu_in"] + weights["T_out"] / weights["mfu_out"]
        values_ |= {"serving": 2 * weights["price_inf"] * served, "requests": 1.0}
    elif weights:
        values_["per_token"] = weights["w_train"] * 6
        served = weights["w_in"] * weights["T_in"] + weights["w_out"] * weights["T_out"]
        values_ |= {"serving": 2 * served, "requests": 1.0}
    if given["problem"].startswith("P2"):
        if "loss" in given:
            return least_cost(**values_, level=float(given["loss"]))
        size, a, b = float(given["N_chinchilla"]), values_["alpha"], values_["beta"]
        data = (b * values_["B"] / (a * values_["A"])) ** (1 / b) * size ** (a / b)
        return least_cost(**values_, level=values_["E"] + values_["A"] / size**a + values_["B"] / data**b)
    return least_loss(**values_, budget=float(given.get("C", given.get("budget", "nan"))))


def tolerance(case: dict[str, Any]) -> float:
    """What the reference answers allow; a case given by a loss has the rounding of that loss in it."""
    a, b, e = (float(case["input"][key]) for key in ("a", "b", "E"))
    allowed = 1e-13 / min(a, b)
    if case["input"]["problem"].startswith("P2"):
        loss = case["answer"]["loss"]
        allowed += 4 * 2.0**-52 * loss / ((loss - e) * min(a, b))
    return allowed


def roots(
    derivation: Derivation, inputs: list[Any], low: float = -50.0, high: float = 800.0, steps: int = 850
) -> Iterator[float]:
    """The roots of a condition between two ends, by bisection of each change of sign."""
    condition = derivation.compiled.condition
    assert condition is not None
    with np.errstate(all="ignore"):
        ts = np.linspace(low, high, steps + 1)
        values = np.broadcast_to(condition(ts, *inputs), ts.shape)
        for i in np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) <= 0):
            a, b = ts[i], ts[i + 1]
            first = np.sign(values[i])
            for _ in range(200):
                middle = (a + b) / 2
                if middle in (a, b):
                    break
                a, b = (middle, b) if np.sign(condition(middle, *inputs)) == first else (a, middle)
            yield float(b)


def solution(derivation: Derivation, inputs: list[Any]) -> tuple[float, ...]:
    """The free fields at the only root."""
    (t,) = set(roots(derivation, inputs))
    compiled = derivation.compiled
    kept = math.exp(t)
    if compiled.eliminated is None:
        return (kept,)
    other = float(compiled.eliminated(t, *inputs))
    return (kept, other) if compiled.kept == 0 else (other, kept)
