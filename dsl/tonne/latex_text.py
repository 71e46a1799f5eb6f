r"""LaTeX into text and back: `Strub{\"e}ll` is Strubëll. The only home of pylatexenc.

Takes the value of a BibTeX field; gives text without a brace or a backslash that is LaTeX's. Never raises: what cannot be
read is given without its braces and commands.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text
    from pylatexenc.latexencode import UnicodeToLatexEncoder

# Longer or deeper than any field that is read by a person, and costly to decode.
MOST_CHARACTERS = 10_000
_SPECIAL = re.compile(r"[\\${}~]|``|''|--")
# `CO$_2$`, which pylatexenc gives as `CO_2`.
_SCRIPT = re.compile(r"\$([_^])\{?([0-9]+)\}?\$")
_DOLLAR = re.compile(r"(?<!\\)\$")
_SUBSCRIPTS, _SUPERSCRIPTS = (str.maketrans("0123456789", signs) for signs in ("₀₁₂₃₄₅₆₇₈₉", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def from_latex(text: str) -> str:
    """The text that LaTeX would print, on one line."""
    if _SPECIAL.search(text):
        text = _decoded(text[:MOST_CHARACTERS])
    return " ".join(text.split())


def _decoded(text: str) -> str:
    text = _SCRIPT.sub(_script, text)
    text = re.sub(r"(?<!\\)[%&#]", r"\\\g<0>", text)  # in a title these begin no comment and end no cell
    if len(_DOLLAR.findall(text)) % 2:  # a price, not a formula
        text = _DOLLAR.sub(r"\\$", text)
    text = re.sub(r"(?<!\\)\\$", "", text)  # at the end it begins nothing
    try:
        decoded = _decoder().latex_to_text(text)
    except (RecursionError, IndexError, ValueError, AttributeError, TypeError):  # what nobody wrote to be printed
        decoded = text
    return re.sub(r"\\[A-Za-z]+ ?|[\\{}]", "", decoded)


def _script(found: re.Match[str]) -> str:
    return found[2].translate(_SUBSCRIPTS if found[1] == "_" else _SUPERSCRIPTS)


@lru_cache(maxsize=1)
def _decoder() -> LatexNodes2Text:
    from pylatexenc import latex2text, latexwalker
    from pylatexenc.macrospec import std_macro

    walked = latexwalker.get_default_latex_context_db()
    # pylatexenc 2 knows neither of these as a command with arguments
    taking_arguments = [std_macro("href", False, 2), *(std_macro(name, False, 1) for name in ("texttt", "textsc"))]
    walked.add_context_category("tonne", prepend=True, macros=taking_arguments)
    shown = latex2text.get_default_latex_context_db()
    shown.add_context_category(
        "tonne",
        prepend=True,
        macros=[
            latex2text.MacroTextSpec("url", "%s"),
            latex2text.MacroTextSpec("href", "%(2)s"),
            latex2text.MacroTextSpec("texttt", "%s"),
            latex2text.MacroTextSpec("TeX", "TeX"),
            latex2text.MacroTextSpec("LaTeX", "LaTeX"),
        ],
    )

    class Decoder(latex2text.LatexNodes2Text):  # type: ignore[misc]
        def latex_to_text(self, latex: str, **options: object) -> str:
            nodes, _, _ = latexwalker.LatexWalker(latex, latex_context=walked, tolerant_parsing=True).get_latex_nodes()
            return str(self.nodelist_to_text(nodes))

    return Decoder(latex_context=shown, math_mode="text", keep_comments=True)


def to_latex(text: str) -> str:
    """Text so that LaTeX prints it as it is."""
    return str(_encoder().unicode_to_latex(text))


@lru_cache(maxsize=1)
def _encoder() -> UnicodeToLatexEncoder:
    from pylatexenc.latexencode import UnicodeToLatexEncoder

    return UnicodeToLatexEncoder(unknown_char_policy="replace", unknown_char_warning=False)
