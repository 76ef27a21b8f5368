"""`Simulator`: the public face; binds a network to a time step, a target, a precision and a seed.

In: a network.  Out: runs and results.  It only joins the stages: trace, prepare, lower, build tables, load, run.
"""

from __future__ import annotations

import functools
import time
from typing import Any

import numpy as np

from numbadyn.errors import DurationError, InvalidParameterError, NonFiniteStateError, NotInitialisedError, RecordingError, SchedulingError, TargetError
from numbadyn.io.recordings import Recording, Result, Samples, Spikes
from numbadyn.ir.nodes import BindContext, Channel
from numbadyn.lowering.explain import explain
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.program import Program
from numbadyn.model import environ
from numbadyn.model.delays import longest_delays
from numbadyn.model.module import Module, init_missing_states, walk
from numbadyn.model.step import trace_step
from numbadyn.model.values import stored
from numbadyn.runtime.engine import RunOutcome, run_steps
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machines import CpuMachine, InterpreterMachine, Machine
from numbadyn.runtime.progress import make_progress
from numbadyn.units import TIME, describe, is_quantity, join, magnitude_in

__all__ = ["Simulator"]

_TARGETS = ("cpu", "interpret")


class Simulator:
    """A network, ready to run.

    Parameters
    ----------
    network : Module
        Usually a `DynamicsGroup`.
    dt : quantities.Quantity
        Time step.
    target : {"cpu", "interpret"}
        Compiled code, or the NumPy interpreter that defines the meaning; both give the same bits.
    threads : int
        Number of threads; 1 for now.
    precision : {64, 32}
        Bits of real numbers.
    seed : int
        Seed of everything random: first values, connectivity, draws inside the step.

    Raises
    ------
    TimeStepError, TargetError
        A bad argument.
    DimensionError, ShapeError, TracedValueError, UnsupportedFunctionError, SchedulingError
        A mistake in the model, found while its step is traced.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> neurons = nd.LIF(2, V_initializer=nd.init.Constant(-55 * mV))
    >>> sim = nd.Simulator(neurons, dt=1 * ms, target="interpret")
    >>> sim.record(neurons, "V", every=5 * ms)
    >>> print(sim.run(10 * ms)[neurons].V[:, 0].round(4))
    [-55.    -56.106] mV
    """

    def __init__(self, network: Module, dt: Any, target: str = "cpu", threads: int = 1, precision: int = 64, seed: int = 0) -> None:
        started = time.perf_counter()
        self.network = network
        self._dt = environ.time_step(dt, "Simulator(dt=...)")
        self.target = _checked_target(target, threads, precision)
        self.threads, self.precision, self.seed = threads, precision, _checked_seed(seed)
        if not isinstance(network, Module):
            raise TargetError(f"A network is a Module, but {network!r} is a {type(network).__name__}.", where="Simulator(network)", cure="Give a DynamicsGroup, a Dynamics or another Module.")
        _check_initialised(network)
        init_missing_states(network, self.seed)
        self.step = prepare(trace_step(network))
        self.context = BindContext(self._dt, self.seed, precision)
        self._spikes: dict[tuple[str, int, int], SpikeLog] = {}
        self._samples: dict[tuple[str, str], SampleLog] = {}
        self._machine: Machine | None = None
        self._tables: list[Any] | None = None
        self.seconds = {"trace": time.perf_counter() - started}
        self._note_delays()
        self._wiring = [(module, module.wiring()) for module in walk(network)]

    # ---- building ----------------------------------------------------------------------------------------------------

    def _note_delays(self) -> None:
        """Tell the modules how far back their histories reach, so that a longer delay registered later is refused."""
        for module in walk(self.network):
            module.__dict__["_built"] = {"dt": self._dt, **longest_delays(module, self._dt)}

    def _check_unchanged(self) -> None:
        """Refuse to run what is no longer the network that the user sees."""
        now = {id(module): module for module in walk(self.network)}
        built = {id(module): wiring for module, wiring in self._wiring}
        changed = [module for key, module in now.items() if key not in built or list(map(id, built[key])) != list(map(id, module.wiring()))]
        gone = [module for module, _ in self._wiring if id(module) not in now]
        for module in (*changed, *gone):
            raise SchedulingError(
                f"{module.path} was {'taken out of the network' if module in gone else 'added' if id(module) not in built else 'changed'} after the simulator was built.",
                where=module.path,
                cure="Make a new nd.Simulator; hooks, inputs, projections and populations come before it, and parameters are changed by x.tau.value = ...",
            )

    def _probes(self) -> list[int]:
        return [log.index for log in self._samples.values() if log.kind == "probe"]

    @functools.cached_property
    def tables(self) -> list[Any]:
        """Synapse tables, one a connection; built on first use."""
        started = time.perf_counter()
        real = np.dtype(f"float{self.precision}")
        tables = [connection.build(self.context, real) for connection in self.step.connections]
        self.seconds["build synapses"] = time.perf_counter() - started
        return tables

    @functools.cached_property
    def program(self) -> Program:
        """The lowered network, printable."""
        started = time.perf_counter()
        program = lower(self.step, self._probes(), {log.channel for log in self._spikes.values()})
        self.seconds["lower"] = time.perf_counter() - started
        return program

    @property
    def machine(self) -> Machine:
        """The network in memory."""
        if self._machine is None:
            if self.target == "interpret":
                self._machine = InterpreterMachine(self.step, self.context, self.tables, self._probes())
            else:
                self._machine = CpuMachine(self.program, self.context, self.tables, type(self.network).__name__)
        return self._machine

    def compile(self) -> Simulator:
        """Build the synapses and compile now (or load from the cache) instead of at the first run.

        Returns
        -------
        Simulator
            Itself; `seconds` says what took how long.
        """
        machine = self.machine
        if isinstance(machine, CpuMachine) and "compile" not in self.seconds:
            self.seconds["compile"] = machine.compile()
        return self

    @property
    def source(self) -> str:
        """Text of the generated module (empty for the interpreter)."""
        machine = self.machine
        return machine.source if isinstance(machine, CpuMachine) else ""

    def explain(self) -> str:
        """Order of a step, hooks, delays in steps, buffers with sizes and units, as text."""
        return explain(self.program, self.context, self.tables)

    # ---- recording ---------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """What is recorded has changed after the program was built."""
        if self._machine is None:
            self.__dict__.pop("program", None)
            return
        if self._machine.number:
            raise RecordingError("A new kind of recording was asked for after the run had begun.", where="Simulator.record", cure="Call record before the first run, or reset() first.")
        self._machine = None
        self.__dict__.pop("program", None)
        self.seconds.pop("compile", None)

    def record(
        self,
        module: Module,
        variable: str | None = None,
        *,
        spikes: bool = False,
        index: Any = None,
        every: Any = None,
        start: Any = None,
        stop: Any = None,
    ) -> None:
        """Record from now on: spikes as events, a variable as samples.

        Parameters
        ----------
        module : Module
            A module of the network.
        variable : str, optional
            A state, or the name of a computed value: ``"output"``, ``"current_inputs[key]"``, ``"delta_inputs[key]"``.
        spikes : bool
            Record every spike of the module's output.
        index : int, slice or sequence of int, optional
            Elements of the variable (flat numbers); all by default. Spikes are always recorded of all neurons.
        every : quantities.Quantity, optional
            Time between samples, a multiple of dt; each step by default.
        start, stop : quantities.Quantity, optional
            Window of time; the whole run by default.

        Raises
        ------
        RecordingError
            No such module, variable or element; `every` is not a multiple of dt.
        """
        path = self._path(module)
        if spikes:
            self._record_spikes(module, path)
        if variable is None:
            if not spikes:
                raise RecordingError(f"Nothing of {path} is named.", where=path, cure="Give a variable, or spikes=True.")
            given = [name for name, value in (("index", index), ("every", every), ("start", start), ("stop", stop)) if value is not None]
            if given:
                raise RecordingError(f"{', '.join(given)} of a recording of {path} would have no effect: spikes are recorded all.", where=path, cure="Leave it out, and select from result[module].spikes afterwards; or name a variable too.")
            return
        kind, number, shape, dtype = self._find(module, path, variable)
        size = int(np.prod(shape, dtype=np.int64))
        first, last = self._steps(start, "start", path, 0), self._steps(stop, "stop", path, np.iinfo(np.int64).max)
        if last <= first:
            raise RecordingError(f"stop={describe(stop)} is not after start={describe(start)}.", where=path, cure="Give an interval that holds at least one step.")
        log = SampleLog(kind, number, _elements(index, size, path, variable), self._steps(every, "every", path, 1), first, last, dtype)  # type: ignore[arg-type]
        if kind == "probe":
            self._changed()
        self._samples[path, variable] = log

    def _path(self, module: Any) -> str:
        if isinstance(module, Module) and any(m is module for m in walk(self.network)):
            return module.path
        raise RecordingError(f"{module!r} is not part of {self.network.path}.", where="Simulator.record", cure="Give a module of the network, such as net.E.")

    def _record_spikes(self, module: Module, path: str) -> None:
        node = self.step.outputs.get(path)
        if node is None or self.step.nodes[node].kind != "bool":
            what = "returns nothing" if node is None else f"returns {self.step.nodes[node].kind} values"
            raise RecordingError(f"{path} has no spikes: its update {what}.", where=path, cure="Record a module whose update returns a Boolean array.")
        size = self.step.nodes[node].size
        channel = self._spike_channel(path, node)
        self._changed_if_new(channel)
        self._spikes[path, 0, size] = SpikeLog(channel, 0, size, size)

    def _changed_if_new(self, channel: int) -> None:
        if "program" in self.__dict__ and channel not in self.program.events:
            self._changed()

    def _spike_channel(self, path: str, node: int) -> int:
        """The channel that samples an output; made if nobody reads it."""
        for number, channel in enumerate(self.step.channels):
            if channel.value == node and channel.kind == "bool":
                return number
        value = self.step.nodes[node]
        self.step.channels.append(Channel(f"{path}.output", node, value.shape, "bool", value.dimension, lambda context: np.zeros(value.shape, dtype=bool)))
        self._changed()
        return len(self.step.channels) - 1

    def _find(self, module: Module, path: str, variable: str) -> tuple[str, int, tuple[int, ...], np.dtype[Any]]:
        dtypes = {"real": np.dtype(f"float{self.precision}"), "int": np.dtype(np.int64), "bool": np.dtype(bool)}
        for number, spec in enumerate(self.step.states):
            if spec.name == f"{path}.{variable}":
                return "state", number, spec.shape, dtypes[spec.kind]
        if (path, variable) in self.step.probes:
            number = self.step.probes[path, variable]
            node = self.step.nodes[number]
            return "probe", number, node.shape, dtypes[node.kind]
        states = [spec.name.rsplit(".", 1)[-1] for spec in self.step.states if spec.owner is not None and spec.owner.owner is module]
        values = [name for owner, name in self.step.probes if owner == path]
        raise RecordingError(f"{path} has no variable {variable!r}.", where=path, cure=f"Its states are: {', '.join(states) or 'none'}; its computed values: {', '.join(values) or 'none'}.")

    def _steps(self, value: Any, name: str, path: str, default: int) -> int:
        if value is None:
            return int(default)
        if not is_quantity(value):
            raise RecordingError(f"{name}={value!r} has no unit.", where=path, cure=f"Give a time, such as {name}=1*ms.")
        given = np.asarray(magnitude_in(value, TIME, what=name, where=path))
        length = float(given.reshape(-1)[0]) if given.size == 1 else np.nan
        steps = round(length / self._dt) if np.isfinite(length) else -1
        if steps < (1 if name == "every" else 0) or abs(steps * self._dt - length) > 1e-6 * self._dt:
            raise RecordingError(f"{name} is {describe(value)}, which is not a whole number of steps of {self._dt:g} ms.", where=path, cure=f"Give a multiple of dt, {'at least one step' if name == 'every' else 'zero or more'}.")
        return steps

    # ---- running -----------------------------------------------------------------------------------------------------

    @property
    def dt(self) -> Any:
        """The time step."""
        return join(self._dt, TIME)

    @property
    def t(self) -> Any:
        """Simulated time so far."""
        return join((self._machine.number if self._machine else 0) * self._dt, TIME)

    def run(self, duration: Any, progress: Any = None) -> Result:
        """Run the network; called again, it goes on.

        Parameters
        ----------
        duration : quantities.Quantity
            Simulated time, positive, a multiple of dt.
        progress : bool or Progress, optional
            Show a bar; by default where somebody can see it.

        Returns
        -------
        Result
            What was recorded in this run. Ctrl-C returns what was recorded so far, and the run can go on.

        Raises
        ------
        DurationError
            Zero, negative, not finite or not a multiple of dt.
        NonFiniteStateError
            A state became NaN; the error's `result` holds what was recorded.
        """
        steps = _duration_steps(duration, self._dt)
        self._check_unchanged()
        bar = make_progress(progress)
        self.compile()
        outcome = run_steps(self.machine, steps, list(self._spikes.values()), list(self._samples.values()), bar)
        result = self._result(outcome)
        if outcome.nan_state is not None:
            raise self._nan_error(outcome, result)
        return result

    def _result(self, outcome: RunOutcome) -> Result:
        duration = (outcome.reached - outcome.first) * self._dt
        recordings: dict[str, dict[str, Any]] = {}
        for (path, _start, size), spikes in self._spikes.items():
            steps, indices = spikes.take()
            recordings.setdefault(path, {})["events"] = Spikes(steps, indices, self._dt, size, duration)
        for (path, variable), log in self._samples.items():
            steps, values = log.take()
            dimension = self.step.states[log.index].dimension if log.kind == "state" else self.step.nodes[log.index].dimension
            recordings.setdefault(path, {}).setdefault("samples", {})[variable] = Samples(steps, values, dimension, self._dt, log.elements)
        made = {path: Recording(path, parts.get("samples", {}), parts.get("events")) for path, parts in recordings.items()}
        paths = {id(module): module.path for module in walk(self.network)}
        return Result(made, outcome.first, outcome.reached, self._dt, outcome.seconds, outcome.interrupted, paths)

    def _nan_error(self, outcome: RunOutcome, result: Result) -> NonFiniteStateError:
        assert outcome.nan_state is not None
        spec = self.step.states[outcome.nan_state]
        values = self.machine.state(outcome.nan_state).reshape(-1)
        elements = np.flatnonzero(np.isnan(values))
        error = NonFiniteStateError(
            f"{spec.name} became NaN in element {elements[0]} ({elements.size} of {values.size} elements) between t = {max(outcome.checked, outcome.reached - 128) * self._dt:g} ms and {outcome.reached * self._dt:g} ms.",
            where=f"{spec.name}[{elements[0]}]",
            cure="Look for a division by zero, a logarithm or power of a negative number, or a time step too long for the fastest process; what was recorded is in the error's .result.",
        )
        error.result = result  # type: ignore[attr-defined]
        return error

    def reset(self) -> Simulator:
        """Back to the first values and to time zero; nothing is compiled or built anew.

        Returns
        -------
        Simulator
            Itself.
        """
        if self._machine is not None:
            self._machine.reset()
        return self

    def get(self, module: Module, variable: str) -> Any:
        """Present value of a state, with its unit and shape.

        Parameters
        ----------
        module : Module
            A module of the network.
        variable : str
            Name of a state.
        """
        kind, number, shape, _dtype = self._find(module, self._path(module), variable)
        if kind != "state":
            raise RecordingError(f"{variable!r} is not a state.", where=module.path, cure="Record it with sim.record.")
        return join(np.array(self.machine.state(number)).reshape(shape), self.step.states[number].dimension)

    def set(self, module: Module, variable: str, value: Any) -> None:
        """Overwrite a state between runs.

        Parameters
        ----------
        module : Module
            A module of the network.
        variable : str
            Name of a state.
        value : array or quantity
            New values, of the state's unit and shape (or a single value).
        """
        path = self._path(module)
        kind, number, shape, dtype = self._find(module, path, variable)
        if kind != "state":
            raise RecordingError(f"{variable!r} is not a state.", where=path, cure="Only states can be set.")
        magnitude = np.asarray(magnitude_in(value, self.step.states[number].dimension, what=f"the new value of {path}.{variable}", where=path))
        if np.isnan(magnitude.astype(float)).any():
            raise InvalidParameterError(f"The new value of {path}.{variable} holds NaN.", where=path, cure="Give numbers.")
        self.machine.set_state(number, stored(magnitude, shape, dtype, f"{path}.{variable}"))


