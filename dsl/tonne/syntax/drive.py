"""lark's tables, driven in one tight loop.

Takes the parser that lark made of the grammar; gives for a text what `Lark.parse` gives, about twice as fast, or `REFUSED`
where `Lark.parse` would raise: then the caller asks lark, whose exception says where and what was expected. Lexing and
parsing are one loop, lines are not counted, and of a token only its type, text and place are made. A property test holds the
two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lark import Lark, Token
from lark.lexer import UnlessCallback
from lark.parsers.lalr_analysis import Shift

# What `parse` gives for a text that is not of the language.
REFUSED = object()

# No word of the language needs the blanks before it. A continuing `from` may carry them, and is found without them too.
_BLANKS = re.compile(r"[ \t\r]+")
_BRACKETS = {"LPAR": 1, "LSQB": 1, "RPAR": -1, "RSQB": -1}

# What to do on a terminal: reduce by a callback so many values to a rule, or (without a callback) shift to a state.
_Step = tuple[Callable[[list[Any]], Any] | None, int, str, "_State"]


class _State:
    """A state of the parser; what it needs to match and do is filled in when it is first reached."""

    __slots__ = ("match", "number", "steps", "words")
    match: Callable[[str, int], re.Match[str] | None]
    steps: dict[str, _Step] | None
    words: dict[str, Callable[[str], str | None]]  # terminals of which some words are keywords

    def __init__(self, number: int) -> None:
        self.number = number
        self.steps = None


class Driver:
    """Parses texts by the rules of a grammar; `dropped` is the terminal that counts for nothing inside brackets."""

    def __init__(self, lark: Lark, dropped: str) -> None:
        frontend: Any = lark.parser
        self._lexers = frontend.lexer.lexer.lexers  # the contextual lexer, behind the post-lexer
        self._callbacks = frontend.parser.parser.callbacks
        self._table = frontend.parser._parse_table
        self._states = {number: _State(number) for number in self._table.states}
        self._ignored = frozenset(lark.lexer_conf.ignore)
        self._dropped = dropped

    def _fill(self, state: _State) -> dict[str, _Step]:
        lexer = self._lexers[state.number]
        (pattern,) = lexer.scanner._mres
        state.match = pattern.match
        state.words = {
            name: callback.scanner.fullmatch
            for name, callback in lexer.callback.items()
            if isinstance(callback, UnlessCallback)
        }
        state.steps = {
            name: (None, 0, "", self._states[arg])
            if action is Shift
            else (self._callbacks[arg], len(arg.expansion), arg.origin.name, state)
            for name, (action, arg) in self._table.states[state.number].items()
        }
        return state.steps

    def parse(self, text: str, start: str, words: list[Token] | None = None) -> Any:
        """What the rule `start` makes of the whole text, or `REFUSED`; its words are added to the list `words`."""
        ignored, dropped = self._ignored, self._dropped
        end_state = self._states[self._table.end_states[start]]
        state = self._states[self._table.start_states[start]]
        stack, values = [state], []  # type: tuple[list[_State], list[Any]]
        place, length, depth = 0, len(text), 0
        token: Token | None = None
        while True:
            if place < length and text[place] in " \t\r":
                place = _BLANKS.match(text, place).end()  # type: ignore[union-attr]  # there is one
            steps = state.steps or self._fill(state)
            if place < length:
                found = state.match(text, place)
                if found is None:
                    return REFUSED
                kind: str = found.lastgroup  # type: ignore[assignment]  # every alternative has a name
                word, begin, place = found.group(), place, found.end()
                if kind in ignored:
                    continue
                if kind in state.words:
                    kind = state.words[kind](word) or kind
                elif kind in _BRACKETS:
                    depth += _BRACKETS[kind]
                elif depth > 0 and kind == dropped:
                    continue
                token = str.__new__(Token, word)
                token.type = kind
                token.start_pos = begin
                if words is not None and kind != dropped:
                    words.append(token)
            else:
                kind, token = "$END", None
            while True:
                step = steps.get(kind)
                if step is None:
                    return REFUSED
                callback, size, origin, target = step
                if callback is None:
                    state = target
                    stack.append(state)
                    values.append(token)
                    break
                if size:
                    taken = values[-size:]
                    del values[-size:], stack[-size:]
                else:
                    taken = []
                values.append(callback(taken))
                below = stack[-1]
                state = (below.steps or self._fill(below))[origin][3]
                stack.append(state)
                if state is end_state and token is None:
                    return values[-1]
                steps = state.steps or self._fill(state)
