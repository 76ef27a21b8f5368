"""Calls of the user's own function in the course of a run, which may change the network.

In: a function of the simulator, and the time between two calls.  Out: a visitor of the run.  Must not know: targets,
how chunks of steps are run.

Behind each call the run is begun anew from where it stands, as a second `Simulator.run` would: what has changed in the
model is refused or bound, weights and states are where compiled code reads them.  So one run with calls has the bits of
as many short ones with the calls in between.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from numbadyn.errors import CallError
from numbadyn.model.given_values import list_values
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.values import Parameter
from numbadyn.model.variable import changes
from numbadyn.runtime.logs import Logs
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.visitors import Visitor
from numbadyn.simulator.checks import duration_steps

__all__ = ["Called", "Calls", "check_calls"]

_WHERE = "Simulator.run(every=..., call=...)"


class Called(Protocol):
    """What a function is called with: a simulator."""

    network: Module

    def _check_unchanged(self) -> None:
        """Refuse what is no longer the network that the simulator was made of."""

    def _lent(self) -> AbstractContextManager[None]:
        """While it lasts, states and weights may be set in the middle of a run."""

    def _begin_anew(self) -> tuple[Machine, Sequence[Logs]]:
        """The machine of the run with what has been changed, and the logs of the run."""


class Calls(Visitor):
    """Calls a function at equal distances of time.

    Parameters
    ----------
    simulator : Simulator
        What is run.
    steps : int
        Steps between two calls, counted from the first step of the run.
    call : callable
        ``call(simulator)``; the run ends there if it returns True.
    """

    def __init__(self, simulator: Called, steps: int, call: Callable[[Any], Any]) -> None:
        self._simulator, self._steps, self._call = simulator, steps, call
        self._first = self._stop = 0

    def begin(self, first: int, stop: int) -> None:
        """Note from where intervals are counted."""
        self._first, self._stop = first, stop
        self._bound, self._checked = Bound(self._simulator.network), False

    def next_stop(self, number: int) -> int | None:
        """The step before which the next call is due."""
        return number + self._steps - (number - self._first) % self._steps

    def visit(self, number: int) -> str | None:
        """Call the function if it is time."""
        if (number - self._first) % self._steps:
            return None
        with self._simulator._lent():
            enough = self._call(self._simulator)
        if _is_enough(enough):
            return "call"
        if not self._checked:  # it takes its time, so that what the first call leaves stands for all, until the end
            self._simulator._check_unchanged()
            self._checked = True
        if number < self._stop:
            machine, logs = self._simulator._begin_anew()
            (machine.begin if self._bound.changed() else machine.resume)(logs)
        return None

    def end(self) -> None:
        """Refuse what the calls have changed in the network that has no effect."""
        if self._checked:
            self._simulator._check_unchanged()


def _is_enough(returned: Any) -> bool:
    """Whether what a function has returned is True, also that of NumPy, as comparisons of quantities give it."""
    if isinstance(returned, np.ndarray) and returned.dtype == np.bool and returned.ndim:
        raise CallError(
            f"The function has returned {returned.size} truth values, so that it is open whether the run ends.",
            where=_WHERE,
            cure="Return one: (...).any() or (...).all().",
            call=returned,
        )
    return np.asarray(returned).dtype == np.bool and bool(returned)


class Bound:
    """What a run has bound: whether anything of it has changed since this was asked last.

    Parameters
    ----------
    network : Module
        Whose parameters are bound; arrays that users keep may be changed in place.
    """

    def __init__(self, network: Module) -> None:
        self._seen = changes()
        found = (value for module in walk(network) for value in vars(module).values())
        arrays = (list_values(value._recipe) for value in found if isinstance(value, Parameter))
        self._arrays = [(array, array.copy()) for array in arrays if array is not None and array.size > 1]

    def changed(self) -> bool:
        """Whether values have been assigned, weights set or arrays changed since the last call."""
        seen, self._seen = self._seen, changes()
        moved = [(array, old) for array, old in self._arrays if not np.array_equal(array, old)]
        for array, old in moved:
            old[...] = array
        return bool(moved) or seen != self._seen


def check_calls(simulator: Called, every: Any, call: Any, dt: float) -> list[Visitor]:
    """The visitor that calls a function; none if there is no function.

    Parameters
    ----------
    simulator : Simulator
        What is run.
    every, call
        As given to `Simulator.run`.
    dt : float
        Time step in ms.

    Returns
    -------
    list of Visitor
        One, or none.

    Raises
    ------
    CallError
        Only one of the two is given, or `call` is no function of one argument.
    DurationError
        `every` is no whole number of steps.
    """
    if every is None and call is None:
        return []
    if call is None or every is None:
        given, missing = ("call", "every") if every is None else ("every", "call")
        raise CallError(
            f"{given} is given to a run without {missing}.",
            where=_WHERE,
            cure="Say how often and what: every=10*ms, call=control.",
            given=given,
        )
    if not callable(call):
        raise CallError(
            f"call is {call!r}, which cannot be called.",
            where=_WHERE,
            cure="Give a function of the simulator, without brackets: call=control.",
            call=call,
        )
    try:
        inspect.signature(call).bind(simulator)
    except TypeError as error:
        raise CallError(
            f"call is a function that cannot be called with the simulator alone ({error}).",
            where=_WHERE,
            cure="Let it take one argument: def control(sim): ...",
        ) from error
    except ValueError:  # built in, without a signature
        pass
    return [Calls(simulator, duration_steps(every, dt, "every"), call)]
