"""`tonne fmt`: one standard form."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonne.cli.shared import (
    SCENARIO_OR_FOLDER,
    echo,
    exit_code,
    finding_style,
    print_diff,
    print_findings,
    print_json,
    scenarios_of,
)

if TYPE_CHECKING:
    from tonne.diagnostic import Diagnostic
    from tonne.syntax.format import Formatted

_MISUSE = 2


@dataclass(frozen=True)
class _Result:
    """A file before and after."""

    path: Path
    name: str
    before: str
    form: Formatted
    unlike: tuple[Diagnostic, ...]

    @property
    def changes(self) -> bool:
        return self.before != self.form.text


@click.command(
    epilog="""\b
Examples:
  tonne fmt scenario.tonne
  tonne fmt scenarios paper.md      (a folder: every .tonne file in it)
  tonne fmt --check scenarios       (writes nothing; for a CI)
  tonne fmt --diff scenario.tonne
  tonne fmt - < scenario.tonne      (for an editor: to standard output)"""
)
@click.argument("files", nargs=-1, required=True, type=SCENARIO_OR_FOLDER, metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; report what is not in standard form and exit with 1.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change and exit with 1 if there is any.")
@finding_style
def fmt(files: tuple[Path, ...], check: bool, diff: bool, style: str) -> None:
    """Put scenarios into the standard form.

    Moves blanks only: words, comments and line breaks stay yours. In Markdown only the tonne fences are touched. Lines with
    errors are left as they are and reported.
    """
    from tonne.diagnostic import in_file_order
    from tonne.library import STDIN
    from tonne.syntax.changes import unified_diff

    if style == "json" and (diff or (STDIN in files and not check)):
        raise click.UsageError("with --format json there is nothing but the JSON; leave out --diff and `-`")
    found: list[Diagnostic] = []
    changed: list[str] = []
    kept = 0
    code = 0
    for path in scenarios_of(files):
        result, refused = _format(path, check)
        if result is None:
            found += refused
            continue
        found += in_file_order([*result.form.diagnostics, *result.unlike])
        if diff:
            print_diff(unified_diff(result.before, result.form.text, result.name))
        elif path == STDIN and not check:
            if sys.stdout.isatty():
                echo(result.form.text.rstrip("\n"))
            else:
                sys.stdout.buffer.write(result.form.text.encode())
        elif result.changes and not check:
            problem = _write(result)
            if problem:
                echo(problem, err=True)
                code = _MISUSE
                continue
            if style != "json":
                echo(f"formatted {result.name}")
        if result.changes:
            changed.append(result.name)
        else:
            kept += not any(d.is_error for d in result.form.diagnostics)
    if style == "json":
        from tonne.report.diagnostics import as_json

        print_json({"version": 1, "changed": changed, "diagnostics": [as_json(d) for d in found]})
    else:
        print_findings(found, style, stderr=not check)
        if kept and not diff and STDIN not in files:
            echo(f"{kept} file{'s' if kept > 1 else ''} already in standard form")
    unlike = any(d.code == "L601" for d in found) or (diff and changed)
    sys.exit(code or exit_code(found, strict=False) or int(bool(unlike)))


def _format(path: Path, check: bool) -> tuple[_Result | None, list[Diagnostic]]:
    """A file before and after, with `check` also its lines that differ; or why it cannot be read."""
    from tonne.diagnostic import with_severities
    from tonne.library import STDIN, display_name, project_root, read_settings, read_text
    from tonne.syntax.changes import not_formatted
    from tonne.syntax.format import format_text

    settings, _ = read_settings(project_root(path))
    name = display_name(path)
    before, refused = read_text(path, name, settings.limits)
    if before is None:
        return None, refused
    form = format_text(before, name, settings.limits, markdown=path.suffix == ".md")
    command = f"tonne fmt {'-' if path == STDIN else shlex.quote(name)}"
    unlike = with_severities(not_formatted(before, form, command) if check else (), settings.severities)
    return _Result(path, name, before, form, tuple(unlike)), []


def _write(result: _Result) -> str:
    """Write what changed; what prevents it, in words."""
    from tonne.write import write_atomically

    try:
        write_atomically(result.path, result.form.text)
    except OSError as error:
        return f"tonne: cannot write `{result.name}`: {error.strerror or error}; it is as it was"
    return ""
