"""The delay rule for populations of several axes, on both targets, and after `Simulator.set` between two runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.delay_accessors import ACCESSORS, OF_OUTPUTS, OF_STATES, PLACES, Net, expected, past_of
from tests.features.delay_draws import DTS, Before, Read, arrays, delays, forms, histories, late
from tests.features.delay_networks import STEPS, compare, cuts, drawn, in_unit, traced
from tests.features.delay_oracle import seen

SHAPE, DEEP = (2, 3), (2, 3, 2)
KEPT = sorted([*OF_STATES, *(name for name in ACCESSORS if name.startswith("StateWithDelay"))])


def forms_of(draw, dt, shape):
    """A delay, or many, and elements, for a population of several axes; each fixed in its structure."""
    every = np.unravel_index(np.arange(int(np.prod(shape))), shape)
    some = tuple(draw(arrays(st.integers(0, size - 1), 4)) for size in shape)
    return [
        (draw(late(dt)), ()),
        (draw(arrays(delays(dt), 2)), ()),
        (draw(arrays(delays(dt), every[0].size)), every),
        (draw(arrays(delays(dt), 4)), some),
        (draw(arrays(delays(dt), 2, 1)), some),
        (draw(arrays(delays(dt), 4)), (some[0],)),
        (draw(late(dt)), (slice(0, 1),)),
    ]


@st.composite
def of_one_structure(draw, shape):
    """All accessors of a population of some shape; networks differ in numbers only."""
    dt, first, reads = draw(st.sampled_from(DTS)), draw(st.integers(0, 9)), []
    chosen = forms_of(draw, dt, shape)
    for number, accessor in enumerate(sorted(ACCESSORS)):
        item = "x" if accessor in OF_OUTPUTS else "xkb"[number % 3]
        init = np.arange(int(np.prod(shape))).reshape(shape) + first + number if number % 2 else None
        if init is not None and item == "b":
            init = init % 3 == 0
        if number % 4 == 1:
            init = Before(shape, dt, item)
        reads.append((PLACES[number % 3], Read(accessor, item, *chosen[number % len(chosen)], init)))
    return shape, "x", dt, reads


@pytest.fixture(scope="module")
def compiled():
    return {}


@pytest.mark.parametrize("shape", [SHAPE, DEEP])
@drawn(4)
@given(data=st.data())
def test_compiled(compiled, shape, data):
    """Bit by bit as interpreted, and all numbers of one shape by one machine."""
    net, pieces = data.draw(of_one_structure(shape)), data.draw(cuts())
    _, _, dt, reads = net
    sim, found = traced("cpu", lambda: Net(*net), dt, pieces)
    compare(found, expected(shape, dt, reads))
    assert compiled.setdefault(shape, sim.machine.loaded) is sim.machine.loaded


@st.composite
def deep_networks(draw):
    """Reads of a population of three axes."""
    dt, output, reads = draw(st.sampled_from(DTS)), draw(st.sampled_from("xkb")), []
    for _ in range(draw(st.integers(2, 5))):
        accessor = draw(st.sampled_from(sorted(ACCESSORS)))
        item = output if accessor in OF_OUTPUTS else draw(st.sampled_from("xkb"))
        init = draw(histories(DEEP, dt, item))
        reads.append((draw(st.sampled_from(PLACES)), Read(accessor, item, *draw(forms(DEEP, dt)), init)))
    return DEEP, output, dt, reads


@drawn(30)
@given(deep_networks(), cuts())
def test_three_axes_interpreted(net, pieces):
    _, _, dt, reads = net
    _, found = traced("interpret", lambda: Net(*net), dt, pieces)
    compare(found, expected(DEEP, dt, reads))


# ---- values that are set between two runs ----------------------------------------------------------------------------


@st.composite
def values_set(draw, shape, pieces):
    """Values of states at the starts of pieces: (item, step that the value is of) -> array."""
    starts, found = np.cumsum(pieces)[:-1].tolist(), {}
    for start in starts:
        for item in sorted(draw(st.sets(st.sampled_from("xkb"), max_size=3))):
            of = st.booleans() if item == "b" else st.integers(-99, 99)
            found[item, start - 1] = draw(arrays(of, *shape))
    return found


def run_with_sets(target, net, pieces, values):
    """Run in pieces; before each of them, states get the values that are meant for it."""
    starts = [0, *np.cumsum(pieces).tolist()]

    def between(sim, number):
        for (item, step), value in values.items():
            if step == starts[number] - 1:
                sim.set(sim.network.owner, item, in_unit(item, value))

    return traced(target, lambda: Net(*net), net[2], pieces, between=between)


def expected_with_sets(shape, dt, reads, values):
    """What is set is the value of the last step, for all who read it in a later one."""

    def of(place, read):
        past = past_of(shape, read)

        def wanted(n):
            known = lambda m: values[read.item, m] if m < n and (read.item, m) in values else past(m)  # noqa: E731
            return seen(known, n, read.delay, dt, after=place == "after", indices=read.indices)

        return wanted

    names = list(expected(shape, dt, reads))
    return {name: of(place, read) for name, (place, read) in zip(names, reads, strict=True)}


@st.composite
def reads_of_states(draw):
    """Reads of a population of two axes, by accessors that follow its states."""
    dt, reads = draw(st.sampled_from(DTS)), []
    for _ in range(draw(st.integers(2, 5))):
        item = draw(st.sampled_from("xkb"))
        init = draw(histories(SHAPE, dt, item))
        accessor = draw(st.sampled_from(KEPT))
        reads.append((draw(st.sampled_from(PLACES)), Read(accessor, item, *draw(forms(SHAPE, dt)), init)))
    return SHAPE, "k", dt, reads


@drawn(40)
@given(data=st.data())
def test_values_that_are_set_interpreted(data):
    net, pieces = data.draw(reads_of_states()), data.draw(cuts())
    values = data.draw(values_set(SHAPE, pieces))
    _, found = run_with_sets("interpret", net, pieces, values)
    compare(found, expected_with_sets(SHAPE, net[2], net[3], values))


@st.composite
def states_of_one_structure(draw):
    """The same, with one structure."""
    dt = draw(st.sampled_from(DTS))
    chosen = forms_of(draw, dt, SHAPE)
    reads = [
        (PLACES[(number + k) % 3], Read(accessor, "xkb"[(number + k) % 3], *chosen[(number + 3 * k) % len(chosen)]))
        for number, accessor in enumerate(KEPT)
        for k in range(2)
    ]
    return SHAPE, "k", dt, reads


@drawn(5)
@given(data=st.data())
def test_values_that_are_set_compiled(compiled, data):
    net, pieces = data.draw(states_of_one_structure()), data.draw(cuts().filter(lambda pieces: len(pieces) > 1))
    values = data.draw(values_set(SHAPE, pieces))
    sim, found = run_with_sets("cpu", net, pieces, values)
    compare(found, expected_with_sets(SHAPE, net[2], net[3], values))
    assert sum(pieces) == STEPS
    assert compiled.setdefault("set", sim.machine.loaded) is sim.machine.loaded
