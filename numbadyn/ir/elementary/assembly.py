"""From definitions to source text for one precision.

In: names of functions and a precision.  Out: Python text that defines these functions and all that they need, in a
fixed order, specialised for the precision: constants by their values, polynomials written out, float literals and
primitives of the right type.  Must not know: who executes the text.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import textwrap
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from numbadyn.ir.elementary.constants import POLYNOMIALS, SCALARS, WIDE
from numbadyn.ir.elementary.registry import ELEMENTARY
from numbadyn.ir.syntax import parse

__all__ = ["assemble"]

_Key = tuple[str, int]
_POLYNOMIAL_LINE = re.compile(r"^( *)(\w+) = (polynomial|horner)\((\w+), (\w+)\)$", re.MULTILINE)


def _literal(value: float, bits: int) -> str:
    """Write a float as a literal of the precision; the shortest text that reads back to the same float32 or float64."""
    prefix = "" if math.isfinite(value) else "np."
    return f"{prefix}{float(value)!r}" if bits == 64 else f"f32({prefix}{np.float32(value)!s})"


def _estrin(coefficients: list[str], variable: str, power: Callable[[int], str]) -> str:
    """Write a polynomial as a balanced tree, whose short chains of dependence keep a processor's pipelines full."""
    count = len(coefficients)
    if count == 1:
        return coefficients[0]
    split = 1
    while split * 2 < count:
        split *= 2
    low = _estrin(coefficients[:split], variable, power)
    high = _estrin(coefficients[split:], variable, power)
    return f"({low} + {high} * {power(split)})"


def _horner(coefficients: list[str], variable: str, bits: int) -> str:
    """Write a polynomial as a chain, which has the fewest products; a product with 1 is left out."""
    *lower, text = coefficients
    text = variable if text == _literal(1.0, bits) else f"{text} * {variable}"
    for coefficient in reversed(lower[1:]):
        text = f"({text} + {coefficient}) * {variable}"
    return f"{text} + {lower[0]}"


def _write_polynomial(line: re.Match[str], bits: int) -> str:
    """Write the lines which evaluate the polynomial named in a line of a definition."""
    indent, target, scheme, variable, name = line.groups()
    coefficients = [_literal(value, bits) for value in POLYNOMIALS[name][0 if bits == 64 else 1]]
    if scheme == "horner":
        return f"{indent}{target} = {_horner(coefficients, variable, bits)}"

    def power(exponent: int) -> str:
        return variable if exponent == 1 else f"{variable}_{exponent}"

    lines = []
    exponent = 2
    while exponent < len(coefficients):
        lines.append(f"{indent}{power(exponent)} = {power(exponent // 2)} * {power(exponent // 2)}")
        exponent *= 2
    lines.append(f"{indent}{target} = {_estrin(coefficients, variable, power)}")
    return "\n".join(lines)


def _key(name: str, bits: int) -> _Key:
    """Identify a variant of a function; those which do not depend on the precision count as 64-bit ones."""
    return name, 64 if ELEMENTARY[name].fixed else bits


