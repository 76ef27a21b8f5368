"""Kernels as the code that Numba hands to NVIDIA's compiler, made into machine code of the processor.

In: a plain Python function and the types of its arguments.  Out: `Code`, whose function `run_thread` does what one
thread of a kernel does.  Must not know: networks, and in which order threads run.

The text is that which NVVM would get: kernels as Numba lowers them for GPUs, the functions that they call, and calls of
libdevice, which is linked from the package of the compiler. What comes later, such as the contraction of products and
sums, is not here.
"""

import contextlib
import ctypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from tests.cuda.emulator.shims import CONTROL, SHARED, WAIT, definition
from tests.cuda.offline import without_driver

__all__ = ["Code"]

_CAPABILITY = (9, 0)

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()


@contextlib.contextmanager
def _handed_over() -> Iterator[list[str]]:
    """What NVVM would get; it does not run."""
    from numba.cuda.cudadrv import nvvm

    found: list[str] = []
    compile_ir = nvvm.compile_ir
    nvvm.compile_ir = lambda texts, **_options: found.extend([texts] if isinstance(texts, str) else texts) or b""
    try:
        yield found
    finally:
        nvvm.compile_ir = compile_ir


def _texts(function: Any, signature: Any) -> list[str]:
    from numba import cuda

    with without_driver(_CAPABILITY), _handed_over() as found:
        cuda.compile(function, signature, device=False, cc=_CAPABILITY, abi="numba")
    # functions that are linked before anybody calls them would be dropped; kernels are called here like any function
    return [re.sub(r"(?m)^!nvvm\.annotations.*$", "", text.replace("linkonce_odr", "weak_odr")) for text in found]


def _libdevice() -> Any:
    from numba.cuda.cudadrv.libs import get_libdevice

    return llvm.parse_bitcode(Path(get_libdevice()).read_bytes())


def _entry(name: str, kinds: list[str]) -> str:
    """A function without arguments that calls a kernel with those that stand in a list of addresses."""
    lines = ["%list = load ptr, ptr @nd_arguments"]
    for number, kind in enumerate(kinds):
        lines += [
            f"%p{number} = getelementptr ptr, ptr %list, i64 {number}",
            f"%q{number} = load ptr, ptr %p{number}",
            f"%a{number} = load {kind}, ptr %q{number}",
        ]
    passed = ", ".join(f"{kind} %a{number}" for number, kind in enumerate(kinds))
    body = "\n".join("  " + line for line in lines)
    declared = f'declare void @"{name}"({", ".join(kinds)})'
    return f'{declared}\ndefine void @run_thread() {{\n{body}\n  call void @"{name}"({passed})\n  ret void\n}}'


def _linked(texts: list[str]) -> str:
    """One module of all that a kernel calls, without what it does not call."""
    module = llvm.parse_assembly(texts[0])
    for text in texts[1:]:
        module.link_in(llvm.parse_assembly(text))
    found = re.search(r'^define void @"?([^"(]+)"?\(([^)]*)\)', texts[0], re.MULTILINE)
    assert found is not None, "there is no kernel"
    kernel, listed = found.groups()
    kinds = ["ptr" if "*" in kind or kind.strip().startswith("ptr") else kind.split()[0] for kind in listed.split(",")]
    module.link_in(_libdevice())
    module.link_in(llvm.parse_assembly(SHARED + "\n" + _entry(kernel, kinds)))
    kept = {"run_thread", WAIT, "nd_own", "nd_scheduler", "nd_arguments", *(f"nd_{name}" for name in CONTROL)}
    for function in module.functions:
        if not function.is_declaration and function.name not in kept:
            function.linkage = "internal"
    _drop_what_nobody_calls(module)
    _optimise(module, 1)
    return str(module)


def _drop_what_nobody_calls(module: Any) -> None:
    """Most of libdevice."""
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, _builder(1))


def _builder(level: int) -> Any:
    machine = llvm.Target.from_default_triple().create_target_machine(opt=level)
    return llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=level))


def _optimise(module: Any, level: int) -> None:
    builder = _builder(level)
    builder.getModulePassManager().run(module, builder)


def _for_processor(text: str) -> str:
    """Give functions of NVIDIA's compiler other names, and definitions."""
    declared = re.findall(r"^declare .*@llvm\.nvvm\..*$", text, re.MULTILINE)
    for line in declared:
        text = text.replace(line, "")
    text = text.replace("@llvm.nvvm.", "@nd.nvvm.")
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', "", text)
    known = set(re.findall(r"^(?:declare|define) .*?@([\w.]+)\(", text, re.MULTILINE))
    kept: list[str] = []
    for line in "\n".join(map(definition, declared)).splitlines():
        name = re.match(r"declare .*?@([\w.]+)\(", line)
        if name is None or name.group(1) not in known:
            kept.append(line)
        if name is not None:
            known.add(name.group(1))
    return "\n".join([text, *kept])


class Code:
    """Machine code of the processor for one thread of a kernel.

    Parameters
    ----------
    function : callable
        The kernel, undecorated.
    signature : signature
        Types of its arguments.
    """

    def __init__(self, function: Any, signature: Any) -> None:
        self.function = function
        libc = ctypes.CDLL(None)
        llvm.add_symbol("swapcontext", ctypes.cast(libc.swapcontext, ctypes.c_void_p).value)
        module = llvm.parse_assembly(_for_processor(_linked(_texts(function, signature))))
        machine = llvm.Target.from_default_triple().create_target_machine(opt=2)
        module.triple, module.data_layout = llvm.get_default_triple(), str(machine.target_data)
        _optimise(module, 2)
        self.waits = re.search(rf"call [^\n]*@{WAIT}\(", str(module)) is not None
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        self.thread = self._engine.get_function_address("run_thread")
        self._control = {name: self._int(f"nd_{name}") for name in CONTROL}
        self.own, self.scheduler, self._arguments = (
            ctypes.c_void_p.from_address(self._engine.get_global_value_address(f"nd_{name}"))
            for name in ("own", "scheduler", "arguments")
        )

    def _int(self, name: str) -> Any:
        return ctypes.c_int32.from_address(self._engine.get_global_value_address(name))

    def __getitem__(self, name: str) -> int:
        return int(self._control[name].value)

    def __setitem__(self, name: str, value: int) -> None:
        self._control[name].value = value

    def pass_arguments(self, arguments: tuple[Any, ...]) -> list[Any]:
        """Lay out arguments as a kernel expects them; they live as long as what this gives."""
        slots: list[Any] = []
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                size, width = argument.size, argument.itemsize
                slots += [0, 0, size, width, argument.ctypes.data, size, width]
            else:
                slots.append(argument)
        cells = [ctypes.c_double(slot) if isinstance(slot, float) else ctypes.c_int64(int(slot)) for slot in slots]
        row = (ctypes.c_void_p * len(cells))(*(ctypes.addressof(cell) for cell in cells))
        self.take_arguments(ctypes.addressof(row))
        return [cells, row]

    def take_arguments(self, address: int) -> None:
        """Use arguments that are laid out already: where the list of their addresses is."""
        self._arguments.value = address
