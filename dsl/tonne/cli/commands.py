"""The group of commands, and what they share."""

from __future__ import annotations

import click

from tonne.cli.check import check
from tonne.cli.explain import explain
from tonne.cli.fmt import fmt
from tonne.cli.help import help
from tonne.cli.run import run

_EPILOG = """\b
Examples:
  tonne check scenario.tonne
  tonne run scenario.tonne
  tonne run scenario.tonne --set pretrain.grid=grids.us.quebec
  tonne explain scenario.tonne pretrain.co2e
  tonne fmt scenario.tonne
  tonne help D201

\b
Exit codes: 0 no error and every requirement holds; 1 an error or a missed
requirement (with --strict also a warning); 2 misuse; 70 a fault of tonne."""


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tonne")
def tonne() -> None:
    """Carbon scenarios of large language models: check, evaluate and explain them."""


for command in (check, run, explain, fmt, help):
    tonne.add_command(command)
