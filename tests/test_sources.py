"""`tonne sources`: what scenarios rest on, through the real command; and the references below an explanation."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonne.bibtex import parse_bibtex
from tonne.cli.commands import tonne
from tonne.source import SourceFile

BIB = r"""@string{acl = "Proc. of {ACL}"}
@inproceedings{strubell2019,
  author = {Strub{\"e}ll, Emma and Ganesh, Ananya},
  title  = {Energy & Policy: 100 % of {CO$_2$} #1},
  crossref = {acl2019},
}
@proceedings{acl2019, title = acl, year = 2019}
@misc{meter2024, title = {The meter's log\_2}, year = {2024}, url = {https://example.org/a_b%20c#d}}
@misc{unused2020, title = {Nothing cites this}}
"""
FILE = """bibliography "x.bib"
use hardware.nvidia { h100_sxm }
use "./site" { site }

run pretrain {
  hardware    = h100_sxm
  grid        = site
  device_time = 1_000 device*h ~ normal(sd = 10 device*h)  from strubell2019 "table [3] & 5 %", meter2024
  utilization = 40%  from "arXiv:2302.13971, table 15"
  pue         = 1.1  from meter2024 assumed "the same \\"hall\\" as in 2023"
  tokens      = 1B token
}

excluded "data preparation"  assumed "under 1 %"
excluded "failed runs"

let half = pretrain.co2e / 2  assumed "two customers"
claim pretrain.energy < 1 GWh  from strubell2019
show half, pretrain.energy
"""
SITE = """grid site { carbon_intensity = 400 gCO2e/kWh  assumed "the country's average" }
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tonne.toml").touch()
    for name, text in (("x.bib", BIB), ("a.tonne", FILE), ("site.tonne", SITE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return lambda *words: CliRunner().invoke(tonne, list(words), catch_exceptions=False)


TEXT = """strubell2019: Emma Strubëll and Ananya Ganesh. Energy & Policy: 100 % of CO₂ #1. In Proc. of ACL. 2019.
  pretrain.device_time = 1_000 device*h ~ normal(sd = 10 device*h)   a.tonne:8    table [3] & 5 %
  claim pretrain.energy < 1 GWh                                      a.tonne:18

meter2024: The meter's log_2. 2024. https://example.org/a_b%20c#d
  pretrain.device_time = 1_000 device*h ~ normal(sd = 10 device*h)   a.tonne:8
  pretrain.pue = 1.1                                                 a.tonne:10
"""


def test_the_list_of_a_scenario(call: Callable[..., Result]) -> None:
    done = call("sources", "a.tonne")
    assert done.exit_code == 0
    assert done.stdout.startswith(TEXT)
    after = done.stdout[len(TEXT) :]
    assert re.findall(r"^\S.*$", after, re.MULTILINE)[0].startswith("nvidia_h100: NVIDIA. NVIDIA H100")
    assert re.search(
        r"^  h100_sxm\.power = 700 W/device +stdlib/hardware/nvidia\.tonne:\d+ +max TDP$", after, re.MULTILINE
    )
    ends = after[after.index("in words") :]
    assert [" ".join(line.split()) for line in ends.splitlines()] == [
        "in words", "pretrain.utilization = 40% a.tonne:9 arXiv:2302.13971, table 15", "",
        "assumed", 'pretrain.pue = 1.1 a.tonne:10 the same "hall" as in 2023', "half = pretrain.co2e / 2 a.tonne:17 two customers",
        "site.carbon_intensity = 400 gCO2e/kWh site.tonne:1 the country's average", "",
        "not counted", "data preparation a.tonne:14 assumed: under 1 %", "failed runs a.tonne:15", "",
        "without a source", "tokens = 1B token a.tonne:11",
    ]  # fmt: skip
    assert "P301" not in done.stderr  # the list says it
    assert "note[P305]: `unused2020` supports no number" in done.stderr


def test_the_list_as_json(call: Callable[..., Result]) -> None:
    made = json.loads(call("sources", "a.tonne", "--format", "json").stdout)
    assert (made["version"], made["files"]) == (1, ["a.tonne"])
    first, second = made["sources"][:2]
    assert (first["key"], first["label"], first["links"], first["file"], first["line"]) == ("strubell2019", "Strubëll and Ganesh 2019", [], "x.bib", 2)  # fmt: skip
    assert second["links"] == ["https://example.org/a_b%20c#d"]
    assert [(s["name"], s["line"], s["locator"]) for s in first["supports"]] == [
        ("pretrain.device_time", 8, "table [3] & 5 %"),
        ("claim", 18, None),
    ]
    assert [one["why"] for one in made["assumed"]] == [
        'the same "hall" as in 2023',
        "two customers",
        "the country's average",
    ]
    assert [(one["what"], one["why"]) for one in made["excluded"]] == [
        ("data preparation", "assumed: under 1 %"),
        ("failed runs", None),
    ]
    assert made["described"][0]["source"] == "arXiv:2302.13971, table 15"
    assert made["unsourced"] == [{"written": "1B token", "file": "a.tonne", "line": 11}]


def test_the_list_as_markdown(call: Callable[..., Result]) -> None:
    told = call("sources", "a.tonne", "--format", "markdown").stdout
    assert (
        "- **strubell2019** Emma Strubëll and Ananya Ganesh. *Energy \\& Policy: 100 % of CO₂ \\#1*. In Proc. of ACL. 2019."
        in told
    )
    assert (
        "  - pretrain.device\\_time = 1\\_000 device\\*h \\~ normal(sd = 10 device\\*h) (a.tonne:8): table \\[3\\] \\& 5 %"
        in told
    )
    assert "[example.org/a\\_b%20c\\#d](https://example.org/a_b%20c#d)" in told
    assert (
        "- pretrain.utilization = 40% (a.tonne:9): [arXiv:2302.13971](https://arxiv.org/abs/2302.13971), table 15"
        in told
    )
    assert [line for line in told.splitlines() if line.startswith("## ")] == ["## Sources", "## In words", "## Assumed", "## Not counted", "## Without a source"]  # fmt: skip


def test_the_entries_read_as_what_they_were(call: Callable[..., Result]) -> None:
    told = call("sources", "a.tonne", "--format", "bibtex").stdout
    read, _, found = parse_bibtex(SourceFile("again.bib", told))
    assert found == []
    assert read["strubell2019"].fields["booktitle"] == "Proc. of {ACL}"
    assert "crossref" not in read["strubell2019"].fields
    assert {"strubell2019", "meter2024", "nvidia_h100"} <= set(read)
    assert "unused2020" not in read


DOCUMENT = r"""\documentclass{article}
\usepackage{hyperref}
\begin{document}
%s
\bibliographystyle{plain}
\bibliography{cited}
\end{document}
"""


@pytest.mark.needs("pdflatex")
@pytest.mark.needs("bibtex")
def test_the_latex_compiles_with_its_entries(call: Callable[..., Result], tmp_path: Path) -> None:
    body = call("sources", "a.tonne", "--format", "latex").stdout
    assert r"\cite[table {[}3{]} \& 5 \%]{strubell2019}; \cite{meter2024}" in body
    # `&`, `%` and `#` bare in a title are no LaTeX: an entry that BibTeX itself could not set
    entries = call("sources", "a.tonne", "--format", "bibtex").stdout
    entries = entries.replace("Energy & Policy: 100 % of", r"Energy \& Policy: 100 \% of").replace("#1}", r"\#1}")
    (tmp_path / "cited.bib").write_text(entries, encoding="utf-8")
    (tmp_path / "paper.tex").write_text(DOCUMENT % body, encoding="utf-8")
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for words in (latex, ["bibtex", "paper"], latex, latex):
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined" not in (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")


def test_several_files_share_one_list(call: Callable[..., Result]) -> None:
    Path("b.tonne").write_text(
        'bibliography "x.bib"\nuse "./site" { site }\nrun r {\n  grid = site\n  energy = 3 MWh from meter2024, unused2020\n}\n',
        encoding="utf-8",
    )
    done = call("sources", "a.tonne", "./b.tonne", "b.tonne")
    assert [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith(("meter2024", "strubell2019"))] == ["strubell2019", "meter2024"]  # fmt: skip
    assert done.stdout.count("site.carbon_intensity") == 1
    assert re.search(r"^  r\.energy = 3 MWh +b\.tonne:5$", done.stdout, re.MULTILINE)
    assert "P305" not in done.stderr  # the second file cites it


def test_a_paper_s_own_bibliography_is_no_list_of_notes(call: Callable[..., Result]) -> None:
    many = BIB + "".join(f"@misc{{other{i}, title = {{O}}}}\n" for i in range(200))
    Path("x.bib").write_text(many, encoding="utf-8")
    assert "P305" not in call("sources", "a.tonne").stderr
    assert "P305" not in call("check", "a.tonne").output


def test_unused_entries_are_one_note_and_may_be_turned_off(call: Callable[..., Result]) -> None:
    used = "".join(f"let u{i} = {i} from used{i}\n" for i in range(30))
    bib = "".join(f"@misc{{used{i}, title = {{U}}}}\n" for i in range(30)) + "".join(f"@misc{{left{i}, title = {{L}}}}\n" for i in range(10))  # fmt: skip
    Path("y.bib").write_text(bib, encoding="utf-8")
    Path("c.tonne").write_text(f'bibliography "y.bib"\n{used}show u1\n', encoding="utf-8")
    stderr = call("sources", "c.tonne").stderr
    assert "`left0`, `left1`, `left2`, `left3`, `left4`, `left5`, `left6`, `left7`, … support no number" in stderr
    assert stderr.count("P305]") == 1
    Path("tonne.toml").write_text('[severities]\nunused-source = "off"\n', encoding="utf-8")
    assert "P305" not in call("sources", "c.tonne").stderr


def test_a_file_with_mistakes_is_listed_as_far_as_it_goes(call: Callable[..., Result]) -> None:
    Path("d.tonne").write_text('run r {\n  energy = 3 MWh from nobody2020\n  pue = 1.1 assumed "w"\n  power = 3 tCO2e from "x"\n}\n', encoding="utf-8")  # fmt: skip
    done = call("sources", "d.tonne")
    assert done.exit_code == 1
    assert "nobody2020: in no bibliography" in done.stdout
    assert "r.pue = 1.1" in done.stdout
    assert "error[P302]" in done.stderr
    assert "error[D202]" in done.stderr
    made = json.loads(call("sources", "d.tonne", "--format", "json").stdout)
    assert (made["sources"][0]["label"], made["sources"][0]["links"]) == (None, [])


def test_a_cited_entry_that_cannot_be_read(call: Callable[..., Result]) -> None:
    """It is said where it stands, and what is exported says that it is not in it."""
    Path("z.bib").write_text("@misc{good, title = {G}}\n\n@misc{broken,\n  title = {B\n}\n", encoding="utf-8")
    text = 'bibliography "z.bib"\nrun r {\n  energy = 3 MWh from broken\n  pue = 1.1 from good\n}\nshow r.energy\n'
    Path("z.tonne").write_text(text, encoding="utf-8")
    done = call("sources", "z.tonne")
    assert done.exit_code == 1
    assert "error[P307]: `broken` cannot be read" in done.stderr
    assert "broken: unreadable in z.bib line 3\n" in done.stdout
    assert "**broken** unreadable in z.bib line 3" in call("sources", "z.tonne", "--format", "markdown").stdout
    for style in ("latex", "bibtex"):
        assert "% broken: unreadable in z.bib line 3\n" in call("sources", "z.tonne", "--format", style).stdout
    assert "[broken] unreadable in z.bib line 3" in call("explain", "z.tonne", "r.energy").stdout


def test_a_file_that_rests_on_nothing(call: Callable[..., Result]) -> None:
    Path("e.tonne").write_text("let a = 3\nshow a\n", encoding="utf-8")
    assert call("sources", "e.tonne").stdout == "no source is cited, and nothing is assumed\n"
    assert call("sources", "e.tonne", "--format", "bibtex").stdout == "\n"
    assert "itemize" not in call("sources", "e.tonne", "--format", "latex").stdout
    assert call("sources").exit_code == 2
    assert call("sources", "none.tonne").exit_code == 2


def test_a_terminal_obeys_no_source(call: Callable[..., Result]) -> None:
    Path("x.bib").write_bytes(b"@misc{strubell2019, title = {\x1b[31mred}}\n@misc{meter2024, title = {T}}\n")
    for style in ("text", "markdown", "latex", "bibtex"):
        assert "\x1b" not in call("sources", "a.tonne", "--format", style).stdout


# ── below an explanation ──


def test_an_explanation_ends_with_its_sources(call: Callable[..., Result]) -> None:
    done = call("explain", "a.tonne", "pretrain.energy")
    assert done.stdout.count("\n[strubell2019] Emma Strubëll and Ananya Ganesh. Energy") == 1
    assert done.stdout.count("[meter2024] The meter's log_2.") == 1
    made = json.loads(call("explain", "a.tonne", "pretrain.energy", "--format", "json").stdout)
    assert {one["key"] for one in made["sources"]} == {"strubell2019", "meter2024", "nvidia_h100", "bekman2026"}
    assert "\n[" not in call("explain", "a.tonne", "pretrain.energy", "--set", "pretrain.energy=3 MWh").stdout
