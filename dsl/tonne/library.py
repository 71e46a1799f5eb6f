"""Where files are: the project around a scenario, its settings, the standard library, and what `use` names.

The only module that opens files. It opens nothing outside the project and the library, nothing that is not a regular
file, and nothing larger than the limit.
"""

from __future__ import annotations

import re
import stat
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tonne.catalogue import BY_NAME, CATALOGUE, Severity
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.limits import DEFAULT_LIMITS, DEFAULT_SAMPLING, Limits, Sampling
from tonne.source import SourceFile, Span
from tonne.syntax.fences import only_fences
from tonne.values import fields, replace

SUFFIXES = (".tonne", ".md")
CORE = ("core.units", "core.kinds")
STDIN = Path("<stdin>")  # a scenario that comes on standard input; what it uses is beside the working folder
SETTINGS = "tonne.toml"
SETTINGS_CHARACTERS = 20_000


@lru_cache(maxsize=1)
def library_root() -> Path:
    """The folder of the standard library: inside the package in a wheel, beside `dsl/` in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "stdlib"
    return shipped if shipped.is_dir() else package.parent.parent / "stdlib"


@lru_cache(maxsize=1)
def documentation() -> Path:
    """The folder of the reference and of the diagnostics' pages: inside the package in a wheel, `docs/` in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "docs"
    return shipped if shipped.is_dir() else package.parent.parent / "docs"


@lru_cache(maxsize=1)
def library_modules() -> tuple[str, ...]:
    """The names that `use` takes: `hardware.nvidia` and so on."""
    root = library_root()
    return tuple(sorted(".".join(p.relative_to(root).with_suffix("").parts) for p in root.rglob("*.tonne")))


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """The instances of the library and the module of each, read off their heads."""
    head = re.compile(r"^[a-z_]\w*[ \t]+([A-Za-z_]\w*)[ \t]*(?:like[ \t]+[\w.]+[ \t]*)?\{", re.MULTILINE)
    names: dict[str, str] = {}
    for module in library_modules():
        path = library_file(module)
        if path is not None and not module.startswith("core."):
            for name in head.findall(path.read_text(encoding="utf-8")):
                names.setdefault(name, module)
    return names


def module_of(name: str) -> str | None:
    """The library module that has an instance of this name."""
    return _names().get(name)


def library_names() -> list[str]:
    return list(_names())


def period_of(name: str) -> int | None:
    """The year of the `period` that an instance of the library states, read off its block."""
    module = module_of(name)
    path = library_file(module) if module is not None else None
    block = rf"^[a-z_]\w*[ \t]+{re.escape(name)}[ \t]*\{{[^}}]*?^[ \t]*period[ \t]*=[ \t]*([0-9]{{4}})"
    found = re.search(block, path.read_text(encoding="utf-8"), re.MULTILINE) if path is not None else None
    return int(found.group(1)) if found else None


def library_file(module: str) -> Path | None:
    return library_root().joinpath(*module.split(".")).with_suffix(".tonne") if module in library_modules() else None


@dataclass(frozen=True, slots=True)
class Settings:
    """What `tonne.toml` says: limits, how much is drawn, severities."""

    limits: Limits = DEFAULT_LIMITS
    sampling: Sampling = DEFAULT_SAMPLING
    severities: dict[str, Severity | None] = field(default_factory=dict)


def project_root(path: Path) -> Path:
    """The nearest folder upward with a `tonne.toml`, else with `.git`, else the file's own."""
    folder = path.resolve().parent
    for mark in (SETTINGS, ".git"):
        for candidate in (folder, *folder.parents):
            if (candidate / mark).exists():
                return candidate
    return folder


def read_settings(root: Path) -> tuple[Settings, list[Diagnostic]]:
    """The settings of a project, and what of them could not be read."""
    path = root / SETTINGS
    if not path.is_file():
        return Settings(), []
    if not path.resolve().is_relative_to(root):  # a link: what it leads to would be shown
        span = Span(SourceFile(SETTINGS, "", path), 0, 0)
        return Settings(), [
            diagnostic("N118", f"`{SETTINGS}` leads outside the project", span, help="put the file here")
        ]
    source, found = read(path, SETTINGS, DEFAULT_LIMITS)
    if source is None:
        return Settings(), found
    if len(source.text) > SETTINGS_CHARACTERS:
        title = f"`{SETTINGS}` has {len(source.text):,} characters; the most is {SETTINGS_CHARACTERS:,}"
        return Settings(), [diagnostic("S109", title, Span(source, 0, 0), help="it holds settings and nothing else")]
    import tomllib

    try:
        document = tomllib.loads(source.text)
    except (ValueError, RecursionError) as error:  # no TOML, a number of 5,000 digits, lists in lists in lists
        at = re.search(r"at line (\d+)", str(error))
        line = min(int(at.group(1)), len(source.line_starts)) if at else 1
        start = source.line_starts[line - 1]
        title = f"tonne.toml cannot be read: {error}"
        return Settings(), [diagnostic("L603", title, Span(source, start, start), help="it is a TOML file")]
    found = []

    def complain(title: str, word: str, help: str) -> None:
        at = max(source.text.find(word), 0)
        found.append(diagnostic("L603", title, Span(source, at, at + len(word)), help=help))

    numbers: dict[str, Limits | Sampling] = {"limits": DEFAULT_LIMITS, "sampling": DEFAULT_SAMPLING}
    severities: dict[str, Severity | None] = {}
    for table, content in document.items():
        if table not in ("severities", *numbers) or not isinstance(content, dict):
            tables = "it has the tables `[limits]`, `[sampling]` and `[severities]`"
            complain(f"tonne.toml has no `{table}`", table, tables)
            continue
        for key, value in content.items():
            if table in numbers:
                names = [one.name.replace("_", "-") for one in fields(numbers[table])]
                least = {"seed": 0, "draws": 2}.get(key, 1)
                if key not in names:
                    one, many = ("limit", "limits") if table == "limits" else ("setting of sampling", "there are")
                    complain(f"there is no {one} `{key}`", key, f"{many}: {', '.join(names)}")
                elif not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**53:
                    what = f"the limit `{key}`" if table == "limits" else f"`{key}`"
                    above = ["", " above zero", " of at least 2"][least]
                    complain(f"{what} is a whole number{above}", key, f"for example `{key} = 1000`")
                else:
                    numbers[table] = replace(numbers[table], **{key.replace("-", "_"): value})
            elif key not in BY_NAME and key not in CATALOGUE:
                complain(f"there is no diagnostic `{key}`", key, "a name or a code of docs/errors")
            elif value not in ("error", "warning", "note", "off"):
                complain(f"`{value}` is no severity", key, "`error`, `warning`, `note` or `off`")
            else:
                name = key if key in BY_NAME else CATALOGUE[key].name
                if BY_NAME[name].severity is Severity.ERROR and value != "error":
                    complain(
                        f"`{key}` is an error and stays one",
                        key,
                        "warnings and notes may be raised, lowered or turned off",
                    )
                else:
                    severities[name] = None if value == "off" else Severity(value)
    limits, sampling = numbers["limits"], numbers["sampling"]
    assert isinstance(limits, Limits)
    assert isinstance(sampling, Sampling)
    return Settings(replace(limits, nesting=min(limits.nesting, 1000)), sampling, severities), found


