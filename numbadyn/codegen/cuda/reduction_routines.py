"""Library routines of the CUDA target for reductions of rows and products with rows.

In: memory, a table of rows, the step number.  Out: memory.  Like those of `routines`, they are never called from here.
A thread reduces whole rows, in the order of `numbadyn.ir.reductions`.  Must not know: models.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: D103, E741, F821 -- names are those of the generated text

__all__ = ["REDUCTION_INNER", "reduce_rows"]


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
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * 17
        how, kind, target, width = T[u64(row)], T[u64(row + 1)], T[u64(row + 2)], T[u64(row + 4)]
        begin = slot_start(T[u64(row + 5)], T[u64(row + 7)], T[u64(row + 8)], T[u64(row + 9)], T[u64(row + 10)], step)
        factor = slot_start(
            T[u64(row + 11)], T[u64(row + 13)], T[u64(row + 14)], T[u64(row + 15)], T[u64(row + 16)], step
        )
        for i in range(thread, T[u64(row + 3)], threads):
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


#: Called by `reduce_rows`, in the order of their use.
REDUCTION_INNER = (joined, real_of_row, reduce_reals, reduce_integers, reduce_flags)
