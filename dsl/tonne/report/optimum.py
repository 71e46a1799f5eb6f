"""An optimum as tables for a person: what is chosen, what it costs, what it saves, what moves it."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill, wrap

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tonne.answer import Answer, Line
from tonne.formatting import figure, number
from tonne.report.diagnostics import clean
from tonne.report.plain_table import plain_table

# Rows of elasticities beyond this are for JSON.
_MOST_MOVED = 12
# Characters of a label and of a column's head; longer ones go on in the next line.
_LABEL, _HEAD = 60, 24


def optimum_tables(answer: Answer, width: int) -> Iterator[RenderableType]:
    yield _values(answer)
    for line in _sentences(answer):
        yield Text(fill(clean(line), width, initial_indent="  ", subsequent_indent="    "))
    if answer.moved:
        yield _elasticities(answer)


def _values(answer: Answer) -> Table:
    table = plain_table(clean(f"{answer.name}: {answer.statement}"))
    compared = any(line.without is not None for line in answer.free)
    table.add_column("", max_width=_LABEL)
    table.add_column("optimum", justify="right", no_wrap=True)
    if compared:
        without = [line for text in answer.without for line in wrap(clean(text), _HEAD)]
        table.add_column("\n".join(["without", *without]), justify="right", no_wrap=True)
        table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    lines = [*answer.free, answer.ratio, answer.constraint, answer.objective]
    if any(answer.constraint and term.unit == answer.constraint.unit for term in answer.terms):
        lines = [*answer.free, answer.ratio, answer.objective, answer.constraint]
    for line in lines:
        if line is not None:
            table.add_row(*_cells(line, compared, "bold green" if line in answer.free else ""))
    for line in answer.terms:
        table.add_row(*_cells(line, compared, "", "  "))
    return table


def _cells(line: Line, compared: bool, style: str, indent: str = "") -> list[Text]:
    cells = [Text(indent + clean(line.text)), Text(figure(line.value), style)]
    if compared:
        both = line.without is not None
        cells.append(Text(figure(line.without) if line.without is not None else ""))
        cells.append(Text(figure(line.value / line.without) if both and line.without else ""))
    word = "" if line.unit.word == "ratio" else line.unit.word
    share = "" if line.share is None else f"{figure(line.share * 100, 3)} %"
    return [*cells, Text("  ".join(w for w in (word, share) if w), "dim")]


def _sentences(answer: Answer) -> Iterator[str]:
    if answer.saving is not None:
        least = " and ".join(f"`{text}`" for text in answer.without)
        yield f"saves {figure(answer.saving * 100, 3)} % against what is best without {least}"
    volume = answer.volume
    if volume is not None:
        counted, times = "", f"{figure(volume.times)} times what is stated"
        if volume.value is not None and volume.unit is not None:
            counted = f"{number(volume.value, volume.unit.word)} of `{volume.text}` on, "
        yield f"break-even: serving costs as much as training from {counted}{times}"
    if answer.multiplier is not None and answer.constraint is not None:
        unit = answer.multiplier.unit.word
        per = "1" if answer.constraint.unit.word == "ratio" else f"1 {answer.constraint.unit.word}"
        words = number(answer.multiplier.value, unit)
        yield f"multiplier: {words}, what {per} more of `{answer.constraint.text}` adds to `{answer.objective.text}`"
    elif answer.constraint is not None and not answer.binds:
        yield f"`{answer.constraint.text}` does not bind"
    for name in answer.at_bound:
        yield f"`{name}` lies at its bound"
    how = "by a closed form" if answer.has_formula else "solved numerically"
    yield f"{how}; `tonne derive FILE {answer.name}` prints the derivation"


def _elasticities(answer: Answer) -> Table:
    table = plain_table("1 % more of … moves by … %")
    table.title_style = "dim"
    table.add_column("", overflow="fold")
    for name in answer.moves:
        table.add_column(clean(name), justify="right")
    for moved in answer.moved[:_MOST_MOVED]:
        table.add_row(clean(", ".join(moved.facts)), *(_slope(e) for e in moved.by))
    return table


def _slope(value: float) -> str:
    return "0" if abs(value) < 5e-7 else f"{value:+.3g}"
