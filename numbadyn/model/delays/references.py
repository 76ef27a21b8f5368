"""References for users: to states and attributes that may not exist yet, and to values some time ago.

In: a module, a name, a delay.  Out: on call, the value.  Must not know: projections, buffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numbadyn.errors import UnknownStateError
from numbadyn.model.delays.forms import checked_indices, form_of
from numbadyn.model.delays.interpolation import method_of
from numbadyn.model.delays.reading import read, register
from numbadyn.model.delays.sources import OutputSource, Source, StateSource, full_name
from numbadyn.model.delays.times import Fixed, delay_time
from numbadyn.model.delays.windows import window_of

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics

__all__ = ["OutputDelayAt", "Prefetch", "PrefetchDelay", "PrefetchDelayAt", "init_maybe_prefetch"]


class Prefetch:
    """Reference to a state or attribute of a module that may not exist yet.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the attribute.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> cells = nd.LIF(2, V_initializer=nd.init.Constant(-60 * mV))
    >>> potential = nd.Prefetch(cells, "V")  # there is no V yet
    >>> _ = nd.init_all_states(cells)
    >>> potential()
    array([-60., -60.]) * mV
    """

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, item

    @property
    def delay(self) -> PrefetchDelay:
        """The same item some time ago: ``ref.delay.at(5*ms)``."""
        return PrefetchDelay(self.module, self.item)

    def get_item(self) -> Any:
        """The attribute itself.

        Raises
        ------
        UnknownStateError
            There is none of this name.
        """
        found = getattr(self.module, self.item, None)
        if found is None:
            known = ", ".join(self.module.states()) or "none"
            raise UnknownStateError(
                f"{self.module.path} has no attribute {self.item!r} yet.",
                where=self.module.path,
                cure=f"Call nd.init_all_states(net) first; its states are: {known}.",
            )
        return found

    def get_item_value(self) -> Any:
        """The attribute's value."""
        item = self.get_item()
        return item.value if hasattr(item, "__traced_value__") else item

    def __call__(self) -> Any:
        """The attribute's value."""
        return self.get_item_value()


class PrefetchDelay:
    """Reference to an item of a module, still without the delay.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the state.
    """

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, item

    def at(self, *time_and_index: Any, **options: Any) -> PrefetchDelayAt:
        """The item some time ago. Arguments as of `PrefetchDelayAt`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> cells = nd.LIF(2)
        >>> past = cells.prefetch("V").delay.at(5 * ms, init=-70 * mV, interpolation="linear", update_every=1 * ms)
        """
        return PrefetchDelayAt(self.module, self.item, *time_and_index, **options)


