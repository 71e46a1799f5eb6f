"""BibTeX files as people have them: what is read of them, and what is said of the rest, at its place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tonne.bibliography import people, plain
from tonne.bibtex import MOST_LEVELS, parse_bibtex
from tonne.citations import Source
from tonne.diagnostic import Diagnostic
from tonne.limits import MOST_ERRORS
from tonne.scenario import check
from tonne.source import SourceFile


def entries(text: str) -> dict[str, Source]:
    return parse_bibtex(SourceFile("x.bib", text))[0]


def found(text: str) -> list[Diagnostic]:
    return parse_bibtex(SourceFile("x.bib", text))[2]


# ── what is read ──


def test_texts_by_name_and_in_pieces() -> None:
    read = entries(
        '@string{nat = "Nature"}\n@STRING(climate = nat # { } # "Climate Change")\n'
        "@article{a, journal = Climate, month = 10 # {~} # jan, year = 2020, volume = {1} # 2}\n"
    )
    assert read["a"].fields == {
        "journal": "Nature Climate Change",
        "month": "10~January",
        "year": "2020",
        "volume": "12",
    }


def test_forms_that_are_all_bibtex() -> None:
    read = entries(
        'A comment, with an @ in it.\n@Article ( k1 , Title = "A {"}b{"} c" , )\n@misc{k2}\n@comment{x{y}}\n@preamble{"z"}\n'
        "  @misc{K3,title={{Two} words},}@misc{k4, note = {mail a@b.org, {@c} = d}}\n@online{doi:10.1/x-y, url = {u}}\n"
    )
    assert {key: one.type for key, one in read.items()} == {"k1": "article", "k2": "misc", "K3": "misc", "k4": "misc", "doi:10.1/x-y": "online"}  # fmt: skip
    assert read["k1"].fields == {"title": 'A {"}b{"} c'}
    assert plain(read["k1"], "title") == 'A "b" c'
    assert read["K3"].fields == {"title": "{Two} words"}
    assert read["k4"].fields == {"note": "mail a@b.org, {@c} = d"}


def test_a_source_knows_where_it_stands() -> None:
    text = "% head\n\n@misc{a, title = {misc}}\n  @misc{ misc ,\n title = {misc}\n}\n"
    read = entries(text)
    assert [(s.span.line, s.span.column, s.span.text) for s in read.values()] == [(3, 7, "a"), (4, 10, "misc")]


BOOK = "@proceedings{Proc,\n  title = {Proceedings of X}, year = 2001, publisher = {ACM}, doi = {10.1/book}\n}\n"


def test_a_paper_takes_from_its_proceedings() -> None:
    read = entries("@inproceedings{a, crossref = {proc}, title = {A Paper}, publisher = {Own}}\n" + BOOK)
    taken = {k: v for k, v in read["a"].fields.items() if k != "crossref"}
    assert taken == {"title": "A Paper", "booktitle": "Proceedings of X", "year": "2001", "publisher": "Own"}
    assert read["a"].taken_from == ("Proc",)
    assert "booktitle" not in read["Proc"].fields


def test_fields_are_handed_on_through_several() -> None:
    read = entries(
        "@misc{a, xdata = {x, y}, title = {A}}\n@xdata{x, publisher = {P}, xdata = {z}}\n@xdata{y, year = 2020}\n"
        "@xdata{z, address = {Z}, publisher = {other}}\n"
    )
    assert {k: v for k, v in read["a"].fields.items() if k != "xdata"} == {
        "title": "A",
        "publisher": "P",
        "address": "Z",
        "year": "2020",
    }


def test_names_of_people() -> None:
    read = entries(
        "@misc{a, author = {de Vries, Alex and Ludwig van Beethoven and {U.S. Energy and Power} and King, Jr., Martin Luther "
        'and Strub{\\"e}ll, Emma and others}}'
    )
    assert people(read["a"]) == [("Alex", "de Vries"), ("Ludwig", "van Beethoven"), ("", "U.S. Energy and Power"), ("Martin Luther", "King, Jr."), ("Emma", "Strubëll"), ("", "")]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"\c{S}en, X", ("X", "Şen")),
        (r"\c Sen, X", ("X", "Şen")),
        (r"{\c S}en, X", ("X", "Şen")),
        (r"\O{}rsted, \AA{}se", ("Åse", "Ørsted")),
        (r"\L ukasz, X", ("X", "Łukasz")),
        (r"\L ukasz Kaiser", ("Łukasz", "Kaiser")),
        (r"\"Ozg\"ur, X", ("X", "Özgür")),
        (r"\'Emile Zola", ("Émile", "Zola")),
        (r"\v{S}imek, J", ("J", "Šimek")),
        (r"{Simon and Schuster}", ("", "Simon and Schuster")),
    ],
)
@pytest.mark.parametrize("between", [" and ", " AND\n  "])
def test_the_accent_of_a_first_letter(written: str, name: tuple[str, str], between: str) -> None:
    """First in the field as well as after `and`, where bibtexparser's own splitting drops the command."""
    read = entries(f"@misc{{a, author = {{{written}}}}}\n@misc{{b, author = {{Doe, J{between}{written}}}}}")
    assert people(read["a"]) == [name]
    assert people(read["b"])[1] == name


