"""From generated source text to an imported module.

In: source text, a label, the names of the functions that are called from outside.  Out: a module whose functions
compile at most once per machine.  Must not know: what the text computes, and which target it is for.

Notes
-----
The text becomes a real file ``nd_<label>_<hash>.py`` in the cache folder, so that tracebacks, debuggers and curious
readers find it. The hashes cover the text and all that decides over its machine code, so a file never changes
its meaning; compiled kernels lie beside it under the same name (`numbadyn.codegen.cache.kernels`).
"""

from __future__ import annotations

import functools
import hashlib
import sys
import types
import warnings
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import llvmlite
import llvmlite.binding
import numba
import numpy as np
from numba.core import config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

from numbadyn._version import __version__
from numbadyn.codegen.cache.files import KERNEL_SUFFIX, SOURCE_SUFFIX, content_digest, read_regular
from numbadyn.codegen.cache.folder import folder, write_whole
from numbadyn.codegen.cache.kernels import keep_on_disk
from numbadyn.codegen.forks import ForkedLock, fork_when_free
from numbadyn.codegen.native.choice import numba_compiles
from numbadyn.codegen.native.unit import DEFINITIONS, Definitions
from numbadyn.errors import CacheWarning, InternalError, TargetError
from numbadyn.ir.spelling import file_words

__all__ = ["LoadedModule", "load"]

_DIGITS = 12
# What generated modules may import from this package, and what compiles them: their text is part of the meaning of a
# generated file.
_IMPORTED = ("instructions.py", "intrinsics.py", "cpu/compiler.py", "cuda/kernels.py")
_OPTIONS = ("OPT", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "CPU_NAME", "CPU_FEATURES")

_lock = ForkedLock()
fork_when_free(global_compiler_lock)  # else a process that is forked while another thread compiles could never compile
_loaded: dict[Path, LoadedModule] = {}


@dataclass(frozen=True)
class LoadedModule:
    """A generated module, ready to be called.

    Parameters
    ----------
    module : types.ModuleType
        The module; its functions are attributes.
    path : pathlib.Path
        The source file.
    entry : tuple of str
        Names of the functions that are called from outside, which are the ones kept on disk.
    """

    module: types.ModuleType
    path: Path
    entry: tuple[str, ...]

    def _count(self, counter: str) -> int:
        functions = (getattr(self.module, name) for name in self.entry)
        return sum(getattr(function, counter).total() for function in functions if isinstance(function, Dispatcher))

    @property
    def compiled(self) -> int:
        """How many kernels this process had to compile so far (one for each function and set of argument types)."""
        return self._count("_cache_misses")

    @property
    def restored(self) -> int:
        """How many kernels this process found on disk so far."""
        return self._count("_cache_hits")

    @property
    def at_hand(self) -> bool:
        """Whether machine code is in memory or on disk, so that nothing of this module has to be compiled."""
        if self.compiled + self.restored:
            return True
        names = (f"{self.path.stem}.{file_words(name)}.*{KERNEL_SUFFIX}" for name in self.entry)
        return all(any(self.path.parent.glob(name)) for name in names)

    @property
    def from_cache(self) -> bool:
        """Whether every kernel used so far came from the disk; False as long as none was called."""
        return self.compiled == 0 and self.restored > 0


