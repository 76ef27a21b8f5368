"""Every projection, rule of connection and form of delay against a plain loop written from the delay rule.

A spike emitted in step m with a delay of d steps arrives in step m + 1 + d, where a projection runs before its source.
"""

import math

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn.errors import NotInitialisedError
from tests.interpreted import Interpreted, assert_eager_agrees, eager_steps

N_PRE, N_POST, STEPS, DT = 6, 4, 40, 0.1
rng = np.random.default_rng(5)
SPIKES = rng.random((STEPS, N_PRE)) < 0.25
WAVE = np.where(rng.random(N_PRE) < 0.3, 0.0, rng.normal(size=N_PRE))
DENSE = np.round(rng.normal(size=(N_PRE, N_POST)), 3) * (rng.random((N_PRE, N_POST)) < 0.6)
PER_PRE = np.array([0.0, 0.3, 0.25, 1.0, 0.1, 0.7])
PER_PAIR = np.round(rng.random((N_PRE, N_POST)), 2)
PRE, POST = np.array([5, 0, 0, 3, 3]), np.array([1, 2, 2, 0, 3])


class Wave(nd.Dynamics):
    """A continuous output that is zero in some neurons and differs in each step; starts at zero."""

    def __init__(self):
        super().__init__(N_PRE)
        self.slope = nd.Parameter(WAVE)

    def init_state(self):
        self.x = nd.State(0 * pA)

    def update(self):
        self.x.value = self.x.value * 0.5 + self.slope * (nd.environ.get("i") + 1.0) * pA
        return self.x.value


class Target(nd.Dynamics):
    """Keeps what arrives in each step."""

    def __init__(self, kind):
        super().__init__(N_POST)
        self.kind = kind

    def init_state(self):
        self.got = nd.State(0 * pA)

    def update(self):
        zero = 0 * self.got.value
        self.got.value = (
            self.sum_current_inputs(zero, -60 * mV) if self.kind == "current" else self.sum_delta_inputs(zero)
        )
        return self.got.value


def pre_spikes():
    steps, indices = np.nonzero(SPIKES)
    return nd.SpikeTrain(N_PRE, indices, (steps + 1) * DT * ms)


class Net(nd.DynamicsGroup):
    """One projection of a kind from a source to a target."""

    def __init__(self, kind, rule, delay, graded=False):
        super().__init__()
        unit = 1.0 if graded and kind in ("delta", "current") else 1 * pA
        self.pre = Wave() if graded else pre_spikes()
        self.post = Target("delta" if kind == "delta" else "current")
        source = self.pre.output_delay(init=0 * pA) if graded else self.pre
        options = {"comm": rule(unit), "post": self.post, "delay": delay}
        if kind == "delta":
            self.proj = nd.DeltaProj(source, **options)
        elif kind == "current":
            self.proj = nd.CurrentProj(source, out=nd.CUBA.desc(), **options)
        elif kind == "post":
            self.proj = nd.AlignPostProj(
                self.pre, syn=nd.Expon.desc(tau=2 * ms, averaged=False), out=nd.CUBA.desc(), **options
            )
        else:
            self.proj = nd.AlignPreProj(
                self.pre, syn=nd.Expon.desc(tau=2 * ms, averaged=False), out=nd.CUBA.desc(), **options
            )


