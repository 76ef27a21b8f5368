"""The one context of the model layer: the time step `dt`, the time `t`, the step number `i` and the seed.

In: values set by the user for eager calls, or the active trace.  Out: values with units (eager) or traced values.  Must
not know: modules.  A context variable, so threads and nested contexts do not disturb each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError, TimeStepError, UnitExpectedError
from numbadyn.model import streams
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import STEP, TIME, describe, is_quantity, join_eager, magnitude_in, split

__all__ = [
    "all",
    "context",
    "get",
    "get_dt",
    "get_precision",
    "known_dt",
    "next_stream",
    "pop",
    "reset",
    "set",
    "set_precision",
    "time_step",
]

_VALUES: ContextVar[dict[str, Any]] = ContextVar("numbadyn_environ", default={})  # noqa: B039 - never changed in place
_STREAM = "_stream"


def time_step(dt: Any, where: str = "dt") -> float:
    """The time step in ms, after checking it.

    Parameters
    ----------
    dt : quantities.Quantity
        Scalar time, positive.
    where : str
        Place for the error message.

    Raises
    ------
    UnitExpectedError
        A bare number.
    TimeStepError
        Zero, negative, not finite or not a single time.
    """
    if not is_quantity(dt):
        raise UnitExpectedError(
            f"The time step is {dt!r}, without a unit.",
            where=where,
            cure="Give a time, such as dt=0.1*ms.",
            dt=dt,
        )
    value = np.asarray(magnitude_in(dt, TIME, what="The time step", where=where))
    if value.size != 1 or not np.isfinite(value).all() or float(value.ravel()[0]) <= 0:
        raise TimeStepError(
            f"The time step is {describe(dt)}.",
            where=where,
            cure="Give one positive time, such as dt=0.1*ms.",
            dt=dt,
        )
    return float(value.ravel()[0])


def set(**values: Any) -> None:  # noqa: A001 - the name of the reference API
    """Set values for all that follows in this context.

    Parameters
    ----------
    **values
        ``dt`` (time step), ``t`` (time), ``i`` (step number), ``seed``, ``precision`` (bits of reals of simulators, 64
        or 32), or keys of your own.

    Examples
    --------
    >>> import quantities as pq
    >>> from numbadyn import environ
    >>> with environ.context():
    ...     environ.set(dt=0.1 * pq.ms)
    ...     environ.get_dt()
    array(0.1) * ms
    """
    _check(values, "environ.set")
    if "dt" in values:
        STEP.set(time_step(values["dt"], "environ.set(dt=...)"))
    _VALUES.set({**_VALUES.get(), **values})


@contextmanager
def context(**values: Any) -> Iterator[dict[str, Any]]:
    """Set values inside a ``with`` block; random draws of eager calls start anew in it.

    Parameters
    ----------
    **values
        As in `set`.

    Examples
    --------
    >>> import quantities as pq
    >>> from numbadyn import environ
    >>> with environ.context(i=3, dt=0.1 * pq.ms):
    ...     environ.get("i")
    3
    """
    _check(values, "environ.context")
    step = time_step(values["dt"], "environ.context(dt=...)") if "dt" in values else STEP.get()
    merged = {**_VALUES.get(), **values, _STREAM: Counter()}
    token, step_token = _VALUES.set(merged), STEP.set(step)
    try:
        yield merged
    finally:
        _VALUES.reset(token)
        STEP.reset(step_token)


def all() -> dict[str, Any]:  # noqa: A001 - the name of the reference API
    """All values that are set, as a copy.

    Examples
    --------
    >>> from numbadyn import environ
    >>> with environ.context(mine=3):
    ...     environ.all()["mine"]
    3
    """
    return {key: value for key, value in _VALUES.get().items() if key != _STREAM}


def pop(key: str, default: Any = ...) -> Any:
    """Take a value out: it is not set any more.

    Parameters
    ----------
    key : str
        As in `get`.
    default : object, optional
        Returned if the key is not set.

    Raises
    ------
    KeyError
        The key is not set and there is no default.

    Examples
    --------
    >>> from numbadyn import environ
    >>> with environ.context(mine=3):
    ...     environ.pop("mine"), environ.get("mine", None)
    (3, None)
    """
    values = _VALUES.get()
    if key not in values or key == _STREAM:
        if default is not ...:
            return default
        raise KeyError(f"environ has no {key!r}; it has: {', '.join(all()) or 'nothing'}.")
    found = get(key)
    _VALUES.set({name: value for name, value in values.items() if name != key})
    if key == "dt":
        STEP.set(None)
    return found


def reset() -> None:
    """Forget all values that were set.

    Examples
    --------
    >>> from numbadyn import environ
    >>> with environ.context(mine=3):
    ...     environ.reset()
    ...     environ.get("mine", None) is None
    True
    """
    _VALUES.set({key: value for key, value in _VALUES.get().items() if key == _STREAM})
    STEP.set(None)


def set_precision(precision: int | str) -> None:
    """Say how many bits real numbers have in simulators that are made from now on, unless they say it themselves.

    Parameters
    ----------
    precision : int or str
        64 or 32.

    Raises
    ------
    InvalidParameterError
        It is something else.

    Examples
    --------
    >>> from numbadyn import environ
    >>> with environ.context():
    ...     environ.set_precision(32)
    ...     environ.get_precision()
    32
    """
    set(precision=precision)


def get_precision() -> int:
    """Bits of real numbers in simulators, unless they say it themselves; 64 where nothing was set.

    Examples
    --------
    >>> from numbadyn import environ
    >>> environ.get_precision()
    64
    """
    return int(_VALUES.get().get("precision", 64))


def _check(values: dict[str, Any], where: str) -> None:
    """Refuse values that no key of this name can have."""
    given = values.get("precision", 64)
    if str(given) not in ("64", "32"):
        raise InvalidParameterError(
            f"The precision is {given!r}.",
            where=f"{where}(precision=...)",
            cure="Choose 64 or 32, the bits of a real number.",
            precision=given,
        )


def get(key: str, default: Any = ...) -> Any:
    """Value of a key: traced while a step is traced, else what was set.

    Parameters
    ----------
    key : str
        ``"dt"``, ``"t"``, ``"i"``, ``"seed"`` or a key of your own.
    default : object, optional
        Returned if the key is not set.

    Raises
    ------
    KeyError
        The key is not set and there is no default.
    """
    trace = current_trace()
    if trace is not None:
        traced = {"dt": trace.dt, "t": trace.time, "i": trace.step_number}.get(key)
        if traced is not None:
            return Traced(trace, traced())
    values = _VALUES.get()
    if key in ("dt", "t") and key in values:
        return join_eager(*split(values[key]))  # in ms, so that dt / tau is a plain number whatever unit was given
    if key in values:
        return values[key]
    if key == "t" and "i" in values and "dt" in values:
        return values["i"] * get("dt")
    if default is not ...:
        return default
    if key == "dt":
        raise TimeStepError(
            "No time step is set.", where="environ", cure="Wrap eager calls in `with nd.environ.context(dt=0.1*ms):`."
        )
    raise KeyError(f"environ has no {key!r}; set it with nd.environ.set({key}=...) or nd.environ.context({key}=...).")


def get_dt() -> Any:
    """The time step: traced while a step is traced, else a time."""
    return get("dt")


def eager_dt() -> float:
    """The time step of eager calls, in ms."""
    return time_step(get("dt"), "environ")


def known_dt() -> float | None:
    """The time step of eager calls, in ms, or None where none is set."""
    return eager_dt() if "dt" in _VALUES.get() else None


def next_stream() -> int:
    """Stream of the next random draw; eager ones are counted in this context."""
    return streams.next_stream(_VALUES.get().get(_STREAM))
