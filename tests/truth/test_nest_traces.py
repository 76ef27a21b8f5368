"""Current-based neurons against stored traces of NEST, which integrates them exactly; see make_nest_traces.py."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from quantities import ms, mV, pA, pF

import numbadyn as nd

FILE = Path(__file__).parent / "data" / "nest_psc.npz"
C = 250 * pF


@cache
def stored(name):
    with np.load(FILE) as data:
        return {key.split("/")[1]: data[key] for key in data.files if key.startswith(f"{name}/")} | {"dt": data["dt"]}


class OwnSynapse(nd.Synapse):
    """An exponential current as a user writes it: an equation, and what arrives."""

    post_alignable = True

    def __init__(self, in_size, tau):
        super().__init__(in_size)
        self.tau = nd.Parameter(tau)

    def init_state(self):
        self.g = nd.State(0 * pA)

    def update(self):
        self.g.value = self.sum_delta_inputs(nd.exp_euler_step(lambda g: -g / self.tau, self.g.value))
        return self.g.value

    def use_unit(self, unit):
        """Weights are in pA."""


class Fed(nd.DynamicsGroup):
    """Neurons with two currents, from sources of which the last ones inhibit."""

    def __init__(self, data, synapse):
        super().__init__()
        weights, dt = data["weights"], float(data["dt"])
        self.cells = nd.LIFRef(
            weights.shape[1],
            R=data["tau_m"] * ms / C,
            tau=data["tau_m"] * ms,
            V_th=-55 * mV,
            V_reset=-65 * mV,
            V_rest=-70 * mV,
            V_initializer=-70 * mV,
            tau_ref=2 * ms,
        )
        self.cells.add_current_input("drive", lambda V: data["current"] * pA)
        steps, sources = np.nonzero(np.unpackbits(data["input"], axis=0))
        for name, of_kind in (("ex", weights[:, 0] > 0), ("in", weights[:, 0] < 0)):
            number = np.cumsum(of_kind) - 1
            chosen = of_kind[sources]
            source = nd.SpikeTrain(of_kind.sum(), number[sources[chosen]], steps[chosen] * dt * ms)
            projection = nd.AlignPostProj(
                source,
                comm=nd.Matrix(weights[of_kind] * pA),
                syn=synapse.desc(tau=float(data[f"tau_syn_{name}"]) * ms),
                out=nd.CUBA.desc(),
                post=self.cells,
            )
            setattr(self, name, source)
            setattr(self, f"{name}_to_cells", projection)


@pytest.mark.parametrize(
    ("name", "synapse"),
    [
        ("iaf_psc_exp", OwnSynapse),
        ("iaf_psc_exp_equal", nd.Expon),
        ("iaf_psc_alpha", nd.Alpha),
        ("iaf_psc_alpha_equal", nd.Alpha),
    ],
)
def test_spikes_and_potentials_are_those_of_nest(name, synapse):
    data = stored(name)
    net = Fed(data, synapse)
    sim = nd.Simulator(net, dt=float(data["dt"]) * ms, target="interpret")
    sim.record(net.cells, "V", every=1 * ms)
    sim.record(net.cells, spikes=True)
    result = sim.run(50 * ms)
    spikes = result[net.cells].spikes
    ours = sorted(zip(spikes.steps + 1, spikes.indices, strict=True))  # NEST labels with the end of the step
    assert ours == sorted(zip(data["spike_steps"], data["spike_neurons"], strict=True))
    V = result[net.cells].V.magnitude
    assert np.abs(V[1:] - data["V"]).max() < 1e-9
    assert f"exact with {net.ex_to_cells.syn.path}.g and {net.in_to_cells.syn.path}.g" in sim.explain()
