"""The checker refuses every malformed step that it speaks of, and names the node and its place."""

import pytest

from numbadyn.errors import InternalError
from numbadyn.ir.nodes import Step
from numbadyn.ir.verify import verify
from tests.ir.steps import add_channel, add_node, add_param, add_state


def base():
    """Nodes 0: real state, 1: real number, 2: whole number, 3: Boolean."""
    step = Step("Net")
    x, _ = add_state(step, [1.0, 2.0, 3.0]), add_param(step, 2.0)
    add_param(step, 4, "int")
    add_node(step, "less", x, 1, kind="bool")
    return step


def test_a_step_that_is_well_formed_passes():
    step = base()
    step.writes[0] = add_node(step, "mul", 0, 1)
    step.probes["Net.A", "x"] = step.outputs["Net.A"] = 3
    add_channel(step, 3)
    verify(step)
    assert len(step.nodes) == 5


@pytest.mark.parametrize(
    ("op", "args", "how", "message"),
    [
        ("add", (0, 4), {}, "uses a value that comes later"),
        ("add", (0, -1), {}, "uses a value that comes later"),
        ("add", (0,), {}, "has 1 arguments instead of 2"),
        ("add", (0, 1), {"shape": (4,)}, r"joins values of different spaces, \[3\] and \[4\]"),
        ("exp", (2,), {}, "is not real throughout"),
        ("exp", (0,), {"kind": "int"}, "is not real throughout"),
        ("add", (0, 2), {}, "has arguments of another kind"),
        ("select", (0, 0, 1), {}, "chooses between different kinds"),
        ("select", (3, 0, 2), {}, "chooses between different kinds"),
        ("conjure", (0,), {}, "is not a known operation"),
        ("slice", (0,), {"shape": (3,), "start": 0, "stop": 2, "stride": 1}, "does not hold as many elements"),
        ("accumulate", (0,), {"connections": (), "channels": ()}, "connection"),
    ],
)
def test_malformed_nodes(op, args, how, message):
    step = base()
    verify(step)
    add_node(step, op, *args, **how)
    if op == "accumulate":
        step.nodes[-1].attrs["connections"] = (0, 1)  # two connections, one signal
    with pytest.raises(InternalError, match=message) as caught:
        verify(step)
    assert f"Node 4 ({op})" in str(caught.value)
    assert "Net.A, model.py:7: x = y" in str(caught.value)


def test_effects_that_refer_to_nothing():
    step = base()
    step.outputs["Net.A"] = 9
    with pytest.raises(InternalError, match="refers to node 9"):
        verify(step)
    step = base()
    add_channel(step, -1)
    with pytest.raises(InternalError, match="refers to node -1"):
        verify(step)


def test_a_state_keeps_its_kind():
    step = base()
    step.writes[0] = 3
    with pytest.raises(InternalError, match="s0 is written by a value of another kind"):
        verify(step)
