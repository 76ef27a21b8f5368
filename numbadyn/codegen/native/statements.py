"""Statements of generated text.

In: the syntax of a function, the kinds of its arguments.  Out: the body of an LLVM function.  Must not know: Numba's
types and wrappers.

A variable is a place on the stack, from where LLVM takes it into registers, with one kind in the whole function: the
widest of what it is given. Where a wider one turns up late, the function is translated anew (`Again`). Arguments that
keep their values, which most do, need no place.
"""

from __future__ import annotations

import ast
from typing import Any

from llvmlite import ir

from numbadyn.codegen.native import arithmetic, arrays
from numbadyn.codegen.native.expressions import Expressions
from numbadyn.codegen.native.kinds import I64, NOTHING, Kind, Scalar, TupleKind, Value, flat_types
from numbadyn.codegen.native.unit import Again, Definition, Unit, parts_of, widened

__all__ = ["translate"]


def translate(
    unit: Unit,
    definition: Definition,
    function: Any,
    kinds: tuple[Kind, ...],
    variables: dict[str, Kind],
    gives: list[Kind],
) -> None:
    """Write the body of a function.

    Parameters
    ----------
    unit, definition
        The module, and what is translated.
    function : llvmlite.ir.Function
        Without a body.
    kinds : tuple of Kind
        Of the arguments.
    variables : dict of str to Kind
        What is known of variables; it grows.
    gives : list of one Kind
        What is known of the result; it may grow.

    Raises
    ------
    Again
        `variables` or `gives` has changed after code that relies on it was written.
    """
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    writer = _Statements(unit, definition, builder, variables, gives)
    number, assigned = 0, _assigned(definition.syntax)
    for argument, kind in zip(definition.syntax.args.args, kinds, strict=True):
        count = len(flat_types(kind))
        value = Value(kind, tuple(function.args[number : number + count]))
        if argument.arg in assigned:
            writer.assign(argument.arg, value)
        else:
            writer.given[argument.arg] = value
        number += count
    writer.block(definition.syntax.body)
    if not builder.block.is_terminated:
        writer.give(Value(NOTHING, ()))


