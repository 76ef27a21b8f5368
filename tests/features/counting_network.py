"""A network of whole numbers, and the same in plain Python: what a simulator should hold, whatever was asked of it.

x of A counts by `gain` from `x0`; A spikes where x is odd; each spike arrives at the three elements of B over synapses
with weights and delays of their own and is added to z; `late` of B is the x of A a while ago.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from quantities import ms

import numbadyn as nd

__all__ = ["DT", "Counting", "Expected"]

DT = 0.1 * ms
PRE, POST = [0, 0, 1, 1, 1], [2, 0, 1, 2, 0]  # in an order of their own, two delays
WEIGHT, DELAY = np.array([1.0, 2.0, 4.0, 8.0, 16.0]), np.array([1, 3, 1, 3, 3])
LATE = 4
"""Steps between an x and the step that sees it in `late`."""


class Source(nd.Dynamics):
    """Counts."""

    def __init__(self) -> None:
        super().__init__(2)
        self.gain, self.x0 = nd.Parameter(1.0), nd.Parameter([0.0, 1.0])

    def init_state(self) -> None:
        self.x = nd.State(self.x0)

    def update(self) -> Any:
        self.x.value = self.x + self.gain
        return self.x.value % 2.0 == 1.0


class Sink(nd.Dynamics):
    """Adds up what arrives, and looks back."""

    def __init__(self, source: Source) -> None:
        super().__init__(3)
        self.late = source.prefetch_delay("x", [LATE * 0.1] * 3 * ms, [0, 1, 0])

    def init_state(self) -> None:
        self.z, self.seen = nd.State(0.0), nd.State(0.0)

    def update(self) -> Any:
        self.z.value = self.z + self.sum_delta_inputs(0.0)
        self.seen.value = self.late()
        return self.z + 1000.0 * self.seen


class Counting(nd.DynamicsGroup):
    """A source and a sink."""

    order = ("A", "B")

    def __init__(self) -> None:
        super().__init__()
        self.A = Source()
        self.B = Sink(self.A)
        self.A2B = nd.DeltaProj(
            self.A, comm=nd.Edges(2, 3, PRE, POST, weight=WEIGHT), post=self.B, delay=DELAY * 0.1 * ms
        )


class Expected:
    """What a simulator of this network should hold."""

    def __init__(self) -> None:
        self.gain, self.x0 = 1.0, [0.0, 1.0]
        self.own_weight = WEIGHT
        self.reset()

    def reset(self) -> None:
        """Back to the model's own first values."""
        self.number, self.first, self.weight = 0, {}, None
        self.x, self.z, self.seen, self.past, self.spikes = [], [], [], [], []

    def start(self) -> None:
        """First values, as the model has them now."""
        if self.number == 0:
            self.x = list(self.first.get("x", self.x0))
            self.z, self.seen = (list(self.first.get(name, [0.0] * 3)) for name in ("z", "seen"))
            self.past = [list(self.x)] * 10
            self.spikes = [[False, False]] * 10

    def set(self, name: str, values: list[float]) -> None:
        """As of the simulator."""
        if self.number == 0:
            self.first[name] = values
            return
        setattr(self, name, list(values))
        if name == "x":
            self.past[0] = list(values)

    def get(self, name: str) -> list[float]:
        """As of the simulator."""
        self.start()
        return list(getattr(self, name))

    def weights(self) -> list[float]:
        """Weights in the order of the synapses."""
        return np.broadcast_to(self.own_weight if self.weight is None else self.weight, len(PRE)).tolist()

    def step(self) -> dict[tuple[str, str], Any]:
        """One step: what could be recorded of it."""
        self.start()
        seen: dict[tuple[str, str], Any] = {("A", "x"): list(self.x), ("B", "z"): list(self.z)}
        arriving = [0.0] * 3
        for pre, post, w, delay in zip(PRE, POST, self.weights(), DELAY, strict=True):
            arriving[post] += float(w) * self.spikes[delay][pre]
        self.x = [x + self.gain for x in self.x]
        self.z = [z + more for z, more in zip(self.z, arriving, strict=True)]
        self.past.insert(0, list(self.x))
        self.seen = [self.past[LATE][k] for k in (0, 1, 0)]
        self.spikes.insert(0, [x % 2.0 == 1.0 for x in self.x])
        seen["B", "output"] = [z + 1000.0 * s for z, s in zip(self.z, self.seen, strict=True)]
        seen["A", "spikes"] = [(self.number, k) for k in (0, 1) if self.spikes[0][k]]
        self.number += 1
        return seen
