"""NaN and infinity in states, synaptic sums, samples and first values; named with element and time, on every target."""

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, NonFiniteStateError
from tests.features.agreement import assert_same
from tests.targets import SIMULATED, simulator_of

pytestmark = pytest.mark.cudasim

TARGETS = pytest.mark.parametrize("target", ["cpu", "interpret"])


class Scripted(nd.Dynamics):
    """x takes the value `worst` in one element from one step on, for some steps, and is fine otherwise."""

    def __init__(self, size, element=2, first=0.0, **times):
        super().__init__(size)
        times = {"begin": 300, "end": 10**6, "worst": 1e308, **times}
        self.begin, self.end = nd.Parameter(times["begin"]), nd.Parameter(times["end"])
        self.worst = nd.Parameter(times["worst"])
        self.at = nd.Parameter(np.arange(np.prod(size)).reshape(size) == element)
        self.first = first

    def init_state(self):
        self.x = nd.State(self.first)
        self.y = nd.State(1.0)

    def update(self):
        i = nd.environ.get("i")
        now = self.at & (self.begin <= i) & (i < self.end)
        self.x.value = np.where(now, self.worst * 10.0, np.where(self.x.value < 0.0, 1.0, 0.0))
        self.y.value = self.y.value * 0.5
        return self.x.value


def failed(sim, time=100 * ms):
    with pytest.raises(NonFiniteStateError) as caught:
        sim.run(time, progress=False)
    return caught.value


def window(error):
    """First and last step that the message names."""
    words = error.what.split(" t = ")[1].split(" ms")[0], error.what.rsplit(" ms", 1)[0].rsplit(" ", 1)[-1]
    return [round(float(word) / 0.1) for word in words]


@TARGETS
@pytest.mark.parametrize(("worst", "word"), [(1e308, "infinite"), (-1e308, "minus infinity")])
@pytest.mark.parametrize("begin", [0, 1, 127, 128, 300])
def test_a_state_that_becomes_infinite_is_named(target, worst, word, begin):
    model = Scripted(5, worst=worst, begin=begin)
    sim = simulator_of(model, 0.1 * ms, target)
    error = failed(sim)
    assert f"Scripted.x became {word} in element 2 (1 of 5 elements)" in error.what
    low, high = window(error)
    assert low <= begin + 1 <= high <= begin + 128
    assert high - low <= 128
    assert error.where == "Scripted.x[2]"
    assert error.result.last == high
    assert sim.t == error.result.last * sim.dt


@TARGETS
def test_elements_of_a_population_of_two_axes_are_counted_in_c_order(target):
    error = failed(simulator_of(Scripted((2, 3), element=4, begin=200), 0.1 * ms, target))
    assert "Scripted.x became infinite in element 4 (1 of 6 elements)" in error.what


@pytest.mark.usefixtures("steady_chunks")
@TARGETS
def test_a_sample_tells_the_step_though_the_state_is_fine_at_the_check(target):
    model = Scripted((2, 3), element=4, begin=200, end=203)
    sim = simulator_of(model, 0.1 * ms, target)
    sim.record(model, "x", index=[0, 4])
    error = failed(sim)
    if SIMULATED and target != "interpret":  # so slow that about every step is looked at, and states before samples
        assert "Scripted.x became infinite in element 4 " in error.what
        if " between " in error.what:
            low, high = window(error)
            assert low <= 201 <= high <= 203
        return
    assert "Scripted.x became infinite in element 4 between t = 20 ms and 20.1 ms" in error.what
    assert np.isinf(error.result[model].x[201:204, 1]).all()
    assert error.result.last < 1000
    rest = sim.run(1 * ms, progress=False)
    assert rest.first == error.result.last


@TARGETS
def test_infinities_of_first_values_may_stay_and_nothing_else(target):
    for first, worst, fine in (
        (-np.inf, -1e308, True),
        (-np.inf, 1e308, False),
        (np.inf, 1e308, True),
        ([0.0, 1.0, 2.0, 3.0, -np.inf], -1e308, True),
    ):
        model = Keeps(5, first=np.asarray(first), worst=worst, begin=5)
        sim = simulator_of(model, 0.1 * ms, target)
        sim.record(model, "x")
        if fine:
            assert np.isinf(sim.run(20 * ms, progress=False)[model].x[-1, 2])
        else:
            error = failed(sim)
            assert "Keeps.x became infinite in element 2" in error.what
            assert "belongs into the first values" in error.cure


