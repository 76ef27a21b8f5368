"""Describers: a class with arguments, to be made later and shared by structure.

In: a class and its arguments.  Out: an instance when a size is known, and a key that is equal for equal content.  Must
not know: who shares what.
"""

from __future__ import annotations

import hashlib
import inspect
from typing import Any

import numpy as np

from numbadyn.errors import FixedAttributeError, HookArgumentError
from numbadyn.model.init import Initialiser
from numbadyn.model.naming import check_initialised
from numbadyn.units import is_quantity, split

__all__ = ["Describer", "content_key"]

_FILLED_IN = ("in_size", "size")
"""First parameters that are filled in when the size is known."""


def content_key(value: Any, *, lasting: bool = False) -> Any:
    """A hashable key of a value's content: arrays by their bytes, quantities in the coherent unit system.

    Functions and other objects are told apart, unless the key is to be the same in the next process.

    Examples
    --------
    >>> from quantities import ms, s
    >>> content_key(5 * ms) == content_key(0.005 * s)
    True
    """
    if isinstance(value, Initialiser):
        return ("initialiser", repr(value) if lasting else (type(value).__name__, value.key()))
    if is_quantity(value) or isinstance(value, np.ndarray | int | float | np.number):
        magnitude, dimension = split(value)
        array = np.asarray(magnitude)
        array = array.astype(np.float64) if array.dtype.kind in "iuf" else array
        return (
            "array",
            array.shape,
            array.dtype.str,
            hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest(),
            dimension,
        )
    if isinstance(value, list | tuple):
        return (type(value).__name__, tuple(content_key(part, lasting=lasting) for part in value))
    if isinstance(value, dict):
        return ("dict", tuple((key, content_key(part, lasting=lasting)) for key, part in value.items()))
    if isinstance(value, Describer):
        return value.words if lasting else value.key
    if value is None or isinstance(value, str | bytes):
        return value
    return ("object", type(value).__name__ if lasting else id(value))


class Describer:
    """A class and its arguments.

    Parameters
    ----------
    cls : type
        The class to make.
    args, kwargs
        Its arguments, without the size for classes that have one.

    Raises
    ------
    HookArgumentError
        An argument that the class does not have, or one that it needs and does not get.
    """

    def __init__(self, cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.cls, self.args, self.kwargs = cls, args, dict(kwargs)
        self._check_arguments()

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("cls", "args", "kwargs") or name in vars(self):
            raise FixedAttributeError(
                f"{name!r} is assigned to {self!r}, which is used already or has no such argument.",
                where=f"{self.cls.__name__}.desc(...)",
                cure=f"Describe it anew, {self.cls.__name__}.desc({name}=...), before a projection is made with it; "
                f"between runs change the parameter of the synapse that was made.",
                name=name,
            )
        super().__setattr__(name, value)

    def _check_arguments(self) -> None:
        parameters = inspect.signature(self.cls).parameters
        if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters.values()):
            return
        where, names = f"{self.cls.__name__}.desc(...)", [name for name in parameters if name not in _FILLED_IN]
        unknown = [name for name in self.kwargs if name not in parameters]
        if unknown:
            raise HookArgumentError(
                f"{self.cls.__name__} has no argument {unknown[0]!r}.",
                where=where,
                cure=f"It has: {', '.join(names)}.",
                cls=self.cls.__name__,
                unknown=unknown[0],
            )
        given = {*names[: len(self.args)], *self.kwargs}
        missing = [name for name in names if name not in given and parameters[name].default is parameters[name].empty]
        if missing:
            raise HookArgumentError(
                f"{self.cls.__name__} needs the argument {missing[0]!r}.",
                where=where,
                cure="Give it; a size is filled in by itself where the argument is called in_size.",
                cls=self.cls.__name__,
                missing=missing[0],
            )

    @property
    def key(self) -> Any:
        """Equal for describers of one class with equal content, in whatever units it is written."""
        return (self.cls, self._content(lasting=False))

    @property
    def words(self) -> str:
        """The same as text that lasts: equal in each process, but for two functions as arguments."""
        return repr((self.cls.__name__, self._content(lasting=True)))

    def _content(self, *, lasting: bool) -> tuple[tuple[str, str], ...]:
        names = [name for name in inspect.signature(self.cls).parameters if name not in _FILLED_IN]
        defaults = {
            name: p.default for name, p in inspect.signature(self.cls).parameters.items() if p.default is not p.empty
        }
        bound = defaults | dict(zip(names, self.args, strict=False)) | self.kwargs
        return tuple(sorted((name, repr(content_key(value, lasting=lasting))) for name, value in bound.items()))

    identifier = key

    def make(self, size: tuple[int, ...]) -> Any:
        """The instance; `in_size` is filled in where the class takes one and it was not given."""
        names = list(inspect.signature(self.cls).parameters)
        sized = names and names[0] in _FILLED_IN and names[0] not in self.kwargs
        made = self.cls(*((size,) if sized else ()), *self.args, **self.kwargs)
        check_initialised(made)
        return made

    def __repr__(self) -> str:
        inner = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        return f"{self.cls.__name__}.desc({', '.join(inner)})"
