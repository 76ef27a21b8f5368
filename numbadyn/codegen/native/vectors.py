"""How wide the vectors of compiled loops are.

In: a module of functions.  Out: the same functions, with the width that suits this processor.  Must not know: what the
functions compute.
"""

from __future__ import annotations

from functools import cache

from llvmlite import binding as llvm
from llvmlite import ir

__all__ = ["widen_vectors"]

_WIDEST = '"prefer-vector-width"="512"'
#: Processors with these instructions run whole registers of 512 bits without a slower clock; LLVM's own choice for all
#: that have such registers is half of one, for the sake of the first of them.
_WITHOUT_COST = "avx512vbmi2"


@cache
def _wide_is_quick() -> bool:
    return bool(llvm.get_host_cpu_features().get(_WITHOUT_COST, False))


def widen_vectors(module: ir.Module) -> None:
    """Let the loops of all functions use whole registers, where that costs nothing else.

    Parameters
    ----------
    module : llvmlite.ir.Module
        Changed in place.
    """
    if not _wide_is_quick():
        return
    for function in module.functions:
        if not function.is_declaration:
            set.add(function.attributes, _WIDEST)  # llvmlite's own `add` knows no attributes of a target
