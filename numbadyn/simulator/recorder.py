"""What is to be recorded: requests by module and name become logs, and logs become results.

In: requests with units.  Out: spike and sample logs for the runtime; after a run, a `Result`.  Must not know: targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import RecordingError
from numbadyn.io.chosen import Chosen
from numbadyn.io.coordinates import Coordinates
from numbadyn.io.paths import Paths
from numbadyn.io.provenance import Provenance
from numbadyn.io.recordings import Recording, Result, Samples, Spikes
from numbadyn.io.reduce.between import SINCE, placed_between
from numbadyn.io.stored.lazy import ConstantRuns, LazyArray, join_rows
from numbadyn.ir.analysis import live
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import Channel, Step
from numbadyn.lowering.waits.blocks import Look
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.values import Parameter
from numbadyn.model.view import view_of, whole_of
from numbadyn.runtime.engine import RunOutcome
from numbadyn.runtime.logs import Logs, SampleLog, SpikeLog
from numbadyn.simulator.elements import elements_of
from numbadyn.simulator.measured import Held, Measured
from numbadyn.simulator.order import UserOrder
from numbadyn.simulator.variables import variable_in
from numbadyn.units import TIME, Dimension, describe, is_quantity, magnitude_in

__all__ = ["Recorder"]


Key = TypeVar("Key")
Log = TypeVar("Log", SpikeLog, SampleLog)


class Recorder:
    """Requests to record, and their logs.

    Parameters
    ----------
    network : Module
        The network.
    step : Step
        Its prepared step; a channel is added where spikes are recorded that nobody reads.
    dt : float
        Time step in ms.
    precision : int
        Bits of reals.
    order : UserOrder
        How many elements there are, and in which order users see them.
    replicas : int, optional
        How many replicas are in the batch; None where there is no batch.
    """

    def __init__(
        self,
        network: Module,
        step: Step,
        dt: float,
        precision: int,
        order: UserOrder,
        replicas: int | None = None,
    ) -> None:
        self._order, self.batch = order, replicas
        self.network, self.step, self.dt, self.precision = network, step, dt, precision
        #: Modules by id, with the names that they had when the step was traced; others may rename them later.
        self.modules = {id(module): (module, module.path) for module in walk(network)}
        #: Logs of each request, one a replica.
        self._spikes: dict[str, list[SpikeLog]] = {}
        self._samples: dict[tuple[str, str], list[SampleLog]] = {}
        #: What is recorded of synapses: path of the projection and the index that was asked for.
        self._of_synapses: dict[str, tuple[str, Any]] = {}
        #: What is computed while the network runs, by the names of the recording and of the reducer.
        self.measured: dict[tuple[str, str], Measured] = {}
        #: Keys of logs that reducers alone need.
        self.hidden: set[Any] = set()
        #: Name of a recorded part of a population -> path of the population, elements.
        self._parts: dict[str, tuple[str, NDArray[np.int64]]] = {}

    def know(self, network: Module) -> None:
        """Take the modules of another network of the same structure for those of the same paths."""
        self.modules |= {id(module): (module, module.path) for module in walk(network)}

    @property
    def logs(self) -> list[Logs]:
        """All logs of each replica."""
        return [
            Logs([logs[number] for logs in self._spikes.values()], [logs[number] for logs in self._samples.values()])
            for number in range(self.batch or 1)
        ]

    @property
    def samples_by_name(self) -> dict[tuple[str, str], list[SampleLog]]:
        """Logs of samples by module and variable, one a replica, in the order of `logs`."""
        return dict(self._samples)

    @property
    def spikes_by_name(self) -> dict[str, list[SpikeLog]]:
        """Logs of spikes by population, one a replica, in the order of `logs`."""
        return dict(self._spikes)

    def shown(self, logs: dict[Key, list[Log]]) -> dict[Key, list[Log]]:
        """Those logs whose content users have asked for."""
        return {key: of for key, of in logs.items() if key not in self.hidden}

    def hold_all(self) -> None:
        """Let all logs hold all of a run."""
        for spikes in self._spikes.values():
            for log in spikes:
                log.room = log.drain = None
        for samples in self._samples.values():
            for sampled in samples:
                sampled.room = None

    def part_of(self, name: str) -> Chosen | None:
        """Which neurons of a population are recorded under a name; None where all are."""
        part = self._parts.get(name)
        return None if part is None else Chosen(self._spikes[name][0].width, part[1])

    def about(self, key: tuple[str, str], due: range) -> dict[str, Any]:
        """What is to be known of samples, in plain values."""
        log = self._samples[key][0]
        dimension = self.dimension_of(log)
        return {
            "population": key[0],
            "variable": key[1],
            "unit": dimension.name,
            "exponents": [str(exponent) for exponent in dimension.exponents],
            "first_step": due.start,
            "every_steps": due.step,
            "numbers": log.called.tolist(),
        }

    def dimension_of(self, log: SampleLog) -> Dimension:
        """What its values measure."""
        of = self.step.states if log.kind == "state" else self.step.nodes
        return of[log.index].dimension

    @property
    def looks(self) -> list[Look]:
        """When samples are taken: states before a step, computed values behind it."""
        return [
            Look(f"recording of {log.name}", log.every, log.first + (log.kind == "probe"))
            for log, *_others in self._samples.values()
        ]

    @property
    def probes(self) -> list[int]:
        """Nodes of computed values that are sampled."""
        return [logs[0].index for logs in self._samples.values() if logs[0].kind == "probe"]

    @property
    def channels(self) -> set[int]:
        """Channels whose spikes are recorded."""
        return {logs[0].channel for logs in self._spikes.values()}

    def add(
        self,
        module: Module,
        variable: str | None,
        *,
        spikes: bool,
        index: Any,
        every: Any,
        start: Any,
        stop: Any,
        collected: set[int],
        running: bool,
    ) -> bool:
        """Take a request; see `Simulator.record`.

        Parameters
        ----------
        module, variable, spikes, index, every, start, stop
            As of `Simulator.record`.
        collected : set of int
            Channels whose events the program collects anyway.
        running : bool
            Whether the network has been advanced, so that a past that was not kept is lost.

        Returns
        -------
        bool
            Whether the program must be built anew.
        """
        part, module = view_of(module), whole_of(module)
        path, channels = self.path(module), len(self.step.channels)
        variable = None if variable is None else variable_in(self.step, path, variable)
        name = path if part is None else path + part.text
        if part is not None:
            if variable is not None:
                index = part.elements if index is None else part[index].elements
            self._parts[name] = (path, part.elements)
        sample_log = (
            self.sample_log(module, path, variable, index, every, start, stop) if variable is not None else None
        )
        if variable is None:
            self._only_spikes(path, spikes, {"index": index, "every": every, "start": start, "stop": stop})
        spike_log = self.spike_log(path) if spikes else None  # last, since it may add a channel to the step
        changed = self.settle(path, variable, spike_log, sample_log, collected, running, channels)
        if spike_log is not None:
            self.put(self._spikes, name, spike_log)
        if sample_log is not None and variable is not None:
            self.put(self._samples, (name, variable), sample_log)
        return changed

    def put(self, logs: dict[Any, list[Log]], key: Any, log: Log) -> None:
        """Take a log for each replica, whose content users want."""
        logs[key] = [replace(log) for _ in range(self.batch or 1)]
        self._place_synapses(logs[key])
        self.hidden.discard(key)

    def settle(
        self,
        path: str,
        variable: str | None,
        spike_log: SpikeLog | None,
        sample_log: SampleLog | None,
        collected: set[int],
        running: bool,
        channels: int,
    ) -> bool:
        """Whether the program must be built anew for new logs; refuse what needs a past that was not kept."""
        changed = spike_log is not None and spike_log.channel not in collected
        changed |= sample_log is not None and sample_log.kind == "probe" and sample_log.index not in self.probes
        if changed and running:
            before = self._readers_of_the_past(self.probes, channels)
            added = [sample_log.index] if sample_log is not None and sample_log.kind == "probe" else []
            if self._readers_of_the_past([*self.probes, *added]) - before:
                del self.step.channels[channels:]
                raise RecordingError(
                    f"{path}.{variable or 'output'} is computed from a past that nothing else reads, and that was not "
                    "kept since the run began.",
                    where=path,
                    cure="Call record before the first run, or sim.reset() first.",
                    path=path,
                )
        return changed

    def _readers_of_the_past(self, probes: list[int], channels: int | None = None) -> set[int]:
        """Nodes that a step with the first channels must compute, and that read what was before it."""
        roots = [*self.step.writes.values(), *(channel.value for channel in self.step.channels[:channels])]
        order = live(self.step, [*roots, *probes])
        traits = {index: self.step.nodes[index].traits for index in order}
        return {index for index in order if traits[index].from_past or traits[index].accumulates}

    @staticmethod
    def _only_spikes(path: str, spikes: bool, options: dict[str, Any]) -> None:
        """Refuse a request that names nothing, and options that spikes do not have."""
        if not spikes:
            raise RecordingError(
                f"Nothing of {path} is named.", where=path, cure="Give a variable, or spikes=True.", path=path
            )
        given = [name for name, value in options.items() if value is not None]
        if given:
            raise RecordingError(
                f"{', '.join(given)} of a recording of {path} would have no effect: all spikes are recorded.",
                where=path,
                cure="Leave it out, and select from result[module].spikes afterwards; or name a variable too.",
                given=given,
                path=path,
            )

    def sample_log(
        self, module: Module, path: str, variable: str, index: Any, every: Any, start: Any, stop: Any, label: str = ""
    ) -> SampleLog:
        """A log of a variable, for the first replica; what it is called may end with a label."""
        variable = variable_in(self.step, path, variable)
        kind, number, shape, dtype = self.find(module, path, variable)
        first, last = self.window(path, start=start, stop=stop)
        synapses = kind == "state" and self.step.states[number].space.synapses is not None
        name = f"{path}.{variable}{label}"
        elements = elements_of(None if synapses else index, shape, name, path)
        log = SampleLog(kind, number, elements, self._steps(every, "every", path, 1), first, last, dtype, name)
        if synapses:
            self._of_synapses[log.name] = (path, index)
            log.numbers = self._chosen_synapses(log)
        return log

    def _chosen_synapses(self, log: SampleLog) -> NDArray[np.int64]:
        """Numbers of the synapses that are recorded, which all replicas have."""
        path, index = self._of_synapses[log.name]
        counts = sorted(set(self._order.counts(self.step.states[log.index].space)))
        if len(counts) > 1 and (index is None or isinstance(index, slice)):
            raise RecordingError(
                f"Replicas have from {counts[0]} to {counts[-1]} synapses of {path}, so that not the same can be "
                "recorded of each.",
                where=path,
                cure=f"Give the numbers of some that all have, index=[0, 1, 2], below {counts[0]}; or let replicas "
                "share their synapses: nd.Simulator(..., shared='connectivity').",
                name=log.name,
            )
        chosen: NDArray[np.int64] = elements_of(index, (counts[0],), log.name, path)
        return chosen

    def window(self, path: str, *, start: Any, stop: Any, every: Any = None) -> tuple[int, int]:
        """A window of time in steps, without an end by default."""
        first, last = self._steps(start, "start", path, 0), self._steps(stop, "stop", path, np.iinfo(np.int64).max)
        if last <= first:
            raise RecordingError(
                f"stop={describe(stop)} is not after start={describe(start)}.",
                where=path,
                cure="Give an interval that holds at least one step.",
                stop=stop,
                start=start,
            )
        return first, last

    def follow_synapses(self) -> None:
        """Find what is recorded of synapses again, after they have been drawn anew."""
        for logs in self._samples.values():
            if logs[0].name in self._of_synapses:
                numbers = self._chosen_synapses(logs[0])
                for log in logs:
                    log.numbers = numbers
                self._place_synapses(logs)

    def _place_synapses(self, logs: Sequence[SampleLog | SpikeLog]) -> None:
        """Find where the recorded synapses lie in each replica."""
        for replica, log in enumerate(logs):
            if isinstance(log, SampleLog) and log.numbers is not None:
                log.elements = self._order.places(self.step.states[log.index].space, log.numbers, replica)

    def path(self, module: Any) -> str:
        """Path of a module of the network; an error for anything else."""
        if id(module) in self.modules:
            return self.modules[id(module)][1]
        raise RecordingError(
            f"{module!r} is not part of {self.network.path}.",
            where="Simulator.record",
            cure="Give a module of the network, such as net.E.",
            module=module,
        )

    def spike_log(self, path: str) -> SpikeLog:
        """A log of the spikes of a population, for which the step may get a channel."""
        node = self.step.outputs.get(path)
        if node is None or self.step.nodes[node].kind != "bool":
            what = "returns no array" if node is None else f"returns {self.step.nodes[node].kind} values"
            raise RecordingError(
                f"{path} has no spikes: its update {what}.",
                where=path,
                cure="Record a module whose update returns a Boolean array.",
                path=path,
                subject=what,
            )
        size = self.step.nodes[node].size
        return SpikeLog(self._spike_channel(path, node), 0, size, size)

    def _spike_channel(self, path: str, node: int) -> int:
        """The channel that samples an output; made if nobody reads it."""
        for number, channel in enumerate(self.step.channels):
            if channel.value == node and channel.kind == "bool":
                return number
        value = self.step.nodes[node]
        self.step.channels.append(
            Channel(
                f"{path}.output",
                node,
                value.shape,
                "bool",
                value.dimension,
                lambda _context, _lag: False,
            )
        )
        return len(self.step.channels) - 1

    def find(
        self, module: Module, path: str, variable: str
    ) -> tuple[Literal["state", "probe"], int, tuple[int, ...], np.dtype[Any]]:
        """Kind, number, shape and dtype of a state or computed value; an error that lists what there is."""
        if not isinstance(variable, str):
            reducer = getattr(variable, "__name__", "") if isinstance(variable, type) else ""
            raise RecordingError(
                f"A variable of {path} is named {variable!r}, which is no text.",
                where=path,
                cure=f"Give a reducer with brackets, {reducer}(...)."
                if reducer
                else "Give one name, such as 'V', or one after the other: sim.record(module, 'V', 'w').",
                variable=variable,
            )
        variable = variable_in(self.step, path, variable)
        for number, spec in enumerate(self.step.states):
            if spec.name == f"{path}.{variable}":
                return "state", number, self._order.shape(spec.space), dtype_of(spec.kind, self.precision)
        if (path, variable) in self.step.probes:
            number = self.step.probes[path, variable]
            node = self.step.nodes[number]
            return "probe", number, node.shape, dtype_of(node.kind, self.precision)
        states = [
            spec.name.rsplit(".", 1)[-1]
            for spec in self.step.states
            if spec.owner is not None and spec.owner.owner is module
        ]
        values = [name for owner, name in self.step.probes if owner == path]
        if variable in module.states():
            raise RecordingError(
                f"{path}.{variable} is a state that no step reads or writes, so there is nothing to record.",
                where=path,
                cure="Call the module in the update of its group, or use the state in its own update.",
                variable=variable,
            )
        known = f"Its states are: {', '.join(states) or 'none'}; its computed values: {', '.join(values) or 'none'}."
        if isinstance(part := vars(module).get(variable), Module):
            known = f"It is a module of its own, {path}.{variable}, with the states {', '.join(part.states())}."
        if isinstance(part, Parameter):
            raise RecordingError(
                f"{path} has no variable {variable!r}; it is a parameter, which stays the same in a run.",
                where=path,
                cure=f"Read or change it between runs by its value: {path}.{variable}.value = ... {known}",
                variable=variable,
            )
        raise RecordingError(
            f"{path} has no variable {variable!r}.",
            where=path,
            cure=known,
            variable=variable,
        )

    def find_state(
        self, module: Module, path: str, variable: str, cure: str
    ) -> tuple[int, tuple[int, ...], np.dtype[Any]]:
        """Number, shape and dtype of a state; an error with a cure for anything else."""
        kind, number, shape, dtype = self.find(module, path, variable)
        if kind != "state":
            raise RecordingError(f"{variable!r} is not a state.", where=path, cure=cure, variable=variable)
        return number, shape, dtype

    def _steps(self, value: Any, name: str, path: str, default: int) -> int:
        if value is None:
            return int(default)
        if not is_quantity(value):
            raise RecordingError(
                f"{name}={value!r} has no unit.",
                where=path,
                cure=f"Give a time, such as {name}=1*ms.",
                name=name,
                value=value,
            )
        given = np.asarray(magnitude_in(value, TIME, what=name, where=path))
        length = float(given.reshape(-1)[0]) if given.size == 1 else np.nan
        steps = round(length / self.dt) if np.isfinite(length) else -1
        few = length < 0 or (name == "every" and length == 0)
        if steps < (1 if name == "every" else 0) or abs(steps * self.dt - length) > 1e-6 * self.dt:
            raise RecordingError(
                f"{name} is {describe(value)}"
                + ("." if few else f", which is not a whole number of steps of {self.dt:g} ms."),
                where=path,
                cure=f"Give a multiple of dt, {'at least one step' if name == 'every' else 'zero or more'}.",
                name=name,
                value=value,
                dt=self.dt,
            )
        return steps

    def result(self, outcome: RunOutcome, coords: Coordinates, provenance: Provenance, held: Held) -> Result:
        """What was recorded in a run, with names and units, and what the replicas of a batch were bound to."""
        duration = (outcome.reached - outcome.first) * self.dt
        recordings: dict[str, dict[str, Any]] = {}
        measured = held.reduced(outcome.reached)
        for path, spikes in self.shown(self._spikes).items():
            chosen = self._parts.get(path)
            size = spikes[0].width if chosen is None else int(chosen[1].size)
            events = self._events(held.spikes(path, spikes), size, duration)
            recordings.setdefault(path, {})["events"] = placed_between(events, measured.pop((path, SINCE), None))
        for (path, variable), logs in self.shown(self._samples).items():
            steps, values = held.samples((path, variable), logs)
            recordings.setdefault(path, {}).setdefault("samples", {})[variable] = Samples(
                steps, values, self.dimension_of(logs[0]), self.dt, logs[0].called
            )
        for (path, name), reduced in measured.items():
            recordings.setdefault(path, {}).setdefault("reduced", {})[name] = reduced
        made = {
            path: Recording(path, part=self._parts.get(path), **{"samples": {}, **parts})
            for path, parts in recordings.items()
        }
        paths, first, last = Paths(self.modules.values()), outcome.first, outcome.reached
        ending = outcome.interrupted, paths, self.batch, outcome.why
        return Result(made, first, last, self.dt, outcome.seconds, *ending, provenance=provenance, coords=coords)

    def _events(self, taken: list[tuple[Any, Any]], size: int, duration: float) -> Spikes:
        """Spikes of a population; in a batch those of one replica after the other."""
        if self.batch is None:
            return Spikes(*taken[0], self.dt, size, duration)
        counts = [len(steps) for steps, _indices in taken]
        steps, indices = (join_rows(parts) for parts in zip(*taken, strict=True))
        runs = ConstantRuns(counts)
        replicas = runs if isinstance(steps, LazyArray) else runs.read(0, len(runs))
        return Spikes(steps, indices, self.dt, size, duration, replicas, self.batch)
