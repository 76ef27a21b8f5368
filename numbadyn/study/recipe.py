"""How a point of a study is run: what is the same at all points, to be sent to other processes.

In: the user's functions and options.  Out: networks and simulators of points.  Must not know: stores, executors.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numbadyn.errors import (
    GridError,
    InvalidParameterError,
    RecordingError,
    UnknownOptionError,
    UnknownPathError,
)
from numbadyn.model.module import Module
from numbadyn.model.nearest import nearest_first
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator import Simulator
from numbadyn.simulator.networks import bind_alike
from numbadyn.study.grid import Point
from numbadyn.study.measures import arity
from numbadyn.study.pace import MOST
from numbadyn.study.paths import assign, find_module, is_assigned, vary

__all__ = ["Recipe", "check_options", "check_record", "points_together", "takes"]


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
    folder : str or None
        Where points that take long leave checkpoints.
    every : quantities.Quantity or None
        Simulated time between two checkpoints of each point.
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
    folder: str | None = None
    every: Any = None

    def built(self, point: Point) -> Module:
        """The network of a point, as it is built."""
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
        return network

    def paths(self, point: Point) -> list[str]:
        """Parameters that are named by their paths."""
        return [name for name in point.parameters if name not in self.arguments]

    def network(self, point: Point) -> Module:
        """The network of a point, with all that can be assigned to it."""
        network = self.built(point)
        for name in self.paths(point):
            assign(network, name, point.parameters[name])
        return network

    def simulator(self, network: Module, point: Point) -> Simulator:
        """A simulator of a point, which has not run, and records nothing yet."""
        simulator = Simulator(network, seed=point.seed, **self.options)
        for name in self.paths(point):
            if not is_assigned(network, name):
                vary(simulator, name, point.parameters[name])
        return simulator

    def batch_of(self, simulator: Simulator | None, points: Sequence[Point]) -> tuple[Simulator, Sequence[Point]]:
        """A simulator whose replicas are points, the first ones that have one structure, and these points.

        Parameters
        ----------
        simulator : Simulator or None
            Of a batch of this study that was run before.
        points : sequence of Point
            Some.
        """
        shared = not self.arguments and not self.seeded  # then all points have one network, with other values
        made: dict[str, Module | Simulator] = {}
        if shared:
            made[""] = self.built(points[0]) if simulator is None else simulator.network

        def replica(point: Point) -> Module | Simulator:
            key = "" if shared else point.key if self.seeded else point.group
            if key not in made:
                made[key] = self._replica(point)
            return made[key]

        count = 0
        if simulator is not None:
            count = bind_alike(simulator, map(replica, points), [point.seed for point in points])
        if simulator is None or count == 0:  # another structure begins here
            first, seed = replica(points[0]), points[0].seed
            simulator = first if isinstance(first, Simulator) else Simulator(first, seed=seed, **self.options)
            count = bind_alike(simulator, map(replica, points), [point.seed for point in points])
        points = points[:count]
        for name in self.paths(points[0]) if shared else ():
            simulator.batch[name] = [point.parameters[name] for point in points]
        return simulator, points

    def _replica(self, point: Point) -> Module | Simulator:
        """The network of a point; where it has more than can be assigned to a network, a simulator that has it."""
        network = self.network(point)
        plain = all(is_assigned(network, name) for name in self.paths(point))
        return network if plain else self.simulator(network, point)

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
    UnknownPathError
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
    for name in names:
        if name not in arguments and "." not in name:
            raise UnknownPathError(
                f"The grid names {name!r}, which is no argument of build and no path.",
                where="sweep(grid)",
                cure=f"build takes: {', '.join(nearest_first(name, known)) or 'nothing'}; a parameter of the network "
                "is named by its path, such as 'E.tau'.",
                name=name,
            )
    if missing:
        raise GridError(
            f"build needs {missing[0]!r}, which the grid does not name.",
            where="sweep(grid)",
            cure=f"Add it to the grid, {{{missing[0]!r}: [...]}}, or give it a default.",
            missing=tuple(missing),
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


def check_options(options: Mapping[str, Any], own: Sequence[str]) -> None:
    """Refuse options that neither a sweep nor a simulator has.

    Parameters
    ----------
    options : mapping
        What is meant for the simulators.
    own : sequence of str
        Arguments of `sweep`.

    Raises
    ------
    UnknownOptionError
        There is one.
    """
    known = [name for name in inspect.signature(Simulator).parameters if name not in ("network", "seed", "batch")]
    for name in options:
        if name not in known:
            cure = "Give a list of seeds: seeds=[7]." if name == "seed" else "It has: "
            raise UnknownOptionError(
                f"sweep has no argument {name!r}.",
                where=f"sweep({name}=...)",
                cure=cure if name == "seed" else f"{cure}{', '.join(nearest_first(name, [*own, *known]))}.",
                name=name,
            )
