"""The compiler of functions of generated text that are called from Python.

In: nothing.  Out: a compiler that generated modules pass as ``pipeline_class``.  Must not know: models, programs,
targets, and the modules that use it.
"""

from __future__ import annotations

from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder

from numbadyn.codegen.native.choice import numba_compiles
from numbadyn.codegen.native.pipeline import compile_directly

__all__ = ["Direct"]


class _Usual(CompilerBase):  # type: ignore[misc]
    def define_pipelines(self) -> list[Any]:
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


class Direct:
    """The compiler of functions that are called from Python: text becomes LLVM without Numba's passes.

    Numba makes one for each function and set of argument types, and calls `compile_extra`.
    """

    def __init__(
        self, typing_context: Any, target_context: Any, library: Any, args: Any, result: Any, flags: Any, names: Any
    ) -> None:
        self._contexts, self._arguments, self._flags = (typing_context, target_context), args, flags
        self._rest = (library, args, result, flags, names)

    def compile_extra(self, function: Any) -> Any:
        """Compile a function of a generated module."""
        if numba_compiles():
            return _Usual(*self._contexts, *self._rest).compile_extra(function)
        return compile_directly(*self._contexts, function, self._arguments, self._flags)
