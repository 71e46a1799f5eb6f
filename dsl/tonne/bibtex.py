"""BibTeX read: entries with their fields resolved, and what could not be read, at its place. One home of bibtexparser.

Takes a `SourceFile`; gives sources by key, the keys that were lost, and P307 and P309. `@string`, `#`, the names of the
months, `crossref` and `xdata` are worked out here; LaTeX is left as it is written (`tonne.latex_text`). bibtexparser splits
a file into blocks and goes on after one that is broken. It resolves a single name and no `#`, no `crossref`, and takes
`{a} year = {b}` for one value, so values are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from tonne.citations import Source
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.formatting import visible
from tonne.limits import MOST_ERRORS
from tonne.order import is_circular, strongly_connected
from tonne.source import SourceFile, Span

# What a chapter or paper does not take from the book that its `crossref` names: the book's title, and the way to the book.
OF_THE_BOOK = frozenset(
    {"title", "subtitle", "shorttitle", "doi", "url", "eprint", "archiveprefix", "eprinttype", "primaryclass"}
)
# What no entry takes from another.
NOT_TAKEN = frozenset({"crossref", "xdata", "xref", "ids"})
# A title is the `booktitle` of these.
PARTS = frozenset(
    {"inproceedings", "conference", "incollection", "inbook", "suppbook", "suppcollection", "inreference"}
)
# What `jan` and the others stand for; `calendar` would give them in the user's language.
MONTHS = {
    "jan": "January",
    "feb": "February",
    "mar": "March",
    "apr": "April",
    "may": "May",
    "jun": "June",
    "jul": "July",
    "aug": "August",
    "sep": "September",
    "oct": "October",
    "nov": "November",
    "dec": "December",
}
# What a file is that holds no entry, by how it begins.
_OTHER_FORMATS = (
    (r"%PDF-", "a PDF"),
    (r"TY  - ", "RIS"),
    (r"[\[{]", "JSON, such as CSL-JSON"),
    (r"<", "XML or HTML"),
    (r"%0 ", "EndNote's format"),
)
# How far fields are handed on, from entry to entry, and how many of one entry: more is no bibliography.
MOST_LEVELS = 10
MOST_FIELDS = 200
# Entries of a circle that are named.
MOST_OF_A_CIRCLE = 6
_BRACE = re.compile(r"(?<!\\)[{}]")
_BRACE_OR_QUOTE = re.compile(r'(?<!\\)[{}"]')
_WORD = re.compile(r'[^\s#{}",=]+')
_HEAD = re.compile(r"^[ \t]*([A-Za-z]{1,40})[ \t]*[{(][ \t]*([^\s,{}()\"=]{1,100})[ \t]*,", re.MULTILINE)
_FIELD = re.compile(r'(?:^|,)[ \t]*([A-Za-z][\w-]*)\s*=\s*(?=([{"]))', re.MULTILINE)


def parse_bibtex(source: SourceFile) -> tuple[dict[str, Source], dict[str, Diagnostic], list[Diagnostic]]:
    """The entries of a file by key, why others cannot be read by their key, and what is wrong with the file.

    What has the form of an entry but no `@` is a comment, and a way to keep one: it is among those that cannot be read, and
    nothing is said of it as long as nobody cites it.
    """
    reading = _Reading(source)
    for at, block in _blocks(source):
        reading.block(at, block)
    entries = reading.inherited()
    if not reading.is_bibtex:
        return {}, {}, [_no_bibtex(source)]
    return entries, {key: why for key, why in reading.lost.items() if key not in entries}, reading.found


def _blocks(source: SourceFile) -> Iterator[tuple[int, Any]]:
    """The blocks of a file that are no `@comment`, each with the offset at which it begins."""
    import logging

    import bibtexparser
    from bibtexparser import model

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # it would write the file's own text to the terminal
    at = -1
    for block in bibtexparser.parse_string(source.text, parse_stack=[]).blocks:
        if isinstance(block, model.ExplicitComment):
            continue
        if isinstance(block, model.ImplicitComment):
            start = source.text.find(block.raw or "", source.line_starts[block.start_line or 0])
            yield max(start, 0), block
            continue
        # of a broken block the text may reach into the next one
        at = source.text.index(block.raw or "@", max(at + 1, source.line_starts[block.start_line or 0]))
        yield at, block


class _Reading:
    """What is read of one file so far."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.entries: dict[str, Source] = {}
        self.lost: dict[str, Diagnostic] = {}
        self.found: list[Diagnostic] = []
        self.is_bibtex = False
        self.names = dict(MONTHS)  # what `@string` defines, and the months
        self.parents: dict[str, list[tuple[str, Span]]] = {}  # whose fields an entry takes

    def say(self, title: str, place: Span | Label, help: str = "", *more: Label) -> Diagnostic:
        said = diagnostic("P307", visible(title), place, *more, help=visible(help))
        if len(self.found) < MOST_ERRORS:
            self.found.append(said)
        return said

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, max(start, end))

    def block(self, at: int, block: Any) -> None:
        from bibtexparser import model

        inner = getattr(block, "ignore_error_block", None)  # an entry with a field or a key that stands twice
        block = inner if inner is not None else block
        if isinstance(block, model.Entry):
            self.is_bibtex = True
            self.entry(at, block)
        elif isinstance(block, model.String):
            self.is_bibtex = True
            self.names[block.key.lower()] = self.value(block.key, block.value, self.source.text.index("=", at) + 1)
        elif isinstance(block, model.ParsingFailedBlock):
            self.is_bibtex = True
            self.broken(at, block.raw or "", getattr(block.error, "abort_reason", ""))
        elif isinstance(block, model.Preamble):
            self.is_bibtex = True
        elif isinstance(block, model.ImplicitComment):
            self.without_at(at, block.raw or "")

    # ── an entry ──

    def entry(self, at: int, block: Any) -> None:
        key = block.key
        start = self.source.text.index(key, at + min(i for i in map(block.raw.find, "{(") if i >= 0) + 1)
        span = self.span(start, start + len(key))
        if not key:
            head = self.span(at, at + len(block.raw.split("\n", 1)[0]))
            self.say("a source has no key", head, f"write `@{block.entry_type}{{name2020, …`")
            return
        if len(key.split()) > 1:
            help = f"a key has no blank: write `{'_'.join(key.split())}`"
            self.lost[key] = self.say(f"the key `{key}` has a blank in it", span, help)
            return
        if key in self.entries:
            first = Label(self.entries[key].span, "the first")
            again = Label(span, "again here")
            self.say(f"the source `{key}` stands twice", again, "the first one is used; remove the other", first)
            return
        fields: dict[str, str] = {}
        cursor = start + len(key)
        for one in block.fields:
            name = one.key.lower()
            begin = self.source.text.index("=", cursor) + 1
            value = self.value(one.key, one.value, begin)
            if name in fields:
                where = self.source.text.rindex(one.key, cursor, begin)
                place = self.span(where, where + len(one.key))
                self.say(f"`{one.key}` stands twice in `{key}`", place, "the first one is used; remove the other")
            fields.setdefault(name, value)
            if name in ("crossref", "xdata"):
                keys = [word.strip() for word in (value.split(",") if name == "xdata" else [value])]
                where = self.source.text.find(one.value, begin)
                place = self.span(where, where + len(one.value))
                self.parents.setdefault(key, []).extend((f"{name} {parent}", place) for parent in keys if parent)
            cursor = self.source.text.index(one.value, begin) + len(one.value)
        self.entries[key] = Source(key, block.entry_type.lower(), span, fields)

    def value(self, name: str, raw: str, at: int) -> str:
        """A value in one text: its pieces between `#`, each in braces, in quotes, a number, or the name of a text.

        `at` is an offset before the value, in the file.
        """
        if raw[:1] == "{" and raw[-1:] == "}" and not _BRACE.search(raw, 1, len(raw) - 1):
            return raw[1:-1]
        at = self.source.text.find(raw, at) if raw else at
        pieces: list[str] = []
        end = 0
        while end < len(raw):
            start = end
            end, piece = self.piece(raw, start, at)
            pieces.append(piece)
            while end < len(raw) and raw[end].isspace():
                end += 1
            if end < len(raw) and raw[end] == "#":
                end = _past_blanks(raw, end + 1)
            elif end < len(raw):  # another field, most often
                place = self.span(at + end, at + len(raw.rstrip()))
                help = f"write a comma after the value of `{name}`"
                self.say(f"after `{name}` a comma is missing", self.span(place.start, place.start + 1), help)
                break
        if not pieces:
            self.say(f"nothing stands after `{name} =`", self.span(at, at), "write its value in braces: `{…}`")
        return "".join(pieces)

    def piece(self, raw: str, start: int, at: int) -> tuple[int, str]:
        """One piece of a value: where it ends, and its text."""
        opening = raw[start]
        if opening in '{"':
            depth = 0
            for mark in _BRACE_OR_QUOTE.finditer(raw, start):
                sign = mark.group()
                depth += {"{": 1, "}": -1}.get(sign, 0)
                if (depth == 0 and sign == "}" and opening == "{") or (
                    depth == 0 and sign == '"' and opening == '"' and mark.start() > start
                ):
                    return mark.end(), raw[start + 1 : mark.start()]
            return len(raw), raw[start + 1 :]
        word = _WORD.match(raw, start)
        if word is None:
            return len(raw), raw[start:]
        name = word.group()
        if name.isdigit():
            return word.end(), name
        known = self.names.get(name.lower())
        if known is None:
            place = self.span(at + start, at + word.end())
            self.say(f"`{name}` is no text that this file defines", place, f"in braces it is a text: `{{{name}}}`")
        return word.end(), name if known is None else known

    # ── an entry that cannot be read ──

    def broken(self, at: int, raw: str, reason: str) -> None:
        """P307 for a block that bibtexparser has given up, in the words of what it has met."""
        text = self.source.text
        end = min(at + len(raw), len(text))
        head = re.compile(r"@\w+\s*[{(]\s*([^\s,{}()\"=]{0,100})").match(text, at)
        key = head.group(1) if head else ""
        what = f"`{key}`" if key else "a source"
        if reason.startswith("Expected comma after entry key") and head is not None:
            after = _past_blanks(text, head.end())
            if text[after : after + 1] == "=" and re.match(r"@string\b", text[at:], re.IGNORECASE) is None:
                place = self.span(head.start(1), head.end(1))
                self.say("a source has no key", place, "write a key and a comma before its first field")
                return
            title = f"{what} cannot be read: no comma after its key"
            self.lost[key] = self.say(title, self.span(*head.span(1)), f"write `{key},`")
        elif reason.startswith(("Expected a `=`", "Expected equals sign")):
            last = max(text.rfind(mark, at, end) for mark in ",{\n")
            start = _past_blanks(text, text.rfind(",", at, end) + 1 if text.rfind(",", at, end) > at else last + 1)
            word = re.compile(r"[^\s{}\",=]+").match(text, start, max(end, start))
            name = f"`{word.group()}`" if word else "the name of a field"
            place = self.span(start, word.end() if word else start + 1)
            title = f"{what} cannot be read: no `=` after {name}"
            self.lost[key] = self.say(title, place, "a field is written `name = {value}`")
        else:
            place, sign, field = self.unclosed(at, text[at:end])
            of = f" of `{field}`" if field else ""
            closing = {"{": "}", "(": ")", '"': '"'}[sign]
            help = f"close it with `{closing}` where the value of `{field}` ends" if field else "close its braces"
            self.lost[key] = self.say(f"{what} cannot be read: the `{sign}`{of} is never closed", place, help)

    def without_at(self, at: int, text: str) -> None:
        """What in a comment has the form of an entry."""
        for head in _HEAD.finditer(text):
            place = self.span(at + head.start(1), at + head.end(1))
            title = f"`{head[2]}` cannot be read: no `@` before `{head[1]}`"
            self.lost[head[2]] = diagnostic(
                "P307", visible(title), place, help=f"write `@{head[1]}{{{visible(head[2])},`"
            )

    def unclosed(self, at: int, raw: str) -> tuple[Span, str, str]:
        """What most likely is not closed: its place, its sign, and the field that it opens; no field: the entry."""
        starts = list(_FIELD.finditer(raw))
        ends = [following.start() for following in starts[1:]] + [len(raw)]
        for field, end in zip(starts, ends, strict=False):
            value = raw[field.end() : end]
            marks = [m.group() for m in _BRACE_OR_QUOTE.finditer(value)]
            is_open = marks.count("{") > marks.count("}") if field[2] == "{" else marks.count('"') % 2 == 1
            if is_open:
                start = at + field.end()
                return self.span(start, start + 1), field[2], field[1]
        opening = re.search(r"[{(]", raw)
        start = at + (opening.start() if opening else 0)
        return self.span(start, start + 1), opening.group() if opening else "{", ""

    # ── fields taken from other entries ──

    def inherited(self) -> dict[str, Source]:
        """The entries, each with what it takes from those that its `crossref` and `xdata` name."""
        if not self.parents:
            return self.entries
        keys: dict[str, str] = {}
        for key in self.entries:
            keys.setdefault(key.lower(), key)  # BibTeX takes no notice of case here
        needs: dict[str, list[str]] = {}
        ways: dict[str, list[tuple[str, str]]] = {}
        for key, parents in self.parents.items():
            for how_and_name, place in parents:
                how, _, name = how_and_name.partition(" ")
                parent = keys.get(name.lower())
                if parent is not None:
                    needs.setdefault(key, []).append(parent)
                    ways.setdefault(key, []).append((how, parent))
                elif name not in self.lost:
                    self.say(f"`{key}` takes fields from `{name}`, which is nowhere", place, _near(name, keys))
        entries = dict(self.entries)
        level: dict[str, int] = {}
        for group in strongly_connected(needs):
            key = group[0]
            if is_circular(group, needs):
                shown = group if len(group) <= MOST_OF_A_CIRCLE else [*group[:MOST_OF_A_CIRCLE], "…"]
                circle = " → ".join([*shown, key])
                place = self.parents[key][0][1]
                self.say(f"`{key}` takes fields from itself: {circle}", place, "remove one `crossref` of the circle")
                continue
            level[key] = 1 + max(level.get(parent, 0) for _, parent in ways[key])
            for how, parent in ways[key] if level[key] <= MOST_LEVELS else ():
                entries[key] = _with_fields_of(entries[key], entries[parent], how)
        return entries


