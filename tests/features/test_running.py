"""Runs: in pieces, again, from the start, with other parameters, interrupted; and what is compiled for it, once."""

import os
import signal
import threading

import numpy as np
import pytest
from quantities import Hz, V, ms, mV, nS, pA, s

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, NonFiniteStateError, RecordingError
from numbadyn.runtime.progress import Progress
from tests.features.agreement import assert_same, recorded
from tests.features.small_network import simulator

pytestmark = pytest.mark.cudasim

TARGETS = pytest.mark.parametrize("target", ["cpu", "interpret"])


def joined(results):
    """Arrays of several runs, one behind the other."""
    parts = [recorded(result) for result in results]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def assert_joined(results, whole):
    found, expected = joined(results), recorded(whole)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


class Counting(Progress):
    """Takes note of what it is told."""

    def __init__(self, then=()):
        self.calls, self.total, self.dt, self.closed = [], None, None, 0
        self.then = dict(then)

    def start(self, total_steps, dt):
        self.total, self.dt = total_steps, dt

    def advance(self, steps):
        self.calls.append(steps)
        for at in [at for at in self.then if at <= sum(self.calls)]:
            self.then.pop(at)()

    def close(self):
        self.closed += 1


@TARGETS
def test_pieces_are_one_run(target):
    whole = simulator(target).run(30 * ms, progress=False)
    sim = simulator(target)
    pieces = [sim.run(length * ms, progress=False) for length in (0.1, 12.8, 7.1, 10)]
    assert_joined(pieces, whole)
    assert recorded(whole)["Small.A spike steps"].size > 0
    assert sim.t == 30 * ms
    np.testing.assert_allclose(pieces[2].t.rescale(ms).magnitude[[0, -1]], [12.9, 19.9])
    assert pieces[2].duration.rescale(ms).magnitude == pytest.approx(7.1)


@TARGETS
def test_reset_is_a_fresh_start(target):
    fresh = simulator(target).run(15 * ms, progress=False)
    sim = simulator(target)
    sim.run(8 * ms, progress=False)
    sim.set(sim.network.A, "V", -52 * mV)
    assert sim.reset() is sim
    assert sim.t == 0 * ms
    assert_same(sim.run(15 * ms, progress=False), fresh)


@TARGETS
def test_states_can_be_read_and_set(target):
    sim = simulator(target)
    net = sim.network
    first = sim.get(net.A, "V")
    assert first.dimensionality == mV.dimensionality
    assert first.shape == (9,)
    sim.set(net.A, "V", -0.055 * V)
    np.testing.assert_allclose(sim.get(net.A, "V").magnitude, -55.0)
    sim.set(net.B, "refractory", np.arange(20))
    result = sim.run(0.2 * ms, progress=False)
    np.testing.assert_allclose(result[net.A].V.magnitude[0], -55.0)
    np.testing.assert_array_equal(sim.get(net.B, "refractory")[2:], np.arange(0, 18))
    with pytest.raises(InvalidParameterError, match="NaN"):
        sim.set(net.A, "V", np.nan * mV)
    with pytest.raises(RecordingError, match="no variable 'W'"):
        sim.get(net.A, "W")


@TARGETS
def test_a_parameter_that_changes_between_runs_takes_effect(target):
    sim = simulator(target, noise=0.0)
    net = sim.network
    quiet = sim.run(20 * ms, progress=False)
    net.A.drive.value = 500 * pA
    net.A.tau_ref.value = 1 * ms
    loud = sim.run(20 * ms, progress=False)
    assert loud[net.A].spikes.count > 2 * quiet[net.A].spikes.count
    net.A.drive.value = 0 * pA
    sim.run(10 * ms, progress=False)
    assert sim.run(20 * ms, progress=False)[net.A].spikes.count == 0


