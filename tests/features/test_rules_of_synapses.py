"""What rules of plasticity say besides what spikes do: what is sent, delays that replicas differ in, resuming."""

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, NegativeConductanceError, RecordingError, UnsupportedFeatureError
from tests.features.test_plastic_projections import DT, N_POST, N_PRE, STEPS, Spiking
from tests.zoo.test_stdp import Net


class Halving(nd.PlasticProj):
    """Each spike brings three quarters of the weight as it was, and halves it."""

    def on_pre(self, s):
        s.send(0.75 * s.weight)
        s.weight = 0.5 * s.weight


def test_what_is_sent_is_not_what_is_left():
    net = nd.DynamicsGroup()
    net.pre = Spiking(N_PRE, np.arange(5, 5 + N_PRE), np.arange(N_PRE) % 3)
    net.post = Spiking(N_POST, np.arange(3, 3 + N_POST), np.arange(N_POST) % 4)
    net.p = Halving(net.pre, comm=nd.AllToAll(N_PRE, N_POST, weight=1 * mV), post=net.post)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", seed=1)
    sim.record(net.pre, spikes=True)
    spikes = sim.run(STEPS * DT * ms, progress=False)[net.pre].spikes
    came = np.bincount(spikes.indices[spikes.times < (STEPS - 0.5) * DT * ms], minlength=N_PRE)
    np.testing.assert_array_equal(sim.get(net.p, "weight").reshape(N_PRE, N_POST)[:, 0].magnitude, 0.5**came)
    sent = sum(0.75 * (2 - 2.0 ** (1 - count)) for count in came)
    np.testing.assert_allclose(sim.get(net.post, "received").magnitude, sent, rtol=1e-12)


def test_delays_of_both_sides_differ_in_a_batch():
    delays, back = [0.0, 1.0, 2.0] * ms, [0.5, 0.0, 1.5] * ms
    both = Net(nd.STDP, 1 * ms, w_max=2 * mV, A_plus=0.05, dendritic_delay=1 * ms)
    sim = nd.Simulator(both, dt=DT * ms, target="interpret", seed=[4, 4, 4], batch=3)
    sim.batch["p.delay"], sim.batch["p.dendritic_delay"] = delays, back
    sim.run(30 * ms, progress=False)
    together = sim.get(both.p, "weight")
    for k in range(3):
        net = Net(nd.STDP, delays[k], w_max=2 * mV, A_plus=0.05, dendritic_delay=back[k])
        alone = nd.Simulator(net, dt=DT * ms, target="interpret", seed=4)
        alone.run(30 * ms, progress=False)
        np.testing.assert_array_equal(together[k], alone.get(net.p, "weight"))
    assert (together[0] != together[2]).any()


def test_one_delay_does_not_become_many():
    net = Net(nd.STDP, 1 * ms, w_max=2 * mV)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", batch=2)
    sim.batch["p.delay"] = [nd.init.Uniform(0 * ms, 1 * ms), nd.init.Uniform(0 * ms, 2 * ms)]
    with pytest.raises(UnsupportedFeatureError, match="made with one delay for all its synapses, but now they differ"):
        sim.run(1 * ms)


@pytest.mark.parametrize("delay", [None, nd.init.Uniform(0 * ms, 4 * ms)], ids=["none", "each"])
def test_traces_and_global_signals_go_on_from_a_checkpoint(tmp_path, delay):
    rule = {"w_max": 2 * mV, "interval": 5 * ms, "A_plus": 0.05}
    net = Net(nd.RewardSTDP, delay, **rule)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", seed=4)
    sim.run(7 * ms, progress=False)
    sim.set(net.p, "dopamine", 0.1)
    sim.save(tmp_path / "half")
    sim.run(9 * ms, progress=False)
    again = Net(nd.RewardSTDP, delay, **rule)
    resumed = nd.Simulator.load(tmp_path / "half", again)
    resumed.run(9 * ms, progress=False)
    for name in ("weight", "c", "dopamine"):
        np.testing.assert_array_equal(resumed.get(again.p, name), sim.get(net.p, name))
    assert (sim.get(net.p, "weight") != net.p.edges().weight[0]).any()


class Tagged(nd.PlasticProj):
    """Each spike moves a tag, by a part that is a first value, too."""

    def __init__(self, *modules, tag=0.0, step=0.5, **options):
        super().__init__(*modules, **options)
        self.step = nd.Parameter(step)
        self.tag, self.part = nd.SynapseState(tag), nd.SynapseState(self.step)

    def on_pre(self, s):
        s.tag = s.tag + s.part


@pytest.mark.parametrize("shared", [None, "connectivity"])
def test_first_values_of_synapses_differ_in_a_batch(shared):
    tags, steps = [0.5, nd.init.Uniform(0.0, 1.0), 2.0], [0.25, 0.5, 1.0]
    net = Net(Tagged, nd.init.Uniform(0 * ms, 4 * ms))
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", seed=[4, 4, 5], batch=3, shared=shared)
    sim.batch["p.tag"], sim.batch["p.step"] = tags, steps
    sim.run(10 * ms, progress=False)
    together = sim.get(net.p, "tag")
    for name in ("tag", "weight"):  # in a list, where replicas have more or fewer synapses
        doubled = [2 * mine for mine in sim.get(net.p, name)]
        sim.set(net.p, name, doubled)
        assert all(map(np.array_equal, sim.get(net.p, name), doubled))
    for k in range(2):  # whose seed is that of the synapses, if these are shared
        net = Net(Tagged, nd.init.Uniform(0 * ms, 4 * ms), tag=tags[k], step=steps[k])
        alone = nd.Simulator(net, dt=DT * ms, target="interpret", seed=4)
        alone.run(10 * ms, progress=False)
        np.testing.assert_array_equal(together[k], alone.get(net.p, "tag"))
    assert (together[0] != together[1]).all()


def test_weights_that_are_set_are_checked_as_first_ones_are():
    net = nd.DynamicsGroup(name="Net")
    net.pre, net.post = nd.LIF(4), nd.LIF(3)
    conductance = {"syn": nd.Expon.desc(), "out": nd.COBA.desc(E=0 * mV)}
    net.p = nd.STDP(net.pre, comm=nd.AllToAll(4, 3, weight=1 * nS), post=net.post, w_max=2 * nS, **conductance)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", batch=2)
    sim.batch["p.w_max"] = [2.0, 5.0] * nS
    with pytest.raises(NegativeConductanceError, match=r"The weight of Net\.p is -0\.1 nS"):
        sim.set(net.p, "weight", -0.1 * nS)
    with pytest.raises(InvalidParameterError, match=r"12 of 12 new weights .* 0\.0 nS to 2\.0 nS"):
        sim.set(net.p, "weight", np.full(12, 4.0) * nS)
    sim.set(net.p, "weight", 4 * nS, replica=1)
    assert np.all(sim.get(net.p, "weight", replica=1) == 4 * nS)


def test_a_trace_is_read_as_a_module_of_its_own():
    net = Net(nd.STDP, 1 * ms, w_max=2 * mV)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret")
    with pytest.raises(
        RecordingError, match=r"(?s)p has no variable 'y'.*a module of its own, Net\.p\.y, with the states x"
    ):
        sim.record(net.p, "y")
    assert sim.get(net.p.y, "x").shape == (N_POST - 1,)
