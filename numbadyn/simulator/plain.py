"""Plain values that a model holds: numbers, flags, texts, arrays, containers of these, wherever `update` may see them.

In: a network.  Out: a short key for each attribute, equal as long as its content is.  Must not know: which of them a
step has used.

Looked at are attributes of modules and of plain objects that they hold, attributes of users' classes, and the names
that users' methods take from around them, closures and modules.  Parameters, states and modules have ways of their own.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from numbadyn.model.hooked import HookedModule
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.values import Parameter
from numbadyn.model.variable import Variable
from numbadyn.tracing.stored import is_mapped
from numbadyn.units import is_quantity

__all__ = ["library_class", "plain_values"]

_OWN = frozenset(vars(HookedModule()))
"""Attributes that modules keep for themselves."""

_SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic)
_DEEPEST = 5
_BLOCK = 1024
_LIBRARY = __name__.partition(".")[0]

Key = tuple[int, str]


def plain_values(network: Module) -> dict[Key, Any]:
    """Keys of all plain values, by owner and attribute.

    Parameters
    ----------
    network : Module
        The network.

    Returns
    -------
    dict
        ``(identity of the owner, attribute)`` -> something that can be compared.
    """
    found: dict[Key, Any] = {}
    classes: dict[type, None] = {}
    for module in walk(network):
        own = library_class(type(module))
        for name, value in vars(module).items():
            if name in _OWN or (own and name.startswith("_")):
                continue
            if (key := _key(value, _DEEPEST, frozenset())) is not None:
                found[id(module), name] = key
        for cls in type(module).__mro__:
            if not library_class(cls) and cls is not object:
                classes[cls] = None
    for cls in classes:
        found.update(_of_class(cls))
    return found


def library_class(thing: Any) -> bool:
    """Whether a class or a function belongs to this package."""
    return (getattr(thing, "__module__", None) or "").partition(".")[0] == _LIBRARY


def _of_class(cls: type) -> Iterator[tuple[Key, Any]]:
    """Plain attributes of a class, and what its methods take from around them."""
    for name, value in vars(cls).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType):
            yield from _around(function)
        elif not name.startswith("__") and (key := _key(value, _DEEPEST, frozenset())) is not None:
            yield (id(cls), name), key


def _around(function: types.FunctionType, above: frozenset[int] = frozenset()) -> Iterator[tuple[Key, Any]]:
    """What a function takes from its module and from the functions around it, and those from theirs."""
    inside = above | {id(function)}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            key = _key(cell.cell_contents, 1, inside)
        except ValueError:  # it is not there yet
            continue
        if key is not None:
            yield (id(function), name), key
    for name in _names(function.__code__):
        key = _key(function.__globals__.get(name), 1, inside)
        if key is not None:
            yield (id(function.__globals__), name), key


def _names(code: types.CodeType) -> Iterator[str]:
    """Names that a function and those inside it look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _key(value: Any, depth: int, above: frozenset[int]) -> Any:
    """Something that is equal as long as a value is; None for what is no plain value."""
    if isinstance(value, Parameter) and depth < _DEEPEST:  # in an object of the user's: another one is a change
        return ("parameter", id(value))
    if isinstance(value, Module):
        return ("module", id(value))
    if isinstance(value, Variable) or id(value) in above:
        return None
    if isinstance(value, _SCALARS):
        return None if value is None else (type(value), repr(value))
    if isinstance(value, np.ndarray):
        return _of_array(value)
    if depth == 0 or isinstance(value, type | types.ModuleType):
        return ("object", id(value))
    inside = above | {id(value)}
    if isinstance(value, list | tuple | deque | set | frozenset):
        return _of_many(value, lambda part: _key(part, depth - 1, inside))
    if isinstance(value, Mapping):
        parts = _of_many(value.values(), lambda part: _key(part, depth - 1, inside))
        return None if parts is None else (repr(list(value)), parts)
    if isinstance(value, types.FunctionType):
        parts = tuple(_around(value, above)) if not library_class(value) else ()
        return ("function", id(value.__code__), parts)
    if library_class(type(value)) or not hasattr(value, "__dict__") or callable(value):
        return ("object", id(value))
    own = tuple((name, key) for name, part in vars(value).items() if (key := _key(part, depth - 1, inside)) is not None)
    return ("object", id(value), own)


def _of_many(values: Any, key: Callable[[Any], Any]) -> Any:
    """Keys of many values; numbers at once."""
    if all(type(value) in (int, float, bool) for value in values):
        return (
            type(values).__name__,
            len(values),
            hash(tuple(map(repr, values) if len(values) < 100 else tuple(values))),
        )
    keys = tuple(key(value) for value in values)
    return (type(values).__name__, keys) if any(part is not None for part in keys) else None


def _of_array(array: Any) -> Any:
    """Shape, dtype, unit and content; what lies in a file is known by its name."""
    unit = str(array.dimensionality) if is_quantity(array) else ""
    plain = np.asarray(array)
    if is_mapped(array) or plain.dtype.hasobject:
        return ("array", id(array))
    return ("array", plain.shape, plain.dtype.str, unit, _content(np.ascontiguousarray(plain)))


def _content(array: Any) -> Any:
    """The bytes of a small array; of a large one sums over rows and columns, which hardly any change leaves alone."""
    content = array.reshape(-1).view(np.uint8)
    if content.size <= 1 << 14:
        return content.tobytes()
    block = 8 * _BLOCK
    whole = content[: content.size // block * block].view(np.uint64).reshape(-1, _BLOCK)
    return (whole.sum(axis=0).tobytes(), whole.sum(axis=1).tobytes(), content[whole.nbytes :].tobytes())