RULES = {
    "all": lambda unit: nd.AllToAll(N_PRE, N_POST, weight=2.0 * unit),
    "one": lambda unit: nd.OneToOne(N_PRE, N_PRE, weight=np.arange(1.0, 7.0) * unit),
    "prob": lambda unit: nd.FixedProb(N_PRE, N_POST, prob=0.5, weight=nd.init.Normal(2.0 * unit, 0.3 * unit)),
    "in": lambda unit: nd.FixedInDegree(N_PRE, N_POST, 3, weight=1.5 * unit, multapses=False),
    "out": lambda unit: nd.FixedOutDegree(N_PRE, N_POST, 2, weight=1.5 * unit, multapses=True),
    "total": lambda unit: nd.FixedTotalNumber(N_PRE, N_POST, 9, weight=1.5 * unit),
    "edges": lambda unit: nd.Edges(N_PRE, N_POST, PRE, POST, weight=np.arange(1.0, 6.0) * unit),
    "matrix": lambda unit: nd.Matrix(DENSE * unit),
}
DELAYS = {
    "none": None,
    "scalar": 0.25 * ms,
    "axonal": PER_PRE[:, None] * ms,
    "pairs": PER_PAIR * ms,
    "drawn": nd.init.Uniform(0 * ms, 1.2 * ms),
}


def arrivals(edges, past):
    """What arrives in each step n, by the rule: weight times what the source had in step n - 1 - d."""
    found = np.zeros((STEPS, N_POST))
    weights = np.asarray(edges.weight)
    lags = np.rint(np.asarray(edges.delay) / DT).astype(int)
    for n in range(STEPS):
        for i, j, w, d in zip(edges.pre, edges.post, weights, lags, strict=True):
            if n - 1 - d >= 0:
                found[n, j] += w * past[n - 1 - d, i]
    return found


def filtered(series):
    """What an exponential synapse of 2 ms makes of arrivals: decay, then add."""
    g, rows = np.zeros(series.shape[1]), []
    for row in series:
        g = g * math.exp(-DT / 2.0) + row
        rows.append(g)
    return np.array(rows)


def wave():
    x, rows = np.zeros(N_PRE), []
    for step in range(STEPS):
        x = x * 0.5 + WAVE * (step + 1.0)
        rows.append(x)
    return np.array(rows)


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("rule", [name for name in RULES if name != "one"])
def test_delta_of_spikes(rule, delay):
    net = Net("delta", RULES[rule], DELAYS[delay])
    run = Interpreted(net, DT, seed=11)
    (got,) = run.record(STEPS, net.post.got)
    edges = net.proj.edges(DT * ms)
    np.testing.assert_allclose(got, arrivals(edges, SPIKES), rtol=1e-12, atol=1e-12)
    assert np.count_nonzero(got) > 10


KINDS = [("delta", False), ("current", False), ("post", False), ("pre", False), ("delta", True), ("current", True)]


@pytest.mark.parametrize(("kind", "graded"), KINDS)
@pytest.mark.parametrize("delay", DELAYS)
def test_kinds_and_signals(kind, delay, graded):
    net = Net(kind, RULES["matrix"], DELAYS[delay], graded)
    (got,) = Interpreted(net, DT, seed=2).record(STEPS, net.post.got)
    past = wave() if graded else SPIKES
    want = arrivals(net.proj.edges(DT * ms), past)
    if kind == "post":
        want = filtered(want)
    if kind == "pre":
        want = arrivals(net.proj.edges(DT * ms), filtered(SPIKES.astype(float)))
    np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11)
    assert np.count_nonzero(got) > 10


@pytest.mark.parametrize("kind", ["delta", "current", "post", "pre"])
@pytest.mark.parametrize("delay", DELAYS)
def test_eager_calls_agree(kind, delay):
    assert_eager_agrees(lambda: Net(kind, RULES["prob"], DELAYS[delay]), 25, seed=4)


@pytest.mark.parametrize("delay", ["none", "scalar", "drawn"])
def test_eager_calls_of_graded_signals_agree(delay):
    assert_eager_agrees(lambda: Net("current", RULES["edges"], DELAYS[delay], graded=True), 25, seed=4)


def test_explicit_edges_need_no_reading_back():
    net = Net("delta", RULES["edges"], [0.3, 0.0, 0.2, 0.1, 0.3] * ms)
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    want = np.zeros((STEPS, N_POST))
    for pre, post, weight, lag in zip(PRE, POST, range(1, 6), (3, 0, 2, 1, 3), strict=True):
        for m in np.flatnonzero(SPIKES[:, pre]):
            if m + 1 + lag < STEPS:
                want[m + 1 + lag, post] += weight
    np.testing.assert_array_equal(got, want)


