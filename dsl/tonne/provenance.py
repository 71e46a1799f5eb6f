"""Where numbers are from: every bound number cites a source or says that it is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from tonne.catalogue import Severity
from tonne.citations import Source
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.files import ALL_SOURCES
from tonne.limits import MOST_ERRORS
from tonne.names import Project, Scope, did_you_mean
from tonne.source import Span
from tonne.syntax import tree
from tonne.syntax.walk import within
from tonne.values import replace

# Lines that are named for one mistake.
MOST_LINES = 8
# Fields that say what a source is.
TITLES = ("title", "booktitle", "maintitle")


def check_provenance(project: Project) -> list[Diagnostic]:
    """P301 for each bound number without a source, P302 for each key that is in no bibliography, P303 for each that
    leads to an entry without a title and without an address; P307 once more, as an error, for each that cannot be read.

    The standard library's files are looked at when they are the file that was asked for.
    """
    found: list[Diagnostic] = []
    for scope in project.scopes:
        if not scope.is_library or scope is project.entry:
            found += _unsourced(scope)
            found += islice(_unknown_sources(scope), MOST_ERRORS)
            found += islice(_unreadable_sources(scope), MOST_ERRORS)
            found += _bare_sources(scope)
    return found


def _unsourced(scope: Scope) -> Iterator[Diagnostic]:
    for statement in scope.module.statements:
        if isinstance(statement, tree.InstanceDeclaration):
            kind = scope.kinds.get(statement.kind)
            fields_of_kind = kind.fields if kind is not None else {}
            quantities = {n for n, f in fields_of_kind.items() if f.is_quantity}
            values: list[object] = [b.value for b in statement.bindings if b.name in quantities]
        elif isinstance(statement, tree.Case):
            values = [r.value for r in statement.rebindings if len(r.path.parts) > 1]
        elif isinstance(statement, tree.KindDeclaration):
            values = [v for f in statement.fields for v in f.alternatives if isinstance(v.expr, tree.Number)]
        else:
            continue
        for value in values:
            if isinstance(value, tree.Value) and _says_nothing(value.provenance):
                number = next(_numbers(value), None)
                if number is not None:
                    text = number.span.text
                    yield diagnostic(
                        "P301",
                        f"{text} has neither `from` nor `assumed`",
                        number.span,
                        help='cite it, or say `assumed "why"`',
                    )


def _says_nothing(one: tree.Provenance | None) -> bool:
    """Whether a line has no provenance, or one without a word in it."""
    return one is None or not (one.citations or (one.described or "").strip() or (one.assumed or "").strip())


def _numbers(value: tree.Value) -> Iterator[tree.Number]:
    """The numbers of a bound value, in the order in which they stand; `1 param` in a quotient is no assumption."""
    for one in within(value.expr):
        if isinstance(one, tree.Number) and (one is value.expr or not (one.whole and one.value == 1)):
            yield one


def _unknown_sources(scope: Scope) -> Iterator[Diagnostic]:
    if ALL_SOURCES in scope.lost:
        return
    known = scope.sources
    lost = scope.unreadable
    places: dict[str, list[Span]] = {}
    for citation in citations(scope.module.statements):
        if citation.key not in known and citation.key not in lost:
            places.setdefault(citation.key, []).append(citation.span)
    for key, (first, *others) in places.items():  # one mistake, however often it is cited
        help, fix = did_you_mean(key, [*(scope.bibliography.entries if scope.bibliography else ()), *known], first)
        yield diagnostic(
            "P302",
            f"no source is called `{key}`",
            first,
            help=help or 'name a `bibliography "….bib"` that has it, or write `from "free text"`',
            notes=[f"cited too at {_lines(others)}"] if others else [],
            fix=fix,
        )


def _unreadable_sources(scope: Scope) -> Iterator[Diagnostic]:
    """An entry that nobody cites may be broken; a number whose source cannot be read has none."""
    for key in dict.fromkeys(citation.key for citation in citations(scope.module.statements)):
        why = scope.unreadable.get(key)
        if why is not None and key not in scope.sources:
            yield replace(why, severity=Severity.ERROR)


def _bare_sources(scope: Scope) -> Iterator[Diagnostic]:
    cited = dict.fromkeys(citation.key for citation in citations(scope.module.statements))
    for key in cited:
        entry = scope.bibliography.entries.get(key) if scope.bibliography else None
        if entry is not None and not any(entry.fields.get(name) for name in TITLES) and not _has_link(entry):
            title = f"source `{key}` has neither title nor url"
            yield diagnostic("P303", title, entry.span, help="add `title = {…}`, or its `doi`, `eprint` or `url`")


def _has_link(entry: Source) -> bool:
    from tonne.bibliography import links

    return bool(links(entry))


def _lines(spans: list[Span]) -> str:
    """Where they stand, in words; of many only the first."""
    numbers = list(dict.fromkeys(str(span.line) for span in spans))
    if len(numbers) > MOST_LINES:
        return f"lines {', '.join(numbers[:MOST_LINES])} and {len(numbers) - MOST_LINES} more"
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def citations(statements: tuple[tree.Statement, ...]) -> Iterator[tree.Citation]:
    """Every key that statements cite, in the order in which they stand."""
    for statement in statements:
        for clause in clauses(statement):
            if clause.provenance is not None:
                yield from clause.provenance.citations


class Clause(NamedTuple):
    """What a clause is about: a name such as `pretrain.tokens`, what is said of it and where, and where that is from."""

    name: str
    span: Span
    provenance: tree.Provenance | None


def clauses(statement: tree.Statement) -> Iterator[Clause]:
    """The clauses of a statement, wherever in it one may stand."""
    if isinstance(statement, tree.InstanceDeclaration):
        yield from (_clause(f"{statement.name}.{b.name}", b.value) for b in statement.bindings)
    elif isinstance(statement, tree.KindDeclaration):
        for one in statement.fields:
            name = f"{statement.name}.{one.name}"
            yield from (_clause(name, value) for value in one.alternatives)
            yield from (Clause(f"usual {name}", usual.range.span, usual.provenance) for usual in one.usual)
    elif isinstance(statement, tree.Case):
        yield from (_clause(f"{statement.name}: {r.path}", r.value) for r in statement.rebindings)
    elif isinstance(statement, tree.Let):
        yield _clause(statement.name, statement.value)
    elif isinstance(statement, tree.UnitDeclaration):
        definition = statement.definition.span if statement.definition is not None else statement.name_span
        yield Clause(f"unit {statement.word}", definition, statement.provenance)
    elif isinstance(statement, tree.Require | tree.Claim):
        word = "require" if isinstance(statement, tree.Require) else "claim"
        yield Clause(word, statement.test.span, statement.provenance)
    elif isinstance(statement, tree.Correlate):
        name = f"correlate {statement.left}, {statement.right}"
        yield Clause(name, statement.value.span, statement.provenance)
    elif isinstance(statement, tree.Excluded):
        yield Clause("excluded", statement.span, statement.provenance)


def _clause(name: str, value: tree.Value | tree.Text | tree.ListOf) -> Clause:
    if not isinstance(value, tree.Value):
        return Clause(name, value.span, value.provenance if isinstance(value, tree.Text) else None)
    return Clause(name, value.expr.span.to(value.spread.span) if value.spread else value.expr.span, value.provenance)
