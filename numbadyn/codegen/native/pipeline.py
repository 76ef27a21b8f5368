"""The compiler that Numba's dispatchers call in the place of Numba's own.

In: a function of generated text and the Numba types of its arguments.  Out: a Numba `CompileResult`: machine code, and
a wrapper for calls from Python.  Must not know: what the text computes.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from llvmlite import binding as llvm
from numba.core import typing
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import compile_result
from numba.core.environment import Environment
from numba.core.funcdesc import PythonFunctionDescriptor

from numbadyn.codegen.native.entry import write_entry
from numbadyn.codegen.native.kinds import Kind
from numbadyn.codegen.native.statements import translate
from numbadyn.codegen.native.types import kind_of, type_of
from numbadyn.codegen.native.unit import Definition, Unit, syntax_of
from numbadyn.codegen.native.vectors import widen_vectors

__all__ = ["compile_directly", "provide"]


def provide(dispatcher: Any, arguments: tuple[Any, ...]) -> tuple[str, Kind]:
    """Let machine code that is linked from now on find a shared function.

    Parameters
    ----------
    dispatcher : numba dispatcher
        Of a function whose compiler is `numbadyn.codegen.cpu.compiler.Shared`.
    arguments : tuple of Numba types
        Of its arguments.

    Returns
    -------
    symbol : str
        By which it is found.
    gives : Kind
        Of its result.
    """
    dispatcher.compile(arguments)
    made = dispatcher.overloads[arguments]
    symbol = made.fndesc.llvm_func_name
    llvm.add_symbol(symbol, made.library.get_pointer_to_function(symbol))
    return symbol, kind_of(made.signature.return_type)


def _provided(name: str, names: Mapping[str, Any], kinds: tuple[Kind, ...]) -> tuple[str, Kind]:
    return provide(names[name], tuple(type_of(kind) for kind in kinds))


class _Library(JITCodeLibrary):  # type: ignore[misc]
    """A library of Numba that is optimised once, as a whole."""

    def add_ir_module(self, ir_module: Any) -> None:
        """Add functions as they were written."""
        module = llvm.parse_assembly(str(ir_module))
        module.verify()
        self._final_module.link_in(module)

    def _optimize_final_module(self) -> None:
        made = self._codegen._module_pass_manager()
        passes, *builder = made if isinstance(made, tuple) else (made,)  # versions before 0.62 give no builder
        passes.run(self._final_module, *builder)


def compile_directly(typing_context: Any, target_context: Any, function: Any, arguments: Any, flags: Any) -> Any:
    """Compile a function that the loader has read.

    Parameters
    ----------
    typing_context, target_context
        Numba's, of the processor.
    function : function
        Of a generated module.
    arguments : tuple of Numba types
        Numbers, and arrays in one piece.
    flags
        Numba's, from the options of the decorator.

    Returns
    -------
    numba CompileResult
        With a wrapper for Python, or a symbol for other units where the decorator wants none.
    """
    syntax, names = syntax_of(function), function.__globals__
    kinds = tuple(kind_of(argument) for argument in arguments)
    library = _Library(target_context.codegen(), function.__qualname__)
    library.enable_object_caching()
    unit = Unit(library.create_ir_module(function.__qualname__), translate, _provided)
    made = unit.function(Definition(syntax, names), kinds)
    described = _described(target_context, function, arguments, type_of(made.gives), flags)
    if flags.no_cpython_wrapper:
        unit.export(made, described.llvm_func_name)
    else:
        made.function.attributes.add("noinline")
        name = described.llvm_cpython_wrapper_name
        write_entry(unit.module, name, made.function, kinds, made.gives, free=flags.release_gil)
    target_context.declare_env_global(unit.module, target_context.get_env_name(described))
    widen_vectors(unit.module)
    library.add_ir_module(unit.module)
    library.finalize()
    environment = Environment.from_fndesc(described)
    entry = target_context.get_executable(library, described, environment)
    return compile_result(
        typing_context=typing_context,
        target_context=target_context,
        entry_point=entry,
        typing_error=None,
        type_annotation=None,
        signature=typing.signature(described.restype, *arguments),
        objectmode=False,
        lifted=(),
        fndesc=described,
        library=library,
        call_helper=None,
        environment=environment,
        metadata={"needs": [(name, [type_of(kind) for kind in kinds]) for name, kinds in unit.needs.values()]},
        reload_init=[],
        referenced_envs=[],
    )


def _described(target_context: Any, function: Any, arguments: Any, result: Any, flags: Any) -> Any:
    return PythonFunctionDescriptor(
        native=True,
        modname=function.__module__,
        qualname=function.__qualname__,
        unique_name=function.__qualname__,
        doc=function.__doc__ or "",
        typemap={},
        calltypes={},
        restype=result,
        args=tuple(inspect.signature(function).parameters),
        kws=(),
        mangler=target_context.mangler,
        argtypes=tuple(arguments),
        abi_tags=[flags.get_mangle_string()],
        uid=None,
    )