def _with_fields_of(child: Source, parent: Source, how: str) -> Source:
    """An entry with the fields that it lacks and another has."""
    left = NOT_TAKEN
    taken = dict(parent.fields)
    if how == "crossref" and child.type in PARTS:
        if "title" in taken:
            taken.setdefault("booktitle", taken["title"])
        left = NOT_TAKEN | OF_THE_BOOK
    taken = {name: value for name, value in islice(taken.items(), MOST_FIELDS) if name not in left}
    return Source(child.key, child.type, child.span, {**taken, **child.fields}, (*child.taken_from, parent.key))


def _near(name: str, known: Mapping[str, str]) -> str:
    """What to write for a key that is nowhere; `known` are those that there are, by their lower case."""
    import difflib

    near = difflib.get_close_matches(name.lower(), islice(known, 2000), 1, 0.65)
    return f"did you mean `{known[near[0]]}`?" if near else "it has to stand in the same file"


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _no_bibtex(source: SourceFile) -> Diagnostic:
    start = _past_blanks(source.text, 0)
    place = Span(source, start, start)
    if start == len(source.text):
        title = f"`{source.name}` is empty"
        return diagnostic(
            "P309", title, Span(source, 0, 0), help="it holds entries such as `@misc{name2020, title = {…}}`"
        )
    for beginning, name in _OTHER_FORMATS:
        if re.compile(beginning).match(source.text, start):
            title = f"`{source.name}` is {name}, not BibTeX"
            return diagnostic("P309", title, place, help="export the sources as BibTeX, and name that file")
    title = f"`{source.name}` holds no entry of BibTeX"
    return diagnostic("P309", title, place, help="an entry begins with `@`, as in `@misc{name2020, title = {…}}`")
