"""Markdown files as scenario files: everything outside their ```tonne fences is blanked, so that positions stay true."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$", re.MULTILINE)
_NOT_NEWLINE = re.compile(r"[^\n]")


def tonne_fences(markdown: str) -> list[tuple[int, int]]:
    """The ranges of the text inside the ```tonne fences, in order."""
    ranges: list[tuple[int, int]] = []
    opened: tuple[str, bool, int] | None = None
    for match in _FENCE.finditer(markdown):
        ticks, info = match.group("ticks"), match.group("info").strip()
        if opened is None:
            words = info.split()
            opened = (ticks, bool(words) and words[0] == "tonne", min(match.end() + 1, len(markdown)))
        elif not info and ticks[0] == opened[0][0] and len(ticks) >= len(opened[0]):
            if opened[1]:
                ranges.append((opened[2], match.start()))
            opened = None
    if opened is not None and opened[1]:
        ranges.append((opened[2], len(markdown)))
    return ranges


def only_fences(markdown: str) -> str:
    """The text of the same length in which only the ```tonne fences stand."""
    kept = []
    at = 0
    for start, end in tonne_fences(markdown):
        kept += [_NOT_NEWLINE.sub(" ", markdown[at:start]), markdown[start:end]]
        at = end
    kept.append(_NOT_NEWLINE.sub(" ", markdown[at:]))
    return "".join(kept)
