"""What a network is made of, in plain words: its parameters with units, its connections, its delays.

In: a network and its step.  Out: references that are cheap to take before each run, and plain data made of them when
somebody looks.  Must not know: results, targets.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from numbadyn.ir.nodes import Step
from numbadyn.model.containers import find_in
from numbadyn.model.given import GivenSpikes
from numbadyn.model.given_values import Plain
from numbadyn.model.hooked import HookedModule
from numbadyn.model.init import Constant, Initialiser, Values
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.timed_array import TimedArray
from numbadyn.model.values import Parameter, State
from numbadyn.projections.connectivity import Connectivity
from numbadyn.simulator.plain import library_class
from numbadyn.tracing.stored import is_mapped
from numbadyn.tracing.traced import Traced
from numbadyn.units import is_quantity, split

__all__ = ["Described", "Taken", "describe_value"]

_OWN = frozenset(vars(HookedModule()))
_SHOWN = 64
"""Elements of an array that are listed; of a larger one there is a summary."""

_COPIED = 1024
"""Elements of an array that are copied before a run, in case that it is changed in place later."""

_SCALARS = (bool, int, float, str, type(None), np.generic)


class Taken(NamedTuple):
    """What a network held at some moment.

    Parameters
    ----------
    parameters : list of pairs
        Full name and value of each parameter, and of plain attributes beside them.
    connections : list of pairs
        Name of each projection, and the arguments of its rule with the delay.
    """

    parameters: list[tuple[str, Any]]
    connections: list[tuple[str, dict[str, Any]]]


class Described:
    """What to say of a network, found once.

    Parameters
    ----------
    network : Module
        The network.
    step : Step
        Its step.
    """

    def __init__(self, network: Module, step: Step) -> None:
        self._slots = [slot for module in walk(network) for slot in _slots(module)]
        self._connections = list(step.connections)

    def take(self, given: Mapping[int, Connectivity]) -> Taken:
        """What parameters and rules of connection hold now: cheap, since nothing is looked at.

        Parameters
        ----------
        given : mapping
            Number of a connection -> its rule with the weights that were set for a trial.
        """
        parameters = [(path, _held(own[name])) for path, own, name in self._slots if name in own]
        connections = []
        for number, connection in enumerate(self._connections):
            rule, delivery = given.get(number, connection.rule), getattr(connection.owner, "_delivery", None)
            parts = {"rule": type(rule).__name__, **vars(rule), "delay": getattr(delivery, "delay", None)}
            if connection.dendritic:
                parts["dendritic_delay"] = getattr(delivery, "dendrites", None)
            connections.append((connection.name, {name: _held(part) for name, part in parts.items()}))
        return Taken(parameters, connections)


def _slots(module: Module) -> list[tuple[str, Mapping[str, Any], str]]:
    """Attributes of a module that say what it is: name, where it is found, and under which name."""
    own, found = vars(module), list[tuple[str, Mapping[str, Any], str]]()
    library = library_class(type(module))
    for name, value in own.items():
        if isinstance(value, Parameter | TimedArray | GivenSpikes | Initialiser):
            found.append((f"{module.path}.{name}", own, name))
        elif isinstance(value, State | Module):
            continue
        elif not name.startswith("_") and name not in _OWN and _plain(value):
            found.append((f"{module.path}.{name}", own, name))
        elif not library or not name.startswith("_"):
            inner = {place: part for place, part, _depth in find_in(value, Parameter)}
            found += [(f"{module.path}.{name}{place}", inner, place) for place in inner]
    size = getattr(module, "varshape", ())
    if "in_size" not in own and size:
        found.append((f"{module.path}.size", {"size": size}, "size"))
    return found


def _plain(value: Any) -> bool:
    """Whether it is a number, a text, an array, or a short list of these."""
    if isinstance(value, list | tuple):
        return 0 < len(value) <= _SHOWN and all(isinstance(part, _SCALARS) or is_quantity(part) for part in value)
    if type(value) is Traced:  # kept by an update that was traced, and no value of the model
        return False
    return value is not None and (isinstance(value, (*_SCALARS, np.ndarray)) or is_quantity(value))


def _held(value: Any) -> Any:
    """What is kept of a value: what may change later is copied, if it is small."""
    if isinstance(value, Parameter):
        value = value.content()
        value = value.content() if isinstance(value, Parameter) else value
    if isinstance(value, np.ndarray):
        return value.copy() if value.size <= _COPIED and not is_mapped(value) else value
    return copy.copy(value) if isinstance(value, TimedArray | GivenSpikes | list) else value


def describe_value(value: Any) -> Any:
    """Turn a value into what JSON can hold.

    Parameters
    ----------
    value : object
        A number, text, quantity, array, distribution, function, table of input, or a list or dictionary of these.

    Returns
    -------
    object
        Plain numbers as they are; ``{"value": ..., "unit": ...}`` for what has a unit; a summary with a hash for an
        array of more than 64 elements; the name of anything else.

    Examples
    --------
    >>> from quantities import s
    >>> describe_value(0.02 * s), describe_value((3, 4))
    ({'value': 20.0, 'unit': 'ms'}, [3, 4])
    """
    if isinstance(value, _SCALARS):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, TimedArray):
        parts = {"dt": value.dt, "start": value.start}
        return {"kind": "TimedArray", "values": describe_value(value.values), **_each(parts)}
    if isinstance(value, GivenSpikes):
        return {"kind": "spikes", "indices": _array(value.indices, ""), "times": _array(value.times, "ms")}
    if isinstance(value, Initialiser):
        return _recipe(value)
    if isinstance(value, Mapping):
        return _each({str(name): part for name, part in value.items()})
    if isinstance(value, list | tuple) and len(value) <= _SHOWN:
        return [describe_value(part) for part in value]
    if isinstance(value, np.ndarray | list | tuple):
        try:
            magnitude, dimension = split(value)
        except Exception:  # whatever a user's class holds, a run must not fail because of it
            return _name(value)
        return _array(magnitude, "" if dimension.is_dimensionless else str(dimension))
    return _name(value)


def _each(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: describe_value(part) for name, part in parts.items()}


def _recipe(recipe: Initialiser) -> Any:
    """A distribution in the words of its `repr`, or the values that are given."""
    unit = "" if recipe.dimension.is_dimensionless else str(recipe.dimension)
    if isinstance(recipe, Constant):
        return _array(recipe.value, unit)
    if isinstance(recipe, Values | Plain):
        return _array(recipe.values if isinstance(recipe, Values) else recipe.array, unit)
    return {"value": repr(recipe), "unit": unit}


def _array(magnitude: Any, unit: str) -> Any:
    """Numbers with their unit: all of them, or a summary."""
    array = np.asarray(magnitude)
    if array.size <= _SHOWN and array.dtype.kind in "biuf":
        return {"value": array.tolist(), "unit": unit} if unit else array.tolist()
    found: dict[str, Any] = {"shape": list(array.shape), "dtype": array.dtype.name, "unit": unit}
    if is_mapped(array):
        return {**found, "file": str(getattr(array, "filename", ""))}
    if array.size and array.dtype.kind in "biuf":
        found |= {"min": array.min().item(), "max": array.max().item(), "mean": float(array.mean())}
    return {**found, "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()}


def _name(value: Any) -> str:
    """What something is called, without its place in memory."""
    own = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(own, '__module__', '')}.{own.__qualname__}"
