"""Delays between steps: rounded up by default or to the nearest step, refused where exact ones are asked for."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DelayError, TargetError
from numbadyn.model.streams import stream_of

COMM = nd.OneToOne(2, 2, weight=1 * mV)


class Net(nd.DynamicsGroup):
    """One population onto itself."""

    def __init__(self, **options):
        super().__init__()
        self.cells = nd.LIF(2)
        source = options.pop("source", lambda cells: cells)(self.cells)
        self.proj = nd.DeltaProj(source, comm=COMM, post=self.cells, **options)


def run(target, dt, **options):
    sim = nd.Simulator(Net(**options), dt=dt * ms, target=target, delays="exact")
    sim.run(5 * dt * ms)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize(
    "options",
    [
        {"delay": 0.9 * ms},
        {"delay": [0.3, 0.6] * ms},
        {"source": lambda cells: cells.output_delay(0.3 * 3 * ms)},
        {"source": lambda cells: cells.output_delay([0.3, 0.9] * ms, [0, 1])},
    ],
)
def test_multiples_of_dt_pass(target, options):
    """However they are written: 0.3 * 3 is not 0.9 in floating point."""
    run(target, 0.3, **options)
    run(target, 0.1, **options)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"delay": 0.25 * ms}, "0.25 ms is no multiple of the time step of 0.1 ms"),
        ({"delay": [0.3, 0.65] * ms}, "0.65 ms is no multiple"),
        ({"source": lambda cells: cells.output_delay(0.25 * ms)}, "0.25 ms is no multiple"),
        ({"source": lambda cells: cells.output_delay([0.3, 0.95] * ms, [0, 1])}, "0.95 ms is no multiple"),
        ({"delay": nd.init.Uniform(0.1 * ms, 1 * ms)}, "drawn from Uniform"),
    ],
)
def test_times_between_steps_are_refused(target, options, text):
    with pytest.raises(DelayError, match=text) as caught:
        run(target, 0.1, **options)
    assert "delays='up'" in str(caught.value)


def test_they_are_rounded_up_by_default():
    sim = nd.Simulator(Net(delay=0.25 * ms), dt=0.1 * ms)
    assert np.asarray(sim.tables[0].delays).tolist() == [3]


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize("text", [0.2, [0.2, 0.3]])
def test_windows_are_steps_of_a_delay(target, text):
    """With samples every 0.2 ms, delays are multiples of that."""
    source = {"source": lambda cells: cells.output_delay(text * ms, *([[0, 1]] if np.ndim(text) else []), **WINDOW)}
    if np.ndim(text):
        with pytest.raises(DelayError, match=r"0\.3 ms is no multiple of update_every, 0\.2 ms"):
            run(target, 0.1, **source)
    else:
        run(target, 0.1, **source)


@pytest.mark.parametrize("delays", ["up", "nearest"])
@pytest.mark.parametrize("delay", [0.25 * ms, [0.22, 0.28] * ms, nd.init.Uniform(0.1 * ms, 2 * ms)])
def test_one_rule_for_synapses(delays, delay):
    """NEST and Brian2 round to the nearest step; drawn delays are no other case than given ones."""
    sim = nd.Simulator(Net(delay=delay), dt=0.1 * ms, delays=delays)
    steps = np.asarray(sim.tables[0].delays).tolist()
    if isinstance(delay, nd.init.Uniform):
        drawn = delay.sample((2,), seed=0, stream=stream_of(sim.network.proj, "synapses", width=4) + 2) / 0.1
        assert steps == sorted(set((np.ceil(drawn) if delays == "up" else np.floor(drawn + 0.5)).tolist()))
    else:
        assert steps == {"up": [3], "nearest": [3] if np.ndim(delay) == 0 else [2, 3]}[delays]
    np.testing.assert_allclose(np.unique(np.asarray(sim.network.proj.edges().delay)), np.array(steps) * 0.1)


class Clock(nd.Dynamics):
    """x[n] = n + 1."""

    def init_state(self):
        self.x = nd.State(0.0)
        self.ago = nd.State(0.0 * ms)

    def update(self):
        self.x.value = self.x + 1
        self.ago.value = 0.03 * ms * self.x


class Reads(nd.DynamicsGroup):
    """Reads of a clock in every form."""

    def __init__(self):
        super().__init__()
        self.clock = clock = Clock(2)
        self.reads = {
            "one": clock.prefetch_delay("x", 0.22 * ms, 0),
            "half": clock.prefetch_delay("x", 0.25 * ms, 0),
            "each": clock.prefetch_delay("x", [0.35, 0.24] * ms, [0, 1]),
            "parameter": clock.prefetch_delay("x", nd.Parameter(0.34 * ms), 0),
            "windows": clock.prefetch_delay("x", 0.5 * ms, 0, **WINDOW),
            "changing": clock.prefetch_delay("x", clock.prefetch("ago"), [0, 1], max_delay=2 * ms),
            "between": clock.prefetch_delay("x", 0.22 * ms, 0, interpolation="linear"),
        }

    def update(self):
        self.clock()
        for name, read in self.reads.items():
            self.clock.observe(name, read())


WINDOW = {"update_every": 0.2 * ms}


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize("precision", [32, 64])
def test_one_rule_for_reads(target, precision):
    net = Reads()
    sim = nd.Simulator(net, dt=0.1 * ms, target=target, precision=precision, delays="nearest")
    for name in net.reads:
        sim.record(net.clock, name)
    found = sim.run(2 * ms, progress=False)[net.clock]
    n = np.arange(20)
    for name, steps in {"one": 2, "half": 3, "parameter": 3, "between": 2.2}.items():
        np.testing.assert_allclose(np.ravel(found[name])[5:], n[5:] + 1 - steps, rtol=1e-6)
    np.testing.assert_array_equal(found["each"][5:], np.stack([n[5:] + 1 - 4, n[5:] + 1 - 2], axis=1))
    windows = n // 2 - 3  # 2.5 windows
    np.testing.assert_array_equal(np.ravel(found["windows"])[8:], (windows * 2 + 1)[8:])
    ago = np.floor(0.3 * (n + 1) + 0.5 + 1e-9)
    np.testing.assert_array_equal(found["changing"][:, 1], np.maximum(n + 1 - ago, 0))


def test_the_choice_is_checked():
    with pytest.raises(TargetError, match="'down'"):
        nd.Simulator(Net(), dt=0.1 * ms, delays="down")
