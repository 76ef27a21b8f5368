"""Errors of Python and NumPy that come from a traced value in a place where numbers are needed, with their names.

In: an error, and where it was raised.  Out: a named error, or nothing.  Must not know: traces.
"""

from __future__ import annotations

from numbadyn.errors import NumbadynError, TracedValueError, UnsupportedFunctionError
from numbadyn.ir.nodes import Position

__all__ = ["READ_BY_TABLE", "named_error"]

READ_BY_TABLE = (
    "An array from outside of the model cannot be indexed by a traced value: keep it as self.table = array, then "
    "self.table[k] can; or write np.take(array, k, axis=0), or table = nd.Table(array) once, then table[k]; for values "
    "in time nd.TimedArray(array, dt=1*ms)(t)."
)
"""Cure for who indexes an array of a closure or a Python module by a traced value."""


def named_error(error: Exception, place: Position, *, converted: bool) -> NumbadynError | None:
    """What an error means if it comes from a traced value.

    Parameters
    ----------
    error : Exception
        Raised by Python or NumPy.
    place : Position
        The user's line.
    converted : bool
        Whether a traced value was asked for an array on that line.
    """
    spoken = str(error).replace("'Traced' object", "a traced value").replace("Traced.", "a traced value: ").rstrip(".")
    if isinstance(error, AttributeError) and "a traced value" in spoken:
        return UnsupportedFunctionError(
            f"{spoken[0].upper()}{spoken[1:]}.",
            where=str(place),
            cure="It has .shape, .ndim, .size, .astype, .clip, .reshape, .copy, .rescale and .magnitude; for the "
            "rest there are functions of NumPy that can be traced.",
            misused=spoken,
        )
    if isinstance(error, TypeError) and ("a traced value" in spoken or "<traced " in spoken):
        return TracedValueError(
            f"A traced value cannot be used like this: {spoken}.",
            where=str(place),
            cure="Use NumPy functions on the value itself; sizes and shapes come from self.varshape.",
            spoken=spoken,
        )
    if isinstance(error, TypeError | ValueError | IndexError) and converted:
        return TracedValueError(
            f"A traced value was turned into a plain array, which failed: {str(error).rstrip('.')}.",
            where=str(place),
            cure=READ_BY_TABLE
            if isinstance(error, IndexError)
            else "Use NumPy functions on the value itself, and np.where in place of assignments to elements.",
        )
    return None
