"""Short-term plasticity against the map of Tsodyks, Pawelzik and Markram (1998), and as a stage of projections."""

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, UnsupportedFeatureError
from tests.features.agreement import agree_quietly
from tests.features.both import assert_targets_agree, run_on
from tests.interpreted import Interpreted, assert_eager_agrees

DT = 0.1


class Driven(nd.DynamicsGroup):
    """A stage that takes the spikes of given steps: row s of a matrix belongs to step s."""

    def __init__(self, stage, spikes):
        super().__init__()
        steps, neurons = np.nonzero(spikes.reshape(len(spikes), -1))
        self.source = nd.SpikeTrain(stage.in_size, neurons, (steps + 1) * DT * ms)
        self.stage = stage

    def update(self):
        return self.stage(self.source())


def stp_map(spikes, U, tau_f, tau_d, u, x):
    """Recover exactly, facilitate, release, deplete: in plain NumPy; gives u, x and release after each step."""
    rows = []
    for spike in spikes:
        u, x = u * np.exp(-DT / tau_f), 1 - (1 - x) * np.exp(-DT / tau_d)
        u = np.where(spike, u + U * (1 - u), u)
        release = np.where(spike, u * x, 0.0)
        x = x - release
        rows.append((u, x, release))
    return [np.array(column) for column in zip(*rows, strict=True)]


def irregular(n, steps=1500, seed=4):
    return np.random.default_rng(seed).random((steps, n)) < 0.02


def test_stp_follows_the_map_step_by_step():
    spikes = irregular(3)
    U, tau_f, tau_d = np.array([0.15, 0.5, 0.9]), np.array([1500.0, 30.0, 1.0]), np.array([200.0, 10.0, 800.0])
    net = Driven(nd.STP(3, U=U, tau_f=tau_f * ms, tau_d=tau_d * ms), spikes)
    found = Interpreted(net).record(len(spikes), net.stage.u, net.stage.x, net.stage)
    for values, expected in zip(found, stp_map(spikes, U, tau_f, tau_d, np.zeros(3), np.ones(3)), strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-12)
    assert (found[2] > 0).sum() == spikes.sum()


def test_std_follows_the_map_step_by_step():
    spikes = irregular(2)
    net = Driven(nd.STD(2, tau=[200.0, 20.0] * ms, U=[0.07, 0.6]), spikes)
    x, release = Interpreted(net).record(len(spikes), net.stage.x, net.stage)
    want_x, want = np.empty_like(x), np.zeros_like(x)
    level = np.ones(2)
    for step, spike in enumerate(spikes):
        level = 1 - (1 - level) * np.exp(-DT / np.array([200.0, 20.0]))
        want[step] = spike * level
        level = np.where(spike, level * (1 - np.array([0.07, 0.6])), level)
        want_x[step] = level
    np.testing.assert_allclose(x, want_x, rtol=1e-12)
    np.testing.assert_allclose(release, want, rtol=1e-12)


def periodic(n, every, steps):
    spikes = np.zeros((steps, n), bool)
    spikes[::every] = True
    return spikes


@pytest.mark.parametrize(
    ("U", "tau_f", "tau_d", "every"),
    [(0.15, 1500.0, 200.0, 100), (0.5, 20.0, 800.0, 500), (0.02, 300.0, 50.0, 20), (1.0, 10.0, 100.0, 333)],
)
def test_periodic_spikes_reach_the_steady_state_of_the_map(U, tau_f, tau_d, every):
    """u = U / (1 - (1 - U) e^(-T/tau_f)), and x = (1 - e^(-T/tau_d)) / (1 - (1 - u) e^(-T/tau_d)) before release."""
    steps = every * 60 + round(12 * tau_f / DT / every) * every + 1
    net = Driven(nd.STP(1, U=U, tau_f=tau_f * ms, tau_d=tau_d * ms), periodic(1, every, steps))
    sim = nd.Simulator(net, dt=DT * ms)
    sim.record(net.stage, "u")
    sim.record(net.stage, "x")
    result = sim.run((steps + 1) * DT * ms, progress=False)[net.stage]  # the last sample is that after the last spike
    T = every * DT
    u = U / (1 - (1 - U) * np.exp(-T / tau_f))
    x = (1 - np.exp(-T / tau_d)) / (1 - (1 - u) * np.exp(-T / tau_d))
    assert result.u[-1, 0] == pytest.approx(u, rel=1e-4)
    assert result.x[-1, 0] == pytest.approx(x * (1 - u), rel=1e-4)


def test_steady_state_of_depression():
    """x = (1 - e^(-T/tau)) / (1 - (1 - U) e^(-T/tau)) just before a spike: the well-known 1/rate law at high rates."""
    net = Driven(nd.STD(1, tau=100 * ms, U=0.3), periodic(1, 50, 3501))
    x, release = Interpreted(net).record(3501, net.stage.x, net.stage)
    want = (1 - np.exp(-5.0 / 100)) / (1 - 0.7 * np.exp(-5.0 / 100))
    assert release[-1, 0] == pytest.approx(want, rel=1e-10)
    assert x[-1, 0] == pytest.approx(0.7 * want, rel=1e-10)


