"""Rules of spike-timing-dependent plasticity against loops over steps, spikes and synapses, and their windows."""

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd
from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError
from tests.targets import SIMULATED, simulator_of

TARGETS = ("interpret",) if SIMULATED else ("interpret", "cpu")
STEPS, DT, N_PRE, N_POST = 120, 0.5, 6, 4


class Clocks(nd.Dynamics):
    """Neurons that fire with a period each, and take no notice of what arrives."""

    def __init__(self, periods):
        super().__init__(len(periods))
        self.periods = nd.Parameter(np.asarray(periods))

    def init_state(self):
        self.count, self.arrived = nd.State(0), nd.State(0 * mV)

    def update(self):
        self.arrived.value = self.sum_delta_inputs(0 * mV)
        fired = self.count + 1 >= self.periods
        self.count.value = np.where(fired, 0, self.count + 1)
        return fired


PERIODS = np.array([5, 7, 9, 11, 13, 17]), np.array([6, 8, 10, 15])


class Net(nd.DynamicsGroup):
    def __init__(self, rule, delay=None, weight=None, **options):
        super().__init__()
        weight = nd.init.Uniform(0.5 * mV, 1.5 * mV) if weight is None else weight
        self.pre, self.post = Clocks(PERIODS[0]), Clocks(PERIODS[1])
        comm = nd.FixedProb(N_PRE, N_POST, prob=0.7, weight=weight)
        self.p = rule(self.pre, comm=comm, post=self.post, delay=delay, **options)


class Oracle:
    """One synapse, told of arrivals and of spikes of its neuron, at the times of steps."""

    def __init__(self, weight, low, high, nearest=False):
        self.w, self.low, self.high, self.nearest = weight, low, high, nearest
        self.arrivals, self.posts = [], []

    def change(self, by):
        self.w = min(max(self.w + by, self.low), self.high)

    def trace(self, times, t, tau):
        values = [np.exp(-(t - s) / tau) for s in times]
        return (values[-1] if values else 0.0) if self.nearest else sum(values)


def pair(mu, nearest):
    def arrive(s, t):
        s.change(-0.06 * 2 * max(s.w / 2, 0) ** mu * s.trace(s.posts, t, 15.0))

    def fire(s, t):
        s.change(0.05 * 2 * max(1 - s.w / 2, 0) ** mu * s.trace(s.arrivals, t, 10.0))

    options = {"tau_plus": 10 * ms, "tau_minus": 15 * ms, "A_plus": 0.05, "A_minus": 0.06, "mu": mu}
    return nd.STDP, {"w_max": 2 * mV, "nearest": nearest, **options}, arrive, fire


def triplet():
    def arrive(s, t):
        s.change(-2 * s.trace(s.posts, t, 33.7) * (0.02 + 0.03 * s.trace(s.arrivals, t, 101.0)))

    def fire(s, t):
        s.change(2 * s.trace(s.arrivals, t, 16.8) * (0.01 + 0.02 * s.trace(s.posts[:-1], t, 125.0)))

    options = {"A2_plus": 0.01, "A3_plus": 0.02, "A2_minus": 0.02, "A3_minus": 0.03}
    return nd.TripletSTDP, {"w_max": 2 * mV, **options}, arrive, fire


def balance():
    def arrive(s, t):
        s.change(0.01 * -2 * (s.trace(s.posts, t, 20.0) - 2 * 0.02 * 20.0))

    def fire(s, t):
        s.change(0.01 * -2 * s.trace(s.arrivals, t, 20.0))

    weight = nd.init.Uniform(-1.5 * mV, -0.5 * mV)
    return nd.VogelsSprekelerSTDP, {"w_max": -2 * mV, "rho": 20 * Hz, "weight": weight}, arrive, fire


RULES = {
    "additive": lambda: pair(0.0, nearest=False),
    "multiplicative": lambda: pair(1.0, nearest=False),
    "power, nearest": lambda: pair(0.4, nearest=True),
    "triplet": triplet,
    "Vogels-Sprekeler": balance,
}


