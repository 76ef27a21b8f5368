"""Spikes between steps: times of second order, recorded in whole, in parts and in batches, on every target."""

import numpy as np
import pytest
from quantities import MB, Hz, ms, pA
from scipy.integrate import solve_ivp

import numbadyn as nd
from numbadyn.errors import InvalidParameterError

CURRENTS = np.linspace(150, 900, 12)


def driven(cls, currents=CURRENTS, **options):
    cells = cls(len(currents), spike_times="interpolated", **options)
    cells.add_current_input("drive", lambda V: currents * pA)
    return cells


def trains(cells, dt, duration, **options):
    sim = nd.Simulator(cells, dt=dt * ms, **options)
    sim.record(cells, spikes=True)
    return [train.magnitude for train in sim.run(duration * ms)[cells].spikes.trains()]


def largest(found, truth):
    assert [len(train) for train in found] == [len(train) for train in truth]
    return max(np.abs(a - b).max() for a, b in zip(found, truth, strict=True) if len(a))


@pytest.mark.parametrize("dead", [0.0, 2.03])
def test_times_of_a_leaky_neuron_are_those_of_the_closed_form(dead):
    errors = []
    for dt in (0.4, 0.2):
        options = {"tau_ref": dead * ms} if dead else {}
        found = trains(driven(nd.LIF, tau=10 * ms, **options), dt, 50, target="interpret")
        first = 10.0 * np.log(0.1 * CURRENTS / (0.1 * CURRENTS - 10.0))
        numbers = [np.arange(len(train)) for train in found]
        truth = [T + number * (T + dead) for T, number in zip(first, numbers, strict=True)]
        errors.append(largest(found, truth))
        assert all(train[-1] + T + dead > 50 - 2 * dt for train, T in zip(found, first, strict=True))
    assert errors[1] < 1e-8
    assert errors[0] < 1e-6


