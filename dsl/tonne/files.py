"""Files: a scenario and all that it uses, read and parsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from tonne import library
from tonne.cache import cached
from tonne.citations import Bibliography, Source, read_bibliography
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.limits import DEFAULT_LIMITS, MOST_ERRORS, Limits
from tonne.names import Scope, did_you_mean
from tonne.source import SourceFile, Span
from tonne.syntax import tree


class Files:
    """The files of one scenario, by path; `core` are the scopes that every file sees."""

    def __init__(
        self,
        root: Path,
        settings: library.Settings,
        found: list[Diagnostic],
        trees: Mapping[Path, tree.Module] | None = None,
    ) -> None:
        self.root = root
        self.settings = settings
        self.found = found
        self.trees = trees or {}  # of files that were read already
        self.core: list[Scope] = []
        self._loaded: dict[Path, Scope | None] = {}
        self._targets: dict[tuple[Scope, str, bool], Scope | None] = {}
        self._too_many = False
        self._bytes = 0  # of what was read, apart from the library

    @property
    def scopes(self) -> list[Scope]:
        """All files that could be read, the core first."""
        return [s for s in self._loaded.values() if s is not None]

    def load(self, path: Path, more: Sequence[str] = (), text: str | None = None) -> Scope | None:
        """A file and all that it uses, and the library modules `more`; None when the file itself cannot be read.

        `text`, where it is given, stands for what the file holds.
        """
        self.load_core()
        entry = self._read(path, is_library=path.resolve().is_relative_to(library.library_root()), text=text)
        waiting = [*self.core, entry, *map(self.library, more)]
        seen: set[Scope] = set()
        while waiting:
            scope = waiting.pop(0)
            if scope is not None and scope not in seen:
                seen.add(scope)
                waiting += [self._use(scope, s) for s in scope.module.statements if isinstance(s, tree.Use)]
        return entry

    def load_core(self) -> None:
        self.core = [s for module in library.CORE if (s := self.library(module)) is not None]

    def library(self, module: str) -> Scope | None:
        """A module of the standard library, such as `grids.us`."""
        file = library.library_file(module)
        return None if file is None else self._read(file, is_library=True)

    def uses(self, scope: Scope) -> Iterator[tuple[tree.Use, Scope | None]]:
        """What a file uses; None for what could not be read."""
        for statement in scope.module.statements:
            if isinstance(statement, tree.Use):
                yield statement, self._targets.get((scope, statement.target, statement.is_file))

    def _read(self, path: Path, *, is_library: bool, text: str | None = None) -> Scope | None:
        key = path.resolve()
        if key not in self._loaded:
            module: tree.Module | None
            problems: list[Diagnostic]
            if key in self.trees:
                module, problems = self.trees[key], []
            elif is_library and text is None:
                module, problems = _library_module(path)
            else:
                module, problems = _module(path, self.settings.limits, text)
                self._bytes += 0 if module is None else _size(module.source)
            self.found += problems
            self._loaded[key] = None if module is None else Scope(module, is_library, lost=set(module.lost))
        return self._loaded[key]

    def _use(self, scope: Scope, use: tree.Use) -> Scope | None:
        if self._is_over(use.target_span):
            return None
        used = self._use_file(scope, use) if use.is_file else self._use_library(use)
        self._targets[(scope, use.target, use.is_file)] = used
        return used

    def _is_over(self, span: Span) -> bool:
        """Whether no more files may be read, which is said once, at what wants another."""
        limits = self.settings.limits
        if len(self._loaded) >= limits.files:
            what, limit = f"{limits.files} files", "files"
        elif self._bytes > limits.project_bytes:
            what, limit = f"{limits.project_bytes:,} bytes", "project-bytes"
        else:
            return False
        if not self._too_many:
            self._too_many = True
            help = f"raise `[limits] {limit}` in tonne.toml"
            self.found.append(diagnostic("S109", f"this scenario uses more than {what}", span, help=help))
        return True

    def _use_file(self, scope: Scope, use: tree.Use) -> Scope | None:
        path = self.project_file(
            scope, use.target, use.target_span, 'the path is beside this file, as in `use "./site" { … }`'
        )
        return None if path is None else self._read(path, is_library=False)

    def _use_library(self, use: tree.Use) -> Scope | None:
        used = self.library(use.target)
        if used is None and use.target not in library.library_modules():
            help, fix = did_you_mean(use.target, library.library_modules(), use.target_span)
            there = ", ".join(m for m in library.library_modules() if not m.startswith("core."))
            title = f"no library `{use.target}`"
            self.found.append(diagnostic("N114", title, use.target_span, help=help or f"there are: {there}", fix=fix))
        return used

    def project_file(self, scope: Scope, target: str, span: Span, help: str) -> Path | None:
        """A file that another names, inside the project; what prevents it is reported."""
        user = scope.source.path
        if user is None:
            return None
        root = library.library_root() if scope.is_library else self.root
        path, code, title = library.file_of_project(target, user, root)
        if path is None:
            if code == "N118":
                help = "a file may only use files of its own project"
            self.found.append(diagnostic(code, title, span, help=help))
        return path

    def bibliography(self, scope: Scope) -> Bibliography:
        """The entries of the files that a file's `bibliography` statements name."""
        entries: dict[str, Source] = {}
        lost: dict[str, Diagnostic] = {}
        seen: set[Path] = set()
        for statement in scope.module.statements:
            if not isinstance(statement, tree.Bibliography):
                continue
            path = self.project_file(scope, statement.path, statement.span, "the path is beside this file")
            source: SourceFile | None = None
            if path in seen:
                continue
            if path is not None:
                seen.add(path)
                if self._is_over(statement.span):
                    scope.lost.add(ALL_SOURCES)
                    break
                source, problems = library.read(path, library.display_name(path), self.settings.limits)
                self.found += problems
            if source is None:
                scope.lost.add(ALL_SOURCES)
            else:
                self._bytes += _size(source)
                bibliography, problems = read_bibliography(source)
                self.found += problems
                if any(problem.is_error for problem in problems):
                    scope.lost.add(ALL_SOURCES)
                for key, entry in bibliography.entries.items():
                    first = entries.setdefault(key, entry)
                    if (first.type, first.fields) != (entry.type, entry.fields):
                        self.found.append(_in_two_bibliographies(first, entry))
                lost |= bibliography.lost
        return Bibliography(entries, {key: why for key, why in lost.items() if key not in entries})


