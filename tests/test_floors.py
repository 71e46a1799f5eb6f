"""The floors of the house: who may import whom, where each dependency lives, how long a module is.

The tables of docs/architecture.md are the only source: a module that is in none of their rows fails, and so does a row
whose module does not exist.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dsl" / "tonne"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py" or p.read_text(encoding="utf-8").strip())
MOST_LINES = 480  # the syntax tree is one list of records

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))


def rows(first_head: str) -> Iterator[list[str]]:
    """The cells of the table whose first column has this head."""
    lines = iter(ARCHITECTURE.splitlines())
    assert any(line.startswith(f"| {first_head} |") for line in lines), f"no table with `{first_head}`"
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def floors() -> dict[str, int]:
    """File or folder below dsl/tonne → its floor; an empty first cell repeats the floor above it."""
    found: dict[str, int] = {}
    floor = -1
    for number, _, modules, *_ in rows("floor"):
        floor = int(number) if number else floor
        if "*later:*" not in modules:
            for name in re.findall(r"`([^`]+)`", modules):
                assert name not in found, f"{name} stands twice in the table"
                found[name] = floor
    return found


def homes() -> dict[str, list[str]]:
    """Dependency → the files and folders that may import it."""
    return {name.strip("`"): re.findall(r"`([^`]+)`", where) for name, where, *_ in rows("dependency")}


FLOORS, HOMES = floors(), homes()


def is_in(path: Path, place: str) -> bool:
    """Whether a file is the one, or below the folder, that a table names."""
    name = path.relative_to(PACKAGE).as_posix()
    return name.startswith(place) if place.endswith("/") else name == place


def floor_of(path: Path) -> int | None:
    return next((floor for place, floor in FLOORS.items() if is_in(path, place)), None)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import, those inside functions and under TYPE_CHECKING too."""
    package = ["tonne", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield node.lineno, whole if module_file(whole) else base


def module_file(name: str) -> Path | None:
    """The file of a module of ours."""
    head, *parts = name.split(".")
    at = PACKAGE.joinpath(*parts)
    files = (at.with_suffix(".py"), at / "__init__.py") if parts else (at / "__init__.py",)
    return next((f for f in files if f.is_file()), None) if head == "tonne" else None


@every_module
def test_a_module_has_a_floor(path: Path) -> None:
    assert floor_of(path) is not None, "give it a row in the floors of docs/architecture.md"


@pytest.mark.parametrize("place", [*FLOORS, *(p for places in HOMES.values() for p in places)])
def test_what_the_tables_name_exists(place: str) -> None:
    assert (PACKAGE / place).is_dir() if place.endswith("/") else (PACKAGE / place).is_file()


@every_module
def test_imports_go_downwards(path: Path) -> None:
    own, wrong = floor_of(path), []
    for line, name in imports(path):
        imported = module_file(name)
        if imported is None or (imported.name == "__init__.py" and not imported.read_text(encoding="utf-8").strip()):
            continue
        floor = floor_of(imported)
        if own is not None and floor is not None and floor > own:  # one without a floor fails above
            wrong.append(f"line {line}: {name} (floor {floor}) from floor {own}")
    assert not wrong


@every_module
def test_a_dependency_is_imported_at_home(path: Path) -> None:
    wrong = [
        f"line {line}: {name}"
        for line, name in imports(path)
        for dependency, places in HOMES.items()
        if name.split(".")[0] == dependency and not any(is_in(path, place) for place in places)
    ]
    assert not wrong


def test_every_dependency_has_a_home() -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("dependencies = [", 1)[1].split("\n]", 1)[0]
    assert set(re.findall(r'^  "([a-z]+)', declared, re.MULTILINE)) <= set(HOMES)


@every_module
def test_a_module_is_not_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def imported_by(*words: str) -> set[str]:
    """The top-level packages that a command has imported by its end."""
    program = (
        "import sys\n"
        "from tonne.cli.commands import tonne\n"
        f"try: tonne({list(words)!r}, prog_name='tonne')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('\\n' + ' '.join(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


def test_help_imports_nothing_heavy() -> None:
    assert imported_by("--help").isdisjoint({"numpy", "sympy", "pint", "lark", "bibtexparser", "rich"})


def test_a_check_of_a_known_file_parses_and_computes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONNE_CACHE_DIR", str(tmp_path))  # other tests fill theirs, and the oldest entries go
    imported_by("check", "scenarios/quickstart.tonne")  # the first one may have to
    again = imported_by("check", "scenarios/quickstart.tonne")
    assert again.isdisjoint({"numpy", "sympy", "pint", "lark", "bibtexparser", "rich"})


def test_a_check_after_an_edit_imports_the_parser_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.tonne"
    path.write_text("let x = 1\n", encoding="utf-8")
    imported_by("check", str(path))
    path.write_text(f"let x = {time.time_ns()}\n", encoding="utf-8")  # a text that no cache has
    again = imported_by("check", str(path))
    assert again.isdisjoint({"numpy", "sympy", "pint", "bibtexparser", "rich"})
    assert "lark" in again


def test_a_run_imports_no_sympy_and_no_pint() -> None:
    assert imported_by("run", "scenarios/quickstart.tonne").isdisjoint({"sympy", "pint"})
