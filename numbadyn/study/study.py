"""`Study`: what a sweep gives, and what a store holds; its table, what failed, and what is left.

In: a grid and records.  Out: tables, and points run again.  Must not know: how points are run.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numbadyn.errors import GridError, StudyError
from numbadyn.model.nearest import nearest_first
from numbadyn.study.cells import decode, dump, encode
from numbadyn.study.grid import Grid, Point, make_grid, show
from numbadyn.study.store.manifest import folder_of, read_manifest
from numbadyn.study.store.store import read_records
from numbadyn.study.table import Columns, to_dataset, to_frame
from numbadyn.units import is_quantity, split
from numbadyn.units.reading import with_unit

__all__ = ["FailedPoint", "Study", "grid_of"]

_SHOWN = 5


@dataclass(frozen=True)
class FailedPoint:
    """A point that has failed.

    Parameters
    ----------
    parameters : dict
        Of the point.
    seed : int
        Of the point.
    error : str
        Class of the exception.
    message, traceback : str
        What it said, and where it came from.
    """

    parameters: dict[str, Any]
    seed: int
    error: str
    message: str
    traceback: str

    def __str__(self) -> str:
        point = ", ".join([*(f"{name}={show(value)}" for name, value in self.parameters.items()), f"seed={self.seed}"])
        return f"{point}: {self.error.rpartition('.')[2]}: {self.message}"


class Study:
    """A study: points, and what was measured at those that have finished.

    `numbadyn.sweep` makes studies, and `Study.open` reads them from their stores.

    Attributes
    ----------
    interrupted : bool
        Whether the last sweep was ended by Ctrl-C before all points were done.
    path : pathlib.Path or None
        The store.
    """

    def __init__(
        self,
        grid: Grid,
        records: Mapping[str, dict[str, Any]],
        path: Path | None = None,
        *,
        manifest: Mapping[str, Any] | None = None,
        interrupted: bool = False,
        again: Callable[[Sequence[Point]], tuple[Mapping[str, dict[str, Any]], bool]] | None = None,
    ) -> None:
        self._grid, self._records, self._again = grid, records, again
        self._manifest = dict(manifest or {})
        self.path, self.interrupted = path, interrupted

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Study:
        """Read a study from its store, also while it is running.

        Parameters
        ----------
        path : path-like
            The folder.

        Returns
        -------
        Study
            It has its table, but no functions, so that nothing runs again.

        Raises
        ------
        StoreError
            It is no store.
        """
        folder = folder_of(path, "Study.open")
        manifest = read_manifest(folder)
        return cls(grid_of(manifest), read_records(folder), folder, manifest=manifest)

    @property
    def points(self) -> list[dict[str, Any]]:
        """Parameters and seed of every point, in order."""
        return [{**point.parameters, "seed": point.seed} for point in self._grid.points]

    @property
    def records(self) -> list[dict[str, Any]]:
        """What was measured at each point that has finished, with units, in the order of `points`."""
        return [
            {name: decode(cell) for name, cell in record["values"].items()} for _point, record in self._in("finished")
        ]

    @property
    def finished(self) -> int:
        """How many points have finished."""
        return len(self._in("finished"))

    @property
    def failed(self) -> list[FailedPoint]:
        """The points that have failed, in order."""
        return [
            FailedPoint(
                point.parameters,
                point.seed,
                record["error"]["class"],
                record["error"]["message"],
                record["error"]["traceback"],
            )
            for point, record in self._in("failed")
        ]

    @property
    def left(self) -> int:
        """How many points are neither finished nor failed."""
        return sum(point.key not in self._records for point in self._grid.points)

    @property
    def complete(self) -> bool:
        """Whether all points have finished."""
        return self.finished == len(self)

    @property
    def seconds(self) -> float:
        """Time that all points have taken together, in seconds, on all workers."""
        return float(sum(record["seconds"]["all"] for _point, record in self._in("finished")))

    @property
    def table(self) -> Any:
        """A row for each point that has finished, with a column for each parameter, the seed, and each measure.

        A pandas DataFrame where pandas is installed, with units in ``table.attrs["units"]``; else a structured array.

        Raises
        ------
        MeasureError
            A measure has units that do not fit, at different points.
        """
        return to_frame(self._columns)

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column of the table that has one."""
        return {name: unit for name, unit in self._columns.units.items() if unit}

    def to_pandas(self) -> Any:
        """The same as `table`."""
        return self.table

    def to_xarray(self) -> Any:
        """What was measured over the grid, with parameters and seeds as coordinates; NaN where a point is missing.

        Returns
        -------
        xarray.Dataset
            With a dimension for each parameter, and ``seed``; of lists that go together, and of single points, with the
            dimensions ``point`` and ``seed``. Arrays that were measured have their own dimensions behind these.

        Raises
        ------
        MissingExtraError
            xarray is not installed.
        MeasureError
            Arrays have different shapes at different points.
        """
        return to_dataset(self._grid, self._columns, [point for point, _record in self._in("finished")])

    def retry(self, **parameters: Any) -> Study:
        """Run points that have failed again; those that fail again are noted anew.

        Parameters
        ----------
        **parameters
            Values of parameters, or ``seed=``, of the points that are meant; all failed points by default. Names with
            dots are given as ``**{"E.tau": 10 * ms}``.

        Returns
        -------
        Study
            This one.

        Raises
        ------
        StudyError
            The study was read from a store, which keeps no functions.
        GridError
            There is no such parameter, or no such point that has failed.
        """
        if self._again is None:
            raise StudyError(
                "This study was read from its store, which keeps no functions.",
                where="Study.retry",
                cure="Call nd.sweep(..., store=...) as before: it gives a study that can run points again.",
            )
        known = [*(axis.name for axis in self._grid.axes), "seed"]
        for name in parameters:
            if name not in known:
                raise GridError(
                    f"The study has no parameter {name!r}.",
                    where="Study.retry",
                    cure=f"It has: {', '.join(nearest_first(name, known))}.",
                    name=name,
                )
        failed = [point for point, _record in self._in("failed")]
        chosen = [point for point in failed if _matches(point, parameters)]
        if not chosen and (parameters or not failed):
            raise GridError(
                "No point has failed" + (" that is meant." if failed else "."),
                where="Study.retry",
                cure="study.failed lists those that have.",
            )
        self._records, self.interrupted = self._again(chosen)
        self.__dict__.pop("_columns", None)
        return self

    def __getitem__(self, name: str) -> Any:
        """A column, with its unit: an entry for each point that has finished."""
        columns = self._columns
        if name not in columns.values:
            raise GridError(
                f"The study has no column {name!r}.",
                where="Study[...]",
                cure=f"It has: {', '.join(nearest_first(name, columns.values))}.",
                name=name,
            )
        return with_unit(columns.values[name], columns.units[name])

    def __len__(self) -> int:
        return len(self._grid.points)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: all but the functions, as in a store."""
        return {name: value for name, value in vars(self).items() if name != "_columns"} | {"_again": None}

    def __repr__(self) -> str:
        failed = self.failed
        parts = [f"{self.finished} of {len(self)} points finished"]
        parts += [f"{len(failed)} failed"] if failed else []
        parts += ["interrupted"] if self.interrupted else []
        parts += [f"store {os.fspath(self.path)!r}"] if self.path is not None else []
        lines = [f"<Study: {', '.join(parts)}>"]
        lines += [f"  failed at {str(point).splitlines()[0]}" for point in failed[:_SHOWN]]
        lines += [f"  and at {len(failed) - _SHOWN} more"] if len(failed) > _SHOWN else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        shown = getattr(self.table, "_repr_html_", None)
        head = repr(self).replace("&", "&amp;").replace("<", "&lt;")
        return f"<pre>{head}</pre>{shown() if shown is not None else ''}"

    @functools.cached_property
    def _columns(self) -> Columns:
        rows = [(point, record["values"]) for point, record in self._in("finished")]
        return Columns([axis.name for axis in self._grid.axes], rows)

    def _in(self, state: str) -> list[tuple[Point, dict[str, Any]]]:
        """Points in a state, with their records, in order."""
        found = ((point, self._records.get(point.key)) for point in self._grid.points)
        return [(point, record) for point, record in found if record is not None and record["state"] == state]


def grid_of(manifest: Mapping[str, Any]) -> Grid:
    """The grid of a store."""
    described = manifest["grid"]
    if described["mode"] == "list":
        return make_grid([_decoded(point) for point in described["points"]], described["seeds"], "product")
    lists = _decoded({axis["name"]: axis["values"] for axis in described["axes"]})
    return make_grid(lists, described["seeds"], described["mode"])


def _decoded(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [decode(c) for c in cell] if isinstance(cell, list) else decode(cell) for name, cell in cells.items()}


def _matches(point: Point, parameters: Mapping[str, Any]) -> bool:
    """Whether a point has these values."""
    return all(_equal(point.seed if name == "seed" else point.parameters[name], v) for name, v in parameters.items())


def _equal(own: Any, given: Any) -> bool:
    if is_quantity(own) and is_quantity(given):
        left, right = split(own), split(given)
        return left[1] == right[1] and dump(encode(left[0])) == dump(encode(right[0]))
    return dump(encode(own)) == dump(encode(given))
