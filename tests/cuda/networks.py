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


class Competing(nd.PlasticProj):
    """A rule with all there is: traces, draws, steps, intervals, sums over the synapses onto a neuron."""

    def __init__(self, *modules: Any, **options: Any) -> None:
        super().__init__(*modules, **options)
        self.interval = nd.Parameter(0.5 * ms, unit=ms)
        self.x, self.y = self.pre_trace(2 * ms), self.post_trace(3 * ms)
        self.gain, self.fatigue = nd.State(1.0, shape=()), nd.SynapseState(0.0)
        self.known, self.awake = nd.SynapseState(False), nd.Parameter(-60 * mV)

    def on_pre(self, s: Any) -> None:
        s.send(s.weight * (1 - 0.1 * s.fatigue))
        s.weight = np.maximum(s.weight - 0.1 * mV * s.y, 0 * mV)
        s.known = nd.random.uniform() < 0.8
        s.fatigue = np.where(s.known, s.fatigue + 0.01 * s.sum(s.weight) / mV, 0.5)

    def on_post(self, s: Any) -> None:
        s.weight = s.weight + 0.1 * mV * self.gain.value * s.x
        s.fatigue = s.fatigue + 0.001 * s.sum(s.weight) / mV

    def step_where(self) -> Any:
        return self.awake < self.post.V

    def on_step(self, s: Any) -> None:
        s.fatigue = s.fatigue * 0.9 + 0.01 * s.sum(np.minimum(s.weight, 1 * mV)) / mV

    def on_interval(self, s: Any) -> None:
        w = s.weight * (1 + 0.1 * nd.random.uniform())
        s.weight = w * (9 * mV) / s.sum(w)


class Learning(nd.DynamicsGroup):
    """Plastic synapses with one delay of each side and with many, onto a neuron and through a synapse of its own."""

    def __init__(self) -> None:
        super().__init__()
        near = nd.init.Uniform(-60 * mV, -50 * mV)
        self.pre = nd.LIF(40, V_rest=-40 * mV, tau=3 * ms, V_th=-50 * mV, V_reset=-55 * mV, V_initializer=near)
        self.post = nd.LIF(5, V_rest=-45 * mV, tau=5 * ms, V_th=-50 * mV, V_reset=-65 * mV, V_initializer=near)
        weight = nd.init.Uniform(0 * mV, 3 * mV)
        self.many = Competing(
            self.pre,
            comm=nd.AllToAll(40, 5, weight=weight),
            post=self.post,
            delay=nd.init.Uniform(0 * ms, 1 * ms),
            dendritic_delay=nd.init.Uniform(0 * ms, 0.6 * ms),
        )
        comm = nd.FixedInDegree(40, 5, 6, weight=nd.init.Uniform(0 * nS, 3 * nS))
        syn, out = nd.Expon.desc(tau=2 * ms), nd.COBA.desc(E=0 * mV)
        late = {"delay": 0.2 * ms, "dendritic_delay": 0.1 * ms}
        self.one = nd.STDP(self.pre, comm=comm, post=self.post, syn=syn, out=out, w_max=4 * nS, **late)


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
    "learning": Learning,
}