def test_times_of_a_leaky_neuron_with_synapses_are_exact():
    """What currents do is found from potentials after each quarter of a step, which are exact."""

    class Driven(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.cells = driven(nd.LIFRef, CURRENTS - 100, tau=10 * ms, tau_ref=1.93 * ms)
            self.source = nd.SpikeTrain(1, np.zeros(8, int), np.array([0.8, 2.4, 2.8, 4.0, 7.2, 8.0, 8.8, 14.4]) * ms)
            for tau, syn in ((3, nd.Expon.desc(tau=3 * ms)), (2, nd.Alpha.desc(tau=2 * ms))):
                comm = nd.AllToAll(1, 12, weight=60 * pA)
                proj = nd.AlignPostProj(self.source, comm=comm, syn=syn, out=nd.CUBA.desc(), post=self.cells)
                setattr(self, f"proj{tau}", proj)

    def found(dt):
        sim = nd.Simulator(Driven(), dt=dt * ms, target="interpret")
        sim.record(sim.network.cells, spikes=True)
        return [train.magnitude for train in sim.run(20 * ms)[sim.network.cells].spikes.trains()]

    fine = found(0.1)
    assert sum(map(len, fine)) > 20
    assert largest(found(0.4), fine) < 1e-6


def upswings(current, duration):
    """Spike times of an `AdEx` with its default parameters, by a method of high order with a small error."""
    C, g, E, V_T, delta, tau_w, a, b = 281.0, 30.0, -70.6, -50.4, 2.0, 144.0, 4.0, 80.5

    def slope(_t, y):
        V, w = y
        pull = -g * (V - E) + g * delta * np.exp((V - V_T) / delta)
        return (pull - w + current) / C, (a * (V - E) - w) / tau_w

    def crossing(_t, y):
        return y[0]

    crossing.terminal = True
    found, start, y = [], 0.0, [E, 0.0]
    while True:
        ran = solve_ivp(slope, (start, duration), y, "DOP853", events=crossing, rtol=1e-10, atol=1e-10)
        if ran.status != 1:
            return np.array(found)
        start, y = ran.t[-1], [E, ran.y[1, -1] + b]
        found.append(start)


def test_times_of_an_adapting_neuron_with_an_upswing_are_of_second_order():
    currents = np.array([900.0, 1200.0])
    truth = [upswings(current, 30.0) for current in currents]
    found = {dt: trains(driven(nd.AdEx, currents), dt, 30, target="interpret") for dt in (0.2, 0.1)}
    coarse, fine = (largest(found[dt], truth) for dt in (0.2, 0.1))
    assert fine < 0.02
    assert np.log2(coarse / fine) > 1.6


MOVING = {
    "ALIF": lambda: driven(nd.ALIF, tau=10 * ms, tau_a=30 * ms, tau_ref=1.53 * ms),
    "GIF": lambda: driven(nd.GIF, a=20 * Hz, b=30 * Hz, A_1=50 * pA, A_2=-30 * pA, R_1=0.3),
}


@pytest.mark.parametrize("model", MOVING)
def test_thresholds_that_move_are_met_where_they_are(model):
    truth = trains(MOVING[model](), 0.05, 24, target="interpret")
    errors = [largest(trains(MOVING[model](), dt, 24, target="interpret"), truth) for dt in (0.4, 0.2)]
    assert sum(map(len, truth)) > 15
    assert errors[1] < 2e-3
    assert np.log2(errors[0] / errors[1]) > 1.1  # where errors are no more than a part of 10,000 of a step


def test_targets_batches_parts_and_runs_with_a_budget_agree(tmp_path):
    cells, results = driven(nd.LIFRef, tau=10 * ms, tau_ref=1.25 * ms), {}
    for target in ("interpret", "cpu"):
        sim = nd.Simulator(cells, dt=0.1 * ms, batch=2, target=target, seed=3)
        sim.batch["tau"] = [10, 14] * ms
        sim.record(cells, spikes=True)
        sim.record(cells[4:9], spikes=True)
        results[target] = sim.run(20 * ms)
    ours, theirs = results["interpret"], results["cpu"]
    for part in (cells, cells[4:9]):
        spikes = ours[part].spikes
        assert spikes.count > 5
        assert np.array_equal(spikes.times, theirs[part].spikes.times)
        assert np.array_equal(spikes.times.magnitude < (spikes.steps + 1) * 0.1, spikes.since > 0)
        assert np.all((spikes.since >= 0) & (spikes.since <= 0.1))
    both = ours[cells].spikes.replica(1)
    assert np.array_equal(both.of(np.arange(4, 9)).times, ours[cells[4:9]].spikes.replica(1).times)
    cells.tau.value = 14 * ms
    sim = nd.Simulator(cells, dt=0.1 * ms, target="cpu", seed=3)
    sim.record(cells, spikes=True)
    alone = sim.run(20 * ms, memory=1 * MB, spill=tmp_path / "run.zarr")[cells].spikes
    assert np.array_equal(np.asarray(alone.times), np.asarray(both.times))


def test_a_checkpoint_goes_on_with_times(tmp_path):
    def run(duration, path=None):
        cells = driven(nd.LIF, tau=10 * ms)
        sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
        sim.record(cells, spikes=True)
        options = {} if path is None else {"checkpoint": path, "checkpoint_every": 3 * ms}
        return sim.run(duration * ms, **options)[cells].spikes

    run(10, tmp_path / "run.nd")
    assert np.array_equal(run(20, tmp_path / "run.nd").times, run(20).times)


def test_spikes_on_the_grid_have_no_times_between():
    cells = nd.LIF(2)
    sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
    sim.record(cells, spikes=True)
    assert sim.run(1 * ms)[cells].spikes.since is None


def test_what_cannot_be_interpolated_is_refused():
    with pytest.raises(InvalidParameterError, match=r"spike_times of .* is 'exact'"):
        nd.LIF(2, spike_times="exact")
    with pytest.raises(InvalidParameterError, match="has a EscapeNoise, which does not say where it is within a step"):
        nd.LIF(2, spike_times="interpolated", threshold=nd.EscapeNoise())
