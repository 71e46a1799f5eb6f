"""A derivation as it is read: its formulas hold, its texts say what a paper needs, its LaTeX compiles."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from optimum_problems import LAW, LOSS, Example, example, least_cost, least_loss, solution
from tonne.cli.commands import tonne
from tonne.report.derivation import FORMATS, as_latex, as_markdown, as_text
from tonne.symbolic.derive import Derivation, Step

OTHERS = {**LAW, "c": 6.0, "w": 4e13, "k": 2e12, "budget": 5.88e23, "level": 2.0, "K": 1e9, "r": 0.5}
EXAMPLES = {
    "least loss": least_loss(),
    "least cost": least_cost(),
    "none served": least_loss(requests=0),
    "cubic": least_loss(alpha=0.5, beta=0.5),
    "quartic": least_cost(beta=1 / 3),
    "data cost": example(LOSS, "c * N * D + w * N + k * D == budget", OTHERS),
    "utilization": example(LOSS, "c * N * D / (N / (N + K)) ** r + w * N == budget", OTHERS),
    "by hand": example("exp(x) * y + log(y) + x", "x * exp(y) + exp(x) * y == budget", OTHERS, ("x", "y")),
    "one field": example("c * x + w / x", None, OTHERS, ("x",)),
    "maximized": example("x * y", "c * x + w * y == budget", OTHERS, ("x", "y"), "maximize"),
}
each = pytest.mark.parametrize("name", EXAMPLES)


def step(derivation: Derivation, title: str) -> Step:
    (found,) = (step for step in derivation.written().steps if step.title == title)
    return found


def value_of(text: str, values: dict[str, Any]) -> float:
    """A formula in the notation of the language, by Python."""
    renamed = re.sub(r"\blambda\b", "multiplier", text)
    functions = {"log": math.log, "sqrt": math.sqrt, "exp": math.exp, "cos": math.cos, "acos": math.acos, "sinh": math.sinh,
                 "asinh": math.asinh, "cosh": math.cosh, "acosh": math.acosh}  # fmt: skip
    return float(eval(renamed.replace("^", "**"), {"__builtins__": {}}, {**functions, **values}))


def at_solution(problem: Example) -> tuple[Derivation, dict[str, float], list[Any], tuple[float, ...]]:
    """A derivation with the value of each symbol of its list at the solution."""
    derivation = problem.derive()
    inputs = problem.inputs(derivation)
    point = solution(derivation, inputs)
    values: dict[str, float] = {"N": point[0], "D": point[1], **problem.names.values}
    for where in derivation.written().where:
        if where.node is None:
            values[where.symbol.text] = value_of(where.meaning.text, values)
    return derivation, values, inputs, point


@pytest.mark.parametrize("name", ["least loss", "least cost", "none served", "cubic", "quartic", "data cost"])
def test_every_equation_holds_at_the_solution(name: str) -> None:
    derivation, values, _, _ = at_solution(EXAMPLES[name])
    (multiplier,) = step(derivation, "Multiplier").equations
    values["multiplier"] = value_of(multiplier.text.partition(" = ")[2], values)
    for equation in step(derivation, "Stationarity").equations:
        slope = equation.text.split(" = ")[1]
        assert value_of(slope, values) == pytest.approx(0, abs=1e-10 * largest_term(slope, values))
    solved = [s for s in derivation.written().steps if s.title in ("Path", "The constraint in one variable")]
    assert len(solved) == 1
    right = solved[0].equations[-1].text.partition(" = ")[2]
    assert value_of(right, values) == pytest.approx(values["N"], rel=1e-10)
    held, condition = step(derivation, "Condition").equations
    assert value_of(held.text.split(" = ")[0], values) == pytest.approx(
        value_of(held.text.split(" = ")[1], values), rel=1e-11
    )
    assert value_of(condition.text.split(" = ")[1], values) == pytest.approx(0, abs=1e-11)


def largest_term(total: str, values: dict[str, float]) -> float:
    """The size of the largest term of a sum of two."""
    return max(abs(value_of(term, values)) for term in re.split(r" [-+] (?![^(]*\))", total.removeprefix("-")))


@pytest.mark.parametrize("name", ["least loss", "least cost", "cubic", "quartic"])
def test_the_reduction_and_its_closed_form_give_the_solution(name: str) -> None:
    derivation, values, _, _ = at_solution(EXAMPLES[name])
    reduced = step(derivation, "Reduction").equations
    values["D_0"] = value_of(reduced[1].text.partition(" = ")[2], values)
    left, right = reduced[0].text.split(" = ")
    assert value_of(left, values) == pytest.approx(value_of(right, values), rel=1e-10)
    values |= {"v": values["D"] / values["D_0"], "s": value_of(reduced[3].text.partition(" = ")[2], values)}
    left, right = reduced[2].text.split(" = ")
    assert value_of(left, values) == pytest.approx(value_of(right, values), rel=1e-10)
    equations = step(derivation, "Closed form").equations
    v = values.pop("v")
    for equation in equations[:-1]:
        symbol, _, formula = equation.text.partition(" = ")
        formula, _, case = formula.partition(" where ")
        if not case or eval(case.replace("sqrt", "math.sqrt"), {"math": math, **values}):
            values[symbol] = value_of(formula, values)
    if equations:
        assert values["v"] == pytest.approx(v, rel=1e-9)


def test_the_point_without_serving_is_chinchillas() -> None:
    _, alone, _, _ = at_solution(least_loss(requests=0))
    derivation, values, _, _ = at_solution(least_loss())
    start = step(derivation, "Reduction").equations[1].text.partition(" = ")[2]
    assert value_of(start, values) == pytest.approx(alone["D"], rel=1e-11)


@pytest.mark.parametrize("name", ["least loss", "least cost", "none served", "data cost"])
def test_printed_elasticities_are_those_that_are_evaluated(name: str) -> None:
    problem = EXAMPLES[name]
    derivation, values, inputs, point = at_solution(problem)
    compiled = derivation.compiled
    assert compiled.elasticities is not None
    assert compiled.constraint_gradient is not None
    f, g = compiled.objective_gradient(*point, *inputs), compiled.constraint_gradient(*point, *inputs)
    evaluated = compiled.elasticities(*point, -f[1] / g[1], *inputs)
    printed = step(derivation, "Elasticities")
    for symbol, term in re.findall(r"(phi\w*) the share of ([^,]*?)(?= and phi| in the )", printed.sentences[0].text):
        cost = value_of(COSTS[name], values)
        values[symbol] = value_of(term, values) / cost
    payloads = [node.payload for node in compiled.inputs]
    compared = 0
    for equation in printed.equations:
        left, formula = equation.text.split(" = ")
        free, by = re.findall(r"log\((\w+)\)", left)
        if by in payloads and by not in ("E", "level"):
            place = ("N", "D").index(free)
            assert value_of(formula, values) == pytest.approx(
                evaluated[place][payloads.index(by)], rel=1e-9, abs=1e-12
            ), left
            compared += 1
    assert compared >= 6


COSTS = {
    "least loss": "per_token * N * D + serving * requests * N",
    "least cost": "per_token * N * D + serving * requests * N",
    "none served": "1",
    "data cost": "c * N * D + w * N + k * D",
}


def test_elasticities_of_serving_are_the_published_ones() -> None:
    """With f the share of serving in the cost and Delta = a + b + (1 - a) f."""
    for problem, by_n, by_d in (
        (least_loss(), lambda a, b, f: -(1 + b) * f, lambda a, b, f: (1 - a) * f),
        (least_cost(), lambda a, b, f: -f * (1 - f), lambda a, b, f: f),
    ):
        texts = {
            e.text.split(" = ")[0]: e.text.split(" = ")[1] for e in step(problem.derive(), "Elasticities").equations
        }
        for a, b, f in ((0.34, 0.28, 0.5), (0.2, 0.7, 0.1)):
            delta = a + b + (1 - a) * f
            values = {"alpha": a, "beta": b, "phi": f}
            assert value_of(texts["d log(N) / d log(c_1)"], values) == pytest.approx(by_n(a, b, f) / delta)
            assert value_of(texts["d log(D) / d log(c_1)"], values) == pytest.approx(by_d(a, b, f) / delta)


def test_the_words_of_the_condition() -> None:
    """What a reader of each of Chinchilla's problems looks for."""
    held = {
        name: step(EXAMPLES[name].derive(), "Condition").equations[0].text
        for name in ("least loss", "least cost", "none served")
    }
    assert held == {
        "least loss": "per_token * N * D + c_1 * N = budget",
        "least cost": "A / N^alpha + B / D^beta = c_2",
        "none served": "per_token * N * D = budget",
    }
    (path,) = {step(EXAMPLES[name].derive(), "Path").equations[0].text for name in ("least loss", "least cost")}
    assert path == "N^alpha = alpha * A * per_token * D^(beta + 1) / (beta * B * (per_token * D + c_1))"


