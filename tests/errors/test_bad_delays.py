"""Mistakes with delays, histories and what has them: named errors where they are made, with the value and a cure."""

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.errors import (
    DelayEntryError,
    DelayError,
    DimensionError,
    HookArgumentError,
    InvalidParameterError,
    LateDelayError,
    ShapeError,
    UnitExpectedError,
    UnknownStateError,
)

EMPTY = np.zeros(0) * ms
COMM = nd.OneToOne(2, 2, weight=1 * mV)


class Counter(nd.Dynamics):
    """A state of each kind."""

    def init_state(self):
        self.x, self.n, self.b = nd.State(0.0 * mV), nd.State(0), nd.State(False)

    def update(self):
        self.x.value, self.n.value, self.b.value = self.x + 1 * mV, self.n + 1, ~self.b.value
        return self.x.value


def memory(**options):
    """A `Delay` of two elements, after three writes at 0.1 ms; the newest is 3."""
    line = nd.init_all_states(nd.Delay(np.zeros(2), **{"time": 1 * ms, **options}))
    for n in range(3):
        with nd.environ.context(dt=0.1 * ms, i=n, t=n * 0.1 * ms):
            line.update(np.full(2, n + 1.0))
    return line


def at_the_end(read):
    with nd.environ.context(dt=0.1 * ms, i=2, t=0.2 * ms):
        return read(memory())


def cells():
    return Counter(2)


def projected(delay):
    return nd.DeltaProj(nd.LIF(2), comm=COMM, post=nd.LIF(2), delay=delay)


def junction(delay):
    return nd.SymmetryGapJunction((Counter(2), Counter(2)), "x", ([0], [1]), weight=1 * nS, delay=delay)


@pytest.mark.parametrize(
    ("attempt", "error", "text"),
    [
        # no delay at all
        (lambda: cells().prefetch_delay("x", EMPTY), DelayError, r"empty array, of shape \(0,\)"),
        (lambda: cells().output_delay(EMPTY, []), (DelayError, ShapeError), "empty|no index"),
        (lambda: cells().prefetch_delay("x", nd.Parameter(EMPTY)), DelayError, "empty array"),
        (lambda: nd.Delay(np.zeros(2)).register_delay(EMPTY), DelayError, "empty array"),
        (lambda: nd.Delay(np.zeros(2), entries={"a": EMPTY}), DelayError, "empty array"),
        (lambda: projected(EMPTY), DelayError, r"DeltaProj.delay is an empty array"),
        (lambda: projected(nd.init.Values(EMPTY)), DelayError, "empty array"),
        (lambda: junction(EMPTY), DelayError, "empty array"),
        (lambda: at_the_end(lambda line: line.retrieve_at_step(np.zeros(0, int))), DelayError, "no number of steps"),
        # drawn delays belong to projections
        (lambda: cells().prefetch_delay("x", nd.init.Uniform(1 * ms, 2 * ms)), DelayError, "Uniform.*takes times"),
        (lambda: cells().output_delay(nd.init.OfTime(lambda t: t)), DelayError, "takes times"),
        (lambda: junction(nd.init.Normal(1 * ms, 1 * ms)), DelayError, "Draw them once"),
        # one time, not many
        (lambda: cells().prefetch_delay("x", 1 * ms, max_delay=[1, 2] * ms), DelayError, "max_delay is 2 times"),
        (lambda: nd.Delay(np.zeros(2), time=[1, 2] * ms), DelayError, "time is 2 times"),
        # names and owners
        (lambda: cells().prefetch_delay("", 1 * ms), UnknownStateError, "'' is no name of a state of Counter"),
        (lambda: cells().prefetch_delay(None, 1 * ms), UnknownStateError, "None is no name"),
        (lambda: cells().prefetch(None), UnknownStateError, "None is no name"),
        (lambda: cells().prefetch(3), UnknownStateError, "3 is no name"),
        (lambda: cells().prefetch(""), UnknownStateError, "output_delay reads what update returns"),
        (lambda: nd.PrefetchDelay(cells(), 3), UnknownStateError, "3 is no name"),
        (lambda: nd.StateWithDelay(3, "x"), HookArgumentError, "StateWithDelay is given 3 to read from"),
        (lambda: nd.StateWithDelay(cells(), None), UnknownStateError, "None is no name"),
        (lambda: nd.Prefetch(3, "x"), HookArgumentError, "no module"),
        (lambda: nd.OutputDelayAt(3, 1 * ms), HookArgumentError, "no module"),
        (lambda: cells().prefetch_delay("x", 1 * ms, foo=3), HookArgumentError, "foo=3.*does not know"),
        (lambda: cells().output_delay(1 * ms, initial=3), HookArgumentError, "Choose from init, interpolation"),
        # memories by hand
        (lambda: nd.Delay(np.zeros(2), entries=[1]), DelayEntryError, r"entries of Delay are \[1\]"),
        (lambda: nd.Delay([]), ShapeError, r"target of Delay is \[\], which holds no value"),
        (lambda: nd.Delay({}), ShapeError, "holds no value"),
        (lambda: at_the_end(lambda line: line.retrieve_at_time(0.2)), UnitExpectedError, "point in time is 0.2"),
        (lambda: at_the_end(lambda line: line.retrieve_at_time(1 * mV)), DimensionError, "1.0 mV"),
        (lambda: at_the_end(lambda line: line.retrieve_at_step(1.0)), DelayError, "1.0 is no number of steps"),
    ],
)
def test_refused_when_it_is_made(attempt, error, text):
    with pytest.raises(error, match=text) as caught:
        attempt()
    assert "cure:" in str(caught.value)


