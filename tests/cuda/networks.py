"""Networks that together have everything that a kernel can contain, small enough for the simulator of CUDA.

In: nothing.  Out: `NETWORKS`, makers by name.  Must not know: targets.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from quantities import ms, mV, nS

import numbadyn as nd
from tests.features.small_network import Small
from tests.features.test_agree_populations import Gathered, Inputs, Nested, Sliced
from tests.features.test_agree_projections import DELAYS, KINDS, WEIGHTS, network
from tests.features.test_agree_states import Meddled, Two
from tests.features.test_gap_junctions import Ring
from tests.golden.networks import Delayed, Pair, population

__all__ = ["NETWORKS"]


class Windows(nd.Dynamics):
    """Samples of windows, delays between steps, a delay that changes, a delayed Boolean."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        each = np.arange(size)
        self.mean = self.prefetch_delay("x", 0.4 * ms, update_every=0.2 * ms, update_strategy="mean")
        self.cubic = self.prefetch_delay("x", 0.25 * ms, interpolation="cubic")
        self.moving = self.prefetch_delay("x", self.prefetch("tau"), each, max_delay=1 * ms, interpolation="linear")
        self.flags = self.prefetch_delay("high", 0.3 * ms)

    def init_state(self) -> None:
        self.x = nd.State(nd.init.Uniform(0.0, 1.0))
        self.tau = nd.State(0.5 * ms)
        self.high = nd.State(False)
        self.count = nd.State(0)

    def update(self) -> Any:
        x = 0.3 * self.mean() + 0.3 * self.cubic() + 0.3 * self.moving() + 0.1 * np.sin(self.x.value)
        self.count.value = self.count.value + np.where(self.flags(), 1, 0)
        self.tau.value = np.clip(self.tau.value + (x - 0.5) * 0.1 * ms, 0 * ms, 1 * ms)
        self.high.value = x > 0.5
        self.x.value = x
        return self.high.value


class Cells(nd.DynamicsGroup):
    """Hodgkin-Huxley neurons, short-term plasticity, two exponentials, NMDA's magnesium block."""

    def __init__(self) -> None:
        super().__init__()
        self.pre, self.post = nd.LIF(7, V_rest=-45 * mV), nd.HH(5)
        comm = nd.FixedInDegree(7, 5, 3, weight=0.4 * nS)
        self.slow = nd.AlignPostProj(
            self.pre, comm=comm, syn=nd.DualExpon.desc(), out=nd.MgBlock.desc(), post=self.post, delay=0.2 * ms
        )
        self.fast = nd.AlignPostProj(
            self.pre, comm=comm, syn=nd.Alpha.desc(tau=2 * ms), out=nd.COBA.desc(E=0 * mV), post=self.post
        )


def _kind(name: str) -> Callable[[], Any]:
    return network(KINDS[name], list(DELAYS.values())[-1], list(WEIGHTS.values())[-1], 0)


NETWORKS: dict[str, Callable[[], Any]] = {
    "population": lambda: population(9, 10, 1),
    "pair": lambda: Pair(12, 5, 3),
    "delayed": lambda: Delayed(8, 2, 30),
    "small": Small,
    "nested": Nested,
    "sliced": lambda: Sliced(12, 8),
    "gathered": lambda: Gathered(7),
    "inputs": lambda: Inputs(5),
    "synapses": _kind("synapses"),
    "jumps and currents": _kind("jumps and currents"),
    "hooks": Meddled,
    "operations": lambda: Two(9, 70),
    "gap junctions": Ring,
    "windows": lambda: Windows(6),
    "cells": Cells,
}
