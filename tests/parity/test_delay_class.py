"""`Delay`, `DelayAccess`, `StateWithDelay`, row by row beside the reference package."""

import numpy as np
import pytest
from quantities import ms, mV, nA

import numbadyn as nd
from numbadyn.errors import (
    DelayEntryError,
    DelayError,
    DelayRangeError,
    DimensionError,
    HookArgumentError,
    InterpolationError,
    NotInitialisedError,
    SchedulingError,
    ShapeError,
    TracedValueError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from tests.features.both import run_on
from tests.parity.reads import SIZE, STEPS, Owner, first_values, readings, x


def steps(line, values, dt=0.1):
    """Write values in eager steps, one after the other."""
    for step, value in enumerate(values):
        with nd.environ.context(dt=dt * ms, i=step, t=step * dt * ms):
            line.update(value)


def at(step, dt=0.1):
    """The environment of a step."""
    return nd.environ.context(dt=dt * ms, i=step, t=step * dt * ms)


def ready(*args, **options):
    """A memory of two numbers that can be called."""
    return nd.init_all_states(nd.Delay(np.zeros(2), *args, **options))


# ---- the memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("time", "length"), [(None, 1), (0.0, 1), (0.1, 2), (0.25, 4), (1.9, 20), (0.3, 4)])
def test_length_and_longest_time(time, length):
    line = ready(None if time is None else time * ms)
    with at(0):
        assert line.max_length == length
    assert line.max_time == (time or 0) * ms


def test_every_step_is_remembered():
    line = ready(0.4 * ms)
    steps(line, [np.full(2, k + 1.0) for k in range(6)])
    with at(5):
        assert [line.retrieve_at_step(k)[0] for k in range(5)] == [6, 5, 4, 3, 2]
        np.testing.assert_array_equal(line.retrieve_at_step(np.array([0, 3])), [[6, 6], [3, 3]])
        np.testing.assert_array_equal(line.retrieve_at_step(np.array([0, 3]), np.array([1, 0])), [6, 3])
        assert line.retrieve_at_step(2, 1) == 4


def test_steps_beyond_the_memory():
    """The reference gives the newest sample for step 11 of 11."""
    line = ready(0.4 * ms)
    with at(0):
        for step in (5, -1, np.array([0, 9])):
            with pytest.raises(DelayRangeError, match="remembers 4"):
                line.retrieve_at_step(step)
        with pytest.raises(DelayError, match="whole numbers"):
            line.retrieve_at_step(1.5)


def test_a_point_in_time():
    """Line 0 at t = 0, then the value of each step at its end; between samples a straight line."""
    line = ready(0.5 * ms)
    steps(line, [np.full(2, k + 1.0) for k in range(8)])
    with at(8):
        for t in (0.3, 0.35, 0.62, 0.8):
            assert line.retrieve_at_time(t * ms)[0] == pytest.approx(t / 0.1)
        np.testing.assert_allclose(line.retrieve_at_time([0.4, 0.75] * ms, [0, 1]), [4, 7.5])
        for wrong, words in ((0.2, "before the present"), (0.95, "in the future")):
            with pytest.raises(DelayRangeError, match=words):  # both wrap in the reference
                line.retrieve_at_time(wrong * ms)


@pytest.mark.parametrize("name", ["nearest", "linear", "cubic", "polynomial2", "polynomial3"])
@pytest.mark.parametrize("keyword", ["interpolation", "interp_method"])
def test_method_of_points_in_time(name, keyword):
    line = nd.init_all_states(nd.Delay(np.zeros(1), 1 * ms, **{keyword: name}))
    steps(line, [np.full(1, float(k + 1)) for k in range(20)])
    with at(20):
        for t in (1.0, 1.23, 1.5, 1.96, 2.0):
            wanted = np.ceil(t / 0.1 - 0.5 - 1e-9) if name == "nearest" else t / 0.1
            assert line.retrieve_at_time(t * ms)[0] == pytest.approx(wanted)


def test_unknown_method():
    with pytest.raises(InterpolationError, match="spline"):
        nd.Delay(np.zeros(2), interpolation="spline")


@pytest.mark.parametrize(
    ("init", "wanted"),
    [
        (None, [0, 0]),  # zeros
        (3.0, [3, 3]),
        (np.array([1.0, 2.0]), [1, 2]),
        (lambda shape: np.arange(shape[0]) + 5.0, [5, 6]),
        (nd.init.Constant(4.0), [4, 4]),
    ],
)
def test_before_the_start(init, wanted):
    line = ready(0.3 * ms, init=init)
    with at(0):
        np.testing.assert_array_equal(line.retrieve_at_step(2), wanted)
    steps(line, [np.full(2, 9.0)])
    with at(1):
        np.testing.assert_array_equal(line.retrieve_at_step(0), [9, 9])
        np.testing.assert_array_equal(line.retrieve_at_step(1), wanted)


@pytest.mark.parametrize("init", [2 * mV, lambda shape: np.full(shape, 2) * mV, nd.init.Constant(2 * mV)])
def test_before_the_start_with_units(init):
    """The reference takes no quantity, neither directly nor from a function."""
    line = ready(0.3 * ms, init=init)
    steps(line, [np.ones(2) * mV])
    with at(1):
        assert line.retrieve_at_step(3).units == mV
        np.testing.assert_array_equal(line.retrieve_at_step(3), [2, 2] * mV)
        np.testing.assert_array_equal(line.retrieve_at_step(0), [1, 1] * mV)


def test_another_unit_than_before_the_start():
    line = ready(0.3 * ms, init=2 * nA)
    steps(line, [np.ones(2) * mV])
    with pytest.raises(DimensionError, match="nA"), at(1):
        line.retrieve_at_step(1)


@pytest.mark.parametrize("kind", [bool, int, float])
def test_kinds_and_units_are_kept(kind):
    """`take_aware_unit` is accepted and makes no difference: the reference fails at the first quantity."""
    line = nd.init_all_states(nd.Delay(np.zeros(3, dtype=kind), 0.2 * ms, take_aware_unit=True))
    steps(line, [np.array([0, 1, 1], dtype=kind)])
    with at(1):
        assert line.retrieve_at_step(0).dtype.kind == {bool: "b", int: "i", float: "f"}[kind]


def test_nested_targets():
    line = nd.init_all_states(nd.Delay({"a": np.zeros(2), "b": (np.zeros(3, dtype=bool), 0 * mV)}, 0.2 * ms))
    steps(line, [{"a": np.full(2, float(k)), "b": (np.arange(3) < k, k * mV)} for k in range(3)])
    with at(3):
        found = line.retrieve_at_step(1)
    assert found.keys() == {"a", "b"}
    np.testing.assert_array_equal(found["a"], [1, 1])
    np.testing.assert_array_equal(found["b"][0], [True, False, False])
    assert found["b"][1] == 1 * mV


@pytest.mark.parametrize(
    "example",
    [
        np.zeros((2, 3)),
        np.zeros((2, 3)) * mV,
        nd.State(0.0, shape=(2, 3)),
        type("T", (), {"shape": (2, 3), "dtype": float})(),
    ],
)
def test_what_may_be_an_example(example):
    line = nd.init_all_states(nd.Delay(example, 0.1 * ms))
    steps(line, [np.ones((2, 3))])
    with at(1):
        assert line.retrieve_at_step(0).shape == (2, 3)


def test_init_state_alone_makes_memory():
    line = nd.Delay(np.zeros(2), time=1 * ms, init=3.0, entries={"late": 0.5 * ms})
    line.init_state()
    with at(0):
        line.update(np.ones(2))
        assert line.at("late").tolist() == [3.0, 3.0]
        line.init_state()
        assert line.retrieve_at_step(0).tolist() == [3.0, 3.0]


def test_functions_of_shape_and_dtype():
    def first(shape, dtype):
        assert dtype == np.dtype(float)
        return np.full(shape, 2.0, dtype)

    line = nd.init_all_states(nd.Delay(np.zeros(2), time=1 * ms, init=first, delay_method=None))
    with at(0):
        assert line.retrieve_at_step(3).tolist() == [2.0, 2.0]


def test_the_state_that_is_remembered():
    cells = nd.init_all_states(nd.LIF(2))
    assert nd.StateWithDelay(cells, "V").state is cells.V


def test_old_arguments():
    for warning in (FutureWarning, DeprecationWarning):
        with pytest.warns(warning, match="no difference"):
            nd.Delay(np.zeros(1), delay_method="concat")
    with pytest.raises(DelayError, match="'stack'"):
        nd.Delay(np.zeros(1), delay_method="stack")
    with pytest.raises(UnsupportedFeatureError, match="batch"):
        nd.Delay(np.zeros(1)).init_state(batch_size=4)


@pytest.mark.parametrize("strategy", ["hold", "latest", "mean", "sum", "max"])
def test_samples_of_windows(strategy):
    """On the page of the reference, and not in it: `update_strategy`."""
    line = ready(0.6 * ms, update_every=0.3 * ms, update_strategy=strategy)
    values = [np.full(2, float(k * k)) for k in range(9)]
    steps(line, values)
    window = np.array([9.0, 16.0, 25.0])
    wanted = {"hold": window[0], "latest": window[-1], "mean": window.mean(), "sum": window.sum(), "max": window.max()}
    with at(9):
        assert line.max_length == 3
        assert line.retrieve_at_step(1)[0] == pytest.approx(wanted[strategy])


def test_resetting_forgets():
    line = ready(0.3 * ms, init=7.0)
    steps(line, [np.ones(2)] * 3)
    nd.reset_all_states(line)
    with at(0):
        np.testing.assert_array_equal(line.retrieve_at_step(1), [7, 7])


# ---- entries ---------------------------------------------------------------------------------------------------------


def test_entries_by_name():
    line = ready(entries={"late": 0.2 * ms, "own": ([0.1, 0.3] * ms, [0, 1]), "none": None})
    assert line.register_entry("one", 0.1 * ms, 1) is line
    access = line.access("last", 0.4 * ms)
    assert isinstance(access, nd.DelayAccess)
    steps(line, [np.array([k, 10.0 * k]) for k in range(6)])
    with at(6):
        np.testing.assert_array_equal(line.at("late"), [3, 30])
        np.testing.assert_array_equal(line.at("own"), [4, 20])
        np.testing.assert_array_equal(line.at("none"), [5, 50])
        assert line.at("one") == 40
        np.testing.assert_array_equal(access(), [1, 10])
        np.testing.assert_array_equal(line.at("last"), [1, 10])


def test_registering_grows_the_memory_and_gives_steps():
    line = ready(0.1 * ms)
    assert line.register_delay(None) is None
    found = line.register_delay(0.5 * ms, [1])
    with at(0):
        assert int(found[0]) == 5
        assert line.max_length == 6
        line.register_delay(0.2 * ms)
        assert line.max_length == 6  # never shrinks
        np.testing.assert_array_equal(line.retrieve_at_step(*found), [0])


@pytest.mark.parametrize("entry", ["late", 3, None])
def test_names_that_are_taken_or_no_names(entry):
    line = ready(entries={"late": 0.2 * ms})
    with pytest.raises(DelayEntryError, match="Choose another name") as info:
        line.register_entry(entry, 1 * ms)
    assert isinstance(info.value, KeyError)


@pytest.mark.parametrize("entry", ["early", 3, None])
def test_entries_that_are_not_there(entry):
    with pytest.raises(DelayEntryError, match="Registered are: late"):
        ready(entries={"late": 0.2 * ms}).at(entry)


def test_delays_that_are_no_delays():
    line = ready()
    with pytest.raises(DelayError, match="no delay"):
        line.register_delay()
    with pytest.raises(DelayError, match="-1"):  # accepted by the reference
        line.register_delay(-1 * ms)
    with pytest.raises(ShapeError, match="no index"):
        line.register_delay(0.1 * ms, [0.5])
    with pytest.raises(DelayError, match="no Delay"):
        nd.DelayAccess(Owner(), 1 * ms, entry="x")


def test_a_read_without_a_name():
    with pytest.raises(TypeError, match="needs the argument 'entry', the name of the entry") as caught:
        nd.DelayAccess(ready(), 1 * ms)
    assert type(caught.value) is HookArgumentError
    assert caught.value.where == "DelayAccess(Delay, ...)"
    assert 'entry="late"' in caught.value.cure


@pytest.mark.parametrize(
    "arguments", [([0.1, 0.2] * ms, [0, 1, 0]), ([0.1, 0.2] * ms, [0, 7]), ([[0.1, 0.2]] * ms, [[0, 1, 1]])]
)
def test_delays_and_elements_that_do_not_fit(arguments):
    """The reference says that it refuses sizes that differ, accepts them, and clips indices."""
    for register in (ready().register_delay, lambda *given: nd.Delay(np.zeros(2), entries={"late": given})):
        with pytest.raises(ShapeError, match="Delay"):
            register(*arguments)


# ---- mistakes --------------------------------------------------------------------------------------------------------


def test_before_anything_is_made():
    """AttributeError about an internal name in the reference."""
    line = nd.Delay(np.zeros(2), 0.1 * ms, entries={"late": 0.1 * ms})
    for use in (lambda: line.update(np.zeros(2)), lambda: line.at("late"), lambda: line.retrieve_at_step(1)):
        with pytest.raises(NotInitialisedError, match="init_all_states"), at(0):
            use()


@pytest.mark.parametrize("value", [np.zeros(3), np.zeros((2, 2)), {"a": np.zeros(2)}, (np.zeros(2), np.zeros(2))])
def test_values_of_another_shape(value):
    with pytest.raises(ShapeError), at(0):
        ready().update(value)


class Writer(nd.Dynamics):
    """Writes to a memory and reads it, as told."""

    def __init__(self, times, kind=float):
        super().__init__(2)
        self.line = nd.Delay(np.zeros(2, dtype=kind), entries={"late": 0.2 * ms})
        self.times = times

    def init_state(self):
        self.v = nd.State(0.0)

    def update(self):
        self.v.value = self.v + 1.0
        for _ in range(self.times):
            self.line.update(self.v.value)
        self.v.value = self.line.at("late") + 0.0


@pytest.mark.parametrize(("times", "words"), [(0, "nothing is written"), (2, "written twice")])
def test_one_write_in_a_step(times, words):
    with pytest.raises(SchedulingError, match=words):
        nd.Simulator(Writer(times), dt=0.1 * ms)


def test_reals_into_a_memory_of_spikes():
    with pytest.raises(TracedValueError, match="bool"):
        nd.Simulator(Writer(1, bool), dt=0.1 * ms)


# ---- the memory of a state -------------------------------------------------------------------------------------------


def test_memory_of_a_state():
    def reads(owner):
        line = nd.StateWithDelay(owner, "x", time=0.5 * ms, entries={"late": 0.3 * ms})
        owner.lines = [*getattr(owner, "lines", []), line]
        return {
            "step": lambda: line.retrieve_at_step(3),
            "entry": lambda: line.at("late"),
            "time": lambda: line.retrieve_at_time(nd.environ.get("t") - 0.24 * ms),
        }

    found = readings(reads)
    for place in ("before", "after"):
        for step in range(4, STEPS):
            newest = first_values(place, step)
            np.testing.assert_array_equal(found[place]["step"][step], x(newest - 3))
            np.testing.assert_array_equal(found[place]["entry"][step], x(newest - 3))
            # t_n - 0.24 ms is nearest to t_{n-2}, the end of step n-3: rounding by default, as its page says
            np.testing.assert_array_equal(found[place]["time"][step], x(step - 3))


def test_what_is_no_state():
    for item, words in (("nothing", "nothing"), ("size", "size")):
        line = nd.init_all_states(nd.StateWithDelay(nd.init_all_states(Owner()), item, time=0.1 * ms))
        with pytest.raises(UnknownStateError, match=words), at(0):
            line.retrieve_at_step(1)
    with pytest.raises(DelayError, match="sampled"):
        nd.StateWithDelay(Owner(), "x").update(3.0)


def test_states_of_two_axes():
    """The reference counts a batch twice; here the axes of a state are what they are."""

    class Sheet(nd.Dynamics):
        def __init__(self):
            super().__init__((3, SIZE))
            self.past = self.prefetch_delay("x", 0.2 * ms)

        def init_state(self):
            self.x = nd.State(np.arange(3.0 * SIZE).reshape(3, SIZE))
            self.y = nd.State(0.0)

        def update(self):
            self.x.value = self.x + 1.0
            self.y.value = self.past()

    first = np.arange(3.0 * SIZE).reshape(3, SIZE)
    for target in ("interpret", "cpu"):
        samples = run_on(target, Sheet, 0.1 * ms, 1 * ms)[1]["Sheet"].y
        np.testing.assert_array_equal(
            samples[6].reshape(first.shape), first + 3
        )  # of step 5 - 1 - 2, read while updating: x[5-3]
