"""The past of values in eager calls: what references with a delay read outside a trace.

In: one sample a step.  Out: samples some steps ago.  Must not know: traces, channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.units import Dimension, join_eager, split

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics

__all__ = ["History", "eager_histories"]


class History:
    """Samples of eager calls, newest last, as many as the readers need."""

    def __init__(self) -> None:
        self.samples: list[NDArray[Any]] = []
        self.dimension: Dimension | None = None
        self.readers: dict[int, int | None] = {}

    def register(self, reader: object) -> None:
        """Announce a reader whose delay in steps is not known yet; until then everything is kept."""
        self.readers.setdefault(id(reader), None)

    def push(self, value: Any) -> None:
        """Append the sample of a step, and drop those that no reader needs."""
        magnitude, self.dimension = split(value)
        self.samples.append(np.array(magnitude))
        needs = list(self.readers.values())
        if all(need is not None for need in needs):
            del self.samples[: -max([1, *(need for need in needs if need is not None)])]

    def sample(self, reader: object, steps: int, init: Any) -> Any:
        """Give the sample some steps before the newest, or `init` if there were not that many."""
        self.readers[id(reader)] = max(self.readers.get(id(reader)) or 1, steps + 1)
        if steps < len(self.samples):
            assert self.dimension is not None
            return join_eager(self.samples[-1 - steps], self.dimension)
        return init

    def clear(self) -> None:
        """Forget all samples."""
        self.samples.clear()


def eager_histories(module: Dynamics) -> dict[str, History]:
    """Give the histories of a module by item; "" is its output."""
    histories: dict[str, History] = module.__dict__.setdefault("_histories", {})
    return histories
