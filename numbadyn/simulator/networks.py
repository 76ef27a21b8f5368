"""Several networks of one structure as replicas of one simulator.

In: networks that a function of the user's has made, each with values of its own.  Out: a simulator of the first one,
whose replicas they are.  Must not know: what their values are, how replicas are run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from numbadyn.errors import BatchLengthError, StructureError, TargetError, UnsupportedFeatureError
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.ir.structure import structure_lines
from numbadyn.model.lifecycle import init_missing_states
from numbadyn.model.module import Module
from numbadyn.model.naming import check_initialised
from numbadyn.simulator.batch import check_batch, replica_seeds
from numbadyn.simulator.runs import Runs
from numbadyn.simulator.traced import trace_network
from numbadyn.simulator.turns import TRACING

__all__ = ["bind_alike", "bind_networks", "what_differs"]


_Simulator = TypeVar("_Simulator", bound=Runs)


def bind_networks(
    simulator: _Simulator,
    networks: Sequence[Module | Runs],
    seeds: int | Sequence[int] = 0,
    coords: Mapping[str, Sequence[Any]] | None = None,
) -> _Simulator:
    """Let networks of the structure that a simulator was made for be its replicas.

    Parameters
    ----------
    simulator : Simulator
        Of a network of this structure, with any batch or none; what it held is gone, and nothing is recorded.
    networks : sequence of Module or Simulator
        What replica k is: the simulator's own network or other ones, made by the same function, which may differ in any
        value of a parameter, first value, weight, delay, rule of connection or input. A simulator that was made of a
        network, with the same options and no batch, spares tracing it again; what it has instead of what the network
        says, its replica has, too.
    seeds : int or sequence of int
        Of each replica; one number is that of the first, from which the others count up.
    coords : mapping, optional
        Name -> an entry for each replica, such as the point of a sweep: after ``"seed"``, what `Result.coords` says.

    Returns
    -------
    Simulator
        The same one, at time zero. `record`, `get` and ``result[...]`` take the modules of any of the networks, and
        mean that of all replicas; ``result.replica(k)`` is the result of the k-th network.

    Raises
    ------
    StructureError
        A network has another structure; the error's values are its ``number``, and ``lines`` with the first difference.
    BatchLengthError, TargetError, UnsupportedFeatureError
        Not as many seeds or coordinates as networks; no network; a target without batches; a simulator with other
        options.

    Notes
    -----
    Replica k has the bits of ``Simulator(networks[k], dt, seed=seeds[k])`` with the options of the simulator.
    Parameters of the networks may be changed between runs; weights and delays are taken when synapses are drawn.

    A simulator may be bound again and again, to the next networks: nothing is lowered or compiled anew.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> networks = [nd.LIF(3, V_rest=rest * mV, name="E") for rest in (-48, -45)]
    >>> sim = nd.Simulator(networks[0], dt=0.1 * ms, target="interpret")
    >>> _ = bind_networks(sim, networks, seeds=[5, 5], coords={"rest": [-48, -45] * mV})
    >>> sim.record(networks[0], spikes=True)
    >>> result = sim.run(50 * ms)
    >>> result.coords["rest"], result[networks[0]].spikes.counts[:, 0]
    (array([-48., -45.]) * mV, array([1, 2]))
    """
    number = check_batch(len(networks) or None, None, simulator.target)
    if number is None:
        raise TargetError("There is no network.", where="bind_networks", cure="Give one network for each replica.")
    chosen = replica_seeds(seeds, number, "bind_networks(seeds=...)")
    _check_coords(coords or {}, number)
    _take(simulator, list(_replicas(simulator, networks, chosen)), coords or {})
    return simulator


def bind_alike(simulator: Runs, networks: Iterable[Module | Runs], seeds: Sequence[int]) -> int:
    """Let the first of some networks be the replicas of a simulator, up to one that has another structure.

    Parameters
    ----------
    simulator, networks
        As of `bind_networks`; networks that come later are not asked for.
    seeds : sequence of int
        One for each network.

    Returns
    -------
    int
        How many are bound: none if the first one has another structure, which leaves the simulator as it is.
    """
    found: list[tuple[BindContext, Module]] = []
    try:
        for one in _replicas(simulator, networks, seeds):
            found.append(one)  # noqa: PERF402 -- what comes before an error counts
    except StructureError as error:
        if error.values.get("number") != len(found):
            raise
    if found:
        check_batch(len(found), None, simulator.target)
        _take(simulator, found, {})
    return len(found)


def _replicas(
    simulator: Runs, networks: Iterable[Module | Runs], seeds: Sequence[int]
) -> Iterator[tuple[BindContext, Module]]:
    """What each network is bound to as a replica, and the network, which has been found to be of the structure."""
    known: dict[int, Step] = {id(simulator.network): simulator.step}
    lines = structure_lines(simulator.step)
    for place, (one, seed) in enumerate(zip(networks, seeds, strict=True)):
        plain = replace(simulator.context, seed=seed, replica=place, instead={})
        module = one.network if isinstance(one, Runs) else one
        if id(module) not in known:
            known[id(module)] = _traced(simulator, one, plain, place)
            _check_structure(lines, known[id(module)], place)
        own = known[id(module)]
        other = {} if own is simulator.step else {id(simulator.step.origin): own}
        if isinstance(one, Runs) and not one._axes:
            other |= one._instead[0]
        yield replace(plain, instead=other), module


def _take(simulator: Runs, replicas: Sequence[tuple[BindContext, Module]], coords: Mapping[str, Sequence[Any]]) -> None:
    """Let these be the replicas from now on."""
    contexts, modules = zip(*replicas, strict=True)
    with simulator._turns.take("bind_networks"):
        simulator._bind(tuple(contexts), networks=tuple(modules))
        simulator._varied.update({name: list(of_each) for name, of_each in coords.items()})
        simulator._reseed([context.seed for context in contexts], connectivity=True)
        simulator._claim()


def _check_coords(coords: Mapping[str, Sequence[Any]], number: int) -> None:
    for name, of_each in coords.items():
        if name == "seed" or len(of_each) != number:
            raise BatchLengthError(
                f"The coordinate {name!r} has {len(of_each)} entries for {number} networks.",
                where="bind_networks(coords=...)",
                cure="Give one for each network; the seeds are a coordinate by themselves.",
                name=name,
            )


def _traced(simulator: Runs, one: Module | Runs, context: BindContext, place: int) -> Step:
    """The step of another network."""
    where = f"bind_networks(networks[{place}])"
    if isinstance(one, Runs):
        mine, other = simulator.context, one.context
        if (mine.dt, mine.bits, mine.delays, simulator._alone) != (other.dt, other.bits, other.delays, one._alone):
            raise UnsupportedFeatureError(
                "The simulator of a network has another time step, precision or rounding of delays.",
                where=where,
                cure="Make all simulators with the same options.",
            )
        return one.step
    if not isinstance(one, Module):
        raise TargetError(
            f"{one!r} is no network.", where=where, cure="Give a DynamicsGroup or another Module.", one=one
        )
    check_initialised(one)
    with TRACING:
        init_missing_states(one, context.seed)
    return trace_network(one, context, alone=simulator._alone)


def _check_structure(lines: list[str], step: Step, place: int) -> None:
    """Refuse a network that does not compute the same."""
    found = what_differs(lines, structure_lines(step))
    if found is None:
        return
    mine, other = found
    raise StructureError(
        f"Network {place} has another structure: {other or 'nothing'} stands where the first one has "
        f"{mine or 'nothing'}.",
        where=f"bind_networks(networks[{place}])",
        cure="Take a simulator for each structure. A number that stands in the code of an update may differ once it is "
        "a parameter: self.x = nd.Parameter(...).",
        number=place,
        lines=[mine, other],
    )


def what_differs(lines: list[str], others: list[str]) -> tuple[str, str] | None:
    """The first lines in which two structures differ; None where they are the same.

    Parameters
    ----------
    lines, others : list of str
        See `numbadyn.ir.structure.structure_lines`.

    Examples
    --------
    >>> what_differs(["state V : real[3]", "a"], ["state V : real[4]", "a"])
    ('state V : real[3]', 'state V : real[4]')
    """
    if lines == others:
        return None
    for kind, first, last, begin, end in difflib.SequenceMatcher(None, lines, others, autojunk=False).get_opcodes():
        if kind != "equal":
            return "; ".join(lines[first:last][:1]), "; ".join(others[begin:end][:1])
    return None
