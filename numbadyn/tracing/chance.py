"""Which line of a model draws random numbers of Python or NumPy, which a compiled step would keep for ever.

In: a call that traces a step.  Out: the line, or None.  Must not know: models, the IR.

Generators change when somebody draws from them. So the model is run once more, and after each of its lines the
generators that it can see are looked at. That is slow, and done only when something is wrong already.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from numbadyn.tracing.positions import in_users

__all__ = ["drawing_line", "state_of_chance"]

_KINDS = (np.random.Generator, np.random.RandomState, random.Random)
_GLOBAL = (np.random.random.__self__, random.random.__self__)  # type: ignore[attr-defined]


def state_of_chance() -> tuple[Any, ...]:
    """The state of the generators that all of a process share; it is another one once somebody has drawn."""
    return tuple(map(_state, _GLOBAL))


def _state(generator: Any) -> str:
    if isinstance(generator, random.Random):
        return repr(hash(generator.getstate()))
    if isinstance(generator, np.random.RandomState):
        state: Any = generator.get_state()
        return repr((hash(state[1].tobytes()), *state[2:]))
    return repr(generator.bit_generator.state)


def drawing_line(run: Callable[[], object]) -> tuple[str, int] | None:
    """Run something and say on which line of the user's code random numbers are drawn first.

    Parameters
    ----------
    run : callable
        Traces a step; what it raises is passed over.

    Returns
    -------
    tuple of str and int, or None
        File and line; None if nothing is drawn from a generator that the user's lines can see.

    Examples
    --------
    >>> drawing_line(lambda: None) is None
    True
    """
    watch = _Watch()
    before = sys.gettrace()
    sys.settrace(watch.enter)
    try:
        run()
    except Exception:  # whatever it is, it has been met before, or is met again
        return watch.found
    finally:
        sys.settrace(before)
    return watch.found


class _Watch:
    """Follows the lines of the user's code and the generators that they see."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, str]] = {id(each): (each, _state(each)) for each in _GLOBAL}
        self.last: tuple[str, int] | None = None
        self.found: tuple[str, int] | None = None

    def enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        """A function begins."""
        if self.found is not None or not in_users(frame):
            return None
        self._look()
        for value in (*frame.f_globals.values(), *frame.f_locals.values()):
            self._note(value)
            for part in list(getattr(value, "__dict__", {}).values()) if value is frame.f_locals.get("self") else ():
                self._note(part)
        self.last = frame.f_code.co_filename, frame.f_lineno
        return self.line

    def line(self, frame: FrameType, event: str, argument: Any) -> Any:
        """A line of a function begins, or the function ends."""
        self._look()
        after = frame.f_back if event == "return" else frame
        if after is not None and in_users(after):
            self.last = after.f_code.co_filename, after.f_lineno
        return self.line if self.found is None else None

    def _note(self, value: Any) -> None:
        if type(value) in _KINDS and id(value) not in self.known:
            self.known[id(value)] = value, _state(value)

    def _look(self) -> None:
        if self.found is None and any(_state(value) != state for value, state in self.known.values()):
            self.found = self.last
