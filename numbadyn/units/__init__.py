"""Units at the border: dimension algebra in one coherent system, and the only door to `quantities`.

In: values with units.  Out: plain numbers with a `Dimension`, and back.  Must not know: anything above it.
"""

from numbadyn.units.aliases import QuantityLike, SizeLike
from numbadyn.units.conversion import Magnitude, describe, is_quantity, join, magnitude_in, split, unit_of
from numbadyn.units.dimension import (
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
from numbadyn.units.eager import STEP, UnitArray, alike, join_eager
from numbadyn.units.information import as_memory, bytes_of, memory_text
from numbadyn.units.stand_in import StandsForQuantity, scale_of

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
    "as_memory",
    "bytes_of",
    "describe",
    "is_quantity",
    "join",
    "join_eager",
    "magnitude_in",
    "memory_text",
    "scale_of",
    "split",
    "unit_of",
]
