"""Text into statements.

Takes the text of a file (or of a block's body) and gives the range of each statement, so that each can be parsed alone
and a slip in one neither hides nor invents an error in another. Knows strings, comments, brackets and the words that
continue a line; reports what only this view can see: brackets that do not pair and texts without an end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.limits import DEFAULT_LIMITS, MOST_ERRORS, Limits
from tonne.source import SourceFile, Span
from tonne.syntax.keywords import STATEMENT_WORDS

_MARK = re.compile(r'"(?:\\.|[^"\\\n])*("?)|#[^\n]*|\n|[{}()\[\]]')
_BLANK = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*")
_CONTINUES = re.compile(r"or(?=[ \t(])|from(?=[ \t\"])|assumed(?=[ \t\"])")
_STATEMENT = re.compile(
    rf"(?:{'|'.join(w for w in STATEMENT_WORDS if w != 'show')})(?=[ \t\n]|$)"
    r"|(?!(?:or|from|assumed|show|vary|over|without)[ \t])[A-Za-z_]\w*[ \t]+[A-Za-z_]\w*[ \t]*(?:\{|like[ \t]|\n|$)"
)
_LINE_OF_BLOCK = re.compile(
    rf"[ \t]*(?:(?:{'|'.join(STATEMENT_WORDS)}|without|vary|over)(?=[ \t\n]|$)|\}}"
    r"|[A-Za-z_][\w.]*[ \t]*:|[A-Za-z_][^\n(){}#]*\{[ \t]*(?=\n|$))"
)
_BINDING = re.compile(r"[ \t]*[A-Za-z_][\w.]*[ \t]*=[ \t]")
_HEAD = re.compile(
    r"(?!(?:" + "|".join(STATEMENT_WORDS) + r")\b)[a-z_]\w*[ \t]+[A-Za-z_]\w*(?:[ \t]+like[ \t]+[\w.]+)?[ \t]*$"
)
_LONGEST_HEAD = 1000
_INDENTED = re.compile(r"(?:[ \t]*\n)*[ \t]+(?:[A-Za-z_]\w*[ \t]*=[ \t]|\")")
_PAIR = {")": "(", "]": "[", "}": "{"}
_CLOSES = {opened: closed for closed, opened in _PAIR.items()}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One statement: its range; where its block opens and closes (`close` is -1 when it never does).

    `broken` holds the first offsets of lines that were reported here already and must not be parsed.
    """

    start: int
    end: int
    open: int = -1
    close: int = -1
    broken: tuple[int, ...] = ()


@dataclass(slots=True)
class _Statement:
    start: int
    open: int = -1
    close: int = -1
    broken: list[int] = field(default_factory=list)


