"""Initialisers: where the first values of states, the weights and the delays come from.

In: values and distributions with units.  Out: arrays, with units for the user and as coherent floats for the layers
beneath the border.  Must not know: Numba, what its numbers are used for.

A draw is a pure function of seed, stream and index of the element, so the same seed gives the same bits here and in the
compiled builders.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import DimensionError, HookArgumentError, InvalidParameterError, NumbadynError, ShapeError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.model.hooks import any_number, takes
from numbadyn.model.init_base import STATE_STREAM, Floats, Initialiser, Shape, name_of, real_of
from numbadyn.model.init_checks import check_not_negative, check_order, scalars, show
from numbadyn.model.init_distance import OfDistance
from numbadyn.model.init_drawn import Drawn
from numbadyn.model.init_history import OfTime
from numbadyn.model.init_pairs import OfPairs
from numbadyn.units import split

__all__ = [
    "STATE_STREAM",
    "Constant",
    "Distribution",
    "Drawn",
    "FromFunction",
    "Initialiser",
    "LogNormal",
    "Normal",
    "OfDistance",
    "OfPairs",
    "OfTime",
    "Uniform",
    "Values",
    "as_initialiser",
    "as_synaptic",
    "name_initialiser",
]

_WORD = 0xFFFFFFFF


class Constant(Initialiser):
    """The same value everywhere.

    Parameters
    ----------
    value : float or scalar Quantity
        The value; infinite is allowed (the time of a spike that has not been), NaN is not.

    Raises
    ------
    InvalidParameterError
        If the value is NaN.
    ShapeError
        If the value is not a scalar.

    Examples
    --------
    >>> Constant(2.5)(3).tolist()
    [2.5, 2.5, 2.5]
    """

    __slots__ = ("value",)

    kind: ClassVar[str | None] = "constant"

    def __init__(self, value: Any) -> None:
        (self.value,), self.dimension = scalars("Constant", finite=False, value=value)

    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Give the value in every element; see `Initialiser.sample`."""
        return np.full(shape, self.value, dtype=real_of(bits))

    def key(self) -> tuple[Any, ...]:
        """Give type, value and dimension."""
        return (type(self), self.value, self.dimension)

    def __repr__(self) -> str:
        return f"Constant({show(self.value, self.dimension)})"


