"""Which elements a read of the past takes, and which delay belongs to each: the forms of `time_and_index`.

In: the shape of the delays, indices, the shape of the value.  Out: flat element numbers.  Must not know: traces, time.

The rule is NumPy's for ``history[steps, *indices]``, where history has an axis of time in front of the value's own: a
vector of delays without indices reads the whole value at each delay (outer); with an array of indices, both are
broadcast together and element i is read at its own delay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ShapeError

__all__ = ["Form", "check_indices", "form_of"]


@dataclass(frozen=True, slots=True)
class Form:
    """Shape and content of a read.

    Parameters
    ----------
    shape : tuple of int
        Shape of the result.
    elements : ndarray or None
        Flat number of the element that each element of the result comes from; None for the value as it is.
    which : ndarray or None
        Flat number of the delay that belongs to each element of the result; None for one delay for all.
    """

    shape: tuple[int, ...]
    elements: NDArray[np.int64] | None
    which: NDArray[np.int64] | None

    def spread(self, delays: NDArray[Any]) -> NDArray[Any]:
        """Delays, one for each element of the result."""
        return delays if self.which is None else np.ravel(delays)[self.which]


def check_indices(parts: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    """Indices behind the delay, after checking that they are constant and whole."""
    checked: list[Any] = []
    for part in parts:
        if isinstance(part, slice) or part is Ellipsis:
            checked.append(part)
            continue
        array = np.asarray(part)
        if array.dtype.kind not in "iub" or (array.dtype.kind == "b" and array.ndim == 0) or array.size == 0:
            raise ShapeError(
                f"{part!r} is no index.",
                where=where,
                cure="Give integers, slices or arrays of integers or Booleans that choose at least one element.",
                part=part,
            )
        checked.append(array if array.ndim else int(array))
    return tuple(checked)


def form_of(delays: tuple[int, ...], indices: tuple[Any, ...], shape: tuple[int, ...], where: str) -> Form:
    """Work out a read.

    Parameters
    ----------
    delays : tuple of int
        Shape of the delays; ``()`` for one.
    indices : tuple
        From `check_indices`.
    shape : tuple of int
        Shape of the value.
    where : str
        Place for messages.

    Raises
    ------
    ShapeError
        An index is outside of the value, or delays and indices do not fit together.

    Examples
    --------
    >>> form_of((2,), (), (3,), "x").shape, form_of((3,), (np.arange(3),), (3,), "x").shape
    ((2, 3), (3,))
    """
    if not delays and not indices:
        return Form(shape, None, None)
    elements = np.arange(math.prod(shape)).reshape(shape)
    try:
        if not delays:
            chosen = np.asarray(elements[indices])
            return Form(chosen.shape, chosen, None)
        count = math.prod(delays)
        place = (np.arange(count).reshape(delays), *indices)
        history = (count, *shape)  # broadcast views of this shape take no memory
        which = np.broadcast_to(np.arange(count).reshape(count, *(1 for _ in shape)), history)[place]
        chosen = np.broadcast_to(elements, history)[place]
    except (IndexError, ValueError) as error:
        raise ShapeError(
            f"Delays of shape {delays} with the indices {indices!r} do not fit a value of shape {shape}: {error}.",
            where=where,
            cure="Indices count from 0 to the size of the population; one delay for each neuron is "
            "`delays, np.arange(n)`, every delay for all neurons is `delays` alone.",
            delays=delays,
            indices=indices,
            shape=shape,
        ) from None
    return Form(chosen.shape, np.ascontiguousarray(chosen), np.ascontiguousarray(which))
