"""A replica: a network bound once, with states, histories and first values of its own.

In: a step and the context that it is bound to.  Out: what the machine that holds it, and the simulator, ask of it.
Must not know: targets, how chunks are chosen, other replicas, units, user objects.

All replicas of a machine share its program and its compiled code.  Whatever else there is of a network in memory is a
function of the context (seed, parameters, first values), and belongs to the replica: constants, synapse tables, a slice
of the memory, the tables of rows, logs.  Without a batch there is one.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import NumbadynError
from numbadyn.ir.decays import Rates
from numbadyn.ir.evaluator import Shared
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.runtime.held_samples import HeldSamples
from numbadyn.runtime.logs import SampleLog
from numbadyn.runtime.soundness import ANY_SIGN, NO_SIGN, Check, Signs, signs_of, unsound

__all__ = ["Replica", "named", "naming", "replica_text"]


def replica_text(context: BindContext) -> str:
    """Which replica is meant, to be added to a name; nothing where there is no batch."""
    return "" if context.replica is None else f" of replica {context.replica}"


Raised = TypeVar("Raised", bound=BaseException)


def named(error: Raised, context: BindContext) -> Raised:
    """Let an error that comes from a replica say which one it is."""
    text = replica_text(context)
    if isinstance(error, NumbadynError) and not (error.where or "").endswith(text):
        error.where = (error.where or "the network") + text
    return error


@contextmanager
def naming(context: BindContext) -> Iterator[None]:
    """Let errors that come from binding a replica say which one it is.

    Parameters
    ----------
    context : BindContext
        What the replica is bound to.

    Examples
    --------
    >>> try:
    ...     with naming(BindContext(0.1, 0, replica=3)):
    ...         raise NumbadynError("tau is -5 ms.", where="EINet.E.tau")
    ... except NumbadynError as error:
    ...     print(error)
    tau is -5 ms.
      where: EINet.E.tau of replica 3
    """
    try:
        yield
    except NumbadynError as error:
        named(error, context)
        raise


class Replica(ABC):
    """A network in memory, at some step.

    Parameters
    ----------
    step : Step
        Prepared.
    context : BindContext
        dt, seed, precision, parameters.

    Attributes
    ----------
    number : int
        The next step.
    first : dict
        Identity of the owner of a state -> values that were set before the first step.
    """

    number: int

    def __init__(self, step: Step, context: BindContext) -> None:
        self.step, self.context = step.bound(context), context
        self.first: dict[int, NDArray[Any]] = {}
        self._signs: dict[int, Signs] = {}
        self._rates: dict[int, Rates] = {}
        self.held_samples: list[HeldSamples] = []

    # ---- first values ------------------------------------------------------------------------------------------------

    def fill(self, first: Sequence[NDArray[Any]]) -> None:
        """Back to step 0, with these first values of states; histories follow."""
        with naming(self.context):
            self._fill(self.with_first(), first)

    def with_first(self) -> BindContext:
        """What first values follow from: what the replica is bound to, and those that were set."""
        return replace(self.context, first=self.first)

    @abstractmethod
    def _fill(self, context: BindContext, first: Sequence[NDArray[Any]]) -> None:
        """Write all first values, and go back to step 0."""

    @abstractmethod
    def bind(self, shared: Shared | None = None) -> None:
        """Compute anew what depends on parameters alone, unless it is among what other replicas have found."""

    @abstractmethod
    def needed(self) -> list[int]:
        """Slots of each channel's history that are reached, with the parameters that were bound last."""

    # ---- what is finite ----------------------------------------------------------------------------------------------

    @abstractmethod
    def sums(self) -> dict[int, NDArray[Any]]:
        """Synaptic sums that start from zero in each step, by node; NaN where one of this run was not finite."""

    def signs(self) -> dict[int, Signs]:
        """States that are checked, and the infinities that may stay in each: those of its first values."""
        guards = {guard.value for guard in self.step.guards}
        found = {}
        for index, spec in enumerate(self.step.states):
            if spec.kind != "real" or index in guards:
                continue
            own = getattr(spec.owner, "owner", None) is not None  # not the running value of a history
            given = self.first.get(id(spec.owner))
            first = self._signs.get(index, NO_SIGN) if given is None else signs_of(given)
            found[index] = first if own else ANY_SIGN
        return found

    def _note_signs(self, first: Sequence[NDArray[Any]]) -> None:
        """Note the infinities of the first values, when they are written."""
        self._signs = {
            index: signs_of(np.asarray(first[index]))  # single precision may make more of them
            for index, spec in enumerate(self.step.states)
            if spec.kind == "real" and np.isinf(self.state(index)).any()
        }

    def unsound(self) -> dict[Check, NDArray[np.bool_]]:
        """Which elements are not finite now, of the sums and the states that have any."""
        masks = {Check("sum", index): unsound(values) for index, values in self.sums().items()}
        masks |= {Check("state", index): unsound(self.state(index), signs) for index, signs in self.signs().items()}
        return {check: mask.reshape(-1) for check, mask in masks.items() if mask.any()}

    def broken_guard(self) -> int | None:
        """Number of a guard of the step that does not hold any more."""
        for number, guard in enumerate(self.step.guards):
            if self.state(guard.state).any():
                return number
        return None

    # ---- states ------------------------------------------------------------------------------------------------------

    def shape_of(self, index: int) -> tuple[int, ...]:
        """Shape of a state, with as many synapses as the replica has."""
        return self.context.shape_of(self.step.states[index].space)

    @abstractmethod
    def state(self, index: int) -> NDArray[Any]:
        """Values of a state."""

    def sampled(self, samples: Sequence[SampleLog]) -> list[SampleLog]:
        """Logs that a machine fills with what lies in memory, instead of those of held states."""
        held = self.step.held
        some = [log for log in samples if log.kind == "state" and log.index in held]
        due = [log for log in some if log.next_step < log.due.stop]
        self.held_samples = [HeldSamples(log, held[log.index], self.at_rest) for log in due]
        others = [log for log in samples if all(log is not each for each in some)]
        return [*others, *(raw for each in self.held_samples for raw in each.raw)]

    def hand_samples(self) -> None:
        """Bring samples of held states up to when they were taken, and hand them on."""
        for each in self.held_samples:
            each.hand(self._rates_of(each.state), self.number)

    def at_rest(self, index: int) -> NDArray[Any] | None:
        """What a state holds that lies where no step reads or writes it; None for all others."""
        return None

    def now(self, index: int) -> NDArray[Any]:
        """Values of a state as of now, where steps do not advance it, too."""
        values, decay = self.state(index), self.step.held.get(index)
        if decay is None or not self.number:
            return values
        found: NDArray[Any] = decay.aged(self._rates_of(index), values, self.number - self.state(decay.stamp))
        return found

    def _rates_of(self, index: int) -> Rates:
        """What a held state has decayed by since the parameters that it follows from were noted."""
        if index not in self._rates:
            self._rates[index] = self.step.held[index].rates(self.context, self.state)
        return self._rates[index]

    def follow_rates(self) -> None:
        """Note the parameters that held states decay by; what has decayed by others is brought up to now before."""
        for index, decay in self.step.held.items():
            rates = decay.rates(self.context, self.state)
            if index in self._rates and not self._rates[index].same(rates) and self.number:
                self._bring_up(decay.group)
            self._rates[index] = rates

    def _bring_up(self, group: Sequence[int]) -> None:
        """Bring held states that have a stamp in common up to now."""
        stamp = self.step.held[group[0]].stamp
        for member, values in [(member, np.array(self.now(member))) for member in group]:
            self.write(member, values)
        self.write(stamp, np.full(self.shape_of(stamp), self.number))

    def set_state(self, index: int, values: NDArray[Any]) -> None:
        """Overwrite a state, and with it the sample of the last step in its histories.

        Before the first step the values are first values: histories that begin with those follow.
        """
        if index in self.step.held and self.number:
            if np.array_equal(values, self.now(index)):
                return  # as they are read, those of a replica that is not meant among them
            self._bring_up(self.step.held[index].group)
        self.write(index, values)
        if self.number:
            for number, channel in enumerate(self.step.channels):
                if channel.state == index:
                    self._write_newest(number, np.broadcast_to(values, channel.shape))
            return
        spec = self.step.states[index]
        self.first[id(spec.owner)] = np.array(np.broadcast_to(values, self.context.shape_of(spec.space)))
        context = self.with_first()
        for number, spec in enumerate(self.step.states):
            if getattr(spec.owner, "owner", None) is None:  # a running value of a history, or a guard: zero
                self.write(number, np.broadcast_to(spec.initial(context), self.shape_of(number)))
        self._begin_histories(context)

    @abstractmethod
    def write(self, index: int, values: NDArray[Any]) -> None:
        """Overwrite a state alone."""

    def settle(self) -> None:
        """Let values of states become zero that are too small for a normal number: processors are slow with these.

        What decays in each step stays there for ever, since the smallest number times 0.9 is itself, rounded.
        """
        settled = False
        for index in self._decaying:
            values = self.state(index)
            small = np.abs(values) < np.finfo(values.dtype).tiny
            if small.any() and (small := small & (values != 0)).any():
                self.write(index, np.where(small, values.dtype.type(0), values))
                settled = True
        if settled:
            self._follow_states()

    @functools.cached_property
    def _decaying(self) -> list[int]:
        """States that are advanced in each step; those of synapses are when a spike comes."""
        states = enumerate(self.step.states)
        return [index for index, spec in states if spec.kind == "real" and spec.space.synapses is None]

    def _follow_states(self) -> None:  # noqa: B027 -- most have nothing
        """Bring what was prepared for the next step up to states that were written."""

    # ---- histories ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def _write_newest(self, channel: int, sample: NDArray[Any]) -> None:
        """Overwrite the sample of the last step."""

    @abstractmethod
    def _begin_histories(self, context: BindContext) -> None:
        """Fill all histories with what was before the first step."""

    @abstractmethod
    def fetch_past(self) -> list[NDArray[Any]]:
        """Samples of each channel, newest first; an empty array where nobody keeps them."""

    @abstractmethod
    def write_past(self, past: list[NDArray[Any] | None]) -> None:
        """Overwrite the samples of each channel, newest first; None leaves a channel as it is."""
