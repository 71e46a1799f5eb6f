"""Unit words: which there are, what they are worth, and what to say of one that is not.

`UnitTable` is built from the `unit` and `dimension` declarations of the core and of the project's files. What a word is
worth is pint's to say, from a registry of only those declarations; which words there are is our policy: a unit takes the
prefixes that its declaration names, a compound is one word, and `*` may not follow `/`. The only home of pint.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tonne.cache import cached
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.dimension import RATIO, Dimension
from tonne.order import is_circular, strongly_connected
from tonne.syntax import tree
from tonne.syntax.walk import within
from tonne.unit_prefixes import PREFIXES, SI_PREFIXES
from tonne.unit_problems import UnitProblem, explain
from tonne.values import Record

if TYPE_CHECKING:
    import pint

    PintQuantity = pint.Quantity[Any]

# FLOP takes prefixes, but is counted all the same: `6 FLOP/param/token` is exact.
ALSO_COUNTED = {"FLOP"}
# The last digit that a written power of a unit may have; beyond it a factor would overflow.
MAX_POWER = 24
# Numbers and signs in the definition of a unit.
MOST_PARTS = 40
# Words that are remembered with what they are worth, or why they are none.
MOST_WORDS = 10_000

_FACTOR = re.compile(r"([*/]?)([^*/^]+)(?:\^(-?[0-9]+))?")
_WORD_IN_DEFINITION = re.compile(r"[^\W\d]\w*|[%$€]")


class Unit(NamedTuple):
    """A unit word: one of it is `factor` base units; `counted` when whole numbers of it are exact."""

    word: str
    factor: float
    dimension: Dimension
    counted: bool


class _Declared(Record, frozen=True):
    declaration: tree.UnitDeclaration
    prefixes: tuple[str, ...]


@lru_cache(maxsize=8)
def unit_table(
    declarations: tuple[tree.UnitDeclaration | tree.DimensionDeclaration, ...], lost: frozenset[str] = frozenset()
) -> UnitTable:
    """The table of these declarations: one for all scenarios of a process that declare no units of their own."""
    return UnitTable(declarations, lost)


class UnitTable:
    """All units of a project, and the names of dimensions."""

    def __init__(
        self, declarations: Iterable[tree.UnitDeclaration | tree.DimensionDeclaration], lost: Collection[str] = ()
    ) -> None:
        """`lost` are the units whose lines could not be read."""
        self._lost = frozenset(lost)
        self.found: list[Diagnostic] = []
        self._declared: dict[str, _Declared] = {}
        self._canonical: dict[str, str] = {}  # an alias → its unit
        self._atoms: dict[str, Unit] = {}
        self._words: dict[str, Unit | UnitProblem] = {}
        self._bad: set[str] = set()
        self._order: list[str] = []
        self.names: dict[Dimension, str] = {RATIO: "a ratio"}
        declarations = list(declarations)
        units = [d for d in declarations if isinstance(d, tree.UnitDeclaration)]
        for declaration in units:
            self._declare(declaration)
        self._refuse_bad_definitions()
        for dimension in declarations:
            if isinstance(dimension, tree.DimensionDeclaration):
                self._name(dimension)

    # ── declarations ──

    def _declare(self, declaration: tree.UnitDeclaration) -> None:
        prefixes: list[str] = []
        for prefix, span in declaration.prefixes:
            if prefix == "si":
                prefixes += SI_PREFIXES
            elif prefix in PREFIXES:
                prefixes.append(prefix)
            else:
                known = ", ".join(("si", *PREFIXES))
                self.found.append(diagnostic("D209", f"no prefix `{prefix}`", span, help=f"prefixes: {known}"))
        words = [(declaration.word, declaration.name_span), *declaration.aliases]
        for word, span in words:
            if word in self._canonical:
                first = self._declared[self._canonical[word]].declaration
                if first.name_span.source is span.source and first.name_span.start == span.start:
                    continue
                self.found.append(
                    diagnostic(
                        "N113",
                        f"the unit `{word}` is already defined",
                        Label(span, "again here"),
                        Label(first.name_span, "first here"),
                        help="choose another word",
                    )
                )
            else:
                self._canonical[word] = declaration.word
        self._declared.setdefault(declaration.word, _Declared(declaration, tuple(dict.fromkeys(prefixes))))

    def _refuse_bad_definitions(self) -> None:
        needs: dict[str, list[str]] = {}
        for word, declared in self._declared.items():
            definition = declared.declaration.definition
            needs[word] = []
            parts = [] if definition is None else list(within(definition))
            if len(parts) > MOST_PARTS:
                self._bad.add(word)
                span = declared.declaration.name_span
                title = f"the definition of `{word}` has more than {MOST_PARTS} parts"
                self.found.append(diagnostic("S109", title, span, help="define it by way of another unit"))
                continue
            for part in parts:
                if isinstance(part, tree.Number):
                    for atom, span in () if part.unit is None else self._atoms_of(part):
                        split = self.split(atom)
                        if split is None and self._is_lost(atom):
                            self._bad.add(word)
                        elif split is None:
                            self._bad.add(word)
                            problem = explain(self, atom, atom)
                            self.found.append(diagnostic(problem.code, problem.title, span, help=problem.help))
                        else:
                            needs[word].append(split[1])
                elif not isinstance(part, tree.Binary | tree.Negate):
                    self._bad.add(word)
                    self.found.append(
                        diagnostic(
                            "D209",
                            "a unit is defined by numbers and units alone",
                            part.span,
                            help="for example `= 3600 J`",
                        )
                    )
        for group in strongly_connected(needs):
            if any(need in self._bad for word in group for need in needs[word]):
                self._bad.update(group)
            self._order += [word for word in group if word not in self._bad]
            if is_circular(group, needs):
                self._order = [word for word in self._order if word not in group]
                self._bad.update(group)
                declaration = self._declared[group[0]].declaration
                chain = " → ".join([*group, group[0]])
                self.found.append(
                    diagnostic("N116", f"the unit `{group[0]}` depends on itself", declaration.name_span, help=chain)
                )

    @staticmethod
    def _atoms_of(number: tree.Number) -> Iterator[tuple[str, Any]]:
        assert number.unit is not None
        for match in _WORD_IN_DEFINITION.finditer(number.unit):
            yield match.group(), number.unit_span

    def _name(self, declaration: tree.DimensionDeclaration) -> None:
        if declaration.unit is None:
            return
        unit = self.lookup(declaration.unit)
        if isinstance(unit, UnitProblem):
            if not unit.silent:
                span = declaration.unit_span or declaration.span
                self.found.append(diagnostic(unit.code, unit.title, span, help=unit.help))
        else:
            self.names.setdefault(unit.dimension, declaration.name.replace("_", " "))

    # ── words ──

    def __contains__(self, word: str) -> bool:
        return isinstance(self.lookup(word), Unit)

    def is_atom(self, word: str) -> bool:
        return self.split(word) is not None

    def declared_in(self, word: str) -> Any | None:
        """The file that declares an atom, or None."""
        split = self.split(word)
        return None if split is None else self._declared[split[1]].declaration.span.source

    @property
    def declared_words(self) -> list[str]:
        return list(self._declared)

    def prefixes_of(self, word: str) -> tuple[str, ...]:
        return self._declared[self._canonical[word]].prefixes

    def doc(self, word: str) -> str:
        return self._declared[self._canonical[word]].declaration.doc or word

    def lookup(self, word: str) -> Unit | UnitProblem:
        """What a unit word is worth, or why it is none."""
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= MOST_WORDS:
                self._words.clear()
            known = self._words[word] = self._compound(word)
        return known

    def _compound(self, word: str) -> Unit | UnitProblem:
        factor, dimension, counted = 1.0, RATIO, True
        divided = False
        text = word[1:] if word.startswith("1/") else word
        for sign, atom, power in _FACTOR.findall(text):
            if sign == "*" and divided:
                before, _, after = word.partition("*")
                return UnitProblem(
                    "D213",
                    f"`{word}`: divide by `{after}` too?",
                    f"write `{before}/{after}` or `{_multiply_first(word)}`",
                )
            divided = divided or sign == "/"
            unit = self._atom(atom)
            if unit is None:
                if self._is_lost(atom):
                    return UnitProblem("D209", f"no unit `{atom}`", "mend its `unit` line", silent=True)
                return explain(self, atom, word)
            exponent = int(power or 1) * (-1 if sign == "/" else 1)
            if abs(exponent) > MAX_POWER:
                return UnitProblem(
                    "D209",
                    f"`{atom}` to the power {exponent} is beyond what is counted here",
                    f"powers go up to {MAX_POWER}",
                )
            factor *= unit.factor**exponent
            dimension = dimension * unit.dimension**exponent
            counted = counted and unit.counted
        return Unit(word, factor, dimension, counted)

    def split(self, atom: str) -> tuple[str, str] | None:
        """An atom as (prefix, unit), where the unit takes that prefix."""
        if atom in self._canonical:
            return "", self._canonical[atom]
        for length in (1, 2):
            prefix, rest = atom[:length].replace("\u03bc", "µ"), atom[length:]
            if prefix in PREFIXES and rest in self._canonical:
                unit = self._canonical[rest]
                if prefix in self._declared[unit].prefixes:
                    return prefix, unit
        return None

    def _is_lost(self, atom: str) -> bool:
        """Whether a word is no unit only because of a `unit` line that is wrong, which is reported there."""
        split = self.split(atom)
        if split is not None:
            return split[1] in self._bad
        return any(atom == word or (atom.endswith(word) and atom[: -len(word)] in PREFIXES) for word in self._lost)

    def _atom(self, atom: str) -> Unit | None:
        if atom not in self._atoms:
            split = self.split(atom)
            if split is None or split[1] in self._bad:
                return None
            prefix, word = split
            declared = self._declared[word]
            base = declared.declaration.definition is None
            counted = not prefix and base and (not declared.prefixes or word in ALSO_COUNTED)
            factor, powers = self._worth[prefix + word]
            self._atoms[atom] = Unit(atom, factor, Dimension.of(powers), counted or word == "ratio")
        return self._atoms[atom]

    @cached_property
    def _worth(self) -> dict[str, tuple[float, dict[str, Fraction]]]:
        """What each unit is worth in base units, with each of its prefixes: asked of pint once for these declarations."""
        declared = [(word, self._declared[word]) for word in self._order]
        texts = []
        for word, one in declared:
            definition = one.declaration.definition
            texts.append(f"{word} {'' if definition is None else _pint_text(definition)} {' '.join(one.prefixes)}")
        return cached(
            "units",
            texts,
            lambda: {
                prefix + word: _ask_pint(self.registry, prefix, word)
                for word, one in declared
                for prefix in ("", *one.prefixes)
            },
        )

    @cached_property
    def registry(self) -> pint.UnitRegistry[Any]:
        """The pint registry: our declarations and nothing else. Tables with the same declarations share it."""
        definitions = ((word, self._declared[word].declaration.definition) for word in self._order)
        return _registry(tuple((pint_name(word), None if d is None else _pint_text(d)) for word, d in definitions))

    def quantity(self, magnitude: float, word: str) -> PintQuantity:
        """A number in one of our units as a quantity of pint's."""
        return self.registry.Quantity(magnitude, "" if word == "ratio" else pint_unit(word))

    # ── words that are none ──

    @property
    def words(self) -> Collection[str]:
        """The words and aliases that are declared, without prefixes."""
        return self._canonical.keys()

    def all_words(self) -> list[str]:
        """Every word that is a unit by itself, with its prefixes."""
        prefixed = [prefix + unit for unit, declared in self._declared.items() for prefix in declared.prefixes]
        return [*self._canonical, *prefixed]

    def doc_of(self, word: str) -> str:
        split = self.split(word)
        if split is None or split[0]:
            return word
        return (self._declared[split[1]].declaration.doc or word).lower()

    # ── dimensions in words ──

    def describe(self, dimension: Dimension) -> str:
        """A dimension as messages say it: `carbon intensity`, `energy a token`, `carbon·request/energy`."""
        name = self.names.get(dimension)
        if name is not None:
            return name
        best: str | None = None
        for named, words in self.names.items():
            if named.is_ratio:
                continue
            rest = dimension / named
            own = {base for base, _ in named.powers}
            if all(power == -1 and base not in own and self._is_counted(base) for base, power in rest.powers):
                candidate = words + "".join(
                    f" {_article(self._singular(b))} {self._singular(b)}" for b, _ in rest.powers
                )
                if best is None or len(rest.powers) < best.count(" a"):
                    best = candidate
        if best is not None:
            return best.replace(" a ", " and ", 2).replace(" and ", " a ", 1) if best.count(" a ") > 1 else best
        above = [self._power(base, power) for base, power in dimension.powers if power > 0]
        below = [self._power(base, -power) for base, power in dimension.powers if power < 0]
        return ("·".join(above) or "1") + "".join(f"/{part}" for part in below)

    def _is_counted(self, base: str) -> bool:
        return not self._declared[base].prefixes if base in self._declared else False

    def _singular(self, base: str) -> str:
        if base in self._declared:
            doc = self._declared[base].declaration.doc
            return "device" if base == "device" else (doc or base)
        return base

    def _power(self, base: str, power: Fraction) -> str:
        name = self.names.get(Dimension.of({base: 1}), base)
        name = {"requests": "request", "tokens": "token", "devices": "device"}.get(name, name)
        return name if power == 1 else f"{name}^{power}"

    def words_of(self, dimension: Dimension, most: int = 4) -> list[str]:
        """Units in which a dimension may be shown, the commonest first."""
        words = []
        for word, declared in self._declared.items():
            unit = self._atom(word)
            if unit is not None and unit.dimension == dimension:
                words += [word, *(p + word for p in ("k", "M", "G") if p in declared.prefixes)]
        return words[:most]