class _At:
    """A read of the past of one module."""

    def __init__(
        self,
        module: Dynamics,
        item: str,
        time_and_index: tuple[Any, ...],
        *,
        init: Any = None,
        interpolation: Any = None,
        update_every: Any = None,
        update_strategy: str | None = None,
        max_delay: Any = None,
    ) -> None:
        from_tuple = len(time_and_index) == 1 and isinstance(time_and_index[0], tuple | list)
        parts = tuple(time_and_index[0]) if from_tuple else time_and_index
        where = full_name(module, item)
        self.module, self.item, self.init = module, item, init
        window = window_of(update_every, update_strategy, where)
        self._source: Source = StateSource(module, item, init, window) if item else OutputSource(module, init, window)
        self._given, self._max_delay = parts[0] if parts else None, max_delay
        self._time = None if self._given is None else delay_time(self._given, max_delay, where, window)
        self._indices = checked_indices(parts[1:], where)
        self._method = method_of(interpolation, where)
        if isinstance(self._time, Fixed):
            form_of(self._time.shape, self._indices, self.size_of_source, where)
        register(self._source, self._time)

    @property
    def plain(self) -> bool:
        """Whether it is the whole value at one delay, and nothing else is asked for."""
        source = self._source
        return source.init is None and source.window is None and not self._indices and self._method is None

    def on(self, module: Dynamics) -> OutputDelayAt:
        """The output of another module, as long ago."""
        return OutputDelayAt(module, self._given, max_delay=self._max_delay)

    @property
    def size_of_source(self) -> tuple[int, ...]:
        """Shape of the value before elements are chosen."""
        return tuple(self.module.varshape if self.item else self.module.out_size)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of the value that is read; None as long as it is not known."""
        if self._time is not None and not isinstance(self._time, Fixed):
            return None
        times = () if self._time is None else self._time.shape
        return form_of(times, self._indices, self.size_of_source, self._source.name).shape

    def __call__(self) -> Any:
        """The value."""
        return read(self._source, self._time, self._indices, self._method)


class PrefetchDelayAt(_At):
    """A state some time ago; call it for the value.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the state.
    *time_and_index : delay, then indices
        The delay: a time or an array of times; a `Parameter`; or a `State`, a `Prefetch` or a function that gives the
        times of each step, together with `max_delay`. None, or nothing, reads the latest value. The indices follow
        NumPy's rules for ``history[steps, *indices]``: a vector of delays of shape (k,) alone reads the whole value at
        each of them, shape ``(k, *varshape)``; ``delays, np.arange(n)`` reads each neuron at its own delay; ``delays,
        pre_ids`` one value for each connection; ``delay, 2`` one neuron. A tuple of all that is taken apart.
    init : number, array, quantity, Initialiser or callable, optional
        History before the start, of the shape of the state; a callable gets the shape. The state's first value by
        default.
    interpolation : str or callable, optional
        Method between steps, see `InterpolationRegistry`. By default delays are rounded up to whole steps.
    update_every : quantities.Quantity, optional
        Time between samples, a multiple of dt; delays then count in it, rounded up.
    update_strategy : {"hold", "latest", "mean", "sum", "max"}, optional
        What a sample is: the first value of its window, known at once (``hold``, the default); or the last one, the
        mean, the sum or the maximum, known when the window is over.
    max_delay : quantities.Quantity, optional
        The longest delay that can occur, where the delay changes.

    Raises
    ------
    DelayError
        Negative or not finite; or it changes and there is no `max_delay`.
    DimensionError, UnitExpectedError
        Not a time.
    ShapeError
        Delays and indices do not fit.
    LateDelayError
        The network has been built and the buffer is shorter.
    DelayRangeError
        While the network runs: a delay that changes is negative, longer than `max_delay`, or NaN.
    UpdateEveryError, InterpolationError
        No multiple of dt, or not known.

    Notes
    -----
    Step n begins at t_n = n dt, and x[n] is the value after the update of step n. A read with a delay of d steps gives
    x[n-1-d] before the owner's update in step n, and x[n-d] after it. References with different `init`,
    `interpolation` or `update_every` do not disturb each other.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> cells = nd.init_all_states(nd.LIF(3, V_initializer=nd.init.Constant(-60 * mV)))
    >>> late = nd.PrefetchDelayAt(cells, "V", [1, 2] * ms)
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     late().shape
    (2, 3)
    """

    def __init__(self, module: Dynamics, item: str, *time_and_index: Any, **options: Any) -> None:
        super().__init__(module, item, time_and_index, **_named(options))


class OutputDelayAt(_At):
    """The output of a module's update some time ago; call it for the value.

    Parameters
    ----------
    module : Dynamics
        The owner.
    *time_and_index, **options
        As in `PrefetchDelayAt`; the history before the start is zero (no spikes) by default.

    Raises
    ------
    SchedulingError
        While tracing: the module is never updated, or its update returns no single array.

    Notes
    -----
    Booleans, integers and reals stay what they are, with their unit. The rest as in `PrefetchDelayAt`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> spikes = nd.OutputDelayAt(nd.LIF(3), 1.5 * ms)
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     spikes()
    array([False, False, False])
    """

    def __init__(self, module: Dynamics, *time_and_index: Any, **options: Any) -> None:
        super().__init__(module, "", time_and_index, **_named(options))


def _named(options: dict[str, Any]) -> dict[str, Any]:
    """Options under our names; ``delay_init`` is another name of ``init``."""
    named = dict(options)
    if "delay_init" in named:
        named["init"] = named.pop("delay_init")
    return named


def init_maybe_prefetch(target: Any) -> None:
    """Resolve a `Prefetch` now, so that a missing attribute is reported; do nothing for anything else.

    Examples
    --------
    >>> import numbadyn as nd
    >>> cells = nd.init_all_states(nd.LIF(2))
    >>> nd.init_maybe_prefetch(cells.prefetch("V"))
    >>> nd.init_maybe_prefetch(cells.prefetch("V").delay)
    """
    if isinstance(target, Prefetch):
        target.get_item()
