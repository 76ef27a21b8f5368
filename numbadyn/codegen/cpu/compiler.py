"""How generated functions are compiled for the processor.

In: nothing.  Out: the compilers that generated modules import and pass as ``pipeline_class``.  Must not know:
models, programs, and the modules that use it.
"""

from __future__ import annotations

from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder

from numbadyn.codegen.native.direct import Direct

__all__ = ["Direct", "NoAlias", "Shared"]


class Shared(Direct):
    """The compiler of functions that are compiled once, and called by time loops of all models."""

    shared = True


class NoAlias(CompilerBase):  # type: ignore[misc]
    """Numba's usual pipeline, with the promise that no two array arguments of a function overlap.

    Without the promise LLVM guards every loop over several arrays by comparing all pairs of their ranges at run
    time, and gives up on vectorising when the pairs are too many. Arrays of generated code are disjoint slices of
    planned memory, so the promise always holds for them. `Direct` keeps it for the functions that it translates.

    Examples
    --------
    >>> import numpy as np
    >>> from numba import njit
    >>> @njit(pipeline_class=NoAlias)
    ... def add(n, x, y):
    ...     for i in range(n):
    ...         y[i] += x[i]
    >>> y = np.ones(3)
    >>> add(3, np.arange(3.0), y)
    >>> y
    array([1., 2., 3.])
    """

    apart = True

    def define_pipelines(self) -> list[Any]:
        """Set the flag, then build the passes; Numba calls this once for every compilation."""
        self.state.flags.noalias = True
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]
