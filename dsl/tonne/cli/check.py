"""`tonne check`: refuse what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tonne.cli.shared import SCENARIO, exit_code, print_findings, print_json, setting, strict


@click.command(
    epilog="""\b
Examples:
  tonne check scenario.tonne
  tonne check scenarios/*.tonne --strict
  tonne check paper.md --format short"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO, metavar="FILE...")
@setting
@strict
@click.option(
    "--format",
    "style",
    type=click.Choice(["full", "short", "json"]),
    default="full",
    help="How findings are printed.",
)
def check(files: tuple[Path, ...], overrides: tuple[str, ...], strict: bool, style: str) -> None:
    """Check scenarios for errors, without evaluating them.

    Names, units and dimensions, sources, and whether everything that is needed is determined.
    """
    from tonne.scenario import check as check_file

    found = [d for file in files for d in check_file(file, overrides).diagnostics]
    if style == "json":
        from tonne.report.as_json import check_as_json

        print_json(check_as_json(found))
    else:
        print_findings(found, style, stderr=False)
        if not found:
            what = files[0].name if len(files) == 1 else f"{len(files)} files"
            click.echo(f"{what}: nothing to mend")
    sys.exit(exit_code(found, strict))
