"""Simplification on steps written by hand and on traced ones: fewer operations, the same meaning."""

from collections import Counter
from dataclasses import replace

import numpy as np
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.ir.analysis import live
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.ir.verify import verify
from numbadyn.lowering.pipeline import prepare
from numbadyn.model.step import trace_step
from tests.ir.steps import add_node, add_param, add_state


def literal(step, value):
    """A number that stands in the model's code."""
    number = add_param(step, value)
    step.nodes[number] = replace(step.nodes[number], attrs={"index": len(step.params) - 1, "literal": True})
    return number


def operations(step):
    """How often each operation is left."""
    roots = [*step.roots(), *step.probes.values()]
    return Counter(step.nodes[index].op for index in live(step, roots))


def both(step, steps=3):
    """States after some steps, before and after simplification."""
    context = BindContext(0.1, 0)
    simple = prepare(step)
    verify(simple)
    machines = Interpreter(step, context, []), Interpreter(simple, context, [])
    for _ in range(steps):
        for machine in machines:
            machine.advance()
    return simple, machines[0].states, machines[1].states


def test_neutral_numbers_vanish():
    step = Step("Net")
    x, zero, one = add_state(step, [1.0, 2.0, 3.0]), literal(step, 0.0), literal(step, 1.0)
    value = add_node(step, "add", add_node(step, "mul", one, add_node(step, "sub", x, zero)), zero)
    step.writes[0] = add_node(step, "neg", add_node(step, "neg", add_node(step, "identity", value)))
    simple, old, new = both(step)
    assert operations(simple) == {"state": 1}
    np.testing.assert_array_equal(new[0], old[0])


def test_equal_expressions_are_computed_once():
    step = Step("Net")
    x, y = add_state(step, [1.0, 2.0, 3.0]), add_state(step, [4.0, 5.0, 6.0])
    left, right = add_node(step, "mul", x, y), add_node(step, "mul", y, x)
    step.writes[0] = add_node(step, "add", add_node(step, "exp", left), add_node(step, "exp", right))
    simple, old, new = both(step, 1)
    assert operations(simple)["exp"] == 1
    assert operations(simple)["mul"] == 1
    np.testing.assert_array_equal(new[0], old[0])


def test_draws_are_never_joined():
    step = Step("Net")
    add_state(step, [0.0, 0.0, 0.0])
    first, second = add_node(step, "uniform", stream=0), add_node(step, "uniform", stream=1)
    step.writes[0] = add_node(step, "sub", first, second)
    simple, _, new = both(step, 1)
    assert operations(simple)["uniform"] == 2
    assert (new[0] != 0).all()


def test_divisions_by_run_constants_become_products():
    step = Step("Net")
    x, tau = add_state(step, [1.0, 2.0, 3.0]), add_param(step, 7.0)
    dt = add_node(step, "dt", shape=())
    slope = add_node(step, "div", add_node(step, "neg", x), tau)
    step.writes[0] = add_node(step, "add", x, add_node(step, "mul", slope, dt))
    simple, old, new = both(step)
    varying = [index for index in live(simple, simple.roots()) if simple.nodes[index].shape == (3,)]
    assert "div" not in {simple.nodes[index].op for index in varying}
    np.testing.assert_allclose(new[0], old[0], rtol=1e-14)


def test_nothing_is_joined_that_whole_numbers_would_round():
    step = Step("Net")
    n, three = add_state(step, [7, 8, 9], "int"), add_param(step, 3, "int")
    quotient = add_node(step, "int_floordiv", n, three, kind="int")
    step.writes[0] = add_node(step, "mul", quotient, three, kind="int")
    _, old, new = both(step, 1)
    assert new[0].tolist() == old[0].tolist() == [6, 6, 9]


class Synaptic(nd.DynamicsGroup):
    """A conductance that decays and takes spikes."""

    def __init__(self, size=4):
        super().__init__()
        self.A = nd.LIF(size, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
        syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
        comm = nd.AllToAll(size, size, weight=1 * nS)
        self.p = nd.AlignPostProj(self.A, comm=comm, syn=syn, out=out, post=self.A)


def test_a_decaying_state_and_its_events_become_one_sum():
    step = trace_step(nd.init_all_states(Synaptic()))
    simple = prepare(step)
    verify(simple)
    (total,) = [node for node in simple.nodes if node.op == "accumulate" and len(node.args) == 2]
    assert simple.nodes[total.args[1]].op == "mul"
    assert simple.writes.keys() == step.writes.keys()
    assert simple.probes.keys() == step.probes.keys()


def test_the_step_itself_is_left_alone():
    step = trace_step(nd.init_all_states(Synaptic()))
    before = [(node.op, node.args) for node in step.nodes], dict(step.writes), dict(step.probes)
    prepare(step)
    assert ([(node.op, node.args) for node in step.nodes], dict(step.writes), dict(step.probes)) == before


def test_a_population_of_one_is_simplified_like_any_other():
    one, many = (prepare(trace_step(nd.init_all_states(Synaptic(size)))) for size in (1, 5))
    assert [node.op for node in one.nodes] == [node.op for node in many.nodes]
