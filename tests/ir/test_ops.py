"""The table of elementwise operations: rows that contradict themselves, meanings at the edges, spellings."""

import re

import numpy as np
import pytest

from numbadyn.ir.elementary.registry import ELEMENTARY
from numbadyn.ir.ops import OPS

NAN, INF = np.nan, np.inf
PLAIN = [op for op in OPS.values() if op.meaning is not None and op.kinds != "steps"]
SPELLED = [op for op in PLAIN if op.text and not re.search(r"[A-Za-z_]\w*\(", op.text) and op.arity <= 2]


def values(op):
    """Arguments of the kinds that an operation takes, each combination of some numbers."""
    if op.units == "logic":
        some = np.array([False, True])
    elif op.kinds == "int" and op.arity == 2:
        some = np.array([-7, -2, 3, 5])
    else:
        some = np.array([-2.5, -1.0, 0.5, 3.0])
    return [part.ravel() for part in np.meshgrid(*[some] * op.arity)]


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_a_row_agrees_with_itself(op):
    assert OPS[op.name] is op
    places = {int(number) for number in re.findall(r"\{(\d)\}", op.text)}
    assert places == (set(range(op.arity)) if op.text else set())
    # what is a run constant is never spelled, and what the lowering puts something else in place of
    assert (op.text == "") == (op.kinds == "steps" or op.name == "over_step")
    assert (op.meaning is None) == bool(op.elementary)
    if op.elementary:
        assert ELEMENTARY[op.elementary].arity == op.arity
    assert op.short == "" or op.short in ELEMENTARY
    assert op.name.isidentifier()


@pytest.mark.parametrize("op", PLAIN, ids=lambda op: op.name)
def test_who_commutes_gives_the_same_either_way_and_the_others_do_not(op):
    if op.arity != 2 or op.name in ("minimum", "maximum"):  # these two are told apart by NaN alone
        assert not op.commutes
        return
    first, second = values(op)
    assert np.array_equal(op.meaning(first, second), op.meaning(second, first)) == op.commutes


@pytest.mark.parametrize("op", SPELLED, ids=lambda op: op.name)
def test_the_spelling_means_what_the_row_means(op):
    for arguments in zip(*values(op), strict=True):
        numbers = [value.item() for value in arguments]
        names = {f"x{k}": number for k, number in enumerate(numbers)}
        assert eval(op.text.format(*names), {}, names) == op.meaning(*arguments), numbers


def test_the_smaller_and_the_larger_of_two_are_nan_where_the_first_is():
    a, b = np.array([NAN, 1.0, 2.0, -0.0]), np.array([1.0, NAN, 3.0, 0.0])
    assert np.array_equal(OPS["minimum"].meaning(a, b), [NAN, NAN, 2.0, 0.0], equal_nan=True)
    assert np.array_equal(OPS["maximum"].meaning(a, b), [NAN, NAN, 3.0, 0.0], equal_nan=True)


def test_zero_has_no_sign_and_nan_stays():
    given = np.array([-3.0, -0.0, 0.0, 2.0, NAN, -INF])
    found = OPS["sign"].meaning(given)
    assert np.array_equal(found, [-1.0, 0.0, 0.0, 1.0, NAN, -1.0], equal_nan=True)
    assert not np.signbit(found[1:3]).any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_too_large_for_a_whole_number_is_the_smallest_one(dtype):
    given = np.array([2.9, -2.9, NAN, INF, -INF, 1e30, -(2.0**63), 2.0**63], dtype)
    least = np.iinfo(np.int64).min
    assert OPS["to_int"].meaning(given).tolist() == [2, -2, least, least, least, least, least, least]
    assert OPS["to_int"].meaning(np.array([True, False])).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("name", "bound", "step"),
    [
        ("step_from", 1.0, 10), ("step_after", 1.0, 11), ("steps_before", 1.0, 10), ("steps_up_to", 1.0, 11),
        ("step_at", 1.0, 10), ("step_from", 1.04, 11), ("step_after", 1.04, 11), ("step_at", 1.04, -1),
        ("step_from", 0.1 * 3, 3), ("step_at", 0.1 * 3, 3),  # which is a bit above 0.3
        ("step_from", NAN, 2**62), ("step_after", NAN, 2**62), ("steps_before", NAN, 0), ("steps_up_to", NAN, 0),
        ("step_at", NAN, -1), ("step_from", INF, 2**62), ("steps_before", -INF, -(2**62)),
    ],
)  # fmt: skip
def test_steps_of_bounds(name, bound, step):
    with np.errstate(all="ignore"):  # as the interpreter does
        assert int(OPS[name].meaning(np.float64(bound), np.float64(0.1))) == step
