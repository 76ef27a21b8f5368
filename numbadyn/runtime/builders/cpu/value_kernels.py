"""Compiled loops that draw weights and delays.

In: four coefficients and the words of the random counter.  Out: values, written in place.  Must not know: what the
values are for.

It is read as text, once for each precision: `compiled.py` puts the definitions of the random numbers in front of it,
which is where `uniform`, `normal` and `exp` come from.

Notes
-----
Value s is drawn with ``element = s mod 2**32`` and ``step = s div 2**32``, and by the formulas of `numbadyn.model.init`
operation by operation, so the bits are the same.
"""

from typing import TYPE_CHECKING, Any

from numba import njit

from numbadyn.codegen.cpu.compiler import Direct

if TYPE_CHECKING:
    from numbadyn.ir.elementary.draws import normal, uniform
    from numbadyn.ir.elementary.exponential import exp
    from numbadyn.ir.elementary.vocabulary import select, u32

kernel = njit(nogil=True, error_model="numpy", pipeline_class=Direct)


@kernel
def fill_uniform(out: Any, start: Any, coefficients: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw from a uniform distribution: low, width."""
    low, width = coefficients[0], coefficients[1]
    for b in range(out.size):
        s = start + b
        out[b] = low + width * uniform(key0, key1, u32(s), u32(s >> 32), u32(0), stream)


@kernel
def fill_normal(out: Any, start: Any, coefficients: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw from a clipped normal distribution: mean, standard deviation, lowest, highest."""
    mean, std, low, high = coefficients[0], coefficients[1], coefficients[2], coefficients[3]
    for b in range(out.size):
        s = start + b
        drawn = mean + std * normal(key0, key1, u32(s), u32(s >> 32), u32(0), stream)
        drawn = select(drawn < low, low, drawn)
        out[b] = select(drawn > high, high, drawn)


@kernel
def fill_lognormal(out: Any, start: Any, coefficients: Any, key0: Any, key1: Any, stream: Any) -> None:
    """Draw from a log-normal distribution: median, standard deviation of the logarithm."""
    median, sigma = coefficients[0], coefficients[1]
    for b in range(out.size):
        s = start + b
        out[b] = median * exp(sigma * normal(key0, key1, u32(s), u32(s >> 32), u32(0), stream))
