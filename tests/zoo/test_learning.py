"""Rules that follow voltages, rewards, rates, sums and probabilities, against loops over steps, spikes and synapses."""

from typing import ClassVar

import numpy as np
import pytest
from quantities import Hz, kHz, ms, mV

import numbadyn as nd
from numbadyn.errors import DimensionError, FixedAttributeError, InvalidParameterError
from tests.targets import SIMULATED, simulator_of
from tests.zoo.test_stdp import DT, N_POST, N_PRE, PERIODS, Clocks

TARGETS = ("interpret",) if SIMULATED else ("interpret", "cpu")
STEPS = 100
DELAYS = {"one": 1.5 * ms, "each": nd.init.Uniform(0 * ms, 4 * ms)}


class Swinging(Clocks):
    """Clocks whose potential goes up and down, each at its own pace."""

    def init_state(self):
        super().init_state()
        self.V = nd.State(-70 * mV)

    def update(self):
        phase = 0.05 * (1 + np.arange(N_POST)) * (nd.environ.get("i") + 1)
        self.V.value = -55 * mV + 25 * mV * np.sin(phase)
        return super().update()


class Net(nd.DynamicsGroup):
    def __init__(self, rule, delay, **options):
        super().__init__()
        self.pre, self.post = Clocks(PERIODS[0]), Swinging(PERIODS[1])
        comm = nd.FixedProb(N_PRE, N_POST, prob=0.8, weight=nd.init.Uniform(0.5 * mV, 1.5 * mV))
        self.p = rule(self.pre, comm=comm, post=self.post, delay=delay, **options)


class Oracle:
    """Weights of all synapses, and what has happened so far: arrivals at each, spikes of each neuron, potentials."""

    def __init__(self, edges):
        self.w, self.pre, self.post = edges.weight.magnitude.copy(), edges.pre, edges.post
        self.arrived, self.fired = np.zeros((0, self.w.size)), np.zeros((0, N_POST))
        self.V = np.full(N_POST, -70.0)

    def trace(self, events, tau, without_last=False):
        """The trace of the past, as a sum over all events."""
        past = events[:-1] if without_last else events
        ages = DT * np.arange(len(events) - 1, len(events) - 1 - len(past), -1)
        return (past * np.exp(-ages / tau)[:, None]).sum(axis=0)

    def change(self, by, low=0.0, high=2.0):
        self.w = np.minimum(np.maximum(self.w + by, low), high)


class Voltage(Oracle):
    rule = nd.VoltageSTDP
    options: ClassVar = {"w_max": 2 * mV, "A_LTD": 1e-3, "A_LTP": 5e-4}

    def begin(self, n):
        u = self.__dict__.setdefault("u", [np.full(N_POST, -70.6), np.full(N_POST, -70.6)])
        self.u = [self.V + (x - self.V) * np.exp(-DT / tau) for x, tau in zip(u, (10.0, 7.0), strict=True)]

    def on_pre(self, n, come):
        self.change(np.where(come, -1e-3 * 2 * np.maximum(self.u[0] + 70.6, 0)[self.post], 0.0))

    def end(self, n):
        x = self.trace(self.arrived, 15.0) / 15.0
        product = (np.maximum(self.V + 45.3, 0) * np.maximum(self.u[1] + 70.6, 0))[self.post]
        self.change(5e-4 * 2 * x * product * DT)


class Reward(Oracle):
    rule = nd.RewardSTDP
    options: ClassVar = {
        "w_max": 2 * mV,
        "A_plus": 0.1,
        "A_minus": 0.12,
        "interval": 5 * ms,
        "tau_c": 50 * ms,
        "tau_d": 30 * ms,
        "baseline": 0.002 * kHz,
        "rate": 0.2 * kHz,
    }
    c, d = 0.0, 0.0

    def begin(self, n):
        steady = 0.002 * 30
        self.d = steady + (self.d - steady) * np.exp(-DT / 30.0)
        self.c = self.c * np.exp(-DT / 50.0)

    def on_pre(self, n, come):
        self.c = self.c - np.where(come, 0.12 * self.trace(self.fired, 20.0)[self.post], 0.0)

    def on_post(self, n, fired):
        self.c = self.c + np.where(fired, 0.1 * self.trace(self.arrived, 20.0), 0.0)

    def end(self, n):
        if n and n % 10 == 0:
            self.change(0.2 * 5 * 2 * self.c * self.d)