@pytest.mark.parametrize("wait", [0, 1, 10, 3000])
def test_the_first_spike_releases_u_whenever_it_comes(wait):
    spikes = np.zeros((wait + 1, 2), bool)
    spikes[-1] = True
    net = Driven(nd.STP(2, U=[0.3, 0.8], tau_f=[1500.0, 20.0] * ms, tau_d=50 * ms), spikes)
    x, release = Interpreted(net).record(len(spikes), net.stage.x, net.stage)
    np.testing.assert_allclose(release[-1], [0.3, 0.8], rtol=1e-14)
    np.testing.assert_allclose(x[-1], [0.7, 0.2], rtol=1e-14)


def test_the_train_of_releases_is_that_of_tsodyks_and_markram_wherever_it_begins():
    """Each release from the closed form of the intervals alone; the train begins at step 0, 7 or 2000."""
    intervals = np.array([3.0, 40.0, 8.0, 0.1, 120.0])
    U, tau_f, tau_d = 0.25, 60.0, 90.0
    u, x, expected = U, 1.0, [U]
    for gap in intervals:
        x = 1 - (1 - x * (1 - u)) * np.exp(-gap / tau_d)
        u = U + u * (1 - U) * np.exp(-gap / tau_f)
        expected.append(u * x)
    for begin in (0, 7, 2000):
        steps = begin + np.round(np.concatenate([[0], np.cumsum(intervals)]) / DT).astype(int)
        spikes = np.zeros((steps[-1] + 1, 1), bool)
        spikes[steps] = True
        net = Driven(nd.STP(1, U=U, tau_f=tau_f * ms, tau_d=tau_d * ms), spikes)
        (release,) = Interpreted(net).record(len(spikes), net.stage)
        np.testing.assert_allclose(release[steps, 0], expected, rtol=1e-12)


def test_resources_are_conserved():
    """What is released is what is missing: without recovery, x and the sum of all releases add up to one."""
    spikes = irregular(4)
    net = Driven(nd.STP(4, U=0.2, tau_d=1e30 * ms), spikes)
    x, release = Interpreted(net).record(len(spikes), net.stage.x, net.stage)
    np.testing.assert_allclose(x + np.cumsum(release, axis=0), 1.0, rtol=1e-12)


@pytest.mark.parametrize("make", [lambda: nd.STP((2, 3), U=np.full((2, 3), 0.4)), lambda: nd.STD((2, 3), U=0.4)])
def test_eager_calls_agree(make):
    assert_eager_agrees(lambda: Driven(make(), irregular(6, 200)), 200)


# ---- in projections --------------------------------------------------------------------------------------------------

SIZE, N = (3, 4), 12


