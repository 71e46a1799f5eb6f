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
  tonne explain scenario.tonne pretrain.cost     (what would determine it)
  tonne explain scenario.tonne :14     (the requirement or claim in line 14)"""
)
@click.argument("file", type=SCENARIO)
@click.argument("path", shell_complete=complete_path)
@setting
@watching
@text_or_json("A tree")
def explain(file: Path, path: str, overrides: tuple[str, ...], watch: bool, style: str) -> None:
    """Explain PATH, a field such as pretrain.co2e or the name of a let.

    Its formula in names and in numbers, down to the lines that it rests on, and their sources; for an undetermined field,
    what would determine it; for one that a test holds against another, what alone would make the two equal. With `:14` the
    test in line 14.
    """
    from tonne.explain import explain_path
    from tonne.report.as_json import VERSION
    from tonne.report.explanation import as_parts, whole_as_json
    from tonne.scenario import evaluate

    def once() -> tuple[int, set[Path]]:
        result = evaluate(file, overrides)
        used = result.checked.files
        errors = [d for d in result.diagnostics if d.is_error]
        print_findings(errors, "full", stderr=True)
        if result.run is None:
            return 1, used
        step, problems = explain_path(result.run, path)
        if step is None:
            print_findings(problems, "full", stderr=True)
            return 2, used
        if style == "json":
            print_json({"version": VERSION, **whole_as_json(result.run, step)})
        else:
            out = console()
            for part in as_parts(result.run, step):
                out.print(part)
        return exit_code(errors, strict=False), used

    finish(once, [file], watch)