class Homeostasis(Oracle):
    rule = nd.HomeostaticScaling
    options: ClassVar = {"w_max": 2 * mV, "rho": 150 * Hz, "tau": 40 * ms, "beta": 0.02 * kHz, "interval": 2 * ms}

    def end(self, n):
        if n and n % 4 == 0:
            y = self.trace(self.fired, 40.0)[self.post]
            self.change(self.w * 0.02 * 2 * (1 - y / (0.15 * 40)))


class Sums(Oracle):
    class Both(nd.WeightNormalisation, nd.STDP):
        """The pair rule, in a competition."""

    rule = Both
    options: ClassVar = {"w_max": 9 * mV, "total": 3 * mV, "interval": 7 * ms, "A_plus": 0.01, "A_minus": 0.01}

    def on_pre(self, n, come):
        self.change(np.where(come, -0.09 * self.trace(self.fired, 20.0)[self.post], 0.0), high=9.0)

    def on_post(self, n, fired):
        self.change(np.where(fired, 0.09 * self.trace(self.arrived, 20.0), 0.0), high=9.0)

    def end(self, n):
        if n and n % 14 == 0:
            self.w = self.w * 3 / np.bincount(self.post, self.w, N_POST)[self.post]


class Bayes(Oracle):
    rule = nd.BCPNN
    options: ClassVar = {"gain": 2 * mV, "tau_e": 20 * ms, "tau_p": 60 * ms, "kappa": 0.7}

    def end(self, n):
        if n == 0 or n % 2:
            return
        eps = 0.01
        e, p = self.__dict__.setdefault("ep", [[eps, eps, eps**2], [eps, eps, eps**2]])
        z = self.trace(self.arrived, 10.0) / 0.2 + eps, self.trace(self.fired, 10.0)[self.post] / 0.2 + eps
        for k, now in enumerate((*z, z[0] * z[1])):
            e[k] = now + (e[k] - now) * np.exp(-1 / 20.0)
            p[k] = e[k] + (p[k] - e[k]) * np.exp(-0.7 / 60.0)
        self.w = 2 * np.log(p[2] / (p[0] * p[1]))


for _name in ("begin", "on_pre", "on_post", "end"):
    setattr(Oracle, _name, lambda self, *args: None)


def follow(oracle, late):
    """Let an oracle go through all steps; `late` are the delays of the synapses in steps."""
    for n in range(STEPS):
        fired = (n % PERIODS[1] == 0) & (n > 0)
        origin = n - late
        come = (origin > 0) & (origin % PERIODS[0][oracle.pre] == 0)
        oracle.fired = np.vstack([oracle.fired, fired])
        oracle.begin(n)
        oracle.arrived = np.vstack([oracle.arrived, np.zeros(come.size)])
        oracle.on_pre(n, come)
        oracle.arrived[-1] = come
        oracle.on_post(n, fired[oracle.post])
        oracle.end(n)
        oracle.V = -55 + 25 * np.sin(0.05 * (1 + np.arange(N_POST)) * (n + 1))
    return oracle


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("oracle", [Voltage, Reward, Homeostasis, Sums, Bayes])
def test_weights_follow_the_rule(oracle, delay):
    found = []
    for target in TARGETS if delay == "each" and oracle in (Voltage, Sums) else TARGETS[:1]:
        net = Net(oracle.rule, DELAYS[delay], **oracle.options)
        sim = simulator_of(net, DT * ms, target, seed=4)
        first = net.p.edges()
        sim.run(STEPS * DT * ms, progress=False)
        found.append(sim.get(net.p, "weight").magnitude)
    assert all((weights == found[0]).all() for weights in found)
    late = np.rint(np.broadcast_to(first.delay.rescale(ms).magnitude, first.pre.shape) / DT).astype(int)
    np.testing.assert_allclose(found[0], follow(oracle(first), late).w, rtol=1e-9)
    assert np.abs(found[0] - first.weight.magnitude).max() > 0.01


