"""Compiled kernels for GPUs on disk, each in one file that proves its own wholeness.

In: a kernel of Numba's CUDA target.  Out: the same kernel, which looks for machine code on disk before it compiles, and
keeps there what it compiled.  Must not know: what kernels compute.

Numba's own disk cache is not used, as on the processor (`numbadyn.codegen.cache.kernels`).  Moreover it refuses kernels
whose source text could not be written, and a damaged file of it ends a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numbadyn.codegen.cache.kernels import KernelCache
from numbadyn.codegen.cache.signed import Packed

__all__ = ["GpuKernelCache", "keep_on_disk"]


class GpuKernelCache(KernelCache):
    """The disk cache of one kernel, in the shape that a dispatcher of Numba's CUDA target expects of its cache.

    Parameters
    ----------
    function, stem
        See `numbadyn.codegen.cache.kernels.KernelCache`.
    """

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled kernel `data` for the argument types `sig`, if it can be told in words and bytes."""
        packed = _taken_apart(data) if self._enabled else None
        if packed is not None:
            self._save(self._key(sig, data.codegen), packed)

    def _key(self, sig: Any, codegen: Any) -> str:
        import numba_cuda  # not at the top: only where there is a GPU is it sure to be there
        from numba.cuda.core import config  # as above

        # what codegen says: the version of the CUDA runtime and the device's compute capability
        compiler = (codegen.magic_tuple(), numba_cuda.__version__, config.CUDA_DEBUGINFO_DEFAULT)
        return repr((self._stem.name, self._function, tuple(sig), *compiler))

    def _rebuilt(self, sig: Any, target_context: Any, packed: Packed) -> Any:
        from cuda.core import ObjectCode  # as above
        from numba.cuda import types, typing
        from numba.cuda.codegen import CUDACodeLibrary
        from numba.cuda.dispatcher import _Kernel  # it is private, and so is how a kernel is put together

        words = packed.words
        library = CUDACodeLibrary(target_context.codegen(), words["library"], entry_name=words["entry_name"])
        library._finalized = True
        library.use_cooperative = library.needs_cudadevrt = words["cooperative"]
        for architecture, code in zip(words["architectures"], packed.blobs, strict=True):
            library._cubin_cache[tuple(architecture)] = ObjectCode.from_cubin(code, name=words["library"])
            library._linkerinfo_cache[tuple(architecture)] = ""
        return _Kernel._rebuild(
            cooperative=words["cooperative"],
            name=words["entry_name"],
            signature=typing.signature(types.none, *sig),
            codelibrary=library,
            debug=False,
            lineinfo=words["lineinfo"],
            call_helper=None,  # it knows the exceptions of kernels for debugging, which are not kept
            extensions=[],
        )


def _taken_apart(kernel: Any) -> Packed | None:
    """What a kernel is, or None if it is more than words and bytes can say."""
    library, special = kernel._codelibrary, kernel.shared_memory_carveout is not None or kernel.launch_config_sensitive
    if kernel.debug or kernel.extensions or special or library._linking_files or library.referenced_objects:
        return None
    words = {
        "library": library.name,
        "entry_name": kernel.entry_name,
        "cooperative": bool(kernel.cooperative),
        "lineinfo": bool(kernel.lineinfo),
        "architectures": [list(architecture) for architecture in library._cubin_cache],
    }
    return Packed(words, tuple(bytes(cubin.code) for cubin in library._cubin_cache.values()))


def keep_on_disk(kernel: Any) -> None:
    """Let a kernel look for its machine code on disk, and keep it there.

    Parameters
    ----------
    kernel : numba dispatcher
        What ``cuda.jit`` returned, of a generated module.
    """
    source = Path(kernel.py_func.__code__.co_filename)
    kernel._cache = GpuKernelCache(kernel.py_func.__qualname__, source.with_suffix(""))
