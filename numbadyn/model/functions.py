"""Functions that NumPy lacks, for traced values and for arrays: `numbadyn.math`.

In: a traced value, a parameter, a state, a number or an array without unit.  Out: the function's value.  Must not know:
how it is compiled.

SciPy's ufuncs of the same names work as well; these need no SciPy.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import DimensionError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, split

__all__ = ["erf", "erfinv", "expit", "exprel"]


def _apply(name: str, x: Any) -> Any:
    trace = current_trace()
    if trace is not None:
        return Traced(trace, trace.emit(name, as_node(trace, x)))
    magnitude, dimension = split(resolve(x))
    if dimension != DIMENSIONLESS:
        raise DimensionError(
            f"{name} of a value in {dimension}: it takes plain numbers only.",
            where=f"nd.math.{name}",
            cure=f"Divide by a scale first, as in nd.math.{name}(x / (1 * {dimension})).",
            name=name,
            dimension=dimension,
        )
    return numpy_functions(64)[name](magnitude)


def erf(x: Any) -> Any:
    r"""Error function.

    Parameters
    ----------
    x : number, array, traced value
        Without unit.

    Returns
    -------
    same kind as x
        :math:`2 / \sqrt{\pi} \int_0^x e^{-s^2} ds`, to 2 units in the last place.

    Raises
    ------
    DimensionError
        A value with a unit.

    Examples
    --------
    >>> import numbadyn as nd
    >>> print(f"{nd.math.erf(0.5):.12f}")
    0.520499877813
    """
    return _apply("erf", x)


def erfinv(x: Any) -> Any:
    r"""Inverse of the error function.

    Parameters
    ----------
    x : number, array, traced value
        Without unit, between -1 and 1; NaN comes out where it is not.

    Returns
    -------
    same kind as x
        The y with :math:`\mathrm{erf}(y) = x`, to 4 units in the last place.

    Raises
    ------
    DimensionError
        A value with a unit.

    Examples
    --------
    >>> import numbadyn as nd
    >>> print(f"{nd.math.erfinv(0.5):.12f}", nd.math.erfinv(1.0))
    0.476936276204 inf
    """
    return _apply("erfinv", x)


def expit(x: Any) -> Any:
    r"""Logistic function.

    Parameters
    ----------
    x : number, array, traced value
        Without unit.

    Returns
    -------
    same kind as x
        :math:`1 / (1 + e^{-x})`, to 3 units in the last place; it neither overflows nor loses small values.

    Raises
    ------
    DimensionError
        A value with a unit.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.math.expit([-800.0, 0.0, 800.0])
    array([0. , 0.5, 1. ])
    """
    return _apply("expit", x)


def exprel(x: Any) -> Any:
    r"""Relative exponential.

    Parameters
    ----------
    x : number, array, traced value
        Without unit.

    Returns
    -------
    same kind as x
        :math:`(e^x - 1) / x`, with the value 1 at zero, to 3 units in the last place; accurate for small x too, where
        the plain formula loses digits.

    Raises
    ------
    DimensionError
        A value with a unit.

    Examples
    --------
    >>> import numbadyn as nd
    >>> print(nd.exprel(0.0), nd.exprel(-800.0))
    1.0 0.00125
    """
    return _apply("exprel", x)
