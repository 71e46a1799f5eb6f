"""What holds of every file, whatever is in it: the oracles of the fuzzer, and of the crashers that are kept.

`try_out` does with a file what the commands do, and raises `Broken` where something that always holds does not. Any other
exception is a fault as well.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import warnings
from pathlib import Path
from typing import Any

from tonne import formatting
from tonne.cli.shared import console, exit_code, print_findings, print_json
from tonne.diagnostic import Diagnostic
from tonne.explain import Step, explain_field, explain_let
from tonne.lookup import find
from tonne.names import Instance
from tonne.report import explanation
from tonne.report.as_json import run_as_json
from tonne.report.diagnostics import as_json, in_full, one_line
from tonne.report.tables import run_as_tables
from tonne.run import Run
from tonne.scenario import Evaluated, check, evaluate

# C0 but the newline, DEL and C1, what turns the direction of text, what separates lines unseen.
CONTROL = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
WIDTH = 100
HAS_DOOR = hasattr(formatting, "visible")
HAS_FORMAT = importlib.util.find_spec("tonne.syntax.format") is not None


class Broken(Exception):
    """An oracle that does not hold; `what` names it."""

    def __init__(self, what: str, more: str = "") -> None:
        super().__init__(f"{what}: {more}" if more else what)
        self.what = what


def try_out(path: Path, *, printed: bool = True) -> Evaluated:
    """Checks, evaluates and explains a file, and prints all of it; else renders one diagnostic of each code alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = evaluate(path)
        for one in {d.code: d for d in result.diagnostics}.values() if not printed else result.diagnostics:
            _well_formed(one)
        _reports(result)
        _same_verdict(result)
        steps = _explanations(result.run) if result.run is not None else []
        if printed:
            _through_the_door(result, steps)
        if HAS_FORMAT:
            _form(path)
    return result


def try_twice(path: Path) -> None:
    """A second look says the same, and a check says what an evaluation says of the same stages."""
    first, again = evaluate(path), evaluate(path)
    if [one_line(d) for d in first.diagnostics] != [one_line(d) for d in again.diagnostics]:
        raise Broken("a second evaluation says something else")
    said = {one_line(d) for d in first.diagnostics}
    for one in check(path).diagnostics:
        if one_line(one) not in said:
            raise Broken("an evaluation hides what a check says", one.code)


def _printed(what: str, text: str) -> None:
    control = CONTROL.search(text)
    if control is not None:
        raise Broken(f"{what} prints a control character", repr(control.group()))


def _through_the_door(result: Evaluated, steps: list[Step]) -> None:
    """All that the commands print of a file, as they print it."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        for style in ("full", "short"):
            print_findings(result.diagnostics, style, stderr=False)
        if result.run is not None:
            for part in run_as_tables(result, WIDTH):
                console().print(part)
        for step in steps:
            console().print(explanation.as_tree(step))
        print_json({"run": _document(result), "explain": [explanation.as_json(step) for step in steps]})
    text = out.getvalue()
    text.encode("utf-8")
    if HAS_DOOR:
        _printed("a command", text)


def _well_formed(one: Diagnostic) -> None:
    for label in one.labels:
        source, start, end = label.span
        if not 0 <= start <= end <= len(source.text):
            raise Broken(f"a span of {one.code} is outside its file")
    if one.fix is not None:
        source, start, end = one.fix.span
        if not 0 <= start <= end <= len(source.text):
            raise Broken(f"a fix of {one.code} is outside its file")
    full, short = in_full(one).plain, one_line(one)
    if "\n" in short:
        raise Broken(f"{one.code} on one line has more than one")
    _printed(f"{one.code} in full", full)
    _printed(f"{one.code} on one line", short)
    as_json(one)


def _document(result: Evaluated) -> dict[str, Any]:
    return run_as_json(result)


def _reports(result: Evaluated) -> None:
    """The reports can be made; NaN in the JSON raises."""
    json.dumps(_document(result), allow_nan=False)
    if result.run is not None:
        run_as_tables(result, WIDTH)


def _same_verdict(result: Evaluated) -> None:
    """An error in any report is exit code 1, and a missed requirement is an error."""
    errors = [d for d in result.diagnostics if d.is_error]
    if exit_code(result.diagnostics, strict=False) != int(bool(errors)):
        raise Broken("an error does not give exit code 1")
    if result.checked.has_errors and not errors:
        raise Broken("an evaluation hides the errors of the check")
    if result.run is None and not errors:
        raise Broken("nothing was evaluated and no error says why")
    if any(v.outcome.value == "missed" for v in result.requirements) and not errors:
        raise Broken("a missed requirement gives exit code 0")


def _explanations(run: Run) -> list[Step]:
    """Those of a few determined and undetermined fields, and of lets."""
    paths = [let.name for let in run.model.project.lets[-2:]]
    for state in list(run.model.own_states())[-2:]:
        name = state.instance.name
        paths += [f"{name}.{field}" for field in [*list(state.nodes)[-1:], *state.determination.undetermined[-1:]]]
    steps = []
    for path in paths:
        symbol, field, problems = find(run, path)
        for one in problems:
            _well_formed(one)
        if symbol is None and not problems:
            raise Broken("explain says nothing of a path that it does not find")
        if isinstance(symbol, Instance):
            steps += [explain_field(run, run.model.states[symbol], field)] if field else []
        elif symbol is not None:
            steps.append(explain_let(run, symbol))
    for step in steps:
        json.dumps(explanation.as_json(step), allow_nan=False)
    return steps


def _form(path: Path) -> None:
    """The standard form of a file that can be read keeps its statements, and is its own standard form."""
    from tonne.syntax.format import format_text

    try:
        text = path.read_bytes().decode("utf-8")
    except (UnicodeDecodeError, OSError):
        return
    is_markdown = path.suffix == ".md"
    form = format_text(text, path.name, markdown=is_markdown).text
    if re.sub(r"\s+", "", form) != re.sub(r"\s+", "", text):
        raise Broken("the standard form changes more than blanks")
    if format_text(form, path.name, markdown=is_markdown).text != form:
        raise Broken("the standard form of a standard form is another")
