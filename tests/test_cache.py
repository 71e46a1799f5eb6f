"""The cache: what it gives is what is made anew, whatever is in its folder."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tonne import cache
from tonne.report.diagnostics import as_json
from tonne.scenario import check
from tonne.source import SourceFile, Span

ROOT = Path(__file__).parent.parent
SCENARIO = ROOT / "scenarios" / "quickstart.tonne"
COMMAND = [sys.executable, "-m", "tonne", "run", str(SCENARIO), "--format", "json"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache"
    monkeypatch.setenv("TONNE_CACHE_DIR", str(path))
    return path


def counted(value: object) -> tuple[Callable[[], object], list[int]]:
    calls: list[int] = []

    def make() -> object:
        calls.append(1)
        return value

    return make, calls


def run(**environment: str) -> str:
    done = subprocess.run(
        COMMAND, capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **environment}
    )
    return done.stdout


def test_a_value_is_made_once_for_the_same_texts(folder: Path) -> None:
    make, calls = counted({"a": 1})
    assert [cache.cached("x", ["one", "two"], make) for _ in range(3)] == [{"a": 1}] * 3
    assert len(calls) == 1
    cache.cached("x", ["onetwo", ""], make)  # the same letters, otherwise divided
    cache.cached("y", ["one", "two"], make)
    assert len(calls) == 3
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_not_worth_keeping_is_made_again(folder: Path) -> None:
    make, calls = counted(1)
    for _ in range(2):
        assert cache.cached("x", ["a"], make, worth_keeping=lambda value: False) == 1
    assert len(calls) == 2
    assert not folder.exists()


def test_a_value_points_into_the_file_that_was_read(folder: Path) -> None:
    first, second = SourceFile("a.tonne", "let x = 1"), SourceFile("b.tonne", "let x = 1")
    cache.cached("x", [first.text], lambda: Span(first, 0, 3), source=first)
    again = cache.cached("x", [second.text], lambda: pytest.fail("it is kept"), source=second)
    assert again.source is second


def test_a_value_that_points_into_another_file_is_not_kept(folder: Path) -> None:
    first, other = SourceFile("a.tonne", "x"), SourceFile("b.tonne", "y")
    make, calls = counted(Span(other, 0, 1))
    for _ in range(2):
        cache.cached("x", ["x"], make, source=first)
    assert len(calls) == 2


@pytest.mark.parametrize("seed", range(8))
def test_damaged_entries_are_made_anew(folder: Path, seed: int) -> None:
    cache.cached("x", ["a"], lambda: {"value": list(range(100))})
    entry = next(folder.iterdir())
    data = bytearray(entry.read_bytes())
    chance = random.Random(seed)
    if seed < 3:
        data = data[: chance.randrange(len(data))]
    else:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    entry.write_bytes(data)
    assert cache.cached("x", ["a"], lambda: "anew") == "anew"
    assert cache.cached("x", ["a"], lambda: "not again") == "anew"


class Command:
    """What an entry that somebody else wrote might hold."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("exit 0",)


@pytest.mark.parametrize("payload", [pickle.dumps(Command()), pickle.dumps(Path("x")), b"cos\nsystem\n(S'true'\ntR."])
def test_an_entry_makes_nothing_but_values(folder: Path, payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.cached("x", ["a"], lambda: 1)
    entry = next(folder.iterdir())
    entry.write_bytes(cache.hashlib.blake2b(payload, digest_size=16).digest() + payload)
    monkeypatch.setattr(os, "system", lambda command: pytest.fail("it was run"))
    assert cache.cached("x", ["a"], lambda: "anew") == "anew"


def test_a_folder_that_cannot_be_written_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for named in (str(tmp_path / "file"), str(tmp_path / "file" / "below"), "", "not/absolute", "/proc/tonne"):
        monkeypatch.setenv("TONNE_CACHE_DIR", named)
        make, calls = counted(7)
        assert [cache.cached("x", ["a"], make) for _ in range(2)] == [7, 7]
        assert len(calls) == 2
    assert not (Path.cwd() / "not").exists()


def test_a_folder_of_somebody_else_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.cached("x", ["a"], lambda: 1)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert cache.cached("x", ["a"], lambda: 2) == 2


def test_old_entries_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_ENTRIES", 3)
    for number in range(6):
        cache.cached("x", [str(number)], lambda: 1)
    cache.cached("other", ["a"], lambda: 1)
    assert len(list(folder.glob("x-*"))) == 3
    assert len(list(folder.glob("other-*"))) == 1


def test_a_run_is_the_same_cold_warm_and_without_a_cache(tmp_path: Path) -> None:
    cached = str(tmp_path / "cache")
    without = run(TONNE_CACHE_DIR="")
    assert run(TONNE_CACHE_DIR=cached) == without  # cold
    assert {p.name.split("-")[0] for p in Path(cached).iterdir()} >= {"grammar", "tree", "units", "bibliography"}
    assert run(TONNE_CACHE_DIR=cached) == without
    for number, entry in enumerate(sorted(Path(cached).iterdir())):
        entry.write_bytes(entry.read_bytes()[: number * 7])
    assert run(TONNE_CACHE_DIR=cached) == without
    shutil.rmtree(cached)
    assert run(TONNE_CACHE_DIR=cached) == without


def test_processes_at_once_are_safe(tmp_path: Path) -> None:
    environment = {**os.environ, "TONNE_CACHE_DIR": str(tmp_path / "cache")}
    processes = [subprocess.Popen(COMMAND, stdout=subprocess.PIPE, cwd=ROOT, env=environment) for _ in range(4)]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert len(set(outputs)) == 1
    assert not [p for p in (tmp_path / "cache").iterdir() if p.name.startswith(".")]


def test_findings_are_the_same_from_the_cache(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.tonne"
    path.write_text('run r {\n  energy = 3 MWh\n  pue = 1.1 from "x"\n}\nshow r.co2e\n', encoding="utf-8")
    first, again = ([as_json(d) for d in check(path).diagnostics] for _ in range(2))
    assert first == again
    assert {d["code"] for d in first} == {"P301", "N117"}
