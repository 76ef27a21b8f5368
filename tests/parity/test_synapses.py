"""Synapses and outputs against the reference: formulas, what must be bound, units of defaults, what is alignable."""

import math

import numpy as np
import pytest
from quantities import mM, ms, mV, nS, pA, uM

import numbadyn as nd
from numbadyn import errors
from tests.features.both import assert_targets_agree, run_on

DT = 0.1
POTENTIALS = np.array([-90.0, -60.0, -12.5, 0.0, 33.0])


def current(out, g=2.0):
    """What an output makes of a conductance at several potentials, in pA."""
    out.bind_cond(g * nS)
    return np.asarray(out(POTENTIALS * mV).rescale("pA"))


@pytest.mark.parametrize("E", [0.0, -80.0])
def test_coba(E):
    np.testing.assert_allclose(current(nd.COBA(E=E * mV)), 2.0 * (E - POTENTIALS), rtol=1e-14)


def test_cuba():
    np.testing.assert_allclose(current(nd.CUBA(scale=3 * mV)), np.full(1, 6.0), rtol=1e-14)
    out = nd.CUBA()
    out.bind_cond(4 * pA)
    assert out(-60 * mV) == 4 * pA


def blocked(E=0.0, cc_Mg=1.2, alpha=0.062, beta=3.57, V_offset=0.0):
    return [2.0 * (E - V) / (1 + cc_Mg / beta * math.exp(alpha * (V_offset - V))) for V in POTENTIALS]


def test_magnesium_block():
    np.testing.assert_allclose(current(nd.MgBlock()), blocked(), rtol=1e-13)
    out = nd.MgBlock(E=5 * mV, cc_Mg=1 * mM, alpha=0.08 / mV, beta=3.2 * mM, V_offset=-7 * mV)
    np.testing.assert_allclose(current(out), blocked(5.0, 1.0, 0.08, 3.2, -7.0), rtol=1e-13)


@pytest.mark.parametrize("given", [{"cc_Mg": 1}, {"cc_Mg": 1.0 * mM}, {"cc_Mg": 1000 * uM}, {"cc_Mg": np.float32(1)}])
def test_concentrations_are_in_millimolar(given):
    """Upstream's defaults are plain numbers that clash with a potential in mV; here they have units."""
    np.testing.assert_allclose(current(nd.MgBlock(**given)), blocked(cc_Mg=1.0), rtol=1e-13)
    assert nd.MgBlock().E.value == 0 * mV
    assert nd.MgBlock().beta.value == 3.57 * mM


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"beta": 0}, errors.InvalidParameterError, ["beta", "larger than zero"]),
        ({"cc_Mg": -1 * mM}, errors.InvalidParameterError, ["cc_Mg", "zero or more"]),
        ({"alpha": 0.062 * mV}, errors.DimensionError, ["alpha", "mV"]),
        ({"alpha": 0.062}, errors.UnitExpectedError, ["alpha", "1/mV"]),
        ({"cc_Mg": 1 * mV}, errors.DimensionError, ["cc_Mg", "mV"]),
    ],
)
def test_wrong_parameters_of_the_block_are_named(given, error, words):
    with pytest.raises(error) as caught:
        nd.MgBlock(**given)
    for word in words:
        assert word in str(caught.value)


# ---- what must be bound ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: nd.COBA(E=0 * mV), nd.CUBA, nd.MgBlock])
def test_nothing_is_bound(make):
    out = make()
    with pytest.raises(errors.NotInitialisedError, match="no conductance is bound") as caught:
        out(-60 * mV)
    assert "bind_cond" in caught.value.cure


