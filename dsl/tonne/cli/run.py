"""`tonne run`: derive everything that follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonne.cli.plot import drawn_run, plotting
from tonne.cli.sampling import bar, requested, sampling, stoppable
from tonne.cli.shared import (
    SCENARIO,
    console,
    each_once,
    exit_code,
    print_findings,
    print_json,
    setting,
    strict,
    text_or_json,
    width_of,
)
from tonne.cli.watch import finish, watching

if TYPE_CHECKING:
    from tonne.diagnostic import Diagnostic


@click.command(
    epilog="""\b
Examples:
  tonne run scenario.tonne
  tonne run scenario.tonne --set pretrain.pue=1.2 --set pretrain.grid=grids.us.quebec
  tonne run scenario.tonne --draws 100_000
  tonne run scenario.tonne -v            what would determine the rest
  tonne run scenario.tonne --draws 100_000 --plot spread.svg
  tonne run scenario.tonne -q --watch    the results again at every save
  tonne run scenario.tonne --format json > result.json"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO, metavar="FILE...")
@setting
@strict
@watching
@click.option("--quiet", "-q", is_flag=True, help="Only what the file shows, requires and claims.")
@click.option("--verbose", "-v", is_flag=True, help="For what is undetermined, say what would determine it.")
@sampling
@plotting("what was drawn, the optimum or the cases")
@text_or_json("Tables")
def run(
    files: tuple[Path, ...],
    overrides: tuple[str, ...],
    strict: bool,
    watch: bool,
    quiet: bool,
    verbose: bool,
    draws: int | None,
    seed: int | None,
    threads: int | None,
    exact: bool,
    plot: Path | None,
    style: str,
) -> None:
    """Evaluate scenarios: values, requirements and claims.

    Findings are printed to standard error, results to standard output.
    """
    from tonne.diagnostic import without_verdicts
    from tonne.report.as_json import run_as_json
    from tonne.report.tables import results, run_as_tables
    from tonne.scenario import evaluate

    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose do not go together")
    if plot is not None and len(files) > 1:
        raise click.UsageError("--plot draws one file; name one")

    files = each_once(files)

    def once() -> tuple[int, set[Path]]:
        documents: list[dict[str, Any]] = []
        everything: list[Diagnostic] = []
        used: set[Path] = set()
        for file in files:
            with stoppable("draws"), bar("draws") as progress:
                request = requested(draws, seed, threads, exact, progress)
                result = evaluate(file, overrides, request)
            everything += result.diagnostics
            used |= result.checked.files
            if style == "json":
                document = run_as_json(result)
                documents.append(document if len(files) == 1 else {"file": str(file), **document})
                continue
            out = console()
            if len(files) > 1:
                out.print(f"{file}", style="bold")
            findings, verdicts = without_verdicts(result.diagnostics)
            print_findings(findings, "full", stderr=True)
            if result.run is None:
                continue
            width = width_of(out)
            parts = results(result, width) if quiet else run_as_tables(result, width, verbose=verbose)
            for part in parts:
                out.print(part)
            if verdicts:  # of what stands above
                out.print()
                out.file.flush()
                print_findings(verdicts, "full", stderr=True)
            if plot is not None:
                drawn_run(plot, file, result)
        if style == "json":
            print_json(documents[0] if len(files) == 1 else {"files": documents})
        return exit_code(everything, strict), used

    finish(once, files, watch)
