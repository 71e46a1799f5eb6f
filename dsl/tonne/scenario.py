"""A scenario, read, checked and evaluated: the whole pipeline in one call that always returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tonne import library
from tonne.accept import unknown_codes, without_accepted
from tonne.build import build
from tonne.cases import Budget, CheckedCase, Source, checked_cases, only_of
from tonne.diagnostic import Diagnostic, diagnostic, in_file_order, with_severities
from tonne.files import SETTING
from tonne.left_out import left_out
from tonne.limits import MOST_ERRORS
from tonne.model import Model
from tonne.names import Project
from tonne.once import double_counting
from tonne.periods import stale_sources
from tonne.provenance import check_provenance
from tonne.ranges import of_numbers
from tonne.resolve import resolve
from tonne.source import Span
from tonne.sweeps import Sweep, checked_sweeps
from tonne.syntax import tree

if TYPE_CHECKING:
    from tonne.draw_options import Request
    from tonne.run import Run
    from tonne.sampling import Sampled
    from tonne.verdict import Verdict

# What is said of a requirement.
OF_REQUIREMENTS = ("C401", "C404")


@dataclass(frozen=True, eq=False, repr=False)
class Checked:
    """What `check` gives: the model of a file, as far as it could be made, and what was found."""

    path: Path
    project: Project | None
    model: Model | None
    diagnostics: tuple[Diagnostic, ...]
    cases: tuple[CheckedCase, ...] = ()
    sweeps: tuple[Sweep, ...] = ()

    @property
    def has_errors(self) -> bool:
        return any(d.is_error for d in self.diagnostics)

    @property
    def files(self) -> set[Path]:
        """The files of the project that this rests on, those that it names and are not there among them."""
        root = library.project_root(self.path) if self.project is None else self.project.root
        files = {self.path.resolve(), root / library.SETTINGS}
        for scope in self.project.scopes if self.project is not None else ():
            if scope.is_library or scope.source.path is None:
                continue
            files.add(scope.source.path.resolve())
            for statement in scope.module.statements:
                if isinstance(statement, tree.Bibliography):
                    files |= library.files_meant(statement.path, scope.source.path, root)
                elif isinstance(statement, tree.Use) and statement.is_file:
                    files |= library.files_meant(statement.target, scope.source.path, root)
        return files


def check(
    path: Path,
    overrides: Sequence[str] = (),
    text: str | None = None,
    limit: int | None = None,
    only_sweep: str | None = None,
) -> Checked:
    """Reads and checks a file with all that it uses.

    `overrides` are `PATH=VALUE` texts, as for `--set`; `text`, where it is given, stands for what the file holds. `limit` is
    of the points of a sweep, over that of the settings; of several sweeps `only_sweep` alone is looked at, if there is one
    of this name.
    """
    project, found = resolve(path, overrides, text)
    if project is None:
        return Checked(path, None, None, tuple(in_file_order(found)))
    model, more = build(project)
    if not project.entry.module.statements and not found:
        more = [*more, _nothing(project)]
    found = [
        *found,
        *more,
        *of_numbers(model),
        *double_counting(model),
        *left_out(model),
        *stale_sources(model),
        *check_provenance(project),
        *islice(unknown_codes(project), MOST_ERRORS),
    ]
    budget = Budget(model)
    trees = {s.source.path.resolve(): s.module for s in project.scopes if s.source.path is not None}
    source = Source(path, tuple(overrides), text, trees)
    cases, of_cases = checked_cases(project, source, found, budget)
    sweeps, of_sweeps = checked_sweeps(project, source, found, budget, limit, only_sweep)
    return Checked(path, project, model, _final(project, [*found, *of_cases, *of_sweeps]), tuple(cases), tuple(sweeps))


def _nothing(project: Project) -> Diagnostic:
    """A file without a statement, such as a Markdown file without a fence."""
    source = project.entry.source
    at = len(source.text) - len(source.text.lstrip())
    is_markdown = source.path is not None and source.path.suffix == ".md"
    help = "statements stand in fences that begin with ```tonne" if is_markdown else "for example `run pretrain { … }`"
    return diagnostic("S111", f"`{source.name}` has no statement", Span(source, at, at), help=help)


def _undecided(span: Span) -> Diagnostic:
    help = "please report this: a requirement is open only beside an error"
    return diagnostic("C401", "whether this holds is not decided", span, help=help)


def _final(project: Project, found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Findings in file order, the file itself first, without those that its author accepts."""
    kept = without_accepted(project, with_severities(found, project.settings.severities))
    entry = project.entry.source
    return tuple(sorted(in_file_order(kept), key=lambda d: (d.span.source.name != SETTING, d.span.source is not entry)))


