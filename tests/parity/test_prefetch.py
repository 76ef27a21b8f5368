"""References: `Prefetch`, `PrefetchDelay`, `PrefetchDelayAt`, `OutputDelayAt`, `init_maybe_prefetch`, row by row.

What the reference package does stands in comments and docstrings; expectations are closed forms of the step.
"""

import numpy as np
import pytest
from quantities import ms, mV, um, us

import numbadyn as nd
from numbadyn.errors import DelayError, DimensionError, InvalidParameterError, UnitExpectedError, UnknownStateError
from tests.parity import reads as seen
from tests.parity.reads import SIZE, START, STEPS, Owner, b, n, readings, x

LAGS, IDS = np.array([0.3, 0.0, 0.5]), np.array([2, 0, 2])
OWN = np.array([0.2, 0.0, 0.7, 0.1])


def reads_of(owner):
    """Every form of a read, by name."""
    return {
        "now": owner.prefetch("x"),
        "delay 0": owner.prefetch_delay("x", 0 * ms),
        "delay 1": owner.prefetch_delay("x", 0.1 * ms),
        "delay 3": owner.prefetch_delay("x", 0.3 * ms),
        "between": owner.prefetch_delay("x", 0.25 * ms),
        "none": owner.prefetch_delay("x", None),
        "nothing": owner.prefetch_delay("x"),
        "chain": owner.prefetch("x").delay.at(0.3 * ms),
        "chain init": owner.prefetch("x").delay.at(0.3 * ms, init=1 * mV),
        "tuple": owner.prefetch_delay("x", (0.3 * ms, 2)),
        "whole": owner.prefetch_delay("n", 0.3 * ms),
        "whole at once": owner.prefetch("n"),
        "outer": owner.prefetch_delay("x", LAGS * ms),
        "own": owner.prefetch_delay("x", OWN * ms, np.arange(SIZE)),
        "gather": owner.prefetch_delay("x", LAGS * ms, IDS),
        "one": owner.prefetch_delay("x", 0.3 * ms, 2),
        "last": owner.prefetch_delay("x", 0.3 * ms, -1),
        "slice": owner.prefetch_delay("x", 0.3 * ms, slice(1, 3)),
        "mask": owner.prefetch_delay("x", 0.3 * ms, np.array([True, False, True, True])),
        "output": owner.output_delay(0.3 * ms),
        "output one": owner.output_delay(0.3 * ms, 1),
        "output own": owner.output_delay(OWN * ms, np.arange(SIZE)),
        "output latest": owner.output_delay(),
        "output none": owner.output_delay(None),
        "us": owner.prefetch_delay("x", 300 * us),
    }


EXPECTED = {
    "now": x,
    "delay 0": x,
    "delay 1": lambda m: x(m - 1),
    "delay 3": lambda m: x(m - 3),
    "between": lambda m: x(m - 3),
    "none": x,
    "nothing": x,
    "chain": lambda m: x(m - 3),
    "chain init": lambda m: x(m - 3) if m >= 3 else np.ones(SIZE),
    "tuple": lambda m: x(m - 3)[2],
    "whole": lambda m: n(m - 3),
    "whole at once": n,
    "outer": lambda m: x(m - np.array([3, 0, 5])),
    "own": lambda m: np.diagonal(x(m - np.array([2, 0, 7, 1]))),
    "gather": lambda m: x(m - np.array([3, 0, 5]))[np.arange(3), IDS],
    "one": lambda m: x(m - 3)[2],
    "last": lambda m: x(m - 3)[3],
    "slice": lambda m: x(m - 3)[1:3],
    "mask": lambda m: x(m - 3)[[0, 2, 3]],
    "output": lambda m: b(m - 3),
    "output one": lambda m: b(m - 3)[1],
    "output own": lambda m: np.diagonal(b(m - np.array([2, 0, 7, 1]))),
    "output latest": b,
    "output none": b,
    "us": lambda m: x(m - 3),
}
KINDS = {"real": "f", "whole": "i", "output": "b"}


@pytest.fixture(scope="module")
def values():
    return readings(reads_of)


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("name", list(EXPECTED))
def test_what_a_read_gives(values, place, name):
    """x[n-1-d] before the owner's update, x[n-d] after it; delays between steps are rounded up."""
    for step in range(STEPS):
        wanted = EXPECTED[name](seen.first_values(place, step))
        np.testing.assert_array_equal(values[place][name][step], wanted, err_msg=f"step {step}")


@pytest.mark.parametrize("name", list(EXPECTED))
def test_kinds_and_units_stay(values, name):
    """The reference gives all outputs as 32-bit floats, and refuses outputs with units."""
    value = values["before"][name][0]
    kind = KINDS.get(name.split(" ")[0], "f")
    assert np.asarray(value).dtype.kind == kind
    assert (getattr(value, "units", None) == mV) == (kind == "f")


class Voltage(nd.Dynamics):
    """Returns a quantity (which the reference cannot delay)."""

    def __init__(self):
        super().__init__(SIZE)

    def init_state(self):
        self.v = nd.State(START * mV)

    def update(self):
        self.v.value = self.v + 2 * mV
        return self.v.value


def test_outputs_with_units():
    found = readings(lambda owner: {"late": owner.output_delay(0.2 * ms)}, Voltage)
    for step in range(STEPS):
        for place in ("before", "after"):
            last = seen.first_values(place, step) - 2
            value = found[place]["late"][step]
            assert step == 0 or value.units == mV  # an eager call knows it once the owner has been called
            np.testing.assert_array_equal(np.asarray(value), START + 2 * (last + 1) if last >= 0 else np.zeros(SIZE))


