"""Checks of what a Poisson input is given.

In: numbers, rates and weights as a user wrote them, or traced values.  Out: the same, checked.  Must not know: draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, InvalidParameterError, ShapeError
from numbadyn.model.init import Initialiser
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import ANY, current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import DIMENSIONLESS, FREQUENCY, Dimension, describe, is_quantity, join_eager, magnitude_in, split

__all__ = ["check_distribution", "convert_jump", "convert_mask", "whole_number"]

_CURE = "Give num_input=1000, freq=20*Hz and weight=0.1*mV, for example."
_WHERE = "nd.poisson_input"


def check_distribution(given: Any, where: str) -> Any:
    """The name of a distribution of counts, after checking it."""
    if given not in ("poisson", "binomial"):
        raise InvalidParameterError(
            f"distribution of {where} is {given!r}.",
            where=where,
            cure="Choose 'poisson', sources that may fire several times in a step, or 'binomial', once or not.",
            given=given,
        )
    return given


def whole_number(given: Any, where: str) -> int:
    """How many sources a neuron has, after checking it."""
    number = np.asarray(given)
    if number.ndim or is_quantity(given) or not _whole(number):
        raise _no_number(given, where, where)
    return int(number)


def _whole(number: NDArray[Any]) -> bool:
    """Whether an array holds numbers of sources."""
    numeric = number.dtype.kind in "iuf" and bool(np.isfinite(number).all())
    return numeric and bool(((number == np.floor(number)) & (number >= 0)).all())


def _no_number(given: Any, name: str, where: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"num_input of {name} is {given!r}.",
        where=where,
        cure="Give the number of sources of each neuron, as 1000.",
        name=name,
        given=given,
    )


def convert_jump(num: Any, freq: Any, weight: Any, old: Any) -> tuple[Any, Any, Any]:
    """Check the arguments of a jump that is made by hand; those that are computed are checked for shape and unit.

    Parameters
    ----------
    num, freq, weight : number, array, quantity, Parameter or traced value
        As `poisson_input` takes them.
    old : array, quantity or traced value
        The state that jumps.

    Returns
    -------
    tuple
        The three, values instead of parameters, arrays instead of lists.
    """
    shape, unit = np.shape(old), _dimension(old)
    number = resolve(num)
    plain = not isinstance(number, Traced)
    if plain and (number is None or isinstance(number, Initialiser) or not _whole(np.asarray(number))):
        raise _no_number(num, _WHERE, _here())
    number = _convert("num_input", number, DIMENSIONLESS, shape)
    rate = _convert("freq", freq, FREQUENCY, shape)
    if not isinstance(rate, Traced) and (np.asarray(rate) < 0).any():
        raise InvalidParameterError(
            f"freq of {_WHERE} is {describe(rate)}, but a rate must be zero or more.",
            where=_here(),
            cure=_CURE,
            rate=rate,
        )
    return number, rate, _convert("weight", weight, unit, shape)


def convert_mask(given: Any, shape: tuple[int, ...]) -> Any:
    """Give which neurons are refractory, after checking that it is a mask of the population."""
    mask = resolve(given)
    kind = mask.node.kind if isinstance(mask, Traced) else "bool" if np.asarray(mask).dtype.kind == "b" else "number"
    if kind != "bool" or np.shape(mask) not in ((), shape):
        raise ShapeError(
            f"refractory of {_WHERE} is {given!r}, but the state has shape {shape}.",
            where=_here(),
            cure="Give an array of True and False, one for each neuron.",
            given=given,
            shape=shape,
        )
    return mask


def _convert(name: str, given: Any, dimension: Dimension, shape: tuple[int, ...]) -> Any:
    """Give a value that has the unit and fits the shape."""
    what, where, value = f"{name} of {_WHERE}", _here(), resolve(given)
    if value is None or isinstance(value, Initialiser | str):
        raise InvalidParameterError(f"{what} is {given!r}.", where=where, cure=_CURE, given=given)
    if isinstance(value, Traced):
        found = value.node.dimension
        if found != dimension and ANY not in (found, dimension):
            raise DimensionError(
                f"{what} is in {found}, but it must be in {dimension}.",
                where=where,
                cure=_CURE,
                found=found,
                dimension=dimension,
            )
    else:
        magnitude = (
            split(value, where=where)[0] if dimension is ANY else magnitude_in(value, dimension, what=what, where=where)
        )
        if not np.isfinite(np.asarray(magnitude)).all():
            raise InvalidParameterError(
                f"{what} is {describe(value)}, which is not finite.", where=where, cure=_CURE, value=value
            )
        if isinstance(value, list | tuple):
            value = join_eager(np.asarray(magnitude), split(value)[1])
    if np.shape(value) not in ((), (1,)) and not _fits(np.shape(value), shape):
        raise ShapeError(
            f"{what} has shape {np.shape(value)}, but the state has shape {shape}.",
            where=where,
            cure="Give one value, or one for each neuron.",
            shape=shape,
        )
    return value


def _fits(given: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(given, shape) == shape
    except ValueError:
        return False


def _dimension(value: Any) -> Dimension:
    return value.node.dimension if isinstance(value, Traced) else split(value)[1]


def _here() -> str:
    trace = current_trace()
    return _WHERE if trace is None else str(trace.here)
