"""Neurons under NEST's names against its stored traces; see make_nest_traces.py and make_nest_neurons.py."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from quantities import ms, mV, nS, pA, pF

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, NegativeConductanceError

DATA = Path(__file__).parent / "data"
UNITS = {"tau_m": ms, "tau_syn_ex": ms, "tau_syn_in": ms, "g_L": nS, "E_in": mV}


@cache
def stored(name):
    file = DATA / ("nest_iaf.npz" if "cond" in name or "delta" in name else "nest_psc.npz")
    with np.load(file) as data:
        return {key.split("/")[1]: data[key] for key in data.files if key.startswith(f"{name}/")} | {"dt": data["dt"]}


class Fed(nd.DynamicsGroup):
    """Neurons that sources excite, of which the last ones inhibit; all parameters are those that NEST was given."""

    def __init__(self, data, make, unit):
        super().__init__()
        weights, dt = data["weights"], float(data["dt"])
        given = {key: float(data[key]) * UNITS[key] for key in UNITS if key in data}
        self.cells = make(weights.shape[1], C_m=250 * pF, V_reset=-65 * mV, I_e=data["current"] * pA, **given)
        steps, sources = np.nonzero(np.unpackbits(data["input"], axis=0))
        for name, of_kind in (("ex", weights[:, 0] > 0), ("inh", weights[:, 0] < 0)):
            number = np.cumsum(of_kind) - 1
            chosen = of_kind[sources]
            arrives = steps - 1 if unit is mV else steps  # a jump comes with a delay of D - dt
            source = nd.SpikeTrain(of_kind.sum(), number[sources[chosen]], arrives[chosen] * dt * ms)
            values = weights[of_kind] if unit is not nS else np.abs(weights[of_kind])
            target = self.cells if unit is mV else getattr(self.cells, name)
            setattr(self, f"{name}_source", source)
            setattr(self, name, nd.DeltaProj(source, comm=nd.Matrix(values * unit), post=target))


MODELS = {
    "iaf_psc_delta": (nd.IafPscDelta, mV, 1e-9),
    "iaf_psc_exp": (nd.IafPscExp, pA, 1e-9),
    "iaf_psc_alpha_equal": (nd.IafPscAlpha, pA, 1e-9),
    "iaf_cond_exp": (nd.IafCondExp, nS, 0.02),
    "iaf_cond_alpha": (nd.IafCondAlpha, nS, 0.02),
}


@pytest.mark.parametrize("name", MODELS)
def test_spikes_are_those_of_nest_in_their_very_steps(name):
    """And potentials: to rounding where NEST is exact, else to the order of the step."""
    (make, unit, tolerance), data = MODELS[name], stored(name)
    net = Fed(data, make, unit)
    sim = nd.Simulator(net, dt=float(data["dt"]) * ms, target="interpret")
    sim.record(net.cells, "V", every=1 * ms)
    sim.record(net.cells, spikes=True)
    result = sim.run(50 * ms)
    spikes = result[net.cells].spikes
    ours = sorted(zip(spikes.steps + 1, spikes.indices, strict=True))  # NEST labels with the end of the step
    assert len(ours) > 3
    assert ours == sorted(zip(data["spike_steps"], data["spike_neurons"], strict=True))
    V = result[net.cells].V.magnitude
    assert np.abs(V[1:] - data["V"]).max() < tolerance


def test_mistakes():
    cells = nd.IafCondExp(2, name="cells")
    pre = nd.LIF(2)
    net = nd.DynamicsGroup()
    with pytest.raises(NegativeConductanceError, match="it ends in COBA, a conductance"):
        net.p = nd.DeltaProj(pre, comm=nd.AllToAll(2, 2, weight=-1 * nS), post=cells.inh)
    with pytest.raises(InvalidParameterError, match=r"V_reset is -55 mV, at or above V_th"):
        nd.Simulator(nd.IafPscDelta(1, V_reset=-55 * mV), dt=0.1 * ms, target="interpret").run(1 * ms)
