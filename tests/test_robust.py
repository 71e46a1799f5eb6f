"""What a file may contain without harm: nothing makes the program leave the project, run code, hang or fall over."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne import library
from tonne.diagnostic import Diagnostic
from tonne.report.as_json import run_as_json
from tonne.report.diagnostics import as_json, in_full, one_line
from tonne.report.tables import run_as_tables
from tonne.scenario import Evaluated, evaluate
from tonne.source import SourceFile
from tonne.syntax.parse import parse

ROOT = Path(__file__).parent.parent
REAL = [
    p.read_text(encoding="utf-8")
    for p in [*sorted((ROOT / "scenarios").glob("*.tonne")), ROOT / "stdlib" / "core" / "kinds.tonne"]
]
PIECES = sorted(
    {w for text in REAL for w in re.findall(r"\w+|[^\w\s]|\n", text)}
    | {"\x1b[31m", "\u202e", "\x00", "é", "日本", "~", "]", "1e999", "^ -1"}
)


def whole(path: Path) -> Evaluated:
    """Everything that is done with a file, printing included."""
    result = evaluate(path)
    for one in result.diagnostics:
        assert printable(in_full(one).plain.replace("\n", "")), one
        assert printable(one_line(one)), one
        as_json(one)
    run_as_json(result)
    if result.run is not None:
        run_as_tables(result, 100)
    return result


def printable(text: str) -> bool:
    return not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real file with words dropped, doubled, swapped and strange ones put in."""
    words = re.findall(r"\w+|[^\w\s]|\s+", draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(words) - 1))
        what = draw(st.integers(0, 3))
        if what == 0:
            del words[at]
        elif what == 1:
            words.insert(at, draw(st.sampled_from(PIECES)))
        elif what == 2:
            words[at] = draw(st.sampled_from(PIECES))
        else:
            other = draw(st.integers(0, len(words) - 1))
            words[at], words[other] = words[other], words[at]
    return "".join(words)


@given(mutated())
def test_a_damaged_file_is_reported(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("m") / "a.tonne"
    path.write_text(text, encoding="utf-8")
    (path.parent / "references.bib").write_text("", encoding="utf-8")
    whole(path)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join))
