"""The published record: each page of `scenarios/published/` says of its source what was found by recomputing it elsewhere.

`data/published_claims.json` has what each source prints, the formula that should give it, and its value recomputed by hand or
script, without this program. `data/record/PAGE.csv` says which claim of the page states which of these outputs, one row an
output: `record,output,claim,verdict,why`. A claim is the test as it stands on the page; the verdict `shown` is for a figure
that the source gives and nothing derives. Where a verdict differs from that of the recomputation, or the computed value does,
`why` says why, as the page does.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from functools import cache
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from tonne.scenario import Evaluated, evaluate
from tonne.verdict import Verdict

ROOT = Path(__file__).parent.parent
PAGES = sorted(p for p in (ROOT / "scenarios/published").iterdir() if p.suffix in (".tonne", ".md"))
DATA = Path(__file__).parent / "data"
TABLES = sorted((DATA / "record").glob("*.csv"))
COLUMNS = ["record", "output", "claim", "verdict", "why"]

# What a recomputation found, as a verdict and as what its cause has to say.
VERDICTS = {
    "MATCH": ("holds", ""),
    "MATCH_WITHIN_INPUT_ROUNDING": ("holds-within-rounding", ""),
    "MISMATCH": ("refuted", ""),
    "MATCH_IF_TRUNCATED": ("refuted", "truncated"),
    "MATCH_IF_TRAILING_ZEROS_NOT_SIGNIFICANT": ("refuted", "trailing zero"),
}


@cache
def records() -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in json.loads((DATA / "published_claims.json").read_text(encoding="utf-8"))}


@cache
def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS
        return list(reader)


@cache
def result(table: Path) -> Evaluated:
    [page] = [p for p in PAGES if p.stem == table.stem]
    return evaluate(page)


@cache
def verdicts(table: Path) -> dict[str, Verdict]:
    return {" ".join(v.statement.test.span.text.split()): v for v in result(table).claims}


def printed(text: str) -> float:
    text = text.replace(",", "").split()[0]
    scale = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}.get(text[-1], 1.0)
    return float(text.rstrip("kKMB")) * scale


def of_tables(*, with_output: bool) -> list[Any]:
    return [
        pytest.param(table, row, id=f"{row['record']}-{row['output'] or row['claim']}")
        for table in TABLES
        for row in rows(table)
        if bool(row["output"]) == with_output
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_is_without_errors_and_warnings(page: Path) -> None:
    said = [d for d in evaluate(page).diagnostics if d.severity.value not in ("note", "verdict")]
    assert not said, [d.title for d in said]


def test_every_output_of_every_record_is_on_a_page_once() -> None:
    found = Counter((row["record"], row["output"]) for table in TABLES for row in rows(table) if row["output"])
    expected = {(one["id"], output) for one in records().values() for output in one["outputs"]}
    assert set(found) == expected
    assert [key for key, times in found.items() if times > 1] == []


def test_every_record_is_on_a_page() -> None:
    assert {row["record"] for table in TABLES for row in rows(table)} >= set(records())


@pytest.mark.parametrize(("table", "row"), of_tables(with_output=True))
def test_the_verdict_is_that_of_the_recomputation(table: Path, row: dict[str, str]) -> None:
    expected = records()[row["record"]]["outputs"][row["output"]].get("verdict")
    if row["verdict"] == "shown":
        assert expected is None or row["why"]
        shown = [
            (name, cell.text) for one in result(table).run.model.shows for name, cells in one.rows for cell in cells
        ]  # type: ignore[union-attr]
        assert row["claim"] in {
            f"{name}.{text}" if name else text for name, text in shown
        }  # a member of a list has a name
        return
    verdict = verdicts(table)[row["claim"]]
    assert verdict.outcome.value == row["verdict"]
    if expected is not None and not row["why"]:
        outcome, cause = VERDICTS[expected]
        assert (verdict.outcome.value, cause in verdict.cause) == (outcome, True), verdict.cause


@pytest.mark.parametrize(("table", "row"), of_tables(with_output=True))
def test_the_computed_value_is_that_of_the_recomputation(table: Path, row: dict[str, str]) -> None:
    one = records()[row["record"]]["outputs"][row["output"]]
    if row["verdict"] in ("shown", "not-comparable") or one.get("recomputed") is None or row["why"]:
        return
    # over what is claimed, so that the units of the record and of the page do not matter
    assert verdicts(table)[row["claim"]].ratio == pytest.approx(one["recomputed"] / printed(one["printed"]), rel=1e-5)


@pytest.mark.parametrize(("table", "row"), of_tables(with_output=False))
def test_what_else_a_record_notes_is_judged_as_the_page_says(table: Path, row: dict[str, str]) -> None:
    assert verdicts(table)[row["claim"]].outcome.value == row["verdict"]


# ── causes ──


@cache
def causes() -> dict[tuple[str, str], str]:
    """The cause of each claim that has one, as it was read and found right beside the prose of its page."""
    with (DATA / "record_causes.csv").open(encoding="utf-8", newline="") as file:
        return {(row["page"], row["claim"]): row["cause"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_no_claim_has_another_cause_than_the_right_one(page: Path) -> None:
    claims = {" ".join(v.statement.test.span.text.split()): v for v in evaluate(page).claims}
    found = {claim: v.cause for claim, v in claims.items() if v.cause}
    assert found == {claim: cause for (name, claim), cause in causes().items() if name == page.stem}
    assert all(claims[claim].evidence for claim in found)


# ── the page of all of it ──


def test_the_page_of_the_record_is_what_the_record_says(request: pytest.FixtureRequest) -> None:
    page = ROOT / "docs" / "record.md"
    made = run_path(str(ROOT / "docs" / "site" / "record.py"))["record"]()
    if request.config.getoption("--update"):
        page.write_text(made, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == made, "run `make record` if this is right"
