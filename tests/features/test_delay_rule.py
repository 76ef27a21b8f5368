"""The delay rule: a spike of step m with a delay of d steps acts in step m + 1 + d, however it travels.

And the rule for reads: before the owner's update in step n they give x[n-1-d], after it x[n-d].
"""

import math

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from tests.features.agreement import agree_quietly, run_on, states_and_spikes

EMITTED = 3
STEPS = 24


def interpreted(make, dt, duration):
    """Run on the interpreter alone, where agreement is shown elsewhere."""
    return run_on("interpret", make, dt, duration, record=states_and_spikes)


class Still(nd.Neuron):
    """Holds what arrives: V stays, delta inputs add, current inputs act for one step."""

    def __init__(self, size):
        super().__init__(size)

    def init_state(self):
        self.V = nd.State(0 * mV)
        self.got = nd.State(0 * mV)

    def update(self):
        current = self.sum_current_inputs(0 * mV, self.V.value)
        jump = self.sum_delta_inputs(0 * mV)
        self.got.value = current + jump
        return self.V.value > 1 * mV


class Clock(nd.Dynamics):
    """Its state and its output are the number of steps that it has made."""

    def init_state(self):
        self.n = nd.State(0.0)

    def update(self):
        self.n.value = self.n.value + 1.0
        return self.n.value


def once(dt):
    """One neuron that fires in step `EMITTED` only."""
    return nd.SpikeTrain(1, indices=[0], times=[(EMITTED + 1) * dt] * ms)


def delta(net, delay):
    return nd.DeltaProj(net.pre, comm=nd.OneToOne(1, 1, weight=1 * mV), post=net.post, delay=delay)


def delta_by_accessor(net, delay):
    return nd.DeltaProj(net.pre.output_delay(delay), comm=nd.OneToOne(1, 1, weight=1 * mV), post=net.post)


def delta_for_each_neuron(net, delay):
    return nd.DeltaProj(net.pre, comm=nd.OneToOne(1, 1, weight=1 * mV), post=net.post, delay=delay.reshape(1))


def delta_for_each_synapse(net, delay):
    return nd.DeltaProj(net.pre, comm=nd.OneToOne(1, 1, weight=1 * mV), post=net.post, delay=delay.reshape(1, 1))


def delta_through_elements(net, delay):
    read = net.pre.output_delay(delay.reshape(1), np.zeros(1, dtype=int))
    return nd.DeltaProj(read, comm=nd.OneToOne(1, 1, weight=1 * mV), post=net.post)


def align_post(net, delay):
    syn, out = nd.Expon.desc(tau=5 * ms), nd.CUBA.desc()
    return nd.AlignPostProj(
        net.pre, comm=nd.OneToOne(1, 1, weight=1 * mV), syn=syn, out=out, post=net.post, delay=delay
    )


def align_post_by_accessor(net, delay):
    syn, out = nd.Expon.desc(tau=5 * ms), nd.CUBA.desc()
    read = net.pre.output_delay(delay)
    return nd.AlignPostProj(read, comm=nd.OneToOne(1, 1, weight=1 * mV), syn=syn, out=out, post=net.post)


def align_pre(net, delay):
    syn, out = nd.Expon.desc(tau=5 * ms), nd.CUBA.desc()
    return nd.AlignPreProj(net.pre, syn=syn, comm=nd.OneToOne(1, 1, weight=1 * mV), out=out, post=net.post, delay=delay)


def align_pre_by_accessor(net, delay):
    syn, out = nd.Expon.desc(tau=5 * ms), nd.CUBA.desc()
    read = net.pre.output_delay(delay)
    return nd.AlignPreProj(read, syn=syn, comm=nd.OneToOne(1, 1, weight=1 * mV), out=out, post=net.post)


def current(net, delay):
    return nd.CurrentProj(
        net.pre, comm=nd.OneToOne(1, 1, weight=1 * mV), out=nd.CUBA.desc(), post=net.post, delay=delay
    )


def current_through_a_function(net, delay):
    return nd.CurrentProj(
        net.pre, comm=lambda s: np.where(s, 1 * mV, 0 * mV), out=nd.CUBA.desc(), post=net.post, delay=delay
    )


ROUTES = [
    delta,
    delta_by_accessor,
    delta_for_each_neuron,
    delta_for_each_synapse,
    delta_through_elements,
    align_post,
    align_post_by_accessor,
    align_pre,
    align_pre_by_accessor,
    current,
    current_through_a_function,
]


class Lane(nd.DynamicsGroup):
    """One emitter, one receiver, one route."""

    def __init__(self, route, dt, delay):
        super().__init__()
        self.pre, self.post = once(dt), Still(1)
        self.route = route(self, delay * ms)


class Lanes(nd.DynamicsGroup):
    """All routes side by side."""

    def __init__(self, dt, delay):
        super().__init__()
        for route in ROUTES:
            setattr(self, route.__name__, Lane(route, dt, delay))


