"""A source file into its syntax tree.

Takes a `SourceFile`, gives a `Module` and the diagnostics of what could not be read. Never raises for what a file
contains. `read_words` gives the words of the same statements instead of their meaning. The only home of lark, with its
neighbours in this package.
"""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from tonne.cache import cached
from tonne.diagnostic import Diagnostic, in_file_order
from tonne.limits import DEFAULT_LIMITS, MOST_ERRORS, Limits
from tonne.source import SourceFile, Span
from tonne.syntax import tree
from tonne.syntax.build_tree import TreeBuilder, with_lines
from tonne.syntax.drive import REFUSED, Driver
from tonne.syntax.mistakes import mistake, two_on_a_line
from tonne.syntax.split import Chunk, split
from tonne.values import replace

_BLOCK_LINES = {"kind": "kind_line", "sweep": "sweep_line", "case": "case_line", "optimum": "optimum_line"}
_NOT_BLOCKS = {"use", "show"}
STARTS = ["start", "item", "instance_line", *_BLOCK_LINES.values()]
_WORD = re.compile(r"[A-Za-z_]\w*")


class DropNewlinesInBrackets:
    """Newlines inside ( ) and [ ] end nothing."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth = 0
        for token in stream:
            kind = token.type
            if kind in ("LPAR", "LSQB"):
                depth += 1
            elif kind in ("RPAR", "RSQB"):
                depth -= 1
            elif kind == "_NL" and depth > 0:
                continue
            yield token


class Word(NamedTuple):
    """A word or sign of a file: the name of its terminal in the grammar, and where it stands."""

    kind: str
    start: int
    end: int


Words = tuple[Word, ...]


class WordsOfChunk(NamedTuple):
    """A statement as `split` found it, and what of it could be read, in order.

    That is all its words in one part; or, where a line of a block cannot be read, its head and each line that can.
    """

    chunk: Chunk
    parts: tuple[Words, ...]


def grammar() -> str:
    return files("tonne.syntax").joinpath("grammar.lark").read_text(encoding="utf-8")


class _Parser(NamedTuple):
    lark: Lark
    driver: Driver
    builder: TreeBuilder


@lru_cache(maxsize=4)
def _parser(limits: Limits) -> _Parser:
    builder = TreeBuilder(limits)
    text = grammar()
    made: list[Lark] = []

    def tables() -> bytes:
        """The grammar worked out, as `Lark.save` writes it."""
        options: dict[str, Any] = {"parser": "lalr", "lexer": "contextual", "start": STARTS, "maybe_placeholders": True}
        made.append(Lark(text, transformer=builder, postlex=DropNewlinesInBrackets(), **options))
        buffer = io.BytesIO()
        made[0].save(buffer, exclude_options=["transformer", "postlex"])
        return buffer.getvalue()

    known = cached("grammar", [text], tables)
    lark = made[0] if made else _load(known, builder)
    return _Parser(lark, Driver(lark, dropped="_NL"), builder)


def _load(tables: bytes, builder: TreeBuilder) -> Lark:
    """As `Lark.load`, which takes no options; those that are given here do not change the tables."""
    lark = Lark.__new__(Lark)
    return lark._load(io.BytesIO(tables), transformer=builder, postlex=DropNewlinesInBrackets())


def parse(source: SourceFile, limits: Limits = DEFAULT_LIMITS) -> tuple[tree.Module, list[Diagnostic]]:
    """The tree of a file, and the errors of the statements that could not be read; the rest of the file is there."""
    parser = _parser(limits)
    chunks, comments, found = split(source, 0, len(source.text), limits)
    statements: list[Any] = []
    lost: set[str] = set()
    with _no_collecting():
        for chunk in chunks:
            if len(found) > MOST_ERRORS:
                break
            _parse_chunk(parser, source, chunk, limits, statements, found, lost)
    return tree.Module(source, tuple(statements), tuple(comments), frozenset(lost)), in_file_order(found)


def read_words(
    source: SourceFile, start: int, end: int, limits: Limits = DEFAULT_LIMITS
) -> tuple[list[WordsOfChunk], list[Span], list[Diagnostic]]:
    """The words of each statement of `source.text[start:end]`, the comments, and the errors that `parse` gives."""
    parser = _parser(limits)
    chunks, comments, found = split(source, start, end, limits)
    read = []
    with _no_collecting():
        for chunk in chunks:
            parts: list[Words] = []
            _parse_chunk(parser, source, chunk, limits, [], found, set(), parts)
            read.append(WordsOfChunk(chunk, tuple(parts)))
    return read, comments, in_file_order(found)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """What is made of a file is acyclic and large: the collector only slows it."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def parse_line(source: SourceFile, start: str) -> tuple[Any | None, list[Diagnostic]]:
    """One line of a block by itself, such as the `path = value` of `--set`."""
    parser = _parser(DEFAULT_LIMITS)
    found: list[Diagnostic] = []
    node = _parse_text(parser, source, 0, len(source.text), start, found)
    return node, found


