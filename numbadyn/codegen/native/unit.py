"""One unit of LLVM: a function of generated text and all that it calls.

In: a function and the kinds of its arguments.  Out: functions of an LLVM module.  Must not know: how statements and
expressions are translated, Numba's types and wrappers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from numbadyn.codegen.native.kinds import NOTHING, ArrayKind, Kind, TupleKind, Value, flat_types, join
from numbadyn.errors import InternalError
from numbadyn.ir.syntax import parse

__all__ = ["DEFINITIONS", "Again", "Definition", "Definitions", "Unit", "definition_of", "return_type", "syntax_of"]

#: Name under which the loader leaves the syntax of a module's functions in the module.
DEFINITIONS = "__definitions__"


class Definitions:
    """The functions of a generated module, by name; its text is parsed when the compiler first asks for one.

    Kernels that come from the disk need no syntax tree, which takes time and many times the memory of the text.

    Parameters
    ----------
    source, name : str
        The text and its file.
    """

    def __init__(self, source: str, name: str) -> None:
        self._source, self._name = source, name
        self._found: dict[str, ast.FunctionDef] | None = None

    def get(self, name: str) -> ast.FunctionDef | None:
        """The syntax of a function, the same object each time."""
        if self._found is None:
            body = parse(self._source, self._name).body
            self._found = {part.name: part for part in body if isinstance(part, ast.FunctionDef)}
        return self._found.get(name)


class Again(Exception):
    """A function must be translated anew: a variable, or what it gives, holds more kinds than were known."""


@dataclass(frozen=True)
class Definition:
    """A function of generated text.

    Attributes
    ----------
    syntax : ast.FunctionDef
        Its text.
    names : mapping
        The globals that it sees.
    inline : bool
        Whether every caller gets a copy of its own.
    apart : bool
        Whether its arrays have no memory in common; such a function is never inlined, since it would lose the promise.
    shared : bool
        Whether it is compiled once for all units that call it.
    """

    syntax: ast.FunctionDef
    names: Mapping[str, Any]
    inline: bool = False
    apart: bool = False
    shared: bool = False


@dataclass(frozen=True)
class _Made:
    function: Any
    gives: Kind


def syntax_of(function: Any) -> ast.FunctionDef:
    """The syntax of a Python function that the loader has read."""
    names = function.__globals__
    syntax: ast.FunctionDef | None = names[DEFINITIONS].get(function.__name__) if DEFINITIONS in names else None
    if syntax is None:
        raise InternalError(f"The text of {function.__qualname__} is not at hand.", where="numbadyn.codegen.native")
    return syntax


def definition_of(dispatcher: Any) -> Definition:
    """The definition of a function that the loader has read and Numba's decorator has taken over."""
    function = dispatcher.py_func
    syntax, names = syntax_of(function), function.__globals__
    compiler = dispatcher._compiler.pipeline_class
    inline = bool(dispatcher.targetoptions.get("forceinline"))
    return Definition(syntax, names, inline, getattr(compiler, "apart", False), getattr(compiler, "shared", False))


def return_type(gives: Kind) -> Any:
    """The LLVM type that a function gives."""
    parts = flat_types(gives)
    return ir.VoidType() if not parts else parts[0] if len(parts) == 1 else ir.LiteralStructType(parts)


