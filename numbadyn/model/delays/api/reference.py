"""References to values of a module some time ago.

In: a module, a name, a delay.  Out: on call, the value.  Must not know: projections, buffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numbadyn.errors import HookArgumentError, UpdateEveryError
from numbadyn.model.delays.sampling.interpolation import method_of
from numbadyn.model.delays.sampling.read import before_first, read, register
from numbadyn.model.delays.storage.source import OutputSource, Source, StateSource, check_item, full_name
from numbadyn.model.delays.times.delay_time import Fixed, delay_time
from numbadyn.model.delays.times.elements import check_indices, form_of
from numbadyn.model.delays.times.window import Before, window_of

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics

__all__ = ["OutputDelayAt", "PrefetchDelayAt"]


class _At:
    """A read of the past of one module.

    Attributes
    ----------
    view : View or None
        The part of the module that it was asked of.
    whole : _At
        The same read of the whole module, if it was asked of a part.
    """

    view: Any = None
    whole: Any = None

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
        self._indices = check_indices(parts[1:], where)
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

    def before_first(self) -> Before | None:
        """What it would have given before the first step."""
        return before_first(self._source, self._time, self._indices)

    def __call__(self) -> Any:
        """The value.

        Returns
        -------
        array, quantity or traced value
            Of the shape that delays and indices give, in the unit and of the kind of what is read.

        Raises
        ------
        NotInitialisedError, UnknownStateError
            There are no states yet, or none of this name.
        DelayRangeError
            In eager calls: a delay that changes is out of its range.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> cells = nd.init_all_states(nd.LIF(2, V_initializer=nd.init.Constant(-60 * mV)))
        >>> late = cells.prefetch_delay("V", [0, 1, 5] * ms, [0, 1, 0])
        >>> with nd.environ.context(dt=0.1 * ms):
        ...     print(late())
        [-60. -60. -60.] mV
        """
        return read(self._source, self._time, self._indices, self._method)

    def ahead(self, part: float) -> Any:
        """The value a part of a step later than a call gives it, for the stages of step functions.

        Parameters
        ----------
        part : float
            Between 0 and 1; a delay that is shorter than this part of a step gives the latest value.

        Returns
        -------
        array, quantity or traced value
            As of a call, by `interpolation`, or by ``"polynomial3"`` where none is asked for.

        Raises
        ------
        UpdateEveryError
            Samples are windows of several steps.
        """
        if self._time is None:
            return self()
        if self._source.window is not None:
            raise UpdateEveryError(
                f"{self._source.name} is read at the stages of a step, but it is sampled with update_every.",
                where=self._source.name,
                cure="Leave update_every out, or call the reference before the step function and use its value.",
                source=self._source.name,
            )
        method = method_of("polynomial3", self._source.name) if self._method is None else self._method
        return read(self._source, self._time, self._indices, method, ahead=part)


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
        default. Its values must be of the state's kind: no 0.7 for an integer, no NaN.
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
        Negative, not finite, empty or drawn from a distribution; or it changes and there is no `max_delay`.
    HookArgumentError, UnknownStateError
        An option is not known, the owner is no module, the name is no text or empty.
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
        super().__init__(
            module, check_item(module, item, "prefetch_delay"), time_and_index, **_rename(options, "prefetch_delay")
        )


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
        check_item(module, "output", "output_delay")
        super().__init__(module, "", time_and_index, **_rename(options, "output_delay"))


_OPTIONS = ("init", "interpolation", "update_every", "update_strategy", "max_delay")


def _rename(options: dict[str, Any], reader: str) -> dict[str, Any]:
    """Options under our names; ``delay_init`` is another name of ``init``."""
    named = dict(options)
    if "delay_init" in named:
        named["init"] = named.pop("delay_init")
    named.pop("take_aware_unit", None)  # units are always kept
    for name in named:
        if name not in _OPTIONS:
            raise HookArgumentError(
                f"{reader} is given {name}={named[name]!r}, which it does not know.",
                where=reader,
                cure=f"Choose from {', '.join(_OPTIONS)}.",
                reader=reader,
                name=name,
            )
    return named
