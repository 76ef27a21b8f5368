"""The table of elementary functions: definition, name in NumPy or SciPy, units and derivative, a row each.

In: the definitions of the sibling modules.  Out: `ELEMENTARY`, from which the text of generated modules, the operations
of the IR and the functions that a user may call follow.  Must not know: how the text is made or executed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numbadyn.ir.derivatives import (
    Rule,
    Writer,
    chain,
    d_arctan2,
    d_hypot,
    d_logaddexp,
    d_power,
    first,
    flat,
    reciprocal,
)
from numbadyn.ir.elementary import (
    binomial,
    compositions,
    division,
    draws,
    error_function,
    exponential,
    hyperbolic,
    logarithm,
    philox,
    poisson,
    powers,
    times,
    trigonometric,
)

__all__ = ["ELEMENTARY", "Elementary", "KindRule", "UnitRule"]

UnitRule = Literal["same", "multiply", "divide", "sqrt", "cbrt", "keep", "none", "compare", "select", "logic"]
KindRule = Literal["promote", "real", "keep", "bool", "int", "select", "steps"]
Definition = Callable[..., Any] | Mapping[int, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Elementary:
    """One elementary function.

    Parameters
    ----------
    definition : callable, or mapping of int to callable
        What it computes, for both precisions or for each.
    derivative : Rule, optional
        Makes it an operation of the IR: a step may apply it.
    ufunc : str
        Full name of the ufunc that means the same, so that a step which calls that one applies this; empty if there is
        none, or if a rule of the tracer decides.
    units, kinds : str
        How unit and kind of the result follow, as in `numbadyn.ir.ops.Op`.
    cheap : bool
        Whether a loop may compute several of them.
    part : bool
        Whether it is of use to other definitions only.
    routine : bool
        Whether it works on whole arrays: it is called, not inlined.
    fixed : bool
        Whether it is the same in both precisions: on integers, or always in float64.
    words : bool
        Whether its arguments are random words; all others take real numbers.
    """

    definition: Definition
    derivative: Rule | None = None
    ufunc: str = ""
    units: UnitRule = "none"
    kinds: KindRule = "real"
    cheap: bool = False
    part: bool = False
    routine: bool = False
    fixed: bool = False
    words: bool = False

    def at(self, bits: int) -> Callable[..., Any]:
        """The definition for a precision."""
        return self.definition[bits] if isinstance(self.definition, Mapping) else self.definition

    @property
    def name(self) -> str:
        """Name in the IR and in generated text."""
        return self.at(64).__name__.removesuffix("_64")

    @property
    def arity(self) -> int:
        """Number of arguments."""
        return len(inspect.signature(self.at(64)).parameters)


def _exprel_slope(t: Writer, x: int, y: int) -> int:
    # d/dx (e^x - 1)/x = (e^x - y)/x, and 1/2 at zero
    zero = t.emit("equal", x, t.literal(0.0))
    safe = t.emit("select", zero, t.one(), x)
    return t.emit("select", zero, t.literal(0.5), t.emit("div", t.emit("sub", t.emit("exp", x), y), safe))


def _erf_slope(t: Writer, x: int, _y: int) -> int:
    return t.emit("mul", t.literal(1.1283791670955126), t.emit("exp", t.emit("neg", t.emit("mul", x, x))))


def _erfinv_slope(t: Writer, _x: int, y: int) -> int:
    return t.emit("mul", t.literal(0.8862269254527579), t.emit("exp", t.emit("mul", y, y)))


def _one_and_square(t: Writer, value: int) -> int:
    return t.emit("add", t.one(), t.emit("mul", value, value))


_OPERATIONS = (
    Elementary(exponential.exp, chain(lambda t, x, y: y), "numpy.exp"),
    Elementary(exponential.expm1, chain(lambda t, x, y: t.emit("add", y, t.one())), "numpy.expm1"),
    Elementary(exponential.exprel, chain(_exprel_slope), "scipy.special.exprel"),
    Elementary(logarithm.log, reciprocal(lambda t, x, y: x), "numpy.log"),
    Elementary(logarithm.log1p, reciprocal(lambda t, x, y: t.emit("add", x, t.one())), "numpy.log1p"),
    Elementary(
        logarithm.log10, reciprocal(lambda t, x, y: t.emit("mul", x, t.literal(2.302585092994046))), "numpy.log10"
    ),
    Elementary(
        logarithm.log2, reciprocal(lambda t, x, y: t.emit("mul", x, t.literal(0.6931471805599453))), "numpy.log2"
    ),
    Elementary(hyperbolic.tanh, chain(lambda t, x, y: t.emit("sub", t.one(), t.emit("mul", y, y))), "numpy.tanh"),
    Elementary(hyperbolic.sinh, chain(lambda t, x, y: t.emit("cosh", x)), "numpy.sinh"),
    Elementary(hyperbolic.cosh, chain(lambda t, x, y: t.emit("sinh", x)), "numpy.cosh"),
    Elementary(trigonometric.sin, chain(lambda t, x, y: t.emit("cos", x)), "numpy.sin"),
    Elementary(trigonometric.cos, chain(lambda t, x, y: t.emit("neg", t.emit("sin", x))), "numpy.cos"),
    Elementary(trigonometric.tan, chain(lambda t, x, y: _one_and_square(t, y)), "numpy.tan"),
    Elementary(trigonometric.arctan, reciprocal(lambda t, x, y: _one_and_square(t, x)), "numpy.arctan"),
    Elementary(error_function.erf, chain(_erf_slope), "scipy.special.erf"),
    Elementary(error_function.erfinv, chain(_erfinv_slope), "scipy.special.erfinv"),
    Elementary(
        compositions.expit,
        chain(lambda t, x, y: t.emit("mul", y, t.emit("sub", t.one(), y))),
        "scipy.special.expit",
    ),
    Elementary({64: powers.power_64, 32: powers.power_32}, d_power),
    Elementary(compositions.logaddexp, d_logaddexp, "numpy.logaddexp"),
    Elementary(compositions.arctan2, d_arctan2, "numpy.arctan2", units="compare"),
    Elementary(compositions.hypot, d_hypot, "numpy.hypot", units="same"),
    Elementary(
        compositions.cbrt,
        reciprocal(lambda t, x, y: t.emit("mul", t.literal(3.0), t.emit("mul", y, y))),
        "numpy.cbrt",
        units="cbrt",
    ),
    Elementary({64: division.mod_64, 32: division.mod_32}, first, units="same"),
    Elementary({64: division.fmod_64, 32: division.fmod_32}, first, units="same"),
    Elementary({64: division.floordiv_64, 32: division.floordiv_32}, flat, units="compare"),
    # comparisons of times up to a rounding: after the two sides, the number of the step and a side's change in a step
    Elementary(times.time_less, flat, units="compare", kinds="bool", cheap=True),
    Elementary(times.time_less_equal, flat, units="compare", kinds="bool", cheap=True),
    Elementary(times.time_equal, flat, units="compare", kinds="bool", cheap=True),
    Elementary(times.time_snapped, first, kinds="keep", cheap=True),
)

#: Forms of others that a kernel calls where it knows the size of all arguments.
_FORMS = (Elementary(exponential.exprel_general), Elementary(exponential.exprel_short))

_DRAWS = (
    Elementary(draws.normal, words=True),
    Elementary(draws.uniform, words=True),
    Elementary(draws.random_integer, words=True, fixed=True),
    Elementary(draws.random_word, words=True, fixed=True),
    Elementary(philox.philox4x32, words=True, fixed=True),
    Elementary(poisson.fill_poisson, routine=True, fixed=True),
    Elementary(poisson.poisson_count, routine=True, fixed=True),
    Elementary(binomial.fill_binomial, routine=True, fixed=True),
    Elementary(binomial.binomial_count, routine=True, fixed=True),
)

_PARTS = (
    Elementary(trigonometric.angle_split, part=True),
    Elementary(trigonometric.cos_near_zero, part=True),
    Elementary(trigonometric.sin_near_zero, part=True),
    Elementary({64: draws.centred_interval_64, 32: draws.centred_interval_32}, part=True, words=True),
    Elementary({64: draws.radial_interval_64, 32: draws.radial_interval_32}, part=True, words=True),
    Elementary({64: draws.unit_interval_64, 32: draws.unit_interval_32}, part=True, words=True),
    Elementary(exponential.expm1_scaled, part=True),
    Elementary(exponential.exprel_general_terms, part=True),
    Elementary(exponential.exprel_short_terms, part=True),
    Elementary(powers.exact_product, part=True, fixed=True),
    Elementary(powers.exp_of_sum, part=True, fixed=True),
    Elementary(powers.log_as_sum, part=True, fixed=True),
    Elementary(logarithm.logarithm_borders, part=True),
    Elementary(logarithm.logarithm_correction, part=True),
    Elementary(logarithm.logarithm_split, part=True),
    Elementary(division.remainder_of_sizes, part=True, fixed=True),
    Elementary(times.time_slack, part=True),
    Elementary(poisson.poisson_candidate, part=True, fixed=True),
    Elementary(poisson.poisson_invert_common, part=True, routine=True, fixed=True),
    Elementary(poisson.poisson_invert_each, part=True, routine=True, fixed=True),
    Elementary(poisson.poisson_reject, part=True, routine=True, fixed=True),
    Elementary(poisson.poisson_uniforms, part=True, routine=True, fixed=True),
    Elementary(binomial.log_factorial, part=True, fixed=True),
    Elementary(binomial.binomial_possible, part=True, fixed=True),
    Elementary(binomial.binomial_ratio, part=True, fixed=True),
    Elementary(binomial.binomial_candidate, part=True, fixed=True),
    Elementary(binomial.binomial_invert_common, part=True, routine=True, fixed=True),
)

ELEMENTARY: dict[str, Elementary] = {row.name: row for row in (*_OPERATIONS, *_FORMS, *_DRAWS, *_PARTS)}
