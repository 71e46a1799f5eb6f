"""A model into a run: values, and what they show to be wrong or odd.

Bounds, usual ranges, facts that disagree, divisions by zero: each finding points at the lines that caused it, and a value
that is not needed is not complained of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from tonne import facts, influence, ranges, slopes
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.graph import ELASTICITY, FREE, NUMBER, SOLVED, Node, postorder
from tonne.model import Model
from tonne.names import Study
from tonne.numeric.evaluate import evaluate_into
from tonne.plan import plan
from tonne.run import Run, unit_of_let
from tonne.source import Span
from tonne.spread_forms import misfits

if TYPE_CHECKING:
    from tonne.optimize import Optimized


def evaluate(model: Model, instead: Mapping[int, float] | None = None) -> tuple[Run, list[Diagnostic]]:
    """The values of a model at the point values of its assumptions, and why an optimum has none.

    `instead` are values in place of numbers, by the ids of their nodes.
    """
    for let in model.lets:  # each after those that it names, so that no chain is long
        unit_of_let(model, let)
    known = dict(instead or {})
    solved, found = _optima(model, known) if model.optima else ({}, [])
    run = Run(model, plan(model), solved=solved, known=known)
    give(run, {})
    return run, found


def give(run: Run, more: Mapping[int, float]) -> None:
    """Evaluates a run anew, with values by the id of their node that were not known before: those of functions of draws."""
    run.known.update(more)
    run.program = plan(run.model, run.known)
    run.values.clear()
    evaluate_into(run.values, run.program, run.known, lambda node: slopes.elasticity(run, *node.args))


def findings(run: Run) -> list[Diagnostic]:
    """What the values of a run show to be wrong or odd, apart from requirements and claims."""
    found = [*_by_what_is_chosen(run), *_without_formula(run)]
    return [
        *found,
        *_odd_spreads(run),
        *ranges.find(run),
        *facts.find(run),
        *influence.find(run),
        *not_finite(run),
        *too_small(run),
    ]


def _optima(model: Model, known: dict[int, float]) -> tuple[dict[Study, Optimized], list[Diagnostic]]:
    """The optima of a file, each after those that it rests on; adds the values of their leaves to `known`."""
    from tonne.optimize import optimize  # sympy takes half a second to import

    solved: dict[Study, Optimized] = {}
    found: list[Diagnostic] = []
    for optimum in model.optima.values():
        one, said = optimize(optimum, solved, known)
        found += said
        if one is not None:
            solved[optimum.study] = one
            known.update((id(leaf), one.value(leaf.payload)) for leaf in optimum.leaves)
    return solved, found


def _without_formula(run: Run) -> Iterator[Diagnostic]:
    """One O502 for all optima of the file that have no closed form."""
    own = run.optima
    lacking = [one for one in own if one.derivation.closed_form is None]
    if lacking:
        first = lacking[0].optimum.study
        many = f"{len(lacking)} of {len(own)} optima have" if len(own) > 1 else f"`{first.name}` has"
        title = f"{many} no formula; solved numerically"
        help = f"`tonne derive FILE {first.name}` prints the condition that is solved"
        yield diagnostic("O502", title, first.declaration.name_span, help=help)


def _by_what_is_chosen(run: Run) -> Iterator[Diagnostic]:
    """N119 for an elasticity at an optimum with respect to something that the optimum itself moves."""
    for one in (run, *(solved.run for solved in run.solved.values())):
        for node, _ in one.program.steps:
            by = node.args[1] if node.op == ELASTICITY else None
            inner = by.payload.node if by is not None and by.op == SOLVED else by
            if by is not None and (inner is None or any(n.op == FREE for n in postorder(inner))):
                title = "the second of these follows from what the optimum chooses"
                help = "an elasticity at an optimum is with respect to what is given, such as a volume or an intensity"
                yield diagnostic("N119", title, node.span, help=help)


def _odd_spreads(run: Run) -> Iterator[Diagnostic]:
    """V222 and V223 of spreads whose ends name other values, which a check does not know."""
    for assumption in run.model.draws.values():
        values = {name: _value_of(run, node) for name, node in assumption.arguments.items()}
        yield from misfits(assumption.spread, _value_of(run, assumption.node), assumption.point, values)


def _value_of(run: Run, node: Node) -> float | None:
    """The value of a node that need not be part of the program."""
    value = slopes.floats(run, postorder(node))[id(node)]
    return value if math.isfinite(value) else None


def _needed(run: Run) -> list[Node]:
    """The values that the file names, requires and shows."""
    needed: list[Node] = list(run.model.lets.values())
    for _, sides in run.model.requirements:
        needed += [n for n in (*sides.parts.values(), sides.share) if n is not None]
    for table in run.model.shows:
        needed += [v.node for _, row in table.rows for v in row if v.node is not None and not table.is_table]
    return needed


def too_small(run: Run) -> list[Diagnostic]:
    """Values that are needed and are zero only because a number can be no smaller, each with the operation that did it."""
    causes = _causes(run, lambda node, value: _vanished(run, node))
    found: dict[int, Diagnostic] = {}
    for root in _needed(run):
        if run.is_unknown(root) or run.raw(root) != 0:
            continue
        cause = causes.get(id(root))
        if cause is not None and id(cause) not in found:
            title = f"`{' '.join(cause.span.text.split())}` is too small for a number and became 0"
            label = Label(cause.span, "it is not zero, but nearer to it than 1e-323 in base units")
            found[id(cause)] = diagnostic("V232", title, label, help="look for a power of ten that is one too many")
    return list(found.values())


def _vanished(run: Run, node: Node) -> bool:
    """Whether an operation on what is not zero gave zero, or a number that is written with another digit than 0 is zero."""
    if run.raw(node) != 0:
        return False
    if node.op == NUMBER:
        written = node.payload.written.text if node.payload is not None else "0"
        return re.search("[1-9]", re.split("[eE]", written)[0]) is not None
    args = [run.raw(a) for a in node.args]
    if not all(map(math.isfinite, args)):
        return False
    return (node.op in ("*", "exp") and 0 not in args) or (node.op in ("/", "^") and args[0] != 0)


def not_finite(run: Run) -> list[Diagnostic]:
    """Values that are needed and are no finite numbers, each with the operation that made it so."""
    causes = _causes(run, lambda node, value: not math.isfinite(value))
    found: dict[int, Diagnostic] = {}
    for root in _needed(run):
        if run.is_unknown(root) or math.isfinite(run.raw(root)):
            continue
        cause = causes[id(root)]
        if id(cause) not in found:
            found[id(cause)] = _explain_not_finite(run, cause)
    return list(found.values())


def _causes(run: Run, is_one: Callable[[Node, float], bool]) -> dict[int, Node]:
    """Of each node the first one, below it or itself, that is the sort of cause that is looked for."""
    causes: dict[int, Node] = {}
    for (node, args), value in zip(run.program.steps, run.values, strict=True):
        below = (id(run.program.steps[i][0]) for i in args)
        cause = next((causes[n] for n in below if n in causes), None) or (node if is_one(node, value) else None)
        if cause is not None:
            causes[id(node)] = cause
    return causes


def _explain_not_finite(run: Run, node: Node) -> Diagnostic:
    owner = run.owner(node)
    where: list[Label] = []
    if owner is not None:
        state, name = owner
        where.append(Label(state.instance.declaration.name_span, f"`{name}` of `{state.instance.name}`"))
    zero = node.args[1] if node.op == "/" else None
    if zero is not None and run.raw(zero) == 0:
        text = zero.span.text
        source = _where_from(run, zero)
        label = Label(node.span, "divides here")
        labels = [Label(source, "this is zero"), label] if source is not None else [label, *where]
        named = run.owner(zero)
        name = f"{named[0].instance.name}.{named[1]}" if named else text
        help = f"give `{named[1] if named else text}` a value that is not zero"
        return diagnostic("V224", f"`{name}` is zero, so this divides by zero", *labels, help=help)
    values = ", ".join(f"{run.raw(a):.4g}" for a in node.args)
    return diagnostic(
        "V230",
        f"`{node.span.text}` is no finite number",
        Label(node.span, f"of {values}" if values else "here"),
        *where,
        help="too large for a 64-bit number, or a root or logarithm of a negative one",
    )


def _where_from(run: Run, node: Node) -> Span | None:
    """The line of the scenario that gives a value: the binding of the field, or the number itself."""
    owner = run.owner(node)
    if owner is not None and owner[1] in owner[0].instance.bindings:
        return owner[0].instance.bindings[owner[1]].span
    for one in postorder(node):
        if one.op == NUMBER and one.payload is not None and one.payload.is_fact:
            return one.span
    return None
