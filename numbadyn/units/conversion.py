"""The border between physical units and plain numbers.

In: what a user wrote (a `quantities.Quantity` in any unit, a number, an array).  Out: a plain float or array in the
coherent system with its `Dimension`; and the way back for results.  Must not know: what the numbers are used for.

This is the only module that imports `quantities`.
"""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import quantities as pq

from numbadyn.errors import DimensionError, InvalidParameterError, UnitExpectedError
from numbadyn.units.dimension import DIMENSIONLESS, Dimension
from numbadyn.units.naming import factors_of

__all__ = ["Magnitude", "describe", "is_quantity", "join", "magnitude_in", "split", "unit_of"]

Magnitude = float | np.ndarray[Any, Any]


class Conversion(NamedTuple):
    """How a number in some unit becomes a number in the coherent system: times `multiplier`, divided by `divisor`.

    One of the two is 1. A division by a power of ten is rounded once, where a product with its inverse, which no float
    holds exactly, would be rounded twice; so 3 us is exactly 0.003 ms.
    """

    multiplier: float
    divisor: float
    dimension: Dimension


#: SI base units of `quantities`: dimension, and the exact factor to the coherent system.
_BASE: dict[str, tuple[Fraction, Dimension]] = {
    "meter": (Fraction(10**6), Dimension(length=1)),
    "kilogram": (Fraction(10**12), Dimension(mass=1)),
    "second": (Fraction(10**3), Dimension(time=1)),
    "ampere": (Fraction(10**12), Dimension(current=1)),
    "Kelvin": (Fraction(1), Dimension(temperature=1)),
    "mole": (Fraction(10**18), Dimension(amount=1)),
    "candela": (Fraction(1), Dimension(luminous=1)),
}

#: Scales whose zero is not the absolute zero; a factor alone cannot convert them.
_OFFSET = frozenset({"Celsius", "Fahrenheit"})

#: Coherent units that `quantities` does not have: name and definition. They are made when a result needs them.
_EXTRA: dict[str, tuple[str, float, str]] = {
    "GOhm": ("gigaohm", 1e9, "ohm"),
    "fC": ("femtocoulomb", 1e-15, "C"),
    "amol": ("attomole", 1e-18, "mol"),
    "ng": ("nanogram", 1e-12, "kg"),
}

_conversions: dict[tuple[Any, ...], Conversion] = {}


def is_quantity(value: object) -> bool:
    """Tell whether `value` carries a unit of `quantities`.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    bool
        True for a `quantities.Quantity`, units such as ``pq.ms`` included.

    Examples
    --------
    >>> is_quantity(pq.ms), is_quantity(20.0)
    (True, False)
    """
    return issubclass(type(value), pq.Quantity)  # by type: stand-ins for quantities are none


def split(value: object, *, where: str | None = None) -> tuple[Magnitude, Dimension]:
    """Take the unit off a value.

    Parameters
    ----------
    value : Quantity, number, array_like
        Any shape, any unit. Lists of quantities are read element by element.
    where : str, optional
        The place, for the message of an error.

    Returns
    -------
    magnitude : float, int, bool or ndarray of float64, int64 or bool
        In the coherent system (ms, mV, pA, nS, pF, um, ...). Numbers without a unit stay integers or booleans where
        they are. An array may share memory with `value`.
    dimension : Dimension
        What it measures.

    Raises
    ------
    DimensionError
        The unit has no place in the SI (bits, currencies), or has an offset (degrees Celsius).
    InvalidParameterError
        `value` is not made of real numbers.

    Examples
    --------
    >>> split(0.02 * pq.s)
    (20.0, Dimension(ms))
    >>> split(3)
    (3, Dimension(dimensionless))
    """
    if type(value) in (float, int, bool):
        return value, DIMENSIONLESS  # type: ignore[return-value]
    resolve = getattr(value, "__traced_value__", None)
    if resolve is not None:
        return split(resolve(), where=where)
    if is_quantity(value):
        return _split_quantity(value, where)
    if isinstance(value, list | tuple) and any(isinstance(element, pq.Quantity | list | tuple) for element in value):
        return _split_sequence(value, where)
    return _plain(value, where), DIMENSIONLESS


def join(magnitude: Magnitude, dimension: Dimension) -> Any:
    """Put the unit back on a number.

    Parameters
    ----------
    magnitude : float or ndarray
        In the coherent system, any shape.
    dimension : Dimension
        What it measures.

    Returns
    -------
    Quantity, or `magnitude` itself when dimensionless
        An array shares memory with `magnitude`.

    Examples
    --------
    >>> print(join(-65.0, split(1 * pq.V)[1]))
    -65.0 mV
    """
    if dimension.is_dimensionless:
        return magnitude
    return pq.Quantity(magnitude, unit_of(dimension))


