"""`Simulator`: the public face; binds a network to a time step, a target, a precision and a seed.

In: a network.  Out: runs and results.  It only joins the stages: trace, prepare, lower, build tables, load, run.
"""

from __future__ import annotations

import functools
import time
from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError, RecordingError, TargetError
from numbadyn.io.recordings import Result
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.explain import explain
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.lowering.program import Program
from numbadyn.model import environ
from numbadyn.model.delays import longest_delays
from numbadyn.model.lifecycle import init_missing_states
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.step import trace_step
from numbadyn.model.values import stored
from numbadyn.model.variable import changes
from numbadyn.model.view import view_of, whole_of
from numbadyn.projections.building import made_by
from numbadyn.runtime import on_demand
from numbadyn.runtime.cuda.device import Device
from numbadyn.runtime.cuda.forecast import check_room
from numbadyn.runtime.cuda.machine import CudaMachine
from numbadyn.runtime.engine import RunOutcome, run_steps
from numbadyn.runtime.forecast import CURES, allocating, require, synapse_parts
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.machines import CompiledMachine, CpuMachine, InterpreterMachine, Machine
from numbadyn.runtime.progress import make_progress
from numbadyn.runtime.snapshot import Snapshot
from numbadyn.simulator.checks import (
    check_drawn,
    check_initialised,
    checked_delays,
    checked_launch,
    checked_seed,
    checked_target,
    duration_steps,
)
from numbadyn.simulator.endings import broken_guard, not_finite
from numbadyn.simulator.outside import left_out
from numbadyn.simulator.recorder import Recorder
from numbadyn.simulator.turns import TRACING, Turns, in_turn, keeping
from numbadyn.simulator.unchanged import Wiring
from numbadyn.units import TIME, join, magnitude_in

__all__ = ["Simulator"]


