"""Checks of the arguments of initialisers.

In go what a user wrote; out come coherent floats of one dimension, or a named error. This module must not know what a
distribution does with them.
"""

import math
from typing import Any

import numpy as np

from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError
from numbadyn.units import Dimension, describe, join, split

__all__ = ["not_negative", "ordered", "scalars", "show"]


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
            )
        if first_dimension is None:
            first_name, first_dimension = name, dimension
        elif dimension != first_dimension:
            raise DimensionError(
                f"{name} is {describe(value)}, but {first_name} is {describe(given[first_name])}: "
                "their dimensions differ.",
                where=f"{where}({name})",
                cure=f"Give {name} in the unit of {first_name}; zero needs its unit too.",
            )
        number = float(magnitude)
        if math.isnan(number) or (finite and math.isinf(number)):
            raise InvalidParameterError(
                f"{name} is {describe(value)}.", where=f"{where}({name})", cure="Give a finite number."
            )
        magnitudes.append(number)
    assert first_dimension is not None
    return tuple(magnitudes), first_dimension


def ordered(where: str, low: float, high: float, dimension: Dimension) -> None:
    """Refuse an empty interval."""
    if high < low:
        raise InvalidParameterError(
            f"high, {show(high, dimension)}, is below low, {show(low, dimension)}.",
            where=f"{where}(low, high)",
            cure="Give the smaller value first.",
        )


def not_negative(where: str, name: str, value: float, dimension: Dimension) -> None:
    """Refuse a negative width."""
    if value < 0.0:
        raise InvalidParameterError(
            f"{name} is {show(value, dimension)}.", where=f"{where}({name})", cure="Give zero or a positive number."
        )


def show(value: float, dimension: Dimension) -> str:
    """Write a coherent number with its unit."""
    return str(join(value, dimension))