def magnitude_in(value: object, dimension: Dimension, *, what: str, where: str | None = None) -> Magnitude:
    """Take the unit off a value that must have a given dimension.

    Parameters
    ----------
    value : Quantity, number, array_like
        Any shape, any unit of the dimension.
    dimension : Dimension
        What is needed.
    what : str
        The name of the value in the user's words, such as ``"tau"``.
    where : str, optional
        The place, such as ``"EINet.E.tau"``.

    Returns
    -------
    float, int, bool or ndarray
        In the coherent system.

    Raises
    ------
    DimensionError
        `value` has another dimension.
    UnitExpectedError
        `value` is a bare number; zero and infinity are not excepted.

    Examples
    --------
    >>> magnitude_in(0.02 * pq.s, Dimension(time=1), what="tau")
    20.0
    """
    magnitude, found = split(value, where=where)
    if found == dimension:
        return magnitude
    if found.is_dimensionless and not is_quantity(value):
        raise UnitExpectedError(
            f"{what} is {describe(value)} without a unit, but it needs a unit such as {_usual(dimension)}.",
            where=where,
            cure=f"Write the unit out, for example {_example(value, dimension)}.",
            value=value,
        )
    if dimension.is_dimensionless:
        need = "a plain number"
        cure = f"Divide {_inside(what)} by a reference value in {found} to get a plain number."
    else:
        need = f"in {dimension}"
        cure = f"Give {_inside(what)} in {dimension} or any unit that converts to it."
    raise DimensionError(
        f"{what} is {describe(value)}, but it must be {need}.", where=where, cure=cure, value=value, need=need
    )


def _inside(what: str) -> str:
    """The subject of a sentence, as it stands inside one: `The delay` becomes `the delay`; names stay."""
    first, _, rest = what.partition(" ")
    return f"{first.lower()} {rest}" if rest and first in ("A", "An", "The") else what


def describe(value: object) -> str:
    """Show a value with its unit on one short line, for messages.

    Parameters
    ----------
    value : object
        What the user gave.

    Returns
    -------
    str
        A scalar in full; an array by its shape, range and unit.

    Examples
    --------
    >>> describe(5 * pq.mV), describe(np.zeros((2, 3)) * pq.nA)
    ('5.0 mV', 'an array of shape (2, 3) in nA')
    """
    unit = value.dimensionality.string if isinstance(value, pq.Quantity) else ""
    shape = np.shape(value) if isinstance(value, np.ndarray | list | tuple) else ()
    if shape:
        return f"an array of shape {shape}" + (f" in {unit}" if unit else "")
    if isinstance(value, pq.Quantity):
        return f"{value.magnitude.item()!r} {unit}"
    return repr(value.item() if isinstance(value, np.generic | np.ndarray) else value)


@lru_cache(maxsize=1024)
def unit_of(dimension: Dimension) -> Any:
    """Give the coherent unit of a dimension as a unit of `quantities`.

    Parameters
    ----------
    dimension : Dimension
        What is measured.

    Returns
    -------
    Quantity
        Of magnitude 1, with the units that `Dimension.name` shows.

    Examples
    --------
    >>> unit_of(split(1 * pq.V / pq.s)[1])
    array(1.) * mV/ms
    """
    unit: Any = 1.0 * pq.dimensionless
    for symbol, power in factors_of(dimension.exponents):
        unit = unit * unit_named(symbol) ** (power if isinstance(power, int) else float(power))
    return unit


def unit_named(symbol: str) -> Any:
    """Look a coherent unit up, or make it; never on import, since the registry of `quantities` belongs to the user."""
    try:
        return pq.unit_registry[symbol]
    except LookupError:
        name, factor, of = _EXTRA[symbol]
        return pq.UnitQuantity(name, factor * pq.unit_registry[of], symbol=symbol)


def _split_quantity(value: Any, where: str | None) -> tuple[Magnitude, Dimension]:
    if isinstance(value, pq.UncertainQuantity):
        raise InvalidParameterError(
            f"{value} has an uncertainty, which a simulation cannot carry along.",
            where=where,
            cure="Give the value alone, for example pq.Quantity(x.magnitude, x.units).",
            value=value,
        )
    conversion = _conversion(value.dimensionality, where)
    magnitude = _plain(value.magnitude, where)
    if conversion.divisor != 1.0:
        magnitude = magnitude / conversion.divisor
    elif conversion.multiplier != 1.0:
        magnitude = magnitude * conversion.multiplier
    elif not conversion.dimension.is_dimensionless:
        magnitude = magnitude.astype(np.float64, copy=False) if isinstance(magnitude, np.ndarray) else float(magnitude)
    return magnitude, conversion.dimension


