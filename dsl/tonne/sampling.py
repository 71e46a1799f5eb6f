"""Sampling: what is asked of a run, over draws of its assumptions.

Takes runs (one, or those of a study that are drawn together) with what is asked of them; gives distributions, shares of
draws, and the values of `percentile`, `sd` and `probability`, which later passes may rest on. The point values stay
what they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tonne.diagnostic import Diagnostic, diagnostic
from tonne.dimension import RATIO
from tonne.draw_options import Options, Progress
from tonne.graph import OF_DRAWS, PERCENTILE, PROBABILITY, Node, dimension_of
from tonne.model import Model, TestSides
from tonne.numeric.holding import holds
from tonne.numeric.sample import HIGH, LOW, MEDIAN, Distribution, sample
from tonne.numeric.schedule import DRAWS, Builder, arranged
from tonne.numeric.steps import Opaque, Steps, Table
from tonne.numeric.sweep import grid, scheduled, values
from tonne.plan import shown_nodes
from tonne.run import Run
from tonne.syntax import tree
from tonne.syntax.walk import test_parts
from tonne.values import Record, Unprinted, field
from tonne.verdict import SAME, precision

_TOLD = (LOW, MEDIAN, HIGH)


# The id of a node or of the sides of a test; of two nodes for their difference.
Key = int | tuple[int, int] | tuple[int, int, str]


class Sampled(Unprinted, Record, eq=False):
    """What sampling gave, by the id of a node or of the sides of a test. Filled by `Sampler`, then only read.

    Each entry is a list with one element a cell of the sweep; without a sweep there is one cell. A value that does not
    vary is a number. `cut` gives the share of a spread that the bounds of its field cut off, None where that varies
    itself; `merged` are the assumptions that were drawn as one product; `opaque` the ids of what cannot be drawn.
    """

    options: Options
    values: dict[Key, list[Distribution | float]] = field(default_factory=dict)
    shares: dict[Key, list[float]] = field(default_factory=dict)
    statistics: dict[int, list[float]] = field(default_factory=dict)
    errors: dict[int, list[float]] = field(default_factory=dict)  # of statistics, the standard error in each cell
    cut: dict[str, float] = field(default_factory=dict)
    merged: tuple[tuple[str, ...], ...] = ()
    assumptions: tuple[str, ...] = ()
    opaque: set[Key] = field(default_factory=set)
    wrong: list[Diagnostic] = field(default_factory=list)

    def distribution(self, node: Node | None) -> Distribution | None:
        """Of a value that varies."""
        found = self.values.get(id(node), [None])[0]
        return found if isinstance(found, Distribution) else None

    def difference(self, node: Node, other: Node) -> tuple[Distribution | float | None, float | None]:
        """A value less another in the same draws, and the share of draws in which it is the lesser."""
        key = (id(node), id(other))
        return self.values.get(key, [None])[0], self.shares.get((*key, "less"), [None])[0]

    def share(self, sides: TestSides) -> float | None:
        """The share of draws in which a test holds."""
        return self.shares.get(id(sides), [None])[0]


class _Asked(Record, frozen=True, eq=False):
    """One thing to be drawn: a value, a difference of two values, or whether a test holds."""

    key: Key
    run: Run
    nodes: tuple[Node, ...]
    test: TestSides | None = None
    statistic: Node | None = None
    minus: Run | None = None  # the run of the second node of a difference
    less: bool = False  # whether it is below zero, not how much it is


class Sampler:
    """Draws what is asked of some runs, all of them from the same draws."""

    def __init__(
        self,
        options: Options,
        tables: Mapping[int, float | Table] | None = None,
        sizes: dict[int, int] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.options = options
        self.sizes = sizes or {}
        self.progress = progress
        self.known: dict[int, float | Table] = dict(tables or {})
        self.found = Sampled(options)
        self._asked: list[_Asked] = []
        self._percents: dict[int, float] = {}
        self._kept: list[Any] = []  # ids are of what lives
        self._turns: dict[int, int] = {}
        self.labels: dict[int, str] = {}  # by the id of a run, what tells its assumptions from those of the others

    def ask_value(self, run: Run, node: Node) -> None:
        self._asked.append(_Asked(id(node), run, (node,)))

    def ask_difference(self, run: Run, node: Node, minus: Run, other: Node) -> None:
        """A value less another of another run, in each draw, and in how many draws it is less."""
        self._asked.append(_Asked((id(node), id(other)), run, (node, other), minus=minus))
        self._asked.append(_Asked((id(node), id(other), "less"), run, (node, other), minus=minus, less=True))

    def ask_test(self, run: Run, sides: TestSides) -> None:
        nodes = tuple(n for n in sides.parts.values() if n is not None)
        if nodes and len(nodes) == len(sides.parts):
            self._asked.append(_Asked(id(sides), run, nodes, sides))

    def sample(self) -> Sampled:
        self._kept += self._asked
        asked = [*self._asked, *self._statistics()]
        turn = {id(one): self._turn(one.nodes, one.run, one.minus) for one in asked}
        last = max(turn.values(), default=-1)
        for number in range(last + 1):
            self._pass([one for one in asked if turn[id(one)] == number], is_only=last == 0)
        return self.found

    # ── what has to be known first ──

    def _statistics(self) -> list[_Asked]:
        """The functions of draws that anything asked for rests on."""
        found: dict[int, _Asked] = {}
        for one in self._asked:
            mine = [*(one.nodes[:1] if one.minus else one.nodes), *_share_of(one)]
            for run, nodes in ((one.run, mine), (one.minus, one.nodes[1:] if one.minus else ())):
                if run is None:
                    continue
                for node in run.below(nodes):
                    if node.op in OF_DRAWS and id(node) not in found:
                        found[id(node)] = _Asked(id(node), run, node.args, statistic=node)
        return list(found.values())

    def _turn(self, nodes: Sequence[Node], run: Run, minus: Run | None) -> int:
        """The number of the pass in which nodes can be drawn: after those of the statistics that they rest on."""
        turns = [-1]
        for node in run.below(nodes) if minus is None else [*run.below(nodes[:1]), *minus.below(nodes[1:])]:
            if node.op in OF_DRAWS:
                if id(node) not in self._turns:
                    self._turns[id(node)] = self._turn(node.args, run, None)
                turns.append(self._turns[id(node)])
        return max(turns) + 1

    # ── one pass ──

    def _pass(self, asked: Sequence[_Asked], *, is_only: bool) -> None:
        builder = Builder()
        steps: dict[int, Steps] = {}
        drawn: list[tuple[_Asked, int]] = []
        for one in asked:
            try:
                place = self._place(one, builder, steps)
            except Opaque:
                self.found.opaque.add(one.key)
                self.found.wrong += _undrawn(one)
                continue
            value = builder.value(place)
            if value is not None:
                if one.test is None or one.test.share is not None:  # a test of what does not vary has no share of draws
                    self._settle(one, [value])
            elif DRAWS in builder.steps[place].axes:
                drawn.append((one, place))
            else:
                self._settle(one, self._along(builder, place))
        for run, made in steps.items():
            label = self.labels.get(run, "")
            self.found.cut.update({f"{name}{label}": share for name, share in made.cut.items()})
        names = dict.fromkeys(n for s in steps.values() for n in s.assumptions)
        self.found.assumptions = tuple(dict.fromkeys([*self.found.assumptions, *names]))
        if not drawn:
            return
        levels = {DRAWS: 0, **{axis: i + 1 for i, axis in enumerate(sorted(self.sizes))}}
        places = [place for _, place in drawn]
        # what is merged in one pass has no draws of its own that another could ask for
        schedule = arranged(builder, places, levels, merging=is_only)
        self.found.merged += schedule.merged
        shares = [self._shares(one) for one, _ in drawn]
        cells = sample(schedule, self.sizes, self.options, shares, self.progress)
        for root, (one, _) in enumerate(drawn):
            self._settle(one, [cell[root] for cell in cells])

    def _place(self, one: _Asked, builder: Builder, steps: dict[int, Steps]) -> int:
        def of(run: Run) -> Steps:
            if id(run) not in steps:
                steps[id(run)] = Steps(builder, run, self.known)
            return steps[id(run)]

        test = one.test.test if one.test is not None else one.statistic.payload if one.statistic is not None else None
        if test is not None:
            relative = one.test.relative if one.test is not None else _is_relative(test, one.nodes)
            names = [name for name, _ in test_parts(test)]
            right = dict(zip(names, one.nodes, strict=True)).get("right")
            check = partial(holds, test, names, precision(test, right), relative, SAME)
            return of(one.run).holds(one.nodes, check, one.key)
        place = of(one.run).place(one.nodes[0])
        if one.minus is not None:
            other = of(one.minus).place(one.nodes[1])
            place = builder.call("less" if one.less else "subtract", place, other)
        if one.statistic is not None and one.statistic.op == PERCENTILE:
            self._percents[id(one.statistic)] = self._percent(of(one.run), one.statistic)
        return place

    def _percent(self, steps: Steps, node: Node) -> float:
        value = steps.builder.value(steps.place(node.args[1]))
        if value is None or value != value:
            raise Opaque
        return min(max(value, 0.0), 1.0)

    def _shares(self, one: _Asked) -> tuple[float, ...]:
        """The quantiles that are asked of something drawn."""
        if one.statistic is None:
            return () if one.test is not None or one.less else _TOLD
        if one.statistic.op != PERCENTILE:
            return ()
        share = self._percents[id(one.statistic)]
        return share, *self._beside(share)

    def _beside(self, share: float) -> tuple[float, float]:
        """A share of draws less and more its standard error."""
        error = math.sqrt(max(share * (1 - share), 1 / self.options.draws) / self.options.draws)
        return max(share - error, 0.0), min(share + error, 1.0)

    def _along(self, builder: Builder, place: int) -> list[float]:
        """What varies with the cells of a sweep alone."""
        [found] = values(scheduled(builder, [place], len(self.sizes)), self.sizes)
        return found.ravel().tolist()

    def _settle(self, one: _Asked, found: Sequence[Any]) -> None:
        if one.test is not None or one.less:
            self.found.shares[one.key] = [_mean(f) for f in found]
        elif one.statistic is None:
            self.found.values[one.key] = list(found)
        else:
            told = [self._statistic(one.statistic, f) for f in found]
            key = id(one.statistic)
            self.found.statistics[key] = told
            statistic = one.statistic
            self.found.errors[key] = [self._error(statistic, f) if isinstance(f, Distribution) else 0.0 for f in found]
            self.known[key] = told[0] if len(told) == 1 else self._table(key, told)

    def _statistic(self, node: Node, found: Distribution | float) -> float:
        if isinstance(found, Distribution):
            if node.op == PERCENTILE:
                return found.percentile(self._percents[id(node)])
            return found.mean if node.op == PROBABILITY else found.sd
        return 0.0 if node.op == "sd" else float(found)

    def _error(self, node: Node, found: Distribution) -> float:
        """The standard error of a statistic, about."""
        if found.draws == 0:
            return math.nan
        if node.op == PERCENTILE:
            low, high = (found.percentile(beside) for beside in self._beside(self._percents[id(node)]))
            return max((high - low) / 2, abs(low) * found.error)
        return found.standard_error if node.op == PROBABILITY else found.sd / math.sqrt(2 * found.draws)

    def _table(self, key: int, values: Sequence[float]) -> Table:
        axes = tuple(sorted(self.sizes))
        return Table(("statistic", key), axes, grid(values, [self.sizes[a] for a in axes]))


def _share_of(one: _Asked) -> list[Node]:
    """The share of draws in which a requirement is to hold."""
    return [] if one.test is None or one.test.share is None else [one.test.share]


def _undrawn(one: _Asked) -> list[Diagnostic]:
    """What is to be said of a function of draws, or a share of draws, that cannot be had."""
    if one.statistic is None and not _share_of(one):
        return []
    span = one.test.test.span if one.test is not None else one.statistic.span if one.statistic is not None else None
    assert span is not None
    text = " ".join(span.text.split())
    help = "an elasticity is not drawn, and a percentile is of one share that does not vary"
    return [diagnostic("V230", f"`{text}` cannot be asked of the draws", span, help=help)]


def _mean(found: Distribution | float) -> float:
    return found.mean if isinstance(found, Distribution) else float(found)


def _is_relative(test: tree.Test, nodes: Sequence[Node]) -> bool:
    """Whether the tolerance of a test inside `probability( … )` is a share of its right side."""
    return isinstance(test, tree.Near) and dimension_of(nodes[2]) == RATIO


def named_nodes(model: Model) -> list[Node]:
    """What a file shows and names, each once."""
    nodes = [*shown_nodes(model), *model.lets.values()]
    return list({id(node): node for node in nodes}.values())