def test_one_to_one_with_a_delay_for_each_neuron():
    class OneToOneNet(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = pre_spikes(), Counted(N_PRE)
            self.proj = nd.DeltaProj(self.pre, comm=nd.OneToOne(N_PRE, N_PRE), post=self.post, delay=PER_PRE * ms)

    net = OneToOneNet()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    for i, lag in enumerate([0, 3, 3, 10, 1, 7]):
        np.testing.assert_array_equal(got[1 + lag :, i], SPIKES[: STEPS - 1 - lag, i])
        assert (got[: 1 + lag, i] == 0).all()


class Counted(nd.Dynamics):
    def init_state(self):
        self.got = nd.State(0.0)

    def update(self):
        self.got.value = self.sum_delta_inputs(0.0 * self.got.value)
        return self.got.value


def test_graded_signals_through_a_synapse():
    class GradedNet(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = Wave(), Target("current")
            self.proj = nd.AlignPostProj(
                self.pre,
                comm=nd.Matrix(DENSE),
                syn=nd.Expon.desc(tau=2 * ms, g_initializer=0 * pA, averaged=False),
                out=nd.CUBA.desc(),
                post=self.post,
                delay=0.5 * ms,
            )

    net = GradedNet()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    want = filtered(arrivals(net.proj.edges(DT * ms), wave()))
    np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11)
    assert_eager_agrees(GradedNet, 25)


def test_the_delay_of_a_reference_and_of_the_projection_add_up():
    class TwiceDelayed(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = pre_spikes(), Target("delta")
            delayed = self.pre.output_delay(0.5 * ms)
            self.proj = nd.DeltaProj(delayed, comm=nd.Matrix(DENSE * pA), post=self.post, delay=0.3 * ms)

    net = TwiceDelayed()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    want = np.zeros((STEPS, N_POST))
    want[9:] = SPIKES[: STEPS - 9] @ DENSE
    np.testing.assert_allclose(got, want, atol=1e-12)
    assert_eager_agrees(TwiceDelayed, 25)


@pytest.mark.parametrize("delay", [None, 0.3 * ms])
def test_called_by_hand_with_a_slice_a_spike_of_this_step_acts_in_this_step(delay):
    class ByHand(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = pre_spikes(), Target("delta")
            self.proj = nd.DeltaProj(comm=nd.Matrix(DENSE[1:4] * pA), post=self.post, delay=delay)

        def update(self):
            spikes = self.pre()
            self.proj(spikes[1:4])
            self.post()

    net = ByHand()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    lag = 0 if delay is None else 3
    want = np.zeros((STEPS, N_POST))
    want[lag:] = SPIKES[: STEPS - lag, 1:4] @ DENSE[1:4]
    np.testing.assert_allclose(got, want, atol=1e-12)
    assert_eager_agrees(ByHand, 25)


def test_called_after_its_target_it_acts_in_the_next_step():
    class Late(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = pre_spikes(), Target("current")
            syn, out = nd.Expon.desc(tau=2 * ms, averaged=False), nd.CUBA.desc()
            self.proj = nd.AlignPostProj(comm=nd.Matrix(DENSE * pA), syn=syn, out=out, post=self.post)

        def update(self):
            spikes = self.pre()
            self.post()
            self.proj(spikes)

    net = Late()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    want = np.zeros((STEPS, N_POST))
    want[1:] = SPIKES[:-1] @ DENSE
    np.testing.assert_allclose(got, filtered(want), atol=1e-12)
    assert_eager_agrees(Late, 25)


@pytest.mark.parametrize("reference", ["prefetch", "prefetch_delay"])
def test_a_state_is_its_first_value_before_the_start(reference):
    class FromState(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = nd.LIF(N_PRE, V_initializer=-55 * mV), Target("current")
            if reference == "prefetch":
                source, delay = self.pre.prefetch("V"), 0.5 * ms
            else:
                source, delay = self.pre.prefetch_delay("V", 0.2 * ms), 0.3 * ms
            comm = nd.Matrix(DENSE * nS)
            self.proj = nd.CurrentProj(source, comm=comm, out=nd.CUBA.desc(), post=self.post, delay=delay)

    net = FromState()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    V = -60.0 + 5.0 * np.exp(-DT * np.maximum(np.arange(STEPS) - 5, 0) / 20.0)
    np.testing.assert_allclose(got, V[:, None] * DENSE.sum(axis=0), rtol=1e-12)
    assert_eager_agrees(FromState, 25)


def test_a_function_as_comm_is_applied_as_it_is():
    class WithFunction(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = Wave(), Target("current")
            self.proj = nd.CurrentProj(
                self.pre.output_delay(init=0 * pA),
                lambda x: x[:N_POST],
                comm=lambda x: 3.0 * x,
                out=nd.CUBA.desc(),
                post=self.post,
                delay=0.2 * ms,
            )

    net = WithFunction()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    want = np.zeros((STEPS, N_POST))
    want[3:] = 3.0 * wave()[: STEPS - 3, :N_POST]
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert_eager_agrees(WithFunction, 25)


def test_a_synapse_before_the_weights_may_take_what_functions_make_of_spikes():
    class Doubled(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = pre_spikes(), Target("current")
            syn, out = nd.Expon.desc(tau=2 * ms, averaged=False), nd.CUBA.desc()
            comm = nd.Matrix(DENSE * pA)
            self.proj = nd.AlignPreProj(
                self.pre, lambda x: 2.0 * x, syn=syn, comm=comm, out=out, post=self.post, delay=0.2 * ms
            )

    net = Doubled()
    (got,) = Interpreted(net, DT).record(STEPS, net.post.got)
    want = np.zeros((STEPS, N_POST))
    want[3:] = 2.0 * filtered(SPIKES.astype(float))[: STEPS - 3] @ DENSE
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    assert_eager_agrees(Doubled, 25)


def test_a_continuous_output_has_no_unit_before_the_first_eager_update():
    class Unknown(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = Wave(), Target("current")
            self.proj = nd.CurrentProj(self.pre, comm=nd.Matrix(DENSE), out=nd.CUBA.desc(), post=self.post)

    Interpreted(Unknown()).advance(2)
    with pytest.raises(NotInitialisedError, match=r"Unknown.proj reads an output that has no unit yet") as caught:
        list(eager_steps(Unknown(), 1))
    assert "init=0*pA" in str(caught.value)


def test_poisson_input_has_the_mean_and_variance_of_its_sources():
    class Noisy(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.post = Counted(2000)
            self.noise = nd.PoissonInput(self.post, num_input=200, freq=[0.05] * 2000 / ms, weight=0.5)

    net = Noisy()
    (got,) = Interpreted(net, DT, seed=1).record(20, net.post.got)
    assert got.mean() == pytest.approx(0.5, abs=4.5 * 0.5 / math.sqrt(40_000))
    assert got.var() == pytest.approx(0.25, rel=0.05)
    assert set(np.unique(got)) <= {0.5 * k for k in range(12)}
    assert_eager_agrees(Noisy, 5)


@pytest.mark.parametrize("delay", [None, 1 * ms])
def test_synapses_without_delays_need_no_time_step(delay):
    cells = nd.LIF(3)
    proj = nd.DeltaProj(cells, comm=nd.OneToOne(3, 3, weight=1 * mV), post=cells, delay=delay)
    if delay is None:
        edges = proj.edges()
        assert (edges.pre.tolist(), edges.delay.magnitude.tolist()) == ([0, 1, 2], [0.0, 0.0, 0.0])
    else:
        with pytest.raises(nd.errors.TimeStepError):
            proj.edges()