@dataclass(frozen=True, eq=False, repr=False)
class EvaluatedCase:
    """A case with its values and the verdicts of the requirements in it."""

    checked: CheckedCase
    run: Run
    requirements: list[Verdict]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def name(self) -> str:
        return self.checked.name


@dataclass(frozen=True, eq=False, repr=False)
class Evaluated:
    """What `evaluate` gives; `run` is None only when the file could not be read. `sampled` is None without sampling."""

    checked: Checked
    run: Run | None
    requirements: list[Verdict]
    claims: list[Verdict]
    diagnostics: tuple[Diagnostic, ...]
    cases: tuple[EvaluatedCase, ...] = ()
    sampled: Sampled | None = None


def _sampled(run: Run, cases: dict[str, Run], request: Request | None) -> tuple[Sampled | None, list[Diagnostic]]:
    """What is drawn, if somebody or a file asks for it."""
    if not (request is not None and request.is_asked) and not any(one.asks_for_draws for one in (run, *cases.values())):
        return None, []
    from tonne.sample_runs import sample_runs

    return sample_runs(run, cases, request)


def evaluate(path: Path, overrides: Sequence[str] = (), sampling: Request | None = None) -> Evaluated:
    """Checks and evaluates a file; values that rest on an error are left out, the others are given."""
    return evaluate_checked(check(path, overrides), sampling)


def evaluate_checked(checked: Checked, sampling: Request | None = None) -> Evaluated:
    """Evaluates what was checked, without reading a file again; its cases too.

    `sampling` asks for draws; a file that itself asks about draws is sampled without it, as the project's settings say.
    """
    from tonne.evaluate import evaluate as evaluate_model
    from tonne.evaluate import findings
    from tonne.verdict import Outcome, judge

    mistyped = any(d.is_error and d.span.source.name == SETTING for d in checked.diagnostics)
    if checked.model is None or checked.project is None or mistyped:  # the answer to another question is none
        return Evaluated(checked, None, [], [], checked.diagnostics)
    run, found = evaluate_model(checked.model)
    runs = [(case, *evaluate_model(case.model)) for case in checked.cases if case.model is not None]
    sampled, wrong = _sampled(run, {case.name: one for case, one, _ in runs}, sampling)
    found = [*checked.diagnostics, *found, *findings(run), *wrong]
    requirements, claims, verdicts = judge(run)
    found += verdicts
    cases = []
    for case, one, said in runs:
        required, _, missed = judge(one)
        said = [*said, *findings(one), *(d for d in missed if d.code in OF_REQUIREMENTS)]
        found += only_of(f"case `{case.name}`", said, found)
        cases.append(EvaluatedCase(case, one, required, _final(checked.project, [*said])))
    if not any(d.is_error for d in found):  # a budget that nothing decides does not pass
        open_ = [v for vs in (requirements, *(c.requirements for c in cases)) for v in vs]
        found += [_undecided(v.statement.span) for v in open_ if v.outcome is Outcome.NOT_DECIDED]
    return Evaluated(checked, run, requirements, claims, _final(checked.project, found), tuple(cases), sampled)
