"""Recordings of a run, with names and units.

In: arrays of steps, indices and values, with dimensions.  Out: `Result`, indexed by the user's modules.  Must not know:
targets.

Of a batch of replicas, samples have an axis of replicas in front, and spikes say their replica; `Result.coords` says
what each of them was bound to, `Result.sel` and `Result.replicas` choose some, `Result.replica` is the result of one.
Without a batch there is no such axis.

Times: a sample of a state is its value at the start of a step, t_n = n dt.  A spike emitted in step m is stamped with
the end of that step, (m + 1) dt.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import NotRecordedError, RecordingError
from numbadyn.io.coordinates import Coordinates, at, chosen, replica_numbers, shown
from numbadyn.io.export import Exports
from numbadyn.io.export.npz import read_npz
from numbadyn.io.paths import Paths
from numbadyn.io.profile import Profile
from numbadyn.io.provenance import Provenance
from numbadyn.io.reduce.base import Reduced
from numbadyn.io.spikes import Spikes
from numbadyn.io.stored.lazy import LazyArray, StackedReplicas
from numbadyn.io.stored.opening import open_folder
from numbadyn.io.stored.quantity import StoredQuantity
from numbadyn.model.synonyms import known_as
from numbadyn.model.view import View, view_of
from numbadyn.units import TIME, Dimension, join

__all__ = ["Recording", "Result", "Samples", "Spikes"]


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of one variable: steps, values, dimension, and which elements these are.

    The values have the shape (samples, elements), in a batch (replicas, samples, elements). Those of a run with a
    memory budget may be on disk, from where slices are read (`LazyArray`, `StoredQuantity`).
    """

    steps: Any
    values: Any
    dimension: Dimension
    dt: float
    elements: NDArray[np.int64] | None = None

    @property
    def t(self) -> Any:
        """Sampling times, with unit."""
        return join(self.steps * self.dt, TIME)

    @property
    def data(self) -> Any:
        """Values with their unit, of the shape of `values`."""
        if isinstance(self.values, LazyArray):
            return self.values if self.dimension.is_dimensionless else StoredQuantity(self.values, self.dimension)
        return join(self.values, self.dimension)

    def replica(self, number: int) -> Samples:
        """Those of one replica of a batch."""
        stacked = isinstance(self.values, StackedReplicas)
        return replace(self, values=self.values.replica(number) if stacked else self.values[number])

    def of_replicas(self, numbers: NDArray[np.int64]) -> Samples:
        """Those of chosen replicas of a batch, in the order given."""
        stacked = isinstance(self.values, StackedReplicas)
        return replace(self, values=self.values.of_replicas(numbers) if stacked else self.values[numbers])


@dataclass(eq=False)
class Recording(Exports):
    """What was recorded of one module: `spikes`, and each variable as an attribute or by ``[name]``.

    Attributes
    ----------
    name : str
        Path of the module.
    part : tuple, optional
        Of a part of a population: path of the population, elements.
    head : Result, optional
        The result that it belongs to, without its recordings.
    reduced : dict of str to Reduced
        What was computed while the network ran, by name; each is an attribute, too.
    """

    name: str
    samples: dict[str, Samples] = field(default_factory=dict)
    events: Spikes | None = None
    part: tuple[str, NDArray[np.int64]] | None = None
    head: Result | None = field(default=None, repr=False)
    reduced: dict[str, Reduced] = field(default_factory=dict)
    _single: ClassVar[bool] = True

    def replica(self, number: int) -> Recording:
        """What was recorded of it in one replica of a batch."""
        samples = {variable: samples.replica(number) for variable, samples in self.samples.items()}
        events = None if self.events is None else self.events.replica(number)
        head = None if self.head is None else self.head.replica(number)
        reduced = {name: found.replica(number) for name, found in self.reduced.items()}
        return Recording(self.name, samples, events, self.part, head, reduced)

    def _exported(self) -> Result:
        if self.head is None:
            raise RecordingError(
                f"This recording of {self.name} belongs to no result, so that nobody knows when it was made.",
                where=self.name,
                cure="Take it from a result: result[module].",
            )
        return replace(self.head, recordings={self.name: self})

    def of_replicas(self, numbers: NDArray[np.int64]) -> Recording:
        """What was recorded of it in chosen replicas of a batch."""
        samples = {variable: samples.of_replicas(numbers) for variable, samples in self.samples.items()}
        events = None if self.events is None else self.events.of_replicas(numbers)
        head = None if self.head is None else self.head.replicas(numbers)
        reduced = {name: found.of_replicas(numbers) for name, found in self.reduced.items()}
        return Recording(self.name, samples, events, self.part, head, reduced)

    def _found(self) -> dict[str, Samples | Reduced]:
        return {**self.reduced, **self.samples}

    def __post_init__(self) -> None:
        for variable, found in self._found().items():
            if variable.isidentifier() and not hasattr(type(self), variable) and variable not in vars(self):
                setattr(self, variable, found.data)

    def __getattr__(self, variable: str) -> Any:
        """Say of a variable that there is no recording of it; names that begin with an underscore are Python's own."""
        if variable.startswith("_") or "samples" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {variable!r}")
        return self._find(variable).data

    @property
    def spikes(self) -> Spikes:
        """The spikes.

        Raises
        ------
        RecordingError
            They were not recorded.
        """
        if self.events is None:
            raise RecordingError(
                f"The spikes of {self.name} were not recorded.",
                where=self.name,
                cure="Call sim.record(module, spikes=True) before the run.",
                name=self.name,
            )
        return self.events

    def __getitem__(self, variable: str) -> Any:
        """Values of a variable with unit, shape (samples, elements); or what a reducer of this name has found."""
        return self._find(variable).data

    def t(self, variable: str) -> Any:
        """Sampling times of a variable; where the bins of a reducer begin."""
        return self._find(variable).t

    def _find(self, variable: str) -> Samples | Reduced:
        variable = known_as(variable, {*self.samples, *self.reduced})
        if variable in self.reduced and variable not in self.samples:
            return self.reduced[variable]
        if variable not in self.samples:
            known = ", ".join([*self.samples, *self.reduced]) or "no variable"
            raise NotRecordedError(
                f"{variable!r} of {self.name} was not recorded.",
                where=self.name,
                cure=f"Recorded: {known}; call sim.record(module, {variable!r}) before the run.",
                variable=variable,
                name=self.name,
            )
        return self.samples[variable]


