"""Where numbers are from: every bound number cites a source or says that it is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from tonne.citations import library_bibliography
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.files import ALL_SOURCES
from tonne.limits import MOST_ERRORS
from tonne.names import Project, Scope, did_you_mean
from tonne.source import Span
from tonne.syntax import tree
from tonne.syntax.walk import within

# Lines that are named for one mistake.
MOST_LINES = 8


def check_provenance(project: Project) -> list[Diagnostic]:
    """P301 for each bound number without a source, P302 for each key that is in no bibliography.

    The standard library's files are looked at when they are the file that was asked for.
    """
    found: list[Diagnostic] = []
    for scope in project.scopes:
        if not scope.is_library or scope is project.entry:
            found += _unsourced(scope)
            found += islice(_unknown_sources(scope), MOST_ERRORS)
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
    own = scope.bibliography.entries if scope.bibliography else {}
    lost = scope.bibliography.lost if scope.bibliography else frozenset()
    places: dict[str, list[Span]] = {}
    for citation in citations(scope.module.statements):
        if citation.key not in own and citation.key not in library_bibliography().entries and citation.key not in lost:
            places.setdefault(citation.key, []).append(citation.span)
    for key, (first, *others) in places.items():  # one mistake, however often it is cited
        help, fix = did_you_mean(key, [*own, *library_bibliography().entries], first)
        yield diagnostic(
            "P302",
            f"no source is called `{key}`",
            first,
            help=help or 'name a `bibliography "….bib"` that has it, or write `from "free text"`',
            notes=[f"cited too at {_lines(others)}"] if others else [],
            fix=fix,
        )


def _lines(spans: list[Span]) -> str:
    """Where they stand, in words; of many only the first."""
    numbers = list(dict.fromkeys(str(span.line) for span in spans))
    if len(numbers) > MOST_LINES:
        return f"lines {', '.join(numbers[:MOST_LINES])} and {len(numbers) - MOST_LINES} more"
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def citations(statements: tuple[tree.Statement, ...]) -> Iterator[tree.Citation]:
    """Every key that statements cite, in the order in which they stand."""
    for statement in statements:
        for provenance in _provenances(statement):
            if provenance is not None:
                yield from provenance.citations


def _provenances(statement: tree.Statement) -> Iterator[tree.Provenance | None]:
    """The clauses of a statement, wherever in it one may stand."""
    if isinstance(statement, tree.InstanceDeclaration):
        yield from (b.value.provenance for b in statement.bindings if isinstance(b.value, tree.Value | tree.Text))
    elif isinstance(statement, tree.KindDeclaration):
        for one in statement.fields:
            yield from (v.provenance for v in one.alternatives)
            yield from (usual.provenance for usual in one.usual)
    elif isinstance(statement, tree.Case):
        yield from (r.value.provenance for r in statement.rebindings if isinstance(r.value, tree.Value | tree.Text))
    elif isinstance(statement, tree.Let):
        yield statement.value.provenance if isinstance(statement.value, tree.Value) else None
    elif isinstance(statement, tree.UnitDeclaration | tree.Require | tree.Claim | tree.Correlate | tree.Excluded):
        yield statement.provenance