# ── what is wrong, and where ──

MISTAKES = [
    ("@misc{a,\n  title = {x,\n  year = {2020},\n}\n", "`a` cannot be read: the `{` of `title` is never closed", 2, 11, "close it with `}` where the value of `title` ends"),
    ("@misc{a,\n  title = {x},\n  year = {2020}\n", "`a` cannot be read: the `{` is never closed", 1, 6, "close its braces"),
    ('@misc{a,\n  title = "x,\n  year = {2020},\n}\n', '`a` cannot be read: the `"` of `title` is never closed', 2, 11, 'close it with `"` where the value of `title` ends'),
    ("@misc{a,\n  title = {x}\n  year = {2020},\n}\n", "after `title` a comma is missing", 3, 3, "write a comma after the value of `title`"),
    ("@misc{a\n  title = {x},\n}\n", "`a` cannot be read: no comma after its key", 1, 7, "write `a,`"),
    ("@misc{title = {x}}\n", "a source has no key", 1, 7, "write a key and a comma before its first field"),
    ("@misc{, title = {x}}\n", "a source has no key", 1, 1, "write `@misc{name2020, …`"),
    ("@misc{a,\n  title {x},\n}\n", "`a` cannot be read: no `=` after `title`", 2, 3, "a field is written `name = {value}`"),
    ("@misc{a, year = 2020, title}\n", "`a` cannot be read: no `=` after `title`", 1, 23, "a field is written `name = {value}`"),
    ("@misc{a,\n  title = {x},\n  Title = {y},\n}\n", "`Title` stands twice in `a`", 3, 3, "the first one is used; remove the other"),
    ("@misc{a, title = {x}}\n@misc{a, title = {y}}\n", "the source `a` stands twice", 2, 7, "the first one is used; remove the other"),
    ("@misc{a,\n  journal = nature,\n}\n", "`nature` is no text that this file defines", 2, 13, "in braces it is a text: `{nature}`"),
    ("@misc{a,\n  title = ,\n  year = 2020}\n", "nothing stands after `title =`", 2, 10, "write its value in braces: `{…}`"),
    ("@misc{a,\n  crossref = {porc}}\n" + BOOK, "`a` takes fields from `porc`, which is nowhere", 2, 14, "did you mean `Proc`?"),
    ("@misc{a, crossref = {else}}\n", "`a` takes fields from `else`, which is nowhere", 1, 21, "it has to stand in the same file"),
    ("@misc{a, crossref = {b}}\n@misc{b, crossref = {c}}\n@misc{c, crossref = {a}}\n", "`a` takes fields from itself: a → b → c → a", 1, 21, "remove one `crossref` of the circle"),
    ("@misc{a, xdata = {a}}\n", "`a` takes fields from itself: a → a", 1, 18, "remove one `crossref` of the circle"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "title", "line", "column", "help"), MISTAKES)
