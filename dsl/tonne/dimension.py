"""What a quantity is a quantity of: a product of powers of base dimensions.

Values are interned by `Dimension.of`, so that comparing two is cheap. A base is named by the unit that declares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from tonne.values import Record

# Bases that a quantity may be made of, and the powers that they may have.
MOST_BASES = 50
MOST_POWER = 1000


class Dimension(Record, frozen=True):
    """Base → exponent, sorted by base, without zeros."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    @staticmethod
    def of(powers: Mapping[str, Fraction | int]) -> Dimension:
        return Dimension(tuple(sorted((base, Fraction(power)) for base, power in powers.items() if power)))

    def __mul__(self, other: Dimension) -> Dimension:
        return _times(self, other, 1)

    def __truediv__(self, other: Dimension) -> Dimension:
        return _times(self, other, -1)

    def __pow__(self, exponent: Fraction | int) -> Dimension:
        return Dimension.of({base: power * exponent for base, power in self.powers})

    @property
    def is_countable(self) -> bool:
        """Whether its powers are such as a quantity may have; repeated squaring gives others."""
        return len(self.powers) <= MOST_BASES and all(
            abs(p) <= MOST_POWER and p.denominator <= MOST_POWER for _, p in self.powers
        )

    @property
    def is_ratio(self) -> bool:
        return not self.powers


@lru_cache(maxsize=65536)
def _times(left: Dimension, right: Dimension, sign: int) -> Dimension:
    powers = dict(left.powers)
    for base, power in right.powers:
        powers[base] = powers.get(base, Fraction(0)) + sign * power
    return Dimension.of(powers)


RATIO = Dimension()