class Switched(nd.DynamicsGroup):
    """A projection that an update written by hand may leave out."""

    def __init__(self, pre_side=False):
        super().__init__()
        self.pre, self.post, self.used = nd.SpikeTrain(1, [0], [0.2] * ms), nd.LIF(1), True
        given = {"comm": nd.OneToOne(1, 1, weight=5 * nS), "out": nd.COBA.desc(E=0 * mV), "post": self.post}
        syn = nd.Expon.desc(tau=5 * ms)
        self.p = (
            nd.AlignPreProj(self.pre, syn=syn, **given)
            if pre_side
            else nd.CurrentProj(self.pre, lambda spikes: 1.0 * spikes, **given)
        )

    def update(self):
        if self.used:
            self.p()
        self.pre()
        self.post()


@pytest.mark.parametrize("pre_side", [True, False])
def test_a_step_in_which_nothing_is_bound_is_an_error_and_not_a_repetition(pre_side):
    net = nd.init_all_states(Switched(pre_side))
    for step in range(5):
        with nd.environ.context(dt=DT * ms, i=step):
            net()
    net.used = False
    with (
        pytest.raises(errors.NotInitialisedError, match="no conductance is bound"),
        nd.environ.context(dt=DT * ms, i=5),
    ):
        net()
    with pytest.raises(errors.NotInitialisedError, match="no conductance is bound"):
        nd.Simulator(net, dt=DT * ms, target="interpret")


class Chain(nd.DynamicsGroup):
    def __init__(self, syn, out, kind=nd.AlignPostProj, weight=3 * nS, share=None):
        super().__init__()
        self.pre = nd.SpikeTrain(3, [0, 1, 2, 0, 1], np.array([0.3, 0.5, 0.5, 1.7, 4.0]) * ms)
        self.post = nd.LIF(2, V_th=1000 * mV)
        comm = nd.AllToAll(3, 2, weight=np.array([[1, 2], [3, 4], [5, 6]]) * weight)
        self.p = kind(self.pre, comm=comm, syn=syn, out=out, post=self.post, delay=0.4 * ms)


@pytest.mark.parametrize("out", [nd.COBA.desc(E=0 * mV), nd.CUBA.desc(scale=20 * mV), nd.MgBlock.desc()])
def test_outputs_drive_their_target(out):
    """Exponential Euler of tau dV/dt = V_rest - V + R I(V), with the slope of I at the start of the step."""
    sim, result = assert_targets_agree(
        lambda: Chain(nd.Expon.desc(tau=5 * ms, averaged=False), out), DT * ms, 10 * ms, may_be_silent=["Chain.post"]
    )
    V = result[sim.network.post].V.magnitude
    g = result[sim.network.p.syn].g.magnitude
    model = out.make(())

    def I(V, g):  # noqa: E743
        model.bind_cond(g * nS)
        return np.asarray(model(V * mV).rescale("pA")) + 0.0 * V

    for step in range(99):
        v, conductance = V[step], g[step + 1]  # sample n stands for the start of step n; the synapse is stepped first
        slope = (-60 - v + 0.1 * I(v, conductance)) / 20.0
        shift = 1e-5
        jacobian = (-1 + 0.1 * (I(v + shift, conductance) - I(v - shift, conductance)) / (2 * shift)) / 20.0
        np.testing.assert_allclose(V[step + 1], v + np.expm1(DT * jacobian) / jacobian * slope, rtol=1e-9)
    assert V.max() > -58


# ---- what is alignable -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("syn", [nd.Expon.desc(5 * ms), nd.DualExpon.desc(9 * ms, 2 * ms), nd.Alpha.desc(4 * ms)])
def test_linear_synapses_may_stand_on_either_side(syn):
    """Upstream rejects Alpha on the postsynaptic side; it is linear in its input, so one serves all sources exactly."""
    potentials = []
    for kind in (nd.AlignPostProj, nd.AlignPreProj):
        make = lambda kind=kind: Chain(syn, nd.COBA.desc(E=0 * mV), kind)  # noqa: E731
        result = assert_targets_agree(make, DT * ms, 20 * ms, may_be_silent=["Chain.post"])[1]
        potentials.append(result.recordings["Chain.post"].samples["V"].values)
    np.testing.assert_allclose(*potentials, rtol=1e-12)
    assert potentials[0].max() > -55


