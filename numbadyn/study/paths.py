"""Parameters and modules of a network by their paths.

In: a network or its simulator, a path such as ``"E.tau"``.  Out: what it names, with another value, or an error that
lists what looks most like it.  Must not know: how points are run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from numbadyn.errors import DimensionError, GridError, RecordingError, StructureError, UnknownPathError
from numbadyn.model.module import Module
from numbadyn.model.nearest import nearest_first
from numbadyn.model.values import Parameter
from numbadyn.projections.connectivity import Connectivity
from numbadyn.simulator import Simulator
from numbadyn.simulator.named_places import find_place
from numbadyn.simulator.places import Place

__all__ = ["assign", "check_place", "find_module", "is_assigned", "vary"]

_SHOWN = 5
_DEEPEST = 6


def assign(network: Module, path: str, value: Any) -> bool:
    """Give a parameter, or the weights of a rule of connection, a value; False where the path names something else.

    Raises
    ------
    DimensionError, InvalidParameterError, ShapeError
        It cannot have this value.
    """
    owner, name = _owner(network, path)
    last = None if owner is None else getattr(owner, name, None)
    if isinstance(last, Parameter):
        last.value = value
    elif isinstance(owner, Connectivity) and name == "weight":
        owner.weight = value
    else:
        return False
    return True


def is_assigned(network: Module, path: str) -> bool:
    """Whether a path names what `assign` can give a value."""
    owner, name = _owner(network, path)
    of_rule = isinstance(owner, Connectivity) and name == "weight"
    return of_rule or (owner is not None and isinstance(getattr(owner, name, None), Parameter))


def _owner(network: Module, path: str) -> tuple[Any, str]:
    """Whose attribute a path names, and the attribute."""
    found: Any = network
    *owners, name = path.split(".")
    for owner in owners:
        found = vars(found).get(owner) if hasattr(found, "__dict__") else None
    return found, name


def check_place(simulator: Simulator, path: str, values: Iterable[Any]) -> None:
    """Refuse a path that names nothing which may differ, and values of the wrong unit.

    Raises
    ------
    UnknownPathError, GridError, DimensionError
        There is one.
    """
    place = _place(simulator, path)
    for value in values:
        try:
            place.replaced(simulator.context.bound(place.own), value)
        except DimensionError:
            raise
        except ValueError:  # a value that it cannot have is the mistake of its point
            continue


def vary(simulator: Simulator, path: str, value: Any) -> None:
    """Let a simulator that has not run have something else than its network: delays, first values, input."""
    place = _place(simulator, path)
    simulator._vary(place, [place.replaced(simulator.context.bound(place.own), value)])


def _place(simulator: Simulator, path: str) -> Place:
    """What a path names; errors speak of the grid."""
    try:
        return find_place(simulator, path, varied=True)
    except StructureError as error:
        raise GridError(
            f"The grid names {path!r}, which is part of the structure of the network.",
            where="sweep(grid)",
            cure="Let it be an argument of build, which makes a network of each structure: build(n).",
            path=path,
        ) from error
    except UnknownPathError as error:
        raise UnknownPathError(
            f"The grid names {path!r}, which is nothing in the network that can have another value.",
            where="sweep(grid)",
            cure=error.cure,
            path=path,
        ) from error


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


def _modules(network: Module, before: str = "", depth: int = 0) -> Iterator[tuple[str, Module]]:
    """Modules that are attributes of a network or of a part of it, with their paths."""
    for name, value in vars(network).items():
        if isinstance(value, Module) and not name.startswith("_") and depth < _DEEPEST:
            path = f"{before}.{name}".lstrip(".")
            yield path, value
            yield from _modules(value, path, depth + 1)
