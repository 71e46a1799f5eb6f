"""Shell completion, in the shells themselves."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from tonne.cli.commands import tonne
from tonne.outline import outline

ROOT = Path(__file__).parent.parent
WAIT = 60  # seconds, for a machine that is busy; a shell that answers is not waited for

SCENARIO = """use hardware.nvidia { h100_sxm }
kind special like run {
  extra : kWh
  note  : text
}
special tune {
  energy = 3 MWh from "x"
}
run pretrain { energy = 3 MWh from "x" }
let total : MWh = tune.energy + pretrain.energy
"""


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., str]:
    """Calls a command in a folder with a scenario, where `tonne` is on the path."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "tonne"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tonne "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "scenario.tonne").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "broken.tonne").write_text(SCENARIO + "run { nonsense = \nuse \n}}\n", encoding="utf-8")
    for name in ("bash", "zsh", "fish"):
        script = CliRunner().invoke(tonne, ["completion", name]).stdout
        (tmp_path / f"completion.{name}").write_text(script, encoding="utf-8")

    def call(*words: str) -> str:
        done = subprocess.run(
            words, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=True
        )
        return done.stdout

    return call


def environment(folder: Path) -> dict[str, str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(folder), "TERM": "xterm", "COLUMNS": "300"}


CASES = [
    ("tonne ", {"new", "check", "run", "explain", "list", "units", "help", "completion"}, set()),
    ("tonne exp", {"explain"}, {"run"}),
    ("tonne run --wa", {"--watch"}, {"--set"}),
    ("tonne explain scenario.tonne ", {"tune", "pretrain", "total", "h100_sxm"}, {"run"}),
    (
        "tonne explain scenario.tonne pretrain.co",
        {"pretrain.co2e", "pretrain.cost", "pretrain.compute"},
        {"pretrain.energy"},
    ),
    ("tonne explain scenario.tonne tune.e", {"tune.extra", "tune.energy"}, {"tune.note"}),
    ("tonne explain broken.tonne t", {"tune", "total"}, {"pretrain"}),
    ("tonne explain no_such.tonne p", set(), {"pretrain"}),
    (f"tonne explain {'x' * 5000} p", set(), {"pretrain"}),
    ("tonne run scenario.tonne --set pretrain.pu", {"pretrain.pue"}, set()),
    ("tonne help D2", {"D201", "D213"}, {"N111"}),
    ("tonne help unso", {"unsourced-number"}, {"P301"}),
    ("tonne list gri", {"grids"}, {"hardware"}),
    ("tonne list grids fran", {"france"}, {"germany"}),
    ("tonne new ", {"training", "serving", "both", "audit"}, set()),
    ("tonne units tCO", {"tCO2e"}, {"gCO2e"}),
    ("tonne completion ", {"bash", "zsh", "fish"}, set()),
]


# What goes through a shell besides: a command, an option, a name of the library, a path of a file, and nothing at all.
IN_A_SHELL = [
    case
    for case in CASES
    if case[0].split(" ", 1)[1]
    in ("exp", "run --wa", "list grids fran", "explain scenario.tonne tune.e", "explain no_such.tonne p")
]


@pytest.mark.parametrize(("line", "has", "has_not"), CASES, ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_what_is_offered(
    shell: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    has: set[str],
    has_not: set[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    *words, incomplete = line.split(" ")[1:]
    offered = {i.value for i in ShellComplete(tonne, {}, "tonne", "_TONNE_COMPLETE").get_completions(words, incomplete)}
    assert has <= offered
    assert not has_not & offered


@pytest.mark.needs("bash")
def test_bash_offers_what_fits(shell: Callable[..., str]) -> None:
    """Our function in one bash: what it would offer."""
    lines = ["source completion.bash"]
    for line, _, _ in IN_A_SHELL:
        words = " ".join(f"'{w}'" for w in line.split(" "))
        lines += [
            f"COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMPREPLY=()",
            "_tonne_completion tonne",
        ]
        lines += ["printf '%s ' \"${COMPREPLY[@]}\"; echo"]
    answers = shell("bash", "--norc", "-c", "\n".join(lines)).splitlines()
    for answer, (_, has, has_not) in zip(answers, IN_A_SHELL, strict=True):
        assert has <= set(answer.split())
        assert not has_not & set(answer.split())


@pytest.mark.needs("fish")
def test_fish_offers_what_fits(shell: Callable[..., str]) -> None:
    for line, has, has_not in IN_A_SHELL:
        answer = shell("fish", "--no-config", "-c", f"source completion.fish; complete -C '{line}'")
        offered = {one.split("\t")[0] for one in answer.splitlines()}
        assert has <= offered
        assert not has_not & offered


ESCAPE = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])|[\r\a]")
TYPED = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source completion.bash"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit && compinit -u; source completion.zsh"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.needs(n)) for n in ("bash", "zsh")]
)  # fmt: skip
def test_the_tab_key(shell: Callable[..., str], tmp_path: Path, name: str) -> None:
    """A person at a terminal: a command, a file and a path are completed, then the line is run."""
    words, setup = TYPED[name]
    # The pseudo-terminal is another process's: forking this one, which has threads, is not safe.
    relay = subprocess.Popen(
        [sys.executable, "-c", f"import pty; pty.spawn({words!r})"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, env=environment(tmp_path),
    )  # fmt: skip
    assert relay.stdin is not None
    assert relay.stdout is not None

    def type_in(text: str) -> None:
        relay.stdin.write(text.encode())
        relay.stdin.flush()

    def read_until(pattern: str) -> None:
        seen, end = "", time.monotonic() + WAIT
        while not re.search(pattern, ESCAPE.sub("", seen)):
            assert select.select([relay.stdout], [], [], max(0, end - time.monotonic()))[0], seen
            more = os.read(relay.stdout.fileno(), 65536)
            assert more, seen
            seen += more.decode(errors="replace")

    try:
        type_in(f"{setup}; echo re''ady\n")
        read_until("(?m)^ready")
        for begun, complete in (
            ("tonne expl", "explain $"),
            ("scen", "scenario.tonne $"),
            ("tune.ener", "tune.energy"),
        ):
            type_in(f"{begun}\t")
            read_until(complete)
        type_in("\n")
        read_until("tune.energy = 3 MWh")
        type_in("exit\n")
        assert relay.wait(WAIT) == 0
    finally:
        relay.kill()
        relay.communicate()


def test_the_outline_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scenario.tonne"
    file.write_text(SCENARIO, encoding="utf-8")
    made = outline(file)
    assert list(made) == ["tune", "pretrain", "total", "h100_sxm"]
    assert {"extra", "co2e"} <= set(made["tune"])
    assert not {"note", "grid"} & set(made["tune"])
    assert made["total"] == []
    assert "peak" in made["h100_sxm"]


@pytest.mark.parametrize(
    "text",
    ["", "kind a like b {\n}\nkind b like a {\n}\na x {\n}\n", "use hardware.nope { x }\n", "\x00", "run run run {"],
)
def test_an_outline_of_anything(tmp_path: Path, text: str) -> None:
    file = tmp_path / "any.tonne"
    file.write_text(text, encoding="utf-8")
    assert isinstance(outline(file), dict)


def test_a_completion_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "s.tonne").write_text(SCENARIO, encoding="utf-8")
    program = (
        "import sys\nfrom pathlib import Path\nfrom tonne.outline import outline\n"
        "assert outline(Path('s.tonne'))\n"
        "sys.exit(' '.join({'numpy', 'pint', 'sympy', 'rich'} & set(sys.modules)) or None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
