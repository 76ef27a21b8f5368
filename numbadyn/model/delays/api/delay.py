"""`Delay`, a memory that is written by hand, and `DelayAccess`, a named read of it.

In: a value in each step.  Out: values some time ago, by the delay rule.  Must not know: projections, targets.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from numbadyn.errors import (
    DelayEntryError,
    DelayError,
    DelayRangeError,
    HookArgumentError,
    ShapeError,
)
from numbadyn.ir.nodes import BindContext
from numbadyn.model import environ
from numbadyn.model.delays.api.nesting import leaves, rebuilt, template_of
from numbadyn.model.delays.api.registering import Registering
from numbadyn.model.delays.sampling.elements import checked_indices
from numbadyn.model.delays.sampling.interpolation import InterpolationRegistry, method_of
from numbadyn.model.delays.sampling.read import read
from numbadyn.model.delays.storage.source import GivenSource, Source
from numbadyn.model.delays.times.delay_time import Changing, DelaySteps, DelayTime, Fixed
from numbadyn.model.delays.times.rule import delay_steps, one_time
from numbadyn.model.delays.times.window import window_of
from numbadyn.model.values import Parameter
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import TIME, join, magnitude_in

__all__ = ["Delay", "DelayAccess"]

_MISSING: Any = object()
"""Stands for an argument that is not given."""


class Delay(Registering):
    """A memory of values that are written once in every step.

    Parameters
    ----------
    target_info : array, quantity, State, or nested tuple, list, dict of them
        An example of what is written: shape and kind; something with ``shape`` and ``dtype`` is enough. The unit is
        that of what is written.
    time : quantities.Quantity, optional
        The longest delay that `retrieve_at_step` and `retrieve_at_time` may ask for. Entries add theirs.
    init : number, array, quantity, Initialiser or callable, optional
        Values before the start, of the shape of the target; a callable gets the shape. Zero by default.
    entries : dict, optional
        Name -> delay, or (delay, indices...), as of `register_entry`.
    interpolation : str or callable, optional
        Method of `retrieve_at_time`, see `InterpolationRegistry`; ``"linear"`` for reals, ``"nearest"`` for Booleans
        and integers by default.
    take_aware_unit : bool
        Accepted for compatibility: units are always kept.
    update_every, update_strategy
        As in `PrefetchDelayAt`.
    delay_method : {"rotation", "concat"}
        Accepted for compatibility: there is one memory, a ring.
    interp_method : str, optional
        Another name of `interpolation`.
    name : str, optional
        Name for messages.

    Raises
    ------
    DelayError, DimensionError
        A delay is negative, not finite, or no time.
    ShapeError
        The target is no value.
    SchedulingError
        While tracing: it is read but never written in a step, or written twice.

    Notes
    -----
    x[n] is what is written in step n. Before the write of step n, a read with a delay of d steps gives x[n-1-d], after
    it x[n-d]: the rule of `PrefetchDelayAt`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> class Echo(nd.Dynamics):
    ...     def __init__(self):
    ...         super().__init__(1)
    ...         self.line = nd.Delay(np.zeros(1), entries={"late": 2 * ms})
    ...     def init_state(self):
    ...         self.n = nd.State(0.0)
    ...     def update(self):
    ...         self.n.value = self.n + 1
    ...         self.line.update(self.n.value)
    ...         return self.line.at("late")
    >>> echo = nd.init_all_states(Echo())
    >>> with nd.environ.context(dt=1 * ms):
    ...     print([float(echo()[0]) for _ in range(5)])
    [0.0, 0.0, 1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        target_info: Any,
        time: Any = None,
        init: Any = None,
        entries: dict[str, Any] | None = None,
        interpolation: Any = None,
        take_aware_unit: bool = True,
        update_every: Any = None,
        update_strategy: str | None = None,
        delay_method: str = "rotation",
        interp_method: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.target_info, self.take_aware_unit = target_info, take_aware_unit
        if delay_method not in ("rotation", "concat"):
            raise DelayError(
                f"delay_method of {self.path} is {delay_method!r}.", where=self.path, cure="Leave it out: it is a ring."
            )
        if delay_method == "concat":
            warnings.warn("delay_method='concat' makes no difference.", FutureWarning, stacklevel=2)
        self._init = init
        self._window = window_of(update_every, update_strategy, self.path)
        self.interpolation = interpolation if interpolation is not None else interp_method
        method_of(self.interpolation, self.path)
        self._sources = self._make_sources()
        if time is not None:
            if not isinstance(time, Parameter):
                one_time(time, f"{self.path}, time")
            self.register_delay(time)
        for entry, given in self._checked_entries(entries).items():
            self.register_entry(entry, *(given if isinstance(given, tuple | list) else (given,)))

    def _checked_entries(self, entries: Any) -> dict[Any, Any]:
        if entries is not None and not isinstance(entries, dict):
            raise DelayEntryError(
                f"entries of {self.path} are {entries!r}.",
                where=self.path,
                cure="Give a dictionary of names and delays, such as {'late': 5*ms}.",
            )
        return entries or {}

    def _make_sources(self) -> list[Source]:
        made: list[Source] = [
            GivenSource(self, leaf, template_of(example, self.path), self._init, self._window)
            for leaf, example in leaves(self.target_info)
        ]
        if not made:
            raise ShapeError(
                f"The target of {self.path} is {self.target_info!r}, which holds no value.",
                where=self.path,
                cure="Give an example of what is written, such as np.zeros(n)*mV.",
            )
        return made

    def access(self, entry: str, *time_and_idx: Any) -> DelayAccess:
        """Register an entry and give a reference to it.

        Parameters
        ----------
        entry : str
            Name for `at`.
        *time_and_idx : delay, then indices
            As of `register_entry`.

        Returns
        -------
        DelayAccess
            Call it for the value.

        Raises
        ------
        DelayEntryError
            The name is taken, or no text.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2)))
        >>> late = line.access("late", 2 * ms)
        >>> with nd.environ.context(dt=1 * ms):
        ...     late().tolist()
        [0.0, 0.0]
        """
        return DelayAccess(self, *time_and_idx, entry=entry)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def at(self, entry: Any) -> Any:
        """The value of an entry.

        Parameters
        ----------
        entry : str
            A name that was registered.

        Returns
        -------
        array, quantity or traced value
            Of the target's shape, unless elements are chosen, in the unit of what was written; nested as the target.

        Raises
        ------
        DelayEntryError
            There is no such entry.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2), entries={"late": 1 * ms}))
        >>> with nd.environ.context(dt=1 * ms):
        ...     line.update(np.array([1.0, 2.0]))
        ...     line.update(np.array([3.0, 4.0]))
        ...     line.at("late").tolist()
        [1.0, 2.0]
        """
        if not isinstance(entry, str) or entry not in self._entries:
            raise DelayEntryError(
                f"{self.path} has no entry {entry!r}.",
                where=self.path,
                cure=f"Registered are: {', '.join(self._entries) or 'none'}.",
            )
        time, indices = self._entries[entry]
        zero = Fixed(lambda _context: np.zeros(()), (), self._window, known=np.zeros(()))
        return self._read(zero if time is None else time, indices, None)

    def retrieve_at_step(self, step: Any, *indices: Any) -> Any:
        """The value some steps (or windows) before the newest one.

        Parameters
        ----------
        step : int, array of int, DelaySteps or traced value
            At most as long as the longest delay that was registered.
        *indices : int, slice or array
            Elements, by NumPy's rules for ``history[step, *indices]``.

        Returns
        -------
        array, quantity or traced value
            As of `at`.

        Raises
        ------
        DelayRangeError
            More steps than are remembered, or fewer than none: at once, or for traced values while the network runs.
        DelayError
            They are no whole numbers, or there are none.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(1), time=2 * ms))
        >>> with nd.environ.context(dt=1 * ms):
        ...     for x in (1.0, 2.0, 3.0):
        ...         line.update(np.array([x]))
        ...     line.retrieve_at_step(0).tolist(), line.retrieve_at_step(np.array([1, 2]), 0).tolist()
        ([3.0], [2.0, 1.0])
        """
        if isinstance(step, DelaySteps):
            return self._read(step.time, checked_indices(indices, self.path), None)
        trace, window = current_trace(), self._window
        dt = environ.get_dt() if window is None else join(window.every, TIME)
        step = resolve(step)
        traced = isinstance(step, Traced)
        steps = np.zeros(1, int) if traced else np.asarray(step)
        whole = step.node.kind == "int" if traced else steps.dtype.kind in "iu"
        if not whole or not steps.size:
            raise DelayError(
                f"{step!r} is no number of steps of {self.path}.",
                where=self.path,
                cure="Give whole numbers, at least one; a time goes to retrieve_at_time.",
            )
        if traced:
            return self._changing(lambda: step * dt, indices, None)
        if trace is None and ((steps < 0) | (steps >= self.max_length)).any():
            raise DelayRangeError(
                f"{self.path} is read {step!r} steps ago; it remembers {self.max_length - 1}.",
                where=self.path,
                cure="Register the longest delay: Delay(..., time=20*ms).",
            )
        longest = self._longest

        def times(context: BindContext) -> Any:
            unit = context.dt if window is None else window.every
            if ((steps < 0) | (steps > delay_steps(longest, unit))).any():
                raise DelayRangeError(
                    f"{self.path} is read {step!r} steps of {unit:g} ms ago; it remembers {longest:g} ms.",
                    where=self.path,
                    cure="Register the longest delay: Delay(..., time=20*ms).",
                )
            return steps * unit

        return self._read(Fixed(times, steps.shape, window), checked_indices(indices, self.path), None)

    def retrieve_at_time(self, time: Any, *indices: Any) -> Any:
        """The value at a point in time, between samples by interpolation.

        Parameters
        ----------
        time : quantities.Quantity, array of times or traced value
            From the present back to the longest delay that was registered, such as ``nd.environ.get("t") - tau``.
        *indices : int, slice or array
            Elements, by NumPy's rules.

        Returns
        -------
        array, quantity or traced value
            As of `at`; reals where a method between samples gives reals.

        Raises
        ------
        DelayRangeError
            In the future, or longer ago than is remembered.
        UnitExpectedError, DimensionError
            It is no time.

        Notes
        -----
        The sample x[n] is the value at t_{n+1} = (n+1) dt, the end of its step. So the value of a point in time does
        not depend on whether it is read before or after the write of the step.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(1), time=3 * ms))
        >>> for n in range(3):
        ...     with nd.environ.context(dt=1 * ms, i=n, t=n * ms):
        ...         line.update(np.array([10.0 * (n + 1)]))  # at the end of the step, (n + 1) ms
        >>> with nd.environ.context(dt=1 * ms, i=2, t=2 * ms):
        ...     line.retrieve_at_time(1.5 * ms).tolist()
        [15.0]
        """
        time, trace = resolve(time), current_trace()
        if not isinstance(time, Traced):
            magnitude_in(time, TIME, what="The point in time", where=self.path)
        done = self._sources[0].sampled(trace) if trace is not None else self._written_now()

        def ago() -> Any:
            now = environ.get("t") + environ.get_dt() if done else environ.get("t")
            return now - time

        return self._changing(ago, indices, self._default_method())

    def _written_now(self) -> bool:
        """Whether the newest sample of eager calls belongs to the step of `environ`."""
        now = environ.get("t") / environ.get_dt()
        return self._sources[0].history.written > round(float(now))

    def _default_method(self) -> Any:
        if self.interpolation is not None:
            return method_of(self.interpolation, self.path)
        trace = current_trace()
        kind = self._sources[0].template(trace).kind if trace is not None else self._sources[0].eager_template().kind
        return InterpolationRegistry.get("linear" if kind == "real" else "nearest")

    def _changing(self, ago: Any, indices: tuple[Any, ...], method: Any) -> Any:
        time = Changing(ago, lambda _context: self._longest, self._window)
        return self._read(time, checked_indices(indices, self.path), method)

    def _read(self, time: DelayTime, indices: tuple[Any, ...], method: Any) -> Any:
        if current_trace() is None and not self._initialised:
            raise self._not_ready()
        values = [read(source, time, indices, method) for source in self._sources]
        return rebuilt(self.target_info, iter(values))


class DelayAccess:
    """A read of a `Delay` under a name of its own; call it for the value.

    Parameters
    ----------
    delay : Delay
        The memory.
    *time_and_idx : delay, then indices
        As in `Delay.register_entry`.
    entry : str
        Name of the entry that is made.

    Raises
    ------
    DelayError
        `delay` is no `Delay`.
    DelayEntryError
        The name is taken, or no text.
    HookArgumentError
        `entry` is missing.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> line = nd.init_all_states(nd.Delay(np.zeros(2)))
    >>> late = nd.DelayAccess(line, 1 * ms, entry="late")
    >>> with nd.environ.context(dt=1 * ms):
    ...     line.update(np.ones(2))
    ...     print(late())
    [0. 0.]
    """

    def __init__(self, delay: Any, *time_and_idx: Any, entry: str = _MISSING) -> None:
        if not isinstance(delay, Delay):
            raise DelayError(f"{delay!r} is no Delay.", where="DelayAccess", cure="Give the nd.Delay to read.")
        if entry is _MISSING:
            raise HookArgumentError(
                f"DelayAccess needs the argument 'entry', the name of the entry that it makes in {delay.path}.",
                where=f"DelayAccess({delay.path}, ...)",
                cure='Give a name that is not taken, as in nd.DelayAccess(delay, 5*ms, entry="late").',
            )
        self.delay, self.entry = delay, entry
        delay.register_entry(entry, *time_and_idx)

    def __call__(self) -> Any:
        """The value of the entry.

        Returns
        -------
        array, quantity or traced value
            As of `Delay.at`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> late = nd.DelayAccess(nd.init_all_states(nd.Delay(np.zeros(2))), 1 * ms, entry="late")
        >>> with nd.environ.context(dt=1 * ms):
        ...     late().tolist()
        [0.0, 0.0]
        """
        return self.delay.at(self.entry)
