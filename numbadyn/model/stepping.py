"""Whether an eager step is under way, and of which population.

In: the start and the end of a step.  Out: the shape of what is stepped.  Must not know: modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["population_stepped", "stepping"]

_STEPPING: ContextVar[tuple[int, ...] | None] = ContextVar("numbadyn_stepping", default=None)


def population_stepped() -> tuple[int, ...] | None:
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
