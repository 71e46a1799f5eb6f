"""Colours for the language: a Pygments lexer, which documentation, notebooks and `pygmentize` find by the name `tonne`.

Takes text, gives its words with what each of them is; never checks it: what cannot be read is coloured as far as it can
be. The words are those of `tonne.syntax.keywords`. The only home of Pygments.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, include, words
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, Punctuation, String, Text

from tonne.syntax.keywords import KEYWORDS, STATEMENT_WORDS

_BETWEEN_VALUES = ("in", "within", "of", "or")
_NO_KEYWORD = rf"(?!(?:{'|'.join(sorted(KEYWORDS))})\b)"
_NAME = rf"{_NO_KEYWORD}[A-Za-z_]\w*"
_ATOM = r"(?:[^\W\d]\w*|[$€])(?:\^-?\d+)?"
_UNIT = rf"(?:%|{_NO_KEYWORD}(?:1?/)?{_ATOM}(?:[*/]{_ATOM})*)"
_NUMBER = r"\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[kMBT](?![\w/*^]))?"
_DATE = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-[0-3]\d)?(?!\d)"
_STRING = r'"(?:\\.|[^"\\\n])*"'
_BLANKS = r"([ \t]+)"


class TonneLexer(RegexLexer):
    """tonne, the language of carbon scenarios."""

    name = "tonne"
    aliases: ClassVar[list[str]] = ["tonne"]
    filenames: ClassVar[list[str]] = ["*.tonne"]

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (rf"^([ \t]*)({_STRING})(?=[ \t]*$)", bygroups(Text, String.Doc)),
            (rf"(kind){_BLANKS}({_NAME})", bygroups(Keyword, Text, Name.Class)),
            (rf"(unit){_BLANKS}(%|{_ATOM})", bygroups(Keyword, Text, Keyword.Type)),
            (
                rf"(dimension){_BLANKS}({_NAME})([ \t]*=[ \t]*)({_UNIT})",
                bygroups(Keyword, Text, Name, Text, Keyword.Type),
            ),
            (rf"(use){_BLANKS}({_NAME}(?:\.{_NAME})*)", bygroups(Keyword, Text, Name.Namespace)),
            (rf"(allow){_BLANKS}([A-Z]\d\d\d)\b", bygroups(Keyword, Text, Name.Label)),
            (r"(from)(?=[ \t\"])", Keyword, "sources"),
            (r"(prefixes|alias)\b", Keyword, "unit words"),
            # `run pretrain`: a kind and the name of an instance
            (rf"^([ \t]*)({_NAME}){_BLANKS}(?={_NAME}[ \t]*(?:\{{|like\b|$))", bygroups(Text, Name.Class, Text)),
            # `energy : MWh`, `co2e = …`: a field, or a let with its unit
            (
                rf"({_NAME})([ \t]*)(:)([ \t]*)({_UNIT})",
                bygroups(Name.Attribute, Text, Punctuation, Text, Keyword.Type),
            ),
            (rf"({_NAME})([ \t]*)(=)(?!=)", bygroups(Name.Attribute, Text, Operator)),
            # `show energy in GWh`
            (rf"(in){_BLANKS}({_UNIT})(?=[ \t]*(?:,|\"|\}}|#|$))", bygroups(Operator.Word, Text, Keyword.Type)),
            include("values"),
        ],
        "values": [
            (r"\n|[ \t\r]+", Text),
            (r"#[^\n]*", Comment.Single),
            (_STRING, String.Double),
            (_DATE, Literal.Date),
            (rf"({_NUMBER})([ \t]?)({_UNIT})", bygroups(Number, Text, Keyword.Type)),
            (_NUMBER, Number),
            (words(_BETWEEN_VALUES, prefix=r"\b", suffix=r"\b"), Operator.Word),
            (words(STATEMENT_WORDS, prefix=r"\b", suffix=r"\b"), Keyword),
            (words(sorted(KEYWORDS), prefix=r"\b", suffix=r"\b"), Keyword),
            (rf"{_NAME}(?=\()", Name.Function),
            (r"[A-Za-z_]\w*", Name),
            (r"\.\.|[.,:(){}\[\]]", Punctuation),
            (r"==|<=|>=|[-+*/^<>=~]", Operator),
        ],
        "sources": [
            (r"[ \t]+", Text),
            (_STRING, String.Double),
            (rf"{_NO_KEYWORD}[A-Za-z0-9][\w:./+\-]*", Name.Label),
            (r",", Punctuation),
            (r"", Text, "#pop"),
        ],
        "unit words": [
            (r"[ \t]+", Text),
            (rf"{_NO_KEYWORD}{_ATOM}", Keyword.Type),
            (r"", Text, "#pop"),
        ],
    }
