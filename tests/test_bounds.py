"""What a file from a stranger may ask for. Each of these took minutes or gigabytes, or would, if it were not refused or cut short."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from tonne.cli.commands import tonne
from tonne.dimension import MOST_POWER
from tonne.kinds import MOST_FIELDS, MOST_KINDS
from tonne.library import SETTINGS_CHARACTERS
from tonne.limits import MOST_ERRORS
from tonne.paths import MOST_PARTS
from tonne.report.diagnostics import MOST_SHOWN
from tonne.scenario import Evaluated, evaluate
from tonne.units import MOST_LETTERS, MOST_UNITS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is also the working folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tonne.toml").touch()
    monkeypatch.chdir(folder)
    return folder


def outcome(text: str) -> Evaluated:
    Path("a.tonne").write_text(text, encoding="utf-8")
    return evaluate(Path("a.tonne"))


def codes(text: str) -> Counter[str]:
    """How often each error is reported, and that nothing is there to evaluate."""
    return Counter(d.code for d in outcome(text).diagnostics if d.is_error or d.code == "S111")


def lines(template: str, count: int, start: int = 0) -> str:
    return "".join(template.replace("@", str(i)).replace("<", str(i - 1)) + "\n" for i in range(start, count))


# ── many mistakes ──

MANY = MOST_ERRORS + 100


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (lines("= @ ?", MANY), "S101"),
        ("run r {\n" + lines("  = @ ?", MANY) + "}\n", "S101"),
        ('"\n' * MANY, "S106"),
        ("]\n" * MANY, "S103"),
        (lines("let from = @", MANY), "S107"),
    ],
)
def test_a_file_of_lines_that_cannot_be_read(project: Path, text: str, code: str) -> None:
    result = outcome(text)
    assert Counter(d.code for d in result.diagnostics) == {code: MOST_ERRORS, "S109": 1}
    assert result.run is None  # nothing is said that follows from them
    last = next(d for d in result.diagnostics if d.code == "S109")
    assert last.span.line == MOST_ERRORS + 1 + text.startswith("run")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (lines("let a@xyz = b@xyw", MANY), "N111"),
        (lines("let a@ = 3 qwert@", MANY), "D209"),
        (lines("let a@ = summ@(3)", MANY), "N111"),
        (lines("show b@xyw", MANY), "N111"),
    ],
)
def test_a_file_of_names_that_are_none(project: Path, text: str, code: str) -> None:
    found = codes(text)
    assert found["S109"] == 1
    assert MOST_ERRORS <= found[code] <= MOST_ERRORS + 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("run r {\n" + lines("  energi@ = 3", MANY) + "}\n", "N112"),
        (lines("let a@ = 3 from nvidia_h1@", MANY), "P302"),
        ("use hardware.nvidia { " + ", ".join(f"a{i}" for i in range(MANY)) + " }\n", "N111"),
        (lines('let a@ = 3 allow X999 "x"', MANY), "N111"),
    ],
)
def test_enough_of_one_sort(project: Path, text: str, code: str) -> None:
    assert MOST_ERRORS <= codes(text)[code] <= MOST_ERRORS + 1


def test_as_many_as_a_reader_may_want_are_all_there(project: Path) -> None:
    assert codes(lines("let a@xyz = b@xyw", MOST_ERRORS - 1)) == {"N111": MOST_ERRORS - 1}
    assert codes(lines("= @ ?", MOST_ERRORS)) == {"S101": MOST_ERRORS}


def test_of_very_many_findings_the_first_are_shown_in_full(project: Path) -> None:
    count = MOST_SHOWN + 50
    Path("a.tonne").write_text(lines("let a@xyz = b@xyw", count), encoding="utf-8")
    full = CliRunner().invoke(tonne, ["check", "a.tonne"]).output
    assert full.count("error[N111]") == MOST_SHOWN
    assert "… and 50 more" in full
    assert f"{count} errors" in full
    assert CliRunner().invoke(tonne, ["check", "a.tonne", "--format", "short"]).output.count("[N111]") == count


# ── one long line, many blank ones: no search begins anew at each character ──

LONG = 200_000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("let x = " + "7" * LONG + " 3\n", "S105"),
        ("let x = 1" + ":" * LONG + "\n", "S101"),
        ("let x = " + "7" * LONG + ",\n", "S101"),
        ("let x = " + "1," * LONG + "\n", "S101"),
        ("let x = 1" + " 000" * LONG + " k\n", "S101"),
        ("let x = " + "a b " * LONG + "\n", "S105"),
        ('"' + '\\"' * LONG + "\nlet x = 1\n", "S106"),
        ("let x = 3" + "\n" * LONG + "or 3\n", "S101"),
        ("# a\n" * LONG, "S111"),
        ("\n" * LONG, "S111"),
        ("let x = 1" + "\nor 1" * (LONG // 2) + "\n", "S101"),
        ("let x = 1 " + "k" * LONG + "\n", "D209"),
        ("let x = 1 " + "kWh/" * LONG + "kWh\n", "D209"),
        ("let x = " + "k" * LONG + "\n", "N111"),
    ],
    ids=lambda value: value[:20] if len(value) > 4 else value,
)
def test_a_long_text_gives_one_error(project: Path, text: str, code: str) -> None:
    assert codes(text) == {code: 1}


# ── much that is right ──


@pytest.mark.parametrize(
    "text",
    [
        lines("unit u@", MOST_UNITS + 1),
        "kind k {\n" + lines("  x@ : kWh", MOST_FIELDS + 1) + "}\n",
        "kind k0 {\n" + lines("  x@ : kWh", MOST_FIELDS - 1) + "}\n" + lines("kind k@ like k< {\n  y@ : kWh\n}", 4, 1),
        lines("kind k@ {\n  x : kWh\n}", MOST_KINDS + 1),
        "kind k {\n  n : k\n  v : kWh\n}\nk a {\n  v = 1 kWh\n}\nlet x = a" + ".n" * MOST_PARTS + ".v\nshow x\n",
    ],
    ids=["units", "fields", "fields of a parent", "kinds", "path"],
)
def test_more_than_there_may_be(project: Path, text: str) -> None:
    assert codes(text)["S109"] >= 1


@pytest.mark.parametrize("step", ["a< * a<", "sqrt(a<)", "1 / (a< * a<)"])
def test_a_dimension_that_doubles(project: Path, step: str) -> None:
    """Its power has 600 digits after 2000 steps; beyond a thousand it is an error, said once."""
    text = "let a0 = 1 J\n" + lines(f"let a@ = {step}", 2000, 1) + "show a1999\n"
    assert codes(text) == {"S109": 1}
    few = MOST_POWER.bit_length() - 2
    assert codes("let a0 = 1 J\n" + lines(f"let a@ = {step}", few, 1) + f"show a{few - 1}\n") == {}


LISTS = "kind k {\n  m : [k]\n  v : kWh\n}\nk a0 {\n  v = 1 kWh\n}\n" + lines(
    "k a@ {\n  m = [a<, a<, a<]\n  v = 1 kWh\n}", 30, 1
)


@pytest.mark.parametrize(
    "text",
    [
        LISTS + "let x = sum(a29" + ".m" * 25 + ".v)\nshow x\n",  # 3^25 members
        LISTS + "show sum(a29" + ".m" * 25 + ".v)\n",
        LISTS + "show a29" + ".m" * 25 + " { v }\n",
        "run r {\n  energy = 3 MWh\n}\nlet l = [" + "r, " * 2000 + "]\n" + lines("let s@ = sum(l.energy)", 20),
        "run r {\n  energy = 3 MWh\n}\nlet l = [" + "r, " * 2000 + "]\n" + "show l { energy, co2e, pue }\n" * 20,
    ],
    ids=["let", "show", "table", "sums", "tables"],
)
def test_lists_that_multiply(project: Path, text: str) -> None:
    Path("tonne.toml").write_text("[limits]\nnodes = 20000\n", encoding="utf-8")
    assert codes(text)["S109"] == 1


def test_each_new_pattern_of_facts_is_a_search_that_counts(project: Path) -> None:
    """The answer is shared by instances that give the same, however many they are."""
    Path("tonne.toml").write_text("[limits]\nnodes = 20000\n", encoding="utf-8")
    alike = lines("run r@ {\n  energy = 3 MWh\n}", 2000)
    assert codes(alike) == {}
    each_its_own = "run r0 {\n  energy = 3 MWh\n}\n" + lines("run r@ {\n  energy = r<.energy\n}", 2000, 1)
    assert codes(each_its_own) == {"S109": 1}


def test_long_chains(project: Path) -> None:
    likes = "run r0 {\n  energy = 3 MWh\n}\n" + lines("run r@ like r< {\n}", 3000, 1) + "show r2999.energy\n"
    assert codes(likes) == {}
    overflow = "let a0 = 1 kWh\n" + lines("let a@ = a< + a<", 3000, 1) + "show a2999\n"
    assert codes(overflow) == {"V230": 1}  # said where it overflows, not at each that follows
    undetermined = (
        "kind k {\n  m : k\n  v : kWh = m.v\n}\nk a0 {\n}\n" + lines("k a@ {\n  m = a<\n}", 3000, 1) + "show a2999.v\n"
    )
    assert codes(undetermined) == {"N117": 1}


# ── units ──


@pytest.mark.parametrize("word", ["kWh^25", "kWh^-25", "kWh^" + "9" * 5000, "u" * (MOST_LETTERS + 1), "w^24"])
def test_units_beyond_counting(project: Path, word: str) -> None:
    assert codes(f"unit w = 1e100 J\nlet x = 3 {word}\nshow x\n") == {"D209": 1}


@pytest.mark.parametrize(
    "definition",
    [
        "1e300 J",
        "1e-300 J",
        "0 J",
        "-1 J",
        "1 J + 1 s",
        "1 J ^ 1 s",
        "2 ^ 10 ^ 10 ^ 10",
        "-8 ^ 0.5 * 1 J",
        "1 J ^ 1e300",
        "1 / 0",
        "1e999 J",
    ],
)
def test_a_definition_that_gives_no_amount(project: Path, definition: str) -> None:
    found = outcome(f"unit w = {definition}\nunit v = 2 w\nlet x = 3 v\nlet y = 3 kWh\nshow x, y\n")
    at_line = [d.span.line for d in found.diagnostics if d.is_error]
    assert at_line[0] == 1
    assert at_line.count(1) == 1
    assert 2 not in at_line  # what follows is silent


@pytest.mark.parametrize("number", ["9" * 400, "1e309", "1e" + "9" * 5000, "2e308", "1.8e308"])
def test_a_number_beyond_floats(project: Path, number: str) -> None:
    assert codes(f"let x = {number}\nlet y = x + 1\nshow x, y\n") == {"V230": 1}


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("1" + "0" * 500 + "e-450", 1e50),
        ("0." + "0" * 500 + "1e501", 1.0),
        ("1e-" + "9" * 5000, 0.0),
        ("1e0000000000002", 100.0),
    ],
)
def test_long_numbers_within_floats(project: Path, number: str, value: float) -> None:
    result = outcome(f"let x = {number}\nshow x\n")
    assert result.run is not None
    (let,) = result.run.model.lets.values()
    assert result.run.value(let) == value


# ── files ──


def test_all_files_together(project: Path) -> None:
    Path("tonne.toml").write_text("[limits]\nproject-bytes = 3000\n", encoding="utf-8")
    for i in range(6):
        Path(f"f{i}.tonne").write_text(f"let x{i} = {i}\n" + "# filled\n" * 100, encoding="utf-8")
    found = outcome(lines('use "./f@" { x@ }', 6) + "show x0, x1, x2, x3, x4, x5\n")
    errors = [d for d in found.diagnostics if d.is_error]
    assert [d.code for d in errors] == ["S109"]
    assert "project-bytes" in errors[0].help
    assert errors[0].span.line == 5


def test_bibliographies_count_and_are_read_once(project: Path) -> None:
    Path("refs.bib").write_text("@misc{k, title = {T}}\n@misc{k, title = {U}}\n", encoding="utf-8")
    found = outcome('bibliography "refs.bib"\n' * 50 + 'bibliography "./refs.bib"\nlet x = 3 from k\nshow x\n')
    assert Counter(d.code for d in found.diagnostics) == {"P307": 1}
    Path("tonne.toml").write_text("[limits]\nproject-bytes = 100\n", encoding="utf-8")
    Path("other.bib").write_text("@misc{l, title = {T}}\n" * 9, encoding="utf-8")
    assert codes('bibliography "other.bib"\nbibliography "refs.bib"\nlet x = 3 from k, l\nshow x\n') == {"S109": 1}


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 5000, "x = 1" + "0" * 5000, "a" + ".a" * 5000 + " = 1", "[limits]\nnodes = 1" + "0" * 5000]
)
def test_settings_that_are_none(project: Path, text: str) -> None:
    Path("tonne.toml").write_text(text, encoding="utf-8")
    assert codes("let x = 3\nshow x\n") == {"L603": 1}


def test_settings_are_short(project: Path) -> None:
    Path("tonne.toml").write_text("# filled\n" * (SETTINGS_CHARACTERS // 9 + 1), encoding="utf-8")
    assert codes("let x = 3\nshow x\n") == {"S109": 1}


def test_settings_that_lead_outside_are_not_read(project: Path) -> None:
    secret = project.parent / "secret"
    secret.write_text("password = [\n", encoding="utf-8")
    Path("tonne.toml").unlink()
    Path("tonne.toml").symlink_to(secret)
    result = outcome("let x = 3\nshow x\n")
    assert [d.code for d in result.diagnostics if d.is_error] == ["N118"]
    assert "password" not in "".join(d.span.source.text for d in result.diagnostics if d.code != "P301")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/random"])
def test_a_device_is_no_file(project: Path, device: str) -> None:
    Path("endless.tonne").symlink_to(device)
    assert codes('use "./endless" { x }\nlet y = 3\nshow y\n') == {"N114": 1}
    Path("a.tonne").unlink()
    Path("a.tonne").symlink_to(device)
    assert [d.code for d in evaluate(Path("a.tonne")).diagnostics] == ["L604"]


def test_a_folder_with_the_name_of_a_file(project: Path) -> None:
    Path("site.tonne").mkdir()
    assert codes('use "./site" { x }\nlet y = 3\nshow y\n') == {"N114": 1}
    assert [d.code for d in evaluate(Path("site.tonne")).diagnostics] == ["L604"]


def test_a_file_that_uses_itself(project: Path) -> None:
    assert codes('use "./a" { x }\nlet x = 1\nshow x\n') == {}
