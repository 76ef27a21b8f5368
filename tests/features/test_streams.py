"""Random numbers of what stays in a network do not change when the rest of it is added to, taken away or reordered."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.model.streams import Streams, stream_of
from tests.draws import share

N = 6
WEIGHT = nd.init.Normal(2 * nS, 0.5 * nS)


class Noisy(nd.Neuron):
    """Everything that draws: first values, a parameter, a history, a hook, an input, the update, a shared synapse."""

    def __init__(self) -> None:
        super().__init__(N)
        self.tau = nd.Parameter(nd.init.Uniform(5 * ms, 20 * ms))
        self.past = self.prefetch_delay("x", 0.5 * ms, init=nd.init.Normal(0.0, 1.0))
        self.add_before_update("hook", lambda: self.observe("hooked", nd.random.normal()))
        self.add_current_input("drawn", lambda _x: nd.random.uniform())
        self.stp = nd.STP(N, tau_f=nd.init.Uniform(50 * ms, 100 * ms))
        self.align_pre(self.stp)

    def init_state(self) -> None:
        self.x = nd.State(nd.init.Normal(0.0, 1.0))

    def update(self) -> Any:
        drive = 0.01 * self.sum_current_inputs(0.0, self.x.value) + 0.01 * self.past()
        self.x.value = self.x.value * (1 - nd.environ.get_dt() / self.tau) + drive + 0.1 * nd.random.normal()
        return nd.random.uniform() < 0.1 + 0.1 * np.tanh(self.x.value)


def synapse(pre: Any, post: Any, tau: Any = 5 * ms) -> Any:
    comm = nd.FixedProb(N, N, prob=0.5, weight=WEIGHT)
    syn, out = nd.Expon.desc(tau=tau), nd.COBA.desc(E=0 * mV)
    return nd.AlignPostProj(pre, comm=comm, syn=syn, out=out, post=post, delay=nd.init.Uniform(0 * ms, 1 * ms))


def kept(net: Any) -> None:
    """What stays, in an order of its own."""
    net.E, net.I = Noisy(), nd.LIF(N, V_initializer=nd.init.Normal(-60 * mV, 5 * mV))
    net.E2I = synapse(net.E, net.I)
    net.noise = nd.PoissonInput(net.I, num_input=100, freq=50 * Hz, weight=1 * mV)
    net.listed = [nd.PoissonGroup(N, rates=100 * Hz, name="here")]


EXTRAS = {
    "A": lambda net: Noisy(),
    "Z": lambda net: Noisy(),
    "hidden part": lambda net: Other(),
    "F": lambda net: nd.PoissonGroup(N, rates=50 * Hz),
    "G": lambda net: synapse(net.E, nd.LIF(N)),
    "D": lambda net: [synapse(net.E, nd.LIF(N), 3 * ms), Noisy()],
}


class Other(nd.DynamicsGroup):
    def __init__(self) -> None:
        super().__init__()
        kept(self)


def built(extras: Any, before: Any, reverse: bool, name: str | None = None) -> Any:
    net = nd.DynamicsGroup(name=name)
    for key in (key for key in extras if key in before and key not in "GD"):
        setattr(net, key, EXTRAS[key](net))
    kept(net)
    if before:
        net.listed.insert(0, nd.PoissonGroup(N, rates=100 * Hz, name="first"))
    for key in (key for key in extras if not hasattr(net, key)):
        made = EXTRAS[key](net)
        setattr(net, key, made)
        for number, projection in enumerate(made if isinstance(made, list) else [made]):
            if isinstance(projection, nd.AlignPostProj):
                setattr(net, f"target {key}{number}", projection.post)
    if reverse:
        own = {key: vars(net).pop(key) for key in list(vars(net)) if not key.startswith("_")}
        vars(net).update(dict(reversed(own.items())))
    return net


def drawn(net: Any, target: str = "interpret") -> dict[str, Any]:
    sim = nd.Simulator(net, dt=0.1 * ms, target=target, seed=5)
    here = next(group for group in net.listed if group.name == "here")
    for module, name in ((net.E, "x"), (net.I, "V"), (net.E, "hooked")):
        sim.record(module, name)
    for module in (net.E, net.I, here):
        sim.record(module, spikes=True)
    result = sim.run(3 * ms, progress=False)
    found = {name: result[module][name] for module, name in ((net.E, "x"), (net.I, "V"), (net.E, "hooked"))}
    for module in (net.E, net.I, here):
        spikes = result[module].spikes
        found[f"{module.path} spikes"] = np.concatenate([spikes.steps, spikes.indices])
    edges = net.E2I.edges()
    found |= {"tau": net.E.tau.value, "tau_f": net.E.stp.tau_f.value, "pre": edges.pre, "post": edges.post}
    return found | {"weight": edges.weight, "delay": edges.delay}


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    return drawn(built((), (), False, "Net"))


@settings(max_examples=share(25), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.permutations(sorted(EXTRAS)), st.integers(0, 6), st.sets(st.sampled_from(sorted(EXTRAS))), st.booleans())
def test_what_stays_keeps_its_random_numbers(
    alone: dict[str, Any], order: list[str], count: int, before: set[str], reverse: bool
) -> None:
    for name, value in drawn(built(order[:count], before, reverse, "Net")).items():
        np.testing.assert_array_equal(value, alone[name], err_msg=name)


def test_compiled_steps_draw_the_same_and_serve_networks_of_other_names() -> None:
    """Streams are arguments: what is compiled knows no names."""
    nets = [built((), (), False, "Net"), nd.DynamicsGroup(name="Net")]
    nets[1].a, nets[1].b = Noisy(), nd.LIF(N, V_initializer=nd.init.Normal(-60 * mV, 5 * mV))
    nets[1].c = synapse(nets[1].a, nets[1].b)
    nets[1].d = nd.PoissonInput(nets[1].b, num_input=100, freq=50 * Hz, weight=1 * mV)
    nets[1].e = [nd.PoissonGroup(N, rates=100 * Hz)]
    sims = [nd.Simulator(net, dt=0.1 * ms) for net in nets]
    kernels = [[kernel.structure for kernel in sim.program.kernels] for sim in sims]
    assert kernels[0] == kernels[1]
    for name, value in drawn(nets[0], "cpu").items():
        np.testing.assert_array_equal(value, drawn(built((), (), False, "Net"))[name], err_msg=name)


def test_equal_populations_in_one_loop_have_streams_of_their_own() -> None:
    net = nd.DynamicsGroup()
    net.P = [Noisy() for _ in range(3)]
    sim = nd.Simulator(net, dt=0.1 * ms)
    [loop] = [loop for loop in sim.program.loops if "exp" not in loop] if hasattr(sim.program, "loops") else [None]
    sim.run(1 * ms, progress=False)
    assert loop is None or loop
    values = [sim.get(cells, "x") for cells in net.P]
    assert len({value.tobytes() for value in values}) == 3


def test_steps_by_hand_draw_what_the_simulator_draws() -> None:
    net = built((), (), False)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", seed=5)
    sim.run(0.2 * ms, progress=False)
    nd.init_all_states(net, seed=5)
    for step in range(2):
        with nd.environ.context(dt=0.1 * ms, i=step, t=step * 0.1 * ms, seed=5):
            net()
    np.testing.assert_allclose(net.E.x.value, sim.get(net.E, "x"), rtol=1e-12)


@pytest.mark.parametrize("rest", [lambda net: None, lambda net: setattr(net, "A2I", synapse(net.A, net.I, 9 * ms))])
def test_a_shared_synapse_is_known_by_its_description_and_not_by_its_number(rest: Any) -> None:
    """A synapse of another description, named and made before it, leaves its parameters alone."""
    net = nd.DynamicsGroup()
    net.A, net.I = nd.LIF(N), nd.LIF(N)
    rest(net)
    net.B2I = synapse(net.A, net.I, nd.init.Uniform(3 * ms, 6 * ms))
    nd.init_all_states(net)
    alone = nd.DynamicsGroup()
    alone.A, alone.I = nd.LIF(N), nd.LIF(N)
    alone.B2I = synapse(alone.A, alone.I, nd.init.Uniform(3 * ms, 6 * ms))
    nd.init_all_states(alone)
    np.testing.assert_array_equal(net.B2I.syn.tau.value, alone.B2I.syn.tau.value)


def test_a_network_that_was_built_keeps_its_streams_when_a_part_of_it_is_built() -> None:
    net = nd.DynamicsGroup()
    net.part = nd.DynamicsGroup()
    kept(net.part)
    found = []
    for also in (False, True):
        sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
        if also:
            nd.Simulator(net.part, dt=0.1 * ms, target="interpret")
        sim.run(1 * ms, progress=False)
        found.append(sim.get(net.part.I, "V"))
    np.testing.assert_array_equal(*found)


def test_streams_whose_hashes_meet_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first keeps its word, whoever comes later; projections have several words in a row."""
    monkeypatch.setattr("numbadyn.model.streams._hash", lambda text, attempt: 4 * attempt + 1)
    streams = Streams()
    assert [streams.word("a"), streams.word("b", width=4), streams.word("c"), streams.word("a")] == [1, 4, 9, 1]


def test_names_tell_streams_apart() -> None:
    net = nd.DynamicsGroup()
    net.a, net.b = nd.DynamicsGroup(), nd.LIF(1, name="a.c")
    net.a.c = nd.LIF(1)
    nd.init_all_states(net)
    words = {stream_of(module, *role) for module in (net, net.a, net.b, net.a.c) for role in (("V",), ("value", "V"))}
    assert len(words) == 8
