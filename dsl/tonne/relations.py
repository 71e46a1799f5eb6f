"""Relations: alternatives of a kind that are one equation, solved for different fields.

`energy = it_energy * pue` and `it_energy = energy / pue` say one thing. That is found at the kind, from the fields that
two formulas name and from their values at fixed test points, so that a relation which derived a field is not compared
with itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tonne.determine import Fact
from tonne.graph import LEAF, NUMBER, Interval, at_intervals
from tonne.lower import Formula
from tonne.paths import Reference

# Values for up to as many facts as a formula names; no two products or sums of them coincide by chance.
_POINTS = (
    (1.3719, 2.1143, 0.7321, 3.3071, 1.1931),
    (0.6173, 1.7717, 2.9033, 0.4519, 5.1307),
    (4.1003, 0.3371, 1.9507, 2.2567, 0.8863),
)
_SAME = 1e-7


@dataclass(frozen=True)
class Relation:
    """Equations (field, index of its alternative) that are one; `facts` are all the fields and outside facts in it."""

    facts: frozenset[Fact]
    equations: tuple[tuple[str, int], ...]


def fact_of(reference: Reference) -> Fact:
    """A reference as determination names it: an own field by its name, anything else by itself."""
    return reference.field.name if reference.is_own and reference.field is not None else reference


def needs_of(formula: Formula) -> frozenset[Fact]:
    return frozenset(fact_of(r) for r in formula.references)


def value_at(formula: Formula, value: Callable[[Reference], Interval]) -> Interval:
    """The interval of a formula from those of its references; a point from points."""
    at: list[Interval] = []
    for node, args in formula.steps:
        if node.op == NUMBER:
            at.append((node.payload.value, node.payload.value))
        elif node.op == LEAF:
            at.append(value(node.payload))
        elif node.args:
            at.append(at_intervals(node, [at[i] for i in args]))
        else:
            at.append((float("nan"), float("nan")))
    return at[-1]


def constant(formula: Formula) -> float | None:
    """The value of a formula that names nothing, in base units; None where it does, or has none."""
    if formula.references or formula.is_unknown:
        return None
    value = value_at(formula, lambda reference: (float("nan"),) * 2)[0]
    return value if math.isfinite(value) else None


def find_relations(
    formulas: Mapping[str, Sequence[Formula]],
) -> tuple[list[Relation], list[tuple[tuple[str, int], tuple[str, int]]]]:
    """The relations of a kind, and pairs of equations over the same facts that do not solve each other.

    Bare references and constants are no relations: they stand in where nothing better is known.
    """
    groups: dict[frozenset[Fact], list[list[tuple[str, int]]]] = {}
    unlike: list[tuple[tuple[str, int], tuple[str, int]]] = []
    for field, alternatives in formulas.items():
        for index, formula in enumerate(alternatives):
            if formula.stands_in or formula.is_unknown or any(r.is_list for r in formula.references):
                continue
            equation = (field, index)
            group = groups.setdefault(needs_of(formula) | {field}, [])
            for relation in group:
                if _solve_each_other(formulas, relation[0], equation):
                    relation.append(equation)
                    break
            else:
                unlike += [(relation[0], equation) for relation in group if relation[0][0] != field]
                group.append([equation])
    relations = [Relation(facts, tuple(r)) for facts, group in groups.items() for r in group]
    order = {field: i for i, field in enumerate(formulas)}
    return sorted(relations, key=lambda r: (order[r.equations[0][0]], r.equations[0][1])), unlike


def _solve_each_other(
    formulas: Mapping[str, Sequence[Formula]], first: tuple[str, int], second: tuple[str, int]
) -> bool:
    one, other = formulas[first[0]][first[1]], formulas[second[0]][second[1]]
    facts = sorted(needs_of(one), key=str)
    for point in _POINTS:
        values = {fact: point[i % len(point)] + i // len(point) for i, fact in enumerate(facts)}
        values[first[0]] = value_at(one, lambda r, v=values: (v[fact_of(r)],) * 2)[0]  # type: ignore[misc]
        got = value_at(other, lambda r, v=values: (v[fact_of(r)],) * 2)[0]  # type: ignore[misc]
        expected = values[second[0]]
        if not abs(got - expected) <= _SAME * abs(expected):
            return False
    return True