# ---- references before there is anything -----------------------------------------------------------------------------


def test_prefetch_resolves_when_it_is_called():
    cells = Owner()
    reference = cells.prefetch("x")
    assert isinstance(reference, nd.Prefetch)
    assert isinstance(reference.delay, nd.PrefetchDelay)
    with pytest.raises(UnknownStateError, match=r"has no attribute 'x' yet"):
        reference()
    with pytest.raises(AttributeError, match="init_all_states"):
        nd.init_maybe_prefetch(reference)
    nd.init_all_states(cells)
    assert reference.get_item() is cells.x
    np.testing.assert_array_equal(reference(), START * mV)
    np.testing.assert_array_equal(reference.get_item_value(), START * mV)
    nd.init_maybe_prefetch(reference)


@pytest.mark.parametrize("value", [3, 2.5 * mV, "text", (1, 2)])
def test_prefetch_of_what_is_no_state(value):
    cells = Owner()
    cells.setting = value
    assert cells.prefetch("setting")() is value


def test_attributes_that_are_none_are_missing():
    """As in the reference."""
    cells = Owner()
    cells.setting = None
    with pytest.raises(AttributeError, match="no attribute 'setting'"):
        cells.prefetch("setting")()


def test_init_maybe_prefetch_takes_anything_else():
    """The reference fails for a `PrefetchDelay`."""
    cells = Owner()
    for target in (cells.prefetch("x").delay, cells.prefetch_delay("x", 1 * ms), cells, None, 3):
        assert nd.init_maybe_prefetch(target) is None


# ---- references do not disturb each other ----------------------------------------------------------------------------


def test_each_reference_keeps_its_settings():
    """In the reference the first registration wins: a second one with another `init` silently gets the first one's."""
    late = 0.4 * ms

    def references(owner):
        return {
            "default": owner.prefetch_delay("x", late),
            "zero": owner.prefetch_delay("x", late, init=0 * mV),
            "seven": owner.prefetch_delay("x", late, init=7 * mV),
            "linear": owner.prefetch_delay("x", 0.05 * ms, interpolation="linear"),
            "up": owner.prefetch_delay("x", 0.05 * ms),
            "held": owner.prefetch_delay("x", 0 * ms, update_every=0.3 * ms),
        }

    found = readings(references)["after"]
    for step in range(STEPS):
        before = step < 4
        np.testing.assert_array_equal(found["default"][step], START if before else x(step - 4))
        np.testing.assert_array_equal(found["zero"][step], np.zeros(SIZE) if before else x(step - 4))
        np.testing.assert_array_equal(found["seven"][step], np.full(SIZE, 7.0) if before else x(step - 4))
        np.testing.assert_allclose(found["linear"][step].magnitude, (x(step) + x(step - 1)) / 2)
        np.testing.assert_array_equal(found["up"][step], x(step - 1))
        np.testing.assert_array_equal(found["held"][step], x(step // 3 * 3))


def test_names_of_the_options():
    """``delay_init`` is the name of the classes of the reference, ``init`` that of its methods."""
    cells = Owner()
    for reference in (
        nd.PrefetchDelayAt(cells, "x", 0.2 * ms, delay_init=3 * mV),
        nd.PrefetchDelayAt(cells, "x", 0.2 * ms, init=3 * mV),
        cells.prefetch_delay("x", 0.2 * ms, init=3 * mV),
    ):
        assert reference.module is cells
        assert reference.item == "x"
        nd.init_all_states(cells)
        with nd.environ.context(dt=0.1 * ms):
            np.testing.assert_array_equal(reference(), np.full(SIZE, 3.0) * mV)


# ---- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delay", "error", "words"),
    [
        (-0.1 * ms, DelayError, "-0.1"),  # accepted by the reference, which then reads garbage
        (np.array([0.1, -0.2]) * ms, DelayError, "-0.2"),
        (np.nan * ms, DelayError, "nan"),
        (np.inf * ms, DelayError, "inf"),
        (5.0, UnitExpectedError, "5"),
        (3 * mV, DimensionError, "mV"),
        ("late", InvalidParameterError, "late"),
    ],
)
@pytest.mark.parametrize("output", [True, False])
def test_delays_that_make_no_sense(delay, error, words, output):
    cells = Owner()
    with pytest.raises(error, match=words) as info:
        _ = cells.output_delay(delay) if output else cells.prefetch_delay("x", delay)
    assert "Owner" in str(info.value)


def test_negative_delays_are_value_errors():
    with pytest.raises(ValueError, match="-1"):
        Owner().prefetch_delay("x", -1 * ms)


def test_lengths_are_no_times():
    with pytest.raises(DimensionError, match="um"):
        Owner().prefetch_delay("x", 0.3 * um)


def test_a_misspelt_state_is_told_from_one_that_is_not_made_yet():
    cells = nd.LIFRef(2, tau_ref=1 * ms)
    with pytest.raises(UnknownStateError, match=r"(?s)no attribute 'v' yet.*init_all_states"):
        cells.prefetch("v")()
    nd.init_all_states(cells)
    with pytest.raises(
        UnknownStateError, match=r"(?s)no attribute 'v', and no state of that name\..*states are: V, refractory"
    ) as caught:
        cells.prefetch("v")()
    assert "init_all_states" not in str(caught.value)
