"""The syntax tree: frozen, typed, with a span on every node.

Made by `tonne.syntax.parse`; holds what was written and nothing that was worked out from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tonne.source import SourceFile, Span

# ── provenance ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Citation:
    """`from key "locator"`: one entry of a bibliography."""

    key: str
    locator: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Provenance:
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


@dataclass(frozen=True, slots=True)
class Allow:
    """`allow CODE "why"`: a warning that the author accepts on this line."""

    code: str
    why: str
    span: Span


# ── expressions (`depth` counts nesting; the left of a chain such as a + b + c does not nest) ─────────────────────────


@dataclass(frozen=True, slots=True)
class Number:
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


@dataclass(frozen=True, slots=True)
class Path:
    parts: tuple[str, ...]
    span: Span
    part_spans: tuple[Span, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Argument, ...]
    span: Span
    name_span: Span
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Argument:
    """`value` is a test only in `probability(a < b)`."""

    name: str | None
    value: Expr | Comparison | Near | Inside
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str  # + - * / ^
    left: Expr
    right: Expr
    span: Span
    operator_span: Span
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Expr
    span: Span
    depth: int = 0


Expr = Number | Path | Call | Binary | Negate


@dataclass(frozen=True, slots=True)
class Text:
    """A label: a text, or a date as it was written."""

    value: str
    span: Span
    is_date: bool
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b, c]`."""

    items: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Value:
    """What a line binds: an expression, its spread, where it is from, which warning is accepted."""

    expr: Expr
    spread: Call | None
    provenance: Provenance | None
    allow: Allow | None
    span: Span


@dataclass(frozen=True, slots=True)
class Range:
    """`low .. high`, or `low ..` without an end."""

    low: Expr
    high: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class UsualRange:
    range: Range
    provenance: Provenance | None


# ── declarations ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Doc:
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """`use hardware.nvidia { a, b }` (a library, `is_file` false) or `use "./site" { c }`."""

    target: str
    is_file: bool
    names: tuple[tuple[str, Span], ...]
    span: Span
    target_span: Span


@dataclass(frozen=True, slots=True)
class Bibliography:
    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class DimensionDeclaration:
    name: str
    unit: str | None
    span: Span
    name_span: Span
    unit_span: Span | None


@dataclass(frozen=True, slots=True)
class UnitDeclaration:
    word: str
    doc: str | None
    definition: Expr | None
    prefixes: tuple[tuple[str, Span], ...]
    aliases: tuple[tuple[str, Span], ...]
    span: Span
    name_span: Span
    provenance: Provenance | None


@dataclass(frozen=True, slots=True)
class TypeName:
    """A unit word or the name of a kind; `is_list` for `[run]`."""

    word: str
    is_list: bool
    span: Span


@dataclass(frozen=True, slots=True)
class FieldDeclaration:
    name: str
    type: TypeName
    bounds: Range | None
    usual: UsualRange | None
    once: bool
    alternatives: tuple[Value, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class KindDeclaration:
    name: str
    like: Path | None
    doc: str | None
    fields: tuple[FieldDeclaration, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Binding:
    name: str
    value: Value | Text | ListOf
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Without:
    names: tuple[tuple[str, Span], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class InstanceDeclaration:
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


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    type: TypeName | None
    value: Value | ListOf
    span: Span
    name_span: Span


# ── tests and tables ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left OP right` with one of `== <= >= < >`."""

    operator: str
    left: Expr
    right: Expr
    span: Span
    operator_span: Span


@dataclass(frozen=True, slots=True)
class Near:
    """`left within tolerance of right`."""

    left: Expr
    tolerance: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Inside:
    """`left in low .. high`."""

    left: Expr
    range: Range
    span: Span


Test = Comparison | Near | Inside


@dataclass(frozen=True, slots=True)
class Require:
    test: Test
    share: Expr | None  # `in 90% of draws`
    provenance: Provenance | None
    span: Span


@dataclass(frozen=True, slots=True)
class Claim:
    test: Test
    provenance: Provenance | None
    allow: Allow | None
    span: Span


@dataclass(frozen=True, slots=True)
class Shown:
    expr: Expr
    unit: str | None
    span: Span
    unit_span: Span | None


@dataclass(frozen=True, slots=True)
class Show:
    """`show a, b` or, with `of`, the table `show runs { a, b }`."""

    of: Path | None
    shown: tuple[Shown, ...]
    title: str | None
    span: Span


# ── studies: read here, evaluated by later stages ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Vary:
    path: Path
    values: ListOf | Call
    span: Span


@dataclass(frozen=True, slots=True)
class Sweep:
    name: str
    doc: str | None
    varied: tuple[Vary, ...]
    shows: tuple[Show, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Rebinding:
    """`path = value`, in a case or on the command line."""

    path: Path
    value: Value | Text | ListOf
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    title: str | None
    rebindings: tuple[Rebinding, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Free:
    path: Path
    bounds: Range | None
    span: Span


@dataclass(frozen=True, slots=True)
class Objective:
    sense: str  # minimize | maximize
    expr: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Over:
    free: tuple[Free, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Subject:
    test: Comparison
    span: Span


@dataclass(frozen=True, slots=True)
class Optimum:
    name: str
    doc: str | None
    objectives: tuple[Objective, ...]
    overs: tuple[Over, ...]
    subjects: tuple[Subject, ...]
    shows: tuple[Show, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Correlate:
    left: Path
    right: Path
    value: Expr
    provenance: Provenance | None
    span: Span


@dataclass(frozen=True, slots=True)
class Excluded:
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