def _in_two_bibliographies(first: Source, other: Source) -> Diagnostic:
    title = f"the source `{other.key}` stands in two bibliographies, differently"
    labels = (Label(other.span, "not used"), Label(first.span, "used"))
    return diagnostic("P307", title, *labels, help="the first one is used; give one of them another key")


def _size(source: SourceFile) -> int:
    return len(source.text.encode("utf-8", "surrogatepass"))


def _module(path: Path, limits: Limits, text: str | None = None) -> tuple[tree.Module | None, list[Diagnostic]]:
    """A file, read and parsed."""
    source, problems = library.read(path, library.display_name(path), limits, text)
    return (None, problems) if source is None else _parsed(source, limits)


@lru_cache(maxsize=1000)
def _library_module(path: Path) -> tuple[tree.Module | None, list[Diagnostic]]:
    """A file of the standard library, which does not change while the program runs."""
    return _module(path, DEFAULT_LIMITS)


def _parsed(source: SourceFile, limits: Limits) -> tuple[tree.Module | None, list[Diagnostic]]:
    """The tree of a file; one without a mistake is kept, so that neither its text nor the grammar is read again.

    None when most of it cannot be read: what the rest would say follows from that.
    """

    def make() -> tuple[tree.Module, list[Diagnostic]]:
        from tonne.syntax.parse import parse

        return parse(source, limits)

    texts = [source.text, str(limits.nesting)]
    module, found = cached("tree", texts, make, source=source, worth_keeping=lambda parsed: not parsed[1])
    if len(found) <= MOST_ERRORS:
        return module, found
    title = f"more than {MOST_ERRORS:,} lines cannot be read"
    last = found[MOST_ERRORS].span
    return None, [*found[:MOST_ERRORS], diagnostic("S109", title, last, help="the rest of the file was not looked at")]


# The name of the source of what was set on the command line.
SETTING = "--set"
# Among the lost names of a file: its bibliography could not be read, so no source is missed.
ALL_SOURCES = "*sources*"


def read_setting(text: str) -> tuple[tree.Rebinding | None, list[Diagnostic]]:
    """A `PATH=VALUE` of the command line; the value is any that the language can write."""
    from tonne.syntax.parse import parse_line

    source = SourceFile(SETTING, text.replace("=", " = ", 1))
    node, found = parse_line(source, "case_line")
    if isinstance(node, tree.Rebinding):
        return node, found
    if not found:
        span = Span(source, 0, len(source.text))
        found = [diagnostic("S101", "cannot read this setting", span, help="write `--set pretrain.pue=1.2`")]
    return None, found


def named_in_library(setting: tree.Rebinding) -> tuple[str, str, tuple[str, ...]] | None:
    """A value such as `grids.us.quebec` as (module, name, the rest)."""
    if not isinstance(setting.value, tree.Value) or not isinstance(setting.value.expr, tree.Path):
        return None
    parts = setting.value.expr.parts
    for length in range(1, len(parts)):
        module = ".".join(parts[:length])
        if module in library.library_modules():
            return module, parts[length], parts[length + 1 :]
    return None
