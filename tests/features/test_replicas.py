"""A batch: each replica has the bits of a simulator of its own with the same seed and parameters, whatever happens."""

import signal

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import (
    LookupRangeError,
    NonFiniteStateError,
    NotEnoughMemoryError,
    UnsupportedFeatureError,
)
from numbadyn.runtime.cpu.machine import CpuMachine
from numbadyn.runtime.logs import SpikeLog
from numbadyn.runtime.progress import NullProgress
from numbadyn.runtime.targets import TARGETS as TABLE
from tests.features.both import _assert_same_bits, recorded
from tests.features.small_network import Cell
from tests.targets import SIMULATED, simulator_of

STEPS, CUT = (60, 25) if SIMULATED else (400, 173)
SEEDS = (3, 8)
HOST = ("interpret", "cpu")
TARGETS = ("interpret", pytest.param("cpu", marks=pytest.mark.cudasim))


class Driven(nd.DynamicsGroup):
    """Poisson input, drawn synapses, drawn delays and weights, and a read whose delay is a parameter."""

    order = ("E", "I", "follower")

    def __init__(self, tau=12 * ms, lag=0.3 * ms):
        super().__init__()
        self.E, self.I = Cell(20, tau=tau), Cell(8)
        self.lag = nd.Parameter(lag, unit=ms)
        self.input = nd.PoissonInput(self.E, num_input=50, freq=40 * Hz, weight=0.4 * mV)
        self.excite = nd.AlignPostProj(
            self.E,
            comm=nd.FixedProb(20, 8, prob=0.4, weight=nd.init.Normal(3 * nS, 0.5 * nS)),
            syn=nd.Expon.desc(tau=5 * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.I,
            delay=nd.init.Uniform(0.1 * ms, 2 * ms),
        )
        self.inhibit = nd.DeltaProj(self.I, comm=nd.FixedProb(8, 20, prob=0.3, weight=-0.5 * mV), post=self.E)
        self.late = self.E.prefetch_delay("V", self.lag)
        self.follower = Follower(20, self.late)


class Follower(nd.Dynamics):
    """Keeps the mean of what it reads."""

    def __init__(self, size, read):
        super().__init__(size)
        self.read = read

    def init_state(self):
        self.x = nd.State(nd.init.Normal(0 * mV, 1 * mV))

    def update(self):
        self.x.value = 0.9 * self.x + 0.1 * self.read()


class Gapped(nd.DynamicsGroup):
    """Noisy cells in a ring of gap junctions."""

    def __init__(self, tau=12 * ms):
        super().__init__()
        self.E = Cell(9, tau=tau)
        self.gap = nd.SymmetryGapJunction(self.E, "V", lambda *_: (np.arange(9), (np.arange(9) + 1) % 9), 0.4 * nS)


def watched(sim):
    """Record spikes, potentials and a value that is computed in the step."""
    sim.record(sim.network.E, "V", every=0.3 * ms)
    sim.record(sim.network.E, spikes=True)
    for path, name in sim.step.probes:
        if path == sim.network.E.path and name.startswith("current_inputs"):
            sim.record(sim.network.E, name)
    if hasattr(sim.network, "follower"):
        sim.record(sim.network.follower, "x", index=[0, 3])
    return sim


def bound(net, seeds, values=None, target="cpu", shared=None):
    """A simulator of a batch with these seeds, whose replicas have these values."""
    sim = simulator_of(net, 0.1 * ms, target, seed=list(seeds), batch=len(seeds), shared=shared)
    for what, of_each in dict(values or {}).items():
        sim.batch[what] = of_each
    return sim


def batch(make, target, **values):
    """A batch of two replicas that differ by seed and by parameters."""
    net = make()
    found = {getattr(net.E if name == "tau" else net, name): given for name, given in values.items()}
    return watched(bound(net, SEEDS, found, target))


def singles(make, target, **values):
    """The simulators whose bits the replicas must have."""
    return [
        watched(simulator_of(make(**{name: v[k] for name, v in values.items()}), 0.1 * ms, target, seed=seed))
        for k, seed in enumerate(SEEDS)
    ]


def assert_alike(result, sim, others, own):
    """Compare what was recorded and all present states with those of single simulators."""
    for number, (single, alone) in enumerate(zip(others, own, strict=True)):
        found, expected = recorded(result.replica(number)), recorded(alone)
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            _assert_same_bits(found[name], values, name)
        for state in range(len(sim.step.states)):
            _assert_same_bits(sim._values(state)[number], single._values(state), sim.step.states[state].name)


NETWORKS = {
    "driven": (Driven, {"tau": [12 * ms, 20 * ms], "lag": [0.3 * ms, 2.9 * ms]}),
    "gap junctions": (Gapped, {"tau": [12 * ms, 7 * ms]}),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_replica_has_the_bits_of_a_simulator_of_its_own(name, target):
    make, values = NETWORKS[name]
    sim, others = batch(make, target, **values), singles(make, target, **values)
    own = [single.run(STEPS * 0.1 * ms, progress=False) for single in others]
    result = sim.run(STEPS * 0.1 * ms, progress=False)
    assert_alike(result, sim, others, own)
    assert result.batch == 2
    E = result[sim.network.E]
    assert E.V.shape == (2, *own[0][others[0].network.E].V.shape)
    assert E.spikes.rate.size == len(E.spikes.cv_isi()) == len(E.spikes.trains()) == 2
    assert not np.array_equal(*E.V.magnitude)


@pytest.mark.parametrize("target", TARGETS)
def test_pieces_and_a_machine_that_takes_over_change_nothing(target):
    """A recording that needs another program moves all replicas to a new machine in the middle."""
    make, values = NETWORKS["driven"]
    sim, others = batch(make, target, **values), singles(make, target, **values)
    for one in (sim, *others):
        one.run(CUT * 0.1 * ms, progress=False)
        one.record(one.network.I, spikes=True)
        one._take_down()
    own = [single.run((STEPS - CUT) * 0.1 * ms, progress=False) for single in others]
    assert_alike(sim.run((STEPS - CUT) * 0.1 * ms, progress=False), sim, others, own)


@pytest.mark.parametrize("target", TARGETS)
def test_values_that_are_set_and_another_trial(target):
    """What is set holds in all replicas, or for each its own; seeds of another trial keep their distances."""
    make, values = NETWORKS["gap junctions"]
    sim, others = batch(make, target, **values), singles(make, target, **values)
    first = np.array([np.full(9, -55.0), np.full(9, -52.0)])
    for when in (0, 5):
        if when:
            for one in (sim, *others):
                one.run(when * ms, progress=False)
        sim.set(sim.network.E, "V", (first + when) * mV)
        for single, own in zip(others, first, strict=True):
            single.set(single.network.E, "V", (own + when) * mV)
        assert sim.get(sim.network.E, "V").magnitude.tolist() == (first + when).tolist()
        assert sim.get(sim.network.E[2:4], "V").shape == (2, 2)
    own = [single.run(5 * ms, progress=False) for single in others]
    assert_alike(sim.run(5 * ms, progress=False), sim, others, own)
    sim.reset(seed=SEEDS[0] + 10)
    for single, seed in zip(others, SEEDS, strict=True):
        single.reset(seed=seed + 10)
    own = [single.run(5 * ms, progress=False) for single in others]
    assert_alike(sim.run(5 * ms, progress=False), sim, others, own)


def test_replicas_may_share_their_synapses():
    sim = bound(Driven(), SEEDS, shared="connectivity")
    first, second = sim._synapses
    assert first is second
    watched(sim)
    alone = watched(nd.Simulator(Driven(), dt=0.1 * ms, seed=SEEDS[0]))
    own = alone.run(STEPS * 0.1 * ms, progress=False)
    found = sim.run(STEPS * 0.1 * ms, progress=False)
    assert_alike(found, sim, [alone], [own])
    assert not np.array_equal(*found[sim.network.E].V.magnitude)
    weights = sim.get(sim.network.excite, "weight")
    assert len(weights) == 2
    np.testing.assert_array_equal(*weights)


class Jumped(nd.Dynamics):
    """Leaks, jumps at spikes and follows a table."""

    def __init__(self, size, table):
        super().__init__(size)
        self.table = table

    def init_state(self):
        self.x = nd.State(0 * mV)

    def update(self):
        self.x.value = 0.9 * (self.x + self.sum_delta_inputs(0 * mV)) + self.table(nd.environ.get("t"))


class Fed(nd.DynamicsGroup):
    """Given spikes through a projection, and rows of a table."""

    def __init__(self, rows=None, spikes=([0, 3], [1, 1] * ms), weight=3 * mV, delay=0.2 * ms, after="repeat"):
        super().__init__()
        self.source = nd.SpikeTrain(4, *spikes)
        self.table = nd.TimedArray(np.zeros((3, 5)) * mV if rows is None else rows, dt=2 * ms, after=after)
        self.E = Jumped(5, self.table)
        comm = nd.FixedProb(4, 5, prob=0.7, weight=weight)
        self.send = nd.DeltaProj(self.source, comm=comm, post=self.E, delay=delay)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("target", TARGETS)
def test_inputs_and_weights_of_a_replica(target, shared):
    """Tables, given spikes, weights and delays are bound for each replica, too, in any number of rows and spikes."""
    rows = [np.arange(15.0).reshape(3, 5) * mV, np.ones((7, 5)) * mV]
    spikes = [([0, 1], [1, 2] * ms), ([3, 2, 0], [0.5, 3, 9] * ms)]
    weights, lags = [2 * mV, -1 * mV], [0.2, 1.7] * ms
    net = Fed()
    given = {net.table: rows, net.source.spikes: spikes, (net.send, "weight"): weights, "send.delay": lags}
    sim = bound(net, (5, 5) if shared else SEEDS, given, target, "connectivity" if shared else None)
    sim.record(net.E, "x")
    result = sim.run(15 * ms, progress=False)
    for number, values in enumerate(zip(rows, spikes, weights, lags, strict=True)):
        seed = 5 if shared else SEEDS[number]
        alone = simulator_of(Fed(*values), 0.1 * ms, target, seed=seed)
        alone.record(alone.network.E, "x")
        own = recorded(alone.run(15 * ms, progress=False))
        _assert_same_bits(recorded(result.replica(number))["Fed.E.x"], own["Fed.E.x"], "x")


@pytest.mark.parametrize("target", HOST)
def test_what_replicas_have_in_common_is_fetched_once(target, monkeypatch):
    make, values = NETWORKS["gap junctions"]
    sim = batch(make, target, **values).compile()
    real, fetched = nd.Parameter.fetch, []

    def fetch(parameter, context, stream=None):
        fetched.append((parameter.path, context.replica))
        return real(parameter, context, stream)

    monkeypatch.setattr(nd.Parameter, "fetch", fetch)
    sim.machine._bind()
    of = {path: [replica for each, replica in fetched if each == path] for path, _replica in fetched}
    assert set(of["Gapped.E.V_th"]) == {0}
    assert set(of["Gapped.E.tau"]) == {0, 1}


# ---- what ends a run early -------------------------------------------------------------------------------------------


class Presses(NullProgress):
    """Ctrl-C in the middle."""

    def __init__(self):
        self.left = 3

    def advance(self, steps):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("target", HOST)
def test_ctrl_c_between_chunks_loses_nothing(target):
    make, values = NETWORKS["gap junctions"]
    sim, others = batch(make, target, **values), singles(make, target, **values)
    result = sim.run(100_000 * ms, progress=Presses())
    assert result.interrupted
    own = [single.run(result.duration, progress=False) for single in others]
    assert_alike(result, sim, others, own)


def test_ctrl_c_between_two_replicas_ends_both_at_one_step(monkeypatch):
    """And a block whose spikes would not fit is not begun."""
    make, values = NETWORKS["gap junctions"]
    sim, others = batch(make, "cpu", **values), singles(make, "cpu", **values)
    real, calls = CpuMachine._call, []

    def presses(machine, replica, last):
        calls.append(replica.context.replica)
        if len(calls) == 6:
            signal.raise_signal(signal.SIGINT)
        real(machine, replica, last)

    sim.compile()
    monkeypatch.setattr(CpuMachine, "_call", presses)
    result = sim.run(1000 * ms, progress=False)
    monkeypatch.setattr(CpuMachine, "_call", real)
    assert result.interrupted
    assert calls == [0, 1] * (len(calls) // 2)
    assert len({replica.number for replica in sim.machine.replicas}) == 1
    own = [single.run(result.duration, progress=False) for single in others]
    assert_alike(result, sim, others, own)


class Diverges(nd.Dynamics):
    """Grows, the quicker the larger its parameter is."""

    def __init__(self, factor=0.0):
        super().__init__(3)
        self.factor = nd.Parameter(factor)

    def init_state(self):
        self.x = nd.State(1.0)

    def update(self):
        self.x.value = np.where(nd.environ.get("i") > 200, self.x * self.factor, self.x)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.usefixtures("steady_chunks")
@pytest.mark.parametrize("sampled", [False, True])
def test_a_nan_is_named_with_its_replica(target, sampled):
    net = Diverges()
    sim = bound(net, (0, 1, 2), {net.factor: [1.0, 1e30, 1.0]}, target)
    if sampled:
        sim.record(net, "x")
    with pytest.raises(NonFiniteStateError, match=r"Diverges.x of replica 1 became infinite in element 0") as caught:
        sim.run(100 * ms, progress=False)
    assert "where: Diverges.x[0] of replica 1" in str(caught.value)
    (reached,) = {replica.number for replica in sim.machine.replicas}
    assert 201 < reached < 1000
    if not sampled and not SIMULATED:  # then values are looked at after each 128 steps, and at the end of a launch
        assert "and 25.6 ms." in str(caught.value)
    if sampled:
        values = caught.value.result[net].x
        assert values.shape == (3, reached, 3)
        assert np.isfinite(values[[0, 2]]).all()


@pytest.mark.parametrize("target", TARGETS)
def test_a_broken_guard_is_named_with_its_replica(target):
    net = Fed(after="error")
    rows = [np.ones((50, 5)) * mV, np.ones((3, 5)) * mV]
    sim = bound(net, SEEDS, {net.table: rows}, target)
    with pytest.raises(LookupRangeError, match=r"(?s)ends after 3 rows \(6 ms\).*of replica 1"):
        sim.run(50 * ms, progress=False)
    (reached,) = {replica.number for replica in sim.machine.replicas}
    assert 60 < reached <= 500


@pytest.mark.parametrize("target", HOST)
def test_logs_that_cannot_grow_end_all_replicas_at_one_step(target, monkeypatch):
    """Blocks get shorter first; then the run ends with everything up to a common step."""
    make, values = NETWORKS["driven"]
    sim, others = batch(make, target, **values), singles(make, target, **values)
    real, begin = SpikeLog.reserve, SpikeLog.begin

    def begins(log):
        begin(log)
        log.indices, log.steps = log.indices[:45], log.steps[:45]

    def refuses(log, count, **forecast):
        if log.used + count > 45:
            raise NotEnoughMemoryError("The recorded spikes do not fit.", where="here", cure="none")
        real(log, count, **forecast)

    sim.compile()
    monkeypatch.setattr(SpikeLog, "reserve", refuses)
    monkeypatch.setattr(SpikeLog, "begin", begins)
    with pytest.raises(NotEnoughMemoryError) as caught:
        sim.run(1000 * ms, progress=False)
    monkeypatch.undo()
    result = caught.value.result
    spikes = result[sim.network.E].spikes
    assert 25 < max(spikes.replica(0).count, spikes.replica(1).count) <= 45
    own = [single.run(result.duration, progress=False) for single in others]
    assert_alike(result, sim, others, own)


def test_a_target_without_batches_says_so(monkeypatch):
    monkeypatch.setattr(type(TABLE["interpret"]), "batches", False)
    with pytest.raises(UnsupportedFeatureError, match=r"(?s)target='interpret' does not have yet.*'cpu' or 'cuda'"):
        simulator_of(Gapped(), 0.1 * ms, "interpret", batch=2)


def test_weights_of_the_model_leave_those_of_a_replica_alone():
    net = Fed()
    sim = bound(net, SEEDS, {"send.weight": [2 * mV, -1 * mV]}, "interpret")

    def found():
        return [np.unique(weights.magnitude).tolist() for weights in sim.get(net.send, "weight")]

    sim.run(1 * ms)
    net.send.comm.weight = 9 * mV
    assert found() == [[2.0], [-1.0]]
    sim.set(net.send, "weight", 5 * mV)
    assert found() == [[5.0], [5.0]]
    sim.batch["send.weight"] = [3, 4] * mV
    assert found() == [[5.0], [5.0]]
    sim.reset()
    assert found() == [[3.0], [4.0]]
