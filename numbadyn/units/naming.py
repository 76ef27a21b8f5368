"""Names for dimensions in the words of a modeller.

In: the seven SI exponents of a dimension.  Out: the shortest product of units of the coherent system: ``mV/ms``,
``nS``, ``pF/um^2``.  Must not know: `quantities` itself.

`quantities` can read every name (those that it lacks, such as GOhm and fC, once a result has needed them).
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

Exponent = int | Fraction
Exponents = tuple[Exponent, Exponent, Exponent, Exponent, Exponent, Exponent, Exponent]

#: The basis that names are made of. Mass is replaced by voltage, which is what electrophysiology measures.
BASIS = ("mV", "pA", "ms", "um", "amol", "K", "cd")

#: Units that stand for a product of the basis; the order is the order of preference.
DERIVED: dict[str, tuple[int, ...]] = {
    "nS": (-1, 1, 0, 0, 0, 0, 0),
    "pF": (-1, 1, 1, 0, 0, 0, 0),
    "GOhm": (1, -1, 0, 0, 0, 0, 0),
    "fC": (0, 1, 1, 0, 0, 0, 0),
    "mM": (0, 0, 0, -3, 1, 0, 0),
    "ng": (1, 1, 3, -2, 0, 0, 0),
}

#: Units that nobody looks for inside a longer product: noise is pA^2*ms, not fC*pA.
RELUCTANT = frozenset({"fC", "mM", "ng"})

#: The order of the factors within a name.
ORDER = ("ng", "nS", "pF", "GOhm", "fC", "mM", *BASIS)

Factors = tuple[tuple[str, Exponent], ...]


def in_basis(exponents: Exponents) -> tuple[Exponent, ...]:
    """Give the exponents of mV, pA, ms, um, amol, K and cd.

    One volt is kg m^2 s^-3 A^-1, so the exponent of mass is the exponent of voltage and the others make up for it.

    Parameters
    ----------
    exponents : tuple of 7
        Exponents of length, mass, time, current, temperature, amount and luminous intensity.

    Returns
    -------
    tuple of 7
        Exponents in the order of `BASIS`.

    Examples
    --------
    >>> in_basis((2, 1, -3, -1, 0, 0, 0))
    (1, 0, 0, 0, 0, 0, 0)
    """
    length, mass, time, current, temperature, amount, luminous = exponents
    return mass, current + mass, time + 3 * mass, length - 2 * mass, amount, temperature, luminous


def _candidates(target: tuple[Exponent, ...]) -> Iterator[dict[str, Exponent]]:
    """Yield products that mean `target`: the basis alone, and each derived unit that takes one of the factors away."""
    yield dict(zip(BASIS, target, strict=True))
    for name, parts in DERIVED.items():
        powers = {Fraction(want) / part for want, part in zip(target, parts, strict=True) if part and want}
        for power in sorted(powers):
            rest = (want - power * part for want, part in zip(target, parts, strict=True))
            yield {name: power, **dict(zip(BASIS, rest, strict=True))}


def _cost(factors: Factors) -> tuple[int, Fraction, int]:
    """Rank a product: few factors, then small powers of units in common use, then few divisions."""
    reluctant = sum(1 for name, _ in factors if name in RELUCTANT)
    powers = sum((abs(Fraction(power)) for _, power in factors), start=Fraction(2 * reluctant))
    return len(factors), powers, sum(1 for _, power in factors if Fraction(power) < 0)


def _tidy(power: Exponent) -> Exponent:
    return int(power) if power == int(power) else power


@lru_cache(maxsize=4096)
def factors_of(exponents: Exponents) -> Factors:
    """Give the shortest product of coherent units with these exponents.

    Parameters
    ----------
    exponents : tuple of 7
        Exponents of length, mass, time, current, temperature, amount and luminous intensity.

    Returns
    -------
    tuple of (str, int or Fraction)
        Symbols with their powers; empty when dimensionless.

    Examples
    --------
    >>> factors_of((2, 1, -4, -1, 0, 0, 0))
    (('mV', 1), ('ms', -1))
    """
    target = in_basis(exponents)
    if target == (0, 0, -1, 0, 0, 0, 0):
        return (("kHz", 1),)
    products = [
        tuple((name, _tidy(product[name])) for name in ORDER if product.get(name)) for product in _candidates(target)
    ]
    return min(products, key=_cost)


def _power(name: str, power: Exponent) -> str:
    if power == 1:
        return name
    return f"{name}^{power}" if isinstance(power, int) else f"{name}^({power})"


@lru_cache(maxsize=4096)
def name_of(exponents: Exponents) -> str:
    """Write the shortest product of coherent units with these exponents as text.

    Parameters
    ----------
    exponents : tuple of 7
        Exponents of length, mass, time, current, temperature, amount and luminous intensity.

    Returns
    -------
    str
        Such as ``"mV^2/ms"``; ``"dimensionless"`` when all exponents are zero.

    Examples
    --------
    >>> name_of((0, 0, 1, 1, 0, 0, 0)), name_of((0, 0, -2, 0, 0, 0, 0))
    ('fC', '1/ms^2')
    """
    factors = factors_of(exponents)
    if not factors:
        return "dimensionless"
    above = "*".join(_power(name, power) for name, power in factors if power > 0)
    below = [_power(name, -power) for name, power in factors if power < 0]
    if not below:
        return above
    divisor = below[0] if len(below) == 1 else f"({'*'.join(below)})"
    return f"{above or '1'}/{divisor}"
