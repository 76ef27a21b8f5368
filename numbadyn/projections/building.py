"""The door to the compiled builders of synapse tables, which this layer must not import.

In: a rule, what it is bound to.  Out: tables on demand.  Must not know: Numba.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np

from numbadyn.model.init import Initialiser
from numbadyn.model.seams import table_builder
from numbadyn.projections.connectivity import Connectivity, Places, SynapseTable

__all__ = ["CONNECTIVITY_STREAM", "STREAMS", "TableBuilder", "build", "made_by"]

CONNECTIVITY_STREAM = 0x80000000
"""First of the streams of random numbers of a rule with a seed of its own."""

STREAMS = 4
"""How many streams each projection has: structure, weights, delays, numbers of synapses."""


class TableBuilder(Protocol):
    """What makes a table; see `numbadyn.runtime.builders.build`."""

    def __call__(
        self,
        rule: Connectivity,
        *,
        delay: Any,
        dt: float,
        rounding: str,
        seed: int,
        stream: int,
        real: Any,
        places: Any,
        **more: Any,
    ) -> SynapseTable:
        """Make the table of a rule."""
        ...


_OTHER: ContextVar[TableBuilder | None] = ContextVar("another builder", default=None)


@contextmanager
def made_by(builder: TableBuilder) -> Iterator[None]:
    """Let somebody else make the tables for a while: in the memory of a device.

    Parameters
    ----------
    builder : callable
        Arguments as of `TableBuilder`; what it gives has the attributes of a table.
    """
    token = _OTHER.set(builder)
    try:
        yield
    finally:
        _OTHER.reset(token)


def build(
    rule: Connectivity,
    delay: Initialiser | None,
    *,
    dt: float,
    seed: int,
    stream: int,
    real: np.dtype[Any],
    rounding: str = "up",
    places: Places | None = None,
    read_by: str | None = None,
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
    stream : int
        First of the streams of the projection. A rule with a seed of its own has streams of its own as well: it makes
        the same synapses wherever it stands.
    real : dtype
        Precision of the weights.
    rounding : {"up", "nearest", "exact"}
        What becomes of delays between steps.
    places : Places, optional
        Which neurons of larger populations those of the rule are.
    read_by : str, optional
        Name of the projection, where its synapses are made to be listed; refused if the lists do not fit into memory.

    Returns
    -------
    SynapseTable

    Raises
    ------
    NotEnoughMemoryError
        The lists do not fit.
    """
    builder: TableBuilder = _OTHER.get() or table_builder()
    if rule.seed is not None:
        seed, stream = rule.seed, CONNECTIVITY_STREAM
    more = {} if read_by is None else {"read_by": read_by}
    return builder(
        rule, delay=delay, dt=dt, rounding=rounding, seed=seed, stream=stream, real=real, places=places, **more
    )
