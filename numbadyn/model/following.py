"""First values that follow from parameters: computed anew for each run, and for each replica, from the values there.

In: a function that reads parameters eagerly; what they are bound with.  Out: the values.  Must not know: models, how
replicas are made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext
from numbadyn.model.init import Initialiser
from numbadyn.units import Dimension, join_eager

__all__ = ["Bound", "Following", "binding_of", "first_of", "followed"]

#: The run that asks for first values, and what has been read of parameters meanwhile.
_ASKING: ContextVar[tuple[BindContext | None, list[Any] | None]] = ContextVar("numbadyn_asking", default=(None, None))


class Bound:
    """Base of parameters, as far as first values may follow from them."""

    @property
    def dimension(self) -> Dimension:
        """What it measures."""
        raise NotImplementedError

    def content(self) -> Any:
        """What was given."""
        raise NotImplementedError

    def fetch(self, context: BindContext) -> NDArray[Any]:
        """Values for a run."""
        raise NotImplementedError


class _Held(Protocol):
    """A state."""

    owner: Any

    @property
    def dimension(self) -> Dimension:
        """What it measures."""

    def initial(self, context: BindContext) -> NDArray[Any]:
        """First values for a run."""


class _First(Bound):
    """First values of a state, read as those of a parameter are."""

    def __init__(self, state: _Held) -> None:
        self._state, self.owner = state, state.owner

    @property
    def dimension(self) -> Dimension:
        """What it measures."""
        return self._state.dimension

    def content(self) -> Any:
        """What was given: the state."""
        return self._state

    def fetch(self, context: BindContext) -> NDArray[Any]:
        """Values for a run."""
        return self._state.initial(context)


def first_of(state: _Held) -> Any:
    """First values of a state with their unit, for those of others that follow from them, drawn ones included.

    Parameters
    ----------
    state : State
        Of a model that is made already.

    Returns
    -------
    array or quantity
        Those of the run that begins, in a function of `Following`; else those of the seed that its owner was built
        with.
    """
    first = _First(state)
    return join_eager(first.fetch(binding_of(first, state.owner)), state.dimension)


class Following:
    """First values of a state that a function gives, which reads parameters of the model.

    Parameters
    ----------
    function : callable
        Called without arguments; what it reads of parameters are the values of the run that begins, drawn ones
        included. A method, or `functools.partial` of one, so that a model can be copied and pickled.

    Notes
    -----
    It is called once when it is made, which tells what the values measure.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._reads: list[Bound] = []
        self._sample = self._latest = self._call(None)
        self._known: list[tuple[Any, ...]] | None = None

    def _call(self, context: BindContext | None) -> Any:
        """Call the function, and note what it reads."""
        reads: list[Bound] = []
        token = _ASKING.set((context, reads))
        try:
            return self._function()
        finally:
            _ASKING.reset(token)
            self._reads = list({id(each): each for each in reads}.values())

    def at(self, context: BindContext | None) -> Any:
        """The values for what is bound; those of when it was made where nothing is.

        Replicas ask many times for the same: the function is called only if what it reads has changed.
        """
        if context is None:
            return self._sample
        known = [(*(value := each.fetch(context)).shape, value.dtype.str, value.tobytes()) for each in self._reads]
        if known != self._known:
            self._latest, self._known = self._call(context), known
        return self._latest


def followed(given: Any, context: BindContext | None, own_shape: tuple[int, ...] | None) -> Any:
    """What first values are given by, with those that follow from parameters computed.

    A parameter that is drawn gives the values that it has in the run, unless the state has a shape of its own.
    """
    if isinstance(given, Following):
        return given.at(context)
    if not isinstance(given, Bound):
        return given
    bound = given if context is None else context.bound(given)
    content = bound.content()
    drawn = isinstance(content, Initialiser) or callable(content)
    if context is None or not drawn or own_shape is not None:
        return content
    return join_eager(bound.fetch(context)[()], bound.dimension)


def binding_of(parameter: Bound, owner: Any) -> BindContext:
    """What an eager read of a parameter depends on: the run that asks, or the seed that its owner was built with."""
    context, reads = _ASKING.get()
    if reads is not None:
        reads.append(parameter)
    return BindContext(0.0, getattr(owner, "seed_of_build", 0)) if context is None else context
