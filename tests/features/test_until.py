"""A run ends behind the first step where its condition holds, on every target with the same bits; runs without one are
what they were.
"""

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from numbadyn import errors
from tests.errors.models import refused
from tests.features.agreement import assert_same, recorded
from tests.features.small_network import Small, simulator, watch
from tests.targets import COMPILED, simulator_of

SIMULATED_TOO = pytest.mark.cudasim


def threshold(net, at=-53.5 * mV):
    return lambda: net.A.V.mean() > at


CONDITIONS = {
    "counts and states": lambda net: (
        lambda: (
            (nd.spike_count(net.A[:3]) > 0)
            & (nd.spike_count(net.B) >= 7)
            & (net.B.V.max() < net.A.V).any()
            & (net.excite.syn.g.sum() > 1 * nS)
        )
    ),
    "outputs": lambda net: (
        lambda: (
            (net.B.output_delay()().sum() >= 2)
            & (net.A.V.max() > net.A.V_th - 3 * mV)
            & (nd.environ.get("t") > 2.05 * ms)
        )
    ),
}


@pytest.mark.parametrize("name", ["counts and states", pytest.param("outputs", marks=SIMULATED_TOO)])
def test_targets_end_at_one_step_with_one_state(name):
    found = []
    for target in ("interpret", "cpu"):
        sim = simulator(target)
        runs = [sim.run(30 * ms, until=CONDITIONS[name](sim.network)) for _ in range(2)]
        assert runs[0].ended == "until"
        found.append([*runs, sim.run(2 * ms)])  # goes on, without a condition
        assert found[-1][2].ended == "duration"
    for one, other in zip(*found, strict=True):
        assert (one.first, one.last, one.ended) == (other.first, other.last, other.ended)
        assert_same(other, one)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_it_holds_behind_the_last_step_and_behind_none_before(target):
    whole = simulator(target)
    free = whole.run(10 * ms)
    mean = free[whole.network.A].V.magnitude.mean(axis=1)  # at the starts of steps: behind those before
    at = float(np.sort(mean[1:])[-9])
    sim = simulator(target)
    ended = sim.run(10 * ms, until=lambda: sim.network.A.V.mean() > at * mV)
    assert ended.last == 1 + int(np.flatnonzero(mean[1:] > at)[0])
    rest = sim.run(10 * ms - ended.duration)
    pieces, expected = [recorded(ended), recorded(rest)], recorded(free)
    for key, array in expected.items():
        np.testing.assert_array_equal(np.concatenate([piece[key] for piece in pieces]), array, err_msg=key)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_what_holds_already_is_looked_at_behind_the_first_step(target):
    sim = simulator(target)
    always = sim.run(5 * ms, until=lambda: sim.network.A.V.mean() > -200 * mV)
    assert (always.ended, always.last, always[sim.network.A].V.shape[0]) == ("until", 1, 1)
    never = sim.run(5 * ms, until=lambda: sim.network.A.V.mean() > 200 * mV)
    assert (never.ended, never.duration) == ("duration", 5 * ms)


