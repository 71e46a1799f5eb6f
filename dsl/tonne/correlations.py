"""`correlate`: rank correlations between assumptions, as the sums of standard normals that give them.

Takes a built `Model`; gives for each correlated assumption the weights of independent standard normals (a Gaussian copula),
or V234 for what has no spread, a correlation beyond -1 .. 1, and correlations that contradict each other. A rank correlation
r_s of two normals is a correlation of 2 sin(pi r_s / 6) (K. Pearson, 1907).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formulas import Formulas
from tonne.graph import LEAF, Node
from tonne.model import Assumption, Model
from tonne.names import Instance, Let
from tonne.paths import Place, Reference
from tonne.relations import constant
from tonne.syntax import tree

Weights = dict[str, tuple[tuple[str, float], ...]]
# A pivot this close to zero is none: what it belongs to follows from the others.
_NOTHING = 1e-12


def correlations(model: Model, formulas: Formulas) -> tuple[Weights, list[Diagnostic]]:
    """The weights by the name of the assumption, and what is wrong."""
    found: list[Diagnostic] = []
    pairs: dict[frozenset[str], tuple[float, tree.Correlate]] = {}
    for statement, place in _statements(model):
        said = found if place.scope is model.project.entry else []
        ends = [_assumption(model, formulas, path, place, said) for path in (statement.left, statement.right)]
        value = _value(formulas, statement, place, found)
        if ends[0] is None or ends[1] is None or value is None:
            continue
        pair = frozenset(end.name for end in ends if end is not None)
        if len(pair) == 1:
            title = f"`{statement.left}` and `{statement.right}` are one assumption"
            found.append(diagnostic("V234", title, statement.span, help="they are the same in every draw already"))
        elif pair in pairs:
            labels = (Label(statement.span, "again here"), Label(pairs[pair][1].span, "first here"))
            title = f"`{statement.left}` and `{statement.right}` are correlated twice"
            found.append(diagnostic("V234", title, *labels, help="keep one of them"))
        else:
            pairs[pair] = value, statement
    weights: Weights = {}
    for names in _groups(pairs):
        made = _factors(names, {pair: value for pair, (value, _) in pairs.items()})
        if made is None:
            own = [statement for pair, (_, statement) in pairs.items() if pair <= set(names)]
            title = f"these {len(own)} correlations contradict each other"
            help = "no draws have all of them at once: weaken one, or add the pair that is missing"
            found.append(diagnostic("V234", title, *(Label(one.span) for one in own), help=help))
        else:
            weights.update(made)
    return weights, found


def _statements(model: Model) -> Iterator[tuple[tree.Correlate, Place]]:
    """Those of the file and of the files of the project that it uses: they say what is known of the assumptions there."""
    for scope in model.project.scopes:
        for statement in scope.module.statements:
            if isinstance(statement, tree.Correlate):
                yield statement, Place(scope)


def _assumption(
    model: Model, formulas: Formulas, path: tree.Path, place: Place, found: list[Diagnostic]
) -> Assumption | None:
    formula = formulas.lowering.lower(path, place)
    if formula.root.op != LEAF:
        return None
    reference: Reference = formula.root.payload
    node = model.find(reference, None)
    assumption = model.draws.get(id(node)) if isinstance(node, Node) else None
    if assumption is None and not _has_none(model, reference):
        title, help = f"`{path}` has no spread", "correlate what has one: `VALUE ~ uniform(LOW, HIGH)`"
        found.append(diagnostic("V234", title, path.span, help=help))
    return assumption


def _has_none(model: Model, reference: Reference) -> bool:
    """Whether a case, a sweep or the command line gives the value, which has no spread then, or its spread is wrong, which
    is said there."""
    if isinstance(reference.root, Let) and reference.field is None:
        return reference.root.set_by_command or _is_spread(reference.root.value)
    at = model.reached(reference, None)
    if not isinstance(at, Instance) or reference.field is None:
        return False
    binding = at.bindings.get(reference.field.name)
    return binding is not None and (binding.set_by_command or _is_spread(binding.value))


def _is_spread(value: object) -> bool:
    return isinstance(value, tree.Value) and value.spread is not None


def _value(formulas: Formulas, statement: tree.Correlate, place: Place, found: list[Diagnostic]) -> float | None:
    formula = formulas.lowering.lower(statement.value, place)
    formulas.lets_in(formula)
    dimension = formulas.checker.dimension(formula)
    value = constant(formula)
    text = statement.value.span.text
    if dimension is None:
        return None
    if not dimension.is_ratio or value is None:
        title = f"a correlation is a number, this is `{text}`"
        found.append(diagnostic("V234", title, statement.value.span, help="for example `0.8`"))
        return None
    if not -1 <= value <= 1:
        title = f"a correlation lies between -1 and 1, this is {text}"
        found.append(diagnostic("V234", title, statement.value.span, help="1 is the same rank in every draw"))
        return None
    return value


def _groups(pairs: dict[frozenset[str], tuple[float, tree.Correlate]]) -> Iterator[list[str]]:
    """The names that are linked by correlations, each group and the groups by name."""
    links: dict[str, set[str]] = {}
    for pair in pairs:
        for name in pair:
            links.setdefault(name, set()).update(pair)
    seen: set[str] = set()
    for name in sorted(links):
        if name in seen:
            continue
        group, waiting = set[str](), [name]
        while waiting:
            at = waiting.pop()
            if at not in group:
                group.add(at)
                waiting += links[at]
        seen |= group
        yield sorted(group)


def _of_normals(rank: float) -> float:
    """The correlation of two normals that have a rank correlation."""
    return rank if abs(rank) == 1 else 2 * math.sin(math.pi * rank / 6)


def _factors(names: list[str], pairs: dict[frozenset[str], float]) -> Weights | None:
    """The rows of the Cholesky factor of the correlations; None where they are those of no draws."""
    count = len(names)
    rows = [[0.0] * count for _ in names]
    for i in range(count):
        for j in range(i + 1):
            rank = 1.0 if i == j else pairs.get(frozenset((names[i], names[j])), 0.0)
            rest = _of_normals(rank) - math.fsum(rows[i][k] * rows[j][k] for k in range(j))
            if i == j:
                if rest < -_NOTHING:
                    return None
                rows[i][i] = math.sqrt(max(rest, 0.0)) if rest > _NOTHING else 0.0
            elif rows[j][j]:
                rows[i][j] = rest / rows[j][j]
            elif abs(rest) > math.sqrt(_NOTHING):
                return None
    return {
        name: tuple((names[j], weight) for j, weight in enumerate(row) if weight)
        for name, row in zip(names, rows, strict=True)
    }
