"""Promises that somebody found broken who used the package for the first time."""

import copy
import pickle

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd


class Counter(nd.Dynamics):
    """Adds its parameter in each step."""

    def __init__(self, in_size, by=1):
        super().__init__(in_size)
        self.by = nd.Parameter(by)

    def init_state(self):
        self.x = nd.State(0.0)

    def update(self):
        self.x.value = self.x.value + self.by


class Jumps(nd.DynamicsGroup):
    """Three spikes at 1 ms onto four neurons."""

    def __init__(self, weight=1 * mV):
        super().__init__()
        self.source = nd.SpikeTrain(3, [0, 1, 2], [1, 1, 1] * ms)
        self.target = nd.LIF(4)
        self.jump = nd.DeltaProj(self.source, comm=nd.AllToAll(3, 4, weight=weight), post=self.target)


def simulator(network, target="interpret"):
    return nd.Simulator(network, dt=0.5 * ms, target=target)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_a_whole_number_that_becomes_a_fraction_is_refused_not_cut_off(target):
    counter = Counter(2)
    sim = simulator(counter, target)
    counter.by.value = 3.0
    sim.run(1 * ms)
    assert np.array_equal(sim.get(counter, "x"), [6.0, 6.0])
    counter.by.value = 0.5
    with pytest.raises(
        nd.errors.InvalidParameterError, match=r"Counter.by was a whole number .* now 0.5(.|\n)*1.0 instead of 1"
    ):
        sim.run(1 * ms)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_an_array_may_become_one_value(target):
    counter = Counter(3, by=np.array([1.0, 2.0, 3.0]))
    sim = simulator(counter, target)
    counter.by.value = 0.5
    sim.run(1 * ms)
    assert np.array_equal(sim.get(counter, "x"), [1.0, 1.0, 1.0])


def test_one_value_that_becomes_an_array_is_refused_by_name():
    counter = Counter(3, by=1.0)
    sim = simulator(counter)
    counter.by.value = np.array([1.0, 2.0, 3.0])
    with pytest.raises(nd.errors.ShapeError, match=r"Counter.by was a single value(.|\n)*np.full"):
        sim.run(1 * ms)


def test_a_rule_that_is_put_in_the_place_of_another_is_refused():
    net = Jumps()
    with pytest.raises(nd.errors.ConnectivityError, match=r"(?s)comm of .* is replaced by AllToAll.*proj.comm.weight"):
        net.jump.comm = nd.AllToAll(3, 4, weight=5 * mV)


def test_weights_can_be_assigned_before_the_simulator():
    net = Jumps()
    net.jump.comm.weight = 2 * mV
    sim = simulator(net)
    sim.run(1.5 * ms)
    assert np.allclose(sim.get(net.target, "V").magnitude, -60 + 6)
    with pytest.raises(nd.errors.ConnectivityError, match="shape"):
        net.jump.comm.weight = np.ones(5) * mV
    assert np.all(net.jump.edges().weight == 2 * mV)


def test_a_rule_that_changes_after_the_build_is_refused():
    net = Jumps()
    sim = simulator(net)
    net.jump.comm.autapses = False
    with pytest.raises(nd.errors.SchedulingError, match=r"Jumps\.jump was changed"):
        sim.run(1 * ms)


def test_eager_calls_see_new_weights():
    net = nd.init_all_states(Jumps())
    with nd.environ.context(dt=0.5 * ms):
        for step in range(3):
            with nd.environ.context(dt=0.5 * ms, i=step):
                net()
        assert np.allclose(net.target.V.value.magnitude, -57)
        net.jump.comm.weight = 2 * mV
        net.reset_state()
        nd.reset_all_states(net)
        for step in range(3):
            with nd.environ.context(dt=0.5 * ms, i=step):
                net()
    assert np.allclose(net.target.V.value.magnitude, -54)


def test_a_probability_with_a_unit_is_refused():
    with pytest.raises(nd.errors.ConnectivityError, match="without a unit"):
        nd.FixedProb(3, 3, prob=0.1 * ms)


@pytest.mark.parametrize("option", [{"index": [0]}, {"every": 1 * ms}, {"start": 1 * ms}, {"stop": 1 * ms}])
def test_options_that_would_not_reach_the_spikes_are_refused(option):
    neurons = nd.LIF(3)
    with pytest.raises(nd.errors.RecordingError, match=next(iter(option))):
        simulator(neurons).record(neurons, spikes=True, **option)


def test_a_run_of_more_steps_than_can_be_counted_is_refused():
    with pytest.raises(nd.errors.DurationError, match="more steps"):
        simulator(nd.LIF(1)).run(1e300 * ms)