def test_symbols_are_told_by_their_paths() -> None:
    where = {w.symbol.text: w.meaning.text for w in least_cost().derive().written().where}
    assert where["N"] == "llama.parameters"
    assert where["alpha"] == "file.alpha"
    assert where["c_1"] == "requests * serving"
    assert where["c_2"] == "level - E"
    assert len(where) == len(set(where))


def test_a_name_that_a_step_uses_for_itself_is_numbered() -> None:
    derivation = example("t * x + s / x", None, {"t": 2.0, "s": 3.0}, ("x",)).derive()
    assert {w.symbol.text for w in derivation.written().where} == {"x", "t_2", "s_2"}


@each
def test_each_format_has_each_step(name: str) -> None:
    derivation = EXAMPLES[name].derive()
    for make in FORMATS.values():
        text = make(derivation, {})
        for one in derivation.written().steps:
            assert one.title in text
        assert "Piecewise" not in text
        assert "**" not in text


def test_numbers_come_last() -> None:
    derivation = least_cost().derive()
    values = {"N": "11.5B param", "alpha": "50 %"}
    assert as_text(derivation, values).endswith("N          11.5B param\n  alpha      50 %")
    assert as_markdown(derivation, values).endswith("- $N$ = 11.5B param\n- $\\alpha$ = 50 %")
    assert r"\item $\alpha$ = 50 \%" in as_latex(derivation, values)


