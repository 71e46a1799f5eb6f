"""Unit words: which there are, what they are worth, and what to say of one that is not.

`UnitTable` is built from the `unit` and `dimension` declarations of the core and of the project's files. What a word is
worth is pint's to say, from a registry of only those declarations; which words there are is our policy: a unit takes the
prefixes that its declaration names, a compound is one word, and `*` may not follow `/`. The only home of pint.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.dimension import RATIO, Dimension
from tonne.order import is_circular, strongly_connected
from tonne.syntax import tree

if TYPE_CHECKING:
    import pint

PREFIXES = {
    "n": 1e-9, "µ": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21,
    "Y": 1e24, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip
SI_PREFIXES = ("n", "µ", "m", "k", "M", "G", "T", "P", "E", "Z", "Y")
# FLOP takes prefixes, but is counted all the same: `6 FLOP/param/token` is exact.
ALSO_COUNTED = {"FLOP"}
# The last digit that a written power of a unit may have; beyond it a factor would overflow.
MAX_POWER = 24
# Numbers and signs in the definition of a unit.
MOST_PARTS = 40

_FACTOR = re.compile(r"([*/]?)([^*/^]+)(?:\^(-?[0-9]+))?")
_CO2 = re.compile(r"([a-zA-Zµ]*?)(CO2|co2|Co2)(-?eq?|E|EQ)?$")
_PER_SECOND = re.compile(r"([kMGTPEZ]?)(FLOPS|FLOPs|flops|Flops|FLOP/S)$")
_DEVICE_TIME = re.compile(r"(?i)(gpu|tpu|device|chip|accelerator)[-_]?(h|hour|hours|hrs|day|days|s|year|years)$")
_WORD_IN_DEFINITION = re.compile(r"[^\W\d]\w*|[%$€]")


class Unit(NamedTuple):
    """A unit word: one of it is `factor` base units; `counted` when whole numbers of it are exact."""

    word: str
    factor: float
    dimension: Dimension
    counted: bool


class UnitProblem(NamedTuple):
    """Why a word is no unit: the code, what to say, what to type, and the word to write instead where there is one."""

    code: str
    title: str
    help: str
    instead: str | None = None
    suffix: str = ""  # the magnitude suffix of a number that says what a refused prefix meant


@dataclass(frozen=True, slots=True)
class _Declared:
    declaration: tree.UnitDeclaration
    prefixes: tuple[str, ...]


class UnitTable:
    """All units of a project, and the names of dimensions."""

    def __init__(self, declarations: Iterable[tree.UnitDeclaration | tree.DimensionDeclaration]) -> None:
        self.found: list[Diagnostic] = []
        self._declared: dict[str, _Declared] = {}
        self._canonical: dict[str, str] = {}  # an alias → its unit
        self._atoms: dict[str, Unit | None] = {}
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
            parts = [] if definition is None else list(_parts(definition))
            if len(parts) > MOST_PARTS:
                self._bad.add(word)
                span = declared.declaration.name_span
                title = f"the definition of `{word}` has more than {MOST_PARTS} parts"
                self.found.append(diagnostic("S109", title, span, help="define it by way of another unit"))
                continue
            for part in parts:
                if isinstance(part, tree.Number):
                    for atom, span in () if part.unit is None else self._atoms_of(part):
                        split = self._split(atom)
                        if split is None:
                            self._bad.add(word)
                            problem = self._explain(atom)
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
            self.found.append(
                diagnostic(unit.code, unit.title, declaration.unit_span or declaration.span, help=unit.help)
            )
        else:
            self.names.setdefault(unit.dimension, declaration.name.replace("_", " "))

    # ── words ──

    def __contains__(self, word: str) -> bool:
        return isinstance(self.lookup(word), Unit)

    def is_atom(self, word: str) -> bool:
        return self._split(word) is not None

    def declared_in(self, word: str) -> Any | None:
        """The file that declares an atom, or None."""
        split = self._split(word)
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
                return self._explain(atom, word)
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

    def _split(self, atom: str) -> tuple[str, str] | None:
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

    def _atom(self, atom: str) -> Unit | None:
        if atom not in self._atoms:
            split = self._split(atom)
            if split is None or split[1] in self._bad:
                self._atoms[atom] = None
            else:
                prefix, word = split
                declared = self._declared[word]
                base = declared.declaration.definition is None
                counted = not prefix and base and (not declared.prefixes or word in ALSO_COUNTED)
                factor, powers = _ask_pint(self.registry, prefix, word)
                self._atoms[atom] = Unit(atom, factor, Dimension.of(powers), counted or word == "ratio")
        return self._atoms[atom]

    @cached_property
    def registry(self) -> pint.UnitRegistry[Any]:
        """The pint registry: our declarations and nothing else."""
        import pint

        registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None, cache_folder=None)
        for prefix, factor in PREFIXES.items():
            registry.define(f"{prefix}- = {factor!r}")
        for word in self._order:  # each after those that it is defined by, so that no chain is long
            definition = self._declared[word].declaration.definition
            name = pint_name(word)
            if definition is None:
                registry.define(f"{name} = [{name}]")
            else:
                value: Any = registry.Quantity(_pint_text(definition)).to_root_units()
                powers = "".join(f" * {base} ** {power}" for base, power in value.unit_items())
                registry.define(f"{name} = {float(value.magnitude)!r}{powers}")
        return registry

    # ── words that are none ──

    def _explain(self, atom: str, word: str | None = None) -> UnitProblem:
        """Why an atom is no unit, and what to write."""
        word = word or atom

        def instead(right: str) -> str:
            return re.sub(rf"(?<![\w]){re.escape(atom)}(?![\w])", right, word)

        if atom.lower() in ("co2", "co2e", "co2eq"):
            return UnitProblem("D209", f"no unit `{atom}`", "carbon is counted in `gCO2e`, `kgCO2e` or `tCO2e`")
        if atom in self._canonical:  # declared, but its own definition is bad: reported there
            return UnitProblem("D209", f"the definition of `{atom}` cannot be used", "mend its `unit` line")
        match = _CO2.match(atom)
        if match and self._split(f"{match.group(1)}CO2e"):
            right = f"{match.group(1)}CO2e"
            if match.group(3):
                return UnitProblem("D211", f"no unit `{atom}`", f"did you mean `{right}`?", instead(right))
            return UnitProblem(
                "D212",
                "CO2 and CO2e are different quantities",
                f"write `{instead(right)}` if the source counts all gases",
                instead(right),
            )
        match = _PER_SECOND.match(atom)
        if match:
            amount = f"{match.group(1)}FLOP"
            return UnitProblem(
                "D209",
                f"no unit `{atom}`",
                f"a rate is `{instead(f'{amount}/s')}`, an amount is `{instead(amount)}`",
                instead(f"{amount}/s"),
            )
        match = _DEVICE_TIME.match(atom)
        if match:
            time = {"hour": "h", "hours": "h", "hrs": "h", "days": "day", "years": "year"}.get(
                match.group(2).lower(), match.group(2)
            )
            return UnitProblem("D211", f"no unit `{atom}`", f"did you mean `device*{time}`?", instead(f"device*{time}"))
        for length in (1, 2):
            prefix, rest = atom[:length], atom[length:]
            if prefix in PREFIXES and rest in self._canonical:
                value = {"k": "a thousand", "M": "a million", "G": "a billion", "T": "a trillion"}.get(prefix)
                suffix = {"k": "k", "M": "M", "G": "B", "T": "T"}.get(prefix)
                taken = self.prefixes_of(rest)
                help = f"`1{suffix} {rest}` is {value} {rest}s" if suffix else f"it takes {', '.join(taken) or 'none'}"
                return UnitProblem("D210", f"`{rest}` takes no prefix `{prefix}`", help, instead(rest), suffix or "")
        near = self.near(atom)
        if near:
            return UnitProblem("D211", f"no unit `{atom}`", f"did you mean `{instead(near)}`?", instead(near))
        return UnitProblem(
            "D209",
            f"no unit `{atom}`",
            f"declare it with `unit {atom}`, or see docs/language.md for the units there are",
        )

    def near(self, atom: str) -> str | None:
        """The unit word that a mistyped one was probably meant to be."""
        words = {w: w for w in self._canonical}
        for unit, declared in self._declared.items():
            words.update({prefix + unit: prefix + unit for prefix in declared.prefixes})
        lower = atom.lower()
        same = [w for w in words if w.lower() == lower]
        if same:
            return max(same, key=lambda w: sum(a == b for a, b in zip(w, atom, strict=True)))
        spelled = [
            w for w in words if lower in (self.doc_of(w), self.doc_of(w) + "s", *([w.lower() + "s"] * (len(w) > 1)))
        ]
        if spelled:
            return spelled[0]
        if len(atom) < 4:
            return None
        close = difflib.get_close_matches(atom, words, 1, 0.75)
        return close[0] if close else None

    def doc_of(self, word: str) -> str:
        split = self._split(word)
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


def pint_name(word: str) -> str:
    """A unit word as pint can read it."""
    return {"%": "percent", "$": "dollar_sign", "€": "euro_sign"}.get(word, word)


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


def _ask_pint(registry: pint.UnitRegistry[Any], prefix: str, word: str) -> tuple[float, dict[str, Fraction]]:
    factor, units = registry.get_root_units(prefix + pint_name(word))
    back = {pint_name(w): w for w in "%$€"}
    powers = {
        back.get(name, name): Fraction(str(power)).limit_denominator(1000) for name, power in units._units.items()
    }
    return float(str(factor)), powers


def _parts(expr: Any) -> Iterator[Any]:
    """An expression and all within it."""
    waiting = [expr]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, tree.Binary):
            waiting += [one.left, one.right]
        elif isinstance(one, tree.Negate):
            waiting.append(one.operand)


def _multiply_first(word: str) -> str:
    """`gCO2e/token*day` as `gCO2e*day/token`."""
    above: list[str] = []
    below: list[str] = []
    for sign, atom, power in _FACTOR.findall(word):
        (below if sign == "/" else above).append(atom + (f"^{power}" if power else ""))
    return "*".join(above) + "".join(f"/{part}" for part in below)