def test_a_mistake_is_said_at_its_place(text: str, title: str, line: int, column: int, help: str) -> None:
    """Alone, and between two entries that are read all the same."""
    (one,) = found(text)
    assert (one.code, one.title, one.span.line, one.span.column, one.help) == ("P307", title, line, column, help)
    between = f"@misc{{before, title = {{B}}}}\n{text}@misc{{after, title = {{A}}}}\n"
    (one,) = found(between)
    assert (one.title, one.span.line, one.span.column) == (title, line + 1, column)
    assert {"before", "after"} <= set(entries(between))


def test_an_entry_that_lacks_a_comma_keeps_what_stands_before() -> None:
    assert entries("@misc{a, title = {x} year = {2020}}")["a"].fields == {"title": "x"}


def test_of_a_lost_entry_nothing_else_is_said() -> None:
    (one,) = found("@misc{a, crossref = {b}}\n@misc{b,\n title = {x\n")
    assert "`b` cannot be read" in one.title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "`x.bib` is empty"), (" \n\n", "`x.bib` is empty"),
        ("TY  - JOUR\nTI  - A\nER  - \n", "`x.bib` is RIS, not BibTeX"),
        ('[{"id": "a", "title": "@misc"}]', "`x.bib` is JSON, such as CSL-JSON, not BibTeX"),
        ("%PDF-1.7\n%rest\n", "`x.bib` is a PDF, not BibTeX"), ("%0 Book\n%T A\n", "`x.bib` is EndNote's format, not BibTeX"),
        ("<?xml version='1.0'?>", "`x.bib` is XML or HTML, not BibTeX"), ("Patterson 2021\n", "`x.bib` holds no entry of BibTeX"),
        ("% to come\n@comment{a}\n", "`x.bib` holds no entry of BibTeX"),
    ],
)  # fmt: skip
def test_what_is_no_bibtex_is_one_error(text: str, title: str) -> None:
    (one,) = found(text)
    assert (one.code, one.title, one.is_error) == ("P309", title, True)


# ── in a scenario ──


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tonne.toml").touch()
    return tmp_path


def said(bib: bytes, cited: str = "a", more: str = "") -> list[str]:
    Path("x.bib").write_bytes(bib)
    text = f'bibliography "x.bib"\n{more}run r {{ pue = 1.1 from {cited} "table 2" }}\nshow r.pue\n'
    Path("a.tonne").write_text(text, encoding="utf-8")
    return [str(one) for one in check(Path("a.tonne")).diagnostics]


def test_line_ends_and_a_byte_order_mark(project: Path) -> None:
    assert said(b"\xef\xbb\xbf@misc{a,\r\n  title = {T},\r\n}\r\n") == []
    assert said(b"@misc{a,\r  title = {T},\r}\r@misc{a, title = {U}}\r") == [
        "x.bib:4:7: warning[P307] the source `a` stands twice (the first one is used; remove the other)"
    ]


