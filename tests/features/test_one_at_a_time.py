"""A simulator belongs to one run at a time; different ones run side by side, of one network too, and after a fork."""

import os
import threading

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import SimulatorBusyError
from numbadyn.runtime.progress import Progress
from tests.features.agreement import assert_same, recorded
from tests.features.small_network import Small, simulator, watch
from tests.targets import simulator_of

TARGETS = pytest.mark.parametrize("target", ["cpu", "interpret"])


class Calls(Progress):
    """Calls something at the first report."""

    def __init__(self, action):
        self.action, self.found = action, []

    def start(self, total_steps, dt):
        pass

    def advance(self, steps):
        if not self.found:
            self.found.append(self.action())

    def close(self):
        pass


CHANGES = {
    "run": lambda sim: sim.run(1 * ms, progress=False),
    "reset": lambda sim: sim.reset(),
    "set": lambda sim: sim.set(sim.network.A, "V", -50 * mV),
    "record": lambda sim: sim.record(sim.network.B, "V", every=1 * ms),
    "compile": lambda sim: sim.compile(),
}


@TARGETS
@pytest.mark.parametrize("what", CHANGES)
def test_a_report_cannot_change_what_runs(target, what):
    sim = simulator(target)
    with pytest.raises(
        SimulatorBusyError, match=f"Simulator.{what} was called while the simulator is running"
    ) as caught:
        sim.run(10 * ms, progress=Calls(lambda: CHANGES[what](sim)))
    assert "progress report may read" in caught.value.cure
    rest = sim.run(2 * ms, progress=False)
    whole = simulator(target).run(round(rest.last) * 0.1 * ms, progress=False)
    parts = [recorded(caught.value.result), recorded(rest)]
    for name, values in recorded(whole).items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), values, err_msg=name)


@pytest.mark.cudasim
@TARGETS
def test_a_report_may_look(target):
    sim = simulator(target)
    look = Calls(lambda: (sim.t, sim.get(sim.network.A, "V"), sim.explain(), sim.source))
    result = sim.run(10 * ms, progress=look)
    t, V, text, _source = look.found[0]
    step = round(float(t.magnitude) / 0.1)
    assert 0 < step <= 100
    seen = simulator(target)
    seen.run(step * 0.1 * ms, progress=False)
    np.testing.assert_array_equal(V.magnitude, seen.get(seen.network.A, "V").magnitude)
    assert "Small.A" in text
    assert_same(result, simulator(target).run(10 * ms, progress=False))


@TARGETS
def test_what_a_report_changes_before_the_first_step_waits_for_the_next_run(target):
    """Parameters are fetched when a run begins; a look at states in between writes nothing."""

    class Early(Calls):
        def start(self, total_steps, dt):
            self.found.append(self.action())

    def look():
        sim.network.A.tau.value = 7 * ms
        return sim.get(sim.network.A, "V")

    sim = simulator(target)
    assert_same(sim.run(5 * ms, progress=Early(look)), simulator(target).run(5 * ms, progress=False))
    assert sim.network.A.tau.value == 7 * ms


@pytest.mark.parametrize("what", [*CHANGES, "get", "explain"])
def test_other_threads_are_refused_during_a_run(what):
    sim, errors = simulator("interpret"), []

    def elsewhere():
        try:
            {**CHANGES, "get": lambda sim: sim.get(sim.network.A, "V"), "explain": nd.Simulator.explain}[what](sim)
        except SimulatorBusyError as error:
            errors.append(str(error))

    def meanwhile():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    result = sim.run(10 * ms, progress=Calls(meanwhile))
    assert len(errors) == 1
    assert "'MainThread'" in errors[0]
    assert_same(result, simulator("interpret").run(10 * ms, progress=False))


def test_threads_that_only_look_wait_for_each_other():
    sim = simulator("interpret")
    sim.run(1 * ms, progress=False)
    found = []
    threads = [
        threading.Thread(target=lambda: found.extend(sim.get(sim.network.A, "V")[0] for _ in range(50)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 150
    assert len(set(map(float, found))) == 1


@TARGETS
def test_two_simulators_of_one_network_in_two_threads(target):
    net, found = Small(), {}

    def go(seed):
        found[seed] = watch(simulator_of(net, 0.1 * ms, target, seed=seed)).run(5 * ms, progress=False)

    threads = [threading.Thread(target=go, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        assert_same(found[seed], simulator(target, seed=seed).run(5 * ms, progress=False))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_a_thread_that_it_lacks():
    sim, child = simulator("interpret"), []

    def fork():
        process = os.fork()
        if process == 0:
            try:
                fine = float(sim.reset().get(sim.network.A, "V")[0].magnitude) < 0
                os._exit(0 if fine and sim.run(1 * ms, progress=False).last == 10 else 1)
            finally:
                os._exit(2)
        child.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))

    def meanwhile():
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()

    sim.run(10 * ms, progress=Calls(meanwhile))
    assert child == [0]
