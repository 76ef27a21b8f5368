"""Synapse models against their closed forms."""

import math

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, NotInitialisedError
from tests.interpreted import Interpreted, assert_eager_agrees


class Driven(nd.DynamicsGroup):
    """A synapse that gets one input of a size for each neuron, in the step that arrives first."""

    def __init__(self, synapse, size):
        super().__init__()
        self.size = nd.Parameter(size)
        self.synapse = synapse

    def update(self):
        first = nd.environ.get("i") == 0
        self.synapse.add_delta_input("spike", np.where(first, self.size, 0.0 * self.size))
        return self.synapse()


def test_expon_decays_exactly():
    net = Driven(nd.Expon(2, tau=[5.0, 8.0] * ms, averaged=False), [1.0, 2.5] * nS)
    g, output = Interpreted(net).record(300, net.synapse.g, net.synapse)
    t = 0.1 * np.arange(300)[:, None]
    np.testing.assert_allclose(g, [1.0, 2.5] * np.exp(-t / [5.0, 8.0]), rtol=1e-12)
    np.testing.assert_array_equal(g, output)


def test_alpha_is_exact_and_its_peak_is_the_weight():
    net = Driven(nd.Alpha(1, tau=5 * ms, averaged=False), [2.0] * nS)
    (g,) = Interpreted(net).record(300, net.synapse)
    t = 0.1 * np.arange(300)
    np.testing.assert_allclose(g[:, 0], 2.0 * t / 5.0 * np.exp(1 - t / 5.0), rtol=1e-12)
    assert g.argmax() == 50
    assert g.max() == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize(("decay", "rise"), [(10.0, 1.0), (4.0, 3.0), (1.0, 10.0)])
def test_dual_expon_is_exact_and_its_peak_is_the_weight(decay, rise):
    net = Driven(nd.DualExpon(1, tau_decay=decay * ms, tau_rise=rise * ms, averaged=False), [2.0] * nS)
    (g,) = Interpreted(net, dt=0.01).record(1500, net.synapse)
    peak = decay * rise / (decay - rise) * math.log(decay / rise)
    t = 0.01 * np.arange(1500)
    shape = np.exp(-t / decay) - np.exp(-t / rise)
    np.testing.assert_allclose(g[:, 0], 2.0 * shape / (math.exp(-peak / decay) - math.exp(-peak / rise)), rtol=1e-10)
    assert abs(0.01 * g.argmax() - peak) <= 0.01
    assert g.max() == pytest.approx(2.0, rel=1e-4)


def test_dual_expon_without_normalisation():
    net = Driven(nd.DualExpon(1, 10 * ms, 2 * ms, amplitude=3.0, normalize=False, averaged=False), [2.0] * nS)
    (g,) = Interpreted(net).record(100, net.synapse)
    t = 0.1 * np.arange(100)
    np.testing.assert_allclose(g[:, 0], 6.0 * (np.exp(-t / 10) - np.exp(-t / 2)), rtol=1e-11)


