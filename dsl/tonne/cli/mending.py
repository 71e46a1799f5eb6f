"""`tonne check --fix`: what was mended is written and said, or shown as a diff."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tonne.cli.shared import echo, exit_code, print_diff
from tonne.mend import mend

if TYPE_CHECKING:
    from tonne.diagnostic import Diagnostic
    from tonne.mend import Mended


def mend_files(files: Sequence[Path], overrides: Sequence[str], *, quiet: bool) -> list[Diagnostic]:
    """Mends files in place and says what was mended, unless `quiet`; gives what was."""
    mended = [mend(file, overrides) for file in files]
    for one in mended:
        _write(one, quiet=quiet)
    return [finding for one in mended for finding in one.mended]


def preview(files: Sequence[Path], overrides: Sequence[str], strict: bool) -> int:
    """Prints what would be mended and writes nothing; gives the exit code of the files as they are."""
    from tonne.scenario import check

    for file in files:
        _show(mend(file, overrides))
    return exit_code([d for file in files for d in check(file, overrides).diagnostics], strict)


def _write(one: Mended, *, quiet: bool) -> None:
    from tonne.write import write_atomically

    if not one.changes:
        if one.checked.diagnostics and not quiet:
            echo(
                f"mended nothing in {one.path}: no finding can be mended in one way only; the help lines say what to type"
            )
        return
    try:
        if one.path.read_bytes().decode("utf-8", "replace") != one.before:
            raise OSError(0, "it was changed meanwhile")
        write_atomically(one.path, one.after)
    except OSError as error:
        echo(f"tonne: cannot write {one.path}: {error.strerror or error}; it is as it was", err=True)
        sys.exit(2)
    if not quiet:
        echo(f"mended {_things(one)} in {one.path}: {_what(one)}")


def _things(one: Mended) -> str:
    return f"{len(one.mended)} thing{'s' if len(one.mended) > 1 else ''}"


def _what(one: Mended) -> str:
    """What was mended, each with its line; of many only the first."""
    most = 5
    words = [f"{_change(d)} (line {d.span.line})" for d in one.mended[:most]]
    return ", ".join(words) + (f", and {len(one.mended) - most} more" if len(one.mended) > most else "")


def _change(one: Diagnostic) -> str:
    """`KWh` → `kWh`, or what the finding said where the change is no change of words."""
    if one.fix is None or not one.fix.replacement or "\n" in one.fix.replacement or len(one.fix.replacement) > 40:
        return one.title
    return f"`{one.fix.span.text}` → `{one.fix.replacement}`"


def _show(one: Mended) -> None:
    """A unified diff on standard output; what it is about on standard error."""
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (one.before, one.after))
    lines = difflib.unified_diff(before, after, str(one.path), str(one.path))
    print_diff(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    words = f"would mend {_things(one)} in {one.path}: {_what(one)}" if one.changes else f"{one.path}: nothing to mend"
    echo(words, err=True)