class Keeps(Scripted):
    """Infinite values stay."""

    def update(self):
        now = self.at & (nd.environ.get("i") >= self.begin)
        self.x.value = np.where(now, self.worst * 10.0, self.x.value)
        return self.x.value


@TARGETS
def test_first_values_that_are_set_say_which_infinities_may_stay(target):
    model = Keeps(5, begin=10**6)
    sim = simulator_of(model, 0.1 * ms, target)
    sim.set(model, "x", -np.inf)
    sim.run(30 * ms, progress=False)
    assert np.isneginf(sim.get(model, "x")).all()
    sim.set(model, "x", np.inf)
    assert "x became infinite in element 0 (5 of 5 elements)" in failed(sim).what
    sim.reset()
    sim.run(30 * ms, progress=False)


# ---- synaptic sums ---------------------------------------------------------------------------------------------------


class Hears(nd.Dynamics):
    """A jump beyond the threshold is forgotten at once, however large."""

    def init_state(self):
        self.V = nd.State(0.0 * mV)

    def update(self):
        V = self.sum_delta_inputs(self.V.value)
        self.V.value = np.where(1 * mV < V, 0 * mV, V)
        return 1 * mV < V


class Fires(nd.Dynamics):
    """All elements fire in one step."""

    def __init__(self, size, at):
        super().__init__(size)
        self.at = nd.Parameter(at)

    def init_state(self):
        self.n = nd.State(0)

    def update(self):
        n = self.n.value
        self.n.value = n + 1
        return (n == self.at) & (n >= 0)


class Jumps(nd.DynamicsGroup):
    """Two sources add up to more than the largest number in one of the targets."""

    def __init__(self, at):
        super().__init__()
        self.pre, self.post = Fires(2, at), Hears(4)
        pairs = nd.Edges(2, 4, [0, 1, 1], [3, 3, 0], weight=1.5e308 * mV)
        self.jump = nd.DeltaProj(self.pre, comm=pairs, post=self.post)


@TARGETS
@pytest.mark.parametrize("at", [0, 140, 254])
def test_a_sum_that_overflows_once_is_named_though_the_state_forgets_it(target, at):
    net = Jumps(at)
    sim = simulator_of(net, 0.1 * ms, target)
    error = failed(sim)
    assert "The synaptic sum of Jumps.jump onto Jumps.post became infinite or NaN in element 3 (1 of 4" in error.what
    low, high = window(error)
    assert low <= at + 2 <= high <= at + 130
    assert "weights" in error.cure
    sim.set(net.post, "V", 0 * mV)
    sim.run(20 * ms, progress=False)  # the sum starts from zero again
    sim.reset()
    failed(sim)


@TARGETS
def test_conductances_and_currents_that_overflow_are_named(target):
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre = Fires(2, 5)
            self.post = nd.LIF(4)
            self.syn = nd.AlignPostProj(
                self.pre,
                comm=nd.Edges(2, 4, [0, 1], [1, 1], weight=1.5e308 * pA),
                syn=nd.Expon.desc(tau=5 * ms),
                out=nd.CUBA.desc(),
                post=self.post,
            )

    error = failed(simulator_of(Net(), 0.1 * ms, target))
    assert "Net.post.Expon.g became infinite" in error.what
    assert "element 1" in error.what