def test_targets_agree_whatever_is_changed_between_runs():
    """States that compiled code keeps one step ahead are brought up to date; parameters reach what hangs on them."""
    sims = [simulator(target) for target in ("cpu", "interpret")]

    def both(duration):
        found, expected = (sim.run(duration * ms, progress=False) for sim in sims)
        assert_same(found, expected)
        for path in ("excite.syn", "A", "B"):
            for left, right in zip(*(states(sim, path) for sim in sims), strict=True):
                np.testing.assert_array_equal(left, right)

    def states(sim, path):
        module = sim.network
        for name in path.split("."):
            module = getattr(module, name)
        return [sim.get(module, name).astype(float) for name in module.states()]

    both(10)
    for sim in sims:
        sim.network.excite.syn.tau.value = 2 * ms
        sim.set(sim.network.B, "V", -57 * mV)
    both(3.3)
    for sim in sims:
        sim.set(sim.network.excite.syn, "g", np.linspace(0, 5, 20) * nS)
    both(0.1)
    for sim in sims:
        sim.set(sim.network.excite.syn, "g", 2 * nS)
        sim.network.B.R.value = 0.15 / nS
        sim.record(sim.network.excite.syn, "g", every=0.3 * ms)
    both(5)
    for sim in sims:
        sim.reset()
    both(4)


def test_numbers_compile_nothing():
    """Sizes, dt, seed, parameters, weights, delays: one piece of machine code."""
    variants = [
        {},
        {"sizes": (1, 700)},
        {"sizes": ((3, 4), (2, 2))},
        {"dt": 0.25},
        {"seed": 2**63 + 5},
        {"tau": 11 * ms, "drive": 300.0, "tau_ref": 0 * ms},
        {"weight": nd.init.Uniform(1 * nS, 2 * nS), "delay": nd.init.Uniform(0 * ms, 3 * ms)},
        {"delay": None},
    ]
    sims = [simulator(**variant).compile() for variant in variants]
    for sim in sims:
        sim.run(5 * ms, progress=False)
        sim.network.A.tau.value = 7 * ms
        sim.run(5 * ms, progress=False)
    loaded = {sim.machine.loaded.path for sim in sims}
    assert len(loaded) == 1
    assert sims[0].machine.loaded.compiled + sims[0].machine.loaded.restored == len(sims[0].machine.loaded.entry)
    assert len({sim.source for sim in sims}) == 1


def test_the_seed_decides_and_nothing_else():
    assert_same(simulator(seed=7).run(10 * ms, progress=False), simulator(seed=7).run(10 * ms, progress=False))
    first, other = (simulator(seed=seed).run(10 * ms, progress=False) for seed in (7, 8))
    assert not np.array_equal(recorded(first)["Small.A.V"], recorded(other)["Small.A.V"])


# ---- interruption ----------------------------------------------------------------------------------------------------


@TARGETS
def test_interruption_from_the_keyboard(target):
    """What was recorded comes back, the run goes on, and together it is as if nothing had happened."""
    begun = threading.Event()
    killer = threading.Thread(target=lambda: (begun.wait(), os.kill(os.getpid(), signal.SIGINT)))
    killer.start()
    sim = simulator(target)
    before = signal.getsignal(signal.SIGINT)
    # at any moment from then on, but, however late its turn comes, before the run is over
    progress = Counting(then={32: begun.set, 20_000: killer.join})
    part = sim.run(6 * s, progress=progress)
    killer.join()
    assert signal.getsignal(signal.SIGINT) is before
    assert part.interrupted
    assert "interrupted" in repr(part)
    assert 0 < part.last < 60_000
    assert sum(progress.calls) == part.last
    assert progress.closed >= 1
    assert part[sim.network.A].V.shape == (part.last, 9)
    rest = sim.run(5 * ms, progress=False)
    assert not rest.interrupted
    whole = simulator(target).run(rest.last * 0.1 * ms, progress=False)
    assert_joined([part, rest], whole)


def test_a_second_interruption_raises():
    sim = simulator("interpret")

    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        sim.run(100 * s, progress=Counting(then={1: twice}))
    assert signal.getsignal(signal.SIGINT) is before
    assert sim.run(1 * ms, progress=False).first > 0


