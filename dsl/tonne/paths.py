"""Paths: what `pretrain.hardware.power` stands for, seen from where it is written.

`Paths.find` follows names from a place to a `Reference`; a name that is none is reported with what was probably meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from tonne import library
from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.graph import FUNCTIONS
from tonne.names import Field, Instance, Kind, Let, Scope, Study, closest, did_you_mean, with_article
from tonne.source import Span
from tonne.syntax import tree
from tonne.unit_problems import time_word
from tonne.units import UnitTable
from tonne.values import Record, replace

# Names in a path.
MOST_PARTS = 50
# What an optimum has of its own, beside the paths of the file: its least or greatest value, and its shadow price.
RESULTS = ("objective", "multiplier")


class Reference(Record, frozen=True):
    """What a leaf stands for.

    `root` is an instance or a let, or None for the instance that a kind's formula is about; `refs` are the reference
    fields to follow from there; `field` is the quantity at the end (None: the let itself, or the members of a list).
    """

    root: Instance | Let | None
    refs: tuple[str, ...]
    field: Field | None
    is_list: bool = False
    study: Study | None = None  # the optimum at which the value is meant
    result: str = ""  # one of `RESULTS` of that optimum, in place of a path

    @property
    def is_own(self) -> bool:
        return self.root is None and not self.refs and self.study is None

    @property
    def is_value(self) -> bool:
        """Whether it is one value or a list of them, rather than instances."""
        return self.field is not None or bool(self.result) or (isinstance(self.root, Let) and not self.is_list)

    def __str__(self) -> str:
        parts = [
            *([self.study.name] if self.study is not None else []),
            *([self.result] if self.result else []),
            *([self.root.name] if self.root is not None else []),
            *self.refs,
            *([self.field.name] if self.field else []),
        ]
        return ".".join(parts)


class Place(Record, frozen=True):
    """Where an expression stands: its file, the kind whose fields it sees, the field that it is bound to."""

    scope: Scope
    kind: Kind | None = None
    bound: str | None = None
    exact: bool = False  # numbers in kinds and definitions are exact
    in_binding: bool = False


def _in_library(parts: tuple[str, ...]) -> str | None:
    """How to import what is probably meant: `h100_sxm`, `A100`, or `grids.world.france` written out."""
    module = library.module_of(parts[-1])
    if module is not None and len(parts) > 1 and ".".join(parts[:-1]) == module:
        return f"write `use {module} {{ {parts[-1]} }}`, then `{parts[-1]}`"
    if len(parts) > 1:
        return None
    return how_to_import(parts[0])


@lru_cache(maxsize=1024)
def how_to_import(word: str) -> str | None:
    """The `use` line for a name of the library, or for the one that a word was probably meant to be."""
    name = (
        word
        if library.module_of(word)
        else closest(word.lower().replace(" ", "_").replace("-", "_"), library.library_names())
    )
    module = library.module_of(name) if name else None
    if module is None:
        return None
    return f"write `use {module} {{ {name} }}`" + ("" if name == word else f", then `{name}`")


# A number of devices with a hyphen behind it.
_HYPHENED = re.compile(r"(?P<number>[0-9][\w.]*)[ \t]*(?P<unit>(?i:gpu|tpu|device|chip|accelerator|node)s?)-$")


class Paths:
    """Follows the paths of one project; collects what it has to say in `found`."""

    def __init__(self, units: UnitTable, found: list[Diagnostic]) -> None:
        self.units = units
        self.found = found
        self._lists: dict[Let, tuple[Instance, ...] | None] = {}

    def names(self, place: Place) -> list[str]:
        own = list(place.kind.fields) if place.kind else []
        return own + list(place.scope.symbols)

    def kind_at(self, reference: Reference, kind: Kind | None = None) -> Kind | None:
        """The kind of what a chain of reference fields leads to."""
        at = reference.root.kind if isinstance(reference.root, Instance) else kind
        for name in reference.refs:
            at = at.fields[name].target if at is not None and name in at.fields else None
        return at

    def find(self, path: tree.Path, place: Place) -> Reference | None:
        """What a path stands for; a `Reference` without a field is an instance. Reports a name that is none."""
        if len(path.parts) > MOST_PARTS:
            title = f"a path of {len(path.parts):,} names; the most is {MOST_PARTS}"
            self.found.append(diagnostic("S109", title, path.span, help="name what it leads to with `let`"))
            return None
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
            return self._at_optimum(path, symbol)
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

    def _no_value(self, path: tree.Path, study: Study) -> None:
        """A case or a sweep, which has no values of its own."""
        is_case = isinstance(study.declaration, tree.Case)
        title = f"`{study.name}` is a {'case' if is_case else 'sweep'}; a value is needed"
        help = (
            "its values stand beside those of the file" if is_case else f"`tonne sweep FILE {study.name}` evaluates it"
        )
        self.found.append(diagnostic("N119", title, path.part_spans[0], help=help))

    def _at_optimum(self, path: tree.Path, study: Study) -> Reference | None:
        """What a path stands for at an optimum: any path of its file, or a result of its own."""
        if not study.is_optimum:
            self._no_value(path, study)
            return None
        if len(path.parts) == 1:
            frees = [str(free.path) for over in study.declaration.overs for free in over.free]  # type: ignore[union-attr]
            such = f"`{study.name}.{frees[0] if frees else RESULTS[0]}`"
            title = f"`{study.name}` is an optimum; a value is needed"
            self.found.append(diagnostic("N119", title, path.span, help=f"name a value at it, such as {such}"))
            return None
        parts, spans = path.parts[1:], path.part_spans[1:]
        if parts[0] in RESULTS and parts[0] not in study.scope.symbols:
            if len(parts) == 1:
                return Reference(None, (), None, study=study, result=parts[0])
            title = f"`{study.name}.{parts[0]}` is a value and has no fields"
            self.found.append(diagnostic("N112", title, spans[1], help=f"write `{study.name}.{parts[0]}`"))
            return None
        near = closest(parts[0], RESULTS) if parts[0] not in study.scope.symbols and len(parts) == 1 else None
        if near is not None:
            title, fix = f"`{study.name}` has no `{parts[0]}`", Fix(spans[0], near)
            self.found.append(diagnostic("N112", title, spans[0], help=f"did you mean `{near}`?", fix=fix))
            return None
        there = tree.Path(parts, Span(path.span.source, spans[0].start, path.span.end), spans)
        reference = self.find(there, Place(study.scope))
        if reference is None or reference.study is not None:
            return reference
        return replace(reference, study=study)

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

    def _unknown_field_of(self, kind: Kind, name: str, span: Span) -> None:
        help, fix = did_you_mean(name, kind.fields, span)
        help = help or f"it has: {', '.join(kind.fields)}"
        self.found.append(diagnostic("N112", f"{with_article(kind.name)} has no `{name}`", span, help=help, fix=fix))

    def _unknown_name(self, path: tree.Path, place: Place) -> None:
        head, span = path.parts[0], path.part_spans[0]
        before = span.source.line(span.line)[: span.column - 1]
        if head in place.scope.lost:
            return  # its line could not be read
        time = time_word(head)
        hyphened = _HYPHENED.search(before) if time is not None else None
        if hyphened is not None:  # `380 gpu-h`; of `GPU-hours` the first word is reported as a unit
            if hyphened["unit"] in self.units:
                whole = Span(span.source, span.start - len(hyphened[0]), span.end)
                mended = f"{hyphened['number']} device*{time}"
                title = f"no unit `{hyphened['unit']}-{head}`"
                self.found.append(diagnostic("D211", title, whole, help=f"write `{mended}`", fix=Fix(whole, mended)))
            return
        if place.in_binding and head == place.bound:
            title, help = f"`{head}` is what is bound here", "write its value, or the share that is meant: `cv = 10%`"
            self.found.append(diagnostic("N111", title, span, help=help))
            return
        names = self.names(place)
        near = closest(head, names)
        symbol = place.scope.symbols.get(near) if near else None
        where = (
            f" (line {symbol.declaration.name_span.line})" if symbol is not None and symbol.scope is place.scope else ""
        )
        if place.kind is not None and not place.in_binding and not place.exact and symbol is None:
            self._unknown_field_of(place.kind, head, span)  # in a table of instances
            return
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
        elif (written := _in_library(path.parts)) is not None:
            module = library.module_of(head)
            by_command = span.source.path is None and module is not None  # where no `use` can be written
            help, fix = f"write `{module}.{head}`" if by_command else written, None
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
