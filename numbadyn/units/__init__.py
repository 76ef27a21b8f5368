"""Units at the border: dimension algebra in one coherent system, and the only door to `quantities`.

In go values with units, out come plain numbers with a `Dimension`, and back. This layer must not know anything above
it.
"""

from .aliases import QuantityLike, SizeLike
from .conversion import Magnitude, describe, is_quantity, join, magnitude_in, split, unit_of
from .dimension import (
    CAPACITANCE,
    CHARGE,
    CONCENTRATION,
    CONDUCTANCE,
    CURRENT,
    DIMENSIONLESS,
    FREQUENCY,
    LENGTH,
    RESISTANCE,
    TEMPERATURE,
    TIME,
    VOLTAGE,
    Dimension,
)
from .eager import STEP, UnitArray, alike, join_eager
from .stand_in import StandsForQuantity, scale_of

__all__ = [
    "CAPACITANCE",
    "CHARGE",
    "CONCENTRATION",
    "CONDUCTANCE",
    "CURRENT",
    "DIMENSIONLESS",
    "FREQUENCY",
    "LENGTH",
    "RESISTANCE",
    "STEP",
    "TEMPERATURE",
    "TIME",
    "VOLTAGE",
    "Dimension",
    "Magnitude",
    "QuantityLike",
    "SizeLike",
    "StandsForQuantity",
    "UnitArray",
    "alike",
    "describe",
    "is_quantity",
    "join",
    "join_eager",
    "magnitude_in",
    "scale_of",
    "split",
    "unit_of",
]
