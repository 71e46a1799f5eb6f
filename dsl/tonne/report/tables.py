"""A run as tables for a person: one a kind with instances side by side, then what the file shows, names, requires, claims."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tonne.formatting import figure
from tonne.graph import NUMBER, Node
from tonne.model import State
from tonne.names import Field, Instance
from tonne.report.diagnostics import clean
from tonne.report.draws import legend
from tonne.report.plain_table import plain_table
from tonne.report.shown import Column, lets, shows, titles
from tonne.run import Run
from tonne.verdict import Outcome, Verdict, computed_words, in_draws, is_literal, told

if TYPE_CHECKING:
    from tonne.optimize import Optimized
    from tonne.scenario import Evaluated

MISSING = "—"


def run_as_tables(made: Evaluated, width: int, *, verbose: bool = False) -> list[RenderableType]:
    """Everything that follows; `verbose` says for what is undetermined what would determine it."""
    if made.run is None:
        return []
    return _spaced([*instances(made.run, width, verbose=verbose), *_results(made, made.run, width)])


def instances(run: Run, width: int, *, verbose: bool = False) -> list[RenderableType]:
    """The instances of the file with all that is known of them, one table a kind."""
    parts: list[RenderableType] = []
    states = list(run.model.own_states())
    kinds = list(dict.fromkeys(s.instance.kind for s in states))
    for kind in kinds:
        parts += _kind_tables(run, [s for s in states if s.instance.kind is kind], width)
    if states:
        parts.append(_legend([] if verbose else states, width))
    if verbose:
        from tonne.gaps import gaps
        from tonne.report.gap_lines import gap_lines

        parts += [gap_lines(gap, width) for gap in gaps(run.model)]
    return parts


def _legend(states: list[State], width: int) -> Text:
    """What the marks mean, and what is undetermined in every instance of a kind."""
    text = Text("* given; everything else is derived", "dim")
    lacking: dict[str, list[str]] = {}
    for state in states:
        mine = state.determination.undetermined
        known = lacking.get(state.instance.kind.name)
        lacking[state.instance.kind.name] = list(mine) if known is None else [n for n in known if n in mine]
    lines = [
        fill(f"{kind}: {', '.join(names)}", width, initial_indent="  ", subsequent_indent="    ")
        for kind, names in lacking.items()
        if names
    ]
    if lines:
        first = next(s for s in states if lacking[s.instance.kind.name])
        example = f"{first.instance.name}.{lacking[first.instance.kind.name][0]}"
        hint = f"undetermined (`tonne explain FILE {example}` says what would determine it):"
        text.append("\n".join(["", hint, *lines]), "dim")
    return text


def results(made: Evaluated, width: int) -> list[RenderableType]:
    """Only what the file asks for: its optima, shows, lets, requirements and claims, in its cases too."""
    return [] if made.run is None else _spaced(_results(made, made.run, width))


def _spaced(parts: list[RenderableType]) -> list[RenderableType]:
    return [p for part in parts for p in (part, Text(""))][:-1]


def _results(made: Evaluated, run: Run, width: int) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for optimized in run.optima:
        parts += _optimum(optimized, width)
    cases = [Column(case.name, case.run) for case in made.cases]
    parts += [*shows(run, cases), *lets(run, cases)]
    if made.cases:
        parts.append(titles(made.cases, width))
    if run.sampled is not None:
        parts.append(legend(run.sampled, width))
    if made.requirements:
        parts.append(_verdicts("requirements", made.requirements))
    parts += [
        _verdicts(f"requirements in `{case.name}`", case.requirements) for case in made.cases if case.requirements
    ]
    if made.claims:
        parts.append(_verdicts("claims", made.claims))
    parts += _more(made, run, width)
    for excluded in run.model.project.excluded:
        why = f" ({clean(str(excluded.provenance))})" if excluded.provenance else ""
        parts.append(Text(f"not counted: {clean(excluded.what)}{why}"))
    return parts


def _more(made: Evaluated, run: Run, width: int) -> list[RenderableType]:
    """What else the file holds, and the commands that evaluate it."""
    lines = []
    spreads = len({one.name for one in run.model.draws.values()})
    if run.sampled is None and spreads:
        many = f"{spreads} assumptions have" if spreads > 1 else "one assumption has"
        lines.append(f"{many} a spread; these are the point values: `tonne run FILE --draws 100_000` samples")
    if made.checked.sweeps:
        names = ", ".join(sweep.name for sweep in made.checked.sweeps)
        word = "sweeps" if len(made.checked.sweeps) > 1 else "sweep"
        lines.append(f"{word} {names}: `tonne sweep FILE` evaluates {'them' if word == 'sweeps' else 'it'}")
    return [Text(fill(clean(line), width, subsequent_indent="  "), "dim") for line in lines]


def _optimum(optimized: Optimized, width: int) -> list[RenderableType]:
    """What is chosen and what follows, then what the optimum's own block shows."""
    from tonne.answer import answer
    from tonne.report.optimum import optimum_tables

    return [Group(*optimum_tables(answer(optimized), width)), *shows(optimized.run)]


