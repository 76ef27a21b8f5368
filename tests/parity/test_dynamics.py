"""`Dynamics`: geometry, hooks and inputs, row by row beside the reference package (what it does stands in comments)."""

import re

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.errors import (
    DimensionError,
    HookArgumentError,
    HookKeyError,
    InputKeyError,
    MissingHookError,
    ShapeError,
    SizeError,
)


class Plain(nd.Dynamics):
    """Returns what it is given."""

    def __init__(self, size=2):
        super().__init__(size)

    def update(self, x=7.0, y=None):
        return x


# ---- geometry --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "shape"), [(3, (3,)), (np.int64(3), (3,)), ((2, 5), (2, 5)), ([2, 5, 3], (2, 5, 3)), (np.array([4]), (4,))]
)
def test_sizes(size, shape):
    """Stored as a tuple of int (the reference keeps numbers of NumPy inside it)."""
    plain = Plain(size)
    assert plain.in_size == plain.out_size == plain.varshape == plain.size == shape
    assert all(type(length) is int for length in plain.in_size)
    assert plain.num == np.prod(shape)


@pytest.mark.parametrize("size", [(), [], 2.0, "3", (2, 2.5), -3, 0, True, (3, 0), None])
def test_sizes_that_make_no_sense(size):
    """The reference checks the first element only: (2, 2.5), -3 and True pass."""
    with pytest.raises(SizeError, match="The size is"):
        Plain(size)
    with pytest.raises(ValueError, match="positive whole number"):
        Plain(size)


def test_a_size_beyond_what_is_counted():
    with pytest.raises(SizeError, match="The size is 1099511627776, more than 2147483647 neurons"):
        Plain(2**40)


def test_out_size_is_settable_and_checked():
    plain = Plain((2, 3))
    plain.out_size = 4
    assert (plain.in_size, plain.out_size, plain.varshape) == ((2, 3), (4,), (2, 3))
    with pytest.raises(SizeError, match="out_size"):
        plain.out_size = -1


# ---- hooks -----------------------------------------------------------------------------------------------------------


def test_hooks_are_none_until_there_is_one():
    plain = Plain()
    assert plain.before_updates is None
    assert plain.after_updates is None
    key = ("any", 3, frozenset("ab"))
    plain.add_before_update(key, lambda: None)
    assert list(plain.before_updates) == [key]
    assert plain.has_before_update(key)
    assert not plain.has_after_update(key)
    assert not plain.has_before_update("another")


@pytest.mark.parametrize("when", ["before", "after"])
def test_mistakes_with_hooks(when):
    """The reference repeats the whole module in a duplicate's message, and takes what cannot be called until it is."""
    plain = Plain()
    add, get = getattr(plain, f"add_{when}_update"), getattr(plain, f"get_{when}_update")
    with pytest.raises(MissingHookError, match=r"Registered are: none"):
        get("a")
    add("a", print)
    assert get("a") is print
    with pytest.raises(KeyError, match="already has"):
        add("a", print)
    with pytest.raises(HookKeyError, match="is no key"):
        add([], print)
    with pytest.raises(HookArgumentError, match="cannot be called"):
        add("b", 3)
    with pytest.raises(KeyError, match=r"Registered are: 'a'"):
        get("c")


MARKS = {
    "none": lambda f: f,
    "input": nd.receive_update_input,
    "no input": nd.not_receive_update_input,
    "output": nd.receive_update_output,
    "no output": nd.not_receive_update_output,
}


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("keyword", [None, True, False])
def test_what_hooks_receive(mark, keyword):
    """A before-hook nothing unless marked, an after-hook the output unless marked; the keyword of ours comes first."""
    plain, seen = Plain(), {}

    def hook(*args, **kwargs):
        seen["last"] = (args, kwargs)

    marked = MARKS[mark](hook)
    assert marked is hook
    plain.add_before_update("b", marked, receive_input=keyword)
    plain(3.0, y=4)
    wants = mark == "input" if keyword is None else keyword
    assert seen["last"] == (((3.0,), {"y": 4}) if wants else ((), {}))
    other = Plain()
    other.add_after_update("a", marked, receive_output=keyword)
    other(3.0)
    wants = mark != "no output" if keyword is None else keyword
    assert seen["last"] == (((3.0,) if wants else ()), {})


def test_one_object_with_two_keywords():
    """The reference keeps the mark on the object itself, so one object cannot have two."""
    plain, seen = Plain(), []

    @nd.not_receive_update_output
    def hook(*args):
        seen.append(args)

    plain.add_after_update("with", hook, receive_output=True)
    plain.add_after_update("without", hook)
    plain(3.0)
    assert seen == [(3.0,), ()]
    assert plain.get_after_update("with") is hook


