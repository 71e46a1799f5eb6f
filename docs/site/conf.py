"""How Sphinx builds the site. Its pages are gathered by stage.py; nothing is fetched, neither here nor by a reader."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any, ClassVar

from pygments.lexers import TextLexer
from pygments.token import Text

from tonne.editor.highlight import TonneLexer

project = "tonne"
author = "The tonne authors"
version = release = version_of("tonne")
html_title = f"tonne {version}"
root_doc = "index"
extensions = ["myst_parser", "sphinx_copybutton"]

myst_heading_anchors = 4  # the anchors that GitHub gives, so that a link holds in both places

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["tonne.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False  # the licence is on the page of the repository
pygments_style = "friendly"
pygments_dark_style = "github-dark"

# The button copies what one types, not what the program answers.
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"


class _Plain(TextLexer):
    """What the program prints."""


class _WithMistakes(TonneLexer):
    """A page about a mistake shows it: what is not of the language is plain."""

    tokens: ClassVar[dict[str, list[Any]]] = {
        **TonneLexer.tokens,
        "values": [*TonneLexer.tokens["values"], (r".", Text)],
    }


def setup(app: Any) -> None:
    app.add_lexer("tonne", _WithMistakes)
    app.add_lexer("output", _Plain)
    app.add_lexer("help", _Plain)
