"""`tonne import`: another tool's record as a scenario."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tonne.cli.sampling import bar
from tonne.cli.shared import SCENARIO, echo, exit_code, print_findings, strict

_TOOLS = ("codecarbon", "ecologits", "slurm")


@click.command(
    name="import",
    epilog="""\b
Examples:
  tonne import codecarbon emissions.csv
  tonne import codecarbon emissions.csv -o measured.tonne
  tonne import codecarbon emissions.csv --runs list
  tonne import codecarbon emissions.csv --runs 9cbaa71c
  tonne import ecologits impacts.json
  sacct --parsable2 --format=JobID,JobName,State,Start,ElapsedRaw,AllocTRES,ConsumedEnergyRaw | tonne import slurm -""",
)
@click.argument("tool", type=click.Choice(_TOOLS))
@click.argument("file", type=SCENARIO)
@click.option(
    "--runs",
    default="",
    metavar="list|sum|RUN",
    help="Each run by itself, all added up, or those of an id or a project; up to 12 are listed, more are added up.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write into this file.")
@click.option("--force", is_flag=True, help="With -o: write over a file that is there.")
@strict
def import_(tool: str, file: Path, runs: str, output: Path | None, force: bool, strict: bool) -> None:
    """Make a scenario of what another tool measured.

    TOOL is codecarbon (its emissions.csv), slurm (a table of `sacct --parsable2`), or ecologits (its impacts as JSON); FILE
    may be `-`, standard input. Each line of the scenario says which row and column it is from; units and digits stay those
    of the record.
    """
    from tonne.importers import imported

    if force and output is None:
        raise click.UsageError("--force goes with -o")
    if output is not None and output.suffix not in (".tonne", ""):
        raise click.BadParameter(f"a scenario is a .tonne file: `{output.with_suffix('.tonne')}`", param_hint="-o")
    if output is not None and output.exists() and not force:
        echo(f"`{output}` exists and is left as it is; choose another name, or write over it with --force", err=True)
        sys.exit(2)
    with bar("reading, in MB") as progress:
        text, found = imported(tool, file, runs.strip(), progress)
    print_findings(found, "full", stderr=True)
    if text is None:
        sys.exit(1)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    sys.exit(exit_code(found, strict))


def _write(path: Path, text: str) -> None:
    from tonne.write import write_atomically

    try:
        write_atomically(path, text)
    except OSError as error:
        echo(f"tonne: cannot write `{path}`: {error.strerror or error}", err=True)
        sys.exit(2)
    echo(f"{path} is written", err=True)
    echo(f"next: tonne run {click.format_filename(path)}", err=True)
