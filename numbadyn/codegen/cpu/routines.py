"""Library routines of the CPU target: what every time loop calls besides the loops of its own model.

In: memory, tables of rows, the step number.  Out: memory.  These functions are never called from here: their source
text becomes a generated module of its own (see `routine_source`), which those of the models import by its name; since
that holds the hash of its content, the hash of theirs covers it.  Must not know: models.

Memory is five flat arrays: `R` reals, `I` integers, `B` Booleans as bytes, `E` event indices, `C` event counts.  Rows
are int64; their columns are those of the layouts of `numbadyn.lowering.stages`, by name.
"""
# mypy: disable-error-code="name-defined,no-untyped-def,no-untyped-call"
# ruff: noqa: F821 -- names are those of the generated text

import inspect
from typing import Any

from numbadyn.codegen.cpu.emitters import EMITTERS
from numbadyn.codegen.cpu.logs import LOG_ROUTINES, SHARED_LOG_ROUTINES
from numbadyn.codegen.shared_routines import lower_bound

__all__ = ["routine_names", "routine_source", "shared_names"]


def slot_start(offset, depth, lag, width, every, step):
    # a history's slot of `lag` windows ago; plain memory has depth 1
    return offset if depth == 1 else offset + ((step // every + depth - lag) % depth) * width


def slot_of(row, column, step):
    # the same of a view of which a row speaks from a column on
    return slot_start(
        row[column + SLOT_START],
        row[column + SLOT_DEPTH],
        row[column + SLOT_LAG],
        row[column + SLOT_WIDTH],
        row[column + SLOT_EVERY],
        step,
    )


_SHARED = """\
shared = njit(error_model="numpy", pipeline_class=Shared, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""


def _routines() -> list[Any]:
    own = [routine for emitter in EMITTERS.values() for routine in emitter.routines]
    return [slot_start, slot_of, lower_bound, *own, *LOG_ROUTINES]


def routine_names() -> list[str]:
    """Names of all routines, for the modules that import them."""
    return [function.__name__ for function in _routines()]


def shared_names() -> list[str]:
    """Names of those that time loops call once in a step: they are compiled once for all models, and linked."""
    last = [emitter.routines[-1] for emitter in EMITTERS.values() if emitter.routines]
    return [function.__name__ for function in (*last, *SHARED_LOG_ROUTINES)]


def routine_source() -> str:
    """Source text of all routines, decorated."""
    shared = set(shared_names())
    marks = [(function, "shared" if function.__name__ in shared else "routine") for function in _routines()]
    return "\n\n".join([_SHARED, *(f"@{mark}\n{inspect.getsource(function)}" for function, mark in marks)])
