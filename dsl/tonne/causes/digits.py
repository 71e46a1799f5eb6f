"""Digits: a number that was cut in place of rounded, or whose last zeros say nothing."""

from __future__ import annotations

from tonne.causes.candidate import Cause
from tonne.causes.question import Question, mantissa, significant

_NEAR = 1e-9
# Digits that a number needs besides its trailing zeros: `400` read as one digit would hold for far too much.
_LEAST_DIGITS = 2


def digits(question: Question) -> Cause | None:
    """Statements about how the claim is written, which are true or not: nothing is guessed."""
    return _truncated(question) or _trailing_zeros(question)


def _truncated(question: Question) -> Cause | None:
    above = question.computed - question.claimed
    if not question.half < above < 2 * question.half * (1 - _NEAR):
        return None
    text = "truncated: cut after the digits of the claim, not rounded"
    return Cause("truncated", text, (_given(question),))


def _trailing_zeros(question: Question) -> Cause | None:
    written = mantissa(question.literal)
    zeros = len(written) - len(written.rstrip("0"))
    if "." in written or not zeros:
        return None
    least = significant(question.literal) - zeros
    for without in range(1, zeros + 1):
        half = question.half * 10**without
        left = least + zeros - without
        if left >= _LEAST_DIGITS and abs(question.computed - question.claimed) <= half * (1 + _NEAR):
            zero = "zero is" if without == 1 else "zeros are"
            text = f"it holds to {left} digits, if the trailing {zero} not significant"
            return Cause("trailing-zeros", text, (_given(question),))
    return None


def _given(question: Question) -> str:
    return f"the scenario gives {question.told(question.computed)}"
