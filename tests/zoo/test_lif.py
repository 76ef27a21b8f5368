"""LIF and LIFRef against closed forms."""

import math

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA, s

import numbadyn as nd
from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError, SizeError
from tests.interpreted import Interpreted, assert_eager_agrees

DT = 0.1


class Driven(nd.DynamicsGroup):
    def __init__(self, neurons, current):
        super().__init__()
        self.current = nd.Parameter(current)
        self.neurons = neurons

    def update(self):
        return self.neurons(self.current)


def test_the_membrane_relaxes_as_the_equation_says():
    net = Driven(nd.LIF(3, tau=20 * ms, V_th=0 * mV, V_initializer=-70 * mV), [0.0, 50.0, -50.0] * pA)
    (V,) = Interpreted(net).record(300, net.neurons.V)
    end = -60.0 + 0.1 * np.array([0.0, 50.0, -50.0])
    t = DT * np.arange(1, 301)[:, None]
    np.testing.assert_allclose(V, end + (-70.0 - end) * np.exp(-t / 20.0), rtol=1e-13)


def test_first_spike_time_and_interval_without_refractoriness():
    net = Driven(nd.LIF(1, tau=20 * ms, V_th=-50 * mV, V_reset=-60 * mV), [300.0] * pA)
    run = Interpreted(net)
    spikes, V = run.record(1000, net.neurons, net.neurons.V)
    fired = np.flatnonzero(spikes[:, 0])
    steps = math.ceil(20.0 * math.log(30.0 / 20.0) / DT)  # V reaches -50 on the way from -60 to -30
    assert fired.tolist() == [steps * k - 1 for k in range(1, len(fired) + 1)]
    assert len(fired) == 1000 // steps
    assert (V[fired, 0] == -60.0).all()


@pytest.mark.parametrize(("tau_ref", "held"), [(5.0, 50), (0.3, 3), (0.25, 3), (0.0, 0), (2.0, 20)])
def test_refractory_steps_are_counted_exactly(tau_ref, held):
    net = Driven(nd.LIFRef(1, tau_ref=tau_ref * ms, V_initializer=-50 * mV), [2000.0] * pA)
    spikes, V = Interpreted(net).record(200, net.neurons, net.neurons.V)
    fired = np.flatnonzero(spikes[:, 0])
    free = math.ceil(20.0 * math.log(200.0 / 190.0) / DT)
    assert set(np.diff(fired)) == {held + free}
    assert (V[fired[0] : fired[0] + held + 1, 0] == -60.0).all()
    assert V[fired[0] + held + 1, 0] > -60.0


def test_delta_inputs_are_discarded_while_refractory():
    neurons = nd.LIFRef(1, tau_ref=1 * ms, V_initializer=-50 * mV)
    nd.init_all_states(neurons)
    with nd.environ.context(dt=DT * ms):
        assert neurons(200 * pA)[0]
        for _ in range(10):
            neurons.add_delta_input("jump", 100 * mV)
            assert not neurons()[0]
        assert neurons.V.value[0] == -60 * mV
        neurons.add_delta_input("jump", 100 * mV)
        assert neurons()[0]


def test_parameters_for_each_neuron():
    net = Driven(nd.LIFRef(2, tau=[10.0, 20.0] * ms, tau_ref=[1.0, 0.5] * ms, V_th=[-55.0, -50.0] * mV), [2000.0] * pA)
    (spikes,) = Interpreted(net).record(300, net.neurons)
    held = [10, 5]
    for i, (tau, threshold) in enumerate([(10.0, 5.0), (20.0, 10.0)]):
        free = math.ceil(tau * math.log(200.0 / (200.0 - threshold)) / DT)
        assert set(np.diff(np.flatnonzero(spikes[:, i]))) == {held[i] + free}


def test_inputs_are_voltages_where_the_resistance_is_a_plain_number():
    net = Driven(nd.LIF(1, R=1.0, V_th=0 * mV), [5.0] * mV)
    (V,) = Interpreted(net).record(5000, net.neurons.V)
    np.testing.assert_allclose(V[-1], -55.0, rtol=1e-9)


@pytest.mark.parametrize("cls", [nd.LIF, nd.LIFRef])
def test_eager_calls_agree(cls):
    def make():
        return Driven(cls(3, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV)), [0.0, 150.0, 400.0] * pA)

    assert_eager_agrees(make, 150)


def test_seconds_and_milliseconds_are_one():
    neurons = nd.init_all_states(nd.LIFRef(1, tau=0.02 * s, tau_ref=0.005 * s, V_initializer=-50 * mV))
    with nd.environ.context(dt=0.0001 * s):
        neurons(300 * pA)
    assert neurons.refractory.value.tolist() == [50]


def test_bad_parameters_are_named():
    with pytest.raises(DimensionError, match=r"tau is 20.0 mV") as caught:
        nd.LIF(3, tau=20 * mV)
    assert "ms" in str(caught.value)
    with pytest.raises(InvalidParameterError, match=r"V_th is nan mV"):
        nd.LIF(3, V_th=math.nan * mV)
    with pytest.raises(SizeError, match="0"):
        nd.LIF(0)
    with pytest.raises(ShapeError, match=r"LIF.tau has shape \(2,\)"):
        nd.init_all_states(nd.LIF(3, tau=[1.0, 2.0] * ms)).tau.value  # noqa: B018 - the access raises
    with pytest.raises(InvalidParameterError, match=r"LIFRef.tau_ref is -1.0 ms, negative"):
        nd.LIFRef(1, tau_ref=-1 * ms)


def test_a_wrong_current_is_a_dimension_error():
    net = Driven(nd.LIF(1), [1.0] * nS)
    with pytest.raises(DimensionError, match="mV"):
        Interpreted(net)
    with pytest.raises(DimensionError, match="ms"):
        nd.LIFRef(1, tau_ref=3 * Hz)


@pytest.mark.parametrize(
    ("composed", "named"),
    [
        (nd.LIF(2, tau_ref=3 * ms), nd.LIFRef(2, tau_ref=3 * ms)),
        (nd.LIF(2, threshold=nd.AdaptiveThreshold(30 * ms, 4 * mV)), nd.ALIF(2, tau_a=30 * ms, beta=4 * mV)),
    ],
    ids=["dead time", "threshold"],
)
def test_parts_make_what_has_a_name(composed, named):
    for cells in (composed, named):
        nd.init_all_states(cells)
    with nd.environ.context(dt=0.5 * ms):
        for _ in range(150):
            np.testing.assert_array_equal(composed([0, 300] * pA), named([0, 300] * pA))
    np.testing.assert_array_equal(composed.V.value, named.V.value)
