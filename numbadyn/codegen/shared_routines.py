"""Library routines that are written once for all targets.

In: numbers and arrays.  Out: numbers.  The functions are never called from here: their source text becomes part of the
libraries of the targets.  Must not know: targets, models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: D103, F821 -- names are those of the generated text

__all__ = ["lower_bound"]


def lower_bound(values, first, last, wanted):
    # where the first value not below the wanted one stands; values ascend
    low, high = i64(first), i64(last)
    while low < high:
        middle = (low + high) >> 1
        if i64(values[u64(middle)]) < wanted:
            low = middle + 1
        else:
            high = middle
    return low
