"""Values of a table as text that can be read without running code, and back.

In: numbers, truth values, texts, arrays, with or without units.  Out: what JSON has, exact to the last bit, and the
values again.  Must not know: what the values mean.

Numbers that a reader without this module understands are written as such: ``12.5``, ``{"value": 12.5, "unit": "Hz"}``.
Arrays are the bytes of their elements in base64, little-endian, in C order. Distributions are their names and numbers.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from fractions import Fraction
from typing import Any

import numpy as np

from numbadyn.model.init import Distribution, LogNormal, Normal, Uniform
from numbadyn.units import Dimension, is_quantity, join
from numbadyn.units.reading import with_readable_unit, with_unit

__all__ = ["UntabledValueError", "decode", "dump", "encode", "split_cell"]

_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_KINDS = "biuf"
_DRAWN: dict[str, type[Distribution]] = {kind.__name__: kind for kind in (LogNormal, Normal, Uniform)}


class UntabledValueError(Exception):
    """A value that cannot be written; the caller says where it comes from."""


def encode(value: Any) -> Any:
    """A value as what JSON has.

    Raises
    ------
    UntabledValueError
        It is an object of another kind.

    Examples
    --------
    >>> from quantities import Hz
    >>> encode(12.5 * Hz)
    {'value': 12.5, 'unit': 'Hz'}
    """
    if value is None or isinstance(value, str | bool | np.bool | int | np.int64):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):  # of NumPy's, too
        return float(value) if math.isfinite(value) else {"value": _special(value)}
    if is_quantity(value):
        magnitude, unit = with_readable_unit(value)
        magnitude = np.asarray(magnitude)
        if magnitude.ndim == 0 and magnitude.dtype == np.float64:
            number = float(magnitude)
            plain = {"value": number if math.isfinite(number) else _special(number)}
        else:
            plain = _array(magnitude)
        return {**plain, "unit": unit} if unit else plain
    if isinstance(value, np.generic | np.ndarray):
        return _array(np.asarray(value))
    if isinstance(value, list | tuple):
        return _array(_of_sequence(value))
    if type(value) in _DRAWN.values():
        exponents = [str(exponent) for exponent in value.dimension.exponents]
        return {"drawn": type(value).__name__, "numbers": [encode(x) for x in value.parameters], "exponents": exponents}
    raise UntabledValueError(f"a {type(value).__name__}")


def _drawn(cell: dict[str, Any]) -> Distribution:
    """The distribution of a cell."""
    dimension = Dimension(*map(Fraction, cell["exponents"]))
    return _DRAWN[cell["drawn"]](*(join(decode(number), dimension) for number in cell["numbers"]))


def _of_sequence(value: Any) -> Any:
    """An array of a list of numbers or quantities."""
    if any(is_quantity(one) for one in value):
        raise UntabledValueError("a list of quantities (an array with one unit can: np.array([...]) * mV)")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise UntabledValueError("a list of lists of different length") from error


def _special(number: float) -> str:
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"


def _array(array: Any) -> dict[str, Any]:
    """The bytes of an array, or of a single number of a kind that JSON does not tell from others."""
    if array.dtype.kind == "U":
        return {"texts": array.tolist(), "shape": list(array.shape)}
    if array.dtype.kind not in _KINDS:
        raise UntabledValueError(f"an array of {array.dtype}")
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    data = base64.b64encode(little.tobytes()).decode("ascii")
    shown = {"value": array.item()} if array.ndim == 0 and array.dtype.kind != "f" else {}
    return {**shown, "data": data, "dtype": little.dtype.str, "shape": list(array.shape)}


def split_cell(cell: Any) -> tuple[Any, str]:
    """What a cell holds, without its unit, and the text of the unit.

    Raises
    ------
    ValueError
        It was not written by `encode`.
    """
    if not isinstance(cell, dict):
        return cell, ""
    if "drawn" in cell:
        return _drawn(cell), ""
    unit = cell.get("unit", "")
    if "data" in cell:
        kind = np.dtype(cell["dtype"])
        if kind.kind not in _KINDS:
            raise ValueError(f"dtype {kind}")
        try:
            array = np.frombuffer(base64.b64decode(cell["data"], validate=True), kind).reshape(cell["shape"])
        except binascii.Error as error:
            raise ValueError(str(error)) from error
        array = array.astype(kind.newbyteorder("="))
        return (array[()] if array.ndim == 0 else array), unit
    if "texts" in cell:
        return np.asarray(cell["texts"], dtype=str).reshape(cell["shape"]), unit
    value = cell["value"]
    return (_SPECIAL[value] if isinstance(value, str) else value), unit


def decode(cell: Any) -> Any:
    """The value of a cell, with its unit; the same bits as the one that was encoded.

    Examples
    --------
    >>> decode({"value": "nan"}), decode({"value": 12.5, "unit": "Hz"})
    (nan, array(12.5) * Hz)
    """
    value, unit = split_cell(cell)
    return with_unit(value, unit)


def dump(content: Any) -> str:
    """One line of JSON, the same for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
