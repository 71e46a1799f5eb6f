"""Scenarios to start from: files of the package, in `starters/`, that check as they are and say what to replace.

Takes the name of a starter, gives its text; writes nothing.
"""

from __future__ import annotations

import re

_FILES = {"training": "training.tonne", "serving": "serving.tonne", "both": "both.tonne", "audit": "audit.md"}
STARTERS = tuple(_FILES)


def suffix_of(name: str) -> str:
    """`.tonne`, or `.md` for one with prose between its fences."""
    return "." + _FILES[name].rsplit(".", 1)[1]


def text_of(name: str, title: str | None = None) -> str:
    """The text of a starter; a title takes the place of its first line's words."""
    from importlib.resources import files

    text = files("tonne").joinpath("starters", _FILES[name]).read_text(encoding="utf-8")
    if title is None:
        return text
    first, rest = text.split("\n", 1)
    return f"{_TITLE.sub(lambda _: title, first, count=1)}\n{rest}"


def title_of(name: str) -> str:
    """What a starter is about, in a line."""
    found = _TITLE.search(text_of(name).split("\n", 1)[0])
    return found.group() if found else name


_TITLE = re.compile(r'(?<=^")[^"\n]*|(?<=^# ).*')
