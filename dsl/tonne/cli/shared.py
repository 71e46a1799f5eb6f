"""What the commands share: their options, how findings are printed, and the door through which all text leaves."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tonne.catalogue import Severity
from tonne.formatting import visible

if TYPE_CHECKING:
    from rich.console import Console

    from tonne.diagnostic import Diagnostic

F = TypeVar("F", bound=Callable[..., Any])


class _Scenario(click.Path):
    """A file that there is, or `-` for standard input."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if value == "-":
            from tonne.library import STDIN

            return STDIN
        return super().convert(value, parameter, context)


SCENARIO = _Scenario(exists=True, dir_okay=False, path_type=Path)
SCENARIO_OR_FOLDER = _Scenario(exists=True, path_type=Path)


def complete_path(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What the shell completes to: the names of the file that stands before, and the fields of the one that is meant."""
    from tonne.outline import outline

    # While the value of an option is still to come, click leaves what stands before it in `args`.
    before = [*(context.params.get("files") or ()), context.params.get("file") or "", *context.args]
    files = [Path(word) for word in before if os.path.isfile(word)]  # noqa: PTH113  False for what can be no path
    names = {name: fields for file in files for name, fields in outline(file).items()}
    near = [name for name in names if name.startswith(incomplete.partition(".")[0])]
    if "." not in incomplete and len(near) > 1:
        return near
    paths = [path for name in near for path in ([f"{name}.{field}" for field in names[name]] or [name])]
    return [path for path in paths if path.startswith(incomplete)]


def setting(value: F) -> F:
    """`--set PATH=VALUE`."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        shell_complete=complete_path,
        metavar="PATH=VALUE",
        callback=_settings,
        help="Bind a field or a `let` anew, such as pretrain.pue=1.2 or pretrain.grid=grids.us.quebec. May be repeated.",
    )(value)


def _settings(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"`{value}` has no `=`; write PATH=VALUE, such as pretrain.pue=1.2")
    return values


def text_or_json(text: str) -> Callable[[F], F]:
    """`--format text` or `json`; `text` says what a person gets."""
    choice = click.Choice(["text", "json"])
    return click.option("--format", "style", type=choice, default="text", help=f"{text} for a person, or JSON.")


def strict(value: F) -> F:
    return click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")(value)


def finding_style(value: F) -> F:
    """`--format` of a command that prints findings."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(["full", "short", "json"]),
        default="full",
        help="How findings are printed.",
    )(value)


def console(stderr: bool = False) -> Console:
    """Colour on a terminal only, unless `--color`, NO_COLOR or FORCE_COLOR say otherwise.

    In a pipe no line is ever cut, so that output does not depend on the window. Whatever is printed, a control character from
    a file or a path is written out and never reaches the terminal.
    """
    from rich.console import Console

    from tonne.report.text import UNCUT, guarded

    context = click.get_current_context(silent=True)
    asked = None if context is None else context.color  # `--color`: True always, False never, None as the stream is

    def make(**more: Any) -> Console:
        return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False, **more)

    made = make(force_terminal=asked or None, no_color=False if asked else None)
    system = None if asked is False or not made.is_terminal else made.color_system or ("standard" if asked else None)
    width = None if made.file.isatty() else UNCUT
    return guarded(make(force_terminal=made.is_terminal, no_color=made.no_color, width=width, color_system=system))


def echo(text: str, *, err: bool = False) -> None:
    """A plain line, with what a terminal would obey written out."""
    click.echo(visible(text, kept="\n\t"), err=err)


def width_of(out: Console) -> int:
    """The width that tables are laid out for."""
    from tonne.report.text import UNCUT, WIDTH

    return WIDTH if out.width == UNCUT else out.width


def print_findings(found: Iterable[Diagnostic], style: str, *, stderr: bool) -> None:
    """Diagnostics in full or one a line, with a count at the end."""
    found = list(found)
    if not found:
        return
    from rich.text import Text

    from tonne.report.diagnostics import all_in_full, one_line

    out = console(stderr)
    for text in [Text(one_line(one)) for one in found] if style == "short" else all_in_full(found):
        out.print(text)


def print_diff(lines: Iterable[str]) -> None:
    """The lines of a unified diff: coloured and escaped on a terminal, in a pipe as they are, so that `patch` takes them."""
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    out = console()
    for line in lines:
        if out.is_terminal:
            is_head = line.startswith(("--- ", "+++ "))
            out.print(Text(visible(line.rstrip("\r\n")), "bold" if is_head else styles.get(line[0], "")))
        else:
            sys.stdout.write(line)


def print_json(document: Any) -> None:
    """JSON on standard output and nothing else."""
    from tonne.report.as_json import as_text

    sys.stdout.write(as_text(document) + "\n")


def each_once(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Files without those that are named a second time, by whatever path."""
    found: dict[Path, Path] = {}
    for file in files:
        found.setdefault(file.resolve(), file)
    return tuple(found.values())


def scenarios_of(named: tuple[Path, ...], *, markdown: bool = False) -> list[Path]:
    """The files that are named, and the scenarios of folders that are named; each once.

    Those are .tonne files, and with `markdown` the .md files that have a fence of tonne.
    """
    from tonne.library import STDIN, SUFFIXES

    found: dict[Path, Path] = {}  # by where links lead
    for path in named:
        if path == STDIN:
            inside = [path]
        elif path.is_dir():
            inside = [file for file in _files_below(path) if _is_scenario(file, markdown=markdown)]
            if not inside:
                kinds = "scenario, neither .tonne nor in Markdown," if markdown else ".tonne file"
                raise click.UsageError(f"there is no {kinds} in `{path}`")
        elif path.suffix not in SUFFIXES:
            raise click.UsageError(f"`{path}` is no scenario: name a .tonne or .md file")
        else:
            inside = [path]
        for one in inside:
            found.setdefault(one.resolve(), one)
    return list(found.values())


def _is_scenario(file: Path, *, markdown: bool) -> bool:
    from tonne.library import read_text
    from tonne.limits import DEFAULT_LIMITS
    from tonne.syntax.fences import tonne_fences

    if file.suffix == ".md" and markdown:
        text, _ = read_text(file, "", DEFAULT_LIMITS)
        return bool(tonne_fences(text or ""))
    return file.suffix == ".tonne"


def _files_below(folder: Path) -> list[Path]:
    """The files below a folder in order, without hidden ones and links, which may lead out of it."""
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = (Path(root) / name for name in sorted(names) if not name.startswith("."))
        found += [file for file in files if file.is_file() and not file.is_symlink()]
    return found


def without_repeats(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings of several files, each once: what two of them use is looked at for both."""
    return list({(d.code, d.title, d.span.source.name, d.span.start, d.span.end): d for d in found}.values())


def exit_code(found: Iterable[Diagnostic], strict: bool) -> int:
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(d.severity in bad for d in found))
