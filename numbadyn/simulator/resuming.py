"""Where a run begins: where the simulator is, or where a run that was begun before has been left.

In: a simulator, a checkpoint of a run.  Out: a simulator that has been brought there, after checking that it is the
same run.  Must not know: files, how chunks of steps are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from numbadyn.io.container import Container
from numbadyn.simulator.bindings import bound_parameters, sum_of
from numbadyn.simulator.checkpoints import (
    check_parameters,
    check_structure,
    check_synapses,
    mismatch,
    requests_in,
    settings_of,
    snapshot_in,
)
from numbadyn.simulator.loading import adopt_parameters, adopt_states, adopt_varied, adopt_weights
from numbadyn.simulator.requests import requests_of

if TYPE_CHECKING:
    from numbadyn.simulator.runs import Runs

__all__ = ["UNFINISHED", "Left", "Origin", "Resumed", "go_on", "sums_of_states"]

_ANEW = "Run the script that has begun the run, give another path, or begin anew with resume=False."
UNFINISHED = (None, "duration", "interrupt", "SIGTERM", "max_wall_time")
"""How a run has ended that may go on; other words say that what it was asked for has happened."""


class Left(NamedTuple):
    """Where a simulator stands that has left a run early: path of its checkpoints, next step, sums of its states."""

    path: Path
    number: int
    states: list[str]


@dataclass(frozen=True)
class Resumed:
    """Where a run begins.

    Parameters
    ----------
    origin : Origin
        What it began with.
    seconds : float
        Wall time that it has taken so far.
    left : Container or None
        The checkpoint in which it was left.
    reached : int
        The step at which it was left.
    ended : str or None
        How it had ended.
    over : bool
        Whether it is complete.
    """

    origin: Origin
    seconds: float = 0.0
    left: Container | None = None
    reached: int = -1
    ended: str | None = None
    over: bool = False

    @property
    def pieces(self) -> list[dict[str, Any]]:
        """What it has recorded so far."""
        return [] if self.left is None else self.left.header["run"]["pieces"]

    @property
    def first(self) -> int:
        """The step at which it began."""
        return self.origin.first

    @property
    def steps(self) -> int:
        """How many steps it has in all."""
        return self.reached - self.first if self.over else self.origin.steps


@dataclass(frozen=True)
class Origin:
    """What a run begins with, by which it is known again.

    Parameters
    ----------
    first, steps : int
        Its first step, and how many it has.
    sums : dict
        Short sums of states, parameters, inputs, synapses.
    """

    first: int
    steps: int
    sums: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, sim: Runs, steps: int) -> Origin:
        """What a run would begin with now."""
        parameters = [sum_of([bound.values]) for bound in bound_parameters(sim.step, sim._contexts)]
        return cls(
            sim.machine.number,
            steps,
            {
                "parameters": parameters,
                "inputs": sim._input_sums(),
                "synapses": [[list(own) for own in sums] for sums in sim._table_sums.of(sim._synapses)],
                "states": sums_of_states(sim),
            },
        )

    def plain(self) -> dict[str, Any]:
        """What is written down."""
        return {"first": self.first, "stop": self.first + self.steps, "sums": self.sums}


def sums_of_states(sim: Runs) -> list[str]:
    """Sums of all states, as they are now."""
    return [sum_of([sim.machine.state(number)]) for number in range(len(sim.step.states))]


def go_on(sim: Runs, content: Container, origin: Origin, path: Path) -> Resumed:
    """Bring a simulator to where a run was left.

    Parameters
    ----------
    sim : Runs
        At the beginning of the run.
    content : Container
        The checkpoint.
    origin : Origin
        What the run would begin with now.
    path : Path
        Where the checkpoint is from.

    Raises
    ------
    CheckpointMismatchError
        It is of another network or of another run; the message names what differs.
    """
    header = content.header
    origin = _recognise(sim, content, origin, path)
    run, reached = header["run"], header["step"]
    if reached > origin.first + origin.steps:
        raise mismatch(
            path,
            f"the run has come to {reached * sim._dt:g} ms already, and is to end at "
            f"{(origin.first + origin.steps) * sim._dt:g} ms.",
            "Give a longer duration, or begin anew with resume=False.",
            reached=reached * sim._dt,
        )
    adopt_varied(sim, content)
    adopt_parameters(sim, content)
    check_parameters(sim, content, path, _ANEW)
    adopt_weights(sim, content)
    check_synapses(sim, content, path, _ANEW)
    adopt_states(sim, snapshot_in(content), path)
    return Resumed(origin, run["seconds"], content, reached, run["ended"], over=run["ended"] not in UNFINISHED)


def _recognise(sim: Runs, content: Container, origin: Origin, path: Path) -> Origin:
    """What the run began with, after checking that it is the same one: begun anew, or left by this simulator."""
    header, run, dt = content.header, content.header.get("run"), sim._dt
    if run is None:
        raise mismatch(
            path,
            "the checkpoint is none of a run, but was written by Simulator.save.",
            "Go on from it by nd.Simulator.load(path, net), and give the run another path.",
        )
    check_structure(sim, content, path)
    for name, now in settings_of(sim).items():
        if header[name] != now:
            raise mismatch(path, f"{name} is {now}, and was {header[name]} in the checkpoint.", _ANEW, name=name)
    saved, asked = requests_in(content), requests_of(sim._recorder)
    if len(saved) != len(asked) or not all(one.same(other) for one, other in zip(saved, asked, strict=True)):
        raise mismatch(
            path,
            f"the run has recorded {_texts(saved)}; now {_texts(asked)} is asked for.",
            "Record the same as the run that has begun, or begin anew with resume=False.",
        )
    if run["first"] == origin.first:
        _check_sums(sim, header, run["sums"], origin, path)
        return origin
    if sim._left == Left(path, origin.first, origin.sums["states"]) and run["ended"] in UNFINISHED:
        return replace(origin, first=run["first"], sums=run["sums"])
    raise mismatch(
        path,
        f"the checkpoint is of a run that began at {run['first'] * dt:g} ms; this one begins at "
        f"{origin.first * dt:g} ms.",
        "Give each run a path of its own.",
        first=run["first"],
    )


def _texts(requests: Sequence[Any]) -> str:
    return ", ".join(request.text for request in requests) or "nothing"


_SECTIONS = {"parameters": "", "synapses": " (its synapses)", "states": " (its values at the beginning)"}


def _check_sums(sim: Runs, header: dict[str, Any], saved: dict[str, Any], origin: Origin, path: Path) -> None:
    """Refuse a run that would begin with other values."""
    names = {
        "parameters": [spec.name for spec in sim.step.params],
        "synapses": [connection.name for connection in sim.step.connections],
        "states": [spec.name for spec in sim.step.states],
    }
    if origin.first and not header["reproducible"]:
        names.pop("states")  # runs before this one have other last digits each time
    for section, known in names.items():
        for name, one, other in zip(known, saved[section], origin.sums[section], strict=True):
            if one != other:
                literal = section == "parameters" and name.startswith("literal_")
                what = "A number in the model's code" if literal else name + _SECTIONS[section]
                raise mismatch(path, f"{what} is another one than when the run began.", _ANEW, name=name)
    for name, sums in saved["inputs"].items():
        if origin.sums["inputs"].get(name) != sums:
            what = name.partition(": ")[2]
            raise mismatch(path, f"{what} holds other values than when the run began.", _ANEW, name=what)
