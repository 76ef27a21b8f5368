"""Projections of every type, each from the same description, and what must arrive at their targets.

In: descriptions of routes, in whole microseconds.  Out: networks, and what their targets must get in each step.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from quantities import mV, nS

import numbadyn as nd
from tests.features.delay_accessors import given_init
from tests.features.delay_networks import FIRST, SIGNALS, Readers, Signal, Spiking, times
from tests.features.delay_oracle import before_and_after, exponential, reals, seen, sums, whole

__all__ = ["KINDS", "N_JUNCTIONS", "N_POST", "N_PRE", "N_SYNAPSES", "Route", "Routes", "arrivals"]

N_PRE, N_POST, N_SYNAPSES, N_JUNCTIONS = 4, 3, 7, 5
TAU = 2000  # microseconds
KINDS = ("delta", "post", "pre", "current", "function", "gap")


@dataclass
class Route:
    """One projection: its type, what it reads, how late, through which synapses, and its own delays."""

    kind: str
    pre: Any
    post: Any
    weight: Any
    graded: str = ""  # the state that it reads instead of spikes
    reference: Any = None  # delay of the reference that it reads, one or one for each neuron
    init: Any = None  # what that reference gives before the start
    every: Any = None  # the windows that it reads
    strategy: str = "hold"
    delay: Any = None  # of the projection: one, one for each neuron, synapse or pair


class Still(Readers):
    """Keeps what arrives in each step."""

    def __init__(self):
        super().__init__({"got": (None, np.zeros(N_POST), mV)})
        self.in_size = self.out_size = (N_POST,)

    def init_state(self):
        super().init_state()
        self.V = nd.State(0 * mV, shape=(N_POST,))

    def update(self):
        self.got.value = self.sum_current_inputs(0 * mV, self.V.value) + self.sum_delta_inputs(0 * mV)


class End(Signal):
    """A signal whose value is coupled, and that keeps what arrives."""

    def __init__(self, size):
        super().__init__((size,))
        self.reads = {"got": (None, np.zeros(size), mV * nS)}

    def init_state(self):
        super().init_state()
        self.got = nd.State(0 * mV * nS)

    def update(self):
        self.got.value = self.sum_current_inputs(0 * mV * nS)
        return super().update()


def first_of(item):
    """A function as `comm`: the first neurons alone, in mV."""
    return lambda signal: signal[:N_POST] * (1 if item == "x" else mV)


class Routes(nd.DynamicsGroup):
    """One population that all routes begin at; a target, or two coupled ends, for each.

    `order` says how a step runs: by rank, projections first; or by hand, the projections after the population; or by
    hand with the signal as an argument.
    """

    def __init__(self, routes, order="rank"):
        super().__init__()
        self.source, self.order_of_step, self.routes = Spiking((N_PRE,), "b"), order, len(routes)
        for number, route in enumerate(routes):
            if route.kind == "gap":
                self._couple(number, route)
                continue
            target = Still()
            setattr(self, f"target{number}", target)
            setattr(self, f"route{number}", self._projection(route, target))

    def _couple(self, number, route):
        one, other = End(N_PRE), End(N_POST)
        setattr(self, f"one{number}", one)
        setattr(self, f"other{number}", other)
        delay = None if route.delay is None else times(route.delay)
        weight = np.asarray(route.weight) * nS
        gap = nd.SymmetryGapJunction((one, other), "x", (route.pre, route.post), weight, delay=delay)
        setattr(self, f"route{number}", gap)

    def _projection(self, route, target):
        weight = np.asarray(route.weight) * (1 if route.graded == "x" else mV)  # what arrives is in mV
        comm = nd.Edges(N_PRE, N_POST, route.pre, route.post, weight=weight)
        delay = None if route.delay is None else times(route.delay)
        options = {"comm": comm, "post": target, "delay": delay}
        given = () if self.order_of_step == "argument" else (self._signal(route),)
        if route.kind == "function":
            return nd.CurrentProj(*given, out=nd.CUBA.desc(), **options | {"comm": first_of(route.graded)})
        if route.kind == "delta":
            return nd.DeltaProj(*given, **options)
        if route.kind == "current":
            return nd.CurrentProj(*given, out=nd.CUBA.desc(), **options)
        syn = nd.Expon.desc(tau=times(TAU), averaged=False)
        if route.kind == "pre":
            return nd.AlignPreProj(*given, syn=syn, out=nd.CUBA.desc(), **options)
        return nd.AlignPostProj(*given, syn=syn, out=nd.CUBA.desc(), **options)

    def _signal(self, route):
        if route.reference is None:
            return self.source.prefetch(route.graded) if route.graded else self.source
        parts = (times(route.reference), *((np.arange(N_PRE),) if np.ndim(route.reference) else ()))
        windows = {} if route.every is None else {"update_every": times(route.every), "update_strategy": route.strategy}
        if route.graded:
            init = given_init(route.graded, route.init)
            return self.source.prefetch_delay(route.graded, *parts, init=init, **windows)
        return self.source.output_delay(*parts, init=given_init("b", route.init), **windows)

    def update(self):
        if self.order_of_step == "rank":
            super().update()
            return
        spikes = self.source()
        for number in range(self.routes):
            route = getattr(self, f"route{number}")
            route(spikes) if self.order_of_step == "argument" else route()
            getattr(self, f"target{number}")()


def arrivals(route, dt, steps, after=False, eager=False):
    """What each target of a route gets in each step: name of the target -> array of shape (steps, size)."""
    neurons = np.arange(N_PRE)
    if route.kind == "gap":
        return coupled(route, dt, steps, eager)
    before = FIRST.get(route.graded, 0) if route.init is None else route.init
    past = before_and_after(before, lambda n: SIGNALS[route.graded or "b"](n, neurons))
    reference = 0 if route.reference is None else route.reference
    read = {"indices": (neurons,) if np.ndim(reference) else (), "every": route.every, "strategy": route.strategy}

    def signal(n):  # what the projection reads in step n, also before the start
        return seen(past, n, reference, dt, after=after, **read).astype(float)

    edges = list(zip(route.pre, route.post, route.weight, steps_of(route, dt), strict=True))
    factor = np.exp(-dt / TAU)
    if route.kind == "pre":
        g = exponential([signal(n) for n in range(steps)], factor)
        signal = before_and_after(0.0, lambda n: g[n])
    if route.kind == "function":
        late = whole(route.delay or 0, dt)
        return {"target": np.array([signal(n - late)[:N_POST] for n in range(steps)])}
    got = np.array([sums(signal, n, edges, N_POST, after=True) for n in range(steps)])
    return {"target": exponential(got, factor) if route.kind == "post" else got}


def steps_of(route, dt):
    """Steps of the delay of each synapse."""
    if route.delay is None:
        return np.zeros(len(route.pre), dtype=int)
    delay = whole(route.delay, dt)
    if delay.shape == (N_PRE, N_POST):
        return delay[route.pre, route.post]
    return delay[route.pre] if delay.shape == (N_PRE,) else np.broadcast_to(delay, len(route.pre))


def coupled(route, dt, steps, eager):
    """Currents of gap junctions: the weighted difference of both potentials, into one end and out of the other.

    Without a delay a simulator takes the mean of those at both ends of the step.
    """
    ends = [before_and_after(FIRST["x"], functools.partial(reals, i=np.arange(size))) for size in (N_PRE, N_POST)]
    late = np.broadcast_to(0 if route.delay is None else whole(route.delay, dt), len(route.pre))
    mean = not np.any(route.delay) and not eager
    got = {"one": np.zeros((steps, N_PRE)), "other": np.zeros((steps, N_POST))}
    for n in range(steps):
        for i, j, weight, d in zip(route.pre, route.post, route.weight, late, strict=True):
            moments = (n - 1, n) if mean else (n - 1 - d,)
            current = weight * np.mean([ends[0](m)[i] - ends[1](m)[j] for m in moments])
            got["other"][n, j] += current
            got["one"][n, i] -= current
    return got
