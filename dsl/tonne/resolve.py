"""Names: which files a scenario is made of, and what each name in them stands for.

`resolve` takes a path and gives a `Project`: every file read, units in one table, kinds with typed fields, instances
with the bindings that they have after `like` and `without`, and a scope a file. Expressions are not looked at here
except for the names that they use; that is `tonne.lower`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from tonne import library
from tonne.citations import Bibliography, read_bibliography
from tonne.diagnostic import Applicability, Diagnostic, Fix, Label, diagnostic
from tonne.order import is_circular, strongly_connected
from tonne.source import SourceFile, Span
from tonne.syntax import tree
from tonne.syntax.parse import parse, parse_line
from tonne.units import Unit, UnitProblem, UnitTable

LABEL_TYPES = ("text", "date")


@dataclass(frozen=True, eq=False)
class Field:
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


@dataclass(frozen=True, eq=False)
class Kind:
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


@dataclass(frozen=True, eq=False)
class Binding:
    """One assumption. Copies made by `like` share it."""

    field: Field
    value: tree.Value | tree.Text | tree.ListOf
    span: Span
    name_span: Span
    scope: Scope
    set_by_command: bool = False


@dataclass(eq=False)
class Instance:
    """`bindings` are those in force, `own` says which were written here. Filled while resolving, then only read."""

    name: str
    kind: Kind
    declaration: tree.InstanceDeclaration
    scope: Scope
    like: Instance | None = None
    bindings: dict[str, Binding] = field(default_factory=dict)
    own: frozenset[str] = frozenset()

    @property
    def partly_read(self) -> bool:
        return self.declaration.partly_read or (self.like is not None and self.like.partly_read)


@dataclass(frozen=True, eq=False)
class Let:
    name: str
    declaration: tree.Let
    scope: Scope
    value: tree.Value | tree.ListOf
    value_scope: Scope
    set_by_command: bool = False


@dataclass(frozen=True, eq=False)
class Study:
    """A sweep, a case or an optimum: a name that is read and not evaluated yet."""

    name: str
    declaration: tree.Sweep | tree.Case | tree.Optimum
    scope: Scope


Symbol = Instance | Let | Study


@dataclass(eq=False)
class Scope:
    """What the names of one file stand for. Filled while resolving, then only read."""

    module: tree.Module
    is_library: bool
    symbols: dict[str, Symbol] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    visible: list[Scope] = field(default_factory=list)
    bibliography: Bibliography | None = None

    @property
    def source(self) -> SourceFile:
        return self.module.source

    def suggest(self, word: str, more: Iterable[str] = ()) -> str | None:
        return closest(word, [*self.symbols, *more])


@dataclass(frozen=True)
class Project:
    """A scenario with all that it uses; `entry` is the file that was asked for."""

    entry: Scope
    scopes: tuple[Scope, ...]
    units: UnitTable
    settings: library.Settings
    root: Path
    excluded: tuple[tree.Excluded, ...] = ()

    @property
    def instances(self) -> list[Instance]:
        """The instances of the file itself, in the order in which they stand."""
        return [s for s in self.entry.symbols.values() if isinstance(s, Instance) and s.scope is self.entry]

    @property
    def lets(self) -> list[Let]:
        return [s for s in self.entry.symbols.values() if isinstance(s, Let) and s.scope is self.entry]


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name that a mistyped word was probably meant to be."""
    known = list(dict.fromkeys(names))
    same = [n for n in known if n.lower() == word.lower()]
    if same:
        return same[0]
    near = difflib.get_close_matches(word, known, 1, 0.7)
    return near[0] if near else None


def did_you_mean(word: str, names: Iterable[str], span: Span, where: str = "") -> tuple[str, Fix | None]:
    near = closest(word, names)
    if near is None:
        return "", None
    return f"did you mean `{near}`{where}?", Fix(span, near, Applicability.CERTAIN)