def test_words_in_any_order_are_reported(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("w") / "a.tonne"
    path.write_text(text, encoding="utf-8")
    whole(path)


@given(st.binary(max_size=200))
def test_bytes_are_reported(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("b") / "a.tonne"
    path.write_bytes(data)
    whole(path)


# ── errors stay where they are ──

STATEMENTS = [
    'grid g {\n  carbon_intensity = 400 gCO2e/kWh from "x"\n}', 'run r {\n  energy = 3 MWh from "x"\n  grid = g\n}', "let a : tCO2e = 2 * r.co2e",
    "require r.co2e < 5 tCO2e", "show r.co2e, a", "kind k {\n  x : kWh\n}",
]  # fmt: skip
BROKEN = [
    "let b = = 3",
    "let = 3",
    "require",
    "let c = 3 ×  4",
    'let d = "',
    "show a b",
    "run p q {\n}",
    "let e = (3",
    "}",
    "claim a",
]


@given(st.permutations(STATEMENTS), st.lists(st.tuples(st.integers(0, 6), st.sampled_from(BROKEN)), max_size=4))
def test_a_broken_statement_hides_and_invents_nothing(order: list[str], broken: list[tuple[int, str]]) -> None:
    text: list[str] = []
    lines: set[int] = set()
    for place, statement in enumerate([*order, ""]):
        for _, slip in (b for b in broken if b[0] == place):
            lines.update(
                range(1 + sum(t.count("\n") + 1 for t in text), 1 + sum(t.count("\n") + 1 for t in [*text, slip]))
            )
            text.append(slip)
        text.append(statement)
    module, found = parse(SourceFile("page", "\n".join(text)))
    assert {d.span.line for d in found} <= lines
    assert len({d.span.line for d in found}) == len(broken)
    kept = [s for s in module.statements if s.span.line not in lines]
    assert len(kept) == len(order)


# ── nothing outside the project ──


def only(found: tuple[Diagnostic, ...], code: str) -> Diagnostic:
    errors = [d for d in found if d.is_error]
    assert [d.code for d in errors] == [code], [(d.code, d.title) for d in errors]
    return errors[0]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "outside.tonne").write_text(
        'grid secret { carbon_intensity = 1 gCO2e/kWh from "x" }\n', encoding="utf-8"
    )
    (tmp_path / "outside.bib").write_text("@misc{secret, title={x}}", encoding="utf-8")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tonne.toml").touch()
    return folder


@pytest.mark.parametrize("target", ["../outside", "../outside.tonne", "/etc/passwd", "./sub/../../outside", "~/x"])
def test_use_stays_inside(project: Path, target: str) -> None:
    path = project / "a.tonne"
    path.write_text(f'use "{target}" {{ secret }}\nrun r {{ grid = secret }}\n', encoding="utf-8")
    one = only(whole(path).diagnostics, "N114" if target == "~/x" else "N118")
    assert one.span.line == 1


def test_a_link_that_leads_outside_is_refused(project: Path) -> None:
    (project / "inside.tonne").symlink_to(project.parent / "outside.tonne")
    path = project / "a.tonne"
    path.write_text('use "./inside" { secret }\nrun r { grid = secret }\n', encoding="utf-8")
    only(whole(path).diagnostics, "N118")


def test_a_bibliography_outside_is_refused(project: Path) -> None:
    path = project / "a.tonne"
    path.write_text('bibliography "../outside.bib"\nrun r { energy = 3 MWh from secret }\n', encoding="utf-8")
    only(whole(path).diagnostics, "N118")


def test_a_pipe_is_not_waited_for(project: Path) -> None:
    os.mkfifo(project / "pipe.tonne")
    path = project / "a.tonne"
    path.write_text('use "./pipe" { x }\n', encoding="utf-8")
    only(whole(path).diagnostics, "N114")
    assert whole(project / "pipe.tonne").run is None


def test_names_of_the_library_are_only_names(project: Path) -> None:
    path = project / "a.tonne"
    path.write_text("use core.units { kWh }\nuse hardware { x }\nuse os.path { y }\n", encoding="utf-8")
    codes = [d.code for d in whole(path).diagnostics if d.is_error]
    assert codes.count("N114") == 2


def test_files_that_use_each_other(project: Path) -> None:
    (project / "a.tonne").write_text('use "./b" { y }\nlet x = y + 1\nshow x\n', encoding="utf-8")
    (project / "b.tonne").write_text('use "./a" { x }\nlet y = 2\nlet z = x\n', encoding="utf-8")
    result = whole(project / "a.tonne")
    assert not [d for d in result.diagnostics if d.is_error]


@pytest.mark.parametrize(
    "text",
    [
        "let a = b\nlet b = c\nlet c = a\nshow a\n", "run a like b {\n}\nrun b like a {\n}\nshow a.co2e\n",
        'run a {\n  tokens = b.tokens\n}\nrun b {\n  tokens = a.tokens\n}\nshow a.tokens\n', "kind a like b {\n}\nkind b like a {\n}\na x {\n}\n",
        "unit a = 2 b\nunit b = 2 a\nlet x = 3 a\n", "let r = r\nshow r\n", "kind n {\n  next : n\n}\nn a {\n  next = b\n}\nn b {\n  next = a\n}\n",
        "run a {\n  energy = it_energy * 2\n  it_energy = energy / 3\n}\nshow a.energy\n", "let l = [l]\nshow sum(l.co2e)\n",
    ],
)  # fmt: skip
def test_circles_end(project: Path, text: str) -> None:
    path = project / "a.tonne"
    path.write_text(text, encoding="utf-8")
    assert [d for d in whole(path).diagnostics if d.is_error]


def test_large_powers_and_numbers_end(project: Path) -> None:
    path = project / "a.tonne"
    path.write_text(
        "let a = 9e999\nlet b = 10 ^ 400\nlet c = (2 kWh) ^ 99\nlet d = exp(1000)\nlet e = 1e-999\nshow a, b, d, e\n",
        encoding="utf-8",
    )
    assert {d.code for d in whole(path).diagnostics} >= {"V230"}


def test_the_library_is_read_only_where_it_is() -> None:
    assert library.library_file("../../etc/passwd") is None
    assert library.library_file("hardware.nvidia") is not None
