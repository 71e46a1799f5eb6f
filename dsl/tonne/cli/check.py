"""`tonne check`: refuse what is wrong, and mend what can be mended in one way only."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tonne.cli.shared import (
    SCENARIO,
    each_once,
    echo,
    exit_code,
    finding_style,
    print_findings,
    print_json,
    setting,
    strict,
    without_repeats,
)
from tonne.cli.watch import finish, watching


@click.command(
    epilog="""\b
Examples:
  tonne check scenario.tonne
  tonne check scenarios/*.tonne --strict
  tonne check paper.md --format short
  tonne check scenario.tonne --fix --diff     what would be mended
  tonne check scenario.tonne --fix
  tonne check scenario.tonne --watch     again at every save
  tonne new training | tonne check -     standard input"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO, metavar="FILE...")
@setting
@strict
@watching
@click.option(
    "--fix", is_flag=True, help="Mend what can be mended in one way only, such as KWh; writes the files named."
)
@click.option("--diff", is_flag=True, help="With --fix: print what would be mended, and write nothing.")
@finding_style
def check(
    files: tuple[Path, ...],
    overrides: tuple[str, ...],
    strict: bool,
    watch: bool,
    fix: bool,
    diff: bool,
    style: str,
) -> None:
    """Check scenarios for errors, without evaluating them.

    Names, units and dimensions, sources, and whether everything that is needed is determined.
    """
    from tonne.library import STDIN
    from tonne.scenario import check as check_file

    if diff and (not fix or style == "json"):
        raise click.UsageError("--diff goes with --fix, and not with --format json")
    if fix and (watch or STDIN in files):
        raise click.UsageError("--fix writes files: leave out --watch and `-`")
    files = each_once(files)
    mended = []
    if fix:
        from tonne.cli.mending import mend_files, preview

        if diff:
            sys.exit(preview(files, overrides, strict))
        mended = mend_files(files, overrides, quiet=style == "json")

    def once() -> tuple[int, set[Path]]:
        checked = [check_file(file, overrides) for file in files]
        found = without_repeats(d for one in checked for d in one.diagnostics)
        if style == "json":
            from tonne.report.as_json import check_as_json

            print_json(check_as_json(found, mended if fix else None))
        else:
            print_findings(found, style, stderr=False)
            if not found:
                what = str(files[0]) if len(files) == 1 else f"{len(files)} files"
                echo(f"{what}: nothing{' left' if mended else ''} to mend")
        return exit_code(found, strict), {file for one in checked for file in one.files}

    finish(once, files, watch)