def _parse_text(
    parser: _Parser,
    source: SourceFile,
    start: int,
    end: int,
    rule: str,
    found: list[Diagnostic],
    close: str = "",
    parts: list[Words] | None = None,
) -> Any | None:
    text = source.text[start:end]
    begin = len(text) - len(text.lstrip())
    end_of_words = len(text.rstrip())
    words = text[begin:end_of_words] + close
    builder = parser.builder
    builder.begin(source, start + begin)
    tokens: list[Token] | None = None if parts is None else []
    node = parser.driver.parse(words, rule, tokens)
    if node is REFUSED:
        builder.begin(source, start + begin)
        try:
            node = parser.lark.parse(words, start=rule)
        except UnexpectedInput as error:
            found.append(mistake(error, source, start + begin, end_of_words - begin))
            return None
    found += builder.found
    too_deep = any(d.code == "S109" for d in builder.found)
    if too_deep:
        return None  # what is nested too deep is not looked at further
    if parts is not None and tokens is not None:
        spans = [(token.type, builder.span(token)) for token in tokens]
        parts.append(tuple(Word(kind, span.start, span.end) for kind, span in spans if span.start < end))
    return node


def _leading_comments(source: SourceFile, chunk: Chunk) -> int:
    """Where the words of a statement begin, past the blank lines and comments before it."""
    match = re.compile(r"(?:\s|#[^\n]*(?:\n|$))*").match(source.text, chunk.start, chunk.end)
    return match.end() if match else chunk.start


def _parse_chunk(
    parser: _Parser,
    source: SourceFile,
    chunk: Chunk,
    limits: Limits,
    statements: list[Any],
    found: list[Diagnostic],
    lost: set[str],
    parts: list[Words] | None = None,
) -> None:
    text = source.text
    start = _leading_comments(source, chunk)
    end = start + len(text[start : chunk.end].rstrip())
    if start >= end:
        return
    errors: list[Diagnostic] = []
    unclosed = chunk.open >= 0 and chunk.close < 0
    first_word = _WORD.match(text, start)
    word = first_word.group() if first_word else ""
    if not chunk.broken:
        node = _parse_text(parser, source, start, end, "item", errors, "\n}" if unclosed else "", parts)
        if node is not None:
            statements.append(node)
            found += errors
            return
    is_block = chunk.open >= 0 and word not in _NOT_BLOCKS
    if not is_block or any(start <= b < chunk.open for b in chunk.broken) or _line_of(text, start) in chunk.broken:
        if not chunk.broken:
            found += errors
        lost.update(_WORD.findall(text[start : min(end, start + 10_000)]))
        return
    # Some line of a block cannot be read: read the head alone, then each line alone.
    errors = []
    node = _parse_text(parser, source, start, chunk.open + 1, "item", errors, "}", parts)
    if node is None:
        found += errors
        lost.update(_WORD.findall(text[start : chunk.open]))
        return
    body_end = chunk.close if chunk.close >= 0 else chunk.end
    lines, _, _ = split(source, chunk.open + 1, body_end, limits, whole_file=False)
    read: list[Any] = []
    for line in lines:
        if len(errors) > MOST_ERRORS:
            break
        line_start = _leading_comments(source, line)
        if line_start >= line.end or not text[line_start : line.end].strip():
            continue
        reported = any(line.start <= b < line.end or b == _line_of(text, line_start) for b in chunk.broken)
        one = None
        if not reported:
            rule = _BLOCK_LINES.get(word, "instance_line")
            one = _parse_text(parser, source, line_start, line.end, rule, errors, parts=parts)
        if one is None:
            lost.update(_WORD.findall(text[line_start : min(line.end, line_start + 10_000)].split("=")[0]))
        read.append(one)
    found += errors
    partly_read = {"partly_read": True} if None in read and hasattr(node, "partly_read") else {}
    statements.append(with_lines(replace(node, **partly_read), read))
    after = _leading_comments(source, Chunk(chunk.close + 1, end)) if chunk.close >= 0 else end
    if after < end:  # what stands behind the closing brace on its line
        found.append(two_on_a_line(Span(source, after, end)))
        lost.update(_WORD.findall(text[after : min(end, after + 10_000)]))


def _line_of(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1
