"""Random numbers inside `update`: counter-based, so the same on every target and for any number of threads.

In: distribution parameters.  Out: traced draws, or arrays in eager calls.  Must not know: how draws are compiled.

Each call has a stream of its own, by the module that it is made for and its number in the update, hook or input of that
module (see `numbadyn.model.streams`); an element's number at step n is a pure function of seed, stream, element and n
(Philox4x32-10; Salmon et al. 2011, doi:10.1145/2063384.2063405).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError, ShapeError, UnsupportedFeatureError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.model import environ
from numbadyn.model.geometry import as_size
from numbadyn.model.stepping import find_population_stepped
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, join, split

__all__ = ["bernoulli", "normal", "poisson", "uniform"]

Size = int | tuple[int, ...] | None


def _shape(trace: Trace | None, size: Size) -> tuple[int, ...]:
    if size is not None:
        return as_size(size, "nd.random")
    population = find_population_stepped() if trace is None else trace.path[-1][1]
    if population is None:
        raise ShapeError(
            "A random draw outside a trace has no population.",
            where="nd.random",
            cure="Give size=, such as nd.random.normal(size=100).",
        )
    return population


def _draw(name: str, size: Size) -> Any:
    trace = current_trace()
    if trace is None:
        return _eager(name, _shape(trace, size))
    where = _shape(trace, size) if trace.synapses is None or size is not None else trace.synapses
    return Traced(trace, trace.source(name, (), where, "real", DIMENSIONLESS, stream=environ.next_stream()))


def _eager(name: str, shape: tuple[int, ...]) -> Any:
    seed, step = int(environ.get("seed", 0)), int(environ.get("i", 0))
    elements = np.arange(int(np.prod(shape)), dtype=np.uint32)
    key = (np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32))
    counter = (np.uint32(step & 0xFFFFFFFF), np.uint32(step >> 32), np.uint32(environ.next_stream()))
    drawn = numpy_functions(64)[name](*key, elements, *counter)
    return np.asarray(drawn).reshape(shape)[()]


def uniform(low: Any = 0.0, high: Any = 1.0, size: Size = None) -> Any:
    """Uniform numbers in [low, high).

    Parameters
    ----------
    low, high : number, quantity or traced value
        Ends of the interval, of one unit.
    size : int or tuple of int, optional
        Shape; that of the population being updated by default.

    Examples
    --------
    >>> import numbadyn as nd
    >>> draws = nd.random.uniform(size=4)
    >>> bool((draws >= 0).all() and (draws < 1).all())
    True
    """
    u = _draw("uniform", size)
    if isinstance(low, float) and isinstance(high, float) and (low, high) == (0.0, 1.0):
        return u
    return low + (high - low) * u


def normal(mean: Any = 0.0, std: Any = 1.0, size: Size = None) -> Any:
    """Normally distributed numbers.

    Parameters
    ----------
    mean, std : number, quantity or traced value
        Mean and standard deviation, of one unit.
    size : int or tuple of int, optional
        Shape; that of the population being updated by default.
    """
    z = _draw("normal", size)
    if isinstance(mean, float) and isinstance(std, float) and (mean, std) == (0.0, 1.0):
        return z
    return mean + std * z


def bernoulli(p: Any, size: Size = None) -> Any:
    """Booleans that are true with probability p.

    Parameters
    ----------
    p : number, array or traced value
        Probability; values beyond 0 and 1 act as 0 and 1.
    size : int or tuple of int, optional
        Shape; that of p, if it has one, or of the population being updated by default.
    """
    if size is None and np.ndim(p) > 0:
        size = np.shape(p)
    return _draw("uniform", size) < p


def poisson(mean: Any, size: Size = None) -> Any:
    """Poisson counts, as real numbers.

    Parameters
    ----------
    mean : number, array or traced value
        Mean count, without a unit (a rate times `dt`), not negative.
    size : int or tuple of int, optional
        Shape; that of the mean, if it has one, or of the population being updated by default.

    Raises
    ------
    InvalidParameterError
        A negative or NaN mean in an eager call.
    """
    trace = current_trace()
    if size is None and np.ndim(mean) > 0:
        size = np.shape(mean)
    if trace is not None and trace.synapses is not None:
        raise UnsupportedFeatureError(
            "Poisson counts are drawn for each synapse.",
            where=str(trace.here),
            cure="Draw nd.random.uniform() or nd.random.normal() there; draw counts for neurons, in a state of theirs.",
        )
    shape = _shape(trace, size)
    if trace is not None:
        node = trace.cast(as_node(trace, mean), "real")
        if trace.node(node).dimension != DIMENSIONLESS:
            trace.emit("exp", node)  # reports the unit on the user's line
        stream = environ.next_stream()
        return Traced(trace, trace.source("poisson", (node,), shape, "real", DIMENSIONLESS, stream=stream))
    magnitude, dimension = split(mean)
    if dimension != DIMENSIONLESS or not (np.asarray(magnitude) >= 0).all():
        raise InvalidParameterError(
            f"The mean of a Poisson draw is {mean!r}.",
            where="nd.random.poisson",
            cure="Give a mean without unit, zero or larger.",
            mean=mean,
        )
    seed, step = int(environ.get("seed", 0)), int(environ.get("i", 0))
    out = np.empty(int(np.prod(shape)))
    rates = np.ascontiguousarray(np.broadcast_to(np.asarray(magnitude, dtype=float), shape)).ravel()
    numpy_functions(64)["fill_poisson"](
        out,
        rates,
        0,
        np.uint32(seed & 0xFFFFFFFF),
        np.uint32(seed >> 32),
        np.uint32(step & 0xFFFFFFFF),
        np.uint32(step >> 32),
        np.uint32(environ.next_stream()),
    )
    return join(out.reshape(shape), DIMENSIONLESS)
