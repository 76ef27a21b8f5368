"""A carrier that brings a traced value through functions that turn everything into an array first.

In: a traced value.  Out: an array of one element that stands for it for a moment.  Must not know: what a traced value
is, `quantities`.

`quantities` calls ``np.asanyarray(other)`` at the start of ``q + t``, ``q - t`` and ``q % t``, before any protocol is
asked; the carrier survives that call and hands the operation, with the unit of ``q``, to the traced value.

A plain ``np.asarray(t)`` strips the carrier of its class. What is left holds a `Stripped` in place of the value, and
every use of it as a number raises, so nothing passes without a unit, a shape or a trace. The carrier has one dimension
and not none, because NumPy would put the traced value itself, without asking, into ``np.array([t, t])``.

Comparisons (``q < t``) cannot be helped this way: `quantities` drops the unit of the left side before anyone is asked.
`may_have_lost_unit` tells the traced value that this may have happened.
"""

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

__all__ = ["Carrier", "Stripped", "carry", "is_stripped", "may_have_lost_unit"]

#: Called with a sentence that says what was tried; raises the named error for it.
Refuse = Callable[[str], NoReturn]


def carry(traced: object, refuse: Refuse, dtype: Any = None) -> "Carrier":
    """Make the answer of ``__array__`` of a traced value.

    Parameters
    ----------
    traced : object
        A value with ``__array_ufunc__``.
    refuse : callable
        Raises the error for a use of the value as a number; it is given a sentence.
    dtype : dtype, optional
        What NumPy asked for; a traced value has no numbers, so only None and object can be given.

    Returns
    -------
    Carrier
        Of one element, whatever the shape of the traced value.

    Raises
    ------
    Exception
        What `refuse` raises, if a dtype of numbers is asked for.

    Examples
    --------
    >>> def refuse(what):
    ...     raise TypeError(what)
    >>> value = object()
    >>> np.asanyarray(carry(value, refuse)).traced is value
    True
    >>> np.asarray(carry(value, refuse)) + 1
    Traceback (most recent call last):
    TypeError: A traced value has no number while the step is traced; it was turned into a plain array.
    """
    if dtype is not None and np.dtype(dtype) != np.dtype(object):
        refuse(f"A traced value has no numbers of type {np.dtype(dtype).name} while the step is traced.")
    array = np.empty(1, dtype=object)
    array[0] = Stripped(refuse)
    carrier = array.view(Carrier)
    carrier.traced = traced
    return carrier


def may_have_lost_unit(left: object) -> bool:
    """Tell whether the left side of a comparison may be a quantity that has lost its unit.

    Parameters
    ----------
    left : object
        What a traced value finds to its left in ``__array_ufunc__`` of a comparison.

    Returns
    -------
    bool
        True for every array that is a view. ``q < t`` arrives as ``q.magnitude < t``, and a magnitude is always a view;
        arrays that own their memory and NumPy scalars cannot come from there. A dimensionless traced value must refuse
        such a left side (the cure is ``t > q``, which keeps the unit); one with a dimension refuses all bare numbers.

    Examples
    --------
    >>> may_have_lost_unit(np.arange(3.0)), may_have_lost_unit(np.arange(3.0).view())
    (False, True)
    """
    return isinstance(left, np.ndarray) and left.base is not None


def is_stripped(value: object) -> bool:
    """Tell whether an array is what is left of traced values that were turned into plain arrays.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    bool
    """
    return isinstance(value, np.ndarray) and value.dtype == object and any(isinstance(v, Stripped) for v in value.flat)


class Stripped:
    """What is left of a traced value in a plain array; every use as a number raises.

    Parameters
    ----------
    refuse : callable
        Raises the named error.

    Examples
    --------
    >>> def refuse(what):
    ...     raise TypeError(what)
    >>> Stripped(refuse) + 1
    Traceback (most recent call last):
    TypeError: A traced value has no number while the step is traced; it was turned into a plain array.
    """

    __slots__ = ("_refuse",)

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    def _raise(self, *_: object) -> NoReturn:
        """Refuse, whatever the operation is."""
        self._refuse("A traced value has no number while the step is traced; it was turned into a plain array.")

    __bool__ = __int__ = __float__ = __complex__ = __index__ = __round__ = _raise
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _raise
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __divmod__ = __pow__ = __matmul__ = _raise
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rdivmod__ = __rpow__ = _raise
    __rmatmul__ = __and__ = __or__ = __xor__ = __rand__ = __ror__ = __rxor__ = _raise
    __neg__ = __pos__ = __abs__ = __invert__ = __len__ = __iter__ = __getitem__ = _raise
    # NumPy looks the functions of one argument up as methods of the elements of an object array.
    exp = exp2 = expm1 = log = log2 = log10 = log1p = sqrt = cbrt = square = reciprocal = conjugate = _raise
    sin = cos = tan = arcsin = arccos = arctan = sinh = cosh = tanh = arcsinh = arccosh = arctanh = _raise
    floor = ceil = trunc = rint = fabs = sign = hypot = arctan2 = logaddexp = isfinite = isnan = isinf = _raise
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """Show what this stands for, without a number."""
        return "<traced value>"


class Carrier(np.ndarray[Any, Any]):
    """An array of one element in whose name a traced value takes part in a ufunc.

    Made by `carry` only. The three members with the names of `quantities` say "leave me as I am" to the conversion of
    units that `quantities` does before it adds; the traced value checks the units itself.

    Attributes
    ----------
    traced : object
        The value that is carried; None on arrays that NumPy derives from a carrier.
    """

    traced: object = None
    _dimensionality = None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Call the ufunc again with the traced value in place of its carrier."""
        return getattr(ufunc, method)(*(self._unwrap(value) for value in inputs), **kwargs)

    def view(self, *args: Any, **kwargs: Any) -> "Carrier":  # type: ignore[override]
        """Stay what it is, since a view of another class would forget the traced value."""
        return self

    def rescale(self, *args: Any, **kwargs: Any) -> "Carrier":
        """Stay what it is; there is no number to scale."""
        return self

    @staticmethod
    def _unwrap(value: Any) -> Any:
        if not isinstance(value, Carrier):
            return value
        return np.asarray(value) if value.traced is None else value.traced
