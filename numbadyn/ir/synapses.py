"""The meaning of the maps between populations and the synapses that join them.

In: a table of synapses as its builder stores it, and values.  Out: values in the other space.  Must not know: steps,
targets, units.

A value in the space of synapses has one element for each synapse, in the order in which the table stores them: by
presynaptic neuron, then delay, then target.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PostRows",
    "arrivals",
    "back_delays",
    "by_post",
    "collected",
    "delay_slots",
    "from_rule",
    "longest_back",
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


def back_delays(table: Any) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The different dendritic delays of a table in steps, ascending, and the number of each synapse's among them."""
    if table.dendritic is None:
        return np.zeros(1, np.int32), np.zeros(table.targets.size, np.int64)
    delays, slots = np.unique(table.dendritic, return_inverse=True)
    return (delays, slots.reshape(-1)) if delays.size else (np.zeros(1, np.int32), slots.reshape(-1))


def longest_back(table: Any) -> int:
    """The longest dendritic delay of a table in steps; zero where there is none."""
    return 0 if table.dendritic is None else int(table.dendritic.max(initial=0))


class PostRows(NamedTuple):
    """The synapses of a table by postsynaptic neuron, then dendritic delay: the transpose, of the same values.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_post * n_delays + 1,)
        Rows: those of neuron i with ``delays[j]`` stand at ``offsets[i * n_delays + j]`` up to the next offset, and
        there as they are stored.
    sources : ndarray of uint32, shape (n_synapses,)
        Presynaptic neuron of each.
    synapses : ndarray of uint32, shape (n_synapses,)
        Where each is stored in the table.
    delays : ndarray of int32, shape (n_delays,)
        The different dendritic delays in steps, ascending; ``[0]`` where there is none.
    """

    offsets: NDArray[np.int64]
    sources: NDArray[np.uint32]
    synapses: NDArray[np.uint32]
    delays: NDArray[np.int32]


def by_post(table: Any) -> PostRows:
    """Find the synapses onto each postsynaptic neuron, sorted by dendritic delay.

    Parameters
    ----------
    table : SynapseTable
        The synapses, of less than 2**32.

    Returns
    -------
    PostRows
    """
    delays, slots = back_delays(table)
    rows = table.targets if delays.size == 1 else table.targets.astype(np.int64) * delays.size + slots
    counts = np.bincount(rows, minlength=table.n_post * delays.size)
    synapses = np.argsort(rows, kind="stable")
    sources = presynaptic(table)[synapses].astype(np.uint32)
    return PostRows(np.concatenate([[0], np.cumsum(counts)]), sources, synapses.astype(np.uint32), delays)


def mapped(side: str, table: Any, values: Array) -> Array:
    """``pre_of`` and ``post_of``: the value of the neuron on one side of each synapse."""
    found: Array = values.reshape(-1)[presynaptic(table) if side == "pre_of" else table.targets]
    return found


def arrivals(table: Any, delayed: Callable[[int], Array], order: str = "pre") -> Array:
    """``arrive``: what reaches each synapse in this step, its presynaptic signal as many steps ago as its delay says.

    What comes from the postsynaptic neuron is as old as the dendritic delay says.

    Parameters
    ----------
    table : SynapseTable
        The synapses.
    delayed : callable
        ``delayed(steps)`` gives the signal of all neurons of that side that many steps ago.
    order : {"pre", "post"}
        The side from which it comes.

    Returns
    -------
    ndarray, shape (n_synapses,)
    """
    if order == "post":
        neurons, (delays, slots) = table.targets, back_delays(table)
    else:
        neurons, delays, slots = presynaptic(table), table.delays, delay_slots(table)
    found = np.zeros(neurons.size, dtype=delayed(int(delays[0])).dtype)
    for slot, delay in enumerate(delays):
        own = slots == slot
        found[own] = delayed(int(delay)).reshape(-1)[neurons[own]]
    return found


def collected(
    table: Any,
    totals: Sequence[Array],
    arrived: Array,
    values: Array,
    order: str = "pre",
    later: Array | int = 0,
) -> None:
    """``collect``: add the values of the synapses that something has reached to their postsynaptic neurons.

    They are added one by one, delay after delay of the side that has reached them, and there in the order in which they
    are stored, as the events of a synaptic sum are. ``totals[d]`` is what counts d steps later; `later` says how many
    steps that is, for all or for each synapse.
    """
    slots = delay_slots(table) if order == "pre" else back_delays(table)[1]
    values, steps = np.broadcast_to(values, arrived.shape), np.broadcast_to(later, arrived.shape)
    for slot in range(int(slots.max(initial=0)) + 1):
        reached = np.flatnonzero((slots == slot) & (arrived != 0))
        for step in np.unique(steps[reached]):
            due = reached[steps[reached] == step]
            with np.errstate(all="ignore"):
                np.add.at(totals[step], table.targets[due], values[due])


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
