"""Calls of a simulator in any order: what it holds is what a plain Python model of it holds, on every target."""

from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.draws import share
from tests.features.counting_network import DELAY, DT, POST, PRE, Counting, Expected
from tests.targets import simulator_of

pytestmark = pytest.mark.cudasim

WHOLE = st.integers(-9, 9).map(float)
STATES = {"x": ("A", 2), "z": ("B", 3), "seen": ("B", 3)}
VALUES = st.sampled_from(sorted(STATES)).flatmap(
    lambda name: st.tuples(st.just(name), st.lists(WHOLE, min_size=STATES[name][1], max_size=STATES[name][1]))
)
WEIGHTS = st.one_of(WHOLE, st.lists(WHOLE, min_size=len(PRE), max_size=len(PRE)))


class Calls(RuleBasedStateMachine):
    """A simulator beside what it should hold."""

    target = "interpret"

    @initialize()
    def begin(self) -> None:
        self.net, self.expected = Counting(), Expected()
        self.sim = simulator_of(self.net, DT, self.target)
        self.recorded: set[tuple[str, str]] = set()

    def module(self, name: str) -> Any:
        return getattr(self.net, name)

    @rule(what=st.sampled_from([("A", "spikes"), ("A", "x"), ("B", "z"), ("B", "output")]))
    def record(self, what: tuple[str, str]) -> None:
        owner, name = what
        self.sim.record(self.module(owner), **({"spikes": True} if name == "spikes" else {"variable": name}))
        self.recorded.add(what)

    @rule(chosen=VALUES)
    def set(self, chosen: tuple[str, list[float]]) -> None:
        name, values = chosen
        self.sim.set(self.module(STATES[name][0]), name, values)
        self.expected.set(name, values)

    @rule(name=st.sampled_from(sorted(STATES)))
    def get(self, name: str) -> None:
        assert self.sim.get(self.module(STATES[name][0]), name).tolist() == self.expected.get(name)

    @rule(chosen=VALUES)
    def assign(self, chosen: tuple[str, list[float]]) -> None:
        name, values = chosen
        getattr(self.module(STATES[name][0]), name).value = values
        self.expected.set(name, values)

    @rule(name=st.sampled_from(sorted(STATES)))
    def read(self, name: str) -> None:
        assert getattr(self.module(STATES[name][0]), name).value.tolist() == self.expected.get(name)

    @rule(steps=st.integers(1, 9))
    def run(self, steps: int) -> None:
        result = self.sim.run(steps * DT, progress=False)
        seen = [self.expected.step() for _ in range(steps)]
        for owner, name in self.recorded:
            wanted = [sample[owner, name] for sample in seen]
            if name == "spikes":
                spikes = result[self.module(owner)].spikes
                assert list(zip(spikes.steps.tolist(), spikes.indices.tolist(), strict=True)) == list(chain(*wanted))
            else:
                assert result[self.module(owner)][name].tolist() == wanted

    @rule()
    def reset(self) -> None:
        self.sim.reset()
        self.expected.reset()

    @rule(gain=WHOLE)
    def change_the_gain(self, gain: float) -> None:
        self.net.A.gain.value = self.expected.gain = gain

    @rule(x0=st.lists(WHOLE, min_size=2, max_size=2))
    def change_the_first_value(self, x0: list[float]) -> None:
        self.net.A.x0.value = self.expected.x0 = x0

    @rule(weight=WEIGHTS)
    def set_the_weights(self, weight: Any) -> None:
        self.sim.set(self.net.A2B, "weight", weight)
        self.expected.weight = weight

    @rule(weight=WEIGHTS)
    def change_the_weights(self, weight: Any) -> None:
        self.net.A2B.comm.weight = self.expected.own_weight = weight

    @rule()
    def look_at_the_synapses(self) -> None:
        edges = self.net.A2B.edges()
        assert (edges.pre.tolist(), edges.post.tolist()) == (PRE, POST)
        assert edges.weight.tolist() == self.expected.weights()
        assert self.sim.get(self.net.A2B, "weight").tolist() == self.expected.weights()
        assert np.allclose(np.asarray(self.sim.get(self.net.A2B, "delay")), 0.1 * DELAY)

    @rule()
    def look_at_the_program(self) -> None:
        assert "A2B" in self.sim.explain()
        self.sim.compile()

    @invariant()
    def time_is_right(self) -> None:
        assert np.isclose(float(self.sim.t), 0.1 * self.expected.number)


@pytest.mark.parametrize(("target", "examples"), [("interpret", 60), ("cpu", 12)])
def test_calls_in_any_order(target, examples):
    how = settings(
        max_examples=share(examples),
        stateful_step_count=25,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("Calls", (Calls,), {"target": target}), settings=how)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_spikes_under_way_survive_a_new_recording(target):
    """A spike of A with two delays is under way while what is recorded changes in each step."""
    net, expected = Counting(), Expected()
    sim = simulator_of(net, DT, target)
    sim.run(2 * DT, progress=False)
    sim.record(net.B, "output")
    sim.run(1 * DT, progress=False)
    sim.record(net.A, spikes=True)
    sim.run(2 * DT, progress=False)
    seen = [expected.step() for _ in range(6)]
    assert sim.run(1 * DT, progress=False)[net.B].output.tolist() == [seen[-1]["B", "output"]]
    assert np.isclose(float(sim.t), 0.6)
