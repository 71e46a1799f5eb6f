"""A scenario in Python: loaded, asked what if, checked, run, explained.

Takes a path or a text and overrides; gives frozen results. A mistake in the scenario or in an override is never an exception:
it is among the `diagnostics` of the result. No file is ever written.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tonne import scenario
from tonne.api.errors import TonneError, told
from tonne.api.explanation import Explanation
from tonne.api.overrides import Override, settings
from tonne.api.result import Checked, Result
from tonne.api.sweep import Sweep


def load(path: str | os.PathLike[str], overrides: Mapping[str, Override] | None = None) -> Scenario:
    """The scenario of a `.tonne` file, or of a Markdown file with `tonne` fences.

    `FileNotFoundError` or `IsADirectoryError` where there is no file. What is wrong in it is told by `check` and `run`.

    >>> import tonne
    >>> scenario = tonne.load("scenarios/quickstart.tonne")
    >>> scenario.check().ok
    True
    >>> print(scenario.run()["pretrain.co2e"])
    127.2 tCO2e
    >>> print(tonne.load("scenarios/quickstart.tonne", {"pretrain.pue": 1.2}).run()["pretrain.co2e"])
    138.7 tCO2e
    """
    file = Path(path)
    if not file.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return Scenario(file).with_values(overrides or {})


def loads(
    text: str,
    overrides: Mapping[str, Override] | None = None,
    *,
    folder: str | os.PathLike[str] = ".",
    name: str = "<text>",
) -> Scenario:
    """The scenario of a text. It may use the library, and the files of `folder`; messages call it `name`.

    >>> import tonne
    >>> result = tonne.loads('let commute : kgCO2e = 3 kWh * 0.4 kgCO2e/kWh  from "a tram"').run()
    >>> print(result["commute"])
    1.2 kgCO2e
    """
    return Scenario(Path(folder) / name, text=text).with_values(overrides or {})


@dataclass(frozen=True, repr=False)
class Scenario:
    """A scenario with overrides. Its files are read once, when it is first checked or run: load it again after an edit.

    >>> import tonne
    >>> tonne.load("scenarios/quickstart.tonne").with_values({"pretrain.grid": "grids.us.quebec"})
    <Scenario quickstart.tonne with pretrain.grid = grids.us.quebec>
    """

    path: Path
    text: str | None = None
    _settings: tuple[tuple[str, str], ...] = field(default=())

    @property
    def overrides(self) -> dict[str, str]:
        """Each path that is set anew, with its value as the language writes it."""
        return dict(self._settings)

    def with_values(self, overrides: Mapping[str, Override]) -> Scenario:
        """The same scenario with fields and lets bound anew, over those that are already.

        A value is text as the language writes it (`"1.2"`, `"700 W/device"`, `"grids.us.quebec"`), a number where a ratio is
        wanted, a pair of a number and a unit, a `Value`, or a pint quantity. It is checked like a line of the file: a name
        that is not there, a missing unit, a bound that is left are among the diagnostics.

        >>> import tonne
        >>> scenario = tonne.load("scenarios/quickstart.tonne")
        >>> warmer = scenario.with_values({"pretrain.utilization": 0.3, "pretrain.tokens": (2e12, "token")})
        >>> print(scenario.run()["pretrain.energy"], "->", warmer.run()["pretrain.energy"])
        317.9 MWh -> 605.5 MWh
        >>> for one in scenario.with_values({"pretrain.tokens": 2e12}).check().diagnostics:
        ...     print(one.code, one.title)
        D206 2000000000000 needs a unit of tokens
        """
        return replace(self, _settings=tuple({**self.overrides, **settings(overrides)}.items()))

    def check(self) -> Checked:
        """What is wrong with it, without evaluating it."""
        return Checked(self._checked)

    def run(
        self,
        overrides: Mapping[str, Override] | None = None,
        *,
        draws: int | None = None,
        seed: int | None = None,
        threads: int | None = None,
        exact: bool = False,
    ) -> Result:
        """Its values, requirements and claims; with `overrides`, those of `with_values(overrides)`.

        `draws` samples: `distributions` and the shares of requirements and claims are of so many draws. The figures do not
        depend on `threads`. `exact` gathers the very quantiles, by a second pass.

        >>> import tonne
        >>> result = tonne.load("scenarios/uncertain.tonne").run(draws=10_000)
        >>> result.distributions["pretrain.co2e"].unit, result.requirements[0].share > 0.98
        ('tCO2e', True)
        """
        if overrides:
            return self.with_values(overrides).run(draws=draws, seed=seed, threads=threads, exact=exact)
        request = _request(draws, seed, threads, exact)
        return Result(self._evaluated if request is None else scenario.evaluate_checked(self._checked, request))

    def sweep(
        self,
        name: str | None = None,
        *,
        draws: int | None = None,
        seed: int | None = None,
        threads: int | None = None,
        exact: bool = False,
    ) -> Sweep:
        """The sweep of that name, or the only one; `TonneError` where there is none, or where something is wrong with it.

        >>> import tonne
        >>> print(tonne.load("scenarios/where_to_train.tonne").sweep("switch").crossings[0])
        training.co2e is lower below there.carbon_intensity = 57.4 gCO2e/kWh, in_quebec.co2e above it
        """
        from tonne.sweep_values import evaluate_sweep

        checked = self._checked
        names = [one.name for one in checked.sweeps]
        chosen = [one for one in checked.sweeps if name in (None, one.name)]
        if len(chosen) != 1:
            there = f"there are: {', '.join(names)}" if names else "it has none"
            what = "which sweep is meant" if name is None and names else f"no sweep `{name or ''}`"
            raise TonneError(f"{what} of {self.path.name}; {there}", ())
        errors = [d for d in checked.diagnostics if d.is_error]
        swept, found = None, list(checked.diagnostics)
        if not errors and chosen[0].first is not None:
            swept, more = evaluate_sweep(chosen[0], found, _request(draws, seed, threads, exact))
            found += more
            errors = [d for d in more if d.is_error]
        if swept is None or errors:
            raise TonneError(told(errors) or f"`{chosen[0].name}` rests on an error", errors)
        return Sweep(tuple(found), self.path.name, swept)

    def function(self, results: Sequence[str], of: Sequence[str]) -> Callable[..., tuple[float, ...]]:
        """The values at some paths as a quick function of given facts, all in the units that the file declares for them.

        For a loop or an optimizer of your own. `TonneError` for a path without a value, and for one of `of` that the
        file does not give as a number.

        >>> import tonne
        >>> scenario = tonne.load("scenarios/quickstart.tonne")
        >>> carbon = scenario.function(["pretrain.co2e"], of=["pretrain.utilization", "pretrain.pue"])
        >>> [round(co2e, 1) for co2e in (*carbon(40, 1.1), *carbon(50, 1.1))]
        [127.2, 101.7]
        """
        from tonne.numeric.scalar import compiled
        from tonne.numeric.steps import Opaque

        result = self.run()
        inputs, outputs = [result[path]._quantity for path in of], [result[path]._quantity for path in results]
        run = self._evaluated.run
        assert run is not None
        for path, one in zip(of, inputs, strict=True):
            if not one.is_given or one.node.args:
                raise TonneError(f"`{path}` is no number that {self.path.name} gives")
        try:
            return compiled(
                run,
                [one.node for one in inputs],
                [one.node for one in outputs],
                [one.unit.factor for one in inputs],
                [one.unit.factor for one in outputs],
            )
        except Opaque:
            raise TonneError("a value that rests on an elasticity is no function of floats") from None

    def explain(self, path: str) -> Explanation:
        """Why the value at a path is what it is."""
        return self.run().explain(path)

    @cached_property
    def _checked(self) -> scenario.Checked:
        return scenario.check(self.path, [f"{path}={value}" for path, value in self._settings], self.text)

    @cached_property
    def _evaluated(self) -> scenario.Evaluated:
        return scenario.evaluate_checked(self._checked)

    def __reduce__(self) -> tuple[object, ...]:  # to another process goes the question, not what was worked out here
        return Scenario, (self.path, self.text, self._settings)

    def __repr__(self) -> str:
        words = ", ".join(f"{path} = {value}" for path, value in self._settings)
        return f"<Scenario {self.path.name}{f' with {words}' if words else ''}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        from tonne.report.html import to_html
        from tonne.report.overview import overview

        return to_html(overview(self._checked, self.overrides))


def _request(draws: Any, seed: Any, threads: Any, exact: bool) -> Any:
    """What is asked of sampling; None where nothing is."""
    from tonne.draw_options import Request

    for name, value, least in (("draws", draws, 2), ("seed", seed, 0), ("threads", threads, 1)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
            raise ValueError(f"`{name}` is a whole number of at least {least}, this is {value!r}")
    return Request(draws, seed, threads, exact) if draws is not None or seed is not None or exact else None
