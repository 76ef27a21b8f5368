"""Jumps of chosen elements of a state: which they are, and when they come.

In: indices by NumPy's rules; jumps that projections register.  Out: a mask; the state, moved at the start of its
owner's update.  Must not know: what makes the jumps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, ShapeError
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.hooks import OwnHook
from numbadyn.model.inputs import InputRegistry

__all__ = ["Jumps", "choose_neurons", "jumps_of"]


def choose_neurons(indices: Any, shape: tuple[int, ...], where: str) -> NDArray[np.bool_]:
    """Give the mask of the neurons that some indices mean, by NumPy's rules for an array of this shape."""
    numbers = np.arange(math.prod(shape)).reshape(shape)
    try:
        named = np.ravel(numbers[np.asarray(indices) if isinstance(indices, list) else indices])
    except IndexError as error:
        raise ShapeError(
            f"indices of {where} do not fit a population of shape {shape}: {error}.",
            where=where,
            cure="Give whole numbers below its size, or a mask of its shape.",
            shape=shape,
        ) from None
    chosen = np.zeros(shape, dtype=bool)
    chosen.reshape(-1)[named] = True
    if np.unique(named).size != named.size:
        values, counts = np.unique(named, return_counts=True)
        raise InvalidParameterError(
            f"indices of {where} name neuron {values[counts > 1][0]} more than once.",
            where=where,
            cure="Name each neuron once; for more sources of one neuron make another input.",
            place=where,
            neuron=values[counts > 1][0],
        )
    return chosen


class Jumps(OwnHook):
    """Before-hook of a population: adds to one of its states what has arrived.

    Parameters
    ----------
    owner : Dynamics
        The population.
    item : str
        Name of the state.

    Attributes
    ----------
    registry : InputRegistry
        Where projections register their jumps.
    """

    kind = "jumps"

    def __init__(self, owner: Dynamics, item: str) -> None:
        self.owner, self.item = owner, item
        self.registry = InputRegistry(owner, item)

    def __call__(self) -> None:
        """Add the jumps of this step, if there are any."""
        jump = self.registry.sum(None, (), None, {})
        if jump is not None:
            state = self.owner.state(self.item)
            state.value = self.registry.add_term(state.value, jump, self.registry.taken)
        self.registry.end_update()


def jumps_of(owner: Dynamics, item: str) -> Jumps:
    """Give the hook that makes a state jump: the one that is there, or a new one."""
    key = ("jumps", item)
    if not owner.has_before_update(key):
        owner.add_before_update(key, Jumps(owner, item))
    hook = owner.get_before_update(key)
    assert isinstance(hook, Jumps)
    return hook