@pytest.mark.parametrize("double", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"])
def test_a_network_can_be_copied_and_pickled(double):
    def trace(net):
        sim = simulator(net)
        sim.record(net.target, "V")
        return sim.run(4 * ms)[net.target].V.magnitude

    net = Jumps(weight=nd.init.Normal(1 * mV, 0.2 * mV))
    net.target.tau.value = 7 * ms
    other = double(net)
    first = trace(net)
    assert np.array_equal(first, trace(other))
    assert np.array_equal(first, trace(double(net)))
    other.target.tau.value = 3 * ms
    assert net.target.tau.value == 7 * ms
    assert isinstance(pickle.loads(pickle.dumps(nd.COBA(E=0 * mV))), nd.COBA)
    assert nd.Parameter(2 * nS).value == copy.copy(nd.Parameter(2 * nS)).value


def test_two_populations_of_one_name_are_told_apart():
    class Twins(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.a, self.b = (nd.LIF(1, V_rest=rest, name="twin") for rest in (-55 * mV, -65 * mV))

    net = Twins()
    sim = simulator(net)
    sim.record(net.a, "V")
    sim.record(net.b, "V")
    result = sim.run(5 * ms)
    assert (result[net.a].name, result[net.b].name) == ("Twins.twin", "Twins.twin_2")
    assert result[net.a].V[-1, 0] > -60 * mV > result[net.b].V[-1, 0]
    assert sim.get(net.a, "V")[0] > -60 * mV > sim.get(net.b, "V")[0]


def test_a_misspelt_value_is_refused_not_kept_aside():
    class Misspelt(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(0.0)

        def update(self):
            self.x.vlaue = self.x.value + 1.0

    with pytest.raises(nd.errors.UnknownStateError, match=r"Misspelt.x has no attribute 'vlaue'(.|\n)*\.value"):
        simulator(Misspelt(1))
    with pytest.raises(nd.errors.UnknownStateError, match="vlaue"):
        nd.LIF(1).tau.vlaue = 3 * ms


def test_a_class_that_forgets_its_base_is_told_so_even_with_parameters():
    class Forgetful(nd.Neuron):
        def __init__(self):
            self.tau = nd.Parameter(1 * ms)

    with pytest.raises(nd.errors.NotInitialisedError, match="super"):
        simulator(Forgetful())

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.neurons = Forgetful()

    with pytest.raises(nd.errors.NotInitialisedError, match="The Forgetful is not ready"):
        simulator(Net())


def test_a_state_of_a_module_that_is_never_called_is_no_unknown_variable():
    class Idle(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.busy, self.idle = nd.LIF(1), nd.LIF(1)

        def update(self):
            self.busy()

    net = Idle()
    with pytest.raises(nd.errors.RecordingError, match="no step reads or writes"):
        simulator(net).record(net.idle, "V")


class Coupled(nd.DynamicsGroup):
    """Two populations, and projections of each kind that hangs something on its target."""

    def __init__(self):
        super().__init__()
        self.A, self.B = nd.LIF(3, V_rest=-45 * mV), nd.LIF(3)
        comm, syn, out = nd.AllToAll(3, 3, weight=5 * nS), nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
        self.behind = nd.AlignPostProj(self.A, comm=comm, syn=syn, out=out, post=self.B)
        self.before = nd.AlignPreProj(self.A, comm=comm, syn=syn, out=out, post=self.B)
        self.current = nd.CurrentProj(self.A.prefetch("V"), comm=comm, out=nd.CUBA.desc(), post=self.B)


def test_a_copied_network_runs_as_the_first_one():
    first = Coupled()
    copied = copy.deepcopy(first)
    values = []
    for network in (first, copied):
        sim = simulator(network)
        sim.run(50 * ms)
        values.append(sim.get(network.B, "V").magnitude)
    assert np.array_equal(*values)
    assert set(copied.B.arriving_projections) == {copied.behind, copied.before, copied.current}


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda cells: nd.init.OfTime(lambda: 1 * mV), "the time"),
        (lambda cells: cells.prefetch_delay("V", 5 * ms, init=lambda: 1 * mV), "the shape"),
        (lambda cells: nd.init_all_states(nd.LIF(3, V_initializer=lambda: 1 * mV)), "the shape"),
    ],
)
def test_a_function_of_first_values_that_takes_nothing_is_refused(make, wanted):
    with pytest.raises(nd.errors.HookArgumentError, match=f"1 argument, {wanted}") as caught:
        make(nd.LIF(3))
    assert "lambda" in caught.value.cure


def test_what_is_no_single_array_holds_no_spikes():
    class Pair(nd.LIF):
        def update(self):
            return [super().update(), self.V.value]

    pair = Pair(3)
    with pytest.raises(nd.errors.RecordingError, match="its update returns no array"):
        simulator(pair).record(pair, spikes=True)
