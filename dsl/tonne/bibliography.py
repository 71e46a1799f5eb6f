"""Sources as a reader knows them: `Patterson et al. 2021, table 4`, whole references, links.

Takes a source or the provenance of a line; gives one text in a style: `text`, `markdown`, `latex` or `html`. All of it is
escaped for its style, and only http addresses become links. What is named `fields` in a source is LaTeX; nothing that is
given here is, but for the style of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from tonne.citations import Source
from tonne.formatting import visible
from tonne.latex_text import from_latex, to_latex
from tonne.syntax import tree
from tonne.values import Record

Style = Literal["text", "markdown", "latex", "html"]

# Authors that a reference names; of more, the first ones.
MOST_AUTHORS, FIRST_AUTHORS = 5, 3
# Characters of a title that stands for the name of an author.
MOST_OF_TITLE = 60
_ARXIV = r"\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?"
_IN_WORDS = re.compile(
    rf"(?P<arxiv>\barXiv:\s*(?:{_ARXIV}))|(?P<doi>\bdoi:\s*10\.\d{{4,9}}/[^\s,;]+)|(?P<url>\bhttps?://[^\s<>\"]+)",
    re.IGNORECASE,
)
_OLD_ARXIV = re.compile(rf"\b(?:arXiv:|abs/)\s*({_ARXIV})", re.IGNORECASE)
_OF_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~#&$])")
# What of an address stands for itself in every style.
_OF_ADDRESS = "-._~:/?#@!$&*+,;=%"


class Link(Record, frozen=True):
    """Where a source is to be had: what a reader calls it, such as `arXiv:2104.10350`, and its address."""

    name: str
    address: str


# ── what a source says ──


def plain(source: Source, name: str) -> str:
    """A field as text; empty when there is none."""
    return from_latex(source.fields.get(name, ""))


def people(source: Source, field: str = "author") -> list[tuple[str, str]]:
    """The names in a field, each as (what comes before the family name, family name); a body has the second alone.

    `and others` is the pair of nothing and nothing.
    """
    from tonne.person_names import person_names

    found = []
    for first, last in person_names(source.fields.get(field, "")):
        found.append(("", "") if (first, last) == ("", "others") else (from_latex(first), from_latex(last)))
    return found


def year(source: Source) -> str:
    return plain(source, "year") or plain(source, "date")[:4]


def label(source: Source) -> str:
    """What a source is called where it is cited: `Kaplan and McCandlish 2020`, `Patterson et al. 2021`."""
    who = people(source) or people(source, "editor")
    families = [last for _, last in who]
    body = next((b for n in ("institution", "organization", "publisher") if (b := plain(source, n))), "")
    if len(families) > 2 or "" in families:
        name = f"{families[0]} et al." if families[0] else ""
    else:
        name = " and ".join(families)
    if not name:
        title = plain(source, "shorttitle") or plain(source, "title")
        name = body or (title if len(title) <= MOST_OF_TITLE else f"{title[:MOST_OF_TITLE].rstrip()}…") or source.key
    return f"{name} {year(source)}".rstrip()


def links(source: Source) -> list[Link]:
    """Where a source is to be had, the most lasting first: its DOI, its arXiv id, its address."""
    found: list[Link] = []
    doi = re.sub(r"^(https?://)?((dx\.)?doi\.org/|doi:\s*)", "", _verbatim(source, "doi"), flags=re.IGNORECASE)
    if doi:
        found.append(Link(f"doi:{doi}", f"https://doi.org/{doi}"))
    if arxiv := _arxiv(source):
        found.append(Link(f"arXiv:{arxiv}", f"https://arxiv.org/abs/{arxiv}"))
    in_words = (re.search(r"https?://[^\s{}]+", _verbatim(source, name)) for name in ("howpublished", "note"))
    address = _verbatim(source, "url") or next((m.group().rstrip(".,;") for m in in_words if m), "")
    if re.match(r"https?://\S+$", address, re.IGNORECASE):
        found.append(Link(re.sub(r"^https?://(www\.)?", "", address, flags=re.IGNORECASE).rstrip("/"), address))
    kept: dict[str, Link] = {}
    for link in found:
        kept.setdefault(_same(link.address), link)
    return list(kept.values())


def _verbatim(source: Source, name: str) -> str:
    """A field that is no prose: without LaTeX's marks, and with all its `~`, `_` and `--`."""
    text = re.sub(r"\\url\b|[{}]", "", source.fields.get(name, ""))
    return re.sub(r"\\([_%&#$~])", r"\1", text).strip()


