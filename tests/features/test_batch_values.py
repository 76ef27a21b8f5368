"""A batch as users say it: what differs by path or by object, when it counts, and what is refused by name."""

import numpy as np
import pytest
from quantities import ms, mV, nS, s

import numbadyn as nd
from numbadyn.errors import (
    BatchLengthError,
    ConnectivityError,
    CoordinateError,
    DelayError,
    DimensionError,
    FixedAttributeError,
    InvalidParameterError,
    NoBatchError,
    NoEffectError,
    ShapeError,
    StructureError,
    TargetError,
    UnknownPathError,
    UnsupportedFeatureError,
)
from tests.features.both import recorded
from tests.features.test_replicas import SEEDS, Driven, Fed, Gapped, bound
from tests.targets import simulator_of


def test_entries_are_given_by_path_or_by_object_and_read_back():
    net = Driven()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=3, seed=7)
    assert sim.batch["seed"].tolist() == [7, 8, 9]
    assert (sim.batch["E.tau"] == [12, 12, 12] * ms).all()
    for what in ("E.tau", "Driven.E.tau", net.E.tau, (net.E, "tau")):
        sim.batch[what] = [0.01, 0.02, 0.02] * s
        assert list(sim.batch.coords) == ["seed", "E.tau"]
    assert sim.batch[net.E.tau].tolist() == [0.01, 0.02, 0.02]
    assert sim.batch[net.E.tau].units == s
    rows = np.arange(60.0).reshape(3, 20) * ms + 1 * ms
    sim.batch["E.tau"] = rows
    np.testing.assert_array_equal(sim.batch["E.tau"], rows)
    sim.batch["excite.syn.tau"] = [1, 2, 3] * ms
    sim.batch["excite.delay"] = [0.1 * ms, nd.init.Uniform(0.1 * ms, 1 * ms), np.full((20, 1), 0.3) * ms]
    sim.batch["E.V"] = [-60 * mV, nd.init.Normal(-60 * mV, 1 * mV), -61 * mV]
    coords = sim.batch.coords
    assert list(coords) == ["seed", "E.tau", "I.Expon.tau", "excite.delay", "E.V"]
    assert all(len(values) == 3 for values in coords.values())
    assert coords["E.tau"].tolist() == ["array of shape (20,)"] * 3
    assert coords["excite.delay"][0] == "0.1 ms"
    assert "Uniform" in coords["excite.delay"][1]
    assert [np.unique(delays).size > 1 for delays in sim.batch["excite.delay"]] == [False, True, False]
    assert "Batch of 3 replicas: seed = [7 8 9]" in repr(sim.batch)


