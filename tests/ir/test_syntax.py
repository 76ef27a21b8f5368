"""Parsing in several threads at once."""

import ast
from concurrent.futures import ThreadPoolExecutor

import pytest

from numbadyn.ir import syntax

TEXT = "\n".join(f"x{k} = (({k} + 1) * (2 - {k})) if {k} else -(-{k})" for k in range(2000))


def test_threads_parse_at_the_same_time():
    with ThreadPoolExecutor(4) as threads:
        trees = list(threads.map(syntax.parse, [TEXT] * 12))
    assert {len(tree.body) for tree in trees} == {2000}


def test_what_the_interpreter_has_miscounted_is_tried_again(monkeypatch):
    left = [SystemError("AST constructor recursion depth mismatch")] * 3

    def parsed(text, name):
        if left:
            raise left.pop()
        return ast.Module([], [])

    monkeypatch.setattr(syntax.ast, "parse", parsed)
    assert syntax.parse("a = 1").body == []
    assert not left


def test_mistakes_in_a_text_are_not():
    with pytest.raises(SyntaxError):
        syntax.parse("a =")
