"""Run a network in two ways: traced and interpreted, and eagerly; and compare them step by step."""

import numpy as np
from quantities import ms

import numbadyn as nd
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext
from numbadyn.model.delays import latest_output
from numbadyn.model.naming import walk
from numbadyn.model.step import trace_step
from numbadyn.units import split


class Interpreted:
    """A network that is traced once and advanced by the interpreter."""

    def __init__(self, net, dt=0.1, seed=0, bits=64):
        self.net = nd.init_all_states(net, seed=seed)
        context = BindContext(dt, seed, bits)
        self.step = trace_step(net, context)
        real = np.dtype(f"float{bits}")
        tables = [connection.build(context, real) for connection in self.step.connections]
        self.run = Interpreter(self.step, context, tables, probes=self.step.outputs.values())
        self.names = [spec.name for spec in self.step.states]

    def advance(self, steps=1):
        for _ in range(steps):
            self.run.advance()
        return self

    def state(self, variable):
        return self.run.states[self.names.index(variable.path)]

    def output(self, module):
        return self.run.values[self.step.outputs[module.path]]

    def record(self, steps, *what):
        """Values of states and outputs after each step, an array of shape (steps, ...) for each."""
        rows = []
        for _ in range(steps):
            self.run.advance()
            rows.append([np.array(self.state(x) if isinstance(x, nd.State) else self.output(x)) for x in what])
        return [np.array(column) for column in zip(*rows, strict=True)]


def eager_steps(net, steps, dt=0.1, seed=0):
    """Advance a network eagerly; yields the step number after each step."""
    nd.init_all_states(net, seed=seed)
    for number in range(steps):
        with nd.environ.context(dt=dt * ms, i=number, seed=seed):
            net()
        yield number


def assert_eager_agrees(make, steps, dt=0.1, seed=0):
    """Compare all states and outputs of an eager run with those of the interpreter, in each step."""
    traced, net = Interpreted(make(), dt, seed), make()
    active = 0
    for number in eager_steps(net, steps, dt, seed):
        traced.advance()
        states = {state.path: state for module in walk(net) for state in module.states().values()}
        for name in traced.names:
            if name not in states:  # an input that waits for the next step lives in the trace only
                continue
            want = traced.run.states[traced.names.index(name)]
            np.testing.assert_allclose(
                states[name].array(), want, rtol=1e-12, atol=1e-12, err_msg=f"{name} in step {number}"
            )
            active += np.count_nonzero(want)
        for module in walk(net):
            if module.path in traced.step.outputs and isinstance(module, nd.Neuron):
                np.testing.assert_array_equal(split(latest_output(module))[0], traced.output(module))
    assert active > 0
