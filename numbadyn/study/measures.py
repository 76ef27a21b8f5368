"""What is measured at a point, as cells of a table.

In: what the user's function gives.  Out: cells by name.  Must not know: networks, stores.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from numbadyn.errors import MeasureError
from numbadyn.study.cells import UntabledValueError, encode

__all__ = ["arity", "check_measure", "tabulate"]

_MOST = 3
_CURE = "Give numbers, truth values, texts or arrays of numbers, by name: {'rate': result['E'].spikes.rate, 'n': 3}."


def check_measure(measure: Any) -> int:
    """How many of result, simulator and parameters a function that measures takes.

    Raises
    ------
    MeasureError
        It is no such function.
    """
    number = arity(measure) if callable(measure) else 0
    if not 1 <= number <= _MOST:
        raise MeasureError(
            f"measure is {measure!r}" + (f", which takes {number} arguments." if callable(measure) else "."),
            where="sweep(measure=...)",
            cure="Give a function of the result; or of the result and the simulator; or of these and the parameters of "
            "the point, a dict.",
        )
    return number


def arity(function: Callable[..., Any]) -> int:
    """Number of arguments that a function takes by position and that have no default."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of a function that is written in C
        return 1
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return -1
    needed = sum(p.kind in positional and p.default is p.empty for p in parameters)
    return needed or int(any(p.kind in (*positional, p.VAR_POSITIONAL) for p in parameters))


def tabulate(measured: Any, name: str, taken: Mapping[str, Any]) -> dict[str, Any]:
    """Cells of what was measured.

    Parameters
    ----------
    measured : object
        What the function has given: a value, or values by name.
    name : str
        Of a value without a name.
    taken : mapping
        Names of the parameters.

    Raises
    ------
    MeasureError
        It cannot stand in a table.
    """
    if hasattr(measured, "_asdict"):
        measured = measured._asdict()
    values = measured if isinstance(measured, Mapping) else {name: measured}
    if not values or measured is None:
        raise MeasureError(f"{name} gives {measured!r}.", where="sweep(measure=...)", cure=_CURE)
    cells = {}
    for key, value in values.items():
        if not isinstance(key, str) or not key or key == "seed" or key in taken:
            raise MeasureError(
                f"{name} gives a value with the name {key!r}"
                + (", which a parameter of the grid has." if key in taken or key == "seed" else "."),
                where="sweep(measure=...)",
                cure="Give each value a name of its own.",
                key=key,
            )
        try:
            cells[key] = encode(value)
        except UntabledValueError as error:
            raise MeasureError(
                f"{name} gives {error}"
                + (f" as {key!r}" if isinstance(measured, Mapping) else "")
                + ", which cannot stand in a table.",
                where="sweep(measure=...)",
                cure=_CURE,
                key=key,
            ) from error
    return cells
