"""A formula with its values in place of its names: `0.0192 MWh * 1.2`."""

from __future__ import annotations

from collections.abc import Callable

from tonne.formatting import number
from tonne.graph import LEAF, NUMBER, OPERATORS, UNKNOWN, Node
from tonne.lower import Formula
from tonne.model import State
from tonne.names import Instance, Let
from tonne.paths import Reference
from tonne.run import Run, unit_of_let
from tonne.units import Unit


def formula_in_numbers(run: Run, state: State | None, formula: Formula) -> str:
    """The formula with its values in place of its names."""

    def leaf(node: Node) -> str:
        reference: Reference = node.payload
        if reference.study is not None:
            symbol = run.model.find(reference, state)
            unit = reference.field.unit if reference.field is not None else None
            known = isinstance(symbol, Node) and unit is not None
            return value_in_words(run, symbol, unit) if known else node.span.text  # type: ignore[arg-type]
        if isinstance(reference.root, Let) and reference.field is None and not reference.is_list:
            unit = unit_of_let(run.model, reference.root)
            return value_in_words(run, run.model.lets.get(reference.root), unit) if unit else "—"
        if reference.field is None or reference.field.unit is None:
            return node.span.text
        values = []
        for instance in targets(run, state, reference):
            there = run.model.states.get(instance)
            values.append(
                value_in_words(run, there.nodes.get(reference.field.name) if there else None, reference.field.unit)
            )
        return ", ".join(values)

    return _render(formula, leaf)


def _render(formula: Formula, leaf: Callable[[Node], str]) -> str:
    """A formula as text with its leaves as given, parentheses where they are needed."""
    at: list[tuple[str, int]] = []
    for node, args in formula.steps:
        if node.op == LEAF:
            at.append((leaf(node), 9))
        elif node.op == NUMBER or node.op == UNKNOWN:
            at.append((plain(node.span.text), 9))
        else:
            row = OPERATORS[node.op]
            if row.precedence == 9:
                at.append((row.text.format(", ".join(at[i][0] for i in args)), 9))
                continue
            parts = []
            for place, index in enumerate(args):
                text, precedence = at[index]
                # `a - (b + c)` and `a / (b * c)` keep their parentheses, `(a + b) + c` needs none
                tight = precedence < row.precedence or (precedence == row.precedence and place == 1)
                parts.append(f"({text})" if tight else text)
            at.append((row.text.format(*parts), row.precedence))
    return at[-1][0]


def value_in_words(run: Run, node: Node | None, unit: Unit) -> str:
    """A value with its unit, a dash where there is none."""
    value = None if node is None else run.in_unit(node, unit)
    return "—" if value is None else number(value, unit.word)


def targets(run: Run, state: State | None, reference: Reference) -> list[Instance]:
    """The instances that a reference leads to, seen from another."""
    at = run.model.reached(reference, state)
    return list(at) if isinstance(at, tuple) else ([at] if at is not None else [])


def plain(text: str) -> str:
    """Text of a file on one line."""
    return " ".join(text.split())
