"""What generated kernels need of Numba's CUDA target and cannot say themselves.

In: nothing.  Out: the decorator `kernel`, and `plain_array`, which generated modules import.  Must not know: models,
programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cuda, njit
from numba.core import config

from numbadyn.codegen.cuda.kept import keep_on_disk

__all__ = ["SIMULATED", "kernel", "plain_array"]

SIMULATED = bool(config.ENABLE_CUDASIM)
"""Whether Numba's simulator of CUDA runs kernels, in the interpreter of Python."""


def kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel of a function; its machine code is kept on disk, beside its source text."""
    made = cuda.jit(function)
    if not SIMULATED:
        keep_on_disk(made)
    return made


def _array_of_simulator(array: Any) -> Any:
    """The NumPy array behind an array of the simulator, which compiled functions do not take."""
    inside = getattr(array, "_item", array)  # Numba's own simulator, and that of numba-cuda, wrap it twice
    return getattr(inside, "_ary", inside)


@njit
def _itself(array: Any) -> Any:
    return array


plain_array = _array_of_simulator if SIMULATED else _itself
