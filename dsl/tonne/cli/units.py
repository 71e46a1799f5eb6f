"""`tonne units`: the units there are, and conversion."""

from __future__ import annotations

import sys

import click

from tonne.cli.shared import console, echo, print_json, text_or_json


def _words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What the shell completes to: unit words and dimensions."""
    from tonne.browse import core_declarations
    from tonne.syntax import tree

    declared = [d.word if isinstance(d, tree.UnitDeclaration) else d.name for d in core_declarations()]
    return [word for word in declared if word.startswith(incomplete)]


@click.command(
    context_settings={"ignore_unknown_options": True},  # `tonne units -3 kWh in J`
    epilog="""\b
Examples:
  tonne units                              all, by dimension
  tonne units energy                       one dimension
  tonne units MWh                          what it is worth
  tonne units 1287 MWh in GJ               a conversion
  tonne units 0.3 Wh/token mWh/token""",
)
@click.argument("words", nargs=-1, shell_complete=_words, metavar="[WORDS]...")
@text_or_json("Text")
def units(words: tuple[str, ...], style: str) -> None:
    """List units, and convert quantities.

    WORDS are units, a dimension, or a number with its unit and the unit to convert to.
    """
    from tonne.report.unit_tables import as_json, as_text
    from tonne.unit_list import Refused, UnitList

    words = tuple(word for word in words if word.strip())
    for word in words:
        if word.startswith("--"):
            raise click.NoSuchOption(word)
    known = UnitList()
    found = known.about(words) if words else known.by_dimension()
    if isinstance(found, Refused):
        echo(found.title, err=True)
        if found.help:
            echo(f"help: {found.help}", err=True)
        sys.exit(1)
    if style == "json":
        print_json(as_json(found))
    else:
        console().print(as_text(found))
