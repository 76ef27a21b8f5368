"""Values between samples: the registry and its methods, row by row beside the reference package.

Polynomials that a method must give back exactly are the expectation: in the middle of the window, at both of its ends,
and for delays shorter than a step.
"""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import InterpolationError
from numbadyn.model.delays.sampling.interpolation import STENCIL
from tests.parity.reads import SIZE, STEPS, Owner, first_values, n, readings, x

NAMES = ["nearest", "round", "linear", "linear_interp", "cubic", "hermite", "polynomial2", "polynomial3"]
EXACT = {"linear": 1, "linear_interp": 1, "cubic": 2, "hermite": 2, "polynomial2": 2, "polynomial3": 3}
LENGTH = 11


class Slots:
    """A history as methods see it: slot 0 is the newest sample; slots that a method must not touch are refused."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __getitem__(self, key):
        slots = np.asarray(key[0])
        assert slots.dtype.kind == "i"
        assert (slots >= 0).all(), "newer than the newest"
        assert (slots < LENGTH + STENCIL).all(), "older than what is kept"
        return self.values[(slots, *key[1:])]


# ---- the registry ----------------------------------------------------------------------------------------------------


def test_names():
    assert nd.InterpolationRegistry.list_methods() == NAMES


@pytest.mark.parametrize("one_of", [("nearest", "round"), ("linear", "linear_interp")])
def test_two_names_of_one_method(one_of):
    first, second = (nd.InterpolationRegistry.get(name) for name in one_of)
    assert first is second


@pytest.mark.parametrize("name", ["spline", "", 3, None])
def test_names_that_are_not_there(name):
    with pytest.raises(InterpolationError, match="Choose one of nearest, round, linear") as info:
        nd.InterpolationRegistry.get(name)
    assert isinstance(info.value, ValueError)


@pytest.mark.parametrize("given", [3, 2.5, ["linear"]])
def test_what_is_no_method(given):
    """TypeError in the reference."""
    with pytest.raises(InterpolationError, match="interpolation is"):
        Owner().prefetch_delay("x", 1 * ms, interpolation=given)


def test_registering_replaces_and_unregistering_takes_away():
    def first(history, indices, position, length):
        return history[(np.floor(position).astype(int), *indices)]

    def second(history, indices, position, length):
        return history[(np.ceil(position).astype(int), *indices)]

    nd.InterpolationRegistry.register("mine", first)
    try:
        nd.InterpolationRegistry.register("mine", second)
        assert nd.InterpolationRegistry.get("mine") is second
        assert nd.InterpolationRegistry.list_methods()[-1] == "mine"
    finally:
        nd.InterpolationRegistry.unregister("mine")
    assert nd.InterpolationRegistry.list_methods() == NAMES
    with pytest.raises(InterpolationError, match="mine"):
        nd.InterpolationRegistry.unregister("mine")


@pytest.mark.parametrize(("name", "method"), [(3, len), ("mine", 3), (None, None)])
def test_what_cannot_be_registered(name, method):
    with pytest.raises(InterpolationError, match="Give a name and a function"):
        nd.InterpolationRegistry.register(name, method)


# ---- the methods -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(EXACT))
@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_polynomials_are_exact_everywhere_in_the_window(name, power):
    """On a ramp the reference gives 25.52 for 24.75 a quarter step ago, and 14.81 for 15.5 at the old end."""
    ages = np.arange(LENGTH + STENCIL, dtype=float)
    history = Slots(np.stack([ages**power, 3 - 2 * ages**power], axis=1))
    positions = np.linspace(0, LENGTH - 1, 101)
    found = np.stack([nd.InterpolationRegistry.get(name)(history, (), p, LENGTH) for p in positions])
    wanted = np.stack([positions**power, 3 - 2 * positions**power], axis=1)
    exact = power <= EXACT[name]
    assert np.allclose(found, wanted, rtol=1e-12, atol=1e-9) == exact


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_hit_exactly(name):
    values = np.cos(np.arange(LENGTH + STENCIL, dtype=float) * 1.7)
    method = nd.InterpolationRegistry.get(name)
    for slot in range(LENGTH):
        assert method(Slots(values), (), float(slot), LENGTH) == pytest.approx(values[slot], abs=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_positions_of_each_element(name):
    """One position for each element of the result gives what single positions give."""
    values = np.cos(np.arange((LENGTH + STENCIL) * SIZE).reshape(-1, SIZE) * 0.9)
    positions = np.array([0.0, 0.3, 4.5, LENGTH - 1.0])
    method = nd.InterpolationRegistry.get(name)
    found = method(Slots(values), (np.arange(SIZE),), positions, LENGTH)
    for element, position in enumerate(positions):
        assert found[element] == method(Slots(values[:, element]), (), position, LENGTH)


def test_the_older_of_two_at_the_same_distance():
    method = nd.InterpolationRegistry.get("nearest")
    found = [method(Slots(np.arange(20)), (), p, LENGTH) for p in (0.49, 0.5, 1.5, 2.51)]
    assert found == [0, 1, 2, 3]


# ---- in reads --------------------------------------------------------------------------------------------------------

PARTS = [0.0, 0.25, 0.5, 1.0, 1.75, 4.5]


@pytest.mark.parametrize("name", ["linear", "cubic", "polynomial2", "polynomial3"])
def test_between_steps_of_a_state_that_grows_as_a_parabola(name):
    """Without `interpolation` delays are rounded up, as in the reference; with it they are exact, also below a step."""

    def reads(owner):
        return {f"{p}": owner.prefetch_delay("x", p * 0.1 * ms, interpolation=name) for p in PARTS}

    found = readings(reads, compiled=name == "linear")
    for place in ("before", "after"):
        for step in range(8, STEPS):
            for p in PARTS:
                at = first_values(place, step) - p
                low = np.floor(at)
                chord = x(low) + (x(low + 1) - x(low)) * (at - low)
                wanted = chord if name == "linear" else x(at)
                np.testing.assert_allclose(np.asarray(found[place][f"{p}"][step]), wanted, rtol=1e-12)


def test_nearest_keeps_kinds():
    def reads(owner):
        return {
            "n": owner.prefetch_delay("n", 0.26 * ms, interpolation="nearest"),
            "b": owner.output_delay(0.24 * ms, interpolation="round"),
            "real": owner.prefetch_delay("n", 0.25 * ms, interpolation="linear"),
        }

    found = readings(reads, compiled=False)["after"]
    assert found["n"][5].dtype.kind == "i"
    assert found["b"][5].dtype.kind == "b"
    np.testing.assert_array_equal(found["n"][5], n(2))
    np.testing.assert_allclose(found["real"][5], (n(2) + n(3)) / 2)


def test_a_delay_of_each_neuron_between_steps():
    delays = np.array([0.05, 0.0, 0.31, 0.49])

    def reads(owner):
        return {
            "own": owner.prefetch_delay("x", delays * ms, np.arange(SIZE), interpolation="cubic"),
            "outer": owner.prefetch_delay("x", delays * ms, interpolation="cubic"),
            "gather": owner.prefetch_delay("x", delays[:2] * ms, [3, 1], interpolation="cubic"),
        }

    found = readings(reads, compiled=False)["before"]
    wanted = x(9 - delays / 0.1)
    np.testing.assert_allclose(np.asarray(found["own"][10]), np.diagonal(wanted))
    np.testing.assert_allclose(np.asarray(found["outer"][10]), wanted)
    np.testing.assert_allclose(np.asarray(found["gather"][10]), wanted[[0, 1], [3, 1]])


def test_a_method_of_the_user():
    """Written with functions of NumPy, it is compiled like an update; elements are chosen before it is called."""

    def halfway(history, indices, position, length):
        newer = np.floor(position).astype(int)
        return 0.5 * (history[(newer, *indices)] + history[(newer + 1, *indices)])

    nd.InterpolationRegistry.register("halfway", halfway)
    try:
        found = readings(
            lambda owner: {
                "registered": owner.prefetch_delay("x", 0.3 * ms, interpolation="halfway"),
                "function": owner.prefetch_delay("x", 0.37 * ms, 1, interpolation=halfway),
            }
        )["after"]
    finally:
        nd.InterpolationRegistry.unregister("halfway")
    wanted = (x(10 - 3) + x(10 - 4)) / 2
    np.testing.assert_allclose(np.asarray(found["registered"][10]), wanted)
    np.testing.assert_allclose(np.asarray(found["function"][10]), wanted[1])
    assert found["registered"][10].units == mV


# ---- methods of the user that read other slots -----------------------------------------------------------------------


def test_slots_that_a_method_computes_are_kept_inside():
    """The reference wraps around; here eager calls, the interpreter and compiled code agree on the nearest slot."""

    def shifted(by):
        return lambda history, indices, position, length: history[(np.floor(position).astype(int) + by, *indices)]

    def last(history, indices, position, length):
        return history[(length, *indices)]

    each = np.arange(SIZE)
    found = readings(
        lambda owner: {
            "new": owner.prefetch_delay("x", 0.25 * ms, interpolation=shifted(-4)),
            "old": owner.prefetch_delay("x", 0.25 * ms, interpolation=shifted(50)),
            "last": owner.prefetch_delay("x", 0.25 * ms, interpolation=last),
            "each": owner.prefetch_delay("x", [0.1, 0.2, 0.3, 0.4] * ms, each, interpolation=shifted(-3)),
        }
    )["after"]
    oldest = 3 + STENCIL
    np.testing.assert_array_equal(np.asarray(found["new"][10]), x(10))
    np.testing.assert_array_equal(np.asarray(found["old"][10]), x(10 - oldest))
    np.testing.assert_array_equal(np.asarray(found["last"][10]), x(10 - oldest))
    np.testing.assert_array_equal(np.asarray(found["each"][10]), x(10 - np.array([0, 0, 0, 1]))[each, each])


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (lambda history, indices, position, length: history[-1], "slot -1 of .*the slots 0 to length - 1"),
        (lambda history, indices, position, length: history[100], "slot 100 of .*the slots 0 to 6"),
        (lambda history, indices, position, length: history[np.floor(position)], "no whole number"),
        (lambda history, indices, position, length: history[1.0], "slot 1.0 of .*no whole number"),
        (lambda history, indices, position, length: history[np.arange(3)], r"slots of shape \(3,\)"),
        (lambda history, indices, position, length: history[0, 1], r"with the indices \[1\]"),
    ],
)
@pytest.mark.parametrize("target", ["eager", "cpu", "interpret"])
def test_slots_that_are_not_there(method, text, target):
    net = nd.DynamicsGroup()
    net.owner = Owner()
    net.owner.add_before_update("read", net.owner.prefetch_delay("x", 0.25 * ms, interpolation=method))
    with pytest.raises(InterpolationError, match=text):
        _run(net, target)


def _run(net, target):
    if target == "eager":
        nd.init_all_states(net)
        with nd.environ.context(dt=0.1 * ms, i=0, t=0 * ms):
            net()
        return
    sim = nd.Simulator(net, dt=0.1 * ms, target=target)
    sim.record(net.owner, "before_updates[read]")
    sim.run(1 * ms)


def test_a_method_of_another_signature():
    with pytest.raises(InterpolationError, match="function of \\(history, indices, position, length\\)"):
        Owner().prefetch_delay("x", 1 * ms, interpolation=lambda history, position: history[0])
    with pytest.raises(InterpolationError, match="does not take the four arguments"):
        nd.InterpolationRegistry.register("two", lambda history, position: history[0])
