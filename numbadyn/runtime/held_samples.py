"""Samples of states that steps leave as they are: taken as they lie, and brought up to when they were taken.

In: logs of such states, and the decays of these.  Out: logs that a machine fills with what lies in memory, as of any
other state; between two chunks of steps, samples of the decayed values.  Must not know: targets, what logs are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.decays import Decay, Rates
from numbadyn.runtime.logs import SampleLog
from numbadyn.runtime.visitors import Visitor

__all__ = ["HeldRoom", "HeldSamples"]

_MOST = 1 << 18
"""Values that are taken as they lie before they are brought up to date."""


class HeldSamples:
    """What is sampled of a held state in the rest of a run.

    Parameters
    ----------
    log : SampleLog
        For the values as of when they were taken; a run has begun with it.
    decay : Decay
        Of the state.
    at_rest : callable
        Gives what a state holds that nothing changes while steps are made, by its number; None for all others.

    Attributes
    ----------
    state : int
        Its number.
    raw : list of SampleLog
        For what the state holds, and for the number of steps that are in it, as far as steps may change them.
    """

    def __init__(self, log: SampleLog, decay: Decay, at_rest: Callable[[int], NDArray[Any] | None]) -> None:
        self._log, self._decay, self.state = log, decay, log.index
        self._at_rest = at_rest
        kinds = {log.index: log.dtype, decay.stamp: np.dtype(np.int64)}
        self._raw_of = {state: self._raw(state, dtype) for state, dtype in kinds.items() if at_rest(state) is None}
        self.raw = list(self._raw_of.values())

    def _raw(self, state: int, dtype: np.dtype[np.generic]) -> SampleLog:
        log = self._log
        room = max(1, _MOST // max(1, log.elements.size))
        name = f"{log.name}, as it lies"
        raw = SampleLog("state", state, log.elements, log.every, log.next_step, log.due.stop, dtype, name, room=room)
        raw.begin(log.next_step, log.due.stop)
        return raw

    def follow(self) -> None:
        """Begin with the sample that is due next, where a run goes on whose first samples are there already."""
        log = self._log
        for raw in self.raw:
            if raw.next_step != log.next_step:
                raw.first = log.next_step
                raw.begin(log.next_step, log.due.stop)

    @property
    def full_at(self) -> int | None:
        """The step before which samples must be handed on; None if there is room for the rest."""
        if not self.raw:
            return None
        raw = self.raw[0]
        end = raw.emptied + len(raw.values)
        return raw.due[end] if end < len(raw.due) else None

    def hand(self, rates: Rates, number: int) -> None:
        """Bring the samples up to when they were taken, and hand them on.

        Parameters
        ----------
        rates : Rates
            Of the decay, since the samples before were handed on.
        number : int
            The next step.
        """
        log = self._log
        count = self.raw[0].used if self.raw else log.count_between(log.next_step, number)
        if not count:
            return
        steps = log.next_step + log.every * np.arange(count)[:, None]
        values, stamps = self._taken(self.state, count), self._taken(self._decay.stamp, count)
        log.extend(self._decay.aged(rates.of(log.elements), values, steps - stamps))
        for each in self.raw:
            each.empty(each.whole, 0)

    def _taken(self, state: int, count: int) -> NDArray[Any]:
        """What a state held when samples were due."""
        raw = self._raw_of.get(state)
        if raw is not None:
            return raw.values[:count]
        held = self._at_rest(state)
        assert held is not None, "a state that steps change, without samples"
        return np.broadcast_to(held.reshape(-1)[self._log.elements], (count, self._log.elements.size))


class HeldRoom(Visitor):
    """Lets no chunk go beyond the room for samples of held states.

    Parameters
    ----------
    samples : callable
        Gives all of them, which may be others behind each call of the user's.
    """

    def __init__(self, samples: Callable[[], Iterable[HeldSamples]]) -> None:
        self._samples = samples

    def begin(self, first: int, stop: int) -> None:
        """Go on behind the samples that are there, once all other visitors have put theirs back."""
        for each in self._samples():
            each.follow()

    def next_stop(self, number: int) -> int | None:
        """Where the first one is full."""
        return min((stop for each in self._samples() if (stop := each.full_at) is not None), default=None)
