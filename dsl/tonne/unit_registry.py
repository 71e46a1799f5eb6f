"""What units are worth, by pint: a registry of declared units and nothing else. The only home of pint.

Takes unit words and the syntax of their definitions; gives the factor and the base units of each. Knows no policy: which
words there are is the business of `tonne.units`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tonne.syntax import tree
from tonne.unit_prefixes import PREFIXES

if TYPE_CHECKING:
    import pint

    PintQuantity = pint.Quantity[Any]
    PintRegistry = pint.UnitRegistry[Any]

# The last digit that a written power of a unit may have; beyond it a factor would overflow.
MAX_POWER = 24
# The power of ten of base units that a unit may be worth, either way.
MAX_SIZE = 200

WORD_IN_DEFINITION = re.compile(r"[^\W\d]\w*|[%$€]")

_PINT_NAMES = {"%": "percent", "$": "dollar_sign", "€": "euro_sign"}
_BACK = {name: word for word, name in _PINT_NAMES.items()}


def pint_name(word: str) -> str:
    """A unit word as pint can read it."""
    return _PINT_NAMES.get(word, word)


def pint_unit(word: str) -> str:
    """A compound word of ours as an expression of pint's."""
    text = WORD_IN_DEFINITION.sub(lambda m: pint_name(m.group()), word)
    return text.replace("^", "**")


def pint_text(expr: Any) -> str:
    if isinstance(expr, tree.Number):
        return f"({expr.value!r} * {pint_unit(expr.unit)})" if expr.unit else f"({expr.value!r})"
    if isinstance(expr, tree.Negate):
        return f"(-{pint_text(expr.operand)})"
    operator = "**" if expr.operator == "^" else expr.operator
    return f"({pint_text(expr.left)} {operator} {pint_text(expr.right)})"


@lru_cache(maxsize=8)
def registry_of(definitions: tuple[tuple[str, str | None], ...]) -> PintRegistry:
    """A registry of units, each after those that it is defined by, so that no chain is long."""
    import pint

    registry: PintRegistry = pint.UnitRegistry(None, cache_folder=None)
    for prefix, factor in PREFIXES.items():
        registry.define(f"{prefix}- = {factor!r}")
    for name, definition in definitions:
        if definition is None:
            registry.define(f"{name} = [{name}]")
            continue
        try:
            value: Any = registry.Quantity(definition).to_root_units()
            factor, powers = float(value.magnitude), list(value.unit_items())
        except Exception:  # whatever pint says of a definition that it cannot work out
            continue
        if 10.0**-MAX_SIZE <= factor <= 10.0**MAX_SIZE and all(abs(power) <= MAX_POWER for _, power in powers):
            registry.define(f"{name} = {factor!r}" + "".join(f" * {base} ** {power}" for base, power in powers))
    return registry


def word_of(units: Any) -> str:
    """The units of a pint quantity, of our registry or of another, as a unit word."""
    word = f"{units:~C}".replace("**", "^")
    for pint_word, ours in _BACK.items():
        word = re.sub(rf"\b{pint_word}\b", ours, word)
    return word or "ratio"


def worth_of(registry: PintRegistry, prefix: str, word: str) -> tuple[float, dict[str, Fraction]] | None:
    if pint_name(word) not in registry:
        return None
    factor, units = registry.get_root_units(prefix + pint_name(word))
    powers = {
        _BACK.get(name, name): Fraction(str(power)).limit_denominator(1000) for name, power in units._units.items()
    }
    return float(str(factor)), powers
