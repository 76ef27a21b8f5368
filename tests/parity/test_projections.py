"""Projections against the reference: parts, plasticity in front, rules with a name, Poisson noise; and their errors."""

import inspect

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from numbadyn import errors
from tests.features.both import assert_targets_agree, run_on
from tests.interpreted import Interpreted, assert_eager_agrees

DT = 0.1
N, M = 6, 4
SYN, OUT = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
STEPS = np.array([3, 9, 20, 21, 40])
AT_REST = {"U": 0.3, "tau_f": 20 * ms, "tau_d": 50 * ms, "u_initializer": 0.0}


def firing(steps=STEPS, n=N):
    """Neuron k fires in the steps `steps` + k."""
    indices, times = np.meshgrid(np.arange(n), steps, indexing="ij")
    return nd.SpikeTrain(n, indices.ravel(), (indices + times + 1).ravel() * DT * ms)


def releases(n=N, steps=STEPS, duration=70, tau_f=20.0, tau_d=50.0, U=0.3):
    """The map of short-term plasticity in plain Python: what each step releases, shape (duration, n)."""
    out = np.zeros((duration, n))
    for k in range(n):
        u, x = 0.0, 1.0
        for step in range(duration):
            u, x = u * np.exp(-DT / tau_f), 1 - (1 - x) * np.exp(-DT / tau_d)
            if step - k in steps:
                u += U * (1 - u)
                out[step, k] = u * x
                x -= u * x
    return out


def filtered(arriving, tau=5.0):
    """An exponential synapse in plain Python: decay, then add."""
    g, rows = np.zeros(arriving.shape[1]), []
    for jump in arriving:
        g = g * np.exp(-DT / tau) + jump
        rows.append(g)
    return np.array(rows)


def later(values, steps):
    """The same rows some steps later, zeros before."""
    return np.concatenate([np.zeros((steps, values.shape[1])), values[: len(values) - steps]])


WEIGHTS = np.random.default_rng(1).random((N, M)) * 2.0

# ---- plasticity, synapse, weights, in both orders --------------------------------------------------------------------

SIGNALS = {
    "described, kept on the population": (lambda pre: (pre,), lambda: nd.STP.desc(**AT_REST), 0),
    "an instance": (lambda pre: (pre,), lambda: nd.STP(N, **AT_REST), 0),
    "of a delayed reference": (lambda pre: (pre.output_delay(0.4 * ms),), lambda: nd.STP.desc(**AT_REST), 4),
    "an instance after a delayed reference": (
        lambda pre: (pre.output_delay(0.4 * ms),),
        lambda: nd.STP(N, **AT_REST),
        4,
    ),
    "after a function": (lambda pre: (pre, lambda spikes: spikes), lambda: nd.STP.desc(**AT_REST), 0),
}


def plastic_net(kind, signal, delay):
    sources, stp, _lag = SIGNALS[signal]

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = firing(), nd.LIF(M)
            make = nd.align_post_projection if kind == "post" else nd.align_pre_projection
            comm = nd.AllToAll(N, M, weight=WEIGHTS * nS)
            options = {} if delay is None else {"delay": delay * DT * ms}
            self.p = make(*sources(self.pre), stp=stp(), syn=SYN, comm=comm, out=OUT, post=self.post, **options)

    return Net


def conductance(sim, result, kind):
    """What arrives at the target in each step."""
    g = np.asarray(result[sim.network.p.syn].g)[1:]  # sample n stands for the start of step n
    return g if kind == "post" else g @ WEIGHTS


