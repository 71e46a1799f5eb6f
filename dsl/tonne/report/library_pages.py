"""The library's reference, made of the library's own words: Markdown pages for the documentation site.

Takes the standard library, gives the name and text of each page: units, kinds, one page for each module, sources. A
figure stands as its line gives it, with a link to its source. Writes no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tonne.bibliography import reference
from tonne.browse import Entry, Fact, entries, scope_of
from tonne.citations import Source, library_bibliography
from tonne.library import library_modules, module_of
from tonne.provenance import citations
from tonne.report.markdown import table, words
from tonne.syntax import tree
from tonne.unit_prefixes import SI_PREFIXES
from tonne.units import Unit, unit_table


def pages() -> dict[str, str]:
    """File name → Markdown, in the order in which a reader is likely to want them."""
    made = {"units.md": _units(), "kinds.md": _kinds()}
    made |= {f"{name}.md": _module(name) for name in data_modules()}
    made["sources.md"] = _sources()
    return {name: "\n".join(lines) + "\n" for name, lines in made.items()}


def data_modules() -> list[str]:
    """The modules that a file names in a `use`."""
    return [name for name in library_modules() if not name.startswith("core.")]


def parsed_module(name: str) -> tree.Module:
    """The tree of a module such as `hardware.nvidia` or `core.kinds`."""
    scope = scope_of(name)
    if scope is None:
        raise LookupError(f"the library has no module `{name}`")
    return scope.module


# ── pieces ──


def _remarks(parsed: tree.Module) -> list[str]:
    """What a module says before its first block: its documentation, then its comments, without those that only divide."""
    first = next((s.span.start for s in parsed.statements if not isinstance(s, tree.Doc | tree.Use)), 0)
    comments = [c.text for c in parsed.comments if c.start < first and not re.match(r"#\s*[─-]", c.text)]
    return [text for text in (parsed.doc, " ".join(c.lstrip("# ").strip() for c in comments)) if text]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _from(provenance: tree.Provenance | None) -> str:
    """Where a number is from, each key a link to its entry."""
    if provenance is None:
        return ""
    parts = []
    for one in provenance.citations:
        link = f"[{words(one.key)}](sources.md#{one.key.lower()})"
        parts.append(f"{link}, {words(one.locator)}" if one.locator else link)
    if provenance.described is not None:
        parts.append(words(provenance.described))
    if provenance.assumed is not None:
        parts.append(f"*assumed:* {words(provenance.assumed)}")
    return "; ".join(parts)


# ── units ──


def _units() -> list[str]:
    """Every unit of the core by its dimension, in the order in which they are declared."""
    parsed = parsed_module("core.units")
    declared = [s for s in parsed.statements if isinstance(s, tree.UnitDeclaration | tree.DimensionDeclaration)]
    units = unit_table(tuple(declared))
    groups: dict[str, list[list[str]]] = {}
    for one in declared:
        unit = units.lookup(one.word) if isinstance(one, tree.UnitDeclaration) else None
        if not isinstance(one, tree.UnitDeclaration) or not isinstance(unit, Unit):
            continue
        written = _one_line(one.definition.span.text) if one.definition is not None else ""
        prefixes = units.prefixes_of(one.word)
        takes = "every SI prefix" if prefixes == SI_PREFIXES else " ".join(map(_code, prefixes))
        aliases = " ".join(_code(word) for word, _ in one.aliases)
        groups.setdefault(units.describe(unit.dimension), []).append(
            [_code(one.word), words(one.doc or ""), _code(written), takes, aliases, _from(one.provenance)]
        )
    lines = ["# Units", "", *_paragraphs(_remarks(parsed))]
    for dimension, rows in groups.items():
        lines += [f"## {dimension[:1].upper()}{dimension[1:]}"]
        lines += _without_empty(["unit", "is", "defined as", "prefixes", "also written", "from"], rows)
    named = [
        [d.name.replace("_", " "), _code(d.unit or "")] for d in declared if isinstance(d, tree.DimensionDeclaration)
    ]
    lines += ["## Names of dimensions", "", "What messages call them.", *table(["dimension", "as in"], named)]
    return lines


def _without_empty(head: Sequence[str], rows: list[list[str]]) -> list[str]:
    """A table without the columns in which nothing stands."""
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return table([head[i] for i in kept], [[row[i] for i in kept] for row in rows])


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (words(text), "")


# ── kinds ──


def _kinds() -> list[str]:
    """The core kinds, each field with its type, its range, its formulas and the comments on its lines."""
    parsed = parsed_module("core.kinds")
    said = {c.line: c.text.lstrip("# ").strip() for c in parsed.comments}
    kinds = [s for s in parsed.statements if isinstance(s, tree.KindDeclaration)]
    known = {kind.name for kind in kinds}
    lines = ["# Kinds", "", *_paragraphs(_remarks(parsed))]
    for kind in kinds:
        like = f" Like [{kind.like}](#{kind.like})." if kind.like is not None else ""
        lines += [f"## {kind.name}", "", words(kind.doc or "") + like]
        rows = [[_code(f.name), _type(f.type, known), _range(f), _formulas(f), _note(f, said)] for f in kind.fields]
        lines += _without_empty(["field", "in", "range", "formulas, the first choice first", "note"], rows)
    return lines


def _type(type: tree.TypeName, kinds: set[str]) -> str:
    word = f"[{type.word}](#{type.word})" if type.word in kinds else _code(type.word)
    return f"a list of {word}" if type.is_list else word


def _range(one: tree.FieldDeclaration) -> str:
    parts = []
    if one.bounds is not None:
        parts.append(_code(_one_line(one.bounds.span.text) + ("" if one.bounds.high is not None else " ..")))
    for usual in one.usual:
        source = _from(usual.provenance)
        open_ = "" if usual.range.high is not None else " .."
        parts.append(f"usual {_code(_one_line(usual.range.span.text) + open_)}" + (f" ({source})" if source else ""))
    if one.once:
        parts.append("enters a result once")
    return "<br>".join(parts)


def _formulas(one: tree.FieldDeclaration) -> str:
    made = []
    for alternative in one.alternatives:
        source = _from(alternative.provenance)
        made.append(_code(_one_line(alternative.expr.span.text)) + (f" ({source})" if source else ""))
    return "<br>or ".join(made)


def _note(one: tree.FieldDeclaration, said: dict[int, str]) -> str:
    lines = [one.span.line, *(a.span.line for a in one.alternatives)]
    return words("; ".join(dict.fromkeys(said[n] for n in lines if n in said)))


# ── modules ──


def _module(name: str) -> list[str]:
    """A module: what it says of itself, all its instances in a table for each kind, then each with its sources."""
    parsed, found = parsed_module(name), entries(name)
    kinds = list(dict.fromkeys(entry.kind for entry in found))
    lines = [f"# {name}", "", *_paragraphs(_remarks(parsed)), "```tonne", found[0].use, "```", ""]
    for kind in kinds:
        lines += [f"## Every {kind}", *_overview([entry for entry in found if entry.kind == kind])]
    for entry in found:
        lines += [f"## {entry.name}", "", words(entry.doc), *_facts(entry)]
    return lines


def _overview(found: Sequence[Entry]) -> list[str]:
    """The instances of a kind, a column for each field; a unit that is that of all rows stands in the head."""
    units: dict[str, dict[str, None]] = {}
    for entry in found:
        for fact in entry.facts:
            units.setdefault(fact.name, {})[fact.unit] = None
    same = {field: next(iter(of)) if len(of) == 1 else None for field, of in units.items()}
    head = ["name", *(f"{words(field)}<br>{_code(unit)}" if unit else words(field) for field, unit in same.items())]
    return table(head, [_row(entry, same) for entry in found])


def _row(entry: Entry, units: dict[str, str | None]) -> list[str]:
    facts = {fact.name: fact for fact in entry.facts}
    cells = [
        "" if (fact := facts.get(field)) is None else _value(fact, entry.module, with_unit=unit is None)
        for field, unit in units.items()
    ]
    return [f"[{words(entry.name)}](#{entry.name})", *cells]


def _facts(entry: Entry) -> list[str]:
    rows = [[_code(f.name), _value(f, entry.module), _from(f.provenance)] for f in entry.facts]
    return _without_empty(["field", "value", "from"], rows)


def _value(fact: Fact, module: str, with_unit: bool = True) -> str:
    """A figure as it is written; a choice, such as `hardware = h100_sxm`, with a link."""
    place = module_of(fact.written)
    if place is not None:
        return f"[{words(fact.written)}]({'' if place == module else f'{place}.md'}#{fact.written})"
    return words(fact.written if with_unit else fact.written.removesuffix(fact.unit).rstrip())


# ── sources ──


def _sources() -> list[str]:
    """Every entry of the library's bibliography, with where it is to be had and who cites it."""
    cited: dict[str, dict[str, None]] = {}
    for name in library_modules():
        for citation in citations(parsed_module(name).statements):
            cited.setdefault(citation.key, {})[name] = None
    lines = [
        "# Sources",
        "",
        "Every source that the library cites. A file may cite them by their keys, without a `bibliography` of its own.",
        "",
    ]
    for key, source in sorted(library_bibliography().entries.items()):
        lines += [f"## {words(key)}", "", *_source(source, cited.get(key, {}))]
    return lines


def _source(source: Source, cited: Iterable[str]) -> list[str]:
    lines = [reference(source, "markdown")]
    pages_of = [f"[{name.removeprefix('core.')}]({_page_of(name)})" for name in cited]
    lines += [f"Cited in {', '.join(pages_of)}."] if pages_of else []
    return [text for line in lines for text in (line, "")]


def _page_of(name: str) -> str:
    """`core.kinds` is `kinds.md`; a module with data has a page of its own name."""
    return f"{name.removeprefix('core.')}.md"
