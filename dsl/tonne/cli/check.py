"""`tonne check`: refuse what is wrong, and mend what can be mended in one way only."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonne.cli.shared import (
    SCENARIO,
    console,
    each_once,
    exit_code,
    print_findings,
    print_json,
    say,
    setting,
    strict,
    without_repeats,
)
from tonne.diagnostic import Diagnostic
from tonne.formatting import visible

if TYPE_CHECKING:
    from tonne.mend import Mended

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@click.command(
    epilog="""\b
Examples:
  tonne check scenario.tonne
  tonne check scenarios/*.tonne --strict
  tonne check paper.md --format short
  tonne check scenario.tonne --fix --diff     (what would be mended)
  tonne check scenario.tonne --fix"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO, metavar="FILE...")
@setting
@strict
@click.option(
    "--fix", is_flag=True, help="Mend what can be mended in one way only, such as KWh; writes the files named."
)
@click.option("--diff", is_flag=True, help="With --fix: print what would be mended, and write nothing.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["full", "short", "json"]),
    default="full",
    help="How findings are printed.",
)
def check(files: tuple[Path, ...], overrides: tuple[str, ...], strict: bool, fix: bool, diff: bool, style: str) -> None:
    """Check scenarios for errors, without evaluating them.

    Names, units and dimensions, sources, and whether everything that is needed is determined.
    """
    from tonne.scenario import check as check_file

    if diff and (not fix or style == "json"):
        raise click.UsageError("--diff goes with --fix, and not with --format json")
    files = each_once(files)
    mended: list[Mended] = []
    if fix:
        from tonne.mend import mend

        mended = [mend(file, overrides) for file in files]
    if diff:
        for one in mended:
            _print_diff(one)
        sys.exit(exit_code([d for file in files for d in check_file(file, overrides).diagnostics], strict))
    for one in mended:
        _write(one, quiet=style == "json")
    checked = [one.checked for one in mended] if len(files) == 1 and fix else [check_file(f, overrides) for f in files]
    found = without_repeats(d for one in checked for d in one.diagnostics)
    if style == "json":
        from tonne.report.diagnostics import as_json

        done = {"mended": [as_json(d) for one in mended for d in one.mended]} if fix else {}
        print_json({"version": 1, "diagnostics": [as_json(d) for d in found], **done})
    else:
        print_findings(found, style, stderr=False)
        if not found:
            what = files[0].name if len(files) == 1 else f"{len(files)} files"
            left = " left" if any(one.changes for one in mended) else ""
            click.echo(visible(f"{what}: nothing{left} to mend"))
    sys.exit(exit_code(found, strict))


def _write(one: Mended, *, quiet: bool) -> None:
    """Write what was mended, and say so."""
    from tonne.write import write_atomically

    if not one.changes:
        return
    try:
        if one.path.read_bytes().decode("utf-8", "replace") != one.before:
            raise OSError(0, "it was changed meanwhile")
        write_atomically(one.path, one.after)
    except OSError as error:
        say(f"tonne: cannot write {one.path}: {error.strerror or error}; it is as it was")
        sys.exit(2)
    if not quiet:
        console().print(visible(f"mended {_things(one)} in {one.path}: {_what(one)}"))


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


def _print_diff(one: Mended) -> None:
    """A unified diff on standard output that `patch` takes, coloured on a terminal; what it is about on standard error."""
    out = console()
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (one.before, one.after))
    for line in difflib.unified_diff(before, after, str(one.path), str(one.path)):
        end = "" if line.endswith("\n") else "\n\\ No newline at end of file"
        if out.is_terminal:
            out.print(
                line.rstrip("\r\n") + end, style="bold" if line[:3] in ("+++", "---") else _STYLES.get(line[0], "")
            )
        else:
            sys.stdout.write(line + end + ("\n" if end else ""))
    words = f"would mend {_things(one)} in {one.path}: {_what(one)}" if one.changes else f"{one.path}: nothing to mend"
    say(words)
