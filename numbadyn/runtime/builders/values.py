"""Weights and delays of synapses that exist already.

In: a recipe and the structure.  Out: arrays in canonical order, the delays piece by piece.  Must not know: rules and
units.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, ShapeError
from numbadyn.model.init import Constant, Distribution, Initialiser, OfPairs, Values
from numbadyn.model.init_base import Floats
from numbadyn.runtime.builders.cpu.compiled import structure_kernels, value_kernels
from numbadyn.runtime.builders.structure import DrawKey, Structure

__all__ = ["given", "per_synapse", "pieces"]

_PIECE = 1 << 18


def per_synapse(recipe: Initialiser, structure: Structure, draw: DrawKey, real: np.dtype[np.floating]) -> Floats:
    """Give all values of a recipe.

    Parameters
    ----------
    recipe : Initialiser
        What to fill in; arrays have one entry for each synapse in the order of the rule, or one for each pair.
    structure : Structure
        The synapses.
    draw : DrawKey
        Seed and stream of these values.
    real : dtype
        float64 or float32.

    Returns
    -------
    ndarray of `real`, shape (n_synapses,) or (1,)
        In the stored order; one element if all are the same.
    """
    if isinstance(recipe, Constant):
        return np.array([recipe.value], dtype=real)
    values = np.empty(structure.targets.size, dtype=real)
    for start, piece in pieces(recipe, structure, draw, real):
        values[start : start + piece.size] = piece
    return values


def pieces(
    recipe: Initialiser, structure: Structure, draw: DrawKey, real: np.dtype[np.floating]
) -> Iterator[tuple[int, Floats]]:
    """Give the values of a recipe piece by piece, so that no second array of all of them is needed.

    Parameters
    ----------
    recipe, structure, draw, real
        See `per_synapse`.

    Yields
    ------
    start : int
        Number of the first synapse of the piece, in the stored order.
    values : ndarray of `real`
        The piece; the array is used again for the next one.
    """
    size = structure.targets.size
    if isinstance(recipe, Distribution):
        yield from _drawn(recipe, size, draw, real)
        return
    if isinstance(recipe, OfPairs):
        yield from _of_pairs(recipe, structure, real)
        return
    stored = np.ascontiguousarray(given(recipe, size, draw, real))
    buffer = np.empty(min(size, _PIECE), dtype=real)
    for start in range(0, size, _PIECE):
        stop = min(start + _PIECE, size)
        if stored.ndim == 2:
            piece = buffer[: stop - start]
            row = int(np.searchsorted(structure.offsets, start, side="right")) - 1
            structure_kernels().look_up_pairs(piece, stored, structure.offsets, structure.targets, start, row)
        elif structure.order is None:
            piece = stored[start:stop]
        else:
            piece = stored[structure.order[start:stop]]
        yield start, piece


def given(recipe: Initialiser, size: int, draw: DrawKey, real: np.dtype[np.floating]) -> Floats:
    """Give the array behind a recipe that is not drawn in compiled code.

    Parameters
    ----------
    recipe : Initialiser
        Values, or what only `Initialiser.sample` can tell.
    size : int
        Number of synapses.
    draw, real
        See `per_synapse`.

    Returns
    -------
    ndarray of `real`, shape (size,) or (n_pre, n_post)
        One for each synapse in the order of the rule, or one for each pair.
    """
    if isinstance(recipe, Values):
        return recipe.values.astype(real, copy=False)
    seed = int(draw.key0) | int(draw.key1) << 32
    sampled = np.asarray(recipe.sample(size, seed=seed, stream=int(draw.stream), bits=8 * real.itemsize))
    if sampled.shape != (size,):
        raise ShapeError(
            f"{recipe!r} gave the shape {sampled.shape} for {size} synapses.",
            where="weight or delay",
            cure=f"Return the shape ({size},).",
            recipe=recipe,
            size=size,
        )
    if not np.isfinite(sampled).all():
        raise InvalidParameterError(
            f"{recipe!r} gave a value that is NaN or infinite for a synapse.",
            where="weight or delay",
            cure="Return finite values.",
            recipe=recipe,
        )
    return sampled


def _of_pairs(recipe: OfPairs, structure: Structure, real: np.dtype[np.floating]) -> Iterator[tuple[int, Floats]]:
    """Ask a function of the user for the values of some synapses after the others, so that memory stays bounded."""
    size = structure.targets.size
    for start in range(0, size, _PIECE):
        number = np.arange(start, min(start + _PIECE, size))
        pre = np.searchsorted(structure.offsets, number, side="right") - 1
        yield start, recipe.values(pre, structure.targets[number].astype(np.int64)).astype(real)


def _drawn(recipe: Distribution, size: int, draw: DrawKey, real: np.dtype[np.floating]) -> Iterator[tuple[int, Floats]]:
    """Draw in compiled code; numbered as stored, so the order in which a user lists edges does not matter."""
    bits = 8 * real.itemsize
    fill = getattr(value_kernels(bits), f"fill_{recipe.kind}")
    coefficients: NDArray[np.floating] = recipe.coefficients(bits)
    buffer = np.empty(min(size, _PIECE), dtype=real)
    for start in range(0, size, _PIECE):
        piece = buffer[: min(size - start, _PIECE)]
        fill(piece, start, coefficients, *draw)
        yield start, piece