def _checked_target(target: str, threads: Any, precision: int) -> str:
    if target not in _TARGETS:
        raise TargetError(f"The target is {target!r}.", where="Simulator(target=...)", cure=f"Choose one of {', '.join(map(repr, _TARGETS))}.")
    if precision not in (32, 64):
        raise TargetError(f"The precision is {precision!r}.", where="Simulator(precision=...)", cure="Choose 64 or 32 (bits).")
    if isinstance(threads, bool) or not isinstance(threads, int) or threads != 1:
        raise TargetError(f"threads is {threads!r}; this version runs on one thread.", where="Simulator(threads=...)", cure="Leave threads out, or give 1.")
    return target


def _check_initialised(network: Module) -> None:
    """Refuse a network whose class has its own `__init__` and forgets that of its base, before names are missed."""
    if "_path" not in vars(network):
        kind = type(network).__name__
        raise NotInitialisedError(
            f"The {kind} is not ready: its __init__ does not call that of its base class.",
            where=f"{kind}.__init__",
            cure="Write super().__init__() as its first line.",
        )


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= int(seed) < 2**64:
        raise TargetError(f"The seed is {seed!r}.", where="Simulator(seed=...)", cure="Give a whole number from 0 to 2**64 - 1.")
    return int(seed)


def _duration_steps(duration: Any, dt: float) -> int:
    if not is_quantity(duration):
        raise DurationError(f"The duration is {duration!r}, without a unit.", where="Simulator.run(duration)", cure="Give a time, such as 100*ms.")
    length = np.asarray(magnitude_in(duration, TIME, what="The duration", where="Simulator.run(duration)"))
    if length.size != 1 or not np.isfinite(length).all() or float(length.reshape(-1)[0]) <= 0:
        raise DurationError(f"The duration is {describe(duration)}.", where="Simulator.run(duration)", cure="Give one positive time, such as 100*ms.")
    steps = round(float(length.reshape(-1)[0]) / dt)
    if steps >= 2**62:
        raise DurationError(f"The duration is {describe(duration)}, more steps of {dt:g} ms than can be counted.", where="Simulator.run(duration)", cure="Check its unit.")
    if steps < 1 or abs(steps * dt - float(length.reshape(-1)[0])) > 1e-6 * max(dt, steps * dt * 1e-6):
        raise DurationError(f"The duration is {describe(duration)}, which is not a whole number of steps of {dt:g} ms.", where="Simulator.run(duration)", cure="Give a multiple of dt.")
    return steps


def _elements(index: Any, size: int, path: str, variable: str) -> Any:
    everything = np.arange(size, dtype=np.int64)
    if index is None:
        return everything
    try:
        chosen = np.atleast_1d(everything[index])
    except IndexError as error:
        raise RecordingError(f"index={index!r} does not fit {path}.{variable}, which has {size} elements.", where=path, cure=f"Give flat element numbers below {size}.") from error
    if not chosen.size:
        raise RecordingError(f"index={index!r} chooses no element of {path}.{variable}.", where=path, cure="Give at least one element.")
    return np.ascontiguousarray(chosen.reshape(-1))