class Values(Initialiser):
    """Given values, one for each element, or of a shape that broadcasts.

    Parameters
    ----------
    values : array_like or Quantity
        The values; they are copied.

    Raises
    ------
    InvalidParameterError
        If a value is NaN.

    Examples
    --------
    >>> Values([1.0, 2.0])((3, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    """

    __slots__ = ("values",)

    def __init__(self, values: Any) -> None:
        magnitude, self.dimension = split(values)
        self.values: Floats = np.array(magnitude, dtype=np.float64)
        bad = np.flatnonzero(np.isnan(self.values))
        if bad.size:
            raise InvalidParameterError(
                f"Value {bad[0]} of an array of initial values is NaN ({bad.size} of {self.values.size} are).",
                where="Values(values)",
                cure="Give a number for every element.",
                index=bad[0],
                count=bad.size,
                size=self.values.size,
            )
        self.values.flags.writeable = False

    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Give the values, broadcast to `shape`; see `Initialiser.sample`."""
        try:
            spread = np.broadcast_to(self.values, shape)
        except ValueError:
            raise ShapeError(
                f"An array of values of shape {self.values.shape} does not fit the shape {shape}.",
                where="Values(values)",
                cure="Give one value, or an array with one value for each element.",
                shape=shape,
            ) from None
        return np.array(spread, dtype=real_of(bits))

    def key(self) -> tuple[Any, ...]:
        """Give type, shape, bytes of the values and dimension."""
        return (type(self), self.values.shape, self.values.tobytes(), self.dimension)

    def __repr__(self) -> str:
        return f"Values(<shape {self.values.shape}>)"


class FromFunction(Initialiser):
    """Values that a function of the user gives when they are needed.

    Parameters
    ----------
    function : callable
        Called as ``function(shape)`` with a tuple of int; returns an array or Quantity of that shape, or a scalar. It
        is called once at construction, with the shape ``(1,)``, to learn the unit.

    Raises
    ------
    HookArgumentError
        It takes no argument.

    Examples
    --------
    >>> FromFunction(lambda shape: np.linspace(0.0, 1.0, shape[0]))(3).tolist()
    [0.0, 0.5, 1.0]
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[[tuple[int, ...]], Any]) -> None:
        if not takes(function, ((1,),), {}):
            raise HookArgumentError(
                f"The function {name_of(function)} cannot be called with 1 argument, the shape of the values.",
                where=f"FromFunction({name_of(function)})",
                cure="Take the shape, as in lambda shape: np.ones(shape) * mV.",
                function=name_of(function),
            )
        self.function = function
        _, self.dimension = split(function((1,)), where=f"FromFunction({name_of(function)})")

    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Call the function and check what it gave; see `Initialiser.sample`."""
        wanted = (shape,) if isinstance(shape, int) else tuple(shape)
        given = Values(self.function(wanted))
        if given.dimension != self.dimension:
            raise DimensionError(
                f"A function of initial values gave {given.dimension} for the shape {wanted}, but {self.dimension} for "
                "the shape (1,).",
                where=f"FromFunction({name_of(self.function)})",
                cure="Return the same unit for every shape.",
                wanted=wanted,
                dimension=self.dimension,
            )
        return given.sample(wanted, bits=bits)

    def key(self) -> tuple[Any, ...]:
        """Give type and the function itself."""
        return (type(self), self.function)

    def __repr__(self) -> str:
        return f"FromFunction({name_of(self.function)})"


class Distribution(Initialiser):
    """A distribution with a compiled version: four coefficients and a row of the table of kinds."""

    __slots__ = ("parameters",)

    parameters: tuple[float, ...]
    standard: ClassVar[str] = "normal"
    """Which standard numbers it is made of."""

    @abstractmethod
    def coefficients(self, bits: int) -> Floats:
        """Give the four numbers of the formula of this kind, in the precision of the arithmetic."""

    @abstractmethod
    def of_standard(self, drawn: Floats, bits: int) -> Floats:
        """Make values of standard numbers, element by element."""

    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Draw; see `Initialiser.sample`."""
        return self.of_standard(_draw(self.standard, shape, [seed], stream, bits, start).reshape(shape), bits)

    def sample_each(self, shape: Shape, seeds: Sequence[int], stream: int, bits: int) -> Floats:
        """Draw for several seeds at once: the bits of `sample` with each, along the first axis."""
        return self.of_standard(_draw(self.standard, shape, seeds, stream, bits), bits)

    def key(self) -> tuple[Any, ...]:
        """Give type, parameters and dimension."""
        return (type(self), *self.parameters, self.dimension)

    def __repr__(self) -> str:
        shown = ", ".join(show(value, self.dimension) for value in self.parameters)
        return f"{type(self).__name__}({shown})"


class Uniform(Distribution):
    r"""Values spread evenly over an interval.

    Parameters
    ----------
    low, high : float or scalar Quantity
        Ends of the interval, of one dimension; `low` may be drawn, `high` may not (but for rounding).

    Raises
    ------
    DimensionError
        If the ends have different dimensions.
    InvalidParameterError
        If an end is not finite, or `high` is below `low`.

    Notes
    -----
    :math:`x = low + (high - low) u` with u uniform in [0, 1).

    Examples
    --------
    >>> from quantities import mV
    >>> V = Uniform(-60 * mV, -50 * mV)(1000, seed=1)
    >>> bool(V.min() >= -60 * mV), bool(V.max() < -50 * mV)
    (True, True)
    """

    __slots__ = ()

    kind: ClassVar[str | None] = "uniform"
    standard: ClassVar[str] = "uniform"

    def __init__(self, low: Any, high: Any) -> None:
        self.parameters, self.dimension = scalars("Uniform", low=low, high=high)
        check_order("Uniform", self.parameters[0], self.parameters[1], self.dimension)

    def coefficients(self, bits: int) -> Floats:
        """Give low and width."""
        low, high = self.parameters
        return np.array([low, high - low, 0.0, 0.0], dtype=real_of(bits))

    def of_standard(self, drawn: Floats, bits: int) -> Floats:
        """Stretch and shift."""
        low, width, _, _ = self.coefficients(bits)
        return np.asarray(low + width * drawn)


