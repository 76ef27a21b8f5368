"""From a rule of connection to offsets and targets in the memory of a device.

In: a rule, a seed and a stream.  Out: the arrays of a table without delays, or None for rules that have no loops for a
device.  Must not know: weights and delays.

Notes
-----
A thread draws a whole row, or a whole column of a fixed in-degree, with the same numbers as on the processor; rows
whose lengths are drawn are drawn twice. Only counts of rows pass through the host. A population of few presynaptic
neurons keeps few threads busy, which costs time but no memory.

A subset (Floyd's method) needs to know which partners it has: short ones are looked up in a list, long ones have a bit
for each candidate. Lists and bits of all threads take at most 256 MB together (or what a single thread needs); where
that is not enough for a thread for each neuron, fewer threads work.
"""

from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.model.init import OfPairs
from numbadyn.projections.connectivity import (
    AllToAll,
    Connectivity,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    OneToOne,
    PairwisePoisson,
    SymmetricPairwiseBernoulli,
)
from numbadyn.runtime.builders.cuda.compiled import Workshop
from numbadyn.runtime.builders.structure import (
    COUNT_STREAM,
    DrawKey,
    Structure,
    poisson_scale,
    row_counts,
    skip_scale,
    structure_of,
)
from numbadyn.runtime.cuda.device import Device

__all__ = ["DeviceStructure", "structure_on_device"]

_MODULE = ("structure", 64)
_SCRATCH_WORDS = 1 << 26


class DeviceStructure(NamedTuple):
    """Who is connected to whom, on a device.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_pre + 1,)
        Where the row of each presynaptic neuron starts.
    offsets_there : device array
        The same on the device.
    targets : device array of uint32
        Postsynaptic indices, ascending in each row.
    n_synapses : int
        Number of synapses.
    """

    offsets: NDArray[np.int64]
    offsets_there: Any
    targets: Any
    n_synapses: int

    def without_targets(self) -> Structure:
        """Give the structure to code of the host that only asks for offsets and for the number of synapses.

        Returns
        -------
        Structure
            Its targets are all zero and take no memory.
        """
        return Structure(self.offsets, np.broadcast_to(np.zeros(1, np.uint32), self.n_synapses))

    def on_host(self, device: Device) -> Structure:
        """Copy the structure to code of the host that asks for both ends of each synapse.

        Parameters
        ----------
        device : Device
            Where the targets are.

        Returns
        -------
        Structure
        """
        return Structure(self.offsets, np.asarray(device.read(self.targets, 0, self.n_synapses)))


