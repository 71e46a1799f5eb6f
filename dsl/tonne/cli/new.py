"""`tonne new`: a scenario to start from."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tonne.cli.shared import echo
from tonne.starter import STARTERS, suffix_of, text_of, title_of


def _title(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and (not value.strip() or not value.isprintable() or '"' in value):
        raise click.BadParameter('a title is one line of words without `"`')
    return value


@click.command(
    epilog="""\b
Examples:
  tonne new                                the starters that there are
  tonne new training my_run.tonne
  tonne new both product.tonne --title "Our assistant, 2026"
  tonne new audit review.md
  tonne new serving | less"""
)
@click.argument("starter", required=False, type=click.Choice(STARTERS), metavar="[STARTER]")
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@click.option("--title", callback=_title, help="What the scenario is called, in its first line.")
def new(starter: str | None, file: Path | None, title: str | None) -> None:
    """Start a scenario from a template.

    STARTER is training, serving, both, or audit, an audit of a paper. The scenario checks and runs as it is, with
    placeholders that say `replace me`. Without FILE it is printed; a file that exists is never written over.
    """
    if starter is None:
        for name in STARTERS:
            echo(f"{name:10}{title_of(name)}")
        echo(f"\nnext: tonne new {STARTERS[0]} my_run{suffix_of(STARTERS[0])}", err=True)
        return
    text = text_of(starter, title)
    if file is None:
        click.echo(text, nl=False)
        return
    _write(file, text, suffix_of(starter))
    echo(f"{file} is written; replace what says `replace me`", err=True)
    echo(f"next: tonne run {click.format_filename(file)}", err=True)


def _write(file: Path, text: str, suffix: str) -> None:
    """A new file; where there is one already nothing is touched."""
    if (file.suffix == ".md") != (suffix == ".md"):
        raise click.BadParameter(f"this starter is a {suffix} file: `{file.with_suffix(suffix)}`", param_hint="FILE")
    try:
        target = file.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        echo(f"`{file}` exists and is left as it is; choose another name, or remove it first", err=True)
        sys.exit(2)
    except OSError as error:
        echo(f"`{file}` cannot be written: {error.strerror}", err=True)
        sys.exit(2)
    try:
        with target:
            target.write(text)
    except OSError:  # a full disk: no half of a file stays behind
        file.unlink(missing_ok=True)
        raise
