"""Values made of arrays, numbers, texts, lists, tuples and dictionaries, as plain values and arrays by name.

In: such values.  Out: something that JSON can hold, with the arrays apart; and the values again.  Must not know: files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["pack", "unpack"]

_PLAIN = (bool, int, float, str, type(None))


def pack(value: Any, arrays: dict[str, NDArray[Any]], name: str) -> Any:
    """Take a value apart.

    Parameters
    ----------
    value : object
        Of the types above.
    arrays : dict
        Arrays are added to it, under names that begin with `name`.
    name : str
        Of this value.

    Raises
    ------
    TypeError
        It holds something else.

    Examples
    --------
    >>> arrays = {}
    >>> plain = pack({"n": 3, "parts": [(np.arange(2), 1.5)]}, arrays, "it")
    >>> unpack(plain, arrays)
    {'n': 3, 'parts': [(array([0, 1]), 1.5)]}
    """
    if type(value) in _PLAIN:
        return {"value": value}
    if isinstance(value, np.ndarray | np.generic) and not np.asarray(value).dtype.hasobject:
        arrays[name] = np.array(value)  # a copy, since its owner may go on
        return {"number" if isinstance(value, np.generic) else "array": name}
    if type(value) in (list, tuple):
        parts = [pack(part, arrays, f"{name}/{number}") for number, part in enumerate(value)]
        return {type(value).__name__: parts}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": {key: pack(part, arrays, f"{name}/{key}") for key, part in value.items()}}
    raise TypeError(f"{name} is a {type(value).__name__}")


def unpack(plain: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Put a value together again."""
    ((kind, content),) = plain.items()
    if kind in ("array", "number"):
        return np.array(arrays[content]) if kind == "array" else arrays[content][()]
    if kind == "dict":
        return {key: unpack(part, arrays) for key, part in content.items()}
    if kind == "list":
        return [unpack(part, arrays) for part in content]
    return tuple(unpack(part, arrays) for part in content) if kind == "tuple" else content
