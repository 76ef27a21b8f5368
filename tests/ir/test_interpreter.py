"""The interpreter on steps written by hand: what every source and effect means."""

import numpy as np
import pytest

from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.ir.verify import verify
from tests.ir.steps import Table, add_channel, add_connection, add_node, add_param, add_state, add_train

CONTEXT = BindContext(0.5, 42)


def run(step, steps, tables=(), probes=(), context=CONTEXT):
    """Advance a step; gives the interpreter and the values of the probes after each step."""
    verify(step)
    machine, seen = Interpreter(step, context, list(tables), probes), []
    for _ in range(steps):
        machine.advance()
        seen.append([np.array(machine.values[probe]) for probe in probes])
    return machine, seen


def test_states_are_old_until_the_end_of_the_step():
    step = Step("Net")
    a, b = add_state(step, [1.0, 2.0]), add_state(step, [10.0, 20.0])
    step.writes = {0: b, 1: a}
    machine, _ = run(step, 3)
    assert [state.tolist() for state in machine.states] == [[10.0, 20.0], [1.0, 2.0]]
    machine.reset()
    assert machine.number == 0
    assert machine.states[0].tolist() == [1.0, 2.0]


def test_time_is_a_product_and_not_a_sum():
    step = Step("Net")
    t, n, dt = (
        add_node(step, "time", shape=()),
        add_node(step, "step", shape=(), kind="int"),
        add_node(step, "dt", shape=()),
    )
    _, seen = run(step, 4, probes=[t, n, dt], context=BindContext(0.1, 0))
    assert [[float(x) for x in row] for row in seen] == [[n * 0.1, n, 0.1] for n in range(4)]


def test_what_depends_on_parameters_alone_is_computed_once():
    step = Step("Net")
    p = add_param(step, [2.0, 3.0])
    square = add_node(step, "mul", p, p, shape=(2,))
    evaluator = Evaluator(step, CONTEXT)
    evaluator.bind()
    assert list(evaluator.constant) == [p, square]
    assert evaluator.values[square].tolist() == [4.0, 9.0]


def test_a_history_begins_with_its_first_value():
    step = Step("Net")
    n = add_node(step, "step", shape=(), kind="int")
    channel = add_channel(step, n, first=-1)
    lag = add_param(step, 2, "int")
    last = add_node(step, "history", shape=(), kind="int", channel=channel)
    older = add_node(step, "history", lag, shape=(), kind="int", channel=channel)
    _, seen = run(step, 6, probes=[last, older])
    assert [int(row[0]) for row in seen] == [-1, 0, 1, 2, 3, 4]
    assert [int(row[1]) for row in seen] == [-1, -1, -1, 0, 1, 2]


def test_a_history_can_be_read_element_by_element():
    step = Step("Net")
    state, n = add_state(step, [0.0, 100.0, 200.0]), add_node(step, "step", shape=(), kind="int")
    real = add_node(step, "to_real", n, shape=())
    value = add_node(step, "add", state, real)
    channel = add_channel(step, value, first=-1.0)
    lags, elements = add_param(step, [0, 1, 3], "int"), add_param(step, [2, 2, 0], "int")
    read = add_node(step, "history", lags, elements, channel=channel)
    _, seen = run(step, 5, probes=[read])
    assert [row[0].tolist() for row in seen] == [
        [-1, -1, -1],
        [200, -1, -1],
        [201, 200, -1],
        [202, 201, -1],
        [203, 202, 0],
    ]


@pytest.mark.parametrize("graded", [False, True])
def test_synaptic_sums_add_in_ascending_order_with_their_delays(graded):
    step = Step("Net")
    fired = add_node(step, "train", kind="bool", index=add_train(step, 3, [0, 0, 2], [0, 2, 1]))
    signal = fired
    if graded:
        two, zero = add_param(step, 2.0), add_param(step, 0.0)
        signal = add_node(step, "select", fired, two, zero)
    channel = add_channel(step, signal)
    past = add_node(step, "history", kind=step.nodes[signal].kind, channel=channel)
    k = add_connection(step, 3, 2)
    total = add_node(step, "accumulate", past, shape=(2,), connections=(k,), channels=(None,))
    # neuron i has, for each of the delays 0 and 2, targets and weights
    rows = [([0, 1], [1.0, 0.5]), ([1], [4.0]), ([0], [8.0]), ([], []), ([1, 1], [16.0, 32.0]), ([0], [64.0])]
    _, seen = run(step, 7, [Table([0, 2], rows)], [total])
    factor = 2.0 if graded else 1.0
    expected = [[0, 0], [1, 48.5], [0, 0], [72, 4], [0, 0], [0, 0], [0, 0]]
    assert [row[0].tolist() for row in seen] == (factor * np.array(expected)).tolist()


def test_a_channel_of_this_step_feeds_a_sum_at_once():
    step = Step("Net")
    fired = add_node(step, "train", kind="bool", index=add_train(step, 3, [1], [2]))
    channel = add_channel(step, fired)
    k = add_connection(step, 3, 1)
    total = add_node(step, "accumulate", fired, shape=(1,), connections=(k,), channels=(channel,))
    table = Table([0, 1], [([], []), ([], []), ([], []), ([], []), ([0], [1.0]), ([0], [10.0])])
    _, seen = run(step, 4, [table], [total])
    assert [row[0].tolist() for row in seen] == [[0.0], [1.0], [10.0], [0.0]]


def test_slices_count_flat_elements():
    step = Step("Net")
    grid = add_state(step, np.arange(6.0).reshape(2, 3))
    cut = add_node(step, "slice", grid, shape=(3,), start=1, stop=6, stride=2)
    _, seen = run(step, 1, probes=[cut])
    assert seen[0][0].tolist() == [1.0, 3.0, 5.0]


def test_draws_depend_on_seed_stream_element_and_step_alone():
    def drawn(seed, stream, size, op="uniform"):
        step = Step("Net")
        args = (add_param(step, 3.0),) if op == "poisson" else ()
        node = add_node(step, op, *args, shape=(size,), stream=stream)
        return np.array([row[0] for row in run(step, 3, probes=[node], context=BindContext(0.1, seed))[1]])

    for op in ("uniform", "normal", "poisson"):
        first = drawn(1, 5, 10, op)
        np.testing.assert_array_equal(first[:, :4], drawn(1, 5, 4, op))
        for other in (drawn(2, 5, 10, op), drawn(1, 6, 10, op), drawn(1 << 40, 5, 10, op)):
            assert not np.array_equal(first, other)
        assert not np.array_equal(first[0], first[1])


def test_kinds_and_precision():
    assert [dtype_of(kind, 32).name for kind in ("real", "int", "bool")] == ["float32", "int64", "bool"]
    step = Step("Net")
    x = add_state(step, [1.0, 2.0])
    step.writes[0] = add_node(step, "exp", x, shape=(2,))
    machine, _ = run(step, 1, context=BindContext(0.1, 0, 32))
    assert machine.states[0].dtype == np.float32