@singledispatch
def structure_on_device(rule: Connectivity, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    """Make the synapses of a rule on a device.

    Parameters
    ----------
    rule : Connectivity
        The specification.
    workshop : Workshop
        The device and its kernels.
    draw : DrawKey
        Seed and stream of the projection.

    Returns
    -------
    DeviceStructure or None
        None for a rule that lists its synapses, which are on the host already.
    """
    return None


@structure_on_device.register
def _(rule: AllToAll, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    skip = not rule.autapses
    offsets = np.arange(rule.n_pre + 1, dtype=np.int64) * (rule.n_post - skip)
    made = _with_room(workshop, offsets)
    workshop.run(_MODULE, "all_pairs", made.n_synapses, made.targets, made.n_synapses, rule.n_post, int(skip))
    return made


@structure_on_device.register
def _(rule: OneToOne, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    offsets = np.arange(rule.n_pre + 1, dtype=np.int64)
    there = workshop.device.to_device
    return DeviceStructure(offsets, there(offsets), there(np.arange(rule.n_post, dtype=np.uint32)), rule.n_post)


@structure_on_device.register
def _(rule: FixedProb, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    if isinstance(rule.prob, OfPairs):
        return _from_host(rule, workshop, draw)
    if rule.prob == 0.0:
        return _with_room(workshop, np.zeros(rule.n_pre + 1, dtype=np.int64))
    return _drawn_rows("draw_with_probability", rule, skip_scale(rule.prob), workshop, draw)


@structure_on_device.register
def _(rule: PairwisePoisson, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    if rule.mean == 0.0:
        return _with_room(workshop, np.zeros(rule.n_pre + 1, dtype=np.int64))
    return _drawn_rows("draw_poisson", rule, poisson_scale(rule.mean), workshop, draw)


@structure_on_device.register
def _(rule: SymmetricPairwiseBernoulli, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    if rule.prob == 0.0:
        return _with_room(workshop, np.zeros(rule.n_pre + 1, dtype=np.int64))
    common = (rule.n_pre, int(not rule.autapses), skip_scale(rule.prob), *draw)
    return _entered("draw_symmetric", rule.n_pre, rule.n_pre, (), common, workshop)


@structure_on_device.register
def _(rule: FixedInDegree, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    if rule.prob is not None:
        return _from_host(rule, workshop, draw)
    choices = rule.n_pre - (not rule.autapses)
    workers, listed, scratch = _scratch(workshop, rule.n_post, rule.num, choices, rule.multapses)
    sizes = (rule.n_pre, rule.n_post, rule.num, int(not rule.autapses), int(rule.multapses))
    return _entered("draw_columns", rule.n_pre, workers, (workers,), (*sizes, listed, scratch, *draw), workshop)


@structure_on_device.register
def _(rule: FixedOutDegree, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    if rule.prob is not None:
        return _from_host(rule, workshop, draw)
    return _rows(rule, np.full(rule.n_pre, rule.num, dtype=np.int64), workshop, draw)


@structure_on_device.register
def _(rule: FixedTotalNumber, workshop: Workshop, draw: DrawKey) -> DeviceStructure | None:
    if not rule.multapses:  # how full a row is decides over the next draw, so these counts come one after another
        return _rows(rule, row_counts(rule, draw), workshop, draw)
    counts = workshop.device.to_device(np.zeros(rule.n_pre, dtype=np.int64))
    workshop.run(_MODULE, "spread_over_rows", rule.num, counts, rule.n_pre, rule.num, *draw.shifted(COUNT_STREAM))
    return _rows(rule, workshop.device.read(counts, 0, rule.n_pre), workshop, draw)


def _from_host(rule: Connectivity, workshop: Workshop, draw: DrawKey) -> DeviceStructure:
    """What a function of the user decides, on the host."""
    made, there = structure_of(rule, draw), workshop.device.to_device
    return DeviceStructure(made.offsets, there(made.offsets), there(made.targets), made.targets.size)


def _with_room(workshop: Workshop, offsets: NDArray[np.int64]) -> DeviceStructure:
    """Rows of these lengths, not filled yet."""
    number = int(offsets[-1])
    return DeviceStructure(
        offsets, workshop.device.to_device(offsets), workshop.device.empty(number, np.uint32), number
    )


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets of rows of these lengths."""
    offsets = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _drawn_rows(
    phase: str, rule: FixedProb | PairwisePoisson, scale: float, workshop: Workshop, draw: DrawKey
) -> DeviceStructure:
    """Draw rows twice: their lengths, then their targets, which ascend."""
    common = (rule.n_post, int(not rule.autapses), scale, *draw)
    counted = workshop.device.to_device(np.zeros(rule.n_pre + 1, dtype=np.int64))
    workshop.run(_MODULE, phase, rule.n_pre, 0, counted, workshop.device.empty(0, np.uint32), *common)
    made = _with_room(workshop, np.cumsum(workshop.device.read(counted, 0, rule.n_pre + 1)))
    workshop.run(_MODULE, phase, rule.n_pre, 1, made.offsets_there, made.targets, *common)
    return made


def _entered(
    phase: str, n_pre: int, elements: int, before: tuple[Any, ...], common: tuple[Any, ...], workshop: Workshop
) -> DeviceStructure:
    """Draw synapses twice that many threads enter into each row: their numbers, then the targets, then sort these."""
    counted = workshop.device.to_device(np.zeros(n_pre, dtype=np.int64))
    workshop.run(_MODULE, phase, elements, *before, 0, counted, workshop.device.empty(0, np.uint32), *common)
    made = _with_room(workshop, _offsets(workshop.device.read(counted, 0, n_pre)))
    heads = workshop.device.to_device(made.offsets[:-1])
    workshop.run(_MODULE, phase, elements, *before, 1, heads, made.targets, *common)
    workshop.run(_MODULE, "sort_rows", n_pre, made.offsets_there, made.targets)
    return made


def _rows(
    rule: FixedOutDegree | FixedTotalNumber, counts: NDArray[np.int64], workshop: Workshop, draw: DrawKey
) -> DeviceStructure:
    """Fill rows of known lengths and sort them."""
    skip = int(not rule.autapses)
    made = _with_room(workshop, _offsets(counts))
    longest = int(counts.max(initial=0))
    workers, listed, scratch = _scratch(workshop, rule.n_pre, longest, rule.n_post - skip, rule.multapses)
    workshop.run(
        _MODULE, "draw_rows", workers, workers, made.offsets_there, made.targets, rule.n_post, skip,
        int(rule.multapses), listed, scratch, *draw,
    )  # fmt: skip
    workshop.run(_MODULE, "sort_rows", rule.n_pre, made.offsets_there, made.targets)
    return made


def _scratch(workshop: Workshop, owners: int, wanted: int, choices: int, multiple: bool) -> tuple[int, int, Any]:
    """Give how many threads may draw subsets, whether these are lists, and memory for the subsets of all threads."""
    words = -(-choices // 32)
    listed = wanted * wanted <= 2 * words
    each = 0 if multiple else wanted if listed else words
    workers = owners if each == 0 else max(1, min(owners, _SCRATCH_WORDS // each))
    return workers, int(listed), workshop.device.empty(workers * each, np.uint32)
