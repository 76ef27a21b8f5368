"""Plastic synapses with axonal and dendritic delays each, as loops over steps, neurons and synapses in plain NumPy.

A spike of the source of step m reaches a synapse in step m + 1 + axon, and the weight after `on_pre` comes to the
neuron dendrite steps later; a spike of the neuron of step m comes back to it in step m + 1 + dendrite. In a step all
that comes by axons is first.
"""

from __future__ import annotations

import numpy as np
from quantities import ms, mV

import numbadyn as nd

DT, STEPS, TAU = 0.5, 70, 6.0


class Firing(nd.Dynamics):
    """Neurons that add up what arrives, and fire above a threshold each."""

    def __init__(self, thresholds):
        super().__init__(len(thresholds))
        self.threshold = nd.Parameter(thresholds * mV)

    def init_state(self):
        self.V, self.arrived = nd.State(0 * mV), nd.State(0 * mV)

    def update(self):
        self.arrived.value = self.sum_delta_inputs(0 * mV)
        V = self.V + self.arrived
        fired = self.threshold <= V
        self.V.value = np.where(fired, 0 * mV, V)
        return fired


class Pairs(nd.PlasticProj):
    """Pairs of spikes, and a count of what has come from each side."""

    def __init__(self, *modules, **options):
        super().__init__(*modules, **options)
        self.x, self.y = self.pre_trace(TAU * ms), self.post_trace(TAU * ms)
        self.came, self.back = nd.SynapseState(0), nd.SynapseState(0)
        self.fast = nd.SynapseState(0.0)

    def on_pre(self, s):
        s.send(0.9 * s.weight)
        s.weight = s.weight - 0.05 * mV * s.y
        s.came = s.came + 1
        s.fast = s.post.V / mV

    def on_post(self, s):
        s.weight = s.weight + 0.07 * mV * s.x
        s.back = s.back + 1


class Net(nd.DynamicsGroup):
    """A network that a seed says: sizes, wiring, spikes, delays of both sides."""

    def __init__(self, seed, axon, dendrite, kind=Pairs, n_pre=5, n_post=4):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.raster = rng.random((STEPS, n_pre)) < 0.12
        steps, sources = np.nonzero(self.raster)
        self.pre = nd.SpikeTrain(n_pre, indices=sources, times=(steps + 1) * DT * ms)
        self.post = Firing(1.0 + rng.random(n_post))
        weight = nd.init.Uniform(0.2 * mV, 1.2 * mV)
        self.p = kind(
            self.pre,
            comm=nd.FixedProb(n_pre, n_post, prob=0.6, weight=weight),
            post=self.post,
            delay=axon,
            dendritic_delay=dendrite,
        )


def by_hand(net):
    """Weights, counts, arrivals and spikes of a network, from its edges and the raster of its sources."""
    edges = net.p.edges()
    pre, post, weight = edges.pre, edges.post, np.array(edges.weight.magnitude)
    axon, dendrite = (
        np.rint(np.asarray(late.rescale(ms).magnitude) / DT).astype(int)
        for late in (edges.delay, edges.dendritic_delay)
    )
    n, n_post, thresholds = pre.size, net.post.num, net.post.threshold.value.magnitude
    came, back, fast, V = np.zeros(n, int), np.zeros(n, int), np.zeros(n), np.zeros(n_post)
    coming, fired = np.zeros((STEPS + dendrite.max(initial=0) + 1, n_post)), np.zeros((STEPS, n_post), bool)
    heard = [[] for _ in range(n)], [[] for _ in range(n)]  # steps in which spikes came from either side

    def trace(steps, now):
        return sum(np.exp(-(now - step) * DT / TAU) for step in steps)

    for step in range(STEPS):
        for k in range(n):  # a trace knows a spike of the neuron from the beginning of its step on
            if step > dendrite[k] and fired[step - 1 - dendrite[k], post[k]]:
                heard[1][k].append(step)
        for k in sorted(range(n), key=lambda k: (axon[k], pre[k], post[k])):
            if step > axon[k] and net.raster[step - 1 - axon[k], pre[k]]:
                coming[step + dendrite[k], post[k]] += 0.9 * weight[k]
                weight[k] = weight[k] - 0.05 * trace(heard[1][k], step)
                came[k], fast[k] = came[k] + 1, V[post[k]]
                heard[0][k].append(step)
        for k in range(n):
            if step in heard[1][k]:
                weight[k] = weight[k] + 0.07 * trace(heard[0][k], step)
                back[k] += 1
        V = V + coming[step]
        fired[step] = thresholds <= V
        V[fired[step]] = 0.0
    return {
        "weight": weight,
        "came": came,
        "back": back,
        "fast": fast,
        "arrived": np.vstack([np.zeros(n_post), coming[: STEPS - 1]]),
        "fired": fired,
    }
