"""Sources as text, Markdown, LaTeX and HTML: names, whole references, links, and what a hostile one does."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tonne.bibliography import Style, cite, label, linked, links, reference, words
from tonne.bibtex import parse_bibtex
from tonne.citations import Source, library_bibliography, read_bibliography
from tonne.latex_text import MOST_CHARACTERS, from_latex, to_latex
from tonne.library import read
from tonne.limits import DEFAULT_LIMITS
from tonne.source import SourceFile, Span
from tonne.syntax import tree

ROOT = Path(__file__).parent.parent
STYLES: tuple[Style, ...] = ("text", "markdown", "latex", "html")


def source(fields: str, type: str = "article") -> Source:
    read, _, found = parse_bibtex(SourceFile("x.bib", f"@{type}{{key,\n{fields}\n}}"))
    assert found == []
    return read["key"]


PATTERSON = source(
    "author = {Patterson, David and Gonzalez, Joseph and Le, Quoc and Liang, Chen and Munguia, Lluis-Miquel and Dean, Jeff},"
    "title = {Carbon Emissions and Large Neural Network Training}, year = 2021, eprint = {2104.10350}, archiveprefix = {arXiv}"
)
STRUBELL = source(
    'author = {Strub{\\"e}ll, Emma and de Vries, Alex}, title = {{CO$_2$} \\& more}, journal = {Joule}, volume = 7, number = 10,'
    "pages = {2191--2194}, year = 2023, doi = {https://doi.org/10.1016/S0140-6736(20)1}"
)


# ── LaTeX as text ──


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ('Strub{\\"e}ll', "Strubëll"), ("Andr\\'e and Ren\\'{e}", "André and René"), ("Stra{\\ss}e", "Straße"), ("{\\L}ukasz", "Łukasz"),
        ("\\O stergaard", "Østergaard"), ("Fran\\c{c}ois", "François"), ("na\\\"{\\i}ve, \\'\\i", "naïve, í"), ("Ho\\v{s}ek", "Hošek"),
        ("2191--2194 --- x", "2191–2194 — x"), ("a~b", "a b"), ("R\\&D, 100\\%, \\$5, a\\_b, \\#1", "R&D, 100%, $5, a_b, #1"),
        ("\\emph{x} \\textbf{\\textit{y}} {\\bf z}", "x y z"), ("``q'' and `r'", "“q” and `r'"), ("CO$_2$e, m$^{2}$", "CO₂e, m²"),
        ("$\\alpha$", "α"), ("\\texttt{a\\_b} \\textsc{Nlp}", "a_b Nlp"), ("\\url{https://a.org/b_c}", "https://a.org/b_c"),
        ("\\href{https://a.org}{T}", "T"), ("{\\TeX} and \\LaTeX", "TeX and LaTeX"), ("50% more", "50% more"), ("10\\,000", "10 000"),
        ("{unclosed", "unclosed"), ("a}b", "ab"), ("\\unknown{x} y", "x y"), ("<b> & \\", "<b> &"), ("A & B #1", "A & B #1"), ("a $5 phone, 100 % {X}", "a $5 phone, 100 % X"), ("from $5 to \\$6", "from $5 to $6"), ("two\n  lines", "two lines"), ("{EcoLogits}: electricity\\_mixes", "EcoLogits: electricity_mixes"),
    ],
)  # fmt: skip
def test_latex_as_text(latex: str, text: str) -> None:
    assert from_latex(latex) == text


@pytest.mark.parametrize(
    "text", ["{" * 5000 + "x" + "}" * 5000, "\\" * 5000, "$" * 4999, "\\frac" * 900, "\\begin{a}" * 900, '\\"' * 900]
)
def test_latex_that_nobody_wrote_to_be_read(text: str) -> None:
    assert not set(from_latex(text)) & set("{}\\")
    assert len(from_latex("\\'e" * MOST_CHARACTERS)) <= MOST_CHARACTERS


# ── what a source is called ──


@pytest.mark.parametrize(
    ("fields", "called"),
    [
        ("author = {de Vries, Alex}, year = 2023", "de Vries 2023"), ("author = {A, B and C, D}, year = {2020}", "A and C 2020"),
        ("author = {A, B and C, D and E, F}, date = {2019-05-01}", "A et al. 2019"), ("author = {A, B and others}, year = 2020", "A et al. 2020"),
        ("author = {{U.S. Energy and Power Administration}}, year = 2023", "U.S. Energy and Power Administration 2023"),
        ("editor = {E, F}, year = 2001", "E 2001"), ("publisher = {Epoch AI}, title = {T}, year = 2025", "Epoch AI 2025"),
        ("title = {{A} Title}", "A Title"), ("title = {Long}, shorttitle = {Section 1}", "Section 1"), ("note = {n}", "key"), ("author = {others}, title = {T}", "T"),
    ],
)  # fmt: skip
def test_what_a_source_is_called(fields: str, called: str) -> None:
    assert label(source(fields)) == called


# ── whole references ──


def test_a_reference_in_each_style() -> None:
    assert [reference(STRUBELL, style) for style in STYLES] == [
        "Emma Strubëll and Alex de Vries. CO₂ & more. Joule 7(10), 2191–2194. 2023. https://doi.org/10.1016/S0140-6736(20)1",
        "Emma Strubëll and Alex de Vries. *CO₂ \\& more*. Joule 7(10), 2191–2194. 2023. "
        "[doi:10.1016/S0140-6736(20)1](https://doi.org/10.1016/S0140-6736%2820%291)",
        'Emma Strub\\"ell and Alex de Vries. \\emph{CO\\ensuremath{_2} \\& more}. Joule 7(10), 2191{\\textendash}2194. 2023. '
        "\\href{https://doi.org/10.1016/S0140-6736\\%2820\\%291}{doi:10.1016/S0140-6736(20)1}",
        "Emma Strubëll and Alex de Vries. <cite>CO₂ &amp; more</cite>. Joule 7(10), 2191–2194. 2023. "
        '<a href="https://doi.org/10.1016/S0140-6736%2820%291">doi:10.1016/S0140-6736(20)1</a>',
    ]
    assert reference(PATTERSON) == (
        "David Patterson, Joseph Gonzalez, Quoc Le et al. Carbon Emissions and Large Neural Network Training. 2021. "
        "https://arxiv.org/abs/2104.10350"
    )


@pytest.mark.parametrize(
    ("type", "fields", "told"),
    [
        ("inproceedings", "title = {T?}, booktitle = {Proc. of X}, pages = {1--9}, year = 2020", "T? In Proc. of X, pages 1–9. 2020."),
        ("techreport", "title = {T}, institution = {MIT}, type = {Memo}, number = 3", "T. MIT, Memo 3."),
        ("book", "editor = {A, B and C, D}, title = {T}, publisher = {P}", "B A and D C (eds.). T. P."),
        ("misc", "author = {A, B and others}, title = {T.}, note = {arXiv:2001.08361}", "B A et al. T. https://arxiv.org/abs/2001.08361"),
        ("misc", "title = {T}, howpublished = {\\url{https://a.org/x--y_z}}, note = {accessed 3 May}", "T. accessed 3 May. https://a.org/x--y_z"),
        ("misc", "", "key."),
    ],
)  # fmt: skip
def test_references_of_other_sorts(type: str, fields: str, told: str) -> None:
    assert reference(source(fields, type)) == told


# ── links ──


@pytest.mark.parametrize(
    ("fields", "addresses"),
    [
        ("doi = {10.1/x_y}", ["https://doi.org/10.1/x_y"]), ("doi = {doi:10.1/x\\_y}", ["https://doi.org/10.1/x_y"]),
        ("doi = {http://dx.doi.org/10.1/X}", ["https://doi.org/10.1/X"]),
        ("eprint = {2104.10350v2}", ["https://arxiv.org/abs/2104.10350v2"]), ("eprint = {cs/0112017}, eprinttype = {arxiv}", ["https://arxiv.org/abs/cs/0112017"]),
        ("eprint = {123}, archiveprefix = {HAL}", []), ("eprint = {arXiv:2104.10350}", ["https://arxiv.org/abs/2104.10350"]),
        ("journal = {arXiv preprint arXiv:2001.08361}", ["https://arxiv.org/abs/2001.08361"]),
        ("journal = {CoRR}, volume = {abs/2001.08361}", ["https://arxiv.org/abs/2001.08361"]),
        ("url = {https://arxiv.org/abs/2001.08361}", ["https://arxiv.org/abs/2001.08361"]),
        ("doi = {10.1/a}, eprint = {2104.10350}, url = {https://doi.org/10.1/A}", ["https://doi.org/10.1/a", "https://arxiv.org/abs/2104.10350"]),
        ("url = {\\url{https://a.org/~b/c\\_d\\%20e--f}}", ["https://a.org/~b/c_d%20e--f"]),
        ("url = {javascript:alert(1)}", []), ("url = {a.org/b}", []), ("url = {ftp://a.org}", []), ("url = {https://a.org/b c}", []),
    ],
)  # fmt: skip
def test_links_of_a_source(fields: str, addresses: list[str]) -> None:
    assert [link.address for link in links(source(fields))] == addresses


def test_links_in_words() -> None:
    text = "arXiv:2302.13971, table 15; doi:10.1000/a(b), (see https://a.org/x_y). arXivist, https:// and 10.1/2"
    assert linked(text) == text
    assert linked(text, "markdown") == (
        "[arXiv:2302.13971](https://arxiv.org/abs/2302.13971), table 15; [doi:10.1000/a(b)](https://doi.org/10.1000/a%28b%29), "
        "(see [https://a.org/x\\_y](https://a.org/x_y)). arXivist, https:// and 10.1/2"
    )
    assert linked("arXiv:2302.13971", "html") == '<a href="https://arxiv.org/abs/2302.13971">arXiv:2302.13971</a>'


# ── citations ──


def clause(*cited: tuple[str, str | None], described: str | None = None, assumed: str | None = None) -> tree.Provenance:
    span = Span(SourceFile("x", ""), 0, 0)
    return tree.Provenance(span, tuple(tree.Citation(k, where, span) for k, where in cited), described, assumed)


KNOWN: Mapping[str, Source] = {"p": PATTERSON, "s": STRUBELL}


def test_a_line_s_sources_in_each_style() -> None:
    one = clause(("p", "table 4"))
    assert [cite(one, KNOWN, style) for style in STYLES] == [
        "Patterson et al. 2021, table 4",
        "[Patterson et al. 2021](https://arxiv.org/abs/2104.10350), table 4",
        "\\cite[table 4]{p}",
        '<a href="https://arxiv.org/abs/2104.10350">Patterson et al. 2021</a>, table 4',
    ]
    several = clause(("p", None), ("s", None), ("p", "[5] & 6 %"), ("gone", None), assumed="it carries over")
    assert cite(several, KNOWN) == (
        "Patterson et al. 2021; Strubëll and de Vries 2023; Patterson et al. 2021, [5] & 6 %; gone; assumed: it carries over"
    )
    assert (
        cite(several, KNOWN, "latex")
        == "\\cite{p,s}; \\cite[{[}5{]} \\& 6 \\%]{p}; \\cite{gone}; assumed: it carries over"
    )
    assert cite(clause(described="arXiv:2302.13971, table 15"), KNOWN, "latex") == (
        "\\href{https://arxiv.org/abs/2302.13971}{arXiv:2302.13971}, table 15"
    )


# ── a hostile source ──

HOSTILE = source(
    "author = {{<script>alert(1)</script> | [x](javascript:y)}}, title = {a | b ] <script> \\% \\# \\& \\_ \\{ \\} `c` *d* \x1b[31m \\textbackslash},"
    'url = {https://a.org/"><script>)|[]{}x}, year = {1. <i>}, note = {](http://evil) $x$ \u202e}'
)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))


def test_a_hostile_source_is_words_in_html() -> None:
    tags = _Tags()
    tags.feed(reference(HOSTILE, "html") + cite(clause(("h", "<b>")), {"h": HOSTILE}, "html"))
    assert {(tag, *names) for tag, names in tags.found} == {("cite",), ("a", "href")}
    assert "&lt;script&gt;" in reference(HOSTILE, "html")


def test_a_hostile_source_is_words_in_markdown() -> None:
    told = reference(HOSTILE, "markdown")
    outside = re.sub(r"\\.", "", told)
    assert re.findall(r"[|<`$]", outside) == []
    assert outside.count("[") == outside.count("](") == 1
    assert outside.count("*") == 2
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert words("1. a", "markdown") == "1\\. a"
    assert words("- a", "markdown") == "\\- a"


def test_controls_are_written_out_in_text() -> None:
    assert "\\x1b[31m" in reference(HOSTILE)
    assert "\\u202e" in reference(HOSTILE)


def test_words_for_latex() -> None:
    assert to_latex("5 % & a_b # $ ~ ^ \\ { }") == (
        "5 \\% \\& a\\_b \\# \\$ {\\textasciitilde} {\\textasciicircum} {\\textbackslash} \\{ \\}"
    )


# ── the bibliographies of this repository ──


def own() -> Mapping[str, Source]:
    text, _ = read(ROOT / "scenarios" / "references.bib", "scenarios/references.bib", DEFAULT_LIMITS)
    assert text is not None
    bibliography, found = read_bibliography(text)
    assert found == []
    return bibliography.entries


@pytest.mark.parametrize("entries", [own(), library_bibliography().entries], ids=["scenarios", "library"])
def test_every_entry_reads_as_a_reference(entries: Mapping[str, Source]) -> None:
    for key, one in entries.items():
        told = [reference(one), label(one), *(reference(one, "html"),)]
        assert not [t for t in told if re.search(r"[{}\\]", t)], key
        assert one.fields.get("author") or one.fields.get("title"), key
        assert re.search(r"\b(19|20)\d\d\b", label(one)) or key in UNDATED, key
        has_address = any(name in one.fields for name in ("doi", "eprint", "url"))
        assert bool(links(one)) == has_address, key
        assert has_address or key == "section55", key
        assert html.unescape(re.sub(r"<[^>]+>", "", reference(one, "html"))).startswith(
            reference(one).split(" http")[0]
        ), key


# Their publishers give no date.
UNDATED = {"section55", "ovh_calculator", "nrel_pue"}
