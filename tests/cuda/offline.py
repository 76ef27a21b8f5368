"""Machine code for GPUs that are not there: a generated module becomes PTX and a cubin without a driver.

In: a generated module and the types of its arguments.  Out: for each kernel its PTX, registers and spills.  Numba asks
the current device for its compute capability where a kernel calls a function; here the answer is given.
"""

import contextlib
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Compiled", "compile_kernel", "signatures", "without_driver"]


@dataclass(frozen=True)
class Compiled:
    """What became of a kernel."""

    ptx: str
    cubin: bytes
    registers: int
    spilled_bytes: int
    log: str

    def lines_with(self, pattern: str) -> list[str]:
        """Instructions of the PTX that match."""
        return [line.strip() for line in self.ptx.splitlines() if re.search(pattern, line)]


@contextlib.contextmanager
def without_driver(capability: tuple[int, int]) -> Iterator[None]:
    """Answer for the device that is not there."""
    from numba.cuda import dispatcher

    asked = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: types.SimpleNamespace(compute_capability=capability)
    try:
        yield
    finally:
        dispatcher.get_current_device = asked


def compile_kernel(function: Any, signature: Any, capability: tuple[int, int]) -> Compiled:
    """Compile a plain Python function as a kernel."""
    from cuda.core import Linker, LinkerOptions, ObjectCode
    from numba import cuda

    with without_driver(capability):
        ptx, _ = cuda.compile(function, signature, device=False, cc=capability, abi="numba")
    objects = [ObjectCode.from_ptx(ptx.encode())]
    if "cudaCG" in ptx:
        from numba.cuda.cudadrv.libs import get_cudalib

        with open(get_cudalib("cudadevrt", static=True), "rb") as library:
            objects.append(ObjectCode.from_library(library.read()))
    options = LinkerOptions(arch=f"sm_{capability[0]}{capability[1]}", ptxas_options=["-v"])
    linker = Linker(*objects, options=options)
    cubin = bytes(linker.link("cubin").code)
    log = linker.get_info_log()
    name = re.search(r"\.entry (\w+)", ptx)
    assert name is not None, "the PTX has no kernel"
    own = log[log.index(name.group(1)) :]
    spilled = re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", own)
    registers = re.search(r"Used (\d+) registers", own)
    assert registers is not None, log
    assert spilled is not None, log
    return Compiled(ptx, cubin, int(registers.group(1)), sum(map(int, spilled.groups())), log)


def signatures() -> dict[str, Any]:
    """Types of the arguments of every generated kernel, by name; the rest has those of a phase."""
    from numba import float64, int64, void
    from numba.types import Array

    table = Array(int64, 1, "C")
    return {
        "run": void(int64, int64, float64, table, table, table),
        "begin": void(int64, int64, table, table),
        "phase": void(float64, table, table, table),
    }
