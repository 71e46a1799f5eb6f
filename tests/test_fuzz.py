"""Files that nobody would write: each crasher that was found, and some hundred inputs of the fuzzer with a fixed seed.

`python tests/fuzz.py` is the long form.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from fuzz import Report, fault, run, save, smaller
from fuzz_inputs import MAKERS, Input, make
from fuzz_oracles import try_out, try_twice
from tonne.scenario import evaluate

CRASHERS = sorted((Path(__file__).parent / "crashers").glob("*.tonne"))
INPUTS = 500
PARTS = 5


@pytest.mark.parametrize("path", CRASHERS, ids=lambda p: p.stem)
def test_a_crasher_is_reported(path: Path) -> None:
    try_out(path)
    try_twice(path)


@pytest.mark.parametrize("part", range(PARTS))
def test_inputs_of_the_fuzzer(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONNE_CACHE_DIR", "")
    found = {i: what for i in range(part, INPUTS, PARTS) if (what := fault(make(0, i), tmp_path, i)) is not None}
    assert not found, "\n".join(
        f"python tests/fuzz.py --seed 0 --start {i} --inputs 1\n{why}" for i, (_, why) in found.items()
    )


def test_an_input_is_made_from_its_number_alone() -> None:
    assert [make(3, i) for i in range(40)] == [make(3, i) for i in reversed(range(40))][::-1]


def test_the_inputs_are_of_every_sort_and_get_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An oracle says nothing of stages that no input reaches."""
    monkeypatch.setenv("TONNE_CACHE_DIR", "")
    made = [make(0, i) for i in range(300)]
    assert len({one.sort for one in made}) >= len(MAKERS) - 2  # two are rare
    codes: Counter[str] = Counter()
    evaluated = 0
    for one in made[::2]:
        for name, data in one.files.items():
            (tmp_path / name).write_bytes(data)
        result = evaluate(tmp_path / one.entry)
        codes.update({d.code for d in result.diagnostics})
        evaluated += result.run is not None and not result.checked.has_errors
        for name in one.files:
            (tmp_path / name).unlink()
    assert len(codes) > 20
    assert evaluated > 5


# ── the fuzzer finds what there is to find ──


def _breaks_at_zz(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program with a fault: it falls over at a file that holds `zz`, and dies at one that holds `qq`."""

    def faulty(path: Path, *, printed: bool = True) -> None:
        data = path.read_bytes()
        if b"zz" in data:
            raise KeyError("zz")
        if b"qq" in data:
            os._exit(9)

    monkeypatch.setattr("fuzz.try_out", faulty)
    monkeypatch.setattr("fuzz.try_twice", lambda path: None)


def test_a_fault_is_made_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _breaks_at_zz(monkeypatch)
    one = Input("x", {"a.tonne": b"let a = 1\n" * 20 + b"let azzb = 3\n" + b"show a\n" * 9, "site.tonne": b"# kept\n"})
    found = fault(one, tmp_path)
    assert found is not None
    assert found[0] == "KeyError in outside tonne"
    assert smaller(one, tmp_path, found[0], 1).files == {"a.tonne": b"zz", "site.tonne": b"# kept\n"}


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the workers of the tests have threads
def test_faults_and_deaths_are_reported_once_a_sort_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _breaks_at_zz(monkeypatch)
    texts = {3: b"zz", 4: b"a zz\n", 450: b"qq", 700: b"b zz"}
    monkeypatch.setattr("fuzz.make", lambda seed, index: Input("x", {"a.tonne": texts.get(index, b"let a = 1\n")}))
    report = Report()
    run(report, 0, 0, 1000, 1, lambda more: None)
    assert report.times == {"KeyError in outside tonne": 3, "the process died with 9": 1}
    assert report.faults["KeyError in outside tonne"][0] == 3
    assert report.faults["the process died with 9"][0] == 450
    assert report.tried == 1000
    assert not report.is_clean
    assert any("3 times, first at 3" in line for line in report.lines())
    save(report, tmp_path)
    assert (tmp_path / "KeyError-in-outside-tonne" / "a.tonne").read_bytes() == b"zz"
    assert "input 3" in (tmp_path / "KeyError-in-outside-tonne" / "why.txt").read_text(encoding="utf-8")
