"""Orders of things that depend on each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def strongly_connected(needs: Mapping[T, Iterable[T]]) -> list[list[T]]:
    """Groups of things that need each other, each group after those that it needs (Tarjan 1972, without recursion).

    Keys keep their order where nothing else decides; needs that are no keys are passed over.
    """
    index: dict[T, int] = {}
    low: dict[T, int] = {}
    stack: list[T] = []
    on_stack: set[T] = set()
    groups: list[list[T]] = []
    for root in needs:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(needs[root]))]
        while work:
            at, rest = work[-1]
            for other in rest:
                if other not in needs:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(needs[other])))
                    break
                if other in on_stack:
                    low[at] = min(low[at], index[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[at])
                if low[at] == index[at]:
                    group = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member == at:
                            break
                    groups.append(group[::-1])
    return groups


def is_circular(group: list[T], needs: Mapping[T, Iterable[T]]) -> bool:
    """Whether a group from `strongly_connected` is a circle rather than one thing by itself."""
    return len(group) > 1 or group[0] in set(needs[group[0]])
