"""`tonne audit`: every claim of some files, with its verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tonne.cli.sampling import bar
from tonne.cli.shared import (
    SCENARIO_OR_FOLDER,
    console,
    exit_code,
    print_findings,
    print_json,
    scenarios_of,
    strict,
    width_of,
)

_OUTCOMES = ("holds", "holds-within-rounding", "refuted", "not-comparable")


@click.command(
    epilog="""\b
Examples:
  tonne audit paper.tonne
  tonne audit scenarios/published --only refuted
  tonne audit scenarios/ --fail-on refuted          for a CI
  tonne audit scenarios/ --format markdown > record.md
  tonne audit scenarios/ --format json | jq '.claims[] | select(.cause)'"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO_OR_FOLDER, metavar="FILE|FOLDER...")
@click.option(
    "--only", multiple=True, type=click.Choice(_OUTCOMES), help="Only claims with this verdict. May be repeated."
)
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice(_OUTCOMES),
    help="Exit with 1 on a claim with this verdict. May be repeated.",
)
@strict
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "html", "json"]),
    default="text",
    help="A table for a person, Markdown, a page of HTML, or JSON.",
)
def audit(files: tuple[Path, ...], only: tuple[str, ...], fail_on: tuple[str, ...], strict: bool, style: str) -> None:
    """List claims, with verdicts and likely causes.

    Of a folder all scenarios are audited, those in Markdown too. A refuted claim is a result: it fails nothing unless
    --fail-on asks for it.
    """
    from tonne.audit import audit as audit_files
    from tonne.report import audit as report
    from tonne.verdict import Outcome

    with bar("files") as progress:
        audited = audit_files(scenarios_of(files, markdown=True), progress)
    found = [d for file in audited.files for d in file.diagnostics]
    listed = [Outcome(word) for word in only]
    if style == "json":
        print_json(report.audit_as_json(audited, listed))
    else:
        print_findings([d for d in found if d.is_error or strict], "full", stderr=True)
        if style == "text":
            out = console()
            for part in report.as_tables(audited, listed):
                out.print(part, width=width_of(out))
        else:
            sys.stdout.write((report.as_markdown if style == "markdown" else report.as_html)(audited, listed))
    failing = any(audited.totals[Outcome(word)] for word in fail_on)
    sys.exit(exit_code(found, strict) or int(failing))
