"""Markdown files as scenario files: everything outside their ```tonne fences is blanked, so that positions stay true."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$", re.MULTILINE)
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*")
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


def heading(markdown: str) -> str:
    """The first heading outside of all fences, without its marks; empty where there is none."""
    opened = ""
    for line in markdown.splitlines():
        fence = _FENCE.fullmatch(line)
        if fence is not None:
            ticks = fence.group("ticks")
            opened = ticks if not opened else "" if ticks.startswith(opened) else opened
        elif not opened and (found := _HEADING.fullmatch(line)):
            return found.group(1)
    return ""


def only_fences(markdown: str) -> str:
    """The text of the same length in which only the ```tonne fences stand."""
    kept = []
    at = 0
    for start, end in tonne_fences(markdown):
        kept += [_NOT_NEWLINE.sub(" ", markdown[at:start]), markdown[start:end]]
        at = end
    kept.append(_NOT_NEWLINE.sub(" ", markdown[at:]))
    return "".join(kept)
