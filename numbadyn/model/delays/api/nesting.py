"""Nested tuples, lists and dictionaries of values, as `Delay` keeps them, and what their leaves look like.

In: nested examples and values.  Out: leaves by name, templates.  Must not know: memory, time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from numbadyn.errors import ShapeError
from numbadyn.ir.kinds import kind_of
from numbadyn.model.variable import Variable
from numbadyn.tracing.trace import ANY, Template, current_trace
from numbadyn.units import split

__all__ = ["leaves", "rebuild", "template_of"]


def leaves(target: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Names and leaves of nested tuples, lists and dictionaries."""
    if isinstance(target, dict):
        for key, part in target.items():
            yield from leaves(part, f"{name}[{key!r}]")
    elif isinstance(target, list | tuple):
        for number, part in enumerate(target):
            yield from leaves(part, f"{name}[{number}]")
    else:
        yield name, target


def rebuild(target: Any, values: Iterator[Any]) -> Any:
    """The same nesting with other leaves."""
    if isinstance(target, dict):
        return {key: rebuild(part, values) for key, part in target.items()}
    if isinstance(target, list | tuple):
        return type(target)([rebuild(part, values) for part in target])
    return next(values)


def template_of(leaf: Any, where: str) -> Template:
    """What values look like, from an example: anything with a shape and a dtype, a quantity, a state or a parameter."""
    if isinstance(leaf, Variable):
        given = leaf.value if current_trace() is None else None
        leaf = given if given is not None else leaf
    shape, dtype = getattr(leaf, "shape", None), getattr(leaf, "dtype", None)
    if shape is None or dtype is None:
        leaf = np.asarray(leaf)
        shape, dtype = leaf.shape, leaf.dtype
    if np.dtype(dtype).kind not in "biuf":
        raise ShapeError(
            f"The target of {where} is {leaf!r}.",
            where=where,
            cure="Give an example of a value: an array, a quantity, or something with a shape and a dtype.",
            leaf=leaf,
        )
    dimension = split(leaf)[1] if isinstance(leaf, np.ndarray) else ANY
    return Template(tuple(shape), kind_of(np.dtype(dtype)), ANY if dimension.is_dimensionless else dimension)
