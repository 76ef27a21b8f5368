"""Names of the reference that other files of this folder do not need: each is there and does what its row says."""

import numpy as np
from quantities import ms, mV, pA, s

import numbadyn as nd


class Cell(nd.Dynamics):
    """Sums its inputs."""

    def init_state(self):
        self.V = nd.State(0 * mV)

    def update(self):
        self.V.value = self.sum_delta_inputs(self.sum_current_inputs(0 * mV))


def test_inputs_are_there_from_the_start():
    """None until the first one is registered, in the reference package."""
    cell = Cell(2)
    assert len(cell.current_inputs) == len(cell.delta_inputs) == 0
    cell.add_current_input("a", lambda: 1 * mV)
    assert cell.current_inputs.keys() == ["a"]
    assert cell.delta_inputs.keys() == []


def test_describers_have_a_name_and_an_identifier():
    described = nd.Expon.desc(tau=5 * ms)
    assert isinstance(described, nd.ParamDescriber)
    assert described.cls is nd.Expon
    assert described.identifier == nd.Expon.desc(tau=0.005 * s).identifier
    assert described.identifier != nd.Expon.desc(tau=6 * ms).identifier
    assert isinstance(nd.COBA.desc(E=0 * mV), nd.ParamDescriber)


def test_the_reset_comes_in_the_step_of_the_spike():
    """The reference package shows V above its threshold for a step, and resets in the next update."""
    net = nd.init_all_states(nd.LIF(1, V_th=-50 * mV, V_reset=-65 * mV, V_initializer=-50.1 * mV))
    with nd.environ.context(dt=0.1 * ms, i=0):
        spikes = net(5000 * pA)
    assert spikes.dtype == bool
    assert spikes.tolist() == net.get_spike().tolist() == [True]
    np.testing.assert_array_equal(net.V.value, [-65] * mV)
