"""Marks that a module is being updated: whether an eager step is under way, and its place in a traced one.

In: the start and the end of an update.  Out: the shape of what is stepped; the order and the regions of a recording.
Must not know: what modules are, beside a name and an update.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

from numbadyn.model.notes import ModelNotes
from numbadyn.tracing.trace import current_trace

__all__ = ["entering", "find_population_stepped", "stepping"]

_STEPPING: ContextVar[tuple[int, ...] | None] = ContextVar("numbadyn_stepping", default=None)


def find_population_stepped() -> tuple[int, ...] | None:
    """Shape of the population that is being updated by an eager call; None outside of one."""
    return _STEPPING.get()


@contextmanager
def stepping(shape: tuple[int, ...] = ()) -> Iterator[None]:
    """Mark that an eager step runs: what it writes to states is no first value of a simulation."""
    token = _STEPPING.set(shape)
    try:
        yield
    finally:
        _STEPPING.reset(token)


@contextmanager
def entering(module: Any, kind: Literal["dynamics", "projection", "module"], shape: tuple[int, ...]) -> Iterator[None]:
    """Mark that a module is being updated: in a traced step at its own place, unless it is a part of another one.

    Parameters
    ----------
    module : Module
        With a ``path`` and an ``update``.
    kind : {"dynamics", "projection", "module"}
        What it counts as in the order of the step; what a dynamical system or a projection calls is a part of it.
    shape : tuple of int
        Shape of its states.
    """
    trace = current_trace()
    if trace is None:
        with stepping(shape):
            yield
        return
    notes = trace.notes(ModelNotes)
    outer = notes.updating
    if outer and kind == "module":
        yield
        return
    if not outer:
        trace.step.order.append((module.path, kind))
    notes.updating = outer or kind != "module"
    try:
        with trace.module(module.path, shape, module.update, outermost=not outer):
            yield
    finally:
        notes.updating = outer
