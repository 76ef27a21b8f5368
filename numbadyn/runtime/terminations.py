"""The request to end that a batch system sends (SIGTERM): noted, so that a run can write down where it is first.

In: a signal.  Out: whether the process has been asked to end; then the signal again, for whom it was meant.  Must not
know: runs.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

__all__ = ["Termination"]


class Termination:
    """Notes SIGTERM from `begin` to `end`; outside of the main thread, where Python delivers none, it does nothing.

    Attributes
    ----------
    asked : bool
        Whether it came.

    Examples
    --------
    >>> termination = Termination()
    >>> termination.begin()
    >>> signal.raise_signal(signal.SIGTERM)
    >>> termination.end()
    >>> termination.asked
    True
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def begin(self) -> None:
        """Note the signal from now on, unless somebody ignores it or a handler could not be put back."""
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGTERM)
            if before is not None and before is not signal.SIG_IGN:
                self._before = before
                signal.signal(signal.SIGTERM, self._note)

    def end(self) -> None:
        """Put the handler back that was there."""
        before, self._before = self._before, None
        if before is not None:
            signal.signal(signal.SIGTERM, before)

    def deliver(self) -> None:
        """Send the signal again if it came: to the handler that was there, which by default ends the process."""
        if self.asked:
            self.asked = False
            signal.raise_signal(signal.SIGTERM)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
