"""Parameters of rules of plasticity may differ from synapse to synapse, or from neuron to neuron of a side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DimensionError, FixedAttributeError, InvalidParameterError, NumbadynError, ShapeError
from tests.features.test_plastic_projections import DT, Spiking

PRE, N_POST, STEPS = (2, 3), 2, 40
N_PRE, N_SYNAPSES = 6, 12
DELAYS = nd.init.Uniform(1 * ms, 1 * ms)


def make(rule: type[nd.PlasticProj] = nd.STDP, **options: Any) -> nd.DynamicsGroup:
    """Presynaptic neurons on a grid, all connected to the target."""
    net = nd.DynamicsGroup()
    net.pre = Spiking(PRE, np.arange(5, 11).reshape(PRE), np.arange(6).reshape(PRE) % 3)
    net.post = Spiking(N_POST, np.arange(4, 4 + N_POST), np.arange(N_POST))
    comm = nd.AllToAll(PRE, N_POST, weight=1 * mV)
    net.p = rule(net.pre, comm=comm, post=net.post, **{"delay": 1 * ms, "A_plus": 0.05, "w_max": 2 * mV} | options)
    return net


def weights(net: nd.DynamicsGroup, **options: Any) -> Any:
    """What a run has made of the weights."""
    sim = nd.Simulator(net, DT * ms, target="interpret", seed=2, **options)
    sim.run(STEPS * DT * ms, progress=False)
    return np.asarray(sim.get(net.p, "w"))


#: Ways to say the same of each synapse, and whether bits are the same, too: where a trace is kept for each synapse, it
#: is advanced by one exponential instead of one in each step.
SAME = {
    "each": ({"w_max": np.full(N_SYNAPSES, 2.0) * mV, "A_plus": np.full(N_SYNAPSES, 0.05)}, True),
    "pre": ({"w_max": np.full((N_PRE, 1), 2.0) * mV, "tau_plus": np.full((N_PRE, 1), 20.0) * ms}, True),
    "post": ({"A_plus": np.full((1, N_POST), 0.05), "tau_minus": np.full((1, N_POST), 20.0) * ms}, True),
    "pair": ({"w_max": np.full((N_PRE, N_POST), 2.0) * mV, "A_plus": lambda i, j: 0.05 + 0 * (i + j)}, True),
    "tau": ({"tau_plus": np.full((1, N_POST), 20.0) * ms}, False),
    "tau_each": ({"tau_plus": np.full(N_SYNAPSES, 20.0) * ms, "delay": DELAYS}, False),
}


@pytest.fixture(scope="module")
def wanted() -> Any:
    """Of one value for all."""
    return weights(make())


@pytest.mark.parametrize("name", SAME)
def test_equal_values_are_one_value(wanted: Any, name: str) -> None:
    options, exact = SAME[name]
    found = weights(make(**options))
    np.testing.assert_allclose(found, wanted, rtol=0 if exact else 1e-12)
    assert np.ptp(found) > 0.1


def test_each_synapse_has_its_own_value() -> None:
    amplitudes = np.linspace(0.01, 0.12, N_SYNAPSES).reshape(N_PRE, N_POST)
    together = weights(make(A_plus=amplitudes)).reshape(N_PRE, N_POST)
    of_pre = weights(make(A_plus=amplitudes[:, :1])).reshape(N_PRE, N_POST)
    of_post = weights(make(A_plus=amplitudes[:1])).reshape(N_PRE, N_POST)
    for i, j in ((0, 0), (3, 1), (5, 0)):
        alone = weights(make(A_plus=float(amplitudes[i, j]))).reshape(N_PRE, N_POST)
        assert together[i, j] == alone[i, j]
        assert j or of_pre[i, j] == alone[i, j]
        assert i or of_post[i, j] == alone[i, j]


def test_drawn_bounds_are_kept_read_and_taken_from_checkpoints(tmp_path: Path) -> None:
    drawn = {"w_max": nd.init.Uniform(1 * mV, 1.05 * mV), "A_plus": nd.init.Normal(0.05, 0.01)}
    net = make(**drawn)
    sim = nd.Simulator(net, DT * ms, target="interpret", seed=2)
    sim.run(STEPS * DT * ms, progress=False)
    bounds = sim.get(net.p, "w_max")
    assert np.unique(bounds).size == N_SYNAPSES
    assert (sim.get(net.p, "w") <= bounds).all()
    assert (sim.get(net.p, "w") == bounds).any()
    sim.save(tmp_path / "held")
    again = make(**drawn)
    resumed = nd.Simulator.load(tmp_path / "held", again)
    for each, of in ((sim, net), (resumed, again)):
        each.set(of.p, "w_max", np.minimum(bounds, 1.02 * mV))
        each.run(STEPS * DT * ms, progress=False)
    np.testing.assert_array_equal(resumed.get(again.p, "w"), sim.get(net.p, "w"))
    assert (sim.get(net.p, "w") <= 1.02 * mV).all()


@pytest.mark.parametrize("shape", [(N_SYNAPSES,), (1, N_POST)], ids=["each", "post"])
def test_replicas_have_their_own(shape: tuple[int, ...]) -> None:
    bounds = [np.full(shape, 2.0), np.linspace(1.1, 1.2, shape[-1]).reshape(shape)] * mV
    net = make(w_max=np.full(shape, 1.5) * mV)
    sim = nd.Simulator(net, DT * ms, target="interpret", seed=[2, 2], batch=2)
    sim.batch["p.w_max"] = bounds
    sim.run(STEPS * DT * ms, progress=False)
    for number, own in enumerate(bounds):
        np.testing.assert_array_equal(np.asarray(sim.get(net.p, "w")[number]), weights(make(w_max=own)))


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        (
            {"w_max": np.full(N_SYNAPSES - 1, 2.0) * mV},
            ShapeError,
            "which fit neither its synapses, here 12, nor the 6 and 2 neurons",
        ),
        ({"w_max": np.full((N_PRE - 1, 1), 2.0) * mV}, ShapeError, "there are 6 neurons on the presynaptic side"),
        (
            {"w_max": np.full((N_PRE - 1, N_POST), 2.0) * mV},
            ShapeError,
            "which fit neither its synapses, nor the 6 and 2 neurons",
        ),
        ({"w_max": np.full(N_SYNAPSES, 2.0) * ms}, DimensionError, "must be in mV"),
        (
            {"w_max": np.linspace(0.5, 2, N_SYNAPSES) * mV},
            InvalidParameterError,
            "outside of its bounds, 0.0 mV to 0.5",
        ),
        ({"w_min": np.linspace(0, 3, N_SYNAPSES) * mV}, InvalidParameterError, "there is nothing between"),
        ({"tau_plus": np.full(N_SYNAPSES, -1.0) * ms}, InvalidParameterError, "must be larger than zero"),
        ({"tau_minus": np.full((N_PRE, 1), 9.0) * ms}, InvalidParameterError, "one trace for all of them"),
    ],
    ids=["few", "side", "pairs", "unit", "weight", "bounds", "sign", "trace"],
)
def test_what_does_not_fit_is_named(options: dict[str, Any], error: type[NumbadynError], said: str) -> None:
    with pytest.raises(error, match=said):
        weights(make(**options))


def test_pairs_between_parts_are_counted_in_the_whole_populations() -> None:
    bounds = np.arange(1, 16).reshape(5, 3) * mV

    def between_parts(given: Any) -> nd.Simulator:
        net = nd.DynamicsGroup()
        net.pre, net.post = nd.LIF(5), nd.LIF(3)
        net.p = nd.STDP(net.pre[1:], comm=nd.AllToAll(4, 2, weight=1 * mV), post=net.post[1:], w_max=given)
        return nd.Simulator(net, DT * ms, target="interpret")

    sim = between_parts(bounds)
    np.testing.assert_array_equal(sim.get(sim.network.p, "w_max"), bounds[1:, 1:].reshape(-1))
    with pytest.raises(ShapeError, match=r"nor the 5 and 3 neurons(.|\n)*\(5, 3\) for each pair"):
        between_parts(bounds[1:, 1:]).run(DT * ms)


def test_a_rule_does_not_change_a_parameter() -> None:
    class Wrong(nd.STDP):
        def on_pre(self, s: Any) -> None:
            s.A_plus = 0.5 * s.A_plus

    with pytest.raises(FixedAttributeError, match="it is a parameter"):
        weights(make(Wrong, A_plus=np.full(N_SYNAPSES, 0.05)))