class Unit:
    """A module of LLVM in the making.

    Parameters
    ----------
    module : llvmlite.ir.Module
        Empty.
    translate : callable
        Writes the body of a function, given the unit, the definition, the LLVM function and the kinds of arguments,
        variables and result; raises `Again` where these are not right.
    provide : callable
        Gives the symbol and the result's kind of a function that is shared, given its name in a module, the names of
        that module and the kinds of arguments.

    Attributes
    ----------
    needs : dict
        Shared functions that the unit calls: names and kinds of arguments, by symbol.
    """

    def __init__(self, module: Any, translate: Callable[..., None], provide: Callable[..., tuple[str, Kind]]) -> None:
        self.module, self._translate, self._provide = module, translate, provide
        self.needs: dict[str, tuple[str, tuple[Kind, ...]]] = {}
        self._made: dict[tuple[int, tuple[Kind, ...]], _Made] = {}
        self._tries = 0

    def call(self, builder: Any, definition: Definition, arguments: list[Value]) -> Value:
        """Write a call of a function, which is translated unless that is done already."""
        kinds = tuple(value.kind for value in arguments)
        made = self._outside(definition, kinds) if definition.shared else self.function(definition, kinds)
        result = builder.call(made.function, [part for value in arguments for part in value.parts])
        parts = flat_types(made.gives)
        if len(parts) < 2:
            return Value(made.gives, (result,)[: len(parts)])
        return Value(made.gives, tuple(builder.extract_value(result, k) for k in range(len(parts))))

    def _outside(self, definition: Definition, kinds: tuple[Kind, ...]) -> _Made:
        """A function of another unit."""
        name = definition.syntax.name
        symbol, gives = self._provide(name, definition.names, kinds)
        function = self.module.globals.get(symbol)
        if function is None:
            arguments = [part for kind in kinds for part in flat_types(kind)]
            function = ir.Function(self.module, ir.FunctionType(return_type(gives), arguments), symbol)
            self.needs[symbol] = (name, kinds)
        return _Made(function, gives)

    def export(self, made: _Made, symbol: str) -> None:
        """Write a function by which other units call one of this unit."""
        function = ir.Function(self.module, made.function.ftype, symbol)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        result = builder.call(made.function, function.args)
        if made.gives == NOTHING:
            builder.ret_void()
        else:
            builder.ret(result)

    def function(self, definition: Definition, kinds: tuple[Kind, ...]) -> _Made:
        """The LLVM function for arguments of these kinds, and the kind that it gives."""
        key = (id(definition.syntax), kinds)
        if key not in self._made:
            self._made[key] = self._new(definition, kinds)
        return self._made[key]

    def _new(self, definition: Definition, kinds: tuple[Kind, ...]) -> _Made:
        variables: dict[str, Kind] = {}
        gives: list[Kind] = [NOTHING]
        while True:
            self._tries += 1
            arguments = [part for kind in kinds for part in flat_types(kind)]
            signature = ir.FunctionType(return_type(gives[0]), arguments)
            # the text for GPUs knows no other letters
            name = re.sub(r"\W", "_", definition.syntax.name, flags=re.ASCII)
            function = ir.Function(self.module, signature, f"{name}${self._tries}")
            function.linkage = "internal"
            if definition.inline:
                function.attributes.add("alwaysinline")
            if definition.apart:
                function.attributes.add("noinline")
                _promise_apart(function, kinds)
            try:
                self._translate(self, definition, function, kinds, variables, gives)
            except Again:
                del self.module.globals[function.name]
                continue
            return _Made(function, gives[0])


def _promise_apart(function: Any, kinds: tuple[Kind, ...]) -> None:
    number = 0
    for kind in kinds:
        if isinstance(kind, ArrayKind):
            function.args[number].add_attribute("noalias")
        number += len(flat_types(kind))


def widened(old: Kind | None, new: Kind, name: str) -> Kind:
    """The kind that holds both; an error if there is none."""
    kind = new if old is None else join(old, new)
    if kind is None:
        raise InternalError(f"{name} is {old} and then {new}.", where="codegen.native")
    return kind


def tuple_of(values: list[Value]) -> Value:
    """Several values as one."""
    parts = tuple(part for value in values for part in value.parts)
    return Value(TupleKind(tuple(value.kind for value in values)), parts)


def parts_of(value: Value) -> list[Value]:
    """The values of a tuple."""
    found, begin = [], 0
    for kind in value.kind.parts:
        count = len(flat_types(kind))
        found.append(Value(kind, value.parts[begin : begin + count]))
        begin += count
    return found
