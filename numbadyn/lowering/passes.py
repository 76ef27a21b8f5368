"""Passes by name: each one is timed, and what it leaves is checked where tests ask for it.

In: functions that turn a step, a plan or a program into the next form.  Out: their results, seconds by name.  Must not
know: what the passes do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from numbadyn.ir.nodes import Step
from numbadyn.ir.verify import verify

__all__ = ["CHECKING", "Checked", "Passes"]

CHECKING = "NUMBADYN_CHECK_PASSES"
"""Environment variable: whether what a pass leaves is checked after each one. It costs about as much as the passes."""


class Checked(Protocol):
    """What a pass works on in place."""

    def check(self) -> None:
        """Raise an `InternalError` unless it is well formed."""


Subject = TypeVar("Subject", bound=Step | Checked)


class Passes:
    """Runs passes one after the other.

    Attributes
    ----------
    seconds : dict
        Seconds that each pass took, by name, in the order of the passes.

    Examples
    --------
    >>> passes = Passes()
    >>> step = passes("leave it as it is", lambda step: step, Step("empty"))
    >>> step.name, list(passes.seconds)
    ('empty', ['leave it as it is'])
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._checking = os.environ.get(CHECKING, "") not in ("", "0")

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """In it, something is done that makes what the passes begin with.

        Parameters
        ----------
        name : str
            What it does, for users.
        """
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started

    def __call__(self, name: str, work: Callable[[Subject], Any], subject: Subject) -> Any:
        """Run a pass.

        Parameters
        ----------
        name : str
            What it does, for users.
        work : callable
            Takes the subject; gives what takes its place, or None if it is the same one.
        subject : Step or Checked
            A step, a plan, a program.

        Returns
        -------
        Any
            What the pass gave.
        """
        started = time.perf_counter()
        result = work(subject)
        self.seconds[name] = time.perf_counter() - started
        if self._checking:
            left = subject if result is None else result
            verify(left) if isinstance(left, Step) else left.check()
        return result
