"""Reductions of rows and products with rows, on a processor, in the order of `numbadyn.ir.reductions`.

In: memory, rows of parts, the step number.  Out: results.  The functions are never called from here:
their source text becomes part of a library (see `numbadyn.codegen.cpu.routines`).  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: E741, F821 -- names and loops are those of the generated text

from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.codegen.prelude import reduction_constants
from numbadyn.lowering.stages.reduction import ReductionStage

__all__ = ["EMITTER"]


def lanes_joined(lanes, count):
    total = lanes[0]
    for l in range(1, count):
        total += lanes[u64(l)]
    return total


def row_sum(values, lanes):
    width = values.shape[0]
    count = min(width, LANES)
    for l in range(count):
        lanes[u64(l)] = values[u64(l)]
    for begin in range(LANES, width, LANES):
        for l in range(min(LANES, width - begin)):
            lanes[u64(l)] += values[u64(begin + l)]
    return lanes_joined(lanes, count)


def row_product(values, factors, lanes):
    width = values.shape[0]
    count = min(width, LANES)
    for l in range(count):
        lanes[u64(l)] = values[u64(l)] * factors[u64(l)]
    for begin in range(LANES, width, LANES):
        for l in range(min(LANES, width - begin)):
            lanes[u64(l)] += values[u64(begin + l)] * factors[u64(begin + l)]
    return lanes_joined(lanes, count)


def larger(a, b):
    return select((a > b) | (a != a), a, b)


def row_largest(values, sign, lanes):
    # with sign -1 the smallest
    width = values.shape[0]
    count = min(width, LANES)
    for l in range(count):
        lanes[u64(l)] = sign * values[u64(l)]
    for begin in range(LANES, width, LANES):
        for l in range(min(LANES, width - begin)):
            lanes[u64(l)] = larger(lanes[u64(l)], sign * values[u64(begin + l)])
    total = lanes[0]
    for l in range(1, count):
        total = larger(total, lanes[u64(l)])
    return sign * total


def reduce_reals(row, values, factors, lanes):
    if row[REDUCTION_HOW] == HOW_DOT:
        return row_product(values, factors, lanes)
    if row[REDUCTION_HOW] == HOW_SUM:
        return row_sum(values, lanes)
    return row_largest(values, real(1.0) if row[REDUCTION_HOW] == HOW_MAX else real(-1.0), lanes)


def reduce_integers(how, values):
    total = values[0]
    for k in range(1, values.shape[0]):
        value = values[u64(k)]
        if how == HOW_SUM:
            total += value
        elif how == HOW_MAX:
            total = max(total, value)
        else:
            total = min(total, value)
    return total


def reduce_rows(rows, step, R, I, B):
    lanes = np.empty(LANES, real)
    for k in range(rows.shape[0]):
        row = rows[k]
        how, kind, target, width = row[REDUCTION_HOW], row[REDUCTION_KIND], row[REDUCTION_TARGET], row[REDUCTION_WIDTH]
        begin = slot_of(row, REDUCTION_SOURCE_START, step)
        second = slot_of(row, REDUCTION_FACTORS_START, step)
        for i in range(row[REDUCTION_PARTS]):
            first, last = begin + i * width, begin + (i + 1) * width
            if kind == KIND_REAL:
                R[target + i] = reduce_reals(row, R[first:last], R[second : second + width], lanes)
            elif kind == KIND_INT:
                I[target + i] = reduce_integers(how, I[first:last])
            else:
                flags, count = B[first:last], 0
                for l in range(width):
                    count += flags[u64(l)] != 0
                if how == HOW_SUM:
                    I[target + i] = count
                else:
                    B[target + i] = count != 0 if how == HOW_ANY else count == width


EMITTER = CpuEmitter(
    call=calling("reduce_rows", "step", "R", "I", "B"),
    routines=(lanes_joined, row_sum, row_product, larger, row_largest, reduce_reals, reduce_integers, reduce_rows),
    layouts=(ReductionStage.layout,),
    constants=reduction_constants(),
)
