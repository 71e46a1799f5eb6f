"""`tonne sweep`: what a file shows along the axes of its sweeps."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonne.cli.plot import drawn_sweep, plotting
from tonne.cli.sampling import Count, bar, requested, sampling, stoppable
from tonne.cli.shared import (
    SCENARIO,
    console,
    echo,
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
    from tonne.draw_options import Progress, Request
    from tonne.sweeps import Sweep
    from tonne.swept import Swept

# The formats of `--out`, and the package that writes each; None where none is needed.
_FORMATS = {".parquet": "pyarrow", ".csv": None, ".nc": "xarray"}


class Unwritten(click.ClickException):
    """A file that cannot be written, which is nobody's misuse of the command."""

    exit_code = 2


def _sweeps(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What the shell completes to: the sweeps of the file that stands before."""
    from tonne.scenario import check

    file = context.params.get("file")
    sweeps = () if file is None else check(Path(file)).sweeps
    return [sweep.name for sweep in sweeps if sweep.name.startswith(incomplete)]


def _checked(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """What can be said of `--out` before anything is evaluated."""
    if value is None:
        return None
    if value.suffix.lower() not in _FORMATS:
        raise click.BadParameter(f"`{value.name}` names no format: end it in {', '.join(_FORMATS)}")
    if not value.resolve().parent.is_dir():
        raise click.BadParameter(f"there is no folder `{value.parent}`")
    package = _FORMATS[value.suffix.lower()]
    if package is not None and importlib.util.find_spec(package) is None:
        raise click.UsageError(f'{value.suffix} needs the package {package}: pip install "tonne[data]"')
    return value


@click.command(
    epilog="""\b
Examples:
  tonne sweep scenario.tonne
  tonne sweep scenario.tonne where_to_train
  tonne sweep scenario.tonne where_to_train --draws 10_000
  tonne sweep scenario.tonne where_to_train --out table.parquet
  tonne sweep scenario.tonne where_to_train --plot sweep.svg
  tonne sweep scenario.tonne where_to_train --format json"""
)
@click.argument("file", type=SCENARIO)
@click.argument("name", required=False, shell_complete=_sweeps)
@setting
@strict
@watching
@sampling
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_checked,
    metavar="FILE",
    help="Write all cells of one sweep: FILE.parquet, .csv or .nc, with the units.",
)
@click.option("--limit", type=Count(1), metavar="N", help="Points at most, over `[limits] points` of tonne.toml.")
@plotting("one sweep, as lines, a heat map or bars")
@text_or_json("Tables")
def sweep(
    file: Path,
    name: str | None,
    overrides: tuple[str, ...],
    strict: bool,
    watch: bool,
    draws: int | None,
    seed: int | None,
    threads: int | None,
    exact: bool,
    out: Path | None,
    limit: int | None,
    plot: Path | None,
    style: str,
) -> None:
    """Evaluate the sweep NAME of a scenario, or all of its sweeps.

    Small ones are printed as tables, of large ones the least and greatest values; `--out` writes every cell. Where two
    options cross, the value of the axis at which they do is told.
    """
    from tonne.report.sweep import sweep_as_json, sweep_as_tables
    from tonne.scenario import check

    def once() -> tuple[int, set[Path]]:
        checked = check(file, overrides, limit=limit, only_sweep=name)
        if not checked.sweeps:
            if not checked.has_errors:
                raise click.UsageError(f"{file} has no `sweep`; `tonne help sweep` shows how one is written")
            if style == "json":
                print_json(sweep_as_json(None, checked.diagnostics))
            else:
                print_findings(checked.diagnostics, "full", stderr=True)
            return 1, checked.files
        chosen = _chosen(file, checked.sweeps, name)
        if (out is not None or plot is not None) and len(chosen) > 1:
            names = ", ".join(one.name for one in chosen)
            option = "--out writes" if out is not None else "--plot draws"
            raise click.UsageError(f"{option} one sweep; name one of: {names}")
        found: list[Diagnostic] = list(checked.diagnostics)
        swept_all: list[Swept] = []
        for one in chosen:
            if one.first is None or checked.has_errors:
                continue
            with stoppable("points"), bar("points") as progress:
                request = requested(draws, seed, threads, exact, progress, limit)
                swept, said, rows = _evaluated(one, file, checked.diagnostics, request, out, progress)
            found += said
            if swept is not None:
                swept_all.append(swept)
                if out is not None:
                    echo(f"written: {out}, {rows:,} rows", err=True)
                if plot is not None:
                    drawn_sweep(plot, file, swept)
        if style == "json":
            documents = [sweep_as_json(one, found) for one in swept_all] or [sweep_as_json(None, found)]
            print_json(documents[0] if len(documents) == 1 else {"sweeps": documents})
            return exit_code(found, strict), checked.files
        print_findings([d for d in found if d.severity.value != "verdict"], "full", stderr=True)
        printer = console()
        for index, swept in enumerate(swept_all):
            for part in [*([""] if index else []), *sweep_as_tables(swept, width_of(printer))]:
                printer.print(part)
        return exit_code(found, strict), checked.files

    finish(once, [file], watch)


def _chosen(file: Path, sweeps: tuple[Sweep, ...], name: str | None) -> list[Sweep]:
    if name is None:
        return list(sweeps)
    for one in sweeps:
        if one.name == name:
            return [one]
    import difflib

    names = [one.name for one in sweeps]
    near = difflib.get_close_matches(name, names, 1)
    told = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(names)}"
    raise click.UsageError(f"no sweep `{name}` in {file}; {told}")


def _evaluated(
    one: Sweep, file: Path, found: tuple[Diagnostic, ...], request: Request, out: Path | None, progress: Progress | None
) -> tuple[Swept | None, list[Diagnostic], int]:
    """A sweep, what was found in it, and how many rows were written."""
    from tonne.sweep_values import evaluate_sweep

    swept, said = evaluate_sweep(one, found, request)
    if swept is None or out is None:
        return swept, said, 0
    from tonne.report.table_file import TooLarge, sampled_blocks, write_dataset, write_rows
    from tonne.sweep_values import blocks

    about = {"scenario": file.name, "sweep": one.name, **({"title": swept.doc} if swept.doc else {})}
    try:
        if out.suffix.lower() == ".nc":
            return swept, said, write_dataset(out, swept, about)
        cells = sampled_blocks(swept) if swept.sampled is not None else blocks(swept, one, found, request)
        return swept, said, write_rows(out, swept, cells, about, progress)
    except TooLarge as why:
        raise Unwritten(f"cannot write {out}: {why}; a .parquet or .csv takes any number") from None
    except OSError as error:
        why_not = os.strerror(error.errno) if error.errno else str(error)
        raise Unwritten(f"cannot write {out}: {why_not}; nothing of it is left") from None
