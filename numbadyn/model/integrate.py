"""One-step integrators: functions of a right-hand side, used inside `update`.

In: a function of the variable that returns its time derivative, and the variable's value.  Out: the value one `dt`
later.  Traced and eager alike.  Must not know: models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import DimensionError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.model import environ
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.evaluate import slope_and_derivative
from numbadyn.tracing.trace import ANY, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, split

__all__ = ["euler_step", "exp_euler_step", "exprel", "rk2_step", "rk4_step"]

Derivative = Callable[..., Any]


def exprel(x: Any) -> Any:
    """(exp(x) - 1) / x, with the value 1 at zero.

    Parameters
    ----------
    x : number, array or traced value
        Without a unit.

    Returns
    -------
    same kind as x
        Accurate for small x too, where the plain formula loses digits.

    Examples
    --------
    >>> float(exprel(0.0))
    1.0
    """
    trace = current_trace()
    if trace is not None:
        return Traced(trace, trace.emit("exprel", as_node(trace, x)))
    magnitude, dimension = split(x)
    if dimension != DIMENSIONLESS:
        raise DimensionError(
            f"exprel of a value in {dimension}: it takes plain numbers only.",
            where="nd.exprel",
            cure="Divide by a scale first.",
        )
    return numpy_functions(64)["exprel"](np.asarray(magnitude, dtype=float))[()]


def _check(got: Dimension, variable: Dimension, name: str, where: str) -> None:
    wanted = variable / TIME
    if got is not ANY and variable is not ANY and got != wanted:
        raise DimensionError(
            f"{name}: the right-hand side is in {got}, "
            f"but the time derivative of a variable in {variable} must be in {wanted}.",
            where=where,
            cure=f"Make it a rate of change in {wanted}; often a division by a time constant is missing.",
        )


def _slope(f: Derivative, x: Any, args: tuple[Any, ...], name: str) -> Any:
    """f(x) after checking its unit against that of x over time."""
    slope = f(x, *args)
    trace = current_trace()
    if trace is not None:
        node = trace.node(as_node(trace, slope))
        _check(node.dimension, trace.node(as_node(trace, x)).dimension, name, str(trace.here))
        return Traced(trace, as_node(trace, slope))
    _check(split(slope)[1], split(x)[1], name, getattr(f, "__qualname__", name))
    return slope


def _fresh(trace: Trace, x: Any) -> Traced:
    return Traced(trace, trace.emit("identity", as_node(trace, x)))


def exp_euler_step(f: Derivative, x: Any, *args: Any) -> Any:
    r"""Exponential Euler: exact for equations that are linear in x with coefficients constant over the step.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` returns dx/dt, in the unit of x over a time.
    x : array, quantity or traced value
        Value at the start of the step.
    *args
        Passed on to f.

    Returns
    -------
    same kind as x
        Value one `dt` later.

    Raises
    ------
    DimensionError
        f does not return the unit of x over a time.
    UnsupportedFunctionError
        f uses, on the way from x, an operation without a derivative.

    Notes
    -----
    .. math::

        x_{n+1} = x_n + \Delta t\, \varphi(\Delta t\, J)\, f(x_n), \qquad \varphi(z) = (e^z - 1)/z, \quad J = f'(x_n)

    The derivative is found from the traced expression, element by element; where it depends on parameters only, the
    exponential is computed once per run.  In an eager call it is found the same way, by tracing f alone.

    References
    ----------
    Hochbruck, M. and Ostermann, A. (2010), Exponential integrators, Acta Numerica 19, 209-286,
    doi:10.1017/S0962492910000048.

    Examples
    --------
    >>> import quantities as pq
    >>> import numbadyn as nd
    >>> with nd.environ.context(dt=1 * pq.ms):
    ...     x = nd.exp_euler_step(lambda x: -x / (10 * pq.ms), 1.0)
    >>> print(f"{float(x):.12f}", f"{np.exp(-0.1):.12f}")
    0.904837418036 0.904837418036
    """
    trace = current_trace()
    if trace is None:
        return _eager_exp_euler(f, x, args)
    start = _fresh(trace, x)
    slope = _slope(f, start, args, "exp_euler_step")
    linear = derivative(trace, slope.checked(trace), start.checked(trace))
    if linear is None:
        return x + environ.get_dt() * slope
    dt = environ.get_dt()
    propagator = Traced(trace, trace.emit("propagator", as_node(trace, dt * Traced(trace, linear))))
    return start + dt * propagator * slope


def _eager_exp_euler(f: Derivative, x: Any, args: tuple[Any, ...]) -> Any:
    """The same step on arrays: the derivative comes from a private trace of f, evaluated by the interpreter."""
    dt = environ.get_dt()
    slope, linear = slope_and_derivative(f, x, args, environ.eager_dt(), int(environ.get("i", 0)))
    _check(split(slope)[1], split(x)[1], "exp_euler_step", getattr(f, "__qualname__", "f"))
    if linear is None:
        return x + dt * slope
    return x + dt * exprel(dt * linear) * slope


def euler_step(f: Derivative, x: Any, *args: Any) -> Any:
    """Forward Euler, first order: x + dt f(x).

    Parameters
    ----------
    f, x, *args
        As in `exp_euler_step`.

    Returns
    -------
    same kind as x
    """
    return x + environ.get_dt() * _slope(f, x, args, "euler_step")


def rk2_step(f: Derivative, x: Any, *args: Any) -> Any:
    """Midpoint rule, second order.

    Parameters
    ----------
    f, x, *args
        As in `exp_euler_step`; args are held constant over the step.

    Returns
    -------
    same kind as x
    """
    dt = environ.get_dt()
    middle = x + 0.5 * dt * _slope(f, x, args, "rk2_step")
    return x + dt * _slope(f, middle, args, "rk2_step")


def rk4_step(f: Derivative, x: Any, *args: Any) -> Any:
    """Classical Runge-Kutta method, fourth order.

    Parameters
    ----------
    f, x, *args
        As in `exp_euler_step`; args are held constant over the step.

    Returns
    -------
    same kind as x
    """
    dt = environ.get_dt()
    k1 = _slope(f, x, args, "rk4_step")
    k2 = _slope(f, x + 0.5 * dt * k1, args, "rk4_step")
    k3 = _slope(f, x + 0.5 * dt * k2, args, "rk4_step")
    k4 = _slope(f, x + dt * k3, args, "rk4_step")
    return x + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
