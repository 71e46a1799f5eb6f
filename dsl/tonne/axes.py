"""The axes of a sweep: what each `vary` varies, and through which values.

Takes a project and a sweep; gives axes of numbers, or of choices, each of which is the file bound anew. Says what is no
path, no list and no spacing, what has the wrong dimension, and what asks for too many points (V227).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.dimension import RATIO
from tonne.formatting import figure, number
from tonne.formulas import Formulas
from tonne.names import Field, Instance, Let, Project, Scope, did_you_mean
from tonne.paths import Place
from tonne.relations import constant
from tonne.source import Span
from tonne.syntax import tree
from tonne.units import Unit
from tonne.values import Record, Unprinted

SPACINGS = ("linear", "log")
# Values of an axis that are each kept; of more only the ends and the spacing.
_MOST_TOLD = 10_000
_RATIO = Unit("ratio", 1.0, RATIO, True)
_FORM = "for example `vary pretrain.utilization in linear(30%, 55%, 6)`"


class Spaced(Sequence[float]):
    """Very many values between two ends, none of which is kept."""

    def __init__(self, name: str, low: float, high: float, size: int) -> None:
        self.name, self.low, self.high, self.size = name, low, high, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        if not -self.size <= index < self.size:
            raise IndexError(index)
        return spaced(self.name, self.low, self.high, self.size, index % self.size)

    def __contains__(self, value: object) -> bool:
        return value in self.ends

    @property
    def ends(self) -> tuple[float, float]:
        return self.low, self.high


class Axis(Unprinted, Record, frozen=True, eq=False):
    """One `vary`. Of numbers: `values` in `unit`, and `number`, which stands in the file's place for them while the graph is
    made. Of choices: `choices` as written, each with its rebinding."""

    path: str
    span: Span
    values: Sequence[float] = ()
    unit: Unit = _RATIO
    number: tree.Number | None = None
    choices: tuple[str, ...] = ()
    rebindings: tuple[tree.Rebinding, ...] = ()

    @property
    def is_choice(self) -> bool:
        return self.number is None

    @property
    def size(self) -> int:
        return len(self.rebindings) if self.is_choice else len(self.values)

    def label(self, index: int) -> str:
        """A value as it is told."""
        return self.choices[index] if self.is_choice else figure(self.values[index], self.digits)

    @property
    def digits(self) -> int:
        """The significant digits that tell its values apart."""
        if self.size > _MOST_TOLD:
            return 6
        return next((d for d in range(4, 15) if len({figure(v, d) for v in self.values}) == len(set(self.values))), 15)

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest of its values."""
        kept = self.values.ends if isinstance(self.values, Spaced) else self.values
        return min(kept), max(kept)

    @property
    def changes_sign(self) -> bool:
        """Whether its values are not all above or all below zero."""
        ends = () if self.is_choice else self.ends
        return len({(v > 0) - (v < 0) for v in ends} | ({0} if ends and 0 in self.values else set())) > 1


def axes_of(project: Project, sweep: tree.Sweep, limit: int) -> tuple[list[Axis], list[Diagnostic]]:
    """The axes of a sweep in the order in which they stand; none of one that is wrong."""
    reader = _Reader(project, limit)
    axes = [axis for vary in sweep.varied if (axis := reader.axis(vary)) is not None]
    if not sweep.varied and not reader.found and not sweep.partly_read:
        title = f"`{sweep.name}` varies nothing"
        reader.say("S101", title, sweep.name_span, _FORM)
    seen: dict[str, tree.Vary] = {}
    for vary in sweep.varied:
        first = seen.setdefault(str(vary.path), vary)
        if first is not vary:
            labels = (Label(vary.path.span, "again here"), Label(first.path.span, "first here"))
            reader.found.append(diagnostic("N113", f"`{vary.path}` is varied twice", *labels, help="keep one of them"))
    points = math.prod(axis.size for axis in axes)
    if points > limit and not reader.found:
        reader.found.append(too_many(f"`{sweep.name}` has {figure(points)} points", limit, sweep.name_span))
    return axes, reader.found


def too_many(
    what: str,
    limit: int,
    span: Span,
    help: str = "narrow a `vary`, or raise the limit: `--limit N`, or `[limits] points` in tonne.toml",
) -> Diagnostic:
    """V227: more than the limit of points."""
    return diagnostic("V227", f"{what}; the limit is {figure(limit)}", span, help=help)


