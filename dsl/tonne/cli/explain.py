"""`tonne explain`: why a value is what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tonne.cli.shared import SCENARIO, console, exit_code, print_findings, print_json, setting


@click.command(
    epilog="""\b
Examples:
  tonne explain scenario.tonne pretrain.co2e
  tonne explain scenario.tonne total
  tonne explain scenario.tonne pretrain.cost     (what would determine it)"""
)
@click.argument("file", type=SCENARIO)
@click.argument("path")
@setting
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    help="A tree for a person, or JSON.",
)
def explain(file: Path, path: str, overrides: tuple[str, ...], style: str) -> None:
    """Explain PATH, a field such as pretrain.co2e or the name of a let.

    Its formula in names and in numbers, down to the lines and sources that it rests on; for an undetermined field, what
    would determine it.
    """
    from tonne.explain import explain_path
    from tonne.report.as_json import VERSION
    from tonne.report.explanation import as_json, as_tree
    from tonne.scenario import evaluate

    result = evaluate(file, overrides)
    errors = [d for d in result.diagnostics if d.is_error]
    print_findings(errors, "full", stderr=True)
    if result.run is None:
        sys.exit(1)
    step, problems = explain_path(result.run, path)
    if step is None:
        print_findings(problems, "full", stderr=True)
        sys.exit(2)
    if style == "json":
        print_json({"version": VERSION, **as_json(step)})
    else:
        console().print(as_tree(step))
    sys.exit(exit_code(errors, strict=False))
