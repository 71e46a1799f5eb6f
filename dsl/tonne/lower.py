"""Expressions into formulas: every name bound to what it stands for, every number in base units.

`lower` takes an expression and the place where it stands and gives a `Formula`; each is lowered once, at its kind or in its
file. Reports names and units that are none; dimensions are the business of `tonne.check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tonne import library
from tonne.diagnostic import Applicability, Diagnostic, Fix, Label, diagnostic
from tonne.dimension import RATIO
from tonne.graph import (
    FUNCTIONS,
    LATER_FUNCTIONS,
    LEAF,
    NUMBER,
    OPERATORS,
    OVER_LISTS,
    UNKNOWN,
    Given,
    Node,
    postorder,
)
from tonne.names import Field, Instance, Kind, Let, Scope, Study, closest, did_you_mean
from tonne.source import Span
from tonne.syntax import tree
from tonne.units import UnitProblem, UnitTable


@dataclass(frozen=True, slots=True)
class Reference:
    """What a leaf stands for.

    `root` is an instance or a let, or None for the instance that a kind's formula is about; `refs` are the reference
    fields to follow from there; `field` is the quantity at the end (None: the let itself, or the members of a list).
    """

    root: Instance | Let | None
    refs: tuple[str, ...]
    field: Field | None
    is_list: bool = False

    @property
    def is_own(self) -> bool:
        return self.root is None and not self.refs

    def __str__(self) -> str:
        parts = [
            *([self.root.name] if self.root is not None else []),
            *self.refs,
            *([self.field.name] if self.field else []),
        ]
        return ".".join(parts)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: its file, the kind whose fields it sees, the field that it is bound to."""

    scope: Scope
    kind: Kind | None = None
    bound: str | None = None
    exact: bool = False  # numbers in kinds and definitions are exact
    in_binding: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Formula:
    root: Node
    expr: tree.Expr
    place: Place

    @cached_property
    def order(self) -> list[Node]:
        return postorder(self.root)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        return tuple(dict.fromkeys(n.payload for n in self.order if n.op == LEAF))

    @cached_property
    def steps(self) -> list[tuple[Node, tuple[int, ...]]]:
        """Each node with the places of its arguments among the steps before it."""
        place = {id(node): i for i, node in enumerate(self.order)}
        return [(node, tuple(place[id(a)] for a in node.args)) for node in self.order]

    @property
    def is_unknown(self) -> bool:
        return any(n.op == UNKNOWN for n in self.order)

    @property
    def stands_in(self) -> bool:
        """A bare reference or a constant: used where nothing better is known, so that binding over it is no contradiction."""
        return self.root.op == LEAF or not self.references


