"""References to states and attributes that may not exist yet.

In: a module, a name.  Out: on call, the value.  Must not know: projections, buffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numbadyn.errors import UnknownStateError
from numbadyn.model.delays.api.reference import PrefetchDelayAt
from numbadyn.model.delays.sampling.read import before_first
from numbadyn.model.delays.storage.source import StateSource, check_item
from numbadyn.model.delays.times.window import Before
from numbadyn.model.module import read_from_outside
from numbadyn.model.nearest import nearest_first
from numbadyn.tracing.trace import current_trace

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics

__all__ = ["Prefetch", "PrefetchDelay", "init_maybe_prefetch"]


class Prefetch:
    """Reference to a state or attribute of a module that may not exist yet.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the attribute.

    Raises
    ------
    HookArgumentError
        The owner is no module.
    UnknownStateError
        The name is no text, or empty.

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

    #: The part of the module that it was asked of, and the reference to the whole; None where it is the whole.
    view: Any = None
    whole: Any = None

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, check_item(module, item, "Prefetch")

    @property
    def delay(self) -> PrefetchDelay:
        """The same item some time ago, still without the delay.

        Returns
        -------
        PrefetchDelay
            Its `at` takes the delay.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> late = nd.LIF(2).prefetch("V").delay.at(5 * ms)
        """
        return PrefetchDelay(self.module, self.item)

    def get_item(self) -> Any:
        """The attribute itself.

        Returns
        -------
        Any
            Such as a `State`.

        Raises
        ------
        UnknownStateError
            There is none of this name, or it is None.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.init_all_states(nd.LIF(2))
        >>> cells.prefetch("V").get_item() is cells.V
        True
        """
        found = getattr(self.module, self.item, None)
        if found is None:
            states = self.module.states()
            if states or self.module._initialised:
                known = ", ".join(nearest_first(self.item, states)) or "none"
                raise UnknownStateError(
                    f"{self.module.path} has no attribute {self.item!r}, and no state of that name.",
                    where=self.module.path,
                    cure=f"Its states are: {known}.",
                    item=self.item,
                )
            trace = current_trace()
            if trace is not None:
                raise read_from_outside(self.module, self.item, str(trace.here))
            raise UnknownStateError(
                f"{self.module.path} has no attribute {self.item!r} yet.",
                where=self.module.path,
                cure="Call nd.init_all_states(net) first; there are no states yet.",
                item=self.item,
            )
        return found

    def get_item_value(self) -> Any:
        """The attribute's value.

        Returns
        -------
        array, quantity, traced value or any attribute
            Of a state or parameter its value, of the shape `varshape` of the module; else the attribute.

        Raises
        ------
        UnknownStateError
            There is none of this name, or it is None.

        Examples
        --------
        >>> import numbadyn as nd
        >>> nd.LIF((2, 3)).prefetch("num").get_item_value()
        6
        """
        item = self.get_item()
        return item.value if hasattr(item, "__traced_value__") else item

    def before_first(self) -> Before | None:
        """What it would have given before the first step, if it is a state."""
        known = self.item in self.module.states()
        return before_first(StateSource(self.module, self.item, None, None), None, ()) if known else None

    def __call__(self) -> Any:
        """The attribute's value, as `get_item_value`.

        Returns
        -------
        array, quantity, traced value or any attribute
            As of `get_item_value`.

        Raises
        ------
        UnknownStateError
            There is none of this name, or it is None.

        Examples
        --------
        >>> import numbadyn as nd
        >>> nd.LIF((2, 3)).prefetch("num")()
        6
        """
        return self.get_item_value()


class PrefetchDelay:
    """Reference to an item of a module, still without the delay.

    Parameters
    ----------
    module : Dynamics
        The owner.
    item : str
        Name of the state.

    Raises
    ------
    HookArgumentError
        The owner is no module.
    UnknownStateError
        The name is no text, or empty.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> past = nd.PrefetchDelay(nd.LIF(2), "V")
    >>> late, later = past.at(1 * ms), past.at(2 * ms)
    """

    def __init__(self, module: Dynamics, item: str) -> None:
        self.module, self.item = module, check_item(module, item, "PrefetchDelay")

    def at(self, *time_and_index: Any, **options: Any) -> PrefetchDelayAt:
        """The item some time ago.

        Parameters
        ----------
        *time_and_index, **options
            As of `PrefetchDelayAt`.

        Returns
        -------
        PrefetchDelayAt
            Call it for the value.

        Raises
        ------
        DelayError, DimensionError, ShapeError
            As of `PrefetchDelayAt`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> cells = nd.LIF(2)
        >>> past = cells.prefetch("V").delay.at(5 * ms, init=-70 * mV, interpolation="linear", update_every=1 * ms)
        """
        return PrefetchDelayAt(self.module, self.item, *time_and_index, **options)


def init_maybe_prefetch(target: Any) -> None:
    """Resolve a `Prefetch` now, so that a missing attribute is reported; do nothing for anything else.

    Parameters
    ----------
    target : Prefetch or anything
        What to resolve.

    Raises
    ------
    UnknownStateError
        There is no attribute of this name.

    Examples
    --------
    >>> import numbadyn as nd
    >>> cells = nd.init_all_states(nd.LIF(2))
    >>> nd.init_maybe_prefetch(cells.prefetch("V"))
    >>> nd.init_maybe_prefetch(cells.prefetch("V").delay)
    """
    if isinstance(target, Prefetch):
        target.get_item()
