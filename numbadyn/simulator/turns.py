"""Who may use a simulator: one at a time.

In: what somebody wants to do.  Out: his turn, or an error that says who has it.  Must not know: what a simulator does.

Short pieces of work of several threads wait for each other.  Nobody waits for a run or a compilation: two threads that
both step one network mean two networks, or one after the other, and only they can say which.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from numbadyn.codegen.forks import ForkedLock
from numbadyn.errors import SimulatorBusyError
from numbadyn.runtime.interrupts import Interrupts

__all__ = ["TRACING", "Turns", "in_turn", "keeping"]

TRACING = ForkedLock()
"""Held while a step is traced: modules get names and numbers then, and two simulators may be made of one network."""

_LONG = {"run": "is running", "compile": "is compiled", "forecast": "is tried out for a forecast"}
_LENT = ("set", "batch")
"""What may be done in a call that a run makes, besides reading."""
_PATIENCE = 0.05


class _TurnHolder(NamedTuple):
    """Whose turn it is."""

    process: int
    thread: int
    thread_name: str
    what: str
    lent: bool = False


class _TakesTurns(Protocol):
    """What has turns."""

    _turns: Turns


Given = ParamSpec("Given")
Back = TypeVar("Back")
User = TypeVar("User", bound=_TakesTurns)


class Turns:
    """The turns of one simulator."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: _TurnHolder | None = None

    @contextmanager
    def take(self, what: str, *, reading: bool = False) -> Iterator[Interrupts]:
        """Wait for a turn; Ctrl-C is put off until it is over.

        Parameters
        ----------
        what : str
            Name of the method.
        reading : bool
            Whether nothing is changed, so that the holder itself may do it in his turn.

        Yields
        ------
        Interrupts
            How often Ctrl-C has been pressed; once outside the turn, the caller answers for it.

        Raises
        ------
        SimulatorBusyError
            Another thread runs or compiles the simulator, or this one does.
        """
        holder = self._holder
        own = holder is not None and holder[:2] == (os.getpid(), threading.get_ident())
        if own and (reading or not self._is_long(holder) or (holder is not None and holder.lent and what in _LENT)):
            yield Interrupts()
            return
        with Interrupts() as interrupts:
            lock = self._acquire(what)
            try:
                me = threading.current_thread()
                self._holder = _TurnHolder(os.getpid(), threading.get_ident(), me.name, what)
                yield interrupts
            finally:
                self._holder = None
                lock.release()

    @contextmanager
    def lend(self) -> Iterator[None]:
        """Let the thread that runs the simulator set states and weights for a while, in a call that the run makes."""
        holder = self._holder
        assert holder is not None, "nobody has a turn"
        self._holder = holder._replace(lent=True)
        try:
            yield
        finally:
            self._holder = holder

    def _acquire(self, what: str) -> threading.Lock:
        """The lock, once it is free."""
        while not self._lock.acquire(timeout=0.0 if self._is_long(self._holder) else _PATIENCE):
            holder = self._holder
            if holder is None:
                continue
            if holder.process != os.getpid():
                self._lock = threading.Lock()  # it belonged to a thread of the process that this one was forked from
            elif holder.thread == threading.get_ident() or self._is_long(holder):
                raise _busy(what, holder)
        return self._lock

    @staticmethod
    def _is_long(holder: _TurnHolder | None) -> bool:
        return holder is not None and holder.what in _LONG


def _busy(what: str, holder: _TurnHolder) -> SimulatorBusyError:
    own = holder.thread == threading.get_ident()
    doing = _LONG.get(holder.what, f"is in the middle of {holder.what}")
    return SimulatorBusyError(
        f"Simulator.{what} was called while the simulator {doing}"
        + (", by what that run has called." if own else f" in the thread {holder.thread_name!r}."),
        where=f"Simulator.{what}",
        cure="A progress report may read sim.t and sim.get(...), and raise an exception to end the run; what "
        "sim.run(duration, every=10*ms, call=function) calls may also set states, weights and parameters."
        if own
        else "Give each thread a simulator of its own, or wait until the other thread is done (thread.join()).",
        doing=doing,
    )


def in_turn(
    *, reading: bool = False
) -> Callable[[Callable[Concatenate[User, Given], Back]], Callable[Concatenate[User, Given], Back]]:
    """Let a method wait for its turn; see `Turns.take`."""

    def decorate(method: Callable[Concatenate[User, Given], Back]) -> Callable[Concatenate[User, Given], Back]:
        def waiting(self: User, /, *args: Given.args, **kwargs: Given.kwargs) -> Back:
            with self._turns.take(method.__name__, reading=reading) as interrupts:
                result = method(self, *args, **kwargs)
            interrupts.check()
            return result

        functools.update_wrapper(waiting, method)
        return waiting

    return decorate


@contextmanager
def keeping(made: list[Any]) -> Iterator[None]:
    """Let an exception carry what was made, as its `result`.

    Once a turn is over, Ctrl-C raises again, between any two instructions, here too: one inside another keeps what is
    made if it comes twice before the caller has it. Where it comes yet again, at the last lines, the exception that was
    under way then (``__context__``) carries it.
    """
    try:
        yield
    except BaseException as error:
        if made:
            error.result = made[0]  # type: ignore[attr-defined]
        raise
