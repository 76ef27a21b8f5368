"""Ctrl-C while something runs that must not be left half done.

In: the signal.  Out: how often it came, to be asked where stopping does no harm.  Must not know: machines, simulators.

Python's own handler raises `KeyboardInterrupt` between any two instructions: between a step and the note of what it has
recorded, in the compiler, while a result is made.  Whatever was under way is then lost or broken.  Here the signal is
counted instead.  Only while the user's own code runs, or a compiler that may take long, a second Ctrl-C raises.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """A context in which Ctrl-C is counted; outside of the main thread, where Python delivers none, it does nothing.

    Attributes
    ----------
    count : int
        How often Ctrl-C was pressed.

    Examples
    --------
    >>> with Interrupts() as interrupts:
    ...     signal.raise_signal(signal.SIGINT)
    >>> interrupts.count
    1
    """

    def __init__(self) -> None:
        self.count = 0
        self._open = False
        self._before: Any = None

    @property
    def asked(self) -> bool:
        """Whether the work should end."""
        return self.count > 0

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            # a handler that was not set by Python cannot be put back, and who ignores Ctrl-C means it
            if before is not None and before is not signal.SIG_IGN:
                self._before = before
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        self._open = False
        before, self._before = self._before, None
        if before is None:
            return
        outer = getattr(before, "__self__", None)
        if isinstance(outer, Interrupts):  # a run in a report of another one: both are meant
            outer.count += self.count
        signal.signal(signal.SIGINT, before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self._open and self.count > 1:
            self._open = False
            raise KeyboardInterrupt

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Run code that a second Ctrl-C may leave at any place: the caller catches `KeyboardInterrupt`."""
        try:
            self._open = True
            yield
        finally:
            self._open = False

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if Ctrl-C was pressed: at a place where nothing is half done."""
        if self.count:
            raise KeyboardInterrupt
