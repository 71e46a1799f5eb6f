"""What `tonne help WORD` shows: sections of the reference, pages of diagnostics, kinds, functions, words of the language.

Takes a word, gives Markdown. All of it is read from `docs/` and from the core kinds, so that it is written once. It evaluates
nothing and prints nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tonne.catalogue import BY_NAME, CATALOGUE
from tonne.graph import FUNCTIONS
from tonne.library import documentation, library_root, read
from tonne.limits import DEFAULT_LIMITS
from tonne.syntax.keywords import KEYWORDS

if TYPE_CHECKING:
    from tonne.syntax import tree

LANGUAGE, JSON, TERMS = "language.md", "json.md", "terms.md"


@dataclass(frozen=True)
class Topic:
    """A section of a page: `heading` without its number, or the whole page; `part` are the first words of a part of it."""

    name: str
    heading: str
    others: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # the words of the language that it is about
    part: str = ""
    page: str = LANGUAGE


TOPICS = (
    Topic("example", "A whole file"),
    Topic("lines", "Lines, names, words", ("comments", "words", "documentation", "dates")),
    Topic("numbers", "Numbers", ("magnitudes", "suffixes")),
    Topic("units", "Units and dimensions", ("dimensions",), ("unit", "dimension", "prefixes", "alias")),
    Topic("functions", "Expressions and functions", ("expressions", "operators")),
    Topic("kinds", "Kinds and fields", ("fields", "bounds"), ("kind", "usual", "once", "or")),
    Topic("instances", "Instances, `like`, `without`", (), ("like", "without")),
    Topic("determination", "Determination: give what you know", ("give-what-you-know", "given", "derived")),
    Topic("facts", "Facts that disagree", ("relations",)),
    Topic("names", "Names and lists", ("lists",)),
    Topic("provenance", "Provenance", ("sources", "citations"), ("from", "assumed", "allow", "excluded", "bibliography")),
    Topic(
        "tests", "Tests: `require` and `claim`", ("claims", "requirements", "budget"),
        ("require", "claim", "within", "of", "in"),
    ),
    Topic("verdicts", "Digits and verdicts", ("digits", "rounding", "precision")),
    Topic("values", "`let` and `show`", ("tables",), ("let", "show")),
    Topic("uncertainty", "Uncertainty", ("spreads", "spread", "draws", "sampling"), ("correlate",)),
    Topic(
        "studies", "Studies: `sweep`, `case`, `optimum`", (),
        ("sweep", "vary", "case"),
    ),
    Topic(
        "optimum", "Studies: `sweep`, `case`, `optimum`", ("optima", "optimization"),
        ("optimum", "minimize", "maximize", "over", "subject", "to"), part="**An optimum**",
    ),
    Topic("files", "Files, modules, projects", ("library", "modules"), ("use",)),
    Topic("markdown", "Files, modules, projects", part="**Markdown.**"),
    Topic("project", "Files, modules, projects", part="**The project**"),
    Topic("settings", "Files, modules, projects", ("tonne.toml", "severities"), part="**`tonne.toml`**"),
    Topic("limits", "Limits"),
    Topic("commands", "Commands and exit codes", ("options",)),
    Topic("set", "Commands and exit codes", ("--set",), part="**`--set`**"),
    Topic("fix", "Commands and exit codes", ("--fix", "mending"), part="**`--fix`**"),
    Topic("exit-codes", "Commands and exit codes", ("exit-code", "exit"), part="| exit code |"),
    Topic("printing", "Printing"),
    Topic("fmt", "The standard form", ("format", "standard-form")),
    Topic("statements", "All statements on one page", ("grammar", "syntax")),
    Topic("json", "JSON", ("schema",), page=JSON),
)  # fmt: skip


def page_on(word: str) -> str | None:
    """The Markdown on a word, or None. A word is a diagnostic, a topic, a kind, a word of the language, or a function."""
    word = word.strip().lower().replace(" ", "-").replace("_", "-")
    entry = CATALOGUE.get(word.upper()) or BY_NAME.get(word)
    if entry is not None:
        return _without_links(_page(f"errors/{entry.code}.md"))
    plain = word.replace("-", "_")
    for topic in TOPICS:
        if word == topic.name or word in topic.others:
            return _section(topic)
    if plain in kinds():
        return _kind(plain)
    for topic in TOPICS:
        if word in topic.words:
            return f"{_statements_with(word)}{_section(topic)}"
    if plain in FUNCTIONS:
        return _row(plain, "functions")
    if plain in _spreads():
        return _row(plain, "uncertainty")
    return "\n".join(page for page in (_term(word), _field(plain)) if page) or None


def words() -> list[str]:
    """All words that `page_on` knows."""
    of_topics = [word for topic in TOPICS for word in (topic.name, *topic.others)]
    return list(
        dict.fromkeys(
            (
                *of_topics,
                *kinds(),
                *KEYWORDS,
                *FUNCTIONS,
                *_spreads(),
                *_fields(),
                *CATALOGUE,
                *BY_NAME,
            )
        )
    )


def meant(word: str) -> str | None:
    """The word that a mistyped one was probably meant to be."""
    from tonne.names import closest

    return closest(word, words())


def title_of(topic: Topic) -> str:
    """What a topic is called in a list."""
    plain = topic.heading.replace("`", "")
    return f"{plain}: {topic.part.strip('*|` .').lower()}" if topic.part else plain


@lru_cache(maxsize=8)
def _page(name: str) -> str:
    return (documentation() / name).read_text(encoding="utf-8")


def _section(topic: Topic) -> str:
    """A section of a page from its heading on, or one part of it."""
    text = _page(topic.page)
    if topic.page != LANGUAGE:
        return _without_links(text)
    match = re.search(rf"^## \d+\. {re.escape(topic.heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, topic.heading
    body = match.group(1).strip()
    if topic.part:
        start = body.index(topic.part)
        after = re.compile(r"\n\n(?=\*\*|\| option|\| exit|Each diagnostic)").search(body, start)
        body = body[start : after.start() if after else None]
    return _without_links(f"# {topic.heading}\n\n{body}\n")


def _without_links(text: str) -> str:
    """Markdown without links, which lead to files that a terminal does not have beside it."""
    return re.sub(r"\[([^\]\n]+)\]\((?!https?:)[^)\s]+\)", r"\1", text)


def _statements_with(word: str) -> str:
    """How a word is written, from the page of all statements."""
    statements = _section(next(t for t in TOPICS if t.name == "statements"))
    block = statements.partition("```text\n")[2].partition("\n```")[0]
    lines = [line.strip() for line in block.splitlines() if re.search(rf"(?<![\w-]){word}(?![\w-])", line)]
    return "```text\n" + "\n".join(lines) + "\n```\n\n" if lines else ""


def _spreads() -> tuple[str, ...]:
    from tonne.spread_forms import SPREADS

    return tuple(SPREADS)


def _row(name: str, of: str) -> str:
    """The row of a function or a spread in the table of a topic."""
    topic = next(t for t in TOPICS if t.name == of)
    table = re.findall(r"^\|.*\|$", _section(topic), re.MULTILINE)
    row = next(i for i, line in enumerate(table) if f"`{name}(" in line)
    head = max(i for i in range(row) if set(table[i]) <= set("|- "))
    lines = [table[head - 1], table[head], table[row]]
    return "# `" + name + "`\n\n" + "\n".join(lines) + f"\n\n`tonne help {topic.name}` has the others.\n"


# ── terms of the field, and fields of kinds ──


def _term(word: str) -> str:
    """The rows of the page of terms on a word such as MFU."""
    head, *rows = re.findall(r"^\|.*\|$", _page(TERMS), re.MULTILINE)
    mine = [
        row for row in rows[1:] if re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", row.split("|")[1], re.IGNORECASE)
    ]
    return "\n".join([f"# {word.upper() if len(word) < 4 else word}", "", head, rows[0], *mine]) + "\n" if mine else ""


def _field(name: str) -> str:
    """A field in each kind that has it."""
    rows = [
        f"| `{kind.name}` | `{one.type.word}` | {_about(one)} |"
        for kind in _declared()
        for one in kind.fields
        if one.name == name
    ]
    head = [f"# The field `{name}`", "", "| of | in | what it is, and what it follows from |", "|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n" if rows else ""


def _fields() -> list[str]:
    return [one.name for kind in _declared() for one in kind.fields]


# ── kinds ──


@lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """The names of the core kinds."""
    text = (library_root() / "core" / "kinds.tonne").read_text(encoding="utf-8")
    return tuple(re.findall(r"^kind (\w+)", text, re.MULTILINE))


@lru_cache(maxsize=1)
def _declared() -> list[tree.KindDeclaration]:
    from tonne.syntax import tree
    from tonne.syntax.parse import parse

    source, _ = read(library_root() / "core" / "kinds.tonne", "stdlib/core/kinds.tonne", DEFAULT_LIMITS)
    assert source is not None
    return [s for s in parse(source)[0].statements if isinstance(s, tree.KindDeclaration)]


def _kind(name: str) -> str:
    """A kind with its fields: what they are in, what they are, what they follow from."""
    kind = next(k for k in _declared() if k.name == name)
    rows = ["| field | in | what it is, and what it follows from |", "|---|---|---|"]
    for one in kind.fields:
        type_ = f"[{one.type.word}]" if one.type.is_list else one.type.word
        rows.append(f"| `{one.name}` | `{type_}` | {_about(one)} |")
    doc = f"{kind.doc}\n\n" if kind.doc else ""
    end = f"Bind what you know: `{kind.name} NAME {{ FIELD = VALUE }}`. What follows is derived: `tonne help determination`."
    return f"# `{kind.name}`\n\n{doc}" + "\n".join(rows) + f"\n\n{end}\n"


def _about(one: tree.FieldDeclaration) -> str:
    """The comments on the lines of a field, its range, and its formulas."""
    source = one.span.source
    last = source.position(one.span.end)[0]
    comments = [source.line(n).partition("#")[2].strip() for n in range(one.span.line, last + 1)]
    parts = ["; ".join(c for c in comments if c)]
    if one.bounds is not None:
        ends = (one.bounds.low, one.bounds.high)
        parts.append(f"in `{' .. '.join('' if end is None else _plain(end.span.text) for end in ends).strip()}`")
    parts += ["enters a result once"] if one.once else []
    formulas = [f"`{_plain(value.expr.span.text)}`" for value in one.alternatives]
    parts += ["= " + ", or ".join(formulas)] if formulas else []
    return "; ".join(part for part in parts if part)


def _plain(text: str) -> str:
    return " ".join(text.split())
