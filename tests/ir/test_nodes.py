"""What nodes, channels and bindings say of themselves."""

from dataclasses import replace

import numpy as np
import pytest

from numbadyn.ir.nodes import BindContext, Channel, Connection, Node, Position, StateSpec, Step
from numbadyn.ir.spaces import Space, synapses_of
from numbadyn.ir.traits import TRAITS
from numbadyn.units import DIMENSIONLESS
from tests.ir.steps import HERE, Table, add_channel, add_node, add_param, add_state

CONTEXT = BindContext(0.1, 3)


def channel(**options):
    made = Channel("Net.A.V", 0, (2,), "real", DIMENSIONLESS, lambda context, lag: 10.0 * lag * context.dt)
    return replace(made, **options)


def test_a_node_has_the_shape_of_its_space_and_the_traits_of_its_operation():
    node = Node("add", (0, 1), Space((2, 3), 1), "real", DIMENSIONLESS, HERE)
    assert (node.shape, node.size, node.traits) == ((2, 3), 6, TRAITS["add"])
    assert replace(node, space=Space()).size == 1


def test_a_position_names_module_line_and_text_as_far_as_they_are_known():
    assert str(HERE) == "Net.A, model.py:7: x = y"
    assert str(Position("Net.A", "model.py", 7, "")) == "Net.A, model.py:7"
    assert str(Position("Net.A", "", 0, "")) == "Net.A, (no source line)"


def test_the_past_before_the_start_is_newest_first():
    assert channel(varied=True).before(CONTEXT, 3).tolist() == [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    assert channel().before(CONTEXT, 3).tolist() == [[1.0, 1.0]] * 3  # the same all along: asked once
    assert channel(varied=True).before(CONTEXT, 0).shape == (0, 2)
    each = channel(varied=True, initial=lambda context, lag: np.array([lag, -lag]))
    assert each.before(CONTEXT, 2).tolist() == [[1, -1], [2, -2]]


def test_a_window_is_one_step_unless_something_else_is_said():
    assert channel().window(CONTEXT) == 1
    assert channel(every=lambda context: np.int64(round(0.4 / context.dt))).window(CONTEXT) == 4


def test_names_in_generated_code_are_short_unless_something_else_is_said():
    spec = StateSpec("Net.A.V", Space((2,)), "real", DIMENSIONLESS, lambda context: np.zeros(2))
    for named in (spec, channel()):
        assert named.label == "V"
        assert replace(named, called="V_mean").label == "V_mean"


def test_a_binding_knows_how_many_synapses_were_built():
    context = replace(CONTEXT, tables=[Table([0], [([1, 2], [1, 1]), ([0], [1])])])
    assert context.shape_of(synapses_of(0)) == (3,)
    assert context.shape_of(Space((2, 3))) == (2, 3)


def test_a_binding_may_put_another_value_in_place_of_something():
    own, other = object(), object()
    context = replace(CONTEXT, instead={id(own): other})
    assert context.bound(own) is other
    assert context.bound(other) is other
    assert context.without_instead() == CONTEXT
    assert context.without_instead().bound(own) is own


def test_a_step_is_bound_to_another_ones_parameters_and_keeps_what_was_added_to_it():
    step, other = Step("Net", params=[1, 2]), Step("Net", params=[3, 4])
    context = replace(CONTEXT, instead={id(step.origin): other})
    assert step.bound(CONTEXT) is step
    assert step.bound(context).params == [3, 4]
    assert replace(step, params=[*step.params, 5]).bound(context).params == [3, 4, 5]


def test_the_weights_of_a_connection_without_a_rule_stay_as_they_are():
    connection = Connection("Net.p", 2, 3, lambda context, real: None, True, False)
    with pytest.raises(NotImplementedError):
        connection.reweigh(2.0)


def test_what_a_step_leaves_behind_is_needed():
    step = Step("Net")
    state = add_state(step, [1.0, 2.0, 3.0])
    grown = add_node(step, "add", state, add_param(step, 1.0))
    sampled = add_node(step, "mul", grown, grown)
    unused = add_node(step, "neg", grown)
    step.writes[0] = grown
    add_channel(step, sampled)
    assert step.roots() == [grown, sampled]
    assert unused not in step.roots()
    assert "add" in str(step)
