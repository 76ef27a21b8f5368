"""A disk on which something happens at a chosen moment: the process dies, the room ends, Ctrl-C is pressed.

A moment is a system call that changes files: each write of a buffer, each flush, file that is opened for writing, name
that is given, changed or removed. They are counted wherever they come from, libraries written in Python included, so
that moments can be gone through one after the other instead of being hoped for.
"""

import builtins
import errno
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Disk", "die", "full", "open_file", "press", "write"]

_NAMES = ("fsync", "ftruncate", "link", "mkdir", "remove", "rename", "replace", "rmdir", "truncate", "unlink")
_ROOM = {"open", "write", "fsync", "link", "mkdir", "rename", "replace"}
"""What may fail for want of room."""

open_file, write = os.open, os.write
"""Those of the system, which count as no moment."""


def die(call: str, number: int) -> None:
    """The process is killed."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # the signal is on its way


def press(call: str, number: int) -> None:
    """Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def full(call: str, number: int) -> None:
    """There is no room."""
    if call in _ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Disk:
    """Counts moments, and lets something happen at one of them.

    Parameters
    ----------
    happens : callable, optional
        ``happens(call, number)``, before the system call is made; nothing by default.
    at : int
        The number of the moment, from zero.
    stays : bool
        Whether it happens at all moments that follow, too.
    torn : bool
        Whether half of what is being written is on the disk then; other calls than writes do not count.

    Attributes
    ----------
    calls : list of str
        What has been called so far.
    """

    def __init__(
        self,
        happens: Callable[[str, int], None] = lambda call, number: None,
        at: int = -1,
        *,
        stays: bool = False,
        torn: bool = False,
    ) -> None:
        self._happens, self._at, self._stays, self._torn = happens, at, stays, torn
        self.calls: list[str] = []
        self.moments = 0

    def _moment(self, call: str) -> bool:
        """Count a moment; whether something is to happen."""
        self.calls.append(call)
        if self._torn and call != "write":
            return False
        number, self.moments = self.moments, self.moments + 1
        return number == self._at or (self._stays and 0 <= self._at < number)

    def _act(self, call: str) -> None:
        self._happens(call, len(self.calls) - 1)

    def _written(self, content: Any, write: Callable[[Any], int]) -> int:
        """Write, or let something happen in the middle of it."""
        if self._moment("write"):
            half = len(content) // 2
            if self._torn and half:
                write(bytes(content[:half]))
            self._act("write")
        return write(content)

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if self._moment(name):
                self._act(name)
            # a system that goes on without the process has no need to hurry, but the tests have
            return None if name == "fsync" else real(*arguments, **named)

        return call

    def _opened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        disk = self

        class Raw(io.FileIO):
            def write(self, content: Any) -> int:
                return disk._written(memoryview(content).cast("B"), super().write)

        def call(
            file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, *more: Any, **named: Any
        ) -> Any:
            if not set(mode) & set("wax+"):
                return real(file, mode, buffering, encoding, *more, **named)
            if disk._moment("open"):
                disk._act("open")
            raw = Raw(file, mode.replace("b", "").replace("t", ""), named.get("closefd", True), named.get("opener"))
            buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding or "utf-8")

        return call

    @contextmanager
    def in_use(self) -> Iterator["Disk"]:
        """Let all files of the process be on this disk."""
        before: list[tuple[Any, str, Any]] = [(os, name, getattr(os, name)) for name in (*_NAMES, "write", "open")]
        before += [(module, "open", module.open) for module in (io, builtins)]
        low_open, low_write = os.open, os.write

        def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
            if flags & (os.O_CREAT | os.O_TRUNC) and self._moment("open"):
                self._act("open")
            return low_open(path, flags, *more, **named)

        try:
            for module, name, real in before:
                setattr(module, name, self._opened(real) if module is not os else self._counted(name, real))
            os.open = opened
            os.write = lambda file, content: self._written(content, lambda part: low_write(file, part))
            yield self
        finally:
            for module, name, real in before:
                setattr(module, name, real)
