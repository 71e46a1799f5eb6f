"""README and docs: every program checks, every command prints what the page says, every link leads somewhere.

`pytest --update` rewrites the ```console fences: a line `$ tonne …`, then what it prints on both streams.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tonne.catalogue import Severity
from tonne.cli.commands import tonne
from tonne.scenario import evaluate

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "stdlib").rglob("*.md")])
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\!)\[[^\]\n]*\]\(([^)\s]+)\)")
NOT_RUN = {"text", "", "mermaid", "json", "output", "help"}  # words, pictures and results, not programs
OUTSIDE = {
    "make",
    "python",
    "git",
    "source",
    "pytest",
    ".venv/bin/python",
}  # what the shell fences may name beside tonne


def fences(info: str) -> list[tuple[Path, int, str]]:
    return [
        (page, page.read_text(encoding="utf-8")[: m.start()].count("\n") + 2, m["body"])
        for page in PAGES
        for m in _FENCE.finditer(page.read_text(encoding="utf-8"))
        if m["info"].strip() == info and page.parent.name != "errors"
    ]


def name(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)[:20]


@pytest.mark.parametrize(("page", "line", "body"), fences("tonne"), ids=name)
def test_a_program_checks_and_runs(page: Path, line: int, body: str, tmp_path: Path) -> None:
    path = tmp_path / "page.tonne"
    path.write_text(body, encoding="utf-8")
    result = evaluate(path)
    said = [d for d in result.diagnostics if d.severity is not Severity.VERDICT]
    assert not said, "\n".join(f"{name(page)}:{line + d.span.line - 1}: {d.code} {d.title} ({d.help})" for d in said)


def printed(command: str) -> str:
    words = shlex.split(command)
    assert words[0] == "tonne"
    result = CliRunner().invoke(tonne, words[1:], catch_exceptions=False)
    return "\n".join(line.rstrip() for line in result.output.splitlines()) + "\n"


@pytest.mark.parametrize("page", [p for p in PAGES if "```console" in p.read_text(encoding="utf-8")], ids=name)
def test_a_command_prints_what_the_page_says(
    page: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    wrong = []
    for match in list(_FENCE.finditer(text))[::-1]:
        if match["info"].strip() != "console":
            continue
        command = match["body"].split("\n", 1)[0]
        assert command.startswith("$ tonne "), command
        body = f"{command}\n{printed(command[2:])}"
        if body != match["body"]:
            wrong.append(command)
            text = text[: match.start("body")] + body + text[match.end("body") :]
    if request.config.getoption("--update"):
        page.write_text(text, encoding="utf-8")
    else:
        assert not wrong, "run `pytest --update` if this is right"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_fence_is_of_a_known_sort(page: Path) -> None:
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        info = match["info"].strip()
        if info == "toml":
            tomllib.loads(match["body"])
        elif info == "sh":
            words = {line.split()[0] for line in match["body"].splitlines() if line.strip()}
            assert words <= OUTSIDE | {"tonne", "#"}, words
        else:
            assert info in NOT_RUN | {"console", "pycon"} or info.split()[0] in ("tonne", "output"), info


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    heads = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    }
    for target in _LINK.findall(_FENCE.sub("", text)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        assert not path or (page.parent / path).exists(), target
        assert path or anchor in heads, target
