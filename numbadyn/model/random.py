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

__all__ = ["bernoulli", "binomial", "normal", "poisson", "uniform"]

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
    trace = current_trace()
    if size is None and np.ndim(p) > 0 and (trace is None or trace.synapses is None):
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
    if size is None and np.ndim(mean) > 0:
        size = np.shape(mean)
    _check_space("Poisson")
    if current_trace() is not None:
        return _counted("poisson", size, mean)
    magnitude, dimension = split(mean)
    if dimension != DIMENSIONLESS or not (np.asarray(magnitude) >= 0).all():
        raise InvalidParameterError(
            f"The mean of a Poisson draw is {mean!r}.",
            where="nd.random.poisson",
            cure="Give a mean without unit, zero or larger.",
            mean=mean,
        )
    return _filled("fill_poisson", _shape(None, size), magnitude)


def binomial(n: Any, p: Any, size: Size = None) -> Any:
    """Binomial counts, as real numbers: how many of n independent trials succeed.

    Parameters
    ----------
    n : number, array or traced value
        Number of trials, whole, up to 1e9.
    p : number, array or traced value
        Chance that one of them succeeds (a rate times `dt`), from 0 to 1.
    size : int or tuple of int, optional
        Shape; that of `n` and `p`, if they have one, or of the population being updated by default.

    Raises
    ------
    InvalidParameterError
        A number that is negative or not whole, or a chance outside of 0 to 1, in an eager call. What comes so in a run
        gives NaN.

    Examples
    --------
    >>> import numbadyn as nd
    >>> with nd.environ.context(seed=1):
    ...     print(nd.random.binomial(1000, 0.02, size=5))
    [23. 17. 14. 25. 20.]
    """
    if size is None and max(np.ndim(n), np.ndim(p)) > 0:
        size = np.broadcast_shapes(np.shape(n), np.shape(p))
    _check_space("Binomial")
    if current_trace() is not None:
        return _counted("binomial", size, n, p)
    (number, of_n), (chance, of_p) = split(n), split(p)
    for what, given, right, cure in (
        ("number of trials", n, of_n == DIMENSIONLESS and _are_counts(number), "whole numbers from 0 to 1e9"),
        (
            "chance",
            p,
            of_p == DIMENSIONLESS and bool(((np.asarray(chance) >= 0) & (np.asarray(chance) <= 1)).all()),
            "numbers without unit from 0 to 1, such as a rate times dt",
        ),
    ):
        if not right:
            raise InvalidParameterError(
                f"The {what} of a binomial draw is {given!r}.",
                where="nd.random.binomial",
                cure=f"Give {cure}.",
                given=given,
            )
    return _filled("fill_binomial", _shape(None, size), number, chance)


def _are_counts(number: Any) -> bool:
    given = np.asarray(number)
    return bool(((given >= 0) & (given <= 1e9) & (given == np.floor(given))).all())


def _check_space(what: str) -> None:
    """Refuse counts of synapses, which no stage draws."""
    trace = current_trace()
    if trace is not None and trace.synapses is not None:
        raise UnsupportedFeatureError(
            f"{what} counts are drawn for each synapse.",
            where=str(trace.here),
            cure="Draw nd.random.uniform() or nd.random.normal() there; draw counts for neurons, in a state of theirs.",
        )


def _counted(op: str, size: Size, *parameters: Any) -> Any:
    """Counts that are drawn in a step, by numbers without a unit."""
    trace = current_trace()
    assert trace is not None
    shape, nodes = _shape(trace, size), []
    for parameter in parameters:
        node = trace.cast(as_node(trace, parameter), "real")
        if trace.node(node).dimension != DIMENSIONLESS:
            trace.emit("exp", node)  # reports the unit on the user's line
        nodes.append(node)
    stream = environ.next_stream()
    return Traced(trace, trace.source(op, tuple(nodes), shape, "real", DIMENSIONLESS, stream=stream))


def _filled(fill: str, shape: tuple[int, ...], *parameters: Any) -> Any:
    """Counts that are drawn at once."""
    seed, step = int(environ.get("seed", 0)), int(environ.get("i", 0))
    out = np.empty(int(np.prod(shape)))
    numpy_functions(64)[fill](
        out,
        *(np.ascontiguousarray(np.broadcast_to(np.asarray(x, dtype=float), shape)).ravel() for x in parameters),
        0,
        np.uint32(seed & 0xFFFFFFFF),
        np.uint32(seed >> 32),
        np.uint32(step & 0xFFFFFFFF),
        np.uint32(step >> 32),
        np.uint32(environ.next_stream()),
    )
    return join(out.reshape(shape), DIMENSIONLESS)
