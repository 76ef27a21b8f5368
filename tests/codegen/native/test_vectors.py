"""Vectors of compiled loops are as wide as suits the processor."""

from __future__ import annotations

import pytest
from llvmlite import binding as llvm
from llvmlite import ir

from numbadyn.codegen.native import vectors


@pytest.fixture
def module() -> ir.Module:
    """A module with a function, and another one that is declared only."""
    made = ir.Module()
    kind = ir.FunctionType(ir.VoidType(), ())
    ir.Function(made, kind, "declared")
    function = ir.Function(made, kind, "written")
    function.attributes.add("noinline")
    ir.IRBuilder(function.append_basic_block()).ret_void()
    return made


def test_functions_say_how_wide_their_vectors_are(module, monkeypatch):
    monkeypatch.setattr(vectors, "_wide_is_quick", lambda: True)
    vectors.widen_vectors(module)
    text = str(llvm.parse_assembly(str(module)))
    assert text.count('"prefer-vector-width"="512"') == 1
    assert "noinline" in text


def test_other_processors_keep_the_choice_of_the_compiler(module, monkeypatch):
    monkeypatch.setattr(vectors, "_wide_is_quick", lambda: False)
    vectors.widen_vectors(module)
    assert "prefer-vector-width" not in str(module)