def read_before_the_start(item, init, target):
    net = nd.DynamicsGroup()
    net.cells = Counter(2)
    read = net.cells.prefetch_delay(item, 0.3 * ms, init=init)
    net.cells.add_before_update("read", read)
    if target == "eager":
        nd.init_all_states(net)
        with nd.environ.context(dt=0.1 * ms, i=0, t=0 * ms):
            return read()
    sim = nd.Simulator(net, dt=0.1 * ms, target=target)
    sim.record(net.cells, "before_updates[read]")
    return sim.run(0.1 * ms, progress=False)[net.cells]["before_updates[read]"][0]


@pytest.mark.parametrize("target", ["eager", "cpu", "interpret"])
@pytest.mark.parametrize(
    ("item", "init", "text"),
    [
        ("n", 0.7, "is 0.7, but its values are integers"),
        ("n", [1, 2.5], "is 2.5, but its values are integers"),
        ("n", nd.init.Uniform(0.2, 0.8), "integers"),
        ("n", nd.init.OfTime(lambda t: float(t / ms) + 0.5), "integers"),
        ("b", 0.3, "is 0.3, but its values are Booleans"),
        ("b", 2, "Booleans"),
        ("x", np.nan * mV, "holds NaN"),
    ],
)
def test_a_history_of_another_kind(item, init, text, target):
    """`Simulator.set` refuses them too; nothing is cut off in silence."""
    with pytest.raises(InvalidParameterError, match=text) as caught:
        read_before_the_start(item, init, target)
    assert f"cells.{item}" in str(caught.value)


@pytest.mark.parametrize("target", ["eager", "cpu", "interpret"])
@pytest.mark.parametrize(("item", "init", "wanted"), [("n", 3.0, 3), ("b", 1, True), ("x", 2 * mV, 2.0)])
def test_a_history_that_loses_nothing(item, init, wanted, target):
    found = np.asarray(read_before_the_start(item, init, target))
    assert found.tolist() == [wanted, wanted]


def test_steps_of_a_memory_are_whole_numbers_in_a_traced_step_too():
    class Reader(nd.Dynamics):
        def __init__(self):
            super().__init__(2)
            self.line = nd.Delay(np.zeros(2), time=1 * ms)

        def init_state(self):
            self.k = nd.State(1.0, shape=())

        def update(self):
            self.line.update(np.ones(2))
            return self.line.retrieve_at_step(self.k.value)

    with pytest.raises(DelayError, match="no number of steps"):
        nd.Simulator(Reader(), dt=0.1 * ms)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize("method", [None, "linear"])
def test_a_parameter_that_grows_too_long(target, method):
    """The message gives the delays as they are written."""
    net = nd.DynamicsGroup()
    net.cells, net.tau = Counter(2), nd.Parameter(0.11 * ms)
    net.cells.add_before_update("read", net.cells.prefetch_delay("x", net.tau, interpolation=method))
    sim = nd.Simulator(net, dt=0.025 * ms, target=target)
    sim.record(net.cells, "before_updates[read]")
    sim.run(0.1 * ms, progress=False)
    net.tau.value = 0.31 * ms
    with pytest.raises(LateDelayError, match=r"cells.x is now 0.31 ms; its history was made for 0.11 ms"):
        sim.run(0.1 * ms, progress=False)


def test_a_shape_of_numpy():
    assert nd.State(0.0, shape=np.int64(3)).value.shape == (3,)
    assert nd.State(0.0, shape=(np.int64(3), 2)).varshape == (3, 2)


def test_steps_of_a_registered_delay():
    with nd.environ.context(dt=0.1 * ms):
        windows, *_ = nd.Delay(np.zeros(2), update_every=0.5 * ms).register_delay(2 * ms)
        assert int(windows) == 4
        many, index = nd.Delay(np.zeros(2)).register_delay([1, 2] * ms, [0, 1])
        assert np.asarray(many).tolist() == [10, 20]
        assert (repr(windows), repr(many), index.tolist()) == ("DelaySteps(4)", "DelaySteps([10, 20])", [0, 1])
        with pytest.raises(ShapeError, match=r"2 delays, of \[10, 20\] steps"):
            int(many)
    assert repr(many) == "DelaySteps(dt not set)"


def test_long_windows_are_made_at_once():
    """Their history before the start is not added up step by step."""
    calls = []

    def first(shape):
        calls.append(shape)
        return np.full(shape, 2.0) * mV

    net = nd.DynamicsGroup()
    net.cells = Counter(2)
    read = net.cells.prefetch_delay("x", 9000 * ms, init=first, update_every=3000 * ms, update_strategy="mean")
    net.cells.add_before_update("read", read)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.record(net.cells, "before_updates[read]")
    assert sim.run(0.1 * ms, progress=False)[net.cells]["before_updates[read]"].magnitude.tolist() == [[2.0, 2.0]]
    assert len(calls) < 10
