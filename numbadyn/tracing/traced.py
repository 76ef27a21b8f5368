"""The stand-in for an array while a step is traced; NumPy functions on it append IR nodes.

In: Python operators and NumPy calls of the user's `update`.  Out: nodes of the active `Trace`.  Must not know: models.
What cannot be traced raises an error that names the user's line: no value ever leaks out silently.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import (
    DimensionError,
    NotInitialisedError,
    ShapeError,
    TracedValueError,
    UnsupportedFunctionError,
)
from numbadyn.ir.kinds import Kind, kind_of
from numbadyn.ir.nodes import Node
from numbadyn.tracing.agreement import check_within
from numbadyn.tracing.carrier import carry
from numbadyn.tracing.interpolate import interp
from numbadyn.tracing.kinds import check_result, kind_in_numpy
from numbadyn.tracing.lookups import gather, is_traced, take
from numbadyn.tracing.misuse import READ_BY_TABLE
from numbadyn.tracing.operators import Operators
from numbadyn.tracing.rules import FUNCTIONS, UFUNCS
from numbadyn.tracing.times import snap
from numbadyn.tracing.trace import ANY, Trace, current_trace
from numbadyn.units import Dimension, StandsForQuantity, scale_of

__all__ = ["Traced", "as_node", "require_trace"]


def require_trace() -> Trace:
    """The active trace, or an error that says a traced value has outlived it."""
    trace = current_trace()
    if trace is None:
        raise NotInitialisedError(
            "A traced value is used after its trace has ended.",
            cure="Keep values between steps in nd.State; plain attributes written in update do not survive tracing.",
        )
    return trace


def as_node(trace: Trace, value: Any) -> int:
    """Node of anything that may stand in a traced expression."""
    if isinstance(value, Traced):
        return value.node_in(trace)
    resolve = getattr(value, "__traced_value__", None)
    if resolve is not None:
        return as_node(trace, resolve())
    return trace.literal(value)


class Traced(StandsForQuantity, Operators):
    """A value of the step that is being traced.

    Made by the tracer only: states, parameters and whatever is computed from them.

    Parameters
    ----------
    trace : Trace
        The trace that it belongs to.
    index : int
        Its node.
    """

    __slots__ = ("_index", "_trace", "_unit")
    __array_priority__ = 1000.0

    def __init__(self, trace: Trace, index: int, unit: float = 1.0) -> None:
        self._trace = trace
        self._index = index
        self._unit = unit  # size of the unit that `magnitude` counts in; 1 is the coherent one

    def node_in(self, trace: Trace) -> int:
        """Node number, after checking that the value belongs to this trace."""
        if trace is not self._trace:
            raise NotInitialisedError(
                "A value of an earlier trace is used in this one.",
                where=str(trace.here),
                cure="Keep values between steps in nd.State; plain attributes written in update do not survive "
                "tracing.",
            )
        return self._index

    @property
    def node(self) -> Node:
        """The IR node."""
        return self._trace.node(self._index)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, ``()`` for a single value."""
        self._within("Their shape")
        return self.node.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.node.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        self._within("Their number")
        return self.node.size

    def _within(self, asked: str) -> None:
        """Refuse what needs other synapses than the one that a rule is about."""
        check_within(self.node, asked, lambda: self._trace.here, in_rule=self._trace.synapses is not None)

    @property
    def kind(self) -> Kind:
        """``"real"``, ``"int"`` or ``"bool"``."""
        return self.node.kind

    @property
    def dimension(self) -> Dimension:
        """Physical dimension."""
        return self.node.dimension

    def __repr__(self) -> str:
        unit = str(self.dimension) or "no unit"
        space = self.node.space
        where = f"shape {space.shape}" if space.synapses is None else f"the {space}"
        return f"<traced {self.kind} of {where}, {unit}>"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        trace = require_trace()
        rule = UFUNCS.get(ufunc.__name__)
        if method != "__call__" or rule is None:
            raise _unsupported(trace, _spell(ufunc) + ("" if method == "__call__" else f".{method}"))
        given = [name for name, value in kwargs.items() if value is not None]
        if given:
            raise _unsupported(
                trace,
                f"{_spell(ufunc)} with {', '.join(given)}=",
                "A traced value cannot be changed in place; write x = x + y, and np.where for where=.",
            )
        if ufunc is np.matmul:
            for value in inputs:
                if isinstance(value, Traced):
                    value._within(_spell(ufunc))
        args = [as_node(trace, value) for value in inputs]
        if not trace.settled:
            return Traced(trace, rule(trace, *args))
        where = str(trace.here)
        kind = kind_in_numpy(_spell(ufunc), ufunc, inputs, where)
        result = Traced(trace, rule(trace, *args))
        check_result(_spell(ufunc), result.kind, kind, where)
        return result

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        trace = require_trace()
        if function in _STATIC:
            return _STATIC[function](*args, **kwargs)
        rule = _LOOKUPS.get(function) or FUNCTIONS.get(function.__name__)
        if rule is not None and function.__name__ not in _ELEMENTWISE:
            for value in (*args, *kwargs.values()):
                if isinstance(value, Traced):
                    value._within(_spell(function))
        if rule is None:
            raise _unsupported(trace, _spell(function))
        lift, named = (
            functools.partial(as_node, trace),
            {name: value for name, value in kwargs.items() if value is not None},
        )
        try:
            inspect.signature(rule).bind(trace, lift, *args, **named)
        except TypeError:
            raise _unsupported(
                trace,
                f"{_spell(function)} with {', '.join(f'{name}=' for name in named) or f'{len(args)} arguments'}",
            ) from None
        return Traced(trace, rule(trace, lift, *args, **named))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        self._trace.note_conversion()
        wanted = "O" if dtype is None else np.dtype(dtype).kind
        return carry(self, self._refuse_index if wanted in "iu" else self._refuse_number, dtype)

    def _refuse_index(self, what: str) -> NoReturn:
        """Refuse whole numbers, for which NumPy's `take` asks."""
        self._within("A plain array")
        raise TracedValueError(what, where=str(self._trace.here), cure=READ_BY_TABLE)

    def _refuse_number(self, what: str) -> NoReturn:
        self._within("A plain array")
        raise TracedValueError(
            what,
            where=str(self._trace.here),
            cure="Use NumPy functions on the value itself: np.exp(x), np.where(c, a, b).",
        )

    def _refuse(self, use: str, cure: str = "") -> NoReturn:
        raise TracedValueError(
            f"{use} needs the number itself, but a step is being traced and {self!r} has none yet.",
            where=str(self._trace.here),
            cure=cure or "Use NumPy functions on arrays: np.exp instead of math.exp, np.where instead of if.",
            use=use,
        )

    def __bool__(self) -> NoReturn:
        self._refuse(
            "A Python `if`, `while`, `and`, `or`, `not` or `assert`",
            "Write np.where(condition, a, b); join conditions by & | ~.",
        )

    def __float__(self) -> NoReturn:
        self._refuse("float() or a function of the math module")

    def __int__(self) -> NoReturn:
        self._refuse("int()", "Write value.astype(int).")

    def __complex__(self) -> NoReturn:
        self._refuse("complex()")

    def __index__(self) -> NoReturn:
        self._refuse(
            "Use as an index or in range()",
            "Use NumPy functions on arrays; an array that a traced value may index is table = nd.Table(array).",
        )

    def __iter__(self) -> Iterator[Any]:
        self._refuse("A Python loop over the elements", "Write the update for the whole array at once.")

    def __len__(self) -> int:
        if not self.shape:
            self._refuse("len() of a single value")
        return self.shape[0]

    def __contains__(self, value: Any) -> NoReturn:
        self._refuse("`in`")

    def __round__(self, digits: int | None = None) -> NoReturn:
        self._refuse("round()", "Write np.rint(value).")

    def __format__(self, spec: str) -> str:
        return repr(self) if not spec else self._refuse(f"The format {spec!r}")

    def __hash__(self) -> int:
        return id(self)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        self._refuse("Assignment to some elements", "Write np.where(mask, new, old).")

    def __delitem__(self, key: Any) -> NoReturn:
        self._refuse("Deletion of some elements", "Index by a constant array of the elements to keep.")

    def rescale(self, unit: Any) -> Traced:
        """The same value; its `magnitude` counts in the new unit."""
        size, dimension = scale_of(unit)
        if self.dimension is not ANY and dimension != self.dimension:
            raise DimensionError(
                f"A value in {self.dimension} is compared with or converted to {dimension}.",
                where=str(self._trace.here),
                cure="Bring both sides to one physical dimension; a bare number, zero too, has no unit.",
                dimension=self.dimension,
            )
        return Traced(self._trace, self._index, size)

    @property
    def magnitude(self) -> Traced:
        """The value without its unit, in the coherent system or in the unit of the last `rescale`."""
        if self.dimension.is_dimensionless:
            return self
        return Traced(
            self._trace, self._trace.emit("div", self._index, self._trace.constant(self._unit, self.dimension))
        )

    def astype(self, dtype: Any) -> Traced:
        """The value as bool, int or float."""
        wanted = np.dtype(dtype)
        if wanted.kind not in "biuf":
            self._refuse(f"astype({dtype!r})", "Use bool, int or float.")
        kind = kind_of(wanted)
        value = snap(self._trace, self._index) if kind == "int" else self._index
        return Traced(self._trace, self._trace.cast(value, kind))

    def clip(self, min: Any = None, max: Any = None) -> Any:  # noqa: A002 - NumPy's own names
        """Limit the values, as `numpy.clip`."""
        return np.clip(self, min, max)

    def reshape(self, *shape: Any) -> Traced:
        """The same elements in C order under another shape."""
        self._within("Another shape")
        new = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        try:
            full = np.broadcast_to(0, self.shape).reshape(new).shape
        except ValueError:
            raise ShapeError(
                f"A value of shape {self.shape} cannot take shape {new}.",
                where=str(self._trace.here),
                cure="Keep the number of elements.",
                shape=self.shape,
                new=new,
            ) from None
        node = self.node
        return Traced(
            self._trace,
            self._trace.source(
                "slice", (self._index,), full, node.kind, node.dimension, start=0, stop=node.size, stride=1
            ),
        )

    def ravel(self) -> Traced:
        """The elements in one axis."""
        return self.reshape(self.size)

    flatten = ravel

    def copy(self) -> Traced:
        """The value itself, which never changes."""
        return self

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Traced:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self._refuse("pickle", "Keep values between steps in nd.State, and record them with sim.record.")

    def __getitem__(self, key: Any) -> Traced:
        """Elements by NumPy's rules: integers, slices, arrays of integers or Booleans; traced integers are checked."""
        trace, node = require_trace(), self.node
        self._within("An element")
        if not self.shape:
            self._refuse("Indexing a single value", "Leave the index out.")
        if any(is_traced(part) for part in (key if isinstance(key, tuple) else (key,))):
            lift = functools.partial(as_node, trace)
            return Traced(trace, gather(trace, self._index, self.shape, key, lift))
        try:
            elements = np.arange(self.size).reshape(self.shape)[key]
        except (IndexError, TypeError, ValueError) as error:
            raise ShapeError(
                f"A traced value of shape {self.shape} is indexed by {key!r}: {error}.",
                where=str(trace.here),
                cure="Use an index within the population.",
                shape=self.shape,
                key=key,
            ) from None
        if elements.size == 0:
            raise ShapeError(
                f"The index {key!r} of shape {self.shape} is empty.",
                where=str(trace.here),
                cure="Use an index that holds at least one element.",
                key=key,
                shape=self.shape,
            )
        flat = np.ravel(elements)
        start, stride = int(flat[0]), int(flat[1] - flat[0]) if flat.size > 1 else 1
        if stride < 1 or (np.diff(flat) != stride).any():
            return Traced(trace, trace.take(self._index, elements))
        stop = start + (flat.size - 1) * stride + 1
        return Traced(
            trace,
            trace.source(
                "slice",
                (self._index,),
                tuple(elements.shape),
                node.kind,
                node.dimension,
                start=start,
                stop=stop,
                stride=stride,
            ),
        )


