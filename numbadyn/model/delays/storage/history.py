"""The past of values in eager calls: what references with a delay read outside a trace.

In: one value a step.  Out: samples some steps, or windows, ago.  Must not know: traces, channels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import LateDelayError
from numbadyn.model import environ
from numbadyn.model.delays.times.rule import delay_steps
from numbadyn.model.delays.times.window import Window
from numbadyn.units import Dimension, join_eager, split

if TYPE_CHECKING:
    from numbadyn.model.module import Module

__all__ = ["History", "eager_histories"]

_SPARE = 4
"""Samples behind the longest delay that interpolation may read, and one of rounding."""


class History:
    """Samples of eager calls, newest last, as many as the readers need.

    Parameters
    ----------
    window : Window, optional
        Values come together into samples; each value is a sample by default.
    """

    def __init__(self, window: Window | None = None) -> None:
        self.window = window
        self.samples: list[NDArray[Any]] = []
        self.dimension: Dimension | None = None
        self.longest = 0.0
        self._running: NDArray[Any] = np.zeros(())
        self.written = 0
        self._dropped = False

    def need(self, longest: float) -> None:
        """Announce a reader that looks this far back, in ms."""
        self.longest = max(self.longest, longest)

    def push(self, value: Any, dt: float | None) -> None:
        """Append the value of a step, and drop the samples that no reader needs; `dt` is None where it is not set."""
        magnitude, self.dimension = split(value)
        array = np.array(magnitude)
        self.written += 1
        if self.window is None:
            self.samples.append(array)
        else:
            self._into_window(array, self.window.steps(environ.eager_dt()))
        if dt is not None:
            unit = dt if self.window is None else self.window.every
            keep = int(delay_steps(self.longest, unit)) + 1 + _SPARE
            self._dropped = self._dropped or len(self.samples) > keep
            del self.samples[:-keep]

    def _into_window(self, value: NDArray[Any], steps: int) -> None:
        assert self.window is not None
        place = (self.written - 1) % steps
        self._running = self.window.add_value(self._running, value, place == 0)
        if self.window.known_early:
            self.samples += [self._running] if place == 0 else []
        elif place == steps - 1:
            self.samples.append(np.asarray(self.window.sample(self._running, steps)))

    def sample(self, steps: int, before: Callable[[int], Any], where: str) -> Any:
        """Give the sample some steps before the newest, or, if there were not that many, one from before the start."""
        if steps < len(self.samples):
            assert self.dimension is not None
            return join_eager(self.samples[-1 - steps], self.dimension)
        if self._dropped:
            raise LateDelayError(
                f"{where} is read {steps} samples ago, but only {len(self.samples)} were kept.",
                where=where,
                cure="Register all delays before the first step.",
                steps=steps,
            )
        return before(steps - len(self.samples) + 1)

    def clear(self) -> None:
        """Forget all samples."""
        self.samples.clear()
        self.written, self._dropped = 0, False


def eager_histories(module: Module) -> dict[tuple[str, Any], History]:
    """Give the histories of a module by item and window; the item "" is its output."""
    return module._past.histories
