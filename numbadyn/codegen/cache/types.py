"""Types of results, as words that need no trust to be read.

In: a type of Numba.  Out: a name, or a list of such, for JSON; and back.  Must not know: kernels, files.

Types of the kinds that generated functions return are numbers, None and tuples of them; a function that returns
something else is compiled anew in each process.
"""

from __future__ import annotations

from typing import Any

__all__ = ["argument_of", "named", "named_argument", "type_of"]


def named(kind: Any, types: Any) -> Any:
    """Name a type.

    Parameters
    ----------
    kind : numba type
        A type.
    types : module
        Where Numba, or its CUDA target, keeps its types.

    Returns
    -------
    str or list or None
        None if the type has no such name.
    """
    if isinstance(kind, types.BaseTuple) and hasattr(kind, "types"):
        parts = [named(part, types) for part in kind.types]
        return None if None in parts or types.Tuple(kind.types) != kind else parts
    name = {"bool": "boolean"}.get(str(kind), str(kind))
    return name if getattr(types, name, None) == kind else None


def type_of(name: Any, types: Any) -> Any:
    """The type of a name; an error if there is none.

    Parameters
    ----------
    name : str or list
        What `named` gave.
    types : module
        As there.

    Returns
    -------
    numba type
    """
    if isinstance(name, list):
        return types.Tuple(tuple(type_of(part, types) for part in name))
    found = getattr(types, name)
    if not isinstance(found, types.Type):
        raise TypeError(f"{name} is no type")
    return found


def named_argument(kind: Any, types: Any) -> Any:
    """Name the type of an argument, which may be an array in one piece.

    Parameters
    ----------
    kind, types
        See `named`.

    Returns
    -------
    str or dict
    """
    if isinstance(kind, types.Array):
        return {"array": named(kind.dtype, types), "dimensions": kind.ndim}
    return named(kind, types)


def argument_of(name: Any, types: Any) -> Any:
    """The type of an argument of a name; an error if there is none.

    Parameters
    ----------
    name : str or dict
        What `named_argument` gave.
    types : module
        See `named`.

    Returns
    -------
    numba type
    """
    if isinstance(name, dict):
        return types.Array(type_of(name["array"], types), name["dimensions"], "C")
    return type_of(name, types)
