"""An optimization problem as nodes of the graph, what its derivation compiles to, and what solving it gives.

`tonne.optima` makes a `Problem`, `tonne.symbolic` a `Compiled` from it, `tonne.numeric` a `Solution` from that. Nothing here
computes. All numbers are in base units; free fields are positive.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from tonne.graph import Node
from tonne.source import Span
from tonne.units import Unit
from tonne.values import Record, Unprinted

# A float or a numpy array; arrays broadcast.
Array = Any


class Free(Unprinted, Record, frozen=True, eq=False):
    """A field that is chosen: `node` is its leaf (op `FREE`), `low` and `high` are its bounds where it has some.

    The payload of its leaf is the number among the problem's free fields.
    """

    name: str  # as written: llama_70b.parameters
    node: Node
    unit: Unit
    low: Node | None
    high: Node | None
    start: Node | None  # its binding, which is set aside, or the way to it
    span: Span


class Constraint(Unprinted, Record, frozen=True, eq=False):
    """`left OPERATOR right`; the operator is `==`, `<=` or `>=`."""

    operator: str
    left: Node
    right: Node
    span: Span


class Problem(Unprinted, Record, frozen=True, eq=False):
    """One objective over one or two free fields, subject to at most one constraint."""

    name: str
    sense: str  # minimize | maximize
    objective: Node
    constraint: Constraint | None
    free: tuple[Free, ...]
    span: Span

    @property
    def sides(self) -> list[Node]:
        """What is made least or greatest, and what is held."""
        constraint = self.constraint
        return [self.objective, *(() if constraint is None else (constraint.left, constraint.right))]


class Family(Unprinted, Record, frozen=True, eq=False):
    """The structured family: L = E + A x^-a + B y^-b against cost = x (u y + w) + k.

    `x` and `y` are places among the free fields. `problem` is `least-loss` (the loss is the objective, the cost is held at
    `level`) or `least-cost` (the other way round). `coefficients(*inputs)` gives (A, B, E, a, b, u, w, k, level), all of
    which may be arrays. A, B, a, b, u are positive, w is not negative.
    """

    problem: str
    x: int
    y: int
    coefficients: Callable[..., tuple[Array, ...]]


class Compiled(Unprinted, Record, frozen=True, eq=False):
    """A problem as vectorised functions of its free fields and of `inputs`, the nodes that do not depend on them.

    In what follows `*free` are the one or two free values, `*inputs` the values of `inputs` in their order; any may be an
    array. The objective is the one that is made least: that of `maximize` has its sign changed (`sign` is -1 then).
    """

    inputs: tuple[Node, ...]
    sign: int
    objective: Callable[..., Array]  # (*free, *inputs)
    objective_gradient: Callable[..., tuple[Array, ...]]
    constraint: Callable[..., Array] | None  # left - right
    constraint_gradient: Callable[..., tuple[Array, ...]] | None
    lagrangian_hessian: Callable[..., tuple[Array, ...]]  # (*free, multiplier, *inputs) → (xx,) or (xx, xy, yy)
    # The condition of one variable, t = ln(free[kept]); None where nothing could be eliminated. Each root is a stationary
    # point of the Lagrangian that satisfies the constraint as an equation.
    kept: int | None
    condition: Callable[..., Array] | None  # (t, *inputs)
    condition_slope: Callable[..., Array] | None  # its derivative by t
    eliminated: Callable[..., Array] | None  # (t, *inputs) → the other free field
    is_monotone: bool  # proved from signs: the condition has at most one root
    family: Family | None
    # d ln(free_j) / d ln(input_i) at a solution: (*free, multiplier, *inputs) → a tuple per free field, one entry an input.
    elasticities: Callable[..., tuple[tuple[Array, ...], ...]] | None = None
    is_convex: bool = False  # proved from signs: a stationary point is the least point
    # The condition once the inputs are given, for many t: (*inputs) → (t → (condition, slope)), (t → the other free field).
    condition_at: Callable[..., tuple[Callable[[Array], Any], ...]] | None = None


class Status(IntEnum):
    SOLVED = 0
    INFEASIBLE = 1  # no values of the free fields satisfy the constraint
    UNBOUNDED = 2  # the objective improves without end
    NOT_UNIQUE = 3  # two points do equally well
    NOT_FOUND = 4  # the search gave up


class Solution(Unprinted, Record, frozen=True, eq=False):
    """Per instance: `status` (a `Status`), the free values, the multiplier.

    `multiplier` is d objective / d right side of the constraint, in the sense of the file: what one unit more of the right
    side adds to the objective as written; nan where there is no constraint or it does not bind. `at_bound` says per free
    field whether it lies on one of its bounds (-1 the lower, 1 the upper, 0 inside). `others` are further local optima
    (scalars only), as tuples of free values.
    """

    status: Array
    free: tuple[Array, ...]
    multiplier: Array
    binds: Array  # whether the constraint holds as an equation
    at_bound: tuple[Array, ...]
    method: str  # structured | generic
    others: tuple[tuple[float, ...], ...] = ()
    direction: tuple[int, ...] = ()  # UNBOUNDED: per free field 1 grows without end, -1 falls to zero, 0 neither
