"""The meaning of the maps between populations and the synapses that join them.

In: a table of synapses as its builder stores it, and values.  Out: values in the other space.  Must not know: steps,
targets, units.

A value in the space of synapses has one element for each synapse, in the order in which the table stores them: by
presynaptic neuron, then delay, then target.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PostRows",
    "arrivals",
    "by_post",
    "collected",
    "delay_slots",
    "from_rule",
    "mapped",
    "presynaptic",
    "to_rule",
]

Array = NDArray[Any]


def presynaptic(table: Any) -> NDArray[np.int64]:
    """Presynaptic neuron of each stored synapse."""
    lengths = np.diff(table.offsets[:: len(table.delays)])
    return np.repeat(np.arange(lengths.size), lengths)


def delay_slots(table: Any) -> NDArray[np.int64]:
    """Number of the delay of each stored synapse, among the delays of the table."""
    lengths = np.diff(table.offsets)
    return np.repeat(np.arange(lengths.size) % len(table.delays), lengths)


class PostRows(NamedTuple):
    """The synapses of a table by postsynaptic neuron, and there as they are stored: the transpose, of the same values.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_post + 1,)
        Rows: those of neuron i stand at ``offsets[i]`` up to the next offset.
    sources : ndarray of uint32, shape (n_synapses,)
        Presynaptic neuron of each.
    synapses : ndarray of uint32, shape (n_synapses,)
        Where each is stored in the table.
    """

    offsets: NDArray[np.int64]
    sources: NDArray[np.uint32]
    synapses: NDArray[np.uint32]


def by_post(table: Any) -> PostRows:
    """Find the synapses onto each postsynaptic neuron.

    Parameters
    ----------
    table : SynapseTable
        The synapses, of less than 2**32.

    Returns
    -------
    PostRows
    """
    counts = np.bincount(table.targets, minlength=table.n_post)
    synapses = np.argsort(table.targets, kind="stable")
    sources = presynaptic(table)[synapses].astype(np.uint32)
    return PostRows(np.concatenate([[0], np.cumsum(counts)]), sources, synapses.astype(np.uint32))


def mapped(side: str, table: Any, values: Array) -> Array:
    """``pre_of`` and ``post_of``: the value of the neuron on one side of each synapse."""
    found: Array = values.reshape(-1)[presynaptic(table) if side == "pre_of" else table.targets]
    return found


def arrivals(table: Any, delayed: Callable[[int], Array]) -> Array:
    """``arrive``: what reaches each synapse in this step, its presynaptic signal as many steps ago as its delay says.

    Parameters
    ----------
    table : SynapseTable
        The synapses.
    delayed : callable
        ``delayed(steps)`` gives the signal of all presynaptic neurons that many steps ago.

    Returns
    -------
    ndarray, shape (n_synapses,)
    """
    pre, slots = presynaptic(table), delay_slots(table)
    found = np.zeros(pre.size, dtype=delayed(int(table.delays[0])).dtype)
    for slot, delay in enumerate(table.delays):
        own = slots == slot
        found[own] = delayed(int(delay)).reshape(-1)[pre[own]]
    return found


def collected(table: Any, total: Array, arrived: Array, values: Array, order: str = "pre") -> None:
    """``collect``: add the values of the synapses that something has reached to their postsynaptic neurons.

    They are added one by one, delay after delay, and there in the order in which they are stored, as the events of a
    synaptic sum are; where postsynaptic neurons have reached them, in the latter order alone.
    """
    slots = delay_slots(table) if order == "pre" else np.zeros(table.targets.size, np.int64)
    values = np.broadcast_to(values, arrived.shape)
    for slot in range(len(table.delays)):
        reached = np.flatnonzero((slots == slot) & (arrived != 0))
        with np.errstate(all="ignore"):
            np.add.at(total, table.targets[reached], values[reached])


def to_rule(table: Any, stored: Array) -> Array:
    """Values of synapses as they are stored, in the order of the rule: that of ``edges()``."""
    positions = table.positions()
    if positions is None:
        return stored
    found = np.empty_like(stored)
    found[positions] = stored
    return found


def from_rule(table: Any, values: Array) -> Array:
    """Values of synapses in the order of the rule, as they are stored."""
    positions = table.positions()
    return values if positions is None else values[positions]
