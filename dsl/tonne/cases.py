"""Cases: the file with some of its fields bound anew, as if it were edited by hand.

A case is resolved, built and evaluated like the file itself; nothing is shared but the draws, which go by the names of the
assumptions. What is wrong with a case and not with the file says in which case it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tonne.build import build
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.left_out import left_out
from tonne.model import Model
from tonne.names import Project, Study, defined_twice
from tonne.once import double_counting
from tonne.periods import stale_sources
from tonne.ranges import of_numbers
from tonne.resolve import resolve
from tonne.syntax import tree
from tonne.values import Record, Unprinted, replace

# Cases and sweeps of one file.
MOST_STUDIES = 500


class Source(Unprinted, Record, frozen=True, eq=False):
    """What a study binds anew: a file, with what the command line sets and the text that stands for it.

    `trees` are those of the file and of all that it uses, which are not read again.
    """

    path: Path
    overrides: tuple[str, ...]
    text: str | None
    trees: dict[Path, tree.Module]


class CheckedCase(Unprinted, Record, frozen=True, eq=False):
    """A case with its model; None where something is wrong with it."""

    name: str
    title: str | None
    declaration: tree.Case
    model: Model | None


class Budget:
    """How many studies a file may have checked, and how many operations they may have together."""

    def __init__(self, model: Model) -> None:
        self.operations = model.project.settings.limits.nodes
        self.count = MOST_STUDIES
        self._is_over = False

    def spend(self, model: Model | None) -> None:
        self.count -= 1
        if model is not None:  # a file is looked through for each
            self.operations -= model.operations + len(model.project.entry.module.statements)

    def over(self, study: Study) -> list[Diagnostic] | None:
        """S109 for the first study that is over it, nothing for those after it; None while there is room."""
        if self.count > 0 and self.operations > 0:
            return None
        said = [] if self._is_over else [self._too_large(study)]
        self._is_over = True
        return said

    def _too_large(self, study: Study) -> Diagnostic:
        title, help = f"this scenario has more than {MOST_STUDIES} cases and sweeps", "move some to a file of their own"
        if self.count > 0:
            title, help = "the cases of this scenario have too many operations", "raise `[limits] nodes` in tonne.toml"
        return diagnostic("S109", title, study.declaration.name_span, help=help)


def checked_cases(
    project: Project, source: Source, of_file: Iterable[Diagnostic], budget: Budget
) -> tuple[list[CheckedCase], list[Diagnostic]]:
    """The cases of a file, and what is wrong with them that is not wrong with the file."""
    cases: list[CheckedCase] = []
    found: list[Diagnostic] = []
    known = list(of_file)
    for study in studies(project, tree.Case):
        declaration = study.declaration
        assert isinstance(declaration, tree.Case)
        over = budget.over(study)
        if over is not None:
            found += over
            break
        twice = list(_bound_twice(declaration))
        model, said = variant(source, declaration.rebindings)
        budget.spend(model)
        own = [*twice, *only_of(f"case `{study.name}`", said, known)]
        found += own
        is_wrong = any(d.is_error for d in own)
        cases.append(CheckedCase(study.name, declaration.title, declaration, None if is_wrong else model))
    return cases, found


def _bound_twice(case: tree.Case) -> Iterator[Diagnostic]:
    first: dict[str, tree.Rebinding] = {}
    for one in case.rebindings:
        before = first.setdefault(str(one.path), one)
        if before is not one:
            yield defined_twice(f"`{one.path}`", one.path.span, before.path.span)


def variant(
    source: Source, rebindings: Sequence[tree.Rebinding], asked: Sequence[tree.Statement] | None = None
) -> tuple[Model | None, list[Diagnostic]]:
    """The model of a file with fields bound anew, and all that is found in it. `asked` as for `build`."""
    project, found = resolve(source.path, source.overrides, source.text, rebindings, source.trees)
    if project is None:
        return None, found
    model, more = build(project, asked)
    return model, [*found, *more, *of_numbers(model), *double_counting(model), *left_out(model), *stale_sources(model)]


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
