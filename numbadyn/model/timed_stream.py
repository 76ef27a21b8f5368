"""`TimedStream`: rows of values that are read from an iterator while the network runs, in bounded memory.

In: an iterator, an iterable, a function that gives one, or a mapped file; a unit; the time between rows.  Out: on call
with the time of a step, the row of that time, traced; rows read ahead when a run asks for them.  Must not know:
populations, targets, how runs are cut into chunks.

The rows that a step may read lie in a window, row k in place k modulo its length.  Whoever runs the network asks up to
which step the window serves, stops there, and has it filled anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import (
    InvalidParameterError,
    LookupRangeError,
    ShapeError,
    StreamRestartError,
    UnsupportedFeatureError,
)
from numbadyn.model.timed_array import Interpolation, Reader, TimedArray
from numbadyn.model.timed_rows import steps_per_row
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node

__all__ = ["TimedStream"]

_WINDOW_BYTES = 1 << 20
_LEAST, _MOST = 16, 1 << 16
_BLOCK_BYTES = 1 << 18

AfterStream = Literal["error", "hold", "zero"]
Rows = Iterable[Any] | Callable[[], Iterable[Any]]


class TimedStream:
    r"""Values at equal distances of time that come one after the other: call it with the time of a step.

    Parameters
    ----------
    rows : iterator, iterable, callable or numpy.ndarray
        Each item is a row, a single value or one for each element of a population, or a block of rows, which is faster.
        An iterator (a generator, a camera, a socket) can be read once; an iterable or a function without arguments that
        gives an iterator is begun anew where a simulation begins anew. An array, such as a mapped file
        (`numpy.memmap`), is read block by block, also for a GPU, which cannot map files.
    dt : quantities.Quantity
        Time between two rows; no multiple of the time step is needed. The first row begins at 0 ms.
    unit : quantities.Quantity, optional
        What one of the numbers stands for; rows may be quantities instead.
    block : bool
        Whether each item is a block of rows, along its first axis.
    interpolation : {"step", "linear"}
        A row lasts until the next one, or values change linearly from row to row.
    after : {"error", "hold", "zero"}
        What comes after the end of the stream: a `LookupRangeError` that carries the result so far, the last row, zero.
    ahead : int, optional
        Rows that are kept in memory; by default as many as take one megabyte. A run stops shortly whenever they are
        used up, so that a few hundred are better than ten.
    name : str, optional
        Name for messages.

    Raises
    ------
    UnitExpectedError, DimensionError
        `dt` is no time; a row has another unit than the first one.
    ShapeError
        There is no row; a row has another shape than the first one.
    InvalidParameterError
        Values that are no real numbers, or not finite; unknown options.
    StreamRestartError
        A simulation begins anew, and the rows that it asks for first have gone by.

    Notes
    -----
    What the iterator raises ends the run; the error's `result` holds what was recorded. One stream serves one
    simulation at a time; all replicas of a batch read the same rows.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> def steps():
    ...     for k in range(4):
    ...         yield 10.0 * k * pA
    >>> drive = nd.TimedStream(steps, dt=0.5 * ms, after="hold")
    >>> class Sum(nd.Dynamics):
    ...     def init_state(self):
    ...         self.x = nd.State(0 * pA)
    ...     def update(self):
    ...         self.x.value = drive(nd.environ.get("t")) + 0 * self.x
    >>> cell = Sum(1)
    >>> sim = nd.Simulator(cell, dt=0.25 * ms, target="interpret")
    >>> sim.record(cell, "x")
    >>> print(sim.run(2.25 * ms)[cell].x[1:, 0])
    [ 0.  0. 10. 10. 20. 20. 30. 30.] pA
    """

    def __init__(
        self,
        rows: Rows,
        dt: Any,
        *,
        unit: Any = None,
        block: bool = False,
        interpolation: Interpolation = "step",
        after: AfterStream = "error",
        ahead: int | None = None,
        name: str = "TimedStream",
    ) -> None:
        self.name, self._rows, self._in_blocks = name, rows, bool(block) or isinstance(rows, np.ndarray)
        if after not in ("error", "hold", "zero"):
            raise InvalidParameterError(
                f"after is {after!r}.", where=name, cure="Choose 'error', 'hold' or 'zero'.", after=after
            )
        self._after = after
        self._source = self._iterator()
        begun = self._next_block()
        if begun is None:
            raise ShapeError(f"{name} has no rows.", where=name, cure="Give at least one row.", name=name)
        # a table of the first rows knows units, options, and how a row is stored
        self._form = TimedArray(begun, dt, unit=unit, interpolation=interpolation, name=name)
        self._has_unit, self._scale, self._dimension = self._form._has_unit, self._form._scale, self._form._dimension
        self._interpolation, self._kind, self._start, self._dt = interpolation, self._form._kind, 0.0, self._form._dt
        self._one = self._form.shape[1:]
        self._last: NDArray[Any] = np.zeros(0)
        width = max(1, int(np.prod(self._one)))
        size = width * self._form._array.itemsize
        self._length = self._window_length(ahead, size)
        self._shape = (self._length, *self._one)
        self._array: NDArray[Any] = np.zeros(self._length * width, self._form._array.dtype)
        #: Rows from `_low` on, before `_high`, are in the window; the stream itself has ended after `_ended` rows.
        self._low = self._high = 0
        self._ended: int | None = None
        self._waiting = self._stored(begun)

    def _window_length(self, ahead: int | None, size: int) -> int:
        if ahead is None:
            return min(_MOST, max(_LEAST, _WINDOW_BYTES // size))
        if type(ahead) is not int or ahead < 2:
            what, cure = f"ahead of {self.name} is {ahead!r}.", "Give a whole number of rows, at least 2."
            raise InvalidParameterError(what, where=self.name, cure=cure, ahead=ahead)
        return ahead

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _iterator(self) -> Iterator[Any]:
        rows: Any = self._rows
        if isinstance(rows, np.ndarray):
            step = max(1, _BLOCK_BYTES // max(1, rows[:1].nbytes)) if rows.ndim else 1
            return (rows[begin : begin + step] for begin in range(0, len(rows) if rows.ndim else 0, step))
        try:
            return iter(rows() if callable(rows) else rows)
        except TypeError as error:
            raise InvalidParameterError(
                f"{self.name} cannot be read row by row: {rows!r}.",
                where=self.name,
                cure="Give an iterator, an iterable, a function that gives one, or an array.",
                rows=rows,
            ) from error

    def _next_block(self) -> Any:
        """The next rows, along a first axis; None at the end."""
        for item in self._source:
            block = item if self._in_blocks else item[np.newaxis] if isinstance(item, np.ndarray) else [item]
            if np.shape(block)[:1] != (0,):
                return block
        return None

    def _stored(self, block: Any) -> NDArray[Any]:
        """Rows as they are stored, after checking them."""
        made = self._form.replaced(block)
        return made._array.reshape(-1, max(1, int(np.prod(self._one))))

    def _rows_left(self) -> NDArray[Any] | None:
        """Rows that were read and have no place yet; None after the end."""
        if not len(self._waiting):
            block = self._next_block() if self._ended is None else None
            if block is None:
                return None
            self._waiting = self._stored(block)
        return self._waiting

    def _fill_up(self, low: int) -> None:
        """Read rows until the window is full: from a row on, which is the oldest that is needed."""
        window = self._array.reshape(self._length, -1)
        while self._high < low + self._length:
            rows = self._rows_left()
            if rows is None:
                self._ended = self._high if self._ended is None else self._ended
                if self._after == "error":
                    return
                self._fill_after_end(window, low)
                return
            gone = self._high < low
            count = min(len(rows), low - self._high if gone else low + self._length - self._high)
            if not gone:
                window[(self._high + np.arange(count)) % self._length] = rows[:count]
            self._high += count
            self._low = self._high if gone else max(self._low, self._high - self._length)
            self._waiting, self._last = rows[count:], rows[count - 1].copy()

    def _fill_after_end(self, window: NDArray[Any], low: int) -> None:
        """Repeat the last row, or zero, behind the end."""
        begin = max(self._high, low)
        window[np.arange(begin, low + self._length) % self._length] = self._last if self._after == "hold" else 0
        self._high = low + self._length
        self._low = max(self._low, self._high - self._length)

    # ---- what a run asks ---------------------------------------------------------------------------------------------

    def prepare(self, step: int, dt: float) -> bool:
        """Have the rows of a step, and of as many behind it as there is room for.

        Parameters
        ----------
        step : int
            The next step.
        dt : float
            Time step in ms.

        Returns
        -------
        bool
            Whether other rows are in the window now.

        Raises
        ------
        StreamRestartError
            The row of this step has gone by, and the stream cannot be begun anew.
        LookupRangeError
            The stream has ended, and says that this is an error.
        """
        row, before = self._row(step, dt), (self._low, self._high)
        if row < self._low:
            self._restart(step, dt)
        if self.serves(step, dt) - step < self._steps_of_half(dt):
            self._fill_up(row)
        if self.serves(step, dt) <= step:
            raise LookupRangeError(
                f"{self.name} ends after {self._ended} rows ({(self._ended or 0) * self._dt:g} ms), but row "
                f"{self._row(step, dt) + (self._interpolation == 'linear')} is asked for in step {step} "
                f"(t = {step * dt:g} ms).",
                where=self.name,
                cure='Give more rows, or say what comes after: after="hold" or "zero".',
                name=self.name,
            )
        return before != (self._low, self._high)

    def serves(self, step: int, dt: float) -> int:
        """The first step, from this one on, whose rows are not in the window."""
        per_row, rows = steps_per_row(dt, self._dt)
        high = self._high - (self._interpolation == "linear")
        return max(step, -(-high * rows // per_row))

    def _row(self, step: int, dt: float) -> int:
        per_row, rows = steps_per_row(dt, self._dt)
        return step * per_row // rows

    def _steps_of_half(self, dt: float) -> int:
        """Steps that half a window serves."""
        per_row, rows = steps_per_row(dt, self._dt)
        return max(1, self._length * rows // (2 * per_row))

    def _restart(self, step: int, dt: float) -> None:
        """Begin the stream anew."""
        if iter_once(self._rows):
            raise StreamRestartError(
                f"Row {self._row(step, dt)} of {self.name} is asked for at t = {step * dt:g} ms, but the stream is at "
                f"row {self._high} and cannot be begun anew.",
                where=self.name,
                cure="Give a function that makes the iterator, TimedStream(function, ...), so that each simulation "
                "begins its own; or make a new stream, network and simulator.",
                name=self.name,
            )
        self._source, self._low, self._high, self._ended = self._iterator(), 0, 0, None
        self._waiting = self._waiting[:0]

    def __call__(self, t: Any, *index: Any) -> Any:
        """Values at the time of the step.

        Parameters
        ----------
        t : quantities.Quantity
            ``nd.environ.get("t")``.
        *index
            Which elements of the row, as in brackets; see `TimedArray`.

        Returns
        -------
        array or quantity
            Of the shape of a row, or of the index.

        Raises
        ------
        UnsupportedFeatureError
            Any other time; a call outside of a simulation.
        """
        trace = current_trace()
        if trace is None:
            raise UnsupportedFeatureError(
                f"{self.name} is called outside of a simulation, where nothing says which rows may go by.",
                where=self.name,
                cure="Read it in an update that a Simulator runs; for eager calls take a TimedArray.",
                name=self.name,
            )
        if not trace.node(as_node(trace, t)).traits.tells_time:
            raise UnsupportedFeatureError(
                f"{self.name} is read at another time than that of the step, but its rows go by.",
                where=str(trace.here),
                cure="Call it with nd.environ.get('t'); what is to come later goes through a state with a delay.",
                name=self.name,
            )
        return Traced(trace, _StreamReader(self, trace).read(t, index))

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows in the window, and the shape of one."""
        return self._shape

    @property
    def dt(self) -> Any:
        """Time between rows."""
        return self._form.dt

    def __repr__(self) -> str:
        return f"TimedStream({self.name!r}, rows of shape {self._one}, dt={self._dt:g} ms)"


def iter_once(rows: Any) -> bool:
    """Whether rows can be read only once: an iterator gives itself."""
    return not callable(rows) and not isinstance(rows, np.ndarray) and iter(rows) is rows


class _StreamReader(Reader):
    """One read of a stream in the step that is being traced."""

    def __init__(self, table: TimedStream, trace: Any) -> None:
        super().__init__(table, trace)
        self.filled_by = table

    def _limit(self, row: int) -> int:
        """The place of a row in the window."""
        return self.trace.emit("int_mod", row, self.count)

    def _inside(self, _row: int, value: int) -> int:
        """The value: what comes after the end is written into the window."""
        return value

    def _guard(self, _row: int) -> None:
        """Nothing: a run stops before a step whose row is not there."""