def test_a_run_outside_the_main_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(simulator("interpret").run(1 * ms, progress=False)))
    thread.start()
    thread.join()
    assert_same(found[0], simulator("interpret").run(1 * ms, progress=False))


# ---- progress --------------------------------------------------------------------------------------------------------


@TARGETS
def test_progress_hears_of_every_step(target):
    progress = Counting()
    simulator(target).run(100 * ms, progress=progress)
    assert (progress.total, progress.dt) == (1000, 0.1)
    assert sum(progress.calls) == 1000
    assert min(progress.calls) > 0
    assert progress.closed >= 1


# ---- spikes ----------------------------------------------------------------------------------------------------------


class Stops(Progress):
    """Raises at the second report."""

    def __init__(self):
        self.reports, self.closed = 0, False

    def start(self, total_steps, dt):
        pass

    def advance(self, steps):
        self.reports += 1
        if self.reports == 2:
            raise LookupError("enough")

    def close(self):
        self.closed = True


@TARGETS
def test_a_report_that_fails_ends_the_run_and_keeps_what_was_recorded(target):
    sim, progress = simulator(target), Stops()
    with pytest.raises(LookupError, match="enough") as caught:
        sim.run(1000 * ms, progress=progress)
    assert progress.closed
    until = float(sim.t.magnitude)
    assert 0 < until < 1000
    rest = sim.run(5 * ms, progress=False)
    fresh = simulator(target)
    assert_joined([caught.value.result, rest], fresh.run((round(until / 0.1) * 0.1 + 5) * ms, progress=False))


def test_buffers_of_spikes_grow():
    """Every neuron fires in every step: 300,000 spikes, more than any first buffer holds."""
    sim = simulator(sizes=(600, 1), V_th=-1000 * mV, V_reset=-1001 * mV, tau_ref=0 * ms)
    result = sim.run(50 * ms, progress=False)
    spikes = result[sim.network.A].spikes
    assert spikes.count == len(spikes) == 600 * 500
    np.testing.assert_array_equal(spikes.steps, np.repeat(np.arange(500), 600))
    np.testing.assert_array_equal(spikes.indices, np.tile(np.arange(600), 500))
    assert spikes.rate.rescale(Hz).magnitude == pytest.approx(10_000)
    assert spikes.cv_isi() == 0.0
    trains = spikes.trains()
    assert len(trains) == 600
    np.testing.assert_allclose(trains[17].rescale(ms).magnitude, np.arange(1, 501) * 0.1)


def test_spikes_carry_units_and_the_end_of_their_step():
    sim = simulator()
    spikes = sim.run(40 * ms, progress=False)[sim.network.B].spikes
    np.testing.assert_allclose(spikes.times.rescale(ms).magnitude, (spikes.steps + 1) * 0.1)
    assert np.all(np.diff(spikes.steps) >= 0)
    together = np.concatenate([train.rescale(ms).magnitude for train in spikes.trains()])
    np.testing.assert_allclose(np.sort(together), spikes.times.rescale(ms).magnitude)


# ---- not a number ----------------------------------------------------------------------------------------------------


@TARGETS
def test_a_nan_ends_the_run_and_is_named(target):
    sim = simulator(target)
    sim.run(5 * ms, progress=False)
    potentials = sim.get(sim.network.B, "V").magnitude
    potentials[3] = np.inf
    sim.set(sim.network.B, "V", potentials * mV)
    with pytest.raises(NonFiniteStateError) as caught:
        sim.run(1 * s, progress=False)
    message = str(caught.value)
    assert "Small.B.V" in message
    assert "element 3" in message
    assert "t = 5 ms" in message
    result = caught.value.result
    assert result[sim.network.B].V.shape[0] == result.last - result.first < 10_000
    again = sim.reset().run(2 * ms, progress=False)
    assert not np.isnan(again[sim.network.B].V.magnitude).any()
