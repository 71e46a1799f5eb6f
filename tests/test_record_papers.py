"""The pages of `scenarios/published/` on papers that were read for them, worked out a second time without the program.

`data/papers.csv` has for each claim what gives the claimed number, in its unit, from the numbers as the paper prints them:
`page,claim,arithmetic`. A number followed by `!` is exact; of the others the last digit is rounded, and the verdict follows
from where the value lies when each of them moves by half a unit of it.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from tonne.scenario import evaluate
from tonne.verdict import Verdict

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"

NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:e-?\d+)?)(!?)")
LITERAL = re.compile(r"(==|<=|>=|<|>|of) ([\d_.]+(?:[eE][+-]?\d+)?)([kMB]?)(?![\d ]*\*)")
SCALE = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9}


@cache
def rows() -> list[dict[str, str]]:
    with (DATA / "papers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def verdicts(page: str) -> dict[str, Verdict]:
    claims = evaluate(ROOT / f"scenarios/published/{page}.md").claims
    return {" ".join(v.statement.test.span.text.split()): v for v in claims}


def half_a_unit(digits: str) -> float:
    exponent = Decimal(digits).as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5 * 10.0**exponent


def worked_out(arithmetic: str) -> tuple[float, float, float]:
    """The value, and the least and the greatest of all corners of what prints the same, operand by operand."""
    operands = [(float(digits), 0.0 if exact else half_a_unit(digits)) for digits, exact in NUMBER.findall(arithmetic)]
    slots = iter(range(len(operands)))
    code = compile(NUMBER.sub(lambda _: f"x[{next(slots)}]", arithmetic), arithmetic, "eval")

    def of(values: tuple[float, ...]) -> float:
        return float(eval(code, {"__builtins__": {}}, {"x": values}))

    corners = [of(c) for c in itertools.product(*({v - h, v + h} for v, h in operands))]
    return of(tuple(v for v, _ in operands)), min(corners), max(corners)


def expected(claim: str, value: float, low: float, high: float) -> tuple[float, str]:
    """What is claimed, and the verdict on it."""
    found = LITERAL.search(claim)
    assert found
    sign, digits, letter = found.groups()
    digits = digits.replace("_", "")
    claimed = float(digits) * SCALE[letter]
    if sign == "of":
        [share] = re.findall(r"within ([\d.]+)%", claim)
        holds = abs(value - claimed) <= float(share) / 100 * claimed
        return claimed, "holds" if holds else "refuted"
    if sign != "==":
        holds = {"<": value < claimed, ">": value > claimed, ">=": value >= claimed, "<=": value <= claimed}[sign]
        return claimed, "holds" if holds else "refuted"
    half = half_a_unit(digits) * SCALE[letter] * (1 + 1e-9)
    if math.isclose(value, claimed, rel_tol=1e-9) or abs(value - claimed) <= half:
        return claimed, "holds"
    return claimed, "holds-within-rounding" if low <= claimed + half and high >= claimed - half else "refuted"


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['page']}-{row['claim']}")
def test_the_value_and_the_verdict_are_those_of_plain_arithmetic(row: dict[str, str]) -> None:
    verdict = verdicts(row["page"])[row["claim"]]
    value, low, high = worked_out(row["arithmetic"])
    claimed, outcome = expected(row["claim"], value, low, high)
    assert verdict.ratio == pytest.approx(value / claimed, rel=1e-9)
    assert verdict.outcome.value == outcome


def test_every_claim_against_a_number_is_worked_out() -> None:
    pages = {row["page"] for row in rows()}
    claims = {(page, claim) for page in pages for claim in verdicts(page) if LITERAL.search(claim)}
    assert claims == {(row["page"], row["claim"]) for row in rows()}