@dataclass(eq=False)
class Result(Exports):
    """What a run recorded.

    Attributes
    ----------
    duration : Quantity
        Simulated time of this run.
    seconds : float
        Wall time of the time loop.
    interrupted : bool
        Whether Ctrl-C ended the run early; everything up to then is here.
    ended : str
        Why the run ended: ``"duration"`` if it came to its end, ``"interrupt"`` after Ctrl-C, ``"error"`` where this is
        the result of an error, or the word of what was asked to end it.
    batch : int or None
        Number of replicas; None where there is no batch.
    coords : dict
        What each replica was bound to: ``"seed"``, then paths such as ``"E.tau"`` -> an array with an entry for each
        replica, with its unit; texts where a value is no single number. Of one replica, a single value each.
    provenance : Provenance
        How it was made: versions, structure, parameters with units, seeds, machine, times.
    profile : Profile or None
        What the time was spent on, of a run with ``profile=True``.
    """

    recordings: dict[str, Recording]
    first: int
    last: int
    dt: float
    seconds: float
    interrupted: bool = False
    paths: Paths | None = None
    batch: int | None = None
    ended: str = "duration"
    provenance: Provenance = field(default_factory=lambda: Provenance({}))
    coords: Coordinates = field(default_factory=dict)
    profile: Profile | None = None

    def __post_init__(self) -> None:
        """Tell recordings what they belong to, so that each can be exported by itself."""
        if self.recordings:
            head = replace(self, recordings={})
            self.recordings = {name: replace(recording, head=head) for name, recording in self.recordings.items()}

    def _exported(self) -> Result:
        return self

    @classmethod
    def from_npz(cls, path: str | os.PathLike[str]) -> Result:
        """Read a file that `to_npz` has written.

        Parameters
        ----------
        path : str or path
            Of the file.

        Returns
        -------
        Result
            The same bits; modules are known by their paths, ``result["EINet.E"]``. A `ResultFileError` if it is no such
            file, or damaged.
        """
        result: Result = read_npz(path, cls, Recording, Samples, Spikes)
        return result

    @classmethod
    def from_zarr(cls, path: str | os.PathLike[str]) -> Result:
        """Open the folder of a run that has written recordings to disk; of one that was killed, what it has left.

        Parameters
        ----------
        path : str or path
            Of the folder, such as ``"recordings/run-0000.zarr"`` of ``run(..., spill="recordings")``. What has stayed
            in memory, since it fitted into the budget, is not there.

        Returns
        -------
        Result
            It reads from the folder what is asked for; modules are known by their paths. A `ResultFileError` if it is
            no such folder.
        """
        result: Result = open_folder(path, cls, Recording, Samples, Spikes)
        return result

    def replica(self, number: int) -> Result:
        """What one replica of a batch recorded, as a run of it alone would have.

        Raises
        ------
        NoBatchError
            The result has no batch.
        CoordinateError
            There is no such replica.
        """
        (found,) = replica_numbers(self.batch, [number])
        recordings = {name: recording.replica(found) for name, recording in self.recordings.items()}
        provenance = self.provenance.of_replica(int(found))
        return replace(self, recordings=recordings, batch=None, coords=at(self.coords, found), provenance=provenance)

    def replicas(self, numbers: Any) -> Result:
        """What some replicas of a batch recorded; it is a batch too, with these replicas in the order given.

        Parameters
        ----------
        numbers : sequence of int
            Which ones; a replica that is named twice is there twice.

        Raises
        ------
        NoBatchError, CoordinateError
            As of `Result.replica`.
        """
        found = replica_numbers(self.batch, numbers)
        recordings = {name: recording.of_replicas(found) for name, recording in self.recordings.items()}
        coords, provenance = at(self.coords, found), self.provenance.of_replicas(found.tolist())
        return replace(self, recordings=recordings, batch=len(found), coords=coords, provenance=provenance)

    def sel(self, values: Mapping[str, Any] | None = None, **named: Any) -> Result:
        """The replicas that have given values, as a batch.

        Parameters
        ----------
        values : mapping, optional
            Name of a coordinate, such as ``"E.tau"`` -> a value, or several of which any will do.
        **named
            The same; the last part of a name is enough where no other coordinate has it: ``sel(tau=10 * ms)``.

        Raises
        ------
        NoBatchError
            The result has no batch.
        CoordinateError
            There is no such coordinate, or no replica with these values.
        DimensionError
            A value in another unit.
        """
        return self.replicas(chosen(self.coords, {**(values or {}), **named}))

    @property
    def duration(self) -> Any:
        """Simulated time of this run."""
        return join((self.last - self.first) * self.dt, TIME)

    @property
    def real_time_factor(self) -> float:
        """Wall time over simulated time."""
        return self.seconds / max((self.last - self.first) * self.dt * 1e-3, 1e-300)

    @property
    def t(self) -> Any:
        """Sampling times, where all recorded variables share them.

        Raises
        ------
        RecordingError
            Nothing was sampled, or variables were sampled at different times.
        """
        found = [samples for recording in self.recordings.values() for samples in recording.samples.values()]
        if not found:
            raise RecordingError(
                "No variable was sampled.", where="result.t", cure="Call sim.record(module, 'V') before the run."
            )
        if any(not np.array_equal(samples.steps, found[0].steps) for samples in found[1:]):
            raise RecordingError(
                "Variables were sampled at different times.", where="result.t", cure="Use result[module].t('V')."
            )
        return found[0].t

    def __getitem__(self, module: Any) -> Recording:
        """What was recorded of a module, given itself or its path, with or without the name of the network.

        A result that was pickled or copied knows modules by their paths only.

        Raises
        ------
        RecordingError
            Nothing was recorded of it, or it took no part in the run.
        """
        part = view_of(module)
        if part is not None:
            return self._of_part(part)
        path = module if isinstance(module, str) else getattr(module, "path", repr(module))
        if self.paths is not None and not isinstance(module, str):
            known = self.paths.find(module)
            if known is None:
                raise RecordingError(
                    f"{module!r} took no part in this run.",
                    where=str(path),
                    cure="Give a module of the network that was simulated, or a path: "
                    f"{', '.join(map(repr, self.recordings)) or 'nothing was recorded'}.",
                    module=module,
                )
            path = known
        if path not in self.recordings and isinstance(module, str):
            path = next((name for name in self.recordings if name.partition(".")[2] == path), path)
        if path not in self.recordings:
            raise RecordingError(
                f"Nothing was recorded of {path}.",
                where=str(path),
                cure=f"Recorded: {', '.join(self.recordings) or 'nothing'}; call sim.record before the run.",
            )
        return self.recordings[path]

    def __iter__(self) -> Iterator[str]:
        """Paths of what was recorded."""
        return iter(self.recordings)

    def __contains__(self, module: object) -> bool:
        """Whether something was recorded of a module, given as in ``result[module]``."""
        try:
            return self[module] is not None
        except RecordingError:
            return False

    def _of_part(self, view: View) -> Recording:
        """What was recorded of a part of a population: of the same neurons in the same order."""
        path = view.population.path if self.paths is None else self.paths.find(view.population)
        for recording in self.recordings.values():
            if recording.part is None:
                continue
            of, elements = recording.part
            if of == path and np.array_equal(elements, view.elements):
                return recording
        raise RecordingError(
            f"Nothing was recorded of {view.path}.",
            where=view.path,
            cure=f"Recorded: {', '.join(self.recordings) or 'nothing'}; of the whole population select by numbers, "
            "result[E].V[:, view.elements].",
        )

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: all but who the modules were."""
        return {**vars(self), "paths": None}

    def __repr__(self) -> str:
        parts = []
        for recording in self.recordings.values():
            what = ([f"{recording.events.count} spikes"] if recording.events is not None else []) + [
                f"{name} {found.values.shape}" for name, found in recording._found().items()
            ]
            parts.append(f"{recording.name}: {', '.join(what)}")
        state = ", interrupted" if self.interrupted else "" if self.ended == "duration" else f", ended by {self.ended}"
        batch = "" if self.batch is None else f", a batch of {self.batch} over {shown(self.coords)}"
        return (
            f"<Result of {(self.last - self.first) * self.dt:g} ms{batch}{state}; "
            f"{'; '.join(parts) or 'nothing recorded'}>"
        )
