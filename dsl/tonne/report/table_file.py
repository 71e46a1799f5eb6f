"""A sweep as a file of data: Parquet or CSV block by block, or a labelled dataset (netCDF). The home of pyarrow and xarray.

Columns are the axes, then the shown values, in the units of the file: in Parquet and in a dataset as metadata under
`unit`, in CSV in the head of the column. Of a sampled sweep each value is five columns: mean, sd, p5, median, p95.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tonne.draw_options import Progress, Stopped
from tonne.numeric.sample import Distribution
from tonne.numeric.sweep import constant_column, grid, in_unit
from tonne.sweep_values import Blocks
from tonne.swept import MOST_KEPT, Swept
from tonne.values import Record
from tonne.write import replacing

STATISTICS = ("mean", "sd", "p5", "median", "p95")
FORMATS = (".parquet", ".csv", ".nc")
# The package that writes a format.
NEEDS = {".parquet": "pyarrow", ".nc": "xarray"}


class TooLarge(Exception):
    """Why a sweep cannot be written in a format."""


class _Column(Record, frozen=True):
    name: str
    unit: str
    is_choice: bool = False


def write_blocks(target: Path, blocks: Blocks, about: dict[str, str], progress: Progress | None = None) -> int:
    """Writes a sweep at the point values as its blocks come, whole or not at all; gives the number of rows."""
    swept = blocks.swept
    columns = [*_axes(swept), *(_Column(c.name, c.unit.word) for c in swept.columns)]
    done = 0
    with replacing(target) as path, _writer(path, target.suffix.lower(), columns, about) as write:
        try:
            for number, _, count, values in blocks:
                write(_rows(swept, number, count, values))
                done += count
                if progress is not None:
                    progress(done, swept.points)
        except KeyboardInterrupt:
            raise Stopped(done, swept.points, "points") from None
    return swept.points


def write_swept(target: Path, swept: Swept, about: dict[str, str]) -> int:
    """Writes a sweep whose cells are all there: sampled, or evaluated one by one, or as a dataset."""
    if target.suffix.lower() == ".nc":
        with replacing(target) as path:
            dataset(swept, about).to_netcdf(path, engine="scipy")
        return swept.points
    names = [_Column(f"{c.name} {s}", c.unit.word) for c in swept.columns for s in STATISTICS]
    columns = [*_axes(swept), *(names if swept.sampled else (_Column(c.name, c.unit.word) for c in swept.columns))]
    number = 0
    with replacing(target) as path, _writer(path, target.suffix.lower(), columns, about) as write:
        try:
            for number in range(len(swept.combinations)):
                write(_all_of(swept, number))
        except KeyboardInterrupt:
            raise Stopped(number * swept.cells, swept.points, "points") from None
    return swept.points


def dataset(swept: Swept, about: dict[str, str]) -> Any:
    """A sweep as an `xarray.Dataset`: a dimension an axis, units as attributes."""
    import xarray

    if swept.values is None and swept.sampled is None:
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
            cells = [[_figures(one, column.unit.factor) for one in row[index]] for row in swept.sampled]
            variables[column.name] = ([*dims, statistic], grid(cells, (*sizes, len(STATISTICS))), attributes)
            coordinates[statistic] = (statistic, list(STATISTICS))
        else:
            assert swept.values is not None
            stacked = grid([in_unit(row[index], column.unit) for row in swept.values], sizes)
            variables[column.name] = (dims, stacked, attributes)
    made = xarray.Dataset(variables, coords=coordinates, attrs=about)
    tail = [statistic] if swept.sampled is not None else []
    return made.transpose(*(axis.path for axis in swept.axes), *tail)


# ── rows ──


def _axes(swept: Swept) -> list[_Column]:
    return [_Column(axis.path, "" if axis.is_choice else axis.unit.word, axis.is_choice) for axis in swept.axes]


def _rows(swept: Swept, number: int, count: int, values: Sequence[Any]) -> list[Any]:
    """The columns of a block: a choice is told by its label, of which each row has the same."""
    chosen = iter(swept.combinations[number])
    numbers = iter(zip(values, swept.numbers, strict=False))
    made: list[Any] = []
    for axis in swept.axes:
        if axis.is_choice:
            made.append((axis.choices, next(chosen), count))
        else:
            along, _ = next(numbers)
            made.append(in_unit(along, axis.unit))
    shown = values[len(swept.numbers) :]
    return [*made, *(in_unit(one, column.unit) for one, column in zip(shown, swept.columns, strict=True))]


def _all_of(swept: Swept, number: int) -> list[Any]:
    chosen = iter(swept.combinations[number])
    cells = [swept.index(cell) for cell in range(swept.cells)]
    made: list[Any] = []
    place = 0
    for axis in swept.axes:
        if axis.is_choice:
            made.append((axis.choices, next(chosen), swept.cells))
        else:
            made.append([axis.values[index[place]] for index in cells])
            place += 1
    for at, column in enumerate(swept.columns):
        if swept.sampled is not None:
            figures = [_figures(one, column.unit.factor) for one in swept.sampled[number][at]]
            made += [[row[i] for row in figures] for i in range(len(STATISTICS))]
        else:
            assert swept.values is not None
            made.append(in_unit(swept.values[number][at].reshape(-1), column.unit))
    return made


def _figures(one: Distribution | float, factor: float) -> list[float]:
    if not isinstance(one, Distribution):
        return [one / factor, 0.0, one / factor, one / factor, one / factor]
    return [value / factor for value in (one.mean, one.sd, one.low, one.median, one.high)]


# ── formats ──


def _writer(path: Path, style: str, columns: Sequence[_Column], about: dict[str, str]) -> Any:
    return _Parquet(path, columns, about) if style == ".parquet" else _Csv(path, columns)


class _Csv:
    def __init__(self, path: Path, columns: Sequence[_Column]) -> None:
        self.file = path.open("w", encoding="utf-8", newline="")
        self.writer = csv.writer(self.file)
        self.writer.writerow([f"{c.name} [{c.unit}]" if c.unit not in ("", "ratio") else c.name for c in columns])

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
    values = column if isinstance(column, list) else column.tolist()
    return (_short(value) for value in values)


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
            kind = pa.dictionary(pa.int32(), pa.string()) if column.is_choice else pa.float64()
            fields.append(pa.field(column.name, kind, metadata={"unit": column.unit} if column.unit else None))
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
