"""What generated kernels need of Numba's CUDA target and cannot say themselves.

In: nothing.  Out: the decorators `kernel` and `phase`, and `plain_array`, which generated modules import.  Must not
know: models, programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cuda, njit
from numba.core import config

from numbadyn.codegen.cuda.device_functions import device_function
from numbadyn.codegen.cuda.kept import keep_on_disk
from numbadyn.codegen.native.choice import numba_compiles
from numbadyn.codegen.native.direct import Direct

__all__ = ["SIMULATED", "kernel", "phase", "plain_array"]

SIMULATED = bool(config.ENABLE_CUDASIM)
"""Whether Numba's simulator of CUDA runs kernels, in the interpreter of Python."""


def kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel of a function; its machine code is kept on disk, beside its source text."""
    made = cuda.jit(function)
    if not SIMULATED:
        keep_on_disk(made)
    return made


def phase(function: Callable[..., Any]) -> Any:
    """Make a function of its text that kernels call, and Numba's simulator of CUDA as machine code of the processor."""
    if SIMULATED:
        return njit(error_model="numpy", pipeline_class=Direct)(function)
    return njit(error_model="numpy")(function) if numba_compiles() else device_function(function)


def _array_of_simulator(array: Any) -> Any:
    """The NumPy array behind an array of the simulator, which compiled functions do not take."""
    inside = getattr(array, "_item", array)  # Numba's own simulator, and that of numba-cuda, wrap it twice
    return getattr(inside, "_ary", inside)


@njit
def _itself(array: Any) -> Any:
    return array


plain_array = _array_of_simulator if SIMULATED else _itself
