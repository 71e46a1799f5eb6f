"""`--plot`: pictures of optima, read back with the tools of their formats."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from tonne.cli.commands import tonne

EXAMPLE = Path(__file__).parent.parent / "docs" / "examples" / "lifetime.tonne"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(tonne, [str(one) for one in arguments])


def test_an_svg_has_what_a_reader_needs(tmp_path: Path) -> None:
    """Axes with units, the problem, the point without serving, the file's name; and the same bytes each time."""
    done = run("run", "-q", EXAMPLE, "--plot", tmp_path / "a.svg")
    assert (done.exit_code, "drawn:" in done.stderr) == (0, True)
    texts = " ".join(
        "".join(t.itertext()) for t in ElementTree.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")
    )
    for words in (
        "chat.total_requests (request)",
        "assistant.parameters",
        "(param)",
        "pretrain.tokens",
        "(token)",
        "best without chat.co2e",
        "as the file states it",
        "minimize pretrain.co2e + chat.co2e",
        "lifetime.tonne",
    ):
        assert words in texts
    assert "mathdefault" not in texts  # a formula of matplotlib, as it writes it
    run("run", "-q", EXAMPLE, "--plot", tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_png_and_a_pdf(tmp_path: Path) -> None:
    assert run("derive", EXAMPLE, "lifetime", "--plot", tmp_path / "a.png").exit_code == 0
    data = (tmp_path / "a.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", data[16:24])
    assert width > 1000
    assert height > 800
    assert run("run", "-q", EXAMPLE, "--plot", tmp_path / "a.pdf").exit_code == 0
    assert re.match(rb"%PDF-1\.\d", (tmp_path / "a.pdf").read_bytes())


TWO = """
model m {{ parameters = 7B param  from "a" }}
run r {{
  model  = m
  tokens = 1T token  from "a"
}}
optimum one {{
  minimize r.compute
  over r.tokens
  subject to r.tokens >= 1B token
}}
{}
"""


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("a.jpg", "`a.jpg` names no format: end it in .svg, .png, .pdf"),
        ("nowhere/a.svg", "there is no folder"),
    ],
)
def test_a_file_that_cannot_be(target: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("run", EXAMPLE, "--plot", target)
    assert done.exit_code == 2
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_draw(tmp_path: Path) -> None:
    file = tmp_path / "x.tonne"
    for more, words in (
        ("", "no number of requests moves this optimum"),
        (
            "optimum two {\n  minimize r.compute\n  over r.tokens\n  subject to r.tokens >= 2B token\n}",
            "several optima (one, two)",
        ),
    ):
        file.write_text(TWO.format(more), encoding="utf-8")
        done = run("run", file, "--plot", tmp_path / "x.svg")
        assert (done.exit_code, words in done.stderr) == (2, True)
    file.write_text('let a = 3 kWh  from "a"\n', encoding="utf-8")
    done = run("run", file, "--plot", tmp_path / "x.svg")
    assert (done.exit_code, "no optimum with a solution" in done.stderr) == (2, True)
    assert not (tmp_path / "x.svg").exists()


def test_a_picture_replaces_an_older_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    assert run("run", "-q", EXAMPLE, "--plot", target).exit_code == 0
    assert "</svg>" in target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]