def test_a_reward_of_a_call_counts_for_what_was_eligible():
    """The distal reward: the pairs were before it, and the weights follow it."""

    def changed(reward):
        net = Net(nd.RewardSTDP, None, w_max=2 * mV, A_plus=0.1, A_minus=0.0)
        sim = nd.Simulator(net, dt=DT * ms, target="interpret", seed=4)
        before = sim.get(net.p, "weight")
        sim.run(60 * ms, progress=False, every=50 * ms, call=lambda sim: sim.set(net.p, "dopamine", reward))
        return (sim.get(net.p, "weight") - before).magnitude

    assert (changed(0.0) == 0.0).all()
    assert (changed(0.02) > 0.0).all()
    assert (changed(-0.02) < 0.0).all()


def test_potentiation_by_voltage_needs_frequency():
    """Pairs of pre before post: the more frequent, the more potentiation; depression for post before pre."""

    class Shape(nd.Dynamics):
        """A spike of 2 ms that begins with each input, and a depolarisation that is left over for some 50 ms."""

        def __init__(self, size):
            super().__init__(size)
            self.since, self.after = nd.State(1e3 * ms), nd.State(0 * mV)
            self.V = nd.State(-70.6 * mV)

        def update(self):
            now = self.sum_delta_inputs(0 * mV) > 5 * mV
            self.after.value = self.after * np.exp(-nd.environ.get_dt() / (50 * ms)) + np.where(now, 4 * mV, 0 * mV)
            self.since.value = np.where(now, 0 * ms, self.since + nd.environ.get_dt())
            self.V.value = -70.6 * mV + self.after.value + np.where(self.since < 2 * ms, 60 * mV, 0 * mV)
            return now

    n, periods, after = 4, np.array([300.0, 100.0, 20.0, 300.0]), np.array([10, 10, 10, -10]) * ms
    trains = np.repeat(np.arange(n), 3), np.concatenate([15 + period * np.arange(3) for period in periods])
    net = nd.DynamicsGroup()
    net.pre = nd.SpikeTrain(n, indices=trains[0], times=trains[1] * ms)
    net.driver = nd.SpikeTrain(n, indices=trains[0], times=trains[1] * ms + after[trains[0]])
    net.post = Shape(n)
    net.drive = nd.DeltaProj(net.driver, comm=nd.OneToOne(n, n, weight=10 * mV), post=net.post)
    comm = nd.OneToOne(n, n, weight=1 * mV)
    net.p = nd.VoltageSTDP(net.pre, comm=comm, post=net.post, w_max=2 * mV)
    sim = nd.Simulator(net, dt=1 * ms, target="interpret")
    sim.run(640 * ms, progress=False)
    rare, between, frequent, reversed_order = sim.get(net.p, "weight").magnitude - 1.0
    assert 0.0 < rare < between < frequent
    assert frequent > 1.2 * rare
    assert reversed_order < 0.0


class Growing(nd.Rewiring, nd.STDP):
    """The pair rule, on synapses that come and go."""


def test_synapses_are_pruned_and_grown():
    rng = np.random.default_rng(1)
    first = np.where(rng.random(N_PRE * N_POST * 10) < 0.3, rng.uniform(0.1, 1.5, N_PRE * N_POST * 10), 0.0)
    net = nd.DynamicsGroup()
    net.pre, net.post = Clocks(np.repeat(PERIODS[0], 10)), Clocks(PERIODS[1])
    comm = nd.AllToAll(10 * N_PRE, N_POST, weight=first * mV)
    rewired = {"prune_below": 0.3 * mV, "w_new": 0.5 * mV, "in_degree": 25, "interval": 10 * ms}
    net.p = Growing(net.pre, comm=comm, post=net.post, w_max=2 * mV, A_plus=0.0, A_minus=0.05, **rewired)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", seed=4)
    assert (sim.get(net.p, "alive") == (first > 0)).all()
    sim.record(net.p, "weight", "alive", every=DT * ms)
    result = sim.run(40.5 * ms, progress=False)
    weight, alive = result[net.p].weight.magnitude, result[net.p].alive
    assert not weight[~alive].any()
    due = np.arange(20, 81, 20)
    changed = (alive[1:] != alive[:-1]).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(changed), due[due < len(alive) - 1])
    for n in due[due < len(alive) - 1]:
        before, after = alive[n], alive[n + 1]
        born, gone = after & ~before, before & ~after
        assert (weight[n + 1][born] == 0.5).all()
        assert gone.any()
        assert (weight[n][gone] < 0.31).all()  # the step itself depresses some
        assert np.abs(after.reshape(-1, N_POST).sum(axis=0) - 25).max() < 12


