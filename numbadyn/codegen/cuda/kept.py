"""Compiled kernels for GPUs on disk, each in one file that proves its own wholeness.

In: a kernel of Numba's CUDA target.  Out: the same kernel, which looks for machine code on disk before it compiles, and
keeps there what it compiled.  Must not know: what kernels compute.

Numba's own disk cache is not used, as on the processor (`numbadyn.codegen.cache_kernels`).  Moreover it refuses kernels
whose source text could not be written, and a damaged file of it ends a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numbadyn.codegen.cache_kernels import KernelCache

__all__ = ["GpuKernelCache", "keep_on_disk"]


class GpuKernelCache(KernelCache):
    """The disk cache of one kernel, in the shape that a dispatcher of Numba's CUDA target expects of its cache.

    Parameters
    ----------
    function, stem
        See `numbadyn.codegen.cache_kernels.KernelCache`.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Give the compiled kernel for the argument types `sig`, or None if it must be compiled."""
        return self._load(sig, target_context) if self._enabled else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled kernel `data` for the argument types `sig`."""
        from numba.cuda.serialize import dumps  # not at the top: only where there is a GPU is it sure to be there

        if self._enabled:
            key = self._key(sig, data.codegen)
            self._save(key, dumps((key, data._reduce_states())))

    def _key(self, sig: Any, codegen: Any) -> str:
        import numba_cuda  # as above
        from numba.cuda.core import config  # as above

        # what codegen says: the version of the CUDA runtime and the device's compute capability
        compiler = (codegen.magic_tuple(), numba_cuda.__version__, config.CUDA_DEBUGINFO_DEFAULT)
        return repr((self._stem.name, self._function, tuple(sig), *compiler))

    def _rebuilt(self, target_context: Any, *content: Any) -> Any:
        from numba.cuda.dispatcher import _Kernel  # as above; it is private, and so is how a kernel is taken apart

        (states,) = content
        return _Kernel._rebuild(**states)


def keep_on_disk(kernel: Any) -> None:
    """Let a kernel look for its machine code on disk, and keep it there.

    Parameters
    ----------
    kernel : numba dispatcher
        What ``cuda.jit`` returned, of a generated module.
    """
    source = Path(kernel.py_func.__code__.co_filename)
    kernel._cache = GpuKernelCache(kernel.py_func.__qualname__, source.with_suffix(""))
