"""What a function computes, as a hash: so that a store is not continued with a function that was changed.

In: a function, a class or a network.  Out: hashes by name, of it and of what it uses of the user's own code.  Must not
know: stores.

Comments, docstrings and places in a file do not count. Of installed packages only names count: their versions are
written down elsewhere.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import site
import sysconfig
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numbadyn.model.module import Module
from numbadyn.study.cells import UntabledValueError, dump, encode

__all__ = ["fingerprints", "short_hash"]

_MOST = 1000
_DIGITS = 16


def fingerprints(function: Any, name: str) -> dict[str, str]:
    """Hashes of a function and of what it uses.

    Parameters
    ----------
    function : callable or Module
        What the user gave.
    name : str
        What it is called in messages.

    Returns
    -------
    dict
        The function itself under `name`, what it uses under ``name.used``.

    Examples
    --------
    >>> fingerprints(abs, "measure")
    {'measure': 'builtins.abs'}
    """
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [(name, function)]
    seen = set[int]()
    while waiting and len(found) < _MOST:
        path, used = waiting.pop()
        if id(used) in seen:
            continue
        seen.add(id(used))
        found[path], more = _look(used)
        waiting += [(f"{name}.{label}", part) for label, part in more]
    return dict(sorted(found.items()))


def _look(used: Any) -> tuple[str, list[tuple[str, Any]]]:
    """The hash of something, and what it uses."""
    if isinstance(used, functools.partial):
        return "partial", [("function", used.func), *used.keywords.items(), *_numbered(used.args)]
    if isinstance(used, types.MethodType):
        return _look(used.__func__)
    if isinstance(used, types.ModuleType):
        return used.__name__, []
    if isinstance(used, type | types.FunctionType):
        return _look_at_code(used)
    if isinstance(used, types.BuiltinFunctionType):
        return f"{used.__module__}.{used.__qualname__}", []
    try:
        return _hash(dump(encode(used))), []
    except UntabledValueError:
        pass
    if isinstance(used, Module):  # its structure and its parameters are compared on their own
        return type(used).__qualname__, [("class", type(used))]
    if isinstance(used, list | tuple | set | frozenset):
        return type(used).__name__, _numbered(sorted(used, key=repr) if isinstance(used, set | frozenset) else used)
    if isinstance(used, dict):
        return "dict", [(str(key), value) for key, value in used.items()]
    if callable(used) and not _installed(type(used)):
        return type(used).__qualname__, [("class", type(used)), *vars(used).items()]
    return type(used).__qualname__, []


def _look_at_code(used: Any) -> tuple[str, list[tuple[str, Any]]]:
    """The same of a class or a function."""
    content = vars(used).get("content")
    if isinstance(used, type) and isinstance(content, dict):  # made of a text, see `numbadyn.equations`
        return used.__name__, list(content.items())
    if _installed(used):
        return f"{used.__module__}.{used.__qualname__}", []
    return _of_text(used), list(_uses(used))


def _numbered(parts: Any) -> list[tuple[str, Any]]:
    return [(str(number), part) for number, part in enumerate(parts)]


def _of_text(used: Any) -> str:
    """The hash of the source of a function or a class; of its code where there is no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(used)))
    except (OSError, TypeError, SyntaxError):  # also of a lambda in the middle of a statement
        codes = [used.__code__] if isinstance(used, types.FunctionType) else list(_codes(used))
        return _hash("".join(map(_of_code, codes)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef | ast.Module):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return _hash(ast.dump(tree))


def _of_code(code: types.CodeType) -> str:
    inner = [_of_code(part) if isinstance(part, types.CodeType) else repr(part) for part in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {inner}"


def _codes(used: Any) -> Iterator[types.CodeType]:
    """Code of a function, or of the methods of a class."""
    for part in [used] if isinstance(used, types.FunctionType) else vars(used).values():
        inner = getattr(part, "__func__", getattr(part, "fget", part))
        if isinstance(inner, types.FunctionType):
            yield inner.__code__


def _uses(used: Any) -> Iterator[tuple[str, Any]]:
    """Globals, values of an enclosing function, defaults and bases that a function or a class uses, by name."""
    if isinstance(used, type):
        yield from ((base.__name__, base) for base in used.__bases__)
        functions = [part for part in vars(used).values() if isinstance(part, types.FunctionType)]
    else:
        functions = [used]
        yield from _numbered(used.__defaults__ or ())
        yield from (used.__kwdefaults__ or {}).items()
    for function in functions:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # not assigned yet
                continue
        for name in sorted(_names(function.__code__)):
            if name in function.__globals__:
                yield name, function.__globals__[name]


def _names(code: types.CodeType) -> set[str]:
    """Names that code may read as globals, that of inner functions counted."""
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


@functools.cache
def _folders() -> tuple[Path, ...]:
    """Where installed code is."""
    places: list[Any] = [*site.getsitepackages(), *sysconfig.get_paths().values(), Path(__file__).parents[1]]
    return tuple(Path(place).resolve() for place in places)


def _installed(used: Any) -> bool:
    """Whether something belongs to an installed package, and not to the user's own code."""
    try:
        file = Path(inspect.getfile(used)).resolve()
    except (TypeError, OSError):
        return isinstance(used, type) and used.__module__ != "__main__"
    return any(file.is_relative_to(place) for place in _folders())


def _hash(text: str) -> str:
    return short_hash(text.encode("utf-8", "surrogatepass"))


def short_hash(content: bytes) -> str:
    """A hash of bytes that is long enough to tell studies from each other."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