class Normal(Distribution):
    r"""Normally distributed values, clipped if asked.

    Parameters
    ----------
    mean, std : float or scalar Quantity
        Mean and standard deviation before clipping, of one dimension.
    low, high : float or scalar Quantity, optional
        Values beyond are set *to* the bound (they are clipped, not drawn again).

    Raises
    ------
    DimensionError
        If the arguments have different dimensions.
    InvalidParameterError
        If an argument is NaN, `std` is negative, or `high` is below `low`.

    Notes
    -----
    :math:`x = \min(\max(mean + std \cdot z, low), high)` with z standard normal.

    Examples
    --------
    >>> from quantities import nS
    >>> g = Normal(4 * nS, 1.5 * nS, low=0 * nS)(1000, seed=1)
    >>> bool(g.min() >= 0 * nS)
    True
    """

    __slots__ = ()

    kind: ClassVar[str | None] = "normal"

    def __init__(self, mean: Any, std: Any, low: Any = None, high: Any = None) -> None:
        given = {name: value for name, value in (("low", low), ("high", high)) if value is not None}
        centre, self.dimension = scalars("Normal", mean=mean, std=std)
        bounds, _ = scalars("Normal", finite=False, mean=mean, **given)
        limits = dict(zip(given, bounds[1:], strict=True))
        self.parameters = (*centre, limits.get("low", -math.inf), limits.get("high", math.inf))
        check_not_negative("Normal", "std", centre[1], self.dimension)
        check_order("Normal", self.parameters[2], self.parameters[3], self.dimension)

    def __repr__(self) -> str:
        mean, std, *bounds = (show(value, self.dimension) for value in self.parameters)
        given = zip(("low", "high"), bounds, self.parameters[2:], strict=True)
        shown = [f"{name}={text}" for name, text, value in given if math.isfinite(value)]
        return f"Normal({', '.join([mean, std, *shown])})"

    def coefficients(self, bits: int) -> Floats:
        """Give mean, standard deviation and the two bounds."""
        return np.array(self.parameters, dtype=real_of(bits))

    def of_standard(self, drawn: Floats, bits: int) -> Floats:
        """Stretch, shift and clip."""
        mean, std, low, high = self.coefficients(bits)
        drawn = mean + std * drawn
        drawn = np.where(drawn < low, low, drawn)
        return np.asarray(np.where(drawn > high, high, drawn))


