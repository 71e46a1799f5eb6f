"""A sweep in Python: rows, tables of other libraries, files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tonne.api.errors import InOneProcess, TonneError
from tonne.diagnostic import Diagnostic
from tonne.swept import Swept

if TYPE_CHECKING:
    import pandas
    import xarray


@dataclass(frozen=True, repr=False, eq=False)
class Sweep(InOneProcess):
    """What `Scenario.sweep` gives. `str()` is what `tonne sweep` prints.

    >>> import tonne
    >>> sweep = tonne.load("scenarios/where_to_train.tonne").sweep("where_to_train")
    >>> sweep.axes["training.utilization"].unit, sweep.axes["training.grid"].values[0]
    ('%', 'quebec_life_cycle')
    """

    diagnostics: tuple[Diagnostic, ...]
    _scenario: str
    _swept: Swept = field(compare=False)

    @property
    def name(self) -> str:
        return self._swept.name

    @property
    def axes(self) -> Mapping[str, Axis]:
        """The axes by path, in the order in which they stand."""
        return {
            a.path: Axis(a.path, "" if a.is_choice else a.unit.word, a.choices or tuple(a.values))
            for a in self._swept.axes
        }

    @property
    def units(self) -> Mapping[str, str]:
        """The unit of each shown value, by its name."""
        return {column.name: column.unit.word for column in self._swept.columns}

    @property
    def crossings(self) -> tuple[str, ...]:
        """Where two options cross, in a sentence each."""
        from tonne.report.sweep import crossing_line

        return tuple(crossing_line(one) for one in self._swept.crossings)

    def records(self) -> list[dict[str, Any]]:
        """One row a cell: its place along each axis, and each shown value, in their units."""
        from tonne.report.sweep import sweep_as_rows

        if not self._swept.has_cells:
            raise TonneError(
                f"`{self.name}` has {self._swept.points:,} points, too many to keep; `tonne sweep --out` writes them"
            )
        return sweep_as_rows(self._swept)

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas table; needs `pip install tonne[pandas]`."""
        try:
            import pandas
        except ImportError as error:
            raise TonneError("a pandas table needs pandas: `pip install 'tonne[pandas]'`") from error
        return pandas.json_normalize(self.records())

    def to_xarray(self) -> xarray.Dataset:
        """A labelled dataset, a dimension an axis, units as attributes; needs `pip install tonne[data]`."""
        from tonne.report.table_file import TooLarge, dataset

        try:
            return dataset(self._swept, self._about)  # type: ignore[no-any-return]
        except ImportError as error:
            raise TonneError("a dataset needs xarray: `pip install 'tonne[data]'`") from error
        except TooLarge as error:
            raise TonneError(str(error)) from error

    def to_dict(self) -> dict[str, Any]:
        """As `tonne sweep --format json` prints it."""
        from tonne.report.sweep import sweep_as_json

        return sweep_as_json(self._swept, self.diagnostics)

    @property
    def _about(self) -> dict[str, str]:
        return {"scenario": self._scenario, "sweep": self.name}

    def __str__(self) -> str:
        from tonne.report.sweep import sweep_as_tables
        from tonne.report.text import WIDTH, to_text

        return to_text(sweep_as_tables(self._swept, WIDTH))

    def __repr__(self) -> str:
        return f"<Sweep {self.name} of {self._scenario}: {self._swept.points:,} points>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from tonne.report.html import to_html
        from tonne.report.sweep import sweep_as_tables
        from tonne.report.text import WIDTH

        return to_html(sweep_as_tables(self._swept, WIDTH))


@dataclass(frozen=True)
class Axis:
    """Of numbers: the values in `unit`. Of choices: their names; the unit is empty then."""

    path: str
    unit: str
    values: tuple[float, ...] | tuple[str, ...]
