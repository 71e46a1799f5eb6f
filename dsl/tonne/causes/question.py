"""What a refuted claim asks of its likely cause: one computed value, one claimed number, and how exactly that is known.

Takes the sides of a test and a `Run`; gives a `Question`, or nothing where the two sides have not one sign or the claim is
of no single number. A cause is judged on values in base units, and on fields in the units that their kinds declare, so that
it does not depend on the units in which a scenario or a claim is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property

from tonne.diagnostic import Label
from tonne.dimension import RATIO
from tonne.formatting import number
from tonne.graph import NUMBER, Interval, Node, postorder
from tonne.model import State, TestSides
from tonne.names import Field, Let
from tonne.run import Run, default_unit, unit_of_let
from tonne.slopes import floats, with_others
from tonne.syntax import tree
from tonne.units import Unit
from tonne.values import Record, Unprinted


class Named(Unprinted, Record, frozen=True, eq=False):
    """A value that a file has a name for: a field of an instance, or a let. `unit` is the declared one, `place` the line
    where it stands."""

    name: str
    node: Node
    unit: Unit
    value: float
    place: str
    field: Field | None = None
    state: State | None = None

    @property
    def is_stated(self) -> bool:
        """Whether the number stands in this very binding, and is not copied or referred to."""
        if self.state is None or self.field is None:
            return True
        binding = self.state.instance.bindings.get(self.field.name)
        where = None if binding is None else binding.value.span
        return (
            where is not None
            and where.source is self.node.span.source
            and where.start <= self.node.span.start < where.end
        )

    def told(self, value: float | None = None, digits: int = 4) -> str:
        """The value, or another one of the same quantity, in its unit."""
        return number((self.value if value is None else value) / self.unit.factor, self.unit.word, digits)

    def label(self, text: str) -> Label:
        return Label(self.node.span, text)


class Question:
    """A refuted claim: `computed` and `claimed`, in base units, `half`, half a unit of the claim's last digit, and `leeway`,
    the share by which the inputs' digits may move the computed value.

    A negative claim is looked at with the sign of both turned: `sign` is -1, and both are above zero.
    `literal` is the number as written and `written` its unit; `unit` is the one that the claimed quantity has by declaration.
    """

    def __init__(
        self,
        run: Run,
        sides: TestSides,
        interval: Interval,
        literal: tree.Number,
        claimed: float,
        half: float,
        sign: int = 1,
    ):
        left = sides.parts["left"]
        assert left is not None
        assert sides.dimension is not None
        self.run = run
        self.left = left
        self.literal = literal
        self.sign = sign
        self.computed = sign * run.raw(left)
        self.claimed = claimed
        self.half = half
        self.unit = default_unit(run.model, sides.references, sides.dimension)
        self.written = run.model.project.units.lookup(literal.unit) if literal.unit else Unit("", 1.0, RATIO, True)
        leeway = (interval[1] - interval[0]) / 2 / self.computed
        self.leeway = leeway if math.isfinite(leeway) else math.inf

    @property
    def ratio(self) -> float:
        return self.computed / self.claimed

    def told(self, value: float) -> str:
        """A value of the claimed quantity, in the claim's unit, with one digit more than the claim has."""
        unit = self.written if isinstance(self.written, Unit) else self.unit
        return number(self.sign * value / unit.factor, unit.word, min(max(4, significant(self.literal) + 1), 15))

    @cached_property
    def order(self) -> list[Node]:
        return postorder(self.left)

    @cached_property
    def _values(self) -> dict[int, float]:
        return floats(self.run, self.order)

    def with_inputs(self, changed: Mapping[int, float]) -> float:
        """The computed value with other values in place of some nodes, by their ids."""
        return self.sign * with_others(self.order, self._values, changed)[id(self.left)]

    # ── what has a name ──

    @cached_property
    def inputs(self) -> list[Named]:
        """The facts that the computed value rests on and that have a name, each once."""
        return [
            self.names[id(node)]
            for node in self.order
            if node.op == NUMBER and node.payload is not None and node.payload.is_fact and id(node) in self.names
        ]

    @property
    def written_units(self) -> set[str]:
        """The unit words of all numbers that the computed value is made of."""
        return {n.payload.written.unit or "" for n in self.order if n.op == NUMBER and n.payload is not None}

    def is_made_of_claim(self, node: Node) -> bool:
        """Whether a derived value rests on the claimed number itself, which it then says once more."""
        return node.op != NUMBER and any(
            n.op == NUMBER
            and n.payload is not None
            and n.payload.dimension == self.unit.dimension
            and abs(n.payload.value - self.sign * self.claimed) <= self.half
            for n in postorder(node)
        )

    @cached_property
    def below(self) -> list[Named]:
        """All named values that the computed value rests on, itself left out."""
        return [self.names[id(n)] for n in self.order if id(n) in self.names and n is not self.left]

    @cached_property
    def names(self) -> dict[int, Named]:
        """What the file and what it names has names for, by the id of the node: of several, the one where it is stated."""
        found: dict[int, Named] = {}
        for one in sorted(self.all_names, key=lambda one: not one.is_stated):
            found.setdefault(id(one.node), one)
        return found

    @cached_property
    def everything(self) -> list[Named]:
        """All that has a name, each value once."""
        return list(self.names.values())

    def named_of(self, state: State, name: str) -> Named | None:
        """A determined field of an instance."""
        node = state.nodes.get(name)
        return None if node is None else self.names.get(id(node))

    @cached_property
    def all_names(self) -> list[Named]:
        """Every name of every value, the file's own instances first."""
        return list(self._all_names())

    def _all_names(self) -> Iterator[Named]:
        run = self.run
        states = dict.fromkeys((*run.model.own_states(), *run.model.states.values()))
        for state in states:
            for name, node in state.nodes.items():
                field = state.instance.kind.fields[name]
                value = _value(run, node)
                if field.unit is not None and value is not None:
                    yield Named(
                        f"{state.instance.name}.{name}", node, field.unit, value, place(run, node), field, state
                    )
        for let, node in run.model.lets.items():
            value = _value(run, node)
            if value is None or let.scope is not run.model.project.entry:
                continue
            unit = _declared(run, let)
            if unit is not None:
                yield Named(let.name, node, unit, value, place(run, node))


