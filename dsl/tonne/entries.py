"""What the standard library holds, read off its syntax trees.

Takes the name of a module, gives its instances with their lines as written and where they are from. Nothing is resolved
or evaluated: numbers stay in the digits and units of their lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tonne import library
from tonne.files import Files
from tonne.syntax import tree
from tonne.values import Record


class Fact(Record, frozen=True):
    """One line of a block: a field as `written`, its `unit` where it is a number with one, and where it is from."""

    name: str
    written: str
    unit: str
    provenance: tree.Provenance | None


class Entry(Record, frozen=True):
    """An instance of the library; its `facts` are those in force after `like` and `without`."""

    name: str
    kind: str
    module: str
    like: str | None
    doc: str
    facts: tuple[Fact, ...]

    @property
    def use(self) -> str:
        """The line that brings it into a file."""
        return f"use {self.module} {{ {self.name} }}"


def module(name: str) -> tree.Module:
    """The tree of a module such as `hardware.nvidia` or `core.kinds`."""
    scope = Files(library.library_root(), library.Settings(), []).library(name)
    if scope is None:
        raise LookupError(f"the library has no module `{name}`")
    return scope.module


def modules() -> list[str]:
    """The modules that hold data, for `use`."""
    return [name for name in library.library_modules() if not name.startswith("core.")]


def entries(name: str) -> list[Entry]:
    """The instances of a module, in the order in which they stand."""
    made: dict[str, Entry] = {}
    for one in module(name).statements:
        if isinstance(one, tree.InstanceDeclaration):
            like = str(one.like) if one.like is not None else None
            facts = {fact.name: fact for fact in _copied(like, made)}
            for without in one.without:
                facts = {n: fact for n, fact in facts.items() if n not in dict(without.names)}
            facts |= {binding.name: _fact(binding) for binding in one.bindings}
            made[one.name] = Entry(one.name, one.kind, name, like, one.doc or "", tuple(facts.values()))
    return list(made.values())


def _copied(like: str | None, made: dict[str, Entry]) -> tuple[Fact, ...]:
    """The facts of what an instance is like: of one above it, or of another module."""
    if like is None:
        return ()
    if like in made:
        return made[like].facts
    return next(e.facts for e in entries(library.module_of(like) or "") if e.name == like)


def remarks(name: str) -> list[str]:
    """What a module says before its first block: its documentation, then each paragraph of its comments."""
    tree_of_module = module(name)
    first = next((s.span.start for s in tree_of_module.statements if not isinstance(s, tree.Doc | tree.Use)), 0)
    lines = [c for c in tree_of_module.comments if c.start < first and not _is_rule(c.text)]
    words = [c.text.lstrip("# ").strip() for c in lines]
    return [*([tree_of_module.doc] if tree_of_module.doc else []), *([" ".join(words)] if words else [])]


def comments(name: str) -> dict[int, str]:
    """The comment at the end of each line, by its number."""
    return {c.line: c.text.lstrip("# ").strip() for c in module(name).comments}


def citations(name: str) -> Iterator[tree.Citation]:
    """Every citation of a module: those of instances, of units, of formulas and of usual ranges."""
    for statement in module(name).statements:
        for provenance in _provenances(statement):
            yield from provenance.citations


def _provenances(statement: tree.Statement) -> Iterator[tree.Provenance]:
    found: list[tree.Provenance | None] = []
    if isinstance(statement, tree.InstanceDeclaration):
        found = [fact.provenance for fact in map(_fact, statement.bindings)]
    elif isinstance(statement, tree.UnitDeclaration):
        found = [statement.provenance]
    elif isinstance(statement, tree.KindDeclaration):
        found = [v.provenance for f in statement.fields for v in f.alternatives]
        found += [f.usual.provenance for f in statement.fields if f.usual is not None]
    yield from (p for p in found if p is not None)


def _fact(binding: tree.Binding) -> Fact:
    name, value = binding.name, binding.value
    if isinstance(value, tree.Text):
        return Fact(name, value.value, "", value.provenance)
    if isinstance(value, tree.ListOf):
        return Fact(name, one_line(value.span.text), "", None)
    if isinstance(value.expr, tree.Number):
        return Fact(name, value.expr.text, value.expr.unit or "", value.provenance)
    return Fact(name, one_line(value.expr.span.text), "", value.provenance)


def one_line(text: str) -> str:
    return " ".join(text.split())


def _is_rule(comment: str) -> bool:
    """A comment that only divides: `# ── time ──`."""
    return re.match(r"#\s*[─-]", comment) is not None
