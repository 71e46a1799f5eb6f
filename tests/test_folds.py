"""The folds over one graph agree: evaluation, intervals, derivatives and text, on random formulas."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tonne.facts import elasticities
from tonne.graph import ELASTICITY, FUNCTIONS, OF_DRAWS, OPERATORS
from tonne.scenario import Evaluated, evaluate

VALUES = {"a": "2.50", "b": "0.40", "c": "7", "d": "1.1", "e": "30%"}
numbers = st.sampled_from([*VALUES, "3", "0.5", "2"])


def combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    powers = st.tuples(inner, st.sampled_from(["2", "0.5", "-1"])).map(lambda t: f"abs({t[0]}) ^ {t[1]}")
    calls = st.tuples(
        st.sampled_from(["sqrt(abs({}))", "exp({} / 10)", "log(abs({}) + 1)", "log10(abs({}) + 1)", "-{}"]), inner
    )
    several = st.tuples(st.sampled_from(["min", "max", "sum", "mean"]), inner, inner).map(
        lambda t: f"{t[0]}({t[1]}, {t[2]})"
    )
    return st.one_of(two, powers, calls.map(lambda t: t[0].format(t[1])), several)


formulas = st.recursive(numbers, combine, max_leaves=12)


def python_value(formula: str, values: dict[str, float]) -> float:
    names = {
        "abs": abs, "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "log10": math.log10, "min": min, "max": max,
        "sum": lambda *v: math.fsum(v), "mean": lambda *v: math.fsum(v) / len(v),
    }  # fmt: skip
    try:
        return float(eval(formula.replace("^", "**"), {"__builtins__": {}}, {**names, **values}))
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan


FLOATS = {"a": 2.5, "b": 0.4, "c": 7.0, "d": 1.1, "e": 0.3}
HALVES = {"a": 0.005, "b": 0.005, "c": 0.0, "d": 0.05, "e": 0.005}


def run(formula: str, folder: Path) -> Evaluated:
    path = folder / "formula.tonne"
    lets = "".join(f"let {name} = {value}\n" for name, value in VALUES.items())
    path.write_text(f"{lets}let x = {formula}\nshow x\n", encoding="utf-8")
    return evaluate(path)


@given(formulas)
def test_a_value_is_what_python_says(tmp_path_factory: pytest.TempPathFactory, formula: str) -> None:
    result = run(formula, tmp_path_factory.mktemp("f"))
    expected = python_value(formula, FLOATS)
    assert result.run is not None
    value = result.run.raw(next(n for let, n in result.run.model.lets.items() if let.name == "x"))
    if math.isfinite(expected):
        assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-12)
        assert not [d for d in result.diagnostics if d.is_error]
    else:
        assert not math.isfinite(value)
        assert {d.code for d in result.diagnostics} <= {"V224", "V230"}


@given(formulas, st.lists(st.floats(-1, 1), min_size=5, max_size=5))
def test_an_interval_holds_every_value_that_the_digits_allow(
    tmp_path_factory: pytest.TempPathFactory, formula: str, within: list[float]
) -> None:
    result = run(formula, tmp_path_factory.mktemp("f"))
    assert result.run is not None
    node = next(n for let, n in result.run.model.lets.items() if let.name == "x")
    moved = {n: FLOATS[n] + HALVES[n] * w for n, w in zip(FLOATS, within, strict=True)}
    # numbers in the formula itself have digits too; at their point values they lie within theirs
    value = python_value(formula, moved)
    assume(math.isfinite(value))
    low, high = result.run.interval(node)
    assert low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high)


@given(formulas, st.sampled_from("abde"))
def test_elasticities_are_the_slopes(tmp_path_factory: pytest.TempPathFactory, formula: str, name: str) -> None:
    result = run(formula, tmp_path_factory.mktemp("f"))
    assert result.run is not None
    node = next(n for let, n in result.run.model.lets.items() if let.name == "x")
    step = 1e-6
    up, down = (python_value(formula, {**FLOATS, name: FLOATS[name] * (1 + s)}) for s in (step, -step))
    middle = python_value(formula, FLOATS)
    assume(math.isfinite(up) and math.isfinite(down) and abs(middle) > 1e-3 and abs(up) < 1e6)
    forward, backward = (up - middle) / (middle * step), (middle - down) / (middle * step)
    assume(abs(forward - backward) < 1e-3)  # not at a kink of abs, min or max
    found = elasticities(result.run, node)
    mine = [
        slope
        for fact, slope in found.values()
        if fact.span.text == VALUES[name] and fact.span.line == 1 + list(VALUES).index(name)
    ]
    assert math.isclose(sum(mine), (forward + backward) / 2, rel_tol=1e-4, abs_tol=1e-4)


def test_every_function_is_a_row() -> None:
    assert set(FUNCTIONS) == {
        "abs",
        "percentile",
        "sd",
        "probability",
        "sqrt",
        "exp",
        "log",
        "log10",
        "ceil",
        "floor",
        "min",
        "max",
        "sum",
        "mean",
        "count",
        "elasticity",
    }
    for row in OPERATORS.values():
        assert row.text
        assert row.latex
        if row.name not in (ELASTICITY, *OF_DRAWS):  # no functions of the values of their arguments
            assert row.numpy
            assert row.sympy


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("-2 ^ 2", -4.0), ("2 ^ 3 ^ 2", 512.0), ("2 - 3 - 4", -5.0), ("8 / 4 / 2", 1.0), ("2 * -3", -6.0),
        ("ceil(2.1) + floor(2.9)", 5.0), ("max(1, 2, 3) - min(1, 2, 3)", 2.0), ("mean(1, 2, 6)", 3.0), ("40% + 0.6", 1.0),
    ],
)  # fmt: skip
def test_precedence(tmp_path: Path, formula: str, value: float) -> None:
    result = run(formula, tmp_path)
    assert result.run is not None
    assert result.run.raw(next(n for let, n in result.run.model.lets.items() if let.name == "x")) == pytest.approx(
        value, rel=1e-12
    )
