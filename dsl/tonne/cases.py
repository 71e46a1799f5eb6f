"""Cases: the file with some of its fields bound anew, as if it were edited by hand.

A case is resolved, built and evaluated like the file itself; nothing is shared but the draws, which go by the names of the
assumptions. What is wrong with a case and not with the file says in which case it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tonne.build import build
from tonne.diagnostic import Diagnostic
from tonne.model import Model
from tonne.names import Project, Study
from tonne.once import double_counting
from tonne.periods import stale_sources
from tonne.ranges import of_numbers
from tonne.resolve import resolve
from tonne.syntax import tree
from tonne.values import Record, Unprinted, replace


class CheckedCase(Unprinted, Record, frozen=True, eq=False):
    """A case with its model; None where it could not be read."""

    name: str
    title: str | None
    declaration: tree.Case
    model: Model | None


def checked_cases(
    project: Project, path: Path, overrides: Sequence[str], text: str | None, of_file: Iterable[Diagnostic]
) -> tuple[list[CheckedCase], list[Diagnostic]]:
    """The cases of a file, and what is wrong with them that is not wrong with the file."""
    cases: list[CheckedCase] = []
    found: list[Diagnostic] = []
    known = list(of_file)
    for study in studies(project, tree.Case):
        declaration = study.declaration
        assert isinstance(declaration, tree.Case)
        model, said = variant(path, overrides, text, declaration.rebindings)
        found += only_of(f"case `{study.name}`", said, known)
        cases.append(CheckedCase(study.name, declaration.title, declaration, model))
    return cases, found


def variant(
    path: Path,
    overrides: Sequence[str],
    text: str | None,
    rebindings: Sequence[tree.Rebinding],
    asked: Sequence[tree.Statement] | None = None,
) -> tuple[Model | None, list[Diagnostic]]:
    """The model of a file with fields bound anew, and all that is found in it. `asked` as for `build`."""
    project, found = resolve(path, overrides, text, rebindings)
    if project is None:
        return None, found
    model, more = build(project, asked)
    return model, [*found, *more, *of_numbers(model), *double_counting(model), *stale_sources(model)]


def only_of(what: str, found: Iterable[Diagnostic], known: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What is found in a study alone, with a note that says where."""
    seen = {_key(one) for one in known}
    for one in found:
        if _key(one) not in seen:
            seen.add(_key(one))
            yield replace(one, notes=(*one.notes, f"in the {what}"))


def _key(one: Diagnostic) -> tuple[str, str, int, int]:
    return one.code, one.span.source.name, one.span.start, one.span.end


def studies(project: Project, kind: type) -> Iterator[Study]:
    """The cases or the sweeps of the file itself, in its order."""
    for symbol in project.entry.symbols.values():
        if isinstance(symbol, Study) and symbol.scope is project.entry and isinstance(symbol.declaration, kind):
            yield symbol
