"""A graph as a schedule: constants folded, each computation once, each over its own axes.

A `Builder` numbers computations by what they are, so that two that are alike are one step, be they of one model or of several
(the cases and the choices of a study). `arranged` then gathers products: constants are folded, what varies along fewer loops
is multiplied first, and independent lognormals that nobody asks for become one draw. Nothing is evaluated here but constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tonne.values import Record, Unprinted

# The axis of draws; the axes of a sweep are counted from 0.
DRAWS = -1

NUMBER, TABLE, NORMAL, UNIFORM, SOLVE, PICK, HOLDS = "number", "table", "normal", "uniform", "solve", "pick", "holds"
SOURCES = (NORMAL, UNIFORM)
# Steps whose payload is a function of the values of their arguments, or a place among them.
SPECIAL = (SOLVE, PICK, HOLDS)
# Factors of one product that are gathered at most.
_MOST_FACTORS = 100

Levels = Mapping[int, int]


class Step(Unprinted, Record, frozen=True, eq=False):
    """One computation: the name of a numpy function, or a leaf. `args` are places of steps before it.

    A leaf is a number (its `payload`), a table over axes (an array with one dimension an axis, in the order of `axes`), or
    a source of standard normal or uniform draws (its `payload` is the key of its stream).
    """

    op: str
    args: tuple[int, ...]
    axes: tuple[int, ...]
    payload: Any = None


class Schedule(Unprinted, Record, frozen=True, eq=False):
    """Steps in order and the places of what is asked for; `merged` names the draws that became one."""

    steps: tuple[Step, ...]
    roots: tuple[int, ...]
    merged: tuple[tuple[str, ...], ...] = ()


class Builder:
    """Adds steps, each once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._known: dict[Any, int] = {}

    def _add(self, key: Any, step: Step) -> int:
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = len(self.steps)
            self.steps.append(step)
        return place

    def number(self, value: float) -> int:
        key = (NUMBER, math.copysign(1.0, value), value) if value == value else (NUMBER, "nan")
        return self._add(key, Step(NUMBER, (), (), float(value)))

    def table(self, key: Any, axes: Sequence[int], values: Any) -> int:
        """Values along axes; `key` says which, since arrays are not compared."""
        order = sorted(range(len(axes)), key=lambda i: axes[i])
        if len(axes) > 1:
            values = np.transpose(np.asarray(values), order)
        return self._add((TABLE, key), Step(TABLE, (), tuple(sorted(axes)), values))

    def source(self, op: str, key: str) -> int:
        return self._add((op, key), Step(op, (), (DRAWS,), key))

    def special(self, op: str, args: Sequence[int], payload: Any, key: Any) -> int:
        return self._add((op, tuple(args), key), Step(op, tuple(args), self.axes(args), payload))

    def call(self, op: str, *args: int) -> int:
        """A numpy function of steps; of numbers alone it is worked out."""
        values = [self.value(a) for a in args]
        if None not in values:
            if op == "ndtr" and values[0] is not None:  # a constant needs no scipy
                return self.number(0.5 * math.erfc(-values[0] / math.sqrt(2)))
            with np.errstate(all="ignore"):
                return self.number(float(_FUNCTIONS[op](*(np.float64(v) for v in values if v is not None))))
        same = _unchanged(op, args, values)
        if same is not None:
            return same
        return self._add((op, args), Step(op, args, self.axes(args)))

    def value(self, place: int) -> float | None:
        """A constant's value."""
        step = self.steps[place]
        return float(step.payload) if step.op == NUMBER else None

    def axes(self, args: Sequence[int]) -> tuple[int, ...]:
        return tuple(sorted({axis for a in args for axis in self.steps[a].axes}))


