"""A model into a run: values, and what they show to be wrong or odd.

Bounds, usual ranges, facts that disagree, divisions by zero: each finding points at the lines that caused it, and a value
that is not needed is not complained of.
"""

from __future__ import annotations

import math

from tonne import facts, influence, ranges
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.graph import NUMBER, Node, postorder
from tonne.model import Model
from tonne.numeric.evaluate import values_of
from tonne.plan import plan
from tonne.run import Run, unit_of_let
from tonne.source import Span


def evaluate(model: Model) -> tuple[Run, list[Diagnostic]]:
    """The values of a model and what they show to be wrong or odd, apart from requirements and claims."""
    for let in model.lets:  # each after those that it names, so that no chain is long
        unit_of_let(model, let)
    program = plan(model)
    run = Run(model, program, values_of(program))
    found = [*ranges.find(run), *facts.find(run), *influence.find(run), *not_finite(run)]
    return run, found


def not_finite(run: Run) -> list[Diagnostic]:
    """Values that are needed and are no finite numbers, each with the operation that made it so."""
    needed: list[Node] = list(run.model.lets.values())
    for _, sides in run.model.requirements:
        needed += [n for n in sides.parts.values() if n is not None]
    for table in run.model.shows:
        needed += [v.node for _, row in table.rows for v in row if v.node is not None and not table.is_table]
    causes: dict[int, Node] = {}  # of each node that is not finite, the first one below it
    for (node, args), value in zip(run.program.steps, run.values, strict=True):
        if not math.isfinite(value):
            steps = (run.program.steps[i][0] for i in args)
            causes[id(node)] = next((causes[id(n)] for n in steps if id(n) in causes), node)
    found: dict[int, Diagnostic] = {}
    for root in needed:
        if run.is_unknown(root) or math.isfinite(run.raw(root)):
            continue
        cause = causes[id(root)]
        if id(cause) not in found:
            found[id(cause)] = _explain_not_finite(run, cause)
    return list(found.values())


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
