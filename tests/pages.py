"""Test pages: Markdown that a person can read and the tests run.

A page is a file `tests/cases/**/*.md`. Each section under a `## ` heading is one test:

- its ```tonne fences are one scenario (positions are those of the page); a fence ```tonne file=site.tonne is another
  file beside it;
- `# error: [D201] "cannot add carbon"` at the end of a line says that this diagnostic stands on this line (also warning,
  note, verdict); the text is a part of its title. A missing diagnostic fails and so does an unexpected one, but for the
  note that an optimum has no formula (O502);
- an ```output fence is what the scenario shows: the values of `show` and `let`, requirements and claims;
  ```output run is all of `tonne run`, ```output explain PATH an explanation. `pytest --update` rewrites them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType

from tonne.explain import explain_path
from tonne.report.explanation import as_tree
from tonne.report.tables import results, run_as_tables
from tonne.report.text import WIDTH, to_text
from tonne.scenario import Evaluated, evaluate

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_EXPECTED = re.compile(
    r'#\s*(?P<severity>error|warning|note|verdict): \[(?P<code>[A-Z]\d{3})\](?: "(?P<title>[^"]*)")?'
)
# Said of most optima, and nothing to mend: a page announces it only where it is about it.
WITHOUT_FORMULA = "O502"
_NOT_NEWLINE = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Fence:
    info: str
    body: str
    start: int
    end: int


@dataclass(frozen=True)
class Section:
    """One test of a page: its text is the page with all else blanked, so that lines are those of the page."""

    page: Path
    title: str
    text: str
    fences: tuple[Fence, ...]

    def __str__(self) -> str:
        return f"{self.page.stem}: {self.title}"


def sections(page: Path) -> Iterator[Section]:
    text = page.read_text(encoding="utf-8")
    fences = [Fence(m["info"].strip(), m["body"], m.start("body"), m.end("body")) for m in _FENCE.finditer(text)]
    inside = [(f.start, f.end) for f in fences]
    heads = [
        m for m in re.finditer(r"^## +(.+)$", text, re.MULTILINE) if not any(a <= m.start() < b for a, b in inside)
    ]
    starts = [m.start() for m in heads] or [0]
    before = [f for f in fences if f.start < starts[0] and f.info.split()[:1] == ["tonne"]]
    assert not before, f"{page}: a program before the first `## ` heading would not be run"
    for index, start in enumerate(starts):
        end = starts[index + 1] if index + 1 < len(starts) else len(text)
        own = tuple(f for f in fences if start <= f.start < end)
        if any(f.info.split()[:1] == ["tonne"] for f in own):
            title = heads[index][1] if heads else page.stem
            yield Section(page, title, text, own)


def scenario_text(section: Section) -> str:
    kept, at = [], 0
    for fence in section.fences:
        if fence.info == "tonne":
            kept += [_NOT_NEWLINE.sub(" ", section.text[at : fence.start]), fence.body]
            at = fence.end
    return "".join(kept) + _NOT_NEWLINE.sub(" ", section.text[at:])


def run_section(section: Section, folder: Path) -> tuple[Evaluated, Path]:
    """Writes the section's files into a folder and evaluates its scenario."""
    path = folder / f"{section.page.stem}.tonne"
    path.write_text(scenario_text(section), encoding="utf-8")
    (folder / "tonne.toml").touch()
    for fence in section.fences:
        words = fence.info.split()
        if words[:1] == ["tonne"] and len(words) > 1:
            (folder / words[1].removeprefix("file=")).write_text(fence.body, encoding="utf-8")
    return evaluate(path), path


def compare_diagnostics(section: Section, result: Evaluated, path: Path) -> list[str]:
    """What is missing and what is unexpected, in words."""
    wanted: list[tuple[int, str, str, str]] = []
    for number, line in enumerate(scenario_text(section).split("\n"), 1):
        wanted += [(number, m["severity"], m["code"], m["title"] or "") for m in _EXPECTED.finditer(line)]
    wrong = []
    for one in result.diagnostics:
        here = one.span.source.path == path or one.span.source.name == path.name
        line = one.span.line if here else 0
        match = next((w for w in wanted if w[:3] == (line, one.severity.value, one.code) and w[3] in one.title), None)
        if match is not None:
            wanted.remove(match)
        elif one.code != WITHOUT_FORMULA:
            where = f"line {line}" if here else f"{one.span.source.name}:{one.span.line}"
            wrong.append(f'unexpected, {where}: # {one.severity.value}: [{one.code}] "{one.title}" (help: {one.help})')
    return wrong + [f'missing, line {line}: # {severity}: [{code}] "{title}"' for line, severity, code, title in wanted]


def output(result: Evaluated, command: list[str]) -> str:
    """The text of an ```output fence."""
    assert result.run is not None
    if command[:1] == ["explain"]:
        step, problems = explain_path(result.run, command[1])
        assert step is not None, problems
        parts: list[RenderableType] = [as_tree(step)]
    else:
        parts = run_as_tables(result, WIDTH) if command[:1] == ["run"] else results(result, WIDTH)
    return "\n".join(line.rstrip() for line in to_text(parts).splitlines()).strip("\n") + "\n"


def updated(section: Section, result: Evaluated) -> str:
    """The page with the section's outputs as they are now; the page may have changed since it was read."""
    text = section.page.read_text(encoding="utf-8")
    head = re.search(rf"^## +{re.escape(section.title)}$", text, re.MULTILINE)
    at = head.start() if head else 0
    for fence in section.fences:
        words = fence.info.split()
        if words[:1] == ["output"]:
            match = re.compile(rf"^```{re.escape(fence.info)}\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL).search(
                text, at
            )
            assert match is not None
            new = output(result, words[1:])
            text = text[: match.start(1)] + new + text[match.end(1) :]
            at = match.start(1) + len(new)
    return text
