"""Figures of another time: a grid's period against that of the run or the deployment that draws from it.

Takes a `Model` and gives P304 where they are years apart. Compares stated periods only; nothing here reads a clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tonne import library
from tonne.diagnostic import Diagnostic, Label, diagnostic
from tonne.model import Model, State
from tonne.names import Instance, Kind
from tonne.syntax import tree

# A grid changes by a few per cent a year: from here on the figures describe another one.
_YEARS_APART = 3
_WITH_YEAR = re.compile(r"(.+)_((?:19|20)[0-9]{2})")


def stale_sources(model: Model) -> Iterator[Diagnostic]:
    """P304 for each of the file's own runs and deployments whose grid is of another time."""
    for state in model.own_states():
        own = _year(state.instance)
        if own is None:
            continue
        for name, grid in state.targets.items():
            theirs = _year(grid) if isinstance(grid, Instance) and _is_grid(grid.kind) else None
            if isinstance(grid, Instance) and theirs is not None and abs(own - theirs) >= _YEARS_APART:
                yield _stale(model, state, name, grid, own, theirs)


def _is_grid(kind: Kind | None) -> bool:
    while kind is not None and kind.name != "grid":
        kind = kind.parent
    return kind is not None


def _year(instance: Instance) -> int | None:
    """The year of an instance's `period`, when it states one."""
    binding = instance.bindings.get("period")
    if binding is None or binding.field.label != "date":
        return None
    value = binding.value
    text = value.value if isinstance(value, tree.Text) else value.span.text
    match = re.match(r"[0-9]{4}", text)
    return int(match.group()) if match else None


def _stale(model: Model, state: State, name: str, grid: Instance, own: int, theirs: int) -> Diagnostic:
    instance = state.instance
    labels = [Label(instance.bindings["period"].span, f"when `{instance.name}` is")]
    # bound here, or by what is bound here, such as the facility
    leads = [n for n, at in state.targets.items() if isinstance(at, Instance) and model.target(at, name) is grid]
    drawn = next((n for n in (name, *leads) if n in instance.bindings), None)
    if drawn is not None:
        labels.append(Label(instance.bindings[drawn].span, "draws from here"))
    labels.append(Label(grid.bindings["period"].span, f"when `{grid.name}` is"))
    labels.sort(key=lambda label: label.span.source is not instance.declaration.span.source)
    accept = f'take figures of {own}, or accept these with `allow P304 "why"` on the line of `{drawn or name}`'
    help = _closer(grid, own, theirs) or accept
    return diagnostic("P304", f"`{grid.name}` is of {theirs}, `{instance.name}` is of {own}", *labels, help=help)


def _closer(grid: Instance, own: int, theirs: int) -> str:
    """How to write the same place at a time nearer to the run: names are PLACE, or PLACE_YEAR for an earlier one."""
    place = _place(grid.name)
    beside = {n: _year(s) for n, s in grid.scope.symbols.items() if isinstance(s, Instance) and _place(n) == place}
    known = {n: library.period_of(n) for n in library.library_names() if _place(n) == place}
    years = {name: year for name, year in {**known, **beside}.items() if year is not None}
    nearest = min(years, default=None, key=lambda name: (abs(own - years[name]), name))
    if nearest is None or abs(own - years[nearest]) >= abs(own - theirs):
        return ""
    written = f"`use {library.module_of(nearest)} {{ {nearest} }}`" if nearest in known else f"`{nearest}`"
    return f"{written} is the same place in {years[nearest]}"


def _place(name: str) -> str:
    match = _WITH_YEAR.fullmatch(name)
    return match.group(1) if match else name
