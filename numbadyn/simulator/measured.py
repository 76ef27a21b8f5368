"""What a recorder hands out: what logs hold after a run, and reducers with what they are applied to.

In: logs, reducers.  Out: what they hold and gather.  Must not know: targets, how logs are emptied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.chosen import Chosen
from numbadyn.io.reduce import Reduced, Reducer, Running, Scope
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.units import DIMENSIONLESS

if TYPE_CHECKING:
    from numbadyn.simulator.recorder import Recorder

__all__ = ["Held", "Measured"]


class Held(Protocol):
    """Gives what was recorded in a run: what logs hold, or what they have handed over."""

    def samples(self, key: tuple[str, str], logs: list[SampleLog]) -> tuple[Any, Any]:
        """Steps and values of a variable, in a batch of all replicas."""

    def spikes(self, path: str, logs: list[SpikeLog]) -> list[tuple[Any, Any]]:
        """Steps and indices of the spikes of a population or of its part, of each replica."""

    def reduced(self, reached: int) -> dict[tuple[str, str], Reduced]:
        """What reducers have found, by the names of the recording and of the reducer."""


@dataclass(frozen=True)
class Measured:
    """A reducer, and what it is applied to.

    Parameters
    ----------
    reducer : Reducer
        As users gave it.
    path : str
        Of the population.
    chosen : ndarray of int64 or None
        Neurons whose spikes count; None for all.
    first, last : int
        Window of steps.
    spikes, samples : optional
        Keys of its logs.
    """

    reducer: Reducer
    path: str
    chosen: NDArray[np.int64] | None
    first: int
    last: int
    spikes: str | None
    samples: tuple[str, str] | None

    def sampling(self, key: tuple[str, str]) -> Measured:
        """The same, with the samples of a log."""
        return replace(self, samples=key)

    def start(self, recorder: Recorder, window: tuple[int, int]) -> Running:
        """Get ready for a run."""
        samples = None if self.samples is None else recorder.samples_by_name[self.samples][0]
        spikes = None if self.spikes is None else recorder.spikes_by_name[self.spikes][0]
        return self._start(recorder, samples, spikes, window)

    def check(self, recorder: Recorder, samples: SampleLog | None, spikes: SpikeLog | None) -> None:
        """Refuse what the reducer cannot be applied to, before there are logs."""
        self._start(recorder, samples, spikes, (0, 0))

    def _start(
        self, recorder: Recorder, samples: SampleLog | None, spikes: SpikeLog | None, window: tuple[int, int]
    ) -> Running:
        first, stop = max(window[0], min(self.first, window[1])), min(window[1], self.last)
        elements = 0 if samples is None else samples.called.size
        return self.reducer.start(
            Scope(
                Chosen(
                    elements if spikes is None else spikes.width,
                    self.chosen,
                    first if first > window[0] else 0,
                    max(first, stop) if stop < window[1] or first >= window[1] else None,
                ),
                first,
                max(first, stop),
                recorder.dt,
                recorder.batch or 1,
                recorder.batch is not None,
                DIMENSIONLESS if samples is None else recorder.dimension_of(samples),
                elements,
                1 if samples is None else samples.every,
            )
        )
