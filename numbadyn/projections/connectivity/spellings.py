"""Other spellings of arguments of connectivity, as models that come from elsewhere have them, in one place.

In: the arguments of a call by name.  Out: the same under the names of this package.  Must not know: what they mean.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from numbadyn.errors import UnknownOptionError

__all__ = ["SPELLINGS", "spelled", "standard_names"]

Given = ParamSpec("Given")
Owner = TypeVar("Owner")

SPELLINGS = {
    "include_self": "autapses",
    "allow_self": "autapses",
    "allow_autapses": "autapses",
    "allow_multi": "multapses",
    "allow_multi_conn": "multapses",
    "allow_multapses": "multapses",
}
"""Spelling elsewhere -> name here. ``include_self``, ``allow_self``, ``allow_multi`` and ``allow_multi_conn`` are those
of brainpy.state and BrainPy, ``allow_autapses`` and ``allow_multapses`` those of NEST and of projections that are named
after a rule."""


def standard_names(owner: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give arguments under the names of this package.

    Parameters
    ----------
    owner : str
        What is called, for a message.
    given : mapping
        Arguments by name.

    Returns
    -------
    dict

    Raises
    ------
    UnknownOptionError
        One argument is given in two spellings.

    Examples
    --------
    >>> standard_names("AllToAll", {"include_self": False, "weight": 2.0})
    {'autapses': False, 'weight': 2.0}
    """
    found: dict[str, Any] = {}
    spelt: dict[str, str] = {}
    for name, value in given.items():
        own = SPELLINGS.get(name, name)
        if own in spelt:
            raise UnknownOptionError(
                f"{owner} is given {spelt[own]!r} and {name!r}, which are one argument.",
                where=f"{owner}({name}=...)",
                cure=f"Give {own} alone.",
                owner=owner,
                name=name,
            )
        found[own], spelt[own] = value, name
    return found


def spelled(method: Callable[Concatenate[Owner, Given], None]) -> Callable[Concatenate[Owner, Given], None]:
    """Let an ``__init__`` take other spellings of its arguments as well."""

    @functools.wraps(method)
    def named(self: Owner, /, *args: Given.args, **kwargs: Given.kwargs) -> None:
        method(self, *args, **standard_names(type(self).__name__, kwargs))

    return named
