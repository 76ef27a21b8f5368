"""States of all kinds, draws of all kinds, hooks, and old versions of states: the same bits on both targets."""

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from tests.features.agreement import agree_quietly
from tests.features.both import assert_targets_agree
from tests.targets import SIMULATED

pytestmark = pytest.mark.cudasim


class Zoo(nd.Neuron):
    """Real, whole and Boolean states, every operation that NumPy offers a model, draws of all kinds."""

    def __init__(self, size, gain=1.0):
        super().__init__(size)
        self.gain = nd.Parameter(gain)
        self.tau = nd.Parameter(nd.init.Uniform(5 * ms, 15 * ms))

    def init_state(self):
        self.x = nd.State(nd.init.Normal(0.0, 1.0))
        self.V = nd.State(nd.init.Uniform(-60 * mV, -50 * mV))
        self.count = nd.State(0)
        self.up = nd.State(False)

    def update(self):
        x, V, n, up = self.x.value, self.V.value, self.count.value, self.up.value
        noise = nd.random.normal() + nd.random.uniform(-1.0, 1.0)
        flips = nd.random.bernoulli(0.2)
        events = nd.random.poisson(0.3 + 0.1 * np.abs(x))
        smooth = np.tanh(x) + np.sin(x) * np.cos(0.3 * x) - np.exp(-np.abs(x)) + np.log1p(x * x)
        bent = np.where(x > 0.5, np.sqrt(np.abs(x)), np.clip(x, -0.5, 0.25)) + np.expm1(-0.1 * np.abs(x))
        power = np.power(1.0 + np.abs(x), 1.5) + np.floor(3 * x) - np.ceil(x) + np.sign(x) + np.mod(x, 0.7)
        slope = -V / self.tau + 0.1 * (smooth + bent) * mV / ms
        self.V.value = V + slope * nd.environ.get_dt() + 0.2 * noise * mV
        self.x.value = 0.9 * x + 0.05 * noise + 0.01 * power * self.gain + 0.2 * events - 0.1 * np.minimum(n, 3)
        self.up.value = np.logical_xor(up, flips) | (np.logical_not(up) & (n % 5 == 4))
        self.count.value = np.where(flips, n + 1, np.maximum(n - 1, 0)) + n // 7
        return (self.x.value > 0.8) & np.isfinite(V / mV)


class Two(nd.DynamicsGroup):
    """Equal populations share a kernel, but not their draws."""

    def __init__(self, first, second):
        super().__init__()
        self.A, self.B = Zoo(first), Zoo(second, gain=0.5)


def test_states_operations_and_draws():
    loaded = set()
    for seed, sizes in enumerate([(9, 9), (1, 130), ((3, 4), 2)], start=1):
        sim, result = agree_quietly(lambda sizes=sizes: Two(*sizes), 0.1 * ms, 20 * ms, seed=seed)
        loaded.add(sim.machine.loaded.path)
        net = sim.network
        assert result[net.A].count.max() > 2
        assert result[net.A].up.any()
        if sizes[0] == sizes[1]:
            assert not np.array_equal(result[net.A].x, result[net.B].x)
    assert len(loaded) == 1
    assert len(sim.program.kernels) < 2 * len([line for line in str(sim.program).splitlines() if "over Two.A" in line])


@pytest.mark.skipif(SIMULATED, reason="one precision is enough in the simulator")
def test_states_operations_and_draws_at_single_precision():
    sim, result = assert_targets_agree(lambda: Two(9, 70), 0.1 * ms, 10 * ms, precision=32)
    assert result[sim.network.A].x.dtype == np.float32


class Steps(nd.Neuron):
    """Four ways to advance one equation."""

    def init_state(self):
        for name in ("euler", "exponential", "midpoint", "fourth"):
            setattr(self, name, nd.State(nd.init.Uniform(-60 * mV, -50 * mV)))

    def update(self):
        def slope(v):
            return (-60 * mV - v) / (7 * ms) + 0.02 * v * v / mV / ms * np.exp(v / (20 * mV))

        for name, method in (
            ("euler", nd.euler_step),
            ("exponential", nd.exp_euler_step),
            ("midpoint", nd.rk2_step),
            ("fourth", nd.rk4_step),
        ):
            state = getattr(self, name)
            state.value = method(slope, state.value)
        return self.fourth.value > -58 * mV


