"""Locks that a forked process may use.

In: nothing, or a lock of somebody else.  Out: a lock.  Must not know: what it protects.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

__all__ = ["ForkedLock", "fork_when_free"]


class ForkedLock:
    """A lock of the process: its thread may take it again, and a forked process gets a free one.

    A thread that held it when the process was forked does not exist in the new process, so that it would never be free.

    Examples
    --------
    >>> lock = ForkedLock()
    >>> with lock, lock:
    ...     print("twice")
    twice
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            mine = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _renew(mine()))

    def __enter__(self) -> ForkedLock:
        self._lock.acquire()
        return self

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


def _renew(lock: ForkedLock | None) -> None:
    if lock is not None:
        lock._lock = threading.RLock()


def fork_when_free(lock: Any) -> None:
    """Let a process that is forked wait until a lock is free, which it also is in the new process then.

    What the lock protects is whole in the new process, in which the thread that held it does not go on.

    Parameters
    ----------
    lock : object
        It has ``acquire`` and ``release``, and its thread may take it again.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
