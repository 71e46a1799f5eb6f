"""Graphs as schedules on numpy, against the same graphs worked out by hand: arranged or not, in draws, cells, blocks, on threads."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tonne.draw_options import Options
from tonne.numeric.blocks import BLOCK, CELLS, PIECE, CellMachine, DrawMachine
from tonne.numeric.sample import Distribution, sample
from tonne.numeric.schedule import DRAWS, NORMAL, NUMBER, UNIFORM, Builder, Schedule, arranged

SEED = 20
NEAR = 1e-13

# ── random graphs ──


class Part(NamedTuple):
    """One computation of a random graph, on parts before it; `size` bounds the logarithm of its value."""

    op: str
    args: tuple[int, ...] = ()
    payload: Any = None
    size: float = 0.7
    sign: int = 1


LARGEST = 20.0  # of the logarithm of a value, so that errors of rounding stay small too


@st.composite
def graphs(draw: st.DrawFn, leaves: Sequence[str], sizes: Sequence[int] = ()) -> list[Part]:
    """Leaves and operations on them. Nothing is subtracted, so that each value is known to its last digits."""
    parts: list[Part] = []
    for kind in draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=7)):
        if kind == "number":
            parts.append(Part(kind, payload=draw(st.sampled_from([1.0, 2.0, 0.5]) | st.floats(0.5, 2))))
        elif kind == "uniform":
            parts.append(Part(kind, payload=draw(st.sampled_from("abc"))))
        elif kind == "lognormal":
            payload = draw(st.sampled_from("abc")), draw(st.sampled_from([0.1, 0.25]))
            parts.append(Part(kind, payload=payload, size=1.5))
        else:
            axes = tuple(sorted(draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1))))
            seed = draw(st.integers(0, 1000))
            values = np.random.default_rng(seed).uniform(0.5, 2, [sizes[a] for a in axes])
            parts.append(Part(kind, payload=(axes, (seed, axes), values)))
    for _ in range(draw(st.integers(1, 14))):
        op = draw(
            st.sampled_from(["multiply", "multiply", "divide", "divide", "power", "add", "sqrt", "negative", "maximum"])
        )
        one, other = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
        a, b = parts[one], parts[other]
        made = Part("maximum", (one, one), None, a.size, a.sign)
        if op in ("multiply", "divide"):
            made = Part(op, (one, other), None, a.size + b.size, a.sign * b.sign)
        elif op == "add" and a.sign == b.sign:
            made = Part(op, (one, other), None, max(a.size, b.size) + 0.7, a.sign)
        elif op == "maximum" and a.sign == b.sign:
            made = Part(op, (one, other), None, max(a.size, b.size), a.sign)
        elif op == "negative":
            made = Part(op, (one,), None, a.size, -a.sign)
        elif op == "sqrt" and a.sign > 0:
            made = Part(op, (one,), None, a.size)
        elif op == "power":
            exponent = draw(st.sampled_from([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 9.0]))
            made = Part(op, (one,), exponent, abs(exponent) * a.size, a.sign if exponent % 2 else 1)
        if made.size <= LARGEST:
            parts.append(made)
    return parts


def built(builder: Builder, parts: Sequence[Part]) -> list[int]:
    places: list[int] = []
    for part in parts:
        args = [places[a] for a in part.args]
        if part.op == "number":
            place = builder.number(part.payload)
        elif part.op == "uniform":
            place = builder.call("add", builder.source(UNIFORM, part.payload), builder.number(0.5))
        elif part.op == "lognormal":
            key, sigma = part.payload
            place = builder.call(
                "exp", builder.call("multiply", builder.number(sigma), builder.source(NORMAL, f"z {key}"))
            )
        elif part.op == "table":
            axes, key, values = part.payload
            place = builder.table(key, axes, values)
        elif part.op == "power":
            place = builder.call("power", args[0], builder.number(part.payload))
        else:
            place = builder.call(part.op, *args)
        places.append(place)
    return places


def source(op: str, key: str, draws: int, seed: int = SEED) -> Any:
    """The draws of one source, of a schedule that has no other step."""
    builder = Builder()
    place = builder.source(op, key)
    machine = DrawMachine(plain(builder, [place]), {}, seed)
    pieces = [values for block in range(-(-draws // BLOCK)) for _, values in copies(machine.pieces(block, draws))]
    return np.concatenate([values[0] for values in pieces])


def copies(pieces: Iterator[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    """The same, out of the buffers that are used again."""
    for cell, values in pieces:
        yield cell, [np.array(value) for value in values]


def by_hand(parts: Sequence[Part], sizes: Sequence[int] = (), draws: int = 1) -> list[Any]:
    """Each part as an array of draws by cells."""
    values: list[Any] = []
    for part in parts:
        args = [values[a] for a in part.args]
        if part.op == "number":
            value = np.float64(part.payload)
        elif part.op == "uniform":
            value = source(UNIFORM, part.payload, draws).reshape(-1, *(1 for _ in sizes)) + 0.5
        elif part.op == "lognormal":
            key, sigma = part.payload
            value = np.exp(sigma * source(NORMAL, f"z {key}", draws)).reshape(-1, *(1 for _ in sizes))
        elif part.op == "table":
            axes, _, numbers = part.payload
            value = numbers.reshape(1, *(size if axis in axes else 1 for axis, size in enumerate(sizes)))
        elif part.op == "power":
            value = args[0] ** part.payload
        else:
            value = getattr(np, part.op)(*args)
        values.append(value)
    return [np.broadcast_to(value, (draws, *sizes)) for value in values]


def plain(builder: Builder, roots: Sequence[int]) -> Schedule:
    return Schedule(tuple(builder.steps), tuple(roots))


def in_draws(schedule: Schedule, sizes: Sequence[int], draws: int) -> list[Any]:
    """Each root as an array of draws by cells."""
    machine = DrawMachine(schedule, dict(enumerate(sizes)), SEED)
    cells = [np.unravel_index(i, sizes) if sizes else () for i in range(math.prod(sizes))]
    parts: list[list[list[Any]]] = [[[] for _ in cells] for _ in schedule.roots]
    with np.errstate(all="ignore"):
        for cell, values in itertools.chain.from_iterable(machine.pieces(b, draws) for b in range(-(-draws // BLOCK))):
            for root, value in enumerate(values):
                count = min(PIECE, draws - len(parts[root][cell]) * PIECE)
                parts[root][cell].append(np.array(np.broadcast_to(value, (count,))))
    found = []
    for root in parts:
        array = np.empty((draws, *sizes))
        for index, pieces in zip(cells, root, strict=True):
            array[(slice(None), *index)] = np.concatenate(pieces)
        found.append(array)
    return found


def agree(found: Sequence[Any], expected: Sequence[Any]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=NEAR, atol=0)


axes_of_sweeps = st.lists(st.integers(1, 4), max_size=3)
LEAVES = ["number", "uniform", "uniform", "lognormal"]


@given(data=st.data(), sizes=axes_of_sweeps)
def test_a_schedule_gives_what_the_graph_gives(data: st.DataObject, sizes: list[int]) -> None:
    """In each draw and each cell; as it was built and arranged, with all lognormals asked for, so that none is merged."""
    parts = data.draw(graphs([*LEAVES, "table", "table"] if sizes else LEAVES, sizes))
    builder = Builder()
    places = built(builder, parts)
    wanted = data.draw(st.lists(st.integers(0, len(parts) - 1), min_size=1, max_size=4))
    wanted += [i for i, part in enumerate(parts) if part.op == "lognormal"]
    roots, expected = [places[i] for i in wanted], by_hand(parts, sizes, 50)
    schedule = arranged(builder, roots, {DRAWS: 0, **{axis: axis + 1 for axis in range(len(sizes))}})
    assert schedule.merged == ()
    agree(in_draws(plain(builder, roots), sizes, 50), [expected[i] for i in wanted])
    agree(in_draws(schedule, sizes, 50), [expected[i] for i in wanted])


@given(data=st.data(), sizes=st.lists(st.integers(1, 7), min_size=1, max_size=3), piece=st.integers(1, 60))
def test_cells_of_a_sweep(data: st.DataObject, sizes: list[int], piece: int) -> None:
    """Whatever the axes and the size of a block, and in whatever order the blocks are asked for."""
    parts = data.draw(graphs(["number", "table", "table"], sizes))
    builder = Builder()
    places = built(builder, parts)
    wanted = data.draw(st.lists(st.integers(0, len(parts) - 1), min_size=1, max_size=4))
    roots, expected = [places[i] for i in wanted], by_hand(parts, sizes)
    for schedule in (plain(builder, roots), arranged(builder, roots, {axis: axis for axis in range(len(sizes))})):
        machine = CellMachine(schedule, dict(enumerate(sizes)), piece)
        cells = np.full((len(roots), math.prod(sizes)), np.nan)
        seen = np.zeros(math.prod(sizes), int)
        for number in data.draw(st.permutations(range(machine.blocks)) | st.just(range(machine.blocks))):
            first, count, values = machine.block(number)
            seen[first : first + count] += 1
            assert count <= max(piece, 1)
            for root, value in enumerate(values):
                cells[root, first : first + count] = machine.flat(value, count)
        assert np.all(seen == 1)
        agree([row.reshape(sizes) for row in cells], [expected[i][0] for i in wanted])


@pytest.mark.parametrize("sizes", [(40_000,), (3, 20_000), (20_000, 3), (7, 50, 101), (1, 1, 1), (1, 40_000, 1)])
def test_sweeps_of_more_cells_than_a_block(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    grids = [rng.uniform(0.5, 2, size) for size in sizes]
    builder = Builder()
    tables = [builder.table(axis, (axis,), values) for axis, values in enumerate(grids)]
    both = builder.table("both", tuple(range(len(sizes)))[-2:], rng.uniform(0.5, 2, sizes[-2:]))
    total, product = tables[0], tables[0]
    for table in tables[1:]:
        total, product = builder.call("add", total, table), builder.call("multiply", table, product)
    product = builder.call("divide", product, builder.call("sqrt", both))
    meshed = np.meshgrid(*grids, indexing="ij")
    expected = [sum(meshed[1:], meshed[0]), np.prod(meshed, axis=0) / np.sqrt(builder.steps[both].payload)]
    machine = CellMachine(
        arranged(builder, [total, product], {a: a for a in range(len(sizes))}), dict(enumerate(sizes))
    )
    found: list[list[Any]] = [[], []]
    starts, total_count = [], 0
    for number in range(machine.blocks):
        first, count, values = machine.block(number)
        starts.append(first == total_count)
        total_count += count
        for kept, value in zip(found, values, strict=True):
            kept.append(np.array(machine.flat(value, count)))  # the buffers are used again
    assert all(starts)
    assert total_count == math.prod(sizes)
    assert (machine.blocks > 1) == (math.prod(sizes) > CELLS)
    agree([np.concatenate(one).reshape(sizes) for one in found], expected)


def test_a_table_with_its_axes_in_any_order() -> None:
    builder = Builder()
    values = np.arange(6.0).reshape(3, 2)  # axis 1 has three values, axis 0 two
    root = builder.call("add", builder.table("t", (1, 0), values), builder.table("zero", (0,), np.zeros(2)))
    machine = CellMachine(plain(builder, [root]), {0: 2, 1: 3})
    _, count, found = machine.block(0)
    assert machine.flat(found[0], count).tolist() == values.T.ravel().tolist()
    agree(in_draws(plain(builder, [root]), (2, 3), 1), [values.T[None]])


# ── folding, and what is worked out in which loop ──


def test_constants_are_folded_and_what_is_alike_is_one_step() -> None:
    builder = Builder()
    two, three = builder.number(2), builder.number(3)
    assert builder.value(builder.call("power", two, three)) == 8
    assert builder.value(builder.call("ndtri", builder.number(0.95))) == pytest.approx(float(stats.norm.ppf(0.95)))
    x = builder.source(UNIFORM, "x")
    assert builder.source(UNIFORM, "x") == x
    assert builder.source(UNIFORM, "y") != x
    assert builder.call("add", x, two) == builder.call("add", x, builder.number(2.0))
    one = builder.number(1)
    same = [("multiply", x, one), ("multiply", one, x), ("divide", x, one), ("power", x, one), ("positive", x)]
    assert [builder.call(*call) for call in same] == [x] * 5
    assert builder.call("divide", one, x) != x
    assert builder.number(0.0) != builder.number(-0.0)
    assert builder.number(math.nan) == builder.number(math.nan)
    assert math.isnan(builder.value(builder.call("sqrt", builder.number(-1))) or 0.0)


def test_constants_of_a_product_become_one() -> None:
    builder = Builder()
    call, number = builder.call, builder.number
    x, y = builder.source(UNIFORM, "x"), builder.source(UNIFORM, "y")
    product = call(
        "multiply", call("divide", call("multiply", number(6), x), number(4)), call("multiply", y, number(10))
    )
    schedule = arranged(builder, [product], {DRAWS: 0})
    assert [s.payload for s in schedule.steps if s.op == NUMBER] == [15.0]
    assert sorted(s.op for s in schedule.steps) == ["multiply", "multiply", NUMBER, UNIFORM, UNIFORM]


def test_a_factor_that_may_be_zero_does_not_cancel() -> None:
    """Of `(a * x) / (a * y)`, in the quarter of the draws in which `a` is 0."""
    builder = Builder()
    call, number = builder.call, builder.number
    a = call("maximum", call("subtract", builder.source(UNIFORM, "a"), number(0.25)), number(0.0))
    x, y = (call("add", builder.source(UNIFORM, key), number(1.0)) for key in "xy")
    ratio = call("divide", call("multiply", a, x), call("multiply", a, y))
    [expected], [found] = (
        in_draws(plain(builder, [ratio]), (), 400),
        in_draws(arranged(builder, [ratio], {DRAWS: 0}), (), 400),
    )
    assert 50 < np.isnan(expected).sum() < 150
    agree([found], [expected])


def test_what_is_multiplied_by_itself_is_a_power() -> None:
    builder = Builder()
    x, y = (builder.call("add", builder.source(UNIFORM, key), builder.number(1)) for key in "xy")
    product = builder.call("multiply", builder.call("multiply", x, y), builder.call("multiply", x, x))
    schedule = arranged(builder, [product], {DRAWS: 0})
    agree(in_draws(schedule, (), 50), in_draws(plain(builder, [product]), (), 50))


@pytest.mark.parametrize("exponent", [math.nan, math.inf, -math.inf, 0.0, 0.5, 1e300])
def test_powers_of_any_number(exponent: float) -> None:
    builder = Builder()
    power = builder.call("power", builder.source(UNIFORM, "x"), builder.number(exponent))
    agree(in_draws(arranged(builder, [power], {DRAWS: 0}), (), 50), in_draws(plain(builder, [power]), (), 50))


@given(order=st.permutations(["draw", "other", "outer", "inner", "both"]), divided=st.sets(st.integers(1, 4)))
def test_what_moves_least_is_multiplied_first(order: list[str], divided: set[int]) -> None:
    """Whatever the order in which a product is written, the innermost loop has one multiplication for each factor in it."""
    builder = Builder()
    rng = np.random.default_rng(0)
    leaf = {
        "draw": builder.source(UNIFORM, "draw"),
        "other": builder.source(UNIFORM, "other"),
        "outer": builder.table("outer", (0,), rng.uniform(1, 2, 3)),
        "inner": builder.table("inner", (1,), rng.uniform(1, 2, 4)),
        "both": builder.table("both", (0, 1), rng.uniform(1, 2, (3, 4))),
    }
    product = leaf[order[0]]
    for i, name in enumerate(order[1:], 1):
        product = builder.call("divide" if i in divided else "multiply", product, leaf[name])
    schedule = arranged(builder, [product], {DRAWS: 0, 0: 1, 1: 2})
    loops = [max((axis + 1 for axis in step.axes), default=-1) for step in schedule.steps if step.args]
    assert loops.count(0) <= 2  # two draws, perhaps one over them
    assert loops.count(1) == 1
    assert loops.count(2) == 2
    agree(in_draws(schedule, (3, 4), 20), in_draws(plain(builder, [product]), (3, 4), 20))


def test_what_nobody_asks_for_is_not_worked_out() -> None:
    builder = Builder()
    x = builder.source(UNIFORM, "x")
    root = builder.call("add", x, builder.number(1))
    for key in ("y", "z"):
        builder.call("exp", builder.source(NORMAL, key))
    schedule = arranged(builder, [root], {DRAWS: 0})
    assert [s.payload for s in schedule.steps if s.op in (NORMAL, UNIFORM)] == ["x"]


# ── lognormals that become one draw ──


def lognormal(builder: Builder, key: str, sigma: float) -> int:
    return builder.call("exp", builder.call("multiply", builder.number(sigma), builder.source(NORMAL, key)))


@given(
    factors=st.lists(st.tuples(st.floats(0.05, 0.9), st.sampled_from([-3, -2, -1, 1, 1, 2])), min_size=2, max_size=5),
    scale=st.floats(0.1, 10),
    apart=st.booleans(),
)
def test_merged_lognormals_have_the_law_of_their_product(
    factors: list[tuple[float, int]], scale: float, apart: bool
) -> None:
    builder = Builder()
    product = builder.number(scale)
    for i, (sigma, power) in enumerate(factors):
        one = lognormal(builder, f"v{i}", sigma)
        if abs(power) != 1:
            one = builder.call("power", one, builder.number(abs(power)))
        product = builder.call("multiply" if power > 0 else "divide", product, one)
    other = builder.source(UNIFORM, "u")
    if apart:
        product = builder.call("multiply", product, builder.call("add", other, builder.number(1)))
    schedule = arranged(builder, [product, other], {DRAWS: 0})
    assert [sorted(names) for names in schedule.merged] == [[f"v{i}" for i in range(len(factors))]]
    assert sum(step.op == NORMAL for step in schedule.steps) == 1
    values, u = in_draws(schedule, (), 20_000)
    logs = np.log(values / scale) - (np.log1p(u) if apart else 0)
    sigma = math.sqrt(sum((sigma * power) ** 2 for sigma, power in factors))
    assert stats.kstest(logs / sigma, "norm").statistic < 3.3 / math.sqrt(20_000)
    assert abs(stats.spearmanr(logs, u)[0]) < 6 / math.sqrt(20_000)


def test_each_product_has_a_draw_of_its_own() -> None:
    builder = Builder()
    a, b, c, d = (lognormal(builder, key, 0.5) for key in "abcd")
    roots = [builder.call("multiply", a, b), builder.call("divide", c, d)]
    schedule = arranged(builder, roots, {DRAWS: 0})
    assert sorted(map(sorted, schedule.merged)) == [["a", "b"], ["c", "d"]]
    one, other = in_draws(schedule, (), 20_000)
    assert abs(stats.spearmanr(one, other)[0]) < 6 / math.sqrt(20_000)


def parts_of_a_product() -> tuple[Builder, int, int, int]:
    builder = Builder()
    a, b = lognormal(builder, "a", 0.3), lognormal(builder, "b", 0.4)
    return builder, a, b, builder.call("multiply", a, b)


@pytest.mark.parametrize(
    "use", ["asked for", "added", "of another product", "its draw", "its exponent", "squared with it", "correlated"]
)
def test_nothing_is_merged_that_is_used_elsewhere(use: str) -> None:
    builder, a, _, product = parts_of_a_product()
    call, z = builder.call, builder.source(NORMAL, "a")
    roots = {
        "asked for": [product, a],
        "added": [call("add", product, a)],
        "of another product": [product, call("divide", a, builder.source(UNIFORM, "u"))],
        "its draw": [product, z],
        "its exponent": [product, call("multiply", builder.number(0.3), z)],
        "squared with it": [call("multiply", product, a)],
        "correlated": [
            product,
            call("exp", call("add", call("multiply", builder.number(0.6), z), builder.source(NORMAL, "c"))),
        ],
    }[use]
    schedule = arranged(builder, roots, {DRAWS: 0})
    assert schedule.merged == ()
    agree(in_draws(schedule, (), 100), in_draws(plain(builder, roots), (), 100))


def test_merging_stops_at_what_is_asked_for() -> None:
    """Of four factors, the product of two of which is asked for, the other two are merged."""
    builder, _, _, inner = parts_of_a_product()
    c, d = lognormal(builder, "c", 0.3), lognormal(builder, "d", 0.4)
    whole = builder.call("multiply", builder.call("multiply", c, inner), d)
    schedule = arranged(builder, [inner, whole], {DRAWS: 0})
    assert sorted(map(sorted, schedule.merged)) == [["a", "b"], ["c", "d"]]
    one, all_ = in_draws(schedule, (), 20_000)
    assert stats.kstest(np.log(all_ / one) / 0.5, "norm").statistic < 3.3 / math.sqrt(20_000)
    assert abs(stats.spearmanr(one, all_ / one)[0]) < 6 / math.sqrt(20_000)


def test_a_lognormal_with_a_sigma_that_varies_is_not_merged() -> None:
    builder = Builder()
    z = builder.source(NORMAL, "a")
    varying = builder.call("exp", builder.call("multiply", builder.source(UNIFORM, "sigma"), z))
    schedule = arranged(builder, [builder.call("multiply", varying, lognormal(builder, "b", 0.4))], {DRAWS: 0})
    assert schedule.merged == ()


# ── streams and blocks ──


def mixed() -> tuple[Builder, list[int]]:
    """Values that rest on normal and uniform draws, one of them on both, one a test."""
    builder = Builder()
    call, number = builder.call, builder.number
    z, u = builder.source(NORMAL, "z"), builder.source(UNIFORM, "u")
    cost = call("multiply", call("exp", z), call("add", u, number(1)))
    return builder, [z, u, cost, call("less", cost, number(2)), call("subtract", z, z)]


@given(draws=st.integers(1, 2 * PIECE + 5), more=st.integers(1, 2 * PIECE))
@settings(max_examples=15)
def test_the_first_draws_stay_when_more_are_asked_for(draws: int, more: int) -> None:
    builder, roots = mixed()
    few, many = (in_draws(plain(builder, roots), (), n) for n in (draws, draws + more))
    for one, other in zip(few, many, strict=True):
        assert np.array_equal(one, other[:draws])


def test_a_block_is_the_same_whenever_it_is_worked_out() -> None:
    builder, roots = mixed()
    draws = 2 * BLOCK + PIECE + 7
    schedule = plain(builder, roots)
    machine = DrawMachine(schedule, {}, SEED)

    def block(machine: DrawMachine, number: int) -> list[Any]:
        return [[np.array(v) for v in values] for _, values in machine.pieces(number, draws)]

    forwards = [block(machine, number) for number in range(3)]
    backwards = [block(machine, number) for number in (2, 0, 1)]
    alone = [block(DrawMachine(schedule, {}, SEED), number) for number in range(3)]
    for first, second, third in zip(forwards, [backwards[1], backwards[2], backwards[0]], alone, strict=True):
        for a, b, c in zip(first, second, third, strict=True):
            assert all(np.array_equal(x, y) and np.array_equal(x, z) for x, y, z in zip(a, b, c, strict=True))
    sizes = [sum(len(piece[0]) for piece in one) for one in forwards]
    assert sizes == [BLOCK, BLOCK, PIECE + 7]
    assert not np.array_equal(forwards[0][0][0], forwards[1][0][0])


def test_a_normal_and_a_uniform_of_one_name_do_not_share_a_generator() -> None:
    """Each has the draws that it has alone, and the same with more draws: a case may give an assumption another law."""
    builder = Builder()
    roots = [builder.source(NORMAL, "a"), builder.source(UNIFORM, "a")]
    both = in_draws(plain(builder, roots), (), 200)
    agree(both, [source(NORMAL, "a", 200), source(UNIFORM, "a", 200)])
    agree([one[:100] for one in both], in_draws(plain(builder, roots), (), 100))
    normal, uniform = source(NORMAL, "a", 20_000), source(UNIFORM, "a", 20_000)
    assert abs(stats.spearmanr(normal, uniform)[0]) < 6 / math.sqrt(20_000)
    assert abs(stats.spearmanr(abs(normal), uniform)[0]) < 6 / math.sqrt(20_000)


def test_streams_go_by_seed_source_and_block() -> None:
    """Names that another could be made of among them."""
    several = list(itertools.product((0, 1), (NORMAL, UNIFORM), ("a", "b", "a again", "ä", "", "normal a", "1")))
    heads = [
        source(op, key, BLOCK + 2, seed)[[0, 1, BLOCK, BLOCK + 1]].reshape(2, 2).tolist() for seed, op, key in several
    ]
    assert len({str(head) for blocks in heads for head in blocks}) == 2 * len(several)
    assert source(UNIFORM, "a", 2, 1).tolist() == heads[several.index((1, UNIFORM, "a"))][0]


# ── statistics of draws, on threads ──


def figures(one: Distribution) -> Any:
    histogram = one._tally.histogram
    shares = [one.percentile(share) for share in (0.0, 0.05, 0.37, 0.5, 0.95, 1.0) if histogram.counts.size]
    counts = histogram.first, histogram.coarse, histogram.counts.tolist()
    return one.draws, one.of, one.mean, one.sd, one.least, one.greatest, shares, counts


@pytest.mark.parametrize("exact", [False, True])
def test_no_digit_depends_on_the_number_of_threads(exact: bool) -> None:
    builder, roots = mixed()
    root = builder.call(
        "divide", builder.number(1), builder.call("maximum", roots[0], builder.number(0))
    )  # infinite in half
    schedule = plain(builder, [*roots, root])
    shares = [(0.05, 0.5, 0.95)] * 3 + [()] + [(0.5,)] * 2
    draws = 5 * BLOCK - 11
    found = [sample(schedule, {}, Options(draws, 3, threads, exact), shares)[0] for threads in (1, 2, 5)]
    for one, two, five in zip(*found, strict=True):
        assert figures(one) == figures(two) == figures(five)
    values = in_draws_of(schedule, draws, 3)
    for one, array in zip(found[0], values, strict=True):
        known = array[np.isfinite(array)]
        assert (one.draws, one.of) == (known.size, draws)
        assert (one.least, one.greatest) == (known.min(), known.max())
        assert one.mean == pytest.approx(known.mean(), rel=1e-12, abs=1e-12 * known.std())
        assert one.sd == pytest.approx(known.std(ddof=1), rel=1e-9)
        if exact and one is not found[0][3]:
            assert one.median == pytest.approx(np.quantile(known, 0.5), rel=1e-15)
            assert one.error == 0
    assert found[0][3].mean == np.mean(values[3])
    assert (found[0][4].least, found[0][4].greatest, found[0][4].sd) == (0, 0, 0)


def in_draws_of(schedule: Schedule, draws: int, seed: int) -> list[Any]:
    machine = DrawMachine(schedule, {}, seed)
    parts: list[list[Any]] = [[] for _ in schedule.roots]
    with np.errstate(all="ignore"):
        for block in range(-(-draws // BLOCK)):
            for _, values in machine.pieces(block, draws):
                for kept, value in zip(parts, values, strict=True):
                    kept.append(np.array(value))
    return [np.concatenate(kept) for kept in parts]


@pytest.mark.parametrize("threads", [1, 2])
def test_draws_in_each_cell_of_a_sweep(threads: int) -> None:
    """Every cell has the same draws of its inputs, so that cells differ by what the sweep moves alone."""
    sizes = {0: 2, 1: 3}
    builder = Builder()
    x = builder.source(NORMAL, "x")
    step = builder.table("step", (1,), np.array([1.0, 2.0, 5.0]))
    both = builder.table("both", (0, 1), np.arange(6.0).reshape(2, 3))
    root = builder.call("add", builder.call("multiply", x, step), both)
    draws = BLOCK + 100
    schedule = arranged(builder, [root, builder.call("subtract", root, both)], {DRAWS: 0, 0: 1, 1: 2})
    cells = sample(schedule, sizes, Options(draws, 7, threads), [(0.5,), (0.5,)])
    z = source(NORMAL, "x", draws, 7)
    assert len(cells) == 6
    for number, (cell, _) in enumerate(cells):
        expected = z * [1.0, 2.0, 5.0][number % 3] + number
        assert cell.mean == pytest.approx(expected.mean(), rel=1e-12, abs=1e-12)
        assert cell.sd == pytest.approx(expected.std(ddof=1), rel=1e-12)
        assert (cell.least, cell.greatest) == (expected.min(), expected.max())


@pytest.mark.parametrize(("threads", "exact"), [(1, False), (2, False), (3, True), (7, False)])
@pytest.mark.parametrize("draws", [1, 700, BLOCK + 100])
def test_cells_that_are_counted_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch, draws: int, threads: int, exact: bool
) -> None:
    """They are those that are counted all at once, to the bit; the progress is of all of them."""
    sizes = {0: 5, 1: 3}
    builder = Builder()
    x = builder.source(NORMAL, "x")
    step = builder.table("step", (1,), np.array([1.0, 2.0, 5.0]))
    both = builder.table("both", (0, 1), np.arange(15.0).reshape(5, 3))
    root = builder.call("add", builder.call("multiply", x, step), both)
    schedule = arranged(builder, [root, builder.call("less", root, both)], {DRAWS: 0, 0: 1, 1: 2})

    def told(at_once: int) -> list[Any]:
        monkeypatch.setattr("tonne.numeric.sample.AT_ONCE", at_once)
        seen: list[tuple[int, int]] = []
        options = Options(draws, 7, threads, exact)
        cells = sample(schedule, sizes, options, [(0.05, 0.5, 0.8), ()], lambda *done: seen.append(done))
        assert seen[-1] == (draws, draws)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert len(cells) == 15
        return [
            (
                one.draws,
                one.of,
                one.mean,
                one.sd,
                one.least,
                one.greatest,
                one.error,
                [one.percentile(s) for s in asked],
            )
            for cell in cells
            for one, asked in zip(cell, [(0.05, 0.5, 0.8), ()], strict=True)
        ]

    whole = told(1000)
    assert len({str(one) for one in whole[::2]}) == 15
    for at_once in (1, 4, 8, 14):
        assert str(told(at_once)) == str(whole)


def test_the_memory_of_a_sampled_sweep_does_not_grow_with_its_counts() -> None:
    """Each cell has counts of some hundred kilobytes, which are not kept."""

    def peak(count: int) -> int:
        builder = Builder()
        step = builder.table("step", (0,), np.linspace(1, 2, count))
        root = builder.call("multiply", builder.source(NORMAL, "x"), step)
        schedule = arranged(builder, [root], {DRAWS: 0, 0: 1})
        tracemalloc.start()
        cells = sample(schedule, {0: count}, Options(5_000, 7), [(0.05, 0.5, 0.95)])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert cells[-1][0].sd == pytest.approx(2 * cells[0][0].sd)
        return found

    few, many = peak(300), peak(1_500)
    assert many < 1.2 * few, (few, many)


@pytest.mark.parametrize("draws", [1, 2, PIECE, PIECE + 1, BLOCK, BLOCK + 1])
def test_any_number_of_draws(draws: int) -> None:
    builder, roots = mixed()
    seen: list[tuple[int, int]] = []
    found = sample(plain(builder, roots), {}, Options(draws, SEED), [(0.5,)] * 5, lambda *done: seen.append(done))[0]
    assert [one.draws for one in found] == [draws] * 5
    assert seen[-1] == (draws, draws)
    values = in_draws(plain(builder, roots), (), draws)
    assert found[0].mean == pytest.approx(values[0].mean(), rel=1e-12, abs=1e-12)
    assert found[0].sd == pytest.approx(values[0].std(ddof=1) if draws > 1 else 0.0, rel=1e-12)


def test_a_value_that_no_quantile_was_asked_of() -> None:
    builder = Builder()
    place = builder.source(UNIFORM, "x")
    found = sample(plain(builder, [place]), {}, Options(100), [()])[0][0]
    assert math.isnan(found.median)
    assert found.mean == pytest.approx(source(UNIFORM, "x", 100, 0).mean())