def resolve(path: Path, overrides: Sequence[str] = ()) -> tuple[Project | None, list[Diagnostic]]:
    """A file with all that it uses; `overrides` are `PATH=VALUE` texts that rebind fields and lets.

    Always returns; the project is None only when the file itself cannot be read.
    """
    root = library.project_root(path)
    settings, found = library.read_settings(root)
    resolver = _Resolver(root, settings, found)
    settings_made = [rebinding for text in overrides if (rebinding := resolver.setting(text)) is not None]
    entry = resolver.load(path, settings_made)
    if entry is None:
        return None, found
    return resolver.project(entry, settings_made), found


class _Resolver:
    def __init__(self, root: Path, settings: library.Settings, found: list[Diagnostic]) -> None:
        self.root = root
        self.settings = settings
        self.found = found
        self.loaded: dict[Path, Scope | None] = {}
        self.used_targets: dict[tuple[Scope, str, bool], Scope | None] = {}
        self.core: list[Scope] = []
        self.too_many = False

    # ── files ──

    def setting(self, text: str) -> tree.Rebinding | None:
        """A `PATH=VALUE` of the command line."""
        source = SourceFile("--set", text.replace("=", " = ", 1))
        node, problems = parse_line(source, "case_line")
        self.found += problems
        if isinstance(node, tree.Rebinding):
            return node
        if not problems:
            span = Span(source, 0, len(source.text))
            self.found.append(
                diagnostic("S101", "cannot read this setting", span, help="write `--set pretrain.pue=1.2`")
            )
        return None

    def load(self, path: Path, overrides: Sequence[tree.Rebinding]) -> Scope | None:
        for module in library.CORE:
            file = library.library_file(module)
            scope = self._read(file, is_library=True) if file else None
            if scope is not None:
                self.core.append(scope)
        entry = self._read(path, is_library=path.resolve().is_relative_to(library.library_root()))
        waiting = [*self.core, entry, *(self._library_of(rebinding) for rebinding in overrides)]
        seen = set()
        while waiting:
            scope = waiting.pop(0)
            if scope is None or id(scope) in seen:
                continue
            seen.add(id(scope))
            for statement in scope.module.statements:
                if isinstance(statement, tree.Use):
                    waiting.append(self._use(scope, statement))
        return entry

    def _library_of(self, rebinding: tree.Rebinding) -> Scope | None:
        """The library that a setting such as `run.grid=grids.us.quebec` takes its value from."""
        named = _named_in_library(rebinding)
        file = library.library_file(named[0]) if named else None
        return self._read(file, is_library=True) if file else None

    def _read(self, path: Path, *, is_library: bool) -> Scope | None:
        key = path.resolve()
        if key in self.loaded:
            return self.loaded[key]
        source, problems = library.read(path, library.display_name(path), self.settings.limits)
        self.found += problems
        if source is None:
            self.loaded[key] = None
            return None
        module, problems = parse(source, self.settings.limits)
        self.found += problems
        scope = self.loaded[key] = Scope(module, is_library)
        return scope

    def _use(self, scope: Scope, use: tree.Use) -> Scope | None:
        if len(self.loaded) >= self.settings.limits.files:
            if not self.too_many:
                self.too_many = True
                limit = self.settings.limits.files
                self.found.append(
                    diagnostic(
                        "S109",
                        f"this scenario uses more than {limit} files",
                        use.target_span,
                        help="raise `[limits] files` in tonne.toml",
                    )
                )
            return None
        used: Scope | None = None
        if use.is_file:
            user = scope.source.path
            path, code, title = (
                (None, "N114", "no file is near")
                if user is None
                else library.file_of_project(use.target, user, self.root)
            )
            if path is None:
                help = (
                    "a file may only use files of its own project"
                    if code == "N118"
                    else 'the path is beside this file, as in `use "./site" { … }`'
                )
                self.found.append(diagnostic(code, title, use.target_span, help=help))
            else:
                used = self._read(path, is_library=False)
        else:
            file = library.library_file(use.target)
            if file is None:
                help, fix = did_you_mean(use.target, library.library_modules(), use.target_span)
                self.found.append(
                    diagnostic(
                        "N114",
                        f"no library `{use.target}`",
                        use.target_span,
                        help=help
                        or f"there are: {', '.join(m for m in library.library_modules() if not m.startswith('core.'))}",
                        fix=fix,
                    )
                )
            else:
                used = self._read(file, is_library=True)
        self.used_targets[(scope, use.target, use.is_file)] = used
        return used

    # ── the project ──

    def project(self, entry: Scope, overrides: Sequence[tree.Rebinding]) -> Project:
        scopes = [s for s in self.loaded.values() if s is not None]
        declarations = [
            statement
            for scope in [*self.core, *(s for s in scopes if s not in self.core)]
            for statement in scope.module.statements
            if isinstance(statement, tree.UnitDeclaration | tree.DimensionDeclaration)
        ]
        units = UnitTable(declarations)
        self.found += units.found
        for scope in scopes:
            scope.visible = [scope, *self.core]
        self._import_units(scopes, units)
        self._kinds(scopes, units)
        self._symbols(scopes)
        self._instances(scopes, self._overrides(entry, overrides))
        for scope in scopes:
            self._bibliography(scope)
            if not scope.is_library or scope is entry:
                self._unused(scope)
        self._not_evaluated(entry)
        excluded = tuple(s for s in entry.module.statements if isinstance(s, tree.Excluded))
        return Project(entry, tuple(scopes), units, self.settings, self.root, excluded)

    def _import_units(self, scopes: list[Scope], units: UnitTable) -> None:
        """A file sees the units of the core, its own, and those that it names in a `use`."""
        for scope in scopes:
            for use, used in self._uses(scope):
                declared = {s.word for s in used.module.statements if isinstance(s, tree.UnitDeclaration)}
                if any(name in declared for name, _ in use.names) and used not in scope.visible:
                    scope.visible.append(used)

    def _uses(self, scope: Scope) -> Iterator[tuple[tree.Use, Scope]]:
        for statement in scope.module.statements:
            if isinstance(statement, tree.Use):
                used = self.used_targets.get((scope, statement.target, statement.is_file))
                if used is not None:
                    yield statement, used

    # ── kinds ──

    def _kinds(self, scopes: list[Scope], units: UnitTable) -> None:
        declared: dict[Scope, dict[str, tree.KindDeclaration]] = {}
        for scope in scopes:
            own = declared[scope] = {}
            for statement in scope.module.statements:
                if not isinstance(statement, tree.KindDeclaration):
                    continue
                first = own.get(statement.name) or next(
                    (
                        declared[c][statement.name]
                        for c in self.core
                        if c in declared and statement.name in declared[c]
                    ),
                    None,
                )
                if first is not None:
                    self._twice(f"the kind `{statement.name}`", statement.name_span, first.name_span)
                elif units.is_atom(statement.name):
                    self.found.append(
                        diagnostic(
                            "N113",
                            f"`{statement.name}` is already a unit",
                            statement.name_span,
                            help="a kind may not bear a unit's name",
                        )
                    )
                else:
                    own[statement.name] = statement

        def find(scope: Scope, name: str) -> tuple[Scope, str] | None:
            if name in declared[scope]:
                return scope, name
            for use, used in self._uses(scope):
                if any(name == n for n, _ in use.names) and name in declared[used]:
                    return used, name
            return next(((core, name) for core in self.core if name in declared[core]), None)

        needs: dict[tuple[Scope, str], list[tuple[Scope, str]]] = {}
        for scope, own in declared.items():
            for name, statement in own.items():
                parent = find(scope, str(statement.like)) if statement.like is not None else None
                if statement.like is not None and parent is None:
                    self._unknown_kind(str(statement.like), statement.like.span, scope, declared)
                needs[(scope, name)] = [] if parent is None else [parent]
        made: dict[tuple[Scope, str], Kind] = {}
        order: list[tuple[Scope, str]] = []
        for group in strongly_connected(needs):
            circular = is_circular(group, needs)
            if circular:
                statement = declared[group[0][0]][group[0][1]]
                chain = " → ".join(name for _, name in [*group, group[0]])
                self.found.append(
                    diagnostic(
                        "N116", f"the kind `{statement.name}` is like itself", statement.name_span, help=chain
                    )
                )
            for key in group:
                scope, name = key
                parent = made.get(needs[key][0]) if needs[key] and not circular else None
                made[key] = Kind(
                    name, parent, dict(parent.fields) if parent else {}, declared[scope][name], scope
                )
                order.append(key)
        for scope in scopes:
            for core in self.core:
                scope.kinds.update({name: made[(core, name)] for name in declared[core]})
            for use, used in self._uses(scope):
                scope.kinds.update(
                    {name: made[(used, name)] for name, _ in use.names if name in declared[used]}
                )
            scope.kinds.update({name: made[(scope, name)] for name in declared[scope]})
        for key in order:  # parents come first, so that a child copies whole fields
            kind = made[key]
            if kind.parent is not None:
                kind.fields.update(kind.parent.fields)
            for one in kind.declaration.fields:
                first_field = kind.fields.get(one.name)
                if first_field is not None:
                    self._twice(f"`{one.name}`", one.name_span, first_field.declaration.name_span)
                else:
                    kind.fields[one.name] = self._field(one, kind.scope, units)

    def _field(self, one: tree.FieldDeclaration, scope: Scope, units: UnitTable) -> Field:
        unit: Unit | None = None
        target: Kind | None = None
        label: str | None = None
        word = one.type.word
        if word in LABEL_TYPES and not one.type.is_list:
            label = word
        elif word in scope.kinds:
            target = scope.kinds[word]
        elif one.type.is_list:
            self._unknown_kind(word, one.type.span, scope)
        else:
            known = units.lookup(word)
            if isinstance(known, UnitProblem):
                near = closest(word, scope.kinds)
                help = f"did you mean the kind `{near}`?" if near and known.code == "D209" else known.help
                self.found.append(diagnostic(known.code, known.title, one.type.span, help=help))
            else:
                unit = known
        return Field(one.name, unit, target, one.type.is_list, label, one, scope)

    def _unknown_kind(
        self, name: str, span: Span, scope: Scope, declared: dict[Scope, Any] | None = None
    ) -> None:
        if name in scope.module.lost:
            return
        known = list(scope.kinds) or [k for own in (declared or {}).values() for k in own]
        help, fix = did_you_mean(name, known, span)
        self.found.append(
            diagnostic(
                "N120",
                f"no kind is called `{name}`",
                span,
                help=help or f"kinds: {', '.join(known)}",
                fix=fix,
            )
        )

    # ── names of a file ──

    def _symbols(self, scopes: list[Scope]) -> None:
        for scope in scopes:
            for statement in scope.module.statements:
                if isinstance(statement, tree.Let):
                    self._define(
                        scope,
                        Let(statement.name, statement, scope, statement.value, scope),
                        statement.name_span,
                    )
                elif isinstance(statement, tree.Sweep | tree.Case | tree.Optimum):
                    self._define(scope, Study(statement.name, statement, scope), statement.name_span)
                elif isinstance(statement, tree.InstanceDeclaration):
                    kind = scope.kinds.get(statement.kind)
                    if kind is None:
                        self._unknown_kind(statement.kind, statement.kind_span, scope)
                        scope.module = _with_lost(scope.module, statement.name)
                    else:
                        instance = Instance(statement.name, kind, statement, scope)
                        self._define(scope, instance, statement.name_span)
        own = {id(scope): dict(scope.symbols) for scope in scopes}
        for scope in scopes:
            for use, used in self._uses(scope):
                for name, span in use.names:
                    symbol = own[id(used)].get(name)
                    is_other = name in used.kinds or any(
                        isinstance(s, tree.UnitDeclaration) and s.word == name for s in used.module.statements
                    )
                    if symbol is not None:
                        self._define(scope, symbol, span)
                    elif not is_other and name not in used.module.lost:
                        help, fix = did_you_mean(name, [*own[id(used)], *used.kinds], span)
                        self.found.append(
                            diagnostic(
                                "N111",
                                f"`{use.target}` has nothing called `{name}`",
                                span,
                                help=help,
                                fix=fix,
                            )
                        )
                        scope.module = _with_lost(scope.module, name)
                    elif not is_other:
                        scope.module = _with_lost(scope.module, name)
            for statement in (
                scope.module.statements
            ):  # what a file that cannot be read would have given is not missed twice
                if (
                    isinstance(statement, tree.Use)
                    and self.used_targets.get((scope, statement.target, statement.is_file)) is None
                ):
                    scope.module = _with_lost(scope.module, *(name for name, _ in statement.names))

    def _define(self, scope: Scope, symbol: Symbol, span: Span) -> None:
        first = scope.symbols.get(symbol.name)
        if first is None:
            scope.symbols[symbol.name] = symbol
        elif first is not symbol:
            where = first.declaration.name_span
            self._twice(f"`{symbol.name}`", span, where, "; to vary it use `like` or `sweep`")

    def _twice(self, what: str, again: Span, first: Span, more: str = "") -> None:
        where = (
            f"line {first.line}" if first.source is again.source else f"{first.source.name} line {first.line}"
        )
        self.found.append(
            diagnostic(
                "N113",
                f"{what} is already defined",
                Label(again, "again here"),
                Label(first, "first here"),
                help=f"first at {where}{more}",
            )
        )

    # ── instances ──

    def _overrides(self, entry: Scope, overrides: Sequence[tree.Rebinding]) -> dict[Instance, list[Binding]]:
        """The bindings of the command line, by instance; a `let` is replaced at once."""
        bindings: dict[Instance, list[Binding]] = {}
        for one in overrides:
            scope = Scope(entry.module, entry.is_library, dict(entry.symbols), entry.kinds, entry.visible)
            one = self._from_library(one, scope)
            parts, spans = one.path.parts, one.path.part_spans
            symbol = entry.symbols.get(parts[0])
            if isinstance(symbol, Let) and len(parts) == 1 and not isinstance(one.value, tree.Text):
                entry.symbols[parts[0]] = Let(
                    symbol.name, symbol.declaration, symbol.scope, one.value, scope, set_by_command=True
                )
            elif isinstance(symbol, Instance) and len(parts) == 2:
                found = symbol.kind.fields.get(parts[1])
                if found is None:
                    self._unknown_field(symbol, parts[1], spans[1])
                else:
                    binding = Binding(found, one.value, one.span, spans[1], scope, set_by_command=True)
                    bindings.setdefault(symbol, []).append(binding)
            elif symbol is None:
                settable = [n for n, s in entry.symbols.items() if isinstance(s, Instance | Let)]
                help, fix = did_you_mean(parts[0], settable, spans[0])
                help = help or f"there are: {', '.join(settable)}"
                self.found.append(
                    diagnostic("N111", f"nothing here is called `{parts[0]}`", spans[0], help=help, fix=fix)
                )
            else:
                title = f"`{one.path}` is no field and no `let`"
                self.found.append(
                    diagnostic(
                        "N111", title, one.path.span, help="name a field as in `pretrain.pue`, or a `let`"
                    )
                )
        return bindings

    def _from_library(self, one: tree.Rebinding, scope: Scope) -> tree.Rebinding:
        """`grids.us.quebec` as a value: one name, which the scope then knows."""
        named = _named_in_library(one)
        file = library.library_file(named[0]) if named else None
        used = self.loaded.get(file.resolve()) if file else None
        if (
            named is None
            or used is None
            or not isinstance(one.value, tree.Value)
            or not isinstance(one.value.expr, tree.Path)
        ):
            return one
        module, name, rest = named
        symbol = used.symbols.get(name)
        expr = one.value.expr
        if symbol is None:
            help, fix = did_you_mean(name, used.symbols, expr.span)
            self.found.append(
                diagnostic("N111", f"`{module}` has nothing called `{name}`", expr.span, help=help, fix=None)
            )
            scope.module = _with_lost(scope.module, expr.parts[0])
            return one
        dotted = f"{module}.{name}"
        scope.symbols[dotted] = symbol
        spans = expr.part_spans[-len(rest) - 1 :]
        value = replace(one.value, expr=tree.Path((dotted, *rest), expr.span, spans))
        return replace(one, value=value)

    def _instances(self, scopes: list[Scope], overrides: dict[Instance, list[Binding]]) -> None:
        instances = [
            s
            for scope in scopes
            for s in scope.symbols.values()
            if isinstance(s, Instance) and s.scope is scope
        ]
        originals: dict[Instance, list[Instance]] = {}
        for instance in instances:
            like = instance.declaration.like
            originals[instance] = []
            if like is None:
                continue
            original = instance.scope.symbols.get(str(like))
            if original is None:
                self._no_original(instance, like)
            elif not isinstance(original, Instance):
                self.found.append(
                    diagnostic(
                        "N119",
                        f"`{like}` is no {instance.kind.name}",
                        like.span,
                        help="`like` copies an instance",
                    )
                )
            elif not instance.kind.is_a(original.kind):
                self.found.append(
                    diagnostic(
                        "N119",
                        f"`{like}` is a {original.kind.name}; {_a(instance.kind.name)} is needed",
                        like.span,
                        help=f"copy {_a(instance.kind.name)}",
                    )
                )
            else:
                originals[instance] = [original]
        for group in strongly_connected(originals):
            circular = is_circular(group, originals)
            if circular:
                chain = " → ".join(i.name for i in [*group, group[0]])
                self.found.append(
                    diagnostic(
                        "N116",
                        f"`{group[0].name}` is like itself",
                        group[0].declaration.name_span,
                        help=chain,
                    )
                )
            for instance in group:
                original = originals[instance][0] if originals[instance] and not circular else None
                self._bind(instance, original, overrides.get(instance, []))
                instance.like = original

    def _no_original(self, instance: Instance, like: tree.Path) -> None:
        if like.parts[0] in instance.scope.module.lost:
            return
        names = [
            n for n, s in instance.scope.symbols.items() if isinstance(s, Instance) and s is not instance
        ]
        help, fix = did_you_mean(str(like), names, like.span)
        self.found.append(
            diagnostic(
                "N111",
                f"nothing here is called `{like}`",
                like.span,
                help=help or "`like` names an instance of this file or one in a `use`",
                fix=fix,
            )
        )

    def _bind(self, instance: Instance, original: Instance | None, overrides: list[Binding]) -> None:
        bindings = instance.bindings
        if original is not None:
            bindings.update(original.bindings)
        for without in instance.declaration.without:
            for name, span in without.names:
                if name not in instance.kind.fields:
                    self._unknown_field(instance, name, span)
                elif name not in bindings:
                    copied = f"`{original.name}` does not give it" if original else "nothing is copied here"
                    self.found.append(
                        diagnostic("N112", f"there is no `{name}` to let go of", span, help=copied)
                    )
                else:
                    del bindings[name]
        own: dict[str, Binding] = {}
        for one in instance.declaration.bindings:
            found = instance.kind.fields.get(one.name)
            if found is None:
                self._unknown_field(instance, one.name, one.name_span)
            elif one.name in own:
                self._twice(
                    f"`{one.name}`",
                    one.name_span,
                    own[one.name].name_span,
                    "; to vary it use `like` or `sweep`",
                )
            else:
                own[one.name] = Binding(found, one.value, one.span, one.name_span, instance.scope)
        own.update({binding.field.name: binding for binding in overrides})
        bindings.update(own)
        instance.own = frozenset(own)

    def _unknown_field(self, instance: Instance, name: str, span: Span) -> None:
        names = list(instance.kind.fields)
        near = closest(name, names)
        line = instance.kind.fields[near].declaration.name_span if near else None
        help, fix = did_you_mean(name, names, span)
        if not help:
            help = f"it has: {', '.join(names)}"
        kind = instance.kind
        labels = [Label(span, f"no field of {_a(kind.name)}")] + (
            [Label(line, "declared here")] if line else []
        )
        self.found.append(diagnostic("N112", f"{_a(kind.name)} has no `{name}`", *labels, help=help, fix=fix))

    # ── the rest of a file ──

    def _bibliography(self, scope: Scope) -> None:
        entries: dict[str, Any] = {}
        for statement in scope.module.statements:
            if not isinstance(statement, tree.Bibliography):
                continue
            user = scope.source.path
            if user is None:
                continue
            path, code, title = library.file_of_project(
                statement.path, user, library.library_root() if scope.is_library else self.root
            )
            if path is None:
                help = (
                    "a file may only use files of its own project"
                    if code == "N118"
                    else "the path is beside this file"
                )
                self.found.append(diagnostic(code, title, statement.span, help=help))
                scope.module = _with_lost(scope.module, "*sources*")
                continue
            source, problems = library.read(path, library.display_name(path), self.settings.limits)
            self.found += problems
            if source is not None:
                entries.update(read_bibliography(source).entries)
        scope.bibliography = Bibliography(entries)

    def _unused(self, scope: Scope) -> None:
        used = set(_words_used(scope.module))
        for statement in scope.module.statements:
            if not isinstance(statement, tree.Use):
                continue
            for name, span in statement.names:
                if name not in used and name in scope.symbols:
                    self.found.append(
                        diagnostic("N115", f"`{name}` is imported but not used", span, help="remove it")
                    )

    def _not_evaluated(self, entry: Scope) -> None:
        words: dict[type, str] = {
            tree.Sweep: "sweep",
            tree.Case: "case",
            tree.Optimum: "optimum",
            tree.Correlate: "correlate",
        }
        for statement in entry.module.statements:
            word = words.get(type(statement))
            if word is not None:
                self.found.append(
                    diagnostic(
                        "S110",
                        f"`{word}` is read but not evaluated yet",
                        statement.span,
                        help="the rest of the file is evaluated as it stands",
                    )
                )


