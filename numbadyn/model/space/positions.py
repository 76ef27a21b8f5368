"""Positions of neurons: on a grid, or drawn.

In: a geometry, lengths, a seed.  Out: one row for each neuron, with a unit.  Must not know: who has these positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.model.geometry import as_size
from numbadyn.units import Dimension, describe, join, split

__all__ = ["as_positions", "grid", "positions_of", "uniform"]

_STREAM = 0x53504143


def grid(size: Any, *, spacing: Any = None, extent: Any = None, centre: Any = None) -> Any:
    """Positions on a regular grid, one for each neuron of a population of this geometry.

    Parameters
    ----------
    size : int or tuple of int
        Geometry of the population: the numbers of neurons along each axis, from one axis to three.
    spacing : Quantity or float, or one for each axis, optional
        Distance between neighbours.
    extent : Quantity or float, or one for each axis, optional
        Length that the neurons of an axis share, instead of `spacing`: they stand in the middle of equal parts, so that
        a space that repeats itself after `extent` (``period=extent``) has no seam.
    centre : Quantity or array, shape (axes,), optional
        Centre of the grid. By default the first part begins at zero.

    Returns
    -------
    Quantity or ndarray, shape (num, axes)
        Rows in C order, the order of flat indices.

    Raises
    ------
    SizeError
        `size` is none.
    InvalidParameterError
        Both or none of `spacing` and `extent` are given, or a length is not positive.
    ShapeError, DimensionError
        Lengths do not fit the axes, or have different units.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mm, um
    >>> nd.space.grid((2, 2), spacing=10 * um)
    array([[ 5.,  5.],
           [ 5., 15.],
           [15.,  5.],
           [15., 15.]]) * um
    >>> nd.space.grid(4, extent=1 * mm).ravel()
    array([125., 375., 625., 875.]) * um
    """
    shape, place = as_size(size, "space.grid(size)"), "space.grid"
    if (spacing is None) == (extent is None):
        raise InvalidParameterError(
            f"spacing is {describe(spacing)} and extent is {describe(extent)}.",
            where=place,
            cure="Give one of them: the distance between neighbours, or the length of the whole.",
        )
    lengths, dimension = _lengths(
        "spacing" if extent is None else "extent", spacing if extent is None else extent, len(shape), place
    )
    step = lengths if extent is None else lengths / np.array(shape)
    index = np.indices(shape).reshape(len(shape), -1).T
    places = (index + 0.5) * step
    if centre is not None:
        middle, other = _lengths("centre", centre, len(shape), place, positive=False)
        _need_one_unit(dimension, other, place)
        places += middle - 0.5 * step * np.array(shape)
    return join(places, dimension)


def uniform(num: Any, *, extent: Any, seed: int = 0, centre: Any = None) -> Any:
    """Positions drawn at random, evenly in a box.

    Parameters
    ----------
    num : int or tuple of int
        Number of neurons, or geometry of the population.
    extent : Quantity or float, or one for each axis
        Lengths of the edges of the box; as many as space has axes, one to three.
    seed : int
        Seed; the same seed gives the same positions everywhere.
    centre : Quantity or array, shape (axes,), optional
        Centre of the box. By default it begins at zero.

    Returns
    -------
    Quantity or ndarray, shape (num, axes)

    Raises
    ------
    SizeError
        `num` is no size.
    InvalidParameterError, ShapeError, DimensionError
        A length is not positive, or lengths do not fit.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mm
    >>> places = nd.space.uniform(1000, extent=[1, 2] * mm, seed=3)
    >>> places.shape, places.max(axis=0).round(-1)
    ((1000, 2), array([1000., 2000.]) * um)
    """
    place = "space.uniform"
    count = int(np.prod(as_size(num, "space.uniform(num)")))
    lengths, dimension = _lengths("extent", extent, int(np.size(split(extent, where=place)[0])), place)
    element = np.arange(count, dtype=np.uint32)
    key = np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32 & 0xFFFFFFFF)
    drawn = [
        numpy_functions(64)["uniform"](*key, element, np.uint32(axis), np.uint32(0), np.uint32(_STREAM))
        for axis in range(lengths.size)
    ]
    places = np.stack(drawn, axis=1) * lengths
    if centre is not None:
        middle, other = _lengths("centre", centre, lengths.size, place, positive=False)
        _need_one_unit(dimension, other, place)
        places += middle - 0.5 * lengths
    return join(places, dimension)


def as_positions(given: Any, where: str) -> tuple[NDArray[np.float64], Dimension]:
    """Positions as an array of two axes, with their dimension.

    Raises
    ------
    ShapeError
        They are no rows of numbers.
    InvalidParameterError
        One is not finite.
    """
    magnitude, dimension = split(given, where=where)
    places = np.array(magnitude, dtype=np.float64)
    if places.ndim == 1:
        places = places.reshape(-1, 1)
    if places.ndim != 2 or places.size == 0:
        raise ShapeError(
            f"Positions have the shape {np.shape(magnitude)}.",
            where=where,
            cure="Give one row for each neuron, shape (n,) or (n, axes).",
            shape=np.shape(magnitude),
        )
    if not np.isfinite(places).all():
        raise InvalidParameterError("A position is NaN or infinite.", where=where, cure="Give finite positions.")
    return places, dimension


def positions_of(given: Any, where: str) -> tuple[NDArray[np.float64], Dimension]:
    """Positions that were given as such, or as whose they are; see `as_positions`.

    Raises
    ------
    InvalidParameterError
        A population has none.
    """
    if not hasattr(type(given), "positions"):
        return as_positions(given, where)
    if given.positions is None:
        raise InvalidParameterError(
            f"{given.path} has no positions.",
            where=where,
            cure="Give it some first, such as E.positions = nd.space.grid(E.varshape, spacing=50 * um).",
            path=given.path,
        )
    return as_positions(given.positions, where)


def _lengths(
    name: str, given: Any, axes: int, place: str, positive: bool = True
) -> tuple[NDArray[np.float64], Dimension]:
    """One number for each axis, with their dimension."""
    magnitude, dimension = split(given, where=f"{place}({name})")
    lengths = np.array(magnitude, dtype=np.float64)
    if axes > 3 or lengths.shape not in ((), (axes,)):
        raise ShapeError(
            f"{name} has the shape {lengths.shape}, for {axes} axes.",
            where=f"{place}({name})",
            cure="Give one length, or one for each of up to three axes.",
            shape=lengths.shape,
            axes=axes,
        )
    if not np.isfinite(lengths).all() or (positive and not (lengths > 0).all()):
        raise InvalidParameterError(
            f"{name} is {describe(given)}.",
            where=f"{place}({name})",
            cure="Give positive lengths." if positive else "Give finite lengths.",
            name=name,
        )
    return np.broadcast_to(lengths, (axes,)), dimension


def _need_one_unit(one: Dimension, other: Dimension, place: str) -> None:
    if one != other:
        raise DimensionError(
            f"The centre is in {other}, but lengths are in {one}.",
            where=f"{place}(centre)",
            cure="Give both in a unit of length.",
            expected=one,
            given=other,
        )
