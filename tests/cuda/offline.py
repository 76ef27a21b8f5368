"""Machine code for GPUs that are not there: a generated kernel becomes what a launch would load, without a driver.

In: a kernel of a generated module, the types of its arguments, a compute capability.  Out: its PTX and its cubin after
optimisation at link time, registers, spills, and how often each instruction stands in the machine code.

The way is that of a launch: the dispatcher of Numba compiles as `cuda.jit` has set it up.  Numba asks the current
device for its compute capability; here the answer is given, and what was linked is kept instead of loaded.
"""

import contextlib
import functools
import re
import types
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Compiled", "compile_for", "compile_kernel", "disassembler", "signatures", "without_driver"]


@dataclass(frozen=True)
class Compiled:
    """What became of a kernel; it is cooperative if all its blocks wait for each other."""

    library: Any
    cubin: bytes
    registers: int
    stack_bytes: int
    spilled_bytes: int
    cooperative: bool
    arch: tuple[int, int, str]

    @functools.cached_property
    def ptx(self) -> str:
        """Its text after optimisation at link time, before the last compiler makes the cubin of it."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Not adding .* as it is not optimizable at link time")
            return str(self.library.get_lto_ptx(self.arch))

    def lines_with(self, pattern: str) -> list[str]:
        """Instructions of the PTX that match."""
        return [line.strip() for line in self.ptx.splitlines() if re.search(pattern, line)]

    def instructions(self) -> Counter[str]:
        """How often each instruction stands in the machine code."""
        return _instructions(self.cubin, self._functions())

    def instructions_rounded_one_by_one(self) -> Counter[str]:
        """The same, where every sum, difference and product of the PTX says that it is rounded on its own.

        No compiler joins two of those.  What is left of joined operations stands for quotients and square roots.
        """
        said = re.sub(r"(?m)^(\s+(?:@!?%p\d+\s+)?(?:add|sub|mul))\.(f32|f64)\b", r"\1.rn.\2", self.ptx)
        return _instructions(_linked(said, self.arch, self.cooperative), self._functions())

    def _functions(self) -> set[str]:
        """Names of the functions that the PTX defines; the cubin has those of the CUDA runtime too."""
        return set(re.findall(r"(?m)^(?:\.(?!extern)\w+ )*\.(?:entry|func)\s+(?:\([^)]*\)\s*)?([\w$]+)", self.ptx))


@contextlib.contextmanager
def without_driver(capability: tuple[int, int]) -> Iterator[None]:
    """Answer for the device that is not there."""
    from numba.cuda import codegen, dispatcher
    from numba.cuda.cudadrv.driver import _Linker

    library = codegen.CUDACodeLibrary
    loaded = types.SimpleNamespace(module=types.SimpleNamespace(initialized=True))

    def load(self: Any) -> Any:
        self.get_cubin()
        return loaded

    def options(self: Any, ptx: bool, asked: Any = _Linker._get_linker_options) -> Any:
        found = asked(self, ptx)
        found.ptxas_options = ["-v"]
        return found

    with contextlib.ExitStack() as stack:
        for where, name, answer in (
            (dispatcher, "get_current_device", lambda: types.SimpleNamespace(compute_capability=capability)),
            (library, "_ensure_cc", lambda self, cc: cc or _arch(capability)),
            (library, "get_cufunc", load),
            (library, "get_asm_str", library.get_llvm_str),  # asked for names of functions only; PTX takes long
            (codegen.JITCUDACodegen, "magic_tuple", lambda self: ("no driver", capability)),
            (_Linker, "_get_linker_options", options),
        ):
            stack.callback(setattr, where, name, getattr(where, name))
            setattr(where, name, answer)
        yield


def _arch(capability: tuple[int, int]) -> tuple[int, int, str]:
    """What Numba compiles for on such a device."""
    return (*capability, "a" if capability >= (9, 0) else "")


def compile_kernel(kernel: Any, signature: Any, capability: tuple[int, int]) -> Compiled:
    """Compile a kernel as its first launch would, leaving the disk alone."""
    return compile_for(kernel, signature, [capability])[0]


def compile_for(kernel: Any, signature: Any, capabilities: Sequence[tuple[int, int]]) -> list[Compiled]:
    """The same for several devices, for which only the last of the compilers runs anew."""
    again = type(kernel)(kernel.py_func, targetoptions=kernel.targetoptions)
    with without_driver(capabilities[0]):
        made = again.compile(signature.args)
        return [_measured(made, _arch(capability)) for capability in capabilities]


def _measured(made: Any, arch: tuple[int, int, str]) -> Compiled:
    library = made.library
    cubin, log = bytes(library.get_cubin(arch).code), library.get_linkerinfo(arch)
    own = log[log.index(f"Function properties for {made.entry_name}") :]
    registers = re.search(r"Used (\d+) registers", own)
    stack = re.search(r"(\d+) bytes stack frame", own)
    spilled = re.findall(r"(\d+) bytes spill (?:stores|loads)", log)
    assert registers is not None, log
    assert stack is not None, log
    assert spilled, log
    numbers = int(registers.group(1)), int(stack.group(1)), sum(map(int, spilled))
    return Compiled(library, cubin, *numbers, made.cooperative, arch)


def _linked(ptx: str, arch: tuple[int, int, str], cooperative: bool) -> bytes:
    from numba.cuda.cudadrv.driver import _Linker
    from numba.cuda.cudadrv.libs import get_cudalib

    linker = _Linker(cc=arch, lto=False)
    linker.add_ptx(ptx.encode())
    if cooperative:
        linker.add_file_guess_ext(get_cudalib("cudadevrt", static=True))
    return bytes(linker.complete().code)


def disassembler() -> str | None:
    """Where nvdisasm is, if it is installed."""
    from cuda.pathfinder import find_nvidia_binary_utility

    found = find_nvidia_binary_utility("nvdisasm")
    return None if found is None else str(found)


def _instructions(cubin: bytes, functions: set[str]) -> Counter[str]:
    from numba.cuda.codegen import run_nvdisasm

    text = run_nvdisasm(types.SimpleNamespace(code=cubin), ["-c"])
    found: Counter[str] = Counter()
    inside = False
    for line in text.splitlines():
        section = re.match(r"\s*\.section\s+\.text\.([\w$]+)", line)
        if section is not None:
            inside = section.group(1) in functions
        elif line.startswith("$__internal"):
            inside = False  # the rare cases of a division or root, which some ways of linking put into the kernel
        elif inside:
            found.update(re.findall(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+\s+)?([A-Z][A-Z0-9_.]*)", line))
    return found


def signatures() -> dict[str, Any]:
    """Types of the arguments of every generated kernel, by name; the rest has those of a phase."""
    from numba import float64, int64, void
    from numba.types import Array

    table = Array(int64, 1, "C")
    return {
        "run": void(int64, int64, float64, table, table, table),
        "run_replicas": void(int64, int64, float64, table, table, table),
        "gather": void(table, table),
        "begin": void(int64, int64, table, table),
        "phase": void(float64, table, table, table),
    }
