"""`tonne list`: what the standard library holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tonne.cli.shared import console, echo, print_json, text_or_json, width_of

if TYPE_CHECKING:
    from tonne.browse import Entry


def _words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What the shell completes to: the categories, then the names of the library."""
    from tonne.browse import category_names
    from tonne.library import library_names

    known = [*([] if context.params.get("words") else category_names()), *library_names()]
    return [name for name in known if name.startswith(incomplete)]


@click.command(
    "list",
    epilog="""\b
Examples:
  tonne list                        the categories
  tonne list grids --sort carbon_intensity
  tonne list grids france 2023
  tonne list nvidia 80gb            every word must match
  tonne list h100_sxm --long        values, sources, and the line to paste
  tonne list kinds run              the fields of a training run""",
)
@click.argument("words", nargs=-1, shell_complete=_words, metavar="[CATEGORY] [WORDS]...")
@click.option("--long", "-l", is_flag=True, help="Everything that is stated of each, with sources.")
@click.option("--sort", metavar="COLUMN", help="Order by a column: name, or a field such as carbon_intensity.")
@click.option("--reverse", "-r", is_flag=True, help="Largest first.")
@text_or_json("Tables")
def list_(words: tuple[str, ...], long: bool, sort: str | None, reverse: bool, style: str) -> None:
    """Browse the standard library.

    CATEGORY is hardware, grids, facilities, models, laws or kinds; without one all are looked through. WORDS are looked for
    in names, regions, descriptions, files and values, whatever their case. One match is shown in full.
    """
    from tonne.browse import categories, category_names, folded, in_order, search

    out = console()
    words = tuple(word for word in words if word.strip())
    if not words:
        from tonne.report.listing import as_overview, overview_as_json

        found_categories = categories()
        if style == "json":
            print_json(overview_as_json(found_categories))
            return
        out.print(as_overview(found_categories), width=width_of(out))
        out.print()
        example = found_categories[0].example
        echo(f"`tonne list grids` lists a category, `tonne list {example}` shows one, `tonne units` the units.")
        return
    category = words[0].lower() if words[0].lower() in category_names() else None
    rest = words[1:] if category is not None else words
    found = search(category, rest)
    if not found:
        _nothing(category, rest)
    if sort is not None:
        sort = _column(sort, found)
    if sort is not None or reverse:
        found = in_order(found, sort or "name", reverse)
    if style == "json":
        from tonne.citations import library_bibliography
        from tonne.report.listing import as_json

        print_json(as_json(found, library_bibliography()))
        return
    named = [e for e in found if [folded(e.name)] == [folded(w) for w in rest]]
    if long or len(found) == 1:
        _in_full(found)
    elif named and sort is None:
        _in_full(named)
        others = [e.name for e in found if e not in named]
        shown = ", ".join(others[:6]) + (", …" if len(others) > 6 else "")
        echo(f"\nalso matching: {shown}")
    else:
        from tonne.report.listing import as_tables

        for part in as_tables(found, out.width, sort):
            out.print(part)


def _in_full(found: list[Entry]) -> None:
    from tonne.citations import library_bibliography
    from tonne.report.listing import in_full

    out = console()
    for index, entry in enumerate(found):
        if index:
            out.print()
        out.print(in_full(entry, library_bibliography()))


def _column(name: str, found: list[Entry]) -> str:
    """The column that is meant; one that there is not ends the command."""
    from tonne.browse import columns
    from tonne.names import closest

    known = ["name", "module", "kind", *dict.fromkeys(f.name for e in found for f in e.facts)]
    if name in known:
        return name
    near = closest(name, known)
    there = f"did you mean `{near}`?" if near else f"there are: name, {', '.join(columns(found))}"
    raise click.BadParameter(f"no column `{name}`; {there}", param_hint="--sort")


def _nothing(category: str | None, words: tuple[str, ...]) -> None:
    """Says what each word matches by itself, and what it may have meant."""
    from tonne.browse import nearest

    where = category or "the library"
    echo(f"nothing in {where} matches {' and '.join(f'`{w}`' for w in words)}", err=True)
    for word, (count, near) in nearest(category, words).items():
        if near is not None:
            echo(f"did you mean `{near}` for `{word}`?", err=True)
        elif count and len(words) > 1:
            echo(f"`{word}` alone matches {count}: tonne list {f'{category} ' if category else ''}{word}", err=True)
        elif not count:
            echo(f"`{word}` is nowhere; `tonne list{f' {category}' if category else ''}` shows what there is", err=True)
    sys.exit(1)
