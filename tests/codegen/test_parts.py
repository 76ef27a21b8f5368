"""Kernels become one loop or several; every value is computed once, before it is read."""

import pytest

from numbadyn.codegen.parts import parts_of
from numbadyn.lowering.operations import Kernel, Operand, Operation, Slot, Store


def kernel(*operations: tuple[str, tuple[tuple[str, int], ...], str], stores: int) -> Kernel:
    """Operations over one array; the last `stores` of them are stored."""
    made = tuple(Operation(op, tuple(Operand(*arg) for arg in args), kind, 0) for op, args, kind in operations)
    slots = (Slot("x", "real", "each"), *(Slot(f"y{k}", "real", "each") for k in range(stores)))
    kept = tuple(Store(len(made) - stores + k, 1 + k) for k in range(stores))
    return Kernel("k", made, slots, (("c", "real"),), kept)


X, C = ("slot", 0), ("scalar", 0)


def local(index: int) -> tuple[str, int]:
    """Result of an operation."""
    return "local", index


MANY = kernel(
    ("mul", (X, C), "real"),
    ("exp", (local(0),), "real"),
    ("exp", (local(1),), "real"),
    ("less", (local(1), X), "bool"),
    ("add", (local(1), local(2)), "real"),
    ("propagator", (local(4),), "real"),
    ("select", (local(3), local(5), local(2)), "real"),
    stores=1,
)
FEW = kernel(
    ("add", (X, C), "real"),
    ("mul", (local(0), C), "real"),
    ("propagator", (local(1),), "real"),
    ("mul", (local(2), X), "real"),
    stores=1,
)


def test_a_plain_kernel_is_one_loop():
    (only,) = parts_of(kernel(("mul", (X, C), "real"), ("exp", (local(0),), "real"), stores=1))
    assert only.last
    assert only.operations == {0, 1}
    assert not only.loads
    assert not only.saves


def test_the_argument_of_a_short_form_is_computed_before_and_handed_on():
    watch, rest = parts_of(FEW)
    assert watch.operations == {0, 1}
    assert [arg.index for arg in watch.guards] == [1]
    assert set(watch.saves) == set(rest.loads) == {1}
    assert rest.operations == {2, 3}


def test_many_elementary_functions_get_a_loop_each():
    heavy = [
        sorted(k for k in part.operations if MANY.operations[k].op in ("exp", "propagator")) for part in parts_of(MANY)
    ]
    assert heavy == [[1], [2], [], [5], []]


@pytest.mark.parametrize("case", [FEW, MANY])
def test_a_value_is_in_its_row_when_it_is_read(case):
    held = {}
    for part in parts_of(case):
        assert all(held[row] == index for index, row in part.loads.items())
        known = part.operations | set(part.loads)
        assert all(
            arg.index in known for k in part.operations for arg in case.operations[k].args if arg.where == "local"
        )
        assert not set(part.saves.values()) & set(part.loads.values()), "a loop would overwrite a row that it reads"
        held.update({row: index for index, row in part.saves.items()})
    assert part.last
    assert all(store.value in part.operations | set(part.loads) for store in case.stores)


def test_booleans_are_computed_again_instead_of_being_kept():
    for part in parts_of(MANY):
        assert all(MANY.operations[index].kind == "real" for index in part.saves)
