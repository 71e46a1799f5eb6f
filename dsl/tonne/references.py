"""References: which instance a field such as `grid` leads to, and labels such as `region`."""

from __future__ import annotations

from collections.abc import Iterator

from tonne.diagnostic import Diagnostic, diagnostic
from tonne.lower import Lowering
from tonne.model import Model
from tonne.names import Binding, Field, Instance, Kind, Let
from tonne.paths import Place, Reference, how_to_import
from tonne.source import Span
from tonne.syntax import tree


class References:
    """Reads and follows the reference fields of instances; collects what it has to say in `found`."""

    def __init__(self, model: Model, lowering: Lowering) -> None:
        self.model = model
        self.lowering = lowering
        self.found: list[Diagnostic] = []
        self._known: dict[Binding, list[Reference]] = {}

    def of_binding(self, binding: Binding, instance: Instance) -> list[Reference]:
        """What a bound reference names, or nothing when it is wrong (reported once)."""
        if binding not in self._known:
            self._known[binding] = list(self._read_references(binding, instance))
        return self._known[binding]

    def _read_references(self, binding: Binding, instance: Instance) -> Iterator[Reference]:
        one, value = binding.field, binding.value
        assert one.target is not None
        place = Place(binding.scope, instance.kind, one.name, in_binding=True)
        if isinstance(value, tree.ListOf):
            if not one.is_list:
                self.found.append(
                    diagnostic(
                        "N119",
                        f"`{one.name}` is one {one.target.name}, this is a list",
                        value.span,
                        help="name one",
                    )
                )
                return
            for member in self.lowering.paths.instances(value, place):
                if member.kind.is_a(one.target):
                    yield Reference(member, (), None)
                else:
                    self._wrong_kind(value.span, member.name, member.kind, one, instance)
            return
        expr = value.expr if isinstance(value, tree.Value) else None
        if not isinstance(expr, tree.Path):
            example = self._in_scope(one.target, binding)
            word = value.value if isinstance(value, tree.Text) else None
            if word is not None and (written := how_to_import(word)) is not None:
                example = f": {written}"
            self.found.append(
                diagnostic(
                    "N119",
                    f"`{one.name}` is a {one.target.name}; this is a value",
                    value.span,
                    help=f"name one{example}",
                )
            )
            return
        reference = self.lowering.paths.find(expr, place)
        if reference is None:
            return
        kind = self.lowering.paths.kind_at(reference, instance.kind)
        if isinstance(reference.root, Let) and reference.is_list and not reference.refs:
            members = self.lowering.paths.members(reference.root) or ()
            kind = members[0].kind if members else None
        if reference.field is not None or kind is None or not kind.is_a(one.target):
            if reference.field is not None or isinstance(reference.root, Let):
                title = f"`{expr}` is a value; a {one.target.name} is needed"
                self.found.append(
                    diagnostic(
                        "N119",
                        title,
                        expr.span,
                        help=f"name one{self._in_scope(one.target, binding)}",
                    )
                )
            elif kind is not None:
                self._wrong_kind(expr.span, str(expr), kind, one, instance)
            return
        if reference.is_list and not one.is_list:
            self.found.append(
                diagnostic(
                    "N119",
                    f"`{expr}` is a list; one {one.target.name} is needed",
                    expr.span,
                    help="name one of its members",
                )
            )
            return
        yield reference

    def _wrong_kind(self, span: Span, text: str, kind: Kind, one: Field, instance: Instance) -> None:
        assert one.target is not None
        names = [n for n, s in instance.scope.symbols.items() if isinstance(s, Instance) and s.kind.is_a(one.target)]
        help = (
            f"{one.target.name} in scope: {', '.join(names[:8])}"
            if names
            else f"define one with `{one.target.name} name {{ … }}`, or import one with `use`"
        )
        self.found.append(
            diagnostic("N119", f"`{text}` is a {kind.name}; {one.target.name} is needed", span, help=help)
        )

    def _in_scope(self, kind: Kind, binding: Binding) -> str:
        names = [n for n, s in binding.scope.symbols.items() if isinstance(s, Instance) and s.kind.is_a(kind)]
        return f", such as `{names[0]}`" if names else ""

    def check_label(self, binding: Binding) -> None:
        value, label = binding.value, binding.field.label
        if isinstance(value, tree.Text):
            if label == "date" and not value.is_date:
                self.found.append(
                    diagnostic(
                        "D202",
                        f"`{binding.field.name}` is a date",
                        value.span,
                        help="write `2026`, `2026-02` or `2026-02-01`",
                    )
                )
            elif label == "text" and value.is_date:
                self.found.append(
                    diagnostic(
                        "D202",
                        f"`{binding.field.name}` is a text",
                        value.span,
                        help=f'write `"{value.value}"`',
                    )
                )
            return
        expr = value.expr if isinstance(value, tree.Value) else None
        is_year = isinstance(expr, tree.Number) and expr.unit is None and expr.whole and 1000 <= expr.value <= 9999
        if label != "date" or not is_year:
            example = "2026" if label == "date" else '"a text in quotes"'
            self.found.append(
                diagnostic(
                    "D202",
                    f"`{binding.field.name}` is a {label}",
                    value.span,
                    help=f"for example `{binding.field.name} = {example}`",
                )
            )
