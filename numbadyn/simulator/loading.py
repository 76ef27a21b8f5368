"""A simulator made from a checkpoint: the network of the user, bound to what was saved.

In: a file and a network.  Out: a simulator that goes on.  Must not know: how files are laid out, how runs are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, ShapeError
from numbadyn.io.container import Container
from numbadyn.model.module import Module
from numbadyn.model.values import Parameter
from numbadyn.runtime.snapshot import Snapshot, names_of
from numbadyn.simulator.batch import Batch, check_batch, replica_seeds
from numbadyn.simulator.bindings import bound_parameters, parameters_by_path
from numbadyn.simulator.checkpoints import (
    check_inputs,
    check_parameters,
    check_structure,
    check_synapses,
    given_in,
    held_in,
    mismatch,
    of_networks,
    parameters_in,
    requests_in,
    set_in,
    snapshot_in,
    varied_in,
    weights_in,
)
from numbadyn.simulator.named_places import find_place
from numbadyn.simulator.requests import restore_requests
from numbadyn.units import join

if TYPE_CHECKING:
    from numbadyn.simulator.runs import Runs

__all__ = [
    "adopt_parameters",
    "adopt_states",
    "adopt_varied",
    "adopt_weights",
    "networks_of",
    "plan_replicas",
    "take_over",
]

Varied = Sequence[tuple[NDArray[Any], ...]]

_OTHER = "Give the network these values, or load with values='network' to go on with those that it has."


class Replicas(NamedTuple):
    """How many replicas go on, and what they draw with.

    Attributes
    ----------
    batch : int or None
        How many; None without a batch.
    seeds, drawn : list of int
        What each draws with from now on, and what its synapses were drawn with.
    shared : bool
        Whether all have the synapses of the first one.
    """

    batch: int | None
    seeds: list[int]
    drawn: list[int]
    shared: bool


def plan_replicas(header: Mapping[str, Any], batch: int | None, seed: Any, path: Path) -> Replicas:
    """Find out how many replicas go on from a checkpoint, with which seeds.

    Parameters
    ----------
    header : mapping
        Of the checkpoint.
    batch, seed
        As of `Simulator.load`.
    path : Path
        Where the checkpoint is from.
    """
    held, shared = header["replicas"], header["shared"]
    if held is not None and batch not in (None, held):
        raise mismatch(
            path,
            f"the checkpoint is of a batch of {held} replicas; a batch of {batch} is asked for.",
            "Leave batch out; the state of one replica alone goes into a batch of any size.",
            batch=batch,
        )
    if header["varied"] is None:
        raise mismatch(
            path,
            "the checkpoint is of a run of replicas that differ in more than values.",
            "Start the script again that has begun the run; only that can go on.",
        )
    saved, drawn = header["seeds"], header["seeds of synapses"]
    if held is None and batch is not None:
        check_batch(batch, None, "interpret")
        shared, saved = True, replica_seeds(saved[0], batch)
    replicas = batch if held is None else held
    seeds = saved if seed is None else replica_seeds(seed, replicas, "Simulator.load(seed=...)")
    return Replicas(replicas, seeds, [drawn[0], *seeds[1:]] if shared else drawn, shared)


def networks_of(network: Any, header: Mapping[str, Any], path: Path) -> tuple[Module, ...]:
    """The networks that go on from a checkpoint: one, or where the replicas were networks of their own, one for each.

    Raises
    ------
    CheckpointMismatchError
        There are more or fewer than the file is of.
    """
    several = isinstance(network, Sequence) and not isinstance(network, Module | str)
    given = tuple(network) if several else (network,)
    if header.get("networks") is None and several:
        raise mismatch(
            path,
            f"the checkpoint is of one network; {len(given)} are given.",
            "Give that one: nd.Simulator.load(path, networks[0]).",
            given=len(given),
        )
    if header.get("networks") is not None and len(given) != header["replicas"]:
        raise mismatch(
            path,
            f"the checkpoint is of {header['replicas']} networks, one for each replica; there "
            f"{'is' if len(given) == 1 else 'are'} {len(given)}.",
            "Give all of them, in their order: nd.Simulator.load(path, [build(...), build(...)]).",
            given=len(given),
        )
    return given


def _adopt_given(sim: Runs, given: Mapping[str, Any] | None, wanted: Sequence[str], path: Path) -> None:
    """Let replicas differ in what no file holds."""
    if given is not None and not isinstance(given, Mapping):
        raise InvalidParameterError(
            f"varied is {given!r}, which names nothing.",
            where="Simulator.load(varied=...)",
            cure="Give the rules of each replica by their paths: varied={'excite.comm': [...]}.",
            varied=given,
        )
    has = given or {}
    for name in wanted:
        if name not in has:
            raise mismatch(
                path,
                f"the replicas differ in {name}, a rule of connection, which no file holds.",
                f"Give the rules again, one for each replica: load(path, net, varied={{{name!r}: [...]}}).",
                name=name,
            )
    for name in has:
        if name not in wanted:
            raise mismatch(
                path,
                f"varied has {name!r}, but what the replicas of the checkpoint differ in is in the file"
                f"{' but for ' + ', '.join(wanted) if wanted else ''}.",
                "Leave it out; what is to be another value from now on is set afterwards, sim.batch[...] = ...",
                name=str(name),
            )
    for name in wanted:
        Batch(sim)[name] = has[name]


def take_over(
    sim: Runs, content: Container, path: Path, *, keep: bool, varied: Mapping[str, Any] | None = None
) -> None:
    """Let a new simulator go on from a checkpoint.

    Parameters
    ----------
    sim : Runs
        New, bound to the seeds of the checkpoint.
    content : Container
        The checkpoint.
    path : Path
        Where it is from.
    keep : bool
        Whether the network keeps its parameters, inputs and weights; else it gets those of the checkpoint.
    varied : mapping, optional
        In what replicas differ that is no value.

    Raises
    ------
    CheckpointMismatchError
        The network computes something else, or holds something else that cannot be given to it.
    """
    check_structure(sim, content, path)
    _adopt_given(sim, varied, content.header.get("given", []), path)
    _adopt_varied(sim, varied_in(content))
    if not keep:
        adopt_parameters(sim, content)
        check_parameters(sim, content, path, _OTHER)
        check_inputs(sim, content, path, _OTHER)
        adopt_weights(sim, content)
        check_synapses(sim, content, path, _OTHER)
    restore_requests(sim._recorder, requests_in(content))
    adopt_states(sim, snapshot_in(content), path)


def _adopt_varied(sim: Runs, varied: Mapping[str, Varied]) -> None:
    """Let replicas differ in what those of the checkpoint differ in."""
    for name, of_each in varied.items():
        place = find_place(sim, name, varied=True)
        entries = [tuple(map(join, parts, place.dimensions)) for parts in of_each]
        Batch(sim)._adopt(place, [each if len(place.dimensions) > 1 else each[0] for each in entries])


def adopt_varied(sim: Runs, content: Container) -> None:
    """Let replicas differ in what they had come to differ in, if a file can hold that."""
    if content.header["varied"] is None or of_networks(sim):
        return
    saved, given = varied_in(content), given_in(sim)
    for name in [name for name in sim._varied if name not in saved and name not in given]:
        Batch(sim)._forget(find_place(sim, name))
    same = [name for name in sim._varied if name in saved and _equal(held_in(sim, name), saved[name])]
    _adopt_varied(sim, {name: of_each for name, of_each in saved.items() if name not in same})


def _equal(some: Varied, others: Varied) -> bool:
    pairs = [pair for of_each in zip(some, others, strict=True) for pair in zip(*of_each, strict=True)]
    return all(one.shape == other.shape and one.tobytes() == other.tobytes() for one, other in pairs)


def adopt_parameters(sim: Runs, content: Container) -> None:
    """Give the parameters of the network, or of each, the values of the checkpoint, where they have others."""
    now = {bound.name: bound for bound in bound_parameters(sim.step, sim._contexts)}
    replicas = {id(network): (number, network) for number, network in enumerate(sim._networks)}
    for number, network in replicas.values():
        known = parameters_by_path(network)
        for saved in parameters_in(content):
            parameter = known.get(saved.name)
            if parameter is None or saved.same(now[saved.name]) or (len(saved.values) > 1 and len(replicas) == 1):
                continue
            _give(parameter, saved.of(number))


def _give(parameter: Parameter, values: Any) -> None:
    """Assign what was saved, if the parameter can have it; what it cannot have is found by the check that follows."""
    try:
        parameter.value = join(values[()], parameter.dimension)
    except (ShapeError, InvalidParameterError):
        return


def adopt_weights(sim: Runs, content: Container) -> None:
    """Give synapses the weights that they had got: those that were set stay, others give way to what the model gets."""
    for number in range(len(sim.step.connections)):
        found, lasting = weights_in(content, number), set_in(content, number)
        dimension = sim._weights.dimension(number)
        given = [join(each[0] if each.size == 1 else each, dimension) for each in found]
        makers = sim._makers() if found else []
        if len(given) > max(1, len(makers)):  # one of the replicas had got weights of its own
            makers = sim._makers_of_each()
        for stays in (True, False):
            some = [each if (place in lasting) == stays else None for place, each in enumerate(given)]
            if any(each is not None for each in some):
                sim._weights.set(number, some, makers, passing=not stays)


def adopt_states(sim: Runs, taken: Snapshot, path: Path) -> None:
    """Let the machine that is made next, or that is there, go on from a snapshot.

    Raises
    ------
    CheckpointMismatchError
        The snapshot has other shapes: of synapses, of which there are more or fewer, or of another batch.
    """
    replicas, names = len(sim._contexts), names_of(sim.step.states)
    spread = _spread(taken, replicas)
    for number, name in enumerate(names):
        saved, shape = spread.states[name].shape, (replicas, *sim._order.shape(sim.step.states[number].space))
        if saved != shape:
            raise mismatch(
                path,
                f"{name} has the shape {saved[1:]} in the checkpoint, and {shape[1:]} in the network.",
                "Give the network that was saved; states of synapses need the same synapses.",
                name=name,
            )
    if spread.number:
        sim._go_on_from(spread)
        return
    for number, name in enumerate(names):
        if getattr(sim.step.states[number].owner, "owner", None) is None:
            continue  # the running value of a history, or a guard
        now = sim._values(number)
        values = spread.states[name]
        if name in spread.first or not np.array_equal(now if sim._axes else now[np.newaxis], values):
            sim._set_values(number, values if sim._axes else values[0])


def _spread(taken: Snapshot, replicas: int) -> Snapshot:
    """The same state in so many replicas, if it is that of one."""
    held = len(next(iter(taken.states.values()), np.empty(replicas)))
    if held == replicas or held != 1:
        return taken
    states, past, first = (
        {name: np.repeat(array, replicas, axis=0) for name, array in section.items()}
        for section in (taken.states, taken.past, taken.first)
    )
    return Snapshot(taken.number, states, past, first)
