"""What stands in the containers of Python, at any depth.

In: a value, a class that is looked for.  Out: its instances, with the places where they stand.  Must not know: modules.

Looked into are lists, tuples and deques, dictionaries, sets, namespaces, instances of dataclasses and arrays of
objects, and what is derived from them. The order does not depend on when something was put in, except where that is its
place.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import UserDict, UserList, deque
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

__all__ = ["find_in", "may_hold"]

Wanted = TypeVar("Wanted")

_SEQUENCES = (list, tuple, deque, UserList)
_DICTIONARIES = (dict, UserDict)
_SETS = (set, frozenset)


def find_in(value: Any, wanted: type[Wanted]) -> Iterator[tuple[str, Wanted, int]]:
    """Instances of a class in a value, in the order of their places.

    Parameters
    ----------
    value : object
        An instance itself, or a container.
    wanted : type
        What is looked for; an instance is not looked into.

    Yields
    ------
    str, object, int
        Its place as Python writes it, ``['E'][0].x``, empty for the value itself; the instance; how deep it stands.

    Examples
    --------
    >>> list(find_in({"b": [1, 2.5], "a": [3]}, int))
    [("['a'][0]", 3, 2), ("['b'][0]", 1, 2)]
    """
    if issubclass(type(value), wanted):  # never isinstance: variables pass for quantities there
        yield "", value, 0
        return
    if not _is_container(type(value)):  # type: ignore[arg-type]
        return
    ways: list[Iterator[tuple[str, Any]]] = [iter([("", value)])]
    seen: set[int] = set()
    while ways:
        step = next(ways[-1], None)
        if step is None:
            ways.pop()
            continue
        place, element = step
        if issubclass(type(element), wanted):
            yield place, element, len(ways) - 1
        elif id(element) not in seen and _is_container(type(element)):  # type: ignore[arg-type]
            seen.add(id(element))
            ways.append(iter([(place + inner, part) for inner, part in _elements(element, wanted)]))


@functools.lru_cache(maxsize=1024)
def may_hold(kind: type, wanted: type) -> bool:
    """Whether a value of a class can be, or can hold, what is wanted."""
    return issubclass(kind, wanted) or _is_container(kind)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=1024)
def _is_container(kind: type) -> bool:
    return issubclass(kind, (*_SEQUENCES, *_DICTIONARIES, *_SETS, SimpleNamespace)) or _holds_objects(kind)


def _holds_objects(kind: type) -> bool:
    return issubclass(kind, np.ndarray) or hasattr(kind, "__dataclass_fields__")


def _elements(container: Any, wanted: type) -> Iterable[tuple[str, Any]]:
    """Places and elements of a container, as far as something can be in them."""
    kind = type(container)
    if issubclass(kind, _SEQUENCES):
        return _index(container, wanted)
    if issubclass(kind, _DICTIONARIES):
        if not _worth(container.values(), wanted):
            return []
        return sorted(((f"[{key!r}]", part) for key, part in container.items()), key=lambda pair: pair[0])
    if issubclass(kind, _SETS):
        return _index(sorted(container, key=_in_sets), wanted) if _worth(container, wanted) else []
    if issubclass(kind, np.ndarray):
        return _index(container.ravel().tolist(), wanted) if container.dtype == object else []
    own = {name: part for name in dir_of(container) if (part := getattr(container, name, None)) is not None}
    return [(f".{name}", own[name]) for name in sorted(own)]


def dir_of(holder: Any) -> set[str]:
    """Names of what a namespace or an instance of a dataclass holds."""
    fields = dataclasses.fields(holder) if dataclasses.is_dataclass(holder) else ()
    return {field.name for field in fields} | set(getattr(holder, "__dict__", {}))


def _index(elements: Any, wanted: type) -> Iterable[tuple[str, Any]]:
    return ((f"[{index}]", part) for index, part in enumerate(elements)) if _worth(elements, wanted) else ()


def _worth(elements: Iterable[Any], wanted: type) -> bool:
    """Whether any of the elements can be or hold what is wanted: long lists of numbers are done with at once."""
    return any(may_hold(kind, wanted) for kind in set(map(type, elements)))


def _in_sets(element: Any) -> tuple[str, str]:
    """Place of an element of a set, which has none of its own: by its name, else by its class."""
    return str(getattr(element, "name", None) or ""), type(element).__name__
