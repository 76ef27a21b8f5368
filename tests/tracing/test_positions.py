"""Messages point to the innermost line of the user's own code, and nothing that Python says comes raw."""

import copy
import random
import sys

import numpy as np
import pytest
from quantities import ms, mV, nS, pA

import numbadyn as nd
from numbadyn.model.step import trace_step

# ruff: noqa: NPY002 -- the functions that users know

GENERATOR = np.random.default_rng(1)


def model(body):
    class Model(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(np.full(self.varshape, 0.5))
            self.n = nd.State(1)

        def update(self):
            return body(self)

    return Model(40)


def refused(network, *kinds):
    """The error that the network meets, with the number of the line that it names."""
    with pytest.raises(kinds) as caught:
        nd.Simulator(network, dt=0.1 * ms, target="interpret")
    return caught.value


def line_of(function, more=0):
    return f"test_positions.py:{function.__code__.co_firstlineno + 1 + more}:"


# ---- chance ----------------------------------------------------------------------------------------------------------


def returned(self):
    return np.random.randn(40)


def compared(self):
    return np.random.rand(40) < 0.5


def one_flag(self):
    return np.random.rand() < 0.5


def assigned(self):
    self.x.value = np.random.normal(size=40)
    return self.x.value


def in_an_equation(self):
    self.x.value = nd.exp_euler_step(lambda x: (np.random.randn(40) - x) / ms, self.x.value)
    return self.x.value


def in_pythons_own(self):
    return self.x.value + random.gauss(0.0, 1.0)


def from_a_generator(self):
    return self.x.value + GENERATOR.normal(size=40)


def before_its_use(self):
    noise = np.random.randn(40)
    scaled = 2 * noise
    return self.x.value + np.exp(scaled)


def in_a_function(self):
    return self.x.value + helper()


def helper():
    return np.random.standard_normal(40)


DRAWS = [returned, compared, one_flag, assigned, in_an_equation, in_pythons_own, from_a_generator, before_its_use]


@pytest.mark.parametrize("body", DRAWS)
def test_random_numbers_of_numpy_and_python_are_found_where_they_are_drawn(body):
    error = refused(model(body), nd.errors.TracedValueError)
    assert "changes each time" in error.what
    assert line_of(body) in error.where
    assert "nd.random" in error.cure
    assert sys.gettrace() is None or "watch" not in repr(sys.gettrace())


def test_they_are_found_in_functions_and_inputs_and_hooks():
    assert line_of(helper) in refused(model(in_a_function), nd.errors.TracedValueError).where

    def noise(_v):
        return np.random.randn(3) * pA

    neurons = nd.LIF(3)
    neurons.add_current_input("noise", noise)
    assert line_of(noise) in refused(neurons, nd.errors.TracedValueError).where

    def kick(_spike):
        neurons.V.value = np.random.randn(3) * mV

    neurons = nd.LIF(3)
    neurons.add_after_update("kick", kick)
    assert line_of(kick) in refused(neurons, nd.errors.TracedValueError).where


def test_a_constant_that_is_drawn_once_may_stay():
    def once(self):
        if not hasattr(self, "weights"):
            self.weights = np.random.default_rng(3).normal(size=40) + np.random.randn()
        return self.x.value * self.weights

    nd.Simulator(model(once), dt=0.1 * ms, target="interpret")


def test_what_others_draw_meanwhile_is_nobodys_mistake(monkeypatch):
    states = iter(range(10_000))
    monkeypatch.setattr("numbadyn.model.step.state_of_chance", lambda: (next(states),))
    nd.Simulator(nd.LIF(2), dt=0.1 * ms, target="interpret")
    found = iter([("model.py", 3), None])  # another thread has drawn while the lines were followed, too
    monkeypatch.setattr("numbadyn.model.step.drawing_line", lambda again: next(found))
    nd.Simulator(nd.LIF(2), dt=0.1 * ms, target="interpret")


# ---- what a traced value does not have or cannot do ------------------------------------------------------------------

ATTRIBUTES = ["T", "real", "imag", "dtype", "units", "simplified", "value", "item", "tolist", "round", "conj", "flat"]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_that_a_traced_value_lacks(name):
    def ask(self):
        return getattr(self.x.value, name)

    error = refused(model(ask), nd.errors.UnsupportedFunctionError)
    assert f"no attribute '{name}'" in error.what
    assert line_of(ask) in error.where


def called(self):
    return self.x.value()


def deleted(self):
    del self.x.value[0]


def set_on(self):
    self.x.value.label = "x"


def as_a_size(self):
    return np.zeros(self.n.value)


def as_an_array(self):
    return np.asarray(self.x.value)


def in_a_list(self):
    return np.array([self.x.value, self.x.value])


@pytest.mark.parametrize("body", [called, deleted, set_on, as_a_size, as_an_array, in_a_list])
def test_uses_that_a_traced_value_does_not_allow(body):
    error = refused(model(body), nd.errors.TracedValueError, nd.errors.UnsupportedFunctionError)
    assert line_of(body) in error.where
    assert "Traced" not in error.what


def test_a_copy_of_a_traced_value_is_the_value():
    def copied(self):
        return copy.deepcopy(self.x.value) + copy.copy(self.x.value)

    nd.Simulator(model(copied), dt=0.1 * ms, target="interpret")


@pytest.mark.parametrize("function", [np.sort, np.fft.fft, np.linalg.norm, np.unique, np.gradient])
def test_functions_without_a_rule(function):
    def apply(self):
        return function(self.x.value)

    assert line_of(apply) in refused(model(apply), nd.errors.UnsupportedFunctionError).where


def test_attributes_that_a_state_lacks():
    def ask(self):
        return self.x.valeu

    error = refused(model(ask), nd.errors.UnknownStateError)
    assert "Model.x is a State" in error.what
    assert "value" in error.cure
    assert line_of(ask) in error.where


# ---- lines -----------------------------------------------------------------------------------------------------------


def test_a_value_that_comes_from_no_line_is_told_with_the_update():
    def wrong(self):
        return "spike"

    network = model(wrong)
    error = refused(network, nd.errors.InvalidParameterError)
    assert "def update(self):" in error.where
    network = model(lambda self: np.zeros(7))
    assert "def update(self):" in refused(network, nd.errors.ShapeError).where


def test_the_users_line_goes_before_that_of_a_ready_made_model():
    class Mine(nd.LIF):
        def update(self):
            return super().update(1 * nS)

    assert line_of(Mine.update) in refused(Mine(3), nd.errors.DimensionError).where


def test_a_ready_made_model_is_named_where_there_is_nothing_of_the_users():
    neurons = nd.LIF(3)
    neurons.add_current_input("unit", lambda _v: 1 * nS)
    assert "integrate_and_fire.py" in refused(neurons, nd.errors.DimensionError).where


def test_generated_source_quotes_ready_made_models():
    class Mine(nd.LIF):
        def update(self):
            return super().update()

    program = nd.Simulator(Mine(3), dt=0.1 * ms, target="interpret").program
    assert any(node.position.file == "integrate_and_fire.py" for node in program.step.nodes)


def test_a_ready_made_projection_is_named_by_the_line_on_which_it_was_made():
    def network():
        net = nd.DynamicsGroup()
        net.cells = nd.LIF(2)
        net.noise = nd.PoissonInput(net.cells, num_input=10, freq=5 / ms, weight=1 * mV)
        return net

    step = trace_step(nd.init_all_states(network()))
    (draw,) = [node for node in step.nodes if node.op == "poisson"]
    assert line_of(network, 2) in str(draw.position)
    assert draw.position.text == "net.noise = nd.PoissonInput(net.cells, num_input=10, freq=5 / ms, weight=1 * mV)"
