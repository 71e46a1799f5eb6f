"""An optimum as a picture: what is chosen, against how much is served in a lifetime.

Takes an `Optimized`; gives the bytes of an SVG, PNG or PDF file, the same for the same scenario.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tonne.answer import Answer, answer
from tonne.graph import NUMBER, Node, postorder
from tonne.problem import Status
from tonne.report.page import COLOURS, LEVEL, POINT, NoPicture, figure, logarithmic, looks, saved
from tonne.units import Unit

if TYPE_CHECKING:
    from tonne.optimize import Optimized

# From a thousandth of what the file states to a thousand times it, eight points a decade.
_SCALES = [10 ** (i / 8) for i in range(-24, 25)]


class _Axis(NamedTuple):
    """The given number that is moved, and what counts it."""

    node: Node
    text: str
    unit: Unit
    value: float  # of what counts it, as the file states it, in base units


def draw(at: Optimized, file: str, style: str) -> bytes:
    """A picture of one optimum: a panel a free field. `file` is named below it."""
    axis, told = _axis(at), answer(at)
    solution = at.along(axis.node, [at.run.raw(axis.node) * k for k in _SCALES])
    solved = [int(s) == Status.SOLVED for s in solution.status]
    volumes = [axis.value / axis.unit.factor * k for k in _SCALES]
    with looks():
        made = figure(1.1 + 2.2 * len(told.free))
        panels = made.subplots(len(told.free), 1, sharex=True, squeeze=False)[:, 0]
        for panel, line, values in zip(panels, told.free, solution.free, strict=True):
            shown = [float(v) / line.unit.factor if ok else math.nan for v, ok in zip(values, solved, strict=True)]
            panel.plot(volumes, shown, color=COLOURS[0], linewidth=1.8, label="optimum")
            if line.without is not None:
                panel.axhline(line.without, color=LEVEL, linestyle="--", linewidth=1, label=_without(told))
            panel.plot([axis.value / axis.unit.factor], [line.value], "o", color=POINT, label="as the file states it")
            if told.volume is not None:
                panel.axvline(
                    told.volume.times * axis.value / axis.unit.factor,
                    color=LEVEL,
                    linestyle=":",
                    linewidth=1,
                    label="serving costs as much as training",
                )
            known = [v for v in shown if v == v]
            if max(known) < 1.01 * min(known):  # at a bound everywhere: a line, not the noise of its last digits
                panel.set_ylim(min(known) / 2, max(known) * 2)
            logarithmic(panel, "x", "y")
            panel.set_ylabel(f"{line.text}\n({line.unit.word})")
            panel.grid(True, which="major", linewidth=0.3)
        panels[0].legend(fontsize=7.5, frameon=False)
        panels[-1].set_xlabel(f"{axis.text} ({axis.unit.word})")
        return saved(made, f"{told.name}: {told.statement}", file, style)


def _without(told: Answer) -> str:
    return f"best without {' and '.join(told.without)}"


def _axis(at: Optimized) -> _Axis:
    """The given number of requests that moves the optimum most, and the requests of a lifetime where they follow from it."""
    facts = {
        id(n): n
        for root in at.problem.sides
        for n in postorder(root)
        if n.op == NUMBER and n.payload and n.payload.is_fact
    }
    units = at.optimum.model.project.units
    request = units.lookup("request")
    assert isinstance(request, Unit)
    base = next(name for name, _ in request.dimension.powers)
    counting = [n for n in facts.values() if dict(n.payload.dimension.powers).get(base, 0) == 1 and at.run.raw(n) > 0]
    if not counting:
        raise NoPicture("no number of requests moves this optimum, so there is nothing to draw it against")
    node = counting[0]
    volume = answer(at).volume
    if volume is not None and volume.value is not None and volume.unit is not None:
        return _Axis(node, volume.text, volume.unit, volume.value / volume.times * volume.unit.factor)
    owner = at.run.owner(node)
    written = node.payload.written
    unit = units.lookup(written.unit) if written is not None and written.unit else None
    text = f"{owner[0].instance.name}.{owner[1]}" if owner else " ".join(node.span.text.split())
    return _Axis(node, text, unit if isinstance(unit, Unit) else request, at.run.raw(node))
