"""A sweep as a file of data: Parquet or CSV block by block, or a labelled dataset (netCDF). The home of pyarrow and xarray.

Columns are the axes, then the shown values, in the units of the file: in Parquet and in a dataset as metadata under
`unit`, in CSV in the head of the column. Of a sampled sweep each value is five columns: mean, sd, p5, median, p95.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tonne.draw_options import Progress, Stopped
from tonne.numeric.sample import Distribution
from tonne.numeric.sweep import constant_column, grid, in_unit, pieces
from tonne.sweep_values import Block
from tonne.swept import MOST_KEPT, Swept
from tonne.units import Unit
from tonne.values import Record
from tonne.write import replacing

STATISTICS = ("mean", "sd", "p5", "median", "p95")


class TooLarge(Exception):
    """Why a sweep cannot be written in a format."""


class _Column(Record, frozen=True):
    """One column of a table; a choice has no unit."""

    name: str
    unit: Unit | None

    @property
    def word(self) -> str:
        return "" if self.unit is None else self.unit.word


def write_rows(
    target: Path, swept: Swept, blocks: Iterable[Block], about: dict[str, str], progress: Progress | None = None
) -> int:
    """Writes a row a cell as the blocks of them come, whole or not at all; gives the number of rows."""
    columns = [_Column(axis.path, None if axis.is_choice else axis.unit) for axis in swept.axes]
    for one in swept.columns:
        names = [f"{one.name} {s}" for s in STATISTICS] if swept.sampled is not None else [one.name]
        columns += [_Column(name, one.unit) for name in names]
    done = 0
    with replacing(target) as path, _writer(path, target.suffix.lower(), columns, about) as write:
        try:
            for number, _, count, values in blocks:
                write(_in_order(swept, columns, number, count, values))
                done += count
                if progress is not None:
                    progress(done, swept.points)
        except KeyboardInterrupt:
            raise Stopped(done, swept.points, "points") from None
    return swept.points


def write_dataset(target: Path, swept: Swept, about: dict[str, str]) -> int:
    """Writes netCDF, for which all cells are kept."""
    with replacing(target) as path:
        dataset(swept, about).to_netcdf(path, engine="scipy")
    return swept.points


def dataset(swept: Swept, about: dict[str, str]) -> Any:
    """A sweep as an `xarray.Dataset`: a dimension an axis, units as attributes."""
    import xarray

    if not swept.has_cells:
        many = swept.points * len(swept.columns)
        raise TooLarge(f"`{swept.name}` has {many:,} values; a dataset holds up to {MOST_KEPT:,}")
    order = [*swept.choices, *swept.numbers]
    dims = [axis.path for axis in order]
    sizes = [axis.size for axis in order]
    statistic = "statistic" if "statistic" not in dims else "of the draws"
    coordinates: dict[str, Any] = {}
    for axis in swept.axes:
        if axis.is_choice:
            coordinates[axis.path] = (axis.path, list(axis.choices))
        else:
            values = list(axis.values)
            coordinates[axis.path] = (axis.path, values, {"units": axis.unit.word})
    variables: dict[str, Any] = {}
    for index, column in enumerate(swept.columns):
        attributes = {"units": column.unit.word}
        if swept.sampled is not None:
            stacked = in_unit(
                grid([_figures(row[index]) for row in swept.sampled], (*sizes, len(STATISTICS))), column.unit
            )
            variables[column.name] = ([*dims, statistic], stacked, attributes)
            coordinates[statistic] = (statistic, list(STATISTICS))
        else:
            assert swept.values is not None
            stacked = grid([in_unit(row[index], column.unit) for row in swept.values], sizes)
            variables[column.name] = (dims, stacked, attributes)
    made = xarray.Dataset(variables, coords=coordinates, attrs=about)
    tail = [statistic] if swept.sampled is not None else []
    return made.transpose(*(axis.path for axis in swept.axes), *tail)


# ── rows ──


def sampled_blocks(swept: Swept) -> Iterator[Block]:
    """The cells of a sampled sweep, with the statistics of each column, in base units."""
    assert swept.sampled is not None
    for number, columns in enumerate(swept.sampled):
        figures = [_figures(one) for one in columns]
        flat = [[cell[i] for cell in cells] for cells in figures for i in range(len(STATISTICS))]
        yield from ((number, *piece) for piece in pieces(swept.numbers, flat))


def _figures(cells: Sequence[Distribution | float]) -> list[tuple[float, ...]]:
    """The statistics of each cell."""
    return [
        (one.mean, one.sd, one.low, one.median, one.high)
        if isinstance(one, Distribution)
        else (one, 0.0, one, one, one)
        for one in cells
    ]


def _in_order(swept: Swept, columns: Sequence[_Column], number: int, count: int, values: Sequence[Any]) -> list[Any]:
    """A block in the order of the columns; a choice is told by its label, of which each row has the same."""
    chosen = iter(zip(swept.choices, swept.combinations[number], strict=True))
    numbers = iter(values)
    made: list[Any] = []
    for column in columns:
        if column.unit is None:
            axis, index = next(chosen)
            made.append((axis.choices, index, count))
        else:
            made.append(in_unit(next(numbers), column.unit))
    return made


# ── formats ──


def _writer(path: Path, style: str, columns: Sequence[_Column], about: dict[str, str]) -> Any:
    return _Parquet(path, columns, about) if style == ".parquet" else _Csv(path, columns)


class _Csv:
    def __init__(self, path: Path, columns: Sequence[_Column]) -> None:
        self.file = path.open("w", encoding="utf-8", newline="")
        self.writer = csv.writer(self.file)
        self.writer.writerow([f"{c.name} [{c.word}]" if c.word not in ("", "ratio") else c.name for c in columns])

    def __enter__(self) -> Any:
        return self

    def __call__(self, columns: Sequence[Any]) -> None:
        self.writer.writerows(zip(*(_told(column) for column in columns), strict=True))

    def __exit__(self, *why: object) -> None:
        self.file.close()


def _told(column: Any) -> Iterator[Any]:
    """A column as CSV has it: the shortest decimal that reads back as the same number."""
    if isinstance(column, tuple):
        labels, index, count = column
        return iter([labels[index]] * count)
    return (_short(value) for value in column.tolist())


def _short(value: float) -> float | int | str:
    if not math.isfinite(value):
        return ""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


class _Parquet:
    def __init__(self, path: Path, columns: Sequence[_Column], about: dict[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = []
        for column in columns:
            kind = pa.dictionary(pa.int32(), pa.string()) if column.unit is None else pa.float64()
            fields.append(pa.field(column.name, kind, metadata={"unit": column.word} if column.word else None))
        self.schema = pa.schema(fields, metadata=about)
        self.pa = pa
        self.writer = pq.ParquetWriter(path, self.schema)

    def __enter__(self) -> Any:
        return self

    def __call__(self, columns: Sequence[Any]) -> None:
        arrays = [self._array(column) for column in columns]
        self.writer.write_batch(self.pa.record_batch(arrays, schema=self.schema))

    def _array(self, column: Any) -> Any:
        if isinstance(column, tuple):
            labels, index, count = column
            return self.pa.DictionaryArray.from_arrays(constant_column(index, count), list(labels))
        return self.pa.array(column, self.pa.float64())

    def __exit__(self, *why: object) -> None:
        self.writer.close()
