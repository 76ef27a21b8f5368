"""Every projection with every rule of connection, kind of delay, kind of weight and kind of signal, on both targets."""

import itertools

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from tests.features.agreement import agree_quietly
from tests.features.both import assert_targets_agree
from tests.targets import SIMULATED

pytestmark = pytest.mark.cudasim

SIZE = 9
GRID = (3, 3)
PAIRS = np.random.default_rng(3).uniform(0.5, 1.5, (SIZE, SIZE))
DELAYS = {
    "no delay": None,
    "one delay": 0.7 * ms,
    "a delay for each neuron": np.linspace(0.0, 2.0, SIZE) * ms,
    "a delay for each pair": np.where(PAIRS > 1.2, 0.0, PAIRS) * ms,
    "drawn delays": nd.init.Uniform(0.0 * ms, 1.5 * ms),
}
WEIGHTS = {
    "one weight": lambda unit: 0.4 * unit,
    "a weight for each pair": lambda unit: 0.4 * PAIRS * unit,
    "drawn weights": lambda unit: nd.init.Normal(0.4 * unit, 0.1 * unit),
}


def rules(weight):
    """One rule of each kind, between a population of nine and a grid of three by three."""
    pre, post = np.divmod(np.arange(0, 80, 7), 9)
    return [
        nd.AllToAll(SIZE, GRID, weight=weight),
        nd.OneToOne(SIZE, GRID, weight=weight),
        nd.FixedProb(SIZE, GRID, prob=0.4, weight=weight),
        nd.FixedInDegree(SIZE, GRID, 3, weight=weight),
        nd.FixedOutDegree(SIZE, GRID, 2, weight=weight),
        nd.FixedTotalNumber(SIZE, GRID, 20, weight=weight, multapses=True),
        nd.Edges(SIZE, GRID, pre=pre, post=post, weight=weight),
        nd.Matrix(np.where(PAIRS > 1.0, PAIRS, 0.0), weight=weight, out_size=GRID),
    ]


def above(V):
    """A graded signal that is zero most of the time."""
    return np.maximum(V + 55 * mV, 0 * mV) / (5 * mV)


def align_post(net, number, comm, delay):
    syn = (nd.Expon, nd.DualExpon, nd.Alpha)[number % 3]
    times = {"tau_decay": 5 * ms} if syn is nd.DualExpon else {"tau": 5 * ms}
    out = nd.COBA.desc(E=0 * mV) if number % 2 else nd.COBA.desc(E=-80 * mV)
    return nd.AlignPostProj(net.noise, comm=comm, syn=syn.desc(**times), out=out, post=net.post, delay=delay)


def align_post_graded(net, number, comm, delay):
    syn, out = nd.Expon.desc(tau=4 * ms), nd.MgBlock.desc() if number % 2 else nd.COBA.desc(E=0 * mV)
    return nd.AlignPostProj(net.pre.prefetch("V"), above, comm=comm, syn=syn, out=out, post=net.post, delay=delay)


def align_pre(net, number, comm, delay):
    syn = (nd.Expon, nd.DualExpon, nd.Alpha)[number % 3]
    return nd.AlignPreProj(net.noise, syn=syn.desc(), comm=comm, out=nd.COBA.desc(E=0 * mV), post=net.post, delay=delay)


def delta(net, number, comm, delay):
    return nd.DeltaProj(net.noise, comm=comm, post=net.post, delay=delay)


def delta_graded(net, number, comm, delay):
    return nd.DeltaProj(net.pre.prefetch("V"), above, comm=comm, post=net.post, delay=delay)


def current(net, number, comm, delay):
    return nd.CurrentProj(net.pre.prefetch("V"), comm=comm, out=nd.CUBA.desc(), post=net.post, delay=delay)


def current_of_spikes(net, number, comm, delay):
    return nd.CurrentProj(net.noise, comm=comm, out=nd.CUBA.desc(), post=net.post, delay=delay)


KINDS = {
    "synapses": {align_post: nS, align_pre: nS},
    "jumps and currents": {
        align_post_graded: nS,
        delta: mV,
        delta_graded: 0.1 * mV,
        current: 0.1 * nS,
        current_of_spikes: 100 * pA,
    },
}
SILENT = ("Net.noise", "Net.pre", "Net.post")


class Driven(nd.LIFRef):
    """Fires by itself now and then."""

    def update(self):
        return super().update(130 * pA)


def network(kinds, delay, weight, turn):
    """Each kind of projection with four rules; the turn says which four."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.noise = nd.PoissonGroup(SIZE, 150 * Hz)
            first = nd.init.Uniform(-60 * mV, -49 * mV)
            self.pre = Driven(SIZE, V_initializer=first, tau_ref=1 * ms)
            self.post = Driven(GRID, V_initializer=first, tau_ref=1 * ms)
            for place, (kind, unit) in enumerate(kinds.items()):
                some = (rules(weight(unit)) * 2)[(place + turn) % 2 * 4 :][:4]
                for number, comm in enumerate(some):
                    setattr(self, f"{kind.__name__}_{number}", kind(self, number, comm, delay))

    return Net


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_every_rule_and_every_delay(kinds):
    """Each delay with a half of the rules, in turn."""
    check_turns(kinds, [0, 3, 4, 7, 8])


@pytest.mark.exhaustive
@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_every_rule_with_every_delay(kinds):
    check_turns(kinds, range(2 * len(DELAYS)))


def check_turns(kinds, turns):
    """Rules, delays and weights change no line of the generated code."""
    loaded, combinations = set(), list(itertools.product(DELAYS.values(), range(2)))
    for turn in turns:
        delay, half = combinations[turn]
        weight = list(WEIGHTS.values())[turn % 3]
        sim, result = agree_quietly(network(kinds, delay, weight, half), 0.1 * ms, 4 * ms, seed=turn)
        loaded.add(sim.machine.loaded.path)
        assert result[sim.network.post].V.magnitude.std() > 0
    assert len(loaded) == 1
    assert sim.machine.loaded.compiled + sim.machine.loaded.restored == len(sim.machine.loaded.entry)


@pytest.mark.skipif(SIMULATED, reason="one precision is enough in the simulator")
@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_everything_recorded_at_single_precision(kinds):
    """All named values: currents, jumps, outputs."""
    delay, weight = DELAYS["a delay for each neuron"], WEIGHTS["drawn weights"]
    made = network(kinds, delay, weight, 0)
    assert_targets_agree(made, 0.1 * ms, 5 * ms, seed=1, precision=32, may_be_silent=SILENT)


class Shared(nd.DynamicsGroup):
    """Eight projections of one description."""

    def __init__(self):
        super().__init__()
        self.noise = nd.PoissonGroup(SIZE, 300 * Hz)
        self.post = Driven(GRID, tau_ref=1 * ms)
        syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
        for number, comm in enumerate(rules(0.5 * nS)):
            setattr(self, f"p{number}", nd.AlignPostProj(self.noise, comm=comm, syn=syn, out=out, post=self.post))


def test_projections_of_one_description_share_a_synapse():
    sim, _ = assert_targets_agree(Shared, 0.1 * ms, 10 * ms, may_be_silent=SILENT)
    assert len({id(getattr(sim.network, f"p{n}").syn) for n in range(8)}) == 1
    assert sum(spec.name.endswith(".g") for spec in sim.step.states) == 1
