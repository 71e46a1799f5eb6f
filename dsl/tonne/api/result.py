"""What checking and running a scenario give: typed, frozen, printable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from tonne.api.distribution import Distribution, distribution_of
from tonne.api.errors import InOneProcess, NoValue, TonneError, told
from tonne.api.explanation import Explanation
from tonne.api.value import Value, value_of
from tonne.api.verdict import Verdict, verdict_of
from tonne.diagnostic import Diagnostic
from tonne.explain import explain_path
from tonne.lookup import find_quantity
from tonne.missing import undetermined
from tonne.model import State
from tonne.names import Let
from tonne.quantities import Quantity, quantities, quantity_of, shown
from tonne.run import Run
from tonne.scenario import Checked as CheckedFile
from tonne.scenario import Evaluated

if TYPE_CHECKING:
    import pandas


class _Found(InOneProcess):
    """What a check and a run have in common: what was found."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Errors, warnings, notes and verdicts, in the order of the file."""
        raise NotImplementedError

    @property
    def ok(self) -> bool:
        """Whether there is no error. A requirement that is missed is one; a claim that is refuted is none."""
        return not any(d.is_error for d in self.diagnostics)

    def raise_for_errors(self) -> Self:
        """Itself, or a `TonneError` that shows the errors as the command line does."""
        errors = [d for d in self.diagnostics if d.is_error]
        if errors:
            from tonne.report.diagnostics import all_in_full
            from tonne.report.text import to_text

            raise TonneError(to_text(all_in_full(errors)), errors)
        return self


@dataclass(frozen=True, repr=False, eq=False)
class Checked(_Found):
    """What `Scenario.check` gives. `str()` is what `tonne check` prints."""

    _checked: CheckedFile

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self._checked.diagnostics

    def to_dict(self) -> dict[str, Any]:
        """As `tonne check --format json` prints it."""
        from tonne.report.as_json import check_as_json

        return check_as_json(self.diagnostics)

    def __str__(self) -> str:
        from tonne.report.diagnostics import all_in_full
        from tonne.report.text import to_text

        return to_text(all_in_full(self.diagnostics)) or f"{self._checked.path.name}: nothing to mend"

    def __repr__(self) -> str:
        return f"<Checked {self._checked.path.name}: {_counts(self.diagnostics)}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from tonne.report.html import to_html

        return to_html(_findings(self.diagnostics) or [str(self)])