class Meddled(nd.DynamicsGroup):
    """Hooks of all four kinds that read and write states; versions kept by the user across a synaptic sum."""

    def __init__(self, size=12):
        super().__init__()
        first = nd.init.Uniform(-60 * mV, -50 * mV)
        self.P = nd.LIF(size, V_initializer=first)
        self.Q = nd.LIFRef(size, V_initializer=first, tau_ref=1 * ms)
        self.S = Steps(size)
        self.fast = nd.DeltaProj(comm=nd.FixedProb(size, size, prob=0.4, weight=2 * mV), post=self.Q)
        self.slow = nd.AlignPostProj(
            comm=nd.FixedProb(size, size, prob=0.4, weight=2 * nS),
            syn=nd.Expon.desc(tau=3 * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.P,
        )
        self.trace = Trace(size)

        @nd.receive_update_input
        def push(x):
            self.Q.V.value = self.Q.V.value + 0.001 * x * mV / pA

        @nd.receive_update_output
        def mark(spikes):
            self.trace.level.value = np.where(spikes, 1.0, self.trace.level.value)

        @nd.not_receive_update_output
        def lift():
            self.P.V.value = np.maximum(self.P.V.value, -60 * mV)

        @nd.not_receive_update_input
        def leak():
            self.P.V.value = 0.999 * self.P.V.value

        self.P.add_before_update("push", push)
        self.P.add_before_update("leak", leak)
        self.P.add_after_update("mark", mark)
        self.P.add_after_update("lift", lift)
        self.Q.add_current_input("from P", lambda v: 0.3 * nS * (self.P.V.value - v))

    def update(self):
        old_P, old_Q = self.P.V.value, self.Q.V.value
        self.slow(self.Q.get_spike())
        spikes = self.P(250 * pA)
        between = self.P.V.value
        self.fast(spikes)
        self.Q((between - old_P) * nS + 180 * pA)
        self.S()
        self.trace()
        self.P.V.value = self.P.V.value + 0.01 * (old_Q - self.Q.V.value)
        self.trace.kept.value = old_P - between


class Trace(nd.Dynamics):
    """What hooks write into."""

    def init_state(self):
        self.level = nd.State(0.0)
        self.kept = nd.State(0 * mV)

    def update(self):
        self.level.value = 0.95 * self.level.value
        return self.level.value


def test_hooks_and_old_versions():
    sim, result = agree_quietly(Meddled, 0.1 * ms, 25 * ms, seed=4)
    net = sim.network
    assert (result[net.trace].level == 1.0).sum() + (result[net.trace].level == 0.95).sum() > 0
    assert np.abs(result[net.trace].kept.magnitude).max() > 0


class Swap(nd.DynamicsGroup):
    """Two populations exchange their states in each step: each needs the version before the other's write."""

    def __init__(self):
        super().__init__()
        self.A, self.B = Holder(5, 1.0), Holder(5, 2.0)

    def update(self):
        a, b = self.A.x.value, self.B.x.value
        self.A.x.value, self.B.x.value = b, a


class Holder(nd.Dynamics):
    """A state that waits for others."""

    def __init__(self, size, first):
        super().__init__(size)
        self.first = first

    def init_state(self):
        self.x = nd.State(self.first * np.arange(1, self.num + 1))

    def update(self):
        return self.x.value


def test_states_can_be_exchanged():
    sim, result = agree_quietly(Swap, 1 * ms, 5 * ms)
    np.testing.assert_array_equal(result[sim.network.A].x[:, 0], [1, 2, 1, 2, 1])
    np.testing.assert_array_equal(result[sim.network.B].x[:, 1], [4, 2, 4, 2, 4])
