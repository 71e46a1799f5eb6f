"""Spreads as steps of a schedule: what is drawn in place of a point value.

Each law takes the place of its parameters among the steps, which may be numbers or may vary themselves, and gives the
place of its draws. Where bounds cut a law, it is drawn by its inverse distribution, so that a draw takes one position
of its stream; a bound that cuts off less than one draw in 10^15 is left aside. A draw that is correlated comes from a
standard normal (`z`).

lognormal: the point value is the median, sigma^2 = ln(1 + cv^2), which makes cv the standard deviation over the mean.
triangular: by two uniforms u and v, low + (mode - low) max(u, v) + (high - mode) min(u, v).
interval: the 5 % and 95 % points; lognormal where both are positive, else normal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from tonne.numeric.schedule import NORMAL, UNIFORM, Builder
from tonne.spread_forms import Z95

# A share of draws that does not occur.
NEVER = 1e-15

Call = Callable[..., int]
Bounds = tuple[int | None, int | None]


class Drawn:
    """The place of the draws, and the share of the law that the bounds cut off: None for nothing, nan where it varies."""

    def __init__(self, place: int, cut: float | None = None) -> None:
        self.place = place
        self.cut = cut


def drawn(
    builder: Builder,
    key: str,
    spread: str,
    point: int,
    arguments: Mapping[str, int],
    bounds: Bounds = (None, None),
    z: int | None = None,
    *,
    is_positive: bool | None = None,
) -> Drawn:
    """The draws of a spread around a point value; `key` names its stream.

    `is_positive` says of an `interval` whose ends vary whether its low end is above zero at the point values.
    """
    low = builder.value(arguments["low"]) if "low" in arguments else None
    positive = low > 0 if low is not None else bool(is_positive)
    return _LAWS[spread](_Law(builder, key, bounds, z, positive), point, arguments)


class _Law:
    def __init__(self, builder: Builder, key: str, bounds: Bounds, z: int | None, is_positive: bool) -> None:
        self.builder = builder
        self.is_positive = is_positive
        self.key = key
        self.low, self.high = bounds
        self.z = z

    def call(self, op: str, *args: int | float) -> int:
        return self.builder.call(op, *(self.builder.number(a) if isinstance(a, float) else a for a in args))

    def uniform(self, *, turned: bool = False) -> int:
        if self.z is None:
            return self.builder.source(UNIFORM, self.key)
        return self.call("ndtr", self.call("negative", self.z) if turned else self.z)

    def standard_normal(self) -> int:
        return self.builder.source(NORMAL, self.key) if self.z is None else self.z

    def cut(self, at: Callable[[int], int], *, turned: bool = False) -> tuple[int, int, float] | None:
        """The shares of the law below its two bounds, and what they cut off; None where that is nothing.

        `turned` says that `at` gives the shares above, so that the bounds change places.
        """
        if self.low is None and self.high is None:
            return None
        first, second = (self.high, self.low) if turned else (self.low, self.high)
        below = self.call("positive", 0.0) if first is None else at(first)
        above = self.call("positive", 1.0) if second is None else at(second)
        ends = self.builder.value(below), self.builder.value(above)
        if ends[0] is None or ends[1] is None:
            return below, above, math.nan
        off = ends[0] + (1.0 - ends[1])
        return None if off < NEVER else (below, above, off)

    def within(self, below: int, above: int, *, turned: bool = False) -> int:
        """A uniform draw between two shares."""
        width = self.call("subtract", above, below)
        return self.call("add", below, self.call("multiply", width, self.uniform(turned=turned)))

    def clipped(self, place: int) -> int:
        """Draws by inverse distribution may miss a bound by their last digit."""
        if self.low is not None:
            place = self.call("maximum", place, self.low)
        return place if self.high is None else self.call("minimum", place, self.high)


def _normal(law: _Law, mean: int, sd: int) -> Drawn:
    z, cut = _standard(law, lambda x: law.call("divide", law.call("subtract", x, mean), sd))
    place = law.call("add", mean, law.call("multiply", sd, z))
    return Drawn(place if cut is None else law.clipped(place), cut)


def _lognormal(law: _Law, median: int, sigma: int) -> Drawn:
    def standardized(x: int) -> int:
        positive = law.call("maximum", law.call("divide", x, median), 5e-324)
        return law.call("divide", law.call("log", positive), sigma)

    z, cut = _standard(law, standardized)
    place = law.call("multiply", median, law.call("exp", law.call("multiply", sigma, z)))
    return Drawn(place if cut is None else law.clipped(place), cut)


def _standard(law: _Law, standardized: Callable[[int], int]) -> tuple[int, float | None]:
    """A standard normal within the bounds, and what they cut off.

    Above the middle the law is turned round: shares next to 1 have no digits left.
    """
    low = None if law.low is None else law.builder.value(standardized(law.low))
    turned = low is not None and low > 0

    def below(x: int) -> int:
        z = standardized(x)
        return law.call("ndtr", law.call("negative", z) if turned else z)

    cut = law.cut(below, turned=turned)
    if cut is None:
        return law.standard_normal(), None
    z = law.call("ndtri", law.within(cut[0], cut[1], turned=turned))
    return law.call("negative", z) if turned else z, cut[2]


def _uniform(law: _Law, point: int, arguments: Mapping[str, int]) -> Drawn:
    whole = low, high = arguments["low"], arguments["high"]
    width = law.call("subtract", high, low)

    def below(x: int) -> int:
        share = law.call("divide", law.call("subtract", x, low), width)
        return law.call("minimum", law.call("maximum", share, 0.0), 1.0)

    cut = law.cut(below)
    if cut is not None:
        low = low if law.low is None else law.call("maximum", low, law.low)
        high = high if law.high is None else law.call("minimum", high, law.high)
    width = width if (low, high) == whole else law.call("subtract", high, low)
    place = law.call("add", low, law.call("multiply", width, law.uniform()))
    return Drawn(place, None if cut is None else cut[2])


def _triangular(law: _Law, mode: int, arguments: Mapping[str, int]) -> Drawn:
    low, high = arguments["low"], arguments["high"]
    rise, fall = law.call("subtract", mode, low), law.call("subtract", high, mode)
    width = law.call("subtract", high, low)

    def below(x: int) -> int:
        left = law.call("minimum", law.call("maximum", law.call("subtract", x, low), 0.0), rise)
        right = law.call("minimum", law.call("maximum", law.call("subtract", high, x), 0.0), fall)
        up = law.call("divide", law.call("multiply", left, left), law.call("multiply", rise, width))
        missing = law.call("divide", law.call("multiply", right, right), law.call("multiply", fall, width))
        # below the mode the right part is whole, above it the left one
        up = law.call("fmax", up, 0.0)
        whole = law.call("divide", fall, width)
        return law.call("add", up, law.call("subtract", whole, law.call("fmax", missing, 0.0)))

    cut = law.cut(below)
    if cut is None and law.z is None:
        u, v = law.builder.source(UNIFORM, law.key), law.builder.source(UNIFORM, f"{law.key} again")
        up = law.call("multiply", rise, law.call("maximum", u, v))
        down = law.call("multiply", fall, law.call("minimum", u, v))
        return Drawn(law.call("add", law.call("add", low, up), down))
    u = law.uniform() if cut is None else law.within(cut[0], cut[1])
    share = law.call("divide", rise, width)
    before = law.call("multiply", law.call("minimum", u, share), law.call("multiply", width, rise))
    after = law.call("subtract", 1.0, law.call("maximum", u, share))
    back = law.call("sqrt", law.call("multiply", after, law.call("multiply", width, fall)))
    place = law.call("add", low, law.call("sqrt", before))
    place = law.call("add", place, law.call("subtract", fall, back))
    return Drawn(place) if cut is None else Drawn(law.clipped(place), cut[2])


def _interval(law: _Law, point: int, arguments: Mapping[str, int]) -> Drawn:
    low, high = arguments["low"], arguments["high"]
    if law.is_positive:
        median = law.call("sqrt", law.call("multiply", low, high))
        sigma = law.call("divide", law.call("log", law.call("divide", high, low)), 2 * Z95)
        return _lognormal(law, median, sigma)
    mean = law.call("multiply", law.call("add", low, high), 0.5)
    return _normal(law, mean, law.call("divide", law.call("subtract", high, low), 2 * Z95))


def _by_cv(law: _Law, median: int, arguments: Mapping[str, int]) -> Drawn:
    squared = law.call("multiply", arguments["cv"], arguments["cv"])
    return _lognormal(law, median, law.call("sqrt", law.call("log1p", squared)))


_LAWS: dict[str, Callable[[_Law, int, Mapping[str, int]], Drawn]] = {
    "uniform": _uniform,
    "normal": lambda law, mean, arguments: _normal(law, mean, arguments["sd"]),
    "lognormal": _by_cv,
    "triangular": _triangular,
    "interval": _interval,
}
