"""The table of a study: a row for each point that has finished, a column for each parameter and each measure.

In: points and their records.  Out: a pandas DataFrame or a structured array; an xarray Dataset over the grid.  Must not
know: how points are run, stores.

The unit of a column is that of the first point in the order of the grid.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import MeasureError, MissingExtraError, NumbadynError
from numbadyn.io.coordinates import text_of
from numbadyn.model.init import Distribution
from numbadyn.study.cells import split_cell
from numbadyn.study.grid import Grid, Point
from numbadyn.units import is_quantity, magnitude_in, split
from numbadyn.units.reading import read_unit, with_readable_unit, with_unit

__all__ = ["Columns", "to_dataset", "to_frame"]


_SINGLE: list[set[type]] = [{float}, {int}, {bool}, {str}]


class Columns:
    """Columns of plain values, with units.

    Parameters
    ----------
    names : sequence of str
        Of the parameters.
    rows : sequence of pairs
        Points that have finished, and their cells by name.

    Attributes
    ----------
    values : dict
        Arrays by name, one entry a row; of arrays of different shapes an array of objects.
    units : dict
        Texts by name; empty for plain numbers.
    """

    def __init__(self, names: Sequence[str], rows: Sequence[tuple[Point, dict[str, Any]]]) -> None:
        self.values: dict[str, NDArray[Any]] = {}
        self.units: dict[str, str] = {}
        for name in names:  # many points share a value
            known = {id(point.parameters[name]): point.parameters[name] for point, _cells in rows}
            some = _told(list(known.values()))
            plain = {key: _single(*with_readable_unit(value)) for key, value in zip(known, some, strict=True)}
            self._add(name, [plain[id(point.parameters[name])] for point, _cells in rows], rows)
        self.values["seed"] = np.array([point.seed for point, _cells in rows], dtype=np.uint64 if _far(rows) else int)
        self.units["seed"] = ""
        self.measured = list(dict.fromkeys(name for _point, cells in rows for name in cells))
        for name in self.measured:
            self._add(name, [split_cell(cells[name]) if name in cells else None for _point, cells in rows], rows)

    def _add(self, name: str, found: list[tuple[Any, str] | None], rows: Sequence[Any]) -> None:
        unit = next((one[1] for one in found if one is not None), "")
        values = []
        for (point, _cells), one in zip(rows, found, strict=True):
            if one is not None and one[1] != unit:
                one = (_converted(name, one, unit, point), unit)
            values.append(np.nan if one is None else one[0])
        self.values[name], self.units[name] = _stacked(values), unit


def _told(values: list[Any]) -> list[Any]:
    """Values of a parameter; where one is a distribution, texts that say what they are."""
    if any(isinstance(value, Distribution) for value in values):
        return [text_of(value) for value in values]
    return values


def _single(value: Any, unit: str) -> tuple[Any, str]:
    """A value and its unit; an array without axes becomes a number."""
    return (value.item() if isinstance(value, np.ndarray) and not value.ndim else value), unit


def _far(rows: Sequence[tuple[Point, Any]]) -> bool:
    return any(point.seed >= 2**63 for point, _cells in rows)


def _converted(name: str, one: tuple[Any, str], unit: str, point: Point) -> Any:
    """A value in the unit of the column."""
    try:
        wanted = split(with_unit(1.0, unit))
        return magnitude_in(with_unit(*one), wanted[1], what=name) / np.asarray(wanted[0])
    except NumbadynError as error:
        raise MeasureError(
            f"{name} is in {one[1] or 'no unit'} at the point {point}, but in {unit or 'no unit'} at others.",
            where="sweep(measure=...)",
            cure="Let it have one unit at all points; study.records holds what was measured.",
            name=name,
        ) from error


def _stacked(values: list[Any]) -> NDArray[Any]:
    """Values as one array, one entry a row."""
    if {type(value) for value in values} in _SINGLE:
        return np.array(values)
    shapes = {np.shape(value) for value in values}
    if len(shapes) == 1 and not any(value is None for value in values):
        kinds = {np.asarray(value).dtype.kind for value in values}
        if len(kinds) == 1 or kinds <= set("iuf"):
            return np.array(values)
    made = np.empty(len(values), dtype=object)
    for number, value in enumerate(values):
        made[number] = value
    return made


def to_frame(columns: Columns) -> Any:
    """A pandas DataFrame, where pandas is installed, with the units in ``attrs["units"]``; else a structured array."""
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        kinds = [(name, values.dtype, values.shape[1:]) for name, values in columns.values.items()]
        table = np.empty(len(columns.values["seed"]), dtype=kinds)
        for name, values in columns.values.items():
            table[name] = values
        return table
    frame = pandas.DataFrame({name: _flat(values) for name, values in columns.values.items()})
    frame.attrs["units"] = {name: unit for name, unit in columns.units.items() if unit}
    return frame


def _flat(values: NDArray[Any]) -> Any:
    """A column of one entry a row."""
    return values if values.ndim == 1 else list(values)


def to_dataset(grid: Grid, columns: Columns, rows: Sequence[Point]) -> Any:
    """An xarray Dataset: parameters and seeds are coordinates; what has not finished is NaN.

    Raises
    ------
    MissingExtraError
        xarray is not installed.
    MeasureError
        Arrays have different shapes.
    """
    try:
        xarray = importlib.import_module("xarray")
    except ImportError as error:
        raise MissingExtraError(
            "xarray is not installed.", where="study.to_xarray()", cure='Install it: pip install "numbadyn[sweep]"'
        ) from error
    seeds = {seed: number for number, seed in enumerate(grid.seeds)}
    if grid.mode == "product":
        places = [{_word(value): number for number, value in enumerate(axis.values)} for axis in grid.axes]
        sizes = {axis.name: len(axis.values) for axis in grid.axes}
        coordinates = {axis.name: _coordinate(axis.name, list(axis.values), axis.name) for axis in grid.axes}
        names = list(sizes)
        found = {id(point.parameters[name]): point.parameters[name] for point in rows for name in names}
        words = {key: _word(value) for key, value in found.items()}
        at = [
            tuple(place[words[id(point.parameters[name])]] for name, place in zip(names, places, strict=True))
            for point in rows
        ]
    else:  # points lie on a line
        groups = {point.group: number for number, point in enumerate(grid.points[:: len(grid.seeds)])}
        sizes = {"point": len(groups)}
        values = {axis.name: [p.parameters[axis.name] for p in grid.points[:: len(grid.seeds)]] for axis in grid.axes}
        coordinates = {name: _coordinate("point", of_points, name) for name, of_points in values.items()}
        at = [(groups[point.group],) for point in rows]
    sizes["seed"], coordinates["seed"] = len(seeds), ("seed", list(seeds))
    where = [(*place, seeds[point.seed]) for place, point in zip(at, rows, strict=True)]
    variables = {name: _variable(name, columns, sizes, where) for name in columns.measured}
    return xarray.Dataset(variables, coords=coordinates)


def _word(value: Any) -> Any:
    """A value as a key."""
    if isinstance(value, Distribution):
        return value.key()
    magnitude, dimension = split(value) if is_quantity(value) else (value, None)
    return (np.asarray(magnitude).tobytes(), dimension) if isinstance(magnitude, np.ndarray) else (magnitude, dimension)


def _coordinate(dimension: str, values: list[Any], name: str) -> tuple[Any, ...]:
    """A coordinate, with its unit; of arrays their numbers."""
    values = _told(values)
    unit = with_readable_unit(values[0])[1]
    plain = [_in(value, unit) for value in values]
    if any(np.ndim(value) for value in plain):
        return (dimension, np.arange(len(plain)), {"long_name": f"number of the value of {name}"})
    return (dimension, plain, {"units": unit} if unit else {})


def _in(value: Any, unit: str) -> Any:
    if not is_quantity(value):
        return value
    magnitude, own = with_readable_unit(value)
    return magnitude.item() if own == unit and magnitude.ndim == 0 else np.asarray(value.rescale(read_unit(unit)))[()]


def _variable(name: str, columns: Columns, sizes: dict[str, int], where: list[tuple[int, ...]]) -> tuple[Any, ...]:
    """What was measured, over the grid."""
    values, unit = columns.values[name], columns.units[name]
    if values.dtype == object and any(isinstance(value, np.ndarray) for value in values):
        raise MeasureError(
            f"{name} is an array of another shape at each point, which has no place in a grid.",
            where="study.to_xarray()",
            cure="Use study.table, or let measure give arrays of one shape.",
            name=name,
        )
    own = [f"{name}_{axis}" for axis in range(values.ndim - 1)]
    shape = (*sizes.values(), *values.shape[1:])
    whole = len(where) == int(np.prod(list(sizes.values())))
    kind = values.dtype if whole or values.dtype.kind in "fO" else float if values.dtype.kind in "biu" else object
    made = np.full(shape, np.nan if kind != values.dtype or values.dtype.kind in "fO" else 0, dtype=kind)
    for number, place in enumerate(where):
        made[place] = values[number]
    return ([*sizes, *own], made, {"units": unit} if unit else {})
