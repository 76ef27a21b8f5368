"""One-step integrators of stochastic equations: a drift, and an amplitude of white noise, used inside `update`.

In: functions of one or several variables that return time derivatives and amplitudes, and the variables' values.  Out:
the values one `dt` later.  Traced and eager alike.  Must not know: models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.model import environ, random
from numbadyn.model.equations import Equations
from numbadyn.model.integrate import advance_along, eager_clock, finish_step, fresh, with_names
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.evaluate import slopes_and_derivatives
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced

__all__ = ["sde_euler_step", "sde_heun_step", "sde_milstein_step"]

Calculus = Literal["ito", "stra"]


class _Noisy:
    """A drift, an amplitude of noise, and values to advance."""

    def __init__(self, stepper: str, drift: Any, diffusion: Any, x: Any, args: tuple[Any, ...], kwargs: Any) -> None:
        self.equations = Equations(with_names(drift, kwargs), x, args, stepper)
        self._diffusion, self._args = with_names(diffusion, kwargs), args
        self.start = self.equations.start
        self.dt = environ.get_dt()

    def amplitudes(self, values: Sequence[Any], stage: float = 0.0) -> list[Any]:
        """Amplitudes of the noise of all variables."""
        return self.equations.amplitudes(self._diffusion, self._args, values, stage)

    def increments(self) -> list[Any]:
        """What a Wiener process does in the step, another one for each variable and element."""
        return [np.sqrt(self.dt) * random.normal(size=np.shape(value)) for value in self.start]

    def finished(self, slopes: Sequence[Any], advanced: Sequence[Any]) -> Any:
        """Values one step later, in the form in which they were given."""
        return finish_step(self.equations, slopes, advanced)


def _check_calculus(sde_type: Any, stepper: str, allowed: tuple[str, ...]) -> None:
    if sde_type not in allowed:
        raise InvalidParameterError(
            f"{stepper}: sde_type is {sde_type!r}.",
            where=stepper,
            cure=f"Say {' or '.join(map(repr, allowed))}: of Ito, or of Stratonovich."
            if len(allowed) > 1
            else "It solves equations of Ito; of Stratonovich, take nd.sde_heun_step or nd.sde_milstein_step.",
            sde_type=sde_type,
        )


def sde_euler_step(
    drift: Any, diffusion: Any, x: Any, *args: Any, sde_type: Literal["ito"] = "ito", **kwargs: Any
) -> Any:
    r"""Euler-Maruyama method, of strong order 1/2 and weak order 1.

    Parameters
    ----------
    drift : callable, or tuple, list or dict of callables
        ``drift(x, *args)`` returns the slope without noise, in the unit of x over a time; see `rk4_step`.
    diffusion : callable, or tuple, list or dict of callables
        ``diffusion(x, *args)`` returns the amplitude of white noise, in the unit of x over the root of a time.
    x : array, quantity or traced value, or tuple, list or dict of them
        Value or values at the start of the step.
    *args, **kwargs
        Passed on to both functions; arguments by name to each function that takes them.
    sde_type : {"ito"}
        The calculus of the equation.

    Returns
    -------
    same kind as x
        Value or values one `dt` later.

    Raises
    ------
    DimensionError, RightHandSideError
        As in `rk4_step`; also for an amplitude of another unit.
    InvalidParameterError
        `sde_type` is unknown.

    Notes
    -----
    .. math:: x_{n+1} = x_n + f(x_n)\, \Delta t + g(x_n) \sqrt{\Delta t}\, \xi

    for :math:`dx = f\, dt + g\, dW`, with a normal number for each variable and element. If g is constant the strong
    order is 1. For a drift that is linear in x, `exp_euler_step` with a diffusion is exact in distribution.

    References
    ----------
    Kloeden, P. E. and Platen, E. (1992), Numerical Solution of Stochastic Differential Equations, Springer,
    doi:10.1007/978-3-662-12616-5.

    Examples
    --------
    >>> import numpy as np
    >>> import quantities as pq
    >>> import numbadyn as nd
    >>> tau, sigma = 5 * pq.ms, 2 * pq.mV
    >>> with nd.environ.context(dt=0.1 * pq.ms, i=0):
    ...     V = nd.sde_euler_step(lambda V: -V / tau, lambda V: sigma * np.sqrt(2 / tau), np.zeros(3) * pq.mV)
    >>> V.shape
    (3,)
    """
    _check_calculus(sde_type, "sde_euler_step", ("ito",))
    noisy = _Noisy("sde_euler_step", drift, diffusion, x, args, kwargs)
    slopes, amplitudes = noisy.equations.slopes(noisy.start), noisy.amplitudes(noisy.start)
    advanced = advance_along(noisy.start, noisy.dt, slopes)
    kicked = [x + g * dw for x, g, dw in zip(advanced, amplitudes, noisy.increments(), strict=True)]
    return noisy.finished(slopes, kicked)


def sde_heun_step(drift: Any, diffusion: Any, x: Any, *args: Any, sde_type: Calculus = "ito", **kwargs: Any) -> Any:
    r"""Stochastic Heun method: the drift is of second order where noise is weak.

    Parameters
    ----------
    drift, diffusion, x, *args, **kwargs
        As in `sde_euler_step`.
    sde_type : {"ito", "stra"}
        The calculus of the equation: of Ito, or of Stratonovich.

    Returns
    -------
    same kind as x

    Raises
    ------
    DimensionError, RightHandSideError, InvalidParameterError
        As in `sde_euler_step`.

    Notes
    -----
    A trial step of `sde_euler_step` to :math:`\hat x`, then the mean of the drifts at both ends; of an equation of
    Stratonovich also the mean of the amplitudes, with the same noise. That is of strong order 1 for equations of
    Stratonovich with a noise for each variable that depends on this variable alone, and for constant amplitudes; for
    those of Ito else of strong order 1/2 and weak order 1.

    References
    ----------
    Rümelin, W. (1982), Numerical treatment of stochastic differential equations, SIAM Journal on Numerical Analysis 19,
    604-613, doi:10.1137/0719041.

    Examples
    --------
    >>> import quantities as pq
    >>> import numbadyn as nd
    >>> with nd.environ.context(dt=0.1 * pq.ms, i=0):
    ...     x = nd.sde_heun_step(lambda x: -x / pq.ms, lambda x: 0.0 * x / pq.ms**0.5, np.ones(1))
    >>> print(x.round(3))
    [0.905]
    """
    _check_calculus(sde_type, "sde_heun_step", ("ito", "stra"))
    noisy = _Noisy("sde_heun_step", drift, diffusion, x, args, kwargs)
    start, dt = noisy.start, noisy.dt
    slopes, amplitudes, increments = noisy.equations.slopes(start), noisy.amplitudes(start), noisy.increments()
    trial = [x + dt * f + g * dw for x, f, g, dw in zip(start, slopes, amplitudes, increments, strict=True)]
    later = noisy.equations.slopes(trial, 1.0)
    if sde_type == "stra":
        ends = noisy.amplitudes(trial, 1.0)
        amplitudes = [0.5 * (a + b) for a, b in zip(amplitudes, ends, strict=True)]
    advanced = [
        x + 0.5 * dt * (a + b) + g * dw
        for x, a, b, g, dw in zip(start, slopes, later, amplitudes, increments, strict=True)
    ]
    return noisy.finished(slopes, advanced)


def sde_milstein_step(drift: Any, diffusion: Any, x: Any, *args: Any, sde_type: Calculus = "ito", **kwargs: Any) -> Any:
    r"""Milstein's method, of strong order 1 for noise whose amplitude depends on the variable.

    Parameters
    ----------
    drift, diffusion, x, *args, **kwargs
        As in `sde_euler_step`.
    sde_type : {"ito", "stra"}
        The calculus of the equation: of Ito, or of Stratonovich.

    Returns
    -------
    same kind as x

    Raises
    ------
    DimensionError, RightHandSideError, InvalidParameterError
        As in `sde_euler_step`.
    UnsupportedFunctionError
        The diffusion uses, on the way from x, an operation without a derivative.

    Notes
    -----
    .. math:: x_{n+1} = x_n + f\, \Delta t + g\, \Delta W + \tfrac{1}{2} g\, g'\, (\Delta W^2 - \Delta t)

    without the last :math:`\Delta t` for equations of Stratonovich. The derivative :math:`g'` of the amplitude is found
    from the traced expression, as that of `exp_euler_step` is. Each variable has a noise of its own, whose amplitude
    should depend on this variable alone: else the strong order is 1/2.

    References
    ----------
    Milstein, G. N. (1975), Approximate integration of stochastic differential equations, Theory of Probability and Its
    Applications 19, 557-562, doi:10.1137/1119062.

    Examples
    --------
    >>> import quantities as pq
    >>> import numbadyn as nd
    >>> with nd.environ.context(dt=0.1 * pq.ms, i=0):
    ...     x = nd.sde_milstein_step(lambda x: -x / pq.ms, lambda x: 0.2 * x / pq.ms**0.5, np.ones(2))
    >>> x.shape
    (2,)
    """
    _check_calculus(sde_type, "sde_milstein_step", ("ito", "stra"))
    noisy = _Noisy("sde_milstein_step", drift, diffusion, x, args, kwargs)
    dt = noisy.dt
    starts, amplitudes, steepness = _with_derivatives(noisy)
    slopes = noisy.equations.slopes(starts)
    advanced = []
    for x, f, g, by, dw in zip(starts, slopes, amplitudes, steepness, noisy.increments(), strict=True):
        moved = x + dt * f + g * dw
        if by is not None:
            moved = moved + 0.5 * g * by * (dw * dw if sde_type == "stra" else dw * dw - dt)
        advanced.append(moved)
    return noisy.finished(slopes, advanced)


def _with_derivatives(noisy: _Noisy) -> tuple[list[Any], list[Any], list[Any]]:
    """Values, amplitudes, and the derivative of each amplitude by its own variable, None where there is none."""
    trace = current_trace()
    if trace is not None:
        starts: list[Any] = [fresh(trace, value) for value in noisy.start]
        amplitudes = noisy.amplitudes(starts)
        found = [
            derivative(trace, g.node_in(trace), x.node_in(trace)) if isinstance(g, Traced) else None
            for g, x in zip(amplitudes, starts, strict=True)
        ]
        return starts, amplitudes, [None if node is None else Traced(trace, node) for node in found]
    number, time = eager_clock()
    pairs = slopes_and_derivatives(noisy.amplitudes, noisy.start, environ.eager_dt(), number, time)
    return noisy.start, [value for value, _by in pairs], [by for _value, by in pairs]
