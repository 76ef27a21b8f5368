"""Compiled kernels on disk, each in one file that proves its own wholeness and whose it is.

In: a Numba dispatcher and the place of its files.  Out: the same dispatcher, which looks for machine code on disk
before it compiles, and keeps there what it compiled.  Must not know: what kernels compute.

Notes
-----
Numba's own disk cache is not used, for four reasons.

- It trusts its files: a flipped bit in one is executed as machine code, and whoever can write one can run anything.
  Here a signature with a key that only the user can read stands before the content and is compared before anything
  else is looked at; a file that fails is removed and compiled anew, with a warning.
- Its files are pickles, which run code while they are read. Here a file is machine code, bitcode, and a few words as
  JSON, from which Numba's own objects are built; what does not fit into these words is not kept.
- Its index gives out file numbers, so two processes that compile two signatures at once can both take number one.
  Here the name of a file holds the hash of all that its content depends on; whoever writes last writes the same.
- It loads all of Numba's type rules, and SciPy, before it looks for a file (0.3 s). Machine code needs only the symbols
  that it imports, among them, seldom, those of the runtime for reference counts; both are seen to before it is linked.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import warnings
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from numba.core import sigutils, types, typing
from numba.core.compiler import CompileResult
from numba.core.environment import Environment, lookup_environment
from numba.core.funcdesc import PythonFunctionDescriptor
from numba.core.runtime.nrt import rtsys

from numbadyn.codegen.cache.files import KERNEL_SUFFIX, read_regular, remove_strays
from numbadyn.codegen.cache.folder import write_whole
from numbadyn.codegen.cache.key import signing_key
from numbadyn.codegen.cache.signed import Packed, pack, unpack
from numbadyn.codegen.cache.types import argument_of, named, named_argument, type_of
from numbadyn.codegen.native.pipeline import provide
from numbadyn.errors import CacheWarning
from numbadyn.ir.spelling import file_words

__all__ = ["KernelCache", "keep_on_disk"]

_swept: set[Path] = set()


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
        for path in self._stem.parent.glob(f"{self._stem.name}.{file_words(self._function)}.*{KERNEL_SUFFIX}"):
            path.unlink(missing_ok=True)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Give the compiled kernel for the argument types `sig`, or None if it must be compiled."""
        return self._load(sig, target_context) if self._enabled else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled kernel `data` for the argument types `sig`, if it can be told in words and bytes."""
        if not self._enabled or data.lifted or data.library.has_dynamic_globals:
            return  # addresses of this process in machine code make sense nowhere else
        packed = _taken_apart(sig, data)
        if packed is not None:
            self._save(self._key(sig, data.codegen), packed)

    def _save(self, key: str, packed: Packed) -> None:
        path = self._path(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, pack(packed, key, signing_key(path.parent)))
        except OSError as error:
            warnings.warn(
                f"The compiled kernel {self._function} could not be kept in {path.parent} "
                f"({error.strerror or error}); the next process compiles it again.",
                CacheWarning,
                stacklevel=2,
            )
        if path.parent not in _swept:  # once, and only where compiling has taken its time anyway
            _swept.add(path.parent)
            remove_strays(path.parent)

    def _key(self, sig: Any, codegen: Any) -> str:
        arguments, result = sigutils.normalize_signature(sig)
        return repr((self._stem.name, self._function, arguments, result, codegen.magic_tuple()))

    def _path(self, key: str) -> Path:
        # users of one folder have files of their own, which do not tell their keys
        own = hashlib.sha256(signing_key(self._stem.parent) + key.encode()).hexdigest()[:16]
        return self._stem.with_name(f"{self._stem.name}.{file_words(self._function)}.{own}{KERNEL_SUFFIX}")

    def _load(self, sig: Any, target_context: Any) -> Any:
        key = self._key(sig, target_context.codegen())
        path = self._path(key)
        raw = read_regular(path)
        if raw is None:
            return None
        try:
            packed = unpack(raw, key, signing_key(path.parent))
        except ValueError as error:
            return self._discard(path, str(error))
        try:
            return self._rebuilt(sig, target_context, packed)
        except Exception as error:
            # The file is whole, but what it refers to has changed; compiling is always a way out.
            return self._discard(path, f"it cannot be loaded: {error!r}")

    def _rebuilt(self, sig: Any, target_context: Any, packed: Packed) -> Any:
        for name, arguments in packed.words["needs"]:
            function = getattr(sys.modules[self._stem.name], name)
            provide(function, tuple(argument_of(argument, types) for argument in arguments))
        symbols = packed.words["symbols"]
        if any(symbol.startswith("NRT_") for symbol in symbols):
            rtsys.initialize(target_context)  # without it, what counts references crashes
        if any(llvm.address_of_symbol(symbol) is None for symbol in symbols):
            target_context.refresh()  # registers the symbols of all of Numba's own helper libraries
        return _put_together(sig, target_context, packed)

    def _discard(self, path: Path, reason: str) -> None:
        warnings.warn(
            f"The compiled kernel {path} is damaged or not yours ({reason}); it is removed and compiled again.",
            CacheWarning,
            stacklevel=2,
        )
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return  # a folder of others; the file is replaced, or passed over again


# ---- a compiled function as words and bytes --------------------------------------------------------------------------


def _taken_apart(sig: Any, data: Any) -> Packed | None:
    """What a compiled function is, or None if it is more than words and bytes can say."""
    library, function, environment, signature, objectmode, lifted, _notes, initialisers, others = data._reduce()
    arguments, _ = sigutils.normalize_signature(sig)
    result = named(signature.return_type, types)
    name, _kind, (code, bitcode) = library
    plain = result is not None and signature == typing.signature(signature.return_type, *arguments)
    if not plain or objectmode or lifted or initialisers or function.kws or function.argtypes != tuple(arguments):
        return None
    if any(found.consts for found in (environment, *others)):
        return None
    needs = data.metadata.get("needs", ())
    words = {
        "library": name,
        "symbols": _imported_symbols(data.library),
        "needs": [[name, [named_argument(kind, types) for kind in kinds]] for name, kinds in needs],
        "result": result,
        "function": {
            "modname": function.modname,
            "qualname": function.qualname,
            "unique_name": function.unique_name,
            "env_name": function.env_name,
            "inline": function.inline,
            "noalias": function.noalias,
            "uid": function.uid,
        },
        "mangled_name": function.mangled_name,
        "abi_tags": list(function.abi_tags),
        "arguments": list(function.args),
        "environments": [(found.globals.get("__name__"), found.env_name) for found in (environment, *others)],
    }
    return Packed(words, (code, bitcode))


def _put_together(sig: Any, target_context: Any, packed: Packed) -> Any:
    """The compiled function again, by Numba's own means."""
    words = packed.words
    arguments, _ = sigutils.normalize_signature(sig)
    result = type_of(words["result"], types)
    function = PythonFunctionDescriptor(
        native=True,
        doc="",
        typemap=None,
        restype=result,
        calltypes=None,
        args=tuple(words["arguments"]),
        kws=(),
        mangler=lambda *_names, **_options: words["mangled_name"],
        argtypes=tuple(arguments),
        abi_tags=tuple(words["abi_tags"]),
        **words["function"],
    )
    environment, *others = (_environment(*names) for names in words["environments"])
    return CompileResult._rebuild(
        target_context,
        (words["library"], "object", packed.blobs),
        function,
        environment,
        typing.signature(result, *arguments),
        False,
        (),
        "",
        [],
        tuple(others),
    )


def _environment(module: str, name: str) -> Any:
    """The globals that a compiled function knows; its module is there, or is one of Numba's."""
    found = lookup_environment(name)
    if found is None:
        if module not in sys.modules and not module.startswith(("numba.", "numbadyn.")):
            raise ImportError(module)
        found = Environment(importlib.import_module(module).__dict__)
        found.env_name = name
        Environment._memo[name] = found
    return found


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