MODELS = [
    lambda averaged: nd.Expon(1, tau=3 * ms, averaged=averaged),
    lambda averaged: nd.DualExpon(1, tau_decay=4 * ms, tau_rise=0.7 * ms, averaged=averaged),
    lambda averaged: nd.Alpha(1, tau=2 * ms, averaged=averaged),
]


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_what_acts_is_the_mean_over_the_step(make, dt):
    """Against the mean of 101 values (Simpson) within each step; the state itself is the same."""
    parts, steps = 100, 8
    net, fine = Driven(make(True), [2.0] * nS), Driven(make(False), [2.0] * nS)
    (means,) = Interpreted(net, dt=dt).record(steps, net.synapse)
    with nd.environ.context(dt=dt / parts * ms):
        synapse = nd.init_all_states(fine.synapse)
        values = [synapse(2.0 * nS)] + [synapse() for _ in range(steps * parts)]
    edges = np.array([float(value.magnitude[0]) for value in values])
    simpson = edges[:-2:2] + 4 * edges[1:-1:2] + edges[2::2]
    expected = simpson.reshape(steps, parts // 2).sum(axis=1) / (3 * parts)
    np.testing.assert_allclose(means[:, 0], expected, rtol=1e-9)


@pytest.mark.parametrize("make", MODELS)
def test_the_charge_of_a_spike_does_not_depend_on_the_step(make):
    charges = []
    for dt in (0.1, 1.0):
        net = Driven(make(True), [2.0] * nS)
        (means,) = Interpreted(net, dt=dt).record(round(100 / dt), net.synapse)
        charges.append(means.sum() * dt)
    assert charges[0] == pytest.approx(charges[1], rel=1e-12)


def test_equal_time_constants_point_to_alpha():
    with pytest.raises(InvalidParameterError, match="DualExpon are equal") as caught:
        nd.DualExpon(3, tau_decay=0.005 * 1000 * ms, tau_rise=[4.0, 5.0, 6.0] * ms)
    assert "nd.Alpha" in str(caught.value)


def test_inputs_add_up():
    synapse = nd.init_all_states(nd.Expon(1, tau=5 * ms, averaged=False))
    with nd.environ.context(dt=5 * ms):
        synapse.add_delta_input("a", 1 * nS)
        synapse.add_delta_input("b", 2 * nS)
        assert synapse(0.5 * nS)[0] == 3.5 * nS
        assert float(synapse()[0]) == pytest.approx(3.5 / math.e)


@pytest.mark.parametrize("cls", [nd.Expon, nd.Alpha, nd.DualExpon])
def test_the_unit_follows_the_weights_or_the_first_values(cls):
    free, given = cls(1), cls(1, g_initializer=1 * mV)
    for synapse in (free, given):
        synapse.use_unit(1 * pA)
        nd.init_all_states(synapse)
    name = "g_decay" if cls is nd.DualExpon else "g"
    assert free.state(name).value[0] == 0 * pA
    assert given.state(name).value[0] == 1 * mV
    with pytest.raises(DimensionError, match="in pA and in nS"):
        free.use_unit(1 * nS)


def test_first_values_that_are_none_are_named():
    with pytest.raises(HookArgumentError, match="1 argument, the shape"):
        _ = nd.Expon(1, g_initializer=lambda: 1 * nS).unit
    with pytest.raises(InvalidParameterError, match=r"(?s)'a' is not.*Expon\(g_initializer\)"):
        _ = nd.Expon(1, g_initializer="a").unit


def test_a_description_names_a_class_that_forgets_its_base():
    class Forgetful(nd.ConductanceSynapse):
        def __init__(self, in_size):
            pass

    with pytest.raises(NotInitialisedError, match="Forgetful is not ready"):
        Forgetful.desc().make((3,))


@pytest.mark.parametrize("make", [nd.Expon, nd.Alpha, nd.DualExpon])
def test_eager_calls_agree(make):
    assert_eager_agrees(lambda: Driven(make(2), [1.0, 2.0] * nS), 30)


def test_a_rise_longer_than_the_decay_is_refused_where_it_matters():
    """The normalised conductance is the same if they are exchanged; the plain difference changes its sign."""
    with pytest.raises(InvalidParameterError, match="tau_rise of DualExpon is longer than its tau_decay"):
        nd.DualExpon(2, tau_decay=1 * ms, tau_rise=[0.5, 5] * ms, normalize=False)
    one, other = (nd.init_all_states(nd.DualExpon(1, tau_decay=d * ms, tau_rise=r * ms)) for d, r in ((1, 5), (5, 1)))
    with nd.environ.context(dt=0.1 * ms):
        assert float(one(1 * nS)[0]) == pytest.approx(float(other(1 * nS)[0]))
        assert float(one()[0]) == pytest.approx(float(other()[0]))
