"""PoissonGroup and SpikeTrain."""

import numpy as np
import pytest
from quantities import Hz, kHz, ms, mV

import numbadyn as nd
from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError, UnitExpectedError
from numbadyn.ir.nodes import BindContext
from tests.interpreted import Interpreted, assert_eager_agrees


class Alone(nd.DynamicsGroup):
    def __init__(self, source):
        super().__init__()
        self.source = source


@pytest.mark.statistical
def test_poisson_rates():
    rates = np.repeat([0.0, 100.0, 5000.0], 2000)
    net = Alone(nd.PoissonGroup(6000, rates * Hz))
    (spikes,) = Interpreted(net, dt=0.1, seed=3).record(50, net.source)
    counts = spikes.reshape(50, 3, 2000).sum(axis=(0, 2))
    p = np.array([0.0, 0.01, 0.5])
    spread = np.sqrt(100_000 * p * (1 - p))
    assert counts[0] == 0
    assert (abs(counts - 100_000 * p) <= 4.5 * spread).all()  # a false alarm in 1 of 10^5 seeds


def test_poisson_of_two_axes_and_eager_calls():
    assert_eager_agrees(lambda: Counted(nd.PoissonGroup((5, 4), 2 * kHz)), 20)


class Counted(nd.DynamicsGroup):
    def __init__(self, source):
        super().__init__()
        self.source = source
        self.counter = Counter(source.varshape)

    def update(self):
        self.counter(self.source())


class Counter(nd.Dynamics):
    def init_state(self):
        self.count = nd.State(0)

    def update(self, spikes):
        self.count.value = self.count.value + spikes.astype(int)


def test_bad_rates():
    with pytest.raises(InvalidParameterError, match="negative"):
        nd.PoissonGroup(2, [1.0, -1.0] * Hz)
    with pytest.raises(DimensionError, match=r"rates is 3\.0 mV"):
        nd.PoissonGroup(2, 3 * mV)


@pytest.mark.parametrize(("time", "step"), [(0.1, 0), (0.0, 0), (0.05, 0), (0.3, 2), (0.7, 6), (1.0, 9), (0.11, 1)])
def test_a_given_spike_is_stamped_at_the_end_of_its_step(time, step):
    net = Alone(nd.SpikeTrain(3, [1], [time] * ms))
    (spikes,) = Interpreted(net).record(12, net.source)
    assert np.argwhere(spikes).tolist() == [[step, 1]]


def test_given_spikes_in_any_order_and_shape():
    def make():
        return Counted(nd.SpikeTrain((2, 2), [3, 0, 3, 3], [0.5, 0.2, 0.5, 9.9] * ms))

    net = make()
    (spikes,) = Interpreted(net).record(10, net.source)
    assert np.argwhere(spikes).tolist() == [[1, 0, 0], [4, 1, 1]]
    assert_eager_agrees(make, 10)


def test_recorded_times_come_back_unchanged():
    steps = np.arange(1000)
    net = Alone(nd.SpikeTrain(1, np.zeros(1000, int), (steps + 1) * 0.1 * ms))
    train = net.source.spikes.events
    Interpreted(net)
    from_rule, _ = train(BindContext(0.1, 0))
    np.testing.assert_array_equal(from_rule, steps)


def test_bad_trains():
    with pytest.raises(ShapeError, match=r"indices\[1\] is 3, but there are 3 neurons"):
        nd.SpikeTrain(3, [0, 3], [1.0, 2.0] * ms)
    with pytest.raises(ShapeError, match=r"shape \(1,\) and times of shape \(2,\)"):
        nd.SpikeTrain(3, [0], [1.0, 2.0] * ms)
    with pytest.raises(InvalidParameterError, match=r"times\[0\] is -1 ms"):
        nd.SpikeTrain(3, [0], [-1.0] * ms)
    with pytest.raises(InvalidParameterError, match="float64"):
        nd.SpikeTrain(3, [0.5], [1.0] * ms)
    with pytest.raises(UnitExpectedError, match="times"):
        nd.SpikeTrain(3, [0], [1.0])
    assert nd.SpikeTrain(3, [], [] * ms).varshape == (3,)
