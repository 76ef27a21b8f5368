"""How a point of a study is run: what is the same at all points, to be sent to other processes.

In: the user's functions and options.  Out: networks and simulators of points.  Must not know: stores, executors.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numbadyn.errors import GridError, InvalidParameterError, RecordingError
from numbadyn.model.module import Module
from numbadyn.model.nearest import nearest_first
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator import Simulator
from numbadyn.study.grid import Point
from numbadyn.study.measures import arity
from numbadyn.study.pace import MOST
from numbadyn.study.paths import assign, find_module

__all__ = ["Recipe", "check_record", "points_together", "takes"]


@dataclass(frozen=True)
class Recipe:
    """What is the same at all points.

    Parameters
    ----------
    build : callable or Module
        Gives the network of a point, or is it.
    arguments : tuple of str
        Parameters that `build` takes; the others are paths of parameters of the network.
    seeded : bool
        Whether `build` takes the seed.
    measure : callable
        What is measured.
    inputs : int
        How many of result, simulator and parameters it takes.
    record : callable or tuple of str
        What is recorded.
    duration, transient : quantities.Quantity or None
        What is measured, and what runs before it.
    options : dict
        Of the simulator.
    batch : int
        How many points may run together.
    """

    build: Any
    arguments: tuple[str, ...]
    seeded: bool
    measure: Callable[..., Any]
    inputs: int
    record: Any
    duration: Any
    transient: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    batch: int = 1

    def network(self, point: Point) -> Module:
        """The network of a point, with its parameters."""
        if isinstance(self.build, Module):
            network = copy.deepcopy(self.build)
        else:
            given = {name: point.parameters[name] for name in self.arguments}
            network = self.build(**given, **({"seed": point.seed} if self.seeded else {}))
        if not isinstance(network, Module):
            raise GridError(
                f"build gives {network!r}, a {type(network).__name__}.",
                where="sweep(build)",
                cure="Let it return the network: a DynamicsGroup, a Dynamics or another Module.",
            )
        self.assign(network, point)
        return network

    def assign(self, network: Module, point: Point) -> None:
        """Give the parameters of a network that are named by their paths the values of a point."""
        for name, value in point.parameters.items():
            if name not in self.arguments:
                assign(network, name, value)

    def simulator(self, network: Module, seed: int) -> Simulator:
        """A simulator of a network, which has not run, and records nothing yet."""
        return Simulator(network, seed=seed, **self.options)

    def start_recording(self, simulator: Simulator) -> None:
        """Record what is asked for."""
        if callable(self.record):
            self.record(simulator)
            return
        for text in self.record:
            path, _dot, variable = text.rpartition(".")
            module = find_module(simulator.network, path)
            if variable == "spikes":
                simulator.record(module, spikes=True)
            else:
                simulator.record(module, variable)


def takes(build: Any, names: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Which parameters a function that builds a network takes, and whether it takes the seed.

    Raises
    ------
    GridError
        It needs others, or is no function.
    GridError
        A parameter is neither an argument of it nor a path.
    """
    if isinstance(build, Module):
        return (), False
    if not callable(build):
        raise GridError(
            f"build is {build!r}.",
            where="sweep(build)",
            cure="Give a function that returns a network, the class of one, or a network.",
        )
    parameters = inspect.signature(build).parameters
    positional = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [name for name, one in parameters.items() if one.kind in positional]
    anything = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    arguments = tuple(name for name in names if name in known or (anything and "." not in name))
    missing = [
        name
        for name in known
        if parameters[name].default is inspect.Parameter.empty and name not in names and name != "seed"
    ]
    if missing:
        raise GridError(
            f"build needs {missing[0]!r}, which the grid does not name.",
            where="sweep(grid)",
            cure=f"Add it to the grid, {{{missing[0]!r}: [...]}}, or give it a default.",
            missing=tuple(missing),
        )
    for name in names:
        if name not in arguments and "." not in name:
            raise GridError(
                f"The grid names {name!r}, which is no argument of build and no path.",
                where="sweep(grid)",
                cure=f"build takes: {', '.join(nearest_first(name, known)) or 'nothing'}; a parameter of the network "
                "is named by its path, such as 'E.tau'.",
                name=name,
            )
    return arguments, "seed" in known


def check_record(record: Any) -> Any:
    """What is recorded, after checking how it is said."""
    if record is None:
        return ()
    if isinstance(record, str):
        record = (record,)
    if callable(record):
        if arity(record) == 1:
            return record
    elif isinstance(record, list | tuple) and all(isinstance(text, str) and text for text in record):
        return tuple(record)
    raise RecordingError(
        f"record is {record!r}.",
        where="sweep(record=...)",
        cure="Give paths such as ['E.spikes', 'E.V'], or a function of the simulator that calls sim.record.",
    )


def points_together(batch: Any, inputs: int, options: Mapping[str, Any]) -> int:
    """How many points may run together: 1 where each needs a simulator of its own."""
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 1):
        raise InvalidParameterError(
            f"batch is {batch!r}.",
            where="sweep(batch=...)",
            cure="Give how many points may run together, 1 for each alone; or leave it out.",
            batch=batch,
        )
    target = options.get("target", "cpu")
    able = target in tuple(TARGETS) and TARGETS[target].batches
    return (batch or MOST) if inputs == 1 and able else 1
