"""Windows: whatever accessor reads a past that is sampled every few steps, it sees the samples of the formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.draws import share
from tests.features.delay_accessors import ACCESSORS, OF_OUTPUTS, OF_STATES, PLACES, Net, expected
from tests.features.delay_draws import DTS, LONGEST, SHAPES, Lags, Read, arrays, delays, forms, histories
from tests.features.delay_networks import compare, cuts, drawn, eagerly, traced

STRATEGIES = ("hold", "latest", "mean", "sum", "max")


@st.composite
def windowed(draw, shape, dt, output):
    """One read of windows of 1 to 5 steps, up to 8 windows ago."""
    accessor = draw(st.sampled_from(sorted(ACCESSORS)))
    item = output if accessor in OF_OUTPUTS else draw(st.sampled_from("xkb"))
    every, init, method = draw(st.integers(1, 5)) * dt, draw(histories(shape, dt, item)), None
    delay, indices = draw(forms(shape, every))
    if accessor.endswith("steps") and draw(st.booleans()):
        delay, indices = Lags((), every, draw(st.integers(1, LONGEST)) * every), ()
    if accessor in OF_STATES | OF_OUTPUTS:
        method = None if item == "b" else draw(st.sampled_from([None, None, "linear", "cubic", "polynomial3"]))
        if draw(st.booleans()):
            delay, indices = Lags((3,), dt, draw(st.integers(1, LONGEST)) * every), (1,)
    return Read(accessor, item, delay, indices, init, method, every, draw(st.sampled_from(STRATEGIES)))


@st.composite
def networks(draw, outputs="xkb"):
    """Shape, item of the output, step of time, and several reads."""
    shape, dt, output = draw(st.sampled_from(SHAPES)), draw(st.sampled_from(DTS)), draw(st.sampled_from(outputs))
    reads = [(draw(st.sampled_from(PLACES)), draw(windowed(shape, dt, output))) for _ in range(draw(st.integers(2, 6)))]
    return shape, output, dt, reads


@drawn(60)
@given(networks(), cuts())
def test_interpreted(net, pieces):
    shape, _, dt, reads = net
    _, found = traced("interpret", lambda: Net(*net), dt, pieces)
    compare(found, expected(shape, dt, reads), exact=False)


@drawn(30)
@given(networks("b"))
def test_eager_calls(net):
    shape, _, dt, reads = net
    compare(eagerly(lambda: Net(*net), dt), expected(shape, dt, reads), exact=False)


@st.composite
def of_one_structure(draw):
    """Networks that differ in numbers only: the step of time, lengths of windows, delays, elements, histories."""
    dt, first, four, reads = draw(st.sampled_from((70, 100, 300))), draw(st.integers(0, 9)), np.arange(4), []
    accessors = ("prefetch_delay", "output_delay", "StateWithDelay.at", "Delay.at", "StateWithDelay.steps")
    for number, strategy in enumerate(STRATEGIES):
        every, ids = draw(st.integers(1, 5)) * dt, draw(arrays(st.integers(0, 3), 3))
        for k in range(2):
            accessor = accessors[(number + k) % 5]
            item = "x" if accessor in OF_OUTPUTS else "xkb"[(number + k) % 3]
            init = first + four > 7 if item == "b" else first + number + 5 * k + four
            delay, indices = draw(arrays(delays(every), 3)), (ids,)
            if accessor.endswith("steps"):
                delay, indices = Lags((), every, 4 * every), ()
            places = (PLACES[(number + k) % 3], PLACES[(number + k + 1) % 3])[: share(2, fewest=1)]
            reads += [(place, Read(accessor, item, delay, indices, init, None, every, strategy)) for place in places]
    return (4,), "x", dt, reads


@pytest.fixture(scope="module")
def compiled():
    return set()


@drawn(5, fewest=3)
@given(of_one_structure(), cuts())
def test_compiled(compiled, net, pieces):
    """The length of a window is a number like any other."""
    shape, _, dt, reads = net
    sim, found = traced("cpu", lambda: Net(*net), dt, pieces)
    compare(found, expected(shape, dt, reads), exact=False)
    for name, values in traced("interpret", lambda: Net(*net), dt)[1].items():
        assert values.tobytes() == found[name].tobytes(), name
    compiled.add(sim.machine.loaded)
    assert len(compiled) == 1
