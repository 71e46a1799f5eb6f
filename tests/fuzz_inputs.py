"""Inputs for the fuzzer: real files that are damaged, and files that the grammar makes.

`make(seed, index)` gives the files of one input, always the same ones. About half of them get past the reader, so that
names, units, determination and evaluation are tried as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from lark import Lark
from lark.grammar import Terminal

from tonne.library import library_file
from tonne.source import SourceFile
from tonne.syntax import tree
from tonne.syntax.fences import only_fences
from tonne.syntax.parse import STARTS, grammar, parse
from tonne.syntax.split import split

ROOT = Path(__file__).parent.parent


class Input(NamedTuple):
    """Files by name; the first is the one that is run. `sort` says how it was made."""

    sort: str
    files: dict[str, bytes]

    @property
    def entry(self) -> str:
        return next(iter(self.files))


# ── what real files are made of ──


@lru_cache(maxsize=1)
def texts() -> tuple[str, ...]:
    """All that is written in the language in this project; of Markdown what stands in the fences."""
    folders = ("scenarios", "stdlib", "tests/cases", "docs")
    paths = sorted(p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in (".tonne", ".md"))
    return tuple(t for p in paths if (t := _read(p)).strip())


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\n{3,}", "\n\n", only_fences(text)).lstrip("\n") if path.suffix == ".md" else text


@lru_cache(maxsize=1)
def blocks() -> tuple[str, ...]:
    """The statements of the real files, each by itself."""
    found: dict[str, None] = {}
    for text in texts():
        chunks, _, _ = split(SourceFile("corpus", text), 0, len(text))
        found.update((text[c.start : c.end].strip(), None) for c in chunks if c.end - c.start < 2000)
    return tuple(found)


@lru_cache(maxsize=1)
def small_blocks() -> tuple[str, ...]:
    """Statements that are no kinds and no units, which a check takes little time for."""
    return tuple(b for b in blocks() if not b.startswith(("kind ", "unit ", "dimension ", "#")) and len(b) < 600)


@lru_cache(maxsize=1)
def words() -> tuple[str, ...]:
    return tuple(sorted({w for text in texts() for w in _TOKEN.findall(text) if not w.isspace()}))


_TOKEN = re.compile(r'"[^"\n]*"|[^\W\d]\w*|[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?|\n|[ \t]+|.', re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
NUMBERS = (
    "0", "0.0", "1", "-1", "2", "0.5", "100", "1e308", "1e309", "1.7976931348623157e308", "1e-320", "5e-324", "1e-400", "9" * 40, "0." + "0" * 40 + "1",
    "1" + "0" * 400, "7" * 10_000, "1e99999999", "1e-99999999", "1_000", "1__0", "1_", "0x10", "00", "1.", ".5", "1e", "70B", "1.4T", "3k", "1M", "2026", "2026-02-30", "2026-13",
    "1e22", "123456789.123456789",
)  # fmt: skip
UNITS = (
    "kWh", "MWh", "Wh", "J", "kW", "W", "W/device", "gCO2e", "tCO2e", "gCO2e/kWh", "token", "token/request", "request/day", "param", "FLOP", "FLOP/s", "TFLOP/s/device", "day", "h", "year", "month",
    "device", "device*h", "%", "ratio", "L/kWh", "kg", "byte", "GB", "USD", "$", "1/day", "/day",
    "kWh^2", "kWh^24", "kWh^25", "kWh^-24", "kWh^99999999999999999999", "kWh^" + "9" * 5000, "kWh/kWh", "kWh*h/day", "kWh/h*day", "ktoken", "KWH", "gCO2", "x", "kWh/x", "kWh/" * 50 + "kWh", "µJ", "μJ", "é", "Kib", "kkWh",
)  # fmt: skip
ODD = (
    "\x00", "\x1b[31m", "\x1b]0;x\x07", "\x07", "\x7f", "\x85", "\x9b31m", "\u202e", "\u2066", "\u200b", "\u00a0", "\u2028", "\u2029", "\ufeff", "\r", "\r\n", "\t", "\x0b", "\x0c",
    "é", "日本", "😀", "\U000e0041", "e\u0301", "ﬁ", "İ", "ß", "\udc80", "\ud83d", "²", "½", "٣", "µ", "Ω", "“", "”", "−", "×", "…", "\\", '"', "'", "`", "{", "}", "(", ")", "[", "]", "~", "^", "^ -1", ";", "%", "$", "€", "#", "#", "..", ",", "=", "==", "<", ":",
    "[bold]", "[/]", ":smile:", "{x}", "{0}", "%s",
)  # fmt: skip
CODES = ("V225", "V221", "D201", "P301", "X999", "V22", "S101")


# ── damage ──


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True) or [""]


def _cut_lines(r: Random, text: str) -> str:
    lines = _lines(text)
    at = r.randrange(len(lines))
    del lines[at : at + r.choice((1, 1, 1, 3))]
    return "".join(lines)


def _double_lines(r: Random, text: str) -> str:
    lines = _lines(text)
    at = r.randrange(len(lines))
    piece = lines[at : at + r.randint(1, 4)]
    lines[at:at] = piece * r.choice((1, 1, 1, 2))
    return "".join(lines)


def _swap_lines(r: Random, text: str) -> str:
    lines = _lines(text)
    a, b = r.randrange(len(lines)), r.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "".join(lines)


def _change_words(r: Random, text: str) -> str:
    tokens = _TOKEN.findall(text) or [""]
    at = r.randrange(len(tokens))
    what = r.randrange(5)
    if what == 0:
        del tokens[at]
    elif what == 1:
        tokens.insert(at, r.choice(words()))
    elif what == 2:
        tokens[at] = r.choice(words())
    elif what == 3:
        other = r.randrange(len(tokens))
        tokens[at], tokens[other] = tokens[other], tokens[at]
    else:
        tokens[at] = tokens[r.randrange(len(tokens))]
    return "".join(tokens)


def _change_characters(r: Random, text: str) -> str:
    at = r.randrange(len(text) + 1)
    what = r.randrange(4)
    if what == 0:
        return text[:at] + text[at + 1 :]
    if what == 1:
        return text[:at] + text[at : at + 1] * 2 + text[at + 1 :]
    if what == 2:
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return text[:at] + chr(r.randrange(32, 127)) + text[at + 1 :]


def _put_odd(r: Random, text: str) -> str:
    at = r.randrange(len(text) + 1)
    return text[:at] + r.choice(ODD) * r.choice((1, 1, 1, 2, 20)) + text[at:]


def _change_number(r: Random, text: str) -> str:
    places = list(_NUMBER.finditer(text))
    if not places:
        return text + f"\nlet n = {r.choice(NUMBERS)} {r.choice(UNITS)}\nshow n\n"
    place = r.choice(places)
    new = r.choice(NUMBERS) if r.random() < 0.7 else place.group() + r.choice(("0", "00000", "e5", "e-9", ".0", ".25"))
    return text[: place.start()] + new + text[place.end() :]


def _change_unit(r: Random, text: str) -> str:
    places = list(re.finditer(r"(?<=[0-9%] )[^\W\d][\w/*^]*|(?<=: )[^\W\d][\w/*^]*", text))
    if not places:
        return _change_number(r, text)
    place = r.choice(places)
    return text[: place.start()] + r.choice(UNITS) + text[place.end() :]


def _change_name(r: Random, text: str) -> str:
    """One name put in the place of another: most such files can be read, and are circular or of the wrong kind."""
    names = list(re.finditer(r"[^\W\d]\w*", text))
    if not names:
        return text
    a, b = r.choice(names), r.choice(names)
    return text[: a.start()] + b.group() + text[a.end() :]


def _splice(r: Random, text: str) -> str:
    lines, other = _lines(text), _lines(r.choice(small_blocks()))
    at, cut = r.randrange(len(lines) + 1), r.randrange(len(other) + 1)
    return "".join([*lines[:at], *other[cut:], "\n", *lines[at:]])


def _truncate(r: Random, text: str) -> str:
    return text[: r.randrange(len(text) + 1)]


def _nest(r: Random, text: str) -> str:
    places = list(_NUMBER.finditer(text))
    if not places:
        return text
    place, depth = r.choice(places), r.choice((1, 3, 30, 199, 201, 1500))
    opened, closed = r.choice(
        (("(", ")"), ("-", ""), ("- ", ""), ("abs(", ")"), ("min(1, ", ")"), ("[", "]"), ("2 ^ ", ""))
    )
    return text[: place.start()] + opened * depth + place.group() + closed * depth + text[place.end() :]


def _lengthen(r: Random, text: str) -> str:
    places = list(_NUMBER.finditer(text))
    if not places:
        return text
    place, times = r.choice(places), r.choice((2, 20, 300))
    return (
        text[: place.end()]
        + r.choice((" + 1", " * 2", " - x", " / 3", ", 1", " ^ 2", "0", " or 1")) * times
        + text[place.end() :]
    )


def _repeat(r: Random, text: str) -> str:
    """A statement many times over, under its own name or under new ones."""
    block = r.choice(small_blocks())
    times = r.choice((2, 2, 5, 40))
    head = re.match(r"([a-z_]\w*[ \t]+)([A-Za-z_]\w*)", block)
    if head is None or r.random() < 0.3:
        return text + "\n" + (block + "\n") * times
    copies = [f"{head.group(1)}{head.group(2)}{i}{block[head.end() :]}" for i in range(times)]
    return text + "\n" + "\n".join(copies) + "\n"


DAMAGE: tuple[tuple[Callable[[Random, str], str], int], ...] = (
    (_cut_lines, 6), (_double_lines, 5), (_swap_lines, 5), (_change_words, 12), (_change_characters, 8), (_put_odd, 8), (_change_number, 14), (_change_unit, 10),
    (_change_name, 14), (_splice, 6), (_truncate, 2), (_nest, 2), (_lengthen, 3), (_repeat, 1),
)  # fmt: skip
_KINDS_OF_DAMAGE = [d for d, _ in DAMAGE]
_WEIGHTS = [w for _, w in DAMAGE]


def damaged(r: Random, text: str, most: int = 5) -> str:
    for damage in r.choices(_KINDS_OF_DAMAGE, _WEIGHTS, k=r.randint(1, most)):
        text = damage(r, text)
    return text


# ── what the grammar allows ──


@lru_cache(maxsize=1)
def _core() -> tuple[dict[str, dict[str, str]], dict[str, tree.KindDeclaration]]:
    """The fields of each kind of the core, each with the word of its type."""
    path = library_file("core.kinds")
    assert path is not None
    module, _ = parse(SourceFile("kinds", path.read_text(encoding="utf-8")))
    kinds = {s.name: s for s in module.statements if isinstance(s, tree.KindDeclaration)}
    return {n: {f.name: f.type.word for f in k.fields} for n, k in kinds.items()}, kinds


class Made:
    """A file made rule by rule from the grammar, with names from a small pool that fit each other most of the time."""

    NAMES = ("a", "b", "c", "r", "g", "f", "m", "total")

    def __init__(self, r: Random) -> None:
        self.r = r
        self.fields = _core()[0]
        self.kinds: dict[str, str] = {}  # an instance → its kind
        self.lets: list[str] = []
        self.own_kinds: list[str] = []

    def text(self) -> str:
        made = [self._statement() for _ in range(self.r.choice((1, 1, 1, 1, 2, 2, 3, 6)))]
        if self.r.random() < 0.5:
            made.append("show " + ", ".join(self.path() for _ in range(self.r.choice((1, 1, 3)))))
        if self.r.random() < 0.1:
            self.r.shuffle(made)
        return "\n".join(made) + "\n"

    def _statement(self) -> str:
        r, at = self.r, self.r.random()
        if at < 0.40:
            return self.instance()
        if at < 0.60:
            return self.let()
        if at < 0.70:
            return self.test()
        if at < 0.72:
            return self.kind()
        if at < 0.721:
            return f"unit {r.choice(self.NAMES)} = {r.choice(NUMBERS)} {r.choice((*UNITS[:32], *self.NAMES))}"
        made = self.rule("item")
        return (
            made if not made.startswith(("unit", "dimension")) or r.random() < 0.05 else self.let()
        )  # a table of units takes long

    # ── statements of our own, which mostly fit ──

    def instance(self) -> str:
        r = self.r
        kind = r.choice(
            ("run", "run", "deployment", "grid", "model", "hardware", "facility", *self.own_kinds, *self.fields)
        )
        name = r.choice(self.NAMES)
        like = f" like {r.choice([*self.kinds, name, 'x'])}" if self.kinds and r.random() < 0.25 else ""
        known = self.fields.get(kind, {})
        lines = []
        for one in r.sample(list(known), min(len(known), r.choice((0, 1, 2, 3, 4, 7)))):
            lines.append(f"  {one} = {self.value(known[one])}{self.tail()}")
        if like and known and r.random() < 0.5:
            lines.append(f"  without {r.choice(list(known))}")
        self.kinds[name] = kind
        return f"{kind} {name}{like} {{\n" + "\n".join(lines) + "\n}"

    def value(self, type: str) -> str:
        r, at = self.r, self.r.random()
        if type in ("text", "date"):
            return r.choice(('"x"', "2026", "2026-02", "2026-02-01", "3"))
        if type in self.fields:
            fit = [n for n, k in self.kinds.items() if k == type] or list(self.kinds) or ["x"]
            return r.choice(fit) if at < 0.9 else f"[{', '.join(r.choices(fit, k=2))}]"
        unit = "" if type == "ratio" else f" {type}"
        if at < 0.72:
            return f"{self.number()}{unit}"
        if at < 0.80:
            return f"{self.number()}{unit} ~ {r.choice(('uniform', 'interval', 'triangular'))}({self.number()}{unit}, {self.number()}{unit})"
        if at < 0.9:
            return f"{self.number()}{unit} {r.choice('*/')} {self.expr(2)}"
        return self.expr(3)

    def number(self) -> str:
        r = self.r
        return (
            r.choice(("0", "1", "1.1", "2048", "40%", "70B", "0.3", "1e9", "3", "500"))
            if r.random() < 0.93
            else r.choice(NUMBERS)
        )

    def tail(self) -> str:
        return self.r.choice(
            ("", "", "", ' from "x"', ' assumed "y"', ' from section55 "t"', f' allow {self.r.choice(CODES)} "z"')
        )

    def path(self) -> str:
        r = self.r
        if self.lets and r.random() < 0.3:
            return r.choice(self.lets)
        if not self.kinds or r.random() < 0.05:
            return r.choice((*self.NAMES, "a.b.c", "x.co2e"))
        name = r.choice(list(self.kinds))
        known = self.fields.get(self.kinds[name], {})
        if not known:
            return name
        one = r.choice(("co2e", "energy", *known)) if r.random() < 0.5 else r.choice(list(known))
        return f"{name}.{one}" + (
            f".{r.choice(('power', 'carbon_intensity', 'pue'))}" if known.get(one) in self.fields else ""
        )

    def expr(self, depth: int) -> str:
        r, at = self.r, self.r.random()
        if depth <= 0 or at < 0.3:
            return self.path() if r.random() < 0.6 else f"{self.number()} {r.choice(UNITS[:28])}"
        if at < 0.75:
            return f"{self.expr(depth - 1)} {r.choice('+-*/')} {self.expr(depth - 1)}"
        if at < 0.8:
            return f"({self.expr(depth - 1)}) ^ {r.choice(('2', '-1', '0', '0.5', '400', '1e300', '99999999999', '-3', '24'))}"
        if at < 0.85:
            return f"-{self.expr(depth - 1)}"
        function = r.choice(
            (
                "min",
                "max",
                "abs",
                "sqrt",
                "exp",
                "log",
                "log10",
                "ceil",
                "floor",
                "sum",
                "mean",
                "count",
                "percentile",
                "sd",
                "elasticity",
            )
        )
        return f"{function}({', '.join(self.expr(depth - 1) for _ in range(r.choice((1, 1, 2, 3))))})"

    def let(self) -> str:
        r = self.r
        name = r.choice((*self.NAMES, "x", "y", "z"))
        self.lets.append(name)
        if self.kinds and r.random() < 0.15:
            return f"let {name} = [{', '.join(r.choices([*self.kinds, *self.lets], k=r.randint(1, 4)))}]"
        type = f" : {r.choice(UNITS[:32])}" if r.random() < 0.3 else ""
        return f"let {name}{type} = {self.expr(3)}{self.tail()}"

    def test(self) -> str:
        r = self.r
        left, right = self.path(), f"{self.number()} {r.choice(UNITS[:12])}"
        if r.random() < 0.3:
            right = self.expr(2)
        how = r.choice(
            (
                f"{r.choice(('==', '<', '<=', '>', '>='))} {right}",
                f"within {self.number()}% of {right}",
                f"in {right} .. {self.expr(1)}",
                f"within {right} of {right}",
            )
        )
        return f"{r.choice(('require', 'claim'))} {left} {how}" + r.choice(
            ("", ' from "x"', f' from "x" allow {r.choice(CODES)} "y"', " in 90% of draws")
        )

    def kind(self) -> str:
        r = self.r
        name = r.choice(("k", "l", "a", "run", "token", "h2"))
        own = [f"x{i}" for i in range(r.randint(1, 6))]
        units = [r.choice(("kWh", "ratio", "tCO2e", "gCO2e/kWh")) for _ in own]
        lines = []
        for one, unit in zip(own, units, strict=True):
            ways = [
                r.choice(
                    (
                        f"{r.choice(own)} * {r.choice(own)}",
                        f"{r.choice(own)} / {r.choice(own)}",
                        r.choice(own),
                        f"g.{r.choice(own)}",
                        f"3 {unit}",
                        f"min({r.choice(own)}, {r.choice(own)})",
                        f"{one} + {one}",
                    )
                )
                for _ in range(r.choice((0, 1, 1, 2, 3)))
            ]
            within = (
                f" in {r.choice(('0', '5', '-1'))} {unit} .. {r.choice(('1', '9', ''))} {unit}"
                if r.random() < 0.2
                else ""
            )
            lines.append(f"  {one} : {unit}{within}" + (f" = {(chr(10) + '    or ').join(ways)}" if ways else ""))
        if r.random() < 0.3:
            lines.append(f"  g : {r.choice((name, 'grid', '[' + name + ']', '[run]'))}")
        like = f" like {r.choice(('k', 'l', name, 'run', 'grid'))}" if r.random() < 0.3 else ""
        self.own_kinds.append(name)
        self.fields = {**self.fields, name: dict(zip(own, units, strict=True))}
        return f"kind {name}{like} {{\n" + "\n".join(lines) + "\n}"

    # ── any statement, by the rules of the grammar alone ──

    def rule(self, name: str) -> str:
        out: list[str] = []
        waiting: list[tuple[str, bool, int]] = [(name, False, 0)]
        rules, heights, terminals = _grammar()
        while waiting:
            symbol, is_terminal, depth = waiting.pop()
            if is_terminal:
                out.append(self.terminal(symbol, terminals))
                continue
            ways = rules[symbol]
            if depth > 12 or len(out) > 150:
                least = min(heights(way) for way in ways)
                ways = [way for way in ways if heights(way) == least]
            way = self.r.choice(ways)
            waiting += [(s, t, depth + 1) for s, t in reversed(way)]
        return " ".join(out)

    def terminal(self, name: str, patterns: dict[str, str]) -> str:
        r = self.r
        if name == "NAME":
            return r.choice((*self.NAMES, "run", "grid", "co2e", "energy", "pue", "r", "uniform", "min"))
        if name in ("UNIT", "WORD"):
            return r.choice(UNITS)
        if name == "NUMBER":
            return self.number().rstrip("%")
        if name == "STRING":
            return r.choice(('"x"', '"./site"', '"references.bib"', '""', '"\\""', '"{"', '"é"'))
        if name in _WRITTEN:
            return r.choice(_WRITTEN[name])
        return patterns[name]


_WRITTEN = {
    "_NL": ("\n", "\n  ", "\n\n", " # c\n"), "DATE": ("2026", "2026-02", "2026-02-01"), "CODE": CODES, "KEY": ("section55", "nvidia_h100", "x:y", "2026a"),
    "COMPARE": ("<", "<=", ">", ">=", "=="), "TIMES": ("*",), "OVER": ("/",), "POWER": ("^",), "_OR": ("or", "\n    or"), "FROM": ("from",), "ASSUMED": ("assumed",),
}  # fmt: skip


@lru_cache(maxsize=1)
def _grammar() -> tuple[
    dict[str, list[tuple[tuple[str, bool], ...]]], Callable[[tuple[tuple[str, bool], ...]], int], dict[str, str]
]:
    """Rule → its ways, each a row of (symbol, whether it is a terminal); how deep a way goes; terminal → its text."""
    lark = Lark(grammar(), parser="lalr", start=STARTS, maybe_placeholders=True)
    rules: dict[str, list[tuple[tuple[str, bool], ...]]] = {}
    for one in lark.rules:
        rules.setdefault(one.origin.name, []).append(tuple((s.name, isinstance(s, Terminal)) for s in one.expansion))
    height = dict.fromkeys(rules, 10_000)

    def heights(way: tuple[tuple[str, bool], ...]) -> int:
        return 1 + max((0 if t else height[s] for s, t in way), default=0)

    for _ in range(len(rules)):
        for name, ways in rules.items():
            height[name] = min(heights(way) for way in ways)
    return rules, heights, {t.name: t.pattern.value for t in lark.terminals}


# ── shapes that hurt ──


def shaped(r: Random) -> str:
    """A file of one shape that is circular, long, wide, deep or large."""
    n = r.choice((2, 3, 10, 60, 200))
    number, unit = r.choice(NUMBERS), r.choice(UNITS[:24])
    return r.choice((
        lambda: "\n".join(f"let a{i} = a{(i + 1) % n} + 1" for i in range(n)) + "\nshow a0\n",
        lambda: "let a0 = 1\n" + "\n".join(f"let a{i} = a{i - 1} {r.choice('+*')} a{i - 1}" for i in range(1, n)) + f"\nshow a{n - 1}\n",
        lambda: "\n".join(f"run r{i} like r{(i + 1) % n} {{\n}}" for i in range(n)) + "\nshow r0.co2e\n",
        lambda: "run r0 {\n  energy = 3 MWh\n}\n" + "\n".join(f"run r{i} like r{i - 1} {{\n}}" for i in range(1, n)) + f"\nshow r{n - 1}.co2e\n",
        lambda: "\n".join(f"run r{i} {{\n  energy = r{(i + 1) % n}.energy * 2\n}}" for i in range(min(n, 60))) + "\nshow r0.energy\n",
        lambda: f"let x = {'(' * n}{number} {unit}{')' * n}\nshow x\n",
        lambda: f"let x = {number} {unit}{f' + {number} {unit}' * n}\nshow x\n",
        lambda: f"let x = min({', '.join([f'{number} {unit}'] * n)})\nshow x\n",
        lambda: f"let x = {number}{' ^ ' + number}\nlet y = ({number} {unit}) ^ {number}\nshow x, y\n",
        lambda: f"let x = {' ^ '.join([r.choice(('2', '1.1', number))] * min(n, 60))}\nshow x\n",
        lambda: "kind k {\n" + "\n".join(f"  x{i} : kWh = x{(i + 1) % n}\n    or x{(i + 2) % n} * 2" for i in range(min(n, 60))) + "\n}\nk a {\n  x0 = 3 kWh\n}\nshow a.x1\n",
        lambda: "kind k {\n" + "\n".join(f"  x{i} : ratio = {' or '.join(f'x{j} * x{(j + 1) % n}' for j in range(min(n, 10)))}" for i in range(min(n, 30))) + "\n}\nk a {\n  x0 = 3\n}\nshow a.x1\n",
        lambda: f'use "./{r.choice(("a", "site", "../a", "a.tonne", ".", "", "a" * 5000))}" {{ {r.choice(("x", "r", "a"))} }}\nlet b = x\nshow b\n',
        lambda: f'excluded "{"x" * n * 50}"\n# {"y" * n * 50}\n"{"[bold]" * n}"\n',
        lambda: f"let l = [{', '.join(f'r{i}' for i in range(min(n, 60)))}]\n" + "".join(f"run r{i} {{\n  energy = {number} MWh\n}}\n" for i in range(min(n, 60))) + "show l { energy, co2e }\nshow sum(l.energy)\n",
        lambda: "".join(f"show q{i}z\n" for i in range(n)),
        lambda: "{" * n + "\n" + "}" * n + "\n" + "(" * n + "\n" + '"' * n + "\n",
        lambda: "run r {\n" + "  energy = 3 MWh\n" * n + "}\nshow r.co2e\n",
        lambda: "kind k {\n  next : k\n  x : kWh = next.x\n}\n" + "\n".join(f"k a{i} {{\n  next = a{(i + 1) % n}\n}}" for i in range(min(n, 60))) + "\nshow a0.x, a0" + ".next" * n + ".x\n",
    ))()  # fmt: skip


def with_units(r: Random) -> str:
    """Declarations of units: circles, chains, factors that overflow. Each makes a table of its own, which takes long."""
    n = r.choice((1, 2, 3, 8))
    number = r.choice(NUMBERS)
    return r.choice((
        lambda: "\n".join(f"unit u{i} = {number} u{(i + 1) % n}" for i in range(n)) + "\nlet x = 3 u0\nshow x\n",
        lambda: "unit u0\n" + "\n".join(f"unit u{i} = {number} u{i - 1}{r.choice(('', '^2', f' * {number} u0'))} prefixes si" for i in range(1, n + 1)) + f"\nlet x = 3 u{n}\nlet y = 3 ku1\nshow x, y\n",
        lambda: f"unit w = {number} {r.choice(UNITS)} {r.choice(('', 'prefixes k M', 'alias v w', 'prefixes zz', 'alias kWh'))}\nlet x = {number} w\nshow x, x in {r.choice(UNITS)}\n",
        lambda: "unit w = 1e300 J\nunit v = 1e300 w\nunit z = 1 v * 1 v\nlet x = 3 z\nlet y = 3 v/w\nlet q = 1 v^24\nshow x, y, q\n",
        lambda: damaged(r, r.choice([b for b in blocks() if b.startswith("unit ")]) + f"\nlet x = 3 {r.choice(UNITS)}\nshow x\n", 2),
        lambda: f"dimension a = {r.choice(UNITS)}\ndimension b = {r.choice(UNITS)}\nlet x = 3 {r.choice(UNITS)} + 2 {r.choice(UNITS)}\nshow x\n",
    ))()  # fmt: skip


SITE = (
    'use "./a" { a, r, x }\ngrid g {\n  carbon_intensity = 1 gCO2e/kWh from "x"\n}\nlet x = a\nrun r {\n  grid = g\n}\n'
)
SETTINGS = (
    '[limits]\nnesting = 3\n', '[limits]\nnodes = 5\nfiles = 1\n', '[severities]\nunsourced-number = "error"\nV225 = "off"\n', "[limits]\nnesting = 100000\nfile-bytes = 10\n", "x = [", "[limits]\nnodes = 1e9\n", '[severities]\nD201 = "off"\n', "\x00",
    "limits = 3\nseverities = [1]\n", "[limits]\nnesting = 99999999999999999999\n", '[severities]\n"\\u001b[31m" = "off"\n', "x = " + "[" * 3000, "x = 1" + "0" * 5000,
)  # fmt: skip
ENTRIES = ("@misc{x, title={T}}\n", "@article{section55,\n  title = {A},\n  url = {http://x}\n}\n", "@misc{x", "@misc{x,}", "@string{a = b # c}\n", "@misc{x, title={\x1b[31m}}", "}" * 40, "@misc{x, title={T}}\n" * 50, "@comment{", "@misc{é, title=a # b}", "@", "")  # fmt: skip


def several_files(r: Random, text: str) -> dict[str, bytes]:
    files = {"a.tonne": _bytes(text)}
    if r.random() < 0.5:
        files["a.tonne"] = _bytes('use "./site" { ' + r.choice(("g", "x", "r", "g, x", "y")) + " }\n" + text)
        files["site.tonne"] = _bytes(SITE if r.random() < 0.5 else damaged(r, SITE))
    if r.random() < 0.5:
        files["references.bib"] = _bytes(damaged(r, "".join(r.choices(ENTRIES, k=r.randint(1, 3))), 2))
        files["a.tonne"] = b'bibliography "references.bib"\n' + files["a.tonne"]
    if r.random() < 0.4:
        files["tonne.toml"] = _bytes(r.choice(SETTINGS) if r.random() < 0.6 else damaged(r, r.choice(SETTINGS)))
    return files


def _bytes(text: str) -> bytes:
    """UTF-8, in which a lone surrogate becomes a byte that is none, as it is in a name that the system gives."""
    return text.encode("utf-8", "surrogatepass")


def some_statements(r: Random) -> str:
    return "\n".join(r.choices(small_blocks(), k=r.choice((1, 1, 1, 1, 2, 2, 5)))) + "\n"


def _plain(sort: str, text: str, name: str = "a.tonne") -> Input:
    return Input(sort, {name: _bytes(text)})


def _of_grammar(r: Random) -> str:
    text = Made(r).text()
    return damaged(r, text, 2) if r.random() < 0.2 else text


def _of_words(r: Random) -> str:
    return r.choice((" ", "", " \n")).join(r.choices(words(), k=r.randint(1, 30)))


def _in_markdown(r: Random) -> str:
    fences = f"```tonne\n{some_statements(r)}```\n\nmore\n\n~~~tonne x\nlet q = 1\n~~~\n"
    return damaged(r, f"# Title\n\nSome `words`.\n\n{fences}")


def _damaged_bytes(r: Random) -> bytes:
    data = bytearray(_bytes(some_statements(r)))
    for _ in range(r.randint(1, 5)):
        data[r.randrange(len(data))] = r.randrange(256)
    return bytes(data)


_WITH_A_LAW = """model m { parameters = 7B param from "a" }
run r {
  model            = m
  tokens           = 1T token            from "a"
  throughput       = 400 TFLOP/s/device  from "a"
  power            = 700 W/device        from "a"
  pue              = 1.1                 from "a"
  carbon_intensity = 57 gCO2e/kWh        from "a"
}
deployment d {
  run              = r
  peak             = 989 TFLOP/s/device  from "a"
  utilization      = 20%                 from "a"
  output_tokens    = 300 token/request   from "a"
  total_requests   = 1B request          from "a"
  power            = 700 W/device        from "a"
  pue              = 1.1                 from "a"
  carbon_intensity = 400 gCO2e/kWh       from "a"
}
scaling_law s {
  A = 406 from "a"
  B = 411 from "a"
  E = 1.7 from "a"
  alpha = 0.34 from "a"
  beta = 0.28 from "a"
  run = r
  reference = 70B param from "a"
}
"""


def with_an_optimum(r: Random) -> str:
    """Optima that mostly fit: their parts are put together at random, sound and unsound."""
    ratio = r.choice(
        ("m.parameters / 1B param", "r.tokens / 1T token", "s.loss", "r.pue", "r.co2e / d.co2e", "0", "d.utilization")
    )
    wrap = r.choice(
        (
            "{0}",
            "{0} ^ 2",
            "{0} ^ -0.5",
            "log({0})",
            "exp({0})",
            "ceil({0})",
            "max({0}, 2)",
            "abs({0} - 1)",
            "1 / ({0} - 1)",
        )
    )
    carbon = r.choice(("r.co2e", "d.co2e", "r.co2e + d.co2e", "r.co2e - d.co2e", "r.co2e + 5 tCO2e", "0 tCO2e"))
    factor = r.choice(("", "", f" * ({wrap.format(ratio)})"))
    objective = r.choice((carbon + factor, wrap.format(ratio), "s.loss", "r.compute + d.compute", "r.tokens"))
    free = ["m.parameters", "r.tokens", "r.pue", "d.utilization", "d.total_requests", "r.co2e", "r.energy", "s.alpha"]
    bounds = (
        "",
        "",
        "",
        " in 1B param .. 1T param",
        " in 0 param .. 0 param",
        " in 1 token .. 1e300 token",
        " in 0% .. 100%",
    )
    chosen = [one + r.choice(bounds) for one in r.sample(free, r.choice((1, 1, 2, 2, 2, 3)))]
    if r.random() < 0.6:
        chosen = ["m.parameters" + r.choice(bounds[:5]), "r.tokens" + r.choice((*bounds[:3], bounds[5]))]
    sides = r.choice(
        ("s.loss {} s.reference_loss", "s.loss {} 2", "s.loss {} 1.2", "r.co2e + d.co2e {} 100 tCO2e", "r.compute {} 0 FLOP",
         "r.compute {} 1e300 FLOP", "s.loss {} s.loss", "r.tokens {} 20 token/param * m.parameters", "d.co2e {} 1 tCO2e")
    )  # fmt: skip
    lines = [f"{r.choice(('minimize', 'minimize', 'maximize'))} {objective}", f"over {', '.join(chosen)}"]
    if r.random() < 0.8:
        lines.append("subject to " + sides.format(r.choice(("==", "==", "<=", ">="))))
    if r.random() < 0.3:
        lines.append("show elasticity(m.parameters, d.total_requests), r.tokens")
    at = r.choice(("r.tokens", "objective", "multiplier", "d.co2e_per_request", "m"))
    text = (
        _WITH_A_LAW + "optimum o {\n  " + "\n  ".join(lines) + f'\n}}\nclaim o.{at} == 3B param from "a"\nshow o.{at}\n'
    )
    return damaged(r, text, 2) if r.random() < 0.2 else text


# How many of a thousand inputs are made in which way.
MAKERS: tuple[tuple[int, Callable[[Random], Input]], ...] = (
    (400, lambda r: _plain("statements", damaged(r, some_statements(r)))),
    (345, lambda r: _plain("grammar", _of_grammar(r))),
    (100, lambda r: _plain("words", _of_words(r))),
    (20, lambda r: _plain("shape", shaped(r))),
    (20, lambda r: _plain("optimum", with_an_optimum(r))),
    (2, lambda r: _plain("units", with_units(r))),
    (8, lambda r: _plain("whole file", damaged(r, r.choice(texts())))),
    (20, lambda r: Input("several files", several_files(r, damaged(r, some_statements(r), 2)))),
    (30, lambda r: _plain("markdown", _in_markdown(r), "a.md")),
    (25, lambda r: Input("bytes", {"a.tonne": r.randbytes(r.randint(0, 200))})),
    (30, lambda r: Input("damaged bytes", {"a.tonne": _damaged_bytes(r)})),
)


def make(seed: int, index: int) -> Input:
    """Input `index` of a seed."""
    r = Random(f"{seed}:{index}")
    (maker,) = r.choices([m for _, m in MAKERS], [share for share, _ in MAKERS])
    return maker(r)