def test_order_values_and_errors():
    """Before-hooks, update, after-hooks, each in the order of registration; errors of hooks come out as they are."""
    plain, seen = Plain(), []
    for key in "ab":
        plain.add_after_update(key, lambda x, key=key: seen.append(f"after {key} {x}"))
        plain.add_before_update(key, lambda key=key: seen.append(f"before {key}"))
    assert plain(5.0) == 5.0
    assert seen == ["before a", "before b", "after a 5.0", "after b 5.0"]
    seen.clear()
    assert plain.update(6.0) == 6.0  # called by itself, it runs no hooks, here and in the reference
    assert seen == []

    def fail():
        raise ZeroDivisionError("mine")

    plain.add_before_update("fail", fail)
    with pytest.raises(ZeroDivisionError, match="mine"):
        plain(1.0)


# ---- inputs ----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["current", "delta"])
def inputs(request):
    """A module with the functions of one kind of input: add, sum, registry."""
    plain = Plain()
    kind = request.param
    return (
        getattr(plain, f"add_{kind}_input"),
        getattr(plain, f"sum_{kind}_inputs"),
        getattr(plain, f"{kind}_inputs"),
        plain,
    )


def test_inputs_are_summed_in_order_from_the_start(inputs):
    add, total, _registry, _plain = inputs
    order = []
    add("f", lambda V: order.append("f") or 2 * V)
    add("a", np.array([1.0, 2.0]))
    add("g", lambda V, scale=1.0: order.append("g") or scale * V)
    assert total(100.0, 10.0).tolist() == [131.0, 132.0]
    assert order == ["f", "g"]


def test_arrays_are_used_up_unless_they_are_kept(inputs):
    add, total, registry, plain = inputs
    add("kept", lambda: 1.0)
    add("array", np.array([5.0]))
    assert total(0.0, pop=False).tolist() == [6.0]
    assert total(0.0).tolist() == [6.0]
    plain(0.0)  # the end of the update
    assert registry.keys() == ["kept"]
    assert total(0.0) == 1.0


def test_labels(inputs):
    """Keys are "label // key"; a sum takes those of its label, or all."""
    add, total, registry, _plain = inputs
    add("a", lambda: 1.0, label="exc")
    add("b", lambda: 10.0, label="inh")
    add("c", lambda: 100.0)
    add("a", lambda: 1000.0, label="exc2")
    assert registry.keys() == ["exc // a", "inh // b", "c", "exc2 // a"]
    assert total(0.0, label="exc") == 1.0
    assert total(0.0, label="inh") == 10.0
    assert total(0.0) == 1111.0


def test_one_key_takes_one_input(inputs):
    add, _total, _registry, plain = inputs
    f = lambda: 1.0  # noqa: E731
    add("a", f)
    add("a", f)
    with pytest.raises(InputKeyError, match="already holds an input under the key 'a'"):
        add("a", lambda: 2.0)
    assert plain.get_input("a") is f
    with pytest.raises(ValueError, match="has no input 'b'"):
        plain.get_input("b")


def test_mistakes_in_inputs_name_the_key(inputs):
    """The reference makes a ValueError of every error; ours keeps its kind and says where it came from."""
    add, total, _registry, _plain = inputs
    add("wrong", lambda: 1.0)
    with pytest.raises(HookArgumentError, match="input 'wrong' of Plain cannot be called with 1 argument"):
        total(0.0, 3.0)
    other = Plain()
    other.add_current_input("wrong unit", lambda: 1 * mV)
    with pytest.raises(DimensionError, match="current input 'wrong unit' of Plain is in mV, but the sum is in pA"):
        other.sum_current_inputs(1 * pA)


def test_a_wrong_unit_is_found_while_tracing():
    class Sum(nd.Dynamics):
        def init_state(self):
            self.x = nd.State(0 * pA)

        def update(self):
            self.x.value = self.sum_current_inputs(0 * self.x.value)

    model = Sum(1)
    model.add_current_input("wrong unit", lambda: 1 * mV)
    with pytest.raises(DimensionError, match="input 'wrong unit' of Sum is in mV, but the sum is in pA") as caught:
        nd.Simulator(model, dt=0.1 * ms)
    assert "sum_current_inputs" in caught.value.where


@pytest.mark.parametrize("eager", [True, False], ids=["eager", "traced"])
@pytest.mark.parametrize("output", [(12,), (3, 4), (5,), (1,), (), None, (2, 6)])
@pytest.mark.parametrize("size", [(3, 4), 5])
def test_outputs_that_contradict_out_size(eager, output, size):
    class Shows(nd.Dynamics):
        def update(self):
            return None if output is None else np.ones(output) * nd.environ.get_dt()

    shows = nd.init_all_states(Shows((3, 4)))
    shows.out_size = size

    def step():
        with nd.environ.context(dt=0.1 * ms):
            shows() if eager else nd.Simulator(shows, dt=0.1 * ms, target="interpret")

    if output in (None, (), (1,), shows.out_size):
        step()
        return
    with pytest.raises(
        ShapeError, match=rf"(?s)Shows returns .* {re.escape(str(output))}, but its out_size is .*{size}"
    ):
        step()
