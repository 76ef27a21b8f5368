"""Builders: from a rule of connection to the table of its synapses, in compiled code.

In: a rule, delays, the time step and a seed.  Out: a `SynapseTable`.  Must not know: units or how spikes are delivered.

Numba is imported with this package and compiles with the first table; nothing that ``import numbadyn`` imports may
import it.
"""

from typing import Any

import numpy as np

from numbadyn.projections.connectivity import Connectivity, Places, SynapseTable, as_delay, place_synapses
from numbadyn.runtime.builders.delays import with_delays
from numbadyn.runtime.builders.structure import DrawKey, structure_of
from numbadyn.runtime.builders.values import per_synapse

__all__ = ["CONNECTIVITY_STREAM", "STREAMS", "build"]

CONNECTIVITY_STREAM = 0x80000000
"""First of the streams of random numbers that belong to connectivity."""

STREAMS = 4
"""How many streams each projection needs: structure, weights, delays, numbers of synapses."""


def build(
    rule: Connectivity,
    *,
    delay: Any = None,
    dt: float,
    rounding: str = "up",
    seed: int,
    stream: int = CONNECTIVITY_STREAM,
    real: Any = np.float64,
    places: Places | None = None,
) -> SynapseTable:
    """Make the synapses of a projection.

    Parameters
    ----------
    rule : Connectivity
        Who is connected to whom, and how strongly.
    delay : Initialiser, or what `numbadyn.projections.connectivity.as_delay` takes
        The delays.
    dt : float
        Time step in ms.
    rounding : {"up", "nearest", "exact"}
        What becomes of delays between steps; exact ones have been checked.
    seed : int
        Seed of the simulation, 64 bits.
    stream : int
        First of `STREAMS` streams that belong to this projection alone.
    real : dtype
        float64 or float32, the precision of the weights. The structure and the delays do not depend on it.

    places : Places, optional
        Which neurons of larger populations those of the rule are; by default the populations are those of the rule.

    Returns
    -------
    SynapseTable
        The same bits for the same arguments, on every machine.

    Raises
    ------
    ConnectivityError, DelayError
        If an array of weights or delays does not fit the synapses, whose number only chance decided.

    Examples
    --------
    >>> from numbadyn.projections.connectivity import FixedInDegree
    >>> table = build(FixedInDegree(100, 50, num=10), dt=0.1, seed=1)
    >>> np.unique(np.bincount(table.targets)).tolist()
    [10]
    """
    recipe = as_delay(delay)
    draw = DrawKey.of(seed, stream)
    structure = structure_of(rule, draw)
    rule.check_weight_shape(structure.targets.size)
    weights = per_synapse(rule.weight, structure, draw.shifted(1), np.dtype(real))
    table = with_delays(
        structure,
        weights,
        recipe,
        n_post=rule.n_post,
        dt=dt,
        rounding=rounding,
        draw=draw.shifted(2),
        keep_order=rule.may_repeat,
        one_axis="synapses" if rule.lists_synapses else "neurons" if rule.n_synapses is None else "either",
    )
    return place_synapses(table, places)