class _Reader:
    def __init__(self, project: Project, limit: int) -> None:
        self.project = project
        self.scope: Scope = project.entry
        self.formulas = Formulas(project.units, None)
        self.limit = limit
        self.found: list[Diagnostic] = self.formulas.lowering.found

    def say(self, code: str, title: str, span: Span, help: str) -> None:
        self.found.append(diagnostic(code, title, span, help=help))

    def axis(self, vary: tree.Vary) -> Axis | None:
        before = len(self.found) + len(self.formulas.checker.found)
        target = self._target(vary.path)
        if target is None:
            return None
        made = self._spaced(vary, target) if isinstance(vary.values, tree.Call) else self._listed(vary, target)
        self.found += self.formulas.checker.found
        self.formulas.checker.found.clear()
        return made if len(self.found) == before else None

    def _target(self, path: tree.Path) -> Field | Let | None:
        """The field or the `let` that is varied."""
        head = path.parts[0]
        symbol = self.scope.symbols.get(head)
        if isinstance(symbol, Let) and len(path.parts) == 1:
            return symbol
        if isinstance(symbol, Instance) and len(path.parts) == 2:
            found = symbol.kind.fields.get(path.parts[1])
            if found is None:
                fields = symbol.kind.fields
                help, fix = did_you_mean(path.parts[1], fields, path.part_spans[1])
                title = f"`{head}` has no `{path.parts[1]}`"
                help = help or f"it has: {', '.join(fields)}"
                self.found.append(diagnostic("N112", title, path.part_spans[1], help=help, fix=fix))
            return found
        if symbol is None:
            if head not in self.scope.lost:
                names = [n for n, s in self.scope.symbols.items() if isinstance(s, Instance | Let)]
                help, fix = did_you_mean(head, names, path.part_spans[0])
                title = f"nothing here is called `{head}`"
                help = help or f"there are: {', '.join(names)}"
                self.found.append(diagnostic("N111", title, path.part_spans[0], help=help, fix=fix))
            return None
        if isinstance(symbol, Instance) and len(path.parts) > 2:
            owner = ".".join(path.parts[:-1])
            title, help = f"`{path}` is a field of another instance", f"name the instance that `{owner}` is"
        else:
            title, help = f"`{path}` is no field and no `let`", "name a field as in `pretrain.pue`, or a `let`"
        self.say("N119", title, path.span, help)
        return None

    # ── lists ──

    def _listed(self, vary: tree.Vary, target: Field | Let) -> Axis | None:
        assert isinstance(vary.values, tree.ListOf)
        items = vary.values.items
        unit = self._unit(target, items[0])
        if unit is not None:
            before = len(self.found) + len(self.formulas.checker.found)
            values = [self._value(item, unit, vary) for item in items]
            if all(value is not None for value in values):
                shown = self._shown_unit(items[0], unit)
                return self._numbers(
                    vary, [_told(v / shown.factor) for v in values if v is not None], shown, items[0].span
                )
            if len(self.found) + len(self.formulas.checker.found) > before:
                return None  # said already
        elif not all(isinstance(item, tree.Path) for item in items):
            odd = next(item for item in items if not isinstance(item, tree.Path))
            self.say("N119", f"`{vary.path}` is no quantity; this is a value", odd.span, "name instances: `[a, b]`")
            return None
        texts = [" ".join(item.span.text.split()) for item in items]
        rebindings = [
            tree.Rebinding(vary.path, tree.Value(item, None, None, None, item.span), vary.path.span.to(item.span))
            for item in items
        ]
        return Axis(str(vary.path), vary.span, choices=tuple(texts), rebindings=tuple(rebindings))

    def _unit(self, target: Field | Let, first: tree.Expr) -> Unit | None:
        """The unit of what is varied; None for a reference."""
        if isinstance(target, Field):
            return target.unit
        if target.declaration.type is not None:
            unit = self.project.units.lookup(target.declaration.type.word)
            return unit if isinstance(unit, Unit) else None
        if isinstance(first, tree.Number) and first.unit is not None:
            unit = self.project.units.lookup(first.unit)
            return unit if isinstance(unit, Unit) else None
        return _RATIO

    def _value(self, expr: tree.Expr, unit: Unit, vary: tree.Vary) -> float | None:
        """A constant of the unit's dimension; None where it names a value, or is wrong, which is said."""
        if isinstance(expr, tree.Path):
            return None
        formula = self.formulas.lowering.lower(expr, Place(self.scope))
        if formula.references or not self.formulas.checker.expect(formula, unit, "D202", f"`{vary.path}`"):
            return None
        return constant(formula)

    def _shown_unit(self, expr: tree.Expr, unit: Unit) -> Unit:
        """The unit in which the first value is written."""
        found = self.project.units.lookup(expr.unit) if isinstance(expr, tree.Number) and expr.unit else unit
        return found if isinstance(found, Unit) else unit

    def _numbers(self, vary: tree.Vary, values: Sequence[float], unit: Unit, span: Span) -> Axis:
        stands = tree.Number(f"{values[0]!r}", values[0], 0.0, False, unit.word, span, span)
        kept = tuple(values) if isinstance(values, list) else values
        rebinding = tree.Rebinding(
            vary.path, tree.Value(stands, None, None, None, span), vary.path.span.to(vary.values.span)
        )
        return Axis(
            str(vary.path),
            vary.span,
            kept,
            unit,
            stands,
            rebindings=(rebinding,),
        )

    # ── spacings ──

    def _spaced(self, vary: tree.Vary, target: Field | Let) -> Axis | None:
        call = vary.values
        assert isinstance(call, tree.Call)
        if call.name not in SPACINGS:
            help, fix = did_you_mean(call.name, SPACINGS, call.name_span)
            title = f"there is no spacing `{call.name}`"
            self.found.append(diagnostic("N111", title, call.name_span, help=help or _FORM, fix=fix))
            return None
        exprs = [a.value for a in call.arguments if a.name is None and not isinstance(a.value, tree.Test)]
        if len(exprs) != 3 or len(call.arguments) != 3:
            self.say("S101", f"`{call.name}` takes a low end, a high end and a number of points", call.span, _FORM)
            return None
        unit = self._unit(target, exprs[0])
        if unit is None:
            self.say("N119", f"`{vary.path}` is no quantity", vary.path.span, "vary it through instances: `[a, b]`")
            return None
        before = len(self.found) + len(self.formulas.checker.found)
        ends = [self._value(expr, unit, vary) for expr in exprs[:2]]
        for expr, end in zip(exprs[:2], ends, strict=True):
            if end is None and len(self.found) + len(self.formulas.checker.found) == before:
                help = "an end of a spacing is a number with its unit"
                self.say("N119", f"`{expr.span.text}` is no number", expr.span, help)
        count = self._count(exprs[2])
        if ends[0] is None or ends[1] is None or count is None:
            return None
        low, high = ends
        assert low is not None
        assert high is not None
        if low == high:
            self.say("V231", f"`{call.span.text}` has one value", call.span, "let its ends differ")
            return None
        if call.name == "log" and (low <= 0 or high <= 0):
            odd = exprs[0] if low <= 0 else exprs[1]
            self.say("V223", f"a `log` spacing runs above zero, this is {odd.span.text}", odd.span, "write `linear(…)`")
            return None
        if count > self.limit:
            self.found.append(too_many(f"this axis has {figure(count)} points", self.limit, exprs[2].span))
            return None
        unit = self._shown_unit(exprs[0], unit)
        first, last = low / unit.factor, high / unit.factor
        if count > _MOST_TOLD:
            values: Sequence[float] = Spaced(call.name, first, last, count)
        else:
            values = [_told(spaced(call.name, first, last, count, i)) for i in range(count)]
        return self._numbers(vary, values, unit, exprs[0].span)

    def _count(self, expr: tree.Expr) -> int | None:
        formula = self.formulas.lowering.lower(expr, Place(self.scope))
        value = constant(formula)
        if self.formulas.checker.dimension(formula) != RATIO or value is None or value != int(value) or value < 2:
            title = f"a number of points is a whole number above 1, this is `{expr.span.text}`"
            self.say("S101", title, expr.span, _FORM)
            return None
        return int(value)


def spaced(name: str, low: float, high: float, count: int, index: int) -> float:
    """One of so many values from one end to the other, both included: at even distances, or at even ratios."""
    if index in (0, count - 1):
        return high if index else low
    share = index / (count - 1)
    return low + share * (high - low) if name == "linear" else low * (high / low) ** share


def _told(value: float) -> float:
    """A value without the noise of a conversion or a power, as it would be written."""
    return float(f"{value:.15g}")


def told(axis: Axis, value: float) -> str:
    """A value of an axis, or between two of them, with the unit."""
    return number(value, axis.unit.word)
