"""`sweep` statements, checked: their axes, and the model in which each axis has its first value.

Takes a checked file; gives the sweeps that can be evaluated. Evaluates nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tonne.axes import Axis, axes_of, too_many
from tonne.cases import Budget, Source, only_of, studies, variant
from tonne.diagnostic import Diagnostic, diagnostic
from tonne.graph import Node
from tonne.model import Model
from tonne.names import Project
from tonne.ranges import bounds_left
from tonne.syntax import tree
from tonne.values import Record, Unprinted

# Combinations of choices, each a model of its own.
MOST_CHOICES = 10_000


class Sweep(Unprinted, Record, eq=False):
    """A sweep: its axes, and the model in which each has its first value, None where something is wrong."""

    declaration: tree.Sweep
    source: Source
    axes: list[Axis]
    first: Model | None

    @property
    def name(self) -> str:
        return self.declaration.name


def checked_sweeps(
    project: Project,
    source: Source,
    of_file: Sequence[Diagnostic],
    budget: Budget,
    limit: int | None = None,
    only: str | None = None,
) -> tuple[list[Sweep], list[Diagnostic]]:
    """The sweeps of a file, and what is wrong with them that is not wrong with the file; `limit` is of their points.

    Where one is called `only`, it is the only one.
    """
    made: list[Sweep] = []
    found: list[Diagnostic] = []
    sweeps = list(studies(project, tree.Sweep))
    for study in [one for one in sweeps if one.name == only] or sweeps:
        assert isinstance(study.declaration, tree.Sweep)
        over = budget.over(study)
        if over is not None:
            found += over
            break
        one, said = _checked(source, project, study.declaration, limit or project.settings.limits.points)
        found += only_of(f"sweep `{study.name}`", said, of_file)
        budget.spend(one.first)
        made.append(one)
    return made, found


def _checked(source: Source, project: Project, sweep: tree.Sweep, limit: int) -> tuple[Sweep, list[Diagnostic]]:
    axes, found = axes_of(project, sweep, limit)
    if not sweep.shows and not sweep.partly_read:
        title, help = f"`{sweep.name}` shows nothing", "add `show …`, the values that are to be compared"
        found.append(diagnostic("S101", title, sweep.name_span, help=help))
    combinations = math.prod(axis.size for axis in axes if axis.is_choice)
    if combinations > MOST_CHOICES:
        found.append(
            too_many(f"`{sweep.name}` has {combinations:,} combinations of choices", MOST_CHOICES, sweep.name_span)
        )
    if found:
        return Sweep(sweep, source, axes, None), found
    model, said = bound(source, sweep, axes, [0] * len(axes))
    if model is None:
        return Sweep(sweep, source, axes, None), said
    for axis in axes:
        is_out = any(d.code == "V221" and axis.span.start <= d.span.start < axis.span.end for d in said)
        for node in numbers_of(model, axis) if not axis.is_choice and not is_out else ():
            said += bounds_left(model, node, [end * axis.unit.factor for end in axis.ends], axis.span)
    return Sweep(sweep, source, axes, None if any(d.is_error for d in said) else model), said


def set_in_vain(sweep: Sweep) -> Iterator[Diagnostic]:
    """O504 for a value of the command line in whose place a sweep puts its own."""
    given = {text.partition("=")[0].strip() for text in sweep.source.overrides}
    for axis in sweep.axes:
        if axis.path in given:
            title = f"`--set {axis.path}` moves nothing in a sweep that varies it"
            yield diagnostic("O504", title, axis.span, help="leave the option out, or take this line out")


def bound(
    source: Source, sweep: tree.Sweep, axes: Sequence[Axis], chosen: Sequence[int]
) -> tuple[Model | None, list[Diagnostic]]:
    """The model in which the axes have some of their choices, and the first of their numbers."""
    rebindings = [axis.rebindings[index if axis.is_choice else 0] for axis, index in zip(axes, chosen, strict=True)]
    return variant(source, rebindings, sweep.shows)


def numbers_of(model: Model, axis: Axis) -> list[Node]:
    """The nodes of a model that an axis of numbers moves: one, unless copies bind it apart."""
    bound = [f.root for b, f in model.binding_formulas.items() if _is(b.value, axis)]
    return [*bound, *(f.root for let, f in model.let_formulas.items() if _is(let.value, axis))]


def _is(value: object, axis: Axis) -> bool:
    return isinstance(value, tree.Value) and value.expr is axis.number
