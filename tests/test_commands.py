"""What a person meets around the commands: slips of the command line, colour, standard input, less and more of a run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tonne.cli.commands import tonne
from tonne.gaps import gaps
from tonne.missing import would_determine
from tonne.scenario import evaluate

ROOT = Path(__file__).parent.parent
QUICKSTART = ROOT / "scenarios" / "quickstart.tonne"


def call(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(tonne, list(words), input=stdin, catch_exceptions=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chek"], "did you mean `check`?"), (["complete"], "did you mean `completion`?"), (["frobnicate"], "there are: new, check, run"), (["x" * 5000], "there are: new"), (["\0"], "there are: new"),
        (["scenario.tonne", "-q"], "did you mean `tonne run scenario.tonne -q`?"), (["paper.md"], "did you mean `tonne run paper.md`?"),
        (["run", "-q", "-v", str(QUICKSTART)], "do not go together"), (["--color", "blue", "list"], "auto"), (["--colour", "never", "list"], "--color"),
    ],
)  # fmt: skip
def test_slips(words: list[str], said: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_commands_stand_in_the_order_of_work() -> None:
    listed = re.findall(r"^  (\w+) {2,}\S", call("--help").stdout.split("Commands:")[1], re.MULTILINE)
    assert listed == [
        "new",
        "check",
        "run",
        "sweep",
        "explain",
        "audit",
        "sources",
        "derive",
        "import",
        "fmt",
        "list",
        "units",
        "help",
        "completion",
    ]


@pytest.mark.parametrize("name", list(tonne.commands))
def test_every_command_has_examples_and_a_first_sentence_that_fits(name: str) -> None:
    text = call(name, "--help").stdout
    assert f"tonne {name} " in text.split("Options:")[1] or name == "completion"
    line = next(x for x in call("--help").stdout.splitlines() if x.startswith(f"  {name} "))
    assert not line.endswith("...") or name in ("explain", "help")


GOOD = 'let a : kWh = 3 kWh assumed "x"\nshow a in Wh\n'


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "3,000" in call("run", "-", stdin=GOOD).stdout
    assert call("check", "-", stdin=GOOD).stdout == "<stdin>: nothing to mend\n"
    assert "3 kWh" in call("explain", "-", "a", stdin=GOOD).stdout
    wrong = call("check", "-", "--format", "short", stdin="let a : kWh = 3 kg\n")
    assert wrong.exit_code == 1
    assert wrong.stdout.startswith("<stdin>:1:15: error[D202]")
    (tmp_path / "site.tonne").write_text('grid site { carbon_intensity = 9 gCO2e/kWh from "x" }\n', encoding="utf-8")
    used = 'use "./site" { site }\nshow site.carbon_intensity\n'
    assert "9" in call("run", "-", stdin=used).stdout
    too_much = call("check", "-", stdin="# " + "x" * 1_000_001)
    assert too_much.exit_code == 1
    assert "S109" in too_much.stdout


def coloured(*words: str, **more: str) -> tuple[bool, bool]:
    """Whether there is colour on standard output and on standard error, in a pipe."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "tonne", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**clean, "TERM": "xterm", **more},
        check=False,
    )
    return "\x1b[" in done.stdout, "\x1b[" in done.stderr


def test_colour() -> None:
    run = ("run", "-q", str(QUICKSTART))
    assert coloured(*run) == (False, False)
    assert coloured("--color", "always", *run) == (True, True)
    assert coloured(*run, FORCE_COLOR="1") == (True, True)
    assert coloured("--color", "never", *run, FORCE_COLOR="1") == (False, False)


def test_colour_cuts_no_line_in_a_pipe() -> None:
    escape = re.compile(r"\x1b\[[0-9;]*m")
    plain, colour = (call("--color", when, "run", str(QUICKSTART)).stdout for when in ("never", "always"))
    assert escape.sub("", colour) == plain


def test_quiet_has_only_what_is_asked_for() -> None:
    quiet, everything = call("run", "-q", str(QUICKSTART)).stdout, call("run", str(QUICKSTART)).stdout
    assert everything.endswith(quiet)
    assert "pretrain.duration" in quiet
    assert "first_year < 1500 tCO2e" in quiet
    assert "refuted" in quiet
    assert "flop_per_parameter" not in quiet
    assert "undetermined" not in quiet


def test_verbose_says_what_would_determine_the_rest() -> None:
    text = call("run", "-v", str(QUICKSTART)).stdout
    assert "undetermined in chat, chat_as_printed\n" in text
    assert "  total_requests, energy, it_energy, co2e or service_life gives the others, tokens and compute\n" in text
    assert "  hardware.embodied_rate or hardware.lifetime gives embodied_co2e and total_co2e\n" in text
    assert "  water needs wue and water_intensity\n" in text
    assert "  nothing derives market_intensity or water_intensity\n" in text
    assert "tonne explain FILE" not in text


@pytest.mark.parametrize("file", ["quickstart.tonne", "llama3.tonne", "published/section55.md"])
def test_every_undetermined_field_is_accounted_for(file: str) -> None:
    """Each stands in its instance's group once as following, needing or underived, and what is promised is true."""
    run = evaluate(ROOT / "scenarios" / file).run
    assert run is not None
    groups = {name: gap for gap in gaps(run.model) for name in gap.instances}
    for state in run.model.own_states():
        undetermined = set(state.determination.undetermined)
        if not undetermined:
            assert state.instance.name not in groups
            continue
        gap = groups[state.instance.name]
        reached = {n for o in gap.openings for n in (*o.facts, *o.follow)} & undetermined
        needing = {n for names, _ in gap.needs for n in names}
        assert reached | needing | set(gap.underived) == undetermined
        assert not reached & needing
        single = would_determine(run.model, state)
        for opening in gap.openings:
            for name in opening.follow:
                assert {f.split(".")[-1] for f in opening.facts} <= {f.split(".")[-1] for f in single[name]}


def test_a_fact_of_the_verbose_list_does_what_it_says(tmp_path: Path) -> None:
    for fact in ("chat.service_life=3 year", "chat.tokens=1e15 token", "chat.hardware=h100_sxm"):
        before = evaluate(QUICKSTART).run
        after = evaluate(QUICKSTART, [fact]).run
        assert before is not None
        assert after is not None
        was, now = (
            next(set(s.determination.undetermined) for s in run.model.own_states() if s.instance.name == "chat")
            for run in (before, after)
        )
        gap = next(g for g in gaps(before.model) if "chat" in g.instances)
        name = fact.split("=")[0].split(".")[1]
        opening = next((o for o in gap.openings if name in o.facts), None)
        promised = (
            {*opening.facts, *opening.follow}
            if opening is not None and opening.own
            else set(opening.follow if opening else ())
        )
        assert promised <= was - now | {name}, fact


@pytest.mark.parametrize("command", ["list", "units", "explain"])
@given(
    words=st.lists(
        st.text(max_size=12) | st.sampled_from(["1", "3 kWh", "in", "J", "grids", "h100", "1e999", "a.b", "--sort"]),
        max_size=4,
    )
)
def test_no_words_make_a_command_fall_over(command: str, words: list[str]) -> None:
    file = [str(ROOT / "docs" / "examples" / "mistakes.tonne")] if command == "explain" else []
    assert call(command, *file, "--", *words).exit_code in (0, 1, 2)