def display_name(path: Path) -> str:
    """A path as messages print it: relative to the working folder where that is shorter."""
    resolved = path.resolve()
    if resolved.is_relative_to(library_root()):
        return str(Path("stdlib") / resolved.relative_to(library_root()))
    try:
        return str(resolved.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def read(path: Path, name: str, limits: Limits, text: str | None = None) -> tuple[SourceFile | None, list[Diagnostic]]:
    """A file's text; of Markdown only the fences. What prevents it is a diagnostic at the file's head.

    `text`, where it is given, stands for what the file holds, which need not exist then.
    """
    whole, found = read_text(path, name, limits, text)
    if whole is None:
        return None, found
    whole = whole.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return SourceFile(name, only_fences(whole) if path.suffix == ".md" else whole, path), []


def read_text(path: Path, name: str, limits: Limits, text: str | None = None) -> tuple[str | None, list[Diagnostic]]:
    """The same, but the text as it is: with its byte order mark, its line ends and all of its Markdown."""

    def refuse(code: str, title: str, help: str) -> tuple[None, list[Diagnostic]]:
        return None, [diagnostic(code, title, Span(SourceFile(name, "", path), 0, 0), help=help)]

    try:
        if text is not None:
            data = text.encode("utf-8", "surrogatepass")
        elif path == STDIN:
            data = sys.stdin.buffer.read(limits.file_bytes + 1)
        else:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return refuse("L604", f"`{name}` is not a file", "name a `.tonne` or `.md` file")
            if status.st_size > limits.file_bytes:
                return refuse(
                    "S109",
                    f"`{name}` has {status.st_size:,} bytes; the limit is {limits.file_bytes:,}",
                    "split it with `use`, or raise `[limits] file-bytes` in tonne.toml",
                )
            with path.open("rb") as file:
                data = file.read(limits.file_bytes + 1)
        if len(data) > limits.file_bytes:
            return refuse("S109", f"`{name}` is over the limit of {limits.file_bytes:,} bytes", "split it with `use`")
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        return refuse("L604", f"`{name}` is not UTF-8 text: byte {error.start} cannot be read", "save it as UTF-8")
    except FileNotFoundError:
        return refuse("L604", f"there is no file `{name}`", "check the path")
    except (OSError, ValueError) as error:
        return refuse(
            "L604",
            f"`{name}` cannot be read: {getattr(error, 'strerror', None) or error}",
            "check its permissions",
        )


def files_meant(target: str, user: Path, root: Path) -> set[Path]:
    """Where a file that another names is, or could be as long as there is none."""
    found, _, _ = file_of_project(target, user, root)
    if found is not None:
        return {found}
    folder = user.resolve().parent
    meant = {folder / f"{target}{suffix}" for suffix in ("", *SUFFIXES) if "\0" not in target}
    return {path for path in meant if path.resolve().is_relative_to(root)}


def file_of_project(target: str, user: Path, root: Path) -> tuple[Path | None, str, str]:
    """What `use "./site"` in the file `user` names: the path, or a code and a title of why there is none."""
    folder = user.resolve().parent
    try:
        candidates = [folder / target] + [folder / (target + suffix) for suffix in SUFFIXES]
        found = next((c for c in candidates if c.is_file()), None)
        resolved = (found or candidates[0]).resolve()
    except (OSError, ValueError):
        return None, "N114", f"there is no file `{target}`"
    if not resolved.is_relative_to(root):
        return None, "N118", f"`{target}` is outside the project"
    if found is None:
        title = f"`{target}` is a folder, not a file" if resolved.is_dir() else f"there is no file `{target}`"
        return None, "N114", title
    return resolved, "", ""