def _arxiv(source: Source) -> str:
    """Its arXiv id, from `eprint` or from words such as `arXiv preprint arXiv:2001.08361`."""
    eprint = re.sub(r"^arXiv:\s*", "", _verbatim(source, "eprint"), flags=re.IGNORECASE)
    of = (plain(source, "archiveprefix") or plain(source, "eprinttype")).lower()
    if eprint and of in ("", "arxiv") and re.fullmatch(_ARXIV, eprint):
        return eprint
    texts = (_verbatim(source, name) for name in ("journal", "journaltitle", "volume", "howpublished", "note", "url"))
    return next((m.group(1) for text in texts if (m := _OLD_ARXIV.search(text))), "")


def _same(address: str) -> str:
    """An address by which two links to one place are told to be one."""
    return re.sub(r"^https?://(www\.|dx\.)?", "", address.lower()).rstrip("/")


# ── in a style ──


class _Written(Record, frozen=True):
    """How a style writes words, the title of a work, and a link from words that are escaped already."""

    words: Callable[[str], str]
    title: Callable[[str], str]
    link: Callable[[str, str], str]


def _in_markdown(text: str) -> str:
    escaped = _OF_MARKDOWN.sub(r"\\\1", text)
    return re.sub(r"^(\d+)([.)])|^([+=-])", lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", escaped)


def _in_html(text: str) -> str:
    from html import escape

    return escape(text)


def _in_latex_address(address: str) -> str:
    return re.sub(r"([%#&])", r"\\\1", address)


_STYLES: dict[str, _Written] = {
    "text": _Written(str, str, lambda words, address: words),
    "markdown": _Written(_in_markdown, lambda words: f"*{words}*", lambda words, address: f"[{words}]({address})"),
    "latex": _Written(
        to_latex,
        lambda words: rf"\emph{{{words}}}",
        lambda words, address: rf"\href{{{_in_latex_address(address)}}}{{{words}}}",
    ),
    "html": _Written(
        _in_html,
        lambda words: f"<cite>{words}</cite>",
        lambda words, address: f'<a href="{_in_html(address)}">{words}</a>',
    ),
}


def words(text: str, style: Style = "text") -> str:
    """Words as they are, escaped for a style, on one line."""
    return _STYLES[style].words(visible(" ".join(text.split())))


def linked(text: str, style: Style = "text") -> str:
    """Words in a style, with what in them is a DOI, an arXiv id or an address as a link."""
    made, at = [], 0
    for found in _IN_WORDS.finditer(text):
        written = found.group().rstrip(".,;:'")
        if written.count(")") > written.count("("):
            written = written.rstrip(")")
        address = written
        if found["arxiv"]:
            address = f"https://arxiv.org/abs/{written[6:].strip()}"
        elif found["doi"]:
            address = f"https://doi.org/{written[4:].strip()}"
        made += [_within(text[at : found.start()], style), _link(written, address, style)]
        at = found.start() + len(written)
    return "".join([*made, _within(text[at:], style)]).strip()


def _within(text: str, style: Style) -> str:
    """Words between two links, with the blanks at their ends."""
    before, after = " " * text[:1].isspace(), " " * (text[-1:].isspace() and len(text) > 1)
    return f"{before}{words(text, style)}{after}"


def _link(text: str, address: str, style: Style) -> str:
    from urllib.parse import quote

    return _STYLES[style].link(words(text, style), quote(address, safe=_OF_ADDRESS))


# ── citations ──


def cite(provenance: tree.Provenance, sources: Mapping[str, Source], style: Style = "text") -> str:
    r"""Where a line says that its numbers are from: `Patterson et al. 2021, table 4; assumed: the same site`.

    `sources` are those that its file knows, by key (`tonne.sources.known_sources`); a key that is none of them is given as
    it is. In LaTeX an entry is `\cite[table 4]{patterson2021}`.
    """
    if style == "latex":
        parts = list(_cited_in_latex(provenance.citations))
    else:
        parts = [cite_one(one, sources.get(one.key), style) for one in provenance.citations]
    parts += [linked(provenance.described, style)] if provenance.described else []
    parts += [f"assumed: {linked(provenance.assumed, style)}"] if provenance.assumed is not None else []
    return "; ".join(parts)


def cite_one(citation: tree.Citation, source: Source | None, style: Style = "text") -> str:
    r"""One citation: the name of the source, a link where there is one, and the locator after it; in LaTeX a `\cite`."""
    if style == "latex":
        return next(_cited_in_latex([citation]))
    name = label(source) if source is not None else citation.key
    there = links(source) if source is not None else []
    named = _link(name, there[0].address, style) if there else words(name, style)
    return f"{named}, {words(citation.locator, style)}" if citation.locator else named


def _cited_in_latex(citations: Sequence[tree.Citation]) -> Iterator[str]:
    r"""`\cite` commands; keys without a locator that follow each other share one."""
    keys: list[str] = []
    for one in citations:
        if not one.locator:
            keys.append(one.key)
            continue
        if keys:
            yield rf"\cite{{{','.join(keys)}}}"
            keys = []
        # in braces of their own, which no package strips, brackets do not end the argument
        locator = re.sub(r"[\[\]]", r"{\g<0>}", words(one.locator, "latex"))
        yield rf"\cite[{locator}]{{{one.key}}}"
    if keys:
        yield rf"\cite{{{','.join(keys)}}}"


# ── whole references ──


def reference(source: Source, style: Style = "text") -> str:
    """Who wrote it, its title, where it appeared, the year, a remark, and where it is to be had; on one line."""
    written = _STYLES[style]
    parts = [_authors(source), plain(source, "title"), _venue(source), year(source), _note(source)]
    said = []
    for place, part in enumerate(parts if any(parts) else [source.key]):
        sentence = part if part.endswith("et al.") else part.removesuffix(".")
        if sentence:
            shown = words(sentence, style)
            said.append((written.title(shown) if place == 1 else shown) + ("" if sentence[-1] in ".?!" else "."))
    there = links(source)
    if style == "text":
        return " ".join([*said, *(link.address for link in there[:1])])
    return " ".join([*said, ", ".join(_link(link.name, link.address, style) for link in there)]).strip()


def _authors(source: Source) -> str:
    who = people(source)
    suffix = ""
    if not who and (who := people(source, "editor")):
        suffix = " (eds.)" if len(who) > 1 else " (ed.)"
    others = ("", "") in who
    named = [" ".join(part for part in one if part) for one in who if one != ("", "")]
    if len(named) > MOST_AUTHORS:
        named, others = named[:FIRST_AUTHORS], True
    if others:
        return ", ".join(named) + " et al." + suffix
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named) + suffix


def _venue(source: Source) -> str:
    """`Joule 7(10), 2191–2194`, or the book, or who published it."""
    pages = plain(source, "pages")
    volume, number = plain(source, "volume"), plain(source, "number")
    if journal := plain(source, "journal") or plain(source, "journaltitle"):
        issue = f"{volume}({number})" if volume and number else volume or number
        return ", ".join(part for part in (f"{journal} {issue}".strip(), pages) if part)
    if book := plain(source, "booktitle"):
        return ", ".join(part for part in (f"In {book}", f"pages {pages}" if pages else "") if part)
    body = next((b for n in ("institution", "school", "publisher", "organization") if (b := plain(source, n))), "")
    kind = (
        plain(source, "type") if source.type in ("techreport", "phdthesis", "mastersthesis", "thesis", "report") else ""
    )
    return ", ".join(part for part in (body, f"{kind} {number}".strip()) if part)


def _note(source: Source) -> str:
    """A remark; one that holds an address only is a link already."""
    note = plain(source, "note")
    return "" if re.fullmatch(r"https?://\S+|arXiv:\s*\S+", note, re.IGNORECASE) else note
