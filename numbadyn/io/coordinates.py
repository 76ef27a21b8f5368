"""Coordinates of a batch: what its replicas were bound to, and which of them have given values.

In: names with an entry for each replica, values that are looked for.  Out: numbers of replicas.  Must not know: what
was recorded, simulators.

Coordinates are an ordered mapping from a name, ``"seed"`` first, then paths such as ``"E.tau"``, to an array with an
entry for each replica: a quantity where there is a unit, numbers, or texts where a value is no single number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import CoordinateError, NoBatchError
from numbadyn.model.nearest import nearest_first
from numbadyn.model.synonyms import known_as
from numbadyn.units import describe, is_quantity, magnitude_in, split

__all__ = ["Coordinates", "at", "chosen", "replica_numbers", "shown", "text_of"]

Coordinates = dict[str, Any]

_CLOSE = 1e-9
"""Relative difference up to which a number is the one that is looked for: decimal fractions are computed."""


def at(coords: Coordinates, numbers: Any) -> Coordinates:
    """Coordinates of some replicas, or of one, whose entries then are single values.

    Parameters
    ----------
    coords : dict
        Those of a batch.
    numbers : int or array of int
        Which replicas.

    Examples
    --------
    >>> from quantities import ms
    >>> at({"seed": np.array([3, 4]), "E.tau": [10, 20] * ms}, 1)
    {'seed': np.int64(4), 'E.tau': array(20.) * ms}
    """
    return {name: values[numbers] for name, values in coords.items()}


def shown(coords: Coordinates) -> str:
    """Names of what varies, for a line of text."""
    return ", ".join(coords)


def replica_numbers(batch: int | None, numbers: Any) -> NDArray[np.int64]:
    """Numbers of replicas, counted from the first one, after checking that there are such.

    Parameters
    ----------
    batch : int or None
        How many there are.
    numbers : sequence of int
        Which ones; negative numbers count from the last one.

    Raises
    ------
    NoBatchError, CoordinateError
        There is no batch, or no such replica.
    """
    if batch is None:
        raise NoBatchError(
            "A replica is chosen from a result that has no batch.",
            where="result.replica",
            cure="Results have replicas where the simulator has a batch: nd.Simulator(net, dt, batch=...).",
        )
    found = np.atleast_1d(np.asarray(numbers))
    whole = found.dtype.kind in "iu" and found.ndim == 1
    wrong = [number for number in found.reshape(-1).tolist() if not whole or not -batch <= number < batch]
    if wrong or not found.size:
        raise CoordinateError(
            f"There is no replica {wrong[0]!r} in a batch of {batch}." if wrong else "No replica is named.",
            where="result.replica",
            cure=f"Give numbers from 0 to {batch - 1}; result.sel(seed=...) finds replicas by what they were bound to.",
            numbers=numbers,
        )
    return np.where(found < 0, found + batch, found).astype(np.int64)


def chosen(coords: Coordinates, wanted: Mapping[str, Any]) -> NDArray[np.int64]:
    """Numbers of the replicas that have the values that are looked for.

    Parameters
    ----------
    coords : dict
        Those of a batch.
    wanted : mapping
        Name of a coordinate, or its last part where no other has it -> one value, or several of which any will do.

    Raises
    ------
    CoordinateError
        There is no such coordinate, or no replica with these values.
    DimensionError
        A value in another unit.

    Examples
    --------
    >>> from quantities import ms, s
    >>> chosen({"seed": np.array([3, 4, 5]), "E.tau": [10, 20, 20] * ms}, {"tau": 0.02 * s})
    array([1, 2])
    """
    if not coords:
        raise NoBatchError(
            "Replicas are selected from a result that has no batch.",
            where="result.sel",
            cure="Results have coordinates where the simulator has a batch: nd.Simulator(net, dt, batch=...).",
        )
    found = np.ones(len(next(iter(coords.values()))), bool)
    for given, value in wanted.items():
        name = _name(coords, given)
        same = _same(coords[name], value, name)
        if not (found & same).any():
            _refuse(coords[name], value, name, alone=not same.any())
        found &= same
    return np.flatnonzero(found)


def _name(coords: Coordinates, given: str) -> str:
    """The coordinate that is meant."""
    if known_as(given, coords) in coords:
        return known_as(given, coords)
    last = known_as(given, {name.rpartition(".")[2] for name in coords})
    ends = [name for name in coords if name.endswith(f".{last}")]
    if len(ends) == 1:
        return ends[0]
    known = ends or nearest_first(str(given), coords)
    raise CoordinateError(
        f"{given!r} is the end of {len(ends)} coordinates." if ends else f"There is no coordinate {given!r}.",
        where="result.sel",
        cure=f"There are: {', '.join(map(repr, known))}; a name with points goes into a dict: "
        f"result.sel({{{known[0]!r}: ...}}).",
        name=given,
    )


def _same(values: Any, wanted: Any, name: str) -> NDArray[np.bool_]:
    """Which entries are the value, or one of the values, that is looked for."""
    plain = np.asarray(values.magnitude if is_quantity(values) else values)
    if plain.dtype == object:
        texts = [wanted] if np.ndim(wanted) == 0 or isinstance(wanted, str) else list(wanted)
        return np.isin(plain.astype(str), [each if isinstance(each, str) else text_of(each) for each in texts])
    if plain.dtype.kind == "u":  # seeds, which may be larger than any number with a unit
        return np.isin(plain, np.asarray(wanted, dtype=object).reshape(-1).tolist())
    mine, dimension = split(values)
    other = np.atleast_1d(magnitude_in(wanted, dimension, what=f"The value of {name}", where="result.sel")).reshape(-1)
    mine = np.asarray(mine)
    if mine.dtype.kind in "iub" and other.dtype.kind in "iub":
        return np.isin(mine, other)
    return np.asarray(np.isclose(mine[:, None], other[None, :], rtol=_CLOSE, atol=0.0).any(axis=1))


def _refuse(values: Any, wanted: Any, name: str, *, alone: bool) -> None:
    value = describe(wanted) if is_quantity(wanted) else repr(wanted)
    there = np.unique(np.asarray(values).astype(str))
    unit = f" {values.dimensionality.string}" if is_quantity(values) else ""
    texts = [*there[:8], "..."] if there.size > 8 else list(there)
    raise CoordinateError(
        f"No replica has {name} = {value}" + ("." if alone else " and the other values that are asked for."),
        where="result.sel",
        cure=f"The values of {name} are {', '.join(texts)}{unit}.",
        name=name,
        value=wanted,
    )


def text_of(value: Any) -> str:
    """What stands in the coordinates for a value that is no single number."""
    if np.size(value) != 1 and (is_quantity(value) or isinstance(value, np.ndarray)):
        return f"array of shape {np.shape(value)}"
    return describe(value) if is_quantity(value) else repr(value)
