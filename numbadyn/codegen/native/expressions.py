"""Expressions of generated text.

In: syntax, variables, an LLVM builder.  Out: values.  Must not know: statements, Numba's types and wrappers.
"""

from __future__ import annotations

import ast
import builtins
from types import ModuleType
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core.dispatcher import Dispatcher
from numba.extending import _Intrinsic

from numbadyn.codegen.native import arithmetic, arrays
from numbadyn.codegen.native.calls import INTRINSICS, PYTHON
from numbadyn.codegen.native.kinds import (
    BOOL,
    F64,
    I64,
    ArrayKind,
    Scalar,
    TupleKind,
    Value,
    flat_types,
    join,
    scalar_of,
)
from numbadyn.codegen.native.unit import Definition, Unit, definition_of, parts_of, tuple_of
from numbadyn.errors import InternalError

__all__ = ["Expressions"]


class Expressions:
    """Writes the expressions of one function.

    Parameters
    ----------
    unit : Unit
        The module, and other functions.
    definition : Definition
        The function.
    builder : llvmlite.ir.IRBuilder
        Where code is written.
    """

    def __init__(self, unit: Unit, definition: Definition, builder: Any) -> None:
        self.unit, self.definition, self.builder = unit, definition, builder
        self.places: dict[str, tuple[Any, tuple[Any, ...]]] = {}
        self.given: dict[str, Value] = {}

    def fail(self, node: ast.AST, why: str) -> InternalError:
        """The error for text that has no translation."""
        return InternalError(
            f"{why} in {self.definition.syntax.name}: {ast.unparse(node)}", where="numbadyn.codegen.native"
        )

    def value(self, node: ast.expr) -> Value:
        """Write an expression."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise self.fail(node, "There is no translation")
        found: Value = method(node)
        return found

    def number(self, node: ast.expr) -> Value:
        """Write an expression that must be a number."""
        value = self.value(node)
        if not isinstance(value.kind, Scalar):
            raise self.fail(node, "A number is missing")
        return value

    def truth(self, node: ast.expr) -> Any:
        """Write a condition; an LLVM value."""
        return arithmetic.truth(self.builder, self.number(node))

    # ---- names and literals ------------------------------------------------------------------------------------------

    def _constant(self, node: ast.Constant) -> Value:
        return self._literal(node, node.value)

    def _literal(self, node: ast.expr, value: Any) -> Value:
        if isinstance(value, bool | np.bool_):
            return arithmetic.constant(BOOL, value)
        if isinstance(value, np.generic):
            return arithmetic.constant(scalar_of(value.dtype.name), value)
        if isinstance(value, int):
            return arithmetic.constant(I64, value)
        if isinstance(value, float):
            return arithmetic.constant(F64, value)
        raise self.fail(node, f"{value!r} has no translation")

    def _name(self, node: ast.Name) -> Value:
        if node.id in self.given:
            return self.given[node.id]
        if node.id in self.places:
            kind, places = self.places[node.id]
            return Value(kind, tuple(self.builder.load(place) for place in places))
        return self._literal(node, self.known(node))

    def known(self, node: ast.expr) -> Any:
        """The Python object that a name, or a name of a module, stands for; None if it is a variable."""
        if isinstance(node, ast.Name) and node.id not in self.places and node.id not in self.given:
            if node.id in self.definition.names:
                return self.definition.names[node.id]
            return getattr(builtins, node.id, None)
        if isinstance(node, ast.Attribute) and isinstance(self.known(node.value), ModuleType):
            return getattr(self.known(node.value), node.attr)
        return None

    def type_named(self, node: ast.expr) -> Scalar | None:
        """The kind of numbers that an expression names: a type of NumPy, or the ``dtype`` of an array."""
        if isinstance(node, ast.Attribute) and node.attr == "dtype":
            kind = self.value(node.value).kind
            return kind.item if isinstance(kind, ArrayKind) else None
        found = self.known(node)
        return scalar_of(found.__name__) if isinstance(found, type) and issubclass(found, np.generic) else None

    def _attribute(self, node: ast.Attribute) -> Value:
        found = self.known(node)
        if found is not None:
            return self._literal(node, found)
        if node.attr == "data" and isinstance(node.value, ast.Attribute) and node.value.attr == "ctypes":
            array = self.value(node.value.value)
            return Value(I64, (self.builder.ptrtoint(array.parts[0], ir.IntType(64)),))
        array = self.value(node.value)
        if isinstance(array.kind, ArrayKind):
            if node.attr == "shape":
                return tuple_of(arrays.sizes(array))
            if node.attr == "size" and array.kind.dimensions == 1:
                return arrays.sizes(array)[0]
            if node.attr == "itemsize":
                return arithmetic.constant(I64, max(array.kind.item.bits // 8, 1))
        raise self.fail(node, "There is no translation")

    # ---- operations --------------------------------------------------------------------------------------------------

    def _binop(self, node: ast.BinOp) -> Value:
        return arithmetic.binary(self.builder, type(node.op).__name__, self.number(node.left), self.number(node.right))

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        return arithmetic.unary(self.builder, type(node.op).__name__, self.number(node.operand))

    def _compare(self, node: ast.Compare) -> Value:
        if len(node.ops) != 1:
            raise self.fail(node, "There is no translation")
        first, second = self.number(node.left), self.number(node.comparators[0])
        return arithmetic.compare(self.builder, type(node.ops[0]).__name__, first, second)

    def _boolop(self, node: ast.BoolOp) -> Value:
        """Look at one condition after the other, as far as they decide."""
        builder = self.builder
        end = builder.append_basic_block("decided")
        outcome = ir.Constant(ir.IntType(1), int(isinstance(node.op, ast.Or)))
        incoming = []
        for condition in node.values[:-1]:
            part = self.truth(condition)
            further = builder.append_basic_block("further")
            branches = (end, further) if isinstance(node.op, ast.Or) else (further, end)
            builder.cbranch(part, *branches)
            incoming.append((outcome, builder.block))
            builder.position_at_end(further)
        last = self.truth(node.values[-1])
        incoming.append((last, builder.block))
        builder.branch(end)
        builder.position_at_end(end)
        phi = builder.phi(ir.IntType(1))
        for part, block in incoming:
            phi.add_incoming(part, block)
        return Value(BOOL, (phi,))

    def _ifexp(self, node: ast.IfExp) -> Value:
        builder = self.builder
        yes, no = builder.append_basic_block("yes"), builder.append_basic_block("no")
        end = builder.append_basic_block("chosen")
        builder.cbranch(self.truth(node.test), yes, no)
        found = []
        for block, branch in ((yes, node.body), (no, node.orelse)):
            builder.position_at_end(block)
            value = self.value(branch)
            found.append((value, builder.block))
        kind = join(found[0][0].kind, found[1][0].kind)
        if kind is None:
            raise self.fail(node, "Both sides must be of one kind")
        incoming = []
        for value, block in found:
            builder.position_at_end(block)
            same = value if value.kind == kind else arithmetic.cast(builder, value, kind)
            builder.branch(end)
            incoming.append((same, block))
        builder.position_at_end(end)
        phis = [builder.phi(machine) for machine in flat_types(kind)]
        for value, block in incoming:
            for phi, part in zip(phis, value.parts, strict=True):
                phi.add_incoming(part, block)
        return Value(kind, tuple(phis))

    def _tuple(self, node: ast.Tuple) -> Value:
        return tuple_of([self.value(part) for part in node.elts])

    # ---- elements ----------------------------------------------------------------------------------------------------

    def _subscript(self, node: ast.Subscript) -> Value:
        whole = self.value(node.value)
        if isinstance(whole.kind, TupleKind):
            if not isinstance(node.slice, ast.Constant) or not isinstance(node.slice.value, int):
                raise self.fail(node, "A place in a tuple must be a literal")
            return parts_of(whole)[node.slice.value]
        if not isinstance(whole.kind, ArrayKind):
            raise self.fail(node, "An array is missing")
        if isinstance(node.slice, ast.Slice):
            return self.slice_of(whole, node.slice)
        indices = self.indices(node.slice)
        if len(indices) < whole.kind.dimensions:
            return arrays.row_of(self.builder, whole, indices[0])
        return arrays.load(self.builder, whole.kind.item, arrays.place_of(self.builder, whole, indices))

    def indices(self, node: ast.expr) -> list[Value]:
        """The indices of an element."""
        return [self.number(part) for part in (node.elts if isinstance(node, ast.Tuple) else [node])]

    def slice_of(self, array: Value, node: ast.Slice) -> Value:
        """A slice without a stride."""
        if node.step is not None:
            raise self.fail(node, "Slices have no stride")
        lower = None if node.lower is None else self.number(node.lower)
        upper = None if node.upper is None else self.number(node.upper)
        return arrays.slice_of(self.builder, array, lower, upper)

    # ---- calls -------------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Value:
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.fail(node, "Arguments are given by place")
        wanted = self.type_named(node.func)
        if wanted is not None and len(node.args) == 1:
            return arithmetic.cast(self.builder, self.number(node.args[0]), wanted)
        found = self.known(node.func)
        if found is np.empty:
            return self._new_array(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "view" and found is None:
            item = self.type_named(node.args[0])
            if item is None:
                raise self.fail(node, "A type is missing")
            return arrays.viewed(self.builder, self.value(node.func.value), item)
        if isinstance(found, Dispatcher):
            arguments = [self.value(argument) for argument in node.args]
            return self.unit.call(self.builder, definition_of(found), arguments)
        name = found._name if isinstance(found, _Intrinsic) else getattr(found, "__name__", "")
        table = INTRINSICS if isinstance(found, _Intrinsic) else PYTHON
        if name not in table:
            raise self.fail(node, "There is no translation")
        return table[name](self.builder, *(self.value(argument) for argument in node.args))

    def _new_array(self, node: ast.Call) -> Value:
        item = self.type_named(node.args[1]) if len(node.args) > 1 else F64
        shape = node.args[0].elts if isinstance(node.args[0], ast.Tuple) else [node.args[0]]
        extents = [self.number(extent).parts[0] for extent in shape]
        if item is None or not all(isinstance(extent, ir.Constant) for extent in extents):
            raise self.fail(node, "New memory must be of a known type and size")
        return arrays.on_stack(self.builder, item, [extent.constant for extent in extents])

    def allocate(self, kind: Any) -> tuple[Any, ...]:
        """Places for the parts of a variable."""
        with self.builder.goto_entry_block():
            return tuple(self.builder.alloca(machine) for machine in flat_types(kind))