def _assigned(syntax: ast.FunctionDef) -> set[str]:
    """Names that a function assigns to."""
    names = (node for node in ast.walk(syntax) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


class _Statements(Expressions):
    """Writes the statements of one function."""

    def __init__(
        self, unit: Unit, definition: Definition, builder: Any, variables: dict[str, Kind], gives: list[Kind]
    ) -> None:
        super().__init__(unit, definition, builder)
        self.variables, self.gives = variables, gives
        self._loops: list[tuple[Any, Any]] = []

    def block(self, body: list[ast.stmt]) -> None:
        """Write statements, up to one that never ends."""
        for statement in body:
            if self.builder.block.is_terminated:
                return
            method = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if method is None:
                raise self.fail(statement, "There is no translation")
            method(statement)

    # ---- variables ---------------------------------------------------------------------------------------------------

    def assign(self, name: str, value: Value) -> None:
        """Give a variable a value."""
        known = self.variables.get(name)
        kind = widened(known, value.kind, name)
        if name not in self.places:
            self.places[name] = (kind, self.allocate(kind))
        elif kind != known:
            self.variables[name] = kind
            raise Again
        self.variables[name] = kind
        if value.kind != kind:
            value = self.converted(value, kind)
        for part, place in zip(value.parts, self.places[name][1], strict=True):
            self.builder.store(part, place)

    def converted(self, value: Value, kind: Any) -> Value:
        """A value as one of a wider kind."""
        if isinstance(kind, TupleKind):
            parts = [self.converted(x, k) for x, k in zip(parts_of(value), kind.parts, strict=True)]
            return Value(kind, tuple(part for each in parts for part in each.parts))
        return arithmetic.cast(self.builder, value, kind)

    def _assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self._assign_to(target, value)

    def _assign_to(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.assign(target.id, value)
        elif isinstance(target, ast.Tuple):
            if not isinstance(value.kind, TupleKind) or len(value.kind.parts) != len(target.elts):
                raise self.fail(target, "There must be as many values as targets")
            for part, single in zip(target.elts, parts_of(value), strict=True):
                self._assign_to(part, single)
        elif isinstance(target, ast.Subscript):
            whole = self.value(target.value)
            if isinstance(target.slice, ast.Slice):
                self._fill(self.slice_of(whole, target.slice), value)
            else:
                place = arrays.place_of(self.builder, whole, self.indices(target.slice))
                arrays.store(self.builder, whole.kind.item, place, value)
        else:
            raise self.fail(target, "There is no translation")

    def _fill(self, array: Value, value: Value) -> None:
        """Write one value into all elements."""
        single = arithmetic.cast(self.builder, value, array.kind.item)

        def body(position: Any) -> None:
            place = arrays.place_of(self.builder, array, [Value(Scalar("u", 64), (position,))])
            arrays.store(self.builder, array.kind.item, place, single)

        self._counted(arithmetic.constant(I64, 0), arrays.sizes(array)[0], ir.Constant(ir.IntType(64), 1), body)

    def _augassign(self, node: ast.AugAssign) -> None:
        operation = type(node.op).__name__
        if isinstance(node.target, ast.Name):
            old = self.number(ast.Name(node.target.id, ast.Load()))
            self.assign(node.target.id, arithmetic.binary(self.builder, operation, old, self.number(node.value)))
            return
        if not isinstance(node.target, ast.Subscript):
            raise self.fail(node, "There is no translation")
        whole = self.value(node.target.value)
        place = arrays.place_of(self.builder, whole, self.indices(node.target.slice))
        old = arrays.load(self.builder, whole.kind.item, place)
        new = arithmetic.binary(self.builder, operation, old, self.number(node.value))
        arrays.store(self.builder, whole.kind.item, place, new)

    def _expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    def _pass(self, node: ast.Pass) -> None:
        pass

    # ---- ways through ------------------------------------------------------------------------------------------------

    def give(self, value: Value) -> None:
        """Return from the function."""
        kind = value.kind if self.gives[0] == NOTHING else widened(self.gives[0], value.kind, "The result")
        if kind != self.gives[0]:
            self.gives[0] = kind
            raise Again
        parts = self.converted(value, kind).parts if value.kind != kind else value.parts
        if not parts:
            self.builder.ret_void()
        elif len(parts) == 1:
            self.builder.ret(parts[0])
        else:
            whole = ir.Constant(self.builder.function.ftype.return_type, ir.Undefined)
            for number, part in enumerate(parts):
                whole = self.builder.insert_value(whole, part, number)
            self.builder.ret(whole)

    def _return(self, node: ast.Return) -> None:
        self.give(Value(NOTHING, ()) if node.value is None else self.value(node.value))

    def _if(self, node: ast.If) -> None:
        builder = self.builder
        yes, end = builder.append_basic_block("yes"), builder.append_basic_block("after")
        no = builder.append_basic_block("no") if node.orelse else end
        builder.cbranch(self.truth(node.test), yes, no)
        goes_on = not node.orelse
        for block, body in ((yes, node.body), (no, node.orelse)):
            if block is not end:
                builder.position_at_end(block)
                self.block(body)
                if not builder.block.is_terminated:
                    builder.branch(end)
                    goes_on = True
        builder.position_at_end(end)
        if not goes_on:
            builder.unreachable()

    def _while(self, node: ast.While) -> None:
        builder = self.builder
        head, inside = builder.append_basic_block("while"), builder.append_basic_block("inside")
        end = builder.append_basic_block("after")
        builder.branch(head)
        builder.position_at_end(head)
        builder.cbranch(self.truth(node.test), inside, end)
        builder.position_at_end(inside)
        self._loops.append((head, end))
        self.block(node.body)
        self._loops.pop()
        if not builder.block.is_terminated:
            builder.branch(head)
        builder.position_at_end(end)

    def _for(self, node: ast.For) -> None:
        call = node.iter
        if (
            not isinstance(call, ast.Call)
            or self.known(call.func) is not range
            or not isinstance(node.target, ast.Name)
            or node.orelse
        ):
            raise self.fail(node, "Loops go over ranges")
        limits = [arithmetic.cast(self.builder, self.number(argument), I64) for argument in call.args]
        first, last = (arithmetic.constant(I64, 0), limits[0]) if len(limits) == 1 else limits[:2]
        stride = limits[2].parts[0] if len(limits) == 3 else ir.Constant(ir.IntType(64), 1)
        name = node.target.id

        def body(position: Any) -> None:
            self.assign(name, Value(I64, (position,)))
            self.block(node.body)

        self._counted(first, last, stride, body)

    def _goes_on(self, position: Any, last: Any, stride: Any) -> Any:
        """Whether a loop has not come to its end; a stride that is no literal may have either sign."""
        builder, zero = self.builder, ir.Constant(ir.IntType(64), 0)
        if isinstance(stride, ir.Constant):
            return builder.icmp_signed("<" if stride.constant > 0 else ">", position, last)
        below, above = (builder.icmp_signed(symbol, position, last) for symbol in "<>")
        return builder.select(builder.icmp_signed(">", stride, zero), below, above)

    def _counted(self, first: Value, last: Value, stride: Any, body: Any) -> None:
        """Write a loop over a range of whole numbers; `body` writes what is inside."""
        builder, word = self.builder, ir.IntType(64)
        before = builder.block
        head, inside = builder.append_basic_block("for"), builder.append_basic_block("inside")
        onward, end = builder.append_basic_block("onward"), builder.append_basic_block("after")
        builder.branch(head)
        builder.position_at_end(head)
        position = builder.phi(word)
        position.add_incoming(first.parts[0], before)
        builder.cbranch(self._goes_on(position, last.parts[0], stride), inside, end)
        builder.position_at_end(inside)
        self._loops.append((onward, end))
        body(position)
        self._loops.pop()
        if not builder.block.is_terminated:
            builder.branch(onward)
        builder.position_at_end(onward)
        position.add_incoming(builder.add(position, stride, flags=["nsw"]), onward)
        builder.branch(head)
        builder.position_at_end(end)

    def _break(self, node: ast.Break) -> None:
        self.builder.branch(self._loops[-1][1])

    def _continue(self, node: ast.Continue) -> None:
        self.builder.branch(self._loops[-1][0])
