"""`tonne help CODE`: the page of a diagnostic."""

from __future__ import annotations

import sys

import click
from click.shell_completion import CompletionItem

from tonne.cli.shared import console, width_of


def _codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What the shell completes to: codes, and names where one is begun."""
    from tonne.catalogue import CATALOGUE

    codes = [(c.code, c.name) for c in CATALOGUE.values() if c.code.startswith(incomplete.upper())]
    names = [(c.name, c.code) for c in CATALOGUE.values() if incomplete and c.name.startswith(incomplete.lower())]
    return [CompletionItem(word, help=what) for word, what in codes + names]


@click.command(
    epilog="""\b
Examples:
  tonne help D201
  tonne help unsourced-number"""
)
@click.argument("code", shell_complete=_codes, required=False)
def help(code: str | None) -> None:
    """Say what a diagnostic means, why it matters and how to mend it.

    CODE is a code such as D201, or its name; without one, all are listed.
    """
    from rich.markdown import Markdown

    from tonne.catalogue import BY_NAME, CATALOGUE
    from tonne.library import error_pages
    from tonne.names import closest

    if code is None:
        for one in CATALOGUE.values():
            click.echo(f"{one.code}  {one.severity.value:8}  {one.name:22}  {one.summary}")
        return
    entry = CATALOGUE.get(code.upper()) or BY_NAME.get(code.lower())
    if entry is None:
        near = closest(code, [*CATALOGUE, *BY_NAME])
        click.echo(f"no diagnostic is called `{code}`" + (f"; did you mean `{near}`?" if near else ""), err=True)
        sys.exit(2)
    page = (error_pages() / f"{entry.code}.md").read_text(encoding="utf-8")
    out = console()
    out.print(Markdown(page), width=max(width_of(out), 60), soft_wrap=False)
