"""The group of commands, and what they share."""

from __future__ import annotations

import os

import click

from tonne.cli.audit import audit
from tonne.cli.check import check
from tonne.cli.completion import completion
from tonne.cli.derive import derive
from tonne.cli.explain import explain
from tonne.cli.fmt import fmt
from tonne.cli.help import help
from tonne.cli.import_command import import_
from tonne.cli.list import list_
from tonne.cli.new import new
from tonne.cli.run import run
from tonne.cli.sources import sources
from tonne.cli.sweep import sweep
from tonne.cli.units import units

_EPILOG = """\b
Examples:
  tonne new training my_run.tonne
  tonne check my_run.tonne
  tonne run my_run.tonne --set pretrain.grid=grids.us.quebec
  tonne run my_run.tonne --draws 100_000
  tonne sweep my_run.tonne where_to_train
  tonne explain my_run.tonne pretrain.co2e
  tonne audit scenarios/ --only refuted
  tonne sources my_run.tonne
  tonne derive my_run.tonne lifetime
  tonne import codecarbon emissions.csv -o measured.tonne
  tonne fmt my_run.tonne
  tonne list grids france
  tonne units 1287 MWh in GJ
  tonne help D201

\b
Exit codes: 0 no error and every requirement holds; 1 an error or a missed
requirement (with --strict also a warning); 2 misuse; 70 a fault of tonne."""

_COLOR = {"auto": None, "always": True, "never": False}


class Commands(click.Group):
    """Commands in the order in which a newcomer needs them, and what to type in place of a name that is none."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            if name.endswith((".tonne", ".md")) or os.path.isfile(name):  # noqa: PTH113  False for what can be no path
                raise click.UsageError(f"`{name}` is no command; did you mean `tonne run {' '.join(args)}`?", context)
            import difflib

            near = difflib.get_close_matches(name, self.commands, 1)
            more = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(self.commands)}"
            raise click.UsageError(f"no command `{name}`; {more}", context)
        return super().resolve_command(context, args)


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--color",
    type=click.Choice(list(_COLOR)),
    default="auto",
    help="Colour: auto is on a terminal, or as NO_COLOR and FORCE_COLOR say.",
)
@click.version_option(package_name="tonne")
@click.pass_context
def tonne(context: click.Context, color: str) -> None:
    """Carbon scenarios of large language models: check, evaluate and explain them."""
    context.color = _COLOR[color]


for command in (new, check, run, sweep, explain, audit, sources, derive, import_, fmt, list_, units, help, completion):
    tonne.add_command(command)