def split(
    source: SourceFile, start: int, end: int, limits: Limits = DEFAULT_LIMITS, *, whole_file: bool = True
) -> tuple[list[Chunk], list[Span], list[Diagnostic]]:
    """The statements, comments and bracket errors of `source.text[start:end]`.

    With `whole_file` false the text is the body of a block, in which no statement of a file can begin.
    """
    text = source.text
    chunks: list[Chunk] = []
    comments: list[Span] = []
    found: list[Diagnostic] = []
    brackets: list[tuple[str, int]] = []
    current = _Statement(start)
    too_deep = False
    next_word = -1  # where the words begin that come after the blank lines and comments of here
    beyond = 0  # brackets open beyond the limit, which are counted and not kept

    def line_start(offset: int) -> int:
        return text.rfind("\n", 0, offset) + 1

    def finish(at: int) -> None:
        nonlocal current, beyond
        beyond = 0
        if text[current.start : at].strip():
            chunks.append(Chunk(current.start, at, current.open, current.close, tuple(current.broken)))
        current = _Statement(at)

    def unclosed(bracket: str, opened: int, next_item: int) -> None:
        if bracket != "{":
            current.broken.append(line_start(opened))
        if found and found[-1].code == "S102" and found[-1].span.start >= current.start:
            return  # one a statement is enough
        line = source.position(next_item)[0]
        if next_item >= end:
            help = f"close it with `{_CLOSES[bracket]}`"
        elif bracket == "{":
            help = f"the next item starts at line {line}; close the block before it"
        else:
            help = "close it on its line"
        label = Label(Span(source, opened, opened + 1), "opened here")
        found.append(diagnostic("S102", f"this `{bracket}` is never closed", label, help=help))

    for mark in _MARK.finditer(text, start, end):
        if len(found) > MOST_ERRORS:
            break
        at, token = mark.start(), mark.group()
        first = token[0]
        if first == '"':
            if not mark.group(1):
                found.append(
                    diagnostic(
                        "S106",
                        "this text has no closing quote",
                        Span(source, at, mark.end()),
                        help="close it on the same line",
                    )
                )
                current.broken.append(line_start(at))
                if token.rstrip().endswith("{"):
                    brackets.append(("{", at + len(token.rstrip()) - 1))
                    if current.open < 0:
                        current.open = brackets[-1][1]
        elif first == "#":
            comments.append(Span(source, at, mark.end()))
        elif first == "\n":
            after = at + 1
            while brackets and brackets[-1][0] != "{":
                bracket, opened = brackets[-1]
                is_call = opened > 0 and (text[opened - 1].isalnum() or text[opened - 1] == "_")
                if not (_LINE_OF_BLOCK.match(text, after, end) or (not is_call and _BINDING.match(text, after, end))):
                    break
                brackets.pop()
                unclosed(bracket, opened, after)
            if brackets and whole_file and _STATEMENT.match(text, after, end):
                for bracket, opened in brackets:
                    unclosed(bracket, opened, after)
                brackets.clear()
            if (
                not brackets
                and whole_file
                and at - current.start < _LONGEST_HEAD
                and _HEAD.match(text[current.start : at].lstrip())
                and _INDENTED.match(text, after, end)
            ):
                # `run name` with its lines below and no brace: read as if it stood there, and say so once
                found.append(
                    diagnostic(
                        "S102", "this block has no `{`", Span(source, at, at), help="write ` {` at the end of the line"
                    )
                )
                brackets.append(("{", at))
                current.open = at
                current.broken.append(line_start(max(at - 1, 0)))
            if not brackets:
                if after > next_word:  # blank lines are looked through once, not once for each of them
                    blank = _BLANK.match(text, after, end)
                    next_word = blank.end() if blank else after
                if not _CONTINUES.match(text, next_word, end):
                    finish(after)
        elif first in "{([":
            if len(brackets) < limits.nesting:
                brackets.append((first, at))
            else:
                beyond += 1
            if beyond == 1 and not too_deep:
                too_deep = True
                found.append(
                    diagnostic(
                        "S109",
                        f"brackets are nested more than {limits.nesting} deep",
                        Span(source, at, at + 1),
                        help="the limits are in the reference; `[limits] nesting` in tonne.toml sets this one",
                    )
                )
                current.broken.append(current.start)
            if first == "{" and len(brackets) == 1 and current.open < 0:
                current.open = at
        elif beyond:
            beyond -= 1
        else:
            while brackets and brackets[-1][0] != _PAIR[first] and first == "}":
                bracket, opened = brackets.pop()
                unclosed(bracket, opened, at)
            if brackets and brackets[-1][0] == _PAIR[first]:
                _, opened = brackets.pop()
                if opened == current.open:
                    current.close = at
            else:
                last = chunks[-1] if chunks else None
                help = "remove it"
                if first == "}" and last is not None and last.close >= 0:
                    help = (
                        f"the block opened at line {source.position(last.open)[0]} "
                        f"was closed at line {source.position(last.close)[0]}"
                    )
                found.append(diagnostic("S103", f"this `{first}` closes nothing", Span(source, at, at + 1), help=help))
                current.broken.append(line_start(at))
    for bracket, opened in brackets:
        unclosed(bracket, opened, end)
    finish(end)
    return chunks, comments, found
