"""Batches: a simulator bound to several replicas of its network at once.

In: a simulator that has not run, seeds and values of parameters.  Out: the same simulator, whose results, states and
errors have an axis of replicas.  Must not know: targets, how replicas are run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numbadyn.errors import ShapeError, UnsupportedFeatureError
from numbadyn.model.given import GivenSpikes
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.timed_array import TimedArray
from numbadyn.model.values import Parameter
from numbadyn.runtime.replica import naming
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator.checks import check_seed
from numbadyn.simulator.simulator import Simulator
from numbadyn.units import describe, is_quantity

__all__ = ["bind_replicas"]


def bind_replicas(
    simulator: Simulator,
    seeds: Sequence[int],
    values: Mapping[Any, Sequence[Any]] | None = None,
    *,
    shared_connectivity: bool = False,
) -> Simulator:
    """Bind a simulator to a replica for each seed, before anything is recorded.

    Parameters
    ----------
    simulator : Simulator
        New.
    seeds : sequence of int
        Seed of each replica.
    values : mapping, optional
        What differs -> what it is in each replica: a `Parameter` of the network, a `TimedArray` (its rows), the
        `GivenSpikes` of a generator (indices and times), a projection (its weights).
    shared_connectivity : bool
        Whether all replicas have the synapses of the first one.

    Returns
    -------
    Simulator
        The same one.

    Raises
    ------
    ShapeError
        No seed, or not one value for each replica.
    DimensionError, InvalidParameterError
        A value that the parameter cannot have.
    UnsupportedFeatureError
        The target has no batches; the simulator has run; something else than the above is to differ, or belongs to
        another network; or the network has states of synapses, and each replica synapses of its own.

    Notes
    -----
    A replica has the bits of a simulator of its own with the same seed and parameters.
    """
    _check_target(simulator.target)
    _check_new(simulator)
    chosen = _listed(seeds, "seeds", "seed")
    given = [(one, _of_each(simulator, one, of_each, len(chosen))) for one, of_each in dict(values or {}).items()]
    contexts = []
    for number, seed in enumerate(chosen):
        context = replace(simulator.context, seed=check_seed(seed, f"the seed of replica {number}"), replica=number)
        with naming(context):
            own = dict(_instead(simulator, one, of_each[number]) for one, of_each in given)
        contexts.append(replace(context, instead=own))
    _refuse_synapses_of_their_own(simulator, shared_connectivity)
    simulator._bind(tuple(contexts), shared=shared_connectivity)
    return simulator


def _check_target(target: str) -> None:
    """Refuse a target whose machines hold one replica."""
    if not TARGETS[target].batches:
        able = " or ".join(repr(name) for name, row in TARGETS.items() if row.batches)
        raise UnsupportedFeatureError(
            f"Several replicas at once are what target={target!r} does not have yet.",
            where="Simulator(target=...)",
            cure=f"Choose {able}, or take a simulator for each replica.",
            target=target,
        )


def _check_new(simulator: Simulator) -> None:
    """Refuse a simulator that has run: what it holds would be lost."""
    if simulator.t:
        raise UnsupportedFeatureError(
            f"The simulator has run for {describe(simulator.t)}, and is bound to replicas only now.",
            where="bind_replicas(simulator)",
            cure="Make a new nd.Simulator, and bind it first.",
        )


def _listed(given: Any, name: str, one: str) -> list[Any]:
    """What there is for each replica, one after the other."""
    try:
        found = list(given)
    except TypeError:
        found = []
    if not found:
        raise ShapeError(
            f"{name} is {describe(given) if is_quantity(given) else repr(given)}.",
            where=name,
            cure=f"Give a list, one {one} for each replica.",
            name=name,
        )
    return found


def _of_each(simulator: Simulator, one: Any, given: Any, replicas: int) -> list[Any]:
    """The values of something that differs, after checking that it may, that it is there, and how many they are."""
    name = getattr(one, "path", getattr(one, "name", repr(one)))
    if not isinstance(one, Module | Parameter | TimedArray | GivenSpikes):
        raise UnsupportedFeatureError(
            f"{name} cannot differ from replica to replica.",
            where=name,
            cure="Give a parameter such as net.E.tau, a projection (its weights), a TimedArray, or the GivenSpikes of "
            "a generator; states are set with sim.set.",
            name=name,
        )
    owner = one.owner if isinstance(one, Parameter) else one
    if isinstance(owner, Module) and not any(module is owner for module in walk(simulator.network)):
        raise UnsupportedFeatureError(
            f"{name} belongs to another network than {simulator.network.path}, so it would change nothing.",
            where=name,
            cure="Give a parameter or a projection of the network that is simulated; a copy has its own.",
            name=name,
        )
    of_each = _listed(given, name, "value")
    if len(of_each) != replicas:
        raise ShapeError(
            f"{name} has {len(of_each)} values for {replicas} replicas.",
            where=name,
            cure="Give one value for each replica.",
            name=name,
        )
    return of_each


def _instead(simulator: Simulator, one: Any, value: Any) -> tuple[int, Any]:
    """Identity of what the model binds, and what takes its place."""
    if not isinstance(one, Module):
        return id(one), one.replaced(value)
    number = simulator._weights.number(one)
    if number is None:
        raise UnsupportedFeatureError(
            f"{one.path} has no weights.", where=one.path, cure="Give a projection, or a parameter of the module."
        )
    connection = simulator.step.connections[number]
    return id(connection.rule), connection.reweigh(value)


def _refuse_synapses_of_their_own(simulator: Simulator, shared: bool) -> None:
    """Refuse states of synapses whose number differs from replica to replica."""
    found = [spec.name for spec in simulator.step.states if spec.space.synapses is not None]
    if found and not shared:
        raise UnsupportedFeatureError(
            f"{found[0]} is a state of synapses, whose number may differ from replica to replica.",
            where=found[0],
            cure="Let the replicas share their connectivity, or take a simulator for each of them.",
        )