@pytest.mark.parametrize(
    ("dt", "steps"),
    [(0.1, 0), (1.0, 0), (0.1, 1), (0.1, 15), (0.25, 2), (0.25, 1.4), (0.3, 1), (0.3, 7), (1.0, 1), (1.0, 2.4)],
)
def test_a_spike_acts_one_step_and_its_delay_later(dt, steps):
    """Delays between steps are rounded up; multiples of dt are exact, however they are written."""
    sim, result = agree_quietly(lambda: Lanes(dt, np.array(steps * dt)), dt * ms, STEPS * dt * ms)
    assert sim.machine.loaded.compiled + sim.machine.loaded.restored == len(sim.machine.loaded.entry)
    for route in ROUTES:
        lane = getattr(sim.network, route.__name__)
        assert result[lane.pre].spikes.steps.tolist() == [EMITTED], route.__name__
        # samples are taken at the start of a step, so what acts in step n shows in sample n + 1
        got = result[lane.post].got.magnitude[:, 0]
        acted = int(np.flatnonzero(got)[0]) - 1
        assert acted == EMITTED + 1 + math.ceil(steps), route.__name__


class Reader(nd.Dynamics):
    """Keeps what it reads of a clock."""

    def __init__(self, reads):
        super().__init__(1)
        self.reads = reads

    def init_state(self):
        self.seen = nd.State(0.0)

    def update(self):
        self.seen.value = self.reads()
        return self.seen.value


class Reads(nd.DynamicsGroup):
    """A clock that is read before and after its update, through each accessor, by readers on both sides."""

    def __init__(self, delay):
        super().__init__()
        self.clock = Clock(1)
        self.before = Reader(self.clock.prefetch_delay("n", delay))
        self.after = Reader(self.clock.prefetch_delay("n", delay))
        self.before_output = Reader(self.clock.output_delay(delay))
        self.after_output = Reader(self.clock.output_delay(delay))
        self.chosen = Reader(self.clock.prefetch("n").delay.at(delay, init=-5.0))

    def update(self):
        self.before()
        self.before_output()
        self.chosen()
        self.clock()
        self.after()
        self.after_output()


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_reads_before_and_after_the_owner(delay):
    """x[n], the value after the update of step n, is n + 1; the history before the start is the first value, 0."""
    how = agree_quietly if delay else interpreted
    sim, result = how(lambda: Reads(delay * 0.3 * ms), 0.3 * ms, STEPS * 0.3 * ms)
    net, n = sim.network, np.arange(STEPS - 1)

    def seen(reader):
        return result[reader].seen[1:, 0]

    np.testing.assert_array_equal(seen(net.before), np.maximum(n - 1 - delay + 1, 0))
    np.testing.assert_array_equal(seen(net.after), np.maximum(n - delay + 1, 0))
    np.testing.assert_array_equal(seen(net.before_output), np.maximum(n - 1 - delay + 1, 0))
    np.testing.assert_array_equal(seen(net.after_output), np.maximum(n - delay + 1, 0))
    if delay:
        np.testing.assert_array_equal(seen(net.chosen), np.where(n - 1 - delay >= 0, n - delay, -5.0))


def test_a_graded_signal_obeys_the_same_rule():
    class Net(nd.DynamicsGroup):
        def __init__(self, delay):
            super().__init__()
            self.clock, self.post = Clock(1), Still(1)
            comm = nd.OneToOne(1, 1, weight=1 * mV)
            self.p = nd.CurrentProj(
                self.clock.prefetch("n"), comm=comm, out=nd.CUBA.desc(), post=self.post, delay=delay
            )

    for delay in (0, 3, 6):
        sim, result = interpreted(lambda delay=delay: Net(delay * ms), 1 * ms, 12 * ms)
        expected = np.maximum(np.arange(11) - 1 - delay + 1, 0)
        np.testing.assert_array_equal(result[sim.network.post].got.magnitude[1:, 0], expected)


def test_conductance_arrives_with_its_weight():
    """The decay of the step is done before the spike adds its weight."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = once(0.1), nd.LIF(1)
            syn = nd.Expon.desc(tau=5 * ms)
            comm, out = nd.OneToOne(1, 1, weight=2 * nS), nd.COBA.desc(E=0 * mV)
            self.p = nd.AlignPostProj(self.pre, comm=comm, syn=syn, out=out, post=self.post, delay=0.2 * ms)

    net = Net()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(net.p.syn, "g")
    g = sim.run(1 * ms)[net.p.syn].g.magnitude[:, 0]
    arrival = EMITTED + 1 + 2
    np.testing.assert_allclose(g[: arrival + 1], 0.0)
    np.testing.assert_allclose(g[arrival + 1 :], 2.0 * np.exp(-0.1 / 5 * np.arange(9 - arrival)), rtol=1e-14)
