"""`Delay`, a memory that is written by hand: what users see of it; `DelayMemory` is what it keeps.

In: a value in each step.  Out: values some time ago, by the delay rule.  Must not know: projections, targets.
"""

from __future__ import annotations

import warnings
from typing import Any, Self

from numbadyn.errors import DelayEntryError, DelayError, ShapeError, UnsupportedFeatureError
from numbadyn.model.delays.api.access import DelayAccess
from numbadyn.model.delays.api.memory import DelayMemory
from numbadyn.model.delays.api.nesting import leaves, template_of
from numbadyn.model.delays.sampling.interpolation import method_of
from numbadyn.model.delays.storage.source import GivenSource, Source
from numbadyn.model.delays.times.delay_time import DelaySteps
from numbadyn.model.delays.times.rule import one_time
from numbadyn.model.delays.times.window import Window, window_of
from numbadyn.model.module import Module
from numbadyn.model.values import Parameter
from numbadyn.units import TIME, join

__all__ = ["Delay"]


class DelayMethodWarning(FutureWarning, DeprecationWarning):
    """A way of keeping values was asked for that makes no difference: there is one memory, a ring."""


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
        Values before the start, of the shape of the target; a callable gets the shape, and the
        dtype if it takes two arguments. Zero by default.
    entries : dict, optional
        Name -> delay, or (delay, indices...), as of `register_entry`.
    interpolation : str or callable, optional
        Method of `retrieve_at_time`, see `InterpolationRegistry`; ``"linear"`` for reals, ``"nearest"`` for Booleans
        and integers by default.
    take_aware_unit : bool
        Accepted for compatibility: units are always kept.
    update_every, update_strategy
        As in `PrefetchDelayAt`.
    delay_method : {"rotation", "concat"}, optional
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
    >>> import numpy as np
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
        delay_method: str | None = "rotation",
        interp_method: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.driven = True
        self.target_info, self.take_aware_unit = target_info, take_aware_unit
        if delay_method not in (None, "rotation", "concat"):
            raise DelayError(
                f"delay_method of {self.path} is {delay_method!r}.",
                where=self.path,
                cure="Leave it out: it is a ring.",
                delay_method=delay_method,
            )
        if delay_method == "concat":
            warnings.warn("delay_method='concat' makes no difference.", DelayMethodWarning, stacklevel=2)
        window = window_of(update_every, update_strategy, self.path)
        self.interpolation = interpolation if interpolation is not None else interp_method
        method_of(self.interpolation, self.path)
        self._memory = DelayMemory(self, target_info, self._make_sources(init, window), window)
        if time is not None:
            if not isinstance(time, Parameter):
                one_time(time, f"{self.path}, time")
            self.register_delay(time)
        self._check_entries(entries)
        for entry, given in (entries or {}).items():
            self.register_entry(entry, *(given if isinstance(given, tuple | list) else (given,)))

    def _check_entries(self, entries: Any) -> None:
        if entries is not None and not isinstance(entries, dict):
            raise DelayEntryError(
                f"entries of {self.path} are {entries!r}.",
                where=self.path,
                cure="Give a dictionary of names and delays, such as {'late': 5*ms}.",
                entries=entries,
            )

    def _make_sources(self, init: Any, window: Window | None) -> list[Source]:
        made: list[Source] = [
            GivenSource(self, leaf, template_of(example, self.path), init, window)
            for leaf, example in leaves(self.target_info)
        ]
        if not made:
            raise ShapeError(
                f"The target of {self.path} is {self.target_info!r}, which holds no value.",
                where=self.path,
                cure="Give an example of what is written, such as np.zeros(n)*mV.",
                target_info=self.target_info,
            )
        return made

    def init_state(self, batch_size: int | None = None) -> None:
        """Begin with what was before the start; memory itself follows from the delays.

        Parameters
        ----------
        batch_size : int, optional
            Accepted where it is None.

        Raises
        ------
        UnsupportedFeatureError
            It is not None.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms
        >>> line = nd.Delay(np.zeros(2))
        >>> line.init_state()  # as init_all_states does
        >>> with nd.environ.context(dt=1 * ms):
        ...     line.retrieve_at_step(0).tolist()
        [0.0, 0.0]
        """
        if batch_size is not None:
            raise UnsupportedFeatureError(
                f"{self.path} is initialised with batch_size={batch_size}.",
                where=self.path,
                cure="Give the target the batch as an axis of its own.",
                batch_size=batch_size,
            )
        self._begin()
        self._initialised = True

    @property
    def max_time(self) -> Any:
        """The longest delay that is remembered.

        Returns
        -------
        quantities.Quantity
            A time; zero as long as no delay has been registered.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms
        >>> nd.Delay(np.zeros(2), time=5 * ms).max_time
        array(5.) * ms
        """
        return join(self._memory.longest, TIME)

    @property
    def max_length(self) -> int:
        """Samples from the newest to the one of the longest delay, at the time step of `environ`.

        Returns
        -------
        int
            One more than the steps, or windows, of the longest delay.

        Raises
        ------
        TimeStepError
            ``nd.environ`` has no time step.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms
        >>> with nd.environ.context(dt=0.1 * ms):
        ...     nd.Delay(np.zeros(2), time=5 * ms).max_length
        51
        """
        return self._memory.length

    def register_delay(self, *time_and_idx: Any) -> tuple[Any, ...] | None:
        """Announce a delay, so that the memory is long enough.

        Parameters
        ----------
        *time_and_idx : delay, then indices
            As in `PrefetchDelayAt`.

        Returns
        -------
        tuple or None
            The delay as `DelaySteps` and the indices, for ``retrieve_at_step(*...)``; None if the delay is None.

        Raises
        ------
        DelayError
            There is no delay, or it is negative or not finite.
        LateDelayError
            A simulator has been built and its memory is shorter.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms
        >>> line = nd.Delay(np.zeros(2))
        >>> steps, element = line.register_delay(2 * ms, 0)
        >>> with nd.environ.context(dt=0.1 * ms):
        ...     int(steps)
        20
        """
        time, indices = self._memory.register(time_and_idx)
        return None if time is None else (DelaySteps(time, self.path), *indices)

    def register_entry(self, entry: Any, *time_and_idx: Any) -> Self:
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
        DelayError, DimensionError, ShapeError
            As of `register_delay`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2)).register_entry("late", 2 * ms))
        >>> with nd.environ.context(dt=1 * ms):
        ...     line.at("late").tolist()
        [0.0, 0.0]
        """
        self._memory.add_entry(entry, time_and_idx)
        return self

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
        >>> import numpy as np
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2)))
        >>> late = line.access("late", 2 * ms)
        >>> with nd.environ.context(dt=1 * ms):
        ...     late().tolist()
        [0.0, 0.0]
        """
        return DelayAccess(self, *time_and_idx, entry=entry)

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
        NotInitialisedError
            It is called eagerly before `init_all_states`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms, mV
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2) * mV, time=1 * ms))
        >>> with nd.environ.context(dt=1 * ms):
        ...     line.update([1, 2] * mV)
        ...     print(line.retrieve_at_step(0), line.retrieve_at_step(1))
        [1. 2.] mV [0. 0.] mV
        """
        self._memory.write(value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Write the value of this step, as `update`, so that a `Delay` can be an after-hook.

        Parameters
        ----------
        *args, **kwargs
            Those of `update`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms
        >>> cells = nd.LIF(2)
        >>> cells.add_after_update("remember", nd.Delay(np.zeros(2, dtype=bool), entries={"late": 1 * ms}))
        """
        return self.update(*args, **kwargs)

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
        >>> import numpy as np
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2), entries={"late": 1 * ms}))
        >>> with nd.environ.context(dt=1 * ms):
        ...     line.update(np.array([1.0, 2.0]))
        ...     line.update(np.array([3.0, 4.0]))
        ...     line.at("late").tolist()
        [1.0, 2.0]
        """
        return self._memory.read_entry(entry)

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
        >>> import numpy as np
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(1), time=2 * ms))
        >>> with nd.environ.context(dt=1 * ms):
        ...     for x in (1.0, 2.0, 3.0):
        ...         line.update(np.array([x]))
        ...     line.retrieve_at_step(0).tolist(), line.retrieve_at_step(np.array([1, 2]), 0).tolist()
        ([3.0], [2.0, 1.0])
        """
        return self._memory.read_steps(step, indices)

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
        >>> import numpy as np
        >>> from quantities import ms
        >>> line = nd.init_all_states(nd.Delay(np.zeros(1), time=3 * ms))
        >>> for n in range(3):
        ...     with nd.environ.context(dt=1 * ms, i=n, t=n * ms):
        ...         line.update(np.array([10.0 * (n + 1)]))  # at the end of the step, (n + 1) ms
        >>> with nd.environ.context(dt=1 * ms, i=2, t=2 * ms):
        ...     line.retrieve_at_time(1.5 * ms).tolist()
        [15.0]
        """
        return self._memory.read_time(time, indices, method_of(self.interpolation, self.path))
