"""README and docs: every program checks, every command prints what the page says, every link leads somewhere.

`pytest --update` rewrites the ```console fences: a line `$ tonne …`, then what it prints on both streams; there may be
several in one fence. They run at the top of the checkout, or, on a page that writes files, in a folder of their own:

- ```tonne file=t5.tonne writes a file (also toml, bibtex, text), ```tonne add=t5.tonne adds lines to it;
- ```tonne change=t5.tonne puts a statement in place of the one with the same first line;
- `$ git …` is git, in that folder, and `$ echo $?` the exit code of the command before.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from itertools import zip_longest
from pathlib import Path

import pytest
from click.testing import CliRunner

from pages import WITHOUT_FORMULA, output
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
    "pip",
    "source",
    "pytest",
    "sacct",
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
    said = [d for d in result.diagnostics if d.severity is not Severity.VERDICT and d.code != WITHOUT_FORMULA]
    assert not said, "\n".join(f"{name(page)}:{line + d.span.line - 1}: {d.code} {d.title} ({d.help})" for d in said)


PAIRS = [p for p in PAGES if "\n```output\n" in p.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", PAIRS, ids=name)
def test_a_program_shows_what_the_page_says(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """An ```output fence is what the ```tonne fence before it shows."""
    text = page.read_text(encoding="utf-8")
    path, wrong, made, at, program = tmp_path / "page.tonne", [], "", 0, ""
    for match in _FENCE.finditer(text):
        if match["info"].strip() == "tonne":
            program = match["body"]
        elif match["info"].strip() == "output":
            path.write_text(program, encoding="utf-8")
            now = output(evaluate(path), [])
            wrong += [now] if now != match["body"] else []
            made, at = made + text[at : match.start("body")] + now, match.end("body")
    if request.config.getoption("--update"):
        page.write_text(made + text[at:], encoding="utf-8")
    else:
        assert not wrong, "run `pytest --update` if this is right"


GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "2026-03-02T09:00Z",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_COMMITTER_DATE": "2026-03-02T09:00Z",
}  # fmt: skip


class Session:
    """The files and commands of one page, in the order in which they stand."""

    def __init__(self) -> None:
        self.exit_code = 0
        self.misused: list[str] = []  # commands that cannot be meant, unless the page asks for the exit code

    def write(self, how: str, name: str, body: str) -> None:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if how == "file":
            path.write_text(body, encoding="utf-8")
        elif how == "add":
            path.write_text(path.read_text(encoding="utf-8") + body, encoding="utf-8")
        else:
            head = body.split("\n", 1)[0]
            old = re.compile(
                rf"^{re.escape(head)}\n" + (r"(?:[^}].*\n|\n)*\}\n" if head.endswith("{") else ""), re.MULTILINE
            )
            text, count = old.subn(lambda _: body, path.read_text(encoding="utf-8"))
            assert count == 1, f"{name} has {count} times: {head}"
            path.write_text(text, encoding="utf-8")

    def printed(self, command: str) -> str:
        program, *words = shlex.split(command)
        if command == "echo $?":
            return f"{self.exit_code}\n"
        if program == "git":
            done = subprocess.run([program, *words], env={**os.environ, **GIT}, capture_output=True, text=True)
            self.exit_code, told = done.returncode, done.stdout + done.stderr
        else:
            assert program == "tonne", command
            result = CliRunner(env={"COLUMNS": "100"}).invoke(tonne, words, catch_exceptions=False)
            self.exit_code, told = result.exit_code, result.output
        return "".join(f"{line.rstrip()}\n" for line in told.splitlines())

    def failing_steps(self, workflow: str) -> list[str]:
        """The commands of a CI's file that do not exit with 0; a hook is given the files as its CI would."""
        steps = re.findall(r"^ *(?:- )?(run|entry): (tonne [^>\n]+)", workflow, re.MULTILINE)
        assert steps, workflow
        files = " ".join(str(p) for p in Path().rglob("*.tonne"))
        commands = [f"{command} {files}" if key == "entry" else command for key, command in steps]
        return [f"{command}\n{out}" for command in commands if (out := self.printed(command)) and self.exit_code]

    def console(self, body: str) -> str:
        """The body of a fence as it is now: each of its commands with what it prints."""
        commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
        assert commands, body
        told = ""
        for command, after in zip_longest(commands, commands[1:]):
            told += f"$ {command}\n{self.printed(command)}"
            self.misused += [command] if self.exit_code == 2 and after != "echo $?" and command != "echo $?" else []
        return told


@pytest.mark.parametrize("page", [p for p in PAGES if "```console" in p.read_text(encoding="utf-8")], ids=name)
def test_a_command_prints_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    text = page.read_text(encoding="utf-8")
    writes = re.search(r"^```\w+ file=", text, re.MULTILINE)
    monkeypatch.chdir(tmp_path if writes else ROOT)
    session, wrong, made, at = Session(), [], "", 0
    for match in _FENCE.finditer(text):
        info, body = match["info"].strip(), match["body"]
        how, _, file = info.partition(" ")[2].partition("=")
        if how in ("file", "add", "change"):
            session.write(how, file, body)
            wrong += session.failing_steps(body) if info.startswith("yaml") else []
        elif info == "console":
            now = session.console(body)
            wrong += [body.split("\n", 1)[0]] if now != body else []
            made, at = made + text[at : match.start("body")] + now, match.end("body")
    assert not session.misused
    if request.config.getoption("--update"):
        page.write_text(made + text[at:], encoding="utf-8")
    else:
        assert not wrong, "run `pytest --update` if this is right"


COMMANDS = ROOT / "docs" / "commands.md"


def test_every_command_is_on_its_page(request: pytest.FixtureRequest) -> None:
    """The second half of docs/commands.md: the help of each command, in the words of the command."""
    text = COMMANDS.read_text(encoding="utf-8")
    head = text[: text.index("-->\n") + 4]
    names = ["", *(f"{name} " for name in tonne.commands)]
    console = Session().console
    parts = [f"## tonne {name}".rstrip() + f"\n\n```console\n{console(f'$ tonne {name}--help')}```\n" for name in names]
    now = "\n".join([head, *parts])
    if request.config.getoption("--update"):
        COMMANDS.write_text(now, encoding="utf-8")
    else:
        assert text == now, "run `pytest --update`"


def test_the_picture_of_a_derivation_has_the_values_of_the_page() -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    told = page[page.index("$ tonne explain t5.tonne t5.co2e") :]
    picture = (ROOT / "docs" / "images" / "derivation.svg").read_text(encoding="utf-8")
    boxes = re.findall(r'class="name"[^>]*>(\w+)</text>\n *<text[^>]*>([^<]+)<', picture)
    assert len(boxes) == 9
    assert [f"{name} = {value}" for name, value in boxes if f"t5.{name} = {value}" not in told] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_fence_is_of_a_known_sort(page: Path) -> None:
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        info = match["info"].strip()
        if info.split()[:1] == ["toml"]:
            tomllib.loads(match["body"])
        elif info == "sh":
            words = {line.split()[0] for line in match["body"].splitlines() if line.strip()}
            assert words <= OUTSIDE | {"tonne", "#"}, words
        else:
            known = ("tonne", "output", "bibtex", "yaml", "text")
            assert info in NOT_RUN | {"console", "pycon"} or info.split()[0] in known, info


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
