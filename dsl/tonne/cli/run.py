"""`tonne run`: derive everything that follows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonne.cli.shared import (
    SCENARIO,
    console,
    each_once,
    exit_code,
    print_findings,
    print_json,
    setting,
    strict,
    width_of,
)

if TYPE_CHECKING:
    from tonne.diagnostic import Diagnostic


@click.command(
    epilog="""\b
Examples:
  tonne run scenario.tonne
  tonne run scenario.tonne --set pretrain.pue=1.2 --set pretrain.grid=grids.us.quebec
  tonne run scenario.tonne --format json > result.json"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO, metavar="FILE...")
@setting
@strict
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Tables for a person, or JSON.",
)
def run(files: tuple[Path, ...], overrides: tuple[str, ...], strict: bool, style: str) -> None:
    """Evaluate scenarios: values, requirements and claims.

    Findings are printed to standard error, results to standard output.
    """
    from tonne.report.as_json import run_as_json
    from tonne.report.tables import run_as_tables
    from tonne.scenario import evaluate

    documents: list[dict[str, Any]] = []
    everything: list[Diagnostic] = []
    files = each_once(files)
    for file in files:
        result = evaluate(file, overrides)
        everything += result.diagnostics
        if style == "json":
            document = run_as_json(result.run, result.requirements, result.claims, result.diagnostics)
            documents.append(document if len(files) == 1 else {"file": str(file), **document})
            continue
        out = console()
        if len(files) > 1:
            out.print(f"{file}", style="bold")
        print_findings(result.diagnostics, "full", stderr=True)
        if result.run is not None:
            for part in run_as_tables(result.run, result.requirements, result.claims, width_of(out)):
                out.print(part)
    if style == "json":
        print_json(documents[0] if len(files) == 1 else {"files": documents})
    sys.exit(exit_code(everything, strict))
