"""Index spaces: what is known of their length, and which values can stand side by side."""

from dataclasses import replace

import pytest

from numbadyn.errors import InternalError
from numbadyn.ir.nodes import Step
from numbadyn.ir.spaces import Space, synapses_of
from numbadyn.ir.verify import verify
from tests.ir.steps import add_node, add_state


def test_the_number_of_synapses_is_known_once_they_are_built():
    synapses = synapses_of(0)
    with pytest.raises(InternalError, match="before synapses are built"):
        _ = synapses.size
    assert synapses.bound(7).size == 7
    assert synapses.flat == synapses
    assert Space((2, 3)).bound(7) == Space((2, 3))


def test_spaces_that_can_stand_side_by_side():
    population, other, synapses = Space((2, 3), 1), Space((6,), 2), synapses_of(0, 1)
    assert population.spreads(other)
    assert Space().spreads(synapses)
    assert synapses_of(0, 2, "post").spreads(synapses)  # the same synapses, met in another order
    assert not synapses_of(1).spreads(synapses)
    assert not population.spreads(synapses)
    assert not synapses.spreads(population)


def test_the_verifier_refuses_two_spaces_without_a_map():
    step = Step("Net")
    x = add_state(step, [1.0, 2.0, 3.0])
    add_node(step, "add", x, x)
    verify(step)
    step.nodes[x] = replace(step.nodes[x], space=synapses_of(0))
    with pytest.raises(InternalError, match=r"different spaces, synapses of connection 0 and \[3\], without a map"):
        verify(step)


def test_the_verifier_refuses_a_state_written_from_another_space():
    step = Step("Net")
    x = add_state(step, [1.0, 2.0, 3.0])
    step.states[0] = replace(step.states[0], space=synapses_of(0))
    step.writes[0] = add_node(step, "neg", x)
    with pytest.raises(InternalError, match="s0 is written by a value of another space"):
        verify(step)
