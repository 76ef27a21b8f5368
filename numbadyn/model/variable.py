"""`Variable`: what parameters and states have in common, a value that takes part in Python and NumPy expressions.

In: operators and NumPy calls.  Out: the same on the value, traced or with its unit.  Must not know: where values come
from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, UnknownStateError, UnsupportedFunctionError
from numbadyn.tracing.operators import Operators
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import StandsForQuantity, alike, is_quantity, scale_of, split

__all__ = ["Variable", "changes", "count_change", "resolve"]

#: Ufuncs whose operators know more about units than `quantities` does when it is asked by NumPy.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}


_CHANGES = [0]


def changes() -> int:
    """How many values of models have been assigned in this process: a clock that tells when none was."""
    return _CHANGES[0]


def count_change() -> None:
    """Note that a value of a model has been assigned, from which first values may follow."""
    _CHANGES[0] += 1


class Variable(StandsForQuantity, Operators):
    """Base of `Parameter` and `State`: owner, name and the NumPy protocols."""

    __array_priority__ = 1001.0

    def __init__(self) -> None:
        self.owner: Any = None
        self.name = ""

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in ("owner", "name", "value"):
            raise UnknownStateError(
                f"{self.path} has no attribute {name!r} to assign to.",
                where=place(self.path),
                cure="A new value is written to .value.",
                name=name,
            )
        object.__setattr__(self, name, value)
        if name == "value":
            count_change()

    value: Any
    """The value: traced while a step is traced, else with its unit."""

    @property
    def path(self) -> str:
        """Full name, as ``EINet.E.tau``."""
        return f"{self.owner.path}.{self.name}" if self.owner is not None else self.name or type(self).__name__

    def bind(self, owner: Any, name: str) -> None:
        """Remember whose attribute this is; the first owner stays."""
        if self.owner is None:
            self.owner, self.name = owner, name

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return tuple(np.shape(self.value)) if current_trace() is None else tuple(self.value.shape)

    def __traced_value__(self) -> Any:
        return self.value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(out, Variable) for out in kwargs.get("out") or ()):
            raise UnsupportedFunctionError(
                f"{ufunc.__name__} with out= into {self.path}.",
                where=place(self.path),
                cure="Write x.value = ... to change a state.",
                ufunc=ufunc.__name__,
                path=self.path,
            )
        resolved = [resolve(x) for x in inputs]
        spelled = _OPERATORS.get(ufunc.__name__)
        if spelled is not None and method == "__call__" and not kwargs and current_trace() is None:
            return spelled(*resolved)  # sums of one dimension in two units, comparisons that give plain Booleans
        return getattr(ufunc, method)(*resolved, **kwargs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        resolved = tuple(resolve(x) for x in args)
        named = {key: resolve(x) for key, x in kwargs.items()}
        if current_trace() is None and function.__name__ in ("where", "clip"):
            return alike(function, resolved, named)
        return function(*resolved, **named)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        value = self.value
        if isinstance(value, Traced):
            return value.__array__(dtype)
        return np.asanyarray(value) if dtype is None else np.asarray(value, dtype=dtype)

    def rescale(self, unit: Any) -> Any:
        """The value in another unit."""
        value = self.value
        if isinstance(value, Traced):
            return value.rescale(unit)
        if is_quantity(value):
            return value.rescale(unit)
        return self if scale_of(unit)[1].is_dimensionless else _bad_unit(self.path, unit)

    @property
    def magnitude(self) -> Any:
        """The value without its unit, in the coherent system."""
        value = self.value
        return value.magnitude if isinstance(value, Traced) else split(value)[0]

    # What Python asks of a number or an array is asked of the value; while a step is traced it refuses by name.

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.value)

    def __contains__(self, item: Any) -> bool:
        return item in self.value

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __setitem__(self, key: Any, new: Any) -> None:
        value = self.value
        value[key] = new
        self.value = value

    def __round__(self, digits: int = 0) -> Any:
        return round(self.value, digits)

    def __hash__(self) -> int:
        return id(self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _blank, (type(self),), vars(self)  # pickle's own way asks __class__, which says Quantity


def _blank(cls: type[Variable]) -> Variable:
    """A variable before its content, for pickle and copy."""
    return object.__new__(cls)


def _forward(name: str) -> property:
    return property(lambda self: getattr(self.value, name), doc=f"`{name}` of the value.")


for _method in (
    "ndim", "size", "astype", "clip", "copy", "ravel", "flatten", "reshape",
    "sum", "mean", "max", "min", "dot", "any", "all", "std", "var", "prod", "argmax", "argmin", "cumsum",
):  # fmt: skip
    setattr(Variable, _method, _forward(_method))


def _bad_unit(path: str, unit: Any) -> Any:
    raise DimensionError(
        f"{path} has no unit, but it is compared with or converted to {unit}.",
        where=path,
        cure="Use plain numbers on both sides.",
        unit=unit,
    )


def place(path: str) -> str:
    """Where a mistake is made: on the user's line while a step is traced."""
    trace = current_trace()
    return path if trace is None else str(trace.here)


def resolve(x: Any) -> Any:
    """The value of a parameter or state, inside lists and tuples too."""
    if isinstance(x, Variable):
        return x.value
    return type(x)([resolve(part) for part in x]) if type(x) in (list, tuple) else x
