"""`Simulator`: the public face; binds a network to a time step, a target, a precision and a seed.

In: a network.  Out: runs and results.  It only joins the stages: trace, prepare, lower, build tables, load, run.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numbadyn.errors import TargetError, UnsupportedFeatureError
from numbadyn.io.reduce import Reducer
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.explain import explain
from numbadyn.lowering.passes import Passes
from numbadyn.model import environ
from numbadyn.model.lifecycle import init_missing_states
from numbadyn.model.module import Module
from numbadyn.model.naming import check_initialised
from numbadyn.model.options import named_options
from numbadyn.model.typing import QuantityLike
from numbadyn.model.view import whole_of
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator.batch import Batch, check_batch, replica_seeds
from numbadyn.simulator.between import follow_times
from numbadyn.simulator.checks import (
    check_launch,
    check_rounding,
    check_synapses,
    check_target,
    duration_steps,
    fixed_error,
)
from numbadyn.simulator.forecasting import Forecast, forecast_run
from numbadyn.simulator.measuring import add_reducer
from numbadyn.simulator.order import UserOrder
from numbadyn.simulator.outside import describe_left_out
from numbadyn.simulator.saving import Saving
from numbadyn.simulator.seconds import Seconds
from numbadyn.simulator.synapses import Weights
from numbadyn.simulator.traced import trace_network
from numbadyn.simulator.turns import TRACING, Turns, in_turn
from numbadyn.simulator.unchanged import PlainAttributes, Wiring
from numbadyn.units import TIME, join

__all__ = ["Simulator"]


class Simulator(Saving):
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
    precision : {64, 32}, optional
        Bits of real numbers; 64 unless ``nd.environ.set_precision`` says otherwise.
    seed : int or sequence of int
        Seed of everything random: first values, connectivity, draws inside the step. In a batch replica k has
        ``seed + k``, or its entry of a sequence.
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
    alone : bool
        Simulate a part of a network without the projections that end on it from outside, which `explain` names then; by
        default they are refused.
    batch : int, optional
        Number of replicas, which run at once in one compiled program: each with its own seed, first values, drawn
        connectivity, and whatever `Simulator.batch` lets differ. Results have an axis of replicas then, with
        coordinates; see `Result.coords`.
    shared : {"connectivity"}, optional
        Let all replicas of a batch have the synapses of the first one, which are kept once.

    Notes
    -----
    A replica of a batch has the bits of a simulator of its own with the same seed and values.

    A simulator keeps the states in memory of its own: `get` reads them and `set` writes them between runs, and so does
    ``net.E.V.value``, for the simulator of the network that was made, set, reset or run last. What is assigned to it
    before a simulator is made counts as a first value.

    `seconds` says how long the stages of the preparation took so far, and ``seconds.passes`` how long single passes
    did; see `Seconds`.

    Calls that do not depend on each other may come in any order: what is recorded, when states are read, and when
    synapses are looked at changes nothing else. Until the first step, states have the first values that follow from
    the model as it is then, unless they were set.

    Raises
    ------
    TimeStepError, TargetError
        A bad argument, or no GPU.
    LeftOutError
        A projection ends on the network, but no step runs it.
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

    @named_options
    def __init__(
        self,
        network: Module,
        dt: QuantityLike,
        target: str = "cpu",
        threads: int = 1,
        precision: int | None = None,
        seed: int | Sequence[int] = 0,
        delays: str = "up",
        reproducible: bool = False,
        launch: str = "persistent",
        alone: bool = False,
        batch: int | None = None,
        shared: str | None = None,
    ) -> None:
        started = time.perf_counter()
        self._turns = Turns()
        self._under_way = None
        self.network = network
        self._dt = environ.time_step(dt, "Simulator(dt=...)")
        precision = environ.get_precision() if precision is None else precision
        self.target = check_target(target, threads, precision)
        replicas = check_batch(batch, shared, self.target)
        seeds = replica_seeds(seed, replicas)
        self.threads, self.precision, self.seed = threads, precision, seeds[0]
        if not isinstance(network, Module):
            raise TargetError(
                f"A network is a Module, but {network!r} is a {type(network).__name__}.",
                where="Simulator(network)",
                cure="Give a DynamicsGroup, a Dynamics or another Module.",
                network=network,
            )
        check_initialised(network)
        self.context = BindContext(self._dt, self.seed, precision, check_rounding(delays))
        with TRACING:
            init_missing_states(network, self.seed)
        self._alone = bool(alone)
        passes = Passes()
        self.step = self._trace(passes)
        check_synapses(self.step)
        self.reproducible, self.launch = bool(reproducible), check_launch(launch)
        self._device = TARGETS[self.target].open()
        self._order = UserOrder(lambda: self._synapses)
        self._bind(_contexts(self.context, seeds, replicas), shared=shared is not None)
        self.seconds = Seconds()
        self.seconds.note("trace", started, passes.seconds)
        self._note_delays()
        self._wiring, self._plain = Wiring(network), PlainAttributes(network)
        self._weights = Weights(self.step)
        self._claim()
        self._ready = True

    def _trace(self, passes: Passes | None = None) -> Step:
        """The step as it would be traced now."""
        return trace_network(self.network, self.context, alone=self._alone, passes=passes)

    @property
    @in_turn(reading=True)
    def source(self) -> str:
        """Text of the generated module (empty for the interpreter)."""
        return self.machine.source

    @named_options
    def forecast(
        self, duration: QuantityLike, *, memory: Any = None, spill: Any = None, trial: bool = True
    ) -> Forecast:
        """What a run will need: memory, disk, steps, time.

        Time, and the number of spikes, are measured on a trial of half a second that leaves everything as it is; what
        happens later in the run, such as more spikes, is not foreseen. Synapses are built and the network is compiled
        for it, as by `compile`.

        Parameters
        ----------
        duration : quantities.Quantity
            As of `run`.
        memory, spill : optional
            As of `run`.
        trial : bool
            Whether to compile and to try; without it there is no time, and spikes are not counted.

        Returns
        -------
        Forecast

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, s
        >>> neurons = nd.LIF(1000)
        >>> sim = nd.Simulator(neurons, dt=0.1 * ms, target="interpret")
        >>> sim.record(neurons, "V")
        >>> print(sim.forecast(1000 * s, trial=False).recordings.round(1))
        74.6 GiB
        """
        steps = duration_steps(duration, self._dt)
        with self._turns.take("forecast") as interrupts:
            self._check_unchanged()
            found = forecast_run(self, steps, interrupts, memory=memory, spill=spill, trial=trial)
        interrupts.check()
        return found

    @named_options
    @in_turn(reading=True)
    def explain(self, *, verbose: bool = False, replica: int | None = None) -> str:
        """Order of a step, hooks, delays and blocks in steps, buffers with sizes and units, as text.

        Blocks say how many steps parts of the network can be advanced on their own before spikes or histories must be
        exchanged, and what limits that: the shortest delay, recordings.

        Projections onto what is simulated that are not in it themselves, as of a part of a network, are named at the
        end.

        Parameters
        ----------
        verbose : bool
            Also name all that is exchanged between parts of the network, and say how long each part of the preparation
            took, pass by pass.
        replica : int, optional
            Of a batch, whose delays, synapses and blocks are shown; those of the first one by default.

        Returns
        -------
        str
        """
        number = self._replica(replica) or 0
        context, tables = self._contexts[number], self._synapses[number]
        text = explain(self.program, context, tables, self._recorder.looks, verbose=verbose)
        text = "\n\n".join([*filter(None, [self.batch.describe(number)]), text])
        if verbose:
            sections = self.seconds.lines().items()
            text += "".join(f"\n\n{title}:\n  " + "\n  ".join(lines) for title, lines in sections)
        return text + describe_left_out(self.network)

    @named_options
    @in_turn()
    def record(
        self,
        module: Module,
        variable: str | Reducer | None = None,
        *more: str | Reducer,
        spikes: bool = False,
        index: Any = None,
        every: QuantityLike | None = None,
        start: QuantityLike | None = None,
        stop: QuantityLike | None = None,
    ) -> None:
        """Record from now on: spikes as events, variables as samples.

        Recording changes nothing else, before the first run or between runs. A second request for the same variable
        takes the place of the first. `index`, `every`, `start` and `stop` are
        those of the variable; spikes are recorded whole. Part of a population, ``E[:80]``, is recorded under a name of
        its own: it is found as ``result[E[:80]]``, its neurons counted from zero, beside what is recorded of ``E``.

        Parameters
        ----------
        module : Module or View
            A module of the network, or some neurons of one.
        variable, *more : str or Reducer, optional
            States, or names of computed values: ``"output"``, ``"current_inputs[key]"``, ``"delta_inputs[key]"``. Or
            what is computed while the network runs, of `numbadyn.reduce`: ``nd.reduce.Rate()``, which then needs no
            spikes or samples to be kept. It is found by its name, as ``result[module].rate``.
        spikes : bool
            Record every spike of the module's output.
        index : int, slice, sequence of int or tuple, optional
            Elements of the variable; all by default. A tuple is an index for each axis, as in NumPy: ``(1, 2)`` is the
            element in row 1 and column 2, ``(slice(None), 0)`` the first column. Anything else counts elements by their
            flat numbers in C order. Spikes are always recorded of all neurons; reducers are applied to those chosen.
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
        named = [name for name in (variable, *more) if not isinstance(name, Reducer)]
        for name in named[1:]:
            self._recorder.find(whole_of(module), self._recorder.path(whole_of(module)), name)  # type: ignore[arg-type]
        reducers = [reducer for reducer in (variable, *more) if isinstance(reducer, Reducer)]
        if spikes or not reducers or named:
            alone = named[0] if named else None
            held = window if alone is not None or not reducers else dict.fromkeys(window)
            self._record(module, alone, spikes, held)
        for name in named[1:]:
            self._record(module, name, False, window)
        for reducer in reducers:
            self._record(module, reducer, False, window)

    def _record(self, module: Module, variable: str | Reducer | None, spikes: bool, window: dict[str, Any]) -> None:
        collected = self.program.events if "program" in vars(self) else set()
        running = self._number > 0
        if isinstance(variable, Reducer):
            changed = add_reducer(self._recorder, module, variable, window, collected=collected, running=running)
        else:
            changed = self._recorder.add(
                module, variable, spikes=spikes, collected=collected, running=running, **window
            )
            if spikes:
                changed |= follow_times(self._recorder, module, collected=collected, running=running)
        if changed:
            self._take_down()
            self._invalidate("program")

    @property
    def dt(self) -> Any:
        """The time step."""
        return join(self._dt, TIME)

    @property
    def t(self) -> Any:
        """Simulated time so far."""
        return join(self._number * self._dt, TIME)

    @property
    def batch(self) -> Batch:
        """The replicas: what each of them has, by path or by object, to be read and changed.

        ``sim.batch["E.tau"] = [10, 20] * ms`` gives each replica its own: a value of any parameter; the rows of a
        `TimedArray` or the spikes of a generator (``(indices, times)``); the ``"weight"`` of a projection, or its
        ``"delay"``; the first values of a state. An entry is whatever the model itself could be given: a number, an
        array, a distribution.

        Parameters, inputs and weights count from the next run on, and stay; first values from the next reset on, or at
        once before the first step. Delays of synapses can be given before the first step only, or after a `reset`.
        """
        return Batch(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and vars(self).get("_ready", False):
            raise fixed_error(name, value)
        object.__setattr__(self, name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise UnsupportedFeatureError(
            "A simulator cannot be copied or pickled: it holds compiled code and memory that belong to this process.",
            where="Simulator",
            cure="Copy or pickle the network, and make an nd.Simulator of it there; results can be pickled.",
        )


def _contexts(plain: BindContext, seeds: Sequence[int], batch: int | None) -> tuple[BindContext, ...]:
    """What each replica is bound to; without a batch there is one that has no number."""
    if batch is None:
        return (plain,)
    return tuple(replace(plain, seed=seed, replica=number) for number, seed in enumerate(seeds))
