"""Copies of a process that are killed: forked from one in which everything is imported, built and compiled.

So a copy costs milliseconds, and a run or a study can be killed a hundred times in seconds.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.disk import open_file, write

__all__ = ["Ledger", "Moment", "elsewhere", "end_group", "moments", "say", "work_in_a_copy"]

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.faults.killed_runs", "tests.faults.killed_studies"])


def elsewhere(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a function gives in a process without threads, from which others can be forked."""
    with ProcessPoolExecutor(1, mp_context=_SERVER) as pool:
        return pool.submit(function, *arguments, **named).result()


class Moment(NamedTuple):
    """When a copy is killed: at its n-th system call that changes files, perhaps in the middle of it, or by the clock.

    Parameters
    ----------
    at : int
        Number of the system call; -1 where the clock decides.
    torn : bool
        Whether half of a write is on the disk.
    part : float
        Part of the time that a copy takes which is left alone.
    """

    at: int = -1
    torn: bool = False
    part: float = 1.0


def moments(calls: Sequence[str], seed: int) -> Iterator[Moment]:
    """These system calls one after the other, then, without end, such that are drawn, a half of them by the clock.

    Of writes there are two: before, and in the middle.
    """
    rng = random.Random(seed)
    everyone = [Moment(at) for at in range(len(calls))]
    everyone += [Moment(at, torn=True) for at in range(calls.count("write"))]
    yield from everyone
    while True:
        yield Moment(part=rng.random()) if rng.random() < 1 / 2 else rng.choice(everyone)


def say(path: str, line: str) -> None:
    """Add a line to a file that is on no disk of a test."""
    file = open_file(path, os.O_WRONLY | os.O_APPEND)
    write(file, f"{line}\n".encode())
    os.close(file)


class Ledger:
    """What copies have said, which stays when they are killed: lines of a word and what it is about.

    Parameters
    ----------
    path : Path
        A file that is on no disk of a test.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._read = path, 0
        path.touch()

    def note(self, word: str, about: Any) -> None:
        """Say something."""
        say(str(self.path), f"{word} {about}")

    def fresh(self) -> list[tuple[str, str]]:
        """What has been said since the last call."""
        lines = self.path.read_text().splitlines()
        found, self._read = lines[self._read :], len(lines)
        return [(word, about) for word, _space, about in (line.partition(" ") for line in found)]


def work_in_a_copy(work: Callable[[], None], seconds: float | None = None) -> tuple[bool, int]:
    """Let a copy of this process work; whether it was killed, by itself or after some time, and its number.

    The number is that of a group of processes, which holds those that the copy has started and that outlive it.

    Raises
    ------
    AssertionError
        It has failed.
    """
    copy = os.fork()
    if copy == 0:
        code = 1
        os.setpgid(0, 0)
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            sys.__stderr__.flush()
        finally:
            os._exit(code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(copy, signal.SIGKILL)
    status = os.waitpid(copy, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return True, copy
    assert status == 0, f"a copy has failed: {status}"
    return False, copy


def end_group(number: int) -> None:
    """End what a copy has started and left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)
