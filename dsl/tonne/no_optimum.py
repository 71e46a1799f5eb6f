"""Why there is no optimum, in the words and numbers of the file: O501 and O503."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formatting import number
from tonne.graph import FREE, NUMBER, Node, postorder
from tonne.model import Optimum, ShownValue
from tonne.numeric.evaluate import at_point
from tonne.problem import Compiled, Free, Problem, Solution, Status
from tonne.run import Run, default_unit
from tonne.symbolic.derive import Underivable
from tonne.syntax import tree
from tonne.units import Unit

# Points that do equally well which a message names.
_MOST_POINTS = 3
_KINKS = {"min", "max", "abs"}


def not_derived(optimum: Optimum, problem: Problem, why: Underivable, run: Run, value: float) -> Diagnostic:
    """O501 for a problem without derivatives, or whose objective is a constant, of this value."""
    assert optimum.objective is not None
    objective = optimum.objective
    if why.reason == "steps":
        word = why.node.op
        title = f"`{word}` has no derivative everywhere, so no optimum is derived through it"
        labels = [Label(why.node.span, "depends on what is chosen"), Label(problem.span, "the optimum")]
        instead = "a limit goes into `subject to`" if word in _KINKS else "round the answer"
        return diagnostic("O501", title, *labels, help=f"leave `{word}` out of what is optimized; {instead}")
    if why.reason == "constant":
        fields = " and ".join(f"`{free.name}`" for free in problem.free)
        unit = _unit(optimum, objective)
        told = number(value / unit.factor, unit.word)
        title = f"`{objective.text}` is {told} whatever {fields} {'are' if len(problem.free) > 1 else 'is'}"
        zeros = [Label(node.span, "this is zero") for node in _zeros(objective.node, run)]
        help = "give what is zero another value, or make something else least" if zeros else "name something that moves"
        return diagnostic("O501", title, Label(objective.span, "nothing to choose"), *zeros, help=help)
    title = f"`{objective.text}` is too large to be derived: more than {why.limit:,} terms"
    return diagnostic("O501", title, objective.span, help="name a simpler objective, or hold one field")


def not_solved(optimum: Optimum, problem: Problem, compiled: Compiled, solution: Solution, run: Run) -> Diagnostic:
    """What the solver found in place of an optimum."""
    assert optimum.objective is not None
    objective = optimum.objective
    status = Status(int(solution.status))
    both_move = bool(optimum.sides) and all(_moves(side.node) for side in optimum.sides)
    if status is Status.INFEASIBLE:
        return _infeasible(optimum, problem, compiled, run)
    declared = optimum.study.declaration
    help = "bound what is chosen: `over FIELD in LOW .. HIGH`"
    if status is Status.UNBOUNDED:
        verb = "falls" if problem.sense == "minimize" else "grows"
        how = " and ".join(
            f"`{free.name}` {'grows' if way > 0 else 'falls to zero'}"
            for free, way in zip(problem.free, solution.direction, strict=False)
            if way and free.name != objective.text
        )
        title = f"`{objective.text}` {verb} without end as {how or 'the free fields move'}"
        if problem.constraint is None:
            help = "add a `subject to`, or bound what is chosen: `over FIELD in LOW .. HIGH`"
        assert isinstance(declared, tree.Optimum)
        test = declared.subjects[0].test if declared.subjects else None
        if test is not None and test.operator in ("<", "<=", ">", ">="):
            help += f"; is `{test.operator}` the right way round?"
        elif problem.sense == "maximize":
            help += "; or `minimize` it"
    elif status is Status.NOT_UNIQUE:
        points = [_point(problem, point) for point in ([float(v) for v in solution.free], *solution.others)]
        shown = ", and ".join(points[:_MOST_POINTS])
        title = (
            f"`{objective.text}` is the same at {len(points):,} points: {shown}{', …' if points[_MOST_POINTS:] else ''}"
        )
        help = "say more of what is wanted, or bound what is chosen: `over FIELD in LOW .. HIGH`"
    else:
        title = f"no optimum of `{objective.text}` was found"
    labels = [Label(objective.span)]
    if both_move and problem.constraint is not None:
        labels.append(Label(problem.constraint.span, "both sides move with what is chosen"))
        help = f"hold one side: `tonne explain FILE {optimum.sides[1].text}` shows what it follows from"
    return diagnostic("O501", title, *labels, help=help)


def _infeasible(optimum: Optimum, problem: Problem, compiled: Compiled, run: Run) -> Diagnostic:
    """O503, with the nearest that the constraint's moving side comes."""
    if problem.constraint is None:
        fields = " and ".join(f"`{free.name}`" for free in problem.free)
        labels = [Label(free.span, "bounded here") for free in problem.free]
        return diagnostic("O503", f"no value above zero lies within the bounds of {fields}", *labels, help="widen them")
    left, right = optimum.sides
    moving, level = (left, right) if _moves(left.node) else (right, left)
    unit = _unit(optimum, left)
    factor, word = unit.factor, unit.word
    label = Label(problem.constraint.span, "cannot hold")
    bounded = any(free.low is not None or free.high is not None for free in problem.free)
    fields = " and ".join(f"`{free.name}`" for free in problem.free)
    if not _moves(moving.node):
        title = f"nothing that is chosen moves `{left.text}` or `{right.text}`, which differ"
        return diagnostic("O503", title, label, help="free a field that one of them follows from")
    make = "make" if len(problem.free) > 1 else "makes"
    if _moves(level.node):
        title, help = (
            f"no {fields} {make} `{left.text}` and `{right.text}` equal",
            "widen the bounds, or free another field",
        )
        return diagnostic("O503", title, label, help=help)
    wanted = number(run.raw(level.node) / factor, word)  # type: ignore[arg-type]
    floor = _floor(compiled, run)
    if floor is not None:
        title = f"`{moving.text}` cannot be {wanted}: it stays above {number(floor / factor, word)}"
        return diagnostic("O503", title, label, help=f"ask for more than {number(floor / factor, word)}")
    help = "widen the bounds" if bounded else "ask for another value"
    values = sorted(_at_corners(moving, problem, compiled, run)) if bounded else []
    if len(values) > 1:
        between = f"{number(values[0] / factor, word)} and {number(values[-1] / factor, word)}"
        title = f"`{moving.text}` cannot be {wanted}: at the bounds it lies between {between}"
    else:
        title = f"no {fields} {'within the bounds ' if bounded else ''}{make} `{moving.text}` {wanted}"
    return diagnostic("O503", title, label, help=help)


