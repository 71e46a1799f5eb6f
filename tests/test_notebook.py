"""`%%tonne` in a notebook that a real kernel runs: what a cell shows, as text and as HTML."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

GRID = """grid ours {
  "Our own roof."
  carbon_intensity = 25 gCO2e/kWh  from "our <b>meter</b> & log"
}
"""
JOB = """%%tonne{options}
use "./site" {{ ours }}
run fine_tuning {{
  grid   = ours
  energy = 62.4 kWh  from "<script>alert(1)</script>"
  pue    = 1
}}
require fine_tuning.co2e < 5 kgCO2e  assumed "our budget"
claim   fine_tuning.co2e == 3.5 tCO2e  from "the card"
show fine_tuning.co2e in kgCO2e "Shown <i>as</i> written"
"""
CELLS = {
    "extension": "%load_ext tonne",
    "run": JOB.format(options=" -o result"),
    "value": 'result["fine_tuning.co2e"].to("kgCO2e")',
    "explanation": 'result.explain("fine_tuning.co2e")',
    "quantity": 'result["fine_tuning.energy"].quantity().to("kWh")',
    "table": 'result.to_pandas().set_index("path").loc["fine_tuning.energy", ["value", "unit", "given"]].astype(str).tolist()',
    "set": JOB.format(options=' --set "fine_tuning.energy=300 kWh" --set fine_tuning.pue=1.0'),
    "check": JOB.format(options=" --check"),
    "mistake": "%%tonne\nlet a : kWh = 3 tCO2e\nlet b : kWh = 2 kWh\nshow b",
    "unreadable": "%%tonne\nlet a = <img src=x onerror=alert(1)>",
    "empty": "%%tonne\n# nothing yet",
    "no_name": "%%tonne -o 3x\nlet a : kWh = 3 kWh",
    "no_quote": '%%tonne --set "a=3\nlet a : kWh = 3 kWh',
    "no_equals": "%%tonne --set a\nlet a : kWh = 3 kWh",
    "no_option": "%%tonne --chek\nlet a : kWh = 3 kWh",
    "scenario": 'import tonne\ntonne.load("site.tonne")',
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The outputs of each cell."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "site.tonne").write_text(GRID, encoding="utf-8")
    (folder / "tonne.toml").touch()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS.values()])
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name))
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "1")  # the kernel of the Python that runs the tests
        client = NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return {name: cell["outputs"] for name, cell in zip(CELLS, notebook["cells"], strict=True)}


def shown(outputs: dict[str, list[Any]], name: str, form: str = "text/html") -> str:
    [output] = outputs[name]
    return str(output["data"][form])


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_kernel_is_this_python(outputs: dict[str, list[Any]]) -> None:
    assert outputs["extension"] == []
    assert Path(sys.executable).exists()


def test_a_cell_shows_its_result(outputs: dict[str, list[Any]]) -> None:
    html, text = shown(outputs, "run"), shown(outputs, "run", "text/plain")
    assert '<th scope="row"' in html
    assert "1.56" in html
    assert "✓ " in html
    assert "refuted" in html
    assert "cell:8:9" in text
    assert "fine_tuning.co2e   1.56   kgCO2e" in text


def test_text_of_a_file_is_never_markup(outputs: dict[str, list[Any]]) -> None:
    for name in ("run", "explanation", "set", "check", "unreadable"):
        found = _Elements(shown(outputs, name))
        assert set(found.tags) <= {
            "div",
            "pre",
            "p",
            "span",
            "table",
            "caption",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "ul",
            "li",
            "details",
            "summary",
        }
        assert found.attributes <= {"style", "scope", "open"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown(outputs, "explanation")
    assert "Shown &lt;i&gt;as&lt;/i&gt; written" in shown(outputs, "run")
    assert "our &lt;b&gt;meter&lt;/b&gt; &amp; log" in shown(outputs, "explanation")


def test_the_result_has_a_name(outputs: dict[str, list[Any]]) -> None:
    assert shown(outputs, "value", "text/plain") == "1.56 kgCO2e"
    assert "fine_tuning.co2e = " in shown(outputs, "value")
    assert shown(outputs, "quantity", "text/plain") == "<Quantity(62.4, 'kWh')>"
    assert shown(outputs, "table", "text/plain") == "['0.0624', 'MWh', 'True']"
    assert shown(outputs, "explanation", "text/plain").splitlines()[0] == "fine_tuning.co2e = 0.00156 tCO2e"


def test_options(outputs: dict[str, list[Any]]) -> None:
    assert "C401" in shown(outputs, "set")
    assert "7.5" in shown(outputs, "set")
    assert "nothing to mend" not in shown(outputs, "check")
    assert "P301" in shown(outputs, "check")
    assert "1.56" not in shown(outputs, "check")


@pytest.mark.parametrize(("name", "code"), [("mistake", "D202"), ("unreadable", "S1"), ("empty", "S111")])
def test_a_mistake_is_shown_and_raises_nothing(outputs: dict[str, list[Any]], name: str, code: str) -> None:
    assert code in shown(outputs, name)
    assert "Traceback" not in shown(outputs, name, "text/plain")


def test_what_rests_on_no_mistake_is_shown(outputs: dict[str, list[Any]]) -> None:
    assert "2   kWh" in shown(outputs, "mistake", "text/plain")


@pytest.mark.parametrize(
    ("name", "words"),
    [("no_name", "is no name"), ("no_option", "--chek"), ("no_quote", "quotation"), ("no_equals", "has no `=`")],
)
def test_a_wrong_option_is_said_without_a_traceback(outputs: dict[str, list[Any]], name: str, words: str) -> None:
    said = "".join(o.get("text", "") for o in outputs[name])
    assert words in said
    assert "Traceback" not in said
    assert all(o["output_type"] == "stream" for o in outputs[name])


def test_a_scenario_at_a_glance(outputs: dict[str, list[Any]]) -> None:
    assert shown(outputs, "scenario", "text/plain") == "<Scenario site.tonne>"
    assert "Our own roof." in shown(outputs, "scenario")
