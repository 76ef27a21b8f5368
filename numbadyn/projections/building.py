"""The door to the compiled builders of synapse tables, which this layer must not import.

In: one function, set from above when the package is put together.  Out: tables on demand.  Must not know: Numba, who
set the function.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from numbadyn.errors import InternalError
from numbadyn.model.init import Initialiser
from numbadyn.projections.connectivity import Connectivity, SynapseTable

__all__ = ["CONNECTIVITY_STREAM", "STREAMS", "Builder", "build", "set_builder"]

CONNECTIVITY_STREAM = 0x80000000
"""First of the streams of random numbers that belong to connectivity."""

STREAMS = 4
"""How many streams each projection has."""


class Builder(Protocol):
    """What makes a table; see `numbadyn.runtime.builders.build`."""

    def __call__(
        self, rule: Connectivity, *, delay: Any, dt: float, rounding: str, seed: int, stream: int, real: Any
    ) -> SynapseTable:
        """Make the table of a rule."""
        ...


_SET: list[Builder] = []


def set_builder(builder: Builder) -> None:
    """Say who makes the tables.

    Parameters
    ----------
    builder : callable
        Arguments as of `Builder`.
    """
    _SET[:] = [builder]


def build(
    rule: Connectivity,
    delay: Initialiser | None,
    *,
    dt: float,
    seed: int,
    number: int,
    real: np.dtype[Any],
    rounding: str = "up",
) -> SynapseTable:
    """Make the synapses of one projection.

    Parameters
    ----------
    rule : Connectivity
        Who is connected to whom, and how strongly.
    delay : Initialiser or None
        The delays, in ms.
    dt : float
        Time step in ms.
    seed : int
        Seed of the simulation.
    number : int
        Number of the projection in its network; its random streams follow from it. A rule with a seed of its own uses
        that one and the first streams instead.
    real : dtype
        Precision of the weights.
    rounding : {"up", "nearest", "exact"}
        What becomes of delays between steps.

    Returns
    -------
    SynapseTable
    """
    if not _SET:
        raise InternalError("Nobody has said who builds synapse tables.", where="numbadyn.projections.building")
    if rule.seed is not None:
        seed, number = rule.seed, 0
    stream = CONNECTIVITY_STREAM + STREAMS * number
    return _SET[0](rule, delay=delay, dt=dt, rounding=rounding, seed=seed, stream=stream, real=real)