class LogNormal(Distribution):
    r"""Log-normally distributed values, given by their own mean and standard deviation.

    Parameters
    ----------
    mean, std : float or scalar Quantity
        Mean (positive) and standard deviation of the values themselves, not of their logarithm.

    Raises
    ------
    DimensionError
        If the arguments have different dimensions.
    InvalidParameterError
        If an argument is not finite, `mean` is not positive, or `std` is negative.

    Notes
    -----
    :math:`x = m e^{\sigma z}` with z standard normal, :math:`\sigma^2 = \ln(1 + std^2 / mean^2)` and
    :math:`m = mean\, e^{-\sigma^2/2}`, the median.

    Examples
    --------
    >>> from quantities import nS
    >>> g = LogNormal(2 * nS, 1 * nS)(20000, seed=1)
    >>> bool(abs(g.mean() - 2 * nS) < 0.05 * nS)
    True
    """

    __slots__ = ()

    kind: ClassVar[str | None] = "lognormal"

    def __init__(self, mean: Any, std: Any) -> None:
        self.parameters, self.dimension = scalars("LogNormal", mean=mean, std=std)
        check_not_negative("LogNormal", "std", self.parameters[1], self.dimension)
        if self.parameters[0] <= 0.0:
            raise InvalidParameterError(
                f"The mean of a log-normal distribution is {show(self.parameters[0], self.dimension)}.",
                where="LogNormal(mean)",
                cure="Give a positive mean; negate the values afterwards if they are to be negative.",
            )

    def coefficients(self, bits: int) -> Floats:
        """Give the median and the standard deviation of the logarithm."""
        mean, std = self.parameters
        functions = numpy_functions(64)  # not math.log: its last bit depends on the platform
        ratio = np.array([std / mean])
        variance = functions["log1p"](ratio * ratio)
        median = mean * functions["exp"](-0.5 * variance)[0]
        return np.array([median, np.sqrt(variance)[0], 0.0, 0.0], dtype=real_of(bits))

    def of_standard(self, drawn: Floats, bits: int) -> Floats:
        """Take the exponential."""
        median, sigma, _, _ = self.coefficients(bits)
        return np.asarray(median * numpy_functions(bits)["exp"](sigma * drawn))


def as_initialiser(value: Any) -> Initialiser:
    """Make an initialiser of whatever a user may write for one.

    Parameters
    ----------
    value : Initialiser, float, array_like, Quantity or callable
        An initialiser is given back as it is; a scalar becomes `Constant`, an array `Values`, a callable
        `FromFunction`.

    Returns
    -------
    Initialiser
        The recipe.

    Examples
    --------
    >>> as_initialiser([1.0, 2.0])
    Values(<shape (2,)>)
    """
    if isinstance(value, Initialiser):
        return value
    if callable(value):
        return FromFunction(value)
    return Constant(value) if np.ndim(value) == 0 else Values(value)


def as_synaptic(value: Any) -> Initialiser:
    """Make a recipe of what a user may write for the values of synapses.

    Parameters
    ----------
    value : Initialiser, float, array_like, Quantity or callable
        As `as_initialiser` takes it; a function of two arguments, which gets both ends of a synapse, becomes `OfPairs`.

    Returns
    -------
    Initialiser
        The recipe.

    Examples
    --------
    >>> as_synaptic(lambda i, j: 0.1 * abs(i - j))
    OfPairs(<lambda>)
    """
    of_shape = callable(value) and takes(value, ((1,),), {}) and not any_number(value)
    plain = isinstance(value, Initialiser) or not callable(value) or of_shape
    return as_initialiser(value) if plain else OfPairs(value)


def name_initialiser(value: Any, path: str) -> Initialiser:
    """Make an initialiser as `as_initialiser` does; what is wrong with it is reported under a name.

    Parameters
    ----------
    value : object
        See `as_initialiser`.
    path : str
        Whose value it is.

    Returns
    -------
    Initialiser
        The recipe.
    """
    try:
        return as_initialiser(value)
    except NumbadynError as error:
        raise type(error)(f"{path}: {error.what}", where=path, cure=error.cure) from None


def _draw(name: str, shape: Shape, seeds: Sequence[int], stream: int, bits: int, start: int = 0) -> Floats:
    """Draw standard numbers for each seed; element number n is (n mod 2**32, n div 2**32) in the counter."""
    count = int(np.prod(shape, dtype=np.int64))
    index = np.arange(start, start + count, dtype=np.int64)
    seed = np.array(seeds, dtype=np.uint64)[:, np.newaxis]
    words = (seed & _WORD, (seed >> 32) & _WORD, index & _WORD, (index >> 32) & _WORD, 0, stream)
    drawn = numpy_functions(bits)[name](*(np.asarray(word).astype(np.uint32) for word in words))
    return np.asarray(drawn).reshape(len(seeds), *((shape,) if isinstance(shape, int) else shape))
