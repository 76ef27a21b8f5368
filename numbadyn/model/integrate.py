"""One-step integrators: functions of a right-hand side, used inside `update`.

In: a function of one or several variables that returns their time derivatives, and the variables' values.  Out: the
values one `dt` later.  Traced and eager alike.  Must not know: models.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from numbadyn.ir.nodes import Advance
from numbadyn.model import environ, random
from numbadyn.model.equations import Equations
from numbadyn.model.functions import exprel
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.evaluate import slopes_and_derivatives
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import split

__all__ = [
    "ExpEulerCourse",
    "advance_along",
    "eager_clock",
    "euler_step",
    "exp_euler_course",
    "exp_euler_step",
    "finish_step",
    "fresh",
    "rk2_step",
    "rk4_step",
    "with_names",
]

#: One function of all states, or one for each.
RightHandSide = Callable[..., Any] | Sequence[Callable[..., Any]] | Mapping[Any, Callable[..., Any]]


def fresh(trace: Trace, x: Any) -> Traced:
    """A value as a node of its own, to differentiate by."""
    return Traced(trace, trace.emit("identity", as_node(trace, x)))


def exp_euler_step(f: RightHandSide, x: Any, *args: Any, **kwargs: Any) -> Any:
    r"""Exponential Euler: exact for equations that are linear in x with coefficients constant over the step.

    Parameters
    ----------
    f, x, *args, **kwargs
        As in `rk4_step`: one equation, or several coupled ones. Two functions in front, ``exp_euler_step(drift,
        diffusion, x, *args)``, make a stochastic equation: the second one gives the amplitude of white noise, in the
        unit of x over the root of a time. Arguments by name go to each function that takes them.

    Returns
    -------
    same kind as x
        Value or values one `dt` later.

    Raises
    ------
    DimensionError, RightHandSideError
        As in `rk4_step`.
    UnsupportedFunctionError
        f uses, on the way from x, an operation without a derivative.

    Notes
    -----
    .. math::

        x_{n+1} = x_n + \Delta t\, \varphi(\Delta t\, J)\, f(x_n), \qquad \varphi(z) = (e^z - 1)/z, \quad J = f'(x_n)

    The derivative is found from the traced expression, element by element; where it depends on parameters only, the
    exponential is computed once per run.  In an eager call it is found the same way, by tracing f alone.  For one
    equation the method is of second order.  Of coupled equations each is taken as linear in its own state, with the
    others (and the time, if f takes it) held at the start of the step, whatever their order: stable for stiff gates and
    potentials, exact where they do not depend on each other, of first order together.  For more, use `rk4_step`.  In a
    simulation, equations that are linear in all states, with coefficients that are constant in a run, are solved
    together by the exponential of their matrix, and so are exact.

    With noise, :math:`dx = f(x)\, dt + g(x)\, dW` (Ito), the step adds
    :math:`g(x_n) \sqrt{\Delta t\, \varphi(2 \Delta t J)}\, \xi` with a normal number :math:`\xi` for each element: the
    exact distribution of an Ornstein-Uhlenbeck process, whatever dt; of the orders of Euler-Maruyama else.

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

    Colored noise of 2 mV, as an Ornstein-Uhlenbeck process:

    >>> import numpy as np
    >>> tau, sigma = 5 * pq.ms, 2 * pq.mV
    >>> with nd.environ.context(dt=1 * pq.ms, i=0):
    ...     x = nd.exp_euler_step(lambda x: -x / tau, lambda x: sigma * np.sqrt(2 / tau), np.zeros(3) * pq.mV)
    >>> x.shape
    (3,)
    """
    diffusion: Callable[..., Any] | None = None
    if callable(x) and args:
        diffusion, x, args = x, args[0], args[1:]
    equations = Equations(with_names(f, kwargs), x, args, "exp_euler_step")
    noise = with_names(diffusion, kwargs)
    amplitudes = [] if diffusion is None else equations.amplitudes(noise, args, equations.start)
    trace = current_trace()
    if trace is None:
        return _eager_exp_euler(equations, amplitudes)
    starts = [fresh(trace, value) for value in equations.start]
    slopes = equations.slopes(starts)
    factors = [
        derivative(trace, slope.node_in(trace), start.node_in(trace))
        for slope, start in zip(slopes, starts, strict=True)
    ]
    dt = environ.get_dt()
    advanced = []
    for value, start, slope, linear in zip(equations.start, starts, slopes, factors, strict=True):
        if linear is None:
            advanced.append(value + dt * slope)
        else:
            propagator = Traced(trace, trace.emit("propagator", as_node(trace, dt * Traced(trace, linear))))
            advanced.append(start + dt * propagator * slope)
    _note(trace, "exp_euler_step", starts, slopes, advanced)
    if amplitudes:
        spreads = [dt if linear is None else dt * exprel(2.0 * dt * Traced(trace, linear)) for linear in factors]
        advanced = _scattered(advanced, amplitudes, spreads)
    return equations.result(advanced)


class ExpEulerCourse(NamedTuple):
    """One equation by `exp_euler_step`, and what that goes by.

    Attributes
    ----------
    end : array, quantity or traced value
        The value one `dt` later.
    slope : array, quantity or traced value
        dx/dt at the start of the step.
    rate : number, array or traced value
        Derivative of the slope by x times dt; zero where there is none.
    between : tuple
        Values after parts of the step.
    """

    end: Any
    slope: Any
    rate: Any
    between: tuple[Any, ...]


def exp_euler_course(f: Callable[[Any], Any], x: Any, parts: Sequence[float] = ()) -> ExpEulerCourse:
    """One equation by `exp_euler_step`, over the whole step and over parts of it.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns dx/dt.
    x : array, quantity or traced value
        Value at the start of the step.
    parts : sequence of float
        Parts of the step, between zero and one.

    Returns
    -------
    ExpEulerCourse
    """
    trace, dt = current_trace(), environ.get_dt()
    later = exp_euler_step(f, x)
    if trace is None:
        equations = Equations(f, x, (), "exp_euler_step")
        ((slope, linear),) = slopes_and_derivatives(
            equations.slopes, equations.start, environ.eager_dt(), *eager_clock()
        )
        rate = 0.0 if linear is None else dt * linear
        between = tuple(x + part * dt * exprel(part * rate) * slope for part in parts)
        return ExpEulerCourse(later, slope, rate, between)
    (start,), (node,) = trace.step.advances[-1].starts, trace.step.advances[-1].slopes
    found = derivative(trace, node, start)
    first, slope = Traced(trace, start), Traced(trace, node)
    rate = 0.0 if found is None else dt * Traced(trace, found)
    between = ()
    for part in parts:
        value = first + part * dt * (1.0 if found is None else exprel(part * rate)) * slope
        trace.step.advances.append(Advance("exp_euler_step", (start,), (node,), (as_node(trace, value),), part=part))
        between += (value,)
    return ExpEulerCourse(later, slope, rate, between)


def _note(trace: Trace, method: str, starts: Sequence[Any], slopes: Sequence[Any], results: Sequence[Any]) -> None:
    """Note which equations have been advanced."""
    nodes = [tuple(as_node(trace, x) for x in values) for values in (starts, slopes, results)]
    trace.step.advances.append(Advance(method, *nodes))


def finish_step(equations: Equations, slopes: Sequence[Any], advanced: Sequence[Any]) -> Any:
    """Values one step later, in the form in which the states were given; noted where they are traced."""
    trace = current_trace()
    if trace is not None:
        _note(trace, equations.stepper, equations.start, slopes, advanced)
    return equations.result(list(advanced))


def with_names(f: Any, kwargs: dict[str, Any]) -> Any:
    """A right-hand side with its arguments by name; those that it does not take are left out."""
    if not kwargs or not callable(f):
        return f
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:  # a builtin that does not tell
        return functools.partial(f, **kwargs)
    any_name = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return functools.partial(f, **{name: value for name, value in kwargs.items() if any_name or name in known})


def _scattered(values: Sequence[Any], amplitudes: Sequence[Any], spreads: Sequence[Any]) -> list[Any]:
    """Values plus what noise has brought in the step: amplitude times the root of a time times a normal number."""
    return [
        value + amplitude * np.sqrt(spread) * random.normal(size=np.shape(value))
        for value, amplitude, spread in zip(values, amplitudes, spreads, strict=True)
    ]


def eager_clock() -> tuple[int, float | None]:
    """Number of the step in an eager call, and the time in ms, if it is set."""
    t = environ.get("t", None)
    return int(environ.get("i", 0)), None if t is None else float(np.asarray(split(t)[0]))


def _eager_exp_euler(equations: Equations, amplitudes: Sequence[Any] = ()) -> Any:
    """The same step on arrays: the derivatives come from a private trace of f, evaluated by the interpreter."""
    dt, (number, time) = environ.get_dt(), eager_clock()
    found = slopes_and_derivatives(equations.slopes, equations.start, environ.eager_dt(), number, time)
    advanced = [
        x + dt * slope if linear is None else x + dt * exprel(dt * linear) * slope
        for x, (slope, linear) in zip(equations.start, found, strict=True)
    ]
    if amplitudes:
        spreads = [dt if linear is None else dt * exprel(2.0 * dt * linear) for _slope, linear in found]
        advanced = _scattered(advanced, amplitudes, spreads)
    return equations.result(advanced)


def advance_along(starts: Sequence[Any], by: Any, slopes: Sequence[Any]) -> list[Any]:
    """Every state, further along its slope by a time."""
    return [x + by * k for x, k in zip(starts, slopes, strict=True)]


def euler_step(f: RightHandSide, x: Any, *args: Any) -> Any:
    """Forward Euler, first order: x + dt f(x).

    Parameters
    ----------
    f, x, *args
        As in `rk4_step`.

    Returns
    -------
    same kind as x

    Raises
    ------
    DimensionError, RightHandSideError
        As in `rk4_step`.

    Examples
    --------
    >>> import quantities as pq
    >>> import numbadyn as nd
    >>> with nd.environ.context(dt=0.1 * pq.ms):
    ...     x, y = nd.euler_step(lambda x, y: (y / pq.ms, -x / pq.ms), (1.0, 0.0))
    >>> print(float(x), float(y))
    1.0 -0.1
    """
    equations = Equations(f, x, args, "euler_step")
    slopes = equations.slopes(equations.start)
    return finish_step(equations, slopes, advance_along(equations.start, environ.get_dt(), slopes))


def rk2_step(f: RightHandSide, x: Any, *args: Any) -> Any:
    """Midpoint rule, second order.

    Parameters
    ----------
    f, x, *args
        As in `rk4_step`.

    Returns
    -------
    same kind as x

    Raises
    ------
    DimensionError, RightHandSideError
        As in `rk4_step`.

    Examples
    --------
    >>> import quantities as pq
    >>> import numbadyn as nd
    >>> with nd.environ.context(dt=0.1 * pq.ms):
    ...     x = nd.rk2_step(lambda x: -x / pq.ms, 1.0)
    >>> print(f"{float(x):.3f}")
    0.905
    """
    equations = Equations(f, x, args, "rk2_step")
    start, dt = equations.start, environ.get_dt()
    slopes = equations.slopes(start)
    middle = advance_along(start, 0.5 * dt, slopes)
    return finish_step(equations, slopes, advance_along(start, dt, equations.slopes(middle, 0.5)))


def rk4_step(f: RightHandSide, x: Any, *args: Any) -> Any:
    r"""Classical Runge-Kutta method, fourth order, for one equation or several coupled ones.

    Parameters
    ----------
    f : callable, or tuple, list or dict of callables
        ``f(x, *args)`` returns dx/dt, in the unit of x over a time.  For coupled equations ``f(x, y, *args)`` takes all
        states and returns a tuple of their derivatives, or a dict of them; it may also take the tuple or the dict as
        its one argument, or be one function for each state.  An argument named ``t`` that is left over is given the
        time of each stage, :math:`t_n`, :math:`t_n + \Delta t / 2` and :math:`t_n + \Delta t`.
    x : array, quantity or traced value, or tuple, list or dict of them
        Value or values at the start of the step, each of its own shape and unit.
    *args
        Passed on to f, and held constant over the step; but a delayed read (``self.prefetch_delay("x", 5*ms)``, not
        called) is read at the time of each stage, between samples by its `interpolation`, or by ``"polynomial3"``.

    Returns
    -------
    same kind as x
        Value or values one `dt` later, in the form in which they were given.

    Raises
    ------
    DimensionError
        f does not return the unit of a state over a time.
    RightHandSideError
        f cannot be called with the states, or does not return one derivative for each of them.

    Notes
    -----
    All right-hand sides see the same values of all states, so their order means nothing.  States that are advanced by
    calls of their own, each with the others held, are of first order together; so is what depends on values that are
    computed before the call, as inputs, delayed values and ``nd.environ.get("t")`` are: they are those of the start of
    the step in all stages.  A delayed read among the arguments keeps the order, if the delay is no shorter than a step
    and the history smooth; over a kink of it, which a start from a constant history often has, it is of second order.

    Examples
    --------
    >>> import quantities as pq
    >>> import numbadyn as nd
    >>> with nd.environ.context(dt=0.1 * pq.ms):
    ...     x, y = nd.rk4_step(lambda x, y: (y / pq.ms, -x / pq.ms), (1.0, 0.0))
    >>> print(f"{float(x):.6f}", f"{float(y):.6f}", f"{np.cos(0.1):.6f}")
    0.995004 -0.099833 0.995004
    """
    equations = Equations(f, x, args, "rk4_step")
    start, dt = equations.start, environ.get_dt()
    k1 = equations.slopes(start)
    k2 = equations.slopes(advance_along(start, 0.5 * dt, k1), 0.5)
    k3 = equations.slopes(advance_along(start, 0.5 * dt, k2), 0.5)
    k4 = equations.slopes(advance_along(start, dt, k3), 1.0)
    advanced = [
        value + dt / 6.0 * (a + 2.0 * b + 2.0 * c + d) for value, a, b, c, d in zip(start, k1, k2, k3, k4, strict=True)
    ]
    return finish_step(equations, k1, advanced)
