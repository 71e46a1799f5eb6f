"""The spreads that may stand after `~`: the arguments of each by name, what is wrong with their
values, how wide it is. Draws nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from tonne.diagnostic import Diagnostic, Fix, Label, diagnostic
from tonne.names import closest
from tonne.source import Span
from tonne.syntax import tree

# The arguments of each spread. `low` and `high` are written by place, the others by name.
SPREADS = {
    "uniform": ("low", "high"),
    "normal": ("sd",),
    "lognormal": ("cv",),
    "triangular": ("low", "high"),
    "interval": ("low", "high"),
}
# The 95 % point of the standard normal.
Z95 = 1.6448536269514722
# A point this close beyond an end is rounding.
_SLACK = 1e-9
_BY_PLACE = ("low", "high")
_OTHER_NAMES = {"gaussian": "normal", "gauss": "normal", "triangle": "triangular", "range": "uniform"}


def arguments_of(spread: tree.Call) -> tuple[dict[str, tree.Expr], Diagnostic | None]:
    """The arguments of a spread by name; none, and what is wrong, where they are not those that it takes."""
    names = SPREADS.get(spread.name)
    if names is None:
        meant = _OTHER_NAMES.get(spread.name.lower()) or closest(spread.name, SPREADS)
        help = f"did you mean `{meant}`?" if meant else f"spreads: {', '.join(SPREADS)}"
        fix = Fix(spread.name_span, meant) if meant else None
        title = f"there is no spread `{spread.name}`"
        return {}, diagnostic("V223", title, spread.name_span, help=help, fix=fix)
    given: dict[str, tree.Expr] = {}
    for name, argument in zip(names, spread.arguments, strict=False):
        called = argument.name or (name if name in _BY_PLACE else None)
        if called in names and not isinstance(argument.value, tree.Test):
            given[called] = argument.value
    if len(given) == len(names) == len(spread.arguments):
        return given, None
    title = f"`{spread.name}` takes {' and '.join(f'`{n}`' for n in names)}"
    help, fix = f"write `{written(spread.name, ['…'] * len(names))}`", None
    if spread.name == "triangular" and len(spread.arguments) == 3:
        low, mode, high = (a.span.text for a in spread.arguments)
        help = f"the likeliest value stands before `~`: `{mode} ~ triangular({low}, {high})`"
    if len(spread.arguments) == 1 == len(names) and spread.arguments[0].name is None:
        mended = written(spread.name, [spread.arguments[0].span.text])
        help, fix = f"write `{mended}`", Fix(spread.span, mended)
    return {}, diagnostic("V223", title, spread.span, help=help, fix=fix)


def misfits(
    spread: tree.Call, point: float | None, at: Span, known: Mapping[str, float | None]
) -> Iterator[Diagnostic]:
    """V222 and V223 for what the values of a spread and of its point, as far as they are known, show to be wrong."""
    words = [a.value.span.text for a in spread.arguments]
    for name in ("sd", "cv"):
        value = known.get(name)
        if value is not None and value <= 0:
            title = f"the `{name}` of a spread is above zero, this is {words[0]}"
            yield diagnostic("V223", title, spread.arguments[0].span, help=f"leave `~ {spread.span.text}` out")
            return
    if spread.name == "lognormal" and point is not None and point <= 0:
        title = f"a lognormal needs a value above zero, this is {at.text}"
        labels = (Label(spread.span), Label(at, "the point value"))
        yield diagnostic("V223", title, *labels, help="for example `normal(sd = …)`")
    low, high = known.get("low"), known.get("high")
    if low is None or high is None:
        return
    if low >= high:
        ends = sorted(zip((low, high), words, strict=True))
        mended = written(spread.name, [text for _, text in ends])
        if low == high:
            title, help, fix = f"`{spread.span.text}` has no width", f"leave `~ {spread.span.text}` out", None
        else:
            title = f"this spread runs from {words[0]} down to {words[1]}"
            help, fix = f"write `{mended}`", Fix(spread.span, mended)
        yield diagnostic("V223", title, spread.span, help=help, fix=fix)
    elif point is not None and not low - _SLACK * abs(low) <= point <= high + _SLACK * abs(high):
        title = f"{at.text} lies outside `{spread.span.text}`"
        labels = (Label(at, "the point value"), Label(spread.span, "its spread"))
        near = words[0] if point < low else words[1]
        help = f"move the value, or widen the spread: {near} is its {'low' if point < low else 'high'} end"
        yield diagnostic("V222", title, *labels, help=help)


def written(name: str, arguments: list[str]) -> str:
    """A spread as it is written with these arguments."""
    parts = [
        value if argument in _BY_PLACE else f"{argument} = {value}"
        for argument, value in zip(SPREADS[name], arguments, strict=True)
    ]
    return f"{name}({', '.join(parts)})"


def half_width(spread: str, point: float, arguments: Mapping[str, float]) -> float:
    """Half the distance from the 5 % to the 95 % point, bounds aside."""
    low, high = arguments.get("low", math.nan), arguments.get("high", math.nan)
    if spread == "uniform":
        return 0.45 * (high - low)
    if spread == "normal":
        return Z95 * arguments["sd"]
    if spread == "lognormal":
        sigma = math.sqrt(math.log1p(arguments["cv"] ** 2))
        return point * math.sinh(Z95 * sigma)
    if spread == "triangular":
        ends = [_of_triangle(share, low, point, high) for share in (0.05, 0.95)]
        return (ends[1] - ends[0]) / 2
    return (high - low) / 2


def _of_triangle(share: float, low: float, mode: float, high: float) -> float:
    width = high - low
    if share * width < mode - low:
        return low + math.sqrt(share * width * (mode - low))
    return high - math.sqrt((1 - share) * width * (high - mode))