@functools.cache
def _environment() -> str:
    """Describe all that decides over machine code besides the text itself."""
    binding = llvmlite.binding
    versions = (__version__, numba.__version__, llvmlite.__version__, np.__version__, sys.version)
    processor = (binding.get_process_triple(), binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    options = tuple(getattr(config, name, None) for name in _OPTIONS)
    here = Path(__file__).parent
    files = [*(here / name for name in _IMPORTED), *sorted((here / "native").glob("*.py"))]
    imported = tuple(file.read_text(encoding="utf-8") for file in files)
    return repr((versions, processor, options, imported))


def _content_name(label: str, text: str) -> str:
    """Name a module by its label and by the hashes of the environment and of its text."""
    environment = hashlib.sha256(f"{_environment()}{numba_compiles()}".encode()).hexdigest()[:_DIGITS]
    return f"nd_{file_words(label)}_{environment}{content_digest(text.encode())}"


def load(source: str, *, label: str, entry: tuple[str, ...]) -> LoadedModule:
    r"""Write generated source text to its file, unless it is there, and import it.

    Safe when several threads or processes load the same text at once. Functions named by `entry` keep their machine
    code on disk; the other functions of the module are compiled into them and need no files.

    Parameters
    ----------
    source : str
        Text of a whole Python module. Its functions are decorated by ``numba.njit`` without a signature.
    label : str
        What the module is, for people who look into the folder.
    entry : tuple of str
        Names of the functions that will be called from outside.

    Returns
    -------
    LoadedModule
        The module; the same one for the same text, within one process and location.

    Raises
    ------
    InternalError
        If the text is not a Python module, or has no function of a name in `entry`.
    TargetError
        If the environment says that Numba must not compile, or names a compiler that does not exist.

    Warns
    -----
    CacheWarning
        If a file of the cache was damaged (it is written again) or the cache folder cannot be written.

    Examples
    --------
    >>> text = "from numba import njit\n@njit\ndef double(x):\n    return 2 * x\n"
    >>> loaded = load(text, label="doubling", entry=("double",))
    >>> loaded.module.double(21)
    42
    >>> loaded.compiled + loaded.restored
    1
    """
    if config.DISABLE_JIT:
        raise TargetError(
            "Nothing can be compiled, since the environment variable NUMBA_DISABLE_JIT is set.",
            where="NUMBA_DISABLE_JIT",
            cure="Unset it. To see steps without compiled code, choose Simulator(target='interpret').",
        )
    with _lock:
        path = folder() / (_content_name(label, source) + SOURCE_SUFFIX)
        _ensure_file(path, source)
        known = _loaded.get(path)
        if known is None:
            known = LoadedModule(_execute(path, source), path, entry)
            _loaded[path] = known
        for name in entry:
            _connect(known, name)
        return known


def _ensure_file(path: Path, source: str) -> None:
    """Write the text unless the file holds exactly this text already."""
    content = source.encode()
    present = read_regular(path)
    if present == content:
        return
    if present is not None:
        warnings.warn(
            f"The generated file {path} is damaged; it is written again.",
            CacheWarning,
            stacklevel=3,
        )
    try:
        write_whole(path, content)
    except OSError as error:
        warnings.warn(
            f"The generated file {path} could not be written ({error.strerror or error}); the module runs without it.",
            CacheWarning,
            stacklevel=3,
        )


def _execute(path: Path, source: str) -> types.ModuleType:
    """Run the text as a module of its own, registered under its content name.

    The usual import would read and write a byte code file, which nobody checks for damage; the text is at hand anyway.
    """
    spec = spec_from_file_location(path.stem, path)
    if spec is None:
        raise InternalError(f"{path} cannot be imported.", where="codegen.loader")
    module = module_from_spec(spec)
    # Numba finds the globals of a kernel that comes from the disk by the name of its module.
    sys.modules[path.stem] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
        module.__dict__[DEFINITIONS] = Definitions(source, str(path))  # for the compiler, whatever becomes of the file
    except Exception as error:
        del sys.modules[path.stem]
        raise InternalError(f"The generated module does not run: {error!r}", where=str(path)) from error
    for value in vars(module).values():
        if isinstance(value, Dispatcher) and value.py_func.__module__ == path.stem and hasattr(value._cache, "disable"):
            value._cache.disable()  # Numba's own files carry no checksums, so they are neither written nor read
    return module


def _connect(loaded: LoadedModule, name: str) -> None:
    """Let one function of the module use the disk, unless it does already."""
    function = getattr(loaded.module, name, None)
    if function is None:
        raise InternalError(f"The generated module has no function {name!r}.", where=str(loaded.path))
    if isinstance(function, Dispatcher):
        keep_on_disk(function, loaded.path.with_suffix(""))
