"""`StateWithDelay`, the memory of a state.

In: a state.  Out: its values some time ago, by the delay rule.  Must not know: projections, targets.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import DelayError
from numbadyn.model.delays.api.delay import Delay
from numbadyn.model.delays.storage.source import Source, StateSource, check_item
from numbadyn.model.delays.times.window import Window
from numbadyn.model.module import Module
from numbadyn.model.values import State

__all__ = ["StateWithDelay"]


class StateWithDelay(Delay):
    """The memory of a state, sampled at the end of its owner's update.

    Parameters
    ----------
    target : Module
        The owner.
    item : str
        Name of the state.
    init : number, array, quantity, Initialiser or callable, optional
        History before the start; the state's first value by default.
    interpolation : str or callable
        Method of `retrieve_at_time`; the nearest sample by default.
    **options
        ``time``, ``entries``, ``update_every``, ``update_strategy``, ``name`` as in `Delay`.

    Raises
    ------
    HookArgumentError
        The target is no module.
    UnknownStateError
        The name is no text or empty; when it is read: the target has no such state.

    Notes
    -----
    It shares its memory with ``target.prefetch_delay(item, ...)``. `update` takes no value and need not be called.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> cells = nd.LIF(1, V_initializer=nd.init.Constant(-60 * mV))
    >>> past = nd.StateWithDelay(cells, "V", time=2 * ms)
    >>> _ = nd.init_all_states(cells), nd.init_all_states(past)
    >>> with nd.environ.context(dt=1 * ms, i=0):
    ...     print(past.retrieve_at_step(2))
    [-60.] mV
    """

    def __init__(
        self, target: Module, item: str, init: Any = None, interpolation: Any = "round", **options: Any
    ) -> None:
        self._target, self._item = target, check_item(target, item, "StateWithDelay")
        super().__init__(None, init=init, interpolation=interpolation, **options)

    def _make_sources(self, init: Any, window: Window | None) -> list[Source]:
        return [StateSource(self._target, self._item, init, window)]

    @property
    def state(self) -> State:  # type: ignore[override]
        """The state that is remembered.

        Raises
        ------
        UnknownStateError
            The owner has none of this name.
        """
        return self._target.state(self._item)

    def update(self, value: Any = None) -> None:
        """Nothing to write: the state is sampled by itself.

        Parameters
        ----------
        value : None
            There is none.

        Raises
        ------
        DelayError
            There is one.

        Examples
        --------
        >>> import numbadyn as nd
        >>> nd.StateWithDelay(nd.LIF(1), "V").update()
        """
        if value is not None:
            raise DelayError(
                f"{self.path} is given a value to write.",
                where=self.path,
                cure="Write to the state; it is sampled.",
                path=self.path,
            )
