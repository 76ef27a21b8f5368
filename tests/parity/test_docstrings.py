"""Documentation of the members of the reference page: each has the sections that apply, and an example that runs.

The examples run as doctests with all others.
"""

import inspect
import re

import pytest

import numbadyn as nd

P, R, E = "Parameters", "Returns", "Raises"

CLASSES = {
    nd.Dynamics: {P, E, "Notes"},
    nd.Prefetch: {P, E},
    nd.PrefetchDelay: {P, E},
    nd.PrefetchDelayAt: {P, E, "Notes"},
    nd.OutputDelayAt: {P, E, "Notes"},
    nd.Delay: {P, E, "Notes"},
    nd.DelayAccess: {P, E},
    nd.StateWithDelay: {P, E, "Notes"},
    nd.InterpolationRegistry: {"Notes", "References"},
}

MEMBERS = {
    (nd.Dynamics, "in_size"): {R, E},
    (nd.Dynamics, "out_size"): {R, E},
    (nd.Dynamics, "varshape"): {R},
    (nd.Dynamics, "size"): {R},
    (nd.Dynamics, "num"): {R},
    (nd.Dynamics, "current_inputs"): {R},
    (nd.Dynamics, "delta_inputs"): {R},
    (nd.Dynamics, "before_updates"): {R},
    (nd.Dynamics, "after_updates"): {R},
    (nd.Dynamics, "add_before_update"): {P, E},
    (nd.Dynamics, "add_after_update"): {P, E},
    (nd.Dynamics, "get_before_update"): {P, R, E},
    (nd.Dynamics, "get_after_update"): {P, R, E},
    (nd.Dynamics, "has_before_update"): {P, R},
    (nd.Dynamics, "has_after_update"): {P, R},
    (nd.Dynamics, "add_current_input"): {P, E, "Notes"},
    (nd.Dynamics, "add_delta_input"): {P, E},
    (nd.Dynamics, "sum_current_inputs"): {P, R, E},
    (nd.Dynamics, "sum_delta_inputs"): {P, R, E},
    (nd.Dynamics, "get_input"): {P, R, E},
    (nd.Dynamics, "align_pre"): {P, R, E},
    (nd.Dynamics, "output_delay"): {P, R, E},
    (nd.Dynamics, "prefetch"): {P, R, E},
    (nd.Dynamics, "prefetch_delay"): {P, R, E, "Notes"},
    (nd.Dynamics, "__call__"): {P, R, E, "Notes"},
    (nd.Prefetch, "delay"): {R},
    (nd.Prefetch, "get_item"): {R, E},
    (nd.Prefetch, "get_item_value"): {R, E},
    (nd.Prefetch, "__call__"): {R, E},
    (nd.PrefetchDelay, "at"): {P, R, E},
    (nd.PrefetchDelayAt, "__call__"): {R, E},
    (nd.OutputDelayAt, "__call__"): {R, E},
    (nd.Delay, "max_time"): {R},
    (nd.Delay, "max_length"): {R, E},
    (nd.Delay, "init_state"): {P, E},
    (nd.Delay, "update"): {P, E},
    (nd.Delay, "__call__"): {P},
    (nd.Delay, "register_delay"): {P, R, E},
    (nd.Delay, "register_entry"): {P, R, E},
    (nd.Delay, "access"): {P, R, E},
    (nd.Delay, "at"): {P, R, E},
    (nd.Delay, "retrieve_at_step"): {P, R, E},
    (nd.Delay, "retrieve_at_time"): {P, R, E, "Notes"},
    (nd.DelayAccess, "__call__"): {R},
    (nd.StateWithDelay, "update"): {P, E},
    (nd.InterpolationRegistry, "register"): {P, E},
    (nd.InterpolationRegistry, "unregister"): {P, E},
    (nd.InterpolationRegistry, "get"): {P, R, E},
    (nd.InterpolationRegistry, "list_methods"): {R},
}

FUNCTIONS = {
    nd.receive_update_input: {P, R, E},
    nd.not_receive_update_input: {P, R, E},
    nd.receive_update_output: {P, R, E},
    nd.not_receive_update_output: {P, R, E},
    nd.init_maybe_prefetch: {P, E},
}

ORDER = ["Parameters", "Attributes", "Returns", "Raises", "Notes", "References", "Examples"]


def check(text, wanted):
    found = re.findall(r"^(\w[\w ]*)\n-{3,}$", text, re.MULTILINE)
    assert wanted | {"Examples"} <= set(found)
    assert [name for name in ORDER if name in found] == found
    assert ">>> " in text.split("Examples\n--------")[1]
    assert text.splitlines()[0].endswith(".")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_classes(kind):
    check(inspect.getdoc(kind), CLASSES[kind])


@pytest.mark.parametrize(("kind", "name"), MEMBERS, ids=lambda part: getattr(part, "__name__", part))
def test_members(kind, name):
    """The text is the member's own, not that of a base of Python's."""
    member = inspect.getattr_static(kind, name)
    member = member.__func__ if isinstance(member, classmethod) else member
    check(inspect.cleandoc(member.__doc__), MEMBERS[kind, name])


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions(function):
    check(inspect.getdoc(function), FUNCTIONS[function])


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_parameters_are_named(kind):
    """Each parameter stands in the text."""
    text = inspect.getdoc(kind)
    for name in set(inspect.signature(kind).parameters) - {"args", "kwargs", "options"}:
        assert re.search(rf"\b{name}\b", text), name
