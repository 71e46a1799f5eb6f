"""Kinds: the declarations of all files into typed records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tonne import library
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.files import Files
from tonne.names import LABEL_TYPES, Field, Kind, Scope, closest, defined_twice, did_you_mean
from tonne.order import is_circular, strongly_connected
from tonne.source import Span
from tonne.syntax import tree
from tonne.unit_problems import UnitProblem
from tonne.units import Unit, UnitTable

# Fields of a kind, those of the kind that it is like among them.
MOST_FIELDS = 300
# Kinds of a file.
MOST_KINDS = 500

Key = tuple[Scope, str]


class Kinds:
    """Makes the kinds of a project and puts them into the scopes of its files."""

    def __init__(self, files: Files, units: UnitTable, found: list[Diagnostic]) -> None:
        self.files = files
        self.units = units
        self.found = found
        self.declared: dict[Scope, dict[str, tree.KindDeclaration]] = {}

    def make(self, of_core: Sequence[Kind] | None = None) -> None:
        """Makes all kinds; those of the core are `of_core` where that is given."""
        for scope in self.files.scopes:
            self._declare(scope)
        needs = {(s, name): self._parent(s, d) for s, own in self.declared.items() for name, d in own.items()}
        made: dict[Key, Kind] = {}
        known = {kind.name: kind for kind in of_core or ()}
        for group in strongly_connected(needs):
            circular = is_circular(group, needs)
            if circular:
                first = self.declared[group[0][0]][group[0][1]]
                chain = " → ".join(name for _, name in [*group, group[0]])
                self.found.append(
                    diagnostic("N116", f"the kind `{first.name}` is like itself", first.name_span, help=chain)
                )
            for key in group:
                parent = made.get(needs[key][0]) if needs[key] and not circular else None
                kept = known.get(key[1]) if key[0] in self.files.core else None
                made[key] = kept or Kind(key[1], parent, {}, self.declared[key[0]][key[1]], key[0])
        for scope in self.files.scopes:
            for core in self.files.core:
                scope.kinds.update({name: made[(core, name)] for name in self.declared[core]})
            for use, used in self.files.uses(scope):
                if used is not None:
                    own = self.declared[used]
                    scope.kinds.update({name: made[(used, name)] for name, _ in use.names if name in own})
            scope.kinds.update({name: made[(scope, name)] for name in self.declared[scope]})
        for (scope, _), kind in made.items():  # parents come first
            if kind.scope is scope:
                self._fields(kind)

    def _declare(self, scope: Scope) -> None:
        own = self.declared[scope] = {}
        for statement in scope.module.statements:
            if not isinstance(statement, tree.KindDeclaration):
                continue
            if len(own) == MOST_KINDS:
                title, help = f"more than {MOST_KINDS} kinds in a file", "the rest of them was not looked at"
                self.found.append(diagnostic("S109", title, statement.name_span, help=help))
                break
            core = [self.declared.get(c, {}).get(statement.name) for c in self.files.core]
            first = next((d for d in (own.get(statement.name), *core) if d is not None), None)
            if first is not None:
                self.found.append(defined_twice(f"the kind `{statement.name}`", statement.name_span, first.name_span))
            elif self.units.is_atom(statement.name):
                title = f"`{statement.name}` is already a unit"
                self.found.append(
                    diagnostic("N113", title, statement.name_span, help="a kind may not bear a unit's name")
                )
            else:
                own[statement.name] = statement

    def _parent(self, scope: Scope, declaration: tree.KindDeclaration) -> list[Key]:
        """The kind that a kind is like."""
        if declaration.like is None:
            return []
        name = str(declaration.like)
        places = [
            scope,
            *(u for use, u in self.files.uses(scope) if u is not None and any(n == name for n, _ in use.names)),
        ]
        place = next((s for s in [*places, *self.files.core] if name in self.declared[s]), None)
        if place is None:
            known = [k for s in [*places, *self.files.core] for k in self.declared[s]]
            unknown_kind(self.found, name, declaration.like.span, scope, known)
        return [] if place is None else [(place, name)]

    def _fields(self, kind: Kind) -> None:
        if kind.parent is not None:
            kind.fields.update(kind.parent.fields)
        for one in kind.declaration.fields:
            if len(kind.fields) == MOST_FIELDS:
                title, help = (
                    f"`{kind.name}` has more than {MOST_FIELDS} fields",
                    "let kinds refer to each other",
                )
                self.found.append(diagnostic("S109", title, one.name_span, help=help))
                break
            first = kind.fields.get(one.name)
            if first is not None:
                self.found.append(defined_twice(f"`{one.name}`", one.name_span, first.declaration.name_span))
            else:
                kind.fields[one.name] = self._field(one, kind.scope)

    def _field(self, one: tree.FieldDeclaration, scope: Scope) -> Field:
        word, span = one.type.word, one.type.span
        unit: Unit | None = None
        target = scope.kinds.get(word)
        label = word if word in LABEL_TYPES and not one.type.is_list else None
        if label is None and target is None:
            known = self.units.lookup(word)
            if one.type.is_list:
                unknown_kind(self.found, word, span, scope, list(scope.kinds))
            elif isinstance(known, UnitProblem) and not known.silent:
                near = closest(word, scope.kinds)
                help = f"did you mean the kind `{near}`?" if near and known.code == "D209" else known.help
                self.found.append(diagnostic(known.code, known.title, span, help=help))
            elif isinstance(known, Unit):
                unit = known
        return Field(one.name, unit, target if label is None else None, one.type.is_list, label, one, scope)


def unknown_kind(found: list[Diagnostic], name: str, span: Span, scope: Scope, known: list[str]) -> None:
    if name not in scope.lost:
        help, fix = did_you_mean(name, known, span)
        help = help or f"kinds: {', '.join(known)}"
        found.append(diagnostic("N120", f"no kind is called `{name}`", span, help=help, fix=fix))


@lru_cache(maxsize=8)
def core_kinds(units: UnitTable) -> tuple[Kind, ...] | None:
    """The kinds of the core: made once for all scenarios of a process that have the same units.

    None when something is wrong with them, such as a unit of a scenario that has the name of a kind.
    """
    found: list[Diagnostic] = []
    files = Files(library.library_root(), library.Settings(), found)
    files.load_core()
    for scope in files.core:
        scope.visible = [scope, *files.core]
    Kinds(files, units, found).make()
    return None if found else tuple({kind: None for scope in files.core for kind in scope.kinds.values()})