@pytest.mark.parametrize("delay", [None, nd.init.Uniform(0 * ms, 4 * ms)], ids=["none", "each"])
@pytest.mark.parametrize("name", RULES)
def test_weights_follow_the_rule(name, delay):
    """Compiled where there are delays; where there are none, that takes a test of its own."""
    rule, options, arrive, fire = RULES[name]()
    follow_the_rule(rule, options, arrive, fire, delay, ("interpret",) if delay is None else TARGETS, 0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", RULES)
def test_compiled_weights_follow_the_rule_without_delays(name):
    follow_the_rule(*RULES[name](), None, TARGETS, 0)


@pytest.mark.parametrize(("delay", "back"), [(None, 0), (1.5 * ms, 3), (nd.init.Uniform(0 * ms, 4 * ms), 2)])
def test_dendrites_delay_what_goes_to_the_neuron_and_what_comes_back(delay, back):
    rule, options, arrive, fire = RULES["triplet"]()
    net = follow_the_rule(
        rule, {**options, "dendritic_delay": back * DT * ms}, arrive, fire, delay, ("interpret",), back
    )
    first = follow_the_rule(rule, options, arrive, fire, delay, ("interpret",), 0)
    assert bool(back) == bool((net.received != first.received).any())
    early = slice(0, 25)  # until weights come to their bound
    came, later = first.received[early] != 0, net.received[back:][early] != 0
    np.testing.assert_array_equal(came, later)


def follow_the_rule(rule, options, arrive, fire, delay, targets, back):
    found = []
    for target in targets:
        net = Net(rule, delay, **options)
        sim = simulator_of(net, DT * ms, target, seed=4)
        first = net.p.edges()
        sim.record(net.post, "arrived")
        net.received = sim.run(STEPS * DT * ms, progress=False)[net.post].arrived.magnitude
        found.append(sim.get(net.p, "weight").magnitude)
    assert all((weights == found[0]).all() for weights in found)

    low, high = sorted((0.0, float(options["w_max"].magnitude)))
    start = first.weight.magnitude
    synapses = [Oracle(w, low, high, options.get("nearest", False)) for w in start]
    late = np.rint(np.broadcast_to(first.delay.rescale(ms).magnitude, start.shape) / DT).astype(int)
    for step in range(1, STEPS):
        t = step * DT
        known = step - back  # spikes of the target come back
        fired = [(step % PERIODS[0]) == 0, (known > 0) & (known % PERIODS[1] == 0)]
        for synapse, pre, post, delayed in zip(synapses, first.pre, first.post, late, strict=True):
            if fired[1][post]:
                synapse.posts.append(t)  # its trace is there at the end of the step in which it was fired
            origin = step - delayed
            if origin > 0 and origin % PERIODS[0][pre] == 0:
                arrive(synapse, t)
                synapse.arrivals.append(t)
        for synapse, post in zip(synapses, first.post, strict=True):
            if fired[1][post]:
                fire(synapse, t)
    np.testing.assert_allclose(found[0], [synapse.w for synapse in synapses], rtol=1e-9)
    assert np.abs(found[0] - start).max() > 0.01
    return net


def test_the_window_of_the_pair_rule():
    """One pair at each distance: two exponentials, in parts of the largest weight."""
    distances = np.array([-20.0, -10.0, -2.0, 2.0, 10.0, 20.0])
    n = len(distances)
    net = nd.DynamicsGroup()
    net.pre = nd.SpikeTrain(n, indices=np.arange(n), times=np.full(n, 30.0) * ms)
    net.driver = nd.SpikeTrain(n, indices=np.arange(n), times=(30.0 + distances) * ms)

    class Relay(nd.Neuron):
        def update(self):
            return self.sum_delta_inputs(0 * mV) > 5 * mV

    net.post = Relay(n)
    net.drive = nd.DeltaProj(net.driver, comm=nd.OneToOne(n, n, weight=10 * mV), post=net.post)
    comm = nd.OneToOne(n, n, weight=1 * mV)
    net.p = nd.STDP(net.pre, comm=comm, post=net.post, w_max=2 * mV, delay=0.1 * ms, A_plus=0.01, A_minus=0.02)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(60 * ms, progress=False)
    change = sim.get(net.p, "weight").magnitude - 1.0
    expected = np.where(distances > 0, 0.02 * np.exp(-distances / 20.0), -0.04 * np.exp(distances / 20.0))
    np.testing.assert_allclose(change, expected, rtol=1e-9)


def test_one_time_constant_moves_both_traces_in_a_batch():
    net = Net(nd.VogelsSprekelerSTDP, weight=nd.init.Uniform(-1.5 * mV, -0.5 * mV), w_max=-2 * mV)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", batch=2, shared="connectivity")
    sim.batch["p.tau"] = [20.0, 5.0] * ms
    sim.run(40 * ms)
    for trace in (net.p.x, net.p.y):
        slow, fast = sim.get(trace, "x")
        assert (slow > fast).all()


def test_a_value_of_the_other_side_is_refused():
    class Wrong(nd.PlasticProj):
        def on_pre(self, s):
            s.weight = s.weight + 0.1 * mV * s.post(self.pre.count.value)

    with pytest.raises(ShapeError, match=r"(?s)shape \(6,\), but there are \(4,\) neurons"):
        nd.Simulator(Net(Wrong), dt=DT * ms, target="interpret")


@pytest.mark.parametrize("rule", [nd.STDP, nd.TripletSTDP, nd.VogelsSprekelerSTDP])
def test_bounds_and_weights_that_do_not_fit_are_refused(rule):
    for bounds, said in (
        (
            {"w_max": 1.0},
            r"5 of 15 first weights of Net.p are outside .*, 0.0 mV to 1.0 mV; the farthest from zero is 1.3",
        ),
        ({"w_max": -2.0}, "15 of 15 first weights of Net.p are outside of its bounds, -2.0 mV to 0.0 mV"),
        ({"w_max": 0.0}, "w_max of Net.p is 0.0 mV, and w_min is 0.0 mV"),
        ({"w_max": 2.0, "w_min": 3.0}, "w_max of Net.p is 2.0 mV, and w_min is 3.0 mV"),
    ):
        net = Net(rule, **{name: value * mV for name, value in bounds.items()})
        with pytest.raises(InvalidParameterError, match=said):
            nd.Simulator(net, dt=DT * ms, target="interpret").run(DT * ms)
    with pytest.raises(DimensionError, match=f"{rule.__name__}.w_max is 2.0 ms, but it must be in mV"):
        Net(rule, w_max=2 * ms)


def test_a_bound_may_be_drawn_and_differ_in_a_batch():
    net = Net(nd.STDP, w_max=nd.init.Uniform(2 * mV, 3 * mV))
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", batch=2)
    sim.run(20 * ms)
    net = Net(nd.STDP, w_max=2 * mV)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret", batch=2)
    sim.batch["p.w_max"] = [2.0, 1.0] * mV
    with pytest.raises(InvalidParameterError, match=r"0.0 mV to 1.0 mV"):
        sim.run(20 * ms)
