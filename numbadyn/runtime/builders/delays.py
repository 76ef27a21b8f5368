"""From a structure and a recipe of delays to rows that are sorted by delay.

In: synapses in canonical order with their weights.  Out: the finished table.  Must not know: rules and units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DelayError
from numbadyn.ir.nodes import BindContext
from numbadyn.model.delays.times.rule import LONGEST, check_delays, steps_in
from numbadyn.model.init import Constant, Distribution, Initialiser, Values
from numbadyn.model.init_base import Floats
from numbadyn.projections.connectivity import SynapseTable
from numbadyn.projections.connectivity.delays import is_explicit, steps
from numbadyn.runtime.builders.cpu.compiled import structure_kernels
from numbadyn.runtime.builders.structure import DrawKey, Structure, longest_row
from numbadyn.runtime.builders.values import per_synapse, pieces
from numbadyn.runtime.forecast import MemoryPart, require

__all__ = ["OneAxis", "Steps", "axonal", "computed", "is_axonal", "with_delays"]

OneAxis = Literal["synapses", "neurons", "either"]

_CURE = (
    "Give one time; or one for each presynaptic neuron, shape (n_pre, 1); or one for each synapse, in the order of "
    "edges(); or one for each pair, shape (n_pre, n_post)."
)


@dataclass(frozen=True, slots=True)
class Steps:
    """The delays of all synapses in steps, as often as they are asked for.

    They are drawn in 64 bits, so that a network has one wiring in both precisions.
    """

    recipe: Initialiser
    structure: Structure
    draw: DrawKey
    dt: float
    rounding: str

    def pieces(self) -> Iterator[tuple[int, NDArray[np.int32]]]:
        """Give the first synapse and the delays of one piece after the other."""
        explicit = is_explicit(self.recipe)
        for start, times in pieces(self.recipe, self.structure, self.draw, np.dtype(np.float64)):
            if explicit:
                check_delays(times, "delay")
            yield start, steps(times if explicit else np.maximum(times, 0.0), self.dt, self.rounding)


def with_delays(
    structure: Structure,
    weights: Floats,
    recipe: Initialiser | None,
    *,
    n_post: int,
    dt: float,
    rounding: str,
    draw: DrawKey,
    keep_order: bool,
    one_axis: OneAxis,
) -> SynapseTable:
    """Finish a table.

    Parameters
    ----------
    structure : Structure
        The synapses; its arrays become part of the table and are changed.
    weights : ndarray
        One for each synapse, or one for all; changed as well.
    recipe : Initialiser or None
        Delays in ms.
    n_post : int
        Number of postsynaptic neurons.
    dt : float
        Time step in ms.
    rounding : {"up", "nearest", "exact"}
        What becomes of delays between steps.
    draw : DrawKey
        Seed and stream of the delays.
    keep_order : bool
        Whether the order of the rule cannot be found again once rows are sorted by delay.
    one_axis : {"synapses", "neurons", "either"}
        What an array with one axis stands for if there are as many synapses as presynaptic neurons: the synapses where
        the user listed them, the neurons where chance decides the number of synapses, else it must not matter.

    Returns
    -------
    SynapseTable
        The table.

    Raises
    ------
    DelayError
        If an array of delays has a shape that fits nothing, or could mean two things.
    """
    n_pre = structure.offsets.size - 1
    one = np.zeros(1, dtype=np.int32)
    if isinstance(recipe, Constant):
        one = steps(np.array([recipe.value]), dt, rounding)
    if recipe is None or isinstance(recipe, Constant):
        return SynapseTable(n_pre, n_post, one, structure.offsets, structure.targets, weights, structure.order)
    if not isinstance(recipe, Values | Distribution):  # a function of the user is called once, whatever it gives
        times = per_synapse(recipe, structure, draw, np.dtype(np.float64))
        stored = structure._replace(order=None)  # the times are in the stored order already
        made = Steps(computed(times, recipe, dt, rounding), stored, draw, dt, rounding)
        return _per_synapse(structure, weights, made, n_post, keep_order)
    if isinstance(recipe, Values) and is_axonal(recipe.values, structure, n_post, one_axis):
        return axonal(structure, weights, steps(recipe.values.ravel(), dt, rounding), n_post)
    made = Steps(recipe, structure, draw, dt, rounding)
    return _per_synapse(structure, weights, made, n_post, keep_order)


def computed(times: Floats, recipe: Initialiser, dt: float, rounding: str) -> Values:
    """Check the delays that a function of the user gave, one for each synapse.

    Parameters
    ----------
    times : ndarray of float64, shape (n_synapses,)
        Delays in ms, in the stored order.
    recipe : Initialiser
        Where they come from, for messages.
    dt, rounding
        See `with_delays`.

    Returns
    -------
    Values

    Raises
    ------
    DelayError
        One is negative; or lies between steps, where delays must be exact.
    """
    bad = np.flatnonzero(times < 0.0)
    if bad.size:
        raise DelayError(
            f"{recipe!r} gave a delay of {float(times.min()):g} ms ({bad.size} of {times.size} synapses are negative).",
            where="delay",
            cure="Give zero or positive times, with np.maximum(..., 0*ms) for example.",
            recipe=recipe,
        )
    if rounding == "exact":
        steps_in(times, BindContext(dt, 0, delays=rounding), "delay")
    return Values(times)


def is_axonal(values: Floats, structure: Structure, n_post: int, one_axis: OneAxis) -> bool:
    """Decide what an array of delays means by its shape.

    Parameters
    ----------
    values : ndarray
        The array.
    structure : Structure
        The synapses; only their number is asked for.
    n_post, one_axis
        See `with_delays`.

    Returns
    -------
    bool
        True for one delay for each presynaptic neuron, False for one for each synapse or pair.

    Raises
    ------
    DelayError
        If the shape fits nothing, or could mean two things.
    """
    n_pre, n_synapses = structure.offsets.size - 1, structure.targets.size
    shape = values.shape
    # A table of pairs with one column is the same thing, unless there are pairs without a synapse; then it does not
    # matter.
    if shape == (n_pre, 1):
        return True
    if shape == (n_pre, n_post):
        return False
    if len(shape) != 1 or shape[0] not in (n_pre, n_synapses):
        raise DelayError(
            f"An array of delays has the shape {shape}, which fits neither {n_pre} presynaptic neurons, nor "
            f"{n_synapses} synapses, nor {(n_pre, n_post)} pairs.",
            where="delay",
            cure=_CURE,
            shape=shape,
            n_pre=n_pre,
            n_synapses=n_synapses,
        )
    if n_pre != n_synapses:
        return bool(shape[0] == n_pre)
    if one_axis != "either":
        return one_axis == "neurons"
    if bool(np.all(np.diff(structure.offsets) == 1)) or bool(np.all(values == values[0])):
        return True
    raise DelayError(
        f"An array of {n_pre} delays could mean one for each of the {n_pre} presynaptic neurons, or one for each of "
        f"the {n_synapses} synapses.",
        where="delay",
        cure="Give it the shape (n_pre, 1) for presynaptic neurons, or give one for each pair, shape (n_pre, n_post).",
        n_pre=n_pre,
        n_synapses=n_synapses,
    )


def axonal(structure: Structure, weights: Floats, of_row: NDArray[np.int32], n_post: int) -> SynapseTable:
    """Put each row as a whole under its delay; nothing moves.

    Parameters
    ----------
    structure, weights, n_post
        See `with_delays`.
    of_row : ndarray of int32, shape (n_pre,)
        Steps of each row.

    Returns
    -------
    SynapseTable
    """
    delays, slots = np.unique(of_row, return_inverse=True)
    n_pre = of_row.size
    starts, ends = structure.offsets[:-1, None], structure.offsets[1:, None]
    offsets = _offsets(n_pre, delays.size)
    offsets[:-1] = np.where(np.arange(delays.size) <= slots.reshape(-1, 1), starts, ends).ravel()
    offsets[-1] = structure.targets.size
    return SynapseTable(n_pre, n_post, delays, offsets, structure.targets, weights, structure.order)


def _offsets(n_pre: int, n_delays: int) -> NDArray[np.int64]:
    """Room for one offset for each presynaptic neuron and delay; refused where it would not fit."""
    part = MemoryPart(f"{n_delays} different delays of {n_pre} presynaptic neurons", 8 * (n_pre * n_delays + 1))
    cure = "Take fewer different delays: a narrower distribution, a longer time step, or delays in coarser steps"
    require([part], what="The delays of a projection", where="delay", cure=cure)
    return np.empty(n_pre * n_delays + 1, dtype=np.int64)


def _per_synapse(
    structure: Structure,
    weights: Floats,
    made: Steps,
    n_post: int,
    keep_order: bool,
) -> SynapseTable:
    """Sort every row by delay, in place.

    The steps are made twice, once to see which occur and once to store the number of each among them, which for up to
    256 different delays is one byte for each synapse.
    """
    n_pre, size = structure.offsets.size - 1, structure.targets.size
    seen = np.zeros(1, dtype=np.bool_)
    for _, piece in made.pieces():
        longest = int(piece.max(initial=0))
        if longest >= seen.size:
            seen = np.append(seen, np.zeros(min(2 * longest, LONGEST) + 1 - seen.size, dtype=np.bool_))
        seen[piece] = True
    if size == 0:
        seen[0] = True
    delays = np.flatnonzero(seen).astype(np.int32)
    order = structure.order
    if delays.size == 1:
        return SynapseTable(n_pre, n_post, delays, structure.offsets, structure.targets, weights, order)
    slot_of = np.cumsum(seen) - 1
    slots = np.empty(size, dtype=np.min_scalar_type(delays.size - 1))
    for start, piece in made.pieces():
        slots[start : start + piece.size] = slot_of[piece]
    if order is None and keep_order:
        order = np.arange(size, dtype=np.int64)
    offsets = _offsets(n_pre, delays.size)
    moving = np.empty(0, dtype=np.int64) if order is None else order
    longest = longest_row(structure.offsets)
    structure_kernels().sort_rows_by_delay(
        structure.offsets,
        offsets,
        np.empty(delays.size + 1, dtype=np.int64),
        slots,
        structure.targets,
        weights,
        moving,
        *(np.empty(longest, dtype=array.dtype) for array in (structure.targets, weights, moving)),
    )
    return SynapseTable(n_pre, n_post, delays, offsets, structure.targets, weights, order)
