"""`tonne check --fix`: what can be mended in one way only is mended, and nothing else is touched."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pages import scenario_text, sections
from tonne.cli.commands import tonne
from tonne.diagnostic import Applicability
from tonne.library import library_root
from tonne.mend import mend
from tonne.scenario import check
from tonne.write import write_atomically

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs" / "errors").glob("[A-Z]*[0-9].md")), ROOT / "tests" / "cases" / "twelve_mistakes.md"]
RUN = 'run pretrain {\n  energy           = 318 MWh         from "the log"\n  carbon_intensity = 400 gCO2e/kWh   from "them"\n}\n'

# A file in which one line is wrong in a way that can be mended in one way only, and that line mended.
ONE_WAY = {
    "unit in other capitals": ("let x = 3 KWh", "let x = 3 kWh"),
    "prefix of a count": ("let x = 70 Mtoken", "let x = 70M token"),
    "prefix of a count below": ("let x = 3 Wh/Mtoken", "let x = 3e-6 Wh/token"),
    "prefix of a count in a rate": ("let x = 1_400 Gtoken/day", "let x = 1_400B token/day"),
    "letter of another alphabet": ("let x = 3 \u041cWh", "let x = 3 MWh"),
    "suffix apart": ("let x = 70 G param", "let x = 70B param"),
    "suffix as a word": ("let x = 70 billion param", "let x = 70B param"),
    "power of ten": ("let x = 5.88 × 10^23 FLOP", "let x = 5.88e23 FLOP"),
    "power of ten, raised": ("let x = 2·10⁻³ kWh", "let x = 2e-3 kWh"),
    "no power of ten": ("let a_5 = 1\nlet x = a_5 × 10 + 1", "let a_5 = 1\nlet x = a_5 * 10 + 1"),
    "one sign of equality": ("require pretrain.energy = 318 MWh", "require pretrain.energy == 318 MWh"),
    "one sign of equality in a claim": ("claim pretrain.co2e = 127 tCO2e", "claim pretrain.co2e == 127 tCO2e"),
    "sign of comparison": ("require pretrain.energy ≤ 400 MWh", "require pretrain.energy <= 400 MWh"),
    "sign of multiplication": ("let x = pretrain.energy × 2", "let x = pretrain.energy * 2"),
    "minus": ("let x = pretrain.energy − 2 kWh", "let x = pretrain.energy - 2 kWh"),
    "curly quotes": ("let x = 3 kWh from “the log”", 'let x = 3 kWh from "the log"'),
    "no-break spaces": ("let x\u00a0=\u00a03\u202fkWh from \"a\u00a0b\"", "let x = 3 kWh from \"a\u00a0b\""),
    "zero width": ("let x = 3\u200b kWh", "let x = 3 kWh"),
    "unused import": ("use hardware.nvidia { h100_sxm }\nlet x = 3 kWh", "let x = 3 kWh"),
    "one unused import": (
        "use grids.us { quebec, utah, iowa }\nlet x = quebec.carbon_intensity + iowa.carbon_intensity",
        "use grids.us { quebec, iowa }\nlet x = quebec.carbon_intensity + iowa.carbon_intensity",
    ),
    "unused import over several lines": (
        "use grids.us {\n  quebec, # near }\n  utah,\n}  # grids\nlet x = 3 kWh",
        "  # grids\nlet x = 3 kWh",
    ),
    "first of the imports": (
        "use grids.us { quebec, utah }\nlet x = utah.carbon_intensity",
        "use grids.us { utah }\nlet x = utah.carbon_intensity",
    ),
    "two of the imports": (
        "use grids.us { quebec, utah, iowa }\nlet x = iowa.carbon_intensity",
        "use grids.us { iowa }\nlet x = iowa.carbon_intensity",
    ),
}  # fmt: skip

# What may have been meant in two ways, or changes what the file says.
NOT_MENDED = [
    "let x = pretrain.energy / 2 × 10^3",
    "let x = 3 mwh",  # mWh, MWh
    "let x = 2 B param",  # two billion, or bytes a parameter
    "let x = 3 gCO2/kWh",
    "let x = 3 Mtoken^2",
    "let x = 1.4k Mtoken",
    "let x = 5*1023 kWh",
    "let x = 1,500 kWh",
    "show pretran.energy",
    "run b {\n  utilisation = 40% from \"x\"\n}",
    "let x : tCO2e = pretrain.energy",
    "require pretrain.energy in 400 MWh .. 300 MWh",
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tonne.toml").touch()


@pytest.fixture
def call(project: None) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(tonne, list(words), catch_exceptions=False)


def scenario(text: str) -> Path:
    path = Path("scenario.tonne")
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(("wrong", "right"), ONE_WAY.values(), ids=ONE_WAY)
def test_mends(project: None, wrong: str, right: str) -> None:
    one = mend(scenario(f"{RUN}{wrong}\nshow pretrain.co2e\n"))
    assert one.after == f"{RUN}{right}\nshow pretrain.co2e\n"
    assert one.mended
    assert not one.checked.has_errors


@pytest.mark.parametrize("line", NOT_MENDED)
def test_leaves_to_the_reader(project: None, line: str) -> None:
    one = mend(scenario(f"{RUN}{line}\n"))
    assert not one.changes
    assert not one.mended
    assert one.checked.has_errors


def test_writes_what_it_mended_once(call: Callable[..., Result]) -> None:
    path = scenario(f"{RUN}let x = 3 KWh\nshow x\n")
    first, again = call("check", "scenario.tonne", "--fix"), call("check", "scenario.tonne", "--fix")
    assert path.read_text(encoding="utf-8") == f"{RUN}let x = 3 kWh\nshow x\n"
    assert (first.exit_code, first.output) == (
        0,
        "mended 1 thing in scenario.tonne: `KWh` → `kWh` (line 5)\nscenario.tonne: nothing left to mend\n",
    )
    assert (again.exit_code, again.output) == (0, "scenario.tonne: nothing to mend\n")


def test_each_certain_fix_on_all_pages_mends_and_adds_no_error(call: Callable[..., Result]) -> None:
    tried = 0
    for section in (s for page in PAGES for s in sections(page) if s.title != "Mended"):
        name, text = str(section), scenario_text(section)
        before = check(scenario(text))
        errors = Counter((d.code, d.title) for d in before.diagnostics if d.is_error)
        for one in before.diagnostics:
            if (
                one.fix is None
                or one.fix.applicability is not Applicability.CERTAIN
                or one.fix.span.source.name != "scenario.tonne"
            ):
                continue
            tried += 1
            span = one.fix.span
            after = check(Path("scenario.tonne"), text=text[: span.start] + one.fix.replacement + text[span.end :])
            same = [d for d in after.diagnostics if (d.code, d.title) == (one.code, one.title)]
            assert len(same) < sum((d.code, d.title) == (one.code, one.title) for d in before.diagnostics), (name, one)
            more = Counter((d.code, d.title) for d in after.diagnostics if d.is_error) - errors
            assert not more, (name, one, more)
    assert tried > 4


def test_says_what_it_mended_and_what_is_left(call: Callable[..., Result]) -> None:
    scenario(f"{RUN}let x = 3 KWh\nlet y = 70 Mtoken\nlet z : kWh = 3 tCO2e\n")
    result = call("check", "scenario.tonne", "--fix", "--format", "short")
    assert result.stdout.splitlines() == [
        "mended 2 things in scenario.tonne: `KWh` → `kWh` (line 5), `70 Mtoken` → `70M token` (line 6)",
        "scenario.tonne:7:15: error[D202] `z` is energy, this is carbon (its unit is `kWh`)",
    ]
    assert result.exit_code == 1


def test_what_one_mending_shows_is_mended_next(call: Callable[..., Result]) -> None:
    path = scenario(f"{RUN}let x = 3\u00a0KWh/TOKEN\nshow x\n")
    assert call("check", "scenario.tonne", "--fix").exit_code == 0
    assert "let x = 3 kWh/token\n" in path.read_text(encoding="utf-8")


def test_an_import_is_kept_while_a_name_is_misspelt(call: Callable[..., Result]) -> None:
    text = 'use hardware.nvidia { h100_sxm }\nrun a {\n  hardware = h100_sxn\n  energy = 3 KWh from "x"\n}\n'
    path = scenario(text)
    assert call("check", "scenario.tonne", "--fix").exit_code == 1
    assert path.read_text(encoding="utf-8") == text.replace("KWh", "kWh")


def test_a_diff_writes_nothing(call: Callable[..., Result]) -> None:
    text = f"{RUN}let x = 3 KWh\n"
    path = scenario(text)
    result = call("check", "scenario.tonne", "--fix", "--diff")
    assert path.read_text(encoding="utf-8") == text
    assert "-let x = 3 KWh\n+let x = 3 kWh\n" in result.stdout
    assert result.stderr == "would mend 1 thing in scenario.tonne: `KWh` → `kWh` (line 5)\n"
    assert result.exit_code == 1  # the file is as wrong as it was
    assert call("check", "scenario.tonne", "--diff").exit_code == 2


def test_json_says_what_was_mended_and_nothing_else(call: Callable[..., Result]) -> None:
    scenario(f"{RUN}let x = 3 KWh\nlet y = 3\n")
    result = call("check", "scenario.tonne", "--fix", "--format", "json")
    made = json.loads(result.stdout)
    assert [(d["code"], d["line"]) for d in made["mended"]] == [("D211", 5)]
    assert made["diagnostics"] == []
    assert "mended" not in json.loads(call("check", "scenario.tonne", "--format", "json").stdout)


def test_keeps_line_ends_the_byte_order_mark_and_the_mode(call: Callable[..., Result]) -> None:
    path = scenario("\ufeff" + RUN.replace("\n", "\r\n") + "let é = 1\r\nlet x = 3 KWh\r\nlet y = 70 Mtoken\n")
    path.chmod(0o640)
    call("check", "scenario.tonne", "--fix")
    expected = "\ufeff" + RUN.replace("\n", "\r\n") + "let é = 1\r\nlet x = 3 kWh\r\nlet y = 70M token\n"
    assert path.read_bytes() == expected.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert {p.name for p in Path().iterdir()} == {"tonne.toml", "scenario.tonne"}


def test_of_markdown_only_the_fences(call: Callable[..., Result]) -> None:
    path = Path("paper.md")
    text = f"# 70 Mtoken and 3 KWh\n\n```tonne\n{RUN}let x = 3 KWh\n```\n\nAgain 3 KWh.\n\n```tonne\nshow x\n```\n"
    path.write_text(text, encoding="utf-8")
    assert call("check", "paper.md", "--fix").exit_code == 0
    assert path.read_text(encoding="utf-8") == text.replace("let x = 3 KWh", "let x = 3 kWh")


def test_a_used_file_is_not_written_unless_it_is_named(call: Callable[..., Result]) -> None:
    site = Path("site.tonne")
    text = 'grid site {\n  carbon_intensity = 400 gCO2e/KWH from "x"\n}\n'
    site.write_text(text, encoding="utf-8")
    scenario('use "./site" { site }\nshow site.carbon_intensity\n')
    assert call("check", "scenario.tonne", "--fix").exit_code == 1
    assert site.read_text(encoding="utf-8") == text
    both = call("check", "scenario.tonne", "site.tonne", "--fix")
    assert both.exit_code == 0, both.output
    assert "gCO2e/kWh" in site.read_text(encoding="utf-8")


@pytest.mark.parametrize("more", [["--watch"], ["-"]])
def test_only_files_are_mended_and_once(call: Callable[..., Result], more: list[str]) -> None:
    scenario(f"{RUN}let x = 3 KWh\n")
    result = call("check", "scenario.tonne", "--fix", *more)
    assert result.exit_code == 2
    assert "--fix writes files: leave out --watch and `-`" in result.stderr


def test_the_library_is_never_written() -> None:
    for file in sorted(library_root().rglob("*.tonne"))[:3]:
        assert not mend(file).changes


def test_a_link_stays_a_link(call: Callable[..., Result]) -> None:
    real = scenario(f"{RUN}let x = 3 KWh\n")
    link = Path("link.tonne")
    link.symlink_to(real)
    call("check", "link.tonne", "--fix")
    assert link.is_symlink()
    assert "3 kWh" in real.read_text(encoding="utf-8")


def test_a_read_only_file_is_left(call: Callable[..., Result]) -> None:
    text = f"{RUN}let x = 3 KWh\n"
    path = scenario(text)
    path.chmod(0o444)
    result = call("check", "scenario.tonne", "--fix")
    assert result.exit_code == 2
    assert "cannot write scenario.tonne: it is read-only; it is as it was" in result.stderr
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_replaced_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tonne"
    path.write_text("before", encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "after")
    assert path.read_text(encoding="utf-8") == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.tonne"]


def test_settings_of_the_command_line_are_not_mended(call: Callable[..., Result]) -> None:
    text = f"{RUN}show pretrain.co2e\n"
    path = scenario(text)
    result = call("check", "scenario.tonne", "--fix", "--set", "pretrain.energy=3 KWh")
    assert path.read_text(encoding="utf-8") == text
    assert result.exit_code == 1
