"""Decaying states of synapses are held until something asks for them, and are what they would be if each step did it.

The steps of the comparison are those of a rule whose `step_where` is true without anybody knowing it before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import NoEffectError
from tests.features.test_plastic_projections import DT, N_POST, N_PRE, Spiking
from tests.targets import simulator_of

TAU, STEPS = 7.0, 72


def by_factor(rule: Any, a: Any) -> Any:
    """As users write it."""
    return a * np.exp(-nd.environ.get_dt() / rule.tau)


def towards(rule: Any, a: Any) -> Any:
    """To a goal, written by hand."""
    return rule.goal + (a - rule.goal) * np.exp(-nd.environ.get_dt() / rule.tau)


def integrated(rule: Any, a: Any) -> Any:
    """To a goal, by an integrator."""
    return nd.exp_euler_step(lambda x: (rule.goal - x) / rule.tau, a)


def by_euler(rule: Any, a: Any) -> Any:
    """The same scheme in n steps at once, not another one."""
    return nd.euler_step(lambda x: (rule.goal - x) / rule.tau, a)


def by_runge_kutta(rule: Any, a: Any) -> Any:
    """A polynomial as factor."""
    return nd.rk4_step(lambda x: -x / rule.tau, a)


def adding(rule: Any, a: Any) -> Any:
    """No decay at all."""
    return a + 0.01 * rule.goal


WAYS = [
    by_factor,
    towards,
    integrated,
    by_euler,
    *(pytest.param(way, marks=pytest.mark.exhaustive) for way in (by_runge_kutta, adding)),
]
DIFFERING = {"tau": nd.init.Uniform(3 * ms, 30 * ms), "goal": np.linspace(0.1, 0.4, N_POST)[None, :]}
"""Parameters that differ from synapse to synapse, and from neuron to neuron of the target."""


class Tracing(nd.PlasticProj):
    """A trace of both sides, which all rules but that of each step ask for."""

    def __init__(
        self,
        *modules: Any,
        way: Callable[[Any, Any], Any] = by_factor,
        hidden: bool = False,
        tau: Any = TAU * ms,
        goal: Any = 0.3,
        **options: Any,
    ):
        super().__init__(*modules, **options)
        self.way, self.hidden = way, hidden
        self.tau, self.goal = nd.synapse_parameter(tau, ms, positive=True), nd.synapse_parameter(goal)
        self.interval = nd.Parameter(5 * ms, unit=ms)
        self.a, self.b = nd.SynapseState(nd.init.Uniform(0.0, 1.0)), nd.SynapseState(0.5)
        self.idle = nd.SynapseState(nd.init.Uniform(0.0, 1.0))

    def on_pre(self, s: Any) -> None:
        s.weight = s.weight + 0.1 * mV * s.b
        s.a = s.a + 1.0

    def on_post(self, s: Any) -> None:
        s.weight = s.weight + 0.1 * mV * s.a
        s.b = 0.5 * s.b + 0.25 * s.a
        s.a = s.a - 0.5

    def step_where(self) -> Any:
        return self.post.received > -1e9 * mV if self.hidden else True

    def on_step(self, s: Any) -> None:
        s.a, s.b, s.idle = self.way(self, s.a), by_factor(self, s.b), by_factor(self, s.idle)

    def on_interval(self, s: Any) -> None:
        s.weight = s.weight + 0.01 * mV * s.a
        s.b = s.b + 0.125


def make(rule: type[nd.PlasticProj] = Tracing, **options: Any) -> nd.DynamicsGroup:
    """Neurons that fire at times which are known."""
    net = nd.DynamicsGroup()
    net.pre = Spiking(N_PRE, np.arange(15, 15 + N_PRE), np.arange(N_PRE) % 3)
    net.post = Spiking(N_POST, np.arange(13, 13 + N_POST), np.arange(N_POST) % 4)
    options.setdefault("delay", nd.init.Uniform(0 * ms, 2 * ms))
    comm = nd.FixedProb(N_PRE, N_POST, prob=0.6, weight=1 * mV)
    net.p = rule(net.pre, comm=comm, post=net.post, **options)
    return net


def scheme_of(sim: nd.Simulator, name: str) -> str:
    """What `explain` says of a state of the projection."""
    (line,) = [line for line in sim.explain().splitlines() if line.strip().startswith(f"DynamicsGroup.p.{name}: ")]
    return line.partition("dimensionless, ")[2]


def run(net: nd.DynamicsGroup, target: str = "interpret", **options: Any) -> tuple[nd.Simulator, list[Any]]:
    """All that is asked for in a run, and what there is behind it."""
    sim = simulator_of(net, DT * ms, target, seed=3, **options)
    for name in ("a", "b", "idle", "weight"):
        sim.record(net.p, name, every=7 * DT * ms)
    result = sim.run(STEPS * DT * ms, progress=False)[net.p]
    return sim, [np.asarray(result[name]) for name in ("a", "b", "idle", "weight")] + held(sim, net)


def held(sim: nd.Simulator, net: nd.DynamicsGroup) -> list[Any]:
    """What the synapses hold now."""
    return [np.asarray(sim.get(net.p, name)) for name in ("a", "b", "idle", "weight")]


@pytest.fixture(scope="module")
def plain() -> list[Any]:
    """All that is asked for in a run of the rule with a factor."""
    return run(make())[1]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_held_traces_are_those_of_single_steps(way: Callable[[Any, Any], Any]) -> None:
    differing = DIFFERING if way in (towards, by_euler) else {}
    sim, found = run(make(way=way, **differing))
    assert scheme_of(sim, "a") == "decays in closed form, brought up to now by on_pre, on_post, on_interval alone"
    assert scheme_of(sim, "idle") == "decays in closed form, which no rule reads"
    stepped, wanted = run(make(way=way, hidden=True, **differing))
    assert "in closed form" not in stepped.explain()
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=0)


def test_a_trace_of_known_spikes_is_a_sum_of_exponentials() -> None:
    class Plain(nd.PlasticProj):
        def __init__(self, *modules: Any, **options: Any):
            super().__init__(*modules, **options)
            self.a = nd.SynapseState(0.0)

        def on_pre(self, s: Any) -> None:
            s.a = s.a + 1.0

        def on_step(self, s: Any) -> None:
            s.a = nd.exp_euler_step(lambda a: -a / (TAU * ms), s.a)

    net = make(Plain, delay=1 * ms)
    sim = nd.Simulator(net, DT * ms, seed=3, target="interpret")
    sim.record(net.p, "a", every=3 * DT * ms)
    sim.record(net.pre, spikes=True)
    assert scheme_of(sim, "a").endswith("for which self.pre_trace keeps a trace of spikes once")
    result = sim.run(STEPS * DT * ms, progress=False)
    spikes, samples = result[net.pre].spikes, result[net.p]
    steps = np.rint(np.asarray(spikes.times.magnitude) / DT).astype(int)
    taken = np.rint(np.asarray(result[net.p].t("a").magnitude) / DT).astype(int)
    edges = net.p.edges()
    for synapse in range(0, edges.pre.size, 5):
        came = steps[spikes.indices == edges.pre[synapse]] + round(1 / DT)
        ages = np.maximum(taken[:, None] - came[None, :], 0)
        wanted = np.where(taken[:, None] > came[None, :], np.exp(-ages * DT / TAU), 0).sum(axis=1)
        np.testing.assert_allclose(samples.a[:, synapse], wanted, rtol=1e-12)


@pytest.mark.cudasim
def test_every_target_has_the_same_bits() -> None:
    nets = [make(way=towards, **DIFFERING) for _ in range(2)]
    for one, other in zip(run(nets[0], "cpu")[1], run(nets[1])[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_samples_are_handed_on_before_there_is_no_room(plain: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numbadyn.runtime.held_samples._MOST", 60)
    for one, other in zip(run(make())[1], plain, strict=True):
        np.testing.assert_array_equal(one, other)


def test_reading_and_pausing_change_nothing(plain: list[Any], tmp_path: Path) -> None:
    net = make()
    sim = nd.Simulator(net, DT * ms, seed=3, target="interpret")
    for pause in range(STEPS // 18):
        sim.run(18 * DT * ms, progress=False, every=6 * DT * ms, call=lambda sim: held(sim, sim.network) and None)
        if pause == 2:
            sim.save(tmp_path / "held")
            net = make()
            sim = nd.Simulator.load(tmp_path / "held", net)
    for one, other in zip(held(sim, net), plain[4:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_that_was_left_goes_on_with_its_samples(plain: list[Any], tmp_path: Path) -> None:
    def left(sim: nd.Simulator) -> None:
        raise KeyboardInterrupt

    kept = {"checkpoint": tmp_path / "kept", "checkpoint_every": 20 * DT * ms, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        begun(make()).run(STEPS * DT * ms, every=50 * DT * ms, call=left, **kept)
    sim = begun(make())
    found = sim.run(STEPS * DT * ms, **kept)[sim.network.p]
    np.testing.assert_array_equal(np.asarray(found.a), plain[0])


def begun(net: nd.DynamicsGroup) -> nd.Simulator:
    """One trace is recorded."""
    sim = nd.Simulator(net, DT * ms, seed=3, target="interpret")
    sim.record(net.p, "a", every=7 * DT * ms)
    return sim


def test_what_is_set_or_given_anew_counts_from_then_on(tmp_path: Path) -> None:
    nets = [make(), make(hidden=True)]
    sims = [nd.Simulator(net, DT * ms, seed=3, target="interpret") for net in nets]
    for number, (sim, net) in enumerate(zip(sims, nets, strict=True)):
        sim.set(net.p, "a", 2.0)
        sim.run(31 * DT * ms, progress=False)
        sim.set(net.p, "a", np.linspace(0, 1, net.p.edges().pre.size))
        sim.run(17 * DT * ms, progress=False)
        net.p.tau.value = 2 * ms  # what is held has decayed by the time constant of before
        if number == 0:
            sim.save(tmp_path / "held")
            net = nets[0] = make()
            sim = sims[0] = nd.Simulator.load(tmp_path / "held", net)
            assert net.p.tau.value == 2 * ms
        sim.run(20 * DT * ms, progress=False)
        net.p.tau.value = 20 * ms
        sim.record(net.p, "a")
        sim.run(23 * DT * ms, progress=False)
    for one, other in zip(*(held(sim, net) for sim, net in zip(sims, nets, strict=True)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_replicas_decay_by_their_own_constants() -> None:
    taus = [3.0, 7.0, 30.0] * ms
    net = make()
    sim = nd.Simulator(net, DT * ms, seed=[3, 3, 3], batch=3, target="interpret")
    sim.batch["p.tau"] = taus
    sim.run(20 * DT * ms, progress=False)
    sim.set(net.p, "a", 5.0, replica=2)  # the others go on as if nothing had happened
    sim.run(5 * DT * ms, progress=False)
    others = [np.asarray(sim.get(net.p, "b", replica=number)) for number in range(2)]
    sim.reset()
    sim.record(net.p, "a", nd.reduce.Mean("a"), every=4 * DT * ms)
    together = sim.run(STEPS * DT * ms, progress=False)[net.p]
    for number, tau in enumerate(taus):
        net = make()
        net.p.tau.value = tau
        alone = nd.Simulator(net, DT * ms, seed=3, target="interpret")
        if number < 2:
            alone.run(25 * DT * ms, progress=False)
            np.testing.assert_array_equal(alone.get(net.p, "b"), others[number])
            alone.reset()
        alone.record(net.p, "a", every=4 * DT * ms)
        found = alone.run(STEPS * DT * ms, progress=False)[net.p].a
        np.testing.assert_array_equal(together.a[number], found)
        np.testing.assert_allclose(together.a_mean[number], found.mean(axis=0))


def test_replicas_may_differ_beside_held_traces_in_what_is_read_and_in_nothing_else() -> None:
    class Unread(Tracing):
        def __init__(self, *modules: Any, **options: Any):
            super().__init__(*modules, **options)
            self.other, self.none = nd.SynapseState(0.5), nd.SynapseState(0.5)
            self.last, self.never = nd.synapse_parameter(nd.init.Uniform(0.0, 1.0)), nd.Parameter(1.0)

        def on_interval(self, s: Any) -> None:
            super().on_interval(s)
            s.other = s.other * self.last

    sim = nd.Simulator(make(Unread), DT * ms, seed=[3, 3], batch=2, target="interpret")
    sim.batch["p.last"] = [0.5, 0.25]
    sim.run(20 * DT * ms, progress=False)
    assert [float(np.max(each)) for each in sim.get(sim.network.p, "other")] == [0.25, 0.125]
    for name in ("none", "never"):
        with pytest.raises(NoEffectError, match=rf"No step reads DynamicsGroup\.p\.{name}"):
            sim.batch[f"p.{name}"] = [0.5, 0.25]


def used(rule: Any, s: Any) -> None:
    """The eligibility that is turned into weight in each step."""
    s.a = by_factor(rule, s.a)
    s.weight = s.weight + 0.01 * mV * s.a


def bent(rule: Any, s: Any) -> None:
    """No linear equation."""
    s.a = np.maximum(s.a - 0.01, 0.0)


def chasing(rule: Any, s: Any) -> None:
    """After something that changes."""
    s.a = s.b + (s.a - s.b) * np.exp(-nd.environ.get_dt() / rule.tau)


def varying(rule: Any, s: Any) -> None:
    """At a pace that changes."""
    s.a = s.a * np.exp(-nd.environ.get_dt() / rule.tau * s.b)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (used, "since DynamicsGroup.p.on_step reads it"),
        (bent, "since that is no linear equation with constants"),
        (chasing, "since what it goes to changes"),
        (varying, "since that is no linear equation with constants"),
    ],
    ids=["used", "bent", "chasing", "varying"],
)
def test_what_cannot_be_held_says_why(body: Callable[[Any, Any], None], why: str) -> None:
    class Stepped(Tracing):
        def on_step(self, s: Any) -> None:
            body(self, s)

    sim = nd.Simulator(make(Stepped), DT * ms, seed=3, target="interpret")
    assert scheme_of(sim, "a") == f"advanced in each step, {why}"
    sim.run(1 * ms, progress=False)
