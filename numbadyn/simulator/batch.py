"""Batches: a simulator bound to several replicas of its network at once.

In: a simulator that has not run, seeds and values of parameters.  Out: the same simulator, whose results, states and
errors have an axis of replicas.  Must not know: targets, how replicas are run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numbadyn.errors import ShapeError, UnsupportedFeatureError
from numbadyn.model.module import Module
from numbadyn.runtime.replica import naming
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator.checks import check_seed
from numbadyn.simulator.simulator import Simulator

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
        Not one value for each replica.
    DimensionError, InvalidParameterError
        A value that the parameter cannot have.
    UnsupportedFeatureError
        The target has no batches; or the network has states of synapses, and each replica synapses of its own.

    Notes
    -----
    A replica has the bits of a simulator of its own with the same seed and parameters.
    """
    _check_target(simulator.target)
    given = values or {}
    for one, of_each in given.items():
        if len(of_each) != len(seeds):
            name = getattr(one, "path", getattr(one, "name", repr(one)))
            raise ShapeError(
                f"{name} has {len(of_each)} values for {len(seeds)} replicas.",
                where=name,
                cure="Give one value for each replica.",
                name=name,
            )
    contexts = []
    for number, seed in enumerate(seeds):
        context = replace(simulator.context, seed=check_seed(seed, f"the seed of replica {number}"), replica=number)
        with naming(context):
            own = dict(_instead(simulator, one, of_each[number]) for one, of_each in given.items())
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
