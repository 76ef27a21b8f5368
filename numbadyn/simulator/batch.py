"""The batch of a simulator: what its replicas have, by path or by object, and how it is changed.

In: a simulator with replicas, an entry for each of them.  Out: bindings of the replicas, and their coordinates.  Must
not know: targets, how replicas are run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from numbadyn.errors import (
    BatchLengthError,
    NoBatchError,
    NumbadynError,
    TargetError,
    UnknownPathError,
    UnsupportedFeatureError,
)
from numbadyn.io.coordinates import Coordinates, text_of
from numbadyn.projections.connectivity import Connectivity
from numbadyn.runtime.replica import naming
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator.assembly import Assembly
from numbadyn.simulator.checks import check_seed
from numbadyn.simulator.named_places import find_place
from numbadyn.simulator.places import Place
from numbadyn.units import describe, is_quantity, split

__all__ = ["Batch", "check_batch", "replica_seeds"]

_MOST = 1_000_000
"""Replicas of a batch; what each of them needs is looked at where it is allocated."""


class Batch:
    """The replicas of a simulator; see `Simulator.batch`.

    Parameters
    ----------
    simulator : Simulator
        Whose they are.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> neurons = nd.LIF(3, V_rest=-45 * mV)
    >>> sim = nd.Simulator(neurons, dt=0.1 * ms, batch=2, target="interpret")
    >>> sim.batch["tau"] = [10, 20] * ms
    >>> sim.batch
    <Batch of 2 replicas: seed = [0 1], tau = [10. 20.] ms>
    >>> sim.record(neurons, spikes=True)
    >>> sim.run(50 * ms).sel(tau=20 * ms)[neurons].spikes.rate
    array([40.]) * Hz
    """

    def __init__(self, simulator: Assembly) -> None:
        self._simulator = simulator

    def __len__(self) -> int:
        return len(self._simulator._contexts) if self._simulator._axes else 0

    @property
    def seeds(self) -> Any:
        """Seed of each replica."""
        return _seeds([context.seed for context in self._simulator._contexts])

    @property
    def coords(self) -> Coordinates:
        """What each replica is bound to: ``"seed"``, then all that was varied; see `Result.coords`."""
        if not len(self):
            return {}
        known, found = self._simulator._coordinates, {"seed": self.seeds}
        for name, of_each in self._simulator._varied.items():
            if name not in known or known[name][0] is not of_each:
                known[name] = of_each, _coordinate(of_each)
            found[name] = known[name][1].copy()
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.coords)

    def __getitem__(self, what: Any) -> Any:
        """What each replica has; an array with a unit whose first axis is that of replicas, or a list."""
        simulator = self._require()
        if isinstance(what, str) and what == "seed":
            return self.seeds
        place = find_place(simulator, what)
        found = self._read(place)
        if place.synapses is not None and any(each is None for each in found):
            return simulator._synaptic(place.synapses, place.name.rpartition(".")[2])
        given = simulator._varied.get(place.name)
        return _joined(found, None if given is None else given[0])

    def _read(self, place: Place) -> list[Any]:
        """What is found at a place in each replica."""
        simulator, contexts = self._simulator, self._simulator._contexts
        if place.by_table:
            made = zip(contexts, simulator._synapses, strict=True)
            contexts = tuple(replace(context, tables=tables) for context, tables in made)
        return [place.read(context) for context in contexts]

    def held(self, name: str) -> list[Any]:
        """What each replica has, one after the other: one value where all its synapses have it."""
        place = find_place(self._simulator, name)
        found = self._read(place)
        if place.synapses is None or all(each is not None for each in found):
            return found
        listed = self._simulator._synaptic(place.synapses, name.rpartition(".")[2])
        return [of_all if each is None else each for each, of_all in zip(found, listed, strict=True)]

    def __setitem__(self, what: Any, of_each: Any) -> None:
        """Let each replica have its own.

        Raises
        ------
        NoBatchError
            The simulator has no batch.
        UnknownPathError, StructureError
            There is nothing of this name, or it is part of the structure.
        BatchLengthError
            There is not one entry for each replica.
        NoEffectError
            No step reads it.
        DimensionError, InvalidParameterError, ShapeError
            An entry that it cannot have; it names the replica.
        """
        simulator = self._require()
        place = find_place(simulator, what, varied=True)
        entries = self._entries(place.name, of_each)
        if place.draws and simulator._shared:
            raise UnsupportedFeatureError(
                f"{place.full} says who is connected to whom, and the replicas share their synapses.",
                where=f"sim.batch[{place.name!r}]",
                cure="Leave shared='connectivity' out, or give weights and delays alone.",
                name=place.name,
            )
        with simulator._turns.take("batch"):
            self._adopt(place, entries)

    def _adopt(self, place: Place, entries: list[Any]) -> None:
        """Give each replica its entry, whoever's turn it is."""
        simulator, others = self._simulator, []
        for context, entry in zip(simulator._contexts, entries, strict=True):
            with naming(context):
                others.append(place.replaced(context.bound(place.own), entry))
        simulator._vary(place, others)
        if place.draws:  # a rule comes with its weights
            simulator._varied.pop(f"{place.name.removesuffix('comm')}weight", None)
        simulator._varied[place.name] = entries

    def __delitem__(self, what: Any) -> None:
        """Let all replicas have what the model has again."""
        simulator = self._require()
        place = find_place(simulator, what)
        if place.name not in simulator._varied:
            raise UnknownPathError(
                f"{place.name!r} is what the model says in all replicas.",
                where=f"del sim.batch[{place.name!r}]",
                cure=f"What differs is: {', '.join(simulator._varied) or 'nothing'}.",
                path=place.name,
                nearest=list(simulator._varied),
            )
        with simulator._turns.take("batch"):
            self._forget(place)

    def _forget(self, place: Place) -> None:
        """Let all replicas have what the model has, whoever's turn it is."""
        simulator = self._simulator
        simulator._vary(place, [place.restored(context.bound(place.own)) for context in simulator._contexts])
        del simulator._varied[place.name]

    def _require(self) -> Assembly:
        if not len(self):
            raise NoBatchError(
                "The simulator has no batch.",
                where="Simulator.batch",
                cure="Make it with replicas: nd.Simulator(net, dt, batch=4); of one network alone set values in the "
                "model, net.E.tau.value = ...",
            )
        if any(network is not self._simulator.network for network in self._simulator._networks):
            raise UnsupportedFeatureError(
                "The replicas are networks of their own, which have their values.",
                where="Simulator.batch",
                cure="Set values in the networks: networks[k].E.tau.value = ...",
            )
        return self._simulator

    def _entries(self, name: str, of_each: Any) -> list[Any]:
        """What there is for each replica, one after the other."""
        try:
            found = list(of_each)
        except (TypeError, NumbadynError):
            found = []
        if isinstance(of_each, str | dict) or len(found) != len(self):
            given = describe(of_each) if is_quantity(of_each) else repr(of_each)
            many = f"has {len(found)} entries" if found else f"is {given}, which is no list"
            raise BatchLengthError(
                f"{name} {many}, for a batch of {len(self)} replicas.",
                where=f"sim.batch[{name!r}]",
                cure="Give one entry for each replica; one value for all of them is set in the model, x.value = ...",
                name=name,
                given=of_each,
            )
        return found

    def describe(self, number: int) -> str:
        """What one of the replicas is bound to, in a line; empty without a batch."""
        if not len(self):
            return ""
        parts = [f"{name} = {values[number]}" for name, values in self.coords.items()]
        return f"Replica {number} of a batch of {len(self)}: {', '.join(parts)}"

    def __repr__(self) -> str:
        if not len(self):
            return "<Batch: none>"
        parts = [f"{name} = {_short(values)}" for name, values in self.coords.items()]
        return f"<Batch of {len(self)} replicas: {', '.join(parts)}>"


