"""Library routines of the CUDA target: what every generated kernel calls besides the loops of its own model.

In: a directory of memory and tables, the step number, this thread's number and how many threads there are.  Out:
memory.  These functions are never called from here: their source text becomes a generated module, which those of the
models import (see `routine_source`).  Must not know: models.

Memory is that of the CPU target (`numbadyn.codegen.cpu.routines`). `D` is the directory: the addresses of the flat
arrays, the key of random numbers, then some places for each entry of the schedule. All tables of whole numbers lie in
one array `T`, those of reals in `S`; a row of a table is named by its first place, a column by the layouts of
`numbadyn.lowering.stages`. `W` is scratch memory. `L` holds the logs of one launch: a head, then the rows of spikes, of
samples and of states to be checked. `K` and `V` are bins, see `numbadyn.codegen.cuda.stages.delivery`. A routine is
given the parts of `D` and `L` of one replica, and sees no other one.

A phase is called by every thread.  Inside a phase no thread reads what another one writes.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names are those of the generated text

import inspect
from typing import Any

from numbadyn.codegen.cuda.emitters import library_emitters
from numbadyn.codegen.cuda.logs import LOG_HELPERS, LOG_ROUTINES
from numbadyn.codegen.shared_routines import lower_bound

__all__ = ["INNER", "routine_names", "routine_source"]


def remainder(number, divisor):
    # of whole numbers not below 0; devices divide those of 32 bits much faster
    if (number | divisor) >> 32 == 0:
        return i64(u32(number) % u32(divisor))
    return i64(u64(number) % u64(divisor))


def quotient(number, divisor):
    if (number | divisor) >> 32 == 0:
        return i64(u32(number) // u32(divisor))
    return i64(u64(number) // u64(divisor))


def slot_start(offset, depth, lag, width, every, step):
    # a history's slot of `lag` windows ago; plain memory has depth 1
    return offset if depth == 1 else offset + remainder(quotient(step, every) + depth - lag, depth) * width


def slot_of(T, place, step):
    # the same of a view of which a row speaks from a place on
    return slot_start(
        T[u64(place + SLOT_START)],
        T[u64(place + SLOT_DEPTH)],
        T[u64(place + SLOT_LAG)],
        T[u64(place + SLOT_WIDTH)],
        T[u64(place + SLOT_EVERY)],
        step,
    )


def first_of(thread, threads, number):
    # the first element of a thread, where the one before all has a number
    first = thread - i64(u32(number) % u32(threads))
    return first + threads if first < 0 else first


INNER = (lower_bound, remainder, quotient, slot_start, slot_of, first_of, *LOG_HELPERS)


def routine_names(program) -> list[str]:
    """Names of the phases in the library of a program, for the modules that import them.

    Parameters
    ----------
    program : Program
        Tells which routines are left out, since they take long to compile.

    Returns
    -------
    list of str
    """
    return [function.__name__ for function in _phases(program)]


def _phases(program) -> list[Any]:
    return [*(phase for emitter in library_emitters(program) for phase in emitter.phases), *LOG_ROUTINES]


def routine_source(program) -> str:
    """Source text of the routines in the library of a program, decorated.

    Parameters
    ----------
    program : Program
        See `routine_names`.

    Returns
    -------
    str
    """
    called: list[Any] = [*INNER, *(function for emitter in library_emitters(program) for function in emitter.inner)]
    inner = ["@routine\n" + inspect.getsource(function) for function in called]
    phases = ["@phase\n" + inspect.getsource(function) for function in _phases(program)]
    return "\n\n".join([*inner, *phases])
