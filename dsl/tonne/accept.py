"""`allow CODE "why"`: a warning, note or verdict that the author of a line accepts there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tonne.catalogue import CATALOGUE
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.names import Project, closest
from tonne.source import Span
from tonne.syntax import tree

# These follow from several lines of an instance, so that an `allow` on any of its lines is enough.
_OF_THE_WHOLE = ("V226", "V228")


def _allowances(project: Project) -> Iterator[tuple[Span, tree.Allow]]:
    """Each clause with the line that it stands on."""
    for scope in project.scopes:
        for statement in scope.module.statements:
            if isinstance(statement, tree.InstanceDeclaration):
                for binding in statement.bindings:
                    if isinstance(binding.value, tree.Value) and binding.value.allow is not None:
                        yield binding.span, binding.value.allow
                        if binding.value.allow.code in _OF_THE_WHOLE:
                            yield statement.name_span.to(statement.bindings[-1].span), binding.value.allow
            elif isinstance(statement, tree.Case):
                for rebinding in statement.rebindings:
                    if isinstance(rebinding.value, tree.Value) and rebinding.value.allow is not None:
                        yield rebinding.span, rebinding.value.allow
            elif isinstance(statement, tree.Let) and isinstance(statement.value, tree.Value):
                if statement.value.allow is not None:
                    yield statement.span, statement.value.allow
            elif isinstance(statement, tree.Claim) and statement.allow is not None:
                yield statement.span.to(statement.allow.span), statement.allow


def without_accepted(project: Project, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings but for those, other than errors, that an `allow` on one of their lines accepts."""
    accepted: dict[str, list[Span]] = {}
    for line, allow in _allowances(project):
        accepted.setdefault(allow.code, []).append(line)
    return [one for one in found if one.is_error or not _is_accepted(one, accepted.get(one.code, []))]


def _is_accepted(one: Diagnostic, lines: list[Span]) -> bool:
    return any(
        label.span.source is line.source and line.start <= label.span.start <= line.end
        for label in one.labels
        for line in lines
    )


def unknown_codes(project: Project) -> Iterator[Diagnostic]:
    """N111 for an `allow` of a code that there is not, or of an error, which cannot be allowed."""
    for _, allow in _allowances(project):
        entry = CATALOGUE.get(allow.code)
        if entry is None:
            near = closest(allow.code, CATALOGUE)
            help = f"did you mean `{near}`?" if near else "the codes are in docs/errors"
            yield diagnostic("N111", f"no diagnostic is called `{allow.code}`", allow.span, help=help)
        elif entry.severity == "error":
            yield diagnostic(
                "N111", f"`{allow.code}` is an error and cannot be allowed", allow.span, help="mend the line"
            )
