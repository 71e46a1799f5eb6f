"""The syntax tree: frozen, typed, with a span on every node.

Made by `tonne.syntax.parse`; holds what was written and nothing that was worked out from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tonne.source import SourceFile, Span
from tonne.values import Record

# ── provenance ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Citation(Record, frozen=True, gc=False):
    """`from key "locator"`: one entry of a bibliography."""

    key: str
    locator: str | None
    span: Span


class Provenance(Record, frozen=True, gc=False):
    """Where the numbers of a line are from."""

    span: Span
    citations: tuple[Citation, ...] = ()
    described: str | None = None  # `from "free text"`
    assumed: str | None = None

    def __str__(self) -> str:
        parts = [f'{c.key}, "{c.locator}"' if c.locator else c.key for c in self.citations]
        words = "; ".join(parts) or (self.described or "")
        if self.assumed is not None:
            words += f"{'; ' if words else ''}assumed: {self.assumed}"
        return words


class Allow(Record, frozen=True, gc=False):
    """`allow CODE "why"`: a warning that the author accepts on this line."""

    code: str
    why: str
    span: Span


# ── expressions (`depth` counts nesting; the left of a chain such as a + b + c does not nest) ─────────────────────────


class Number(Record, frozen=True, gc=False):
    """A number as written, with its unit word.

    `value` is in the unit as written; `half_unit` is half a unit of the last written digit, in the same unit; `whole`
    says that it was written out in full as an integer.
    """

    text: str
    value: float
    half_unit: float
    whole: bool
    unit: str | None
    span: Span
    unit_span: Span | None


class Path(Record, frozen=True, gc=False):
    parts: tuple[str, ...]
    span: Span
    part_spans: tuple[Span, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


class Call(Record, frozen=True, gc=False):
    name: str
    arguments: tuple[Argument, ...]
    span: Span
    name_span: Span
    depth: int = 0


class Argument(Record, frozen=True, gc=False):
    """`value` is a test only in `probability(a < b)`."""

    name: str | None
    value: Expr | Comparison | Near | Inside
    span: Span


class Binary(Record, frozen=True, gc=False):
    operator: str  # + - * / ^
    left: Expr
    right: Expr
    span: Span
    operator_span: Span
    depth: int = 0


class Negate(Record, frozen=True, gc=False):
    operand: Expr
    span: Span
    depth: int = 0


Expr = Number | Path | Call | Binary | Negate


class Text(Record, frozen=True, gc=False):
    """A label: a text, or a date as it was written."""

    value: str
    span: Span
    is_date: bool
    provenance: Provenance | None = None


class ListOf(Record, frozen=True, gc=False):
    """`[a, b, c]`."""

    items: tuple[Expr, ...]
    span: Span


class Value(Record, frozen=True, gc=False):
    """What a line binds: an expression, its spread, where it is from, which warning is accepted."""

    expr: Expr
    spread: Call | None
    provenance: Provenance | None
    allow: Allow | None
    span: Span


class Range(Record, frozen=True, gc=False):
    """`low .. high`, or `low ..` without an end."""

    low: Expr
    high: Expr | None
    span: Span


class UsualRange(Record, frozen=True, gc=False):
    range: Range
    provenance: Provenance | None


# ── declarations ────────────────────────────────────────────────────────────────────────────────────────────────────


class Doc(Record, frozen=True, gc=False):
    text: str
    span: Span


class Use(Record, frozen=True, gc=False):
    """`use hardware.nvidia { a, b }` (a library, `is_file` false) or `use "./site" { c }`."""

    target: str
    is_file: bool
    names: tuple[tuple[str, Span], ...]
    span: Span
    target_span: Span


class Bibliography(Record, frozen=True, gc=False):
    path: str
    span: Span


class DimensionDeclaration(Record, frozen=True, gc=False):
    name: str
    unit: str | None
    span: Span
    name_span: Span
    unit_span: Span | None


class UnitDeclaration(Record, frozen=True, gc=False):
    word: str
    doc: str | None
    definition: Expr | None
    prefixes: tuple[tuple[str, Span], ...]
    aliases: tuple[tuple[str, Span], ...]
    span: Span
    name_span: Span
    provenance: Provenance | None


class TypeName(Record, frozen=True, gc=False):
    """A unit word or the name of a kind; `is_list` for `[run]`."""

    word: str
    is_list: bool
    span: Span


class FieldDeclaration(Record, frozen=True, gc=False):
    name: str
    type: TypeName
    bounds: Range | None
    usual: tuple[UsualRange, ...]
    once: bool
    alternatives: tuple[Value, ...]
    span: Span
    name_span: Span


class KindDeclaration(Record, frozen=True, gc=False):
    name: str
    like: Path | None
    doc: str | None
    fields: tuple[FieldDeclaration, ...]
    span: Span
    name_span: Span


class Binding(Record, frozen=True, gc=False):
    name: str
    value: Value | Text | ListOf
    span: Span
    name_span: Span


class Without(Record, frozen=True, gc=False):
    names: tuple[tuple[str, Span], ...]
    span: Span


class InstanceDeclaration(Record, frozen=True, gc=False):
    """`partly_read` says that a line of its block could not be read, so that silence about it is due."""

    kind: str
    name: str
    like: Path | None
    doc: str | None
    bindings: tuple[Binding, ...]
    without: tuple[Without, ...]
    span: Span
    kind_span: Span
    name_span: Span
    partly_read: bool = False


class Let(Record, frozen=True, gc=False):
    name: str
    type: TypeName | None
    value: Value | ListOf
    span: Span
    name_span: Span


# ── tests and tables ────────────────────────────────────────────────────────────────────────────────────────────────


class Comparison(Record, frozen=True, gc=False):
    """`left OP right` with one of `== <= >= < >`."""

    operator: str
    left: Expr
    right: Expr
    span: Span
    operator_span: Span


class Near(Record, frozen=True, gc=False):
    """`left within tolerance of right`."""

    left: Expr
    tolerance: Expr
    right: Expr
    span: Span


class Inside(Record, frozen=True, gc=False):
    """`left in low .. high`."""

    left: Expr
    range: Range
    span: Span


Test = Comparison | Near | Inside


class Require(Record, frozen=True, gc=False):
    test: Test
    share: Expr | None  # `in 90% of draws`
    provenance: Provenance | None
    span: Span


class Claim(Record, frozen=True, gc=False):
    test: Test
    provenance: Provenance | None
    allow: Allow | None
    span: Span


class Shown(Record, frozen=True, gc=False):
    expr: Expr
    unit: str | None
    span: Span
    unit_span: Span | None


class Show(Record, frozen=True, gc=False):
    """`show a, b` or, with `of`, the table `show runs { a, b }`."""

    of: Path | None
    shown: tuple[Shown, ...]
    title: str | None
    span: Span


# ── studies: read here, evaluated by later stages ───────────────────────────────────────────────────────────────────


class Vary(Record, frozen=True, gc=False):
    path: Path
    values: ListOf | Call
    span: Span


class Sweep(Record, frozen=True, gc=False):
    """`partly_read` as for an instance."""

    name: str
    doc: str | None
    varied: tuple[Vary, ...]
    shows: tuple[Show, ...]
    span: Span
    name_span: Span
    partly_read: bool = False


class Rebinding(Record, frozen=True, gc=False):
    """`path = value`, in a case or on the command line."""

    path: Path
    value: Value | Text | ListOf
    span: Span


class Case(Record, frozen=True, gc=False):
    """`partly_read` as for an instance."""

    name: str
    title: str | None
    rebindings: tuple[Rebinding, ...]
    span: Span
    name_span: Span
    partly_read: bool = False


class Free(Record, frozen=True, gc=False):
    path: Path
    bounds: Range | None
    span: Span


class Objective(Record, frozen=True, gc=False):
    sense: str  # minimize | maximize
    expr: Expr
    span: Span


class Over(Record, frozen=True, gc=False):
    free: tuple[Free, ...]
    span: Span


class Subject(Record, frozen=True, gc=False):
    test: Comparison
    span: Span


class Optimum(Record, frozen=True, gc=False):
    """`partly_read` as for an instance."""

    name: str
    doc: str | None
    objectives: tuple[Objective, ...]
    overs: tuple[Over, ...]
    subjects: tuple[Subject, ...]
    shows: tuple[Show, ...]
    span: Span
    name_span: Span
    partly_read: bool = False


class Correlate(Record, frozen=True, gc=False):
    left: Path
    right: Path
    value: Expr
    provenance: Provenance | None
    span: Span


class Excluded(Record, frozen=True, gc=False):
    what: str
    provenance: Provenance | None
    span: Span


Statement = (
    Use
    | Bibliography
    | DimensionDeclaration
    | UnitDeclaration
    | KindDeclaration
    | InstanceDeclaration
    | Let
    | Require
    | Claim
    | Show
    | Sweep
    | Case
    | Optimum
    | Correlate
    | Excluded
    | Doc
)


@dataclass(frozen=True)
class Module:
    """One file: its statements in order, its comments, and the words of lines that could not be read.

    A name that is missing only because its line could not be read is not reported a second time: `lost` holds those.
    """

    source: SourceFile
    statements: tuple[Statement, ...]
    comments: tuple[Span, ...]
    lost: frozenset[str] = frozenset()

    @cached_property
    def doc(self) -> str | None:
        first = self.statements[0] if self.statements else None
        return first.text if isinstance(first, Doc) else None
