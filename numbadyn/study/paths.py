"""Parameters and modules of a network by their paths.

In: a network, a path such as ``"E.tau"``.  Out: what it names, or an error that lists what looks most like it.  Must
not know: grids, simulators.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numbadyn.errors import GridError, RecordingError
from numbadyn.model.module import Module
from numbadyn.model.nearest import nearest_first
from numbadyn.model.values import Parameter
from numbadyn.projections.connectivity import Connectivity

__all__ = ["assign", "find_module", "parameter_paths"]

_SHOWN = 5
_DEEPEST = 6


def assign(network: Module, path: str, value: Any) -> None:
    """Give a parameter, or the weights of a rule of connection, a value.

    Raises
    ------
    GridError
        The path names none.
    DimensionError, InvalidParameterError, ShapeError
        It cannot have this value.
    """
    found: Any = network
    *owners, name = path.split(".")
    for owner in owners:
        found = vars(found).get(owner) if hasattr(found, "__dict__") else None
    last = getattr(found, name, None) if found is not None else None
    if isinstance(last, Parameter):
        last.value = value
    elif isinstance(found, Connectivity) and name == "weight":
        found.weight = value
    else:
        nearest = nearest_first(path, parameter_paths(network))[:_SHOWN]
        raise GridError(
            f"The grid names {path!r}, which is no parameter of the network.",
            where="sweep(grid)",
            cure=f"Those that look most like it: {', '.join(nearest) or 'it has none'}.",
            path=path,
        )


def find_module(network: Module, path: str) -> Module:
    """A module of a network.

    Raises
    ------
    RecordingError
        There is none.
    """
    found: Any = network
    for name in filter(None, path.split(".")):
        found = getattr(found, name, None)
    if not isinstance(found, Module):
        nearest = nearest_first(path, [name for name, _module in _modules(network)])[:_SHOWN]
        raise RecordingError(
            f"{path!r} is to be recorded, which is no module of the network.",
            where="sweep(record=...)",
            cure=f"Those that look most like it: {', '.join(nearest) or 'it has none'}.",
            path=path,
        )
    return found


def parameter_paths(network: Module) -> list[str]:
    """Paths of all parameters of a network and of all rules of connection."""
    found = []
    for path, module in [("", network), *_modules(network)]:
        for name, value in vars(module).items():
            if isinstance(value, Parameter):
                found.append(f"{path}.{name}".lstrip("."))
            elif isinstance(value, Connectivity):
                found.append(f"{path}.{name}.weight".lstrip("."))
    return found


def _modules(network: Module, before: str = "", depth: int = 0) -> Iterator[tuple[str, Module]]:
    """Modules that are attributes of a network or of a part of it, with their paths."""
    for name, value in vars(network).items():
        if isinstance(value, Module) and not name.startswith("_") and depth < _DEEPEST:
            path = f"{before}.{name}".lstrip(".")
            yield path, value
            yield from _modules(value, path, depth + 1)
