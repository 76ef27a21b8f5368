"""Drawn delays obey the delay rule: rounded as given ones are, within the bounds of their distribution.

On both targets. Populations have one to three axes. What arrives is summed by the formula, over the synapses that are
read back.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantities import ms, mV

import numbadyn as nd
from numbadyn.model.streams import stream_of
from tests.features.delay_draws import DTS, LONGEST
from tests.features.delay_networks import STEPS, Readers, Spiking, compare, cuts, drawn, times
from tests.features.delay_oracle import before_and_after, flags, sums

SHAPES = ((6,), (2, 3), (3, 2, 2))
RULES = {
    "AllToAll": lambda pre, post, weight: nd.AllToAll(pre, post, weight=weight),
    "FixedProb": lambda pre, post, weight: nd.FixedProb(pre, post, prob=0.4, weight=weight),
    "FixedInDegree": lambda pre, post, weight: nd.FixedInDegree(pre, post, 3, weight=weight),
    "FixedOutDegree": lambda pre, post, weight: nd.FixedOutDegree(pre, post, 2, weight=weight),
    "FixedTotalNumber": lambda pre, post, weight: nd.FixedTotalNumber(pre, post, 20, weight=weight),
}


class Target(Readers):
    """Keeps what arrives in each step."""

    def __init__(self, shape):
        super().__init__({"got": (None, np.zeros(shape), mV)})
        self.in_size = self.out_size = shape

    def update(self):
        self.got.value = self.sum_delta_inputs(0 * mV)


class Net(nd.DynamicsGroup):
    """Spikes of one population that arrive at another one by drawn synapses."""

    def __init__(self, pre, post, rule, delay):
        super().__init__()
        self.source, self.target = Spiking(pre, "b"), Target(post)
        weight = nd.init.Normal(1 * mV, 3 * mV)
        self.proj = nd.DeltaProj(self.source, comm=RULES[rule](pre, post, weight), post=self.target, delay=delay)


@st.composite
def distributions(draw, dt):
    """A distribution of delays, and its bounds in microseconds; what lies below zero becomes zero."""
    low, high = sorted((draw(st.integers(-2 * dt, LONGEST * dt)), draw(st.integers(0, LONGEST * dt))))
    if draw(st.booleans()):
        low = max(low, -high)  # the mean of delays is not negative
        return nd.init.Uniform(times(low), times(high)), max(low, 0), high
    mean, std = draw(st.integers(0, LONGEST * dt)), draw(st.integers(0, 3 * dt))
    low, high = min(low, mean), max(high, mean)
    return nd.init.Normal(times(mean), times(std), low=times(low), high=times(high)), max(low, 0), high


def bounds(low, high, dt, rounding):
    """The fewest and the most steps that delays between two times, in microseconds, can have."""
    if rounding == "up":
        return -(-low // dt), -(-high // dt)
    return (2 * low + dt) // (2 * dt), (2 * high + dt) // (2 * dt)


@st.composite
def networks(draw):
    """Step of time, shapes, rule of connection, distribution with its bounds, rounding, seed."""
    dt = draw(st.sampled_from(DTS))
    shapes = draw(st.sampled_from(SHAPES)), draw(st.sampled_from(SHAPES))
    rule, rounding = draw(st.sampled_from(sorted(RULES))), draw(st.sampled_from(["up", "nearest"]))
    return dt, shapes, rule, draw(distributions(dt)), rounding, draw(st.integers(0, 2**64 - 1))


def run(target, net, pieces):
    """What arrived in each step, and the synapses as pairs, weights and steps."""
    dt, (pre, post), rule, (delay, _, _), rounding, seed = net
    sim = nd.Simulator(Net(pre, post, rule, delay), dt=times(dt), target=target, delays=rounding, seed=seed)
    sim.record(sim.network.target, "got")
    results = [sim.run(times(steps * dt), progress=False) for steps in (*pieces, 1)]
    found = np.concatenate([result[sim.network.target].samples["got"].values for result in results])
    edges = sim.network.proj.edges()
    steps = np.rint(np.asarray(edges.delay) * 1000 / dt).astype(int)
    weight = np.asarray(edges.weight.rescale(mV))
    return sim, found[1:].reshape(STEPS, -1), list(zip(edges.pre, edges.post, weight, steps, strict=True))


def check(net, found, edges):
    """The delays lie between the bounds, and each spike acts at the delay of its synapse."""
    dt, (pre, post), _, (_, low, high), rounding, _ = net
    fewest, most = bounds(low, high, dt, rounding)
    steps = np.array([edge[3] for edge in edges])
    assert ((steps >= fewest) & (steps <= most)).all()
    neurons = np.arange(math.prod(pre))
    past = before_and_after(False, lambda n: flags(n, neurons))
    compare({"got": found}, {"got": lambda n: sums(past, n, edges, math.prod(post))}, exact=False)


@drawn(40)
@given(networks(), cuts())
def test_interpreted(net, pieces):
    _, found, edges = run("interpret", net, pieces)
    check(net, found, edges)


@pytest.fixture(scope="module")
def compiled():
    return set()


@drawn(20)
@given(networks(), cuts())
def test_compiled(compiled, net, pieces):
    """Shapes, rules, distributions and seeds share one machine for each number of axes; bits are the interpreter's."""
    sim, found, edges = run("cpu", net, pieces)
    check(net, found, edges)
    assert run("interpret", net, pieces)[1].tobytes() == found.tobytes()
    compiled.add(sim.machine.loaded)
    assert len(compiled) <= len(SHAPES) ** 2


@drawn(20)
@given(networks())
def test_rounding_is_that_of_given_delays(net):
    """Drawn times, given one by one, have the same steps."""
    dt, (pre, post), _, (delay, _, _), rounding, seed = net
    count, found = math.prod(pre) * math.prod(post), []
    given_times = delay
    for _ in range(2):
        net = Net(pre, post, "AllToAll", given_times)
        sim = nd.Simulator(net, dt=times(dt), target="interpret", delays=rounding, seed=seed)
        sim.run(times(dt), progress=False)
        found.append(np.asarray(net.proj.edges().delay))
        stream = stream_of(net.proj, "synapses", width=4) + 2
        given_times = np.maximum(delay.sample((count,), seed=seed, stream=stream), 0.0) * ms
    np.testing.assert_array_equal(*found)
