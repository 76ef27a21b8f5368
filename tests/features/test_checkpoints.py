"""Checkpoints: a simulator that goes on from a file has the bits of one that was never left."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn.errors import (
    CheckpointDamagedError,
    CheckpointFolderError,
    CheckpointMismatchError,
    CheckpointMissingError,
    CheckpointWriteError,
    InvalidParameterError,
    TargetError,
    UnknownOptionError,
)
from numbadyn.io import container
from numbadyn.runtime.progress import NullProgress
from numbadyn.simulator.networks import bind_networks
from tests.features.agreement import recorded, states_and_spikes
from tests.features.random_networks import RandomNetwork, networks
from tests.features.test_bind_networks import Built
from tests.features.test_plastic_projections import Many
from tests.features.test_random_networks import few
from tests.features.test_replicas import Driven, Fed, Follower, Gapped, watched
from tests.targets import COMPILED, SIMULATED, simulator_of

STEPS = 40


def steps(number):
    return number * 0.1 * ms


def same(found, expected):
    left, right = recorded(found), recorded(expected)
    assert left.keys() == right.keys()
    assert left
    for name, values in right.items():
        assert left[name].dtype == values.dtype, name
        np.testing.assert_array_equal(left[name], values, err_msg=name)


def loaded(file, network, target):
    exact = {"target": COMPILED, "reproducible": SIMULATED} if target == "cpu" else {"target": target}
    return nd.Simulator.load(file, network, **exact)


def halves(make, here, there, cut, file, record=states_and_spikes, before=lambda sim: None):
    """Run on one target, save, go on from the file on another one; and the same without a break."""
    whole, first = (simulator_of(make(), 0.1 * ms, here, seed=5) for _ in range(2))
    for sim in (whole, first):
        record(sim)
        before(sim)
        if cut:
            sim.run(steps(cut), progress=False)
    first.save(file)
    second = loaded(file, make(), there)
    assert second.t == first.t
    same(second.run(steps(STEPS - cut), progress=False), whole.run(steps(STEPS - cut), progress=False))
    return second


@few(5)
@given(networks(), st.integers(0, STEPS - 1))
def test_a_random_network_goes_on_from_a_file(tmp_path_factory, drawn, cut):
    file = tmp_path_factory.mktemp("random") / "it"
    halves(lambda: RandomNetwork(*drawn), "interpret", "interpret", cut, file)


@pytest.mark.exhaustive
@few(5)
@given(networks(), st.integers(0, STEPS - 1))
@pytest.mark.parametrize("order", [("interpret", "cpu"), ("cpu", "interpret"), ("cpu", "cpu")])
def test_a_random_network_goes_on_elsewhere(tmp_path_factory, order, drawn, cut):
    file = tmp_path_factory.mktemp("random") / "it"
    halves(lambda: RandomNetwork(*drawn), *order, cut, file)


class Windows(nd.DynamicsGroup):
    """Reads of windows of seven steps, which is no divisor of anything, and of a delay that is drawn."""

    order = ("A", "kept", "mean", "drawn")

    def __init__(self):
        super().__init__()
        self.A = nd.LIF(3, V_initializer=nd.init.Normal(-60 * mV, 3 * mV))
        self.A.add_current_input("noise", lambda V: 5 * nd.random.normal() * pA)
        windows = {"update_every": 0.7 * ms}
        self.kept = Follower(3, self.A.prefetch_delay("V", 1.4 * ms, update_strategy="hold", **windows))
        self.mean = Follower(3, self.A.prefetch_delay("V", 0.7 * ms, update_strategy="mean", **windows))
        self.drawn = Follower(3, self.A.prefetch_delay("V", nd.init.Uniform(0 * ms, 3 * ms)(3), np.arange(3)))


NETWORKS = {"driven": Driven, "gap junctions": Gapped, "given input": Fed, "plastic": Many, "windows": Windows}
ORDERS = [("interpret", "cpu"), ("cpu", "interpret")]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("name", NETWORKS)
def test_delays_windows_inputs_and_synapses_go_on(tmp_path, name, order):
    for cut in (0, 17) if order == ORDERS[0] else (18,):
        halves(NETWORKS[name], *order, cut, tmp_path / "it")


@pytest.mark.cudasim
def test_a_device_goes_on_and_hands_over(tmp_path):
    for order in (("cpu", "interpret"), ("interpret", "cpu")):
        halves(Driven, *order, 9, tmp_path / "it")


def disturb(sim):
    """Whatever users may have done before: other parameters, seeds, weights, values, first ones and later ones."""
    net = sim.network
    net.E.tau.value = 9 * ms
    net.input.weight.value = 0.5 * mV
    net.inhibit.comm.weight = -0.7 * mV
    sim.reset(seed=77, connectivity=False)
    sim.set(net.excite, "weight", nd.init.Normal(2 * nS, 0.1 * nS))
    sim.set(net.E, "V", -58 * mV)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("cut", [0, 13])
def test_what_was_changed_before_is_in_the_file(tmp_path, order, cut):
    second = halves(Driven, *order, cut, tmp_path / "it", before=disturb)
    assert second.network.E.tau.value == 9 * ms
    assert second.seed == 77


def test_values_of_the_network_may_stay(tmp_path):
    """A state with other parameters, inputs and weights: what is branched off after a warm-up."""
    first = simulator_of(Fed(), 0.1 * ms, "interpret", seed=5)
    first.run(steps(STEPS), progress=False)
    first.save(tmp_path / "warm")
    other = Fed(rows=np.ones((7, 5)) * mV, weight=1 * mV)
    with pytest.raises(CheckpointMismatchError, match="TimedArray"):
        nd.Simulator.load(tmp_path / "warm", other, target="interpret")
    branch = nd.Simulator.load(tmp_path / "warm", other, target="interpret", values="network")
    x = first.get(first.network.E, "x")
    np.testing.assert_array_equal(branch.get(other.E, "x"), x)
    branch.run(steps(1), progress=False)
    assert (branch.get(other.E, "x") > 0.9 * x + 0.9 * mV).all()


def test_recordings_go_on_as_they_were_asked_for(tmp_path):
    def ask(sim):
        E = sim.network.E
        sim.record(E[3:9], "V", every=0.3 * ms, start=1 * ms, stop=3 * ms)
        sim.record(E[3:9], spikes=True)
        sim.record(E, "V", index=[4, 1], every=0.7 * ms)
        sim.record(sim.network.follower, "x", index=[2])

    second = halves(Driven, "interpret", "interpret", 17, tmp_path / "it", record=ask)
    result = second.run(steps(3), progress=False)
    assert result[second.network.E[3:9]].V.shape[1] == 6


class Largest(nd.reduce.Reducer):
    """A reducer of a user."""

    name, variable, spiking = "V_largest", "V", False

    def start(self, scope):
        return Gathering(scope)


class Gathering(nd.reduce.Running):
    def __init__(self, scope):
        super().__init__(scope)
        self.largest = np.full((scope.replicas, scope.elements), -np.inf)

    def add_samples(self, replica, steps, values):
        np.maximum(self.largest[replica], values.max(axis=0), out=self.largest[replica])

    def values(self, reached):
        return nd.reduce.Reduced("V_largest", self.largest, self.scope.dimension)


def test_reducers_of_users_are_asked_for_again(tmp_path):
    def ask(sim):
        sim.record(sim.network.E, Largest())
        return sim

    whole = ask(watched(simulator_of(Driven(), 0.1 * ms, "interpret", seed=5)))
    whole.run(steps(7), progress=False)
    whole.save(tmp_path / "it")
    again = ask(nd.Simulator.load(tmp_path / "it", Driven(), target="interpret"))
    found, expected = (sim.run(steps(9), progress=False)[sim.network.E].V_largest for sim in (again, whole))
    np.testing.assert_array_equal(found, expected)


def test_a_progress_report_may_save(tmp_path):
    """Between two chunks, in the middle of a run."""
    whole, sim = (watched(simulator_of(Driven(), 0.1 * ms, "interpret", seed=5)) for _ in range(2))
    result = whole.run(steps(STEPS), progress=False)

    class Saves(NullProgress):
        def advance(self, number):
            if not (tmp_path / "it").exists():
                sim.save(tmp_path / "it")

    same(sim.run(steps(STEPS), progress=Saves()), result)
    second = nd.Simulator.load(tmp_path / "it", Driven(), target="interpret")
    second.run(steps(STEPS) - second.t, progress=False)
    for number in range(len(sim.step.states)):
        np.testing.assert_array_equal(sim._values(number), second._values(number))


# ---- batches ---------------------------------------------------------------------------------------------------------


def vary(sim):
    """Replicas that differ in parameters, inputs and weights, with other seeds than their synapses."""
    if "source" in vars(sim.network):
        sim.batch["source.spikes"] = [([0], [1] * ms), ([1, 2], [2, 3] * ms)]
        sim.batch["send.weight"] = [1, 2] * mV
    else:
        sim.batch["E.tau"], sim.batch["inhibit.weight"] = [9, 15] * ms, [-0.1, -0.4] * mV
        sim.reset(seed=[9, 30], connectivity=False)


@pytest.mark.parametrize("shared", [None, "connectivity"])
@pytest.mark.parametrize(("make", "order"), [(Driven, ORDERS[0]), (Fed, ORDERS[1])])
def test_a_batch_goes_on_as_a_batch(tmp_path, make, order, shared):
    whole, first = (nd.Simulator(make(), dt=0.1 * ms, target=order[0], batch=2, shared=shared) for _ in range(2))
    for sim in (whole, first):
        vary(sim)
        states_and_spikes(sim)
        sim.run(steps(12), progress=False)
    first.save(tmp_path / "it")
    second = nd.Simulator.load(tmp_path / "it", make(), target=order[1])
    result, expected = (sim.run(steps(20), progress=False) for sim in (second, whole))
    same(result, expected)
    assert result.coords.keys() == expected.coords.keys()
    with pytest.raises(CheckpointMismatchError, match="a batch of 2 replicas; a batch of 3"):
        nd.Simulator.load(tmp_path / "it", make(), batch=3)


RULES = [nd.FixedProb(20, 8, prob=prob, weight=1 * nS) for prob in (0.1, 0.4)]


def of_rules(target="interpret"):
    sim = nd.Simulator(Driven(), dt=0.1 * ms, target=target, batch=2)
    sim.batch["excite.comm"] = RULES
    sim.batch["excite.weight"], sim.batch["E.tau"] = [2, 3] * nS, [9, 15] * ms
    return watched(sim)


def of_networks(target="interpret"):
    sim = nd.Simulator(Built(2), dt=0.1 * ms, target=target)
    return watched(bind_networks(sim, [sim.network, Built(0), Built(1)], [3, 8, 4], {"k": [2, 0, 1]}))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_replicas_of_other_rules_go_on(tmp_path, order):
    first, whole = of_rules(order[0]), of_rules(order[0])
    expected = [sim.run(steps(20), progress=False) for sim in (first, whole, whole)][-1]
    first.save(tmp_path / "it")
    again = nd.Simulator.load(tmp_path / "it", Driven(), target=order[1], varied={"excite.comm": RULES})
    same(again.run(steps(20), progress=False), expected)
    with pytest.raises(CheckpointMismatchError, match=r"(?s)differ in excite.comm.*varied=\{'excite.comm': "):
        nd.Simulator.load(tmp_path / "it", Driven(), target="interpret")
    with pytest.raises(InvalidParameterError, match="varied is 3, which names nothing"):
        nd.Simulator.load(tmp_path / "it", Driven(), target="interpret", varied=3)
    with pytest.raises(CheckpointMismatchError, match=r"varied has 'E.tau', .* but for excite\.comm"):
        nd.Simulator.load(tmp_path / "it", Driven(), target="interpret", varied={"excite.comm": RULES, "E.tau": 3})
    with pytest.raises(CheckpointMismatchError, match=r"excite has other synapses"):
        nd.Simulator.load(tmp_path / "it", Driven(), target="interpret", varied={"excite.comm": RULES[::-1]})


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_replicas_that_are_networks_of_their_own_go_on(tmp_path, order):
    first, whole = of_networks(order[0]), of_networks(order[0])
    for sim in (first, whole):
        sim.run(steps(11), progress=False)
        sim._networks[1].E.tau.value = 31 * ms
        sim.set(sim.network.excite, "weight", 2 * nS)
    expected = [sim.run(steps(9), progress=False) for sim in (first, whole, whole)][-1]
    first.save(tmp_path / "it")
    networks = [Built(k) for k in (2, 0, 1)]
    again = nd.Simulator.load(tmp_path / "it", networks, target=order[1])
    assert networks[1].E.tau.value == 31 * ms
    result = again.run(steps(9), progress=False)
    same(result, expected)
    assert result.coords["k"].tolist() == [2, 0, 1]
    for some, said in (
        (networks[0], "is of 3 networks"),
        (networks[:2], "there are 2"),
        (networks[::-1], "V_delay is"),
    ):
        with pytest.raises(CheckpointMismatchError, match=said):
            nd.Simulator.load(tmp_path / "it", some, target="interpret")
    of_rules().save(tmp_path / "one")
    with pytest.raises(CheckpointMismatchError, match="is of one network; 3 are given"):
        nd.Simulator.load(tmp_path / "one", networks)


def test_one_state_goes_into_all_replicas(tmp_path):
    """Replica 0 goes on as the network that was saved; the others from the same state with draws of their own."""
    alone = watched(simulator_of(Driven(), 0.1 * ms, "interpret", seed=5))
    alone.run(steps(20), progress=False)
    alone.save(tmp_path / "it")
    many = nd.Simulator.load(tmp_path / "it", Driven(), target="cpu", batch=3)
    assert many.batch.seeds.tolist() == [5, 6, 7]
    V = many.get(many.network.E, "V")
    assert np.ptp(V.magnitude, axis=0).max() == 0
    other = nd.Simulator.load(tmp_path / "it", Driven(), target="interpret", seed=7)
    result = many.run(steps(20), progress=False)
    same(result.replica(0), alone.run(steps(20), progress=False))
    same(result.replica(2), other.run(steps(20), progress=False))
    assert not np.array_equal(result[many.network.E].V[0], result[many.network.E].V[1])


def test_weights_that_are_varied_after_a_trial_with_old_synapses_keep_these():
    """The seed of what is drawn in a step is another one then."""
    sims = [nd.Simulator(Driven(), dt=0.1 * ms, target="interpret", batch=2) for _ in range(2)]
    sims[0].reset(seed=[9, 30], connectivity=False)
    for sim in sims:
        sim.batch["inhibit.weight"] = [-0.1, -0.4] * mV
    sims[1].reset(seed=[9, 30], connectivity=False)
    found = [sim._table_sums.of(sim._synapses) for sim in sims]
    assert found[0] == found[1]


# ---- what does not fit -----------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    sim = simulator_of(Driven(), 0.1 * ms, "interpret", seed=5)
    sim.run(steps(3), progress=False)
    sim.save(tmp_path / "it")
    return tmp_path / "it"


def test_another_structure_is_refused_with_what_differs(file):
    class Larger(Driven):
        def __init__(self):
            super().__init__()
            self.more = nd.LIF(2)

    Larger.__name__ = "Driven"
    with pytest.raises(CheckpointMismatchError, match=r"Driven\.more\.V") as caught:
        nd.Simulator.load(file, Larger(), target="interpret")
    assert "nothing" in str(caught.value)
    with pytest.raises(CheckpointMismatchError, match="another network"):
        nd.Simulator.load(file, Gapped(), target="interpret")


def test_what_differs_is_said_in_words(tmp_path):
    """A parameter that has become an array changes numbers of operations, but no state."""
    sim = nd.Simulator(nd.LIF(3), dt=0.1 * ms, target="interpret")
    sim.save(tmp_path / "it")
    with pytest.raises(CheckpointMismatchError, match=r"param\(LIF\.tau\) : real\[3\] ms"):
        nd.Simulator.load(tmp_path / "it", nd.LIF(3, tau=[1, 2, 3] * ms), target="interpret")
    with pytest.raises(CheckpointMismatchError, match=r"LIF\.V : real\[3\] mV\n.*real\[4\] mV"):
        nd.Simulator.load(tmp_path / "it", nd.LIF(4), target="interpret")
    with pytest.raises(UnknownOptionError, match=r"Simulator\.load has no argument 'targt'"):
        nd.Simulator.load(tmp_path / "it", nd.LIF(3), targt="cpu")


def test_a_newer_format_is_refused_with_the_version_that_wrote_it(file, monkeypatch):
    sim = nd.Simulator.load(file, Driven(), target="interpret")
    with monkeypatch.context() as patch:
        patch.setattr(container, "VERSION", 2)
        sim.save(file)
    with pytest.raises(CheckpointDamagedError, match=r"has version 2 .* versions up to 1") as caught:
        nd.Simulator.load(file, Driven(), target="interpret")
    assert f"Install numbadyn {nd.__version__}" in caught.value.cure


def test_other_synapses_and_another_precision_are_refused(file):
    net = Driven()
    net.excite.comm.prob = 0.5
    with pytest.raises(CheckpointMismatchError, match=r"Driven\.excite has other synapses"):
        nd.Simulator.load(file, net, target="interpret")
    with pytest.raises(CheckpointMismatchError, match="64 bits"):
        nd.Simulator.load(file, Driven(), precision=32)
    with pytest.raises(TargetError, match="'mine'"):
        nd.Simulator.load(file, Driven(), values="mine")


def test_files_that_are_not_there(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("nowhere", "no/where", ""):
        with pytest.raises((CheckpointMissingError, CheckpointFolderError)):
            nd.Simulator.load(name, Driven(), target="interpret")
    with pytest.raises(FileNotFoundError, match=r"There is no checkpoint it\.old") as caught:
        nd.Simulator.load("it.old", Driven(), target="interpret")
    assert str(tmp_path / "it.old") in caught.value.cure
    (tmp_path / "it.recorded").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder") as caught:
        nd.Simulator.load("it.recorded", Driven(), target="interpret")
    assert caught.value.cure == "Give 'it', which is there."
    file.rename(tmp_path / "it.before")
    with pytest.raises(CheckpointMissingError) as caught:
        nd.Simulator.load("it", Driven(), target="interpret")
    assert caught.value.cure == "Give 'it.before', which is there."


def test_any_change_of_a_byte_is_noticed(file):
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    places = {0, 1, len(whole) - 1, len(whole) - 64, *rng.integers(0, len(whole), 40).tolist()}
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointDamagedError, match="no whole checkpoint"):
            nd.Simulator.load(file, Driven(), target="interpret")
        file.write_bytes(whole[:place])
        with pytest.raises(CheckpointDamagedError, match="no whole checkpoint"):
            nd.Simulator.load(file, Driven(), target="interpret")
    file.write_bytes(whole + b"more")
    with pytest.raises(CheckpointDamagedError):
        nd.Simulator.load(file, Driven(), target="interpret")
    file.write_bytes(whole)
    assert nd.Simulator.load(file, Driven(), target="interpret").t > 0.2 * ms


def test_numpy_opens_it_and_nothing_is_run(file):
    with np.load(file, allow_pickle=False) as arrays:
        header = json.loads(arrays["header.json"])
        voltage = arrays[f"states/{header['states'].index('Driven.E.V')}"]
    assert voltage.shape == (1, 20)
    assert (header["version"], header["step"], header["seeds"]) == (1, 3, [5])


def test_what_cannot_be_written_is_named_and_the_old_file_stays(file, tmp_path, monkeypatch):
    sim = nd.Simulator.load(file, Driven(), target="interpret")
    with pytest.raises(CheckpointWriteError, match="No such file"):
        sim.save(tmp_path / "no" / "it")
    with pytest.raises(CheckpointWriteError):
        sim.save(tmp_path)
    sim.run(steps(1), progress=False)

    def full(_number):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CheckpointWriteError, match="No space left"):
            sim.save(file)
    assert [path.name for path in tmp_path.iterdir()] == ["it"]
    assert nd.Simulator.load(file, Driven(), target="interpret").t < sim.t
    sim.save(file)
    assert nd.Simulator.load(file, Driven(), target="interpret").t == sim.t
