"""An explanation as a tree on a terminal, or as JSON."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from tonne.bibliography import reference
from tonne.citations import Source
from tonne.diagnostic import Diagnostic
from tonne.explain import SET, Step
from tonne.formatting import exact
from tonne.reconcile import Comparison, Lever, in_words
from tonne.report.diagnostics import clean
from tonne.report.sources import missing_source, source_as_json
from tonne.run import Run


def as_tree(step: Step) -> Tree:
    tree = Tree(_line(step), guide_style="blue")
    if step.not_comparable:
        tree.add(Text(f"not comparable: {clean(step.not_comparable)}", "yellow"))
    _add(tree, step)
    for compared in step.compared:
        branch = tree.add(_compared(compared, step.status != "test"))
        for lever in compared.levers:
            branch.add(_lever(lever))
    return tree


def _compared(one: Comparison, with_test: bool) -> Text:
    """A test that holds a value against another one."""
    text = Text()
    if with_test:
        span = one.statement.span
        text.append(clean(one.text), "bold")
        text.append(f"  {clean(span.source.name)}:{span.line}\n", "dim")
    text.append(clean(one.told))
    return text


def _lever(lever: Lever) -> Text:
    """A value that alone would make two others equal."""
    needed, now = in_words(lever)
    text = Text(f"{lever.name} = ")
    text.append(needed, "bold green" if not lever.limit else "yellow")
    text.append(f"  in place of {now}, {lever.status}", "dim")
    if lever.verdict:
        text.append(f"  {clean(lever.verdict)}", "yellow")
    return text


def _add(tree: Tree, step: Step) -> None:
    for below in step.because:
        branch = tree.add(_line(below))
        _add(branch, below)
    for other in step.others:
        words = "stands in elsewhere" if other.stands_in else ("agrees" if other.agrees else "disagrees")
        text = Text()
        text.append(f"also {clean(other.formula)}", "dim")
        if other.in_numbers and other.in_numbers != other.value:
            text.append(f" = {clean(other.in_numbers)}", "dim")
        text.append(f" = {other.value}: ", "dim")
        text.append(words, "dim" if other.agrees or other.stands_in else "yellow")
        tree.add(text)
    if step.status == "undetermined":
        if step.would_determine:
            tree.add(Text("give " + ", or ".join(step.would_determine), "yellow"))
        for formula, missing in step.lacks:
            needs = f" needs {', '.join(missing)}" if missing else " needs this field itself"
            tree.add(Text(f"{clean(formula)}{needs}", "dim"))
        if not step.lacks and not step.would_determine:
            tree.add(Text("nothing derives it: give the field itself", "yellow"))


def _line(step: Step) -> Text:
    text = Text()
    if step.status == "test":
        text.append(clean(step.name), "bold")
        text.append("" if step.where is None else f"  {clean(step.where.source.name)}:{step.where.line}", "dim")
        text.append(f"  [{clean(step.source)}]" if step.source else "", "cyan")
        return text
    text.append(f"{step.name} = ", "bold" if step.status == "given" else "")
    text.append(step.value, "bold green")
    if step.spread:
        text.append(f" ~ {clean(step.spread)}", "green")
    if step.repeated:
        text.append("  (above)", "dim")
        return text
    if step.status == "undetermined":
        text.append("  undetermined", "yellow")
        return text
    place = "" if step.where is None else f"{step.where.source.name}:{step.where.line}"
    words = {"given": "given", "constant": "constant", "derived": "", "chosen": "chosen"}[step.status]
    if step.source == SET:
        place = ""
    notes = ", ".join(w for w in (words, step.period, place) if w)
    if step.status in ("given", "constant") or (step.status == "chosen" and not step.formula):
        text.append(f"  {clean(notes)}", "dim")
        if step.source:
            text.append(f"  [{clean(step.source)}]", "cyan")
    if step.formula:
        text.append(f"\n  = {clean(step.formula)}")
        if step.in_numbers and step.in_numbers != step.value:
            text.append(f"\n  = {clean(step.in_numbers)}")
        if step.status == "derived":
            text.append(f"   {clean(place)}", "dim")
            if step.source:
                text.append(f"  [{clean(step.source)}]", "cyan")
    if step.deeper:
        text.append(f"\n  explain `{step.name}` for what it rests on", "dim")
    return text


def cited_sources(run: Run, step: Step) -> dict[str, Source | None]:
    """The entries that a derivation cites, each once, by key, in the order in which they stand.

    None for a key that is nowhere. Of one key that names an entry in two bibliographies the first counts.
    """
    scopes = {scope.source: scope for scope in run.model.project.scopes}
    found: dict[str, Source | None] = {}
    waiting = [step]
    while waiting:
        at = waiting.pop()
        for citation in at.provenance.citations if at.provenance is not None else ():
            scope = scopes.get(citation.span.source)
            found.setdefault(citation.key, scope.sources.get(citation.key) if scope is not None else None)
        waiting += reversed(at.because)
    return found


def as_parts(run: Run, step: Step) -> list[RenderableType]:
    """A derivation as a tree, and below it the entries that it cites."""
    cited = cited_sources(run, step)
    unreadable = ChainMap(*(dict(scope.unreadable) for scope in run.model.project.scopes))
    return [as_tree(step), *([Text(""), as_references(cited, unreadable)] if cited else [])]


def as_references(sources: Mapping[str, Source | None], unreadable: Mapping[str, Diagnostic]) -> Text:
    """The entries that a derivation cites, in full, by key."""
    text = Text()
    for key, source in sources.items():
        text.append("\n" if text else "")
        told = reference(source) if source is not None else missing_source(key, unreadable)
        text.append(f"[{key}]", "cyan").append(f" {told}")
    return text


def whole_as_json(run: Run, step: Step) -> dict[str, Any]:
    """A derivation with the entries that it cites."""
    cited = cited_sources(run, step)
    return {**as_json(step), "sources": [source_as_json(key, source) for key, source in cited.items()]}


def as_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "value": None if step.amount is None else exact(step.amount),
        "unit": step.unit,
        "text": step.value,
        "status": step.status,
        "formula": step.formula or None,
        "in_numbers": step.in_numbers or None,
        "source": step.source or None,
        "file": step.where.source.name if step.where else None,
        "line": step.where.line if step.where else None,
        "repeated": step.repeated,
        "deeper": step.deeper,
        "period": step.period or None,
        **({"spread": step.spread} if step.spread else {}),
        **({"not_comparable": step.not_comparable} if step.not_comparable else {}),
        **({"compared": [_comparison_as_json(c) for c in step.compared]} if step.compared else {}),
        "because": [as_json(s) for s in step.because],
        "others": [
            {"formula": o.formula, "value": o.value, "agrees": o.agrees, "stands_in": o.stands_in} for o in step.others
        ],
        "would_determine": list(step.would_determine),
        "lacks": [{"formula": f, "missing": list(m)} for f, m in step.lacks],
    }


def _comparison_as_json(one: Comparison) -> dict[str, Any]:
    return {
        "test": one.text,
        "file": one.statement.span.source.name,
        "line": one.statement.span.line,
        "ratio": exact(one.ratio),
        "equal_if": [
            {
                "name": lever.name,
                "value": exact(lever.value),
                "needed": exact(lever.needed),
                "unit": lever.unit.word,
                "status": lever.status,
                "possible": lever.possible,
                "limit": lever.limit or None,
            }
            for lever in one.levers
        ],
    }
