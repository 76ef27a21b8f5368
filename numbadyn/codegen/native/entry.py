"""The function by which Python calls a compiled one.

In: an LLVM function and the kinds of its arguments.  Out: a function of the form that Python calls
(``PyCFunctionWithKeywords``).  Must not know: what the function computes, Numba.

A dispatcher of Numba looks at the types of all arguments before it calls, so numbers are numbers here and arrays are
NumPy's and in one piece: their addresses and sizes are read where NumPy keeps them.  Nothing is kept alive: who calls
holds the arguments.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from numbadyn.codegen.native.kinds import BOOL, NOTHING, ArrayKind, Kind, Scalar, flat_types

__all__ = ["write_entry"]

_BYTE, _WORD, _LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_OBJECT = _BYTE.as_pointer()
_HEAD: int = object.__basicsize__
#: Where an array of NumPy keeps the address of its elements, and the address of its sizes.
_DATA, _SIZES = _HEAD, _HEAD + 16


class _Python:
    """Calls of Python's C interface."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """Call a function of the interface."""
        module = self.builder.module
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        function = module.globals.get(name) or ir.Function(module, kind, name)
        return self.builder.call(function, arguments)

    def field(self, thing: Any, offset: int, kind: Any) -> Any:
        """Read a field of a structure in memory."""
        place = self.builder.gep(thing, [ir.Constant(_LONG, offset)])
        return self.builder.load(self.builder.bitcast(place, kind.as_pointer()))

    def array(self, thing: Any, kind: ArrayKind) -> list[Any]:
        """The address and the sizes of an array."""
        address = self.builder.bitcast(self.field(thing, _DATA, _OBJECT), flat_types(kind)[0])
        sizes = self.field(thing, _SIZES, _OBJECT)
        return [address, *(self.field(sizes, 8 * k, _LONG) for k in range(kind.dimensions))]

    def number(self, thing: Any, kind: Scalar) -> Any:
        """A number of Python or NumPy."""
        builder, (machine,) = self.builder, flat_types(kind)
        if kind == BOOL:
            return builder.icmp_signed("!=", self.call("PyObject_IsTrue", _WORD, thing), ir.Constant(_WORD, 0))
        if kind.code == "f":
            real = self.call("PyFloat_AsDouble", ir.DoubleType(), thing)
            return real if kind.bits == 64 else builder.fptrunc(real, machine)
        whole = self.call("PyNumber_Long", _OBJECT, thing)
        name = "PyLong_AsUnsignedLongLong" if kind.code == "u" else "PyLong_AsLongLong"
        part = self.call(name, _LONG, whole)
        self.call("Py_DecRef", ir.VoidType(), whole)
        return part if kind.bits == 64 else builder.trunc(part, machine)

    def result(self, part: Any, kind: Kind) -> Any:
        """A result as an object of Python."""
        builder = self.builder
        if kind == NOTHING:
            module = builder.module
            nothing = ir.GlobalVariable(module, _BYTE, "_Py_NoneStruct")
            self.call("Py_IncRef", ir.VoidType(), nothing)
            return nothing
        assert isinstance(kind, Scalar)
        if kind == BOOL:
            return self.call("PyBool_FromLong", _OBJECT, builder.zext(part, _LONG))
        if kind.code == "f":
            real = part if kind.bits == 64 else builder.fpext(part, ir.DoubleType())
            return self.call("PyFloat_FromDouble", _OBJECT, real)
        if kind.code == "u":
            return self.call("PyLong_FromUnsignedLongLong", _OBJECT, builder.zext(part, _LONG))
        return self.call("PyLong_FromLongLong", _OBJECT, builder.sext(part, _LONG))


def write_entry(module: Any, name: str, function: Any, kinds: tuple[Kind, ...], gives: Kind, *, free: bool) -> None:
    """Write the function that Python calls.

    Parameters
    ----------
    module : llvmlite.ir.Module
        Where `function` is.
    name : str
        Of the new function.
    function : llvmlite.ir.Function
        What it calls.
    kinds : tuple of Kind
        Of the arguments.
    gives : Kind
        Of the result: a number, or nothing.
    free : bool
        Whether other threads of Python may run meanwhile.
    """
    entry = ir.Function(module, ir.FunctionType(_OBJECT, [_OBJECT] * 3), name)
    builder = ir.IRBuilder(entry.append_basic_block("entry"))
    python, parts = _Python(builder), []
    for number, kind in enumerate(kinds):
        thing = python.call("PyTuple_GetItem", _OBJECT, entry.args[1], ir.Constant(_LONG, number))
        if isinstance(kind, ArrayKind):
            parts += python.array(thing, kind)
        elif isinstance(kind, Scalar):
            parts.append(python.number(thing, kind))
    state = python.call("PyEval_SaveThread", _OBJECT) if free else None
    result = builder.call(function, parts)
    if state is not None:
        python.call("PyEval_RestoreThread", ir.VoidType(), state)
    builder.ret(python.result(result, gives))