@dataclass(frozen=True, repr=False, eq=False)
class Result(_Found, Mapping[str, Value]):
    """What `Scenario.run` gives: a mapping from paths to values, with requirements, claims and findings.

    It holds each determined quantity of the file under `instance.field`, each `let` under its name, each shown expression
    under its text; `result["pretrain.grid.carbon_intensity"]` follows references. What rests on an error is not in it.

    >>> import tonne
    >>> result = tonne.load("scenarios/quickstart.tonne").run()
    >>> print(result["pretrain.co2e"], "|", result["first_year"])
    127.2 tCO2e | 1,377 tCO2e
    >>> result["pretrain.co3e"]
    Traceback (most recent call last):
    tonne.NoValue: N112: `pretrain` has no `co3e` (did you mean `co2e`?)
    >>> result["pretrain.cost"]
    Traceback (most recent call last):
    tonne.NoValue: `pretrain.cost` is undetermined: give price
    >>> result.ok, [claim.verdict for claim in result.claims]
    (True, ['refuted'])
    """

    _evaluated: Evaluated

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self._evaluated.diagnostics

    @cached_property
    def requirements(self) -> tuple[Verdict, ...]:
        """Each `require`, in the order of the file."""
        return tuple(verdict_of(v) for v in self._evaluated.requirements)

    @cached_property
    def claims(self) -> tuple[Verdict, ...]:
        """Each `claim`, in the order of the file."""
        return tuple(verdict_of(v) for v in self._evaluated.claims)

    @cached_property
    def shown(self) -> tuple[Value, ...]:
        """What the file shows, in the units in which it shows it."""
        run = self._evaluated.run
        return () if run is None else tuple(value_of(run, one) for one in shown(run))

    @cached_property
    def undetermined(self) -> Mapping[str, tuple[str, ...]]:
        """Each other quantity of the file, with the single facts that would determine it, often none."""
        run = self._evaluated.run
        found = {} if run is None else undetermined(run.model)
        return MappingProxyType({path: tuple(facts) for path, facts in found.items()})

    @cached_property
    def distributions(self) -> Mapping[str, Distribution]:
        """What the file shows and names, over draws; empty without sampling, and without what does not vary."""
        run = self._evaluated.run
        found: dict[str, Distribution] = {}
        for one in () if run is None or run.sampled is None else self._quantities.values():
            drawn = run.sampled.distribution(one.node) if run is not None and run.sampled is not None else None
            if drawn is not None:
                found[one.name] = distribution_of(one.name, drawn, one.unit)
        return MappingProxyType(found)

    @cached_property
    def cases(self) -> Mapping[str, Result]:
        """Each case of the file, as if the file were edited by hand; claims are of the file as written."""
        made = self._evaluated
        return MappingProxyType(
            {
                case.name: Result(
                    Evaluated(made.checked, case.run, case.requirements, [], case.diagnostics, sampled=made.sampled)
                )
                for case in made.cases
            }
        )

    def explain(self, path: str) -> Explanation:
        """Why the value at a path is what it is, or what would determine it; `NoValue` for a path that names none."""
        run = self._needed(path)
        step, found = explain_path(run, path)
        if step is None:
            raise NoValue(told(found) or f"`{path}` rests on an error", found)
        return Explanation(step, run)

    # ── a mapping ──

    @cached_property
    def _quantities(self) -> dict[str, Quantity]:
        run = self._evaluated.run
        return {} if run is None else {one.name: one for one in quantities(run)}

    def __getitem__(self, path: str) -> Value:
        run = self._needed(path)
        one = self._quantities.get(path)
        if one is None:
            one = _found_at(run, path)
        return value_of(run, one)

    def __iter__(self) -> Iterator[str]:
        return iter(self._quantities)

    def __len__(self) -> int:
        return len(self._quantities)

    def __bool__(self) -> bool:  # a run that determines nothing is a run all the same
        return True

    def _needed(self, path: str) -> Run:
        if self._evaluated.run is None:
            errors = [d for d in self.diagnostics if d.is_error]
            raise NoValue(f"`{path}` has no value, since nothing was evaluated: {told(errors)}", errors)
        return self._evaluated.run

    # ── as tables and documents ──

    def records(self) -> list[dict[str, Any]]:
        """One row a value, for a table of any library.

        The columns are `path`, `instance`, `kind`, `field`, `value`, `unit`, `given` and `source`. A `let` has no instance,
        and a shown expression neither instance nor field.
        """
        return [_record(value, self._quantities[value.path]) for value in self.values()]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows of `records` as a pandas table; needs `pip install tonne[pandas]`."""
        try:
            import pandas
        except ImportError as error:
            raise TonneError("a pandas table needs pandas: `pip install 'tonne[pandas]'`") from error
        return pandas.DataFrame(self.records(), columns=_COLUMNS)

    def to_dict(self) -> dict[str, Any]:
        """As `tonne run --format json` prints it."""
        from tonne.report.as_json import run_as_json

        made = self._evaluated
        return run_as_json(made)

    def to_json(self) -> str:
        """The text that `tonne run --format json` prints."""
        from tonne.report.as_json import as_text

        return as_text(self.to_dict())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # as of any mapping

    def __str__(self) -> str:
        """What `tonne run` prints: what was found, the tables, and what was found of the claims in them."""
        from tonne.diagnostic import without_verdicts
        from tonne.report.diagnostics import all_in_full
        from tonne.report.tables import run_as_tables
        from tonne.report.text import WIDTH, to_text

        made = self._evaluated
        tables = run_as_tables(made, WIDTH)
        findings, verdicts = without_verdicts(made.diagnostics)
        after: list[Any] = ["", *all_in_full(verdicts)] if tables and verdicts else []
        return to_text([*all_in_full(findings), *tables, *after])

    def __repr__(self) -> str:
        name = self._evaluated.checked.path.name
        return f"<Result of {name}: {len(self)} values, {_counts(self.diagnostics)}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from tonne.report.html import folded, to_html
        from tonne.report.tables import instances, results
        from tonne.report.text import WIDTH

        made = self._evaluated
        if made.run is None:
            return to_html(_findings(made.diagnostics))
        asked = results(made, WIDTH)
        everything = folded("All values", instances(made.run, WIDTH), is_open=not asked)
        return to_html([*_findings(made.diagnostics), *asked, *([everything] if len(self) else [])])


_COLUMNS = ["path", "instance", "kind", "field", "value", "unit", "given", "source"]


def _record(value: Value, one: Quantity) -> dict[str, Any]:
    symbol = one.symbol
    place: tuple[str | None, str, str | None]
    if isinstance(symbol, State):
        assert one.field is not None
        place = (symbol.instance.name, symbol.instance.kind.name, one.field.name)
    else:
        place = (None, "let", one.name) if isinstance(symbol, Let) else (None, "show", None)
    row = (value.path, *place, value.magnitude, value.unit, value.is_given, value.source)
    return dict(zip(_COLUMNS, row, strict=True))


def _found_at(run: Run, path: str) -> Quantity:
    """The quantity of a path that is not one of the file's own, or why there is none."""
    symbol, field, found = find_quantity(run, path)
    if symbol is None:
        raise NoValue(told(found) or f"`{path}` rests on an error", found)
    one = quantity_of(run, symbol, field)
    if one is not None:
        return one
    step, _ = explain_path(run, path)
    if step is None or step.status != "undetermined":
        raise NoValue(f"`{path}` rests on an error")
    give = f": give {', or '.join(step.would_determine)}" if step.would_determine else ""
    raise NoValue(f"`{path}` is undetermined{give}")


def _counts(found: tuple[Diagnostic, ...]) -> str:
    from tonne.report.diagnostics import summary

    return summary(found) or "nothing to mend"


def _findings(found: tuple[Diagnostic, ...]) -> list[Any]:
    from tonne.report.diagnostics import in_full
    from tonne.report.html import preformatted

    return [preformatted(in_full(d)) for d in found]
