"""Times that a model counts in whole steps: refractory periods, and spikes that are given beforehand.

In: times with units.  Out: step counts, and Boolean vectors of spikes, traced or eager.  Must not know: models.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model import environ
from numbadyn.model.delays.times.rule import delay_steps
from numbadyn.model.notes import ModelNotes
from numbadyn.model.values import Parameter
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import DIMENSIONLESS, TIME, join_eager

__all__ = ["below", "whole_steps", "whole_time"]


def below(time: float) -> float:
    """The largest time of three digits that is not above one: what an error advises works.

    Examples
    --------
    >>> below(0.09999), below(0.05), below(1 / 3)
    (0.0999, 0.05, 0.333)
    """
    unit = 10.0 ** (math.floor(math.log10(time)) - 2)
    return float(f"{math.floor(time / unit * (1 + 1e-9)) * unit:.3g}")


def whole_steps(parameter: Parameter, *, none: bool = True) -> Any:
    """Count a time of a model in whole steps of dt: rounded up, exact where it is a multiple.

    Parameters
    ----------
    parameter : Parameter
        A time, one value or one for each neuron.
    none : bool
        Whether zero has a meaning.

    Returns
    -------
    traced value, int or ndarray of int
        Computed in float64 once per run, whatever the precision of the simulation.

    Raises
    ------
    InvalidParameterError
        A negative time, or zero where it has no meaning.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     int(whole_steps(nd.Parameter(5 * ms, unit=ms)))
    50
    """

    def fetch(context: BindContext) -> NDArray[np.int64]:
        times = parameter.fetch(replace(context, bits=64))
        if (times < 0).any() or not (none or times.all()):
            raise InvalidParameterError(
                f"{parameter.path} is {'negative' if (times < 0).any() else 'no time'} ({float(times.min()):g} ms).",
                where=parameter.path,
                cure="Give zero or a positive time." if none else "Give a positive time.",
                parameter=parameter.path,
            )
        return delay_steps(times, context.dt)

    trace = current_trace()
    if trace is None:
        return fetch(BindContext(environ.eager_dt(), getattr(parameter.owner, "seed_of_build", 0)))[()]
    identity = trace.notes(ModelNotes).whole_steps.setdefault(id(parameter), object())
    spec = ParamSpec(
        f"{parameter.path}_steps", tuple(parameter.value.shape), "int", DIMENSIONLESS, fetch, parameter.decider
    )
    return Traced(trace, trace.param(identity, spec))


def whole_time(parameter: Parameter) -> Any:
    """How long the whole steps of a time are: what a model advances by that is stepped every so often.

    Parameters
    ----------
    parameter : Parameter
        A time, as of `whole_steps`.

    Returns
    -------
    traced value or quantities.Quantity
        The time itself where it is a multiple of dt, else the next longer multiple (ms).

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> with nd.environ.context(dt=0.5 * ms):
    ...     whole_time(nd.Parameter(1.2 * ms, unit=ms)), whole_time(nd.Parameter(2 * ms, unit=ms))
    (array(1.5) * ms, array(2.) * ms)
    """

    def fetch(context: BindContext) -> NDArray[np.float64]:
        times = parameter.fetch(replace(context, bits=64))
        steps = delay_steps(times, context.dt) * context.dt
        return np.where(np.isclose(steps, times, rtol=1e-9, atol=0.0), times, steps)

    trace = current_trace()
    if trace is None:
        values = fetch(BindContext(environ.eager_dt(), getattr(parameter.owner, "seed_of_build", 0)))
        return join_eager(values[()], TIME)
    spec = ParamSpec(f"{parameter.path}_whole", tuple(parameter.value.shape), "real", TIME, fetch, parameter.decider)
    return Traced(trace, trace.param(object(), spec))