def silent(rule, **options):
    """A projection between neurons that never fire, in a network of its own."""
    net = nd.DynamicsGroup(name="Net")
    net.pre, net.post = nd.LIF(4), nd.LIF(2)
    net.p = rule(net.pre, comm=nd.AllToAll(4, 2, weight=1 * mV), post=net.post, **options)
    return nd.Simulator(net, dt=0.5 * ms, target="interpret"), net


def test_rules_advance_by_the_steps_that_an_interval_takes():
    sim, net = silent(nd.HomeostaticScaling, w_max=9 * mV, beta=0.01 * kHz, interval=1.2 * ms)
    sim.run(5 * ms)  # 1.2 ms are 3 steps
    np.testing.assert_allclose(sim.get(net.p, "weight").magnitude, 1.015**3, rtol=1e-14)


@pytest.mark.parametrize("order", [1, -1])
def test_sums_do_not_lead_beyond_bounds(order):
    kinds = (nd.WeightNormalisation, nd.STDP)[::order]
    sim, net = silent(type("Both", kinds, {}), w_max=2 * mV, total=100 * mV, interval=1 * ms)
    sim.run(1.5 * ms)
    assert np.all(sim.get(net.p, "weight") == 2 * mV)


def test_a_rule_of_pairs_keeps_its_traces_beside_scaling():
    class Both(nd.HomeostaticScaling, nd.STDP):
        pass

    both = silent(Both, w_max=2 * mV, tau_minus=30 * ms, tau=1000 * ms)[1].p
    assert both.y.time_constant.value == 30 * ms
    with pytest.raises(FixedAttributeError, match="the trace 'y' follows the first one"):
        both.tau_minus = nd.Parameter(5 * ms)


@pytest.mark.parametrize(
    ("rule", "options", "said"),
    [
        (nd.WeightNormalisation, {"total": 0 * mV}, r"total of Net.p is zero"),
        (
            nd.Rewiring,
            {"w_new": 5 * mV},
            r"w_new of Net.p is 5.0 mV, but the bounds of its weights are 0.0 mV to 2.0 mV",
        ),
        (nd.Rewiring, {"w_new": 0.05 * mV}, r"nearer to zero than prune_below, so that new .* beyond 0.1 mV"),
        (nd.TripletSTDP, {"w_max": 2 * mV, "A3_minus": 0.1 * mV}, r"A3_minus is 0.1 mV, but it must be a plain number"),
        (nd.STDP, {"w_max": 2 * mV, "nearest": "no"}, r"nearest of a trace of STDP is 'no'"),
    ],
)
def test_values_that_do_not_fit_each_other(rule, options, said):
    if rule is nd.Rewiring:
        options = {"w_max": 2 * mV, "prune_below": 0.1 * mV, "in_degree": 2, **options}
    with pytest.raises((DimensionError, InvalidParameterError), match=f"(?s){said}"):
        silent(rule, **options)[0].run(0.5 * ms)


def test_what_grows_is_within_the_bounds_of_its_synapse():
    bounds = np.array([[2.0, 1.0]]) * mV
    sim, net = silent(nd.Rewiring, w_max=bounds, prune_below=1.2 * mV, w_new=1.5 * mV, in_degree=4, interval=1 * ms)
    sim.run(1.5 * ms)
    alive, weights = sim.get(net.p, "alive"), sim.get(net.p, "weight").magnitude
    assert alive.all()
    np.testing.assert_array_equal(weights.reshape(4, 2), np.tile([1.5, 1.0], (4, 1)))


def test_scaling_does_not_wait_for_a_reward():
    class Both(nd.HomeostaticScaling, nd.RewardSTDP):
        pass

    sim, net = silent(Both, w_max=9 * mV, beta=0.01 * kHz, interval=1 * ms)
    sim.run(2 * ms)
    np.testing.assert_allclose(sim.get(net.p, "weight").magnitude, 1.01, rtol=1e-14)
