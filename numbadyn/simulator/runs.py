"""Runs of a simulator: compile, run, go on, back to the start.

In: an assembled network, a duration.  Out: results, and errors that carry what was recorded.  Must not know: how chunks
of steps are chosen, what is recorded.
"""

from __future__ import annotations

import functools
import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

import numpy as np

from numbadyn.io.provenance import Provenance
from numbadyn.io.recordings import Result
from numbadyn.ir.nodes import Step
from numbadyn.ir.structure import structure_lines
from numbadyn.lowering.passes import Passes
from numbadyn.model.options import named_options
from numbadyn.model.typing import QuantityLike
from numbadyn.model.variable import changes
from numbadyn.runtime.engine import RunOutcome, run_steps
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.progress import make_progress
from numbadyn.runtime.visitors import Visitor
from numbadyn.simulator.access import Access
from numbadyn.simulator.batch import Batch, replica_seeds
from numbadyn.simulator.bindings import sums_of_inputs
from numbadyn.simulator.calls import check_calls
from numbadyn.simulator.checkpointing import plan_checkpoints, plan_limits
from numbadyn.simulator.checks import duration_steps
from numbadyn.simulator.endings import broken_guard, not_finite
from numbadyn.simulator.feeding import feeding
from numbadyn.simulator.handover import Handover
from numbadyn.simulator.profiling import check_profile, profile_of
from numbadyn.simulator.provenance import Chronicle
from numbadyn.simulator.resuming import Left
from numbadyn.simulator.turns import in_turn, keeping
from numbadyn.simulator.unchanged import PlainAttributes, Wiring
from numbadyn.simulator.until import begin_counts, heed

__all__ = ["Runs"]


