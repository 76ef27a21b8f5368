"""Values of a model that change while a network runs, given in place of a parameter.

In: functions of the time, rows of values, sources, references to states.  Out: the value of a step.  Must not know: who
asks.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from numbadyn.errors import HookArgumentError
from numbadyn.model import environ
from numbadyn.model.delays import OutputDelayAt, Prefetch, PrefetchDelayAt
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.timed_array import TimedArray
from numbadyn.model.timed_stream import TimedStream
from numbadyn.model.variable import resolve
from numbadyn.tracing.traced import Traced
from numbadyn.units import join_eager, split

__all__ = ["changes", "own_source", "read_source", "with_unit"]

_References = Prefetch | PrefetchDelayAt | OutputDelayAt


def changes(given: Any) -> bool:
    """Whether a value changes while the network runs, and is no parameter.

    Parameters
    ----------
    given : object
        What stands in place of a parameter.

    Returns
    -------
    bool
        True for a source or its description, rows of values, a reference to a state or an output, and a function whose
        one argument is named ``t``; a function of another argument is one of the shape, as of each parameter.

    Examples
    --------
    >>> changes(lambda t: 2 * t), changes(lambda shape: 2), changes(3.0)
    (True, False, False)
    """
    if isinstance(given, Describer | Dynamics | TimedArray | TimedStream | _References):
        return True
    if not callable(given) or isinstance(given, type):
        return False
    try:
        return list(inspect.signature(given).parameters) == ["t"]
    except (TypeError, ValueError):  # a builtin that does not tell
        return False


def own_source(given: Any, shape: tuple[int, ...], where: str) -> Any:
    """The source of a value, made if it is a description, and advanced by who asks from now on.

    Parameters
    ----------
    given : object
        What `changes` is true of.
    shape : tuple of int
        Size of what it is made for.
    where : str
        Place for messages.

    Raises
    ------
    HookArgumentError
        The source sends spikes, or is advanced by another already.
    """
    source = given.make(shape) if isinstance(given, Describer) else given
    if not isinstance(source, Dynamics):
        return source
    if source.spiking or source.driven:
        why = "sends spikes" if source.spiking else "drives another model already"
        raise HookArgumentError(
            f"{where} is given {source.path}, which {why}.",
            where=where,
            cure="Give a source of its own, such as nd.Sine(...), or a reference, source.prefetch('x').",
            source=source.path,
        )
    source.driven = True
    return source


def read_source(source: Any, shape: tuple[int, ...]) -> Any:
    """The value of this step, for each element.

    Parameters
    ----------
    source : object
        What `own_source` has given.
    shape : tuple of int
        Of the elements.
    """
    if isinstance(source, Dynamics | _References):
        value = source()
    elif isinstance(source, TimedArray | TimedStream):
        value = source(environ.get("t"))
    else:
        value = source(environ.get("t") + 0.5 * environ.get_dt())
    return value.reshape(-1)[np.zeros(shape, dtype=np.int64)] if np.shape(value) == (1,) != shape else value


def with_unit(value: Any, where: str) -> Any:
    """What a user's function gives, as a value that keeps its unit in `numpy.where`: a plain quantity would lose it.

    Parameters
    ----------
    value : number, array, quantity, Parameter or traced value
        As it was returned.
    where : str
        Place for messages.
    """
    found = resolve(value)
    return found if isinstance(found, Traced) else join_eager(*split(found, where=where))