class Saturating(nd.Synapse):
    """Its response to two spikes is not the sum of those to each."""

    def init_state(self):
        self.s = nd.State(0.0)

    def update(self, x=0.0):
        self.s.value = 0.95 * self.s.value + 0.5 * (1 - self.s.value) * x
        return self.s.value


def test_synapses_that_are_not_linear_stand_before_the_weights_only():
    for syn, out in ((Saturating.desc(), nd.COBA.desc(E=0 * mV)), (Saturating(2), nd.COBA(E=0 * mV))):
        with pytest.raises(
            errors.UnsupportedFeatureError, match="Saturating cannot stand on the postsynaptic side"
        ) as e:
            Chain(syn, out)
        assert "nd.AlignPreProj" in e.value.cure
    sim, result = run_on(
        "cpu", lambda: Chain(Saturating.desc(), nd.COBA.desc(E=0 * mV), nd.AlignPreProj), DT * ms, 10 * ms
    )
    assert result[sim.network.post].V.magnitude.max() > -60


@pytest.mark.parametrize(("decay", "rise", "normalize"), [(10.0, 1.0, True), (10.0, 1.0, False), (3.0, 8.0, True)])
def test_dual_exponential_synapse(decay, rise, normalize):
    """A sum of the two exponentials of each spike, with its peak at the weight where it is normalised."""
    syn = nd.DualExpon.desc(tau_decay=decay * ms, tau_rise=rise * ms, normalize=normalize)
    sim, result = run_on("cpu", lambda: Chain(syn, nd.CUBA.desc(scale=1 * mV)), DT * ms, 30 * ms)
    found = result[sim.network.p.syn]
    g = (found.g_decay.magnitude - found.g_rise.magnitude)[1:]
    t = DT * np.arange(len(g))[:, None]
    expected = np.zeros_like(g)
    weights = 3.0 * np.array([[1, 2], [3, 4], [5, 6]])
    for neuron, step in ((0, 2), (1, 4), (2, 4), (0, 16), (1, 39)):  # a spike of step m acts in step m + 1 + 4
        age = t - (step + 5) * DT
        expected += np.where(age > -1e-9, np.exp(-age / decay) - np.exp(-age / rise), 0.0) * weights[neuron]
    np.testing.assert_allclose(g, expected, rtol=1e-9, atol=1e-9)
    peak = decay * rise / (decay - rise) * math.log(decay / rise)
    scale = 1 / (math.exp(-peak / decay) - math.exp(-peak / rise)) if normalize else 1.0
    np.testing.assert_allclose(float(sim.network.p.syn.scale()), scale, rtol=1e-12)


def test_equal_time_constants_are_refused_when_the_peak_is_normalised():
    with pytest.raises(errors.InvalidParameterError, match="are equal"):
        nd.DualExpon(3, tau_decay=5 * ms, tau_rise=5 * ms)


def test_own_outputs_may_take_the_conductance():
    class Given(nd.SynOut):
        def update(self, conductance, potential):
            return conductance * (0 * mV - potential)

    class Asked(nd.SynOut):
        def update(self, V):
            return self.conductance * (0 * mV - V)

    found = [
        run_on("interpret", lambda out=out: Chain(nd.Expon.desc(tau=5 * ms), out.desc()), DT * ms, 10 * ms)
        for out in (Given, Asked)
    ]
    V = [result[sim.network.post].V.magnitude for sim, result in found]
    np.testing.assert_array_equal(*V)
    assert V[0].max() > V[0].min()

    class Neither(nd.SynOut):
        def update(self, conductance, V, t):
            return conductance * V

    with pytest.raises(errors.HookArgumentError, match=r"takes the arguments \(conductance, V, t\)") as caught:
        run_on("interpret", lambda: Chain(nd.Expon.desc(tau=5 * ms), Neither.desc()), DT * ms, 1 * ms)
    assert "update(self, V)" in caught.value.cure
