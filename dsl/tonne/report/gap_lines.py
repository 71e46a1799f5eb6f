"""What a run leaves open, as lines: which fact to give, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from rich.text import Text

from tonne.gaps import Gap, Opening


def gap_lines(gap: Gap, width: int) -> Text:
    """One group of instances; a line an opening, the widest reaching first, then what needs more than one fact."""
    lines = [_opening(o) for o in gap.openings]
    lines += [f"{_and(names)} {'need' if len(names) > 1 else 'needs'} {_and(needs)}" for names, needs in gap.needs]
    if gap.underived:
        lines.append(f"nothing derives {_or(gap.underived)}")
    text = Text(fill(f"undetermined in {', '.join(gap.instances)}", width, subsequent_indent="    "), "bold")
    for line in lines:
        text.append("\n" + fill(line, width, initial_indent="  ", subsequent_indent="      "), "not bold")
    return text


def _opening(opening: Opening) -> str:
    others = {1: (), 2: ("the other",)}.get(len(opening.facts), ("the others",)) if opening.own else ()
    return f"{_or(opening.facts)} gives {_and([*others, *opening.follow])}"


def _and(names: Sequence[str]) -> str:
    return _listed(names, "and")


def _or(names: Sequence[str]) -> str:
    return _listed(names, "or")


def _listed(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
