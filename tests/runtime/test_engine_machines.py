"""Both machines behind one interface, without a simulator."""

import numpy as np
from quantities import ms, mV

import numbadyn as nd
from numbadyn.ir.nodes import BindContext
from numbadyn.lowering.pipeline import prepare
from numbadyn.model.step import trace_step
from numbadyn.runtime.interpreted import InterpreterMachine
from numbadyn.runtime.logs import Logs, SampleLog
from numbadyn.runtime.soundness import Check


def machine():
    net = nd.init_all_states(nd.LIF(3, V_rest=-40 * mV, V_initializer=-50.5 * mV, tau=5 * ms))
    return InterpreterMachine(prepare(trace_step(net)), [BindContext(0.1, 0)], [[]], [])


def test_the_interpreter_samples_states_before_each_step():
    made = machine()
    log = SampleLog("state", 0, np.array([1]), 2, 0, 99, np.dtype(float))
    log.begin(0, 6)
    made.begin([Logs([], [log])])
    assert made.advance(6).reached == made.number == 6
    steps, values = log.take()
    assert steps.tolist() == [0, 2, 4]
    assert values[0, 0] == -50.5
    assert np.all(np.diff(values[:, 0]) != 0)


def test_states_can_be_replaced_and_reset():
    made = machine()
    made.begin([Logs()])
    made.set_state(0, np.array([[-55.0, -54.0, -53.0]]))
    assert made.state(0).tolist() == [[-55.0, -54.0, -53.0]]
    made.advance(3)
    made.reset()
    assert made.number == 0
    assert made.state(0).tolist() == [[-50.5] * 3]


def test_a_nan_is_found_at_the_end_of_a_chunk():
    made = machine()
    made.begin([Logs()])
    made.set_state(0, np.array([[-55.0, np.nan, -53.0]]))
    outcome = made.advance(1000)
    assert (outcome.reached, outcome.failed) == (128, Check("state", 0))
