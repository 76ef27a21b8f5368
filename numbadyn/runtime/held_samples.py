"""Samples of states that steps leave as they are: taken as they lie, and brought up to when they were taken.

In: logs of such states, and the decays of these.  Out: logs that a machine fills with what lies in memory, as of any
other state; between two chunks of steps, samples of the decayed values.  Must not know: targets, what logs are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

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

    Attributes
    ----------
    state : int
        Its number.
    raw : tuple of SampleLog
        For what the state holds, and for the number of steps that are in it.
    """

    def __init__(self, log: SampleLog, decay: Decay) -> None:
        self._log, self._decay, self.state = log, decay, log.index
        self.raw = self._raw(log.index, log.dtype), self._raw(decay.stamp, np.dtype(np.int64))

    def _raw(self, state: int, dtype: np.dtype[np.generic]) -> SampleLog:
        log = self._log
        room = max(1, _MOST // max(1, log.elements.size))
        name = f"{log.name}, as it lies"
        raw = SampleLog("state", state, log.elements, log.every, log.next_step, log.due.stop, dtype, name, room=room)
        raw.begin(log.next_step, log.due.stop)
        return raw

    @property
    def full_at(self) -> int | None:
        """The step before which samples must be handed on; None if there is room for the rest."""
        raw = self.raw[0]
        end = raw.emptied + len(raw.values)
        return raw.due[end] if end < len(raw.due) else None

    def hand(self, rates: Rates) -> None:
        """Bring the samples up to when they were taken, and hand them on.

        Parameters
        ----------
        rates : Rates
            Of the decay, since the samples before were handed on.
        """
        raw, stamps = self.raw
        if not raw.used:
            return
        steps, values = raw.take()
        ages = steps[:, None] - stamps.values[: raw.used]
        self._log.extend(self._decay.aged(rates.of(self._log.elements), values, ages))
        for each in self.raw:
            each.empty(each.whole, 0)


class HeldRoom(Visitor):
    """Lets no chunk go beyond the room for samples of held states.

    Parameters
    ----------
    samples : callable
        Gives all of them, which may be others behind each call of the user's.
    """

    def __init__(self, samples: Callable[[], Iterable[HeldSamples]]) -> None:
        self._samples = samples

    def next_stop(self, number: int) -> int | None:
        """Where the first one is full."""
        return min((stop for each in self._samples() if (stop := each.full_at) is not None), default=None)
