"""`tonne fmt` as a person, an editor and a CI run it: what is written, what is said, and what is never lost."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonne.cli.commands import tonne
from tonne.syntax.format import format_text

ROOT = Path(__file__).parent.parent
UGLY = 'run  r{\n energy=3 MWh\n  pue = 1.1 assumed   "x"\n}\n'
NEAT = 'run r {\n  energy = 3 MWh\n  pue    = 1.1  assumed "x"\n}\n'
BROKEN = "let a=3\nlet  b = = 4\n"


def call(*words: str, input: str | bytes | None = None) -> Result:
    return CliRunner().invoke(tonne, ["fmt", *words], input=input, catch_exceptions=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tonne.toml").touch()
    (tmp_path / "ugly.tonne").write_bytes(UGLY.encode())
    (tmp_path / "neat.tonne").write_bytes(NEAT.encode())
    (tmp_path / "broken.tonne").write_bytes(BROKEN.encode())
    return tmp_path


def everything(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mode, p.stat().st_ino)
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_a_file_is_formatted_and_its_mode_and_owner_stay(folder: Path) -> None:
    file = folder / "ugly.tonne"
    file.chmod(0o754)
    if os.geteuid() == 0:
        os.chown(file, 12345, 54321)
    owner = file.stat().st_uid, file.stat().st_gid
    result = call("ugly.tonne")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "formatted ugly.tonne\n", "")
    assert file.read_bytes() == NEAT.encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o754
    assert (file.stat().st_uid, file.stat().st_gid) == owner
    assert sorted(p.name for p in folder.iterdir()) == ["broken.tonne", "neat.tonne", "tonne.toml", "ugly.tonne"]


def test_a_file_in_standard_form_is_not_written(folder: Path) -> None:
    before = everything(folder)
    result = call("neat.tonne", "./neat.tonne")
    assert (result.exit_code, result.stdout) == (0, "1 file already in standard form\n")
    assert everything(folder) == before


def test_a_link_stays_a_link(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "link.tonne").symlink_to("../ugly.tonne")
    assert call("sub/link.tonne").exit_code == 0
    assert (folder / "sub" / "link.tonne").is_symlink()
    assert (folder / "ugly.tonne").read_bytes() == NEAT.encode()


def test_a_file_with_errors_is_formatted_where_it_can_be_read(folder: Path) -> None:
    result = call("broken.tonne")
    assert result.exit_code == 1
    assert result.stdout == "formatted broken.tonne\n"
    assert "error[S101]" in result.stderr
    assert "broken.tonne:2:" in result.stderr
    assert (folder / "broken.tonne").read_text() == "let a = 3\nlet  b = = 4\n"
    again = call("broken.tonne")
    assert (again.exit_code, again.stdout) == (1, "")


@pytest.mark.parametrize("words", [["--check"], ["--diff"], ["--check", "--diff"], ["--check", "--format", "json"]])
@pytest.mark.parametrize(("name", "code"), [("ugly", 1), ("neat", 0), ("broken", 1)])
def test_nothing_is_written_with_check_and_diff(folder: Path, words: list[str], name: str, code: int) -> None:
    before = everything(folder)
    assert call(*words, f"{name}.tonne").exit_code == code
    assert everything(folder) == before


def test_check_says_where(folder: Path) -> None:
    result = call("--check", "--format", "short", "ugly.tonne", "neat.tonne")
    assert result.stdout == (
        "ugly.tonne:1:1: warning[L601] line 1 is not in standard form (tonne fmt ugly.tonne)\n"
        "1 file already in standard form\n"
    )
    (folder / "two words.tonne").write_text(UGLY)
    assert "help: tonne fmt 'two words.tonne'\n" in call("--check", "two words.tonne").stdout


def test_check_as_json(folder: Path) -> None:
    document = json.loads(call("--check", "--format", "json", "ugly.tonne", "neat.tonne", "broken.tonne").stdout)
    assert document["changed"] == ["ugly.tonne", "broken.tonne"]
    assert [(d["file"], d["code"], d["line"]) for d in document["diagnostics"]] == [
        ("ugly.tonne", "L601", 1),
        ("broken.tonne", "L601", 1),
        ("broken.tonne", "S101", 2),
    ]


def test_a_project_may_turn_the_finding_off(folder: Path) -> None:
    (folder / "tonne.toml").write_text('[severities]\nnot-formatted = "off"\n')
    assert call("--check", "ugly.tonne").exit_code == 0


@pytest.mark.parametrize("text", [UGLY, UGLY.rstrip("\n"), UGLY.replace("\n", "\r\n"), "\ufeff" + UGLY])
def test_patch_takes_the_diff(folder: Path, text: str) -> None:
    file = folder / "ugly.tonne"
    file.write_bytes(text.encode())
    subprocess.run(
        ["git", "apply", "-p0", "--whitespace=nowarn", "-"],
        input=call("--diff", "ugly.tonne").stdout_bytes,
        check=True,
        cwd=folder,
    )
    assert call("--check", "ugly.tonne").exit_code == 0


def test_the_diff_is_coloured_on_a_terminal_only(folder: Path) -> None:
    assert "\x1b" not in call("--diff", "ugly.tonne").stdout
    result = CliRunner(env={"FORCE_COLOR": "1", "TERM": "xterm-256color"}).invoke(
        tonne, ["fmt", "--diff", "ugly.tonne"]
    )
    assert "\x1b[31m-run  r{" in result.stdout
    assert "\x1b[32m+run r {" in result.stdout


def test_standard_input(folder: Path) -> None:
    result = call("-", input=UGLY.replace("\n", "\r\n").encode())
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes == NEAT.replace("\n", "\r\n").encode()
    result = call("-", input=BROKEN)
    assert (result.exit_code, result.stdout) == (1, "let a = 3\nlet  b = = 4\n")
    assert "<stdin>:2:" in result.stderr
    assert call("-", input=b"let a = \xff").exit_code == 1
    assert call("--check", "-", input=UGLY).exit_code == 1
    assert call("--check", "-", input=NEAT).stdout == ""


def test_a_folder_is_its_scenarios(folder: Path) -> None:
    for name in ("deep/er/a.tonne", ".venv/b.tonne", ".hidden.tonne", "deep/c.md", "deep/d.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("```tonne\n" + UGLY + "```\n" if name.endswith("md") else UGLY)
    (folder / "deep" / "link.tonne").symlink_to("../.hidden.tonne")
    (folder / "broken.tonne").unlink()
    before = everything(folder)
    result = call(".")
    assert result.stdout == "formatted ugly.tonne\nformatted deep/er/a.tonne\n1 file already in standard form\n"
    after = everything(folder)
    assert {name for name in after if after[name] != before[name]} == {"ugly.tonne", "deep/er/a.tonne"}
    assert call("deep/c.md").stdout == "formatted deep/c.md\n"
    assert (folder / "deep" / "c.md").read_text() == f"```tonne\n{NEAT}```\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no_such.tonne"], "does not exist"),
        (["ugly.tonne", "notes.txt"], "name a .tonne or .md file"),
        (["empty"], "there is no .tonne file in `empty`"),
        ([], "Missing argument"),
        (["--format", "json", "-"], "nothing but the JSON"),
        (["--format", "json", "--diff", "ugly.tonne"], "nothing but the JSON"),
    ],
)
def test_misuse_writes_nothing(folder: Path, words: list[str], said: str) -> None:
    (folder / "notes.txt").write_text(UGLY)
    (folder / "empty").mkdir()
    before = everything(folder)
    result = call(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert everything(folder) == before


def test_what_is_no_text_is_refused_and_the_others_are_formatted(folder: Path) -> None:
    (folder / "latin.tonne").write_bytes(b"# \xe9\n")
    result = call("latin.tonne", "ugly.tonne")
    assert (result.exit_code, result.stdout) == (1, "formatted ugly.tonne\n")
    assert "error[L604]" in result.stderr


# ── nothing is lost ──


def test_a_read_only_file_is_left_alone(folder: Path) -> None:
    (folder / "ugly.tonne").chmod(0o444)
    before = everything(folder)
    result = call("ugly.tonne", "neat.tonne")
    assert (result.exit_code, result.stdout) == (2, "1 file already in standard form\n")
    assert result.stderr == "tonne: cannot write `ugly.tonne`: it is read-only; it is as it was\n"
    assert everything(folder) == before


@pytest.fixture
def closed_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which no file can be made, for root neither: it is entered as somebody else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ugly.tonne").write_bytes(UGLY.encode())
        (folder / "ugly.tonne").chmod(0o666)
        monkeypatch.chdir(folder)
        folder.chmod(0o555)
        call("--check", "ugly.tonne")  # all that it needs is imported
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(was)
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_written(closed_folder: Path) -> None:
    before = everything(closed_folder)
    result = call("ugly.tonne")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "tonne: cannot write `ugly.tonne`: Permission denied; it is as it was\n"
    assert everything(closed_folder) == before


def program(*words: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    code = f"import sys; from tonne.cli import main; sys.argv[1:] = {list(words)!r}; main()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=before, check=False)


def test_a_full_disk_truncates_nothing(folder: Path) -> None:
    text = UGLY + "# a long comment\n" * 1000
    (folder / "ugly.tonne").write_text(text)
    before = everything(folder)
    result = program("fmt", "ugly.tonne", before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    assert result.returncode == 2
    assert result.stderr == "tonne: cannot write `ugly.tonne`: File too large; it is as it was\n"
    assert everything(folder) == before


def test_it_imports_nothing_heavy(folder: Path) -> None:
    code = (
        "import sys\nfrom tonne.cli.commands import tonne\ntry:\n    tonne(['fmt', 'ugly.tonne'])\nexcept SystemExit as e:\n"
        "    print(e.code, sorted({name.split('.')[0] for name in sys.modules} & {'numpy', 'pint', 'sympy'}))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "formatted ugly.tonne\n0 []\n"


def test_the_project_s_own_files_are_in_standard_form() -> None:
    root = Path(__file__).parent.parent
    folders = [root / "stdlib", root / "scenarios", root / "dsl" / "tonne" / "starters"]
    files = [file for folder in folders for file in sorted(folder.rglob("*.*")) if file.suffix in (".tonne", ".md")]
    unlike = []
    for file in files:
        before = file.read_text(encoding="utf-8")
        if format_text(before, file.name, markdown=file.suffix == ".md").text != before:
            unlike.append(str(file.relative_to(root)))
    assert files
    assert not unlike, "tonne fmt " + " ".join(unlike)
