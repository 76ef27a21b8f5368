"""`Simulator.set` between runs, and reads of the past: the present value is rewritten, in every form of a read.

The model counts steps: x[n] = x[n-1] + 1, so that each value tells which sample it was.
"""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd

EACH = [0, 1]


class Source(nd.Dynamics):
    """x counts steps; b is true where x is odd."""

    def init_state(self):
        self.x = nd.State(0.0 * mV)
        self.b = nd.State(np.zeros(2, bool))

    def update(self):
        self.x.value = self.x + 1 * mV
        self.b.value = (self.x / mV) % 2.0 == 1.0


class Reader(nd.Projection):
    """Reads before the source is updated."""

    def __init__(self, reads):
        super().__init__()
        self.reads = reads

    def init_state(self):
        for name, read in self.reads.items():
            bits = getattr(read, "item", "x") == "b"
            setattr(self, name, nd.State(np.zeros(2, bool) if bits else 0.0 * mV, shape=(2,)))

    def update(self):
        for name, read in self.reads.items():
            getattr(self, name).value = read()


class Net(nd.DynamicsGroup):
    """A source, and reads of it."""

    def __init__(self, reads):
        super().__init__()
        self.source = Source(2)
        self.reader = Reader(reads(self.source))


def run(reads, target, before, value, variable="x", after=1):
    """Steps, a `set`, and steps; what the readers saw in the last one."""
    sim = nd.Simulator(Net(reads), dt=0.1 * ms, target=target)
    for _ in range(before):  # in pieces
        sim.run(0.1 * ms, progress=False)
    sim.set(sim.network.source, variable, value)
    sim.run(after * 0.1 * ms, progress=False)
    seen = {name: sim.get(sim.network.reader, name) for name in sim.network.reader.reads}
    return {name: np.asarray(getattr(value, "magnitude", value)).tolist() for name, value in seen.items()}


def forms(delay):
    """Reads with one delay, in all forms."""

    def reads(source):
        zero = nd.State(delay * ms, shape=(2,))
        source.zero = zero
        memory = nd.StateWithDelay(source, "x", time=1 * ms)
        return {
            "one": source.prefetch_delay("x", delay * ms),
            "each": source.prefetch_delay("x", [delay, delay] * ms, EACH),
            "parameter": source.prefetch_delay("x", nd.Parameter(delay * ms)),
            "changing": source.prefetch_delay("x", zero, EACH, max_delay=1 * ms),
            "between": source.prefetch_delay("x", delay * ms, interpolation="linear"),
            "init": source.prefetch_delay("x", [delay, delay] * ms, EACH, init=-7 * mV),
            "memory": lambda: memory.retrieve_at_step(round(delay / 0.1)),
        }

    return reads


@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_the_present_value_is_rewritten_in_every_form(target):
    """x[2] = 3 was the newest value; it becomes 1000, and older ones stay."""
    for delay, wanted in ((0.0, 1000.0), (0.1, 2.0), (0.2, 1.0)):
        seen = run(forms(delay), target, before=3, value=1000 * mV)
        assert seen == {name: [wanted, wanted] for name in seen}, delay
    for delay, wanted in ((0.0, 1001.0), (0.1, 1000.0), (0.2, 2.0)):
        seen = run(forms(delay), target, before=3, value=1000 * mV, after=2)
        assert seen == {name: [wanted, wanted] for name in seen}, delay


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
def test_before_the_first_step_it_is_a_first_value(target, delay):
    """The history before the start follows, unless `init` says what it was."""
    seen = run(forms(delay), target, before=0, value=[5, 6] * mV)
    assert seen.pop("init") == [-7.0, -7.0]
    assert seen == {name: [5.0, 6.0] for name in seen}


@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_reset_gives_the_first_values_of_the_model_back(target):
    sim = nd.Simulator(Net(forms(0.3)), dt=0.1 * ms, target=target)
    sim.set(sim.network.source, "x", 5 * mV)
    sim.reset().run(0.1 * ms, progress=False)
    assert sim.get(sim.network.reader, "one").magnitude.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_two_states_before_the_first_step(target):
    sim = nd.Simulator(Net(forms(0.3)), dt=0.1 * ms, target=target)
    sim.set(sim.network.source, "x", 5 * mV)
    sim.set(sim.network.source, "b", [True, False])
    sim.set(sim.network.source, "zero", 0.2 * ms)
    sim.run(0.1 * ms, progress=False)
    assert sim.get(sim.network.reader, "changing").magnitude.tolist() == [5.0, 5.0]
    assert sim.get(sim.network.source, "x").magnitude.tolist() == [6.0, 6.0]


@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_histories_of_bits(target):
    def reads(source):
        return {f"b{d}": source.prefetch_delay("b", np.array([d, d]) * 0.1 * ms, EACH) for d in (0, 1)}

    new = [False, True]
    assert run(reads, target, 3, new, "b") == {"b0": new, "b1": [False, False]}  # b[2] was true
    assert run(reads, target, 3, new, "b", after=2) == {"b0": [False, False], "b1": new}
    assert run(reads, target, 0, new, "b") == {"b0": new, "b1": new}


class Relay(nd.DynamicsGroup):
    """Bits and values of a source go through delayed synapses."""

    def __init__(self):
        super().__init__()
        self.source, self.post = Source(2), nd.LIF(2, V_rest=0 * mV, V_reset=0 * mV, V_th=1e9 * mV, tau=1e9 * ms)
        comm = nd.OneToOne(2, 2, weight=1 * mV)
        self.bits = nd.DeltaProj(self.source.prefetch("b"), comm=comm, post=self.post, delay=[0.1, 0.2] * ms)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize(("before", "arrives"), [(0, [1.0, 2.0]), (2, [1.0, 1.0])])
def test_synapses_see_the_new_value(target, before, arrives):
    sim = nd.Simulator(Relay(), dt=0.1 * ms, target=target)
    if before:
        sim.run(before * 0.1 * ms, progress=False)
    sim.set(sim.network.post, "V", 0 * mV)
    had = np.asarray(sim.get(sim.network.source, "b")).tolist()
    assert had == [False, False]
    sim.set(sim.network.source, "b", [True, True])
    sim.set(sim.network.source, "x", 1 * mV)  # the next values are false, true, false
    steps = 2 if before == 0 else 3
    trace = []
    for _ in range(steps):
        sim.run(0.1 * ms, progress=False)
        trace.append(sim.get(sim.network.post, "V").magnitude.copy())
    if before == 0:  # true at all times before the start
        np.testing.assert_allclose(trace[0], [1, 1], atol=1e-6)
    else:  # b[1], rewritten, is read in step 2 and acts one or two steps later; b[0] was true too, at the longer delay
        np.testing.assert_allclose(trace[1][0] - trace[0][0], 1, atol=1e-6)
        np.testing.assert_allclose(trace[2][1] - trace[1][1], 1, atol=1e-6)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize(("strategy", "wanted"), [("hold", 3.0), ("latest", 2.0), ("mean", 1.5), ("sum", 3.0)])
def test_windows_keep_the_samples_that_they_have_taken(target, strategy, wanted):
    """Before the first step, their history follows as every other; from then on they see the next value."""

    def reads(source):
        return {"w": source.prefetch_delay("x", 0 * ms, update_every=0.2 * ms, update_strategy=strategy)}

    assert run(reads, target, 3, 1000 * mV)["w"] == [wanted, wanted]
    factor = 2 if strategy == "sum" else 1
    assert run(reads, target, 0, 5 * mV)["w"] == [5.0 * factor, 5.0 * factor]