def _seeds(seeds: list[int]) -> Any:
    return np.array(seeds, np.uint64 if max(seeds) >= 2**63 else np.int64)


def _short(values: Any) -> str:
    with np.printoptions(threshold=6, edgeitems=2, precision=6):
        return str(values)


def _joined(values: list[Any], like: Any) -> Any:
    """Values of the replicas as one array, in the unit that was given; a list where they differ in shape."""
    if any(isinstance(value, tuple | Connectivity) for value in values) or len(set(map(np.shape, values))) > 1:
        return values
    if not is_quantity(values[0]):
        return np.array(values)
    unit = like.units if is_quantity(like) else values[0].units
    return np.array([np.asarray(value.rescale(unit)) for value in values]) * unit


def _coordinate(of_each: list[Any]) -> Any:
    """Entries as an array of one axis: in the unit of the first one if each is a single number, else texts."""
    if all(not callable(value) and np.size(value) == 1 for value in of_each):
        try:
            split(of_each[0])
            first = of_each[0]
            if is_quantity(first):
                numbers = [float(np.asarray(value.rescale(first.units)).reshape(-1)[0]) for value in of_each]
                return np.array(numbers) * first.units
            plain = np.array([np.asarray(value).reshape(-1)[0] for value in of_each])
            if plain.dtype.kind in "biuf":
                return plain
        except NumbadynError:
            pass
    texts = np.empty(len(of_each), object)
    texts[:] = [text_of(value) for value in of_each]
    return texts


