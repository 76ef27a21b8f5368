"""The command line of studies: a script with a sweep, run by a queue; and what is in a store.

In: a script, what the queue says.  Out: exit statuses that a queue understands.  Must not know: how points are run.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

from numbadyn.errors import StoreBusyError, StoreError, StoreWriteError, WorkerLostError
from numbadyn.study.overrides import STOPPED, Overrides, overriding
from numbadyn.study.show import describe_store

__all__ = ["DONE", "FAILED", "RESUMABLE", "run_script", "show_store"]

DONE, FAILED, RESUMABLE = 0, 1, STOPPED
"""Exit statuses."""


def run_script(
    script: str,
    arguments: Sequence[str] = (),
    *,
    store: str | None = None,
    workers: int | None = None,
    resume: bool = False,
    retry: bool = False,
) -> int:
    """Run a script that calls `numbadyn.sweep`, as ``python script`` would, with a store and workers of its own.

    Parameters
    ----------
    script : str
        Its file.
    arguments : sequence of str
        What the script finds in ``sys.argv``.
    store, workers : optional
        In place of what the script says.
    resume, retry : bool
        Go on with the store, if there is one; run points again that have failed.

    Returns
    -------
    int
        0 if all points have finished; 75 if it was stopped, by SIGTERM, Ctrl-C, a full disk or a lost worker, and goes
        on when it is called again; 1 if a point has failed, or the script.
    """
    if not os.path.exists(script):
        return _complain(f"there is no script {script!r}")
    values: dict[str, Any] = {"resume": resume, "retry": retry}
    values |= {name: value for name, value in (("store", store), ("workers", workers)) if value is not None}
    try:
        with _as_main(script, arguments), _terminated(), overriding(**values) as said:
            return _run(script, said)
    except KeyboardInterrupt:  # between two sweeps, or twice
        _say("stopped")
        return RESUMABLE


def _run(script: str, said: Overrides) -> int:
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as leaving:
        if leaving.code not in (None, DONE):
            return leaving.code if isinstance(leaving.code, int) else _complain(str(leaving.code))
    except (StoreBusyError, StoreWriteError, WorkerLostError) as error:
        _say(f"stopped: {error}")
        return RESUMABLE
    except Exception:  # of the user's script
        traceback.print_exc()
        return FAILED
    if not said.sweeps:
        return _complain(f"{script} has called no numbadyn.sweep, so there is nothing to run")
    failed = sum(len(study.failed) for study in said.sweeps)
    return _complain(f"{failed} points have failed: python -m numbadyn show says which") if failed else DONE


def show_store(path: str, *, verbose: bool = False) -> int:
    """Print what is in a store; gives the exit status."""
    try:
        text = describe_store(path, verbose=verbose)
    except StoreError as error:
        return _complain(str(error))
    sys.stdout.write(f"{text}\n")
    return DONE


def _say(text: str) -> None:
    sys.stderr.write(f"numbadyn: {text}\n")


def _complain(text: str) -> int:
    _say(text)
    return FAILED


@contextlib.contextmanager
def _as_main(script: str, arguments: Sequence[str]) -> Iterator[None]:
    """Let a script find what it finds when Python runs it."""
    argv, path = sys.argv, list(sys.path)
    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, path


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """Let SIGTERM, by which queues announce the end, do what Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # by what a shell script has started in the background
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
