"""`TimedArray`: recorded or computed values, one row a time, that a step reads.

In: an array, in memory or in a mapped file, with a unit; the time between rows.  Out: on call with a time, the row of
that time, traced or eager.  Must not know: populations, targets.
"""

from __future__ import annotations

import copy
import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import FixedAttributeError, InvalidParameterError, LookupRangeError, ShapeError, UnitExpectedError
from numbadyn.ir.nodes import BindContext, Lookup, ParamSpec
from numbadyn.model import environ
from numbadyn.model.timed_rows import eager_rows, trace_rows
from numbadyn.model.variable import count_change
from numbadyn.tracing.guards import watch
from numbadyn.tracing.lookups import Fitting, gather, is_traced
from numbadyn.tracing.stored import is_mapped, store_array, stored_kind
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, is_quantity, join_eager, magnitude_in, split

__all__ = ["Reader", "TimedArray"]

After = Literal["hold", "zero", "repeat", "error"]
Interpolation = Literal["step", "linear"]


class TimedArray:
    r"""Values at equal distances of time: call it with a time for the row of that time.

    Parameters
    ----------
    values : array_like or quantities.Quantity, shape (times, ...)
        One row for each time: a single value, or one for each element of a population.  A file that is mapped into
        memory (`numpy.memmap`, ``np.load(..., mmap_mode="r")``) is read where it is and may be larger than memory.
    dt : quantities.Quantity
        Time between two rows; no multiple of the time step is needed.
    unit : quantities.Quantity, optional
        What one of the stored numbers stands for, as ``0.195 * uV`` for whole numbers of an amplifier.
    interpolation : {"step", "linear"}
        A row lasts until the next one, or values change linearly from row to row.
    after : {"hold", "zero", "repeat", "error"}
        What comes after the end: the last row, zero, the first row again, or a `LookupRangeError`.
    start : quantities.Quantity, optional
        Time of the first row, 0 ms by default.  Before it the first row holds; with ``after="zero"`` it is zero, with
        ``after="repeat"`` the rows before it are those of the end.
    name : str, optional
        Name for messages.

    Raises
    ------
    UnitExpectedError, DimensionError
        `dt` or `start` is no time.
    ShapeError
        There are no rows.
    InvalidParameterError
        Values that are no real numbers, NaN or infinite (files are not read to find out), or unknown options.

    Notes
    -----
    Row k begins at :math:`t_k = start + k\,dt`.  Times of steps, and constant times before or after them, are counted
    in whole steps, so that decimal fractions put no row one step off.  Values are bound at the start of each run:
    assigning to `values` or `dt` acts in the next one and compiles nothing, whatever the number of rows.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> drive = nd.TimedArray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] * pA, dt=0.5 * ms)
    >>> drive(0.7 * ms), drive(9 * ms, 0)
    (array([3., 4.]) * pA, array(5.) * pA)
    """

    def __init__(
        self,
        values: Any,
        dt: Any,
        *,
        unit: Any = None,
        interpolation: Interpolation = "step",
        after: After = "hold",
        start: Any = None,
        name: str = "TimedArray",
    ) -> None:
        self.name = name
        for option, given, known in (
            ("interpolation", interpolation, ("step", "linear")),
            ("after", after, ("hold", "zero", "repeat", "error")),
        ):
            if given not in known:
                raise InvalidParameterError(
                    f"{option} is {given!r}.",
                    where=name,
                    cure=f"Choose one of {', '.join(map(repr, known))}.",
                    option=option,
                    given=given,
                )
        self._interpolation, self._after = interpolation, after
        self._has_unit = unit is not None
        self._scale, self._dimension = self._one(unit) if self._has_unit else (1.0, DIMENSIONLESS)
        if unit is None and is_quantity(values):
            self._dimension = split(values)[1]
        self._accept(values)
        if interpolation == "linear" and self._kind == "bool":
            raise InvalidParameterError(
                "Booleans cannot be interpolated.", where=name, cure="Leave interpolation out, or give numbers."
            )
        self._dt = self._time(dt, "dt")
        self._start = 0.0 if start is None else self._time(start, "start")

    def _one(self, unit: Any) -> tuple[float, Dimension]:
        """What a stored number one stands for."""
        size, dimension = split(unit, where=self.name)
        scale = np.asarray(size, dtype=np.float64)
        if scale.size != 1 or not np.isfinite(scale).all() or not scale.any():
            raise InvalidParameterError(
                f"unit of {self.name} is {unit!r}.",
                where=self.name,
                cure="Give one unit, such as pA or 0.195 * uV.",
                name=self.name,
                unit=unit,
            )
        return float(scale.reshape(-1)[0]), dimension

    def _time(self, given: Any, what: str) -> float:
        if not is_quantity(given):
            raise UnitExpectedError(
                f"{what} of {self.name} is {given!r}, without a unit.",
                where=self.name,
                cure=f"{what}=1*ms",
                name=self.name,
                given=given,
            )
        time = np.asarray(magnitude_in(given, TIME, what=what, where=self.name), dtype=np.float64)
        if time.size != 1 or not np.isfinite(time).all() or (what == "dt" and float(time.reshape(-1)[0]) <= 0.0):
            raise InvalidParameterError(
                f"{what} of {self.name} is {given}.",
                where=self.name,
                cure="Give one time, positive for dt.",
                name=self.name,
                given=given,
            )
        return float(time.reshape(-1)[0])

    def _accept(self, values: Any) -> None:
        if is_quantity(values):
            magnitude = magnitude_in(values, self._dimension, what="values", where=self.name)
            magnitude = magnitude / self._scale if self._scale != 1.0 else magnitude
        else:
            magnitude, dimension = values, DIMENSIONLESS
            if self._dimension != dimension and not self._has_unit:
                magnitude_in(values, self._dimension, what="values", where=self.name)
        try:
            array = np.asanyarray(magnitude)
        except ValueError as error:
            raise ShapeError(
                f"The rows of {self.name} have different lengths.",
                where=self.name,
                cure="Give rows of one shape.",
                name=self.name,
            ) from error
        if array.ndim == 0:
            raise ShapeError(
                f"{self.name} is a single value.", where=self.name, cure="Give one row for each time.", name=self.name
            )
        if not is_mapped(array) and array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InvalidParameterError(
                f"{self.name} is not finite in row {int(np.argwhere(~np.isfinite(array))[0][0])}.",
                where=self.name,
                cure="Give finite numbers; fill gaps of recordings before.",
                name=self.name,
            )
        self._array: NDArray[Any] = store_array(array, self.name, freeze=True)
        self._shape: tuple[int, ...] = array.shape
        self._kind = stored_kind(array)

    @property
    def values(self) -> Any:
        """The values, with unit; of a mapped file the stored numbers.

        Assigned ones need the same kind and the same shape of a row.
        """
        array = self._array.view(bool) if self._kind == "bool" else self._array
        shown = array.reshape(self.shape).view()
        shown.flags.writeable = False
        return shown if is_mapped(self._array) else self._with_unit(shown)

    @values.setter
    def values(self, new: Any) -> None:
        old = self._array, self._shape, self._kind
        self._accept(new)
        if self._array.dtype != old[0].dtype and np.can_cast(self._array.dtype, old[0].dtype, "safe"):
            self._array, self._kind = self._array.astype(old[0].dtype), old[2]
        if (self.shape[1:], self._kind, self._array.dtype) != (old[1][1:], old[2], old[0].dtype):
            shape, dtype = self.shape, self._array.dtype
            self._array, self._shape, self._kind = old
            raise ShapeError(
                f"{self.name} has rows of shape {old[1][1:]} and dtype {old[0].dtype}; new rows have shape {shape[1:]} "
                f"and dtype {dtype}.",
                where=self.name,
                cure="Give rows of the same shape and kind, in any number; or make a new TimedArray and Simulator.",
                name=self.name,
                dtype=dtype,
            )

    def replaced(self, values: Any) -> TimedArray:
        """The same table with other rows, checked as assigned ones are, for a replica; see `BindContext.instead`."""
        other = copy.copy(self)
        object.__setattr__(other, "values", values)  # which is no change of this one
        return other

    @property
    def dt(self) -> Any:
        """Time between rows."""
        return join_eager(self._dt, TIME)

    @dt.setter
    def dt(self, new: Any) -> None:
        self._dt = self._time(new, "dt")

    @property
    def start(self) -> Any:
        """Time of the first row."""
        return join_eager(self._start, TIME)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and the shape of one."""
        return self._shape

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in ("values", "dt", "name"):
            raise FixedAttributeError(
                f"{name} of {self.name} is assigned, which would have no effect.",
                where=self.name,
                cure=f"values and dt can be changed; for another {name} make a new TimedArray and a new nd.Simulator.",
                name=name,
            )
        object.__setattr__(self, name, value)
        if name in ("values", "dt"):
            count_change()

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"TimedArray(shape={self.shape}, dt={self._dt:g} ms)"

    def __call__(self, t: Any, *index: Any) -> Any:
        """Values at a time.

        Parameters
        ----------
        t : quantities.Quantity
            One time, such as ``nd.environ.get("t")``, or one for each element.
        *index
            Which elements of the row, as in brackets: whole numbers, arrays of them, slices; the step may compute them.
            By default the whole row; where there is one time for each element, the element's own.

        Returns
        -------
        array or quantity
            Of the shape of a row, or of the index.

        Raises
        ------
        DimensionError
            `t` is no time.
        ShapeError
            The index does not fit a row, or the times do not.
        LookupRangeError
            With ``after="error"``, a time after the end; or an index that the step computes, outside of the row.
        """
        trace = current_trace()
        if trace is not None:
            return Traced(trace, Reader(self, trace).read(t, index))
        index = tuple(np.asarray(part) if is_traced(part) else part for part in index)
        time = np.asarray(magnitude_in(t, TIME, what="t", where=self.name), dtype=np.float64) - self._start
        rows, parts = eager_rows(time, self._dt, environ.known_dt())
        if self._after == "error" and (rows >= self.shape[0]).any():
            raise self._after_end(float(rows.max()), "an eager call")
        found = self._eager(rows, index)
        behind = (...,) + (None,) * (np.ndim(found) - rows.ndim)
        if self._interpolation == "linear":
            found = found + parts[behind] * (self._eager(rows + 1, index) - found)
        if self._after == "zero":
            found = np.where(((rows >= 0) & (rows < self.shape[0]))[behind], found, np.zeros_like(found))[()]
        return self._with_unit(found)

    def _with_unit(self, found: Any) -> Any:
        """Stored numbers as what they stand for."""
        if not self._has_unit:
            return join_eager(found, self._dimension)
        return join_eager(found * self._scale, self._dimension)

    def _eager(self, rows: NDArray[np.int64], index: tuple[Any, ...]) -> Any:
        count = self.shape[0]
        rows = rows % count if self._after == "repeat" else np.clip(rows, 0, count - 1)
        array = self._array.view(bool) if self._kind == "bool" else self._array
        key = (rows if rows.ndim else int(rows), *index)
        if rows.ndim and not index and rows.shape == self.shape[1:]:
            key = (rows, *np.indices(rows.shape, sparse=True))
        return np.asarray(array.reshape(self.shape)[key])[()]

    def _after_end(self, row: float, when: str) -> LookupRangeError:
        return LookupRangeError(
            f"{self.name} ends after {self.shape[0]} rows ({self._start + self.shape[0] * self._dt:g} ms), but row "
            f"{row:.0f} is asked for in {when}.",
            where=self.name,
            cure='Give more rows, or say what comes after: after="hold", "zero" or "repeat".',
            name=self.name,
            row=row,
            when=when,
        )


class Reader:
    """One read of a timed array in the step that is being traced.

    Parameters
    ----------
    table : TimedArray
        Or what has rows in the same way.
    trace : Trace
        Active.
    """

    #: Who writes other rows into the table while the network runs.
    filled_by: Any = None

    def __init__(self, table: Any, trace: Trace) -> None:
        self.table, self.trace = table, trace

    def _bound(self, what: str, kind: Any, dimension: Any, fetch: Any) -> int:
        name = f"{self.table.name}.{what}"
        spec = ParamSpec(name, (), kind, dimension, lambda context: np.asarray(fetch(context.bound(self.table))))
        return self.trace.param(spec, spec)

    def read(self, t: Any, index: tuple[Any, ...]) -> int:
        """Node of the values."""
        table, trace = self.table, self.trace
        time = as_node(trace, t)
        if trace.node(time).dimension != TIME:
            magnitude_in(join_eager(0.0, trace.node(time).dimension), TIME, what="t", where=str(trace.here))
        if table._start:
            time = trace.emit("sub", time, self._bound("start", "real", TIME, lambda own: own._start))
        row, part = trace_rows(trace, time, lambda context: context.bound(table)._dt, table.name)
        self.count = self._bound("rows", "int", DIMENSIONLESS, lambda own: own.shape[0])
        if table._after == "error":
            self._guard(row)
        value = self._elements(self._limit(row), index)
        if table._interpolation == "linear":
            later = self._elements(self._limit(trace.emit("add", row, trace.literal(1))), index)
            value, later = trace.cast(value, "real"), trace.cast(later, "real")
            value = trace.emit("add", value, trace.emit("mul", part(), trace.emit("sub", later, value)))
        if table._after == "zero":
            value = self._inside(row, value)
        if table._has_unit:
            value = trace.emit("mul", trace.cast(value, "real"), trace.constant(table._scale, table._dimension))
        return value

    def _limit(self, row: int) -> int:
        """The row that stands for one outside of the table."""
        trace, zero, one = self.trace, self.trace.literal(0), self.trace.literal(1)
        if self.table._after == "repeat":
            return trace.emit("int_mod", row, self.count)
        return trace.emit("minimum", trace.emit("maximum", row, zero), trace.emit("sub", self.count, one))

    def _inside(self, row: int, value: int) -> int:
        """The value, or zero outside of the table."""
        trace, node = self.trace, self.trace.node(value)
        zeros: dict[str, Any] = {"real": 0.0, "int": 0, "bool": False}
        nothing = trace.constant(0.0, node.dimension) if node.kind == "real" else trace.literal(zeros[node.kind])
        begun = trace.emit("greater_equal", row, trace.literal(0))
        inside = trace.emit("and", begun, trace.emit("less", row, self.count))
        return trace.emit("select", inside, value, nothing)

    def _guard(self, row: int) -> None:
        table, trace = self.table, self.trace

        def error(step: int, _element: int, value: float, context: BindContext) -> Exception:
            found: Exception = context.bound(table)._after_end(value, f"step {step} (t = {step * context.dt:g} ms)")
            return found

        name = f"{trace.here.module} row {len(trace.step.guards)}"
        watch(trace, trace.cast(row, "real"), trace.emit("less", row, self.count), name, "row", error)

    def _elements(self, row: int, index: tuple[Any, ...]) -> int:
        table, trace = self.table, self.trace
        dimension = DIMENSIONLESS if table._has_unit else table._dimension
        spec = Lookup(
            table.name,
            table._kind,
            dimension,
            table._array.dtype.name,
            lambda context: context.bound(table)._array,
            filled_by=self.filled_by,
        )
        source, shape = trace.lookup(table, lambda: spec), trace.node(row).shape
        if shape and not index and table.shape[1:]:
            if shape != table.shape[1:]:
                raise ShapeError(
                    f"{table.name} has rows of shape {table.shape[1:]}, but it is called with times of shape {shape}.",
                    where=str(trace.here),
                    cure="Give one time, or one for each element of a row; or say which elements: timed(t, i).",
                    shape=shape,
                )
            index = np.unravel_index(np.arange(math.prod(shape)).reshape(shape), shape)
        return gather(trace, source, table.shape, (Fitting(row), *index), lambda value: as_node(trace, value))
