"""Where numbers are from: every bound number cites a source or says that it is assumed."""

from __future__ import annotations

from collections.abc import Iterator

from tonne.citations import library_bibliography
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.files import ALL_SOURCES
from tonne.names import Project, Scope, did_you_mean
from tonne.syntax import tree
from tonne.syntax.walk import within


def check_provenance(project: Project) -> list[Diagnostic]:
    """P301 for each bound number without a source, P302 for each key that is in no bibliography.

    The standard library's files are looked at when they are the file that was asked for.
    """
    found: list[Diagnostic] = []
    for scope in project.scopes:
        if not scope.is_library or scope is project.entry:
            found += _unsourced(scope)
            found += _unknown_sources(scope)
    return found


def _unsourced(scope: Scope) -> Iterator[Diagnostic]:
    for statement in scope.module.statements:
        if isinstance(statement, tree.InstanceDeclaration):
            kind = scope.kinds.get(statement.kind)
            fields_of_kind = kind.fields if kind is not None else {}
            quantities = {n for n, f in fields_of_kind.items() if f.is_quantity}
            values = [b.value for b in statement.bindings if b.name in quantities]
        elif isinstance(statement, tree.KindDeclaration):
            values = [v for f in statement.fields for v in f.alternatives if isinstance(v.expr, tree.Number)]
        else:
            continue
        for value in values:
            if isinstance(value, tree.Value) and value.provenance is None:
                number = next(_numbers(value), None)
                if number is not None:
                    text = number.span.text
                    yield diagnostic(
                        "P301",
                        f"{text} has neither `from` nor `assumed`",
                        number.span,
                        help='cite it, or say `assumed "why"`',
                    )


def _numbers(value: tree.Value) -> Iterator[tree.Number]:
    """The numbers of a bound value, in the order in which they stand; `1 param` in a quotient is no assumption."""
    for one in within(value.expr):
        if isinstance(one, tree.Number) and (one is value.expr or not (one.whole and one.value == 1)):
            yield one


def _unknown_sources(scope: Scope) -> Iterator[Diagnostic]:
    if ALL_SOURCES in scope.lost:
        return
    own = scope.bibliography.entries if scope.bibliography else {}
    for citation in citations(scope.module.statements):
        if scope.bibliography is not None and citation.key in scope.bibliography.lost:
            continue
        if citation.key in own or citation.key in library_bibliography().entries:
            continue
        help, fix = did_you_mean(citation.key, [*own, *library_bibliography().entries], citation.span)
        yield diagnostic(
            "P302",
            f"no source is called `{citation.key}`",
            citation.span,
            help=help or 'name a `bibliography "….bib"` that has it, or write `from "free text"`',
            fix=fix,
        )


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
            yield one.usual.provenance if one.usual else None
    elif isinstance(statement, tree.Case):
        yield from (r.value.provenance for r in statement.rebindings if isinstance(r.value, tree.Value | tree.Text))
    elif isinstance(statement, tree.Let):
        yield statement.value.provenance if isinstance(statement.value, tree.Value) else None
    elif isinstance(statement, tree.UnitDeclaration | tree.Require | tree.Claim | tree.Correlate | tree.Excluded):
        yield statement.provenance
