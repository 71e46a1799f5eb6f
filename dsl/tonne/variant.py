"""The model of a study: some fields given, some bindings set aside, and all that rests on them determined anew.

What does not rest on them is the file's own: the same states, the same nodes. Takes the file's model and what a study
changes; reports nothing.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping

from tonne.formulas import Formulas
from tonne.model import Model
from tonne.names import Instance, Let, Symbol
from tonne.references import References
from tonne.states import Fixed, SetAside, States

Needs = Mapping[Symbol, list[Symbol]]


class Variant:
    """Determines a name of the file when it is asked for, after what it needs."""

    def __init__(
        self,
        base: Model,
        formulas: Formulas,
        references: References,
        needs: Needs,
        users: Needs,
        order: Mapping[Symbol, int],
        fixed: Fixed,
        set_aside: SetAside,
    ) -> None:
        self.base = base
        self.needs = needs
        self.order = order
        self.affected = _reached(users, [*fixed, *set_aside])
        self.model = Model(
            base.project,
            states=ChainMap({}, base.states),
            lets=ChainMap({}, base.lets),
            optima=base.optima,
            draws=base.draws,
            lists=base.lists,
            let_units=base.let_units,
            shown_units=base.shown_units,
            let_dimensions=base.let_dimensions,
            let_formulas=base.let_formulas,
            binding_formulas=base.binding_formulas,
            poisoned=base.poisoned,
            operations=base.operations,
        )
        self._states = States(self.model, formulas, references, fixed, set_aside)
        self._done: set[Symbol] = set()

    def ensure(self, symbol: Symbol) -> None:
        """Determines a name of the file, after all that it needs."""
        for at in sorted(self._open(symbol), key=self.order.__getitem__):
            self._done.add(at)
            if self.model.is_too_large:
                continue
            if isinstance(at, Instance) and at in self.base.states:
                self._states.determine(at, self.base.states[at].targets)
            elif isinstance(at, Let) and at in self.base.lets:
                self._let(at)
        self.base.operations = self.model.operations

    def _open(self, symbol: Symbol) -> set[Symbol]:
        """What a name needs that the study moves and that is not determined yet, the name itself among it."""
        waiting, found = [symbol], set[Symbol]()
        while waiting:
            at = waiting.pop()
            if at in self.affected and at not in self._done and at not in found:
                found.add(at)
                waiting += self.needs.get(at, ())
        return found

    def ensure_all(self) -> None:
        """Determines all that the study moves."""
        for symbol in self.affected:
            self.ensure(symbol)

    def _let(self, let: Let) -> None:
        formula = self.model.let_formulas.get(let)
        node = None if formula is None or let in self.model.poisoned else self.model.instantiate(formula, None)
        if node is None:
            self.model.undetermined.add(let)
        else:
            self.model.lets[let] = self._states.spreads.drawn_let(self.model, let, node)


def users_of(needs: Needs) -> dict[Symbol, list[Symbol]]:
    """The other way round: each name with those that need it."""
    users: dict[Symbol, list[Symbol]] = {}
    for symbol, needed in needs.items():
        for one in needed:
            users.setdefault(one, []).append(symbol)
    return users


def _reached(users: Needs, start: Iterable[Symbol]) -> dict[Symbol, None]:
    """All that rests on a start, itself among it, in a fixed order."""
    waiting = list(start)
    reached = dict.fromkeys(waiting)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in reached:
                reached[user] = None
                waiting.append(user)
    return reached
