"""Determination: which alternative each field takes, from what an instance gives, before any number is looked at.

The rule (docs/language.md, "Determination"): a field that is not given takes the first of its alternatives that can be had
without that field itself; where fields wait for each other in a ring, the one declared first takes its first alternative
that is ready; what is left is undetermined. Nothing here knows of kinds or instances: names and sets are enough, so that
one answer serves every instance with the same pattern.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property

from tonne.order import is_circular, strongly_connected
from tonne.values import Record

Fact = Hashable  # the name of a field of the instance, or something outside it


class Pattern(Record, frozen=True):
    """What is known of an instance before anything is derived.

    `given` are fields with a value of their own; `outside` are facts of other instances and of the file that are
    determined; `bound` are fields whose binding needs further facts: it is their only alternative.
    """

    given: frozenset[str]
    outside: frozenset[Fact] = frozenset()
    bound: tuple[tuple[str, frozenset[Fact]], ...] = ()


class Determination(Record, frozen=True):
    """`chosen` is field → index of its alternative, in an order in which each field comes after what it needs.

    A bound field has index -1. `undetermined` are the other fields that are not given.
    """

    chosen: Mapping[str, int]
    undetermined: tuple[str, ...]


class Determiner:
    """Determines fields of one kind: `alternatives` is field → what each of its alternatives needs, in declared order."""

    def __init__(self, alternatives: Mapping[str, Sequence[frozenset[Fact]]]) -> None:
        self.alternatives = alternatives
        self._known: dict[Pattern, Determination] = {}
        self._facts: dict[Pattern, dict[str, tuple[Fact, ...]]] = {}

    def knows(self, pattern: Pattern) -> bool:
        return pattern in self._known

    def determine(self, pattern: Pattern) -> Determination:
        known = self._known.get(pattern)
        if known is None:
            known = self._known[pattern] = _Search(self.alternatives, pattern).result()
        return known

    def would_determine(self, pattern: Pattern, candidates: Iterable[Fact]) -> dict[str, tuple[Fact, ...]]:
        """For each undetermined field the single facts that would determine it: other fields, and `candidates`."""
        if pattern not in self._facts:
            search = _Search(self.alternatives, pattern)
            base = search.reached()
            undetermined = [f for f in self.alternatives if f not in base]
            facts: dict[str, list[Fact]] = {f: [] for f in undetermined}
            for candidate in [*undetermined, *(c for c in candidates if c not in base)]:
                gained = search.reached(candidate)
                for field in undetermined:
                    if field != candidate and field in gained:
                        facts[field].append(candidate)
            self._facts[pattern] = {f: tuple(c) for f, c in facts.items()}
        return self._facts[pattern]


class _Search:
    def __init__(self, alternatives: Mapping[str, Sequence[frozenset[Fact]]], pattern: Pattern) -> None:
        self.fields = list(alternatives)
        self.known: frozenset[Fact] = pattern.given | pattern.outside
        self.ways: dict[str, list[tuple[int, frozenset[Fact]]]] = {}
        bound = dict(pattern.bound)
        for field, choices in alternatives.items():
            if field in bound:
                self.ways[field] = [(-1, bound[field])]
            elif field not in pattern.given:
                self.ways[field] = list(enumerate(choices))

    @cached_property
    def _users(self) -> dict[Fact, list[tuple[str, int]]]:
        """Fact → the ways that need it, each as (field, place among its ways)."""
        users: dict[Fact, list[tuple[str, int]]] = {}
        for field, ways in self.ways.items():
            for place, (_, needs) in enumerate(ways):
                for fact in needs:
                    users.setdefault(fact, []).append((field, place))
        return users

    def reached(self, more: Fact | None = None, without: str | None = None) -> dict[Fact, int]:
        """All that can be had, each with its rank: the number of the round in which it first can.

        `more` is one further fact; `without` is a field that may not be derived.
        """
        missing = {(f, p): len(needs) for f, ways in self.ways.items() for p, (_, needs) in enumerate(ways)}
        ranks: dict[Fact, int] = {}
        start = list(self.known) if more is None else [*self.known, more]
        ready = dict.fromkeys(start)
        for (field, _), count in missing.items():
            if count == 0 and field != without:
                ready.setdefault(field)
        rank = 0
        for fact in ready:
            ranks[fact] = 0 if fact in self.known or fact == more else 1
        front = list(ready)
        while front:
            rank += 1
            following: list[Fact] = []
            for fact in front:
                for way in self._users.get(fact, ()):
                    missing[way] -= 1
                    field = way[0]
                    if missing[way] == 0 and field not in ranks and field != without:
                        ranks[field] = rank + 1
                        following.append(field)
            front = following
        return ranks

    def _choose(self, field: str, ranks: dict[Fact, int]) -> tuple[int, frozenset[Fact]] | None:
        """The first way of a field that can be had without the field itself."""
        without: dict[Fact, int] | None = None
        for index, needs in self.ways[field]:
            if field in needs or any(fact not in ranks for fact in needs):
                continue
            if all(ranks[fact] < ranks[field] for fact in needs):
                return index, needs  # what came earlier came without it
            if without is None:
                without = self.reached(without=field)
            if all(fact in without for fact in needs):
                return index, needs
        return None

    def result(self) -> Determination:
        ranks = self.reached()
        wanted = {f: self._choose(f, ranks) for f in self.ways if f in ranks}
        choice = {f: way for f, way in wanted.items() if way is not None}
        decided: set[Fact] = set(self.known)
        chosen: dict[str, int] = {}
        place = {f: i for i, f in enumerate(self.fields)}
        waiting = dict(choice)
        while waiting:
            ready = [f for f, (_, needs) in waiting.items() if needs <= decided]
            if not ready:
                ready = [self._break_a_ring(waiting, decided, place)]
            for field in ready:
                chosen[field] = waiting.pop(field)[0]
                decided.add(field)
        undetermined = tuple(f for f in self.fields if f not in decided)
        return Determination(chosen, undetermined)

    def _break_a_ring(
        self, waiting: dict[str, tuple[int, frozenset[Fact]]], decided: set[Fact], place: dict[str, int]
    ) -> str:
        """The field that takes its first ready alternative: of the first ring, the one declared first that has one."""
        needs = {f: [n for n in way[1] if n in waiting] for f, way in waiting.items()}
        rings = [g for g in strongly_connected(needs) if is_circular(g, needs)]
        inner = [g for g in rings if all(n in g for f in g for n in needs[f])]
        candidates = [
            f
            for g in sorted(inner or rings, key=lambda g: min(place[f] for f in g))
            for f in sorted(g, key=place.__getitem__)
        ]
        for field in [*candidates, *sorted(waiting, key=place.__getitem__)]:
            for index, facts in self.ways[field]:
                if facts <= decided:
                    waiting[field] = (index, facts)
                    return field
        raise AssertionError("a field that can be had has a way that is ready")