def test_an_error_comes_before_the_condition():
    class Wild(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(1.0)

        def update(self):
            self.x.value = self.x * 1e100

    for target in ("interpret", COMPILED):
        wild = Wild(2)
        sim = simulator_of(wild, 1 * ms, target)
        with pytest.raises(errors.NonFiniteStateError) as caught:
            sim.run(20 * ms, until=lambda wild=wild: wild.x.max() > 1e305)
        assert caught.value.result.last == 4, target


@pytest.mark.skipif(COMPILED != "cpu", reason="asks what the processor compiles")
def test_another_number_compiles_nothing_and_no_condition_is_the_plain_program(monkeypatch):
    sim = simulator()
    net = sim.network
    plain = sim.source
    loaded = []
    make = sim._make_machine
    monkeypatch.setattr(type(sim), "_make_machine", lambda self: loaded.append(1) or make())
    for level in (-49, -48.5, -48) * mV:
        sim.run(1 * ms, until=threshold(net, level))
    assert len(loaded) == 1, "one machine serves all numbers"
    assert sim.source != plain
    sim.run(1 * ms)
    assert sim.source == plain
    program = sim.program
    sim.run(1 * ms, until=threshold(net))
    sim.run(1 * ms)
    assert sim.program is program, "programs are taken up again"


def test_what_is_recorded_later_is_known_to_conditions():
    sims = [simulator_of(Small(), 0.1 * ms, target, seed=1) for target in ("interpret", COMPILED)]
    results = []
    for sim in sims:
        sim.run(1 * ms, until=threshold(sim.network))
        watch(sim)
        results.append(sim.run(20 * ms, until=lambda net=sim.network: nd.spike_count(net.B) >= 3))
    assert results[0].ended == "until"
    assert results[0][sims[0].network.B].spikes.count >= 3
    assert_same(results[1], results[0])


@pytest.mark.parametrize("target", ["interpret", pytest.param("cpu", marks=SIMULATED_TOO)])
def test_replicas_end_together_when_it_holds_in_one(target):
    alone = [simulator(target, seed=seed) for seed in (1, 2)]
    last = [sim.run(30 * ms, until=lambda net=sim.network: nd.spike_count(net.B) >= 5).last for sim in alone]
    sim = watch(simulator_of(Small(), 0.1 * ms, target, batch=2, seed=[1, 2]))
    batch = sim.run(30 * ms, until=lambda: nd.spike_count(sim.network.B) >= 5)
    assert (batch.ended, batch.last) == ("until", min(last))


def test_a_forecast_is_not_ended_by_the_condition_of_the_run_before():
    sim = simulator("interpret")
    sim.run(1 * ms, until=lambda: sim.network.A.V.mean() > -200 * mV)
    assert "until" in sim.explain()
    assert sim.forecast(100 * ms).steps == 1000
    assert "until" not in sim.explain(), "the trial has made steps of the plain program"
    assert sim.t == 0.1 * ms


def test_what_is_no_condition_is_refused():
    net, other = Small(), Small()
    nd.init_all_states(other)
    late = net.A.prefetch_delay("V", 1 * ms)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")

    def writing():
        net.A.V.value = -60 * mV
        return net.A.V.mean() > -50 * mV

    cases = [
        (True, "until is True, which cannot be called", "lambda"),
        (net.A.V.value.mean() > -50 * mV, "cannot be called", "lambda"),
        (lambda net: net.A.V.mean() > 0 * mV, "without arguments", "Leave them out"),
        (lambda: None, "returns nothing", "Compare states"),
        (lambda: 3 > 2, "gives True, which depends on nothing", "Compare states"),
        (lambda: net.A.V.mean(), "gives a number in mV", "Compare it"),
        (lambda: -50 * mV < net.A.V, r"gives 9 Booleans, of shape \(9,\)", r"\.any\(\)"),
        (lambda: net.A.tau.mean() > 3 * ms, "depends on parameters only", "Compare states"),
        (lambda: other.A.V.mean() > -50 * mV, r"reads Small\.A\.V, which is no part", "simulated"),
        (lambda: (other.A.V_th < net.A.V).any(), r"reads Small\.A\.V_th, which is no part", "simulated"),
        (writing, r"writes Small\.A\.V", "look only"),
        (lambda: (late() > -50 * mV).any(), "reads the past", "keep the rest in a state"),
        (lambda: nd.spike_count(net.excite.syn) > 3, "it has none", "Boolean array"),
    ]
    for condition, what, cure in cases:
        refused(lambda until=condition: sim.run(1 * ms, until=until), errors.ConditionError, what, "", cure)
    refused(lambda: sim.run(1 * ms, until=lambda: net.A.V.mean() > 3 * pA), errors.DimensionError, "pA", "", "")
    refused(lambda: sim.run(1 * ms, until=lambda: bool(net.A.V.mean() > 0 * mV)), errors.TracedValueError, "", "", "")
    refused(lambda: sim.run(1 * ms, until=lambda: net.A.W > 0), errors.UnknownStateError, "'W'", "test_until", "")
    refused(lambda: nd.spike_count(net.A), errors.ConditionError, "outside of the condition", "test_until", "until=")
    assert sim.t == 0 * ms
    assert sim.run(1 * ms).ended == "duration"


@SIMULATED_TOO
def test_rates_of_the_network_can_be_counted_in_single_precision():
    found = []
    for target in ("interpret", "cpu"):
        noise = nd.PoissonGroup(50, rates=200 * Hz)
        sim = simulator_of(noise, 0.5 * ms, target, precision=32)
        sim.record(noise, spikes=True)
        found.append(sim.run(50 * ms, until=lambda noise=noise: nd.spike_count(noise) * 1.0 / 50 > 0.5))
    assert found[0].ended == "until"
    assert_same(found[1], found[0])
