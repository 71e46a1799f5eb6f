"""`tonne help WORD`: the reference, in the terminal."""

from __future__ import annotations

import sys

import click
from click.shell_completion import CompletionItem

from tonne.cli.shared import console, echo, width_of


def _completed(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What the shell completes to."""
    from tonne.catalogue import BY_NAME, CATALOGUE
    from tonne.topics import words

    codes = {**{c.code: c.name for c in CATALOGUE.values()}, **{n: c.code for n, c in BY_NAME.items()}}
    begun = [w for w in words() if w.lower().startswith(incomplete.lower()) and (incomplete or w not in BY_NAME)]
    return [CompletionItem(word, help=codes.get(word)) for word in begun]


@click.command(
    epilog="""\b
Examples:
  tonne help                    (all topics, then all diagnostics)
  tonne help units
  tonne help give what you know
  tonne help claim              (a word of the language)
  tonne help deployment         (a kind: its fields, their units and formulas)
  tonne help sqrt
  tonne help D201"""
)
@click.argument("word", nargs=-1, shell_complete=_completed)
@click.pass_context
def help(context: click.Context, word: tuple[str, ...]) -> None:
    """Show the reference on a WORD.

    WORD is a topic, a word of the language, a kind, a function, a command, or a diagnostic by its code or its name. Without
    one, topics and diagnostics are listed.
    """
    from rich.markdown import Markdown

    from tonne.topics import kinds, meant, page_on

    if not word:
        _list()
        return
    asked = " ".join(word)
    group = context.parent.command if context.parent is not None else None
    command = group.commands.get(asked) if isinstance(group, click.Group) else None
    page = page_on(asked)
    if page is None and command is not None and context.parent is not None:
        with click.Context(command, info_name=asked, parent=context.parent) as inner:
            click.echo(command.get_help(inner))
        return
    if page is None:
        near = meant(asked)
        more = f"did you mean `{near}`?" if near else "`tonne help` lists the topics"
        echo(f"there is no help on `{asked}`; {more}", err=True)
        sys.exit(2)
    out = console()
    out.print(Markdown(page), width=max(width_of(out), 60), soft_wrap=False)
    if command is not None and asked in kinds():
        out.print(f"This is the kind. `tonne {asked} --help` is about the command.")


def _list() -> None:
    """Topics, then kinds, functions and words, then the codes."""
    from textwrap import fill

    from tonne.catalogue import CATALOGUE
    from tonne.graph import FUNCTIONS
    from tonne.syntax.keywords import KEYWORDS
    from tonne.topics import TOPICS, kinds, title_of

    out = console()
    out.print("topics (tonne help TOPIC)", style="bold")
    for topic in TOPICS:
        out.print(f"  {topic.name:15}{title_of(topic)}")
    for title, words in (("kinds", kinds()), ("functions", FUNCTIONS), ("words of the language", sorted(KEYWORDS))):
        out.print(f"\n{title}", style="bold")
        out.print(fill(" ".join(words), min(width_of(out), 100), initial_indent="  ", subsequent_indent="  "))
    out.print("\ndiagnostics", style="bold")
    for one in CATALOGUE.values():
        out.print(f"  {one.code}  {one.severity.value:8}  {one.name:22}  {one.summary}")