def check_batch(batch: Any, shared: Any, target: str) -> int | None:
    """How many replicas there are, None without a batch, after checking what users say of it."""
    if shared is not None and (batch is None or not isinstance(shared, str) or shared != "connectivity"):
        raise TargetError(
            f"shared is {shared!r}" + (", without a batch." if batch is None else "."),
            where="Simulator(shared=...)",
            cure="Give shared='connectivity' with batch=..., for replicas that have the same synapses.",
            shared=shared,
        )
    if batch is None:
        return None
    if isinstance(batch, bool) or not isinstance(batch, int | np.integer) or not 1 <= batch <= _MOST:
        raise TargetError(
            f"batch is {batch!r}.",
            where="Simulator(batch=...)",
            cure=f"Give the number of replicas, such as batch=64, up to {_MOST}; more than memory holds are a sweep.",
            batch=batch,
        )
    if not TARGETS[target].batches:
        able = " or ".join(repr(name) for name, row in TARGETS.items() if row.batches)
        raise UnsupportedFeatureError(
            f"Several replicas at once are what target={target!r} does not have yet.",
            where="Simulator(target=...)",
            cure=f"Choose {able}, or take a simulator for each replica.",
            target=target,
        )
    return int(batch)


def replica_seeds(seed: Any, batch: int | None, where: str = "Simulator(seed=...)") -> list[int]:
    """The seed of each replica: those given, or numbers from one seed upwards; a single one without a batch.

    Examples
    --------
    >>> replica_seeds(7, 3), replica_seeds([1, 5], 2), replica_seeds(7, None)
    ([7, 8, 9], [1, 5], [7])
    """
    if batch is None or isinstance(seed, int | np.integer | str) or seed is None:
        first = check_seed(seed, where)
        return [(first + number) % 2**64 for number in range(batch or 1)]
    try:
        seeds = list(seed)
    except TypeError:
        return [check_seed(seed, where)]
    if len(seeds) != batch:
        raise BatchLengthError(
            f"There are {len(seeds)} seeds for a batch of {batch} replicas.",
            where=where,
            cure="Give one for each replica, or one number that the first replica has and the others count up from.",
            seeds=len(seeds),
        )
    return [check_seed(one, where) for one in seeds]