def _floor(compiled: Compiled, run: Run) -> float | None:
    """What the held side of the structured family stays above, where it is asked for no more than that."""
    if compiled.family is None:
        return None
    coefficients = at_point(compiled.family.coefficients, *(run.raw(node) for node in compiled.inputs))
    *_, e, _a, _b, _u, _w, k, level = coefficients
    floor = float(e if compiled.family.problem == "least-cost" else k)
    return floor if float(level) <= floor else None


def _at_corners(side: ShownValue, problem: Problem, compiled: Compiled, run: Run) -> Iterator[float]:
    """The values of the constraint's moving side where every free field is at a bound; none where one has no bound."""
    assert compiled.constraint is not None
    ends = [[value for end in (free.low, free.high) if (value := run.value(end)) is not None] for free in problem.free]
    if any(len(pair) < 2 for pair in ends):
        return
    left, right = problem.constraint.left, problem.constraint.right  # type: ignore[union-attr]
    sign, level = (1.0, run.raw(right)) if side.node is left else (-1.0, run.raw(left))
    inputs = [run.raw(node) for node in compiled.inputs]
    for corner in itertools.product(*ends):
        value = level + sign * float(at_point(compiled.constraint, *corner, *inputs))
        yield from [value] if math.isfinite(value) else []


def _moves(node: Node | None) -> bool:
    return node is not None and any(n.op == FREE for n in postorder(node))


def _zeros(node: Node | None, run: Run) -> list[Node]:
    """The given numbers that are zero, which a value rests on."""
    below = postorder(node) if node is not None else []
    return [n for n in below if n.op == NUMBER and n.payload is not None and n.payload.is_fact and run.raw(n) == 0][:2]


def _point(problem: Problem, values: object) -> str:
    return ", ".join(_chosen(free, value) for free, value in zip(problem.free, values, strict=True))  # type: ignore[call-overload]


def _chosen(free: Free, value: float) -> str:
    return f"`{free.name}` = {number(value / free.unit.factor, free.unit.word)}"


def _unit(optimum: Optimum, shown: ShownValue) -> Unit:
    assert shown.dimension is not None
    return default_unit(optimum.model, shown.references, shown.dimension)
