"""Names: what each name of a scenario stands for.

`resolve` takes a path and gives a `Project`: every file read, units in one table, kinds with typed fields, instances
with the bindings that they have after `like` and `without`, and a scope a file. Expressions are not looked at here
except for the names that they use; that is `tonne.lower`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tonne import library
from tonne.diagnostic import Applicability, Diagnostic, Fix, Label, diagnostic
from tonne.files import Files, named_in_library, read_setting
from tonne.kinds import Kinds, core_kinds, unknown_kind
from tonne.limits import MOST_ERRORS
from tonne.names import (
    Binding,
    Instance,
    Let,
    Project,
    Scope,
    Study,
    Symbol,
    closest,
    defined_twice,
    did_you_mean,
    with_article,
)
from tonne.order import is_circular, strongly_connected
from tonne.source import Span
from tonne.syntax import tree
from tonne.syntax.keywords import KEYWORDS
from tonne.units import unit_table
from tonne.values import replace


def resolve(
    path: Path,
    overrides: Sequence[str] = (),
    text: str | None = None,
    study: Sequence[tree.Rebinding] = (),
    trees: Mapping[Path, tree.Module] | None = None,
) -> tuple[Project | None, list[Diagnostic]]:
    """A file with all that it uses; `overrides` are `PATH=VALUE` texts that rebind fields and lets.

    `text`, where it is given, stands for what the file holds. `study` are rebindings that a case or a sweep of the file
    makes, over those of `overrides`; `trees` are those of files that were read already.

    Always returns; the project is None only when the file itself cannot be read.
    """
    root = library.project_root(path)
    settings, found = library.read_settings(root)
    rebindings: list[tree.Rebinding] = []
    for setting in overrides:
        rebinding, problems = read_setting(setting)
        found += problems
        rebindings += [rebinding] if rebinding is not None else []
    rebindings += study
    files = Files(root, settings, found, trees or {})
    modules = [named[0] for r in rebindings if (named := named_in_library(r)) is not None]
    entry = files.load(path, modules, text)
    if entry is None:
        return None, found
    return _Resolver(files, found).project(entry, rebindings), found


class _Resolver:
    def __init__(self, files: Files, found: list[Diagnostic]) -> None:
        self.files = files
        self.found = found

    def project(self, entry: Scope, rebindings: Sequence[tree.Rebinding]) -> Project:
        scopes = self.files.scopes
        declarations = tuple(
            statement
            for scope in scopes
            for statement in scope.module.statements
            if isinstance(statement, tree.UnitDeclaration | tree.DimensionDeclaration)
        )
        units = unit_table(declarations, frozenset(word for scope in scopes for word in _lost_units(scope)))
        self.found += units.found
        self._see_units(scopes)
        Kinds(self.files, units, self.found).make(None if entry in self.files.core else core_kinds(units))
        for scope in scopes:
            self._symbols(scope)
        self._imports(scopes)
        self._instances(scopes, self._overrides(entry, rebindings))
        for scope in scopes:
            scope.bibliography = self.files.bibliography(scope)
            if not scope.is_library or scope is entry:
                self._unused(scope)
        excluded = tuple(s for s in entry.module.statements if isinstance(s, tree.Excluded))
        return Project(entry, tuple(scopes), units, self.files.settings, self.files.root, excluded)

    def _see_units(self, scopes: list[Scope]) -> None:
        """A file sees the units of the core, its own, and those that it names in a `use`."""
        for scope in scopes:
            scope.visible = [scope, *self.files.core]
            for use, used in self.files.uses(scope):
                if used is not None and not _units_of(used).isdisjoint(name for name, _ in use.names):
                    scope.visible.append(used)

    # ── names of a file ──

    def _symbols(self, scope: Scope) -> None:
        for statement in scope.module.statements:
            if isinstance(statement, tree.Let):
                self._define(scope, Let(statement.name, statement, scope, statement.value, scope), statement.name_span)
            elif isinstance(statement, tree.Sweep | tree.Case | tree.Optimum):
                self._define(scope, Study(statement.name, statement, scope), statement.name_span)
            elif isinstance(statement, tree.InstanceDeclaration):
                kind = scope.kinds.get(statement.kind)
                if kind is None:
                    unknown_kind(self.found, statement.kind, statement.kind_span, scope, list(scope.kinds))
                    scope.lost.add(statement.name)
                else:
                    self._define(scope, Instance(statement.name, kind, statement, scope), statement.name_span)

    def _imports(self, scopes: list[Scope]) -> None:
        own = {scope: dict(scope.symbols) for scope in scopes}
        for scope in scopes:
            for use, used in self.files.uses(scope):
                if used is None:  # what a file that cannot be read would have given is not missed twice
                    scope.lost.update(name for name, _ in use.names)
                    continue
                others = {*used.kinds, *_units_of(used)}
                for name, span in use.names:
                    symbol = own[used].get(name)
                    if symbol is not None:
                        self._define(scope, symbol, span)
                    elif name not in others:
                        if name not in used.lost and len(self.found) <= MOST_ERRORS:
                            help, fix = did_you_mean(name, [*own[used], *used.kinds], span)
                            if (module := library.module_of(name)) is not None:  # a name of the library, elsewhere
                                help, fix = f"write `use {module} {{ {name} }}`", None
                            title = f"`{use.target}` has nothing called `{name}`"
                            self.found.append(diagnostic("N111", title, span, help=help, fix=fix))
                        scope.lost.add(name)

    def _define(self, scope: Scope, symbol: Symbol, span: Span) -> None:
        first = scope.symbols.get(symbol.name)
        if first is None:
            scope.symbols[symbol.name] = symbol
        elif first is not symbol:
            first_span = first.declaration.name_span
            self._twice(f"`{symbol.name}`", span, first_span, "; to vary it use `like` or `sweep`")

    def _twice(self, what: str, again: Span, first: Span, more: str = "") -> None:
        self.found.append(defined_twice(what, again, first, more))

    # ── instances ──

    def _overrides(self, entry: Scope, overrides: Sequence[tree.Rebinding]) -> dict[Instance, list[Binding]]:
        """The bindings of the command line, by instance; a `let` is replaced at once."""
        bindings: dict[Instance, list[Binding]] = {}
        for one in overrides:
            scope = Scope(entry.module, entry.is_library, dict(entry.symbols), entry.kinds, entry.visible)
            one = self._from_library(one, scope)
            parts, spans = one.path.parts, one.path.part_spans
            symbol = entry.symbols.get(parts[0])
            is_list = isinstance(symbol, Let) and isinstance(symbol.value, tree.ListOf)
            if is_list and not isinstance(one.value, tree.ListOf):
                title = f"`{one.path}` is a list; this is a value"
                self.found.append(diagnostic("N119", title, one.value.span, help="name instances: `[a, b]`"))
            elif isinstance(symbol, Let) and len(parts) == 1 and not isinstance(one.value, tree.Text):
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
                    diagnostic("N111", title, one.path.span, help="name a field as in `pretrain.pue`, or a `let`")
                )
        return bindings

    def _from_library(self, one: tree.Rebinding, scope: Scope) -> tree.Rebinding:
        """`grids.us.quebec` as a value: one name, which the scope then knows."""
        named = named_in_library(one)
        used = self.files.library(named[0]) if named else None
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
            help, _ = did_you_mean(name, used.symbols, expr.span)
            if (elsewhere := library.module_of(name)) is not None:
                help = f"write `{elsewhere}.{name}`"
            self.found.append(diagnostic("N111", f"`{module}` has nothing called `{name}`", expr.span, help=help))
            scope.lost.add(expr.parts[0])
            return one
        dotted = f"{module}.{name}"
        scope.symbols[dotted] = symbol
        spans = expr.part_spans[-len(rest) - 1 :]
        value = replace(one.value, expr=tree.Path((dotted, *rest), expr.span, spans))
        return replace(one, value=value)

    def _instances(self, scopes: list[Scope], overrides: dict[Instance, list[Binding]]) -> None:
        instances = [
            s for scope in scopes for s in scope.symbols.values() if isinstance(s, Instance) and s.scope is scope
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
                        f"`{like}` is a {original.kind.name}; {with_article(instance.kind.name)} is needed",
                        like.span,
                        help=f"copy {with_article(instance.kind.name)}",
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
        if like.parts[0] in instance.scope.lost or len(self.found) > MOST_ERRORS:
            return
        names = [n for n, s in instance.scope.symbols.items() if isinstance(s, Instance) and s is not instance]
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
        instance.partly_read = instance.declaration.partly_read or (original is not None and original.partly_read)
        if original is not None:
            bindings.update(original.bindings)
        for without in instance.declaration.without:
            for name, span in without.names:
                if name not in instance.kind.fields:
                    self._unknown_field(instance, name, span)
                elif name not in bindings:
                    copied = f"`{original.name}` does not give it" if original else "nothing is copied here"
                    self.found.append(diagnostic("N112", f"there is no `{name}` to let go of", span, help=copied))
                else:
                    del bindings[name]
        own: dict[str, Binding] = {}
        for one in instance.declaration.bindings:
            found = instance.kind.fields.get(one.name)
            if found is None:
                instance.partly_read = True
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
        if name in KEYWORDS or name in instance.kind.scope.lost or len(self.found) > MOST_ERRORS:
            return  # enough is wrong, or it is reported as a word of the language, or its line in the kind could not be read
        names = list(instance.kind.fields)
        near = closest(name, names)
        line = instance.kind.fields[near].declaration.name_span if near else None
        help, fix = did_you_mean(name, names, span)
        others = [k.name for k in instance.scope.kinds.values() if name in k.fields]
        if not help:
            help = f"{with_article(others[0])} has `{name}`" if others else f"it has: {', '.join(names)}"
        kind = instance.kind
        labels = [Label(span, f"no field of {with_article(kind.name)}")] + (
            [Label(line, "declared here")] if line else []
        )
        self.found.append(diagnostic("N112", f"{with_article(kind.name)} has no `{name}`", *labels, help=help, fix=fix))

    # ── the rest of a file ──

    def _unused(self, scope: Scope) -> None:
        used = _imported_and_used(scope.module)
        for statement in scope.module.statements:
            if not isinstance(statement, tree.Use):
                continue
            unused = [n for n, _ in statement.names if n not in used and n in scope.symbols]
            for index, (name, span) in enumerate(statement.names):
                if name in unused:
                    title = f"`{name}` is imported but not used"
                    fix = _without_name(statement, None if len(unused) == len(statement.names) else index)
                    self.found.append(diagnostic("N115", title, span, help="remove it", fix=fix))


def _without_name(use: tree.Use, index: int | None) -> Fix:
    """A `use` without one of its names, or without all of them: then its line goes too, if nothing else is on it."""
    source, names = use.span.source, use.names
    if index is None:
        text, target = source.text, use.target_span.start
        start = text.rfind("use", 0, target)
        brace = _CLOSING_BRACE.match(text, names[-1][1].end)
        end = brace.end() if brace else names[-1][1].end
        rest = _REST_OF_LINE.match(text, end)
        alone = rest is not None and not text[text.rfind("\n", 0, start) + 1 : start].strip()
        return Fix(Span(source, start, rest.end() if rest and alone else end), "", Applicability.CERTAIN)
    here = names[index][1]
    span = Span(source, names[index - 1][1].end, here.end) if index else Span(source, here.start, names[1][1].start)
    return Fix(span, "", Applicability.CERTAIN)


def _lost_units(scope: Scope) -> set[str]:
    """The units whose lines could not be read."""
    return scope.lost & set(_UNIT_LINE.findall(scope.source.text)) - _units_of(scope) if scope.lost else set()


def _units_of(scope: Scope) -> set[str]:
    return {s.word for s in scope.module.statements if isinstance(s, tree.UnitDeclaration)}


_UNIT_LINE = re.compile(r"^[ \t]*unit[ \t]+([^\W\d]\w*)", re.MULTILINE)
_CLOSING_BRACE = re.compile(r"(?:[\s,]|#[^\n]*)*\}")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\n|$)")
_WORD = re.compile(r'"(?:\\.|[^"\\\n])*"?|#[^\n]*|[^\W\d]\w*')


def _imported_and_used(module: tree.Module) -> set[str]:
    """Words that stand in a file more often than its `use` statements name them."""
    words = Counter(w for w in _WORD.findall(module.source.text) if w[0] not in '"#')
    words.subtract(name for s in module.statements if isinstance(s, tree.Use) for name, _ in s.names)
    return {word for word, count in words.items() if count > 0}
