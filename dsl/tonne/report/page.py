"""How every picture looks: sizes, colours, the scenario named below, the same bytes for the same scenario."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tonne.formatting import figure as told

# Apart in grey too, and for those who see colours otherwise (Okabe and Ito's order, darkened for print).
COLOURS = ("#0b6e4f", "#c1440e", "#3a5fa8", "#8a6d00", "#7b3f8c", "#4a4a4a", "#1f8a9e", "#a83a5f")
STYLES = ("-", "--", "-.", ":")
LEVEL, POINT = "#7a7a7a", "#c1440e"
WIDTH = 6.3  # inches: the text of a page


class NoPicture(Exception):
    """Why something cannot be drawn."""


@contextmanager
def looks() -> Iterator[None]:
    """The settings of matplotlib while a picture is made."""
    import matplotlib as mpl

    with mpl.rc_context(
        {"svg.hashsalt": "tonne", "svg.fonttype": "none", "font.size": 9, "pdf.fonttype": 42, "text.parse_math": False}
    ):
        yield


def figure(height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained")


def saved(made: Any, title: str, below: str, style: str) -> bytes:
    """A figure with its title, and below it the scenario that it is of."""
    made.suptitle(title, fontsize=9, wrap=True)
    made.supxlabel(below, fontsize=7, x=0.99, ha="right", color=LEVEL)
    out = io.BytesIO()
    made.savefig(out, format=style, dpi=200, metadata=_undated(style))
    return out.getvalue()


def with_unit(text: str, unit: str, between: str = " ") -> str:
    return text if unit in ("", "ratio") else f"{text}{between}({unit})"


def line(number: int, style: int) -> dict[str, Any]:
    """The colour and the dashes of a curve among several."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": STYLES[style % len(STYLES)]}


def is_wide(low: float, high: float) -> bool:
    """Whether a range is told on a logarithmic axis."""
    return low > 0 and high / low > 30


def logarithmic(panel: Any, *names: str) -> None:
    """Makes the axes of these names, `x` or `y`, logarithmic."""
    for name in names:
        getattr(panel, f"set_{name}scale")("log")
        plain_ticks(getattr(panel, f"{name}axis"))


def plain_ticks(axis: Any) -> None:
    """Numbers, not formulas, at the ticks of a logarithmic axis; between the powers of ten too, if it is short."""
    from matplotlib.ticker import LogFormatter

    class Plain(LogFormatter):
        def __call__(self, x: float, pos: Any = None) -> str:
            return _tick(x) if super().__call__(x, pos) else ""

    axis.set_major_formatter(Plain())
    axis.set_minor_formatter(Plain(labelOnlyBase=False, minor_thresholds=(2, 0.5)))


def _tick(value: float) -> str:
    if 1e-4 <= value < 1e6:
        return told(value)
    mantissa, exponent = f"{value:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _undated(style: str) -> dict[str, Any]:
    return {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[style]
