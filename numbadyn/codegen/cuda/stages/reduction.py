"""Reductions of rows and products with rows, on a GPU; a thread reduces whole rows.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
results.  The functions are never called from here: their source text becomes part of a library (see
`numbadyn.codegen.cuda.routines`).  Must not know: models.  The order is that of
`numbadyn.ir.reductions`.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821 -- names and loops are those of the generated text

from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, always
from numbadyn.codegen.prelude import reduction_constants
from numbadyn.lowering.stages.reduction import ReductionStage

__all__ = ["EMITTER"]


def joined(how, a, b):
    if how == HOW_MAX:
        return select((a > b) | (a != a), a, b)
    if how == HOW_MIN:
        return select((a < b) | (a != a), a, b)
    return a + b


def real_of_row(how, R, place, factor, k):
    value = R[u64(place + k)]
    if how == HOW_DOT:
        return value * R[u64(factor + k)]
    return value


def reduce_reals(how, R, place, factor, width):
    total = real_of_row(how, R, place, factor, 0)
    for lane in range(min(width, LANES)):
        part = real_of_row(how, R, place, factor, lane)
        for k in range(lane + LANES, width, LANES):
            part = joined(how, part, real_of_row(how, R, place, factor, k))
        total = joined(how, total, part) if lane > 0 else part
    return total


def reduce_integers(how, I, place, width):
    total = I[u64(place)]
    for k in range(1, width):
        value = I[u64(place + k)]
        if how == HOW_SUM:
            total += value
        elif how == HOW_MAX:
            total = max(total, value)
        else:
            total = min(total, value)
    return total


def reduce_flags(B, place, width):
    count = 0
    for k in range(width):
        count += i64(B[u64(place + k)] != 0)
    return count


def reduce_rows(thread, threads, step, D, entry):
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    I, B = array_at(D[D_I], i64(0)), array_at(D[D_B], u8(0))
    for r in range(D[u64(entry + ENTRY_COUNT)]):
        row = D[u64(entry + ENTRY_ROWS)] + r * REDUCTION_COLUMNS
        how, kind, target, width = (
            T[u64(row + REDUCTION_HOW)],
            T[u64(row + REDUCTION_KIND)],
            T[u64(row + REDUCTION_TARGET)],
            T[u64(row + REDUCTION_WIDTH)],
        )
        begin = slot_of(T, row + REDUCTION_SOURCE_START, step)
        factor = slot_of(T, row + REDUCTION_FACTORS_START, step)
        for i in range(thread, T[u64(row + REDUCTION_PARTS)], threads):
            place = begin + i * width
            if kind == KIND_REAL:
                R[u64(target + i)] = reduce_reals(how, R, place, factor, width)
            elif kind == KIND_INT:
                I[u64(target + i)] = reduce_integers(how, I, place, width)
            else:
                count = reduce_flags(B, place, width)
                if how == HOW_SUM:
                    I[u64(target + i)] = count
                else:
                    B[u64(target + i)] = u8(count != 0) if how == HOW_ANY else u8(count == width)


EMITTER = CudaEmitter(
    calls=always(Routine("reduce_rows", reads=("sources",), writes=("targets",))),
    inner=(joined, real_of_row, reduce_reals, reduce_integers, reduce_flags),
    phases=(reduce_rows,),
    layouts=(ReductionStage.layout,),
    constants=reduction_constants(),
    rare=True,
)
