"""Parts of a model that are made of its arguments: their errors speak of the arguments, by the names that users gave.

In: a part's class, values, names.  Out: the part, or an error.  Must not know: models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from numbadyn.errors import NumbadynError

__all__ = ["made_of"]

_Part = TypeVar("_Part")


def made_of(owner: str, names: Mapping[str, str], make: Callable[..., _Part], *args: Any, **kwargs: Any) -> _Part:
    """Make a part of a model.

    Parameters
    ----------
    owner : str
        Name or class of the model.
    names : mapping of str to str
        Attribute of the part -> argument of the model, where they differ.
    make : callable
        The class of the part.
    *args, **kwargs
        What it is given.

    Raises
    ------
    NumbadynError
        That of the part, where it is about one of its attributes with the names of the model.

    Examples
    --------
    >>> from quantities import ms, pA
    >>> from numbadyn.zoo.spike_triggered import SpikeCurrents
    >>> made_of("Cell", {"tau0": "tau_w"}, SpikeCurrents, tau=-1 * ms, jump=1 * pA)
    Traceback (most recent call last):
    ...
    numbadyn.errors.values.InvalidParameterError: Cell.tau_w is -1.0 ms, negative, but it must be larger than zero.
      where: Cell.tau_w
      cure: Give values larger than zero.
    """
    try:
        return make(*args, **kwargs)
    except NumbadynError as error:
        inner = error.where or ""
        place, _dot, attribute = inner.rpartition(".")
        if place != getattr(make, "__name__", ""):
            raise
        outer = f"{owner}.{names.get(attribute, attribute)}"
        cure = None if error.cure is None else error.cure.replace(inner, outer)
        raise type(error)(error.what.replace(inner, outer), where=outer, cure=cure, **error.values) from None