class _Functions(dict[str, Callable[..., Any]]):
    """numpy's functions by name, and those of scipy that numpy has not."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        if name in ("ndtr", "ndtri"):
            import scipy.special

            found = getattr(scipy.special, name)
        else:
            found = getattr(np, name)
        self[name] = found
        return found  # type: ignore[no-any-return]


_FUNCTIONS = _Functions()


def function(op: str) -> Callable[..., Any]:
    return _FUNCTIONS[op]


def _unchanged(op: str, args: tuple[int, ...], values: Sequence[float | None]) -> int | None:
    if op == "positive":
        return args[0]
    if op == "multiply" and 1.0 in values:
        return args[1 - values.index(1.0)]
    if op in ("divide", "power") and values[1] == 1.0:
        return args[0]
    return None


# ── products ──

_PRODUCTS = ("multiply", "divide", "power", "sqrt", "negative")


class _Product:
    """A constant times steps to powers."""

    def __init__(self, constant: float = 1.0, powers: dict[int, float] | None = None) -> None:
        self.constant = constant
        self.powers = powers or {}

    def times(self, other: _Product, exponent: float) -> bool:
        """Multiplies by a power of another; False where a factor would cancel, which may be zero and then is no number."""
        self.constant *= float(np.float64(other.constant) ** exponent)
        for place, power in other.powers.items():
            before = self.powers.get(place, 0.0)
            if before * power * exponent < 0:
                return False
            self.powers[place] = before + power * exponent
        return True


def arranged(builder: Builder, roots: Sequence[int], levels: Levels, *, merging: bool = True) -> Schedule:
    """The schedule of some steps; `levels` say how deep the loop along each axis stands, and the outer ones come first.

    Without `merging` each lognormal has a draw of its own.
    """
    with np.errstate(all="ignore"):
        return _Arranger(builder, roots, levels, merging=merging).schedule()


class _Arranger:
    def __init__(self, builder: Builder, roots: Sequence[int], levels: Levels, *, merging: bool) -> None:
        self.steps = builder.steps
        self.merging = merging
        self.roots = tuple(roots)
        self.levels = levels
        self.made = Builder()
        self.place: dict[int, int] = {}
        self.merged: list[tuple[str, ...]] = []
        self.needed = self._needed()
        self.uses: dict[int, int] = {}
        for at in self.needed:
            for arg in self.steps[at].args:
                self.uses[arg] = self.uses.get(arg, 0) + 1
        for root in self.roots:
            self.uses[root] = self.uses.get(root, 0) + 2  # never taken apart

    def _needed(self) -> list[int]:
        waiting, found = list(self.roots), set[int]()
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                waiting += self.steps[at].args
        return sorted(found)

    def schedule(self) -> Schedule:
        products: dict[int, _Product] = {}
        inside: set[int] = set()  # of a product that stands further on
        for at in self.needed:
            product = self._product(at, products)
            if product is not None:
                products[at] = product
        for at in products:
            inside.update(a for a in self.steps[at].args if self._opens(a, products))
        for at in self.needed:
            if at in inside:
                continue
            product = products.get(at)
            self.place[at] = self._copied(at) if product is None else self._multiplied(product, at)
        made = self.made.steps
        roots = tuple(self.place[root] for root in self.roots)
        return _without_idle(made, roots, tuple(self.merged))

    def _product(self, at: int, products: Mapping[int, _Product]) -> _Product | None:
        """A step as a product of steps, with the products in it that nothing else uses taken apart."""
        step = self.steps[at]
        if step.op not in _PRODUCTS:
            return None
        exponents: list[float] = [1.0, -1.0 if step.op == "divide" else 1.0]
        args = step.args
        product = _Product(-1.0 if step.op == "negative" else 1.0)
        if step.op == "power":
            exponent = self.steps[args[1]]
            power = exponent.payload if exponent.op == NUMBER else math.nan
            if not math.isfinite(power) or power != int(power) or not 0 < abs(power) <= 8:
                return None  # of a root or a fraction the sign is not known
            args, exponents = args[:1], [exponent.payload]
        elif step.op == "sqrt":
            return None
        for arg, exponent_ in zip(args, exponents, strict=False):
            inner = products.get(arg) if self._opens(arg, products) else None
            if self.steps[arg].op == NUMBER:
                inner = _Product(self.steps[arg].payload)
            if not product.times(inner or _Product(1.0, {arg: 1.0}), exponent_):
                return None
        fits = (
            math.isfinite(product.constant) and abs(product.constant) > 1e-280 and len(product.powers) <= _MOST_FACTORS
        )
        return product if fits and product.powers else None

    def _opens(self, at: int, products: Mapping[int, _Product]) -> bool:
        return at in products and self.uses[at] == 1

    def _copied(self, at: int) -> int:
        step = self.steps[at]
        args = tuple(self.place[a] for a in step.args)
        if step.op == NUMBER:
            return self.made.number(step.payload)
        if step.op == TABLE:
            return self.made.table(at, step.axes, step.payload)
        if step.op in SOURCES:
            return self.made.source(step.op, step.payload)
        if step.op in SPECIAL:
            return self.made.special(step.op, args, step.payload, at)
        return self.made.call(step.op, *args)

    def _level(self, place: int) -> tuple[int, tuple[int, ...]]:
        axes = self.made.steps[place].axes
        return max((self.levels[a] for a in axes), default=-1), axes

    def _multiplied(self, product: _Product, at: int) -> int:
        """The steps of a product: numerators over denominators, what varies least first."""
        call = self.made.call
        powers = self._with_one_draw(product)
        parts: dict[
            tuple[int, tuple[int, ...]], list[tuple[int, int]]
        ] = {}  # level → (numerator or denominator, place)
        for place, power in powers:
            below, count = power < 0, int(abs(power))
            raised = place
            if count > 1:
                raised = call("multiply", place, place) if count == 2 else call("power", place, self.made.number(count))
            parts.setdefault(self._level(raised), []).append((int(below), raised))
        result: int | None = self.made.number(product.constant)
        if product.constant == 1.0:
            result = None
        for level in sorted(parts):
            above = _joined(call, [place for below, place in parts[level] if not below])
            under = _joined(call, [place for below, place in parts[level] if below])
            if above is not None:
                result = above if result is None else call("multiply", result, above)
            if under is not None:
                result = call("divide", self.made.number(1.0) if result is None else result, under)
        assert result is not None
        return result

    def _with_one_draw(self, product: _Product) -> list[tuple[int, float]]:
        """The factors in their new places, independent lognormals among them as one."""
        drawn: list[tuple[str, float]] = []
        rest: list[tuple[int, float]] = []
        for at, power in product.powers.items():
            found = self._lognormal(at) if self.merging else None
            if found is None:
                rest.append((self.place[at], power))
            else:
                drawn.append((found[0], found[1] * power))
        if not drawn:
            return rest
        name = drawn[0][0]
        spread = drawn[0][1]
        if len(drawn) > 1:
            names = tuple(name for name, _ in drawn)
            self.merged.append(names)
            name, spread = " * ".join(sorted(names)), math.sqrt(sum(sigma * sigma for _, sigma in drawn))
        scaled = self.made.call("multiply", self.made.number(spread), self.made.source(NORMAL, name))
        return [*rest, (self.made.call("exp", scaled), 1.0)]

    def _lognormal(self, at: int) -> tuple[str, float] | None:
        """The stream and the sigma of exp(sigma * z), where nothing else uses it or its draw."""
        step = self.steps[at]
        if step.op != "exp" or self.uses[at] != 1:
            return None
        inner = self.steps[step.args[0]]
        if inner.op != "multiply" or self.uses[step.args[0]] != 1:
            return None
        sigma, z = (self.steps[a] for a in inner.args)
        if sigma.op != NUMBER or z.op != NORMAL or self.uses[inner.args[1]] != 1:
            return None
        return str(z.payload), float(sigma.payload)


def _joined(call: Callable[..., int], places: Sequence[int]) -> int | None:
    joined: int | None = None
    for place in places:
        joined = place if joined is None else call("multiply", joined, place)
    return joined


def _without_idle(steps: Sequence[Step], roots: tuple[int, ...], merged: tuple[tuple[str, ...], ...]) -> Schedule:
    """Without the steps that nothing asks for any more."""
    wanted = set(roots)
    for at in range(len(steps) - 1, -1, -1):
        if at in wanted:
            wanted.update(steps[at].args)
    kept = sorted(wanted)
    place = {at: i for i, at in enumerate(kept)}
    moved = tuple(Step(s.op, tuple(place[a] for a in s.args), s.axes, s.payload) for s in (steps[at] for at in kept))
    return Schedule(moved, tuple(place[r] for r in roots), merged)
