"""The graph of a scenario and the way from a name to its node.

A `Model` is what `tonne.build` makes and all later stages read: instances with the node of each determined quantity, lets,
tests and tables.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, MutableMapping

from tonne.determine import Determination, Determiner, Pattern
from tonne.dimension import Dimension
from tonne.graph import ELASTICITY, FREE, LEAF, NUMBER, SOLVED, UNKNOWN, Node, postorder
from tonne.lower import Formula
from tonne.names import Binding, Field, Instance, Kind, Let, Project, Study, Symbol
from tonne.paths import Reference
from tonne.problem import Problem
from tonne.relations import Relation
from tonne.source import Span
from tonne.syntax import tree
from tonne.units import Unit
from tonne.values import Record, Unprinted, field, replace

# The ends of a range; the upper one may be open.
Ends = tuple[Formula, Formula | None]
Target = Instance | tuple[Instance, ...]


class KindFormulas(Unprinted, Record, eq=False):
    """A kind with its formulas lowered: alternatives of quantities, ways to references, ranges."""

    kind: Kind
    alternatives: dict[str, list[Formula]]
    references: dict[str, list[Reference]]
    bounds: dict[str, Ends]
    usual: dict[str, tuple[tuple[tree.UsualRange, Ends], ...]]
    determiner: Determiner
    relations: list[Relation]
    outside: list[Reference]
    has_errors: bool = False  # a formula was found wrong and left out, so that silence about what it gives is due


class State(Unprinted, Record, eq=False):
    """An instance, determined: what its references lead to and the node of each determined quantity."""

    instance: Instance
    formulas: KindFormulas
    targets: dict[str, Target] = field(default_factory=dict)
    pattern: Pattern = field(default_factory=lambda: Pattern(frozenset()))
    determination: Determination = field(default_factory=lambda: Determination({}, ()))
    nodes: dict[str, Node] = field(default_factory=dict)
    set_aside: frozenset[str] = frozenset()  # fields whose binding a study does without

    def is_given(self, name: str) -> bool:
        return name in self.instance.bindings and name not in self.set_aside


class TestSides(Unprinted, Record, frozen=True, eq=False):
    """A test with its parts as nodes; None where a part is undetermined or was found wrong.

    `parts` are named `left`, `right`, `tolerance`, `low`, `high` as the test has them.
    """

    test: tree.Test
    parts: dict[str, Node | None]
    dimension: Dimension | None
    comparable: bool
    because: str = ""
    help: str = ""
    relative: bool = False  # a tolerance is a share of the right side
    share: Node | None = None  # of draws in which it is to hold
    references: tuple[Reference, ...] = ()


class ShownValue(Unprinted, Record, frozen=True, eq=False):
    text: str
    node: Node | None
    unit: Unit | None
    dimension: Dimension | None
    span: Span
    references: tuple[Reference, ...] = ()


class ShownTable(Unprinted, Record, frozen=True, eq=False):
    """A `show`: one row a list member (or one row without a name), one column a shown expression."""

    title: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ShownValue, ...]], ...]
    is_table: bool
    span: Span


class Solved(Unprinted, Record, frozen=True, eq=False):
    """What a leaf of the op `SOLVED` stands for: a node of the optimum's own graph at its solution, or a result of it."""

    study: Study
    node: Node | None
    result: str = ""


class Assumption(Unprinted, Record, frozen=True, eq=False):
    """A value with a spread: `node` is its point value, and what sampling draws in its place.

    `name` is that of the line that states it; the draws of two assumptions of one name are the same. `low` and `high` are the
    bounds of its field.
    """

    name: str
    node: Node
    spread: tree.Call
    point: Span  # where its point value stands
    arguments: dict[str, Node]
    low: Node | None = None
    high: Node | None = None


class Optimum(Unprinted, Record, eq=False):
    """An optimum: its problem, and the model in which its free fields are given and all else is determined anew.

    `model` shares with the file's own every state and let that does not depend on a free field. `problem` is None where it
    could not be made; that was reported.
    """

    study: Study
    model: Model
    ensure: Callable[[Instance | Let], None]  # determines a name of the file in `model`
    problem: Problem | None = None
    objective: ShownValue | None = None
    sides: tuple[ShownValue, ...] = ()  # of the constraint, left and right
    units: dict[str, Unit] = field(default_factory=dict)  # of its results
    free_fields: dict[Instance, dict[str, Node]] = field(default_factory=dict)
    moved: Container[Symbol] = ()  # the names of the file that rest on a free field
    _leaves: dict[int | str, Node] = field(default_factory=dict)

    @property
    def asked(self) -> list[Node]:
        """The nodes of `model` that the file asks for at the solution."""
        return [n.payload.node for n in self._leaves.values() if n.payload.node is not None]

    @property
    def leaves(self) -> list[Node]:
        """What stands for them in the file's own graph."""
        return list(self._leaves.values())

    def find(self, reference: Reference) -> Node | list[Node] | None:
        """What a reference is at the solution, as `Model.find`."""
        if self.problem is None:
            return Node(UNKNOWN, (), self.study.declaration.name_span)
        if reference.result:
            return self._leaf(reference.result, Solved(self.study, None, reference.result))
        if reference.root is not None:
            self.ensure(reference.root)
        found = self.model.find(replace(reference, study=None), None)
        return [self.at_solution(n) for n in found] if isinstance(found, list) else found and self.at_solution(found)

    def at_solution(self, node: Node) -> Node:
        """A node of `model` for the file's own graph: itself, where the optimum does not move it."""
        if id(node) in self._leaves:
            return self._leaves[id(node)]
        if any(n.op in (FREE, ELASTICITY) for n in postorder(node)):
            return self._leaf(id(node), Solved(self.study, node))
        return node

    def _leaf(self, key: int | str, payload: Solved) -> Node:
        if key not in self._leaves:
            span = self.study.declaration.name_span if payload.node is None else payload.node.span
            self._leaves[key] = Node(SOLVED, (), span, payload)
        return self._leaves[key]