def _split_sequence(value: Any, where: str | None) -> tuple[Magnitude, Dimension]:
    """Read a list with quantities inside; NumPy would drop their units without a word."""
    pieces = [split(element, where=where) for element in value]
    dimension = pieces[0][1]
    for index, (_, found) in enumerate(pieces):
        if found != dimension:
            raise DimensionError(
                f"A list mixes units: element 0 is in {dimension}, element {index} is in {found}.",
                where=where,
                cure="Give every element of the list in units of one dimension.",
                dimension=dimension,
                index=index,
                found=found,
            )
    return _plain([magnitude for magnitude, _ in pieces], where), dimension


def _plain(value: Any, where: str | None) -> Any:
    """Bring a number or array to bool, int64 or float64; scalars become Python numbers."""
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        array = np.asarray(None)
    kind = array.dtype.kind
    too_large = kind == "u" and array.size > 0 and array.max() > np.iinfo(np.int64).max
    masked = isinstance(value, np.ma.MaskedArray)
    if kind == "f" and not masked:
        array = array.astype(np.float64, copy=False)
    elif kind in "iu" and not masked and not too_large:
        array = array.astype(np.int64, copy=False)
    elif kind != "b" or masked:
        given = repr(value)
        raise InvalidParameterError(
            f"{given if len(given) < 200 else given[:200] + ' ...'} is not a real number or an array of real numbers.",
            where=where,
            cure="Give a number, a rectangular array, or either with a unit.",
            value=value,
        )
    return array if array.ndim else array.item()


def _conversion(units: Any, where: str | None) -> Conversion:
    """Find the conversion of a product of units; the answer is kept, since models use the same few units again."""
    key = tuple(units.items())
    known = _conversions.get(key)
    if known is None:
        factor, dimension = _exact(units, where)
        if factor.numerator == 1:
            known = Conversion(1.0, float(factor.denominator), dimension)
        else:
            known = Conversion(float(factor), 1.0, dimension)
        _conversions[key] = known
    return known


def _exact(units: Any, where: str | None) -> tuple[Fraction, Dimension]:
    """Multiply the exact factors of the units of a product."""
    factor, dimension = Fraction(1), DIMENSIONLESS
    for unit, power in units.items():
        scale, of = _exact_unit(unit, where)
        raised = of**power
        dimension = dimension * raised
        factor *= scale ** int(power) if power == int(power) else _decimal(float(scale) ** float(power))
    return factor, dimension


def _exact_unit(unit: Any, where: str | None) -> tuple[Fraction, Dimension]:
    """Follow the definition of one unit down to the SI base units."""
    if unit.name in _OFFSET:
        raise DimensionError(
            f"A temperature in {unit.symbol} counts from a zero of its own, so a factor cannot convert it.",
            where=where,
            cure="Give the temperature in kelvin: 36 degC is 309.15 * pq.K; a difference of 10 degC is 10 * pq.K.",
            unit=unit.symbol,
        )
    definition = unit.definition
    if definition is not unit:
        factor, dimension = _exact(definition.dimensionality, where)
        return factor * _decimal(float(definition.magnitude)), dimension
    if unit.name not in _BASE:
        raise DimensionError(
            f"The unit {unit.name} has no place among length, mass, time, current, temperature, amount and light.",
            where=where,
            cure="Give the value as a plain number, or in a unit that derives from the SI.",
            unit=unit.name,
        )
    return _BASE[unit.name]


def _decimal(number: float) -> Fraction:
    """Read a float as the short decimal that it stands for; a float without one (pi/180) is taken as it is."""
    short = Decimal(f"{number:.15g}")
    digits = short.normalize().as_tuple().digits
    return Fraction(short) if len(digits) <= 13 else Fraction(number)


def _usual(dimension: Dimension) -> str:
    """Name the unit that people write: rates are computed with in kHz, but meant in Hz."""
    return "Hz" if dimension.name == "kHz" else dimension.name


def _example(value: object, dimension: Dimension) -> str:
    """Write what the user probably meant, with units that `quantities` has from the start."""
    text = repr(value) if isinstance(value, int | float) and np.isfinite(value) else "value"
    if _usual(dimension) == "Hz":
        return f"{text} * pq.Hz"
    for symbol, power in factors_of(dimension.exponents):
        _, factor, of = _EXTRA.get(symbol, (symbol, 1.0, symbol))
        unit = f"pq.{of}" if factor == 1.0 else f"({factor:g} * pq.{of})"
        size = abs(power)
        raised = unit if size == 1 else f"{unit}**{size}" if isinstance(size, int) else f"{unit}**({size})"
        text += f" * {raised}" if power > 0 else f" / {raised}"
    return text
