"""The loops of the builders for a GPU, loaded when the first table is built there.

In: the text of the kernel modules, the definitions of the random numbers, and a device.  Out: kernels that can be
launched by name.  Must not know: rules or tables.

Notes
-----
Each phase, a function that Numba can compile for the processor too, gets a kernel around it that only asks which
thread it is; Numba's simulator of CUDA interprets no more than that. Products are rounded on their own: a compiler for
GPUs joins a product and a sum otherwise, and the draws would not be those of the processor.
"""

import ast
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

from numbadyn.codegen import loader
from numbadyn.codegen.cuda.exact import separate_products
from numbadyn.ir.elementary import HEADER, numba_source
from numbadyn.ir.syntax import parse
from numbadyn.runtime.cuda.device import Device

__all__ = ["Workshop", "kernel_source"]

_PARTS = {
    "structure": (("log", "uniform"), ("cuda/structure_kernels",)),
    "values": (("exp", "normal", "uniform"), ("cpu/value_kernels", "cuda/values")),
}
_IMPORTS = """
from numba import cuda

from numbadyn.codegen.cuda.kernels import kernel as device_kernel
from numbadyn.codegen.cuda.kernels import plain_array
from numbadyn.codegen.intrinsics import rounded_product
"""
_PREFIX = "launch_"

_MOST_THREADS = 1 << 22  # more than any device holds at a time; a thread goes on to further elements


def kernel_source(name: str, bits: int) -> tuple[str, tuple[str, ...]]:
    """Give the text of a module of kernels.

    Parameters
    ----------
    name : {"structure", "values"}
        Which loops.
    bits : {64, 32}
        Precision of the values; the structure is always drawn in 64 bits.

    Returns
    -------
    text : str
        Text of a Python module.
    phases : tuple of str
        Names of the phases; the kernel around each is called ``launch_<name>``.
    """
    elementary, modules = _PARTS[name]
    texts = [_text(module) for module in modules]
    arithmetic = separate_products("\n".join((numba_source(elementary, bits), *texts)))
    phases = list(_phases(parse(arithmetic).body))
    kernels = "\n\n".join(_kernel(phase) for phase in phases)
    return "\n".join((HEADER, _IMPORTS, arithmetic, kernels)), tuple(phase.name for phase in phases)


def _text(module: str) -> str:
    """Text of a module of loops, without the compiler of the processor, whose functions no other one can call."""
    text = files("numbadyn.runtime.builders").joinpath(f"{module}.py").read_text(encoding="utf-8")
    return text.replace("from numbadyn.codegen.cpu.compiler import Direct\n", "").replace(", pipeline_class=Direct", "")


def _phases(statements: Iterable[ast.stmt]) -> Iterable[ast.FunctionDef]:
    """Find the functions that every thread calls."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            decorators = [mark.id for mark in statement.decorator_list if isinstance(mark, ast.Name)]
            if decorators == ["phase"]:
                yield statement


def _kernel(phase: ast.FunctionDef) -> str:
    """Write the kernel around a phase, whose first two parameters are the thread and the number of threads."""
    names = [argument.arg for argument in phase.args.args[2:]]
    passed = ", ".join(("cuda.grid(1)", "cuda.gridsize(1)", *(f"plain_array({name})" for name in names)))
    return f"@device_kernel\ndef {_PREFIX}{phase.name}({', '.join(names)}):\n    {phase.name}({passed})\n"


@cache
def _module(name: str, bits: int) -> ModuleType:
    source, phases = kernel_source(name, bits)
    return loader.load(source, label=f"device_{name}", entry=phases).module


class Workshop:
    """A device and the kernels that build tables there.

    Parameters
    ----------
    device : Device
        The GPU.
    """

    def __init__(self, device: Device) -> None:
        self.device = device

    def run(self, module: tuple[str, int], name: str, elements: int, *arguments: Any) -> None:
        """Run a phase on many threads, after all that was launched before.

        Parameters
        ----------
        module : tuple
            Which loops, and the precision of their values, see `kernel_source`.
        name : str
            The phase.
        elements : int
            How many threads have work; for zero, nothing is done.
        *arguments
            What the phase gets after the thread's number and the number of threads.
        """
        if elements > 0:
            kernel = getattr(_module(*module), _PREFIX + name)
            self.device.launch(kernel, min(elements, _MOST_THREADS), arguments, together=False)