class Lowering:
    """Lowers the expressions of one project; collects what it has to say in `found`."""

    def __init__(self, units: UnitTable) -> None:
        self.units = units
        self.found: list[Diagnostic] = []
        self._lists: dict[Let, tuple[Instance, ...] | None] = {}

    def lower(self, expr: tree.Expr, place: Place) -> Formula:
        return Formula(self._node(expr, place), expr, place)

    def _node(self, expr: tree.Expr, place: Place, list_allowed: bool = False) -> Node:
        if isinstance(expr, tree.Number):
            return self._number(expr, place)
        if isinstance(expr, tree.Path):
            return self._path(expr, place, list_allowed)
        if isinstance(expr, tree.Negate):
            return Node("neg", (self._node(expr.operand, place),), expr.span)
        if isinstance(expr, tree.Call):
            return self._call(expr, place)
        chain = [expr]  # a + b + c leans left: no recursion along it
        while isinstance(chain[-1].left, tree.Binary):
            chain.append(chain[-1].left)
        node = self._node(chain[-1].left, place)
        for one in reversed(chain):
            node = Node(one.operator, (node, self._node(one.right, place)), one.span)
        return node

    # ── numbers ──

    def _number(self, number: tree.Number, place: Place) -> Node:
        if number.unit is None:
            half = 0.0 if place.exact or number.whole else number.half_unit  # numbers in full are exact
            return Node(NUMBER, (), number.span, Given(number.value, RATIO, half, number, not place.exact))
        unit = self.units.lookup(number.unit)
        span = number.unit_span or number.span
        if isinstance(unit, UnitProblem):
            self.found.append(self._no_unit(number, unit, span, place))
            return Node(UNKNOWN, (), number.span)
        hidden = self._hidden_unit(number.unit, place.scope)
        if hidden is not None:
            word, file = hidden
            self.found.append(
                diagnostic("D209", f"`{word}` is a unit of {file}", span, help=f"name it in a `use` of {file}")
            )
        exact = place.exact or (number.whole and (unit.counted or number.value == 1))  # `1 year` names the unit
        half = 0.0 if exact else number.half_unit * unit.factor
        return Node(
            NUMBER,
            (),
            number.span,
            Given(number.value * unit.factor, unit.dimension, half, number, not place.exact),
        )

    def _no_unit(self, number: tree.Number, problem: UnitProblem, span: Span, place: Place) -> Diagnostic:
        """What to say of a word that is no unit; `3 kWh/x` may mean a division by the value `x`."""
        word = span.text
        if problem.code == "D209" and "/" in word:
            unit, _, name = word.rpartition("/")
            if unit in self.units and closest(name, self._names(place)) == name:
                mended = f"{number.text} {unit} / {name}"
                return diagnostic(
                    "D209",
                    f"no unit `{name}`",
                    span,
                    help=f"to divide by the value `{name}` write `{mended}`",
                )
        if problem.code == "D210" and problem.suffix and not number.text[-1].isalpha():
            mended = f"{number.text}{problem.suffix} {problem.instead}"
            certain = Fix(number.span, mended, Applicability.CERTAIN)
            return diagnostic(problem.code, problem.title, span, help=f"write `{mended}`", fix=certain)
        same = problem.instead is not None and problem.instead.lower() == word.lower()
        sure = Applicability.CERTAIN if same else Applicability.LIKELY  # another spelling of the same letters
        fix = Fix(span, problem.instead, sure) if problem.instead else None
        return diagnostic(problem.code, problem.title, span, help=problem.help, fix=fix)

    def _hidden_unit(self, word: str, scope: Scope) -> tuple[str, str] | None:
        if word in self._plain_words:
            return None
        for atom in word.replace("*", "/").split("/"):
            source = self.units.declared_in(atom.partition("^")[0])
            if source is not None and all(source is not seen.source for seen in scope.visible):
                return atom, source.name
        return None

    @cached_property
    def _plain_words(self) -> set[str]:
        return {"%", "ratio"}

    # ── names ──

    def _names(self, place: Place) -> list[str]:
        own = list(place.kind.fields) if place.kind else []
        return own + list(place.scope.symbols)

    def _path(self, path: tree.Path, place: Place, list_allowed: bool) -> Node:
        reference = self.find(path, place)
        if reference is None:
            return Node(UNKNOWN, (), path.span)
        if reference.is_list and not list_allowed:
            over = ", ".join(f"`{f}({path})`" for f in ("sum", "mean", "max"))
            self.found.append(
                diagnostic("N119", f"`{path}` is a list; one value is needed", path.span, help=f"write {over}")
            )
            return Node(UNKNOWN, (), path.span)
        if reference.field is None and not isinstance(reference.root, Let) and not reference.is_list:
            return self._not_a_value(path, reference)
        return Node(LEAF, (), path.span, reference)

    def _not_a_value(self, path: tree.Path, reference: Reference) -> Node:
        kind = self.kind_at(reference)
        fields = [f.name for f in kind.quantities] if kind else []
        such = "co2e" if "co2e" in fields else (fields[0] if fields else "field")
        what = kind.name if kind else "reference"
        self.found.append(
            diagnostic(
                "N119",
                f"`{path}` is a {what}; a value is needed",
                path.span,
                help=f"name a field of it, such as `{path}.{such}`",
            )
        )
        return Node(UNKNOWN, (), path.span)

    def kind_at(self, reference: Reference, kind: Kind | None = None) -> Kind | None:
        """The kind of what a chain of reference fields leads to."""
        at = reference.root.kind if isinstance(reference.root, Instance) else kind
        for name in reference.refs:
            at = at.fields[name].target if at is not None and name in at.fields else None
        return at

    def find(self, path: tree.Path, place: Place) -> Reference | None:
        """What a path stands for; a `Reference` without a field is an instance. Reports a name that is none."""
        head, span = path.parts[0], path.part_spans[0]
        own = place.kind is not None and head in place.kind.fields and head != place.bound
        symbol = place.scope.symbols.get(head)
        if own and symbol is not None and place.in_binding:
            assert place.kind is not None
            here = place.kind.fields[head].declaration.name_span
            self.found.append(
                diagnostic(
                    "N121",
                    f"`{head}` has two readings here",
                    Label(span),
                    Label(symbol.declaration.name_span, "the name of the file"),
                    Label(here, f"the field of a {place.kind.name}"),
                    help=f"rename the `{head}` of line {symbol.declaration.name_span.line}",
                )
            )
            return None
        if own:
            assert place.kind is not None
            return self._follow(path, 0, Reference(None, (), None), place.kind)
        if symbol is None:
            self._unknown_name(path, place)
            return None
        if isinstance(symbol, Study):
            return None
        if isinstance(symbol, Instance):
            return self._follow(path, 1, Reference(symbol, (), None), symbol.kind)
        members = self.members(symbol)
        if members is not None:
            if not members:
                return None
            reference = Reference(symbol, (), None, is_list=True)
            return reference if len(path.parts) == 1 else self._follow(path, 1, reference, members[0].kind)
        if len(path.parts) > 1:
            title = f"`{head}` is a value and has no fields"
            self.found.append(diagnostic("N112", title, path.part_spans[1], help=f"write `{head}`"))
            return None
        return Reference(symbol, (), None)

    def _follow(self, path: tree.Path, at: int, reference: Reference, kind: Kind) -> Reference | None:
        """Field after field from a kind on."""
        for index in range(at, len(path.parts)):
            name, span = path.parts[index], path.part_spans[index]
            field = kind.fields.get(name)
            if field is None:
                self._unknown_field(path, index, kind)
                return None
            if field.label is not None:
                self.found.append(
                    diagnostic(
                        "N119",
                        f"`{name}` is a label; a value is needed",
                        span,
                        help="labels stand in reports, not in expressions",
                    )
                )
                return None
            if field.target is not None:
                reference = Reference(reference.root, (*reference.refs, name), None, reference.is_list or field.is_list)
                kind = field.target
            elif field.unit is None:
                return None
            elif index + 1 < len(path.parts):
                self.found.append(
                    diagnostic(
                        "N112",
                        f"`{name}` is a value and has no fields",
                        path.part_spans[index + 1],
                        help=f"write `{'.'.join(path.parts[: index + 1])}`",
                    )
                )
                return None
            else:
                return Reference(reference.root, reference.refs, field, reference.is_list)
        return reference

    def _unknown_field(self, path: tree.Path, index: int, kind: Kind) -> None:
        name, span = path.parts[index], path.part_spans[index]
        help, fix = did_you_mean(name, kind.fields, span)
        if name in kind.scope.lost:
            return
        owner = ".".join(path.parts[:index])
        self.found.append(
            diagnostic(
                "N112",
                f"`{owner}` has no `{name}`",
                span,
                help=help or f"it has: {', '.join(kind.fields)}",
                fix=fix,
            )
        )

    def _unknown_name(self, path: tree.Path, place: Place) -> None:
        head, span = path.parts[0], path.part_spans[0]
        if head in place.scope.lost:
            return
        names = self._names(place)
        near = closest(head, names)
        symbol = place.scope.symbols.get(near) if near else None
        where = (
            f" (line {symbol.declaration.name_span.line})" if symbol is not None and symbol.scope is place.scope else ""
        )
        help, fix = did_you_mean(head, names, span, where)
        if head in self.units:
            line = span.source.line(span.line)[: span.column - 1].rstrip()
            if line.endswith(("/", "*")):
                help, fix = (
                    f"`{head}` is a unit: a unit is one word, without spaces around `{line[-1]}`",
                    None,
                )
            else:
                help, fix = f"`{head}` is a unit: put a number before it, as in `1 {head}`", None
        elif not help and head in FUNCTIONS:
            help = f"`{head}` is a function: `{head}( … )`"
        elif not help and (module := library.module_of(head)) is not None:
            help = f"write `use {module} {{ {head} }}`"
        elif not help:
            owners = [n for n, s in place.scope.symbols.items() if isinstance(s, Instance) and head in s.kind.fields]
            help = f"`{owners[0]}.{head}` is one" if owners else "define it with `let`, or import it with `use`"
        self.found.append(diagnostic("N111", f"nothing here is called `{head}`", span, help=help, fix=fix))

    # ── lists ──

    def members(self, let: Let) -> tuple[Instance, ...] | None:
        """The instances of a list, or None when the let is a value. A list that is wrong is empty, and reported once."""
        chain = [let]
        while (at := chain[-1]) not in self._lists:
            if isinstance(at.value, tree.ListOf):
                self._lists[at] = ()  # a list within itself ends here
                self._lists[at] = tuple(self.instances(at.value, Place(at.value_scope)))
                break
            expr = at.value.expr
            other = (
                at.value_scope.symbols.get(expr.parts[0])
                if isinstance(expr, tree.Path) and len(expr.parts) == 1
                else None
            )
            if not isinstance(other, Let) or other in chain[-1:]:
                self._lists[at] = None
                break
            self._lists[at] = None  # a circle of names ends here; `N116` reports it
            chain.append(other)
        known = self._lists[chain[-1]]
        for one in chain:
            self._lists[one] = known
        return known

    def instances(self, items: tree.ListOf, place: Place) -> Iterator[Instance]:
        """The instances that a list names; they are of one kind."""
        first: Instance | None = None
        for item in items.items:
            if not isinstance(item, tree.Path):
                self.found.append(
                    diagnostic("N119", "a list holds instances", item.span, help="for example `[ablations, final]`")
                )
                continue
            is_let = isinstance(place.scope.symbols.get(item.parts[0]), Let)
            reference = Reference(None, (), None) if is_let else self.find(item, place)
            if reference is None:
                continue
            if not isinstance(reference.root, Instance) or reference.refs or reference.field is not None:
                self.found.append(
                    diagnostic(
                        "N119",
                        f"`{item}` is no instance",
                        item.span,
                        help="a list holds instances, for example `[ablations, final]`",
                    )
                )
                continue
            if first is not None and not reference.root.kind.is_a(first.kind):
                title = f"`{item}` is a {reference.root.kind.name}; the list holds {first.kind.name}s"
                self.found.append(diagnostic("N119", title, item.span, help="a list holds instances of one kind"))
                continue
            first = first or reference.root
            yield reference.root

    # ── functions ──

    def _call(self, call: tree.Call, place: Place) -> Node:
        if call.name in LATER_FUNCTIONS:
            self.found.append(
                diagnostic(
                    "S110",
                    f"`{call.name}` is read but not evaluated yet",
                    call.name_span,
                    help="leave it out for now",
                )
            )
            return Node(UNKNOWN, (), call.span)
        row = OPERATORS.get(call.name) if call.name in FUNCTIONS else None
        if row is None:
            help, fix = did_you_mean(call.name, FUNCTIONS, call.name_span)
            self.found.append(
                diagnostic(
                    "N111",
                    f"there is no function `{call.name}`",
                    call.name_span,
                    help=help or f"functions: {', '.join(FUNCTIONS)}",
                    fix=fix,
                )
            )
            return Node(UNKNOWN, (), call.span)
        if any(a.name is not None for a in call.arguments):
            named = next(a for a in call.arguments if a.name is not None)
            self.found.append(
                diagnostic("S101", f"`{call.name}` takes no named argument", named.span, help="give the values alone")
            )
            return Node(UNKNOWN, (), call.span)
        wanted = row.arity
        if not call.arguments or (wanted is not None and len(call.arguments) != wanted):
            title = f"`{call.name}` takes {'one or more values' if wanted is None else wanted}, this has {len(call.arguments)}"
            self.found.append(diagnostic("S101", title, call.span, help=f"for example `{call.name}(x)`"))
            return Node(UNKNOWN, (), call.span)
        args = tuple(self._node(a.value, place, call.name in OVER_LISTS) for a in call.arguments)
        for arg in args:
            whole_list = arg.op == LEAF and arg.payload.is_list and arg.payload.field is None
            if whole_list and call.name != "count":
                kind = self.members(arg.payload.root)
                such = "co2e" if kind and "co2e" in kind[0].kind.fields else "field"
                title = f"`{arg.span.text}` is a list of instances; a field of them is needed"
                self.found.append(
                    diagnostic("N119", title, arg.span, help=f"for example `{call.name}({arg.span.text}.{such})`")
                )
                return Node(UNKNOWN, (), call.span)
        return Node(call.name, args, call.span)
