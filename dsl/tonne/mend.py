"""Mending: the diagnostics of a file that can be mended in one way only, mended.

`mend` takes a path and gives the text that the file should hold, what was mended, and what is left to say. It writes nothing:
that is `tonne.write`. A mending is kept only if its diagnostic is gone and no error is added; of two that overlap the first
is made, and the other in the next round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tonne.diagnostic import Applicability, Diagnostic
from tonne.library import library_root
from tonne.scenario import Checked, check

# Mending one thing may show the next: a line that could not be read is read, and has a unit that is none.
_ROUNDS = 20


@dataclass(frozen=True)
class Mended:
    """`before` and `after` are the file's text with its own line ends; `mended` what was mended, in the order of rounds."""

    path: Path
    before: str
    after: str
    mended: tuple[Diagnostic, ...]
    checked: Checked

    @property
    def changes(self) -> bool:
        return self.before != self.after


def mend(path: Path, overrides: Sequence[str] = ()) -> Mended:
    """A file, checked and mended as far as there is one way to. Files of the standard library are left as they are."""
    checked = check(path, overrides)
    before = text = "" if checked.project is None else path.read_bytes().decode("utf-8")
    mended: list[Diagnostic] = []
    tried: set[tuple[str, str, str]] = set()
    for _ in range(_ROUNDS if may_be_written(checked) else 0):
        wanted = [d for d in _certain(checked) if _of(d) not in tried]
        if not wanted:
            break
        for some in (wanted, *([d] for d in wanted[: _ROUNDS if len(wanted) > 1 else 0])):
            changed = _with(text, some)
            after = check(path, overrides, changed)
            if _better(checked, after, some):
                text, checked = changed, after
                mended += some
                break
            tried.update(_of(d) for d in some if len(some) == 1)
        else:
            break
    return Mended(path, before, text, tuple(mended), checked)


def may_be_written(checked: Checked) -> bool:
    """Whether a file that was checked is the user's own to change."""
    return checked.project is not None and not checked.path.resolve().is_relative_to(library_root())


def _certain(checked: Checked) -> list[Diagnostic]:
    """The findings in the file itself that have one mending, none of which touches another.

    While there are errors, only these: an import that looks unused may be what a misspelt name was to be.
    """
    assert checked.project is not None
    entry = checked.project.entry.source
    fixable = [
        d
        for d in checked.diagnostics
        if d.fix is not None
        and d.fix.applicability is Applicability.CERTAIN
        and d.fix.span.source is entry
        and (d.is_error or not checked.has_errors)
    ]
    kept: list[Diagnostic] = []
    at = -1
    for one in sorted(fixable, key=lambda d: d.fix.span.start if d.fix else 0):
        if one.fix is not None and one.fix.span.start > at:
            kept.append(one)
            at = max(one.fix.span.end, one.fix.span.start)
    return kept


def _of(one: Diagnostic) -> tuple[str, str, str]:
    assert one.fix is not None
    return one.code, one.title, one.fix.span.text


def _better(before: Checked, after: Checked, some: list[Diagnostic]) -> bool:
    """Whether each of some findings is gone, and no error is added."""
    had = Counter((d.code, d.title) for d in before.diagnostics)
    has = Counter((d.code, d.title) for d in after.diagnostics)
    gone = all(has[key] <= had[key] - times for key, times in Counter((d.code, d.title) for d in some).items())
    return gone and sum(d.is_error for d in after.diagnostics) <= sum(d.is_error for d in before.diagnostics)


def _with(text: str, some: list[Diagnostic]) -> str:
    """A file's text with some findings mended; their spans count as it is read, with `\\n` at each line's end."""
    start = 1 if text.startswith("\ufeff") else 0
    pairs: list[int] = []  # where `\r\n` stands, as positions count after reading
    at = text.find("\r\n")
    while at >= 0:
        pairs.append(at - start - len(pairs))
        at = text.find("\r\n", at + 2)

    def raw(position: int) -> int:
        return position + start + bisect_left(pairs, position)

    for one in reversed(some):
        assert one.fix is not None
        span = one.fix.span
        text = text[: raw(span.start)] + one.fix.replacement + text[raw(span.end) :]
    return text