def _kind_tables(run: Run, states: list[State], width: int) -> Iterator[RenderableType]:
    """The instances of one kind side by side, as many to a table as the width holds; nothing is ever cut."""
    rows = _rows(run, states)
    around = max((len(name) + len(unit) for name, unit, _ in rows), default=0) + 6
    widest = [
        max(len(s.instance.name), *(len(cells[i].plain) for _, _, cells in rows), 0) for i, s in enumerate(states)
    ]
    start = 0
    while start < len(states):
        end, used = start + 1, around + widest[start] + 3
        while end < len(states) and used + widest[end] + 3 <= width:
            used += widest[end] + 3
            end += 1
        yield _kind_table([s.instance for s in states[start:end]], [(n, u, cells[start:end]) for n, u, cells in rows])
        start = end


Row = tuple[str, str, list[Text]]


def _rows(run: Run, states: list[State]) -> list[Row]:
    """Name, unit and cells of each field that at least one of the instances has."""
    rows: list[Row] = []
    for name, one in states[0].instance.kind.fields.items():
        cells = [_cell(run, state, one) for state in states]
        if any(c.plain != MISSING + " " for c in cells):
            rows.append((name, one.unit.word if one.unit is not None and one.unit.word != "ratio" else "", cells))
    return rows


def _cell(run: Run, state: State, one: Field) -> Text:
    """A value with `*` when it is given, or `—`."""
    given = one.name in state.instance.bindings
    if one.unit is not None:
        node = state.nodes.get(one.name)
        value = None if node is None else run.in_unit(node, one.unit)
        words = "" if value is None else figure(value, _digits(node) if given else 4)
    else:
        words = _label(state, one.name)
    if not words:
        return Text(MISSING + " ", "dim")
    return Text(words + ("*" if given else " "), "bold" if given else "")


def _digits(node: Node | None) -> int:
    """The digits of a given number as it was written, at least four."""
    if node is None or node.op != NUMBER or node.payload is None:
        return 4
    return max(4, min(len(re.sub(r"[eE].*|[^0-9]", "", node.payload.written.text).lstrip("0")), 15))


def _kind_table(instances: list[Instance], rows: list[Row]) -> Table:
    table = plain_table("")
    table.add_column(instances[0].kind.name, no_wrap=True)
    for instance in instances:
        table.add_column(instance.name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name, unit, cells in rows:
        table.add_row(name, *cells, Text(unit, "dim"))
    return table


def _label(state: State, name: str) -> str:
    """What a reference leads to, or what a label says."""
    target = state.targets.get(name)
    if isinstance(target, Instance):
        return target.name
    if isinstance(target, tuple):
        return ", ".join(t.name for t in target)
    binding = state.instance.bindings.get(name)
    return "" if binding is None else clean(binding.label)


def _plain(text: str) -> str:
    return clean(" ".join(text.split()))


MARKS = {
    Outcome.HOLDS: ("✓", "green"),
    Outcome.WITHIN_ROUNDING: ("✓", "green"),
    Outcome.REFUTED: ("✗", "bold magenta"),
    Outcome.NOT_COMPARABLE: ("–", "yellow"),
    Outcome.MISSED: ("✗", "bold red"),
    Outcome.NOT_DECIDED: ("?", "dim"),
}
_WORDS = {
    Outcome.HOLDS: "holds",
    Outcome.WITHIN_ROUNDING: "holds within the rounding of its inputs",
    Outcome.REFUTED: "refuted",
    Outcome.NOT_COMPARABLE: "not comparable",
    Outcome.MISSED: "missed",
    Outcome.NOT_DECIDED: "not decided: it rests on an error",
}


def _verdicts(title: str, verdicts: list[Verdict]) -> RenderableType:
    return Group(Text(title, "bold"), *map(verdict_as_text, verdicts))


def verdict_as_text(verdict: Verdict) -> Text:
    """A test as written with what became of it, in one line."""
    mark, style = MARKS[verdict.outcome]
    words = _WORDS[verdict.outcome]
    line = Text()
    line.append(f"{mark} ", style)
    line.append(_plain(verdict.text))
    line.append(f"  {words}", style)
    if verdict.wanted is not None:
        said = in_draws(verdict) if verdict.outcome is Outcome.HOLDS else f": holds {in_draws(verdict)}"
        line.append(f"{'' if said[0] == ':' else ' '}{said}, required in {figure(verdict.wanted * 100)} %")
    elif verdict.outcome in (Outcome.REFUTED, Outcome.MISSED):
        line.append(f": {told(verdict)}")
        if verdict.cause:
            line.append(f"; {verdict.cause}")
    elif verdict.outcome is Outcome.NOT_COMPARABLE and verdict.because:
        line.append(f": {clean(verdict.because)}")
    elif verdict.computed is not None and verdict.unit is not None:
        digits = (
            " to its digits"
            if verdict.ratio is not None and abs(verdict.ratio - 1) > 1e-9 and is_literal(verdict)
            else ""
        )
        line.append(f"{digits if verdict.outcome is Outcome.HOLDS else ''} ({computed_words(verdict)})", "dim")
    if verdict.share is not None and verdict.wanted is None:
        line.append(f"; holds {in_draws(verdict)}", "dim")
    if verdict.statement.provenance is not None:
        line.append(f"  [{clean(str(verdict.statement.provenance))}]", "cyan")
    return line


def value_as_text(name: str, text: str, is_given: bool, source: str) -> Text:
    """One value in one line: `pretrain.pue = 1.1  given  [source]`."""
    line = Text(f"{_plain(name)} = ")
    line.append(text, "bold green")
    line.append("  given" if is_given else "  derived", "dim")
    if source:
        line.append(f"  [{clean(source)}]", "cyan")
    return line
