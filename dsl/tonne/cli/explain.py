"""`tonne explain`: why a value is what it is."""

from __future__ import annotations

from pathlib import Path

import click

from tonne.cli.shared import (
    SCENARIO,
    complete_path,
    console,
    exit_code,
    print_findings,
    print_json,
    setting,
    text_or_json,
)
from tonne.cli.watch import finish, watching


@click.command(
    epilog="""\b
Examples:
  tonne explain scenario.tonne pretrain.co2e
  tonne explain scenario.tonne total
  tonne explain scenario.tonne pretrain.cost     (what would determine it)"""
)
@click.argument("file", type=SCENARIO)
@click.argument("path", shell_complete=complete_path)
@setting
@watching
@text_or_json("A tree")
def explain(file: Path, path: str, overrides: tuple[str, ...], watch: bool, style: str) -> None:
    """Explain PATH, a field such as pretrain.co2e or the name of a let.

    Its formula in names and in numbers, down to the lines and sources that it rests on; for an undetermined field, what
    would determine it.
    """
    from tonne.explain import explain_field, explain_let, find
    from tonne.names import Let
    from tonne.report.explanation import as_json, as_tree
    from tonne.scenario import evaluate

    def once() -> tuple[int, set[Path]]:
        result = evaluate(file, overrides)
        used = result.checked.files
        errors = [d for d in result.diagnostics if d.is_error]
        print_findings(errors, "full", stderr=True)
        if result.run is None:
            return 1, used
        symbol, field, problems = find(result.run, path)
        if symbol is None:
            print_findings(problems, "full", stderr=True)
            return 2, used
        if isinstance(symbol, Let):
            step = explain_let(result.run, symbol)
        elif field:
            step = explain_field(result.run, result.run.model.states[symbol], field)
        else:
            names = ", ".join(f"{path}.{f.name}" for f in symbol.kind.quantities[:6])
            click.echo(f"`{path}` is a {symbol.kind.name}; explain a field of it: {names}, …", err=True)
            return 2, used
        if style == "json":
            print_json({"version": 1, **as_json(step)})
        else:
            console().print(as_tree(step))
        return exit_code(errors, strict=False), used

    finish(once, [file], watch)
