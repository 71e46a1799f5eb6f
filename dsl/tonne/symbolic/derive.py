"""An optimum derived: its conditions as formulas and as functions, and every step in words.

`derive` takes a `Problem`, the names, signs and values of its nodes; it gives a `Derivation`, or an `Underivable` that
says why there is none. Everything in a `Derivation` is text or a function: nobody who reads one needs sympy, which is
imported only when something is derived. It solves nothing and raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from tonne.graph import Node
from tonne.problem import Array, Compiled, Problem
from tonne.values import Record, Unprinted

# How large a problem may be: terms of its objective and constraint together, and operations that depend on a free field.
MOST_TERMS = 40
MOST_OPERATIONS = 2_000


class Text(Record, frozen=True):
    """The same in the notation of the language and in LaTeX; an equation, or a sentence with its mathematics in `$`."""

    text: str
    latex: str


class Step(Record, frozen=True):
    """Sentences, the equations that they lead to, and what is said of these `after`."""

    title: str
    sentences: tuple[Text, ...]
    equations: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()


class Where(Record, frozen=True):
    """What a symbol is: a field's path, a number as written, or a formula of other symbols."""

    symbol: Text
    meaning: Text
    node: Node | None = None  # the input or free field; none where the meaning is a formula


class ClosedForm(Unprinted, Record, frozen=True, eq=False):
    """The free fields as explicit functions of the inputs, in the order of `Problem.free`."""

    free: Callable[..., tuple[Array, ...]]


class Written(Record, frozen=True):
    """A derivation to read: what its symbols are, and its steps."""

    where: tuple[Where, ...]
    steps: tuple[Step, ...]


class Derivation(Unprinted, Record, frozen=True, eq=False):
    """`written` works its steps out, which takes longer than to derive; who only solves does not ask."""

    name: str
    compiled: Compiled
    closed_form: ClosedForm | None
    written: Callable[[], Written]


class Underivable(Record, frozen=True, eq=False):
    """Why a problem has no derivation.

    `reason` is `steps` (`node` has no derivative everywhere), `constant` (no free field moves the objective `node`) or
    `terms` (more than `limit` of them).
    """

    reason: str
    node: Node
    limit: int = 0


def derive(
    problem: Problem,
    name_of: Callable[[Node], str | None],
    sign_of: Callable[[Node], int | None],
    value_of: Callable[[Node], float | None] = lambda node: None,
) -> Derivation | Underivable:
    """The derivation of a problem.

    `name_of` gives the path of a node that is a named value, `sign_of` the sign of its present value (none where its values
    have several), `value_of` its present value, where it is one number. A term whose coefficient is zero at present is left
    out.
    """
    from tonne.symbolic.fold import fold

    folded = fold(problem, name_of, sign_of, value_of)
    if isinstance(folded, Underivable):
        return folded
    from tonne.symbolic.derivation import derivation_of

    return derivation_of(problem, folded)


_SPECIAL = {
    "\\": r"\textbackslash{}", "_": r"\_", "^": r"\^{}", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}",
}  # fmt: skip


def escaped(words: str) -> str:
    """Words for LaTeX, with what has a meaning there written out."""
    return "".join(_SPECIAL.get(c, c) for c in words)
