"""Draws and sweeps run what a plain evaluation runs: the same nodes, as steps of a schedule, have the same values."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tonne.graph import ELASTICITY
from tonne.numeric.schedule import Builder
from tonne.numeric.steps import Opaque, Steps
from tonne.scenario import evaluate

ROOT = Path(__file__).parent.parent
FILES = [
    p
    for folder in ("scenarios", "docs/examples")
    for p in sorted((ROOT / folder).iterdir())
    if p.suffix in (".tonne", ".md") and p.name != "mistakes.tonne"
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_steps_give_the_point_values(path: Path) -> None:
    run = evaluate(path).run
    assert run is not None
    builder = Builder()
    steps = Steps(builder, run, run.known, at_points=True)
    compared = 0
    for node, _ in run.program.steps:
        if run.is_unknown(node) or node.op == ELASTICITY:
            continue
        try:
            value = builder.value(steps.place(node))
        except Opaque:
            continue
        assert value is not None
        expected = run.raw(node)
        both_missing = value != value and expected != expected
        assert both_missing or value == expected or math.isclose(value, expected, rel_tol=1e-14)
        compared += 1
    assert compared > 10
