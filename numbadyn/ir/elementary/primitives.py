"""NumPy meaning of the primitives in which the elementary functions are written.

In: arrays or NumPy scalars.  Out: the same operation that the compiled targets perform with one instruction, element by
element, with the same bits.  Must not know: the functions that use it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

__all__ = ["NUMPY_PRIMITIVES"]


def _convert(dtype: type[np.generic]) -> Any:
    """Make a conversion to `dtype` that wraps like a processor instead of raising."""

    @functools.cache
    def literal(value: int) -> Any:
        made = np.asarray(value).astype(dtype)
        made.flags.writeable = False
        return made

    def convert(value: Any) -> Any:
        return literal(value) if type(value) is int else np.asarray(value).astype(dtype, copy=False)

    return convert


def _bits_of(value: Any) -> Any:
    """Reinterpret floats as signed integers of the same width."""
    value = np.asarray(value)
    return value.view(np.int64 if value.dtype == np.float64 else np.int32)


def _f64_from_bits(bits: Any) -> Any:
    """Reinterpret 64-bit integers as float64."""
    return np.asarray(bits).astype(np.int64, copy=False).view(np.float64)


def _f32_from_bits(bits: Any) -> Any:
    """Reinterpret the low 32 bits of integers as float32."""
    return np.asarray(bits).astype(np.int32, copy=False).view(np.float32)


NUMPY_PRIMITIVES: dict[str, Any] = {
    "bits_of": _bits_of,
    "f64_from_bits": _f64_from_bits,
    "f32_from_bits": _f32_from_bits,
    "select": np.where,
    "square_root": np.sqrt,
    "floor": np.floor,
    "f64": _convert(np.float64),
    "f32": _convert(np.float32),
    "i32": _convert(np.int32),
    "i64": _convert(np.int64),
    "u32": _convert(np.uint32),
    "u64": _convert(np.uint64),
}
