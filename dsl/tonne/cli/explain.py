"""`tonne explain`: why a value is what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tonne.cli.shared import SCENARIO, console, exit_code, print_findings, print_json, say, setting


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
    from tonne.explain import explain_field, explain_let, find
    from tonne.names import Instance
    from tonne.report.explanation import as_json, as_tree
    from tonne.scenario import evaluate

    result = evaluate(file, overrides)
    errors = [d for d in result.diagnostics if d.is_error]
    print_findings(errors, "full", stderr=True)
    if result.run is None:
        sys.exit(1)
    symbol, field, problems = find(result.run, path)
    if symbol is None:
        print_findings(problems, "full", stderr=True)
        sys.exit(2)
    if isinstance(symbol, Instance):
        state = result.run.model.states[symbol]
        if not field:
            names = [f.name for f in symbol.kind.quantities]
            such = ", ".join(f"{path}.{name}" for name in names[:6])
            say(f"`{path}` is a {symbol.kind.name}; explain a field of it: {such}, …")
            sys.exit(2)
        step = explain_field(result.run, state, field)
    else:
        step = explain_let(result.run, symbol)
    if style == "json":
        print_json({"version": 1, **as_json(step)})
    else:
        console().print(as_tree(step))
    sys.exit(exit_code(errors, strict=False))
