"""What decays below the smallest normal number becomes zero at the same steps everywhere, since it would stay slow."""

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.runtime import engine
from tests.features.agreement import recorded, states_and_spikes
from tests.targets import COMPILED, SIMULATED

TINY = {64: float(np.finfo(np.float64).tiny), 32: float(np.finfo(np.float32).tiny)}
EVERY = 64


class Leak(nd.Dynamics):
    """Numbers that shrink, some of which are small already."""

    def __init__(self, tiny):
        super().__init__(4)
        self.first = nd.Parameter([1.0, 1e9 * tiny, -7 * tiny, 0.0])

    def init_state(self):
        self.x = nd.State(self.first)

    def update(self):
        self.x.value = 0.9 * self.x


class Decaying(nd.DynamicsGroup):
    """Conductances that nothing feeds any more after a spike at the beginning."""

    def __init__(self, tiny):
        super().__init__()
        self.source = nd.SpikeTrain(1, [0], [0.5] * ms)
        self.E, self.leak = nd.LIF(3), Leak(tiny)
        self.p = nd.AlignPostProj(
            self.source,
            comm=nd.AllToAll(1, 3, weight=[[1e6 * tiny, 1.0, 4 * tiny]] * nS),
            syn=nd.Expon.desc(tau=2 * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.E,
        )


def watched(target, bits, batch=None):
    exact = {"target": COMPILED, "reproducible": SIMULATED} if target == "cpu" else {"target": target}
    sim = nd.Simulator(Decaying(TINY[bits]), dt=0.1 * ms, seed=1, precision=bits, batch=batch, **exact)
    states_and_spikes(sim)
    return sim


@pytest.mark.cudasim
@pytest.mark.parametrize("bits", [64, 32])
def test_small_values_become_zero_at_the_same_steps(bits, monkeypatch):
    monkeypatch.setattr(engine, "_SETTLE_EVERY", EVERY)
    whole = recorded(watched("interpret", bits).run(24 * ms, progress=False))
    decaying = [values for name, values in whole.items() if name.endswith((".x", ".g"))]
    assert len(decaying) == 2
    for values in decaying:
        small = (values != 0) & (np.abs(values) < TINY[bits])
        assert small[:EVERY].any()
        for step in np.flatnonzero(small.any(axis=1)):
            later = step - step % EVERY + EVERY  # of each that is small, nothing is left
            assert (values[later:][:, small[step]] == 0).all()
    sim = watched("cpu", bits)
    parts = [recorded(sim.run(length * ms, progress=False)) for length in (1.3, 5.1, 17.6)]
    many = recorded(watched("cpu", bits, batch=2).run(24 * ms, progress=False).replica(0))
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), values, err_msg=name)
        np.testing.assert_array_equal(many[name], values, err_msg=name)
