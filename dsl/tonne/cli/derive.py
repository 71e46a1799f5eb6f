"""`tonne derive`: how an optimum follows, step by step."""

from __future__ import annotations

from pathlib import Path

import click

from tonne.cli.plot import drawn, plotting
from tonne.cli.shared import SCENARIO, echo, exit_code, print_findings, setting
from tonne.cli.watch import finish, watching


def _optima(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What the shell completes to: the optima of the file that stands before."""
    from tonne.scenario import check

    file = context.params.get("file")
    model = None if file is None else check(Path(file)).model
    return [study.name for study in (model.optima if model else ()) if study.name.startswith(incomplete)]


@click.command(
    epilog="""\b
Examples:
  tonne derive scenario.tonne lifetime
  tonne derive scenario.tonne lifetime --format latex > appendix.tex
  tonne derive scenario.tonne lifetime --plot lifetime.svg
  tonne derive scenario.tonne lifetime --set chat.requests="0 request/day\""""
)
@click.argument("file", type=SCENARIO)
@click.argument("name", shell_complete=_optima)
@setting
@watching
@plotting("the optimum against the requests of a lifetime")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "latex"]),
    default="text",
    help="Text in the notation of the language, Markdown, or a fragment of LaTeX for amsmath.",
)
def derive(file: Path, name: str, overrides: tuple[str, ...], watch: bool, plot: Path | None, style: str) -> None:
    """Derive the optimum NAME, step by step.

    The problem, the Lagrangian, what stationarity leaves, the equation that is solved, why it has one solution, its closed
    form or why there is none, elasticities, and the numbers of the file.
    """
    from tonne.report.derivation import FORMATS, numbers
    from tonne.scenario import evaluate

    def once() -> tuple[int, set[Path]]:
        result = evaluate(file, overrides)
        used = result.checked.files
        errors = [d for d in result.diagnostics if d.is_error]
        print_findings(errors, "full", stderr=True)
        if result.run is None:
            return 1, used
        optima = {study.name: study for study in result.run.model.optima}
        if name not in optima:
            raise click.UsageError(_no_optimum(file, name, list(optima)))
        solved = result.run.solved.get(optima[name])
        if solved is None:
            if not errors:
                echo(f"`{name}` rests on what is undetermined; `tonne run {file}` says on what", err=True)
            return 1, used
        echo(FORMATS[style](solved.derivation, numbers(solved)))
        if plot is not None:
            drawn(plot, file, result.run, name)
        return exit_code(errors, strict=False), used

    finish(once, [file], watch)


def _no_optimum(file: Path, name: str, known: list[str]) -> str:
    if not known:
        return f"{file} has no `optimum`; `tonne help optimum` shows how one is written"
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    told = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}"
    return f"no optimum `{name}` in {file}; {told}"
