"""Dimensions: what kind of thing a number measures.

In: exponents of the seven SI base dimensions.  Out: a small immutable value that can be multiplied, divided, raised to
a power, compared, hashed and printed.  Must not know: `quantities`, how a number is converted.
"""

from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational

from numbadyn.errors import DimensionError
from numbadyn.units.naming import Exponent, Exponents, name_of

__all__ = [
    "CAPACITANCE",
    "CHARGE",
    "CONCENTRATION",
    "CONDUCTANCE",
    "CURRENT",
    "DIMENSIONLESS",
    "FREQUENCY",
    "LENGTH",
    "RESISTANCE",
    "TEMPERATURE",
    "TIME",
    "VOLTAGE",
    "Dimension",
]


def _rational(number: Exponent | float) -> Exponent:
    """Turn an exponent into an int where it is whole and into a Fraction elsewhere; 0.5 and 1/3 as floats are known."""
    if type(number) is int:
        return number
    if isinstance(number, Rational):
        fraction = Fraction(int(number.numerator), int(number.denominator))
    else:
        fraction = _near_fraction(float(number))
    return int(fraction) if fraction.denominator == 1 else fraction


def _near_fraction(number: float) -> Fraction:
    """Find the simple fraction that a float stands for."""
    if abs(number) < 1000:
        fraction = Fraction(number).limit_denominator(1000)
        if abs(float(fraction) - number) <= 1e-12:
            return fraction
    raise DimensionError(
        f"A value with a unit is raised to the power {number!r}, which is not a simple fraction.",
        cure="Divide by a reference value of the same unit first, so that the base of the power is dimensionless.",
        number=number,
    )


@dataclass(frozen=True, slots=True, repr=False)
class Dimension:
    """Exponents of the seven SI base dimensions.

    Parameters
    ----------
    length, mass, time, current, temperature, amount, luminous : int or Fraction
        Exponents; floats that stand for simple fractions are accepted.

    Raises
    ------
    DimensionError
        An exponent is not a simple fraction.

    Notes
    -----
    A number that goes with a dimension is always in the coherent system of ms, mV and pA: lengths in um, masses in ng,
    temperatures in K, amounts in amol (so that amol/um^3 is mM), and what follows: nS, GOhm, pF, fC, kHz.

    Examples
    --------
    >>> VOLTAGE / TIME
    Dimension(mV/ms)
    >>> CONDUCTANCE * VOLTAGE == CURRENT
    True
    """

    length: Exponent = 0
    mass: Exponent = 0
    time: Exponent = 0
    current: Exponent = 0
    temperature: Exponent = 0
    amount: Exponent = 0
    luminous: Exponent = 0

    def __post_init__(self) -> None:
        """Bring every exponent to its one form, so that equal dimensions are equal values."""
        for name in self.__slots__:
            exponent = getattr(self, name)
            if type(exponent) is not int:
                object.__setattr__(self, name, _rational(exponent))

    @property
    def exponents(self) -> Exponents:
        """The exponents in the order of the fields.

        Examples
        --------
        >>> TIME.exponents
        (0, 0, 1, 0, 0, 0, 0)
        """
        return self.length, self.mass, self.time, self.current, self.temperature, self.amount, self.luminous

    @property
    def is_dimensionless(self) -> bool:
        """True when all exponents are zero.

        Examples
        --------
        >>> (TIME / TIME).is_dimensionless
        True
        """
        return not any(self.exponents)

    @property
    def name(self) -> str:
        """The unit of the coherent system, as a text that `quantities` can read.

        Examples
        --------
        >>> (VOLTAGE**2 / TIME).name
        'mV^2/ms'
        """
        return name_of(self.exponents)

    def __mul__(self, other: "Dimension") -> "Dimension":
        """Give the dimension of a product."""
        if not isinstance(other, Dimension):
            return NotImplemented
        return Dimension(*(a + b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __truediv__(self, other: "Dimension") -> "Dimension":
        """Give the dimension of a quotient."""
        if not isinstance(other, Dimension):
            return NotImplemented
        return Dimension(*(a - b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __pow__(self, power: Exponent | float) -> "Dimension":
        """Give the dimension of a power; only a dimensionless base takes a power that is not a simple fraction."""
        if self.is_dimensionless:
            return self
        exact = _rational(power)
        return Dimension(*(a * exact for a in self.exponents))

    def __str__(self) -> str:
        """Show the name."""
        return self.name

    def __repr__(self) -> str:
        """Show the name."""
        return f"Dimension({self.name})"


DIMENSIONLESS = Dimension()
TIME = Dimension(time=1)
LENGTH = Dimension(length=1)
CURRENT = Dimension(current=1)
TEMPERATURE = Dimension(temperature=1)
CONCENTRATION = Dimension(amount=1, length=-3)
VOLTAGE = Dimension(length=2, mass=1, time=-3, current=-1)
FREQUENCY = DIMENSIONLESS / TIME
CHARGE = CURRENT * TIME
CONDUCTANCE = CURRENT / VOLTAGE
RESISTANCE = VOLTAGE / CURRENT
CAPACITANCE = CHARGE / VOLTAGE
