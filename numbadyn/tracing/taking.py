"""`numpy.take` of plain arrays by traced numbers, while a step is traced.

In: nothing.  Out: a context in which ``np.take(array, k, axis=0)`` reads the array in each step.  Must not know:
models.

NumPy asks the array that is read, and not the numbers, who knows how to take from it, and so never asks a traced value.
For as long as a step is traced, ``np.take`` is therefore a function that looks at the numbers first and leaves all
other calls, of other threads too, to NumPy's own.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from numbadyn.tracing.lookups import is_traced, take
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node

__all__ = ["taking_traced_numbers"]

_LOCK = threading.Lock()
_TRACES: list[None] = []
_NUMPYS = np.take


@functools.wraps(_NUMPYS)
def _take(a: Any, indices: Any, *args: Any, **kwargs: Any) -> Any:
    trace = current_trace()
    if trace is None or not is_traced(indices):
        return _NUMPYS(a, indices, *args, **kwargs)
    return Traced(trace, take(trace, functools.partial(as_node, trace), a, indices, *args, **kwargs))


@contextmanager
def taking_traced_numbers() -> Iterator[None]:
    """Let ``np.take`` read plain arrays at traced places inside of the block.

    Examples
    --------
    >>> before = np.take
    >>> with taking_traced_numbers():
    ...     print(np.take([3, 4, 5], 1))
    4
    >>> np.take is before
    True
    """
    with _LOCK:
        _TRACES.append(None)
        np.take = _take
    try:
        yield
    finally:
        with _LOCK:
            _TRACES.pop()
            if not _TRACES:
                np.take = _NUMPYS
