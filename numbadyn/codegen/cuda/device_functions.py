"""Functions of generated text as parts of kernels for GPUs, without Numba's type inference and lowering.

In: a function that the loader has read.  Out: an intrinsic of Numba, which kernels that Numba compiles call.  Must not
know: what the text computes.

Where a kernel calls one, the function and all that it calls are written into the module of the kernel, each of them
once for all calls (`numbadyn.codegen.native`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from llvmlite import ir
from numba.core import cgutils, typing
from numba.extending import intrinsic

from numbadyn.codegen.native.kinds import NOTHING, ArrayKind, Kind, Value
from numbadyn.codegen.native.statements import translate
from numbadyn.codegen.native.types import kind_of, type_of
from numbadyn.codegen.native.unit import Definition, Unit, syntax_of
from numbadyn.errors import InternalError

__all__ = ["device_function"]

_units: WeakKeyDictionary[Any, Unit] = WeakKeyDictionary()
"""What was written into a module, as long as it is in the making."""


def _refuse(name: str, *_rest: Any) -> Any:
    raise InternalError(f"{name} is compiled for the processor only.", where="codegen.cuda.device_functions")


def _unit(module: Any) -> Unit:
    if module not in _units:
        _units[module] = Unit(module, translate, _refuse)
    return _units[module]


def device_function(function: Callable[..., Any]) -> Any:
    """Make a function of generated text one that kernels call.

    Parameters
    ----------
    function : function
        It takes numbers and arrays in one piece, and gives a number or nothing.

    Returns
    -------
    numba intrinsic
        Under the name of the function.
    """

    @cache
    def gives(kinds: tuple[Kind, ...]) -> Kind:
        module = ir.Module()
        module.triple = "nvptx64"
        return Unit(module, translate, _refuse).function(_definition(function), kinds).gives

    def typed(typing_context: Any, *arguments: Any) -> Any:
        kinds = tuple(map(kind_of, arguments))
        result = gives(kinds)

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            passed = [_taken(context, builder, *each) for each in zip(signature.args, values, kinds, strict=True)]
            found = _unit(builder.module).call(builder, _definition(function), passed)
            return context.get_dummy_value() if result == NOTHING else found.parts[0]

        return typing.signature(type_of(result), *arguments), generate

    typed.__name__ = typed.__qualname__ = function.__name__
    given = inspect.signature(function)
    context = inspect.Parameter("typing_context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    typed.__signature__ = given.replace(parameters=[context, *given.parameters.values()])  # type: ignore[attr-defined]
    return intrinsic(typed)


def _definition(function: Callable[..., Any]) -> Definition:
    return Definition(syntax_of(function), function.__globals__)


def _taken(context: Any, builder: Any, given: Any, value: Any, kind: Kind) -> Value:
    """An argument as Numba has it, as a value."""
    if not isinstance(kind, ArrayKind):
        return Value(kind, (value,))
    array = context.make_array(given)(context, builder, value)
    return Value(kind, (array.data, *cgutils.unpack_tuple(builder, array.shape, kind.dimensions)))
