"""Functions and constants that texts of equations may use.

In: nothing.  Out: functions of traced values and arrays, by name.  Must not know: declarations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.model import random
from numbadyn.model.functions import erf, exprel
from numbadyn.tracing.traced import Traced
from numbadyn.units import DIMENSIONLESS, split

__all__ = ["CONSTANTS", "DRAWS", "FUNCTIONS", "is_condition"]


def is_condition(x: Any) -> bool:
    """Whether a value is true or false.

    Examples
    --------
    >>> is_condition(np.ones(2) > 0), is_condition(1.0)
    (True, False)
    """
    return x.node.kind == "bool" if isinstance(x, Traced) else np.asarray(x).dtype == np.bool_


def _sign(x: Any) -> Any:
    """Also of what has a unit, whose sign has none."""
    zero = 0.0 * x
    dimension = x.node.dimension if isinstance(x, Traced) else split(x)[1]
    if dimension == DIMENSIONLESS:
        return np.sign(x)
    return np.where(x > zero, 1.0, np.where(x < zero, -1.0, 0.0))


def _arcsin(x: Any) -> Any:
    return np.arctan2(x, np.sqrt((1.0 - x) * (1.0 + x)))


def _arccos(x: Any) -> Any:
    return np.arctan2(np.sqrt((1.0 - x) * (1.0 + x)), x)


def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


def _whole(x: Any) -> Any:
    """Towards zero; true is one."""
    if is_condition(x):
        return np.where(x, 1, 0)
    return np.where(x < 0, np.ceil(x), np.floor(x))


def _steps(time: Any, dt: Any) -> Any:
    """Whole steps in a time, as Brian2 counts them: a thousandth of a step is not missed."""
    return np.floor(time / dt + 1e-3)


def _both(first: Any, *others: Any) -> Any:
    for other in others:
        first = np.logical_and(first, other)
    return first


def _either(first: Any, *others: Any) -> Any:
    for other in others:
        first = np.logical_or(first, other)
    return first


#: What a text may call.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "log", "log10", "log2", "log1p", "expm1", "sqrt")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arctan2")},
    **{name: getattr(np, name) for name in ("floor", "ceil", "where", "minimum", "maximum", "hypot")},
    "abs": np.abs,
    "arccos": _arccos,
    "arcsin": _arcsin,
    "sign": _sign,
    "clip": _clip,
    "exprel": exprel,
    "erf": erf,
    "int": _whole,
    "timestep": _steps,
    "_both": _both,
    "_either": _either,
    "_not": np.logical_not,
}

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "True": True, "False": False}

#: Functions whose value is random, made for a shape.
DRAWS: dict[str, Callable[[tuple[int, ...]], Callable[..., Any]]] = {
    "rand": lambda shape: lambda: random.uniform(size=shape),
    "randn": lambda shape: lambda: random.normal(size=shape),
    "binomial": lambda shape: lambda n, p: random.binomial(n, p, size=shape),
    "poisson": lambda shape: lambda mean: random.poisson(mean, size=shape),
}
