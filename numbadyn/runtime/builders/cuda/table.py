"""The table of synapses in the memory of a device.

In: arrays that a builder made there.  Out: the same table for the host, when somebody asks for it.  Must not know:
rules, recipes, or how the table was made.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.projections.connectivity import SynapseTable
from numbadyn.runtime.cuda.device import Device

__all__ = ["DeviceTable", "copied"]

Order = NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class DeviceTable:
    """All synapses of a projection, as in `SynapseTable`, with the long arrays on a device.

    Parameters
    ----------
    n_pre, n_post : int
        Numbers of neurons.
    n_synapses : int
        Number of synapses; device arrays without a synapse have one element all the same.
    delays : ndarray of int32, shape (n_delays,)
        The different delays in steps, ascending; on the host.
    offsets, targets, weights : device array
        See `SynapseTable`. There is one weight where all synapses share it.
    shared_weight : float or None
        The weight that all synapses share; None where each has its own.
    order : callable
        Gives the `order` that belongs to a table on the host, or None; it is called by `to_host` only.
    dendritic : ndarray of int32, optional
        As of `SynapseTable`; on the host.
    """

    n_pre: int
    n_post: int
    n_synapses: int
    delays: NDArray[np.int32]
    offsets: Any
    targets: Any
    weights: Any
    shared_weight: float | None
    order: Callable[[SynapseTable], Order]
    dendritic: NDArray[np.int32] | None = None

    @property
    def n_delays(self) -> int:
        """Number of different delays."""
        return int(self.delays.size)

    @property
    def nbytes(self) -> int:
        """Memory of all arrays together, in bytes."""
        arrays = (self.offsets, self.targets, self.weights)
        return int(self.delays.nbytes + sum(array.size * array.dtype.itemsize for array in arrays))

    def to_host(self) -> SynapseTable:
        """Copy the table to the host.

        Returns
        -------
        SynapseTable
            Bit for bit what `numbadyn.runtime.builders.build` gives.
        """
        offsets, targets, weights = (
            np.asarray(array.copy_to_host()) for array in (self.offsets, self.targets, self.weights)
        )
        n_weights = self.n_synapses if self.shared_weight is None else 1
        table = SynapseTable(
            self.n_pre, self.n_post, self.delays, offsets, targets[: self.n_synapses], weights[:n_weights]
        )
        return replace(table, order=self.order(table), dendritic=self.dendritic)


def copied(device: Device, table: SynapseTable, *, shares_weight: bool) -> DeviceTable:
    """Bring a table of the host to a device.

    Parameters
    ----------
    device : Device
        Where to.
    table : SynapseTable
        The table; its `order`, if it has one, stays on the host.
    shares_weight : bool
        Whether all synapses share one weight.

    Returns
    -------
    DeviceTable
    """
    return DeviceTable(
        table.n_pre,
        table.n_post,
        table.n_synapses,
        table.delays,
        device.to_device(table.offsets),
        device.to_device(table.targets),
        device.to_device(table.weights),
        float(table.weights[0]) if shares_weight else None,
        lambda _: table.order,
    )