def _article(word: str) -> str:
    return "an" if word[:1] in "aeio" else "a"


_PINT_NAMES = {"%": "percent", "$": "dollar_sign", "€": "euro_sign"}
_BACK = {name: word for word, name in _PINT_NAMES.items()}


def pint_name(word: str) -> str:
    """A unit word as pint can read it."""
    return _PINT_NAMES.get(word, word)


def pint_unit(word: str) -> str:
    """A compound word of ours as an expression of pint's."""
    text = _WORD_IN_DEFINITION.sub(lambda m: pint_name(m.group()), word)
    return text.replace("^", "**")


def _pint_text(expr: Any) -> str:
    if isinstance(expr, tree.Number):
        return f"({expr.value!r} * {pint_unit(expr.unit)})" if expr.unit else f"({expr.value!r})"
    if isinstance(expr, tree.Negate):
        return f"(-{_pint_text(expr.operand)})"
    operator = "**" if expr.operator == "^" else expr.operator
    return f"({_pint_text(expr.left)} {operator} {_pint_text(expr.right)})"


@lru_cache(maxsize=8)
def _registry(definitions: tuple[tuple[str, str | None], ...]) -> pint.UnitRegistry[Any]:
    """A registry of units, each after those that it is defined by, so that no chain is long."""
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None, cache_folder=None)
    for prefix, factor in PREFIXES.items():
        registry.define(f"{prefix}- = {factor!r}")
    for name, definition in definitions:
        if definition is None:
            registry.define(f"{name} = [{name}]")
        else:
            value: Any = registry.Quantity(definition).to_root_units()
            powers = "".join(f" * {base} ** {power}" for base, power in value.unit_items())
            registry.define(f"{name} = {float(value.magnitude)!r}{powers}")
    return registry


def word_of(units: Any) -> str:
    """The units of a pint quantity, of our registry or of another, as a unit word."""
    word = f"{units:~C}".replace("**", "^")
    for pint_word, ours in _BACK.items():
        word = re.sub(rf"\b{pint_word}\b", ours, word)
    return word or "ratio"


def _ask_pint(registry: pint.UnitRegistry[Any], prefix: str, word: str) -> tuple[float, dict[str, Fraction]]:
    factor, units = registry.get_root_units(prefix + pint_name(word))
    powers = {
        _BACK.get(name, name): Fraction(str(power)).limit_denominator(1000) for name, power in units._units.items()
    }
    return float(str(factor)), powers


def _multiply_first(word: str) -> str:
    """`gCO2e/token*day` as `gCO2e*day/token`."""
    above: list[str] = []
    below: list[str] = []
    for sign, atom, power in _FACTOR.findall(word):
        (below if sign == "/" else above).append(atom + (f"^{power}" if power else ""))
    return "*".join(above) + "".join(f"/{part}" for part in below)
