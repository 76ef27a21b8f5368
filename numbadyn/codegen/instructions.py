"""Instructions that compilers for GPUs know by other names than those for processors.

In: LLVM values.  Out: LLVM values.  Must not know: types of Numba, and the text that is compiled.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

__all__ = ["add_atomically", "for_gpu", "nearest_whole", "pointer_to", "product", "read_clock", "size_of"]

_GLOBAL = 1
"""Address space of the memory that all threads of a GPU share."""


def for_gpu(builder: Any) -> bool:
    """Whether code for a GPU is written."""
    return "nvptx" in str(builder.module.triple)


def _called(builder: Any, name: str, *arguments: Any) -> Any:
    """Call a function that gives the type of its last argument."""
    module = builder.module
    kind = ir.FunctionType(arguments[-1].type, [argument.type for argument in arguments])
    function = module.globals.get(name) or ir.Function(module, kind, name)
    return builder.call(function, arguments)


def _letter(part: Any) -> str:
    return "d" if isinstance(part.type, ir.DoubleType) else "f"


def _bits(part: Any) -> int:
    return 64 if isinstance(part.type, ir.DoubleType) else 32


def product(builder: Any, x: Any, y: Any) -> Any:
    """The product of two floats, which is never joined with a sum, as compilers for GPUs do."""
    if not for_gpu(builder):
        return builder.fmul(x, y)
    return _called(builder, f"llvm.nvvm.mul.rn.{_letter(x)}", x, y)


def nearest_whole(builder: Any, x: Any) -> Any:
    """The nearest float without a fraction, the even one of two."""
    # the compiler for GPUs knows no llvm.rint, and rounds to even by this one
    return _called(builder, f"llvm.nvvm.round.{_letter(x)}" if for_gpu(builder) else f"llvm.rint.f{_bits(x)}", x)


def read_clock(builder: Any) -> Any:
    """Ticks of a clock of the processor, at a steady rate, in some nanoseconds or less."""
    word = ir.IntType(64)
    if any(str(builder.module.triple).startswith(name) for name in ("aarch64", "arm64")):
        # the counter of cycles is closed to programs there
        return builder.asm(ir.FunctionType(word, []), "mrs $0, cntvct_el0", "=r", (), side_effect=True)
    module, name = builder.module, "llvm.readcyclecounter"
    function = module.globals.get(name) or ir.Function(module, ir.FunctionType(word, []), name)
    return builder.call(function, [])


def size_of(builder: Any, x: Any) -> Any:
    """A float without its sign."""
    if for_gpu(builder):
        return _called(builder, "__nv_fabs" if isinstance(x.type, ir.DoubleType) else "__nv_fabsf", x)
    return _called(builder, f"llvm.fabs.f{_bits(x)}", x)


def pointer_to(builder: Any, address: Any, item: Any) -> Any:
    """An address as a pointer to a type."""
    if for_gpu(builder):  # said to be no memory of a block or thread, among which each access would have to choose
        return builder.addrspacecast(builder.inttoptr(address, item.as_pointer(_GLOBAL)), item.as_pointer())
    return builder.inttoptr(address, item.as_pointer())


def add_atomically(builder: Any, place: Any, added: Any) -> Any:
    """Add to a number in memory while other threads do the same; gives what stood there before."""
    real = not isinstance(added.type, ir.IntType)
    if not for_gpu(builder):
        return builder.atomic_rmw("fadd" if real else "add", place, added, "monotonic")
    place = builder.addrspacecast(place, added.type.as_pointer(_GLOBAL))
    if not real:
        return builder.atomic_rmw("add", place, added, "monotonic")
    return _called(builder, f"llvm.nvvm.atomic.load.add.f{_bits(added)}.p{_GLOBAL}f{_bits(added)}", place, added)
