"""Table of the elementary functions.

What goes in: the definitions of the sibling modules. What comes out: their names, with one function each, or one per
precision where the two differ. It must not know how the text is made or executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numbadyn.ir.elementary import (
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

__all__ = ["DEFINITIONS", "FIXED", "HELPERS", "ROUTINES"]

DEFINITIONS: dict[str, Callable[..., Any] | Mapping[int, Callable[..., Any]]] = {
    "angle_split": trigonometric.angle_split,
    "arctan": trigonometric.arctan,
    "centred_interval": {64: draws.centred_interval_64, 32: draws.centred_interval_32},
    "arctan2": compositions.arctan2,
    "cbrt": compositions.cbrt,
    "cos": trigonometric.cos,
    "cos_near_zero": trigonometric.cos_near_zero,
    "cosh": hyperbolic.cosh,
    "erf": error_function.erf,
    "exact_product": powers.exact_product,
    "exp": exponential.exp,
    "exp_of_sum": powers.exp_of_sum,
    "expit": compositions.expit,
    "expm1": exponential.expm1,
    "expm1_scaled": exponential.expm1_scaled,
    "exprel": exponential.exprel,
    "exprel_general": exponential.exprel_general,
    "exprel_general_terms": exponential.exprel_general_terms,
    "exprel_short": exponential.exprel_short,
    "exprel_short_terms": exponential.exprel_short_terms,
    "fill_poisson": poisson.fill_poisson,
    "floordiv": {64: division.floordiv_64, 32: division.floordiv_32},
    "fmod": {64: division.fmod_64, 32: division.fmod_32},
    "hypot": compositions.hypot,
    "log": logarithm.log,
    "log10": logarithm.log10,
    "log1p": logarithm.log1p,
    "log2": logarithm.log2,
    "log_as_sum": powers.log_as_sum,
    "logaddexp": compositions.logaddexp,
    "logarithm_borders": logarithm.logarithm_borders,
    "logarithm_correction": logarithm.logarithm_correction,
    "logarithm_split": logarithm.logarithm_split,
    "mod": {64: division.mod_64, 32: division.mod_32},
    "normal": draws.normal,
    "philox4x32": philox.philox4x32,
    "poisson_candidate": poisson.poisson_candidate,
    "poisson_count": poisson.poisson_count,
    "poisson_invert_common": poisson.poisson_invert_common,
    "poisson_invert_each": poisson.poisson_invert_each,
    "poisson_reject": poisson.poisson_reject,
    "poisson_uniforms": poisson.poisson_uniforms,
    "power": {64: powers.power_64, 32: powers.power_32},
    "radial_interval": {64: draws.radial_interval_64, 32: draws.radial_interval_32},
    "random_integer": draws.random_integer,
    "random_word": draws.random_word,
    "remainder_of_sizes": division.remainder_of_sizes,
    "sin": trigonometric.sin,
    "sin_near_zero": trigonometric.sin_near_zero,
    "sinh": hyperbolic.sinh,
    "tan": trigonometric.tan,
    "tanh": hyperbolic.tanh,
    "time_equal": times.time_equal,
    "time_less": times.time_less,
    "time_less_equal": times.time_less_equal,
    "time_slack": times.time_slack,
    "time_snapped": times.time_snapped,
    "uniform": draws.uniform,
    "unit_interval": {64: draws.unit_interval_64, 32: draws.unit_interval_32},
}

# Functions on whole arrays, which loop and are called, not inlined.
ROUTINES: frozenset[str] = frozenset(
    {
        "fill_poisson",
        "poisson_count",
        "poisson_invert_common",
        "poisson_invert_each",
        "poisson_reject",
        "poisson_uniforms",
    }
)

# Functions that are the same in both precisions: on integers, or always in float64.
FIXED: frozenset[str] = ROUTINES | {
    "exact_product",
    "exp_of_sum",
    "log_as_sum",
    "philox4x32",
    "poisson_candidate",
    "random_integer",
    "random_word",
    "remainder_of_sizes",
}

# Parts of other definitions, of no use by themselves.
HELPERS: frozenset[str] = frozenset(
    {
        "angle_split",
        "centred_interval",
        "cos_near_zero",
        "exact_product",
        "exp_of_sum",
        "expm1_scaled",
        "exprel_general_terms",
        "exprel_short_terms",
        "log_as_sum",
        "logarithm_borders",
        "logarithm_correction",
        "logarithm_split",
        "poisson_candidate",
        "poisson_invert_common",
        "poisson_invert_each",
        "poisson_reject",
        "poisson_uniforms",
        "radial_interval",
        "remainder_of_sizes",
        "sin_near_zero",
        "time_slack",
        "unit_interval",
    }
)
