"""The announcing half of `Delay`: delays that are registered, so that its memory is long enough.

In: delays, names.  Out: entries, the longest delay.  Must not know: how the past is read.
"""

from __future__ import annotations

from typing import Any, Self

from numbadyn.errors import DelayEntryError, DelayError
from numbadyn.ir.nodes import BindContext
from numbadyn.model import environ
from numbadyn.model.delays.api.written import Written
from numbadyn.model.delays.sampling.elements import checked_indices, form_of
from numbadyn.model.delays.sampling.read import register
from numbadyn.model.delays.storage.source import GivenSource, Source
from numbadyn.model.delays.times.delay_time import DelaySteps, DelayTime, Fixed, delay_time
from numbadyn.model.delays.times.rule import delay_steps
from numbadyn.model.delays.times.window import Window
from numbadyn.units import TIME, join

__all__ = ["Registering"]


class Registering(Written):
    """A memory, as far as delays of it are announced.

    Parameters
    ----------
    name : str, optional
        Name for messages.
    """

    _window: Window | None

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._entries: dict[str, tuple[DelayTime | None, tuple[Any, ...]]] = {}
        self._longest = 0.0

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
        return join(self._longest, TIME)

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
        unit = environ.eager_dt() if self._window is None else self._window.every
        return int(delay_steps(self._longest, unit)) + 1

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
        time, indices = self._registered(time_and_idx)
        return None if time is None else (DelaySteps(time, self.path), *indices)

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
        if not isinstance(entry, str) or entry in self._entries:
            raise DelayEntryError(
                f"{self.path} cannot take the entry {entry!r}: "
                + ("it is no text." if not isinstance(entry, str) else "it exists."),
                where=self.path,
                cure="Choose another name.",
            )
        self._entries[entry] = self._registered(time_and_idx)
        return self