def test_another_encoding_is_one_error(project: Path) -> None:
    (one,) = said("@misc{a, title = {Größe}}".encode("latin-1"))
    assert one == "x.bib:1:1: error[L604] `x.bib` is not UTF-8 text: byte 20 cannot be read (save it as UTF-8)"
    (one,) = said(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    assert "error[L604]" in one


def test_no_key_is_missed_in_what_is_no_bibliography(project: Path) -> None:
    (one,) = said(b"TY  - JOUR\nER  - \n")
    assert "error[P309]" in one
    (one,) = said(b"")
    assert one.startswith("x.bib:1:1: error[P309] `x.bib` is empty")


def test_a_key_that_is_nowhere(project: Path) -> None:
    (one,) = said(b"@misc{meter2024, title = {T}}", "metre2024")
    assert one == "a.tonne:2:24: error[P302] no source is called `metre2024` (did you mean `meter2024`?)"


def test_a_key_in_two_bibliographies(project: Path) -> None:
    second = 'bibliography "y.bib"\n'
    Path("y.bib").write_text("@misc{b, title = {B}}\n@misc{a, title = {Other}}\n", encoding="utf-8")
    (one,) = said(b"@misc{a, title = {T}}", more=second)
    assert one == (
        "y.bib:2:7: warning[P307] the source `a` stands in two bibliographies, differently "
        "(the first one is used; give one of them another key)"
    )
    assert said(b"@misc{a, title={Other}}", more=second) == []  # the same entry, copied
    project_of = check(Path("a.tonne")).project
    assert project_of is not None
    assert plain(project_of.entry.sources["a"], "title") == "Other"


def test_an_own_entry_goes_before_the_library_s(project: Path) -> None:
    assert said(b"@misc{kaplan2020, title = {Mine}}", "kaplan2020") == []
    project_of = check(Path("a.tonne")).project
    assert project_of is not None
    assert plain(project_of.entry.sources["kaplan2020"], "title") == "Mine"
    assert plain(project_of.entry.sources["hoffmann2022"], "year") == "2022"


# ── any size, any bytes ──


def test_a_large_file_is_refused_or_read(project: Path) -> None:
    entry = (
        "@article{{k{0},\n  author = {{Name{0}, A. and Other, B.}},\n  title = {{The {{T}}itle}},\n  year = 2020,\n}}\n"
    )
    text = "".join(entry.format(i) for i in range(100_000))
    (one,) = said(text.encode(), "k99999")
    assert "error[S109]" in one
    Path("tonne.toml").write_text("[limits]\nfile-bytes = 50_000_000\nproject-bytes = 50_000_000\n", encoding="utf-8")
    assert said(text.encode(), "k99999") == []


@pytest.mark.parametrize(
    "text",
    [
        "@a{b, t = {" * 20_000, "@a(" * 20_000, "@" * 100_000, "@a{b,c={" + "{" * 100_000 + "}" * 100_000 + "}}",
        "@a{b, c = " + "1 # " * 50_000 + "1}", "@a{b,c=" + " " * 100_000 + "}", '@a{b,c="' + '"' * 50_000, "@a{b" + "," * 100_000,
        "@a{p," + "".join(f"a{i}=1," for i in range(40_000)) + "}" + "".join(f"@a{{b{i},crossref=p}}" for i in range(5_000)),
        "".join(f"@a{{b{i},crossref={{b{i + 1}}},a{i}=1}}\n" for i in range(10_000)),
        "".join(f"@a{{b{i},crossref={{b{(i + 1) % 10_000}}}}}\n" for i in range(10_000)),
    ],
    ids=range(11),
)  # fmt: skip
def test_hostile_files_end(text: str) -> None:
    read, _, problems = parse_bibtex(SourceFile("x.bib", text))
    assert len(problems) <= MOST_ERRORS + 1
    assert all(len(d.title) < 300 for d in problems)
    assert sum(len(one.fields) for one in read.values()) < 2_000_000


def test_fields_are_handed_on_so_far_and_no_further() -> None:
    read = entries("".join(f"@a{{b{i},crossref={{b{i + 1}}}}}\n" for i in range(30)) + "@a{b30, note = {N}}\n")
    assert read[f"b{30 - MOST_LEVELS}"].fields["note"] == "N"
    assert "note" not in read[f"b{29 - MOST_LEVELS}"].fields


def test_damaged_files_are_read_without_an_exception() -> None:
    """Pieces of a real file in any order, cut anywhere: spans stay inside the file, and keys are where they are said to be."""
    whole = (Path(__file__).parent.parent / "scenarios" / "references.bib").read_text(encoding="utf-8")
    pieces = [
        "{",
        "}",
        '"',
        ",",
        "=",
        "#",
        "@",
        "\n",
        "@string{",
        "crossref = {you2025}",
        "\\",
        "(",
        ")",
        "jan",
        "%",
        " ",
    ]
    rng = random.Random(20)
    for _ in range(400):
        text = whole[: rng.randrange(len(whole))][rng.randrange(len(whole)) :] + whole[: rng.randrange(900)]
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(pieces) + text[at + rng.randrange(3) :]
        read, _, problems = parse_bibtex(SourceFile("x.bib", text))
        assert all(0 <= d.span.start <= d.span.end <= len(text) for d in problems), text
        assert all(one.span.text == key for key, one in read.items()), text