class Runs(Access):
    """Base of `Simulator`: `compile`, `run` and `reset`."""

    _wiring: Wiring
    _plain: PlainAttributes
    #: Where the simulator has left a run with checkpoints early.
    _left: Left | None = None
    _known_inputs: tuple[int, Any, dict[str, list[str]]] = (-1, None, {})

    @abstractmethod
    def _trace(self, passes: Passes | None = None) -> Step:
        """The step as it would be traced now."""

    @functools.cached_property
    def _chronicle(self) -> Chronicle:
        """What writes down the provenance of results."""
        return Chronicle(self.network, self)

    def _input_sums(self) -> dict[str, list[str]]:
        """Sums of tables of input and given spikes; found anew when a value of a model has changed."""
        known, contexts, found = self._known_inputs
        if known != changes() or contexts is not self._contexts:
            found = sums_of_inputs(self.step, self._contexts)
            self._known_inputs = changes(), self._contexts, found
        return found

    @functools.cached_property
    def _structure_text(self) -> str:
        """The structure of the network, line by line."""
        return "\n".join(structure_lines(self.step))

    @property
    def provenance(self) -> Provenance:
        """What the simulator is now: network, parameters, seeds, versions, machine; results also say how they ran."""
        return self._chronicle.note(self)

    @property
    def structure_hash(self) -> str:
        """Name of the structure of the network: the same whatever the values, seed, dt, precision, target, records."""
        return self._chronicle.structure

    def compile(self) -> Self:
        """Build the synapses and compile now (or load from the cache) instead of at the first run.

        Returns
        -------
        Simulator
            Itself; `seconds` says what took how long.
        """
        with self._turns.take("compile") as interrupts:
            self._check_unchanged()
            self._make_ready(interrupts)
        interrupts.check()
        return self

    def _check_unchanged(self) -> None:
        """Refuse to run what is no longer the network that the user sees."""
        self._wiring.check()
        self._weights.check()
        if self._plain.check(self.step, self.context, self._trace):
            self._filled_at = -1  # first values may follow from what has changed

    @named_options
    def run(
        self,
        duration: QuantityLike,
        progress: Any = None,
        *,
        until: Callable[[], Any] | None = None,
        every: QuantityLike | None = None,
        call: Callable[[Any], Any] | None = None,
        profile: bool = False,
        memory: Any = None,
        spill: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: QuantityLike | None = None,
        resume: bool = True,
        max_wall_time: Any = None,
    ) -> Result:
        """Run the network; called again, it goes on.

        Parameters
        ----------
        duration : quantities.Quantity
            Simulated time, positive, a multiple of dt.
        progress : bool, "log" or Progress, optional
            Show a bar (True), or write a line a minute to ``logging.getLogger("numbadyn")`` (``"log"``); by default a
            bar where somebody can see it, and lines elsewhere.
        until : callable, optional
            Condition that ends the run early, ``lambda: net.E.V.mean() > -50 * mV``: a function without arguments that
            is written like a model and gives one Boolean. It is traced, compiled, and looked at behind each step, at
            what the step has left: states, outputs (``net.E.output_delay()()``), `spike_count` since the run began,
            and ``nd.environ.get("t")``, which is the end of the step. The run ends behind the first step where it
            holds, on every target; at least one step is made. Replicas of a batch end together, when it holds in one.
        every : quantities.Quantity, optional
            Simulated time between two calls of `call`, a multiple of dt, counted from the start of the run.
        call : callable, optional
            ``call(sim)`` is called between two steps, also at the end of the run if that is a multiple of `every`. It
            may read and set states and weights (`get`, `set`), assign to parameters and to values of a `TimedArray`;
            results have the bits of short runs with the calls in between. If it returns True, the run ends there.
        profile : bool
            Find out what the time is spent on, by population, projection and kind of work: `Result.profile`. A clock is
            read in one step of 32, in a module of its own; the bits are the same.
        memory : str, quantities.Quantity or int, optional
            Memory that the network and what is recorded may take, such as ``"2 GiB"``; recordings that do not fit go to
            disk while the network runs, and are read from there when they are asked for: see `StoredQuantity`. By
            default they stay in memory.
        spill : path, optional
            Folder in which the recordings of this run get a folder of their own; by default a temporary one, which
            lives as long as the result. Without `memory`, all recordings go there.
        checkpoint : path, optional
            File to which the state of the run is written while it goes on, at its end, at Ctrl-C and at SIGTERM. If it
            is there already, the run goes on from it: a script that was killed is started again, and gives the result
            of a run that was left alone, bit for bit. A run that was complete gives its result at once. Beside it lie
            the one before, ``path.before``, and what was recorded so far, ``path.recorded``.
        checkpoint_every : quantities.Quantity, optional
            Simulated time between two checkpoints, a multiple of dt; by default they come every ten minutes of wall
            time.
        resume : bool
            With False, a checkpoint that is there is of no account, and is written over.
        max_wall_time : quantities.Quantity or float, optional
            Wall time, in seconds if it has no unit, after which the run ends early, counted from this call: its result
            has ``ended == "max_wall_time"``. The last checkpoint is written before.

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
        MemoryBudgetError, SpillFolderError
            `memory` is no amount, or less than the network takes; `spill` cannot be written.
        DiskFullError
            What is recorded could not be written; the error's `result` holds all of it, and the next run goes on.
        CallError
            `call` cannot be called with the simulator, or `every` is missing.
        ConditionError
            `until` is no condition: no function, no Boolean or several, nothing that changes in this network.
        CheckpointMismatchError
            The checkpoint is of another network or another run; the message names what differs.
        CheckpointDamagedError
            Neither the last checkpoint nor the one before is whole.
        CheckpointWriteError
            A checkpoint cannot be written: before the run, or, with a `result`, in its course; the run can go on.
        DelayRangeError
            A delay that changes has left its range; the error's `result` holds what was recorded.
        SimulatorBusyError
            Another thread runs or compiles this simulator, or `progress` does more than to look at it.
        KeyboardInterrupt
            Ctrl-C was pressed before the first step, so that nothing was recorded; or twice, which also gets out of a
            `progress` that hangs; its `result` holds what was recorded.
        Exception
            Whatever `progress` or `call` raises; its `result` holds what was recorded.

        Notes
        -----
        While it runs, a simulator belongs to the thread that called `run`. There, `progress` may read `t`, `get`,
        `explain` and `source`, but not call `run`, `reset`, `set`, `record` or `compile`; other threads may read `t`
        only. Different simulators may run at the same time, also of one network.
        """
        steps = duration_steps(duration, self._dt)
        between = [*check_calls(self, every, call, self._dt), *feeding(self)]
        checkpoints = plan_checkpoints(checkpoint, checkpoint_every, resume, self._dt)
        limits = plan_limits(max_wall_time, checkpoints)
        bar, made = make_progress(progress), list[Result]()
        with keeping(made), keeping(made), keeping(made), checkpoints.delivering():
            with self._turns.take("run") as interrupts:
                self._check_unchanged()
                heed(self, until)
                self._claim()
                self._make_ready(interrupts)
                begin_counts(self)
                self._measure(profile, interrupts)
                begun = checkpoints.begin_run(self, steps)
                recorder, machine, first = self._recorder, self.machine, begun.first
                handover = Handover(recorder, machine, (first, first + begun.steps), memory, spill)
                handover.note(Batch(self).coords, self.provenance)
                checkpoints.watch(recorder, handover)
                # each option that needs it adds its own; what is written comes last, when all the others have looked
                visitors: list[Visitor] = [*between, *handover.visitors, *limits, *checkpoints.visitors]
                self._under_way = machine
                try:
                    outcome = run_steps(
                        machine, begun.steps, recorder.logs, bar, interrupts, visitors, (first, begun.seconds)
                    )
                finally:
                    self._under_way = None
                outcome = checkpoints.settle(outcome)
                provenance = self._chronicle.note(self, outcome)
                handover.note(Batch(self).coords, provenance)
                made.append(recorder.result(outcome, Batch(self).coords, provenance, handover))
                made[0].profile = profile_of(machine, outcome) if profile else None
                checkpoints.write_last(outcome)
                failure = self._failure(outcome, made[0]) or (KeyboardInterrupt() if interrupts.count > 1 else None)
            if failure is not None:
                raise failure
            return made[0]

    def _measure(self, profile: bool, interrupts: Interrupts) -> None:
        """Let the machine read clocks in the next run, or not."""
        if profile:
            check_profile(self.target)
            self.machine.measure(True)
            with interrupts.opened():
                self.machine.compile()
        self.machine.measure(profile)

    def _lent(self) -> AbstractContextManager[None]:
        """While it lasts, what the run has called may set states and weights."""
        return self._turns.lend()

    def _begin_anew(self) -> tuple[Machine, list[Logs]]:
        """The machine of this run with what a call has changed, and the logs of the run."""
        return self.machine, self._recorder.logs

    def _failure(self, outcome: RunOutcome, result: Result) -> BaseException | None:
        """What has ended a run early, unless it was the first Ctrl-C."""
        if outcome.lost is not None:
            return outcome.lost
        error: Exception | None = None
        if outcome.failed is not None or outcome.sample is not None:
            error = not_finite(outcome, self.machine, self._recorder.samples_by_name)
        elif outcome.guard is not None:
            error = broken_guard(outcome.guard, self.machine.replicas[outcome.replica])
        if error is not None:
            error.result = result  # type: ignore[attr-defined]
        return error

    @named_options
    @in_turn()
    def reset(self, seed: int | Sequence[int] | None = None, *, connectivity: bool = True) -> Self:
        """Back to the first values and to time zero, for another trial; nothing is traced or compiled anew.

        First values are those that the model has now. What was set by `set`, states and weights, is forgotten; what was
        changed in the model, parameters and ``comm.weight``, stays.

        Parameters
        ----------
        seed : int or sequence of int, optional
            Seed of the trial: what follows is what a new simulator with this seed would give, bit for bit. By default
            the seed stays, and the trial is the same again. In a batch that of the first replica, from which the others
            keep their distances, or one for each.
        connectivity : bool
            Whether synapses are drawn anew with the seed; else they stay as they are, with their weights and delays,
            and first values, drawn parameters and what is drawn in each step follow the seed.

        Returns
        -------
        Simulator
            Itself.
        """
        if seed is not None:
            self._reseed(self._seeds_of_trial(seed), connectivity)
        self._forget()
        self._claim()
        return self

    def _seeds_of_trial(self, seed: Any) -> list[int]:
        """The seed of each replica in another trial."""
        where = "Simulator.reset(seed=...)"
        found = replica_seeds(seed, self._axes[0] if self._axes else None, where)
        if isinstance(seed, int | np.integer):
            return [(found[0] + each.seed - self.context.seed) % 2**64 for each in self._contexts]
        return found
