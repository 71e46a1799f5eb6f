"""`tonne check`: refuse what is wrong."""

from __future__ import annotations

from pathlib import Path

import click

from tonne.cli.shared import SCENARIO, exit_code, print_findings, print_json, setting, strict
from tonne.cli.watch import finish, watching


@click.command(
    epilog="""\b
Examples:
  tonne check scenario.tonne
  tonne check scenarios/*.tonne --strict
  tonne check paper.md --format short
  tonne check scenario.tonne --watch     again at every save
  tonne new training | tonne check -     standard input"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO, metavar="FILE...")
@setting
@strict
@watching
@click.option(
    "--format",
    "style",
    type=click.Choice(["full", "short", "json"]),
    default="full",
    help="How findings are printed.",
)
def check(files: tuple[Path, ...], overrides: tuple[str, ...], strict: bool, watch: bool, style: str) -> None:
    """Check scenarios for errors, without evaluating them.

    Names, units and dimensions, sources, and whether everything that is needed is determined.
    """
    from tonne.scenario import check as check_file

    def once() -> tuple[int, set[Path]]:
        checked = [check_file(file, overrides) for file in files]
        found = [d for one in checked for d in one.diagnostics]
        if style == "json":
            from tonne.report.as_json import check_as_json

            print_json(check_as_json(found))
        else:
            print_findings(found, style, stderr=False)
            if not found:
                what = files[0].name if len(files) == 1 else f"{len(files)} files"
                click.echo(f"{what}: nothing to mend")
        return exit_code(found, strict), {file for one in checked for file in one.files}

    finish(once, files, watch)
