"""Compiled kernels on disk, each in one file that proves its own wholeness.

What goes in: a Numba dispatcher and the place of its files. What comes out: the same dispatcher, which looks for
machine code on disk before it compiles, and keeps there what it compiled. What it must not know: what kernels compute.

Notes
-----
Numba's own disk cache is not used, for three reasons.

- It trusts its files: a flipped bit in one is executed as machine code. Here a SHA-256 checksum stands before the
  content and is compared before anything is unpickled; a file that fails is removed and compiled anew, with a warning.
- Its index gives out file numbers, so two processes that compile two signatures at once can both take number one.
  Here the name of a file holds the hash of all that its content depends on; whoever writes last writes the same.
- It loads all of Numba's type rules, and SciPy, before it looks for a file (0.3 s). Machine code needs only the small
  runtime for reference counts, and whatever symbols it imports; both are seen to before it is linked.
"""

from __future__ import annotations

import hashlib
import pickle
import warnings
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from numba.core import sigutils
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps

from numbadyn.codegen.cache_folder import KERNEL_SUFFIX, write_whole
from numbadyn.errors import CacheWarning

__all__ = ["KernelCache", "keep_on_disk"]

_HEADER = b"numbadyn kernel 1\n"
_CHECKSUM_BYTES = 32


class KernelCache:
    """The disk cache of one function, in the shape that a Numba dispatcher expects of its cache.

    Parameters
    ----------
    function : str
        Name of the function; part of the file name.
    stem : pathlib.Path
        Folder and first part of the name of every file. Its name must contain the hash of all that the machine code
        depends on, apart from the argument types and the processor.
    """

    def __init__(self, function: str, stem: Path) -> None:
        self._function = function
        self._stem = stem
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder of the files; Numba shows it in its statistics."""
        return str(self._stem.parent)

    def enable(self) -> None:
        """Look on disk from now on."""
        self._enabled = True

    def disable(self) -> None:
        """Leave the disk alone from now on."""
        self._enabled = False

    def flush(self) -> None:
        """Forget every kernel of this function."""
        for path in self._stem.parent.glob(f"{self._stem.name}.{self._function}.*{KERNEL_SUFFIX}"):
            path.unlink(missing_ok=True)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Give the compiled kernel for the argument types `sig`, or None if it must be compiled."""
        rtsys.initialize(target_context)  # kernels count references through it; without it they crash
        found = self._load(sig, target_context) if self._enabled else None
        if found is None:
            # The compiler, which comes next, needs all type rules.
            target_context.refresh()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled kernel `data` for the argument types `sig`."""
        if not self._enabled or data.lifted or data.library.has_dynamic_globals:
            return  # addresses of this process in machine code make sense nowhere else
        key = self._key(sig, data.codegen)
        self._save(key, dumps((key, _imported_symbols(data.library), data._reduce())))

    def _save(self, key: str, content: bytes) -> None:
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _HEADER + hashlib.sha256(content).digest() + content)
        except OSError as error:
            warnings.warn(
                f"The compiled kernel {self._function} could not be kept in {path.parent} "
                f"({error.strerror or error}); the next process compiles it again.",
                CacheWarning,
                stacklevel=2,
            )

    def _key(self, sig: Any, codegen: Any) -> str:
        arguments, result = sigutils.normalize_signature(sig)
        return repr((self._stem.name, self._function, arguments, result, codegen.magic_tuple()))

    def _path(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return self._stem.with_name(f"{self._stem.name}.{self._function}.{digest}{KERNEL_SUFFIX}")

    def _load(self, sig: Any, target_context: Any) -> Any:
        key = self._key(sig, target_context.codegen())
        path = self._path(key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        start = len(_HEADER) + _CHECKSUM_BYTES
        content = memoryview(raw)[start:]
        if raw[:start] != _HEADER + hashlib.sha256(content).digest():
            return self._discard(path, "its checksum does not fit its content")
        try:
            saved_key, *rest = pickle.loads(content)
            if saved_key != key:
                return None  # two keys with one shortened hash: as good as impossible, and harmless
            return self._rebuilt(target_context, *rest)
        except Exception as error:
            # The file is whole, but what it refers to has changed; compiling is always a way out.
            return self._discard(path, f"it cannot be loaded: {error!r}")

    def _rebuilt(self, target_context: Any, *content: Any) -> Any:
        symbols, parts = content
        if any(llvm.address_of_symbol(symbol) is None for symbol in symbols):
            target_context.refresh()  # registers the symbols of all of Numba's own helper libraries
        return CompileResult._rebuild(target_context, *parts)

    def _discard(self, path: Path, reason: str) -> None:
        warnings.warn(
            f"The compiled kernel {path} is damaged ({reason}); it is removed and compiled again.",
            CacheWarning,
            stacklevel=2,
        )
        path.unlink(missing_ok=True)


def _imported_symbols(library: Any) -> tuple[str, ...]:
    """List what the machine code expects from outside: functions of Numba's runtime, of Python, of the C library."""
    module = library._final_module
    declared = [*module.functions, *module.global_variables]
    names = {value.name for value in declared if value.is_declaration}
    return tuple(sorted(name for name in names if not name.startswith(("llvm.", ".numba."))))


def keep_on_disk(dispatcher: Any, stem: Path) -> None:
    """Let a compiled function look for its machine code on disk, and keep it there.

    Parameters
    ----------
    dispatcher : numba dispatcher
        What ``numba.njit`` returned, not called yet.
    stem : pathlib.Path
        See `KernelCache`.
    """
    if isinstance(dispatcher._cache, KernelCache):
        return
    # The attribute is where Numba's own `enable_caching` puts its cache; there is no public way to pass another one.
    dispatcher._cache = KernelCache(dispatcher.py_func.__qualname__, stem)