@pytest.mark.parametrize("signal", list(SIGNALS))
@pytest.mark.parametrize("kind", ["pre", "post"])
def test_plasticity_then_synapse_and_weights(kind, signal):
    """A spike of step m brings weight times release in step m + 1 + d, whichever side the synapse stands on."""
    sim, result = assert_targets_agree(plastic_net(kind, signal, None), DT * ms, 7 * ms, may_be_silent=["Net.post"])
    arriving = later(releases(), SIGNALS[signal][2] + 1) @ WEIGHTS
    if kind == "pre" and sim.network.p._steps_syn is False:  # the synapse is stepped by its population, read one later
        arriving = releases() @ WEIGHTS
    np.testing.assert_allclose(conductance(sim, result, kind), filtered(arriving)[:-1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("signal", list(SIGNALS))
@pytest.mark.parametrize("delay", [0, 7])
def test_both_sides_give_the_same_currents_also_with_a_delay(signal, delay):
    (V, W) = (
        run_on("cpu", plastic_net(kind, signal, delay), DT * ms, 7 * ms)[1].recordings["Net.post"].samples["V"].values
        for kind in ("pre", "post")
    )
    np.testing.assert_allclose(V, W, rtol=1e-12)
    first = np.argmax((V > -60).any(axis=1))
    assert first == STEPS[0] + 1 + delay + SIGNALS[signal][2] + 1  # the sample after the step in which it acts


@pytest.mark.parametrize("kind", ["pre", "post"])
@pytest.mark.parametrize("signal", ["an instance", "described, kept on the population"])
def test_eager_calls_agree(kind, signal):
    assert_eager_agrees(plastic_net(kind, signal, 3), 60)


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_called_with_the_spikes(kind):
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = firing(), nd.LIF(M)
            make = nd.align_post_projection if kind == "post" else nd.align_pre_projection
            comm = nd.AllToAll(N, M, weight=WEIGHTS * nS)
            self.p = make(stp=nd.STP.desc(**AT_REST), syn=SYN, comm=comm, out=OUT, post=self.post)

        def update(self):
            self.p(self.pre())
            self.post()

    sim, result = assert_targets_agree(Net, DT * ms, 7 * ms, may_be_silent=["Net.post"])
    expected = filtered(releases() @ WEIGHTS)
    np.testing.assert_allclose(conductance(sim, result, kind), expected[:-1], rtol=1e-9, atol=1e-12)
    bare = nd.align_post_projection(stp=nd.STD(N), syn=SYN, comm=nd.AllToAll(N, M), out=OUT, post=nd.LIF(M))
    with pytest.raises(errors.HookArgumentError, match="has no signal"):
        bare()


def test_without_plasticity_they_are_the_projections_they_are_named_after():
    pre, post = nd.LIF(N), nd.LIF(M)
    comm = nd.AllToAll(N, M, weight=1 * nS)
    before = nd.align_pre_projection(pre, syn=SYN, comm=comm, out=OUT, post=post)
    behind = nd.align_post_projection(pre, comm=comm, syn=SYN, out=OUT, post=post, delay=1 * ms)
    assert isinstance(before, nd.AlignPreProj)
    assert isinstance(behind, nd.AlignPostProj)
    assert before.stp is behind.stp is None
    assert behind.syn is nd.AlignPostProj(pre, comm=comm, syn=SYN, out=OUT, post=post).syn


def test_described_plasticity_is_shared_and_named():
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = nd.LIF(N), nd.LIF(M)
            given = {"comm": nd.AllToAll(N, M, weight=1 * nS), "syn": SYN, "out": OUT, "post": self.post}
            self.a = nd.align_post_projection(self.pre, stp=nd.STP.desc(U=0.2), **given)
            self.b = nd.align_post_projection(self.pre.output_delay(1 * ms), stp=nd.STP.desc(0.2), **given)
            self.c = nd.align_post_projection(self.pre, stp=nd.STP(N), **given)

    net = nd.init_all_states(Net())
    assert net.a.stp is net.b.stp
    assert net.a.stp is not net.c.stp
    assert net.c.stp.path == "Net.c.stp"
    assert [module.path for module in net.schedule()] == ["Net.a", "Net.b", "Net.c", "Net.post", "Net.pre"]


@pytest.mark.parametrize("make", [nd.align_pre_projection, nd.align_post_projection])
def test_plasticity_that_is_none_is_named(make):
    pre, post = nd.LIF(N), nd.LIF(M)
    given = {"comm": nd.AllToAll(N, M, weight=1 * nS), "syn": SYN, "out": OUT, "post": post}
    with pytest.raises(errors.InvalidParameterError, match="no dynamical system") as caught:
        make(pre, stp=nd.COBA.desc(E=0 * mV), **given)
    assert "nd.STP.desc" in str(caught.value)
    stp = nd.STP(N)
    make(pre, stp=stp, **given)
    with pytest.raises(errors.HookArgumentError, match="advance twice"):
        make(pre, stp=stp, **given)


def test_a_synapse_on_the_presynaptic_side_is_stepped_by_one_projection():
    pre, syn = nd.LIF(N), nd.Expon(N)
    given = {"comm": nd.AllToAll(N, M, weight=1 * nS), "out": OUT, "post": nd.LIF(M)}
    nd.AlignPreProj(pre, lambda spikes: spikes, syn=syn, **given)
    with pytest.raises(errors.HookArgumentError, match="advance twice"):
        nd.AlignPreProj(pre, lambda spikes: spikes, syn=syn, **given)


# ---- building blocks and their errors --------------------------------------------------------------------------------


def align(**options):
    given = {"comm": nd.AllToAll(N, M, weight=1 * nS), "syn": SYN, "out": OUT, "post": nd.LIF(M)} | options
    return nd.AlignPostProj(given.pop("pre", nd.LIF(N)), **given)


class Saturating(nd.Synapse):
    """Not linear in its input, so it stays before the weights."""

    def init_state(self):
        self.s = nd.State(0.0)

    def update(self, x=0.0):
        self.s.value = 0.9 * self.s.value + (1 - self.s.value) * x
        return self.s.value


@pytest.mark.parametrize(
    ("options", "error", "builtin", "words"),
    [
        ({"syn": nd.Expon(M)}, errors.InvalidParameterError, ValueError, ["one is a description, the other"]),
        ({"out": nd.COBA(E=0 * mV)}, errors.InvalidParameterError, ValueError, ["one is a description, the other"]),
        (
            {"syn": Saturating.desc()},
            errors.UnsupportedFeatureError,
            NotImplementedError,
            ["Saturating", "AlignPreProj"],
        ),
        ({"syn": nd.STP.desc()}, errors.UnsupportedFeatureError, NotImplementedError, ["STP", "AlignPreProj"]),
        (
            {"syn": Saturating(M), "out": nd.COBA(E=0 * mV)},
            errors.UnsupportedFeatureError,
            NotImplementedError,
            ["Saturating"],
        ),
        ({"comm": 3.0}, errors.ConnectivityError, ValueError, ["comm of AlignPostProj is 3.0"]),
        ({"post": nd.COBA(E=0 * mV)}, errors.ProjectionTargetError, TypeError, ["not a Dynamics"]),
        ({"post": None}, errors.ProjectionTargetError, TypeError, ["None", "not a Dynamics"]),
        ({"pre": 3}, errors.HookArgumentError, TypeError, ["3", "cannot be called"]),
    ],
)
def test_building_blocks_that_do_not_fit(options, error, builtin, words):
    with pytest.raises(error) as caught:
        align(**options)
    assert isinstance(caught.value, builtin)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.cure


KINDS = {
    "Prefetch": lambda pre: (pre.prefetch("V"),),
    "PrefetchDelayAt": lambda pre: (pre.prefetch_delay("V", 0.3 * ms),),
    "PrefetchDelay.at": lambda pre: (pre.prefetch("V").delay.at(0.3 * ms),),
    "a function": lambda pre: (lambda: pre.V.value,),
    "a reference and a function": lambda pre: (pre.prefetch("V"), lambda V: V),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_signals_of_a_current_projection(kind):
    """V of the last step (or 3 steps before that) times the weight is the current, whatever the reference is."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre = nd.LIF(N, V_initializer=np.linspace(-70, -55, N) * mV)
            self.post = nd.LIF(N)
            self.p = nd.CurrentProj(
                *KINDS[kind](self.pre), comm=nd.OneToOne(N, N, weight=0.1 * nS), out=nd.CUBA.desc(), post=self.post
            )

    sim, result = assert_targets_agree(Net, DT * ms, 5 * ms, may_be_silent=["Net.pre", "Net.post"])
    V, W = result[sim.network.pre].V.magnitude, result[sim.network.post].V.magnitude
    lag = 3 if "Delay" in kind else 0
    past = np.concatenate([np.repeat(V[:1], lag, axis=0), V[: len(V) - lag]])
    expected = [W[0]]
    for row in past[:-1]:  # exponential Euler of tau dV/dt = V_rest - V + R I, exact for a constant current
        steady = -60 + 0.1 * (0.1 * row)
        expected.append(steady + (expected[-1] - steady) * np.exp(-DT / 20.0))
    np.testing.assert_allclose(W, expected, rtol=1e-12)


def test_a_reference_without_a_delay_is_no_signal():
    pre, post = nd.LIF(N), nd.LIF(N)
    with pytest.raises(errors.HookArgumentError, match="cannot be called"):
        nd.CurrentProj(pre.prefetch("V").delay, comm=nd.OneToOne(N, N), out=nd.CUBA.desc(), post=post)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize("delay", [0, 1, 7])
def test_delay_of_a_delta_projection(target, delay):
    """Upstream has no `delay` there; ours moves the jump of a spike of step m to step m + 1 + d."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = nd.SpikeTrain(1, [0], [0.5] * ms), nd.LIF(1, tau=1e12 * ms)
            self.p = nd.DeltaProj(
                self.pre, comm=nd.OneToOne(1, 1, weight=2 * mV), post=self.post, delay=delay * DT * ms
            )

    sim, result = run_on(target, Net, DT * ms, 2 * ms)
    V = result[sim.network.post].V.magnitude[:, 0]
    assert np.flatnonzero(np.diff(V) > 1).tolist() == [5 + delay]


# ---- projections named after their rule ------------------------------------------------------------------------------

RULES = {
    "OneToOneProj": ({}, lambda n, m: nd.OneToOne(n, n)),
    "AllToAllProj": ({}, lambda n, m: nd.AllToAll(n, m)),
    "PairwiseBernoulliProj": ({"p": 0.4}, lambda n, m: nd.FixedProb(n, m, 0.4)),
    "FixedIndegreeProj": ({"K": 5}, lambda n, m: nd.FixedInDegree(n, m, 5, multapses=True)),
    "FixedOutdegreeProj": ({"K": 5}, lambda n, m: nd.FixedOutDegree(n, m, 5, multapses=True)),
    "FixedTotalNumberProj": ({"N": 50}, lambda n, m: nd.FixedTotalNumber(n, m, 50)),
    "PairwisePoissonProj": ({"mean": 0.7}, lambda n, m: nd.PairwisePoisson(n, m, 0.7)),
    "SymmetricPairwiseBernoulliProj": ({"p": 0.4}, lambda n, m: nd.SymmetricPairwiseBernoulli(n, n, 0.4)),
}
ONE_POPULATION = ("OneToOneProj", "SymmetricPairwiseBernoulliProj")


def named(rule, pre, post, **options):
    numbers, _comm = RULES[rule]
    return getattr(nd, rule)(pre, post, **({"weight": 2 * nS, "syn": SYN, "out": OUT} | numbers | options))


def ends(rule):
    pre = nd.LIF((3, 4))
    return pre, pre if rule in ONE_POPULATION else nd.LIF(10)


@pytest.mark.parametrize("rule", list(RULES))
def test_a_named_projection_has_the_synapses_of_its_rule(rule):
    def edges(proj):
        nd.init_all_states(proj, seed=5)
        return proj.edges(dt=DT * ms)

    pre, post = ends(rule)
    found = edges(named(rule, pre, post, delay=nd.init.Uniform(0 * ms, 2 * ms)))
    comm = RULES[rule][1](12, 10)
    comm.weight = 2 * nS
    plain = nd.AlignPostProj(pre, comm=comm, syn=SYN, out=OUT, post=post, delay=nd.init.Uniform(0 * ms, 2 * ms))
    for array, expected in zip(found, edges(plain), strict=True):
        np.testing.assert_array_equal(array, expected)
    assert found.pre.size


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("order", ["projection first", "projection last"])
def test_a_named_projection_runs_first_and_carries_delays(rule, order):
    """Upstream refuses delays, and runs before or after the neurons by the order of attributes."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            noise, cells = nd.PoissonGroup(12, rates=80 * Hz), nd.LIF(12, V_th=-59 * mV)
            source = cells if rule in ONE_POPULATION else noise
            proj = named(rule, source, cells, delay=nd.init.Uniform(0 * ms, 1 * ms))
            kick = nd.DeltaProj(noise, comm=nd.OneToOne(12, 12, weight=3 * mV), post=cells)
            parts = {"noise": noise, "cells": cells, "proj": proj, "kick": kick}
            for name in parts if order == "projection last" else reversed(parts):
                setattr(self, name, parts[name])

    assert {m.path for m in nd.init_all_states(Net()).schedule()[:2]} == {"Net.proj", "Net.kick"}
    assert_targets_agree(Net, DT * ms, 20 * ms, seed=1)


def test_a_spike_acts_one_step_and_the_delay_later_in_both_orders_of_attributes():
    for proj_first in (True, False):
        net = nd.DynamicsGroup()
        pre, post = nd.SpikeTrain(1, [0], [0.5] * ms), nd.LIF(1)
        proj = named("OneToOneProj", pre, post, delay=0.3 * ms)
        for name, part in (
            (("p", proj), ("a", pre), ("b", post)) if proj_first else (("a", pre), ("b", post), ("p", proj))
        ):
            setattr(net, name, part)
        (g,) = Interpreted(net, dt=DT).record(12, proj.syn.g)
        assert np.flatnonzero(g[:, 0])[0] == 4 + 1 + 3


def test_seeds_of_named_projections():
    """A seed of its own makes a projection the same in any network; without, each is drawn apart."""

    def edges(build, seed):
        class Net(nd.DynamicsGroup):
            def __init__(self):
                super().__init__()
                self.pre, self.post = nd.LIF(30), nd.LIF(30)
                self.projections = build(self.pre, self.post)

        net = nd.init_all_states(Net(), seed=seed)
        return [p.edges(dt=DT * ms).post.tolist() for p in net.projections]

    def two(**options):
        return lambda pre, post: [named("FixedIndegreeProj", pre, post, **options) for _ in range(2)]

    fixed = edges(two(seed=7), 1)
    assert fixed[0] == fixed[1] == edges(two(seed=7), 2)[0]
    assert fixed[0] == edges(lambda pre, post: [nd.LIF(2), *two(seed=7)(pre, post)][1:], 9)[1]
    free = edges(two(), 1)
    assert free[0] != free[1]
    assert free == edges(two(), 1) != edges(two(), 2)
    assert edges(two(seed=8), 1)[0] != fixed[0]


def test_autapses_and_multapses():
    A, B = nd.LIF(12), nd.LIF(12)
    for rule in RULES.keys() - {"OneToOneProj"}:
        edges = named(rule, A, A, autapses=False).edges(dt=DT * ms)
        assert (edges.pre != edges.post).all(), rule
        if rule not in ONE_POPULATION:
            apart = named(rule, A, B, autapses=False).edges(dt=DT * ms)  # says nothing about two populations
            assert (apart.pre == apart.post).any(), rule
    for rule in ("FixedIndegreeProj", "FixedOutdegreeProj", "FixedTotalNumberProj"):
        edges = named(rule, A, B, multapses=False).edges(dt=DT * ms)
        assert np.unique(edges.pre * 12 + edges.post).size == edges.pre.size
        many = named(rule, A, B, **{"N" if "Total" in rule else "K": 100}).edges(dt=DT * ms)
        assert np.unique(many.pre * 12 + many.post).size < many.pre.size


def test_named_projections_share_their_synapse():
    A, B = nd.LIF(12), nd.LIF(12)
    one, two = named("AllToAllProj", A, B), named("PairwisePoissonProj", A, B, delay=1 * ms)
    assert one.syn is two.syn
    assert named("AllToAllProj", A, B, share=False).syn is not one.syn
    assert named("AllToAllProj", A, B, label="x").syn is not one.syn
    assert one.pre is A
    assert one.post is B


@pytest.mark.parametrize(
    ("rule", "options", "error", "words"),
    [
        ("OneToOneProj", {"post": nd.LIF(5)}, errors.ConnectivityError, ["equal sizes", "12", "5"]),
        ("OneToOneProj", {"post": None, "autapses": False}, errors.ConnectivityError, ["to itself"]),
        ("PairwiseBernoulliProj", {"p": 1.2}, errors.ConnectivityError, ["1.2", "from 0 to 1"]),
        ("FixedIndegreeProj", {"K": -1}, errors.ConnectivityError, ["-1"]),
        ("FixedIndegreeProj", {"K": 13, "multapses": False}, errors.ConnectivityError, ["13", "12"]),
        ("FixedOutdegreeProj", {"K": 2.5}, errors.ConnectivityError, ["2.5", "integer"]),
        ("FixedTotalNumberProj", {"N": 200, "multapses": False}, errors.ConnectivityError, ["200", "120"]),
        ("PairwisePoissonProj", {"mean": -0.1}, errors.ConnectivityError, ["-0.1"]),
        ("PairwisePoissonProj", {"multapses": False}, errors.ConnectivityError, ["multapses is False"]),
        ("SymmetricPairwiseBernoulliProj", {"post": nd.LIF(12)}, errors.ConnectivityError, ["needs one population"]),
        ("AllToAllProj", {"seed": -1}, errors.InvalidParameterError, ["seed", "-1", "2**64"]),
        ("AllToAllProj", {"seed": 0.5}, errors.InvalidParameterError, ["0.5"]),
        ("AllToAllProj", {"pre": "E"}, errors.ProjectionTargetError, ["pre of AllToAllProj is 'E'"]),
        ("AllToAllProj", {"post": "E"}, errors.ProjectionTargetError, ["post of AllToAllProj is 'E'"]),
        ("AllToAllProj", {"syn": nd.STP.desc()}, errors.UnsupportedFeatureError, ["STP cannot stand"]),
        ("AllToAllProj", {"delay": -1 * ms}, errors.DelayError, ["-1"]),
    ],
)
def test_mistakes_with_named_projections(rule, options, error, words):
    given = dict(options)
    pre = given.pop("pre", nd.LIF(12))
    post = given.pop("post", pre if rule == "SymmetricPairwiseBernoulliProj" else nd.LIF(10))
    with pytest.raises(error) as caught:
        named(rule, pre, pre if post is None else post, **given)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.cure


# ---- Poisson noise ---------------------------------------------------------------------------------------------------


class Conductance(nd.Dynamics):
    """A state that nothing but noise moves; counts what it has seen before its update."""

    def init_state(self):
        self.g = nd.State(0.0 * nS)
        self.seen = nd.State(0.0 * nS)

    def update(self):
        self.seen.value = self.g.value


def noisy(order, make):
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            cells = Conductance((2, 5))
            parts = {"noise": make(cells), "cells": cells}
            for name in parts if order == "noise first" else reversed(parts):
                setattr(self, name, parts[name])

    return Net


@pytest.mark.parametrize("order", ["noise first", "noise last"])
def test_noise_reaches_a_state_before_the_update_of_its_step(order):
    make = noisy(
        order, lambda cells: nd.PoissonInput(cells.prefetch("g"), num_input=50, freq=100 * Hz, weight=0.5 * nS)
    )
    sim, result = assert_targets_agree(make, DT * ms, 20 * ms, seed=4)
    g, seen = (getattr(result[sim.network.cells], name).magnitude for name in ("g", "seen"))
    np.testing.assert_array_equal(g, seen)  # the jump of a step has come when its update begins
    counts = np.diff(g, axis=0) / 0.5
    assert set(np.unique(counts)) <= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
    assert counts.sum() > 0
    assert_eager_agrees(make, 40, seed=4)


@pytest.mark.statistical
def test_noise_has_the_moments_of_a_poisson_process():
    """Mean and variance of 20,000 counts of mean 2.5: five standard errors, a false alarm in a million."""
    net = noisy("noise first", lambda cells: nd.PoissonInput(cells.prefetch("g"), None, 250, 100 * Hz, 1 * nS))
    sim, result = run_on("cpu", net, DT * ms, 200.1 * ms, seed=4)
    counts = np.diff(result[sim.network.cells].g.magnitude, axis=0).ravel()
    assert abs(counts.mean() - 2.5) < 5 * np.sqrt(2.5 / counts.size)
    assert abs(counts.var() / 2.5 - 1) < 5 * np.sqrt((2 + 1 / 2.5) / counts.size)


def test_arguments_of_noise_stand_as_in_the_reference():
    names = list(inspect.signature(nd.PoissonInput).parameters)
    assert names[:5] == ["target", "indices", "num_input", "freq", "weight"]
    names = list(inspect.signature(nd.poisson_input).parameters)
    assert names[:6] == ["freq", "num_input", "weight", "target", "indices", "refractory"]
    noise = nd.PoissonInput(nd.LIF(4).prefetch("V"), [1, 3], 10, 5 * Hz, 2 * mV)
    assert noise.num_input.value.tolist() == [0, 10, 0, 10]
    assert float(noise.freq.value.rescale(Hz)) == 5.0


CHOICES = {
    "numbers": ((0, [1, 3]), [1, 3]),
    "mask": (np.arange(10).reshape(2, 5) % 4 == 1, [1, 5, 9]),
    "rows": (slice(1, 2), [5, 6, 7, 8, 9]),
    "one list": ([0], [0, 1, 2, 3, 4]),
    "negative": ((-1, -1), [9]),
}


@pytest.mark.parametrize("choice", list(CHOICES))
@pytest.mark.parametrize("target", ["state", "inputs"])
def test_noise_onto_chosen_neurons(choice, target):
    indices, chosen = CHOICES[choice]
    rates = np.linspace(2000, 9000, len(chosen)) * Hz

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = nd.LIF((2, 5), tau=1e12 * ms, V_th=1e9 * mV)
            post = self.cells.prefetch("V") if target == "state" else self.cells
            self.noise = nd.PoissonInput(post, indices, num_input=20, freq=rates, weight=1 * mV)

    sim, result = assert_targets_agree(Net, DT * ms, 10 * ms, seed=4, may_be_silent=["Net.cells"])
    moved = (result[sim.network.cells].V.magnitude[-1] + 60).ravel()
    assert np.flatnonzero(moved > 0.5).tolist() == chosen
    expected = 20 * rates.magnitude * 9.9e-3
    assert (np.abs(moved[chosen] - expected) < 6 * np.sqrt(expected)).all()


def test_noise_onto_a_state_that_others_read_comes_after_they_have_read_it():
    """What a projection reads does not depend on whether it stands before or behind the noise."""

    def make(noise_first):
        class Net(nd.DynamicsGroup):
            def __init__(self):
                super().__init__()
                self.A, self.B = nd.LIF(3), nd.LIF(3)
                noise = nd.PoissonInput(self.A.prefetch("V"), num_input=100, freq=100 * Hz, weight=0.5 * mV)
                gap = nd.CurrentProj(
                    self.A.prefetch("V"), comm=nd.OneToOne(3, 3, weight=1 * nS), out=nd.CUBA.desc(), post=self.B
                )
                for name, part in (("n", noise), ("g", gap)) if noise_first else (("g", gap), ("n", noise)):
                    setattr(self, name, part)

        return Net

    V, W = (run_on("cpu", make(first), DT * ms, 20 * ms, seed=3)[1].recordings["Net.B"].samples["V"].values for first in
            (True, False))  # fmt: skip
    np.testing.assert_array_equal(V, W)
    assert np.unique(V).size > 3


def test_two_noises_onto_one_state_add_up():
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = Conductance(4)
            self.one = nd.PoissonInput(self.cells.prefetch("g"), num_input=20, freq=500 * Hz, weight=1 * nS)
            self.two = nd.PoissonInput(self.cells.prefetch("g"), num_input=20, freq=500 * Hz, weight=1000 * nS)

    sim, result = assert_targets_agree(Net, DT * ms, 20 * ms)
    g = result[sim.network.cells].g.magnitude[-1]
    assert (g % 1000 > 100).all()
    assert (g // 1000 > 100).all()


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_noise_in_an_update_written_by_hand(target):
    class Noisy(nd.Dynamics):
        def __init__(self):
            super().__init__(6)
            self.freq = nd.Parameter(2000 * Hz)

        def init_state(self):
            self.V = nd.State(0 * mV)
            self.held = nd.State(0 * mV)

        def update(self):
            nd.poisson_input(self.freq, 10, 1 * mV, self.V, indices=[0, 2, 4])
            nd.poisson_input(self.freq, 10, 1 * mV, self.held, refractory=np.arange(6) < 5)

    sim, result = run_on(target, Noisy, DT * ms, 10.1 * ms, seed=2)
    V, held = result[sim.network].V.magnitude[-1], result[sim.network].held.magnitude[-1]
    assert (V[1::2] == 0).all()
    assert (np.abs(V[::2] - 200) < 6 * np.sqrt(200)).all()
    assert (held[:5] == 0).all()
    assert abs(held[5] - 200) < 6 * np.sqrt(200)
    assert_eager_agrees(Noisy, 20, seed=2)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda E: nd.PoissonInput(E, [0, 10], 10, 5 * Hz, 1 * mV), errors.ShapeError, ["10", "(10,)"]),
        (
            lambda E: nd.PoissonInput(E, [0, 3, 3], 10, 5 * Hz, 1 * mV),
            errors.InvalidParameterError,
            ["neuron 3 more than once"],
        ),
        (
            lambda E: nd.PoissonInput(E, [0, 3], 10, [1, 2, 3] * Hz, 1 * mV),
            errors.ShapeError,
            ["3 values for 2 chosen neurons of 10"],
        ),
        *(
            (
                lambda E, n=n: nd.PoissonInput(E, None, n, 5 * Hz, 1 * mV),
                errors.InvalidParameterError,
                ["num_input", repr(n)],
            )
            for n in (None, float("nan"), float("inf"), 1.5, True, "a", 3 * Hz, 1j)
        ),
        (lambda E: nd.PoissonInput(E, num_input=3, weight=1 * mV), errors.InvalidParameterError, ["freq", "missing"]),
        (lambda E: nd.PoissonInput(E, num_input=3, freq=1 * Hz), errors.InvalidParameterError, ["weight", "missing"]),
        (lambda E: nd.PoissonInput(E, None, -1, 5 * Hz, 1 * mV), errors.InvalidParameterError, ["num_input", "-1"]),
        (
            lambda E: nd.PoissonInput(E.prefetch("V"), None, [0, 1], 5 * Hz, 1 * mV),
            errors.InvalidParameterError,
            ["num_input", "[0, 1]"],
        ),
        (
            lambda E: nd.PoissonInput(E, None, 10, -5 * Hz, 1 * mV),
            errors.InvalidParameterError,
            ["freq", "zero or more"],
        ),
        (lambda E: nd.PoissonInput(E, None, 10, 5 * mV, 1 * mV), errors.DimensionError, ["freq", "mV"]),
        (lambda E: nd.PoissonInput("E", None, 10, 5 * Hz, 1 * mV), errors.ProjectionTargetError, ["'E'"]),
        (
            lambda E: nd.PoissonInput(E.prefetch_delay("V", 1 * ms), None, 10, 5 * Hz, 1 * mV),
            errors.ProjectionTargetError,
            ["not a Dynamics"],
        ),
        (lambda E: nd.poisson_input(5 * Hz, 10, 1 * mV, E), errors.ProjectionTargetError, ["no State", "self.V"]),
    ],
)
def test_mistakes_with_noise(make, error, words):
    with pytest.raises(error) as caught:
        make(nd.LIF(10))
    for word in words:
        assert word in str(caught.value)


BY_HAND = {"freq": 5 * Hz, "num_input": 10, "weight": 1 * mV}


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        *(
            ({"num_input": n}, errors.InvalidParameterError, ["num_input", f"is {n!r}", "number of sources"])
            for n in (None, -1, 2.5, True, "10", float("nan"), [1, -2, 3])
        ),
        ({"num_input": 3 * ms}, errors.DimensionError, ["num_input", "3.0 ms", "plain number"]),
        ({"num_input": [1, 2]}, errors.ShapeError, ["num_input", "(2,)", "(3,)"]),
        ({"freq": None}, errors.InvalidParameterError, ["freq", "None", "freq=20*Hz"]),
        ({"freq": nd.init.Uniform(1 * Hz, 2 * Hz)}, errors.InvalidParameterError, ["freq", "Uniform", "freq=20*Hz"]),
        ({"freq": 5 * mV}, errors.DimensionError, ["freq", "5.0 mV", "kHz"]),
        ({"freq": nd.Parameter(5 * mV)}, errors.DimensionError, ["freq", "mV", "kHz"]),
        ({"freq": 5}, errors.UnitExpectedError, ["freq", "5 without a unit"]),
        ({"freq": -5 * Hz}, errors.InvalidParameterError, ["freq", "-5.0 Hz", "zero or more"]),
        ({"freq": np.nan * Hz}, errors.InvalidParameterError, ["freq", "nan Hz", "finite"]),
        ({"freq": [1, 2] * Hz}, errors.ShapeError, ["freq", "(2,)", "(3,)"]),
        ({"weight": None}, errors.InvalidParameterError, ["weight", "None", "weight=0.1*mV"]),
        ({"weight": 1 * pA}, errors.DimensionError, ["weight", "1.0 pA", "mV"]),
        ({"weight": 1}, errors.UnitExpectedError, ["weight", "1 without a unit"]),
        ({"weight": "1"}, errors.InvalidParameterError, ["weight", "'1'"]),
        ({"weight": [1, 2] * mV}, errors.ShapeError, ["weight", "(2,)", "(3,)"]),
        ({"refractory": np.ones(2, dtype=bool)}, errors.ShapeError, ["refractory", "(3,)", "True and False"]),
        ({"refractory": 3 * ms}, errors.ShapeError, ["refractory", "(3,)", "True and False"]),
    ],
)
def test_mistakes_with_noise_by_hand(changed, traced, error, words):
    class Noisy(nd.Dynamics):
        def init_state(self):
            self.V = nd.State(0 * mV)

        def update(self):
            nd.poisson_input(**BY_HAND | changed, target=self.V)

    noisy = nd.init_all_states(Noisy(3))
    with pytest.raises(error) as caught, nd.environ.context(dt=1 * ms):
        nd.Simulator(noisy, dt=1 * ms, target="interpret") if traced else noisy()
    assert type(caught.value) is error
    for word in words:
        assert word in str(caught.value)
    assert ("Noisy, test_projections.py" if traced else "nd.poisson_input") in caught.value.where
    assert caught.value.cure


def test_a_list_of_rates_is_one_rate_for_each_neuron():
    class Noisy(nd.Dynamics):
        def init_state(self):
            self.V = nd.State(0 * mV)

        def update(self):
            nd.poisson_input([0 * Hz, 5000 * Hz, 0 * Hz], 10, 1 * mV, self.V)

    noisy = nd.init_all_states(Noisy(3))
    with nd.environ.context(dt=1 * ms):
        noisy()
    sim = nd.Simulator(Noisy(3), dt=1 * ms, target="interpret")
    sim.run(1 * ms)
    for V in (noisy.V.value, sim.get(sim.network, "V")):
        assert ((V.magnitude > 0) == [False, True, False]).all()


def test_noise_onto_what_is_no_state():
    net = nd.DynamicsGroup()
    net.cells = nd.LIF(3)
    net.noise = nd.PoissonInput(net.cells.prefetch("tau"), None, 10, 500 * Hz, 1 * ms)
    with pytest.raises(errors.UnknownStateError, match="has no state 'tau'"):
        nd.Simulator(net, dt=DT * ms, target="interpret")


def test_noise_of_a_wrong_unit_is_found_while_tracing():
    net = nd.DynamicsGroup()
    net.cells = nd.LIF(3)
    net.noise = nd.PoissonInput(net.cells.prefetch("V"), None, 10, 500 * Hz, 1 * pA)
    with pytest.raises(errors.DimensionError, match=r"noise.* is in pA, but the sum is in mV"):
        nd.Simulator(net, dt=DT * ms, target="interpret")
