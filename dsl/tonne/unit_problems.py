"""Why a word is no unit, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple, Protocol

from tonne.syntax.characters import called, look_alike
from tonne.unit_prefixes import PREFIXES

_CO2 = re.compile(r"([a-zA-Zµ]*?)(CO2|co2|Co2)(-?eq?|E|EQ)?$")
_PER_SECOND = re.compile(r"([kMGTPEZ]?)(FLOPS|FLOPs|flops|Flops|FLOP/S)$")
_DEVICE_TIME = re.compile(r"(?i)(gpu|tpu|device|chip|accelerator)s?[-_]?(h|hr|hrs|hours?|days?|years?)$")


# How people write units elsewhere.
SPELLINGS = {
    "yr": "year", "yrs": "year", "years": "year", "d": "day", "days": "day", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "sec": "s", "secs": "s", "mins": "min", "months": "month", "weeks": "week", "percent": "%", "pct": "%", "tons": "t",
    "ton": "t", "tonnes": "t", "watts": "W", "kilowatt": "kW", "kilowatts": "kW", "megawatt": "MW", "dollars": "USD",
    "gb": "GB",
}  # fmt: skip


_TIMES = {
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "day", "days": "day", "year": "year", "years": "year",
}  # fmt: skip


def time_word(word: str) -> str | None:
    """The unit of time that is meant by `hours`, `hrs` and the like."""
    return _TIMES.get(word.lower())


class UnitProblem(NamedTuple):
    """Why a word is no unit: the code, what to say, what to type, and the word to write instead where there is one."""

    code: str
    title: str
    help: str
    instead: str | None = None
    suffix: str = ""  # the magnitude suffix of a number that says what a refused prefix meant
    silent: bool = False  # it follows from an error in a `unit` line, which is reported
    certain: bool = False  # `instead` is the only mending: the one unit of these letters


class Words(Protocol):
    """What is asked of a table of units."""

    @property
    def words(self) -> Collection[str]: ...
    def split(self, atom: str) -> tuple[str, str] | None: ...
    def prefixes_of(self, word: str) -> tuple[str, ...]: ...
    def doc_of(self, word: str) -> str: ...
    def all_words(self) -> list[str]: ...


def explain(table: Words, atom: str, word: str) -> UnitProblem:
    """Why an atom is no unit, and what to write."""

    def instead(right: str) -> str:
        return re.sub(rf"(?<![\w]){re.escape(atom)}(?![\w])", right, word)

    latin = look_alike(atom)
    if latin != atom and table.split(latin):
        odd = next(a for a, b in zip(atom, latin, strict=False) if a != b)
        help = f"`{odd}` is {called(odd)}; write `{instead(latin)}`"
        return UnitProblem("D211", f"no unit `{atom}`", help, instead(latin), certain=True)
    if atom.lower() in ("co2", "co2e", "co2eq"):
        return UnitProblem("D209", f"no unit `{atom}`", "carbon is counted in `gCO2e`, `kgCO2e` or `tCO2e`")
    if re.fullmatch(r"[mM][tT](CO2(eq?)?)?", atom) and atom not in table.words:
        return UnitProblem("D211", f"no unit `{atom}`", "a metric ton is `tCO2e`, a million of them `MtCO2e`")
    meant = SPELLINGS.get(atom.lower())
    if meant is not None:
        return UnitProblem("D211", f"no unit `{atom}`", f"did you mean `{instead(meant)}`?", instead(meant))
    match = _CO2.match(atom)
    if match and table.split(f"{match.group(1)}CO2e"):
        right = f"{match.group(1)}CO2e"
        if match.group(3):
            same = right.lower() == atom.lower()
            return UnitProblem("D211", f"no unit `{atom}`", f"did you mean `{right}`?", instead(right), certain=same)
        return UnitProblem(
            "D212",
            "CO2 and CO2e are different quantities",
            f"write `{instead(right)}` if the source counts all gases",
            instead(right),
        )
    match = _PER_SECOND.match(atom)
    if match:
        amount = f"{match.group(1)}FLOP"
        return UnitProblem(
            "D209",
            f"no unit `{atom}`",
            f"a rate is `{instead(f'{amount}/s')}`, an amount is `{instead(amount)}`",
            instead(f"{amount}/s"),
        )
    match = _DEVICE_TIME.match(atom)
    if match:
        time = time_word(match.group(2))
        return UnitProblem("D211", f"no unit `{atom}`", f"did you mean `device*{time}`?", instead(f"device*{time}"))
    for length in (1, 2):
        prefix, rest = atom[:length], atom[length:]
        if prefix in PREFIXES and rest in table.words:
            value = {"k": "a thousand", "M": "a million", "G": "a billion", "T": "a trillion"}.get(prefix)
            suffix = {"k": "k", "M": "M", "G": "B", "T": "T"}.get(prefix)
            taken = table.prefixes_of(rest)
            help = f"`1{suffix} {rest}` is {value} {rest}s" if suffix else f"it takes {', '.join(taken) or 'none'}"
            return UnitProblem("D210", f"`{rest}` takes no prefix `{prefix}`", help, instead(rest), suffix or "")
    alike = [w for w in table.all_words() if w.lower() == atom.lower()]
    if len(alike) > 1:  # mWh or MWh: a slip of the case that only the writer can mend
        words = " or ".join(f"`{instead(w)}`" for w in sorted(alike))
        return UnitProblem("D211", f"no unit `{atom}`", f"did you mean {words}?")
    near = near_word(table, atom)
    if near:
        help = f"did you mean `{instead(near)}`?"
        return UnitProblem("D211", f"no unit `{atom}`", help, instead(near), certain=alike == [near])
    match = re.fullmatch(r"([A-Za-zµ]+)\^?([23])", atom)
    if match and table.split(match.group(1)):
        raised = f"{match.group(1)}^{match.group(2)}"
        return UnitProblem(
            "D211", f"no unit `{atom}`", f"did you mean `{instead(raised)}`?", instead(raised), certain=True
        )
    return UnitProblem(
        "D209",
        f"no unit `{atom}`",
        f"declare it with `unit {atom}`, or see `tonne units`",
    )


def near_word(table: Words, atom: str) -> str | None:
    """The unit word that a mistyped one was probably meant to be."""
    words = table.all_words()
    lower = atom.lower()
    same = [w for w in words if w.lower() == lower]
    if same:
        return max(same, key=lambda w: sum(a == b for a, b in zip(w, atom, strict=True)))
    spelled = [
        w for w in words if lower in (table.doc_of(w), table.doc_of(w) + "s", *([w.lower() + "s"] * (len(w) > 1)))
    ]
    if spelled:
        return spelled[0]
    if len(atom) < 4:
        return None
    import difflib

    close = difflib.get_close_matches(atom, words, 1, 0.75)
    return close[0] if close else None
