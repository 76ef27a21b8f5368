"""Elementary functions and random numbers with one definition for all targets.

In: names of functions and a precision.  Out: the functions for NumPy arrays (the interpreter's meaning), and source
text that a generated module pastes and a compiler inlines and vectorises; both give the same bits.  Must not know:
Numba, programs or models.

Notes
-----
A definition is a plain Python function in one of the sibling modules, written with a small vocabulary: + - * /,
comparisons, `select`, `square_root`, `floor`, integer arithmetic, shifts and bit casts. All of these are exactly
specified by IEEE 754 or exact, so that every target computes the same bits as long as nobody contracts a product and
a sum to one operation. Nothing branches and nothing calls a library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from numbadyn.ir.elementary.assembly import assemble
from numbadyn.ir.elementary.binomial_arrays import make_binomial_count, make_fill_binomial
from numbadyn.ir.elementary.constants import SCALARS
from numbadyn.ir.elementary.poisson_arrays import make_fill_poisson, make_poisson_count
from numbadyn.ir.elementary.primitives import NUMPY_PRIMITIVES
from numbadyn.ir.elementary.registry import ELEMENTARY

__all__ = ["EXPREL_SHORT_LIMIT", "HEADER", "NAMES", "numba_source", "numpy_functions"]

HEADER = """\
import numpy as np
from numba import njit

from numbadyn.codegen.intrinsics import bits_of, f32_from_bits, f64_from_bits, floor, out_of_line, select, square_root

f32, f64 = np.float32, np.float64
i32, i64 = np.int32, np.int64
u32, u64 = np.uint32, np.uint64
scalar = njit(error_model="numpy", forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
routine = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""

#: Up to this size of its argument, `exprel` is `exprel_short`, beyond it `exprel_general`, in both precisions and with
#: the same bits; a kernel may call either where it knows the size of all arguments.
EXPREL_SHORT_LIMIT: float = SCALARS["EXPREL_SHORT_LIMIT"][0]

NAMES: tuple[str, ...] = tuple(sorted(name for name, row in ELEMENTARY.items() if not row.part))


def _argument_type(name: str, real: type[np.generic]) -> type[np.generic]:
    """Type of the arguments of a function, all of one kind."""
    row = ELEMENTARY[name]
    return np.uint32 if row.words else np.float64 if row.fixed else real


def _on_arrays(function: Callable[..., Any], dtype: type[np.generic]) -> Callable[..., Any]:
    """Wrap an executed definition: convert the arguments, keep NumPy's warnings quiet, return scalars for scalars."""

    def call(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            result = function(*(np.asarray(argument).astype(dtype, copy=False) for argument in arguments))
        return tuple(part[()] for part in result) if isinstance(result, tuple) else result[()]

    call.__name__ = call.__qualname__ = function.__name__
    return call


@cache
def numpy_functions(bits: int) -> Mapping[str, Callable[..., Any]]:
    """Elementary functions for NumPy arrays and scalars.

    Parameters
    ----------
    bits : {64, 32}
        Precision of real numbers.

    Returns
    -------
    mapping of str to callable
        Each function broadcasts its arguments, which are converted to the precision (or to uint32, for random words),
        and never warns.

    Examples
    --------
    >>> functions = numpy_functions(64)
    >>> functions["exp"](np.array([0.0, 1.0, -np.inf]))
    array([1.        , 2.71828183, 0.        ])
    >>> functions["exprel"](0.0)
    np.float64(1.0)
    """
    namespace: dict[str, Any] = {"scalar": lambda function: function, "np": np, **NUMPY_PRIMITIVES}
    names = [name for name, row in ELEMENTARY.items() if not row.routine]
    exec(compile(assemble(names, bits), f"<elementary functions, {bits} bits>", "exec"), namespace)
    real = np.float64 if bits == 64 else np.float32
    functions = {name: _on_arrays(namespace[name], _argument_type(name, real)) for name in names}
    wide = functions if bits == 64 else numpy_functions(64)
    functions["fill_poisson"] = make_fill_poisson(wide)
    functions["poisson_count"] = make_poisson_count(functions["fill_poisson"])
    functions["fill_binomial"] = make_fill_binomial(wide)
    functions["binomial_count"] = make_binomial_count(functions["fill_binomial"])
    return MappingProxyType(functions)


def numba_source(names: Iterable[str], bits: int) -> str:
    """Source text of elementary functions for a generated module.

    Parameters
    ----------
    names : iterable of str
        Functions wanted; the text also defines what they need.
    bits : {64, 32}
        Precision of real numbers.

    Returns
    -------
    str
        Text to paste once after `HEADER`; the same for the same set of names. Its functions are made for compiled
        callers: they have no wrapper by which the interpreter of Python could call them, which saves compile time.

    Raises
    ------
    KeyError
        If a name is not in `NAMES`.

    Examples
    --------
    >>> text = numba_source(["expm1"], 64)
    >>> [line for line in text.splitlines() if line.startswith("def ")]
    ['def expm1_scaled(x):', 'def expm1(x):']
    """
    return assemble(names, bits)