# ---- first values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", [lambda shape: np.array([1.0, np.nan, 2.0]), lambda shape: np.where(np.ones(shape) > 0, np.nan, 0)]
)
def test_a_function_of_first_values_that_gives_nan_is_named(bad):
    class Model(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(lambda shape: np.ones(shape) if shape == (1,) else bad(shape))

        def update(self):
            return self.x.value

    with pytest.raises(InvalidParameterError, match=r"first values of Model.x .*Value [01] .*is NaN"):
        nd.Simulator(Model(3), dt=0.1 * ms, target="interpret").run(1 * ms, progress=False)


def test_the_error_of_a_function_of_first_values_is_its_own():
    class Model(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(self.values)

        def values(self, shape):
            if shape == (1,):
                return 1.0
            raise ValueError("no such file")

        def update(self):
            return self.x.value

    with pytest.raises(ValueError, match="no such file"):
        nd.Simulator(Model(3), dt=0.1 * ms, target="interpret").run(1 * ms, progress=False)


def test_nan_that_is_assigned_is_no_first_value():
    model = nd.init_all_states(Scripted(3))
    model.x.value = np.array([0.0, np.nan, 0.0])
    with pytest.raises(InvalidParameterError, match=r"Scripted.x is NaN in 1 of 3 elements, first in element 1"):
        nd.Simulator(model, dt=0.1 * ms, target="interpret").run(1 * ms, progress=False)


@TARGETS
def test_a_recorded_value_that_is_neither_state_nor_sum_may_be_infinite(target):
    class Rate(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(0.0)

        def update(self):
            self.x.value = np.maximum(self.x.value - 1.0, 0.0)
            return np.log(self.x.value)

    model = Rate(3)
    results = []
    for name in (target, "interpret"):
        sim = simulator_of(model, 0.1 * ms, name)
        sim.record(model, "output")
        results.append(sim.run(1 * ms, progress=False))
    assert_same(*results)
    assert np.isneginf(results[0][model]["output"]).all()


class Firing(nd.Dynamics):
    """Neuron 2 fires once."""

    def __init__(self):
        super().__init__(4)
        self.at = nd.Parameter(np.where(np.arange(4) == 2, 199, -1))

    def init_state(self):
        self.x = nd.State(0 * mV)

    def update(self):
        self.x.value = self.sum_delta_inputs(0 * mV)
        return self.at == nd.environ.get("i")


class Spoiling(nd.PlasticProj):
    """Spikes of either side multiply the weight; so large a factor is too large for any number."""

    def __init__(self, *modules, **options):
        super().__init__(*modules, **options)
        self.by, self.back, self.kept = nd.Parameter(1.0), nd.Parameter(1.0), nd.SynapseState(-np.inf)

    def on_pre(self, s):
        s.send(0 * mV)
        s.kept = s.kept - 1.0
        s.weight = s.weight * self.by

    def on_post(self, s):
        s.weight = s.weight * self.back


def spoiling(target, **factors):
    """Neuron 1 of the source fires at 10 and 40 ms, neuron 2 of the target at 20 ms."""
    net = nd.DynamicsGroup(name="net")
    net.pre = nd.SpikeTrain(3, [1, 1], [10, 40] * ms)
    net.post = Firing()
    net.p = Spoiling(net.pre, comm=nd.AllToAll(3, 4, weight=20 * mV), post=net.post)
    for name, factor in factors.items():
        getattr(net.p, name).value = factor
    return net, simulator_of(net, 0.1 * ms, target)


@TARGETS
@pytest.mark.parametrize(("factors", "element", "time"), [({"by": 1e308}, 4, 10), ({"back": 1e308}, 2, 20)])
def test_a_weight_that_a_spike_of_either_side_makes_infinite_is_named(target, factors, element, time):
    _net, sim = spoiling(target, **factors)
    error = failed(sim)
    assert f"net.p.weight became infinite in element {element} (" in error.what
    low, high = window(error)
    assert low <= 10 * time + 1 <= high <= 10 * time + 129


@TARGETS
def test_weights_are_looked_at_whoever_has_written_them(target):
    net, sim = spoiling(target)
    sim.run(30 * ms, progress=False)
    weights = sim.get(net.p, "weight")
    weights[7] = np.inf * mV
    sim.set(net.p, "weight", weights)
    assert "net.p.weight became infinite in element 7 (1 of 12 elements)" in failed(sim, 5 * ms).what
    weights[7] = 2 * mV
    sim.set(net.p, "weight", weights)
    sim.run(30 * ms, progress=False)
    assert np.isneginf(sim.get(net.p, "kept")).all()
