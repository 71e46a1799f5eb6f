"""Double counting: a factor that may enter a result once, such as PUE, applied twice on the way to a value.

Takes a `Model` and gives P306. A fold over the graph: each node with the power in which each `once` factor is in it. A sum
has that of its terms, so two data centres' PUE in one total are no mistake; nor is what is divided out again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.graph import ELASTICITY, NUMBER, UNKNOWN, Node, postorder
from tonne.model import Model
from tonne.source import Span
from tonne.syntax.walk import test_parts

# A power of 2 or more is one too many; what lies between is left alone, as the root of a product of two is.
_TWICE = 2.0
# A sum of more factors than this is not followed further: what multiplies it again would be a list's work.
_MOST = 200


class _Power(NamedTuple):
    """How often a factor is in a node, and the first and last operation that put it there; none for the factor itself."""

    times: float
    first: Span | None = None
    again: Span | None = None


_Powers = dict[int, _Power]


def double_counting(model: Model) -> list[Diagnostic]:
    """P306 for each place where a factor enters a second time, with the first value that this place leads to."""
    declared = {
        f: span for one in (model, *(o.model for o in model.optima.values())) for f, span in _factors(one).items()
    }
    found: dict[tuple[Span, Span], Diagnostic] = {}
    powers: dict[int, _Powers] = {}
    for name, root in _asked_for(model) if declared else ():
        for node in postorder(root, powers):
            if id(node) not in powers:
                own = powers[id(node)] = _of(node, [powers[id(a)] for a in node.args])
                if id(node) in declared:
                    own[id(node)] = _Power(1.0)
        for factor, power in powers[id(root)].items():
            again = power.again or power.first
            if abs(power.times) >= _TWICE and again is not None:
                key = (again, declared[factor])
                found.setdefault(key, _said(model, name, declared[factor], power.first, again))
    return list(found.values())


def _factors(model: Model) -> dict[int, Span]:
    """The nodes of all fields that are declared `once`, each with the name in its declaration."""
    return {
        id(node): declaration.name_span
        for state in model.states.values()
        for name, node in state.nodes.items()
        if node.op != UNKNOWN and (declaration := state.instance.kind.fields[name].declaration).once
    }


def _asked_for(model: Model) -> Iterator[tuple[str, Node]]:
    """What the file names, shows, requires, claims and optimizes, then all that its instances derive."""
    for let, node in model.lets.items():
        yield let.name, node
    for table in model.shows:
        for row, cells in table.rows:
            yield from ((f"{row}.{c.text}" if row else c.text, c.node) for c in cells if c.node is not None)
    tests = [(r.test, sides) for r, sides in model.requirements] + [(c.test, sides) for c, sides in model.claims]
    for test, sides in tests:
        for part, expr in test_parts(test):
            found = sides.parts.get(part)
            if found is not None:
                yield expr.span.text, found
    for optimum in model.optima.values():
        for side in (optimum.objective, *optimum.sides):
            yield from () if side is None or side.node is None else [(side.text, side.node)]
    for state in model.own_states():
        yield from ((f"{state.instance.name}.{name}", node) for name, node in state.nodes.items())


def _of(node: Node, args: list[_Powers]) -> _Powers:
    """The powers of a node from those of its arguments."""
    if node.op == ELASTICITY:
        return {}
    if node.op in ("*", "/"):
        left, right = args
        sign = 1.0 if node.op == "*" else -1.0
        powers = {factor: _put(power, node, power.times) for factor, power in left.items() if factor not in right}
        for factor, power in right.items():
            before = left.get(factor)
            if before is None:
                powers[factor] = _put(power, node, sign * power.times)
            elif before.times + sign * power.times:
                times = before.times + sign * power.times
                powers[factor] = _Power(times, before.first or power.first or node.span, node.span)
        return powers
    if node.op == "^":
        exponent = node.args[1]
        raised = exponent.payload.value if exponent.op == NUMBER and exponent.payload is not None else 0.0
        return {f: _put(p, node, p.times * raised) for f, p in args[0].items() if raised}
    if node.op == "sqrt":
        return {f: p._replace(times=p.times / 2) for f, p in args[0].items()}
    if node.op in ("exp", "log", "log10", "count"):
        return {}
    most: _Powers = {}
    for powers in args:  # a sum, or the like: the path on which the factor is most often
        for factor, power in powers.items():
            if factor in most:
                most[factor] = max(most[factor], power, key=lambda p: abs(p.times))
            elif len(most) < _MOST:
                most[factor] = power
    return most


def _put(power: _Power, node: Node, times: float) -> _Power:
    """A factor's power in an operation where it is on one side; if it stood alone, this put it into a product."""
    return _Power(times, power.first or node.span, power.again)


def _said(model: Model, value: str, declared: Span, first: Span | None, again: Span) -> Diagnostic:
    labels = [Label(again, "again here")]
    if first is not None and first != again:
        labels.append(Label(first, "first here"))
    entry = model.project.entry.source
    labels.sort(key=lambda label: label.span.source is not entry)
    labels.append(Label(declared, "may enter a result once"))
    title = f"`{declared.text}` is applied twice on the way to `{' '.join(value.split())}`"
    return diagnostic("P306", title, *labels, help="leave one of the two out")
