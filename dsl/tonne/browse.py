"""What the standard library holds, read off its syntax trees.

Takes words, gives entries: the instances of the library and the kinds, each with its lines as written and where they are
from. Only the files that the words can be about are parsed; nothing is resolved or evaluated, and numbers stay in the units
of their lines.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tonne import library
from tonne.files import Files
from tonne.names import LABEL_TYPES, Scope, closest
from tonne.source import Span
from tonne.syntax import tree
from tonne.units import Unit, UnitTable

KINDS = "kinds"
_CORE_KINDS = "core.kinds"


@dataclass(frozen=True)
class Fact:
    """One line of a block: a field as `written`, its number in `unit` where it is one, and where it is from.

    For a field of a kind `written` is its formula or formulas, `unit` its type and `note` the comment on its line.
    """

    name: str
    written: str
    line: int
    number: float | None = None
    unit: str = ""
    is_label: bool = False
    note: str = ""
    provenance: tree.Provenance | None = None


@dataclass(frozen=True)
class Entry:
    """An instance of the library, or a kind (whose own `kind` is then `kind`)."""

    name: str
    kind: str
    module: str
    doc: str
    facts: tuple[Fact, ...]
    file: str
    line: int

    @property
    def category(self) -> str:
        return KINDS if self.kind == "kind" else self.module.split(".")[0]

    @property
    def use(self) -> str:
        """The line that brings it into a file; a kind needs none."""
        return "" if self.kind == "kind" else f"use {self.module} {{ {self.name} }}"

    @property
    def what(self) -> str:
        """What it is, in a line: its region where it has one, else its documentation."""
        region = self.fact("region")
        return region.written if region is not None else self.doc

    def fact(self, name: str) -> Fact | None:
        return next((f for f in self.facts if f.name == name), None)

    @cached_property
    def haystack(self) -> str:
        """All that a word may match: its names, its documentation, its labels and its values without blanks."""
        parts = [self.name, self.kind, self.category, self.module, self.doc]
        if self.kind != "kind":
            parts += [f.written if f.is_label else f.written.replace(" ", "") for f in self.facts]
        return folded("|".join(parts))


@dataclass(frozen=True)
class Category:
    name: str
    count: int
    files: tuple[str, ...]
    example: str


def folded(text: str) -> str:
    """Text as words are compared: without case and accents, `-` and blanks as `_`."""
    letters = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\s-]+", "_", "".join(letters).lower())


def matches(word: str, haystack: str) -> bool:
    """Whether a folded word stands in folded text; a number is not found inside another one."""
    at = haystack.find(word)
    while at >= 0:
        if not (word[:1].isdigit() and at and haystack[at - 1] in "0123456789."):
            return True
        at = haystack.find(word, at + 1)
    return False


def modules_of(category: str) -> list[str]:
    if category == KINDS:
        return [_CORE_KINDS]
    return [m for m in library.library_modules() if m.split(".")[0] == category]


def category_names() -> list[str]:
    """The folders of the library, and the kinds."""
    folders = dict.fromkeys(m.split(".")[0] for m in library.library_modules())
    return [*(f for f in folders if f != "core"), KINDS]


def categories() -> list[Category]:
    """What there is, counted without parsing the data."""
    names: dict[str, list[str]] = {}
    for name in library.library_names():
        names.setdefault(str(library.module_of(name)), []).append(name)
    found = []
    for category in category_names():
        modules = modules_of(category)
        here = _kind_names() if category == KINDS else [name for m in modules for name in names.get(m, [])]
        files = tuple(m.split(".", 1)[1] for m in modules) if category != KINDS else ()
        found.append(Category(category, len(here), files, here[0] if here else ""))
    return found


def _kind_names() -> list[str]:
    """The core kinds, read off their heads."""
    path = library.library_file(_CORE_KINDS)
    text = path.read_text(encoding="utf-8") if path is not None else ""
    return re.findall(r"^kind[ \t]+(\w+)", text, re.MULTILINE)


@lru_cache(maxsize=1)
def declared() -> dict[str, dict[str, str]]:
    """The type of each field of each core kind: a unit, a kind, `text` or `date`."""
    types: dict[str, dict[str, str]] = {}
    for statement in _statements(_CORE_KINDS):
        if isinstance(statement, tree.KindDeclaration):
            own = {f.name: f.type.span.text for f in statement.fields}
            types[statement.name] = types.get(str(statement.like), {}) | own
    return types


def scope_of(module: str) -> Scope | None:
    """A file of the library, read and parsed."""
    return Files(library.library_root(), library.Settings(), []).library(module)


def _statements(module: str) -> Sequence[tree.Statement]:
    scope = scope_of(module)
    return scope.module.statements if scope is not None else ()


def entries(module: str) -> list[Entry]:
    """The entries of a module of the library, in the order in which they stand."""
    scope = scope_of(module)
    if scope is None:
        return []
    made: dict[str, Entry] = {}
    for statement in scope.module.statements:
        if isinstance(statement, tree.InstanceDeclaration):
            facts, kind = _bound(statement, made), statement.kind
        elif isinstance(statement, tree.KindDeclaration):
            facts, kind = _fields(statement, scope.module.comments), "kind"
        else:
            continue
        made[statement.name] = Entry(
            statement.name,
            kind,
            module,
            statement.doc or "",
            facts,
            scope.source.name,
            statement.name_span.line,
        )
    return list(made.values())


def _bound(declaration: tree.InstanceDeclaration, before: dict[str, Entry]) -> tuple[Fact, ...]:
    copied = before.get(str(declaration.like)) if declaration.like is not None else None
    facts = {f.name: f for f in copied.facts} if copied is not None else {}
    for without in declaration.without:
        for name, _ in without.names:
            facts.pop(name, None)
    types = declared().get(declaration.kind, {})
    for binding in declaration.bindings:
        facts[binding.name] = _fact(binding, types.get(binding.name) in LABEL_TYPES)
    return tuple(facts.values())


def _fact(binding: tree.Binding, is_label: bool) -> Fact:
    """A line of a block. A date such as `2023` is read as a number, and is a label all the same."""
    name, value, line = binding.name, binding.value, binding.span.line
    if isinstance(value, tree.Text):
        return Fact(name, value.value, line, is_label=True, provenance=value.provenance)
    if isinstance(value, tree.ListOf):
        return Fact(name, value.span.text, line)
    expr, provenance = value.expr, value.provenance
    if isinstance(expr, tree.Number) and not is_label:
        return Fact(name, expr.span.text, line, expr.value, expr.unit or "", provenance=provenance)
    return Fact(name, " ".join(expr.span.text.split()), line, is_label=is_label, provenance=provenance)


def _fields(declaration: tree.KindDeclaration, comments: Sequence[Span]) -> tuple[Fact, ...]:
    by_line = {c.line: c.text.lstrip("# ").strip() for c in comments}
    facts = []
    for one in declaration.fields:
        formulas = "\nor ".join(" ".join(v.expr.span.text.split()) for v in one.alternatives)
        lines = [one.span.line, *(v.span.line for v in one.alternatives)]
        note = "; ".join(dict.fromkeys(by_line[n] for n in lines if n in by_line))
        source = next((v.provenance for v in one.alternatives if v.provenance is not None), None)
        facts.append(Fact(one.name, formulas, one.span.line, unit=one.type.span.text, note=note, provenance=source))
    return tuple(facts)


def search(category: str | None, words: Sequence[str]) -> list[Entry]:
    """The entries that all words match, of one category or of all; one of exactly that name first, then those named so."""
    wanted = [folded(w) for w in words]
    found = [
        entry
        for module in _candidates(category, wanted)
        for entry in entries(module)
        if all(matches(word, entry.haystack) for word in wanted)
    ]

    def is_elsewhere(entry: Entry) -> tuple[bool, bool]:
        name = folded(entry.name)
        return [name] != wanted, not all(matches(word, name) for word in wanted)

    return sorted(found, key=is_elsewhere)


def _candidates(category: str | None, wanted: Sequence[str]) -> Iterator[str]:
    """The modules whose text has every word; only they are parsed."""
    for name in category_names() if category is None else [category]:
        for module in modules_of(name):
            path = library.library_file(module)
            if path is None:
                continue
            text = folded(f"{name}|{module}|{path.read_text(encoding='utf-8')}") if wanted else ""
            if all(word in text or word in text.replace("_", "") for word in wanted):
                yield module


def nearest(category: str | None, words: Sequence[str]) -> dict[str, tuple[int, str | None]]:
    """For words that do not match together: how many entries each matches alone, and a name that it may have meant."""
    everything = search(category, [])
    known = dict.fromkeys(category_names())
    for entry in everything:
        known |= dict.fromkeys([entry.name, *re.findall(r"\w+", folded(entry.what).replace("_", " "))])
    counts = {}
    for word in words:
        number = sum(matches(folded(word), e.haystack) for e in everything)
        counts[word] = (number, None if number else closest(folded(word), known))
    return counts


def columns(found: Iterable[Entry]) -> list[str]:
    """The fields with values that at least one of the entries states, in the order in which they are first stated."""
    return list(dict.fromkeys(f.name for e in found for f in e.facts if not f.is_label))


def unit_of(kind: str, column: str) -> str:
    """The unit that a field is declared in; nothing for a ratio, a label or a reference."""
    unit = declared().get(kind, {}).get(column, "")
    return "" if unit in ("ratio", *LABEL_TYPES) or unit.strip("[]") in declared() else unit


def in_order(found: Sequence[Entry], column: str, reverse: bool = False) -> list[Entry]:
    """Entries by a column, numbers by size whatever their units; those without a value come last."""
    units = {f.unit for e in found if (f := e.fact(column)) is not None and f.number is not None}
    table = UnitTable(core_declarations()) if len(units) > 1 else None

    def key(entry: Entry) -> tuple[float, str] | None:
        if column in ("name", "module", "kind"):
            return 0.0, str(getattr(entry, column))
        fact = entry.fact(column)
        if fact is None:
            return None
        if fact.number is None:
            return 0.0, fact.written
        unit = table.lookup(fact.unit) if table is not None and fact.unit else None
        return fact.number * (unit.factor if isinstance(unit, Unit) else 1.0), ""

    known = [(k, e) for e in found if (k := key(e)) is not None]
    ordered = [e for _, e in sorted(known, key=lambda pair: pair[0], reverse=reverse)]
    return [*ordered, *(e for e in found if key(e) is None)]


def core_declarations() -> list[tree.UnitDeclaration | tree.DimensionDeclaration]:
    """The units and dimensions that are in scope everywhere, as they are declared."""
    declarations = tree.UnitDeclaration | tree.DimensionDeclaration
    return [s for s in _statements("core.units") if isinstance(s, declarations)]
