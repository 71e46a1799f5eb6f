"""What a scenario rests on: each line that says where its number is from, and the sources that it names.

Takes a `Project`; gives `Use`s, those of its own files in their order, then those of what it takes from the library. Reads
names and clauses only, no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tonne.citations import Source
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.names import Instance, Project, Scope
from tonne.provenance import citations, clauses
from tonne.source import SourceFile, Span
from tonne.syntax import tree
from tonne.values import Record

# Keys that P305 names.
MOST_KEYS = 8


class Use(Record, frozen=True):
    """One line with a provenance: its name such as `pretrain.tokens`, what is written there on one line, and the sources
    that it may name."""

    name: str
    written: str
    span: Span
    provenance: tree.Provenance
    sources: Mapping[str, Source]
    unreadable: Mapping[str, Diagnostic]  # why other keys lead to an entry that cannot be read


def uses(project: Project) -> list[Use]:
    """Every line of a scenario's files that has a provenance, and every one of the instances that it takes from the library.

    Formulas and ranges of the library's kinds are left out, unless the file that was asked for is the library's own.
    """
    found: list[Use] = []
    for scope in _own(project):
        for statement in scope.module.statements:
            written = statement.what if isinstance(statement, tree.Excluded) else None
            for clause in clauses(statement):
                if clause.provenance is not None:
                    found.append(_use(clause.name, written or clause.span.text, clause.span, clause.provenance, scope))
    return found + list(_of_library(project))


def _use(name: str, written: str, span: Span, provenance: tree.Provenance, scope: Scope) -> Use:
    return Use(name, " ".join(written.split()), span, provenance, scope.sources, scope.unreadable)


def _own(project: Project) -> list[Scope]:
    """The file that was asked for, then the others that are not the library's."""
    return [project.entry, *(s for s in project.scopes if not s.is_library and s is not project.entry)]


def _of_library(project: Project) -> Iterator[Use]:
    """The lines of the library's instances that a scenario imports, or that these refer to."""
    waiting = [s for scope in _own(project) for s in scope.symbols.values() if isinstance(s, Instance)]
    seen: set[int] = set()
    while waiting:
        instance = waiting.pop(0)
        if id(instance) in seen:
            continue
        seen.add(id(instance))
        for name, binding in instance.bindings.items():
            value = binding.value
            if isinstance(value, tree.Value) and isinstance(value.expr, tree.Path):
                target = binding.scope.symbols.get(value.expr.parts[0])
                waiting += [target] if isinstance(target, Instance) else []
            is_new = binding.scope.is_library and binding.scope is not project.entry and id(binding) not in seen
            seen.add(id(binding))
            if is_new and not isinstance(value, tree.ListOf) and value.provenance is not None:
                span = value.expr.span if isinstance(value, tree.Value) else value.span
                yield _use(f"{instance.name}.{name}", span.text, span, value.provenance, binding.scope)


def unused_sources(projects: Sequence[Project]) -> list[Diagnostic]:
    """P305 for each bibliography whose entries support next to nothing of these scenarios: one note a file.

    Said only where most of its entries are used. A paper's own bibliography has a hundred that the paper cites elsewhere;
    to name them would help nobody.
    """
    entries: dict[SourceFile, dict[str, Source]] = {}
    used: dict[SourceFile, set[str]] = {}
    by_name: dict[str, SourceFile] = {}
    for scope in (scope for project in projects for scope in _own(project)):
        if scope.bibliography is None:
            continue
        for entry in scope.bibliography.entries.values():
            file = by_name.setdefault(entry.span.source.name, entry.span.source)
            entries.setdefault(file, {})[entry.key] = entry
        for citation in citations(scope.module.statements):
            cited = scope.bibliography.entries.get(citation.key)
            if cited is not None:
                used.setdefault(by_name[cited.span.source.name], set()).add(cited.key)
    found = []
    for file, known in entries.items():
        needed, waiting = set[str](), list(used.get(file, ()))
        while waiting:
            key = waiting.pop()
            if key in known and key not in needed:
                needed.add(key)
                waiting += known[key].taken_from
        unused = [entry for key, entry in known.items() if key not in needed]
        if unused and 2 * len(unused) < len(known):
            keys = [f"`{entry.key}`" for entry in unused[:MOST_KEYS]] + ["…"] * (len(unused) > MOST_KEYS)
            title = f"{', '.join(keys)} support{'s' if len(unused) == 1 else ''} no number"
            found.append(diagnostic("P305", title, unused[0].span, help="cite or remove"))
    return found
