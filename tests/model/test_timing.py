"""Times in whole steps."""

import numpy as np
import pytest
from quantities import ms, s

import numbadyn as nd
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.nodes import BindContext
from numbadyn.model.timing import whole_steps
from numbadyn.tracing.trace import Trace


@pytest.mark.parametrize(("time", "steps"), [(5.0, 50), (0.3, 3), (0.7, 7), (0.25, 3), (0.0, 0), (1.1, 11), (0.01, 1)])
def test_whole_steps_are_exact_for_multiples_and_rounded_up_elsewhere(time, steps):
    with nd.environ.context(dt=0.0001 * s):
        assert whole_steps(nd.Parameter(time * ms)) == steps


@pytest.mark.parametrize("bits", [64, 32])
def test_traced_steps_do_not_depend_on_the_precision(bits):
    model = nd.Neuron(3)
    model.tau_ref = nd.Parameter([0.3, 5.0, 0.7] * ms)
    trace = Trace("test")
    with trace.recording():
        first, second = whole_steps(model.tau_ref), whole_steps(model.tau_ref)
        assert first.node_in(trace) == second.node_in(trace)
        node = first.node_in(trace)
    evaluator = Evaluator(trace.step, BindContext(0.1, 0, bits))
    np.testing.assert_array_equal(evaluator.elementwise(node), [3, 50, 7])
    assert trace.node(node).kind == "int"
