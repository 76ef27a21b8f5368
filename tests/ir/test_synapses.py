"""Maps between populations and synapses: what they mean, and what the verifier refuses."""

from dataclasses import replace

import numpy as np
import pytest

from numbadyn.errors import InternalError
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext, StateSpec, Step
from numbadyn.ir.spaces import synapses_of
from numbadyn.ir.synapses import by_post, from_rule, presynaptic, to_rule
from numbadyn.ir.verify import verify
from numbadyn.projections.connectivity import SynapseTable
from numbadyn.units import DIMENSIONLESS
from tests.ir.steps import add_channel, add_connection, add_node, add_state

# two presynaptic neurons with two delays (0 and 1 step), three postsynaptic ones
TABLE = SynapseTable(
    2, 3, np.array([0, 1], np.int32), np.array([0, 1, 3, 4, 5]), np.array([2, 0, 1, 1, 0], np.uint32), np.ones(1)
)
FIRST = np.array([10.0, 20.0, 30.0, 40.0, 50.0])


def plastic_step():
    """A weight for each synapse that grows by the postsynaptic value whenever something reaches it; what it brings."""
    step = Step("Net")
    add_connection(step, 2, 3)
    synapses = synapses_of(0, 1)
    post, fires = add_state(step, [1.0, 2.0, 3.0]), add_state(step, [True, False], "bool")
    step.states.append(StateSpec("w", synapses_of(0), "real", DIMENSIONLESS, lambda context: FIRST))

    def at_synapses(op, *args, **more):
        number = add_node(step, op, *args, **more)
        step.nodes[number] = replace(step.nodes[number], space=synapses)
        return number

    weight = at_synapses("state", index=2)
    arrived = at_synapses("arrive", fires, kind="bool", connections=(0,), channels=(0,))
    grown = at_synapses("add", weight, at_synapses("post_of", post))
    step.writes[2] = at_synapses("select", arrived, grown, weight)
    step.writes[1] = add_node(step, "not", fires, shape=(2,), kind="bool")
    add_channel(step, fires, state=1)
    step.probes["Net", "sum"] = add_node(step, "collect", arrived, step.writes[2])
    return step


def test_what_reaches_a_synapse_changes_it_and_brings_its_new_value():
    step = plastic_step()
    verify(step)
    machine = Interpreter(step, BindContext(0.1, 0), [TABLE], step.probes.values())
    weights = FIRST.copy()
    for fires, before in (([0], []), ([1], [0]), ([0], [1])):
        machine.advance()
        total = np.zeros(3)
        for reached in ([k for k in range(5) if presynaptic(TABLE)[k] in fires and k in (0, 3)],
                        [k for k in range(5) if presynaptic(TABLE)[k] in before and k not in (0, 3)]):  # fmt: skip
            for k in reached:
                weights[k] += [1.0, 2.0, 3.0][TABLE.targets[k]]
                total[TABLE.targets[k]] += weights[k]
        np.testing.assert_array_equal(machine.states[2], weights)
        np.testing.assert_array_equal(machine.values[step.probes["Net", "sum"]], total)


def test_values_of_synapses_in_the_order_of_the_rule():
    pre, post, *_ = TABLE.edges(0.1)
    np.testing.assert_array_equal(to_rule(TABLE, presynaptic(TABLE)), pre)
    np.testing.assert_array_equal(to_rule(TABLE, TABLE.targets), post)
    np.testing.assert_array_equal(from_rule(TABLE, to_rule(TABLE, FIRST)), FIRST)


@pytest.mark.parametrize(
    ("op", "args", "message"),
    [
        ("add", (0, 2), "joins values of different spaces"),
        ("pre_of", (0,), r"joins \[3\] to the presynaptic side of k0, which has 2 neurons"),
        ("post_of", (1,), r"joins \[2\] to the postsynaptic side of k0, which has 3 neurons"),
        ("collect", (2, 2), "does not sum real values over the synapses that something has reached"),
        ("reduce", (2,), "takes values of synapses without a map"),
        ("slice", (2,), "takes values of synapses without a map"),
    ],
)
def test_only_maps_cross(op, args, message):
    step = plastic_step()
    number = add_node(step, op, *args)
    if op.endswith("_of"):
        step.nodes[number] = replace(step.nodes[number], space=synapses_of(0))
    with pytest.raises(InternalError, match=message):
        verify(step)


def test_rows_by_postsynaptic_neuron_lead_to_the_same_values():
    rows = by_post(TABLE)
    pre = presynaptic(TABLE)
    for neuron in range(TABLE.n_post):
        own = slice(rows.offsets[neuron], rows.offsets[neuron + 1])
        assert rows.synapses[own].tolist() == np.flatnonzero(TABLE.targets == neuron).tolist()
        assert rows.sources[own].tolist() == pre[TABLE.targets == neuron].tolist()
    assert rows.offsets[-1] == TABLE.n_synapses
