"""All that stands inside an expression."""

from __future__ import annotations

from collections.abc import Iterator

from tonne.syntax import tree


def test_parts(test: tree.Test) -> list[tuple[str, tree.Expr]]:
    """The expressions of a test by what they are in it."""
    if isinstance(test, tree.Comparison):
        return [("left", test.left), ("right", test.right)]
    if isinstance(test, tree.Near):
        return [("left", test.left), ("right", test.right), ("tolerance", test.tolerance)]
    ends = [("low", test.range.low), ("high", test.range.high)]
    return [("left", test.left), *((name, end) for name, end in ends if end is not None)]


def within(expr: tree.Expr) -> Iterator[tree.Expr]:
    """An expression and all inside it, from left to right; without recursion, as chains may be long."""
    waiting: list[tree.Expr] = [expr]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, tree.Binary):
            waiting += [one.right, one.left]
        elif isinstance(one, tree.Negate):
            waiting.append(one.operand)
        elif isinstance(one, tree.Call):
            for argument in reversed(one.arguments):
                if isinstance(argument.value, tree.Comparison | tree.Near | tree.Inside):
                    waiting += [part for _, part in test_parts(argument.value)][::-1]
                else:
                    waiting.append(argument.value)
