"""Synapses with states of their own, which presynaptic spikes change as the user writes it, against loops of NumPy."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import HookArgumentError, NotInitialisedError, UnsupportedFeatureError
from numbadyn.projections.plastic import PlasticProj
from numbadyn.projections.synapse_state import SynapseState
from tests.targets import SIMULATED, simulator_of

TARGETS = ("interpret",) if SIMULATED else ("interpret", "cpu")
STEPS, DT, N_PRE, N_POST = 60, 0.5, 7, 5


class Spiking(nd.Dynamics):
    """Neurons that fire every few steps, with a trace of their own spikes; they keep what arrives."""

    def __init__(self, size, period, phase):
        super().__init__(size)
        self.period, self.tau = nd.Parameter(period), nd.Parameter(10 * ms)
        self.phase = nd.State(phase)
        self.trace, self.received = nd.State(0.0), nd.State(0 * mV)

    def update(self):
        self.received.value = self.received + self.sum_delta_inputs(0 * mV)
        fired = self.phase >= self.period
        self.phase.value = np.where(fired, 1, self.phase + 1)
        self.trace.value = self.trace * np.exp(-nd.environ.get_dt() / self.tau) + fired.astype(float)
        return fired


class PairDepression(PlasticProj):
    """Each presynaptic spike takes off a part that grows with the trace of the postsynaptic neuron."""

    def __init__(self, pre, post, **options):
        super().__init__(pre, post=post, **options)
        self.rate = nd.Parameter(0.03 * mV)

    def on_pre(self, s):
        s.weight = np.maximum(s.weight - self.rate * s.post.trace, 0 * mV)


class Pair(PairDepression):
    """The pair rule: each postsynaptic spike adds a part that grows with the trace of the presynaptic neuron."""

    def on_post(self, s):
        s.weight = np.minimum(s.weight + 0.015 * mV * s.pre.trace, 2 * mV)


class Net(nd.DynamicsGroup):
    def __init__(self, delay=None, kind=PairDepression, **options):
        super().__init__()
        self.pre = Spiking(N_PRE, np.arange(2, 2 + N_PRE), np.arange(N_PRE) % 3)
        self.post = Spiking(N_POST, np.arange(3, 3 + N_POST), np.arange(N_POST) % 4)
        comm = nd.FixedProb(N_PRE, N_POST, prob=0.6, weight=nd.init.Uniform(0.5 * mV, 2 * mV))
        self.proj = kind(self.pre, self.post, comm=comm, delay=delay, **options)


DELAYS = {"none": None, "one": 1 * ms, "each": nd.init.Uniform(0 * ms, 2.4 * ms)}


def by_hand(sim, net, potentiation=0.0):
    """The same network as a loop over steps, spikes and synapses."""
    edges = net.proj.edges()
    pre, post, weight = edges.pre, edges.post, np.array(edges.weight.magnitude)
    late = np.rint(edges.delay.rescale(ms).magnitude / DT).astype(int)
    decay = np.exp(-DT / 10.0)
    sides = {
        side: [np.array(sim.get(getattr(net, side), "phase")), np.arange(start, start + n), np.zeros(n), []]
        for side, start, n in (("pre", 2, N_PRE), ("post", 3, N_POST))
    }
    received = np.zeros(N_POST)
    weights = []
    for step in range(STEPS):
        weights.append(weight.copy())
        trace, trace_pre = sides["post"][2].copy(), sides["pre"][2].copy()
        arriving = np.zeros(N_POST)
        fired = sides["pre"][3]
        for lag in np.unique(late):  # delay after delay, and there by neuron and target
            if step - 1 - lag < 0:
                continue
            for k in sorted(np.flatnonzero(late == lag), key=lambda k: (pre[k], post[k])):
                if fired[step - 1 - lag][pre[k]]:
                    weight[k] = max(weight[k] - 0.03 * trace[post[k]], 0.0)
                    arriving[post[k]] += weight[k]
        if potentiation and step:
            for k in np.flatnonzero(sides["post"][3][step - 1][post]):
                weight[k] = min(weight[k] + potentiation * trace_pre[pre[k]], 2.0)
        received += arriving
        for side in sides.values():
            now = side[0] >= side[1]
            side[0] = np.where(now, 1, side[0] + 1)
            side[2] = side[2] * decay + now
            side[3].append(now)
    return np.array(weights), weight, received


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("delay", DELAYS)
def test_a_rule_at_presynaptic_spikes(target, delay):
    net = Net(DELAYS[delay])
    sim = simulator_of(net, DT * ms, target, seed=3)
    traced, last, received = by_hand(sim, net)
    sim.record(net.proj, "weight")
    result = sim.run(STEPS * DT * ms)
    np.testing.assert_array_equal(result[net.proj].weight.magnitude, traced)
    np.testing.assert_array_equal(sim.get(net.proj, "weight").magnitude, last)
    np.testing.assert_array_equal(sim.get(net.post, "received").magnitude, received)
    assert (last < traced[0]).any()


@pytest.mark.cudasim
@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize("delay", ["one", "each"])
def test_the_pair_rule(target, delay):
    net = Net(DELAYS[delay], Pair)
    sim = simulator_of(net, DT * ms, target, seed=4)
    traced, last, received = by_hand(sim, net, 0.015)
    sim.record(net.proj, "weight", every=DT * ms, start=5 * DT * ms)
    result = sim.run(20 * DT * ms)
    np.testing.assert_array_equal(result[net.proj].weight.magnitude, traced[5:20])
    sim.run((STEPS - 20) * DT * ms)
    np.testing.assert_array_equal(net.proj.edges().weight.magnitude, last)
    np.testing.assert_array_equal(sim.get(net.post, "received").magnitude, received)
    assert (last != traced[0]).all()
    assert (np.diff(traced, axis=0) > 0).any()
    assert (np.diff(traced, axis=0) < 0).any()


def test_weights_are_read_set_and_recorded_in_the_order_of_edges():
    net = Net(DELAYS["each"])
    sim = simulator_of(net, DT * ms, "interpret", seed=3)
    edges = net.proj.edges()
    chosen = np.arange(edges.weight.size) * 0.01 * mV
    sim.set(net.proj, "weight", chosen)
    np.testing.assert_array_equal(net.proj.edges().weight.magnitude, chosen.magnitude)
    assert (edges.delay != edges.delay[0]).any()
    sim.record(net.proj, "weight", index=[4, 2])
    sim.run(DT * ms)
    assert sim.run(STEPS * DT * ms)[net.proj].weight.shape == (STEPS, 2)
    np.testing.assert_array_equal(net.proj.edges().weight, sim.get(net.proj, "weight"))
    result = sim.run(DT * ms)
    np.testing.assert_array_equal(result[net.proj].weight[0], sim.get(net.proj, "weight")[[4, 2]])


def test_another_seed_draws_other_synapses_whose_weights_are_recorded():
    net = Net()
    sim = simulator_of(net, DT * ms, "interpret", seed=3)
    sim.record(net.proj, "weight")
    sim.run(20 * DT * ms)
    result = sim.reset(seed=8).run(DT * ms)
    other = Net()
    np.testing.assert_array_equal(
        result[net.proj].weight[0], simulator_of(other, DT * ms, "interpret", seed=8).get(other.proj, "weight")
    )


def test_a_state_of_synapses_beside_the_weight():
    class Counting(PlasticProj):
        def __init__(self, pre, post, **options):
            super().__init__(pre, post=post, **options)
            self.count = SynapseState(nd.init.Uniform(0.0, 1.0))

        def on_pre(self, s):
            s.count = s.count + 1
            s.weight = s.weight + s.pre.trace * 0.1 * mV

    net = Net(kind=Counting)
    sim = simulator_of(net, DT * ms, "interpret", seed=3)
    before = sim.get(net.proj, "count")
    sim.record(net.pre, spikes=True)
    result = sim.run(STEPS * DT * ms)
    spikes = np.bincount(
        result[net.pre].spikes.indices[result[net.pre].spikes.times < (STEPS - 0.5) * DT * ms], minlength=N_PRE
    )
    np.testing.assert_allclose(sim.get(net.proj, "count") - before, spikes[net.proj.edges().pre])


class Unreliable(PlasticProj):
    """Some spikes get through, and then the synapse is tired; spikes of the target let it recover, more or less."""

    def __init__(self, pre, post, **options):
        super().__init__(pre, post=post, **options)
        self.rested, self.sent = SynapseState(nd.init.Uniform(0.2, 1.0)), SynapseState(0)
        self.last = SynapseState(np.zeros(N_PRE * N_POST, dtype=bool))

    def on_pre(self, s):
        sent = nd.random.uniform() < s.rested
        s.sent = s.sent + sent
        s.last = sent & ~s.last
        s.rested = np.where(sent, 0.7 * s.rested, s.rested)

    def on_post(self, s):
        s.rested = np.clip(s.rested + 0.05 * nd.random.normal(), 0.0, 1.0)


class Many(nd.DynamicsGroup):
    """Plastic synapses in all the ways that they can lie: onto themselves, twice, between parts, and none at all."""

    def __init__(self):
        super().__init__()
        self.pre = Spiking(N_PRE, np.arange(2, 2 + N_PRE), np.arange(N_PRE) % 3)
        self.post = Spiking(N_POST, np.arange(3, 3 + N_POST), np.arange(N_POST) % 4)
        weight = nd.init.Uniform(0.5 * mV, 2 * mV)
        self.one = Pair(self.pre, self.post, comm=nd.FixedProb(N_PRE, N_POST, prob=0.5, weight=weight))
        late = {"delay": 1 * ms, "dendritic_delay": 1.5 * ms}
        self.two = Pair(self.pre, self.post, comm=nd.AllToAll(N_PRE, N_POST, weight=1 * mV), **late)
        comm = nd.FixedInDegree(N_PRE, N_PRE, 2, weight=weight)
        self.own = Pair(self.pre, self.pre, comm=comm, delay=DELAYS["each"], dendritic_delay=DELAYS["each"])
        comm = nd.FixedProb(N_PRE, N_POST, prob=0.0, weight=weight)
        self.none = Pair(self.pre, self.post, comm=comm, dendritic_delay=DELAYS["each"])
        comm, part = nd.AllToAll(4, 3, weight=0.7 * mV), self.post[1:4]
        self.part = Pair(self.pre[2:6], part, comm=comm, dendritic_delay=[[1.0, 0.0, 2.5]] * ms)
        self.chance = Unreliable(self.pre, self.post, comm=nd.AllToAll(N_PRE, N_POST, weight=0.1 * mV))
        self.still = nd.DeltaProj(self.pre, comm=nd.AllToAll(N_PRE, N_POST, weight=0.1 * mV), post=self.post)


@pytest.mark.skipif(SIMULATED, reason="the processor")
@pytest.mark.parametrize("precision", [64, 32])
def test_all_bits_are_those_of_the_interpreter(precision):
    found = []
    for target in TARGETS:
        net = Many()
        sim = nd.Simulator(net, dt=DT * ms, target=target, seed=11, precision=precision)
        sim.record(net.one, "weight", index=[3, 0])
        sim.run(7 * DT * ms)
        sim.record(net.own, "weight")  # makes the machine anew
        result = sim.run(40 * DT * ms)
        projections = (net.one, net.two, net.own, net.none, net.part)
        found.append(
            [
                *(proj.edges().weight.magnitude for proj in projections),
                *(sim.get(net.chance, name) for name in ("rested", "sent", "last")),
                *(sim.get(cells, "received").magnitude for cells in (net.pre, net.post)),
                result[net.own].weight.magnitude,
                result[net.one].weight.magnitude,
            ]
        )
        assert found[-1][3].size == 0
        sent = sim.get(net.chance, "sent").reshape(N_PRE, N_POST)
        assert (sent.max(axis=1) > sent.min(axis=1)).all()  # drawn for each synapse
        assert sorted(set(net.part.edges().pre)) == [2, 3, 4, 5]
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype


def test_weights_assigned_before_a_simulator_is_made_are_first_ones():
    net = nd.init_all_states(Net(DELAYS["each"]))
    with nd.environ.context(dt=DT * ms):
        first = net.proj.weight.value
        np.testing.assert_array_equal(first, net.proj.edges().weight)
        net.proj.weight.value = 2 * first
    sim = simulator_of(net, DT * ms, "interpret")
    np.testing.assert_array_equal(sim.get(net.proj, "weight"), 2 * first)


def test_a_weight_that_is_not_finite_is_named_as_edges_count_it():
    class Dividing(PairDepression):
        def on_pre(self, s):
            s.weight = s.weight / (s.post.trace - s.post.trace)

    net = Net(DELAYS["each"], Dividing)
    sim = simulator_of(net, DT * ms, "interpret", seed=3)
    with pytest.raises(nd.errors.NonFiniteStateError, match=r"Net\.proj\.weight") as caught:
        sim.run(8 * DT * ms)
    place = int(str(caught.value).split("became")[1].split("element ")[1].split(" ")[0])
    assert not np.isfinite(net.proj.edges().weight[place])
    assert np.isfinite(net.proj.edges().weight[:place]).all()


class CountingPair(Pair):
    """The pair rule, which counts presynaptic spikes."""

    def __init__(self, pre, post, **options):
        super().__init__(pre, post, **options)
        self.count = SynapseState(0)

    def on_pre(self, s):
        super().on_pre(s)
        s.count = s.count + 1


class Ordered(nd.DynamicsGroup):
    """The source first: its spikes act in the step in which they are fired, as far as delays let them."""

    def __init__(self, delay):
        super().__init__()
        self.pre = Spiking(N_PRE, np.arange(2, 2 + N_PRE), np.arange(N_PRE) % 3)
        self.post = Spiking(N_POST, np.arange(3, 3 + N_POST), np.arange(N_POST) % 4)
        comm = nd.AllToAll(N_PRE, N_POST, weight=nd.init.Uniform(0.5 * mV, 2 * mV))
        self.proj = CountingPair(self.pre, self.post, comm=comm, delay=delay)

    def update(self):
        self.pre()
        self.proj()
        self.post()


@pytest.mark.parametrize("delay", ["none", "each"])
def test_spikes_of_the_step_itself(delay):
    found = []
    for target in TARGETS:
        net = Ordered(DELAYS[delay])
        sim = nd.Simulator(net, dt=DT * ms, target=target, seed=2)
        sim.record(net.proj, "weight")
        sim.record(net.pre, spikes=True)
        result = sim.run(STEPS * DT * ms)
        count = sim.get(net.proj, "count").reshape(N_PRE, N_POST)
        fired = np.bincount(result[net.pre].spikes.indices, minlength=N_PRE)
        if delay == "none":
            np.testing.assert_array_equal(count, np.repeat(fired[:, None], N_POST, axis=1))
        else:
            assert (count <= fired[:, None]).all()
            assert (count < fired[:, None]).any()
        found.append((result[net.proj].weight.magnitude, sim.get(net.post, "received").magnitude, count))
    for mine, theirs in zip(found[0], found[-1], strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("rule", "error", "said"),
    [
        (lambda self: None, HookArgumentError, "cannot be called with one argument"),
        (lambda self, s: 0.9 * s.weight, UnsupportedFeatureError, "returns a value"),
    ],
)
@pytest.mark.parametrize("name", ["on_pre", "on_post"])
def test_a_rule_that_would_do_nothing_is_refused(name, rule, error, said):
    rule.__name__ = name
    Own = type("Own", (PlasticProj,), {name: rule})

    class Wrong(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = nd.LIF(3)
            self.proj = Own(self.cells, comm=nd.AllToAll(3, 3, 1 * mV), post=self.cells)

    with pytest.raises(error, match=f"{name} of .*{said}"):
        nd.Simulator(Wrong(), dt=DT * ms, target="interpret")


def test_a_weight_that_is_assigned_before_there_are_states_is_not_forgotten_silently():
    net = Net(None)
    net.proj.weight.value = 3 * mV
    with pytest.raises(NotInitialisedError, match=r"proj\.weight was assigned before"):
        nd.Simulator(net, dt=DT * ms, target="interpret")
    nd.init_all_states(net)  # starts again
    assert np.all(net.proj.weight.value != 3 * mV)


@pytest.mark.parametrize("target", TARGETS)
def test_weights_of_the_rule_are_first_values_until_the_first_step_and_from_a_reset_on(target):
    net = Net(None)
    sim = simulator_of(net, DT * ms, target).compile()
    for new in (0.3 * mV, 0.4 * mV):
        net.proj.comm.weight = new  # before the first step
        assert np.all(sim.get(net.proj, "weight") == new)
        sim.run(20 * DT * ms, progress=False)
        net.proj.comm.weight = 0.7 * mV
        assert np.all(sim.get(net.proj, "weight") <= new)
        sim.reset()
        assert np.all(sim.get(net.proj, "weight") == 0.7 * mV)


def test_a_state_of_synapses_may_have_any_name():
    class Spacious(PairDepression):
        def __init__(self, *modules, **options):
            super().__init__(*modules, **options)
            self.space = SynapseState(0.0)

        def on_pre(self, s):
            s.space = s.space + 1.0

    net = Net(None, Spacious)
    sim = simulator_of(net, DT * ms, "interpret")
    sim.run(20 * DT * ms, progress=False)
    assert sim.get(net.proj, "space").max() > 0


@pytest.mark.parametrize("shared", [None, "connectivity"])
@pytest.mark.parametrize("learns", [True, False])
def test_edges_of_a_batch_are_those_of_its_first_replica(learns, shared):
    net = nd.DynamicsGroup()
    net.source, net.cells = nd.SpikeTrain(9, [0], [1] * ms), nd.LIF(4)
    comm = nd.FixedProb(9, 4, prob=0.5, weight=nd.init.Uniform(0 * mV, 1 * mV))
    made = (lambda *ends, **options: nd.STDP(*ends, w_max=1 * mV, **options)) if learns else nd.DeltaProj
    net.joined = made(net.source, comm=comm, post=net.cells)
    sim = nd.Simulator(net, dt=0.1 * ms, batch=2, shared=shared, seed=1, target="interpret")
    sim.run(2 * ms)
    found, one = net.joined.edges(), sim.edges(net.joined, replica=0)
    for name in ("pre", "post", "weight"):
        np.testing.assert_array_equal(getattr(found, name), getattr(one, name))
