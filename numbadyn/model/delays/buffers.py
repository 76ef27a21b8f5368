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
    NotInitialisedError,
    SchedulingError,
    ShapeError,
    TracedValueError,
    UnsupportedFeatureError,
)
from numbadyn.ir.nodes import BindContext
from numbadyn.model import environ
from numbadyn.model.delays.changing_times import Changing
from numbadyn.model.delays.fixed_times import DelaySteps, Fixed
from numbadyn.model.delays.forms import checked_indices, form_of
from numbadyn.model.delays.given_times import delay_time
from numbadyn.model.delays.interpolation import InterpolationRegistry, method_of
from numbadyn.model.delays.nesting import leaves, rebuilt, template_of
from numbadyn.model.delays.reading import read, register
from numbadyn.model.delays.rule import delay_steps
from numbadyn.model.delays.source import Source
from numbadyn.model.delays.sources import GivenSource
from numbadyn.model.delays.times import DelayTime
from numbadyn.model.delays.windows import window_of
from numbadyn.model.module import Module
from numbadyn.model.order import note_touch
from numbadyn.model.variable import Variable
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import TIME, join

__all__ = ["Delay", "DelayAccess"]


class Delay(Module):
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
        self.driven = True
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
        self._entries: dict[str, tuple[DelayTime | None, tuple[Any, ...]]] = {}
        self._longest = 0.0
        if time is not None:
            self.register_delay(time)
        for entry, given in (entries or {}).items():
            self.register_entry(entry, *(given if isinstance(given, tuple | list) else (given,)))

    def _make_sources(self) -> list[Source]:
        return [
            GivenSource(self, leaf, template_of(example, self.path), self._init, self._window)
            for leaf, example in leaves(self.target_info)
        ]

    @property
    def max_time(self) -> Any:
        """The longest delay that is remembered."""
        return join(self._longest, TIME)

    @property
    def max_length(self) -> int:
        """Samples from the newest to the one of the longest delay, at the time step of `environ`."""
        unit = environ.eager_dt() if self._window is None else self._window.every
        return int(delay_steps(self._longest, unit)) + 1

    def init_state(self, batch_size: int | None = None) -> None:
        """Nothing to make: memory follows from the delays."""
        if batch_size is not None:
            raise UnsupportedFeatureError(
                f"{self.path} is initialised with batch_size={batch_size}.",
                where=self.path,
                cure="Give the target the batch as an axis of its own.",
            )

    # ---- writing -----------------------------------------------------------------------------------------------------

    def update(self, value: Any) -> None:
        """Write the value of this step.

        Parameters
        ----------
        value : array, quantity, traced value, or the nesting of the target
            Of the target's shape.

        Raises
        ------
        SchedulingError
            It is the second write of a step (while tracing).
        ShapeError, TracedValueError
            The value has another shape, nesting or kind.
        """
        note_touch(self, "output", writes=True)
        given = list(leaves(value))
        if [name for name, _ in given] != [source.item for source in self._sources]:
            raise ShapeError(
                f"{self.path} holds {len(self._sources)} values, but {len(given)} are written, or with other names.",
                where=self.path,
                cure="Write what the target looks like.",
            )
        trace = current_trace()
        if trace is None:
            self._write_eagerly([part for _, part in given])
            return
        written = trace.notes.setdefault(("given", id(self)), {})
        for source, (name, part) in zip(self._sources, given, strict=True):
            if name in written:
                raise SchedulingError(
                    f"{self.path} is written twice in one step.", where=str(trace.here), cure="Write it once in a step."
                )
            node, target = as_node(trace, part), source.template(trace)
            if trace.node(node).shape not in ((), target.shape):
                raise self._misfit(trace.node(node).shape, target.shape, str(trace.here))
            if trace.node(node).kind != target.kind:
                if target.kind != "real" and trace.settled:
                    raise TracedValueError(
                        f"{self.path} holds {target.kind} values, but a {trace.node(node).kind} value is written.",
                        where=str(trace.here),
                        cure="Make the target of the kind that is written, such as np.zeros(n).",
                    )
                node = trace.cast(node, target.kind)
            written[name] = node

    def _write_eagerly(self, parts: list[Any]) -> None:
        if not self._initialised:
            raise self._not_ready()
        for source, part in zip(self._sources, parts, strict=True):
            target = source.eager_template()
            if np.shape(part) not in ((), target.shape):
                raise self._misfit(np.shape(part), target.shape, self.path)
            source.history.push(part, environ.known_dt())

    def _misfit(self, found: tuple[int, ...], wanted: tuple[int, ...], where: str) -> ShapeError:
        return ShapeError(
            f"{self.path} holds values of shape {wanted}, but one of shape {found} is written.",
            where=where,
            cure="Write the shape of the target.",
        )

    def _not_ready(self) -> NotInitialisedError:
        return NotInitialisedError(
            f"{self.path} has no memory yet.",
            where=self.path,
            cure="Call nd.init_all_states(net) before eager calls; a simulator does it by itself.",
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Write the value of this step, as `update`."""
        return self.update(*args, **kwargs)

    # ---- registering -------------------------------------------------------------------------------------------------

    def register_delay(self, *time_and_idx: Any) -> tuple[Any, ...] | None:
        """Announce a delay, so that the memory is long enough.

        Parameters
        ----------
        *time_and_idx : delay, then indices
            As in `PrefetchDelayAt`.

        Returns
        -------
        tuple or None
            The delay as steps and the indices, for ``retrieve_at_step(*...)``; None if the delay is None.

        Raises
        ------
        DelayError
            There is no delay, or it is negative or not finite.
        LateDelayError
            A simulator has been built and its memory is shorter.
        """
        time, indices = self._registered(time_and_idx)
        return None if time is None else (DelaySteps(time), *indices)

    def _registered(self, time_and_idx: tuple[Any, ...]) -> tuple[DelayTime | None, tuple[Any, ...]]:
        if not time_and_idx:
            raise DelayError(f"{self.path} is given no delay.", where=self.path, cure="Give a time, such as 5*ms.")
        given = time_and_idx[0]
        indices = checked_indices(time_and_idx[1:], self.path)
        time = None if given is None else delay_time(given, None, self.path, self._window)
        for source in self._sources:
            if isinstance(time, Fixed):
                self._check_form(source, time, indices)
            register(source, time)
        if time is not None:
            self._longest = max(self._longest, time.bound(BindContext(1.0, 0)))
        return time, indices

    def _check_form(self, source: Source, time: Fixed, indices: tuple[Any, ...]) -> None:
        """Refuse delays and indices that do not fit the target; the memory of a state is checked when it is read."""
        if isinstance(source, GivenSource):
            form_of(time.shape, indices, source.target.shape, source.name)

    def register_entry(self, entry: Any, *time_and_idx: Any) -> Delay:
        """Announce a delay under a name.

        Parameters
        ----------
        entry : str
            Name for `at`.
        *time_and_idx : delay, then indices
            As in `PrefetchDelayAt`; None reads the newest value.

        Returns
        -------
        Delay
            Itself.

        Raises
        ------
        DelayEntryError
            The name is taken, or no text.
        """
        if not isinstance(entry, str) or entry in self._entries:
            raise DelayEntryError(
                f"{self.path} cannot take the entry {entry!r}: "
                + ("it is no text." if not isinstance(entry, str) else "it exists."),
                where=self.path,
                cure="Choose another name.",
            )
        self._entries[entry] = self._registered(time_and_idx)
        return self

    def access(self, entry: str, *time_and_idx: Any) -> DelayAccess:
        """Register an entry and give a reference to it."""
        return DelayAccess(self, *time_and_idx, entry=entry)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def at(self, entry: Any) -> Any:
        """The value of an entry.

        Parameters
        ----------
        entry : str
            A name that was registered.

        Raises
        ------
        DelayEntryError
            There is no such entry.
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

        Raises
        ------
        DelayRangeError
            More steps than are remembered, or fewer than none: at once, or for traced values while the network runs.
        """
        if isinstance(step, DelaySteps):
            return self._read(step.time, checked_indices(indices, self.path), None)
        trace, window = current_trace(), self._window
        dt = environ.get_dt() if window is None else join(window.every, TIME)
        if isinstance(step, Traced | Variable):
            return self._changing(lambda: step * dt, indices, None)
        steps = np.asarray(step)
        if steps.dtype.kind not in "iu":
            raise DelayError(f"{step!r} is no number of steps.", where=self.path, cure="Give whole numbers.")
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

        Raises
        ------
        DelayRangeError
            In the future, or longer ago than is remembered.

        Notes
        -----
        The sample x[n] is the value at t_{n+1} = (n+1) dt, the end of its step. So the value of a point in time does
        not depend on whether it is read before or after the write of the step.
        """
        trace = current_trace()
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
        The name is taken.

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

    def __init__(self, delay: Any, *time_and_idx: Any, entry: str) -> None:
        if not isinstance(delay, Delay):
            raise DelayError(f"{delay!r} is no Delay.", where="DelayAccess", cure="Give the nd.Delay to read.")
        self.delay, self.entry = delay, entry
        delay.register_entry(entry, *time_and_idx)

    def __call__(self) -> Any:
        """The value."""
        return self.delay.at(self.entry)
