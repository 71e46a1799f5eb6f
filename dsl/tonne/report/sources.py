"""What scenarios rest on, as text, Markdown, LaTeX, BibTeX or JSON.

Takes the `Use`s of scenarios; gives one text. Each source is listed once, with the lines that cite it; then what is from a
source in words, what is assumed, what is not counted. The LaTeX is a fragment for a document that has hyperref.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tonne.bibliography import Style, cite, label, linked, links, reference, words
from tonne.citations import Source
from tonne.diagnostic import Diagnostic
from tonne.source import Span
from tonne.sources import Use
from tonne.syntax import tree

# Characters of a value as written; a longer one is cut.
MOST_WRITTEN = 60

Cited = dict[tuple[str, str], tuple[Source | None, list[tuple[Use, tree.Citation]]]]


class Sources:
    """The uses of scenarios by what they rest on, and the numbers that nothing is said of."""

    def __init__(self, uses: Sequence[Use], excluded: Sequence[tree.Excluded], unsourced: Sequence[Diagnostic]) -> None:
        self.uses = uses
        self.unsourced = [one.span for one in unsourced]
        self.cited: Cited = {}
        for use in uses:
            for citation in use.provenance.citations:
                source = use.sources.get(citation.key)
                place = (citation.key, source.span.source.name if source is not None else "")
                self.cited.setdefault(place, (source, []))[1].append((use, citation))
        self.described = [use for use in uses if use.provenance.described is not None]
        self.excluded = excluded
        self.assumed = [u for u in uses if u.provenance.assumed is not None and u.name != "excluded"]


def missing_source(key: str, unreadable: Mapping[str, Diagnostic]) -> str:
    """What stands in place of the reference of a key that leads to no source: where its entry is, if there is one."""
    why = unreadable.get(key)
    return "in no bibliography" if why is None else f"unreadable in {why.span.source.name} line {why.span.line}"


def _reference(key: str, source: Source | None, cited: list[tuple[Use, tree.Citation]], style: Style = "text") -> str:
    if source is not None:
        return reference(source, style)
    return words(missing_source(key, cited[0][0].unreadable), style)


def _missing(of: Sources) -> Iterator[str]:
    """Comments of BibTeX and LaTeX on the keys that no entry is exported for."""
    for (key, _), (source, cited) in of.cited.items():
        if source is None:
            yield f"% {key}: {_reference(key, None, cited)}"


def _place(span: Span) -> str:
    return f"{span.source.name}:{span.line}"


def _said(use: Use) -> str:
    """`pretrain.pue = 1.1`, `claim pretrain.co2e == 6 tCO2e`."""
    written = use.written if len(use.written) <= MOST_WRITTEN else f"{use.written[: MOST_WRITTEN - 1]}…"
    return f"{use.name} {written}" if use.name in ("require", "claim", "excluded") else f"{use.name} = {written}"


def _sections(of: Sources) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """What stands below the sources: a head, and rows of what is said, where, and why."""
    yield "in words", [(_said(u), _place(u.span), u.provenance.described or "") for u in of.described]
    yield "assumed", [(_said(u), _place(u.span), u.provenance.assumed or "") for u in of.assumed]
    yield "not counted", [(e.what, _place(e.span), str(e.provenance or "")) for e in of.excluded]
    yield "without a source", [(span.source.line(span.line).strip(), _place(span), "") for span in of.unsourced]


# ── text ──


def as_text(of: Sources) -> str:
    parts = []
    for (key, _), (source, cited) in of.cited.items():
        head = f"{key}: {_reference(key, source, cited)}"
        rows = [(_said(use), _place(use.span), citation.locator or "") for use, citation in cited]
        parts.append("\n".join([head, *_rows(rows)]))
    for head, rows in _sections(of):
        if rows:
            parts.append("\n".join([head, *_rows(rows)]))
    return "\n\n".join(parts) or "no source is cited, and nothing is assumed"


def _rows(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    first, second = (max(len(row[i]) for row in rows) for i in (0, 1))
    for said, place, why in rows:
        yield f"  {said:<{first}}   {place:<{second}}   {why}".rstrip()


# ── Markdown ──


def as_markdown(of: Sources) -> str:
    lines = ["## Sources", ""] if of.cited else []
    for (key, _), (source, cited) in of.cited.items():
        told = _reference(key, source, cited, "markdown")
        lines.append(f"- **{words(key, 'markdown')}** {told}")
        lines += [f"  - {_line(_said(use), _place(use.span), c.locator or '')}" for use, c in cited]
    for head, rows in _sections(of):
        if rows:
            lines += ["", f"## {head.capitalize()}", "", *(f"- {_line(*row)}" for row in rows)]
    return "\n".join(lines).strip("\n")


def _line(said: str, place: str, why: str) -> str:
    more = f": {linked(why, 'markdown')}" if why else ""
    return f"{words(said, 'markdown')} ({words(place, 'markdown')}){more}"


# ── LaTeX and BibTeX ──


def as_latex(of: Sources) -> str:
    r"""One `\item` a line of a scenario, with the sources that it cites."""
    lines = [
        "% For a document that uses hyperref. The entries that are cited:",
        "% tonne sources FILE --format bibtex",
        *_missing(of),
    ]
    if of.uses:
        items = (rf"  \item {words(_said(u), 'latex')}: {cite(u.provenance, u.sources, 'latex')}" for u in of.uses)
        lines += [r"\begin{itemize}", *items, r"\end{itemize}"]
    return "\n".join(lines)


def as_bibtex(of: Sources) -> str:
    """The entries that are cited, with the fields that they take from others in them."""
    return "\n\n".join([*_missing(of), *(_entry(source) for source, _ in of.cited.values() if source is not None)])


def _entry(source: Source) -> str:
    fields = [f"  {name} = {{{value}}}," for name, value in source.fields.items() if name not in ("crossref", "xdata")]
    return "\n".join([f"@{source.type}{{{source.key},", *fields, "}"])


# ── JSON ──


def as_json(of: Sources, files: Sequence[str]) -> dict[str, Any]:
    return {
        "version": 1,
        "files": list(files),
        "sources": [
            {
                **source_as_json(key, source),
                "supports": [{**_use(use), "locator": citation.locator} for use, citation in cited],
            }
            for (key, _), (source, cited) in of.cited.items()
        ],
        "described": [{**_use(use), "source": use.provenance.described} for use in of.described],
        "assumed": [{**_use(use), "why": use.provenance.assumed} for use in of.assumed],
        "excluded": [
            {
                "what": one.what,
                "why": str(one.provenance) if one.provenance is not None else None,
                "file": one.span.source.name,
                "line": one.span.line,
            }
            for one in of.excluded
        ],
        "unsourced": [{"written": span.text, "file": span.source.name, "line": span.line} for span in of.unsourced],
    }


def _use(use: Use) -> dict[str, Any]:
    return {"name": use.name, "written": use.written, "file": use.span.source.name, "line": use.span.line}


def source_as_json(key: str, source: Source | None) -> dict[str, Any]:
    """An entry as a citation names it; all but its key is null when it is in no bibliography."""
    return {
        "key": key,
        "label": None if source is None else label(source),
        "reference": None if source is None else reference(source),
        "links": [] if source is None else [link.address for link in links(source)],
        "file": None if source is None else source.span.source.name,
        "line": None if source is None else source.span.line,
    }


FORMATS: dict[str, Callable[[Sources], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "latex": as_latex,
    "bibtex": as_bibtex,
}
