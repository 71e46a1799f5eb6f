"""The names of people in a field of BibTeX such as `author`, parsed by bibtexparser.

Takes the field in LaTeX; gives first and family names, in LaTeX still.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME_MARK = re.compile(r"\\.|[{}]|(?<!\s)\s+and(?=\s)", re.IGNORECASE | re.DOTALL)
# A blank that ends a command parts no names: `\L ukasz`, `\c Sen`.
_SYMBOL = re.compile(r"(\\(?:AA|aa|AE|ae|OE|oe|ss|[LlOoij]))[ \t]+(?=\S)")
_ACCENT = re.compile(r"(\\[cvuHkdbtr])[ \t]+([A-Za-z])")


def person_names(text: str) -> list[tuple[str, str]]:
    """The people of a field such as `author`, each as (first names, family name with its `von` and `jr`), in LaTeX.

    Without a comma the family name is the last word and what is in lower case before it, as BibTeX has it; in braces of its
    own a name is a body's.
    """
    from bibtexparser.middlewares.names import parse_single_name_into_parts

    found = []
    for name in _split_names(_SYMBOL.sub(r"{\1}", _ACCENT.sub(r"\1{\2}", text))):
        parts = parse_single_name_into_parts(name, strict=False)
        family = " ".join([*parts.von, *parts.last])
        found.append((" ".join(parts.first), ", ".join([family, *(" ".join(p) for p in [parts.jr] if p)])))
    return found


def _split_names(text: str) -> Iterator[str]:
    r"""Names between `and`s that stand in no braces.

    bibtexparser's own splitting drops a command right after one, as in `and \'Emile`.
    """
    depth = start = 0
    for mark in _NAME_MARK.finditer(text):
        sign = mark.group()
        if sign in "{}":
            depth = max(depth + (1 if sign == "{" else -1), 0)
        elif depth == 0 and sign[0] != "\\":
            yield text[start : mark.start()].strip()
            start = mark.end()
    if rest := text[start:].strip():
        yield rest