class Model(Unprinted, Record, eq=False):
    """Filled by `tonne.build`, then only read. `lists` are the members of each let that is a list."""

    project: Project
    states: MutableMapping[Instance, State] = field(default_factory=dict)
    lets: MutableMapping[Let, Node] = field(default_factory=dict)
    optima: dict[Study, Optimum] = field(default_factory=dict)
    draws: dict[int, Assumption] = field(default_factory=dict)  # by the id of their node
    correlations: dict[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)  # `tonne.correlations`
    lists: dict[Let, tuple[Instance, ...]] = field(default_factory=dict)
    let_units: dict[Let, Unit | None] = field(default_factory=dict)
    shown_units: dict[Let, Unit | None] = field(default_factory=dict)  # worked out once by `tonne.run`
    let_dimensions: dict[Let, Dimension] = field(default_factory=dict)
    let_formulas: dict[Let, Formula] = field(default_factory=dict)
    binding_formulas: dict[Binding, Formula] = field(default_factory=dict)
    missing: dict[tuple[Instance, int], dict[str, list[str]]] = field(default_factory=dict)  # filled by `tonne.missing`
    poisoned: set[Instance | Let] = field(default_factory=set)
    undetermined: set[Let] = field(default_factory=set)  # in a study's model alone; elsewhere it is an error
    requirements: list[tuple[tree.Require, TestSides]] = field(default_factory=list)
    claims: list[tuple[tree.Claim, TestSides]] = field(default_factory=list)
    shows: list[ShownTable] = field(default_factory=list)
    operations: int = 0

    @property
    def is_too_large(self) -> bool:
        """Whether more was asked for than the limit of operations; what comes after is left out."""
        return self.operations > self.project.settings.limits.nodes

    def own_states(self) -> Iterator[State]:
        """The states of the file's own instances, in the order in which they stand."""
        for instance in self.project.instances:
            if instance in self.states:
                yield self.states[instance]

    # ── from a reference to nodes ──

    def along(self, at: Target | None, refs: tuple[str, ...]) -> Target | None:
        """The instance or instances that a chain of reference fields leads to; None where one is not bound."""
        for name in refs:
            if isinstance(at, tuple):
                reached: list[Instance] = []
                for instance in at:
                    target = self.target(instance, name)
                    if target is None:
                        return None
                    reached += target if isinstance(target, tuple) else (target,)
                    self.operations += len(reached)
                    if self.is_too_large:
                        return None
                at = tuple(reached)
            elif at is not None:
                at = self.target(at, name)
        return at

    def target(self, instance: Instance, name: str) -> Target | None:
        """What a reference field of an instance leads to."""
        state = self.states.get(instance)
        return None if state is None else state.targets.get(name)

    def reached(self, reference: Reference, state: State | None) -> Target | None:
        """The instance or instances whose field a reference names, seen from an instance."""
        root = reference.root
        if root is None:
            return None if state is None else self.along(state.instance, reference.refs)
        return self.along(self.lists.get(root) if isinstance(root, Let) else root, reference.refs)

    def find(self, reference: Reference, state: State | None) -> Node | list[Node] | None:
        """What a reference is, seen from an instance: its node, the nodes of a list, None while undetermined."""
        if reference.study is not None:
            optimum = self.optima.get(reference.study)
            return (
                Node(UNKNOWN, (), reference.study.declaration.name_span) if optimum is None else optimum.find(reference)
            )
        if reference.is_own and reference.field is not None:
            return None if state is None else state.nodes.get(reference.field.name)
        if isinstance(reference.root, Let) and not reference.is_list:
            return None if reference.root in self.undetermined else self.lets.get(reference.root)
        at = self.reached(reference, state)
        if at is None:
            return None
        if reference.field is None:
            return [Node(NUMBER, (), i.declaration.name_span) for i in at] if isinstance(at, tuple) else None
        if isinstance(at, tuple):
            nodes = [node for i in at if (node := self.field_node(i, reference.field)) is not None]
            return nodes if len(nodes) == len(at) else None
        return self.field_node(at, reference.field)

    def field_node(self, instance: Instance, one: Field) -> Node | None:
        if instance in self.poisoned:
            return Node(UNKNOWN, (), instance.declaration.name_span)
        state = self.states.get(instance)
        return None if state is None else state.nodes.get(one.name)

    def lacking(self, formula: Formula, state: State | None) -> list[Node]:
        """The leaves of a formula that are undetermined."""
        return [n for n in formula.order if n.op == LEAF and self.find(n.payload, state) is None]

    def instantiate(self, formula: Formula, state: State | None) -> Node | None:
        """The formula's nodes with its leaves replaced by what they stand for; None when one is undetermined."""
        made: list[Node | list[Node]] = []
        for node, args in formula.steps:
            if node.op == LEAF:
                found = self.find(node.payload, state)
                if found is None:
                    return None
                made.append(found)
            elif not node.args:
                made.append(node)
            else:
                parts: list[Node] = []
                for index in args:
                    part = made[index]
                    parts += part if isinstance(part, list) else [part]
                self.operations += len(parts)
                made.append(Node(node.op, tuple(parts), node.span, node.payload))
        result = made[-1]
        return result[0] if isinstance(result, list) else result