def _of_function(name: str) -> Callable[..., Any]:
    """The method that calls NumPy's function of its name, which refuses what has no rule."""

    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return getattr(np, name)(self, *args, **kwargs)

    return method


for _name in ("sum", "mean", "max", "min", "dot", "any", "all", "std", "var", "prod", "argmax", "argmin", "cumsum"):
    setattr(Traced, _name, _of_function(_name))


#: Functions that read arrays at places which the step computes.
_LOOKUPS: dict[Any, Callable[..., int]] = {np.take: take, np.interp: interp}

#: Functions that work element by element, at synapses too.
_ELEMENTWISE = frozenset({"where", "clip", "round", "real", "select", "isclose"})

#: Functions that ask for what is known while tracing.
_STATIC: dict[Any, Callable[..., Any]] = {
    np.shape: lambda value: value.shape,
    np.ndim: lambda value: value.ndim,
    np.size: lambda value: value.size,
}


def _spell(function: Any) -> str:
    """The function as users write it."""
    name: str = function.__name__
    module = "numpy" if getattr(np, name, None) is function else getattr(function, "__module__", None)
    return f"{module}.{name}".replace("numpy", "np", 1) if module else name


def _unsupported(trace: Trace, what: str, cure: str = "") -> UnsupportedFunctionError:
    return UnsupportedFunctionError(
        f"{what} has no rule for traced values.",
        where=str(trace.here),
        cure=cure
        or "Elementwise arithmetic, comparisons, np.where, np.clip, np.minimum, np.maximum, exp, log, tanh, sin, cos, "
        "sqrt, power, constant slices, sums, means and extremes over a population and products with a matrix can be "
        "traced; for other sums over neurons use a projection.",
        subject=what,
    )
