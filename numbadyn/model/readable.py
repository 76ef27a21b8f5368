"""Plain arrays on attributes of modules take traced indices in brackets, while a step is traced.

In: a network.  Out: a context in which its arrays are views of themselves that can be read at computed places.  Must
not know: traces, states.

NumPy asks a traced index for its number and not for the element, so that an array itself takes none.  For as long as a
step is traced, an array that `update` finds on a module, in a container there or on the module's class is therefore a
`Table` of the same memory.  Arrays from around a method, of closures and Python modules, are not touched.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from numbadyn.model.hooked import HookedModule
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.table import table_of

__all__ = ["readable_arrays"]

_OWN = frozenset(vars(HookedModule()))
"""Attributes that modules keep for themselves."""

_LIBRARY = __name__.partition(".")[0]
_NUMBERS = (bool, int, float, complex, str, type(None))
_ABSENT = object()


@contextmanager
def readable_arrays(network: Module) -> Iterator[None]:
    """Let arrays on the modules of a network be indexed by traced whole numbers inside of the block.

    Parameters
    ----------
    network : Module
        The network; its attributes are the same objects again afterwards, but for those that were assigned meanwhile.

    Examples
    --------
    >>> module = Module()
    >>> module.rows = [np.arange(3), 5]
    >>> with readable_arrays(module):
    ...     print(type(module.rows[0]).__name__)
    Table
    >>> type(module.rows[0]).__name__
    'ndarray'
    """
    views = _Views()
    try:
        for module in list(walk(network)):
            views.on(module)
        yield
    finally:
        views.undo()


def _users(cls: type) -> bool:
    return cls is not object and (getattr(cls, "__module__", None) or "").partition(".")[0] != _LIBRARY


class _Views:
    """What stands in the place of what, and how that is undone."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Any]] = {}
        self._undo: list[tuple[Any, Any, Any, Any]] = []

    def on(self, module: Module) -> None:
        """Change the attributes of a module, and shadow those of its class."""
        own = vars(module)
        for name in [name for name in own if name not in _OWN and (_users(type(module)) or not name.startswith("_"))]:
            self._change(own, name, own[name])
        for cls in filter(_users, type(module).__mro__):
            for name, value in vars(cls).items():
                if name not in own and not name.startswith("__") and (new := self._of(value)) is not value:
                    self._put(own, name, _ABSENT, new)

    def undo(self) -> None:
        """Put everything back that still stands where it was put."""
        for holder, key, old, new in reversed(self._undo):
            try:
                if holder[key] is not new:
                    continue
            except LookupError:  # taken out meanwhile
                continue
            if old is _ABSENT:
                del holder[key]
            else:
                holder[key] = old

    def _put(self, holder: Any, key: Any, old: Any, new: Any) -> None:
        self._undo.append((holder, key, old, new))
        holder[key] = new

    def _change(self, holder: Any, key: Any, value: Any) -> None:
        new = self._of(value)
        if new is not value:
            self._put(holder, key, value, new)

    def _of(self, value: Any) -> Any:
        """What stands in the place of a value; lists, dictionaries and the like are changed inside."""
        if type(value) in _NUMBERS:
            return value
        if id(value) not in self._made:
            self._made[id(value)] = (value, value)  # a container that holds itself is looked into once
            self._made[id(value)] = (value, self._new(value))
        return self._made[id(value)][1]

    def _new(self, value: Any) -> Any:
        cls = type(value)
        if issubclass(cls, np.ndarray):
            return table_of(value)
        if issubclass(cls, tuple):
            parts = [self._of(part) for part in value]
            if all(new is old for new, old in zip(parts, value, strict=True)):
                return value
            return cls._make(parts) if hasattr(cls, "_make") else tuple(parts)
        holder: Any = value
        if cls is SimpleNamespace or (dataclasses.is_dataclass(cls) and _users(cls) and hasattr(value, "__dict__")):
            holder = vars(value)
        elif not issubclass(cls, list | dict):
            return value
        pairs = enumerate(holder) if issubclass(cls, list) else holder.items()
        for key, part in [(key, part) for key, part in pairs if type(part) not in _NUMBERS]:
            self._change(holder, key, part)
        return value
