"""Factors that need no look at the scenario's values: prefixes, the calendar, a peak with sparsity, a decimal point."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from tonne.causes.candidate import OF_INPUTS, Candidate, Cause
from tonne.causes.question import Named, Question
from tonne.formatting import figure, power_of_ten

_EXACT = 1e-9
_MOST_PREFIXES = 8

# What one unit of time has of another, by the calendar of the language and by the round ones that people use.
_CALENDAR = {
    24.0: "the hours of a day",
    7.0: "the days of a week",
    12.0: "the months of a year",
    52.0: "the weeks of a year",
    30.0: "the days of a month",
    30.4375: "the days of a month",
    365.0: "the days of a year",
    365.25: "the days of a year",
    730.5: "the hours of a month",
    8760.0: "the hours of a year",
    8766.0: "the hours of a year",
    60.0: "the minutes of an hour",
    3600.0: "the seconds of an hour",
    86400.0: "the seconds of a day",
}
# The same where a year or a month is written: these are too near 1 to be looked for elsewhere.
_LENGTHS = {
    "year": {365.25 / 365: "a year of 365 days", 365.25 / 360: "a year of 360 days"},
    "month": {30.4375 / 30: "a month of 30 days", 30.4375 / 28: "a month of four weeks"},
}


def prefixes(question: Question) -> Iterator[Candidate]:
    """A power of 1000: a unit prefix, or a magnitude such as the M of `37M`."""
    for step in range(-_MOST_PREFIXES, _MOST_PREFIXES + 1):
        if step:
            yield Candidate(question.computed / 1000.0**step, partial(_prefix, question, 3 * step), slack=OF_INPUTS)


def _prefix(question: Question, exponent: int) -> Cause:
    exactly = "exactly " if abs(question.ratio / 10.0**exponent - 1) <= _EXACT else ""
    text = f"a factor of {exactly}{power_of_ten(exponent)}: a unit prefix slip"
    return Cause("prefix", text, (_times(question, power_of_ten(exponent), 10.0**exponent),))


def decimal_point(question: Question) -> Iterator[Candidate]:
    """A power of ten that is none of a prefix: a decimal point, or a share for per cent."""
    for exponent in (-2, -1, 1, 2):
        of = question.computed / 10.0**exponent
        yield Candidate(of, partial(_decimal, question, exponent))


def _decimal(question: Question, exponent: int) -> Cause:
    text = f"a factor of {power_of_ten(exponent)}: a slip of the decimal point"
    return Cause("decimal-point", text, (_times(question, power_of_ten(exponent), 10.0**exponent),))


def calendar(question: Question) -> Iterator[Candidate]:
    """A factor of the calendar, where time has a part in what is claimed."""
    units = [question.unit, *(one.unit for one in question.inputs)]
    if not any("s" in dict(unit.dimension.powers) for unit in units):
        return
    words = {question.literal.unit or "", *(unit.word for unit in units), *question.written_units}
    lengths = [of for period, of in _LENGTHS.items() if any(period in re.split(r"\W", word) for word in words)]
    for factors in (_CALENDAR, *lengths):
        for factor, means in factors.items():
            for value, text in ((factor, figure(factor, 6)), (1 / factor, f"1/{figure(factor, 6)}")):
                yield Candidate(
                    question.computed / value,
                    partial(_calendar, question, text, means, value),
                )


def _calendar(question: Question, text: str, means: str, factor: float) -> Cause:
    return Cause("calendar", f"a factor of {text}: {means}", (_times(question, text, factor),))


def _times(question: Question, text: str, factor: float) -> str:
    return f"{text} times the claim is {question.told(question.claimed * factor)}"


def sparse_peak(question: Question) -> Iterator[Candidate]:
    """A peak with sparsity, twice the dense one, in place of it: where a rate of compute a device is an input."""
    for one in question.inputs:
        powers = dict(one.unit.dimension.powers)
        if powers.get("FLOP") == 1 and powers.get("s") == -1 and powers.get("device") == -1:
            for factor, words in (
                (2.0, "a sparse peak in place of the dense"),
                (0.5, "a dense peak in place of a sparse"),
            ):
                of = question.with_inputs({id(one.node): one.value * factor})
                yield Candidate(of, partial(_sparse, one, words, factor))


def _sparse(one: Named, words: str, factor: float) -> Cause:
    text = f"{words} `{one.name}`: {one.told(one.value * factor)} for {one.told()}"
    return Cause("sparse-peak", text, (f"`{one.name}` is {one.told()} ({one.place})",), (one.label("the peak"),))
