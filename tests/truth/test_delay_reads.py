"""Delayed reads before and after their owner's update, beside those that brainstate gives.

In: the list `reads` of `data/delays_brainpy.json`.  The accessors have the same names here, and the same delay.
"""

import json

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from tests.examples.pages import ROOT
from tests.truth.delay_conversion import ROWS

CASES = json.loads((ROOT / "tests/truth/data/delays_brainpy.json").read_text(encoding="utf-8"))["reads"]


class Clock(nd.Dynamics):
    """Counts its steps: x[n] = n + 1."""

    def init_state(self):
        self.n = nd.State(0.0)

    def update(self):
        self.n.value = self.n.value + 1.0
        return self.n.value


class Reader(nd.Dynamics):
    """Keeps what it reads."""

    def __init__(self, read):
        super().__init__(1)
        self._read = read

    def init_state(self):
        self.seen = nd.State(0.0)

    def update(self):
        self.seen.value = self._read()
        return self.seen.value


class Reads(nd.DynamicsGroup):
    """A clock, read before and after its update through each accessor of the file, and a memory that it writes."""

    def __init__(self, dt, steps):
        super().__init__()
        self.clock, self.memory = Clock(1), nd.Delay(np.zeros(1), time=steps * dt * ms)
        reads = {
            "prefetch_delay": self.clock.prefetch_delay("n", steps * dt * ms),
            "output_delay": self.clock.output_delay(steps * dt * ms),
        }
        for k in (2, 4) if steps <= 3 else ():
            every = self.clock.prefetch_delay("n", steps * k * dt * ms, update_every=k * dt * ms)
            reads[f"update_every {k}"] = every
        self.names = {f"{name}, {when}": Reader(read) for name, read in reads.items() for when in ("before", "after")}
        self.names["retrieve_at_step"] = Reader(lambda: self.memory.retrieve_at_step(steps))
        for number, reader in enumerate(self.names.values()):
            setattr(self, f"reader_{number}", reader)

    def update(self):
        for when in ("before", "after"):
            if when == "after":
                self.memory.update(self.clock())
            for name, reader in self.names.items():
                if name.endswith(when) or (name == "retrieve_at_step" and when == "after"):
                    reader()


def seen_here(dt, steps, count, target="interpret"):
    net = Reads(dt, steps)
    sim = nd.Simulator(net, dt=dt * ms, target=target)
    for reader in net.names.values():
        sim.record(reader, "seen")
    result = sim.run((count + 1) * dt * ms, progress=False)
    return {name: result[reader].seen[1:, 0].tolist() for name, reader in net.names.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['dt']} ms, {case['steps']} steps")
def test_reads_are_those_of_brainstate(case):
    [row] = [row for row in ROWS if not row.traces]
    assert (row.peer, row.extra, row.least) == ("brainpy", 0, 0)
    count = len(case["seen"]["output_delay, before"])
    assert seen_here(case["dt"], case["steps"], count) == case["seen"]
    longer = seen_here(case["dt"], case["steps"] + 1, count)
    assert all(longer[name] != seen for name, seen in case["seen"].items() if name in longer and "every" not in name)


def test_compiled_reads_are_too():
    [case] = [case for case in CASES if (case["dt"], case["steps"]) == (0.1, 2)]
    assert seen_here(0.1, 2, len(case["seen"]["output_delay, before"]), "cpu") == case["seen"]
