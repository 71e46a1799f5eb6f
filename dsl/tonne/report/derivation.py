"""The derivation of an optimum as text, as Markdown and as LaTeX.

Takes a `Derivation`, and the numbers of a solution where there is one; gives one text. Every formula is ready in it:
none is made here. The Markdown has its formulas between dollar signs; the LaTeX is a fragment for a document that uses
amsmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tonne.answer import Line, answer
from tonne.formatting import number
from tonne.optimize import Optimized
from tonne.symbolic.derive import Derivation, Step, Text, Where, escaped

NUMBERS = "With the numbers"
SYMBOLS = "Symbols"


def numbers(at: Optimized) -> dict[str, str]:
    """Symbol → its value at the solution, with the unit of its field; then what is least, what is held, and its price."""
    units = {id(free.node): free.unit for free in at.problem.free}
    found = {}
    for where in at.derivation.written().where:
        if where.node is None:
            continue
        owner = at.run.owner(where.node)
        unit = units.get(id(where.node)) or (owner and owner[0].instance.kind.fields[owner[1]].unit)
        value = at.run.value(where.node)
        if value is not None and unit:
            found[where.symbol.text] = number(value / unit.factor, unit.word)
    for free, side in zip(at.problem.free, at.solution.at_bound, strict=True):
        ends = [at.run.value(end) for end in (free.low, free.high)]
        if any(end is not None for end in ends):
            shown = " .. ".join("" if end is None else number(end / free.unit.factor, free.unit.word) for end in ends)
            binds = "; it binds, and the conditions above are those of a point inside of the bounds" if side else ""
            found[f"bounds of {free.name}"] = f"{shown}{binds}"
    told = answer(at)
    found[f"objective {told.objective.text}"] = _value(told.objective)
    if told.constraint is not None:
        found[f"held {told.constraint.text}"] = _value(told.constraint)
    if told.multiplier is not None:
        found["the multiplier"] = _value(told.multiplier)
    return found


def _value(line: Line) -> str:
    return number(line.value, line.unit.word)


def as_text(derivation: Derivation, values: Mapping[str, str]) -> str:
    written = derivation.written()
    parts = [derivation.name, "", SYMBOLS]
    widest = max(len(where.symbol.text) for where in written.where)
    parts += [f"  {where.symbol.text:<{widest}}  {where.meaning.text}" for where in written.where]
    for step in written.steps:
        parts += ["", step.title, *(f"  {sentence.text}" for sentence in step.sentences)]
        parts += ["", *(f"    {equation.text}" for equation in step.equations)] if step.equations else []
        parts += ["", *(f"  {sentence.text}" for sentence in step.after)] if step.after else []
    if values:
        widest = max(widest, *map(len, values))
        parts += ["", NUMBERS, *(f"  {symbol:<{widest}}  {value}" for symbol, value in values.items())]
    return "\n".join(parts)


def as_markdown(derivation: Derivation, values: Mapping[str, str]) -> str:
    written = derivation.written()
    parts = [f"# {derivation.name}", f"## {SYMBOLS}"]
    parts.append("\n".join(f"- ${w.symbol.latex}$: {_meaning(w, '`{}`')}" for w in written.where))
    for step in written.steps:
        parts.append(f"## {step.title}")
        parts += [" ".join(sentence.latex for sentence in step.sentences)]
        parts += [f"$$\n{equation.latex}\n$$" for equation in step.equations]
        parts += [" ".join(sentence.latex for sentence in step.after)] if step.after else []
    if values:
        latex = {w.symbol.text: f"${w.symbol.latex}$" for w in written.where}
        lines = (f"- {latex.get(symbol, symbol)} = {value}" for symbol, value in values.items())
        parts += [f"## {NUMBERS}", "\n".join(lines)]
    return "\n\n".join(parts)


def as_latex(derivation: Derivation, values: Mapping[str, str]) -> str:
    written = derivation.written()
    parts = [rf"\subsection*{{{escaped(derivation.name)}}}", rf"\paragraph{{{SYMBOLS}}}"]
    parts += _items(f"${w.symbol.latex}$: {_meaning(w, None)}" for w in written.where)
    for step in written.steps:
        parts += [rf"\paragraph{{{step.title}}}", *(sentence.latex for sentence in step.sentences), *_aligned(step)]
        parts += (sentence.latex for sentence in step.after)
    if values:
        latex = {w.symbol.text: f"${w.symbol.latex}$" for w in written.where}
        parts.append(rf"\paragraph{{{NUMBERS}}}")
        parts += _items(f"{latex.get(symbol, escaped(symbol))} = {escaped(value)}" for symbol, value in values.items())
    return "\n".join(parts)


FORMATS: dict[str, Callable[[Derivation, Mapping[str, str]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "latex": as_latex,
}


def _meaning(where: Where, code: str | None) -> str:
    if where.node is None:
        return f"${where.meaning.latex}$"
    return where.meaning.latex if code is None else code.format(where.meaning.text)


def _items(lines: Iterator[str]) -> list[str]:
    return [r"\begin{itemize}", *(rf"\item {line}" for line in lines), r"\end{itemize}"]


def _aligned(step: Step) -> list[str]:
    """The equations below each other, at the first sign that relates two sides."""
    if not step.equations:
        return []
    lines = [_at_relation(equation) for equation in step.equations]
    return [r"\begin{align*}", " \\\\\n".join(lines), r"\end{align*}"]


def _at_relation(equation: Text) -> str:
    places = [place for sign in (" = ", " > ", r" \ge ", r" \le ") if (place := equation.latex.find(sign)) >= 0]
    at = min(places, default=0)
    return f"{equation.latex[:at]} &{equation.latex[at:]}"