def _named_in_library(one: tree.Rebinding) -> tuple[str, str, tuple[str, ...]] | None:
    """A value such as `grids.us.quebec` as (module, name, the rest)."""
    if not isinstance(one.value, tree.Value) or not isinstance(one.value.expr, tree.Path):
        return None
    parts = one.value.expr.parts
    for length in range(1, len(parts)):
        module = ".".join(parts[:length])
        if module in library.library_modules():
            return module, parts[length], parts[length + 1 :]
    return None


def _with_lost(module: tree.Module, *names: str) -> tree.Module:
    return tree.Module(module.source, module.statements, module.comments, module.lost | set(names))


def _a(word: str) -> str:
    return f"{'an' if word[:1] in 'aeio' else 'a'} {word}"


def _words_used(module: tree.Module) -> Iterator[str]:
    """The first word of every path of a file, its kinds and its unit words."""
    waiting: list[Any] = [s for s in module.statements if not isinstance(s, tree.Use)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tree.Path):
            yield one.parts[0]
        elif isinstance(one, tuple):
            waiting += one
        elif is_dataclass(one) and not isinstance(one, type):
            if isinstance(one, tree.InstanceDeclaration):
                yield one.kind
            elif isinstance(one, tree.TypeName):
                yield one.word
            if not isinstance(one, Span | SourceFile):
                waiting += [
                    getattr(one, f.name)
                    for f in fields(one)
                    if f.name not in ("span", "name_span", "part_spans")
                ]
