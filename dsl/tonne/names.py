"""What names stand for: fields, kinds, bindings, instances, lets, and the scope of each file.

Made by `tonne.resolve`; these are the symbols that formulas are bound to.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from tonne.citations import Bibliography, Source, library_bibliography
from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.library import Settings
from tonne.source import SourceFile, Span
from tonne.syntax import tree
from tonne.units import Unit, UnitTable
from tonne.values import Record, Unprinted, field

# Names that a mistyped word is compared with.
MOST_NAMES = 2000
LABEL_TYPES = ("text", "date")


class Field(Unprinted, Record, frozen=True, eq=False):
    """A field of a kind: a quantity (`unit`), a reference (`target`), or a label (`label`).

    All three are None when the type could not be read.
    """

    name: str
    unit: Unit | None
    target: Kind | None
    is_list: bool
    label: str | None
    declaration: tree.FieldDeclaration
    scope: Scope

    @property
    def is_quantity(self) -> bool:
        return self.unit is not None


class Kind(Unprinted, Record, frozen=True, eq=False):
    name: str
    parent: Kind | None
    fields: dict[str, Field]
    declaration: tree.KindDeclaration
    scope: Scope

    def is_a(self, other: Kind) -> bool:
        kind: Kind | None = self
        while kind is not None and kind is not other:
            kind = kind.parent
        return kind is other

    @property
    def quantities(self) -> list[Field]:
        return [f for f in self.fields.values() if f.is_quantity]

    @property
    def references(self) -> list[Field]:
        return [f for f in self.fields.values() if f.target is not None]


class Binding(Unprinted, Record, frozen=True, eq=False):
    """One assumption. Copies made by `like` share it."""

    field: Field
    value: tree.Value | tree.Text | tree.ListOf
    span: Span
    name_span: Span
    scope: Scope
    set_by_command: bool = False

    @property
    def label(self) -> str:
        """What a label says, as it is written; empty for a quantity or a reference."""
        if self.field.label is None:
            return ""
        return self.value.value if isinstance(self.value, tree.Text) else self.value.span.text.split()[0]


class Instance(Unprinted, Record, eq=False):
    """`bindings` are those in force, `own` says which were written here. Filled while resolving, then only read."""

    name: str
    kind: Kind
    declaration: tree.InstanceDeclaration
    scope: Scope
    like: Instance | None = None
    bindings: dict[str, Binding] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    partly_read: bool = False  # a line of its block, or of what it copies, could not be read


class Let(Unprinted, Record, frozen=True, eq=False):
    name: str
    declaration: tree.Let
    scope: Scope
    value: tree.Value | tree.ListOf
    value_scope: Scope
    set_by_command: bool = False


class Study(Unprinted, Record, frozen=True, eq=False):
    """A sweep, a case or an optimum."""

    name: str
    declaration: tree.Sweep | tree.Case | tree.Optimum
    scope: Scope

    @property
    def is_optimum(self) -> bool:
        return isinstance(self.declaration, tree.Optimum)


Symbol = Instance | Let | Study


class Scope(Unprinted, Record, eq=False):
    """What the names of one file stand for. Filled while resolving, then only read."""

    module: tree.Module
    is_library: bool
    symbols: dict[str, Symbol] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    visible: list[Scope] = field(default_factory=list)
    bibliography: Bibliography | None = None
    lost: set[str] = field(default_factory=set)  # names that are missing only because of an error that was reported

    @property
    def source(self) -> SourceFile:
        return self.module.source

    @property
    def sources(self) -> Mapping[str, Source]:
        """What its citations name, by key: the entries of its own bibliography, then those of the library's."""
        library = library_bibliography().entries
        return library if self.bibliography is None else ChainMap(self.bibliography.entries, library)

    @property
    def unreadable(self) -> Mapping[str, Diagnostic]:
        """Why entries of its own bibliography cannot be read, by key."""
        return {} if self.bibliography is None else self.bibliography.lost


class Project(Record, frozen=True):
    """A scenario with all that it uses; `entry` is the file that was asked for."""

    entry: Scope
    scopes: tuple[Scope, ...]
    units: UnitTable
    settings: Settings
    root: Path
    excluded: tuple[tree.Excluded, ...] = ()

    @property
    def instances(self) -> list[Instance]:
        """The instances of the file itself, in the order in which they stand."""
        return [s for s in self.entry.symbols.values() if isinstance(s, Instance) and s.scope is self.entry]

    @property
    def lets(self) -> list[Let]:
        return [s for s in self.entry.symbols.values() if isinstance(s, Let) and s.scope is self.entry]

    @property
    def optima(self) -> list[Study]:
        symbols = self.entry.symbols.values()
        return [s for s in symbols if isinstance(s, Study) and s.is_optimum and s.scope is self.entry]


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name that a mistyped word was probably meant to be."""
    known = list(islice(dict.fromkeys(names), MOST_NAMES))
    same = [n for n in known if n.lower() == word.lower()]
    if same:
        return same[0]
    longer = [n for n in known if len(word) > 2 and n.lower().startswith(word.lower())]
    if longer:
        return longer[0]
    import difflib

    near = difflib.get_close_matches(word, known, 1, 0.65)
    return near[0] if near else None


def did_you_mean(word: str, names: Iterable[str], span: Span, where: str = "") -> tuple[str, Fix | None]:
    near = closest(word, names)
    if near is None:
        return "", None
    return f"did you mean `{near}`{where}?", Fix(span, near)


def with_article(word: str) -> str:
    return f"{'an' if word[:1] in 'aeio' else 'a'} {word}"


def defined_twice(what: str, again: Span, first: Span, more: str = "") -> Diagnostic:
    where = f"line {first.line}" if first.source is again.source else f"{first.source.name} line {first.line}"
    labels = (Label(again, "again here"), Label(first, "first here"))
    return diagnostic("N113", f"{what} is already defined", *labels, help=f"first at {where}{more}")
