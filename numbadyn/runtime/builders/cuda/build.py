"""Builders on a device: from a rule of connection to the table of its synapses in the memory of a GPU.

In: a device and what `numbadyn.runtime.builders.build` takes.  Out: a `DeviceTable` with the same bits.  Must not know:
units or how spikes are delivered.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.model.delays.times.rule import LONGEST, check_delays, delay_steps
from numbadyn.model.init import Constant, Distribution, Initialiser, OfPairs, Values
from numbadyn.projections.connectivity import Connectivity, Places, SynapseTable, as_delay
from numbadyn.projections.connectivity.delays import steps
from numbadyn.runtime.builders import CONNECTIVITY_STREAM, build
from numbadyn.runtime.builders.cuda.compiled import Workshop
from numbadyn.runtime.builders.cuda.structure import DeviceStructure, structure_on_device
from numbadyn.runtime.builders.cuda.table import DeviceTable, copied
from numbadyn.runtime.builders.delays import OneAxis, Steps, axonal, computed, is_axonal
from numbadyn.runtime.builders.structure import DrawKey
from numbadyn.runtime.builders.values import given, per_synapse
from numbadyn.runtime.cuda.device import Device

__all__ = ["DeviceTable", "build_on_device"]

_PIECE = 1 << 24
"""Delays drawn at a time before they become steps."""

_MOVED = 1 << 26
"""Synapses of the rows that are sorted at a time, if no row is longer."""

_WORKERS = 1 << 16
"""Threads that each keep the longest delay they have met."""


def build_on_device(
    device: Device,
    rule: Connectivity,
    *,
    delay: Any = None,
    dt: float,
    rounding: str = "up",
    seed: int,
    stream: int = CONNECTIVITY_STREAM,
    real: Any = np.float64,
    places: Places | None = None,
) -> DeviceTable:
    """Make the synapses of a projection in the memory of a device.

    Parameters
    ----------
    device : Device
        The GPU.
    rule, delay, dt, rounding, seed, stream, real, places
        See `numbadyn.runtime.builders.build`.

    Returns
    -------
    DeviceTable
        Bit for bit the table that `numbadyn.runtime.builders.build` makes.

    Raises
    ------
    ConnectivityError, DelayError
        If an array of weights or delays does not fit the synapses, whose number only chance decided.

    Notes
    -----
    On the device: `AllToAll`, `OneToOne`, `FixedProb`, `PairwisePoisson`, `SymmetricPairwiseBernoulli`,
    `FixedInDegree`, `FixedOutDegree` and `FixedTotalNumber`. Of the last without multiple synapses, how many synapses
    each row gets is drawn on the host, in compiled code; the rows are drawn on the device. Weights and delays of these
    rules are drawn on the device if they come from a distribution; arrays are copied; what only a function of the user
    can tell is made on the host and copied.

    On the host, then copied as a whole: `Edges` and `Matrix`, rules that are not of this package, and synapses between
    parts of populations.

    Beside the table, memory on the device is needed for a delay of 4 bytes for each synapse, where delays differ
    between the synapses of a neuron, and for buffers of about 1 GB (less for small tables, more
    only if a single row has more than 67 million synapses), while the table is made.
    """
    recipe, precision = as_delay(delay), np.dtype(real)
    draw, workshop = DrawKey.of(seed, stream), Workshop(device)
    structure = structure_on_device(rule, workshop, draw) if places is None else None
    if structure is None:
        made = build(rule, delay=delay, dt=dt, rounding=rounding, seed=seed, stream=stream, real=real, places=places)
        return copied(device, made, shares_weight=rule.uniform_weight)
    rule.check_weight_shape(structure.n_synapses)
    weights = _weights(rule.weight, structure, rule.n_post, workshop, draw.shifted(1), precision)
    shared = float(precision.type(rule.weight.value)) if isinstance(rule.weight, Constant) else None
    table = _Delays(workshop, structure, weights, shared, rule, dt, rounding, draw.shifted(2)).table(recipe)
    device.synchronize()  # what the kernels used besides the table is let go now
    return table


def _weights(
    recipe: Initialiser, structure: DeviceStructure, n_post: int, workshop: Workshop, draw: DrawKey, real: np.dtype[Any]
) -> Any:
    """Weights on the device, one for each synapse, or one if all are the same."""
    number = structure.n_synapses
    if isinstance(recipe, Constant):
        return workshop.device.to_device(np.array([recipe.value], dtype=real))
    bits = 8 * real.itemsize
    if isinstance(recipe, Distribution):
        weights, coefficients = (
            workshop.device.empty(number, real),
            workshop.device.to_device(recipe.coefficients(bits)),
        )
        workshop.run(("values", bits), f"draw_{recipe.kind}", number, weights, 0, number, coefficients, *draw)
        return weights
    if isinstance(recipe, OfPairs):
        return workshop.device.to_device(per_synapse(recipe, structure.on_host(workshop.device), draw, real))
    stored = given(recipe, number, draw, real)
    if stored.ndim == 1:
        return workshop.device.to_device(stored)
    weights, pairs = workshop.device.empty(number, real), workshop.device.to_device(stored.reshape(-1))
    workshop.run(
        ("values", bits), "look_up_pairs", stored.shape[0] if number else 0,
        weights, pairs, structure.offsets_there, structure.targets, n_post,
    )  # fmt: skip
    return weights


class _Delays:
    """Finishes a table: puts its rows in the order of their delays, as `numbadyn.runtime.builders.delays` does."""

    def __init__(
        self,
        workshop: Workshop,
        structure: DeviceStructure,
        weights: Any,
        shared: float | None,
        rule: Connectivity,
        dt: float,
        rounding: str,
        draw: DrawKey,
    ) -> None:
        self.workshop, self.device = workshop, workshop.device
        self.structure, self.weights, self.shared = structure, weights, shared
        self.rule, self.dt, self.rounding, self.draw = rule, dt, rounding, draw

    def table(self, recipe: Initialiser | None) -> DeviceTable:
        """The finished table."""
        if recipe is None:
            return self._finished(np.zeros(1, dtype=np.int32))
        if isinstance(recipe, Constant):
            return self._finished(steps(np.array([recipe.value]), self.dt, self.rounding))
        # what an array with one axis means; rules that list their synapses are not built here
        one_axis: OneAxis = "neurons" if self.rule.n_synapses is None else "either"
        plain = self.structure.without_targets()
        if not isinstance(recipe, Values | Distribution):  # a function of the user is called once, whatever it gives
            ends = self.structure.on_host(self.device) if isinstance(recipe, OfPairs) else plain
            times = per_synapse(recipe, ends, self.draw, np.dtype(np.float64))
            return self._per_synapse(computed(times, recipe, self.dt, self.rounding))
        if isinstance(recipe, Values) and is_axonal(recipe.values, plain, self.rule.n_post, one_axis):
            rows = axonal(plain, np.ones(1), steps(recipe.values.ravel(), self.dt, self.rounding), self.rule.n_post)
            return self._finished(rows.delays, self.device.to_device(rows.offsets))
        return self._per_synapse(recipe)

    def _finished(self, delays: NDArray[np.int32], offsets: Any = None, order: Any = None) -> DeviceTable:
        return DeviceTable(
            self.rule.n_pre,
            self.rule.n_post,
            self.structure.n_synapses,
            delays,
            self.structure.offsets_there if offsets is None else offsets,
            self.structure.targets,
            self.weights,
            self.shared,
            order or _canonical,
        )

    def _per_synapse(self, recipe: Values | Distribution) -> DeviceTable:
        """Sort every row by delay, in place."""
        number = self.structure.n_synapses
        if number == 0:
            return self._finished(np.zeros(1, dtype=np.int32))
        there, longest = self._steps(recipe)
        seen_there = self.device.to_device(np.zeros(longest + 1, dtype=np.uint8))
        self.workshop.run(("values", 64), "mark_delays", number, there, number, seen_there)
        seen = self.device.read(seen_there, 0, longest + 1) != 0
        delays = np.flatnonzero(seen).astype(np.int32)
        if delays.size == 1:
            return self._finished(delays)
        offsets = self._sorted(there, (np.cumsum(seen) - 1).astype(np.int32), int(delays.size))
        order = None
        if self.rule.may_repeat:
            order = partial(_order, Steps(recipe, self.structure.without_targets(), self.draw, self.dt, self.rounding))
        return self._finished(delays, offsets, order)

    def _steps(self, recipe: Values | Distribution) -> tuple[Any, int]:
        """Delays of all synapses in steps on the device, and the longest of them."""
        number, workshop = self.structure.n_synapses, self.workshop
        if isinstance(recipe, Values) and recipe.values.ndim == 1:
            check_delays(recipe.values, "delay")
            whole = steps(recipe.values, self.dt, self.rounding)
            return self.device.to_device(whole), int(whole.max())
        workers = min(self.rule.n_pre if isinstance(recipe, Values) else number, _WORKERS)
        there, kept = self.device.empty(number, np.int32), self.device.to_device(np.zeros(workers))
        if isinstance(recipe, Values):
            by_pair = delay_steps(recipe.values, self.dt, self.rounding)
            pairs = self.device.to_device(by_pair.astype(np.float64).reshape(-1))
            workshop.run(
                ("values", 64), "look_up_delays", workers, pairs, self.structure.offsets_there,
                self.structure.targets, self.rule.n_post, float(LONGEST), there, kept,
            )  # fmt: skip
        else:
            times = self.device.empty(min(number, _PIECE), np.float64)
            coefficients = self.device.to_device(recipe.coefficients(64))
            how = (self.dt, int(self.rounding == "nearest"), float(LONGEST))
            for start in range(0, number, _PIECE):
                count = min(number - start, _PIECE)
                common = (times, start, count)
                workshop.run(("values", 64), f"draw_{recipe.kind}", count, *common, coefficients, *self.draw)
                workshop.run(("values", 64), "round_delays", workers, *common, *how, there, kept)
        longest = float(self.device.read(kept, 0, workers).max())
        # refuses a delay that is too long, with its message
        return there, int(steps(np.array([longest * self.dt]), self.dt, "nearest")[0])

    def _sorted(self, there: Any, slot_of: NDArray[np.int32], n_delays: int) -> Any:
        """Sort rows by the slots of their delays, some rows at a time; gives the offsets of the segments."""
        rows, workshop, n_pre = self.structure.offsets, self.workshop, self.rule.n_pre
        room = min(self.structure.n_synapses, max(_MOVED, int(np.diff(rows).max())))
        moves = self.shared is None
        scratch = self.device.empty(room, np.uint32), self.device.empty(room if moves else 0, self.weights.dtype)
        offsets, slots = self.device.empty(n_pre * n_delays + 1, np.int64), self.device.to_device(slot_of)
        bits = 8 * self.weights.dtype.itemsize
        first = 0
        while first < n_pre:
            last = int(np.searchsorted(rows, rows[first] + room, side="right")) - 1
            workshop.run(
                ("values", bits), "sort_by_delay", last - first, first, last, self.structure.offsets_there, offsets,
                n_delays, slots, there, self.structure.targets, self.weights, int(moves), *scratch,
            )  # fmt: skip
            first = last
        return offsets


def _canonical(table: SynapseTable) -> None:
    """The order of a table whose order needs not be kept."""
    return


def _order(made: Steps, table: SynapseTable) -> NDArray[np.int64]:
    """Position of each stored synapse in the order of the rule, made anew on the host: nobody has to keep it."""
    if isinstance(made.recipe, Values) and made.recipe.values.ndim == 2:  # synapses of one pair have one delay
        positions = table.positions()
        return np.arange(table.n_synapses) if positions is None else positions
    keys = np.repeat(np.arange(table.n_pre) * table.n_delays, np.diff(made.structure.offsets))
    for start, piece in made.pieces():
        keys[start : start + piece.size] += np.searchsorted(table.delays, piece)
    return np.argsort(keys, kind="stable")