@pytest.mark.needs("pdflatex")
def test_the_latex_compiles(tmp_path: Path) -> None:
    body = "\n\n".join(
        as_latex(problem.derive(), {"N": "1 % of 2_000 #&~^"} if name == "least loss" else {})
        for name, problem in EXAMPLES.items()
    )
    document = f"\\documentclass{{article}}\n\\usepackage{{amsmath}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "appendix.tex").write_text(document, encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "appendix.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "appendix.pdf").stat().st_size > 10_000


# ── the command ──

FILE = """use laws.chinchilla { sardana2024 }
model m { "Its size is chosen." }
run pretrain { model = m }
deployment chat {
  run    = pretrain
  tokens = 2T token  assumed "over its life"
}
scaling_law law like sardana2024 { run = pretrain }
optimum lifetime {
  minimize pretrain.compute + chat.compute
  over m.parameters, pretrain.tokens
  subject to law.loss == 1.95
}
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "life.tonne").write_text(FILE, encoding="utf-8")
    (tmp_path / "none.tonne").write_text("let a = 1\n", encoding="utf-8")
    (tmp_path / "low.tonne").write_text(FILE.replace("1.95", "1.5"), encoding="utf-8")
    return lambda *words: CliRunner().invoke(tonne, list(words), prog_name="tonne")


def test_the_command_tells_every_step_and_the_numbers(call: Callable[..., Result]) -> None:
    done = call("derive", "life.tonne", "lifetime")
    assert done.exit_code == 0, done.output
    titles = ["Problem", "Lagrangian", "Stationarity", "Multiplier", "Path", "Condition", "Uniqueness", "Reduction", "Closed form",
              "Elasticities", "Second-order condition", "With the numbers"]  # fmt: skip
    lines = done.stdout.splitlines()
    assert [line for line in lines if line in titles] == titles
    assert not done.stderr
    *_, least, held, price = ([*line.rsplit("  ", 1)] for line in lines)
    assert least[0].strip() == "objective pretrain.compute + chat.compute"
    assert least[1].endswith(" FLOP")
    assert [held[0].strip(), held[1]] == ["held law.loss", "1.95"]
    assert price[0].strip() == "the multiplier"
    assert price[1].startswith("-")


@pytest.mark.parametrize("style", ["markdown", "latex"])
def test_the_command_in_other_formats(call: Callable[..., Result], style: str) -> None:
    done = call("derive", "life.tonne", "lifetime", "--format", style)
    assert done.exit_code == 0
    assert done.stdout.startswith({"markdown": "# lifetime", "latex": r"\subsection*{lifetime}"}[style])


def test_what_is_set_is_derived(call: Callable[..., Result]) -> None:
    done = call("derive", "life.tonne", "lifetime", "--set", "chat.tokens=0 token")
    assert done.exit_code == 0
    assert "The condition has two powers of one variable" in done.stdout
    assert "Reduction" not in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["life.tonne", "lifetme"], 2, "did you mean `lifetime`?"),
        (["none.tonne", "lifetime"], 2, "none.tonne has no `optimum`"),
        (["low.tonne", "lifetime"], 1, "O503"),
        (["no_such.tonne", "lifetime"], 2, "does not exist"),
        (["life.tonne"], 2, "Missing argument 'NAME'"),
        (["life.tonne", "lifetime", "--format", "word"], 2, "'word' is not one of"),
    ],
)
def test_mistakes(call: Callable[..., Result], words: list[str], code: int, told: str) -> None:
    done = call("derive", *words)
    assert done.exit_code == code
    assert told in done.stderr
    assert not done.stdout
