"""Checks of the arguments of initialisers.

In: what a user wrote.  Out: coherent floats of one dimension, or a named error.  Must not know: what a distribution
does with them.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, InvalidParameterError, NotEnoughMemoryError, ShapeError
from numbadyn.units import Dimension, describe, join, split

__all__ = ["check_not_nan", "check_not_negative", "check_order", "name_what_is_too_large", "scalars", "show"]


def scalars(where: str, *, finite: bool = True, **given: Any) -> tuple[tuple[float, ...], Dimension]:
    """Split scalar arguments of one dimension into their magnitudes and that dimension."""
    magnitudes: list[float] = []
    first_name, first_dimension = "", None
    for name, value in given.items():
        magnitude, dimension = split(value, where=f"{where}({name})")
        if isinstance(magnitude, np.ndarray):
            raise ShapeError(
                f"{name} has the shape {magnitude.shape}, but one number is needed.",
                where=f"{where}({name})",
                cure="Give a scalar; an array of values needs no initialiser around it.",
                name=name,
            )
        if first_dimension is None:
            first_name, first_dimension = name, dimension
        elif dimension != first_dimension:
            raise DimensionError(
                f"{name} is {describe(value)}, but {first_name} is {describe(given[first_name])}: their dimensions "
                "differ.",
                where=f"{where}({name})",
                cure=f"Give {name} in the unit of {first_name}; zero needs its unit too.",
                name=name,
                value=value,
                first_name=first_name,
            )
        number = float(magnitude)
        if math.isnan(number) or (finite and math.isinf(number)):
            raise InvalidParameterError(
                f"{name} is {describe(value)}.",
                where=f"{where}({name})",
                cure="Give a finite number.",
                name=name,
                value=value,
            )
        magnitudes.append(number)
    assert first_dimension is not None
    return tuple(magnitudes), first_dimension


def check_order(where: str, low: float, high: float, dimension: Dimension) -> None:
    """Refuse an empty interval."""
    if high < low:
        raise InvalidParameterError(
            f"high, {show(high, dimension)}, is below low, {show(low, dimension)}.",
            where=f"{where}(low, high)",
            cure="Give the smaller value first.",
            high=high,
            low=low,
        )


def check_not_negative(where: str, name: str, value: float, dimension: Dimension) -> None:
    """Refuse a negative width."""
    if value < 0.0:
        raise InvalidParameterError(
            f"{name} is {show(value, dimension)}.",
            where=f"{where}({name})",
            cure="Give zero or a positive number.",
            name=name,
        )


def show(value: float, dimension: Dimension) -> str:
    """Write a coherent number with its unit."""
    return str(join(value, dimension))


def check_not_nan(values: NDArray[Any], path: str) -> None:
    """Refuse first values of a state that are not numbers."""
    bad = np.flatnonzero(np.isnan(values)) if values.dtype.kind == "f" else np.zeros(0, np.int64)
    if bad.size:
        raise InvalidParameterError(
            f"The initial value of {path} is NaN in {bad.size} of {values.size} elements, first in element {bad[0]}.",
            where=f"{path}[{bad[0]}]",
            cure="Give numbers.",
            path=path,
            count=bad.size,
            size=values.size,
            index=bad[0],
        )


@contextmanager
def name_what_is_too_large(path: str, shape: tuple[int, ...]) -> Iterator[None]:
    """Name the state whose first values memory has no room for."""
    try:
        yield
    except MemoryError as error:
        size = math.prod(shape)
        raise NotEnoughMemoryError(
            f"The first values of {path}, {size} elements, need {size * 8 / 1e9:.2f} GB, which are not free.",
            where=path,
            cure="Take fewer neurons.",
            size=size,
        ) from error
