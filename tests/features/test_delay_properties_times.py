"""Delays between steps, delays that change, and points in time: interpolation by the formulas of its methods."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numbadyn as nd
from tests.features.delay_accessors import AT_TIMES, OF_OUTPUTS, OF_STATES, PLACES, Net, expected
from tests.features.delay_draws import LONGEST, SHAPES, Lags, Read, arrays, delays, forms, histories
from tests.features.delay_networks import FIRST, Readers, Signal, compare, cuts, drawn, eagerly, times, traced
from tests.features.delay_oracle import before_and_after, numbers, seen

DTS = (71, 125, 333)  # odd: no time lies in the middle between two steps, where rounding would decide
METHODS = ("nearest", "round", "linear", "linear_interp", "cubic", "hermite", "polynomial2", "polynomial3")
REFERENCES = sorted(OF_STATES | OF_OUTPUTS)
STEPWISE = ("StateWithDelay.steps", "Delay.steps")


@st.composite
def changing(draw, shape, dt, unit=1):
    """Delays that change, and elements: one time, one for each neuron, an outer product, or some neurons."""
    most = draw(st.integers(1, LONGEST)) * dt
    how = draw(st.sampled_from(["one", "outer", "gathered"]))
    if how == "one":
        return Lags((), unit, most), draw(st.sampled_from([(), (1,), (slice(0, 2),)]))
    if how == "outer":
        return Lags((2,), unit, most), ()
    ids = tuple(draw(arrays(st.integers(0, size - 1), 3)) for size in shape)
    return Lags((3,), unit, most), ids


@st.composite
def reads_at_times(draw, shape, dt, outputs):
    """One read between steps or with a delay that changes."""
    how = draw(st.sampled_from(["interpolated", "changing", "both", "steps", "point"]))
    names = {"steps": STEPWISE, "point": sorted(AT_TIMES)}.get(how, REFERENCES)
    accessor = draw(st.sampled_from(names))
    item = outputs if accessor in OF_OUTPUTS else draw(st.sampled_from("xkb"))
    init = draw(histories(shape, dt, item))
    if how == "steps":
        return Read(accessor, item, *draw(changing(shape, dt, unit=dt)), init)
    if how == "changing":
        return Read(accessor, item, *draw(changing(shape, dt)), init)
    method = draw(st.sampled_from(METHODS[:2] if item == "b" else METHODS))
    moving = how == "both" or (how == "point" and draw(st.booleans()))
    return Read(accessor, item, *draw(changing(shape, dt) if moving else forms(shape, dt)), init, method)


@st.composite
def networks(draw, outputs="xkb"):
    """Shape, item of the output, step of time, and several reads."""
    shape, dt, output = draw(st.sampled_from(SHAPES)), draw(st.sampled_from(DTS)), draw(st.sampled_from(outputs))
    count = draw(st.integers(2, 6))
    return (
        shape,
        output,
        dt,
        [(draw(st.sampled_from(PLACES)), draw(reads_at_times(shape, dt, output))) for _ in range(count)],
    )


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
    """Networks that differ in numbers only: the step of time, delays, elements, histories."""
    dt, first = draw(st.sampled_from(DTS)), draw(st.integers(0, 9))
    four, reads = np.arange(4), []
    for number, method in enumerate(("nearest", "linear", "cubic", "polynomial2", "polynomial3", "linear")):
        ids = draw(arrays(st.integers(0, 3), 3))
        item, accessor = "xkx"[number % 3], ("prefetch_delay", "Delay.time")[number % 2]
        chosen = [(draw(arrays(delays(dt), 4)), (four,)), (Lags((), 1, 700), ()), (Lags((3,), 1, 900), (ids,))]
        reads.append((PLACES[number % 3], Read(accessor, item, *chosen[number % 3], first + four, method)))
    for place in ("before", "after"):
        reads.append((place, Read("delay.at", "b", Lags((3,), 1, 500), (ids,), first + four > 7)))
        reads.append((place, Read("StateWithDelay.steps", "k", Lags((), dt, 5 * dt), (ids,))))
    return (4,), "x", dt, reads


@pytest.fixture(scope="module")
def compiled():
    return set()


@drawn(4, fewest=3)
@given(of_one_structure(), cuts())
def test_compiled(compiled, net, pieces):
    """All of them share one machine; its bits are those of the interpreter."""
    shape, _, dt, reads = net
    sim, found = traced("cpu", lambda: Net(*net), dt, pieces)
    compare(found, expected(shape, dt, reads), exact=False)
    for name, values in traced("interpret", lambda: Net(*net), dt)[1].items():
        assert values.tobytes() == found[name].tobytes(), name
    compiled.add(sim.machine.loaded)
    assert len(compiled) == 1


class Tuned(nd.DynamicsGroup):
    """Reads whose delays are parameters, at most `LONGEST` steps."""

    def __init__(self, dt, late, each):
        super().__init__()
        self.owner = Signal((4,), "k")
        self.late, self.each = nd.Parameter(times(late)), nd.Parameter(times(each))
        most, like = times(LONGEST * dt), np.arange(4)
        reads = {
            "one": (self.owner.prefetch_delay("k", self.late, max_delay=most), like, 1),
            "each": (self.owner.output_delay(self.each, like, max_delay=most), like, 1),
        }
        self.before, self.after = Readers(reads), Readers(reads)

    def update(self):
        self.before()
        self.owner()
        self.after()


@st.composite
def tuned(draw):
    """Step of time, lengths of pieces, and the delays of each."""
    dt, pieces = draw(st.sampled_from(DTS)), draw(cuts())
    return dt, pieces, [(draw(delays(dt)), draw(arrays(delays(dt), 4))) for _ in pieces]


def check_tuned(target, dt, pieces, given):
    """New delays hold from the first step of a piece on, and look back across its start."""

    def retune(sim, number):
        if number < len(pieces):
            late, each = given[number]
            sim.network.late.value, sim.network.each.value = times(late), times(each)

    _, found = traced(target, lambda: Tuned(dt, *given[0]), dt, pieces, between=retune)
    piece = np.repeat(np.arange(len(pieces)), pieces)
    histories = {"one": FIRST["k"], "each": 0}
    wanted = {}
    for place in ("before", "after"):
        for k, (name, first) in enumerate(histories.items()):
            past = before_and_after(first, lambda n: numbers(n, np.arange(4)))
            form = {"after": place == "after", "indices": (np.arange(4),) if k else ()}
            wanted[f"{place}.{name}"] = functools.partial(
                lambda n, past, k, form: seen(past, n, given[piece[n]][k], dt, **form), past=past, k=k, form=form
            )
    compare(found, wanted)


@drawn(40)
@given(tuned())
def test_delays_that_are_parameters_interpreted(drawn_delays):
    check_tuned("interpret", *drawn_delays)


@drawn(6, fewest=3)
@given(tuned())
def test_delays_that_are_parameters_compiled(drawn_delays):
    check_tuned("cpu", *drawn_delays)


def test_in_the_middle_the_older_sample_counts():
    reads = [(place, Read("prefetch_delay", "k", 2500, (), None, "nearest")) for place in PLACES]
    _, found = traced("interpret", lambda: Net((2,), "x", 1000, reads), 1000)
    compare(found, expected((2,), 1000, reads))
    i = np.arange(2)
    np.testing.assert_array_equal(found["before.r0_prefetch_delay"][10], numbers(10 - 1 - 3, i))
