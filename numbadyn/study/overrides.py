"""What the command line says about the sweeps of a script, in place of what the script says.

In: options of a command.  Out: the arguments of a sweep.  Must not know: what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

__all__ = ["STOPPED", "Overrides", "note_sweep", "overridden", "overriding"]


STOPPED = 75
"""Exit status of a script that was stopped and goes on when it is called again: a temporary failure in sysexits.h."""


class Overrides(NamedTuple):
    """What is said, and the sweeps that have heard it.

    Parameters
    ----------
    values : dict
        Arguments by name.
    sweeps : list
        Studies of the sweeps that have ended.
    """

    values: dict[str, Any]
    sweeps: list[Any]


_said: ContextVar[Overrides | None] = ContextVar("numbadyn_sweep_overrides", default=None)


@contextmanager
def overriding(**values: Any) -> Iterator[Overrides]:
    """In it, sweeps take these arguments."""
    said = Overrides(values, [])
    token = _said.set(said)
    try:
        yield said
    finally:
        _said.reset(token)


def overridden(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a sweep, those of the command line first."""
    said = _said.get()
    return {**arguments, **({} if said is None else said.values)}


def note_sweep(study: Any) -> bool:
    """Tell the command line of a sweep that has ended; gives whether there is one."""
    said = _said.get()
    if said is not None:
        said.sweeps.append(study)
    return said is not None