def place(run: Run, node: Node) -> str:
    """The line where a number is written, with its file where that is another one."""
    if node.op != NUMBER:
        return "derived"
    source = node.span.source
    line = f"line {node.span.line}"
    return line if source is run.model.project.entry.source else f"{source.name} {line}"


def _value(run: Run, node: Node) -> float | None:
    """A value; of an imported instance that nothing asks for, what it states."""
    if node.op == NUMBER and node.payload is not None:
        return float(node.payload.value)
    return run.value(node)


def _declared(run: Run, let: Let) -> Unit | None:
    """The unit of a let; none where only the number in it has one, which could as well be another of its dimension."""
    unit = unit_of_let(run.model, let)
    has_own = run.model.let_units.get(let) is not None or run.model.let_formulas[let].references
    return unit if has_own or (unit is not None and unit.dimension.is_ratio) else None


def asked(run: Run, sides: TestSides, interval: Interval) -> Question | None:
    """A refuted claim of one number, written in the claim or in a `let`; None where there is none."""
    left, right = sides.parts.get("left"), sides.parts.get("right")
    sign = 1
    if right is not None and right.op == "neg":
        right, sign = right.args[0], -1
    if left is None or right is None or right.op != NUMBER or right.payload is None:
        return None
    given, computed = right.payload, sign * run.raw(left)
    written = given.written
    scale = given.value / written.value if written.value else 1.0
    if given.value <= 0 or not 0 < computed < math.inf:
        return None
    return Question(run, sides, interval, written, given.value, float(written.half_unit * scale), sign)


def significant(literal: tree.Number) -> int:
    """How many significant digits a number is written with."""
    return len(mantissa(literal).replace(".", "").lstrip("0"))


def mantissa(literal: tree.Number) -> str:
    """The digits of a number as written, with its point: `1.30` of `1.30e6`, `7.0` of `7.0M`."""
    text = literal.text.replace("_", "").lower().split("e")[0]
    return "".join(c for c in text if c.isdigit() or c == ".")
