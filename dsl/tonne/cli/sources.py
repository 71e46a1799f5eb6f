"""`tonne sources`: what scenarios rest on."""

from __future__ import annotations

from pathlib import Path

import click

from tonne.cli.shared import SCENARIO, each_once, echo, exit_code, print_findings, print_json, strict, without_repeats
from tonne.cli.watch import finish, watching


@click.command(
    epilog="""\b
Examples:
  tonne sources scenario.tonne
  tonne sources scenarios/*.tonne        each source once, over all of them
  tonne sources scenario.tonne --format markdown
  tonne sources scenario.tonne --format latex > assumptions.tex
  tonne sources scenario.tonne --format bibtex > cited.bib
  tonne sources scenario.tonne --format json"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO, metavar="FILE...")
@strict
@watching
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "latex", "bibtex", "json"]),
    default="text",
    help="For a person, a document, a paper (its lines, or the entries that they cite), or a program.",
)
def sources(files: tuple[Path, ...], strict: bool, watch: bool, style: str) -> None:
    r"""List the sources and assumptions of scenarios.

    Each source once, with the lines that it supports; then what is from a source in words, what is assumed, what is not
    counted, and the numbers of which nothing is said. Lines of the library are among them where a scenario takes an instance
    from it, such as a device or a grid. In LaTeX each line of a scenario is an \item with its \cite.
    """
    from tonne.diagnostic import with_severities
    from tonne.library import display_name
    from tonne.report.sources import FORMATS, Sources, as_json
    from tonne.scenario import check
    from tonne.sources import unused_sources, uses

    files = each_once(files)

    def once() -> tuple[int, set[Path]]:
        checked = [check(file) for file in files]
        projects = [one.project for one in checked if one.project is not None]
        found = without_repeats(d for one in checked for d in one.diagnostics)
        unsourced = [d for d in found if d.code == "P301"]
        shown = [d for d in found if d not in unsourced and (d.is_error or d.code.startswith("P"))]
        if projects:
            shown += with_severities(unused_sources(projects), projects[0].settings.severities)
        print_findings(shown, "full", stderr=True)
        lines = {(use.span.source.name, use.span.start): use for project in projects for use in uses(project)}
        excluded = {(one.span.source.name, one.span.start): one for project in projects for one in project.excluded}
        of = Sources(list(lines.values()), list(excluded.values()), unsourced)
        if style == "json":
            print_json(as_json(of, [display_name(file) for file in files]))
        else:
            echo(FORMATS[style](of))
        return exit_code([*shown, *unsourced], strict), {file for one in checked for file in one.files}

    finish(once, files, watch)
