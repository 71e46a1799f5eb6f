"""`--watch`: a real process, and files that are saved as editors save them."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tonne.cli.commands import tonne
from tonne.scenario import check

WAIT = 90  # seconds, for a machine that is busy; nothing that comes is waited for
SCENARIO = 'use "./site" {{ site }}\nbibliography "refs.bib"\nrun a {{\n  grid = site\n  energy = {} MWh from key\n}}\nshow a.co2e\n'
SITE = 'grid site {{ carbon_intensity = {} gCO2e/kWh from "x" }}\n'


class Watched:
    """A running `tonne … --watch`, whose lines of both streams are read as they come."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tonne", *words],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def until(self, *wanted: str) -> str:
        """The lines up to one round's last one, in which all that is wanted stands; rounds without it are passed by."""
        end, seen = time.monotonic() + WAIT, ""
        while True:
            seen += self.lines.get(timeout=max(0.1, end - time.monotonic()))
            if "Ctrl-C ends" in seen.splitlines()[-1]:
                if all(w in seen for w in wanted):
                    return seen
                seen = ""

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(WAIT)
        self.reader.join(WAIT)
        return code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tonne.toml").write_text("", encoding="utf-8")
    (tmp_path / "refs.bib").write_text("@misc{key, title = {T}}\n", encoding="utf-8")
    (tmp_path / "site.tonne").write_text(SITE.format(400), encoding="utf-8")
    (tmp_path / "s.tonne").write_text(SCENARIO.format(10), encoding="utf-8")
    return tmp_path


@pytest.fixture
def watched(folder: Path) -> Iterator[Watched]:
    made = Watched(folder, "run", "-q", "s.tonne", "--watch")
    yield made
    if made.process.poll() is None:
        made.process.kill()
    made.process.wait()
    made.process.stdout.close()  # type: ignore[union-attr]


def replace(file: Path, text: str) -> None:
    """As many editors save: a new file under another name, put in the place of the old one."""
    other = file.with_suffix(".new")
    other.write_text(text, encoding="utf-8")
    other.replace(file)


def test_every_way_of_saving_runs_it_again(folder: Path, watched: Watched) -> None:
    first = watched.until("a.co2e", "4   tCO2e")
    assert "saving one of 4 files runs it again" in first
    (folder / "s.tonne").write_text(SCENARIO.format(20), encoding="utf-8")
    watched.until("8   tCO2e")
    replace(folder / "s.tonne", SCENARIO.format(30))
    watched.until("12   tCO2e")
    replace(folder / "site.tonne", SITE.format(100))  # a file that it uses
    watched.until("3   tCO2e")
    (folder / "refs.bib").write_text("@misc{other, title = {T}}\n", encoding="utf-8")
    watched.until("P302", "`key`")
    (folder / "refs.bib").write_text("@misc{key, title = {T}}\n", encoding="utf-8")
    watched.until("3   tCO2e")
    (folder / "s.tonne").write_text(SCENARIO.format(20) + "let = \n", encoding="utf-8")  # a slip does not end it
    watched.until("S101")
    (folder / "s.tonne").unlink()
    watched.until("there is no file `s.tonne`")
    (folder / "s.tonne").write_text(SCENARIO.format(50), encoding="utf-8")
    assert "\x1b" not in watched.until("5   tCO2e")  # no terminal: nothing is cleared
    assert watched.stop() == 0
    rest = "".join(watched.lines.queue)
    assert "Traceback" not in rest
    assert "Aborted" not in rest


def test_a_file_that_is_named_and_not_there_yet(folder: Path) -> None:
    (folder / "site.tonne").unlink()
    watched = Watched(folder, "check", "s.tonne", "--watch", "--format", "short")
    try:
        watched.until("N114")
        (folder / "site.tonne").write_text(SITE.format(400), encoding="utf-8")
        assert "N114" not in watched.until("Ctrl-C ends")
        assert watched.stop() == 0
    finally:
        watched.process.kill()
        watched.process.wait()
        watched.process.stdout.close()  # type: ignore[union-attr]


def test_the_files_that_a_scenario_rests_on(folder: Path) -> None:
    names = {file.name for file in check(folder / "s.tonne").files}
    assert names == {"s.tonne", "site.tonne", "refs.bib", "tonne.toml"}
    (folder / "site.tonne").unlink()
    assert folder / "site.tonne" in check(folder / "s.tonne").files
    (folder / "s.tonne").write_text('use "../outside" { x }\nuse "\\0" { y }\n', encoding="utf-8")
    assert all(file.is_relative_to(folder) for file in check(folder / "s.tonne").files)
    assert {file.name for file in check(folder / "gone.tonne").files} == {"gone.tonne", "tonne.toml"}


def test_standard_input_is_not_watched() -> None:
    result = CliRunner().invoke(tonne, ["run", "-", "--watch"], input="let a = 1\n")
    assert result.exit_code == 2
    assert "standard input cannot be watched" in result.stderr


def test_without_the_extra_the_message_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    result = CliRunner().invoke(tonne, ["run", str(folder / "s.tonne"), "--watch"])
    assert result.exit_code == 2
    assert 'pip install "tonne[watch]"' in result.stderr
    assert not result.stdout