@pytest.mark.parametrize("batch", [1, 3])
def test_results_select_by_coordinates(batch):
    net = Gapped()
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=batch, seed=2**64 - 2)
    sim.batch["E.tau"] = [10, 0.1 + 0.2, 10][:batch] * ms
    sim.record(net.E, "V", spikes=True)
    result = sim.run(5 * ms)
    assert result.batch == batch
    assert result.coords["seed"].tolist() == [2**64 - 2, 2**64 - 1, 0][:batch]
    assert f"a batch of {batch} over seed, E.tau" in repr(result)
    same = result.sel(tau=0.01 * s)
    assert same.coords["seed"].tolist() == [2**64 - 2, 0][: (batch + 1) // 2]
    for number, place in enumerate([0, 2][: same.batch]):
        for name, values in recorded(result.replica(place)).items():
            np.testing.assert_array_equal(recorded(same.replica(number))[name], values)
    np.testing.assert_array_equal(same[net.E].spikes.counts[0], result.replica(0)[net.E].spikes.counts)
    assert result.replica(-1).coords["E.tau"] == result.coords["E.tau"][-1]
    assert result.replicas([0, 0]).coords["E.tau"].tolist() == [10.0, 10.0]
    with pytest.raises(CoordinateError, match=r"(?s)no coordinate 'taus'.*'E.tau'"):
        result.sel(taus=1 * ms)
    with pytest.raises(CoordinateError, match=r"(?s)No replica has E.tau = 11.*values of E.tau are"):
        result.sel(tau=11 * ms)
    with pytest.raises(CoordinateError, match=f"no replica {batch} in a batch of {batch}"):
        result.replica(batch)
    if batch == 3:
        assert result.sel({"E.tau": 0.3 * ms}, seed=2**64 - 1).batch == 1
        assert result.sel(tau=[0.3, 10] * ms).batch == 3
        with pytest.raises(CoordinateError, match="and the other values"):
            result.sel(tau=0.3 * ms, seed=0)
    with pytest.raises(DimensionError, match=r"The value of E\.tau"):
        result.sel(tau=1 * mV)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_what_is_given_between_runs_counts_from_then_on(target):
    """Parameters, inputs and weights from the next run on; first values from the next reset on."""
    net = Fed()
    sim = bound(net, SEEDS, target=target)
    sim.record(net.E, "x")
    others = [nd.Simulator(Fed(), dt=0.1 * ms, target=target, seed=seed) for seed in SEEDS]
    rows = [np.ones((3, 5)) * mV, np.full((9, 5), 3.0) * mV]
    for single in others:
        single.record(single.network.E, "x")
        single.run(3 * ms)
    sim.run(3 * ms)
    sim.batch["table"], sim.batch["send.weight"] = rows, [1, 7] * mV
    sim.batch["E.x"] = [5, 6] * mV
    for single, table, weight in zip(others, rows, [1, 7], strict=True):
        single.network.table.values, single.network.send.comm.weight = table, weight * mV
    result = sim.run(3 * ms)
    for number, single in enumerate(others):
        own = recorded(single.run(3 * ms))["Fed.E.x"]
        np.testing.assert_array_equal(recorded(result.replica(number))["Fed.E.x"], own)
    with pytest.raises(UnsupportedFeatureError, match=r"(?s)Fed.send.delay.*has run for 6 ms.*sim.reset\(\)"):
        sim.batch["send.delay"] = [1, 2] * ms
    sim.reset(seed=[4, 9])
    sim.batch["send.delay"] = [1, 2] * ms
    assert sim.get(net.E, "x").magnitude[:, 0].tolist() == [5.0, 6.0]
    result = sim.run(6 * ms)
    assert result.coords["seed"].tolist() == [4, 9]
    for number, (seed, table, weight) in enumerate(zip([4, 9], rows, [1, 7], strict=True)):
        single = nd.Simulator(Fed(table, weight=weight * mV, delay=(number + 1) * ms), 0.1 * ms, target, seed=seed)
        single.record(single.network.E, "x")
        single.set(single.network.E, "x", (5 + number) * mV)
        np.testing.assert_array_equal(
            recorded(result.replica(number))["Fed.E.x"], recorded(single.run(6 * ms))["Fed.E.x"]
        )


def test_shared_connectivity_is_kept_once_where_nothing_differs():
    net = Driven()
    sim = bound(net, SEEDS, {"excite.weight": [1, 2] * nS}, "interpret", "connectivity")
    first, second = sim._synapses
    assert first[0].targets is second[0].targets
    assert first[1] is second[1]
    alone = nd.Simulator(Driven(), dt=0.1 * ms, target="interpret", seed=SEEDS[0])
    np.testing.assert_array_equal(first[0].targets, alone.tables[0].targets)
    sim.compile()
    sim.batch["inhibit.weight"] = [-1, -2] * mV
    assert [np.unique(w).tolist() for w in sim.get(net.inhibit, "weight")] == [[-1.0], [-2.0]]


def test_what_cannot_differ_is_refused_by_name():
    net, other = Driven(), nd.init_all_states(Driven())
    net.unread = nd.TimedArray(np.zeros(3) * mV, dt=1 * ms)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret", batch=2)
    taus = [10, 20] * ms
    with pytest.raises(UnknownPathError, match=r"(?s)'E.taus' names nothing.*The nearest are 'E.tau'") as caught:
        sim.batch["E.taus"] = taus
    assert caught.value.values["nearest"][0] == "E.tau"
    with pytest.raises(UnknownPathError, match=r"(?s)'E' is a Cell, which has several.*'E.tau'"):
        sim.batch["E"] = taus
    for path in ("E.in_size", "E.varshape", "order"):
        with pytest.raises(StructureError, match=r"(?s)part of the structure.*Sweep over it"):
            sim.batch[path] = [1, 2]
    with pytest.raises(StructureError, match=r"(?s)prob is an argument of the rule.*sim.batch\['excite.comm'\]"):
        sim.batch["excite.comm.prob"] = [0.1, 0.2]
    for what in (other.E.tau, other.E.V):
        with pytest.raises(NoEffectError, match="belongs to another network than Driven"):
            sim.batch[what] = taus
    for what in ("unread", net.unread, nd.TimedArray([1.0, 2.0] * mV, dt=1 * ms)):
        with pytest.raises(NoEffectError, match="No step reads"):
            sim.batch[what] = [np.ones(3) * mV, np.ones(3) * mV]
    with pytest.raises(UnsupportedFeatureError, match="cannot differ"):
        sim.batch[3] = taus
    for entries in (10 * ms, taus[:1], [10, 20, 30] * ms, "ab", {1: 2, 3: 4}):
        with pytest.raises(BatchLengthError, match="for a batch of 2 replicas"):
            sim.batch["E.tau"] = entries
    with pytest.raises(FixedAttributeError, match="'batch' is assigned"):
        sim.batch = 3
    with pytest.raises(NoBatchError, match=r"(?s)no batch.*batch=4"):
        nd.Simulator(Gapped(), dt=0.1 * ms, target="interpret").batch["E.tau"] = taus


def test_entries_that_do_not_fit_name_the_replica():
    net = Driven()
    sim = bound(net, SEEDS, target="interpret")
    for path, entries, error in (
        ("E.tau", [10 * ms, -3 * ms], InvalidParameterError),
        ("E.tau", [10 * ms, 3 * mV], DimensionError),
        ("E.V", [10 * mV, 3 * ms], DimensionError),
        ("excite.weight", [1 * nS, 3 * ms], DimensionError),
        ("excite.weight", [1 * nS, -3 * nS], nd.errors.NegativeConductanceError),
        ("excite.delay", [1 * ms, 3 * mV], DimensionError),
        ("excite.delay", [1 * ms, -3 * ms], DelayError),
        ("excite.delay", [1 * ms, None], DelayError),
        ("E.V", [-60 * mV, [-60, -61] * mV], ShapeError),
        ("excite.comm", [net.excite.comm, nd.FixedProb(20, 9, prob=0.1, weight=1 * nS)], ShapeError),
        ("excite.comm", [net.excite.comm, nd.FixedProb(20, 8, prob=0.1, weight=1 * ms)], DimensionError),
        ("excite.comm", [net.excite.comm, 0.3], ConnectivityError),
    ):
        with pytest.raises(error, match=r"(?s)where: .* of replica 1"):
            sim.batch[path] = entries
    assert list(sim.batch.coords) == ["seed"]
    sim.batch["E.tau"] = [10 * ms, np.ones(20) * ms]
    with pytest.raises(ShapeError, match=r"(?s)was a single value.*of replica 1"):
        sim.run(1 * ms)
    sim.batch["E.tau"] = [10 * ms, nd.init.Uniform(-9 * ms, -1 * ms)]
    with pytest.raises(InvalidParameterError, match=r"(?s)Driven.E.tau.*of replica 1"):
        sim.run(1 * ms)


def test_a_batch_that_cannot_be_made():
    for options, text in (
        ({"batch": 0}, "batch is 0"),
        ({"batch": True}, "batch is True"),
        ({"batch": 10**9}, "batch is 1000000000"),
        ({"batch": [1, 2]}, r"batch is \[1, 2\]"),
        ({"batch": 2.0}, "batch is 2.0"),
        ({"shared": "connectivity"}, "without a batch"),
        ({"batch": 2, "shared": "synapses"}, "shared is 'synapses'"),
        ({"seed": [1, 2]}, r"seed is \[1, 2\]"),
        ({"batch": 2, "seed": [1, -2]}, "seed is -2"),
        ({"batch": 2, "seed": None}, "seed is None"),
    ):
        with pytest.raises(TargetError, match=text):
            nd.Simulator(Gapped(), dt=0.1 * ms, target="interpret", **options)
    with pytest.raises(BatchLengthError, match="3 seeds for a batch of 2"):
        nd.Simulator(Gapped(), dt=0.1 * ms, target="interpret", batch=2, seed=[1, 2, 3])


def test_one_replica_is_explained_and_its_synapses_are_listed():
    net = Driven()
    sim = bound(net, SEEDS, {"E.tau": [10, 20] * ms, "lag": [0.3, 2.9] * ms, "excite.delay": [0.4, 1.5] * ms})
    first, second = (sim.explain(replica=replica) for replica in range(2))
    assert first.startswith("Replica 0 of a batch of 2: seed = 3, E.tau = 10.0 ms")
    assert "Driven.excite: 4 steps (0.4 ms)" in sim.explain()
    assert "Driven.excite: 15 steps (1.5 ms)" in second
    assert "28 steps before the last one (2.8 ms)" in second
    for replica, seed in enumerate(SEEDS):
        single = nd.Simulator(Driven(), dt=0.1 * ms, seed=seed)
        edges, own = sim.edges(net.excite, replica), single.edges(single.network.excite)
        np.testing.assert_array_equal(edges.pre, own.pre)
        np.testing.assert_array_equal(edges.post, own.post)
        np.testing.assert_array_equal(edges.weight, own.weight)
        assert np.unique(edges.delay).tolist() == [[0.4, 1.5][replica]]
    np.testing.assert_array_equal(sim.edges(net.excite).pre, sim.edges(net.excite, 0).pre)
    with pytest.raises(UnsupportedFeatureError, match="has no synapses"):
        sim.edges(net.E)


def test_what_differs_no_longer_is_that_of_the_model_again():
    net = Driven()
    sim = bound(net, SEEDS, {"E.tau": [10, 20] * ms, "excite.weight": [1, 2] * nS, "excite.delay": [0.4, 1.5] * ms})
    sim.compile()
    sim.run(1 * ms)
    sim.reset()
    del sim.batch["E.tau"], sim.batch["excite.delay"]
    assert list(sim.batch.coords) == ["seed", "excite.weight"]
    assert (sim.batch["excite.weight"] == [1, 2] * nS).all()
    del sim.batch[net.excite, "weight"]
    with pytest.raises(UnknownPathError, match="What differs is: nothing"):
        del sim.batch["E.tau"]
    sim.record(net.I, "V")
    found = sim.run(4 * ms)
    for replica, seed in enumerate(SEEDS):
        single = nd.Simulator(Driven(), dt=0.1 * ms, seed=seed)
        single.record(single.network.I, "V")
        np.testing.assert_array_equal(found.replica(replica)[net.I].V, single.run(4 * ms)[single.network.I].V)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_replicas_are_connected_by_rules_of_their_own(target):
    net, others = Driven(), [Driven(), Driven()]
    weight = nd.init.Normal(3 * nS, 0.5 * nS)
    rules = [nd.FixedProb(20, 8, prob=0.7, weight=weight), nd.AllToAll(20, 8, weight=2 * nS)]
    sim = bound(net, SEEDS, {"excite.weight": [1, 2] * nS, "excite.comm": rules}, target)
    assert list(sim.batch.coords) == ["seed", "excite.comm"]
    assert "FixedProb" in sim.batch.coords["excite.comm"][0]
    assert sim.batch["excite.comm"] == rules
    sim.record(net.I, "V", spikes=True)
    result = sim.run(20 * ms)
    for replica, (seed, other, rule) in enumerate(zip(SEEDS, others, rules, strict=True)):
        other.excite._delivery.rule = rule
        single = nd.Simulator(other, dt=0.1 * ms, seed=seed, target=target)
        single.record(other.I, "V", spikes=True)
        for name, values in recorded(single.run(20 * ms)).items():
            np.testing.assert_array_equal(recorded(result.replica(replica))[name], values)
    with pytest.raises(UnsupportedFeatureError, match="share their synapses"):
        bound(Driven(), SEEDS, {"excite.comm": rules}, "interpret", "connectivity")


def test_what_differs_is_saved_and_loaded(tmp_path):
    """Distributions as the values that were drawn from them."""
    net = Driven()
    given = {
        "E.tau": [10, 20] * ms,
        "lag": [0.3, 1.2] * ms,
        "excite.weight": [1 * nS, nd.init.Normal(3 * nS, 0.5 * nS)],
        "excite.delay": [1 * ms, nd.init.Uniform(0.1 * ms, 2 * ms)],
        "E.V": [-60 * mV, nd.init.Normal(-60 * mV, 1 * mV)],
    }
    sim = bound(net, SEEDS, given, "interpret")
    sim.run(2 * ms)
    sim.save(tmp_path / "now")
    again = nd.Simulator.load(tmp_path / "now", Driven(), target="interpret")
    assert list(again.batch.coords) == ["seed", *given]
    again.run(3 * ms)
    sim.run(3 * ms)
    np.testing.assert_array_equal(again.get(again.network.I, "V"), sim.get(net.I, "V"))


def values_of_all_kinds(target, shared):
    """What replicas of a batch give that differ in whatever there is, before and after changes between runs."""
    net = Fed()
    sim = simulator_of(net, 0.1 * ms, target, batch=2, seed=list(SEEDS), shared=shared)
    sim.record(net.E, "x")
    sim.batch["table"] = [np.arange(15.0).reshape(3, 5) * mV, np.ones((7, 5)) * mV]
    sim.batch["source.spikes"] = [([0, 1], [0.1, 0.2] * ms), ([3, 2, 0], [0.3, 0.3, 0.9] * ms)]
    sim.batch["send.weight"] = [2 * mV, nd.init.Normal(1 * mV, 0.2 * mV)]
    sim.batch["send.delay"] = [0.2, 0.7] * ms
    sim.batch["E.x"] = [1, 2] * mV
    results = [sim.run(0.6 * ms)]
    sim.batch["send.weight"] = [-1, 4] * mV
    sim.set(net.send, "weight", 3 * mV, replica=1)
    sim.set(net.E, "x", 7 * mV, replica=0)
    results.append(sim.run(0.6 * ms))
    del sim.reset(seed=[5, 6]).batch["send.delay"]
    if shared is None:
        sim.batch["send.comm"] = [nd.AllToAll(4, 5, weight=1 * mV), nd.FixedProb(4, 5, prob=0.3, weight=2 * mV)]
    return [*results, sim.run(0.6 * ms)]


@pytest.mark.cudasim
@pytest.mark.parametrize("shared", [None, "connectivity"])
def test_compiled_replicas_differ_in_what_those_of_the_interpreter_differ_in(shared):
    found, expected = (values_of_all_kinds(target, shared) for target in ("cpu", "interpret"))
    for own, other in zip(found, expected, strict=True):
        values = recorded(own)
        assert (values["Fed.E.x"][0] != values["Fed.E.x"][1]).any()
        for name, array in recorded(other).items():
            np.testing.assert_array_equal(values[name], array)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_replicas_are_given_other_values_in_a_call_that_a_run_makes(target):
    """A call in the middle of a run does what is done between two runs."""
    rows = [np.ones((3, 5)) * mV, np.full((9, 5), 3.0) * mV]
    found = []
    for called in (True, False):
        net = Fed()
        sim = bound(net, SEEDS, {"send.weight": [1, 2] * mV}, target)
        sim.record(net.E, "x")

        def change(sim=sim):
            if round(float(sim.t)) == 2:
                sim.batch["table"], sim.batch["send.weight"] = rows, [3, 4] * mV
                with pytest.raises(UnsupportedFeatureError, match="sorted by"):
                    sim.batch["send.delay"] = [1, 2] * ms

        if called:
            found.append(sim.run(4 * ms, every=1 * ms, call=change)[net.E].x.magnitude)
        else:
            first = sim.run(2 * ms)[net.E].x.magnitude
            change()
            found.append(np.concatenate([first, sim.run(2 * ms)[net.E].x.magnitude], axis=1))
    np.testing.assert_array_equal(*found)