class _Specialiser:
    """The text of one definition at one precision, and what it needs."""

    def __init__(self, name: str, function: Callable[..., Any], bits: int, module_bits: int) -> None:
        self.name = name
        self.bits = bits
        self.module_bits = module_bits
        self.needs: list[_Key] = []
        self.constants: dict[str, str] = {}
        self.text = self._specialise(textwrap.dedent(inspect.getsource(function)))

    def emitted_name(self, key: _Key) -> str:
        """Name of a function in the text: double variants in a 32-bit text get a suffix."""
        name, bits = key
        return name if bits == self.module_bits or ELEMENTARY[name].fixed else f"{name}_double"

    def _replacement(self, name: str) -> str | None:
        """Text that stands for a name of the vocabulary, or None if the name stays as it is."""
        base = name.removesuffix("_double")
        if base in ELEMENTARY:
            key = _key(base, 64 if base != name else self.bits)
            self.needs.append(key)
            return self.emitted_name(key)
        if name in SCALARS:
            value = SCALARS[name][0 if self.bits == 64 else 1]
            emitted = name if self.bits == self.module_bits else f"{name}_DOUBLE"
            self.constants[emitted] = str(value) if isinstance(value, int) else _literal(value, self.bits)
            return emitted
        if name in WIDE:
            self.constants[name] = repr(WIDE[name])
            return name
        if name.isupper() and name not in POLYNOMIALS:
            raise KeyError(f"{self.name} uses the constant {name}, which constants.py does not define")
        own = {"real": f"f{self.bits}", "from_bits": f"f{self.bits}_from_bits", "wide": "f64"}
        return own.get(name)

    def _specialise(self, source: str) -> str:
        """Cut the docstring and annotations, replace names and float literals, write polynomials out."""
        tree = parse(source)
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        first_line = body[0].lineno
        if len(body) != len(function.body):
            docstring_end = function.body[0].end_lineno
            assert docstring_end is not None
            first_line = docstring_end + 1
        edits: list[tuple[int, int, int, str]] = []
        for statement in body:
            for node in ast.walk(statement):
                replacement = None
                if isinstance(node, ast.Name):
                    replacement = self._replacement(node.id)
                elif isinstance(node, ast.Constant) and isinstance(node.value, float) and self.bits == 32:
                    replacement = _literal(node.value, 32)
                if replacement is not None:
                    assert isinstance(node, ast.Name | ast.Constant)
                    assert node.end_col_offset is not None
                    edits.append((node.lineno, node.col_offset, node.end_col_offset, replacement))
        lines = source.splitlines()
        for line, start, end, replacement in sorted(edits, reverse=True):
            lines[line - 1] = lines[line - 1][:start] + replacement + lines[line - 1][end:]
        text = "\n".join(lines[first_line - 1 :])
        text = _POLYNOMIAL_LINE.sub(lambda line: _write_polynomial(line, self.bits), text)
        arguments = ", ".join(argument.arg for argument in function.args.args)
        decorator = "scalar"
        if ELEMENTARY[self.name].routine:
            decorator = "routine"
            text = f"    out_of_line()\n{text}"
        return f"@{decorator}\ndef {self.emitted_name((self.name, self.bits))}({arguments}):\n{text}\n"


@cache
def _specialised(name: str, bits: int, module_bits: int) -> _Specialiser:
    return _Specialiser(name, ELEMENTARY[name].at(bits), bits, module_bits)


def assemble(names: Iterable[str], bits: int) -> str:
    """Write the text of functions and of all that they need.

    Parameters
    ----------
    names : iterable of str
        Functions wanted.
    bits : {64, 32}
        Precision of real numbers.

    Returns
    -------
    str
        Constants, then functions, each after those that it needs; the same for the same set of names.

    Raises
    ------
    KeyError
        If a name is not known.
    ValueError
        If the precision is neither 64 nor 32.

    Examples
    --------
    >>> print(assemble(["unit_interval"], 64))
    @scalar
    def unit_interval(word0, word1):
        # Each part fits a positive int32, which every processor converts exactly in SIMD.
        high = f64(i32(word0 >> u32(5)))
        low = f64(i32(word1 >> u32(6)))
        return (high * 67108864.0 + low) * 1.1102230246251565e-16
    <BLANKLINE>
    """
    if bits not in (64, 32):
        raise ValueError(f"The precision must be 64 or 32 bits, not {bits!r}.")
    order: dict[_Key, _Specialiser] = {}

    def visit(key: _Key) -> None:
        if key not in order:
            part = _specialised(*key, bits)
            for need in sorted(set(part.needs)):
                visit(need)
            order[key] = part

    for name in sorted(set(names)):
        visit(_key(name, bits))
    constants: dict[str, str] = {}
    for part in order.values():
        constants |= part.constants
    head = "".join(f"{name} = {constants[name]}\n" for name in sorted(constants))
    functions = "\n\n".join(part.text for part in order.values())
    return f"{head}\n\n{functions}" if head else functions
