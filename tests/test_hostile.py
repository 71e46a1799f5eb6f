"""What a terminal would obey never reaches it raw, wherever it is from: a file, its name, a bibliography, a setting, a word."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tonne.formatting import visible

ODD = "\x1b[31m\x07\x08\x7f\x9b\u202e\u2066\u2028\u200b"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u202a-\u202e\u2066-\u2069]")
NAME = f"a\x1b]0;{'x'}\x07\u202eb.tonne"

TEXT = f'''"Doc {ODD}"
bibliography "references{ODD}.bib"
bibliography "refs.bib"
run pretrain {{
  "Run {ODD}"
  energy           = 318 MWh                      from "the log {ODD}"
  carbon_intensity = 400 gCO2e/kWh                from bad "table {ODD}"
  pue              = 3 kWh                        assumed "{ODD}"
  period           = "{ODD}"
  cost             = 5{ODD} USD
}}
grid g {{
  region           = "{ODD}"
  carbon_intensity = 400 gCO2e/kWh                from "{ODD}"   allow V225 "{ODD}"
}}
let wrong : kWh{ODD} = 3
use "./else{ODD}" {{ x }}
excluded "disk {ODD}" assumed "{ODD}"
claim pretrain.co2e == 9 tCO2e                    from "{ODD}"
require pretrain.co2e < 9 tCO2e                   assumed "{ODD}"
show pretrain.co2e, pretrain.energy "title {ODD}"
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tonne.toml").touch()
    (tmp_path / NAME).write_text(TEXT, encoding="utf-8")
    (tmp_path / "refs.bib").write_text(
        f"@misc{{bad,\n title = {{A{ODD}}}\n}}\n@misc{{odd{ODD}, title\n", encoding="utf-8"
    )
    return tmp_path


def tonne(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tonne", *words]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


def texts(document: Any) -> Iterator[str]:
    """All texts of a JSON document."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict | list):
        for part in document.values() if isinstance(document, dict) else document:
            yield from texts(part)


@pytest.mark.parametrize(
    "words",
    [
        ["check", NAME], ["check", NAME, "--format", "short"], ["check", NAME, "--fix"], ["run", NAME],
        ["run", NAME, "--set", f"pretrain.pue={ODD}"], ["run", NAME, "--set", f"{ODD}=1"], ["run", NAME, "--set", ODD],
        ["explain", NAME, "pretrain.co2e"], ["explain", NAME, "g.carbon_intensity"], ["explain", NAME, f"pretrain.{ODD}"], ["explain", NAME, ODD],
        ["help", f"D2{ODD}"], ["check", f"nothing{ODD}"], ["run", f"--{ODD}", NAME], [ODD], ["check", NAME, "--format", ODD],
        ["check", NAME, NAME + "x"], ["list", ODD], ["list", "grids", ODD], ["units", f"3 {ODD}"], ["new", "training", f"{ODD}.md"],
        ["--color", "always", "check", "nothing" + ODD],
    ],
)  # fmt: skip
def test_text_is_printed_without_what_a_terminal_obeys(folder: Path, words: list[str]) -> None:
    done = tonne(folder, *words)
    for stream in (done.stdout, done.stderr):
        assert RAW.search(stream) is None, RAW.search(stream)
    assert done.returncode in (0, 1, 2)
    assert "\\x1b" in done.stdout + done.stderr or "U+001B" in done.stderr or words[0] == "explain"
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("words", [["check", NAME], ["run", NAME], ["explain", NAME, "pretrain.co2e"]])
def test_json_escapes_it_by_its_own_means(folder: Path, words: list[str]) -> None:
    done = tonne(folder, *words, "--format", "json")
    assert RAW.search(done.stdout) is None
    assert any(ODD in text or NAME in text for text in texts(json.loads(done.stdout)))


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff.tonne")
    (tmp_path / name).write_text("let x = 3 KWh\n", encoding="utf-8")
    done = tonne(tmp_path, "check", name)
    assert done.returncode == 1
    assert "a\\udcff.tonne:1:11" in done.stdout
    assert json.loads(tonne(tmp_path, "check", name, "--format", "json").stdout)["diagnostics"][0]["file"] == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 µ 10³", "plain é 漢 µ 10³"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("\x9b\x7f\r\n\t", "\\x9b\\x7f\\r\\n\\t"),
        ("\u202ex\u2066", "\\u202ex\\u2066"),
        ("no\u00a0break", "no\u00a0break"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
