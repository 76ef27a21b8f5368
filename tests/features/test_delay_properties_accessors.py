"""Every accessor of the past obeys one rule: any delay, any elements, any history, before and after the owner."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantities import ms

import numbadyn as nd
from tests.draws import share
from tests.features.delay_accessors import ACCESSORS, OF_OUTPUTS, PLACES, Net, expected
from tests.features.delay_draws import DTS, SHAPES, Before, Read, arrays, delays, forms, histories, late
from tests.features.delay_networks import compare, cuts, drawn, eagerly, traced
from tests.features.delay_oracle import numbers


@st.composite
def networks(draw, outputs="xkb"):
    """Shape, item of the output, step of time, and several reads."""
    shape, dt, output = draw(st.sampled_from(SHAPES)), draw(st.sampled_from(DTS)), draw(st.sampled_from(outputs))
    reads = []
    for _ in range(draw(st.integers(3, 8))):
        accessor = draw(st.sampled_from(sorted(ACCESSORS)))
        item = output if accessor in OF_OUTPUTS else draw(st.sampled_from("xkb"))
        init = draw(histories(shape, dt, item))
        reads.append((draw(st.sampled_from(PLACES)), Read(accessor, item, *draw(forms(shape, dt)), init)))
    return shape, output, dt, reads


@drawn(80)
@given(networks(), cuts(), st.sampled_from([64, 32]))
def test_interpreted(net, pieces, precision):
    """In pieces or at once; the values need few bits."""
    shape, _, dt, reads = net
    _, found = traced("interpret", lambda: Net(*net), dt, pieces, precision)
    compare(found, expected(shape, dt, reads))


@drawn(40)
@given(networks("xb"))
def test_eager_calls(net):
    """Before the first call nobody knows what an output is, unless it is spikes, so its history is given."""
    shape, output, dt, reads = net
    for _, read in reads:
        if read.accessor in OF_OUTPUTS and output == "x" and read.init is None:
            read.init = 0
    compare(eagerly(lambda: Net(*net), dt), expected(shape, dt, reads))


@st.composite
def of_one_structure(draw):
    """Networks that differ in numbers only, so that they share what is compiled: all accessors, forms and places."""
    dt, first, reads = draw(st.sampled_from(DTS)), draw(st.integers(0, 9)), []
    forms_of_four = [
        lambda: (draw(late(dt)), ()),
        lambda: (draw(arrays(delays(dt), 2)), ()),
        lambda: (draw(arrays(delays(dt), 4)), (np.arange(4),)),
        lambda: (draw(arrays(delays(dt), 3)), (draw(arrays(st.integers(0, 3), 3)),)),
        lambda: (draw(late(dt)), (draw(arrays(st.integers(0, 3), 3)),)),
        lambda: (0, ()),
    ]
    for number, accessor in enumerate(sorted(ACCESSORS)):
        item = "x" if accessor in OF_OUTPUTS else "xkb"[number % 3]
        init = first + number if number % 2 else None  # equal ones would share a memory, which is structure
        if init is not None:
            init = (init >> np.arange(4)) % 2 == 1 if item == "b" else init + np.arange(4)
        if number % 4 == 1:
            init = Before((4,), dt, item)
        turns = range(number, number + share(3, fewest=1))  # places, one at least
        reads += [(PLACES[k % 3], Read(accessor, item, *forms_of_four[(2 * k - number) % 6](), init)) for k in turns]
    return (4,), "x", dt, reads


@pytest.fixture(scope="module")
def compiled():
    return set()


@drawn(5, fewest=3)
@given(of_one_structure(), cuts())
def test_compiled(compiled, net, pieces):
    """Numbers are no part of what is compiled: delays, steps of time, elements and histories share one machine."""
    shape, _, dt, reads = net
    sim, found = traced("cpu", lambda: Net(*net), dt, pieces)
    compare(found, expected(shape, dt, reads))
    compiled.add(sim.machine.loaded)
    assert len(compiled) == 1


class Counting(nd.Dynamics):
    """Gives whole numbers, or whether they are even: known as such once it has been traced."""

    def __init__(self, even):
        super().__init__(3)
        self.even = even

    def init_state(self):
        self.n = nd.State(0)

    def update(self):
        self.n.value = self.n + 1
        return self.n.value % 2 == 0 if self.even else self.n.value


class Choosing(nd.Dynamics):
    """Reads before the owner of what it reads is traced, and calculates with it."""

    def __init__(self, read, even):
        super().__init__(3)
        self._read, self.even = read, even

    def init_state(self):
        self.seen = nd.State(False if self.even else 0)
        self.line = nd.State(0)

    def update(self):
        value = self._read()
        self.line.value = np.where(value if self.even else value > 2, 1, 0)
        self.seen.value = ~value & (self.line.value == 0) if self.even else np.where(value > 2, value + 1, value)


@pytest.mark.parametrize("even", [False, True])
def test_kinds_of_outputs_are_learnt_before_they_are_judged(even):
    class Pair(nd.DynamicsGroup):
        order = ("reader", "owner")

        def __init__(self):
            super().__init__()
            self.owner = Counting(even)
            self.reader = Choosing(self.owner.output_delay(0.2 * ms), even)

    sim = nd.Simulator(Pair(), dt=0.1 * ms, target="interpret")
    sim.record(sim.network.reader, "seen")
    found = sim.run(1 * ms, progress=False)[sim.network.reader].seen[1:, 0]
    counted = np.maximum(np.arange(9) - 2, 0)  # of step n - 1 - 2, counted from one
    wanted = ~((counted > 0) & (counted % 2 == 0)) if even else counted + (counted > 2)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == (bool if even else np.int64)


def test_steps_can_be_told_apart():
    values = numbers(np.arange(64)[:, None], np.arange(8))
    assert all(np.unique(column).size == 64 for column in values.T)
