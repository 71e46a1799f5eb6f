"""`tonne new`: starters that check and run as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonne.catalogue import Severity
from tonne.cli.commands import tonne
from tonne.scenario import check, evaluate
from tonne.starter import STARTERS, suffix_of, text_of
from tonne.verdict import Outcome

PLACEHOLDER = 'assumed "replace me: '
# A way that a starter offers in a comment: its line, and the bindings that it takes the place of.
WAYS = {
    ("training", "device_time = 60_000 device*h"): ["tokens", "utilization"],
    ("training", "energy      = 50 MWh"): ["tokens", "utilization"],
    ("both", "device_time = 60_000 device*h"): ["tokens", "utilization"],
    ("serving", "energy_per_request = 0.03 Wh/request"): ["energy_per_token"],
    ("serving", "daily_energy       = 40 kWh/day"): ["energy_per_token"],
}


def call(*words: str) -> Result:
    return CliRunner().invoke(tonne, ["new", *words], catch_exceptions=False)


def written(tmp_path: Path, name: str, text: str) -> Path:
    file = tmp_path / f"start{suffix_of(name)}"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_checks_and_runs_as_it_is(tmp_path: Path, name: str) -> None:
    result = evaluate(written(tmp_path, name, text_of(name)))
    assert not result.diagnostics
    assert result.run is not None
    assert result.run.model.shows
    verdicts = [*result.requirements, *result.claims]
    assert verdicts
    assert {v.outcome for v in verdicts} <= {Outcome.HOLDS, Outcome.WITHIN_ROUNDING}


@pytest.mark.parametrize("name", STARTERS)
def test_every_number_that_is_to_be_replaced_says_so(name: str) -> None:
    code = "\n".join(re.findall(r"```tonne\n(.*?)```", text_of(name), re.DOTALL)) or text_of(name)
    bound = [
        line for line in code.splitlines() if re.search(r"= *[\d.]", line.split("#")[0]) and not line.startswith("let")
    ]
    assert len(bound) >= 5
    assert all(PLACEHOLDER in line for line in bound), [line for line in bound if PLACEHOLDER not in line]


@pytest.mark.parametrize(("way", "instead"), WAYS.items(), ids=lambda v: str(v)[:40])
def test_the_ways_in_the_comments_work(tmp_path: Path, way: tuple[str, str], instead: list[str]) -> None:
    name, line = way
    text = text_of(name)
    assert f"#   {line}\n" in text
    text = text.replace(f"#   {line}\n", f'{line} from "x"\n')
    for field in instead:
        text = re.sub(rf"^  {field} +=.*\n", "", text, flags=re.MULTILINE)
    result = evaluate(written(tmp_path, name, text))
    said = [d for d in result.diagnostics if d.severity in (Severity.ERROR, Severity.WARNING)]
    assert not [d for d in said if d.code != "C401"], said


def test_every_way_is_tried() -> None:
    offered = {(n, m) for n in STARTERS for m in re.findall(r"^ +#   (\w+ *= .*)$", text_of(n), re.MULTILINE)}
    assert offered == set(WAYS)


def test_to_standard_output(tmp_path: Path) -> None:
    result = call("both")
    assert result.exit_code == 0
    assert result.stdout == text_of("both")
    assert not result.stderr


def test_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.tonne"
    result = call("training", str(file), "--title", "Our run, 2026")
    assert result.exit_code == 0
    assert not result.stdout
    assert f"next: tonne run {file}" in result.stderr
    text = file.read_text(encoding="utf-8")
    assert text.startswith('"Our run, 2026"\n')
    assert text.split("\n", 1)[1] == text_of("training").split("\n", 1)[1]
    assert not check(file).diagnostics


def test_the_title_of_an_audit(tmp_path: Path) -> None:
    assert call("audit", "--title", r"A \1 paper & more").stdout.startswith("# A \\1 paper & more\n")


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.tonne"
    file.write_text("mine", encoding="utf-8")
    result = call("training", str(file))
    assert result.exit_code == 2
    assert "is left as it is" in result.stderr
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["audit", "a.tonne"], "`a.md`"), (["training", "a.md"], "`a.tonne`"), (["training", "no/where.tonne"], "cannot be written"),
        (["trainin"], "training"), (["training", "--title", 'a "b"'], "one line of words"), (["training", "--title", "a\nb"], "one line of words"),
        (["training", "--title", ""], "one line of words"),
    ],
)  # fmt: skip
def test_misuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not list(tmp_path.iterdir())


def test_without_a_starter_they_are_listed() -> None:
    result = call()
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(STARTERS)
    assert all(len(line.split()) > 4 for line in result.stdout.splitlines())