def chain(stage, source=lambda pop: pop, **options):
    """A network with noise, a stage and a synapse; `stage` gives what stands before `comm`."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre = nd.PoissonGroup(SIZE, rates=200 * Hz)
            self.post = nd.LIF(SIZE, V_th=-59 * mV)
            self.p = nd.AlignPostProj(
                source(self.pre),
                stage(),
                comm=nd.FixedProb(SIZE, SIZE, prob=0.5, weight=nd.init.Uniform(1 * nS, 3 * nS)),
                syn=nd.Expon.desc(tau=5 * ms),
                out=nd.COBA.desc(E=0 * mV),
                post=self.post,
                **options,
            )

    return Net


DELAYS = {
    "none": {},
    "delay": {"delay": 1.5 * ms},
    "axonal": {"delay": np.linspace(0, 2, N)[:, None] * ms},
    "reference": {"source": lambda pop: pop.output_delay(0.7 * ms)},
}


@pytest.mark.parametrize("options", list(DELAYS.values()), ids=list(DELAYS))
@pytest.mark.parametrize(
    "stage", [lambda: nd.STP(SIZE, U=np.linspace(0.1, 0.6, N).reshape(SIZE), tau_f=50 * ms), lambda: nd.STD(SIZE)]
)
def test_both_targets_agree_with_a_stage_before_the_weights(stage, options):
    make = chain(stage, **options)
    _sim, result = assert_targets_agree(make, DT * ms, 60 * ms, seed=3)
    assert len(result.recordings) > 2
    if options is DELAYS["axonal"]:
        agree_quietly(make, DT * ms, 20 * ms, seed=3)
    if options is DELAYS["reference"]:
        assert_targets_agree(make, DT * ms, 20 * ms, seed=3, precision=32)


@pytest.mark.parametrize("options", [DELAYS["none"], DELAYS["delay"], DELAYS["reference"]])
def test_eager_calls_agree_in_a_network(options):
    assert_eager_agrees(chain(lambda: nd.STP(SIZE, U=0.4), **options), 100)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize("delay", [0, 7])
def test_the_weight_of_each_spike_is_scaled_by_the_release(target, delay):
    """A spike of step m jumps the synapse in step m + 1 + d by weight times release."""
    spikes = np.zeros((300, 1), bool)
    spikes[[10, 14, 60, 61, 200]] = True

    def make():
        net = nd.DynamicsGroup()
        net.pre = nd.SpikeTrain(1, np.zeros(5, int), (np.flatnonzero(spikes) + 1) * DT * ms)
        net.post = nd.LIF(1)
        net.p = nd.AlignPostProj(
            net.pre,
            nd.STP(1, U=0.3, tau_f=20 * ms, tau_d=50 * ms, u_initializer=0.0),
            comm=nd.OneToOne(1, 1, weight=2 * nS),
            syn=nd.Expon.desc(tau=1e12 * ms),
            out=nd.COBA.desc(E=-60 * mV),
            post=net.post,
            delay=delay * DT * ms,
        )
        return net

    sim, result = run_on(target, make, DT * ms, 30 * ms)
    g = result[sim.network.p.syn].g.magnitude[1:, 0]  # sample n stands for the start of step n
    jumps = np.diff(g, prepend=0.0)
    _u, _x, release = stp_map(spikes, 0.3, 20.0, 50.0, np.zeros(1), np.ones(1))
    shift = 1 + delay
    np.testing.assert_allclose(jumps[shift:], 2.0 * release[: 299 - shift, 0], rtol=1e-8, atol=1e-9)
    assert (jumps[:shift] == 0).all()


def test_one_stage_is_not_stepped_by_two():
    pop, stp = nd.LIF(3), nd.STP(3)
    parts = {"comm": nd.OneToOne(3, 3, 1 * nS), "syn": nd.Expon.desc(), "out": nd.COBA.desc(E=0 * mV), "post": pop}
    nd.AlignPostProj(pop, stp, **parts)
    with pytest.raises(HookArgumentError, match="steps it already, so it would advance twice") as caught:
        nd.AlignPostProj(pop, stp, **parts)
    assert "align_pre" in caught.value.cure


def test_plasticity_kept_on_the_population_serves_many_projections():
    at_rest = {"U": 0.4, "u_initializer": 0.0}

    class Net(nd.DynamicsGroup):
        def __init__(self, shared):
            super().__init__()
            self.pre, self.post = nd.PoissonGroup(5, rates=300 * Hz), nd.LIF(5)
            if shared:
                stp = self.pre.align_pre(nd.STP.desc(**at_rest))
                sources = [(stp,), (stp.output_delay(1 * ms),)]
            else:
                sources = [(self.pre, nd.STP(5, **at_rest)), (self.pre.output_delay(1 * ms), nd.STP(5, **at_rest))]
            self.projections = [
                nd.AlignPostProj(
                    *source,
                    comm=nd.OneToOne(5, 5, weight=weight * nS),
                    syn=nd.Expon.desc(),
                    out=nd.COBA.desc(E=0 * mV),
                    post=self.post,
                )
                for source, weight in zip(sources, (1, 2), strict=True)
            ]

    together, apart = (
        run_on("cpu", lambda shared=shared: Net(shared), DT * ms, 50 * ms, seed=5) for shared in (True, False)
    )
    np.testing.assert_array_equal(
        together[1][together[0].network.post].V.magnitude, apart[1][apart[0].network.post].V.magnitude
    )
    assert together[1][together[0].network.post].V.magnitude.max() > -60


def test_plasticity_cannot_stand_behind_the_weights():
    with pytest.raises(UnsupportedFeatureError, match="STP cannot stand on the postsynaptic side"):
        nd.AlignPostProj(nd.LIF(3), comm=nd.OneToOne(3, 3), syn=nd.STP.desc(), out=nd.CUBA.desc(), post=nd.LIF(3))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nd.STP(3, U=1.5), InvalidParameterError, ["STP.U is 1.5", "from 0 to 1"]),
        (lambda: nd.STD(3, U=[0.1, 2.0, 0.3]), InvalidParameterError, ["STD.U", "from 0 to 1"]),
        (lambda: nd.STP(3, U=-0.1), InvalidParameterError, ["STP.U is -0.1", "zero or more"]),
        (lambda: nd.STP(3, tau_f=0 * ms), InvalidParameterError, ["STP.tau_f", "larger than zero"]),
        (lambda: nd.STD(3, tau=3 * mV), DimensionError, ["STD.tau", "mV"]),
    ],
)
def test_wrong_parameters_are_named(make, error, words):
    with pytest.raises(error) as caught:
        make()
    for word in words:
        assert word in str(caught.value)