class Simulator:
    """A network, ready to run.

    Parameters
    ----------
    network : Module
        Usually a `DynamicsGroup`.
    dt : quantities.Quantity
        Time step.
    target : {"cpu", "interpret", "cuda"}
        Compiled code for the processor; the NumPy interpreter that defines the meaning, and gives the same bits; or
        compiled code for a GPU, which needs ``pip install "numbadyn[cuda13]"`` (see `numbadyn.doctor`).
    threads : int
        Number of threads; 1 for now.
    precision : {64, 32}
        Bits of real numbers.
    seed : int
        Seed of everything random: first values, connectivity, draws inside the step.
    reproducible : bool
        On a GPU, give the bits of the other targets: products that are rounded on their own, events and sums in order.
        By default sums of synaptic events meet in any order there, so that last digits differ from run to run. The
        other targets are always reproducible.
    launch : {"persistent", "graph", "single"}
        On a GPU: one kernel that stays for many steps; graphs of one kernel for each phase of a step; or plain launches
        of these, to look at them one by one.
    delays : {"up", "nearest", "exact"}
        What becomes of delays that are no multiple of dt, of reads and of projections, given or drawn: rounded up to
        whole steps; rounded to the nearest step, half a step up, as NEST and Brian2 do; or refused (those that change
        while the network runs are rounded up then).

    Notes
    -----
    A simulator keeps the states in memory of its own: `get` reads them and `set` writes them between runs. What is
    assigned to ``net.E.V.value`` counts as a first value, so it belongs before the simulator is made.

    Raises
    ------
    TimeStepError, TargetError
        A bad argument, or no GPU.
    MissingExtraError
        ``target="cuda"`` without its packages.
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

    def __init__(
        self,
        network: Module,
        dt: Any,
        target: str = "cpu",
        threads: int = 1,
        precision: int = 64,
        seed: int = 0,
        delays: str = "up",
        reproducible: bool = False,
        launch: str = "persistent",
    ) -> None:
        started = time.perf_counter()
        self._turns = Turns()
        self._under_way: Machine | None = None
        self.network = network
        self._dt = environ.time_step(dt, "Simulator(dt=...)")
        self.target = checked_target(target, threads, precision)
        self.threads, self.precision, self.seed = threads, precision, checked_seed(seed)
        if not isinstance(network, Module):
            raise TargetError(
                f"A network is a Module, but {network!r} is a {type(network).__name__}.",
                where="Simulator(network)",
                cure="Give a DynamicsGroup, a Dynamics or another Module.",
            )
        check_initialised(network)
        self.context = BindContext(self._dt, self.seed, precision, checked_delays(delays))
        with TRACING:
            init_missing_states(network, self.seed)
            self.step = prepare(trace_step(network, self.context))
        self.reproducible, self.launch = bool(reproducible), checked_launch(launch)
        self._device = Device() if self.target == "cuda" else None
        self._recorder = Recorder(network, self.step, self._dt, precision)
        self._machine: Machine | None = None
        self._taken: Snapshot | None = None
        self._filled_at = -1
        self.seconds = {"trace": time.perf_counter() - started}
        self._note_delays()
        self._wiring = Wiring(network)

    # ---- building ----------------------------------------------------------------------------------------------------

    def _note_delays(self) -> None:
        """Tell the modules how far back their histories reach, so that a longer delay registered later is refused.

        Projections are told the time step and the seed, which their synapses follow from.
        """
        for module in walk(self.network):
            module.__dict__["_built"] = {"dt": self._dt, **longest_delays(module, self._dt)}
        for connection in self.step.connections:
            connection.owner.__dict__["_bound_to"] = self.context

    @functools.cached_property
    def tables(self) -> list[Any]:
        """Synapse tables, one a connection; built on first use."""
        started = time.perf_counter()
        real = np.dtype(f"float{self.precision}")
        name, cure = self.step.name, CURES["synapses"]
        if self._device is None:
            parts = synapse_parts(self.step, self.precision)
            require(parts, what=f"The synapses of {name}", cure=cure)
            tables = []
            for connection in self.step.connections:
                with allocating(f"the synapses of {connection.name}", connection.name, cure):
                    tables.append(connection.build(self.context, real))
        else:
            check_room(self._device, self.step, self.precision)
            with made_by(functools.partial(on_demand.build_on_device, self._device)):
                tables = [connection.build(self.context, real) for connection in self.step.connections]
        self.seconds["build synapses"] = time.perf_counter() - started
        return tables

    @functools.cached_property
    def program(self) -> Program:
        """The lowered network, printable."""
        started = time.perf_counter()
        program = lower(self.step, self._recorder.probes, self._recorder.channels)
        self.seconds["lower"] = time.perf_counter() - started
        return program

    @property
    def machine(self) -> Machine:
        """The network in memory."""
        machine = self._machine
        begun = machine is None or machine.number > 0 or machine is self._under_way
        if machine is not None and not begun and self._filled_at != changes():
            self._filled_at = changes()
            if machine.fits():
                machine.refill()
            else:  # a parameter has made a delay longer than the histories that were planned
                self._take_down()
        if self._machine is None:
            self._filled_at = changes()
            name, cure = self.step.name, CURES["states"]
            with allocating(f"the states and histories of {name}", name, cure):
                made = self._made_machine()
                if self._taken is not None:
                    made.restore(self._taken)
            self._machine, self._taken = made, None
        return self._machine

    def _take_down(self) -> None:
        """Leave the machine, but keep what it holds for the one that is made next."""
        if self._machine is not None:
            self._taken = self._machine.snapshot()
            self._machine = None

    def _made_machine(self) -> Machine:
        """A network in memory, before its first step."""
        check_drawn(self.network, self.context)
        if self.target == "interpret":
            return InterpreterMachine(self.step, self.context, self.tables, self._recorder.probes)
        name = type(self.network).__name__
        if self._device is None:
            return CpuMachine(self.program, self.context, self.tables, name)
        return CudaMachine(
            self.program,
            self.context,
            self.tables,
            name,
            device=self._device,
            reproducible=self.reproducible,
            launch=self.launch,
        )

    @property
    def _number(self) -> int:
        """The next step."""
        held = self._machine or self._taken
        return 0 if held is None else held.number

    def compile(self) -> Simulator:
        """Build the synapses and compile now (or load from the cache) instead of at the first run.

        Returns
        -------
        Simulator
            Itself; `seconds` says what took how long.
        """
        with self._turns.take("compile") as interrupts:
            self._make_ready(interrupts)
        interrupts.check()
        return self

    def _make_ready(self, interrupts: Interrupts) -> None:
        """Build and compile; a second Ctrl-C gets out of it at once, the first one where nothing is half done."""
        new, taken = self._machine is None, self._taken
        try:
            with interrupts.opened():
                for part in (lambda: self.tables, lambda: self.machine, self._compile):
                    interrupts.check()
                    part()
            interrupts.check()
        except BaseException as error:
            if interrupts.count > 1:
                if new:
                    self._machine, self._taken = None, taken  # it may be half made
                if not isinstance(error, KeyboardInterrupt):  # compilers wrap what they do not know
                    raise KeyboardInterrupt from error
            raise

    def _compile(self) -> None:
        machine = self.machine
        if isinstance(machine, CompiledMachine) and "compile" not in self.seconds:
            self.seconds["compile"] = machine.compile()

    @property
    @in_turn(reading=True)
    def source(self) -> str:
        """Text of the generated module (empty for the interpreter)."""
        machine = self.machine
        return machine.source if isinstance(machine, CompiledMachine) else ""

    @in_turn(reading=True)
    def explain(self) -> str:
        """Order of a step, hooks, delays in steps, buffers with sizes and units, as text.

        Projections onto what is simulated that are not in it themselves, as of a part of a network, are named at the
        end.
        """
        return explain(self.program, self.context, self.tables) + left_out(self.network)

    # ---- recording ---------------------------------------------------------------------------------------------------

    @in_turn()
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

        A second request for the same variable takes the place of the first. `index`, `every`, `start` and `stop` are
        those of the variable; spikes are recorded whole. Part of a population, ``E[:80]``, is recorded under a name of
        its own: it is found as ``result[E[:80]]``, its neurons counted from zero, beside what is recorded of ``E``.

        Parameters
        ----------
        module : Module or View
            A module of the network, or some neurons of one.
        variable : str, optional
            A state, or the name of a computed value: ``"output"``, ``"current_inputs[key]"``, ``"delta_inputs[key]"``.
        spikes : bool
            Record every spike of the module's output.
        index : int, slice or sequence of int, optional
            Elements of the variable, by their flat numbers in C order; all by default. Spikes are always recorded of
            all neurons.
        every : quantities.Quantity, optional
            Time between samples, a multiple of dt; each step by default.
        start, stop : quantities.Quantity, optional
            Window of time; the whole run by default.

        Raises
        ------
        RecordingError
            No such module, variable or element; `every` is not a multiple of dt.
        """
        window = {"index": index, "every": every, "start": start, "stop": stop}
        collected = self.program.events if "program" in self.__dict__ else set()
        running = self._number > 0
        if self._recorder.add(module, variable, spikes=spikes, collected=collected, running=running, **window):
            self._take_down()
            self.__dict__.pop("program", None)
            self.seconds.pop("compile", None)

    # ---- running -----------------------------------------------------------------------------------------------------

    @property
    def dt(self) -> Any:
        """The time step."""
        return join(self._dt, TIME)

    @property
    def t(self) -> Any:
        """Simulated time so far."""
        return join(self._number * self._dt, TIME)

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
            What was recorded in this run. Ctrl-C ends it after a step and returns what was recorded so far; the next
            run goes on from there.

        Raises
        ------
        DurationError
            Zero, negative, not finite or not a multiple of dt.
        NonFiniteStateError
            A state, a synaptic sum or a sample became NaN or infinite; the error's `result` holds what was recorded.
        NotEnoughMemoryError
            The network or what is recorded does not fit into memory, with a forecast of what needs how much; on the GPU
            a `DeviceMemoryError`. If memory runs out later, its `result` holds what was recorded.
        DeviceLostError
            The GPU failed; the error's `result` holds what was recorded.
        DelayRangeError
            A delay that changes has left its range; the error's `result` holds what was recorded.
        SimulatorBusyError
            Another thread runs or compiles this simulator, or `progress` does more than to look at it.
        KeyboardInterrupt
            Ctrl-C was pressed before the first step, so that nothing was recorded; or twice, which also gets out of a
            `progress` that hangs; its `result` holds what was recorded.
        Exception
            Whatever `progress` raises; its `result` holds what was recorded.

        Notes
        -----
        While it runs, a simulator belongs to the thread that called `run`. There, `progress` may read `t`, `get`,
        `explain` and `source`, but not call `run`, `reset`, `set`, `record` or `compile`; other threads may read `t`
        only. Different simulators may run at the same time, also of one network.
        """
        steps = duration_steps(duration, self._dt)
        bar, made = make_progress(progress), list[Result]()
        with keeping(made), keeping(made), keeping(made):
            with self._turns.take("run") as interrupts:
                self._wiring.check()
                self._make_ready(interrupts)
                recorder, machine = self._recorder, self.machine
                self._under_way = machine
                try:
                    outcome = run_steps(machine, steps, recorder.spikes, recorder.samples, bar, interrupts)
                finally:
                    self._under_way = None
                made.append(recorder.result(outcome))
                failure = self._failure(outcome, made[0]) or (KeyboardInterrupt() if interrupts.count > 1 else None)
            if failure is not None:
                raise failure
            return made[0]

    def _failure(self, outcome: RunOutcome, result: Result) -> BaseException | None:
        """What has ended a run early, unless it was the first Ctrl-C."""
        if outcome.lost is not None:
            return outcome.lost
        error: Exception | None = None
        if outcome.failed is not None or outcome.sample is not None:
            error = not_finite(outcome, self.machine, self._recorder.samples_by_name)
        elif outcome.guard is not None:
            error = broken_guard(outcome.guard, self.machine)
        if error is not None:
            error.result = result  # type: ignore[attr-defined]
        return error

    @in_turn()
    def reset(self) -> Simulator:
        """Back to the first values and to time zero; nothing is compiled or built anew.

        Returns
        -------
        Simulator
            Itself.
        """
        self._taken = None
        if self._machine is not None:
            self._filled_at = changes()
            self._machine.reset()
        return self

    @in_turn(reading=True)
    def get(self, module: Module, variable: str) -> Any:
        """Present value of a state, with its unit and shape.

        Parameters
        ----------
        module : Module or View
            A module of the network, or some neurons of one.
        variable : str
            Name of a state.
        """
        part, module = view_of(module), whole_of(module)
        kind, number, shape, _dtype = self._recorder.find(module, self._recorder.path(module), variable)
        if kind != "state":
            raise RecordingError(f"{variable!r} is not a state.", where=module.path, cure="Record it with sim.record.")
        values = np.array(self.machine.state(number)).reshape(shape)
        return join(values if part is None else part.of(values, variable), self.step.states[number].dimension)

    @in_turn()
    def set(self, module: Module, variable: str, value: Any) -> None:
        """Overwrite the present value of a state between runs.

        What is read of it with no delay, and what later steps read of this moment with a delay, is the new value; older
        samples stay, and so do those of windows (``update_every=``), which see the new value with their next sample.
        Before the first step the value is a first one: histories that begin with the state's first value follow.

        Parameters
        ----------
        module : Module or View
            A module of the network, or some neurons of one.
        variable : str
            Name of a state.
        value : array or quantity
            New values, of the state's unit and shape (or a single value).
        """
        part, module = view_of(module), whole_of(module)
        path = self._recorder.path(module)
        kind, number, shape, dtype = self._recorder.find(module, path, variable)
        if kind != "state":
            raise RecordingError(f"{variable!r} is not a state.", where=path, cure="Only states can be set.")
        magnitude = np.asarray(
            magnitude_in(
                value, self.step.states[number].dimension, what=f"the new value of {path}.{variable}", where=path
            )
        )
        if np.isnan(magnitude.astype(float)).any():
            raise InvalidParameterError(
                f"The new value of {path}.{variable} holds NaN.", where=path, cure="Give numbers."
            )
        if part is not None:
            magnitude = part.put(np.array(self.machine.state(number)).reshape(shape), magnitude, variable)
        self.machine.set_state(number, stored(magnitude, shape, dtype, f"{path}.{variable}"))
