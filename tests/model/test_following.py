"""First values that follow from parameters are those of the run: drawn, changed between runs, other in a replica."""

import copy
import pickle

import numpy as np
from quantities import kHz, ms, mV

import numbadyn as nd


def simulator(net, **options):
    return nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=3, **options)


def assert_at_rest(sim, cells):
    """Gates stand where they stay at the first potential."""
    V = sim.get(cells, "V")
    other = nd.init_all_states(nd.HH(V.size, E_L=V))
    for gate in "mhn":
        np.testing.assert_array_equal(sim.get(cells, gate), getattr(other, gate).value)


def test_a_state_begins_at_the_drawn_values_of_its_parameter():
    """The potential at the leak's reversal potential of each neuron, the gates at rest there."""
    cells = nd.HH(5, E_L=nd.init.Uniform(-70 * mV, -50 * mV))
    assert_at_rest(simulator(cells), cells)
    sim = simulator(cells)
    V = np.asarray(sim.get(cells, "V"))
    assert np.unique(V).size == 5
    cells = nd.LIF(5, R=1.0, V_reset=nd.init.Uniform(-70 * mV, -60 * mV), V_rest=-20 * mV)
    sim = simulator(cells)
    first = np.asarray(sim.get(cells, "V"))
    sim.run(11 * ms)  # all have fired once
    sim.record(cells, "V")
    V = np.asarray(sim.run(20 * ms)[cells].V)
    np.testing.assert_array_equal(V.min(axis=0), first)


def test_first_values_follow_a_parameter_that_is_changed():
    for cells in (nd.Izhikevich(2), copy.deepcopy(nd.Izhikevich(2)), pickle.loads(pickle.dumps(nd.Izhikevich(2)))):
        sim = simulator(cells)
        assert sim.get(cells, "u").tolist() == [-13.0, -13.0]
        cells.b.value = 0.4 * kHz
        sim.reset()
        assert sim.get(cells, "u").tolist() == [-26.0, -26.0]


def test_first_values_follow_the_parameters_of_a_replica():
    cells = nd.Izhikevich(2, name="cells")
    sim = simulator(cells, batch=2)
    sim.batch["b"] = [0.2, 0.4] * kHz
    sim.record(cells, "u")
    assert np.asarray(sim.run(0.1 * ms)[cells].u)[:, 0, 0].tolist() == [-13.0, -26.0]

    fibre = nd.MorrisLecar(1)
    sim = simulator(fibre, batch=2)
    sim.batch["K.V_3"] = [2.0, 12.0] * mV
    w = [0.5 * (1 + np.tanh((-60.0 - V_3) / 30.0)) for V_3 in (2.0, 12.0)]
    np.testing.assert_allclose(sim.get(fibre.K, "w")[:, 0], w)
